package switchboardtest

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/switchboard-go/switchboard"
)

// store is the store under test, or one that refuses to write.
type store struct {
	inner   switchboard.Store
	refused atomic.Bool
}

func (s *store) refuse(on bool) { s.refused.Store(on) }

func (s *store) refuses() bool { return s.refused.Load() }

// Open implements switchboard.Store.
func (s *store) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.inner.Open(ctx, board)
	if err != nil {
		return nil, err
	}
	return &storeLog{l, s}, nil
}

type storeLog struct {
	switchboard.Log
	store *store
}

// Append implements switchboard.Log.
func (l *storeLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	if l.store.refuses() {
		return 0, fmt.Errorf("%w: switchboardtest says so", switchboard.ErrRefused)
	}
	return l.Log.Append(ctx, after, data)
}

// Exclusive implements switchboard.Exclusive.
func (l *storeLog) Exclusive() bool {
	x, ok := l.Log.(switchboard.Exclusive)
	return ok && x.Exclusive()
}
