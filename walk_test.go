package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// boardWalk is two Boards over one store, used by several people at once.
type boardWalk struct {
	t      *testing.T
	seed   uint64
	mock   *clock.Mock
	store  *recordingStore
	boards []*switchboard.Board
	mu     sync.Mutex
	acked  map[string]conversation.ID // inbound messages by their external ids
	keyed  map[string]bool            // keys of commands that succeeded and did something
}

type instantTransport struct{}

func (instantTransport) Send(_ context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	if m.Attempt == 1 && m.No%3 == 0 {
		return switchboard.Receipt{}, &switchboard.SendError{Why: conversation.FailRateLimited, Temporary: true, After: 2 * time.Second}
	}
	return switchboard.Receipt{ExternalID: "out-" + m.Key}, nil
}

func (w *boardWalk) open(node string) *switchboard.Board {
	w.t.Helper()
	b, err := switchboard.Open(w.t.Context(), switchboard.Config{
		Name: "walk", Node: node, Store: w.store, Clock: w.mock,
		Transports: map[conversation.Channel]switchboard.Transport{"messenger": instantTransport{}},
	})
	if err != nil {
		w.t.Fatalf("seed %d: %v", w.seed, err)
	}
	return b
}

// same waits until nothing is being sent and compares what the Boards say.
func (w *boardWalk) same(when string, boards ...*switchboard.Board) switchboard.Snapshot {
	w.t.Helper()
	ctx := w.t.Context()
	for range 2 { // what one has sent, the other may have to send on
		for _, b := range boards {
			if err := b.Quiet(ctx); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	var first switchboard.Snapshot
	for i, b := range boards {
		s, err := b.Watch(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		if i == 0 {
			first = s
			continue
		}
		w.equal(when+", node "+b.Node(), first, s)
	}
	return first
}

func (w *boardWalk) equal(when string, want, got switchboard.Snapshot) {
	w.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(routing.Pace{}), cmpopts.EquateEmpty()); diff != "" {
		w.t.Fatalf("seed %d, %s (-want +got):\n%s", w.seed, when, diff)
	}
}

// untaken is the snapshot but for who sends what is left to be sent.
func untaken(s switchboard.Snapshot) switchboard.Snapshot {
	s.Cursor = ""
	s.Conversations = slices.Clone(s.Conversations)
	for i := range s.Conversations {
		s.Conversations[i].Lane = nil
	}
	return s
}

// TestRandomWalk leads two Boards that share a store through a made-up story:
// they say the same, a third one that replays the log does too, and nothing that
// was acknowledged is lost. SWITCHBOARD_WALK is the number of commands,
// SWITCHBOARD_SEED picks one seed.
func TestRandomWalk(t *testing.T) {
	number := func(name string, otherwise int) int {
		v := os.Getenv(name)
		if v == "" {
			return otherwise
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("%s=%q is not a number", name, v)
		}
		return n
	}
	const each = 400
	if seed := number("SWITCHBOARD_SEED", -1); seed >= 0 {
		walkBoards(t, uint64(seed), each)
		return
	}
	for seed := 0; seed*each < number("SWITCHBOARD_WALK", 1600); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { walkBoards(t, uint64(seed), each) })
	}
}

func walkBoards(t *testing.T, seed uint64, commands int) {
	w := &boardWalk{
		t: t, seed: seed, mock: clock.NewMock(), store: &recordingStore{MemoryStore: switchboard.NewMemoryStore()},
		acked: make(map[string]conversation.ID), keyed: make(map[string]bool),
	}
	w.mock.Set(exactStart)
	w.boards = []*switchboard.Board{w.open("n1"), w.open("n2")}
	ctx, rng := t.Context(), rand.New(rand.NewPCG(seed, 6))
	if err := w.boards[0].Administrator("root").Configure(ctx, exactSetup()); err != nil {
		t.Fatal(err)
	}
	for done := 0; done < commands; {
		// Several commands at once, through either Board: what one appends is a
		// conflict for the other, which takes it in and decides again.
		var wg sync.WaitGroup
		for range 1 + rng.IntN(8) {
			b, cmd := w.boards[rng.IntN(2)], w.command(rng, done)
			done++
			wg.Go(func() { w.do(b, cmd) })
		}
		wg.Wait()
		if rng.IntN(3) > 0 {
			w.mock.Add(time.Duration(rng.Int64N(int64(20 * time.Second))))
		}
		if rng.IntN(6) == 0 {
			w.same("as they run", w.boards...)
		}
	}
	want := w.same("at the end", w.boards...)

	replica := w.open("n3")
	w.equal("a third that replays", want, w.same("", replica))
	w.nothingLost(replica)
	w.close(replica)

	w.close(w.boards...)
	w.boards = []*switchboard.Board{w.open("n1"), w.open("n2")}
	// Whoever opens a board takes over the lanes of its node, which is an event.
	w.equal("opened again", untaken(want), untaken(w.same("opened again", w.boards...)))

	w.close(w.boards...) // and nobody serves for a while
	w.mock.Add(3 * time.Minute)
	w.boards = []*switchboard.Board{w.open("n1"), w.open("n2")}
	w.same("after an outage", w.boards...)
	w.close(w.boards...)
}

