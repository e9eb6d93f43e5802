package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// slowly is a store that takes a while for an append, and counts.
type slowly struct {
	switchboard.Store
	takes             time.Duration
	appends, collided atomic.Int64
}

type slowLog struct {
	switchboard.Log
	store *slowly
}

func (s *slowly) Open(ctx context.Context, board string) (switchboard.Log, error) {
	log, err := s.Store.Open(ctx, board)
	return &slowLog{log, s}, err
}

func (l *slowLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	time.Sleep(l.store.takes)
	p, err := l.Log.Append(ctx, after, data)
	l.store.appends.Add(1)
	if errors.Is(err, switchboard.ErrConflict) {
		l.store.collided.Add(1)
	}
	return p, err
}

// Two nodes that are both busy take turns: little is decided in vain, and neither
// waits much longer than the other.
func TestRivalsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowly{Store: switchboard.NewMemoryStore()}
		open := func(node string) *switchboard.Board {
			b, err := switchboard.Open(t.Context(), switchboard.Config{Name: "acme", Node: node, Store: store, Clock: clock.New()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = b.Close() })
			return b
		}
		boards := []*switchboard.Board{open("n1"), open("n2")}
		err := boards[0].Administrator("root").Configure(t.Context(), routing.Setup{
			Queues: []routing.Queue{{ID: "q", WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done"}}}, Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "q"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		store.takes = time.Millisecond
		store.appends.Store(0)
		const each = 300
		began, took := time.Now(), [2]time.Duration{}
		var group sync.WaitGroup
		for i, b := range boards {
			group.Go(func() {
				for n := range each {
					_, err := b.Receive(t.Context(), conversation.Inbound{
						Channel: "messenger", Source: "page", Customer: conversation.Customer(fmt.Sprint(i)), ExternalID: fmt.Sprint(i, "-", n), Text: "hello",
					})
					if err != nil {
						t.Error(err)
					}
				}
				took[i] = time.Since(began)
			})
		}
		group.Wait()
		if n, of := store.collided.Load(), store.appends.Load(); n*10 > of || of < 2*each {
			t.Errorf("%d of %d appends were too late", n, of)
		}
		if slow, quick := max(took[0], took[1]), min(took[0], took[1]); slow > quick*5/4 || slow > 3*each*time.Millisecond {
			t.Errorf("one took %v, the other %v", took[0], took[1])
		}
	})
}
