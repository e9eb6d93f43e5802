package order

import "cmp"

// Key is a place in an order: by At, and by Seq where At is equal.
type Key struct {
	// At is an instant in nanoseconds since the Unix epoch.
	At int64
	// Seq separates keys of the same instant; usually the sequence number
	// of the event that made the key.
	Seq uint64
}

// Less reports whether k comes before o.
func (k Key) Less(o Key) bool {
	return k.At < o.At || k.At == o.At && k.Seq < o.Seq
}

// Compare returns -1 if k comes before o, +1 if it comes after, 0 if they are
// equal.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.At, o.At), cmp.Compare(k.Seq, o.Seq))
}

// Node is what a record embeds, once for each [Heap] that it can be in. A node
// is in at most one heap at a time. The zero value is a node in no heap.
type Node[T any] struct {
	// Owner is the record that the node belongs to. The caller sets it; the
	// heap never reads it.
	Owner T

	heap *Heap[T] // nil when in no heap
	pos  int      // index in heap.slots
}

// In reports whether the node is in a heap.
func (n *Node[T]) In() bool { return n.heap != nil }

// Key returns the key under which the node is in its heap, and the zero Key
// when it is in none.
func (n *Node[T]) Key() Key {
	if n.heap == nil {
		return Key{}
	}
	return n.heap.slots[n.pos].key
}

// Heap is an indexed 4-ary min-heap of nodes. The zero value is empty and ready
// to use. Its memory grows with the largest number of nodes it has held (24
// bytes for each on 64-bit machines) and is kept for the next ones.
type Heap[T any] struct {
	// Keys lie beside the pointers so that comparing touches only this
	// slice; four children of one slot are 96 adjacent bytes.
	slots []slot[T]
}

type slot[T any] struct {
	key  Key
	node *Node[T]
}

// arity is the number of children of a slot. Four makes the heap half as deep
// as two and costs about as many comparisons.
const arity = 4

// Len returns the number of nodes in the heap.
func (h *Heap[T]) Len() int { return len(h.slots) }

// Min returns the node with the smallest key, or nil when the heap is empty.
func (h *Heap[T]) Min() *Node[T] {
	if len(h.slots) == 0 {
		return nil
	}
	return h.slots[0].node
}

// MinKey returns the smallest key, and false when the heap is empty.
func (h *Heap[T]) MinKey() (Key, bool) {
	if len(h.slots) == 0 {
		return Key{}, false
	}
	return h.slots[0].key, true
}

// Set puts n into the heap under k, or moves it there if it is in the heap
// already; a node in another heap leaves that one. It takes O(log n) and
// allocates only when the heap is larger than it ever was.
func (h *Heap[T]) Set(n *Node[T], k Key) {
	if n.heap == h {
		h.place(n.pos, slot[T]{k, n})
		return
	}
	if n.heap != nil {
		n.heap.Remove(n)
	}
	n.heap = h
	h.slots = append(h.slots, slot[T]{})
	h.up(len(h.slots)-1, slot[T]{k, n})
}

// Remove takes n out of the heap in O(log n). It does nothing when n is not in
// this heap.
func (h *Heap[T]) Remove(n *Node[T]) {
	if n.heap != h {
		return
	}
	last := len(h.slots) - 1
	moved := h.slots[last]
	h.slots[last] = slot[T]{} // keep no record alive
	h.slots = h.slots[:last]
	if n.pos != last {
		h.place(n.pos, moved)
	}
	n.heap, n.pos = nil, 0
}

// place puts s where it belongs, given that the slot at i is free.
func (h *Heap[T]) place(i int, s slot[T]) {
	if i > 0 && s.key.Less(h.slots[(i-1)/arity].key) {
		h.up(i, s)
		return
	}
	h.down(i, s)
}

// up moves the free slot i towards the root until s fits in it.
func (h *Heap[T]) up(i int, s slot[T]) {
	slots := h.slots
	for i > 0 {
		parent := (i - 1) / arity
		if !s.key.Less(slots[parent].key) {
			break
		}
		slots[i] = slots[parent]
		slots[i].node.pos = i
		i = parent
	}
	slots[i] = s
	s.node.pos = i
}

// down moves the free slot i towards the leaves until s fits in it.
func (h *Heap[T]) down(i int, s slot[T]) {
	slots := h.slots
	for {
		first := arity*i + 1
		if first >= len(slots) {
			break
		}
		least := first
		for c := first + 1; c < min(first+arity, len(slots)); c++ {
			if slots[c].key.Less(slots[least].key) {
				least = c
			}
		}
		if !slots[least].key.Less(s.key) {
			break
		}
		slots[i] = slots[least]
		slots[i].node.pos = i
		i = least
	}
	slots[i] = s
	s.node.pos = i
}
