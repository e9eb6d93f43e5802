package conversation

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Command asks for a change of one conversation. The types of this file are all
// there are; those marked as the engine's own are refused at the Board's door
// with its ErrCommand. The Board refuses what names a conversation, a queue, an
// agent or a source that it does not know with a *routing.UnknownError.
//
// Every other refusal of a command that names its conversation is a *Refusal
// that wraps the error named with the command. Common to all with an Agent who
// asks: ErrNotAllowed when an agent acts for another, or when a customer, a bot
// or the platform asks. Common to all: ErrCommand when a name is missing, or
// when Decide is given another conversation than the one named.
type Command interface {
	// Name is the command's name, as refusals show it.
	Name() string
	conversationCommand()
}

// Inbound is a customer's message, postback or quick reply, as a channel
// delivers it. It opens a conversation unless one is open.
//
// Refused with ErrInbound when a name or the content is missing, too long or not
// valid UTF-8, with ErrStale when ChannelAt lies more than Horizon back, and, by
// the Board, with a *routing.UnknownError or routing.ErrRemoved for its source.
// Only the customer named, whose ID the actor's is, and the platform may say what
// a customer did: the Board refuses everybody else with ErrNotAllowed.
// Decide refuses it in an interrupted or ended conversation, where the Board
// opens a new one. A message already taken is a success that changes nothing
// (E76).
type Inbound struct {
	Channel    Channel   `json:"channel"`            // must be that of the source; at most MaxName bytes, as the next two
	Source     Source    `json:"source"`             // the page written to; the Board refuses one it does not know or that is removed
	Customer   Customer  `json:"customer"`           // as the channel names them to the source
	ExternalID string    `json:"externalId"`         // the channel's id; mandatory, at most MaxExternalID bytes
	ChannelAt  time.Time `json:"channelAt,omitzero"` // the channel's stamp; zero when it has none

	Text        string            `json:"text,omitempty"`        // at most MaxInboundText bytes; may be empty beside an attachment or a payload
	Attachments []Attachment      `json:"attachments,omitempty"` // at most MaxAttachments
	ReplyTo     string            `json:"replyTo,omitempty"`     // the channel's id of the message answered
	PartOf      string            `json:"partOf,omitempty"`      // the id of the first part, where a message of the channel is several here; taken back with it
	Payload     string            `json:"payload,omitempty"`     // what a button carried; at most MaxPayload bytes
	Extras      map[string]string `json:"extras,omitempty"`      // facts of the channel, at most MaxExtras

	// Entry says where a conversation that this message opens goes; the zero
	// value follows the source.
	Entry Opening `json:"entry,omitzero"`
}

// Opening says where a new conversation goes. Zero fields follow the source, its
// queue, and the policies. The Board refuses the message for it with a
// *routing.UnknownError or *routing.TargetError for the queue, ErrPriority,
// ErrInbound with a *routing.SetupError for the needs, or agent.ErrAttributes.
type Opening struct {
	Queue      QueueID          `json:"queue,omitempty"`      // empty is the source's; another must take the channel
	Priority   int              `json:"priority,omitempty"`   // 1 to 10; 0 is the queue's
	Needs      []Need           `json:"needs,omitempty"`      // empty is the source's, else the queue's
	Preferred  agent.ID         `json:"preferred,omitempty"`  // who is waited for; empty is the agent of the last conversation, by policy
	Attributes agent.Attributes `json:"attributes,omitempty"` // those it starts with
}

// Outside is a message that a human wrote to the customer past the Board, in
// the page's own inbox, or the echo of one of ours. Key is the mark our
// transport gave the message, if any; an echo with a known ExternalID or Key
// settles that message instead of adding one, in a conversation of any state.
//
// Refused with ErrInbound without an ExternalID, or when a message that would be
// added breaks the limits of an Inbound; with ErrStale as an Inbound is; by the
// Board with ErrNotAllowed from anyone but the platform. It
// opens no conversation: where none is open, the Board passes it over.
type Outside struct {
	Channel     Channel      `json:"channel"`               // must be that of the source
	Source      Source       `json:"source"`                // the page written from
	Customer    Customer     `json:"customer"`              // to whom it went
	ExternalID  string       `json:"externalId"`            // the channel's id; mandatory, at most MaxExternalID bytes
	ChannelAt   time.Time    `json:"channelAt,omitzero"`    // the channel's stamp; zero when it has none
	Key         string       `json:"key,omitempty"`         // what SendKey gave; empty or a stranger's for a message that is not ours
	App         string       `json:"app,omitempty"`         // the program that sent it, as the channel names it
	Text        string       `json:"text,omitempty"`        // at most MaxInboundText bytes; an echo that settles ours needs none
	Attachments []Attachment `json:"attachments,omitempty"` // at most MaxAttachments
	PartOf      string       `json:"partOf,omitempty"`      // as that of an Inbound
}

