package conversation_test

import (
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// invitation is the end of the invitation that invited makes.
func invitation(how conversation.Outcome) conversation.OfferEnded {
	return conversation.OfferEnded{Conversation: 1, Agent: "bob", Kind: conversation.Invitation, Outcome: how}
}

func TestConference(t *testing.T) {
	s := active(t)
	s.now = after(10)
	want(t, s.do(self("ann"), conversation.Invite{Conversation: 1, Agent: "ann", To: "bob"}),
		conversation.OfferMade{Conversation: 1, Agent: "bob", Kind: conversation.Invitation, Queue: "sales", Deadline: after(70)})
	s.stands("conference-requested ann: ann=active")
	want(t, s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}),
		conversation.Accepted{Conversation: 1, Agent: "bob", Kind: conversation.Invitation, Seat: 2, Queue: "sales"},
		s.noted(1, conversation.Entry{Kind: conversation.EntryJoined, Agent: "bob"}))
	s.stands("conference ann: ann=active bob=active")
	if !s.c.Seats[1].Joined || s.c.Seats[0].Joined {
		t.Error("bob alone has joined")
	}
	want(t, s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})) // E3
}

func TestE41InvitationUnanswered(t *testing.T) {
	s := invited(t)
	s.now = after(60)
	want(t, s.tick(), invitation(conversation.Expired))
	s.stands("active ann: ann=active")
	s.refuse(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}, conversation.ErrOfferExpired)
	// The cooldown does not bar an explicit invitation.
	s.do(self("ann"), conversation.Invite{Conversation: 1, Agent: "ann", To: "bob"})
}

func TestE42InvitationDeclined(t *testing.T) {
	s := invited(t)
	want(t, s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"}), invitation(conversation.Declined))
	s.stands("active ann: ann=active")
}

func TestE43OwnerLeavesWhileTheInvitationIsPending(t *testing.T) {
	s := invited(t)
	s.refuse(self("ann"), conversation.Leave{Conversation: 1, Agent: "ann"}, conversation.ErrInvitePending)
	s.refuse(self("bob"), conversation.CancelInvite{Conversation: 1, Agent: "bob"}, conversation.ErrNotOwner)
	want(t, s.do(self("ann"), conversation.CancelInvite{Conversation: 1, Agent: "ann"}), invitation(conversation.Withdrawn))
	s.stands("active ann: ann=active")
	s.refuse(self("ann"), conversation.CancelInvite{Conversation: 1, Agent: "ann"}, conversation.ErrState)
	s.refuse(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}, conversation.ErrNotOffered)

	// End withdraws the invitation and ends.
	s = invited(t)
	want(t, s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"}),
		invitation(conversation.Withdrawn), conversation.Ending{Conversation: 1, Cause: conversation.EndedByAgent}, s.wraps("ann", 1))
}

func TestE44OwnerLeavesTheConference(t *testing.T) {
	s := conference(t)
	s.rules.JoinedOwesNone = true // of no concern to an owner
	want(t, s.do(self("ann"), conversation.Leave{Conversation: 1, Agent: "ann"}),
		conversation.OwnerChanged{Conversation: 1, Agent: "bob", Seat: 2},
		s.wraps("ann", 1),
		s.noted(2, conversation.Entry{Kind: conversation.EntryLeft, Agent: "ann"}))
	s.stands("active bob: ann=wrapping-up bob=active")

	// The new owner may do all an owner may.
	s.do(self("bob"), conversation.Invite{Conversation: 1, Agent: "bob", To: "ann"})
	s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})
	s.stands("conference bob: ann=wrapping-up bob=active ann=active")
	want(t, s.do(self("bob"), conversation.Leave{Conversation: 1, Agent: "bob"}),
		conversation.OwnerChanged{Conversation: 1, Agent: "ann", Seat: 3},
		s.wraps("bob", 2),
		s.noted(4, conversation.Entry{Kind: conversation.EntryLeft, Agent: "bob"}))
}

