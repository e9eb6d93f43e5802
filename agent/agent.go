package agent

import (
	"strings"
	"time"
)

// ID names an agent. The host chooses it; the engine never interprets it.
type ID string

// State is what an agent may be given. Engaged and wrapping up are not states:
// they follow from the seats the agent holds.
type State uint8

// The states of an agent. The zero value is SignedOut.
const (
	SignedOut State = iota // not working; nothing is offered
	Idle                   // signed in, not ready, with a reason
	Available              // the only state in which work is offered
	RONA                   // set by the engine after an offer was not answered
)

var stateNames = [...]string{"signed-out", "idle", "available", "rona"}

// String returns the state's stable name, such as "signed-out".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// AppendText appends the state's stable name; it never fails.
func (s State) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// MarshalText returns the state's stable name; it never fails.
func (s State) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// a *NameError.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return &NameError{Type: "agent.State", Name: strings.Clone(string(text))}
}

// Deadline is an instant at which something happens by itself. It is half-open:
// at the instant itself it has passed.
type Deadline struct {
	// At is the instant; the zero time means that there is no deadline.
	At time.Time `json:"at,omitzero"`
	// Set is the number of the event that set the deadline. Equal deadlines
	// pass in the order in which they were set.
	Set uint64 `json:"set,omitempty"`
}

// Pending reports whether there is a deadline at all.
func (d Deadline) Pending() bool { return !d.At.IsZero() }

// Passed reports whether the deadline has passed at now: at the instant itself
// it has.
func (d Deadline) Passed(now time.Time) bool { return d.Pending() && !now.Before(d.At) }

// Before reports whether d passes earlier than e. A missing deadline never does.
func (d Deadline) Before(e Deadline) bool {
	switch {
	case !d.Pending():
		return false
	case !e.Pending():
		return true
	case !d.At.Equal(e.At):
		return d.At.Before(e.At)
	}
	return d.Set < e.Set
}

// Agent is the availability of one agent: a plain value, the fold of its
// events. The zero value with an ID is an agent who has never signed in.
//
// Apply changes an Agent in place but never the memory that a copy made before
// shares with it, so a plain assignment is a snapshot.
type Agent struct {
	// ID names the agent; it never changes.
	ID ID `json:"id"`
	// State is what the agent is.
	State State `json:"state"`
	// Reason says why it is Idle; otherwise it is empty.
	Reason string `json:"reason,omitempty"`
	// Since is when State or Reason last really changed. A command that changes
	// nothing leaves it alone.
	Since time.Time `json:"since,omitzero"`
	// By tells who made that change.
	By Actor `json:"by,omitzero"`
	// Cause tells why.
	Cause Cause `json:"cause,omitempty"`

	// Pending says that the agent becomes Idle with PendingReason as soon as
	// its last seat is closed. Until then nothing new is offered.
	Pending bool `json:"pending,omitempty"`
	// PendingReason is the reason of that Idle.
	PendingReason string `json:"pendingReason,omitempty"`

	// Misses counts the offers not answered in a row; an accepted one resets it,
	// and so does signing out.
	Misses int `json:"misses,omitempty"`
	// Return is when a RONA ends by itself, if the policy says so.
	Return Deadline `json:"return,omitzero"`

	// Sessions are the connections of this agent, in the order in which they
	// were made.
	Sessions []string `json:"sessions,omitempty"`
	// Watched says that the agent has connected at least once. One that never
	// did is not watched, and counts as connected.
	Watched bool `json:"watched,omitempty"`
	// Grace is when the agent counts as gone: it runs while a watched agent who
	// is signed in has no session.
	Grace Deadline `json:"grace,omitzero"`

	// Place is the number of the event that last sent this agent to the tail of
	// the longest-available order: it became Available, was offered something,
	// or closed a seat.
	Place uint64 `json:"place,omitempty"`
	// Turn is the agent's place in a rotation: the number of the event that
	// last offered it something or, before the first offer, made it Available.
	Turn uint64 `json:"turn,omitempty"`

	// Attributes are facts of the host about the agent.
	Attributes Attributes `json:"attributes,omitempty"`
}

// Connected reports whether the agent can be reached: an agent that never
// connected is not watched and counts as connected.
func (a *Agent) Connected() bool { return !a.Watched || len(a.Sessions) > 0 }

// Ready reports whether the agent may be offered work at all: Available, not
// about to be Idle, and connected. Capacity, queues and skills come on top.
func (a *Agent) Ready() bool { return a.State == Available && !a.Pending && a.Connected() }

// Next returns the earlier of the two deadlines that concern the agent as it is:
// the end of a RONA and the end of the grace time. A Tick at that instant acts
// upon it. Without any it returns a Deadline that is not Pending.
func (a *Agent) Next() Deadline {
	next := a.graceDeadline()
	if r := a.returnDeadline(); r.Before(next) {
		next = r
	}
	return next
}

// returnDeadline is Return as far as it counts: only in RONA.
func (a *Agent) returnDeadline() Deadline {
	if a.State != RONA {
		return Deadline{}
	}
	return a.Return
}

// graceDeadline is Grace as far as it counts: only while signed in without a
// session.
func (a *Agent) graceDeadline() Deadline {
	if a.State == SignedOut || len(a.Sessions) > 0 {
		return Deadline{}
	}
	return a.Grace
}

// Load is what an agent holds at the moment of a command. The caller counts it
// from the conversations: this package knows none.
type Load struct {
	// Offers counts pending offers, transfer offers and invites.
	Offers int
	// Live counts seats in running or interrupted conversations.
	Live int
	// Wrapping counts seats in wrap-up.
	Wrapping int
}

// Engaged reports whether the agent holds any seat.
func (l Load) Engaged() bool { return l.Live+l.Wrapping > 0 }
