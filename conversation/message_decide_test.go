package conversation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInboundValidate(t *testing.T) {
	extras := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprint(i)] = "v"
		}
		return m
	}
	tests := []struct {
		name   string
		change func(*Inbound)
		bad    string // the words of the refusal, "" when it is good
	}{
		{"a text", func(*Inbound) {}, ""},
		{"no channel", func(in *Inbound) { in.Channel = "" }, "the channel is missing"},
		{"no source", func(in *Inbound) { in.Source = "" }, "the source is missing"},
		{"no customer", func(in *Inbound) { in.Customer = "" }, "the customer is missing"},
		{"no id", func(in *Inbound) { in.ExternalID = "" }, "the external id is missing"},
		{"longest id", func(in *Inbound) { in.ExternalID = strings.Repeat("i", 512) }, ""},
		{"long id", func(in *Inbound) { in.ExternalID = strings.Repeat("i", 513) }, "the external id has 513 of at most 512 bytes"},
		{"long customer", func(in *Inbound) { in.Customer = Customer(strings.Repeat("i", 513)) }, "the customer has 513"},
		{"source not UTF-8", func(in *Inbound) { in.Source = "\xff" }, "the source is not valid UTF-8"},
		{"empty", func(in *Inbound) { in.Text = "" }, "empty"},
		{"white space", func(in *Inbound) { in.Text = " \n\u2003" }, "empty"},
		{"extras alone", func(in *Inbound) { in.Text, in.Extras = "", extras(1) }, "empty"},
		{"a payload alone", func(in *Inbound) { in.Text, in.Payload = "", "START" }, ""},
		{"an attachment alone", func(in *Inbound) { in.Text, in.Attachments = "", []Attachment{{Kind: Image, Reference: "r"}} }, ""},
		{"a bad attachment", func(in *Inbound) { in.Attachments = []Attachment{{Kind: Image}} }, "number 1: the reference is empty"},
		{"longest text", func(in *Inbound) { in.Text = strings.Repeat("x", 20000) }, ""},
		{"long text", func(in *Inbound) { in.Text = strings.Repeat("x", 20001) }, "the text has 20001 of at most 20000 bytes"},
		{"text not UTF-8", func(in *Inbound) { in.Text = "a\xff" }, "the text is not valid UTF-8"},
		{"long payload", func(in *Inbound) { in.Payload = strings.Repeat("p", 1001) }, "the payload has 1001 of at most 1000 bytes"},
		{"long reply-to", func(in *Inbound) { in.ReplyTo = strings.Repeat("r", 513) }, "the reply-to id has 513"},
		{"most extras", func(in *Inbound) { in.Extras = extras(16) }, ""},
		{"too many extras", func(in *Inbound) { in.Extras = extras(17) }, "17 of at most 16 extras"},
		{"an extra without a key", func(in *Inbound) { in.Extras = map[string]string{"": "v"} }, "an extra is a key of 1 to 64"},
		{"a long extra key", func(in *Inbound) { in.Extras = map[string]string{strings.Repeat("k", 65): "v"} }, "an extra is"},
		{"a long extra value", func(in *Inbound) { in.Extras = map[string]string{"k": strings.Repeat("v", 1025)} }, "an extra is"},
		{"an extra not UTF-8", func(in *Inbound) { in.Extras = map[string]string{"k": "\xff"} }, "an extra is"},
		{"as old as may be", func(in *Inbound) { in.ChannelAt = msgStart.Add(-48 * time.Hour) }, ""},
		{"from the future", func(in *Inbound) { in.ChannelAt = msgStart.Add(time.Hour) }, ""},
		{"too old", func(in *Inbound) { in.ChannelAt = msgStart.Add(-48*time.Hour - 1) }, "older than 48 hours"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := msgIn("m1", "Hi")
			tt.change(&in)
			err := in.Validate(msgStart)
			if tt.bad == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			want := ErrInbound
			if tt.name == "too old" {
				want = ErrStale
			}
			if !errors.Is(err, want) || !strings.Contains(err.Error(), tt.bad) {
				t.Fatalf("error %v, want %v with %q", err, want, tt.bad)
			}
			if tt.name == "a bad attachment" && !errors.Is(err, ErrAttachment) {
				t.Errorf("%v does not match ErrAttachment", err)
			}
			msgRefused(t, msgConversation(Active), msgStart, msgAnn, in, nil, want)
		})
	}
}

