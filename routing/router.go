package routing

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/order"
)

// Router brings waiting conversations and available agents together. It is an
// index: the caller tells it what is so, asks [Router.Next] what to do, does it,
// and tells it again. What it answers depends on nothing but what it was told.
//
// An agent who becomes free is given the best conversation of its queues: first
// by priority after ageing, then the oldest. A conversation that arrives is
// given to the first agent in its queue's order. Either costs the same whether
// there are a hundred agents or a hundred thousand.
//
// Use NewRouter. A Router is not safe for concurrent use.
type Router struct {
	ageing  Ageing
	media   []conversation.Medium
	classes classes
	queues  map[conversation.QueueID]*queue

	// What has changed since Next last found nothing to do: lists of agents and
	// of conversations, and queues in which there may be a match.
	agents, lastAgent *Candidate
	waiters           []*Waiter
	looked            int // how many at the head of waiters have been dealt with
	touched           []*queue
}

// NewRouter returns a router without queues.
func NewRouter() *Router {
	return &Router{queues: make(map[conversation.QueueID]*queue)}
}

// SetAgeing sets how priorities improve with waiting. It holds from the next call
// of Next on, for those that wait already too.
func (r *Router) SetAgeing(a Ageing) { r.ageing = a }

// SetQueue adds or changes a queue. One that is not open offers nothing; when it
// opens, Next goes through all that waits there.
func (r *Router) SetQueue(id conversation.QueueID, s Strategy, open bool) {
	q := r.queues[id]
	if q == nil {
		q = &queue{id: id, lines: make(map[lineKey]*line)}
		q.pools = []*pool{{class: r.classes.take(r.medium(conversation.Social), nil)}}
		r.queues[id] = q
	}
	if q.strategy != s {
		q.strategy = s
		for _, st := range q.stands {
			if st.agent.joined {
				st.leave()
				for i := range q.pools {
					st.join(i)
				}
			}
		}
	}
	opens := open && !q.open
	q.open = open
	if opens {
		r.touch(q)
	}
}

// DeleteQueue forgets a queue. The caller has taken its conversations and agents
// out of it.
func (r *Router) DeleteQueue(id conversation.QueueID) {
	if q := r.queues[id]; q != nil {
		q.open = false
		r.classes.drop(q.pools[0].class)
		delete(r.queues, id)
	}
}

// SetAgent makes an agent known, or changes what queues it serves and its
// skills, which the caller does not change afterwards.
func (r *Router) SetAgent(c *Candidate, id agent.ID, queues []conversation.QueueID, skills map[conversation.Skill]int) {
	r.forget(c)
	c.id, c.known, c.skills = id, true, skills
	clear(c.meets)
	c.stands = make([]stand, 0, len(queues)) // never longer: they are pointed at
	for _, id := range queues {
		q := r.queues[id]
		if q == nil {
			continue
		}
		c.stands = append(c.stands, stand{queue: q, agent: c, index: len(q.stands)})
		q.stands = append(q.stands, &c.stands[len(c.stands)-1])
		q.counts[c.standing]++
	}
	r.check(c)
}

// DeleteAgent forgets an agent.
func (r *Router) DeleteAgent(c *Candidate) {
	r.forget(c)
	c.known, c.standing = false, SignedOut
	r.check(c)
}

func (r *Router) forget(c *Candidate) {
	for i := range c.stands {
		st := &c.stands[i]
		st.leave()
		q := st.queue
		q.counts[c.standing]--
		last := q.stands[len(q.stands)-1]
		q.stands[st.index], last.index = last, st.index
		q.stands[len(q.stands)-1] = nil
		q.stands = q.stands[:len(q.stands)-1]
	}
	c.stands, c.pooled, c.joined = nil, false, false
}

// Update says how an agent stands: standing is Eligible or what keeps it from
// any work, slots and skills aside; free are its free slots; place and turn are its
// places in the longest-available order and in the rotation.
func (r *Router) Update(c *Candidate, standing Standing, m conversation.Medium, free int, place, turn uint64) {
	i := r.medium(m)
	if c.free == nil {
		c.free = c.room[:]
	}
	for len(c.free) <= i {
		c.free = append(c.free, 0)
	}
	if c.standing == standing && c.free[i] == free && c.place == place && c.turn == turn {
		return
	}
	if c.standing != standing {
		for i := range c.stands {
			st := &c.stands[i]
			st.queue.counts[c.standing]--
			st.queue.counts[standing]++
		}
	}
	c.standing, c.free[i], c.place, c.turn = standing, free, place, turn
	r.check(c)
}

