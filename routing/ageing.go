package routing

import (
	"math"
	"time"
)

// Ageing is the waiting time that improves a conversation's priority by one.
// Zero switches ageing off: then a priority may starve behind better ones (E87).
type Ageing time.Duration

// Priority returns the priority after ageing: one better for each full step
// waited, down to MostUrgent. It is never worse than p; a p that is better than
// MostUrgent, which no setup and no command can give, is returned as it is.
func (a Ageing) Priority(p int, waited time.Duration) int {
	if a <= 0 || waited <= 0 || p <= MostUrgent {
		return p
	}
	if steps := int64(waited) / int64(a); steps < int64(p-MostUrgent) {
		return p - int(steps)
	}
	return MostUrgent
}

// Bound returns how long a conversation of priority p can be overtaken by later
// ones. Once it has waited that long it is most urgent and the oldest of those,
// so only conversations that were older or arrived before then can be served
// before it. It returns false when ageing is off and p is not MostUrgent: then there is
// no bound. A bound that a time.Duration cannot hold is given as the longest one.
func (a Ageing) Bound(p int) (time.Duration, bool) {
	if p <= MostUrgent {
		return 0, true
	}
	if a <= 0 {
		return 0, false
	}
	steps := int64(p - MostUrgent)
	if int64(a) > math.MaxInt64/steps {
		return math.MaxInt64, true
	}
	return time.Duration(a) * time.Duration(steps), true
}
