package routing

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// Event is a fact about the setup or about the whole board. The types of this
// file are all there are; new ones may be added, so switch with a default.
type Event interface{ routingEvent() }

// QueueSet says that a queue is now as it says. Open and Next are what its
// opening hours give at that instant: whether it is open, and when that changes.
type QueueSet struct {
	Queue Queue     `json:"queue"`         // the whole entry
	Open  bool      `json:"open"`          // by its hours, at the event's instant
	Next  time.Time `json:"next,omitzero"` // when Open changes; zero for never
}

// QueueDeleted says that a queue is gone; what waited there moves to DrainTo.
type QueueDeleted struct {
	Queue   conversation.QueueID `json:"queue"`             // which takes nothing more
	DrainTo conversation.QueueID `json:"drainTo,omitempty"` // empty when nothing was in it
}

// QueueOpened says that the opening hours of a queue began. Next is when they
// end; zero means never.
type QueueOpened struct {
	Queue conversation.QueueID `json:"queue"`         // which offers again
	Next  time.Time            `json:"next,omitzero"` // when it closes; zero for never
}

// QueueClosed says that the opening hours of a queue ended. Next is when they
// begin; zero means never.
type QueueClosed struct {
	Queue conversation.QueueID `json:"queue"`         // which takes conversations and offers none
	Next  time.Time            `json:"next,omitzero"` // when it opens; zero for never
}

// QueueSwept says that all that waited in a queue has been dealt with, after
// the queue closed or was deleted.
type QueueSwept struct {
	Queue conversation.QueueID `json:"queue"` // which had closed or was deleted
}

// TeamSet says that a team is now as it says.
type TeamSet struct {
	Team Team `json:"team"` // the whole entry
}

// TeamDeleted says that a team is gone.
type TeamDeleted struct {
	Team TeamID `json:"team"` // which nobody names any more
}

// AgentSet says that an agent's entry is now as it says.
type AgentSet struct {
	Agent Agent `json:"agent"` // the whole entry
}

// AgentDeleted says that an agent is gone.
type AgentDeleted struct {
	Agent agent.ID `json:"agent"` // signed out by an event before this one
}

// SourceSet says that a source is now as it says, and connected.
type SourceSet struct {
	Source Source `json:"source"` // the whole entry
}

// SourceRemoved says that a source is gone. Its conversations end or are
// interrupted at the same instant.
type SourceRemoved struct {
	Source conversation.Source `json:"source"`        // from which nothing is taken any more
	Why    string              `json:"why,omitempty"` // a stable word, such as "removed"
}

// SourceSwept says that all conversations of a removed source have been dealt with.
type SourceSwept struct {
	Source conversation.Source `json:"source"` // which was removed
}

// SettingsSet says that the rules of the whole board are now as it says.
type SettingsSet struct {
	Settings Settings `json:"settings"` // all of them
}

// Outage says that nobody served the board between From, the last committed
// instant, and To. Offers, invitations and grace times got their remaining time
// again from To.
type Outage struct {
	From time.Time `json:"from"` // when the board was last served
	To   time.Time `json:"to"`   // when it was served again
}

// OutageOver says that all that ran when an outage began has its time again.
type OutageOver struct{}

// KeyUsed says that a command with an idempotency key succeeded and changed
// nothing. The key is on the event, as on the first of any other command; a
// repetition is answered from it.
type KeyUsed struct {
	Conversation conversation.ID `json:"conversation,omitempty"` // of the command's answer; 0 when it had none
	Message      int             `json:"message,omitempty"`      // of the command's answer; 0 when it had none
}

// NodeAlive says until when a process that has messages to send is there for
// certain. From then on another may take over what is left of them. It is written
// only where others may have the board open. The process writes it itself, before
// it sends; once, of one that has not been heard of for too long, another does, so that
// it has the time to.
type NodeAlive struct {
	Node  string    `json:"node"`  // as Config.Node names it
	Until time.Time `json:"until"` // by the clock of whoever wrote it
}

// ErasureBegun says that a customer's conversations have left the state for ever.
// The number of the event names the erasure; who the customer is is not in the
// log. An open conversation has ended before, and no event about any of them
// follows.
type ErasureBegun struct {
	Conversations []conversation.ID `json:"conversations,omitempty"` // those that were in memory, ascending
	// Archive says that the archive has to be erased too, before ErasureCleared.
	Archive bool `json:"archive,omitempty"`
	// Kept are the numbers of the ChangeKept events about messages of theirs that have
	// not come, ascending.
	Kept []uint64 `json:"kept,omitempty"`
	Node string   `json:"node"` // the process that carries the erasure through
}

// ErasureCleared says that nothing of the customer is in the archive, and nothing
// any more in the state.
type ErasureCleared struct {
	Erasure uint64 `json:"erasure"` // the number of the ErasureBegun event
}

// ErasureDone says that what the snapshots and the log had of the customer is
// gone too: nothing is left on the board.
type ErasureDone struct {
	Erasure uint64 `json:"erasure"` // the number of the ErasureBegun event
}

func (ErasureBegun) routingEvent()   {}
func (ErasureCleared) routingEvent() {}
func (ErasureDone) routingEvent()    {}

// ChangeKept says that the channel told of a message that the board does not have:
// it came before its message. What it told is kept for conversation.Horizon, and
// decided when the message comes. One of the fields is set.
type ChangeKept struct {
	Edit    *conversation.Edit    `json:"edit,omitempty"`    // its text replaces that of any before it
	Unsend  *conversation.Unsend  `json:"unsend,omitempty"`  // of the message and its parts
	React   *conversation.React   `json:"react,omitempty"`   // the newest one
	Receipt *conversation.Receipt `json:"receipt,omitempty"` // of this one message, without a watermark
}

// Customer returns whose message it is about, and of which source.
func (e ChangeKept) Customer() (conversation.Source, conversation.Customer) {
	switch {
	case e.Edit != nil:
		return e.Edit.Source, e.Edit.Customer
	case e.Unsend != nil:
		return e.Unsend.Source, e.Unsend.Customer
	case e.React != nil:
		return e.React.Source, e.React.Customer
	case e.Receipt != nil:
		return e.Receipt.Source, e.Receipt.Customer
	}
	return "", ""
}

func (ChangeKept) routingEvent()    {}
func (KeyUsed) routingEvent()       {}
func (NodeAlive) routingEvent()     {}
func (OutageOver) routingEvent()    {}
func (QueueSet) routingEvent()      {}
func (QueueDeleted) routingEvent()  {}
func (QueueOpened) routingEvent()   {}
func (QueueClosed) routingEvent()   {}
func (QueueSwept) routingEvent()    {}
func (TeamSet) routingEvent()       {}
func (TeamDeleted) routingEvent()   {}
func (AgentSet) routingEvent()      {}
func (AgentDeleted) routingEvent()  {}
func (SourceSet) routingEvent()     {}
func (SourceRemoved) routingEvent() {}
func (SourceSwept) routingEvent()   {}
func (SettingsSet) routingEvent()   {}
func (Outage) routingEvent()        {}
