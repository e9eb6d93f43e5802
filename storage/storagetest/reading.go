package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/switchboard-go/switchboard"
)

// A position past the end is an error: whoever has it knows of records that are
// not there.
func readPastEnd(f *fixture) {
	l := f.log()
	f.readFails(l, 1, switchboard.ErrPosition)
	recs := f.fill(l, 3)
	f.readFails(l, recs[3].Position+1, switchboard.ErrPosition)
	f.readFails(f.other(), recs[3].Position+1000, switchboard.ErrPosition)
	f.want(l, recs[3].Position, nil)
}

// A read whose context ends says so. One that just ended would be taken for the
// end of the log.
func cancelledRead(f *fixture) {
	l := f.log()
	recs := f.fill(l, 100)
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	if got, err := read(ctx, l, 0); !errors.Is(err, context.Canceled) {
		f.Fatalf("Read with a cancelled context: %d records of 100 and error %v, want context.Canceled", len(got), err)
	}
	for stop := 1; stop <= 99; stop += 7 {
		ctx, cancel := context.WithCancel(f.ctx)
		var got []switchboard.Record
		var failed error
		for r, err := range l.Read(ctx, 0) {
			if err != nil {
				failed = err
				continue
			}
			got = append(got, switchboard.Record{Position: r.Position, Data: bytes.Clone(r.Data)})
			if len(got) == stop {
				cancel()
			}
		}
		cancel()
		if failed == nil && len(got) < 100 {
			f.Fatalf("a read that was cancelled after %d records ended after %d of 100 without an error", stop, len(got))
		}
		if diff := difference(got, recs[1:len(got)+1]); diff != "" {
			f.Fatalf("a read that was cancelled after %d records: %s", stop, diff)
		}
	}
	f.want(l, 0, recs[1:])
}

// Two reads that go on at the same time do not disturb each other, nor does an
// append: the data is good until the reader's own next record.
func readersApart(f *fixture) {
	l, o := f.log(), f.other()
	recs := f.fill(l, 20)
	type pull struct {
		next func() (switchboard.Record, error, bool)
		at   int
		held switchboard.Record
	}
	var readers []*pull
	for _, log := range []switchboard.Log{l, l, o} {
		next, stop := iter.Pull2(log.Read(f.ctx, 0))
		defer stop()
		readers = append(readers, &pull{next: next})
	}
	end := recs[20].Position
	for step := range 50 {
		r := readers[step%len(readers)]
		if step%5 == 0 {
			r = readers[0]
		}
		if r.at == 20 {
			continue
		}
		err := f.within(func() error {
			rec, err, ok := r.next()
			if err == nil && !ok {
				err = fmt.Errorf("it ended after %d records of 20", r.at)
			}
			r.at, r.held = r.at+1, rec
			return err
		})
		if err != nil {
			f.Fatalf("one of several reads at the same time: %v", err)
		}
		if step%10 == 9 {
			end = f.append(l, end, payload(step, 60))
		}
		for _, r := range readers {
			if want := recs[r.at]; r.at > 0 && (r.held.Position != want.Position || !bytes.Equal(r.held.Data, want.Data)) {
				f.Fatalf("the record that a reader holds changed: %s, want %s", short(r.held.Data), short(want.Data))
			}
		}
	}
}

// A reader may stop at any record, and nothing is held after that.
func earlyBreak(f *fixture) {
	l, o := f.log(), f.other()
	recs := f.fill(l, 10)
	end := recs[10].Position
	err := f.within(func() error {
		for i := range 300 {
			n := 0
			for _, err := range l.Read(f.ctx, 0) {
				if err != nil {
					return fmt.Errorf("read %d: %w", i, err)
				}
				if n++; n > i%10 {
					break
				}
			}
		}
		for i := range 5 {
			p, err := o.Append(f.ctx, end, payload(i, 30))
			if err != nil {
				return err
			}
			end = p
		}
		for range l.Read(f.ctx, 0) {
			break
		}
		return errors.Join(l.Close(), o.Close())
	})
	if err != nil {
		f.Fatalf("after reads that were left early: %v", err)
	}
}

