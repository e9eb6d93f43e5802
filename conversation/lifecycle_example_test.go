package conversation_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// A conversation is offered, accepted, ended and wrapped up.
func Example() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	rules := &conversation.Rules{
		WrapUp: func(conversation.QueueID, uint64) (wrapup.Policy, uint64) {
			return wrapup.Policy{Reasons: []wrapup.Reason{{ID: "solved", Label: "Solved"}}, Default: "solved"}, 1
		},
	}

	var c conversation.Conversation
	seq := uint64(1)
	c.Apply(now, seq, conversation.Opened{Conversation: 1, Wait: conversation.Wait{Queue: "sales"}})

	engine, ann := agent.Actor{}, agent.Actor{Role: agent.Self, ID: "ann"}
	for _, step := range []struct {
		by  agent.Actor
		cmd conversation.Command
	}{
		{engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"}},
		{ann, conversation.Accept{Conversation: 1, Agent: "ann"}},
		{ann, conversation.End{Conversation: 1, Agent: "ann"}},
		{ann, conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "solved"}},
	} {
		events, err := conversation.Decide(&c, now, step.by, step.cmd, rules, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, e := range events {
			seq++
			c.Apply(now, seq, e)
		}
		fmt.Printf("%s: %s, %d seats\n", step.cmd.Name(), c.State, len(c.Seats))
	}
	fmt.Println(c.Seats[0].Agent, c.Seats[0].State, c.Seats[0].Reason.Label)
	// Output:
	// MakeOffer: offered, 0 seats
	// Accept: active, 1 seats
	// End: ended, 1 seats
	// SubmitWrapUp: ended, 1 seats
	// ann closed Solved
}

// A refusal says what was refused and who has the conversation instead.
func ExampleRefusal() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	var c conversation.Conversation
	c.Apply(now, 1, conversation.Opened{Conversation: 1, Wait: conversation.Wait{Queue: "sales"}})
	c.Apply(now, 2, conversation.OfferMade{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Deadline: now.Add(time.Minute)})
	c.Apply(now, 3, conversation.Accepted{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Seat: 1, Queue: "sales"})

	bob := agent.Actor{Role: agent.Self, ID: "bob"}
	_, err := conversation.Decide(&c, now, bob, conversation.Accept{Conversation: 1, Agent: "bob"}, nil, nil)
	var refused *conversation.Refusal
	fmt.Println(errors.Is(err, conversation.ErrNotOffered), errors.As(err, &refused))
	fmt.Println(refused.Holder)
	fmt.Println(err)
	// Output:
	// true true
	// ann
	// Accept of c1 (active) by agent "bob", held by "ann": conversation: not offered to this agent
}

// A Tick at the earliest deadline does what is due: here the offer lapses.
func ExampleConversation_Next() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	var c conversation.Conversation
	c.Apply(now, 1, conversation.Opened{Conversation: 1, Wait: conversation.Wait{Queue: "sales"}})
	c.Apply(now, 2, conversation.OfferMade{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Deadline: now.Add(time.Minute)})

	next, what, _ := c.Next()
	fmt.Println(what, next.At.Sub(now))
	events, _ := conversation.Decide(&c, next.At, agent.Actor{}, conversation.Tick{Conversation: 1}, nil, nil)
	for _, e := range events {
		c.Apply(next.At, 3, e)
		fmt.Printf("%T\n", e)
	}
	fmt.Println(c.State, c.Exclusion.Agent)
	// Output:
	// offer 1m0s
	// conversation.OfferEnded
	// queued ann
}

// Needs relax in steps as the conversation waits.
func ExampleRelaxed() {
	needs := []conversation.Need{
		{Skill: "czech", Level: 7, Steps: []conversation.Relax{{After: time.Minute, Level: 4}, {After: 5 * time.Minute, Level: 0}}},
	}
	since := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	for steps := range 3 {
		fmt.Print(conversation.Relaxed(needs, steps))
		if at := conversation.RelaxAt(needs, since, steps); !at.IsZero() {
			fmt.Print(" until ", at.Format("15:04"))
		}
		fmt.Println()
	}
	// Output:
	// [{czech 7 []}] until 09:01
	// [{czech 4 []}] until 09:05
	// []
}

// The tables of transitions draw the state machine.
func ExampleTransitions() {
	for _, t := range conversation.Transitions() {
		if t.From == conversation.Offered {
			fmt.Println(t.From, t.Event, t.To)
		}
	}
	// Output:
	// offered Accepted active
	// offered OfferEnded queued
}
