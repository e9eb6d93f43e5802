package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// monday is when the fake clock of these tests begins.
var monday = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

var twoAgents = routing.Setup{
	Teams: []routing.Team{{ID: "team"}},
	Queues: []routing.Queue{{ID: "sales", Teams: []routing.TeamID{"team"}, WrapUp: wrapup.Policy{
		Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}, {ID: "spam", Label: "Spam"}}, Default: "done", Limit: time.Minute,
	}}},
	Agents: []routing.Agent{
		{ID: "ann", Teams: []routing.TeamID{"team"}, Capacity: map[conversation.Medium]int{conversation.Social: 100}},
		{ID: "bob", Teams: []routing.TeamID{"team"}, Capacity: map[conversation.Medium]int{conversation.Social: 100}},
	},
	Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "sales"}},
}

// bed is a board under test on a fake clock.
type bed struct {
	*switchboard.Board
	t    *testing.T
	mock *clock.Mock
}

// open opens a board and closes it with the test. Zero fields of the Config are
// filled in.
func open(t *testing.T, mock *clock.Mock, c switchboard.Config) *bed {
	t.Helper()
	if c.Name == "" {
		c.Name = "acme"
	}
	if c.Clock == nil {
		c.Clock = mock
	}
	b, err := switchboard.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return &bed{b, t, mock}
}

func newMock() *clock.Mock {
	mock := clock.NewMock()
	mock.Set(monday)
	return mock
}

// ready opens a board with two agents of whom Ann is Available.
func ready(t *testing.T, c switchboard.Config) *bed {
	t.Helper()
	b := open(t, newMock(), c)
	b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
	b.must(b.Agent("ann").SignIn(t.Context()))
	b.must(b.Agent("ann").Available(t.Context()))
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func from(customer string, n int) conversation.Inbound {
	return conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: conversation.Customer(customer),
		ExternalID: customer + "-" + strconv.Itoa(n), Text: "hello",
	}
}

// arrive receives a first message and returns the conversation.
func (b *bed) arrive(customer string) conversation.ID {
	b.t.Helper()
	id, err := b.Receive(b.t.Context(), from(customer, 1))
	b.must(err)
	return id
}

// talk has Ann accept a conversation with the customer.
func (b *bed) talk(customer string) conversation.ID {
	b.t.Helper()
	id := b.arrive(customer)
	b.must(b.Agent("ann").Accept(b.t.Context(), id))
	return id
}

func (b *bed) watch() switchboard.Snapshot {
	b.t.Helper()
	s, err := b.Watch(b.t.Context())
	b.must(err)
	return s
}

// diff compares two states of a board.
func diff(want, got switchboard.Snapshot) string {
	return cmp.Diff(want, got, cmp.AllowUnexported(routing.Pace{}))
}

func (b *bed) state(id conversation.ID) conversation.State {
	b.t.Helper()
	c, err := b.Conversation(b.t.Context(), id)
	b.must(err)
	return c.State
}

// patient is a context that is over as soon as somebody waits for it.
type patient struct{ context.Context }

func (patient) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func (patient) Err() error { return nil }

// history reads all events that there are.
func (b *bed) history() []switchboard.Event { return b.historyFrom("") }

func (b *bed) historyFrom(after switchboard.Cursor) []switchboard.Event {
	b.t.Helper()
	b.watch()
	var out []switchboard.Event
	for e, err := range b.Events(patient{b.t.Context()}, after, nil) {
		if err != nil {
			break // there are no more
		}
		out = append(out, e)
	}
	return out
}

// kinds are the names of the events in the log.
func (b *bed) kinds() []string {
	b.t.Helper()
	var out []string
	for _, e := range b.history() {
		out = append(out, switchboard.KindOf(e.Body))
	}
	return out
}

func count(list []string, want string) int {
	n := 0
	for _, s := range list {
		if s == want {
			n++
		}
	}
	return n
}

// fault says what a store does with one append.
type fault func(ctx context.Context, store func() (switchboard.Position, error)) (switchboard.Position, error)

var errDown = errors.New("the store is down")

