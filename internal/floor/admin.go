package floor

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m { // order-free: sorted below
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Setup returns the present setup in normal form: what an equal Configure would
// leave alone. Removed sources are not in it. It shares no memory with the floor but what
// never changes.
func (f *Floor) Setup() routing.Setup {
	var s routing.Setup
	s.Settings = f.settings
	for _, id := range sortedKeys(f.queues) {
		if q := f.queueOf(id); !q.v.deleted {
			s.Queues = append(s.Queues, q.v.entry)
		}
	}
	for _, id := range sortedKeys(f.teams) {
		s.Teams = append(s.Teams, f.teams[id])
	}
	for _, id := range sortedKeys(f.agents) {
		if a := f.agent(id); !a.deleted {
			s.Agents = append(s.Agents, a.entry)
		}
	}
	for _, id := range sortedKeys(f.sources) {
		if src := f.sources[id]; !src.removed {
			s.Sources = append(s.Sources, src.entry)
		}
	}
	return s
}

// doRouting decides what an administrator wants of the setup.
func (f *Floor) doRouting(cmd routing.Command) error {
	switch cmd.(type) {
	case routing.Configure, routing.PutQueue, routing.DeleteQueue, routing.PutTeam, routing.DeleteTeam, routing.PutAgent,
		routing.DeleteAgent, routing.PutSource, routing.RemoveSource, routing.PutSettings:
	default:
		// A pointer may be nil, so it cannot even be asked for its name.
		return fmt.Errorf("%w: %T; pass a command by value", ErrCommand, cmd)
	}
	by := f.pending.by
	remove, removing := cmd.(routing.RemoveSource)
	if by.Role != agent.Administrator && (!removing || by.Role != agent.Platform) {
		return &conversation.Refusal{
			Command: cmd.Name(), Agent: f.actingAgent(), Err: fmt.Errorf("%w: it needs an administrator", conversation.ErrNotAllowed),
		}
	}
	if removing {
		return f.removeSource(remove)
	}
	from := f.Setup()
	next, err := from.With(cmd)
	if err != nil {
		return err
	}
	if problems := next.Validate(f.config.Load); len(problems) > 0 {
		return &routing.SetupError{Problems: problems}
	}
	drain := map[conversation.QueueID]conversation.QueueID{}
	switch cmd := cmd.(type) {
	case routing.Configure:
		drain = cmd.Drain
	case routing.DeleteQueue:
		drain[cmd.Queue] = cmd.DrainTo
	}
	ch := routing.Diff(from, next)
	for _, id := range ch.DeletedQueues {
		to := drain[id]
		if to == "" && f.used(id) {
			return fmt.Errorf("%w: queue %q has conversations and needs a queue to drain to", routing.ErrInUse, id)
		}
		if to != "" && !slices.ContainsFunc(next.Queues, func(q routing.Queue) bool { return q.ID == to }) {
			return unknown("queue", string(to))
		}
	}
	f.change(ch, drain)
	return nil
}

// used reports whether any conversation that is not over has the queue, or would
// go there: from a queue that was drained to it, or when a transfer comes to
// nothing.
func (f *Floor) used(id conversation.QueueID) bool {
	is := func(of conversation.QueueID) bool {
		q := f.queue(of)
		return q != nil && q.v.entry.ID == id
	}
	for c := range f.convs.all() {
		if c.v.State != conversation.Ended && (is(c.v.Queue) || c.v.Transfer != nil && is(c.v.Transfer.Queue)) {
			return true
		}
	}
	return false
}

// change emits what makes the setup another.
func (f *Floor) change(ch routing.Changes, drain map[conversation.QueueID]conversation.QueueID) {
	if ch.Settings != nil {
		f.emit(routing.SettingsSet{Settings: *ch.Settings})
	}
	for _, t := range ch.Teams {
		f.emit(routing.TeamSet{Team: t})
	}
	for _, q := range ch.Queues {
		e := routing.QueueSet{Queue: q, Open: true}
		if s, err := q.Hours.Compile(f.config.Load); err == nil {
			e.Open = s.Open(f.now)
			e.Next, _ = s.Next(f.now)
		}
		f.emit(e)
	}
	for _, a := range ch.Agents {
		f.emit(routing.AgentSet{Agent: a})
	}
	for _, s := range ch.Sources {
		f.emit(routing.SourceSet{Source: s})
	}
	for _, id := range ch.DeletedSources {
		f.emit(routing.SourceRemoved{Source: id, Why: "removed"})
	}
	for _, id := range ch.DeletedAgents {
		f.deleteAgent(f.agents[id])
	}
	for _, id := range ch.DeletedQueues {
		f.emit(routing.QueueDeleted{Queue: id, DrainTo: drain[id]})
	}
	for _, id := range ch.DeletedTeams {
		f.emit(routing.TeamDeleted{Team: id})
	}
}

// deleteAgent signs an agent out, gives back what it holds, and forgets it (E85).
func (f *Floor) deleteAgent(a *agentRec) {
	if a.v.State != agent.SignedOut {
		f.emit(agent.StateChanged{Agent: a.v.ID, State: agent.SignedOut, Cause: agent.Deleted})
	}
	f.leftAlone(a, conversation.CloseGone, true, true, true)
	f.emit(routing.AgentDeleted{Agent: a.v.ID})
}

// removeSource removes a source: a flag that takes effect at once, and a sweep
// at the same instant.
func (f *Floor) removeSource(cmd routing.RemoveSource) error {
	s := f.sources[cmd.Source]
	switch {
	case s == nil:
		return unknown("source", string(cmd.Source))
	case s.removed:
		return nil
	case len(cmd.Why) > routing.MaxName:
		return fmt.Errorf("%w: the cause is longer than %d bytes", routing.ErrSetup, routing.MaxName)
	}
	why := cmd.Why
	if why == "" {
		why = "removed"
	}
	f.emit(routing.SourceRemoved{Source: cmd.Source, Why: why})
	return nil
}

func (f *Floor) applyRouting(e *Event, b routing.Event) {
	if f.applyErasure(e, b) {
		return
	}
	switch b := b.(type) {
	case routing.QueueOpened:
		if q := f.queueOf(b.Queue); q != nil {
			f.touchQueue(q)
			q.v.open, q.v.next = true, deadlineAt(b.Next, e.Seq)
			f.indexQueue(q)
		}
		return
	case routing.QueueClosed:
		if q := f.queueOf(b.Queue); q != nil {
			f.touchQueue(q)
			q.v.open, q.v.next = false, deadlineAt(b.Next, e.Seq)
			f.indexQueue(q)
			f.closed(e, q)
		}
		return
	}
	f.touchSetup()
	switch b := b.(type) {
	case routing.SettingsSet:
		f.settings = b.Settings
		f.router.SetAgeing(f.settings.Ageing)
		f.reroute()
	case routing.TeamSet:
		f.teams[b.Team.ID] = b.Team
	case routing.TeamDeleted:
		delete(f.teams, b.Team)
	case routing.QueueSet:
		f.applyQueueSet(e, b)
	case routing.QueueDeleted:
		if q := f.queueOf(b.Queue); q != nil {
			f.touchQueue(q)
			q.v.deleted, q.v.drainTo, q.v.open = true, b.DrainTo, false
			f.reroute()
			f.sweeps = append(f.sweeps, sweep{queue: b.Queue, set: e.Seq})
		}
	case routing.QueueSwept:
		f.sweeps = slices.DeleteFunc(f.sweeps, func(s sweep) bool { return s.source == "" && s.queue == b.Queue })
	case routing.AgentSet:
		a := f.agent(b.Agent.ID)
		if a == nil {
			a = &agentRec{v: agent.Agent{ID: b.Agent.ID}}
			a.timer.Owner = a
			f.agents[b.Agent.ID] = a
		}
		a.entry, a.deleted = b.Agent, false
		f.routeAgent(a)
		f.indexAgent(a)
	case routing.AgentDeleted:
		if a := f.agent(b.Agent); a != nil {
			a.deleted = true
			f.routeAgent(a)
			f.indexAgent(a)
		}
	case routing.SourceSet:
		f.sources[b.Source.ID] = &sourceRec{entry: b.Source}
	case routing.SourceRemoved:
		if s := f.sources[b.Source]; s != nil {
			f.sources[b.Source] = &sourceRec{entry: s.entry, removed: true, why: b.Why}
			f.sweeps = append(f.sweeps, sweep{source: b.Source, set: e.Seq})
		}
	case routing.SourceSwept:
		f.sweeps = slices.DeleteFunc(f.sweeps, func(s sweep) bool { return s.source == b.Source && s.source != "" })
	case routing.Outage:
		f.outage, f.outageSet = b, e.Seq
		f.sweeps = append(f.sweeps, sweep{outage: true, set: e.Seq})
	case routing.OutageOver:
		f.sweeps = slices.DeleteFunc(f.sweeps, func(s sweep) bool { return s.outage })
	}
}

// closed asks for what becomes of those who wait in a queue that has just closed.
func (f *Floor) closed(e *Event, q *queueRec) {
	if q.v.entry.AtClosing != routing.KeepWaiting {
		f.touchSetup()
		f.sweeps = append(f.sweeps, sweep{queue: q.v.entry.ID, set: e.Seq})
	}
}

func (f *Floor) applyQueueSet(e *Event, b routing.QueueSet) {
	id := b.Queue.ID
	q := f.queueOf(id)
	if q == nil {
		q = &queueRec{v: queueState{entry: routing.Queue{ID: id}}}
		q.timer.Owner = q
		f.queues[id] = q
		q.epoch = f.journal.epoch // made in this batch: the setup's journal undoes it
	}
	f.touchQueue(q)
	was, back, closes := q.v.entry, q.v.deleted || len(q.v.policies) == 0, q.v.open && !b.Open
	q.v.entry, q.v.deleted, q.v.drainTo = b.Queue, false, ""
	q.v.schedule, _ = b.Queue.Hours.Compile(f.config.Load)
	q.v.open, q.v.next = b.Open, deadlineAt(b.Next, e.Seq)
	if n := len(q.v.policies); n == 0 || !q.v.policies[n-1].policy.Equal(b.Queue.WrapUp) {
		q.v.policies = append(slices.Clip(q.v.policies), policyVersion{e.Seq, b.Queue.WrapUp})
	}
	f.indexQueue(q)
	if closes {
		f.closed(e, q)
	}
	if !slices.Equal(was.Teams, b.Queue.Teams) || !slices.Equal(was.Agents, b.Queue.Agents) || back {
		for _, id := range sortedKeys(f.agents) {
			f.routeAgent(f.agents[id])
			f.indexAgent(f.agents[id])
		}
	}
}
