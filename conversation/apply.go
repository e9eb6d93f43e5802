package conversation

import (
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// Apply makes the event, the seq-th of its log, stamped at, part of c. It never
// fails and uses nothing but the event and c: the same events always give the
// same state. What an event refers to and is not there is passed over.
//
// Memory that an earlier copy of *c shares is never changed, so a plain
// assignment before Apply is a snapshot. Apply is not safe for concurrent use
// with any other use of the same *c.
func (c *Conversation) Apply(at time.Time, seq uint64, e Event) {
	switch e := e.(type) {
	case Opened:
		c.applyOpened(at, seq, e)
	case Moved:
		c.applyMoved(at, seq, e)
	case OfferMade:
		c.applyOfferMade(at, seq, e)
	case OfferEnded:
		c.applyOfferEnded(seq, e)
	case OfferRestarted:
		if o := c.Offer; o != nil && o.Agent == e.Agent {
			c.Offer = &Offer{Agent: o.Agent, Kind: o.Kind, Made: o.Made, Deadline: deadline(e.Deadline, seq)}
		}
	case Accepted:
		c.applyAccepted(at, e)
	case TransferRequested:
		c.applyTransferRequested(at, seq, e)
	case TransferCancelled:
		c.applyTransferCancelled(seq, e)
	case OwnerChanged:
		if c.Seat(e.Seat) != nil {
			c.Owner = e.Seat
		}
	case WrapUpStarted:
		c.applyWrapUpStarted(at, seq, e)
	case WrapUpExtended:
		if s := c.change(e.Seat); s != nil {
			s.WrapUp.Deadline, s.Due = e.Deadline, deadline(e.Deadline, seq)
			s.WrapUp.Extensions++
		}
	case WrapUpUnlimited:
		if s := c.change(e.Seat); s != nil {
			s.WrapUp.Deadline, s.Due = time.Time{}, agent.Deadline{}
			s.WrapUp.Cancelled = true
		}
	case SeatEnded:
		c.applySeatEnded(at, e)
	case Interruption:
		c.settle(Interrupted)
		c.Limit = deadline(e.Limit, seq)
	case Ending:
		c.settle(Ended)
		c.Owner, c.Limit = 0, agent.Deadline{}
		c.End = &Conclusion{Cause: e.Cause, At: at}
	case Completed:
		c.Finished, c.Limit = true, deadline(e.Until, seq)
	case Forgotten:
		c.Limit = agent.Deadline{}
	case PriorityChanged:
		c.Priority = e.Priority
	case NeedsRelaxed:
		c.Relaxing = relaxing(e.Relaxed, deadline(e.Next, seq))
	case PreferenceDropped:
		c.Preference = nil
	case ExclusionOver:
		c.Exclusion = nil
	case AttributesSet:
		c.Attributes = c.Attributes.Apply(e.Set)
	case CustomerReturned: // news for an agent; nothing changes here
	default:
		if !applyArchive(c, at, e) {
			applyMessage(c, at, seq, e)
		}
	}
}

func deadline(at time.Time, seq uint64) agent.Deadline {
	if at.IsZero() {
		return agent.Deadline{}
	}
	return agent.Deadline{At: at, Set: seq}
}

// relaxing is how far needs are relaxed, nil when they have no steps.
func relaxing(steps int, next agent.Deadline) *Relaxing {
	if steps == 0 && !next.Pending() {
		return nil
	}
	return &Relaxing{Steps: steps, Next: next}
}

// exclude is the exclusion that an event asks for, nil for none.
func exclude(who agent.ID, until time.Time, seq uint64) *Exclusion {
	if until.IsZero() {
		return nil
	}
	return &Exclusion{Agent: who, Until: deadline(until, seq)}
}

// change returns the seat for changing it, in a copy of all seats, or nil.
func (c *Conversation) change(no int) *Seat {
	if c.Seat(no) == nil {
		return nil
	}
	c.Seats = slices.Clone(c.Seats)
	return &c.Seats[no-1]
}

func (c *Conversation) applyOpened(at time.Time, seq uint64, e Opened) {
	if c.State != 0 {
		return
	}
	*c = Conversation{
		ID: e.Conversation, Channel: e.Channel, Source: e.Source, Customer: e.Customer, Previous: e.Previous,
		State: Queued, Medium: e.Medium, Queue: e.Wait.Queue, Priority: e.Priority, Needs: e.Needs,
		ArrivedAt: at, WaitingSince: since(e.Wait, at), MaxWait: deadline(e.Wait.Max, seq),
		Relaxing: relaxing(0, deadline(e.Wait.Relax, seq)), Attributes: e.Attributes,
	}
	if e.Preferred != "" {
		c.Preference = &Preference{Agent: e.Preferred, Until: deadline(e.PreferUntil, seq)}
	}
}

func since(w Wait, at time.Time) time.Time {
	if w.Since.IsZero() {
		return at
	}
	return w.Since
}

func (c *Conversation) applyMoved(at time.Time, seq uint64, e Moved) {
	if e.Visited {
		c.Visited = append(slices.Clip(c.Visited), c.Queue)
	}
	c.State, c.Owner, c.Offer, c.Limit = Queued, 0, nil, agent.Deadline{}
	if e.Wait.Queue != c.Queue {
		c.Preference = nil // nobody knows that the agent serves this one
	}
	c.Queue, c.MaxWait = e.Wait.Queue, deadline(e.Wait.Max, seq)
	if age := since(e.Wait, at); !age.Equal(c.WaitingSince) {
		c.WaitingSince, c.Relaxing = age, relaxing(0, deadline(e.Wait.Relax, seq))
	}
	if x := exclude(e.Exclude, e.ExcludeUntil, seq); x != nil {
		c.Exclusion = x
	}
}

func (c *Conversation) applyOfferMade(at time.Time, seq uint64, e OfferMade) {
	c.Offer = &Offer{Agent: e.Agent, Kind: e.Kind, Made: at, Deadline: deadline(e.Deadline, seq)}
	c.Lapsed = nil
	if e.Kind == Invitation {
		c.State = ConferenceRequested
		return
	}
	c.State = Offered
	if c.Exclusion != nil && c.Exclusion.Agent != e.Agent {
		c.Exclusion = nil // another agent was tried
	}
}

func (c *Conversation) applyOfferEnded(seq uint64, e OfferEnded) {
	c.Offer = nil
	if e.Outcome == Expired {
		who := e.Agent
		c.Lapsed = &who
	}
	if e.Kind == Invitation {
		c.State = Active
		return
	}
	c.State = Queued
	if e.Kind == ByTransfer && c.Transfer != nil {
		c.Queue, c.WaitingSince = c.Transfer.Queue, c.Transfer.WaitingSince
		c.Transfer, c.MaxWait = nil, deadline(e.Max, seq)
	}
	if x := exclude(e.Agent, e.ExcludeUntil, seq); x != nil {
		c.Exclusion = x
	}
	if p := c.Preference; p != nil && p.Agent == e.Agent && (e.Outcome == Declined || e.Outcome == Expired) {
		c.Preference = nil // it was kept for an agent who did not take it
	}
}

func (c *Conversation) applyAccepted(at time.Time, e Accepted) {
	if e.Seat != len(c.Seats)+1 {
		return
	}
	seats := make([]Seat, e.Seat) // of exactly that size: no two copies of c ever append to the same memory
	copy(seats, c.Seats)
	seats[e.Seat-1] = Seat{
		No: e.Seat, Agent: e.Agent, State: SeatActive, Joined: e.Kind == Invitation, Queue: e.Queue, Accepted: at,
	}
	c.Seats, c.Offer = seats, nil
	if e.Kind == Invitation {
		c.State = Conference
		return
	}
	c.State, c.Owner = Active, e.Seat
	c.Transfer, c.Preference, c.Exclusion = nil, nil, nil
	c.MaxWait, c.Limit = agent.Deadline{}, agent.Deadline{}
}

func (c *Conversation) applyTransferRequested(at time.Time, seq uint64, e TransferRequested) {
	c.Transfer = &Transfer{
		Seat: e.Seat, ToQueue: e.ToQueue, ToAgent: e.ToAgent, Queue: c.Queue, WaitingSince: c.WaitingSince,
		Fallback: e.Fallback, FallbackQueue: e.FallbackQueue,
	}
	// The customer waits for us from now on, so their silence does not count.
	c.State, c.Owner, c.Limit = Queued, 0, agent.Deadline{}
	c.Hops++
	c.Exclusion = exclude(e.Exclude, e.ExcludeUntil, seq)
	if e.ToAgent != "" {
		return
	}
	c.Queue, c.WaitingSince, c.MaxWait = e.ToQueue, since(e.Wait, at), deadline(e.Wait.Max, seq)
	c.Relaxing = relaxing(0, deadline(e.Wait.Relax, seq))
	c.Visited, c.Preference = nil, nil
}

func (c *Conversation) applyTransferCancelled(seq uint64, e TransferCancelled) {
	s := c.change(e.Seat)
	if s == nil {
		return
	}
	*s = Seat{No: s.No, Agent: s.Agent, State: SeatActive, Joined: s.Joined, Queue: s.Queue, Accepted: s.Accepted}
	if t := c.Transfer; t != nil && t.ToQueue != "" {
		c.Queue, c.WaitingSince = t.Queue, t.WaitingSince
		c.Relaxing = relaxing(0, deadline(RelaxAt(c.Needs, t.WaitingSince, 0), seq))
	}
	c.State, c.Owner = Active, e.Seat
	c.Transfer, c.Offer, c.Exclusion, c.MaxWait = nil, nil, nil, agent.Deadline{}
	c.Limit = deadline(e.Inactive, seq)
}

func (c *Conversation) applyWrapUpStarted(at time.Time, seq uint64, e WrapUpStarted) {
	if s := c.Seat(e.Seat); s == nil || s.State != SeatActive {
		return
	}
	s := c.change(e.Seat)
	s.State, s.Policy, s.FreesSlot = SeatWrapping, e.Policy, e.FreesSlot
	s.WrapUp.Started, s.WrapUp.Deadline, s.Due = at, e.Deadline, deadline(e.Deadline, seq)
	c.left(e.Seat)
}

func (c *Conversation) applySeatEnded(at time.Time, e SeatEnded) {
	if s := c.Seat(e.Seat); s == nil || s.State == SeatClosed {
		return
	}
	s := c.change(e.Seat)
	s.State, s.Reason, s.Closed, s.Due = SeatClosed, e.Reason, at, agent.Deadline{}
	c.left(e.Seat)
}

// left follows a seat that is no longer active: of a conference with one agent
// a plain conversation remains.
func (c *Conversation) left(no int) {
	if c.Owner == no {
		c.Owner = 0
	}
	if c.State != Conference {
		return
	}
	active := 0
	for i := range c.Seats {
		if c.Seats[i].State == SeatActive {
			active++
		}
	}
	if active < 2 {
		c.State = Active
	}
}

// settle puts c into a state in which nobody is asked and nothing waits.
func (c *Conversation) settle(s State) {
	c.State = s
	c.Offer, c.Transfer, c.Exclusion, c.Preference = nil, nil, nil, nil
	c.MaxWait = agent.Deadline{}
	if r := c.Relaxing; r != nil && r.Next.Pending() {
		c.Relaxing = relaxing(r.Steps, agent.Deadline{})
	}
}
