package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// A worker that follows the board stores the cursor of the last event that it has
// dealt with, and goes on from there after a restart: it gets every event once. The
// context says how long it waits for more.
func ExampleBoard_Events_resume() {
	store := switchboard.NewMemoryStore() // in a real program one that survives the process
	var stored switchboard.Cursor         // with what the worker did; "" is the beginning

	// run is one life of the program. It stops after some events, or when there are
	// no more.
	run := func(events int, work func(*switchboard.Board)) {
		board, err := switchboard.Open(context.Background(), switchboard.Config{Name: "acme", Node: "one", Store: store})
		check(err)
		defer board.Close()
		work(board)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		for ev, err := range board.Events(ctx, stored, nil) {
			if errors.Is(err, context.DeadlineExceeded) {
				fmt.Println("no more for now")
				return
			}
			check(err)
			fmt.Println(ev.Seq, switchboard.KindOf(ev.Body))
			stored = ev.Cursor()
			if events--; events == 0 {
				return
			}
		}
	}
	ctx := context.Background()
	run(2, func(b *switchboard.Board) {
		check(b.Administrator("root").Configure(ctx, shop))
	})
	fmt.Println("restart")
	run(100, func(b *switchboard.Board) {
		check(b.Agent("ann").SignIn(ctx))
	})
	// Output:
	// 1 routing.team-set
	// 2 routing.queue-set
	// restart
	// 3 routing.agent-set
	// 4 routing.agent-set
	// 5 routing.source-set
	// 6 agent.state-changed
	// no more for now
}
