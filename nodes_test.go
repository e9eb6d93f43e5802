package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/storage/storagetest"
)

// mortal is one process's way to a store: it can be away for a while, hang, take
// its time, or end for good as the process does.
type mortal struct {
	switchboard.Store
	mu    sync.Mutex
	err   error         // of every call
	slow  time.Duration // of every append and read
	hung  chan struct{} // closed when calls go on
	blind bool          // it cannot say when there is something new
	reads int
}

var errDead = errors.New("the process is dead")

func (m *mortal) set(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *mortal) hang() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hung := make(chan struct{})
	m.hung = hung
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		close(hung)
		m.hung = nil
	}
}

func (m *mortal) call() error {
	m.mu.Lock()
	m.reads++
	err, slow, hung := m.err, m.slow, m.hung
	m.mu.Unlock()
	if hung != nil {
		<-hung
	}
	if slow > 0 {
		time.Sleep(slow)
	}
	return err
}

func (m *mortal) Open(ctx context.Context, board string) (switchboard.Log, error) {
	if err := m.call(); err != nil {
		return nil, err
	}
	l, err := m.Store.Open(ctx, board)
	return &mortalLog{l, m}, err
}

type mortalLog struct {
	switchboard.Log
	m *mortal
}

func (l *mortalLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	if err := l.m.call(); err != nil {
		return 0, err
	}
	return l.Log.Append(ctx, after, data)
}

func (l *mortalLog) Read(ctx context.Context, after switchboard.Position) iter.Seq2[switchboard.Record, error] {
	if err := l.m.call(); err != nil {
		return func(yield func(switchboard.Record, error) bool) { yield(switchboard.Record{}, err) }
	}
	return l.Log.Read(ctx, after)
}

func (l *mortalLog) Wait(ctx context.Context, after switchboard.Position) error {
	if l.m.blind {
		return errors.ErrUnsupported
	}
	if err := l.Log.(switchboard.Watcher).Wait(ctx, after); err != nil {
		return err
	}
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.m.err
}

// post is the channel behind the transports of all nodes: it knows what has
// arrived. A Settler asks it.
type post struct {
	mu      sync.Mutex
	arrived []string
}

func (p *post) take(m switchboard.Outbound) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arrived = append(p.arrived, m.Text)
}

func (p *post) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.arrived...)
}

// sender is one node's transport. Its first send may be held up, before the
// message arrives or after, and its process may end there.
type sender struct {
	post   *post
	mu     sync.Mutex
	before func(ctx context.Context) // the message arrives; nil does nothing
	after  func(ctx context.Context)
}

// hold says what holds up the next send.
func (s *sender) hold(before, after func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

func (s *sender) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	s.mu.Lock()
	before, after := s.before, s.after
	s.before, s.after = nil, nil
	s.mu.Unlock()
	if before != nil {
		before(ctx)
	}
	if err := ctx.Err(); err != nil { // as a transport must: it is too late
		return switchboard.Receipt{}, err
	}
	s.post.take(m)
	if after != nil {
		after(ctx)
	}
	return switchboard.Receipt{ExternalID: "out-" + m.Key}, ctx.Err()
}

// asker is a sender that can settle.
type asker struct{ *sender }

func (a asker) Settle(_ context.Context, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt, error) {
	for _, text := range a.post.list() {
		if text == m.Text {
			return switchboard.Arrived, switchboard.Receipt{ExternalID: "out-" + m.Key}, nil
		}
	}
	return switchboard.NotSent, switchboard.Receipt{}, nil
}

// node is a Board among others on one store.
type node struct {
	*bed
	store  *mortal
	sender *sender
}

// cluster is some nodes in a bubble, with a post behind them.
type cluster struct {
	t       *testing.T
	store   switchboard.Store
	post    *post
	settles bool
	blind   bool
}

func (c *cluster) open(name string, change ...func(*switchboard.Config, *sender)) *node {
	c.t.Helper()
	n := &node{store: &mortal{Store: c.store, blind: c.blind}, sender: &sender{post: c.post}}
	config := with(n.sender)
	if c.settles {
		config = with(asker{n.sender})
	}
	config.Store, config.Node, config.Clock = n.store, name, clock.New()
	for _, f := range change {
		f(&config, n.sender)
	}
	n.bed = open(c.t, nil, config)
	return n
}

