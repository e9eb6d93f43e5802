package routing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

func TestValidSetups(t *testing.T) {
	for name, s := range map[string]routing.Setup{"zero": {}, "shop": shop(), "normal": shop().Normal()} {
		if diff := cmp.Diff([]wrapup.FieldError(nil), s.Validate(time.LoadLocation)); diff != "" {
			t.Errorf("%s: problems (-want +got):\n%s", name, diff)
		}
	}
}

func TestValidate(t *testing.T) {
	long, tooLong := strings.Repeat("i", routing.MaxID), strings.Repeat("i", routing.MaxID+1)
	tests := []struct {
		name   string
		change func(*routing.Setup)
		want   []string // "path: problem"
	}{
		{"ids", func(s *routing.Setup) {
			s.Queues[2].ID = ""
			s.Queues[0].Overflow, s.Queues[0].FallbackQueue = nil, "care"
			s.Teams = append(s.Teams, routing.Team{ID: "a\xff"}, routing.Team{ID: "sales"})
			s.Agents[1].ID = agent.ID(tooLong)
			s.Sources[1].ID = "page-2"
		}, []string{
			"queues[2].id: must not be empty",
			"teams[2].id: is not valid UTF-8",
			`teams[3].id: "sales" is already the id of teams[0]`,
			"agents[1].id: is 129 bytes long, at most 128 are allowed",
			`sources[1].id: "page-2" is already the id of sources[0]`,
		}},
		{"empty id twice is only empty", func(s *routing.Setup) { s.Teams = append(s.Teams, routing.Team{}, routing.Team{}) },
			[]string{"teams[2].id: must not be empty", "teams[3].id: must not be empty"}},
		{"queue and agent twice", func(s *routing.Setup) {
			s.Queues, s.Agents = append(s.Queues, s.Queues[1]), append(s.Agents, s.Agents[1])
		}, []string{`queues[3].id: "care" is already the id of queues[1]`, `agents[2].id: "bob" is already the id of agents[1]`}},
		{"longest id and name", func(s *routing.Setup) {
			s.Agents[1].ID, s.Agents[1].Name = agent.ID(long), strings.Repeat("n", routing.MaxName)
		}, nil},
		{"names", func(s *routing.Setup) {
			name := strings.Repeat("n", routing.MaxName+1)
			s.Queues[1].Name, s.Teams[1].Name, s.Agents[1].Name, s.Sources[1].Name = name, name, "\xff", name
		}, []string{
			"queues[1].name: is 257 bytes long, at most 256 are allowed",
			"teams[1].name: is 257 bytes long, at most 256 are allowed",
			"agents[1].name: is not valid UTF-8",
			"sources[1].name: is 257 bytes long, at most 256 are allowed",
		}},
		{"references of a queue", func(s *routing.Setup) {
			q := &s.Queues[0]
			q.Teams = append(q.Teams, "day", "sales")
			q.Agents = append(q.Agents, "eva", "")
			q.Overflow = append(q.Overflow, "orders", "nowhere", "care")
			q.FallbackQueue = "gone"
		}, []string{
			`queues[0].teams[2]: there is no team "day"`,
			`queues[0].teams[3]: "sales" is already queues[0].teams[0]`,
			`queues[0].agents[1]: "eva" is already queues[0].agents[0]`,
			`queues[0].agents[2]: there is no agent ""`,
			`queues[0].overflow[3]: there is no queue "nowhere"`,
			`queues[0].overflow[4]: "care" is already queues[0].overflow[0]`,
			"queues[0].overflow[2]: is the queue itself",
			`queues[0].fallbackQueue: there is no queue "gone"`,
		}},
		{"fallback queue is needed", func(s *routing.Setup) { s.Queues[0].FallbackQueue = "" },
			[]string{`queues[0].fallbackQueue: is needed with transferFallback "fallback-queue"`}},
		{"fallback queue without need of it", func(s *routing.Setup) {
			s.Queues[0].TransferFallback = conversation.ToSender
			s.Queues[1].FallbackQueue = "gone"
		}, []string{`queues[1].fallbackQueue: there is no queue "gone"`}},
		{"long ids are cut in problems", func(s *routing.Setup) { s.Agents[0].Teams[0] = routing.TeamID(tooLong) },
			[]string{`agents[0].teams[0]: there is no team "` + long + `"...`}},
		{"source", func(s *routing.Setup) {
			s.Queues[1].Channels = []conversation.Channel{"instagram"}
			s.Sources = append(s.Sources, routing.Source{ID: "p3", Queue: "orders"},
				routing.Source{ID: "p4", Channel: "sms", Queue: "x"}, routing.Source{ID: "p5"})
		}, []string{
			`sources[1].queue: queue "care" does not take channel "messenger"`,
			"sources[2].channel: must not be empty",
			`sources[3].queue: there is no queue "x"`,
			"sources[4].channel: must not be empty",
			`sources[4].queue: there is no queue ""`,
		}},
		{"channels", func(s *routing.Setup) {
			s.Queues[0].Channels = append(s.Queues[0].Channels, "", "messenger", conversation.Channel(tooLong))
		}, []string{
			"queues[0].channels[2]: must not be empty",
			`queues[0].channels[3]: "messenger" is already queues[0].channels[0]`,
			"queues[0].channels[4]: is 129 bytes long, at most 128 are allowed",
		}},
		{"bounds that hold", func(s *routing.Setup) {
			s.Queues[0].Priority, s.Queues[0].OfferFor = 1, time.Second
			s.Queues[1].Priority, s.Queues[1].OfferFor = 10, 6000*time.Second
			s.Queues[1].MaxWait = routing.LongestTime
			s.Sources[0].Priority = 10
			s.Agents[0].Skills["czech"], s.Agents[0].Skills["billing"] = 1, 10
			s.Agents[0].Capacity["voice"] = 100
			s.Settings.MaxText["instagram"], s.Settings.MaxText["messenger"] = 1, 20000
			s.Queues[0].Notice = strings.Repeat("ž", 998) + "\U0001F600"
			for _, kind := range []conversation.EntryKind{
				conversation.EntryAccepted, conversation.EntryJoined, conversation.EntryLeft, conversation.EntryTransferred,
				conversation.EntryEnded,
			} {
				s.Queues[0].Templates[kind] = strings.Repeat("x", 1000)
			}
		}, nil},
		{"numbers of a queue", func(s *routing.Setup) {
			q := &s.Queues[1]
			q.Priority, q.OfferFor, q.Cooldown, q.ServiceLevel = 11, time.Second-1, -1, -time.Second
			q.MaxWait, q.MaxSize, q.InactiveAfter = -1, -2, -time.Hour
			s.Queues[2].Priority, s.Queues[2].OfferFor = -1, 6000*time.Second+1
		}, []string{
			"queues[1].priority: 11 is not 1 to 10",
			"queues[1].offerFor: 999.999999ms is not 1s to 1h40m0s",
			"queues[1].cooldown: -1ns is negative",
			"queues[1].serviceLevel: -1s is negative",
			"queues[1].maxWait: -1ns is negative",
			"queues[1].maxSize: -2 is negative",
			"queues[1].inactiveAfter: -1h0m0s is negative",
			"queues[2].priority: -1 is not 1 to 10",
			"queues[2].offerFor: 1h40m0.000000001s is not 1s to 1h40m0s",
		}},
		{"words", func(s *routing.Setup) {
			s.Queues[0].Strategy, s.Queues[0].AtClosing, s.Queues[0].TransferFallback = "longest-available", "shut", 99
			s.Settings.WhenGone = "drop"
		}, []string{
			`queues[0].strategy: "longest-available" is not a strategy`,
			`queues[0].atClosing: "shut" is not a policy at closing time`,
			"queues[0].transferFallback: 99 is not a fallback",
			`settings.whenGone: "drop" is not a policy for who is gone`,
		}},
		{"texts", func(s *routing.Setup) {
			s.Queues[0].Notice = strings.Repeat("x", 999) + "\U0001F600"
			s.Queues[0].Templates = map[conversation.EntryKind]string{"weather": "Sunny.", conversation.EntryJoined: "", conversation.EntryLeft: "\xff"}
			s.Queues[1].Notice = " \n"
		}, []string{
			"queues[0].notice: is 1001 UTF-16 code units long, at most 1000 are allowed",
			`queues[0].templates["agent-joined"]: must not be empty or only white space`,
			`queues[0].templates["agent-left"]: is not valid UTF-8`,
			`queues[0].templates["weather"]: is not a fact of the transcript`,
			"queues[1].notice: must not be empty or only white space",
		}},
		{"hours and wrap-up", func(s *routing.Setup) {
			s.Queues[1].Hours = routing.Hours{Zone: "Nowhere/At_All"}
			s.Queues[2].Hours.Week = []routing.Opening{{From: 0, To: 60}}
			s.Queues[2].WrapUp.Default = "x"
		}, []string{
			`queues[1].hours.zone: unknown time zone "Nowhere/At_All": unknown time zone Nowhere/At_All`,
			"queues[2].hours.zone: a time zone is needed",
			`queues[2].wrapUp.default: "x" is not one of the reasons`,
		}},
		{"needs", func(s *routing.Setup) {
			s.Queues[1].Needs = []conversation.Need{{Level: 3}, {Skill: "a", Level: 11}, {Skill: "b"}, {Skill: "a", Level: 1}}
			s.Sources[1].Needs = []conversation.Need{{Skill: "x"}}
		}, []string{
			"queues[1].needs[0].skill: must not be empty",
			"queues[1].needs[1].level: 11 is not 1 to 10",
			"queues[1].needs[2].level: 0 is not 1 to 10",
			`queues[1].needs[3].skill: "a" is already needed by queues[1].needs[1]`,
			"sources[1].needs[0].level: 0 is not 1 to 10",
		}},
		{"steps", func(s *routing.Setup) {
			s.Queues[1].Needs = []conversation.Need{{Skill: "a", Level: 5, Steps: []conversation.Relax{
				{After: 0, Level: 5}, {After: 2, Level: 4}, {After: 2, Level: 4}, {After: 1, Level: 10}, {After: 3, Level: -1}, {After: 4, Level: 0}}}}
		}, []string{
			"queues[1].needs[0].steps[0].after: 0s is not positive",
			"queues[1].needs[0].steps[0].level: 5 does not lower 5",
			"queues[1].needs[0].steps[2].after: 2ns is not later than 2ns",
			"queues[1].needs[0].steps[2].level: 4 does not lower 4",
			"queues[1].needs[0].steps[3].after: 1ns is not later than 2ns",
			"queues[1].needs[0].steps[3].level: 10 is not 0 to 9",
			"queues[1].needs[0].steps[4].level: -1 is not 0 to 9",
		}},
		{"agent", func(s *routing.Setup) {
			s.Agents[0].Teams = append(s.Agents[0].Teams, "x")
			s.Agents[0].Skills = map[conversation.Skill]int{"billing": 0, "czech": 11, "": 5}
			s.Agents[0].Capacity = map[conversation.Medium]int{"": 1, "voice": -1, "social": 101}
		}, []string{
			`agents[0].teams[1]: there is no team "x"`,
			`agents[0].skills[""]: must not be empty`,
			`agents[0].skills["billing"]: 0 is not 1 to 10`,
			`agents[0].skills["czech"]: 11 is not 1 to 10`,
			`agents[0].capacity[""]: must not be empty`,
			`agents[0].capacity["social"]: 101 is not 0 to 100`,
			`agents[0].capacity["voice"]: -1 is not 0 to 100`,
		}},
		{"settings", func(s *routing.Setup) {
			x := &s.Settings
			x.Ageing, x.Agents.ReturnAfter, x.Agents.MissesToIdle, x.MaxHops = -1, -1, -1, -1
			x.Agents.MissedReason = strings.Repeat("r", agent.MaxReason+1)
			x.MaxText = map[conversation.Channel]int{"messenger": 0, "": 5, "sms": 20001}
			x.InterruptedFor, x.PreferFor, x.PreferWait, x.RetryFor, x.Linger = -1, -2, -3, -4, -5
		}, []string{
			"settings.ageing: -1ns is negative",
			"settings.agents.returnAfter: -1ns is negative",
			"settings.agents.missesToIdle: -1 is negative",
			"settings.agents.missedReason: is 129 bytes long, at most 128 are allowed",
			"settings.maxHops: -1 is negative",
			`settings.maxText[""]: must not be empty`,
			`settings.maxText["messenger"]: 0 is not 1 to 20000`,
			`settings.maxText["sms"]: 20001 is not 1 to 20000`,
			"settings.interruptedFor: -1ns is negative",
			"settings.preferFor: -2ns is negative",
			"settings.preferWait: -3ns is negative",
			"settings.retryFor: -4ns is negative",
			"settings.linger: -5ns is negative",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := shop()
			tt.change(&s)
			before := s.Clone()
			var got []string
			for _, p := range s.Validate(time.LoadLocation) {
				got = append(got, p.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, s.Clone()); diff != "" {
				t.Errorf("Validate changed the setup (-before +after):\n%s", diff)
			}
		})
	}
}

func TestValidateStopsAtMaxProblems(t *testing.T) {
	var s routing.Setup
	for range routing.MaxProblems + 1 {
		s.Queues = append(s.Queues, routing.Queue{Hours: routing.Hours{Week: make([]routing.Opening, 7)}}) // more than eight problems each
	}
	got := s.Validate(nil)
	if len(got) != routing.MaxProblems {
		t.Errorf("%d problems, want %d", len(got), routing.MaxProblems)
	}
	if want := "queues[0].id"; got[0].Path != want {
		t.Errorf("the first problem is at %s, want %s", got[0].Path, want)
	}
}

// FuzzSetupValidate proves that no setup that can be decoded makes Validate panic,
// report too much or report something else the next time, and that a valid one
// is as valid in normal form.
func FuzzSetupValidate(f *testing.F) {
	for _, s := range []routing.Setup{{}, shop()} {
		data, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"queues":[{"id":"a","overflow":["a"],"needs":[{"steps":[{}]}]},{"id":"a"}],"agents":[{"skills":{"":-1}}],"sources":[{"queue":"a"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s routing.Setup
		if json.Unmarshal(data, &s) != nil {
			return
		}
		got := s.Validate(time.LoadLocation)
		if len(got) > routing.MaxProblems {
			t.Errorf("%d problems", len(got))
		}
		for _, p := range got {
			if p.Path == "" || p.Problem == "" || !utf8.ValidString(p.Path) {
				t.Errorf("problem %#v", p)
			}
		}
		if diff := cmp.Diff(got, s.Validate(time.LoadLocation)); diff != "" {
			t.Errorf("problems the next time (-first +second):\n%s", diff)
		}
		normal := s.Normal()
		if again := normal.Validate(time.LoadLocation); (len(again) > 0) != (len(got) > 0) {
			t.Errorf("problems %v, in normal form %v", got, again)
		}
	})
}

func TestSetupErrorShowsProblems(t *testing.T) {
	s := shop()
	s.Queues[0].Priority = 11
	err := &routing.SetupError{Problems: s.Validate(time.LoadLocation)}
	want := "routing: the setup is not valid\n\tqueues[0].priority: 11 is not 1 to 10"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
