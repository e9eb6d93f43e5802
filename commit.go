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

// run is the committer: the goroutine that serves those who do not serve
// themselves, and the deadlines. When it ends it keeps the turn, so that nobody
// touches the state any more.
func (b *Board) run() {
	defer close(b.done)
	defer b.stopTimers()
	batch := make([]*request, 0, 2*batchLimit)
	b.serve(nil)
	for b.failure.Load() == nil {
		b.sends.resume()
		b.sends.takeOver()
		b.turn.release()
		var inner func()
		var first *request
		woken := false
		select {
		case <-b.stopping:
			b.turn.take()
			return
		case <-b.wake:
			woken = true
		case first = <-b.requests:
		case inner = <-b.inner:
		}
		b.turn.take()
		// Which of several that are ready select takes is chance. It must not
		// matter: first comes what runs between two batches, then Close, and a batch
		// serves what was roused before it.
		for more := true; more; {
			if inner != nil {
				inner()
			}
			select {
			case inner = <-b.inner:
			default:
				more = false
			}
		}
		if b.failure.Load() != nil {
			return
		}
		select {
		case <-b.stopping:
			return
		default:
		}
		select {
		case <-b.wake:
			woken = true
		default:
		}
		if err := b.letOthers(); fatal(err) {
			b.fail(nil, err)
			return
		}
		batch = b.sends.join(batch)
		results := len(batch)
		if first != nil {
			batch = append(batch, first)
		}
	more:
		for len(batch) < results+batchLimit {
			select {
			case r := <-b.requests:
				batch = append(batch, r)
			default:
				break more
			}
		}
		if woken || len(batch) > 0 {
			b.serve(batch)
			b.sends.joined(batch[:results])
		}
		clear(batch)
		batch = batch[:0]
	}
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
		// A query is taken when it is run, so that its caller can leave until then.
		if r.query != nil || r.state.CompareAndSwap(requestWaits, requestTaken) {
			batch[n] = r
			n++
		}
	}
	batch = batch[:n]
	for {
		b.rivals.begin()
		out, err := b.decide(batch)
		b.rivals.end(out == appended && b.proved)
		if out == appended && !b.certain(batch) {
			// Refusals and no-ops say how things are. Make sure that they are so.
			out, err = b.confirm()
		} else if out == conflicted {
			b.rivals.met()
			err = b.others()
			if err != nil {
				out = unknown
			}
		}
		switch {
		case out == conflicted:
			continue
		case fatal(err):
			b.fail(batch, err)
			return
		}
		// The timer comes before the answers: whoever moves a fake clock after one
		// finds it set, and who waits for the sends finds them begun.
		if out == appended {
			b.late = false
			b.reported(batch, true)
			b.arm(true)
			b.answer(batch)
			b.snapshots.look()
			return
		}
		if out == unknown && errors.Is(err, ErrTrimmed) {
			// Whose record took the place of ours is no longer kept.
			if err := b.others(); fatal(err) {
				b.fail(batch, err)
				return
			}
		}
		if b.due && !b.late {
			b.late, b.lateSince = true, b.at
		}
		b.reported(batch, false)
		b.arm(false)
		b.retryLater()
		b.giveUp(batch, out, err)
		return
	}
}

// reported tells the senders whose results are decided: all, or those that were
// stored before the batch was given up.
func (b *Board) reported(batch []*request, all bool) {
	for _, r := range batch {
		if r.lane != 0 && (all || r.final) {
			b.sends.over(r.lane)
		}
	}
}

// decide takes the state to now, decides every request that is not final yet,
// and appends.
func (b *Board) decide(batch []*request) (outcome, error) {
	if err := b.skew.check(); err != nil {
		b.disown()
		return refused, err
	}
	if b.disowned { // it was asked for the time while it was wrong
		b.disowned = false
		b.unlearn()
	}
	now := b.now()
	at, due := b.floor.Next()
	due = due && !at.After(now)
	if due && b.late {
		// Nobody served since the deadline, or since it could first not be stored:
		// how far a fake clock jumped before that proves nothing.
		if at.Before(b.lateSince) {
			at = b.lateSince
		}
		if now.Sub(at) > b.config.Lateness {
			b.config.Logger.Warn("nobody served the board", "from", b.floor.Now(), "to", now)
			b.floor.Outage(now)
			b.step()
		}
	}
	b.due = due
	if out, err := b.advance(now, nil); out != appended {
		return out, err
	}
	for i, r := range batch {
		if r.final || r.query != nil {
			continue
		}
		r.res, r.err = b.floor.Do(now, r.cmd)
		b.step()
		r.steps = len(b.steps)
		if out, err := b.advance(now, batch[:i+1]); out != appended {
			return out, err
		}
	}
	return b.flush(batch)
}

