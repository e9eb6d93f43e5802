package switchboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// person is in everything that one customer says, is called and is told.
const person = "PERSON"

// mortal is a store and an archive that note each call that changes something,
// and die at one of them.
type mortal struct {
	Store
	Archive Archive

	mu    sync.Mutex
	on    bool // notes and dies from now on
	calls []string
	dies  int  // with the call of this number, from 1; 0 for never
	after bool // once it is done, and not before
	dead  bool
	hold  chan struct{} // the archive's Store waits for it, if it is not nil
}

var errDead = errors.New("dead")

// call makes a call unless it is dead, or dies by it.
func (m *mortal) call(name string, do func() error) error {
	m.mu.Lock()
	last := false
	if m.on && !m.dead {
		m.calls = append(m.calls, name)
		last = len(m.calls) == m.dies
		m.dead = last
	}
	dead, after := m.dead, m.after
	m.mu.Unlock()
	switch {
	case dead && !last || last && !after:
		return errDead
	case last:
		_ = do()
		return errDead
	}
	return do()
}

// arm has it note calls from now on, and die with one of them.
func (m *mortal) arm(dies int, after bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on, m.calls, m.dies, m.after = true, nil, dies, after
}

// noted returns the calls so far.
func (m *mortal) noted() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.calls)
}

func (m *mortal) died() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

type mortalLog struct {
	mortal *mortal
	log    *memoryHandle
}

func (m *mortal) Open(ctx context.Context, board string) (Log, error) {
	log, err := m.Store.Open(ctx, board)
	if err != nil {
		return nil, err
	}
	return mortalLog{m, log.(*memoryHandle)}, nil
}

func (l mortalLog) Append(ctx context.Context, after Position, data []byte) (p Position, err error) {
	name := "append"
	for _, kind := range []string{"begun", "cleared", "done"} {
		if bytes.Contains(data, []byte("routing.erasure-"+kind)) {
			name += " " + kind
		}
	}
	return p, l.mortal.call(name, func() error { p, err = l.log.Append(ctx, after, data); return err })
}

func (l mortalLog) Read(ctx context.Context, after Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if l.mortal.died() {
			yield(Record{}, errDead)
			return
		}
		l.log.Read(ctx, after)(yield)
	}
}

func (l mortalLog) SaveSnapshot(ctx context.Context, at Position, chunks iter.Seq2[[]byte, error]) error {
	return l.mortal.call("save", func() error { return l.log.SaveSnapshot(ctx, at, chunks) })
}

func (l mortalLog) LoadSnapshot(ctx context.Context, skip int) (Position, iter.Seq2[[]byte, error], error) {
	return l.log.LoadSnapshot(ctx, skip)
}

func (l mortalLog) DropSnapshots(ctx context.Context, before Position) error {
	if before == 0 {
		return nil // somebody asks whether it can
	}
	return l.mortal.call("drop", func() error { return l.log.DropSnapshots(ctx, before) })
}

func (l mortalLog) Trim(ctx context.Context, before Position) error {
	if before == 0 {
		return nil
	}
	return l.mortal.call("trim", func() error { return l.log.Trim(ctx, before) })
}

func (l mortalLog) Exclusive() bool { return l.log.Exclusive() }
func (l mortalLog) Close() error    { return l.log.Close() }

// mortalArchive is the archive of a mortal.
type mortalArchive struct{ *mortal }

func (a mortalArchive) Store(ctx context.Context, board string, p Part) error {
	a.mu.Lock()
	hold := a.hold
	a.mu.Unlock()
	if hold != nil {
		<-hold
		ctx = context.WithoutCancel(ctx) // it arrives although nobody waits for it any more
	}
	return a.Archive.Store(ctx, board, p)
}

func (a mortalArchive) Load(ctx context.Context, board string, id conversation.ID) ([]Part, error) {
	return a.Archive.Load(ctx, board, id)
}

func (a mortalArchive) Find(ctx context.Context, board string, s conversation.Source, c conversation.Customer) ([]conversation.ID, error) {
	return a.Archive.Find(ctx, board, s, c)
}

func (a mortalArchive) Erase(ctx context.Context, board string, e Erasure) error {
	return a.call("erase", func() error { return a.Archive.Erase(ctx, board, e) })
}

