package walktest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/storage/storagetest"
)

// Stored is one record of the log, as the memory store took it.
type Stored struct {
	At       time.Time // the instant at which it was stored
	Position switchboard.Position
	Events   string // its lines, without the header
}

// recorder is the memory store that all nodes share. It notes what is stored, and
// when: that instant is where the commands in the record took effect.
type recorder struct {
	*switchboard.MemoryStore
	whole  *switchboard.MemoryStore // a copy that is never trimmed
	copy   switchboard.Log
	end    switchboard.Position // of the copy
	mu     sync.Mutex
	stored []Stored
}

func newRecorder() *recorder {
	r := &recorder{MemoryStore: switchboard.NewMemoryStore(), whole: switchboard.NewMemoryStore()}
	r.copy, _ = r.whole.Open(context.Background(), "walk") // it never fails
	return r
}

// memoryLog is what the logs of a memory store can do.
type memoryLog interface {
	switchboard.Log
	switchboard.Watcher
	switchboard.Trimmer
	switchboard.Snapshotter
}

// recordingLog hides that the memory store can tell who is alone: the log is
// shared by processes.
type recordingLog struct {
	memoryLog
	to *recorder
}

func (r *recorder) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := r.MemoryStore.Open(ctx, board)
	if err != nil {
		return nil, err
	}
	return &recordingLog{l.(memoryLog), r}, nil
}

// Append implements switchboard.Log.
func (l *recordingLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	l.to.mu.Lock() // no two appends at one instant; this is for the race detector's peace and the order
	defer l.to.mu.Unlock()
	p, err := l.memoryLog.Append(ctx, after, data)
	if err == nil {
		l.to.end, err = l.to.copy.Append(context.Background(), l.to.end, data)
		_, events, _ := bytes.Cut(data, []byte{'\n'})
		l.to.stored = append(l.to.stored, Stored{time.Now(), p, string(events)})
	}
	return p, err
}

// Now implements switchboard.Clocked: the store's clock is right.
func (l *recordingLog) Now(context.Context) (time.Time, error) { return time.Now(), nil }

func (r *recorder) all() []Stored {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stored
}

// link is a node's way to the store. Its calls take time and meet faults; those
// that may come at the same instant as others have a Faults of their own, or the
// scheduler would choose which of them meets a fault.
type link struct {
	faults [links]*storagetest.Faults
	w      *world
	life   uint64
	reply  class
	pieces class
	dead   func() bool
	// Of the one goroutine that watches.
	news  class
	waits *rand.Rand
}

const (
	byCommitter = iota
	byReader
	byWatcher
	bySnapshots
	byClock
	links
)

// errGone is what a process that has crashed gets for its calls: in truth it
// makes none.
var errGone = errors.New("walktest: the process is gone")

func (w *world) link(life uint64, rates storagetest.FaultRates, dead func() bool) *link {
	l := &link{
		w: w, life: life, dead: dead, reply: w.class(), pieces: w.class(), news: w.class(), waits: w.random("waits", life),
	}
	seeds := w.random("link", life)
	for i := range l.faults {
		at := w.class()
		l.faults[i] = storagetest.NewFaults(w.store, storagetest.FaultConfig{
			Seed: seeds.Uint64(), Rates: rates, MaxDelay: 4 * time.Millisecond, Sleep: func(ctx context.Context, d time.Duration) {
				w.note("life %d by %d takes %d", life, i, d)
				at.sleep(ctx, d)
			},
		})
	}
	return l
}

// each does it for every way to the store.
func (l *link) each(do func(*storagetest.Faults)) {
	for _, f := range l.faults {
		do(f)
	}
}

// Open implements switchboard.Store.
func (l *link) Open(ctx context.Context, board string) (switchboard.Log, error) {
	d := &door{link: l}
	for i, f := range l.faults {
		for n := 0; ; n++ {
			log, err := f.Open(ctx, board)
			if err == nil {
				d.logs[i] = log.(faultLog)
				break
			}
			if i == 0 || n > 20 {
				return nil, errors.Join(err, d.Close())
			}
		}
	}
	return d, nil
}

