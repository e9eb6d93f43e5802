package switchboard_test

import (
	"context"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

type loop struct{ sent []switchboard.Outbound }

func (l *loop) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	l.sent = append(l.sent, m)
	return switchboard.Receipt{ExternalID: "out-" + m.Key}, nil
}

func TestSmoke(t *testing.T) {
	ctx := t.Context()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
	tr := &loop{}
	b, err := switchboard.Open(ctx, switchboard.Config{Name: "acme", Clock: mock, Node: "n1",
		Transports: map[conversation.Channel]switchboard.Transport{"messenger": tr}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	reasons := wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done", Limit: time.Minute}
	must(b.Administrator("root").Configure(ctx, routing.Setup{
		Teams:   []routing.Team{{ID: "t"}},
		Queues:  []routing.Queue{{ID: "sales", Teams: []routing.TeamID{"t"}, WrapUp: reasons}},
		Agents:  []routing.Agent{{ID: "ann", Teams: []routing.TeamID{"t"}}, {ID: "bob", Teams: []routing.TeamID{"t"}}},
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "sales"}},
	}))
	ann, bob := b.Agent("ann"), b.Agent("bob")
	must(ann.SignIn(ctx))
	must(ann.Available(ctx))
	id, err := b.Receive(ctx, conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c1", ExternalID: "m1", Text: "hello"})
	must(err)
	must(ann.Accept(ctx, id))
	_, err = ann.Send(ctx, id, "Dobry den")
	must(err)
	must(b.Quiet(ctx))
	must(bob.SignIn(ctx))
	must(bob.Available(ctx))
	must(ann.TransferToAgent(ctx, id, "bob"))
	mock.Add(61 * time.Second)
	info, err := b.AgentInfo(ctx, "bob")
	must(err)
	if info.Agent.State != agent.RONA {
		t.Fatal(info.Agent.State)
	}
	c, err := b.Conversation(ctx, id)
	must(err)
	t.Log(c.State, c.Seats, tr.sent)
	cctx, cancel := context.WithCancel(ctx)
	n := 0
	for ev, err := range b.Events(cctx, "", nil) {
		must(err)
		t.Log(ev.Seq, ev.At.Format("15:04:05"), ev.By, switchboard.KindOf(ev.Body), ev.Body)
		if n++; n >= 15 {
			cancel()
			break
		}
	}
	cancel()
}