func (r *Router) check(c *Candidate) {
	c.stale = true
	if c.unchecked {
		return
	}
	c.unchecked = true
	if r.lastAgent == nil {
		r.agents = c
	} else {
		r.lastAgent.next = c
	}
	r.lastAgent = c
}

// Wait says that a conversation waits. Needs are at their present levels.
// Exclude, if not nil, is not offered it; prefer, if not nil, is the only one
// who is. A conversation that waits already is put where it belongs now; one for
// a queue that is not known waits nowhere.
func (r *Router) Wait(w *Waiter, id conversation.ID, q conversation.QueueID, m conversation.Medium, priority int, since time.Time, needs []conversation.Need, exclude, prefer *Candidate) {
	r.Unwait(w)
	in := r.queues[q]
	if in == nil {
		return
	}
	cl := r.classes.take(r.medium(m), needs)
	w.line = in.line(cl, priority)
	w.member.SetKey(order.Key{At: since.UnixNano(), Seq: uint64(id)})
	w.limit(exclude, prefer)
	w.waiting = true
	in.waiting++
	if prefer != nil {
		in.preferring++
	}
	w.enter()
	if w.queued {
		return
	}
	w.queued = true
	r.waiters = append(r.waiters, w)
}

// Unwait says that a conversation no longer waits.
func (r *Router) Unwait(w *Waiter) {
	if !w.waiting {
		return
	}
	w.leave()
	w.line.queue.waiting--
	if w.prefer() != nil {
		w.line.queue.preferring--
	}
	r.classes.drop(w.line.class)
	w.limit(nil, nil)
	w.waiting, w.line = false, nil
}

// Waiting returns the number of conversations that wait in the queue.
func (r *Router) Waiting(id conversation.QueueID) int {
	if q := r.queues[id]; q != nil {
		return q.waiting
	}
	return 0
}

// Staffed reports whether any agent who serves the queue is signed in.
func (r *Router) Staffed(id conversation.QueueID) bool {
	q := r.queues[id]
	return q != nil && len(q.stands) > q.counts[SignedOut]
}

// Serves reports whether the agent serves the queue.
func (r *Router) Serves(c *Candidate, id conversation.QueueID) bool { return c.in(r.queues[id]) != nil }

func (c *Candidate) in(q *queue) *stand {
	for i := range c.stands {
		st := &c.stands[i]
		if st.queue == q {
			return st
		}
	}
	return nil
}

// Match is what to do next: offer the conversation to the agent.
type Match struct {
	Waiter   *Waiter                // what to offer
	Agent    *Candidate             // to whom
	Decision *conversation.Decision // why, for the event; the caller's own
}

// Next returns what to do next, or false when no waiting conversation can be
// offered to anybody. Of all that can be, it is the most urgent, then the
// oldest, and the agent is the first in the order of its queue; what came to the
// router before what makes no difference. The caller does it and says so with
// Unwait and Update before it asks again.
func (r *Router) Next(now time.Time) (Match, bool) {
	at := now.UnixNano()
	for {
		// Once Next has found nothing, only what has changed since can make a
		// match. Most times that is one agent or one conversation.
		c, w, single := r.changed()
		switch {
		case single && c != nil:
			if w := r.bestFor(c, at); w != nil {
				return r.match(w, c, at), true
			}
			c.join()
			r.popAgent()
		case single && w != nil:
			if c := r.agentFor(w); c != nil {
				return r.match(w, c, at), true
			}
			r.popWaiter()
		case single:
			if r.classes.crowded() {
				r.sweep()
			}
			return Match{}, false
		default:
			r.gather()
			if w, c := r.best(at); w != nil {
				return r.match(w, c, at), true
			}
			r.untouch()
		}
	}
}

// changed drops from the lists what can make no match, and puts every agent in
// the pools where it belongs now. It reports whether no more than one agent or
// one conversation is left, and which. One agent alone is in no pool yet: it mostly
// gets a conversation and is full again.
func (r *Router) changed() (c *Candidate, w *Waiter, single bool) {
	for c := r.agents; c != nil; c = c.next {
		c.refresh()
	}
	for r.agents != nil && !r.agents.pooled {
		r.popAgent()
	}
	for w = r.firstWaiter(); w != nil && !w.waiting; w = r.firstWaiter() {
		r.popWaiter()
	}
	c = r.agents
	single = len(r.touched) == 0 && (c == nil || w == nil && c.next == nil) && len(r.waiters)-r.looked <= 1
	if !single {
		for a := c; a != nil; a = a.next {
			a.join()
		}
	}
	return c, w, single
}

// firstWaiter returns the first conversation that has changed, or nil.
func (r *Router) firstWaiter() *Waiter {
	if len(r.waiters) == 0 {
		return nil
	}
	return r.waiters[r.looked]
}