// eraseBed is a board with a customer to be erased, in a testing/synctest bubble.
type eraseBed struct {
	*Board
	t       *testing.T
	mortal  *mortal
	store   *MemoryStore
	archive *MemoryArchive
	mu      sync.Mutex
	said    bytes.Buffer
	node    int
	keys    int
	kept    conversation.ID // of another customer, in memory
}

func (b *eraseBed) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.Write(p)
}

func (b *eraseBed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// gossip is a transport that talks too much about its failures.
type gossip struct{}

func (gossip) Send(ctx context.Context, m Outbound) (Receipt, error) {
	switch {
	case strings.Contains(m.Text, "hangs"):
		<-ctx.Done()
		return Receipt{}, ctx.Err()
	case strings.Contains(m.Text, "fails"):
		return Receipt{}, &SendError{
			Why: conversation.FailContent, Detail: fmt.Sprintf("no %q to %s", m.Text, m.Customer), Err: fmt.Errorf("%s: %s", m.Customer, m.Text),
		}
	case strings.Contains(m.Text, "waits"):
		return Receipt{}, &SendError{Why: conversation.FailRateLimited, Temporary: true, After: time.Minute, Detail: string(m.Customer)}
	}
	return Receipt{ExternalID: string(m.Customer) + "-out-" + m.Key}, nil
}

// reopen opens the board, as another process.
func (b *eraseBed) reopen() {
	b.t.Helper()
	b.node++
	b.mortal = &mortal{Store: b.store, Archive: b.archive}
	board, err := Open(b.t.Context(), Config{
		Name: "acme", Node: fmt.Sprint("n", b.node), Store: b.mortal, Archive: mortalArchive{b.mortal}, Clock: clock.New(),
		Transports: map[conversation.Channel]Transport{"messenger": gossip{}}, SnapshotEvery: 40,
		Logger: slog.New(slog.NewTextHandler(b, nil)),
	})
	b.must(err)
	b.Board = board
	b.t.Cleanup(func() { _ = board.Close() })
}

// write has the customer write, with all that a message can have.
func (b *eraseBed) write(who string, n int) conversation.ID {
	b.t.Helper()
	id, err := b.Receive(b.t.Context(), conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: conversation.Customer(who + "-psid"), ExternalID: fmt.Sprint(who, "-in-", n),
		Text: who + " wrote", Payload: who + "-payload", Extras: map[string]string{who + "-extra": who},
		Attachments: []conversation.Attachment{{Kind: conversation.Image, Reference: "https://files/" + who, Name: who + ".png"}},
		Entry:       conversation.Opening{Attributes: agent.Attributes{"name": who + " Nováková"}},
	})
	b.must(err)
	return id
}

// serve has an agent answer, with a key and a reason for the record.
func (b *eraseBed) serve(id conversation.ID, who string, texts ...string) {
	b.t.Helper()
	ann := Actor{Role: agent.Self, ID: "ann"}
	do := func(cmd any) {
		b.t.Helper()
		b.keys++
		_, err := b.Do(b.t.Context(), Command{By: ann, Why: who + " asked", Key: fmt.Sprint(who, "-key-", b.keys), Do: cmd})
		b.must(err)
	}
	do(conversation.Accept{Conversation: id, Agent: "ann"})
	for _, text := range texts {
		do(conversation.Write{Conversation: id, Agent: "ann", Draft: conversation.Draft{Text: who + " " + text}})
		b.must(b.Quiet(b.t.Context()))
	}
}

func (b *eraseBed) finish(id conversation.ID) {
	b.t.Helper()
	b.must(b.Agent("ann").End(b.t.Context(), id))
	b.must(b.Agent("ann").WrapUp(b.t.Context(), id, "done"))
}

