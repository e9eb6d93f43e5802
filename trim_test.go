package switchboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// oldest returns the position of the oldest record that is kept.
func (s *snapshotBed) oldest() Position {
	s.t.Helper()
	m := s.store.(*MemoryStore)
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.logs["acme"].trimmed + 1
}

// firstError reads events from the cursor until an error, or until there are n.
func firstError(t *testing.T, b *Board, after Cursor, n int) (seqs []uint64, err error) {
	t.Helper()
	for e, err := range b.Events(t.Context(), after, nil) {
		if err != nil {
			return seqs, err
		}
		if seqs = append(seqs, e.Seq); len(seqs) == n {
			return seqs, nil
		}
	}
	return seqs, nil
}

// Records are trimmed when they are older than KeepLog and before the older of
// the two snapshots, and not sooner.
func TestTrimming(t *testing.T) {
	s := newSnapshotBed(t, NewMemoryStore(), 40)
	s.keep = 10 * time.Minute
	b := s.configured()
	n := 0
	more := func() {
		n++
		s.say(b, fmt.Sprint(n, "-"), 20)
		made(b)
	}
	more()
	more()
	mark := s.positions()[1] // the older one
	s.mock.Add(10*time.Minute - 1)
	more()
	if got := s.oldest(); got != 1 {
		t.Fatalf("the oldest is at %d, a nanosecond too early", got)
	}
	s.mock.Add(1)
	more()
	if got := s.oldest(); got <= 1 || got > s.positions()[1] || got < mark {
		t.Errorf("the oldest is at %d, snapshots at %v", got, s.positions())
	}
	// An hour later all of that goes, as soon as neither snapshot needs it.
	last := s.positions()[0]
	s.mock.Add(time.Hour)
	more()
	if got, want := s.oldest(), s.positions()[1]; got != want || want != last {
		t.Errorf("the oldest is at %d, want %d, the older snapshot of %v", got, want, s.positions())
	}
	more()
	if got := s.oldest(); got != last {
		t.Errorf("the oldest is at %d, want %d: what came after it is young", got, last)
	}
	want, _ := stateOf(t, b)
	s.must(b.Close())
	got, _ := stateOf(t, s.open("n2"))
	equalStates(t, "opened", want, got)
	store := s.store
	s.store = &damaged{Store: store, change: map[int]func([]byte) []byte{0: func([]byte) []byte { return nil }}}
	got, _ = stateOf(t, s.open("n3"))
	equalStates(t, "opened from the older one", want, got)
}

// What a node that was opened later may trim, it learns from the snapshot.
func TestTrimmingAfterReopen(t *testing.T) {
	s := newSnapshotBed(t, NewMemoryStore(), 30)
	s.keep = 10 * time.Minute
	b := s.configured()
	for i := range 4 {
		s.say(b, fmt.Sprint("a", i, "-"), 15)
		made(b)
	}
	s.must(b.Close())
	first := s.positions()[0]
	s.mock.Add(11 * time.Minute)
	b = s.open("n1")
	for i := range 4 {
		s.say(b, fmt.Sprint("b", i, "-"), 15)
		made(b)
	}
	if got := s.oldest(); got < first {
		t.Errorf("the oldest is at %d, want at least %d", got, first)
	}
}

// How long the log is kept when nothing is said of it.
func TestKeepLogDefaults(t *testing.T) {
	for _, tc := range []struct {
		name  string
		store Store
		keep  time.Duration
		trims bool
	}{
		{"a board's own memory", nil, 0, true},
		{"a memory store", NewMemoryStore(), 0, true},
		{"another store", &saving{Store: NewMemoryStore()}, 0, false},
		{"for ever", nil, -1, false},
		{"another store, told to", &saving{Store: NewMemoryStore()}, time.Minute, true},
		{"a store that cannot", plain{NewMemoryStore()}, time.Minute, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSnapshotBed(t, tc.store, 20)
			s.keep = tc.keep
			b := s.configured()
			for i := range 10 {
				s.say(b, fmt.Sprint("a", i, "-"), 10)
				made(b)
			}
			trimmed := func() (yes bool) {
				for _, err := range b.log.Read(t.Context(), 0) { // a stream would find them in memory
					return errors.Is(err, ErrTrimmed)
				}
				return false
			}
			if trimmed() {
				t.Error("trimmed at once")
			}
			s.mock.Add(time.Hour)
			for i := range 10 {
				s.say(b, fmt.Sprint("b", i, "-"), 10)
				made(b)
			}
			if got := trimmed(); got != tc.trims {
				t.Errorf("trimmed after an hour: %v", got)
			}
		})
	}
}

