package conversation

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Event is a fact about a conversation. The types of this file are all there
// are; new ones may be added, so switch with a default.
type Event interface {
	// ConversationID names the conversation that the event is about.
	ConversationID() ID
	conversationEvent()
}

// Wait is a place in a queue.
type Wait struct {
	Queue QueueID `json:"queue"` // in which it waits
	// Since is the routing age; zero means the event's own instant.
	Since time.Time `json:"since,omitzero"`
	// Max is when the conversation overflows; zero when it does not.
	Max time.Time `json:"max,omitzero"`
	// Relax is when the first relaxation step of its needs is due.
	Relax time.Time `json:"relax,omitzero"`
}

// Opened says that a customer's message opened a conversation, which waits in a
// queue. Its ID is the event's number.
type Opened struct {
	Conversation ID        `json:"conversation"`         // the new one: the event's own number
	Channel      Channel   `json:"channel"`              // of the source
	Source       Source    `json:"source"`               // the page that the customer wrote to
	Customer     Customer  `json:"customer"`             // as the channel names them to the source
	Previous     ID        `json:"previous,omitempty"`   // the customer's conversation before; 0 when none is known
	Medium       Medium    `json:"medium"`               // whose slots it draws on
	Wait         Wait      `json:"wait"`                 // its first place; its age starts here
	Priority     int       `json:"priority"`             // 1 most urgent to 10, never 0
	Needs        []Need    `json:"needs,omitempty"`      // the skills it asks for
	Preferred    agent.ID  `json:"preferred,omitempty"`  // who alone is offered it until PreferUntil; empty for anybody
	PreferUntil  time.Time `json:"preferUntil,omitzero"` // zero exactly if Preferred is empty
	// Attributes are those the host gave with the first message.
	Attributes agent.Attributes `json:"attributes,omitempty"`
}

// MoveCause says why a conversation changed queues without an agent's transfer.
type MoveCause string

// The causes of a move between queues.
const (
	MovedOverflow   MoveCause = "overflow"    // the maximum wait or size of the queue
	MovedFallback   MoveCause = "fallback"    // a transfer was not accepted
	MovedDrain      MoveCause = "drain"       // the queue was deleted
	MovedRequeue    MoveCause = "requeue"     // its agent is gone
	MovedNoOverflow MoveCause = "no-overflow" // the maximum wait is over and no queue is left
)

// Moved says that a conversation now waits in the given queue: it overflowed, a
// transfer of it failed, its agent is gone, or its queue is. Its age is kept. In
// another queue its preference is over.
type Moved struct {
	Conversation ID        `json:"conversation"` // now Queued, without an owner
	Wait         Wait      `json:"wait"`         // its new place
	Cause        MoveCause `json:"cause"`        // why it moved
	// Visited adds the queue it leaves to those it has overflowed from.
	Visited bool `json:"visited,omitempty"`
	// Exclude keeps it from an agent until ExcludeUntil.
	Exclude      agent.ID  `json:"exclude,omitempty"`
	ExcludeUntil time.Time `json:"excludeUntil,omitzero"` // zero when nobody is kept off
}

// Decision explains a choice of the routing: who was chosen, by which order,
// and how many agents of the queue were not, for which reason. The full list
// can be had by replaying the log to the event.
type Decision struct {
	// Strategy is the queue's order of agents.
	Strategy string `json:"strategy"`
	// Key is the value by which the agent was first: its place, its turn, its
	// free slots, or its level.
	Key int64 `json:"key"`
	// Waited is how long the conversation had waited, at the decision.
	Waited time.Duration `json:"waited"`
	// Priority is what its priority was after ageing, at the decision.
	Priority int `json:"priority"`
	// Eligible is how many agents could have been chosen, the chosen included.
	Eligible int `json:"eligible"`
	// Excluded counts agents who serve the queue and could not be chosen.
	Excluded Excluded `json:"excluded,omitzero"`
}

