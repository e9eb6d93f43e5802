package switchboardtest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// Transport is a switchboard.Transport that records what it is given and
// answers as it is told. Unless told otherwise it takes every message and calls
// the n-th one to the customer eva "to-eva-n". It can settle: NextSettlement
// gives its answers. It is safe for concurrent use; the zero value is ready.
type Transport struct {
	changes *changes

	mu      sync.Mutex
	sent    []switchboard.Outbound
	next    []error
	settle  []switchboard.Settlement
	holding bool
	held    map[string]*heldSend
	active  int             // calls that have not returned
	unsure  map[string]bool // keys that Settle was unsure about
	taken   map[conversation.Customer]int
}

type heldSend struct {
	out    switchboard.Outbound
	answer chan heldAnswer
}

type heldAnswer struct {
	receipt switchboard.Receipt
	err     error
}

// Sent returns every message that Send was called with, in order, each attempt
// apart.
func (t *Transport) Sent() []switchboard.Outbound {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.sent)
}

// Next sets the result of the next Send that has none yet: nil takes the
// message, a *switchboard.SendError says what went wrong. Calls add up.
func (t *Transport) Next(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = append(t.next, err)
}

// FailNext makes the next Send fail for good with the cause.
func (t *Transport) FailNext(why conversation.FailCause) { t.Next(&switchboard.SendError{Why: why}) }

// NextSettlement sets the next answer of Settle. Calls add up; without one it
// is switchboard.Unsure.
func (t *Transport) NextSettlement(what switchboard.Settlement) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.settle = append(t.settle, what)
}

// Hold makes every further Send wait until Release says how it ends.
func (t *Transport) Hold() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holding = true
}

// Flow undoes Hold for further calls. What is held stays so.
func (t *Transport) Flow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holding = false
}

// Held returns the messages that are held, by Key.
func (t *Transport) Held() []switchboard.Outbound {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []switchboard.Outbound
	for _, h := range t.held {
		out = append(out, h.out)
	}
	slices.SortFunc(out, func(a, b switchboard.Outbound) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// Release ends the held Send of the message with the key: with the receipt, or
// with the error if it is not nil. A receipt without an id gets one as if it
// had not been held. It reports whether such a message was held. Call Kit.Settle
// to wait for what follows.
func (t *Transport) Release(key string, r switchboard.Receipt, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.held[key]
	if h == nil {
		return false
	}
	if err == nil && r.ExternalID == "" {
		r.ExternalID = t.name(h.out.Customer)
	}
	delete(t.held, key)
	h.answer <- heldAnswer{r, err}
	return true
}

// name makes the channel's id of the next message to the customer.
func (t *Transport) name(to conversation.Customer) string {
	if t.taken == nil {
		t.taken = make(map[conversation.Customer]int)
	}
	t.taken[to]++
	return "to-" + string(to) + "-" + itoa(t.taken[to])
}

// Send implements switchboard.Transport.
func (t *Transport) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	t.mu.Lock()
	defer t.leave()
	t.active++
	t.sent = append(t.sent, m)
	if t.holding {
		h := &heldSend{m, make(chan heldAnswer, 1)}
		if t.held == nil {
			t.held = make(map[string]*heldSend)
		}
		t.held[m.Key] = h
		t.mu.Unlock()
		t.tell()
		select {
		case a := <-h.answer:
			t.mu.Lock()
			return a.receipt, a.err
		case <-ctx.Done():
			t.mu.Lock()
			if t.held[m.Key] == h {
				delete(t.held, m.Key)
			}
			return switchboard.Receipt{}, context.Cause(ctx)
		}
	}
	if len(t.next) > 0 {
		err := t.next[0]
		t.next = t.next[1:]
		if err != nil {
			return switchboard.Receipt{}, err
		}
	}
	return switchboard.Receipt{ExternalID: t.name(m.Customer)}, nil
}

// leave ends a call; the lock is held.
func (t *Transport) leave() {
	t.active--
	t.mu.Unlock()
	t.tell()
}

func (t *Transport) tell() {
	if t.changes != nil {
		t.changes.tell()
	}
}

// Settle implements switchboard.Settler.
func (t *Transport) Settle(_ context.Context, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt, error) {
	t.mu.Lock()
	defer t.leave()
	t.active++
	what := switchboard.Unsure
	if len(t.settle) > 0 {
		what = t.settle[0]
		t.settle = t.settle[1:]
	}
	if t.unsure == nil {
		t.unsure = make(map[string]bool)
	}
	delete(t.unsure, m.Key)
	var r switchboard.Receipt
	switch what {
	case switchboard.Unsure:
		t.unsure[m.Key] = true
	case switchboard.Arrived:
		r.ExternalID = t.name(m.Customer)
	}
	return what, r, nil
}

// idle reports whether of the messages that are being sent each is held or
// waits for the clock, and quiet whether there are none at all.
func (t *Transport) idle(lanes []string, waiting int) (idle, quiet bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active != len(t.held) {
		return false, false
	}
	unsure := 0
	for _, key := range lanes {
		switch {
		case t.held[key] != nil:
		case t.unsure[key]:
			unsure++
		default:
			return false, false
		}
	}
	return unsure == waiting, len(lanes) == 0 && t.active == 0 && waiting == 0
}

var _ switchboard.Settler = (*Transport)(nil)

// Temporary is a result for Transport.Next: the message was not sent and may be
// tried again after the given time; zero leaves that to the board.
func Temporary(why conversation.FailCause, after time.Duration) error {
	return &switchboard.SendError{Why: why, Temporary: true, After: after}
}

// Ambiguous is a result for Transport.Next: the message may have arrived.
func Ambiguous() error {
	return &switchboard.SendError{Why: conversation.FailTransport, Ambiguous: true}
}
