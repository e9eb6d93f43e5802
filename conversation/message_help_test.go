package conversation

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

var msgStart = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// msgAt is so many seconds after the start.
func msgAt(seconds int) time.Time { return msgStart.Add(time.Duration(seconds) * time.Second) }

// msgConversation is conversation c42 that Ann serves, in the given state.
func msgConversation(s State) *Conversation {
	c := &Conversation{ID: 42, Channel: "messenger", Source: "page", Customer: "jana", State: s, Queue: "sales", ArrivedAt: msgStart}
	if s.Live() || s == Interrupted {
		c.Owner = 1
		c.Seats = []Seat{{No: 1, Agent: "ann", State: SeatActive, Queue: "sales"}}
	}
	return c
}

// msgApply applies events, numbered from the transcript's length times ten so
// that numbers differ.
func msgApply(t *testing.T, c *Conversation, at time.Time, events ...Event) {
	t.Helper()
	for i, e := range events {
		c.Apply(at, uint64(100+10*len(c.Messages)+i), e)
	}
}

func msgIn(id, text string) Inbound {
	return Inbound{Channel: "messenger", Source: "page", Customer: "jana", ExternalID: id, Text: text}
}

var (
	msgAnn   = agent.Actor{Role: agent.Self, ID: "ann"}
	msgRules = &Rules{Node: "n1"}
)

// msgDo decides a command about c.
func msgDo(c *Conversation, now time.Time, by agent.Actor, cmd Command, r *Rules, out []Event) ([]Event, error) {
	switch m := cmd.(type) {
	case Write:
		m.Conversation = c.ID
		cmd = m
	case Settled:
		m.Conversation = c.ID
		cmd = m
	case Deferred:
		m.Conversation = c.ID
		cmd = m
	}
	return Decide(c, now, by, cmd, r, out)
}

// msgStep decides and applies, and fails the test on a refusal.
func msgStep(t *testing.T, c *Conversation, now time.Time, cmd Command) []Event {
	t.Helper()
	events, err := msgDo(c, now, msgAnn, cmd, msgRules, nil)
	if err != nil {
		t.Fatalf("%s: %v", cmd.Name(), err)
	}
	msgApply(t, c, now, events...)
	return events
}

// msgSay lets Ann write to the customer.
func msgSay(t *testing.T, c *Conversation, now time.Time, text string) []Event {
	t.Helper()
	return msgStep(t, c, now, Write{Agent: "ann", Draft: Draft{Text: text}})
}

// msgRefused checks that the command is refused with want as a *Refusal, that
// out comes back as it was and that the conversation is unchanged.
func msgRefused(t *testing.T, c *Conversation, now time.Time, by agent.Actor, cmd Command, r *Rules, want error) *Refusal {
	t.Helper()
	before, earlier := msgJSON(t, c), []Event{SendDue{Conversation: 7}}
	out, err := msgDo(c, now, by, cmd, r, earlier)
	var refusal *Refusal
	if !errors.As(err, &refusal) || !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want a *Refusal that wraps %v", cmd.Name(), err, want)
	}
	if refusal.Command != cmd.Name() || refusal.Conversation != c.ID || refusal.State != c.State {
		t.Errorf("%s: the refusal says %+v", cmd.Name(), refusal)
	}
	if diff := cmp.Diff(earlier, out); diff != "" {
		t.Errorf("%s: a refusal changed the events (-want +got):\n%s", cmd.Name(), diff)
	}
	if diff := cmp.Diff(before, msgJSON(t, c)); diff != "" {
		t.Errorf("%s: a refusal changed the conversation (-want +got):\n%s", cmd.Name(), diff)
	}
	return refusal
}

// msgNothing checks that the command succeeds and changes nothing.
func msgNothing(t *testing.T, c *Conversation, now time.Time, cmd Command) {
	t.Helper()
	msgDecides(t, c, now, msgAnn, cmd, msgRules, nil)
}

// msgDecides checks the events of a command, which are appended to what was
// there, and that deciding leaves the conversation alone.
func msgDecides(t *testing.T, c *Conversation, now time.Time, by agent.Actor, cmd Command, r *Rules, want []Event) {
	t.Helper()
	before, earlier := msgJSON(t, c), []Event{SendDue{Conversation: 7}}
	got, err := msgDo(c, now, by, cmd, r, earlier)
	if err != nil {
		t.Fatalf("%s: %v", cmd.Name(), err)
	}
	if diff := cmp.Diff(append([]Event{SendDue{Conversation: 7}}, want...), got); diff != "" {
		t.Errorf("%s: events (-want +got):\n%s", cmd.Name(), diff)
	}
	if diff := cmp.Diff(before, msgJSON(t, c)); diff != "" {
		t.Errorf("%s: deciding changed the conversation (-want +got):\n%s", cmd.Name(), diff)
	}
}