func TestE45JoinedAgentLeaves(t *testing.T) {
	s := conference(t)
	want(t, s.do(self("bob"), conversation.Leave{Conversation: 1, Agent: "bob"}),
		s.wraps("bob", 2), s.noted(2, conversation.Entry{Kind: conversation.EntryLeft, Agent: "bob"}))
	s.stands("active ann: ann=active bob=wrapping-up")

	s = conference(t)
	s.rules.JoinedOwesNone = true
	want(t, s.do(self("bob"), conversation.Leave{Conversation: 1, Agent: "bob"}),
		conversation.SeatEnded{Conversation: 1, Agent: "bob", Seat: 2, Cause: conversation.CloseNoneOwed},
		s.noted(2, conversation.Entry{Kind: conversation.EntryLeft, Agent: "bob"}))
	s.stands("active ann: ann=active bob=closed")
	s.refuse(self("bob"), conversation.SubmitWrapUp{Conversation: 1, Agent: "bob", Reason: "spam"}, conversation.ErrNoWrapUp)
}

func TestE46OwnerEndsTheConference(t *testing.T) {
	s := conference(t)
	s.refuse(self("bob"), conversation.End{Conversation: 1, Agent: "bob"}, conversation.ErrLeaveInstead)
	want(t, s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedByAgent}, s.wraps("ann", 1), s.wraps("bob", 2))
	s.stands("ended: ann=wrapping-up bob=wrapping-up")
}

func TestE46OwnerRemovesTheJoinedAgent(t *testing.T) {
	remove := conversation.Remove{Conversation: 1, Agent: "ann", Who: "bob"}
	s := invited(t)
	s.refuse(self("ann"), remove, conversation.ErrInvitePending)
	s.refuse(self("ann"), conversation.Remove{Conversation: 1, Agent: "ann", Who: "carl"}, conversation.ErrNotSeated)
	s = conference(t)
	s.refuse(self("bob"), conversation.Remove{Conversation: 1, Agent: "bob", Who: "ann"}, conversation.ErrNotOwner)
	s.refuse(self("ann"), conversation.Remove{Conversation: 1, Agent: "ann", Who: "ann"}, conversation.ErrSelf)
	s.refuse(self("ann"), conversation.Remove{Conversation: 1, Agent: "ann"}, conversation.ErrCommand)
	want(t, s.do(self("ann"), remove), s.wraps("bob", 2), s.noted(2, conversation.Entry{Kind: conversation.EntryLeft, Agent: "bob"}))
	s.stands("active ann: ann=active bob=wrapping-up")
	s.refuse(self("ann"), remove, conversation.ErrNotSeated)
}

func TestE47CustomerLeavesTheConference(t *testing.T) {
	s := conference(t)
	want(t, s.do(engine, conversation.Hangup{Channel: "messenger", Source: "page", Customer: "cust"}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedByCustomer}, s.wraps("ann", 1), s.wraps("bob", 2))
}

// Each seat wraps up under the policy of the queue it was accepted under.
func TestE47SeatsWrapUpUnderTheirOwnQueues(t *testing.T) {
	s := active(t)
	s.rules.WrapUp = func(q conversation.QueueID, version uint64) (wrapup.Policy, uint64) {
		if version != 0 {
			t.Errorf("asked for version %d at the start of a wrap-up", version)
		}
		p := salesPolicy
		if q == "billing" {
			p.Limit, p.FreesSlot = 0, true
			return p, 9
		}
		return p, 7
	}
	s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "billing"})
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
	s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})
	s.now = after(10)
	want(t, s.do(self("bob"), conversation.End{Conversation: 1, Agent: "bob"}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedByAgent},
		conversation.WrapUpStarted{Conversation: 1, Agent: "bob", Seat: 2, Policy: 9, FreesSlot: true})
	if s.c.Seats[0].Policy != 7 || s.c.Seats[1].Policy != 9 {
		t.Errorf("policies %d and %d", s.c.Seats[0].Policy, s.c.Seats[1].Policy)
	}
}

func TestE48BothAgentsLeave(t *testing.T) {
	for _, first := range []agent.ID{"ann", "bob"} {
		s := conference(t)
		second := agent.ID("bob")
		if first == "bob" {
			second = "ann"
		}
		s.do(self(first), conversation.Leave{Conversation: 1, Agent: first})
		s.refuse(self(second), conversation.Leave{Conversation: 1, Agent: second}, conversation.ErrLastAgent)
		s.refuse(self(first), conversation.Leave{Conversation: 1, Agent: first}, conversation.ErrNotSeated)
	}
}

