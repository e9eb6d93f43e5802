package switchboard_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/switchboardtest"
	"github.com/switchboard-go/switchboard/wrapup"
)

var _ = flag.Bool("update", false, "rewrite what the stories say that happens")

const stories = "testdata/stories/*.txt"

// The stories show the edge cases of docs/edge-cases.md, each in the words of
// the contact centre.
func TestStories(t *testing.T) { switchboardtest.RunStories(t, stories) }

// Both kinds of fake time must tell the same.
func TestStoriesInABubble(t *testing.T) {
	switchboardtest.Stories{Glob: stories, Bubble: true}.Run(t)
}

// elsewhere are the edge cases that no story can tell, because they take two
// nodes, a slow reader, or a screen.
var elsewhere = map[int]string{
	19: "TestE19E20TwoNodesNeverOfferTwice",
	20: "TestE19E20TwoNodesNeverOfferTwice",
	82: "TestE82ReaderGoesOnAfterACrash",
	90: "masking is the viewer's",
}

func TestStoriesTellEveryEdgeCase(t *testing.T) {
	files, err := filepath.Glob(stories)
	if err != nil {
		t.Fatal(err)
	}
	told := map[int]bool{}
	number := regexp.MustCompile(`\bE([1-9]\d*)\b`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "story ") {
				continue
			}
			for _, m := range number.FindAllStringSubmatch(line, -1) {
				n, err := strconv.Atoi(m[1])
				if err != nil || n > 90 {
					t.Errorf("%s: there is no edge case %s: %s", name, m[0], line)
				}
				told[n] = true
			}
		}
	}
	for n := 1; n <= 90; n++ {
		if told[n] == (elsewhere[n] != "") {
			t.Errorf("E%d: told in a story: %v; elsewhere: %q", n, told[n], elsewhere[n])
		}
	}
}

// storySetup is one queue with two agents, each of whom has one slot.
var storySetup = routing.Setup{
	Agents: []routing.Agent{
		{ID: "ann", Capacity: map[conversation.Medium]int{conversation.Social: 1}},
		{ID: "bob", Capacity: map[conversation.Medium]int{conversation.Social: 1}},
	},
	Queues: []routing.Queue{{
		ID: "sales", Agents: []agent.ID{"ann", "bob"},
		WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done"},
	}},
	Sources: []routing.Source{{ID: "page", Channel: switchboardtest.Messenger, Queue: "sales"}},
}

func inbound(customer, id string) conversation.Inbound {
	return conversation.Inbound{
		Channel: switchboardtest.Messenger, Source: "page", Customer: conversation.Customer(customer), ExternalID: id, Text: "Dobry den",
	}
}

