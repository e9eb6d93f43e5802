package floor

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/wire"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// A snapshot is lines of JSON, each with its kind, like the events of a record.
// What events made is in it; what follows from that (the router, deadlines, what
// agents hold) is made again when it is read.
//
// Whoever adds to the state adds a field to one of these lines, or a part of its
// own. Kinds and fields are for ever: the zero value of a new field means what
// snapshots without it meant. TestEveryFieldIsInSnapshots knows the fields that
// follow from others, and misses any other that does not come back.

// part is one kind of line.
type part struct {
	kind wire.Kind
	// take copies, quickly, what the lines are made of, and returns what makes
	// them, elsewhere and while the floor goes on; nil for the conversations, which
	// a Snapshot goes through.
	take func(f *Floor) func(yield func(body any) error) error
	// put takes in a line. Parts come in the order of this list.
	put func(f *Floor, body any) error
}

var parts = []part{
	{wire.Kind{Name: "board", Zero: boardLine{}}, takeBoard, putBoard},
	{wire.Kind{Name: "team", Zero: teamLine{}}, takeTeams, putTeam},
	{wire.Kind{Name: "source", Zero: sourceLine{}}, takeSources, putSource},
	{wire.Kind{Name: "queue", Zero: queueLine{}}, takeQueues, putQueue},
	{wire.Kind{Name: "agent", Zero: agentLine{}}, takeAgents, putAgent},
	{wire.Kind{Name: "node", Zero: nodeLine{}}, takeNodes, putNode},
	{wire.Kind{Name: "seen", Zero: seenLine{}}, takeSeen, putSeen},
	{wire.Kind{Name: "keys", Zero: keysLine{}}, takeKeys, putKeys},
	{wire.Kind{Name: "early", Zero: earlyLine{}}, takeEarly, putEarly},
	{wire.Kind{Name: "conversation", Zero: conversationLine{}}, nil, nil},
}

// boardLine comes first, once.
type boardLine struct {
	Seq       uint64           `json:"seq"`
	At        time.Time        `json:"at,omitzero"`
	Settings  routing.Settings `json:"settings,omitzero"`
	Outage    routing.Outage   `json:"outage,omitzero"`
	OutageSet uint64           `json:"outageSet,omitempty"`
	Sweeps    []sweepLine      `json:"sweeps,omitempty"`
	Away      []Away           `json:"away,omitempty"`
	Erasures  []Erasure        `json:"erasures,omitempty"`
}

// sweepLine is a sweep without what it has found: that is found again.
type sweepLine struct {
	Source conversation.Source  `json:"source,omitempty"`
	Queue  conversation.QueueID `json:"queue,omitempty"`
	Outage bool                 `json:"outage,omitempty"`
	Set    uint64               `json:"set"`
}

func takeBoard(f *Floor) func(yield func(body any) error) error {
	l := boardLine{Seq: f.seq, At: f.last, Settings: f.settings, Outage: f.outage, OutageSet: f.outageSet, Away: f.away, Erasures: f.erasures}
	for i := range f.sweeps {
		s := &f.sweeps[i]
		l.Sweeps = append(l.Sweeps, sweepLine{s.source, s.queue, s.outage, s.set})
	}
	return func(yield func(body any) error) error { return yield(l) }
}

func putBoard(f *Floor, body any) error {
	l := body.(boardLine)
	if f.seq != 0 {
		return fmt.Errorf("a second board")
	}
	if l.Seq == 0 {
		return fmt.Errorf("a board without events")
	}
	f.seq, f.last, f.now = l.Seq, l.At, l.At
	f.settings, f.outage, f.outageSet, f.away, f.erasures = l.Settings, l.Outage, l.OutageSet, l.Away, l.Erasures
	for _, s := range l.Sweeps {
		f.sweeps = append(f.sweeps, sweep{source: s.Source, queue: s.Queue, outage: s.Outage, set: s.Set})
	}
	return nil
}

type teamLine struct {
	routing.Team
}

func takeTeams(f *Floor) func(yield func(body any) error) error {
	list := make([]teamLine, 0, len(f.teams))
	for _, t := range f.teams { // order-free: sorted where it is written
		list = append(list, teamLine{t})
	}
	return sorted(list, func(a, b teamLine) int { return cmp.Compare(a.ID, b.ID) })
}

func putTeam(f *Floor, body any) error {
	t := body.(teamLine).Team
	if _, twice := f.teams[t.ID]; twice {
		return fmt.Errorf("the team %q is there twice", t.ID)
	}
	f.teams[t.ID] = t
	return nil
}

// nodeLine is a node that sends, and until when it is there.
type nodeLine struct {
	Node  string    `json:"node"`
	Until time.Time `json:"until"`
}

