package agent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

func TestApply(t *testing.T) {
	at := t0.Add(time.Hour)
	before := agent.Agent{
		ID: "ann", State: agent.Available, Since: t0, By: ann, Cause: agent.ByRequest,
		Pending: true, PendingReason: "lunch", Misses: 2,
		Sessions: []string{"s1", "s2"}, Watched: true, Place: 4,
		Attributes: agent.Attributes{"team": "red"},
	}
	tests := map[string]struct {
		event agent.Event
		want  func(a *agent.Agent)
	}{
		"rona": {agent.StateChanged{Agent: "ann", State: agent.RONA, Cause: agent.Missed, Misses: 3, Return: at.Add(1)}, func(a *agent.Agent) {
			a.State, a.Since, a.By, a.Cause, a.Misses = agent.RONA, at, supervisor, agent.Missed, 3
			a.Pending, a.PendingReason = false, ""
			a.Return = agent.Deadline{At: at.Add(1), Set: 9}
		}},
		"idle": {agent.StateChanged{Agent: "ann", State: agent.Idle, Reason: "lunch", Cause: agent.SeatsClosed, Misses: 2}, func(a *agent.Agent) {
			a.State, a.Reason, a.Since, a.By, a.Cause = agent.Idle, "lunch", at, supervisor, agent.SeatsClosed
			a.Pending, a.PendingReason = false, ""
		}},
		"available goes to the tail": {agent.StateChanged{Agent: "ann", State: agent.Available, Cause: "host", Misses: 2}, func(a *agent.Agent) {
			a.Since, a.By, a.Cause, a.Place, a.Turn = at, supervisor, "host", 9, 9
			a.Pending, a.PendingReason = false, ""
		}},
		"signed out keeps the sessions": {agent.StateChanged{Agent: "ann", Cause: agent.Forced, Misses: 2}, func(a *agent.Agent) {
			a.State, a.Since, a.By, a.Cause, a.Misses = agent.SignedOut, at, supervisor, agent.Forced, 0
			a.Pending, a.PendingReason = false, ""
		}},
		"pending":                  {agent.IdlePending{Agent: "ann", Reason: "school"}, func(a *agent.Agent) { a.PendingReason = "school" }},
		"cancelled":                {agent.IdleCancelled{Agent: "ann"}, func(a *agent.Agent) { a.Pending, a.PendingReason = false, "" }},
		"connected":                {agent.Connected{Agent: "ann", Session: "s3"}, func(a *agent.Agent) { a.Sessions = []string{"s1", "s2", "s3"} }},
		"dropped":                  {agent.Dropped{Agent: "ann", Session: "s1"}, func(a *agent.Agent) { a.Sessions = []string{"s2"} }},
		"dropped with grace":       {agent.Dropped{Agent: "ann", Session: "s1", Grace: at}, func(a *agent.Agent) { a.Sessions, a.Grace = []string{"s2"}, agent.Deadline{At: at, Set: 9} }},
		"grace restarted":          {agent.GraceRestarted{Agent: "ann", Grace: at}, func(a *agent.Agent) { a.Grace = agent.Deadline{At: at, Set: 9} }},
		"attributes":               {agent.AttributesSet{Agent: "ann", Set: agent.Attributes{"desk": "4", "team": ""}}, func(a *agent.Agent) { a.Attributes = agent.Attributes{"desk": "4"} }},
		"attributes all gone":      {agent.AttributesSet{Agent: "ann", Set: agent.Attributes{"team": ""}}, func(a *agent.Agent) { a.Attributes = nil }},
		"no event":                 {nil, func(*agent.Agent) {}},
		"a nil pointer":            {(*agent.Dropped)(nil), func(*agent.Agent) {}},
		"of another: state":        {agent.StateChanged{Agent: "bob"}, func(*agent.Agent) {}},
		"of another: pending":      {agent.IdlePending{Agent: "bob"}, func(*agent.Agent) {}},
		"of another: cancelled":    {agent.IdleCancelled{Agent: "bob"}, func(*agent.Agent) {}},
		"of another: connected":    {agent.Connected{Agent: "bob", Session: "s3"}, func(*agent.Agent) {}},
		"of another: dropped":      {agent.Dropped{Agent: "bob", Session: "s1"}, func(*agent.Agent) {}},
		"of another: grace":        {agent.GraceRestarted{Agent: "bob", Grace: at}, func(*agent.Agent) {}},
		"of another: attributes":   {agent.AttributesSet{Agent: "bob", Set: agent.Attributes{"team": ""}}, func(*agent.Agent) {}},
		"dropped, session unknown": {agent.Dropped{Agent: "ann", Session: "s9"}, func(*agent.Agent) {}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, want := before, before
			tt.want(&want)
			got.Apply(at, 9, supervisor, tt.event)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestApplyLeavesCopiesAlone(t *testing.T) {
	sessions := make([]string, 2, 8) // spare capacity, which must not be shared
	sessions[0], sessions[1] = "s1", "s2"
	a := agent.Agent{ID: "ann", State: agent.Idle, Sessions: sessions, Attributes: agent.Attributes{"team": "red"}}
	b := a
	a.Apply(t0, 1, ann, agent.Connected{Agent: "ann", Session: "a"})
	b.Apply(t0, 1, ann, agent.Connected{Agent: "ann", Session: "b"})
	c := b
	b.Apply(t0, 2, ann, agent.Dropped{Agent: "ann", Session: "s1"})
	b.Apply(t0, 3, ann, agent.AttributesSet{Agent: "ann", Set: agent.Attributes{"team": "blue"}})
	for _, tt := range []struct {
		name      string
		got, want []string
	}{
		{"a", a.Sessions, []string{"s1", "s2", "a"}},
		{"b", b.Sessions, []string{"s2", "b"}},
		{"c", c.Sessions, []string{"s1", "s2", "b"}},
		{"the first", sessions, []string{"s1", "s2"}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s has %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	if a.Attributes["team"] != "red" || b.Attributes["team"] != "blue" {
		t.Errorf("attributes %v and %v", a.Attributes, b.Attributes)
	}
}

func TestPlaceInTheLongestAvailableOrder(t *testing.T) {
	a := agent.Agent{ID: "ann", State: agent.Idle, Misses: 1}
	state := func(s agent.State) func(*agent.Agent, uint64) {
		return func(a *agent.Agent, seq uint64) {
			a.Apply(t0, seq, ann, agent.StateChanged{Agent: "ann", State: s, Misses: a.Misses})
		}
	}
	// Turn is the place in a rotation: a break does not cost it, and neither
	// does a closed seat.
	for i, tt := range []struct {
		name        string
		do          func(*agent.Agent, uint64)
		place, turn uint64
		misses      int
	}{
		{"available", state(agent.Available), 1, 1, 1},
		{"offered", (*agent.Agent).Offered, 2, 2, 1},
		{"took", (*agent.Agent).Took, 2, 2, 0},
		{"seat closed", (*agent.Agent).SeatClosed, 4, 2, 0},
		{"idle", state(agent.Idle), 4, 2, 0},
		{"available again", state(agent.Available), 6, 2, 0},
		{"signed out", state(agent.SignedOut), 6, 0, 0},
		{"available the next day", state(agent.Available), 8, 8, 0},
	} {
		tt.do(&a, uint64(i+1))
		if a.Place != tt.place || a.Turn != tt.turn || a.Misses != tt.misses {
			t.Errorf("%s: place %d, turn %d, misses %d; want %d, %d, %d",
				tt.name, a.Place, a.Turn, a.Misses, tt.place, tt.turn, tt.misses)
		}
	}
}
