package switchboard

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
)

const (
	// leaseReserve is how much longer a lease is than a send needs it: a node that
	// sends all the time writes one this often.
	leaseReserve = 10 * time.Second
	// lookEvery is how often a node looks whether another still sends, and how long
	// a message is left to one that has not been heard of before that is noted.
	lookEvery = 5 * time.Second
)

// lease says how this node holds its lanes. A Send begins only if it will be over
// before the lease is, by whichever clock; to make sure of that may take an
// append.
func (c *Config) lease(shared func() bool) floor.Lease {
	enough := c.SendTimeout + c.MaxSkew + c.AppendTimeout
	return floor.Lease{Shared: shared, Enough: enough, For: enough + leaseReserve, Skew: c.MaxSkew}
}

// hold makes sure that no other node sends the message as long as a Send or Settle
// that begins now may last: that it is this node's, and enough left of the lease.
// It returns the instant, in real time, from which that counts. Otherwise it
// returns what to report when the message is no longer this node's, and nil when the
// Board closes.
func (s *senders) hold(m *floor.Sendable) (from time.Time, lost any, ok bool) {
	b := s.board
	for wait := 10 * time.Millisecond; ; {
		from = time.Now()
		if b.exclusive() {
			return from, nil, true
		}
		now := b.config.Clock.Now()
		if m.Lease.Sub(now) >= b.config.SendTimeout+b.config.MaxSkew {
			return from, nil, true
		}
		cmd := floor.HoldLane{Conversation: m.Conversation, No: m.Message.No, Taken: m.Taken}
		_, err := b.do(s.ctx, Command{By: platform, Do: cmd})
		switch {
		case err == nil:
			m.Lease = now.Add(b.config.lease(nil).Enough)
			continue
		case errors.Is(err, floor.ErrLaneLost):
			return from, cmd, false // refused again, and with that no longer on its way
		case errors.Is(err, ErrClosed) || s.ctx.Err() != nil:
			return from, nil, false
		}
		select {
		case <-time.After(apart(wait, m.Conversation)):
		case <-s.ctx.Done():
			return from, nil, false
		}
		wait = min(2*wait, time.Second)
	}
}

// follow keeps an eye on a lane of another node.
func (s *senders) follow(id conversation.ID) {
	if len(s.foreign) == 0 {
		s.lookAt = s.board.at.Add(lookEvery)
	}
	s.foreign[id] = struct{}{}
	s.board.watch.follow(true)
}

// nextLook is when to look at the lanes of others, if there are any.
func (s *senders) nextLook() (time.Time, bool) { return s.lookAt, len(s.foreign) > 0 }

// resume takes over what was in flight when the board was last open, under this
// node's name or by whomever if nobody else has it open. Only a transport that can
// settle tells what became of it. What could not be taken over for want of the
// store is tried again with the next call.
func (s *senders) resume() {
	if s.resumed {
		return
	}
	alone := s.board.exclusive()
	var lanes []floor.LaneOf
	for _, l := range s.board.floor.Lanes() {
		if _, busy := s.busy[l.Conversation]; busy {
			continue
		}
		if alone || l.Node == s.board.config.Node {
			lanes = append(lanes, l)
		} else {
			s.follow(l.Conversation)
		}
	}
	s.resumed = s.take(lanes, alone)
}

// takeOver looks whether a node that had something to send is gone, and sends it.
func (s *senders) takeOver() {
	b := s.board
	if len(s.foreign) == 0 {
		return
	}
	now := b.now()
	if now.Before(s.lookAt) {
		return
	}
	s.lookAt = now.Add(lookEvery)
	alone := b.exclusive()
	var lanes []floor.LaneOf
	for _, id := range slices.Sorted(maps.Keys(s.foreign)) {
		l, ok := b.floor.Lane(id)
		if !ok || l.Node == b.config.Node {
			delete(s.foreign, id)
			continue
		}
		lost, lend := b.floor.Lost(l, now)
		if alone || lost || lend && now.Sub(l.Ready) >= lookEvery {
			lanes = append(lanes, l)
		}
	}
	b.watch.follow(len(s.foreign) > 0)
	s.take(lanes, alone)
}

// take makes the lanes this node's, as far as the state allows it when that is
// decided. It reports whether the store took it.
func (s *senders) take(lanes []floor.LaneOf, alone bool) bool {
	b := s.board
	for some := range slices.Chunk(lanes, batchLimit) {
		batch := make([]*request, 0, len(some))
		for _, l := range some {
			r := b.newRequest()
			r.cmd = floor.Command{By: platform, Body: floor.TakeLane{Conversation: l.Conversation, Node: b.config.Node, Alone: alone}}
			batch = append(batch, r)
		}
		b.serve(slices.Clone(batch))
		done := true
		for _, r := range batch {
			<-r.done
			done = done && (r.err == nil || errors.Is(r.err, routing.ErrUnknown))
			r.free()
		}
		if !done {
			return false
		}
	}
	return true
}
