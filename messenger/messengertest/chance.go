package messengertest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
)

// Fault is something that goes wrong between an app and Meta. Those of a call
// concern sends of messages.
type Fault string

// The faults of a call.
const (
	// FaultSilent takes the message and never answers: the caller has to give up.
	FaultSilent Fault = "silent"
	// FaultResetBefore resets the connection, and takes no message.
	FaultResetBefore Fault = "reset-before"
	// FaultResetAfter resets the connection after taking the message.
	FaultResetAfter Fault = "reset-after"
	// FaultBadGateway answers 502 with a page of HTML; every second time, by the seed, the
	// message is taken.
	FaultBadGateway Fault = "bad-gateway"
	// FaultErrorOK answers 200 with an error object, code 2; no message is taken.
	FaultErrorOK Fault = "error-ok"
	// FaultTransient answers 500 with code 2 and is_transient; no message is taken.
	FaultTransient Fault = "transient"
	// FaultUncertain takes the message and answers code 1, subcode 1357046: it may have been sent.
	FaultUncertain Fault = "uncertain"
	// FaultSlow takes the message and holds half the answer back for Config.SlowFor.
	FaultSlow Fault = "slow"
	// FaultTruncated takes the message and breaks the answer off: every second
	// time, by the seed, as a whole response of half a JSON object, else within the response.
	FaultTruncated Fault = "truncated"
)

// The faults of webhooks.
const (
	// FaultDuplicate sends an event again after it was answered with 200.
	FaultDuplicate Fault = "duplicate"
	// FaultReorder holds an event back until the next one of its thread has been
	// sent, or for some milliseconds of real time if there is none.
	FaultReorder Fault = "reorder"
)

// callFaults and hookFaults have a fixed order, so that chance is the same each time.
var (
	callFaults = []Fault{
		FaultSilent, FaultResetBefore, FaultResetAfter, FaultBadGateway, FaultErrorOK,
		FaultTransient, FaultUncertain, FaultSlow, FaultTruncated,
	}
	hookFaults = []Fault{FaultDuplicate, FaultReorder}
)

// Faults has the probability of each fault, 0 to 1. The sum of those of calls should
// not be above 1: at most one happens to a call.
type Faults map[Fault]float64

// AllFaults returns every fault, each with the probability p.
func AllFaults(p float64) Faults {
	f := make(Faults)
	for _, x := range callFaults {
		f[x] = p
	}
	for _, x := range hookFaults {
		f[x] = p
	}
	return f
}

func (f Faults) clone() Faults { return maps.Clone(f) }

// SetFaults changes what goes wrong from now on. Nil means nothing.
func (g *Graph) SetFaults(f Faults) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = f.clone()
}

// Script makes the next sends of messages fail as it says, one fault each,
// before chance is asked again; "" lets one pass. It refuses faults of webhooks and unknown
// ones by failing the test.
func (g *Graph) Script(faults ...Fault) {
	g.t.Helper()
	for _, f := range faults {
		known := f == ""
		for _, x := range callFaults {
			known = known || f == x
		}
		if !known {
			g.t.Errorf("messengertest: %q is not a fault of a call", f)
			return
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.script = append(g.script, faults...)
}

// Faulted returns how often each fault has happened.
func (g *Graph) Faulted() map[Fault]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.faulted)
}

// callFault draws the fault of a thread's next send. odd halves those that have
// two forms.
func (g *Graph) callFault(th *thread) (f Fault, odd bool) {
	if len(g.script) > 0 {
		f, g.script = g.script[0], g.script[1:]
		odd = g.chance(th, "odd") < 0.5
	} else if len(g.faults) > 0 {
		u := g.chance(th, "call")
		odd = g.chance(th, "odd") < 0.5
		for _, x := range callFaults {
			if u < g.faults[x] {
				f = x
				break
			}
			u -= g.faults[x]
		}
	}
	if f != "" {
		g.faulted[f]++
	}
	return f, odd
}

// hookFault draws whether a fault happens to an event.
func (g *Graph) hookFault(th *thread, f Fault) bool {
	if p := g.faults[f]; p <= 0 || g.chance(th, string(f)) >= p {
		return false
	}
	g.faulted[f]++
	return true
}

// chance returns the next number from 0 to 1 of a thread's series of that name.
func (g *Graph) chance(th *thread, series string) float64 {
	n := th.draws[series]
	th.draws[series] = n + 1
	return float64(hash(g.c.Seed, n, th.page.id, th.person.id, series)>>11) / (1 << 53)
}

// hash mixes numbers and texts into 64 bits.
func hash(a, b uint64, texts ...string) uint64 {
	h := fnv.New64a()
	var buf [16]byte
	binary.BigEndian.PutUint64(buf[:8], a)
	binary.BigEndian.PutUint64(buf[8:], b)
	_, _ = h.Write(buf[:])
	for _, t := range texts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	x := h.Sum64() // the high bits of FNV depend too little on the last bytes
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// newMid returns the id of a message: opaque and long, as Meta's are.
func (g *Graph) newMid() string {
	g.serial++
	raw := make([]byte, 0, 72)
	for i := range uint64(9) {
		raw = binary.BigEndian.AppendUint64(raw, hash(g.c.Seed, g.serial, "mid", string(rune('a'+i))))
	}
	return "m_" + base64.RawURLEncoding.EncodeToString(raw)
}
