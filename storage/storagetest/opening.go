package storagetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard"
)

// Boards do not see each other's records.
func boardsApart(f *fixture) {
	const boards, each = 40, 5
	logs := make([]switchboard.Log, boards)
	want := make([][]switchboard.Record, boards)
	for i := range logs {
		logs[i] = f.open(f.Store, fmt.Sprintf("board-%d", i))
		want[i] = make([]switchboard.Record, 1)
	}
	for n := range each {
		for i, l := range logs {
			d := payload(i*each+n, 30)
			p := f.append(l, want[i][n].Position, d)
			want[i] = append(want[i], switchboard.Record{Position: p, Data: d})
		}
	}
	c := f.connect()
	for i := range logs {
		f.want(f.open(c, fmt.Sprintf("board-%d", i)), 0, want[i][1:])
	}
}

// A board's name is 1 to 128 bytes of UTF-8, of whatever kind, and two names are
// two boards unless all their bytes are the same.
func boardNames(f *fixture) {
	names := []string{
		"a", "A", "a ", " a", "a.", ".", "..", "...", "/", "a/b", "a/../b", "b", "/etc", `a\b`, `\`, "a:b", "C:", "con", "nul.txt",
		"a%2Fb", "%", "%s", "a*b", "a?b", "a.b.*.>", ">", "*", "$", "${HOME}", "~", "-", "--help", "_", "a'b", `a"b`, "a;b", "'; drop table records; --",
		"a\x00b", "a\x00", "\x00", "a\nb", "\n", "\t", "\u00e9", "e\u0301", "\u212a", "K", "k", "\u0130", "\u2028", "\ufeff", "\U0001f4a9",
		"null", "true", "0", "00", "1e3", strings.Repeat("x", 128), strings.Repeat("x", 127), strings.Repeat("x", 127) + "y",
		strings.Repeat("/", 128), strings.Repeat("\U0001f4a9", 32), strings.Repeat("\u00e9", 64), strings.Repeat(".", 128),
	}
	ends := make([]switchboard.Position, len(names))
	for i, name := range names {
		ends[i] = f.append(f.open(f.Store, name), 0, []byte(name))
	}
	c := f.connect()
	for i, name := range names {
		l := f.open(c, name)
		f.want(l, 0, []switchboard.Record{{Position: ends[i], Data: []byte(name)}})
	}
}

// What was appended is there after a restart, and appends go on after it.
func reopened(f *fixture) {
	l, o := f.log(), f.other()
	recs := f.fill(l, 10)
	f.close(l, o)
	for i := range 3 {
		l := f.open(f.restart(), board)
		f.want(l, 0, recs[1:])
		if _, err := l.Append(f.ctx, recs[len(recs)-2].Position, []byte("stale")); !errors.Is(err, switchboard.ErrConflict) {
			f.Fatalf("a stale append after a restart: %v, want ErrConflict", err)
		}
		d := payload(i, 25)
		recs = append(recs, switchboard.Record{Position: f.append(l, recs[len(recs)-1].Position, d), Data: d})
		f.close(l)
	}
	f.want(f.open(f.restart(), board), 0, recs[1:])
}

// A log that is closed is of no more use, closing it again does no harm, and
// others are not concerned.
func closed(f *fixture) {
	l, sibling, o := f.log(), f.log(), f.other()
	recs := f.fill(l, 3)
	f.close(l, l)
	end := recs[3].Position
	if p, err := l.Append(f.ctx, end, []byte("closed")); err == nil {
		f.Errorf("Append to a closed log: position %d and no error", p)
	} else if errors.Is(err, switchboard.ErrConflict) {
		f.Errorf("Append to a closed log: %v; nobody else has appended", err)
	}
	if got, err := read(f.ctx, l, 0); err == nil || errors.Is(err, errAfterEnd) {
		f.Errorf("Read of a closed log: %d records and error %v, want an error alone", len(got), err)
	}
	if _, err := read(f.ctx, l, end); err == nil {
		f.Errorf("Read of a closed log, from the end: no error")
	}
	f.want(o, 0, recs[1:])
	d := payload(7, 30)
	recs = append(recs, switchboard.Record{Position: f.append(sibling, end, d), Data: d})
	f.want(o, 0, recs[1:])
}

