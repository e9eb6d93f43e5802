package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func checkHeap(t *testing.T, h *Heap[int]) {
	t.Helper()
	for i, s := range h.slots {
		if s.node.pos != i || s.node.heap != h {
			t.Fatalf("slot %d: node thinks it is at %d", i, s.node.pos)
		}
		if i > 0 && s.key.Less(h.slots[(i-1)/arity].key) {
			t.Fatalf("slot %d is before its parent", i)
		}
	}
	for i, s := range h.slots[len(h.slots):cap(h.slots)] {
		if s.node != nil {
			t.Fatalf("free slot %d keeps a node alive", len(h.slots)+i)
		}
	}
}

func TestHeapAgreesWithSortedSlice(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var h Heap[int]
		nodes := make([]Node[int], 200)
		for i := range nodes {
			nodes[i].Owner = i
		}
		model := map[int]Key{}
		for step := range 3000 {
			i := rng.IntN(len(nodes))
			switch rng.IntN(5) {
			case 0, 1, 2:
				k := Key{At: rng.Int64N(40) - 20, Seq: uint64(step)}
				h.Set(&nodes[i], k)
				model[i] = k
			case 3:
				h.Remove(&nodes[i])
				delete(model, i)
			case 4:
				if n := h.Min(); n != nil {
					h.Remove(n)
					delete(model, n.Owner)
				}
			}
			if h.Len() != len(model) {
				t.Fatalf("seed %d step %d: Len %d, want %d", seed, step, h.Len(), len(model))
			}
			k, in := model[i]
			if nodes[i].In() != in || nodes[i].Key() != k {
				t.Fatalf("seed %d step %d: node %d In %v Key %v, want %v %v",
					seed, step, i, nodes[i].In(), nodes[i].Key(), in, k)
			}
			want, least := -1, Key{}
			for i, k := range model {
				if want < 0 || k.Less(least) {
					want, least = i, k
				}
			}
			got := -1
			if n := h.Min(); n != nil {
				got = n.Owner
			}
			if got != want {
				t.Fatalf("seed %d step %d: Min %d, want %d", seed, step, got, want)
			}
		}
		checkHeap(t, &h)
		var want, got []Key
		for _, k := range model {
			want = append(want, k)
		}
		slices.SortFunc(want, Key.Compare)
		for n := h.Min(); n != nil; n = h.Min() {
			got = append(got, n.Key())
			h.Remove(n)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: draining (-want +got):\n%s", seed, diff)
		}
		checkHeap(t, &h)
	}
}

func TestHeapSetMovesNodeFromAnotherHeap(t *testing.T) {
	var a, b Heap[string]
	n, other := Node[string]{Owner: "n"}, Node[string]{Owner: "other"}
	a.Set(&n, Key{At: 1})
	a.Set(&other, Key{At: 2})
	b.Set(&n, Key{At: 3})
	if a.Len() != 1 || a.Min() != &other || b.Len() != 1 || b.Min() != &n {
		t.Fatalf("a holds %d, b holds %d; want one each", a.Len(), b.Len())
	}
	a.Remove(&n) // not its heap
	if !n.In() || n.Key() != (Key{At: 3}) {
		t.Fatalf("Remove through the wrong heap took the node out")
	}
}

func TestHeapRemoveAbsentNodeDoesNothing(t *testing.T) {
	var h Heap[int]
	var n Node[int]
	h.Remove(&n)
	h.Set(&n, Key{})
	h.Remove(&n)
	h.Remove(&n)
	if h.Len() != 0 || h.Min() != nil || n.In() {
		t.Fatalf("heap is not empty")
	}
}

func TestHeapAllocatesNothingOnceGrown(t *testing.T) {
	var h Heap[int]
	nodes := make([]Node[int], 100)
	cycle := func() {
		for i := range nodes {
			h.Set(&nodes[i], Key{At: int64(i * 7919 % 100)})
		}
		for i := range nodes {
			h.Set(&nodes[i], Key{At: int64(i)})
		}
		for h.Len() > 0 {
			h.Remove(h.Min())
		}
	}
	cycle()
	if n := testing.AllocsPerRun(10, cycle); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestKeyOrder(t *testing.T) {
	rising := []Key{{-5, 9}, {0, 0}, {0, 1}, {0, 1 << 63}, {1, 0}}
	for i, a := range rising {
		for j, b := range rising {
			if a.Less(b) != (i < j) || sign(a.Compare(b)) != sign(i-j) {
				t.Errorf("%v and %v: Less %v Compare %d", a, b, a.Less(b), a.Compare(b))
			}
		}
	}
}

func sign(n int) int { return max(-1, min(1, n)) }

func ExampleHeap() {
	type offer struct {
		name    string
		expires Node[*offer]
	}
	var deadlines Heap[*offer]
	add := func(name string, at int64) *offer {
		o := &offer{name: name}
		o.expires.Owner = o
		deadlines.Set(&o.expires, Key{At: at})
		return o
	}
	ann, ben := add("ann", 20), add("ben", 10)
	add("eve", 30)

	deadlines.Set(&ann.expires, Key{At: 5}) // moved
	deadlines.Remove(&ben.expires)          // answered in time
	for n := deadlines.Min(); n != nil; n = deadlines.Min() {
		fmt.Println(n.Owner.name, n.Key().At)
		deadlines.Remove(n)
	}
	// Output:
	// ann 5
	// eve 30
}

// sizes are small enough for a run of all benchmarks to take seconds.
var sizes = []int{1e3, 1e4, 1e5, 1e6}

func BenchmarkHeapCancelAndAdd(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			var h Heap[int]
			nodes := make([]Node[int], size)
			for i := range nodes {
				h.Set(&nodes[i], Key{At: rng.Int64N(1e9), Seq: uint64(i)})
			}
			b.ReportAllocs()
			at := int64(0)
			for b.Loop() {
				n := &nodes[rng.IntN(size)]
				h.Remove(n)
				at += 1e3
				h.Set(n, Key{At: 1e9 + at})
			}
		})
	}
}
