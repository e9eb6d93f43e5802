package switchboard

import (
	"context"
	"errors"
	"time"
)

// appender makes the appends, one at a time, in a goroutine of its own, so that
// a store that hangs does not take the Board with it.
type appender struct {
	jobs    chan appendJob
	results chan appendResult
	cancel  context.CancelFunc
	ended   chan struct{}
	timer   *time.Timer
	// hung says that an append was given up and has not returned yet.
	hung bool

	data, body []byte
}

type appendJob struct {
	after Position
	data  []byte
}

type appendResult struct {
	at  Position
	err error
}

// errAppendTimeout means that the store did not answer in time.
var errAppendTimeout = errors.New("switchboard: the store did not answer in time")

func (a *appender) start(log Log) {
	ctx, cancel := context.WithCancel(context.Background())
	a.jobs = make(chan appendJob, 1)
	a.results = make(chan appendResult, 1)
	a.cancel = cancel
	a.ended = make(chan struct{})
	go func() {
		defer close(a.ended)
		for j := range a.jobs {
			at, err := log.Append(ctx, j.after, j.data)
			a.results <- appendResult{at, err}
		}
	}()
}

// stop ends the goroutine. It waits for a store that honours its context, and
// not for one that hangs.
func (a *appender) stop() {
	a.cancel()
	close(a.jobs)
	if !a.hung {
		<-a.ended
	}
}

// stuck reports whether an append that was given up is still running.
func (a *appender) stuck() bool {
	if a.hung {
		select {
		case <-a.results:
			a.hung = false
		default:
		}
	}
	return a.hung
}

// do appends and waits until the deadline.
func (a *appender) do(after Position, data []byte, deadline time.Time) (Position, error) {
	if a.stuck() {
		return 0, errAppendTimeout
	}
	a.jobs <- appendJob{after, data}
	select {
	case r := <-a.results:
		return r.at, r.err
	default:
	}
	wait := max(time.Until(deadline), time.Millisecond)
	if a.timer == nil {
		a.timer = time.NewTimer(wait)
	} else {
		a.timer.Reset(wait)
	}
	select {
	case r := <-a.results:
		a.timer.Stop()
		return r.at, r.err
	case <-a.timer.C:
		// The store may still read the data.
		a.hung, a.data, a.body = true, nil, nil
		return 0, errAppendTimeout
	}
}

// buffer returns room for the events of a record.
func (a *appender) buffer() []byte { return a.body[:0] }

// assemble makes the record.
func (a *appender) assemble(w *writer, h header, body []byte) ([]byte, error) {
	a.body = body
	data, err := w.header(a.data[:0], h)
	if err != nil {
		return nil, err
	}
	a.data = append(data, body...)
	return a.data, nil
}
