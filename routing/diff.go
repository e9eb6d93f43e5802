package routing

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// Changes is what makes one setup of another, as [Diff] finds it. Apply it in
// the order of the fields: teams come before those who are in them and queues
// before their sources, and deletions the other way round. Apply it as a whole,
// too: queues can name each other and single agents, so that what lies in
// between need not be valid. Each list is sorted by ID.
type Changes struct {
	// Settings are the new ones; nil when they stay.
	Settings *Settings `json:"settings,omitempty"`

	Teams   []Team   `json:"teams,omitempty"`   // new or different, as they will be
	Queues  []Queue  `json:"queues,omitempty"`  // new or different, as they will be
	Agents  []Agent  `json:"agents,omitempty"`  // new or different, as they will be
	Sources []Source `json:"sources,omitempty"` // new or different, as they will be

	DeletedSources []conversation.Source  `json:"deletedSources,omitempty"` // no longer there
	DeletedAgents  []agent.ID             `json:"deletedAgents,omitempty"`  // no longer there
	DeletedQueues  []conversation.QueueID `json:"deletedQueues,omitempty"`  // no longer there
	DeletedTeams   []TeamID               `json:"deletedTeams,omitempty"`   // no longer there
}

// Empty reports whether there is nothing to change.
func (c Changes) Empty() bool {
	return c.Settings == nil &&
		len(c.Teams)+len(c.Queues)+len(c.Agents)+len(c.Sources) == 0 &&
		len(c.DeletedSources)+len(c.DeletedAgents)+len(c.DeletedQueues)+len(c.DeletedTeams) == 0
}

// Diff returns what makes to of from. What both say equally is left out: nil
// and empty lists are equal, order counts within an entry but not between
// entries, and a zero value is not equal to the default it stands for, as it
// would follow another default. Both setups should be valid; of an ID that is
// there twice some entry counts. Neither is changed, and the result shares no
// memory with them.
func Diff(from, to Setup) Changes {
	from, to = from.Normal(), to.Normal()
	var c Changes
	if !reflect.DeepEqual(from.Settings, to.Settings) {
		c.Settings = &to.Settings
	}
	c.Teams, c.DeletedTeams = diffList(from.Teams, to.Teams, teamKey)
	c.Queues, c.DeletedQueues = diffList(from.Queues, to.Queues, queueKey)
	c.Agents, c.DeletedAgents = diffList(from.Agents, to.Agents, agentKey)
	c.Sources, c.DeletedSources = diffList(from.Sources, to.Sources, sourceKey)
	return c
}

// diffList returns the entries of to that from lacks or has otherwise, and the
// ids of from that to lacks. Both are sorted.
func diffList[T any, K cmp.Ordered](from, to []T, id func(*T) K) (set []T, deleted []K) {
	for i := range to {
		if old, ok := findByID(from, id(&to[i]), id); !ok || !reflect.DeepEqual(*old, to[i]) {
			set = append(set, to[i])
		}
	}
	for i := range from {
		if k := id(&from[i]); !hasID(to, k, id) {
			deleted = append(deleted, k)
		}
	}
	return set, deleted
}

func hasID[T any, K cmp.Ordered](list []T, want K, id func(*T) K) bool {
	_, ok := placeOf(list, want, id)
	return ok
}

