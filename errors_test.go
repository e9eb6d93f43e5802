package switchboard_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Types that look like commands and are none: to call their methods panics.
type (
	foreignAgent        struct{ agent.Command }
	foreignConversation struct{ conversation.Command }
	foreignRouting      struct{ routing.Command }
)

func TestBadInput(t *testing.T) {
	self := func(id string) switchboard.Actor { return switchboard.Actor{Role: agent.Self, ID: id} }
	super := switchboard.Actor{Role: agent.Supervisor, ID: "sue"}
	admin := switchboard.Actor{Role: agent.Administrator, ID: "root"}
	customer := switchboard.Actor{Role: agent.Customer, ID: "c1"}
	bot := switchboard.Actor{Role: agent.Bot, ID: "bot"}
	text := func(s string) conversation.Draft { return conversation.Draft{Text: s} }
	inbound := func(change func(*conversation.Inbound)) conversation.Inbound {
		in := from("c1", 1)
		in.ExternalID = "new"
		change(&in)
		return in
	}
	for _, tc := range []struct {
		name string
		cmd  func(live, offered conversation.ID) switchboard.Command
		want error
		as   func(error) bool
	}{
		{"nobody acts", func(conversation.ID, conversation.ID) switchboard.Command {
			return switchboard.Command{Do: agent.SignIn{Agent: "ann"}}
		}, switchboard.ErrActor, nil},
		{"no such role", by(switchboard.Actor{Role: 77, ID: "x"}, agent.SignIn{Agent: "bob"}), switchboard.ErrActor, nil},
		{"actor not UTF-8", by(switchboard.Actor{Role: agent.Supervisor, ID: "\xff"}, agent.SignIn{Agent: "bob"}), switchboard.ErrActor, nil},
		{"actor too long", by(switchboard.Actor{Role: agent.Supervisor, ID: strings.Repeat("x", 513)}, agent.SignIn{Agent: "bob"}), switchboard.ErrActor, nil},
		{"no command", by(super, nil), switchboard.ErrCommand, nil},
		{"not a command", by(super, "sign in"), switchboard.ErrCommand, nil},
		{"pointer to an agent's command", by(super, &agent.SignIn{Agent: "bob"}), switchboard.ErrCommand, nil},
		{"nil pointer to an agent's command", by(super, (*agent.SignIn)(nil)), switchboard.ErrCommand, nil},
		{"nil pointer to a message", by(super, (*conversation.Inbound)(nil)), switchboard.ErrCommand, nil},
		{"nil pointer to a conversation's command", by(super, (*conversation.Accept)(nil)), switchboard.ErrCommand, nil},
		{"nil pointer to a routing command", by(admin, (*routing.PutTeam)(nil)), switchboard.ErrCommand, nil},
		{"nil pointer to a routing command, by another", by(super, (*routing.PutTeam)(nil)), switchboard.ErrCommand, nil},
		{"foreign agent's command", by(super, foreignAgent{}), switchboard.ErrCommand, nil},
		{"foreign conversation's command", by(super, foreignConversation{}), switchboard.ErrCommand, nil},
		{"foreign routing command", by(admin, foreignRouting{}), switchboard.ErrCommand, nil},
		{"the engine's own: an agent's", by(super, agent.Miss{Agent: "ann"}), switchboard.ErrCommand, nil},
		{"the engine's own: a conversation's", about(super, func(id conversation.ID) any { return conversation.Interrupt{Conversation: id} }), switchboard.ErrCommand, nil},
		{"the engine's own: a send's result", about(super, func(id conversation.ID) any {
			return conversation.Settled{Conversation: id, No: 1, Status: conversation.StatusSent}
		}), switchboard.ErrCommand, nil},
		{"long Why", func(conversation.ID, conversation.ID) switchboard.Command {
			return switchboard.Command{By: super, Why: strings.Repeat("x", 257), Do: agent.SignIn{Agent: "bob"}}
		}, switchboard.ErrCommand, nil},
		{"Why not UTF-8", func(conversation.ID, conversation.ID) switchboard.Command {
			return switchboard.Command{By: super, Why: "\xff", Do: agent.SignIn{Agent: "bob"}}
		}, switchboard.ErrCommand, nil},
		{"long Key", func(conversation.ID, conversation.ID) switchboard.Command {
			return switchboard.Command{By: super, Key: strings.Repeat("x", 129), Do: agent.SignIn{Agent: "bob"}}
		}, switchboard.ErrKey, nil},
		{"Key not UTF-8", func(conversation.ID, conversation.ID) switchboard.Command {
			return switchboard.Command{By: super, Key: "\xff", Do: agent.SignIn{Agent: "bob"}}
		}, switchboard.ErrKey, nil},

		{"unknown agent", by(self("zoe"), agent.SignIn{Agent: "zoe"}), routing.ErrUnknown, isA[*routing.UnknownError]},
		{"unknown conversation", by(self("ann"), conversation.Accept{Conversation: 999, Agent: "ann"}), routing.ErrUnknown, isA[*routing.UnknownError]},
		{"conversation 0", by(self("ann"), conversation.End{Agent: "ann"}), routing.ErrUnknown, nil},
		{"unknown target queue", about(self("ann"), func(id conversation.ID) any {
			return conversation.TransferToQueue{Conversation: id, Agent: "ann", Queue: "nowhere"}
		}), routing.ErrUnknown, nil},
		{"unknown target agent", about(self("ann"), func(id conversation.ID) any {
			return conversation.TransferToAgent{Conversation: id, Agent: "ann", To: "zoe"}
		}), routing.ErrUnknown, nil},
		{"target agent signed out", about(self("ann"), func(id conversation.ID) any {
			return conversation.TransferToAgent{Conversation: id, Agent: "ann", To: "bob"}
		}), routing.ErrTarget, isA[*routing.TargetError]},
		{"transfer to oneself", about(self("ann"), func(id conversation.ID) any {
			return conversation.TransferToAgent{Conversation: id, Agent: "ann", To: "ann"}
		}), conversation.ErrSelf, nil},
		{"for another agent", by(self("bob"), agent.MakeIdle{Agent: "ann"}), agent.ErrNotAllowed, isA[*agent.Refusal]},
		{"a customer for an agent", by(customer, agent.SignIn{Agent: "bob"}), agent.ErrNotAllowed, nil},
		{"an agent's forced sign-out", by(self("ann"), agent.SignOut{Agent: "ann", Force: true}), agent.ErrNotAllowed, nil},
		{"an agent configures", by(self("ann"), routing.PutTeam{Team: routing.Team{ID: "x"}}), conversation.ErrNotAllowed, nil},
		{"Available while signed out", by(self("bob"), agent.MakeAvailable{Agent: "bob"}), agent.ErrState, isA[*agent.Refusal]},
		{"sign-out while live", by(self("ann"), agent.SignOut{Agent: "ann"}), agent.ErrOffered, nil},
		{"not its agent", about(self("bob"), func(id conversation.ID) any {
			return conversation.Write{Conversation: id, Agent: "bob", Draft: text("hello")}
		}), conversation.ErrNotSeated, refusalOf(conversation.Refusal{Command: "Write", Agent: "bob", State: conversation.Active, Holder: "ann"})},
		{"not offered to this agent", func(_, id conversation.ID) switchboard.Command {
			return switchboard.Command{By: self("bob"), Do: conversation.Accept{Conversation: id, Agent: "bob"}}
		}, conversation.ErrNotOffered, isA[*conversation.Refusal]},
		{"empty text", about(self("ann"), func(id conversation.ID) any {
			return conversation.Write{Conversation: id, Agent: "ann", Draft: text(" \n")}
		}), conversation.ErrText, isA[*conversation.TextError]},
		{"too long text", about(self("ann"), func(id conversation.ID) any {
			return conversation.Write{Conversation: id, Agent: "ann", Draft: text(strings.Repeat("x", 1001))}
		}), conversation.ErrText, func(err error) bool {
			var e *conversation.TextError
			return errors.As(err, &e) && e.Limit == 1000 && e.Units == 1001
		}},
		{"text not UTF-8", about(self("ann"), func(id conversation.ID) any {
			return conversation.Write{Conversation: id, Agent: "ann", Draft: text("\xff")}
		}), conversation.ErrText, nil},
		{"wrap-up without owing one", about(self("ann"), func(id conversation.ID) any {
			return conversation.SubmitWrapUp{Conversation: id, Agent: "ann", Reason: "done"}
		}), conversation.ErrNoWrapUp, nil},
		{"a bot while an agent serves", about(bot, func(id conversation.ID) any {
			return conversation.Write{Conversation: id, Draft: text("hello")}
		}), conversation.ErrNotAllowed, nil},
		{"priority 11", about(super, func(id conversation.ID) any {
			return conversation.SetPriority{Conversation: id, Priority: 11}
		}), conversation.ErrPriority, nil},
		{"attributes", about(super, func(id conversation.ID) any {
			return conversation.SetAttributes{Conversation: id, Set: agent.Attributes{"": "x"}}
		}), agent.ErrAttributes, nil},
		{"inbound without an id", by(customer, inbound(func(in *conversation.Inbound) { in.ExternalID = "" })), conversation.ErrInbound, nil},
		{"inbound without content", by(customer, inbound(func(in *conversation.Inbound) { in.Text = "" })), conversation.ErrInbound, nil},
		{"inbound of 49 hours ago", by(customer, inbound(func(in *conversation.Inbound) { in.ChannelAt = monday.Add(-49 * time.Hour) })), conversation.ErrStale, nil},
		{"inbound for an unknown source", by(customer, inbound(func(in *conversation.Inbound) { in.Source = "other" })), routing.ErrUnknown, nil},
		{"inbound with a bad need", by(customer, inbound(func(in *conversation.Inbound) {
			in.Entry.Needs = []conversation.Need{{Skill: "x", Level: 99}}
		})), conversation.ErrInbound, nil},
		{"delete what is in use", by(admin, routing.DeleteQueue{Queue: "sales"}), routing.ErrInUse, nil},
		{"delete what is not there", by(admin, routing.DeleteAgent{Agent: "zoe"}), routing.ErrUnknown, nil},
		{"remove an unknown source", by(admin, routing.RemoveSource{Source: "other"}), routing.ErrUnknown, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := ready(t, switchboard.Config{})
			live, offered := b.talk("live"), b.arrive("offered")
			before := b.watch()
			res, err := b.Do(t.Context(), tc.cmd(live, offered))
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if tc.as != nil && !tc.as(err) {
				t.Errorf("%v (%T) does not say enough", err, err)
			}
			if d := cmp.Diff(switchboard.Result{}, res); d != "" {
				t.Errorf("a result beside the error: %s", d)
			}
			if d := diff(before, b.watch()); d != "" {
				t.Errorf("the state changed (-want +got):\n%s", d)
			}
		})
	}
}

