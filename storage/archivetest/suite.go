package archivetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Harness is an archive under test, and what a test can do to it beside using it.
// Only Archive must be given. The functions may call Fatal.
type Harness struct {
	// Archive is empty: no case sees what another has stored.
	Archive switchboard.Archive
	// Connect returns another connection to the same data, as another process
	// would have it. Nil means that Archive is used twice instead.
	Connect func(t testing.TB) switchboard.Archive
	// Reopen returns an archive on the same data as after a restart. Nil means that
	// Archive is used again instead.
	Reopen func(t testing.TB) switchboard.Archive
	// Holds reports whether the medium holds the bytes anywhere, past what the archive
	// itself would show. Nil means that only what the archive shows is looked at.
	Holds func(t testing.TB, what []byte) bool
}

// Run runs every case of the suite, each as a subtest with a harness of its own
// from open. No call may take longer than half a minute.
func Run(t *testing.T, open func(t testing.TB) Harness) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open, 30*time.Second)) })
	}
}

// suiteCase is one promise of the contract.
type suiteCase struct {
	name string
	run  func(f *fixture)
}

var cases = []suiteCase{
	{"Whole", whole},
	{"KeepsNoReference", keepsNoReference},
	{"Twice", twice},
	{"Newer", newer},
	{"LateStore", lateStore},
	{"Longer", longer},
	{"Parts", parts},
	{"NotArchived", notArchived},
	{"Find", find},
	{"FindNobody", findNobody},
	{"Names", names},
	{"Boards", boards},
	{"Erase", erase},
	{"EraseBefore", eraseBefore},
	{"EraseNamed", eraseNamed},
	{"EraseOthersStay", eraseOthersStay},
	{"EraseForEver", eraseForEver},
	{"EraseNothing", eraseNothing},
	{"ErasedBytes", erasedBytes},
	{"OtherConnection", otherConnection},
	{"Reopen", reopened},
	{"ReopenErased", reopenedErased},
	{"Cancelled", cancelled},
	{"Contention", contention},
	{"Large", large},
}

// board is the board of a case that needs no more than one.
const board = "acme"

// fixture is what a case runs on.
type fixture struct {
	testing.TB
	Harness
	ctx context.Context
}

func newFixture(t testing.TB, open func(t testing.TB) Harness, patience time.Duration) *fixture {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	h := open(t)
	if h.Archive == nil {
		t.Fatal("the harness has no archive")
	}
	return &fixture{t, h, ctx}
}

// store stores parts, one after the other, and expects success.
func (f *fixture) store(a switchboard.Archive, parts ...switchboard.Part) {
	f.Helper()
	for _, p := range parts {
		if err := a.Store(f.ctx, board, p); err != nil {
			f.Fatalf("Store of %s as of %d from message %d: %v", p.Conversation.ID, p.As, p.First(), err)
		}
	}
}

// erase erases and expects success.
func (f *fixture) erase(a switchboard.Archive, e switchboard.Erasure) {
	f.Helper()
	if err := a.Erase(f.ctx, board, e); err != nil {
		f.Fatalf("Erase: %v", err)
	}
}

// has expects the archive to have these parts of a conversation, and none when
// none are given.
func (f *fixture) has(a switchboard.Archive, what string, id conversation.ID, want ...switchboard.Part) {
	f.Helper()
	got, err := a.Load(f.ctx, board, id)
	switch {
	case len(want) == 0 && !errors.Is(err, switchboard.ErrNotArchived):
		f.Errorf("%s: Load of %s returned %d parts and %v, want ErrNotArchived", what, id, len(got), err)
		return
	case len(want) == 0:
		return
	case err != nil:
		f.Errorf("%s: Load of %s: %v", what, id, err)
		return
	}
	if got, want := outline(got), outline(want); got != want {
		f.Errorf("%s: Load of %s returned %s, want %s", what, id, got, want)
	}
}

// finds expects the customer to have these conversations.
func (f *fixture) finds(a switchboard.Archive, what string, who conversation.Customer, want ...conversation.ID) {
	f.Helper()
	got, err := a.Find(f.ctx, board, "page", who)
	if err != nil {
		f.Errorf("%s: Find of %q: %v", what, who, err)
		return
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.Errorf("%s: Find of %q returned %v, want %v", what, who, got, want)
	}
}

