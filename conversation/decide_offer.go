package conversation

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// MaxReason is the longest word an agent may give with a decline, in bytes.
const MaxReason = 128

func decideMakeOffer(c *Conversation, now time.Time, cmd MakeOffer, r *Rules, out []Event) ([]Event, error) {
	if err := c.closedError(); err != nil {
		return nil, err
	}
	switch {
	case c.State != Queued:
		return nil, ErrState
	case cmd.Agent == "":
		return nil, fmt.Errorf("%w: it names no agent", ErrCommand)
	}
	return append(out, OfferMade{
		Conversation: c.ID, Agent: cmd.Agent, Kind: FromQueue, Queue: c.Queue,
		Deadline: now.Add(r.offerTime()), Decision: cmd.Decision,
	}), nil
}

// pending returns the offer to the agent, or why there is none.
func (c *Conversation) pending(now time.Time, cmd Accept) (*Offer, error) {
	switch o := c.Offer; {
	case o != nil && o.Agent == cmd.Agent && !o.Deadline.Passed(now):
		return o, nil
	case o != nil && o.Agent == cmd.Agent, o == nil && c.Lapsed != nil && *c.Lapsed == cmd.Agent:
		return nil, ErrOfferExpired
	}
	return nil, ErrNotOffered
}

func decideAccept(c *Conversation, now time.Time, cmd Accept, out []Event) ([]Event, error) {
	o, err := c.pending(now, cmd)
	if err != nil {
		// E3: in a second tab, or after a lost answer, the winner asks again.
		if c.ActiveSeat(cmd.Agent) != nil {
			return out, nil
		}
		return nil, err
	}
	out = append(out, Accepted{
		Conversation: c.ID, Agent: o.Agent, Kind: o.Kind, Seat: len(c.Seats) + 1, Queue: c.Queue,
	})
	if o.Kind == Invitation {
		out = append(out, c.entry(now, Entry{Kind: EntryJoined, Agent: o.Agent}))
	}
	return out, nil
}

func decideDecline(c *Conversation, now time.Time, cmd Decline, r *Rules, out []Event) ([]Event, error) {
	if len(cmd.Reason) > MaxReason || !utf8.ValidString(cmd.Reason) {
		return nil, fmt.Errorf("%w: a reason is at most %d bytes of UTF-8", ErrCommand, MaxReason)
	}
	if _, err := c.pending(now, Accept{Agent: cmd.Agent}); err != nil {
		return nil, err
	}
	return c.endOffer(now, Declined, cmd.Reason, r, out), nil
}

func decideEndOffer(c *Conversation, now time.Time, cmd EndOffer, r *Rules, out []Event) ([]Event, error) {
	switch {
	case cmd.Outcome != Expired && cmd.Outcome != Withdrawn:
		return nil, fmt.Errorf("%w: an offer ends expired or withdrawn", ErrCommand)
	case c.Offer == nil:
		return nil, ErrNotOffered
	}
	return c.endOffer(now, cmd.Outcome, "", r, out), nil
}

// endOffer ends the pending offer and, if it was a transfer, does what the
// fallback says. Only an offer that the agent did not take keeps the
// conversation from it for a while.
func (c *Conversation) endOffer(now time.Time, how Outcome, reason string, r *Rules, out []Event) []Event {
	e := OfferEnded{Conversation: c.ID, Agent: c.Offer.Agent, Kind: c.Offer.Kind, Outcome: how, Reason: reason}
	if how != Withdrawn && e.Kind != Invitation {
		e.ExcludeUntil = now.Add(r.cooldownTime())
	}
	at := len(out)
	out = append(out, e)
	if e.Kind != ByTransfer || c.Transfer == nil {
		return out
	}
	if out = c.fallBack(now, r, out); len(out) == at+1 && (r.Wait.Queue == "" || r.Wait.Queue == c.Transfer.Queue) {
		e.Max = r.Wait.Max // it stays in its queue, whose limit its last agent ended
		out[at] = e
	}
	return out
}

// fallBack follows the end of a transfer offer that nobody took. The end of the
// offer alone returns the conversation to its queue.
func (c *Conversation) fallBack(now time.Time, r *Rules, out []Event) []Event {
	switch c.Transfer.Fallback {
	case ToSender:
		if s, err := c.returnable(now, r); err == nil {
			out = append(out, c.handBack(now, s, true, r))
		}
	case FallbackQueue:
		if r.FallbackWait.Queue != "" {
			w := r.FallbackWait
			w.Since = c.WaitingSince
			out = append(out, c.move(w, MovedFallback))
		}
	case EndIt:
		out = append(out, Ending{Conversation: c.ID, Cause: EndedDropped})
	}
	return out
}

// returnable returns the sender's seat if it can have the conversation again:
// it has not wrapped up, and its agent is there and has a slot.
func (c *Conversation) returnable(now time.Time, r *Rules) (*Seat, error) {
	s := c.Seat(c.Transfer.Seat)
	if s == nil || s.State != SeatWrapping || s.Due.Passed(now) || !r.reachable(s.Agent) {
		return nil, ErrSeatClosed
	}
	// What an offer of this conversation holds is free when the offer is withdrawn.
	holds := s.HoldsSlot() || c.Offer != nil && c.Offer.Agent == s.Agent
	if !holds && r.HasSlot != nil && !r.HasSlot(s.Agent) {
		return nil, ErrNoSlot
	}
	return s, nil
}

// handBack is the event that gives the sender the conversation again. If the
// customer was answered, their silence counts on.
func (c *Conversation) handBack(now time.Time, s *Seat, failed bool, r *Rules) TransferCancelled {
	e := TransferCancelled{Conversation: c.ID, Agent: s.Agent, Seat: s.No, Failed: failed}
	if c.Answered {
		e.Inactive = silentUntil(c, now, r.InactiveAfter)
	}
	return e
}

// move is the event that puts the conversation into a queue at its age.
func (c *Conversation) move(w Wait, cause MoveCause) Moved {
	if w.Queue == "" {
		w.Queue = c.Queue
	}
	if w.Since.IsZero() {
		w.Since = c.WaitingSince
	}
	steps := 0
	if c.Relaxing != nil && w.Since.Equal(c.WaitingSince) {
		steps = c.Relaxing.Steps
	}
	w.Relax = RelaxAt(c.Needs, w.Since, steps)
	return Moved{Conversation: c.ID, Wait: w, Cause: cause}
}

func decideRequeue(c *Conversation, cmd Requeue, out []Event) ([]Event, error) {
	if err := c.closedError(); err != nil {
		return nil, err
	}
	switch {
	case c.State.Live():
		return nil, ErrState
	case cmd.Wait.Queue == "":
		return nil, fmt.Errorf("%w: it names no queue", ErrCommand)
	}
	m := c.move(cmd.Wait, cmd.Cause)
	m.Visited = cmd.Visited
	return append(c.withdraw(out), m), nil
}

// overflow moves a conversation whose maximum wait is over. It never goes back
// to a queue it has left so: where no other is given it stays, without a limit.
func (c *Conversation) overflow(r *Rules, out []Event) []Event {
	if q := r.Wait.Queue; q == "" || q == c.Queue || slices.Contains(c.Visited, q) {
		return append(out, c.move(Wait{}, MovedNoOverflow))
	}
	w := r.Wait
	w.Since = c.WaitingSince
	m := c.move(w, MovedOverflow)
	m.Visited = true
	return append(out, m)
}
