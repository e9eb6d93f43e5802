package floor

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/switchboard-go/switchboard/conversation"
)

// TestRosterAgainstModel holds a roster against a sorted list.
func TestRosterAgainstModel(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var r roster
		var model []conversation.ID
		var gone []conversation.ID
		next := conversation.ID(1)
		for step := range 20_000 {
			grows := step/5_000%2 == 0 // and then shrinks
			switch n := rng.IntN(10); {
			case n < 6 == grows:
				next += conversation.ID(1 + rng.IntN(3))
				r.add(next)
				model = append(model, next)
			case n == 9 && len(gone) > 0: // taken back
				id := gone[len(gone)-1]
				gone = gone[:len(gone)-1]
				r.add(id)
				at, in := slices.BinarySearch(model, id)
				if !in {
					model = slices.Insert(model, at, id)
				}
			case len(model) > 0:
				at := rng.IntN(len(model))
				r.remove(model[at])
				gone = append(gone, model[at])
				model = slices.Delete(model, at, at+1)
			}
			r.remove(next + 1) // never in
			if step%97 != 0 {
				continue
			}
			if got := slices.Collect(r.all()); !slices.Equal(got, model) {
				t.Fatalf("seed %d, step %d: %d ids, want %d", seed, step, len(got), len(model))
			}
			from, n := conversation.ID(rng.Uint64N(uint64(next)+2)), rng.IntN(1500)
			at, in := slices.BinarySearch(model, from)
			if in {
				at++
			}
			want := model[at:min(len(model), at+n)]
			if got := r.past(from, n, nil); !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: past %d: %v, want %v", seed, step, from, got, want)
			}
			if len(r.chunks) > 2+4*len(model)/rosterChunk+1 {
				t.Fatalf("seed %d, step %d: %d pieces for %d ids", seed, step, len(r.chunks), len(model))
			}
		}
	}
}
