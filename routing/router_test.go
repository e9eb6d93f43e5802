package routing_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

var monday = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// modelAgent and modelWaiter are what a router was told, as plain values.
type modelAgent struct {
	routing.Candidate
	id          agent.ID
	known       bool
	standing    routing.Standing
	free        int
	place, turn uint64
	skills      map[conversation.Skill]int
	queues      []conversation.QueueID
}

type modelWaiter struct {
	routing.Waiter
	id              conversation.ID
	waiting         bool
	queue           conversation.QueueID
	priority        int
	since           time.Time
	needs           []conversation.Need
	exclude, prefer *modelAgent
}

type modelQueue struct {
	strategy routing.Strategy
	open     bool
}

// model answers the router's questions by looking at every pair.
type model struct {
	router  *routing.Router
	ageing  routing.Ageing
	now     time.Time
	seq     uint64
	queues  map[conversation.QueueID]*modelQueue
	agents  []*modelAgent
	waiters []*modelWaiter
}

func newModel() *model {
	return &model{router: routing.NewRouter(), now: monday, queues: make(map[conversation.QueueID]*modelQueue)}
}

func (m *model) aged(w *modelWaiter) int { return m.ageing.Priority(w.priority, m.now.Sub(w.since)) }

// before is the documented order of conversations.
func (m *model) before(a, b *modelWaiter) int {
	return cmp.Or(cmp.Compare(m.aged(a), m.aged(b)), a.since.Compare(b.since), cmp.Compare(a.id, b.id))
}

func (m *model) key(a *modelAgent, w *modelWaiter) int64 {
	switch m.queues[w.queue].strategy {
	case routing.LeastLoaded:
		return int64(a.free)
	case routing.MostSkilled:
		return int64(routing.Level(a.skills, w.needs))
	case routing.RoundRobin:
		return int64(a.turn)
	}
	return int64(a.place)
}

// first is the documented order of agents.
func (m *model) first(w *modelWaiter) func(a, b *modelAgent) int {
	return func(a, b *modelAgent) int {
		k := cmp.Compare(m.key(a, w), m.key(b, w))
		switch m.queues[w.queue].strategy {
		case routing.LeastLoaded, routing.MostSkilled:
			k = -k
		}
		return cmp.Or(k, cmp.Compare(a.place, b.place))
	}
}

// explain counts the agents of the queue as a decision does and returns those
// who can be chosen.
func (m *model) explain(w *modelWaiter) (d conversation.Decision, can []*modelAgent) {
	q := m.queues[w.queue]
	d.Strategy, d.Waited, d.Priority = q.strategy.String(), m.now.Sub(w.since), m.aged(w)
	for _, a := range m.agents {
		if !a.known || !slices.Contains(a.queues, w.queue) {
			continue
		}
		switch {
		case a.standing == routing.SignedOut:
			d.Excluded.SignedOut++
		case a.standing == routing.Idle:
			d.Excluded.Idle++
		case a.standing == routing.RONA:
			d.Excluded.RONA++
		case a.standing == routing.Disconnected:
			d.Excluded.Disconnected++
		case a.free <= 0:
			d.Excluded.Full++
		case !routing.Meets(a.skills, w.needs):
			d.Excluded.Skills++
		case a == w.exclude:
			d.Excluded.Cooldown++
		default:
			d.Eligible++
			can = append(can, a)
		}
	}
	if w.prefer != nil {
		can = slices.DeleteFunc(can, func(a *modelAgent) bool { return a != w.prefer })
	}
	return d, can
}

// next is what the router should say.
func (m *model) next() (*modelWaiter, *modelAgent, conversation.Decision) {
	waiting := slices.Clone(m.waiters)
	slices.SortFunc(waiting, m.before)
	for _, w := range waiting {
		if !w.waiting || m.queues[w.queue] == nil || !m.queues[w.queue].open {
			continue
		}
		if d, can := m.explain(w); len(can) > 0 {
			a := slices.MinFunc(can, m.first(w))
			d.Key = m.key(a, w)
			return w, a, d
		}
	}
	return nil, nil, conversation.Decision{}
}

func (m *model) wait(w *modelWaiter) {
	w.waiting = true
	var exclude, prefer *routing.Candidate
	if w.exclude != nil {
		exclude = &w.exclude.Candidate
	}
	if w.prefer != nil {
		prefer = &w.prefer.Candidate
	}
	m.router.Wait(&w.Waiter, w.id, w.queue, conversation.Social, w.priority, w.since, w.needs, exclude, prefer)
}

