package walktest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/storage/storagetest"
	"github.com/switchboard-go/switchboard/wrapup"
)

func configure() any { return routing.Configure{Setup: setup()} }

// repair starts again the Boards that serve no more because they have read a
// damaged record, and waits until nothing is being sent.
func (w *world) repair(o *operator) {
	for i, n := range w.nodes {
		l := n.life.Load()
		if l == nil {
			w.fail("%s does not run", n.name)
			continue
		}
		err := l.board.Quiet(context.Background())
		if errors.Is(err, switchboard.ErrClosed) && w.c.Faults.Damage {
			o.restart(i, n.stop(), time.Second)
			<-o.coming[i]
			o.coming[i] = nil
		} else if err != nil {
			w.fail("%s is not quiet: %v", l, err)
		}
	}
}

// together compares all Boards at one place in the log.
func (w *world) together(o *operator) {
	if w.t.Failed() {
		return
	}
	ctx := context.Background()
	for try := 0; ; try++ {
		// A deadline may pass on one, whose clock is ahead, after another was asked.
		o.at.sleep(ctx, 10*time.Millisecond)
		snapshots := make([]switchboard.Snapshot, len(w.nodes))
		same := true
		for i, n := range w.nodes {
			s, err := n.life.Load().board.Watch(ctx)
			if err != nil {
				w.fail("Watch at %s: %v", n.name, err)
				return
			}
			s.Now = time.Time{} // by its own clock
			snapshots[i] = s
			same = same && s.Cursor == snapshots[0].Cursor
		}
		if !same {
			if try > 200 {
				w.fail("the Boards do not come together")
				return
			}
			continue
		}
		for i := range snapshots[1:] {
			if diff := cmp.Diff(snapshots[0], snapshots[i+1], cmpopts.EquateComparable(routing.Pace{}), cmpopts.EquateEmpty()); diff != "" {
				w.fail("%s and %s differ (-first +this):\n%s", w.nodes[0].name, w.nodes[i+1].name, diff)
			}
		}
		break
	}
	if w.c.Look == nil {
		return
	}
	for _, n := range w.nodes {
		err := w.c.Look(ctx, n.life.Load().board, func(f *floor.Floor) {
			if err := floor.Check(f); err != nil {
				w.fail("%s: %v", n.name, err)
			}
		})
		if err != nil {
			w.fail("%s: %v", n.name, err)
		}
	}
}

// result reads the whole log and holds it against what the callers know, and
// against what really arrived.
func (w *world) result(o *operator, follower *reader) *Result {
	slices.Sort(w.trace) // of several at one instant, by whom they were made
	r := &Result{Stored: w.store.all(), Calls: w.trace, Counts: w.count}
	for _, c := range w.callers {
		r.Ops = append(r.Ops, c.ops...)
	}
	if w.t.Failed() {
		return r
	}
	for try := 0; ; try++ {
		r.Stored, r.Events = w.store.all(), w.events()
		// A deadline may pass while this looks.
		if w.checkReplay(r) || w.t.Failed() || try > 100 {
			break
		}
	}
	w.checkOps(r)
	w.checkSends(r)
	w.checkReader(r, follower)
	w.checkErasures(r)
	w.counts(o, r)
	return r
}

// counts puts together what happened in the run.
func (w *world) counts(o *operator, r *Result) {
	for _, l := range o.lives {
		l.link.each(func(f *storagetest.Faults) {
			c := f.Counts()
			for what, n := range map[string]int{ // order-free: added up
				"refused appends": c.Refused, "late appends": c.Late, "delivered late": c.Delivered, "too late": c.TooLate,
				"lost replies": c.Lost, "failed calls": c.Failed, "store away": c.Away, "hung calls": c.Hung, "damaged": c.Corrupted,
			} {
				w.tally(what, n)
			}
		})
	}
	for _, e := range r.Events {
		w.tally(switchboard.KindOf(e.Body), 1)
	}
	for _, op := range r.Ops {
		w.tally(fmt.Sprintf("%T %s", op.Command, [...]string{"", "done", "refused", "not done", "unknown"}[op.Outcome]), 1)
	}
}

