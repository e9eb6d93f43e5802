package floor

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/wire"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// rebuilt are the fields that are not in a snapshot, because they follow from
// what is or because nothing is in them between two batches. Whatever is not
// here has to come back, and TestRandomWalk looks whether it does.
var rebuilt = map[string][]string{
	"Floor": {
		"config", "digested", "now", "router", "deadlines", "settle", "adrift", "given", "events", "pending", "journal", "snapshots",
		"agentEvents", "convEvents", "rules", "targets", "arrivals", "holdings", "recentAgent", "recentQueue",
	},
	"convRec":    {"waiter", "timer", "held", "epoch"},
	"agentRec":   {"candidate", "timer", "load", "capacity", "slots", "in", "room", "epoch"},
	"queueRec":   {"rules", "timer", "epoch", "paced"},
	"queueState": {"schedule"},
	"sweep":      {"todo", "found"},
	"memory":     {"horizon", "table", "marks", "known", "again", "head"},
}

// stateOnly compares floors by all of their state that is not rebuilt.
var stateOnly = cmp.Options{
	cmp.AllowUnexported(
		Floor{}, convRec{}, agentRec{}, queueRec{}, queueState{}, policyVersion{}, sourceRec{}, sweep{}, memory{}, remembered{}, keptChange{},
	),
	cmpopts.EquateComparable(routing.Pace{}, wrapup.WrapUp{}),
	cmpopts.EquateEmpty(),
	cmp.FilterPath(func(p cmp.Path) bool {
		f, ok := p.Last().(cmp.StructField)
		return ok && slices.Contains(rebuilt[p.Index(-2).Type().Name()], f.Name())
	}, cmp.Ignore()),
	cmp.Transformer("conversations", func(t roster) map[conversation.ID]*convRec {
		m := make(map[conversation.ID]*convRec)
		for c := range t.all() {
			m[c.v.ID] = c
		}
		return m
	}),
	cmp.Transformer("customers", func(t customers) map[string]conversation.ID {
		m := make(map[string]conversation.ID)
		for c := range t.all() {
			m[string(c.v.Source)+"\x00"+string(c.v.Customer)] = c.v.ID
		}
		return m
	}),
	cmp.Transformer("live", func(e early) []*keptChange { return e.live() }),
	cmp.Transformer("line", func(l ledger) (line []remembered) {
		for i := range l.len() {
			line = append(line, *l.at(i))
		}
		return line
	}),
	// The line without what has expired.
	cmp.FilterValues(func(a, b memory) bool { return a.head != 0 || b.head != 0 }, cmp.Transformer("known", func(m memory) memory {
		known := ledger{}
		for i := m.head; i < m.line.len(); i++ {
			known.push(*m.line.at(i))
		}
		m.line, m.head = known, 0
		return m
	})),
}

// TestEveryFieldIsInSnapshots: a name in rebuilt is a field, and a difference in
// any other field of a Floor is seen.
func TestEveryFieldIsInSnapshots(t *testing.T) {
	for _, v := range []any{Floor{}, convRec{}, agentRec{}, queueRec{}, queueState{}, sweep{}, memory{}} {
		typ := reflect.TypeOf(v)
		for _, name := range rebuilt[typ.Name()] {
			if _, ok := typ.FieldByName(name); !ok {
				t.Errorf("%s has no field %s", typ.Name(), name)
			}
		}
	}
	f := newWalkFloor(0)
	typ := reflect.TypeOf(*f)
	for i := range typ.NumField() {
		if name := typ.Field(i).Name; !slices.Contains(rebuilt["Floor"], name) {
			other := *f
			field := reflect.NewAt(typ.Field(i).Type, reflect.ValueOf(&other).Elem().Field(i).Addr().UnsafePointer()).Elem()
			distort(field)
			if cmp.Diff(f, &other, stateOnly) == "" {
				t.Errorf("a difference in Floor.%s is not seen", name)
			}
		}
	}
}

