package switchboard

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// MemoryStore keeps logs in memory: for tests, and for boards that need not
// outlive the process. Several Boards may share one. Use NewMemoryStore.
type MemoryStore struct {
	mu   sync.Mutex
	logs map[string]*memoryLog
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{logs: make(map[string]*memoryLog)} }

type memoryLog struct {
	mu      sync.RWMutex
	records []Record
	open    int
}

// memoryHandle is one opening of a log.
type memoryHandle struct {
	log  *memoryLog
	once sync.Once
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
		s.logs[board] = l
	}
	l.mu.Lock()
	l.open++
	l.mu.Unlock()
	return &memoryHandle{log: l}, nil
}

// Append implements [Log].
func (h *memoryHandle) Append(ctx context.Context, after Position, data []byte) (Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	if end := Position(len(h.log.records)); after != end {
		if after > end {
			return 0, fmt.Errorf("%w: %w: %d of %d", ErrRefused, ErrPosition, after, end)
		}
		return 0, ErrConflict
	}
	p := after + 1
	h.log.records = append(h.log.records, Record{p, slices.Clone(data)})
	return p, nil
}

// Read implements [Log].
func (h *memoryHandle) Read(ctx context.Context, after Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		h.log.mu.RLock()
		records := h.log.records
		h.log.mu.RUnlock()
		if int(after) > len(records) {
			yield(Record{}, fmt.Errorf("%w: %d of %d", ErrPosition, after, len(records)))
			return
		}
		for _, r := range records[after:] {
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

// Exclusive implements [Exclusive].
func (h *memoryHandle) Exclusive() bool {
	h.log.mu.RLock()
	defer h.log.mu.RUnlock()
	return h.log.open == 1
}

// Close implements [Log].
func (h *memoryHandle) Close() error {
	h.once.Do(func() {
		h.log.mu.Lock()
		h.log.open--
		h.log.mu.Unlock()
	})
	return nil
}
