package switchboardtest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

var (
	queueOptions = []string{
		"name", "agents", "teams", "channels", "strategy", "priority", "needs", "offer", "cooldown", "service-level",
		"wait", "size", "overflow", "hours", "holidays", "closing", "notice", "wrapup", "default", "limit", "extension",
		"extensions", "cancellable", "frees-slot", "joined-owes-none", "no-transfers", "fallback", "fallback-queue",
		"inactive", "joined", "left", "accepted", "transferred", "by",
	}
	agentOptions    = []string{"name", "teams", "skills", "slots", "by"}
	sourceOptions   = []string{"name", "channel", "queue", "priority", "needs", "by"}
	settingsOptions = []string{
		"ageing", "return-after", "misses-to-idle", "missed-reason", "sign-in-reason", "grace", "when-gone", "hops",
		"text", "interrupted-for", "prefer-for", "prefer-wait", "retry-for", "linger", "by",
	}
)

func (p *player) context() context.Context { return context.Background() }

// setting reads options into the fields of an entry and keeps the first error.
type setting struct {
	args
	err error
}

// each calls set with the value of the option, if it is given.
func (s *setting) each(name string, set func(v string) error) {
	if v, ok := s.options[name]; ok && s.err == nil {
		s.err = set(v)
	}
}

func (s *setting) text(name string, into *string) {
	s.each(name, func(v string) error { *into = v; return nil })
}

func (s *setting) number(name string, into *int) {
	s.each(name, func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return bad("%s=%s is not a whole number", name, v)
		}
		*into = n
		return nil
	})
}

func (s *setting) duration(name string, into *time.Duration) {
	s.each(name, func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil {
			return bad("%s=%s is not a duration such as 1m30s", name, v)
		}
		*into = d
		return nil
	})
}

func (s *setting) flag(name string, into *bool) {
	s.each(name, func(v string) error {
		if v != "yes" && v != "no" {
			return bad("%s=%s should be yes or no", name, v)
		}
		*into = v == "yes"
		return nil
	})
}

func ids[T ~string](s *setting, name string, into *[]T) {
	s.each(name, func(v string) error {
		*into = nil
		for _, id := range list(v) {
			*into = append(*into, T(id))
		}
		return nil
	})
}

func name[T ~string](s *setting, name string, into *T) {
	s.each(name, func(v string) error { *into = T(v); return nil })
}

// needs reads cs:5 or, with steps that relax it, cs:5/30s:3/60s:0.
func needs(v string) ([]conversation.Need, error) {
	var out []conversation.Need
	for _, item := range list(v) {
		parts := strings.Split(item, "/")
		skill, level, _ := strings.Cut(parts[0], ":")
		n, err := strconv.Atoi(level)
		if err != nil {
			return nil, bad("%s should be a skill and a level such as cs:5", parts[0])
		}
		need := conversation.Need{Skill: conversation.Skill(skill), Level: n}
		for _, step := range parts[1:] {
			after, level, _ := strings.Cut(step, ":")
			d, err := time.ParseDuration(after)
			n, err2 := strconv.Atoi(level)
			if err != nil || err2 != nil {
				return nil, bad("%s should be a time and a level such as 30s:3", step)
			}
			need.Steps = append(need.Steps, conversation.Relax{After: d, Level: n})
		}
		out = append(out, need)
	}
	return out, nil
}

func (s *setting) needs(name string, into *[]conversation.Need) {
	s.each(name, func(v string) (err error) { *into, err = needs(v); return err })
}

