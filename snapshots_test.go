package switchboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// stateOf returns the whole state of a board, as a snapshot would have it, and
// the position it is at.
func stateOf(t testing.TB, b *Board) ([]byte, Position) {
	t.Helper()
	var s *floor.Snapshot
	var at Position
	if err := b.view(t.Context(), func(*floor.Floor) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := b.inside(t.Context(), func() { s, at = b.floor.Snapshot(), b.position }); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for chunk, err := range writeSnapshot(func() (p floor.Piece, more bool, err error) {
		err = b.inside(t.Context(), func() { p, more = s.Next(3) })
		return p, more, err
	}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, chunk...)
	}
	return out, at
}

func equalStates(t *testing.T, what string, want, got []byte) {
	t.Helper()
	if !bytes.Equal(want, got) {
		t.Errorf("%s (-want +got):\n%s", what, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")))
	}
}

// plain is a store whose logs have no ability: a board on it reads the log.
type plain struct{ Store }

type plainLog struct{ Log }

func (p plain) Open(ctx context.Context, board string) (Log, error) {
	log, err := p.Store.Open(ctx, board)
	return plainLog{log}, err
}

var snapshotStart = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

type snapshotBed struct {
	t     *testing.T
	store Store
	mock  *clock.Mock
	every int
	keep  time.Duration
	by    Transport
	log   *bytes.Buffer // what the boards say, once it is read under mu
	mu    sync.Mutex
}

func newSnapshotBed(t *testing.T, store Store, every int) *snapshotBed {
	s := &snapshotBed{t: t, store: store, mock: clock.NewMock(), every: every, keep: -1, by: atOnce{}, log: new(bytes.Buffer)}
	s.mock.Set(snapshotStart)
	return s
}

func (s *snapshotBed) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *snapshotBed) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func (s *snapshotBed) tryOpen(node string, store Store) (*Board, error) {
	return Open(s.t.Context(), Config{
		Name: "acme", Node: node, Store: store, Clock: s.mock, SnapshotEvery: s.every, KeepLog: s.keep,
		Transports: map[conversation.Channel]Transport{"messenger": s.by}, Logger: slog.New(slog.NewTextHandler(s, nil)),
	})
}

func (s *snapshotBed) open(node string) *Board {
	s.t.Helper()
	b, err := s.tryOpen(node, s.store)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = b.Close() })
	return b
}

// configured opens the board and sets it up, with a few agents who are there.
func (s *snapshotBed) configured() *Board {
	s.t.Helper()
	b := s.open("n1")
	reasons := wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done", Limit: time.Minute}
	setup := routing.Setup{
		Teams:  []routing.Team{{ID: "t"}},
		Queues: []routing.Queue{{ID: "q", Teams: []routing.TeamID{"t"}, WrapUp: reasons}},
		Agents: []routing.Agent{
			{ID: "ann", Teams: []routing.TeamID{"t"}}, {ID: "bob", Teams: []routing.TeamID{"t"}}, {ID: "eva", Teams: []routing.TeamID{"t"}},
		},
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "q"}}, Settings: routing.Settings{Linger: time.Minute},
	}
	s.must(b.Administrator("root").Configure(s.t.Context(), setup))
	for _, a := range setup.Agents {
		s.must(b.Agent(a.ID).SignIn(s.t.Context()))
		s.must(b.Agent(a.ID).Available(s.t.Context()))
	}
	return b
}

func (s *snapshotBed) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// say takes n messages of n customers.
func (s *snapshotBed) say(b *Board, prefix string, n int) (id conversation.ID) {
	s.t.Helper()
	var err error
	for i := range n {
		id, err = b.Receive(s.t.Context(), conversation.Inbound{
			Channel: "messenger", Source: "page", Customer: conversation.Customer(fmt.Sprint(prefix, i)),
			ExternalID: fmt.Sprint(prefix, i), Text: "hello",
		})
		s.must(err)
	}
	return id
}

// made waits until no snapshot is being made.
func made(b *Board) {
	b.snapshots.one <- struct{}{}
	<-b.snapshots.one
}

// positions are those of the snapshots, the newest first.
func (s *snapshotBed) positions() []Position {
	s.t.Helper()
	log, err := s.store.Open(s.t.Context(), "acme")
	s.must(err)
	defer log.Close()
	var out []Position
	for skip := 0; ; skip++ {
		at, _, err := log.(Snapshotter).LoadSnapshot(s.t.Context(), skip)
		if errors.Is(err, ErrNoSnapshot) {
			return out
		}
		s.must(err)
		out = append(out, at)
	}
}

