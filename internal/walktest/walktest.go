// Package walktest walks Boards that share one log through a made-up story with
// everything that can go wrong between nodes and a store, and checks what must
// hold all the same. It is for tests of this module.
//
//	synctest.Test(t, func(t *testing.T) {
//		r := walktest.Run(t, walktest.Of(7, 1000))
//		...                            // r has what the callers saw, and the log
//	})
//
// A run is a discrete-event simulation inside a bubble of testing/synctest: the
// same Config gives the same run, to the nanosecond.
package walktest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/internal/floor"
)

// Config says what a run is like.
type Config struct {
	Seed     uint64
	Boards   int // how many share the log
	Commands int // how many the callers make up, asking again aside
	Faults   Faults
	// Settles says that the transport can find out what became of a message.
	Settles bool
	// Snapshots says that snapshots are made all the time, and the log is trimmed, so
	// that a reader may come too late.
	Snapshots bool
	// Archive says that there is an archive, Erases that customers are erased.
	Archive, Erases bool
	// Configure, if not nil, changes the configuration of each Board.
	Configure func(*switchboard.Config)
	// Look, if not nil, shows a Board's state, caught up.
	Look func(context.Context, *switchboard.Board, func(*floor.Floor)) error
}

// Of is the run of a seed with everything that may go wrong: on 2, 3 and 5 Boards
// in turn, with and without what a Board can do without. Nobody is erased in it:
// what carries an erasure through goes on at the instant at which the committer
// does, so that a seed with Erases does not always replay.
func Of(seed uint64, commands int) Config {
	return Config{
		Seed: seed, Boards: []int{2, 3, 5}[seed%3], Commands: commands, Faults: All,
		Settles: seed/3%2 == 0, Snapshots: seed/6%2 == 0, Archive: seed/12%2 == 0,
	}
}

// String names the run, so that it can be taken again.
func (c Config) String() string {
	s := fmt.Sprintf("SWITCHBOARD_SEED=%d, %d boards", c.Seed, c.Boards)
	for _, x := range []struct {
		is   bool
		name string
	}{{c.Settles, "settles"}, {c.Snapshots, "snapshots"}, {c.Archive, "archive"}, {c.Erases, "erases"}} {
		if x.is {
			s += ", " + x.name
		}
	}
	return s
}

// trims reports whether the log loses records.
func (c Config) trims() bool { return c.Snapshots || c.Erases }

// Faults are what may go wrong. The zero value is a good day.
type Faults struct {
	Store    bool // appends are refused, late or lost, calls fail, hang, or find it away
	Damage   bool // records cannot be read, for a while
	Crashes  bool // processes end at any point
	Restarts bool // processes are stopped and started
	Clocks   bool // clocks are off, and run fast or slow
	Callers  bool // callers leave before the answer
}

// All is everything that may go wrong.
var All = Faults{Store: true, Damage: true, Crashes: true, Restarts: true, Clocks: true, Callers: true}

// Result is what a run left.
type Result struct {
	Ops    []Op                // of all callers, each caller's in order
	Stored []Stored            // every record, in order
	Events []switchboard.Event // every event, in order
	Calls  []string            // on the store, by time
	// Counts says how often what happened: what a test that must not be in vain looks
	// at.
	Counts map[string]int
}

const (
	callersPerBoard = 3
	roundCommands   = 250
)

// Run makes the run, within a bubble of testing/synctest, and fails the test
// when something does not hold.
func Run(t testing.TB, c Config) *Result {
	w := &world{t: t, c: c, store: newRecorder(), ext: make(map[conversationKey]int), count: make(map[string]int)}
	w.channel = &channel{w: w, of: make(map[string]*sent)}
	w.archive = switchboard.NewMemoryArchive()
	for i := range c.Boards {
		w.nodes = append(w.nodes, &node{w: w, name: fmt.Sprint("n", i+1)})
	}
	o := newOperator(w)
	for _, n := range w.nodes {
		l := n.prepare()
		o.lives = append(o.lives, l)
		l.start(w.class(), calm)
	}
	for i := range c.Boards * callersPerBoard {
		w.callers = append(w.callers, &caller{w: w, no: i + 1, at: w.class(), random: w.random("caller", uint64(i))})
	}
	w.callers[0].setUp()
	follower := w.follow()
	for left := c.Commands; left > 0 && !t.Failed(); left -= roundCommands {
		w.calm.Store(false)
		w.round(o, min(left, roundCommands))
		w.catchUp(o)
	}
	// What a node that did not come back was to do is done by another.
	o.at.sleep(context.Background(), 25*time.Minute)
	w.repair(o)
	w.together(o)
	follower.stop()
	<-follower.ended
	r := w.result(o, follower)
	for _, n := range w.nodes {
		n.stop()
	}
	w.after.Wait()
	return r
}

// round lets the callers make commands while the operator does its worst.
func (w *world) round(o *operator, commands int) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		o.run(done)
	}()
	var all sync.WaitGroup
	for i, c := range w.callers {
		c.left = commands / len(w.callers)
		if i < commands%len(w.callers) {
			c.left++
		}
		all.Go(c.round)
	}
	all.Wait()
	close(done)
	<-stopped
}

// catchUp makes everything good and waits until nothing is under way.
func (w *world) catchUp(o *operator) {
	o.heal()
	w.calm.Store(true)
	w.repair(o)
	// What is deferred is tried again, and what is doubtful is settled.
	o.at.sleep(context.Background(), 3*time.Minute)
	w.repair(o)
	w.together(o)
}