// talking sets the board up through the node and has Ann talk to a customer.
func (n *node) talking() conversation.ID {
	n.t.Helper()
	n.must(n.Administrator("root").Configure(n.t.Context(), twoAgents))
	n.must(n.Agent("ann").SignIn(n.t.Context()))
	n.must(n.Agent("ann").Available(n.t.Context()))
	return n.talk("c1")
}

func clusters(t *testing.T, f func(t *testing.T, c *cluster)) {
	for _, settles := range []bool{true, false} {
		for _, blind := range []bool{false, true} {
			t.Run(fmt.Sprintf("settles=%v blind=%v", settles, blind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f(t, &cluster{t: t, store: switchboard.NewMemoryStore(), post: &post{}, settles: settles, blind: blind})
				})
			})
		}
	}
}

// A node that dies before, while or after it sends: another takes over what it
// had, without being asked anything, and nothing arrives twice.
func TestTakeOverFromADeadNode(t *testing.T) {
	for _, tc := range []struct {
		name            string
		before, after   bool // where the first send is stuck when the process dies
		settled         []string
		unsettled       []string
		post, unsetPost []string
	}{
		{"before the message arrives", true, false,
			[]string{"one: sent", "two: sent"}, []string{"one: unknown (transport)", "two: sent"},
			[]string{"one", "two"}, []string{"two"}},
		{"after it arrived, before the result is known", false, true,
			[]string{"one: sent", "two: sent"}, []string{"one: unknown (transport)", "two: sent"},
			[]string{"one", "two"}, []string{"one", "two"}},
		{"between two messages", false, false, // the second is at the head of the lane
			[]string{"one: sent", "two: sent"}, []string{"one: sent", "two: unknown (transport)"},
			[]string{"one", "two"}, []string{"one"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clusters(t, func(t *testing.T, c *cluster) {
				stuck := make(chan struct{})
				n2 := c.open("n2")
				n1 := c.open("n1", func(_ *switchboard.Config, s *sender) {
					hold := func(ctx context.Context) {
						<-stuck // the process is gone; only the test lets the goroutine end
					}
					switch {
					case tc.before:
						s.before = hold
					case tc.after:
						s.after = hold
					default:
						s.after = func(context.Context) { time.Sleep(time.Second) }
					}
				})
				id := n1.talking()
				n1.write(id, "one")
				n1.write(id, "two")
				synctest.Wait()
				if !tc.before && !tc.after {
					// The first is reported at one second. Then its process ends.
					n1.sender.hold(func(context.Context) { <-stuck }, nil)
					time.Sleep(2 * time.Second)
				}
				n1.store.set(errDead)
				time.Sleep(3 * time.Minute)
				want, arrived := tc.settled, tc.post
				if !c.settles {
					want, arrived = tc.unsettled, tc.unsetPost
				}
				n2.want(id, want...)
				if d := cmp.Diff(arrived, c.post.list()); d != "" {
					t.Errorf("arrived (-want +got):\n%s", d)
				}
				close(stuck)
				_ = n1.Close()
				if d := cmp.Diff(arrived, c.post.list()); d != "" {
					t.Errorf("arrived in the end (-want +got):\n%s", d)
				}
			})
		})
	}
}

