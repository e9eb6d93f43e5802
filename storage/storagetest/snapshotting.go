package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/switchboard-go/switchboard"
)

// snapshotter returns the log's ability, or skips the case.
func (f *fixture) snapshotter(l switchboard.Log) switchboard.Snapshotter {
	f.Helper()
	s, ok := l.(switchboard.Snapshotter)
	if !ok {
		f.without("a switchboard.Snapshotter")
	}
	if _, _, err := s.LoadSnapshot(f.ctx, 0); errors.Is(err, errors.ErrUnsupported) {
		f.without("a switchboard.Snapshotter")
	}
	return s
}

// shot is a snapshot of some chunks.
type shot struct {
	at    switchboard.Position
	seed  int
	sizes []int
}

// chunks yields the chunks, all in the same buffer.
func (s shot) chunks() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		buf := make([]byte, 0, slices.Max(append(s.sizes, 0)))
		for i, n := range s.sizes {
			buf = append(buf[:0], s.chunk(i)[:n]...)
			if !yield(buf, nil) {
				return
			}
			clear(buf)
		}
	}
}

func (s shot) chunk(i int) []byte { return payload(s.seed*1000+i, max(16, s.sizes[i])) }

func (s shot) bytes() []byte {
	var b []byte
	for c := range s.chunks() {
		b = append(b, c...)
	}
	return b
}

// save saves and expects success.
func (f *fixture) save(s switchboard.Snapshotter, snap shot) shot {
	f.Helper()
	if err := s.SaveSnapshot(f.ctx, snap.at, snap.chunks()); err != nil {
		f.Fatalf("SaveSnapshot at %d: %v", snap.at, err)
	}
	return snap
}

// load loads a snapshot.
func load(ctx context.Context, s switchboard.Snapshotter, skip int) (switchboard.Position, []byte, error) {
	at, chunks, err := s.LoadSnapshot(ctx, skip)
	if err != nil {
		return 0, nil, err
	}
	b := []byte{}
	for c, err := range chunks {
		if err != nil {
			return at, b, err
		}
		b = append(b, c...)
	}
	return at, b, nil
}

// kept expects that these are the snapshots, the newest first, and no more.
func (f *fixture) kept(s switchboard.Snapshotter, want ...shot) {
	f.Helper()
	for skip, w := range want {
		at, b, err := load(f.ctx, s, skip)
		switch {
		case err != nil:
			f.Fatalf("LoadSnapshot(%d): %v, want the one at %d", skip, err, w.at)
		case at != w.at:
			f.Fatalf("LoadSnapshot(%d): the one at %d, want %d", skip, at, w.at)
		case !bytes.Equal(b, w.bytes()):
			f.Fatalf("LoadSnapshot(%d), at %d: %s, want %s", skip, at, short(b), short(w.bytes()))
		}
	}
	for _, skip := range []int{len(want), len(want) + 1, -1} {
		if at, _, err := s.LoadSnapshot(f.ctx, skip); !errors.Is(err, switchboard.ErrNoSnapshot) {
			f.Fatalf("LoadSnapshot(%d): the one at %d, error %v, want ErrNoSnapshot: there are %d", skip, at, err, len(want))
		}
	}
}

// many is a snapshot of more than a megabyte in chunks of all sizes.
func many(at switchboard.Position, seed int) shot {
	s := shot{at: at, seed: seed, sizes: []int{0, 1, 100_000, 0, 65_536, 65_537}}
	for i := range 40 {
		s.sizes = append(s.sizes, 30_000+i)
	}
	return s
}

// A snapshot comes back as it was saved, through every connection and after a
// restart.
func snapshots(f *fixture) {
	l := f.log()
	s := f.snapshotter(l)
	f.kept(s)
	recs := f.fill(l, 5)
	first := f.save(s, many(recs[2].Position, 1))
	f.kept(s, first)
	other := f.other()
	f.kept(f.snapshotter(other), first)
	second := f.save(s, shot{at: recs[4].Position}) // of no chunks
	f.kept(s, second, first)
	f.kept(f.snapshotter(other), second, first)
	f.want(l, 0, recs[1:])
	f.close(l, other)
	l = f.open(f.restart(), board)
	f.kept(f.snapshotter(l), second, first)
	f.want(l, recs[4].Position, recs[5:])
	f.close(l)
	if err := s.SaveSnapshot(f.ctx, recs[5].Position, first.chunks()); err == nil {
		f.Error("SaveSnapshot on a closed log: no error")
	}
	if _, _, err := load(f.ctx, s, 0); err == nil {
		f.Error("LoadSnapshot on a closed log: no error")
	}
}

