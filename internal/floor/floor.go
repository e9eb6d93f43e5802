// Package floor is the whole board as one deterministic state machine: agents,
// conversations, queues and sources, and what holds between them.
//
//	f := floor.New(floor.Config{Load: time.LoadLocation, Node: "n1"})
//	for f.Advance(now) { ... }        // deadlines, each at its own instant
//	res, err := f.Do(now, command)    // nil error: f.Events() has what happened
//	f.Commit()                        // or f.Undo(), as if nothing had been
//
// A command is decided against the state and yields events; the events are
// applied at once, together with what follows from them. Undo takes back
// everything since the last Commit. Replaying the events with Apply gives an
// equal state.
//
// Nothing here reads a clock, starts a goroutine, or depends on the order of a
// map. A Floor is not safe for concurrent use.
package floor

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/order"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Event is one line of the log.
type Event struct {
	// Seq numbers the events of a board from 1, without gaps.
	Seq uint64
	// At is the instant at which it happened: never before the one before.
	At time.Time
	// By is who asked; the zero Actor is the engine.
	By agent.Actor
	// Why is the words that came with the command.
	Why string
	// Key is the command's idempotency key, on its first event.
	Key string
	// Body is an agent.Event, a conversation.Event or a routing.Event.
	Body any
}

// Command is a request with who makes it.
type Command struct {
	By  agent.Actor
	Why string
	Key string
	// Body is an agent.Command, a conversation.Command or a routing.Command.
	Body any
}

// Result is what a command gave beside its events.
type Result struct {
	// Conversation and Message tell where an inbound or written message is.
	Conversation conversation.ID
	Message      int
	// Duplicate says that the command had been carried out before.
	Duplicate bool
	// Kept says that the command came before its message, and is kept until that comes.
	Kept bool
	// Accepted is the outcome for each offer of an AcceptAll.
	Accepted []Accepted
	// Erasure is the number of an erasure.
	Erasure uint64
}

// Accepted is the outcome for one offer of an AcceptAll.
type Accepted struct {
	Conversation conversation.ID
	Err          error
}

// Config is what a Floor needs from outside.
type Config struct {
	// Load finds time zones.
	Load func(name string) (*time.Location, error)
	// Node names the process: it sends the messages that it commits.
	Node string
	// Archive says that the process has an archive.
	Archive bool
	// InMemory is how many messages of a transcript are in memory; 0 is the
	// default. Tests make it small.
	InMemory int
	// Hash is of a customer's name at a source, for the table of customers: one that
	// nobody outside can work out, so that nobody can crowd it. Nil is one that
	// anybody can. Nothing but time depends on it.
	Hash func(source, customer string) uint64
	// Lease is how it keeps what it has to send.
	Lease Lease
}

// stepLimit bounds the offers, and the conversations swept, in one step.
const stepLimit = 256

// Floor is the state of one board.
type Floor struct {
	config Config

	seq  uint64
	last time.Time // of the last event
	now  time.Time // of the last event or deadline

	settings routing.Settings
	queues   map[conversation.QueueID]*queueRec
	teams    map[routing.TeamID]routing.Team
	agents   map[agent.ID]*agentRec
	sources  map[conversation.Source]*sourceRec
	// What was asked for last by agent and queueOf.
	recentAgent *agentRec
	recentQueue *queueRec
	// convs has the conversations. Within a batch, and until a snapshot has come
	// there, those that have left keep their places.
	convs roster
	// customers has each customer's open conversation, or else their last one.
	customers customers
	seen      memory // inbound ids
	digested  inboundKey
	keys      memory // idempotency keys
	early     early  // what came before its message
	outage    routing.Outage
	outageSet uint64
	sweeps    []sweep
	away      []Away               // never changed in place
	erasures  []Erasure            // by number; never changed in place
	leases    map[string]time.Time // until when a node is there, of those that send

	router    *routing.Router
	deadlines deadlines

	// settle are agents whose pending Idle may take effect now.
	settle []*agentRec
	// adrift are conversations that have come to wait in a deleted queue, or back
	// to one that may be closed.
	adrift []*convRec
	// given says that the step has given this node a lane.
	given bool
	// arrivals are messages for which something was kept.
	arrivals []arrival

	events    []Event
	pending   command // what the events are stamped with
	journal   journal
	snapshots []*Snapshot // under way

	agentEvents []agent.Event
	convEvents  []conversation.Event
	rules       conversation.Rules
	targets     []*convRec
	holdings    []*holding // to be used again
}