func takeNodes(f *Floor) func(yield func(body any) error) error {
	list := make([]nodeLine, 0, len(f.leases))
	for node, until := range f.leases { // order-free: sorted where it is written
		list = append(list, nodeLine{node, until})
	}
	return sorted(list, func(a, b nodeLine) int { return cmp.Compare(a.Node, b.Node) })
}

func putNode(f *Floor, body any) error {
	l := body.(nodeLine)
	if _, twice := f.leases[l.Node]; twice {
		return fmt.Errorf("the node %q is there twice", l.Node)
	}
	f.leases[l.Node] = l.Until
	return nil
}

type sourceLine struct {
	Entry   routing.Source `json:"entry"`
	Removed bool           `json:"removed,omitempty"`
	Why     string         `json:"why,omitempty"`
}

func takeSources(f *Floor) func(yield func(body any) error) error {
	list := make([]sourceLine, 0, len(f.sources))
	for _, s := range f.sources { // order-free: sorted where it is written
		list = append(list, sourceLine{s.entry, s.removed, s.why})
	}
	return sorted(list, func(a, b sourceLine) int { return cmp.Compare(a.Entry.ID, b.Entry.ID) })
}

func putSource(f *Floor, body any) error {
	l := body.(sourceLine)
	if f.sources[l.Entry.ID] != nil {
		return fmt.Errorf("the source %q is there twice", l.Entry.ID)
	}
	f.sources[l.Entry.ID] = &sourceRec{entry: l.Entry, removed: l.Removed, why: l.Why}
	return nil
}

type queueLine struct {
	Entry    routing.Queue        `json:"entry"`
	Open     bool                 `json:"open,omitempty"`
	Next     agent.Deadline       `json:"next,omitzero"` // when Open changes
	Deleted  bool                 `json:"deleted,omitempty"`
	DrainTo  conversation.QueueID `json:"drainTo,omitempty"`
	Pace     routing.Pace         `json:"pace,omitzero"`
	Policies []policyLine         `json:"policies"` // for wrap-up, the present one last
}

type policyLine struct {
	Set    uint64        `json:"set"`
	Policy wrapup.Policy `json:"policy"`
}

func takeQueues(f *Floor) func(yield func(body any) error) error {
	list := make([]queueLine, 0, len(f.queues))
	for _, q := range f.queues { // order-free: sorted where it is written
		l := queueLine{
			Entry: q.v.entry, Open: q.v.open, Next: q.v.next, Deleted: q.v.deleted, DrainTo: q.v.drainTo, Pace: q.v.pace,
		}
		for _, p := range q.v.policies {
			l.Policies = append(l.Policies, policyLine{p.set, p.policy})
		}
		list = append(list, l)
	}
	return sorted(list, func(a, b queueLine) int { return cmp.Compare(a.Entry.ID, b.Entry.ID) })
}

func putQueue(f *Floor, body any) error {
	l := body.(queueLine)
	if f.queues[l.Entry.ID] != nil {
		return fmt.Errorf("the queue %q is there twice", l.Entry.ID)
	}
	if len(l.Policies) == 0 {
		return fmt.Errorf("the queue %q has no wrap-up policy", l.Entry.ID)
	}
	q := &queueRec{v: queueState{
		entry: l.Entry, open: l.Open, next: l.Next, deleted: l.Deleted, drainTo: l.DrainTo, pace: l.Pace,
	}}
	for _, p := range l.Policies {
		q.v.policies = append(q.v.policies, policyVersion{p.Set, p.Policy})
	}
	q.v.schedule, _ = l.Entry.Hours.Compile(f.config.Load)
	q.timer.Owner = q
	f.queues[l.Entry.ID] = q
	return nil
}

type agentLine struct {
	Agent   agent.Agent   `json:"agent"`
	Entry   routing.Agent `json:"entry"`
	Deleted bool          `json:"deleted,omitempty"`
}

func takeAgents(f *Floor) func(yield func(body any) error) error {
	list := make([]agentLine, 0, len(f.agents))
	for _, a := range f.agents { // order-free: sorted where it is written
		list = append(list, agentLine{a.v, a.entry, a.deleted})
	}
	return sorted(list, func(a, b agentLine) int { return cmp.Compare(a.Agent.ID, b.Agent.ID) })
}

func putAgent(f *Floor, body any) error {
	l := body.(agentLine)
	if l.Agent.ID != l.Entry.ID || f.agents[l.Agent.ID] != nil {
		return fmt.Errorf("the agent %q is there twice", l.Agent.ID)
	}
	a := &agentRec{v: l.Agent, entry: l.Entry, deleted: l.Deleted}
	a.timer.Owner = a
	f.agents[l.Agent.ID] = a
	return nil
}

// memoLine is how many remembered ids or keys stand in one line.
const memoLine = 256

// seenLine has ids of inbound messages, in the order in which they came.
type seenLine struct {
	Known []memo `json:"known"`
}