// The two with the highest positions are kept.
func snapshotsTwoKept(f *fixture) {
	l := f.log()
	s := f.snapshotter(l)
	recs := f.fill(l, 5)
	small := func(i, seed int) shot { return shot{recs[i].Position, seed, []int{20, 30}} }
	f.save(s, small(1, 1))
	two := f.save(s, small(2, 2))
	four := f.save(s, small(4, 4))
	f.kept(s, four, two)
	f.save(s, small(1, 5)) // late: nobody needs it
	f.kept(s, four, two)
	three := f.save(s, small(3, 3))
	f.kept(s, four, three)
	again := f.save(s, small(3, 6)) // takes the other's place
	f.kept(f.snapshotter(f.other()), four, again)
}

// errChunk is why the source of a snapshot fails.
var errChunk = errors.New("no more chunks")

// A save that is broken off leaves nothing.
func snapshotBrokenOff(f *fixture) {
	l := f.log()
	s := f.snapshotter(l)
	recs := f.fill(l, 5)
	first := f.save(s, many(recs[1].Position, 1))
	for _, n := range []int{0, 1, 3, 20, 46} {
		broken := many(recs[3].Position, 10+n)
		err := s.SaveSnapshot(f.ctx, broken.at, func(yield func([]byte, error) bool) {
			i := 0
			for c := range broken.chunks() {
				if i == n {
					break
				}
				if i++; !yield(c, nil) {
					return
				}
			}
			yield(nil, errChunk)
		})
		if !errors.Is(err, errChunk) {
			f.Fatalf("SaveSnapshot whose chunks fail after %d: %v, want their error", n, err)
		}
		f.kept(s, first)
		f.kept(f.snapshotter(f.other()), first)
		if f.Holds != nil && n >= 20 && f.Holds(f, broken.chunk(10)) {
			f.Fatalf("what was saved of a snapshot that was broken off after %d chunks is still there", n)
		}

		ctx, cancel := context.WithCancel(f.ctx)
		err = s.SaveSnapshot(ctx, broken.at, func(yield func([]byte, error) bool) {
			i := 0
			for c := range broken.chunks() {
				if i == min(n, 45) {
					cancel()
				}
				if i++; !yield(c, nil) {
					return
				}
			}
		})
		cancel()
		if err == nil {
			f.Fatalf("SaveSnapshot whose context ends after %d chunks: no error", n)
		}
		f.kept(s, first)
	}
	f.close(l)
	l = f.open(f.restart(), board)
	f.kept(f.snapshotter(l), first)
	second := f.save(f.snapshotter(l), many(recs[3].Position, 2))
	f.kept(f.snapshotter(l), second, first)
}

// While a snapshot is saved nobody sees it, and appends, reads and loads go on.
func snapshotWhileSaving(f *fixture) {
	l, o := f.log(), f.other()
	s, so := f.snapshotter(l), f.snapshotter(o)
	recs := f.fill(l, 3)
	first := f.save(s, many(recs[1].Position, 1))
	second := many(recs[3].Position, 2)
	end := recs[3].Position
	err := s.SaveSnapshot(f.ctx, second.at, func(yield func([]byte, error) bool) {
		i := 0
		for c := range second.chunks() {
			if i++; i%15 == 0 {
				err := f.within(func() error {
					for _, log := range []switchboard.Log{l, o} {
						p, err := log.Append(f.ctx, end, payload(i, 30))
						if err != nil {
							return err
						}
						end = p
						if _, err := read(f.ctx, log, 0); err != nil {
							return err
						}
					}
					for _, snaps := range []switchboard.Snapshotter{s, so} {
						at, b, err := load(f.ctx, snaps, 0)
						if err != nil {
							return err
						}
						if at != first.at || !bytes.Equal(b, first.bytes()) {
							return fmt.Errorf("LoadSnapshot(0): the one at %d, %s, want that at %d: the newer is not whole", at, short(b), first.at)
						}
					}
					return nil
				})
				if err != nil {
					yield(nil, err)
					return
				}
			}
			if !yield(c, nil) {
				return
			}
		}
	})
	if err != nil {
		f.Fatalf("while a snapshot was saved: %v", err)
	}
	f.kept(so, second, first)
}