// command is who and why, for the events it gives.
type command struct {
	by       agent.Actor
	why, key string
}

// convRec and agentRec begin with what nearly every step looks at: one that nothing
// has happened to for a while is far from the processor, and comes a line of 64
// bytes at a time.
type convRec struct {
	epoch  uint64   // the last batch that touched it
	held   *holding // what it holds of agents; nil for one that never held any
	v      conversation.Conversation
	waiter routing.Waiter
	timer  order.Node[*convRec]
}

func (c *convRec) holds() []hold {
	if c.held == nil {
		return nil
	}
	return c.held.list
}

// holding is what a conversation holds of agents. Most hold something of one at a
// time, for which there is room.
type holding struct {
	list []hold
	room [1]hold
}

// hold is what a conversation takes of an agent.
type hold struct {
	agent *agentRec
	kind  holdKind
	slot  bool
}

type holdKind uint8

const (
	holdOffer holdKind = iota
	holdLive
	holdWrap
)

type agentRec struct {
	epoch     uint64 // the last batch that touched it
	capacity  int    // slots of conversation.Social, by the entry
	slots     int    // taken of those
	load      agent.Load
	in        []*convRec  // conversations that hold something of it, in no order
	room      [4]*convRec // for in, while they are few
	deleted   bool
	candidate routing.Candidate
	v         agent.Agent
	timer     order.Node[*agentRec]
	entry     routing.Agent
}

type queueRec struct {
	v queueState

	rules conversation.Rules
	timer order.Node[*queueRec]
	epoch uint64 // the last batch that touched it
	paced uint64 // the last batch that touched its pace
}

// queueState is what events made of a queue.
type queueState struct {
	entry    routing.Queue
	schedule routing.Schedule
	open     bool
	next     agent.Deadline
	deleted  bool
	drainTo  conversation.QueueID
	pace     routing.Pace
	// policies are the wrap-up policies it has had, the present one last.
	policies []policyVersion
}

type policyVersion struct {
	set    uint64
	policy wrapup.Policy
}

type sourceRec struct {
	entry   routing.Source
	removed bool
	why     string
}

// New returns an empty board.
func New(c Config) *Floor {
	hash := c.Hash
	if hash == nil {
		hash = fnv
	}
	return &Floor{
		config:    c,
		queues:    make(map[conversation.QueueID]*queueRec),
		teams:     make(map[routing.TeamID]routing.Team),
		agents:    make(map[agent.ID]*agentRec),
		sources:   make(map[conversation.Source]*sourceRec),
		customers: customers{hash: hash},
		seen:      newMemory(seenHorizon),
		keys:      newMemory(keyHorizon),
		leases:    make(map[string]time.Time),
		router:    routing.NewRouter(),
		journal:   journal{epoch: 1},
	}
}

// seenHorizon is how long the id of an inbound message is remembered: longer than
// a redelivery of it is taken, also when the channel's clock is ahead of ours.
const seenHorizon = conversation.Horizon + time.Hour

// keyHorizon is how long an idempotency key is remembered.
const keyHorizon = 24 * time.Hour

// Seq returns the number of the last event.
func (f *Floor) Seq() uint64 { return f.seq }

// Now returns the instant of the last event or deadline.
func (f *Floor) Now() time.Time { return f.now }

// Rewind takes the floor back to the instant of the last event: what time it was
// taken to since counts for nothing. Nothing may be uncommitted.
func (f *Floor) Rewind() { f.now = f.last }

// Events returns the events since the last Commit or Undo. The slice is valid until then.
func (f *Floor) Events() []Event { return f.events }

// emit numbers and stamps an event, and applies it.
func (f *Floor) emit(body any) {
	f.seq++
	e := next(&f.events)
	e.Seq, e.At, e.By, e.Why, e.Key, e.Body = f.seq, f.now, f.pending.by, f.pending.why, f.pending.key, body
	f.pending.key = ""
	f.apply(e)
}

// as sets who the next events are by.
func (f *Floor) as(c command) { f.pending = c }

// engine makes the next events the engine's own.
func (f *Floor) engine() {
	// It mostly is that already, and to write it again costs more than to look.
	if p := &f.pending; p.by.Role != agent.Engine || p.by.ID != "" || p.why != "" || p.key != "" {
		*p = command{}
	}
}

