// Package lineartest checks that what the callers of many Boards saw is
// linearizable: as if one Board had carried out their commands one by one, each
// between its call and its return.
//
// The commands are accepting, transferring, ending and wrapping up. What they do
// is written down here once more, by hand and without the engine's code, as
// far as callers can tell. What else happens to a conversation (offers, deadlines,
// other commands) is taken from the log, at the instant at which the store
// took it.
package lineartest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// state is a conversation as far as the commands depend on it.
type state struct {
	next   int // of the log's own steps
	phase  phase
	offer  agent.ID
	kind   conversation.OfferKind
	owner  int // the seat's number
	sender int // of the pending transfer, the seat's number
	seats  []seat
}

type seat struct {
	agent agent.ID
	state conversation.SeatState
}

type phase int

const (
	none phase = iota
	waiting
	offered
	active
	asking // for a conference
	conference
	interrupted
	ended
	forgotten
)

func (p phase) open() bool { return p >= waiting && p <= conference }
func (p phase) live() bool { return p >= active && p <= conference }

func equal(a, b any) bool {
	x, y := a.(state), b.(state)
	return x.next == y.next && x.phase == y.phase && x.offer == y.offer && x.kind == y.kind &&
		x.owner == y.owner && x.sender == y.sender && slices.Equal(x.seats, y.seats)
}

func (s state) String() string {
	names := [...]string{"none", "waiting", "offered", "active", "asking", "conference", "interrupted", "ended", "forgotten"}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, owner %d, sender %d", names[s.phase], s.owner, s.sender)
	if s.offer != "" {
		fmt.Fprintf(&b, ", offered to %s (%v)", s.offer, s.kind)
	}
	for i, x := range s.seats {
		fmt.Fprintf(&b, ", %d: %s %v", i+1, x.agent, x.state)
	}
	return b.String()
}

// has reports whether the agent has a seat in that state.
func (s state) has(who agent.ID, in conversation.SeatState) bool {
	return slices.Contains(s.seats, seat{who, in})
}

func (s state) agentOf(no int) agent.ID {
	if no < 1 || no > len(s.seats) {
		return ""
	}
	return s.seats[no-1].agent
}

// with returns the state with a seat changed.
func (s state) with(no int, to conversation.SeatState) state {
	s.seats = slices.Clone(s.seats)
	s.seats[no-1].state = to
	if to == conversation.SeatActive {
		return s
	}
	if s.owner == no {
		s.owner = 0
	}
	left := 0
	for _, x := range s.seats {
		if x.state == conversation.SeatActive {
			left++
		}
	}
	if s.phase == conference && left < 2 {
		s.phase = active
	}
	return s
}

// seated returns the state with a new seat for who takes the offer.
func (s state) seated(who agent.ID) state {
	s.seats = append(slices.Clip(s.seats), seat{who, conversation.SeatActive})
	if s.kind == conversation.Invitation {
		s.phase = conference
	} else {
		s.phase, s.owner, s.sender = active, len(s.seats), 0
	}
	s.offer, s.kind = "", 0
	return s
}

// over returns the state with the conversation ended.
func (s state) over() state {
	for i := range s.seats {
		if s.seats[i].state == conversation.SeatActive {
			s = s.with(i+1, conversation.SeatWrapping)
		}
	}
	s.phase, s.owner, s.offer, s.kind = ended, 0, "", 0
	return s
}

// happened is a step that the log says nobody of the callers took.
type happened struct {
	no    int // from 0, in the order of the log
	event conversation.Event
}

// Model is the specification of one conversation.
var Model = porcupine.Model{
	Init:  func() any { return state{} },
	Equal: equal,
	Step: func(s, input, output any) (bool, any) {
		if h, ok := input.(happened); ok {
			return s.(state).happen(h)
		}
		return s.(state).do(input.(conversation.Command), output.(answer))
	},
	DescribeOperation: func(input, output any) string {
		if h, ok := input.(happened); ok {
			return fmt.Sprintf("%d: %T%+v", h.no, h.event, h.event)
		}
		return fmt.Sprintf("%T%+v: %v", input, input, output)
	},
	DescribeState: func(s any) string { return s.(state).String() },
}

// answer is what a caller was told: nil when the command was carried out.
type answer struct{ refusal error }

func (a answer) String() string {
	if a.refusal == nil {
		return "done"
	}
	return a.refusal.Error()
}

// do takes a caller's step, if it can be taken with that answer.
func (s state) do(cmd conversation.Command, a answer) (bool, state) {
	if a.refusal != nil {
		return s.refuses(cmd, a.refusal), s
	}
	switch c := cmd.(type) {
	case conversation.Accept:
		if s.offer != c.Agent {
			return s.has(c.Agent, conversation.SeatActive), s // again: nothing changes
		}
		return true, s.seated(c.Agent)
	case conversation.TransferToAgent:
		if s.phase != active || s.agentOf(s.owner) != c.Agent {
			return false, s
		}
		from := s.owner
		s = s.with(from, conversation.SeatWrapping)
		s.phase, s.sender, s.offer, s.kind = offered, from, c.To, conversation.ByTransfer
		return true, s
	case conversation.TransferToQueue:
		if s.phase != active || s.agentOf(s.owner) != c.Agent {
			return false, s
		}
		from := s.owner
		s = s.with(from, conversation.SeatWrapping)
		s.phase, s.sender = waiting, from
		return true, s
	case conversation.End:
		if s.phase == ended {
			return c.Agent == "" || slices.ContainsFunc(s.seats, func(x seat) bool { return x.agent == c.Agent }), s
		}
		if c.Agent != "" && !s.has(c.Agent, conversation.SeatActive) {
			return false, s
		}
		return s.phase.open() || s.phase == interrupted, s.over()
	case conversation.SubmitWrapUp:
		for i, x := range s.seats {
			if x.agent == c.Agent && x.state == conversation.SeatWrapping {
				return true, s.with(i+1, conversation.SeatClosed)
			}
		}
		return false, s
	}
	return false, s
}

