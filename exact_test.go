package switchboard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// recordingStore is a memory store that keeps the event lines of what was
// appended, without the headers and the packing into records.
type recordingStore struct {
	*switchboard.MemoryStore
	mu    sync.Mutex
	lines [][]byte
}

type recordingLog struct {
	switchboard.Log
	store *recordingStore
}

func (s *recordingStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.MemoryStore.Open(ctx, board)
	return &recordingLog{l, s}, err
}

// Exclusive keeps leases out of the log of one Board: they are written when it
// comes to send, which is no decision of the engine.
func (l *recordingLog) Exclusive() bool { return l.Log.(switchboard.Exclusive).Exclusive() }

func (l *recordingLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	p, err := l.Log.Append(ctx, after, data)
	if err == nil {
		_, events, _ := bytes.Cut(data, []byte{'\n'})
		l.store.mu.Lock()
		l.store.lines = append(l.store.lines, bytes.Clone(events))
		l.store.mu.Unlock()
	}
	return p, err
}

func (s *recordingStore) events() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(bytes.Join(s.lines, nil))
}

// gatedTransport answers only while its gate is open, so that results come when
// the story says. Some messages fail in passing, some for good.
type gatedTransport struct {
	mu   sync.Mutex
	gate chan struct{}
}

func (g *gatedTransport) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate = make(chan struct{})
}

func (g *gatedTransport) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.gate)
}

func (g *gatedTransport) Send(_ context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	<-gate
	h := fnv.New32()
	fmt.Fprint(h, m.Key, m.Attempt)
	switch n := h.Sum32() % 10; {
	case n < 3:
		return switchboard.Receipt{}, &switchboard.SendError{Why: conversation.FailRateLimited, Temporary: true, After: time.Duration(n) * 5 * time.Second}
	case n < 4:
		return switchboard.Receipt{}, &switchboard.SendError{Why: conversation.FailContent}
	}
	return switchboard.Receipt{ExternalID: "out-" + m.Key}, nil
}

// exactStart is where the clock stands in a synctest bubble.
var exactStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func exactSetup() routing.Setup {
	policy := wrapup.Policy{
		Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done",
		Limit: 40 * time.Second, Extension: 20 * time.Second, MaxExtensions: 1, Cancellable: true,
	}
	hours := routing.Hours{Zone: "Europe/Prague"}
	for d := time.Sunday; d <= time.Saturday; d++ {
		hours.Week = append(hours.Week,
			routing.Opening{Day: d, From: routing.Clock(0, 0), To: routing.Clock(1, 4)},
			routing.Opening{Day: d, From: routing.Clock(1, 7), To: routing.Clock(24, 0)})
	}
	return routing.Setup{
		Teams: []routing.Team{{ID: "t"}},
		Queues: []routing.Queue{
			{ID: "sales", Teams: []routing.TeamID{"t"}, OfferFor: 12 * time.Second, MaxWait: 50 * time.Second, MaxSize: 3,
				Overflow: []conversation.QueueID{"care"}, WrapUp: policy, TransferFallback: conversation.ToSender, InactiveAfter: 3 * time.Minute,
				Needs:     []conversation.Need{{Skill: "czech", Level: 5, Steps: []conversation.Relax{{After: 20 * time.Second, Level: 0}}}},
				Templates: map[conversation.EntryKind]string{conversation.EntryJoined: "{agent} joins"}},
			{ID: "care", Teams: []routing.TeamID{"t"}, Strategy: routing.LeastLoaded, OfferFor: 12 * time.Second, Cooldown: 5 * time.Second,
				WrapUp: policy, Hours: hours, AtClosing: routing.CloseNotify, Notice: "closed", Priority: 3},
		},
		Agents: []routing.Agent{
			{ID: "ann", Teams: []routing.TeamID{"t"}, Skills: map[conversation.Skill]int{"czech": 9}},
			{ID: "bob", Teams: []routing.TeamID{"t"}, Capacity: map[conversation.Medium]int{conversation.Social: 1}},
			{ID: "eva", Teams: []routing.TeamID{"t"}, Skills: map[conversation.Skill]int{"czech": 5}, Capacity: map[conversation.Medium]int{conversation.Social: 2}},
		},
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "sales"}, {ID: "shop", Channel: "messenger", Queue: "care"}},
		Settings: routing.Settings{
			Ageing: routing.Ageing(10 * time.Second), Agents: agent.Policy{ReturnAfter: 8 * time.Second, Grace: 15 * time.Second},
			PreferFor: time.Minute, PreferWait: 10 * time.Second, Linger: 30 * time.Second, InterruptedFor: 20 * time.Second, RetryFor: 25 * time.Second,
		},
	}
}

