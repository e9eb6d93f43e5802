package switchboard_test

import (
	"testing"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// What a caller gave or was given is its own: changing it afterwards changes
// nothing on the board.
func TestCallersKeepTheirMemory(t *testing.T) {
	b := ready(t, switchboard.Config{})
	needs := []conversation.Need{{Skill: "czech", Level: 5, Steps: []conversation.Relax{{After: 1e9, Level: 1}}}}
	id, err := b.Receive(t.Context(), conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "needy", ExternalID: "needy-1", Text: "hello",
		Entry: conversation.Opening{Needs: needs},
	})
	b.must(err)
	needs[0].Level, needs[0].Steps[0].Level = 1, 0
	c, err := b.Conversation(t.Context(), id)
	b.must(err)
	if n := c.Needs[0]; n.Level != 5 || n.Steps[0].Level != 1 {
		t.Errorf("the board took the caller's change: %+v", n)
	}
	_ = append(c.Messages, &conversation.Message{Text: "forged"})
	_, err = b.Receive(t.Context(), conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "needy", ExternalID: "needy-2", Text: "again",
	})
	b.must(err)
	second, err := b.Conversation(t.Context(), id)
	b.must(err)
	_ = append(c.Messages, &conversation.Message{Text: "forged"})
	if got := second.Messages[1].Text; got != "again" {
		t.Errorf("the second message is %q", got)
	}
}

func TestAtDesk(t *testing.T) {
	b := ready(t, switchboard.Config{})
	mine := b.talk("c1") // Ann accepts it
	var kinds []string
	desk := switchboard.AtDesk("ann")
	b.write(mine, "hello")
	b.must(b.Administrator("root").RemoveSource(t.Context(), "page", "gone"))
	b.must(b.Agent("ann").End(t.Context(), mine))
	b.must(b.Agent("ann").WrapUp(t.Context(), mine, "done"))
	b.must(b.Quiet(t.Context()))
	for ev, err := range b.Events(t.Context(), "", nil) {
		b.must(err)
		if desk(ev) {
			kinds = append(kinds, switchboard.KindOf(ev.Body))
		}
		if _, over := ev.Body.(conversation.Completed); over {
			break
		}
	}
	count := func(kind string) (n int) {
		for _, k := range kinds {
			if k == kind {
				n++
			}
		}
		return n
	}
	for kind, least := range map[string]int{
		"agent.state-changed": 2, "conversation.offer-made": 1, "conversation.accepted": 1, "conversation.message-added": 1,
		"conversation.interruption": 1, "conversation.ending": 1, "conversation.seat-ended": 1,
	} {
		if count(kind) < least {
			t.Errorf("%d of %s, want %d at least: %q", count(kind), kind, least, kinds)
		}
	}
	other := switchboard.AtDesk(agent.ID("bob"))
	for ev, err := range b.Events(t.Context(), "", nil) {
		b.must(err)
		if c, ok := ev.Body.(conversation.Event); ok && other(ev) {
			t.Errorf("Bob sees %s of %s", switchboard.KindOf(c), c.ConversationID())
		}
		if _, over := ev.Body.(conversation.Completed); over {
			break
		}
	}
}
