package conversation

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

func TestUTF16Len(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "Dobrý den": 9, "a\U0001F600b": 4, "\r\n": 2, "\U0001F600": 2, "abc\xff": 4, "\uFFFD": 1,
	} {
		if got := UTF16Len(s); got != want {
			t.Errorf("UTF16Len(%q) = %d, want %d", s, got, want)
		}
	}
	long := strings.Repeat("Dobrý den \U0001F600 ", 50)
	units := 0
	if n := testing.AllocsPerRun(100, func() { units += UTF16Len(long) }); n != 0 || units == 0 {
		t.Errorf("UTF16Len allocates %v times", n)
	}
}

func TestE80DraftIsTakenWholeOrRefusedWithTheLimit(t *testing.T) {
	file := Attachment{Kind: Image, Reference: "https://example.org/a.png"}
	with := func(change func(*Attachment)) []Attachment {
		a := file
		change(&a)
		return []Attachment{file, a}
	}
	tests := []struct {
		name  string
		draft Draft
		limit int
		text  *TextError // refused as a text
		bad   string     // refused as an attachment, with these words
	}{
		{name: "exactly the limit", draft: Draft{Text: strings.Repeat("x", 1000)}},
		{name: "one more", draft: Draft{Text: strings.Repeat("x", 1001)}, text: &TextError{1001, 1000, "too long"}},
		{name: "emoji count two", draft: Draft{Text: "ab\U0001F600"}, limit: 3, text: &TextError{4, 3, "too long"}},
		{name: "letters with marks count one", draft: Draft{Text: "ýáí"}, limit: 3},
		{name: "CRLF counts as given", draft: Draft{Text: "a\r\nb"}, limit: 3, text: &TextError{4, 3, "too long"}},
		{name: "a negative limit is the default", draft: Draft{Text: strings.Repeat("x", 1001)}, limit: -1, text: &TextError{1001, 1000, "too long"}},
		{name: "empty", text: &TextError{0, 1000, "empty"}},
		{name: "white space only", draft: Draft{Text: " \t\r\n\u00a0\u2003"}, text: &TextError{6, 1000, "empty"}},
		{name: "not UTF-8", draft: Draft{Text: "a\xff"}, text: &TextError{2, 1000, "not valid UTF-8"}},
		{name: "an attachment alone", draft: Draft{Attachments: []Attachment{file}}},
		{name: "white space with an attachment", draft: Draft{Text: " ", Attachments: []Attachment{file}}},
		{name: "too long with an attachment", draft: Draft{Text: "abcd", Attachments: []Attachment{file}}, limit: 3, text: &TextError{4, 3, "too long"}},
		{name: "ten attachments", draft: Draft{Attachments: msgRepeat(file, 10)}},
		{name: "eleven attachments", draft: Draft{Attachments: msgRepeat(file, 11)}, bad: "11 of at most 10"},
		{name: "no kind", draft: Draft{Attachments: with(func(a *Attachment) { a.Kind = "" })}, bad: "number 2: the kind is empty"},
		{name: "no reference", draft: Draft{Attachments: with(func(a *Attachment) { a.Reference = "" })}, bad: "number 2: the reference is empty"},
		{name: "longest reference", draft: Draft{Attachments: with(func(a *Attachment) { a.Reference = strings.Repeat("r", 2048) })}},
		{name: "long reference", draft: Draft{Attachments: with(func(a *Attachment) { a.Reference = strings.Repeat("r", 2049) })}, bad: "the reference has 2049 of at most 2048 bytes"},
		{name: "long kind", draft: Draft{Attachments: with(func(a *Attachment) { a.Kind = AttachmentKind(strings.Repeat("k", 513)) })}, bad: "the kind has 513 of at most 512 bytes"},
		{name: "long name", draft: Draft{Attachments: with(func(a *Attachment) { a.Name = strings.Repeat("n", 513) })}, bad: "the name has 513 of at most 512 bytes"},
		{name: "type not UTF-8", draft: Draft{Attachments: with(func(a *Attachment) { a.Type = "\xff" })}, bad: "the type is not valid UTF-8"},
		{name: "negative size", draft: Draft{Attachments: with(func(a *Attachment) { a.Size = -1 })}, bad: "the size is negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.draft.Check(tt.limit)
			var got *TextError
			errors.As(err, &got)
			if diff := cmp.Diff(tt.text, got); diff != "" {
				t.Errorf("*TextError (-want +got):\n%s", diff)
			}
			if tt.text != nil && !errors.Is(err, ErrText) {
				t.Errorf("%v does not match ErrText", err)
			}
			switch {
			case tt.bad != "" && (!errors.Is(err, ErrAttachment) || !strings.Contains(err.Error(), tt.bad)):
				t.Errorf("error %v, want an ErrAttachment with %q", err, tt.bad)
			case tt.bad == "" && tt.text == nil && err != nil:
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func msgRepeat(a Attachment, n int) []Attachment {
	list := make([]Attachment, n)
	for i := range list {
		list[i] = a
	}
	return list
}

func FuzzDraftCheck(f *testing.F) {
	for _, s := range []string{"", " ", "abc", "Dobrý den", "\U0001F600", "a\xffb", "\r\n", "\u2028x"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		units := len(utf16.Encode([]rune(s)))
		if got := UTF16Len(s); got != units {
			t.Fatalf("UTF16Len(%q) = %d, utf16.Encode gives %d", s, got, units)
		}
		if limit <= 0 {
			limit = DefaultMaxText
		}
		ok := utf8.ValidString(s) && strings.TrimSpace(s) != "" && units <= limit
		err := (&Draft{Text: s}).Check(limit)
		if (err == nil) != ok {
			t.Fatalf("Check(%q, %d) = %v", s, limit, err)
		}
		if err != nil && !errors.Is(err, ErrText) {
			t.Fatalf("Check(%q, %d) = %v, which is no ErrText", s, limit, err)
		}
	})
}

func TestWriteByAgent(t *testing.T) {
	queued := &Delivery{Status: StatusQueued, At: msgAt(5)}
	file := Attachment{Kind: File, Reference: "ref"}
	tests := []struct {
		name  string
		setup func(*Conversation)
		rules *Rules
		draft Draft
		want  MessageAdded
	}{
		{
			name: "no rules", draft: Draft{Text: "Hello"},
			want: MessageAdded{Message: &Message{Text: "Hello", Delivery: queued}},
		},
		{
			name: "takes the free lane", rules: msgRules, draft: Draft{Text: "Hello", Attachments: []Attachment{file}},
			want: MessageAdded{Lane: "n1", Message: &Message{Text: "Hello", Attachments: []Attachment{file}, Delivery: queued}},
		},
		{
			name: "leaves a held lane", rules: msgRules, draft: Draft{Text: "Hello"},
			setup: func(c *Conversation) { c.Lane = &Lane{Node: "n2", No: 1} },
			want:  MessageAdded{Message: &Message{Text: "Hello", Delivery: queued}},
		},
		{
			name: "a note is not sent", rules: &Rules{Node: "n1", InactiveAfter: time.Hour}, draft: Draft{Text: "He is angry", AgentsOnly: true},
			want: MessageAdded{Message: &Message{Text: "He is angry", AgentsOnly: true}},
		},
		{
			name: "answers a message", draft: Draft{Text: "Yes", ReplyTo: 1},
			want: MessageAdded{Message: &Message{Text: "Yes", ReplyTo: 1, Delivery: queued}},
		},
		{
			name: "starts the inactivity limit", rules: &Rules{InactiveAfter: time.Hour}, draft: Draft{Text: "Hello"},
			want: MessageAdded{Message: &Message{Text: "Hello", Delivery: queued}, Inactive: msgStart.Add(time.Hour)},
		},
		{
			name: "a late answer leaves the whole time", rules: &Rules{InactiveAfter: 5 * time.Second}, draft: Draft{Text: "Hello"},
			want: MessageAdded{Message: &Message{Text: "Hello", Delivery: queued}, Inactive: msgAt(10)},
		},
		{
			name: "a second answer keeps the limit", rules: &Rules{InactiveAfter: time.Hour}, draft: Draft{Text: "Hello"},
			setup: func(c *Conversation) { c.Answered, c.Limit = true, agent.Deadline{At: msgAt(9), Set: 1} },
			want:  MessageAdded{Message: &Message{Text: "Hello", Delivery: queued}},
		},
		{
			name: "an answer after a transfer starts it again", rules: &Rules{InactiveAfter: time.Hour}, draft: Draft{Text: "Hello"},
			setup: func(c *Conversation) { c.Answered = true },
			want:  MessageAdded{Message: &Message{Text: "Hello", Delivery: queued}, Inactive: msgStart.Add(time.Hour)},
		},
		{
			name: "no limit before the customer wrote", rules: &Rules{InactiveAfter: time.Hour}, draft: Draft{Text: "Hello"},
			setup: func(c *Conversation) { c.LastCustomer = time.Time{} },
			want:  MessageAdded{Message: &Message{Text: "Hello", Delivery: queued}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := msgConversation(Active)
			msgStep(t, c, msgStart, msgIn("m1", "Hi"))
			if tt.setup != nil {
				tt.setup(c)
			}
			tt.want.Conversation, tt.want.Message.No, tt.want.Message.At = 42, 2, msgAt(5)
			tt.want.Message.Author = Author{FromAgent, "ann"}
			msgDecides(t, c, msgAt(5), msgAnn, Write{Agent: "ann", Draft: tt.draft}, tt.rules, []Event{tt.want})
		})
	}
}

func TestWriteKeepsItsOwnAttachments(t *testing.T) {
	c := msgConversation(Active)
	draft := Draft{Attachments: []Attachment{{Kind: File, Reference: "mine"}}}
	msgStep(t, c, msgStart, Write{Agent: "ann", Draft: draft})
	draft.Attachments[0].Reference = "changed by the caller"
	if got := c.Messages[0].Attachments[0].Reference; got != "mine" {
		t.Errorf("the transcript has the reference %q", got)
	}
}

func TestWriteWho(t *testing.T) {
	bot := agent.Actor{Role: agent.Bot, ID: "faq"}
	boss := agent.Actor{Role: agent.Supervisor, ID: "eva"}
	toCustomer, note := Draft{Text: "x"}, Draft{Text: "x", AgentsOnly: true}
	tests := []struct {
		name   string
		state  State
		by     agent.Actor
		as     agent.ID
		draft  Draft
		author Author
		err    error
	}{
		{"the owner", Active, msgAnn, "ann", toCustomer, Author{FromAgent, "ann"}, nil},
		{"while inviting", ConferenceRequested, msgAnn, "ann", toCustomer, Author{FromAgent, "ann"}, nil},
		{"in a conference", Conference, msgAnn, "ann", toCustomer, Author{FromAgent, "ann"}, nil},
		{"the engine for the owner", Active, agent.Actor{}, "ann", toCustomer, Author{FromAgent, "ann"}, nil},
		{"a supervisor for the owner", Active, boss, "ann", toCustomer, Author{FromAgent, "ann"}, nil},
		{"somebody else as the owner", Active, agent.Actor{Role: agent.Self, ID: "bob"}, "ann", toCustomer, Author{}, ErrNotAllowed},
		{"the customer as the owner", Active, agent.Actor{Role: agent.Customer}, "ann", toCustomer, Author{}, ErrNotAllowed},
		{"who has no seat", Active, agent.Actor{Role: agent.Self, ID: "bob"}, "bob", toCustomer, Author{}, ErrNotSeated},
		{"an agent without a name", Active, msgAnn, "", toCustomer, Author{}, ErrCommand},
		{"while it waits", Queued, msgAnn, "ann", toCustomer, Author{}, ErrNotSeated},
		{"E35 interrupted", Interrupted, msgAnn, "ann", toCustomer, Author{}, ErrInterrupted},
		{"E35 a note when interrupted", Interrupted, msgAnn, "ann", note, Author{}, ErrInterrupted},
		{"ended", Ended, msgAnn, "ann", toCustomer, Author{}, ErrEnded},
		{"a state that there is not", 0, msgAnn, "ann", toCustomer, Author{}, ErrState},
		{"a bot while it waits", Queued, bot, "", toCustomer, Author{FromBot, "faq"}, nil},
		{"a bot while it is offered", Offered, bot, "", note, Author{FromBot, "faq"}, nil},
		{"E89 a bot while an agent drives", Active, bot, "", toCustomer, Author{}, ErrNotAllowed},
		{"a bot as an agent", Active, bot, "ann", toCustomer, Author{}, ErrNotAllowed},
		{"a bot after the end", Ended, bot, "", toCustomer, Author{}, ErrEnded},
		{"a bot when interrupted", Interrupted, bot, "", toCustomer, Author{}, ErrInterrupted},
		{"a supervisor's note", Active, boss, "", note, Author{FromAgent, "eva"}, nil},
		{"a supervisor's note while it waits", Queued, boss, "", note, Author{FromAgent, "eva"}, nil},
		{"a supervisor to the customer", Active, boss, "", toCustomer, Author{}, ErrNotAllowed},
		{"the engine as nobody", Active, agent.Actor{}, "", note, Author{}, ErrNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := msgConversation(tt.state)
			cmd := Write{Agent: tt.as, Draft: tt.draft}
			if tt.err != nil {
				if r := msgRefused(t, c, msgStart, tt.by, cmd, nil, tt.err); r.Agent != tt.as {
					t.Errorf("the refusal names agent %q", r.Agent)
				}
				return
			}
			events, err := msgDo(c, msgStart, tt.by, cmd, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.author, events[0].(MessageAdded).Message.Author); diff != "" {
				t.Errorf("author (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteNeedsALiveConversation(t *testing.T) {
	// No command leads here; a log that does must not lead to a message.
	c := msgConversation(Active)
	c.State = Queued
	msgRefused(t, c, msgStart, msgAnn, Write{Agent: "ann", Draft: Draft{Text: "x"}}, nil, ErrState)
}

func TestWriteContentIsRefused(t *testing.T) {
	c := msgConversation(Active)
	msgSay(t, c, msgStart, "Hello")
	write := func(d Draft) Write { return Write{Agent: "ann", Draft: d} }
	msgRefused(t, c, msgStart, msgAnn, write(Draft{Text: " "}), nil, ErrText)
	msgRefused(t, c, msgStart, msgAnn, write(Draft{Text: "four"}), &Rules{MaxText: 3}, ErrText)
	msgRefused(t, c, msgStart, msgAnn, write(Draft{Attachments: []Attachment{{Kind: File}}}), nil, ErrAttachment)
	msgRefused(t, c, msgStart, msgAnn, write(Draft{Text: "x", ReplyTo: 2}), nil, ErrReply)
	msgRefused(t, c, msgStart, msgAnn, write(Draft{Text: "x", ReplyTo: -1}), nil, ErrReply)
}

func TestWriteNamesTheHolder(t *testing.T) {
	c := msgConversation(Active)
	bob := agent.Actor{Role: agent.Self, ID: "bob"}
	if r := msgRefused(t, c, msgStart, bob, Write{Agent: "bob", Draft: Draft{Text: "x"}}, nil, ErrNotSeated); r.Holder != "ann" {
		t.Errorf("the refusal says that %q holds it", r.Holder)
	}
}

func TestE27SenderCannotWriteWhileTheTransferIsPending(t *testing.T) {
	hello := Write{Agent: "ann", Draft: Draft{Text: "One more thing"}}
	for _, state := range []State{Queued, Offered} {
		c := msgConversation(state)
		c.Seats = []Seat{{No: 1, Agent: "ann", State: SeatWrapping}}
		c.Transfer = &Transfer{Seat: 1, ToQueue: "billing"}
		msgRefused(t, c, msgStart, msgAnn, hello, msgRules, ErrTransferPending)

		c.Seats[0].State = SeatClosed
		r := msgRefused(t, c, msgStart, msgAnn, hello, msgRules, ErrNotSeated)
		if errors.Is(r, ErrTransferPending) {
			t.Error("a sender who has wrapped up has nothing to cancel")
		}
	}
	// Once accepted by another it is theirs.
	c := msgConversation(Active)
	c.Seats = []Seat{{No: 1, Agent: "ann", State: SeatWrapping}, {No: 2, Agent: "bob", State: SeatActive}}
	c.Owner = 2
	if r := msgRefused(t, c, msgStart, msgAnn, hello, msgRules, ErrNotSeated); r.Holder != "bob" {
		t.Errorf("the refusal says that %q holds it", r.Holder)
	}
}

func TestWriteBySecondSeatOfTheSameAgent(t *testing.T) {
	c := msgConversation(Active)
	c.Seats = []Seat{{No: 1, Agent: "ann", State: SeatWrapping}, {No: 2, Agent: "ann", State: SeatActive}}
	c.Owner = 2
	msgSay(t, c, msgStart, "Back again")
	if len(c.Messages) != 1 {
		t.Error("the message was not added")
	}
}

func TestAnswerSetsAndCustomerClearsTheInactivityLimit(t *testing.T) {
	c := msgConversation(Active)
	rules := &Rules{InactiveAfter: time.Hour}
	msgStep(t, c, msgStart, msgIn("m1", "Hi"))

	msgStep(t, c, msgAt(30), Write{Agent: "ann", Draft: Draft{Text: "a note is no answer", AgentsOnly: true}})
	if c.Answered {
		t.Error("a note counts as an answer")
	}

	events, err := msgDo(c, msgAt(60), msgAnn, Write{Agent: "ann", Draft: Draft{Text: "Hello"}}, rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Apply(msgAt(60), 77, events[0])
	want := agent.Deadline{At: msgStart.Add(time.Hour), Set: 77}
	if diff := cmp.Diff(want, c.Limit); diff != "" || !c.Answered {
		t.Errorf("answered %v, limit (-want +got):\n%s", c.Answered, diff)
	}

	events, err = msgDo(c, msgAt(90), msgAnn, Write{Agent: "ann", Draft: Draft{Text: "Are you there?"}}, rules, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Apply(msgAt(90), 78, events[0])
	if diff := cmp.Diff(want, c.Limit); diff != "" {
		t.Errorf("a second answer moved the limit (-want +got):\n%s", diff)
	}

	msgStep(t, c, msgAt(120), msgIn("m2", "Yes"))
	if c.Limit.Pending() || c.Answered || !c.LastCustomer.Equal(msgAt(120)) {
		t.Errorf("after the customer wrote: limit %v, answered %v, last %v", c.Limit, c.Answered, c.LastCustomer)
	}

	c.State, c.Limit = Queued, want // another's limit, as only a live one is the customer's
	msgStep(t, c, msgAt(130), msgIn("m3", "And"))
	if c.Limit != want {
		t.Error("a message cleared the limit of a conversation that is not live")
	}
}