// A consumer whose cursor is trimmed gets ErrTrimmed first, and one whose cursor is
// not gets every event.
func TestTrimmedCursors(t *testing.T) {
	s := newSnapshotBed(t, NewMemoryStore(), 500)
	s.keep = time.Minute
	b := s.configured()
	var cursors []Cursor
	for i := range 30 {
		w, err := b.Watch(t.Context())
		s.must(err)
		cursors = append(cursors, w.Cursor)
		s.say(b, fmt.Sprint(i, "-"), 100)
		s.mock.Add(time.Minute)
		made(b)
	}
	w, err := b.Watch(t.Context())
	s.must(err)
	_, last, err := w.Cursor.parse()
	s.must(err)
	b2 := s.open("n2")
	for _, b := range []*Board{b, b2} {
		trimmed := 0
		for i, c := range append([]Cursor{""}, cursors...) {
			_, from, err := c.parse()
			s.must(err)
			got, err := firstError(t, b, c, int(last-from))
			if errors.Is(err, ErrTrimmed) {
				trimmed++
				if len(got) > 0 || i > trimmed {
					t.Errorf("cursor %d: %d events before %v", i, len(got), err)
				}
				continue
			}
			var want []uint64
			for seq := from + 1; seq <= last; seq++ {
				want = append(want, seq)
			}
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("cursor %d: %v (-want +got):\n%s", i, err, d)
			}
		}
		if trimmed == 0 || trimmed > len(cursors) {
			t.Errorf("%d of %d cursors are trimmed", trimmed, len(cursors))
		}
	}
}

// Explain goes back as far as the older snapshot, and says the same as before.
func TestExplainFromASnapshot(t *testing.T) {
	s := newSnapshotBed(t, NewMemoryStore(), 40)
	s.keep = time.Minute
	b := s.configured()
	var offers []uint64
	said := make(map[uint64]string)
	explain := func(seq uint64) (string, error) {
		x, err := b.Explain(t.Context(), seq)
		return fmt.Sprint(x), err
	}
	for i := range 8 {
		id := s.say(b, fmt.Sprint(i, "-"), 5)
		c, err := b.Conversation(t.Context(), id)
		s.must(err)
		if c.Offer == nil {
			t.Fatalf("%v is %v", id, c.State)
		}
		seq := c.Offer.Deadline.Set
		x, err := explain(seq)
		s.must(err)
		offers, said[seq] = append(offers, seq), x
		for _, a := range []string{"ann", "bob", "eva"} {
			_, err := b.Agent(agent.ID(a)).AcceptAll(t.Context())
			s.must(err)
		}
		s.mock.Add(2 * time.Minute)
		if i%2 == 0 {
			for _, a := range []string{"ann", "bob", "eva"} {
				info, err := b.AgentInfo(t.Context(), agent.ID(a))
				s.must(err)
				for _, id := range info.Conversations {
					_ = b.Agent(agent.ID(a)).End(t.Context(), id)
					_ = b.Agent(agent.ID(a)).WrapUp(t.Context(), id, "done")
				}
			}
		}
		made(b)
	}
	trimmed := 0
	for _, seq := range offers {
		x, err := explain(seq)
		if errors.Is(err, ErrTrimmed) {
			trimmed++
			continue
		}
		s.must(err)
		if x != said[seq] {
			t.Errorf("event %d: %s\nbefore: %s", seq, x, said[seq])
		}
	}
	if trimmed == 0 || trimmed == len(offers) {
		t.Errorf("%d of %d decisions can no longer be explained", trimmed, len(offers))
	}
	if _, err := explain(offers[len(offers)-1] + 1); !errors.Is(err, ErrNotDecision) {
		t.Errorf("another event: %v", err)
	}
}