func newEraseBed(t *testing.T) *eraseBed {
	t.Helper()
	b := &eraseBed{t: t, store: NewMemoryStore(), archive: NewMemoryArchive()}
	b.reopen()
	_, err := b.Administrator("root").Do(t.Context(), routing.Configure{Setup: routing.Setup{
		Teams: []routing.Team{{ID: "t"}},
		Queues: []routing.Queue{{
			ID: "q", Teams: []routing.TeamID{"t"}, Templates: map[conversation.EntryKind]string{conversation.EntryEnded: "bye"},
			WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done"},
		}},
		Agents:  []routing.Agent{{ID: "ann", Teams: []routing.TeamID{"t"}, Capacity: map[conversation.Medium]int{conversation.Social: 9}}},
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: "q"}},
	}})
	b.must(err)
	b.must(b.Agent("ann").SignIn(t.Context()))
	b.must(b.Agent("ann").Available(t.Context()))
	return b
}

// lives gives the customer a conversation in the archive, one that has just ended
// and one that goes on, and another customer the same.
func (b *eraseBed) lives() {
	b.t.Helper()
	for _, who := range []string{person, "other"} {
		id := b.write(who, 1)
		b.serve(id, who, "first", "fails")
		b.finish(id)
	}
	time.Sleep(2 * time.Hour)
	b.must(b.Quiet(b.t.Context()))
	for _, who := range []string{person, "other"} {
		by := Actor{Role: agent.Customer, ID: who + "-psid"}
		_, err := b.Do(b.t.Context(), Command{By: by, Do: conversation.Unsend{
			Channel: "messenger", Source: "page", Customer: conversation.Customer(who + "-psid"), ExternalID: who + "-in-1",
		}})
		b.must(err)
		id := b.write(who, 2)
		b.serve(id, who, "second")
		b.finish(id)
		b.kept = b.write(who, 3)
		b.serve(b.kept, who, "third", "fails", "waits")
		_, err = b.Do(b.t.Context(), Command{By: by, Key: who + "-react", Do: conversation.React{
			Channel: "messenger", Source: "page", Customer: conversation.Customer(who + "-psid"), ExternalID: who + "-in-3", Emoji: who,
		}})
		b.must(err)
		res, err := b.Do(b.t.Context(), Command{By: by, Do: conversation.Edit{
			Channel: "messenger", Source: "page", Customer: conversation.Customer(who + "-psid"), ExternalID: who + "-in-9", Text: who, Edits: 1,
		}})
		if b.must(err); !res.Kept {
			b.t.Fatal("an edit before its message is not kept")
		}
	}
	b.must(b.Quiet(b.t.Context()))
	if !b.holds(person) || !b.holds("other") {
		b.t.Fatal("there is nobody to be erased")
	}
}

// traces says where the bytes are: in the store, in the archive, in the state, in
// the stream and in what was logged.
func (b *eraseBed) traces(what string) []string {
	b.t.Helper()
	var out []string
	look := func(where string, data []byte) {
		if i := bytes.Index(data, []byte(what)); i >= 0 {
			out = append(out, fmt.Sprintf("%s: %.300s", where, data[max(0, i-100):]))
		}
	}
	log := b.store.logs["acme"]
	log.mu.Lock()
	for _, r := range log.records[:cap(log.records)] {
		look(fmt.Sprint("record ", r.Position), r.Data)
	}
	for _, s := range log.snapshots[:cap(log.snapshots)] {
		look(fmt.Sprint("snapshot ", s.at), bytes.Join(s.chunks, nil))
	}
	log.mu.Unlock()
	b.archive.mu.Lock()
	for name, board := range b.archive.boards {
		look("archive", fmt.Appendf(nil, "%s %v", name, board.of))
		for id, c := range board.conversations {
			look("archive", fmt.Appendf(nil, "%v %v", id, c.who))
			for _, p := range c.parts {
				look(fmt.Sprint("archive ", id), p.data)
			}
		}
	}
	b.archive.mu.Unlock()
	state, _ := stateOf(b.t, b.Board)
	look("state", state)
	b.tail.mu.Lock()
	for i := range b.tail.ring {
		e := &b.tail.ring[i]
		if e.Body != nil {
			line, err := newWriter().event(nil, &floor.Event{Seq: e.Seq, At: e.At, By: e.By, Why: e.Why, Key: e.Key, Body: e.Body})
			b.must(err)
			look("stream", line)
		}
	}
	b.tail.mu.Unlock()
	b.mu.Lock()
	look("slog", b.said.Bytes())
	b.mu.Unlock()
	return out
}

func (b *eraseBed) holds(what string) bool { return len(b.traces(what)) > 0 }

