package switchboard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

type transportFunc func(context.Context, switchboard.Outbound) (switchboard.Receipt, error)

func (f transportFunc) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	return f(ctx, m)
}

// pipe is a transport that asks the test for each answer.
type pipe struct {
	mu     sync.Mutex
	flying map[conversation.ID]int
	most   int
	clash  bool
	calls  chan *call
}

type call struct {
	switchboard.Outbound
	ctx    context.Context
	answer chan answer
}

type answer struct {
	receipt switchboard.Receipt
	err     error
}

func newPipe() *pipe {
	return &pipe{flying: map[conversation.ID]int{}, calls: make(chan *call, 1000)}
}

func (p *pipe) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	p.mu.Lock()
	p.flying[m.Conversation]++
	p.clash = p.clash || p.flying[m.Conversation] > 1
	all := 0
	for _, n := range p.flying {
		all += n
	}
	p.most = max(p.most, all)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.flying[m.Conversation]--
		p.mu.Unlock()
	}()
	c := &call{m, ctx, make(chan answer, 1)}
	p.calls <- c
	select {
	case a := <-c.answer:
		return a.receipt, a.err
	case <-ctx.Done():
		return switchboard.Receipt{}, ctx.Err()
	}
}

func (c *call) sent() {
	c.answer <- answer{receipt: switchboard.Receipt{ExternalID: "out-" + c.Key}}
}

func with(t switchboard.Transport) switchboard.Config {
	return switchboard.Config{Transports: map[conversation.Channel]switchboard.Transport{"messenger": t}}
}

// statuses are the texts of outbound messages with what became of them.
func (b *bed) statuses(id conversation.ID) []string {
	b.t.Helper()
	c, err := b.Conversation(b.t.Context(), id)
	b.must(err)
	var out []string
	for _, m := range c.Messages {
		if m.Delivery != nil {
			s := m.Text + ": " + m.Delivery.Status.String()
			if m.Delivery.Why != "" {
				s += " (" + string(m.Delivery.Why) + ")"
			}
			out = append(out, s)
		}
	}
	return out
}

func (b *bed) write(id conversation.ID, text string) {
	b.t.Helper()
	_, err := b.Agent("ann").Send(b.t.Context(), id, text)
	b.must(err)
}

func (b *bed) want(id conversation.ID, want ...string) {
	b.t.Helper()
	if d := cmp.Diff(want, b.statuses(id)); d != "" {
		b.t.Errorf("messages (-want +got):\n%s", d)
	}
}

func TestSendsKeepOrderWithOneInFlight(t *testing.T) {
	p := newPipe()
	b := ready(t, with(p))
	id := b.talk("c1")
	for i := range 5 {
		b.write(id, fmt.Sprint(i))
	}
	for i := range 5 {
		c := <-p.calls
		if c.Text != fmt.Sprint(i) || len(p.calls) != 0 {
			t.Fatalf("sent %q with %d more in flight, want %d alone", c.Text, len(p.calls), i)
		}
		c.sent()
	}
	b.must(b.Quiet(t.Context()))
	b.want(id, "0: sent", "1: sent", "2: sent", "3: sent", "4: sent")
	if p.clash {
		t.Error("two messages of one conversation were in flight")
	}
}

// The echo of a message may come before Send returns. The next message still
// waits for that.
func TestSendOrderWhenTheEchoIsFirst(t *testing.T) {
	p := newPipe()
	b := ready(t, with(p))
	id := b.talk("c1")
	b.write(id, "one")
	first := <-p.calls
	b.write(id, "two")
	_, err := b.Do(t.Context(), switchboard.Command{By: switchboard.Actor{Role: agent.Platform}, Do: conversation.Outside{
		Channel: "messenger", Source: "page", Customer: "c1", ExternalID: "out-1", Key: first.Key, Text: "one",
	}})
	b.must(err)
	b.want(id, "one: sent", "two: queued")
	b.watch()
	if len(p.calls) != 0 {
		t.Error("the second message overtook the first")
	}
	first.sent()
	(<-p.calls).sent()
	b.must(b.Quiet(t.Context()))
	b.want(id, "one: sent", "two: sent")
	if p.clash {
		t.Error("two messages of one conversation were in flight")
	}
}