// tellStory runs the seed's story on a board with the given clock; advance makes
// time go by. It returns the events as they were encoded.
func tellStory(t *testing.T, seed uint64, c clock.Clock, advance func(b *switchboard.Board, d time.Duration)) string {
	t.Helper()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(seed, 3))
	store := &recordingStore{MemoryStore: switchboard.NewMemoryStore()}
	transport := &gatedTransport{}
	transport.shut()
	b, err := switchboard.Open(ctx, switchboard.Config{
		Name: "exact", Node: "n1", Store: store, Clock: c, Sends: 1,
		Transports: map[conversation.Channel]switchboard.Transport{"messenger": transport},
	})
	if err != nil {
		t.Error(err)
		return ""
	}
	agents := []agent.ID{"ann", "bob", "eva"}
	do := func(by switchboard.Actor, cmd any) {
		_, err := b.Do(ctx, switchboard.Command{By: by, Do: cmd})
		if errors.Is(err, switchboard.ErrClosed) || errors.Is(err, switchboard.ErrOutcomeUnknown) {
			t.Errorf("%T%+v: %v", cmd, cmd, err)
		}
	}
	admin := switchboard.Actor{Role: agent.Administrator, ID: "root"}
	do(admin, routing.Configure{Setup: exactSetup()})
	for _, id := range agents {
		by := switchboard.Actor{Role: agent.Self, ID: string(id)}
		do(by, agent.SignIn{Agent: id})
		do(by, agent.MakeAvailable{Agent: id})
	}
	for step := range 40 {
		if rng.IntN(3) > 0 {
			advance(b, time.Duration(rng.Int64N(int64(25*time.Second)))+1)
		}
		if rng.IntN(12) == 0 {
			advance(b, time.Duration(rng.IntN(4))*time.Minute)
		}
		src := []conversation.Source{"page", "shop"}[rng.IntN(2)]
		who := conversation.Customer(fmt.Sprint("c", rng.IntN(4)))
		id, err := b.CustomerConversation(ctx, src, who)
		if err != nil {
			t.Error(err)
			return ""
		}
		a, other := agents[rng.IntN(3)], agents[rng.IntN(3)]
		roll := rng.IntN(100)
		if conv, err := b.Conversation(ctx, id); err == nil && roll < 85 {
			if conv.Offer != nil {
				a = conv.Offer.Agent
			} else if o := conv.OwnerID(); o != "" {
				a = o
			}
		}
		by := switchboard.Actor{Role: agent.Self, ID: string(a)}
		switch {
		case roll < 28:
			do(switchboard.Actor{Role: agent.Customer, ID: string(who)}, conversation.Inbound{
				Channel: "messenger", Source: src, Customer: who, ExternalID: fmt.Sprint("m", step), Text: "hello"})
		case roll < 45:
			do(by, conversation.Accept{Conversation: id, Agent: a})
		case roll < 57:
			do(by, conversation.Write{Conversation: id, Agent: a, Draft: conversation.Draft{Text: "good day"}})
		case roll < 63:
			do(by, conversation.TransferToAgent{Conversation: id, Agent: a, To: other})
		case roll < 67:
			do(by, conversation.TransferToQueue{Conversation: id, Agent: a, Queue: []conversation.QueueID{"sales", "care"}[rng.IntN(2)]})
		case roll < 72:
			do(by, conversation.Invite{Conversation: id, Agent: a, To: other})
		case roll < 77:
			do(by, conversation.End{Conversation: id, Agent: a})
		case roll < 80:
			do(by, conversation.SubmitWrapUp{Conversation: id, Agent: a, Reason: "done"})
		case roll < 82:
			do(by, conversation.ExtendWrapUp{Conversation: id, Agent: a})
		case roll < 90:
			do(by, agent.MakeAvailable{Agent: a})
		case roll < 92:
			do(by, agent.Connect{Agent: a, Session: "s"})
		case roll < 95:
			do(by, agent.Disconnect{Agent: a, Session: "s"})
		case roll < 97:
			do(by, agent.MakeIdle{Agent: a, Reason: "lunch"})
		case roll < 98:
			do(admin, routing.RemoveSource{Source: src})
		default:
			do(admin, routing.PutSource{Source: routing.Source{ID: src, Channel: "messenger", Queue: "care"}})
		}
		if step%4 == 0 { // results come now, and only now
			transport.open()
			if err := b.Quiet(ctx); err != nil {
				t.Error(err)
				return ""
			}
			transport.shut()
		}
	}
	advance(b, 10*time.Minute)
	transport.open()
	if _, err := b.Watch(ctx); err != nil {
		t.Error(err)
		return ""
	}
	if err := b.Quiet(ctx); err != nil {
		t.Error(err)
		return ""
	}
	events := store.events()
	if err := b.Close(); err != nil {
		t.Error(err)
		return ""
	}
	return events
}

