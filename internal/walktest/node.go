package walktest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/storage/storagetest"
)

// node is one of those that share the log. It is a process after the other.
type node struct {
	w    *world
	name string
	life atomic.Pointer[life] // the present process; nil while there is none
}

// life is one process: from an Open to a crash or a Close.
type life struct {
	node   *node
	number uint64
	name   string
	board  *switchboard.Board
	link   *link
	gone   atomic.Bool
	ended  time.Time // under the channel's lock; zero while it runs
}

func (l *life) String() string { return fmt.Sprintf("%s (life %d)", l.name, l.number) }

func (l *life) dead() bool { return l.gone.Load() }

// clockOf makes the clock of a process: up to a second and a half off, and up to
// a ten-thousandth too fast or slow.
func (w *world) clockOf(r *rand.Rand) clock.Clock {
	s := &skewed{Clock: clock.New(), began: time.Now(), drift: 1}
	offset, drift := time.Duration(r.Int64N(int64(3*time.Second)))-1500*time.Millisecond, 1+(r.Float64()-0.5)/5000
	if w.c.Faults.Clocks {
		s.offset, s.drift = offset, drift
	}
	return s
}

// prepare makes what a new process needs. It is called where only one goroutine
// runs: classes are numbered.
func (n *node) prepare() *life {
	w := n.w
	w.lives++
	l := &life{node: n, number: uint64(w.lives), name: n.name}
	l.link = w.link(l.number, storagetest.FaultRates{}, l.dead)
	return l
}

// start opens the Board. It may take several attempts.
func (l *life) start(at class, rates storagetest.FaultRates) {
	w := l.node.w
	r := w.random("life", l.number)
	l.link.each(func(f *storagetest.Faults) { f.Set(rates) })
	var t switchboard.Transport
	tr := transport{w.channel, l, at}
	if t = &tr; w.c.Settles {
		t = &settler{transport: tr, asked: make(map[string]int)}
	}
	c := switchboard.Config{
		Name: "walk", Node: l.name, Store: l.link, Clock: w.clockOf(r),
		Transports: map[conversation.Channel]switchboard.Transport{channelName: t},
	}
	c.SnapshotEvery, c.KeepLog = -1, -1
	if w.c.Snapshots {
		c.SnapshotEvery, c.KeepLog = 150, 2*time.Minute
	}
	if w.c.Archive {
		c.Archive = &archive{Archive: w.archive, w: w, life: l, at: at, calls: make(map[string]int)}
	}
	if w.c.Configure != nil {
		w.c.Configure(&c)
	}
	for n := 0; ; n++ {
		b, err := switchboard.Open(context.Background(), c)
		if err == nil {
			l.board = b
			l.node.life.Store(l)
			return
		}
		if n == 50 {
			l.link.each(func(f *storagetest.Faults) { f.Set(calm); f.Up() })
		}
		if n > 100 || !errors.Is(err, storagetest.ErrInjected) {
			w.fail("%s does not open: %v", l, err)
			return
		}
		at.sleep(context.Background(), between(r, 10*time.Millisecond, 200*time.Millisecond))
	}
}

// crash ends the process as if its machine had lost its power: what it has asked
// of the store may still be carried out, and nobody hears the answer.
func (n *node) crash() {
	l := n.life.Swap(nil)
	if l == nil {
		return
	}
	l.gone.Store(true)
	n.w.tally("crashes", 1)
	n.w.channel.crash(l)
	n.w.after.Go(func() { _ = l.board.Close() }) // its goroutines are ours to end
}

// stop ends the process in good order. What it returns is closed when that is
// done.
func (n *node) stop() <-chan struct{} {
	done := make(chan struct{})
	l := n.life.Swap(nil)
	if l == nil {
		close(done)
		return done
	}
	n.w.tally("restarts", 1)
	n.w.after.Go(func() {
		defer close(done)
		if err := l.board.Close(); err != nil {
			n.w.fail("%s does not close: %v", l, err)
		}
		time.Sleep(time.Nanosecond) // its last answers have reached whom they are for
		n.w.channel.crash(l)        // what was in flight is given up
		l.gone.Store(true)
	})
	return done
}
