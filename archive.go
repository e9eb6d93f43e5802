package switchboard

import (
	"context"
	"errors"

	"github.com/switchboard-go/switchboard/conversation"
)

// Archive keeps the conversations that have left a Board's memory: each finished
// one when its linger time is over, and of one with more than
// conversation.DefaultInMemory messages the older ones while it goes on. The state
// never needs them again; agents and auditors do.
//
// An Archive serves any number of boards and processes and is safe for
// concurrent use. Each call ends when Config.ArchiveTimeout is over, on real
// time; what fails is tried again, until it succeeds. So each call may be
// made more than once, by several processes, and an old one may arrive late:
// the contract says what that changes, which is nothing. What a call that returned nil
// has done, every later one sees, through whichever connection. A call whose
// context is over fails.
//
// A log says what happened and is replayed; an archive is looked up. It can be
// kept on anything with a key and an index. storage/archivetest shows whether an
// implementation keeps the contract, docs/archives.md goes through it.
// [MemoryArchive] is the one for tests.
type Archive interface {
	// Store keeps a part of a conversation, whole or not at all. Its place is the
	// conversation and the part's first message, [Part.First]. What is in the place
	// already stays if its As is not lower: then nothing changes, and that is a
	// success. Nothing is kept, and that is a success too, of a conversation that
	// was erased. Store does not change the part and keeps no reference to it; the
	// part's fields and those of all within it can be written and read as JSON.
	Store(ctx context.Context, board string, p Part) error
	// Load returns the parts of a conversation by First, ascending. The caller may
	// change what it gets. Where there is none, because none was stored or it was
	// erased, the error matches [ErrNotArchived].
	Load(ctx context.Context, board string, id conversation.ID) ([]Part, error)
	// Find returns the conversations of a customer of which there is a part,
	// ascending, and none without an error when there are none. The names are to be
	// told apart byte by byte.
	Find(ctx context.Context, board string, s conversation.Source, c conversation.Customer) ([]conversation.ID, error)
	// Erase removes every part of the conversations that the Erasure names. When
	// it has returned nil, no byte of them and of the customer's names can be read
	// through the archive. The numbers of these conversations are kept instead, for
	// ever: Store keeps nothing of them any more, however late it comes. There may
	// be none: that is a success.
	Erase(ctx context.Context, board string, e Erasure) error
}

// Part is a piece of a conversation as the archive keeps it. A conversation that
// was never long has one.
type Part struct {
	// As is the number of the last event that it tells of: the higher it is, the
	// newer is what it says.
	As uint64 `json:"as"`
	// Final says that the conversation has left memory with it: no part comes
	// after it.
	Final bool `json:"final,omitempty"`
	// Conversation is the conversation as it was then, but its Messages are those
	// of the part alone: the ones from First on, without a gap.
	Conversation conversation.Conversation `json:"conversation"`
}

// First returns the number of the part's first message, 1 for the conversation's
// first part.
func (p *Part) First() int { return p.Conversation.Earlier() + 1 }

// Erasure says of whom an archive keeps nothing any more: the conversations of
// the customer with an ID lower than Before, and those named, whosever they are
// and whether it has them or not.
type Erasure struct {
	Source        conversation.Source   // the page that the customer wrote to
	Customer      conversation.Customer // as the channel names them to the source
	Before        conversation.ID       // later ones stay: the customer has written again
	Conversations []conversation.ID     // those that were in memory, of which a part may be on its way
}

// ErrNotArchived means that nothing of a conversation is in the archive.
var ErrNotArchived = errors.New("switchboard: the conversation is not in the archive")

// Archived returns a conversation from the archive, with every message that is
// there: of one that has left memory the whole of it, as it was then; of one that
// goes on the messages that are no longer in its transcript, and the rest as it
// was when the last of them left. The error matches ErrNotArchived when the
// archive has nothing of it or the Board has no archive, and is the archive's
// otherwise.
func (b *Board) Archived(ctx context.Context, id conversation.ID) (conversation.Conversation, error) {
	parts, err := b.load(ctx, id)
	if err != nil {
		return conversation.Conversation{}, err
	}
	c := parts[len(parts)-1].Conversation
	c.Archive, c.Messages = nil, nil
	if first := parts[0].First(); first > 1 {
		c.Archive = &conversation.Archiving{Earlier: first - 1} // an archive that came later than the conversation
	}
	for _, p := range parts {
		c.Messages = append(c.Messages, p.Conversation.Messages...)
	}
	return c, nil
}

// CustomerArchived returns the conversations of a customer of which something is
// in the archive, ascending: none without an archive. The error is the archive's.
func (b *Board) CustomerArchived(ctx context.Context, s conversation.Source, who conversation.Customer) ([]conversation.ID, error) {
	if b.config.Archive == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.config.ArchiveTimeout)
	defer cancel()
	return b.config.Archive.Find(ctx, b.config.Name, s, who)
}

// load returns the parts of a conversation, at least one.
func (b *Board) load(ctx context.Context, id conversation.ID) ([]Part, error) {
	if b.config.Archive == nil {
		return nil, ErrNotArchived
	}
	ctx, cancel := context.WithTimeout(ctx, b.config.ArchiveTimeout)
	defer cancel()
	parts, err := b.config.Archive.Load(ctx, b.config.Name, id)
	if err == nil && len(parts) == 0 {
		err = ErrNotArchived
	}
	return parts, err
}
