package switchboard_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// inUse makes a board with something of everything: offered, live, wrapping up.
func inUse(t *testing.T, store switchboard.Store) *bed {
	t.Helper()
	b := ready(t, switchboard.Config{Store: store})
	b.talk("live")
	b.must(b.Agent("ann").End(t.Context(), b.talk("wrapping")))
	b.arrive("offered")
	b.must(b.Agent("ann").Connect(t.Context(), "tab"))
	return b
}

func TestReopenedBoardIsEqual(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := inUse(t, store)
	want := b.watch()
	b.must(b.Close())
	if d := diff(want, open(t, b.mock, switchboard.Config{Store: store}).watch()); d != "" {
		t.Errorf("(-closed +reopened):\n%s", d)
	}
}

// stamped are the engine's own events with their instants.
func stamped(b *bed, past int) []string {
	var out []string
	for _, e := range b.history()[past:] {
		s := e.At.Sub(monday).String() + " " + switchboard.KindOf(e.Body)
		if c, ok := e.Body.(agent.StateChanged); ok {
			s += " " + c.State.String()
		}
		out = append(out, s)
	}
	return out
}

// E75: after an outage deadlines pass in order, and no agent is RONA for it.
func TestE75Outage(t *testing.T) {
	for _, tc := range []struct {
		name   string
		closed time.Duration // after ten seconds of service
		want   []string
	}{
		{"nothing overdue", 40 * time.Second, nil},
		{"overdue within Lateness: at its own instant", 60 * time.Second, []string{
			"1m0s conversation.seat-ended", "1m0s conversation.completed", "1m0s conversation.offer-ended", "1m0s agent.state-changed rona",
		}},
		{"overdue beyond: an outage", 2 * time.Minute, []string{
			"10s routing.outage", "10s conversation.offer-restarted", "10s routing.outage-over", "1m0s conversation.seat-ended", "1m0s conversation.completed",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := switchboard.NewMemoryStore()
			b := inUse(t, store)
			b.mock.Add(10 * time.Second)
			b.watch()
			b.must(b.Agent("bob").SignIn(t.Context())) // the last stamp
			past := len(b.history())
			b.must(b.Close())
			b.mock.Add(tc.closed)
			b = open(t, b.mock, switchboard.Config{Store: store})
			if d := cmp.Diff(tc.want, stamped(b, past)); d != "" {
				t.Errorf("after %v (-want +got):\n%s", tc.closed, d)
			}
			if !strings.Contains(strings.Join(tc.want, " "), "outage") {
				return
			}
			// Fifty seconds were left at the outage, and are left after it.
			b.mock.Add(50*time.Second - time.Nanosecond)
			info, err := b.AgentInfo(t.Context(), "ann")
			b.must(err)
			if info.Agent.State != agent.Available {
				t.Errorf("Ann is %v too early", info.Agent.State)
			}
			b.mock.Add(time.Nanosecond)
			info, err = b.AgentInfo(t.Context(), "ann")
			b.must(err)
			if info.Agent.State != agent.RONA {
				t.Errorf("Ann is %v, want RONA at the new deadline", info.Agent.State)
			}
		})
	}
}

func TestOutageAtLatenessExactly(t *testing.T) {
	for _, tc := range []struct {
		over time.Duration
		want agent.State
	}{
		{0, agent.RONA}, {time.Nanosecond, agent.Available},
	} {
		store := switchboard.NewMemoryStore()
		b := ready(t, switchboard.Config{Store: store})
		b.arrive("c1")
		b.must(b.Close())
		b.mock.Add(60*time.Second + 10*time.Second + tc.over)
		b = open(t, b.mock, switchboard.Config{Store: store})
		info, err := b.AgentInfo(t.Context(), "ann")
		b.must(err)
		if info.Agent.State != tc.want {
			t.Errorf("%v past Lateness Ann is %v, want %v", tc.over, info.Agent.State, tc.want)
		}
	}
}

// A fake clock that jumps while the board is open is never an outage: not far,
// not with two boards that meet each other's records.
func TestClockJumpIsNoOutage(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := inUse(t, store)
	other := open(t, b.mock, switchboard.Config{Store: store})
	for range 5 {
		b.mock.Add(24 * time.Hour)
		b.arrive("more")
		other.watch()
		b.must(other.Agent("ann").Available(t.Context()))
	}
	if n := count(b.kinds(), "routing.outage"); n != 0 {
		t.Errorf("%d outages", n)
	}
}

