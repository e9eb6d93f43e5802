package storagetest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
)

type (
	position = switchboard.Position
	recordOf = switchboard.Record
	seq      = iter.Seq2[switchboard.Record, error]
	chunked  = iter.Seq2[[]byte, error]
)

// full is what a log of the memory store can do.
type full interface {
	switchboard.Snapshotter
	switchboard.Trimmer
	switchboard.Watcher
	switchboard.Exclusive
}

// bad is a log of the memory store with something wrong.
type bad struct {
	full
	board string
	n     int // of the opening, from 1

	append    func(ctx context.Context, after position, data []byte) (position, error)
	read      func(ctx context.Context, after position) seq
	close     func() error
	exclusive func() bool
	save      func(ctx context.Context, at position, chunks chunked) error
	load      func(ctx context.Context, skip int) (position, chunked, error)
	drop      func(ctx context.Context, before position) error
	trim      func(ctx context.Context, before position) error
	wait      func(ctx context.Context, after position) error
	max       int
	now       func() time.Time
}

func (b *bad) Append(ctx context.Context, after position, data []byte) (position, error) {
	if b.append != nil {
		return b.append(ctx, after, data)
	}
	return b.full.Append(ctx, after, data)
}

func (b *bad) Read(ctx context.Context, after position) seq {
	if b.read != nil {
		return b.read(ctx, after)
	}
	return b.full.Read(ctx, after)
}

func (b *bad) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.full.Close()
}

func (b *bad) Exclusive() bool {
	if b.exclusive != nil {
		return b.exclusive()
	}
	return b.full.Exclusive()
}

func (b *bad) SaveSnapshot(ctx context.Context, at position, chunks chunked) error {
	if b.save != nil {
		return b.save(ctx, at, chunks)
	}
	return b.full.SaveSnapshot(ctx, at, chunks)
}

func (b *bad) LoadSnapshot(ctx context.Context, skip int) (position, chunked, error) {
	if b.load != nil {
		return b.load(ctx, skip)
	}
	return b.full.LoadSnapshot(ctx, skip)
}

func (b *bad) DropSnapshots(ctx context.Context, before position) error {
	if b.drop != nil {
		return b.drop(ctx, before)
	}
	return b.full.DropSnapshots(ctx, before)
}

func (b *bad) Trim(ctx context.Context, before position) error {
	if b.trim != nil {
		return b.trim(ctx, before)
	}
	return b.full.Trim(ctx, before)
}

func (b *bad) Wait(ctx context.Context, after position) error {
	if b.wait != nil {
		return b.wait(ctx, after)
	}
	return b.full.Wait(ctx, after)
}

func (b *bad) MaxRecord() int { return b.max }

func (b *bad) Now(context.Context) (time.Time, error) {
	if b.now != nil {
		return b.now(), nil
	}
	return time.Time{}, errors.ErrUnsupported
}

// badStore is a memory store with something wrong.
type badStore struct {
	*switchboard.MemoryStore
	rename func(string) string
	spoil  func(b *bad)

	mu     sync.Mutex
	opened int
}

func (s *badStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	if s.rename != nil {
		board = s.rename(board)
	}
	l, err := s.MemoryStore.Open(ctx, board)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.opened++
	b := &bad{full: l.(full), board: board, n: s.opened}
	s.mu.Unlock()
	if s.spoil != nil {
		s.spoil(b)
	}
	return b, nil
}

// spoiled is a harness whose logs are spoiled.
func spoiled(spoil func(b *bad)) func() Harness {
	return func() Harness {
		return Harness{Store: &badStore{MemoryStore: switchboard.NewMemoryStore(), spoil: spoil}}
	}
}

// shared is the same with state that all logs of a store share.
func shared[T any](spoil func(b *bad, state *T)) func() Harness {
	return func() Harness {
		state := new(T)
		return spoiled(func(b *bad) { spoil(b, state) })()
	}
}

// end is the position of the newest record.
func (b *bad) end() (end position) {
	for r, err := range b.full.Read(context.Background(), 0) {
		if err != nil {
			return end
		}
		end = r.Position
	}
	return end
}

// edit passes the records of a read on, changed.
func (b *bad) edit(ctx context.Context, after position, each func(i int, r *recordOf) bool) seq {
	return func(yield func(recordOf, error) bool) {
		i := 0
		for r, err := range b.full.Read(ctx, after) {
			if err == nil && !each(i, &r) {
				continue
			}
			i++
			if !yield(r, err) {
				return
			}
		}
	}
}

// collect reads chunks to their end.
func collect(chunks chunked) (all [][]byte, err error) {
	for c, err := range chunks {
		if err != nil {
			return all, err
		}
		all = append(all, bytes.Clone(c))
	}
	return all, nil
}

func yielding(all [][]byte) chunked {
	return func(yield func([]byte, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// renamed is a store that changes the names of boards.
func renamed(rename func(string) string) func() Harness {
	return func() Harness {
		return Harness{Store: &badStore{MemoryStore: switchboard.NewMemoryStore(), rename: rename}}
	}
}

// damaged is a store that reads in its own way when a record is damaged.
func damaged(read func(b *bad, at position) seq) func() Harness {
	return func() Harness {
		at := position(0)
		s := &badStore{MemoryStore: switchboard.NewMemoryStore(), spoil: func(b *bad) {
			b.read = func(ctx context.Context, after position) seq {
				if at > 0 {
					return read(b, at)
				}
				return b.full.Read(ctx, after)
			}
		}}
		return Harness{Store: s, Corrupt: func(_ testing.TB, _ string, p position) { at = p }}
	}
}
