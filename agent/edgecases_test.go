package agent_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

func TestE7IdleWhileOfferedIsNotRONA(t *testing.T) {
	s := newStory(t)
	s.available()
	// The caller has withdrawn the offer; whether it counts it still is the same.
	for _, offers := range []int{0, 1} {
		s.load = agent.Load{Offers: offers}
		s.do(ann, agent.MakeIdle{Agent: "ann", Reason: fmt.Sprint("lunch ", offers)})
		s.is(agent.Idle, fmt.Sprint("lunch ", offers))
		if s.a.Misses != 0 {
			t.Errorf("a withdrawn offer counts as a miss")
		}
		s.do(ann, agent.MakeAvailable{Agent: "ann"})
	}
}

func TestE8SignOutWhileOfferedIsRefused(t *testing.T) {
	s := newStory(t)
	s.available()
	s.load = agent.Load{Offers: 1}
	for _, by := range []agent.Actor{ann, supervisor, engine} {
		_, err := agent.Decide(&s.a, s.now, by, agent.SignOut{Agent: "ann"}, s.load, nil, nil)
		if !errors.Is(err, agent.ErrOffered) {
			t.Errorf("%v: %v, want ErrOffered", by, err)
		}
	}
	s.do(supervisor, agent.SignOut{Agent: "ann", Force: true})
	s.is(agent.SignedOut, "")
}

func TestE9MissWhileDisconnectedNamesTheCause(t *testing.T) {
	s := newStory(t)
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	s.available()
	s.do(ann, agent.Disconnect{Agent: "ann", Session: "desk"})
	if s.a.Ready() {
		t.Error("a disconnected agent is offered more")
	}
	s.load = agent.Load{Offers: 1}
	s.do(engine, agent.Miss{Agent: "ann"})
	s.is(agent.RONA, "")
	if s.a.Cause != agent.Disconnected || s.a.Misses != 1 {
		t.Errorf("cause %q after %d misses, want disconnected after 1", s.a.Cause, s.a.Misses)
	}
}

func TestE13SeveralOffersMissedAreOneRONA(t *testing.T) {
	s := newStory(t)
	s.available()
	s.load = agent.Load{Offers: 3}
	first := s.do(engine, agent.Miss{Agent: "ann"})
	second := s.do(engine, agent.Miss{Agent: "ann"})
	if len(first) != 1 || len(second) != 0 || s.a.Misses != 1 {
		t.Errorf("%d and %d events, %d misses; want 1, 0 and 1", len(first), len(second), s.a.Misses)
	}
}

func TestE14RONAWithLiveConversations(t *testing.T) {
	s := newStory(t)
	s.available()
	s.load = agent.Load{Live: 2, Wrapping: 1}
	s.do(engine, agent.Miss{Agent: "ann"})
	s.is(agent.RONA, "")
	if s.a.Ready() || s.a.Return.Pending() {
		t.Error("RONA without a policy must last until the agent leaves it")
	}
	s.do(ann, agent.MakeAvailable{Agent: "ann"})
	if !s.a.Ready() {
		t.Error("the agent has left RONA and is not ready")
	}
	// And with Idle asked for in RONA, seats do not make it wait.
	s.do(engine, agent.Miss{Agent: "ann"})
	s.do(ann, agent.MakeIdle{Agent: "ann", Reason: "lunch"})
	s.is(agent.Idle, "lunch")
}

func TestE15MissesInARow(t *testing.T) {
	s := newStory(t)
	s.policy = &agent.Policy{MissesToIdle: 2, MissedReason: "asleep"}
	s.available()
	again := func() { s.do(ann, agent.MakeAvailable{Agent: "ann"}) }
	miss := func() { s.do(engine, agent.Miss{Agent: "ann"}) }

	miss()
	s.is(agent.RONA, "")
	again()
	s.seq++
	s.a.Took(s.seq) // an accepted offer between: no longer in a row
	miss()
	s.is(agent.RONA, "")
	again()
	s.load = agent.Load{Live: 1} // forced Idle does not wait for seats
	miss()
	s.is(agent.Idle, "asleep")
	if s.a.Cause != agent.MissedOften || s.a.Misses != 2 {
		t.Errorf("cause %q after %d misses", s.a.Cause, s.a.Misses)
	}
	again()
	miss() // still in a row
	s.is(agent.Idle, "asleep")
	s.load = agent.Load{}
	s.do(ann, agent.SignOut{Agent: "ann"})
	s.do(ann, agent.SignIn{Agent: "ann"})
	again()
	miss() // a new day
	s.is(agent.RONA, "")
}

