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

// deadlineOf says of what kind the record is that has a deadline.
type deadlineOf uint8

const (
	ofNobody deadlineOf = iota
	ofConversation
	ofAgent
	ofQueue
)

// earliest returns the earliest of all, and whose it is. It looks at no record:
// every command asks, and mostly nothing is due.
func (d *deadlines) earliest() (k order.Key, of deadlineOf) {
	k, ok := d.convs.MinKey()
	if ok {
		of = ofConversation
	}
	if next, ok := d.agents.MinKey(); ok && (of == ofNobody || next.Less(k)) {
		k, of = next, ofAgent
	}
	if next, ok := d.queues.MinKey(); ok && (of == ofNobody || next.Less(k)) {
		k, of = next, ofQueue
	}
	return k, of
}

// next returns when the earliest is due.
func (d *deadlines) next() (at int64, ok bool) {
	k, of := d.earliest()
	return k.At, of != ofNobody
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
