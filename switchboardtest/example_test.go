package switchboardtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/switchboardtest"
	"github.com/switchboard-go/switchboard/wrapup"
)

// setup is a queue that ann and bob serve.
var setup = routing.Setup{
	Agents: []routing.Agent{{ID: "ann"}, {ID: "bob"}},
	Queues: []routing.Queue{{
		ID: "sales", Agents: []agent.ID{"ann", "bob"}, OfferFor: 30 * time.Second,
		WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done", Limit: time.Minute},
	}},
	Sources: []routing.Source{{ID: "page", Channel: switchboardtest.Messenger, Queue: "sales"}},
}

// In a test this is the *testing.T.
type exampleT struct{}

func (exampleT) Helper()                      {}
func (exampleT) Cleanup(func())               {}
func (exampleT) Errorf(f string, args ...any) { fmt.Printf(f+"\n", args...) }
func (exampleT) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

// greeter is the program under test: it greets whoever is left waiting.
type greeter struct{ board *switchboard.Board }

func (g greeter) greet(ctx context.Context, id conversation.ID, waited time.Duration) error {
	c, err := g.board.Conversation(ctx, id)
	if err != nil || c.State != conversation.Queued {
		return err
	}
	_, err = g.board.Bot("greeter").Send(ctx, id, fmt.Sprintf("You have waited for %v. Thank you!", waited))
	return err
}

// A test of one's own program: it writes to customers who wait, and to nobody
// else.
func Example() {
	var t exampleT
	ctx := context.Background()
	kit := switchboardtest.New(t, switchboardtest.Config{Setup: setup})
	defer kit.Board.Close()

	kit.Ready("ann")
	id := kit.Arrive("page", "eva", "Dobry den")
	kit.Advance(30 * time.Second) // ann does not answer

	g := greeter{kit.Board}
	if err := g.greet(ctx, id, 30*time.Second); err != nil {
		t.Fatalf("%v", err)
	}
	kit.Settle()
	for _, m := range kit.Transport.Sent() {
		fmt.Printf("to %s: %s\n", m.Customer, m.Text)
	}
	// Output:
	// to eva: You have waited for 30s. Thank you!
}

// What has happened can be read, or compared with what should have.
func ExampleKit_Expect() {
	kit := switchboardtest.New(exampleT{}, switchboardtest.Config{Setup: setup})
	defer kit.Board.Close()

	kit.Ready("ann")
	kit.Arrive("page", "eva", "Dobry den")
	kit.Expect("agent.*", "agent.*", "conversation.opened", "conversation.message-added", "conversation.offer-made")
	kit.Advance(time.Minute)
	for _, e := range kit.Events() {
		fmt.Println(e.At.Format(time.TimeOnly), switchboard.KindOf(e.Body))
	}
	// Output:
	// 09:00:30 conversation.offer-ended
	// 09:00:30 agent.state-changed
	// 09:01:00 conversation.exclusion-over
}

// The story decides how a send ends, and when.
func ExampleTransport() {
	ctx := context.Background()
	kit := switchboardtest.New(exampleT{}, switchboardtest.Config{Setup: setup})
	defer kit.Board.Close()
	kit.Ready("ann")
	id := kit.Arrive("page", "eva", "Dobry den")
	ann := kit.Board.Agent("ann")
	if err := ann.Accept(ctx, id); err != nil {
		fmt.Println(err)
	}

	kit.Transport.Next(switchboardtest.Temporary(conversation.FailRateLimited, 10*time.Second))
	no, err := ann.Send(ctx, id, "Jsem tu")
	if err != nil {
		fmt.Println(err)
	}
	status := func() {
		c, _ := kit.Board.Conversation(ctx, id)
		fmt.Println(kit.Now().Format(time.TimeOnly), c.Message(no).Delivery.Status)
	}
	kit.Settle()
	status()
	kit.Advance(10 * time.Second)
	status()
	// Output:
	// 09:00:00 queued
	// 09:00:10 sent
}

// A program's log for people: each event in a line.
func ExampleDescribe() {
	kit := switchboardtest.New(exampleT{}, switchboardtest.Config{Setup: setup})
	defer kit.Board.Close()

	kit.Ready("ann")
	kit.Arrive("page", "eva", "Dobry den")
	kit.Advance(30 * time.Second)
	for _, ev := range kit.Events() {
		fmt.Println(ev.At.Format(time.TimeOnly), switchboardtest.Describe(ev))
	}
	// Output:
	// 09:00:00 ann is idle "signed in"
	// 09:00:00 ann is available
	// 09:00:00 c7 arrives in queue sales, priority 10
	// 09:00:00 c7 1 customer: "Dobry den"
	// 09:00:00 c7 is offered to ann until 09:00:30
	// 09:00:30 offer of c7 to ann expired, not again until 09:01:00
	// 09:00:30 ann is rona (missed)
}
