package switchboardtest

import (
	"strconv"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// to returns the source that a customer writes to: at=, or the first there is.
func (p *player) to(a args) (conversation.Channel, conversation.Source, error) {
	s, err := p.kit.Board.Setup(p.context())
	if err != nil {
		return "", "", err
	}
	want := conversation.Source(a.option("at"))
	for _, src := range s.Sources {
		if want == "" || src.ID == want {
			return src.Channel, src.ID, nil
		}
	}
	if want == "" {
		want = "page" // the one that was removed
	}
	return p.kit.config.Channels[0], want, nil
}

func customer(a args) conversation.Customer { return conversation.Customer(a.get("customer")) }

func (p *player) by(a args) agent.Actor {
	return agent.Actor{Role: agent.Customer, ID: a.get("customer")}
}

// customerWrites takes a message. Its id counts up for each customer, as in
// "eva-1", its channel time is stamped= before now.
func (p *player) customerWrites(a args) error {
	ch, src, err := p.to(a)
	if err != nil {
		return err
	}
	in := conversation.Inbound{
		Channel: ch, Source: src, Customer: customer(a), ExternalID: a.option("id"), Text: a.get("text"),
		ReplyTo: a.option("reply"), Payload: a.option("payload"),
		Entry: conversation.Opening{
			Queue: conversation.QueueID(a.option("queue")), Preferred: agent.ID(a.option("prefer")),
		},
	}
	if in.ExternalID == "" {
		p.sent[in.Customer]++
		in.ExternalID = a.get("customer") + "-" + itoa(p.sent[in.Customer])
	}
	if in.ChannelAt, err = p.stamped(a); err != nil {
		return err
	}
	if in.Attachments, err = files(a); err != nil {
		return err
	}
	if in.Entry.Priority, err = number(a, "priority"); err != nil {
		return err
	}
	if in.Entry.Needs, err = needs(a.option("needs")); err != nil {
		return err
	}
	for _, kv := range list(a.option("attributes")) {
		k, v, _ := strings.Cut(kv, ":")
		if in.Entry.Attributes == nil {
			in.Entry.Attributes = agent.Attributes{}
		}
		in.Entry.Attributes[k] = v
	}
	return p.do(p.by(a), a, in)
}

// stamped reads stamped=5s: a channel time of so long ago. Without it there is none.
func (p *player) stamped(a args) (time.Time, error) {
	s := a.option("stamped")
	if s == "" {
		return time.Time{}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return time.Time{}, bad("stamped=%s is not a duration", s)
	}
	return p.kit.Now().Add(-d), nil
}

// files reads file=image:reference.
func files(a args) ([]conversation.Attachment, error) {
	s := a.option("file")
	if s == "" {
		return nil, nil
	}
	kind, ref, ok := strings.Cut(s, ":")
	if !ok {
		return nil, bad("file=%s should be such as file=image:https://...", s)
	}
	return []conversation.Attachment{{Kind: conversation.AttachmentKind(kind), Reference: ref}}, nil
}

func (p *player) customerEdits(a args) error {
	ch, src, err := p.to(a)
	if err != nil {
		return err
	}
	n, err := number(a, "edit")
	if err != nil {
		return err
	}
	return p.do(p.by(a), a, conversation.Edit{
		Channel: ch, Source: src, Customer: customer(a), ExternalID: a.get("id"), Text: a.get("text"), Edits: max(1, n),
	})
}

func (p *player) customerUnsends(a args) error {
	ch, src, err := p.to(a)
	if err != nil {
		return err
	}
	return p.do(p.by(a), a, conversation.Unsend{Channel: ch, Source: src, Customer: customer(a), ExternalID: a.get("id")})
}

func (p *player) customerReacts(a args) error {
	ch, src, err := p.to(a)
	if err != nil {
		return err
	}
	at, err := p.stamped(a)
	if err != nil {
		return err
	}
	return p.do(p.by(a), a, conversation.React{
		Channel: ch, Source: src, Customer: customer(a), ExternalID: a.get("id"), Emoji: a.get("text"), ChannelAt: at,
	})
}

func (p *player) customerLeaves(a args) error {
	ch, src, err := p.to(a)
	if err != nil {
		return err
	}
	return p.do(p.by(a), a, conversation.Hangup{Channel: ch, Source: src, Customer: customer(a)})
}

func (p *player) customerReceived(a args) error { return p.receipt(a, conversation.StatusDelivered) }

func (p *player) customerRead(a args) error { return p.receipt(a, conversation.StatusRead) }

func (p *player) receipt(a args, s conversation.Status) error {
	ch, src, err := p.to(a)
	if err != nil {
		return err
	}
	r := conversation.Receipt{Channel: ch, Source: src, Customer: customer(a), Status: s}
	if id := a.get("id"); id != "" {
		r.ExternalIDs = []string{id}
	} else {
		r.Watermark = p.kit.Now()
	}
	return p.do(agent.Actor{Role: agent.Platform, ID: "page"}, a, r)
}

// pageWrites is a human in the page's own inbox.
func (p *player) pageWrites(a args) error {
	ch, src, err := p.to(a)
	if err != nil {
		return err
	}
	id := a.option("id")
	if id == "" {
		p.page++
		id = "page-" + itoa(p.page)
	}
	at, err := p.stamped(a)
	if err != nil {
		return err
	}
	return p.do(agent.Actor{Role: agent.Platform, ID: "page"}, a, conversation.Outside{
		Channel: ch, Source: src, Customer: customer(a), ExternalID: id, App: a.option("app"), Text: a.get("text"), ChannelAt: at,
	})
}

// pageEchoes is the channel's echo of one of our own messages.
func (p *player) pageEchoes(a args) error {
	id, err := p.find(a.get("conversation"))
	if err != nil {
		return err
	}
	c, err := p.kit.Board.Conversation(p.context(), id)
	if err != nil {
		return err
	}
	m := c.Message(a.number("number"))
	if m == nil {
		return bad("%s has no message %d", p.label(id), a.number("number"))
	}
	external := a.option("id")
	if external == "" {
		external = "echo-" + a.get("number")
	}
	return p.do(agent.Actor{Role: agent.Platform, ID: "page"}, a, conversation.Outside{
		Channel: c.Channel, Source: c.Source, Customer: c.Customer, ExternalID: external,
		Key: conversation.SendKey(id, m.No), Text: m.Text,
	})
}

func (p *player) agentWrites(a args) error { return p.write(a, false) }

func (p *player) agentNotes(a args) error { return p.write(a, true) }

func (p *player) write(a args, note bool) error {
	d := conversation.Draft{Text: a.get("text"), AgentsOnly: note}
	var err error
	if d.ReplyTo, err = number(a, "reply"); err != nil {
		return err
	}
	if d.Attachments, err = files(a); err != nil {
		return err
	}
	return inConversation(func(a args, id conversation.ID) any {
		return conversation.Write{Conversation: id, Agent: who(a), Draft: d}
	})(p, a)
}

// result is how a send ends.
func result(a args) (error, error) {
	e := &switchboard.SendError{Why: conversation.FailCause(a.get("cause")), Detail: a.option("detail")}
	switch a.option("as") {
	case "":
	case "temporary":
		e.Temporary = true
	case "ambiguous":
		e.Ambiguous = true
	default:
		return nil, bad("as=%s should be temporary or ambiguous", a.option("as"))
	}
	if s := a.option("after"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			return nil, bad("after=%s is not a duration", s)
		}
		e.After = d
	}
	return e, nil
}

func (p *player) nextSend(a args) error {
	res, err := result(a)
	if err == nil {
		p.kit.Transport.Next(res)
	}
	return err
}

func (p *player) releaseSend(a args) error {
	var res error
	if a.get("cause") != "" {
		var err error
		if res, err = result(a); err != nil {
			return err
		}
	}
	for _, m := range p.kit.Transport.Held() {
		if m.Customer == customer(a) {
			p.kit.Transport.Release(m.Key, switchboard.Receipt{}, res)
			return nil
		}
	}
	return bad("no send to %s is held", a.get("customer"))
}

func (p *player) nextSettlement(a args) error {
	switch a.get("settlement") {
	case "arrived":
		p.kit.Transport.NextSettlement(switchboard.Arrived)
	case "not-sent":
		p.kit.Transport.NextSettlement(switchboard.NotSent)
	case "unsure":
		p.kit.Transport.NextSettlement(switchboard.Unsure)
	default:
		return bad("a settlement is arrived, not-sent or unsure")
	}
	return nil
}

func number(a args, option string) (int, error) {
	s := a.option(option)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, bad("%s=%s is not a whole number", option, s)
	}
	return n, nil
}

// list parts "a,b".
func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
