package switchboard

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
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

// Every type with the method that marks events of its package has a name in the
// log, and nothing else has.
func TestEveryEventHasAKind(t *testing.T) {
	var want []string
	for dir, marker := range map[string]string{
		"agent": "agentEvent", "conversation": "conversationEvent", "routing": "routingEvent",
	} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == marker && fn.Recv != nil {
					want = append(want, dir+"."+fn.Recv.List[0].Type.(*ast.Ident).Name)
				}
			}
		}
	}
	var got []string
	for _, k := range kinds {
		got = append(got, reflect.TypeOf(k.Zero).String())
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("events (-declared +registered):\n%s", d)
	}
}

// fill makes a value of random contents, as far as one can be written.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
		return
	case interface{ UnmarshalText([]byte) error }:
		// A value of which the text is read again as the same.
		for range 100 {
			n := reflect.New(v.Type()).Elem()
			if n.Kind() == reflect.Uint8 {
				n.SetUint(uint64(r.IntN(8)))
			} else if n.CanUint() {
				n.SetUint(r.Uint64())
			} else if n.CanInt() {
				n.SetInt(int64(r.IntN(24 * 60)))
			}
			text, err := n.Interface().(interface{ MarshalText() ([]byte, error) }).MarshalText()
			if err == nil && x.UnmarshalText(text) == nil {
				return
			}
		}
		v.SetZero()
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.Int64() >> r.IntN(64))
		if v.OverflowInt(v.Int()) {
			v.SetInt(7)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint64() >> r.IntN(64) & (1<<(v.Type().Bits()-1) - 1))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.String:
		words := []string{"", "a", "Dobrý den", "\"\\\n\t\x00", "😀\u2028", "<&>"}
		v.SetString(words[r.IntN(len(words))] + words[r.IntN(len(words))])
	case reflect.Pointer:
		if r.IntN(3) > 0 && depth < 6 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), depth+1)
		}
	case reflect.Slice:
		if n := r.IntN(3); n > 0 && depth < 6 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(r, v.Index(i), depth+1)
			}
		}
	case reflect.Map:
		if n := r.IntN(3); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n {
				key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				fill(r, key, depth+1)
				fill(r, val, depth+1)
				v.SetMapIndex(key, val)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(r, v.Field(i), depth+1)
			}
		}
	default:
		panic("no random " + v.Type().String())
	}
}

func randomEvent(r *rand.Rand, zero any, seq uint64) floor.Event {
	body := reflect.New(reflect.TypeOf(zero)).Elem()
	fill(r, body, 0)
	e := floor.Event{Seq: seq, Body: body.Interface()}
	fill(r, reflect.ValueOf(&e.At).Elem(), 0)
	fill(r, reflect.ValueOf(&e.By).Elem(), 0)
	fill(r, reflect.ValueOf(&e.Why).Elem(), 0)
	fill(r, reflect.ValueOf(&e.Key).Elem(), 0)
	if m, ok := e.Body.(conversation.MessageAdded); ok && m.Message == nil {
		m.Message = &conversation.Message{}
		e.Body = m
	}
	return e
}