// done waits until the erasure is through.
func (b *eraseBed) done(no uint64) {
	b.t.Helper()
	for range 100 {
		e, err := b.Erasure(b.t.Context(), no)
		b.must(err)
		if !e.Done.IsZero() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.t.Fatalf("the erasure %d is not done: %v", no, b.floor.Erasures())
}

// erased checks that the one is gone and the other is as before.
func (b *eraseBed) erased() {
	b.t.Helper()
	if traces := b.traces(person); traces != nil {
		b.t.Errorf("left:\n%s", strings.Join(traces, "\n"))
	}
	c, err := b.Conversation(b.t.Context(), b.kept)
	b.must(err)
	if c.Customer != "other-psid" || c.Message(1).Text != "other wrote" {
		b.t.Errorf("the other customer's conversation: %+v", c)
	}
	ids, err := b.CustomerArchived(b.t.Context(), "page", "other-psid")
	b.must(err)
	if len(ids) == 0 {
		b.t.Error("the other customer's archived conversation is gone")
	}
	for _, err := range b.Events(b.t.Context(), "", nil) {
		if !errors.Is(err, ErrTrimmed) {
			b.t.Errorf("a reader from the beginning gets %v", err)
		}
		break
	}
	info, err := b.AgentInfo(b.t.Context(), "ann")
	b.must(err)
	if len(info.Conversations) > 1 {
		b.t.Errorf("the agent has %v", info.Conversations)
	}
}

// steps are the calls of an erasure, in their order.
var eraseSteps = []string{"append begun", "erase", "append cleared", "save", "trim", "drop", "append done"}

func TestErase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEraseBed(t)
		b.lives()
		synctest.Wait() // a snapshot may be under way
		b.mortal.arm(0, false)
		no, err := b.Administrator("root").Erase(t.Context(), "page", person+"-psid")
		b.must(err)
		b.done(no)
		if d := cmp.Diff(eraseSteps, b.mortal.noted()); d != "" {
			t.Errorf("steps (-want +got):\n%s", d)
		}
		b.erased()
		b.must(b.Close())
		b.reopen()
		b.done(no)
		b.erased()
		b.must(b.Close())
	})
}

// A crash at any step, before or after it had its effect, leaves nothing behind
// that is not erased by whoever opens the board next.
func TestEraseAcrossCrashes(t *testing.T) {
	for i, step := range eraseSteps {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s after %v", step, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newEraseBed(t)
					b.lives()
					b.mortal.arm(i+1, after)
					no, err := b.Administrator("root").Erase(t.Context(), "page", person+"-psid")
					if (err != nil) != (i == 0) {
						t.Fatalf("got %v", err)
					}
					time.Sleep(10 * time.Second)
					synctest.Wait()
					if !b.mortal.died() {
						t.Fatal("it did not die")
					}
					_ = b.Close()
					b.reopen()
					if err != nil { // who got no answer asks again
						if no, err = b.Administrator("root").Erase(t.Context(), "page", person+"-psid"); err != nil {
							t.Fatal(err)
						}
					}
					b.done(no)
					b.erased()
					b.must(b.Close())
				})
			})
		}
	}
}

// Of a customer of whom nothing is in memory the log must not say who it is: the
// archive comes first, and what fails is asked for again.
func TestEraseFromTheArchiveAlone(t *testing.T) {
	for dies := range 6 { // 0 for never; both calls of the archive are made
		t.Run(fmt.Sprint("dies ", dies), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newEraseBed(t)
				id := b.write(person, 1)
				b.serve(id, person, "first")
				b.finish(id)
				time.Sleep(2 * time.Hour)
				b.kept = b.write("other", 1)
				other := b.write("other2", 1)
				b.serve(other, "other2")
				b.finish(other)
				b.must(b.Quiet(t.Context()))
				b.mortal.arm(dies, false)
				erase := func() (uint64, error) { return b.Administrator("root").Erase(t.Context(), "page", person+"-psid") }
				no, err := erase()
				// The archive is erased again while the erasure goes on, so the third call of
				// this process and those that follow may be either's.
				if (err != nil) != (dies == 1 || dies == 2) && dies < 3 {
					t.Errorf("got %v", err)
				}
				if dies > 0 {
					time.Sleep(10 * time.Second)
					synctest.Wait()
					_ = b.Close()
					b.reopen()
					if no, err = erase(); err != nil {
						t.Fatal(err)
					}
				} else if d := cmp.Diff([]string{"erase", "append begun"}, b.mortal.noted()[:2]); d != "" {
					t.Errorf("steps (-want +got):\n%s", d)
				}
				b.done(no)
				if traces := b.traces(person); traces != nil {
					t.Errorf("left:\n%s", strings.Join(traces, "\n"))
				}
				b.must(b.Close())
			})
		})
	}
}

