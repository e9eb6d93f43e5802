package conversation

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Command asks for a change of one conversation. The types of this file are all
// there are; those marked as the engine's own are refused at the Board's door.
type Command interface {
	// Name is the command's name, as refusals show it.
	Name() string
	conversationCommand()
}

// Inbound is a customer's message, postback or quick reply, as a channel
// delivers it. It opens a conversation unless one is open.
//
// Refused with ErrInbound when a name or the content is missing, too long or not
// valid UTF-8, with ErrStale when ChannelAt lies more than 48 hours back, and, by the
// Board, when the source is unknown or removed. A message already taken is a
// success that changes nothing (E76).
type Inbound struct {
	Channel    Channel   `json:"channel"`
	Source     Source    `json:"source"`
	Customer   Customer  `json:"customer"`
	ExternalID string    `json:"externalId"` // the channel's id; mandatory, at most MaxExternalID bytes
	ChannelAt  time.Time `json:"channelAt,omitzero"`

	Text        string            `json:"text,omitempty"`
	Attachments []Attachment      `json:"attachments,omitempty"`
	ReplyTo     string            `json:"replyTo,omitempty"` // the channel's id of the message answered
	Payload     string            `json:"payload,omitempty"`
	Extras      map[string]string `json:"extras,omitempty"`

	// Entry says where a conversation that this message opens goes; the zero
	// value follows the source.
	Entry Opening `json:"entry,omitzero"`
}

// Opening says where a new conversation goes. Zero fields follow the source, its
// queue, and the policies.
type Opening struct {
	Queue      QueueID          `json:"queue,omitempty"`
	Priority   int              `json:"priority,omitempty"` // 1 to 10; 0 is the queue's
	Needs      []Need           `json:"needs,omitempty"`
	Preferred  agent.ID         `json:"preferred,omitempty"`
	Attributes agent.Attributes `json:"attributes,omitempty"`
}

