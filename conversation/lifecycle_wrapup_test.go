package conversation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// wrapping returns a story in which ann has ended the conversation and wraps up.
func wrapping(t testing.TB) *story {
	s := active(t)
	s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
	return s
}

func closed(reason wrapup.Reason, cause conversation.CloseCause) conversation.SeatEnded {
	return conversation.SeatEnded{Conversation: 1, Agent: "ann", Seat: 1, Reason: reason, Cause: cause}
}

func TestSubmitWrapUp(t *testing.T) {
	submit := conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"}
	active(t).refuse(self("ann"), submit, conversation.ErrNoWrapUp)
	s := wrapping(t)
	s.refuse(self("bob"), conversation.SubmitWrapUp{Conversation: 1, Agent: "bob", Reason: "spam"}, conversation.ErrNoWrapUp)
	s.now = after(20)
	want(t, s.do(self("ann"), submit)[:1], closed(salesPolicy.Reasons[1], conversation.CloseSubmitted))
	seat := conversation.Seat{
		No: 1, Agent: "ann", State: conversation.SeatClosed, Queue: "sales", Accepted: start,
		WrapUp: wrapup.WrapUp{Started: start, Deadline: after(120)}, Policy: 7,
		Reason: salesPolicy.Reasons[1], Closed: after(20),
	}
	if diff := cmp.Diff([]conversation.Seat{seat}, s.c.Seats); diff != "" {
		t.Errorf("seats (-want +got):\n%s", diff)
	}

	s = wrapping(t)
	want(t, s.do(boss, submit)[:1], closed(salesPolicy.Reasons[1], conversation.CloseSupervisor))
}

func TestE54DefaultReasonAtTheLimit(t *testing.T) {
	s := wrapping(t)
	s.rules.Connected = func(agent.ID) bool { return false } // whoever is there
	s.now = after(120).Add(-1)
	want(t, s.tick())
	s.now = after(120)
	want(t, s.do(engine, conversation.Tick{Conversation: 1})[:1], closed(salesPolicy.Reasons[0], conversation.CloseTimeLimit))
}

func TestE56SubmitAfterTheDefaultReason(t *testing.T) {
	submit := conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"}
	for _, fired := range []bool{false, true} {
		s := wrapping(t)
		s.now = after(120)
		if fired {
			s.tick()
		}
		s.refuse(self("ann"), submit, conversation.ErrSeatClosed)
		s.refuse(self("ann"), conversation.ExtendWrapUp{Conversation: 1, Agent: "ann"}, conversation.ErrSeatClosed)
		s.refuse(self("ann"), conversation.CancelCountdown{Conversation: 1, Agent: "ann"}, conversation.ErrSeatClosed)
	}
}

func TestE57Extension(t *testing.T) {
	extend := conversation.ExtendWrapUp{Conversation: 1, Agent: "ann"}
	s := wrapping(t)
	s.now = after(120).Add(-1) // the last instant
	want(t, s.do(self("ann"), extend), conversation.WrapUpExtended{Conversation: 1, Agent: "ann", Seat: 1, Deadline: after(150)})
	s.refuse(self("ann"), extend, wrapup.ErrExtension) // one is allowed
	s.now = after(150).Add(-1)
	want(t, s.tick())
	s.now = after(150)
	if got := names(s.tick()); got != "SeatEnded Completed" {
		t.Errorf("events are %s", got)
	}
}

func TestCancelCountdown(t *testing.T) {
	cancel := conversation.CancelCountdown{Conversation: 1, Agent: "ann"}
	s := wrapping(t)
	want(t, s.do(self("ann"), cancel), conversation.WrapUpUnlimited{Conversation: 1, Agent: "ann", Seat: 1})
	want(t, s.do(self("ann"), cancel))
	s.now = after(1e6)
	want(t, s.tick())
	s.refuse(self("ann"), conversation.ExtendWrapUp{Conversation: 1, Agent: "ann"}, wrapup.ErrExtension)
	s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})

	s = wrapping(t)
	s.rules.WrapUp = func(conversation.QueueID, uint64) (wrapup.Policy, uint64) {
		p := salesPolicy
		p.Cancellable = false
		return p, 7
	}
	s.refuse(self("ann"), cancel, wrapup.ErrNotCancellable)
}

func TestE58ReasonNotAllowed(t *testing.T) {
	s := wrapping(t)
	for _, reason := range []wrapup.ReasonID{"", "refund"} {
		s.refuse(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: reason}, wrapup.ErrReason)
	}
	s.stands("ended: ann=wrapping-up")
}

func TestE59ReasonDeletedDuringWrapUp(t *testing.T) {
	s := wrapping(t)
	s.rules.WrapUp = func(q conversation.QueueID, version uint64) (wrapup.Policy, uint64) {
		if q != "sales" {
			t.Errorf("asked for the policy of %q", q)
		}
		if version == 7 {
			return salesPolicy, 7
		}
		return wrapup.Policy{Reasons: []wrapup.Reason{{ID: "new", Label: "New"}}, Default: "new"}, 8
	}
	s.refuse(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "new"}, wrapup.ErrReason)
	s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})
	if diff := cmp.Diff(salesPolicy.Reasons[1], s.c.Seats[0].Reason); diff != "" {
		t.Errorf("reason (-want +got):\n%s", diff)
	}
}

func TestE61SignOutInWrapUp(t *testing.T) {
	s := wrapping(t)
	want(t, s.do(engine, conversation.CloseWrapUp{Conversation: 1, Seat: 1, Cause: conversation.CloseSignOut})[:1],
		closed(salesPolicy.Reasons[0], conversation.CloseSignOut))
	s.refuse(engine, conversation.CloseWrapUp{Conversation: 1, Seat: 1}, conversation.ErrSeatClosed)
	s.refuse(engine, conversation.CloseWrapUp{Conversation: 1, Seat: 2}, conversation.ErrCommand)
	active(t).refuse(engine, conversation.CloseWrapUp{Conversation: 1, Seat: 1}, conversation.ErrNoWrapUp)
}

func TestE62WrapUpHoldsTheSlotUnlessThePolicyFreesIt(t *testing.T) {
	for _, frees := range []bool{false, true} {
		s := active(t)
		s.rules.WrapUp = func(conversation.QueueID, uint64) (wrapup.Policy, uint64) {
			p := salesPolicy
			p.FreesSlot = frees
			return p, 7
		}
		s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
		if got := s.c.Seats[0].HoldsSlot(); got == frees {
			t.Errorf("frees slot %t: holds one %t", frees, got)
		}
	}
}

// Without a wrap-up policy there is no limit, and the default reason is none.
func TestNoPolicy(t *testing.T) {
	s := active(t)
	s.rules.WrapUp = nil
	want(t, s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})[1:],
		conversation.WrapUpStarted{Conversation: 1, Agent: "ann", Seat: 1})
	s.do(engine, conversation.CloseWrapUp{Conversation: 1, Seat: 1, Cause: conversation.CloseGone})
	s.refuse(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"}, conversation.ErrSeatClosed)
}
