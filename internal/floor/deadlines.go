package floor

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/internal/order"
)

// deadlines has the earliest deadline of each conversation, agent and queue. Each
// kind has a heap of its own, so that a record needs only a word to be found by.
type deadlines struct {
	convs  order.Heap[*convRec]
	agents order.Heap[*agentRec]
	queues order.Heap[*queueRec]
}

// earliest returns the earliest of all, and the record whose it is: one of three,
// or none.
func (d *deadlines) earliest() (k order.Key, c *convRec, a *agentRec, q *queueRec) {
	if n := d.convs.Min(); n != nil {
		k, c = n.Key(), n.Owner
	}
	if n := d.agents.Min(); n != nil && (c == nil || n.Key().Less(k)) {
		k, c, a = n.Key(), nil, n.Owner
	}
	if n := d.queues.Min(); n != nil && (c == nil && a == nil || n.Key().Less(k)) {
		k, c, a, q = n.Key(), nil, nil, n.Owner
	}
	return k, c, a, q
}

// next returns when the earliest is due.
func (d *deadlines) next() (at int64, ok bool) {
	k, c, a, q := d.earliest()
	return k.At, c != nil || a != nil || q != nil
}

// len is how many there are.
func (d *deadlines) len() int { return d.convs.Len() + d.agents.Len() + d.queues.Len() }

// setTimer puts the deadline into the heap, or takes it out when there is none.
func setTimer[T any](h *order.Heap[T], n *order.Node[T], d agent.Deadline) {
	if !d.Pending() {
		h.Remove(n)
		return
	}
	k := order.Key{At: d.At.UnixNano(), Seq: d.Set}
	if n.In() && n.Key() == k {
		return
	}
	h.Set(n, k)
}

// Next returns the instant of the earliest deadline.
func (f *Floor) Next() (time.Time, bool) {
	at, ok := f.deadlines.next()
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(0, at).UTC(), true
}
