package routing_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// apply makes the changes one by one in their order and shows each setup in
// between.
func apply(s routing.Setup, c routing.Changes, show func(routing.Setup)) routing.Setup {
	s = s.Normal()
	if c.Settings != nil {
		s.Settings = *c.Settings
		show(s)
	}
	setAll(&s.Teams, c.Teams, func(t routing.Team) string { return string(t.ID) }, func() { show(s) })
	setAll(&s.Queues, c.Queues, func(q routing.Queue) string { return string(q.ID) }, func() { show(s) })
	setAll(&s.Agents, c.Agents, func(a routing.Agent) string { return string(a.ID) }, func() { show(s) })
	setAll(&s.Sources, c.Sources, func(x routing.Source) string { return string(x.ID) }, func() { show(s) })
	for _, id := range c.DeletedSources {
		s.Sources = slices.DeleteFunc(slices.Clone(s.Sources), func(x routing.Source) bool { return x.ID == id })
		show(s)
	}
	for _, id := range c.DeletedAgents {
		s.Agents = slices.DeleteFunc(slices.Clone(s.Agents), func(a routing.Agent) bool { return a.ID == id })
		show(s)
	}
	for _, id := range c.DeletedQueues {
		s.Queues = slices.DeleteFunc(slices.Clone(s.Queues), func(q routing.Queue) bool { return q.ID == id })
		show(s)
	}
	for _, id := range c.DeletedTeams {
		s.Teams = slices.DeleteFunc(slices.Clone(s.Teams), func(t routing.Team) bool { return t.ID == id })
		show(s)
	}
	return s.Normal()
}

// setAll puts each entry in the place of the one with its id, or at the end.
func setAll[T any](list *[]T, set []T, id func(T) string, show func()) {
	for _, entry := range set {
		changed := slices.Clone(*list)
		if i := slices.IndexFunc(changed, func(e T) bool { return id(e) == id(entry) }); i >= 0 {
			changed[i] = entry
		} else {
			changed = append(changed, entry)
		}
		*list = changed
		show()
	}
}

func ignore(routing.Setup) {}

