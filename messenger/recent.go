package messenger

// recent is a map that forgets what was put into it first once it holds max entries. The
// zero value with max set is ready.
type recent[K comparable, V any] struct {
	max   int
	of    map[K]V
	order []K // a ring once it is full
	next  int
}

func (r *recent[K, V]) find(k K) (V, bool) {
	v, ok := r.of[k]
	return v, ok
}

// put sets a value. A key that is there keeps its place in the order.
func (r *recent[K, V]) put(k K, v V) {
	if r.of == nil {
		r.of = make(map[K]V)
	}
	if _, ok := r.of[k]; ok {
		r.of[k] = v
		return
	}
	if len(r.order) < r.max {
		r.order = append(r.order, k)
	} else {
		delete(r.of, r.order[r.next])
		r.order[r.next] = k
		r.next = (r.next + 1) % r.max
	}
	r.of[k] = v
}

// drop removes a key. Its place in the order stays until it is needed.
func (r *recent[K, V]) drop(k K) { delete(r.of, k) }
