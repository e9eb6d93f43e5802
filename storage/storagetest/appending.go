package storagetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard"
)

// largest is the size of record that every store takes.
const largest = 768 << 10

// Records come back in the order in which they were appended, from any position
// on, and positions grow.
func order(f *fixture) {
	l := f.log()
	f.want(l, 0, nil)
	recs := f.fill(l, 50)
	for i, r := range recs {
		f.want(l, r.Position, recs[i+1:])
	}
}

// Data comes back as it was, whatever bytes it is made of, and none at all.
func bytesAsTheyWere(f *fixture) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	l := f.log()
	recs := make([]switchboard.Record, 1)
	for _, d := range [][]byte{
		{0}, {}, nil, []byte("\n"), []byte("line\n"), []byte("\r\n"), []byte(" spaces "), []byte("null"), []byte(`{"a":1}`),
		[]byte(`\x00`), []byte("'; --"), every, bytes.Repeat([]byte{0}, 300), bytes.Repeat([]byte{0xff}, 5000), payload(1, 70_000),
	} {
		p := f.append(l, recs[len(recs)-1].Position, d)
		recs = append(recs, switchboard.Record{Position: p, Data: d})
	}
	f.want(l, 0, recs[1:])
	f.want(f.other(), 0, recs[1:])
}

// The caller uses its buffer again after an append.
func appendBuffer(f *fixture) {
	l := f.log()
	buf := make([]byte, 100)
	recs := make([]switchboard.Record, 1)
	for i := range 10 {
		copy(buf, payload(i, 100))
		p := f.append(l, recs[i].Position, buf)
		recs = append(recs, switchboard.Record{Position: p, Data: payload(i, 100)})
		clear(buf)
	}
	f.want(l, 0, recs[1:])
}

// An append after anything but the newest record is a conflict and stores
// nothing.
func staleAppend(f *fixture) {
	l, o := f.log(), f.other()
	recs := f.fill(l, 5)
	for _, log := range []switchboard.Log{l, o} {
		for _, r := range recs[:5] {
			p, err := log.Append(f.ctx, r.Position, []byte("stale"))
			if !errors.Is(err, switchboard.ErrConflict) {
				f.Fatalf("Append after %d, where the end is %d: position %d and error %v, want ErrConflict",
					r.Position, recs[5].Position, p, err)
			}
		}
	}
	f.want(l, 0, recs[1:])
	d := payload(9, 20)
	recs = append(recs, switchboard.Record{Position: f.append(o, recs[5].Position, d), Data: d})
	f.want(l, 0, recs[1:])
}

// An append after a position past the end is an error and stores nothing.
func appendPastEnd(f *fixture) {
	l := f.log()
	try := func(after switchboard.Position) {
		f.Helper()
		if p, err := l.Append(f.ctx, after, []byte("past")); !errors.Is(err, switchboard.ErrPosition) {
			f.Fatalf("Append after %d, past the end: position %d and error %v, want ErrPosition", after, p, err)
		}
	}
	try(1)
	try(1000)
	recs := f.fill(l, 3)
	try(recs[3].Position + 1)
	try(recs[3].Position + 1000)
	f.want(l, 0, recs[1:])
}