// distort makes a value another.
func distort(v reflect.Value) {
	switch v.Kind() {
	case reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		elem := reflect.New(v.Type().Elem()).Elem()
		if elem.Kind() == reflect.Map {
			distort(elem)
		} else if elem.Kind() == reflect.Pointer {
			elem.Set(reflect.New(elem.Type().Elem()))
		}
		m.SetMapIndex(reflect.Zero(v.Type().Key()), elem)
		v.Set(m)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Struct:
		switch x := v.Addr().Interface().(type) {
		case *time.Time:
			*x = x.Add(time.Second)
		case *roster:
			*x = roster{}
			x.put(&convRec{})
		case *customers:
			*x = customers{hash: fnv}
			x.put(&convRec{})
		case *memory:
			x.line.push(remembered{at: 1})
		case *early:
			x.put(&keptChange{at: time.Unix(1, 0)})
		case *routing.Settings:
			x.MaxHops++
		case *routing.Outage:
			x.To = x.To.Add(time.Second)
		default:
			panic("distort: " + v.Type().String())
		}
	default:
		panic("distort: " + v.Type().String())
	}
}

// encodePiece appends the lines of the piece.
func encodePiece(t testing.TB, e *Encoder, p *Piece, to []byte) []byte {
	t.Helper()
	if err := p.Encode(e, func(line []byte) error {
		to = append(to, line...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return to
}

// encodeFloor returns the whole state at once.
func encodeFloor(t testing.TB, f *Floor) []byte {
	t.Helper()
	s, e := f.Snapshot(), NewEncoder()
	var out []byte
	for {
		p, more := s.Next(100)
		out = encodePiece(t, e, &p, out)
		if !more {
			return out
		}
	}
}

// restoreFloor reads a snapshot in blocks of lines of about that many bytes.
func restoreFloor(c Config, data []byte, block int) (*Floor, error) {
	r := NewRestore(c)
	for len(data) > 0 {
		n := min(block, len(data))
		if i := bytes.IndexByte(data[n-1:], '\n'); i >= 0 {
			n += i
		} else {
			n = len(data)
		}
		l, err := NewDecoder().Decode(data[:n])
		if err != nil {
			return nil, err
		}
		if err := r.Add(l); err != nil {
			return nil, err
		}
		data = data[n:]
	}
	return r.Floor()
}

// image is a snapshot that is taken while the story goes on.
type image struct {
	s    *Snapshot
	e    *Encoder
	got  []byte // so far
	want []byte // what it was at once
	at   int    // events in the log when it began
}

// snapshot begins a snapshot, goes on with one, or looks at what came of it: it
// has the state as it was when it began, and a floor made of it and the rest of
// the log is equal to the live one and takes the place of the replica.
func (w *walk) snapshot() {
	w.t.Helper()
	if w.t.Failed() {
		return
	}
	if w.image == nil {
		if w.rng.IntN(30) > 0 {
			return
		}
		want := encodeFloor(w.t, w.f)
		w.image = &image{s: w.f.Snapshot(), e: NewEncoder(), want: want, at: len(w.log)}
		if w.chance(10) {
			w.image.s.End() // given up
			w.image = nil
			return
		}
	}
	i := w.image
	if w.chance(10) { // another one beside it
		g, err := restoreFloor(w.f.config, encodeFloor(w.t, w.f), 1000)
		if err != nil {
			w.fail("a second snapshot cannot be read: %v", err)
		}
		if d := cmp.Diff(w.f, g, stateOnly); d != "" {
			w.fail("a second snapshot is of another state (-live +restored):\n%s", d)
		}
	}
	for range w.rng.IntN(4) {
		p, more := i.s.Next(1 + w.rng.IntN(3))
		i.got = encodePiece(w.t, i.e, &p, i.got)
		if more {
			continue
		}
		w.image = nil
		if !bytes.Equal(i.want, i.got) {
			w.fail("a snapshot while the story goes on is another (-at once +taken):\n%s",
				cmp.Diff(strings.Split(string(i.want), "\n"), strings.Split(string(i.got), "\n")))
		}
		w.restored(i)
		return
	}
}

func (w *walk) restored(i *image) {
	w.t.Helper()
	g, err := restoreFloor(w.f.config, i.got, 1+w.rng.IntN(20_000))
	if err != nil {
		w.fail("a snapshot cannot be read: %v", err)
	}
	if again := encodeFloor(w.t, g); !bytes.Equal(i.got, again) {
		w.fail("a snapshot is another when it was read (-once +again):\n%s",
			cmp.Diff(strings.Split(string(i.got), "\n"), strings.Split(string(again), "\n")))
	}
	for n := i.at; n < len(w.log); n++ {
		g.Apply(&w.log[n])
		if n%5 == 0 {
			g.Commit()
		}
	}
	g.Commit()
	if d := cmp.Diff(w.f, g, stateOnly); d != "" {
		w.fail("a snapshot and the rest of the log give another state (-live +restored):\n%s", d)
	}
	if live, restored := encodeFloor(w.t, w.f), encodeFloor(w.t, g); !bytes.Equal(live, restored) {
		w.fail("a snapshot of a restored floor is another (-live +restored):\n%s",
			cmp.Diff(strings.Split(string(live), "\n"), strings.Split(string(restored), "\n")))
	}
	if err := Check(g); err != nil {
		w.fail("restored: %v", err)
	}
	w.counts["snapshots"]++
	w.shadow = g
}

func walkSnapshot(t testing.TB) []byte {
	w := &walk{storyteller: storyteller{rng: rand.New(rand.NewPCG(7, 1)), f: newWalkFloor(0), now: walkStart}}
	setup := w.first()
	_, _ = w.f.Do(w.now, Command{By: admin, Body: routing.Configure{Setup: setup}})
	w.f.Commit()
	for range 400 {
		w.pass()
		drain(w.f, w.now)
		_, _ = w.f.Do(w.now, w.command())
		w.f.Commit()
	}
	return encodeFloor(t, w.f)
}

func TestDamagedSnapshots(t *testing.T) {
	good := string(walkSnapshot(t))
	lines := strings.SplitAfter(good, "\n")
	find := func(kind string) int {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, `{"kind":"`+kind+`"`) })
		if i < 0 {
			t.Fatalf("no %s", kind)
		}
		return i
	}
	twice := func(kind string) string {
		i := find(kind)
		return strings.Join(slices.Insert(slices.Clone(lines), i, lines[i]), "")
	}
	for _, tc := range []struct{ name, data string }{
		{"nothing", ""},
		{"cut off", good[:len(good)-2]},
		{"no board", strings.Join(lines[1:], "")},
		{"an empty board", `{"kind":"board","body":{"seq":0}}` + "\n"},
		{"two boards", lines[0] + good},
		{"a source twice", twice("source")}, {"a queue twice", twice("queue")}, {"a team twice", twice("team")},
		{"an agent twice", twice("agent")}, {"a conversation twice", twice("conversation")}, {"ids twice", twice("seen")},
		{"an agent after a conversation", good + lines[find("agent")]},
		{"a team after an agent", lines[0] + lines[find("agent")] + lines[find("team")]},
		{"no JSON", lines[0] + "x\n"},
		{"a number for a body", lines[0] + `{"kind":"team","body":1}` + "\n"},
		{"no memo", lines[0] + `{"kind":"keys","body":{"known":["x"]}}` + "\n"},
		{"a conversation of the future", strings.Replace(good, `"body":{"seq":`, `"body":{"seq":1,"x":`, 1)},
	} {
		if _, err := restoreFloor(Config{Load: loadZone}, []byte(tc.data), 1000); err == nil {
			t.Errorf("%s: no error", tc.name)
		}
	}
	_, err := restoreFloor(Config{Load: loadZone}, []byte(lines[0]+`{"kind":"lease","body":{}}`+"\n"), 1000)
	if unknown := (*wire.UnknownKindError)(nil); !errors.As(err, &unknown) || unknown.Kind != "lease" {
		t.Errorf("an unknown kind: %v", err)
	}
	more := strings.ReplaceAll(good, `"body":{`, `"body":{"new":[{"a":1}],`)
	f, err := restoreFloor(Config{Load: loadZone}, []byte(more), 1000)
	if err != nil {
		t.Fatalf("unknown fields: %v", err)
	}
	if d := cmp.Diff(good, string(encodeFloor(t, f))); d != "" {
		t.Errorf("unknown fields (-without +with):\n%s", d)
	}
}

