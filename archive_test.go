package switchboard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// gate is an archive in front of another that can be told to fail, to wait and
// to die.
type gate struct {
	switchboard.Archive
	mu     sync.Mutex
	fail   int           // so many calls fail
	hold   chan struct{} // calls wait for it, if it is not nil
	before func(call string) error
	after  func(call string) error
	stored []switchboard.Part
}

var errArchive = errors.New("the archive is away")

func (g *gate) pass(ctx context.Context, call string) error {
	g.mu.Lock()
	hold, before, failing := g.hold, g.before, g.fail > 0
	if failing {
		g.fail--
	}
	g.mu.Unlock()
	switch {
	case failing:
		return errArchive
	case before != nil:
		if err := before(call); err != nil {
			return err
		}
	}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (g *gate) leave(call string, err error) error {
	g.mu.Lock()
	after := g.after
	g.mu.Unlock()
	if err == nil && after != nil {
		return after(call)
	}
	return err
}

func (g *gate) Store(ctx context.Context, board string, p switchboard.Part) error {
	if err := g.pass(ctx, "store"); err != nil {
		return err
	}
	g.mu.Lock()
	g.stored = append(g.stored, p)
	g.mu.Unlock()
	return g.leave("store", g.Archive.Store(ctx, board, p))
}

func (g *gate) Load(ctx context.Context, board string, id conversation.ID) ([]switchboard.Part, error) {
	if err := g.pass(ctx, "load"); err != nil {
		return nil, err
	}
	return g.Archive.Load(ctx, board, id)
}

func (g *gate) Erase(ctx context.Context, board string, e switchboard.Erasure) error {
	if err := g.pass(ctx, "erase"); err != nil {
		return err
	}
	return g.leave("erase", g.Archive.Erase(ctx, board, e))
}

func (g *gate) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

func newGate() *gate { return &gate{Archive: switchboard.NewMemoryArchive()} }

// over has a conversation with the customer that is wrapped up and finished.
func (b *bed) over(customer string, texts ...string) conversation.ID {
	b.t.Helper()
	id := b.talk(customer)
	for _, text := range texts {
		_, err := b.Agent("ann").Send(b.t.Context(), id, text)
		b.must(err)
		b.must(b.Quiet(b.t.Context()))
	}
	b.must(b.Agent("ann").End(b.t.Context(), id))
	b.must(b.Agent("ann").WrapUp(b.t.Context(), id, "done"))
	return id
}

// gone reports whether the conversation has left memory.
func (b *bed) gone(id conversation.ID) bool {
	b.t.Helper()
	_, err := b.Conversation(b.t.Context(), id)
	if err != nil && !errors.Is(err, routing.ErrUnknown) {
		b.t.Fatal(err)
	}
	return err != nil
}

func instant(c switchboard.Config) switchboard.Config {
	c.Transports = map[conversation.Channel]switchboard.Transport{"messenger": instantTransport{}}
	return c
}

func TestFinishedConversationIsArchived(t *testing.T) {
	archive := switchboard.NewMemoryArchive()
	b := ready(t, instant(switchboard.Config{Archive: archive}))
	id := b.over("eve", "Dobrý den")
	want, err := b.Conversation(t.Context(), id)
	b.must(err)
	if _, err := b.Archived(t.Context(), id); !errors.Is(err, switchboard.ErrNotArchived) {
		t.Errorf("it is in the archive before it has left memory: %v", err)
	}
	b.mock.Add(conversation.DefaultLinger)
	b.must(b.Quiet(t.Context()))
	if !b.gone(id) {
		t.Error("it is archived and still in memory")
	}
	got, err := b.Archived(t.Context(), id)
	b.must(err)
	want.Limit = agent.Deadline{}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("from the archive (-was +is):\n%s", d)
	}
	ids, err := b.CustomerArchived(t.Context(), "page", "eve")
	if d := cmp.Diff([]conversation.ID{id}, ids); d != "" || err != nil {
		t.Errorf("Eve's conversations (-want +got):\n%s%v", d, err)
	}
	next := b.arrive2("eve")
	if c, _ := b.Conversation(t.Context(), next); c.Previous != 0 {
		t.Errorf("linked to %v, which is not in memory", c.Previous)
	}
}

// arrive2 receives a message that the customer has not sent yet.
func (b *bed) arrive2(customer string) conversation.ID {
	b.t.Helper()
	id, err := b.Receive(b.t.Context(), from(customer, 2))
	b.must(err)
	return id
}