func (p *player) putQueue(a args) error {
	id := conversation.QueueID(a.get("queue"))
	setup, err := p.kit.Board.Setup(p.context())
	if err != nil {
		return err
	}
	q := routing.Queue{ID: id, WrapUp: wrapup.Policy{
		Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}, {ID: "other", Label: "Other"}}, Default: "done",
	}}
	if i := slices.IndexFunc(setup.Queues, func(q routing.Queue) bool { return q.ID == id }); i >= 0 {
		q = setup.Queues[i]
	}
	s := &setting{args: a}
	s.text("name", &q.Name)
	ids(s, "agents", &q.Agents)
	ids(s, "teams", &q.Teams)
	ids(s, "channels", &q.Channels)
	ids(s, "overflow", &q.Overflow)
	s.each("strategy", func(v string) error {
		if q.Strategy = routing.Strategy(v); v == routing.LongestAvailable.String() {
			q.Strategy = routing.LongestAvailable
		}
		return nil
	})
	s.number("priority", &q.Priority)
	s.needs("needs", &q.Needs)
	s.duration("offer", &q.OfferFor)
	s.duration("cooldown", &q.Cooldown)
	s.duration("service-level", &q.ServiceLevel)
	s.duration("wait", &q.MaxWait)
	s.number("size", &q.MaxSize)
	s.each("hours", func(v string) (err error) { q.Hours.Zone, q.Hours.Week, err = hours(v); return err })
	s.each("holidays", func(v string) error {
		q.Hours.Holidays = nil
		for _, date := range list(v) {
			q.Hours.Holidays = append(q.Hours.Holidays, routing.Holiday{Date: date})
		}
		return nil
	})
	name(s, "closing", &q.AtClosing)
	if q.AtClosing == "keep" {
		q.AtClosing = routing.KeepWaiting
	}
	s.text("notice", &q.Notice)
	s.each("wrapup", func(v string) error {
		q.WrapUp.Reasons, q.WrapUp.Default = nil, ""
		for _, item := range list(v) {
			id, label, found := strings.Cut(item, ":")
			if !found {
				label = id
			}
			q.WrapUp.Reasons = append(q.WrapUp.Reasons, wrapup.Reason{ID: wrapup.ReasonID(id), Label: label})
		}
		return nil
	})
	name(s, "default", &q.WrapUp.Default)
	s.duration("limit", &q.WrapUp.Limit)
	s.duration("extension", &q.WrapUp.Extension)
	s.number("extensions", &q.WrapUp.MaxExtensions)
	s.flag("cancellable", &q.WrapUp.Cancellable)
	s.flag("frees-slot", &q.WrapUp.FreesSlot)
	s.flag("joined-owes-none", &q.JoinedOwesNone)
	s.flag("no-transfers", &q.NoTransfers)
	s.each("fallback", func(v string) error {
		if err := q.TransferFallback.UnmarshalText([]byte(v)); err != nil {
			return bad("%v", err)
		}
		return nil
	})
	name(s, "fallback-queue", &q.FallbackQueue)
	s.duration("inactive", &q.InactiveAfter)
	for option, kind := range map[string]conversation.EntryKind{
		"joined": conversation.EntryJoined, "left": conversation.EntryLeft,
		"accepted": conversation.EntryAccepted, "transferred": conversation.EntryTransferred,
	} {
		s.each(option, func(v string) error {
			t := map[conversation.EntryKind]string{kind: v}
			for k, v := range q.Templates {
				if k != kind {
					t[k] = v
				}
			}
			q.Templates = t
			return nil
		})
	}
	if s.err != nil {
		return s.err
	}
	return p.admin(a, routing.PutQueue{Queue: q})
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// hours reads "Europe/Prague mon-fri 08:00-17:00, sat 09:00-12:00".
func hours(v string) (string, []routing.Opening, error) {
	zone, rest, _ := strings.Cut(v, " ")
	var week []routing.Opening
	for item := range strings.SplitSeq(rest, ",") {
		f := strings.Fields(item)
		if len(f) != 2 {
			return "", nil, bad("hours should be such as Europe/Prague mon-fri 08:00-17:00")
		}
		first, last, found := strings.Cut(f[0], "-")
		if !found {
			last = first
		}
		from, to := slices.Index(days, first), slices.Index(days, last)
		opens, closes, _ := strings.Cut(f[1], "-")
		var o routing.Opening
		if err := o.From.UnmarshalText([]byte(opens)); err != nil {
			return "", nil, bad("%v", err)
		}
		if err := o.To.UnmarshalText([]byte(closes)); err != nil {
			return "", nil, bad("%v", err)
		}
		if from < 0 || to < from {
			return "", nil, bad("%s are not days such as mon-fri", f[0])
		}
		for d := from; d <= to; d++ {
			o.Day = time.Weekday(d)
			week = append(week, o)
		}
	}
	return zone, week, nil
}

func (p *player) deleteQueue(a args) error {
	return p.admin(a, routing.DeleteQueue{
		Queue: conversation.QueueID(a.get("queue")), DrainTo: conversation.QueueID(a.get("other")),
	})
}

