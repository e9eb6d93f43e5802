package routing_test

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/routing"
)

// Agents have accepted a conversation every two minutes.
func ExamplePace() {
	at := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	var pace routing.Pace
	for range 4 {
		at = at.Add(2 * time.Minute)
		pace = pace.Left(at)
	}
	for _, now := range []time.Time{at, at.Add(time.Minute), at.Add(6 * time.Minute)} {
		wait, ok := pace.Estimate(3, now)
		fmt.Println(now.Format("15:04"), wait, ok)
	}
	// Output:
	// 09:08 6m0s true
	// 09:09 6m0s true
	// 09:14 9m0s true
}
