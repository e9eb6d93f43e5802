package floor

import (
	"iter"

	"github.com/switchboard-go/switchboard/conversation"
)

// customers finds each customer's open conversation, or else their last one, by the
// names that are in it: a map would keep them once more, and a million may wait. It
// grows by splitting a bucket at a time, so that nobody waits for all of it to be put
// into order anew.
type customers struct {
	// hash comes from outside: customers name themselves on some channels, so it can
	// be one that nobody knows.
	hash func(source, customer string) uint64

	// dir has the bucket for each value of the first depth bits of a hash. A bucket of
	// a lower depth stands in it several times, side by side.
	dir   []*bucket
	depth uint
	n     int
	// recent was asked for last: most of what happens is about the same one.
	recent *convRec
}

// bucket is open-addressed by the last bits of the hash: its length is a power of
// two, and a quarter of it is free at least.
type bucket struct {
	depth uint // how many bits all hashes in it have in common
	n     int
	slots []*convRec
	marks marks
}

func newBucket(depth uint, slots int) *bucket {
	return &bucket{depth: depth, slots: make([]*convRec, slots), marks: make(marks, slots)}
}

// markBits are those of a hash that are in a mark: neither the first, which say in
// which bucket, nor the last, which say where in it.
func markBits(h uint64) byte { return byte(h >> 28) }

// set puts the record with that hash into the place that find gave.
func (p *bucket) set(i int, h uint64, c *convRec) {
	p.slots[i], p.marks[i] = c, markOf((i-int(h))&(len(p.slots)-1), markBits(h))
}

const (
	// bucketSlots is when a bucket is split rather than grown.
	bucketSlots = 256
	// crowd is how many records there are at least for each place of the directory
	// before that is doubled: hashes that are alike do not make it large.
	crowd = 32
)

type customerKey struct {
	source   conversation.Source
	customer conversation.Customer
}

func (t *customers) hashOf(k customerKey) uint64 { return t.hash(string(k.source), string(k.customer)) }

func (c *convRec) customer() customerKey { return customerKey{c.v.Source, c.v.Customer} }

// isOf reports whether it is the customer's.
func (c *convRec) isOf(k customerKey) bool {
	return c.v.Customer == k.customer && c.v.Source == k.source
}

// get returns the customer's conversation, or nil.
func (t *customers) get(k customerKey) *convRec {
	if t.recent != nil && t.recent.isOf(k) {
		return t.recent
	}
	if t.n == 0 {
		return nil
	}
	h := t.hashOf(k)
	p := t.dir[t.at(h)]
	c := p.slots[t.find(p, h, k)]
	if c != nil {
		t.recent = c
	}
	return c
}

// at is the place in the directory of a hash.
func (t *customers) at(h uint64) uint64 { return h >> (64 - t.depth) } // of no bits: 0

// find returns where in the bucket the customer's is, or would be.
func (t *customers) find(p *bucket, h uint64, k customerKey) int {
	mask := len(p.slots) - 1
	i := int(h) & mask
	for m := markOf(0, markBits(h)); p.marks[i] != 0; m = m.further() {
		if p.marks[i] == m && p.slots[i].isOf(k) {
			break
		}
		i = (i + 1) & mask
	}
	return i
}

// put adds a record, in the place of another one of the customer.
func (t *customers) put(c *convRec) {
	if t.dir == nil {
		t.dir = []*bucket{newBucket(0, 8)}
	}
	t.recent = c
	k := c.customer()
	h := t.hashOf(k)
	p := t.dir[t.at(h)]
	for 4*(p.n+1) > 3*len(p.slots) {
		if len(p.slots) < bucketSlots || p.depth == t.depth && crowd*len(t.dir) > t.n {
			t.grow(p)
		} else {
			t.split(h)
		}
		p = t.dir[t.at(h)]
	}
	i := t.find(p, h, k)
	if p.slots[i] == nil {
		p.n++
		t.n++
	}
	p.set(i, h, c)
}

// grow gives the bucket twice as many slots.
func (t *customers) grow(p *bucket) {
	old := p.slots
	p.slots, p.marks = make([]*convRec, 2*len(old)), make(marks, 2*len(old))
	for _, c := range old {
		if c != nil {
			k := c.customer()
			h := t.hashOf(k)
			p.set(t.find(p, h, k), h, c)
		}
	}
}

// split halves the bucket of the hash.
func (t *customers) split(h uint64) {
	p := t.dir[t.at(h)]
	if p.depth == t.depth {
		dir := make([]*bucket, 2*len(t.dir))
		for i := range dir {
			dir[i] = t.dir[i/2]
		}
		t.dir, t.depth = dir, t.depth+1
	}
	low, high := newBucket(p.depth+1, len(p.slots)), newBucket(p.depth+1, len(p.slots))
	for _, c := range p.slots {
		if c == nil {
			continue
		}
		k := c.customer()
		h, to := t.hashOf(k), low
		if h<<p.depth>>63 == 1 {
			to = high
		}
		to.set(t.find(to, h, k), h, c)
		to.n++
	}
	width := len(t.dir) >> p.depth // how often it stands in the directory
	first := int(t.at(h)) / width * width
	for i := range width {
		t.dir[first+i] = low
		if i >= width/2 {
			t.dir[first+i] = high
		}
	}
}

// remove takes out the customer's conversation, if there is one.
func (t *customers) remove(k customerKey) {
	if t.n == 0 {
		return
	}
	h := t.hashOf(k)
	p := t.dir[t.at(h)]
	if i := t.find(p, h, k); p.slots[i] != nil {
		t.take(p, i)
	}
}

// leave takes the record out and reports whether it was its customer's, and not a
// later one. Nobody else's is looked at.
func (t *customers) leave(c *convRec) bool {
	if t.n == 0 {
		return false
	}
	h := t.hashOf(c.customer())
	p := t.dir[t.at(h)]
	mask := len(p.slots) - 1
	for i := int(h) & mask; p.marks[i] != 0; i = (i + 1) & mask {
		if p.slots[i] == c {
			t.take(p, i)
			return true
		}
	}
	return false
}

// take takes out what is in the slot.
func (t *customers) take(p *bucket, free int) {
	t.recent = nil
	p.n--
	t.n--
	// Those behind it that would no longer be found move up.
	mask := len(p.slots) - 1
	for j := (free + 1) & mask; p.marks[j] != 0; j = (j + 1) & mask {
		home, known := p.marks[j].home(j, mask)
		if !known {
			home = int(t.hashOf(p.slots[j].customer())) & mask
		}
		if (j-home)&mask >= (j-free)&mask {
			p.slots[free], p.marks[free] = p.slots[j], p.marks[j].movedTo((free-home)&mask)
			free = j
		}
	}
	p.slots[free], p.marks[free] = nil, 0
}

// all visits every record, in no order that means anything.
func (t *customers) all() iter.Seq[*convRec] {
	return func(yield func(*convRec) bool) {
		for i := 0; i < len(t.dir); i += len(t.dir) >> t.dir[i].depth {
			for _, c := range t.dir[i].slots {
				if c != nil && !yield(c) {
					return
				}
			}
		}
	}
}

// fnv is the hash of a Floor without one of its own: FNV-1a, with its last bits
// spread over the first.
func fnv(source, customer string) uint64 {
	h := uint64(14695981039346656037)
	for _, s := range [...]string{source, customer} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h *= 1099511628211 // the end of a name
	}
	h ^= h >> 32
	return h * 0x9e3779b97f4a7c15
}