func TestInbound(t *testing.T) {
	c := msgConversation(Queued)
	in := Inbound{
		Channel: "messenger", Source: "page", Customer: "jana", ExternalID: "m1",
		ChannelAt: msgStart.Add(-time.Second).In(time.FixedZone("here", 3600)),
		Text:      "Hi", Payload: "START", Extras: map[string]string{"ref": "ad"},
		Attachments: []Attachment{{Kind: Image, Reference: "r"}}, ReplyTo: "not known",
	}
	want := &Message{
		No: 1, Author: Author{Kind: FromCustomer}, At: msgStart, ChannelAt: msgStart.Add(-time.Second), ExternalID: "m1",
		Text: "Hi", Payload: "START", Extras: map[string]string{"ref": "ad"}, Attachments: []Attachment{{Kind: Image, Reference: "r"}},
	}
	msgDecides(t, c, msgStart, msgAnn, in, msgRules, []Event{MessageAdded{Conversation: 42, Message: want}})

	msgStep(t, c, msgStart, in)
	in.Attachments[0].Reference, in.Extras["ref"] = "changed", "changed" // the caller's own from now on
	if diff := cmp.Diff([]*Message{want}, c.Messages); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
	if got := c.Messages[0].ChannelAt.Location(); got != time.UTC {
		t.Errorf("channel time in %v, want UTC", got)
	}

	answer := msgIn("m2", "and")
	answer.ReplyTo = "m1"
	msgStep(t, c, msgAt(1), answer)
	if got := c.Message(2).ReplyTo; got != 1 {
		t.Errorf("reply to %d, want 1", got)
	}
	for _, s := range []State{Offered, Active, ConferenceRequested, Conference} {
		c := msgConversation(s)
		if msgStep(t, c, msgStart, msgIn("m1", "Hi")); len(c.Messages) != 1 {
			t.Errorf("%s: not added", s)
		}
	}
}

func TestInboundStampThatNoLogCanHold(t *testing.T) {
	c, in := msgConversation(Active), msgIn("m1", "Hi")
	in.ChannelAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	msgStep(t, c, msgStart, in)
	if got := c.Messages[0].ChannelAt; !got.IsZero() {
		t.Errorf("channel time %v was kept", got)
	}
}

func TestE40E65NoMessageJoinsAConversationThatIsOver(t *testing.T) {
	for state, want := range map[State]error{Ended: ErrEnded, Interrupted: ErrInterrupted} {
		in := msgIn("m1", "I forgot")
		in.ChannelAt = msgStart.Add(-time.Hour) // written before the end
		msgRefused(t, msgConversation(state), msgStart, msgAnn, in, nil, want)
	}
}

func TestE76DuplicateInboundChangesNothing(t *testing.T) {
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	msgStep(t, c, msgAt(1), msgIn("m2", "there"))
	msgNothing(t, c, msgAt(2), msgIn("m1", "Hi"))
	c.State = Ended
	msgNothing(t, c, msgAt(2), msgIn("m2", "there"))
}

func TestE77OrderIsTheEnginesAndChannelTimeIsKept(t *testing.T) {
	c := msgConversation(Active)
	late, early := msgIn("m2", "second"), msgIn("m1", "first")
	late.ChannelAt, early.ChannelAt = msgAt(-1), msgAt(-9)
	msgStep(t, c, msgStart, late)
	msgStep(t, c, msgAt(1), early)
	want := []*Message{
		{No: 1, Author: Author{Kind: FromCustomer}, At: msgStart, ChannelAt: msgAt(-1), ExternalID: "m2", Text: "second"},
		{No: 2, Author: Author{Kind: FromCustomer}, At: msgAt(1), ChannelAt: msgAt(-9), ExternalID: "m1", Text: "first"},
	}
	if diff := cmp.Diff(want, c.Messages); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
}

