package conversation

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

func decideEnd(c *Conversation, now time.Time, by agent.Actor, cmd End, r *Rules, out []Event) ([]Event, error) {
	if c.State == 0 {
		return nil, ErrState
	}
	if oversees(by) {
		return c.finish(now, EndedBySupervisor, r, out), nil
	}
	s := c.ActiveSeat(cmd.Agent)
	switch {
	case c.State == Ended && c.HasSeat(cmd.Agent): // E64
		return out, nil
	case s == nil && c.State.Open() && c.sender() == cmd.Agent: // E26
		return nil, ErrTransferPending
	case s == nil:
		return nil, ErrNotSeated
	case c.State == Conference && s.No != c.Owner:
		return nil, ErrLeaveInstead
	}
	return c.finish(now, EndedByAgent, r, out), nil
}

func decideHangup(c *Conversation, now time.Time, cmd Hangup, r *Rules, out []Event) ([]Event, error) {
	if !c.State.Open() {
		return out, nil
	}
	if cmd.Source != c.Source || cmd.Customer != c.Customer {
		return nil, fmt.Errorf("%w: it is about another customer", ErrCommand)
	}
	return c.finish(now, EndedByCustomer, r, out), nil
}

func decideFinish(c *Conversation, now time.Time, cmd Finish, r *Rules, out []Event) ([]Event, error) {
	switch {
	case c.State == 0:
		return nil, ErrState
	case cmd.Cause == "":
		return nil, fmt.Errorf("%w: it names no cause", ErrCommand)
	}
	return c.finish(now, cmd.Cause, r, out), nil
}

// finish ends what is not over: a pending offer is withdrawn, and each agent
// who serves it owes a reason, under the policy of its own queue. An interrupted
// one always ends as such.
func (c *Conversation) finish(now time.Time, cause EndCause, r *Rules, out []Event) []Event {
	switch c.State {
	case Ended:
		return out
	case Interrupted:
		cause = EndedInterrupted
	}
	out = append(c.withdraw(out), Ending{Conversation: c.ID, Cause: cause})
	for i := range c.Seats {
		if s := &c.Seats[i]; s.State == SeatActive {
			out = append(out, c.startWrapUp(now, s, r))
		}
	}
	switch cause { // an ordinary end lets go out what was written before it
	case EndedSource:
		out = failQueued(c, FailInterrupted, out)
	case EndedErased:
		out = failQueued(c, FailRetired, out)
	}
	return out
}

func decideInterrupt(c *Conversation, now time.Time, r *Rules, out []Event) ([]Event, error) {
	switch {
	case c.State == 0:
		return nil, ErrState
	case !c.State.Open(): // removed twice, or over anyway (E37)
		return out, nil
	case !c.State.Live():
		return c.finish(now, EndedSource, r, out), nil
	}
	e := Interruption{Conversation: c.ID}
	if r.InterruptedFor > 0 {
		e.Limit = now.Add(r.InterruptedFor)
	}
	out = append(c.withdraw(out), e, c.entry(now, Entry{Kind: EntryInterrupted}))
	return failQueued(c, FailInterrupted, out), nil
}
