package switchboard_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Every refusal is a typed error and leaves the state as it was. Branch with
// errors.Is, and ask for the details with errors.As.
func Example_errors() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme"})
	check(err)
	defer board.Close()
	check(board.Administrator("root").Configure(ctx, shop))
	ann, bob := board.Agent("ann"), board.Agent("bob")
	check(ann.SignIn(ctx))
	check(ann.Available(ctx))
	id, err := board.Receive(ctx, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "carl", ExternalID: "m1", Text: "Hello",
	})
	check(err)
	check(ann.Accept(ctx, id))

	err = bob.Accept(ctx, id)
	var refusal *conversation.Refusal
	if errors.Is(err, conversation.ErrNotOffered) && errors.As(err, &refusal) {
		fmt.Println(refusal.Command, "refused:", refusal.Conversation, "is", refusal.State, "and held by", refusal.Holder)
	}

	_, err = ann.Send(ctx, id, "  ")
	var text *conversation.TextError
	if errors.As(err, &text) {
		fmt.Println("the text is", text.Problem)
	}

	if err := board.Agent("zoe").SignIn(ctx); errors.Is(err, routing.ErrUnknown) {
		fmt.Println("there is no zoe")
	}
	// Output:
	// Accept refused: c8 is active and held by ann
	// the text is empty
	// there is no zoe
}

// With a key a command can be asked again when its outcome is not known: it is
// done once.
func Example_idempotency() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme"})
	check(err)
	defer board.Close()
	check(board.Administrator("root").Configure(ctx, shop))
	check(board.Agent("ann").SignIn(ctx))

	cmd := switchboard.Command{
		By: switchboard.Actor{Role: agent.Self, ID: "ann"}, Key: "click-1",
		Do: agent.MakeAvailable{Agent: "ann"},
	}
	for range 2 {
		res, err := board.Do(ctx, cmd)
		if errors.Is(err, switchboard.ErrOutcomeUnknown) {
			continue // ask again
		}
		check(err)
		fmt.Println("a duplicate:", res.Duplicate)
	}
	// Output:
	// a duplicate: false
	// a duplicate: true
}