func TestE60IdleInWrapUpIsPending(t *testing.T) {
	s := newStory(t)
	s.available()
	since, place := s.a.Since, s.a.Place
	s.load = agent.Load{Wrapping: 1}
	s.do(ann, agent.MakeIdle{Agent: "ann", Reason: "lunch"})
	s.is(agent.Available, "")
	if s.a.Ready() {
		t.Error("an agent about to be Idle is offered more")
	}
	if s.a.Since != since || s.a.Place != place {
		t.Error("asking for Idle moved Since or Place")
	}
	s.do(engine, agent.Settle{Agent: "ann"})
	s.is(agent.Available, "")
	s.load = agent.Load{}
	s.pass(time.Minute)
	s.do(engine, agent.Settle{Agent: "ann"})
	s.is(agent.Idle, "lunch")
	if s.a.Cause != agent.SeatsClosed || s.a.Pending || s.a.PendingReason != "" || s.a.Since != s.now {
		t.Errorf("after the last seat: %+v", s.a)
	}
}

func TestE61SignOutInWrapUp(t *testing.T) {
	s := newStory(t)
	s.available()
	s.load = agent.Load{Wrapping: 2}
	s.do(ann, agent.SignOut{Agent: "ann"})
	s.is(agent.SignedOut, "")
}

func TestE67GraceOver(t *testing.T) {
	s := newStory(t)
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	s.available()
	s.load = agent.Load{Offers: 1, Live: 2} // whatever it holds
	s.do(ann, agent.Disconnect{Agent: "ann", Session: "desk"})
	over := s.now.Add(agent.DefaultGrace)
	if diff := cmp.Diff(agent.Deadline{At: over, Set: s.seq}, s.a.Next()); diff != "" {
		t.Fatalf("next (-want +got):\n%s", diff)
	}
	s.now = over.Add(-1)
	s.do(engine, agent.Tick{Agent: "ann"})
	s.is(agent.Available, "")
	s.now = over
	s.do(engine, agent.Tick{Agent: "ann"})
	s.is(agent.SignedOut, "")
	if s.a.Cause != agent.Disconnected || s.a.Next().Pending() {
		t.Errorf("after the grace: %+v", s.a)
	}
}

func TestE67SignInWithoutConnectingEndsToo(t *testing.T) {
	s := newStory(t)
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	s.do(ann, agent.Disconnect{Agent: "ann", Session: "desk"})
	if s.a.Next().Pending() {
		t.Error("a grace time runs for an agent who is signed out")
	}
	s.available()
	if s.a.Ready() {
		t.Error("an agent who cannot be reached is ready")
	}
	s.do(engine, agent.Tick{Agent: "ann"}) // two minutes later
	s.is(agent.SignedOut, "")
	s.do(ann, agent.SignIn{Agent: "ann"})
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	if s.a.Next().Pending() {
		t.Error("the grace time runs on although the agent connected")
	}
}

func TestE68BackWithinGrace(t *testing.T) {
	s := newStory(t)
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	s.available()
	before := s.a
	s.do(ann, agent.Disconnect{Agent: "ann", Session: "desk"})
	s.pass(agent.DefaultGrace - 1)
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	if diff := cmp.Diff(before, s.a); diff != "" {
		t.Errorf("the agent came back changed (-before +after):\n%s", diff)
	}
	s.pass(time.Hour)
	if got := s.do(engine, agent.Tick{Agent: "ann"}); len(got) != 0 {
		t.Errorf("the grace time passed all the same: %v", got)
	}
}

func TestE69TwoSessions(t *testing.T) {
	s := newStory(t)
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	s.do(ann, agent.Connect{Agent: "ann", Session: "phone"})
	s.available()
	since, place := s.a.Since, s.a.Place
	s.do(ann, agent.Disconnect{Agent: "ann", Session: "desk"})
	s.do(ann, agent.Disconnect{Agent: "ann", Session: "desk"})
	if !s.a.Ready() || s.a.Next().Pending() || s.a.Since != since || s.a.Place != place {
		t.Errorf("one of two sessions gone: %+v", s.a)
	}
	s.do(ann, agent.Disconnect{Agent: "ann", Session: "phone"})
	if s.a.Ready() || !s.a.Next().Pending() {
		t.Errorf("both sessions gone: %+v", s.a)
	}
	// An explicit choice wins: a session that comes does not change the state.
	s.do(ann, agent.MakeIdle{Agent: "ann", Reason: "lunch"})
	s.do(ann, agent.Connect{Agent: "ann", Session: "desk"})
	s.is(agent.Idle, "lunch")
}