// A load that has begun gives one snapshot, whole, or an error.
func snapshotWhileLoading(f *fixture) {
	l := f.log()
	s := f.snapshotter(l)
	recs := f.fill(l, 5)
	first := f.save(s, many(recs[1].Position, 1))
	at, chunks, err := s.LoadSnapshot(f.ctx, 0)
	if err != nil {
		f.Fatalf("LoadSnapshot(0): %v", err)
	}
	other := f.snapshotter(f.other())
	var got []byte
	failed := f.within(func() error {
		begun := false
		for c, err := range chunks {
			if err != nil {
				return nil
			}
			got = append(got, c...)
			if !begun {
				begun = true
				for i := 2; i <= 4; i++ {
					snap := many(recs[i].Position, i)
					if err := other.SaveSnapshot(f.ctx, snap.at, snap.chunks()); err != nil {
						return err
					}
				}
			}
		}
		if at != first.at || !bytes.Equal(got, first.bytes()) {
			return fmt.Errorf("the one at %d: %s, want %s or an error", at, short(got), short(first.bytes()))
		}
		return nil
	})
	if failed != nil {
		f.Fatalf("LoadSnapshot while others were saved: %v", failed)
	}
	if !bytes.HasPrefix(first.bytes(), got) {
		f.Fatal("LoadSnapshot while others were saved: bytes of another snapshot")
	}
	// Left early, it holds up nobody.
	_, chunks, err = s.LoadSnapshot(f.ctx, 0)
	if err != nil {
		f.Fatalf("LoadSnapshot(0): %v", err)
	}
	for range chunks {
		break
	}
	if err := f.within(func() error { return other.SaveSnapshot(f.ctx, recs[5].Position, first.chunks()) }); err != nil {
		f.Fatalf("SaveSnapshot after a load that was left early: %v", err)
	}
}

// What is dropped is gone, and the rest stays.
func snapshotsDropped(f *fixture) {
	l := f.log()
	s := f.snapshotter(l)
	recs := f.fill(l, 5)
	drop := func(before switchboard.Position) {
		f.Helper()
		if err := s.DropSnapshots(f.ctx, before); err != nil {
			f.Fatalf("DropSnapshots(%d): %v", before, err)
		}
	}
	drop(recs[5].Position)
	one, three := f.save(s, many(recs[1].Position, 1)), f.save(s, many(recs[3].Position, 3))
	drop(one.at)
	f.kept(s, three, one)
	if f.Holds != nil && !f.Holds(f, one.chunk(10)) {
		f.Log("Holds does not find the bytes of a snapshot that is kept: it cannot tell that they are gone")
	}
	drop(three.at)
	f.kept(s, three)
	if f.Holds != nil && f.Holds(f, one.chunk(10)) {
		f.Error("the bytes of a snapshot that was dropped are still there")
	}
	drop(three.at + 1)
	f.kept(f.snapshotter(f.other()))
	f.kept(s, f.save(s, one))
	f.close(l)
	f.kept(f.snapshotter(f.open(f.restart(), board)), one)
}

// A board's snapshots are its own.
func snapshotsApart(f *fixture) {
	a, b := f.log(), f.open(f.Store, "another")
	sa, sb := f.snapshotter(a), f.snapshotter(b)
	ra, rb := f.fill(a, 2), f.fill(b, 2)
	one := f.save(sa, shot{ra[2].Position, 1, []int{50}})
	f.kept(sb)
	two := f.save(sb, shot{rb[2].Position, 2, []int{60}})
	f.kept(sa, one)
	if err := sa.DropSnapshots(f.ctx, one.at+1); err != nil {
		f.Fatalf("DropSnapshots: %v", err)
	}
	f.kept(sa)
	f.kept(sb, two)
}
