package messenger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// chunk is how many events are in memory, and on their way to Boards, at the same time:
// a body of a megabyte may hold half a million.
const chunk = 64

// take gives the events of a signed body to their Boards and returns the status.
// Whatever can never succeed is counted and answered with 200: repeating it would
// only make Meta stop sending for the page.
func (w *Webhook) take(ctx context.Context, body []byte) int {
	events, err := Events(body)
	if err != nil {
		w.stats.unparsable.Add(1)
		return http.StatusOK
	}
	d := delivery{w: w, ctx: ctx}
	for e := range events {
		d.add(e)
		if d.held >= chunk {
			d.flush()
			if ctx.Err() != nil {
				return http.StatusServiceUnavailable
			}
		}
	}
	d.flush()
	if d.unavailable {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// delivery gives the events of one body to their Boards.
type delivery struct {
	w     *Webhook
	ctx   context.Context
	lanes []lane
	held  int
	page  conversation.Source // whose Board was looked up last
	to    Receiver

	mu          sync.Mutex
	unavailable bool
	waiting     map[threadKey]bool
}

// lane has events of one thread, in order. Lanes run side by side, so that a Board that
// hangs does not keep other pages from theirs, and one that commits in groups gets groups.
type lane struct {
	thread threadKey
	to     Receiver
	events []Event
}

// add counts an event and puts it into its lane.
func (d *delivery) add(e Event) {
	w := d.w
	w.stats.received.Add(1)
	if e.Kind == KindMalformed {
		w.stats.unparsable.Add(1)
		return
	}
	var to Receiver
	if e.Page != "" && e.Channel != "" {
		if to = d.receiver(e.Page); to == nil {
			w.stats.unknownPages.Add(1)
			return
		}
	}
	if w.c.OnEvent == nil && (to == nil || !e.forBoards()) {
		w.stats.ignored.Add(1) // at once: there may be half a million of them
		return
	}
	d.held++
	k := threadKey{e.Page, e.Customer}
	for i := range d.lanes {
		if l := &d.lanes[i]; l.thread == k {
			l.events = append(l.events, e)
			return
		}
	}
	d.lanes = append(d.lanes, lane{thread: k, to: to, events: []Event{e}})
}

// receiver returns who takes what happens on a page.
func (d *delivery) receiver(page conversation.Source) Receiver {
	if page != d.page {
		d.page, d.to = page, d.w.c.Boards(page)
		if d.to != nil {
			d.w.heard(page)
		}
	}
	return d.to
}

// flush delivers what the lanes hold and waits until that is done.
func (d *delivery) flush() {
	if len(d.lanes) == 1 {
		d.run(&d.lanes[0])
	} else {
		var wait sync.WaitGroup
		for i := range d.lanes {
			wait.Go(func() { d.run(&d.lanes[i]) })
		}
		wait.Wait()
	}
	clear(d.lanes)
	d.lanes, d.held = d.lanes[:0], 0
}

// run delivers the events of a lane. After one that cannot be taken now the customer's
// later ones wait too, so that they keep their order when all come again.
func (d *delivery) run(l *lane) {
	for i := range l.events {
		if d.blocked(l.thread) {
			d.w.stats.unavailable.Add(1)
			continue
		}
		if !d.event(l.to, &l.events[i]) {
			d.block(l.thread)
		}
	}
}

func (d *delivery) blocked(k threadKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting[k]
}

func (d *delivery) block(k threadKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == nil {
		d.waiting = make(map[threadKey]bool)
	}
	d.waiting[k] = true
	d.unavailable = true
}

// event delivers one event and reports false when it has to come again. A panic of the
// host's code or of ours costs this event alone.
func (d *delivery) event(to Receiver, e *Event) (taken bool) {
	w := d.w
	defer func() {
		if p := recover(); p != nil {
			w.stats.panics.Add(1)
			w.c.Logger.ErrorContext(d.ctx, "messenger: an event caused a panic", "page", e.Page, "kind", e.Kind, "panic", fmt.Sprintf("%T", p))
			taken = true
		}
	}()
	if w.c.Traffic != nil && to != nil {
		w.c.Traffic.See(e)
	}
	if w.c.OnEvent != nil {
		if err := w.c.OnEvent(d.ctx, e); err != nil {
			return d.failed(e, err)
		}
	}
	if to == nil || e.Standby && !w.c.Standby && (e.Kind == KindMessage || e.Kind == KindPostback) {
		w.stats.ignored.Add(1)
		return true
	}
	commands := e.Commands()
	if len(commands) == 0 {
		w.stats.ignored.Add(1)
		return true
	}
	kept := false
	for _, c := range commands {
		res, err := to.Do(d.ctx, c)
		if err != nil {
			return d.failed(e, err)
		}
		kept = kept || res.Kept
	}
	w.stats.delivered.Add(1)
	if kept {
		w.stats.kept.Add(1)
	}
	return true
}

// failed counts and logs why an event was not taken. It reports whether that is final.
func (d *delivery) failed(e *Event, err error) bool {
	w := d.w
	switch {
	case errors.Is(err, conversation.ErrStale):
		w.stats.refusedStale.Add(1)
	case final(err):
		w.stats.refusedOther.Add(1)
	default:
		w.stats.unavailable.Add(1)
		w.c.Logger.ErrorContext(d.ctx, "messenger: event not taken", "page", e.Page, "kind", e.Kind, "error", err)
		return false
	}
	w.c.Logger.WarnContext(d.ctx, "messenger: event refused", "page", e.Page, "kind", e.Kind, "error", err)
	return true
}

// final reports whether an event will never be taken.
func final(err error) bool {
	refusal := (*conversation.Refusal)(nil)
	if errors.As(err, &refusal) {
		return true
	}
	for _, e := range []error{
		conversation.ErrInbound, conversation.ErrStale, conversation.ErrCommand, switchboard.ErrCommand,
		routing.ErrUnknown, routing.ErrRemoved,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