// A node that has not looked at the log for so long that it is trimmed goes on
// from a snapshot.
func TestFarBehindALog(t *testing.T) {
	for _, how := range []string{"query", "command", "stream"} {
		t.Run(how, func(t *testing.T) {
			s := newSnapshotBed(t, NewMemoryStore(), 30)
			s.keep = time.Minute
			busy := s.configured()
			idle := s.open("n2")
			idle.watch.stop() // it hears of nothing
			w, err := idle.Watch(t.Context())
			s.must(err)
			for i := range 6 {
				s.say(busy, fmt.Sprint(i, "-"), 20)
				s.mock.Add(time.Minute)
				made(busy)
			}
			if s.oldest() <= idle.position+1 {
				t.Fatalf("the oldest is at %d, the idle board at %d", s.oldest(), idle.position)
			}
			switch how {
			case "command": // what it decides meets a conflict, and then nothing to read
				err := idle.Agent("ann").Available(t.Context())
				if err == nil || errors.Is(err, ErrOutcomeUnknown) {
					err = idle.Agent("ann").Available(t.Context())
				}
				s.must(err)
			case "stream":
				done := make(chan struct{})
				go func() {
					defer close(done)
					if got, err := firstError(t, idle, w.Cursor, 1); !errors.Is(err, ErrTrimmed) || len(got) > 0 {
						t.Errorf("got %v, %v", got, err)
					}
				}()
				_, err = idle.Watch(t.Context()) // whether it waits already or not
				s.must(err)
				<-done
			}
			got, at := stateOf(t, idle)
			want, there := stateOf(t, busy)
			if at != there {
				t.Fatalf("at %d, want %d", at, there)
			}
			equalStates(t, "the board that was behind", want, got)
			s.say(idle, "last", 3)
			want, _ = stateOf(t, idle)
			got, _ = stateOf(t, busy)
			equalStates(t, "the other one", want, got)
		})
	}
}

// endless is a transport that is never done.
type endless struct{}

func (endless) Send(ctx context.Context, _ Outbound) (Receipt, error) {
	<-ctx.Done()
	return Receipt{}, ctx.Err()
}

// talk has an agent accept a customer.
func (s *snapshotBed) talk(b *Board, customer string) (conversation.ID, agent.ID) {
	s.t.Helper()
	id := s.say(b, customer, 1)
	c, err := b.Conversation(s.t.Context(), id)
	s.must(err)
	who := c.Offer.Agent
	s.must(b.Agent(who).Accept(s.t.Context(), id))
	return id, who
}

// A node that goes on from a snapshot keeps an eye on what others send by it, and
// has a lease of its own for what it sends.
func TestLanesOfASnapshot(t *testing.T) {
	s := newSnapshotBed(t, NewMemoryStore(), 30)
	s.keep, s.by = time.Minute, endless{}
	busy := s.configured()
	idle := s.open("n2")
	idle.watch.stop() // it hears of nothing
	id, who := s.talk(busy, "sent")
	later, other := s.talk(busy, "later")
	_, err := busy.Agent(who).Send(t.Context(), id, "hello")
	s.must(err)
	for i := range 6 {
		s.say(busy, fmt.Sprint(i, "-"), 20)
		s.mock.Add(time.Minute)
		made(busy)
	}
	if s.oldest() <= idle.position+1 {
		t.Fatalf("the oldest is at %d, the idle board at %d", s.oldest(), idle.position)
	}
	_, err = idle.Watch(t.Context())
	s.must(err)
	s.must(idle.inside(t.Context(), func() {
		if _, ok := idle.sends.foreign[id]; !ok {
			t.Error("it does not know that n1 is sending")
		}
	}))
	_, err = idle.Agent(other).Send(t.Context(), later, "hello")
	s.must(err)
	s.must(idle.inside(t.Context(), func() {
		if m, ok := idle.floor.ToSend(later, "n2"); !ok || m.Lease.IsZero() {
			t.Errorf("it sends: %v, until %v", ok, m.Lease)
		}
	}))
}

