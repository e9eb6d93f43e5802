package routing

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// MaxPace is how many departures a [Pace] remembers.
const MaxPace = 16

// Pace remembers when conversations last left a queue because an agent accepted
// them, and estimates from that how long others will wait. It is a plain value
// that can be compared with ==; the zero value remembers nothing.
//
// The text form is the instants in nanoseconds since 1970, the oldest first,
// with a space between them.
type Pace struct {
	left [MaxPace]int64 // nanoseconds since 1970, the oldest first, the first n used
	n    int
}

// Left returns the pace after one more departure, at the given instant. Of more
// than [MaxPace] the oldest is forgotten. An instant before the last one counts
// as the last one: departures do not come out of order, but clocks may step
// back.
func (p Pace) Left(at time.Time) Pace {
	if p.n == MaxPace {
		copy(p.left[:], p.left[1:])
		p.n--
	}
	p.left[p.n] = nanoseconds(at)
	if p.n > 0 {
		p.left[p.n] = max(p.left[p.n], p.left[p.n-1])
	}
	p.n++
	return p
}

// Estimate returns how long the conversation at a position, 1 for the next to
// leave, can be expected to wait from now on: the position times the mean
// interval between departures. If the last departure is longer ago than the
// mean, the time since then counts as one more interval, so that the estimate
// grows while nobody is served.
//
// It returns false with fewer than two departures, which make no interval, and
// for a position below 1.
//
// The estimate never falls with the position, nor with time while nobody
// leaves.
func (p Pace) Estimate(position int, now time.Time) (time.Duration, bool) {
	if p.n < 2 || position < 1 {
		return 0, false
	}
	first, last := p.left[0], p.left[p.n-1]
	mean := interval(first, last) / int64(p.n-1)
	if t := nanoseconds(now); t > last && interval(last, t) > mean {
		mean = interval(first, t) / int64(p.n)
	}
	if mean > 0 && int64(position) > math.MaxInt64/mean {
		return math.MaxInt64, true
	}
	return time.Duration(int64(position) * mean), true
}

// nanoseconds returns t since 1970, or the nearest that an int64 holds: times
// between 1678 and 2262.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// interval returns b - a for a <= b, or the most that an int64 holds.
func interval(a, b int64) int64 {
	if a < 0 && b > math.MaxInt64+a {
		return math.MaxInt64
	}
	return b - a
}

// AppendText appends the text form; it never fails.
func (p Pace) AppendText(b []byte) ([]byte, error) {
	for i, at := range p.left[:p.n] {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, at, 10)
	}
	return b, nil
}

// MarshalText returns the text form; it never fails.
func (p Pace) MarshalText() ([]byte, error) { return p.AppendText(nil) }

// UnmarshalText reads the text form. It refuses anything else with an
// *agent.NameError and leaves p as it is.
func (p *Pace) UnmarshalText(text []byte) error {
	var read Pace
	refused := &agent.NameError{Type: "routing.Pace", Name: fmt.Sprintf("%.40s", text)}
	if len(text) == 0 {
		*p = read
		return nil
	}
	for field := range strings.SplitSeq(string(text), " ") {
		at, err := strconv.ParseInt(field, 10, 64)
		if err != nil || read.n == MaxPace || read.n > 0 && at < read.left[read.n-1] || strconv.FormatInt(at, 10) != field {
			return refused
		}
		read.left[read.n] = at
		read.n++
	}
	*p = read
	return nil
}