func TestSendsInParallelUpToTheLimit(t *testing.T) {
	for range 20 { // the wake-up of a waiting message must never be lost
		p := newPipe()
		c := with(p)
		c.Sends = 3
		b := ready(t, c)
		const n = 12
		for i := range n {
			b.write(b.talk(fmt.Sprint("c", i)), "hello")
		}
		var flying []*call
		for range 3 {
			flying = append(flying, <-p.calls)
		}
		b.watch()
		if len(p.calls) != 0 {
			t.Fatal("more than the limit")
		}
		for i := range n {
			flying[0].sent()
			flying = flying[1:]
			if i < n-3 {
				flying = append(flying, <-p.calls)
			}
		}
		b.must(b.Quiet(t.Context()))
		if p.most != 3 {
			t.Errorf("%d at the same time, want 3", p.most)
		}
		b.must(b.Close())
	}
}

func TestTemporaryErrorIsTriedAgainUntilRetryForIsOver(t *testing.T) {
	mock := newMock()
	var attempts []string // only ever used by one send at a time, between calls of Quiet
	tr := transportFunc(func(_ context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
		attempts = append(attempts, fmt.Sprintf("%s #%d at %v", m.Text, m.Attempt, mock.Now().Sub(monday)))
		if m.Text == "hello" {
			return switchboard.Receipt{}, &switchboard.SendError{Why: conversation.FailRateLimited, Temporary: true}
		}
		return switchboard.Receipt{}, nil
	})
	c := with(tr)
	c.Clock = mock
	b := ready(t, c)
	b.mock = mock
	id := b.talk("c1")
	b.write(id, "hello")
	b.write(id, "next")
	for range 310 {
		b.must(b.Quiet(t.Context()))
		mock.Add(time.Second)
	}
	b.must(b.Quiet(t.Context()))
	b.want(id, "hello: failed (rate-limited)", "next: sent")
	want := []string{
		"hello #1 at 0s", "hello #2 at 1s", "hello #3 at 3s", "hello #4 at 7s", "hello #5 at 15s", "hello #6 at 31s",
		"hello #7 at 1m3s", "hello #8 at 2m3s", "hello #9 at 3m3s", "hello #10 at 4m3s", "next #1 at 4m3s",
	}
	if d := cmp.Diff(want, attempts); d != "" {
		t.Errorf("attempts (-want +got):\n%s", d)
	}
}

func TestResultOfASend(t *testing.T) {
	long := strings.Repeat("x", 5000) + "\xff"
	for _, tc := range []struct {
		name string
		a    answer
		want string
	}{
		{"taken", answer{receipt: switchboard.Receipt{ExternalID: "x", At: monday}}, "hello: sent"},
		{"taken without an id", answer{}, "hello: sent"},
		{"taken, with a bad id and stamp", answer{receipt: switchboard.Receipt{ExternalID: long, At: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}}, "hello: sent"},
		{"refused", answer{err: &switchboard.SendError{Why: conversation.FailBlocked, Detail: long}}, "hello: failed (customer-away)"},
		{"refused without a cause", answer{err: &switchboard.SendError{}}, "hello: failed (transport)"},
		{"refused, wrapped", answer{err: fmt.Errorf("oh: %w", &switchboard.SendError{Why: conversation.FailWindow})}, "hello: failed (window-closed)"},
		{"ambiguous, and nobody can tell", answer{err: &switchboard.SendError{Why: conversation.FailTransport, Ambiguous: true}}, "hello: unknown (transport)"},
		{"another error", answer{err: errors.New("boom")}, "hello: unknown (transport)"},
		{"a nil *SendError", answer{err: (*switchboard.SendError)(nil)}, "hello: unknown (transport)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPipe()
			b := ready(t, with(p))
			id := b.talk("c1")
			b.write(id, "hello")
			(<-p.calls).answer <- tc.a
			b.must(b.Quiet(t.Context()))
			b.want(id, tc.want)
		})
	}
}

func TestNoTransport(t *testing.T) {
	b := ready(t, switchboard.Config{})
	id := b.talk("c1")
	b.write(id, "hello")
	b.must(b.Quiet(t.Context()))
	b.want(id, "hello: failed (no-transport)")
}

// settling is a pipe that can settle: it answers what it is told, and in the
// end that it is not sure.
type settling struct {
	*pipe
	mu      sync.Mutex
	answers []switchboard.Settlement
	asked   int
}

