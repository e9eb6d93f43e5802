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

// mode is how a message is declared to Meta.
type mode struct {
	kind, tag string // messaging_type and tag
}

// window returns how the message may be declared at the instant now, or that it may not
// be sent. A customer who never wrote has no window.
func (c *Client) window(m *switchboard.Outbound, now time.Time) (mode, *switchboard.SendError) {
	since := now.Sub(m.LastCustomer)
	switch {
	case m.LastCustomer.IsZero():
		return mode{}, refuse(conversation.FailWindow, "the customer has not written")
	case since < Window:
		return mode{kind: "RESPONSE"}, nil
	case since >= HumanAgentWindow:
		return mode{}, refuse(conversation.FailWindow, "the customer last wrote 7 days ago or longer")
	case c.c.HumanAgent && m.Author.Kind == conversation.FromAgent:
		return mode{kind: "MESSAGE_TAG", tag: "HUMAN_AGENT"}, nil
	}
	return mode{}, refuse(conversation.FailWindow, "the customer last wrote 24 hours ago or longer")
}

// refuse returns a final refusal in our own words.
func refuse(why conversation.FailCause, detail string) *switchboard.SendError {
	return &switchboard.SendError{Why: why, Detail: detail}
}