func TestBoardIsOpenedFromASnapshot(t *testing.T) {
	store := NewMemoryStore()
	s := newSnapshotBed(t, store, 20)
	b := s.configured()
	s.say(b, "a", 20)
	made(b)
	s.say(b, "b", 3)
	want, at := stateOf(t, b)
	from := s.positions()
	if len(from) == 0 || from[0] >= at {
		t.Fatalf("snapshots at %v, the log is at %d", from, at)
	}
	s.must(b.Close())

	counting := &countedReads{Store: store}
	s.store = counting
	b = s.open("n2")
	got, _ := stateOf(t, b)
	equalStates(t, "opened from a snapshot", want, got)
	if counting.from != from[0] {
		t.Errorf("the log was read from %d, want %d", counting.from, from[0])
	}
	s.must(b.Close())
	s.store = plain{store}
	again, _ := stateOf(t, s.open("n3"))
	equalStates(t, "replayed", want, again)
	if said := s.said(); said != "" {
		t.Errorf("logged: %s", said)
	}
}

// countedReads notes where the first Read began.
type countedReads struct {
	Store
	from Position
	once bool
}

type countedLog struct {
	*memoryHandle
	c *countedReads
}

func (c *countedReads) Open(ctx context.Context, board string) (Log, error) {
	log, err := c.Store.Open(ctx, board)
	return countedLog{log.(*memoryHandle), c}, err
}

func (l countedLog) Read(ctx context.Context, after Position) iter.Seq2[Record, error] {
	if !l.c.once {
		l.c.once, l.c.from = true, after
	}
	return l.memoryHandle.Read(ctx, after)
}

// damaged changes what LoadSnapshot gives, for each skip.
type damaged struct {
	Store
	change map[int]func([]byte) []byte
	err    error // instead, for all
}

type damagedLog struct {
	*memoryHandle
	d *damaged
}

func (d *damaged) Open(ctx context.Context, board string) (Log, error) {
	log, err := d.Store.Open(ctx, board)
	return damagedLog{log.(*memoryHandle), d}, err
}

func (l damagedLog) LoadSnapshot(ctx context.Context, skip int) (Position, iter.Seq2[[]byte, error], error) {
	if l.d.err != nil {
		return 0, nil, l.d.err
	}
	at, chunks, err := l.memoryHandle.LoadSnapshot(ctx, skip)
	change := l.d.change[skip]
	if err != nil || change == nil {
		return at, chunks, err
	}
	var all []byte
	for chunk, err := range chunks {
		if err != nil {
			return 0, nil, err
		}
		all = append(all, chunk...)
	}
	return at, func(yield func([]byte, error) bool) {
		for c := range slices.Chunk(change(all), 100) { // also in other chunks than they were saved
			if !yield(c, nil) {
				return
			}
		}
	}, nil
}