// kept returns everything that a store holds of the board.
func kept(t *testing.T, store *MemoryStore) []byte {
	t.Helper()
	store.mu.Lock()
	defer store.mu.Unlock()
	l := store.logs["acme"]
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []byte
	for _, r := range l.records {
		out = append(out, r.Data...)
	}
	for _, s := range l.snapshots {
		for _, c := range s.chunks {
			out = append(out, c...)
		}
	}
	return out
}

// forgotten ends the conversation, lets it leave memory and the horizons pass.
func (s *snapshotBed) forgotten(b *Board, id conversation.ID) {
	s.t.Helper()
	s.must(b.Supervisor("sue").End(s.t.Context(), id))
	s.mock.Add(2 * time.Minute)
	if _, err := b.Watch(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if c, err := b.Conversation(s.t.Context(), id); err == nil {
		s.t.Fatalf("%v is there: %v", id, c.State)
	}
}

func TestForget(t *testing.T) {
	for _, how := range []string{"at once", "while a snapshot hangs", "own memory"} {
		t.Run(how, func(t *testing.T) {
			memory := NewMemoryStore()
			store := &saving{Store: memory}
			s := newSnapshotBed(t, store, 25)
			if how == "own memory" {
				s.store = nil
			}
			b := s.configured()
			if s.store == nil {
				memory = b.config.Store.(*MemoryStore)
			}
			id := s.say(b, "secret-person", 1)
			for i := range 3 {
				s.say(b, fmt.Sprint("other", i, "-"), 10)
				made(b)
			}
			hanging := make(chan struct{})
			if how == "while a snapshot hangs" {
				store.save = func(ctx context.Context, chunks iter.Seq2[[]byte, error]) error {
					for _, err := range chunks {
						if err != nil {
							return err
						}
					}
					close(hanging)
					<-ctx.Done()
					store.save = nil
					return ctx.Err()
				}
				s.say(b, "more", 20)
				<-hanging
			}
			s.forgotten(b, id)
			if !bytes.Contains(kept(t, memory), []byte("secret-person")) {
				t.Fatal("it was not there")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			s.must(b.snapshots.forget(ctx))
			if i := bytes.Index(kept(t, memory), []byte("secret-person")); i >= 0 {
				t.Errorf("it is there: %.200q", kept(t, memory)[max(0, i-100):])
			}
			want, _ := stateOf(t, b)
			if s.store == nil {
				return
			}
			s.must(b.snapshots.forget(ctx)) // and again
			s.must(b.Close())
			got, _ := stateOf(t, s.open("n2"))
			equalStates(t, "opened", want, got)
		})
	}
}

// A log that cannot forget says so beforehand.
func TestForgetUnsupported(t *testing.T) {
	for name, store := range map[string]Store{
		"no abilities": plain{NewMemoryStore()},
		"no snapshots": &damaged{Store: NewMemoryStore(), err: errors.ErrUnsupported},
		"no trimming":  untrimmed{NewMemoryStore()},
	} {
		s := newSnapshotBed(t, store, 25)
		b := s.configured()
		missing := (*ForgetError)(nil)
		if err := b.snapshots.canForget(t.Context()); !errors.As(err, &missing) || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// untrimmed is a store that wraps another and cannot trim.
type untrimmed struct{ Store }

type untrimmedLog struct{ *memoryHandle }

func (u untrimmed) Open(ctx context.Context, board string) (Log, error) {
	log, err := u.Store.Open(ctx, board)
	return untrimmedLog{log.(*memoryHandle)}, err
}

func (untrimmedLog) Trim(context.Context, Position) error { return errors.ErrUnsupported }

// A log that says it cannot trim is left alone, and keeps its snapshots.
func TestTrimUnsupported(t *testing.T) {
	s := newSnapshotBed(t, untrimmed{NewMemoryStore()}, 20)
	s.keep = time.Second
	b := s.configured()
	for i := range 5 {
		s.say(b, fmt.Sprint(i, "-"), 10)
		s.mock.Add(time.Minute)
		made(b)
	}
	if n := len(s.positions()); n != 2 || s.said() != "" {
		t.Errorf("%d snapshots, logged %q", n, s.said())
	}
	if seqs, err := firstError(t, b, "", 3); err != nil || !slices.Equal(seqs, []uint64{1, 2, 3}) {
		t.Errorf("%v, %v", seqs, err)
	}
}
