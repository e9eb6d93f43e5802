package messenger_test

import (
	"io"
	"strings"
	"testing"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// openBoard returns a Board in memory with PAGE1, an agent for it, and the real clock.
func openBoard(t testing.TB) *switchboard.Board { return openBoardWith(t, switchboard.Config{}) }

func openBoardWith(t testing.TB, c switchboard.Config) *switchboard.Board {
	t.Helper()
	c.Name = "acme"
	board, err := switchboard.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = board.Close() })
	err = board.Administrator("root").Configure(t.Context(), routing.Setup{
		Queues: []routing.Queue{{ID: "q", WrapUp: wrapup.Policy{
			Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done",
		}}},
		Agents:  []routing.Agent{{ID: "ann", Name: "Ann"}},
		Sources: []routing.Source{{ID: "PAGE1", Channel: messenger.Channel, Queue: "q"}, {ID: "IG1", Channel: messenger.InstagramChannel, Queue: "q"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return board
}

// readCloser returns a body.
func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }
