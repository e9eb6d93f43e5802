package switchboard

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// The benchmarks call the Board as a program does, through its methods alone, on
// a log that keeps nothing. docs/performance.md says what they gave.

// discard is a store that keeps nothing and that nobody else has open.
type discard struct{ end atomic.Uint64 }

func (d *discard) Open(context.Context, string) (Log, error) { return d, nil }

func (d *discard) Append(_ context.Context, after Position, _ []byte) (Position, error) {
	d.end.Store(uint64(after) + 1)
	return after + 1, nil
}

func (d *discard) Read(context.Context, Position) iter.Seq2[Record, error] {
	return func(func(Record, error) bool) {}
}

func (d *discard) Exclusive() bool { return true }

func (d *discard) Instant() bool { return true }

func (d *discard) Close() error { return nil }

// atOnce is a channel that takes every message at once.
type atOnce struct{}

func (atOnce) Send(context.Context, Outbound) (Receipt, error) {
	return Receipt{ExternalID: "out"}, nil
}

const benchQueues = 40

// benchLinger keeps some thousand finished conversations in memory, as there are in a
// centre of a hundred agents with the default of an hour.
const benchLinger = 100 * time.Millisecond

var benchWrapUp = wrapup.Policy{
	Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done", Limit: time.Hour,
}

func benchQueue(i int) conversation.QueueID {
	return conversation.QueueID(fmt.Sprintf("queue-%02d", i))
}
func benchQueueNo(id conversation.QueueID) int {
	var n int
	if _, err := fmt.Sscanf(string(id), "queue-%d", &n); err != nil {
		panic(err)
	}
	return n
}
func benchTeam(i int) routing.TeamID      { return routing.TeamID(fmt.Sprintf("team-%02d", i)) }
func benchPage(i int) conversation.Source { return conversation.Source(fmt.Sprintf("page-%02d", i)) }
func benchAgent(i int) agent.ID           { return agent.ID(fmt.Sprintf("agent-%06d", i)) }
func benchCustomer(i int) conversation.Customer {
	return conversation.Customer(fmt.Sprintf("customer-%09d", i))
}

// benchSkills are the skills of the /skills variant, two of which make a class.
const benchSkills = 25

func benchSkill(i int) conversation.Skill { return conversation.Skill(fmt.Sprintf("skill-%02d", i)) }

// benchNeeds is one of a hundred requirements.
func benchNeeds(i int) []conversation.Need {
	i %= 100
	return []conversation.Need{
		{Skill: benchSkill(i % benchSkills), Level: 1 + i/benchSkills},
		{Skill: benchSkill((i + 1 + i/benchSkills) % benchSkills), Level: 1},
	}
}

// benchSetup has forty queues, each with a page and a team, and agents spread
// over them; every fourth one serves three queues.
func benchSetup(agents, slots int, skilled bool) routing.Setup {
	s := routing.Setup{Settings: routing.Settings{Linger: benchLinger}}
	for i := range benchQueues {
		s.Teams = append(s.Teams, routing.Team{ID: benchTeam(i)})
		s.Queues = append(s.Queues, routing.Queue{
			ID: benchQueue(i), Teams: []routing.TeamID{benchTeam(i)}, WrapUp: benchWrapUp, OfferFor: time.Hour,
		})
		s.Sources = append(s.Sources, routing.Source{ID: benchPage(i), Channel: "messenger", Queue: benchQueue(i)})
	}
	for i := range agents {
		a := routing.Agent{
			ID: benchAgent(i), Teams: []routing.TeamID{benchTeam(i % benchQueues)},
			Capacity: map[conversation.Medium]int{conversation.Social: slots},
		}
		if i%4 == 0 {
			a.Teams = append(a.Teams, benchTeam((i+7)%benchQueues), benchTeam((i+23)%benchQueues))
		}
		if skilled {
			a.Skills = make(map[conversation.Skill]int)
			for k := range benchSkills / 2 {
				a.Skills[benchSkill((i*7+k)%benchSkills)] = 1 + (i+k)%5
			}
		}
		s.Agents = append(s.Agents, a)
	}
	return s
}

