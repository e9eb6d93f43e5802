package routing

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

const (
	// MaxProblems is how many problems [Setup.Validate] reports at most. A list
	// of that length may not be complete.
	MaxProblems = 100
	// LongestText is the greatest entry of Settings.MaxText, in UTF-16 code
	// units.
	LongestText = 20000
	// LongestTime is the greatest duration of a setup. Use zero where there
	// should be no limit.
	LongestTime = 366 * 24 * time.Hour
)

// Validate returns all problems of the setup, none if it may be used, but at
// most [MaxProblems]: bad ids, names, numbers and durations, ids given twice,
// references to what is not there, and what [Hours.Validate] and
// [wrapup.Policy.Validate] find. They come in the order of the fields, entries
// of maps by key, each with its field path in JSON names, such as
// "queues[2].offerFor" or `agents[0].skills["billing"]`.
//
// A name given twice in one list is a problem too, because it is usually meant
// to be another.
//
// Validate reads no zone data itself: load is called with the zone of each
// queue that has one, and is usually time.LoadLocation. The setup is not
// changed.
func (s *Setup) Validate(load func(string) (*time.Location, error)) []wrapup.FieldError {
	c := checker{
		setup:  s,
		load:   load,
		queues: firstOf(s.Queues, queueKey),
		teams:  firstOf(s.Teams, teamKey),
		agents: firstOf(s.Agents, agentKey),
	}
	for i := range s.Queues {
		c.queue(i)
	}
	for i, t := range s.Teams {
		at := itemPath("teams", i)
		ownID(&c, "teams", i, t.ID, c.teams)
		c.name(at+".name", t.Name)
	}
	for i := range s.Agents {
		c.agent(i)
	}
	sources := firstOf(s.Sources, sourceKey)
	for i := range s.Sources {
		ownID(&c, "sources", i, s.Sources[i].ID, sources)
		c.source(i)
	}
	c.settings()
	return c.problems
}

// checker collects the problems of one setup.
type checker struct {
	setup    *Setup
	load     func(string) (*time.Location, error)
	problems []wrapup.FieldError

	// Where each id is found first.
	queues map[conversation.QueueID]int
	teams  map[TeamID]int
	agents map[agent.ID]int
}

func (c *checker) report(at, format string, args ...any) {
	if len(c.problems) < MaxProblems {
		c.problems = append(c.problems, wrapup.FieldError{Path: at, Problem: fmt.Sprintf(format, args...)})
	}
}

func (c *checker) reportAll(problems []wrapup.FieldError) {
	c.problems = append(c.problems, problems[:min(len(problems), MaxProblems-len(c.problems))]...)
}

func (c *checker) queue(i int) {
	q, at := &c.setup.Queues[i], itemPath("queues", i)
	ownID(c, "queues", i, q.ID, c.queues)
	c.name(at+".name", q.Name)
	references(c, at+".teams", "team", q.Teams, c.teams)
	references(c, at+".agents", "agent", q.Agents, c.agents)
	distinct(c, at+".channels", q.Channels, func(at string, channel conversation.Channel) { c.id(at, string(channel)) })
	switch q.Strategy {
	case LongestAvailable, LeastLoaded, RoundRobin, MostSkilled:
	default:
		c.report(at+".strategy", "%s is not a strategy", quoted(q.Strategy))
	}
	c.priority(at+".priority", q.Priority)
	c.needs(at+".needs", q.Needs)
	if q.OfferFor != 0 && (q.OfferFor < MinOfferFor || q.OfferFor > MaxOfferFor) {
		c.report(at+".offerFor", "%v is not %v to %v", q.OfferFor, MinOfferFor, MaxOfferFor)
	}
	c.duration(at+".cooldown", q.Cooldown)
	c.duration(at+".serviceLevel", q.ServiceLevel)
	c.duration(at+".maxWait", q.MaxWait)
	c.count(at+".maxSize", q.MaxSize)
	references(c, at+".overflow", "queue", q.Overflow, c.queues)
	for j, id := range q.Overflow {
		if id == q.ID {
			c.report(itemPath(at+".overflow", j), "is the queue itself")
		}
	}
	c.reportAll(q.Hours.Validate(at+".hours", c.load))
	switch q.AtClosing {
	case KeepWaiting, CloseNotify, CloseOverflow, CloseEnd:
	default:
		c.report(at+".atClosing", "%s is not a policy at closing time", quoted(q.AtClosing))
	}
	if q.Notice != "" {
		c.text(at+".notice", q.Notice)
	}
	c.reportAll(q.WrapUp.Validate(at + ".wrapUp"))
	if q.TransferFallback > conversation.EndIt {
		c.report(at+".transferFallback", "%d is not a fallback", uint8(q.TransferFallback))
	}
	switch {
	case q.FallbackQueue != "":
		reference(c, at+".fallbackQueue", "queue", q.FallbackQueue, c.queues)
	case q.TransferFallback == conversation.FallbackQueue:
		c.report(at+".fallbackQueue", "is needed with transferFallback %q", conversation.FallbackQueue)
	}
	c.duration(at+".inactiveAfter", q.InactiveAfter)
	for _, kind := range slices.Sorted(maps.Keys(q.Templates)) {
		at := keyPath(at+".templates", kind)
		if !knownEntry(kind) {
			c.report(at, "is not a fact of the transcript")
		}
		c.text(at, q.Templates[kind])
	}
}