func TestWithoutArchiveItIsDropped(t *testing.T) {
	b := ready(t, instant(switchboard.Config{}))
	id := b.over("eve")
	b.mock.Add(conversation.DefaultLinger)
	if !b.gone(id) {
		t.Error("it is still in memory")
	}
	if _, err := b.Archived(t.Context(), id); !errors.Is(err, switchboard.ErrNotArchived) {
		t.Errorf("got %v", err)
	}
	if ids, err := b.CustomerArchived(t.Context(), "page", "eve"); len(ids) != 0 || err != nil {
		t.Errorf("got %v, %v", ids, err)
	}
}

// bubble opens a ready board with a clock of the present testing/synctest bubble.
func bubble(t *testing.T, c switchboard.Config) *bed {
	t.Helper()
	c.Clock = clock.New()
	b := open(t, nil, instant(c))
	if _, err := b.AgentInfo(t.Context(), "ann"); err != nil {
		b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
		b.must(b.Agent("ann").SignIn(t.Context()))
		b.must(b.Agent("ann").Available(t.Context()))
	}
	return b
}

// What the archive does not take stays in memory and is tried again, less and
// less often.
func TestArchiveIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := bubble(t, switchboard.Config{Archive: g})
		id := b.over("eve")
		g.set(func() { g.fail = 4 })
		time.Sleep(conversation.DefaultLinger + 1400*time.Millisecond) // 100, 200, 400 and then 800 milliseconds
		synctest.Wait()
		if b.gone(id) {
			t.Error("it has left memory and is not in the archive")
		}
		b.must(b.Quiet(t.Context())) // what waits to be tried again is not in flight
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if !b.gone(id) {
			t.Error("it is not archived though the archive works again")
		}
		b.must(b.Close())
	})
}

// A board that stops between the storing and the report of it stores again.
func TestArchiveAfterCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, g := switchboard.NewMemoryStore(), newGate()
		config := switchboard.Config{Archive: g, Store: store, Node: "one"}
		b := bubble(t, config)
		id := b.over("eve")
		stored := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		g.set(func() {
			g.after = func(string) error { close(stored); <-ctx.Done(); return nil }
		})
		time.Sleep(conversation.DefaultLinger)
		<-stored
		go func() { time.Sleep(time.Second); cancel() }()
		b.must(b.Close())
		g.set(func() { g.after = nil })
		for _, node := range []string{"one", "two"} {
			config.Node = node
			b = bubble(t, config)
			synctest.Wait()
			if !b.gone(id) {
				t.Errorf("%s has not archived it", node)
			}
			b.must(b.Close())
		}
		if n := len(g.stored); n != 2 {
			t.Errorf("stored %d times, want 2", n)
		}
	})
}

// What another node does not do is done by this one, after a while.
func TestArchiveTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := switchboard.NewMemoryStore()
		gates, boards := map[string]*gate{}, []*bed{}
		for _, node := range []string{"one", "two"} {
			gates[node] = newGate()
			gates[node].fail = 1 << 30
			boards = append(boards, bubble(t, switchboard.Config{Archive: gates[node], Store: store, Node: node}))
		}
		id := boards[0].over("eve")
		time.Sleep(conversation.DefaultLinger + time.Second)
		c, err := boards[0].Conversation(t.Context(), id)
		boards[0].must(err)
		due, ok := c.Archiving()
		if !ok {
			t.Fatal("it is not due")
		}
		other := gates[map[string]string{"one": "two", "two": "one"}[due.Node]]
		other.set(func() { other.fail = 0 })
		time.Sleep(9 * time.Minute)
		if boards[0].gone(id) || boards[1].gone(id) {
			t.Fatal("it is taken over at once")
		}
		time.Sleep(3 * time.Minute)
		for _, b := range boards {
			if !b.gone(id) {
				t.Error("nobody has taken it over")
			}
		}
		if len(other.stored) != 1 {
			t.Errorf("stored %d times", len(other.stored))
		}
		for _, b := range boards {
			b.must(b.Close())
		}
	})
}

