package routing_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// All problems are reported at once, each with its place.
func ExampleSetup_Validate() {
	setup := routing.Setup{
		Queues: []routing.Queue{{
			ID:       "orders",
			Teams:    []routing.TeamID{"sales"},
			OfferFor: 20 * time.Millisecond,
			Overflow: []conversation.QueueID{"orders"},
			WrapUp:   wrapup.Policy{Reasons: []wrapup.Reason{{ID: "solved", Label: "Solved"}}},
		}},
		Agents: []routing.Agent{{
			ID:     "ann",
			Skills: map[conversation.Skill]int{"billing": 11},
		}},
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "ordres"}},
	}
	for _, problem := range setup.Validate(time.LoadLocation) {
		fmt.Println(problem)
	}
	// Output:
	// queues[0].teams[0]: there is no team "sales"
	// queues[0].offerFor: 20ms is not 1s to 1h40m0s
	// queues[0].overflow[0]: is the queue itself
	// queues[0].wrapUp.default: a default reason is needed
	// agents[0].skills["billing"]: 11 is not 1 to 10
	// sources[0].queue: there is no queue "ordres"
}

// What must change to make one setup of another.
func ExampleDiff() {
	now := routing.Setup{
		Teams:  []routing.Team{{ID: "sales"}, {ID: "night"}},
		Agents: []routing.Agent{{ID: "ann", Teams: []routing.TeamID{"night"}}, {ID: "bob"}},
	}
	wanted := routing.Setup{
		Agents: []routing.Agent{{ID: "bob"}, {ID: "ann", Teams: []routing.TeamID{"sales"}}},
		Teams:  []routing.Team{{ID: "sales"}},
	}
	changes := routing.Diff(now, wanted)
	for _, a := range changes.Agents {
		fmt.Println("set agent", a.ID, a.Teams)
	}
	for _, id := range changes.DeletedTeams {
		fmt.Println("delete team", id)
	}
	fmt.Println("again:", routing.Diff(wanted, wanted.Normal()).Empty())
	// Output:
	// set agent ann [sales]
	// delete team night
	// again: true
}

// What others name cannot be deleted.
func ExampleSetup_With() {
	setup := routing.Setup{
		Teams:  []routing.Team{{ID: "sales"}},
		Agents: []routing.Agent{{ID: "ann", Teams: []routing.TeamID{"sales"}}},
	}.Normal()
	_, err := setup.With(routing.DeleteTeam{Team: "sales"})
	fmt.Println(err, errors.Is(err, routing.ErrInUse))

	setup, err = setup.With(routing.DeleteAgent{Agent: "ann"})
	_, left := setup.Agent(agent.ID("ann"))
	fmt.Println(err, left)

	setup, err = setup.With(routing.DeleteTeam{Team: "sales"})
	fmt.Println(err, len(setup.Teams))
	// Output:
	// routing: in use: team "sales" is named by agent "ann" true
	// <nil> false
	// <nil> 0
}
