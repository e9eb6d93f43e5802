package switchboard

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/internal/floor"
)

const roleCustomer = agent.Customer

const (
	// batchLimit is how many requests are decided together.
	batchLimit = 256
	// pieceEvents is how many events are appended together at most, but for
	// those of one step.
	pieceEvents = 2048
	// recordBytes is how large a record may grow, but for one step.
	recordBytes = 512 << 10
)

// run is the committer: the one goroutine that touches the state.
func (b *Board) run() {
	defer close(b.done)
	batch := make([]*request, 0, batchLimit)
	b.serve(nil)
	b.sends.resume()
	for b.failure.Load() == nil {
		select {
		case <-b.stopping:
			b.stopTimer()
			return
		case <-b.wake:
		case r := <-b.requests:
			batch = append(batch, r)
		}
	more:
		for len(batch) < batchLimit {
			select {
			case r := <-b.requests:
				batch = append(batch, r)
			default:
				break more
			}
		}
		b.serve(batch)
		clear(batch)
		batch = batch[:0]
	}
	b.stopTimer()
}

// outcome is what became of an append.
type outcome int

const (
	appended outcome = iota
	conflicted
	refused
	unknown
)

// serve decides the requests against the state at one instant, appends what
// follows, and answers. Nothing is answered before the batch is decided for
// good; after a conflict all of it is decided again.
func (b *Board) serve(batch []*request) {
	n := 0
	for _, r := range batch {
		if r.state.CompareAndSwap(requestWaits, requestTaken) {
			batch[n] = r
			n++
		}
	}
	batch = batch[:n]
	for {
		out, err := b.decide(batch)
		if out == appended && !b.certain(batch) {
			// Refusals and no-ops say how things are. Make sure that they are so.
			if out, err = b.confirm(); out == conflicted {
				continue
			}
		}
		switch out {
		case conflicted:
			if err := b.others(); err != nil {
				b.fail(batch, err)
				return
			}
			continue
		case refused, unknown:
			b.failing = true
			b.giveUp(batch, out, err)
		default:
			b.failing = false
			b.answer(batch)
		}
		b.arm()
		return
	}
}

// decide takes the state to now, decides every request that is not final yet,
// and appends.
func (b *Board) decide(batch []*request) (outcome, error) {
	now := b.now()
	if b.failing {
		if at, ok := b.floor.Next(); ok && now.Sub(at) > b.config.Lateness {
			b.floor.Outage(now)
			b.step()
		}
	}
	if out, err := b.advance(now, nil); out != appended {
		return out, err
	}
	for i, r := range batch {
		if r.final || r.query != nil {
			continue
		}
		r.res, r.err = b.floor.Do(now, r.cmd)
		b.step()
		if out, err := b.advance(now, batch[:i+1]); out != appended {
			return out, err
		}
	}
	return b.flush(batch)
}

// advance takes every step that is due at now.
func (b *Board) advance(now time.Time, decided []*request) (outcome, error) {
	for b.floor.Advance(now) {
		b.step()
		if len(b.floor.Events()) >= pieceEvents {
			if out, err := b.flush(decided); out != appended {
				return out, err
			}
		}
	}
	return appended, nil
}

// step notes the end of a step: what happened in it is in one record.
func (b *Board) step() {
	n := len(b.floor.Events())
	if k := len(b.steps); k == 0 && n > 0 || k > 0 && b.steps[k-1] < n {
		b.steps = append(b.steps, n)
	}
}

// flush appends the events since the last flush. Then the requests decided so
// far are final.
func (b *Board) flush(decided []*request) (outcome, error) {
	events := b.floor.Events()
	from := 0
	data := b.appends.buffer()
	for len(b.steps) > 0 {
		n, to := 0, from
		data = data[:0]
		var err error
		body := data
		for n < len(b.steps) {
			end := b.steps[n]
			mark := len(body)
			for i := to; i < end && err == nil; i++ {
				body, err = b.writer.event(body, &events[i])
			}
			if err != nil {
				break
			}
			if n > 0 && len(body) > recordBytes {
				body = body[:mark]
				break
			}
			to, n = end, n+1
		}
		if err != nil {
			return b.partly(events, from, refused, fmt.Errorf("%w: %w", ErrRefused, err))
		}
		b.commits++
		commit := b.config.Node + "-" + strconv.FormatUint(b.commits, 10)
		p, out, err := b.append(header{Format: format, Commit: commit, Events: to - from}, body)
		if out != appended {
			return b.partly(events, from, out, err)
		}
		b.publish(p, events[from:to])
		b.position = p
		from = to
		b.steps = b.steps[:copy(b.steps, b.steps[n:])]
		data = body
	}
	b.floor.Commit()
	if from > 0 {
		// That the append went through proves that nobody was first: refusals
		// and no-ops decided before it hold as well.
		for _, r := range decided {
			r.final = r.query == nil
		}
	}
	return appended, nil
}

// partly takes back what was not appended: all of the batch, and then again
// what was.
func (b *Board) partly(events []floor.Event, done int, out outcome, err error) (outcome, error) {
	kept := append([]floor.Event(nil), events[:done]...)
	b.floor.Undo()
	b.steps = b.steps[:0]
	for i := range kept {
		b.floor.Apply(&kept[i])
	}
	b.floor.Commit()
	return out, err
}