// agentStep decides an agent's command and emits its events.
func (f *Floor) agentStep(a *agentRec, cmd agent.Command) error {
	load := a.load
	evs, err := agent.Decide(&a.v, f.now, f.pending.by, cmd, load, &f.settings.Agents, f.agentEvents[:0])
	f.agentEvents = evs[:0]
	if err != nil {
		return err
	}
	for _, e := range evs {
		f.emit(e)
	}
	return nil
}

// convStep decides a conversation's command and emits its events.
func (f *Floor) convStep(c *convRec, cmd conversation.Command, r *conversation.Rules) error {
	evs, err := conversation.Decide(&c.v, f.now, f.pending.by, cmd, r, f.convEvents[:0])
	if err != nil {
		return err
	}
	f.emitConv(c, evs)
	clear(evs)
	f.convEvents = evs[:0]
	return nil
}

// emitConv emits the events of a conversation. A fact for which its queue has a
// template goes to the customer as a message.
func (f *Floor) emitConv(c *convRec, evs []conversation.Event) {
	var told [2]conversation.Entry // facts that are in the transcript only if they have words
	tell := told[:0]
	for _, e := range evs {
		switch b := e.(type) {
		case conversation.MessageAdded:
			if b.Message.Entry != nil {
				e = f.word(c, b)
			}
		case conversation.Accepted:
			if b.Kind != conversation.Invitation {
				tell = append(tell, conversation.Entry{Kind: conversation.EntryAccepted, Agent: b.Agent})
			}
		case conversation.Ending:
			tell = append(tell, conversation.Entry{Kind: conversation.EntryEnded})
		case conversation.Completed:
			f.tell(c, tell)
			tell = tell[:0]
			if c.v.Lane != nil {
				continue // it is complete when that is sent
			}
		}
		f.emit(e)
	}
	f.tell(c, tell)
}

// tell sends facts to the customer for which the queue has words.
func (f *Floor) tell(c *convRec, facts []conversation.Entry) {
	for _, e := range facts {
		if text := f.words(c, e); text != "" {
			f.emit(f.notice(c, e, text))
		}
	}
}

// agent returns the agent, deleted or not, or nil. Most of what happens is about the
// same one, and its name is mostly the same memory: then it is not looked up.
func (f *Floor) agent(id agent.ID) *agentRec {
	if a := f.recentAgent; a != nil && a.v.ID == id {
		return a
	}
	a := f.agents[id]
	if a != nil {
		f.recentAgent = a
	}
	return a
}

// agentIn is agent for one of whom the conversation may hold something: then it knows
// the record.
func (f *Floor) agentIn(c *convRec, id agent.ID) *agentRec {
	for _, h := range c.holds() {
		if h.agent.v.ID == id {
			f.recentAgent = h.agent
			return h.agent
		}
	}
	return f.agent(id)
}

// queueOf returns the queue, deleted or not, or nil.
func (f *Floor) queueOf(id conversation.QueueID) *queueRec {
	if q := f.recentQueue; q != nil && q.v.entry.ID == id {
		return q
	}
	q := f.queues[id]
	if q != nil {
		f.recentQueue = q
	}
	return q
}

// queue returns the queue that has taken the place of id: mostly itself.
func (f *Floor) queue(id conversation.QueueID) *queueRec {
	q := f.queueOf(id)
	for hops := 0; q != nil && q.v.deleted && hops < len(f.queues); hops++ {
		q = f.queueOf(q.v.drainTo)
	}
	return q
}

// rulesOf returns the rules for a decision about the conversation. It is valid
// until the next call.
func (f *Floor) rulesOf(c *conversation.Conversation) *conversation.Rules {
	q := f.queueOf(c.Queue)
	if q == nil {
		f.rules = conversation.Rules{}
		if t := c.Transfer; t != nil {
			f.pendingTransfer(&f.rules, c, t)
		}
		f.channelRules(&f.rules, c)
		return &f.rules
	}
	// The queue's own, with all that depends on the conversation put right: to copy
	// them for each decision would take longer than most decisions.
	r, e := &q.rules, &q.v.entry
	r.InactiveAfter, r.TransferFallback = e.InactiveAfter, e.TransferFallback
	f.channelRules(r, c)
	if !c.State.Open() {
		return r // it waits nowhere again
	}
	to := q
	if q.v.deleted {
		to = f.queue(c.Queue)
	}
	f.setWait(&r.Wait, to, c)
	to = nil
	if e.TransferFallback == conversation.FallbackQueue {
		if to = f.queue(e.FallbackQueue); to == nil {
			r.TransferFallback = conversation.ToOldQueue
		}
	}
	f.setWait(&r.FallbackWait, to, c)
	if t := c.Transfer; t != nil {
		f.pendingTransfer(r, c, t)
	}
	return r
}

