package storagetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard"
)

// watcher returns the log's ability, or skips the case.
func (f *fixture) watcher(l switchboard.Log) switchboard.Watcher {
	f.Helper()
	w, ok := l.(switchboard.Watcher)
	if !ok {
		f.without("a switchboard.Watcher")
	}
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	if err := w.Wait(ctx, 0); errors.Is(err, errors.ErrUnsupported) {
		f.without("a switchboard.Watcher")
	}
	return w
}

// Whoever waits is woken by the next append through another opening. One's own
// may be a reason or not: then it is there for the others all the same.
func wait(f *fixture) {
	logs := []switchboard.Log{f.log(), f.other(), f.other()}
	var waiting []switchboard.Watcher
	for _, l := range logs {
		waiting = append(waiting, f.watcher(l))
	}
	var end switchboard.Position
	for i := range 6 {
		mine := i % len(logs)
		others := slices.Delete(slices.Clone(waiting), mine, mine+1)
		results := make(chan error, len(others))
		for _, w := range others {
			go func() { results <- f.within(func() error { return w.Wait(f.ctx, end) }) }()
		}
		next := f.append(logs[mine], end, payload(i, 20))
		for range others {
			if err := <-results; err != nil {
				f.Fatalf("Wait after %d, with a record at %d: %v", end, next, err)
			}
		}
		// It is there: nothing to wait for.
		for _, w := range others {
			if err := f.within(func() error { return w.Wait(f.ctx, end) }); err != nil {
				f.Fatalf("Wait after %d, where a record at %d is there: %v", end, next, err)
			}
		}
		if i > 0 { // and what another appended before is there for its appender too
			if err := f.within(func() error { return waiting[mine].Wait(f.ctx, 0) }); err != nil {
				f.Fatalf("Wait after 0, where others have appended, for who appended last: %v", err)
			}
		}
		end = next
	}
	if err := f.within(func() error { return waiting[1].Wait(f.ctx, end+1) }); !errors.Is(err, switchboard.ErrPosition) {
		f.Fatalf("Wait after a position past the end: %v, want ErrPosition", err)
	}
}

// Nobody is woken for nothing.
func waitTooEarly(f *fixture) {
	l := f.log()
	w := f.watcher(f.other())
	// A record of another board is nothing either.
	f.append(f.open(f.Store, "another"), 0, payload(1, 20))
	end := switchboard.Position(0)
	for i := range 3 {
		ctx, cancel := context.WithTimeout(f.ctx, 30*time.Millisecond)
		err := f.within(func() error { return w.Wait(ctx, end) })
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			f.Fatalf("Wait after %d, the end: %v, want context.DeadlineExceeded", end, err)
		}
		end = f.append(l, end, payload(i, 20))
	}
}

// A wait ends with its context, and when the log is closed.
func waitEnds(f *fixture) {
	l := f.log()
	w := f.watcher(l)
	ctx, cancel := context.WithCancel(f.ctx)
	results, closed := make(chan error, 1), make(chan error, 1)
	go func() { results <- f.within(func() error { return w.Wait(ctx, 0) }) }()
	time.AfterFunc(10*time.Millisecond, cancel) // most likely it waits by then
	if err := <-results; !errors.Is(err, context.Canceled) {
		f.Fatalf("Wait with a cancelled context: %v, want context.Canceled", err)
	}
	go func() { results <- f.within(func() error { return w.Wait(f.ctx, 0) }) }()
	time.AfterFunc(10*time.Millisecond, func() { closed <- l.Close() })
	if err := <-results; err == nil || errors.Is(err, errPatience) {
		f.Fatalf("Wait, and the log is closed: %v, want an error", err)
	}
	if err := f.within(func() error { return <-closed }); err != nil {
		f.Fatalf("Close while somebody waits: %v", err)
	}
	if err := f.within(func() error { return w.Wait(f.ctx, 0) }); err == nil || errors.Is(err, errPatience) {
		f.Fatalf("Wait on a closed log: %v, want an error", err)
	}
}
