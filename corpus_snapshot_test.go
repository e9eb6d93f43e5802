package switchboard

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

var writeSnapshotCorpus = flag.Bool("write-snapshot-corpus", false, "write testdata/v1/snapshot.* anew; only ever done before version 1 is released")

// The snapshot that version 1 wrote, and the records after it, are read for ever.
// They are never written again.
func TestVersion1SnapshotIsRead(t *testing.T) {
	file := func(name string) string { return filepath.Join("testdata", "v1", name) }
	if *writeSnapshotCorpus {
		snapshot, rest := writeVersion1Snapshot(t)
		for name, data := range map[string][]byte{"snapshot.jsonl": snapshot, "snapshot.rest.jsonl": rest} {
			if err := os.WriteFile(file(name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	snapshot, rest := read("snapshot.jsonl"), read("snapshot.rest.jsonl")
	f, err := readSnapshot(t.Context(), 1, func(yield func([]byte, error) bool) { yield(snapshot, nil) },
		floor.Config{Load: time.LoadLocation, Node: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	if err := floor.Check(f); err != nil {
		t.Error(err)
	}
	was := describe(f.State())
	var records [][]byte
	for line := range bytes.Lines(rest) {
		if bytes.HasPrefix(line, []byte(`{"format"`)) {
			records = append(records, nil)
		}
		records[len(records)-1] = append(records[len(records)-1], line...)
	}
	for i, data := range records {
		_, events, err := newReader().record(Record{Position: Position(2 + i), Data: data})
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			f.Apply(&events[i])
		}
		f.Commit()
	}
	if err := floor.Check(f); err != nil {
		t.Error(err)
	}
	got := "the snapshot\n" + was + "\nand the rest\n" + describe(f.State())
	if *writeSnapshotCorpus {
		if err := os.WriteFile(file("snapshot.summary.txt"), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(read("snapshot.summary.txt")), got); d != "" {
		t.Errorf("the summary (-want +got):\n%s", d)
	}

	// A board is opened from it.
	store := NewMemoryStore()
	log, err := store.Open(t.Context(), "corpus")
	if err != nil {
		t.Fatal(err)
	}
	at, err := log.Append(t.Context(), 0, []byte("is in the snapshot"))
	if err == nil {
		err = log.(Snapshotter).SaveSnapshot(t.Context(), at, func(yield func([]byte, error) bool) { yield(snapshot, nil) })
	}
	for _, data := range records {
		if err == nil {
			at, err = log.Append(t.Context(), at, data)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), Config{Name: "corpus", Store: store, Clock: clock.NewMock(), Node: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if w, err := b.Watch(t.Context()); err != nil || len(w.Conversations) == 0 {
		t.Errorf("%d conversations, %v", len(w.Conversations), err)
	}
}

// describe says what is in a state.
func describe(s floor.State) string {
	var out strings.Builder
	fmt.Fprintf(&out, "events %d, ids %d, keys %d, early %d, sweeps %d, away %d, customers %d, removed %v\n",
		s.Seq, s.Seen, s.Keys, s.Early, s.Sweeps, len(s.Away), len(s.Customers), s.Removed)
	for _, node := range slices.Sorted(mapKeys(s.Leases)) {
		fmt.Fprintf(&out, "lease of %s until %s\n", node, s.Leases[node].Format(time.RFC3339Nano))
	}
	for _, e := range s.Erasures {
		fmt.Fprintf(&out, "erasure %d of %s at %s, by %s, done %v\n", e.No, e.Customer, e.Source, e.Node, !e.Done.IsZero())
	}
	for _, a := range s.Agents {
		fmt.Fprintf(&out, "agent %s %s %q pending=%v misses=%d sessions=%v place=%d turn=%d %v\n",
			a.ID, a.State, a.Reason, a.Pending, a.Misses, a.Sessions, a.Place, a.Turn, a.Attributes)
	}
	for _, q := range s.Queues {
		pace, _ := q.Pace.MarshalText()
		fmt.Fprintf(&out, "queue %s open=%v next=%s waiting=%d staffed=%v pace=%q\n",
			q.Entry.ID, q.Open, q.Next.Format(time.RFC3339), q.Waiting, q.Staffed, pace)
	}
	for _, c := range s.Conversations {
		fmt.Fprintf(&out, "%s %s %s in %s priority %d, %s, hops %d, end %q, finished %v, needs %v, previous %q\n",
			c.ID, c.Customer, c.State, c.Queue, c.Priority, c.WaitingSince.Format(time.RFC3339), c.Hops, c.EndedBy(), c.Finished, c.Needs, c.Previous)
		if o := c.Offer; o != nil {
			fmt.Fprintf(&out, "  %s to %s until %s\n", o.Kind, o.Agent, o.Deadline.At.Format(time.RFC3339))
		}
		if l := c.Lane; l != nil {
			fmt.Fprintf(&out, "  lane of %s at %d, attempt %d\n", l.Node, l.No, l.Attempt)
		}
		for _, seat := range c.Seats {
			fmt.Fprintf(&out, "  seat %d %s %s due=%s reason=%q\n", seat.No, seat.Agent, seat.State, seat.Due.At.Format(time.RFC3339), seat.Reason.ID)
		}
		for _, m := range c.Messages {
			status := ""
			if m.Delivery != nil {
				status = " " + m.Delivery.Status.String()
			}
			fmt.Fprintf(&out, "  %d %s%s %q\n", m.No, m.Author.Kind, status, m.Text)
		}
	}
	return out.String()
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// closedArchive is one that does not answer.
type closedArchive struct{}

var errClosedArchive = errors.New("the archive is closed")

func (closedArchive) Store(context.Context, string, Part) error { return errClosedArchive }
func (closedArchive) Load(context.Context, string, conversation.ID) ([]Part, error) {
	return nil, errClosedArchive
}
func (closedArchive) Find(context.Context, string, conversation.Source, conversation.Customer) ([]conversation.ID, error) {
	return nil, errClosedArchive
}
func (closedArchive) Erase(context.Context, string, Erasure) error { return errClosedArchive }

// busyChannel takes no message yet.
type busyChannel struct{}

func (busyChannel) Send(context.Context, Outbound) (Receipt, error) {
	return Receipt{}, &SendError{Why: conversation.FailRateLimited, Temporary: true, After: time.Hour}
}

// writeVersion1Snapshot plays a day that leaves something of everything in the
// state, and returns a snapshot and the records after it.
func writeVersion1Snapshot(t *testing.T) (snapshot, rest []byte) {
	t.Helper()
	ctx := t.Context()
	store := NewMemoryStore()
	mock := clock.NewMock() // from 1970, so that no reader finds anything overdue
	open := func(node string) *Board {
		b, err := Open(ctx, Config{Name: "corpus", Store: store, Clock: mock, Node: node, SnapshotEvery: -1, KeepLog: -1, Archive: closedArchive{},
			Transports: map[conversation.Channel]Transport{"messenger": atOnce{}, "busy": busyChannel{}}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	b, other := open("writer"), open("other")
	defer b.Close()
	defer other.Close()
	root := b.Administrator("root")
	reasons := wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Vyřešeno"}}, Default: "done", Limit: time.Hour}
	team := []routing.TeamID{"team"}
	setup := routing.Setup{
		Teams: []routing.Team{{ID: "team", Name: "Tým"}},
		Queues: []routing.Queue{
			{ID: "sales", Teams: team, WrapUp: reasons, OfferFor: time.Hour, MaxWait: 5 * time.Hour, Overflow: []conversation.QueueID{"help"}},
			{ID: "help", Agents: []agent.ID{"bob"}, WrapUp: reasons, Hours: routing.Hours{Zone: "Europe/Prague", Week: []routing.Opening{{Day: time.Monday, From: 8 * 60, To: 16 * 60}}}},
			{ID: "night", Agents: []agent.ID{"eve"}, WrapUp: reasons},
		},
		Agents: []routing.Agent{
			{ID: "ann", Name: "Ann", Teams: team, Skills: map[conversation.Skill]int{"cs": 5}},
			{ID: "bob", Teams: team}, {ID: "eve"},
		},
		Sources: []routing.Source{
			{ID: "page", Channel: "messenger", Queue: "sales"}, {ID: "slow", Channel: "busy", Queue: "sales"}, {ID: "old", Channel: "messenger", Queue: "sales"},
		},
		Settings: routing.Settings{Ageing: routing.Ageing(time.Minute), Linger: time.Second},
	}
	must(root.Configure(ctx, setup))
	ann, bob := b.Agent("ann"), b.Agent("bob")
	n := 0
	say := func(source conversation.Source, channel conversation.Channel, who conversation.Customer, entry conversation.Opening) conversation.ID {
		t.Helper()
		n++
		id, err := b.Receive(ctx, conversation.Inbound{
			Channel: channel, Source: source, Customer: who, ExternalID: fmt.Sprint("in-", n), Text: "Dobrý den", Entry: entry,
		})
		must(err)
		mock.Add(time.Second)
		return id
	}
	for _, a := range []Agent{ann, bob} {
		must(a.Connect(ctx, "tab"))
		must(a.SignIn(ctx))
		must(a.Available(ctx))
	}
	_, err := b.Supervisor("sue").Do(ctx, agent.SetAttributes{Agent: "ann", Set: agent.Attributes{"desk": "7"}})
	must(err)
	accept := func(id conversation.ID) Agent {
		t.Helper()
		c, err := b.Conversation(ctx, id)
		must(err)
		a := b.Agent(c.Offer.Agent)
		must(a.Accept(ctx, id))
		return a
	}
	var none conversation.Opening
	archived := say("page", "messenger", "ended", none)
	a := accept(archived)
	_, err = a.Send(ctx, archived, "Na shledanou")
	must(err)
	must(b.Quiet(ctx))
	must(a.End(ctx, archived))
	must(a.WrapUp(ctx, archived, "done"))
	live := say("page", "messenger", "live", none)
	a = accept(live)
	_, err = a.Send(ctx, live, "Co pro vás mohu udělat?")
	must(err)
	must(b.Quiet(ctx))
	_, err = b.Do(ctx, Command{By: Actor{Role: agent.Customer, ID: "live"}, Do: conversation.React{
		Channel: "messenger", Source: "page", Customer: "live", ExternalID: "not-yet", Emoji: "👍", ChannelAt: mock.Now(),
	}})
	must(err)
	slow := say("slow", "busy", "slow", none)
	a = accept(slow)
	_, err = a.Send(ctx, slow, "Moment")
	must(err)
	wrapping := say("page", "messenger", "wrapping", none)
	a = accept(wrapping)
	must(a.End(ctx, wrapping))
	two := say("page", "messenger", "two", none)
	a = accept(two)
	if a.ID() == "ann" {
		must(a.Invite(ctx, two, "bob"))
	} else {
		must(a.Invite(ctx, two, "ann"))
	}
	gone := say("old", "messenger", "gone", none)
	accept(gone)
	must(root.RemoveSource(ctx, "old", "token revoked"))
	say("page", "messenger", "offered", none)
	say("page", "messenger", "skilled", conversation.Opening{Priority: 2, Needs: []conversation.Need{
		{Skill: "cs", Level: 9, Steps: []conversation.Relax{{After: time.Hour, Level: 6}}},
	}})
	say("page", "messenger", "closed", conversation.Opening{Queue: "help"})
	accept(say("page", "messenger", "erased", none))
	_, err = b.Do(ctx, Command{By: Actor{Role: agent.Bot, ID: "bot"}, Key: "once", Do: conversation.SetPriority{Conversation: live, Priority: 3}})
	must(err)
	_, err = root.Do(ctx, routing.DeleteQueue{Queue: "night", DrainTo: "sales"})
	must(err)
	_, err = root.Do(ctx, routing.DeleteAgent{Agent: "eve"})
	must(err)
	setup.Queues[0].WrapUp.Limit = 2 * time.Hour
	_, err = root.Do(ctx, routing.PutQueue{Queue: setup.Queues[0]})
	must(err)
	_, err = root.Erase(ctx, "page", "erased")
	must(err)
	mock.Add(time.Minute)
	_, err = other.Watch(ctx)
	must(err)
	_, err = b.Watch(ctx)
	must(err)

	var at Position
	snapshot, at = stateOf(t, b)
	must(ann.Idle(ctx, "lunch"))
	say("page", "messenger", "late", none)
	must(b.Agent("bob").Available(ctx))
	log, err := store.Open(ctx, "corpus")
	must(err)
	defer log.Close()
	for rec, err := range log.Read(ctx, at) {
		must(err)
		rest = append(rest, rec.Data...)
	}
	return snapshot, rest
}
