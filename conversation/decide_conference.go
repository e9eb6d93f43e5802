package conversation

import (
	"fmt"
	"time"
)

// errNoInvite refuses to cancel what is not there.
var errNoInvite = fmt.Errorf("%w: no invitation is pending", ErrState)

func decideInvite(c *Conversation, now time.Time, cmd Invite, r *Rules, out []Event) ([]Event, error) {
	if err := c.ownerError(cmd.Agent); err != nil {
		return nil, err
	}
	switch {
	case cmd.To == "":
		return nil, fmt.Errorf("%w: it names no target", ErrCommand)
	case cmd.To == cmd.Agent:
		return nil, ErrSelf
	case c.ActiveSeat(cmd.To) != nil:
		return nil, ErrPresent
	case c.State == ConferenceRequested:
		return nil, ErrInvitePending
	case c.State == Conference:
		return nil, ErrConferenceFull
	}
	return append(out, OfferMade{
		Conversation: c.ID, Agent: cmd.To, Kind: Invitation, Queue: c.Queue, Deadline: now.Add(r.offerTime()),
	}), nil
}

func decideCancelInvite(c *Conversation, cmd CancelInvite, out []Event) ([]Event, error) {
	if err := c.ownerError(cmd.Agent); err != nil {
		return nil, err
	}
	if c.State != ConferenceRequested {
		return nil, errNoInvite
	}
	return c.withdraw(out), nil
}

func decideLeave(c *Conversation, now time.Time, cmd Leave, r *Rules, out []Event) ([]Event, error) {
	if err := c.closedError(); err != nil {
		return nil, err
	}
	s := c.ActiveSeat(cmd.Agent)
	switch {
	case s == nil && c.sender() == cmd.Agent:
		return nil, ErrTransferPending
	case s == nil:
		return nil, ErrNotSeated
	case c.State == ConferenceRequested:
		return nil, ErrInvitePending
	case c.State != Conference || c.partner(s) == nil:
		return nil, ErrLastAgent
	}
	return c.depart(now, s, r, out), nil
}

func decideRemove(c *Conversation, now time.Time, cmd Remove, r *Rules, out []Event) ([]Event, error) {
	if err := c.ownerError(cmd.Agent); err != nil {
		return nil, err
	}
	s := c.ActiveSeat(cmd.Who)
	switch {
	case cmd.Who == "":
		return nil, fmt.Errorf("%w: it names nobody to remove", ErrCommand)
	case cmd.Who == cmd.Agent:
		return nil, ErrSelf
	case s == nil && c.State == ConferenceRequested && c.Offer != nil && c.Offer.Agent == cmd.Who:
		return nil, ErrInvitePending
	case s == nil || c.State != Conference:
		return nil, ErrNotSeated
	}
	return c.depart(now, s, r, out), nil
}

// depart takes one of two active seats out of a conference. The owner's
// conversation passes to the other agent.
func (c *Conversation) depart(now time.Time, s *Seat, r *Rules, out []Event) []Event {
	joined := s.No != c.Owner
	if !joined {
		out = c.passOwnership(s, out)
	}
	if joined && r.JoinedOwesNone {
		out = append(out, SeatEnded{Conversation: c.ID, Agent: s.Agent, Seat: s.No, Cause: CloseNoneOwed})
	} else {
		out = append(out, c.startWrapUp(now, s, r))
	}
	return append(out, c.entry(now, Entry{Kind: EntryLeft, Agent: s.Agent}))
}

// passOwnership gives what s owns to the other active seat.
func (c *Conversation) passOwnership(s *Seat, out []Event) []Event {
	if o := c.partner(s); o != nil && s.No == c.Owner {
		out = append(out, OwnerChanged{Conversation: c.ID, Agent: o.Agent, Seat: o.No})
	}
	return out
}

// decideDropSeat takes an agent out who is gone: there is nobody to wrap up, so
// the default reason is applied at once.
func decideDropSeat(c *Conversation, now time.Time, cmd DropSeat, r *Rules, out []Event) ([]Event, error) {
	s := c.ActiveSeat(cmd.Agent)
	if s == nil {
		return nil, ErrNotSeated
	}
	policy, _ := r.wrapUpPolicy(s.Queue, 0)
	closed := SeatEnded{
		Conversation: c.ID, Agent: s.Agent, Seat: s.No, Reason: defaultReason(policy), Cause: cmd.Cause,
	}
	switch other := c.partner(s); {
	case other != nil: // a conference, interrupted or not
		out = append(c.passOwnership(s, out), closed)
		if c.State == Conference {
			out = append(out, c.entry(now, Entry{Kind: EntryLeft, Agent: s.Agent}))
		}
		return out, nil
	case c.State == Interrupted:
		return append(out, Ending{Conversation: c.ID, Cause: EndedInterrupted}, closed), nil
	}
	return append(c.withdraw(out), closed, c.move(r.Wait, MovedRequeue)), nil
}
