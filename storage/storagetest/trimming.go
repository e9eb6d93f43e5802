package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/switchboard-go/switchboard"
)

// trimmer returns the log's ability, or skips the case.
func (f *fixture) trimmer(l switchboard.Log) switchboard.Trimmer {
	f.Helper()
	x, ok := l.(switchboard.Trimmer)
	if !ok {
		f.without("a switchboard.Trimmer")
	}
	if err := x.Trim(f.ctx, 0); errors.Is(err, errors.ErrUnsupported) {
		f.without("a switchboard.Trimmer")
	} else if err != nil {
		f.Fatalf("Trim(0): %v", err)
	}
	return x
}

func (f *fixture) trim(l switchboard.Log, before switchboard.Position) {
	f.Helper()
	if err := f.trimmer(l).Trim(f.ctx, before); err != nil {
		f.Fatalf("Trim(%d): %v", before, err)
	}
}

// trimmedTo expects that recs[oldest] is the oldest record, of all that there
// were.
func (f *fixture) trimmedTo(l switchboard.Log, recs []switchboard.Record, oldest int) {
	f.Helper()
	for i := range recs {
		after := recs[i].Position
		switch {
		case i >= oldest || oldest == 1:
			f.want(l, after, recs[i+1:])
		case i == oldest-1:
			// Nothing past it was removed, but a store need not know.
			if got, err := read(f.ctx, l, after); err == nil {
				if diff := difference(got, recs[oldest:]); diff != "" {
					f.Fatalf("Read after %d, the newest that was removed: %s", after, diff)
				}
			} else if !errors.Is(err, switchboard.ErrTrimmed) || len(got) > 0 {
				f.Fatalf("Read after %d, the newest that was removed: %d records and error %v, want ErrTrimmed alone", after, len(got), err)
			}
		default:
			f.readFails(l, after, switchboard.ErrTrimmed)
		}
	}
}

// The records before the position are removed, for every connection, and no
// others.
func trim(f *fixture) {
	l, o := f.log(), f.other()
	recs := f.fill(l, 10)
	another := f.open(f.Store, "another")
	f.trimmer(l)
	apart := f.fill(another, 10)
	f.trim(l, recs[1].Position)
	f.trimmedTo(o, recs, 1)
	f.trim(l, recs[4].Position)
	f.trimmedTo(l, recs, 4)
	f.trimmedTo(o, recs, 4)
	f.trim(o, recs[2].Position) // long gone
	f.trimmedTo(l, recs, 4)
	f.trim(o, recs[7].Position)
	f.trimmedTo(l, recs, 7)
	f.want(another, 0, apart[1:])
	f.close(l)
	if err := f.trimmer(o).Trim(f.ctx, 0); err != nil {
		f.Fatalf("Trim: %v", err)
	}
	if err := l.(switchboard.Trimmer).Trim(f.ctx, recs[8].Position); err == nil {
		f.Error("Trim of a closed log: no error")
	}
}

// The newest record stays: without it nobody could tell where the end is.
func trimNewest(f *fixture) {
	l, o := f.log(), f.other()
	f.trimmer(l)
	recs := f.fill(l, 1)
	f.trim(l, recs[1].Position)
	f.trimmedTo(o, recs, 1)
	more := payload(3, 30)
	recs = append(recs, switchboard.Record{Position: f.append(o, recs[1].Position, more), Data: more})
	f.trim(l, recs[2].Position)
	f.want(l, recs[2].Position, nil)
	f.readFails(o, recs[2].Position+1, switchboard.ErrPosition)
	f.readFails(o, 0, switchboard.ErrTrimmed)
	if f.Holds != nil && !f.Holds(f, more) {
		f.Error("the newest record is not there any more")
	}
}

// A position past the end is a mistake, and costs no record.
func trimPastEnd(f *fixture) {
	l := f.log()
	x := f.trimmer(l)
	try := func(before switchboard.Position) {
		f.Helper()
		if err := x.Trim(f.ctx, before); !errors.Is(err, switchboard.ErrPosition) {
			f.Fatalf("Trim(%d), past the end: %v, want ErrPosition", before, err)
		}
	}
	try(1)
	recs := f.fill(l, 4)
	try(recs[4].Position + 1)
	try(recs[4].Position + 1000)
	f.trimmedTo(l, recs, 1)
}

