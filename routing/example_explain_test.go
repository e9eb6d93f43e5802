package routing_test

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// A supervisor asks why Bob did not get a conversation.
func ExampleExplanation() {
	bob := &agent.Agent{ID: "bob", State: agent.Available, Pending: true} // has asked for Idle
	explanation := routing.Explanation{
		Conversation: 42,
		Agent:        "ann",
		Queue:        "orders",
		Decision:     conversation.Decision{Strategy: "longest-available", Key: 17, Waited: 90 * time.Second, Priority: 3, Eligible: 1},
		Candidates: []routing.Considered{
			{Agent: "ann", Key: 17, Place: 17, Chosen: true},
			{Agent: "bob", Standing: routing.StandingOf(bob, 2)},
		},
	}
	fmt.Println(explanation)
	why, served := explanation.Why("bob")
	fmt.Println("why not Bob:", why, served)
	why, served = explanation.Why("eva")
	fmt.Println("why not Eva:", why, served)
	// Output:
	// c42 in queue "orders", priority 3 after 1m30s: agent "ann" by longest-available, of 1 eligible
	// 	"ann": eligible, key 17, place 17, chosen
	// 	"bob": idle
	// why not Bob: idle true
	// why not Eva: not-serving false
}