func (s *settling) Settle(_ context.Context, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if len(s.answers) == 0 {
		return switchboard.Unsure, switchboard.Receipt{}, nil
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	return a, switchboard.Receipt{ExternalID: "settled-" + m.Key}, nil
}

func TestSettle(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers []switchboard.Settlement
		again   bool // it is sent again
		want    string
	}{
		{"arrived", []switchboard.Settlement{switchboard.Arrived}, false, "hello: sent"},
		{"unsure, then arrived", []switchboard.Settlement{switchboard.Unsure, switchboard.Unsure, switchboard.Arrived}, false, "hello: sent"},
		{"not sent", []switchboard.Settlement{switchboard.NotSent}, true, "hello: sent"},
		{"never sure", nil, false, "hello: unknown (transport)"},
		{"nonsense", []switchboard.Settlement{99}, false, "hello: unknown (transport)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := &settling{pipe: newPipe(), answers: tc.answers}
				b := ready(t, with(tr))
				id := b.talk("c1")
				b.write(id, "hello")
				(<-tr.calls).answer <- answer{err: errors.New("timeout")}
				for range 40 {
					synctest.Wait()
					select {
					case c := <-tr.calls:
						if !tc.again {
							t.Error("it was sent again blindly")
						}
						c.sent()
					default:
						b.mock.Add(time.Second)
					}
				}
				b.must(b.Quiet(t.Context()))
				b.want(id, tc.want)
			})
		})
	}
}

// A message in flight when the process ends is settled by the next one, and
// never sent twice blindly. Later ones of the same conversation follow it.
func TestMessageInFlightAtRestart(t *testing.T) {
	for _, node := range []string{"", "n1"} {
		for _, tc := range []struct {
			name    string
			answers []switchboard.Settlement
			settler bool
			sends   []string
			want    []string
		}{
			{"no settler", nil, false, []string{"two"}, []string{"one: unknown (transport)", "two: sent"}},
			{"arrived", []switchboard.Settlement{switchboard.Arrived}, true, []string{"two"}, []string{"one: sent", "two: sent"}},
			{"not sent", []switchboard.Settlement{switchboard.NotSent}, true, []string{"one", "two"}, []string{"one: sent", "two: sent"}},
		} {
			t.Run(tc.name+" node="+node, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := switchboard.NewMemoryStore()
					p := newPipe()
					c := with(p)
					c.Store, c.Node = store, node
					b := ready(t, c)
					id := b.talk("c1")
					b.write(id, "one")
					<-p.calls
					b.write(id, "two")
					b.must(b.Close())

					var tr switchboard.Transport = p
					if tc.settler {
						tr = &settling{pipe: p, answers: tc.answers}
					}
					c = with(tr)
					c.Store, c.Node = store, node
					b = open(t, b.mock, c)
					var sends []string
					for range 10 {
						synctest.Wait()
						select {
						case c := <-p.calls:
							sends = append(sends, c.Text)
							c.sent()
						default:
							b.mock.Add(time.Second)
						}
					}
					b.must(b.Quiet(t.Context()))
					b.want(id, tc.want...)
					if d := cmp.Diff(tc.sends, sends); d != "" {
						t.Errorf("sent after the restart (-want +got):\n%s", d)
					}
				})
			})
		}
	}
}

// What was in flight is taken over even if the store was away when the board
// was opened.
func TestTakeOverWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		p := newPipe()
		c := with(p)
		c.Store = store
		b := ready(t, c)
		id := b.talk("c1")
		b.write(id, "one")
		<-p.calls
		b.must(b.Close())
		store.set(refuse)
		b = open(t, b.mock, c)
		synctest.Wait()
		store.set(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.must(b.Quiet(t.Context()))
		b.want(id, "one: unknown (transport)")
	})
}

