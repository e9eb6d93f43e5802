package switchboardtest

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Messenger is the channel of a Kit whose Config names none.
const Messenger conversation.Channel = "messenger"

// patience is how long, in real time, Settle waits for sends that do not end.
const patience = 10 * time.Second

// start is the instant at which a Kit begins: a Monday.
var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// T is what a Kit needs of a test. Every testing.TB is one.
type T interface {
	// Helper marks the caller as a helper, so that a failure is shown at the
	// line that called it.
	Helper()
	// Errorf fails the test and lets it go on.
	Errorf(format string, args ...any)
	// Fatalf fails the test and does not return.
	Fatalf(format string, args ...any)
	// Cleanup calls f when the test has ended.
	Cleanup(f func())
}

// Config says what a Kit is made of. The zero value is an empty board on a fake
// clock.
type Config struct {
	// Start is the instant at which the clock begins. Zero means Monday,
	// 2026-01-05 09:00 UTC.
	Start time.Time
	// Setup, unless it is empty, is applied before New returns. Its events are
	// not recorded.
	Setup routing.Setup
	// Store keeps the log. Nil means a memory store of its own.
	Store switchboard.Store
	// Channels are those that the Transport serves. None means Messenger. A
	// message on another channel fails with conversation.FailNoTransport.
	Channels []conversation.Channel
	// Logger takes what the board logs. Nil means none.
	Logger *slog.Logger
	// Real runs the board on clock.New() instead of a clock.Mock, for a test
	// inside a testing/synctest bubble: time is the bubble's own, Advance
	// sleeps, and New sleeps until Start.
	Real bool
}

// Kit is a board under test: on fake time, with a Transport that records what
// is sent and answers as it is told, and with a record of the events.
//
// Only one goroutine may use a Kit; its Board and its Transport are safe for
// concurrent use as ever.
type Kit struct {
	// Board is the board. Crash and Outage replace it, so do not keep it.
	Board *switchboard.Board
	// Transport is where the board's messages go.
	Transport *Transport
	// Mock is the clock, nil with Config.Real. Move it with Advance, or with
	// its own Add: what is due then has happened as soon as the board is next
	// asked anything.
	Mock *clock.Mock

	t       T
	config  Config
	clock   *notingClock
	store   *store
	changes *changes

	cursor switchboard.Cursor
	events []switchboard.Event
	ids    int // messages written by customers
}

// New opens a board for a test and closes it when the test ends. What goes
// wrong here or in a method of the Kit is fatal to the test.
func New(t T, c Config) *Kit {
	t.Helper()
	if c.Start.IsZero() {
		c.Start = start
	}
	if c.Store == nil {
		c.Store = switchboard.NewMemoryStore()
	}
	if len(c.Channels) == 0 {
		c.Channels = []conversation.Channel{Messenger}
	}
	k := &Kit{t: t, config: c, changes: &changes{}, store: &store{inner: c.Store}}
	k.Transport = &Transport{changes: k.changes}
	inner := clock.Clock(clock.New())
	if c.Real {
		time.Sleep(time.Until(c.Start))
	} else {
		k.Mock = clock.NewMock()
		k.Mock.Set(c.Start)
		inner = k.Mock
	}
	k.clock = &notingClock{Clock: inner, changes: k.changes}
	k.open()
	t.Cleanup(func() {
		if err := k.Board.Close(); err != nil {
			t.Errorf("switchboardtest: close the board: %v", err)
		}
	})
	seen, err := k.Board.Watch(context.Background())
	if err != nil {
		t.Fatalf("switchboardtest: %v", err)
	}
	k.cursor = seen.Cursor
	if !reflect.ValueOf(c.Setup).IsZero() {
		if err := k.Board.Administrator("setup").Configure(context.Background(), c.Setup); err != nil {
			t.Fatalf("switchboardtest: %v", err)
		}
	}
	k.Settle()
	k.events = nil
	return k
}

// open opens the board, for the first time or again.
func (k *Kit) open() {
	k.t.Helper()
	transports := map[conversation.Channel]switchboard.Transport{}
	for _, ch := range k.config.Channels {
		transports[ch] = k.Transport
	}
	k.clock.forget()
	b, err := switchboard.Open(context.Background(), switchboard.Config{
		Name: "board", Node: "node", Store: k.store, Clock: k.clock, Logger: k.config.Logger,
		Transports: transports, Sends: 1024,
		// The story says how long a send takes, not this machine.
		SendTimeout: 10000 * time.Hour,
	})
	if err != nil {
		k.t.Fatalf("switchboardtest: %v", err)
	}
	k.Board = b
}

// Now returns the present instant of the board's clock.
func (k *Kit) Now() time.Time { return k.clock.Now().UTC() }

