package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
)

// clockedStore is a memory store with a clock, which is right.
type clockedStore struct {
	switchboard.MemoryStore
	mu    sync.Mutex
	err   error
	hang  bool
	asked int
}

func (s *clockedStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.MemoryStore.Open(ctx, board)
	return &clockedLog{l, s}, err
}

func (s *clockedStore) set(err error, hang bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.hang = err, hang
}

func (s *clockedStore) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

type clockedLog struct {
	switchboard.Log
	s *clockedStore
}

func (l *clockedLog) Now(ctx context.Context) (time.Time, error) {
	l.s.mu.Lock()
	l.s.asked++
	err, hang := l.s.err, l.s.hang
	l.s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return time.Time{}, ctx.Err()
	}
	return time.Now(), err
}

// wrongClock is the real clock and so much more.
type wrongClock struct {
	clock.Clock
	by atomic.Int64
}

func (w *wrongClock) Now() time.Time { return w.Clock.Now().Add(time.Duration(w.by.Load())) }

func (w *wrongClock) set(by time.Duration) { w.by.Store(int64(by)) }

// skewed opens a node of the store with a clock of its own.
func skewed(t *testing.T, store switchboard.Store, node string, by time.Duration) (*bed, *wrongClock) {
	w := &wrongClock{Clock: clock.New()}
	w.set(by)
	return open(t, nil, switchboard.Config{Store: store, Node: node, Clock: w}), w
}

func (b *bed) serves(customer string) {
	b.t.Helper()
	if _, err := b.Receive(b.t.Context(), from(customer, 1)); err != nil {
		b.t.Errorf("%s does not serve: %v", b.Node(), err)
	}
}

func (b *bed) refuses(customer string) {
	b.t.Helper()
	_, err := b.Receive(b.t.Context(), from(customer, 1))
	off := (*switchboard.SkewError)(nil)
	if !errors.As(err, &off) || !errors.Is(err, switchboard.ErrRefused) || errors.Is(err, switchboard.ErrOutcomeUnknown) {
		b.t.Errorf("%s: %v, want a *SkewError that matches ErrRefused", b.Node(), err)
	} else if d := off.Clock.Sub(off.Store).Abs(); d <= off.Max || off.Max != 2*time.Second {
		b.t.Errorf("%v apart, with at most %v", d, off.Max)
	}
	stale := (*switchboard.StaleError)(nil)
	if _, err := b.Watch(b.t.Context()); !errors.As(err, &stale) || !errors.As(err, &off) {
		b.t.Errorf("a query: %v, want a *StaleError with the *SkewError", err)
	}
}

// E74: a node whose clock is wrong commits nothing, says why, and serves again when it is
// right. Others are not concerned.
func TestE74NodeWithAWrongClock(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, -2001 * time.Millisecond, 2001 * time.Millisecond, time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &clockedStore{}
				good, _ := skewed(t, store, "good", 0)
				good.must(good.Administrator("root").Configure(t.Context(), twoAgents))
				bad, wrong := skewed(t, store, "bad", by)
				for i := range 20 {
					bad.refuses("c1")
					good.serves(fmt.Sprint("good", i))
					time.Sleep(time.Second)
				}
				wrong.set(0)
				time.Sleep(1100 * time.Millisecond)
				bad.serves("c1")
				for _, e := range bad.history() {
					if d := time.Since(e.At); d < 0 || d > time.Minute {
						t.Errorf("event %d is of %v ago", e.Seq, d)
					}
				}
			})
		})
	}
}

func TestSkewWithinTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for i, by := range []time.Duration{-2 * time.Second, 2 * time.Second} {
			store := &clockedStore{}
			b, _ := skewed(t, store, fmt.Sprint("n", i), by)
			b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
			b.serves("c1")
		}
	})
}

// A clock that leaps is found out before anything is decided by it, and nobody
// is to blame for what could not be answered meanwhile.
func TestClockLeapsAhead(t *testing.T) {
	// Whether the clock is looked at just before or after it is right again is up to
	// the scheduler, so each is tried some times.
	for i := range 40 {
		idle := []time.Duration{time.Second, 30 * time.Second}[i%2]
		synctest.Test(t, func(t *testing.T) {
			store := &clockedStore{}
			b, wrong := skewed(t, store, "n", 0)
			b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
			b.must(b.Agent("ann").SignIn(t.Context()))
			b.must(b.Agent("ann").Available(t.Context()))
			b.serves("c1") // offered to Ann
			time.Sleep(idle)
			wrong.set(time.Hour)
			b.refuses("c2")
			time.Sleep(5 * time.Second)
			b.refuses("c2")
			wrong.set(0)
			time.Sleep(2 * time.Second)
			b.serves("c2")
			info, err := b.AgentInfo(t.Context(), "ann")
			b.must(err)
			if info.Agent.State != agent.Available {
				t.Errorf("after %v Ann is %v", idle, info.Agent.State)
			}
			for _, e := range b.history() {
				if e.At.After(time.Now()) {
					t.Errorf("event %d is of %v from now", e.Seq, time.Until(e.At))
				}
			}
			// A wrong clock until long after the deadline: nobody served.
			wrong.set(time.Hour)
			b.refuses("c3")
			time.Sleep(2 * time.Minute)
			wrong.set(0)
			time.Sleep(2 * time.Second)
			if info, err = b.AgentInfo(t.Context(), "ann"); err != nil || info.Agent.State != agent.Available {
				t.Errorf("Ann is blamed: %v, %v", info.Agent.State, err)
			}
		})
	}
}

// The store is asked for its time now and then, and not by each command.
func TestClockIsAskedRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &clockedStore{}
		b, _ := skewed(t, store, "n", 0)
		b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
		for i := range 600 {
			b.serves(fmt.Sprint("c", i))
			time.Sleep(100 * time.Millisecond)
		}
		if n := store.times(); n < 6 || n > 15 {
			t.Errorf("asked %d times in a minute", n)
		}
	})
}

// A store that does not say the time, or cannot, is no reason not to serve.
func TestStoreWithoutTheTime(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		hang bool
	}{
		{"cannot", fmt.Errorf("a wrapper: %w", errors.ErrUnsupported), false},
		{"fails", errDown, false},
		{"hangs", nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &clockedStore{}
				store.set(tc.err, tc.hang)
				b, _ := skewed(t, store, "n", time.Hour)
				b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
				for i := range 30 {
					b.serves(fmt.Sprint("c", i))
					time.Sleep(time.Second)
				}
				if n := store.times(); tc.err != nil && tc.name == "cannot" && n != 1 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}
