package conversation_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

var hangup = conversation.Hangup{Channel: "messenger", Source: "page", Customer: "cust"}

func TestE33SourceRemovedWhileQueued(t *testing.T) {
	s := opened(t)
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedSource},
		conversation.Completed{Conversation: 1, Until: start.Add(time.Hour)})
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1})) // removed twice
}

func TestE34SourceRemovedWhileOffered(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1}),
		conversation.OfferEnded{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Outcome: conversation.Withdrawn},
		conversation.Ending{Conversation: 1, Cause: conversation.EndedSource},
		conversation.Completed{Conversation: 1, Until: start.Add(time.Hour)})
}

func TestE35E38SourceRemovedWhileActive(t *testing.T) {
	s := active(t)
	s.rules.InterruptedFor = time.Hour
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1}),
		conversation.Interruption{Conversation: 1, Limit: start.Add(time.Hour)},
		s.noted(1, conversation.Entry{Kind: conversation.EntryInterrupted}))
	s.stands("interrupted ann: ann=active")
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1}))
	want(t, s.do(engine, hangup)) // not open

	for _, cmd := range []conversation.Command{
		conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "x"},
		conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"},
		conversation.CancelTransfer{Conversation: 1, Agent: "ann"},
		conversation.Invite{Conversation: 1, Agent: "ann", To: "bob"},
		conversation.CancelInvite{Conversation: 1, Agent: "ann"},
		conversation.Leave{Conversation: 1, Agent: "ann"},
		conversation.Remove{Conversation: 1, Agent: "ann", Who: "bob"},
	} {
		s.refuse(self("ann"), cmd, conversation.ErrInterrupted)
	}
	s.refuse(engine, conversation.SetPriority{Conversation: 1, Priority: 1}, conversation.ErrInterrupted)
	s.refuse(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"}, conversation.ErrInterrupted)
	s.refuse(engine, conversation.Requeue{Conversation: 1, Wait: conversation.Wait{Queue: "x"}}, conversation.ErrInterrupted)
	s.refuse(self("bob"), conversation.End{Conversation: 1, Agent: "bob"}, conversation.ErrNotSeated)
	want(t, s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})) // E3 still

	want(t, s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedInterrupted}, s.wraps("ann", 1))

	// Without a limit it stays until somebody ends it.
	s = active(t)
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1})[:1], conversation.Interruption{Conversation: 1})
	s.now = after(1e6)
	want(t, s.tick())
	s.do(boss, conversation.End{Conversation: 1})
	if s.c.EndedBy() != conversation.EndedInterrupted {
		t.Errorf("ended by %q", s.c.EndedBy())
	}
}

func TestE35InterruptionLimit(t *testing.T) {
	s := conference(t)
	s.rules.InterruptedFor = time.Hour
	s.do(engine, conversation.Interrupt{Conversation: 1})
	s.now = after(3600)
	want(t, s.do(engine, conversation.Tick{Conversation: 1}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedInterrupted}, s.wraps("ann", 1), s.wraps("bob", 2))
}

func TestE36SourceRemovedInConferenceAndWhilePending(t *testing.T) {
	// Any agent of an interrupted conference may end it, for all.
	s := conference(t)
	s.do(engine, conversation.Interrupt{Conversation: 1})
	s.stands("interrupted ann: ann=active bob=active")
	want(t, s.do(self("bob"), conversation.End{Conversation: 1, Agent: "bob"}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedInterrupted}, s.wraps("ann", 1), s.wraps("bob", 2))

	s = invited(t)
	if got := names(s.do(engine, conversation.Interrupt{Conversation: 1})); got != "OfferEnded Interruption MessageAdded" {
		t.Errorf("invitation pending: events are %s", got)
	}
	s.stands("interrupted ann: ann=active")

	for _, s := range []*story{sentToBob(t), sentTo(t, "billing")} { // nobody serves it
		events := s.do(engine, conversation.Interrupt{Conversation: 1})
		want(t, events[len(events)-1:], conversation.Ending{Conversation: 1, Cause: conversation.EndedSource})
		s.stands("ended: ann=wrapping-up")
		if s.c.Transfer != nil || s.c.Offer != nil {
			t.Error("something is pending still")
		}
	}

	// An agent of it is gone: the other one has it; the last one's ends it.
	s = conference(t)
	s.do(engine, conversation.Interrupt{Conversation: 1})
	s.do(engine, conversation.DropSeat{Conversation: 1, Agent: "ann", Cause: conversation.CloseGone})
	s.stands("interrupted bob: ann=closed bob=active")
	if got := names(s.do(engine, conversation.DropSeat{Conversation: 1, Agent: "bob", Cause: conversation.CloseGone})); got != "Ending SeatEnded Completed" {
		t.Errorf("events are %s", got)
	}
	s.stands("ended: ann=closed bob=closed")
}

