package floor

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/switchboard-go/switchboard/conversation"
)

// TestRosterAgainstModel holds a roster against a sorted list and a map.
func TestRosterAgainstModel(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var r roster
		places := []conversation.ID{} // of those that have left too
		there := make(map[conversation.ID]*convRec)
		var gone []*convRec
		next := conversation.ID(1)
		put := func(c *convRec) {
			r.put(c)
			id := c.v.ID
			there[id] = c
			if at, in := slices.BinarySearch(places, id); !in {
				places = slices.Insert(places, at, id)
			}
		}
		for step := range 20_000 {
			grows := step/5_000%2 == 0 // and then shrinks
			switch n := rng.IntN(10); {
			case n < 6 == grows:
				next += conversation.ID(1 + rng.IntN(3))
				c := &convRec{}
				c.v.ID = next
				put(c)
			case n == 9 && len(gone) > 0: // taken back
				put(gone[len(gone)-1])
				gone = gone[:len(gone)-1]
			case len(places) > 0:
				at := rng.IntN(len(places))
				id := places[at]
				if c := there[id]; c != nil {
					gone = append(gone, c)
				}
				delete(there, id)
				if n == 8 {
					r.leave(id)
					break
				}
				r.strike(id)
				places = slices.Delete(places, at, at+1)
			}
			r.strike(next + 1) // never in
			r.leave(next + 2)
			for range 3 {
				if id := conversation.ID(rng.Uint64N(uint64(next) + 2)); r.get(id) != there[id] {
					t.Fatalf("seed %d, step %d: %v is %p, want %p", seed, step, id, r.get(id), there[id])
				}
			}
			if step%97 != 0 {
				continue
			}
			var want []*convRec
			for _, id := range places {
				if c := there[id]; c != nil {
					want = append(want, c)
				}
			}
			if got := slices.Collect(r.all()); !slices.Equal(got, want) || r.n != len(want) {
				t.Fatalf("seed %d, step %d: %d conversations, %d counted, want %d", seed, step, len(got), r.n, len(want))
			}
			from, n := conversation.ID(rng.Uint64N(uint64(next)+2)), rng.IntN(1500)
			at, in := slices.BinarySearch(places, from)
			if in {
				at++
			}
			if got, want := r.past(from, n, nil), places[at:min(len(places), at+n)]; !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: past %d: %v, want %v", seed, step, from, got, want)
			}
			if len(r.pieces) > 2+4*len(places)/rosterPiece+1 {
				t.Fatalf("seed %d, step %d: %d pieces for %d IDs", seed, step, len(r.pieces), len(places))
			}
		}
	}
}