func (w *boardWalk) close(boards ...*switchboard.Board) {
	w.t.Helper()
	for _, b := range boards {
		if err := b.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// command makes up a command. What it is about is not looked up: most are
// refused, and that is as good as any other answer.
func (w *boardWalk) command(rng *rand.Rand, n int) switchboard.Command {
	agents := []agent.ID{"ann", "bob", "eva"}
	a, other := agents[rng.IntN(3)], agents[rng.IntN(3)]
	src, who := conversation.Source([]string{"page", "shop"}[rng.IntN(2)]), conversation.Customer(fmt.Sprint("c", rng.IntN(4)))
	id, err := w.boards[rng.IntN(2)].CustomerConversation(w.t.Context(), src, who)
	if err != nil {
		w.t.Fatal(err)
	}
	if c, err := w.boards[rng.IntN(2)].Conversation(w.t.Context(), id); err == nil && rng.IntN(5) > 0 {
		if c.Offer != nil {
			a = c.Offer.Agent
		} else if o := c.OwnerID(); o != "" {
			a = o
		}
	}
	key := ""
	if rng.IntN(4) == 0 {
		key = fmt.Sprint("key-", n)
	}
	self := func(cmd any) switchboard.Command {
		return switchboard.Command{By: switchboard.Actor{Role: agent.Self, ID: string(a)}, Key: key, Do: cmd}
	}
	r := rng.IntN(100)
	switch {
	case r < 25:
		return switchboard.Command{By: switchboard.Actor{Role: agent.Customer, ID: string(who)}, Key: key, Do: conversation.Inbound{
			Channel: "messenger", Source: src, Customer: who, ExternalID: fmt.Sprint("m", n), Text: "hello"}}
	case r < 33:
		return self(agent.SignIn{Agent: a})
	case r < 45:
		return self(agent.MakeAvailable{Agent: a})
	case r < 60:
		return self(conversation.Accept{Conversation: id, Agent: a})
	case r < 72:
		return self(conversation.Write{Conversation: id, Agent: a, Draft: conversation.Draft{Text: "good day"}})
	case r < 76:
		return self(conversation.TransferToAgent{Conversation: id, Agent: a, To: other})
	case r < 80:
		return self(conversation.TransferToQueue{Conversation: id, Agent: a, Queue: "care"})
	case r < 84:
		return self(conversation.Invite{Conversation: id, Agent: a, To: other})
	case r < 89:
		return self(conversation.End{Conversation: id, Agent: a})
	case r < 93:
		return self(conversation.SubmitWrapUp{Conversation: id, Agent: a, Reason: wrapup.ReasonID("done")})
	case r < 95:
		return self(agent.MakeIdle{Agent: a, Reason: "lunch"})
	case r < 96:
		return self(conversation.AcceptAll{Agent: a})
	}
	admin := switchboard.Actor{Role: agent.Administrator, ID: "root"}
	if r < 97 {
		return switchboard.Command{By: admin, Do: routing.RemoveSource{Source: src}}
	}
	return switchboard.Command{By: admin, Do: routing.PutSource{Source: routing.Source{ID: src, Channel: "messenger", Queue: "sales"}}}
}

func (w *boardWalk) do(b *switchboard.Board, cmd switchboard.Command) {
	res, err := b.Do(w.t.Context(), cmd)
	if errors.Is(err, switchboard.ErrOutcomeUnknown) || errors.Is(err, switchboard.ErrClosed) {
		w.t.Errorf("seed %d: %T%+v: %v", w.seed, cmd.Do, cmd.Do, err)
	}
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if in, ok := cmd.Do.(conversation.Inbound); ok {
		w.acked[in.ExternalID] = res.Conversation
		if cmd.Key != "" {
			w.keyed[cmd.Key] = true // an accepted message is always an event
		}
	}
}

// nothingLost reads the whole log and looks for what was acknowledged.
func (w *boardWalk) nothingLost(b *switchboard.Board) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	found, keys, seq := make(map[string]conversation.ID), make(map[string]int), uint64(0)
	last := uint64(strings.Count(w.store.events(), "\n"))
	var at time.Time
	for e, err := range b.Events(ctx, "", nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		if seq++; e.Seq != seq || e.At.Before(at) {
			w.t.Fatalf("seed %d: event %d at %v comes after %d at %v", w.seed, e.Seq, e.At, seq-1, at)
		}
		at = e.At
		if e.Key != "" {
			keys[e.Key]++
		}
		if m, ok := e.Body.(conversation.MessageAdded); ok && m.Message.Author.Kind == conversation.FromCustomer {
			if found[m.Message.ExternalID] != 0 {
				w.t.Errorf("seed %d: message %q is there twice", w.seed, m.Message.ExternalID)
			}
			found[m.Message.ExternalID] = m.Conversation
		}
		if e.Seq == last {
			break
		}
	}
	if diff := cmp.Diff(w.acked, found); diff != "" {
		w.t.Errorf("seed %d: messages (-acknowledged +in the log):\n%s", w.seed, diff)
	}
	for k := range w.keyed {
		if keys[k] != 1 {
			w.t.Errorf("seed %d: key %q is in the log %d times", w.seed, k, keys[k])
		}
	}
	if len(found) < 20 {
		w.t.Errorf("seed %d: only %d messages", w.seed, len(found))
	}
}
