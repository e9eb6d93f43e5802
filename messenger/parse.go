package messenger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/switchboard-go/switchboard/conversation"
)

// envelope is the body of a webhook.
type envelope struct {
	Object text `json:"object"`
	Entry  list `json:"entry"`
}

// entry has what happened at one page. Changes hold feed-like events.
type entry struct {
	ID        text `json:"id"`
	Messaging list `json:"messaging"`
	Standby   list `json:"standby"`
	Changes   list `json:"changes"`
}

// party is a sender or a recipient.
type party struct {
	ID text `json:"id"`
}

// event is one element of messaging or standby. Its kind is not named: it
// follows from which key is there.
type event struct {
	Sender    party     `json:"sender"`
	Recipient party     `json:"recipient"`
	Timestamp number    `json:"timestamp"`
	Message   *message  `json:"message"`
	Postback  *postback `json:"postback"`
	Referral  *referral `json:"referral"`

	Edit     *struct{} `json:"message_edit"`
	Reaction *struct{} `json:"reaction"`
	Read     *struct{} `json:"read"`
	Delivery *struct{} `json:"delivery"`
	Pass     *struct{} `json:"pass_thread_control"`
	Take     *struct{} `json:"take_thread_control"`
	Request  *struct{} `json:"request_thread_control"`
	Roles    *struct{} `json:"app_roles"`
}

type message struct {
	Mid        text `json:"mid"`
	Text       text `json:"text"`
	IsEcho     bool `json:"is_echo"`
	IsDeleted  bool `json:"is_deleted"`
	QuickReply struct {
		Payload text `json:"payload"`
	} `json:"quick_reply"`
	ReplyTo struct {
		Mid text `json:"mid"`
	} `json:"reply_to"`
	Attachments list      `json:"attachments"`
	Referral    *referral `json:"referral"`
}

type postback struct {
	Mid      text      `json:"mid"`
	Title    text      `json:"title"`
	Payload  text      `json:"payload"`
	Referral *referral `json:"referral"`
}

type referral struct {
	Ref    text `json:"ref"`
	Source text `json:"source"`
	Type   text `json:"type"`
	AdID   text `json:"ad_id"`
}

// Parse reads the body of a webhook. Verify its signature first.
//
// A body that is not a JSON object is refused with a [*BodyError]. Everything else is
// read as far as it makes sense: fields and kinds that are not known are passed over,
// and an item that lacks what it needs is returned as [KindMalformed] and costs
// no other item. A body about something else than pages gives one item of
// [KindOther] without a page.
//
// What a customer sent is never cut: a message with more text or attachments than
// the Board takes at once comes as several items, the second with "/2" after its
// ExternalID, and so on.
//
// Safe for concurrent use.
func Parse(body []byte) ([]Item, error) {
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		if odd := (*json.UnmarshalTypeError)(nil); !errors.As(err, &odd) {
			return nil, &BodyError{Problem: "not JSON"}
		}
	}
	if b := bytes.TrimLeft(body, " \t\r\n"); b[0] != '{' {
		return nil, &BodyError{Problem: "not a JSON object"}
	}
	if env.Object != "page" {
		return []Item{{Kind: KindOther}}, nil
	}
	var items []Item
	for _, raw := range env.Entry {
		var e entry
		decode(raw, &e)
		for _, raw := range e.Messaging {
			items = appendItems(items, e.ID, raw, false)
		}
		for _, raw := range e.Standby {
			items = appendItems(items, e.ID, raw, true)
		}
		for range e.Changes {
			items = append(items, Item{Page: conversation.Source(e.ID), Kind: KindOther})
		}
	}
	return items, nil
}

// appendItems appends what one element of messaging or standby says.
func appendItems(items []Item, page text, raw json.RawMessage, standby bool) []Item {
	var e event
	decode(raw, &e)
	if page == "" {
		page = e.Recipient.ID
	}
	item := Item{Page: conversation.Source(page), Kind: e.kind(page), Standby: standby}
	if item.Kind != KindMessage && item.Kind != KindPostback {
		return append(items, item)
	}
	in := conversation.Inbound{
		Channel:   Channel,
		Source:    item.Page,
		Customer:  conversation.Customer(e.Sender.ID),
		ChannelAt: e.Timestamp.time(),
	}
	var content string
	if item.Kind == KindMessage {
		content = e.message(&in)
	} else {
		content = e.postback(&in)
	}
	if in.Source == "" || in.Customer == "" || in.ExternalID == "" {
		item.Kind = KindMalformed
		return append(items, item)
	}
	return appendParts(items, item, in, content)
}

