package messenger

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestCacheSharesCalls proves that those who wait share the answer and the error of one
// call, but not that the one who made it was told to stop.
func TestCacheSharesCalls(t *testing.T) {
	bad := errors.New("bad")
	for _, tc := range []struct {
		name    string
		err     error
		stop    bool
		calls   int32
		waiters error
	}{
		{"an answer", nil, false, 1, nil},
		{"an error", bad, false, 1, bad},
		{"told to stop", bad, true, 2, nil},
	} {
		c := newCache[int, string](systemClock{})
		var calls atomic.Int32
		inside, release := make(chan struct{}), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			_, err := c.load(ctx, 1, func(context.Context) (string, time.Duration, error) {
				calls.Add(1)
				close(inside)
				<-release
				return "v", 0, tc.err
			})
			if !errors.Is(err, tc.err) {
				t.Errorf("%s: the first got %v", tc.name, err)
			}
		})
		<-inside
		flying := c.flights[1]
		waited := make(chan error, 1)
		wait.Go(func() {
			_, err := c.load(&watched{Context: t.Context(), asked: func() {
				if tc.stop {
					cancel()
				}
				close(release)
			}}, 1, func(context.Context) (string, time.Duration, error) {
				calls.Add(1)
				return "w", 0, nil
			})
			waited <- err
		})
		<-flying.done
		if err := <-waited; !errors.Is(err, tc.waiters) {
			t.Errorf("%s: the other got %v", tc.name, err)
		}
		wait.Wait()
		if calls.Load() != tc.calls {
			t.Errorf("%s: %d calls", tc.name, calls.Load())
		}
		over, end := context.WithCancel(t.Context())
		end()
		c.flights[2] = &flight[string]{done: make(chan struct{})}
		if _, err := c.load(over, 2, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: who waits no longer got %v", tc.name, err)
		}
		cancel()
	}
}

// watched is a context that tells when it is first waited for.
type watched struct {
	context.Context
	once  sync.Once
	asked func()
}

func (w *watched) Done() <-chan struct{} {
	w.once.Do(w.asked)
	return w.Context.Done()
}
