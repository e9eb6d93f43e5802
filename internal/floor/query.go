package floor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Conversation returns a conversation. The copy shares memory with the state
// that is never changed; the caller must not change it either.
func (f *Floor) Conversation(id conversation.ID) (conversation.Conversation, error) {
	c, err := f.conversationOf(id)
	if err != nil {
		return conversation.Conversation{}, err
	}
	return c.v, nil
}

// CustomerConversation returns the customer's open conversation, or else their
// last one that is still in memory; 0 when there is none.
func (f *Floor) CustomerConversation(s conversation.Source, c conversation.Customer) conversation.ID {
	return f.customer(customerKey{s, c})
}

// Conversations calls yield with each conversation in memory, by ID, until it
// returns false.
func (f *Floor) Conversations(yield func(*conversation.Conversation) bool) {
	for c := range f.convs.all() {
		if !yield(&c.v) {
			return
		}
	}
}

// AgentView is an agent as others see it.
type AgentView struct {
	Agent agent.Agent
	Entry routing.Agent
	Load  agent.Load
	// Free are the slots left of conversation.Social.
	Free int
	// Conversations hold a seat or an offer of the agent, by ID.
	Conversations []conversation.ID
}

// Agent returns an agent.
func (f *Floor) Agent(id agent.ID) (AgentView, error) {
	a := f.agent(id)
	if a == nil || a.deleted {
		return AgentView{}, unknown("agent", string(id))
	}
	return f.view(a), nil
}

func (f *Floor) view(a *agentRec) AgentView {
	v := AgentView{Agent: a.v, Entry: a.entry, Load: a.load, Free: max(0, a.capacity-a.slots)}
	for _, c := range f.holding(a) {
		v.Conversations = append(v.Conversations, c.v.ID)
	}
	return v
}

// Agents returns all agents, by ID.
func (f *Floor) Agents() []AgentView {
	var out []AgentView
	for _, id := range sortedKeys(f.agents) {
		if a := f.agent(id); !a.deleted {
			out = append(out, f.view(a))
		}
	}
	return out
}

// QueueView is a queue as supervisors see it.
type QueueView struct {
	Entry   routing.Queue
	Open    bool
	Next    time.Time // when Open changes; zero when it does not
	Waiting int
	Staffed bool
	Pace    routing.Pace
}

// Queue returns a queue.
func (f *Floor) Queue(id conversation.QueueID) (QueueView, error) {
	q := f.queueOf(id)
	if q == nil || q.v.deleted {
		return QueueView{}, unknown("queue", string(id))
	}
	return QueueView{
		Entry: q.v.entry, Open: q.v.open, Next: q.v.next.At,
		Waiting: f.router.Waiting(id), Staffed: f.router.Staffed(id), Pace: q.v.pace,
	}, nil
}

// Source returns a source, and whether it is connected.
func (f *Floor) Source(id conversation.Source) (routing.Source, bool, error) {
	s := f.sources[id]
	if s == nil {
		return routing.Source{}, false, unknown("source", string(id))
	}
	return s.entry, !s.removed, nil
}

// Position returns a waiting conversation's place in its queue, from 1, and the
// estimated wait if there is one; 0 for one that does not wait.
func (f *Floor) Position(id conversation.ID) (position int, wait time.Duration, known bool, err error) {
	c, err := f.conversationOf(id)
	if err != nil {
		return 0, 0, false, err
	}
	position = f.router.Position(&c.waiter, f.now)
	if position > 0 {
		if q := f.queueOf(c.v.Queue); q != nil {
			wait, known = q.v.pace.Estimate(position, f.now)
		}
	}
	return position, wait, known, nil
}

// Targets returns whom a conversation can be transferred to: queues open to
// transfers and agents who are Available, full ones included; but for its owner.
func (f *Floor) Targets(id conversation.ID) ([]routing.Target, error) {
	c, err := f.conversationOf(id)
	if err != nil {
		return nil, err
	}
	var out []routing.Target
	for _, id := range sortedKeys(f.queues) {
		q := f.queueOf(id)
		if q.v.deleted || q.v.entry.NoTransfers || !takes(&q.v.entry, c.v.Channel) {
			continue
		}
		out = append(out, routing.Target{
			Kind: routing.QueueTarget, Queue: id, Name: q.v.entry.Name,
			Waiting: f.router.Waiting(id), Open: q.v.open, Staffed: f.router.Staffed(id),
		})
	}
	for _, id := range sortedKeys(f.agents) {
		a := f.agent(id)
		if c.v.ActiveSeat(id) != nil {
			continue
		}
		s := f.standing(a, &c.v)
		if s != routing.Eligible && s != routing.Full {
			continue
		}
		free := max(0, a.entry.Slots(c.v.Medium)-a.slots)
		out = append(out, routing.Target{
			Kind: routing.AgentTarget, Agent: id, Name: a.entry.Name, State: a.v.State, Full: free == 0, Free: free,
		})
	}
	routing.SortTargets(out)
	return out, nil
}