// A reader may append, read and wait as long as it likes in the midst of a read.
func appendInsideRead(f *fixture) {
	l, o := f.log(), f.other()
	recs := f.fill(l, 5)
	end := recs[5].Position
	seen := 0
	err := f.within(func() error {
		for r, err := range l.Read(f.ctx, 0) {
			if err != nil {
				return err
			}
			if seen++; seen > 5 {
				break // Read may go on with what is appended meanwhile
			}
			if r.Position != recs[seen].Position {
				return fmt.Errorf("position %d, want %d", r.Position, recs[seen].Position)
			}
			for _, log := range []switchboard.Log{l, o} {
				if end, err = log.Append(f.ctx, end, payload(seen, 30)); err != nil {
					return err
				}
				if got, err := read(f.ctx, log, r.Position); err != nil || len(got) == 0 {
					return fmt.Errorf("a read inside a read: %d records and error %v", len(got), err)
				}
			}
		}
		return nil
	})
	if err != nil {
		f.Fatalf("appends and reads inside a read: %v", err)
	}
	if seen < 5 {
		f.Fatalf("Read with appends in its midst: %d records, want at least 5", seen)
	}
	if got := f.all(l, 0); len(got) != 15 {
		f.Fatalf("%d records, want 15", len(got))
	}
}

// What one connection has appended another reads at once, and it appends after
// it.
func otherConnection(f *fixture) {
	logs := []switchboard.Log{f.log(), f.other(), f.other()}
	var end switchboard.Position
	for i := range 100 {
		d := payload(i, 50)
		after := end
		end = f.append(logs[i%3], end, d)
		for k := 1; k < 3; k++ {
			f.want(logs[(i+k)%3], after, []switchboard.Record{{Position: end, Data: d}})
		}
	}
	if got := f.all(logs[1], 0); len(got) != 100 {
		f.Fatalf("%d records, want 100", len(got))
	}
}

// A read gives at least every record whose append had returned before it began.
func readWhileAppending(f *fixture) {
	const n = 300
	l, o := f.log(), f.other()
	var acked atomic.Int64
	done := make(chan error, 1)
	go func() {
		var end switchboard.Position
		for i := range n {
			p, err := l.Append(f.ctx, end, payload(i, 40))
			if err != nil {
				done <- err
				return
			}
			end = p
			acked.Add(1)
		}
		done <- nil
	}()
	var seen switchboard.Position
	count := 0
	for count < n {
		least := int(acked.Load())
		for r, err := range o.Read(f.ctx, seen) {
			if err != nil {
				f.Fatalf("Read after %d: %v", seen, err)
			}
			if want := payload(count, 40); !bytes.Equal(r.Data, want) || r.Position <= seen {
				f.Fatalf("record %d, at %d after %d, is %s, want %s", count, r.Position, seen, short(r.Data), short(want))
			}
			seen = r.Position
			count++
		}
		if count < least {
			f.Fatalf("a read ended after %d records, but %d had been appended before it began", count, least)
		}
		select {
		case err := <-done:
			if err != nil {
				f.Fatalf("Append: %v", err)
			}
			done <- nil
		default:
		}
	}
}

// A record that cannot be read is reported with its position, after those
// before it.
func corruption(f *fixture) {
	if f.Corrupt == nil {
		f.Skip("the harness has no Corrupt")
	}
	l := f.log()
	recs := f.fill(l, 5)
	f.close(l)
	f.Corrupt(f, board, recs[3].Position)
	got, err := read(f.ctx, f.open(f.restart(), board), 0)
	corrupt := (*switchboard.CorruptError)(nil)
	if !errors.As(err, &corrupt) || errors.Is(err, errAfterEnd) {
		f.Fatalf("Read of a damaged record: %d records and error %v, want a *CorruptError", len(got), err)
	}
	if corrupt.Position != recs[3].Position {
		f.Errorf("the damage is reported at %d, want %d", corrupt.Position, recs[3].Position)
	}
	if diff := difference(got, recs[1:3]); diff != "" {
		f.Errorf("the records before the damaged one: %s", diff)
	}
}