func TestE37SourceRemovedInWrapUp(t *testing.T) {
	s := active(t)
	s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1}))
	s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})
}

func TestE63CustomerMayAlwaysEnd(t *testing.T) {
	for name, s := range map[string]*story{"active": active(t), "invited": invited(t), "conference": conference(t), "queued": opened(t)} {
		s.do(agent.Actor{Role: agent.Customer}, hangup)
		if s.c.State != conversation.Ended || s.c.EndedBy() != conversation.EndedByCustomer {
			t.Errorf("%s: %s by %q", name, s.c.State, s.c.EndedBy())
		}
		want(t, s.do(agent.Actor{Role: agent.Customer}, hangup))
	}
	active(t).refuse(engine, conversation.Hangup{Source: "page", Customer: "other"}, conversation.ErrCommand)
	var none conversation.Conversation
	if events, err := conversation.Decide(&none, start, engine, hangup, nil, nil); err != nil || events != nil {
		t.Errorf("hanging up on nothing: %v, %v", events, err)
	}
}

func TestE64EndTwice(t *testing.T) {
	s := sentTo(t, "billing")
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
	s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})
	s.do(self("bob"), conversation.End{Conversation: 1, Agent: "bob"})
	before := s.c.End.At
	s.now = after(500)
	for _, id := range []agent.ID{"ann", "bob"} { // has, or had, a seat
		want(t, s.do(self(id), conversation.End{Conversation: 1, Agent: id}))
	}
	want(t, s.do(boss, conversation.End{Conversation: 1}))
	s.refuse(self("carl"), conversation.End{Conversation: 1, Agent: "carl"}, conversation.ErrNotSeated)
	if !s.c.End.At.Equal(before) {
		t.Error("the second End moved the end")
	}
	for _, cmd := range []conversation.Command{
		conversation.TransferToQueue{Conversation: 1, Agent: "bob", Queue: "x"},
		conversation.Invite{Conversation: 1, Agent: "bob", To: "ann"},
		conversation.Leave{Conversation: 1, Agent: "bob"},
		conversation.CancelTransfer{Conversation: 1, Agent: "bob"},
	} {
		s.refuse(self("bob"), cmd, conversation.ErrEnded)
	}
}

func TestE66SupervisorEnds(t *testing.T) {
	ended := conversation.Ending{Conversation: 1, Cause: conversation.EndedBySupervisor}
	s := active(t)
	want(t, s.do(boss, conversation.End{Conversation: 1}), ended, s.wraps("ann", 1))
	s = conference(t)
	want(t, s.do(agent.Actor{Role: agent.Administrator}, conversation.End{Conversation: 1}), ended, s.wraps("ann", 1), s.wraps("bob", 2))
	s = opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	want(t, s.do(boss, conversation.End{Conversation: 1}),
		conversation.OfferEnded{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Outcome: conversation.Withdrawn},
		ended, conversation.Completed{Conversation: 1, Until: start.Add(time.Hour)})
	s = opened(t)
	s.refuse(self("ann"), conversation.End{Conversation: 1, Agent: "ann"}, conversation.ErrNotSeated)
}

