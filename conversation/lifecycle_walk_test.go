package conversation_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// lifecycleCommands returns one command of each kind that this half of the
// state machine decides, about the conversation.
func lifecycleCommands(id conversation.ID) []conversation.Command {
	return []conversation.Command{
		conversation.MakeOffer{Conversation: id, Agent: "ann"},
		conversation.Accept{Conversation: id, Agent: "ann"},
		conversation.Decline{Conversation: id, Agent: "ann"},
		conversation.EndOffer{Conversation: id, Outcome: conversation.Expired},
		conversation.Requeue{Conversation: id, Wait: conversation.Wait{Queue: "night"}},
		conversation.TransferToQueue{Conversation: id, Agent: "ann", Queue: "night"},
		conversation.TransferToAgent{Conversation: id, Agent: "ann", To: "bob"},
		conversation.CancelTransfer{Conversation: id, Agent: "ann"},
		conversation.Invite{Conversation: id, Agent: "ann", To: "bob"},
		conversation.CancelInvite{Conversation: id, Agent: "ann"},
		conversation.Leave{Conversation: id, Agent: "ann"},
		conversation.Remove{Conversation: id, Agent: "ann", Who: "bob"},
		conversation.DropSeat{Conversation: id, Agent: "ann", Cause: conversation.CloseGone},
		conversation.End{Conversation: id, Agent: "ann"},
		conversation.Hangup{Channel: "messenger", Source: "page", Customer: "cust"},
		conversation.Finish{Conversation: id, Cause: conversation.EndedClosed},
		conversation.Interrupt{Conversation: id},
		conversation.SubmitWrapUp{Conversation: id, Agent: "ann", Reason: "spam"},
		conversation.ExtendWrapUp{Conversation: id, Agent: "ann"},
		conversation.CancelCountdown{Conversation: id, Agent: "ann"},
		conversation.CloseWrapUp{Conversation: id, Seat: 1, Cause: conversation.CloseTimeLimit},
		conversation.SetAttributes{Conversation: id, Set: agent.Attributes{"k": "v"}},
		conversation.SetPriority{Conversation: id, Priority: 3},
		conversation.Tick{Conversation: id},
	}
}

// walk is a random walk over the whole state machine.
type walk struct {
	*story
	rng   *rand.Rand
	steps map[conversation.Transition]int
	seats map[conversation.SeatTransition]int
}

func (w *walk) one(of ...agent.ID) agent.ID { return of[w.rng.IntN(len(of))] }

// agent is mostly somebody for whom the command makes sense.
func (w *walk) agent() agent.ID {
	switch w.rng.IntN(8) {
	case 0, 1, 2:
		if w.c.Offer != nil {
			return w.c.Offer.Agent
		}
		fallthrough
	case 3, 4, 5:
		if o := w.c.OwnerID(); o != "" {
			return o
		}
	case 6:
		if n := len(w.c.Seats); n > 0 {
			return w.c.Seats[w.rng.IntN(n)].Agent
		}
	}
	return w.one("ann", "bob", "carl", "dora")
}