// Edit changes the text of a message that its author edited on the channel.
// Edits counts from 1; one not above those already taken changes nothing, nor
// does one of a message that is not the customer's, or taken back. Refused with
// ErrInbound when the id or the text is missing, too long or not valid UTF-8, by
// the Board with ErrUnknownMessage when the message has come and is no longer in
// memory, and with ErrNotAllowed as an Inbound is. The Board keeps an edit that
// comes before its message: see Result.Kept. To Decide a message that is not in the
// transcript changes nothing.
type Edit struct {
	Channel    Channel   `json:"channel"`            // must be that of the source
	Source     Source    `json:"source"`             // the page that the message was written to
	Customer   Customer  `json:"customer"`           // who wrote and edited it
	ExternalID string    `json:"externalId"`         // of the message; mandatory
	Text       string    `json:"text"`               // the new text, as long as an Inbound's may be
	Edits      int       `json:"edits"`              // how many edits it has had, this one included
	ChannelAt  time.Time `json:"channelAt,omitzero"` // the channel's stamp; it is not kept
}

// Unsend takes a message back: its text, attachments, payload and extras are
// emptied, in a conversation of any state. Twice is a success. Refused with
// ErrInbound for a bad id, by the Board with ErrUnknownMessage when the message has
// come and is no longer in memory, so that nothing of it can be recorded, and with
// ErrNotAllowed as an Inbound is. The Board keeps one that comes before its message.
// To Decide a message that is not in the transcript changes nothing.
type Unsend struct {
	Channel    Channel  `json:"channel"`    // must be that of the source
	Source     Source   `json:"source"`     // the page of the conversation
	Customer   Customer `json:"customer"`   // whose conversation it is in
	ExternalID string   `json:"externalId"` // of the message; mandatory
	// Parts are the ids under which more of the message may be, where a message of the
	// channel is several here: at most MaxParts. Those that are not there are passed over.
	Parts []string `json:"parts,omitempty"` // those that come later are known by their PartOf
}

// React sets or, with an empty Emoji, removes the customer's reaction. One that the
// channel stamped earlier than the last one changes nothing; of two of the same
// instant the greater Emoji stays, whichever comes first. The Board keeps one that
// comes before its message. Refused with ErrInbound for a bad id or an emoji that
// is too long, and with ErrNotAllowed as an Inbound is. To Decide a message that is not
// in the transcript changes nothing.
type React struct {
	Channel    Channel   `json:"channel"`            // must be that of the source
	Source     Source    `json:"source"`             // the page of the conversation
	Customer   Customer  `json:"customer"`           // who reacts
	ExternalID string    `json:"externalId"`         // of the message, whoever wrote it; mandatory
	Emoji      string    `json:"emoji,omitempty"`    // at most MaxReactionEmoji bytes
	ChannelAt  time.Time `json:"channelAt,omitzero"` // the channel's stamp; zero counts as newer than any
}

// Receipt says that the customer's side has received or read what was sent to
// it: the messages named, and all up to the watermark of the channel's clock.
// Nothing goes back by it, and a message that is added later counts if the
// watermark covers its stamp. The Board keeps what it says of a name that no message
// has yet. Refused with ErrCommand for any other status, and by
// the Board with ErrNotAllowed from anyone but the platform.
type Receipt struct {
	Channel     Channel   `json:"channel"`               // must be that of the source
	Source      Source    `json:"source"`                // the page that wrote
	Customer    Customer  `json:"customer"`              // who received or read
	Status      Status    `json:"status"`                // StatusDelivered or StatusRead
	Watermark   time.Time `json:"watermark,omitzero"`    // everything up to this instant, inclusive; zero when only names count
	ExternalIDs []string  `json:"externalIds,omitempty"` // messages by the channel's id; unknown ones are passed over
}

