package conversation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// byTransfer is the end of the offer that sentToBob makes.
func byTransfer(how conversation.Outcome, until time.Time) conversation.OfferEnded {
	return conversation.OfferEnded{
		Conversation: 1, Agent: "bob", Kind: conversation.ByTransfer, Outcome: how, ExcludeUntil: until,
	}
}

func TestTransferToQueue(t *testing.T) {
	s := active(t)
	s.rules.Wait = conversation.Wait{Queue: "ignored", Since: after(1), Max: after(700)}
	s.now = after(100)
	want(t, s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "billing"}),
		conversation.TransferRequested{
			Conversation: 1, Agent: "ann", Seat: 1, ToQueue: "billing",
			Wait: conversation.Wait{Queue: "billing", Max: after(700)},
		},
		s.wraps("ann", 1),
		s.noted(1, conversation.Entry{Kind: conversation.EntryTransferred, Queue: "billing"}))
	s.stands("queued: ann=wrapping-up")
	if s.c.Queue != "billing" || !s.c.WaitingSince.Equal(after(100)) || !s.c.MaxWait.At.Equal(after(700)) || s.c.Hops != 1 {
		t.Errorf("waits in %s since %v to %v after %d hops", s.c.Queue, s.c.WaitingSince, s.c.MaxWait.At, s.c.Hops)
	}
	wanted := &conversation.Transfer{Seat: 1, ToQueue: "billing", Queue: "sales", WaitingSince: start}
	if diff := cmp.Diff(wanted, s.c.Transfer); diff != "" || s.c.Exclusion != nil {
		t.Errorf("exclusion %v, transfer (-want +got):\n%s", s.c.Exclusion, diff)
	}

	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
	s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})
	s.stands("active bob: ann=wrapping-up bob=active")
	if s.c.Transfer != nil || s.c.Seats[1].Queue != "billing" {
		t.Errorf("transfer %v, seat %+v", s.c.Transfer, s.c.Seats[1])
	}
	s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})
	s.stands("active bob: ann=closed bob=active")
}

func TestTransferToAgent(t *testing.T) {
	s := active(t)
	s.now = after(100)
	want(t, s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"}),
		conversation.TransferRequested{Conversation: 1, Agent: "ann", Seat: 1, ToAgent: "bob"},
		s.wraps("ann", 1),
		conversation.OfferMade{Conversation: 1, Agent: "bob", Kind: conversation.ByTransfer, Queue: "sales", Deadline: after(160)},
		s.noted(1, conversation.Entry{Kind: conversation.EntryTransferred, Agent: "bob"}))
	s.stands("offered: ann=wrapping-up")
	if s.c.Queue != "sales" || !s.c.WaitingSince.Equal(start) || s.c.Hops != 1 {
		t.Errorf("waits in %s since %v after %d hops", s.c.Queue, s.c.WaitingSince, s.c.Hops)
	}
	want(t, s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}),
		conversation.Accepted{Conversation: 1, Agent: "bob", Kind: conversation.ByTransfer, Seat: 2, Queue: "sales"})
	s.stands("active bob: ann=wrapping-up bob=active")
}