func TestE49OwnerIsGoneFromTheConference(t *testing.T) {
	s := conference(t)
	gone := func(who agent.ID, seat int) conversation.SeatEnded {
		return conversation.SeatEnded{
			Conversation: 1, Agent: who, Seat: seat, Reason: salesPolicy.Reasons[0], Cause: conversation.CloseGone,
		}
	}
	want(t, s.do(engine, conversation.DropSeat{Conversation: 1, Agent: "ann", Cause: conversation.CloseGone}),
		conversation.OwnerChanged{Conversation: 1, Agent: "bob", Seat: 2}, gone("ann", 1),
		s.noted(2, conversation.Entry{Kind: conversation.EntryLeft, Agent: "ann"}))
	s.stands("active bob: ann=closed bob=active")

	s = conference(t)
	want(t, s.do(engine, conversation.DropSeat{Conversation: 1, Agent: "bob", Cause: conversation.CloseGone}),
		gone("bob", 2), s.noted(2, conversation.Entry{Kind: conversation.EntryLeft, Agent: "bob"}))
	s.stands("active ann: ann=active bob=closed")

	// A sole owner's conversation goes back to its queue, at its age.
	requeued := conversation.Moved{
		Conversation: 1, Wait: conversation.Wait{Queue: "sales", Since: start, Max: after(600)}, Cause: conversation.MovedRequeue,
	}
	s = invited(t)
	s.now = after(50)
	s.c.Limit = agent.Deadline{At: after(70), Set: 1}
	s.rules.Wait = conversation.Wait{Queue: "sales", Max: after(600)}
	want(t, s.do(engine, conversation.DropSeat{Conversation: 1, Agent: "ann", Cause: conversation.CloseGone}),
		invitation(conversation.Withdrawn), gone("ann", 1), requeued)
	s.stands("queued: ann=closed")
	if !s.c.MaxWait.At.Equal(after(600)) || !s.c.WaitingSince.Equal(start) || s.c.Limit.Pending() {
		t.Errorf("waits since %v to %v, limit %v", s.c.WaitingSince, s.c.MaxWait.At, s.c.Limit)
	}

	s = active(t)
	s.rules = conversation.Rules{}
	want(t, s.do(engine, conversation.DropSeat{Conversation: 1, Agent: "ann", Cause: conversation.CloseGone}),
		conversation.SeatEnded{Conversation: 1, Agent: "ann", Seat: 1, Cause: conversation.CloseGone},
		conversation.Moved{Conversation: 1, Wait: conversation.Wait{Queue: "sales", Since: start}, Cause: conversation.MovedRequeue})
	s.refuse(engine, conversation.DropSeat{Conversation: 1, Agent: "ann", Cause: conversation.CloseGone}, conversation.ErrNotSeated)
}

func TestE50E52InviteRefused(t *testing.T) {
	invite := func(to agent.ID) conversation.Invite {
		return conversation.Invite{Conversation: 1, Agent: "ann", To: to}
	}
	s := invited(t)
	s.refuse(self("ann"), invite("carl"), conversation.ErrInvitePending)
	s.refuse(self("ann"), invite("bob"), conversation.ErrInvitePending)
	s = conference(t)
	s.refuse(self("ann"), invite("bob"), conversation.ErrPresent)
	s.refuse(self("ann"), invite("carl"), conversation.ErrConferenceFull)
	s.refuse(self("ann"), invite("ann"), conversation.ErrSelf)
	s.refuse(self("ann"), invite(""), conversation.ErrCommand)
	s.refuse(self("bob"), conversation.Invite{Conversation: 1, Agent: "bob", To: "carl"}, conversation.ErrNotOwner)
	opened(t).refuse(self("ann"), invite("bob"), conversation.ErrState)

	s = active(t)
	s.rules.OfferFor = time.Second
	s.do(self("ann"), invite("bob"))
	s.now = after(1)
	s.refuse(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}, conversation.ErrOfferExpired)
}
