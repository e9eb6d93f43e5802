package routing_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/routing"
)

func TestAgeingPriority(t *testing.T) {
	const step = time.Minute
	tests := []struct {
		name   string
		ageing time.Duration
		p      int
		waited time.Duration
		want   int
	}{
		{"off", 0, 10, 1000 * time.Hour, 10},
		{"negative is off", -1, 10, time.Hour, 10},
		{"just arrived", step, 10, 0, 10},
		{"before arrival", step, 10, -time.Hour, 10},
		{"just before the first step", step, 10, step - 1, 10},
		{"first step", step, 10, step, 9},
		{"third step", step, 7, 3*step + 1, 4},
		{"just before the last step", step, 10, 9*step - 1, 2},
		{"last step", step, 10, 9 * step, 1},
		{"no further", step, 10, 9000 * step, 1},
		{"most urgent", step, 1, time.Hour, 1},
		{"shortest step, longest wait", 1, 10, math.MaxInt64, 1},
		{"out of range, never made worse", step, 0, time.Hour, 0},
		{"out of range below", step, -5, time.Hour, -5},
		{"out of range above", step, 100, 2 * step, 98},
		{"lowest int", step, math.MinInt, math.MaxInt64, math.MinInt},
		{"lowest int, shortest step", 1, math.MinInt, math.MaxInt64, math.MinInt},
		{"highest int", step, math.MaxInt, step, math.MaxInt - 1},
		{"highest int, longest wait", 1, math.MaxInt, math.MaxInt64, 1},
	}
	for _, tt := range tests {
		if got := routing.Ageing(tt.ageing).Priority(tt.p, tt.waited); got != tt.want {
			t.Errorf("%s: Priority(%d, %v) = %d, want %d", tt.name, tt.p, tt.waited, got, tt.want)
		}
	}
}

func TestAgeingBound(t *testing.T) {
	tests := []struct {
		ageing time.Duration
		p      int
		want   time.Duration
		ok     bool
	}{
		{time.Minute, 1, 0, true},
		{time.Minute, 2, time.Minute, true},
		{time.Minute, 10, 9 * time.Minute, true},
		{0, 1, 0, true},
		{0, 2, 0, false},
		{-1, 10, 0, false},
		{math.MaxInt64 / 9, 10, math.MaxInt64 / 9 * 9, true},
	}
	for _, tt := range tests {
		a := routing.Ageing(tt.ageing)
		got, ok := a.Bound(tt.p)
		if got != tt.want || ok != tt.ok {
			t.Errorf("ageing %v: Bound(%d) = %v, %t, want %v, %t", tt.ageing, tt.p, got, ok, tt.want, tt.ok)
		}
		if !ok || tt.p == routing.MostUrgent {
			continue
		}
		// The bound is where the priority becomes most urgent, not later.
		if at, before := a.Priority(tt.p, got), a.Priority(tt.p, got-1); at != routing.MostUrgent || before == routing.MostUrgent {
			t.Errorf("ageing %v: at the bound of %d the priority is %d, just before it %d", tt.ageing, tt.p, at, before)
		}
	}
}

// served is a conversation in the order in which an agent got it.
type served struct {
	priority int
	arrived  time.Duration
}

// serve simulates one agent who is always given the conversation with the best
// priority after ageing, of those the one that has waited longest. There are
// more arrivals than the agent can serve for most of the time.
func serve(r *rand.Rand, a routing.Ageing, n int) []served {
	arrivals := make([]served, n)
	var at time.Duration
	for i := range arrivals {
		at += time.Duration(r.Int64N(int64(20 * time.Second)))
		arrivals[i] = served{priority: routing.MostUrgent + r.IntN(routing.LeastUrgent), arrived: at}
		if r.IntN(3) > 0 { // most are urgent, or nobody would starve
			arrivals[i].priority = routing.MostUrgent
		}
	}
	var waiting, order []served
	var now time.Duration
	for len(order) < n {
		for len(arrivals) > 0 && arrivals[0].arrived <= now {
			waiting = append(waiting, arrivals[0]) // so the oldest comes first
			arrivals = arrivals[1:]
		}
		if len(waiting) == 0 {
			now = arrivals[0].arrived
			continue
		}
		best, bestPriority := -1, 0
		for i, c := range waiting {
			if p := a.Priority(c.priority, now-c.arrived); best < 0 || p < bestPriority {
				best, bestPriority = i, p
			}
		}
		order = append(order, waiting[best])
		waiting = append(waiting[:best], waiting[best+1:]...)
		now += time.Duration(r.Int64N(int64(24 * time.Second)))
	}
	return order
}

// overtaken returns for each served conversation by how much later the latest
// of those arrived who were served before it; negative if they were all older.
func overtaken(order []served) []time.Duration {
	by := make([]time.Duration, len(order))
	latest := time.Duration(math.MinInt64 / 2)
	for i, c := range order {
		by[i] = latest - c.arrived
		latest = max(latest, c.arrived)
	}
	return by
}

// TestE87NobodyIsOvertakenBeyondTheBound proves what Ageing.Bound says: whoever
// is served before a conversation was older or arrived before the bound had
// passed. Without ageing the same arrivals break that, and with it some come
// close, so neither the test nor the bound is idle.
func TestE87NobodyIsOvertakenBeyondTheBound(t *testing.T) {
	const ageing = routing.Ageing(30 * time.Second)
	var near, starved int
	for seed := range uint64(60) {
		order := serve(rand.New(rand.NewPCG(seed, 3)), ageing, 400)
		for i, by := range overtaken(order) {
			bound, ok := ageing.Bound(order[i].priority)
			if !ok {
				t.Fatalf("no bound for priority %d", order[i].priority)
			}
			switch {
			case by > 0 && by >= bound:
				t.Errorf("seed %d: priority %d was overtaken by one that arrived %v later, the bound is %v", seed, order[i].priority, by, bound)
			case order[i].priority == routing.LeastUrgent && by > bound*3/4:
				near++
			}
		}
		order = serve(rand.New(rand.NewPCG(seed, 3)), 0, 400)
		for i, by := range overtaken(order) {
			if bound, _ := ageing.Bound(order[i].priority); by > 2*bound && order[i].priority > routing.MostUrgent {
				starved++
			}
			if _, ok := routing.Ageing(0).Bound(order[i].priority); ok != (order[i].priority == routing.MostUrgent) {
				t.Errorf("without ageing, priority %d has a bound: %t", order[i].priority, ok)
			}
		}
	}
	if near == 0 {
		t.Error("no conversation came close to its bound: the bound is too wide or the simulation too easy")
	}
	if starved == 0 {
		t.Error("nobody starved without ageing: the simulation proves nothing")
	}
	t.Logf("%d of the least urgent came within a quarter of their bound; without ageing %d were overtaken beyond twice the bound", near, starved)
}