// The faults of a store.
var (
	refuse fault = func(context.Context, func() (switchboard.Position, error)) (switchboard.Position, error) {
		return 0, fmt.Errorf("%w: disk full", switchboard.ErrRefused)
	}
	storeAndFail fault = func(_ context.Context, store func() (switchboard.Position, error)) (switchboard.Position, error) {
		_, _ = store()
		return 0, errDown
	}
	failOnly fault = func(context.Context, func() (switchboard.Position, error)) (switchboard.Position, error) {
		return 0, errDown
	}
)

// faultyStore is a MemoryStore whose appends and reads go wrong when told to.
type faultyStore struct {
	switchboard.MemoryStore
	shared bool // do not claim to be exclusive

	mu      sync.Mutex
	always  fault   // for every append
	faults  []fault // for the next ones
	badRead error
	trimmed switchboard.Position // records up to it are no longer there
	appends atomic.Int64
	reads   atomic.Int64
}

func (s *faultyStore) set(always fault, next ...fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always, s.faults = always, next
}

func (s *faultyStore) failReads(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.badRead = err
}

func (s *faultyStore) trim(to switchboard.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trimmed = to
}

func (s *faultyStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.MemoryStore.Open(ctx, board)
	if err != nil {
		return nil, err
	}
	if s.shared {
		return &faultyLog{l, s}, nil
	}
	return &exclusiveFaultyLog{faultyLog{l, s}}, nil
}

type faultyLog struct {
	switchboard.Log
	s *faultyStore
}

type exclusiveFaultyLog struct{ faultyLog }

func (l *exclusiveFaultyLog) Exclusive() bool { return l.Log.(switchboard.Exclusive).Exclusive() }

func (l *faultyLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	l.s.appends.Add(1)
	l.s.mu.Lock()
	f := l.s.always
	if len(l.s.faults) > 0 {
		f, l.s.faults = l.s.faults[0], l.s.faults[1:]
	}
	l.s.mu.Unlock()
	store := func() (switchboard.Position, error) { return l.Log.Append(context.Background(), after, data) }
	if f == nil {
		return store()
	}
	return f(ctx, store)
}

func (l *faultyLog) Read(ctx context.Context, after switchboard.Position) iter.Seq2[switchboard.Record, error] {
	l.s.reads.Add(1)
	l.s.mu.Lock()
	bad, trimmed := l.s.badRead, l.s.trimmed
	l.s.mu.Unlock()
	if bad == nil && after < trimmed {
		bad = fmt.Errorf("%w: before %d", switchboard.ErrTrimmed, trimmed)
	}
	if bad != nil {
		return func(yield func(switchboard.Record, error) bool) { yield(switchboard.Record{}, bad) }
	}
	return l.Log.Read(ctx, after)
}

// hanging is a store that ignores its context until release is called, and then
// does what then says.
func hanging(then fault) (f fault, began <-chan struct{}, release func()) {
	started, done := make(chan struct{}, 16), make(chan struct{})
	var once sync.Once
	return func(ctx context.Context, store func() (switchboard.Position, error)) (switchboard.Position, error) {
		started <- struct{}{}
		<-done
		if then == nil {
			return store()
		}
		return then(ctx, store)
	}, started, func() { once.Do(func() { close(done) }) }
}

func TestRefusedAppendChangesNothing(t *testing.T) {
	store := &faultyStore{}
	b := ready(t, switchboard.Config{Store: store})
	before := b.watch()
	store.set(nil, refuse)
	if _, err := b.Receive(t.Context(), from("c1", 1)); !errors.Is(err, switchboard.ErrRefused) || errors.Is(err, switchboard.ErrOutcomeUnknown) {
		t.Fatalf("got %v, want ErrRefused alone", err)
	}
	if d := diff(before, b.watch()); d != "" {
		t.Errorf("the state changed (-want +got):\n%s", d)
	}
	id := b.arrive("c1")
	if got := b.state(id); got != conversation.Offered {
		t.Errorf("the next command: %v", got)
	}
}

