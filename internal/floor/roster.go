package floor

import (
	"iter"
	"slices"

	"github.com/switchboard-go/switchboard/conversation"
)

// rosterChunk is how many ids stand in one piece of a roster.
const rosterChunk = 512

// roster is the ids of the conversations in memory, rising, so that whoever goes
// through them can stop anywhere and go on later from an id. It is in pieces:
// one id comes or goes at the cost of moving a few hundred.
type roster struct{ chunks [][]conversation.ID }

// add puts an id in. New ones are the greatest, which is the cheap case.
func (r *roster) add(id conversation.ID) {
	last := len(r.chunks) - 1
	if last < 0 || r.chunks[last][len(r.chunks[last])-1] < id && len(r.chunks[last]) == rosterChunk {
		r.chunks = append(r.chunks, append(make([]conversation.ID, 0, rosterChunk), id))
		return
	}
	if tail := r.chunks[last]; tail[len(tail)-1] < id {
		r.chunks[last] = append(tail, id)
		return
	}
	i := max(0, r.find(id+1)-1) // one that was there before: the piece may grow past its size
	if at, in := slices.BinarySearch(r.chunks[i], id); !in {
		r.chunks[i] = slices.Insert(r.chunks[i], at, id)
	}
}

// remove takes an id out, if it is in.
func (r *roster) remove(id conversation.ID) {
	i := r.find(id+1) - 1
	if i < 0 {
		return
	}
	at, in := slices.BinarySearch(r.chunks[i], id)
	if !in {
		return
	}
	r.chunks[i] = slices.Delete(r.chunks[i], at, at+1)
	switch {
	case len(r.chunks[i]) == 0:
		r.chunks = slices.Delete(r.chunks, i, i+1)
	case i+1 < len(r.chunks) && len(r.chunks[i])+len(r.chunks[i+1]) <= rosterChunk/2:
		// Few of the old stay long; they do not keep a piece each.
		r.chunks[i] = append(r.chunks[i], r.chunks[i+1]...)
		r.chunks = slices.Delete(r.chunks, i+1, i+2)
	}
}

// find returns the first piece whose first id is not less than id.
func (r *roster) find(id conversation.ID) int {
	i, _ := slices.BinarySearchFunc(r.chunks, id, func(c []conversation.ID, id conversation.ID) int {
		if c[0] < id {
			return -1
		}
		return 1
	})
	return i
}

// newest returns the greatest id, 0 when there is none.
func (r *roster) newest() conversation.ID {
	if len(r.chunks) == 0 {
		return 0
	}
	last := r.chunks[len(r.chunks)-1]
	return last[len(last)-1]
}

// past appends up to n ids greater than id to buf.
func (r *roster) past(id conversation.ID, n int, buf []conversation.ID) []conversation.ID {
	i := max(0, r.find(id+1)-1)
	for ; i < len(r.chunks) && n > 0; i++ {
		c := r.chunks[i]
		at, in := slices.BinarySearch(c, id)
		if in {
			at++
		}
		c = c[at:min(len(c), at+n)]
		buf, n = append(buf, c...), n-len(c)
	}
	return buf
}

// all yields every id. The roster must not change meanwhile.
func (r *roster) all() iter.Seq[conversation.ID] {
	return func(yield func(conversation.ID) bool) {
		for _, c := range r.chunks {
			for _, id := range c {
				if !yield(id) {
					return
				}
			}
		}
	}
}