// E40: what was handed to the transport has a result, whatever became of the
// conversation meanwhile, and nothing else is sent.
func TestE40ResultAfterInterruptionAndEnd(t *testing.T) {
	t.Run("interrupted", func(t *testing.T) {
		p := newPipe()
		b := ready(t, with(p))
		id := b.talk("c1")
		b.write(id, "one")
		first := <-p.calls
		b.write(id, "two")
		b.must(b.Administrator("root").RemoveSource(t.Context(), "page", "gone"))
		first.sent()
		b.must(b.Quiet(t.Context()))
		b.want(id, "one: sent", "two: failed (source-removed)")
		if len(p.calls) != 0 {
			t.Error("something was sent after the source was removed")
		}
	})
	t.Run("waiting for its turn", func(t *testing.T) {
		p := newPipe()
		c := with(p)
		c.Sends = 1
		b := ready(t, c)
		one, two := b.talk("c1"), b.talk("c2")
		b.write(one, "one")
		first := <-p.calls
		b.write(two, "two")
		b.must(b.Administrator("root").RemoveSource(t.Context(), "page", "gone"))
		first.sent()
		b.must(b.Quiet(t.Context()))
		b.want(one, "one: sent")
		b.want(two, "two: failed (source-removed)")
		if len(p.calls) != 0 {
			t.Error("something was sent after the source was removed")
		}
	})
	t.Run("ended", func(t *testing.T) {
		p := newPipe()
		b := ready(t, with(p))
		id := b.talk("c1")
		b.write(id, "one")
		first := <-p.calls
		b.must(b.Agent("ann").End(t.Context(), id))
		first.answer <- answer{err: &switchboard.SendError{Why: conversation.FailBlocked}}
		b.must(b.Quiet(t.Context()))
		b.want(id, "one: failed (customer-away)")
		b.must(b.Agent("ann").WrapUp(t.Context(), id, "done"))
		if c, err := b.Conversation(t.Context(), id); err != nil || !c.Finished {
			t.Errorf("not finished: %+v, %v", c, err)
		}
	})
}

// A transport that blocks is given SendTimeout, and less when the Board closes.
func TestTransportThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe()
		b := ready(t, with(p))
		id := b.talk("c1")
		b.write(id, "one")
		<-p.calls
		time.Sleep(20 * time.Second)
		b.must(b.Quiet(t.Context()))
		b.want(id, "one: unknown (transport)")
		b.write(id, "two")
		<-p.calls
		b.must(b.Close()) // returns, or the bubble is deadlocked
	})
}

// The result of a send is not lost while the store is away.
func TestResultWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		p := newPipe()
		c := with(p)
		c.Store = store
		b := ready(t, c)
		id := b.talk("c1")
		b.write(id, "one")
		store.set(refuse)
		(<-p.calls).sent()
		time.Sleep(time.Minute)
		store.set(nil)
		time.Sleep(2 * time.Second)
		b.must(b.Quiet(t.Context()))
		b.want(id, "one: sent")
	})
}

// Results that come while the store is away are put into the log when it is back, by
// conversation, in whatever order they came. Of the goroutines that waited for the
// transport a few stay.
func TestResultsWaitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		p := newPipe()
		c := with(p)
		c.Store = store
		b := ready(t, c)
		before := runtime.NumGoroutine()
		const n = 12
		var want []string
		for i := range n {
			id := b.talk(fmt.Sprint("c", i))
			b.write(id, "hello")
			want = append(want, id.String())
		}
		synctest.Wait()
		if len(p.calls) != n {
			t.Fatalf("%d are on their way, want %d", len(p.calls), n)
		}
		store.set(refuse)
		var flying []*call
		for range n {
			flying = append(flying, <-p.calls)
		}
		for _, c := range slices.Backward(flying) {
			c.sent()
			time.Sleep(time.Second)
		}
		store.set(nil)
		time.Sleep(2 * time.Second)
		b.must(b.Quiet(t.Context()))
		var got []string
		for e, err := range b.Events(t.Context(), "", switchboard.OfKind("conversation.send-settled")) {
			b.must(err)
			if got = append(got, e.Body.(conversation.SendSettled).Conversation.String()); len(got) == n {
				break
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("settled (-want +got):\n%s", d)
		}
		synctest.Wait()
		if more := runtime.NumGoroutine() - before; more > n/2 {
			t.Errorf("%d goroutines stay", more)
		}
	})
}

func TestNoticesAndTemplatesAreSent(t *testing.T) {
	p := newPipe()
	b := open(t, newMock(), with(p))
	setup := twoAgents
	setup.Queues = []routing.Queue{twoAgents.Queues[0]}
	setup.Queues[0].Templates = map[conversation.EntryKind]string{conversation.EntryTransferred: "{agent} hands you over to {queue}."}
	b.must(b.Administrator("root").Configure(t.Context(), setup))
	for _, id := range []agent.ID{"ann", "bob"} {
		b.must(b.Agent(id).SignIn(t.Context()))
	}
	b.must(b.Agent("ann").Available(t.Context()))
	id := b.talk("c1")
	b.must(b.Agent("ann").TransferToQueue(t.Context(), id, "sales"))
	c := <-p.calls
	if c.Author.Kind != conversation.FromSystem || c.Text == "" || strings.Contains(c.Text, "{") {
		t.Errorf("sent %+v", c.Outbound)
	}
	c.sent()
	b.must(b.Quiet(t.Context()))
}