func (w *walk) command() (agent.Actor, conversation.Command) {
	who, to := w.agent(), w.one("ann", "bob", "carl", "dora")
	by := self(who)
	if w.rng.IntN(50) == 0 {
		by = boss
	}
	queue := conversation.QueueID(w.one("sales", "billing", "night"))
	if !w.c.State.Open() && w.rng.IntN(2) == 0 { // towards the next conversation
		switch seat := w.c.Seat(1 + w.rng.IntN(len(w.c.Seats)+1)); {
		case w.c.Lane != nil && !w.c.Lane.Retry.Pending():
			return engine, conversation.Settled{Conversation: 1, No: w.c.Lane.No, Status: conversation.StatusSent}
		case w.c.State == conversation.Interrupted:
			return boss, conversation.End{Conversation: 1}
		case seat != nil:
			return self(seat.Agent), conversation.SubmitWrapUp{Conversation: 1, Agent: seat.Agent, Reason: "solved"}
		}
	}
	// What ends a conversation is rare, so that walks are long.
	n := w.rng.IntN(100)
	switch {
	case n < 18:
		return engine, conversation.MakeOffer{Conversation: 1, Agent: to}
	case n < 36:
		return by, conversation.Accept{Conversation: 1, Agent: who}
	case n < 39:
		return by, conversation.Decline{Conversation: 1, Agent: who}
	case n < 42:
		return engine, conversation.EndOffer{Conversation: 1, Outcome: conversation.Outcome(w.rng.IntN(4))}
	case n < 44:
		return engine, conversation.Requeue{Conversation: 1, Wait: conversation.Wait{Queue: queue}, Cause: conversation.MovedDrain}
	case n < 48:
		return by, conversation.TransferToQueue{Conversation: 1, Agent: who, Queue: queue}
	case n < 54:
		return by, conversation.TransferToAgent{Conversation: 1, Agent: who, To: to}
	case n < 58:
		return by, conversation.CancelTransfer{Conversation: 1, Agent: who}
	case n < 66:
		return by, conversation.Invite{Conversation: 1, Agent: who, To: to}
	case n < 68:
		return by, conversation.CancelInvite{Conversation: 1, Agent: who}
	case n < 71:
		return by, conversation.Leave{Conversation: 1, Agent: who}
	case n < 72:
		return by, conversation.Remove{Conversation: 1, Agent: who, Who: to}
	case n < 74:
		return engine, conversation.DropSeat{Conversation: 1, Agent: who, Cause: conversation.CloseGone}
	case n < 76:
		return by, conversation.End{Conversation: 1, Agent: who}
	case n < 77:
		return engine, hangup
	case n < 79:
		return engine, conversation.Interrupt{Conversation: 1}
	case n < 80:
		return engine, conversation.Finish{Conversation: 1, Cause: conversation.EndedClosed}
	case n < 84:
		return by, conversation.SubmitWrapUp{Conversation: 1, Agent: who, Reason: wrapup.ReasonID(w.one("solved", "spam", "refund"))}
	case n < 85:
		return by, conversation.ExtendWrapUp{Conversation: 1, Agent: who}
	case n < 86:
		return by, conversation.CancelCountdown{Conversation: 1, Agent: who}
	case n < 87:
		return engine, conversation.CloseWrapUp{Conversation: 1, Seat: w.rng.IntN(4), Cause: conversation.CloseSignOut}
	case n < 88:
		return by, conversation.SetAttributes{Conversation: 1, Set: agent.Attributes{"k": string(to)}}
	case n < 89:
		return by, conversation.SetPriority{Conversation: 1, Priority: w.rng.IntN(12)}
	}
	switch no := 1 + w.rng.IntN(len(w.c.Messages)+1); {
	case n < 91:
		return by, conversation.Write{Conversation: 1, Agent: who, Draft: conversation.Draft{Text: "Good morning"}}
	case n < 92:
		return agent.Actor{Role: agent.Customer}, conversation.Inbound{
			Channel: "messenger", Source: "page", Customer: "cust", ExternalID: fmt.Sprintf("c%d", w.seq), Text: "Hello?",
		}
	case n < 94:
		return engine, conversation.Settled{Conversation: 1, No: no, Status: conversation.Status(w.rng.IntN(7))}
	case n < 95:
		return engine, conversation.Deferred{Conversation: 1, No: no}
	}
	return engine, conversation.Tick{Conversation: 1}
}

func (w *walk) varyRules() {
	w.rules.TransferFallback = conversation.Fallback(w.rng.IntN(4))
	w.rules.FallbackWait = conversation.Wait{Queue: conversation.QueueID(w.one("", "night"))}
	w.rules.Wait = conversation.Wait{Queue: conversation.QueueID(w.one("", "billing", "night"))}
	if w.rng.IntN(2) == 0 {
		w.rules.Wait.Max = w.now.Add(time.Minute)
	}
	w.rules.JoinedOwesNone = w.rng.IntN(2) == 0
	w.rules.InterruptedFor = time.Duration(w.rng.IntN(2)) * time.Minute
	w.rules.MaxHops = 1 + w.rng.IntN(20)
	w.rules.Linger, w.rules.Node = time.Minute, "n1"
	w.rules.InactiveAfter = time.Duration(w.rng.IntN(2)) * 5 * time.Minute
	away := w.one("", "ann", "bob")
	w.rules.Connected = func(a agent.ID) bool { return a != away }
}