// A node that is paused past its lease and then goes on: what it holds is no
// longer its own, and it neither sends nor says anything that counts, but that a
// message has arrived.
func TestPausedHolder(t *testing.T) {
	t.Run("before the message arrives", func(t *testing.T) {
		clusters(t, func(t *testing.T, c *cluster) {
			n2 := c.open("n2")
			n1 := c.open("n1", func(_ *switchboard.Config, s *sender) {
				s.before = func(context.Context) { time.Sleep(2 * time.Minute) }
			})
			id := n1.talking()
			release := n1.pause(id, "one", "two")
			time.Sleep(3 * time.Minute)
			release()
			time.Sleep(time.Minute)
			if c.settles {
				n2.want(id, "one: sent", "two: sent")
			} else {
				n2.want(id, "one: unknown (transport)", "two: sent")
			}
			c.atMostOnce("one", "two")
		})
	})
	t.Run("after it arrived", func(t *testing.T) {
		clusters(t, func(t *testing.T, c *cluster) {
			n2 := c.open("n2")
			n1 := c.open("n1", func(_ *switchboard.Config, s *sender) {
				s.after = func(context.Context) { time.Sleep(2 * time.Minute) }
			})
			id := n1.talking()
			release := n1.pause(id, "one", "two")
			time.Sleep(3 * time.Minute)
			release()
			time.Sleep(time.Minute)
			if c.settles {
				n2.want(id, "one: sent", "two: sent")
			} else {
				n2.want(id, "one: unknown (transport)", "two: sent")
			}
			c.atMostOnce("one", "two")
		})
	})
	t.Run("with messages that wait for room", func(t *testing.T) {
		clusters(t, func(t *testing.T, c *cluster) {
			n2 := c.open("n2")
			n1 := c.open("n1", func(c *switchboard.Config, s *sender) {
				c.Sends = 1
				s.before = func(context.Context) { time.Sleep(2 * time.Minute) }
			})
			n1.talking()
			var ids []conversation.ID
			for i := range 20 {
				id := n1.talk(fmt.Sprint("other", i))
				n1.write(id, fmt.Sprint("text ", i))
				ids = append(ids, id)
			}
			synctest.Wait()
			release := n1.store.hang()
			time.Sleep(3 * time.Minute)
			release()
			time.Sleep(2 * time.Minute)
			for i, id := range ids {
				got := n2.statuses(id)[0]
				if sent, unknown := fmt.Sprintf("text %d: sent", i), fmt.Sprintf("text %d: unknown (transport)", i); got != sent && (c.settles || got != unknown) {
					t.Errorf("%s", got)
				}
				c.atMostOnce(fmt.Sprint("text ", i))
			}
		})
	})
}

// pause lets the node take the messages, and then stops its store: with its
// transport, which sleeps, the whole process stands still until released.
func (n *node) pause(id conversation.ID, texts ...string) (release func()) {
	for _, text := range texts {
		n.write(id, text)
	}
	synctest.Wait()
	return n.store.hang()
}

func (c *cluster) atMostOnce(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if n := count(c.post.list(), text); n > 1 {
			c.t.Errorf("%q arrived %d times", text, n)
		}
	}
}

// A node that is slow, or whose messages wait long to be tried again, is not
// taken for lost.
func TestSlowNodeKeepsItsMessages(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*switchboard.Config, *sender)
		slow   time.Duration
	}{
		{"a slow store", func(*switchboard.Config, *sender) {}, 1500 * time.Millisecond},
		{"a slow transport", func(_ *switchboard.Config, s *sender) {
			s.before = func(context.Context) { time.Sleep(19 * time.Second) }
		}, 0},
		{"tries after a minute", func(c *switchboard.Config, s *sender) {
			n := 0
			c.Transports["messenger"] = transportFunc(func(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
				if n++; n <= 3 {
					return switchboard.Receipt{}, &switchboard.SendError{Why: conversation.FailRateLimited, Temporary: true, After: time.Minute}
				}
				return s.Send(ctx, m)
			})
		}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clusters(t, func(t *testing.T, c *cluster) {
				n2 := c.open("n2")
				n1 := c.open("n1", tc.change)
				id := n1.talking()
				n1.store.mu.Lock()
				n1.store.slow = tc.slow
				n1.store.mu.Unlock()
				for i := range 8 {
					n1.write(id, fmt.Sprint(i))
					time.Sleep(5 * time.Second)
				}
				time.Sleep(5 * time.Minute)
				var want []string
				for i := range 8 {
					want = append(want, fmt.Sprint(i, ": sent"))
					c.atMostOnce(fmt.Sprint(i))
				}
				n2.want(id, want...)
				if n := count(n2.kinds(), "conversation.lane-taken"); n != 0 {
					t.Errorf("its lane was taken %d times", n)
				}
			})
		})
	}
}