// parts is a transport that sends each message in three parts and remembers nothing: how far
// a message came is told by what it is given. fails says what becomes of a part.
type parts struct {
	mu    sync.Mutex
	sent  []string // every part that went out
	asked []string // what Settle was asked
	fails func(part int) *switchboard.SendError
	echo  bool // Settle knows that the part at which it stopped has arrived
	hangs chan struct{}
}

func (p *parts) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	for part := m.Sent + 1; part <= 3; part++ {
		p.mu.Lock()
		e := p.fails(part)
		if e == nil || e.Ambiguous {
			p.sent = append(p.sent, fmt.Sprint(m.Text, " ", part))
		}
		hangs := p.hangs
		p.mu.Unlock()
		if e != nil {
			e.Sent = part - 1
			return switchboard.Receipt{}, e
		}
		if hangs != nil && part == 2 {
			hangs <- struct{}{}
			<-ctx.Done()
			return switchboard.Receipt{}, ctx.Err()
		}
	}
	return switchboard.Receipt{ExternalID: "out-" + m.Key}, nil
}

func (p *parts) Settle(_ context.Context, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, fmt.Sprintf("%s: %d sent, doubtful %v", m.Text, m.Sent, m.Doubtful))
	if p.echo && !m.Doubtful {
		return switchboard.NotSent, switchboard.Receipt{Sent: m.Sent + 1}, nil
	}
	return switchboard.Unsure, switchboard.Receipt{}, nil
}

// TestPartsAreSentOnce proves that how far a message of several parts came survives the
// process: no part is sent twice, none is left out without a word.
func TestPartsAreSentOnce(t *testing.T) {
	temporary := &switchboard.SendError{Why: conversation.FailRateLimited, Temporary: true}
	ambiguous := &switchboard.SendError{Why: conversation.FailTransport, Ambiguous: true}
	all := []string{"one 1", "one 2", "one 3", "two 1", "two 2", "two 3"}
	for _, tc := range []struct {
		name    string
		at      int // the part that fails, once
		failure *switchboard.SendError
		echo    bool
		crash   bool // when the message waits to be tried again
		sent    []string
		asked   []string
		want    string
	}{
		{"temporarily", 3, temporary, false, false, all, nil, "one: sent"},
		{"temporarily, then a crash", 3, temporary, false, true, all, nil, "one: sent"},
		{"before the first", 1, temporary, false, true, all, nil, "one: sent"},
		{"ambiguously, with its echo", 2, ambiguous, true, false, all, []string{"one: 1 sent, doubtful false"}, "one: sent"},
		{"ambiguously, with its echo, then a crash", 2, ambiguous, true, true, all, []string{"one: 1 sent, doubtful false"}, "one: sent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failed := false
				p := &parts{echo: tc.echo, fails: func(part int) *switchboard.SendError {
					if part != tc.at || failed {
						return nil
					}
					failed = true
					e := *tc.failure
					return &e
				}}
				c := with(p)
				c.Store = switchboard.NewMemoryStore()
				b := ready(t, c)
				id := b.talk("c1")
				b.write(id, "one")
				b.write(id, "two")
				b.must(b.Quiet(t.Context()))
				if tc.crash {
					b.must(b.Close())
					b = open(t, b.mock, c)
				}
				for range 10 {
					synctest.Wait()
					b.mock.Add(time.Second)
				}
				b.must(b.Quiet(t.Context()))
				b.want(id, tc.want, "two: sent")
				if d := cmp.Diff(tc.sent, p.sent); d != "" {
					t.Errorf("parts sent (-want +got):\n%s", d)
				}
				if d := cmp.Diff(tc.asked, p.asked); d != "" {
					t.Errorf("asked (-want +got):\n%s", d)
				}
			})
		})
	}
	// The process ends between two parts: nobody knows which was the last.
	t.Run("crash between the parts", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			failed := false
			p := &parts{echo: true, hangs: make(chan struct{}, 1), fails: func(part int) *switchboard.SendError {
				if part == 2 && !failed {
					failed = true
					e := *temporary
					return &e
				}
				return nil
			}}
			c := with(p)
			c.Store = switchboard.NewMemoryStore()
			b := ready(t, c)
			id := b.talk("c1")
			b.write(id, "one")
			b.must(b.Quiet(t.Context()))
			b.mock.Add(time.Second)
			<-p.hangs
			b.must(b.Close())
			p.hangs = nil
			b = open(t, b.mock, c)
			for range 100 {
				synctest.Wait()
				b.mock.Add(time.Second)
			}
			b.must(b.Quiet(t.Context()))
			b.want(id, "one: unknown (transport)")
			if d := cmp.Diff([]string{"one 1", "one 2"}, p.sent); d != "" {
				t.Errorf("parts sent (-want +got):\n%s", d)
			}
			if len(p.asked) == 0 || p.asked[0] != "one: 1 sent, doubtful true" {
				t.Errorf("asked %q", p.asked)
			}
		})
	})
}

