package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keys lists the line by All.
func keys(l *Line[int]) []Key {
	got := []Key{}
	for m := range l.All() {
		got = append(got, m.Key())
	}
	return got
}

func TestLineAgreesWithSortedSlice(t *testing.T) {
	// How often a key lies before the present end: from a pure FIFO to
	// keys in random order.
	for _, early := range []int{0, 5, 50, 100} {
		for seed := range uint64(8) {
			rng := rand.New(rand.NewPCG(seed, uint64(early)))
			var l Line[int]
			members := make([]Member[int], 150)
			model := []Key{} // sorted
			drop := func(k Key) {
				if i, ok := slices.BinarySearchFunc(model, k, Key.Compare); ok {
					model = slices.Delete(model, i, i+1)
				}
			}
			for step := range 2000 {
				m := &members[rng.IntN(len(members))]
				if rng.IntN(3) < 2 {
					k := Key{At: int64(step), Seq: uint64(step)}
					if rng.IntN(100) < early {
						k.At = rng.Int64N(int64(step) + 1)
					}
					if m.Line() != nil {
						drop(m.Key())
					}
					l.Add(m, k)
					i, _ := slices.BinarySearchFunc(model, k, Key.Compare)
					model = slices.Insert(model, i, k)
					if r := l.Rank(m); r != i || m.Line() != &l || m.Key() != k {
						t.Fatalf("early %d seed %d step %d: rank %d, want %d", early, seed, step, r, i)
					}
				} else {
					if rng.IntN(2) == 0 && l.Len() > 0 {
						m = l.Min()
						if m.Key() != model[0] {
							t.Fatalf("early %d seed %d step %d: Min %v, want %v", early, seed, step, m.Key(), model[0])
						}
					}
					if m.Line() != nil {
						drop(m.Key())
					}
					l.Remove(m)
					if m.Line() != nil || l.Rank(m) != -1 {
						t.Fatalf("early %d seed %d step %d: member still in line", early, seed, step)
					}
				}
				if l.Len() != len(model) {
					t.Fatalf("early %d seed %d step %d: Len %d, want %d", early, seed, step, l.Len(), len(model))
				}
				if step%20 == 0 {
					if diff := cmp.Diff(model, keys(&l)); diff != "" {
						t.Fatalf("early %d seed %d step %d: order (-want +got):\n%s", early, seed, step, diff)
					}
				}
			}
			for i, want := range model {
				m := l.Min()
				if m.Key() != want {
					t.Fatalf("early %d seed %d: drained %v at %d, want %v", early, seed, m.Key(), i, want)
				}
				l.Remove(m)
			}
			if l.Min() != nil || l.head != nil || l.tail != nil || l.Len() != 0 {
				t.Fatalf("early %d seed %d: line not empty after draining", early, seed)
			}
		}
	}
}

func TestLineAllStopsAnywhere(t *testing.T) {
	var l Line[int]
	members := make([]Member[int], 60)
	for i := range members {
		// Every third one returns to a place between two others.
		at := int64(i * 10)
		if i%3 == 2 {
			at -= 15
		}
		l.Add(&members[i], Key{At: at})
	}
	if l.strays.Len() == 0 || l.fifo == 0 {
		t.Fatalf("want members in both parts, have %d and %d", l.fifo, l.strays.Len())
	}
	all := keys(&l)
	if !slices.IsSortedFunc(all, Key.Compare) || len(all) != len(members) {
		t.Fatalf("All gave %v", all)
	}
	for stop := range len(all) {
		var got []Key
		for m := range l.All() {
			got = append(got, m.Key())
			if len(got) == stop+1 {
				break
			}
		}
		if diff := cmp.Diff(all[:stop+1], got); diff != "" {
			t.Fatalf("stopped at %d (-want +got):\n%s", stop, diff)
		}
	}
	if diff := cmp.Diff(all, keys(&l)); diff != "" {
		t.Errorf("visiting changed the line (-want +got):\n%s", diff)
	}
}

