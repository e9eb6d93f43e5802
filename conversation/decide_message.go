package conversation

import (
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"
)

// Validate reports whether the message can be taken at now. It refuses, with an
// error that wraps ErrInbound and says what is wrong, one without a channel,
// source, customer or external id, one without text, attachment and payload (white
// space alone is no text), and whatever exceeds its limit or is not valid
// UTF-8; a bad attachment matches ErrAttachment too. It refuses with ErrStale one
// whose ChannelAt is set and lies more than Horizon before now: its id may have
// been forgotten, so it could be taken twice. Entry is not looked at: it counts
// only for the message that opens a conversation.
func (in *Inbound) Validate(now time.Time) error {
	if err := checkName("channel", string(in.Channel), MaxName); err != nil {
		return err
	}
	if err := checkName("source", string(in.Source), MaxName); err != nil {
		return err
	}
	if err := checkName("customer", string(in.Customer), MaxName); err != nil {
		return err
	}
	if err := checkName("external id", in.ExternalID, MaxExternalID); err != nil {
		return err
	}
	if err := checkContent(in.Text, in.Attachments, in.Payload != ""); err != nil {
		return err
	}
	if err := checkLength("reply-to id", in.ReplyTo, MaxExternalID); err != nil {
		return err
	}
	if err := checkLength("id of the first part", in.PartOf, MaxExternalID); err != nil {
		return err
	}
	if err := checkLength("payload", in.Payload, MaxPayload); err != nil {
		return err
	}
	if err := checkExtras(in.Extras); err != nil {
		return err
	}
	return checkFresh(in.ChannelAt, now)
}

func checkName(what, s string, limit int) error {
	if s == "" {
		return fmt.Errorf("%w: the %s is missing", ErrInbound, what)
	}
	return checkLength(what, s, limit)
}

func checkLength(what, s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("%w: the %s has %d of at most %d bytes", ErrInbound, what, len(s), limit)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: the %s is not valid UTF-8", ErrInbound, what)
	}
	return nil
}

// checkContent refuses a text or attachments beyond the limits, and an empty
// text unless there is something else.
func checkContent(text string, attachments []Attachment, more bool) error {
	if err := checkLength("text", text, MaxInboundText); err != nil {
		return err
	}
	if err := checkAttachments(attachments); err != nil {
		return fmt.Errorf("%w: %w", ErrInbound, err)
	}
	if !more && len(attachments) == 0 && blank(text) {
		return fmt.Errorf("%w: empty", ErrInbound)
	}
	return nil
}

func checkExtras(extras map[string]string) error {
	if len(extras) > MaxExtras {
		return fmt.Errorf("%w: %d of at most %d extras", ErrInbound, len(extras), MaxExtras)
	}
	for k, v := range extras { // order-free: all are checked, and the refusals name no entry
		if k == "" || len(k) > MaxExtraKey || len(v) > MaxExtraValue || !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("%w: an extra is a key of 1 to %d and a value of at most %d bytes of UTF-8",
				ErrInbound, MaxExtraKey, MaxExtraValue)
		}
	}
	return nil
}

func checkFresh(channelAt, now time.Time) error {
	if !channelAt.IsZero() && now.Sub(channelAt) > Horizon {
		return ErrStale
	}
	return nil
}

