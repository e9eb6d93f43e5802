package floor

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// walkLength is how many commands are made up for one seed.
const walkLength = 1000

func walkNumber(t *testing.T, name string, otherwise int) int {
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q is not a number", name, v)
	}
	return n
}

// TestRandomWalk makes up commands and passing time and holds the floor against
// everything that must be true after each. SWITCHBOARD_WALK is the number of
// commands, SWITCHBOARD_SEED picks one seed.
func TestRandomWalk(t *testing.T) {
	if seed := walkNumber(t, "SWITCHBOARD_SEED", -1); seed >= 0 {
		takeWalk(t, uint64(seed), walkLength)
		return
	}
	commands := walkNumber(t, "SWITCHBOARD_WALK", 20_000)
	done := make(map[string]int)
	for seed := 0; seed*walkLength < commands; seed++ {
		if takeWalk(t, uint64(seed), walkLength, done); t.Failed() {
			return
		}
	}
	if testing.Verbose() {
		for _, name := range slices.Sorted(maps.Keys(done)) {
			t.Logf("%7d %s", done[name], name)
		}
	}
	for _, k := range []any{
		agent.StateChanged{}, agent.IdlePending{}, agent.IdleCancelled{}, agent.Connected{}, agent.Dropped{}, agent.GraceRestarted{},
		agent.AttributesSet{}, conversation.Opened{}, conversation.Moved{}, conversation.OfferMade{}, conversation.OfferEnded{},
		conversation.OfferRestarted{}, conversation.Accepted{}, conversation.TransferRequested{}, conversation.TransferCancelled{},
		conversation.OwnerChanged{}, conversation.WrapUpStarted{}, conversation.WrapUpExtended{}, conversation.WrapUpUnlimited{},
		conversation.SeatEnded{}, conversation.Interruption{}, conversation.Ending{}, conversation.CustomerReturned{},
		conversation.Completed{}, conversation.Forgotten{}, conversation.MessageAdded{}, conversation.MessageEdited{},
		conversation.MessageUnsent{}, conversation.Reacted{}, conversation.ReceiptAdvanced{}, conversation.SendSettled{},
		conversation.SendDeferred{}, conversation.SendDue{}, conversation.LaneTaken{}, conversation.PriorityChanged{},
		conversation.NeedsRelaxed{}, conversation.PreferenceDropped{}, conversation.ExclusionOver{}, conversation.AttributesSet{},
		conversation.ArchiveDue{}, conversation.TranscriptCut{}, conversation.MessageEmptied{},
		routing.QueueSet{}, routing.QueueDeleted{}, routing.QueueOpened{}, routing.QueueClosed{}, routing.QueueSwept{}, routing.TeamSet{},
		routing.AgentSet{}, routing.AgentDeleted{}, routing.SourceSet{}, routing.SourceRemoved{},
		routing.SourceSwept{}, routing.SettingsSet{}, routing.Outage{}, routing.OutageOver{}, routing.NodeAlive{},
		routing.ErasureBegun{}, routing.ErasureCleared{}, routing.ErasureDone{}, routing.ChangeKept{},
	} {
		if name := fmt.Sprintf("%T", k); done[name] == 0 && commands >= 10_000 {
			t.Errorf("%s never happened", name)
		}
	}
}

// walk is one floor that is led through a story, and a second one that only
// ever replays what was committed.
type walk struct {
	storyteller
	t      *testing.T
	seed   uint64
	step   int
	shadow *Floor
	log    []Event
	counts map[string]int
	got    map[string]place       // accepted inbound messages
	missed map[agent.ID]time.Time // when an agent last let an offer expire
	misses map[agent.ID]int       // how many in a row
	last   time.Time              // of the step before
	image  *image                 // a snapshot that is under way
}

type place struct {
	conversation conversation.ID
	message      int
}

// zones are the time zones that were loaded: reading them from disk each time
// would take most of a walk.
var zones = make(map[string]*time.Location)

func loadZone(name string) (*time.Location, error) {
	if l := zones[name]; l != nil {
		return l, nil
	}
	l, err := time.LoadLocation(name)
	zones[name] = l
	return l, err
}

// newWalkFloor returns a floor for a walk: every other seed has an archive, and
// some have short transcripts.
func newWalkFloor(seed uint64) *Floor {
	c := Config{Load: loadZone, Node: "n1", Archive: seed%2 == 1, Lease: Lease{
		Shared: func() bool { return true }, Enough: 20 * time.Second, For: 30 * time.Second, Skew: 2 * time.Second,
	}}
	if seed%4 < 2 {
		c.InMemory = 6
	}
	return New(c)
}