func TestFinish(t *testing.T) {
	finish := conversation.Finish{Conversation: 1, Cause: conversation.EndedErased}
	s := conference(t)
	want(t, s.do(engine, finish), conversation.Ending{Conversation: 1, Cause: conversation.EndedErased}, s.wraps("ann", 1), s.wraps("bob", 2))
	want(t, s.do(engine, finish))
	s = active(t)
	s.do(engine, conversation.Interrupt{Conversation: 1})
	want(t, s.do(engine, finish)[:1], conversation.Ending{Conversation: 1, Cause: conversation.EndedInterrupted})
	s = opened(t)
	s.refuse(engine, conversation.Finish{Conversation: 1}, conversation.ErrCommand)
}

func TestInactivityEnds(t *testing.T) {
	for name, s := range map[string]*story{"active": active(t), "conference": conference(t)} {
		s.c.Limit = agent.Deadline{At: after(40), Set: 1}
		s.now = after(40)
		events := s.do(engine, conversation.Tick{Conversation: 1})
		if s.c.State != conversation.Ended || s.c.EndedBy() != conversation.EndedInactive || len(events) < 2 {
			t.Errorf("%s: %s by %q: %s", name, s.c.State, s.c.EndedBy(), names(events))
		}
	}
	// While nobody serves it, the customer's silence does not count.
	s := active(t)
	s.c.Limit = agent.Deadline{At: after(40), Set: 1}
	s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "billing"})
	s.now = after(41)
	want(t, s.tick())
	s.do(self("ann"), conversation.CancelTransfer{Conversation: 1, Agent: "ann"})
	want(t, s.tick())
}

func TestCompletedAndForgotten(t *testing.T) {
	s := active(t)
	s.rules.Linger = time.Minute
	s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
	s.now = after(10)
	s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})
	if !s.c.Finished {
		t.Fatal("not finished")
	}
	if d, what, _ := s.c.Next(); what != conversation.DueLimit || !d.At.Equal(after(70)) {
		t.Errorf("next is %s at %v", what, d.At)
	}
	s.now = after(70)
	want(t, s.tick(), conversation.Forgotten{Conversation: 1})
	// Attributes may be set at any time, and do not complete it again.
	want(t, s.do(engine, conversation.SetAttributes{Conversation: 1, Set: agent.Attributes{"k": "v"}}),
		conversation.AttributesSet{Conversation: 1, Set: agent.Attributes{"k": "v"}})
}

