package floor

import (
	"math/rand/v2"
	"strconv"
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

// TestCustomersAgainstModel holds the table of customers against a map: with a good
// hash, and with ones that give everybody the same.
func TestCustomersAgainstModel(t *testing.T) {
	number := func(customer string) uint64 {
		n, err := strconv.ParseUint(customer, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for name, hash := range map[string]func(source, customer string) uint64{
		"good":         fnv,
		"all the same": func(string, string) uint64 { return 1 << 63 },
		"few":          func(_, customer string) uint64 { return number(customer) % 7 << 61 },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			tab, want := customers{hash: hash}, make(map[customerKey]*convRec)
			most := 600
			if name == "good" {
				most = 20_000
			}
			someone := func() customerKey {
				n := r.IntN(2 * most)
				return customerKey{conversation.Source(strconv.Itoa(n % 3)), conversation.Customer(strconv.Itoa(n))}
			}
			for step := range 8 * most {
				k := someone()
				if grows := step < 4*most; r.IntN(10) < 3 == grows {
					tab.remove(k)
					delete(want, k)
				} else {
					c := &convRec{}
					c.v.Source, c.v.Customer = k.source, k.customer
					tab.put(c)
					want[k] = c
				}
				if probe := someone(); tab.get(probe) != want[probe] {
					t.Fatalf("step %d: %v has %p, want %p", step, probe, tab.get(probe), want[probe])
				}
			}
			n := 0
			for c := range tab.all() {
				if n++; want[c.customer()] != c {
					t.Fatalf("that of %v is not the one that was put in", c.customer())
				}
			}
			if n != len(want) || tab.n != n {
				t.Errorf("%d visited, %d counted, want %d", n, tab.n, len(want))
			}
		})
	}
}
