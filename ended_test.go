package switchboard

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// handClock is moved by hand and wakes nobody: each command finds what is due.
type handClock struct {
	*clock.Mock // its timers never fire
	now         atomic.Int64
}

func (c *handClock) Now() time.Time      { return time.Unix(0, c.now.Load()).UTC() }
func (c *handClock) add(d time.Duration) { c.now.Add(int64(d)) }

// nowhere is an archive that keeps nothing.
type nowhere struct{ stored atomic.Int64 }

func (a *nowhere) Store(context.Context, string, Part) error {
	a.stored.Add(1)
	return nil
}

func (*nowhere) Load(context.Context, string, conversation.ID) ([]Part, error) {
	return nil, ErrNotArchived
}

func (*nowhere) Find(context.Context, string, conversation.Source, conversation.Customer) ([]conversation.ID, error) {
	return nil, nil
}

func (*nowhere) Erase(context.Context, string, Erasure) error { return nil }

// TestEndedConversationsLeaveNothing: a board that has ended many conversations uses
// the memory of one that has ended few, once their ids are no longer remembered.
// SWITCHBOARD_ENDED is the larger number.
func TestEndedConversationsLeaveNothing(t *testing.T) {
	few, many := 2_000, 40_000 // the few fill what has a fixed size: the newest events, the log's last hour
	if v := os.Getenv("SWITCHBOARD_ENDED"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("SWITCHBOARD_ENDED=%q is not a number", v)
		}
		many = n
	}
	if many >= 1_000_000 {
		few = 10_000
	}
	for _, archive := range []bool{false, true} {
		small, large := memoryOfEnded(t, few, archive), memoryOfEnded(t, many, archive)
		t.Logf("archive %v: %d bytes after %d conversations, %d after %d", archive, small, few, large, many)
		if large > small+small/10+200_000 {
			t.Errorf("archive %v: %d bytes after %d conversations, %d after %d", archive, small, few, large, many)
		}
	}
}

// memoryOfEnded returns the bytes that a board takes which has ended n
// conversations.
func memoryOfEnded(t *testing.T, n int, archive bool) uint64 {
	t.Helper()
	before := heap()
	hand := &handClock{Mock: clock.NewMock()}
	hand.now.Store(snapshotStart.UnixNano())
	c, kept := Config{Name: "acme", Clock: hand, SnapshotEvery: 5000}, &nowhere{}
	if archive {
		c.Archive = kept
	}
	b, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.Administrator("root").Configure(t.Context(), routing.Setup{
		Teams:   []routing.Team{{ID: "t"}},
		Queues:  []routing.Queue{{ID: "q", Teams: []routing.TeamID{"t"}, WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done"}}},
		Agents:  []routing.Agent{{ID: "ann", Teams: []routing.TeamID{"t"}}},
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "q"}}, Settings: routing.Settings{Linger: 10 * time.Second},
	}))
	ann := b.Agent("ann")
	must(ann.SignIn(t.Context()))
	must(ann.Available(t.Context()))
	for i := range n {
		hand.add(10 * time.Second)
		id, err := b.Receive(t.Context(), conversation.Inbound{
			Channel: "messenger", Source: "page", Customer: conversation.Customer(fmt.Sprint("customer ", i)), ExternalID: fmt.Sprint("m", i), Text: "hello",
		})
		must(err)
		must(ann.Accept(t.Context(), id))
		must(ann.End(t.Context(), id))
		must(ann.WrapUp(t.Context(), id, "done"))
		if archive && i%100 == 0 {
			must(b.Quiet(t.Context())) // what waits for the archive is in memory
		}
	}
	for range 3 {
		hand.add(50 * time.Hour)
		must(ann.Idle(t.Context(), "pause"))
		must(ann.Available(t.Context()))
		must(b.Quiet(t.Context()))
	}
	made(b)
	if size := b.floor.Size(); size != 0 || archive && int(kept.stored.Load()) < n {
		t.Errorf("%d conversations are in memory, %d of %d archived", size, kept.stored.Load(), n)
	}
	after := heap()
	runtime.KeepAlive(b)
	return after - min(before, after)
}