// apply records the steps that the event makes. It hides story.apply.
func (w *walk) apply(e conversation.Event) {
	w.t.Helper()
	from, seats := w.c.State, w.c.Seats
	w.story.apply(e)
	if from != w.c.State {
		w.steps[conversation.Transition{From: from, Event: eventName(e), To: w.c.State}]++
	}
	for i, s := range w.c.Seats {
		var before conversation.SeatState
		if i < len(seats) {
			before = seats[i].State
		}
		if before != s.State {
			w.seats[conversation.SeatTransition{From: before, Event: eventName(e), To: s.State}]++
		}
	}
}

// consistent says what is wrong with the state between two commands.
func (w *walk) consistent() error {
	c := &w.c
	active, open := 0, 0
	for i, s := range c.Seats {
		if s.No != i+1 {
			return fmt.Errorf("seat %d is number %d", i+1, s.No)
		}
		if s.State == conversation.SeatActive {
			active++
			for _, o := range c.Seats[:i] {
				if o.Agent == s.Agent && o.State == conversation.SeatActive {
					return fmt.Errorf("%s has two active seats", s.Agent)
				}
			}
		}
		if s.State != conversation.SeatClosed {
			open++
		}
		if s.Due.Pending() != (s.State == conversation.SeatWrapping && !s.WrapUp.Deadline.IsZero()) {
			return fmt.Errorf("seat %d is %s and due %v", s.No, s.State, s.Due)
		}
	}
	unsent := 0
	for i, m := range c.Messages {
		if m.No != i+1 {
			return fmt.Errorf("message %d is number %d", i+1, m.No)
		}
		if m.Delivery != nil && m.Delivery.Status == conversation.StatusQueued {
			unsent++
		}
	}
	wantActive, wantOffer := map[conversation.State][2]int{
		conversation.Queued: {0, 0}, conversation.Offered: {0, 0}, conversation.Active: {1, 1}, conversation.ConferenceRequested: {1, 1},
		conversation.Conference: {2, 2}, conversation.Interrupted: {1, 2}, conversation.Ended: {0, 0},
	}[c.State], c.State == conversation.Offered || c.State == conversation.ConferenceRequested
	owner := c.Seat(c.Owner)
	switch {
	case active < wantActive[0] || active > wantActive[1]:
		return fmt.Errorf("%d active seats while %s", active, c.State)
	case (c.Offer != nil) != wantOffer:
		return fmt.Errorf("offer %v while %s", c.Offer, c.State)
	case c.Offer != nil && (c.Offer.Kind == conversation.Invitation) != (c.State == conversation.ConferenceRequested):
		return fmt.Errorf("an offer by %s while %s", c.Offer.Kind, c.State)
	case (owner != nil) != (active > 0):
		return fmt.Errorf("owner %d with %d active seats", c.Owner, active)
	case owner != nil && owner.State != conversation.SeatActive:
		return fmt.Errorf("the owner's seat is %s", owner.State)
	case c.Transfer != nil && c.State != conversation.Queued && c.State != conversation.Offered:
		return fmt.Errorf("a transfer is pending while %s", c.State)
	case c.Transfer != nil && c.Transfer.ToAgent != "" && c.State != conversation.Offered:
		return fmt.Errorf("a transfer to an agent is pending while %s", c.State)
	case c.Finished != (c.State == conversation.Ended && open == 0 && unsent == 0):
		return fmt.Errorf("finished %t while %s with %d open seats and %d messages unsent", c.Finished, c.State, open, unsent)
	case (c.Lane != nil) != (unsent > 0):
		return fmt.Errorf("lane %v with %d messages unsent", c.Lane, unsent)
	case c.WaitingSince.Before(c.ArrivedAt):
		return fmt.Errorf("waits since before it arrived")
	}
	return nil
}

