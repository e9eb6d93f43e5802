package switchboard

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// keptSnapshots is how many snapshots of a log are kept: the older one is for
// when the newer cannot be read.
const keptSnapshots = 2

// errLogClosed means that an opening of a log was closed.
var errLogClosed = errors.New("switchboard: the log is closed")

// memorySnapshot is never changed once it is in a log.
type memorySnapshot struct {
	at     Position
	chunks [][]byte
}

// SaveSnapshot implements [Snapshotter].
func (h *memoryHandle) SaveSnapshot(ctx context.Context, at Position, chunks iter.Seq2[[]byte, error]) error {
	s := memorySnapshot{at: at}
	for chunk, err := range chunks {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("switchboard: the snapshot at %d: %w", at, err)
		}
		s.chunks = append(s.chunks, slices.Clone(chunk))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	if h.closed {
		return errLogClosed
	}
	// A new slice: the newest comes first.
	kept := slices.DeleteFunc(slices.Clone(h.log.snapshots), func(o memorySnapshot) bool { return o.at == at })
	i := slices.IndexFunc(kept, func(o memorySnapshot) bool { return o.at < at })
	if i < 0 {
		i = len(kept)
	}
	kept = slices.Insert(kept, i, s)
	h.log.snapshots = slices.Clone(kept[:min(len(kept), keptSnapshots)])
	return nil
}

// LoadSnapshot implements [Snapshotter].
func (h *memoryHandle) LoadSnapshot(ctx context.Context, skip int) (Position, iter.Seq2[[]byte, error], error) {
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	h.log.mu.RLock()
	defer h.log.mu.RUnlock()
	if h.closed {
		return 0, nil, errLogClosed
	}
	if skip < 0 || skip >= len(h.log.snapshots) {
		return 0, nil, ErrNoSnapshot
	}
	s := h.log.snapshots[skip]
	return s.at, func(yield func([]byte, error) bool) {
		for _, chunk := range s.chunks {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(chunk, nil) {
				return
			}
		}
	}, nil
}

// DropSnapshots implements [Snapshotter].
func (h *memoryHandle) DropSnapshots(ctx context.Context, before Position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	if h.closed {
		return errLogClosed
	}
	h.log.snapshots = slices.DeleteFunc(h.log.snapshots, func(o memorySnapshot) bool { return o.at < before })
	return nil
}

// Trim implements [Trimmer].
func (h *memoryHandle) Trim(ctx context.Context, before Position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l := h.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.closed {
		return errLogClosed
	}
	end := l.end()
	if before > end {
		return fmt.Errorf("%w: %d of %d", ErrPosition, before, end)
	}
	if before <= l.trimmed+1 {
		return nil
	}
	// A new slice, so that the old one and its records are freed. Readers who have
	// begun keep what they have.
	l.records = slices.Clone(l.records[before-1-l.trimmed:])
	l.trimmed = before - 1
	return nil
}

// Wait implements [Watcher].
func (h *memoryHandle) Wait(ctx context.Context, after Position) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		more, err := h.moreThan(after)
		if more == nil || err != nil {
			return err
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

// moreThan returns a channel that is closed when there may be a record of another
// opening past after or this one was closed, or nil when there is one.
func (h *memoryHandle) moreThan(after Position) (<-chan struct{}, error) {
	l := h.log
	l.mu.Lock()
	defer l.mu.Unlock()
	others := l.lastAt
	if l.last == h {
		others = l.elseAt
	}
	switch end := l.end(); {
	case h.closed:
		return nil, errLogClosed
	case after > end:
		return nil, fmt.Errorf("%w: %d of %d", ErrPosition, after, end)
	case after < others:
		return nil, nil
	}
	if h.more == nil {
		h.more = make(chan struct{})
		l.waiting = append(l.waiting, h)
	}
	return h.more, nil
}

// appendedBy notes who made the newest record, and wakes the others.
func (l *memoryLog) appendedBy(h *memoryHandle, at Position) {
	if l.last != h {
		l.last, l.elseAt = h, l.lastAt
	}
	l.lastAt = at
	l.wake(func(other *memoryHandle) bool { return other != h })
}

// end returns the newest record's position; 0 when there is none.
func (l *memoryLog) end() Position { return l.trimmed + Position(len(l.records)) }

// wake ends the waits of some, to look again.
func (l *memoryLog) wake(whom func(*memoryHandle) bool) {
	l.waiting = slices.DeleteFunc(l.waiting, func(h *memoryHandle) bool {
		if !whom(h) {
			return false
		}
		close(h.more)
		h.more = nil
		return true
	})
}