// Appends go on after all but the newest record was removed, at positions that go on
// growing, and a stale one is a conflict as ever.
func trimAppend(f *fixture) {
	l, o := f.log(), f.other()
	f.trimmer(l)
	recs := f.fill(l, 5)
	for round := range 5 {
		newest := len(recs) - 1
		f.trim(l, recs[newest].Position)
		for _, log := range []switchboard.Log{l, o} {
			for _, r := range recs[:newest] {
				if p, err := log.Append(f.ctx, r.Position, []byte("stale")); !errors.Is(err, switchboard.ErrConflict) {
					f.Fatalf("Append after %d, which was removed: position %d and error %v, want ErrConflict", r.Position, p, err)
				}
			}
			if p, err := log.Append(f.ctx, recs[newest].Position+100, []byte("past")); !errors.Is(err, switchboard.ErrPosition) {
				f.Fatalf("Append past the end of a trimmed log: position %d and error %v, want ErrPosition", p, err)
			}
		}
		for i, log := range []switchboard.Log{o, l} {
			d := payload(round*2+i, 40)
			recs = append(recs, switchboard.Record{Position: f.append(log, recs[len(recs)-1].Position, d), Data: d})
		}
		f.trimmedTo(o, recs, newest)
	}
}

// What was removed is still so after a restart.
func trimReopen(f *fixture) {
	l, o := f.log(), f.other()
	f.trimmer(l)
	recs := f.fill(l, 6)
	f.trim(l, recs[6].Position)
	f.close(l, o)
	for i := range 3 {
		l = f.open(f.restart(), board)
		f.trimmedTo(l, recs, 6)
		d := payload(i, 30)
		recs = append(recs, switchboard.Record{Position: f.append(l, recs[len(recs)-1].Position, d), Data: d})
		f.close(l)
	}
	l = f.open(f.restart(), board)
	f.trim(l, recs[9].Position)
	f.close(l)
	f.trimmedTo(f.open(f.restart(), board), recs, 9)
}

// No byte of what was removed can be read: it may be what a customer wanted to be
// forgotten.
func trimmedBytes(f *fixture) {
	l, o := f.log(), f.other()
	f.trimmer(l)
	secret := payload(4711, 100)
	var end switchboard.Position
	var all []switchboard.Position
	for i := range 8 {
		d := payload(i, 100)
		if i == 3 {
			d = secret
		}
		end = f.append(l, end, d)
		all = append(all, end)
	}
	if f.Holds != nil && !f.Holds(f, secret) {
		f.Fatal("Holds does not find the bytes of a record that is there: the store or the harness hides them")
	}
	f.trim(l, all[5])
	look := func(log switchboard.Log) {
		f.Helper()
		for p := switchboard.Position(0); p <= end; p++ {
			for r := range log.Read(f.ctx, p) {
				if bytes.Contains(r.Data, secret) {
					f.Fatalf("Read after %d: the bytes of a record that was removed", p)
				}
			}
			if end > 10_000 && p == 100 {
				break
			}
		}
	}
	look(l)
	look(o)
	if f.Holds != nil && f.Holds(f, secret) {
		f.Fatal("the bytes of a record that was removed are still there")
	}
	f.close(l, o)
	look(f.open(f.restart(), board))
	if f.Holds != nil && f.Holds(f, secret) {
		f.Fatal("the bytes of a record that was removed are still there after a restart")
	}
}

// A read in whose midst the log is trimmed goes on without a gap or ends with
// an error.
func trimWhileReading(f *fixture) {
	l, o := f.log(), f.other()
	trimmer := f.trimmer(o)
	recs := f.fill(l, 200)
	next, stop := iter.Pull2(l.Read(f.ctx, 0))
	defer stop()
	err := f.within(func() error {
		for i := 1; ; i++ {
			r, err, ok := next()
			switch {
			case errors.Is(err, switchboard.ErrTrimmed):
				return nil
			case err != nil:
				return err
			case !ok && i == len(recs):
				return nil
			case !ok:
				return fmt.Errorf("it ended after %d records of 200", i-1)
			case r.Position != recs[i].Position || !bytes.Equal(r.Data, recs[i].Data):
				return fmt.Errorf("record %d is at %d, want %d: a gap", i, r.Position, recs[i].Position)
			}
			if i == 5 {
				if err := trimmer.Trim(f.ctx, recs[150].Position); err != nil {
					return err
				}
			}
		}
	})
	if err != nil {
		f.Fatalf("a read in whose midst the log was trimmed: %v", err)
	}
	f.trimmedTo(o, recs, 150)
}
