package floor

import (
	"crypto/sha256"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// memory remembers what has been done for a while: the ids of inbound messages
// and the keys of commands. It keeps a digest of each, so that a million cost
// tens of megabytes and no work for the garbage collector.
type memory struct {
	horizon time.Duration
	known   map[digest]remembered
	// oldest first; head is the first that is still known.
	line []stamped
	head int
}

type digest [16]byte

type remembered struct {
	conversation conversation.ID
	message      int
	at           int64
}

type stamped struct {
	at  int64
	key digest
}

func newMemory(horizon time.Duration) memory {
	return memory{horizon: horizon, known: make(map[digest]remembered)}
}

// digestOf makes the key of several texts.
func digestOf(parts ...string) digest {
	var room [256]byte
	b := room[:0]
	for _, p := range parts {
		b = append(append(b, p...), 0)
	}
	sum := sha256.Sum256(b)
	return digest(sum[:16])
}

// find returns what is remembered under the key at now. It does not depend on
// when expire was last called.
func (m *memory) find(k digest, now time.Time) (remembered, bool) {
	r, ok := m.known[k]
	if !ok || r.at <= now.Add(-m.horizon).UnixNano() {
		return remembered{}, false
	}
	return r, true
}

// add remembers. The caller has not found the key.
func (m *memory) add(k digest, at time.Time, r remembered) {
	r.at = at.UnixNano()
	m.known[k] = r
	m.line = append(m.line, stamped{r.at, k})
}

// len is a mark for cut.
func (m *memory) len() int { return len(m.line) }

// cut forgets what was added since the mark.
func (m *memory) cut(mark int) {
	for _, s := range m.line[mark:] {
		delete(m.known, s.key)
	}
	m.line = m.line[:mark]
}

// expire forgets what is past the horizon. It is never called between add and
// cut of the same batch.
func (m *memory) expire(now time.Time) {
	limit := now.Add(-m.horizon).UnixNano()
	for m.head < len(m.line) && m.line[m.head].at <= limit {
		// The same key may have been added again since.
		if s := m.line[m.head]; m.known[s.key].at == s.at {
			delete(m.known, s.key)
		}
		m.head++
	}
	if m.head > 1024 && m.head > len(m.line)/2 {
		n := copy(m.line, m.line[m.head:])
		m.line, m.head = m.line[:n], 0
	}
}