// kind says what the event is. What the page itself said is an echo even
// without its mark: it must never open a conversation with the page.
func (e *event) kind(page text) Kind {
	own := e.Sender.ID != "" && e.Sender.ID == page
	switch {
	case e.Message != nil && (own || e.Message.IsEcho), e.Postback != nil && own:
		return KindEcho
	case e.Message != nil && e.Message.IsDeleted:
		return KindUnsend
	case e.Message != nil:
		return KindMessage
	case e.Postback != nil:
		return KindPostback
	case e.Edit != nil:
		return KindEdit
	case e.Reaction != nil:
		return KindReaction
	case e.Read != nil:
		return KindRead
	case e.Delivery != nil:
		return KindDelivery
	case e.Referral != nil:
		return KindReferral
	case e.Pass != nil || e.Take != nil || e.Request != nil || e.Roles != nil:
		return KindRouting
	}
	return KindOther
}

// message fills in what a message says, and returns its text.
func (e *event) message(in *conversation.Inbound) string {
	m := e.Message
	in.ExternalID = string(m.Mid)
	if len(m.ReplyTo.Mid) <= conversation.MaxExternalID {
		in.ReplyTo = string(m.ReplyTo.Mid)
	}
	setPayload(in, m.QuickReply.Payload)
	ref := m.Referral
	if ref == nil {
		ref = e.Referral
	}
	ref.extras(in)
	in.Attachments = attachments(in, m.Attachments)
	return string(m.Text)
}

// postback fills in what a press of a button says, and returns its text: the
// button's title, or without one its payload.
func (e *event) postback(in *conversation.Inbound) string {
	p := e.Postback
	in.ExternalID = string(p.Mid)
	if in.ExternalID == "" {
		in.ExternalID = e.derivedID()
	}
	setPayload(in, p.Payload)
	ref := p.Referral
	if ref == nil {
		ref = e.Referral
	}
	ref.extras(in)
	if p.Title == "" {
		return string(p.Payload)
	}
	return string(p.Title)
}

// derivedID returns an id for a postback that came without one, the same each
// time Meta sends it: who pressed what, and when.
func (e *event) derivedID() string {
	h := sha256.New()
	for _, s := range []text{e.Sender.ID, e.Postback.Payload, e.Postback.Title} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	at := strconv.FormatInt(int64(e.Timestamp), 10)
	return "postback:" + at + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}

// setPayload sets the payload. One that is longer than Meta and the Board allow is
// useless cut, so it is left out and its length noted.
func setPayload(in *conversation.Inbound, p text) {
	if len(p) > conversation.MaxPayload {
		setExtra(in, "payload-bytes", strconv.Itoa(len(p)))
		return
	}
	in.Payload = string(p)
}

// extras notes how the customer came to the page.
func (r *referral) extras(in *conversation.Inbound) {
	if r == nil {
		return
	}
	setExtra(in, "referral-ref", string(r.Ref))
	setExtra(in, "referral-source", string(r.Source))
	setExtra(in, "referral-type", string(r.Type))
	setExtra(in, "referral-ad", string(r.AdID))
}

func setExtra(in *conversation.Inbound, key, value string) {
	if value == "" {
		return
	}
	if in.Extras == nil {
		in.Extras = make(map[string]string)
	}
	in.Extras[key] = cut(value, conversation.MaxExtraValue)
}

// appendParts appends the message, in as many parts as the Board's limits ask for. One
// without any content gets an attachment that says so.
func appendParts(items []Item, item Item, in conversation.Inbound, content string) []Item {
	texts, files := pieces(content, conversation.MaxInboundText), in.Attachments
	if len(texts) == 0 && len(files) == 0 {
		files = []conversation.Attachment{{Kind: Unsupported, Reference: reference(&in, "")}}
	}
	mid := in.ExternalID
	for no := 1; no == 1 || len(texts) > 0 || len(files) > 0; no++ {
		part := in
		if no > 1 {
			part = conversation.Inbound{Channel: in.Channel, Source: in.Source, Customer: in.Customer, ChannelAt: in.ChannelAt}
			part.ExternalID = mid + "/" + strconv.Itoa(no)
		}
		if len(texts) > 0 {
			part.Text, texts = texts[0], texts[1:]
		}
		n := min(len(files), conversation.MaxAttachments)
		part.Attachments, files = files[:n:n], files[n:]
		if n == 0 {
			part.Attachments = nil
		}
		item.Inbound = part
		items = append(items, item)
	}
	return items
}