// keysLine has idempotency keys, in the order in which they came.
type keysLine struct {
	Known []memo `json:"known"`
}

func takeSeen(f *Floor) func(yield func(body any) error) error {
	return takeMemory(&f.seen, f.last, func(known []memo) any { return seenLine{known} })
}

func takeKeys(f *Floor) func(yield func(body any) error) error {
	return takeMemory(&f.keys, f.last, func(known []memo) any { return keysLine{known} })
}

// takeMemory needs no copy: places in the line, once committed, never change.
func takeMemory(m *memory, now time.Time, line func([]memo) any) func(yield func(body any) error) error {
	list, head, limit := m.line, m.head, m.limit(now)
	return func(yield func(body any) error) error {
		var known []memo
		for i := head; i < list.len(); i++ {
			r := list.at(i)
			if r.at <= limit {
				continue
			}
			if known = append(known, memo(*r)); len(known) == memoLine {
				if err := yield(line(known)); err != nil {
					return err
				}
				known = known[:0]
			}
		}
		if len(known) == 0 {
			return nil
		}
		return yield(line(known))
	}
}

func putSeen(f *Floor, body any) error { return putMemory(&f.seen, body.(seenLine).Known) }
func putKeys(f *Floor, body any) error { return putMemory(&f.keys, body.(keysLine).Known) }

func putMemory(m *memory, known []memo) error {
	for _, k := range known {
		at := time.Unix(0, k.at)
		if n := m.line.len(); n > 0 && m.line.at(n-1).at > k.at {
			return fmt.Errorf("what is remembered is out of order")
		}
		if _, twice := m.find(k.key, at); twice {
			return fmt.Errorf("something is remembered twice")
		}
		m.add(k.key, at, remembered(k))
	}
	m.again = m.again[:0]
	return nil
}

// earlyLine is a change that came before its message. They come oldest first.
type earlyLine struct {
	Seq    uint64             `json:"seq"`
	By     agent.Actor        `json:"by,omitzero"`
	At     time.Time          `json:"at"`
	Change routing.ChangeKept `json:"change"`
}

// takeEarly needs no copy: what is kept never changes.
func takeEarly(f *Floor) func(yield func(body any) error) error {
	list, limit := f.early.live(), f.last.Add(-conversation.Horizon)
	return func(yield func(body any) error) error {
		for _, k := range list {
			if !k.at.After(limit) {
				continue
			}
			if err := yield(earlyLine{k.seq, k.by, k.at, k.change}); err != nil {
				return err
			}
		}
		return nil
	}
}

func putEarly(f *Floor, body any) error {
	l := body.(earlyLine)
	if n := len(f.early.line); l.Seq > f.seq || n > 0 && (f.early.line[n-1].at.After(l.At) || f.early.line[n-1].seq >= l.Seq) {
		return fmt.Errorf("what came early is out of order")
	}
	f.early.put(&keptChange{l.Seq, keyOf(&l.Change), l.By, l.At, l.Change})
	f.early.was = f.early.was[:0]
	return nil
}

// memo is a remembered id or key. Its text is the digest in base64, the instant
// in nanoseconds since 1970, the number of the conversation and the message's.
type memo remembered

// AppendText appends the text; it never fails.
func (m memo) AppendText(b []byte) ([]byte, error) {
	b = base64.RawURLEncoding.AppendEncode(b, m.key[:])
	b = strconv.AppendInt(append(b, ' '), m.at, 10)
	b = strconv.AppendUint(append(b, ' '), uint64(m.conversation), 10)
	return strconv.AppendInt(append(b, ' '), int64(m.message), 10), nil
}

// MarshalText returns the text; it never fails.
func (m memo) MarshalText() ([]byte, error) { return m.AppendText(nil) }

// UnmarshalText reads a text that MarshalText wrote and refuses any other.
func (m *memo) UnmarshalText(text []byte) error {
	s := string(text)
	digest, s, _ := strings.Cut(s, " ")
	at, s, _ := strings.Cut(s, " ")
	id, message, _ := strings.Cut(s, " ")
	key, err := base64.RawURLEncoding.Strict().DecodeString(digest)
	if err != nil || len(key) != len(m.key) {
		return fmt.Errorf("%.80q is not what is remembered", text)
	}
	var read memo
	copy(read.key[:], key)
	if read.at, err = strconv.ParseInt(at, 10, 64); err != nil {
		return err
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return err
	}
	read.conversation = conversation.ID(n)
	if read.message, err = strconv.Atoi(message); err != nil {
		return err
	}
	*m = read
	return nil
}

// conversationLine is a conversation. They come by ID.
type conversationLine struct {
	conversation.Conversation
	// Latest says that it is the one under which its customer is known: their open
	// one, or else the last.
	Latest bool `json:"latest,omitempty"`
}
