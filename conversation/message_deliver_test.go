package conversation

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

func TestSendKey(t *testing.T) {
	for _, tt := range []struct {
		id   ID
		no   int
		want string
	}{{42, 7, "c42.7"}, {1, 1, "c1.1"}, {1<<64 - 1, 1<<31 - 1, "c18446744073709551615.2147483647"}, {0, 7, ""}, {42, 0, ""}, {42, -1, ""}} {
		got := SendKey(tt.id, tt.no)
		if got != tt.want {
			t.Errorf("SendKey(%d, %d) = %q, want %q", tt.id, tt.no, got, tt.want)
		}
		if id, no, ok := ParseSendKey(got); got != "" && (id != tt.id || no != tt.no || !ok) {
			t.Errorf("ParseSendKey(%q) = %v, %d, %v", got, id, no, ok)
		}
	}
	for _, s := range []string{
		"", ".", "c42", "c42.", ".7", "42.7", "c42.07", "c42.+7", "c42.-7", "c42.0", "c042.7", "c+42.7", "c0.7",
		"c42.7.8", "c42.7 ", " c42.7", "C42.7", "c42.1_0", "c42.99999999999999999999", "c99999999999999999999.1", "c42.\u0667",
	} {
		if id, no, ok := ParseSendKey(s); ok || id != 0 || no != 0 {
			t.Errorf("ParseSendKey(%q) = %v, %d, %v", s, id, no, ok)
		}
	}
}

func FuzzParseSendKey(f *testing.F) {
	for _, s := range []string{"c42.7", "", "c.1", "c1.", "c1.01", "c18446744073709551615.9223372036854775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, no, ok := ParseSendKey(s)
		if ok && SendKey(id, no) != s {
			t.Errorf("%q was read as %q", s, SendKey(id, no))
		}
		if !ok && (id != 0 || no != 0) {
			t.Errorf("%q is refused with %v, %d", s, id, no)
		}
	})
}

// msgSent returns a live conversation with one message of Ann in the given
// status, number 1.
func msgSent(t *testing.T, s Status, externalID string) *Conversation {
	t.Helper()
	c := msgConversation(Active)
	msgSay(t, c, msgStart, "Hello")
	if s == StatusQueued {
		return c
	}
	msgApply(t, c, msgAt(1), SendSettled{Conversation: 42, No: 1, Status: s, ExternalID: externalID})
	return c
}

// msgWants checks status and ids of message 1.
func msgWants(t *testing.T, c *Conversation, want Status, externalID string) {
	t.Helper()
	if m := c.Messages[0]; m.Delivery.Status != want || m.ExternalID != externalID {
		t.Errorf("message is %s with id %q, want %s with %q", m.Delivery.Status, m.ExternalID, want, externalID)
	}
}

func TestE40SettledMovesOnlyForward(t *testing.T) {
	// What each result makes of each status; results come late and twice.
	tests := []struct {
		from              Status
		sent, bad, unsure Status
	}{
		{StatusQueued, StatusSent, StatusFailed, StatusUnknown},
		{StatusUnknown, StatusSent, StatusFailed, StatusUnknown},
		{StatusFailed, StatusFailed, StatusFailed, StatusFailed},
		{StatusSent, StatusSent, StatusSent, StatusSent},
		{StatusDelivered, StatusDelivered, StatusDelivered, StatusDelivered},
		{StatusRead, StatusRead, StatusRead, StatusRead},
	}
	for _, tt := range tests {
		for _, state := range []State{Active, Interrupted, Ended} {
			for result, want := range map[Status]Status{StatusSent: tt.sent, StatusFailed: tt.bad, StatusUnknown: tt.unsure} {
				t.Run(fmt.Sprint(tt.from, " ", result, " in ", state), func(t *testing.T) {
					id := ""
					if tt.from != StatusQueued {
						id = "m1"
					}
					c := msgSent(t, tt.from, id)
					c.State = state
					events := msgStep(t, c, msgAt(9), Settled{No: 1, Status: result, ExternalID: "m1"})
					if (len(events) == 1) != (tt.from != want) {
						t.Errorf("%d events", len(events))
					}
					msgWants(t, c, want, "m1")
					if at := c.Messages[0].Delivery.At; len(events) == 1 && !at.Equal(msgAt(9)) {
						t.Errorf("the status changed at %v", at)
					}
					msgNothing(t, c, msgAt(10), Settled{No: 1, Status: result, ExternalID: "m1"})
				})
			}
		}
	}
}

