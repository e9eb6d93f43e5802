package agent

import (
	"errors"
	"fmt"
)

// Sentinels that a *Refusal wraps. Branch with errors.Is.
var (
	// ErrState means that the agent's state does not allow the command.
	ErrState = errors.New("agent: not in this state")
	// ErrOffered means that an offer is pending.
	ErrOffered = errors.New("agent: an offer is pending")
	// ErrEngaged means that a conversation is live.
	ErrEngaged = errors.New("agent: a conversation is live")
	// ErrNotAllowed means that the actor's role may not.
	ErrNotAllowed = errors.New("agent: not allowed to this actor")
	// ErrSession means that the session id is empty, too long or not UTF-8, or
	// that the agent has too many sessions.
	ErrSession = errors.New("agent: bad session id")
	// ErrReason means that the Idle reason is too long or not UTF-8.
	ErrReason = errors.New("agent: bad reason")
	// ErrAttributes means that attributes exceed their limits.
	ErrAttributes = errors.New("agent: bad attributes")
	// ErrCommand means that the command is unknown to this package or is about
	// another agent.
	ErrCommand = errors.New("agent: bad command")
)

// Refusal says which command was refused, in which state, and why. The agent is
// unchanged.
type Refusal struct {
	Command string // the command's name, such as "SignOut"
	Agent   ID     // whom it was about; empty when there is no agent
	State   State  // the state it was refused in; SignedOut when there is no such agent
	Err     error  // one of the sentinels, or an error that wraps one
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.State == SignedOut && !errors.Is(r.Err, ErrState) {
		// Nothing to say: it is not for the state, and there may be no such agent.
		return fmt.Sprintf("%s of agent %q: %v", r.Command, r.Agent, r.Err)
	}
	return fmt.Sprintf("%s of agent %q (%s): %v", r.Command, r.Agent, r.State, r.Err)
}

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Err }

// NameError says that a text is not the name of a value of Type.
type NameError struct {
	Type string // such as "agent.State"
	Name string // the text, as given
}

// Error implements error.
func (e *NameError) Error() string { return fmt.Sprintf("%q is not a name of %s", e.Name, e.Type) }
