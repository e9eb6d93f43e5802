package walktest

import (
	"context"
	"errors"
	"time"

	"github.com/switchboard-go/switchboard"
)

// reader follows the stream of events like an integration that must miss
// nothing: on one node, and from its last cursor on another when that is gone or
// has had enough of it.
type reader struct {
	w      *world
	at     class
	cursor switchboard.Cursor
	seen   []switchboard.Event
	stop   context.CancelFunc
	ended  chan struct{}
}

func (w *world) follow() *reader {
	ctx, stop := context.WithCancel(context.WithValue(context.Background(), readerKey{}, true))
	r := &reader{w: w, at: w.class(), stop: stop, ended: make(chan struct{})}
	go r.run(ctx)
	return r
}

func (r *reader) run(ctx context.Context) {
	defer close(r.ended)
	random := r.w.random("reader", 0)
	for ctx.Err() == nil {
		wait := between(random, time.Millisecond, time.Second)
		if random.IntN(8) == 0 {
			wait = between(random, time.Minute, 5*time.Minute)
		}
		r.at.sleep(ctx, wait)
		l := r.w.nodes[random.IntN(len(r.w.nodes))].life.Load()
		if l == nil {
			continue
		}
		after := time.Duration(0)
		if random.IntN(3) > 0 {
			after = between(random, time.Second, time.Minute)
		}
		r.read(ctx, l, after)
	}
}

func (r *reader) read(ctx context.Context, l *life, enough time.Duration) {
	if enough > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, enough)
		defer cancel()
	}
	for e, err := range l.board.Events(ctx, r.cursor, nil) {
		if err != nil {
			if errors.Is(err, switchboard.ErrTrimmed) && r.w.c.trims() {
				r.w.tally("readers too late", 1)
				r.resume(ctx, l)
			}
			return
		}
		if want := uint64(len(r.seen) + 1); e.Seq != want && !r.w.c.trims() {
			r.w.fail("the reader at %s gets event %d and not %d", l, e.Seq, want)
			r.stop()
			return
		}
		r.seen, r.cursor = append(r.seen, e), e.Cursor()
	}
}

// resume begins again from the present state where the events are gone.
func (r *reader) resume(ctx context.Context, l *life) {
	if s, err := l.board.Watch(ctx); err == nil {
		r.cursor = s.Cursor
	}
}
