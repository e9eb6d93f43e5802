package conversation_test

import (
	"testing"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// BenchmarkDecideApply takes one conversation through its whole life. A
// transition is one command decided and its events applied.
func BenchmarkDecideApply(b *testing.B) {
	ann, bob := self("ann"), self("bob")
	rules := &conversation.Rules{
		Node:   "n1",
		WrapUp: func(conversation.QueueID, uint64) (wrapup.Policy, uint64) { return salesPolicy, 7 },
	}
	life := []struct {
		by  agent.Actor
		cmd conversation.Command
	}{
		{engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"}},
		{ann, conversation.Accept{Conversation: 1, Agent: "ann"}},
		{ann, conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "Good morning"}}},
		{ann, conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "I will pass you on"}}},
		{ann, conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "billing"}},
		{engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"}},
		{bob, conversation.Accept{Conversation: 1, Agent: "bob"}},
		{bob, conversation.End{Conversation: 1, Agent: "bob"}},
		{ann, conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "solved"}},
		{bob, conversation.SubmitWrapUp{Conversation: 1, Agent: "bob", Reason: "spam"}},
	}
	opening := conversation.Opened{Conversation: 1, Wait: conversation.Wait{Queue: "sales"}, Priority: 5}
	var out []conversation.Event
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var c conversation.Conversation
		c.Apply(start, 1, opening)
		seq := uint64(1)
		for _, step := range life {
			events, err := conversation.Decide(&c, start, step.by, step.cmd, rules, out[:0])
			if err != nil {
				b.Fatal(err)
			}
			for _, e := range events {
				seq++
				c.Apply(start, seq, e)
			}
			out = events
			n++
		}
		if c.State != conversation.Ended || c.Seats[1].State != conversation.SeatClosed {
			b.Fatal("the life is not over")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/transition")
}