// An erasure is a success for whoever there is nothing of, and twice; what the
// customer writes afterwards is new.
func TestEraseTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEraseBed(t)
		b.lives()
		root := b.Administrator("root")
		first, err := root.Erase(t.Context(), "page", person+"-psid")
		b.must(err)
		for _, who := range []conversation.Customer{person + "-psid", "nobody"} {
			no, err := root.Erase(t.Context(), "page", who)
			b.must(err)
			b.done(no)
		}
		if _, err := root.Erase(t.Context(), "nowhere", "nobody"); err != nil {
			t.Error(err)
		}
		b.done(first)
		b.erased()
		// A redelivery of what was erased does not bring it back.
		in := conversation.Inbound{Channel: "messenger", Source: "page", Customer: person + "-psid", ExternalID: person + "-in-3", Text: "hello"}
		if _, err := b.Receive(t.Context(), in); err != nil {
			t.Error(err)
		}
		if traces := b.traces(person); traces != nil {
			t.Errorf("redelivered:\n%s", strings.Join(traces, "\n"))
		}
		again := b.write(person, 4)
		c, err := b.Conversation(t.Context(), again)
		b.must(err)
		if c.Previous != 0 || c.Earlier() != 0 || len(c.Messages) != 1 {
			t.Errorf("the new conversation is %+v", c)
		}
		b.must(b.Close())
	})
}