type benchBoard struct {
	*Board
	tb testing.TB

	callers []benchCaller
	n       int    // messages so far: each is a customer's of its own
	r       uint64 // a deterministic sequence of choices
}

func openBench(tb testing.TB, c Config, setup routing.Setup) *benchBoard {
	tb.Helper()
	c.Name = "bench"
	if c.Store == nil {
		c.Store = &discard{}
	}
	c.Node = "n1"
	c.Transports = map[conversation.Channel]Transport{"messenger": atOnce{}}
	board, err := Open(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = board.Close() })
	b := &benchBoard{Board: board, tb: tb, r: 1}
	b.must(b.Administrator("root").Configure(context.Background(), setup))
	return b
}

func (b *benchBoard) must(err error) {
	if err != nil {
		b.tb.Fatal(err)
	}
}

func (b *benchBoard) pick(n int) int {
	b.r = b.r*6364136223846793005 + 1442695040888963407
	return int(b.r>>33) % n
}

func (b *benchBoard) signIn(agents int) {
	ctx := context.Background()
	for i := range agents {
		a := b.Agent(benchAgent(i))
		b.must(a.SignIn(ctx))
		b.must(a.Available(ctx))
	}
}

// arrival is the first message of a new customer.
func (b *benchBoard) arrival(page int) conversation.Inbound {
	b.n++
	return conversation.Inbound{
		Channel: "messenger", Source: benchPage(page), Customer: benchCustomer(b.n),
		ExternalID: fmt.Sprintf("m_%024d", b.n), Text: fmt.Sprintf("Good morning, where is parcel %d?", b.n),
	}
}

// offered returns whom the conversation is offered to.
func (b *benchBoard) offered(id conversation.ID) agent.ID {
	c, err := b.Conversation(context.Background(), id)
	b.must(err)
	if c.Offer == nil {
		b.tb.Fatalf("%s is %s", id, c.State)
	}
	return c.Offer.Agent
}

// lifecycleCommands are those of one turn of lifecycle.
const lifecycleCommands = 8

// lifecycle takes a conversation of the i-th queue, which one agent alone
// serves, through its whole life. What becomes of the two messages to the
// customer is reported by the Board's own senders and is not counted.
func (b *benchBoard) lifecycle(ctx context.Context, i, turn int) {
	who := &b.callers[i]
	in := conversation.Inbound{
		Channel: "messenger", Source: who.page, Customer: who.customers[turn%len(who.customers)],
		ExternalID: who.message(2 * turn), Text: "Good morning, where is my parcel?",
	}
	id, err := b.Receive(ctx, in)
	b.must(err)
	a := who.agent
	b.must(a.Accept(ctx, id))
	_, err = a.Send(ctx, id, "Good morning. May I have the number of your order, please?")
	b.must(err)
	in.ExternalID, in.Text = who.message(2*turn+1), "It is 4711-0815."
	_, err = b.Receive(ctx, in)
	b.must(err)
	_, err = a.Send(ctx, id, "Thank you. It will be with you tomorrow before noon.")
	b.must(err)
	_, err = a.Note(ctx, id, "Third late parcel of that depot this week.")
	b.must(err)
	b.must(a.End(ctx, id))
	b.must(a.WrapUp(ctx, id, "done"))
}

func lifecycleBoard(tb testing.TB, c Config, callers int) *benchBoard {
	s := routing.Setup{Settings: routing.Settings{Linger: benchLinger}}
	for i := range callers {
		s.Teams = append(s.Teams, routing.Team{ID: benchTeam(i)})
		s.Queues = append(s.Queues, routing.Queue{
			ID: benchQueue(i), Teams: []routing.TeamID{benchTeam(i)}, WrapUp: benchWrapUp,
		})
		s.Sources = append(s.Sources, routing.Source{ID: benchPage(i), Channel: "messenger", Queue: benchQueue(i)})
		s.Agents = append(s.Agents, routing.Agent{ID: benchAgent(i), Teams: []routing.TeamID{benchTeam(i)}})
	}
	b := openBench(tb, c, s)
	b.signIn(callers)
	for i := range callers {
		who := benchCaller{page: benchPage(i), agent: b.Agent(benchAgent(i)), prefix: fmt.Sprintf("m_%08d_000", i)}
		for k := range 1000 {
			who.customers = append(who.customers, benchCustomer(1000*i+k))
		}
		b.callers = append(b.callers, who)
	}
	return b
}

