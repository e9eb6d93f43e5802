package floor

import (
	"iter"
	"slices"

	"github.com/switchboard-go/switchboard/conversation"
)

// A table finds conversations by a key that is in their records: a map would keep
// it once more, and a million may wait. It grows by splitting a bucket at a time, so
// that nobody waits for all of it to be put into order anew.
//
// A record must not change its key while it is in.
type table[K any] struct {
	hash func(K) uint64
	key  func(*convRec) K
	same func(K, *convRec) bool

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
}

const (
	// bucketSlots is when a bucket is split rather than grown.
	bucketSlots = 256
	// crowd is how many records there are at least for each place of the directory
	// before that is doubled: hashes that are alike do not make it large.
	crowd = 32
)

// get returns the record with the key, or nil.
func (t *table[K]) get(k K) *convRec {
	if t.recent != nil && t.same(k, t.recent) {
		return t.recent
	}
	if t.n == 0 {
		return nil
	}
	h := t.hash(k)
	p := t.dir[t.at(h)]
	c := p.slots[t.find(p, h, k)]
	if c != nil {
		t.recent = c
	}
	return c
}

// at is the place in the directory of a hash.
func (t *table[K]) at(h uint64) uint64 { return h >> (64 - t.depth) } // of no bits: 0

// find returns where in the bucket the key is, or would be.
func (t *table[K]) find(p *bucket, h uint64, k K) int {
	mask := len(p.slots) - 1
	i := int(h) & mask
	for p.slots[i] != nil && !t.same(k, p.slots[i]) {
		i = (i + 1) & mask
	}
	return i
}

// put adds a record, in the place of one with the same key.
func (t *table[K]) put(c *convRec) {
	if t.dir == nil {
		t.dir = []*bucket{{slots: make([]*convRec, 8)}}
	}
	t.recent = c
	k := t.key(c)
	h := t.hash(k)
	p := t.dir[t.at(h)]
	for 4*(p.n+1) > 3*len(p.slots) {
		if len(p.slots) < bucketSlots || p.depth == t.depth && crowd*len(t.dir) > t.n {
			t.fill(p, make([]*convRec, 2*len(p.slots)))
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
	p.slots[i] = c
}

// fill puts what is in the bucket into other slots.
func (t *table[K]) fill(p *bucket, slots []*convRec) {
	old := p.slots
	p.slots = slots
	for _, c := range old {
		if c != nil {
			k := t.key(c)
			slots[t.find(p, t.hash(k), k)] = c
		}
	}
}

// split halves the bucket of the hash.
func (t *table[K]) split(h uint64) {
	p := t.dir[t.at(h)]
	if p.depth == t.depth {
		dir := make([]*bucket, 2*len(t.dir))
		for i := range dir {
			dir[i] = t.dir[i/2]
		}
		t.dir, t.depth = dir, t.depth+1
	}
	low := &bucket{depth: p.depth + 1, slots: make([]*convRec, len(p.slots))}
	high := &bucket{depth: p.depth + 1, slots: make([]*convRec, len(p.slots))}
	for _, c := range p.slots {
		if c == nil {
			continue
		}
		k := t.key(c)
		h, to := t.hash(k), low
		if h<<p.depth>>63 == 1 {
			to = high
		}
		to.slots[t.find(to, h, k)] = c
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

// remove takes out the record with the key, if there is one.
func (t *table[K]) remove(k K) {
	if t.n == 0 {
		return
	}
	h := t.hash(k)
	p := t.dir[t.at(h)]
	free := t.find(p, h, k)
	if p.slots[free] == nil {
		return
	}
	t.recent = nil
	p.n--
	t.n--
	// Those behind it that would no longer be found move up.
	mask := len(p.slots) - 1
	for j := (free + 1) & mask; p.slots[j] != nil; j = (j + 1) & mask {
		home := int(t.hash(t.key(p.slots[j]))) & mask
		if (j-home)&mask >= (j-free)&mask {
			p.slots[free] = p.slots[j]
			free = j
		}
	}
	p.slots[free] = nil
}

// all visits every record, in no order that means anything.
func (t *table[K]) all() iter.Seq[*convRec] {
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

// convTable has the conversations in memory.
func convTable() table[conversation.ID] {
	return table[conversation.ID]{
		hash: func(id conversation.ID) uint64 {
			h := uint64(id) * 0x9e3779b97f4a7c15
			return h ^ h>>32
		},
		key:  func(c *convRec) conversation.ID { return c.v.ID },
		same: func(id conversation.ID, c *convRec) bool { return c.v.ID == id },
	}
}

// customerTable has each customer's open conversation, or else their last one.
// Customers name themselves on some channels, so the hash comes from outside,
// where it can be one that nobody knows.
func customerTable(hash func(source, customer string) uint64) table[customerKey] {
	return table[customerKey]{
		hash: func(k customerKey) uint64 { return hash(string(k.source), string(k.customer)) },
		key:  func(c *convRec) customerKey { return customerKey{c.v.Source, c.v.Customer} },
		same: func(k customerKey, c *convRec) bool { return c.v.Customer == k.customer && c.v.Source == k.source },
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

// convIDs returns the conversations in memory in order.
func (f *Floor) convIDs() []conversation.ID {
	ids := make([]conversation.ID, 0, f.convs.n)
	for c := range f.convs.all() {
		ids = append(ids, c.v.ID)
	}
	slices.Sort(ids)
	return ids
}
