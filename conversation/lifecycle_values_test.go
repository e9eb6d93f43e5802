package conversation_test

import (
	"encoding"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// named is what every value with stable names can do.
type named[T any] interface {
	*T
	encoding.TextUnmarshaler
}

// checkNames reads and writes the names of the values from 0 on.
func checkNames[T ~uint8, P named[T]](t *testing.T, names ...string) {
	t.Helper()
	for i, name := range names {
		v := T(i)
		text, err := any(v).(encoding.TextMarshaler).MarshalText()
		if err != nil || string(text) != name {
			t.Errorf("%T(%d) is written as %q, %v, want %q", v, i, text, err, name)
		}
		if got := any(v).(interface{ String() string }).String(); got != name {
			t.Errorf("%T(%d).String() = %q, want %q", v, i, got, name)
		}
		var back T
		if err := P(&back).UnmarshalText(text); err != nil || back != v {
			t.Errorf("%q is read as %T(%d), %v", text, v, back, err)
		}
	}
	past := T(len(names))
	if got := any(past).(interface{ String() string }).String(); got != "unknown" {
		t.Errorf("%T(%d) is %q, want unknown", past, len(names), got)
	}
	var bad *agent.NameError
	if err := P(&past).UnmarshalText([]byte("no such name")); !errors.As(err, &bad) || past != T(len(names)) {
		t.Errorf("%T reads a name that is none: %v", past, err)
	}
}

func TestNames(t *testing.T) {
	checkNames[conversation.State](t, "", "queued", "offered", "active", "conference-requested", "conference", "interrupted", "ended")
	checkNames[conversation.SeatState](t, "", "active", "wrapping-up", "closed")
	checkNames[conversation.OfferKind](t, "", "queue", "transfer", "invitation")
	checkNames[conversation.Outcome](t, "", "declined", "expired", "withdrawn")
	checkNames[conversation.Fallback](t, "queue", "sender", "fallback-queue", "end")
}

func TestStatesOpenAndLive(t *testing.T) {
	for _, tt := range []struct {
		state      conversation.State
		open, live bool
	}{
		{0, false, false}, {conversation.Queued, true, false}, {conversation.Offered, true, false}, {conversation.Active, true, true},
		{conversation.ConferenceRequested, true, true}, {conversation.Conference, true, true},
		{conversation.Interrupted, false, false}, {conversation.Ended, false, false},
	} {
		if tt.state.Open() != tt.open || tt.state.Live() != tt.live {
			t.Errorf("%s is open %t, live %t", tt.state, tt.state.Open(), tt.state.Live())
		}
	}
}

func TestParseID(t *testing.T) {
	for _, tt := range []struct {
		text string
		want conversation.ID
		ok   bool
	}{
		{"", 0, true}, {"c1", 1, true}, {"c18446744073709551615", 1<<64 - 1, true},
		{"c", 0, false}, {"c0", 0, false}, {"c01", 0, false}, {"c+1", 0, false}, {"c-1", 0, false}, {"C1", 0, false},
		{"1", 0, false}, {"c1 ", 0, false}, {"c18446744073709551616", 0, false}, {"c1_0", 0, false},
	} {
		got, err := conversation.ParseID(tt.text)
		var bad *agent.NameError
		if got != tt.want || (err == nil) != tt.ok || err != nil && !errors.As(err, &bad) {
			t.Errorf("ParseID(%q) = %v, %v", tt.text, got, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"", "c1", "c0", "c18446744073709551616", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := conversation.ParseID(s)
		if err == nil && id.String() != s {
			t.Errorf("ParseID(%q) = %d, which is written %q", s, id, id)
		}
		var read conversation.ID
		if got := read.UnmarshalText([]byte(s)); (got == nil) != (err == nil) || read != id {
			t.Errorf("UnmarshalText(%q) gives %d, %v; ParseID %d, %v", s, read, got, id, err)
		}
		if text, _ := id.MarshalText(); string(text) != id.String() {
			t.Errorf("%d is written as %q and as %q", id, text, id)
		}
	})
}

func TestCommandNames(t *testing.T) {
	for _, cmd := range lifecycleCommands(1) {
		if got := "conversation." + cmd.Name(); got != typeName(cmd) {
			t.Errorf("%s calls itself %s", typeName(cmd), got)
		}
	}
}

func TestEventsSayWhatTheyAreAbout(t *testing.T) {
	for _, e := range []conversation.Event{
		conversation.Opened{Conversation: 4}, conversation.Moved{Conversation: 4}, conversation.OfferMade{Conversation: 4},
		conversation.OfferEnded{Conversation: 4}, conversation.OfferRestarted{Conversation: 4}, conversation.Accepted{Conversation: 4},
		conversation.TransferRequested{Conversation: 4}, conversation.TransferCancelled{Conversation: 4},
		conversation.OwnerChanged{Conversation: 4}, conversation.WrapUpStarted{Conversation: 4},
		conversation.WrapUpExtended{Conversation: 4}, conversation.WrapUpUnlimited{Conversation: 4},
		conversation.SeatEnded{Conversation: 4}, conversation.Interruption{Conversation: 4}, conversation.Ending{Conversation: 4},
		conversation.CustomerReturned{Conversation: 4}, conversation.Completed{Conversation: 4}, conversation.Forgotten{Conversation: 4},
		conversation.PriorityChanged{Conversation: 4}, conversation.NeedsRelaxed{Conversation: 4},
		conversation.PreferenceDropped{Conversation: 4}, conversation.ExclusionOver{Conversation: 4},
		conversation.AttributesSet{Conversation: 4}, conversation.LaneTaken{Conversation: 4},
	} {
		if got := e.ConversationID(); got != 4 {
			t.Errorf("%T is about %s", e, got)
		}
	}
}

func TestMovedMayExclude(t *testing.T) {
	s := opened(t)
	s.apply(conversation.Moved{
		Conversation: 1, Wait: conversation.Wait{Queue: "night"}, Cause: conversation.MovedRequeue, Exclude: "ann", ExcludeUntil: after(9),
	})
	wanted := &conversation.Exclusion{Agent: "ann", Until: agent.Deadline{At: after(9), Set: s.seq}}
	if diff := cmp.Diff(wanted, s.c.Exclusion); diff != "" {
		t.Errorf("exclusion (-want +got):\n%s", diff)
	}
	s.refuse(engine, conversation.MakeOffer{Conversation: 1}, conversation.ErrCommand)
}
