package routing_test

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/routing"
)

// With ageing of five minutes even the least urgent conversation is most urgent
// after three quarters of an hour, and the oldest of those goes first.
func ExampleAgeing() {
	ageing := routing.Ageing(5 * time.Minute)
	for _, waited := range []time.Duration{0, 5 * time.Minute, 22 * time.Minute, time.Hour} {
		fmt.Println(waited, ageing.Priority(routing.LeastUrgent, waited))
	}
	fmt.Println(ageing.Bound(routing.LeastUrgent))

	fmt.Println(routing.Ageing(0).Bound(routing.LeastUrgent))
	// Output:
	// 0s 10
	// 5m0s 9
	// 22m0s 6
	// 1h0m0s 1
	// 45m0s true
	// 0s false
}