// events reads the log through a Board on a copy of it that nobody trims.
func (w *world) events() []switchboard.Event {
	ctx := context.Background()
	stored := w.store.all()
	last := 0
	for _, s := range stored {
		for i := range s.Events {
			if s.Events[i] == '\n' {
				last++
			}
		}
	}
	b, err := switchboard.Open(ctx, switchboard.Config{Name: "walk", Node: "copy", Store: w.store.whole, Clock: w.clockOf(w.random("copy", 0))})
	if err != nil {
		w.fail("the copy does not open: %v", err)
		return nil
	}
	defer b.Close()
	var out []switchboard.Event
	for e, err := range b.Events(ctx, "", nil) {
		if err != nil {
			w.fail("the copy's events: %v", err)
			return nil
		}
		if out = append(out, e); len(out) == last {
			break
		}
	}
	return out
}

// checkOps: every acknowledged command is in the log once, within its call, and
// no refused one is.
func (w *world) checkOps(r *Result) {
	at, n := make(map[string]time.Time), 0
	for _, s := range r.Stored {
		for range countLines(s.Events) {
			e := r.Events[n]
			n++
			if e.Why == "" {
				continue
			}
			// What a command does is in one record.
			if was, before := at[e.Why]; before && !was.Equal(s.At) {
				w.fail("command %s is in the log twice: %T%+v", e.Why, e.Body, e.Body)
			}
			at[e.Why] = s.At
			if e.Key != "" && e.Key != e.Why {
				w.fail("the event of command %s has the key %s", e.Why, e.Key)
			}
		}
	}
	for i := 0; i < len(r.Ops); {
		first, last := r.Ops[i], r.Ops[i]
		doubt, same := false, true
		for ; i < len(r.Ops) && r.Ops[i].Mark == first.Mark; i++ {
			last = r.Ops[i]
			doubt, same = doubt || last.Outcome == Unknown, same && last.Node == first.Node
		}
		stored, found := at[first.Mark]
		switch {
		case last.Outcome == Done && !found && (first.Keyed || leavesEvents(last)):
			w.fail("%s %T%+v was acknowledged and is not in the log", first.Mark, first.Command, first.Command)
		case last.Outcome == Done && found && (stored.Before(first.Call) || stored.After(last.Return)):
			w.fail("%s was stored at %v, and called from %v to %v", first.Mark, stored, first.Call, last.Return)
		case found && !doubt && last.Outcome != Done:
			w.fail("%s %T%+v was not carried out (%v) and is in the log", first.Mark, first.Command, first.Command, last.Err)
		case found && last.Outcome == Refused && same: // a Board that was in doubt must not be when it refuses
			w.fail("%s %T%+v was refused at last (%v) and is in the log", first.Mark, first.Command, first.Command, last.Err)
		case found && stored.Before(first.Call):
			w.fail("%s was stored before it was called", first.Mark)
		}
	}
}

// leavesEvents reports whether a success of the command, without a key, cannot
// have been for want of anything to do.
func leavesEvents(op Op) bool {
	switch op.Command.(type) {
	case conversation.Write, conversation.TransferToAgent, conversation.TransferToQueue, conversation.Invite, conversation.Decline,
		conversation.SubmitWrapUp, conversation.ExtendWrapUp, conversation.Leave:
		return true
	case conversation.Inbound:
		return !op.Result.Duplicate
	}
	return false
}

func countLines(s string) (n int) {
	for i := range s {
		if s[i] == '\n' {
			n++
		}
	}
	return n
}