func TestDamagedSnapshotIsPassedOver(t *testing.T) {
	text := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				panic(old + " is not in it")
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	// sealed makes it whole again: a later version has written it.
	sealed := func(f func([]byte) []byte) func([]byte) []byte {
		return func(b []byte) []byte {
			b = f(b)
			b = b[:bytes.LastIndex(b, endPrefix)]
			end, err := snapshotLines.Append(b, snapshotEnd{snapshotSum{int64(len(b)), crc32.Checksum(b, castagnoli)}})
			if err != nil {
				panic(err)
			}
			return append(end, '\n')
		}
	}
	line := func(f func(lines []string) []string) func([]byte) []byte {
		return func(b []byte) []byte { return []byte(strings.Join(f(strings.SplitAfter(string(b), "\n")), "")) }
	}
	const corrupt, format = "corrupt", "format"
	for name, tc := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"another byte":        {text("hello", "hellO"), corrupt},
		"cut off":             {func(b []byte) []byte { return b[:len(b)-5] }, corrupt},
		"nothing":             {func([]byte) []byte { return nil }, corrupt},
		"without its end":     {line(func(l []string) []string { return l[:len(l)-2] }), corrupt},
		"without its header":  {line(func(l []string) []string { return l[1:] }), corrupt},
		"a line lost":         {line(func(l []string) []string { return slices.Delete(l, 5, 6) }), corrupt},
		"more after the end":  {func(b []byte) []byte { return append(b, "{}\n"...) }, corrupt},
		"no JSON":             {line(func(l []string) []string { l[4] = "x\n"; return l }), corrupt},
		"a later format":      {sealed(text(`{"format":1}`, `{"format":2}`)), format},
		"a kind of line more": {sealed(text(`"kind":"agent"`, `"kind":"robot"`)), format},
	} {
		t.Run(name, func(t *testing.T) {
			store := NewMemoryStore()
			s := newSnapshotBed(t, store, 10)
			b := s.configured()
			for i := range 5 {
				s.say(b, fmt.Sprint(i, "-"), 4)
				made(b)
			}
			want, _ := stateOf(t, b)
			s.must(b.Close())
			if n := len(s.positions()); n != 2 {
				t.Fatalf("%d snapshots", n)
			}
			is := func(err error) bool {
				broken, tooNew := (*CorruptError)(nil), (*FormatError)(nil)
				if tc.want == corrupt {
					return errors.As(err, &broken)
				}
				return errors.As(err, &tooNew)
			}
			for _, both := range []bool{false, true} {
				bad := &damaged{Store: store, change: map[int]func([]byte) []byte{0: tc.change}}
				if both {
					bad.change[1] = tc.change
				}
				s.store = bad
				b = s.open("n2")
				got, _ := stateOf(t, b)
				equalStates(t, fmt.Sprintf("both damaged: %v", both), want, got)
				s.must(b.Close())
				if !strings.Contains(s.said(), "a snapshot cannot be read") {
					t.Errorf("logged: %q", s.said())
				}
			}
			// Nothing else will do once the log is trimmed.
			log, err := store.Open(t.Context(), "acme")
			s.must(err)
			s.must(log.(Trimmer).Trim(t.Context(), s.positionsOf(store)[1]))
			s.must(log.Close())
			b, err = s.tryOpen("n3", s.store)
			if !errors.Is(err, ErrTrimmed) || !is(err) {
				t.Errorf("both damaged and the log trimmed: %v", err)
			}
			if err == nil {
				_ = b.Close()
			}
			s.store = &damaged{Store: store, change: map[int]func([]byte) []byte{0: tc.change}}
			got, _ := stateOf(t, s.open("n4"))
			equalStates(t, "the older one, the log trimmed before it", want, got)
		})
	}
}

func (s *snapshotBed) positionsOf(store Store) []Position {
	was := s.store
	defer func() { s.store = was }()
	s.store = store
	return s.positions()
}

// A store that cannot be asked for snapshots is no reason not to open.
func TestSnapshotsUnsupported(t *testing.T) {
	for _, tc := range []struct {
		err  error
		logs bool
	}{{errors.ErrUnsupported, false}, {errors.New("the shelf has fallen over"), true}} {
		s := newSnapshotBed(t, &damaged{Store: NewMemoryStore(), err: fmt.Errorf("damaged: %w", tc.err)}, 10)
		b := s.configured()
		s.say(b, "a", 30)
		made(b)
		want, _ := stateOf(t, b)
		s.must(b.Close())
		got, _ := stateOf(t, s.open("n2"))
		equalStates(t, tc.err.Error(), want, got)
		if said := s.said(); tc.logs != strings.Contains(said, "shelf") || !tc.logs && said != "" {
			t.Errorf("%v: logged %q", tc.err, said)
		}
	}
}

func TestSnapshotEvery(t *testing.T) {
	for _, tc := range []struct {
		every, want int
	}{{-1, 0}, {0, 0}, {1_000_000, 0}, {1, 2}, {50, 2}} {
		s := newSnapshotBed(t, NewMemoryStore(), tc.every)
		b := s.configured()
		for i := range 30 {
			s.say(b, fmt.Sprint(i, "-"), 2)
			made(b)
		}
		if got := len(s.positions()); got != tc.want {
			t.Errorf("every %d: %d snapshots, want %d", tc.every, got, tc.want)
		}
	}
}

// A board that has to read a long rest makes a snapshot at once, although its own
// appends have not crossed a multiple.
func TestSnapshotAfterALongRest(t *testing.T) {
	store := NewMemoryStore()
	s := newSnapshotBed(t, store, -1)
	b := s.configured()
	s.say(b, "a", 30)
	s.must(b.Close())
	s.every = 40
	b = s.open("n1")
	if _, err := b.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	made(b)
	if n := len(s.positions()); n != 1 {
		t.Errorf("%d snapshots", n)
	}
}

