package conversation

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// AuthorKind says who wrote a message.
type AuthorKind uint8

// The kinds of author.
const (
	FromCustomer AuthorKind = iota + 1
	FromAgent
	FromBot
	FromSystem  // the engine: a fact such as "agent joined", or a queue's notice
	FromOutside // a human in the page's own inbox
)

var authorNames = [...]string{"", "customer", "agent", "bot", "system", "outside"}

// String returns the kind's stable name.
func (k AuthorKind) String() string { return nameOf(authorNames[:], uint8(k)) }

// AppendText appends the kind's stable name; it never fails.
func (k AuthorKind) AppendText(b []byte) ([]byte, error) { return append(b, k.String()...), nil }

// MarshalText returns the kind's stable name; it never fails.
func (k AuthorKind) MarshalText() ([]byte, error) { return k.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (k *AuthorKind) UnmarshalText(text []byte) error {
	return readName(authorNames[:], "conversation.AuthorKind", text, (*uint8)(k))
}

// Author is who wrote a message. ID is the agent, the bot, the supervisor who
// added a note (as FromAgent), or the program used outside, if the channel names
// it; the customer and the system need none.
type Author struct {
	Kind AuthorKind `json:"kind"`         // who it is
	ID   string     `json:"id,omitempty"` // empty for the customer and the system
}

// Status is how far an outbound message has come. Receipts never go back.
type Status uint8

// The statuses of an outbound message. Inbound ones have none.
const (
	StatusNone      Status = iota
	StatusQueued           // in the lane
	StatusSent             // the channel has taken it
	StatusDelivered        // it has reached the customer's device
	StatusRead             // the customer has seen it
	StatusFailed           // it has not arrived and will not; see Delivery.Why
	StatusUnknown          // it may have arrived; the agent may send it again
)

var statusNames = [...]string{"", "queued", "sent", "delivered", "read", "failed", "unknown"}

// String returns the status's stable name.
func (s Status) String() string { return nameOf(statusNames[:], uint8(s)) }

// AppendText appends the status's stable name; it never fails.
func (s Status) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// MarshalText returns the status's stable name; it never fails.
func (s Status) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (s *Status) UnmarshalText(text []byte) error {
	return readName(statusNames[:], "conversation.Status", text, (*uint8)(s))
}

// FailCause says why a message was not sent. Causes are stable names.
type FailCause string

// The causes of a failed send that every transport uses.
const (
	FailWindow      FailCause = "window-closed"      // the channel's reply window is over (E79)
	FailBlocked     FailCause = "customer-away"      // the customer blocked the source or cannot be reached
	FailAccess      FailCause = "access-lost"        // the token or the permission is gone
	FailContent     FailCause = "content"            // the channel refuses this text or attachment
	FailRateLimited FailCause = "rate-limited"       // too many, and retries did not help
	FailTransport   FailCause = "transport"          // anything else, after the retries
	FailInterrupted FailCause = "source-removed"     // the source was removed before it was sent
	FailNoTransport FailCause = "no-transport"       // no transport is configured for the channel
	FailRetired     FailCause = "conversation-ended" // ended by erasure before it was sent
)

// Delivery is the outbound side of a message.
type Delivery struct {
	Status Status    `json:"status"`        // never StatusNone
	Why    FailCause `json:"why,omitempty"` // of StatusFailed and StatusUnknown
	// Detail is the transport's own words for the host's log and the agent.
	Detail string `json:"detail,omitempty"`
	// At is when Status last changed.
	At time.Time `json:"at,omitzero"`
}

// AttachmentKind says what a file is.
type AttachmentKind string

// The kinds of attachment. A channel may add kinds of its own.
const (
	Image    AttachmentKind = "image"
	Audio    AttachmentKind = "audio"
	Video    AttachmentKind = "video"
	File     AttachmentKind = "file"
	Sticker  AttachmentKind = "sticker"
	Location AttachmentKind = "location"
	Share    AttachmentKind = "share"
)

// The limits of a message.
const (
	MaxAttachments   = 10    // files in one message
	MaxReference     = 2048  // bytes of an attachment's reference
	MaxExternalID    = 512   // bytes of a channel's message id
	MaxPayload       = 1000  // bytes of a postback or quick-reply payload
	MaxExtras        = 16    // channel extras on one message
	MaxExtraKey      = 64    // bytes
	MaxExtraValue    = 1024  // bytes
	MaxInboundText   = 20000 // bytes of a customer's text
	MaxDetail        = 512   // bytes of a transport's own words
	MaxReactionEmoji = 64    // bytes
	MaxParts         = 16    // further parts of a message that are taken back with it
)

// Attachment is a reference to a file. The engine never fetches it.
type Attachment struct {
	Kind AttachmentKind `json:"kind"` // mandatory; at most MaxName bytes
	// Reference is what the channel or the host needs to find the file: usually
	// a URL, which may expire.
	Reference string `json:"reference"`
	Name      string `json:"name,omitempty"` // the file's name; at most MaxName bytes
	Type      string `json:"type,omitempty"` // MIME type
	Size      int64  `json:"size,omitempty"` // bytes, 0 when not known
}

// Reaction is one party's reaction to a message.
type Reaction struct {
	By Author `json:"by"` // who reacted
	// Emoji is empty when the reaction was taken back: then there is none to show. It
	// stays, if the channel stamps reactions, so that an older one that comes later
	// does not bring it back.
	Emoji     string    `json:"emoji,omitempty"`
	ChannelAt time.Time `json:"channelAt,omitzero"` // the channel's stamp; zero when it gave none
}

// Entry is a fact that the engine puts into the transcript. It is never text:
// the desktop words it in its own language.
type Entry struct {
	Kind EntryKind `json:"kind"` // which fact it is
	// Agent is the agent the fact is about.
	Agent agent.ID `json:"agent,omitempty"`
	// Queue is the queue the fact is about.
	Queue QueueID `json:"queue,omitempty"`
}

// EntryKind names a fact in the transcript.
type EntryKind string

// The facts that the engine puts into a transcript.
const (
	EntryAccepted    EntryKind = "agent-accepted"
	EntryJoined      EntryKind = "agent-joined"
	EntryLeft        EntryKind = "agent-left"
	EntryTransferred EntryKind = "transferred"
	EntryClosed      EntryKind = "queue-closed"
	EntryInterrupted EntryKind = "interrupted"
	EntryEnded       EntryKind = "ended"
)

// Message is one line of a transcript. A *Message in a Conversation is never
// changed: Apply replaces it.
type Message struct {
	// No is the message's number in its conversation, from 1, without gaps.
	No     int    `json:"no"`
	Author Author `json:"author"` // who wrote it
	// At is when the engine took it; ChannelAt is the channel's own stamp.
	At        time.Time `json:"at"`
	ChannelAt time.Time `json:"channelAt,omitzero"` // zero when the channel gave none
	// ExternalID is the channel's id of the message.
	ExternalID string `json:"externalId,omitempty"`

	Text        string       `json:"text,omitempty"`        // may be empty in a fact, after an unsend, and beside attachments
	Attachments []Attachment `json:"attachments,omitempty"` // at most MaxAttachments, in the author's order
	// ReplyTo is the number of the message that this one answers, 0 for none
	// or when it is not in the transcript.
	ReplyTo int `json:"replyTo,omitempty"`
	// Payload is what a button or quick reply carried.
	Payload string `json:"payload,omitempty"`
	// Extras are bounded facts of the channel.
	Extras map[string]string `json:"extras,omitempty"`
	// Entry is set on a fact of the engine.
	Entry *Entry `json:"entry,omitempty"`
	// AgentsOnly hides the message from the customer: a note, or a fact.
	AgentsOnly bool `json:"agentsOnly,omitempty"`
	// Unsent says that the author took it back: text and attachments are gone.
	Unsent bool `json:"unsent,omitempty"`

	// Delivery is set on messages that go to the customer.
	Delivery *Delivery `json:"delivery,omitempty"`
	// Edits counts the edits; Text is the last one.
	Edits     int        `json:"edits,omitempty"`
	Reactions []Reaction `json:"reactions,omitempty"` // one of each party at most
}

// toCustomer is a message that goes to the customer. Nearly every one is copied
// together with its delivery, so they are one piece of memory.
type toCustomer struct {
	message  Message
	delivery Delivery
}

// with returns a copy of the message with that delivery.
func (m *Message) with(d Delivery) *Message {
	x := &toCustomer{*m, d}
	x.message.Delivery = &x.delivery
	return &x.message
}

// Emptied returns the message as it is once its author has taken it back: a copy
// without text, attachments, payload and extras.
func (m *Message) Emptied() *Message {
	e := *m
	e.Text, e.Attachments, e.Payload, e.Extras, e.Unsent = "", nil, "", nil, true
	return &e
}

// Draft is what an agent or a bot wants to write.
type Draft struct {
	// Text is at most the channel's limit, counted in UTF-16 code units as a
	// browser's maxlength counts, and not only white space unless there are
	// attachments.
	Text        string       `json:"text,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"` // at most MaxAttachments
	// ReplyTo is the number of the message that it answers, 0 for none.
	ReplyTo int `json:"replyTo,omitempty"`
	// AgentsOnly makes it a note that the customer never sees.
	AgentsOnly bool `json:"agentsOnly,omitempty"`
}
