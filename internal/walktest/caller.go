package walktest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Outcome is what a caller knows of its command.
type Outcome uint8

// The outcomes of a call.
const (
	Done    Outcome = iota + 1 // it was carried out
	Refused                    // it was not: a rule of the engine forbids it
	NotDone                    // it was not, for want of a store or a Board
	Unknown                    // the caller does not know
)

// Op is one call of a caller: a command's first attempt, or a later one with the
// same mark.
type Op struct {
	Caller       int
	Node         string // through which it was made
	Mark         string // the command's own: its Why but for an Erase, which has none, and its Key if it is keyed
	Keyed        bool
	Command      any
	Call, Return time.Time
	Outcome      Outcome
	Result       switchboard.Result
	Err          error
}

// caller is one program that uses the Boards: now this one, now that.
type caller struct {
	w      *world
	no     int
	at     class
	random *rand.Rand
	ops    []Op
	marks  int
	left   int // commands to be made in this round
}

func (c *caller) pause(least, most time.Duration) {
	c.at.sleep(context.Background(), between(c.random, least, most))
}

// breathe takes the caller to an instant of its own: several are answered at
// the same.
func (c *caller) breathe() { c.pause(0, 50*time.Microsecond) }

// node returns a process that runs.
func (c *caller) node() *life {
	for {
		first := c.random.IntN(len(c.w.nodes))
		for i := range c.w.nodes {
			if l := c.w.nodes[(first+i)%len(c.w.nodes)].life.Load(); l != nil {
				return l
			}
		}
		c.pause(50*time.Millisecond, 500*time.Millisecond)
	}
}

// round makes commands, one after the other.
func (c *caller) round() {
	for ; c.left > 0 && !c.w.t.Failed(); c.left-- {
		// Some are in a hurry, so that many calls meet, and some are not, so that
		// deadlines pass.
		switch c.random.IntN(4) {
		case 0:
			c.pause(0, 5*time.Millisecond)
		case 1:
			c.pause(0, 100*time.Millisecond)
		default:
			c.pause(0, 2*time.Second)
		}
		by, cmd := c.command()
		c.marks++
		mark := fmt.Sprint("k", c.no, "-", c.marks)
		x := switchboard.Command{By: by, Why: mark, Do: cmd}
		if _, ok := cmd.(routing.Erase); ok {
			x.Why = ""
		} else if c.random.IntN(3) > 0 {
			x.Key = mark
		}
		c.do(mark, x)
	}
}

// do makes the call. If the outcome is unknown, and it has a key, it asks again.
func (c *caller) do(mark string, cmd switchboard.Command) {
	var l *life
	for n := 0; ; n++ {
		if l == nil || l.dead() || c.random.IntN(2) == 0 {
			l = c.node()
		}
		op := c.call(l, mark, cmd)
		c.ops = append(c.ops, op)
		if op.Outcome != Unknown || cmd.Key == "" || n == 3 || c.random.IntN(4) == 0 {
			return
		}
		c.pause(0, 300*time.Millisecond)
	}
}

// setUp configures the board. A caller may leave before anything is done, and without
// a setup nothing ever happens.
func (c *caller) setUp() {
	for (len(c.ops) == 0 || c.ops[len(c.ops)-1].Outcome != Done) && !c.w.t.Failed() {
		c.do("setup", switchboard.Command{By: admin, Why: "setup", Key: "setup", Do: configure()})
	}
}

func (c *caller) call(l *life, mark string, cmd switchboard.Command) Op {
	wait := time.Duration(0)
	if c.w.c.Faults.Callers && c.random.IntN(12) == 0 {
		wait = between(c.random, time.Microsecond, 10*time.Millisecond)
	}
	ctx, cancel := ask(wait)
	defer cancel()
	op := Op{Caller: c.no, Node: l.String(), Mark: mark, Keyed: cmd.Key != "", Command: cmd.Do, Call: time.Now()}
	op.Result, op.Err = l.board.Do(ctx, cmd)
	op.Return = time.Now()
	defer c.breathe()
	op.Outcome = outcomeOf(op.Err)
	if l.dead() { // its answer reached nobody
		op.Result, op.Err, op.Outcome = switchboard.Result{}, errGone, Unknown
	}
	return op
}

func outcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Done
	case errors.Is(err, switchboard.ErrOutcomeUnknown):
		return Unknown
	case errors.Is(err, switchboard.ErrClosed), errors.Is(err, switchboard.ErrRefused),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return NotDone
	}
	return Refused
}