// Hangup says that the customer ended the conversation, where the channel lets
// them. Without an open conversation, or in an interrupted one, it changes
// nothing. Refused with ErrNotAllowed as an Inbound is.
type Hangup struct {
	Channel  Channel  `json:"channel"`  // must be that of the source
	Source   Source   `json:"source"`   // the page of the conversation
	Customer Customer `json:"customer"` // who ended it
}

// Accept takes a pending offer. Refused with ErrOfferExpired at or after the
// deadline (E1, E2), until another offer is made, and with ErrNotOffered otherwise;
// the *Refusal names the owner, if there is one. The one who took it may repeat
// it: a success without an event (E3).
type Accept struct {
	Conversation ID       // the one offered
	Agent        agent.ID // to whom it was offered
}

// AcceptAll takes every pending offer of the agent, transfers and invitations
// included, with one result for each (E16). It concerns many conversations, so
// only the Board decides it. Refused with a *agent.Refusal that wraps
// agent.ErrNotAllowed when an agent acts for another. Repeated with its
// idempotency key it is answered with the conversations in which the agent has an
// active seat by then: the results of the first time are not kept.
type AcceptAll struct {
	Agent agent.ID // who accepts
}

// Decline gives a pending offer back. The conversation returns to its queue at
// its old place and is kept from the agent for the cooldown (E10); a transfer
// follows its fallback, and an invitation leaves the conversation Active.
// Refused as Accept is, and with ErrCommand for a reason that is too long or not
// valid UTF-8.
type Decline struct {
	Conversation ID       // the one offered
	Agent        agent.ID // to whom it was offered
	Reason       string   // the agent's own word, at most 128 bytes
}

// Write adds a message of an agent or a bot. Unless it is a note, it goes to the
// customer. A bot may write while no agent has an active seat (E89), and a
// supervisor, with Agent empty, may add notes, both in any open conversation;
// another is refused with ErrNotAllowed.
// Refused with a *TextError or ErrAttachment for its content, with ErrReply when
// ReplyTo is not in the transcript, with ErrNotSeated for an agent without an
// active seat, with ErrTransferPending for the sender of a transfer that nobody
// has accepted and who still wraps up (E27), and with ErrInterrupted or ErrEnded
// in a conversation that is not open.
type Write struct {
	Conversation ID       // to whose transcript it is added
	Agent        agent.ID // empty when a bot writes
	Draft        Draft    // what to write, checked as Draft.Check says
}

// TransferToQueue hands the conversation to a queue. Only the owner may; the
// sender's wrap-up starts at once.
//
// Refused with ErrNotOwner, ErrInvitePending, ErrTransferPending (E26), ErrHops
// (E32), ErrState in a conference and while it waits, ErrInterrupted and
// ErrEnded; and, by the Board, with a *routing.TargetError when the queue takes
// no transfers or not the channel, or is closed, unstaffed or full (E30).
type TransferToQueue struct {
	Conversation ID       // must be Active
	Agent        agent.ID // who hands it over: the owner
	Queue        QueueID  // which takes it; may be the one it came from (E28)
}

// TransferToAgent hands the conversation to one available agent. Only the owner
// may; the sender's wrap-up starts at once. If the target does not accept, the
// queue's fallback is followed.
//
// Refused as TransferToQueue is, with ErrSelf (E29), and, by the Board, with a
// *routing.TargetError when the agent could not be offered it now (E21).
type TransferToAgent struct {
	Conversation ID       // must be Active
	Agent        agent.ID // who hands it over: the owner
	To           agent.ID // who is asked; not the owner
}

// CancelTransfer takes a transfer back that nobody has accepted. The sender's
// seat is active again if the sender is connected and has not wrapped up;
// otherwise it is refused with ErrSeatClosed, or with ErrNoSlot when the wrap-up
// has freed the slot and the sender has none left. Refused with ErrNotOwner for
// anyone but the sender and a supervisor, with ErrState when no transfer is
// pending, and with ErrInterrupted or ErrEnded.
type CancelTransfer struct {
	Conversation ID       // whose transfer is pending
	Agent        agent.ID // the sender; a supervisor may leave it empty
}