func TestE22E23TargetDoesNotAccept(t *testing.T) {
	night := conversation.Wait{Queue: "night", Since: after(5000), Max: after(900)}
	cancelled := conversation.TransferCancelled{Conversation: 1, Agent: "ann", Seat: 1, Failed: true}
	declined := byTransfer(conversation.Declined, after(130))
	for _, tt := range []struct {
		name    string
		prepare func(*story)
		rules   func(*conversation.Rules)
		fail    conversation.Command // nil for the deadline
		want    []conversation.Event
		stands  string
	}{
		{"to the old queue", nil, nil, conversation.Decline{Conversation: 1, Agent: "bob"},
			[]conversation.Event{declined}, "queued: ann=wrapping-up"},
		{"to the old queue, expired", nil, nil, nil,
			[]conversation.Event{byTransfer(conversation.Expired, after(190))}, "queued: ann=wrapping-up"},
		{"E22 withdrawn", nil, nil, conversation.EndOffer{Conversation: 1, Outcome: conversation.Withdrawn},
			[]conversation.Event{byTransfer(conversation.Withdrawn, time.Time{})}, "queued: ann=wrapping-up"},
		{"to the sender", nil, func(r *conversation.Rules) { r.TransferFallback = conversation.ToSender },
			conversation.Decline{Conversation: 1, Agent: "bob"},
			[]conversation.Event{declined, cancelled}, "active ann: ann=active"},
		{"E22 withdrawn, to the sender", nil, func(r *conversation.Rules) { r.TransferFallback = conversation.ToSender },
			conversation.EndOffer{Conversation: 1, Outcome: conversation.Withdrawn},
			[]conversation.Event{byTransfer(conversation.Withdrawn, time.Time{}), cancelled}, "active ann: ann=active"},
		{"E25 to the sender, who is gone", nil,
			func(r *conversation.Rules) {
				r.TransferFallback = conversation.ToSender
				r.Connected = func(a agent.ID) bool { return a != "ann" }
			},
			conversation.Decline{Conversation: 1, Agent: "bob"},
			[]conversation.Event{declined}, "queued: ann=wrapping-up"},
		{"to the sender, who has wrapped up",
			func(s *story) {
				s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})
			},
			func(r *conversation.Rules) { r.TransferFallback = conversation.ToSender },
			conversation.Decline{Conversation: 1, Agent: "bob"},
			[]conversation.Event{declined}, "queued: ann=closed"},
		{"to a fallback queue", nil,
			func(r *conversation.Rules) {
				r.TransferFallback, r.FallbackWait = conversation.FallbackQueue, night
			},
			conversation.Decline{Conversation: 1, Agent: "bob"},
			[]conversation.Event{declined, conversation.Moved{
				Conversation: 1, Wait: conversation.Wait{Queue: "night", Since: start, Max: after(900)}, Cause: conversation.MovedFallback,
			}}, "queued: ann=wrapping-up"},
		{"to a fallback queue that is not set", nil, func(r *conversation.Rules) { r.TransferFallback = conversation.FallbackQueue },
			conversation.Decline{Conversation: 1, Agent: "bob"},
			[]conversation.Event{declined}, "queued: ann=wrapping-up"},
		{"ended", nil, func(r *conversation.Rules) { r.TransferFallback = conversation.EndIt },
			conversation.Decline{Conversation: 1, Agent: "bob"},
			[]conversation.Event{declined, conversation.Ending{Conversation: 1, Cause: conversation.EndedDropped}}, "ended: ann=wrapping-up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := active(t)
			if tt.rules != nil {
				tt.rules(&s.rules)
			}
			s.now = after(100)
			s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
			if tt.prepare != nil {
				tt.prepare(s)
			}
			if tt.fail == nil {
				s.now = after(160)
				want(t, s.do(engine, conversation.Tick{Conversation: 1}), tt.want...)
			} else {
				by := engine
				if _, ok := tt.fail.(conversation.Decline); ok {
					by = self("bob")
				}
				want(t, s.do(by, tt.fail), tt.want...)
			}
			s.stands(tt.stands)
			if s.c.Transfer != nil || !s.c.WaitingSince.Equal(start) {
				t.Errorf("transfer %v, waiting since %v", s.c.Transfer, s.c.WaitingSince)
			}
			if s.c.State == conversation.Active && (s.c.Seats[0].Due.Pending() || !s.c.Seats[0].WrapUp.Started.IsZero() || s.c.Exclusion != nil) {
				t.Errorf("the sender's seat is %+v, exclusion %v", s.c.Seats[0], s.c.Exclusion)
			}
		})
	}
}

