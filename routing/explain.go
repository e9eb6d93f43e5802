package routing

import (
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// Standing says whether an agent could be chosen for a conversation, and if
// not, the first reason in the order of the constants. Its text form is a
// stable word, the same that [TargetError] uses.
type Standing uint8

// The standings. The zero value is Eligible.
const (
	Eligible     Standing = iota // could be chosen
	SignedOut                    // not working
	Idle                         // not ready, or about to be
	RONA                         // did not answer an offer
	Disconnected                 // no session is left
	Full                         // no free slot for the medium
	LacksSkill                   // a needed skill is missing or too low
	Cooldown                     // did not take this conversation a moment ago
	NotServing                   // does not serve the queue
)

var standingNames = [...]string{"eligible", "signed-out", "idle", "rona", "disconnected", "full", "skills", "cooldown", "not-serving"}

// String returns the standing's stable name, such as "signed-out".
func (s Standing) String() string {
	if int(s) < len(standingNames) {
		return standingNames[s]
	}
	return "unknown"
}

// AppendText appends the standing's stable name; it never fails.
func (s Standing) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// MarshalText returns the standing's stable name; it never fails.
func (s Standing) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (s *Standing) UnmarshalText(text []byte) error {
	for i, name := range standingNames {
		if name == string(text) {
			*s = Standing(i)
			return nil
		}
	}
	return &agent.NameError{Type: "routing.Standing", Name: fmt.Sprintf("%.40s", text)}
}

// StandingOf returns the standing that follows from the agent alone and its
// number of free slots for the medium: SignedOut, Idle, RONA, Disconnected,
// Full, or Eligible if none of these holds. It is Eligible exactly if the agent
// is ready and free is positive. A nil agent, who has never signed in, is
// SignedOut.
func StandingOf(a *agent.Agent, free int) Standing {
	switch {
	case a == nil || a.State == agent.SignedOut || a.State > agent.RONA:
		return SignedOut
	case a.State == agent.Idle || a.Pending:
		return Idle
	case a.State == agent.RONA:
		return RONA
	case !a.Connected():
		return Disconnected
	case free <= 0:
		return Full
	}
	return Eligible
}

// Considered is one agent who serves the queue, as a decision saw it.
type Considered struct {
	Agent    agent.ID `json:"agent"`    // who serves the queue
	Standing Standing `json:"standing"` // whether it could be chosen, or why not
	// Key is the value by which the queue's strategy compares; see
	// conversation.Decision.
	Key int64 `json:"key,omitempty"`
	// Place decides between equal keys: the lower comes first.
	Place uint64 `json:"place,omitempty"`
	// Chosen marks the agent who was offered the conversation.
	Chosen bool `json:"chosen,omitempty"`
}

// Explanation is a decision of the routing with every agent it looked at, in
// the order in which they would have been chosen, those who could not be last.
type Explanation struct {
	Conversation conversation.ID `json:"conversation"` // which was to be offered
	// Agent is who was chosen; empty if nobody could be.
	Agent agent.ID             `json:"agent,omitempty"`
	Queue conversation.QueueID `json:"queue"` // in which it waited
	// Decision is the summary that the log holds.
	Decision conversation.Decision `json:"decision"`
	// Candidates are all agents who serve the queue.
	Candidates []Considered `json:"candidates,omitempty"`
}

// Why returns the standing that the agent had, and true. For an agent who is not
// among the candidates it returns NotServing and false.
func (e Explanation) Why(id agent.ID) (Standing, bool) {
	for _, c := range e.Candidates {
		if c.Agent == id {
			return c.Standing, true
		}
	}
	return NotServing, false
}

// String returns the explanation for a human: a line about the decision and one
// for each candidate. The words may change.
func (e Explanation) String() string {
	var b strings.Builder
	chosen := "nobody"
	if e.Agent != "" {
		chosen = "agent " + quoted(e.Agent)
	}
	fmt.Fprintf(&b, "%v in queue %s, priority %d after %v: %s by %s, of %d eligible",
		e.Conversation, quoted(e.Queue), e.Decision.Priority, e.Decision.Waited.Round(time.Millisecond),
		chosen, e.Decision.Strategy, e.Decision.Eligible)
	for _, c := range e.Candidates {
		fmt.Fprintf(&b, "\n\t%s: %v", quoted(c.Agent), c.Standing)
		if c.Standing == Eligible {
			fmt.Fprintf(&b, ", key %d, place %d", c.Key, c.Place)
		}
		if c.Chosen {
			b.WriteString(", chosen")
		}
	}
	return b.String()
}
