package storagetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/switchboard-go/switchboard"
)

// faultLog is a log of a Faults. It has all abilities, and returns
// errors.ErrUnsupported for those that the other log has not.
type faultLog struct {
	inner  switchboard.Log
	faults *Faults
	// Under the lock of the Faults.
	closed  bool
	pending int // appends that are late
}

// begin starts a call on the log.
func (l *faultLog) begin(ctx context.Context) (fate, error) {
	if l.isClosed() {
		return fate{}, errClosed
	}
	return l.faults.begin(ctx)
}

func (l *faultLog) isClosed() bool {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	return l.closed
}

// change makes a call that changes something beside the records.
func (l *faultLog) change(ctx context.Context, call func() error) error {
	x, err := l.begin(ctx)
	if err != nil {
		return err
	}
	if x.fail {
		l.faults.count(&l.faults.counts.Failed)
		return errFailed
	}
	if err = call(); err == nil && x.lose {
		l.faults.count(&l.faults.counts.Lost)
		return errLost
	}
	return err
}

// Append implements switchboard.Log.
func (l *faultLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	f := l.faults
	x, err := l.begin(ctx)
	switch {
	case errors.Is(err, errClosed):
		return 0, fmt.Errorf("%w: %w", switchboard.ErrRefused, err)
	case errors.Is(err, errAway):
		return 0, err
	case err != nil: // its context is over, and it hung until then
		if x.arrives {
			f.put(l, after, data, x.calls)
		}
		return 0, fmt.Errorf("%w: %w", ErrInjected, err)
	case x.refuse:
		f.count(&f.counts.Refused)
		return 0, fmt.Errorf("%w: %w", switchboard.ErrRefused, ErrInjected)
	case x.late:
		f.put(l, after, data, x.calls)
		return 0, errLate
	}
	at, err := l.inner.Append(ctx, after, data)
	if x.lose {
		f.count(&f.counts.Lost)
		return 0, errLost
	}
	return at, err
}

// Read implements switchboard.Log.
func (l *faultLog) Read(ctx context.Context, after switchboard.Position) iter.Seq2[switchboard.Record, error] {
	f := l.faults
	return func(yield func(switchboard.Record, error) bool) {
		x, err := l.begin(ctx)
		if err != nil {
			yield(switchboard.Record{}, err)
			return
		}
		n := 0
		for r, err := range l.inner.Read(ctx, after) {
			if err == nil && x.fail && n == x.after {
				break
			}
			if err == nil && f.isDown() {
				err = errAway
			}
			if err == nil {
				r.Data, err = f.damage(r.Position, r.Data)
			}
			if err != nil {
				yield(switchboard.Record{}, err)
				return
			}
			n++
			if !yield(r, nil) {
				return
			}
		}
		if x.fail {
			f.count(&f.counts.Failed)
			yield(switchboard.Record{}, errFailed)
		}
	}
}

// Close implements switchboard.Log.
func (l *faultLog) Close() error {
	l.faults.mu.Lock()
	first := !l.closed
	l.closed = true
	idle := l.pending == 0
	l.faults.mu.Unlock()
	if first && idle {
		return l.inner.Close()
	}
	return nil
}

// Exclusive implements switchboard.Exclusive.
func (l *faultLog) Exclusive() bool {
	x, ok := l.inner.(switchboard.Exclusive)
	return ok && x.Exclusive()
}

// MaxRecord implements switchboard.Limited.
func (l *faultLog) MaxRecord() int {
	if x, ok := l.inner.(switchboard.Limited); ok {
		return x.MaxRecord()
	}
	return 0
}

// Now implements switchboard.Clocked.
func (l *faultLog) Now(ctx context.Context) (time.Time, error) {
	x, ok := l.inner.(switchboard.Clocked)
	if !ok {
		return time.Time{}, errors.ErrUnsupported
	}
	var now time.Time
	err := l.change(ctx, func() (err error) {
		now, err = x.Now(ctx)
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	return now, nil
}

// Wait implements switchboard.Watcher.
func (l *faultLog) Wait(ctx context.Context, after switchboard.Position) error {
	w, ok := l.inner.(switchboard.Watcher)
	if !ok {
		return errors.ErrUnsupported
	}
	return l.change(ctx, func() error { return w.Wait(ctx, after) })
}

// Trim implements switchboard.Trimmer.
func (l *faultLog) Trim(ctx context.Context, before switchboard.Position) error {
	t, ok := l.inner.(switchboard.Trimmer)
	if !ok {
		return errors.ErrUnsupported
	}
	return l.change(ctx, func() error { return t.Trim(ctx, before) })
}

// SaveSnapshot implements switchboard.Snapshotter.
func (l *faultLog) SaveSnapshot(ctx context.Context, at switchboard.Position, chunks iter.Seq2[[]byte, error]) error {
	s, ok := l.inner.(switchboard.Snapshotter)
	if !ok {
		return errors.ErrUnsupported
	}
	x, err := l.begin(ctx)
	switch {
	case err != nil:
		return err
	case x.fail:
		l.faults.count(&l.faults.counts.Failed)
		chunks = brokenOff(chunks, x.after)
	}
	if err = s.SaveSnapshot(ctx, at, chunks); err == nil && x.lose {
		l.faults.count(&l.faults.counts.Lost)
		return errLost
	}
	return err
}

// brokenOff yields n chunks at most, and then an error.
func brokenOff(chunks iter.Seq2[[]byte, error], n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		i := 0
		for c, err := range chunks {
			if i == n {
				break
			}
			if i++; !yield(c, err) || err != nil {
				return
			}
		}
		yield(nil, errFailed)
	}
}

// LoadSnapshot implements switchboard.Snapshotter.
func (l *faultLog) LoadSnapshot(ctx context.Context, skip int) (switchboard.Position, iter.Seq2[[]byte, error], error) {
	s, ok := l.inner.(switchboard.Snapshotter)
	if !ok {
		return 0, nil, errors.ErrUnsupported
	}
	f := l.faults
	x, err := l.begin(ctx)
	if err != nil {
		return 0, nil, err
	}
	at, chunks, err := s.LoadSnapshot(ctx, skip)
	if err != nil {
		return 0, nil, err
	}
	if x.fail {
		f.count(&f.counts.Failed)
		chunks = brokenOff(chunks, x.after)
	}
	return at, func(yield func([]byte, error) bool) {
		for c, err := range chunks {
			if err == nil && f.isDown() {
				err = errAway
			}
			if err == nil {
				c, err = f.damage(at, c)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(c, nil) {
				return
			}
		}
	}, nil
}

// DropSnapshots implements switchboard.Snapshotter.
func (l *faultLog) DropSnapshots(ctx context.Context, before switchboard.Position) error {
	s, ok := l.inner.(switchboard.Snapshotter)
	if !ok {
		return errors.ErrUnsupported
	}
	return l.change(ctx, func() error { return s.DropSnapshots(ctx, before) })
}