// Invite asks one available agent into a conference. Only the owner may.
//
// Refused with ErrNotOwner, ErrSelf, ErrPresent (E50), ErrInvitePending,
// ErrConferenceFull, ErrTransferPending, ErrState while it waits, ErrInterrupted
// and ErrEnded; and, by the Board, with a *routing.TargetError when the agent
// could not be offered it now.
type Invite struct {
	Conversation ID       // must be Active
	Agent        agent.ID // who invites: the owner
	To           agent.ID // who is asked; not one who takes part
}

// CancelInvite takes a pending invitation back. Only the owner may. Refused with
// ErrState when none is pending, and otherwise as Invite is for who asks.
type CancelInvite struct {
	Conversation ID       // must be ConferenceRequested
	Agent        agent.ID // who takes it back: the owner
}

// Leave takes one agent out of a conference, by their own will: the joined
// agent exits, or the owner leaves and ownership passes. Refused with ErrLastAgent
// when no other agent would stay (E48), with ErrInvitePending while one is asked,
// with ErrTransferPending for the sender of a pending transfer, with ErrNotSeated
// without an active seat, and with ErrInterrupted or ErrEnded.
type Leave struct {
	Conversation ID       // must be a Conference
	Agent        agent.ID // who leaves: the owner or the joined agent
}

// Remove takes the joined agent out of a conference. Only the owner may.
//
// Refused with ErrNotOwner, ErrSelf for the owner itself, ErrInvitePending for
// one who has not accepted yet, ErrNotSeated for any other, ErrTransferPending,
// ErrState while it waits, ErrInterrupted and ErrEnded.
type Remove struct {
	Conversation ID       // must be a Conference
	Agent        agent.ID // who removes: the owner
	Who          agent.ID // the joined agent
}

// End ends the conversation for everyone; a pending invitation is withdrawn. The
// owner may, and a supervisor in any state; in an interrupted one any agent of
// it. Refused for the joined agent of a conference with ErrLeaveInstead, for the
// sender of a pending transfer with ErrTransferPending (E26), and for anyone
// else without an active seat with ErrNotSeated. Ending twice changes nothing,
// for whoever has or had a seat (E64).
type End struct {
	Conversation ID       // any that is not over; an interrupted one too
	Agent        agent.ID // who ends it; a supervisor may leave it empty
}

// SubmitWrapUp closes the agent's oldest seat that owes a wrap-up reason. Refused
// with a *wrapup.ReasonError (E58), with ErrSeatClosed when it is closed already
// or its time is up (E56), and with ErrNoWrapUp when none was ever owed.
type SubmitWrapUp struct {
	Conversation ID              // in any state: wrap-up belongs to the seat
	Agent        agent.ID        // whose seat it is
	Reason       wrapup.ReasonID // one of the policy's that the wrap-up began under
}

// ExtendWrapUp gives the wrap-up more time, as its policy allows (E57). Refused
// with wrapup.ErrExtension, and as SubmitWrapUp is for the seat.
type ExtendWrapUp struct {
	Conversation ID       // in which the agent wraps up
	Agent        agent.ID // whose seat it is
}

// CancelCountdown takes the limit off the wrap-up, if its policy allows it. Twice
// is a success. Refused with wrapup.ErrNotCancellable, and as SubmitWrapUp is
// for the seat.
type CancelCountdown struct {
	Conversation ID       // in which the agent wraps up
	Agent        agent.ID // whose seat it is
}

// SetAttributes sets attributes of the conversation at any time; an empty value
// removes the key. Refused with agent.ErrAttributes beyond the limits, and by the
// Board with ErrNotSeated for an agent who has never had a seat in it and with
// ErrNotAllowed for a customer.
type SetAttributes struct {
	Conversation ID               // in any state, ended too
	Set          agent.Attributes // what changes; other keys stay
}

// SetPriority changes the priority of a conversation, by a supervisor, an administrator or a bot; its age is
// kept. Refused with ErrPriority, and with ErrInterrupted or ErrEnded.
type SetPriority struct {
	Conversation ID  // any that is open
	Priority     int // 1 most urgent to 10; zero is refused
}