func (m *model) unwait(w *modelWaiter) {
	w.waiting = false
	m.router.Unwait(&w.Waiter)
}

func (m *model) update(a *modelAgent) {
	m.router.Update(&a.Candidate, a.standing, conversation.Social, a.free, a.place, a.turn)
}

func (m *model) setAgent(a *modelAgent) {
	a.known = true
	m.router.SetAgent(&a.Candidate, a.id, a.queues, a.skills)
	m.update(a)
}

func (m *model) setQueue(id conversation.QueueID, s routing.Strategy, open bool) {
	m.queues[id] = &modelQueue{s, open}
	m.router.SetQueue(id, s, open)
}

// offer does what the router said.
func (m *model) offer(w *modelWaiter, a *modelAgent) {
	m.unwait(w)
	m.seq++
	a.free, a.place, a.turn = a.free-1, m.seq, m.seq
	m.update(a)
}

// serve takes the router's answers until there is none, at most n, and holds
// each against the model.
func (m *model) serve(t *testing.T, n int) {
	t.Helper()
	for range n {
		w, a, d := m.next()
		got, ok := m.router.Next(m.now)
		if !ok || w == nil {
			if ok || w != nil {
				t.Fatalf("Next says %t (%+v), the model %+v to %+v", ok, got, w, a)
			}
			return
		}
		if got.Waiter != &w.Waiter || got.Agent != &a.Candidate {
			t.Fatalf("Next offers %v to %q, the model %v to %q", got.Waiter.Conversation(), got.Agent.ID(), w.id, a.id)
		}
		if diff := gocmp.Diff(d, *got.Decision); diff != "" {
			t.Fatalf("the decision about %v to %q (-want +got):\n%s", w.id, a.id, diff)
		}
		m.offer(w, a)
	}
}

// check holds the router's other answers against the model.
func (m *model) check(t *testing.T) {
	t.Helper()
	for id := range m.queues {
		n, staffed := 0, false
		for _, w := range m.waiters {
			if !w.waiting || w.queue != id {
				continue
			}
			n++
			position := 1
			for _, o := range m.waiters {
				if o.waiting && o.queue == id && o.prefer == nil && m.before(o, w) < 0 {
					position++
				}
			}
			if got := m.router.Position(&w.Waiter, m.now); got != position {
				t.Fatalf("%v is at %d, not at %d", w.id, position, got)
			}
		}
		for _, a := range m.agents {
			serves := a.known && slices.Contains(a.queues, id)
			if got := m.router.Serves(&a.Candidate, id); got != serves {
				t.Fatalf("%q serves %q: %t, not %t", a.id, id, serves, got)
			}
			staffed = staffed || serves && a.standing != routing.SignedOut
		}
		if got := m.router.Waiting(id); got != n {
			t.Fatalf("%d wait in %q, not %d", n, id, got)
		}
		if got := m.router.Staffed(id); got != staffed {
			t.Fatalf("%q is staffed: %t, not %t", id, staffed, got)
		}
	}
	for _, a := range m.agents {
		var want []conversation.ID
		ws := slices.Clone(m.waiters)
		slices.SortFunc(ws, func(a, b *modelWaiter) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.id, b.id)) })
		for _, w := range ws {
			if w.waiting && w.prefer == a {
				want = append(want, w.id)
			}
		}
		if diff := gocmp.Diff(want, m.router.Wanted(&a.Candidate)); diff != "" {
			t.Fatalf("those that wait for %q (-want +got):\n%s", a.id, diff)
		}
	}
}

// TestRouterAgainstModel tells a router and a model the same and compares each
// of their answers.
func TestRouterAgainstModel(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { walkRouter(t, rand.New(rand.NewPCG(seed, 2))) })
	}
}