func (r *Router) popAgent() {
	c := r.agents
	c.unchecked = false
	if r.agents, c.next = c.next, nil; r.agents == nil {
		r.lastAgent = nil
	}
}

func (r *Router) popWaiter() {
	r.waiters[r.looked].queued = false
	r.waiters[r.looked] = nil
	if r.looked++; r.looked == len(r.waiters) {
		r.waiters, r.looked = r.waiters[:0], 0
	}
}

// touch notes that there may be a match in the queue.
func (r *Router) touch(q *queue) {
	if q.open && q.waiting > 0 && !q.touched {
		q.touched = true
		r.touched = append(r.touched, q)
	}
}

func (r *Router) untouch() {
	for i, q := range r.touched {
		q.touched = false
		r.touched[i] = nil
	}
	r.touched = r.touched[:0]
}

// gather touches the queues of all that has changed.
func (r *Router) gather() {
	for r.agents != nil {
		if r.agents.pooled {
			for i := range r.agents.stands {
				r.touch(r.agents.stands[i].queue)
			}
		}
		r.popAgent()
	}
	for w := r.firstWaiter(); w != nil; w = r.firstWaiter() {
		if w.waiting {
			r.touch(w.line.queue)
		}
		r.popWaiter()
	}
}

// best returns the first of all matches in the touched queues, nil for none.
func (r *Router) best(now int64) (w *Waiter, c *Candidate) {
	for _, q := range r.touched {
		if x, a := r.bestOf(q, now); x != nil &&
			(w == nil || before(r.ageing, now, x.line.priority, x.key(), w.line.priority, w.key())) {
			w, c = x, a
		}
	}
	return w, c
}

// refresh says whether the agent belongs into pools now, and takes it out of those
// where it was before.
func (c *Candidate) refresh() {
	if !c.stale {
		return
	}
	c.stale = false
	if c.joined {
		for i := range c.stands {
			c.stands[i].leave()
		}
		c.joined = false
	}
	c.pooled = c.known && c.standing == Eligible
}

// join puts the agent into the pools where it belongs.
func (c *Candidate) join() {
	if !c.pooled || c.joined || !c.hasSlot() {
		return
	}
	c.joined = true
	for i := range c.stands {
		st := &c.stands[i]
		for k := range st.queue.pools {
			st.join(k)
		}
	}
}

// hasSlot reports whether the agent has a free slot of any medium: otherwise it
// suits no class.
func (c *Candidate) hasSlot() bool {
	for _, n := range c.free {
		if n > 0 {
			return true
		}
	}
	return false
}

// bestFor returns the conversation that the agent should be offered, or nil.
func (r *Router) bestFor(c *Candidate, now int64) *Waiter {
	var best *Waiter
	if l := r.lineFor(c, now, false); l != nil {
		best = l.waiters.Min().Owner
	}
	if best != nil && best.exclude() == c {
		best = nil
		if l := r.lineFor(c, now, true); l != nil {
			best = l.after(c)
		}
	}
	for m := range c.wanted.All() {
		if w := m.Owner; w.line.queue.open && w.exclude() != c && c.in(w.line.queue) != nil && c.suits(w.line.class) {
			if best == nil || before(r.ageing, now, w.line.priority, w.key(), best.line.priority, best.key()) {
				best = w
			}
		}
	}
	return best
}

// agentFor returns the agent to whom the conversation should be offered, or nil.
func (r *Router) agentFor(w *Waiter) *Candidate {
	q := w.line.queue
	if !q.open {
		return nil
	}
	if c := w.prefer(); c != nil {
		if c.pooled && c != w.exclude() && c.in(q) != nil && c.suits(w.line.class) {
			return c
		}
		return nil
	}
	for m := range w.line.pool.agents.All() {
		if m.Owner != w.exclude() {
			return m.Owner
		}
	}
	return nil
}

// bestOf returns the queue's first conversation for which there is an agent, and
// the agent; nil for none.
func (r *Router) bestOf(q *queue, now int64) (best *Waiter, agent *Candidate) {
	if !q.open {
		return nil, nil
	}
	for _, rk := range q.ranks {
		for i := range rk.fronts {
			f := &rk.fronts[i]
			if best != nil && !before(r.ageing, now, rk.priority, f.key, best.line.priority, best.key()) {
				break
			}
			if f.line.pool.agents.Len() == 0 {
				continue
			}
			for m := range f.line.waiters.All() {
				w := m.Owner
				if best != nil && !before(r.ageing, now, rk.priority, w.key(), best.line.priority, best.key()) {
					break
				}
				if c := r.agentFor(w); c != nil {
					best, agent = w, c
					break
				}
			}
		}
	}
	if q.preferring == 0 {
		return best, agent
	}
	for _, st := range q.stands {
		c := st.agent
		if !c.pooled {
			continue
		}
		for m := range c.wanted.All() {
			w := m.Owner
			if w.line.queue != q || w.exclude() == c || !c.suits(w.line.class) {
				continue
			}
			if best == nil || before(r.ageing, now, w.line.priority, w.key(), best.line.priority, best.key()) {
				best, agent = w, c
			}
		}
	}
	return best, agent
}