func TestE70AvailableTwice(t *testing.T) {
	s := newStory(t)
	s.available()
	before := s.a
	s.pass(time.Hour)
	if got := s.do(supervisor, agent.MakeAvailable{Agent: "ann"}); len(got) != 0 {
		t.Errorf("events: %v", got)
	}
	if diff := cmp.Diff(before, s.a); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

func TestE71PendingIdleCancelled(t *testing.T) {
	s := newStory(t)
	s.available()
	s.load = agent.Load{Live: 1}
	before := s.a
	s.pass(time.Hour)
	s.do(ann, agent.MakeIdle{Agent: "ann", Reason: "lunch"})
	s.do(ann, agent.MakeAvailable{Agent: "ann"})
	if diff := cmp.Diff(before, s.a); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	s.load = agent.Load{}
	s.do(engine, agent.Settle{Agent: "ann"})
	s.is(agent.Available, "")
	// And the other way round: the last intent wins.
	s.load = agent.Load{Live: 1}
	s.do(ann, agent.MakeIdle{Agent: "ann", Reason: "lunch"})
	s.do(ann, agent.MakeAvailable{Agent: "ann"})
	s.do(ann, agent.MakeIdle{Agent: "ann", Reason: "school"})
	s.load = agent.Load{}
	s.do(engine, agent.Settle{Agent: "ann"})
	s.is(agent.Idle, "school")
}

func TestE72OnlyTheEngineSetsRONA(t *testing.T) {
	for role := agent.Self; role <= agent.Platform; role++ {
		a := agent.Agent{ID: "ann", State: agent.Available}
		got, err := agent.Decide(&a, t0, agent.Actor{Role: role, ID: "ann"}, agent.Miss{Agent: "ann"}, agent.Load{Offers: 1}, nil, nil)
		if !errors.Is(err, agent.ErrNotAllowed) || len(got) != 0 {
			t.Errorf("%v: %v, %v", role, got, err)
		}
	}
	for _, tr := range agent.Transitions() {
		if tr.To == agent.RONA && tr.Command != "Miss" {
			t.Errorf("%s leads to RONA", tr.Command)
		}
	}
}

func TestTickInTheOrderOfDeadlines(t *testing.T) {
	back := agent.StateChanged{Agent: "ann", State: agent.Available, Cause: agent.Returned, Misses: 1}
	gone := agent.StateChanged{Agent: "ann", Cause: agent.Disconnected}
	at := func(s int, set uint64) agent.Deadline {
		return agent.Deadline{At: t0.Add(time.Duration(s) * time.Second), Set: set}
	}
	tests := map[string]struct {
		back, grace agent.Deadline
		next        agent.Deadline
		want        []agent.Event
	}{
		"return first":            {at(-2, 5), at(-1, 4), at(-2, 5), []agent.Event{back, gone}},
		"grace first":             {at(-1, 4), at(-2, 5), at(-2, 5), []agent.Event{gone}},
		"equal, return set first": {at(0, 4), at(0, 5), at(0, 4), []agent.Event{back, gone}},
		"equal, grace set first":  {at(0, 5), at(0, 4), at(0, 4), []agent.Event{gone}},
		"only the return due":     {at(0, 5), at(1, 4), at(0, 5), []agent.Event{back}},
		"only the grace due":      {at(1, 4), at(0, 5), at(0, 5), []agent.Event{gone}},
		"no return":               {agent.Deadline{}, at(0, 5), at(0, 5), []agent.Event{gone}},
		"no grace":                {at(0, 5), agent.Deadline{}, at(0, 5), []agent.Event{back}},
		"nothing due":             {at(1, 4), at(1, 5), at(1, 4), nil},
		"nothing set":             {},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := agent.Agent{ID: "ann", State: agent.RONA, Misses: 1, Watched: true, Return: tt.back, Grace: tt.grace}
			if diff := cmp.Diff(tt.next, a.Next()); diff != "" {
				t.Errorf("next (-want +got):\n%s", diff)
			}
			got, err := agent.Decide(&a, t0, engine, agent.Tick{Agent: "ann"}, agent.Load{Live: 1}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