// MakeOffer is the engine's own command: ask the agent on behalf of the queue.
// Transfers and invitations are made by TransferToAgent and Invite. Refused with
// ErrState unless Queued.
type MakeOffer struct {
	Conversation ID        // must be Queued
	Agent        agent.ID  // who is asked; the caller has checked that they can take it
	Decision     *Decision // why this agent; kept in the event, nil when there is nothing to explain
}

// EndOffer is the engine's own command: the pending offer has expired or is
// withdrawn. Refused with ErrNotOffered when there is none, and with ErrCommand
// for another outcome.
type EndOffer struct {
	Conversation ID      // whose offer is pending
	Outcome      Outcome // Expired or Withdrawn
}

// Requeue is the engine's own command: a conversation that nobody serves goes to
// the queue in Wait, at its age unless Wait says another. A pending offer is
// withdrawn. Refused with ErrState while it is live: see DropSeat.
type Requeue struct {
	Conversation ID        // must be Queued or Offered
	Wait         Wait      // its new place; Wait.Queue is mandatory
	Cause        MoveCause // why it moves
	Visited      bool      // it overflows: the queue it leaves is not entered again
}

// DropSeat is the engine's own command: the agent is gone. In a conference the
// other agent goes on and, if need be, becomes the owner; a sole owner's
// conversation is requeued, or ended when it is interrupted. The seat is closed
// with its default reason. Refused with ErrNotSeated.
type DropSeat struct {
	Conversation ID         // in which the agent has an active seat
	Agent        agent.ID   // who is gone
	Cause        CloseCause // with which the seat is closed
}

// CloseWrapUp is the engine's own command: apply the default reason to the seat.
// Refused with ErrCommand when there is no such seat, ErrSeatClosed, and
// ErrNoWrapUp while it is active.
type CloseWrapUp struct {
	Conversation ID         // whose seat it is
	Seat         int        // the seat's number, from 1
	Cause        CloseCause // with which it is closed
}

// Interrupt is the engine's own command: the source is gone. What is live is
// interrupted, what waits ends.
type Interrupt struct {
	Conversation ID // in any state; one that is over stays as it is
}

// Finish is the engine's own command: end it with a cause that is no one's
// request. An interrupted one always ends as such.
type Finish struct {
	Conversation ID       // in any state; one that is over stays as it is
	Cause        EndCause // mandatory
}

// Settled is the result of a send, from the node that made it: the engine's own
// command. It is taken whatever became of the conversation (E40). Refused with
// ErrCommand for another status, or a message that does not go to the customer.
type Settled struct {
	Conversation ID        // in any state, ended too
	No           int       // the message's number; it must go to the customer
	Status       Status    // StatusSent, StatusFailed or StatusUnknown
	Why          FailCause // of a failure; empty counts as FailTransport
	Detail       string    // the transport's own words; cut to MaxDetail bytes
	ExternalID   string    // the channel's id; one that is too long is dropped
	ChannelAt    time.Time // the channel's stamp; zero when it has none
	// Taken is Lane.Taken of the sender, or 0. That a message was sent counts
	// whoever says so; anything else changes nothing when the message is no longer
	// the sender's: another has taken the lane since.
	Taken uint64
}

// Deferred is the result of a send that failed in passing, and the engine's own
// command: it is due again after the given time, unless its retries are over or
// the source is gone; then it has failed.
type Deferred struct {
	Conversation ID            // whose lane it is
	No           int           // the message in flight; a report about another changes nothing
	After        time.Duration // kept between 1 second and 1 minute
	Why          FailCause     // used when the retries are over
	Detail       string        // the transport's own words; cut to MaxDetail bytes
	Sent         int           // how many parts of the message have been sent, where the transport sends it in several
	Taken        uint64        // Lane.Taken of the sender, or 0; a former holder's report changes nothing
}

// Stored is the engine's own command: the archive has the part that was due. If
// it is no longer what is due, or has changed since it was read, nothing happens
// and what is due by now has to be stored.
type Stored struct {
	Conversation ID // of which a part, or the whole, was due
	// Part is what was stored, as Conversation.Part returned it.
	Part *Conversation
}

// Tick is the engine's own command: deadlines of the conversation may have passed.
// The earliest due one is acted upon.
type Tick struct {
	Conversation ID // without a deadline that has passed it changes nothing
}