// An append that fails may have been stored, or may still be. Whatever it was,
// the next call knows.
func TestAmbiguousAppend(t *testing.T) {
	for _, shared := range []bool{false, true} {
		for _, tc := range []struct {
			name   string
			faults []fault
			reads  bool // the log cannot be read meanwhile
			want   error
		}{
			{name: "stored but error", faults: []fault{storeAndFail}},
			{name: "stored but error, then refused", faults: []fault{storeAndFail, refuse}},
			{name: "not stored and error", faults: []fault{failOnly}},
			{name: "not stored and error, three times", faults: []fault{failOnly, failOnly, failOnly}},
			{name: "stored, never a good answer", faults: []fault{storeAndFail, failOnly, failOnly, failOnly, failOnly, failOnly, failOnly, failOnly}},
			{name: "stored, and cannot be read", faults: []fault{storeAndFail}, reads: true, want: switchboard.ErrOutcomeUnknown},
		} {
			t.Run(fmt.Sprintf("%s shared=%v", tc.name, shared), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := &faultyStore{shared: shared}
					b := ready(t, switchboard.Config{Store: store, AppendTimeout: 100 * time.Millisecond})
					store.set(nil, tc.faults...)
					if tc.reads {
						store.failReads(errDown)
					}
					began := time.Now()
					_, err := b.Receive(t.Context(), from("c1", 1))
					if !errors.Is(err, tc.want) {
						t.Fatalf("got %v, want %v", err, tc.want)
					}
					if took := time.Since(began); took > 250*time.Millisecond {
						t.Errorf("it took %v", took)
					}
					store.set(nil)
					store.failReads(nil)
					synctest.Wait()
					b.arrive("c1") // again: taken once, whatever became of the first
					b.must(b.Agent("bob").SignIn(t.Context()))
					if got := count(b.kinds(), "conversation.message-added"); got != 1 {
						t.Errorf("%d messages, want 1", got)
					}
					want := b.watch()
					b.must(b.Close())
					again := open(t, b.mock, switchboard.Config{Store: store})
					if d := diff(want, again.watch()); d != "" {
						t.Errorf("the log says otherwise (-open +reopened):\n%s", d)
					}
				})
			})
		}
	}
}

// A Board that finds its own record damaged, of which it does not know whether it
// is its own, stops; it must not say that nothing was done.
func TestOwnRecordDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{shared: true}
		b := ready(t, switchboard.Config{Store: store, AppendTimeout: 100 * time.Millisecond})
		store.set(nil, storeAndFail)
		store.failReads(&switchboard.CorruptError{Position: 7, Err: errDown})
		_, err := b.Receive(t.Context(), from("c1", 1))
		if !errors.Is(err, switchboard.ErrClosed) || !errors.Is(err, switchboard.ErrOutcomeUnknown) {
			t.Errorf("got %v, want ErrClosed and ErrOutcomeUnknown", err)
		}
		store.failReads(nil)
		again := open(t, b.mock, switchboard.Config{Store: store})
		if got := count(again.kinds(), "conversation.message-added"); got != 1 {
			t.Errorf("%d messages in the log, want 1", got)
		}
	})
}

// A store that hangs does not take the Board with it: commands are told that
// their outcome is not known, queries get the last committed state, and it all
// goes on by itself when the store is back.
func TestHangingStore(t *testing.T) {
	for _, tc := range []struct {
		name   string
		then   fault
		stored bool
	}{
		{"returns late with success", nil, true},
		{"returns late with an error, stored", storeAndFail, true},
		{"returns late with an error, not stored", failOnly, false},
		{"returns late with a refusal", refuse, false},
	} {
		for _, shared := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s shared=%v", tc.name, shared), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := &faultyStore{shared: shared}
					b := ready(t, switchboard.Config{Store: store, AppendTimeout: 50 * time.Millisecond})
					before := b.watch()
					hang, _, release := hanging(tc.then)
					defer release()
					store.set(nil, hang)
					for _, customer := range []string{"c1", "c2"} { // the first hangs, the second finds it hanging
						began := time.Now()
						if _, err := b.Receive(t.Context(), from(customer, 1)); !errors.Is(err, switchboard.ErrOutcomeUnknown) {
							t.Fatalf("got %v, want ErrOutcomeUnknown", err)
						}
						if took := time.Since(began); took > 60*time.Millisecond {
							t.Errorf("it took %v", took)
						}
					}
					stale := (*switchboard.StaleError)(nil)
					got, err := b.Watch(t.Context())
					if !errors.As(err, &stale) || !stale.AsOf.Equal(monday) {
						t.Fatalf("got %v, want a *StaleError as of the last event", err)
					}
					if d := diff(before, got); d != "" {
						t.Errorf("not the committed state (-want +got):\n%s", d)
					}
					if _, err := b.Conversation(t.Context(), 99); !errors.As(err, &stale) || !errors.Is(err, routing.ErrUnknown) {
						t.Errorf("got %v, want an unknown conversation beside a *StaleError", err)
					}
					// Whoever reads the stream learns of a late record without asking.
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					opened := make(chan struct{})
					go func() {
						for _, err := range b.Events(ctx, before.Cursor, switchboard.OfKind("conversation.opened")) {
							if err == nil {
								close(opened)
							}
							return
						}
					}()
					release()
					if tc.stored {
						<-opened
					}
					time.Sleep(time.Second) // of the bubble
					synctest.Wait()
					got = b.watch()
					want := 0
					if tc.stored {
						want = 1
					}
					if len(got.Conversations) != want {
						t.Errorf("%d conversations, want %d", len(got.Conversations), want)
					}
					b.arrive("c1")
					b.arrive("c2")
					if got := count(b.kinds(), "conversation.message-added"); got != 2 {
						t.Errorf("%d messages, want 2", got)
					}
					last := b.watch()
					b.must(b.Close())
					again := open(t, b.mock, switchboard.Config{Store: store})
					if d := diff(last, again.watch()); d != "" {
						t.Errorf("the log says otherwise (-open +reopened):\n%s", d)
					}
				})
			})
		}
	}
}

