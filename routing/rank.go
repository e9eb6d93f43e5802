package routing

import (
	"slices"

	"github.com/switchboard-go/switchboard/internal/order"
)

// rank is the lines of a queue that have one priority and somebody in them, by the
// age of their first conversation. An agent who looks for work goes through them
// only until the first of which it has the skills. That order is the one in which
// they are served, with ageing too: of one priority, the older is never behind.
type rank struct {
	priority int
	fronts   []front
}

// front is the first conversation of a line. The fronts of a rank lie side by side
// with all that an agent has to know of them, so that whoever looks for work goes
// through one piece of memory and not through every line.
type front struct {
	key   order.Key
	class *class
	line  *line
}

// rank returns the queue's rank of the priority, which it makes if need be.
func (q *queue) rank(priority int) *rank {
	for _, r := range q.ranks {
		if r.priority == priority {
			return r
		}
	}
	r := &rank{priority: priority}
	q.ranks = append(q.ranks, r)
	return r
}

// at returns where the key is, or would be.
func (r *rank) at(k order.Key) int {
	low, high := 0, len(r.fronts)
	for low < high {
		if mid := int(uint(low+high) / 2); r.fronts[mid].key.Less(k) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// lead brings the line to where it belongs by who is now the first in it: nowhere
// when it is empty.
func (l *line) lead() {
	r := l.rank
	first := l.waiters.Min()
	switch {
	case first == nil:
		if l.leads {
			i := r.at(l.first)
			r.fronts = slices.Delete(r.fronts, i, i+1)
			l.leads = false
		}
		return
	case !l.leads:
		l.leads, l.first = true, first.Key()
		r.fronts = slices.Insert(r.fronts, r.at(l.first), front{l.first, l.class, l})
		return
	case first.Key() == l.first:
		return
	}
	fs := r.fronts
	from, to := r.at(l.first), r.at(first.Key())
	l.first = first.Key()
	if from < to {
		to-- // it does not count itself
		copy(fs[from:to], fs[from+1:])
	} else {
		copy(fs[to+1:from+1], fs[to:from])
	}
	fs[to] = front{l.first, l.class, l}
}

// lineFor returns the line whose first conversation comes first of those of which the
// agent has the skills; nil for none. With others it is the first that is not kept
// from the agent that counts, and each line on the way is looked into, which fetches
// a conversation from far away for each.
func (r *Router) lineFor(c *Candidate, now int64, others bool) *line {
	var best *line
	var key order.Key // of what counts in it
	for i := range c.stands {
		q := c.stands[i].queue
		if !q.open {
			continue
		}
		for _, rk := range q.ranks {
			for k := range rk.fronts {
				f := &rk.fronts[k]
				if best != nil && !before(r.ageing, now, rk.priority, f.key, best.priority, key) {
					break // nor does what is behind it
				}
				if !c.suits(f.class) {
					continue
				}
				at := f.key
				if others {
					w := f.line.after(c) // which may be behind the first of the next line
					if w == nil || best != nil && !before(r.ageing, now, rk.priority, w.key(), best.priority, key) {
						continue
					}
					at = w.key()
				}
				best, key = f.line, at
			}
		}
	}
	return best
}

// after returns the first conversation of the line that may be offered to c.
func (l *line) after(c *Candidate) *Waiter {
	for m := range l.waiters.All() {
		if m.Owner.exclude() != c {
			return m.Owner
		}
	}
	return nil
}