// Excluded counts agents of a queue by the reason for which they could not be
// chosen; each agent is counted once, under the first reason that holds, in the
// order of the fields.
type Excluded struct {
	SignedOut    int `json:"signedOut,omitempty"`    // not working
	Idle         int `json:"idle,omitempty"`         // or about to be
	RONA         int `json:"rona,omitempty"`         // did not answer an offer
	Disconnected int `json:"disconnected,omitempty"` // no session is left, the grace time runs
	Full         int `json:"full,omitempty"`         // no free slot for the medium
	Skills       int `json:"skills,omitempty"`       // a needed skill is missing or too low
	Cooldown     int `json:"cooldown,omitempty"`     // see Exclusion
}

// OfferMade says that one agent is asked to accept the conversation.
type OfferMade struct {
	Conversation ID        `json:"conversation"` // now Offered or, by an invitation, ConferenceRequested
	Agent        agent.ID  `json:"agent"`        // who is asked
	Kind         OfferKind `json:"kind"`         // what they are asked to take
	Queue        QueueID   `json:"queue"`        // whose offer time holds
	Deadline     time.Time `json:"deadline"`     // when it lapses: at the instant itself it has
	// Decision is set when the routing chose the agent.
	Decision *Decision `json:"decision,omitempty"`
}

// Outcome says how an offer ended without being accepted.
type Outcome uint8

// The outcomes of an offer that was not accepted.
const (
	Declined  Outcome = iota + 1 // by the agent
	Expired                      // not answered in time
	Withdrawn                    // by the engine or the one who made it; no fault of the agent
)

var outcomeNames = [...]string{"", "declined", "expired", "withdrawn"}

// String returns the outcome's stable name.
func (o Outcome) String() string { return nameOf(outcomeNames[:], uint8(o)) }

// AppendText appends the outcome's stable name; it never fails.
func (o Outcome) AppendText(b []byte) ([]byte, error) { return append(b, o.String()...), nil }