// A board that was alone has no lease when another node comes. It is not lost for
// that.
func TestSecondNodeComesWhileSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := switchboard.NewMemoryStore(), newPipe()
		c := with(p)
		c.Store, c.Clock, c.Node = store, clock.New(), "n1"
		n1 := &node{bed: open(t, nil, c)}
		id := n1.talking()
		n1.write(id, "one")
		first := <-p.calls
		time.Sleep(10 * time.Second)
		c.Node = "n2"
		n2 := open(t, nil, c)
		time.Sleep(9 * time.Second)
		first.sent()
		synctest.Wait()
		n2.want(id, "one: sent")
		if kinds := n2.kinds(); count(kinds, "conversation.lane-taken")+count(kinds, "routing.node-alive") != 0 {
			t.Error("it was taken for lost")
		}
	})
}

// A node's lease is a matter of one event now and then, and of none on a board
// that nobody else has.
func TestLeasesAreFew(t *testing.T) {
	clusters(t, func(t *testing.T, c *cluster) {
		n1 := c.open("n1")
		c.open("n2")
		id := n1.talking()
		for range 100 {
			n1.write(id, "x")
			time.Sleep(time.Second)
		}
		if n := count(n1.kinds(), "routing.node-alive"); n < 2 || n > 12 {
			t.Errorf("%d leases in 100 seconds", n)
		}
	})
	b := ready(t, with(newPipe()))
	b.write(b.talk("c1"), "x")
	if n := count(b.kinds(), "routing.node-alive"); n != 0 {
		t.Errorf("%d leases on a board that is alone", n)
	}
}

// A clock that is wrong by less than MaxSkew takes nothing from a node that lives.
func TestTakeOverWithClocksApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, store: switchboard.NewMemoryStore(), post: &post{}, settles: true}
		n2 := c.open("n2", func(c *switchboard.Config, _ *sender) { c.Clock = shifted{clock.New(), 1900 * time.Millisecond} })
		n1 := c.open("n1", func(_ *switchboard.Config, s *sender) {
			s.before = func(ctx context.Context) { <-ctx.Done() } // all its time, and then it does not arrive
		})
		id := n1.talking()
		n1.write(id, "one")
		time.Sleep(19 * time.Second)
		n2.watch()
		time.Sleep(5 * time.Minute)
		n2.want(id, "one: sent")
		c.atMostOnce("one")
		if n := count(n2.kinds(), "conversation.lane-taken"); n != 0 {
			t.Errorf("the lane was taken %d times", n)
		}
	})
}

// shifted is a clock that is ahead.
type shifted struct {
	clock.Clock
	by time.Duration
}

func (s shifted) Now() time.Time { return s.Clock.Now().Add(s.by) }

// What happens through one node is in the stream of another of which nobody asks
// anything.
func TestStreamOnAnIdleNode(t *testing.T) {
	clusters(t, func(t *testing.T, c *cluster) {
		n1, n2 := c.open("n1"), c.open("n2")
		var mu sync.Mutex
		var got []string
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for e, err := range n2.Events(ctx, "", switchboard.OfKind("conversation.opened")) {
				if err == nil {
					mu.Lock()
					got = append(got, string(e.Body.(conversation.Opened).Customer))
					mu.Unlock()
				}
			}
		}()
		n1.talking()
		for i := range 10 {
			n1.arrive(fmt.Sprint("more", i))
			if time.Sleep(time.Millisecond); c.blind {
				time.Sleep(500 * time.Millisecond)
			}
			synctest.Wait()
			mu.Lock()
			if len(got) != i+2 {
				t.Errorf("%d events after %d", len(got), i+2)
			}
			mu.Unlock()
		}
		stop()
		<-ended
		if c.blind { // nobody reads any more, so it is asked less
			time.Sleep(time.Minute)
			n2.store.mu.Lock()
			before := n2.store.reads
			n2.store.mu.Unlock()
			time.Sleep(time.Minute)
			n2.store.mu.Lock()
			defer n2.store.mu.Unlock()
			if n := n2.store.reads - before; n > 20 {
				t.Errorf("an idle node without readers asks the store %d times a minute", n)
			}
		}
	})
}