// benchCaller is what a caller of lifecycle has at hand.
type benchCaller struct {
	page      conversation.Source
	agent     Agent
	customers []conversation.Customer
	prefix    string
}

func (c *benchCaller) message(n int) string {
	var room [64]byte
	return string(strconv.AppendInt(append(room[:0], c.prefix...), int64(100_000_000+n), 10))
}

// BenchmarkBoardLifecycle is a conversation's whole life: receive, offer,
// accept, four messages (the customer's second one, two of the agent's and a
// note), end, wrap-up. An operation is one life of eight commands.
func BenchmarkBoardLifecycle(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			ctx := context.Background()
			board := lifecycleBoard(b, Config{}, callers)
			b.ReportAllocs()
			b.ResetTimer()
			var next atomic.Int64
			var group sync.WaitGroup
			for i := range callers {
				group.Go(func() {
					for {
						turn := next.Add(1)
						if turn > int64(b.N) {
							return
						}
						board.lifecycle(ctx, i, int(turn))
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(b.N*lifecycleCommands)/b.Elapsed().Seconds(), "commands/s")
		})
	}
}

// BenchmarkRoute is the routing in its steady state: forty queues, every agent with
// one conversation, and a few that wait in each queue. A decision is the offer to an
// agent who comes back from a break, which is all that this command does beside
// changing the agent's state; the time of these commands is decisions/s. An
// operation is a round of fifty agents: they ask for a break, end, wrap up, come back, and accept;
// fifty conversations arrive.
func BenchmarkRoute(b *testing.B) {
	for _, agents := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			ctx := context.Background()
			board := openBench(b, Config{}, benchSetup(agents, 1, false))
			board.signIn(agents)
			desks := make([]benchDesk, agents)
			for range agents + 10*benchQueues {
				_, err := board.Receive(ctx, board.arrival(board.n%benchQueues))
				board.must(err)
			}
			for i := range desks {
				desks[i].agent = board.Agent(benchAgent(i))
				desks[i].accept(ctx, board)
			}
			const round = 50
			at, decisions := 0, 0
			var deciding time.Duration
			runtime.GC()
			for b.Loop() {
				some := desks[at : at+round]
				at = (at + round) % agents
				for i := range some {
					d := &some[i]
					board.must(d.agent.Idle(ctx, "break"))
					board.must(d.agent.End(ctx, d.serving))
					board.must(d.agent.WrapUp(ctx, d.serving, "done"))
				}
				began := time.Now()
				for i := range some {
					board.must(some[i].agent.Available(ctx))
				}
				deciding += time.Since(began)
				decisions += round
				for i := range some {
					some[i].accept(ctx, board)
					_, err := board.Receive(ctx, board.arrival(some[i].queue))
					board.must(err)
				}
			}
			b.ReportMetric(float64(decisions)/deciding.Seconds(), "decisions/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(decisions), "ns/round")
		})
	}
}

// benchDesk is an agent who serves one conversation.
type benchDesk struct {
	agent   Agent
	serving conversation.ID
	queue   int // of which that is
	needs   []conversation.Need
}

// accept accepts the one offer that the agent has.
func (d *benchDesk) accept(ctx context.Context, b *benchBoard) {
	info, err := b.AgentInfo(ctx, d.agent.ID())
	b.must(err)
	if info.Load.Offers != 1 {
		b.tb.Fatalf("%s has %d offers", d.agent.ID(), info.Load.Offers)
	}
	d.serving = info.Conversations[0]
	b.must(d.agent.Accept(ctx, d.serving))
	c, err := b.Conversation(ctx, d.serving)
	b.must(err)
	d.queue, d.needs = benchQueueNo(c.Queue), c.Needs
}

