package switchboard

import (
	"context"
	"errors"
	"hash/fnv"
	"sync/atomic"
	"time"
)

const (
	// pollEvery is how often a log that cannot tell is asked whether another node
	// has appended to it, in real time.
	pollEvery = 500 * time.Millisecond
	// idleEvery is the same while nobody here reads a stream and no other node is
	// known to have something to send.
	idleEvery = 10 * time.Second
	// jitterFrom and jitterTo bound how long after a deadline a node wakes for it
	// that did not make the last append. It is enough for the one that did to be
	// first, nearly always, and for nobody to notice when that one is gone.
	jitterFrom, jitterTo = 50 * time.Millisecond, 150 * time.Millisecond
)

// watch notices what other nodes append, so that streams go on and messages are
// taken over on a node of which nobody asks anything.
type watch struct {
	board  *Board
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{} // nil when nobody else can have the log

	known   atomic.Uint64 // the Board's position
	readers atomic.Int32  // of streams
	foreign atomic.Bool   // another node has something to send
	wanted  chan struct{} // a word that one of these is no longer none
}

// start begins to watch.
func (w *watch) start(b *Board) {
	w.board = b
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.wanted = make(chan struct{}, 1)
	w.ended = make(chan struct{})
	w.known.Store(uint64(b.position))
	go w.run()
}

// stop ends it. It waits for a store that honours its context, and only a little
// for one that hangs.
func (w *watch) stop() {
	if w.ended == nil {
		return
	}
	w.cancel()
	select {
	case <-w.ended:
	case <-time.After(closeGrace):
	}
}

func (w *watch) run() {
	defer close(w.ended)
	log, ok := w.board.log.(Watcher)
	complained := false
	for ok && w.ctx.Err() == nil {
		after := Position(w.known.Load())
		err := log.Wait(w.ctx, after)
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			ok = false
			continue
		case err == nil && Position(w.known.Load()) != after:
			continue // it has been read since, or it is our own
		case err == nil:
			err = w.read(after)
		}
		if w.ctx.Err() != nil {
			return
		}
		if err != nil {
			if !complained {
				w.board.config.Logger.Warn("the log cannot be watched", "err", err)
			}
			w.pause(time.Second, nil)
		}
		complained = err != nil
	}
	for w.ctx.Err() == nil {
		if w.readers.Load() > 0 || w.foreign.Load() {
			w.pause(pollEvery, nil)
		} else if w.pause(idleEvery, w.wanted) {
			continue // somebody has just come
		}
		if !w.board.exclusive() {
			_ = w.read(Position(w.known.Load())) // again soon
		}
	}
}

// pause waits in real time, and reports whether the word cut that short.
func (w *watch) pause(d time.Duration, word <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-w.ctx.Done():
	case <-word:
		return true
	}
	return false
}

// read makes the committer take in what is past the position, unless it has
// passed that meanwhile.
func (w *watch) read(after Position) error {
	b := w.board
	done := make(chan error, 1)
	look := func() {
		if w.isStopping() {
			w.cancel()
		}
		if b.position != after || w.ctx.Err() != nil {
			done <- nil
			return
		}
		err := b.others()
		switch {
		case fatal(err):
			b.fail(nil, err)
		case b.position != after:
			b.rouse() // and goes on from there
		}
		done <- err
	}
	select {
	case b.inner <- look:
		return <-done
	case <-b.done:
		w.cancel() // nobody is left to take in what comes
	case <-w.ctx.Done():
	}
	return nil
}

func (w *watch) isStopping() bool {
	select {
	case <-w.board.stopping:
		return true
	default:
		return false
	}
}

// want makes sure that a log that cannot tell is asked soon.
func (w *watch) want() {
	select {
	case w.wanted <- struct{}{}:
	default:
	}
}

// follow says whether another node has something to send.
func (w *watch) follow(some bool) {
	if w.foreign.Swap(some) != some && some {
		w.want()
	}
}

// reader notes a reader of a stream until the returned function is called.
func (w *watch) reader() func() {
	w.readers.Add(1)
	w.want()
	return func() { w.readers.Add(-1) }
}

// jitterOf is how long the node waits after a deadline. It is the node's own and
// always the same, so that nodes differ and a run can be repeated.
func jitterOf(node string) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(node))
	return jitterFrom + time.Duration(h.Sum64()%uint64(jitterTo-jitterFrom))
}
