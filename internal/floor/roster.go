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
	pieces [][]rosterPlace
	n      int // conversations; places without one are not counted
	// recent was asked for last: most of what happens is about the same one.
	recent *convRec
}

// rosterPlace is where a conversation stands.
type rosterPlace struct {
	id  conversation.ID
	rec *convRec // nil for one that has left
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
	c := r.pieces[i][at].rec
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
	next := id + 1 // the piece is not past it
	if i = last; r.firsts[last] > id {
		if i = max(0, search(r.firsts, id+1)-1); i < last {
			next = r.firsts[i+1]
		}
	} else if p := r.pieces[last]; p[len(p)-1].id > id {
		next = p[len(p)-1].id
	}
	p := r.pieces[i]
	at = seek(p, id, r.firsts[i], next)
	return i, at, at < len(p) && p[at].id == id
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

// seek returns the first place in the piece that is not before id; first is the ID
// with which the piece begins, and next one at which it has ended. It looks first where id is if they come evenly, which
// they nearly do: in a large roster each look elsewhere is a fetch from far away.
func seek(p []rosterPlace, id, first, next conversation.ID) int {
	if first >= id {
		return 0
	}
	n := len(p)
	at := int(min(uint64(id-first)*uint64(n)/uint64(next-first), uint64(n-1)))
	low, high := at, at
	if p[at].id < id {
		low, high = at+1, at+1
		for d := 1; high < n && p[high].id < id; d *= 2 {
			low, high = high+1, min(n, high+1+d)
		}
	} else {
		for d := 1; low > 0 && p[low-1].id >= id; d *= 2 {
			low, high = max(0, low-1-d), low-1
		}
	}
	for low < high {
		if mid := int(uint(low+high) / 2); p[mid].id < id {
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
		if r.pieces[i][at].rec == nil {
			r.n++
		}
		r.pieces[i][at].rec = c
		return
	}
	r.n++
	if last := len(r.pieces) - 1; last < 0 || i == last && at == len(r.pieces[i]) && at >= rosterPiece {
		r.pieces, r.firsts = append(r.pieces, make([]rosterPlace, 0, rosterPiece)), append(r.firsts, id)
		i, at = last+1, 0
	}
	// A piece grows past its size by those that come back.
	r.pieces[i] = slices.Insert(r.pieces[i], at, rosterPlace{id, c})
	r.firsts[i] = r.pieces[i][0].id
}

// leave takes a conversation out and keeps its place.
func (r *roster) leave(id conversation.ID) {
	if i, at, in := r.find(id); in && r.pieces[i][at].rec != nil {
		r.pieces[i][at].rec, r.recent = nil, nil
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
	if !in || r.pieces[i][at].rec != nil {
		return
	}
	if at == 0 { // the oldest, as most that leave
		r.pieces[i] = r.pieces[i][1:]
	} else {
		r.pieces[i] = slices.Delete(r.pieces[i], at, at+1)
	}
	n := len(r.pieces[i])
	switch {
	case n == 0:
		r.drop(i)
		return
	case i+1 < len(r.pieces) && n+len(r.pieces[i+1]) <= rosterPiece/2:
		// Few of the old stay long; they do not keep a piece each.
		r.pieces[i] = append(r.pieces[i], r.pieces[i+1]...)
		r.drop(i + 1)
	}
	r.firsts[i] = r.pieces[i][0].id
}

func (r *roster) drop(i int) {
	r.pieces, r.firsts = slices.Delete(r.pieces, i, i+1), slices.Delete(r.firsts, i, i+1)
}

// newest returns the greatest ID, 0 when there is none.
func (r *roster) newest() conversation.ID {
	if len(r.pieces) == 0 {
		return 0
	}
	p := r.pieces[len(r.pieces)-1]
	return p[len(p)-1].id
}

// past appends up to n IDs greater than id to buf, of those that have left too.
func (r *roster) past(id conversation.ID, n int, buf []conversation.ID) []conversation.ID {
	i, at, in := r.find(id)
	if in {
		at++
	}
	for ; i < len(r.pieces); i, at = i+1, 0 {
		for _, p := range r.pieces[i][at:] {
			if n--; n < 0 {
				return buf
			}
			buf = append(buf, p.id)
		}
	}
	return buf
}

// all yields every conversation. The roster must not change meanwhile.
func (r *roster) all() iter.Seq[*convRec] {
	return func(yield func(*convRec) bool) {
		for _, p := range r.pieces {
			for i := range p {
				if c := p[i].rec; c != nil && !yield(c) {
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
