package switchboard

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// eraseWalk leads two boards that share a store and an archive through a made-up
// story, in which people are erased and processes die at any call.
type eraseWalk struct {
	t      *testing.T
	rng    *rand.Rand
	beds   [2]*eraseBed
	lives  [6]int          // how often each customer has begun anew, under another name
	wrote  map[string]int  // messages, by name
	owed   []string        // who asked to be erased and has no answer yet
	erased map[string]bool // who has one
	done   []uint64        // the erasures
}

// TestRandomEraseWalk: whoever was erased has left no byte, whatever happened
// between. SWITCHBOARD_SEED picks one seed.
func TestRandomEraseWalk(t *testing.T) {
	first, seeds := uint64(0), uint64(6)
	if v := os.Getenv("SWITCHBOARD_SEED"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatalf("SWITCHBOARD_SEED=%q is not a number", v)
		}
		first, seeds = n, 1
	}
	for seed := first; seed < first+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { walkErasures(t, seed, 250) })
		})
	}
}

func walkErasures(t *testing.T, seed uint64, steps int) {
	w := &eraseWalk{t: t, rng: rand.New(rand.NewPCG(seed, 9)), wrote: map[string]int{}, erased: map[string]bool{}}
	w.beds[0] = newEraseBed(t)
	w.beds[1] = &eraseBed{t: t, store: w.beds[0].store, archive: w.beds[0].archive, node: 100}
	w.beds[1].reopen()
	for range steps {
		w.step()
	}
	for _, b := range w.beds {
		w.revive(b)
	}
	for _, who := range w.owed {
		w.erase(w.beds[0], who)
	}
	if len(w.erased) < 5 {
		t.Fatalf("only %d were erased", len(w.erased))
	}
	time.Sleep(30 * time.Minute) // what one node has left, the other takes over
	for _, b := range w.beds {
		for _, no := range w.done {
			b.done(no)
		}
		if err := b.Quiet(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range w.beds {
		for who := range w.erased {
			if traces := b.traces(who); traces != nil {
				t.Errorf("seed %d: %s is left:\n%s", seed, who, strings.Join(traces, "\n"))
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// who is a customer under the present name, which no other name begins.
func (w *eraseWalk) who() (string, *int) {
	i := w.rng.IntN(len(w.lives))
	return fmt.Sprintf("PERSON-%d-%d.", i, w.lives[i]), &w.lives[i]
}

// revive opens a board again that has died.
func (w *eraseWalk) revive(b *eraseBed) {
	if b.mortal.died() {
		_ = b.Close()
		b.reopen()
	}
}

func (w *eraseWalk) erase(b *eraseBed, who string) bool {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	no, err := b.Administrator("root").Erase(ctx, "page", conversation.Customer(who+"-psid"))
	if err != nil {
		return false
	}
	w.erased[who] = true
	w.done = append(w.done, no)
	return true
}

func (w *eraseWalk) step() {
	b := w.beds[w.rng.IntN(2)]
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	who, life := w.who()
	name := conversation.Customer(who + "-psid")
	id, _ := b.CustomerConversation(ctx, "page", name)
	ann := Actor{Role: agent.Self, ID: "ann"}
	do := func(by Actor, cmd any) {
		_, _ = b.Do(ctx, Command{By: by, Why: who + " said", Key: fmt.Sprint(who, w.rng.Uint64()), Do: cmd})
	}
	switch n := w.rng.IntN(100); {
	case n < 30:
		w.wrote[who]++
		_, _ = b.Receive(ctx, conversation.Inbound{
			Channel: "messenger", Source: "page", Customer: name, ExternalID: fmt.Sprint(who, "-in-", w.wrote[who]), Text: who + " wrote",
		})
	case n < 45:
		do(ann, conversation.Accept{Conversation: id, Agent: "ann"})
	case n < 60:
		text := []string{"hello", "fails", "waits", "hangs"}[w.rng.IntN(4)]
		do(ann, conversation.Write{Conversation: id, Agent: "ann", Draft: conversation.Draft{Text: who + " " + text}})
	case n < 70:
		do(ann, conversation.End{Conversation: id, Agent: "ann"})
		do(ann, conversation.SubmitWrapUp{Conversation: id, Agent: "ann", Reason: "done"})
	case n < 74:
		do(Actor{Role: agent.Customer, ID: string(name)}, conversation.Unsend{
			Channel: "messenger", Source: "page", Customer: name, ExternalID: fmt.Sprint(who, "-in-", 1+w.rng.IntN(3)),
		})
	case n < 82:
		*life++
		if !w.erase(b, who) {
			w.owed = append(w.owed, who)
		}
	case n < 85:
		if !b.mortal.died() {
			b.mortal.arm(1+w.rng.IntN(10), w.rng.IntN(2) == 0)
		}
	case n < 92:
		w.revive(b)
		if len(w.owed) > 0 && w.erase(b, w.owed[0]) {
			w.owed = w.owed[1:]
		}
	default:
		long := []time.Duration{time.Second, time.Minute, 20 * time.Minute, 2 * time.Hour}[w.rng.IntN(4)]
		if w.beds[0].mortal.died() || w.beds[1].mortal.died() {
			long = min(long, time.Minute) // the dead ask again and again
		}
		time.Sleep(long)
	}
	if w.rng.IntN(3) == 0 {
		synctest.Wait()
	}
}