func TestSetAttributes(t *testing.T) {
	s := opened(t)
	given := agent.Attributes{"tier": "gold", "none": ""}
	events := s.do(engine, conversation.SetAttributes{Conversation: 1, Set: given})
	given["tier"] = "changed later"
	want(t, events, conversation.AttributesSet{Conversation: 1, Set: agent.Attributes{"tier": "gold"}})
	want(t, s.do(engine, conversation.SetAttributes{Conversation: 1, Set: agent.Attributes{"tier": "gold"}}))
	want(t, s.do(engine, conversation.SetAttributes{Conversation: 1}))
	s.do(engine, conversation.SetAttributes{Conversation: 1, Set: agent.Attributes{"tier": "", "lang": "cs"}})
	if diff := cmp.Diff(agent.Attributes{"lang": "cs"}, s.c.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	many := agent.Attributes{}
	for i := range agent.MaxAttributes {
		many["k"+strconv.Itoa(i)] = "v"
	}
	s.refuse(engine, conversation.SetAttributes{Conversation: 1, Set: many}, agent.ErrAttributes)
	s.refuse(engine, conversation.SetAttributes{Conversation: 1, Set: agent.Attributes{"": "v"}}, agent.ErrAttributes)
}

func TestSetPriority(t *testing.T) {
	s := opened(t)
	for _, p := range []int{0, -1, 11} {
		s.refuse(boss, conversation.SetPriority{Conversation: 1, Priority: p}, conversation.ErrPriority)
	}
	want(t, s.do(boss, conversation.SetPriority{Conversation: 1, Priority: 5}))
	want(t, s.do(boss, conversation.SetPriority{Conversation: 1, Priority: 1}), conversation.PriorityChanged{Conversation: 1, Priority: 1})
	if s.c.Priority != 1 || !s.c.WaitingSince.Equal(start) {
		t.Errorf("priority %d, waiting since %v", s.c.Priority, s.c.WaitingSince)
	}
}

// Decide on a conversation that is not there refuses and does not panic.
func TestNothingOpened(t *testing.T) {
	for _, cmd := range lifecycleCommands(0) {
		var c conversation.Conversation
		events, err := conversation.Decide(&c, start, boss, cmd, nil, nil)
		switch cmd.(type) {
		case conversation.Hangup, conversation.Tick:
			if err != nil || len(events) > 0 {
				t.Errorf("%T: %v, %v", cmd, events, err)
			}
		default:
			var refused *conversation.Refusal
			if !errors.As(err, &refused) || len(events) > 0 {
				t.Errorf("%T: %v, %v", cmd, events, err)
			}
		}
	}
}

// Apply passes over what is not there.
func TestApplyNeverPanics(t *testing.T) {
	events := []conversation.Event{
		nil, &conversation.Ending{}, (*conversation.Ending)(nil),
		conversation.Moved{}, conversation.OfferMade{}, conversation.OfferEnded{}, conversation.OfferRestarted{},
		conversation.Accepted{}, conversation.Accepted{Seat: 99}, conversation.Accepted{Seat: -1}, conversation.TransferRequested{Seat: 9},
		conversation.TransferCancelled{Seat: 9}, conversation.OwnerChanged{Seat: 9}, conversation.WrapUpStarted{Seat: 9},
		conversation.WrapUpExtended{Seat: -9}, conversation.WrapUpUnlimited{}, conversation.SeatEnded{Seat: 9},
		conversation.Interruption{}, conversation.Ending{}, conversation.CustomerReturned{}, conversation.Completed{},
		conversation.Forgotten{}, conversation.PriorityChanged{}, conversation.NeedsRelaxed{}, conversation.PreferenceDropped{},
		conversation.ExclusionOver{}, conversation.AttributesSet{},
	}
	for _, e := range events {
		var c conversation.Conversation
		c.Apply(start, 1, e)
		s := conference(t)
		s.c.Apply(start, 99, e)
		if len(s.c.Seats) != 2 {
			t.Errorf("%T: %d seats", e, len(s.c.Seats))
		}
	}
	// A second opening changes nothing.
	s := conference(t)
	before := text(t, &s.c)
	s.c.Apply(after(9), 99, conversation.Opened{Conversation: 99})
	if diff := cmp.Diff(before, text(t, &s.c)); diff != "" {
		t.Errorf("opened twice (-before +after):\n%s", diff)
	}
}

// Copies of one state may go on apart: neither sees the other's seats.
func TestCopiesGoApart(t *testing.T) {
	s := active(t)
	left, right := s.c, s.c
	left.Apply(start, 50, conversation.Accepted{Conversation: 1, Agent: "left", Kind: conversation.Invitation, Seat: 2})
	right.Apply(start, 50, conversation.Accepted{Conversation: 1, Agent: "right", Kind: conversation.Invitation, Seat: 2})
	if left.Seats[1].Agent != "left" || right.Seats[1].Agent != "right" {
		t.Errorf("seats of %q and %q", left.Seats[1].Agent, right.Seats[1].Agent)
	}

	// The queues it has overflowed from, too.
	s = opened(t)
	for _, q := range []conversation.QueueID{"a", "b", "c"} {
		s.apply(conversation.Moved{Conversation: 1, Wait: conversation.Wait{Queue: q}, Visited: true})
	}
	left, right = s.c, s.c
	right.Queue = "elsewhere"
	left.Apply(start, 50, conversation.Moved{Conversation: 1, Wait: conversation.Wait{Queue: "d"}, Visited: true})
	right.Apply(start, 50, conversation.Moved{Conversation: 1, Wait: conversation.Wait{Queue: "e"}, Visited: true})
	if diff := cmp.Diff([]conversation.QueueID{"sales", "a", "b", "c"}, left.Visited); diff != "" {
		t.Errorf("visited (-want +got):\n%s", diff)
	}
}
