package switchboard

import (
	"context"
	"errors"
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
