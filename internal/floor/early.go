package floor

import (
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// A channel may tell of an edit, a reaction, a receipt or an unsend before it
// tells of the message. What comes too early is kept, for as long as the message
// could still be taken, and decided when it comes: then the order in which a
// channel tells what happened makes no difference, whichever process it tells.

// earlyRoom is how many bytes are kept at most, earlyCost what one change costs
// beside its text. Beyond it what was kept first is forgotten: nearly all that
// stays is about messages that are long over and will never come.
const (
	earlyRoom = 8 << 20
	earlyCost = 512
)

// early keeps the changes that came before their message.
type early struct {
	of   map[digest][]*keptChange // by message; the slices never change
	line []*keptChange            // oldest first; those that are not in of are gone
	head int                      // the first of the line that may still be there
	room int                      // bytes taken by those that are there

	was []earlyBefore // of the batch
}

// keptChange is one change.
type keptChange struct {
	seq    uint64 // of the event
	key    digest
	by     agent.Actor
	at     time.Time
	change routing.ChangeKept
}

type earlyBefore struct {
	key digest
	was []*keptChange
}

func (k *keptChange) size() int {
	n := earlyCost
	if k.change.Edit != nil {
		n += len(k.change.Edit.Text)
	}
	return n
}

func messageDigest(ch conversation.Channel, s conversation.Source, who conversation.Customer, id string) digest {
	return digestOf(string(ch), string(s), string(who), id)
}

// aboutMessage returns the message that a change is about: its channel and its id
// there. Whose it is the change says itself.
func aboutMessage(c *routing.ChangeKept) (conversation.Channel, string) {
	switch {
	case c.Edit != nil:
		return c.Edit.Channel, c.Edit.ExternalID
	case c.Unsend != nil:
		return c.Unsend.Channel, c.Unsend.ExternalID
	case c.React != nil:
		return c.React.Channel, c.React.ExternalID
	case c.Receipt != nil && len(c.Receipt.ExternalIDs) == 1:
		return c.Receipt.Channel, c.Receipt.ExternalIDs[0]
	}
	return "", "" // in a damaged log alone
}

func keyOf(c *routing.ChangeKept) digest {
	ch, id := aboutMessage(c)
	src, who := c.Customer()
	return messageDigest(ch, src, who, id)
}

// commandOf is the change as it was asked for.
func commandOf(c *routing.ChangeKept) conversation.Command {
	switch {
	case c.Edit != nil:
		return *c.Edit
	case c.Unsend != nil:
		return *c.Unsend
	case c.React != nil:
		return *c.React
	case c.Receipt != nil:
		return *c.Receipt
	}
	return nil
}

// supersedes reports whether nothing would be left of the old change after the new
// one; both are about the same message.
func supersedes(c, old *routing.ChangeKept) bool {
	switch {
	case c.Unsend != nil:
		return old.Unsend != nil || old.Edit != nil // also so that its text does not stay
	case c.Edit != nil:
		return old.Edit != nil && c.Edit.Edits > old.Edit.Edits
	case c.React != nil:
		return old.React != nil && c.React.ChannelAt.After(old.React.ChannelAt)
	case c.Receipt != nil:
		return old.Receipt != nil && c.Receipt.Status > old.Receipt.Status
	}
	return false
}

// pointless reports whether the change makes no difference after the old one.
func pointless(c, old *routing.ChangeKept) bool {
	switch {
	case old.Unsend != nil && (c.Unsend != nil || c.Edit != nil):
		return true
	case c.Edit != nil && old.Edit != nil, c.Receipt != nil && old.Receipt != nil:
		return !supersedes(c, old)
	case c.React != nil && old.React != nil:
		return *c.React == *old.React || old.React.ChannelAt.After(c.React.ChannelAt) && !c.React.ChannelAt.IsZero()
	}
	return false
}

// at returns what is kept for a message, oldest first.
func (e *early) at(k digest, now time.Time) []*keptChange {
	list := e.of[k]
	for len(list) > 0 && !list[0].at.After(now.Add(-conversation.Horizon)) {
		list = list[1:]
	}
	return list
}

// wants reports whether the change makes a difference to what is kept.
func (e *early) wants(c *routing.ChangeKept, now time.Time) bool {
	return !slices.ContainsFunc(e.at(keyOf(c), now), func(old *keptChange) bool { return pointless(c, &old.change) })
}

// put keeps a change, and forgets what there is no room or no more use for. What
// is kept afterwards depends on the events alone.
func (e *early) put(k *keptChange) {
	e.purge(k.at)
	list := make([]*keptChange, 0, 4)
	for _, old := range e.of[k.key] {
		if supersedes(&k.change, &old.change) {
			e.room -= old.size()
		} else {
			list = append(list, old)
		}
	}
	e.set(k.key, append(list, k))
	e.line = append(e.line, k)
	for e.room += k.size(); e.room > earlyRoom; {
		e.pop()
	}
}

// take removes and returns what is kept for a message.
func (e *early) take(k digest, now time.Time) []*keptChange {
	list := e.of[k]
	if len(list) == 0 {
		return nil
	}
	wanted := e.at(k, now)
	for _, old := range list {
		e.room -= old.size()
	}
	e.set(k, nil)
	return wanted
}

// about returns the numbers of the events that are kept of a customer's messages.
func (e *early) about(who customerKey) []uint64 {
	var seqs []uint64
	for _, list := range e.of { // order-free: sorted below
		src, customer := list[0].change.Customer()
		if (customerKey{src, customer}) != who {
			continue
		}
		for _, k := range list {
			seqs = append(seqs, k.seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

// forget removes what is kept by the events of those numbers.
func (e *early) forget(seqs []uint64) {
	if len(seqs) == 0 {
		return
	}
	for _, k := range e.live() {
		if slices.Contains(seqs, k.seq) {
			e.remove(k)
		}
	}
}

// purge forgets what is past the horizon.
func (e *early) purge(now time.Time) {
	limit := now.Add(-conversation.Horizon)
	for e.head < len(e.line) && (!e.line[e.head].at.After(limit) || !e.has(e.line[e.head])) {
		e.pop()
	}
}

// pop forgets the oldest.
func (e *early) pop() {
	k := e.line[e.head]
	e.head++
	if e.has(k) {
		e.remove(k)
	}
}

func (e *early) remove(k *keptChange) {
	e.room -= k.size()
	e.set(k.key, slices.DeleteFunc(slices.Clone(e.of[k.key]), func(old *keptChange) bool { return old == k }))
}

func (e *early) has(k *keptChange) bool { return slices.Contains(e.of[k.key], k) }

func (e *early) set(k digest, to []*keptChange) {
	e.was = append(e.was, earlyBefore{k, e.of[k]})
	e.restore(k, to)
}

func (e *early) restore(k digest, to []*keptChange) {
	switch {
	case len(to) == 0:
		delete(e.of, k)
	case e.of == nil:
		e.of = map[digest][]*keptChange{k: to}
	default:
		e.of[k] = to
	}
}

// earlyMark is a mark for cut.
type earlyMark struct{ line, head, room int }

func (e *early) mark() earlyMark { return earlyMark{len(e.line), e.head, e.room} }

// cut undoes everything since the mark, which was made when the batch began.
func (e *early) cut(m earlyMark) {
	for _, b := range slices.Backward(e.was) {
		e.restore(b.key, b.was)
	}
	e.was = e.was[:0]
	clear(e.line[m.line:])
	e.line, e.head, e.room = e.line[:m.line], m.head, m.room
}

// settle makes the batch final, and the line short again.
func (e *early) settle(now time.Time) {
	if len(e.line) == 0 {
		return
	}
	e.purge(now)
	clear(e.was)
	e.was = e.was[:0]
	if e.head > 64 && e.head > len(e.line)/2 || len(e.line)-e.head > 64+4*len(e.of) {
		e.line, e.head = e.live(), 0
	}
}

// size returns how many changes are kept at now.
func (e *early) size(now time.Time) int {
	n := 0
	for k := range e.of { // order-free: only counted
		n += len(e.at(k, now))
	}
	return n
}

// live returns all that is kept, oldest first.
func (e *early) live() []*keptChange {
	var list []*keptChange
	for _, k := range e.line[e.head:] {
		if e.has(k) {
			list = append(list, k)
		}
	}
	return list
}

// keepEarly keeps what came before its message, for later. What makes no difference is
// a success that changes nothing.
func (f *Floor) keepEarly(changes ...routing.ChangeKept) Result {
	for i := range changes {
		if f.early.wants(&changes[i], f.now) {
			f.emit(changes[i])
		}
	}
	return Result{Kept: true}
}

// arrival is a message that something has been kept for.
type arrival struct {
	conv    *convRec
	changes []*keptChange
}

// came notes that a conversation has a message under that id of the channel.
func (f *Floor) came(c *convRec, id string, at time.Time) {
	if len(f.early.of) == 0 || id == "" {
		return
	}
	if list := f.early.take(messageDigest(c.v.Channel, c.v.Source, c.v.Customer, id), at); len(list) > 0 {
		f.arrivals = append(f.arrivals, arrival{c, list})
	}
}

// catchUp carries out what was kept for messages that have come.
func (f *Floor) catchUp() {
	arrivals := f.arrivals
	f.arrivals = nil
	for _, a := range arrivals {
		for _, k := range a.changes {
			f.as(command{by: k.by})
			// It was found good when it was kept; a refusal now changes nothing.
			_ = f.convStep(a.conv, commandOf(&k.change), f.rulesOf(&a.conv.v))
		}
	}
	f.engine()
}