// What changes while it is being stored is stored again.
func TestUnsendWhileArchiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := bubble(t, switchboard.Config{Archive: g})
		id := b.over("eve")
		g.set(func() { g.hold = make(chan struct{}) })
		time.Sleep(conversation.DefaultLinger)
		synctest.Wait()
		_, err := b.Do(t.Context(), switchboard.Command{By: eve, Do: conversation.Unsend{
			Channel: "messenger", Source: "page", Customer: "eve", ExternalID: "eve-1",
		}})
		b.must(err)
		close(g.hold)
		g.set(func() { g.hold = nil })
		synctest.Wait()
		if !b.gone(id) {
			t.Fatal("it is not archived")
		}
		c, err := b.Archived(t.Context(), id)
		b.must(err)
		if m := c.Message(1); m.Text != "" || !m.Unsent {
			t.Errorf("the archive has %+v", m)
		}
		b.must(b.Close())
	})
}

var eve = switchboard.Actor{Role: agent.Customer, ID: "eve"}

// long has a conversation of so many messages beside the ones that the engine
// adds, a line of the customer and then the agent's notes.
func (b *bed) long(n int) conversation.ID {
	b.t.Helper()
	id := b.talk("eve")
	for i := 2; i <= n; i++ {
		_, err := b.Agent("ann").Note(b.t.Context(), id, fmt.Sprint("note ", i))
		b.must(err)
	}
	b.must(b.Quiet(b.t.Context()))
	return id
}

func TestLongConversation(t *testing.T) {
	for _, archived := range []bool{true, false} {
		t.Run(fmt.Sprint("archive ", archived), func(t *testing.T) {
			c, archive := instant(switchboard.Config{}), newGate()
			if archived {
				c.Archive = archive
			}
			b := ready(t, c)
			const n = 1800
			id := b.long(n)
			got, err := b.Conversation(t.Context(), id)
			b.must(err)
			if len(got.Messages) > conversation.DefaultInMemory || got.LastNo() != n || got.Earlier() != 1000 {
				t.Errorf("%d messages in memory, %d not, the last is number %d", len(got.Messages), got.Earlier(), got.LastNo())
			}
			for no := 1; no <= n; no++ {
				if m := got.Message(no); (m == nil) != (no <= got.Earlier()) || m != nil && m.No != no {
					t.Fatalf("message %d is %+v", no, m)
				}
			}
			b.must(b.Agent("ann").End(t.Context(), id))
			b.must(b.Agent("ann").WrapUp(t.Context(), id, "done"))
			if archived {
				whole, err := b.Archived(t.Context(), id)
				b.must(err)
				if len(whole.Messages) != 1000 || whole.LastNo() != 1000 {
					t.Errorf("the archive has %d messages", len(whole.Messages))
				}
			}
			b.mock.Add(conversation.DefaultLinger)
			b.must(b.Quiet(t.Context()))
			if !b.gone(id) {
				t.Error("it is still in memory")
			}
			if !archived {
				return
			}
			whole, err := b.Archived(t.Context(), id)
			b.must(err)
			for no := 1; no <= n; no++ {
				if m := whole.Message(no); m == nil || m.No != no || no > 1 && m.Text != fmt.Sprint("note ", no) {
					t.Fatalf("message %d is %+v", no, m)
				}
			}
			if len(whole.Messages) != n || whole.State != conversation.Ended || len(archive.stored) != 5 {
				t.Errorf("%d messages, %v, in %d parts", len(whole.Messages), whole.State, len(archive.stored))
			}
		})
	}
}

// Messages stay in memory until they are settled, however many there are.
func TestUnsettledMessagesStay(t *testing.T) {
	p := newPipe()
	b := ready(t, with(p))
	id := b.talk("eve")
	_, err := b.Agent("ann").Send(t.Context(), id, "on its way")
	b.must(err)
	for range 1100 {
		_, err := b.Agent("ann").Note(t.Context(), id, "note")
		b.must(err)
	}
	c, err := b.Conversation(t.Context(), id)
	b.must(err)
	if c.Earlier() != 0 || c.Message(2) == nil {
		t.Errorf("%d messages have left memory", c.Earlier())
	}
	(<-p.calls).sent()
	b.must(b.Quiet(t.Context()))
	_, err = b.Agent("ann").Note(t.Context(), id, "note")
	b.must(err)
	if c, err = b.Conversation(t.Context(), id); c.Earlier() != 250 || err != nil {
		t.Errorf("%d messages have left memory, %v", c.Earlier(), err)
	}
}

