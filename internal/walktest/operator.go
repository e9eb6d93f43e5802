package walktest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/switchboard-go/switchboard/storage/storagetest"
)

// calm are the rates of a store that does its best: calls take time, no more.
var calm = storagetest.FaultRates{Delay: 1}

// operator is what happens to the nodes: it crashes, stops and starts them, cuts
// them off, and makes the store bad and good.
type operator struct {
	w      *world
	at     class
	random *rand.Rand
	coming []chan struct{} // by node: closed when it has started; nil when it runs
	lives  []*life         // all there were: late appends of the dead are on their way
	cut    []func()        // by node: ends what cuts it off
}

func newOperator(w *world) *operator {
	return &operator{w: w, at: w.class(), random: w.random("operator", 0), coming: make([]chan struct{}, len(w.nodes)), cut: make([]func(), len(w.nodes))}
}

func (o *operator) rates() storagetest.FaultRates {
	r := calm
	if !o.w.c.Faults.Store || o.w.calm.Load() {
		return r
	}
	// Now and then a store that is out of order, mostly one that is nearly good.
	x := []float64{0, 0.3, 1, 1, 5}[o.random.IntN(5)] / 100
	r.Refuse, r.Late, r.Lose, r.Fail, r.Away = x, 2*x, 3*x, 2*x, x/4
	if o.w.c.Faults.Damage {
		r.Corrupt = x / 8
	}
	return r
}

// run does one thing after the other until the callers are done.
func (o *operator) run(done <-chan struct{}) {
	for {
		o.at.sleep(context.Background(), between(o.random, 100*time.Millisecond, 6*time.Second))
		select {
		case <-done:
			return
		default:
			o.act()
		}
	}
}

func (o *operator) act() {
	i := o.random.IntN(len(o.w.nodes))
	n := o.w.nodes[i]
	l := n.life.Load()
	if c := o.coming[i]; c != nil {
		select {
		case <-c:
			o.coming[i] = nil
		default:
		}
	}
	f := o.w.c.Faults
	x := o.random.IntN(100)
	o.w.note("operator %d on %s", x, n.name)
	switch {
	case l == nil || o.coming[i] != nil:
	case x < 12 && f.Crashes:
		o.uncut(i)
		n.crash()
		o.restart(i, nil, 4*time.Second)
	case x < 14 && f.Crashes: // the lights go out
		for i, n := range o.w.nodes {
			if o.coming[i] == nil && n.life.Load() != nil {
				o.uncut(i)
				n.crash()
				o.restart(i, nil, 60*time.Second)
			}
		}
	case x < 19 && f.Restarts:
		o.uncut(i)
		o.restart(i, n.stop(), time.Second)
	case x < 26 && f.Store && o.cut[i] == nil: // it does not reach the store
		l.link.each((*storagetest.Faults).Down)
		o.cut[i] = func() { l.link.each((*storagetest.Faults).Up) }
	case x < 31 && f.Store && o.cut[i] == nil: // the store says nothing
		l.link.each((*storagetest.Faults).Hang)
		o.cut[i] = func() { l.link.each((*storagetest.Faults).Release) }
	case x < 50:
		o.uncut(i)
	case x < 60: // something of the past arrives
		o.lives[o.random.IntN(len(o.lives))].link.each((*storagetest.Faults).Deliver)
	default:
		l.link.each(func(s *storagetest.Faults) { s.Set(o.rates()) })
	}
}

func (o *operator) uncut(i int) {
	if o.cut[i] != nil {
		o.cut[i]()
		o.cut[i] = nil
		o.breathe()
	}
}

// breathe lets what was just set off come to its end before the next thing is
// done: at one instant, the scheduler would choose which is first.
func (o *operator) breathe() { o.at.sleep(context.Background(), time.Millisecond) }

// restart starts a new process when the one before has stopped, and some time is
// over.
func (o *operator) restart(i int, stopped <-chan struct{}, most time.Duration) {
	l := o.w.nodes[i].prepare()
	if o.random.IntN(4) == 0 { // another machine takes its place
		l.name = fmt.Sprint(l.name, "-", l.number)
	}
	o.lives = append(o.lives, l)
	at, wait, rates := o.w.class(), between(o.random, 0, most), o.rates()
	started := make(chan struct{})
	o.coming[i] = started
	go func() {
		defer close(started)
		if stopped != nil {
			<-stopped
		}
		at.sleep(context.Background(), wait)
		l.start(at, rates)
	}()
}

// heal makes everything good and waits until every node runs.
func (o *operator) heal() {
	o.w.note("operator heals")
	good := func(f *storagetest.Faults) {
		f.Set(calm)
		f.Up()
		f.Release()
	}
	for i := range o.w.nodes {
		o.cut[i] = nil
	}
	for _, l := range o.lives {
		l.link.each(good)
	}
	o.breathe()
	for i, c := range o.coming {
		if c != nil {
			<-c
			o.coming[i] = nil
		}
	}
	o.breathe() // a process that has just opened the board begins to watch it at that instant
	for _, l := range o.lives {
		l.link.each(good)
		l.link.each((*storagetest.Faults).Deliver)
	}
	o.at.sleep(context.Background(), 10*time.Second)
}
