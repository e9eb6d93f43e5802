package routing_test

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// shop returns a valid setup, not in normal form, in which no field of an entry
// with index 0 is zero.
func shop() routing.Setup {
	reasons := []wrapup.Reason{{ID: "solved", Label: "Solved"}, {ID: "spam", Label: "Spam"}}
	return routing.Setup{
		Queues: []routing.Queue{
			{
				ID: "orders", Name: "Objednávky",
				Teams: []routing.TeamID{"sales", "night"}, Agents: []agent.ID{"eva"},
				Channels: []conversation.Channel{"messenger", "instagram"},
				Strategy: routing.MostSkilled, Priority: 3,
				Needs: []conversation.Need{{Skill: "czech", Level: 5, Steps: []conversation.Relax{
					{After: time.Minute, Level: 3}, {After: 2 * time.Minute, Level: 0}}}},
				OfferFor: 20 * time.Second, Cooldown: time.Minute, ServiceLevel: 45 * time.Second,
				MaxWait: 10 * time.Minute, MaxSize: 50, Overflow: []conversation.QueueID{"care", "backup"},
				Hours: shopHours(), AtClosing: routing.CloseNotify, Notice: "Zavřeno.",
				WrapUp: wrapup.Policy{Reasons: reasons, Default: "solved", Limit: time.Minute,
					Extension: time.Minute, MaxExtensions: 2, Cancellable: true, FreesSlot: true},
				JoinedOwesNone: true, NoTransfers: true,
				TransferFallback: conversation.FallbackQueue, FallbackQueue: "backup",
				InactiveAfter: time.Hour,
				Templates: map[conversation.EntryKind]string{
					conversation.EntryJoined: "{agent} se připojil.", conversation.EntryLeft: "{agent} odešel."},
			},
			{ID: "care", Teams: []routing.TeamID{"sales"}, WrapUp: wrapup.Policy{Reasons: reasons, Default: "spam"}},
			{ID: "backup", WrapUp: wrapup.Policy{Reasons: reasons, Default: "spam"}},
		},
		Teams: []routing.Team{{ID: "sales", Name: "Prodej"}, {ID: "night"}},
		Agents: []routing.Agent{
			{
				ID: "eva", Name: "Eva Růžičková", Teams: []routing.TeamID{"sales"},
				Skills:   map[conversation.Skill]int{"czech": 10, "billing": 4},
				Capacity: map[conversation.Medium]int{conversation.Social: 3, "voice": 0},
			},
			{ID: "bob"},
		},
		Sources: []routing.Source{
			{ID: "page-2", Channel: "messenger", Name: "Obchod", Queue: "orders", Priority: 1,
				Needs: []conversation.Need{{Skill: "czech", Level: 2, Steps: []conversation.Relax{{After: time.Second, Level: 1}}}}},
			{ID: "page-1", Channel: "messenger", Queue: "care"},
		},
		Settings: routing.Settings{
			Ageing: routing.Ageing(time.Minute),
			Agents: agent.Policy{ReturnAfter: time.Minute, MissesToIdle: 3, MissedReason: "missed", SignInReason: "hello",
				Grace: time.Minute},
			WhenGone: routing.HoldSeats, MaxHops: 4,
			MaxText:        map[conversation.Channel]int{"messenger": 1000, "instagram": 900},
			InterruptedFor: time.Hour, PreferFor: time.Hour, PreferWait: time.Minute, RetryFor: time.Minute, Linger: time.Minute,
		},
	}
}

// shopHours has a week and holidays with and without openings.
func shopHours() routing.Hours {
	return routing.Hours{
		Zone: "Europe/Prague",
		Week: []routing.Opening{{Day: time.Monday, From: routing.Clock(8, 0), To: routing.Clock(17, 0)}},
		Holidays: []routing.Holiday{
			{Date: "2026-12-24", Openings: []routing.Span{{From: routing.Clock(9, 0), To: routing.Clock(11, 0)}}},
			{Date: "2026-12-25"},
		},
	}
}
