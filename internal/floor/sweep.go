package floor

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// sweep is work that concerns very many conversations: it is done in steps, all
// at the instant of the event that asked for it, and goes on after a crash,
// because it is part of the state.
type sweep struct {
	source conversation.Source
	queue  conversation.QueueID
	outage bool
	set    uint64

	// todo is what is left, found when the sweep begins; nil when it has to be
	// found (again).
	todo  []conversation.ID
	found bool
}

// sweep takes one step of the oldest sweep, and reports whether there was one.
func (f *Floor) sweep() bool {
	if len(f.sweeps) == 0 {
		return false
	}
	s := &f.sweeps[0]
	if s.outage {
		return f.sweepOutage(s)
	}
	if !s.found {
		s.todo, s.found = f.find(s), true
	}
	n := min(len(s.todo), stepLimit)
	todo := s.todo[:n]
	s.todo = s.todo[n:]
	left := len(s.todo)
	source, queue := s.source, s.queue
	for _, id := range todo {
		if c := f.convs.get(id); c != nil {
			if source != "" {
				f.interrupt(c)
			} else {
				f.sweepQueue(c, queue)
			}
		}
	}
	if left == 0 {
		if source != "" {
			f.emit(routing.SourceSwept{Source: source})
		} else {
			f.emit(routing.QueueSwept{Queue: queue})
		}
	}
	return true
}

// find returns the conversations that a sweep concerns, by ID.
func (f *Floor) find(s *sweep) []conversation.ID {
	var ids []conversation.ID
	for c := range f.convs.all() {
		switch {
		case s.source != "" && c.v.Source == s.source && c.v.State.Open(),
			s.source == "" && c.v.Queue == s.queue && c.v.State == conversation.Queued:
			ids = append(ids, c.v.ID)
		}
	}
	return ids
}

// interrupt deals with a conversation whose source is gone (E33 to E37).
func (f *Floor) interrupt(c *convRec) {
	if c.v.State.Open() {
		f.must(c, conversation.Interrupt{Conversation: c.v.ID})
	}
}

// sweepQueue deals with a conversation that waits in a queue that has closed or
// is deleted (E84, E88).
func (f *Floor) sweepQueue(c *convRec, id conversation.QueueID) {
	q := f.queueOf(id)
	if c.v.Queue != id {
		return
	}
	if q.v.deleted {
		// What is offered goes on: it moves only if nobody accepts.
		if to := f.queue(id); to != nil && c.v.State == conversation.Queued {
			w := f.waitIn(to, c.v.Needs, c.v.WaitingSince)
			f.must(c, conversation.Requeue{Conversation: c.v.ID, Wait: w, Cause: conversation.MovedDrain})
			f.greet(c)
		}
		return
	}
	if c.v.State != conversation.Queued || q.v.open {
		return
	}
	switch q.v.entry.AtClosing {
	case routing.CloseNotify:
		f.greet(c)
	case routing.CloseOverflow:
		if to := f.overflowFrom(&c.v, q); to != nil {
			f.moveOn(c, to)
		}
	case routing.CloseEnd:
		f.must(c, conversation.Finish{Conversation: c.v.ID, Cause: conversation.EndedClosed})
	}
}

// Outage says that nobody served the board from the last event until to. What
// waited for a person gets its remaining time again from then.
func (f *Floor) Outage(to time.Time) {
	f.begin()
	f.engine()
	f.emit(routing.Outage{From: f.now, To: to})
}

// sweepOutage restarts offers, invitations and grace times that ran when the
// outage began.
func (f *Floor) sweepOutage(s *sweep) bool {
	from, to := f.outage.From, f.outage.To
	if !s.found {
		for c := range f.convs.all() {
			if o := c.v.Offer; o != nil && o.Deadline.Set < s.set {
				s.todo = append(s.todo, c.v.ID)
			}
		}
		s.found = true
	}
	n := min(len(s.todo), stepLimit)
	todo := s.todo[:n]
	s.todo = s.todo[n:]
	set, left := s.set, len(s.todo)
	for _, id := range todo {
		c := f.convs.get(id)
		if o := c.v.Offer; o != nil && o.Deadline.Set < set {
			f.emit(conversation.OfferRestarted{Conversation: id, Agent: o.Agent, Deadline: to.Add(o.Deadline.At.Sub(from))})
		}
	}
	if left > 0 {
		return true
	}
	for _, id := range sortedKeys(f.agents) {
		if a := f.agent(id); a.v.Grace.Pending() && a.v.Grace.Set < set {
			f.emit(agent.GraceRestarted{Agent: id, Grace: to.Add(a.v.Grace.At.Sub(from))})
		}
	}
	f.emit(routing.OutageOver{})
	return true
}

// outageOver lets the routing go on when time reaches the end of an outage that
// it had not reached before. It reports whether there was anything to do.
func (f *Floor) outageOver(next time.Time) bool {
	if !f.outage.To.After(f.now) || next.Before(f.outage.To) {
		return false
	}
	f.now = f.outage.To
	return f.route()
}