func by(who switchboard.Actor, cmd any) func(_, _ conversation.ID) switchboard.Command {
	return func(_, _ conversation.ID) switchboard.Command { return switchboard.Command{By: who, Do: cmd} }
}

func about(who switchboard.Actor, cmd func(conversation.ID) any) func(_, _ conversation.ID) switchboard.Command {
	return func(live, _ conversation.ID) switchboard.Command {
		return switchboard.Command{By: who, Do: cmd(live)}
	}
}

func isA[T error](err error) bool {
	var e T
	return errors.As(err, &e)
}

func refusalOf(want conversation.Refusal) func(error) bool {
	return func(err error) bool {
		var r *conversation.Refusal
		if !errors.As(err, &r) || r.Conversation == 0 {
			return false
		}
		got := *r
		got.Conversation, got.Err = 0, nil
		return got == want
	}
}

func TestCustomerIDNotUTF8(t *testing.T) {
	b := ready(t, switchboard.Config{})
	if _, err := b.Receive(t.Context(), from("\xff", 1)); !errors.Is(err, conversation.ErrInbound) {
		t.Errorf("got %v", err)
	}
}

// All problems of a setup come at once, each with its field.
func TestInvalidSetupHasAllProblems(t *testing.T) {
	b := ready(t, switchboard.Config{})
	before := b.watch()
	bad := twoAgents
	bad.Queues = []routing.Queue{{ID: "sales", Teams: []routing.TeamID{"nobody"}, OfferFor: time.Hour * 2}}
	bad.Agents = append([]routing.Agent{{ID: ""}}, bad.Agents...)
	err := b.Administrator("root").Configure(t.Context(), bad)
	var got *routing.SetupError
	if !errors.As(err, &got) || !errors.Is(err, routing.ErrSetup) {
		t.Fatalf("got %v", err)
	}
	var paths []string
	for _, p := range got.Problems {
		paths = append(paths, p.Path)
	}
	want := []string{"queues[0].teams[0]", "queues[0].offerFor", "queues[0].wrapUp.reasons", "queues[0].wrapUp.default", "agents[0].id"}
	if d := cmp.Diff(want, paths); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	if d := diff(before, b.watch()); d != "" {
		t.Errorf("the state changed (-want +got):\n%s", d)
	}
	b.must(b.Administrator("root").Configure(t.Context(), twoAgents))
	if d := diff(before, b.watch()); d != "" {
		t.Errorf("an equal setup changed something (-want +got):\n%s", d)
	}
}