func TestE79SettledRecordsWhyASendFailed(t *testing.T) {
	long := strings.Repeat("\u00e9", MaxDetail) // two bytes each, so that a cut could split one
	tests := []struct {
		name string
		cmd  Settled
		want Delivery
	}{
		{"the window is closed", Settled{No: 1, Status: StatusFailed, Why: FailWindow, Detail: "(#10) outside of allowed window"},
			Delivery{StatusFailed, FailWindow, "(#10) outside of allowed window", msgAt(2)}},
		{"no cause", Settled{No: 1, Status: StatusFailed}, Delivery{StatusFailed, FailTransport, "", msgAt(2)}},
		{"unknown", Settled{No: 1, Status: StatusUnknown, Detail: "timeout"}, Delivery{StatusUnknown, "", "timeout", msgAt(2)}},
		{"sent has no cause", Settled{No: 1, Status: StatusSent, Why: FailContent, Detail: "x"}, Delivery{Status: StatusSent, At: msgAt(2)}},
		{"long words", Settled{No: 1, Status: StatusFailed, Why: FailAccess, Detail: long + "\xff"},
			Delivery{StatusFailed, FailAccess, long[:MaxDetail], msgAt(2)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := msgSent(t, StatusQueued, "")
			msgStep(t, c, msgAt(2), tt.cmd)
			if diff := cmp.Diff(&tt.want, c.Messages[0].Delivery); diff != "" {
				t.Errorf("delivery (-want +got):\n%s", diff)
			}
			if c.State != Active {
				t.Errorf("the conversation is %s", c.State)
			}
		})
	}
}

func TestSettledKeepsWhatItDoesNotTell(t *testing.T) {
	c := msgSent(t, StatusQueued, "")
	msgStep(t, c, msgAt(1), Settled{No: 1, Status: StatusUnknown, ExternalID: "m1", ChannelAt: msgAt(1)})
	msgStep(t, c, msgAt(2), Settled{No: 1, Status: StatusSent})
	msgWants(t, c, StatusSent, "m1")
	if got := c.Messages[0].ChannelAt; !got.Equal(msgAt(1)) {
		t.Errorf("channel time %v", got)
	}
}

func TestClipKeepsRunesWhole(t *testing.T) {
	for limit := range 12 {
		got := clip("a\u00e9\u20ac\U0001F600\xff", limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("clip to %d gives %q", limit, got)
		}
	}
	if got := clip("a\xff", 9); got != "a\uFFFD" {
		t.Errorf("clip gives %q", got)
	}
}

func TestSettledRefusals(t *testing.T) {
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	msgSay(t, c, msgStart, "Hello")
	for _, cmd := range []Settled{
		{No: 0, Status: StatusSent}, {No: 3, Status: StatusSent}, {No: -1, Status: StatusSent},
		{No: 1, Status: StatusSent}, // the customer's
		{No: 2}, {No: 2, Status: StatusQueued}, {No: 2, Status: StatusDelivered}, {No: 2, Status: 99},
	} {
		msgRefused(t, c, msgStart, msgAnn, cmd, nil, ErrCommand)
	}
	msgStep(t, c, msgStart, Settled{No: 2, Status: StatusSent, ExternalID: strings.Repeat("x", MaxExternalID+1)})
	if m := c.Messages[1]; m.Delivery.Status != StatusSent || m.ExternalID != "" {
		t.Errorf("a result with a bad id left the message %s with an id of %d bytes", m.Delivery.Status, len(m.ExternalID))
	}
}