// outline is what tells parts from each other.
func outline(parts []switchboard.Part) string {
	var b strings.Builder
	for _, p := range parts {
		texts := make([]string, len(p.Conversation.Messages))
		for i, m := range p.Conversation.Messages {
			texts[i] = fmt.Sprintf("%d %.40q", m.No, m.Text)
		}
		fmt.Fprintf(&b, "[from %d as of %d: %s]", p.First(), p.As, strings.Join(texts, ", "))
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 123456789, time.UTC)

// part makes a part of Eve's conversation with the given messages, numbered from
// first.
func part(id conversation.ID, as uint64, first int, texts ...string) switchboard.Part {
	return partOf("eve", id, as, first, texts...)
}

func partOf(who conversation.Customer, id conversation.ID, as uint64, first int, texts ...string) switchboard.Part {
	c := conversation.Conversation{
		ID: id, Channel: "messenger", Source: "page", Customer: who, State: conversation.Active, Medium: conversation.Social,
		Queue: "sales", Priority: 10, ArrivedAt: noon, WaitingSince: noon,
	}
	if first > 1 {
		c.Archive = &conversation.Archiving{Earlier: first - 1}
	}
	for i, text := range texts {
		c.Messages = append(c.Messages, &conversation.Message{
			No: first + i, Author: conversation.Author{Kind: conversation.FromCustomer}, At: noon.Add(time.Duration(i)),
			ExternalID: fmt.Sprint(id, "-", first+i), Text: text,
		})
	}
	return switchboard.Part{As: as, Conversation: c}
}

// full makes a part in which everything is set that a finished conversation can
// have.
func full(id conversation.ID) switchboard.Part {
	p := part(id, 1<<63+5, 1, "Dobrý den \U0001F600 \x00 \"\\\n<&>\u2028")
	p.Final = true
	c := &p.Conversation
	lapsed := agent.ID("bob")
	c.Previous, c.State, c.Finished, c.Answered, c.Hops, c.Lapsed = 7, conversation.Ended, true, true, 2, &lapsed
	c.Visited, c.Needs = []conversation.QueueID{"first"}, []conversation.Need{{Skill: "czech", Level: 3, Steps: []conversation.Relax{{After: time.Minute}}}}
	c.Attributes = agent.Attributes{"key": "value", "k\u00fd": ""}
	c.End = &conversation.Conclusion{Cause: conversation.EndedByAgent, At: noon.Add(time.Hour)}
	c.LastCustomer = noon
	c.Seats = []conversation.Seat{{
		No: 1, Agent: "ann", State: conversation.SeatClosed, Joined: true, Queue: "sales", Accepted: noon, Policy: 3,
		WrapUp: wrapup.WrapUp{Started: noon, Deadline: noon.Add(time.Minute), Extensions: 1}, FreesSlot: true,
		Reason: wrapup.Reason{ID: "done", Label: "Hotovo"}, Closed: noon.Add(time.Hour),
	}}
	m := c.Messages[0]
	m.ChannelAt, m.ReplyTo, m.Payload, m.Edits = noon.Add(-time.Second), 1, "payload", 2
	m.Extras = map[string]string{"referral": "ad"}
	m.Attachments = []conversation.Attachment{{Kind: conversation.Image, Reference: "https://files.example/1?a=b&c", Name: "a.png", Type: "image/png", Size: 1 << 40}}
	m.Reactions = []conversation.Reaction{{By: conversation.Author{Kind: conversation.FromAgent, ID: "ann"}, Emoji: "\U0001F49A"}}
	c.Messages = append(c.Messages,
		&conversation.Message{No: 2, At: noon, AgentsOnly: true, Author: conversation.Author{Kind: conversation.FromSystem},
			Entry: &conversation.Entry{Kind: conversation.EntryJoined, Agent: "bob", Queue: "sales"}},
		&conversation.Message{No: 3, At: noon, Author: conversation.Author{Kind: conversation.FromAgent, ID: "ann"}, Text: "hello",
			Delivery: &conversation.Delivery{Status: conversation.StatusFailed, Why: conversation.FailContent, Detail: "no", At: noon}},
		(&conversation.Message{No: 4, At: noon, Author: conversation.Author{Kind: conversation.FromCustomer}, Text: "oops"}).Emptied(),
	)
	return p
}
