package routing_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/routing"
)

var opening = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// paceOf returns the pace of departures the given numbers of seconds after
// opening.
func paceOf(seconds ...int) routing.Pace {
	var p routing.Pace
	for _, s := range seconds {
		p = p.Left(opening.Add(time.Duration(s) * time.Second))
	}
	return p
}

func TestEstimate(t *testing.T) {
	var many []int // twenty departures: three slow ones, then one a second
	for i := range 20 {
		many = append(many, min(i, 3)*1000+i)
	}
	tests := []struct {
		name     string
		p        routing.Pace
		position int
		now      int // seconds after opening
		want     time.Duration
		ok       bool
	}{
		{"nothing known", routing.Pace{}, 1, 0, 0, false},
		{"one departure is no interval", paceOf(10), 1, 20, 0, false},
		{"two departures", paceOf(10, 40), 1, 40, 30 * time.Second, true},
		{"position counts", paceOf(10, 40), 5, 40, 150 * time.Second, true},
		{"position 0", paceOf(10, 40), 0, 40, 0, false},
		{"position below 0", paceOf(10, 40), -1, 40, 0, false},
		{"mean of intervals", paceOf(0, 10, 40, 60), 2, 60, 40 * time.Second, true},
		{"a pause as long as the mean changes nothing", paceOf(0, 20, 40), 1, 60, 20 * time.Second, true},
		{"a longer pause is one more interval", paceOf(0, 20, 40), 1, 160, 160 * time.Second / 3, true},
		{"all at once", paceOf(5, 5, 5), 3, 5, 0, true},
		{"all at once, then nothing", paceOf(5, 5, 5), 3, 65, time.Minute, true},
		{"before the last departure", paceOf(0, 20, 40), 1, -5, 20 * time.Second, true},
		{"clock stepped back", paceOf(20, 40, 10), 1, 40, 10 * time.Second, true},
		{"only the last sixteen", paceOf(many...), 1, 3019, time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.p.Estimate(tt.position, opening.Add(time.Duration(tt.now)*time.Second))
			if got != tt.want || ok != tt.ok {
				t.Errorf("Estimate = %v, %t, want %v, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestEstimateAtTheEndsOfTime(t *testing.T) {
	first, last := time.Time{}, time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)
	p := routing.Pace{}.Left(first).Left(last)
	for _, position := range []int{1, 2, math.MaxInt} {
		for _, now := range []time.Time{first, opening, last} {
			if got, ok := p.Estimate(position, now); got != math.MaxInt64 || !ok {
				t.Errorf("Estimate(%d, %v) = %v, %t, want the longest duration", position, now, got, ok)
			}
		}
	}
	if got, ok := paceOf(0, 60).Estimate(math.MaxInt, opening); got != math.MaxInt64 || !ok {
		t.Errorf("at the last position %v, %t, want the longest duration", got, ok)
	}
}

func TestPaceIsAValue(t *testing.T) {
	p := paceOf(1, 2, 3)
	q := p.Left(opening.Add(time.Hour))
	if p != paceOf(1, 2, 3) || q != paceOf(1, 2, 3, 3600) {
		t.Error("Left changed its receiver")
	}
	berlin := time.FixedZone("", 3600)
	if paceOf(1) != (routing.Pace{}).Left(opening.Add(time.Second).In(berlin)) {
		t.Error("the zone of an instant makes a difference")
	}
}

// TestEstimateIsMonotone proves what the documentation promises, and that a
// departure never makes the wait of those who stay look longer while the pace
// forgets none.
func TestEstimateIsMonotone(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		var p routing.Pace
		now := opening
		for n := range 2 * routing.MaxPace {
			now = now.Add(time.Duration(r.Int64N(int64(time.Minute))))
			before, known := p.Estimate(1, now)
			p = p.Left(now)
			after, ok := p.Estimate(1, now)
			if ok != (n > 0) {
				t.Fatalf("seed %d: after %d departures the estimate is known: %t", seed, n+1, ok)
			}
			if known && n < routing.MaxPace && after > before {
				t.Errorf("seed %d: departure %d made %v of %v", seed, n+1, after, before)
			}
			last, at := time.Duration(0), now.Add(-time.Minute)
			for range 20 {
				at = at.Add(time.Duration(r.Int64N(int64(30 * time.Second))))
				got, _ := p.Estimate(2, at)
				if got < last {
					t.Errorf("seed %d: with time the estimate fell from %v to %v", seed, last, got)
				}
				last = got
				one, _ := p.Estimate(1, at)
				three, _ := p.Estimate(3, at)
				if one > got || got > three || one+got != three {
					t.Errorf("seed %d: positions 1, 2, 3 wait %v, %v, %v", seed, one, got, three)
				}
			}
		}
	}
}

func TestPaceText(t *testing.T) {
	if text, err := (routing.Pace{}).MarshalText(); err != nil || string(text) != "" {
		t.Errorf("the zero pace is written %q, %v", text, err)
	}
	text, err := paceOf(0, 1).MarshalText()
	if want := "1772442000000000000 1772442001000000000"; err != nil || string(text) != want {
		t.Errorf("written %q, %v, want %q", text, err, want)
	}
	for _, bad := range []string{" ", "x", "1 ", " 1", "1  2", "2 1", "+1", "01", "1.5", "9223372036854775808", strings.Repeat("1 ", 16) + "1"} {
		p := paceOf(7)
		var refused *agent.NameError
		if err := p.UnmarshalText([]byte(bad)); !errors.As(err, &refused) || p != paceOf(7) {
			t.Errorf("%q is read as %v, error %v", bad, p, err)
		}
	}
}

func FuzzPaceText(f *testing.F) {
	for _, s := range []string{"", "0", "-5 7 7", "2 1", strings.Repeat("1 ", 15) + "1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p routing.Pace
		if p.UnmarshalText([]byte(s)) != nil {
			return
		}
		if text, err := p.MarshalText(); err != nil || string(text) != s {
			t.Errorf("%q is written again as %q, %v", s, text, err)
		}
		if got, _ := p.Left(opening).Estimate(3, opening.Add(time.Hour)); got < 0 {
			t.Errorf("%q: estimate %v", s, got)
		}
	})
}