// encode makes a record as the committer does.
func encode(commit string, events []floor.Event) ([]byte, error) {
	w := newWriter()
	data := w.header(nil, []byte(commit), len(events))
	var err error
	for i := range events {
		if data, err = w.event(data, &events[i]); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func TestEveryEventRoundTrips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range kinds {
		var events []floor.Event
		for i := range 50 {
			events = append(events, randomEvent(r, k.Zero, uint64(i+1)))
		}
		data, err := encode("x", events)
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		commit, got, err := newReader().record(Record{Position: 1, Data: data})
		if err != nil || commit != "x" {
			t.Fatalf("%s: %q, %v", k.Name, commit, err)
		}
		if d := cmp.Diff(events, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", k.Name, d)
		}
		again, err := encode("x", got)
		if err != nil || !bytes.Equal(data, again) {
			t.Errorf("%s is written otherwise the second time: %v", k.Name, err)
		}
		if KindOf(k.Zero) != k.Name {
			t.Errorf("KindOf is %q, want %q", KindOf(k.Zero), k.Name)
		}
	}
	if got := KindOf("no event"); got != "" {
		t.Errorf("KindOf a string is %q", got)
	}
}

const goodRecord = `{"format":1,"commit":"x","events":1}
{"seq":1,"at":"2026-01-05T09:00:00Z","by":{"role":"administrator","id":"root"},"kind":"routing.team-set","body":{"team":{"id":"t"}}}
`

func TestUnknownFieldsAreTolerated(t *testing.T) {
	data := strings.NewReplacer(`"commit"`, `"new":[1,{}],"commit"`, `"seq"`, `"new":{"a":null},"seq"`, `"id":"t"`, `"new":1.5,"id":"t"`).Replace(goodRecord)
	_, want, err := newReader().record(Record{Data: []byte(goodRecord)})
	if err != nil {
		t.Fatal(err)
	}
	_, got, err := newReader().record(Record{Data: []byte(data)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A record that cannot be read stops a Board: at Open, and when another process
// has appended it.
func TestBadRecords(t *testing.T) {
	tooNew := func(err error) bool { var e *FormatError; return errors.As(err, &e) }
	corrupt := func(err error) bool { var e *CorruptError; return errors.As(err, &e) && e.Position == 2 }
	next := strings.Replace(goodRecord, `"seq":1`, `"seq":2`, 1)
	for _, tc := range []struct {
		name, data string
		want       func(error) bool
	}{
		{"unknown kind", strings.Replace(next, "team-set", "team-invented", 1), tooNew},
		{"unknown format", strings.Replace(next, `"format":1`, `"format":2`, 1), tooNew},
		{"no format", strings.Replace(next, `"format":1,`, "", 1), tooNew},
		{"empty", "", corrupt},
		{"no JSON", "hello\n", corrupt},
		{"cut off", next[:len(next)-3], corrupt},
		{"cut off after the header", next[:strings.Index(next, "\n")+1], corrupt},
		{"one event too many", next + strings.SplitAfter(next, "\n")[1], corrupt},
		{"a gap", strings.Replace(next, `"seq":2`, `"seq":3`, 1), corrupt},
		{"an event again", goodRecord, corrupt},
		{"no number", strings.Replace(next, `"seq":2,`, "", 1), corrupt},
		{"no instant", strings.Replace(next, `"at":"2026-01-05T09:00:00Z",`, "", 1), corrupt},
		{"no body", strings.Replace(next, `,"body":{"team":{"id":"t"}}`, "", 1), corrupt},
		{"a body of another type", strings.Replace(next, `{"team":{"id":"t"}}`, `[]`, 1), corrupt},
		{"no message", strings.NewReplacer("routing.team-set", "conversation.message-added", `{"team":{"id":"t"}}`, `{"conversation":1}`).Replace(next), corrupt},
		{"unknown role", strings.Replace(next, `"administrator"`, `"king"`, 1), corrupt},
		{"huge count", strings.Replace(next, `"events":1`, `"events":9000000000000000000`, 1), corrupt},
		{"negative count", strings.Replace(next, `"events":1`, `"events":-1`, 1), corrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, how := range []string{"at Open", "by command", "by query", "by stream"} {
				store := NewMemoryStore()
				log, err := store.Open(t.Context(), "acme")
				if err != nil {
					t.Fatal(err)
				}
				put := func(after Position, data string) {
					t.Helper()
					if _, err := log.Append(t.Context(), after, []byte(data)); err != nil {
						t.Fatal(err)
					}
				}
				put(0, goodRecord)
				if how == "at Open" {
					put(1, tc.data)
				}
				b, err := Open(t.Context(), Config{Name: "acme", Store: store, Clock: clock.NewMock()})
				if how == "at Open" {
					if !tc.want(err) {
						t.Errorf("%s: %v", how, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := b.Watch(t.Context()); err != nil {
					t.Fatal(err)
				}
				put(1, tc.data)
				switch how {
				case "by command":
					err = b.Administrator("root").Configure(t.Context(), routing.Setup{})
				case "by query":
					_, err = b.Watch(t.Context())
				case "by stream":
					go func() { _, _ = b.Watch(context.Background()) }()
					for _, err = range b.Events(t.Context(), "", nil) {
					}
				}
				if !errors.Is(err, ErrClosed) || !tc.want(err) {
					t.Errorf("%s: %v", how, err)
				}
				if _, err := b.Receive(t.Context(), conversation.Inbound{}); !errors.Is(err, ErrClosed) || !tc.want(err) {
					t.Errorf("%s, and then: %v", how, err)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(goodRecord))
	f.Add([]byte(`{"format":1,"commit":"","events":0}` + "\n"))
	r := rand.New(rand.NewPCG(3, 4))
	for _, k := range kinds {
		data, err := encode("x", []floor.Event{randomEvent(r, k.Zero, 1)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		commit, events, err := newReader().record(Record{Position: 7, Data: data})
		if err != nil {
			corrupt, tooNew := (*CorruptError)(nil), (*FormatError)(nil)
			if !errors.As(err, &corrupt) && !errors.As(err, &tooNew) {
				t.Errorf("got %v (%T)", err, err)
			}
			return
		}
		once, err := encode(commit, events)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		commit, events, err = newReader().record(Record{Data: once})
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, once)
		}
		twice, err := encode(commit, events)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("not stable: %v\n%s\n%s", err, once, twice)
		}
	})
}

var writeCorpus = flag.Bool("write-corpus", false, "write testdata/v1 anew; only ever done before version 1 is released")

// The log that version 1 wrote is read for ever. It is lines of text: records
// one after another, each beginning with its header. It is never written again.
func TestVersion1LogIsRead(t *testing.T) {
	logFile, summaryFile := filepath.Join("testdata", "v1", "log.jsonl"), filepath.Join("testdata", "v1", "summary.txt")
	if *writeCorpus {
		writeVersion1(t, logFile, summaryFile)
	}
	text, err := os.ReadFile(logFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the corpus is gone")
	} else if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(summaryFile)
	if err != nil {
		t.Fatal(err)
	}
	store := NewMemoryStore()
	log, err := store.Open(t.Context(), "corpus")
	if err != nil {
		t.Fatal(err)
	}
	var record []byte
	end := Position(0)
	put := func() {
		if len(record) == 0 {
			return
		}
		if end, err = log.Append(t.Context(), end, record); err != nil {
			t.Fatal(err)
		}
		record = nil
	}
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte(`{"format"`)) {
			put()
		}
		record = append(record, line...)
	}
	put()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), summary(t, store)); d != "" {
		t.Errorf("the summary of the log (-want +got):\n%s", d)
	}
}

// summary opens a board on the log as it is and says what is in it.
func summary(t *testing.T, store Store) string {
	t.Helper()
	mock := clock.NewMock()
	b, err := Open(t.Context(), Config{Name: "corpus", Store: store, Clock: mock, Node: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, err := b.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	seen := map[string]int{}
	log, err := store.Open(t.Context(), "corpus")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for rec, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		_, events, err := newReader().record(rec)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			seen[KindOf(e.Body)]++
		}
	}
	for _, k := range kinds {
		if n := seen[k.Name]; n > 0 {
			fmt.Fprintf(&out, "%s %d\n", k.Name, n)
		}
	}
	for _, a := range s.Agents {
		fmt.Fprintf(&out, "agent %s %s free=%d conversations=%v\n", a.Entry.ID, a.Agent.State, a.Free, a.Conversations)
	}
	for _, q := range s.Queues {
		fmt.Fprintf(&out, "queue %s open=%v waiting=%d\n", q.Entry.ID, q.Open, q.Waiting)
	}
	for _, c := range s.Conversations {
		fmt.Fprintf(&out, "%s %s %s end=%q finished=%v\n", c.ID, c.Customer, c.State, c.EndedBy(), c.Finished)
		for _, seat := range c.Seats {
			fmt.Fprintf(&out, "  seat %d %s %s reason=%q\n", seat.No, seat.Agent, seat.State, seat.Reason.ID)
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

// writeVersion1 plays a day that has most kinds of event in it.
func writeVersion1(t *testing.T, logFile, summaryFile string) {
	t.Helper()
	ctx := t.Context()
	store := NewMemoryStore()
	mock := clock.NewMock() // from 1970, so that no reader finds anything overdue
	b, err := Open(ctx, Config{Name: "corpus", Store: store, Clock: mock, Node: "writer",
		Transports: map[conversation.Channel]Transport{"messenger": atOnce{}}})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	reasons := wrapup.Policy{
		Reasons: []wrapup.Reason{{ID: "done", Label: "Vyřešeno"}, {ID: "spam", Label: "Spam"}}, Default: "done",
		Limit: time.Minute, Extension: time.Minute, MaxExtensions: 1, Cancellable: true,
	}
	must(b.Administrator("root").Configure(ctx, routing.Setup{
		Teams: []routing.Team{{ID: "team", Name: "Tým"}, {ID: "spare"}},
		Queues: []routing.Queue{
			{ID: "sales", Teams: []routing.TeamID{"team"}, WrapUp: reasons},
			{ID: "help", Teams: []routing.TeamID{"team"}, WrapUp: reasons, MaxWait: time.Minute, Overflow: []conversation.QueueID{"sales"}},
		},
		Agents: []routing.Agent{
			{ID: "ann", Name: "Ann", Teams: []routing.TeamID{"team"}, Skills: map[conversation.Skill]int{"cs": 5}},
			{ID: "bob", Teams: []routing.TeamID{"team"}}, {ID: "eve"},
		},
		Sources:  []routing.Source{{ID: "page", Channel: "messenger", Queue: "sales"}, {ID: "old", Channel: "messenger", Queue: "help"}},
		Settings: routing.Settings{Ageing: routing.Ageing(time.Minute)},
	}))
	ann, bob, sue := b.Agent("ann"), b.Agent("bob"), b.Supervisor("sue")
	n := 0
	say := func(source conversation.Source, who conversation.Customer, text string) conversation.ID {
		t.Helper()
		n++
		id, err := b.Receive(ctx, conversation.Inbound{
			Channel: "messenger", Source: source, Customer: who, ExternalID: fmt.Sprint("in-", n), Text: text,
			Attachments: []conversation.Attachment{{Kind: conversation.Image, Reference: "https://example.org/a.png", Size: 7}},
		})
		must(err)
		return id
	}
	must(ann.Connect(ctx, "tab"))
	must(ann.SignIn(ctx))
	must(bob.SignIn(ctx))
	must(ann.Available(ctx))
	_, err = sue.Do(ctx, agent.SetAttributes{Agent: "ann", Set: agent.Attributes{"desk": "7"}})
	must(err)
	one := say("page", "c1", "Dobrý den")
	must(ann.Accept(ctx, one))
	_, err = ann.Send(ctx, one, "Co pro vás mohu udělat?")
	must(err)
	must(b.Quiet(ctx))
	_, err = b.Do(ctx, Command{By: Actor{Role: agent.Platform}, Do: conversation.Receipt{
		Channel: "messenger", Source: "page", Customer: "c1", Status: conversation.StatusRead, Watermark: mock.Now().Add(time.Hour)}})
	must(err)
	for _, cmd := range []any{
		conversation.Edit{Channel: "messenger", Source: "page", Customer: "c1", ExternalID: "in-1", Text: "Dobrý večer", Edits: 1},
		conversation.React{Channel: "messenger", Source: "page", Customer: "c1", ExternalID: "in-1", Emoji: "👍"},
	} {
		_, err = b.Do(ctx, Command{By: Actor{Role: agent.Customer, ID: "c1"}, Why: "webhook", Do: cmd})
		must(err)
	}
	must(bob.Available(ctx))
	must(ann.Invite(ctx, one, "bob"))
	must(bob.Accept(ctx, one))
	must(ann.Leave(ctx, one))
	must(ann.ExtendWrapUp(ctx, one))
	must(ann.CancelCountdown(ctx, one))
	must(ann.WrapUp(ctx, one, "spam"))
	must(bob.TransferToQueue(ctx, one, "help"))
	must(bob.CancelTransfer(ctx, one))
	must(bob.TransferToAgent(ctx, one, "ann"))
	must(ann.Decline(ctx, one, "busy"))
	must(ann.Idle(ctx, "lunch"))
	two := say("old", "c2", "nobody answers")
	must(sue.SetPriority(ctx, two, 2))
	_, err = sue.Do(ctx, conversation.SetAttributes{Conversation: two, Set: agent.Attributes{"vip": "yes"}})
	must(err)
	mock.Add(2 * time.Minute) // Bob is RONA; overflow; wrap-up limit
	_, err = b.Watch(ctx)
	must(err)
	must(ann.Available(ctx))
	mock.Add(time.Second)
	_, err = b.Watch(ctx)
	must(err)
	must(ann.Accept(ctx, two))
	must(ann.Idle(ctx, "break"))
	must(b.Administrator("root").RemoveSource(ctx, "old", "token revoked"))
	must(ann.End(ctx, two))
	must(ann.WrapUp(ctx, two, "done"))
	must(ann.Disconnect(ctx, "tab"))
	_, err = b.Administrator("root").Do(ctx, routing.DeleteAgent{Agent: "eve"})
	must(err)
	_, err = b.Administrator("root").Do(ctx, routing.DeleteTeam{Team: "spare"})
	must(err)
	must(b.Quiet(ctx))
	must(b.Close())

	log, err := store.Open(ctx, "corpus")
	must(err)
	var text []byte
	for rec, err := range log.Read(ctx, 0) {
		must(err)
		text = append(text, rec.Data...)
	}
	must(log.Close())
	must(os.MkdirAll(filepath.Dir(logFile), 0o755))
	must(os.WriteFile(logFile, text, 0o644))
	must(os.WriteFile(summaryFile, []byte(summary(t, store)), 0o644))
}
