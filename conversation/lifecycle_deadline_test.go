package conversation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// deadlines returns a story in which c1 has every deadline of waiting.
func deadlines(t testing.TB) *story {
	s := &story{t: t, now: start}
	s.apply(conversation.Opened{
		Conversation: 1, Source: "page", Customer: "cust", Priority: 5,
		Wait: conversation.Wait{Queue: "sales", Max: after(300), Relax: after(60)},
		Needs: []conversation.Need{
			{Skill: "czech", Level: 8, Steps: []conversation.Relax{{After: time.Minute, Level: 5}, {After: 2 * time.Minute}}},
			{Skill: "sales", Level: 3, Steps: []conversation.Relax{{After: 2 * time.Minute, Level: 1}}},
		},
		Preferred: "ann", PreferUntil: after(60),
	})
	return s
}

func TestWaitingDeadlines(t *testing.T) {
	s := deadlines(t)
	s.rules.Wait = conversation.Wait{Queue: "night", Max: after(900)}
	for _, tt := range []struct {
		at   int
		want []conversation.Event
	}{
		{59, nil},
		// Both were set by the same event: the order is that of the kinds.
		{60, []conversation.Event{
			conversation.NeedsRelaxed{Conversation: 1, Relaxed: 1, Next: after(120)},
			conversation.PreferenceDropped{Conversation: 1, Agent: "ann"},
		}},
		{119, nil},
		{120, []conversation.Event{conversation.NeedsRelaxed{Conversation: 1, Relaxed: 2}}},
		{299, nil},
		{300, []conversation.Event{conversation.Moved{
			Conversation: 1, Wait: conversation.Wait{Queue: "night", Since: start, Max: after(900)},
			Cause: conversation.MovedOverflow, Visited: true,
		}}},
		// Never back to where it has been: it stays.
		{900, []conversation.Event{conversation.Moved{
			Conversation: 1, Wait: conversation.Wait{Queue: "night", Since: start}, Cause: conversation.MovedNoOverflow,
		}}},
		{9999, nil},
	} {
		s.now = after(tt.at)
		if tt.at == 900 {
			s.rules.Wait.Queue = "sales"
		}
		want(t, s.tick(), tt.want...)
	}
	if diff := cmp.Diff([]conversation.QueueID{"sales"}, s.c.Visited); diff != "" || s.c.Relaxing.Steps != 2 {
		t.Errorf("relaxed %+v, visited (-want +got):\n%s", s.c.Relaxing, diff)
	}
}

func TestNoOverflowQueue(t *testing.T) {
	s := deadlines(t)
	s.now = after(300)
	events := s.tick()
	want(t, events[len(events)-1:], conversation.Moved{
		Conversation: 1, Wait: conversation.Wait{Queue: "sales", Since: start}, Cause: conversation.MovedNoOverflow,
	})
}

// The offer stands when the maximum wait is over; the overflow follows if it fails.
func TestMaxWaitPassesWhileOffered(t *testing.T) {
	s := deadlines(t)
	s.rules.Wait = conversation.Wait{Queue: "night"}
	s.now = after(299)
	s.tick()
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
	s.now = after(301)
	want(t, s.tick())
	if got := names(s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"})) + " " + names(s.tick()); got != "OfferEnded Moved" {
		t.Errorf("events are %s", got)
	}
	if s.c.Queue != "night" || s.c.Exclusion == nil {
		t.Errorf("waits in %s, exclusion %v", s.c.Queue, s.c.Exclusion)
	}
}

// A transfer to a queue begins relaxation and overflow again, and drops the
// preferred agent; taking it back restores the age.
func TestTransferRestartsWaiting(t *testing.T) {
	s := deadlines(t)
	s.now = after(70)
	s.tick()
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
	s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})
	if s.c.Relaxing.Steps != 1 || s.c.MaxWait.Pending() || s.c.Preference != nil {
		t.Errorf("relaxed %+v, max wait %v, preference %v", s.c.Relaxing, s.c.MaxWait, s.c.Preference)
	}
	s.now = after(1000)
	s.c.Visited = []conversation.QueueID{"night"}
	s.do(self("bob"), conversation.TransferToQueue{Conversation: 1, Agent: "bob", Queue: "billing"})
	if s.c.Relaxing.Steps != 0 || !s.c.Relaxing.Next.At.Equal(after(1060)) || len(s.c.Visited) > 0 {
		t.Errorf("relaxed %+v, visited %v", s.c.Relaxing, s.c.Visited)
	}
	s.do(self("bob"), conversation.CancelTransfer{Conversation: 1, Agent: "bob"})
	if !s.c.WaitingSince.Equal(start) || !s.c.Relaxing.Next.At.Equal(after(60)) {
		t.Errorf("waited since %v, next step at %v", s.c.WaitingSince, s.c.Relaxing.Next.At)
	}
}