// refuses reports whether the refusal is right in this state. Those for which
// something else than the conversation is the reason always may be.
func (s state) refuses(cmd conversation.Command, why error) bool {
	is := func(target error) bool { return errors.Is(why, target) }
	var who agent.ID
	switch c := cmd.(type) {
	case conversation.Accept:
		who = c.Agent
		if is(conversation.ErrNotOffered) || is(conversation.ErrOfferExpired) {
			return s.offer != who && !s.has(who, conversation.SeatActive)
		}
	case conversation.TransferToAgent:
		who = c.Agent
	case conversation.TransferToQueue:
		who = c.Agent
	case conversation.End:
		who = c.Agent
	case conversation.SubmitWrapUp:
		who = c.Agent
		if is(conversation.ErrNoWrapUp) || is(conversation.ErrSeatClosed) {
			return !s.has(who, conversation.SeatWrapping)
		}
	}
	switch {
	case is(conversation.ErrEnded):
		return s.phase == ended
	case is(conversation.ErrInterrupted):
		return s.phase == interrupted
	case is(conversation.ErrTransferPending):
		return s.phase.open() && !s.phase.live() && s.agentOf(s.sender) == who
	case is(conversation.ErrInvitePending):
		return s.phase == asking
	case is(conversation.ErrState): // any other reason of this kind
		return s.phase != active || s.agentOf(s.owner) != who
	case is(conversation.ErrNotOwner):
		return s.phase.live() && s.agentOf(s.owner) != who
	case is(conversation.ErrNotSeated):
		return !s.has(who, conversation.SeatActive)
	case is(conversation.ErrLeaveInstead):
		return s.phase == conference && s.agentOf(s.owner) != who
	}
	return true
}

// happen takes a step of the log, if it fits.
func (s state) happen(h happened) (bool, state) {
	if h.no != s.next {
		return false, s
	}
	s.next++
	switch e := h.event.(type) {
	case conversation.Opened:
		fits := s.phase == none
		s.phase = waiting
		return fits, s
	case conversation.OfferMade:
		fits := s.phase == waiting && s.offer == ""
		phase := offered
		if e.Kind == conversation.Invitation {
			fits, phase = s.phase == active, asking
		}
		s.phase, s.offer, s.kind = phase, e.Agent, e.Kind
		return fits, s
	case conversation.OfferEnded:
		fits := s.offer == e.Agent && s.kind == e.Kind
		switch {
		case e.Kind == conversation.Invitation:
			s.phase = active
		default:
			s.phase = waiting
			if e.Kind == conversation.ByTransfer {
				s.sender = 0
			}
		}
		s.offer, s.kind = "", 0
		return fits, s
	case conversation.Moved:
		fits := s.phase.open()
		s.phase, s.owner, s.offer, s.kind = waiting, 0, "", 0
		return fits, s
	case conversation.Accepted:
		if s.offer != e.Agent || s.kind != e.Kind || e.Seat != len(s.seats)+1 {
			return false, s
		}
		return true, s.seated(e.Agent)
	case conversation.TransferRequested:
		fits := s.phase == active && s.owner == e.Seat
		s.phase, s.owner, s.sender = waiting, 0, e.Seat
		return fits, s
	case conversation.TransferCancelled:
		if s.agentOf(e.Seat) != e.Agent {
			return false, s
		}
		s = s.with(e.Seat, conversation.SeatActive)
		s.phase, s.owner, s.sender, s.offer, s.kind = active, e.Seat, 0, "", 0
		return true, s
	case conversation.OwnerChanged:
		fits := s.agentOf(e.Seat) == e.Agent && s.has(e.Agent, conversation.SeatActive)
		s.owner = e.Seat
		return fits, s
	case conversation.WrapUpStarted:
		return s.seatIs(e.Seat, e.Agent, conversation.SeatActive, conversation.SeatWrapping)
	case conversation.SeatEnded:
		if s.agentOf(e.Seat) != e.Agent || s.seats[e.Seat-1].state == conversation.SeatClosed {
			return false, s
		}
		return true, s.with(e.Seat, conversation.SeatClosed)
	case conversation.Interruption:
		fits := s.phase.live()
		s.phase = interrupted
		return fits, s
	case conversation.Ending:
		fits := s.phase.open() || s.phase == interrupted
		s.phase, s.owner = ended, 0
		return fits, s
	case conversation.Forgotten:
		fits := s.phase == ended
		s.phase = forgotten
		return fits, s
	}
	return true, s
}

func (s state) seatIs(no int, who agent.ID, was, now conversation.SeatState) (bool, state) {
	if s.agentOf(no) != who || s.seats[no-1].state != was {
		return false, s
	}
	return true, s.with(no, now)
}
