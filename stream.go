package switchboard

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
)

// tailSize is how many events are kept in memory for readers who are nearly up
// to date. Others read the log.
const tailSize = 4096

// tail is the newest events, and who waits for more.
type tail struct {
	mu     sync.Mutex
	ring   []Event       // the event with number seq is at seq % len(ring)
	first  uint64        // the oldest event in the ring
	next   uint64        // the one that will come
	more   chan struct{} // closed when next grows; nil while nobody waits
	closed bool
}

// start says which event comes next.
func (t *tail) start(last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first, t.next = last+1, last+1
}

// skip says that the events up to last have happened and are not here any more.
func (t *tail) skip(last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first, t.next = last+1, last+1
	clear(t.ring)
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
}

// add takes the events of a record, which follows that position.
func (t *tail) add(events []floor.Event, before Position) {
	if len(events) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	last := events[len(events)-1].Seq
	if need := last + 1 - t.first; uint64(len(t.ring)) < need && len(t.ring) < tailSize {
		t.grow(min(max(64, 2*need), tailSize))
	}
	n := uint64(len(t.ring))
	for i := range events {
		e, to := &events[i], &t.ring[events[i].Seq%n]
		to.Seq, to.At, to.By, to.Why, to.Key, to.Body, to.before = e.Seq, e.At, e.By, e.Why, e.Key, e.Body, before
	}
	t.next = last + 1
	if t.next-t.first > n {
		t.first = t.next - n
	}
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
}

func (t *tail) grow(n uint64) {
	ring := make([]Event, n)
	if old := uint64(len(t.ring)); old > 0 {
		for seq := t.first; seq < t.next; seq++ {
			ring[seq%n] = t.ring[seq%old]
		}
	}
	t.ring = ring
}

// forget drops the events before seq.
func (t *tail) forget(seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; t.first < min(seq, t.next); t.first++ {
		t.ring[t.first%uint64(len(t.ring))] = Event{}
	}
}

// stop ends every wait.
func (t *tail) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
}

// take copies events from seq on into buf. When there are none yet it returns a
// channel that is closed when there may be; behind says that seq is older than
// the ring.
func (t *tail) take(seq uint64, buf []Event) (events []Event, wait <-chan struct{}, behind, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case seq < t.first:
		return nil, nil, true, t.closed
	case seq >= t.next:
		if t.closed {
			return nil, nil, false, true
		}
		if t.more == nil {
			t.more = make(chan struct{})
		}
		return nil, t.more, false, false
	}
	n := uint64(len(t.ring))
	for ; seq < t.next && len(buf) < cap(buf); seq++ {
		buf = append(buf, t.ring[seq%n])
	}
	return buf, nil, false, t.closed
}

// ahead reports whether seq is past the event that will come next.
func (t *tail) ahead(seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return seq > t.next
}

// has reports whether the event is known.
func (t *tail) has(seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return seq < t.next
}

// Filter says which events a reader wants. Nil wants all.
type Filter func(Event) bool

// AboutAgent wants the events of one agent and those of conversations that name
// it. For all that happens in the agent's conversations see [AtDesk].
func AboutAgent(id agent.ID) Filter {
	return func(e Event) bool {
		switch b := e.Body.(type) {
		case agent.Event:
			return b.AgentID() == id
		case conversation.OfferMade:
			return b.Agent == id
		case conversation.OfferEnded:
			return b.Agent == id
		case conversation.OfferRestarted:
			return b.Agent == id
		case conversation.Accepted:
			return b.Agent == id
		case conversation.TransferRequested:
			return b.Agent == id || b.ToAgent == id
		case conversation.TransferCancelled:
			return b.Agent == id
		case conversation.OwnerChanged:
			return b.Agent == id
		case conversation.WrapUpStarted:
			return b.Agent == id
		case conversation.WrapUpExtended:
			return b.Agent == id
		case conversation.WrapUpUnlimited:
			return b.Agent == id
		case conversation.SeatEnded:
			return b.Agent == id
		case conversation.CustomerReturned:
			return b.Agent == id
		}
		return false
	}
}

// AtDesk wants what an agent's desktop shows: the events of the agent itself,
// and all events of the conversations in which the agent has an offer or a seat,
// from the offer to the end of the seat: messages, alerts, the end. A reader who
// begins later than the conversations names those in which the agent has an
// offer or a seat at the cursor; see AgentInfo.Conversations.
//
// The filter follows what it sees, so each reader needs one of its own.
func AtDesk(id agent.ID, in ...conversation.ID) Filter {
	type desk struct {
		offered bool
		seats   map[int]bool // by number; nil when it is not known which
	}
	desks := make(map[conversation.ID]*desk)
	for _, c := range in {
		desks[c] = &desk{}
	}
	return func(e Event) bool {
		b, ok := e.Body.(conversation.Event)
		if !ok {
			a, ok := e.Body.(agent.Event)
			return ok && a.AgentID() == id
		}
		c := b.ConversationID()
		d := desks[c]
		if d == nil {
			o, ok := b.(conversation.OfferMade)
			if !ok || o.Agent != id {
				return false
			}
			d = &desk{}
			desks[c] = d
		}
		switch b := b.(type) {
		case conversation.OfferMade:
			d.offered = b.Agent == id
		case conversation.Accepted:
			d.offered = false
			if b.Agent == id {
				if d.seats == nil {
					d.seats = make(map[int]bool)
				}
				d.seats[b.Seat] = true
			}
		case conversation.OfferEnded:
			d.offered = false
			if b.Agent == id && len(d.seats) == 0 {
				delete(desks, c)
			}
		case conversation.SeatEnded:
			if b.Agent == id {
				if delete(d.seats, b.Seat); len(d.seats) == 0 && !d.offered {
					delete(desks, c)
				}
			}
		case conversation.Forgotten:
			delete(desks, c)
		}
		return true
	}
}

