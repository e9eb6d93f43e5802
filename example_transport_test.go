package switchboard_test

import (
	"context"
	"fmt"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// pigeons carry messages. They lose one now and then, and know which.
type pigeons struct{ home map[string]bool }

func (p *pigeons) Send(_ context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	if m.Text == "too heavy" {
		return switchboard.Receipt{}, &switchboard.SendError{Why: conversation.FailContent, Detail: "500 g at most"}
	}
	p.home[m.Key] = true
	return switchboard.Receipt{}, fmt.Errorf("the pigeon is late") // it may have arrived
}

// Settle implements switchboard.Settler.
func (p *pigeons) Settle(_ context.Context, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt, error) {
	if p.home[m.Key] {
		return switchboard.Arrived, switchboard.Receipt{ExternalID: "ring-" + m.Key}, nil
	}
	return switchboard.NotSent, switchboard.Receipt{}, nil
}

// A transport carries messages over a channel of your own.
func ExampleTransport() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{
		Name:       "acme",
		Transports: map[conversation.Channel]switchboard.Transport{"messenger": &pigeons{home: map[string]bool{}}},
	})
	check(err)
	defer board.Close()
	check(board.Administrator("root").Configure(ctx, shop))
	ann := board.Agent("ann")
	check(ann.SignIn(ctx))
	check(ann.Available(ctx))
	id, err := board.Receive(ctx, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "carl", ExternalID: "m1", Text: "Hello",
	})
	check(err)
	check(ann.Accept(ctx, id))
	for _, text := range []string{"light", "too heavy"} {
		_, err = ann.Send(ctx, id, text)
		check(err)
	}
	check(board.Quiet(ctx)) // in a real program the stream tells

	c, err := board.Conversation(ctx, id)
	check(err)
	for _, m := range c.Messages {
		if m.Delivery != nil {
			fmt.Printf("%s: %s %q\n", m.Text, m.Delivery.Status, m.Delivery.Detail)
		}
	}
	// Output:
	// light: sent ""
	// too heavy: failed "500 g at most"
}
