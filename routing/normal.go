package routing

import (
	"cmp"
	"maps"
	"slices"
	"sort"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// Clone returns a deep copy: it shares no memory with s. A list or map without
// entries becomes nil.
func (s Setup) Clone() Setup {
	s.Queues = cloneEach(s.Queues, Queue.clone)
	s.Teams = cloneList(s.Teams)
	s.Agents = cloneEach(s.Agents, Agent.clone)
	s.Sources = cloneEach(s.Sources, Source.clone)
	s.Settings = s.Settings.clone()
	return s
}

// Normal returns a deep copy in normal form: queues, teams, agents and sources
// sorted by ID, and nil for every list or map without entries. Two setups say
// the same if their normal forms are deeply equal. The order within an entry,
// such as that of Queue.Overflow, is kept, and so are zero values that stand
// for a default.
func (s Setup) Normal() Setup {
	s = s.Clone()
	arrangeByID(s.Queues, queueKey)
	arrangeByID(s.Teams, teamKey)
	arrangeByID(s.Agents, agentKey)
	arrangeByID(s.Sources, sourceKey)
	return s
}

// Queue returns the queue with that ID and whether there is one. The setup must
// be in normal form. What is returned points into s.
func (s *Setup) Queue(id conversation.QueueID) (*Queue, bool) {
	return findByID(s.Queues, id, queueKey)
}

// Team returns the team with that ID and whether there is one. The setup must
// be in normal form. What is returned points into s.
func (s *Setup) Team(id TeamID) (*Team, bool) { return findByID(s.Teams, id, teamKey) }

// Agent returns the agent with that ID and whether there is one. The setup must
// be in normal form. What is returned points into s.
func (s *Setup) Agent(id agent.ID) (*Agent, bool) { return findByID(s.Agents, id, agentKey) }

// Source returns the source with that ID and whether there is one. The setup
// must be in normal form. What is returned points into s.
func (s *Setup) Source(id conversation.Source) (*Source, bool) {
	return findByID(s.Sources, id, sourceKey)
}

func queueKey(q *Queue) conversation.QueueID  { return q.ID }
func teamKey(t *Team) TeamID                  { return t.ID }
func agentKey(a *Agent) agent.ID              { return a.ID }
func sourceKey(s *Source) conversation.Source { return s.ID }

func (q Queue) clone() Queue {
	q.Teams = cloneList(q.Teams)
	q.Agents = cloneList(q.Agents)
	q.Channels = cloneList(q.Channels)
	q.Needs = cloneEach(q.Needs, cloneNeed)
	q.Overflow = cloneList(q.Overflow)
	q.Hours.Week = cloneList(q.Hours.Week)
	q.Hours.Holidays = cloneEach(q.Hours.Holidays, func(h Holiday) Holiday {
		h.Openings = cloneList(h.Openings)
		return h
	})
	q.WrapUp.Reasons = cloneList(q.WrapUp.Reasons)
	q.Templates = cloneMap(q.Templates)
	return q
}

func (a Agent) clone() Agent {
	a.Teams = cloneList(a.Teams)
	a.Skills = cloneMap(a.Skills)
	a.Capacity = cloneMap(a.Capacity)
	return a
}

func (s Source) clone() Source {
	s.Needs = cloneEach(s.Needs, cloneNeed)
	return s
}

func (s Settings) clone() Settings {
	s.MaxText = cloneMap(s.MaxText)
	return s
}

func cloneNeed(n conversation.Need) conversation.Need {
	n.Steps = cloneList(n.Steps)
	return n
}

// cloneList copies a list of plain values, nil for none.
func cloneList[T any](from []T) []T {
	if len(from) == 0 {
		return nil
	}
	return slices.Clone(from)
}

// cloneEach copies a list entry by entry, nil for none.
func cloneEach[T any](from []T, clone func(T) T) []T {
	to := cloneList(from)
	for i := range to {
		to[i] = clone(to[i])
	}
	return to
}

// cloneMap copies a map of plain values, nil for none.
func cloneMap[K comparable, V any](from map[K]V) map[K]V {
	if len(from) == 0 {
		return nil
	}
	return maps.Clone(from)
}

func arrangeByID[T any, K cmp.Ordered](list []T, id func(*T) K) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(id(&a), id(&b)) })
}

// placeOf returns where in a sorted list the id is or would be, and whether it is
// there.
func placeOf[T any, K cmp.Ordered](list []T, want K, id func(*T) K) (int, bool) {
	i := sort.Search(len(list), func(i int) bool { return id(&list[i]) >= want })
	return i, i < len(list) && id(&list[i]) == want
}

func findByID[T any, K cmp.Ordered](list []T, want K, id func(*T) K) (*T, bool) {
	if i, ok := placeOf(list, want, id); ok {
		return &list[i], true
	}
	return nil, false
}
