package messenger

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// Send sends a message of a Board. Its Key goes along as metadata.
//
// A message with a text and attachments, or several attachments, goes out in several
// calls: first the text, then the attachments in order. The last call carries the Key, so
// that its echo says that all have been sent; the others carry the Key with "/1", "/2" and
// so on. The error says how many have been sent, which the Board keeps: another Send of
// the same message, by whatever process, goes on after them.
//
// Every error is a *switchboard.SendError. Before anything is sent, it is final, with
//
//   - FailWindow when the customer last wrote too long ago (E79);
//   - FailContent when Meta's limits do not allow the content (E80);
//   - FailAccess when there is no token for the page;
//   - FailBlocked without a customer, FailNoTransport for another channel;
//
// or temporary, with FailRateLimited, when Meta's limits leave no room now.
//
// An answer of the Graph API gives what its code means, with the [*GraphError]
// inside. Without an answer the error is temporary if the request cannot have left, and
// ambiguous otherwise. No error shows a secret. The ExternalID of the Receipt is that of
// the last part.
func (c *Client) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	parts, e := c.prepare(&m)
	if e != nil {
		return switchboard.Receipt{}, stopped(e, m.Sent)
	}
	persona := c.personaFor(ctx, &m)
	var sent Sent
	for i := min(max(m.Sent, 0), len(parts)-1); i < len(parts); i++ {
		parts[i].Persona = persona
		if sent, e = c.message(ctx, &parts[i]); e != nil {
			return switchboard.Receipt{}, stopped(e, i)
		}
	}
	return switchboard.Receipt{ExternalID: sent.MessageID}, nil
}

// stopped says how far a message came.
func stopped(e *CallError, done int) *switchboard.SendError {
	if done > 0 {
		e.Detail = fmt.Sprintf("parts of the message were sent, the first %d: %s", done, e.Detail)
	}
	err := sendError(e)
	err.Sent = done
	return err
}

// sendError returns the error as the Board wants it.
func sendError(e *CallError) *switchboard.SendError {
	return &switchboard.SendError{
		Why: e.Why, Temporary: e.Temporary, After: e.After, Ambiguous: e.Ambiguous,
		Detail: cut(e.Detail, conversation.MaxDetail), Err: e.Err,
	}
}

// SendMessage sends one message, of a Board or not. What Meta's limits do not allow is
// refused with FailContent before anything is sent; the reply window is left to Meta,
// since only a Board knows when the customer last wrote. Every error is a
// *switchboard.SendError, as of Send.
func (c *Client) SendMessage(ctx context.Context, m OutMessage) (Sent, error) {
	sent, e := c.message(ctx, &m)
	if e != nil {
		return sent, sendError(e)
	}
	return sent, nil
}

// prepare checks everything that can be checked here, and returns what goes out.
func (c *Client) prepare(m *switchboard.Outbound) ([]OutMessage, *CallError) {
	refuse := func(why conversation.FailCause, detail string) ([]OutMessage, *CallError) {
		return nil, c.refusal("send", m.Source, why, detail)
	}
	switch {
	case m.Channel != "" && m.Channel != Channel && m.Channel != InstagramChannel:
		return refuse(conversation.FailNoTransport, "the message is for another channel")
	case m.Customer == "":
		return refuse(conversation.FailBlocked, "the message has no customer")
	}
	if _, e := c.tokenOf("send", m.Source); e != nil {
		return nil, e
	}
	how, refusal := c.window(m, c.c.Clock.Now())
	if refusal != "" {
		return refuse(conversation.FailWindow, refusal)
	}
	base := OutMessage{Page: m.Source, Channel: m.Channel, To: Recipient{ID: m.Customer}, Type: how.kind, Tag: how.tag}
	var parts []OutMessage
	if m.Text != "" || len(m.Attachments) == 0 {
		part := base
		part.Text = m.Text
		parts = append(parts, part)
	}
	for i := range m.Attachments {
		media, problem := mediaOf(&m.Attachments[i])
		if problem != "" {
			return refuse(conversation.FailContent, problem)
		}
		part := base
		part.Media = media
		parts = append(parts, part)
	}
	parts[0].ReplyTo = m.ReplyTo
	for i := range parts {
		parts[i].Metadata = partKey(m.Key, i+1, len(parts))
		if _, problem := parts[i].encode(""); problem != "" { // all or nothing
			return refuse(conversation.FailContent, problem)
		}
	}
	return parts, nil
}