// append puts one record into the log and finds out what became of it.
func (b *Board) append(h header, body []byte) (Position, outcome, error) {
	data, err := b.appends.assemble(b.writer, h, body)
	if err != nil {
		return 0, refused, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	deadline := time.Now().Add(b.config.AppendTimeout)
	for {
		p, err := b.appends.do(b.position, data, deadline)
		switch {
		case err == nil:
			return p, appended, nil
		case errors.Is(err, ErrConflict):
			if p, ours := b.isOurs(h.Commit, deadline); ours {
				return p, appended, nil
			}
			return 0, conflicted, err
		case errors.Is(err, ErrRefused):
			return 0, refused, err
		}
		// It may have been stored, or may still be. Asking again with the same
		// commit is safe: at most one of them can be at this place.
		b.config.Logger.Warn("an append failed", "err", err)
		if time.Until(deadline) <= 0 || b.appends.stuck() {
			if p, ours := b.isOurs(h.Commit, deadline); ours {
				return p, appended, nil
			}
			return 0, unknown, err
		}
		select {
		case <-time.After(min(20*time.Millisecond, time.Until(deadline))):
		case <-b.stopping:
			return 0, unknown, err
		}
	}
}

// isOurs reports whether the record past the present position is the one with
// that commit.
func (b *Board) isOurs(commit string, deadline time.Time) (Position, bool) {
	if b.appends.stuck() {
		return 0, false
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline.Add(time.Second))
	defer cancel()
	for rec, err := range b.log.Read(ctx, b.position) {
		if err != nil {
			return 0, false
		}
		got, _, err := b.reader.record(rec)
		return rec.Position, err == nil && got == commit
	}
	return 0, false
}

// certain reports whether an append has confirmed every answer, or none needs
// it.
func (b *Board) certain(batch []*request) bool {
	for _, r := range batch {
		if !r.final {
			return b.exclusive()
		}
	}
	return true
}

// confirm makes sure that nobody else has appended. It may find that somebody
// has, and takes that in.
func (b *Board) confirm() (outcome, error) {
	before := b.position
	if err := b.others(); err != nil {
		return unknown, err
	}
	if b.position != before {
		return conflicted, nil
	}
	return appended, nil
}

// others takes in what others have appended.
func (b *Board) others() error {
	ctx, cancel := context.WithTimeout(context.Background(), b.config.AppendTimeout)
	defer cancel()
	err := b.readOn(ctx)
	b.raw = b.config.Clock.Now()
	return err
}

// answer runs the queries and answers everybody.
func (b *Board) answer(batch []*request) {
	for _, r := range batch {
		if r.query != nil {
			r.err = r.query(b.floor)
		}
		r.answer()
	}
}

// giveUp answers everybody after a failed append: the state is as it was.
func (b *Board) giveUp(batch []*request, out outcome, err error) {
	b.config.Logger.Error("an append was given up", "err", err)
	for _, r := range batch {
		switch {
		case r.query != nil:
			if qerr := r.query(b.floor); qerr != nil {
				r.err = qerr
			} else {
				r.err = &StaleError{AsOf: b.floor.Now(), Err: err}
			}
		case r.final:
		case out == refused:
			r.err = err
		default:
			r.err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
		}
		r.answer()
	}
}

// fail stops serving for good: the log holds what this Board cannot read.
func (b *Board) fail(batch []*request, err error) {
	corrupt, tooNew := (*CorruptError)(nil), (*FormatError)(nil)
	if !errors.As(err, &corrupt) && !errors.As(err, &tooNew) {
		b.giveUp(batch, unknown, err)
		b.arm()
		return
	}
	b.failure.Store(&err)
	b.config.Logger.Error("the board stops serving", "err", err)
	for _, r := range batch {
		if !r.final {
			r.err = b.closedError()
		}
		r.answer()
	}
	b.tail.stop()
}

// publish hands committed events to the streams and to the senders.
func (b *Board) publish(p Position, events []floor.Event) {
	b.committed = b.committed[:0]
	for i := range events {
		e := &events[i]
		b.committed = append(b.committed, Event{
			Seq: e.Seq, At: e.At, By: e.By, Why: e.Why, Key: e.Key, Body: e.Body, before: b.position,
		})
	}
	b.tail.add(p, b.committed)
	b.sends.look(b.committed)
	clear(b.committed)
}

// arm sets the one timer for the earliest deadline. A timer that is set for
// earlier stays: it only wakes, and then is set again.
func (b *Board) arm() {
	b.sends.start()
	at, ok := b.floor.Next()
	if b.failing {
		retry := b.floor.Now().Add(time.Second)
		if !ok || at.Before(retry) {
			at, ok = retry, true
		}
	}
	now := b.config.Clock.Now()
	if !ok || b.timer != nil && !b.armed.After(at) && b.armed.After(now) {
		return
	}
	b.stopTimer()
	d := at.Sub(now)
	if d <= 0 {
		b.rouse()
		return
	}
	b.armed = at
	b.timer = b.config.Clock.AfterFunc(d, b.rouse)
}

func (b *Board) stopTimer() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}

// rouse makes the committer look at the time.
func (b *Board) rouse() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