// stamp returns an instant of the channel's clock as the log keeps it: in UTC,
// and not at all when no log can hold it.
func stamp(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// find returns the message with that id of the channel, or nil. Ids asked for
// are nearly always of recent messages, so it looks from the end.
func (c *Conversation) find(externalID string) *Message {
	if externalID == "" {
		return nil
	}
	for _, m := range slices.Backward(c.Messages) {
		if m.ExternalID == externalID {
			return m
		}
	}
	return nil
}

// decideInbound adds a customer's message to an open conversation. One whose
// id is in the transcript changes nothing (E76).
func decideInbound(c *Conversation, now time.Time, cmd *Inbound, _ *Rules, out []Event) ([]Event, error) {
	if err := cmd.Validate(now); err != nil {
		return out, err
	}
	if c.find(cmd.ExternalID) != nil {
		return out, nil
	}
	if err := c.closedError(); err != nil {
		return out, err
	}
	m := &Message{
		No:          c.LastNo() + 1,
		Author:      Author{Kind: FromCustomer},
		At:          now,
		ChannelAt:   stamp(cmd.ChannelAt),
		ExternalID:  cmd.ExternalID,
		Text:        cmd.Text,
		Attachments: slices.Clone(cmd.Attachments), // the caller keeps its own
		Payload:     cmd.Payload,
		Extras:      maps.Clone(cmd.Extras),
	}
	if to := c.find(cmd.ReplyTo); to != nil {
		m.ReplyTo = to.No
	}
	return c.withdrawn(append(out, MessageAdded{Conversation: c.ID, Message: m}), m.No, cmd.PartOf), nil
}

// withdrawn takes a part back whose message was taken back before it came.
func (c *Conversation) withdrawn(out []Event, no int, partOf string) []Event {
	if first := c.find(partOf); first != nil && first.Unsent {
		out = append(out, MessageUnsent{Conversation: c.ID, No: no})
	}
	return out
}

// decideOutside takes the echo of a message that went to the customer. The echo
// of one of ours settles it, whatever has become of the conversation since
// (E40); any other message is added while the conversation is open.
func decideOutside(c *Conversation, now time.Time, cmd Outside, _ *Rules, out []Event) ([]Event, error) {
	if err := checkName("external id", cmd.ExternalID, MaxExternalID); err != nil {
		return out, err
	}
	m := c.find(cmd.ExternalID)
	if id, no, ok := ParseSendKey(cmd.Key); ok {
		if id != c.ID {
			return out, nil // ours, of another conversation: not for this transcript
		}
		if own := c.Message(no); own != nil && own.Delivery != nil {
			m = own // the key is surer than an id, which may not be known yet
		}
	}
	if m != nil {
		if m.Delivery == nil {
			return out, nil
		}
		return settle(c, m, SendSettled{Status: StatusSent, ExternalID: cmd.ExternalID, ChannelAt: stamp(cmd.ChannelAt)}, true, out), nil
	}

	err := checkContent(cmd.Text, cmd.Attachments, false)
	if err == nil {
		err = checkLength("app", cmd.App, MaxName)
	}
	if err == nil {
		err = checkLength("id of the first part", cmd.PartOf, MaxExternalID)
	}
	if err == nil {
		err = checkFresh(cmd.ChannelAt, now)
	}
	if err == nil {
		err = c.closedError()
	}
	if err != nil {
		return out, err
	}
	m = &Message{
		No:          c.LastNo() + 1,
		Author:      Author{Kind: FromOutside, ID: cmd.App},
		At:          now,
		ChannelAt:   stamp(cmd.ChannelAt),
		ExternalID:  cmd.ExternalID,
		Text:        cmd.Text,
		Attachments: slices.Clone(cmd.Attachments),
		Delivery:    &Delivery{Status: max(StatusSent, c.Reached.status(cmd.ChannelAt)), At: now},
	}
	return c.withdrawn(append(out, MessageAdded{Conversation: c.ID, Message: m}), m.No, cmd.PartOf), nil
}

// decideEdit takes a newer text of a customer's message. A message that is not
// in the transcript was never shown, so there is nothing to correct; one that
// was taken back stays empty.
func decideEdit(c *Conversation, _ time.Time, cmd Edit, _ *Rules, out []Event) ([]Event, error) {
	err := checkName("external id", cmd.ExternalID, MaxExternalID)
	m := c.find(cmd.ExternalID)
	if err == nil {
		more := m != nil && (len(m.Attachments) > 0 || m.Payload != "")
		err = checkContent(cmd.Text, nil, more)
	}
	if err != nil {
		return out, err
	}
	if m == nil || m.Author.Kind != FromCustomer || m.Unsent || cmd.Edits <= m.Edits {
		return out, nil
	}
	return append(out, MessageEdited{Conversation: c.ID, No: m.No, Text: cmd.Text, Edits: cmd.Edits}), nil
}

// decideUnsend takes a message back, in a conversation of any state: what its
// author withdrew must not stay in the transcript.
func decideUnsend(c *Conversation, _ time.Time, cmd Unsend, _ *Rules, out []Event) ([]Event, error) {
	if err := checkName("external id", cmd.ExternalID, MaxExternalID); err != nil {
		return out, err
	}
	if len(cmd.Parts) > MaxParts {
		return out, fmt.Errorf("%w: %d of at most %d parts", ErrInbound, len(cmd.Parts), MaxParts)
	}
	for _, id := range cmd.Parts {
		if err := checkName("external id of a part", id, MaxExternalID); err != nil {
			return out, err
		}
	}
	if m := c.find(cmd.ExternalID); m != nil && !m.Unsent {
		out = append(out, MessageUnsent{Conversation: c.ID, No: m.No})
	}
	for i, id := range cmd.Parts {
		if m := c.find(id); m != nil && !m.Unsent && !slices.Contains(cmd.Parts[:i], id) && id != cmd.ExternalID {
			out = append(out, MessageUnsent{Conversation: c.ID, No: m.No})
		}
	}
	return out, nil
}

// decideReact sets, changes or removes the customer's reaction to a message.
func decideReact(c *Conversation, _ time.Time, cmd React, _ *Rules, out []Event) ([]Event, error) {
	err := checkName("external id", cmd.ExternalID, MaxExternalID)
	if err == nil {
		err = checkLength("emoji", cmd.Emoji, MaxReactionEmoji)
	}
	if err != nil {
		return out, err
	}
	m := c.find(cmd.ExternalID)
	if m == nil {
		return out, nil
	}
	to := Reaction{By: Author{Kind: FromCustomer}, Emoji: cmd.Emoji, ChannelAt: stamp(cmd.ChannelAt)}
	if !newer(to, m.Reactions) {
		return out, nil
	}
	return append(out, Reacted{Conversation: c.ID, No: m.No, By: to.By, Emoji: to.Emoji, ChannelAt: to.ChannelAt}), nil
}

// newer reports whether the reaction takes the place of the author's last one, by the
// channel's stamps where there are any. Of two of the same instant the greater
// stays, so that it does not matter which comes first.
func newer(to Reaction, than []Reaction) bool {
	var last Reaction
	if i := slices.IndexFunc(than, func(x Reaction) bool { return x.By == to.By }); i >= 0 {
		last = than[i]
	}
	switch {
	case to.ChannelAt.IsZero():
		return to.Emoji != last.Emoji
	case last.ChannelAt.IsZero():
		return true
	case to.ChannelAt.Equal(last.ChannelAt):
		return to.Emoji > last.Emoji
	}
	return to.ChannelAt.After(last.ChannelAt)
}
