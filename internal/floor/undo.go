package floor

import (
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// journal has what the records touched since the last Commit were before.
type journal struct {
	epoch  uint64 // of this batch; a record with the same one is in here
	convs  []convBefore
	agents []agentBefore
	queues []queueBefore
	paces  []paceBefore
	setup  *setupBefore
	// Marks of the batch's begin.
	open       bool
	seq        uint64
	last, now  time.Time
	seen, keys int
	away       []Away
	erasures   []Erasure
	early      earlyMark
	moved      []customerBefore
	gone       []*convRec           // forgotten in this batch
	leases     map[string]time.Time // nil when no lease changed
}

type convBefore struct {
	rec *convRec
	had bool                      // it was there
	was conversation.Conversation // if so
}

type agentBefore struct {
	rec *agentRec
	was agent.Agent
}

type queueBefore struct {
	rec *queueRec
	was queueState
}

// paceBefore is of a queue of which nothing else may have changed: conversations
// leave queues all the time, and the rest is large.
type paceBefore struct {
	rec *queueRec
	was routing.Pace
}

type customerBefore struct {
	key customerKey
	was conversation.ID
}

// setupBefore is what an administrator's event may change. These are rare, so
// all of it is kept.
type setupBefore struct {
	settings routing.Settings
	teams    map[routing.TeamID]routing.Team
	sources  map[conversation.Source]sourceRec
	agents   map[agent.ID]agentSetup
	queues   map[conversation.QueueID]bool
	outage   routing.Outage
	set      uint64
	sweeps   []sweep
}

type agentSetup struct {
	entry   routing.Agent
	deleted bool
}

// begin notes where the batch began.
func (f *Floor) begin() {
	j := &f.journal
	if j.open {
		return
	}
	j.open = true
	j.seq, j.last, j.now, j.seen, j.keys = f.seq, f.last, f.now, f.seen.len(), f.keys.len()
	j.away, j.erasures = f.away, f.erasures
	j.early = f.early.mark()
}

func (f *Floor) touchConv(c *convRec) {
	if c.epoch == f.journal.epoch {
		return
	}
	b := next(&f.journal.convs)
	b.rec, b.had = c, c.epoch != 0
	if b.had {
		b.was = c.v
	}
	f.keep(c)
	c.epoch = f.journal.epoch
}

// next lengthens the list by an entry, of which the caller sets every field that
// counts.
func next[T any](list *[]T) *T {
	n := len(*list)
	if n == cap(*list) {
		*list = slices.Grow(*list, 1)
	}
	*list = (*list)[:n+1]
	return &(*list)[n]
}

func (f *Floor) touchAgent(a *agentRec) {
	if a.epoch == f.journal.epoch {
		return
	}
	a.epoch = f.journal.epoch
	f.journal.agents = append(f.journal.agents, agentBefore{a, a.v})
}

func (f *Floor) touchQueue(q *queueRec) {
	if q.epoch == f.journal.epoch {
		return
	}
	q.epoch = f.journal.epoch
	f.journal.queues = append(f.journal.queues, queueBefore{q, q.v})
}

func (f *Floor) touchPace(q *queueRec) {
	if q.paced == f.journal.epoch {
		return
	}
	q.paced = f.journal.epoch
	f.journal.paces = append(f.journal.paces, paceBefore{q, q.v.pace})
}

func (f *Floor) touchSetup() {
	if f.journal.setup != nil {
		return
	}
	s := &setupBefore{
		settings: f.settings,
		teams:    make(map[routing.TeamID]routing.Team, len(f.teams)),
		sources:  make(map[conversation.Source]sourceRec, len(f.sources)),
		agents:   make(map[agent.ID]agentSetup, len(f.agents)),
		queues:   make(map[conversation.QueueID]bool, len(f.queues)),
		outage:   f.outage,
		set:      f.outageSet,
		sweeps:   append([]sweep(nil), f.sweeps...),
	}
	for id, t := range f.teams { // order-free: copied into a map
		s.teams[id] = t
	}
	for id, src := range f.sources { // order-free: copied into a map
		s.sources[id] = *src
	}
	for id, a := range f.agents { // order-free: copied into a map
		s.agents[id] = agentSetup{a.entry, a.deleted}
	}
	for id := range f.queues { // order-free: copied into a map
		s.queues[id] = true
	}
	f.journal.setup = s
}

// Commit makes what happened since the last Commit final.
func (f *Floor) Commit() {
	// By the last event, not by what the clock says, so that the state of all nodes
	// is the same.
	f.seen.expire(f.last)
	f.keys.expire(f.last)
	f.early.settle(f.last)
	for _, c := range f.journal.gone {
		f.strike(c.v.ID)
	}
	f.reset()
}

// Undo takes back everything since the last Commit.
func (f *Floor) Undo() {
	j := &f.journal
	if !j.open {
		f.reset()
		return
	}
	f.seq, f.last, f.now, f.away, f.erasures = j.seq, j.last, j.now, j.away, j.erasures
	f.seen.cut(j.seen)
	f.keys.cut(j.keys)
	f.early.cut(j.early)
	f.undoSetup()
	if j.leases != nil {
		f.leases = j.leases
	}
	for i := range f.sweeps {
		f.sweeps[i].todo, f.sweeps[i].found = nil, false
	}
	for i := range j.queues {
		b := &j.queues[i]
		b.rec.v = b.was
		if f.queues[b.was.entry.ID] == b.rec {
			f.indexQueue(b.rec)
		}
	}
	for i := range j.paces {
		b := &j.paces[i]
		b.rec.v.pace = b.was
	}
	for i := range j.agents {
		b := &j.agents[i]
		b.rec.v = b.was
		if f.agents[b.was.ID] == b.rec {
			f.indexAgent(b.rec)
		}
	}
	for i := range j.moved {
		f.customers.remove(j.moved[i].key) // while the records say what the customers are
	}
	for i := len(j.convs) - 1; i >= 0; i-- {
		b := &j.convs[i]
		id := b.rec.v.ID
		if !b.had {
			f.convs.strike(id) // which finds it by what is in it
			b.rec.v = conversation.Conversation{}
			f.indexConv(b.rec)
			b.rec.epoch = 0
			continue
		}
		b.rec.v = b.was
		f.convs.put(b.rec)
		f.indexConv(b.rec)
	}
	for _, c := range j.gone {
		if c.v.ID != 0 { // it was there before the batch
			f.convs.put(c)
			f.indexConv(c)
		}
	}
	for i := len(j.moved) - 1; i >= 0; i-- {
		f.putCustomer(j.moved[i].key, j.moved[i].was)
	}
	f.reset()
}

func (f *Floor) undoSetup() {
	s := f.journal.setup
	if s == nil {
		return
	}
	f.settings, f.teams, f.outage, f.outageSet, f.sweeps = s.settings, s.teams, s.outage, s.set, s.sweeps
	f.recentAgent, f.recentQueue = nil, nil
	f.router.SetAgeing(f.settings.Ageing)
	for id := range f.sources { // order-free: each is put right on its own
		if was, ok := s.sources[id]; ok {
			*f.sources[id] = was
		} else {
			delete(f.sources, id)
		}
	}
	for id, q := range f.queues { // order-free: each is put right on its own
		if !s.queues[id] {
			f.deadlines.queues.Remove(&q.timer)
			f.router.DeleteQueue(id)
			delete(f.queues, id)
		}
	}
	for id, a := range f.agents { // order-free: each is put right on its own
		if was, ok := s.agents[id]; ok {
			a.entry, a.deleted = was.entry, was.deleted
		} else {
			f.deadlines.agents.Remove(&a.timer)
			f.router.DeleteAgent(&a.candidate)
			delete(f.agents, id)
		}
	}
	for i := range f.journal.queues {
		b := &f.journal.queues[i]
		b.rec.v = b.was
	}
	f.reroute()
}

func (f *Floor) reset() {
	j := &f.journal
	j.convs, j.agents, j.queues = emptied(j.convs), emptied(j.agents), emptied(j.queues)
	j.paces, j.moved, j.gone = emptied(j.paces), emptied(j.moved), emptied(j.gone)
	j.setup, j.leases = nil, nil
	j.epoch++
	j.open = false
	f.events = emptied(f.events)
	f.settle, f.adrift, f.given = f.settle[:0], f.adrift[:0], false
	f.arrivals = f.arrivals[:0]
	f.engine()
}

// staleLimit is how many entries of a list that is used again for the next batch
// may keep what they had alive until then. To clear each of them each time costs as
// much as to fill it.
const staleLimit = 64

// emptied returns the list without its entries. Of a long one little is kept alive.
func emptied[T any](list []T) []T {
	if len(list) > staleLimit {
		clear(list)
	}
	return list[:0]
}

// setCustomer notes a customer's conversation.
func (f *Floor) setCustomer(k customerKey, id conversation.ID) {
	last := f.customers.get(k)
	was := conversation.ID(0)
	if last != nil {
		was = last.v.ID
	}
	if was == id {
		return
	}
	f.keep(last)
	f.journal.moved = append(f.journal.moved, customerBefore{k, was})
	f.putCustomer(k, id)
}

func (f *Floor) putCustomer(k customerKey, id conversation.ID) {
	if id == 0 {
		f.customers.remove(k)
		return
	}
	if c := f.convs.get(id); c != nil { // it may be one of a batch that is undone
		f.customers.put(c)
	}
}

// customer returns the customer's open conversation, or else their last one, or 0.
func (f *Floor) customer(k customerKey) conversation.ID {
	if c := f.customers.get(k); c != nil {
		return c.v.ID
	}
	return 0
}
