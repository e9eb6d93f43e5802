package messenger

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/conversation"
)

// Meta's limits of a message.
const (
	MaxText          = 2000     // UTF-16 code units of text, on Messenger
	MaxTextInstagram = 1000     // bytes of text, on Instagram
	MaxMetadata      = 1000     // bytes of Outbound.Key
	MaxImage         = 8 << 20  // bytes of an image
	MaxFile          = 25 << 20 // bytes of any other file
	MaxQuickReplies  = 13
)

// Recipient says to whom a message goes: exactly one field is set.
type Recipient struct {
	ID        conversation.Customer // a customer
	UserRef   string                // a person who used a plugin and has no id yet
	CommentID string                // who wrote a comment: a private reply, once, within 7 days
	PostID    string                // who wrote a visitor post, likewise
	Token     Secret                // who agreed to marketing messages
}

// OutMessage is a message for [Client.SendMessage]. Exactly one of Text, Media, Images,
// Template and StickerID is set.
type OutMessage struct {
	Page    conversation.Source  // whose token is used
	Channel conversation.Channel // empty means Channel
	To      Recipient            // mandatory
	// Type is how the message is declared; empty means Response. Tag goes with
	// MessageTag.
	Type, Tag    string
	Text         string       // at most MaxText units, or MaxTextInstagram bytes
	Media        *Media       // one file
	Images       []string     // https URLs of up to 10 images in one message, on Instagram
	Template     *Template    // a message with buttons
	StickerID    string       // of one of Meta's stickers
	QuickReplies []QuickReply // at most MaxQuickReplies
	// Metadata comes back in the echo; at most MaxMetadata bytes.
	Metadata string
	ReplyTo  string // id of the message answered
	Persona  string // id of the persona it appears under
	// HandOver, if set, gives up control of the thread with the message.
	HandOver *HandOver
	Silent   bool // without a notification
}

// HandOver gives control of a thread to another app; without one the thread is idle.
type HandOver struct {
	App string // id of the app, or empty
}

// Media is a file to send. Exactly one of URL and ID is set.
type Media struct {
	Kind conversation.AttachmentKind // Image, Audio, Video or File
	URL  string                      // https; Meta fetches it within 10 seconds, a video within 75
	ID   string                      // of a file that was uploaded for the same page in the last 90 days
	// Reusable asks for an ID by which it can be sent again.
	Reusable bool
}

// QuickReply is a button over the customer's keyboard.
type QuickReply struct {
	// Kind is "text" if empty, or "user_phone_number" or "user_email", which need no title.
	Kind     string
	Title    string // at most 20 characters
	Payload  string // at most 1000 bytes; comes back with the tap
	ImageURL string // an icon, or empty
}

// Sent says what became of a message.
type Sent struct {
	MessageID   string                // Meta's id of the message, as its echo has it
	RecipientID conversation.Customer // empty for a Recipient without an id
	// AttachmentID is set for reusable media.
	AttachmentID string
}

// attachmentScheme marks the reference of an attachment that is the id of an upload.
const attachmentScheme = "attachment-id:"

// AttachmentReference returns the reference by which an attachment of a Board's message
// stands for a file that [Client.Upload] has put there.
func AttachmentReference(id string) string { return attachmentScheme + id }

// The shapes of the Send API.
type (
	wireRequest struct {
		Recipient        wireRecipient `json:"recipient"`
		MessagingType    string        `json:"messaging_type,omitempty"`
		Tag              string        `json:"tag,omitempty"`
		Message          *wireMessage  `json:"message,omitempty"`
		SenderAction     string        `json:"sender_action,omitempty"`
		Payload          *wireReaction `json:"payload,omitempty"`
		ReplyTo          *wireReplyTo  `json:"reply_to,omitempty"`
		PersonaID        string        `json:"persona_id,omitempty"`
		NotificationType string        `json:"notification_type,omitempty"`
		ThreadControl    *wireThread   `json:"thread_control,omitempty"`
		Proof            string        `json:"appsecret_proof,omitempty"`
	}
	wireRecipient struct {
		ID        conversation.Customer `json:"id,omitempty"`
		UserRef   string                `json:"user_ref,omitempty"`
		CommentID string                `json:"comment_id,omitempty"`
		PostID    string                `json:"post_id,omitempty"`
		Token     string                `json:"notification_messages_token,omitempty"`
	}
	wireMessage struct {
		Text         string           `json:"text,omitempty"`
		Attachment   *wireFile        `json:"attachment,omitempty"`
		Attachments  []wireFile       `json:"attachments,omitempty"`
		StickerID    string           `json:"sticker_id,omitempty"`
		QuickReplies []wireQuickReply `json:"quick_replies,omitempty"`
		Metadata     string           `json:"metadata,omitempty"`
	}
	wireFile struct {
		Type    string `json:"type"`
		Payload any    `json:"payload"`
	}
	wirePayload struct {
		URL      string `json:"url,omitempty"`
		ID       string `json:"attachment_id,omitempty"`
		Reusable bool   `json:"is_reusable,omitempty"`
	}
	wireQuickReply struct {
		Kind     string `json:"content_type"`
		Title    string `json:"title,omitempty"`
		Payload  string `json:"payload,omitempty"`
		ImageURL string `json:"image_url,omitempty"`
	}
	wireReplyTo struct {
		Mid string `json:"mid"`
	}
	wireThread struct {
		Type string `json:"control_type"`
		App  string `json:"app_id,omitempty"`
	}
	wireReaction struct {
		MessageID string `json:"message_id"`
		Reaction  string `json:"reaction,omitempty"`
	}
)

