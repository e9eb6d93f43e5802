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
	return s.board.inside(ctx, func() { s.forgetMarks(j.at) })
}

// forgotten drops the snapshot that was just saved, and older ones, if meanwhile
// another node has erased somebody who is in them: that node may have looked
// before this one was there.
func (s *snapshots) forgotten(ctx context.Context, j *job) error {
	if s.own || s.board.exclusive() {
		return nil
	}
	erased := false
	err := s.board.view(ctx, func(f *floor.Floor) error {
		for _, e := range f.Erasures() {
			erased = erased || e.Cleared > j.floor.Seq()
		}
		return nil
	})
	if err != nil || !erased {
		return err
	}
	return s.store.DropSnapshots(ctx, j.at+1)
}