func TestRandomWalk(t *testing.T) {
	w := &walk{rng: rand.New(rand.NewPCG(1, 2)), steps: map[conversation.Transition]int{}, seats: map[conversation.SeatTransition]int{}}
	begin := func() {
		w.story = &story{t: t, now: start}
		w.rules.WrapUp = func(conversation.QueueID, uint64) (wrapup.Policy, uint64) { return salesPolicy, 7 }
		w.apply(conversation.Opened{
			Conversation: 1, Source: "page", Customer: "cust", Priority: 5,
			Wait:      conversation.Wait{Queue: "sales", Max: after(200), Relax: after(50)},
			Needs:     []conversation.Need{{Skill: "x", Level: 5, Steps: []conversation.Relax{{After: 50 * time.Second}}}},
			Preferred: "ann", PreferUntil: after(30),
		})
	}
	begin()
	var refused, none, done int
	for range 10_000 {
		w.varyRules()
		w.now = w.now.Add(time.Duration(w.rng.IntN(15)) * time.Second)
		by, cmd := w.command()
		if _, ok := cmd.(conversation.Tick); ok && w.rng.IntN(2) == 0 {
			w.now = w.now.Add(30 * time.Second)
		}
		before, copied := text(t, &w.c), w.c
		prefix := []conversation.Event{conversation.Forgotten{Conversation: 99}}
		events, err := conversation.Decide(&w.c, w.now, by, cmd, &w.rules, prefix)
		if diff := cmp.Diff(before, text(t, &w.c)); diff != "" {
			t.Fatalf("deciding %#v changed the conversation (-before +after):\n%s", cmd, diff)
		}
		if len(events) == 0 || events[0] != prefix[0] {
			t.Fatalf("deciding %#v lost what was there: %v", cmd, events)
		}
		events = events[1:]
		var r *conversation.Refusal
		switch {
		case err != nil && (!errors.As(err, &r) || len(events) > 0):
			t.Fatalf("%#v: %v with %d events", cmd, err, len(events))
		case err != nil:
			refused++
		case len(events) == 0:
			none++
		default:
			done++
		}
		for _, e := range events {
			if e.ConversationID() != 1 {
				t.Fatalf("%#v is about %s", e, e.ConversationID())
			}
			w.apply(e)
		}
		if diff := cmp.Diff(before, text(t, &copied)); diff != "" {
			t.Fatalf("%#v changed an earlier copy (-before +after):\n%s", cmd, diff)
		}
		if err := w.consistent(); err != nil {
			t.Fatalf("after %#v with %s: %v", cmd, names(events), err)
		}
		if w.c.Finished && w.rng.IntN(3) == 0 {
			var again conversation.Conversation
			for _, e := range w.told {
				again.Apply(e.at, e.seq, e.event)
			}
			if diff := cmp.Diff(w.c, again); diff != "" {
				t.Fatalf("a replay differs (-first +replay):\n%s", diff)
			}
			begin()
		}
	}
	if refused < 1000 || none < 100 || done < 1500 {
		t.Errorf("%d refused, %d without an event, %d done: the walk is lame", refused, none, done)
	}
	for _, tr := range conversation.Transitions() {
		if w.steps[tr] == 0 {
			t.Errorf("the walk never went from %s by %s to %s", tr.From, tr.Event, tr.To)
		}
		delete(w.steps, tr)
	}
	for tr, n := range w.steps {
		t.Errorf("%d times from %s by %s to %s, which is not in the table", n, tr.From, tr.Event, tr.To)
	}
	for _, tr := range conversation.SeatTransitions() {
		if w.seats[tr] == 0 {
			t.Errorf("the walk never took a seat from %s by %s to %s", tr.From, tr.Event, tr.To)
		}
		delete(w.seats, tr)
	}
	for tr, n := range w.seats {
		t.Errorf("%d times a seat from %s by %s to %s, which is not in the table", n, tr.From, tr.Event, tr.To)
	}
}