// The number of records does not matter.
func manyRecords(f *fixture) {
	n := f.records()
	l := f.log()
	ends := make([]switchboard.Position, 1, n+1)
	for i := range n {
		p, err := l.Append(f.ctx, ends[i], payload(i, 64))
		if err != nil {
			f.Fatalf("Append of record %d: %v", i, err)
		}
		ends = append(ends, p)
	}
	o := f.other()
	for _, from := range []int{0, n / 2, n - 1, n} {
		i := from
		for r, err := range o.Read(f.ctx, ends[from]) {
			if err != nil {
				f.Fatalf("Read from record %d: %v", from, err)
			}
			if i == n || r.Position != ends[i+1] {
				f.Fatalf("Read from record %d of %d: position %d is not that of record %d", from, n, r.Position, i)
			}
			if want := payload(i, 64); string(r.Data) != string(want) {
				f.Fatalf("record %d is %s, want %s", i, short(r.Data), short(want))
			}
			i++
		}
		if i != n {
			f.Fatalf("Read from record %d ended after record %d of %d", from, i, n)
		}
	}
}

// A log that says that it is the only opening is that, and has been.
func exclusive(f *fixture) {
	l := f.log()
	x, ok := l.(switchboard.Exclusive)
	if !ok {
		f.without("a switchboard.Exclusive")
	}
	o := f.other()
	if x.Exclusive() {
		f.Error("the first opening is exclusive, although there is another")
	}
	if y, ok := o.(switchboard.Exclusive); ok && y.Exclusive() {
		f.Error("the second opening is exclusive, although there is another")
	}
	f.append(o, 0, []byte("in between"))
	f.close(o)
	if x.Exclusive() {
		f.Error("the first opening is exclusive again, although another has appended")
	}
}

// A record of the largest size is stored, and a larger one is refused.
func limit(f *fixture) {
	l := f.log()
	x, ok := l.(switchboard.Limited)
	if !ok || x.MaxRecord() == 0 {
		f.without("a switchboard.Limited")
	}
	size := x.MaxRecord()
	if size < largest {
		f.Fatalf("MaxRecord is %d, want at least %d", size, largest)
	}
	if size > 64<<20 {
		f.Skipf("a record of %d bytes is too large for a test", size)
	}
	var end switchboard.Position
	var want []switchboard.Record
	for _, more := range []int{1, 1000, 0} {
		d := payload(more, size+more)
		p, err := l.Append(f.ctx, end, d)
		if more == 0 {
			if err != nil {
				f.Fatalf("Append of the largest record, %d bytes: %v", size, err)
			}
			want = append(want, switchboard.Record{Position: p, Data: d})
			continue
		}
		e := (*switchboard.SizeError)(nil)
		if !errors.Is(err, switchboard.ErrRefused) || !errors.As(err, &e) {
			f.Fatalf("Append of %d bytes more than MaxRecord: %v, want a *SizeError that matches ErrRefused", more, err)
		}
		if e.Size != size+more || e.Max != size {
			f.Errorf("the error says %d of %d bytes, want %d of %d", e.Size, e.Max, size+more, size)
		}
	}
	f.want(l, 0, want)
}

// The store has one clock for all its connections.
func storeClock(f *fixture) {
	logs := []switchboard.Log{f.log(), f.other()}
	var last time.Time
	for i := range 10 {
		c, ok := logs[i%2].(switchboard.Clocked)
		if !ok {
			f.without("a switchboard.Clocked")
		}
		now, err := c.Now(f.ctx)
		if errors.Is(err, errors.ErrUnsupported) {
			f.without("a switchboard.Clocked")
		}
		switch {
		case err != nil:
			f.Fatalf("Now: %v", err)
		case now.IsZero():
			f.Fatal("Now: the zero time")
		case now.Before(last):
			f.Fatalf("Now through one connection: %v, after %v through the other", now, last)
		}
		last = now
	}
}
