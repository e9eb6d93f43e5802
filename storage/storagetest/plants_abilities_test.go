package storagetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
)

// plantsInAbilities are faults of what a store may do beside.
var plantsInAbilities = []plant{
	{"says that it is alone", "Exclusive", "although there is another", spoiled(func(b *bad) {
		b.exclusive = func() bool { return true }
	})},
	{"forgets who was there", "Exclusive", "another has appended", shared(func(b *bad, open *atomic.Int32) {
		open.Add(1)
		b.close = func() error { open.Add(-1); return b.full.Close() }
		b.exclusive = func() bool { return open.Load() == 1 }
	})},
	{"takes more than its limit", "Limit", "want a *SizeError", spoiled(func(b *bad) { b.max = 1 << 20 })},
	{"refuses what its limit allows", "Limit", "Append of the largest record", spoiled(func(b *bad) {
		b.max = 1 << 20
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			if len(data) >= b.max {
				return 0, &switchboard.SizeError{Size: len(data), Max: b.max}
			}
			return b.full.Append(ctx, after, data)
		}
	})},
	{"has a clock for each connection", "Clock", "after", spoiled(func(b *bad) {
		skew := time.Duration(b.n) * time.Minute
		b.now = func() time.Time { return time.Now().Add(-skew) }
	})},
	{"never wakes those of another connection", "Wait", "in time", spoiled(func(b *bad) {
		b.wait = func(ctx context.Context, after position) error {
			if b.n == 2 {
				<-ctx.Done()
				return ctx.Err()
			}
			return b.full.Wait(ctx, after)
		}
	})},
	{"wakes one of those who wait", "Wait", "in time", shared(func(b *bad, once *[1000]atomic.Bool) {
		b.wait = func(ctx context.Context, after position) error {
			if b.n == 2 && b.end() <= after && !once[after].Swap(true) {
				<-ctx.Done()
				return ctx.Err()
			}
			return b.full.Wait(ctx, after)
		}
	})},
	{"wakes for nothing", "WaitTooEarly", "want context.DeadlineExceeded", spoiled(func(b *bad) {
		b.wait = func(ctx context.Context, after position) error { return ctx.Err() }
	})},
	{"waits on when its context is over", "WaitEnds", "in time", spoiled(func(b *bad) {
		b.wait = func(ctx context.Context, after position) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return b.full.Wait(context.WithoutCancel(ctx), after)
		}
	})},
	{"waits on when the log is closed", "WaitEnds", "in time", spoiled(func(b *bad) {
		b.wait = func(ctx context.Context, after position) error { <-ctx.Done(); return ctx.Err() }
	})},
	{"joins no chunks", "Snapshots", "LoadSnapshot(0)", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			all, err := collect(chunks)
			if err != nil {
				return err
			}
			return b.full.SaveSnapshot(ctx, at, yielding(all[max(1, len(all))-1:]))
		}
	})},
	{"keeps the chunks it was lent", "Snapshots", "LoadSnapshot(0)", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			var all [][]byte
			for c, err := range chunks {
				if err != nil {
					return err
				}
				all = append(all, c)
			}
			return b.full.SaveSnapshot(ctx, at, yielding(all))
		}
	})},
	{"gives the oldest snapshot first", "Snapshots", "LoadSnapshot(", spoiled(func(b *bad) {
		b.load = func(ctx context.Context, skip int) (position, chunked, error) {
			if at, c, err := b.full.LoadSnapshot(ctx, 1-skip); err == nil {
				return at, c, nil
			}
			return b.full.LoadSnapshot(ctx, skip)
		}
	})},
	{"keeps one snapshot", "SnapshotsTwoKept", "LoadSnapshot(1)", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			if err := b.full.SaveSnapshot(ctx, at, chunks); err != nil {
				return err
			}
			return b.full.DropSnapshots(ctx, at)
		}
	})},
	{"keeps the two that were saved last", "SnapshotsTwoKept", "LoadSnapshot(", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			if newest, _, err := b.full.LoadSnapshot(ctx, 0); err == nil && newest > at {
				_ = b.full.DropSnapshots(ctx, newest+1)
			}
			return b.full.SaveSnapshot(ctx, at, chunks)
		}
	})},
	{"keeps a snapshot that was broken off", "SnapshotBrokenOff", "LoadSnapshot(", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			all, failed := collect(chunks)
			return errors.Join(failed, b.full.SaveSnapshot(ctx, at, yielding(all)))
		}
	})},
	{"takes a broken snapshot for a whole one", "SnapshotBrokenOff", "want their error", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			_ = b.full.SaveSnapshot(ctx, at, chunks)
			return nil
		}
	})},
	{"ignores the context of a save", "SnapshotBrokenOff", "whose context ends", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			return b.full.SaveSnapshot(context.WithoutCancel(ctx), at, chunks)
		}
	})},
	{"shows a snapshot before it is whole", "SnapshotWhileSaving", "is not whole", spoiled(func(b *bad) {
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			var all [][]byte
			for c, err := range chunks {
				if err != nil {
					return err
				}
				all = append(all, bytes.Clone(c))
				if err := b.full.SaveSnapshot(ctx, at, yielding(all)); err != nil {
					return err
				}
			}
			return nil
		}
	})},
	{"stops appends while a snapshot is saved", "SnapshotWhileSaving", "in time", shared(func(b *bad, mu *sync.Mutex) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			mu.Lock()
			defer mu.Unlock()
			return b.full.Append(ctx, after, data)
		}
		b.save = func(ctx context.Context, at position, chunks chunked) error {
			mu.Lock()
			defer mu.Unlock()
			return b.full.SaveSnapshot(ctx, at, chunks)
		}
	})},
	{"goes on with another snapshot", "SnapshotWhileLoading", "", spoiled(func(b *bad) {
		b.load = func(ctx context.Context, skip int) (position, chunked, error) {
			at, _, err := b.full.LoadSnapshot(ctx, skip)
			return at, func(yield func([]byte, error) bool) {
				for i := 0; ; i++ {
					_, now, err := b.full.LoadSnapshot(ctx, skip)
					if err != nil {
						return
					}
					all, err := collect(now)
					if err != nil || i >= len(all) || !yield(all[i], nil) {
						return
					}
				}
			}, err
		}
	})},
	{"drops one snapshot too few", "SnapshotsDropped", "LoadSnapshot(", spoiled(func(b *bad) {
		b.drop = func(ctx context.Context, before position) error { return b.full.DropSnapshots(ctx, max(1, before)-1) }
	})},
	{"drops one snapshot too many", "SnapshotsDropped", "LoadSnapshot(", spoiled(func(b *bad) {
		b.drop = func(ctx context.Context, before position) error { return b.full.DropSnapshots(ctx, before+1) }
	})},
	{"has the same snapshots for all boards", "SnapshotsApart", "LoadSnapshot(", shared(func(b *bad, first *full) {
		if *first == nil {
			*first = b.full
		}
		b.save, b.load, b.drop = (*first).SaveSnapshot, (*first).LoadSnapshot, (*first).DropSnapshots
	})},
	{"trims one record too many", "Trim", "", spoiled(func(b *bad) {
		b.trim = func(ctx context.Context, before position) error {
			if end := b.end(); before > end {
				return switchboard.ErrPosition
			}
			return b.full.Trim(ctx, before+1)
		}
	})},
	{"leaves what was trimmed readable", "Trim", "want one that matches", spoiled(func(b *bad) {
		b.trim = func(ctx context.Context, before position) error { return nil }
	})},
	{"gives a gap where records were trimmed", "Trim", "want one that matches", shared(func(b *bad, trimmed *atomic.Uint64) {
		b.trim = func(ctx context.Context, before position) error {
			trimmed.Store(uint64(before))
			return b.full.Trim(ctx, before)
		}
		b.read = func(ctx context.Context, after position) seq {
			return b.full.Read(ctx, max(after, max(1, position(trimmed.Load()))-1))
		}
	})},
	{"trims the newest", "TrimNewest", "", shared(func(b *bad, empty *atomic.Bool) {
		b.trim = func(ctx context.Context, before position) error {
			empty.Store(before > 0 && before == b.end())
			return b.full.Trim(ctx, before)
		}
		b.read = func(ctx context.Context, after position) seq {
			if empty.Load() && after > 0 {
				return func(yield func(recordOf, error) bool) { yield(recordOf{}, switchboard.ErrPosition) }
			}
			return b.full.Read(ctx, after)
		}
	})},
	{"trims past the end", "TrimPastEnd", "want ErrPosition", spoiled(func(b *bad) {
		b.trim = func(ctx context.Context, before position) error { return b.full.Trim(ctx, min(before, b.end())) }
	})},
	{"appends where records were trimmed", "TrimAppend", "want ErrConflict", shared(func(b *bad, trimmed *atomic.Uint64) {
		b.trim = func(ctx context.Context, before position) error {
			trimmed.Store(uint64(before))
			return b.full.Trim(ctx, before)
		}
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			p, err := b.full.Append(ctx, after, data)
			if errors.Is(err, switchboard.ErrConflict) && after+1 < position(trimmed.Load()) {
				return after + 1, nil
			}
			return p, err
		}
	})},
	{"begins again at 1 when it was trimmed", "TrimAppend", "", shared(func(b *bad, trimmed *atomic.Uint64) {
		b.trim = func(ctx context.Context, before position) error {
			trimmed.Store(uint64(before))
			return b.full.Trim(ctx, before)
		}
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			p, err := b.full.Append(ctx, after, data)
			if t := position(trimmed.Load()); t > 1 && err == nil {
				p -= t - 1
			}
			return p, err
		}
	})},
	{"brings trimmed records back with a restart", "TrimReopen", "", func() Harness {
		first, second := switchboard.NewMemoryStore(), switchboard.NewMemoryStore()
		s := &badStore{MemoryStore: first, spoil: func(b *bad) {
			l, err := second.Open(context.Background(), b.board)
			if err != nil {
				panic(err)
			}
			b.append = func(ctx context.Context, after position, data []byte) (position, error) {
				p, err := b.full.Append(ctx, after, data)
				if err == nil {
					_, err = l.Append(ctx, after, data)
				}
				return p, err
			}
		}}
		return Harness{Store: s, Reopen: func(testing.TB) switchboard.Store { return second }}
	}},
	{"keeps trimmed bytes on its medium", "TrimmedBytes", "still there", func() Harness {
		var medium []byte
		s := &badStore{MemoryStore: switchboard.NewMemoryStore(), spoil: func(b *bad) {
			b.append = func(ctx context.Context, after position, data []byte) (position, error) {
				medium = append(medium, data...)
				return b.full.Append(ctx, after, data)
			}
		}}
		return Harness{Store: s, Holds: func(_ testing.TB, what []byte) bool { return bytes.Contains(medium, what) }}
	}},
	{"shows trimmed bytes to another connection", "TrimmedBytes", "that was removed", shared(func(b *bad, old *[]recordOf) {
		b.trim = func(ctx context.Context, before position) error {
			*old, _ = read(ctx, b.full, 0)
			return b.full.Trim(ctx, before)
		}
		b.read = func(ctx context.Context, after position) seq {
			if b.n == 2 && len(*old) > 0 {
				return func(yield func(recordOf, error) bool) {
					for _, r := range *old {
						if r.Position > after && !yield(r, nil) {
							return
						}
					}
				}
			}
			return b.full.Read(ctx, after)
		}
	})},
	{"skips what is trimmed while it is read", "TrimWhileReading", "a gap", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return func(yield func(recordOf, error) bool) {
				began := false
				for {
					more := false
					for r, err := range b.full.Read(ctx, after) {
						if errors.Is(err, switchboard.ErrTrimmed) && began {
							after, more = after+1, true
							break
						}
						began, more, after = true, err == nil, r.Position
						if !yield(r, err) || err != nil {
							return
						}
						break
					}
					if !more {
						return
					}
				}
			}
		}
	})},
}
