package conversation

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// errNoTransfer refuses to cancel what is not there.
var errNoTransfer = fmt.Errorf("%w: no transfer is pending", ErrState)

// transferable refuses a transfer that the owner must not make now.
func (c *Conversation) transferable(who agent.ID, r *Rules) error {
	if err := c.ownerError(who); err != nil {
		return err
	}
	switch {
	case c.State == ConferenceRequested:
		return ErrInvitePending
	case c.State == Conference:
		return fmt.Errorf("%w: a conference cannot be transferred", ErrState)
	case c.Hops >= r.hopLimit():
		return ErrHops
	}
	return nil
}

func decideTransferToQueue(c *Conversation, now time.Time, cmd TransferToQueue, r *Rules, out []Event) ([]Event, error) {
	if err := c.transferable(cmd.Agent, r); err != nil {
		return nil, err
	}
	if cmd.Queue == "" {
		return nil, fmt.Errorf("%w: it names no queue", ErrCommand)
	}
	s := c.Seat(c.Owner)
	e := TransferRequested{
		Conversation: c.ID, Agent: s.Agent, Seat: s.No, ToQueue: cmd.Queue,
		Wait: Wait{Queue: cmd.Queue, Max: r.Wait.Max, Relax: RelaxAt(c.Needs, now, 0)},
	}
	if cmd.Queue == c.Queue {
		e.Exclude, e.ExcludeUntil = s.Agent, now.Add(r.cooldownTime())
	}
	return append(out, e, c.startWrapUp(now, s, r),
		c.entry(now, Entry{Kind: EntryTransferred, Queue: cmd.Queue})), nil
}

func decideTransferToAgent(c *Conversation, now time.Time, cmd TransferToAgent, r *Rules, out []Event) ([]Event, error) {
	if err := c.transferable(cmd.Agent, r); err != nil {
		return nil, err
	}
	switch cmd.To {
	case "":
		return nil, fmt.Errorf("%w: it names no target", ErrCommand)
	case cmd.Agent:
		return nil, ErrSelf
	}
	s := c.Seat(c.Owner)
	e := TransferRequested{Conversation: c.ID, Agent: s.Agent, Seat: s.No, ToAgent: cmd.To, Fallback: r.TransferFallback}
	if e.Fallback == FallbackQueue {
		e.FallbackQueue = r.FallbackWait.Queue
	}
	// The wrap-up comes before the offer, so that it also ends first when both
	// end at the same instant.
	return append(out,
		e,
		c.startWrapUp(now, s, r),
		OfferMade{Conversation: c.ID, Agent: cmd.To, Kind: ByTransfer, Queue: c.Queue, Deadline: now.Add(r.offerTime())},
		c.entry(now, Entry{Kind: EntryTransferred, Agent: cmd.To})), nil
}

func decideCancelTransfer(c *Conversation, now time.Time, by agent.Actor, cmd CancelTransfer, r *Rules, out []Event) ([]Event, error) {
	if err := c.closedError(); err != nil {
		return nil, err
	}
	switch {
	case c.Transfer == nil:
		return nil, errNoTransfer
	case c.sender() != cmd.Agent && !oversees(by):
		return nil, fmt.Errorf("%w: only its sender may cancel the transfer", ErrNotOwner)
	}
	s, err := c.returnable(now, r)
	if err != nil {
		return nil, err
	}
	return append(c.withdraw(out), c.handBack(now, s, false, r)), nil
}

// oversees reports whether the actor may act in any conversation.
func oversees(by agent.Actor) bool {
	return by.Role == agent.Supervisor || by.Role == agent.Administrator
}
