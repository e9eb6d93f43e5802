package agent_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// A day of one agent: she signs in, becomes available, misses an offer, and
// comes back.
func Example() {
	ann := agent.Agent{ID: "ann"}
	herself := agent.Actor{Role: agent.Self, ID: "ann"}
	now := time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)
	var seq uint64 // the number of the last event in the log

	do := func(by agent.Actor, cmd agent.Command) {
		events, err := agent.Decide(&ann, now, by, cmd, agent.Load{}, nil, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, e := range events {
			seq++
			ann.Apply(now, seq, by, e)
		}
		fmt.Println(now.Format("15:04"), ann.State, ann.Reason, "ready:", ann.Ready())
	}
	do(herself, agent.MakeAvailable{Agent: "ann"})
	do(herself, agent.SignIn{Agent: "ann"})
	do(herself, agent.MakeAvailable{Agent: "ann"})
	now = now.Add(10 * time.Minute)
	do(agent.Actor{}, agent.Miss{Agent: "ann"})
	now = now.Add(time.Minute)
	do(herself, agent.MakeAvailable{Agent: "ann"})
	// Output:
	// MakeAvailable of agent "ann" (signed-out): agent: not in this state
	// 09:00 idle signed in ready: false
	// 09:00 available  ready: true
	// 09:10 rona  ready: false
	// 09:11 available  ready: true
}

// Whether a command is refused can depend on what the agent holds.
func ExampleDecide() {
	ann := agent.Agent{ID: "ann", State: agent.Available}
	herself := agent.Actor{Role: agent.Self, ID: "ann"}
	load := agent.Load{Live: 2}

	_, err := agent.Decide(&ann, time.Time{}, herself, agent.SignOut{Agent: "ann"}, load, nil, nil)
	fmt.Println(errors.Is(err, agent.ErrEngaged), err)

	chief := agent.Actor{Role: agent.Supervisor, ID: "sue"}
	events, err := agent.Decide(&ann, time.Time{}, chief, agent.SignOut{Agent: "ann", Force: true}, load, nil, nil)
	fmt.Println(events[0].(agent.StateChanged).Cause, err)
	// Output:
	// true SignOut of agent "ann" (available): agent: a conversation is live
	// forced <nil>
}

// Idle asked for while engaged waits until the last seat is closed.
func ExampleSettle() {
	ann := agent.Agent{ID: "ann", State: agent.Available}
	now := time.Date(2031, time.March, 3, 12, 0, 0, 0, time.UTC)
	var seq uint64
	do := func(cmd agent.Command, load agent.Load) {
		events, _ := agent.Decide(&ann, now, agent.Actor{}, cmd, load, nil, nil)
		for _, e := range events {
			seq++
			ann.Apply(now, seq, agent.Actor{}, e)
		}
		fmt.Println(ann.State, ann.Reason, ann.PendingReason)
	}
	do(agent.MakeIdle{Agent: "ann", Reason: "lunch"}, agent.Load{Live: 1})
	do(agent.Settle{Agent: "ann"}, agent.Load{Wrapping: 1})
	do(agent.Settle{Agent: "ann"}, agent.Load{})
	// Output:
	// available  lunch
	// available  lunch
	// idle lunch
}

// Next says when to send the next Tick: here when the grace time is over.
func ExampleAgent_Next() {
	ann := agent.Agent{ID: "ann", State: agent.Idle, Sessions: []string{"desk"}, Watched: true}
	now := time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)
	policy := &agent.Policy{Grace: time.Minute}

	events, _ := agent.Decide(&ann, now, agent.Actor{}, agent.Disconnect{Agent: "ann", Session: "desk"}, agent.Load{}, policy, nil)
	ann.Apply(now, 1, agent.Actor{}, events[0])
	next := ann.Next()
	fmt.Println(next.At.Format(time.TimeOnly), next.Passed(now))

	events, _ = agent.Decide(&ann, next.At, agent.Actor{}, agent.Tick{Agent: "ann"}, agent.Load{}, policy, nil)
	ann.Apply(next.At, 2, agent.Actor{}, events[0])
	fmt.Println(ann.State, ann.Cause, ann.Next().Pending())
	// Output:
	// 09:01:00 false
	// signed-out disconnected false
}

func ExampleAttributes_Merge() {
	have := agent.Attributes{"team": "red", "desk": "4"}
	now, err := have.Merge(agent.Attributes{"team": "blue", "desk": ""})
	fmt.Println(now, have, err)

	_, err = have.Merge(agent.Attributes{"": "x"})
	fmt.Println(errors.Is(err, agent.ErrAttributes))
	// Output:
	// map[team:blue] map[desk:4 team:red] <nil>
	// true
}

func ExamplePolicy_Validate() {
	policy := agent.Policy{ReturnAfter: -time.Minute, MissesToIdle: 3}
	for _, problem := range policy.Validate("availability") {
		fmt.Println(problem)
	}
	// Output:
	// availability.returnAfter: -1m0s is negative
}

// The table answers what can make an agent RONA.
func ExampleTransitions() {
	for _, t := range agent.Transitions() {
		if t.To == agent.RONA && !t.FromPending {
			fmt.Println(t.From, t.Command, t.Cause)
		}
	}
	// Output:
	// available Miss missed
	// available Miss disconnected
}
