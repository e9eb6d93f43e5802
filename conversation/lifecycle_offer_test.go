package conversation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

func TestOfferAndAccept(t *testing.T) {
	s := opened(t)
	s.now = after(5)
	why := &conversation.Decision{Strategy: "longest-available", Eligible: 1}
	want(t, s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann", Decision: why}),
		conversation.OfferMade{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Queue: "sales", Deadline: after(65), Decision: why})
	s.stands("offered")
	s.refuse(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"}, conversation.ErrState)

	s.now = after(64)
	want(t, s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"}),
		conversation.Accepted{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Seat: 1, Queue: "sales"})
	s.stands("active ann: ann=active")

	wanted := conversation.Conversation{
		ID: 1, Channel: "messenger", Source: "page", Customer: "cust", State: conversation.Active,
		Medium: conversation.Social, Queue: "sales", Priority: 5, ArrivedAt: start, WaitingSince: start, Owner: 1,
		Seats: []conversation.Seat{{No: 1, Agent: "ann", State: conversation.SeatActive, Queue: "sales", Accepted: after(64)}},
	}
	if diff := cmp.Diff(wanted, s.c); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestE1AcceptAfterTheDeadline(t *testing.T) {
	for _, fired := range []bool{false, true} {
		s := opened(t)
		s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
		s.now = after(61)
		if fired {
			s.tick()
		}
		s.refuse(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"}, conversation.ErrOfferExpired)
		s.refuse(self("ann"), conversation.Decline{Conversation: 1, Agent: "ann"}, conversation.ErrOfferExpired)
		s.refuse(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}, conversation.ErrNotOffered)
		if !fired {
			continue
		}
		// Once another agent was asked, it is simply not offered.
		s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
		s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"})
		s.refuse(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"}, conversation.ErrNotOffered)
	}
}

func TestE2AcceptAtTheDeadline(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.now = after(60)
	s.refuse(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"}, conversation.ErrOfferExpired)
	want(t, s.do(engine, conversation.Tick{Conversation: 1}), conversation.OfferEnded{
		Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Outcome: conversation.Expired, ExcludeUntil: after(90),
	})
	s.stands("queued")
	if !s.c.WaitingSince.Equal(start) || s.c.Queue != "sales" {
		t.Errorf("the place is %s since %v, want the old one", s.c.Queue, s.c.WaitingSince)
	}

	s = opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.now = after(60).Add(-1)
	want(t, s.do(engine, conversation.Tick{Conversation: 1}))
	s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})
}

func TestE3AcceptTwice(t *testing.T) {
	s := active(t)
	want(t, s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})) // the second tab
	refused := s.refuse(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}, conversation.ErrNotOffered)
	wanted := &conversation.Refusal{
		Command: "Accept", Conversation: 1, Agent: "bob", State: conversation.Active, Holder: "ann", Err: conversation.ErrNotOffered,
	}
	if refused.Error() != wanted.Error() {
		t.Errorf("refused with %q, want %q", refused, wanted)
	}
	// With an invitation pending it is still a success, and after the seat is gone no more.
	s.do(self("ann"), conversation.Invite{Conversation: 1, Agent: "ann", To: "bob"})
	want(t, s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"}))
	s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
	s.refuse(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"}, conversation.ErrNotOffered)
}

func TestE4OneOfferAtATime(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.refuse(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"}, conversation.ErrState)
	s.refuse(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"}, conversation.ErrNotOffered)
	s.refuse(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"}, conversation.ErrNotOffered)
	s.stands("offered")
}

func TestE5CustomerLeavesDuringTheOffer(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	want(t, s.do(agent.Actor{Role: agent.Customer}, conversation.Hangup{Channel: "messenger", Source: "page", Customer: "cust"}),
		conversation.OfferEnded{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Outcome: conversation.Withdrawn},
		conversation.Ending{Conversation: 1, Cause: conversation.EndedByCustomer},
		conversation.Completed{Conversation: 1, Until: start.Add(time.Hour)})
	s.stands("ended")
}

func TestE6E7WithdrawnOfferBlamesNobody(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	want(t, s.do(engine, conversation.EndOffer{Conversation: 1, Outcome: conversation.Withdrawn}),
		conversation.OfferEnded{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Outcome: conversation.Withdrawn})
	s.stands("queued")
	if s.c.Exclusion != nil || s.c.Lapsed != nil {
		t.Errorf("exclusion %v, lapsed %v, want none", s.c.Exclusion, s.c.Lapsed)
	}
	s.refuse(engine, conversation.EndOffer{Conversation: 1, Outcome: conversation.Withdrawn}, conversation.ErrNotOffered)
	s.refuse(engine, conversation.EndOffer{Conversation: 1, Outcome: conversation.Declined}, conversation.ErrCommand)
}

func TestE10DeclineKeepsThePlaceAndCoolsDown(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.now = after(10)
	want(t, s.do(self("ann"), conversation.Decline{Conversation: 1, Agent: "ann", Reason: "lunch"}), conversation.OfferEnded{
		Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Outcome: conversation.Declined, Reason: "lunch", ExcludeUntil: after(40),
	})
	wanted := &conversation.Exclusion{Agent: "ann", Until: agent.Deadline{At: after(40), Set: s.seq}}
	if diff := cmp.Diff(wanted, s.c.Exclusion); diff != "" || !s.c.WaitingSince.Equal(start) {
		t.Errorf("waits since %v, exclusion (-want +got):\n%s", s.c.WaitingSince, diff)
	}
	// Declined is not lapsed.
	s.refuse(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"}, conversation.ErrNotOffered)
}

func TestE11E12ExclusionIsNeverForEver(t *testing.T) {
	decline := func(s *story, who agent.ID) {
		s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: who})
		s.do(self(who), conversation.Decline{Conversation: 1, Agent: who})
	}
	t.Run("until the cooldown is over", func(t *testing.T) {
		s := opened(t)
		s.rules.Cooldown = 10 * time.Second
		decline(s, "ann")
		s.now = after(10).Add(-1)
		want(t, s.tick())
		s.now = after(10)
		want(t, s.tick(), conversation.ExclusionOver{Conversation: 1, Agent: "ann"})
		if s.c.Exclusion != nil {
			t.Error("still excluded")
		}
	})
	t.Run("until another agent was tried", func(t *testing.T) {
		s := opened(t)
		decline(s, "ann")
		s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
		if s.c.Exclusion != nil {
			t.Error("still excluded although bob was tried")
		}
		s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"})
		if s.c.Exclusion.Agent != "bob" {
			t.Errorf("excluded is %q", s.c.Exclusion.Agent)
		}
		s.stands("queued") // and stays there, whoever declines
	})
}

func TestDeclineReasonIsBounded(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	for _, reason := range []string{string(make([]byte, conversation.MaxReason+1)), "\xff"} {
		s.refuse(self("ann"), conversation.Decline{Conversation: 1, Agent: "ann", Reason: reason}, conversation.ErrCommand)
	}
	s.do(self("ann"), conversation.Decline{Conversation: 1, Agent: "ann", Reason: string(make([]byte, conversation.MaxReason))})
}

func TestRequeue(t *testing.T) {
	move := conversation.Requeue{Conversation: 1, Wait: conversation.Wait{Queue: "night"}, Cause: conversation.MovedDrain}
	moved := conversation.Moved{Conversation: 1, Wait: conversation.Wait{Queue: "night", Since: start}, Cause: conversation.MovedDrain}

	s := opened(t)
	s.now = after(5)
	want(t, s.do(engine, move), moved)
	if s.c.Queue != "night" || !s.c.WaitingSince.Equal(start) {
		t.Errorf("waits in %s since %v", s.c.Queue, s.c.WaitingSince)
	}

	s = opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	want(t, s.do(engine, move),
		conversation.OfferEnded{Conversation: 1, Agent: "ann", Kind: conversation.FromQueue, Outcome: conversation.Withdrawn}, moved)
	s.stands("queued")
	s.refuse(engine, conversation.Requeue{Conversation: 1}, conversation.ErrCommand)

	active(t).refuse(engine, move, conversation.ErrState)
}

func TestOfferRestarted(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.apply(conversation.OfferRestarted{Conversation: 1, Agent: "bob", Deadline: after(500)}) // not asked
	s.apply(conversation.OfferRestarted{Conversation: 1, Agent: "ann", Deadline: after(400)})
	s.now = after(399)
	s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})
}

// TestWhoMayAsk: agents for themselves, supervisors for any, others not.
func TestWhoMayAsk(t *testing.T) {
	accept := conversation.Accept{Conversation: 1, Agent: "ann"}
	for _, tt := range []struct {
		by   agent.Actor
		cmd  conversation.Command
		want error
	}{
		{self("ann"), accept, nil},
		{engine, accept, nil},
		{boss, accept, nil},
		{agent.Actor{Role: agent.Administrator}, accept, nil},
		{self("bob"), accept, conversation.ErrNotAllowed},
		{agent.Actor{Role: agent.Customer, ID: "ann"}, accept, conversation.ErrNotAllowed},
		{agent.Actor{Role: agent.Bot, ID: "ann"}, accept, conversation.ErrNotAllowed},
		{agent.Actor{Role: agent.Platform}, accept, conversation.ErrNotAllowed},
		{agent.Actor{Role: 200}, accept, conversation.ErrNotAllowed},
		{self(""), conversation.Accept{Conversation: 1}, conversation.ErrCommand},
		{boss, conversation.Accept{Conversation: 1}, conversation.ErrCommand},
		{self("ann"), conversation.Accept{Conversation: 2, Agent: "ann"}, conversation.ErrCommand},
		{engine, conversation.Tick{}, conversation.ErrCommand},
		{self("ann"), &accept, conversation.ErrCommand},
		{self("ann"), (*conversation.Accept)(nil), conversation.ErrCommand},
		{self("ann"), struct{ conversation.Command }{}, conversation.ErrCommand},
		{self("ann"), nil, conversation.ErrCommand},
	} {
		s := opened(t)
		s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
		if tt.want == nil {
			s.do(tt.by, tt.cmd)
		} else if r := s.refuse(tt.by, tt.cmd, tt.want); r.Command == "" {
			t.Errorf("%T: the refusal names no command", tt.cmd)
		}
	}
}