// match explains the choice.
func (r *Router) match(w *Waiter, c *Candidate, now int64) Match {
	l := w.line
	q := l.queue
	waited := time.Duration(now - w.key().At)
	d := &conversation.Decision{
		Strategy: q.strategy.String(),
		Key:      q.keyValue(q.key(c, l.class)),
		Waited:   waited,
		Priority: r.ageing.Priority(l.priority, waited),
		Eligible: l.pool.agents.Len(),
		Excluded: conversation.Excluded{
			SignedOut:    q.counts[SignedOut],
			Idle:         q.counts[Idle],
			RONA:         q.counts[RONA],
			Disconnected: q.counts[Disconnected],
		},
	}
	free := r.free(q, l.class.medium)
	if !c.joined {
		d.Eligible++
		free++
	}
	d.Excluded.Full = q.counts[Eligible] - free
	d.Excluded.Skills = free - d.Eligible
	if x := w.exclude(); x != nil {
		if st := x.in(q); st != nil && st.pooledIn(l.pool) {
			d.Eligible--
			d.Excluded.Cooldown++
		}
	}
	return Match{Waiter: w, Agent: c, Decision: d}
}

func (st *stand) pooledIn(p *pool) bool {
	if st.first.Line() == &p.agents {
		return true
	}
	for _, m := range st.more {
		if m != nil && m.Line() == &p.agents {
			return true
		}
	}
	return false
}

// free returns how many pooled agents of the queue have a free slot of the medium.
func (r *Router) free(q *queue, medium int) int {
	for _, p := range q.pools {
		if p.class.medium == medium && len(p.class.needs) == 0 {
			return p.agents.Len()
		}
	}
	n := 0
	for _, st := range q.stands {
		if c := st.agent; c.joined && medium < len(c.free) && c.free[medium] > 0 {
			n++
		}
	}
	return n
}

// Position returns the place of a waiting conversation in its queue, from 1: one
// more than the number of those that would be served before it if nothing
// changed. Those that wait for one agent alone are not counted. It takes time in
// proportion to that number. It returns 0 for one that does not wait.
func (r *Router) Position(w *Waiter, now time.Time) int {
	if !w.waiting {
		return 0
	}
	at := now.UnixNano()
	n := 1
	for _, rk := range w.line.queue.ranks {
		for i := range rk.fronts {
			for m := range rk.fronts[i].line.waiters.All() {
				if m.Owner == w || !before(r.ageing, at, rk.priority, m.Owner.key(), w.line.priority, w.key()) {
					break
				}
				n++
			}
		}
	}
	return n
}

func (r *Router) medium(m conversation.Medium) int {
	for i, known := range r.media {
		if known == m {
			return i
		}
	}
	r.media = append(r.media, m)
	return len(r.media) - 1
}

// sweep forgets the classes that nobody waits with.
func (r *Router) sweep() {
	r.classes.sweep()
	for _, q := range r.queues { // order-free: each queue is put right on its own
		for _, st := range q.stands {
			st.leave()
			st.more = nil
			clear(st.agent.meets)
		}
		lines := make(map[lineKey]*line, len(q.lines))
		kept := q.pools[:1]
		for _, p := range q.pools[1:] {
			if p.class.index >= 0 {
				kept = append(kept, p)
			}
		}
		clear(q.pools[len(kept):])
		q.pools = kept
		for _, l := range q.lines { // order-free: copied into a map
			if l.class.index >= 0 {
				lines[lineKey{l.class.index, l.priority}] = l
			}
		}
		q.lines = lines
	}
	for _, q := range r.queues { // order-free: joining a pool depends on keys alone
		for _, st := range q.stands {
			if st.agent.joined {
				for i := range q.pools {
					st.join(i)
				}
			}
		}
	}
}

// Wanted returns the conversations that wait for the agent alone, the oldest first.
func (r *Router) Wanted(c *Candidate) []conversation.ID {
	var ids []conversation.ID
	for m := range c.wanted.All() {
		ids = append(ids, m.Owner.Conversation())
	}
	return ids
}