// Two nodes share a store that goes away and comes back: commands fail clearly
// meanwhile, and both go on by themselves.
func TestStoreGoesAwayAndComesBack(t *testing.T) {
	clusters(t, func(t *testing.T, c *cluster) {
		n1, n2 := c.open("n1"), c.open("n2")
		id := n1.talking()
		for round := range 3 {
			n1.store.set(errDown)
			n2.store.set(errDown)
			for i, n := range []*node{n1, n2} {
				_, err := n.Receive(t.Context(), from(fmt.Sprint("lost", round, i), 1))
				if !errors.Is(err, switchboard.ErrOutcomeUnknown) {
					t.Errorf("%s: %v", n.Node(), err)
				}
				stale := (*switchboard.StaleError)(nil)
				if _, err := n.Watch(t.Context()); !errors.As(err, &stale) {
					t.Errorf("%s: %v", n.Node(), err)
				}
			}
			time.Sleep(time.Minute)
			n1.store.set(nil)
			n2.store.set(nil)
			time.Sleep(3 * time.Second)
			// Nobody has asked anything, and yet it serves: an answer at once.
			n1.write(id, fmt.Sprint("n1-", round))
			n2.write(id, fmt.Sprint("n2-", round))
			n2.arrive(fmt.Sprint("found", round))
			time.Sleep(time.Second)
		}
		n1.must(n1.Quiet(t.Context()))
		n2.must(n2.Quiet(t.Context()))
		one, two := n1.watch(), n2.watch()
		if d := diff(one, two); d != "" {
			t.Errorf("the nodes differ (-n1 +n2):\n%s", d)
		}
		n3 := c.open("n3")
		if d := diff(one, n3.watch()); d != "" {
			t.Errorf("a replay differs (-n1 +n3):\n%s", d)
		}
		var want []string
		for round := range 3 {
			want = append(want, fmt.Sprintf("n1-%d: sent", round), fmt.Sprintf("n2-%d: sent", round))
		}
		n3.want(id, want...)
	})
}

// A deadline is served by whoever committed last, at its instant, and by another
// soon after when that one is gone.
func TestDeadlineOnTwoNodes(t *testing.T) {
	clusters(t, func(t *testing.T, c *cluster) {
		n1, n2 := c.open("n1"), c.open("n2")
		n1.talking()
		id := n1.arrive("c2")
		time.Sleep(60 * time.Second)
		synctest.Wait()
		if kinds := strings.Join(n2.kinds(), " "); !strings.Contains(kinds, "offer-ended") {
			t.Errorf("the offer has not ended: %v", kinds)
		}
		n1.must(n1.Agent("ann").Available(t.Context()))
		n1.store.set(errDead)
		from := n2.watch()
		time.Sleep(60*time.Second + 200*time.Millisecond)
		synctest.Wait()
		past := n2.historyFrom(from.Cursor)
		if len(past) == 0 {
			t.Fatalf("nobody served the deadline of %v", id)
		}
	})
}

// Whoever has learnt something from one node sees at least that on another, or
// is told that it is not certain.
func TestCatchUp(t *testing.T) {
	clusters(t, func(t *testing.T, c *cluster) {
		n1, n2 := c.open("n1"), c.open("n2")
		n1.talking()
		n1.arrive("c2")
		seen := n1.watch().Cursor
		n2.must(n2.CatchUp(t.Context(), seen))
		n2.store.set(errDown) // from here on it has only what it has seen
		n1.arrive("c3")
		n2.must(n2.CatchUp(t.Context(), seen))
		if s, _ := n2.Watch(t.Context()); len(s.Conversations) != 2 {
			t.Errorf("%d conversations, want 2", len(s.Conversations))
		}
		stale := (*switchboard.StaleError)(nil)
		if err := n2.CatchUp(t.Context(), n1.watch().Cursor); !errors.As(err, &stale) {
			t.Errorf("the store is away: %v", err)
		}
		n2.store.set(nil)
		n2.must(n2.CatchUp(t.Context(), n1.watch().Cursor))
		odd := (*switchboard.CursorError)(nil)
		other := open(t, newMock(), switchboard.Config{}) // whose log is shorter
		if err := other.CatchUp(t.Context(), seen); !errors.As(err, &odd) || !errors.Is(err, switchboard.ErrPosition) {
			t.Errorf("past the end: %v", err)
		}
		if err := n2.CatchUp(t.Context(), "nonsense"); !errors.As(err, &odd) || errors.Is(err, switchboard.ErrPosition) {
			t.Errorf("nonsense: %v", err)
		}
		n2.must(n2.CatchUp(t.Context(), ""))
	})
}

