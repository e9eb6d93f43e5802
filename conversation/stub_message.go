package conversation

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

func decideInbound(c *Conversation, now time.Time, cmd Inbound, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideOutside(c *Conversation, now time.Time, cmd Outside, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideEdit(c *Conversation, now time.Time, cmd Edit, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideUnsend(c *Conversation, now time.Time, cmd Unsend, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideReact(c *Conversation, now time.Time, cmd React, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideReceipt(c *Conversation, now time.Time, cmd Receipt, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideWrite(c *Conversation, now time.Time, by agent.Actor, cmd Write, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideSettled(c *Conversation, now time.Time, cmd Settled, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func decideDeferred(c *Conversation, now time.Time, cmd Deferred, r *Rules, out []Event) ([]Event, error) {
	return out, nil
}
func applyMessage(c *Conversation, at time.Time, seq uint64, e Event) bool {
	if e, ok := e.(MessageAdded); ok {
		m := e.Message
		c.Messages = append(c.Messages, &m)
		return true
	}
	return false
}
