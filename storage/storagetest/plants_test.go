package storagetest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/switchboard-go/switchboard"
)

// plantsInRecords are faults of what every store does.
var plantsInRecords = []plant{
	{"returns records in the wrong order", "Order", "has position", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return func(yield func(recordOf, error) bool) {
				recs, err := read(ctx, b.full, after)
				if err != nil {
					yield(recordOf{}, err)
				}
				for i := len(recs) - 1; i >= 0 && yield(recs[i], nil); i-- {
				}
			}
		}
	})},
	{"returns the position it was given", "Order", "positions grow", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			_, err := b.full.Append(ctx, after, data)
			return after, err
		}
	})},
	{"includes the record at the position", "Order", "has position", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq { return b.full.Read(ctx, max(after, 1)-1) }
	})},
	{"cuts data at a zero byte", "Bytes", "the data at", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			data, _, _ = bytes.Cut(data, []byte{0})
			return b.full.Append(ctx, after, data)
		}
	})},
	{"trims white space", "Bytes", "the data at", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			return b.full.Append(ctx, after, bytes.TrimSpace(data))
		}
	})},
	{"skips records of no bytes", "Bytes", "has position", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return b.edit(ctx, after, func(_ int, r *recordOf) bool { return len(r.Data) > 0 })
		}
	})},
	{"keeps the caller's buffer", "AppendBuffer", "the data at", shared(func(b *bad, kept *map[position][]byte) {
		if *kept == nil {
			*kept = map[position][]byte{}
		}
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			p, err := b.full.Append(ctx, after, data)
			(*kept)[p] = data
			return p, err
		}
		b.read = func(ctx context.Context, after position) seq {
			return b.edit(ctx, after, func(_ int, r *recordOf) bool { r.Data = (*kept)[r.Position]; return true })
		}
	})},
	{"ignores compare-and-set", "StaleAppend", "want ErrConflict", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			return b.full.Append(ctx, b.end(), data)
		}
	})},
	{"stores what it reports as a conflict", "StaleAppend", "records, want", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			p, err := b.full.Append(ctx, after, data)
			if errors.Is(err, switchboard.ErrConflict) {
				_, _ = b.full.Append(ctx, b.end(), data)
			}
			return p, err
		}
	})},
	{"compares and sets in two steps", "Contention", "", shared(func(b *bad, mu *sync.Mutex) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			mu.Lock()
			end := b.end()
			mu.Unlock()
			if after != end {
				return 0, switchboard.ErrConflict
			}
			for range 100 { // somebody else appends meanwhile
				runtime.Gosched()
			}
			mu.Lock()
			defer mu.Unlock()
			return b.full.Append(ctx, b.end(), data)
		}
	})},
	{"appends past the end", "AppendPastEnd", "want ErrPosition", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			if end := b.end(); after > end {
				after = end
			}
			return b.full.Append(ctx, after, data)
		}
	})},
	{"takes past the end for empty", "ReadPastEnd", "want one that matches", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq { return b.full.Read(ctx, min(after, b.end())) }
	})},
	{"shows half a record", "LargeRecords", "half a record", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return b.edit(ctx, after, func(_ int, r *recordOf) bool { r.Data = r.Data[:len(r.Data)/2]; return true })
		}
	})},
	{"refuses large records", "LargeRecords", "Append of", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			if len(data) > 1<<16 {
				return 0, switchboard.ErrRefused
			}
			return b.full.Append(ctx, after, data)
		}
	})},
	{"takes the same data again for a success", "LostReply", "want ErrConflict", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			for r := range b.full.Read(ctx, after) {
				if bytes.Equal(r.Data, data) {
					return r.Position, nil
				}
			}
			return b.full.Append(ctx, after, data)
		}
	})},
	{"acknowledges what it did not store, for a cancelled context", "CancelledAppend", "it is not there", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			if ctx.Err() != nil {
				return after + 1, nil
			}
			return b.full.Append(ctx, after, data)
		}
	})},
	{"says refused of what it stored", "CancelledAppend", "but it is there", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			p, err := b.full.Append(context.WithoutCancel(ctx), after, data)
			if ctx.Err() != nil {
				return 0, switchboard.ErrRefused
			}
			return p, err
		}
	})},
	{"stores half of it when the context ends", "CancelledAppend", "or nothing", spoiled(func(b *bad) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			if err := ctx.Err(); err != nil {
				_, _ = b.full.Append(context.WithoutCancel(ctx), after, data[:len(data)/2])
				return 0, err
			}
			return b.full.Append(ctx, after, data)
		}
	})},
	{"swallows the context of a read", "CancelledRead", "want context.Canceled", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return func(yield func(recordOf, error) bool) {
				for r, err := range b.full.Read(ctx, after) {
					if ctx.Err() != nil || !yield(r, err) {
						return
					}
				}
			}
		}
	})},
	{"ends a read quietly when it is cancelled in its midst", "CancelledRead", "without an error", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return func(yield func(recordOf, error) bool) {
				some := false
				for r, err := range b.full.Read(ctx, after) {
					if some && ctx.Err() != nil || !yield(r, err) {
						return
					}
					some = true
				}
			}
		}
	})},
	{"goes on after an error", "ReadPastEnd", "went on", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return func(yield func(recordOf, error) bool) {
				for r, err := range b.full.Read(ctx, after) {
					if !yield(r, err) || err != nil && !yield(r, err) {
						return
					}
				}
			}
		}
	})},
	{"shares the buffer of its readers", "ReadersApart", "that a reader holds changed", shared(func(b *bad, buf *[100]byte) {
		b.read = func(ctx context.Context, after position) seq {
			return b.edit(ctx, after, func(_ int, r *recordOf) bool {
				r.Data = buf[:copy(buf[:], r.Data)]
				return true
			})
		}
	})},
	{"keeps its lock when a reader leaves early", "EarlyBreak", "in time", shared(func(b *bad, mu *sync.RWMutex) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			mu.Lock()
			defer mu.Unlock()
			return b.full.Append(ctx, after, data)
		}
		b.read = func(ctx context.Context, after position) seq {
			return func(yield func(recordOf, error) bool) {
				mu.RLock()
				for r, err := range b.full.Read(ctx, after) {
					if !yield(r, err) {
						return
					}
				}
				mu.RUnlock()
			}
		}
	})},
	{"locks the log while it is read", "AppendInsideRead", "in time", shared(func(b *bad, mu *sync.RWMutex) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			mu.Lock()
			defer mu.Unlock()
			return b.full.Append(ctx, after, data)
		}
		b.read = func(ctx context.Context, after position) seq {
			return func(yield func(recordOf, error) bool) {
				mu.RLock()
				defer mu.RUnlock()
				b.full.Read(ctx, after)(yield)
			}
		}
	})},
	{"reads what was there a while ago", "OtherConnection", "", spoiled(func(b *bad) {
		lag := b.n > 1
		b.read = func(ctx context.Context, after position) seq {
			end := b.end()
			return b.edit(ctx, after, func(_ int, r *recordOf) bool { return !lag || r.Position < end })
		}
	})},
	{"reads from a replica that is behind", "ReadWhileAppending", "before it began", shared(func(b *bad, ends *[2]atomic.Uint64) {
		b.append = func(ctx context.Context, after position, data []byte) (position, error) {
			p, err := b.full.Append(ctx, after, data)
			if p > 10 {
				ends[0].Store(uint64(p - 10))
			}
			runtime.Gosched()
			return p, err
		}
		b.read = func(ctx context.Context, after position) seq {
			return b.edit(ctx, after, func(_ int, r *recordOf) bool { return uint64(r.Position) <= ends[0].Load() })
		}
	})},
	{"keeps all boards in one log", "Boards", "Append after 0", renamed(func(string) string { return "all" })},
	{"folds the case of names", "BoardNames", "", renamed(strings.ToLower)},
	{"cuts long names", "BoardNames", "", renamed(func(s string) string { return s[:min(len(s), 64)] })},
	{"replaces characters of names", "BoardNames", "", renamed(func(s string) string {
		return strings.NewReplacer("/", "_", "\x00", "_").Replace(s)
	})},
	{"loses the last record with a restart", "Reopen", "records, want", func() Harness {
		var dropped atomic.Bool
		s := &badStore{MemoryStore: switchboard.NewMemoryStore(), spoil: func(b *bad) {
			hidden := position(0)
			if dropped.Load() {
				hidden = b.end()
			}
			b.read = func(ctx context.Context, after position) seq {
				return b.edit(ctx, after, func(_ int, r *recordOf) bool { return r.Position != hidden })
			}
		}}
		return Harness{Store: s, Reopen: func(testing.TB) switchboard.Store { dropped.Store(true); return s }}
	}},
	{"ignores Close", "Close", "closed log", spoiled(func(b *bad) { b.close = func() error { return nil } })},
	{"fails when it is closed twice", "Close", "Close: twice", spoiled(func(b *bad) {
		n := 0
		b.close = func() error {
			if n++; n > 1 {
				return errors.New("twice")
			}
			return b.full.Close()
		}
	})},
	{"closes other openings too", "Close", "", shared(func(b *bad, all *[]full) {
		*all = append(*all, b.full)
		b.close = func() error {
			for _, l := range *all {
				_ = l.Close()
			}
			return nil
		}
	})},
	{"reads a thousand records at most", "ManyRecords", "ended after record 1000", spoiled(func(b *bad) {
		b.read = func(ctx context.Context, after position) seq {
			return b.edit(ctx, after, func(i int, _ *recordOf) bool { return i < 1000 })
		}
	})},
	{"skips damaged records", "Corruption", "want a *CorruptError", damaged(func(b *bad, at position) seq {
		return b.edit(context.Background(), 0, func(_ int, r *recordOf) bool { return r.Position != at })
	})},
	{"reports damage at the wrong place", "Corruption", "the damage is reported at", damaged(func(b *bad, at position) seq {
		return func(yield func(recordOf, error) bool) {
			for r := range b.full.Read(context.Background(), 0) {
				if r.Position == at {
					yield(recordOf{}, &switchboard.CorruptError{Position: at - 1, Err: errors.New("damaged")})
					return
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	})},
}
