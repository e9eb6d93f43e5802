package switchboard

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// MemoryStore keeps logs in memory: for tests, and for boards that need not
// outlive the process. Several Boards may share one. The zero value is empty
// and ready to use; a MemoryStore must not be copied.
type MemoryStore struct {
	mu   sync.Mutex
	logs map[string]*memoryLog
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{} }

type memoryLog struct {
	mu      sync.RWMutex
	trimmed Position // of the newest record that was removed; 0 when none was
	records []Record
	open    int
	opened  int // ever

	snapshots []memorySnapshot // the newest first

	// Who appended last and where, and where the newest record of anybody else is:
	// with that each opening knows the newest that is not its own.
	last           *memoryHandle
	lastAt, elseAt Position
	waiting        []*memoryHandle // with a channel
}

// memoryHandle is one opening of a log.
type memoryHandle struct {
	log    *memoryLog
	opened int // the log's count when this was
	// Under the log's lock.
	closed bool
	more   chan struct{} // closed with the next append of another; nil while nobody waits
}

// Open implements [Store]. It never fails but for a context that is over.
func (s *MemoryStore) Open(ctx context.Context, board string) (Log, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[board]
	if l == nil {
		l = &memoryLog{}
		if s.logs == nil {
			s.logs = make(map[string]*memoryLog)
		}
		s.logs[board] = l
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	l.opened++
	return &memoryHandle{log: l, opened: l.opened}, nil
}

// Append implements [Log].
func (h *memoryHandle) Append(ctx context.Context, after Position, data []byte) (Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	if h.closed {
		return 0, fmt.Errorf("%w: %w", ErrRefused, errLogClosed)
	}
	if end := h.log.end(); after != end {
		if after > end {
			return 0, fmt.Errorf("%w: %w: %d of %d", ErrRefused, ErrPosition, after, end)
		}
		return 0, ErrConflict
	}
	p := after + 1
	h.log.records = append(h.log.records, Record{p, slices.Clone(data)})
	h.log.appendedBy(h, p)
	return p, nil
}

// Read implements [Log].
func (h *memoryHandle) Read(ctx context.Context, after Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		h.log.mu.RLock()
		records, trimmed, end, closed := h.log.records, h.log.trimmed, h.log.end(), h.closed
		h.log.mu.RUnlock()
		switch {
		case closed:
			yield(Record{}, errLogClosed)
			return
		case after > end:
			yield(Record{}, fmt.Errorf("%w: %d of %d", ErrPosition, after, end))
			return
		case after < trimmed:
			yield(Record{}, fmt.Errorf("%w: after %d, the oldest is at %d", ErrTrimmed, after, trimmed+1))
			return
		}
		for _, r := range records[after-trimmed:] {
			if err := ctx.Err(); err != nil {
				yield(Record{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Instant implements [Instant].
func (h *memoryHandle) Instant() bool { return true }

// Exclusive implements [Exclusive].
func (h *memoryHandle) Exclusive() bool {
	h.log.mu.RLock()
	defer h.log.mu.RUnlock()
	return h.log.open == 1 && h.log.opened == h.opened
}

// Close implements [Log].
func (h *memoryHandle) Close() error {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	if !h.closed {
		h.closed = true
		h.log.open--
		h.log.wake(func(other *memoryHandle) bool { return other == h })
	}
	return nil
}