func TestClosedBoard(t *testing.T) {
	b := ready(t, switchboard.Config{})
	cursor := b.watch().Cursor
	b.must(b.Close())
	ctx := t.Context()
	_, err := b.Do(ctx, switchboard.Command{By: switchboard.Actor{Role: agent.Self, ID: "ann"}, Do: agent.SignIn{Agent: "ann"}})
	calls := map[string]error{"Do": err, "SignIn": b.Agent("ann").SignIn(ctx), "Quiet": b.Quiet(ctx)}
	_, calls["Receive"] = b.Receive(ctx, from("c1", 1))
	_, calls["Watch"] = b.Watch(ctx)
	_, calls["Explain"] = b.Explain(ctx, 1)
	_, calls["Place"] = b.Place(ctx, 1)
	for _, calls["Events"] = range b.Events(ctx, cursor, nil) {
	}
	for _, calls["Events from the beginning"] = range b.Events(ctx, "", nil) {
	}
	for name, err := range calls {
		if !errors.Is(err, switchboard.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

func TestContextIsOver(t *testing.T) {
	b := ready(t, switchboard.Config{})
	before := b.watch()
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the caller went home")
	cancel(cause)
	_, err := b.Receive(ctx, from("c1", 1))
	_, werr := b.Watch(ctx)
	for _, err := range []error{err, werr} {
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.Is(err, switchboard.ErrOutcomeUnknown) {
			t.Errorf("got %v", err)
		}
	}
	if d := diff(before, b.watch()); d != "" {
		t.Errorf("the state changed (-want +got):\n%s", d)
	}
}

// A context that ends while the command is being stored leaves its outcome
// unknown; one that ends before it was looked at leaves nothing.
func TestContextEndsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{}
		b := ready(t, switchboard.Config{Store: store, AppendTimeout: time.Hour})
		hang, began, release := hanging(nil)
		store.set(nil, hang)
		ctx, cancel := context.WithCancel(t.Context())
		taken, waiting, query := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := b.Receive(ctx, from("c1", 1))
			taken <- err
		}()
		<-began
		go func() {
			_, err := b.Receive(ctx, from("c2", 1))
			waiting <- err
		}()
		go func() {
			_, err := b.Watch(ctx)
			query <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-taken; !errors.Is(err, switchboard.ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
			t.Errorf("taken: %v", err)
		}
		if err := <-waiting; !errors.Is(err, context.Canceled) || errors.Is(err, switchboard.ErrOutcomeUnknown) {
			t.Errorf("waiting: %v", err)
		}
		if err := <-query; !errors.Is(err, context.Canceled) || errors.Is(err, switchboard.ErrOutcomeUnknown) {
			t.Errorf("query: %v", err)
		}
		release()
		synctest.Wait()
		if got := b.watch().Conversations; len(got) != 1 || got[0].Customer != "c1" {
			t.Errorf("got %+v, want the first one alone", got)
		}
	})
}

