package routing_test

import (
	"fmt"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/routing"
)

// An agent looks for a colleague and types no diacritics.
func ExampleSearch() {
	directory := []routing.Target{
		{Kind: routing.AgentTarget, Agent: "ruzickova", Name: "Eva Růžičková", State: agent.Available, Free: 2},
		{Kind: routing.AgentTarget, Agent: "novak", Name: "Jan Novák", State: agent.Available, Free: 1},
		{Kind: routing.AgentTarget, Agent: "ruzicka", Name: "Jiří Růžička", State: agent.Available, Full: true},
		{Kind: routing.QueueTarget, Queue: "orders", Name: "Květiny a růže", Open: true, Staffed: true},
	}
	routing.SortTargets(directory)
	for _, t := range routing.Search(directory, "ruz") {
		switch {
		case t.Kind == routing.QueueTarget:
			fmt.Println(t.Name, "- waiting:", t.Waiting)
		case t.Full:
			fmt.Println(t.Name, "- full")
		default:
			fmt.Println(t.Name, "- free slots:", t.Free)
		}
	}
	// Output:
	// Květiny a růže - waiting: 0
	// Eva Růžičková - free slots: 2
	// Jiří Růžička - full
}
