package conversation

import (
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// A conversation waits for a preferred agent who is busy, not for one who was
// asked and did not take it.
func TestPreferenceEndsWithARefusedOffer(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		outcome Outcome
		agent   agent.ID
		kept    bool
	}{
		{"declined", Declined, "ann", false},
		{"expired", Expired, "ann", false},
		{"withdrawn", Withdrawn, "ann", true},
		{"declined by another", Declined, "bob", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c Conversation
			c.Apply(at, 1, Opened{Conversation: 1, Wait: Wait{Queue: "q"}, Preferred: "ann", PreferUntil: at.Add(time.Minute)})
			c.Apply(at, 2, OfferMade{Conversation: 1, Agent: tt.agent, Kind: FromQueue, Deadline: at.Add(time.Second)})
			c.Apply(at, 3, OfferEnded{Conversation: 1, Agent: tt.agent, Kind: FromQueue, Outcome: tt.outcome})
			if got := c.Preference != nil; got != tt.kept {
				t.Errorf("kept: %v, want %v", got, tt.kept)
			}
		})
	}
}