// walkStart is two days before the clocks in Prague go forward.
var walkStart = time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC)

func takeWalk(t *testing.T, seed uint64, commands int, counts ...map[string]int) {
	t.Helper()
	w := &walk{
		storyteller: storyteller{rng: rand.New(rand.NewPCG(seed, 1)), f: newWalkFloor(seed), now: walkStart},
		t:           t, seed: seed, shadow: newWalkFloor(seed), counts: make(map[string]int),
		got: make(map[string]place), missed: make(map[agent.ID]time.Time), misses: make(map[agent.ID]int),
	}
	if len(counts) > 0 {
		w.counts = counts[0]
	}
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("SWITCHBOARD_SEED=%d, step %d: panic: %v", seed, w.step, r)
			panic(r)
		}
	}()
	w.take(Command{By: admin, Body: routing.Configure{Setup: w.first()}})
	for w.step = 1; w.step <= commands && !t.Failed(); w.step++ {
		w.pass()
		w.take(w.command())
		if w.step%500 == 0 {
			w.replay()
		}
		w.snapshot()
	}
	w.replay()
}

// first is a setup that is certain to be valid and to have everybody.
func (w *walk) first() routing.Setup {
	for {
		s := w.setup()
		if len(s.Queues) >= 5 && len(s.Sources) == len(sourceIDs) && len(s.Validate(loadZone)) == 0 {
			return s
		}
	}
}

func (w *walk) fail(format string, args ...any) {
	w.t.Helper()
	for _, e := range w.log[max(0, len(w.log)-30):] {
		w.t.Logf("%d %s %v %T %.300v", e.Seq, e.At.Format("02 15:04:05.000"), e.By, e.Body, fmt.Sprintf("%+v", e.Body))
	}
	w.t.Fatalf("SWITCHBOARD_SEED=%d, step %d: %s", w.seed, w.step, fmt.Sprintf(format, args...))
}

// pass lets time go by.
func (w *walk) pass() {
	span := pick(&w.storyteller, 0, 0, 0, 0, 0, time.Second, time.Second, 3*time.Second, 10*time.Second, 30*time.Second)
	switch w.rng.IntN(1000) {
	case 0, 1, 2, 6, 7, 8:
		span = 10 * time.Minute
	case 3, 4:
		span = 5 * time.Hour
	case 5:
		span = 50 * time.Hour
	}
	if span > 0 && w.chance(20) {
		span = time.Duration(w.rng.Int64N(int64(span))) + 1
	}
	w.now = w.now.Add(span)
}

func drain(f *Floor, now time.Time) {
	for n := 0; f.Advance(now); n++ {
		if n > 100_000 {
			panic("time does not go on")
		}
	}
}

// act does what the step does: perhaps an outage, then the command at its time.
func (w *walk) act(f *Floor, cmd Command, outage bool) (Result, error) {
	if outage { // nobody has served since the last step
		drain(f, w.last)
		f.Outage(w.now)
	}
	drain(f, w.now)
	before := len(f.Events())
	var state State
	if w.step%16 == 0 {
		state = f.State()
	}
	res, err := f.Do(w.now, cmd)
	if err != nil {
		if n := len(f.Events()); n != before {
			w.fail("%T%+v was refused with %v, and left %d events", cmd.Body, cmd.Body, err, n-before)
		}
		if w.step%16 == 0 {
			w.same("after a refusal", state, f.State())
		}
	}
	drain(f, w.now)
	return res, err
}

func (w *walk) same(when string, want, got State) {
	w.t.Helper()
	if !reflect.DeepEqual(want, got) {
		diff := cmp.Diff(want, got, cmpopts.EquateComparable(routing.Pace{}, wrapup.WrapUp{}))
		w.fail("%s (-want +got):\n%s", when, diff)
	}
}

// state is the state as of now, though the floor may not have been taken there.
func (w *walk) state(f *Floor) State {
	s := f.State()
	s.Seen, s.Keys, s.Early = f.seen.size(w.now), f.keys.size(w.now), f.early.size(w.now)
	return s
}

