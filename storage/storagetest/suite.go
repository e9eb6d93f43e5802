package storagetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
)

// Harness is a store under test, and what a test can do to it beside using it.
// Only Store must be given. The functions may call Fatal.
type Harness struct {
	// Store is empty: no case sees what another has stored.
	Store switchboard.Store
	// Connect returns another connection to the same data, as another process
	// would have it. Nil means that Store is opened a second time instead.
	Connect func(t testing.TB) switchboard.Store
	// Reopen returns a store on the same data as after a restart. Every log has been
	// closed before. Nil means that Store is opened again instead.
	Reopen func(t testing.TB) switchboard.Store
	// Corrupt damages the record at the position. Nil skips the cases that need
	// it.
	Corrupt func(t testing.TB, board string, at switchboard.Position)
	// Holds reports whether the medium holds the bytes anywhere, past what the store
	// itself would show. Nil means that only what the store shows is looked at.
	Holds func(t testing.TB, what []byte) bool
	// Records is how many records the case of many records appends at most; for
	// a store that makes each durable by itself. Zero means 1,000,000.
	Records int
}

// Run runs every case of the suite, each as a subtest with a harness of its own
// from open.
//
// The case of many records appends 20,000, or 2,000 with -short, or as many as
// the environment variable SWITCHBOARD_RECORDS says. No call may take longer than
// half a minute.
func Run(t *testing.T, open func(t testing.TB) Harness) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open, 30*time.Second)) })
	}
}

// suiteCase is one promise of the contract.
type suiteCase struct {
	name string
	run  func(f *fixture)
}

var cases = []suiteCase{
	{"Order", order},
	{"Bytes", bytesAsTheyWere},
	{"AppendBuffer", appendBuffer},
	{"StaleAppend", staleAppend},
	{"AppendPastEnd", appendPastEnd},
	{"ReadPastEnd", readPastEnd},
	{"Contention", contention},
	{"LargeRecords", largeRecords},
	{"LostReply", lostReply},
	{"CancelledAppend", cancelledAppend},
	{"CancelledRead", cancelledRead},
	{"ReadersApart", readersApart},
	{"EarlyBreak", earlyBreak},
	{"AppendInsideRead", appendInsideRead},
	{"OtherConnection", otherConnection},
	{"ReadWhileAppending", readWhileAppending},
	{"Boards", boardsApart},
	{"BoardNames", boardNames},
	{"Reopen", reopened},
	{"Close", closed},
	{"ManyRecords", manyRecords},
	{"Corruption", corruption},
	{"Exclusive", exclusive},
	{"Limit", limit},
	{"Clock", storeClock},
	{"Wait", wait},
	{"WaitTooEarly", waitTooEarly},
	{"WaitEnds", waitEnds},
	{"Snapshots", snapshots},
	{"SnapshotsTwoKept", snapshotsTwoKept},
	{"SnapshotBrokenOff", snapshotBrokenOff},
	{"SnapshotWhileSaving", snapshotWhileSaving},
	{"SnapshotWhileLoading", snapshotWhileLoading},
	{"SnapshotsDropped", snapshotsDropped},
	{"SnapshotsApart", snapshotsApart},
	{"Trim", trim},
	{"TrimNewest", trimNewest},
	{"TrimPastEnd", trimPastEnd},
	{"TrimAppend", trimAppend},
	{"TrimReopen", trimReopen},
	{"TrimmedBytes", trimmedBytes},
	{"TrimWhileReading", trimWhileReading},
}

// board is the board of a case that needs no more than one.
const board = "acme"

// fixture is what a case runs on.
type fixture struct {
	testing.TB
	Harness
	ctx      context.Context
	patience time.Duration // for one call
}

func newFixture(t testing.TB, open func(t testing.TB) Harness, patience time.Duration) *fixture {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*patience)
	t.Cleanup(cancel)
	h := open(t)
	if h.Store == nil {
		t.Fatal("the harness has no store")
	}
	return &fixture{t, h, ctx, patience}
}

// open opens the board's log and closes it at the end of the case.
func (f *fixture) open(s switchboard.Store, name string) switchboard.Log {
	f.Helper()
	l, err := s.Open(f.ctx, name)
	if err != nil {
		f.Fatalf("Open(%q): %v", name, err)
	}
	f.Cleanup(func() {
		// What it returns is the business of the case Close.
		_ = f.within(func() error { _ = l.Close(); return nil })
	})
	return l
}

// log opens the log of the case.
func (f *fixture) log() switchboard.Log { f.Helper(); return f.open(f.Store, board) }

// other opens the log of the case through another connection.
func (f *fixture) other() switchboard.Log { f.Helper(); return f.open(f.connect(), board) }

func (f *fixture) connect() switchboard.Store {
	if f.Connect == nil {
		return f.Store
	}
	return f.Connect(f)
}

// restart returns the store as after a restart. The logs must be closed.
func (f *fixture) restart() switchboard.Store {
	if f.Reopen == nil {
		return f.Store
	}
	return f.Reopen(f)
}

// close closes logs.
func (f *fixture) close(logs ...switchboard.Log) {
	f.Helper()
	for _, l := range logs {
		if err := f.within(l.Close); err != nil {
			f.Fatalf("Close: %v", err)
		}
	}
}

// errPatience means that a call did not return.
var errPatience = errors.New("the call did not return in time")

