package switchboard

import (
	"errors"
	"sync/atomic"
)

// turn is the right to touch the state. The committer has it while it serves;
// where the log never waits, a caller who finds it free takes it and serves its own
// request, which saves the way to another goroutine and back.
//
// Callers only try: who does not get it queues with the committer. So one at
// most waits for it, and is handed it before anybody else can take it.
type turn struct {
	state atomic.Int32
	given chan struct{} // a word that the committer has it; testing/synctest knows when one waits for it
}

const (
	turnFree int32 = iota
	turnTaken
	turnWanted // taken, and the committer waits for it
)

// init makes it usable, and taken.
func (t *turn) init() {
	t.given = make(chan struct{}, 1)
	t.state.Store(turnTaken)
}

// try takes the turn if it is free.
func (t *turn) try() bool { return t.state.CompareAndSwap(turnFree, turnTaken) }

// take waits for the turn. Only the committer calls it.
func (t *turn) take() {
	for !t.try() {
		if t.state.CompareAndSwap(turnTaken, turnWanted) {
			<-t.given
			return
		}
	}
}

// release gives the turn to the committer if it waits, or else back.
func (t *turn) release() {
	if !t.state.CompareAndSwap(turnTaken, turnFree) {
		t.state.Store(turnTaken)
		t.given <- struct{}{}
	}
}

// errPanic means that deciding or storing something panicked in the goroutine of
// its caller, who may have recovered: nobody knows what state that left.
var errPanic = errors.New("switchboard: a step panicked")

// serveMyself serves the request in the caller's own goroutine. It reports false,
// with nothing done, when somebody else is being served or waits.
func (b *Board) serveMyself(r *request) bool {
	if !b.appends.direct() {
		return false
	}
	b.sends.letGo()
	if len(b.requests) > 0 || !b.turn.try() {
		return false
	}
	if b.failure.Load() != nil {
		b.turn.release()
		r.err = b.closedError()
		return true
	}
	if b.rivals.near { // the committer leaves room for others
		b.turn.release()
		return false
	}
	b.mine[0] = r
	served := false
	defer func() {
		b.mine[0] = nil
		if !served {
			b.fail(nil, errPanic)
		}
		b.turn.release()
	}()
	b.serve(b.mine[:])
	served = true
	return true
}