func TestEchoSettles(t *testing.T) {
	tests := []struct {
		name    string
		from    Status
		id, key string
		want    Status
		change  bool
	}{
		{"by key, in flight", StatusQueued, "", "c42.1", StatusSent, true},
		{"by key, unknown", StatusUnknown, "", "c42.1", StatusSent, true},
		{"by key, failed", StatusFailed, "", "c42.1", StatusSent, true},
		{"by key, unknown under another id", StatusUnknown, "m0", "c42.1", StatusSent, true},
		{"by id, unknown", StatusUnknown, "m1", "", StatusSent, true},
		{"by id, sent", StatusSent, "m1", "", StatusSent, false},
		{"by key, sent without an id", StatusSent, "", "c42.1", StatusSent, true},
		{"by key, read without an id", StatusRead, "", "c42.1", StatusRead, true},
		{"by key, read", StatusRead, "m1", "c42.1", StatusRead, false},
		{"by key, sent under another id", StatusSent, "m0", "c42.1", StatusSent, false},
	}
	for _, tt := range tests {
		for _, state := range []State{Active, Interrupted, Ended} {
			t.Run(fmt.Sprint(tt.name, " in ", state), func(t *testing.T) {
				c := msgSent(t, tt.from, tt.id)
				c.State = state
				echo := Outside{ExternalID: "m1", Key: tt.key, ChannelAt: msgAt(3), Text: "Hello"}
				events := msgStep(t, c, msgAt(9), echo)
				want := []Event(nil)
				if tt.change {
					want = []Event{SendSettled{Conversation: 42, No: 1, Status: tt.want, ExternalID: "m1", ChannelAt: msgAt(3)}}
				}
				if diff := cmp.Diff(want, events); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				id := tt.id
				if tt.change {
					id = "m1"
				}
				msgWants(t, c, tt.want, id)
				if got := c.Messages[0].ChannelAt; tt.change && !got.Equal(msgAt(3)) {
					t.Errorf("channel time %v", got)
				}
				msgNothing(t, c, msgAt(10), echo)
				msgNothing(t, c, msgAt(10), Settled{No: 1, Status: StatusSent, ExternalID: "m1"}) // the answer comes after the echo
				if len(c.Messages) != 1 || c.Lane != nil {
					t.Errorf("%d messages, lane %v", len(c.Messages), c.Lane)
				}
			})
		}
	}
}