// saving is a store whose SaveSnapshot does as the test says.
type saving struct {
	Store
	save func(ctx context.Context, chunks iter.Seq2[[]byte, error]) error // nil: as the store does
}

type savingLog struct {
	*memoryHandle
	s *saving
}

func (s *saving) Open(ctx context.Context, board string) (Log, error) {
	log, err := s.Store.Open(ctx, board)
	return savingLog{log.(*memoryHandle), s}, err
}

func (l savingLog) SaveSnapshot(ctx context.Context, at Position, chunks iter.Seq2[[]byte, error]) error {
	if save := l.s.save; save != nil {
		return save(ctx, chunks)
	}
	return l.memoryHandle.SaveSnapshot(ctx, at, chunks)
}

// A save that fails is logged and tried at the next multiple; commands go on.
func TestFailedSnapshotIsTriedAgain(t *testing.T) {
	store := &saving{Store: NewMemoryStore()}
	s := newSnapshotBed(t, store, 20)
	tries := 0
	store.save = func(_ context.Context, chunks iter.Seq2[[]byte, error]) error {
		tries++
		for range chunks {
			break
		}
		return errors.New("the shelf is full")
	}
	b := s.configured()
	for i := range 10 {
		s.say(b, fmt.Sprint("a", i), 2)
		made(b)
	}
	if tries < 2 || !strings.Contains(s.said(), "the shelf is full") || len(s.positions()) > 0 {
		t.Fatalf("%d tries, snapshots at %v, logged %q", tries, s.positions(), s.said())
	}
	if err := b.inside(t.Context(), func() {
		if n := b.floor.Snapshots(); n != 0 {
			t.Errorf("%d snapshots are under way", n)
		}
	}); err != nil {
		t.Fatal(err)
	}
	store.save = nil
	s.say(b, "b", 20)
	made(b)
	if len(s.positions()) == 0 {
		t.Error("no snapshot was made")
	}
}

// A store that hangs in SaveSnapshot holds up nobody, no second one is begun, and
// Close does not wait for long.
func TestHangingSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &saving{Store: NewMemoryStore()}
		tries := 0
		hang := make(chan struct{})
		store.save = func(_ context.Context, chunks iter.Seq2[[]byte, error]) error {
			tries++
			for range chunks {
				<-hang
				break
			}
			return nil
		}
		s := newSnapshotBed(t, store, 10)
		b := s.configured()
		began := time.Now()
		s.say(b, "a", 30)
		synctest.Wait()
		if tries != 1 || time.Since(began) > 0 {
			t.Errorf("%d tries, after %v", tries, time.Since(began))
		}
		s.must(b.Close())
		if d := time.Since(began); d != closeGrace {
			t.Errorf("Close took %v", d)
		}
		close(hang)
		synctest.Wait()
	})
}

// Close gives up a snapshot that is being made, and nothing of it counts.
func TestCloseGivesUpASnapshot(t *testing.T) {
	store := &saving{Store: NewMemoryStore()}
	began := make(chan struct{})
	var got error
	store.save = func(ctx context.Context, chunks iter.Seq2[[]byte, error]) error {
		close(began)
		<-ctx.Done()
		for _, got = range chunks {
			if got != nil {
				return got
			}
		}
		return nil
	}
	s := newSnapshotBed(t, store, 1000)
	b := s.configured()
	b.snapshots.every = 10
	s.say(b, "a", 10)
	<-began
	s.must(b.Close())
	if !errors.Is(got, ErrClosed) && !errors.Is(got, context.Canceled) {
		t.Errorf("the chunks end with %v", got)
	}
	if said := s.said(); said != "" {
		t.Errorf("logged: %s", said)
	}
}

