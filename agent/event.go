package agent

import "time"

// Event is a fact about an agent: one of [StateChanged], [IdlePending],
// [IdleCancelled], [Connected], [Dropped], [GraceRestarted] and
// [AttributesSet]. New kinds may be added; switch with a default.
type Event interface {
	// AgentID names the agent that the event is about.
	AgentID() ID
	agentEvent()
}

// StateChanged says that the agent is now in State.
type StateChanged struct {
	Agent  ID     `json:"agent"`            // whom it is about
	State  State  `json:"state"`            // the new state
	Reason string `json:"reason,omitempty"` // of Idle
	Cause  Cause  `json:"cause"`            // why it changed
	// Misses is the number of misses in a row after this change.
	Misses int `json:"misses,omitempty"`
	// Return is when a RONA ends by itself; zero when it does not.
	Return time.Time `json:"return,omitzero"`
}

// IdlePending says that the agent becomes Idle when its last seat is closed.
type IdlePending struct {
	Agent  ID     `json:"agent"`            // whom it is about
	Reason string `json:"reason,omitempty"` // of Idle
}

// IdleCancelled says that a pending Idle was taken back.
type IdleCancelled struct {
	Agent ID `json:"agent"` // whom it is about
}

// Connected says that the agent has a new session.
type Connected struct {
	Agent   ID     `json:"agent"`   // whom it is about
	Session string `json:"session"` // names the connection
}

// Dropped says that a session of the agent is gone. Grace is set when it was
// the last one of an agent who is signed in.
type Dropped struct {
	Agent   ID        `json:"agent"`          // whom it is about
	Session string    `json:"session"`        // names the connection
	Grace   time.Time `json:"grace,omitzero"` // when the grace time is over
}

// GraceRestarted starts the grace time of an agent without a session although
// none was lost just now: the remaining time again after an outage of the
// engine, for which nobody is to blame; or the whole of it for a watched agent
// who signs in before it has connected.
type GraceRestarted struct {
	Agent ID        `json:"agent"` // whom it is about
	Grace time.Time `json:"grace"` // when the grace time is over
}

// AttributesSet says that attributes changed: an empty value removes the key.
type AttributesSet struct {
	Agent ID         `json:"agent"` // whom it is about
	Set   Attributes `json:"set"`   // what changed
}

// AgentID implements Event.
func (e StateChanged) AgentID() ID { return e.Agent }

// AgentID implements Event.
func (e IdlePending) AgentID() ID { return e.Agent }

// AgentID implements Event.
func (e IdleCancelled) AgentID() ID { return e.Agent }

// AgentID implements Event.
func (e Connected) AgentID() ID { return e.Agent }

// AgentID implements Event.
func (e Dropped) AgentID() ID { return e.Agent }

// AgentID implements Event.
func (e GraceRestarted) AgentID() ID { return e.Agent }

// AgentID implements Event.
func (e AttributesSet) AgentID() ID { return e.Agent }

func (StateChanged) agentEvent()   {}
func (IdlePending) agentEvent()    {}
func (IdleCancelled) agentEvent()  {}
func (Connected) agentEvent()      {}
func (Dropped) agentEvent()        {}
func (GraceRestarted) agentEvent() {}
func (AttributesSet) agentEvent()  {}