func TestDiff(t *testing.T) {
	base := func() routing.Setup { return shop().Normal() }
	tests := []struct {
		name   string
		change func(*routing.Setup)
		want   func(to routing.Setup) routing.Changes
	}{
		{"nothing", func(*routing.Setup) {}, func(routing.Setup) routing.Changes { return routing.Changes{} }},
		{"another order of entries", func(s *routing.Setup) { slices.Reverse(s.Queues); slices.Reverse(s.Agents) },
			func(routing.Setup) routing.Changes { return routing.Changes{} }},
		{"empty for nil", func(s *routing.Setup) {
			s.Queues[0].Channels = []conversation.Channel{}
			s.Agents[0].Skills = map[conversation.Skill]int{}
		}, func(routing.Setup) routing.Changes { return routing.Changes{} }},
		{"settings", func(s *routing.Setup) { s.Settings.MaxText["messenger"] = 2 },
			func(to routing.Setup) routing.Changes { return routing.Changes{Settings: &to.Settings} }},
		{"the default in words", func(s *routing.Setup) { s.Queues[0].OfferFor = conversation.DefaultOfferFor },
			func(to routing.Setup) routing.Changes { return routing.Changes{Queues: to.Queues[:1]} }},
		{"another order within an entry", func(s *routing.Setup) { slices.Reverse(s.Queues[2].Overflow) },
			func(to routing.Setup) routing.Changes { return routing.Changes{Queues: to.Queues[2:]} }},
		{"one of each changed", func(s *routing.Setup) {
			s.Queues[1].MaxSize, s.Teams[1].Name, s.Agents[1].Skills["czech"], s.Sources[0].Priority = 7, "x", 3, 2
		}, func(to routing.Setup) routing.Changes {
			return routing.Changes{Teams: to.Teams[1:], Queues: to.Queues[1:2], Agents: to.Agents[1:], Sources: to.Sources[:1]}
		}},
		{"one of each new, at either end", func(s *routing.Setup) {
			s.Queues = append(s.Queues, routing.Queue{ID: "zebra"}, routing.Queue{ID: "aaa"})
			s.Teams = append(s.Teams, routing.Team{ID: "aaa"})
			s.Agents = append(s.Agents, routing.Agent{ID: "zoe"})
			s.Sources = append(s.Sources, routing.Source{ID: "page-3"})
		}, func(to routing.Setup) routing.Changes {
			return routing.Changes{Teams: to.Teams[:1], Queues: []routing.Queue{to.Queues[0], to.Queues[4]}, Agents: to.Agents[2:], Sources: to.Sources[2:]}
		}},
		{"everything deleted", func(s *routing.Setup) { *s = routing.Setup{Settings: s.Settings} },
			func(routing.Setup) routing.Changes {
				return routing.Changes{
					DeletedSources: []conversation.Source{"page-1", "page-2"}, DeletedAgents: []agent.ID{"bob", "eva"},
					DeletedQueues: []conversation.QueueID{"backup", "care", "orders"}, DeletedTeams: []routing.TeamID{"night", "sales"},
				}
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to := base()
			tt.change(&to)
			want := tt.want(to.Normal())
			got := routing.Diff(shop(), to)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if got.Empty() != reflect.ValueOf(want).IsZero() {
				t.Errorf("Empty() = %t", got.Empty())
			}
			if diff := cmp.Diff(to.Normal(), apply(shop(), got, ignore)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDiffSeesEveryField fails when Diff ignores a field of an entry.
func TestDiffSeesEveryField(t *testing.T) {
	entries := map[string]func(*routing.Setup) any{
		"queue":    func(s *routing.Setup) any { return &s.Queues[0] },
		"team":     func(s *routing.Setup) any { return &s.Teams[0] },
		"agent":    func(s *routing.Setup) any { return &s.Agents[0] },
		"source":   func(s *routing.Setup) any { return &s.Sources[0] },
		"settings": func(s *routing.Setup) any { return &s.Settings },
	}
	for name, entry := range entries {
		for i := range reflect.TypeOf(entry(&routing.Setup{Queues: make([]routing.Queue, 1), Teams: make([]routing.Team, 1),
			Agents: make([]routing.Agent, 1), Sources: make([]routing.Source, 1)})).Elem().NumField() {
			s := shop()
			v := reflect.ValueOf(entry(&s)).Elem()
			v.Field(i).SetZero()
			if routing.Diff(shop(), s).Empty() || routing.Diff(s, shop()).Empty() {
				t.Errorf("Diff ignores %s of the %s", v.Type().Field(i).Name, name)
			}
		}
	}
}

func TestDiffSharesNothing(t *testing.T) {
	to := shop().Normal()
	c := routing.Diff(routing.Setup{}, to)
	got := routing.Setup{Queues: c.Queues, Teams: c.Teams, Agents: c.Agents, Sources: c.Sources, Settings: *c.Settings}
	if diff := cmp.Diff(to, got); diff != "" {
		t.Fatalf("changes from nothing (-want +got):\n%s", diff)
	}
	if found := shared("Setup", reflect.ValueOf(to), reflect.ValueOf(got)); len(found) > 0 {
		t.Errorf("the changes share %v with the setup", found)
	}
}

// randomSetup returns a valid setup of few ids, so that two of them overlap.
func randomSetup(r *rand.Rand) routing.Setup {
	var s routing.Setup
	some := func(n int) bool { return r.IntN(n) == 0 }
	for _, id := range []routing.TeamID{"t1", "t2", "t3"} {
		if !some(3) {
			s.Teams = append(s.Teams, routing.Team{ID: id, Name: []string{"", "x"}[r.IntN(2)]})
		}
	}
	teams := func() (ids []routing.TeamID) {
		for _, t := range s.Teams {
			if some(2) {
				ids = append(ids, t.ID)
			}
		}
		return ids
	}
	for _, id := range []agent.ID{"a1", "a2", "a3"} {
		if !some(3) {
			s.Agents = append(s.Agents, routing.Agent{ID: id, Teams: teams(), Skills: map[conversation.Skill]int{"x": 1 + r.IntN(2)}})
		}
	}
	for _, id := range []conversation.QueueID{"q1", "q2", "q3", "q4"} {
		if some(3) {
			continue
		}
		q := routing.Queue{ID: id, Teams: teams(), MaxSize: r.IntN(2),
			WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "r", Label: "R"}}, Default: "r"}}
		for _, a := range s.Agents {
			if some(3) {
				q.Agents = append(q.Agents, a.ID)
			}
		}
		s.Queues = append(s.Queues, q)
	}
	for i := range s.Queues {
		for j := range s.Queues {
			if i != j && some(3) {
				s.Queues[i].Overflow = append(s.Queues[i].Overflow, s.Queues[j].ID)
			}
		}
	}
	for _, id := range []conversation.Source{"s1", "s2", "s3"} {
		if len(s.Queues) > 0 && !some(3) {
			s.Sources = append(s.Sources, routing.Source{ID: id, Channel: "messenger", Queue: s.Queues[r.IntN(len(s.Queues))].ID})
		}
	}
	if some(2) {
		s.Settings.MaxHops = 1 + r.IntN(2)
	}
	r.Shuffle(len(s.Queues), func(i, j int) { s.Queues[i], s.Queues[j] = s.Queues[j], s.Queues[i] })
	r.Shuffle(len(s.Agents), func(i, j int) { s.Agents[i], s.Agents[j] = s.Agents[j], s.Agents[i] })
	return s
}

// betweenQueues matches the only problems that setups in between may have: queues
// name each other and single agents.
var betweenQueues = regexp.MustCompile(`^queues\[\d+\]\.(overflow|agents)\[\d+\]: there is no`)

// TestDiffProperty proves for random setups that the changes from one to the
// other make the other, that there are none back from there, and that no
// setup in between has a source without its queue, or a queue or an agent
// without its teams.
func TestDiffProperty(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		from, to := randomSetup(r), randomSetup(r)
		if p := append(from.Validate(time.LoadLocation), to.Validate(time.LoadLocation)...); len(p) > 0 {
			t.Fatalf("seed %d: random setups are not valid: %v", seed, p)
		}
		c := routing.Diff(from, to)
		got := apply(from, c, func(s routing.Setup) {
			for _, p := range s.Validate(time.LoadLocation) {
				if !betweenQueues.MatchString(p.Error()) {
					t.Errorf("seed %d: in between, %v", seed, p)
				}
			}
		})
		if diff := cmp.Diff(to.Normal(), got); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
		if c := routing.Diff(to, got); !c.Empty() {
			t.Fatalf("seed %d: equal setups differ by %+v", seed, c)
		}
	}
}

func TestWith(t *testing.T) {
	queue := routing.Queue{ID: "care", Overflow: []conversation.QueueID{}, Priority: 5}
	tests := []struct {
		name string
		cmd  routing.Command
		want func(s *routing.Setup) // changes the setup in normal form to what is wanted
	}{
		{"configure", routing.Configure{Setup: routing.Setup{Teams: []routing.Team{{ID: "b"}, {ID: "a"}}}},
			func(s *routing.Setup) { *s = routing.Setup{Teams: []routing.Team{{ID: "a"}, {ID: "b"}}} }},
		{"put queue there", routing.PutQueue{Queue: queue}, func(s *routing.Setup) { s.Queues[1] = routing.Queue{ID: "care", Priority: 5} }},
		{"put new queue", routing.PutQueue{Queue: routing.Queue{ID: "late"}},
			func(s *routing.Setup) { s.Queues = slices.Insert(s.Queues, 2, routing.Queue{ID: "late"}) }},
		{"put team", routing.PutTeam{Team: routing.Team{ID: "zzz"}}, func(s *routing.Setup) { s.Teams = append(s.Teams, routing.Team{ID: "zzz"}) }},
		{"put agent", routing.PutAgent{Agent: routing.Agent{ID: "bob", Name: "Bob"}}, func(s *routing.Setup) { s.Agents[0].Name = "Bob" }},
		{"put source", routing.PutSource{Source: routing.Source{ID: "page-1"}},
			func(s *routing.Setup) { s.Sources[0] = routing.Source{ID: "page-1"} }},
		{"put settings", routing.PutSettings{Settings: routing.Settings{MaxHops: 3}},
			func(s *routing.Setup) { s.Settings = routing.Settings{MaxHops: 3} }},
		{"E85 delete agent, who leaves the queues' lists", routing.DeleteAgent{Agent: "eva"}, func(s *routing.Setup) {
			s.Agents = s.Agents[:1]
			s.Queues[2].Agents = nil
		}},
		{"delete queue", routing.DeleteQueue{Queue: "orders", DrainTo: "care"}, func(s *routing.Setup) { s.Queues = s.Queues[:2] }},
		{"remove source", routing.RemoveSource{Source: "page-2"}, func(s *routing.Setup) { s.Sources = s.Sources[:1] }},
		{"remove a source that is not there", routing.RemoveSource{Source: "page-9"}, func(*routing.Setup) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := shop().Normal()
			// So that nothing but itself names "orders".
			s.Sources[1].Queue, s.Queues[2].FallbackQueue = "care", "orders"
			want, before := s.Clone(), s.Clone()
			tt.want(&want)
			got, err := s.With(tt.cmd)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("setup (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, s); diff != "" {
				t.Errorf("With changed its receiver (-before +after):\n%s", diff)
			}
		})
	}
}