// BenchmarkArrive is the other way to a decision: an arriving conversation is
// opened, takes the message, waits, and is offered to an agent who is free; the time
// of these commands is arrivals/s. As many conversations live as there are agents. An
// operation is a round of fifty: they arrive and are accepted, and as many
// older ones are ended and wrapped up.
func BenchmarkArrive(b *testing.B) {
	for _, agents := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			ctx := context.Background()
			board := openBench(b, Config{}, benchSetup(agents, 5, false))
			board.signIn(agents)
			type live struct {
				id  conversation.ID
				who agent.ID
			}
			ring := make([]live, 0, agents)
			for range agents {
				id, err := board.Receive(ctx, board.arrival(board.n%benchQueues))
				board.must(err)
				who := board.offered(id)
				board.must(board.Agent(who).Accept(ctx, id))
				ring = append(ring, live{id, who})
			}
			const round = 50
			in := make([]conversation.Inbound, round)
			ids := make([]conversation.ID, round)
			at, arrivals := 0, 0
			var arriving time.Duration
			runtime.GC()
			for b.Loop() {
				for i := range in {
					in[i] = board.arrival(board.n % benchQueues)
				}
				began := time.Now()
				for i := range in {
					id, err := board.Receive(ctx, in[i])
					board.must(err)
					ids[i] = id
				}
				arriving += time.Since(began)
				arrivals += round
				for _, id := range ids {
					who := board.offered(id)
					board.must(board.Agent(who).Accept(ctx, id))
					old := ring[at]
					board.must(board.Agent(old.who).End(ctx, old.id))
					board.must(board.Agent(old.who).WrapUp(ctx, old.id, "done"))
					ring[at] = live{id, who}
					at = (at + 1) % len(ring)
				}
			}
			b.ReportMetric(float64(arrivals)/arriving.Seconds(), "arrivals/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(arrivals), "ns/round")
		})
	}
}

// BenchmarkBacklog is a centre that cannot keep up: a million conversations
// wait, and ten thousand agents each get the next one as they finish. A decision
// is the offer that follows a wrap-up; the time of the wrap-ups is
// decisions/s. The waiting conversations that are taken are replaced.
func BenchmarkBacklog(b *testing.B) {
	for _, skilled := range []bool{false, true} {
		name := "plain"
		if skilled {
			name = "skills"
		}
		b.Run(name, func(b *testing.B) { benchBacklog(b, skilled) })
	}
}

func benchBacklog(b *testing.B, skilled bool) {
	waiting, agents := 1_000_000, 10_000
	if os.Getenv("SWITCHBOARD_BENCH_SHORT") == "1" {
		waiting, agents = 20_000, 1_000
	}
	ctx := context.Background()
	board := openBench(b, Config{}, benchSetup(agents, 1, skilled))
	board.signIn(agents)
	arrive := func(queue int, needs []conversation.Need) {
		in := board.arrival(queue)
		in.Entry.Needs = needs
		_, err := board.Receive(ctx, in)
		board.must(err)
	}
	before := heap()
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	cycles := gc.NumGC
	for range waiting + agents {
		var needs []conversation.Need
		if skilled {
			needs = benchNeeds(board.pick(100))
		}
		arrive(board.n%benchQueues, needs)
	}
	perConversation := float64(heap()-before) / float64(waiting+agents)

	desks := make([]benchDesk, agents)
	for i := range desks {
		desks[i].agent = board.Agent(benchAgent(i))
		desks[i].accept(ctx, board)
	}
	const round = 500
	at, decisions := 0, 0
	var deciding time.Duration
	for b.Loop() {
		some := desks[at : at+round]
		at = (at + round) % agents
		for i := range some {
			board.must(some[i].agent.End(ctx, some[i].serving))
		}
		began := time.Now()
		for i := range some {
			board.must(some[i].agent.WrapUp(ctx, some[i].serving, "done"))
		}
		deciding += time.Since(began)
		decisions += round
		for i := range some {
			some[i].accept(ctx, board)
			arrive(some[i].queue, some[i].needs) // in the place of what was taken
		}
	}
	b.ReportMetric(float64(decisions)/deciding.Seconds(), "decisions/s")
	b.ReportMetric(perConversation, "B/conversation")
	debug.ReadGCStats(&gc) // of filling the queues too
	longest := time.Duration(0)
	for _, p := range gc.Pause[:min(len(gc.Pause), int(gc.NumGC-cycles))] {
		longest = max(longest, p)
	}
	b.ReportMetric(float64(longest.Microseconds()), "max-gc-pause-us")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(decisions), "ns/round")
}