func TestNext(t *testing.T) {
	type next struct {
		At   time.Time
		What string
		Seat int
	}
	look := func(s *story) next {
		d, what, seat := s.c.Next()
		return next{d.At, what.String(), seat}
	}
	check := func(got, want next) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("next (-want +got):\n%s", diff)
		}
	}
	s := deadlines(t)
	check(look(s), next{after(60), "relax", 0})
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
	check(look(s), next{after(60), "offer", 0}) // what concerns waiting does not count now
	s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"})
	check(look(s), next{after(30), "exclusion", 0})
	s.now = after(31)
	s.do(engine, conversation.Tick{Conversation: 1})
	s.c.Relaxing = nil
	check(look(s), next{after(60), "preference", 0})
	s.c.Preference = nil
	check(look(s), next{after(300), "max-wait", 0})

	check(look(active(t)), next{})
	s = wrapping(t)
	check(look(s), next{after(120), "wrap-up", 1})
	s.c.Lane = &conversation.Lane{No: 1, Retry: agent.Deadline{At: after(3), Set: 1}}
	check(look(s), next{after(3), "retry", 0})
	s.now = after(3)
	events, err := conversation.Decide(&s.c, s.now, engine, conversation.Tick{Conversation: 1}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, events, conversation.SendDue{Conversation: 1, No: 1})

	// Equal instants: the event that came first.
	s = sentToBob(t)
	s.c.Offer = &conversation.Offer{Agent: "bob", Kind: conversation.ByTransfer, Deadline: agent.Deadline{At: after(220), Set: 99}}
	check(look(s), next{after(220), "wrap-up", 1})
	s.c.Offer.Deadline.Set = 1
	check(look(s), next{after(220), "offer", 0})
	if got := conversation.Due(99).String(); got != "unknown" {
		t.Errorf("Due(99) is %q", got)
	}
}

func TestRelaxation(t *testing.T) {
	needs := []conversation.Need{
		{Skill: "czech", Level: 8, Steps: []conversation.Relax{{After: time.Minute, Level: 5}, {After: 2 * time.Minute, Level: 0}}},
		{Skill: "sales", Level: 3, Steps: []conversation.Relax{{After: 3 * time.Minute, Level: 1}, {After: time.Minute, Level: 2}}},
		{Skill: "fixed", Level: 1},
	}
	for _, tt := range []struct {
		steps int
		next  time.Time
		want  []conversation.Need
	}{
		{-1, time.Time{}, []conversation.Need{{Skill: "czech", Level: 8}, {Skill: "sales", Level: 3}, {Skill: "fixed", Level: 1}}},
		{0, after(60), []conversation.Need{{Skill: "czech", Level: 8}, {Skill: "sales", Level: 3}, {Skill: "fixed", Level: 1}}},
		{1, after(120), []conversation.Need{{Skill: "czech", Level: 5}, {Skill: "sales", Level: 2}, {Skill: "fixed", Level: 1}}},
		{2, after(180), []conversation.Need{{Skill: "sales", Level: 2}, {Skill: "fixed", Level: 1}}},
		{3, time.Time{}, []conversation.Need{{Skill: "sales", Level: 1}, {Skill: "fixed", Level: 1}}},
		{9, time.Time{}, []conversation.Need{{Skill: "sales", Level: 1}, {Skill: "fixed", Level: 1}}},
	} {
		if got := conversation.RelaxAt(needs, start, tt.steps); !got.Equal(tt.next) {
			t.Errorf("after %d steps the next is at %v, want %v", tt.steps, got, tt.next)
		}
		if diff := cmp.Diff(tt.want, conversation.Relaxed(needs, tt.steps)); diff != "" {
			t.Errorf("after %d steps (-want +got):\n%s", tt.steps, diff)
		}
	}
	if got := conversation.Relaxed(needs[2:], 5); len(got) != 1 || got[0].Level != 1 {
		t.Errorf("without steps: %v", got)
	}
	if !conversation.RelaxAt(nil, start, 0).IsZero() || conversation.Relaxed(nil, 3) != nil {
		t.Error("no needs have a step")
	}
}