// pendingTransfer makes the rules those under which the transfer was requested,
// as far as they outlive a change of them.
func (f *Floor) pendingTransfer(r *conversation.Rules, c *conversation.Conversation, t *conversation.Transfer) {
	if q := f.queueOf(t.Queue); q != nil { // to which it would return, not the one it waits in
		r.InactiveAfter = q.v.entry.InactiveAfter
	}
	var to *queueRec
	if t.Fallback == conversation.FallbackQueue {
		to = f.queue(t.FallbackQueue)
	}
	f.setWait(&r.FallbackWait, to, c)
}

// channelRules sets what depends on the conversation's channel.
func (f *Floor) channelRules(r *conversation.Rules, c *conversation.Conversation) {
	r.MaxText = 0
	if len(f.settings.MaxText) > 0 {
		r.MaxText = f.settings.MaxText[c.Channel]
	}
}

// setWait makes w the conversation's place in the queue from now, at its age; none
// without a queue.
func (f *Floor) setWait(w *conversation.Wait, q *queueRec, c *conversation.Conversation) {
	if q != nil {
		*w = f.waitIn(q, c.Needs, c.WaitingSince)
	} else if w.Queue != "" {
		*w = conversation.Wait{}
	}
}

// waitIn is a place in the queue from now, at the given age; zero is none yet.
func (f *Floor) waitIn(q *queueRec, needs []conversation.Need, since time.Time) conversation.Wait {
	w := conversation.Wait{Queue: q.v.entry.ID, Since: since}
	if d := q.v.entry.MaxWait; d > 0 {
		w.Max = f.now.Add(d)
	}
	if len(needs) > 0 {
		if since.IsZero() {
			since = f.now
		}
		w.Relax = conversation.RelaxAt(needs, since, 0)
	}
	return w
}

// setRules makes the rules of a queue from its entry and the settings.
func (f *Floor) setRules(q *queueRec) {
	e, s := &q.v.entry, &f.settings
	q.rules = conversation.Rules{
		OfferFor:         e.OfferFor,
		Cooldown:         e.Cooldown,
		MaxHops:          s.MaxHops,
		InactiveAfter:    e.InactiveAfter,
		InterruptedFor:   s.InterruptedFor,
		RetryFor:         s.RetryFor,
		Linger:           max(s.Linger, s.PreferFor),
		JoinedOwesNone:   e.JoinedOwesNone,
		TransferFallback: e.TransferFallback,
		Node:             f.config.Node,
		Archive:          f.config.Archive,
		InMemory:         f.config.InMemory,
		WrapUp:           f.wrapUp,
		Connected:        f.connected,
		HasSlot:          f.hasSlot,
	}
	if s.Linger == 0 && s.PreferFor > 0 {
		q.rules.Linger = max(conversation.DefaultLinger, s.PreferFor)
	}
}

func (f *Floor) connected(id agent.ID) bool {
	a := f.agent(id)
	return a != nil && !a.deleted && a.v.State != agent.SignedOut && a.v.Connected()
}

func (f *Floor) hasSlot(id agent.ID) bool {
	a := f.agent(id)
	return a != nil && a.capacity > a.slots
}

// wrapUp returns the wrap-up policy of the queue in that version, 0 for the
// present one.
func (f *Floor) wrapUp(id conversation.QueueID, version uint64) (wrapup.Policy, uint64) {
	q := f.queueOf(id)
	if q == nil || len(q.v.policies) == 0 {
		return wrapup.Policy{}, 0
	}
	ps := q.v.policies
	p := ps[len(ps)-1]
	if version != 0 {
		for i := range ps {
			if ps[i].set == version {
				p = ps[i]
			}
		}
	}
	return p.policy, p.set
}

func unknown(what, id string) error { return &routing.UnknownError{What: what, ID: id} }