// A failing store and an overdue deadline must not keep the processor busy.
func TestFailingStoreIsTriedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		b := ready(t, switchboard.Config{Store: store})
		b.arrive("c1")
		store.set(refuse)
		before := store.appends.Load()
		b.mock.Add(61 * time.Second)
		time.Sleep(10 * time.Second)
		if n := store.appends.Load() - before; n < 8 || n > 15 {
			t.Errorf("%d appends in ten seconds", n)
		}
		store.set(nil)
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if got := count(b.kinds(), "conversation.offer-ended"); got != 1 {
			t.Errorf("%d offers ended after the store is back, want 1", got)
		}
	})
}

// Two requests in one batch, of which the first is in the log when the second
// fails: the first is not carried out again.
func TestBatchOfSeveralRecordsIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		b := ready(t, switchboard.Config{Store: store})
		id := b.arrive("c1")
		hang, began, release := hanging(nil)
		// The first append holds the committer, so that what follows is one batch; of
		// that, the first record is stored and the second conflicts with a stranger's
		// empty one.
		stranger := func(ctx context.Context, put func() (switchboard.Position, error)) (switchboard.Position, error) {
			l, err := store.MemoryStore.Open(ctx, "acme")
			if err != nil {
				return 0, err
			}
			defer l.Close()
			end := switchboard.Position(0)
			for rec := range l.Read(ctx, 0) {
				end = rec.Position
			}
			if _, err := l.Append(ctx, end, []byte(`{"format":1,"commit":"stranger","events":0}`+"\n")); err != nil {
				return 0, err
			}
			return put()
		}
		store.set(nil, hang, nil, stranger)
		var all sync.WaitGroup
		all.Go(func() { _, _ = b.Receive(t.Context(), from("c0", 1)) })
		<-began
		const n = 60 // of 20,000 bytes each: more than two records
		big := conversation.Draft{AgentsOnly: true}
		for range conversation.MaxAttachments {
			big.Attachments = append(big.Attachments, conversation.Attachment{Kind: conversation.File, Reference: strings.Repeat("a", 2000)})
		}
		for range n {
			all.Go(func() {
				if _, err := b.Supervisor("sue").Do(t.Context(), conversation.Write{Conversation: id, Draft: big}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		release()
		all.Wait()
		c, err := b.Conversation(t.Context(), id)
		b.must(err)
		if len(c.Messages) != n+1 {
			t.Errorf("%d messages, want %d", len(c.Messages), n+1)
		}
	})
}

func TestTwoBoardsOnOneStore(t *testing.T) {
	for _, node := range []string{"", "same"} { // even a name used twice must not lose a record
		t.Run("node="+node, func(t *testing.T) {
			store := switchboard.NewMemoryStore()
			a := ready(t, switchboard.Config{Store: store, Node: node})
			b := open(t, a.mock, switchboard.Config{Store: store, Node: node})
			for i := range 20 {
				one, other := a, b
				if i%2 == 1 {
					one, other = b, a
				}
				id := one.arrive("c" + strconv.Itoa(i))
				// The other has not read this: it must not refuse, in one try.
				if err := other.Agent("ann").Accept(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				if got := one.state(id); got != conversation.Active {
					t.Fatalf("the first board says %v", got)
				}
				// Nor may a no-op be claimed wrongly, nor a query be old.
				if err := one.Agent("ann").End(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				if got := other.state(id); got != conversation.Ended {
					t.Fatalf("the second board says %v", got)
				}
			}
			if d := diff(a.watch(), b.watch()); d != "" {
				t.Errorf("the boards differ (-a +b):\n%s", d)
			}
		})
	}
}

// A second opening that came and went may have appended: the first one, alone
// again, must not answer from what it had.
func TestBoardAloneAgainLooksAtTheLog(t *testing.T) {
	store := switchboard.NewMemoryStore()
	a := ready(t, switchboard.Config{Store: store})
	b := open(t, a.mock, switchboard.Config{Store: store})
	id := b.arrive("c1")
	b.must(b.Close())
	if got := a.state(id); got != conversation.Offered {
		t.Errorf("got %v", got)
	}
}

func TestConcurrentBoardsAgree(t *testing.T) {
	store := switchboard.NewMemoryStore()
	boards := []*bed{ready(t, switchboard.Config{Store: store})}
	for range 2 {
		boards = append(boards, open(t, boards[0].mock, switchboard.Config{Store: store}))
	}
	const each = 30
	var all sync.WaitGroup
	for i, b := range boards {
		all.Go(func() {
			for n := range each {
				if _, err := b.Receive(context.Background(), from(fmt.Sprintf("c%d-%d", i, n), 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	want := boards[0].watch()
	if len(want.Conversations) != each*len(boards) {
		t.Errorf("%d conversations", len(want.Conversations))
	}
	for _, b := range boards[1:] {
		if d := diff(want, b.watch()); d != "" {
			t.Errorf("the boards differ (-first +other):\n%s", d)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	b := ready(t, switchboard.Config{})
	id := b.talk("c1")
	write := func(by agent.ID, key, text string) (switchboard.Result, error) {
		return b.Do(t.Context(), switchboard.Command{
			By: switchboard.Actor{Role: agent.Self, ID: string(by)}, Key: key,
			Do: conversation.Write{Conversation: id, Agent: by, Draft: conversation.Draft{Text: text}},
		})
	}
	first, err := write("ann", "k1", "hello")
	b.must(err)
	want := first
	want.Duplicate = true
	b.must(b.Quiet(t.Context()))
	before := b.watch()
	again, err := write("ann", "k1", "hello")
	b.must(err)
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("the same key (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before.Cursor, b.watch().Cursor); diff != "" {
		t.Error("the same key made events")
	}
	if _, err := write("bob", "k1", "hello"); !errors.Is(err, conversation.ErrNotSeated) {
		t.Errorf("another actor's key is another key: %v", err)
	}
	// A refusal is not remembered.
	if _, err := write("ann", "k2", " "); !errors.Is(err, conversation.ErrText) {
		t.Errorf("got %v", err)
	}
	if res, err := write("ann", "k2", "better"); err != nil || res.Duplicate {
		t.Errorf("a refused key: %+v, %v", res, err)
	}
	// The seat is gone: the first answer all the same.
	b.must(b.Agent("ann").End(t.Context(), id))
	b.must(b.Agent("ann").WrapUp(t.Context(), id, "done"))
	if again, err = write("ann", "k1", "hello"); err != nil || cmp.Diff(want, again) != "" {
		t.Errorf("after the seat is gone: %+v, %v", again, err)
	}
	// After 24 hours the key is forgotten, so the state decides.
	b.mock.Add(24*time.Hour - time.Nanosecond)
	if again, err = write("ann", "k1", "hello"); err != nil || !again.Duplicate {
		t.Errorf("just before 24 hours: %+v, %v", again, err)
	}
	b.mock.Add(time.Nanosecond)
	if _, err = write("ann", "k1", "hello"); err == nil {
		t.Error("after 24 hours the key is still known")
	}
}

// The key of a first message gives the same answer, also after a restart.
func TestIdempotencyKeySurvivesRestart(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := ready(t, switchboard.Config{Store: store})
	cmd := switchboard.Command{By: switchboard.Actor{Role: agent.Customer, ID: "c1"}, Key: "k", Do: from("c1", 1)}
	want, err := b.Do(t.Context(), cmd)
	b.must(err)
	b.must(b.Close())
	b = open(t, b.mock, switchboard.Config{Store: store})
	got, err := b.Do(t.Context(), cmd)
	b.must(err)
	want.Duplicate = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// E74: the clock may be set back. Nothing that has passed comes back, stamps
// never decrease, and time goes on at the clock's pace.
func TestE74ClockGoesBack(t *testing.T) {
	b := ready(t, switchboard.Config{})
	first := b.arrive("c1")
	b.mock.Add(61 * time.Second)
	if got := b.state(first); got != conversation.Queued {
		t.Fatalf("the offer stands: %v", got)
	}
	if err := b.Agent("ann").Accept(t.Context(), first); !errors.Is(err, conversation.ErrOfferExpired) {
		t.Errorf("got %v", err)
	}
	b.mock.Set(monday.Add(-time.Hour))
	if err := b.Agent("ann").Accept(t.Context(), first); !errors.Is(err, conversation.ErrOfferExpired) {
		t.Errorf("an expired offer came back: %v", err)
	}
	b.mock.Add(30 * time.Second)                  // the cooldown
	b.must(b.Agent("ann").Available(t.Context())) // the offer is made again
	if got := b.state(first); got != conversation.Offered {
		t.Fatalf("got %v", got)
	}
	b.mock.Add(59 * time.Second)
	if got := b.state(first); got != conversation.Offered {
		t.Errorf("the offer ended early: %v", got)
	}
	// Nobody asks: the timer has to be right although the clock is behind.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	after := b.watch().Cursor
	ended := make(chan error, 1)
	go func() {
		for _, err := range b.Events(ctx, after, switchboard.OfKind("conversation.offer-ended")) {
			ended <- err
			return
		}
	}()
	b.mock.Add(2 * time.Second)
	if err := <-ended; err != nil {
		t.Errorf("time stands still: %v", err)
	}
	var last switchboard.Event
	for _, e := range b.history() {
		if e.At.Before(last.At) {
			t.Errorf("event %d is stamped %v, %v before it", e.Seq, e.At, last.At)
		}
		last = e
	}
	if want := monday.Add((61 + 30 + 60) * time.Second); !last.At.Equal(want) {
		t.Errorf("the last stamp is %v, want %v", last.At, want)
	}
}

func TestClockBefore1970(t *testing.T) {
	mock := clock.NewMock()
	mock.Set(time.Time{})
	store := switchboard.NewMemoryStore()
	b := open(t, mock, switchboard.Config{Store: store})
	b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
	b.must(b.Agent("ann").SignIn(t.Context()))
	b.must(b.Agent("ann").Available(t.Context()))
	id := b.arrive("c1")
	mock.Add(61 * time.Second)
	if got := b.state(id); got != conversation.Queued {
		t.Errorf("got %v: time does not pass", got)
	}
	b.must(b.Close())
	if got := open(t, mock, switchboard.Config{Store: store}).state(id); got != conversation.Queued {
		t.Errorf("got %v after a restart", got)
	}
}

func TestCloseIsIdempotent(t *testing.T) {
	b := ready(t, switchboard.Config{})
	b.must(b.Close())
	b.must(b.Close())
	b.must(b.Shutdown(t.Context()))
}

// A Board that closes does not wait for a store that hangs.
func TestCloseWithHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		b := ready(t, switchboard.Config{Store: store, AppendTimeout: time.Hour})
		hang, began, release := hanging(nil)
		store.set(nil, hang)
		failed := make(chan error)
		go func() {
			_, err := b.Receive(context.Background(), from("c1", 1))
			failed <- err
		}()
		<-began
		start := time.Now()
		go func() { failed <- <-failed }()
		b.must(b.Close())
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("Close took %v", took)
		}
		if err := <-failed; !errors.Is(err, switchboard.ErrOutcomeUnknown) {
			t.Errorf("got %v, want ErrOutcomeUnknown", err)
		}
		release()
	})
}

// slowReads is a store whose reads last until they are given up.
type slowReads struct {
	switchboard.Store
	hang bool
}

type slowReadsLog struct {
	switchboard.Log
	s *slowReads
}

func (s *slowReads) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.Store.Open(ctx, board)
	return slowReadsLog{l, s}, err
}

func (l slowReadsLog) Read(ctx context.Context, after switchboard.Position) iter.Seq2[switchboard.Record, error] {
	if !l.s.hang {
		return l.Log.Read(ctx, after)
	}
	return func(yield func(switchboard.Record, error) bool) {
		<-ctx.Done()
		yield(switchboard.Record{}, ctx.Err())
	}
}

func TestCloseWhileReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowReads{Store: switchboard.NewMemoryStore()}
		b := ready(t, switchboard.Config{Store: s, AppendTimeout: time.Minute})
		s.hang = true
		go func() { _, _ = b.Watch(context.Background()) }()
		synctest.Wait()
		began := time.Now()
		b.must(b.Close())
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("Close took %v", d)
		}
	})
}

// A store that honours its context is told when nobody waits any more.
func TestStoreIsToldOfTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		b := ready(t, switchboard.Config{Store: store, AppendTimeout: 50 * time.Millisecond})
		store.set(nil, func(ctx context.Context, _ func() (switchboard.Position, error)) (switchboard.Position, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if _, err := b.Receive(t.Context(), from("c1", 1)); !errors.Is(err, switchboard.ErrOutcomeUnknown) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		b.arrive("c1")
	})
}

func TestStressOfDoEventsAndClose(t *testing.T) {
	if testing.Short() {
		t.Skip("fifty boards")
	}
	before := runtime.NumGoroutine()
	for round := range 50 {
		mock := newMock()
		b, err := switchboard.Open(context.Background(), switchboard.Config{Name: "acme", Clock: mock})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Administrator("root").Configure(context.Background(), twoAgents); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() { stress(t, b, round, i) })
		}
		all.Wait()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before })
}

