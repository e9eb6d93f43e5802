package floor

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// TestMemoryAgainstModel holds the table and its line against plain maps,
// through batches that are committed and others that are cut.
func TestMemoryAgainstModel(t *testing.T) {
	type known struct {
		at time.Time
		id conversation.ID
	}
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := newMemory(time.Hour)
		model := map[digest]known{}
		now := start
		for batch := range 150 {
			mark, before, began := m.len(), map[digest]known{}, now
			for k, v := range model {
				before[k] = v
			}
			for range r.IntN(30) {
				// Few different first bytes, so that the table has long runs.
				k := digestOf(fmt.Sprint(r.IntN(3000)))
				k[0], k[1], k[2], k[3] = k[0]%8, 0, 0, 0
				want, in := model[k]
				in = in && now.Sub(want.at) < time.Hour
				got, found := m.find(k, now)
				if found != in || found && got.conversation != want.id {
					t.Fatalf("seed %d batch %d: found %v %v, want %v %v", seed, batch, got, found, want, in)
				}
				if !found {
					id := conversation.ID(r.Uint64N(1000) + 1)
					m.add(k, now, remembered{conversation: id})
					model[k] = known{now, id}
				}
				now = now.Add(time.Duration(r.IntN(20)) * time.Second)
			}
			if r.IntN(3) == 0 {
				m.cut(mark)
				model, now = before, began
			} else {
				m.expire(now)
			}
			n := 0
			for k, v := range model {
				in := now.Sub(v.at) < time.Hour
				if got, found := m.find(k, now); found != in || in && got.conversation != v.id {
					t.Fatalf("seed %d batch %d: found %v %v, want %v %v", seed, batch, got, found, v, in)
				}
				if in {
					n++
				}
			}
			if m.size(now) != n {
				t.Fatalf("seed %d batch %d: %d are known, want %d", seed, batch, m.size(now), n)
			}
		}
	}
}
