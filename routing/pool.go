package routing

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/order"
)

// Candidate is an agent as the [Router] sees it. The zero value is not known to
// any router; [Router.SetAgent] makes it known.
type Candidate struct {
	// What changes with each conversation is together, before the rest.
	known     bool
	pooled    bool     // it belongs into pools
	joined    bool     // its members stand in pools
	stale     bool     // and may stand there wrongly
	unchecked bool     // it has not looked for a conversation since it changed
	standing  Standing // Eligible here means: but for slots and skills
	next      *Candidate
	place     uint64
	turn      uint64
	free      []int  // slots by medium; a medium past the end has none
	room      [1]int // for one medium

	stands []stand // one for each queue it serves

	// meets holds what is known of the classes: two bits each, known and met.
	meets []uint64

	id     agent.ID
	skills map[conversation.Skill]int

	// wanted are the conversations that wait for this agent alone.
	wanted order.Line[*Waiter]
}

// ID returns the agent.
func (c *Candidate) ID() agent.ID { return c.id }

// stand is one agent's place in one queue.
type stand struct {
	queue *queue
	agent *Candidate
	index int // in queue.stands
	// first stands in queue.pools[0], more[i-1] in queue.pools[i]; nil where the
	// agent has never stood.
	first order.Member[*Candidate]
	more  []*order.Member[*Candidate]
}

// pool holds the agents of a queue who can take a conversation of a class now,
// in the order of the queue's strategy.
type pool struct {
	class  *class
	agents order.Line[*Candidate]
}

// line holds the waiting conversations of a queue that have the same priority
// and class, in the order of their age.
type line struct {
	queue    *queue
	class    *class
	priority int
	pool     *pool
	waiters  order.Line[*Waiter]
	rank     *rank
	leads    bool      // it stands in its rank: somebody is in it
	first    order.Key // under which
}

// Waiter is a waiting conversation as the [Router] sees it. The zero value
// waits nowhere.
type Waiter struct {
	// A million of these may exist, so each word counts: the member has the key,
	// and what few have is apart.
	member  order.Member[*Waiter]
	line    *line
	only    *only // nil for one that never had any
	waiting bool
	queued  bool // in Router.waiters
}

// only is to whom a waiting conversation may be offered.
type only struct {
	exclude *Candidate // not to this agent
	prefer  *Candidate // only to this agent
}

// key is WaitingSince, then the conversation's ID.
func (w *Waiter) key() order.Key { return w.member.Key() }

// exclude returns the agent who is not offered the conversation, or nil.
func (w *Waiter) exclude() *Candidate {
	if w.only == nil {
		return nil
	}
	return w.only.exclude
}

// prefer returns the agent who alone is offered the conversation, or nil.
func (w *Waiter) prefer() *Candidate {
	if w.only == nil {
		return nil
	}
	return w.only.prefer
}

func (w *Waiter) limit(exclude, prefer *Candidate) {
	if w.only == nil {
		if exclude == nil && prefer == nil {
			return
		}
		w.only = new(only)
	}
	*w.only = only{exclude, prefer}
}

// Conversation returns the conversation, or 0 when it never waited.
func (w *Waiter) Conversation() conversation.ID { return conversation.ID(w.key().Seq) }

type lineKey struct{ class, priority int }

// queue is what the router keeps for one queue.
type queue struct {
	id       conversation.QueueID
	open     bool
	strategy Strategy
	lines    map[lineKey]*line
	ranks    []*rank // in no order
	pools    []*pool // [0] asks for no skill, of the first medium
	stands   []*stand
	counts   [NotServing + 1]int // agents by Candidate.standing
	waiting  int
	// preferring counts those that wait for one agent alone.
	preferring int
	touched    bool // it is in Router.touched
}

func (q *queue) line(c *class, priority int) *line {
	k := lineKey{c.index, priority}
	l := q.lines[k]
	if l == nil {
		l = &line{queue: q, class: c, priority: priority, pool: q.pool(c), rank: q.rank(priority)}
		l.waiters = order.Line[*Waiter]{}
		q.lines[k] = l
	}
	return l
}

// pool returns the pool of the class, which it makes and fills if need be.
func (q *queue) pool(c *class) *pool {
	for _, p := range q.pools {
		if p.class == c {
			return p
		}
	}
	p := &pool{class: c}
	q.pools = append(q.pools, p)
	for _, s := range q.stands {
		if s.agent.joined {
			s.join(len(q.pools) - 1)
		}
	}
	return p
}

// join puts the agent into the queue's i-th pool if it meets its class.
func (s *stand) join(i int) {
	p := s.queue.pools[i]
	if !s.agent.suits(p.class) {
		return
	}
	m := &s.first
	if i > 0 {
		for len(s.more) < i {
			s.more = append(s.more, nil)
		}
		if s.more[i-1] == nil {
			s.more[i-1] = &order.Member[*Candidate]{}
		}
		m = s.more[i-1]
	}
	m.Owner = s.agent
	p.agents.Add(m, s.queue.key(s.agent, p.class))
}

// leave takes the agent out of all pools of the queue.
func (s *stand) leave() {
	if l := s.first.Line(); l != nil {
		l.Remove(&s.first)
	}
	for _, m := range s.more {
		if m != nil {
			if l := m.Line(); l != nil {
				l.Remove(m)
			}
		}
	}
}

// key is the agent's place in a pool under the queue's strategy.
func (q *queue) key(c *Candidate, cl *class) order.Key {
	switch q.strategy {
	case LeastLoaded:
		return order.Key{At: -int64(c.free[cl.medium]), Seq: c.place}
	case RoundRobin:
		return order.Key{Seq: c.turn}
	case MostSkilled:
		return order.Key{At: -int64(Level(c.skills, cl.needs)), Seq: c.place}
	}
	return order.Key{Seq: c.place}
}

// keyValue is the part of the key that explains a choice.
func (q *queue) keyValue(k order.Key) int64 {
	switch q.strategy {
	case LeastLoaded, MostSkilled:
		return -k.At
	}
	return int64(k.Seq)
}

// suits reports whether the agent has a free slot of the class's medium and its
// skills.
func (c *Candidate) suits(cl *class) bool {
	return cl.medium < len(c.free) && c.free[cl.medium] > 0 && (len(cl.needs) == 0 || c.meetsClass(cl))
}

func (c *Candidate) meetsClass(cl *class) bool {
	word, bit := cl.index/32, uint(cl.index%32)*2
	for len(c.meets) <= word {
		c.meets = append(c.meets, 0)
	}
	v := c.meets[word] >> bit & 3
	if v == 0 {
		v = 1
		if Meets(c.skills, cl.needs) {
			v = 3
		}
		c.meets[word] |= v << bit
	}
	return v == 3
}

func (w *Waiter) enter() {
	l := w.line
	w.member.Owner = w
	if w.prefer() != nil {
		w.prefer().wanted.Add(&w.member, w.key())
		return
	}
	l.waiters.Add(&w.member, w.key())
	l.lead()
}

func (w *Waiter) leave() {
	in := w.member.Line()
	if in == nil {
		return
	}
	in.Remove(&w.member)
	if in == &w.line.waiters {
		w.line.lead()
	}
}

// before reports whether a waiting conversation with priority p and key k comes
// before one with priority q and key l at now.
func before(a Ageing, now int64, p int, k order.Key, q int, l order.Key) bool {
	p = a.Priority(p, time.Duration(now-k.At))
	q = a.Priority(q, time.Duration(now-l.At))
	return p < q || p == q && k.Less(l)
}
