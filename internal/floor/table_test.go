package floor

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/switchboard-go/switchboard/conversation"
)

// A million of these may wait. With up to 568 bytes a record costs 576; one word
// more, and it costs 640.
func TestRecordIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(convRec{}); unsafe.Sizeof(n) == 8 && n > 568 {
		t.Errorf("a conversation's record has %d bytes", n)
	}
}

// TestTable holds tables against a map: with a good hash, and with one that gives
// everybody the same.
func TestTable(t *testing.T) {
	for name, hash := range map[string]func(conversation.ID) uint64{
		"good":         convTable().hash,
		"all the same": func(conversation.ID) uint64 { return 1 << 63 },
		"few":          func(id conversation.ID) uint64 { return uint64(id) % 7 << 61 },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			tab, want := convTable(), make(map[conversation.ID]*convRec)
			tab.hash = hash
			most := 600
			if name == "good" {
				most = 20_000
			}
			for step := range 8 * most {
				id := conversation.ID(r.IntN(2 * most))
				if grows := step < 4*most; r.IntN(10) < 3 == grows {
					tab.remove(id)
					delete(want, id)
				} else {
					c := &convRec{}
					c.v.ID = id
					tab.put(c)
					want[id] = c
				}
				if probe := conversation.ID(r.IntN(2 * most)); tab.get(probe) != want[probe] {
					t.Fatalf("step %d: %v is %p, want %p", step, probe, tab.get(probe), want[probe])
				}
			}
			n := 0
			for c := range tab.all() {
				if n++; want[c.v.ID] != c {
					t.Fatalf("%v is not the one that was put in", c.v.ID)
				}
			}
			if n != len(want) || tab.n != n {
				t.Errorf("%d visited, %d counted, want %d", n, tab.n, len(want))
			}
		})
	}
}