func TestShutdownRefusesCommands(t *testing.T) {
	hold := make(chan struct{})
	tr := transportFunc(func(context.Context, switchboard.Outbound) (switchboard.Receipt, error) {
		<-hold
		return switchboard.Receipt{ExternalID: "x"}, nil
	})
	store := switchboard.NewMemoryStore()
	b := ready(t, switchboard.Config{Store: store, Transports: map[conversation.Channel]switchboard.Transport{"messenger": tr}})
	id := b.talk("c1")
	_, err := b.Agent("ann").Send(t.Context(), id, "hello")
	b.must(err)
	done := make(chan error)
	go func() { done <- b.Shutdown(context.Background()) }()
	waitFor(t, func() bool {
		_, err := b.Agent("ann").Send(t.Context(), id, "too late")
		return errors.Is(err, switchboard.ErrClosed)
	})
	close(hold)
	b.must(<-done)
	again := open(t, b.mock, switchboard.Config{Store: store})
	c, err := again.Conversation(t.Context(), id)
	again.must(err)
	for _, m := range c.Messages {
		if m.Delivery != nil && m.Delivery.Status != conversation.StatusSent {
			t.Errorf("Shutdown did not wait for the message: %v", m.Delivery.Status)
		}
	}
}

func TestShutdownOfAnImpatientHost(t *testing.T) {
	tr := transportFunc(func(ctx context.Context, _ switchboard.Outbound) (switchboard.Receipt, error) {
		<-ctx.Done()
		return switchboard.Receipt{}, ctx.Err()
	})
	b := ready(t, switchboard.Config{Transports: map[conversation.Channel]switchboard.Transport{"messenger": tr}})
	id := b.talk("c1")
	_, err := b.Agent("ann").Send(t.Context(), id, "hello")
	b.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