func TestEraseRefused(t *testing.T) {
	b := newSnapshotBed(t, NewMemoryStore(), -1).configured()
	root := Actor{Role: agent.Administrator, ID: "root"}
	valid := routing.Erase{Source: "page", Customer: "1234"}
	for _, tc := range []struct {
		name string
		cmd  Command
		want error
	}{
		{"agent", Command{By: Actor{Role: agent.Self, ID: "ann"}, Do: valid}, conversation.ErrNotAllowed},
		{"supervisor", Command{By: Actor{Role: agent.Supervisor, ID: "sue"}, Do: valid}, conversation.ErrNotAllowed},
		{"customer", Command{By: Actor{Role: agent.Customer, ID: "1234"}, Do: valid}, conversation.ErrNotAllowed},
		{"named like the customer", Command{By: Actor{Role: agent.Platform, ID: "page:1234"}, Do: valid}, conversation.ErrNotAllowed},
		{"why", Command{By: root, Why: "1234 asked for it", Do: valid}, conversation.ErrCommand},
		{"key", Command{By: root, Key: "erase 1234", Do: valid}, conversation.ErrCommand},
		{"no customer", Command{By: root, Do: routing.Erase{Source: "page"}}, conversation.ErrCommand},
		{"no source", Command{By: root, Do: routing.Erase{Customer: "1234"}}, conversation.ErrCommand},
		{"long", Command{By: root, Do: routing.Erase{Source: "page", Customer: conversation.Customer(strings.Repeat("x", 513))}}, conversation.ErrCommand},
		{"pointer", Command{By: root, Do: &valid}, ErrCommand},
	} {
		_, err := b.Do(t.Context(), tc.cmd)
		if !errors.Is(err, tc.want) || strings.Contains(fmt.Sprint(err), "1234") {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	if len(b.floor.Erasures()) != 0 {
		t.Error("something was begun")
	}
	if _, err := b.Erasure(t.Context(), 7); !errors.Is(err, routing.ErrUnknown) {
		t.Errorf("an unknown erasure: %v", err)
	}
}

// Where the log can forget nothing it is said so before anything is done.
func TestEraseNeedsAbilities(t *testing.T) {
	for name, store := range map[string]Store{"none": plain{NewMemoryStore()}, "unsupported": &unable{Store: NewMemoryStore()}} {
		b := newSnapshotBed(t, store, -1).configured()
		_, err := b.Administrator("root").Erase(t.Context(), "page", "eve")
		var missing *ForgetError
		if !errors.As(err, &missing) || !errors.Is(err, errors.ErrUnsupported) {
			t.Fatalf("%s: got %v", name, err)
		}
		if d := cmp.Diff([]string{"Snapshotter", "Trimmer"}, missing.Missing); d != "" {
			t.Errorf("%s: missing (-want +got):\n%s", name, d)
		}
	}
	own, err := Open(t.Context(), Config{Name: "acme"}) // nobody else can open it
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if _, err := own.Administrator("root").Erase(t.Context(), "page", "eve"); err != nil {
		t.Error(err)
	}
}

// unable is a store whose logs have the methods of the abilities and not the
// abilities.
type unable struct{ Store }

type unableLog struct{ Log }

func (u *unable) Open(ctx context.Context, board string) (Log, error) {
	log, err := u.Store.Open(ctx, board)
	return unableLog{log}, err
}

func (unableLog) SaveSnapshot(context.Context, Position, iter.Seq2[[]byte, error]) error {
	return errors.ErrUnsupported
}

func (unableLog) LoadSnapshot(context.Context, int) (Position, iter.Seq2[[]byte, error], error) {
	return 0, nil, errors.ErrUnsupported
}

func (unableLog) DropSnapshots(context.Context, Position) error { return errors.ErrUnsupported }
func (unableLog) Trim(context.Context, Position) error          { return errors.ErrUnsupported }

// What was on its way to the archive does not come back when it arrives.
func TestEraseWhileArchiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEraseBed(t)
		b.kept = b.write("other", 1)
		id := b.write(person, 1)
		b.serve(id, person, "first")
		b.finish(id)
		slow := make(chan struct{})
		b.mortal.mu.Lock()
		b.mortal.hold = slow
		b.mortal.mu.Unlock()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if _, _, due := b.floor.ToArchive(id); !due {
			t.Fatal("it is not on its way")
		}
		no, err := b.Administrator("root").Erase(t.Context(), "page", person+"-psid")
		b.must(err)
		b.done(no)
		close(slow)
		b.must(b.Quiet(t.Context()))
		if traces := b.traces(person); traces != nil {
			t.Errorf("left:\n%s", strings.Join(traces, "\n"))
		}
		b.must(b.Close())
	})
}

// A message that is being sent is given up; what becomes of it is not recorded.
func TestEraseWhileSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEraseBed(t)
		id := b.write(person, 1)
		b.serve(id, person)
		for _, text := range []string{"hangs", "waits behind it"} {
			_, err := b.Agent("ann").Send(t.Context(), id, person+" "+text)
			b.must(err)
		}
		synctest.Wait()
		no, err := b.Administrator("root").Erase(t.Context(), "page", person+"-psid")
		b.must(err)
		time.Sleep(time.Minute) // the transport answers
		b.done(no)
		b.must(b.Quiet(t.Context()))
		if traces := b.traces(person); traces != nil {
			t.Errorf("left:\n%s", strings.Join(traces, "\n"))
		}
		if info, err := b.AgentInfo(t.Context(), "ann"); err != nil || info.Load.Live+info.Load.Wrapping != 0 || info.Free != 9 {
			t.Errorf("the agent is %+v, %v", info.Load, err)
		}
		b.must(b.Close())
	})
}

// A Board without an archive, beside one that has one, keeps nothing of what that
// one archives.
func TestOthersArchiveLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEraseBed(t)
		other, err := Open(t.Context(), Config{Name: "acme", Node: "other", Store: b.store, Clock: clock.New()})
		b.must(err)
		for i := range 5 {
			who := fmt.Sprint("c", i)
			id := b.write(who, 1)
			b.serve(id, who)
			b.finish(id)
		}
		time.Sleep(2 * time.Hour)
		b.must(b.Quiet(t.Context()))
		_, err = other.Watch(t.Context())
		b.must(err)
		if n := len(other.archives.others); n > 0 {
			t.Errorf("it keeps %d conversations that are archived", n)
		}
		b.must(other.Close())
		b.must(b.Close())
	})
}
