package floor

import (
	"errors"
	"maps"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Lease is how the nodes that share a board show each other that they are there.
// A node writes how long it will be, and only as far as its sends need it: when
// a step gives it something to send, and before it sends. Nobody is asked whether
// it is alive, and a node never ends its own lease. What a lease says is in the
// log, so all nodes agree about who sends a message. It makes sends happen once;
// the state is right without it.
type Lease struct {
	// Shared reports whether another node may have the board open. While it says
	// no, or is nil, no lease is written.
	Shared func() bool
	// Enough is how much must be left of it for a send to begin, and For is how
	// long a new one is.
	Enough, For time.Duration
	// Skew is how far apart the clocks of two nodes may be: so much later than a
	// lease ends others act upon it.
	Skew time.Duration
}

// leaseKept is how long a lease that is over is remembered. One that is not is
// as one that was never written: the node is given another before it loses
// anything.
const leaseKept = time.Hour

// lend gives the node a lease if less than enough is left of its own.
func (f *Floor) lend(node string, enough time.Duration) {
	l := &f.config.Lease
	if f.now.Add(enough).After(f.leases[node]) && l.Shared != nil && l.Shared() {
		f.emit(routing.NodeAlive{Node: node, Until: f.now.Add(l.For)})
	}
}

// giveLane notes that this node has something of the conversation to send.
func (f *Floor) giveLane(c *convRec) {
	if l := c.v.Lane; l != nil && l.Node == f.config.Node && !l.Retry.Pending() {
		f.given = true
	}
}

// lendIfGiven renews the node's lease after a step that gave it a lane.
func (f *Floor) lendIfGiven() {
	if f.given {
		f.given = false
		f.lend(f.config.Node, f.config.Lease.Enough)
	}
}

func (f *Floor) applyAlive(e *Event, b routing.NodeAlive) {
	if f.journal.leases == nil {
		f.journal.leases = maps.Clone(f.leases)
	}
	f.leases[b.Node] = b.Until
	for node, until := range f.leases { // order-free: each is looked at on its own
		if until.Add(leaseKept).Before(e.At) {
			delete(f.leases, node)
		}
	}
}

// Sendable is a message that is to be sent now.
type Sendable struct {
	Conversation conversation.ID
	Channel      conversation.Channel
	Source       conversation.Source
	Customer     conversation.Customer
	LastCustomer time.Time
	Message      *conversation.Message
	AuthorName   string
	ReplyTo      string // the channel's id of the message that it answers
	Attempt      int    // counts from 1
	Sent         int    // parts of it that earlier attempts have sent
	// Taken is conversation.Lane.Taken, for the reports of this send.
	Taken uint64
	// Lease is until when the node has the lane for certain; see Lease.
	Lease time.Time
	// Doubtful says that another process may have sent it already.
	Doubtful bool
	// Gone says that the source was removed meanwhile.
	Gone bool
}

// ToSend returns the message at the head of the conversation's lane, if the node
// has the lane and no retry is pending.
func (f *Floor) ToSend(id conversation.ID, node string) (Sendable, bool) {
	c := f.convs.get(id)
	if c == nil || c.v.Lane == nil || c.v.Lane.Node != node || c.v.Lane.Retry.Pending() {
		return Sendable{}, false
	}
	m := c.v.Message(c.v.Lane.No)
	if m == nil || m.Delivery == nil || m.Delivery.Status != conversation.StatusQueued {
		return Sendable{}, false
	}
	v := &c.v
	s := Sendable{
		Conversation: id, Channel: v.Channel, Source: v.Source, Customer: v.Customer,
		LastCustomer: v.LastCustomer, Message: m, Attempt: v.Lane.Attempt + 1, Sent: v.Lane.Sent, Doubtful: v.Lane.Doubtful,
		Taken: v.Lane.Taken, Lease: f.leases[node],
	}
	if src := f.sources[v.Source]; src != nil {
		s.Gone = src.removed
	}
	if to := v.Message(m.ReplyTo); to != nil {
		s.ReplyTo = to.ExternalID
	}
	if m.Author.Kind == conversation.FromAgent {
		if a := f.agent(agent.ID(m.Author.ID)); a != nil {
			s.AuthorName = a.entry.Name
		}
	}
	return s, true
}

// LaneOf is who sends a conversation's messages.
type LaneOf struct {
	Conversation conversation.ID
	Node         string    // empty while none does
	Ready        time.Time // since when it has had the present message to send
	Waits        bool      // for the next try of it
}

func laneOf(c *conversation.Conversation) LaneOf {
	return LaneOf{c.ID, c.Lane.Node, c.Lane.Ready, c.Lane.Retry.Pending()}
}

// Lane returns who sends the conversation's messages, and false when there is
// nothing to send.
func (f *Floor) Lane(id conversation.ID) (LaneOf, bool) {
	c := f.convs.get(id)
	if c == nil || c.v.Lane == nil {
		return LaneOf{}, false
	}
	return laneOf(&c.v), true
}

// Lanes returns the conversations that have something to send, by ID.
func (f *Floor) Lanes() []LaneOf {
	var out []LaneOf
	f.Conversations(func(c *conversation.Conversation) bool {
		if c.Lane != nil {
			out = append(out, laneOf(c))
		}
		return true
	})
	return out
}

// Lost reports whether the node may take the lane from its holder now: there is
// something to send, and the holder, which knew of it while its lease ran, has
// let that end. Lend says that the holder's lease, if it ever had one, was over
// before it had the message: then it must be given one, in which to show that it
// is there.
func (f *Floor) Lost(l LaneOf, now time.Time) (lost, lend bool) {
	switch until := f.leases[l.Node]; {
	case l.Waits:
		return false, false
	case l.Node == "":
		return true, false
	case until.Before(l.Ready):
		return false, true
	default:
		return now.After(until.Add(f.config.Lease.Skew)), false
	}
}

// TakeLane is a command: the node sends the conversation's messages from now on,
// if their sender is lost. One that has not been heard of is given a lease first.
type TakeLane struct {
	Conversation conversation.ID
	Node         string
	// Alone says that nobody else has the board open: whoever sent is gone.
	Alone bool
}

// takeLane hands a lane to another node, or to the same one after a restart.
func (f *Floor) takeLane(cmd TakeLane) error {
	c, err := f.conversationOf(cmd.Conversation)
	if err != nil || c.v.Lane == nil {
		return err
	}
	l := laneOf(&c.v)
	if l.Node != cmd.Node && !cmd.Alone {
		lost, lend := f.Lost(l, f.now)
		if lend {
			f.engine()
			f.lend(l.Node, f.config.Lease.Enough)
		}
		if !lost {
			return nil
		}
	}
	f.emit(conversation.LaneTaken{Conversation: c.v.ID, Node: cmd.Node})
	return nil
}

// HoldLane is a command of a sender who is about to send: it makes sure that the
// node still has the lane and that enough is left of its lease. Refused with
// ErrLaneLost when the message is no longer this sender's.
type HoldLane struct {
	Conversation conversation.ID
	No           int
	Taken        uint64 // of the Sendable
}

// ErrLaneLost means that another has the lane, or that the message is settled.
var ErrLaneLost = errors.New("switchboard: the message is no longer this sender's")

func (f *Floor) holdLane(cmd HoldLane) error {
	c := f.convs.get(cmd.Conversation)
	if c == nil || c.v.Lane == nil || c.v.Lane.No != cmd.No || c.v.Lane.Taken != cmd.Taken {
		return ErrLaneLost
	}
	f.engine()
	f.lend(f.config.Node, f.config.Lease.Enough)
	return nil
}
