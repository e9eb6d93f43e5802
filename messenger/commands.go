package messenger

import (
	"strconv"
	"strings"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// attachmentKinds maps Meta's types of attachment to ours; others keep their names.
var attachmentKinds = map[string]conversation.AttachmentKind{
	"image":         conversation.Image,
	"audio":         conversation.Audio,
	"video":         conversation.Video,
	"file":          conversation.File,
	"sticker":       conversation.Sticker,
	"location":      conversation.Location,
	"fallback":      conversation.Share, // a link
	"share":         conversation.Share,
	"template":      conversation.Share, // a product
	"post":          conversation.Share,
	"ig_post":       conversation.Share,
	"reel":          conversation.Share,
	"ig_reel":       conversation.Share,
	"story_mention": conversation.Share,
}

// Commands returns what the event means for a Board, in order; nothing for an event that
// is for no Board.
//
//	KindMessage, KindPostback     conversation.Inbound, by the customer
//	KindEdit, KindReaction        conversation.Edit, conversation.React, by the customer
//	KindUnsend                    conversation.Unsend, by the customer or the platform
//	KindEcho                      conversation.Outside, by the platform
//	KindDelivery, KindRead        conversation.Receipt, by the platform
//
// What a customer sent is never cut: a message with more text or attachments than the
// Board takes at once comes as several, the second with "/2" after its ExternalID, and so
// on, and is taken back as a whole. An echo of a part of one of our messages but the last is for no Board: the echo of
// the last part says that all are sent.
func (e *Event) Commands() []switchboard.Command {
	switch e.Kind {
	case KindMessage, KindPostback:
		return e.inbound()
	case KindEcho:
		return e.outside()
	case KindUnsend:
		by := e.customer()
		if e.Own {
			by = e.platform()
		}
		return []switchboard.Command{{By: by, Do: conversation.Unsend{
			Channel: e.Channel, Source: e.Page, Customer: e.Customer, ExternalID: e.Message.ID, Parts: parts(e.Message.ID),
		}}}
	case KindEdit:
		if e.Own {
			return nil
		}
		return []switchboard.Command{{By: e.customer(), Do: conversation.Edit{
			Channel: e.Channel, Source: e.Page, Customer: e.Customer, ExternalID: e.Edit.ID,
			Text: e.Edit.Text, Edits: e.Edit.Count, ChannelAt: e.At,
		}}}
	case KindReaction:
		if e.Own {
			return nil
		}
		return []switchboard.Command{{By: e.customer(), Do: conversation.React{
			Channel: e.Channel, Source: e.Page, Customer: e.Customer, ExternalID: e.Reaction.ID,
			Emoji: cut(e.Reaction.Emoji, conversation.MaxReactionEmoji), ChannelAt: e.At,
		}}}
	case KindDelivery, KindRead:
		if e.Own {
			return nil
		}
		status := conversation.StatusDelivered
		if e.Kind == KindRead {
			status = conversation.StatusRead
		}
		return []switchboard.Command{{By: e.platform(), Do: conversation.Receipt{
			Channel: e.Channel, Source: e.Page, Customer: e.Customer, Status: status,
			Watermark: e.Receipt.Watermark, ExternalIDs: e.Receipt.IDs,
		}}}
	}
	return nil
}

// forBoards reports whether the kind is one that can mean anything to a Board, or to the
// Traffic.
func (e *Event) forBoards() bool {
	switch e.Kind {
	case KindMessage, KindPostback, KindEcho, KindUnsend, KindEdit, KindReaction, KindDelivery, KindRead, KindReferral:
		return true
	}
	return false
}

func (e *Event) customer() switchboard.Actor {
	return switchboard.Actor{Role: agent.Customer, ID: string(e.Customer)}
}

func (e *Event) platform() switchboard.Actor {
	return switchboard.Actor{Role: agent.Platform, ID: string(e.Channel)}
}

// inbound returns the message, in as many parts as the Board's limits ask for.
func (e *Event) inbound() []switchboard.Command {
	in := conversation.Inbound{Channel: e.Channel, Source: e.Page, Customer: e.Customer, ChannelAt: e.At}
	content := ""
	var ref *Referral
	if m := e.Message; m != nil {
		content, ref = m.Text, m.Referral
		in.ExternalID = m.ID
		if len(m.ReplyTo) <= conversation.MaxExternalID {
			in.ReplyTo = m.ReplyTo
		}
		in.Attachments = attachments(m)
		setPayload(&in, m.QuickReply)
		messageExtras(&in, m)
	} else {
		p := e.Postback
		content, ref = p.Title, p.Referral
		if content == "" {
			content = p.Payload
		}
		in.ExternalID = p.ID
		setPayload(&in, p.Payload)
	}
	referralExtras(&in, ref)

	if len(content) <= conversation.MaxInboundText && len(in.Attachments) <= conversation.MaxAttachments {
		in.Text = content
		if content == "" && len(in.Attachments) == 0 {
			in.Attachments = nothing(in.ExternalID)
		}
		return []switchboard.Command{{By: e.customer(), Do: in}}
	}
	var out []switchboard.Command
	e.parts(in.ExternalID, content, in.Attachments, func(no int, id, text string, files []conversation.Attachment) {
		part := in
		if no > 1 {
			part = conversation.Inbound{Channel: in.Channel, Source: in.Source, Customer: in.Customer, ChannelAt: in.ChannelAt, PartOf: in.ExternalID}
		}
		part.ExternalID, part.Text, part.Attachments = id, text, files
		out = append(out, switchboard.Command{By: e.customer(), Do: part})
	})
	return out
}

// maxParts is how many parts a message can have: MaxFiles makes as many.
const maxParts = MaxFiles / conversation.MaxAttachments

// partID is the id of a part of a message.
func partID(id string, no int) string {
	if no == 1 {
		return id
	}
	return id + "/" + strconv.Itoa(no)
}

// parts returns the ids that a message's parts after the first have, if it has any; none
// when they would be too long to have been taken.
func parts(id string) []string {
	if len(partID(id, maxParts)) > conversation.MaxExternalID {
		return nil
	}
	out := make([]string, 0, maxParts-1)
	for no := 2; no <= maxParts; no++ {
		out = append(out, partID(id, no))
	}
	return out
}

// outside returns the echo.
func (e *Event) outside() []switchboard.Command {
	m := e.Message
	key, part, ours := parsePartKey(m.Metadata)
	if ours && part > 0 {
		return nil
	}
	o := conversation.Outside{
		Channel: e.Channel, Source: e.Page, Customer: e.Customer, ExternalID: m.ID, ChannelAt: e.At,
		App: cut(m.AppID, conversation.MaxName), Attachments: attachments(m),
	}
	if ours {
		o.Key = key
	}
	if len(m.Text) <= conversation.MaxInboundText && len(o.Attachments) <= conversation.MaxAttachments || ours {
		o.Text = cut(m.Text, conversation.MaxInboundText)
		o.Attachments = o.Attachments[:min(len(o.Attachments), conversation.MaxAttachments)]
		if o.Text == "" && len(o.Attachments) == 0 {
			o.Attachments = nothing(m.ID)
		}
		return []switchboard.Command{{By: e.platform(), Do: o}}
	}
	var out []switchboard.Command
	e.parts(m.ID, m.Text, o.Attachments, func(no int, id, text string, files []conversation.Attachment) {
		part := o
		if no > 1 {
			part.PartOf = m.ID
		}
		part.ExternalID, part.Text, part.Attachments = id, text, files
		out = append(out, switchboard.Command{By: e.platform(), Do: part})
	})
	return out
}

// parts cuts a message into what the Board takes at once.
func (e *Event) parts(id, content string, files []conversation.Attachment, add func(no int, id, text string, files []conversation.Attachment)) {
	texts := pieces(content, conversation.MaxInboundText)
	for no := 1; len(texts) > 0 || len(files) > 0; no++ {
		partID, text := partID(id, no), ""
		if len(texts) > 0 {
			text, texts = texts[0], texts[1:]
		}
		var some []conversation.Attachment
		if n := min(len(files), conversation.MaxAttachments); n > 0 {
			some, files = files[:n:n], files[n:]
		}
		add(no, partID, text, some)
	}
}

// nothing is the attachment of a message that would otherwise be empty.
func nothing(id string) []conversation.Attachment {
	return []conversation.Attachment{{Kind: Unsupported, Reference: cut(id, conversation.MaxReference)}}
}

// attachments returns the attachments of a message. For some time one sticker came both
// as an image and as a sticker; it is returned once.
func attachments(m *Message) []conversation.Attachment {
	if len(m.Attachments) == 0 {
		return nil
	}
	out := make([]conversation.Attachment, 0, len(m.Attachments))
	var stickers map[string]bool
	for i := range m.Attachments {
		f := &m.Attachments[i]
		a := conversation.Attachment{Kind: f.kind(), Name: cut(f.Title, maxName)}
		if f.StickerID != "" {
			if stickers[f.StickerID] {
				continue
			}
			if stickers == nil {
				stickers = make(map[string]bool)
			}
			stickers[f.StickerID] = true
			a.Kind = conversation.Sticker
		}
		a.Reference = f.location()
		// Without a URL, or with one too long to keep whole, it is the id of the message, by
		// which the Graph API finds the rest.
		if a.Reference == "" || len(a.Reference) > conversation.MaxReference {
			a.Reference = cut(m.ID, conversation.MaxReference)
		}
		out = append(out, a)
	}
	return out
}

// maxName is how much of a title is kept as the attachment's name, in bytes.
const maxName = 255

// kind returns what the file is. A type that is not a plain word is not one of Meta's.
func (f *File) kind() conversation.AttachmentKind {
	if k, ok := attachmentKinds[f.Type]; ok {
		return k
	}
	if safeName(f.Type, 32) {
		return conversation.AttachmentKind(f.Type)
	}
	return Unsupported
}

// location returns where the file or the place is: a URL, or "".
func (f *File) location() string {
	switch {
	case f.URL != "":
		return f.URL
	case f.Place != nil:
		return "geo:" + degrees(f.Place.Lat) + "," + degrees(f.Place.Long)
	case len(f.Products) > 0:
		return f.Products[0].ImageURL
	}
	return ""
}

func degrees(d float64) string { return strconv.FormatFloat(d, 'f', -1, 64) }

// globe returns a point, if it is on the globe.
func globe(lat, long string) (Place, bool) {
	x, err1 := strconv.ParseFloat(lat, 64)
	y, err2 := strconv.ParseFloat(long, 64)
	ok := err1 == nil && err2 == nil && -90 <= x && x <= 90 && -180 <= y && y <= 180
	return Place{x, y}, ok
}

// setPayload sets the payload. One that is longer than Meta and the Board allow is
// useless cut, so it is left out and its length noted.
func setPayload(in *conversation.Inbound, p string) {
	if len(p) > conversation.MaxPayload {
		setExtra(in, "payload-bytes", strconv.Itoa(len(p)))
		return
	}
	in.Payload = p
}

// messageExtras notes what a message says beside its content.
func messageExtras(in *conversation.Inbound, m *Message) {
	for i := range m.Attachments {
		f := &m.Attachments[i]
		if f.StickerID != "" {
			setExtra(in, "sticker", f.StickerID)
		}
		if b := f.Booking; b != nil {
			setExtra(in, "booking", b.ID)
			setExtra(in, "booking-status", b.Status)
		}
		if len(f.Products) > 0 {
			setExtra(in, "product", f.Products[0].ID)
		}
	}
	if m.LeftOut > 0 {
		setExtra(in, "attachments-left-out", strconv.Itoa(m.LeftOut))
	}
	setExtra(in, "story", m.StoryID)
	setExtra(in, "prior-source", m.PriorSource)
	if len(m.Commands) > 0 {
		setExtra(in, "commands", strings.Join(m.Commands, " "))
	}
}

// referralExtras notes how the customer came to the page.
func referralExtras(in *conversation.Inbound, r *Referral) {
	if r == nil {
		return
	}
	setExtra(in, "referral-ref", r.Ref)
	setExtra(in, "referral-source", r.Source)
	setExtra(in, "referral-type", r.Type)
	setExtra(in, "referral-ad", r.AdID)
	setExtra(in, "referral-product", r.ProductID)
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

// A message that goes out in several calls carries its key in the last of them alone;
// the others carry the key with "/1", "/2" and so on.

func partKey(key string, part, parts int) string {
	if part == parts || key == "" {
		return key
	}
	return key + "/" + strconv.Itoa(part)
}

// parsePartKey reads the metadata of an echo. It reports false for what no Board gave a
// message; part is 0 for the last or only part.
func parsePartKey(metadata string) (key string, part int, ours bool) {
	key, no, several := strings.Cut(metadata, "/")
	if _, _, ok := conversation.ParseSendKey(key); !ok {
		return "", 0, false
	}
	if !several {
		return key, 0, true
	}
	n, err := strconv.Atoi(no)
	if err != nil || n < 1 || strconv.Itoa(n) != no {
		return "", 0, false
	}
	return key, n, true
}
