package agent

import "strings"

// Role says in which capacity somebody acts.
type Role uint8

// The roles. The zero value is Engine: nobody asked, a rule did it.
const (
	Engine        Role = iota // a deadline or a rule of the engine itself
	Self                      // an agent, for itself
	Supervisor                // may act for any agent and in any conversation
	Administrator             // changes queues, teams, agents, sources and policies
	Customer                  // the person being served
	Bot                       // a program of the host that writes to customers
	Platform                  // the channel: receipts, echoes, a page disconnected
)

var roleNames = [...]string{"engine", "agent", "supervisor", "administrator", "customer", "bot", "platform"}

// String returns the role's stable name, such as "supervisor".
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown"
}

// AppendText appends the role's stable name; it never fails.
func (r Role) AppendText(b []byte) ([]byte, error) { return append(b, r.String()...), nil }

// MarshalText returns the role's stable name; it never fails.
func (r Role) MarshalText() ([]byte, error) { return r.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// a *NameError.
func (r *Role) UnmarshalText(text []byte) error {
	for i, name := range roleNames {
		if name == string(text) {
			*r = Role(i)
			return nil
		}
	}
	return &NameError{Type: "agent.Role", Name: strings.Clone(string(text))}
}

// Actor is who did something: a role and, where there is one, a name. The zero
// value is the engine.
type Actor struct {
	Role Role   `json:"role"`         // in which capacity
	ID   string `json:"id,omitempty"` // the name, such as the agent's ID
}

// String returns the actor as "role" or "role:id".
func (a Actor) String() string {
	if a.ID == "" {
		return a.Role.String()
	}
	return a.Role.String() + ":" + a.ID
}

// Is reports whether the actor is that agent acting for itself.
func (a Actor) Is(id ID) bool { return a.Role == Self && a.ID == string(id) }

// Cause says why the engine or a command changed an agent. Causes are stable
// names; a host may put words of its own into the command that carries one.
type Cause string

// The causes that the engine itself gives.
const (
	ByRequest    Cause = "request"      // somebody asked for it
	Missed       Cause = "missed"       // an offer was not answered in time
	MissedOften  Cause = "missed-often" // the policy's number of misses in a row
	Returned     Cause = "returned"     // the automatic return from RONA
	SeatsClosed  Cause = "seats-closed" // a pending Idle took effect
	Disconnected Cause = "disconnected" // the grace time ran out
	Forced       Cause = "forced"       // a supervisor
	Deleted      Cause = "deleted"      // an administrator removed the agent
)