// faultLog is what the logs of a Faults can do.
type faultLog interface {
	memoryLog
	switchboard.Clocked
}

// door is one opening of the log.
type door struct {
	link *link
	logs [links]faultLog
}

// Append implements switchboard.Log.
func (d *door) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	if d.link.dead() {
		return 0, errGone
	}
	p, err := d.logs[byCommitter].Append(ctx, after, data)
	// The reply takes time too: the other nodes' watchers, and this one's, hear of
	// the record at the instant at which it is stored.
	d.link.reply.sleep(context.Background(), 50*time.Microsecond)
	d.link.w.note("life %d append after %d: %d %v", d.link.life, after, p, err)
	return p, err
}

// Read implements switchboard.Log.
func (d *door) Read(ctx context.Context, after switchboard.Position) iter.Seq2[switchboard.Record, error] {
	if d.link.dead() {
		return func(yield func(switchboard.Record, error) bool) { yield(switchboard.Record{}, errGone) }
	}
	if ctx.Value(readerKey{}) != nil {
		return d.logs[byReader].Read(ctx, after)
	}
	return d.logs[byCommitter].Read(ctx, after)
}

// Close implements switchboard.Log.
func (d *door) Close() error {
	for _, l := range d.logs {
		if l != nil {
			_ = l.Close()
		}
	}
	return nil
}

// Wait implements switchboard.Watcher. The news takes its time, as everything
// does: it comes at no instant at which somebody else does something.
func (d *door) Wait(ctx context.Context, after switchboard.Position) error {
	if d.link.dead() {
		return errGone
	}
	err := d.logs[byWatcher].Wait(ctx, after)
	d.link.news.sleep(ctx, between(d.link.waits, 0, time.Millisecond))
	return err
}

// Now implements switchboard.Clocked.
func (d *door) Now(ctx context.Context) (time.Time, error) {
	if d.link.dead() {
		return time.Time{}, errGone
	}
	return d.logs[byClock].Now(ctx)
}

// SaveSnapshot implements switchboard.Snapshotter.
func (d *door) SaveSnapshot(ctx context.Context, at switchboard.Position, chunks iter.Seq2[[]byte, error]) error {
	if d.link.dead() {
		return errGone
	}
	err := d.logs[bySnapshots].SaveSnapshot(ctx, at, d.link.paced(chunks))
	if err == nil {
		d.link.w.tally("snapshots", 1)
	}
	return err
}

// paced takes its time over each piece of a snapshot. A Board hands them out between
// two batches, so whoever gets one goes on at the instant of the committer, and
// would ask for the next one then.
func (l *link) paced(chunks iter.Seq2[[]byte, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for chunk, err := range chunks {
			l.pieces.sleep(context.Background(), 50*time.Microsecond)
			if !yield(chunk, err) {
				return
			}
		}
		l.pieces.sleep(context.Background(), 50*time.Microsecond)
	}
}

// LoadSnapshot implements switchboard.Snapshotter.
func (d *door) LoadSnapshot(ctx context.Context, skip int) (switchboard.Position, iter.Seq2[[]byte, error], error) {
	if d.link.dead() {
		return 0, nil, errGone
	}
	at, chunks, err := d.logs[bySnapshots].LoadSnapshot(ctx, skip)
	if err == nil {
		d.link.w.tally("snapshots loaded", 1)
	}
	return at, chunks, err
}

// DropSnapshots implements switchboard.Snapshotter.
func (d *door) DropSnapshots(ctx context.Context, before switchboard.Position) error {
	if d.link.dead() {
		return errGone
	}
	return d.logs[bySnapshots].DropSnapshots(ctx, before)
}

// Trim implements switchboard.Trimmer.
func (d *door) Trim(ctx context.Context, before switchboard.Position) error {
	if d.link.dead() {
		return errGone
	}
	err := d.logs[bySnapshots].Trim(ctx, before)
	if err == nil {
		d.link.w.tally("trims", 1)
	}
	return err
}
