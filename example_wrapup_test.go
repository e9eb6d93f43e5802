package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// An agent chooses one of the queue's reasons within its limit; when the limit
// passes the default one is applied. Time is a clock.Mock here, so that the minute
// takes none.
func ExampleAgent_WrapUp() {
	ctx := context.Background()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme", Clock: mock})
	check(err)
	defer board.Close()
	check(board.Administrator("root").Configure(ctx, routing.Setup{
		Agents: []routing.Agent{{ID: "ann"}},
		Queues: []routing.Queue{{ID: "sales", Agents: []agent.ID{"ann"}, WrapUp: wrapup.Policy{
			Reasons: []wrapup.Reason{
				{ID: "sold", Label: "Sold"}, {ID: "complaint", Label: "Complaint"}, {ID: "none", Label: "No reason"},
			},
			Default: "none", Limit: time.Minute, Extension: 30 * time.Second, MaxExtensions: 1,
		}}},
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "sales"}},
	}))
	ann := board.Agent("ann")
	check(ann.SignIn(ctx))
	check(ann.Available(ctx))

	// talk is a conversation with a customer up to its end.
	talk := func(who conversation.Customer) conversation.ID {
		id, err := board.Receive(ctx, conversation.Inbound{
			Channel: "messenger", Source: "page", Customer: who, ExternalID: "m-" + string(who), Text: "Hello",
		})
		check(err)
		check(ann.Accept(ctx, id))
		check(ann.End(ctx, id))
		return id
	}
	seat := func(id conversation.ID) {
		c, err := board.Conversation(ctx, id)
		check(err)
		s := c.Seats[0]
		fmt.Printf("%s %s: %s %q\n", mock.Now().UTC().Format(time.TimeOnly), c.Customer, s.State, s.Reason.Label)
	}

	carl := talk("carl")
	reasons, err := board.Reasons(ctx, carl, "ann", "com") // as she types
	check(err)
	fmt.Println("offered:", reasons[0].Label)
	check(ann.WrapUp(ctx, carl, reasons[0].ID))
	seat(carl)

	eva := talk("eva")
	check(ann.ExtendWrapUp(ctx, eva))
	if errors.Is(ann.ExtendWrapUp(ctx, eva), wrapup.ErrExtension) {
		fmt.Println("one extension, no more")
	}
	mock.Add(time.Minute)
	seat(eva)
	mock.Add(30 * time.Second)
	seat(eva)
	// Output:
	// offered: Complaint
	// 09:00:00 carl: closed "Complaint"
	// one extension, no more
	// 09:01:00 eva: wrapping-up ""
	// 09:01:30 eva: closed "No reason"
}
