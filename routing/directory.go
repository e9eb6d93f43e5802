package routing

import (
	"cmp"
	"slices"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/fold"
)

// TargetKind says what a [Target] is.
type TargetKind string

// The kinds of target.
const (
	QueueTarget TargetKind = "queue"
	AgentTarget TargetKind = "agent"
)

// Target is one entry of the transfer directory: a queue or an agent to whom a
// conversation can be handed, as it was when the directory was asked for. The
// engine checks again when the transfer is made.
type Target struct {
	// Kind tells which of Queue and Agent is set.
	Kind  TargetKind           `json:"kind"`
	Queue conversation.QueueID `json:"queue,omitempty"` // of a QueueTarget
	Agent agent.ID             `json:"agent,omitempty"` // of an AgentTarget
	// Name is as agents see it; empty means the ID.
	Name string `json:"name,omitempty"`

	// State is what an agent is.
	State agent.State `json:"state,omitzero"`
	// Full says that an agent has no free slot for the conversation's medium.
	Full bool `json:"full,omitempty"`
	// Free is how many free slots for that medium an agent has.
	Free int `json:"free,omitempty"`

	// Waiting is how many conversations wait in a queue.
	Waiting int `json:"waiting,omitempty"`
	// Open says that the opening hours of a queue are on.
	Open bool `json:"open,omitempty"`
	// Staffed says that somebody who serves a queue is signed in.
	Staffed bool `json:"staffed,omitempty"`
}

// ID returns the id of the queue or the agent.
func (t Target) ID() string {
	if t.Kind == AgentTarget {
		return string(t.Agent)
	}
	return string(t.Queue)
}

// Search returns the targets that a query finds, in their order. Every word of
// the query must occur somewhere in the name or the id; case, diacritics and
// the order of words are ignored, so "ruzicka" finds "Růžička". An empty query
// finds all. The result is a new slice, nil if nothing is found.
func Search(targets []Target, query string) []Target {
	var found []Target
	for _, t := range targets {
		if fold.Match(fold.String(t.Name+" "+t.ID()), query) {
			found = append(found, t)
		}
	}
	return found
}

// SortTargets sorts in place: queues before agents, each by name without regard
// to case and diacritics, and equal names by id.
func SortTargets(ts []Target) {
	type named struct {
		Target
		rank int
		name string
	}
	all := make([]named, len(ts))
	for i, t := range ts {
		all[i] = named{Target: t, name: fold.String(cmp.Or(t.Name, t.ID()))}
		if t.Kind != QueueTarget {
			all[i].rank = 1
		}
	}
	slices.SortStableFunc(all, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name), cmp.Compare(a.ID(), b.ID()))
	})
	for i := range all {
		ts[i] = all[i].Target
	}
}
