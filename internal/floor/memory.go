package floor

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// memory remembers what has been done for a while: the ids of inbound messages
// and the keys of commands. It keeps a digest of each in one line, oldest first,
// and finds them by a table of places in the line, so that a million cost tens
// of megabytes and no work for the garbage collector.
type memory struct {
	horizon time.Duration
	line    ledger
	head    int // the first of the line that is still known
	// table is open-addressed, by digest: 1 + a place in the line, or 0. Its
	// length is a power of two and more than the number of places in it.
	table []uint32
	marks marks
	known int // places in the table
	// again are those of the batch that were known before, and expired.
	again []uint32
}

type digest [16]byte

type remembered struct {
	key          digest
	at           int64
	conversation conversation.ID
	message      int
}

func newMemory(horizon time.Duration) memory { return memory{horizon: horizon} }

// digestOf makes the key of several texts. Each has its length before it, so that
// no other texts make the same one.
func digestOf(parts ...string) digest {
	var room [256]byte
	b := room[:0]
	for _, p := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	sum := sha256.Sum256(b)
	return digest(sum[:16])
}

// ledger is a line that grows without moving what is in it: a place that is
// committed never changes.
type ledger struct {
	blocks []*[blockPlaces]remembered
	n      int // in use; the first is the first of the first block
}

const blockPlaces = 128

func (l *ledger) len() int             { return l.n }
func (l *ledger) at(i int) *remembered { return &l.blocks[i/blockPlaces][i%blockPlaces] }

func (l *ledger) push(r remembered) {
	if l.n == len(l.blocks)*blockPlaces {
		l.blocks = append(l.blocks, new([blockPlaces]remembered))
	}
	l.n++
	*l.at(l.n - 1) = r
}

// drop forgets so many blocks at the head. It leaves a copy made before whole: a
// snapshot may still read it.
func (l *ledger) drop(blocks int) {
	l.blocks = append([]*[blockPlaces]remembered(nil), l.blocks[blocks:]...)
	l.n -= blocks * blockPlaces
}

// find returns what is remembered under the key at now. It does not depend on
// when expire was last called.
func (m *memory) find(k digest, now time.Time) (remembered, bool) {
	if i := m.slot(k); i >= 0 && m.table[i] != 0 {
		if r := m.line.at(int(m.table[i] - 1)); r.at > m.limit(now) {
			return *r, true
		}
	}
	return remembered{}, false
}

func (m *memory) limit(now time.Time) int64 { return now.Add(-m.horizon).UnixNano() }

// size returns how many are remembered at now.
func (m *memory) size(now time.Time) int {
	n, limit := 0, m.limit(now)
	for i := m.head; i < m.line.len(); i++ {
		if m.line.at(i).at > limit {
			n++
		}
	}
	return n
}

// add remembers, unless find would find the key.
func (m *memory) add(k digest, at time.Time, r remembered) {
	i := m.slot(k)
	if i >= 0 && m.table[i] != 0 && m.line.at(int(m.table[i]-1)).at > m.limit(at) {
		return
	}
	if 4*(m.known+1) > 3*len(m.table) {
		m.rebuild(max(64, 2*len(m.table)))
		i = m.slot(k)
	}
	r.key, r.at = k, at.UnixNano()
	m.line.push(r)
	if m.table[i] != 0 {
		m.again = append(m.again, m.table[i])
	} else {
		m.known++
	}
	m.set(i, m.line.len())
}

// len is a mark for cut.
func (m *memory) len() int { return m.line.len() }

// cut forgets what was added since the mark.
func (m *memory) cut(mark int) {
	for i := m.line.len() - 1; i >= mark; i-- {
		m.remove(i)
	}
	m.line.n = mark
	for _, place := range slices.Backward(m.again) {
		if int(place) > mark {
			continue // of this batch too
		}
		i := m.slot(m.line.at(int(place - 1)).key)
		if m.table[i] == 0 {
			m.known++
		}
		m.set(i, int(place))
	}
	m.again = m.again[:0]
}

// expire forgets what is past the horizon. It is never called between add and
// cut of the same batch.
func (m *memory) expire(now time.Time) {
	m.again = m.again[:0]
	limit := m.limit(now)
	for m.head < m.line.len() && m.line.at(m.head).at <= limit {
		m.remove(m.head)
		m.head++
	}
	if m.head > 1024 && m.head > m.line.len()/2 {
		m.line.drop(m.head / blockPlaces)
		m.head %= blockPlaces
		room := 64
		for 3*room < 8*m.line.len() { // as many again before it has to grow
			room *= 2
		}
		m.rebuild(min(room, len(m.table)))
	}
}

// slot returns where in the table the key is, or would be; -1 while there is no
// table.
func (m *memory) slot(k digest) int {
	if len(m.table) == 0 {
		return -1
	}
	i, mask := m.home(k), len(m.table)-1
	for w := markOf(0, k[4]); m.marks[i] != 0; w = w.further() {
		if m.marks[i] == w && m.line.at(int(m.table[i]-1)).key == k {
			break
		}
		i = (i + 1) & mask
	}
	return i
}

// set puts a place of the line, counted from 1, where slot said.
func (m *memory) set(i, place int) {
	m.table[i] = uint32(place)
	k := m.line.at(place - 1).key
	m.marks[i] = markOf((i-m.home(k))&(len(m.table)-1), k[4])
}

// home is where the key would be in an empty table.
func (m *memory) home(k digest) int {
	return int(binary.LittleEndian.Uint32(k[:])) & (len(m.table) - 1)
}

// remove takes the i-th of the line out of the table, unless its key has been
// added again since.
func (m *memory) remove(i int) {
	free := m.slot(m.line.at(i).key)
	if free < 0 || m.table[free] != uint32(i+1) {
		return
	}
	m.known--
	// Those behind it that would no longer be found move up.
	mask := len(m.table) - 1
	for j := (free + 1) & mask; m.marks[j] != 0; j = (j + 1) & mask {
		home, known := m.marks[j].home(j, mask)
		if !known {
			home = m.home(m.line.at(int(m.table[j] - 1)).key)
		}
		if (j-home)&mask >= (j-free)&mask {
			m.table[free], m.marks[free] = m.table[j], m.marks[j].movedTo((free-home)&mask)
			free = j
		}
	}
	m.table[free], m.marks[free] = 0, 0
}

// rebuild makes a table of that length for the line as it is.
func (m *memory) rebuild(n int) {
	if len(m.table) == n {
		clear(m.table)
		clear(m.marks)
	} else {
		m.table, m.marks = make([]uint32, n), make(marks, n)
	}
	m.known = 0
	for i := m.head; i < m.line.len(); i++ {
		to := m.slot(m.line.at(i).key)
		if m.table[to] == 0 {
			m.known++
		}
		m.set(to, i+1)
	}
}