// checkSends: what the log says of each message is what became of it.
func (w *world) checkSends(r *Result) {
	status := make(map[string]conversation.SendSettled)
	at := make(map[string]time.Time)
	doubt, erased := make(map[string]bool), make(map[conversation.ID]bool)
	taken := make(map[conversation.ID]bool)
	n := 0
	for _, stored := range r.Stored {
		for range countLines(stored.Events) {
			switch s := r.Events[n].Body.(type) {
			case routing.ErasureBegun:
				for _, id := range s.Conversations {
					erased[id] = true
				}
			case conversation.LaneTaken: // its holder may not have been able to say what it knows
				taken[s.Conversation] = true
			case conversation.SendSettled:
				key := conversation.SendKey(s.Conversation, s.No)
				doubt[key] = taken[s.Conversation]
				delete(taken, s.Conversation)
				if was, twice := status[key]; twice && was.Status != conversation.StatusUnknown {
					w.fail("message %s is settled twice: %+v, %+v", key, was, s)
				}
				status[key], at[key] = s, stored.At
			}
			n++
		}
	}
	for _, key := range sortedKeys(w.channel.of) {
		of := w.channel.of[key]
		arrived, flying := of.landed(time.Now())
		s, settled := status[key]
		id, _, _ := conversation.ParseSendKey(key)
		switch {
		case flying > 0:
			w.fail("message %s is still on its way", key)
		case arrived > 1:
			w.fail("message %s has arrived %d times", key, arrived)
		case !settled && erased[id]: // on its way when its customer was erased
		case !settled:
			w.fail("message %s was sent and is not settled", key)
		case s.Status == conversation.StatusSent && arrived != 1,
			s.Status == conversation.StatusFailed && arrived != 0:
			w.fail("message %s is %v, and has arrived %d times", key, s.Status, arrived)
		case !w.c.Settles && of.ambiguous && s.Status != conversation.StatusUnknown:
			w.fail("message %s is %v, and nobody can know", key, s.Status)
		case s.Status == conversation.StatusUnknown && !of.doubtful(at[key]) && !doubt[key]:
			w.fail("message %s is unknown, and its node could know", key)
		}
	}
}

// checkReplay reports whether every Board is where the log ends: a fresh floor that replays the log is what every Board is, and on
// the way nobody comes to hold more than it may.
func (w *world) checkReplay(r *Result) (same bool) {
	f := floor.New(floor.Config{Load: time.LoadLocation, Node: "replay"})
	held := floor.Taken(f)
	left := make(map[conversation.ID]conversation.Conversation)
	for i, e := range r.Events {
		if e.Seq != uint64(i+1) || i > 0 && e.At.Before(r.Events[i-1].At) {
			w.fail("event %d at %v comes after %d at %v", e.Seq, e.At, i, r.Events[i-1].At)
		}
		if b, ok := e.Body.(conversation.Forgotten); ok {
			if v, err := f.Conversation(b.Conversation); err == nil {
				left[b.Conversation] = v
			}
		}
		f.Apply(&floor.Event{Seq: e.Seq, At: e.At, By: e.By, Why: e.Why, Key: e.Key, Body: e.Body})
		f.Commit()
		if err := floor.CheckSlots(f, held); err != nil {
			w.fail("event %d: %v", e.Seq, err)
		}
		held = floor.Taken(f)
	}
	w.checkArchive(r, left)
	same = true
	if w.c.Look == nil {
		return same
	}
	want := f.State()
	for _, n := range w.nodes {
		err := w.c.Look(context.Background(), n.life.Load().board, func(live *floor.Floor) {
			got := live.State()
			want.Seen, want.Keys = got.Seen, got.Keys // they go by the time of now
			if got.Seq == want.Seq && !reflect.DeepEqual(want, got) {
				w.fail("%s is not what its log says (-replayed +live):\n%s", n.name,
					cmp.Diff(want, got, cmpopts.EquateComparable(routing.Pace{}, wrapup.WrapUp{})))
			}
			same = same && got.Seq == want.Seq
		})
		if err != nil {
			w.fail("%s: %v", n.name, err)
		}
	}
	return same
}

// checkReader: what the reader of the stream got is the log.
func (w *world) checkReader(r *Result, follower *reader) {
	seen := follower.seen
	if len(seen) < len(r.Events)*9/10 && !w.c.trims() {
		w.fail("the reader has %d events of %d", len(seen), len(r.Events))
	}
	for _, e := range seen {
		if e.Seq > uint64(len(r.Events)) || !reflect.DeepEqual(e.Body, r.Events[e.Seq-1].Body) {
			w.fail("the reader has another event %d: %+v", e.Seq, e.Body)
		}
	}
}
