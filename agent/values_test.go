package agent_test

import (
	"encoding"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

func TestNamesAreStable(t *testing.T) {
	// These names are in logs: none may ever change.
	states := map[agent.State]string{
		agent.SignedOut: "signed-out", agent.Idle: "idle", agent.Available: "available", agent.RONA: "rona",
	}
	for s, name := range states {
		var back agent.State
		if err := back.UnmarshalText([]byte(name)); err != nil || back != s || s.String() != name {
			t.Errorf("%v is %v by %q: %v", s, back, name, err)
		}
	}
	roles := map[agent.Role]string{
		agent.Engine: "engine", agent.Self: "agent", agent.Supervisor: "supervisor", agent.Administrator: "administrator",
		agent.Customer: "customer", agent.Bot: "bot", agent.Platform: "platform",
	}
	for r, name := range roles {
		var back agent.Role
		if err := back.UnmarshalText([]byte(name)); err != nil || back != r || r.String() != name {
			t.Errorf("%v is %v by %q: %v", r, back, name, err)
		}
	}
	if s, r := agent.State(len(states)), agent.Role(len(roles)); s.String() != "unknown" || r.String() != "unknown" {
		t.Errorf("beyond the last: %v, %v", s, r)
	}
}

func TestUnknownNames(t *testing.T) {
	for _, text := range []string{"", "unknown", "Idle", "idle ", "\xff"} {
		var s agent.State
		var r agent.Role
		for typ, into := range map[string]encoding.TextUnmarshaler{"agent.State": &s, "agent.Role": &r} {
			var e *agent.NameError
			if err := into.UnmarshalText([]byte(text)); !errors.As(err, &e) || e.Name != text || e.Type != typ {
				t.Errorf("%q as %s: %v", text, typ, err)
			}
		}
	}
}

func TestNameErrorSaysWhat(t *testing.T) {
	var s agent.State
	err := s.UnmarshalText([]byte("busy"))
	if got, want := fmt.Sprint(err), `"busy" is not a name of agent.State`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEventsNameTheirAgent(t *testing.T) {
	for _, e := range []agent.Event{
		agent.StateChanged{Agent: "ann"}, agent.IdlePending{Agent: "ann"}, agent.IdleCancelled{Agent: "ann"},
		agent.Connected{Agent: "ann"}, agent.Dropped{Agent: "ann"}, agent.GraceRestarted{Agent: "ann"}, agent.AttributesSet{Agent: "ann"},
	} {
		if e.AgentID() != "ann" {
			t.Errorf("%T is about %q", e, e.AgentID())
		}
	}
}

func FuzzState(f *testing.F) {
	for _, s := range []string{"idle", "rona", "", "unknown", "signed-out"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := agent.RONA
		switch err := s.UnmarshalText(text); {
		case err == nil && s.String() != string(text):
			t.Errorf("%q is read as %v", text, s)
		case err != nil && s != agent.RONA:
			t.Errorf("%q is refused and read as %v", text, s)
		}
	})
}

func FuzzRole(f *testing.F) {
	for _, s := range []string{"engine", "agent", "", "unknown"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := agent.Bot
		switch err := r.UnmarshalText(text); {
		case err == nil && r.String() != string(text):
			t.Errorf("%q is read as %v", text, r)
		case err != nil && r != agent.Bot:
			t.Errorf("%q is refused and read as %v", text, r)
		}
	})
}

func TestActor(t *testing.T) {
	if got := ann.String() + " " + engine.String(); got != "agent:ann engine" {
		t.Error(got)
	}
	if !ann.Is("ann") || ann.Is("bob") || supervisor.Is("sue") {
		t.Error("only an agent itself is itself")
	}
}

