package conversation

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

// startWrapUp is the event by which a seat stops being active. The present
// policy of the seat's own queue holds for it from now on, whatever becomes of
// the policy or the conversation.
func (c *Conversation) startWrapUp(now time.Time, s *Seat, r *Rules) WrapUpStarted {
	policy, version := r.wrapUpPolicy(s.Queue, 0)
	return WrapUpStarted{
		Conversation: c.ID, Agent: s.Agent, Seat: s.No, Policy: version,
		Deadline: wrapup.Start(policy, now).Deadline, FreesSlot: policy.FreesSlot,
	}
}

// defaultReason is what a seat is closed with when nobody chooses.
func defaultReason(p wrapup.Policy) wrapup.Reason {
	if reason, ok := p.Find(p.Default); ok {
		return reason
	}
	return wrapup.Reason{ID: p.Default}
}

// owing returns the agent's oldest seat that owes a reason. One whose time is up
// counts as closed: the default reason is about to be applied.
func (c *Conversation) owing(now time.Time, who agent.ID) (*Seat, error) {
	err := ErrNoWrapUp
	for i := range c.Seats {
		s := &c.Seats[i]
		switch {
		case s.Agent != who:
		case s.State == SeatWrapping && !s.Due.Passed(now):
			return s, nil
		case s.State == SeatWrapping,
			s.State == SeatClosed && (s.Reason != wrapup.Reason{} || !s.WrapUp.Started.IsZero()):
			err = ErrSeatClosed // E56
		}
	}
	return nil, err
}

func decideSubmitWrapUp(c *Conversation, now time.Time, by agent.Actor, cmd SubmitWrapUp, r *Rules, out []Event) ([]Event, error) {
	s, err := c.owing(now, cmd.Agent)
	if err != nil {
		return nil, err
	}
	policy, _ := r.wrapUpPolicy(s.Queue, s.Policy)
	reason, err := policy.Check(cmd.Reason)
	if err != nil {
		return nil, err
	}
	cause := CloseSubmitted
	if oversees(by) {
		cause = CloseSupervisor
	}
	return append(out, SeatEnded{
		Conversation: c.ID, Agent: s.Agent, Seat: s.No, Reason: reason, Cause: cause,
	}), nil
}

func decideExtendWrapUp(c *Conversation, now time.Time, cmd ExtendWrapUp, r *Rules, out []Event) ([]Event, error) {
	s, err := c.owing(now, cmd.Agent)
	if err != nil {
		return nil, err
	}
	policy, _ := r.wrapUpPolicy(s.Queue, s.Policy)
	w, err := s.WrapUp.Extend(policy, now)
	if err != nil {
		return nil, err
	}
	return append(out, WrapUpExtended{
		Conversation: c.ID, Agent: s.Agent, Seat: s.No, Deadline: w.Deadline,
	}), nil
}

func decideCancelCountdown(c *Conversation, now time.Time, cmd CancelCountdown, r *Rules, out []Event) ([]Event, error) {
	s, err := c.owing(now, cmd.Agent)
	if err != nil {
		return nil, err
	}
	policy, _ := r.wrapUpPolicy(s.Queue, s.Policy)
	w, err := s.WrapUp.Cancel(policy, now)
	switch {
	case err != nil:
		return nil, err
	case s.WrapUp.Cancelled && w.Cancelled: // twice
		return out, nil
	}
	return append(out, WrapUpUnlimited{Conversation: c.ID, Agent: s.Agent, Seat: s.No}), nil
}

func decideCloseWrapUp(c *Conversation, cmd CloseWrapUp, r *Rules, out []Event) ([]Event, error) {
	s := c.Seat(cmd.Seat)
	switch {
	case s == nil:
		return nil, fmt.Errorf("%w: there is no seat %d", ErrCommand, cmd.Seat)
	case s.State == SeatClosed:
		return nil, ErrSeatClosed
	case s.State != SeatWrapping:
		return nil, ErrNoWrapUp
	}
	policy, _ := r.wrapUpPolicy(s.Queue, s.Policy)
	return append(out, SeatEnded{
		Conversation: c.ID, Agent: s.Agent, Seat: s.No, Reason: defaultReason(policy), Cause: cmd.Cause,
	}), nil
}

func decideSetAttributes(c *Conversation, cmd SetAttributes, out []Event) ([]Event, error) {
	if c.State == 0 {
		return nil, ErrState
	}
	if _, err := c.Attributes.Merge(cmd.Set); err != nil {
		return nil, err
	}
	var set agent.Attributes
	for k, v := range cmd.Set { // order-free: copied into a map
		if c.Attributes[k] == v {
			continue // so already, or not there to be removed
		}
		if set == nil {
			set = make(agent.Attributes, len(cmd.Set))
		}
		set[k] = v
	}
	if set == nil {
		return out, nil
	}
	return append(out, AttributesSet{Conversation: c.ID, Set: set}), nil
}

func decideSetPriority(c *Conversation, cmd SetPriority, out []Event) ([]Event, error) {
	if err := c.closedError(); err != nil {
		return nil, err
	}
	switch {
	case cmd.Priority < 1 || cmd.Priority > 10:
		return nil, ErrPriority
	case cmd.Priority == c.Priority:
		return out, nil
	}
	return append(out, PriorityChanged{Conversation: c.ID, Priority: cmd.Priority}), nil
}
