package order

import "iter"

// Member is what a record embeds to stand in a [Line]. It is in at most one
// line at a time. The zero value is a member of no line.
type Member[T any] struct {
	// Owner is the record that the member belongs to. The caller sets it;
	// the line never reads it.
	Owner T

	line       *Line[T] // nil when in no line
	key        Key
	prev, next *Member[T] // neighbours in the FIFO, nil at its ends

	// stray is in line.strays when the member is not in the FIFO; nil for one
	// that has never been a stray, as most are.
	stray *Node[*Member[T]]
}

// Line returns the line that the member stands in, or nil when it is in none.
func (m *Member[T]) Line() *Line[T] { return m.line }

// Key returns the key under which the member stands in its line, or last stood
// in one, or that SetKey gave it.
func (m *Member[T]) Key() Key { return m.key }

// SetKey notes the key under which the member will stand, so that its record
// need not keep it. It does nothing while the member stands in a line.
func (m *Member[T]) SetKey(k Key) {
	if m.line == nil {
		m.key = k
	}
}

// Line is a set of members in the order of their keys. It is fast for members
// that join at an end: those form a linked FIFO. A member whose key falls
// between the ends of the FIFO is kept in a heap beside it, which stays small
// where few return to an old place. The zero value is empty and ready to use.
type Line[T any] struct {
	head, tail *Member[T] // the FIFO, rising by key
	fifo       int        // its length
	strays     Heap[*Member[T]]
}

// Len returns the number of members.
func (l *Line[T]) Len() int { return l.fifo + l.strays.Len() }

// Min returns the member with the smallest key, or nil when the line is empty.
// It takes O(1).
func (l *Line[T]) Min() *Member[T] {
	n := l.strays.Min()
	if n == nil {
		return l.head
	}
	if l.head != nil && l.head.key.Less(n.Owner.key) {
		return l.head
	}
	return n.Owner
}

// Add puts m into the line under k. A member that stands in a line already, in
// this or another, leaves its place there. It takes O(1) when k is past either
// end of the FIFO and O(log n) otherwise. It allocates only when the heap beside
// the FIFO is larger than it ever was, or the member is in it for the first time.
func (l *Line[T]) Add(m *Member[T], k Key) {
	if m.line != nil {
		m.line.Remove(m)
	}
	m.line, m.key = l, k
	switch {
	case l.head == nil:
		l.head, l.tail = m, m
		l.fifo++
	case l.tail.key.Less(k):
		m.prev, l.tail.next = l.tail, m
		l.tail = m
		l.fifo++
	case k.Less(l.head.key):
		m.next, l.head.prev = l.head, m
		l.head = m
		l.fifo++
	default:
		if m.stray == nil {
			m.stray = &Node[*Member[T]]{Owner: m}
		}
		l.strays.Set(m.stray, k)
	}
}

// Remove takes m out of the line, in O(1) for a member of the FIFO and in
// O(log n) for one in the heap beside it. It does nothing when m does not stand
// in this line.
func (l *Line[T]) Remove(m *Member[T]) {
	if m.line != l {
		return
	}
	if m.isStray() {
		l.strays.Remove(m.stray)
	} else {
		if m.prev != nil {
			m.prev.next = m.next
		} else {
			l.head = m.next
		}
		if m.next != nil {
			m.next.prev = m.prev
		} else {
			l.tail = m.prev
		}
		m.prev, m.next = nil, nil
		l.fifo--
	}
	m.line = nil
}

// isStray reports whether the member is in the heap beside the FIFO.
func (m *Member[T]) isStray() bool { return m.stray != nil && m.stray.In() }

// Rank returns the number of members before m, or -1 when m does not stand in
// this line. It takes O(n): it is for showing a place to people, not for
// routing.
func (l *Line[T]) Rank(m *Member[T]) int {
	if m.line != l {
		return -1
	}
	rank := 0
	if m.isStray() {
		for f := l.head; f != nil && f.key.Less(m.key); f = f.next {
			rank++
		}
	} else {
		for f := m.prev; f != nil; f = f.prev {
			rank++
		}
	}
	for i := range l.strays.slots {
		if l.strays.slots[i].key.Less(m.key) {
			rank++
		}
	}
	return rank
}

// All visits the members in order. It pays only for those it visits: O(1) for
// each while every member is in the FIFO, and O(log k) for the k-th of those in
// the heap beside it. It allocates nothing in the first case.
//
// The line must not change during a visit; a caller that wants to remove the
// member it was given ends the visit first.
func (l *Line[T]) All() iter.Seq[*Member[T]] {
	return func(yield func(*Member[T]) bool) { l.visit(yield) }
}

func (l *Line[T]) visit(yield func(*Member[T]) bool) {
	f := l.head
	if l.strays.Len() > 0 {
		// frontier holds the slots whose parents were all visited: the
		// least key not visited yet is always among them.
		var room [32]int
		frontier := append(room[:0], 0)
		for len(frontier) > 0 {
			i := frontier[0]
			s := &l.strays.slots[i]
			for f != nil && f.key.Less(s.key) {
				if !yield(f) {
					return
				}
				f = f.next
			}
			if !yield(s.node.Owner) {
				return
			}
			frontier = l.advance(frontier)
		}
	}
	for ; f != nil; f = f.next {
		if !yield(f) {
			return
		}
	}
}

// advance replaces the first slot of frontier, a binary heap of indices into
// l.strays.slots, by the children of that slot.
func (l *Line[T]) advance(frontier []int) []int {
	slots := l.strays.slots
	first := arity*frontier[0] + 1
	end := len(frontier) - 1
	last := frontier[end]
	frontier = frontier[:end]
	if end > 0 {
		i := 0
		for {
			c := 2*i + 1
			if c >= end {
				break
			}
			if c+1 < end && slots[frontier[c+1]].key.Less(slots[frontier[c]].key) {
				c++
			}
			if !slots[frontier[c]].key.Less(slots[last].key) {
				break
			}
			frontier[i] = frontier[c]
			i = c
		}
		frontier[i] = last
	}
	for child := first; child < min(first+arity, len(slots)); child++ {
		frontier = append(frontier, child)
		i := len(frontier) - 1
		for i > 0 && slots[child].key.Less(slots[frontier[(i-1)/2]].key) {
			frontier[i] = frontier[(i-1)/2]
			i = (i - 1) / 2
		}
		frontier[i] = child
	}
	return frontier
}
