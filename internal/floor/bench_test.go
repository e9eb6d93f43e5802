package floor

import (
	"strconv"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// BenchmarkLife is a conversation's whole life without a Board: deciding,
// applying and indexing alone.
func BenchmarkLife(b *testing.B) {
	f := New(Config{Load: time.LoadLocation, Node: "n1"})
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	do := func(by agent.Actor, body any) Result {
		for f.Advance(now) {
		}
		res, err := f.Do(now, Command{By: by, Body: body})
		if err != nil {
			b.Fatal(err)
		}
		f.Commit()
		return res
	}
	reasons := wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done", Limit: time.Minute}
	do(agent.Actor{Role: agent.Administrator}, routing.Configure{Setup: routing.Setup{
		Queues:   []routing.Queue{{ID: "q", Agents: []agent.ID{"ann"}, WrapUp: reasons}},
		Agents:   []routing.Agent{{ID: "ann"}},
		Sources:  []routing.Source{{ID: "page", Channel: "messenger", Queue: "q"}},
		Settings: routing.Settings{Linger: time.Second},
	}})
	ann := agent.Actor{Role: agent.Self, ID: "ann"}
	do(ann, agent.SignIn{Agent: "ann"})
	do(ann, agent.MakeAvailable{Agent: "ann"})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		now = now.Add(10 * time.Millisecond)
		in := conversation.Inbound{Channel: "messenger", Source: "page", Customer: conversation.Customer("c" + strconv.Itoa(i)), ExternalID: "m" + strconv.Itoa(i), Text: "hello there"}
		id := do(customer(string(in.Customer)), in).Conversation
		do(ann, conversation.Accept{Conversation: id, Agent: "ann"})
		for range 2 {
			do(ann, conversation.Write{Conversation: id, Agent: "ann", Draft: conversation.Draft{Text: "hello back", AgentsOnly: true}})
		}
		in.ExternalID += "b"
		do(customer(string(in.Customer)), in)
		do(ann, conversation.End{Conversation: id, Agent: "ann"})
		do(ann, conversation.SubmitWrapUp{Conversation: id, Agent: "ann", Reason: "done"})
	}
}
