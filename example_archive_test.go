package switchboard_test

import (
	"context"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// What is over goes to the archive, and is found there.
func ExampleArchive() {
	ctx := context.Background()
	now := clock.NewMock()
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme", Clock: now, Archive: switchboard.NewMemoryArchive()})
	check(err)
	defer board.Close()
	id := served(ctx, board)

	now.Add(time.Hour) // the linger time
	check(board.Quiet(ctx))
	_, err = board.Conversation(ctx, id)
	fmt.Println(err)
	ids, err := board.CustomerArchived(ctx, "page", "carl")
	check(err)
	c, err := board.Archived(ctx, ids[0])
	check(err)
	fmt.Println(c.State, c.End.Cause, c.Message(1).Text)
	// Output:
	// routing: unknown conversation "c8"
	// ended agent Hello
}

// A customer wants to be forgotten.
func ExampleAdministrator_Erase() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme", Clock: clock.NewMock(), Archive: switchboard.NewMemoryArchive()})
	check(err)
	defer board.Close()
	id := served(ctx, board)

	no, err := board.Administrator("root").Erase(ctx, "page", "carl")
	check(err)
	check(board.Quiet(ctx)) // in a real program the stream tells: routing.ErasureDone
	erasure, err := board.Erasure(ctx, no)
	check(err)
	fmt.Println("done:", !erasure.Done.IsZero())
	_, err = board.Conversation(ctx, id)
	fmt.Println(err)
	// Output:
	// done: true
	// routing: unknown conversation "c8"
}

// served has Ann serve a customer's conversation to its end.
func served(ctx context.Context, board *switchboard.Board) conversation.ID {
	check(board.Administrator("root").Configure(ctx, shop))
	ann := board.Agent("ann")
	check(ann.SignIn(ctx))
	check(ann.Available(ctx))
	id, err := board.Receive(ctx, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "carl", ExternalID: "m1", Text: "Hello",
	})
	check(err)
	check(ann.Accept(ctx, id))
	check(ann.End(ctx, id))
	check(ann.WrapUp(ctx, id, "sold"))
	return id
}
