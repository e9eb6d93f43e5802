package floor

import (
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Apply takes an event from the log. Events come in order, and what Apply does
// depends on nothing but the event and the state.
func (f *Floor) Apply(e *Event) {
	f.begin()
	f.seq = e.Seq
	f.apply(e)
	f.settle, f.adrift, f.given = f.settle[:0], f.adrift[:0], false // what follows from it is in the log too
	f.arrivals = f.arrivals[:0]
}

func (f *Floor) apply(e *Event) {
	f.last = e.At
	if e.At.After(f.now) {
		f.now = e.At
	}
	r := remembered{}
	switch b := e.Body.(type) {
	case conversation.Event:
		r.conversation = b.ConversationID()
		switch m := b.(type) {
		case conversation.MessageAdded:
			r.message = m.Message.No
		case conversation.Opened:
			r.message = 1 // the one that opens it
		}
		f.applyConv(e, b)
	case agent.Event:
		f.applyAgent(e, b)
	case routing.KeyUsed:
		r.conversation, r.message = b.Conversation, b.Message
	case routing.NodeAlive:
		f.applyAlive(e, b)
	case routing.ChangeKept:
		f.early.put(&keptChange{e.Seq, keyOf(&b), e.By, e.At, b})
	case routing.Event:
		f.applyRouting(e, b)
	}
	if e.Key != "" {
		f.keys.add(keyDigest(e.By, e.Key), e.At, r)
	}
}

func keyDigest(by agent.Actor, key string) digest { return digestOf(by.String(), key) }

func (f *Floor) applyConv(e *Event, b conversation.Event) {
	id := b.ConversationID()
	switch b := b.(type) {
	case conversation.MessageUnsent:
		if b.Away {
			f.addAway(e, &b)
			return
		}
	case conversation.MessageEmptied:
		f.dropAway(&b)
		return
	case conversation.Forgotten:
		if c := f.convs.get(id); c != nil {
			f.drop(c)
		}
		return
	}
	c := f.convs.get(id)
	opened := c == nil
	if opened {
		if _, ok := b.(conversation.Opened); !ok {
			return
		}
		c = &convRec{}
		c.timer.Owner = c
	}
	f.touchConv(c)
	was := c.v.State
	c.v.Apply(e.At, e.Seq, b)
	if opened {
		f.convs.put(c)
	}
	if was > conversation.Queued && c.v.State == conversation.Queued {
		f.adrift = append(f.adrift, c)
	}
	switch b := b.(type) {
	case conversation.MessageAdded:
		f.applyMessage(e, c, b.Message)
		return
	case conversation.MessageEdited, conversation.MessageUnsent, conversation.Reacted, conversation.ReceiptAdvanced, conversation.AttributesSet,
		conversation.TranscriptCut:
		return
	case conversation.SendSettled:
		f.came(c, b.ExternalID, e.At)
		f.giveLane(c)
		f.indexTimer(c)
		return
	case conversation.SendDeferred, conversation.SendDue, conversation.LaneTaken:
		f.giveLane(c)
		f.indexTimer(c)
		return
	case conversation.Opened:
		f.setCustomer(c.customer(), id)
	case conversation.OfferMade:
		if a := f.agent(b.Agent); a != nil {
			f.touchAgent(a)
			a.v.Offered(e.Seq)
		}
	case conversation.Accepted:
		if a := f.agentIn(c, b.Agent); a != nil {
			f.touchAgent(a)
			a.v.Took(e.Seq)
		}
		if q := f.queueOf(b.Queue); q != nil && b.Kind == conversation.FromQueue {
			f.touchPace(q)
			q.v.pace = q.v.pace.Left(e.At)
		}
	case conversation.SeatEnded:
		if a := f.agentIn(c, b.Agent); a != nil {
			f.touchAgent(a)
			a.v.SeatClosed(e.Seq)
			defer f.indexAgent(a)
		}
	case conversation.Completed: // it has ended: nothing but the time is left of it
		f.indexTimer(c)
		return
	}
	f.indexConv(c)
}

// drop takes the conversation out of the state. It stays as it was, so there is
// nothing to copy for undoing.
func (f *Floor) drop(c *convRec) {
	f.keep(c)
	if f.customers.leave(c) {
		f.journal.moved = append(f.journal.moved, customerBefore{c.customer(), c.v.ID})
	}
	f.unindexConv(c)
	f.convs.leave(c.v.ID)
	f.journal.gone = append(f.journal.gone, c)
}

func (f *Floor) applyMessage(e *Event, c *convRec, m *conversation.Message) {
	f.came(c, m.ExternalID, e.At)
	if m.ExternalID != "" {
		f.seen.add(f.inboundDigest(c.v.Channel, c.v.Source, m.ExternalID), e.At, remembered{conversation: c.v.ID, message: m.No})
	}
	if m.Delivery != nil {
		f.giveLane(c)
	}
	f.indexTimer(c)
}

// inboundDigest is the key of an inbound id. It is asked for when a message comes,
// and again when it is taken.
func (f *Floor) inboundDigest(ch conversation.Channel, s conversation.Source, id string) digest {
	if d := &f.digested; d.id != id || d.source != s || d.channel != ch {
		f.digested = inboundKey{ch, s, id, digestOf(string(ch), string(s), id)}
	}
	return f.digested.digest
}

type inboundKey struct {
	channel conversation.Channel
	source  conversation.Source
	id      string
	digest  digest
}

func (f *Floor) applyAgent(e *Event, b agent.Event) {
	a := f.agent(b.AgentID())
	if a == nil {
		return
	}
	f.touchAgent(a)
	a.v.Apply(e.At, e.Seq, e.By, b)
	f.indexAgent(a)
}

// indexConv brings the indexes in line with the conversation: what it holds of
// agents, whether it waits, its deadline.
func (f *Floor) indexConv(c *convRec) {
	f.indexHolds(c)
	v := &c.v
	if v.State == conversation.Queued {
		var exclude, prefer *routing.Candidate
		if x := v.Exclusion; x != nil {
			if a := f.agent(x.Agent); a != nil {
				exclude = &a.candidate
			}
		}
		if p := v.Preference; p != nil {
			if a := f.agent(p.Agent); a != nil {
				prefer = &a.candidate
			}
		}
		if q := f.queueOf(v.Queue); q != nil && q.v.deleted {
			f.adrift = append(f.adrift, c)
		}
		f.router.Wait(&c.waiter, v.ID, v.Queue, v.Medium, v.Priority, v.WaitingSince, v.Relaxed(), exclude, prefer)
	} else {
		f.router.Unwait(&c.waiter)
	}
	f.indexTimer(c)
}

// unindexConv takes the conversation out of every index.
func (f *Floor) unindexConv(c *convRec) {
	holds := c.holds()
	for i := range holds {
		f.release(c, &holds[i])
	}
	if h := c.held; h != nil {
		c.held = nil
		clear(h.list)
		h.list = h.list[:0]
		f.holdings = append(f.holdings, h)
	}
	f.router.Unwait(&c.waiter)
	f.deadlines.convs.Remove(&c.timer)
}

func (f *Floor) indexTimer(c *convRec) {
	d, _, _ := c.v.Next()
	setTimer(&f.deadlines.convs, &c.timer, d)
}

// indexHolds counts what the conversation holds of agents.
func (f *Floor) indexHolds(c *convRec) {
	var room [4]hold
	now := room[:0]
	if o := c.v.Offer; o != nil {
		if a := f.agentIn(c, o.Agent); a != nil {
			now = append(now, hold{a, holdOffer, true})
		}
	}
	for i := range c.v.Seats {
		s := &c.v.Seats[i]
		if s.State == conversation.SeatClosed {
			continue
		}
		if a := f.agentIn(c, s.Agent); a != nil {
			kind := holdLive
			if s.State == conversation.SeatWrapping {
				kind = holdWrap
			}
			now = append(now, hold{a, kind, s.HoldsSlot()})
		}
	}
	was := c.holds()
	if slices.Equal(now, was) {
		return
	}
	if len(now) == 1 && len(was) == 1 && now[0].agent == was[0].agent { // its offer becomes a seat, and that a wrap-up
		a := now[0].agent
		now[0].count(1)
		was[0].count(-1)
		was[0] = now[0]
		f.released(a)
		return
	}
	for i := range now {
		f.take(c, &now[i])
	}
	var old [4]hold
	if len(was) > len(old) {
		was = append([]hold(nil), was...)
	} else {
		was = old[:copy(old[:], was)]
	}
	if c.held == nil {
		c.held = f.newHolding()
	}
	c.held.list = append(c.held.list[:0], now...)
	for i := range was {
		f.release(c, &was[i])
	}
	for i := range was {
		f.released(was[i].agent)
	}
	for i := range now {
		f.indexAgent(now[i].agent)
	}
}

// newHolding is one that holds nothing.
func (f *Floor) newHolding() *holding {
	if last := len(f.holdings) - 1; last >= 0 {
		h := f.holdings[last]
		f.holdings = f.holdings[:last]
		return h
	}
	h := new(holding)
	h.list = h.room[:0]
	return h
}

// count adds what is held, n times, to what the agent has.
func (h *hold) count(n int) {
	a := h.agent
	switch h.kind {
	case holdOffer:
		a.load.Offers += n
	case holdLive:
		a.load.Live += n
	case holdWrap:
		a.load.Wrapping += n
	}
	if h.slot {
		a.slots += n
	}
}

// released follows the release of something of the agent.
func (f *Floor) released(a *agentRec) {
	f.indexAgent(a)
	if a.v.Pending && !a.load.Engaged() {
		f.settle = append(f.settle, a)
	}
}

func (f *Floor) take(c *convRec, h *hold) {
	h.count(1)
	a := h.agent
	if a.in == nil {
		a.in = a.room[:0]
	}
	a.in = append(a.in, c)
}

func (f *Floor) release(c *convRec, h *hold) {
	h.count(-1)
	a := h.agent
	for i, in := range a.in {
		if in == c {
			last := len(a.in) - 1
			a.in[i] = a.in[last]
			a.in[last] = nil
			a.in = a.in[:last]
			break
		}
	}
}

// indexAgent brings the router and the deadlines in line with the agent.
func (f *Floor) indexAgent(a *agentRec) {
	free := a.capacity - a.slots
	st := routing.StandingOf(&a.v, 1)
	if a.deleted {
		st = routing.SignedOut
	}
	f.router.Update(&a.candidate, st, conversation.Social, free, a.v.Place, a.v.Turn)
	setTimer(&f.deadlines.agents, &a.timer, a.v.Next())
}

func (f *Floor) indexQueue(q *queueRec) {
	f.setRules(q)
	f.router.SetQueue(q.v.entry.ID, q.v.entry.Strategy, q.v.open && !q.v.deleted)
	d := q.v.next
	if q.v.deleted {
		d = agent.Deadline{}
	}
	setTimer(&f.deadlines.queues, &q.timer, d)
}

// reroute tells the router again which agents serve which queues.
func (f *Floor) reroute() {
	for _, id := range sortedKeys(f.queues) {
		f.indexQueue(f.queues[id])
	}
	for _, id := range sortedKeys(f.agents) {
		f.routeAgent(f.agents[id])
		f.indexAgent(f.agents[id])
	}
}

// routeAgent tells the router which queues the agent serves.
func (f *Floor) routeAgent(a *agentRec) {
	a.capacity = a.entry.Slots(conversation.Social)
	if a.deleted {
		f.router.DeleteAgent(&a.candidate)
		return
	}
	var serves []conversation.QueueID
	for _, id := range sortedKeys(f.queues) {
		if q := &f.queues[id].v; !q.deleted && servedBy(&q.entry, &a.entry) {
			serves = append(serves, id)
		}
	}
	f.router.SetAgent(&a.candidate, a.entry.ID, serves, a.entry.Skills)
}

func servedBy(q *routing.Queue, a *routing.Agent) bool {
	for _, id := range q.Agents {
		if id == a.ID {
			return true
		}
	}
	for _, t := range q.Teams {
		for _, of := range a.Teams {
			if t == of {
				return true
			}
		}
	}
	return false
}

func deadlineAt(at time.Time, set uint64) agent.Deadline {
	if at.IsZero() {
		return agent.Deadline{}
	}
	return agent.Deadline{At: at, Set: set}
}
