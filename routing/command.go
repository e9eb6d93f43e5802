package routing

import (
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// Command asks for a change of the setup. The types of this file are all there
// are. Each is refused with a *SetupError that has all problems, each with its
// field path, when the setup it would make is not valid, and, by the Board, with
// conversation.ErrNotAllowed to anyone but an administrator; RemoveSource and
// Erase are also open to the platform, which reports a page that was disconnected
// and a customer who wants to be forgotten.
type Command interface {
	// Name is the command's name, as refusals show it.
	Name() string
	routingCommand()
}

// Configure makes the setup what it says: what is missing is deleted, what is
// equal stays untouched. An equal setup changes nothing. Refused with ErrInUse
// when a deleted queue has conversations that are not over and Drain names no
// queue for it, and with an *UnknownError when that queue is not there yet, or
// is deleted as well.
type Configure struct {
	Setup Setup // the whole setup, valid as Setup.Validate says
	// Drain names, for a deleted queue in use, the queue that takes its
	// conversations (E84). It must be there before the command.
	Drain map[conversation.QueueID]conversation.QueueID
}

// PutQueue adds or changes one queue.
type PutQueue struct {
	Queue Queue // the whole entry; its ID says which
}

// DeleteQueue deletes a queue; its conversations go to DrainTo at their age.
// Refused with ErrInUse when it has any that are not over and DrainTo is empty
// (E84), or when another queue or a source names it; with an *UnknownError when
// either queue is not there.
type DeleteQueue struct {
	Queue   conversation.QueueID // no other queue and no source may name it
	DrainTo conversation.QueueID // another queue; empty when nothing waits
}

// PutTeam adds or changes a team.
type PutTeam struct {
	Team Team // the whole entry; its ID says which
}

// DeleteTeam deletes a team that no agent and no queue names. Refused with
// ErrInUse when one does, and with an *UnknownError when it is not there.
type DeleteTeam struct {
	Team TeamID // which is deleted
}

// PutAgent adds or changes an agent. A lower capacity evicts nobody (E18).
type PutAgent struct {
	Agent Agent // the whole entry; its ID says which
}

// DeleteAgent deletes an agent: signed out at once, live conversations requeued,
// wrap-ups closed with the default reason (E85). Queues no longer name it.
// Refused with an *UnknownError when it is not there.
type DeleteAgent struct {
	Agent agent.ID // who is deleted
}

// PutSource adds or changes a source, or restores a removed one (E38).
type PutSource struct {
	Source Source // the whole entry; its ID says which
}

// RemoveSource removes a source: its waiting conversations end, its live ones
// are interrupted (E33 to E37). Removing it again changes nothing. Refused with
// an *UnknownError when it was never there, and with ErrSetup when Why is longer
// than MaxName bytes.
type RemoveSource struct {
	Source conversation.Source // which is removed
	// Why is a stable word for the cause, such as what the platform reported;
	// empty means "removed".
	Why string
}

// PutSettings changes the rules of the whole board.
type PutSettings struct {
	Settings Settings // all of them: a zero field goes back to its default
}

// Erase removes all that the board knows of a customer: open conversations end,
// and everything of the customer leaves the state, the archive, the snapshots and
// the log. It succeeds when that is certain to happen, whatever crashes: the number
// of the erasure is in the Board's Result, and ErasureDone says when it is through.
// A customer of whom nothing is known, or who was erased before, is a success as
// well. What the customer writes afterwards opens a new conversation.
//
// The command must not put into the log what is to be erased: with a Why or a Key
// it is refused with conversation.ErrCommand, and so is one without names, and from an actor whose
// ID has the customer's in it with conversation.ErrNotAllowed. The Board refuses
// it with an error that matches errors.ErrUnsupported where its log can forget
// nothing.
type Erase struct {
	Source   conversation.Source   // the page that the customer wrote to; it may be removed by now
	Customer conversation.Customer // as the channel names them to the source
}

// Name implements Command.
func (Configure) Name() string { return "Configure" }

// Name implements Command.
func (PutQueue) Name() string { return "PutQueue" }

// Name implements Command.
func (DeleteQueue) Name() string { return "DeleteQueue" }

// Name implements Command.
func (PutTeam) Name() string { return "PutTeam" }

// Name implements Command.
func (DeleteTeam) Name() string { return "DeleteTeam" }

// Name implements Command.
func (PutAgent) Name() string { return "PutAgent" }

// Name implements Command.
func (DeleteAgent) Name() string { return "DeleteAgent" }

// Name implements Command.
func (PutSource) Name() string { return "PutSource" }

// Name implements Command.
func (RemoveSource) Name() string { return "RemoveSource" }

// Name implements Command.
func (PutSettings) Name() string { return "PutSettings" }

// Name implements Command.
func (Erase) Name() string { return "Erase" }

func (Configure) routingCommand()    {}
func (PutQueue) routingCommand()     {}
func (DeleteQueue) routingCommand()  {}
func (PutTeam) routingCommand()      {}
func (DeleteTeam) routingCommand()   {}
func (PutAgent) routingCommand()     {}
func (DeleteAgent) routingCommand()  {}
func (PutSource) routingCommand()    {}
func (RemoveSource) routingCommand() {}
func (PutSettings) routingCommand()  {}
func (Erase) routingCommand()        {}