// within makes a call that must return in time, even if it ignores its context.
func (f *fixture) within(call func() error) error {
	result := make(chan error, 1)
	go func() { result <- call() }()
	t := time.NewTimer(f.patience)
	defer t.Stop()
	select {
	case err := <-result:
		return err
	case <-t.C:
		return errPatience
	}
}

// append appends and expects success.
func (f *fixture) append(l switchboard.Log, after switchboard.Position, data []byte) switchboard.Position {
	f.Helper()
	p, err := l.Append(f.ctx, after, data)
	if err != nil {
		f.Fatalf("Append after %d: %v", after, err)
	}
	if p <= after {
		f.Fatalf("Append after %d returned position %d: positions grow", after, p)
	}
	return p
}

// fill appends n records and returns all that it appended, with an element 0 that
// stands for the beginning.
func (f *fixture) fill(l switchboard.Log, n int) []switchboard.Record {
	f.Helper()
	recs := make([]switchboard.Record, 1, n+1)
	for i := range n {
		d := payload(i, 16+i%50)
		recs = append(recs, switchboard.Record{Position: f.append(l, recs[i].Position, d), Data: d})
	}
	return recs
}

// errAfterEnd means that a read did not end with its error.
var errAfterEnd = errors.New("Read went on after it had yielded an error")

// read reads all there is, with a copy of the data.
func read(ctx context.Context, l switchboard.Log, after switchboard.Position) ([]switchboard.Record, error) {
	var recs []switchboard.Record
	var failed error
	for r, err := range l.Read(ctx, after) {
		switch {
		case failed != nil:
			return recs, fmt.Errorf("%w: %w", errAfterEnd, failed)
		case err != nil:
			failed = err
		default:
			recs = append(recs, switchboard.Record{Position: r.Position, Data: append([]byte{}, r.Data...)})
		}
	}
	return recs, failed
}

// all reads all there is and expects success.
func (f *fixture) all(l switchboard.Log, after switchboard.Position) []switchboard.Record {
	f.Helper()
	recs, err := read(f.ctx, l, after)
	if err != nil {
		f.Fatalf("Read after %d: %v", after, err)
	}
	return recs
}

// want expects that a read gives exactly these records.
func (f *fixture) want(l switchboard.Log, after switchboard.Position, want []switchboard.Record) {
	f.Helper()
	if diff := difference(f.all(l, after), want); diff != "" {
		f.Fatalf("Read after %d: %s", after, diff)
	}
}

// readFails expects that a read gives no record but an error that matches.
func (f *fixture) readFails(l switchboard.Log, after switchboard.Position, want error) {
	f.Helper()
	recs, err := read(f.ctx, l, after)
	if !errors.Is(err, want) {
		f.Fatalf("Read after %d: %d records and the error %v, want one that matches %q", after, len(recs), err, want)
	}
	if errors.Is(err, errAfterEnd) || len(recs) > 0 {
		f.Fatalf("Read after %d: %d records and the error %v, want the error alone", after, len(recs), err)
	}
}

// difference says how got is not want, or nothing.
func difference(got, want []switchboard.Record) string {
	for i := range min(len(got), len(want)) {
		if got[i].Position != want[i].Position {
			return fmt.Sprintf("record %d of %d has position %d, want %d", i, len(want), got[i].Position, want[i].Position)
		}
		if !bytes.Equal(got[i].Data, want[i].Data) {
			return fmt.Sprintf("the data at %d is %s, want %s", got[i].Position, short(got[i].Data), short(want[i].Data))
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d records, want %d", len(got), len(want))
	}
	return ""
}

func short(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q... (%d bytes, CRC-32 %08x)", b[:40], len(b), crc32.ChecksumIEEE(b))
	}
	return fmt.Sprintf("%q", b)
}

// payload makes data of that size, at least 16 bytes, which is different for
// each number. whole finds out whether it is all there.
func payload(n, size int) []byte {
	b := make([]byte, size)
	const period = 251
	x := uint32(n)*2654435761 + 12345
	for i := range b[:min(period, size)] {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	for done := period; done < size; done *= 2 {
		copy(b[done:], b[:done])
	}
	binary.LittleEndian.PutUint32(b, uint32(n))
	binary.LittleEndian.PutUint32(b[4:], uint32(size))
	binary.LittleEndian.PutUint32(b[size-4:], crc32.ChecksumIEEE(b[:size-4]))
	return b
}

func whole(b []byte) bool {
	n := len(b)
	return n >= 16 && binary.LittleEndian.Uint32(b[4:]) == uint32(n) &&
		binary.LittleEndian.Uint32(b[n-4:]) == crc32.ChecksumIEEE(b[:n-4])
}

// records is how many records the case of many appends.
func (f *fixture) records() int {
	n := 20_000
	if testing.Short() {
		n = 2_000
	}
	if s := os.Getenv("SWITCHBOARD_RECORDS"); s != "" {
		v, err := strconv.Atoi(s)
		if err != nil || v < 1 {
			f.Fatalf("SWITCHBOARD_RECORDS is %q, not a number", s)
		}
		n = v
	}
	if f.Records > 0 {
		return min(n, f.Records)
	}
	return min(n, 1_000_000)
}

// without skips the case where the ability is missing.
func (f *fixture) without(ability string) { f.Helper(); f.Skipf("the log is not %s", ability) }