func TestLaneSendsOneAfterTheOther(t *testing.T) {
	c := msgConversation(Active)
	msgSay(t, c, msgAt(0), "one")
	msgStep(t, c, msgAt(0), msgIn("in", "Hi"))
	msgSay(t, c, msgAt(1), "three")
	msgStep(t, c, msgAt(1), Write{Agent: "ann", Draft: Draft{Text: "a note", AgentsOnly: true}})
	msgSay(t, c, msgAt(2), "five")

	wantLane := func(want *Lane) {
		t.Helper()
		if want != nil { // by the event that gave it, which other tests look at
			want.Taken = c.Lane.Taken
		}
		if diff := cmp.Diff(want, c.Lane); diff != "" {
			t.Fatalf("lane (-want +got):\n%s", diff)
		}
	}
	wantLane(&Lane{Node: "n1", No: 1, First: msgAt(0), Ready: msgAt(0)})
	msgStep(t, c, msgAt(3), Settled{No: 1, Status: StatusSent})
	wantLane(&Lane{Node: "n1", No: 3, First: msgAt(3), Ready: msgAt(3)})

	events := msgStep(t, c, msgAt(4), Deferred{No: 3, After: 2 * time.Second, Detail: "busy"})
	if diff := cmp.Diff([]Event{SendDeferred{Conversation: 42, No: 3, Attempt: 1, Retry: msgAt(6), Detail: "busy"}}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	wantLane(&Lane{Node: "n1", No: 3, Attempt: 1, First: msgAt(3), Ready: msgAt(3), Retry: agent.Deadline{At: msgAt(6), Set: 150}})
	msgNothing(t, c, msgAt(4), Deferred{No: 3}) // it is not in flight
	msgNothing(t, c, msgAt(4), Deferred{No: 5})
	msgNothing(t, c, msgAt(4), Deferred{No: 99})
	msgApply(t, c, msgAt(6), SendDue{Conversation: 42, No: 3})
	wantLane(&Lane{Node: "n1", No: 3, Attempt: 1, First: msgAt(3), Ready: msgAt(6)})

	msgApply(t, c, msgAt(6), LaneTaken{Conversation: 42, Node: "n2"})
	wantLane(&Lane{Node: "n2", No: 3, Attempt: 1, First: msgAt(3), Ready: msgAt(6), Doubtful: true})
	msgStep(t, c, msgAt(7), Settled{No: 3, Status: StatusUnknown})
	wantLane(&Lane{Node: "n2", No: 5, First: msgAt(7), Ready: msgAt(7)})
	msgStep(t, c, msgAt(8), Settled{No: 3, Status: StatusSent}) // late, and not the head
	wantLane(&Lane{Node: "n2", No: 5, First: msgAt(7), Ready: msgAt(7)})
	msgStep(t, c, msgAt(9), Settled{No: 5, Status: StatusFailed, Why: FailBlocked})
	wantLane(nil)
	msgNothing(t, c, msgAt(9), Deferred{No: 5})
	msgSay(t, c, msgAt(10), "six")
	wantLane(&Lane{Node: "n1", No: 6, First: msgAt(10), Ready: msgAt(10)})
}

func TestLaneSkipsWhatIsSettledOutOfTurn(t *testing.T) {
	c := msgConversation(Active)
	for i := range 3 {
		msgSay(t, c, msgAt(i), "x")
	}
	msgStep(t, c, msgAt(5), Outside{ExternalID: "m2", Key: "c42.2", Text: "x"})
	msgStep(t, c, msgAt(6), Settled{No: 1, Status: StatusSent})
	if c.Lane == nil || c.Lane.No != 3 {
		t.Errorf("lane %v, want number 3 next", c.Lane)
	}
}

func TestLaneWithoutANodeWaitsForOne(t *testing.T) {
	c := msgConversation(Active)
	events, err := msgDo(c, msgStart, msgAnn, Write{Agent: "ann", Draft: Draft{Text: "x"}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	msgApply(t, c, msgStart, events...)
	msgApply(t, c, msgStart, LaneTaken{Conversation: 42, Node: "n1"})
	if diff := cmp.Diff(&Lane{Node: "n1", Taken: c.Lane.Taken, No: 1, First: msgStart, Ready: msgStart}, c.Lane); diff != "" {
		t.Errorf("lane (-want +got):\n%s", diff)
	}
}

// Each change of hands has a number of its own, also when it goes back to the
// same node; the messages of one holder share it.
func TestLaneTakenNumbersItsHolder(t *testing.T) {
	c := msgConversation(Active)
	msgSay(t, c, msgAt(0), "one")
	msgSay(t, c, msgAt(0), "two")
	first := c.Lane.Taken
	msgStep(t, c, msgAt(1), Settled{No: 1, Status: StatusSent, Taken: first})
	if c.Lane.Taken != first || first == 0 {
		t.Errorf("%d for the second message, %d for the first", c.Lane.Taken, first)
	}
	seen := map[uint64]bool{first: true}
	for i, node := range []string{"n2", "n1", "n1"} {
		c.Apply(msgAt(2), uint64(1000+i), LaneTaken{Conversation: 42, Node: node})
		if seen[c.Lane.Taken] {
			t.Errorf("%s has a number that was given before", node)
		}
		seen[c.Lane.Taken] = true
	}
}

// A report counts while its sender has the message to send. That it was sent is a
// fact, whoever says so.
func TestReportsOfAFormerHolder(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(c *Conversation) // since the sender began
		mine   bool                  // the sender still has to send the message
	}{
		{"still the holder", func(*Conversation) {}, true},
		{"taken by another", func(c *Conversation) { c.Apply(msgAt(1), 1000, LaneTaken{Conversation: 42, Node: "n2"}) }, false},
		{"taken, and taken back", func(c *Conversation) {
			c.Apply(msgAt(1), 1000, LaneTaken{Conversation: 42, Node: "n2"})
			c.Apply(msgAt(1), 1001, LaneTaken{Conversation: 42, Node: "n1"})
		}, false},
		{"settled by another", func(c *Conversation) { msgStep(t, c, msgAt(1), Settled{No: 1, Status: StatusUnknown}) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begun := func() (*Conversation, uint64) {
				c := msgConversation(Active)
				msgSay(t, c, msgAt(0), "one")
				msgSay(t, c, msgAt(0), "two")
				taken := c.Lane.Taken
				tt.change(c)
				return c, taken
			}
			for _, report := range []func(taken uint64) Command{
				func(taken uint64) Command { return Deferred{No: 1, Taken: taken} },
				func(taken uint64) Command {
					return Settled{No: 1, Status: StatusFailed, Why: FailBlocked, Taken: taken}
				},
				func(taken uint64) Command { return Settled{No: 1, Status: StatusUnknown, Taken: taken} },
			} {
				if c, taken := begun(); tt.mine {
					msgStep(t, c, msgAt(2), report(taken))
				} else {
					msgNothing(t, c, msgAt(2), report(taken))
				}
			}
			c, taken := begun()
			msgStep(t, c, msgAt(2), Settled{No: 1, Status: StatusSent, ExternalID: "x", Taken: taken})
			if got := c.Messages[0]; got.Delivery.Status != StatusSent || got.ExternalID != "x" || c.Lane.No != 2 {
				t.Errorf("it is %s as %q, and number %d is next", got.Delivery.Status, got.ExternalID, c.Lane.No)
			}
		})
	}
}

func TestDeferred(t *testing.T) {
	tests := []struct {
		name  string
		rules *Rules
		now   int // seconds
		cmd   Deferred
		setup func(*Conversation)
		want  Event
	}{
		{name: "at least a second", now: 1, cmd: Deferred{After: -time.Hour}, want: SendDeferred{Attempt: 1, Retry: msgAt(2)}},
		{name: "at most a minute", now: 1, cmd: Deferred{After: time.Hour}, want: SendDeferred{Attempt: 1, Retry: msgAt(61)}},
		{name: "up to the limit", now: 299, want: SendDeferred{Attempt: 1, Retry: msgAt(300)}},
		{name: "past the limit", now: 300, want: SendSettled{Status: StatusFailed, Why: FailTransport}},
		{name: "past the limit, with a cause", now: 300, cmd: Deferred{Why: FailRateLimited, Detail: "429"},
			want: SendSettled{Status: StatusFailed, Why: FailRateLimited, Detail: "429"}},
		{name: "a limit of one's own", rules: &Rules{RetryFor: 10 * time.Second}, now: 9, cmd: Deferred{After: 2 * time.Second},
			want: SendSettled{Status: StatusFailed, Why: FailTransport}},
		{name: "attempts count", now: 1, setup: func(c *Conversation) { c.Lane.Attempt = 4 }, want: SendDeferred{Attempt: 5, Retry: msgAt(2)}},
		{name: "after an end by the agent it goes on", now: 1, setup: func(c *Conversation) { c.State, c.End = Ended, &Conclusion{Cause: EndedByAgent} },
			want: SendDeferred{Attempt: 1, Retry: msgAt(2)}},
		{name: "E40 not again when interrupted", now: 1, cmd: Deferred{Why: FailRateLimited}, setup: func(c *Conversation) { c.State = Interrupted },
			want: SendSettled{Status: StatusFailed, Why: FailInterrupted}},
		{name: "E40 not again when ended as interrupted", now: 1, setup: func(c *Conversation) { c.State, c.End = Ended, &Conclusion{Cause: EndedInterrupted} },
			want: SendSettled{Status: StatusFailed, Why: FailInterrupted}},
		{name: "E40 not again when the source is gone", now: 1, setup: func(c *Conversation) { c.State, c.End = Ended, &Conclusion{Cause: EndedSource} },
			want: SendSettled{Status: StatusFailed, Why: FailInterrupted}},
		{name: "not again when erased", now: 1, setup: func(c *Conversation) { c.State, c.End = Ended, &Conclusion{Cause: EndedErased} },
			want: SendSettled{Status: StatusFailed, Why: FailRetired}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := msgSent(t, StatusQueued, "")
			if tt.setup != nil {
				tt.setup(c)
			}
			tt.cmd.No = 1
			switch e := tt.want.(type) {
			case SendDeferred:
				e.Conversation, e.No = 42, 1
				tt.want = e
			case SendSettled:
				e.Conversation, e.No = 42, 1
				tt.want = e
			}
			msgDecides(t, c, msgAt(tt.now), msgAnn, tt.cmd, tt.rules, []Event{tt.want})
		})
	}
}

func TestE40QueuedMessagesFailAndTheOneInFlightDoesNot(t *testing.T) {
	failed := func(no int) Event {
		return SendSettled{Conversation: 42, No: no, Status: StatusFailed, Why: FailInterrupted}
	}
	c := msgConversation(Active)
	if got := failQueued(c, FailInterrupted, nil); got != nil {
		t.Errorf("without a message: %v", got)
	}
	msgSay(t, c, msgAt(0), "one")
	msgStep(t, c, msgAt(0), msgIn("m", "two"))
	msgSay(t, c, msgAt(0), "three")
	msgSay(t, c, msgAt(0), "four")

	deferred := *c
	msgStep(t, &deferred, msgAt(1), Deferred{No: 1})
	got := failQueued(&deferred, FailInterrupted, nil)
	if diff := cmp.Diff([]Event{failed(1), failed(3), failed(4)}, got); diff != "" {
		t.Errorf("with none in flight (-want +got):\n%s", diff)
	}
	msgApply(t, &deferred, msgAt(2), got...)
	if deferred.Lane != nil {
		t.Errorf("lane %v is left", deferred.Lane)
	}

	got = failQueued(c, FailInterrupted, nil)
	if diff := cmp.Diff([]Event{failed(3), failed(4)}, got); diff != "" {
		t.Errorf("with one in flight (-want +got):\n%s", diff)
	}
	msgApply(t, c, msgAt(2), got...)
	c.State = Interrupted
	msgStep(t, c, msgAt(3), Settled{No: 1, Status: StatusSent, ExternalID: "m1"})
	msgWants(t, c, StatusSent, "m1")
	if c.Lane != nil {
		t.Errorf("lane %v is left", c.Lane)
	}
}

func TestE78SendingAgainIsAnotherMessage(t *testing.T) {
	// The key of a repeated command is the Board's; here each Write is a
	// message with a key of its own, so an echo settles the right one.
	c := msgSent(t, StatusUnknown, "")
	msgSay(t, c, msgAt(2), "Hello")
	if a, b := SendKey(c.ID, 1), SendKey(c.ID, 2); a == b {
		t.Fatalf("both have the key %q", a)
	}
	msgStep(t, c, msgAt(3), Outside{ExternalID: "m1", Key: SendKey(c.ID, 1), Text: "Hello"})
	msgWants(t, c, StatusSent, "m1")
	if got := c.Messages[1].Delivery.Status; got != StatusQueued {
		t.Errorf("the second message is %s", got)
	}
}

// msgMany returns a conversation with messages 1 to n of Ann, sent at so many
// seconds with ids "m1" to "mn".
func msgMany(t testing.TB, n int) *Conversation {
	t.Helper()
	c := msgConversation(Active)
	for i := 1; i <= n; i++ {
		c.Messages = append(c.Messages, &Message{
			No: i, Author: Author{FromAgent, "ann"}, At: msgAt(i), ChannelAt: msgAt(i), ExternalID: fmt.Sprint("m", i),
			Delivery: &Delivery{Status: StatusSent, At: msgAt(i)},
		})
	}
	return c
}

func TestReceipt(t *testing.T) {
	set := func(c *Conversation, no int, s Status) { c.Messages[no-1].Delivery = &Delivery{Status: s} }
	tests := []struct {
		name  string
		setup func(*Conversation)
		cmd   Receipt
		want  []int
	}{
		{"all up to the watermark", nil, Receipt{Status: StatusDelivered, Watermark: msgAt(3)}, []int{1, 2, 3}},
		{"read without delivered", nil, Receipt{Status: StatusRead, Watermark: msgAt(2)}, []int{1, 2}},
		{"those named", nil, Receipt{Status: StatusDelivered, ExternalIDs: []string{"m4", "m2", "m2", "", "unknown"}}, []int{2, 4}},
		{"both", nil, Receipt{Status: StatusRead, Watermark: msgAt(1), ExternalIDs: []string{"m4"}}, []int{1, 4}},
		{"the empty name is none", func(c *Conversation) { c.Messages[1].ExternalID = "" },
			Receipt{Status: StatusDelivered, ExternalIDs: []string{""}}, nil},
		{"neither", nil, Receipt{Status: StatusRead}, nil},
		{"before all", nil, Receipt{Status: StatusRead, Watermark: msgAt(0)}, nil},
		{"the engine's time without the channel's", func(c *Conversation) { c.Messages[1].ChannelAt = time.Time{} },
			Receipt{Status: StatusDelivered, Watermark: msgAt(2)}, []int{1, 2}},
		{"read after delivered", func(c *Conversation) { set(c, 1, StatusDelivered) }, Receipt{Status: StatusRead, Watermark: msgAt(2)}, []int{1, 2}},
		{"never back", func(c *Conversation) { set(c, 1, StatusRead); set(c, 2, StatusDelivered) },
			Receipt{Status: StatusDelivered, Watermark: msgAt(9), ExternalIDs: []string{"m1", "m2"}}, []int{3, 4, 5}},
		{"not what failed or is queued", func(c *Conversation) { set(c, 1, StatusFailed); set(c, 2, StatusQueued) },
			Receipt{Status: StatusDelivered, Watermark: msgAt(3), ExternalIDs: []string{"m1", "m2"}}, []int{3}},
		{"a name proves that an unknown one arrived", func(c *Conversation) { set(c, 2, StatusUnknown) },
			Receipt{Status: StatusDelivered, ExternalIDs: []string{"m2"}}, []int{2}},
		{"a watermark does not", func(c *Conversation) { set(c, 2, StatusUnknown) },
			Receipt{Status: StatusDelivered, Watermark: msgAt(3)}, []int{1, 3}},
		{"not the customer's own", func(c *Conversation) {
			c.Messages[1] = &Message{No: 2, Author: Author{Kind: FromCustomer}, At: msgAt(2), ExternalID: "m2"}
		}, Receipt{Status: StatusDelivered, Watermark: msgAt(3), ExternalIDs: []string{"m2"}}, []int{1, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := msgMany(t, 5)
			if tt.setup != nil {
				tt.setup(c)
			}
			var want []Event
			if tt.want != nil {
				want = []Event{ReceiptAdvanced{Conversation: 42, Nos: tt.want, Status: tt.cmd.Status, Watermark: tt.cmd.Watermark}}
			}
			c.State = Ended // receipts come when they come
			msgDecides(t, c, msgAt(9), msgAnn, tt.cmd, nil, want)
			msgStep(t, c, msgAt(9), tt.cmd)
			for _, no := range tt.want {
				if diff := cmp.Diff(&Delivery{Status: tt.cmd.Status, At: msgAt(9)}, c.Message(no).Delivery); diff != "" {
					t.Errorf("message %d (-want +got):\n%s", no, diff)
				}
			}
			msgNothing(t, c, msgAt(10), tt.cmd)
		})
	}
	for _, s := range []Status{StatusNone, StatusQueued, StatusSent, StatusFailed, StatusUnknown, 99} {
		msgRefused(t, msgMany(t, 1), msgStart, msgAnn, Receipt{Status: s, Watermark: msgAt(9)}, nil, ErrCommand)
	}
}

// TestE76WatermarkBeforeItsMessage proves that what a watermark covers counts as received also
// when the engine hears of it afterwards: another's message, and the echo of one of ours.
func TestE76WatermarkBeforeItsMessage(t *testing.T) {
	delivered := func(s int) Receipt { return Receipt{Status: StatusDelivered, Watermark: msgAt(s)} }
	read := func(s int) Receipt { return Receipt{Status: StatusRead, Watermark: msgAt(s)} }
	echo := func(s int) Outside { return Outside{ExternalID: "o1", Text: "hi", ChannelAt: msgAt(s)} }
	for _, tc := range []struct {
		name  string
		marks []Receipt
		echo  Outside
		want  Status
	}{
		{"delivered", []Receipt{delivered(5)}, echo(5), StatusDelivered},
		{"read", []Receipt{delivered(5), read(5)}, echo(4), StatusRead},
		{"read without delivered", []Receipt{read(5)}, echo(5), StatusRead},
		{"later than both", []Receipt{delivered(5), read(4)}, echo(6), StatusSent},
		{"between them", []Receipt{read(4), delivered(6)}, echo(5), StatusDelivered},
		{"a lower one comes late", []Receipt{read(5), read(1), delivered(2)}, echo(4), StatusRead},
		{"without a stamp", []Receipt{read(5)}, Outside{ExternalID: "o1", Text: "hi"}, StatusSent},
		{"of a clock that is far ahead", []Receipt{read(100_000)}, echo(99_999), StatusSent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := msgConversation(Active)
			for _, m := range tc.marks {
				msgStep(t, c, msgAt(9), m)
			}
			msgStep(t, c, msgAt(9), tc.echo)
			if got := c.Messages[0].Delivery.Status; got != tc.want {
				t.Errorf("another's is %v, want %v", got, tc.want)
			}
			// The same of one of ours, whose answer came before the echo.
			c = msgSent(t, StatusSent, "m1")
			c.Messages[0].At = msgAt(200_000) // it is not by this instant
			c.State = Active
			for _, m := range tc.marks {
				msgStep(t, c, msgAt(9), m)
			}
			own := Outside{ExternalID: "m1", Key: SendKey(c.ID, 1), ChannelAt: tc.echo.ChannelAt}
			msgStep(t, c, msgAt(9), own)
			msgWants(t, c, tc.want, "m1")
			msgNothing(t, c, msgAt(10), own)
		})
	}
	c := msgConversation(Ended)
	msgNothing(t, c, msgAt(9), read(5)) // nothing is to come
	c = msgConversation(Active)
	msgStep(t, c, msgAt(9), delivered(5))
	before, text := *c, msgJSON(t, c)
	msgStep(t, c, msgAt(9), delivered(6))
	if diff := cmp.Diff(text, msgJSON(t, &before)); diff != "" {
		t.Errorf("a copy has changed (-want +got):\n%s", diff)
	}
	msgNothing(t, c, msgAt(9), delivered(6))
}

