package switchboardtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/switchboardtest"
)

// both plays a test on both kinds of fake time.
func both(t *testing.T, play func(t *testing.T, c switchboardtest.Config)) {
	t.Run("mock", func(t *testing.T) { play(t, switchboardtest.Config{Setup: setup}) })
	t.Run("bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { play(t, switchboardtest.Config{Setup: setup, Real: true}) })
	})
}

func told(events []switchboard.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprint(e.At.Format(time.TimeOnly), " ", switchboard.KindOf(e.Body)))
	}
	return out
}

func TestAdvanceTellsEachThingAtItsInstant(t *testing.T) {
	both(t, func(t *testing.T, c switchboardtest.Config) {
		kit := switchboardtest.New(t, c)
		if got := kit.Events(); len(got) > 0 {
			t.Errorf("the setup is recorded: %v", told(got))
		}
		kit.Ready("ann")
		id := kit.Arrive("page", "eva", "Dobry den")
		ann := kit.Board.Agent("ann")
		if err := ann.Accept(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		kit.Events()
		// Sent again at 10, 30 and 60 seconds, whatever else happens: one leap.
		for _, after := range []time.Duration{10, 20, 30} {
			kit.Transport.Next(switchboardtest.Temporary(conversation.FailRateLimited, after*time.Second))
		}
		if _, err := ann.Send(t.Context(), id, "Jsem tu"); err != nil {
			t.Fatal(err)
		}
		if err := ann.End(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		kit.Advance(2 * time.Minute)
		want := []string{
			"09:00:00 conversation.message-added",
			"09:00:10 conversation.send-due", "09:00:10 conversation.send-deferred",
			"09:00:30 conversation.send-due", "09:00:30 conversation.send-deferred",
			"09:01:00 conversation.seat-ended",
			"09:01:00 conversation.send-due", "09:01:00 conversation.send-settled", "09:01:00 conversation.completed",
		}
		var got []string
		for _, line := range told(kit.Events()) {
			switch line { // in either order: a send's result is an input
			case "09:00:00 conversation.send-deferred", "09:00:00 conversation.ending", "09:00:00 conversation.wrap-up-started":
			default:
				got = append(got, line)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if n := len(kit.Transport.Sent()); n != 4 {
			t.Errorf("%d attempts, want 4", n)
		}
	})
}

func TestHeldSendsDoNotHoldUpTime(t *testing.T) {
	both(t, func(t *testing.T, c switchboardtest.Config) {
		kit := switchboardtest.New(t, c)
		kit.Ready("ann")
		id := kit.Arrive("page", "eva", "Dobry den")
		ann := kit.Board.Agent("ann")
		if err := ann.Accept(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		kit.Transport.Hold()
		for _, text := range []string{"Prvni", "Druha"} {
			if _, err := ann.Send(t.Context(), id, text); err != nil {
				t.Fatal(err)
			}
		}
		kit.Advance(time.Hour)
		held := kit.Transport.Held()
		if len(held) != 1 || held[0].Text != "Prvni" {
			t.Fatalf("held: %+v", held)
		}
		if kit.Transport.Release("c1.99", switchboard.Receipt{}, nil) {
			t.Error("released what is not held")
		}
		kit.Transport.Flow()
		refused := &switchboard.SendError{Why: conversation.FailBlocked}
		if !kit.Transport.Release(held[0].Key, switchboard.Receipt{}, refused) {
			t.Error("not released")
		}
		kit.Settle()
		conv, err := kit.Board.Conversation(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range conv.Messages[1:] {
			got = append(got, fmt.Sprint(m.Text, " ", m.Delivery.Status, " ", m.Delivery.Why, " ", m.ExternalID))
		}
		want := []string{"Prvni failed customer-away ", "Druha sent  to-eva-1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestAmbiguousSendWaitsForTheClock(t *testing.T) {
	both(t, func(t *testing.T, c switchboardtest.Config) {
		kit := switchboardtest.New(t, c)
		kit.Ready("ann")
		id := kit.Arrive("page", "eva", "Dobry den")
		ann := kit.Board.Agent("ann")
		if err := ann.Accept(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		kit.Transport.Next(switchboardtest.Ambiguous())
		no, err := ann.Send(t.Context(), id, "Jsem tu")
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			d    time.Duration
			want conversation.Status
		}{{29 * time.Second, conversation.StatusQueued}, {time.Second, conversation.StatusUnknown}} {
			kit.Advance(step.d)
			conv, err := kit.Board.Conversation(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if got := conv.Message(no).Delivery.Status; got != step.want {
				t.Errorf("at %s %v, want %v", kit.Now().Format(time.TimeOnly), got, step.want)
			}
		}
	})
}

func TestCrashAndOutage(t *testing.T) {
	both(t, func(t *testing.T, c switchboardtest.Config) {
		kit := switchboardtest.New(t, c)
		kit.Ready("ann")
		kit.Arrive("page", "eva", "Dobry den")
		kit.Events()
		kit.Crash()
		kit.Expect()
		kit.Outage(time.Hour)
		kit.Expect("routing.outage", "conversation.offer-restarted", "routing.outage-over")
		kit.Advance(30 * time.Second)
		kit.Expect("conversation.offer-ended", "agent.state-changed")
	})
}

func TestRefuseWrites(t *testing.T) {
	kit := switchboardtest.New(t, switchboardtest.Config{Setup: setup})
	kit.RefuseWrites(true)
	if err := kit.Board.Agent("ann").SignIn(t.Context()); !errors.Is(err, switchboard.ErrRefused) {
		t.Errorf("%v, want ErrRefused", err)
	}
	kit.RefuseWrites(false)
	kit.Expect()
	kit.Ready("ann")
	kit.Expect("agent.*", "agent.*")
}

// recorder is a T that fails without ending the test.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(r)
}

// fatal runs f and returns what was fatal in it.
func fatal(r *recorder, f func()) (said string) {
	defer func() {
		if recover() != nil && len(r.failed) > 0 {
			said = r.failed[len(r.failed)-1]
		}
	}()
	f()
	return ""
}

func TestKitFails(t *testing.T) {
	r := &recorder{TB: t}
	kit := switchboardtest.New(r, switchboardtest.Config{Setup: setup})
	kit.Ready("ann")
	kit.Expect("agent.*")
	kit.Expect("agent.*")
	if len(r.failed) != 2 || !strings.Contains(r.failed[0], "got  agent.state-changed, agent.state-changed") {
		t.Errorf("Expect said %q", r.failed)
	}
	for _, c := range []struct {
		want string
		do   func()
	}{
		{"cannot advance by -1s", func() { kit.Advance(-time.Second) }},
		{`unknown agent "ghost"`, func() { kit.Ready("ghost") }},
		{`unknown source "nowhere"`, func() { kit.Arrive("nowhere", "eva", "Ahoj") }},
		{"not valid", func() {
			switchboardtest.New(r, switchboardtest.Config{Setup: routing.Setup{Agents: []routing.Agent{{}}}})
		}},
	} {
		if said := fatal(r, c.do); !strings.Contains(said, c.want) {
			t.Errorf("%q, want %q", said, c.want)
		}
	}
}

func TestTransportIsSafeForConcurrentUse(t *testing.T) {
	tr := &switchboardtest.Transport{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				m := switchboard.Outbound{Key: fmt.Sprint(i, ".", n), Customer: "eva"}
				if _, err := tr.Send(context.Background(), m); err != nil {
					t.Error(err)
				}
				_ = tr.Sent()
				if _, _, err := tr.Settle(context.Background(), m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(tr.Sent()); n != 400 {
		t.Errorf("%d sent, want 400", n)
	}
}
