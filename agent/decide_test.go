package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

func TestDecide(t *testing.T) {
	const id = agent.ID("ann")
	var (
		out       = agent.Agent{ID: id}
		idle      = agent.Agent{ID: id, State: agent.Idle, Reason: "lunch", Misses: 2}
		available = agent.Agent{ID: id, State: agent.Available, Misses: 2}
		pending   = agent.Agent{ID: id, State: agent.Available, Pending: true, PendingReason: "lunch"}
		rona      = agent.Agent{ID: id, State: agent.RONA, Misses: 1, Return: agent.Deadline{At: t0, Set: 7}}
		seated    = agent.Load{Live: 1}
		wrapping  = agent.Load{Wrapping: 1}
		offered   = agent.Load{Offers: 1}
		both      = agent.Load{Offers: 1, Live: 1}
	)
	with := func(a agent.Agent, sessions ...string) agent.Agent {
		a.Sessions, a.Watched = sessions, true
		return a
	}
	tests := map[string]struct {
		agent  agent.Agent
		by     agent.Actor
		cmd    agent.Command
		load   agent.Load
		policy *agent.Policy
		want   []agent.Event
		err    error
	}{
		"sign in": {agent: out, by: ann, cmd: agent.SignIn{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "signed in", Cause: agent.ByRequest}}},
		"sign in with the policy's reason": {agent: out, by: ann, cmd: agent.SignIn{Agent: id}, policy: &agent.Policy{SignInReason: "briefing"},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "briefing", Cause: agent.ByRequest}}},
		"sign in twice": {agent: available, by: ann, cmd: agent.SignIn{Agent: id}},
		"sign in before connecting again": {agent: with(out), by: ann, cmd: agent.SignIn{Agent: id}, policy: &agent.Policy{Grace: time.Minute},
			want: []agent.Event{
				agent.StateChanged{Agent: id, State: agent.Idle, Reason: "signed in", Cause: agent.ByRequest},
				agent.GraceRestarted{Agent: id, Grace: t0.Add(time.Minute)},
			}},
		"sign in while connected": {agent: with(out, "s1"), by: ann, cmd: agent.SignIn{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "signed in", Cause: agent.ByRequest}}},

		"sign out": {agent: available, by: ann, cmd: agent.SignOut{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, Cause: agent.ByRequest}}},
		"sign out with a pending idle": {agent: pending, by: ann, cmd: agent.SignOut{Agent: id}, load: wrapping,
			want: []agent.Event{agent.StateChanged{Agent: id, Cause: agent.ByRequest}}},
		"sign out twice": {agent: out, by: ann, cmd: agent.SignOut{Agent: id}},
		"sign out while offered": {agent: available, by: ann, cmd: agent.SignOut{Agent: id}, load: both,
			err: agent.ErrOffered},
		"sign out while engaged": {agent: rona, by: ann, cmd: agent.SignOut{Agent: id}, load: seated,
			err: agent.ErrEngaged},
		"sign out by the engine, while engaged": {agent: idle, cmd: agent.SignOut{Agent: id}, load: seated,
			err: agent.ErrEngaged},
		"sign out by the engine": {agent: idle, cmd: agent.SignOut{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, Cause: agent.Disconnected}}},
		"sign out by a supervisor": {agent: idle, by: supervisor, cmd: agent.SignOut{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, Cause: agent.ByRequest}}},
		"sign out by a supervisor, while engaged": {agent: idle, by: supervisor, cmd: agent.SignOut{Agent: id}, load: seated,
			err: agent.ErrEngaged},
		"forced sign out": {agent: available, by: supervisor, cmd: agent.SignOut{Agent: id, Force: true}, load: both,
			want: []agent.Event{agent.StateChanged{Agent: id, Cause: agent.Forced}}},
		"forced sign out by an administrator": {agent: rona, by: agent.Actor{Role: agent.Administrator}, cmd: agent.SignOut{Agent: id, Force: true}, load: seated,
			want: []agent.Event{agent.StateChanged{Agent: id, Cause: agent.Forced}}},
		"forced sign out by the engine": {agent: rona, cmd: agent.SignOut{Agent: id, Force: true}, load: both,
			want: []agent.Event{agent.StateChanged{Agent: id, Cause: agent.Disconnected}}},
		"forced sign out by the agent": {agent: available, by: ann, cmd: agent.SignOut{Agent: id, Force: true},
			err: agent.ErrNotAllowed},
		"forced sign out by a customer": {agent: out, by: agent.Actor{Role: agent.Customer}, cmd: agent.SignOut{Agent: id, Force: true},
			err: agent.ErrNotAllowed},
		"forced sign out by a bot": {agent: idle, by: agent.Actor{Role: agent.Bot}, cmd: agent.SignOut{Agent: id, Force: true},
			err: agent.ErrNotAllowed},
		"forced sign out, signed out": {agent: out, by: supervisor, cmd: agent.SignOut{Agent: id, Force: true}},

		"available while signed out": {agent: out, by: ann, cmd: agent.MakeAvailable{Agent: id}, err: agent.ErrState},
		"available from idle keeps the misses": {agent: idle, by: ann, cmd: agent.MakeAvailable{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Available, Cause: agent.ByRequest, Misses: 2}}},
		"available from rona": {agent: rona, by: ann, cmd: agent.MakeAvailable{Agent: id}, load: seated,
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Available, Cause: agent.ByRequest, Misses: 1}}},
		"available twice": {agent: available, by: ann, cmd: agent.MakeAvailable{Agent: id}},
		"available instead of idle ": {agent: pending, by: ann, cmd: agent.MakeAvailable{Agent: id}, load: seated,
			want: []agent.Event{agent.IdleCancelled{Agent: id}}},

		"idle while signed out": {agent: out, by: ann, cmd: agent.MakeIdle{Agent: id}, err: agent.ErrState},
		"idle": {agent: available, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "lunch"},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "lunch", Cause: agent.ByRequest, Misses: 2}}},
		"idle without a reason": {agent: available, by: ann, cmd: agent.MakeIdle{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Cause: agent.ByRequest, Misses: 2}}},
		"idle twice": {agent: idle, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "lunch"}, load: seated},
		"idle for another reason": {agent: idle, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "school"}, load: seated,
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "school", Cause: agent.ByRequest, Misses: 2}}},
		"idle while engaged": {agent: available, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "lunch"}, load: seated,
			want: []agent.Event{agent.IdlePending{Agent: id, Reason: "lunch"}}},
		"idle pending twice": {agent: pending, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "lunch"}, load: wrapping},
		"idle pending for another reason": {agent: pending, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "school"}, load: wrapping,
			want: []agent.Event{agent.IdlePending{Agent: id, Reason: "school"}}},
		"idle pending for the empty reason": {agent: available, by: ann, cmd: agent.MakeIdle{Agent: id}, load: wrapping,
			want: []agent.Event{agent.IdlePending{Agent: id}}},
		"idle pending, no seat left": {agent: pending, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "lunch"},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "lunch", Cause: agent.ByRequest}}},
		"idle from rona with live seats": {agent: rona, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "lunch"}, load: seated,
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "lunch", Cause: agent.ByRequest, Misses: 1}}},
		"idle with the longest reason": {agent: rona, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: strings.Repeat("x", agent.MaxReason)},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: strings.Repeat("x", agent.MaxReason), Cause: agent.ByRequest, Misses: 1}}},
		"idle with a longer reason": {agent: rona, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: strings.Repeat("x", agent.MaxReason+1)},
			err: agent.ErrReason},
		"idle with a broken reason": {agent: idle, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "\xff"},
			err: agent.ErrReason},
		"idle pending, broken": {agent: pending, by: ann, cmd: agent.MakeIdle{Agent: id, Reason: "\xff"}, load: seated,
			err: agent.ErrReason},
		"settle with a seat":     {agent: pending, cmd: agent.Settle{Agent: id}, load: seated},
		"settle in wrap-up":      {agent: pending, cmd: agent.Settle{Agent: id}, load: wrapping},
		"settle with an offer":   {agent: pending, cmd: agent.Settle{Agent: id}, load: offered},
		"settle without pending": {agent: available, cmd: agent.Settle{Agent: id}},
		"settle": {agent: pending, by: ann, cmd: agent.Settle{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "lunch", Cause: agent.SeatsClosed}}},

		"miss": {agent: available, cmd: agent.Miss{Agent: id}, load: seated,
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.RONA, Cause: agent.Missed, Misses: 3}}},
		"miss with a return": {agent: available, cmd: agent.Miss{Agent: id}, policy: &agent.Policy{ReturnAfter: time.Minute, MissesToIdle: 4},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.RONA, Cause: agent.Missed, Misses: 3, Return: t0.Add(time.Minute)}}},
		"miss with a negative policy": {agent: available, cmd: agent.Miss{Agent: id}, policy: &agent.Policy{ReturnAfter: -1, MissesToIdle: -1},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.RONA, Cause: agent.Missed, Misses: 3}}},
		"miss too often": {agent: available, cmd: agent.Miss{Agent: id}, policy: &agent.Policy{ReturnAfter: time.Minute, MissesToIdle: 3},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "missed", Cause: agent.MissedOften, Misses: 3}}},
		"miss too often, with the policy's reason": {agent: available, cmd: agent.Miss{Agent: id}, policy: &agent.Policy{MissesToIdle: 1, MissedReason: "asleep"},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Idle, Reason: "asleep", Cause: agent.MissedOften, Misses: 3}}},
		"miss while idle is pending": {agent: pending, cmd: agent.Miss{Agent: id}, load: seated,
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.RONA, Cause: agent.Missed, Misses: 1}}},
		"miss in rona":                  {agent: rona, cmd: agent.Miss{Agent: id}},
		"miss while idle":               {agent: idle, cmd: agent.Miss{Agent: id}},
		"miss while signed out":         {agent: out, cmd: agent.Miss{Agent: id}},
		"miss by the agent":             {agent: available, by: ann, cmd: agent.Miss{Agent: id}, err: agent.ErrNotAllowed},
		"miss by a supervisor, in rona": {agent: rona, by: supervisor, cmd: agent.Miss{Agent: id}, err: agent.ErrNotAllowed},

		"tick": {agent: rona, cmd: agent.Tick{Agent: id},
			want: []agent.Event{agent.StateChanged{Agent: id, State: agent.Available, Cause: agent.Returned, Misses: 1}}},
		"tick without a deadline": {agent: available, cmd: agent.Tick{Agent: id}},
		"tick, return left over":  {agent: agent.Agent{ID: id, State: agent.Idle, Return: agent.Deadline{At: t0}}, cmd: agent.Tick{Agent: id}},
		"tick, grace left over": {agent: agent.Agent{ID: id, State: agent.SignedOut, Grace: agent.Deadline{At: t0}, Watched: true},
			cmd: agent.Tick{Agent: id}},

		"connect": {agent: with(idle, "s1"), by: ann, cmd: agent.Connect{Agent: id, Session: "s2"},
			want: []agent.Event{agent.Connected{Agent: id, Session: "s2"}}},
		"connect while signed out": {agent: out, by: ann, cmd: agent.Connect{Agent: id, Session: strings.Repeat("s", agent.MaxSession)},
			want: []agent.Event{agent.Connected{Agent: id, Session: strings.Repeat("s", agent.MaxSession)}}},
		"connect twice":             {agent: with(idle, "s1"), by: ann, cmd: agent.Connect{Agent: id, Session: "s1"}},
		"connect without a session": {agent: idle, by: ann, cmd: agent.Connect{Agent: id}, err: agent.ErrSession},
		"connect with a long session": {agent: idle, by: ann, cmd: agent.Connect{Agent: id, Session: strings.Repeat("s", agent.MaxSession+1)},
			err: agent.ErrSession},
		"connect with a broken session": {agent: idle, by: ann, cmd: agent.Connect{Agent: id, Session: "\xc3"},
			err: agent.ErrSession},
		"connect too often": {agent: with(idle, many...), by: ann, cmd: agent.Connect{Agent: id, Session: "new"},
			err: agent.ErrSession},
		"connect the last of many": {agent: with(idle, many[1:]...), by: ann, cmd: agent.Connect{Agent: id, Session: "new"},
			want: []agent.Event{agent.Connected{Agent: id, Session: "new"}}},
		"connect twice with many": {agent: with(idle, many...), by: ann, cmd: agent.Connect{Agent: id, Session: many[3]}},
		"disconnect one of two": {agent: with(idle, "s1", "s2"), by: ann, cmd: agent.Disconnect{Agent: id, Session: "s1"},
			want: []agent.Event{agent.Dropped{Agent: id, Session: "s1"}}},
		"disconnect the last": {agent: with(idle, "s1"), by: ann, cmd: agent.Disconnect{Agent: id, Session: "s1"},
			want: []agent.Event{agent.Dropped{Agent: id, Session: "s1", Grace: t0.Add(agent.DefaultGrace)}}},
		"disconnect the last, policy": {agent: with(rona, "s1"), by: ann, cmd: agent.Disconnect{Agent: id, Session: "s1"}, policy: &agent.Policy{Grace: time.Hour},
			want: []agent.Event{agent.Dropped{Agent: id, Session: "s1", Grace: t0.Add(time.Hour)}}},
		"disconnect the last, no grace": {agent: with(idle, "s1"), by: ann, cmd: agent.Disconnect{Agent: id, Session: "s1"}, policy: &agent.Policy{Grace: -1},
			want: []agent.Event{agent.Dropped{Agent: id, Session: "s1", Grace: t0}}},
		"disconnect the last, signed out": {agent: with(out, "s1"), by: ann, cmd: agent.Disconnect{Agent: id, Session: "s1"},
			want: []agent.Event{agent.Dropped{Agent: id, Session: "s1"}}},
		"disconnect an unknown session": {agent: with(idle, "s1"), by: ann, cmd: agent.Disconnect{Agent: id, Session: "s2"}},
		"disconnect what never was":     {agent: idle, by: ann, cmd: agent.Disconnect{Agent: id}},
		"attributes": {agent: agent.Agent{ID: id, Attributes: agent.Attributes{"team": "red", "desk": "4"}}, cmd: agent.SetAttributes{Agent: id, Set: agent.Attributes{"team": "blue", "desk": "4", "gone": ""}},
			want: []agent.Event{agent.AttributesSet{Agent: id, Set: agent.Attributes{"team": "blue"}}}},
		"attributes removed": {agent: agent.Agent{ID: id, Attributes: agent.Attributes{"team": "red"}}, cmd: agent.SetAttributes{Agent: id, Set: agent.Attributes{"team": ""}},
			want: []agent.Event{agent.AttributesSet{Agent: id, Set: agent.Attributes{"team": ""}}}},
		"attributes as they are": {agent: agent.Agent{ID: id, Attributes: agent.Attributes{"team": "red"}}, cmd: agent.SetAttributes{Agent: id, Set: agent.Attributes{"team": "red"}}},
		"attributes, none":       {agent: idle, cmd: agent.SetAttributes{Agent: id}},
		"attributes, bad": {agent: idle, cmd: agent.SetAttributes{Agent: id, Set: agent.Attributes{"": "x"}},
			err: agent.ErrAttributes},
		"a command for another":      {agent: idle, by: ann, cmd: agent.SignOut{Agent: "bob"}, err: agent.ErrCommand},
		"no command":                 {agent: idle, by: ann, err: agent.ErrCommand},
		"a pointer to a command":     {agent: idle, by: ann, cmd: &agent.SignOut{Agent: id}, err: agent.ErrCommand},
		"a nil pointer to a command": {agent: idle, by: ann, cmd: (*agent.SignOut)(nil), err: agent.ErrCommand},
		"a foreign command":          {agent: idle, by: ann, cmd: struct{ agent.Command }{}, err: agent.ErrCommand},
		"a foreign command around a true 1": {agent: idle, by: ann, cmd: struct{ agent.SignOut }{agent.SignOut{Agent: id}},
			err: agent.ErrCommand},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := tt.agent
			first := agent.IdleCancelled{Agent: "somebody"} // what the caller has already
			got, err := agent.Decide(&tt.agent, t0, tt.by, tt.cmd, tt.load, tt.policy, []agent.Event{first})
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				var r *agent.Refusal
				if !errors.As(err, &r) || r.Agent != before.ID || r.State != before.State || r.Command == "" {
					t.Errorf("refused with %#v", err)
				}
			}
			if diff := cmp.Diff(append([]agent.Event{first}, tt.want...), got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, tt.agent); diff != "" {
				t.Errorf("Decide changed the agent (-before +after):\n%s", diff)
			}
		})
	}
}

