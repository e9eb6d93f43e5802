package switchboard

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// skewEvery is how often a node that commits asks the store for its time, in
	// real time, and skewOldest how old the answer may be when it commits: whoever
	// commits all the time never waits for one.
	skewEvery, skewOldest = 5 * time.Second, 10 * time.Second
	// skewAgain is how often it asks while its clock is wrong.
	skewAgain = time.Second
)

// SkewError means that this node's clock is too far from the store's, see
// [Config.MaxSkew]: nothing was done and nothing is, until it is right again. It
// matches ErrRefused.
type SkewError struct {
	Clock time.Time     // of this node
	Store time.Time     // of the store, at the same time
	Max   time.Duration // Config.MaxSkew
}

// Error implements error.
func (e *SkewError) Error() string {
	return fmt.Sprintf("switchboard: this node's clock says %s where the store's says %s: more than %v apart",
		e.Clock.Format(time.RFC3339Nano), e.Store.Format(time.RFC3339Nano), e.Max)
}

// Is reports a match with ErrRefused.
func (e *SkewError) Is(target error) bool { return target == ErrRefused }

// skew compares the node's clock with that of a store that has one. The store is
// asked beside the commits, which only look at the last answer.
type skew struct {
	board  *Board
	log    Clocked // nil when the log has no clock
	ctx    context.Context
	cancel context.CancelFunc

	off   atomic.Pointer[SkewError] // nil while the clock is right, as far as known
	none  atomic.Bool               // the log turned out to have no clock
	asked time.Time                 // when it was last asked; zero for never
	heard asking                    // what it last answered
	reply chan asking               // what was asked then is answered, or failed: zero
	busy  bool                      // an answer is still to come
}

// asking is when the store was asked, in real time and by the node's clock.
type asking struct{ real, clock time.Time }

func (s *skew) init(b *Board) {
	s.board = b
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.reply = make(chan asking, 1)
	s.log, _ = b.log.(Clocked)
}

// check returns a *SkewError if the node must not commit. Whoever has the turn
// calls it.
func (s *skew) check() error {
	if s.log == nil {
		return nil
	}
	now, every := asking{time.Now(), s.board.config.Clock.Now().Round(0)}, skewEvery
	if s.off.Load() != nil {
		every = skewAgain
	}
	s.hear(nil)
	gone := now.real.Sub(s.heard.real)
	leap := now.clock.Sub(s.heard.clock) - gone // of this node's clock, since then
	leapt := leap.Abs() > s.board.config.MaxSkew && !s.asked.IsZero() && s.off.Load() == nil
	if !s.busy && (s.asked.IsZero() || leapt || now.real.Sub(s.asked) >= every) {
		s.asked, s.busy = now.real, true
		go s.ask(now)
	}
	if s.busy && (leapt || gone > skewOldest) {
		late := time.NewTimer(s.board.config.AppendTimeout)
		s.hear(late.C)
		late.Stop()
	}
	if s.none.Load() {
		s.log = nil
		return nil
	}
	if off := s.off.Load(); off != nil {
		return off
	}
	return nil
}

// stop ends what is asked. The turn is the caller's, for good.
func (s *skew) stop() {
	s.cancel()
	if s.busy {
		late := time.NewTimer(closeGrace)
		defer late.Stop()
		select {
		case <-s.reply:
		case <-late.C:
		}
	}
}

// hear takes in an answer if there is one, or waits for it.
func (s *skew) hear(late <-chan time.Time) {
	if !s.busy {
		return
	}
	if late == nil {
		select {
		case at := <-s.reply:
			s.heardAt(at)
		default:
		}
		return
	}
	select {
	case at := <-s.reply:
		s.heardAt(at)
	case <-late:
	case <-s.board.stopping:
	}
}

func (s *skew) heardAt(at asking) {
	s.busy = false
	if !at.real.IsZero() {
		s.heard = at
	}
}

// ask asks the store for its time. A store that does not answer says nothing
// about the clock.
func (s *skew) ask(at asking) {
	b := s.board
	// Less than an append may take: the two often begin together, and which ends
	// first is not to be chance.
	ctx, cancel := context.WithTimeout(s.ctx, b.config.AppendTimeout*9/10)
	defer cancel()
	before := b.config.Clock.Now()
	store, err := s.log.Now(ctx)
	after := b.config.Clock.Now()
	if err != nil {
		if errors.Is(err, errors.ErrUnsupported) {
			s.none.Store(true)
		}
		s.reply <- asking{}
		return
	}
	was := s.off.Load()
	var off *SkewError
	switch ahead, behind := before.Sub(store), store.Sub(after); {
	case ahead > b.config.MaxSkew:
		off = &SkewError{before, store, b.config.MaxSkew}
	case behind > b.config.MaxSkew:
		off = &SkewError{after, store, b.config.MaxSkew}
	}
	s.off.Store(off)
	switch {
	case off != nil && was == nil:
		b.config.Logger.Error("nothing is committed until the clock is right", "err", off)
	case off == nil && was != nil:
		b.config.Logger.Info("the clock is right again")
	}
	s.reply <- at
}
