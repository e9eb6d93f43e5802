package messenger

import (
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// The reply windows, from when the customer last wrote. At the very end of a
// window it is closed.
const (
	// Window is how long anyone may answer.
	Window = 24 * time.Hour
	// HumanAgentWindow is how long a human agent may answer, if Meta has granted the app
	// the Human Agent feature.
	HumanAgentWindow = 7 * 24 * time.Hour
)

// The ways to declare a message to Meta.
const (
	Response   = "RESPONSE"    // inside the window
	Update     = "UPDATE"      // inside the window too, but no answer
	MessageTag = "MESSAGE_TAG" // with a tag
	// HumanAgent is the one tag that is left for agents.
	HumanAgent = "HUMAN_AGENT"
)

// mode is how a message is declared to Meta.
type mode struct {
	kind, tag string // messaging_type and tag
}

// window returns how the message may be declared at the instant now, or why it may not
// be sent. A customer who never wrote has no window.
func (c *Client) window(m *switchboard.Outbound, now time.Time) (how mode, refusal string) {
	last := m.LastCustomer
	if act := c.c.Traffic.lastAct(m.Source, m.Customer); act.After(last) {
		last = act
	}
	since := now.Sub(last)
	switch {
	case last.IsZero():
		return mode{}, "the customer has not written"
	case since < Window:
		return mode{kind: Response}, ""
	case since >= HumanAgentWindow:
		return mode{}, "the customer last wrote 7 days ago or longer"
	case c.c.HumanAgent && m.Author.Kind == conversation.FromAgent:
		return mode{kind: MessageTag, tag: HumanAgent}, ""
	}
	return mode{}, "the customer last wrote 24 hours ago or longer"
}
