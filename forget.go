package switchboard

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-go/switchboard/internal/floor"
)

// canForget refuses with a *ForgetError where the log cannot forget its past: for
// that there must be a snapshot to take the place of the records, and they must be
// removable. A log that nobody else can open needs no snapshot.
func (s *snapshots) canForget(ctx context.Context) error {
	var missing []string
	if !s.own && (s.store == nil || s.off.Load() || errors.Is(s.store.DropSnapshots(ctx, 0), errors.ErrUnsupported)) {
		missing = append(missing, "Snapshotter")
	}
	if t, ok := s.board.log.(Trimmer); !ok || errors.Is(t.Trim(ctx, 0), errors.ErrUnsupported) {
		missing = append(missing, "Trimmer")
	}
	if missing != nil {
		return &ForgetError{missing}
	}
	return nil
}

// forget makes a snapshot now and removes everything before it: the records and
// the older snapshots.
func (s *snapshots) forget(ctx context.Context) error {
	s.mu.Lock()
	if s.giveUp != nil {
		s.giveUp() // it would be dropped at once
	}
	s.mu.Unlock()
	select {
	case s.one <- struct{}{}:
	case <-ctx.Done():
		return ended(ctx)
	}
	defer func() { <-s.one }()
	// What others have appended is taken in first, or the snapshot is of long ago.
	if err := s.board.view(ctx, func(*floor.Floor) error { return nil }); err != nil {
		return err
	}
	var j *job
	if err := s.board.inside(ctx, func() { j = s.begin() }); err != nil {
		return err
	}
	if err := s.save(ctx, j); err != nil {
		return fmt.Errorf("switchboard: the snapshot at %d: %w", j.at, err)
	}
	t, ok := s.board.log.(Trimmer)
	if !ok {
		return &ForgetError{[]string{"Trimmer"}}
	}
	if err := t.Trim(ctx, j.at); err != nil {
		return fmt.Errorf("switchboard: trim the log before %d: %w", j.at, err)
	}
	if !s.own {
		if err := s.store.DropSnapshots(ctx, j.at); err != nil {
			return fmt.Errorf("switchboard: drop the snapshots before %d: %w", j.at, err)
		}
	}
	if err := s.board.inside(ctx, func() { s.forgetMarks(j.at) }); err != nil {
		return err
	}
	return s.dropErased(ctx)
}

// afterErasures looks, while the Board serves, whether a process that has crashed
// left a snapshot behind that somebody is in who was erased since.
func (s *snapshots) afterErasures() {
	if len(s.board.floor.Erasures()) == 0 {
		return
	}
	s.group.Go(func() {
		if err := s.dropErased(s.ctx); err != nil && s.ctx.Err() == nil && !errors.Is(err, ErrClosed) {
			s.board.config.Logger.Warn("older snapshots were not looked at", "err", err)
		}
	})
}

// dropErased drops the older snapshot if somebody is in it who was erased since.
// Another node may have saved it while that was done: it began before it knew of
// the erasure, and it was not there yet when older snapshots were dropped. The
// newest stays in any case, or nobody could open the board; where it is from before
// the erasure, that is not through, and will make a later one.
func (s *snapshots) dropErased(ctx context.Context) error {
	if s.own || s.store == nil {
		return nil
	}
	var list []floor.Erasure
	if err := s.board.view(ctx, func(f *floor.Floor) error { list = f.Erasures(); return nil }); err != nil || len(list) == 0 {
		return err
	}
	newest, seq, err := s.seqOf(ctx, 0)
	if err != nil || seq == 0 {
		return err
	}
	_, older, err := s.seqOf(ctx, 1)
	if err != nil || older == 0 {
		return err
	}
	for _, e := range list {
		if older < e.Cleared && e.Cleared <= seq {
			return s.store.DropSnapshots(ctx, newest)
		}
	}
	return nil
}

// seqOf returns the position of a snapshot and the last event that it has in it,
// 0 when there is none.
func (s *snapshots) seqOf(ctx context.Context, skip int) (Position, uint64, error) {
	at, chunks, err := s.store.LoadSnapshot(ctx, skip)
	if errors.Is(err, ErrNoSnapshot) || errors.Is(err, errors.ErrUnsupported) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	seq, err := snapshotSeq(at, chunks)
	return at, seq, err
}