func TestEdit(t *testing.T) {
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Helo"))
	msgSay(t, c, msgStart, "Yes?")
	msgStep(t, c, msgStart, Settled{No: 2, Status: StatusSent, ExternalID: "m2"})
	before := c.Messages[0]

	edit := func(id, text string, n int) Edit { return Edit{ExternalID: id, Text: text, Edits: n} }
	msgNothing(t, c, msgAt(1), edit("unknown", "x", 1))
	msgNothing(t, c, msgAt(1), edit("m2", "not the customer's", 1))
	msgNothing(t, c, msgAt(1), edit("m1", "x", 0))
	msgRefused(t, c, msgAt(1), msgAnn, edit("", "x", 1), nil, ErrInbound)
	msgRefused(t, c, msgAt(1), msgAnn, edit("m1", " ", 1), nil, ErrInbound)
	msgRefused(t, c, msgAt(1), msgAnn, edit("m1", "\xff", 1), nil, ErrInbound)
	msgRefused(t, c, msgAt(1), msgAnn, edit("m1", strings.Repeat("x", 20001), 1), nil, ErrInbound)

	c.State = Ended // it is in the transcript all the same
	msgDecides(t, c, msgAt(1), msgAnn, edit("m1", "Hello", 2), nil, []Event{MessageEdited{Conversation: 42, No: 1, Text: "Hello", Edits: 2}})
	msgStep(t, c, msgAt(1), edit("m1", "Hello", 2))
	msgNothing(t, c, msgAt(2), edit("m1", "an older edit, come late", 1))
	msgNothing(t, c, msgAt(2), edit("m1", "Hello", 2))

	want := *before
	want.Text, want.Edits = "Hello", 2
	if diff := cmp.Diff(&want, c.Messages[0]); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if before.Text != "Helo" {
		t.Error("the old message was changed")
	}

	msgStep(t, c, msgAt(3), Unsend{ExternalID: "m1"})
	msgNothing(t, c, msgAt(4), edit("m1", "come too late", 3))
}

func TestEditMayEmptyTheTextOfAPicture(t *testing.T) {
	c, in := msgConversation(Active), msgIn("m1", "Look")
	in.Attachments = []Attachment{{Kind: Image, Reference: "r"}}
	msgStep(t, c, msgStart, in)
	msgStep(t, c, msgStart, Edit{ExternalID: "m1", Edits: 1})
	if got := c.Messages[0]; got.Text != "" || got.Edits != 1 {
		t.Errorf("text %q after %d edits", got.Text, got.Edits)
	}
}

func TestUnsend(t *testing.T) {
	c, in := msgConversation(Active), msgIn("m1", "Secret")
	in.Attachments, in.Payload, in.Extras = []Attachment{{Kind: Image, Reference: "r"}}, "P", map[string]string{"k": "v"}
	msgStep(t, c, msgStart, in)

	msgRefused(t, c, msgAt(1), msgAnn, Unsend{}, nil, ErrInbound)
	msgNothing(t, c, msgAt(1), Unsend{ExternalID: "unknown"})
	c.State = Ended
	msgDecides(t, c, msgAt(1), msgAnn, Unsend{ExternalID: "m1"}, nil, []Event{MessageUnsent{Conversation: 42, No: 1}})
	msgStep(t, c, msgAt(1), Unsend{ExternalID: "m1"})
	msgNothing(t, c, msgAt(2), Unsend{ExternalID: "m1"})

	want := []*Message{{No: 1, Author: Author{Kind: FromCustomer}, At: msgStart, ExternalID: "m1", Unsent: true}}
	if diff := cmp.Diff(want, c.Messages); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
}

func TestReact(t *testing.T) {
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	msgSay(t, c, msgStart, "Hello")
	msgStep(t, c, msgStart, Settled{No: 2, Status: StatusSent, ExternalID: "m2"})
	other := Reaction{By: Author{FromAgent, "ann"}, Emoji: "ok"}
	msgApply(t, c, msgStart, Reacted{Conversation: 42, No: 2, By: other.By, Emoji: other.Emoji})
	by := Author{Kind: FromCustomer}

	msgRefused(t, c, msgStart, msgAnn, React{Emoji: "+"}, nil, ErrInbound)
	msgRefused(t, c, msgStart, msgAnn, React{ExternalID: "m2", Emoji: strings.Repeat("x", 65)}, nil, ErrInbound)
	msgRefused(t, c, msgStart, msgAnn, React{ExternalID: "m2", Emoji: "\xff"}, nil, ErrInbound)
	msgNothing(t, c, msgStart, React{ExternalID: "unknown", Emoji: "+"})
	msgNothing(t, c, msgStart, React{ExternalID: "m2"}) // nothing to remove

	msgDecides(t, c, msgStart, msgAnn, React{ExternalID: "m2", Emoji: "+"}, nil, []Event{Reacted{Conversation: 42, No: 2, By: by, Emoji: "+"}})
	for _, step := range []struct {
		emoji string
		want  []Reaction
	}{
		{"+", []Reaction{other, {By: by, Emoji: "+"}}},
		{"-", []Reaction{other, {By: by, Emoji: "-"}}},
		{"", []Reaction{other}},
	} {
		msgStep(t, c, msgStart, React{ExternalID: "m2", Emoji: step.emoji})
		msgNothing(t, c, msgStart, React{ExternalID: "m2", Emoji: step.emoji})
		if diff := cmp.Diff(step.want, c.Messages[1].Reactions); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", step.emoji, diff)
		}
	}
	msgStep(t, c, msgStart, React{ExternalID: "m1", Emoji: "+"})
	msgStep(t, c, msgStart, React{ExternalID: "m1"})
	if got := c.Messages[0].Reactions; got != nil {
		t.Errorf("reactions %v are left", got)
	}
}