func (c *checker) agent(i int) {
	a, at := &c.setup.Agents[i], itemPath("agents", i)
	ownID(c, "agents", i, a.ID, c.agents)
	c.name(at+".name", a.Name)
	references(c, at+".teams", "team", a.Teams, c.teams)
	for _, skill := range slices.Sorted(maps.Keys(a.Skills)) {
		at := keyPath(at+".skills", skill)
		c.id(at, string(skill))
		c.between(at, a.Skills[skill], 1, MaxLevel)
	}
	for _, medium := range slices.Sorted(maps.Keys(a.Capacity)) {
		at := keyPath(at+".capacity", medium)
		c.id(at, string(medium))
		c.between(at, a.Capacity[medium], 0, MaxCapacity)
	}
}

func (c *checker) source(i int) {
	s, at := &c.setup.Sources[i], itemPath("sources", i)
	channel := c.id(at+".channel", string(s.Channel))
	c.name(at+".name", s.Name)
	if reference(c, at+".queue", "queue", s.Queue, c.queues) && channel {
		q := &c.setup.Queues[c.queues[s.Queue]]
		if len(q.Channels) > 0 && !slices.Contains(q.Channels, s.Channel) {
			c.report(at+".queue", "queue %s does not take channel %s", quoted(q.ID), quoted(s.Channel))
		}
	}
	c.priority(at+".priority", s.Priority)
	c.needs(at+".needs", s.Needs)
}

func (c *checker) settings() {
	s, at := &c.setup.Settings, "settings"
	c.duration(at+".ageing", time.Duration(s.Ageing))
	c.reportAll(s.Agents.Validate(at + ".agents"))
	switch s.WhenGone {
	case RequeueSeats, HoldSeats:
	default:
		c.report(at+".whenGone", "%s is not a policy for who is gone", quoted(s.WhenGone))
	}
	c.count(at+".maxHops", s.MaxHops)
	for _, channel := range slices.Sorted(maps.Keys(s.MaxText)) {
		at := keyPath(at+".maxText", channel)
		c.id(at, string(channel))
		c.between(at, s.MaxText[channel], 1, LongestText)
	}
	c.duration(at+".interruptedFor", s.InterruptedFor)
	c.duration(at+".preferFor", s.PreferFor)
	c.duration(at+".preferWait", s.PreferWait)
	c.duration(at+".retryFor", s.RetryFor)
	c.duration(at+".linger", s.Linger)
}

// needs checks the needs of a queue or a source, and the steps that relax them.
func (c *checker) needs(at string, needs []conversation.Need) {
	seen := make(map[conversation.Skill]int, len(needs))
	for i, n := range needs {
		at, list := itemPath(at, i), at
		if c.id(at+".skill", string(n.Skill)) {
			if j, twice := seen[n.Skill]; twice {
				c.report(at+".skill", "%s is already needed by %s", quoted(n.Skill), itemPath(list, j))
			} else {
				seen[n.Skill] = i
			}
		}
		level := MaxLevel // with a bad level, the steps are checked as if it were the highest
		if c.between(at+".level", n.Level, 1, MaxLevel) {
			level = n.Level
		}
		var after time.Duration
		for j, step := range n.Steps {
			at := itemPath(at+".steps", j)
			switch {
			case step.After <= 0:
				c.report(at+".after", "%v is not positive", step.After)
			case step.After > LongestTime:
				c.report(at+".after", "%v is longer than %v", step.After, LongestTime)
			case step.After <= after:
				c.report(at+".after", "%v is not later than %v", step.After, after)
			default:
				after = step.After
			}
			if c.between(at+".level", step.Level, 0, MaxLevel-1) {
				if step.Level >= level {
					c.report(at+".level", "%d does not lower %d", step.Level, level)
				} else {
					level = step.Level
				}
			}
		}
	}
}

