package messenger

// recent is a map that forgets what was put into it first once it holds max entries. The
// zero value with max set is ready.
type recent[K comparable, V any] struct {
	max   int
	of    map[K]kept[V]
	order []place[K] // a ring once it is full
	next  int
	seq   uint64
}

type kept[V any] struct {
	value V
	seq   uint64 // of its place
}

// place is where an entry stands in the order. It is stale when the entry was dropped,
// also if it was put again since.
type place[K comparable] struct {
	key K
	seq uint64
}

func (r *recent[K, V]) find(k K) (V, bool) {
	e, ok := r.of[k]
	return e.value, ok
}

// put sets a value. A key that is there keeps its place in the order.
func (r *recent[K, V]) put(k K, v V) {
	if r.of == nil {
		r.of = make(map[K]kept[V])
	}
	if e, ok := r.of[k]; ok {
		r.of[k] = kept[V]{v, e.seq}
		return
	}
	r.seq++
	p := place[K]{k, r.seq}
	if len(r.order) < r.max {
		r.order = append(r.order, p)
	} else {
		if old := r.order[r.next]; r.of[old.key].seq == old.seq {
			delete(r.of, old.key)
		}
		r.order[r.next] = p
		r.next = (r.next + 1) % r.max
	}
	r.of[k] = kept[V]{v, p.seq}
}

// drop removes a key. Its place in the order stays until it is needed.
func (r *recent[K, V]) drop(k K) { delete(r.of, k) }
