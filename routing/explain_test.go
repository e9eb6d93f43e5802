package routing_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

func TestStandingText(t *testing.T) {
	names := map[routing.Standing]string{
		routing.Eligible: "eligible", routing.SignedOut: "signed-out", routing.Idle: "idle", routing.RONA: "rona",
		routing.Disconnected: "disconnected", routing.Full: "full", routing.LacksSkill: "skills",
		routing.Cooldown: "cooldown", routing.NotServing: "not-serving",
	}
	if want := int(routing.NotServing) + 1; len(names) != want {
		t.Errorf("the test knows %d standings of %d", len(names), want)
	}
	for s, name := range names {
		text, err := s.MarshalText()
		if err != nil || string(text) != name || s.String() != name {
			t.Errorf("standing %d is written %q (%v), String gives %q, want %q", s, text, err, s, name)
		}
		back := routing.Standing(77)
		if err := back.UnmarshalText(text); err != nil || back != s {
			t.Errorf("%q reads as %d, %v", text, back, err)
		}
	}
	if got := (routing.NotServing + 1).String(); got != "unknown" {
		t.Errorf("a standing beyond the last is %q", got)
	}
	for _, text := range []string{"", "unknown", "Idle", "idle "} {
		s := routing.Full
		var refused *agent.NameError
		if err := s.UnmarshalText([]byte(text)); !errors.As(err, &refused) || refused.Name != text || s != routing.Full {
			t.Errorf("%q reads as %v, error %v", text, s, err)
		}
	}
}

func TestStandingOf(t *testing.T) {
	gone := func(a agent.Agent) agent.Agent { a.Watched, a.Sessions = true, nil; return a }
	tests := []struct {
		name string
		a    agent.Agent
		free int
		want routing.Standing
	}{
		{"available", agent.Agent{State: agent.Available}, 1, routing.Eligible},
		{"available, connected", agent.Agent{State: agent.Available, Watched: true, Sessions: []string{"s"}}, 1, routing.Eligible},
		{"full", agent.Agent{State: agent.Available}, 0, routing.Full},
		{"E18 over capacity", agent.Agent{State: agent.Available}, -1, routing.Full},
		{"disconnected comes before full", gone(agent.Agent{State: agent.Available}), 0, routing.Disconnected},
		{"RONA comes before disconnected", gone(agent.Agent{State: agent.RONA}), 0, routing.RONA},
		{"idle comes before disconnected", gone(agent.Agent{State: agent.Idle}), 1, routing.Idle},
		{"pending idle", agent.Agent{State: agent.Available, Pending: true}, 1, routing.Idle},
		{"signed out comes first", gone(agent.Agent{Pending: true}), 0, routing.SignedOut},
		{"no such state", agent.Agent{State: agent.RONA + 1}, 1, routing.SignedOut},
	}
	for _, tt := range tests {
		got := routing.StandingOf(&tt.a, tt.free)
		if got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if eligible := tt.a.Ready() && tt.free > 0; (got == routing.Eligible) != eligible {
			t.Errorf("%s: %v, but ready with a free slot is %t", tt.name, got, eligible)
		}
	}
	if got := routing.StandingOf(nil, 1); got != routing.SignedOut {
		t.Errorf("nobody is %v, want signed-out", got)
	}
}

func explanation() routing.Explanation {
	return routing.Explanation{
		Conversation: 42, Agent: "ann", Queue: "orders",
		Decision: conversation.Decision{Strategy: "longest-available", Key: 17, Waited: 90 * time.Second, Priority: 3, Eligible: 2,
			Excluded: conversation.Excluded{Full: 1}},
		Candidates: []routing.Considered{
			{Agent: "ann", Key: 17, Place: 17, Chosen: true},
			{Agent: "bob", Key: 18, Place: 18},
			{Agent: "cyril", Standing: routing.Full},
		},
	}
}

func TestWhy(t *testing.T) {
	for id, want := range map[agent.ID]routing.Standing{"ann": routing.Eligible, "bob": routing.Eligible, "cyril": routing.Full} {
		if got, ok := explanation().Why(id); got != want || !ok {
			t.Errorf("Why(%s) = %v, %t, want %v", id, got, ok, want)
		}
	}
	if got, ok := explanation().Why("eva"); got != routing.NotServing || ok {
		t.Errorf("Why(eva) = %v, %t, want not-serving, false", got, ok)
	}
}

func TestExplanationText(t *testing.T) {
	want := `c42 in queue "orders", priority 3 after 1m30s: agent "ann" by longest-available, of 2 eligible
	"ann": eligible, key 17, place 17, chosen
	"bob": eligible, key 18, place 18
	"cyril": full`
	if diff := cmp.Diff(want, explanation().String()); diff != "" {
		t.Errorf("String (-want +got):\n%s", diff)
	}
	e := routing.Explanation{Conversation: 7, Queue: "orders", Decision: conversation.Decision{Strategy: "round-robin", Priority: 10}}
	want = `c7 in queue "orders", priority 10 after 0s: nobody by round-robin, of 0 eligible`
	if diff := cmp.Diff(want, e.String()); diff != "" {
		t.Errorf("String without a choice (-want +got):\n%s", diff)
	}
}

func TestExplanationJSON(t *testing.T) {
	data, err := json.Marshal(explanation())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"conversation":"c42","agent":"ann","queue":"orders",` +
		`"decision":{"strategy":"longest-available","key":17,"waited":90000000000,"priority":3,"eligible":2,"excluded":{"full":1}},` +
		`"candidates":[{"agent":"ann","standing":"eligible","key":17,"place":17,"chosen":true},` +
		`{"agent":"bob","standing":"eligible","key":18,"place":18},{"agent":"cyril","standing":"full"}]}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	var back routing.Explanation
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(explanation(), back); diff != "" {
		t.Errorf("decoded again (-want +got):\n%s", diff)
	}
}
