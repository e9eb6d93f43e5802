package routing_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// shared returns the paths of the lists and maps that a and b, of the same
// shape, have in common.
func shared(path string, a, b reflect.Value) (found []string) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			found = append(found, shared(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))...)
		}
	case reflect.Slice:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			found = append(found, path)
		}
		for i := range min(a.Len(), b.Len()) {
			found = append(found, shared(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))...)
		}
	case reflect.Map:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			found = append(found, path)
		}
	case reflect.Pointer, reflect.Interface:
		found = append(found, path+" is a pointer, which Clone does not expect")
	}
	return found
}

// TestShopLeavesNothingOut keeps the tests that build on shop complete when
// fields are added.
func TestShopLeavesNothingOut(t *testing.T) {
	s := shop()
	for _, entry := range []any{s, s.Queues[0], s.Queues[0].WrapUp, s.Queues[0].Hours, s.Queues[0].Needs[0],
		s.Teams[0], s.Agents[0], s.Sources[0], s.Sources[0].Needs[0], s.Settings, s.Settings.Agents} {
		v := reflect.ValueOf(entry)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("shop() leaves %s.%s at zero", v.Type(), v.Type().Field(i).Name)
			}
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	s := shop()
	if got := shared("Setup", reflect.ValueOf(s), reflect.ValueOf(s)); len(got) < 20 {
		t.Fatalf("a setup shares only %v with itself", got)
	}
	if diff := cmp.Diff(s, s.Clone()); diff != "" {
		t.Errorf("the clone differs (-want +got):\n%s", diff)
	}
	if got := shared("Setup", reflect.ValueOf(s), reflect.ValueOf(s.Clone())); len(got) > 0 {
		t.Errorf("the clone shares %v", got)
	}
	normal := s.Normal()
	if got := shared("Setup", reflect.ValueOf(normal), reflect.ValueOf(normal.Normal())); len(got) > 0 {
		t.Errorf("the normal form shares %v", got)
	}
}

func TestNormal(t *testing.T) {
	empty := routing.Setup{
		Queues: []routing.Queue{
			{
				ID: "b", Teams: []routing.TeamID{}, Agents: []agent.ID{}, Channels: []conversation.Channel{},
				Needs: []conversation.Need{{Steps: []conversation.Relax{}}}, Overflow: []conversation.QueueID{"z", "a"},
				Hours:     routing.Hours{Week: []routing.Opening{}, Holidays: []routing.Holiday{{Openings: []routing.Span{}}}},
				WrapUp:    wrapup.Policy{Reasons: []wrapup.Reason{}},
				Templates: map[conversation.EntryKind]string{},
			},
			{ID: "a", Needs: []conversation.Need{}, Overflow: []conversation.QueueID{}, Hours: routing.Hours{Holidays: []routing.Holiday{}}},
		},
		Teams: []routing.Team{{ID: "c"}, {ID: ""}, {ID: "a"}},
		Agents: []routing.Agent{{ID: "b"}, {ID: "B", Teams: []routing.TeamID{}, Skills: map[conversation.Skill]int{},
			Capacity: map[conversation.Medium]int{}}},
		Sources:  []routing.Source{{ID: "b"}, {ID: "a", Needs: []conversation.Need{}}},
		Settings: routing.Settings{MaxText: map[conversation.Channel]int{}},
	}
	want := routing.Setup{
		Queues: []routing.Queue{
			{ID: "a"},
			{ID: "b", Needs: []conversation.Need{{}}, Overflow: []conversation.QueueID{"z", "a"}, Hours: routing.Hours{Holidays: []routing.Holiday{{}}}},
		},
		Teams:   []routing.Team{{ID: ""}, {ID: "a"}, {ID: "c"}},
		Agents:  []routing.Agent{{ID: "B"}, {ID: "b"}},
		Sources: []routing.Source{{ID: "a"}, {ID: "b"}},
	}
	if diff := cmp.Diff(want, empty.Normal()); diff != "" {
		t.Errorf("Normal (-want +got):\n%s", diff)
	}
	none := routing.Setup{Queues: []routing.Queue{}, Teams: []routing.Team{}, Agents: []routing.Agent{}, Sources: []routing.Source{}}
	if diff := cmp.Diff(routing.Setup{}, none.Normal()); diff != "" {
		t.Errorf("Normal of nothing (-want +got):\n%s", diff)
	}
	if empty.Queues[0].ID != "b" || empty.Queues[0].Teams == nil {
		t.Error("Normal changed its receiver")
	}
}

func TestLookups(t *testing.T) {
	s := shop().Normal()
	for _, want := range shop().Queues {
		if got, ok := s.Queue(want.ID); !ok || got.ID != want.ID {
			t.Errorf("Queue(%s) = %v, %t", want.ID, got, ok)
		}
	}
	if got, ok := s.Team("night"); !ok || got != &s.Teams[0] {
		t.Errorf("Team(night) = %v, %t, want a pointer into the setup", got, ok)
	}
	if got, ok := s.Agent("eva"); !ok || got.ID != "eva" {
		t.Errorf("Agent(eva) = %v, %t", got, ok)
	}
	if got, ok := s.Source("page-2"); !ok || got.ID != "page-2" {
		t.Errorf("Source(page-2) = %v, %t", got, ok)
	}
	for _, id := range []string{"", "a", "mmm", "zzz"} {
		q, q1 := s.Queue(conversation.QueueID(id))
		tm, t1 := s.Team(routing.TeamID(id))
		a, a1 := s.Agent(agent.ID(id))
		src, s1 := s.Source(conversation.Source(id))
		if q != nil || q1 || tm != nil || t1 || a != nil || a1 || src != nil || s1 {
			t.Errorf("something is found as %q", id)
		}
	}
	if q, ok := new(routing.Setup).Queue("orders"); q != nil || ok {
		t.Error("an empty setup has a queue")
	}
}
