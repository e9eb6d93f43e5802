package routing_test

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Each strategy puts the same three agents in another order.
func ExampleRouter() {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	need := []conversation.Need{{Skill: "czech", Level: 1}}
	for _, strategy := range []routing.Strategy{
		routing.LongestAvailable, routing.LeastLoaded, routing.RoundRobin, routing.MostSkilled,
	} {
		r := routing.NewRouter()
		r.SetQueue("sales", strategy, true)
		agents := make([]routing.Candidate, 3)
		for i, a := range []struct {
			id          agent.ID
			level, free int
			place, turn uint64
		}{
			{"ann", 3, 1, 10, 30}, // has waited longest for work
			{"bob", 5, 2, 20, 20}, // has most free slots, and was asked longest ago
			{"eva", 9, 1, 30, 25}, // speaks Czech best
		} {
			r.SetAgent(&agents[i], a.id, []conversation.QueueID{"sales"}, map[conversation.Skill]int{"czech": a.level})
			r.Update(&agents[i], routing.Eligible, conversation.Social, a.free, a.place, a.turn)
		}

		var w routing.Waiter
		r.Wait(&w, 42, "sales", conversation.Social, routing.LeastUrgent, now, need, nil, nil)
		m, _ := r.Next(now)
		fmt.Printf("%v: %v to %s, key %d\n", strategy, m.Waiter.Conversation(), m.Agent.ID(), m.Decision.Key)
	}
	// Output:
	// longest-available: c42 to ann, key 10
	// least-loaded: c42 to bob, key 2
	// round-robin: c42 to bob, key 20
	// most-skilled: c42 to eva, key 9
}

// An agent who becomes free gets the most urgent of what waits, then the oldest.
func ExampleRouter_Next() {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	r := routing.NewRouter()
	r.SetQueue("sales", routing.LongestAvailable, true)
	var first, second, third routing.Waiter
	r.Wait(&first, 1, "sales", conversation.Social, 5, now.Add(-time.Minute), nil, nil, nil)
	r.Wait(&second, 2, "sales", conversation.Social, 5, now.Add(-2*time.Minute), nil, nil, nil)
	r.Wait(&third, 3, "sales", conversation.Social, 1, now, nil, nil, nil)

	var ann routing.Candidate
	r.SetAgent(&ann, "ann", []conversation.QueueID{"sales"}, nil)
	for free := 3; ; free-- {
		r.Update(&ann, routing.Eligible, conversation.Social, free, 1, 1)
		m, ok := r.Next(now)
		if !ok {
			break
		}
		fmt.Println(m.Waiter.Conversation(), m.Decision.Priority, m.Decision.Waited)
		r.Unwait(m.Waiter)
	}
	// Output:
	// c3 1 0s
	// c2 5 2m0s
	// c1 5 1m0s
}
