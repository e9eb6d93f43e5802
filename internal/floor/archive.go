package floor

import (
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// Away is a message that was taken back after it had left memory, and is not
// empty in the archive yet.
type Away struct {
	Conversation conversation.ID `json:"conversation"`
	No           int             `json:"no"`
	Set          uint64          `json:"set"`  // the event that said so
	Node         string          `json:"node"` // the process that is to empty it
	Since        time.Time       `json:"since"`
}

func (f *Floor) addAway(e *Event, b *conversation.MessageUnsent) {
	f.away = append(slices.Clip(f.away), Away{b.Conversation, b.No, e.Seq, b.Node, e.At})
}

func (f *Floor) dropAway(b *conversation.MessageEmptied) {
	f.away = slices.DeleteFunc(slices.Clone(f.away), func(a Away) bool {
		return a.Conversation == b.Conversation && a.No == b.No
	})
	if len(f.away) == 0 {
		f.away = nil
	}
}

// Away returns the messages that are to be emptied in the archive, in the order
// in which they were taken back. The slice must not be changed.
func (f *Floor) Away() []Away { return f.away }

// Empty is a command: the message is in the archive, where somebody who asked for
// a conversation.Unsend has found it, and is to be emptied there.
type Empty struct {
	Conversation conversation.ID
	No           int
}

// empty takes a message back that has left memory, or was just about to.
func (f *Floor) empty(cmd Empty) (Result, error) {
	res := Result{Conversation: cmd.Conversation}
	if c := f.convs.get(cmd.Conversation); c != nil {
		if m := c.v.Message(cmd.No); m != nil {
			if !m.Unsent {
				f.emit(conversation.MessageUnsent{Conversation: c.v.ID, No: m.No})
			}
			return res, nil
		}
	}
	if !slices.ContainsFunc(f.away, func(a Away) bool { return a.Conversation == cmd.Conversation && a.No == cmd.No }) {
		f.emit(conversation.MessageUnsent{Conversation: cmd.Conversation, No: cmd.No, Away: true, Node: f.config.Node})
	}
	return res, nil
}

// Missing is a command: the message that somebody takes back is not in the archive
// either, so it may be still to come.
type Missing struct {
	Unsend conversation.Unsend
}

// Emptied is a command: the archive has emptied a message.
type Emptied struct {
	Conversation conversation.ID
	No           int
}

func (f *Floor) emptied(cmd Emptied) {
	if slices.ContainsFunc(f.away, func(a Away) bool { return a.Conversation == cmd.Conversation && a.No == cmd.No }) {
		f.emit(conversation.MessageEmptied{Conversation: cmd.Conversation, No: cmd.No})
	}
}

// ToArchive returns what of a conversation is to be stored in the archive, who is
// to do it and since when.
func (f *Floor) ToArchive(id conversation.ID) (part conversation.Conversation, due conversation.Archiving, ok bool) {
	c := f.convs.get(id)
	if c == nil {
		return part, due, false
	}
	if due, ok = c.v.Archiving(); ok {
		part, ok = c.v.Part()
	}
	return part, due, ok
}

// ArchiveDue returns the conversations of which something is to be stored in the
// archive, by ID.
func (f *Floor) ArchiveDue() []conversation.ID {
	var ids []conversation.ID
	for c := range f.convs.all() {
		if _, due := c.v.Archiving(); due {
			ids = append(ids, c.v.ID)
		}
	}
	return ids
}
