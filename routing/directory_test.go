package routing_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

func queueTarget(id conversation.QueueID, name string) routing.Target {
	return routing.Target{Kind: routing.QueueTarget, Queue: id, Name: name}
}

func agentTarget(id agent.ID, name string) routing.Target {
	return routing.Target{Kind: routing.AgentTarget, Agent: id, Name: name}
}

// czech returns a directory in order.
func czech() []routing.Target {
	return []routing.Target{
		queueTarget("q7", "Čekárna"),
		queueTarget("q2", "Reklamace"),
		queueTarget("zasilky", ""),
		agentTarget("a4", "Jiří Růžička"),
		agentTarget("a3", "Řehoř Říha"),
		agentTarget("a1", "Šárka Žáčková"),
		agentTarget("a2", "šárka žáčková"),
		agentTarget("a5", "Zdeněk Ťuhýk"),
	}
}

func TestSearchTargets(t *testing.T) {
	tests := []struct {
		query string
		want  []string
	}{
		{"", []string{"q7", "q2", "zasilky", "a4", "a3", "a1", "a2", "a5"}},
		{"  ", []string{"q7", "q2", "zasilky", "a4", "a3", "a1", "a2", "a5"}},
		{"ruzicka", []string{"a4"}},
		{"RŮŽIČKA jir", []string{"a4"}},
		{"zackova", []string{"a1", "a2"}},
		{"reh", []string{"a3"}},
		{"rek", []string{"q2"}},
		{"ZÁSILKY", []string{"zasilky"}}, // by id, where there is no name
		{"a5", []string{"a5"}},           // by id
		{"tuhyk", []string{"a5"}},
		{"ruzicka zackova", nil},
		{"nobody", nil},
	}
	for _, tt := range tests {
		all := czech()
		var got []string
		for _, target := range routing.Search(all, tt.query) {
			got = append(got, target.ID())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Search(%q) (-want +got):\n%s", tt.query, diff)
		}
		if diff := cmp.Diff(czech(), all); diff != "" {
			t.Errorf("Search(%q) changed the directory (-want +got):\n%s", tt.query, diff)
		}
	}
	all := czech()
	routing.Search(all, "")[0].Name = "changed"
	if diff := cmp.Diff(czech(), all); diff != "" {
		t.Errorf("a change of the result changed the directory (-want +got):\n%s", diff)
	}
	if got := routing.Search(nil, "x"); got != nil {
		t.Errorf("Search in nothing = %v", got)
	}
}

func TestSortTargets(t *testing.T) {
	want := czech()
	got := czech()
	slices.Reverse(got)
	routing.SortTargets(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("SortTargets (-want +got):\n%s", diff)
	}
	routing.SortTargets(nil)
}

func TestTargetJSON(t *testing.T) {
	targets := []routing.Target{
		{Kind: routing.QueueTarget, Queue: "q", Waiting: 2, Open: true, Staffed: true},
		{Kind: routing.AgentTarget, Agent: "a", Name: "A", State: agent.Available, Full: true, Free: 0},
		{Kind: routing.AgentTarget, Agent: "b", State: agent.Idle, Free: 3},
	}
	data, err := json.Marshal(targets)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"kind":"queue","queue":"q","waiting":2,"open":true,"staffed":true},` +
		`{"kind":"agent","agent":"a","name":"A","state":"available","full":true},{"kind":"agent","agent":"b","state":"idle","free":3}]`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	var back []routing.Target
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(targets, back); diff != "" {
		t.Errorf("decoded again (-want +got):\n%s", diff)
	}
}
