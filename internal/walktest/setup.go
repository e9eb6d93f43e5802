package walktest

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// setup is a small centre in which something is always about to run out.
func setup() routing.Setup {
	policy := wrapup.Policy{
		Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done",
		Limit: 40 * time.Second, Extension: 20 * time.Second, MaxExtensions: 1, Cancellable: true,
	}
	free := policy
	free.FreesSlot = true
	team := []routing.TeamID{"t"}
	return routing.Setup{
		Teams: []routing.Team{{ID: "t"}},
		Queues: []routing.Queue{
			{ID: "sales", Teams: team, OfferFor: 12 * time.Second, MaxWait: 50 * time.Second, MaxSize: 5,
				Overflow: []conversation.QueueID{"care"}, WrapUp: policy, TransferFallback: conversation.ToSender, InactiveAfter: 3 * time.Minute,
				Needs:     []conversation.Need{{Skill: "czech", Level: 5, Steps: []conversation.Relax{{After: 20 * time.Second, Level: 0}}}},
				Templates: map[conversation.EntryKind]string{conversation.EntryJoined: "{agent} joins"}},
			{ID: "care", Teams: team, Strategy: routing.LeastLoaded, OfferFor: 12 * time.Second, Cooldown: 5 * time.Second, WrapUp: free, Priority: 3},
		},
		Agents: []routing.Agent{
			{ID: "ann", Teams: team, Skills: map[conversation.Skill]int{"czech": 9}, Capacity: map[conversation.Medium]int{conversation.Social: 9}},
			{ID: "bob", Teams: team, Capacity: map[conversation.Medium]int{conversation.Social: 1}},
			{ID: "eva", Teams: team, Skills: map[conversation.Skill]int{"czech": 5}, Capacity: map[conversation.Medium]int{conversation.Social: 3}},
			{ID: "ivo", Teams: team, Skills: map[conversation.Skill]int{"czech": 7}, Capacity: map[conversation.Medium]int{conversation.Social: 6}},
			{ID: "jan", Teams: team, Capacity: map[conversation.Medium]int{conversation.Social: 9}},
		},
		Sources: []routing.Source{{ID: "page", Channel: channelName, Queue: "sales"}, {ID: "shop", Channel: channelName, Queue: "care"}},
		Settings: routing.Settings{
			Ageing: routing.Ageing(10 * time.Second), Agents: agent.Policy{ReturnAfter: 8 * time.Second, Grace: 15 * time.Second},
			PreferFor: time.Minute, PreferWait: 10 * time.Second, Linger: 30 * time.Second, InterruptedFor: 20 * time.Second, RetryFor: 25 * time.Second,
		},
	}
}