// id reports whether id is one, whatever it names.
func (c *checker) id(at, id string) bool {
	switch {
	case id == "":
		c.report(at, "must not be empty")
	case len(id) > MaxID:
		c.report(at, "is %d bytes long, at most %d are allowed", len(id), MaxID)
	case !utf8.ValidString(id):
		c.report(at, "is not valid UTF-8")
	default:
		return true
	}
	return false
}

func (c *checker) name(at, name string) {
	switch {
	case len(name) > MaxName:
		c.report(at, "is %d bytes long, at most %d are allowed", len(name), MaxName)
	case !utf8.ValidString(name):
		c.report(at, "is not valid UTF-8")
	}
}

// text checks a text that customers get.
func (c *checker) text(at, text string) {
	units := 0
	for _, r := range text {
		units++
		if r > 0xFFFF {
			units++
		}
	}
	switch {
	case !utf8.ValidString(text):
		c.report(at, "is not valid UTF-8")
	case units > MaxNotice:
		c.report(at, "is %d UTF-16 code units long, at most %d are allowed", units, MaxNotice)
	case strings.TrimSpace(text) == "":
		c.report(at, "must not be empty or only white space")
	}
}

func (c *checker) priority(at string, p int) {
	if p != 0 {
		c.between(at, p, MostUrgent, LeastUrgent)
	}
}

func (c *checker) between(at string, n, least, most int) bool {
	if n < least || n > most {
		c.report(at, "%d is not %d to %d", n, least, most)
		return false
	}
	return true
}

func (c *checker) count(at string, n int) {
	if n < 0 {
		c.report(at, "%d is negative", n)
	}
}

func (c *checker) duration(at string, d time.Duration) {
	switch {
	case d < 0:
		c.report(at, "%v is negative", d)
	case d > LongestTime:
		c.report(at, "%v is longer than %v", d, LongestTime)
	}
}

// firstOf tells where in the list each id is found first.
func firstOf[T any, K ~string](list []T, id func(*T) K) map[K]int {
	found := make(map[K]int, len(list))
	for i := range list {
		if k := id(&list[i]); k != "" {
			if _, twice := found[k]; !twice {
				found[k] = i
			}
		}
	}
	return found
}

// ownID checks the id of the i-th entry of a list.
func ownID[K ~string](c *checker, list string, i int, id K, found map[K]int) {
	at := itemPath(list, i) + ".id"
	if c.id(at, string(id)) && found[id] != i {
		c.report(at, "%s is already the id of %s", quoted(id), itemPath(list, found[id]))
	}
}

// reference reports whether the entry that id names is there.
func reference[K ~string](c *checker, at, what string, id K, found map[K]int) bool {
	_, ok := found[id]
	if !ok {
		c.report(at, "there is no %s %s", what, quoted(id))
	}
	return ok
}

// references checks a list of ids of other entries.
func references[K ~string](c *checker, at, what string, ids []K, found map[K]int) {
	distinct(c, at, ids, func(at string, id K) { reference(c, at, what, id, found) })
}

// distinct reports what is in a list twice, and hands everything else to check.
func distinct[K ~string](c *checker, at string, ids []K, check func(at string, id K)) {
	seen := make(map[K]int, len(ids))
	for i, id := range ids {
		if j, twice := seen[id]; twice {
			c.report(itemPath(at, i), "%s is already %s", quoted(id), itemPath(at, j))
			continue
		}
		seen[id] = i
		check(itemPath(at, i), id)
	}
}

// knownEntry reports whether the engine puts such facts into transcripts.
func knownEntry(kind conversation.EntryKind) bool {
	switch kind {
	case conversation.EntryAccepted, conversation.EntryJoined, conversation.EntryLeft,
		conversation.EntryTransferred, conversation.EntryEnded:
		return true
	}
	return false
}

// itemPath returns the path of the i-th item of the list at path.
func itemPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// keyPath returns the path of the entry k of the map at path.
func keyPath[K ~string](path string, k K) string { return path + "[" + quoted(k) + "]" }

// quoted quotes an id for a problem or an error. One that is too long is cut, so that
// nobody can fill a log with it.
func quoted[K ~string](id K) string {
	if len(id) > MaxID {
		return strconv.Quote(string(id[:MaxID])) + "..."
	}
	return strconv.Quote(string(id))
}