// take does one step and holds everything against what must be true.
func (w *walk) take(cmd Command) {
	w.t.Helper()
	outage := w.step > 0 && w.rng.IntN(60) == 0 && w.now.After(w.last)
	if w.chance(15) { // a batch that comes to nothing
		before := w.f.State()
		_, _ = w.act(w.f, cmd, outage)
		if w.chance(30) {
			_, _ = w.act(w.f, cmd, false)
		}
		w.f.Undo()
		w.same("after Undo", before, w.f.State())
		if err := Check(w.f); err != nil {
			w.fail("after Undo of %T%+v: %v", cmd.Body, cmd.Body, err)
		}
	}
	var replica []Event
	if w.chance(15) { // one that has only replayed decides the same
		_, _ = w.act(w.shadow, cmd, outage)
		replica = append([]Event{}, w.shadow.Events()...)
		if err := Check(w.shadow); err != nil {
			w.fail("on the replica, after %T%+v: %v", cmd.Body, cmd.Body, err)
		}
		after := w.state(w.shadow)
		w.shadow.Undo()
		if w.chance(40) { // taken back, and taken in again from the log
			for i := range replica {
				w.shadow.Apply(&replica[i])
			}
			w.same("taken in again", after, w.state(w.shadow))
			if err := Check(w.shadow); err != nil {
				w.fail("on the replica, taken in again: %v", err)
			}
			w.shadow.Undo()
		}
	}
	res, err := w.act(w.f, cmd, outage)
	if replica != nil && !reflect.DeepEqual(replica, append([]Event{}, w.f.Events()...)) {
		w.fail("%T%+v: a replica decides otherwise (-replica +floor):\n%s", cmd.Body, cmd.Body,
			cmp.Diff(replica, w.f.Events(), cmpopts.EquateComparable(routing.Pace{})))
	}
	for i := range w.f.Events() {
		w.observe(&w.f.Events()[i])
	}
	w.shadow.Commit()
	w.f.Commit()
	if err := Check(w.f); err != nil {
		w.fail("after %T%+v: %v", cmd.Body, cmd.Body, err)
	}
	if w.chance(10) {
		if err := Check(w.shadow); err != nil {
			w.fail("on the replica: %v", err)
		}
		w.same("on the replica", w.state(w.f), w.state(w.shadow))
	}
	w.last = w.now
	if _, ok := cmd.Body.(routing.Command); ok {
		setup := w.f.Setup()
		if p := setup.Validate(loadZone); len(p) > 0 {
			w.fail("the setup is not valid: %v", p)
		}
	}
	if err == nil {
		w.noteInbound(cmd, res)
	} else {
		w.typed(cmd, err)
	}
}

// observe applies an event to the replica and checks what can only be seen as it
// happens.
func (w *walk) observe(e *Event) {
	w.t.Helper()
	w.log = append(w.log, *e)
	w.counts[fmt.Sprintf("%T", e.Body)]++
	if n := len(w.log); e.Seq != uint64(n) || n > 1 && e.At.Before(w.log[n-2].At) {
		w.fail("event %d at %v comes after %d at %v", e.Seq, e.At, w.log[n-2].Seq, w.log[n-2].At)
	}
	switch b := e.Body.(type) {
	case conversation.OfferMade:
		if err := checkOffer(w.shadow, e, b); err != nil {
			w.fail("offer %d of %v to %q: %v", e.Seq, b.Conversation, b.Agent, err)
		}
		if o := w.shadow.outage; e.At.Before(o.To) && !e.At.Before(o.From) && b.Kind == conversation.FromQueue {
			w.fail("offer %d is made in the outage from %v to %v", e.Seq, o.From, o.To)
		}
	case conversation.OfferEnded:
		if b.Outcome == conversation.Expired {
			w.missed[b.Agent] = e.At
			if d := w.shadow.convs.get(b.Conversation).v.Offer.Deadline.At; !d.Equal(e.At) {
				w.fail("event %d: the offer expired at %v, its deadline is %v", e.Seq, e.At, d)
			}
		}
	case agent.StateChanged:
		if at, ok := w.missed[b.Agent]; b.State == agent.RONA && (!ok || !at.Equal(e.At)) {
			w.fail("event %d: agent %q is RONA and let nothing expire", e.Seq, b.Agent)
		}
		switch {
		case b.State == agent.SignedOut:
			w.misses[b.Agent] = 0
		case b.State == agent.RONA || b.Cause == agent.MissedOften:
			w.misses[b.Agent]++
		}
		if n := w.misses[b.Agent]; b.Misses != n {
			w.fail("event %d: agent %q has missed %d in a row, not %d", e.Seq, b.Agent, n, b.Misses)
		}
	case conversation.Accepted:
		w.misses[b.Agent] = 0
	case routing.ErasureBegun:
		w.erase(b)
	case conversation.Ending:
		if b.Cause == conversation.EndedSource && !w.shadow.sources[w.shadow.convs.get(b.Conversation).v.Source].removed {
			w.fail("event %d: the source is there", e.Seq)
		}
	}
	before := Taken(w.shadow)
	w.shadow.Apply(e)
	if err := CheckSlots(w.shadow, before); err != nil {
		w.fail("event %d: %v", e.Seq, err)
	}
}

