package switchboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Queries answer from the committed state, after everything that is due by now
// has happened. While the store does not answer they answer from the last
// committed state, beside an error that is a *StaleError. What they return shares memory
// with the state and must not be changed.

// clip makes sure that who appends to what a query returned has a copy and does
// not write into the state.
func clip(c *conversation.Conversation) {
	c.Messages, c.Seats = slices.Clip(c.Messages), slices.Clip(c.Seats)
	c.Visited, c.Needs = slices.Clip(c.Visited), slices.Clip(c.Needs)
}

// view runs a query on the committer.
func (b *Board) view(ctx context.Context, query func(*floor.Floor) error) error {
	r := b.newRequest()
	r.query = query
	if err := b.ask(ctx, r); err != nil {
		return err
	}
	err, panicked := r.err, r.panic
	r.free()
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// CatchUp returns nil when this Board has seen all that the cursor has, on
// whichever node that was: queries that follow answer at least as of then. It is for
// those who take what they have learnt from one node to another. Without it a query
// sees all that was committed before it was asked, unless the store does not answer.
//
// A cursor that is none is refused with a *CursorError, one past the end of the log,
// as of another log, with one that matches ErrPosition too. When the store does not
// answer and the Board cannot know, the error is a *StaleError.
func (b *Board) CatchUp(ctx context.Context, c Cursor) error {
	_, seq, err := c.parse()
	if err != nil || b.tail.has(seq) {
		return err
	}
	if err = b.view(ctx, func(*floor.Floor) error { return nil }); err == nil && !b.tail.has(seq) {
		err = fmt.Errorf("%w: %w", &CursorError{c}, ErrPosition)
	}
	return err
}

// Conversation returns a conversation with its whole transcript. One that is not
// in memory is refused with a *routing.UnknownError.
func (b *Board) Conversation(ctx context.Context, id conversation.ID) (conversation.Conversation, error) {
	var c conversation.Conversation
	err := b.view(ctx, func(f *floor.Floor) (err error) {
		c, err = f.Conversation(id)
		clip(&c)
		return err
	})
	return c, err
}

// Conversations returns every conversation in memory for which keep is true, by
// ID; nil keeps all. Keep runs while the Board serves nobody else: it must be quick,
// must not call the Board, and must not keep its argument.
func (b *Board) Conversations(ctx context.Context, keep func(*conversation.Conversation) bool) ([]conversation.Conversation, error) {
	var out []conversation.Conversation
	err := b.view(ctx, func(f *floor.Floor) error {
		f.Conversations(func(c *conversation.Conversation) bool {
			if keep == nil || keep(c) {
				out = append(out, *c)
				clip(&out[len(out)-1])
			}
			return true
		})
		return nil
	})
	return out, err
}

// CustomerConversation returns the customer's open conversation or, if none is
// open, their last one that is still in memory; 0 if there is none.
func (b *Board) CustomerConversation(ctx context.Context, s conversation.Source, who conversation.Customer) (conversation.ID, error) {
	var id conversation.ID
	err := b.view(ctx, func(f *floor.Floor) error {
		id = f.CustomerConversation(s, who)
		return nil
	})
	return id, err
}

// AgentInfo is an agent as others see it.
type AgentInfo struct {
	Agent agent.Agent   // availability
	Entry routing.Agent // what the administrator said
	Load  agent.Load    // what the agent holds
	Free  int           // slots left for social messaging
	// Conversations hold a seat or an offer of the agent, by ID.
	Conversations []conversation.ID
}

// AgentInfo returns an agent. An unknown one is refused with a
// *routing.UnknownError.
func (b *Board) AgentInfo(ctx context.Context, id agent.ID) (AgentInfo, error) {
	var a AgentInfo
	err := b.view(ctx, func(f *floor.Floor) error {
		v, err := f.Agent(id)
		a = AgentInfo(v)
		return err
	})
	return a, err
}

// Agents returns all agents, by ID.
func (b *Board) Agents(ctx context.Context) ([]AgentInfo, error) {
	var out []AgentInfo
	err := b.view(ctx, func(f *floor.Floor) error {
		for _, v := range f.Agents() {
			out = append(out, AgentInfo(v))
		}
		return nil
	})
	return out, err
}

// QueueInfo is a queue as supervisors see it.
type QueueInfo struct {
	Entry   routing.Queue // what the administrator said
	Open    bool          // its opening hours are on
	Next    time.Time     // when Open changes; zero when it does not
	Waiting int           // conversations that wait
	Staffed bool          // somebody who serves it is signed in
	Pace    routing.Pace  // how fast it is served
}

// QueueInfo returns a queue. An unknown one is refused with a
// *routing.UnknownError.
func (b *Board) QueueInfo(ctx context.Context, id conversation.QueueID) (QueueInfo, error) {
	var q QueueInfo
	err := b.view(ctx, func(f *floor.Floor) error {
		v, err := f.Queue(id)
		q = QueueInfo(v)
		return err
	})
	return q, err
}

// Setup returns the present setup in normal form. Configuring a board with it
// changes nothing. Removed sources are not in it.
func (b *Board) Setup(ctx context.Context) (routing.Setup, error) {
	var s routing.Setup
	err := b.view(ctx, func(f *floor.Floor) error {
		s = f.Setup()
		return nil
	})
	return s.Clone(), err
}

// Place is where a conversation waits.
type Place struct {
	// Position is 1 for the next to be served, 0 for one that does not wait.
	Position int
	// Wait is the expected wait, if Known: too little may have happened in the
	// queue to tell.
	Wait  time.Duration
	Known bool // whether Wait is known
}

// Place returns a conversation's place in its queue. It takes time in proportion
// to the position. An unknown conversation is refused with a
// *routing.UnknownError.
func (b *Board) Place(ctx context.Context, id conversation.ID) (Place, error) {
	var p Place
	err := b.view(ctx, func(f *floor.Floor) (err error) {
		p.Position, p.Wait, p.Known, err = f.Position(id)
		return err
	})
	return p, err
}

// Targets returns whom the conversation can be transferred to, as of now: queues
// open to transfers, and agents who are Available, the full ones marked. The
// query filters by name and id, ignoring case and diacritics; "" finds all. An
// unknown conversation is refused with a *routing.UnknownError.
func (b *Board) Targets(ctx context.Context, id conversation.ID, query string) ([]routing.Target, error) {
	var ts []routing.Target
	err := b.view(ctx, func(f *floor.Floor) (err error) {
		ts, err = f.Targets(id)
		return err
	})
	return routing.Search(ts, query), err
}

// Reasons returns the wrap-up reasons from which the agent chooses one for its
// seat. The query filters by label and id, ignoring case and diacritics; ""
// finds all. An unknown conversation is refused with a *routing.UnknownError, an
// agent without a seat that is active or owes a reason with an error that matches
// conversation.ErrNotSeated.
func (b *Board) Reasons(ctx context.Context, id conversation.ID, who agent.ID, query string) ([]wrapup.Reason, error) {
	var p wrapup.Policy
	err := b.view(ctx, func(f *floor.Floor) (err error) {
		p, err = f.WrapUpPolicy(id, who)
		return err
	})
	return p.Search(query), err
}

// Snapshot is the state of a board between two events.
type Snapshot struct {
	// Cursor is the place in the stream that follows.
	Cursor        Cursor
	Now           time.Time                   // of the last event or deadline
	Setup         routing.Setup               // in normal form
	Agents        []AgentInfo                 // by ID
	Queues        []QueueInfo                 // by ID
	Conversations []conversation.Conversation // by ID
}

// Watch returns a consistent state and the cursor that follows it: what happens
// next is what [Board.Events] yields from there.
func (b *Board) Watch(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	err := b.view(ctx, func(f *floor.Floor) error {
		s = Snapshot{Cursor: makeCursor(b.position, f.Seq()), Now: f.Now(), Setup: f.Setup().Clone()}
		for _, v := range f.Agents() {
			s.Agents = append(s.Agents, AgentInfo(v))
		}
		for _, q := range s.Setup.Queues {
			if v, err := f.Queue(q.ID); err == nil {
				s.Queues = append(s.Queues, QueueInfo(v))
			}
		}
		f.Conversations(func(c *conversation.Conversation) bool {
			s.Conversations = append(s.Conversations, *c)
			clip(&s.Conversations[len(s.Conversations)-1])
			return true
		})
		return nil
	})
	return s, err
}

// ErrNotDecision means that an event is not an offer that the routing made.
var ErrNotDecision = errors.New("switchboard: the event is not a decision of the routing")

// Explain returns the full list behind a past decision of the routing: why this
// agent, and why not each other. Seq is the number of the conversation.OfferMade event. The
// log is replayed up to it, from the newest snapshot before it or from its
// beginning, which takes time in proportion to that and does not hold up the Board.
// Refused with ErrNotDecision for another event, and with ErrTrimmed when
// neither goes back that far.
func (b *Board) Explain(ctx context.Context, seq uint64) (routing.Explanation, error) {
	select {
	case <-b.stopping:
		return routing.Explanation{}, b.closedError()
	default:
	}
	f, at := b.snapshots.before(ctx, seq)
	r := newReader()
	for rec, err := range b.log.Read(ctx, at) {
		if err != nil {
			return routing.Explanation{}, b.readError(ctx, err)
		}
		_, events, err := r.record(rec)
		if err != nil {
			return routing.Explanation{}, err
		}
		for i := range events {
			e := &events[i]
			if want := f.Seq() + 1; e.Seq != want {
				return routing.Explanation{}, ErrTrimmed
			}
			if e.Seq == seq {
				made, ok := e.Body.(conversation.OfferMade)
				if !ok || made.Decision == nil {
					return routing.Explanation{}, ErrNotDecision
				}
				return f.Explain(made.Conversation, &made)
			}
			f.Apply(e)
		}
		f.Commit()
	}
	return routing.Explanation{}, ErrNotDecision
}