// smallStore takes records up to a size.
type smallStore struct {
	switchboard.MemoryStore
	largest int
}

func (s *smallStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.MemoryStore.Open(ctx, board)
	return &smallLog{l, s, make(chan struct{}, 1)}, err
}

type smallLog struct {
	switchboard.Log
	s    *smallStore
	busy chan struct{}
}

func (l *smallLog) MaxRecord() int { return l.s.largest }

func (l *smallLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	if l.s.largest > 0 && len(data) > l.s.largest {
		return 0, errors.New("this is more than it has said that it takes")
	}
	l.busy <- struct{}{} // so that commands are decided together
	time.Sleep(time.Millisecond)
	<-l.busy
	return l.Log.Append(ctx, after, data)
}

// Records are cut to what the store takes; a step that is larger alone is refused.
func TestRecordsFitTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &smallStore{largest: 20 << 10}
		b := ready(t, switchboard.Config{Store: store})
		var group sync.WaitGroup
		for i := range 200 {
			group.Go(func() {
				in := from(fmt.Sprint("c", i), 1)
				in.Text = strings.Repeat("x", 3000)
				if _, err := b.Receive(t.Context(), in); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		before := b.watch()
		setup := twoAgents
		for i := range 1000 {
			setup.Teams = append(setup.Teams, routing.Team{ID: routing.TeamID(fmt.Sprint("team", i))})
		}
		size := (*switchboard.SizeError)(nil)
		if err := b.Administrator("root").Configure(t.Context(), setup); !errors.As(err, &size) || size.Max != store.largest || size.Size <= size.Max {
			t.Errorf("a step that is too large: %v", err)
		}
		if d := diff(before, b.watch()); d != "" {
			t.Errorf("it left something (-want +got):\n%s", d)
		}
		store.largest = 0
		whole := open(t, b.mock, switchboard.Config{Store: store})
		whole.must(whole.Administrator("root").Configure(t.Context(), setup)) // no limit
	})
}

// A store that wraps another has the methods of every ability. Where they say
// that they are not supported, the board does without.
func TestAbilitiesThatAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bare := storagetest.NewFaults(&bareStore{}, storagetest.FaultConfig{})
		logs := &strings.Builder{}
		b := ready(t, switchboard.Config{Store: bare, SnapshotEvery: 10, Logger: slog.New(slog.NewTextHandler(logs, nil))})
		for i := range 50 {
			b.arrive(fmt.Sprint("c", i))
			time.Sleep(time.Second)
		}
		if s := logs.String(); s != "" {
			t.Errorf("it was logged that\n%s", s)
		}
		next, stop := iter.Pull2(b.Events(t.Context(), "", nil))
		defer stop()
		if _, err, _ := next(); err != nil {
			t.Error(err)
		}
	})
}

// bareStore has no optional abilities.
type bareStore struct{ switchboard.MemoryStore }

func (s *bareStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.MemoryStore.Open(ctx, board)
	return bareLog{l}, err
}

type bareLog struct{ switchboard.Log }

// Messages that wait for room longer than the lease are still this node's: it
// writes another before it sends them.
func TestMessagesThatWaitForRoom(t *testing.T) {
	clusters(t, func(t *testing.T, c *cluster) {
		n2 := c.open("n2")
		n1 := c.open("n1", func(config *switchboard.Config, _ *sender) {
			config.Sends = 1
			slow := &sender{post: c.post}
			config.Transports["messenger"] = transportFunc(func(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
				time.Sleep(19 * time.Second)
				return slow.Send(ctx, m)
			})
		})
		n1.talking()
		var ids []conversation.ID
		for i := range 6 {
			ids = append(ids, n1.talk(fmt.Sprint("other", i)))
		}
		for i, id := range ids {
			n1.write(id, fmt.Sprint(i))
		}
		time.Sleep(3 * time.Minute)
		for i, id := range ids {
			n2.want(id, fmt.Sprint(i, ": sent"))
			c.atMostOnce(fmt.Sprint(i))
		}
		if n := count(n2.kinds(), "conversation.lane-taken"); n != 0 {
			t.Errorf("the lanes were taken %d times", n)
		}
	})
}
