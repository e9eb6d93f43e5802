package conversation

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// Due says what happens when a deadline passes.
type Due uint8

// What deadlines are for. The zero value stands for no deadline.
const (
	DueOffer      Due = iota + 1 // the pending offer lapses
	DueWrapUp                    // a seat gets the default reason
	DueMaxWait                   // the conversation overflows from its queue
	DueRelax                     // a step relaxes its needs
	DueExclusion                 // an excluded agent may be asked again
	DuePreference                // it is no longer kept for one agent
	DueRetry                     // a deferred send is tried again
	DueLimit                     // what runs is ended: see Conversation.Limit
)

var dueNames = [...]string{"", "offer", "wrap-up", "max-wait", "relax", "exclusion", "preference", "retry", "limit"}

// String returns the stable name, such as "max-wait", or "" for the zero value.
func (d Due) String() string { return nameOf(dueNames[:], uint8(d)) }

// Next returns the earliest pending deadline, what it is for, and for DueWrapUp
// the number of the seat. Equal instants pass in the order of the events that
// set them. Without a pending deadline all results are zero.
//
// What concerns waiting counts only while Queued: a conversation offered when
// its maximum wait is over overflows only if the offer fails.
func (c *Conversation) Next() (d agent.Deadline, what Due, seat int) {
	consider := func(e agent.Deadline, w Due, no int) {
		if e.Before(d) {
			d, what, seat = e, w, no
		}
	}
	if c.Offer != nil {
		consider(c.Offer.Deadline, DueOffer, 0)
	}
	for i := range c.Seats {
		if s := &c.Seats[i]; s.State == SeatWrapping {
			consider(s.Due, DueWrapUp, s.No)
		}
	}
	if c.State == Queued {
		consider(c.MaxWait, DueMaxWait, 0)
		if c.Relaxing != nil {
			consider(c.Relaxing.Next, DueRelax, 0)
		}
		if c.Exclusion != nil {
			consider(c.Exclusion.Until, DueExclusion, 0)
		}
		if c.Preference != nil {
			consider(c.Preference.Until, DuePreference, 0)
		}
	}
	if c.Lane != nil {
		consider(c.Lane.Retry, DueRetry, 0)
	}
	switch c.State {
	case Ended:
		if c.Finished {
			consider(c.Limit, DueLimit, 0)
		}
	case Active, Conference, Interrupted:
		// Not ConferenceRequested: whoever is invited may be about to go on.
		consider(c.Limit, DueLimit, 0)
	}
	return d, what, seat
}

func decideTick(c *Conversation, now time.Time, r *Rules, out []Event) ([]Event, error) {
	d, what, seat := c.Next()
	if !d.Passed(now) {
		return out, nil
	}
	switch what {
	case DueOffer:
		return c.endOffer(now, Expired, "", r, out), nil
	case DueWrapUp:
		return decideCloseWrapUp(c, CloseWrapUp{Seat: seat, Cause: CloseTimeLimit}, r, out)
	case DueMaxWait:
		return c.overflow(r, out), nil
	case DueRelax:
		steps := c.Relaxing.Steps + 1
		return append(out, NeedsRelaxed{
			Conversation: c.ID, Relaxed: steps, Next: RelaxAt(c.Needs, c.WaitingSince, steps),
		}), nil
	case DueExclusion:
		return append(out, ExclusionOver{Conversation: c.ID, Agent: c.Exclusion.Agent}), nil
	case DuePreference:
		return append(out, PreferenceDropped{Conversation: c.ID, Agent: c.Preference.Agent}), nil
	case DueRetry:
		return append(out, SendDue{Conversation: c.ID, No: c.Lane.No}), nil
	}
	if c.State == Ended {
		return c.forget(r, out), nil
	}
	return c.finish(now, EndedInactive, r, out), nil
}

// RelaxAt returns when the next relaxation step is due for a conversation that
// has waited since the given instant and has taken the given number of steps,
// or zero when there is none left. Steps of several needs at the same instant
// count as one.
func RelaxAt(needs []Need, since time.Time, relaxed int) time.Time {
	after, ok := stepAfter(needs, relaxed+1)
	if !ok {
		return time.Time{}
	}
	return since.Add(after)
}

// stepAfter returns the n-th smallest waiting time at which a step is due,
// counted from 1.
func stepAfter(needs []Need, n int) (after time.Duration, ok bool) {
	for range n {
		last, found := after, ok
		ok = false
		for i := range needs {
			for _, s := range needs[i].Steps {
				if (!found || s.After > last) && (!ok || s.After < after) {
					after, ok = s.After, true
				}
			}
		}
		if !ok {
			return 0, false
		}
	}
	return after, ok
}

// Relaxed returns the needs as they are after the given number of steps,
// without steps of their own; a need that was dropped is left out. The argument
// is not changed; the result shares its memory when no need has steps.
func Relaxed(needs []Need, steps int) []Need {
	fixed := true
	for i := range needs {
		fixed = fixed && len(needs[i].Steps) == 0
	}
	if fixed {
		return needs
	}
	waited, ok := stepAfter(needs, steps)
	if !ok && steps > 0 { // more than there are: all of them
		waited, ok = 1<<63-1, true
	}
	out := make([]Need, 0, len(needs))
	for _, n := range needs {
		level, latest, taken := n.Level, time.Duration(0), false
		for _, s := range n.Steps {
			if ok && s.After <= waited && (!taken || s.After >= latest) {
				level, latest, taken = s.Level, s.After, true
			}
		}
		if level > 0 {
			out = append(out, Need{Skill: n.Skill, Level: level})
		}
	}
	return out
}