// TestSnapshotsUnderLoad: while several people use two boards, and snapshots are
// made all the time, a board that is opened at any moment from a snapshot and the
// rest is equal to one that reads the whole log, and to the live ones.
func TestSnapshotsUnderLoad(t *testing.T) {
	for seed := range uint64(3) {
		store := NewMemoryStore()
		s := newSnapshotBed(t, store, 7+int(seed)*9)
		boards := []*Board{s.configured(), s.open("n2")}
		agents := []agent.ID{"ann", "bob", "eva"}
		ctx := t.Context()
		for round := range 9 {
			var wg sync.WaitGroup
			for caller := range 6 {
				rng := rand.New(rand.NewPCG(seed, uint64(100*round+caller)))
				wg.Go(func() {
					for n := range 20 {
						b, a := boards[rng.IntN(2)], agents[rng.IntN(3)]
						switch rng.IntN(8) {
						case 0, 1, 2:
							_, _ = b.Receive(ctx, conversation.Inbound{
								Channel: "messenger", Source: "page", Customer: conversation.Customer(fmt.Sprint(rng.IntN(40))),
								ExternalID: fmt.Sprint(round, "-", caller, "-", n), Text: "hello",
							})
						case 3, 4:
							_, _ = b.Agent(a).AcceptAll(ctx)
						case 5:
							_ = b.Agent(a).Available(ctx)
						default:
							info, err := b.AgentInfo(ctx, a)
							if err != nil {
								t.Error(err)
								return
							}
							for _, id := range info.Conversations {
								_, _ = b.Agent(a).Send(ctx, id, "well")
								_ = b.Agent(a).End(ctx, id)
								if rng.IntN(2) == 0 {
									_ = b.Agent(a).WrapUp(ctx, id, "done")
								}
							}
						}
					}
				})
			}
			if round%3 == 0 { // in the midst of it
				b := s.open("n3")
				s.must(b.Close())
			}
			wg.Wait()
			s.mock.Add(time.Duration(round) * 7 * time.Second)
			for range 2 {
				for _, b := range boards {
					s.must(b.Quiet(ctx))
				}
			}
			// What one node has sent is in the log of the other once it looks.
			want, at := stateOf(t, boards[0])
			for what, from := range map[string]Store{"from a snapshot": store, "from the log": plain{store}} {
				b, err := s.tryOpen("n3", from)
				s.must(err)
				got, there := stateOf(t, b)
				s.must(b.Close())
				if there == at {
					equalStates(t, fmt.Sprintf("seed %d, round %d, %s", seed, round, what), want, got)
				} else {
					t.Errorf("seed %d, round %d, %s: at %d, want %d", seed, round, what, there, at)
				}
			}
			got, _ := stateOf(t, boards[1])
			equalStates(t, "the other board", want, got)
			if t.Failed() {
				return
			}
		}
		for _, b := range boards {
			made(b)
		}
		if len(s.positions()) != 2 {
			t.Errorf("snapshots at %v", s.positions())
		}
		for _, b := range boards {
			s.must(b.Close())
		}
		if said := s.said(); strings.Contains(said, "snapshot") {
			t.Errorf("logged: %s", said)
		}
	}
}

func FuzzSnapshot(f *testing.F) {
	store := NewMemoryStore()
	log, _ := store.Open(f.Context(), "acme")
	fl := floor.New(floor.Config{Load: time.LoadLocation})
	fl.Apply(&floor.Event{Seq: 1, At: snapshotStart, Body: routing.TeamSet{Team: routing.Team{ID: "t"}}})
	fl.Commit()
	s := fl.Snapshot()
	if err := log.(Snapshotter).SaveSnapshot(f.Context(), 1, writeSnapshot(func() (floor.Piece, bool, error) {
		p, more := s.Next(10)
		return p, more, nil
	})); err != nil {
		f.Fatal(err)
	}
	_, chunks, _ := log.(Snapshotter).LoadSnapshot(f.Context(), 0)
	var seed []byte
	for chunk := range chunks {
		seed = append(seed, chunk...)
	}
	f.Add(seed, 7)
	f.Add([]byte(`{"format":1}`+"\n"+`{"end":{"bytes":13,"crc":0}}`+"\n"), 100)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		chunks := func(yield func([]byte, error) bool) {
			for c := range slices.Chunk(data, max(1, n%5000)) {
				if !yield(c, nil) {
					return
				}
			}
		}
		got, err := readSnapshot(t.Context(), 7, chunks, floor.Config{Load: time.LoadLocation})
		corrupt, tooNew := (*CorruptError)(nil), (*FormatError)(nil)
		if err != nil && !errors.As(err, &corrupt) && !errors.As(err, &tooNew) {
			t.Errorf("got %v (%T)", err, err)
		}
		seq, err := snapshotSeq(7, chunks)
		if err != nil && !errors.As(err, &corrupt) && !errors.As(err, &tooNew) {
			t.Errorf("the number: %v (%T)", err, err)
		}
		if got != nil && (err != nil || got.Seq() != seq) {
			t.Errorf("the number is %d (%v), want %d", seq, err, got.Seq())
		}
	})
}
