package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// story is the plot. Whoever acts waits for what they react to: nothing sleeps.
type story struct {
	ctx   context.Context
	board *switchboard.Board
	eva   customer
	heard chan any // the bodies of the events, as the narrator tells them
}

func (s *story) play() error {
	ctx := s.ctx
	ann, bob, cyril := s.board.Agent("ann"), s.board.Agent("bob"), s.board.Agent("cyril")
	var id conversation.ID

	return steps(
		func() error { return s.eva.verify(ctx) },
		func() error { return ann.SignIn(ctx) },
		func() error { return ann.Available(ctx) },
		func() error { return bob.SignIn(ctx) },
		func() error { return bob.Available(ctx) },

		// Ann does not answer in time.
		func() error {
			return s.eva.write(ctx, "Dobrý den, objednala jsem 2 kg kávy a přišla jen jedna ☕")
		},
		func() error { return s.offeredTo("ann", &id) },
		func() error { return s.becomes("ann", agent.RONA) },
		func() error { return s.offeredTo("bob", &id) },
		func() error { return bob.Accept(ctx, id) },
		func() error { return s.say(bob, id, "Dobrý den, podívám se na to.") },
		func() error { return s.eva.write(ctx, "Děkuji! Objednávka č. 4711.") },

		// Ann is back by her own hand, and Bob finds her in the directory.
		func() error { return ann.Available(ctx) },
		func() error { return s.transfer(bob, id, "novakova") },
		func() error { return s.wrapUp(bob, id, "predano") },
		func() error { return s.offeredTo("ann", &id) },
		func() error { return ann.Accept(ctx, id) },
		func() error { return s.say(ann, id, "Tady Anna. Druhý balíček posíláme ještě dnes.") },

		// Ann hands it to the complaints queue, where Cyril takes it and asks
		// Bob into a conference.
		func() error { return cyril.SignIn(ctx) },
		func() error { return cyril.Available(ctx) },
		func() error { return bob.Idle(ctx, "oběd") },
		func() error { return ann.TransferToQueue(ctx, id, "complaints") },
		func() error { return s.wrapUp(ann, id, "predano") },
		func() error { return s.offeredTo("cyril", &id) },
		func() error { return cyril.Accept(ctx, id) },
		func() error { return bob.Available(ctx) },
		func() error { return cyril.Invite(ctx, id, "bob") },
		func() error { return s.offeredTo("bob", &id) },
		func() error { return bob.Accept(ctx, id) },
		func() error { return s.say(bob, id, "Ještě jednou Bohumil: kurýr přijede mezi 15 a 16.") },
		func() error { return bob.Leave(ctx, id) },
		func() error { return s.wrapUp(bob, id, "vyreseno") },
		func() error { return bob.Idle(ctx, "oběd") },
		func() error { return s.eva.write(ctx, "Výborně, to mi stačí. Na shledanou!") },
		func() error { return cyril.End(ctx, id) },
		func() error { return s.wrapUp(cyril, id, "vyreseno") },

		// Eva writes once more, and the page is removed under the conversation.
		func() error { return s.eva.write(ctx, "Ještě dotaz…") },
		func() error { return s.offeredTo("ann", &id) },
		func() error { return ann.Accept(ctx, id) },
		func() error { return s.board.Administrator("root").RemoveSource(ctx, page, "removed") },
		func() error {
			_, err := ann.Send(ctx, id, "Ano?")
			if !errors.Is(err, conversation.ErrInterrupted) {
				return fmt.Errorf("sending into an interrupted conversation: %v", err)
			}
			return nil
		},
		func() error { return ann.End(ctx, id) },
		func() error { return s.wrapUp(ann, id, "resolved") },
		func() error { return s.until(func(e any) bool { _, ok := e.(conversation.Completed); return ok }) },
	)
}

func steps(all ...func() error) error {
	for _, step := range all {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// until waits for an event.
func (s *story) until(is func(body any) bool) error {
	for {
		select {
		case body := <-s.heard:
			if is(body) {
				return nil
			}
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

func (s *story) offeredTo(who agent.ID, id *conversation.ID) error {
	return s.until(func(e any) bool {
		o, ok := e.(conversation.OfferMade)
		if ok && o.Agent == who {
			*id = o.Conversation
		}
		return ok && o.Agent == who
	})
}

func (s *story) becomes(who agent.ID, state agent.State) error {
	return s.until(func(e any) bool {
		c, ok := e.(agent.StateChanged)
		return ok && c.Agent == who && c.State == state
	})
}

func (s *story) say(a switchboard.Agent, id conversation.ID, text string) error {
	if _, err := a.Send(s.ctx, id, text); err != nil {
		return err
	}
	return s.board.Quiet(s.ctx) // so that the story is told in order
}

// transfer hands over to whomever the directory finds first.
func (s *story) transfer(a switchboard.Agent, id conversation.ID, query string) error {
	targets, err := s.board.Targets(s.ctx, id, query)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("nobody found for %q", query)
	}
	return a.TransferToAgent(s.ctx, id, targets[0].Agent)
}

// wrapUp chooses the first reason that a search finds.
func (s *story) wrapUp(a switchboard.Agent, id conversation.ID, query string) error {
	reasons, err := s.board.Reasons(s.ctx, id, a.ID(), query)
	if err != nil {
		return err
	}
	if len(reasons) == 0 {
		return fmt.Errorf("no reason found for %q", query)
	}
	return a.WrapUp(s.ctx, id, reasons[0].ID)
}
