package conversation

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// Archiving is how far a conversation has left memory, and what of it is being
// stored in the archive.
type Archiving struct {
	// Earlier counts the messages that have left memory: they are in the archive
	// or, where there is none, in the log alone.
	Earlier int `json:"earlier,omitempty"`
	// To is the number of the last message of what is being stored, 0 while
	// nothing is. Whole says that it is the rest of a finished conversation, which
	// leaves memory when it is stored.
	To    int  `json:"to,omitempty"`
	Whole bool `json:"whole,omitempty"` // never without To
	// Node is the process that is to store it, since Since.
	Node  string    `json:"node,omitempty"`
	Since time.Time `json:"since,omitzero"` // zero while nothing is being stored
}

// Archiving returns what is being stored in the archive, and whether anything
// is.
func (c *Conversation) Archiving() (Archiving, bool) {
	if c.Archive == nil || c.Archive.To == 0 {
		return Archiving{}, false
	}
	return *c.Archive, true
}

// Part returns a copy that has those of its messages that are being stored, as
// the archive takes them, and reports false when nothing is.
func (c *Conversation) Part() (Conversation, bool) {
	a, due := c.Archiving()
	if !due {
		return Conversation{}, false
	}
	p := *c
	p.Messages = slices.Clip(c.Messages[:min(a.To-a.Earlier, len(c.Messages))])
	p.Archive = nil
	if a.Earlier > 0 {
		p.Archive = &Archiving{Earlier: a.Earlier}
	}
	return p, true
}

// leave appends what makes the oldest messages leave memory, if there are too
// many of them in an open conversation with the events from the given index on.
// What is not settled stays, and so does what a message in the lane answers: the
// transport is told its id.
func leave(c *Conversation, r *Rules, out []Event, from int) []Event {
	limit := r.InMemory
	if limit <= 0 {
		limit = DefaultInMemory
	}
	n := len(c.Messages)
	if n < limit || !c.State.Open() {
		return out // nearly always
	}
	earlier, last := c.Earlier(), c.LastNo()
	_, due := c.Archiving()
	for _, e := range out[from:] {
		switch e := e.(type) {
		case MessageAdded:
			n++
		case TranscriptCut:
			n -= e.To - earlier
			earlier, due = e.To, false
		}
	}
	if due || n <= limit {
		return out
	}
	to := earlier + max(1, limit/4)
	answered := func(m *Message) bool { return m.queued() && m.ReplyTo > 0 && m.ReplyTo <= to }
	for _, e := range out[from:] {
		if e, ok := e.(MessageAdded); ok && answered(e.Message) {
			return out
		}
	}
	if c.Lane != nil {
		if c.Lane.No <= to {
			return out
		}
		for no := c.Lane.No; no <= last; no++ {
			if answered(c.Message(no)) {
				return out
			}
		}
	}
	if r.Archive {
		return append(out, ArchiveDue{Conversation: c.ID, To: to, Node: r.Node})
	}
	return append(out, TranscriptCut{Conversation: c.ID, To: to})
}

// forget appends what becomes of a finished conversation when its linger time
// is over.
func (c *Conversation) forget(r *Rules, out []Event) []Event {
	if r.Archive && c.LastNo() > 0 {
		return append(out, ArchiveDue{Conversation: c.ID, To: c.LastNo(), Whole: true, Node: r.Node})
	}
	return append(out, Forgotten{Conversation: c.ID})
}

// decideStored takes note that the archive has a part. If the conversation has
// changed meanwhile in what was stored, it has to be stored again, and if
// something else is due by now the report comes too late: then nothing changes.
func decideStored(c *Conversation, cmd Stored, out []Event) ([]Event, error) {
	part, due := c.Part()
	if !due || cmd.Part == nil || !part.equal(cmd.Part) {
		return out, nil
	}
	if c.Archive.Whole {
		return append(out, Forgotten{Conversation: c.ID, Archived: true}), nil
	}
	return append(out, TranscriptCut{Conversation: c.ID, To: c.Archive.To, Archived: true}), nil
}

// equal reports whether another part says the same. Of a conversation that is
// over nothing changes but its messages and attributes.
func (c *Conversation) equal(o *Conversation) bool {
	same := func(a, b *Message) bool { return a == b || reflect.DeepEqual(a, b) } // messages are replaced, never changed
	return c.ID == o.ID && c.Finished == o.Finished && c.Earlier() == o.Earlier() && slices.EqualFunc(c.Messages, o.Messages, same) &&
		(!c.Finished || maps.Equal(c.Attributes, o.Attributes))
}

// applyArchive applies an event about the archive and reports whether it was
// one.
func applyArchive(c *Conversation, at time.Time, e Event) bool {
	switch e := e.(type) {
	case ArchiveDue:
		c.Archive = &Archiving{Earlier: c.Earlier(), To: e.To, Whole: e.Whole, Node: e.Node, Since: at}
		if e.Whole {
			c.Limit = agent.Deadline{} // no time passes it: it is forgotten when it is stored
		}
	case TranscriptCut:
		if i := c.index(e.To); i >= 0 {
			// A new slice: older copies keep the messages, and without them they are freed.
			c.Messages = slices.Clone(c.Messages[i+1:])
			c.Archive = &Archiving{Earlier: e.To}
		}
	case MessageEmptied: // the message is no longer here
	default:
		return false
	}
	return true
}
