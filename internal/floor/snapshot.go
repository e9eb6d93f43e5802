package floor

import (
	"slices"

	"github.com/switchboard-go/switchboard/conversation"
)

// Snapshot is the state as it was at one moment, which is written down piece by
// piece while the floor goes on.
//
//	s := f.Snapshot()
//	for {
//		p, more := s.Next(256)              // between batches, on the floor's goroutine
//		err := p.Encode(encoder, write)     // anywhere
//		if !more { break }
//	}
//
// Conversations are many, so Next goes through them in order, and what changes
// before it has come there is copied first. All else is copied at the start.
type Snapshot struct {
	floor   *Floor
	seq     uint64
	reached conversation.ID // the last one that Next has returned
	// kept are conversations as they were, of those not reached that have changed.
	kept map[conversation.ID]conversationLine
	rest []func(yield func(body any) error) error // all but the conversations; nil once returned
	ids  []conversation.ID
}

// Snapshot begins a snapshot of the present state; nothing may be uncommitted.
// There may be several at a time. The caller ends it, or takes the last piece.
func (f *Floor) Snapshot() *Snapshot {
	s := &Snapshot{floor: f, seq: f.seq, kept: make(map[conversation.ID]conversationLine)}
	for i := range parts {
		if take := parts[i].take; take != nil {
			s.rest = append(s.rest, take(f))
		}
	}
	f.snapshots = append(f.snapshots, s)
	return s
}

// Seq returns the number of the last event that the snapshot has in it.
func (s *Snapshot) Seq() uint64 { return s.seq }

// End ends the snapshot, whether or not it is whole.
func (s *Snapshot) End() {
	f := s.floor
	if f == nil {
		return
	}
	f.snapshots = slices.DeleteFunc(f.snapshots, func(o *Snapshot) bool { return o == s })
	for id := range s.kept { // order-free: each is taken out on its own
		f.strike(id)
	}
	s.floor, s.kept = nil, nil
}

// Snapshots returns how many are under way.
func (f *Floor) Snapshots() int { return len(f.snapshots) }

// strike gives up the place of a conversation that has left, once no snapshot
// needs it there.
func (f *Floor) strike(id conversation.ID) {
	for _, s := range f.snapshots {
		if s.ahead(id) {
			return
		}
	}
	f.convs.close(id)
}

// ahead reports whether the snapshot has the conversation in it and has not
// returned it yet.
func (s *Snapshot) ahead(id conversation.ID) bool {
	return id > s.reached && uint64(id) <= s.seq
}

// keep notes for the snapshots under way what a conversation is, before it
// changes.
func (f *Floor) keep(c *convRec) {
	for _, s := range f.snapshots {
		if c == nil || !s.ahead(c.v.ID) {
			continue
		}
		if _, known := s.kept[c.v.ID]; !known {
			s.kept[c.v.ID] = f.lineOf(c)
		}
	}
}

// lineOf is the conversation as a snapshot has it.
func (f *Floor) lineOf(c *convRec) conversationLine {
	return conversationLine{Conversation: c.v, Latest: f.customer(c.customer()) == c.v.ID}
}

// Next returns the next piece, with up to n conversations, and whether there are
// more. Nothing may be uncommitted. After the last piece the snapshot has ended.
func (s *Snapshot) Next(n int) (Piece, bool) {
	if s.rest != nil {
		p := Piece{rest: s.rest}
		s.rest = nil
		return p, true
	}
	f := s.floor
	if f == nil {
		return Piece{}, false
	}
	s.ids = f.convs.past(s.reached, n, s.ids[:0])
	p := Piece{conversations: make([]conversationLine, 0, len(s.ids))}
	more := len(s.ids) == n
	for _, id := range s.ids {
		if more = more && uint64(id) <= s.seq; uint64(id) > s.seq {
			break
		}
		s.reached = id
		was, changed := s.kept[id]
		c := f.convs.get(id)
		switch {
		case changed:
			p.conversations = append(p.conversations, was)
			delete(s.kept, id)
		case c != nil:
			p.conversations = append(p.conversations, f.lineOf(c))
		} // or it was gone before, and another snapshot has it
		f.strike(id)
	}
	if !more {
		s.End()
	}
	return p, more
}

// Piece is a part of a snapshot. It no longer changes and can be encoded on any
// goroutine.
type Piece struct {
	rest          []func(yield func(body any) error) error
	conversations []conversationLine
}

// Encode hands over the lines of the piece, each with its line feed. A line is
// valid until the next.
func (p *Piece) Encode(e *Encoder, yield func(line []byte) error) error {
	write := func(body any) error {
		line, err := e.line(body)
		if err != nil {
			return err
		}
		return yield(line)
	}
	for _, each := range p.rest {
		if err := each(write); err != nil {
			return err
		}
	}
	for i := range p.conversations {
		line, err := e.conversation(&p.conversations[i])
		if err != nil {
			return err
		}
		if err := yield(line); err != nil {
			return err
		}
	}
	return nil
}

// sorted yields the lines in the order of what less is by. Copies are taken in
// the order of a map, and put in order where there is time.
func sorted[T any](list []T, compare func(a, b T) int) func(yield func(body any) error) error {
	return func(yield func(body any) error) error {
		slices.SortFunc(list, compare)
		for i := range list {
			if err := yield(list[i]); err != nil {
				return err
			}
		}
		return nil
	}
}