// The result of a send is in the first record of a batch, and the second record
// is refused: the lane goes on all the same.
func TestResultInABatchThatFailsLater(t *testing.T) {
	for name, second := range map[string]fault{"refused": refuse, "unknown": failOnly} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &faultyStore{}
				p := newPipe()
				c := with(p)
				c.Store = store
				b := ready(t, c)
				id := b.talk("c1")
				b.write(id, "one")
				one := <-p.calls
				hang, began, release := hanging(nil)
				store.set(second, hang, nil) // the committer, the first record, and what comes after
				var all sync.WaitGroup
				all.Go(func() { _, _ = b.Receive(t.Context(), from("c0", 1)) })
				<-began
				one.sent()
				synctest.Wait() // the result waits to be stored
				big := conversation.Draft{AgentsOnly: true}
				for range conversation.MaxAttachments {
					big.Attachments = append(big.Attachments, conversation.Attachment{Kind: conversation.File, Reference: strings.Repeat("a", 2000)})
				}
				for range 40 {
					all.Go(func() { _, _ = b.Supervisor("sue").Do(t.Context(), conversation.Write{Conversation: id, Draft: big}) })
				}
				synctest.Wait()
				release()
				all.Wait()
				store.set(nil)
				b.write(id, "two")
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				select {
				case two := <-p.calls:
					two.sent()
				case <-ctx.Done():
					t.Error("the lane is stuck")
				}
				if err := b.Quiet(ctx); err != nil {
					t.Error(err)
				}
				b.want(id, "one: sent", "two: sent")
			})
		})
	}
}

// Results of sends share the record of the commands that came meanwhile, in the order
// of their conversations: where an append takes its time, each of them would cost one.
func TestResultsShareTheRecordOfCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		p := newPipe()
		c := with(p)
		c.Store = store
		b := ready(t, c)
		const n = 3
		var calls []*call
		for i := range n {
			b.write(b.talk(fmt.Sprint("c", i)), "hello")
			calls = append(calls, <-p.calls)
		}
		hang, began, release := hanging(nil)
		store.set(nil, hang)
		var all sync.WaitGroup
		all.Go(func() { b.arrive("d0") })
		<-began
		for i := range n {
			calls[n-1-i].sent()
		}
		all.Go(func() { b.arrive("d1") })
		synctest.Wait()
		release()
		all.Wait()
		b.must(b.Quiet(t.Context()))

		log, err := store.Open(t.Context(), "acme")
		b.must(err)
		var last []string
		for rec, err := range log.Read(t.Context(), 0) {
			b.must(err)
			if bytes.Contains(rec.Data, []byte(`"conversation.send-settled"`)) {
				last = append(last, string(rec.Data))
			}
		}
		if len(last) != 1 || !strings.Contains(last[0], `"customer":"d1"`) {
			t.Fatalf("the results are not all in the record of the command, but in\n%s", strings.Join(last, "\n"))
		}
		var at []int
		for _, c := range calls {
			at = append(at, strings.Index(last[0], fmt.Sprintf(`"kind":"conversation.send-settled","body":{"conversation":"%v",`, c.Conversation)))
		}
		if at[0] < 0 || !slices.IsSorted(at) {
			t.Errorf("the results are at %v in\n%s", at, last[0])
		}
	})
}