// Two nodes serve everything at once. No conversation is ever offered to two
// agents, none of whom ever holds more than the one slot there is (E19, E20).
func TestE19E20TwoNodesNeverOfferTwice(t *testing.T) {
	ctx := t.Context()
	store := switchboard.NewMemoryStore()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
	var nodes []*switchboard.Board
	for _, name := range []string{"north", "south"} {
		b, err := switchboard.Open(ctx, switchboard.Config{
			Name: "board", Node: name, Store: store, Clock: mock,
			Transports: map[conversation.Channel]switchboard.Transport{switchboardtest.Messenger: &switchboardtest.Transport{}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		nodes = append(nodes, b)
	}
	if err := nodes[0].Administrator("root").Configure(ctx, storySetup); err != nil {
		t.Fatal(err)
	}
	for i, id := range []agent.ID{"ann", "bob"} {
		a := nodes[i].Agent(id)
		if err := errors.Join(a.SignIn(ctx), a.Available(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	const customers = 20
	var wg sync.WaitGroup
	for i, b := range nodes {
		wg.Go(func() {
			for n := range customers {
				if _, err := b.Receive(ctx, inbound(fmt.Sprint("c", n), fmt.Sprint(i, "-", n))); err != nil {
					t.Error(err)
				}
			}
		})
		// Each agent works on both nodes at once: accept what is offered, end
		// it, and wrap up.
		for _, id := range []agent.ID{"ann", "bob"} {
			wg.Go(func() {
				a := b.Agent(id)
				for range 3 * customers {
					all, err := a.AcceptAll(ctx)
					if err != nil {
						t.Error(err)
					}
					for _, o := range all {
						if o.Err != nil {
							t.Error(o.Err)
							continue
						}
						if err := errors.Join(a.End(ctx, o.Conversation), a.WrapUp(ctx, o.Conversation, "done")); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	// The log says it all: replay it with a count of our own.
	snapshot, err := nodes[1].Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	offered := map[conversation.ID]agent.ID{}
	slots := map[agent.ID]int{}
	accepted, opened := 0, 0
	read, cancel := context.WithCancel(ctx)
	defer cancel()
	// This one marks the end.
	if _, err := nodes[1].Agent("ann").Do(ctx, agent.SetAttributes{Agent: "ann", Set: agent.Attributes{"end": "yes"}}); err != nil {
		t.Fatal(err)
	}
	for e, err := range nodes[1].Events(read, "", nil) {
		if err != nil {
			t.Fatal(err)
		}
		last := false
		switch b := e.Body.(type) {
		case conversation.Opened:
			opened++
		case conversation.OfferMade:
			if by := offered[b.Conversation]; by != "" {
				t.Errorf("event %d: %v is offered to %s and to %s", e.Seq, b.Conversation, by, b.Agent)
			}
			offered[b.Conversation] = b.Agent
			slots[b.Agent]++
		case conversation.OfferEnded:
			delete(offered, b.Conversation)
			slots[b.Agent]--
		case conversation.Accepted:
			accepted++
			if offered[b.Conversation] != b.Agent {
				t.Errorf("event %d: %s accepts what is offered to %q", e.Seq, b.Agent, offered[b.Conversation])
			}
			delete(offered, b.Conversation)
		case conversation.SeatEnded:
			slots[b.Agent]--
		case agent.AttributesSet:
			last = true
		}
		for id, n := range slots {
			if n < 0 || n > 1 {
				t.Fatalf("event %d: %s holds %d slots of 1", e.Seq, id, n)
			}
		}
		if last {
			break
		}
	}
	if opened < customers || accepted == 0 {
		t.Errorf("%d opened and %d accepted of %d customers", opened, accepted, customers)
	}
	if len(snapshot.Conversations) != opened {
		t.Errorf("%d conversations, %d were opened", len(snapshot.Conversations), opened)
	}
}

// Two first messages of a customer at once are in one conversation (E81).
func TestE81TwoFirstMessagesAtOnce(t *testing.T) {
	kit := switchboardtest.New(t, switchboardtest.Config{Setup: storySetup})
	const messages = 16
	ids := make([]conversation.ID, messages)
	var wg sync.WaitGroup
	for i := range messages {
		wg.Go(func() {
			var err error
			if ids[i], err = kit.Board.Receive(t.Context(), inbound("eva", fmt.Sprint("m", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several conversations: %v", ids)
		}
	}
	c, err := kit.Board.Conversation(t.Context(), ids[0])
	if err != nil || len(c.Messages) != messages {
		t.Errorf("%d messages of %d, %v", len(c.Messages), messages, err)
	}
}

// A reader that keeps the cursor of the last event it has dealt with gets every
// event once, in order, however slow it is and whatever happens to the board (E82).
func TestE82ReaderGoesOnAfterACrash(t *testing.T) {
	kit := switchboardtest.New(t, switchboardtest.Config{Setup: storySetup})
	read := func(cursor switchboard.Cursor, n int) (seqs []uint64, kinds []string, next switchboard.Cursor) {
		next = cursor
		for e, err := range kit.Board.Events(t.Context(), cursor, nil) {
			if err != nil {
				t.Fatal(err)
			}
			seqs, kinds, next = append(seqs, e.Seq), append(kinds, switchboard.KindOf(e.Body)), e.Cursor()
			if len(seqs) == n {
				return seqs, kinds, next
			}
		}
		t.Fatal("the stream ended by itself")
		return nil, nil, ""
	}
	kit.Ready("ann")
	kit.Arrive("page", "eva", "Dobry den")
	// The setup was four events, Ready two; the arrival opens, adds and offers.
	_, before, cursor := read("", 7)
	kit.Crash()
	kit.Advance(time.Minute) // nobody answers
	seqs, after, _ := read(cursor, 4)
	if diff := cmp.Diff([]uint64{8, 9, 10, 11}, seqs); diff != "" {
		t.Errorf("numbers (-want +got)\n%s", diff)
	}
	want := []string{"conversation.message-added", "conversation.offer-made", "conversation.offer-ended", "agent.state-changed"}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("events after %q (-want +got)\n%s", before, diff)
	}
}

// A refusal names the agent for whom something was asked, also when a
// supervisor asks.
func TestRefusalNamesTheAgent(t *testing.T) {
	kit := switchboardtest.New(t, switchboardtest.Config{Setup: storySetup})
	kit.Ready("ann")
	id := kit.Arrive("page", "eva", "Dobry den")
	if err := kit.Board.Agent("ann").Accept(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cmd  conversation.Command
		want error
	}{
		{conversation.TransferToAgent{Conversation: id, Agent: "ann", To: "bob"}, routing.ErrTarget},
		{conversation.TransferToAgent{Conversation: id, Agent: "ann", To: "ghost"}, routing.ErrUnknown},
		{conversation.Invite{Conversation: id, Agent: "ann", To: "bob"}, routing.ErrTarget},
		{conversation.TransferToQueue{Conversation: id, Agent: "ann", Queue: "nowhere"}, routing.ErrUnknown},
	} {
		_, err := kit.Board.Supervisor("sue").Do(t.Context(), c.cmd)
		var r *conversation.Refusal
		if !errors.As(err, &r) || !errors.Is(err, c.want) {
			t.Errorf("%#v: %v, want %v", c.cmd, err, c.want)
			continue
		}
		got := conversation.Refusal{Command: r.Command, Conversation: r.Conversation, Agent: r.Agent, State: r.State}
		want := conversation.Refusal{Command: c.cmd.Name(), Conversation: id, Agent: "ann", State: conversation.Active}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%#v (-want +got)\n%s", c.cmd, diff)
		}
	}
}