func TestDeadline(t *testing.T) {
	none := agent.Deadline{}
	early, late := agent.Deadline{At: t0, Set: 9}, agent.Deadline{At: t0.Add(1), Set: 1}
	tie := agent.Deadline{At: t0.In(time.FixedZone("", 3600)), Set: 10}
	for _, tt := range []struct {
		d, e agent.Deadline
		want bool
	}{
		{early, late, true}, {late, early, false}, {early, tie, true}, {tie, early, false}, {early, early, false},
		{none, early, false}, {early, none, true}, {none, none, false},
	} {
		if got := tt.d.Before(tt.e); got != tt.want {
			t.Errorf("%v before %v: %v", tt.d, tt.e, got)
		}
	}
	if none.Passed(t0) || early.Passed(t0.Add(-1)) || !early.Passed(t0) || !early.Passed(t0.Add(1)) {
		t.Error("a deadline has passed at its instant and after, a missing one never")
	}
}

func TestAttributesMerge(t *testing.T) {
	full := agent.Attributes{}
	for i := range agent.MaxAttributes {
		full[fmt.Sprint("k", i)] = "v"
	}
	long := strings.Repeat("x", agent.MaxAttributeValue)
	tests := map[string]struct {
		a, set, want agent.Attributes
		err          error
	}{
		"nothing":           {},
		"set":               {a: nil, set: agent.Attributes{"a": "1"}, want: agent.Attributes{"a": "1"}},
		"change and remove": {a: agent.Attributes{"a": "1", "b": "2"}, set: agent.Attributes{"a": "3", "b": "", "c": ""}, want: agent.Attributes{"a": "3"}},
		"remove the last":   {a: agent.Attributes{"a": "1"}, set: agent.Attributes{"a": ""}},
		"longest":           {set: agent.Attributes{long[:agent.MaxAttributeKey]: long}, want: agent.Attributes{long[:agent.MaxAttributeKey]: long}},
		"key too long":      {set: agent.Attributes{long[:agent.MaxAttributeKey+1]: "v"}, err: agent.ErrAttributes},
		"value too long":    {set: agent.Attributes{"a": long + "x"}, err: agent.ErrAttributes},
		"empty key":         {set: agent.Attributes{"": "v"}, err: agent.ErrAttributes},
		"broken key":        {set: agent.Attributes{"\xff": "v"}, err: agent.ErrAttributes},
		"broken value":      {set: agent.Attributes{"a": "\xff"}, err: agent.ErrAttributes},
		"change when full":  {a: full, set: agent.Attributes{"k0": "w"}, want: full.Apply(agent.Attributes{"k0": "w"})},
		"one too many":      {a: full, set: agent.Attributes{"new": "v"}, err: agent.ErrAttributes},
		"one for one":       {a: full, set: agent.Attributes{"new": "v", "k0": ""}, want: full.Apply(agent.Attributes{"new": "v", "k0": ""})},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := tt.a.Apply(nil)
			got, err := tt.a.Merge(tt.set)
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(before, tt.a.Apply(nil)); diff != "" {
				t.Errorf("Merge changed its receiver (-before +after):\n%s", diff)
			}
		})
	}
}

func TestPolicyValidate(t *testing.T) {
	long := strings.Repeat("x", agent.MaxReason)
	tests := map[string]struct {
		policy agent.Policy
		path   string
		want   []wrapup.FieldError
	}{
		"zero": {path: "availability"},
		"all in use": {policy: agent.Policy{
			ReturnAfter: time.Minute, MissesToIdle: 3, MissedReason: long, SignInReason: long, Grace: -1,
		}},
		"all wrong": {agent.Policy{ReturnAfter: -time.Second, MissesToIdle: -1, MissedReason: long + "x", SignInReason: "\xff"}, "availability", []wrapup.FieldError{
			{Path: "availability.returnAfter", Problem: "-1s is negative"},
			{Path: "availability.missesToIdle", Problem: "-1 is negative"},
			{Path: "availability.missedReason", Problem: "is 129 bytes long, at most 128 are allowed"},
			{Path: "availability.signInReason", Problem: "is not valid UTF-8"},
		}},
		"without a path": {agent.Policy{MissesToIdle: -2}, "", []wrapup.FieldError{{Path: "missesToIdle", Problem: "-2 is negative"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.policy.Validate(tt.path)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