func TestWithKeepsNothingOfTheCommand(t *testing.T) {
	q, a := shop().Queues[0], shop().Agents[0]
	s, err := routing.Setup{}.With(routing.PutQueue{Queue: q})
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.With(routing.PutAgent{Agent: a})
	if err != nil {
		t.Fatal(err)
	}
	q.Overflow[0], a.Skills["czech"] = "changed", 1
	want := routing.Setup{Queues: shop().Queues[:1], Agents: shop().Agents[:1]}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("a change of the command changed the setup (-want +got):\n%s", diff)
	}
}

func TestWithRefuses(t *testing.T) {
	unknown := func(what, id string) error { return &routing.UnknownError{What: what, ID: id} }
	tests := []struct {
		name string
		cmd  routing.Command
		is   error
		want string
	}{
		{"unknown queue", routing.DeleteQueue{Queue: "x"}, routing.ErrUnknown, unknown("queue", "x").Error()},
		{"unknown team", routing.DeleteTeam{Team: "x"}, routing.ErrUnknown, unknown("team", "x").Error()},
		{"unknown agent", routing.DeleteAgent{Agent: "x"}, routing.ErrUnknown, unknown("agent", "x").Error()},
		{"E84 drain to an unknown queue", routing.DeleteQueue{Queue: "orders", DrainTo: "x"}, routing.ErrUnknown, unknown("queue", "x").Error()},
		{"E84 drain to itself", routing.DeleteQueue{Queue: "orders", DrainTo: "orders"}, routing.ErrUnknown, unknown("queue", "orders").Error()},
		{"E84 team", routing.DeleteTeam{Team: "sales"}, routing.ErrInUse,
			`routing: in use: team "sales" is named by queue "care", queue "orders", agent "eva"`},
		{"E84 queue of a source", routing.DeleteQueue{Queue: "orders", DrainTo: "care"}, routing.ErrInUse,
			`routing: in use: queue "orders" is named by source "page-2"`},
		{"E84 overflow and source", routing.DeleteQueue{Queue: "care"}, routing.ErrInUse,
			`routing: in use: queue "care" is named by queue "orders", source "page-1"`},
		{"E84 fallback", routing.DeleteQueue{Queue: "backup"}, routing.ErrInUse, `routing: in use: queue "backup" is named by queue "orders"`},
		{"no command", nil, routing.ErrUnknown, unknown("command", "<nil>").Error()},
		{"pointer", &routing.PutTeam{}, routing.ErrUnknown, unknown("command", "*routing.PutTeam").Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := shop().Normal()
			before := s.Clone()
			got, err := s.With(tt.cmd)
			if !errors.Is(err, tt.is) {
				t.Fatalf("error %v does not match %v", err, tt.is)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(routing.Setup{}, got); diff != "" {
				t.Errorf("a setup comes with the error:\n%s", diff)
			}
			if diff := cmp.Diff(before, s); diff != "" {
				t.Errorf("the refusal changed the setup (-before +after):\n%s", diff)
			}
		})
	}
}

func TestInUseNamesTenAtMost(t *testing.T) {
	s := routing.Setup{Teams: []routing.Team{{ID: "t"}}}
	for i := range 12 {
		s.Agents = append(s.Agents, routing.Agent{ID: agent.ID(fmt.Sprintf("a%02d", i)), Teams: []routing.TeamID{"t"}})
	}
	_, err := s.With(routing.DeleteTeam{Team: "t"})
	want := `routing: in use: team "t" is named by agent "a00", agent "a01", agent "a02", agent "a03", agent "a04", ` +
		`agent "a05", agent "a06", agent "a07", agent "a08", agent "a09" and 2 more`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