// TestE76ReactionsByTheirStamps proves that of the reactions to a message the newest stays,
// in whatever order and however often they come, one that was taken back included.
func TestE76ReactionsByTheirStamps(t *testing.T) {
	r := func(at int, emoji string) React { return React{ExternalID: "m1", Emoji: emoji, ChannelAt: msgAt(at)} }
	for _, tc := range []struct {
		name string
		all  []React
		want Reaction
	}{
		{"changed", []React{r(1, "+"), r(2, "-")}, Reaction{Emoji: "-", ChannelAt: msgAt(2)}},
		{"taken back", []React{r(1, "+"), r(2, "")}, Reaction{ChannelAt: msgAt(2)}},
		{"and put again", []React{r(1, "+"), r(2, ""), r(3, "+")}, Reaction{Emoji: "+", ChannelAt: msgAt(3)}},
		{"the same once more", []React{r(1, "+"), r(3, "+"), r(2, "")}, Reaction{Emoji: "+", ChannelAt: msgAt(3)}},
		{"at one instant", []React{r(1, "+"), r(1, "-"), r(1, "")}, Reaction{Emoji: "-", ChannelAt: msgAt(1)}},
	} {
		tc.want.By = Author{Kind: FromCustomer}
		permute(tc.all, func(order []React) {
			c := msgConversation(Active)
			msgStep(t, c, msgStart, msgIn("m1", "Hi"))
			for range 2 {
				for _, cmd := range order {
					msgStep(t, c, msgStart, cmd)
				}
			}
			if diff := cmp.Diff([]Reaction{tc.want}, c.Messages[0].Reactions); diff != "" {
				t.Errorf("%s, in the order %v (-want +got):\n%s", tc.name, order, diff)
			}
		})
	}
	// Without a stamp the last that comes counts, after one with a stamp too.
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	msgStep(t, c, msgStart, r(5, "+"))
	msgStep(t, c, msgStart, React{ExternalID: "m1"})
	msgStep(t, c, msgStart, r(1, "-"))
	if diff := cmp.Diff([]Reaction{{By: Author{Kind: FromCustomer}, Emoji: "-", ChannelAt: msgAt(1)}}, c.Messages[0].Reactions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// permute calls f with every order of the list.
func permute(list []React, f func([]React)) {
	if len(list) <= 1 {
		f(list)
		return
	}
	for i := range list {
		rest := slices.Delete(slices.Clone(list), i, i+1)
		permute(rest, func(order []React) { f(append([]React{list[i]}, order...)) })
	}
}

// TestUnsendTakesThePartsBack proves that a message that is several here goes as a whole, the
// parts that come afterwards too.
func TestUnsendTakesThePartsBack(t *testing.T) {
	c := msgConversation(Active)
	in := func(id, of string) Inbound {
		m := msgIn(id, "text of "+id)
		m.PartOf = of
		return m
	}
	for _, m := range []Inbound{in("m1", ""), in("m1/2", "m1"), in("m2", "")} {
		msgStep(t, c, msgStart, m)
	}
	msgStep(t, c, msgStart, Unsend{ExternalID: "m1", Parts: []string{"m1/2", "m1/2", "m1", "m1/9"}})
	msgNothing(t, c, msgStart, Unsend{ExternalID: "m1", Parts: []string{"m1/2"}})
	msgStep(t, c, msgStart, in("m1/3", "m1"))
	msgStep(t, c, msgStart, Outside{ExternalID: "m1/4", PartOf: "m1", Text: "x"})
	msgStep(t, c, msgStart, in("m2/2", "m2"))
	var unsent []string
	for _, m := range c.Messages {
		if m.Unsent && m.Text == "" {
			unsent = append(unsent, m.ExternalID)
		}
	}
	if diff := cmp.Diff([]string{"m1", "m1/2", "m1/3", "m1/4"}, unsent); diff != "" {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
	long := strings.Repeat("x", MaxExternalID+1)
	for _, cmd := range []Command{
		Unsend{ExternalID: "m2", Parts: []string{""}}, Unsend{ExternalID: "m2", Parts: []string{long}},
		Unsend{ExternalID: "m2", Parts: make([]string, MaxParts+1)}, in("m9", long), Outside{ExternalID: "m9", PartOf: long, Text: "x"},
	} {
		msgRefused(t, c, msgStart, msgAnn, cmd, nil, ErrInbound)
	}
}

func TestReactionsOfACopyStay(t *testing.T) {
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	msgStep(t, c, msgStart, React{ExternalID: "m1", Emoji: "+"})
	msgApply(t, c, msgStart, Reacted{Conversation: 42, No: 1, By: Author{FromAgent, "ann"}, Emoji: "ok"})
	for _, emoji := range []string{"-", ""} {
		before, text := *c, msgJSON(t, c)
		msgStep(t, c, msgStart, React{ExternalID: "m1", Emoji: emoji})
		if diff := cmp.Diff(text, msgJSON(t, &before)); diff != "" {
			t.Errorf("%q has changed the copy (-want +got):\n%s", emoji, diff)
		}
	}
	if diff := cmp.Diff([]Reaction{{By: Author{FromAgent, "ann"}, Emoji: "ok"}}, c.Messages[0].Reactions); diff != "" {
		t.Errorf("reactions (-want +got):\n%s", diff)
	}
}

func TestOutside(t *testing.T) {
	c := msgConversation(Active)
	out := Outside{ExternalID: "o1", App: "inbox", Text: "From the page", ChannelAt: msgAt(-1), Attachments: []Attachment{{Kind: File, Reference: "r"}}}
	want := &Message{
		No: 1, Author: Author{FromOutside, "inbox"}, At: msgStart, ChannelAt: msgAt(-1), ExternalID: "o1", Text: "From the page",
		Attachments: []Attachment{{Kind: File, Reference: "r"}}, Delivery: &Delivery{Status: StatusSent, At: msgStart},
	}
	msgDecides(t, c, msgStart, msgAnn, out, msgRules, []Event{MessageAdded{Conversation: 42, Message: want}})
	msgStep(t, c, msgStart, out)
	msgNothing(t, c, msgAt(1), out)
	if c.Lane != nil || c.Answered {
		t.Errorf("a message from outside made a lane %v or counts as an answer (%v)", c.Lane, c.Answered)
	}

	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	msgNothing(t, c, msgAt(1), Outside{ExternalID: "m1", Text: "an echo of the customer's"})
	msgNothing(t, c, msgAt(1), Outside{ExternalID: "x", Key: "c41.9", Text: "ours, of the conversation before"})

	msgRefused(t, c, msgStart, msgAnn, Outside{Text: "x"}, nil, ErrInbound)
	msgRefused(t, c, msgStart, msgAnn, Outside{ExternalID: "x", Text: " "}, nil, ErrInbound)
	msgRefused(t, c, msgStart, msgAnn, Outside{ExternalID: "x", Text: "x", App: "\xff"}, nil, ErrInbound)
	msgRefused(t, c, msgStart, msgAnn, Outside{ExternalID: "x", Text: "x", ChannelAt: msgStart.Add(-49 * time.Hour)}, nil, ErrStale)
	for state, want := range map[State]error{Ended: ErrEnded, Interrupted: ErrInterrupted} {
		msgRefused(t, msgConversation(state), msgStart, msgAnn, Outside{ExternalID: "x", Text: "x"}, nil, want)
	}
}

func TestOutsideWithAKeyThatMatchesNothing(t *testing.T) {
	c := msgConversation(Active)
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))
	for i, key := range []string{"c42.9", "c42.1", "nonsense"} { // too high, the customer's own, not a key
		msgStep(t, c, msgStart, Outside{ExternalID: fmt.Sprint("o", i), Key: key, Text: "x"})
		if got := c.Messages[len(c.Messages)-1]; len(c.Messages) != i+2 || got.Author.Kind != FromOutside {
			t.Errorf("key %q: the message was not added", key)
		}
	}
}