// heap returns how many bytes are in use after collecting the garbage.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkMockAdvance lets a hundred thousand offers pass unanswered at one
// instant of a mock clock: each agent becomes RONA, each conversation goes back
// to its queue. An operation is the advance and a query that sees its effects.
func BenchmarkMockAdvance(b *testing.B) {
	offers := 100_000
	if os.Getenv("SWITCHBOARD_BENCH_SHORT") == "1" {
		offers = 5_000
	}
	ctx := context.Background()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	setup := benchSetup(offers, 1, false)
	for i := range setup.Queues {
		setup.Queues[i].OfferFor = time.Minute
	}
	for i := range setup.Agents {
		setup.Agents[i].Teams = setup.Agents[i].Teams[:1] // so that nobody is left without an offer
	}
	board := openBench(b, Config{Clock: mock}, setup)
	for range offers {
		_, err := board.Receive(ctx, board.arrival(board.n%benchQueues))
		board.must(err)
	}
	for i := range offers {
		board.must(board.Agent(benchAgent(i)).SignIn(ctx))
	}
	spent := time.Duration(0)
	for b.Loop() {
		for i := range offers {
			board.must(board.Agent(benchAgent(i)).Available(ctx))
		}
		began := time.Now()
		mock.Add(time.Minute)
		waiting := 0
		for i := range benchQueues {
			q, err := board.QueueInfo(ctx, benchQueue(i))
			board.must(err)
			waiting += q.Waiting
		}
		spent += time.Since(began)
		if waiting != offers {
			b.Fatalf("%d wait", waiting)
		}
	}
	b.ReportMetric(float64(spent.Milliseconds())/float64(b.N), "ms/advance")
}

// BenchmarkReplay opens a board on a log of whole lives.
func BenchmarkReplay(b *testing.B) {
	lives := 10_000
	if os.Getenv("SWITCHBOARD_BENCH_SHORT") == "1" {
		lives = 500
	}
	ctx := context.Background()
	store := NewMemoryStore()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	board := lifecycleBoard(b, Config{Clock: mock, Store: store}, 1)
	for i := range lives {
		board.lifecycle(ctx, 0, i)
	}
	board.must(board.Quiet(ctx))
	events := uint64(0)
	board.must(board.view(ctx, func(f *floor.Floor) error {
		events = f.Seq()
		return nil
	}))
	board.must(board.Close())
	b.ResetTimer()
	for b.Loop() {
		again, err := Open(ctx, Config{Name: "bench", Clock: mock, Store: store, Node: "n1"})
		if err != nil {
			b.Fatal(err)
		}
		if err := again.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkReference measures what the figures above cannot go below: the
// encoding of one life's events, and a word to another goroutine and back.
func BenchmarkReference(b *testing.B) {
	b.Run("encode", func(b *testing.B) {
		ctx := context.Background()
		store := NewMemoryStore()
		mock := clock.NewMock()
		board := lifecycleBoard(b, Config{Clock: mock, Store: store}, 1)
		const lives = 20
		for i := range lives {
			board.lifecycle(ctx, 0, i)
		}
		board.must(board.Quiet(ctx))
		log, err := store.Open(ctx, "bench")
		board.must(err)
		var all []floor.Event
		for rec, err := range log.Read(ctx, 0) {
			board.must(err)
			_, events, err := newReader().record(rec)
			board.must(err)
			all = append(all, events...)
		}
		w := newWriter()
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			for i := range all {
				if buf, err = w.event(buf[:0], &all[i]); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(len(all)*b.N), "ns/event")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lives*b.N), "ns/life")
	})
	b.Run("round-trip", func(b *testing.B) {
		ask, answer := make(chan int, 1), make(chan int, 1)
		go func() {
			for x := range ask {
				answer <- x
			}
		}()
		for b.Loop() {
			ask <- 1
			<-answer
		}
		close(ask)
	})
}
