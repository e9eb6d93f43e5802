package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// seqs are the numbers of events.
func seqs(events []switchboard.Event) []uint64 {
	var out []uint64
	for _, e := range events {
		out = append(out, e.Seq)
	}
	return out
}

func gapless(t *testing.T, events []switchboard.Event, from uint64) {
	t.Helper()
	for i, e := range events {
		if e.Seq != from+uint64(i) {
			t.Fatalf("event %d where %d should be", e.Seq, from+uint64(i))
		}
	}
}

// many gives the board n events in batches, and a few large ones.
func (b *bed) many(n int) {
	b.t.Helper()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range n / 16 {
				in := from("m"+strconv.Itoa(i), k)
				if _, err := b.Receive(context.Background(), in); err != nil {
					b.t.Error(err)
				}
				if _, err := b.Supervisor("sue").Do(context.Background(), agent.SetAttributes{
					Agent: "bob", Set: agent.Attributes{"k" + strconv.Itoa(i): strconv.Itoa(k)},
				}); err != nil {
					b.t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestEventsFromAnyCursor(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := ready(t, switchboard.Config{Store: store})
	b.talk("c1")
	all := b.history()
	gapless(t, all, 1)
	check := func(b *bed) {
		t.Helper()
		if d := cmp.Diff(seqs(all), seqs(b.history())); d != "" {
			t.Errorf("from the beginning (-want +got):\n%s", d)
		}
		for i, e := range all {
			got := b.historyFrom(e.Cursor())
			if d := cmp.Diff(seqs(all[i+1:]), seqs(got)); d != "" {
				t.Errorf("past event %d (-want +got):\n%s", e.Seq, d)
			}
			for k, again := range got { // and the cursors are the same, wherever they were read
				if again.Cursor() != all[i+1+k].Cursor() {
					t.Errorf("event %d has another cursor", again.Seq)
				}
			}
		}
	}
	check(b)
	b.must(b.Close())
	check(open(t, b.mock, switchboard.Config{Store: store})) // from the store alone
}

// A reader who is far behind gets everything from the store, in order and
// without a gap, and then goes on live.
func TestSlowReaderMissesNothing(t *testing.T) {
	b := ready(t, switchboard.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go1, got := make(chan struct{}), make(chan []switchboard.Event)
	go func() {
		var events []switchboard.Event
		for e, err := range b.Events(ctx, "", nil) {
			if err != nil {
				break
			}
			if len(events) == 0 {
				<-go1 // thousands of events pass by
			}
			events = append(events, e)
			if a, ok := e.Body.(agent.AttributesSet); ok && a.Set["the"] == "end" {
				break
			}
		}
		got <- events
	}()
	b.many(10000)
	close(go1)
	b.many(2000)
	_, err := b.Supervisor("sue").Do(t.Context(), agent.SetAttributes{Agent: "bob", Set: agent.Attributes{"the": "end"}})
	b.must(err)
	events := <-got
	gapless(t, events, 1)
	if len(events) < 10000 {
		t.Errorf("only %d events: this proves nothing", len(events))
	}
}

// Watch gives a state and the cursor that follows it, whatever happens meanwhile.
func TestWatchAndEventsAreGapless(t *testing.T) {
	b := ready(t, switchboard.Config{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.many(3000)
	}()
	type mark struct {
		conversations int
		cursor        switchboard.Cursor
	}
	var marks []mark
	for range 50 {
		s := b.watch()
		marks = append(marks, mark{len(s.Conversations), s.Cursor})
	}
	<-done
	total := len(b.watch().Conversations)
	for _, m := range marks {
		opened := 0
		events := b.historyFrom(m.cursor)
		for i, e := range events {
			if i > 0 && e.Seq != events[i-1].Seq+1 {
				t.Fatalf("a gap before event %d", e.Seq)
			}
			if _, ok := e.Body.(conversation.Opened); ok {
				opened++
			}
		}
		if m.conversations+opened != total {
			t.Errorf("%d conversations and %d opened later are not %d", m.conversations, opened, total)
		}
	}
}

func TestFilters(t *testing.T) {
	b := ready(t, switchboard.Config{})
	one := b.talk("c1")
	b.talk("c2")
	ofOne, ofAnn, ofBob, named := 0, 0, 0, 0
	for e := range b.Events(patient{t.Context()}, "", switchboard.AboutConversation(one)) {
		if e.Body != nil {
			ofOne++
			if c, ok := e.Body.(conversation.Event); !ok || c.ConversationID() != one {
				t.Errorf("not about %s: %T", one, e.Body)
			}
		}
	}
	for e := range b.Events(patient{t.Context()}, "", switchboard.AboutAgent("ann")) {
		if e.Body != nil {
			ofAnn++
		}
	}
	for e := range b.Events(patient{t.Context()}, "", switchboard.AboutAgent("bob")) {
		if e.Body != nil {
			ofBob++
		}
	}
	for e := range b.Events(patient{t.Context()}, "", switchboard.OfKind("conversation.accepted", "agent.")) {
		if e.Body != nil {
			named++
		}
	}
	// Opened, message, offer, accepted; twice: offers and accepts, and two changes of state.
	want := [4]int{4, 6, 0, 4}
	if got := [4]int{ofOne, ofAnn, ofBob, named}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTrimmedLog(t *testing.T) {
	store := &faultyStore{}
	b := ready(t, switchboard.Config{Store: store})
	b.many(10000) // more than the tail holds
	store.trim(1 << 40)
	n := 0
	for e, err := range b.Events(t.Context(), "", nil) {
		n++
		if !errors.Is(err, switchboard.ErrTrimmed) || e.Seq != 0 {
			t.Errorf("got event %d and %v, want ErrTrimmed first", e.Seq, err)
		}
	}
	if n != 1 {
		t.Errorf("%d things were yielded, want the error alone", n)
	}
	if _, err := b.Explain(t.Context(), 5); !errors.Is(err, switchboard.ErrTrimmed) {
		t.Errorf("Explain: %v", err)
	}
	// What the tail holds needs no store.
	cursor := b.watch().Cursor
	_, err := b.Receive(t.Context(), from("last", 1))
	b.must(err)
	if got := b.historyFrom(cursor); len(got) == 0 {
		t.Error("the tail is gone as well")
	}
}

func TestBadCursor(t *testing.T) {
	b := ready(t, switchboard.Config{})
	for _, cursor := range []switchboard.Cursor{
		"?", "A", "AA", "AAAA", "AAB", "not a cursor", "gICAgICAgICAgAEA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	} {
		n := 0
		for e, err := range b.Events(t.Context(), cursor, nil) {
			n++
			var bad *switchboard.CursorError
			if e.Seq != 0 || !errors.As(err, &bad) || bad.Cursor != cursor {
				t.Errorf("%q: event %d, %v", cursor, e.Seq, err)
			}
			if n > 1 {
				break
			}
		}
		if n != 1 {
			t.Errorf("%q: %d things were yielded, want one error", cursor, n)
		}
	}
}

// A cursor of another board's log, further on than this one is, is refused at
// once and not waited for.
func TestCursorPastTheEnd(t *testing.T) {
	long, short := ready(t, switchboard.Config{}), ready(t, switchboard.Config{})
	for i := range 5 {
		long.talk(fmt.Sprint("c", i))
	}
	s, err := long.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range short.Events(t.Context(), s.Cursor, nil) {
		var bad *switchboard.CursorError
		if e.Seq != 0 || !errors.As(err, &bad) || !errors.Is(err, switchboard.ErrPosition) {
			t.Errorf("event %d, %v", e.Seq, err)
		}
		break
	}
}

// A cursor of another log: past the end of this one, for an event that is there.
func TestCursorOfAnotherLog(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := ready(t, switchboard.Config{Store: store})
	b.must(b.Close())
	b = open(t, b.mock, switchboard.Config{Store: store})
	for _, err := range b.Events(t.Context(), "_____w8B", nil) {
		var bad *switchboard.CursorError
		if !errors.As(err, &bad) || !errors.Is(err, switchboard.ErrPosition) {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("AwU")
	f.Add("gICAgICAgICAgAEA")
	b, err := switchboard.Open(context.Background(), switchboard.Config{Name: "acme"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = b.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		for _, err := range b.Events(ctx, switchboard.Cursor(text), nil) {
			n++
			var bad *switchboard.CursorError
			if err == nil || !errors.Is(err, context.Canceled) && !errors.As(err, &bad) {
				t.Errorf("%q: %v", text, err)
			}
		}
		if n != 1 {
			t.Errorf("%q: %d errors", text, n)
		}
	})
}

func TestEventsEnd(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(b *bed, cancel context.CancelCauseFunc)
		want error
	}{
		{"the context", func(_ *bed, cancel context.CancelCauseFunc) { cancel(nil) }, context.Canceled},
		{"the context, with a cause", func(_ *bed, cancel context.CancelCauseFunc) { cancel(errDown) }, errDown},
		{"the Board", func(b *bed, _ context.CancelCauseFunc) { b.must(b.Close()) }, switchboard.ErrClosed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // ends only when no goroutine is left
				b := ready(t, switchboard.Config{})
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				ended := make(chan error)
				for range 3 {
					go func() {
						var last error
						for _, last = range b.Events(ctx, "", nil) {
						}
						ended <- last
					}()
				}
				synctest.Wait()
				tc.end(b, cancel)
				for range 3 {
					if err := <-ended; !errors.Is(err, tc.want) {
						t.Errorf("got %v, want %v", err, tc.want)
					}
				}
				b.must(b.Close())
			})
		})
	}
}

// A reader that stops reading leaves nothing behind.
func TestEventsBreak(t *testing.T) {
	b := ready(t, switchboard.Config{})
	before := runtime.NumGoroutine()
	for i := range 100 {
		for e, err := range b.Events(t.Context(), "", nil) {
			b.must(err)
			if int(e.Seq) > i%5 {
				break
			}
		}
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before })
}

// Two boards: the stream of one has what the other did, once it looks.
func TestEventsOfAnotherBoard(t *testing.T) {
	store := switchboard.NewMemoryStore()
	a := ready(t, switchboard.Config{Store: store})
	b := open(t, a.mock, switchboard.Config{Store: store})
	for i := range 10 {
		a.arrive(fmt.Sprint("a", i))
		b.arrive(fmt.Sprint("b", i))
	}
	x, y := a.history(), b.history()
	gapless(t, x, 1)
	if d := cmp.Diff(seqs(x), seqs(y)); d != "" {
		t.Errorf("(-a +b):\n%s", d)
	}
	for i := range x {
		if x[i].Cursor() != y[i].Cursor() {
			t.Errorf("event %d has two cursors", x[i].Seq)
		}
	}
}
