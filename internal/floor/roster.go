package floor

import (
	"iter"
	"slices"

	"github.com/switchboard-go/switchboard/conversation"
)

// rosterPiece is how many conversations stand in one piece of a roster.
const rosterPiece = 256

// roster is the conversations in memory, by ID: so whoever goes through them can
// stop anywhere and go on later from an ID. New ones come behind all others and
// the old leave first, so what is in use lies together, and a conversation costs
// two words. It is in pieces: one comes or goes at the cost of moving a few hundred.
//
// One that has left may keep its place, for a snapshot that has not come there.
type roster struct {
	firsts []conversation.ID // of each piece
	pieces []*rosterPart
	n      int // conversations; places without one are not counted
	// recent was asked for last: most of what happens is about the same one.
	recent *convRec
}

type rosterPart struct {
	ids  []conversation.ID
	recs []*convRec // nil for one that has left
}

// get returns the conversation, or nil.
func (r *roster) get(id conversation.ID) *convRec {
	if c := r.recent; c != nil && c.v.ID == id {
		return c
	}
	i, at, in := r.find(id)
	if !in {
		return nil
	}
	c := r.pieces[i].recs[at]
	if c != nil {
		r.recent = c
	}
	return c
}

// find returns the piece and the place in it where the ID is, or would be.
func (r *roster) find(id conversation.ID) (i, at int, in bool) {
	last := len(r.firsts) - 1
	if last < 0 {
		return 0, 0, false
	}
	if i = last; r.firsts[last] > id {
		i = max(0, search(r.firsts, id+1)-1)
	}
	ids := r.pieces[i].ids
	if n := len(ids); ids[n-1] < id {
		return i, n, false
	}
	at = search(ids, id)
	return i, at, ids[at] == id
}

// search returns the first place in the rising ids that is not less than id.
func search(ids []conversation.ID, id conversation.ID) int {
	low, high := 0, len(ids)
	for low < high {
		if mid := int(uint(low+high) / 2); ids[mid] < id {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// put puts a conversation in. New ones have the greatest IDs, which is the cheap
// case.
func (r *roster) put(c *convRec) {
	r.recent = c
	id := c.v.ID
	i, at, in := r.find(id)
	if in {
		if r.pieces[i].recs[at] == nil {
			r.n++
		}
		r.pieces[i].recs[at] = c
		return
	}
	r.n++
	if last := len(r.pieces) - 1; last < 0 || i == last && at == len(r.pieces[i].ids) && at >= rosterPiece {
		p := &rosterPart{make([]conversation.ID, 0, rosterPiece), make([]*convRec, 0, rosterPiece)}
		r.pieces, r.firsts = append(r.pieces, p), append(r.firsts, id)
		i, at = last+1, 0
	}
	p := r.pieces[i] // which grows past its size by those that come back
	p.ids, p.recs = slices.Insert(p.ids, at, id), slices.Insert(p.recs, at, c)
	r.firsts[i] = p.ids[0]
}

// leave takes a conversation out and keeps its place.
func (r *roster) leave(id conversation.ID) {
	if i, at, in := r.find(id); in && r.pieces[i].recs[at] != nil {
		r.pieces[i].recs[at], r.recent = nil, nil
		r.n--
	}
}

// strike takes an ID out, with its conversation if that is still there.
func (r *roster) strike(id conversation.ID) {
	r.leave(id)
	r.close(id)
}

// close gives up the place of one that has left.
func (r *roster) close(id conversation.ID) {
	i, at, in := r.find(id)
	if !in || r.pieces[i].recs[at] != nil {
		return
	}
	p := r.pieces[i]
	if at == 0 { // the oldest, as most that leave
		p.ids, p.recs = p.ids[1:], p.recs[1:]
	} else {
		p.ids, p.recs = slices.Delete(p.ids, at, at+1), slices.Delete(p.recs, at, at+1)
	}
	switch {
	case len(p.ids) == 0:
		r.drop(i)
		return
	case i+1 < len(r.pieces) && len(p.ids)+len(r.pieces[i+1].ids) <= rosterPiece/2:
		// Few of the old stay long; they do not keep a piece each.
		p.ids, p.recs = append(p.ids, r.pieces[i+1].ids...), append(p.recs, r.pieces[i+1].recs...)
		r.drop(i + 1)
	}
	r.firsts[i] = p.ids[0]
}

func (r *roster) drop(i int) {
	r.pieces, r.firsts = slices.Delete(r.pieces, i, i+1), slices.Delete(r.firsts, i, i+1)
}

// newest returns the greatest ID, 0 when there is none.
func (r *roster) newest() conversation.ID {
	if len(r.pieces) == 0 {
		return 0
	}
	ids := r.pieces[len(r.pieces)-1].ids
	return ids[len(ids)-1]
}

// past appends up to n IDs greater than id to buf, of those that have left too.
func (r *roster) past(id conversation.ID, n int, buf []conversation.ID) []conversation.ID {
	i, at, in := r.find(id)
	if in {
		at++
	}
	for ; i < len(r.pieces) && n > 0; i, at = i+1, 0 {
		ids := r.pieces[i].ids
		ids = ids[at:min(len(ids), at+n)]
		buf, n = append(buf, ids...), n-len(ids)
	}
	return buf
}

// all yields every conversation. The roster must not change meanwhile.
func (r *roster) all() iter.Seq[*convRec] {
	return func(yield func(*convRec) bool) {
		for _, p := range r.pieces {
			for _, c := range p.recs {
				if c != nil && !yield(c) {
					return
				}
			}
		}
	}
}

// convIDs returns the conversations in memory.
func (f *Floor) convIDs() []conversation.ID {
	ids := make([]conversation.ID, 0, f.convs.n)
	for c := range f.convs.all() {
		ids = append(ids, c.v.ID)
	}
	return ids
}
