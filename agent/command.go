package agent

// Command asks for a change of one agent. The types of this file are all there
// are.
type Command interface {
	// AgentID names the agent that the command is about.
	AgentID() ID
	agentCommand()
}

// The limits of what commands carry.
const (
	MaxReason   = 128 // bytes of an Idle reason
	MaxSession  = 128 // bytes of a session id
	MaxSessions = 32  // sessions of one agent at a time
)

// SignIn makes a signed-out agent Idle, with the policy's reason. Signing in
// twice is a success that changes nothing. A watched agent without a session
// has the grace time to connect.
type SignIn struct {
	Agent ID // whom it is about
}

// SignOut makes the agent SignedOut. Refused with ErrOffered while an offer is
// pending and with ErrEngaged while a conversation is live; seats in wrap-up
// do not hinder it: the caller closes them with the default reason (E61).
// Signing out twice is a success that changes nothing.
//
// With Force it is not refused for offers and conversations: the caller
// withdraws the ones and requeues the others. Force from anyone but a
// supervisor, an administrator or the engine is refused with ErrNotAllowed,
// needed or not.
type SignOut struct {
	Agent ID   // whom it is about
	Force bool // whatever the agent holds
}

// MakeAvailable makes the agent Available and cancels a pending Idle (E71). It
// is also the way out of RONA. Asked of an Available agent it changes nothing,
// not even its place in the longest-available order (E70). Refused with
// ErrState when signed out.
type MakeAvailable struct {
	Agent ID // whom it is about
}

// MakeIdle makes the agent Idle, at once or, while it is engaged and not in
// RONA, when its last seat is closed. The caller withdraws pending offers
// before (E7). The reason may be empty. Refused with ErrState when signed out,
// and with ErrReason when the reason exceeds MaxReason or is not valid UTF-8.
type MakeIdle struct {
	Agent  ID     // whom it is about
	Reason string // why, in the words of the host
}

// Connect says that a session of the agent is there. A known session changes
// nothing. Refused with ErrSession when the id is empty, exceeds MaxSession or
// is not valid UTF-8, or the agent has MaxSessions others.
type Connect struct {
	Agent   ID     // whom it is about
	Session string // names the connection; the host chooses it
}

// Disconnect says that a session of the agent is gone. When it was the last one
// of an agent who is signed in, the grace time starts. An unknown session
// changes nothing; it is never refused.
type Disconnect struct {
	Agent   ID     // whom it is about
	Session string // names the connection; the host chooses it
}

// SetAttributes sets attributes of the agent; an empty value removes the key.
// Refused with ErrAttributes as Attributes.Merge refuses.
type SetAttributes struct {
	Agent ID         // whom it is about
	Set   Attributes // what changes; copied, so the caller may go on using it
}

// Miss is the engine's own command: an offer to the agent was not answered in
// time. It changes only an Available agent, because the others have no offers
// left to miss. Refused with ErrNotAllowed from anyone but the engine.
type Miss struct {
	Agent ID // whom it is about
}

// Tick is the engine's own command: deadlines of the agent may have passed. Due
// ones are acted upon, earliest first; otherwise nothing happens. It is never
// refused.
type Tick struct {
	Agent ID // whom it is about
}

// Settle is the engine's own command: a seat was closed, so a pending Idle may
// take effect. It does so when the agent holds no seat and no offer; otherwise
// nothing happens. It is never refused.
type Settle struct {
	Agent ID // whom it is about
}

// AgentID implements Command.
func (c SignIn) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c SignOut) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c MakeAvailable) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c MakeIdle) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c Connect) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c Disconnect) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c SetAttributes) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c Miss) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c Tick) AgentID() ID { return c.Agent }

// AgentID implements Command.
func (c Settle) AgentID() ID { return c.Agent }

func (SignIn) agentCommand()        {}
func (SignOut) agentCommand()       {}
func (MakeAvailable) agentCommand() {}
func (MakeIdle) agentCommand()      {}
func (Connect) agentCommand()       {}
func (Disconnect) agentCommand()    {}
func (SetAttributes) agentCommand() {}
func (Miss) agentCommand()          {}
func (Tick) agentCommand()          {}
func (Settle) agentCommand()        {}