// The wrap-up limit and the end of the offer at the same instant: the wrap-up
// was set first, so the sender has no seat to go back to.
func TestE23WrapUpLimitAndOfferEndTogether(t *testing.T) {
	s := active(t)
	s.rules.TransferFallback = conversation.ToSender
	s.rules.OfferFor = salesPolicy.Limit
	s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
	s.now = after(120)
	if got := names(s.tick()); got != "SeatEnded OfferEnded" {
		t.Errorf("events are %s", got)
	}
	s.stands("queued: ann=closed")
}

func TestE24SenderGoneAfterTheTransfer(t *testing.T) {
	s := sentTo(t, "billing")
	s.refuse(engine, conversation.DropSeat{Conversation: 1, Agent: "ann", Cause: conversation.CloseGone}, conversation.ErrNotSeated)
	s.now = after(220)
	want(t, s.tick(), conversation.SeatEnded{
		Conversation: 1, Agent: "ann", Seat: 1, Reason: salesPolicy.Reasons[0], Cause: conversation.CloseTimeLimit,
	})
	s.stands("queued: ann=closed")
}

func TestE26SenderEndsWhileTheTransferIsPending(t *testing.T) {
	for _, s := range []*story{sentToBob(t), sentTo(t, "billing")} {
		s.refuse(self("ann"), conversation.End{Conversation: 1, Agent: "ann"}, conversation.ErrTransferPending)
		s.refuse(self("ann"), conversation.Leave{Conversation: 1, Agent: "ann"}, conversation.ErrTransferPending)
		s.refuse(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "x"}, conversation.ErrTransferPending)
		s.refuse(self("ann"), conversation.Invite{Conversation: 1, Agent: "ann", To: "carl"}, conversation.ErrTransferPending)
		s.refuse(self("carl"), conversation.End{Conversation: 1, Agent: "carl"}, conversation.ErrNotSeated)
		s.do(boss, conversation.End{Conversation: 1})
		s.stands("ended: ann=wrapping-up")
	}
}

func TestE26CancelTransfer(t *testing.T) {
	cancel := conversation.CancelTransfer{Conversation: 1, Agent: "ann"}
	back := conversation.TransferCancelled{Conversation: 1, Agent: "ann", Seat: 1}

	t.Run("to an agent", func(t *testing.T) {
		s := sentToBob(t)
		want(t, s.do(self("ann"), cancel), byTransfer(conversation.Withdrawn, time.Time{}), back)
		s.stands("active ann: ann=active")
	})
	t.Run("to a queue", func(t *testing.T) {
		s := sentTo(t, "billing")
		want(t, s.do(boss, conversation.CancelTransfer{Conversation: 1}), back)
		s.stands("active ann: ann=active")
		if s.c.Queue != "sales" || !s.c.WaitingSince.Equal(start) || s.c.MaxWait.Pending() {
			t.Errorf("waited in %s since %v to %v", s.c.Queue, s.c.WaitingSince, s.c.MaxWait)
		}
	})
	t.Run("to a queue, offered from there", func(t *testing.T) {
		s := sentTo(t, "billing")
		s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
		want(t, s.do(self("ann"), cancel),
			conversation.OfferEnded{Conversation: 1, Agent: "bob", Kind: conversation.FromQueue, Outcome: conversation.Withdrawn}, back)
		s.stands("active ann: ann=active")
	})
	t.Run("refused", func(t *testing.T) {
		s := sentToBob(t)
		s.refuse(self("bob"), conversation.CancelTransfer{Conversation: 1, Agent: "bob"}, conversation.ErrNotOwner)
		s.rules.Connected = func(agent.ID) bool { return false }
		s.refuse(self("ann"), cancel, conversation.ErrSeatClosed)
		s.rules.Connected = nil
		s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})
		s.refuse(self("ann"), cancel, conversation.ErrSeatClosed)
		s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})
		if r := s.refuse(self("ann"), cancel, conversation.ErrState); r.Holder != "bob" {
			t.Errorf("held by %q, want bob", r.Holder)
		}
	})
	t.Run("at the wrap-up limit", func(t *testing.T) {
		s := sentTo(t, "billing")
		s.now = after(220)
		s.refuse(self("ann"), cancel, conversation.ErrSeatClosed)
	})
}