// look asks a Board for a conversation of a customer, the open one if there is.
func (c *caller) look(l *life, src conversation.Source, who conversation.Customer) (conversation.Conversation, bool) {
	ctx, cancel := ask(10 * time.Second)
	defer cancel()
	id, err := l.board.CustomerConversation(ctx, src, who)
	c.breathe()
	if err != nil || id == 0 {
		return conversation.Conversation{}, false
	}
	v, err := l.board.Conversation(ctx, id)
	c.breathe()
	return v, err == nil
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

var (
	agents  = []agent.ID{"ann", "bob", "eva", "jan", "ivo"}
	sources = []conversation.Source{"page", "shop"}
	queues  = []conversation.QueueID{"sales", "care"}
	admin   = switchboard.Actor{Role: agent.Administrator, ID: "root"}
	boss    = switchboard.Actor{Role: agent.Supervisor, ID: "boss"}
)

const channelName = "messenger"

func self(a agent.ID) switchboard.Actor { return switchboard.Actor{Role: agent.Self, ID: string(a)} }

// command makes up a command: mostly one that suits what some Board says, which
// may no longer be so, sometimes any.
func (c *caller) command() (switchboard.Actor, any) {
	r := c.random
	src, who := pick(r, sources...), conversation.Customer(fmt.Sprint("c", r.IntN(10)))
	a, other := pick(r, agents...), pick(r, agents...)
	if c.w.c.Erases {
		switch r.IntN(20) {
		case 0:
			return c.privately()
		case 1, 2:
			src, who = c.person()
		}
	}
	switch n := r.IntN(100); {
	case n < 15:
		return c.inbound(src, who)
	case n < 60:
		return c.work(a)
	case n < 64:
		return self(a), agent.SignIn{Agent: a}
	case n < 70:
		return self(a), agent.MakeAvailable{Agent: a}
	case n < 72:
		return self(a), agent.MakeIdle{Agent: a, Reason: "lunch"}
	case n < 73:
		return pick(r, self(a), boss), agent.SignOut{Agent: a}
	case n < 75:
		return self(a), agent.Connect{Agent: a, Session: "s"}
	case n < 76:
		return self(a), agent.Disconnect{Agent: a, Session: "s"}
	case n < 79:
		return self(a), conversation.AcceptAll{Agent: a}
	case n < 80:
		return c.administration(src)
	}
	v, ok := c.look(c.node(), src, who)
	if !ok {
		return c.inbound(src, who)
	}
	if o := v.OwnerID(); o != "" && r.IntN(2) == 0 {
		a = o
	}
	return c.anything(v.ID, a, other)
}

// work is what an agent at a desk would do next.
func (c *caller) work(a agent.ID) (switchboard.Actor, any) {
	r := c.random
	l := c.node()
	ctx, cancel := ask(10 * time.Second)
	defer cancel()
	info, err := l.board.AgentInfo(ctx, a)
	c.breathe()
	switch {
	case err != nil || info.Agent.State == agent.SignedOut:
		return self(a), agent.SignIn{Agent: a}
	case info.Agent.State != agent.Available && r.IntN(2) == 0:
		return self(a), agent.MakeAvailable{Agent: a}
	case !info.Agent.Connected() && r.IntN(2) == 0:
		return self(a), agent.Connect{Agent: a, Session: "s"}
	case len(info.Conversations) == 0:
		return c.inbound(pick(r, sources...), conversation.Customer(fmt.Sprint("c", r.IntN(10))))
	}
	id := pick(r, info.Conversations...)
	v, err := l.board.Conversation(ctx, id)
	c.breathe()
	if err != nil {
		return self(a), conversation.AcceptAll{Agent: a}
	}
	switch {
	case v.Offer != nil && v.Offer.Agent == a:
		switch n := r.IntN(20); {
		case n < 16:
			return self(a), conversation.Accept{Conversation: id, Agent: a}
		case n < 18:
			return self(a), conversation.Decline{Conversation: id, Agent: a}
		case n < 19 && v.Transfer != nil:
			return boss, conversation.CancelTransfer{Conversation: id}
		}
	case v.ActiveSeat(a) != nil:
		switch n := r.IntN(20); {
		case n < 7:
			return self(a), conversation.Write{Conversation: id, Agent: a, Draft: conversation.Draft{Text: fmt.Sprint("good day ", r.IntN(1000))}}
		case n < 14:
			return self(a), c.hand(ctx, l, id, a)
		case n < 15:
			return self(a), conversation.Leave{Conversation: id, Agent: a}
		case n < 18:
			return self(a), conversation.End{Conversation: id, Agent: a}
		case n < 19: // the customer answers
			return c.inbound(v.Source, v.Customer)
		}
	default:
		switch r.IntN(4) {
		case 0, 1:
			return self(a), conversation.SubmitWrapUp{Conversation: id, Agent: a, Reason: "done"}
		case 2:
			return self(a), conversation.CancelTransfer{Conversation: id, Agent: a}
		}
	}
	return c.anything(id, a, pick(r, agents...))
}

// hand gives the conversation to somebody who can take it, or asks them in.
func (c *caller) hand(ctx context.Context, l *life, id conversation.ID, a agent.ID) any {
	r := c.random
	targets, _ := l.board.Targets(ctx, id, "")
	c.breathe()
	other, queue := pick(r, agents...), pick(r, queues...)
	for _, i := range r.Perm(len(targets)) {
		if t := targets[i]; t.Agent != "" && t.Agent != a && !t.Full {
			other = t.Agent
			break
		}
	}
	switch r.IntN(7) {
	case 0:
		return conversation.TransferToQueue{Conversation: id, Agent: a, Queue: queue}
	case 1, 2:
		return conversation.Invite{Conversation: id, Agent: a, To: other}
	}
	return conversation.TransferToAgent{Conversation: id, Agent: a, To: other}
}

func (c *caller) anything(id conversation.ID, a, other agent.ID) (switchboard.Actor, any) {
	r := c.random
	switch r.IntN(12) {
	case 0, 1:
		return self(a), conversation.Accept{Conversation: id, Agent: a}
	case 2:
		return self(a), conversation.TransferToAgent{Conversation: id, Agent: a, To: other}
	case 3:
		return self(a), conversation.Leave{Conversation: id, Agent: a}
	case 4:
		return self(a), conversation.End{Conversation: id, Agent: a}
	case 5, 6:
		return self(a), conversation.SubmitWrapUp{Conversation: id, Agent: a, Reason: "done"}
	case 7:
		return self(a), conversation.ExtendWrapUp{Conversation: id, Agent: a}
	case 8:
		return boss, conversation.SetPriority{Conversation: id, Priority: 1 + r.IntN(10)}
	case 9:
		return boss, conversation.End{Conversation: id}
	case 10:
		return self(a), conversation.CancelTransfer{Conversation: id, Agent: a}
	}
	return self(a), conversation.Write{Conversation: id, Agent: a, Draft: conversation.Draft{Text: "hello"}}
}

// inbound is a message of the customer, or one of theirs that the channel
// delivers again.
func (c *caller) inbound(src conversation.Source, who conversation.Customer) (switchboard.Actor, any) {
	k := conversationKey{string(src), string(who)}
	c.w.mu.Lock()
	n := c.w.ext[k]
	if n == 0 || c.random.IntN(6) > 0 {
		n++
		c.w.ext[k] = n
	} else {
		n = 1 + c.random.IntN(n)
	}
	c.w.mu.Unlock()
	return switchboard.Actor{Role: agent.Customer, ID: string(who)}, conversation.Inbound{
		Channel: channelName, Source: src, Customer: who, ExternalID: fmt.Sprintf("%s-%s-%d", src, who, n), Text: "hello",
	}
}

func (c *caller) administration(src conversation.Source) (switchboard.Actor, any) {
	r := c.random
	s := setup()
	switch r.IntN(10) {
	case 0:
		return admin, routing.RemoveSource{Source: src}
	case 1, 2, 3, 4:
		return admin, routing.PutSource{Source: s.Sources[r.IntN(len(s.Sources))]}
	case 5:
		a := s.Agents[r.IntN(len(s.Agents))]
		a.Capacity = map[conversation.Medium]int{conversation.Social: 1 + r.IntN(4)}
		return admin, routing.PutAgent{Agent: a}
	case 6:
		q := s.Queues[r.IntN(len(s.Queues))]
		q.OfferFor = time.Duration(5+r.IntN(20)) * time.Second
		return admin, routing.PutQueue{Queue: q}
	}
	return admin, routing.Configure{Setup: s}
}
