package floor

import (
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// transferToQueue hands a conversation to a queue that is there, open, staffed
// and not full (E28, E30).
func (f *Floor) transferToQueue(cmd conversation.TransferToQueue) (Result, error) {
	c, err := f.conversationOf(cmd.Conversation)
	if err != nil {
		return Result{}, err
	}
	q := f.queueOf(cmd.Queue)
	if q == nil || q.v.deleted {
		return Result{}, &conversation.Refusal{
			Command: cmd.Name(), Conversation: c.v.ID, Agent: cmd.Agent, State: c.v.State,
			Err: unknown("queue", string(cmd.Queue)),
		}
	}
	if why := f.closedTo(q, &c.v); why != "" {
		// The conversation's own refusal comes first, as it says more.
		r := *f.rulesOf(&c.v)
		r.Wait = f.waitIn(q, c.v.Needs, f.now)
		if _, err := conversation.Decide(&c.v, f.now, f.pending.by, cmd, &r, nil); err != nil {
			return Result{}, err
		}
		return Result{}, &conversation.Refusal{
			Command: cmd.Name(), Conversation: c.v.ID, Agent: cmd.Agent, State: c.v.State,
			Err: &routing.TargetError{What: "queue", ID: string(cmd.Queue), Why: why},
		}
	}
	r := f.rulesOf(&c.v)
	r.Wait = f.waitIn(q, c.v.Needs, f.now)
	if err := f.convStep(c, cmd, r); err != nil {
		return Result{}, err
	}
	f.greet(c)
	return Result{Conversation: c.v.ID}, nil
}

// closedTo says why the conversation cannot be transferred to the queue, or "".
func (f *Floor) closedTo(q *queueRec, c *conversation.Conversation) string {
	switch {
	case q.v.entry.NoTransfers:
		return "no-transfers"
	case !takes(&q.v.entry, c.Channel):
		return "channel"
	case !q.v.open:
		return "closed"
	case !f.router.Staffed(q.v.entry.ID):
		return "unstaffed"
	case f.full(q):
		return "full"
	}
	return ""
}

// toAgent asks one agent, for a transfer or a conference (E21, E50).
func (f *Floor) toAgent(id conversation.ID, to agent.ID, cmd conversation.Command) (Result, error) {
	c, err := f.conversationOf(id)
	if err != nil {
		return Result{}, err
	}
	r := f.rulesOf(&c.v)
	if _, err := conversation.Decide(&c.v, f.now, f.pending.by, cmd, r, f.convEvents[:0]); err != nil {
		return Result{}, err
	}
	refused := func(err error) (Result, error) {
		e := &conversation.Refusal{Command: cmd.Name(), Conversation: c.v.ID, State: c.v.State, Err: err}
		switch cmd := cmd.(type) { // not who asks: that may be a supervisor
		case conversation.TransferToAgent:
			e.Agent = cmd.Agent
		case conversation.Invite:
			e.Agent = cmd.Agent
		}
		return Result{}, e
	}
	a := f.agent(to)
	if a == nil || a.deleted {
		return refused(unknown("agent", string(to)))
	}
	if s := f.standing(a, &c.v); s != routing.Eligible {
		return refused(&routing.TargetError{What: "agent", ID: string(to), Why: s.String()})
	}
	if err := f.convStep(c, cmd, r); err != nil {
		return Result{}, err
	}
	return Result{Conversation: c.v.ID}, nil
}

// standing says whether the agent could be asked to take the conversation now,
// by anyone; the exclusion after a miss or a decline is the queue's alone.
func (f *Floor) standing(a *agentRec, c *conversation.Conversation) routing.Standing {
	if a.deleted {
		return routing.SignedOut
	}
	if s := routing.StandingOf(&a.v, a.entry.Slots(c.Medium)-a.slots); s != routing.Eligible {
		return s
	}
	if q := f.queue(c.Queue); q == nil || !f.router.Serves(&a.candidate, q.v.entry.ID) {
		return routing.NotServing
	}
	if !routing.Meets(a.entry.Skills, c.Relaxed()) {
		return routing.LacksSkill
	}
	return routing.Eligible
}