// disown forgets what the clock has said since the last event: it is wrong. What
// cannot be served until it is right is nobody's fault.
func (b *Board) disown() {
	b.disowned = true
	b.unlearn()
	b.due = false
	if !b.late {
		b.late, b.lateSince = true, time.Time{}
	}
}

// unlearn takes the board's time back to the last event.
func (b *Board) unlearn() {
	b.floor.Rewind()
	b.at, b.raw = b.floor.Now(), b.config.Clock.Now()
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

// flush appends the events since the last flush. With each record that is
// stored, the requests are final whose steps are in the log, refusals and
// no-ops between them included: nobody was first.
func (b *Board) flush(decided []*request) (outcome, error) {
	events := b.floor.Events()
	from, stored := 0, 0
	b.proved = false
	data := b.appends.buffer()
	for len(b.steps) > 0 {
		n, to := 0, from
		var err error
		body := data[:headRoom]
		for n < len(b.steps) {
			end := b.steps[n]
			mark := len(body)
			for i := to; i < end && err == nil; i++ {
				body, err = b.writer.event(body, &events[i])
			}
			if err != nil {
				break
			}
			if n > 0 && len(body) > b.room {
				body = body[:mark]
				break
			}
			to, n = end, n+1
		}
		if err != nil {
			return b.partly(events, from, refused, fmt.Errorf("%w: %w", ErrRefused, err))
		}
		p, out, err := b.append(to-from, body)
		if out != appended {
			return b.partly(events, from, out, err)
		}
		b.publish(events[from:to])
		b.reached(p, true)
		b.snapshots.passed(events[from:to], true)
		from, stored = to, stored+n
		b.steps = b.steps[:copy(b.steps, b.steps[n:])]
		for _, r := range decided {
			r.final = r.final || r.query == nil && r.steps <= stored
		}
		data = body
	}
	b.proved = from > 0
	b.floor.Commit()
	return appended, nil
}

// commit names the next append. No other Board, of whatever node and before or
// after this one, gives the same name. It is valid until the next call.
func (b *Board) commit() []byte {
	b.commits++
	b.name = strconv.AppendUint(append(append(b.name[:0], b.id...), '-'), b.commits, 10)
	return b.name
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

// append puts one record into the log, of the events in the appender's buffer, and
// finds out what became of it.
func (b *Board) append(events int, buffer []byte) (Position, outcome, error) {
	commit := b.commit()
	data := b.appends.assemble(b.writer, commit, events, buffer)
	if b.largest > 0 && len(data) > b.largest {
		return 0, refused, &SizeError{Size: len(data), Max: b.largest} // one step alone
	}
	if b.appends.direct() {
		p, err := b.appends.atOnce(b.position, data)
		switch {
		case err == nil:
			return p, appended, nil
		case errors.Is(err, ErrConflict):
			return 0, conflicted, err
		}
		return 0, refused, err
	}
	deadline := time.Now().Add(b.config.AppendTimeout)
	doubt := false // an attempt may have been stored
	for {
		p, err := b.appends.do(b.position, data, deadline, b.stopping)
		switch {
		case err == nil:
			return p, appended, nil
		case errors.Is(err, ErrConflict):
			// The winner may be an earlier attempt of ours, even one that the store
			// made by itself.
			return b.winner(string(commit), err)
		case errors.Is(err, ErrRefused) && !doubt:
			return 0, refused, err
		}
		// It may have been stored, or may still be. Asking again with the same
		// commit is safe: at most one of them can be at this place.
		if !doubt {
			b.config.Logger.Warn("an append failed", "err", err)
		}
		doubt, b.doubt = true, true
		if errors.Is(err, errAppendTimeout) {
			return 0, unknown, err
		}
		select {
		case <-time.After(min(20*time.Millisecond, time.Until(deadline))):
		case <-b.stopping:
			return 0, unknown, err
		}
		if time.Until(deadline) <= 0 {
			return b.winner(string(commit), err)
		}
	}
}

// winner finds out whether the record past the present position is the one with
// that commit. It returns the cause when there is none or it is another's.
func (b *Board) winner(commit string, cause error) (Position, outcome, error) {
	ctx, cancel := context.WithTimeout(b.reads, b.config.AppendTimeout)
	defer cancel()
	for rec, err := range b.log.Read(ctx, b.position) {
		got := ""
		if err == nil {
			got, _, err = b.reader.record(rec)
		}
		switch {
		case err != nil:
			// Were it taken for another's, and read later as ours, its commands
			// would be carried out twice.
			b.doubt = true
			return 0, unknown, err
		case got == commit:
			return rec.Position, appended, nil
		}
		return 0, conflicted, cause
	}
	b.doubt = true
	return 0, unknown, cause
}

// certain reports whether an append has confirmed every answer, or none needs
// it.
func (b *Board) certain(batch []*request) bool {
	if b.proved {
		return true
	}
	if b.doubt {
		return false
	}
	for _, r := range batch {
		if !r.final {
			return b.exclusive()
		}
	}
	return true
}

// confirm makes sure that nobody else has appended. It may find that somebody
// has, and takes that in.
//
// While the outcome of an append is not known, reading is not enough: it may
// still arrive. A record without events takes its place, and then it cannot.
func (b *Board) confirm() (outcome, error) {
	before := b.position
	if err := b.others(); err != nil {
		return unknown, err
	}
	if b.position != before {
		return conflicted, nil
	}
	if !b.doubt {
		return appended, nil
	}
	p, out, err := b.append(0, b.appends.buffer())
	switch out {
	case appended:
		b.reached(p, true)
	case conflicted:
		if err = b.others(); err != nil {
			out = unknown
		}
	}
	return out, err
}

// others takes in what others have appended.
func (b *Board) others() error {
	ctx, cancel := context.WithTimeout(b.reads, b.config.AppendTimeout)
	defer cancel()
	err := b.readOn(ctx)
	if errors.Is(err, ErrTrimmed) {
		err = b.reload(err)
	}
	b.readAt()
	return err
}

// answer runs the queries and answers everybody.
func (b *Board) answer(batch []*request) {
	for _, r := range batch {
		if r.query == nil {
			b.reply(r)
		} else if r.take() {
			r.err = r.look(b.floor)
			b.reply(r)
		}
	}
}

// giveUp answers everybody after a failed append: the state is as it was.
func (b *Board) giveUp(batch []*request, out outcome, err error) {
	b.config.Logger.Error("an append was given up", "err", err)
	for _, r := range batch {
		switch {
		case r.query != nil:
			if !r.take() {
				continue
			}
			stale := &StaleError{AsOf: b.floor.Now(), Err: err}
			if r.err = r.look(b.floor); r.err != nil {
				r.err = fmt.Errorf("%w (%w)", r.err, stale)
			} else {
				r.err = stale
			}
		case r.final:
		case out == refused:
			r.err = err
		default:
			r.err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
		}
		b.reply(r)
	}
}

// fatal reports whether the log holds what this Board cannot read.
func fatal(err error) bool {
	if err == nil {
		return false
	}
	corrupt, tooNew := (*CorruptError)(nil), (*FormatError)(nil)
	return errors.As(err, &corrupt) || errors.As(err, &tooNew)
}

// fail stops serving for good.
func (b *Board) fail(batch []*request, err error) {
	b.failure.Store(&err)
	b.config.Logger.Error("the board stops serving", "err", err)
	for _, r := range batch {
		if r.query != nil && !r.take() {
			continue
		}
		if !r.final {
			if r.err = b.closedError(); b.doubt {
				r.err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, r.err)
			}
		}
		b.reply(r)
	}
	b.tail.stop()
	b.rouse() // the committer ends
}

// publish hands committed events to the streams and to the senders.
func (b *Board) publish(events []floor.Event) {
	b.tail.add(events, b.position)
	b.sends.look(events)
	b.archives.see(events)
	b.erasures.see(events)
}

// arm sets the one timer for the earliest deadline. A timer that is set for
// earlier stays: it only wakes, and then is set again. What is overdue is served
// at once, unless that has just failed.
func (b *Board) arm(served bool) {
	b.archives.start()
	b.erasures.start()
	b.sends.start()
	at, ok := b.floor.Next()
	if ok && !b.own && !b.exclusive() {
		at = at.Add(b.jitter)
	}
	if look, some := b.sends.nextLook(); some && (!ok || look.Before(at)) {
		at, ok = look, true
	}
	if !ok {
		return
	}
	// By the clock, which may be behind the board's time. A timer that rang since
	// the clock was last read has roused the committer.
	if left := b.armed.Sub(b.raw); b.timer != nil && left > 0 && left <= at.Sub(b.at) {
		return
	}
	d := at.Sub(b.now())
	wake := b.raw.Add(d)
	b.stopTimer()
	if d <= 0 {
		if served {
			b.rouse()
		}
		return
	}
	b.armed = wake
	b.timer = b.config.Clock.AfterFunc(d, b.rouse)
	if b.config.Clock.Now().Sub(b.raw) >= time.Millisecond {
		// A fake clock was moved meanwhile, so the timer is late by that.
		b.stopTimer()
		b.rouse()
	}
}

// retryLater makes the committer try again soon, in real time: a store that is
// back is noticed although nobody asks for anything.
func (b *Board) retryLater() {
	d := min(time.Second, b.config.AppendTimeout)
	if b.retry == nil {
		b.retry = time.AfterFunc(d, b.rouse)
	} else {
		b.retry.Reset(d)
	}
}

func (b *Board) stopTimer() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}

func (b *Board) stopTimers() {
	b.stopTimer()
	if b.retry != nil {
		b.retry.Stop()
	}
}

// rouse makes the committer look at the time.
func (b *Board) rouse() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