// many is as many sessions as one agent may have.
var many = func() []string {
	out := make([]string, agent.MaxSessions)
	for i := range out {
		out[i] = strings.Repeat("s", i+1)
	}
	return out
}()

func TestDecideWithoutAgent(t *testing.T) {
	out, err := agent.Decide(nil, t0, ann, agent.SignIn{Agent: "ann"}, agent.Load{}, nil, nil)
	if out != nil || !errors.Is(err, agent.ErrCommand) {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestRefusalSaysWhatAndWhy(t *testing.T) {
	a := agent.Agent{ID: "ann", State: agent.RONA}
	_, err := agent.Decide(&a, t0, ann, agent.SignOut{Agent: "ann"}, agent.Load{Live: 1}, nil, nil)
	if got, want := err.Error(), `SignOut of agent "ann" (rona): agent: a conversation is live`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAttributesOfTheEventAreItsOwn(t *testing.T) {
	s := newStory(t)
	set := agent.Attributes{"team": "red"}
	events := s.do(ann, agent.SetAttributes{Agent: "ann", Set: set})
	set["team"] = "blue"
	want := agent.Attributes{"team": "red"}
	if diff := cmp.Diff(want, events[0].(agent.AttributesSet).Set); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, s.a.Attributes); diff != "" {
		t.Errorf("agent (-want +got):\n%s", diff)
	}
}