func TestE28TransferToOwnQueue(t *testing.T) {
	s := active(t)
	s.now = after(100)
	events := s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "sales"})
	want(t, events[:1], conversation.TransferRequested{
		Conversation: 1, Agent: "ann", Seat: 1, ToQueue: "sales", Wait: conversation.Wait{Queue: "sales"},
		Exclude: "ann", ExcludeUntil: after(130),
	})
	if s.c.Exclusion == nil || s.c.Exclusion.Agent != "ann" {
		t.Errorf("exclusion %v", s.c.Exclusion)
	}
	s.now = after(130)
	want(t, s.tick(), conversation.ExclusionOver{Conversation: 1, Agent: "ann"})
	// Nobody else is there: a second seat, and two reasons.
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})
	s.stands("active ann: ann=wrapping-up ann=active")
	s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
	s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"})
	s.stands("ended: ann=closed ann=wrapping-up")
	if got := names(s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "solved"})); got != "SeatEnded Completed" {
		t.Errorf("events are %s", got)
	}
}

func TestE29TransferToSelf(t *testing.T) {
	s := active(t)
	s.refuse(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "ann"}, conversation.ErrSelf)
	s.refuse(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann"}, conversation.ErrCommand)
	s.refuse(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann"}, conversation.ErrCommand)
	if r := s.refuse(self("bob"), conversation.TransferToAgent{Conversation: 1, Agent: "bob", To: "carl"}, conversation.ErrNotOwner); r.Holder != "ann" {
		t.Errorf("held by %q, want ann", r.Holder)
	}
	opened(t).refuse(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "x"}, conversation.ErrState)
}

func TestE31CustomerEndsDuringTheTransfer(t *testing.T) {
	s := sentToBob(t)
	want(t, s.do(engine, conversation.Hangup{Channel: "messenger", Source: "page", Customer: "cust"}),
		byTransfer(conversation.Withdrawn, time.Time{}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedByCustomer})
	s.stands("ended: ann=wrapping-up") // and still owes a reason
	want(t, s.do(self("ann"), conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"}),
		conversation.SeatEnded{Conversation: 1, Agent: "ann", Seat: 1, Reason: salesPolicy.Reasons[1], Cause: conversation.CloseSubmitted},
		conversation.Completed{Conversation: 1, Until: after(100).Add(time.Hour)})
}

func TestE32HopLimit(t *testing.T) {
	s := active(t)
	owner, other := agent.ID("ann"), agent.ID("bob")
	s.rules.MaxHops = 3
	for range 3 {
		s.do(self(owner), conversation.TransferToAgent{Conversation: 1, Agent: owner, To: other})
		s.do(self(other), conversation.Accept{Conversation: 1, Agent: other})
		owner, other = other, owner
	}
	s.refuse(self(owner), conversation.TransferToAgent{Conversation: 1, Agent: owner, To: other}, conversation.ErrHops)
	s.refuse(self(owner), conversation.TransferToQueue{Conversation: 1, Agent: owner, Queue: "x"}, conversation.ErrHops)
	s.do(self(owner), conversation.End{Conversation: 1, Agent: owner})
}

func TestE51TransferOfAConference(t *testing.T) {
	s := invited(t)
	s.refuse(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "x"}, conversation.ErrInvitePending)
	s.refuse(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "carl"}, conversation.ErrInvitePending)
	s = conference(t)
	s.refuse(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "x"}, conversation.ErrState)
	s.refuse(self("bob"), conversation.TransferToQueue{Conversation: 1, Agent: "bob", Queue: "x"}, conversation.ErrNotOwner)
}
