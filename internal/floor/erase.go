package floor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Erasure is the state of the erasure of a customer, and the record of it.
type Erasure struct {
	No    uint64    `json:"no"`   // of the event that began it
	Node  string    `json:"node"` // the process that carries it through
	Begun time.Time `json:"begun"`

	// If the archive may have something, it is known until it is clean who is to be
	// erased from it. No event says so: it is what the conversations said before they
	// were dropped.
	Source        conversation.Source   `json:"source,omitempty"`
	Customer      conversation.Customer `json:"customer,omitempty"`
	Conversations []conversation.ID     `json:"conversations,omitempty"`

	// Cleared is the event since which nothing of the customer is in the archive
	// and in the state, 0 while something may be. It is in a later record than the
	// one that began the erasure, so that the log before it can be trimmed.
	Cleared uint64    `json:"cleared,omitempty"`
	Done    time.Time `json:"done,omitzero"` // zero while it is under way
}

// erasureRecord is how long it is remembered that an erasure was done.
const erasureRecord = 366 * 24 * time.Hour

// ErrArchiveFirst means that nothing of a customer is in memory, so that the state
// could not say who is to be erased from the archive: it has to be erased there
// before.
var ErrArchiveFirst = errors.New("the archive has to be erased first")

// Erase is a routing.Erase as the Board decides it.
type Erase struct {
	routing.Erase
	// Clean says that the archive has been erased of the customer.
	Clean bool
}

// Cleared is a command: nothing of the customer is in the archive.
type Cleared struct{ Erasure uint64 }

// Purged is a command: nothing of the customer is in a snapshot or in the log
// before the event since which the erasure was cleared.
type Purged struct{ Erasure uint64 }

// Erasures returns the erasures that are under way or are remembered, by number.
// The slice must not be changed.
func (f *Floor) Erasures() []Erasure { return f.erasures }

// Erasure returns one of them.
func (f *Floor) Erasure(no uint64) (Erasure, error) {
	if i := f.erasure(no); i >= 0 {
		return f.erasures[i], nil
	}
	return Erasure{}, unknown("erasure", fmt.Sprint(no))
}

func (f *Floor) erasure(no uint64) int {
	return slices.IndexFunc(f.erasures, func(e Erasure) bool { return e.No == no })
}

// erase ends and drops the conversations of a customer.
func (f *Floor) erase(cmd Erase) (Result, error) {
	if err := f.checkErase(&cmd); err != nil {
		return Result{}, &conversation.Refusal{Command: cmd.Name(), Agent: f.actingAgent(), Err: err}
	}
	var theirs []*convRec
	for c := range f.convs.all() {
		if c.v.Source == cmd.Source && c.v.Customer == cmd.Customer {
			theirs = append(theirs, c)
		}
	}
	if len(theirs) == 0 {
		if i := slices.IndexFunc(f.erasures, func(e Erasure) bool { return e.Source == cmd.Source && e.Customer == cmd.Customer }); i >= 0 {
			return Result{Erasure: f.erasures[i].No, Duplicate: true}, nil
		}
		if f.config.Archive && !cmd.Clean {
			return Result{}, ErrArchiveFirst
		}
	}
	e := routing.ErasureBegun{
		Archive: f.config.Archive && len(theirs) > 0, Node: f.config.Node,
		Kept: f.early.about(customerKey{cmd.Source, cmd.Customer}),
	}
	for _, c := range theirs {
		f.endErased(c)
		e.Conversations = append(e.Conversations, c.v.ID)
	}
	f.emit(e)
	return Result{Erasure: f.seq}, nil
}

// checkErase refuses what would put into the log what is to be erased.
func (f *Floor) checkErase(cmd *Erase) error {
	by := f.pending.by
	bad := func(s string) bool { return s == "" || len(s) > conversation.MaxName || !utf8.ValidString(s) }
	switch {
	case by.Role != agent.Administrator && by.Role != agent.Platform:
		return fmt.Errorf("%w: it needs an administrator or the platform", conversation.ErrNotAllowed)
	case bad(string(cmd.Source)) || bad(string(cmd.Customer)):
		return fmt.Errorf("%w: it needs the names of a source and a customer", conversation.ErrCommand)
	case strings.Contains(by.ID, string(cmd.Customer)):
		return fmt.Errorf("%w: the actor's ID would keep the customer's in the log", conversation.ErrNotAllowed)
	case f.pending.why != "" || f.pending.key != "":
		return fmt.Errorf("%w: it takes no Why and no Key, which would stay in the log", conversation.ErrCommand)
	}
	return nil
}

// endErased ends a conversation, with nothing more said to the customer, and
// closes its seats with the default reason.
func (f *Floor) endErased(c *convRec) {
	id := c.v.ID
	f.decided(c, conversation.Finish{Conversation: id, Cause: conversation.EndedErased})
	for i := range c.v.Seats {
		if s := &c.v.Seats[i]; s.State == conversation.SeatWrapping {
			f.decided(c, conversation.CloseWrapUp{Conversation: id, Seat: s.No, Cause: conversation.CloseErased})
		}
	}
}

// decided emits the events of a command as they are.
func (f *Floor) decided(c *convRec, cmd conversation.Command) {
	evs, _ := conversation.Decide(&c.v, f.now, agent.Actor{}, cmd, f.rulesOf(&c.v), nil)
	for _, e := range evs {
		f.emit(e)
	}
}

// clear and purged note how far an erasure is.
func (f *Floor) clearErasure(cmd Cleared) {
	if i := f.erasure(cmd.Erasure); i >= 0 && f.erasures[i].Cleared == 0 {
		f.emit(routing.ErasureCleared{Erasure: cmd.Erasure})
	}
}

func (f *Floor) purged(cmd Purged) {
	if i := f.erasure(cmd.Erasure); i >= 0 && f.erasures[i].Cleared != 0 && f.erasures[i].Done.IsZero() {
		f.emit(routing.ErasureDone{Erasure: cmd.Erasure})
	}
}

// applyErasure applies an event about an erasure, and reports whether it was one.
func (f *Floor) applyErasure(e *Event, b routing.Event) bool {
	switch b := b.(type) {
	case routing.ErasureBegun:
		x := Erasure{No: e.Seq, Node: b.Node, Begun: e.At}
		if b.Archive {
			x.Conversations = b.Conversations
		}
		for _, id := range b.Conversations {
			if c := f.convs.get(id); c != nil {
				if b.Archive {
					x.Source, x.Customer = c.v.Source, c.v.Customer
				}
				f.touchConv(c)
				f.drop(c)
			}
		}
		f.early.forget(b.Kept)
		f.erasures = append(slices.Clip(f.erasures), x)
	case routing.ErasureCleared:
		f.changeErasure(b.Erasure, func(x *Erasure) {
			*x = Erasure{No: x.No, Node: x.Node, Begun: x.Begun, Cleared: e.Seq}
		})
	case routing.ErasureDone:
		f.changeErasure(b.Erasure, func(x *Erasure) { x.Done = e.At })
		f.erasures = slices.DeleteFunc(f.erasures, func(x Erasure) bool { // a copy by now
			return !x.Done.IsZero() && e.At.Sub(x.Done) > erasureRecord
		})
	default:
		return false
	}
	return true
}

// changeErasure changes one in a copy of all: the journal has the list as it was.
func (f *Floor) changeErasure(no uint64, change func(*Erasure)) {
	f.erasures = slices.Clone(f.erasures)
	if i := f.erasure(no); i >= 0 {
		change(&f.erasures[i])
	}
}