// A store that refuses for a while and a clock that goes on: nobody served.
func TestOutageOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		b := ready(t, switchboard.Config{Store: store, Clock: clock.New()})
		id := b.arrive("c1")
		time.Sleep(59 * time.Second)
		store.set(refuse)
		time.Sleep(5 * time.Minute)
		store.set(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := b.state(id); got != conversation.Offered {
			t.Errorf("got %v: Ann was blamed", got)
		}
		if n := count(b.kinds(), "routing.outage"); n != 1 {
			t.Errorf("%d outages, want 1", n)
		}
	})
}

// A command that is refused once is no outage, however far a fake clock jumps
// afterwards.
func TestRefusedCommandIsNoOutage(t *testing.T) {
	store := &faultyStore{}
	b := ready(t, switchboard.Config{Store: store})
	b.arrive("c1")
	store.set(nil, refuse)
	if _, err := b.Receive(t.Context(), from("c2", 1)); err == nil {
		t.Fatal("not refused")
	}
	b.mock.Add(time.Hour)
	info, err := b.AgentInfo(t.Context(), "ann")
	b.must(err)
	if info.Agent.State != agent.RONA {
		t.Errorf("Ann is %v, want RONA", info.Agent.State)
	}
	if n := count(b.kinds(), "routing.outage"); n != 0 {
		t.Errorf("%d outages", n)
	}
}

// lazy is a clock whose timers never fire: the board looks at it when it is asked.
type lazy struct {
	*clock.Mock
	never *clock.Mock
}

func (l lazy) AfterFunc(d time.Duration, f func()) *clock.Timer { return l.never.AfterFunc(d, f) }

// Nor is it one when the store first fails after the jump: it was not away before.
func TestJumpIntoAFailingStoreIsNoOutage(t *testing.T) {
	store := &faultyStore{}
	mock := newMock()
	b := ready(t, switchboard.Config{Store: store, Clock: lazy{mock, clock.NewMock()}})
	b.mock = mock
	b.arrive("c1")
	store.set(refuse)
	b.mock.Add(time.Hour)
	stale := (*switchboard.StaleError)(nil)
	if _, err := b.Watch(t.Context()); !errors.As(err, &stale) {
		t.Fatalf("got %v", err)
	}
	store.set(nil)
	info, err := b.AgentInfo(t.Context(), "ann")
	b.must(err)
	if info.Agent.State != agent.RONA {
		t.Errorf("Ann is %v, want RONA", info.Agent.State)
	}
	if n := count(b.kinds(), "routing.outage"); n != 0 {
		t.Errorf("%d outages", n)
	}
}

// Two boards opened at once after an outage: one outage, nobody is RONA.
func TestTwoBoardsAfterAnOutage(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := ready(t, switchboard.Config{Store: store})
	b.arrive("c1")
	b.must(b.Close())
	b.mock.Add(time.Hour)
	one := open(t, b.mock, switchboard.Config{Store: store})
	two := open(t, b.mock, switchboard.Config{Store: store})
	for _, b := range []*bed{two, one} {
		info, err := b.AgentInfo(t.Context(), "ann")
		b.must(err)
		if info.Agent.State != agent.Available {
			t.Errorf("Ann is %v", info.Agent.State)
		}
	}
	if n := count(one.kinds(), "routing.outage"); n != 1 {
		t.Errorf("%d outages, want 1", n)
	}
}

// A board opened at a later time by a clock that is behind goes on from the log.
func TestReopenedBehindTheLog(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := ready(t, switchboard.Config{Store: store})
	id := b.arrive("c1")
	b.must(b.Close())
	mock := clock.NewMock()
	mock.Set(monday.Add(-24 * time.Hour))
	b = open(t, mock, switchboard.Config{Store: store})
	mock.Add(59 * time.Second)
	if got := b.state(id); got != conversation.Offered {
		t.Errorf("got %v", got)
	}
	mock.Add(time.Second)
	if got := b.state(id); got != conversation.Queued {
		t.Errorf("got %v: time stood still", got)
	}
}

func TestExplainAfterRestart(t *testing.T) {
	store := switchboard.NewMemoryStore()
	b := ready(t, switchboard.Config{Store: store})
	id := b.arrive("c1")
	var made uint64
	for _, e := range b.history() {
		if _, ok := e.Body.(conversation.OfferMade); ok {
			made = e.Seq
		}
	}
	want, err := b.Explain(t.Context(), made)
	b.must(err)
	b.must(b.Close())
	b = open(t, b.mock, switchboard.Config{Store: store})
	got, err := b.Explain(t.Context(), made)
	b.must(err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got.Conversation != id || got.Agent != "ann" || len(got.Candidates) != 2 {
		t.Errorf("got %+v", got)
	}
	for _, seq := range []uint64{0, made - 1, 1 << 60} {
		if _, err := b.Explain(t.Context(), seq); err != switchboard.ErrNotDecision {
			t.Errorf("event %d: %v", seq, err)
		}
	}
}
