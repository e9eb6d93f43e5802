package switchboard

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-go/switchboard/internal/floor"
)

// trim removes the records that nobody needs any more: those that are in the
// older of the kept snapshots, so that both can be used, and older than KeepLog.
func (s *snapshots) trim(ctx context.Context, j *job) error {
	t, ok := s.board.log.(Trimmer)
	if !ok || len(j.marks) == 0 {
		return nil
	}
	limit := j.at
	if !s.own {
		older, _, err := s.store.LoadSnapshot(ctx, keptSnapshots-1)
		if errors.Is(err, ErrNoSnapshot) {
			return nil
		} else if err != nil {
			return err
		}
		limit = older
	}
	var to Position
	for _, m := range j.marks {
		if m.at <= limit {
			to = max(to, m.at)
		}
	}
	if to == 0 {
		return nil
	}
	err := t.Trim(ctx, to)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.board.inside(ctx, func() { s.forgetMarks(to) })
}

// forgetMarks drops what was needed to trim up to the position.
func (s *snapshots) forgetMarks(to Position) {
	n := 0
	for _, m := range s.marks {
		if m.at > to {
			s.marks[n] = m
			n++
		}
	}
	s.marks = s.marks[:n]
}

// canForget returns an error that matches errors.ErrUnsupported when forget could
// not do what it is for: the log cannot be trimmed, or keeps no snapshot from which
// the board could be opened then.
func (s *snapshots) canForget(ctx context.Context) error {
	t, ok := s.board.log.(Trimmer)
	if !ok {
		return fmt.Errorf("switchboard: the log of %q cannot be trimmed: %w", s.board.config.Name, errors.ErrUnsupported)
	}
	if err := t.Trim(ctx, 0); err != nil { // there is nothing before 0
		return fmt.Errorf("switchboard: trim the log of %q: %w", s.board.config.Name, err)
	}
	if s.own {
		return nil
	}
	err := errors.ErrUnsupported
	if s.store != nil {
		_, _, err = s.store.LoadSnapshot(ctx, 0)
	}
	if err != nil && !errors.Is(err, ErrNoSnapshot) {
		return fmt.Errorf("switchboard: find a snapshot of %q: %w", s.board.config.Name, err)
	}
	return nil
}

// forget makes sure that nothing can be read any more of what was in the log and
// in snapshots when it was called, but for what is in the state now: it makes a
// snapshot of that, trims the log before it, drops older snapshots and empties the
// tail of this node. It may be done again after an error, from any node. Other
// nodes call outdate, and empty their tails, when they meet the reason in the log.
//
// It must not be called by whoever has the turn.
func (s *snapshots) forget(ctx context.Context) error {
	if err := s.canForget(ctx); err != nil {
		return err
	}
	b := s.board
	var through Position
	if err := b.inside(ctx, func() { through = b.position }); err != nil {
		return err
	}
	s.outdate(through)
	select {
	case s.one <- struct{}{}:
	case <-ctx.Done():
		return ended(ctx)
	case <-b.done:
		return b.closedError()
	}
	defer func() { <-s.one }()
	var j *job
	var failed error
	if err := b.inside(ctx, func() {
		defer b.rouse() // it may have met events of others
		if failed = b.advancePast(through); failed == nil {
			j = s.begin()
		}
	}); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if err := s.save(ctx, j); err != nil {
		return err
	}
	if err := b.log.(Trimmer).Trim(ctx, j.at); err != nil {
		return err
	}
	if !s.own {
		if err := s.store.DropSnapshots(ctx, j.at); err != nil {
			return err
		}
	}
	return b.inside(ctx, func() {
		s.forgetMarks(j.at)
		b.tail.skip(b.floor.Seq()) // readers find in the log what is left
	})
}

// advancePast makes sure that there is a record past the position, since the
// newest one cannot be trimmed: one without events will do.
func (b *Board) advancePast(p Position) error {
	for b.position <= p {
		at, out, err := b.append(header{Format: format, Commit: b.commit()}, nil)
		switch out {
		case appended:
			b.position, b.doubt = at, false
		case conflicted:
			if err := b.others(); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// outdate says that no snapshot at the position or before it may be kept: what
// they have in them was erased. One that is being made is given up.
func (s *snapshots) outdate(through Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.void = max(s.void, through)
	if s.making != nil && s.making.at <= through {
		s.making.cancel()
	}
}

// dropVoid drops a snapshot that was saved although it was outdated meanwhile, on
// this node or on another.
func (s *snapshots) dropVoid(ctx context.Context, at Position) error {
	if !s.board.exclusive() {
		if err := s.board.view(ctx, func(*floor.Floor) error { return nil }); err != nil {
			return err
		}
	}
	s.mu.Lock()
	void := at <= s.void
	s.mu.Unlock()
	if !void {
		return nil
	}
	if err := s.store.DropSnapshots(ctx, at+1); err != nil {
		return err
	}
	return fmt.Errorf("switchboard: the snapshot at %d was outdated while it was made", at)
}