func stress(t *testing.T, b *switchboard.Board, round, i int) {
	for n := range 20 {
		var err error
		switch (i + n + round) % 5 {
		case 0, 1:
			_, err = b.Receive(context.Background(), from(fmt.Sprintf("c%d", i), n))
		case 2:
			_, err = b.Watch(context.Background())
		case 3:
			for _, e := range b.Events(context.Background(), "", nil) {
				err = e
				break
			}
		case 4:
			if n > 10 {
				err = b.Close()
			}
		}
		if err != nil && !errors.Is(err, switchboard.ErrClosed) {
			t.Error(err)
		}
	}
}

// waitFor gives goroutines that are about to end the time to do so.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for range 10000 {
		if done() {
			return
		}
		runtime.Gosched()
		runtime.GC()
	}
	buf := make([]byte, 1<<16)
	t.Errorf("it never was:\n%s", buf[:runtime.Stack(buf, true)])
}

// An idle board costs two goroutines and some tens of kilobytes, however many
// a process has.
func TestManyIdleBoards(t *testing.T) {
	const n = 200
	store := switchboard.NewMemoryStore()
	runtime.GC()
	goroutines := runtime.NumGoroutine()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	boards := make([]*bed, n)
	mock := newMock()
	for i := range boards {
		boards[i] = open(t, mock, switchboard.Config{Name: "tenant-" + strconv.Itoa(i), Store: store})
		boards[i].must(boards[i].Administrator("root").Configure(t.Context(), twoAgents))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := float64(runtime.NumGoroutine()-goroutines) / n
	if per > 4 {
		t.Errorf("%.1f goroutines for each board, want at most 4", per)
	}
	bytes := int64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse) / n
	t.Logf("%.1f goroutines and %d bytes for each board", per, bytes)
	if bytes > 100<<10 {
		t.Errorf("%d bytes for each board, want at most 100 KiB", bytes)
	}
	id := boards[7].arrive("c1")
	if _, err := boards[8].Conversation(t.Context(), id); !errors.Is(err, routing.ErrUnknown) {
		t.Errorf("boards share something: %v", err)
	}
}
