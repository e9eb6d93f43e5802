package switchboard_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// shop is the setup of these examples: one queue, two agents, one page.
var shop = routing.Setup{
	Teams: []routing.Team{{ID: "shop"}},
	Queues: []routing.Queue{{
		ID: "sales", Teams: []routing.TeamID{"shop"}, OfferFor: 30 * time.Second,
		WrapUp: wrapup.Policy{
			Reasons: []wrapup.Reason{{ID: "sold", Label: "Sold"}, {ID: "none", Label: "No reason"}}, Default: "none",
		},
	}},
	Agents:  []routing.Agent{{ID: "ann", Name: "Ann", Teams: []routing.TeamID{"shop"}}, {ID: "bob", Teams: []routing.TeamID{"shop"}}},
	Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "sales"}},
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// echo is a transport that prints what it sends.
type echo struct{}

func (echo) Send(_ context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	fmt.Printf("to %s: %s\n", m.Customer, m.Text)
	return switchboard.Receipt{ExternalID: "m-" + m.Key}, nil
}

// One conversation from the customer's first message to the wrap-up.
func Example() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{
		Name:       "acme",
		Transports: map[conversation.Channel]switchboard.Transport{"messenger": echo{}},
	})
	check(err)
	defer board.Close()
	check(board.Administrator("root").Configure(ctx, shop))

	ann := board.Agent("ann")
	check(ann.SignIn(ctx))
	check(ann.Available(ctx))

	id, err := board.Receive(ctx, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "carl", ExternalID: "m1", Text: "Is it in stock?",
	})
	check(err)
	check(ann.Accept(ctx, id))
	_, err = ann.Send(ctx, id, "It is.")
	check(err)
	check(board.Quiet(ctx)) // so that the message is out before the end is printed
	check(ann.End(ctx, id))
	check(ann.WrapUp(ctx, id, "sold"))

	c, err := board.Conversation(ctx, id)
	check(err)
	fmt.Println(c.State, "by", c.End.Cause, "for reason", c.Seats[0].Reason.Label)
	// Output:
	// to carl: It is.
	// ended by agent for reason Sold
}

// What the routing decided can be explained, for any agent.
func ExampleBoard_Explain() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme"})
	check(err)
	defer board.Close()
	check(board.Administrator("root").Configure(ctx, shop))
	check(board.Agent("ann").SignIn(ctx))
	check(board.Agent("ann").Available(ctx))
	check(board.Agent("bob").SignIn(ctx))
	_, err = board.Receive(ctx, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "carl", ExternalID: "m1", Text: "Hello",
	})
	check(err)

	for ev, err := range board.Events(ctx, "", switchboard.OfKind("conversation.offer-made")) {
		check(err)
		why, err := board.Explain(ctx, ev.Seq)
		check(err)
		for _, c := range why.Candidates {
			fmt.Println(c.Agent, c.Standing, c.Chosen)
		}
		break
	}
	// Output:
	// ann eligible true
	// bob idle false
}