// AboutConversation wants the events of one conversation.
func AboutConversation(id conversation.ID) Filter {
	return func(e Event) bool {
		b, ok := e.Body.(conversation.Event)
		return ok && b.ConversationID() == id
	}
}

// OfKind wants the events whose stable name is, or begins with, one of the
// given: "conversation.offer-made", or "agent." for all of agents.
func OfKind(names ...string) Filter {
	return func(e Event) bool {
		kind := KindOf(e.Body)
		for _, n := range names {
			if kind == n || strings.HasSuffix(n, ".") && strings.HasPrefix(kind, n) {
				return true
			}
		}
		return false
	}
}

// Events yields the board's events past the cursor, in order, without a gap,
// and then goes on live: it waits for the next one until the context is over or
// the Board is closed. Keep, if not nil, drops events that the reader does not
// want. Store [Event.Cursor] of the last one dealt with to go on later.
//
// A reader takes its own time: it never holds up the Board and never misses an
// event. One that falls far behind reads from the store. Where the store no
// longer has what it needs, it gets an error that matches ErrTrimmed. Any error
// is the last thing that is yielded; it is the context's, ErrClosed, a
// *CursorError, or the store's.
//
// What another process appends to a shared log is yielded as soon as the store
// says that there is something new, see [Watcher], or half a second later.
func (b *Board) Events(ctx context.Context, after Cursor, keep Filter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		err := b.stream(ctx, after, func(e Event) bool {
			return keep != nil && !keep(e) || yield(e, nil)
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Event{}, err)
		}
	}
}

// errStop means that the reader has had enough.
var errStop = errors.New("stop")

func (b *Board) stream(ctx context.Context, after Cursor, yield func(Event) bool) error {
	at, seq, err := after.parse()
	if err != nil {
		return err
	}
	seq++
	if b.tail.ahead(seq) {
		// Another node may have written what this one has not looked at yet.
		if err := b.view(ctx, func(*floor.Floor) error { return nil }); err != nil {
			return err
		}
		if b.tail.ahead(seq) {
			return fmt.Errorf("%w: %w", &CursorError{after}, ErrPosition) // of another log
		}
	}
	defer b.watch.reader()()
	buf := make([]Event, 0, 64)
	for {
		if ctx.Err() != nil {
			return ended(ctx)
		}
		events, wait, behind, closed := b.tail.take(seq, buf[:0])
		switch {
		case behind && closed:
			return b.closedError()
		case behind:
			if at, seq, err = b.catchUp(ctx, at, seq, yield); err != nil {
				if errors.Is(err, ErrPosition) {
					return fmt.Errorf("%w: %w", &CursorError{after}, err) // of another log
				}
				return err
			}
		case wait != nil:
			select {
			case <-wait:
			case <-ctx.Done():
				return ended(ctx)
			}
		case len(events) == 0:
			return b.closedError()
		}
		for _, e := range events {
			if !yield(e) {
				return errStop
			}
			at, seq = e.before, e.Seq+1
		}
		clear(events)
	}
}

// readError is why a reader cannot go on.
func (b *Board) readError(ctx context.Context, err error) error {
	select {
	case <-b.stopping:
		return b.closedError() // the log is being closed
	default:
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return fmt.Errorf("switchboard: read the log of %q: %w", b.config.Name, err)
}

// catchUp reads events from the store until it reaches the tail.
func (b *Board) catchUp(ctx context.Context, at Position, seq uint64, yield func(Event) bool) (Position, uint64, error) {
	r := newReader()
	began := seq
	for rec, err := range b.log.Read(ctx, at) {
		if err != nil {
			return at, seq, b.readError(ctx, err)
		}
		_, events, err := r.record(rec)
		if err != nil {
			return at, seq, err
		}
		for i := range events {
			e := &events[i]
			if e.Seq < seq {
				continue
			}
			if e.Seq > seq {
				return at, seq, fmt.Errorf("%w: from event %d", ErrTrimmed, seq)
			}
			if !yield(Event{Seq: e.Seq, At: e.At, By: e.By, Why: e.Why, Key: e.Key, Body: e.Body, before: at}) {
				return at, seq, errStop
			}
			seq++
		}
		at = rec.Position
		b.tail.mu.Lock()
		reached := seq >= b.tail.first
		b.tail.mu.Unlock()
		if reached {
			return at, seq, nil
		}
	}
	if seq == began {
		return at, seq, fmt.Errorf("%w: from event %d", ErrTrimmed, seq)
	}
	return at, seq, nil
}
