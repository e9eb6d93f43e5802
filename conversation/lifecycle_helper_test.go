package conversation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// start is when the conversation of every story arrives.
var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// after returns the instant that many seconds after start.
func after(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func self(id agent.ID) agent.Actor { return agent.Actor{Role: agent.Self, ID: string(id)} }

var (
	boss   = agent.Actor{Role: agent.Supervisor, ID: "eve"}
	engine agent.Actor
)

// salesPolicy is the wrap-up policy of every queue of a story.
var salesPolicy = wrapup.Policy{
	Reasons:   []wrapup.Reason{{ID: "solved", Label: "Solved"}, {ID: "spam", Label: "Spam"}},
	Default:   "solved",
	Limit:     2 * time.Minute,
	Extension: 30 * time.Second, MaxExtensions: 1,
	Cancellable: true,
}

// story drives one conversation and checks with every command that deciding
// changes nothing, and that applying changes no memory of an earlier copy.
type story struct {
	t     testing.TB
	c     conversation.Conversation
	now   time.Time
	seq   uint64
	rules conversation.Rules
	told  []stamped
}

type stamped struct {
	at    time.Time
	seq   uint64
	event conversation.Event
}

// opened returns a story in which c1 waits in the queue "sales" since start.
func opened(t testing.TB) *story {
	s := &story{t: t, now: start}
	s.rules.WrapUp = func(conversation.QueueID, uint64) (wrapup.Policy, uint64) { return salesPolicy, 7 }
	s.apply(conversation.Opened{
		Conversation: 1, Channel: "messenger", Source: "page", Customer: "cust",
		Medium: conversation.Social, Wait: conversation.Wait{Queue: "sales"}, Priority: 5,
	})
	return s
}

// active returns a story in which ann has accepted.
func active(t testing.TB) *story {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})
	return s
}

// invited returns a story in which ann has invited bob.
func invited(t testing.TB) *story {
	s := active(t)
	s.do(self("ann"), conversation.Invite{Conversation: 1, Agent: "ann", To: "bob"})
	return s
}

// conference returns a story in which ann owns and bob has joined.
func conference(t testing.TB) *story {
	s := invited(t)
	s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})
	return s
}

// sentToBob returns a story in which ann transfers to bob, 100 seconds in.
func sentToBob(t testing.TB) *story {
	s := active(t)
	s.now = after(100)
	s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
	return s
}

// sentTo returns a story in which ann transfers to a queue, 100 seconds in.
func sentTo(t testing.TB, q conversation.QueueID) *story {
	s := active(t)
	s.now = after(100)
	s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: q})
	return s
}

// text is the whole of a conversation, for comparing.
func text(t testing.TB, c *conversation.Conversation) string {
	t.Helper()
	b, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// eventName is the type name of an event, as the tables of transitions have it.
func eventName(e conversation.Event) string {
	return strings.TrimPrefix(typeName(e), "conversation.")
}

func typeName(v any) string { return fmt.Sprintf("%T", v) }

func (s *story) apply(e conversation.Event) {
	s.t.Helper()
	s.seq++
	copied := s.c
	before := text(s.t, &copied)
	s.c.Apply(s.now, s.seq, e)
	if diff := cmp.Diff(before, text(s.t, &copied)); diff != "" {
		s.t.Fatalf("%s changed an earlier copy (-before +after):\n%s", eventName(e), diff)
	}
	s.told = append(s.told, stamped{s.now, s.seq, e})
}

// try decides and, unless refused, applies.
func (s *story) try(by agent.Actor, cmd conversation.Command) ([]conversation.Event, error) {
	s.t.Helper()
	before := text(s.t, &s.c)
	events, err := conversation.Decide(&s.c, s.now, by, cmd, &s.rules, nil)
	if diff := cmp.Diff(before, text(s.t, &s.c)); diff != "" {
		s.t.Fatalf("deciding %T changed the conversation (-before +after):\n%s", cmd, diff)
	}
	var refused *conversation.Refusal
	if err != nil && (!errors.As(err, &refused) || len(events) > 0 || refused.State != s.c.State || refused.Err == nil) {
		s.t.Fatalf("%T: %d events with the error %#v", cmd, len(events), err)
	}
	for _, e := range events {
		s.apply(e)
	}
	return events, err
}

// do gives a command that must succeed and returns its events.
func (s *story) do(by agent.Actor, cmd conversation.Command) []conversation.Event {
	s.t.Helper()
	events, err := s.try(by, cmd)
	if err != nil {
		s.t.Fatalf("%T: %v", cmd, err)
	}
	return events
}

// refuse gives a command that must be refused.
func (s *story) refuse(by agent.Actor, cmd conversation.Command, want error) *conversation.Refusal {
	s.t.Helper()
	_, err := s.try(by, cmd)
	if !errors.Is(err, want) {
		s.t.Fatalf("%T: error %v, want %v", cmd, err, want)
	}
	var refused *conversation.Refusal
	errors.As(err, &refused)
	return refused
}

// want compares events.
func want(t testing.TB, got []conversation.Event, want ...conversation.Event) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// names lists the kinds of events.
func names(events []conversation.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, eventName(e))
	}
	return strings.Join(out, " ")
}

// tick gives ticks until nothing more is due, and returns all events.
func (s *story) tick() []conversation.Event {
	s.t.Helper()
	var all []conversation.Event
	for range 100 {
		events := s.do(engine, conversation.Tick{Conversation: 1})
		if len(events) == 0 {
			return all
		}
		all = append(all, events...)
	}
	s.t.Fatal("a deadline stays due for ever")
	return nil
}

// stands checks where the conversation is: its state, owner and seats, such as
// "active ann: ann=active(1) bob=wrapping-up(2)".
func (s *story) stands(want string) {
	s.t.Helper()
	got := s.c.State.String()
	if o := s.c.OwnerID(); o != "" {
		got += " " + string(o)
	}
	for i, seat := range s.c.Seats {
		if i == 0 {
			got += ":"
		}
		got += fmt.Sprintf(" %s=%s", seat.Agent, seat.State)
	}
	if got != want {
		s.t.Fatalf("stands at %q, want %q", got, want)
	}
}

// noted is the system entry that a decision adds to the transcript.
func (s *story) noted(no int, e conversation.Entry) conversation.MessageAdded {
	return conversation.MessageAdded{Conversation: 1, Message: &conversation.Message{
		No: no, Author: conversation.Author{Kind: conversation.FromSystem}, At: s.now, Entry: &e, AgentsOnly: true,
	}}
}

// wraps is the start of a wrap-up now under salesPolicy.
func (s *story) wraps(who agent.ID, seat int) conversation.WrapUpStarted {
	return conversation.WrapUpStarted{
		Conversation: 1, Agent: who, Seat: seat, Policy: 7, Deadline: s.now.Add(salesPolicy.Limit),
	}
}