// With returns the setup that the command would make. s must be in normal form,
// the result is too. It is not validated: a caller does that next. s is not
// changed; the result shares with it what stays the same, so neither may be
// changed in place afterwards.
//
// Deleting what is not there is refused with an [*UnknownError], deleting a team or
// queue that others name with an error that wraps [ErrInUse] and says who. A
// deleted agent leaves the lists of the queues that name it: whoever leaves the
// firm must not be kept by a queue's entry. DeleteQueue is also refused with an
// *UnknownError when DrainTo names no other queue.
//
// With knows the setup only. Whether a queue has conversations, where they
// drain to, and what becomes of a removed source's conversations is the
// router's business: RemoveSource takes the source out of the setup, and
// changes nothing if it is not in it.
func (s Setup) With(cmd Command) (Setup, error) {
	switch cmd := cmd.(type) {
	case Configure:
		return cmd.Setup.Normal(), nil
	case PutQueue:
		s.Queues = withEntry(s.Queues, cmd.Queue.clone(), queueKey)
	case PutTeam:
		s.Teams = withEntry(s.Teams, cmd.Team, teamKey)
	case PutAgent:
		s.Agents = withEntry(s.Agents, cmd.Agent.clone(), agentKey)
	case PutSource:
		s.Sources = withEntry(s.Sources, cmd.Source.clone(), sourceKey)
	case PutSettings:
		s.Settings = cmd.Settings.clone()
	case DeleteQueue:
		return s.withoutQueue(cmd)
	case DeleteTeam:
		if !hasID(s.Teams, cmd.Team, teamKey) {
			return Setup{}, &UnknownError{What: "team", ID: string(cmd.Team)}
		}
		if err := inUse("team", cmd.Team, s.namesTeam(cmd.Team)); err != nil {
			return Setup{}, err
		}
		s.Teams = withoutEntry(s.Teams, cmd.Team, teamKey)
	case DeleteAgent:
		if !hasID(s.Agents, cmd.Agent, agentKey) {
			return Setup{}, &UnknownError{What: "agent", ID: string(cmd.Agent)}
		}
		s.Agents = withoutEntry(s.Agents, cmd.Agent, agentKey)
		s.Queues = slices.Clone(s.Queues)
		for i := range s.Queues {
			if q := &s.Queues[i]; slices.Contains(q.Agents, cmd.Agent) {
				q.Agents = cloneList(slices.DeleteFunc(slices.Clone(q.Agents), func(id agent.ID) bool { return id == cmd.Agent }))
			}
		}
	case RemoveSource:
		s.Sources = withoutEntry(s.Sources, cmd.Source, sourceKey)
	default:
		return Setup{}, &UnknownError{What: "command", ID: fmt.Sprintf("%T", cmd)}
	}
	return s, nil
}

func (s Setup) withoutQueue(cmd DeleteQueue) (Setup, error) {
	if !hasID(s.Queues, cmd.Queue, queueKey) {
		return Setup{}, &UnknownError{What: "queue", ID: string(cmd.Queue)}
	}
	if cmd.DrainTo != "" && (cmd.DrainTo == cmd.Queue || !hasID(s.Queues, cmd.DrainTo, queueKey)) {
		return Setup{}, &UnknownError{What: "queue", ID: string(cmd.DrainTo)}
	}
	if err := inUse("queue", cmd.Queue, s.namesQueue(cmd.Queue)); err != nil {
		return Setup{}, err
	}
	s.Queues = withoutEntry(s.Queues, cmd.Queue, queueKey)
	return s, nil
}

// namesTeam returns who names the team.
func (s Setup) namesTeam(id TeamID) (users []string) {
	for i := range s.Queues {
		if slices.Contains(s.Queues[i].Teams, id) {
			users = append(users, "queue "+quoted(s.Queues[i].ID))
		}
	}
	for i := range s.Agents {
		if slices.Contains(s.Agents[i].Teams, id) {
			users = append(users, "agent "+quoted(s.Agents[i].ID))
		}
	}
	return users
}

// namesQueue returns who names the queue, other than itself.
func (s Setup) namesQueue(id conversation.QueueID) (users []string) {
	for i := range s.Queues {
		if q := &s.Queues[i]; q.ID != id && (q.FallbackQueue == id || slices.Contains(q.Overflow, id)) {
			users = append(users, "queue "+quoted(q.ID))
		}
	}
	for i := range s.Sources {
		if s.Sources[i].Queue == id {
			users = append(users, "source "+quoted(s.Sources[i].ID))
		}
	}
	return users
}

// inUse returns nil if there are no users, else an error that wraps ErrInUse
// and names them, or the first of many.
func inUse[K ~string](what string, id K, users []string) error {
	const named = 10
	if len(users) == 0 {
		return nil
	}
	more := ""
	if n := len(users) - named; n > 0 {
		users, more = users[:named], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("%w: %s %s is named by %s%s", ErrInUse, what, quoted(id), strings.Join(users, ", "), more)
}

// withEntry returns a sorted list that has the entry.
func withEntry[T any, K cmp.Ordered](list []T, entry T, id func(*T) K) []T {
	i, ok := placeOf(list, id(&entry), id)
	list = slices.Clone(list)
	if ok {
		list[i] = entry
		return list
	}
	return slices.Insert(list, i, entry)
}

// withoutEntry returns a sorted list that does not have the entry, nil for none.
func withoutEntry[T any, K cmp.Ordered](from []T, gone K, id func(*T) K) []T {
	i, ok := placeOf(from, gone, id)
	if !ok {
		return from
	}
	return cloneList(slices.Delete(slices.Clone(from), i, i+1))
}