func TestReceiptWalkIsBounded(t *testing.T) {
	// The newest 1,000 messages are looked at, not more.
	c := msgMany(t, receiptReach+1)
	all := Receipt{Status: StatusDelivered, Watermark: msgAt(9999), ExternalIDs: []string{"m1"}}
	nos := msgStep(t, c, msgAt(9999), all)[0].(ReceiptAdvanced).Nos
	if len(nos) != receiptReach || nos[0] != 2 || nos[len(nos)-1] != receiptReach+1 {
		t.Errorf("%d messages, from %d to %d", len(nos), nos[0], nos[len(nos)-1])
	}

	// Gaps after shorter runs are found, one after a whole run is not, unless
	// it is named. What is newer than the watermark is no part of a run.
	newer := 2 * receiptRun
	last := 4*receiptRun + newer
	c = msgMany(t, last)
	msgStep(t, c, msgAt(last), Receipt{Status: StatusRead, Watermark: msgAt(last)})
	first := last - newer - (receiptRun - 1) // after a run of one less than a whole
	second := first - receiptRun             // and again
	third := second - receiptRun - 1         // after a whole run
	for _, no := range []int{first, second, third} {
		m := *c.Messages[no-1]
		m.Delivery = &Delivery{Status: StatusSent}
		c.Messages[no-1] = &m
	}
	mark := Receipt{Status: StatusRead, Watermark: msgAt(last - newer)}
	msgDecides(t, c, msgAt(last), msgAnn, mark, nil, []Event{ReceiptAdvanced{Conversation: 42, Nos: []int{second, first}, Status: StatusRead}})
	mark.ExternalIDs = []string{fmt.Sprint("m", third)}
	msgDecides(t, c, msgAt(last), msgAnn, mark, nil, []Event{ReceiptAdvanced{Conversation: 42, Nos: []int{third, second, first}, Status: StatusRead}})
}

func TestApplyIgnoresWhatDoesNotFit(t *testing.T) {
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	msgSay(t, c, msgStart, "Hello")
	before := msgJSON(t, c)
	msgApply(t, c, msgAt(1),
		MessageEdited{No: 9}, MessageUnsent{No: -1}, Reacted{No: 0}, Reacted{No: 1, By: Author{Kind: FromCustomer}},
		ReceiptAdvanced{Nos: []int{-1, 0, 1, 9}, Status: StatusRead},
		SendSettled{No: 1, Status: StatusSent}, SendSettled{No: 2, Status: 99}, SendSettled{No: 9, Status: StatusSent},
		SendDeferred{No: 1}, SendDue{No: 1})
	if diff := cmp.Diff(before, msgJSON(t, c)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if applyMessage(c, msgAt(1), 1, Ending{}) {
		t.Error("took an event of the lifecycle for its own")
	}
}
