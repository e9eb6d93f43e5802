package walktest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
)

// world is one run: what its actors share.
//
// Its time is the fake time of a testing/synctest bubble, which moves on only
// when everybody waits. Every actor waits until an instant of its own before it
// touches what others touch: the nanoseconds of each are in a residue class that
// no other has. So no two things happen at one instant, whatever the scheduler
// does with what is runnable, and a seed always gives the same run.
type world struct {
	t       testing.TB
	c       Config
	store   *recorder
	channel *channel
	archive *switchboard.MemoryArchive
	nodes   []*node
	callers []*caller
	classes int64
	lives   int

	calm  atomic.Bool    // everything works
	after sync.WaitGroup // of what ends by itself

	mu    sync.Mutex
	trace []string
	count map[string]int
	ext   map[conversationKey]int // how many messages each customer has written
}

type conversationKey struct{ source, customer string }

// span is how many classes of instants there are.
const span = 1024

// class is one actor's instants: those that leave this remainder.
type class int64

// class makes an actor's own. It is called where only one goroutine runs.
func (w *world) class() class {
	w.classes++
	return class(w.classes % span)
}

// sleep waits about d, until an instant of the class, or until the context is
// over.
func (c class) sleep(ctx context.Context, d time.Duration) {
	now := time.Now()
	at := now.Add(d).UnixNano()
	at += (int64(c) - at%span + span) % span
	wait := time.Duration(at - now.UnixNano())
	if wait <= 0 {
		wait += span
	}
	if ctx.Done() == nil {
		time.Sleep(wait)
		return
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// random returns numbers of the run's seed that are nobody else's.
func (w *world) random(who string, n uint64) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, who, " ", n)
	return rand.New(rand.NewPCG(w.c.Seed, h.Sum64()))
}

// between returns a random duration.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}

// note puts something into the trace of the run, by which two runs are compared.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace = append(w.trace, time.Now().UTC().Format("15:04:05.000000000 ")+fmt.Sprintf(format, args...))
}

// tally counts something that happened.
func (w *world) tally(what string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count[what] += n
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("%s: %s", w.c, fmt.Sprintf(format, args...))
}

// skewed is a clock that is ahead or behind, and runs fast or slow.
type skewed struct {
	clock.Clock
	began  time.Time
	offset time.Duration
	drift  float64 // 1 is right
}

func (s *skewed) Now() time.Time {
	real := time.Now()
	return s.began.Add(s.offset + time.Duration(float64(real.Sub(s.began))*s.drift))
}

func (s *skewed) Since(t time.Time) time.Duration { return s.Now().Sub(t) }

func (s *skewed) Until(t time.Time) time.Duration { return t.Sub(s.Now()) }

func (s *skewed) real(d time.Duration) time.Duration {
	// One more, or it might ring before its time by the nanosecond of rounding.
	return time.Duration(float64(d)/s.drift) + 1
}

func (s *skewed) AfterFunc(d time.Duration, f func()) *clock.Timer {
	return s.Clock.AfterFunc(s.real(d), f)
}

func (s *skewed) After(d time.Duration) <-chan time.Time { return s.Clock.After(s.real(d)) }

func (s *skewed) Timer(d time.Duration) *clock.Timer { return s.Clock.Timer(s.real(d)) }

func (s *skewed) Sleep(d time.Duration) { s.Clock.Sleep(s.real(d)) }

var _ clock.Clock = (*skewed)(nil)

// ask is the context of a call that is given up when time is over.
func ask(d time.Duration) (context.Context, context.CancelFunc) {
	if d == 0 {
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), d)
}

// readerKey marks the context of who reads the stream, whose calls on the store
// come at the same instants as the committer's and get faults of their own.
type readerKey struct{}
