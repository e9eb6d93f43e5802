package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// narrator tells the board's events as an agent desktop would show them.
type narrator struct {
	board   *switchboard.Board
	out     io.Writer
	began   time.Time
	heard   chan any
	arrived map[conversation.ID]time.Time
}

func newNarrator(b *switchboard.Board, out io.Writer) *narrator {
	return &narrator{board: b, out: out, heard: make(chan any, 1024), arrived: map[conversation.ID]time.Time{}}
}

// follow tells every event until the context is over.
func (n *narrator) follow(ctx context.Context) error {
	for ev, err := range n.board.Events(ctx, "", nil) {
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if n.began.IsZero() {
			n.began = ev.At
		}
		if text := n.tell(ev); text != "" {
			fmt.Fprintf(n.out, "%5.1fs  %s\n", ev.At.Sub(n.began).Seconds(), text)
		}
		select {
		case n.heard <- ev.Body:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func (n *narrator) tell(ev switchboard.Event) string {
	switch e := ev.Body.(type) {
	case agent.StateChanged:
		return fmt.Sprintf("%s is %s %s", e.Agent, e.State, e.Reason)
	case conversation.Opened:
		n.arrived[e.Conversation] = ev.At
		return fmt.Sprintf("%s: a new conversation of customer %s in queue %s", e.Conversation, e.Customer, e.Wait.Queue)
	case conversation.OfferMade:
		waited := ev.At.Sub(n.arrived[e.Conversation]).Round(100 * time.Millisecond)
		return fmt.Sprintf("%s: [%s] queue %s · page %s · waiting %v · [Accept] within %v",
			e.Conversation, e.Agent, e.Queue, page, waited, e.Deadline.Sub(ev.At))
	case conversation.OfferEnded:
		return fmt.Sprintf("%s: the offer to %s is %s", e.Conversation, e.Agent, e.Outcome)
	case conversation.Accepted:
		return fmt.Sprintf("%s: %s accepts", e.Conversation, e.Agent)
	case conversation.TransferRequested:
		return fmt.Sprintf("%s: %s transfers to %s%s", e.Conversation, e.Agent, e.ToQueue, e.ToAgent)
	case conversation.OwnerChanged:
		return fmt.Sprintf("%s: %s is the owner now", e.Conversation, e.Agent)
	case conversation.WrapUpStarted:
		return fmt.Sprintf("%s: %s wraps up", e.Conversation, e.Agent)
	case conversation.SeatEnded:
		return fmt.Sprintf("%s: %s is done: %s", e.Conversation, e.Agent, e.Reason.Label)
	case conversation.Interruption:
		return fmt.Sprintf("%s: INTERRUPTED, the page is gone; only End is left", e.Conversation)
	case conversation.Ending:
		return fmt.Sprintf("%s: ended (%s)", e.Conversation, e.Cause)
	case conversation.MessageAdded:
		return n.message(e)
	case conversation.SendSettled:
		return fmt.Sprintf("%s: message %d is %s", e.Conversation, e.No, e.Status)
	case routing.SourceRemoved:
		return fmt.Sprintf("page %s is removed", e.Source)
	}
	return ""
}

func (n *narrator) message(e conversation.MessageAdded) string {
	switch m := e.Message; {
	case m.Author.Kind == conversation.FromCustomer:
		return fmt.Sprintf("%s: (customer) %s", e.Conversation, m.Text)
	case m.Entry != nil:
		return fmt.Sprintf("%s: * %s %s%s", e.Conversation, m.Entry.Kind, m.Entry.Agent, m.Entry.Queue)
	default:
		return fmt.Sprintf("%s: (%s) %s", e.Conversation, m.Author.ID, m.Text)
	}
}
