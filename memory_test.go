package switchboard_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
)

func readAll(t *testing.T, l switchboard.Log, after switchboard.Position) []string {
	t.Helper()
	var out []string
	for rec, err := range l.Read(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(rec.Data))
	}
	return out
}

func openLog(t *testing.T, s switchboard.Store, name string) switchboard.Log {
	t.Helper()
	l, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestMemoryLog(t *testing.T) {
	s := new(switchboard.MemoryStore) // the zero value is ready
	a, b, other := openLog(t, s, "a"), openLog(t, s, "a"), openLog(t, s, "other")
	data := []byte("one")
	p, err := a.Append(t.Context(), 0, data)
	if err != nil || p == 0 {
		t.Fatal(p, err)
	}
	copy(data, "xxx") // the caller's own
	if _, err := b.Append(t.Context(), 0, []byte("late")); !errors.Is(err, switchboard.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	q, err := b.Append(t.Context(), p, []byte("two"))
	if err != nil || q <= p {
		t.Fatal(q, err)
	}
	if _, err := b.Append(t.Context(), q+1, []byte("far")); !errors.Is(err, switchboard.ErrRefused) || !errors.Is(err, switchboard.ErrPosition) {
		t.Errorf("past the end: %v", err)
	}
	if d := cmp.Diff([]string{"one", "two"}, readAll(t, a, 0)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"two"}, readAll(t, b, p)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := readAll(t, b, q); got != nil {
		t.Errorf("at the end: %q", got)
	}
	if got := readAll(t, other, 0); got != nil {
		t.Errorf("another board's log has %q", got)
	}
	for _, after := range []switchboard.Position{q + 1, 1 << 63} {
		for _, err := range a.Read(t.Context(), after) {
			if !errors.Is(err, switchboard.ErrPosition) {
				t.Errorf("past the end: %v", err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Append(ctx, q, nil); !errors.Is(err, switchboard.ErrRefused) || !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is over: %v", err)
	}
	for _, err := range a.Read(ctx, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a context that is over: %v", err)
		}
	}
}

// Exclusive is about the past as well: another opening may have come and gone.
func TestMemoryLogIsExclusive(t *testing.T) {
	s := switchboard.NewMemoryStore()
	exclusive := func(l switchboard.Log) bool { return l.(switchboard.Exclusive).Exclusive() }
	a := openLog(t, s, "a")
	if !exclusive(a) {
		t.Error("the only one is not")
	}
	b := openLog(t, s, "a")
	if exclusive(a) || exclusive(b) {
		t.Error("one of two is")
	}
	for range 2 { // closing twice is closing once
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if exclusive(a) {
		t.Error("one that was not alone is")
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if c := openLog(t, s, "a"); !exclusive(c) {
		t.Error("the only one is not, after others")
	}
}

func TestMemoryLogOneWinsEachPosition(t *testing.T) {
	s := switchboard.NewMemoryStore()
	const writers, each = 8, 50
	var all sync.WaitGroup
	for range writers {
		l := openLog(t, s, "a")
		all.Go(func() {
			end, won := switchboard.Position(0), 0
			for won < each {
				p, err := l.Append(context.Background(), end, []byte("x"))
				switch {
				case err == nil:
					end, won = p, won+1
				case errors.Is(err, switchboard.ErrConflict):
					for rec := range l.Read(context.Background(), end) {
						end = rec.Position
					}
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if n := len(readAll(t, openLog(t, s, "a"), 0)); n != writers*each {
		t.Errorf("%d records, want %d", n, writers*each)
	}
}