// onMock runs the story with a mocked clock and cuts every advance as cut says.
func onMock(t *testing.T, seed uint64, cut func(b *switchboard.Board, mock *clock.Mock, d time.Duration)) string {
	t.Helper()
	mock := clock.NewMock()
	mock.Set(exactStart)
	return tellStory(t, seed, mock, func(b *switchboard.Board, d time.Duration) { cut(b, mock, d) })
}

// inOne lets all of the time go by at once.
func inOne(_ *switchboard.Board, mock *clock.Mock, d time.Duration) { mock.Add(d) }

// pieces cuts d at random.
func pieces(rng *rand.Rand, d time.Duration, piece func(time.Duration)) {
	for d > 0 {
		p := min(d, time.Duration(rng.Int64N(int64(15*time.Second)))+1)
		piece(p)
		d -= p
	}
}

func query(b *switchboard.Board, rng *rand.Rand) {
	ctx := context.Background()
	switch rng.IntN(3) {
	case 0:
		_, _ = b.Watch(ctx)
	case 1:
		_, _ = b.Agents(ctx)
	case 2:
		_, _ = b.QueueInfo(ctx, "care")
	}
}

// storySeeds is how many stories are told.
func storySeeds(t *testing.T) int {
	t.Helper()
	v := os.Getenv("SWITCHBOARD_SEEDS")
	if v == "" {
		return 20
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("SWITCHBOARD_SEEDS=%q is not a number", v)
	}
	return n
}

// TestExactOnABusyMachine: nothing depends on when goroutines run.
func TestExactOnABusyMachine(t *testing.T) {
	for seed := range uint64(max(1, storySeeds(t)/20)) {
		want := onMock(t, seed, inOne)
		stop := busy()
		got := onMock(t, seed, inOne)
		stop()
		if got != want {
			t.Errorf("seed %d (-idle +busy):\n%s", seed, cmp.Diff(lines(want), lines(got)))
		}
	}
}

// TestExactCatchUp: the same story gives the same encoded events, byte for byte,
// however the time between its commands goes by.
func TestExactCatchUp(t *testing.T) {
	seeds := storySeeds(t)
	var events atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(seeds) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				events.Add(int64(exactly(t, seed)))
			})
		}
	})
	if n := events.Load(); n < int64(seeds)*60 && !t.Failed() {
		t.Errorf("only %d events in %d stories: the stories prove little", n, seeds)
	}
}

func exactly(t *testing.T, seed uint64) int {
	t.Helper()
	var want, many, queried, bubble string
	var wg sync.WaitGroup // most of a mocked clock's time goes by asleep
	wg.Go(func() { want = onMock(t, seed, inOne) })
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(seed, 4))
		many = onMock(t, seed, func(_ *switchboard.Board, mock *clock.Mock, d time.Duration) { pieces(rng, d, mock.Add) })
	})
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(seed, 5))
		queried = onMock(t, seed, func(b *switchboard.Board, mock *clock.Mock, d time.Duration) {
			pieces(rng, d, func(p time.Duration) {
				mock.Add(p)
				query(b, rng)
			})
		})
	})
	synctest.Test(t, func(t *testing.T) {
		bubble = tellStory(t, seed, clock.New(), func(_ *switchboard.Board, d time.Duration) { time.Sleep(d) })
	})
	wg.Wait()
	for _, c := range []struct{ how, got string }{
		{"in many Adds", many}, {"with queries between", queried}, {"in a bubble", bubble},
	} {
		if c.got != want {
			t.Errorf("seed %d, %s (-one Add +this):\n%s", seed, c.how, cmp.Diff(lines(want), lines(c.got)))
		}
	}
	return bytes.Count([]byte(want), []byte{'\n'})
}

func lines(s string) []string {
	var out []string
	for l := range bytes.Lines([]byte(s)) {
		out = append(out, string(l))
	}
	return out
}

// busy keeps every core busy until the returned function is called.
func busy() (stop func()) {
	var done atomic.Bool
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := 0; !done.Load(); n++ {
				_ = n * n
			}
		})
	}
	return func() {
		done.Store(true)
		wg.Wait()
	}
}