// encode checks a message and returns the body of its request, or what is wrong with it.
func (m *OutMessage) encode(proof string) (body []byte, problem string) {
	r := wireRequest{
		Recipient: wireRecipient{m.To.ID, m.To.UserRef, m.To.CommentID, m.To.PostID, m.To.Token.Reveal()},
		Tag:       m.Tag, PersonaID: m.Persona, Proof: proof,
	}
	if m.Type == "" {
		m.Type = Response
	}
	r.MessagingType = m.Type
	if n := countSet(string(m.To.ID), m.To.UserRef, m.To.CommentID, m.To.PostID, m.To.Token.Reveal()); n != 1 {
		return nil, "not exactly one recipient"
	}
	r.Message, problem = m.wireContent()
	if problem != "" {
		return nil, problem
	}
	if m.ReplyTo != "" {
		r.ReplyTo = &wireReplyTo{m.ReplyTo}
	}
	if m.Silent {
		r.NotificationType = "NO_PUSH"
	}
	if h := m.HandOver; h != nil {
		r.ThreadControl = &wireThread{Type: "release"}
		if h.App != "" {
			r.ThreadControl = &wireThread{Type: "pass", App: h.App}
		}
	}
	return encode(r), ""
}

// encode never fails: what we encode are strings and lists of them.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func countSet(values ...string) int {
	n := 0
	for _, v := range values {
		if v != "" {
			n++
		}
	}
	return n
}

func (m *OutMessage) wireContent() (*wireMessage, string) {
	w := &wireMessage{Text: m.Text, StickerID: m.StickerID, Metadata: m.Metadata}
	n := countSet(m.Text, m.StickerID)
	if problem := textProblem(m.Text, m.Channel); problem != "" {
		return nil, problem
	}
	if m.Media != nil {
		n++
		f, problem := m.Media.wire()
		if problem != "" {
			return nil, problem
		}
		w.Attachment = f
	}
	if len(m.Images) > 0 {
		n++
		if len(m.Images) > 10 || m.Channel != InstagramChannel {
			return nil, "several images go in one message on Instagram alone, and 10 at most"
		}
		for _, u := range m.Images {
			f, problem := (&Media{Kind: conversation.Image, URL: u}).wire()
			if problem != "" {
				return nil, problem
			}
			w.Attachments = append(w.Attachments, *f)
		}
	}
	if m.Template != nil {
		n++
		f, problem := m.Template.wire()
		if problem != "" {
			return nil, problem
		}
		w.Attachment = f
	}
	switch {
	case n == 0:
		return nil, "nothing to send"
	case n > 1:
		return nil, "text, file and template cannot go in one message"
	case len(m.Metadata) > MaxMetadata:
		return nil, "the key has more than 1000 bytes"
	case len(m.QuickReplies) > MaxQuickReplies:
		return nil, "more than 13 quick replies"
	}
	for i, q := range m.QuickReplies {
		if q.Kind == "" {
			q.Kind = "text"
		}
		if q.Kind == "text" && (q.Title == "" || utf8.RuneCountInString(q.Title) > 20) || len(q.Payload) > 1000 {
			return nil, fmt.Sprintf("quick reply %d: a title has 1 to 20 characters, a payload at most 1000 bytes", i+1)
		}
		w.QuickReplies = append(w.QuickReplies, wireQuickReply(q))
	}
	return w, ""
}

// textProblem says what is wrong with a text, if anything.
func textProblem(text string, channel conversation.Channel) string {
	switch {
	case !utf8.ValidString(text):
		return "the text is not valid UTF-8"
	case channel == InstagramChannel && len(text) > MaxTextInstagram:
		return "the text has more than 1000 bytes"
	// Meta does not say what its 2000 characters are; by this count a text is never
	// shorter than by any other in use.
	case channel != InstagramChannel && conversation.UTF16Len(text) > MaxText:
		return "the text has more than 2000 UTF-16 units"
	}
	return ""
}

// wire checks a file.
func (f *Media) wire() (*wireFile, string) {
	if !sendable(f.Kind) {
		return nil, "only image, audio, video and file can be sent"
	}
	if countSet(f.URL, f.ID) != 1 {
		return nil, "a file needs either a URL or an id"
	}
	if f.URL != "" && !httpsURL(f.URL) {
		return nil, "the attachment's reference is not an https URL"
	}
	return &wireFile{Type: string(f.Kind), Payload: wirePayload{URL: f.URL, ID: f.ID, Reusable: f.Reusable}}, ""
}

func sendable(k conversation.AttachmentKind) bool {
	switch k {
	case conversation.Image, conversation.Audio, conversation.Video, conversation.File:
		return true
	}
	return false
}

func httpsURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// mediaOf returns the file that an attachment of a Board's message stands for, or what
// is wrong with it.
func mediaOf(a *conversation.Attachment) (*Media, string) {
	limit, words := int64(MaxFile), "the attachment is larger than 25 MB"
	if a.Kind == conversation.Image {
		limit, words = MaxImage, "the image is larger than 8 MB"
	}
	if a.Size > limit {
		return nil, words
	}
	m := &Media{Kind: a.Kind, URL: a.Reference}
	if id, ok := strings.CutPrefix(a.Reference, attachmentScheme); ok {
		m.URL, m.ID = "", id
	}
	_, problem := m.wire()
	return m, problem
}

// appsecretProof proves to Meta that whoever uses the token knows the app's
// secret too.
func appsecretProof(token, app Secret) string {
	return hex.EncodeToString(mac([]byte(token.Reveal()), app.Reveal()))
}