// erase makes sure that all conversations of one customer are erased and no other.
func (w *walk) erase(b routing.ErasureBegun) {
	w.t.Helper()
	if len(b.Conversations) == 0 {
		return
	}
	first := w.shadow.convs.get(b.Conversations[0]).v
	var theirs []conversation.ID
	for _, id := range w.shadow.convIDs() {
		if c := &w.shadow.convs.get(id).v; c.Source == first.Source && c.Customer == first.Customer {
			theirs = append(theirs, id)
			if c.State != conversation.Ended {
				w.fail("%v is erased while it is %v", id, c.State)
			}
		}
	}
	if !slices.Equal(theirs, b.Conversations) {
		w.fail("%v are erased, the customer has %v", b.Conversations, theirs)
	}
}

// noteInbound remembers an accepted message, and checks that it is where the
// answer says.
func (w *walk) noteInbound(cmd Command, res Result) {
	w.t.Helper()
	in, ok := cmd.Body.(conversation.Inbound)
	if !ok || cmd.Key != "" && res.Duplicate {
		return
	}
	k := string(in.Channel) + " " + string(in.Source) + " " + in.ExternalID
	p := place{res.Conversation, res.Message}
	was, known := w.got[k]
	if c := w.f.convs.get(p.conversation); res.Duplicate && !known && c != nil {
		// The channel's ids are one space: this one was written past the Board.
		if m := c.v.Message(p.message); m != nil && m.ExternalID == in.ExternalID && m.Author.Kind != conversation.FromCustomer {
			return
		}
	}
	if res.Duplicate && (!known || was != p) {
		w.fail("message %q is said to be known at %v, it is at %v", in.ExternalID, p, was)
	}
	if !res.Duplicate && known {
		if at := w.log[was.conversation-1].At; w.now.Sub(at) < conversation.Horizon {
			w.fail("message %q is taken again, %v after it was at %v", in.ExternalID, w.now.Sub(at), was)
		}
	}
	if !res.Duplicate {
		w.got[k] = p
	}
	if c := w.f.convs.get(p.conversation); c != nil {
		if m := c.v.Message(p.message); p.message > c.v.Earlier() && m == nil || m != nil && (m.ExternalID != in.ExternalID || m.Author.Kind != conversation.FromCustomer) {
			w.fail("message %q is not at %v", in.ExternalID, p)
		}
	} else if !res.Duplicate {
		w.fail("message %q is in no conversation: %v", in.ExternalID, p)
	}
}

// typed makes sure that a refusal can be told from others.
func (w *walk) typed(cmd Command, err error) {
	w.t.Helper()
	for _, kind := range []error{
		ErrActor, ErrKey, ErrCommand, agent.ErrNotAllowed, agent.ErrState, conversation.ErrNotAllowed, conversation.ErrCommand,
		conversation.ErrState, conversation.ErrInbound, conversation.ErrStale, conversation.ErrPriority, routing.ErrUnknown,
		ErrArchiveFirst, routing.ErrRemoved, routing.ErrSetup, routing.ErrInUse, routing.ErrTarget, ErrLaneLost,
	} {
		if errors.Is(err, kind) {
			return
		}
	}
	var ofAgent *agent.Refusal
	var ofConversation *conversation.Refusal
	if !errors.As(err, &ofAgent) && !errors.As(err, &ofConversation) {
		w.fail("%T%+v: the refusal has no type: %v", cmd.Body, cmd.Body, err)
	}
}

// replay makes a new floor of the log and puts it in the place of the replica.
func (w *walk) replay() {
	w.t.Helper()
	if w.t.Failed() {
		return
	}
	fresh := newWalkFloor(w.seed)
	for i := range w.log {
		fresh.Apply(&w.log[i])
		if i%7 == 0 {
			fresh.Commit()
		}
	}
	fresh.Commit()
	w.same("after a replay", w.state(w.f), w.state(fresh))
	if err := Check(fresh); err != nil {
		w.fail("after a replay: %v", err)
	}
	for k, p := range w.got {
		if c := fresh.convs.get(p.conversation); c != nil && p.message > c.v.Earlier() && c.v.Message(p.message) == nil {
			w.fail("message %q is not at %v any more", k, p)
		}
	}
	w.shadow = fresh
}