func walkRouter(t *testing.T, rng *rand.Rand) {
	chance := func(percent int) bool { return rng.IntN(100) < percent }
	strategies := []routing.Strategy{routing.LongestAvailable, routing.LeastLoaded, routing.RoundRobin, routing.MostSkilled}
	names := []conversation.QueueID{"q0", "q1", "q2", "q3"}
	skills := []conversation.Skill{"a", "b", "c"}
	m := newModel()
	some := func() []conversation.QueueID {
		var out []conversation.QueueID
		for _, id := range names {
			if m.queues[id] != nil && chance(50) {
				out = append(out, id)
			}
		}
		return out
	}
	abilities := func() map[conversation.Skill]int {
		out := make(map[conversation.Skill]int)
		for _, s := range skills {
			if chance(60) {
				out[s] = 1 + rng.IntN(10)
			}
		}
		return out
	}
	needs := func() []conversation.Need {
		var out []conversation.Need
		for _, s := range skills {
			if chance(30) {
				out = append(out, conversation.Need{Skill: s, Level: 1 + rng.IntN(9)})
			}
		}
		if chance(50) {
			slices.Reverse(out)
		}
		return out
	}
	stand := func(a *modelAgent) {
		a.standing = []routing.Standing{routing.Eligible, routing.Eligible, routing.Eligible, routing.SignedOut, routing.Idle,
			routing.RONA, routing.Disconnected}[rng.IntN(7)]
		m.seq++
		a.free, a.place = rng.IntN(4)-rng.IntN(2), m.seq
		if chance(30) {
			m.seq++
			a.turn = m.seq
		}
	}
	for _, id := range names {
		m.setQueue(id, strategies[rng.IntN(4)], chance(80))
	}
	for i := range 8 {
		a := &modelAgent{id: agent.ID(fmt.Sprint("a", i)), queues: some(), skills: abilities()}
		m.agents = append(m.agents, a)
		stand(a)
		a.turn = m.seq
		m.setAgent(a)
	}
	for i := range 40 {
		m.waiters = append(m.waiters, &modelWaiter{id: conversation.ID(i + 1)})
	}
	for range 800 {
		for range 1 + rng.IntN(5) {
			a, w, q := m.agents[rng.IntN(len(m.agents))], m.waiters[rng.IntN(len(m.waiters))], names[rng.IntN(len(names))]
			switch n := rng.IntN(100); {
			case n < 40 && m.queues[q] != nil:
				if !w.waiting {
					w.since = m.now.Add(-time.Duration(rng.IntN(200)) * time.Second)
				}
				w.queue, w.priority, w.needs, w.exclude, w.prefer = q, 1+rng.IntN(10), needs(), nil, nil
				if chance(20) {
					w.exclude = a
				}
				if chance(15) {
					w.prefer = m.agents[rng.IntN(len(m.agents))]
				}
				m.wait(w)
			case n < 50:
				m.unwait(w)
			case n < 80 && a.known:
				stand(a)
				m.update(a)
			case n < 84:
				a.queues, a.skills = some(), abilities()
				m.setAgent(a)
			case n < 86:
				for _, w := range m.waiters {
					if w.exclude == a || w.prefer == a {
						m.unwait(w)
					}
				}
				a.known = false
				m.router.DeleteAgent(&a.Candidate)
			case n < 93 && m.queues[q] != nil:
				m.setQueue(q, strategies[rng.IntN(4)], chance(70))
			case n < 94:
				for _, w := range m.waiters {
					if w.queue == q {
						m.unwait(w)
					}
				}
				delete(m.queues, q)
				for _, a := range m.agents {
					a.queues = slices.DeleteFunc(a.queues, func(id conversation.QueueID) bool { return id == q })
					if a.known {
						m.setAgent(a)
					}
				}
				m.router.DeleteQueue(q)
			case n < 97 && m.queues[q] == nil:
				m.setQueue(q, strategies[rng.IntN(4)], true)
			case n < 98:
				m.ageing = routing.Ageing(rng.IntN(3)) * routing.Ageing(20*time.Second)
				m.router.SetAgeing(m.ageing)
			default:
				m.now = m.now.Add(time.Duration(rng.IntN(60)) * time.Second)
			}
		}
		if chance(70) {
			m.serve(t, 1000)
		} else if chance(50) {
			m.serve(t, 1)
		}
		if chance(15) {
			m.check(t)
		}
	}
}

