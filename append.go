package switchboard

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// appender makes the appends, one at a time, in a goroutine of its own, so that
// a store that hangs does not take the Board with it. A store that cannot hang
// is called at once.
type appender struct {
	instant Log // set when it never waits

	jobs    chan appendJob
	results chan appendResult
	ctx     context.Context // of the appends until one is given up
	cancel  context.CancelFunc
	ended   chan struct{}
	// The timer rings late. It is not set anew for each append: one that was
	// set for an earlier append rings too soon, and is set again for what is left.
	timer *time.Timer
	late  chan struct{}
	set   bool // the timer is set, or has rung and nobody has heard it
	// hung says that an append was given up and has not returned yet.
	hung bool

	head, data []byte
}

type appendJob struct {
	ctx   context.Context
	after Position
	data  []byte
}

type appendResult struct {
	at  Position
	err error
}

// errAppendTimeout means that the store did not answer in time.
var errAppendTimeout = errors.New("switchboard: the store did not answer in time")

// hearing is how long, in real time, a store may take to notice that an append
// was given up, before it counts as one that hangs.
const hearing = 2 * time.Millisecond

// closeGrace is how long, in real time, a Board that closes waits for the store.
const closeGrace = time.Second

func (a *appender) start(log Log) {
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.jobs = make(chan appendJob, 1)
	a.results = make(chan appendResult, 1)
	a.ended = make(chan struct{})
	a.late = make(chan struct{}, 1)
	if i, ok := log.(Instant); ok && i.Instant() {
		a.instant = log
		close(a.ended)
		return
	}
	go func() {
		defer close(a.ended)
		for j := range a.jobs {
			at, err := log.Append(j.ctx, j.after, j.data)
			a.results <- appendResult{at, err}
		}
	}()
}

// stop ends the goroutine. It waits for a store that honours its context, and
// only a little for one that hangs.
func (a *appender) stop() {
	a.cancel()
	close(a.jobs)
	if a.timer != nil {
		a.timer.Stop()
	}
	select {
	case <-a.ended:
	case <-time.After(closeGrace):
	}
}

// direct reports whether appends are made at once, by whoever asks for them.
func (a *appender) direct() bool { return a.instant != nil }

// atOnce appends to a log that never waits. Its errors are final.
func (a *appender) atOnce(after Position, data []byte) (Position, error) {
	at, err := a.instant.Append(a.ctx, after, data)
	if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrRefused) {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return at, err
}

// stuck reports whether an append that was given up is still running.
func (a *appender) stuck() bool {
	if a.hung {
		select {
		case <-a.results:
			a.hung = false
		default:
		}
	}
	return a.hung
}

// do appends and waits until the deadline, or a little when the Board closes.
func (a *appender) do(after Position, data []byte, deadline time.Time, closing <-chan struct{}) (Position, error) {
	if a.stuck() {
		return 0, errAppendTimeout
	}
	if !a.set {
		a.set = true
		wait := max(time.Until(deadline), time.Millisecond)
		if a.timer == nil {
			a.timer = time.AfterFunc(wait, a.ring)
		} else {
			a.timer.Reset(wait)
		}
	}
	a.jobs <- appendJob{a.ctx, after, data}
	for {
		select {
		case r := <-a.results:
			return r.at, r.err
		case <-a.late:
		case <-closing:
			closing = nil
			if soon := time.Now().Add(closeGrace); soon.Before(deadline) {
				deadline = soon
			}
		}
		left := time.Until(deadline)
		if left <= 0 {
			a.giveUp()
			return 0, errAppendTimeout
		}
		a.timer.Reset(left)
	}
}

// giveUp tells the store that nobody waits for its answer. One that listens has
// returned at once; one that does not may still read the data.
func (a *appender) giveUp() {
	a.cancel()
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.set = false
	select {
	case <-a.results:
	case <-time.After(hearing):
		a.hung, a.data = true, nil
	}
}

func (a *appender) ring() { a.late <- struct{}{} }

// headRoom is more than the header of a record takes.
const headRoom = 192

// buffer returns room for a record: its events go behind what is in it.
func (a *appender) buffer() []byte {
	if a.data == nil {
		a.data = make([]byte, headRoom, 4096)
	}
	return a.data[:headRoom]
}

// assemble makes the record from the buffer and what was put into it: the header
// goes right before the events.
func (a *appender) assemble(w *writer, commit []byte, events int, data []byte) []byte {
	a.data = data
	a.head = w.header(a.head[:0], commit, events)
	at := headRoom - len(a.head)
	copy(data[at:], a.head)
	return data[at:]
}
