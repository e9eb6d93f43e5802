package switchboard_test

import (
	"context"
	"fmt"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// A desktop takes the state once and then follows the stream. The cursor can be
// stored: the stream goes on from there after a restart, without a gap.
func ExampleBoard_Events() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme"})
	check(err)
	defer board.Close()
	check(board.Administrator("root").Configure(ctx, shop))

	state, err := board.Watch(ctx)
	check(err)
	fmt.Println(len(state.Conversations), "conversations")

	check(board.Agent("ann").SignIn(ctx))
	check(board.Agent("ann").Available(ctx))
	_, err = board.Receive(ctx, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "carl", ExternalID: "m1", Text: "Hello",
	})
	check(err)

	cursor := state.Cursor
	for ev, err := range board.Events(ctx, cursor, switchboard.AboutAgent("ann")) {
		check(err)
		switch e := ev.Body.(type) {
		case agent.StateChanged:
			fmt.Println("ann is", e.State)
		case conversation.OfferMade:
			fmt.Println("ann is offered", e.Conversation)
		}
		cursor = ev.Cursor() // store it with what was done about the event
		if _, last := ev.Body.(conversation.OfferMade); last {
			break
		}
	}
	// Output:
	// 0 conversations
	// ann is idle
	// ann is available
	// ann is offered c8
}
