package switchboard_test

import (
	"context"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// A transfer that its target does not accept is never lost: by the policy of the
// queue it goes back to the queue, at its old age, or to the sender, if that one
// is there and has not wrapped up.
func ExampleAgent_TransferToAgent_notAccepted() {
	ctx := context.Background()
	for _, fallback := range []conversation.Fallback{conversation.ToOldQueue, conversation.ToSender} {
		mock := clock.NewMock()
		mock.Set(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
		board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme", Clock: mock})
		check(err)
		check(board.Administrator("root").Configure(ctx, routing.Setup{
			Agents: []routing.Agent{{ID: "ann"}, {ID: "bob"}},
			Queues: []routing.Queue{{
				ID: "sales", Agents: []agent.ID{"ann", "bob"}, OfferFor: 30 * time.Second, TransferFallback: fallback,
				WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done"},
			}},
			Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "sales"}},
		}))
		ann, bob := board.Agent("ann"), board.Agent("bob")
		check(ann.SignIn(ctx))
		check(ann.Available(ctx))
		id, err := board.Receive(ctx, conversation.Inbound{
			Channel: "messenger", Source: "page", Customer: "carl", ExternalID: "m1", Text: "Hello",
		})
		check(err)
		check(ann.Accept(ctx, id))
		check(bob.SignIn(ctx))
		check(bob.Available(ctx))

		check(ann.TransferToAgent(ctx, id, "bob"))
		check(ann.Idle(ctx, "lunch")) // nothing new for ann, once this is done
		mock.Add(30 * time.Second)    // bob does not answer

		c, err := board.Conversation(ctx, id)
		check(err)
		target, err := board.AgentInfo(ctx, "bob")
		check(err)
		fmt.Printf("%s: it is %s, owner %q, waits since %s; bob is %s\n",
			fallback, c.State, c.OwnerID(), c.WaitingSince.Format(time.TimeOnly), target.Agent.State)
		check(board.Close())
	}
	// Output:
	// queue: it is queued, owner "", waits since 09:00:00; bob is rona
	// sender: it is active, owner "ann", waits since 09:00:00; bob is rona
}