// TestRouterGivesTheBestConversation is about an agent who becomes free.
func TestRouterGivesTheBestConversation(t *testing.T) {
	skill := func(level int) []conversation.Need { return []conversation.Need{{Skill: "czech", Level: level}} }
	tests := []struct {
		name   string
		ageing routing.Ageing
		wait   []modelWaiter
		want   []conversation.ID
	}{
		{"the oldest", 0, []modelWaiter{{id: 1, queue: "a", priority: 5, since: monday.Add(-time.Second)}, {id: 2, queue: "b", priority: 5, since: monday.Add(-time.Minute)}},
			[]conversation.ID{2, 1}},
		{"the most urgent", 0, []modelWaiter{{id: 1, queue: "a", priority: 5, since: monday.Add(-time.Hour)}, {id: 2, queue: "a", priority: 1, since: monday}},
			[]conversation.ID{2, 1}},
		{"E87 ageing makes up for urgency", routing.Ageing(time.Minute),
			[]modelWaiter{{id: 1, queue: "a", priority: 5, since: monday.Add(-4 * time.Minute)}, {id: 2, queue: "a", priority: 1, since: monday}},
			[]conversation.ID{1, 2}},
		{"equal ages go by number", 0, []modelWaiter{{id: 2, queue: "a", priority: 5, since: monday}, {id: 1, queue: "b", priority: 5, since: monday}},
			[]conversation.ID{1, 2}},
		{"only what the agent can do", 0, []modelWaiter{{id: 1, queue: "a", priority: 1, needs: skill(6), since: monday}, {id: 2, queue: "a", priority: 9, needs: skill(5), since: monday}},
			[]conversation.ID{2}},
		{"only queues that it serves", 0, []modelWaiter{{id: 1, queue: "c", priority: 1, since: monday}, {id: 2, queue: "a", priority: 9, since: monday}},
			[]conversation.ID{2}},
		{"only open queues", 0, []modelWaiter{{id: 1, queue: "closed", priority: 1, since: monday}, {id: 2, queue: "a", priority: 9, since: monday}},
			[]conversation.ID{2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newModel()
			m.ageing = test.ageing
			m.router.SetAgeing(test.ageing)
			for _, q := range []conversation.QueueID{"a", "b", "c", "closed"} {
				m.setQueue(q, routing.LongestAvailable, q != "closed")
			}
			ann := &modelAgent{id: "ann", queues: []conversation.QueueID{"a", "b", "closed"}, skills: map[conversation.Skill]int{"czech": 5}, standing: routing.Idle, free: 5}
			m.agents = []*modelAgent{ann}
			m.setAgent(ann)
			for i := range test.wait {
				m.waiters = append(m.waiters, &test.wait[i])
				m.wait(&test.wait[i])
			}
			m.serve(t, 10)
			ann.standing = routing.Eligible
			m.update(ann)
			var got []conversation.ID
			for {
				match, ok := m.router.Next(monday)
				if !ok {
					break
				}
				got = append(got, match.Waiter.Conversation())
				m.router.Unwait(match.Waiter)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("what ann is offered (-want +got):\n%s", diff)
			}
		})
	}
}

// TestE87AgeingBoundsStarvation floods a queue with urgent conversations and
// measures how long the least urgent one is overtaken.
func TestE87AgeingBoundsStarvation(t *testing.T) {
	const every = 10 * time.Second // one arrives and one is served
	for _, ageing := range []routing.Ageing{0, routing.Ageing(30 * time.Second), routing.Ageing(time.Minute)} {
		t.Run(time.Duration(ageing).String(), func(t *testing.T) {
			m := newModel()
			m.ageing = ageing
			m.router.SetAgeing(ageing)
			m.setQueue("q", routing.LongestAvailable, true)
			ann := &modelAgent{id: "ann", queues: []conversation.QueueID{"q"}, standing: routing.Idle}
			m.setAgent(ann)
			slow := &modelWaiter{id: 1, queue: "q", priority: routing.LeastUrgent, since: monday}
			m.wait(slow)
			var served time.Duration
			for i := 1; served == 0 && i < 1000; i++ {
				m.wait(&modelWaiter{id: conversation.ID(i + 1), queue: "q", priority: routing.MostUrgent, since: m.now})
				ann.standing, ann.free = routing.Eligible, 1
				m.update(ann)
				match, ok := m.router.Next(m.now)
				if !ok {
					t.Fatal("nothing to do")
				}
				if match.Waiter == &slow.Waiter {
					served = m.now.Sub(monday)
				}
				m.router.Unwait(match.Waiter)
				ann.free = 0
				m.update(ann)
				m.now = m.now.Add(every)
			}
			bound, ok := ageing.Bound(routing.LeastUrgent)
			switch {
			case !ok && served != 0:
				t.Errorf("without ageing it was served after %v", served)
			case ok && (served == 0 || served > bound+every):
				t.Errorf("it was served after %v, the bound is %v", served, bound)
			case ok && served < bound-every:
				t.Errorf("it was served after %v, long before the bound %v: the test proves nothing", served, bound)
			}
		})
	}
}