func FuzzRestore(f *testing.F) {
	// The shortest line of each kind: long inputs make fuzzing slow.
	var short []string
	for _, line := range strings.SplitAfter(string(walkSnapshot(f)), "\n") {
		kind := func(l string) string { return l[:min(len(l), 14)] }
		if n := len(short); n == 0 || kind(short[n-1]) != kind(line) {
			short = append(short, line)
		} else if len(line) < len(short[n-1]) {
			short[n-1] = line
		}
	}
	f.Add([]byte(strings.Join(short, "")))
	f.Add([]byte(`{"kind":"board","body":{"seq":3,"at":"2026-01-05T09:00:00Z","sweeps":[{"queue":"q","set":2}]}}` + "\n" +
		`{"kind":"queue","body":{"entry":{"id":"q"},"pace":"1 2","policies":[{"set":1,"policy":{}}]}}` + "\n" +
		`{"kind":"conversation","body":{"id":"c2","channel":"m","state":"queued","queue":"q","latest":true}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		one, err := restoreFloor(Config{Load: loadZone, Node: "n"}, data, 64)
		if err != nil {
			return
		}
		once := encodeFloor(t, one)
		two, err := restoreFloor(Config{Load: loadZone, Node: "n"}, once, 1<<20)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, once)
		}
		if twice := encodeFloor(t, two); !bytes.Equal(once, twice) {
			t.Errorf("not stable:\n%s", cmp.Diff(string(once), string(twice)))
		}
	})
}

// A snapshot that is under way holds what is gone until it has come there, and
// gives it up when it ends.
func TestRosterForgetsWhatASnapshotHeld(t *testing.T) {
	for _, give := range []string{"up", "whole"} {
		f := newWalkFloor(0)
		now := walkStart
		do := func(body any) {
			for f.Advance(now) {
			}
			by := admin
			if in, ok := body.(conversation.Inbound); ok {
				by = customer(string(in.Customer))
			}
			if _, err := f.Do(now, Command{By: by, Body: body}); err != nil {
				t.Fatal(err)
			}
			f.Commit()
		}
		do(routing.Configure{Setup: routing.Setup{
			Queues:   []routing.Queue{{ID: "q", WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "r", Label: "R"}}, Default: "r"}}},
			Sources:  []routing.Source{{ID: "page", Channel: "messenger", Queue: "q"}},
			Settings: routing.Settings{Linger: time.Second, InterruptedFor: time.Second},
		}})
		for i := range 10 {
			do(conversation.Inbound{
				Channel: "messenger", Source: "page", Customer: conversation.Customer(fmt.Sprint(i)), ExternalID: fmt.Sprint(i), Text: "hi",
			})
		}
		want := encodeFloor(t, f)
		s, e := f.Snapshot(), NewEncoder()
		do(routing.RemoveSource{Source: "page"})
		now = now.Add(time.Hour)
		for f.Advance(now) {
			f.Commit()
		}
		f.Commit()
		if f.Size() != 0 {
			t.Fatalf("%d are in memory", f.Size())
		}
		if give == "up" {
			s.End()
		} else {
			var got []byte
			for more := true; more; {
				var p Piece
				p, more = s.Next(3)
				got = encodePiece(t, e, &p, got)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		if ids := f.convs.past(0, 10, nil); len(ids) > 0 {
			t.Errorf("given %s: %v are left", give, ids)
		}
	}
}