func TestLineAddMovesMemberFromAnotherLine(t *testing.T) {
	var a, b Line[string]
	m, other := Member[string]{Owner: "m"}, Member[string]{Owner: "other"}
	a.Add(&m, Key{At: 1})
	a.Add(&other, Key{At: 2})
	b.Add(&m, Key{At: 3})
	if a.Len() != 1 || a.Min() != &other || b.Len() != 1 || b.Min() != &m || m.Line() != &b {
		t.Fatalf("a holds %d, b holds %d; want one each", a.Len(), b.Len())
	}
	a.Remove(&m) // not its line
	if m.Line() != &b || a.Rank(&m) != -1 || b.Rank(&m) != 0 {
		t.Fatalf("Remove through the wrong line took the member out")
	}
}

func TestLineReturnToFrontStaysInFIFO(t *testing.T) {
	var l Line[int]
	members := make([]Member[int], 10)
	for i := range members {
		l.Add(&members[i], Key{At: int64(100 + i)})
	}
	first := l.Min()
	k := first.Key()
	l.Remove(first)
	l.Add(first, k)
	if l.Min() != first || l.strays.Len() != 0 {
		t.Fatalf("first member went to the heap")
	}
}

func TestLineEqualKeysAreAllKept(t *testing.T) {
	var l Line[int]
	members := make([]Member[int], 9)
	for i := range members {
		l.Add(&members[i], Key{At: 1})
	}
	seen := 0
	for range l.All() {
		seen++
	}
	if seen != len(members) || l.Len() != len(members) {
		t.Fatalf("visited %d of %d, Len %d", seen, len(members), l.Len())
	}
}

func TestLineAllocatesNothingOnceGrown(t *testing.T) {
	var l Line[int]
	members := make([]Member[int], 30)
	cycle := func() {
		for i := range members {
			l.Add(&members[i], Key{At: int64(i * 7 % 30)})
		}
		sum := 0
		for m := range l.All() {
			if sum += m.Owner; m.Key().At == 5 {
				break
			}
		}
		for l.Len() > 0 {
			l.Remove(l.Min())
		}
	}
	cycle()
	if n := testing.AllocsPerRun(10, cycle); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func ExampleLine() {
	type conversation struct {
		name  string
		place Member[*conversation]
	}
	var waiting Line[*conversation]
	join := func(name string, since int64) *conversation {
		c := &conversation{name: name}
		c.place.Owner = c
		waiting.Add(&c.place, Key{At: since})
		return c
	}
	join("first", 10)
	second := join("second", 20)
	join("third", 30)

	waiting.Remove(&second.place)            // offered to an agent,
	waiting.Add(&second.place, Key{At: 20})  // who did not answer
	fmt.Println(waiting.Rank(&second.place)) // members before it
	fmt.Println(second.place.Line() == &waiting)
	for m := range waiting.All() {
		fmt.Println(m.Owner.name)
	}
	// Output:
	// 1
	// true
	// first
	// second
	// third
}

func BenchmarkLineAddAndPopMin(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var l Line[int]
			members := make([]Member[int], size)
			at := int64(0)
			for i := range members {
				at++
				l.Add(&members[i], Key{At: at})
			}
			b.ReportAllocs()
			for b.Loop() {
				m := l.Min()
				l.Remove(m)
				at++
				l.Add(m, Key{At: at})
			}
		})
	}
}

func BenchmarkLineReturnToFront(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var l Line[int]
			members := make([]Member[int], size)
			for i := range members {
				l.Add(&members[i], Key{At: int64(i)})
			}
			b.ReportAllocs()
			for b.Loop() {
				// The second goes back behind the first: the slow path.
				first := l.Min()
				k := first.Key()
				l.Remove(first)
				second := l.Min()
				k2 := second.Key()
				l.Remove(second)
				l.Add(first, k)
				l.Add(second, k2)
			}
		})
	}
}
