package agent_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

// edge is a Transition without the words.
func edge(t agent.Transition) agent.Transition {
	t.When = ""
	return t
}

// TestRandomWalk gives long runs of random commands to one agent after another
// and checks, after each, what must always hold; and that the machine walks
// exactly the table of Transitions, all of it and nothing else.
func TestRandomWalk(t *testing.T) {
	reached := map[agent.Transition]int{}
	for _, tr := range agent.Transitions() {
		if _, twice := reached[edge(tr)]; twice {
			t.Errorf("twice in the table: %+v", tr)
		}
		reached[edge(tr)] = 0
	}
	for seed := range uint64(24) {
		w := &walk{t: t, r: rand.New(rand.NewPCG(seed, 7)), a: agent.Agent{ID: "ann"}, now: t0, reached: reached}
		w.policy = []*agent.Policy{
			nil,
			{ReturnAfter: 20 * time.Second, MissesToIdle: 3, Grace: 25 * time.Second},
			{ReturnAfter: 30 * time.Second, MissesToIdle: 2},
			{MissesToIdle: 1, Grace: -1},
		}[seed%4]
		for range 1000 {
			if w.step(); t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		w.end()
	}
	for _, tr := range agent.Transitions() {
		if reached[edge(tr)] == 0 {
			t.Errorf("never reached: %+v", tr)
		}
	}
}

type walk struct {
	t       *testing.T
	r       *rand.Rand
	a       agent.Agent
	now     time.Time
	seq     uint64
	policy  *agent.Policy
	reached map[agent.Transition]int
	notes   []note
}

// note is what a log would hold of one change; without an event it is the
// method called instead.
type note struct {
	at    time.Time
	seq   uint64
	by    agent.Actor
	event agent.Event
	other func(*agent.Agent, uint64)
}

func (n note) apply(a *agent.Agent) {
	if n.event != nil {
		a.Apply(n.at, n.seq, n.by, n.event)
	} else {
		n.other(a, n.seq)
	}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (w *walk) command() agent.Command {
	r := w.r
	return pick[agent.Command](r,
		agent.SignIn{Agent: "ann"},
		agent.SignOut{Agent: "ann", Force: r.IntN(4) == 0},
		agent.MakeAvailable{Agent: "ann"}, agent.MakeAvailable{Agent: "ann"}, agent.MakeAvailable{Agent: "ann"},
		agent.MakeIdle{Agent: "ann", Reason: pick(r, "", "lunch", "school", strings.Repeat("x", 129))},
		agent.MakeIdle{Agent: "ann", Reason: "lunch"},
		agent.Connect{Agent: "ann", Session: pick(r, "", "s1", "s2", "s3")},
		agent.Disconnect{Agent: "ann", Session: pick(r, "s1", "s2", "s3")},
		agent.SetAttributes{Agent: "ann", Set: agent.Attributes{pick(r, "team", "desk", ""): pick(r, "", "red", "4")}},
		agent.Miss{Agent: "ann"}, agent.Miss{Agent: "ann"},
		agent.Tick{Agent: "ann"}, agent.Tick{Agent: "ann"},
		agent.Settle{Agent: "ann"},
		agent.SignOut{Agent: "bob"},
		nil,
	)
}

func (w *walk) step() {
	w.now = w.now.Add(time.Duration(w.r.IntN(12)) * time.Second)
	if w.r.IntN(20) == 0 {
		w.record(note{other: pick(w.r, (*agent.Agent).Offered, (*agent.Agent).Took, (*agent.Agent).SeatClosed)})
	}
	var (
		cmd  = w.command()
		by   = pick(w.r, engine, engine, ann, ann, supervisor)
		load = agent.Load{
			Offers:   pick(w.r, 0, 0, 1),
			Live:     pick(w.r, 0, 0, 1),
			Wrapping: pick(w.r, 0, 0, 1),
		}
		before = w.a
		frozen = w.frozen()
		out    = []agent.Event{agent.IdleCancelled{Agent: "somebody"}}
	)
	got, err := agent.Decide(&w.a, w.now, by, cmd, load, w.policy, out)
	w.same("Decide changed the agent", frozen, w.frozen())
	if err != nil {
		var refusal *agent.Refusal
		if !errors.As(err, &refusal) || refusal.State != w.a.State || refusal.Agent != "ann" {
			w.t.Errorf("refused with %#v", err)
		}
		w.same("events of a refusal", out, got)
		return
	}
	if len(got) == 0 || got[0] != out[0] {
		w.t.Fatalf("what the caller had is gone: %v", got)
	}
	for _, e := range got[1:] {
		last := w.a
		w.record(note{event: e, by: by})
		w.transition(cmd, last, e)
		w.invariants(last)
	}
	if w.a.Grace.Pending() != (w.a.State != agent.SignedOut && !w.a.Connected()) {
		w.t.Errorf("the grace time runs exactly while signed in without a session: %+v", w.a)
	}
	w.same("an earlier copy changed", frozen, freeze(w.t, before))

	again, err := agent.Decide(&w.a, w.now, by, cmd, load, w.policy, nil)
	if err != nil || len(again) != 0 {
		w.t.Errorf("%#v given twice: %v, %v", cmd, again, err)
	}
}

func (w *walk) record(n note) {
	w.seq++
	n.at, n.seq = w.now, w.seq
	n.apply(&w.a)
	w.notes = append(w.notes, n)
}

// transition checks the change by one event against the table.
func (w *walk) transition(cmd agent.Command, from agent.Agent, e agent.Event) {
	got := agent.Transition{From: from.State, FromPending: from.Pending, To: w.a.State, ToPending: w.a.Pending}
	got.Command = strings.TrimPrefix(typeName(cmd), "agent.")
	switch e := e.(type) {
	case agent.StateChanged:
		got.Cause = e.Cause
		if from.State == w.a.State && from.Reason == w.a.Reason {
			w.t.Errorf("%#v changed nothing", e)
		}
	case agent.IdlePending, agent.IdleCancelled:
		if from.Pending == w.a.Pending && from.PendingReason == w.a.PendingReason {
			w.t.Errorf("%#v changed nothing", e)
		}
	default:
		if from.State != w.a.State || from.Pending != w.a.Pending || from.Reason != w.a.Reason {
			w.t.Errorf("%#v changed the state", e)
		}
		return
	}
	if _, known := w.reached[got]; !known {
		w.t.Errorf("not in the table: %+v by %#v", got, e)
	}
	w.reached[got]++
}

func (w *walk) invariants(last agent.Agent) {
	a := &w.a
	holds := func(ok bool, what string) {
		if !ok {
			w.t.Errorf("%s: %+v", what, *a)
		}
	}
	holds(!a.Pending || a.State == agent.Available, "only an Available agent is about to be Idle")
	holds(a.Pending || a.PendingReason == "", "a reason pends without Idle")
	holds(a.Reason == "" || a.State == agent.Idle, "only an Idle agent has a reason")
	holds(!a.Return.Pending() || a.State == agent.RONA, "only a RONA returns")
	holds(a.Misses == 0 || a.State != agent.SignedOut, "a signed-out agent has missed nothing")
	holds(!a.Ready() || a.State == agent.Available, "only an Available agent is ready")
	holds(a.Next().Before(agent.Deadline{}) == (a.Grace.Pending() || a.Return.Pending()), "Next forgets a deadline")
	if last.State == a.State && last.Reason == a.Reason {
		holds(last.Since.Equal(a.Since) && last.By == a.By && last.Cause == a.Cause, "Since moved without a change")
	} else {
		holds(a.Since.Equal(w.now), "Since did not move with a change")
	}
	becameAvailable := a.State == agent.Available && last.State != agent.Available
	holds((last.Place != a.Place) == becameAvailable, "the place moves exactly on becoming Available")
}

// end checks that the events alone give the same agent again, also by way of
// JSON.
func (w *walk) end() {
	folded := agent.Agent{ID: "ann"}
	for _, n := range w.notes {
		n.apply(&folded)
	}
	w.same("replay", w.a, folded)
	var read agent.Agent
	if err := json.Unmarshal([]byte(w.frozen()), &read); err != nil {
		w.t.Fatal(err)
	}
	w.same("by way of JSON", w.a, read)
}

func (w *walk) frozen() string { return freeze(w.t, w.a) }

// freeze returns everything about a, sharing no memory with it.
func freeze(t *testing.T, a agent.Agent) string {
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (w *walk) same(what string, want, got any) {
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
