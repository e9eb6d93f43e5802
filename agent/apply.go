package agent

import (
	"slices"
	"time"
)

// Apply changes the agent in place by an event that has happened: at its
// instant, with its number in the log, done by that actor. It never fails; an
// event of another agent, or of a kind it does not know, changes nothing.
//
// Memory that an earlier copy of the agent shares is left alone: Sessions and
// Attributes are copied when they change.
func (a *Agent) Apply(at time.Time, seq uint64, by Actor, e Event) {
	switch e := e.(type) {
	case StateChanged:
		if e.Agent == a.ID {
			a.applyState(at, seq, by, e)
		}
	case IdlePending:
		if e.Agent == a.ID {
			a.Pending, a.PendingReason = true, e.Reason
		}
	case IdleCancelled:
		if e.Agent == a.ID {
			a.Pending, a.PendingReason = false, ""
		}
	case Connected:
		if e.Agent == a.ID {
			// Clip makes append copy instead of writing into spare capacity,
			// which two copies of the agent would both take for their own.
			a.Sessions = append(slices.Clip(a.Sessions), e.Session)
			a.Watched = true
			a.Grace = Deadline{}
		}
	case Dropped:
		if e.Agent == a.ID {
			a.Sessions = without(a.Sessions, e.Session)
			a.Grace = deadline(e.Grace, seq)
		}
	case GraceRestarted:
		if e.Agent == a.ID {
			a.Grace = deadline(e.Grace, seq)
		}
	case AttributesSet:
		if e.Agent == a.ID {
			a.Attributes = a.Attributes.Apply(e.Set)
		}
	}
}

func (a *Agent) applyState(at time.Time, seq uint64, by Actor, e StateChanged) {
	a.State, a.Reason = e.State, e.Reason
	a.Since, a.By, a.Cause = at, by, e.Cause
	a.Pending, a.PendingReason = false, ""
	a.Misses = e.Misses
	a.Return = deadline(e.Return, seq)
	switch e.State {
	case Available:
		a.Place = seq
		if a.Turn == 0 {
			a.Turn = seq
		}
	case SignedOut:
		// The sessions stay: a desktop may be open at the sign-in page.
		a.Misses = 0
		a.Turn = 0
		a.Grace = Deadline{}
	}
}

// Offered notes that the agent was offered a conversation by the event with
// that number: it goes to the tail of the longest-available order and of a
// rotation.
func (a *Agent) Offered(seq uint64) { a.Place, a.Turn = seq, seq }

// Took notes that the agent accepted an offer by the event with that number:
// its misses are no longer in a row. Its place was taken by the offer, so the
// number is not used.
func (a *Agent) Took(_ uint64) { a.Misses = 0 }

// SeatClosed notes that a seat of the agent was closed by the event with that
// number: it goes to the tail of the longest-available order.
func (a *Agent) SeatClosed(seq uint64) { a.Place = seq }

// deadline is the deadline that the event with number seq sets; the zero time
// sets none.
func deadline(at time.Time, seq uint64) Deadline {
	if at.IsZero() {
		return Deadline{}
	}
	return Deadline{At: at, Set: seq}
}

// without returns a new slice without s, nil when nothing is left.
func without(list []string, s string) []string {
	var out []string
	for _, have := range list {
		if have != s {
			out = append(out, have)
		}
	}
	return out
}