// message sends one message.
func (c *Client) message(ctx context.Context, m *OutMessage) (Sent, *CallError) {
	k, e := c.messageCall(m)
	if e != nil {
		return Sent{}, e
	}
	body, e := c.do(ctx, k)
	if e != nil && m.Persona != "" && personaRefused(e) {
		// Personas are not to be had everywhere. Nothing was sent.
		refused := m.Persona
		m.Persona = ""
		if k, e = c.messageCall(m); e == nil {
			body, e = c.do(ctx, k)
		}
		if e == nil { // so it was the persona's fault
			c.personas.replace(refused, "", noPersonaFor)
		}
	}
	if e != nil {
		return Sent{}, e
	}
	sent := parseSent(body)
	if sent.MessageID == "" {
		return sent, &CallError{
			Call: k.name, Page: k.page, Why: conversation.FailTransport, Ambiguous: true,
			Detail: "the answer of the Graph API names no message",
		}
	}
	return sent, nil
}

// messageCall returns the call that sends a message.
func (c *Client) messageCall(m *OutMessage) (call, *CallError) {
	token, e := c.tokenOf("send", m.Page)
	if e != nil {
		return call{}, e
	}
	body, problem := m.encode(c.proof(token))
	if problem != "" {
		return call{}, c.refusal("send", m.Page, conversation.FailContent, problem)
	}
	k := call{
		name: "send", page: m.Page, token: token, method: http.MethodPost, path: ownPage + "/messages", body: body, pace: paceText,
		hide: m.To.Token,
		// A tag is a feature that Meta grants the app, and so is whom else one may write to.
		extra: m.To.ID == "" || m.Type != Response && m.Type != Update,
	}
	if f := m.Media; f != nil && (f.Kind == conversation.Audio || f.Kind == conversation.Video) {
		k.pace = paceMedia
	}
	return k, nil
}

// personaRefused reports whether a message may have been refused for its persona alone.
func personaRefused(e *CallError) bool {
	g := (*GraphError)(nil)
	return errors.As(e.Err, &g) && g.Code == 100 && (g.Subcode == 0 || g.Subcode == 33)
}

// Settle tells what became of a message whose Send failed ambiguously. It makes no call:
// the Graph API cannot be asked. The echo tells, which the Traffic has if this process
// got it: Arrived when the echo of the message, or of its last part, is there; NotSent
// when that of the part at which it stopped is, so that Send goes on with the next; Unsure
// otherwise. Where a Send that nobody has reported on stopped is not known, so that of a
// message of several parts only the last one's echo settles it.
//
// An echo that another process got settles the message on the Board by itself. Without
// one the Board says after Config.UnknownAfter that the message is unknown.
func (c *Client) Settle(_ context.Context, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt, error) {
	if e, ok := c.c.Traffic.echoOf(m.Source, m.Customer, m.Key); ok {
		return switchboard.Arrived, switchboard.Receipt{ExternalID: e.id, At: e.at}, nil
	}
	parts := len(m.Attachments)
	if m.Text != "" {
		parts++
	}
	if stopped := m.Sent + 1; stopped < parts && !m.Doubtful {
		if _, ok := c.c.Traffic.echoOf(m.Source, m.Customer, partKey(m.Key, stopped, parts)); ok {
			return switchboard.NotSent, switchboard.Receipt{Sent: stopped}, nil
		}
	}
	return switchboard.Unsure, switchboard.Receipt{}, nil
}
