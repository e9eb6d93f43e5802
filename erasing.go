package switchboard

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
)

// ErasureInfo is the record of the erasure of a customer. Who it was is not in
// it.
type ErasureInfo struct {
	No    uint64    // names it: the number of its routing.ErasureBegun event
	Begun time.Time // when it became certain to happen
	Done  time.Time // when nothing was left on the board; zero while it is under way
}

// Erasure returns the record of an erasure, as Result.Erasure names it. It is kept for
// a year after the erasure was done; an unknown one is refused with a
// *routing.UnknownError.
func (b *Board) Erasure(ctx context.Context, no uint64) (ErasureInfo, error) {
	var info ErasureInfo
	err := b.view(ctx, func(f *floor.Floor) error {
		e, err := f.Erasure(no)
		info = ErasureInfo{No: e.No, Begun: e.Begun, Done: e.Done}
		return err
	})
	return info, err
}

// ForgetError means that nobody can be erased from a board, because its log can
// forget nothing: what is missing are abilities of the log. It matches
// errors.ErrUnsupported.
type ForgetError struct {
	Missing []string // of "Snapshotter" and "Trimmer"
}

// Error implements error.
func (e *ForgetError) Error() string {
	return "switchboard: nobody can be erased: the store's log is no " + strings.Join(e.Missing, " and no ")
}

// Is reports a match with errors.ErrUnsupported.
func (e *ForgetError) Is(target error) bool { return target == errors.ErrUnsupported }

// erase begins an erasure and returns when it is certain to be carried through.
func (b *Board) erase(ctx context.Context, c Command, e routing.Erase) (Result, error) {
	if err := b.snapshots.canForget(ctx); err != nil {
		return Result{}, err
	}
	res, err := b.do(ctx, c)
	if !errors.Is(err, floor.ErrArchiveFirst) {
		return res, err
	}
	// Nothing of the customer is in the state, and the log must not say who it is:
	// this caller alone knows.
	var next uint64
	if err := b.view(ctx, func(f *floor.Floor) error { next = f.Seq() + 1; return nil }); err != nil {
		return Result{}, err
	}
	// From here on something may be gone, whatever fails.
	unknown := func(err error) error {
		if err == nil || errors.Is(err, ErrOutcomeUnknown) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	if err := b.eraseArchived(ctx, Erasure{Source: e.Source, Customer: e.Customer, Before: conversation.ID(next)}); err != nil {
		return Result{}, unknown(err)
	}
	c.Do = floor.Erase{Erase: e, Clean: true}
	res, err = b.do(ctx, c)
	if err != nil {
		return Result{}, unknown(err)
	}
	// A conversation may have come into memory and into the archive between the two.
	return res, unknown(b.eraseArchived(ctx, Erasure{Source: e.Source, Customer: e.Customer, Before: conversation.ID(res.Erasure)}))
}

func (b *Board) eraseArchived(ctx context.Context, e Erasure) error {
	ctx, cancel := context.WithTimeout(ctx, b.config.ArchiveTimeout)
	defer cancel()
	if err := b.config.Archive.Erase(ctx, b.config.Name, e); err != nil {
		return fmt.Errorf("switchboard: erase a customer from the archive: %w", err)
	}
	return nil
}

// erasers carry erasures through, all that there are at once. What is to be done
// is in the state, and every step of it can be done twice.
type erasers struct {
	board  *Board
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	// The committer's own.
	due      bool // there may be something to do
	busy     bool
	waits    bool // to try again, after a failure
	failures int
	look     *time.Timer // for those of other nodes

	mu    sync.Mutex
	ended []error // how it went
	again bool    // the wait is over
}

func (s *erasers) init(b *Board) {
	s.board = b
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.due = true // whoever opens the board goes on with what is under way
}

func (s *erasers) stop() {
	s.cancel()
	s.group.Wait()
	if s.look != nil {
		s.look.Stop()
	}
}

// see finds in what was committed what has to be done, and lets the stream forget
// what it must not show any more.
func (s *erasers) see(events []floor.Event) {
	for i := range events {
		switch b := events[i].Body.(type) {
		case routing.ErasureBegun:
			s.due = true
		case routing.ErasureDone:
			s.board.tail.forget(b.Erasure)
		}
	}
}

// start goes on with what is under way. Only the committer calls it, after a
// commit.
func (s *erasers) start() {
	if !s.due && !s.busy && !s.waits {
		return
	}
	s.mu.Lock()
	for _, err := range s.ended {
		s.busy, s.due, s.waits = false, true, err != nil
		if err != nil {
			s.failures++
			s.later()
		} else {
			s.failures = 0
		}
	}
	s.ended = s.ended[:0]
	if s.again {
		s.again, s.waits = false, false
	}
	s.mu.Unlock()
	if !s.due || s.busy || s.waits {
		return
	}
	s.due = false
	mine := s.mine()
	if len(mine) == 0 {
		return
	}
	s.busy = true
	s.group.Go(func() {
		err := s.carry(mine)
		if err != nil && s.ctx.Err() == nil {
			s.board.config.Logger.Warn("an erasure failed; it is tried again", "err", err)
		}
		s.mu.Lock()
		s.ended = append(s.ended, err)
		s.mu.Unlock()
		s.board.rouse()
	})
}

// mine returns the erasures that are to be carried on by this Board: its own, and
// those that another node has not finished for long.
func (s *erasers) mine() []floor.Erasure {
	var mine []floor.Erasure
	others := false
	for _, e := range s.board.floor.Erasures() {
		switch {
		case !e.Done.IsZero():
		case e.Cleared == 0 && e.Customer != "" && s.board.config.Archive == nil:
			s.board.config.Logger.Warn("an erasure waits for a board with an archive", "erasure", e.No)
		case e.Node == s.board.config.Node || s.board.exclusive() || !e.Begun.After(s.board.at.Add(-archiveOverdue)):
			mine = append(mine, e)
		default:
			others = true
		}
	}
	if others {
		s.due = true
		if s.look == nil {
			s.look = time.AfterFunc(time.Minute, s.board.rouse)
		} else {
			s.look.Reset(time.Minute)
		}
	}
	return mine
}

// later has the erasures looked at again after a while, in real time.
func (s *erasers) later() {
	time.AfterFunc(min(time.Minute, 100*time.Millisecond<<min(s.failures-1, 10)), func() {
		s.mu.Lock()
		s.again = true
		s.mu.Unlock()
		s.board.rouse()
	})
}

// idle reports whether nothing is being done. What waits to be tried again is
// not.
func (s *erasers) idle() bool { return !s.busy }

// carry does what is left of the erasures: the archive, and then the snapshots
// and the log for all of them.
func (s *erasers) carry(list []floor.Erasure) error {
	b := s.board
	for _, e := range list {
		if e.Cleared != 0 {
			continue
		}
		if e.Customer != "" {
			if err := b.eraseArchived(s.ctx, Erasure{e.Source, e.Customer, conversation.ID(e.No), e.Conversations}); err != nil {
				// It is logged, and who it was must not be.
				return errors.New(without(errorText(err), string(e.Customer), url.QueryEscape(string(e.Customer))))
			}
		}
		b.sends.record(floor.Cleared{Erasure: e.No})
	}
	if err := b.snapshots.forget(s.ctx); err != nil {
		return err
	}
	for _, e := range list {
		b.sends.record(floor.Purged{Erasure: e.No})
		b.config.Logger.Info("a customer was erased", "erasure", e.No)
	}
	return nil
}