// What the customer takes back is empty in the archive too, whether a part or the
// whole of the conversation has left memory.
func TestUnsendReachesTheArchive(t *testing.T) {
	unsend := func(b *bed) error {
		_, err := b.Do(b.t.Context(), switchboard.Command{By: eve, Do: conversation.Unsend{
			Channel: "messenger", Source: "page", Customer: "eve", ExternalID: "eve-0", Parts: []string{"eve-1"},
		}})
		return err
	}
	for _, whole := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g, store := newGate(), switchboard.NewMemoryStore()
			b := bubble(t, switchboard.Config{Archive: g, Store: store, Node: "one"})
			id := b.long(1100)
			if whole {
				b.must(b.Agent("ann").End(t.Context(), id))
				b.must(b.Agent("ann").WrapUp(t.Context(), id, "done"))
				time.Sleep(50 * time.Hour) // past the time for which ids are remembered
				synctest.Wait()
			}
			if c, err := b.Archived(t.Context(), id); err != nil || c.Message(1).Text != "hello" {
				t.Fatalf("the archive has %+v, %v", c.Message(1), err)
			}
			g.set(func() { g.fail = 1 })
			if err := unsend(b); !errors.Is(err, errArchive) && !whole {
				t.Errorf("the message cannot be found: got %v", err)
			}
			g.set(func() { g.fail = 0; g.before = failOnce("store") })
			b.must(unsend(b))
			b.must(unsend(b)) // once more changes nothing
			b.must(b.Close())
			b = bubble(t, switchboard.Config{Archive: g, Store: store, Node: "two"}) // whoever opens the board goes on
			time.Sleep(time.Second)
			synctest.Wait()
			c, err := b.Archived(t.Context(), id)
			b.must(err)
			if m := c.Message(1); m.Text != "" || !m.Unsent || m.ExternalID != "eve-1" {
				t.Errorf("whole %v: the archive has %+v", whole, m)
			}
			if c.Message(2).Text != "note 2" {
				t.Errorf("whole %v: another message is %+v", whole, c.Message(2))
			}
			b.must(unsend(b)) // it is empty already
			var events []string
			for e, err := range b.Events(t.Context(), "", switchboard.OfKind("conversation.message-unsent", "conversation.message-emptied")) {
				b.must(err)
				events = append(events, fmt.Sprintf("%+v", e.Body))
				if len(events) == 2 {
					break
				}
			}
			want := []string{
				fmt.Sprintf("{Conversation:%v No:1 Away:true Node:one}", id), fmt.Sprintf("{Conversation:%v No:1}", id),
			}
			if d := cmp.Diff(want, events); d != "" {
				t.Errorf("events (-want +got):\n%s", d)
			}
			res, err := b.Do(t.Context(), switchboard.Command{By: eve, Do: conversation.Unsend{
				Channel: "messenger", Source: "page", Customer: "eve", ExternalID: "to come",
			}})
			if !res.Kept || err != nil {
				t.Errorf("of a message to come: got %+v, %v", res, err)
			}
			b.must(b.Close())
		})
	}
}

// failOnce fails the first call of that name.
func failOnce(name string) func(string) error {
	failed := false
	return func(call string) error {
		if call == name && !failed {
			failed = true
			return errArchive
		}
		return nil
	}
}

// chatty is an archive that says in its errors whom they are about.
type chatty struct{ switchboard.MemoryArchive }

func (*chatty) Store(_ context.Context, _ string, p switchboard.Part) error {
	return errors.New("cannot insert customer " + string(p.Conversation.Customer) + ": " + p.Conversation.Messages[0].Text)
}

func (*chatty) Erase(_ context.Context, _ string, e switchboard.Erasure) error {
	return errors.New("cannot delete customer " + string(e.Customer))
}

// What an archive says is logged without what is the customer's.
func TestArchiveErrorsAreDiscreet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := ready(t, switchboard.Config{Archive: &chatty{}, Store: switchboard.NewMemoryStore(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		id, err := b.Receive(t.Context(), conversation.Inbound{Channel: "messenger", Source: "page", Customer: "PERSON", ExternalID: "1", Text: "SECRET"})
		b.must(err)
		b.must(b.Agent("ann").Accept(t.Context(), id))
		b.must(b.Agent("ann").End(t.Context(), id))
		b.must(b.Agent("ann").WrapUp(t.Context(), id, "done"))
		b.mock.Add(2 * time.Hour)
		b.watch()
		synctest.Wait()
		_, err = b.Administrator("root").Erase(t.Context(), "page", "PERSON")
		b.must(err)
		synctest.Wait()
		b.must(b.Close())
		if s := log.String(); strings.Contains(s, "PERSON") || strings.Contains(s, "SECRET") {
			t.Error(s)
		}
	})
}