// Outside is a message that a human wrote to the customer past the Board, in
// the page's own inbox, or the echo of one of ours. Key is the mark our
// transport gave the message, if any; an echo with a known ExternalID or Key
// settles that message instead of adding one.
type Outside struct {
	Channel     Channel      `json:"channel"`
	Source      Source       `json:"source"`
	Customer    Customer     `json:"customer"`
	ExternalID  string       `json:"externalId"`
	ChannelAt   time.Time    `json:"channelAt,omitzero"`
	Key         string       `json:"key,omitempty"`
	App         string       `json:"app,omitempty"` // the program that sent it, as the channel names it
	Text        string       `json:"text,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Edit changes the text of a message that its author edited on the channel.
// Edits counts from 1; one not above those already taken changes nothing.
type Edit struct {
	Channel    Channel   `json:"channel"`
	Source     Source    `json:"source"`
	Customer   Customer  `json:"customer"`
	ExternalID string    `json:"externalId"`
	Text       string    `json:"text"`
	Edits      int       `json:"edits"`
	ChannelAt  time.Time `json:"channelAt,omitzero"`
}

// Unsend takes a message back: its text and attachments are emptied.
type Unsend struct {
	Channel    Channel  `json:"channel"`
	Source     Source   `json:"source"`
	Customer   Customer `json:"customer"`
	ExternalID string   `json:"externalId"`
}

// React sets or, with an empty Emoji, removes the customer's reaction.
type React struct {
	Channel    Channel  `json:"channel"`
	Source     Source   `json:"source"`
	Customer   Customer `json:"customer"`
	ExternalID string   `json:"externalId"`
	Emoji      string   `json:"emoji,omitempty"`
}

// Receipt says that the customer's side has received or read what was sent to
// it: the messages named, and all up to the watermark of the channel's clock.
type Receipt struct {
	Channel     Channel   `json:"channel"`
	Source      Source    `json:"source"`
	Customer    Customer  `json:"customer"`
	Status      Status    `json:"status"` // StatusDelivered or StatusRead
	Watermark   time.Time `json:"watermark,omitzero"`
	ExternalIDs []string  `json:"externalIds,omitempty"`
}

// Hangup says that the customer ended the conversation, where the channel lets
// them. Without an open conversation it changes nothing.
type Hangup struct {
	Channel  Channel  `json:"channel"`
	Source   Source   `json:"source"`
	Customer Customer `json:"customer"`
}

// Accept takes a pending offer. Refused with ErrOfferExpired at or after the
// deadline (E1, E2), and with ErrNotOffered otherwise, in a *Refusal that names who
// has it. The one who took it may repeat it: a success without an event (E3).
type Accept struct {
	Conversation ID
	Agent        agent.ID
}

// AcceptAll takes every pending offer of the agent, transfers and invitations
// included, with one result for each (E16). It concerns many conversations, so
// only the Board decides it.
type AcceptAll struct {
	Agent agent.ID // who accepts
}

// Decline gives a pending offer back. The conversation returns to its queue at
// its old place and is kept from the agent for the cooldown (E10).
type Decline struct {
	Conversation ID
	Agent        agent.ID
	Reason       string // the agent's own word, at most 128 bytes
}

// Write adds a message of an agent or a bot. Unless it is a note, it goes to the
// customer. A bot may write while no agent has an active seat (E89), and a
// supervisor, with Agent empty, may add notes; another is refused with ErrNotAllowed.
// Refused with a *TextError or ErrAttachment for its content, with ErrReply when
// ReplyTo is not in the transcript, with ErrNotSeated for an agent without an
// active seat, with ErrTransferPending for the sender of a transfer that nobody
// has accepted (E27), and in an interrupted or ended conversation.
type Write struct {
	Conversation ID
	Agent        agent.ID // empty when a bot writes
	Draft        Draft
}

// TransferToQueue hands the conversation to a queue. Only the owner may; the
// sender's wrap-up starts at once.
type TransferToQueue struct {
	Conversation ID
	Agent        agent.ID
	Queue        QueueID
}

// TransferToAgent hands the conversation to one available agent. Only the owner
// may; the sender's wrap-up starts at once.
type TransferToAgent struct {
	Conversation ID
	Agent        agent.ID
	To           agent.ID
}

// CancelTransfer takes a transfer back that nobody has accepted. The sender's
// seat is active again if the sender is connected and has not wrapped up;
// otherwise it is refused with ErrSeatClosed.
type CancelTransfer struct {
	Conversation ID
	Agent        agent.ID
}

// Invite asks one available agent into a conference. Only the owner may.
type Invite struct {
	Conversation ID
	Agent        agent.ID
	To           agent.ID
}

// CancelInvite takes a pending invitation back.
type CancelInvite struct {
	Conversation ID
	Agent        agent.ID
}

// Leave takes one agent out of a conference, by their own will: the joined
// agent exits, or the owner leaves and ownership passes. Refused with ErrLastAgent
// when no other agent would stay (E48).
type Leave struct {
	Conversation ID
	Agent        agent.ID
}

// Remove takes the joined agent out of a conference. Only the owner may.
type Remove struct {
	Conversation ID
	Agent        agent.ID
	Who          agent.ID
}

// End ends the conversation for everyone. The owner may, and a supervisor (with
// Agent empty); in an interrupted one any agent of it. Refused for the joined agent of a
// conference with ErrLeaveInstead, and while a transfer is pending with
// ErrTransferPending (E26). Ending twice changes nothing (E64).
type End struct {
	Conversation ID
	Agent        agent.ID
}

// SubmitWrapUp closes the agent's oldest seat that owes a wrap-up reason. Refused with
// a *wrapup.ReasonError (E58), or ErrSeatClosed when it is closed already (E56).
type SubmitWrapUp struct {
	Conversation ID
	Agent        agent.ID
	Reason       wrapup.ReasonID
}

// ExtendWrapUp gives the wrap-up more time, as its policy allows (E57).
type ExtendWrapUp struct {
	Conversation ID
	Agent        agent.ID
}

// CancelCountdown takes the limit off the wrap-up, if its policy allows it.
type CancelCountdown struct {
	Conversation ID
	Agent        agent.ID
}

// SetAttributes sets attributes of the conversation at any time; an empty value
// removes the key.
type SetAttributes struct {
	Conversation ID
	Set          agent.Attributes
}

// SetPriority changes the priority of a conversation, 1 to 10; its age is kept.
type SetPriority struct {
	Conversation ID
	Priority     int
}

// MakeOffer is the engine's own command: ask the agent on behalf of the queue.
// Transfers and invitations are made by TransferToAgent and Invite.
type MakeOffer struct {
	Conversation ID
	Agent        agent.ID
	Decision     *Decision
}

// EndOffer is the engine's own command: the pending offer has expired or is
// withdrawn.
type EndOffer struct {
	Conversation ID
	Outcome      Outcome
}

// Requeue is the engine's own command: a conversation that nobody serves goes to
// the queue in Wait, at its age unless Wait says another. A pending offer is
// withdrawn. Refused with ErrState while it is live: see DropSeat.
type Requeue struct {
	Conversation ID
	Wait         Wait
	Cause        MoveCause
	Visited      bool
}

// DropSeat is the engine's own command: the agent is gone. An owner's
// conference passes to the joined agent, a joined agent's ends; a sole owner's
// conversation is requeued. The seat is closed with its default reason.
type DropSeat struct {
	Conversation ID
	Agent        agent.ID
	Cause        CloseCause
}

// CloseWrapUp is the engine's own command: apply the default reason to the seat.
type CloseWrapUp struct {
	Conversation ID
	Seat         int
	Cause        CloseCause
}

// Interrupt is the engine's own command: the source is gone.
type Interrupt struct {
	Conversation ID
}

// Finish is the engine's own command: end it with a cause that is no one's
// request.
type Finish struct {
	Conversation ID
	Cause        EndCause
}

// Settled is the result of a send, from the node that made it.
type Settled struct {
	Conversation ID
	No           int
	Status       Status // StatusSent, StatusFailed or StatusUnknown
	Why          FailCause
	Detail       string
	ExternalID   string
	ChannelAt    time.Time
}

// Deferred is the result of a send that failed in passing: it is due again
// after the given time, unless its retries are over.
type Deferred struct {
	Conversation ID
	No           int
	After        time.Duration
	Why          FailCause // used when the retries are over
	Detail       string
}

// Tick is the engine's own command: deadlines of the conversation may have passed.
// The earliest due one is acted upon.
type Tick struct {
	Conversation ID
}
