package floor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

func customer(id string) agent.Actor { return agent.Actor{Role: agent.Customer, ID: id} }

// keyed is a command with an idempotency key.
func (d *desk) keyed(by agent.Actor, key string, cmd any) Result {
	d.Helper()
	drain(d.f, d.now)
	res, err := d.f.Do(d.now, Command{By: by, Key: key, Body: cmd})
	if err != nil {
		d.Fatalf("%T%+v: %v", cmd, cmd, err)
	}
	drain(d.f, d.now)
	d.f.Commit()
	d.check()
	return res
}

// TestWhoSpeaksAsTheCustomer: only the customer and the channel say what the
// customer did, and only the channel what the channel did.
func TestWhoSpeaksAsTheCustomer(t *testing.T) {
	bot := agent.Actor{Role: agent.Bot, ID: "b"}
	byChannel := []agent.Actor{platform}
	byCustomer := []agent.Actor{platform, customer("c")}
	for _, tc := range []struct {
		cmd conversation.Command
		may []agent.Actor
	}{
		{conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "x", Text: "hi"}, byCustomer},
		{conversation.Edit{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m1", Text: "ho", Edits: 1}, byCustomer},
		{conversation.Unsend{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m1"}, byCustomer},
		{conversation.React{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m1", Emoji: "heart"}, byCustomer},
		{conversation.Hangup{Channel: "messenger", Source: "page", Customer: "c"}, byCustomer},
		{conversation.Receipt{Channel: "messenger", Source: "page", Customer: "c", Status: conversation.StatusRead}, byChannel},
		{conversation.Outside{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "x", Text: "hi"}, byChannel},
	} {
		for _, by := range []agent.Actor{customer("c"), customer("d"), customer(""), self("ann"), self("c"), supervisor, admin, bot, platform} {
			d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
			d.accept(d.customer("c"))
			may := false
			for _, a := range tc.may {
				may = may || a == by
			}
			before := d.f.Seq()
			_, err := d.try(by, tc.cmd)
			var refusal *conversation.Refusal
			switch {
			case may && err != nil:
				t.Errorf("%s by %v: %v", tc.cmd.Name(), by, err)
			case !may && (!errors.As(err, &refusal) || refusal.Command != tc.cmd.Name() || !errors.Is(err, conversation.ErrNotAllowed)):
				t.Errorf("%s by %v: %v, want a refusal with %v", tc.cmd.Name(), by, err, conversation.ErrNotAllowed)
			case !may && d.f.Seq() != before:
				t.Errorf("%s by %v left a trace", tc.cmd.Name(), by)
			}
		}
	}
}

// TestWhoSetsAttributes: of the agents only those with a seat in the conversation.
func TestWhoSetsAttributes(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	id := d.customer("c")
	who := d.accept(id)
	other := agent.ID("bob")
	if who == other {
		other = "eva"
	}
	for _, tc := range []struct {
		by   agent.Actor
		want error
	}{
		{self(who), nil},
		{self(other), conversation.ErrNotSeated},
		{supervisor, nil},
		{admin, nil},
		{agent.Actor{Role: agent.Bot, ID: "b"}, nil},
		{platform, nil},
		{customer("c"), conversation.ErrNotAllowed},
	} {
		_, err := d.try(tc.by, conversation.SetAttributes{Conversation: id, Set: agent.Attributes{"by": tc.by.String()}})
		if !errors.Is(err, tc.want) || tc.want == nil && d.conv(id).Attributes["by"] != tc.by.String() {
			t.Errorf("by %v: %v, want %v", tc.by, err, tc.want)
		}
	}
	d.do(self(who), conversation.End{Conversation: id, Agent: who})
	d.do(self(who), conversation.SubmitWrapUp{Conversation: id, Agent: who, Reason: "done"})
	d.do(self(who), conversation.SetAttributes{Conversation: id, Set: agent.Attributes{"by": "afterwards"}})
}

// TestUnknownMessage: what its author took back or changed when it is no longer in
// memory is refused, because nothing of it could be recorded.
func TestUnknownMessage(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	unsend := conversation.Unsend{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m1"}
	edit := conversation.Edit{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m1", Text: "ho", Edits: 1}
	refused := func(when string) {
		t.Helper()
		for _, cmd := range []conversation.Command{unsend, edit} {
			_, err := d.try(customer("c"), cmd)
			var r *conversation.Refusal
			if !errors.As(err, &r) || r.Command != cmd.Name() || !errors.Is(err, conversation.ErrUnknownMessage) {
				t.Errorf("%s %s: %v", cmd.Name(), when, err)
			}
		}
		d.do(customer("c"), conversation.React{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m1", Emoji: "x"})
		d.do(platform, conversation.Receipt{Channel: "messenger", Source: "page", Customer: "c", Status: conversation.StatusRead, ExternalIDs: []string{"m1"}})
	}
	id := d.customer("c") // m1
	d.do(customer("c"), edit)
	d.do(customer("c"), edit) // twice is a success
	d.do(customer("c"), unsend)
	d.do(customer("c"), unsend)
	d.do(customer("c"), edit) // of one taken back
	who := d.accept(id)
	d.do(self(who), conversation.End{Conversation: id, Agent: who})
	d.do(self(who), conversation.SubmitWrapUp{Conversation: id, Agent: who, Reason: "done"})
	d.do(customer("c"), unsend)
	d.after(2 * time.Hour)
	if d.f.convs.get(id) != nil {
		t.Fatal("the conversation is in memory still")
	}
	refused("when it is forgotten")
}

// TestKeyOfWhatChangesNothing: a success without an event is remembered too, on
// every node, with its answer.
func TestKeyOfWhatChangesNothing(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	d.keyed(self("ann"), "k", agent.MakeAvailable{Agent: "ann"}) // she is
	d.do(self("ann"), agent.MakeIdle{Agent: "ann"})
	if res := d.keyed(self("ann"), "k", agent.MakeAvailable{Agent: "ann"}); !res.Duplicate {
		t.Errorf("again: %+v", res)
	}
	if s := d.f.agents["ann"].v.State; s != agent.Idle {
		t.Errorf("ann is %v: the command was carried out again", s)
	}

	in := conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m", Text: "hi"}
	first := d.do(customer("c"), in)
	for range 2 {
		if got, want := d.keyed(customer("c"), "k", in), (Result{Conversation: first.Conversation, Message: 1, Duplicate: true}); !cmp.Equal(got, want) {
			t.Errorf("the answer is %+v, not %+v", got, want)
		}
	}
}

// TestKeyUsedInTheLog: another node learns of it.
func TestKeyUsedInTheLog(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	other := New(Config{Load: time.LoadLocation, Node: "n2"})
	s := d.f.Setup()
	if _, err := other.Do(d.now, Command{By: admin, Body: routing.Configure{Setup: s}}); err != nil {
		t.Fatal(err)
	}
	cmd := Command{By: admin, Key: "k", Body: routing.Configure{Setup: s}}
	drain(d.f, d.now)
	if _, err := d.f.Do(d.now, cmd); err != nil {
		t.Fatal(err)
	}
	evs := d.f.Events()
	if len(evs) != 1 || evs[0].Key != "k" || evs[0].By != admin {
		t.Fatalf("the events are %+v", evs)
	}
	if _, ok := evs[0].Body.(routing.KeyUsed); !ok {
		t.Fatalf("the event is a %T", evs[0].Body)
	}
	e := evs[0]
	e.Seq = other.Seq() + 1
	other.Apply(&e)
	other.Commit()
	if res, err := other.Do(d.now, cmd); err != nil || !res.Duplicate {
		t.Errorf("on the other node: %+v, %v", res, err)
	}
}

// TestE16KeyOfAcceptAll: a repeated AcceptAll tells what the agent has.
func TestE16KeyOfAcceptAll(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	for _, id := range []agent.ID{"bob", "eva"} {
		d.do(self(id), agent.MakeIdle{Agent: id})
	}
	a, b := d.customer("a"), d.customer("b")
	first := d.keyed(self("ann"), "k", conversation.AcceptAll{Agent: "ann"})
	if want := []Accepted{{a, nil}, {b, nil}}; !cmp.Equal(first.Accepted, want) {
		t.Fatalf("%+v, want %+v", first.Accepted, want)
	}
	again := d.keyed(self("ann"), "k", conversation.AcceptAll{Agent: "ann"})
	if first.Duplicate = true; !cmp.Equal(first.Accepted, again.Accepted) || !again.Duplicate {
		t.Errorf("again %+v, first %+v", again, first)
	}
	d.do(self("ann"), conversation.End{Conversation: a, Agent: "ann"})
	d.do(self("ann"), conversation.SubmitWrapUp{Conversation: a, Agent: "ann", Reason: "done"})
	again = d.keyed(self("ann"), "k", conversation.AcceptAll{Agent: "ann"})
	if want := []Accepted{{b, nil}}; !cmp.Equal(again.Accepted, want) {
		t.Errorf("later %+v, want %+v", again.Accepted, want)
	}
}

// TestKeysDoNotCollide: where one part ends and the next begins matters.
func TestKeysDoNotCollide(t *testing.T) {
	for _, tc := range [][2][]string{
		{{"a", "b\x00c"}, {"a\x00b", "c"}},
		{{"ab", "c"}, {"a", "bc"}},
		{{"a", ""}, {"a"}},
		{{"\x01a", "b"}, {"\x01a\x01", "b"}},
	} {
		if digestOf(tc[0]...) == digestOf(tc[1]...) {
			t.Errorf("%q and %q are the same", tc[0], tc[1])
		}
	}
}

// TestE76Horizon: an id is remembered for longer than a redelivery of it is
// taken, even when the channel's clock is ahead of ours.
func TestE76Horizon(t *testing.T) {
	for _, ahead := range []time.Duration{0, 30 * time.Minute} {
		d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
		in := conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m", Text: "hi", ChannelAt: d.now.Add(ahead)}
		id := d.do(customer("c"), in).Conversation
		who := d.accept(id)
		d.do(self(who), conversation.End{Conversation: id, Agent: who})
		d.do(self(who), conversation.SubmitWrapUp{Conversation: id, Agent: who, Reason: "done"})
		d.after(conversation.Horizon + ahead)
		if res := d.do(customer("c"), in); !res.Duplicate || res.Conversation != id {
			t.Errorf("%v ahead: at the horizon it is taken again: %+v", ahead, res)
		}
		d.after(1)
		if _, err := d.try(customer("c"), in); !errors.Is(err, conversation.ErrStale) {
			t.Errorf("%v ahead: past the horizon: %v", ahead, err)
		}
	}
}

// TestForcedSignOutOfHeldSeats: with WhenGone "hold" a forced sign-out gives back
// what an agent holds who is gone already.
func TestForcedSignOutOfHeldSeats(t *testing.T) {
	d := newDesk(t, routing.Settings{WhenGone: routing.HoldSeats}, routing.Queue{ID: "sales"})
	for _, id := range []agent.ID{"bob", "eva"} {
		d.do(self(id), agent.MakeIdle{Agent: id})
	}
	d.do(self("ann"), agent.Connect{Agent: "ann", Session: "s"})
	id := d.customer("c")
	d.accept(id)
	d.do(self("ann"), agent.Disconnect{Agent: "ann", Session: "s"})
	d.after(time.Hour)
	if a := d.f.agents["ann"].v.State; a != agent.SignedOut || d.conv(id).OwnerID() != "ann" {
		t.Fatalf("ann is %v, the conversation %s", a, d.where(id))
	}
	if _, err := d.try(self("ann"), agent.SignOut{Agent: "ann", Force: true}); !errors.Is(err, agent.ErrNotAllowed) {
		t.Errorf("by herself: %v", err)
	}
	d.do(supervisor, agent.SignOut{Agent: "ann", Force: true})
	if got, want := d.where(id), "sales queued"; got != want {
		t.Errorf("it is %q, not %q", got, want)
	}
}

// TestRefusalsNameTheCommand: of an unknown agent, and for the role.
func TestRefusalsNameTheCommand(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	_, err := d.try(supervisor, agent.MakeAvailable{Agent: "nobody"})
	var ofAgent *agent.Refusal
	if !errors.As(err, &ofAgent) || ofAgent.Command != "MakeAvailable" || ofAgent.Agent != "nobody" || !errors.Is(err, routing.ErrUnknown) {
		t.Errorf("of nobody: %v", err)
	} else if strings.Contains(err.Error(), "signed-out") {
		t.Errorf("nobody has no state: %v", err)
	}
	_, err = d.try(self("ann"), agent.MakeAvailable{Agent: "bob"})
	if !errors.As(err, &ofAgent) || ofAgent.Command != "MakeAvailable" || !strings.Contains(err.Error(), "(available)") {
		t.Errorf("of another: %v", err)
	}
	_, err = d.try(supervisor, routing.PutTeam{})
	var refusal *conversation.Refusal
	if !errors.As(err, &refusal) || refusal.Command != "PutTeam" || !errors.Is(err, conversation.ErrNotAllowed) {
		t.Errorf("for the role: %v", err)
	}
}

// TestTemplateWithinTheLimit: a name makes no text longer than the channel takes.
func TestTemplateWithinTheLimit(t *testing.T) {
	for _, tc := range []struct {
		max      map[conversation.Channel]int
		name     string
		template string
		want     string
	}{
		{nil, strings.Repeat("n", 200), strings.Repeat("{agent}", 9), strings.Repeat("n", 1000)},
		{map[conversation.Channel]int{"messenger": 5}, "Ann", "{agent}, hello", "Ann, "},
		{map[conversation.Channel]int{"messenger": 5}, "A\U0001F600\U0001F600\U0001F600", "{agent}", "A\U0001F600\U0001F600"},
		{map[conversation.Channel]int{"messenger": 4}, "A\U0001F600\U0001F600\U0001F600", "{agent}", "A\U0001F600"},
		{map[conversation.Channel]int{"messenger": 2000}, strings.Repeat("n", 200), strings.Repeat("{agent}", 9), strings.Repeat("n", 1800)},
	} {
		d := newDesk(t, routing.Settings{MaxText: tc.max}, routing.Queue{ID: "sales",
			Templates: map[conversation.EntryKind]string{conversation.EntryAccepted: tc.template}})
		for _, id := range []agent.ID{"ann", "bob", "eva"} {
			d.do(admin, routing.PutAgent{Agent: routing.Agent{ID: id, Name: tc.name, Teams: []routing.TeamID{"t"}}})
		}
		id := d.customer("c")
		d.accept(id)
		if got := d.conv(id).Messages[1].Text; got != tc.want {
			t.Errorf("%d units of %q, want %d", conversation.UTF16Len(got), got, conversation.UTF16Len(tc.want))
		}
	}
}

// TestMemoryIsBounded: what is past its horizon costs nothing any more.
func TestMemoryIsBounded(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	m := newMemory(time.Hour)
	for i := range 20_000 {
		m.add(digestOf(fmt.Sprint(i)), now, remembered{})
		m.expire(now)
		now = now.Add(6 * time.Second) // 600 an hour
	}
	if n := m.line.len(); n > 4000 {
		t.Errorf("the line has %d places, of which %d are known", n, m.size(now))
	}
	if m.known > 601 || len(m.table) > 4096 {
		t.Errorf("the table has %d of %d places", m.known, len(m.table))
	}

	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	d.customer("c")
	d.keyed(self("ann"), "k", agent.SetAttributes{Agent: "ann", Set: agent.Attributes{"a": "b"}})
	if d.f.seen.known != 1 || d.f.keys.known != 1 {
		t.Fatalf("%d ids and %d keys", d.f.seen.known, d.f.keys.known)
	}
	d.after(100 * time.Hour)
	d.do(self("ann"), agent.SetAttributes{Agent: "ann", Set: agent.Attributes{"a": "c"}}) // time is that of the last event
	if d.f.seen.known != 0 || d.f.keys.known != 0 {
		t.Errorf("%d ids and %d keys are kept", d.f.seen.known, d.f.keys.known)
	}
}

// TestPreferForLingers: a conversation stays in memory for as long as anybody
// else does, whatever shorter time its agent is preferred for.
func TestPreferForLingers(t *testing.T) {
	for _, tc := range []struct {
		settings routing.Settings
		want     time.Duration
	}{
		{routing.Settings{}, conversation.DefaultLinger},
		{routing.Settings{PreferFor: 10 * time.Minute}, conversation.DefaultLinger},
		{routing.Settings{PreferFor: 3 * time.Hour}, 3 * time.Hour},
		{routing.Settings{PreferFor: 10 * time.Minute, Linger: 5 * time.Minute}, 10 * time.Minute},
	} {
		d := newDesk(t, tc.settings, routing.Queue{ID: "sales"})
		id := d.customer("c")
		who := d.accept(id)
		d.do(self(who), conversation.End{Conversation: id, Agent: who})
		d.do(self(who), conversation.SubmitWrapUp{Conversation: id, Agent: who, Reason: "done"})
		d.after(tc.want - 1)
		if d.f.convs.get(id) == nil {
			t.Errorf("%+v: forgotten before %v", tc.settings, tc.want)
		}
		d.after(1)
		if d.f.convs.get(id) != nil {
			t.Errorf("%+v: there after %v", tc.settings, tc.want)
		}
	}
}