// TestRouterManyFreeAtOnce: when several agents become free together, each
// conversation goes to the first in its queue's order, whoever was named first,
// and the most urgent conversation gets the agent that two need.
func TestRouterManyFreeAtOnce(t *testing.T) {
	m := newModel()
	m.setQueue("easy", routing.MostSkilled, true)
	m.setQueue("hard", routing.LongestAvailable, true)
	all := []conversation.QueueID{"easy", "hard"}
	junior := &modelAgent{id: "junior", queues: all, standing: routing.Idle, free: 1, place: 1, skills: map[conversation.Skill]int{"czech": 1}}
	senior := &modelAgent{id: "senior", queues: all, standing: routing.Idle, free: 1, place: 2, skills: map[conversation.Skill]int{"czech": 9}}
	m.agents = []*modelAgent{junior, senior}
	easy := &modelWaiter{id: 1, queue: "easy", priority: 9, since: monday.Add(-time.Hour), needs: []conversation.Need{{Skill: "czech", Level: 1}}}
	hard := &modelWaiter{id: 2, queue: "hard", priority: 1, since: monday, needs: []conversation.Need{{Skill: "czech", Level: 5}}}
	m.waiters = []*modelWaiter{easy, hard}
	m.setAgent(junior)
	m.setAgent(senior)
	m.wait(easy)
	m.wait(hard)
	if _, ok := m.router.Next(m.now); ok {
		t.Fatal("nobody is free")
	}
	junior.standing, senior.standing = routing.Eligible, routing.Eligible
	m.update(junior)
	m.update(senior)
	var got []string
	for {
		match, ok := m.router.Next(m.now)
		if !ok {
			break
		}
		got = append(got, fmt.Sprint(match.Waiter.Conversation(), " to ", match.Agent.ID()))
		for _, w := range m.waiters {
			if &w.Waiter == match.Waiter {
				for _, a := range m.agents {
					if &a.Candidate == match.Agent {
						m.offer(w, a)
					}
				}
			}
		}
	}
	if diff := gocmp.Diff([]string{"c2 to senior", "c1 to junior"}, got); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
}

// TestRouterWithoutQueues: agents who serve nothing, and queues that nobody has
// heard of, are nobody's problem.
func TestRouterWithoutQueues(t *testing.T) {
	r := routing.NewRouter()
	var ann, stranger routing.Candidate
	var w routing.Waiter
	r.Update(&stranger, routing.Eligible, conversation.Social, 1, 1, 1)
	r.SetAgent(&ann, "ann", []conversation.QueueID{"nowhere"}, nil)
	r.Update(&ann, routing.Eligible, conversation.Social, 1, 1, 1)
	r.Wait(&w, 1, "nowhere", conversation.Social, 1, monday, nil, nil, &ann)
	if m, ok := r.Next(monday); ok {
		t.Errorf("Next says %+v", m)
	}
	r.SetQueue("q", routing.RoundRobin, true)
	r.Wait(&w, 1, "q", conversation.Social, 1, monday, nil, nil, nil)
	if m, ok := r.Next(monday); ok {
		t.Errorf("Next says %+v", m)
	}
	r.SetAgent(&ann, "ann", []conversation.QueueID{"q"}, nil)
	if m, ok := r.Next(monday); !ok || m.Agent != &ann {
		t.Errorf("Next says %+v, %t", m, ok)
	}
	r.DeleteAgent(&ann)
	r.DeleteAgent(&ann)
	r.DeleteQueue("nowhere")
	if m, ok := r.Next(monday); ok {
		t.Errorf("Next says %+v", m)
	}
	if r.Staffed("q") || r.Serves(&ann, "q") || r.Waiting("q") != 1 || r.Waiting("nowhere") != 0 || r.Staffed("nowhere") {
		t.Error("ann is deleted and still there")
	}
}