// Of many who append after the same record, one succeeds, and everybody reads
// the same order.
func contention(f *fixture) {
	const writers, each = 16, 20
	logs := make([]switchboard.Log, writers)
	stores := []switchboard.Store{f.Store, f.connect()}
	for i := range logs {
		logs[i] = f.open(stores[i%2], board)
	}
	type success struct {
		switchboard.Record
		after switchboard.Position
	}
	got := make([][]success, writers)
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w, l := range logs {
		all.Go(func() {
			var end switchboard.Position
			for n := 0; n < each; {
				data := payload(w*each+n, 30+w)
				p, err := l.Append(f.ctx, end, data)
				switch {
				case err == nil && p <= end:
					errs[w] = fmt.Errorf("Append after %d returned position %d: positions grow", end, p)
					return
				case err == nil:
					got[w] = append(got[w], success{switchboard.Record{Position: p, Data: data}, end})
					end = p
					n++
				case errors.Is(err, switchboard.ErrConflict):
					recs, err := read(f.ctx, l, end)
					if err == nil && len(recs) == 0 {
						err = fmt.Errorf("conflict after %d, but there is no record past it", end)
					}
					if err != nil {
						errs[w] = err
						return
					}
					end = recs[len(recs)-1].Position
				case errors.Is(err, switchboard.ErrRefused) && f.ctx.Err() == nil:
				default:
					errs[w] = fmt.Errorf("Append after %d: %w", end, err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	appended := slices.Concat(got...)
	slices.SortStableFunc(appended, func(a, b success) int { return cmp.Compare(a.Position, b.Position) })
	want := make([]switchboard.Record, len(appended))
	newest := switchboard.Position(0)
	for i, a := range appended {
		if a.after != newest {
			f.Fatalf("an append after %d succeeded, at %d, where the newest record was at %d", a.after, a.Position, newest)
		}
		want[i], newest = a.Record, a.Position
	}
	for _, l := range logs {
		f.want(l, 0, want)
	}
}

// A reader sees a record whole or not at all, however large it is.
func largeRecords(f *fixture) {
	const n = 12
	l, o := f.log(), f.other()
	done := make(chan error, 1)
	go func() {
		var end switchboard.Position
		for i := range n {
			p, err := l.Append(f.ctx, end, payload(i, largest-i))
			if err != nil {
				done <- fmt.Errorf("Append of %d bytes: %w", largest-i, err)
				return
			}
			end = p
		}
		done <- nil
	}()
	look := func() int {
		i := 0
		for r, err := range o.Read(f.ctx, 0) {
			switch {
			case err != nil:
				f.Fatalf("Read: %v", err)
			case !whole(r.Data) || !bytes.Equal(r.Data[:16], payload(i, largest-i)[:16]):
				f.Fatalf("half a record: %s", short(r.Data))
			}
			i++
		}
		return i
	}
	for {
		select {
		case err := <-done:
			if err != nil {
				f.Fatal(err)
			}
			if got := look(); got != n {
				f.Fatalf("%d records, want %d", got, n)
			}
			return
		default:
			look()
		}
	}
}

// Where the reply of an append is lost, asking again stores nothing twice, and
// reading tells what happened.
func lostReply(f *fixture) {
	faults := NewFaults(f.Store, FaultConfig{})
	l, o := f.open(faults, board), f.other()
	recs := make([]switchboard.Record, 1)
	for i := range 20 {
		after := recs[i].Position
		d := payload(i, 40)
		faults.Set(FaultRates{Lose: 1})
		if _, err := l.Append(f.ctx, after, d); !errors.Is(err, ErrInjected) {
			f.Fatalf("Append after %d: %v, want the injected fault", after, err)
		}
		faults.Set(FaultRates{})
		if p, err := l.Append(f.ctx, after, d); !errors.Is(err, switchboard.ErrConflict) {
			f.Fatalf("the same append again after %d: position %d and error %v, want ErrConflict", after, p, err)
		}
		got := f.all(o, after)
		if len(got) != 1 || !bytes.Equal(got[0].Data, d) {
			f.Fatalf("Read after %d: %d records, want the one whose reply was lost", after, len(got))
		}
		recs = append(recs, got[0])
	}
	f.want(l, 0, recs[1:])
}

// An append whose context ends is stored entirely or not at all, and its error
// does not lie about it.
func cancelledAppend(f *fixture) {
	l, o := f.log(), f.other()
	end := f.append(l, 0, payload(0, 20))
	for i := range 60 {
		d := payload(i, 2000)
		ctx, cancel := context.WithCancel(f.ctx)
		if i < 10 {
			cancel()
		} else {
			time.AfterFunc(time.Duration(i)*10*time.Microsecond, cancel)
		}
		p, err := l.Append(ctx, end, d)
		cancel()
		got := f.all(o, end)
		for _, r := range got {
			if !bytes.Equal(r.Data, d) {
				f.Fatalf("an append with a cancelled context left %s, want %s or nothing", short(r.Data), short(d))
			}
		}
		switch {
		case len(got) > 1:
			f.Fatalf("one append with a cancelled context left %d records", len(got))
		case err == nil && (len(got) == 0 || got[0].Position != p):
			f.Fatalf("an append with a cancelled context was acknowledged at %d, but it is not there", p)
		case errors.Is(err, switchboard.ErrConflict), errors.Is(err, switchboard.ErrPosition):
			f.Fatalf("an append with a cancelled context: %v; nobody else appends", err)
		case errors.Is(err, switchboard.ErrRefused) && len(got) > 0:
			f.Fatalf("an append was refused (%v), but it is there", err)
		}
		// Take the place. If the first attempt still arrives, it is too late.
		if len(got) == 0 {
			refused := errors.Is(err, switchboard.ErrRefused)
			p, err := l.Append(f.ctx, end, d)
			if errors.Is(err, switchboard.ErrConflict) && !refused {
				got = f.all(o, end) // it arrived just now
			} else if err != nil {
				f.Fatalf("Append after one with a cancelled context: %v", err)
			} else {
				got = []switchboard.Record{{Position: p, Data: d}}
			}
		}
		f.want(l, end, got)
		end = got[0].Position
	}
}