// Advance moves the time on and returns when everything that is due by then has
// happened, each thing at its own instant, and no send is under way: those that
// Transport.Hold holds apart. What the board does in the meantime, such as
// sending again, is done at its instant too. A negative duration is fatal.
func (k *Kit) Advance(d time.Duration) {
	k.t.Helper()
	if d < 0 {
		k.t.Fatalf("switchboardtest: cannot advance by %v", d)
	}
	k.Settle()
	if k.Mock == nil {
		time.Sleep(d)
		k.Settle()
		return
	}
	target := k.Mock.Now().Add(d)
	for {
		at, ok := k.clock.next(k.Mock.Now(), target)
		if !ok {
			break
		}
		k.Mock.Set(at)
		k.Settle()
	}
	k.Mock.Set(target)
	k.Settle()
}

// Settle returns when everything that is due has happened and no send is under
// way: each has ended and its result is in the log, or Transport.Hold holds it, or it
// waits for the clock. It is fatal when that takes more than ten seconds.
func (k *Kit) Settle() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		changed := k.changes.wait()
		k.drain() // before the state is asked: of what comes after that, await is told
		lanes, err := k.lanes(ctx)
		if err != nil {
			k.t.Fatalf("switchboardtest: %v", err)
		}
		idle, quiet := k.Transport.idle(lanes, k.clock.waiting())
		switch {
		case quiet && !k.store.refuses():
			if err := k.Board.Quiet(ctx); err != nil {
				k.t.Fatalf("switchboardtest: %v", err)
			}
			k.drain()
			return
		case idle, k.store.refuses():
			k.drain()
			return
		}
		k.await(ctx, changed)
		if ctx.Err() != nil {
			k.t.Fatalf("switchboardtest: sends are still under way after %v: %v", patience, lanes)
		}
	}
}

// lanes returns the keys of the messages that are being sent.
func (k *Kit) lanes(ctx context.Context) ([]string, error) {
	var keys []string
	_, err := k.Board.Conversations(ctx, func(c *conversation.Conversation) bool {
		if l := c.Lane; l != nil && l.Node == k.Board.Node() && !l.Retry.Pending() {
			keys = append(keys, conversation.SendKey(c.ID, l.No))
		}
		return false
	})
	var stale *switchboard.StaleError
	if errors.As(err, &stale) {
		err = nil
	}
	return keys, err
}

// await waits for the next event or for a change of the transport or the clock.
func (k *Kit) await(ctx context.Context, changed <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	for e, err := range k.Board.Events(ctx, k.cursor, nil) {
		if err == nil {
			k.record(e)
		}
		return
	}
}

// Crash stops the board in the midst of whatever it does and opens it again on
// the same store, at the same instant.
func (k *Kit) Crash() { k.t.Helper(); k.Outage(0) }

// Outage stops the board, lets time pass, and opens it again on the same store.
func (k *Kit) Outage(d time.Duration) {
	k.t.Helper()
	k.Settle()
	if err := k.Board.Close(); err != nil {
		k.t.Fatalf("switchboardtest: close the board: %v", err)
	}
	switch {
	case k.Mock == nil:
		time.Sleep(d)
	case d != 0:
		k.Mock.Add(d)
	}
	k.open()
	k.Settle()
}

// RefuseWrites makes the store refuse every append, or take them again.
func (k *Kit) RefuseWrites(refuse bool) {
	k.t.Helper()
	k.store.refuse(refuse)
	if !refuse {
		k.Settle()
	}
}

// Ready signs the agents in and makes them Available, in this order.
func (k *Kit) Ready(ids ...agent.ID) {
	k.t.Helper()
	ctx := context.Background()
	for _, id := range ids {
		a := k.Board.Agent(id)
		if err := errors.Join(a.SignIn(ctx), a.Available(ctx)); err != nil {
			k.t.Fatalf("switchboardtest: %v", err)
		}
	}
	k.Settle()
}

// Arrive takes a customer's message to a source and returns the conversation.
// The channel is that of the source; the message has an id of its own.
func (k *Kit) Arrive(to conversation.Source, from conversation.Customer, text string) conversation.ID {
	k.t.Helper()
	ctx := context.Background()
	k.ids++
	in := conversation.Inbound{
		Channel: k.channel(to), Source: to, Customer: from, ExternalID: "kit-" + itoa(k.ids), Text: text,
	}
	id, err := k.Board.Receive(ctx, in)
	if err != nil {
		k.t.Fatalf("switchboardtest: %v", err)
	}
	k.Settle()
	return id
}

// channel returns the channel of a source, or else the first of the Kit.
func (k *Kit) channel(id conversation.Source) conversation.Channel {
	s, err := k.Board.Setup(context.Background())
	if err == nil {
		for _, src := range s.Sources {
			if src.ID == id {
				return src.Channel
			}
		}
	}
	return k.config.Channels[0]
}
