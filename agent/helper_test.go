package agent_test

import (
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// t0 is when the stories of these tests begin.
var t0 = time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)

var (
	engine     = agent.Actor{}
	ann        = agent.Actor{Role: agent.Self, ID: "ann"}
	supervisor = agent.Actor{Role: agent.Supervisor, ID: "sue"}
)

// story drives one agent as a caller would: it decides, applies and counts.
type story struct {
	t      *testing.T
	a      agent.Agent
	now    time.Time
	seq    uint64
	load   agent.Load
	policy *agent.Policy
}

func newStory(t *testing.T) *story {
	return &story{t: t, a: agent.Agent{ID: "ann"}, now: t0}
}

// do decides a command that must succeed, applies what follows and returns it.
func (s *story) do(by agent.Actor, cmd agent.Command) []agent.Event {
	s.t.Helper()
	events, err := agent.Decide(&s.a, s.now, by, cmd, s.load, s.policy, nil)
	if err != nil {
		s.t.Fatalf("%#v: %v", cmd, err)
	}
	for _, e := range events {
		s.seq++
		s.a.Apply(s.now, s.seq, by, e)
	}
	return events
}

// available signs the agent in and makes it Available, a minute later each.
func (s *story) available() {
	s.t.Helper()
	s.do(ann, agent.SignIn{Agent: "ann"})
	s.pass(time.Minute)
	s.do(ann, agent.MakeAvailable{Agent: "ann"})
	s.pass(time.Minute)
}

func (s *story) pass(d time.Duration) { s.now = s.now.Add(d) }

// is checks the state and the reason.
func (s *story) is(state agent.State, reason string) {
	s.t.Helper()
	if s.a.State != state || s.a.Reason != reason {
		s.t.Fatalf("the agent is %v %q, want %v %q", s.a.State, s.a.Reason, state, reason)
	}
}