func (p *player) putTeam(a args) error {
	return p.admin(a, routing.PutTeam{Team: routing.Team{ID: routing.TeamID(a.get("team")), Name: a.option("name")}})
}

func (p *player) deleteTeam(a args) error {
	return p.admin(a, routing.DeleteTeam{Team: routing.TeamID(a.get("team"))})
}

func (p *player) putAgent(a args) error {
	setup, err := p.kit.Board.Setup(p.context())
	if err != nil {
		return err
	}
	e := routing.Agent{ID: who(a)}
	if i := slices.IndexFunc(setup.Agents, func(e routing.Agent) bool { return e.ID == who(a) }); i >= 0 {
		e = setup.Agents[i]
	}
	s := &setting{args: a}
	s.text("name", &e.Name)
	ids(s, "teams", &e.Teams)
	s.each("skills", func(v string) error {
		e.Skills = map[conversation.Skill]int{}
		for _, item := range list(v) {
			skill, level, _ := strings.Cut(item, ":")
			n, err := strconv.Atoi(level)
			if err != nil {
				return bad("%s should be a skill and a level such as cs:5", item)
			}
			e.Skills[conversation.Skill(skill)] = n
		}
		return nil
	})
	s.each("slots", func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return bad("slots=%s is not a whole number", v)
		}
		e.Capacity = map[conversation.Medium]int{conversation.Social: n}
		return nil
	})
	if s.err != nil {
		return s.err
	}
	return p.admin(a, routing.PutAgent{Agent: e})
}

func (p *player) deleteAgent(a args) error { return p.admin(a, routing.DeleteAgent{Agent: who(a)}) }

func (p *player) putSource(a args) error {
	setup, err := p.kit.Board.Setup(p.context())
	if err != nil {
		return err
	}
	id := conversation.Source(a.get("source"))
	e := routing.Source{ID: id, Channel: p.kit.config.Channels[0]}
	if i := slices.IndexFunc(setup.Sources, func(e routing.Source) bool { return e.ID == id }); i >= 0 {
		e = setup.Sources[i]
	}
	s := &setting{args: a}
	s.text("name", &e.Name)
	name(s, "channel", &e.Channel)
	name(s, "queue", &e.Queue)
	s.number("priority", &e.Priority)
	s.needs("needs", &e.Needs)
	if s.err != nil {
		return s.err
	}
	return p.admin(a, routing.PutSource{Source: e})
}

func (p *player) removeSource(a args) error {
	return p.admin(a, routing.RemoveSource{Source: conversation.Source(a.get("source")), Why: a.get("text")})
}

func (p *player) putSettings(a args) error {
	setup, err := p.kit.Board.Setup(p.context())
	if err != nil {
		return err
	}
	e := setup.Settings
	s := &setting{args: a}
	s.duration("ageing", (*time.Duration)(&e.Ageing))
	s.duration("return-after", &e.Agents.ReturnAfter)
	s.number("misses-to-idle", &e.Agents.MissesToIdle)
	s.text("missed-reason", &e.Agents.MissedReason)
	s.text("sign-in-reason", &e.Agents.SignInReason)
	s.duration("grace", &e.Agents.Grace)
	s.each("when-gone", func(v string) error {
		if e.WhenGone = routing.Gone(v); v == "requeue" {
			e.WhenGone = routing.RequeueSeats
		}
		return nil
	})
	s.number("hops", &e.MaxHops)
	s.each("text", func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return bad("text=%s is not a whole number", v)
		}
		e.MaxText = map[conversation.Channel]int{p.kit.config.Channels[0]: n}
		return nil
	})
	s.duration("interrupted-for", &e.InterruptedFor)
	s.duration("prefer-for", &e.PreferFor)
	s.duration("prefer-wait", &e.PreferWait)
	s.duration("retry-for", &e.RetryFor)
	s.duration("linger", &e.Linger)
	if s.err != nil {
		return s.err
	}
	return p.admin(a, routing.PutSettings{Settings: e})
}

// sameSetup applies the whole setup as it is.
func (p *player) sameSetup(a args) error {
	setup, err := p.kit.Board.Setup(p.context())
	if err != nil {
		return err
	}
	return p.admin(a, routing.Configure{Setup: setup})
}