// MarshalText returns the outcome's stable name; it never fails.
func (o Outcome) MarshalText() ([]byte, error) { return o.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (o *Outcome) UnmarshalText(text []byte) error {
	return readName(outcomeNames[:], "conversation.Outcome", text, (*uint8)(o))
}

// OfferEnded says that an offer is over without an Accept. A conversation
// offered by a queue or by transfer is back in its queue at its old place;
// one with an invitation is Active again. A conversation kept for the agent who
// declined it or let it lapse is kept for nobody any more.
type OfferEnded struct {
	Conversation ID        `json:"conversation"` // whose offer it was
	Agent        agent.ID  `json:"agent"`        // who was asked
	Kind         OfferKind `json:"kind"`         // what they were asked to take
	Outcome      Outcome   `json:"outcome"`      // how it ended
	// Reason is the agent's own word with a decline.
	Reason string `json:"reason,omitempty"`
	// ExcludeUntil keeps the conversation from the agent for a while.
	ExcludeUntil time.Time `json:"excludeUntil,omitzero"`
	// Max is when the conversation overflows from the queue to which a transfer
	// returns it; zero when it does not. One that was offered by its queue keeps
	// the maximum wait that it has.
	Max time.Time `json:"max,omitzero"`
}

// OfferRestarted gives a pending offer its remaining time again after an outage
// of the engine, for which nobody is to blame.
type OfferRestarted struct {
	Conversation ID        `json:"conversation"` // whose offer is pending
	Agent        agent.ID  `json:"agent"`        // who is asked
	Deadline     time.Time `json:"deadline"`     // the new one
}

// Accepted says that the agent took the offer and has a seat.
type Accepted struct {
	Conversation ID        `json:"conversation"` // now Active or, by an invitation, a Conference
	Agent        agent.ID  `json:"agent"`        // who took it
	Kind         OfferKind `json:"kind"`         // what was taken
	Seat         int       `json:"seat"`         // the new seat's number, from 1
	Queue        QueueID   `json:"queue"`        // whose wrap-up policy holds for the seat
}

// TransferRequested says that the owner hands the conversation over. It waits
// in ToQueue, or in its old queue while ToAgent is asked.
type TransferRequested struct {
	Conversation ID       `json:"conversation"`      // now Queued, without an owner
	Agent        agent.ID `json:"agent"`             // the sender, who owned it
	Seat         int      `json:"seat"`              // the sender's seat number
	ToQueue      QueueID  `json:"toQueue,omitempty"` // empty in a transfer to an agent
	ToAgent      agent.ID `json:"toAgent,omitempty"` // empty in a transfer to a queue
	// Wait is the place in ToQueue; its age starts at this event.
	Wait Wait `json:"wait,omitzero"`
	// Fallback is what becomes of it if ToAgent does not accept, whatever the
	// policy is by then; FallbackQueue is the queue for that fallback.
	Fallback      Fallback `json:"fallback,omitempty"`
	FallbackQueue QueueID  `json:"fallbackQueue,omitempty"` // empty with any other fallback
	// Exclude keeps the sender from getting it first when it goes to the queue
	// it came from (E28).
	Exclude      agent.ID  `json:"exclude,omitempty"`
	ExcludeUntil time.Time `json:"excludeUntil,omitzero"` // zero when nobody is kept off
}

// TransferCancelled says that the sender has the conversation again: the
// request was taken back, or, by policy, not accepted. The sender's seat is
// active and owns it.
type TransferCancelled struct {
	Conversation ID       `json:"conversation"` // now Active, with its former queue and age
	Agent        agent.ID `json:"agent"`        // the sender
	Seat         int      `json:"seat"`         // the sender's seat number
	// Failed says that the target did not accept.
	Failed bool `json:"failed,omitempty"`
	// Inactive is when the customer counts as inactive, if an agent has answered
	// since they last wrote: a pending transfer does not count their silence.
	Inactive time.Time `json:"inactive,omitzero"`
}

// OwnerChanged says that the conversation is now owned by another seat.
type OwnerChanged struct {
	Conversation ID       `json:"conversation"` // which goes on
	Agent        agent.ID `json:"agent"`        // the new owner
	Seat         int      `json:"seat"`         // the new owner's seat number
}

// WrapUpStarted says that the agent's seat is no longer active and owes a
// wrap-up reason.
type WrapUpStarted struct {
	Conversation ID       `json:"conversation"` // in which the seat is
	Agent        agent.ID `json:"agent"`        // who wraps up
	Seat         int      `json:"seat"`         // the seat's number
	// Policy is the number of the event that set the wrap-up policy in force.
	Policy uint64 `json:"policy,omitempty"`
	// Deadline is when the default reason is applied; zero means never.
	Deadline  time.Time `json:"deadline,omitzero"`
	FreesSlot bool      `json:"freesSlot,omitempty"` // the wrap-up does not hold the agent's slot
}

// WrapUpExtended says that the wrap-up has more time.
type WrapUpExtended struct {
	Conversation ID        `json:"conversation"` // in which the seat is
	Agent        agent.ID  `json:"agent"`        // who wraps up
	Seat         int       `json:"seat"`         // the seat's number
	Deadline     time.Time `json:"deadline"`     // the new one, counted from the old
}

// WrapUpUnlimited says that the countdown was cancelled: the agent wraps up
// without a limit.
type WrapUpUnlimited struct {
	Conversation ID       `json:"conversation"` // in which the seat is
	Agent        agent.ID `json:"agent"`        // who wraps up
	Seat         int      `json:"seat"`         // the seat's number
}

// CloseCause says who closed a seat.
type CloseCause string

// The causes of a closed seat.
const (
	CloseSubmitted  CloseCause = "submitted"  // the agent chose the reason
	CloseTimeLimit  CloseCause = "time-limit" // the default reason at zero
	CloseSignOut    CloseCause = "sign-out"   // the default reason (E61)
	CloseGone       CloseCause = "agent-gone" // the default reason: disconnected, forced out or deleted
	CloseNoneOwed   CloseCause = "none-owed"  // a joined agent left and owes no reason by policy
	CloseSupervisor CloseCause = "supervisor" // a supervisor wrapped up for the agent
	CloseErased     CloseCause = "erased"     // the default reason: the customer's data was erased
)

// SeatEnded says that a seat is closed, with the reason the agent owed.
type SeatEnded struct {
	Conversation ID            `json:"conversation"`    // in which the seat is
	Agent        agent.ID      `json:"agent"`           // who is done
	Seat         int           `json:"seat"`            // the seat's number
	Reason       wrapup.Reason `json:"reason,omitzero"` // with its label as it was then; zero when none was owed
	Cause        CloseCause    `json:"cause"`           // who closed it, and why
}

// Interruption says that the conversation's source is gone: nothing can be
// done in it but to end it.
type Interruption struct {
	Conversation ID `json:"conversation"` // now Interrupted; its seats stay as they are
	// Limit is when it ends by itself; zero means never.
	Limit time.Time `json:"limit,omitzero"`
}

// Ending says that the conversation is over.
type Ending struct {
	Conversation ID       `json:"conversation"` // now Ended, without an owner
	Cause        EndCause `json:"cause"`        // by whom, or why
}

// CustomerReturned tells an agent who still wraps up that the customer has
// written again and has a new conversation (E53).
type CustomerReturned struct {
	Conversation ID       `json:"conversation"` // the one that has ended, or is interrupted
	Next         ID       `json:"next"`         // the new one
	Agent        agent.ID `json:"agent"`        // who wraps up the old one
}

// Completed says that the conversation is over in every respect: every seat is
// closed and every send settled. It leaves memory after Until.
type Completed struct {
	Conversation ID        `json:"conversation"` // now Finished
	Until        time.Time `json:"until"`        // when it is forgotten, or stored in the archive first
}

// Forgotten says that the conversation has left memory.
type Forgotten struct {
	Conversation ID   `json:"conversation"`       // queries no longer find it; its events stay in the log
	Archived     bool `json:"archived,omitempty"` // the archive has it
}

// ArchiveDue says that the messages up to To, or the whole conversation, are to
// be stored in the archive before they leave memory.
type ArchiveDue struct {
	Conversation ID     `json:"conversation"`    // whose transcript it is
	To           int    `json:"to"`              // the number of the last message to be stored
	Whole        bool   `json:"whole,omitempty"` // it is the last message there is, and the conversation is finished
	Node         string `json:"node"`            // the one that stores it
}

// TranscriptCut says that the messages up to To have left memory. The
// conversation goes on.
type TranscriptCut struct {
	Conversation ID   `json:"conversation"`       // whose transcript it is
	To           int  `json:"to"`                 // the number of the last message that is no longer in memory
	Archived     bool `json:"archived,omitempty"` // the archive has them; otherwise the log alone has
}

// MessageAdded says that the transcript has one more message.
type MessageAdded struct {
	Conversation ID `json:"conversation"` // whose transcript it is
	// Message is the whole message; its No is the next one. It is never nil and
	// becomes part of the transcript: it must not be changed any more.
	Message *Message `json:"message"`
	// Lane is the node that sends it, when it goes to the customer and the lane
	// was free; otherwise whoever has the lane sends it.
	Lane string `json:"lane,omitempty"`
	// Inactive is when the customer counts as inactive, set by an agent's
	// answer.
	Inactive time.Time `json:"inactive,omitzero"`
}

// MessageEdited says that the author changed the text of a message.
type MessageEdited struct {
	Conversation ID     `json:"conversation"` // whose transcript it is
	No           int    `json:"no"`           // the message's number
	Text         string `json:"text"`         // the last text; earlier ones are not kept in the state
	Edits        int    `json:"edits"`        // how many edits it has had
}

// MessageUnsent says that the author took a message back.
type MessageUnsent struct {
	Conversation ID  `json:"conversation"` // whose transcript it is
	No           int `json:"no"`           // the number of the message that is now empty
	// Away says that the message has left memory: it is being emptied in the
	// archive, by Node.
	Away bool   `json:"away,omitempty"`
	Node string `json:"node,omitempty"` // empty unless Away
}

// MessageEmptied says that a message which was taken back after it had left
// memory is empty in the archive.
type MessageEmptied struct {
	Conversation ID  `json:"conversation"` // whose transcript it is; it may have left memory as well
	No           int `json:"no"`           // the message's number
}

// Reacted says that somebody reacted to a message; an empty Emoji takes the
// reaction back.
type Reacted struct {
	Conversation ID     `json:"conversation"`    // whose transcript it is
	No           int    `json:"no"`              // the message's number
	By           Author `json:"by"`              // who reacted; each party has one reaction at most
	Emoji        string `json:"emoji,omitempty"` // as the channel sent it
	// ChannelAt is the channel's stamp; zero when it gave none.
	ChannelAt time.Time `json:"channelAt,omitzero"`
}

// ReceiptAdvanced says that the given messages are delivered or read, and up to
// which instant of the channel's clock all are.
type ReceiptAdvanced struct {
	Conversation ID     `json:"conversation"`  // whose transcript it is
	Nos          []int  `json:"nos,omitempty"` // the messages' numbers, ascending; none when it is about messages to come
	Status       Status `json:"status"`        // StatusDelivered or StatusRead
	// Watermark is set when it is later than any before.
	Watermark time.Time `json:"watermark,omitzero"`
}

// SendSettled says what became of an outbound message; the lane goes on with the
// next.
type SendSettled struct {
	Conversation ID        `json:"conversation"`         // whose transcript it is
	No           int       `json:"no"`                   // the message's number
	Status       Status    `json:"status"`               // what it is now; it never goes back
	Why          FailCause `json:"why,omitempty"`        // of a failure, or of not knowing
	Detail       string    `json:"detail,omitempty"`     // the transport's own words
	ExternalID   string    `json:"externalId,omitempty"` // the channel's id; empty when it is not known
	ChannelAt    time.Time `json:"channelAt,omitzero"`   // the channel's stamp; zero when it has none
}

// SendDeferred says that an attempt failed in passing and when the next is due.
type SendDeferred struct {
	Conversation ID        `json:"conversation"`     // whose lane it is
	No           int       `json:"no"`               // the message's number
	Attempt      int       `json:"attempt"`          // how many attempts have failed, this one included
	Retry        time.Time `json:"retry"`            // when the next attempt is due
	Sent         int       `json:"sent,omitempty"`   // how many parts of the message have been sent, as Lane counts them
	Detail       string    `json:"detail,omitempty"` // the transport's own words
}

// SendDue says that the time of a deferred send has come.
type SendDue struct {
	Conversation ID  `json:"conversation"` // whose lane it is
	No           int `json:"no"`           // the message's number
}

// LaneTaken says that another node sends from now on, or the same one after it
// was opened again. A message at the head of the lane that does not wait for its
// next try may have been sent: it is doubtful.
type LaneTaken struct {
	Conversation ID     `json:"conversation"` // whose lane it is
	Node         string `json:"node"`         // the one that sends from now on
}

// PriorityChanged says that the conversation is more or less urgent; its age is
// kept (E86).
type PriorityChanged struct {
	Conversation ID  `json:"conversation"` // which keeps its place among equals
	Priority     int `json:"priority"`     // 1 most urgent to 10
}

// NeedsRelaxed says that the next relaxation step of the needs was taken.
type NeedsRelaxed struct {
	Conversation ID `json:"conversation"` // which waits
	// Relaxed counts the steps taken.
	Relaxed int `json:"relaxed"`
	// Next is when the next one is due; zero when there is none.
	Next time.Time `json:"next,omitzero"`
}

// PreferenceDropped says that the conversation no longer waits for one agent.
type PreferenceDropped struct {
	Conversation ID       `json:"conversation"` // which anybody may be offered now
	Agent        agent.ID `json:"agent"`        // who was waited for
}

// ExclusionOver says that the agent may be offered the conversation again.
type ExclusionOver struct {
	Conversation ID       `json:"conversation"` // which waits
	Agent        agent.ID `json:"agent"`        // who may be asked again
}

// AttributesSet says that attributes changed: an empty value removes the key.
type AttributesSet struct {
	Conversation ID               `json:"conversation"` // in any state, ended too
	Set          agent.Attributes `json:"set"`          // only what changed
}
