package floor

import (
	"slices"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Advance takes one step of what is due at now: work left over at the present
// instant, or else the earliest deadline not after now, at its own instant. It
// returns false when nothing is left; then the floor stands at now. Call it
// until then before a command or a query.
func (f *Floor) Advance(now time.Time) bool {
	f.begin()
	more := f.advance(now)
	f.lendIfGiven()
	return more
}

func (f *Floor) advance(now time.Time) bool {
	f.engine()
	if f.sweep() || f.route() {
		f.follow()
		return true
	}
	if f.now.After(now) {
		now = f.now
	}
	k, of := f.deadlines.earliest()
	if of == ofNobody || k.At > now.UnixNano() {
		if f.outageOver(now) {
			return true
		}
		if now.After(f.now) {
			f.now = now
		}
		return false
	}
	at := time.Unix(0, k.At).UTC()
	if f.outageOver(at) {
		return true
	}
	if at.After(f.now) {
		f.now = at
	}
	switch of {
	case ofConversation:
		f.convDue(f.deadlines.convs.Min().Owner)
	case ofAgent:
		f.agentDue(f.deadlines.agents.Min().Owner)
	default:
		f.queueDue(f.deadlines.queues.Min().Owner)
	}
	f.engine()
	f.follow()
	f.route()
	f.follow()
	return true
}

// convDue acts upon the conversation's earliest deadline.
func (f *Floor) convDue(c *convRec) {
	_, due, seat := c.v.Next()
	switch due {
	case conversation.DueOffer:
		f.missed(c)
	case conversation.DueMaxWait:
		f.overflow(c)
	case conversation.DueWrapUp:
		f.must(c, conversation.CloseWrapUp{Conversation: c.v.ID, Seat: seat, Cause: conversation.CloseTimeLimit})
	default:
		f.must(c, conversation.Tick{Conversation: c.v.ID})
	}
}

// must decides a command that the state is known to allow. Should it not, the
// deadline that led here is dropped, so that time goes on.
func (f *Floor) must(c *convRec, cmd conversation.Command) {
	before := f.seq
	err := f.convStep(c, cmd, f.rulesOf(&c.v))
	if (err != nil || f.seq == before) && c.timer.In() && c.timer.Key().At <= f.now.UnixNano() {
		f.deadlines.convs.Remove(&c.timer)
	}
}

// missed ends an offer that was not answered in time: the agent is RONA, and
// everything else it was offered is withdrawn (E13).
func (f *Floor) missed(c *convRec) {
	a := f.agent(c.v.Offer.Agent)
	f.must(c, conversation.EndOffer{Conversation: c.v.ID, Outcome: conversation.Expired})
	if a == nil {
		return
	}
	_ = f.agentStep(a, agent.Miss{Agent: a.v.ID})
	f.withdrawAll(a)
}

// withdrawAll withdraws everything that the agent is offered; nobody is to blame.
func (f *Floor) withdrawAll(a *agentRec) {
	for _, c := range f.holding(a) {
		if o := c.v.Offer; o != nil && o.Agent == a.v.ID {
			f.must(c, conversation.EndOffer{Conversation: c.v.ID, Outcome: conversation.Withdrawn})
		}
	}
}

// holding returns the conversations that hold something of the agent, by ID. It
// is valid until the next call.
func (f *Floor) holding(a *agentRec) []*convRec {
	f.targets = append(f.targets[:0], a.in...)
	slices.SortFunc(f.targets, byID)
	f.targets = slices.Compact(f.targets)
	return f.targets
}

func byID(a, b *convRec) int {
	switch {
	case a.v.ID < b.v.ID:
		return -1
	case a.v.ID > b.v.ID:
		return 1
	}
	return 0
}

// overflow moves a conversation whose maximum wait is over.
func (f *Floor) overflow(c *convRec) {
	f.moveOn(c, f.overflowFrom(&c.v, f.queues[c.v.Queue]))
}

// moveOn moves a waiting conversation to the queue, or tells that there is none.
func (f *Floor) moveOn(c *convRec, to *queueRec) {
	if to == nil {
		f.must(c, conversation.Requeue{
			Conversation: c.v.ID, Cause: conversation.MovedNoOverflow,
			Wait: conversation.Wait{Queue: c.v.Queue, Since: c.v.WaitingSince},
		})
		return
	}
	w := f.waitIn(to, c.v.Needs, c.v.WaitingSince)
	f.must(c, conversation.Requeue{Conversation: c.v.ID, Wait: w, Cause: conversation.MovedOverflow, Visited: true})
	f.greet(c)
}

// overflowFrom returns the first queue that takes the overflow of q: not
// visited, not full, taking the channel; nil when there is none.
func (f *Floor) overflowFrom(c *conversation.Conversation, q *queueRec) *queueRec {
	if q == nil {
		return nil
	}
	for _, id := range q.v.entry.Overflow {
		to := f.queueOf(id)
		if to == nil || to.v.deleted || id == c.Queue || slices.Contains(c.Visited, id) || f.full(to) || !takes(&to.v.entry, c.Channel) {
			continue
		}
		return to
	}
	return nil
}

func (f *Floor) full(q *queueRec) bool {
	n := q.v.entry.MaxSize
	return n > 0 && f.router.Waiting(q.v.entry.ID) >= n
}

func takes(q *routing.Queue, ch conversation.Channel) bool {
	return len(q.Channels) == 0 || slices.Contains(q.Channels, ch)
}

// agentDue acts upon the agent's earliest deadline.
func (f *Floor) agentDue(a *agentRec) {
	was := a.v.State
	before := f.seq
	if err := f.agentStep(a, agent.Tick{Agent: a.v.ID}); err != nil || f.seq == before {
		f.deadlines.agents.Remove(&a.timer)
		return
	}
	if was != agent.SignedOut && a.v.State == agent.SignedOut {
		f.leftAlone(a, conversation.CloseGone, f.settings.WhenGone == routing.RequeueSeats, false, false)
	}
}

// leftAlone deals with what an agent held who is no longer there: offers are
// withdrawn; with seats, live seats are closed and their conversations requeued;
// with wraps, wrap-ups are closed with the default reason; with interrupted,
// interrupted conversations end too.
func (f *Floor) leftAlone(a *agentRec, cause conversation.CloseCause, seats, wraps, interrupted bool) {
	f.withdrawAll(a)
	for _, c := range slices.Clone(f.holding(a)) {
		for c.v.ActiveSeat(a.v.ID) != nil && (seats && c.v.State.Live() || interrupted && c.v.State == conversation.Interrupted) {
			before := f.seq
			f.must(c, conversation.DropSeat{Conversation: c.v.ID, Agent: a.v.ID, Cause: cause})
			if f.seq == before {
				break
			}
			if q := f.queueOf(c.v.Queue); q == nil || q.v.entry.AtClosing != routing.CloseOverflow || f.overflowFrom(&c.v, q) == nil {
				f.greet(c)
			}
		}
		if !wraps {
			continue
		}
		for i := range c.v.Seats {
			if s := &c.v.Seats[i]; s.Agent == a.v.ID && s.State == conversation.SeatWrapping {
				f.must(c, conversation.CloseWrapUp{Conversation: c.v.ID, Seat: s.No, Cause: cause})
			}
		}
	}
	f.dropPreferences(a)
}

// dropPreferences lets conversations that wait for the agent go to others.
func (f *Floor) dropPreferences(a *agentRec) {
	for _, id := range f.router.Wanted(&a.candidate) {
		if c := f.convs.get(id); c != nil && c.v.Preference != nil {
			f.emit(conversation.PreferenceDropped{Conversation: id, Agent: a.v.ID})
		}
	}
}

// queueDue opens or closes a queue.
func (f *Floor) queueDue(q *queueRec) {
	next, _ := q.v.schedule.Next(f.now)
	if q.v.schedule.Open(f.now) {
		f.emit(routing.QueueOpened{Queue: q.v.entry.ID, Next: next})
	} else {
		f.emit(routing.QueueClosed{Queue: q.v.entry.ID, Next: next})
	}
}

// follow emits what follows at once from the events so far: agents who have
// closed their last seat become Idle if they asked for it, and what has come
// back to a queue that is deleted or closed has the lot of those who waited there.
func (f *Floor) follow() {
	for len(f.settle) > 0 || len(f.adrift) > 0 || len(f.arrivals) > 0 {
		f.engine()
		f.catchUp()
		adrift := f.adrift
		f.adrift = nil
		slices.SortFunc(adrift, byID)
		for _, c := range slices.Compact(adrift) {
			// One handed over to an agent has been in the queue only in passing.
			if c.v.State == conversation.Queued && f.queues[c.v.Queue] != nil {
				f.sweepQueue(c, c.v.Queue)
			}
		}
		settle := f.settle
		f.settle = nil
		slices.SortFunc(settle, func(a, b *agentRec) int { return strings.Compare(string(a.v.ID), string(b.v.ID)) })
		for _, a := range settle {
			_ = f.agentStep(a, agent.Settle{Agent: a.v.ID})
		}
	}
}

// route makes offers until none is possible, at most stepLimit. It reports
// whether it made any.
func (f *Floor) route() bool {
	if f.outage.To.After(f.now) || len(f.sweeps) > 0 {
		return false // nobody served, or not all of a change has taken effect
	}
	if at, ok := f.deadlines.next(); ok && at <= f.now.UnixNano() {
		return false // what has passed comes first: it may have been overdue
	}
	made := 0
	for ; made < stepLimit; made++ {
		m, ok := f.router.Next(f.now)
		if !ok {
			break
		}
		f.engine()
		c := f.convs.get(m.Waiter.Conversation())
		q := f.queueOf(c.v.Queue)
		offerFor := q.rules.OfferFor
		if offerFor <= 0 {
			offerFor = conversation.DefaultOfferFor
		}
		f.emit(conversation.OfferMade{
			Conversation: c.v.ID, Agent: m.Agent.ID(), Kind: conversation.FromQueue, Queue: c.v.Queue,
			Deadline: f.now.Add(offerFor), Decision: m.Decision,
		})
	}
	return made > 0
}
