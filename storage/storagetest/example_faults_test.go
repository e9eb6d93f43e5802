package storagetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/storage/storagetest"
)

// What does a program do when the store goes away and comes back?
func ExampleFaults() {
	ctx := context.Background()
	faults := storagetest.NewFaults(switchboard.NewMemoryStore(), storagetest.FaultConfig{Seed: 1})
	board, err := switchboard.Open(ctx, switchboard.Config{
		Name: "acme", Store: faults, AppendTimeout: 50 * time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer board.Close()
	err = board.Administrator("root").Configure(ctx, routing.Setup{Agents: []routing.Agent{{ID: "ann"}}})
	fmt.Println("configured:", err)

	faults.Down()
	err = board.Agent("ann").SignIn(ctx)
	fmt.Println("outcome unknown:", errors.Is(err, switchboard.ErrOutcomeUnknown))

	faults.Up()
	fmt.Println("signed in:", board.Agent("ann").SignIn(ctx))

	// Output:
	// configured: <nil>
	// outcome unknown: true
	// signed in: <nil>
}