// WrapUpPolicy returns the policy under which the agent's oldest seat that owes
// a reason is to be wrapped up, or else that of the agent's active seat.
func (f *Floor) WrapUpPolicy(id conversation.ID, who agent.ID) (wrapup.Policy, error) {
	c, err := f.conversationOf(id)
	if err != nil {
		return wrapup.Policy{}, err
	}
	for i := range c.v.Seats {
		if s := &c.v.Seats[i]; s.Agent == who && s.State == conversation.SeatWrapping {
			p, _ := f.wrapUp(s.Queue, s.Policy)
			return p, nil
		}
	}
	if s := c.v.ActiveSeat(who); s != nil {
		p, _ := f.wrapUp(s.Queue, 0)
		return p, nil
	}
	return wrapup.Policy{}, &conversation.Refusal{
		Command: "Reasons", Conversation: id, Agent: who, State: c.v.State, Err: conversation.ErrNotSeated,
	}
}

// Explain says whom the routing would consider for the conversation now, or for the
// offer that it made in the given event, which is the next one after the state.
func (f *Floor) Explain(id conversation.ID, made *conversation.OfferMade) (routing.Explanation, error) {
	c, err := f.conversationOf(id)
	if err != nil {
		return routing.Explanation{}, err
	}
	q := f.queueOf(c.v.Queue)
	if q == nil {
		return routing.Explanation{}, unknown("queue", string(c.v.Queue))
	}
	x := routing.Explanation{Conversation: id, Queue: c.v.Queue}
	if made != nil {
		x.Agent = made.Agent
		if made.Decision != nil {
			x.Decision = *made.Decision
		}
	}
	needs := c.v.Relaxed()
	for _, aid := range sortedKeys(f.agents) {
		a := f.agent(aid)
		if a.deleted || !f.router.Serves(&a.candidate, c.v.Queue) {
			continue
		}
		s := f.standing(a, &c.v)
		if s == routing.Eligible && c.v.Exclusion != nil && c.v.Exclusion.Agent == aid {
			s = routing.Cooldown
		}
		k := routing.Considered{Agent: aid, Standing: s, Place: a.v.Place, Chosen: aid == x.Agent}
		switch q.v.entry.Strategy {
		case routing.LeastLoaded:
			k.Key = int64(a.entry.Slots(c.v.Medium) - a.slots)
		case routing.MostSkilled:
			k.Key = int64(routing.Level(a.entry.Skills, needs))
		case routing.RoundRobin:
			k.Key = int64(a.v.Turn)
		default:
			k.Key = int64(a.v.Place)
		}
		x.Candidates = append(x.Candidates, k)
	}
	higher := q.v.entry.Strategy == routing.LeastLoaded || q.v.entry.Strategy == routing.MostSkilled
	slices.SortStableFunc(x.Candidates, func(a, b routing.Considered) int {
		if a, b := a.Standing == routing.Eligible, b.Standing == routing.Eligible; a != b {
			if a {
				return -1
			}
			return 1
		}
		if d := cmp.Compare(a.Key, b.Key); d != 0 {
			if higher {
				return -d
			}
			return d
		}
		return cmp.Compare(a.Place, b.Place)
	})
	return x, nil
}

// Size returns how many conversations are in memory.
func (f *Floor) Size() int { return f.convs.n }

// State is the whole state in a form that can be compared.
type State struct {
	Seq           uint64
	Settings      routing.Settings
	Setup         routing.Setup
	Agents        []agent.Agent
	Conversations []conversation.Conversation
	Queues        []QueueView
	Removed       []conversation.Source
	Customers     map[string]conversation.ID
	Seen, Keys    int
	Early         int
	Sweeps        int
	Away          []Away
	Leases        map[string]time.Time
	Erasures      []Erasure
}

// State returns the whole state, for tests and comparisons. It is a deep enough
// copy not to change with the floor.
func (f *Floor) State() State {
	s := State{
		Seq: f.seq, Settings: f.settings, Setup: f.Setup(), Customers: make(map[string]conversation.ID),
		Seen: f.seen.size(f.now), Keys: f.keys.size(f.now), Early: f.early.size(f.now), Sweeps: len(f.sweeps), Away: f.away, Erasures: f.erasures,
		Leases: maps.Clone(f.leases),
	}
	for _, id := range sortedKeys(f.agents) {
		s.Agents = append(s.Agents, f.agents[id].v)
	}
	f.Conversations(func(c *conversation.Conversation) bool {
		s.Conversations = append(s.Conversations, *c)
		return true
	})
	for _, id := range sortedKeys(f.queues) {
		if v, err := f.Queue(id); err == nil {
			s.Queues = append(s.Queues, v)
		}
	}
	for _, id := range sortedKeys(f.sources) {
		if f.sources[id].removed {
			s.Removed = append(s.Removed, id)
		}
	}
	for c := range f.customers.all() {
		s.Customers[string(c.v.Source)+"\x00"+string(c.v.Customer)] = c.v.ID
	}
	return s
}
