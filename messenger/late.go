package messenger

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// late remembers what came for messages, so that Meta's order does not matter. What came
// before its message is done again once the message is there: an edit, an unsend, a
// reaction, and a receipt that came before the echo. Of reactions, which have no number,
// an older one that comes after a newer one is left out.
//
// It is memory of this process and bounded: what is beyond it has no other effect than
// that of an event that came in order.
type late struct {
	mu         sync.Mutex
	notes      recent[lateKey, note]
	reactions  recent[lateKey, time.Time]
	receipts   recent[lateKey, conversation.Status] // by a message's name
	watermarks recent[threadKey, watermark]
}

// lateKey is a message of a page.
type lateKey struct {
	page conversation.Source
	id   string
}

// note is what is to be done again when the message comes.
type note struct {
	edit, unsend, react *switchboard.Command
	edits               int
}

type watermark struct {
	delivered, read time.Time
}

const keepLate = 10_000

func newLate() *late {
	l := &late{}
	l.notes.max, l.reactions.max, l.receipts.max, l.watermarks.max = keepLate, keepLate, keepLate, keepLate
	return l
}

// mark gives a reaction an idempotency key, because a Board cannot tell that it has had
// this one before others.
func (l *late) mark(e *Event, c *switchboard.Command) {
	if e.Kind != KindReaction || e.At.IsZero() {
		return
	}
	h := sha256.Sum256([]byte(e.Reaction.ID + "\x00" + e.Reaction.Emoji))
	c.Key = "reaction:" + strconv.FormatInt(e.At.UnixMilli(), 10) + ":" + hex.EncodeToString(h[:16])
}

// superseded reports whether a newer reaction to the same message has come before.
func (l *late) superseded(e *Event) bool {
	if e.Kind != KindReaction || e.At.IsZero() {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last, ok := l.reactions.find(lateKey{e.Page, e.Reaction.ID})
	return ok && e.At.Before(last)
}

// took notes a command that a Board has taken, or will when its message has come, and
// returns what is to be done again because of it.
func (l *late) took(e *Event, c switchboard.Command) []switchboard.Command {
	switch e.Kind {
	case KindMessage, KindPostback:
		return l.again(e.Page, c.Do)
	case KindEcho:
		return append(l.again(e.Page, c.Do), l.receiptFor(e)...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Kind {
	case KindEdit:
		k := lateKey{e.Page, e.Edit.ID}
		if n, _ := l.notes.find(k); e.Edit.Count > n.edits {
			n.edit, n.edits = &c, e.Edit.Count
			l.notes.put(k, n)
		}
	case KindUnsend:
		if u, ok := c.Do.(conversation.Unsend); ok {
			l.notes.put(lateKey{e.Page, u.ExternalID}, note{unsend: &c})
		}
	case KindReaction:
		k := lateKey{e.Page, e.Reaction.ID}
		n, _ := l.notes.find(k)
		n.react = &c
		l.notes.put(k, n)
		l.reactions.put(k, e.At)
	case KindDelivery, KindRead:
		l.noteReceipt(e)
	}
	return nil
}

// again returns what is to be done for a message that is there now.
func (l *late) again(page conversation.Source, do any) []switchboard.Command {
	var id string
	switch m := do.(type) {
	case conversation.Inbound:
		id = m.ExternalID
	case conversation.Outside:
		id = m.ExternalID
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := l.notes.find(lateKey{page, id})
	if !ok {
		return nil
	}
	var out []switchboard.Command
	for _, c := range []*switchboard.Command{n.edit, n.unsend, n.react} {
		if c != nil {
			out = append(out, *c)
		}
	}
	return out
}

func (l *late) noteReceipt(e *Event) {
	k := threadKey{e.Page, e.Customer}
	w, _ := l.watermarks.find(k)
	status, mark := conversation.StatusDelivered, &w.delivered
	if e.Kind == KindRead {
		status, mark = conversation.StatusRead, &w.read
	}
	if e.Receipt.Watermark.After(*mark) {
		*mark = e.Receipt.Watermark
		l.watermarks.put(k, w)
	}
	for _, id := range e.Receipt.IDs {
		k := lateKey{e.Page, id}
		if s, _ := l.receipts.find(k); s < status {
			l.receipts.put(k, status)
		}
	}
}

// receiptFor returns the receipt that came before the echo, if one did.
func (l *late) receiptFor(e *Event) []switchboard.Command {
	l.mu.Lock()
	defer l.mu.Unlock()
	status, _ := l.receipts.find(lateKey{e.Page, e.Message.ID})
	if w, ok := l.watermarks.find(threadKey{e.Page, e.Customer}); ok && !e.At.IsZero() {
		if !e.At.After(w.delivered) {
			status = max(status, conversation.StatusDelivered)
		}
		if !e.At.After(w.read) {
			status = max(status, conversation.StatusRead)
		}
	}
	if status == conversation.StatusNone {
		return nil
	}
	return []switchboard.Command{{By: e.platform(), Do: conversation.Receipt{
		Channel: e.Channel, Source: e.Page, Customer: e.Customer, Status: status, ExternalIDs: []string{e.Message.ID},
	}}}
}
