package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard"
)

// ErrInjected is matched by every error that a Faults makes up, beside what the
// error stands for: a refused append matches switchboard.ErrRefused too.
var ErrInjected = errors.New("storagetest: injected fault")

var (
	errAway   = fmt.Errorf("%w: the store is away", ErrInjected)
	errLost   = fmt.Errorf("%w: the reply was lost", ErrInjected)
	errLate   = fmt.Errorf("%w: nobody knows where the append is", ErrInjected)
	errFailed = fmt.Errorf("%w: the call failed", ErrInjected)
	errClosed = errors.New("storagetest: the log is closed")
)

// FaultConfig says how a Faults begins. The zero value injects nothing until
// told to.
type FaultConfig struct {
	// Seed decides what happens. The same seed and the same calls in the same order
	// give the same faults; calls that are made at the same time have no order.
	Seed uint64
	// Rates are the first rates; see Faults.Set.
	Rates FaultRates
	// MaxDelay is the longest delay, in real time. Zero means a millisecond.
	MaxDelay time.Duration
	// Sleep takes the time of a delay. Nil sleeps in real time until the context
	// is over.
	Sleep func(ctx context.Context, d time.Duration)
}

// FaultRates are probabilities, from 0 for never to 1 for always. For an append
// one of Refuse, Late and Lose happens at most, in this order of precedence.
type FaultRates struct {
	// Refuse is for an append that is refused, with an error that matches
	// switchboard.ErrRefused: nothing is stored.
	Refuse float64
	// Late is for an append whose error comes at once and which reaches the store
	// later: before one of the next eight calls, whoever makes them, or with Deliver.
	// It is stored only if nothing else was stored in its place until then.
	Late float64
	// Lose is for a call that is carried out and whose result is lost, so that
	// an error comes back. Opening, reading and loading do not lose theirs.
	Lose float64
	// Fail is for a call other than an append that fails; a Read and the loading
	// or saving of a snapshot perhaps in its midst.
	Fail float64
	// Away is for a call with which the store goes away: it fails, and so do
	// up to seven of the next calls.
	Away float64
	// Delay is for a call that takes longer.
	Delay float64
	// Corrupt is for a record, or a snapshot, that the store finds damaged when it is
	// read: a *switchboard.CorruptError. The next read may find it good.
	Corrupt float64
	// Flip is for a record, or a chunk of a snapshot, of which one byte is another
	// when it is read, without any error.
	Flip float64
}

// FaultCounts says how often what happened.
type FaultCounts struct {
	Calls     int // all that were made, but for Close and those that cannot fail
	Refused   int // appends
	Late      int // appends that were put off
	Delivered int // of those, the ones that were stored in the end
	TooLate   int // of those, the ones whose place was taken, or which failed
	Lost      int // replies
	Failed    int // calls other than appends
	Away      int // calls that found the store away
	Delayed   int // calls
	Corrupted int // records and snapshots
	Flipped   int // records and chunks
	Hung      int // calls that had to wait for Release
}

// Faults is a store that passes every call on to another and injects faults.
// Its logs have the optional abilities that the other's have. It is safe for
// concurrent use. Several may wrap the same store: one for each node that
// shares it, each with faults of its own.
type Faults struct {
	store switchboard.Store
	max   time.Duration
	sleep func(context.Context, time.Duration)

	mu     sync.Mutex
	random *rand.Rand
	rates  FaultRates
	counts FaultCounts
	down   bool
	away   int           // calls to come that find the store away
	hang   chan struct{} // closed by Release; nil when no call hangs
	late   []lateAppend
}

// lateAppend is an append on its way.
type lateAppend struct {
	log   *faultLog
	after switchboard.Position
	data  []byte
	calls int // how many come before it
}

// NewFaults returns a store that wraps another; nil means a new memory store.
func NewFaults(store switchboard.Store, c FaultConfig) *Faults {
	if store == nil {
		store = switchboard.NewMemoryStore()
	}
	f := &Faults{store: store, max: c.MaxDelay, sleep: c.Sleep, rates: c.Rates,
		random: rand.New(rand.NewPCG(c.Seed, 0x5357495443484244))}
	if f.max <= 0 {
		f.max = time.Millisecond
	}
	if f.sleep == nil {
		f.sleep = realSleep
	}
	return f
}

func realSleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Set changes the rates, from the next call on. What is late stays so.
func (f *Faults) Set(r FaultRates) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rates = r
}

// Down makes the store go away: every call fails, reads in their midst too,
// until Up. A wait that has begun goes on.
func (f *Faults) Down() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = true
}

// Up brings the store back, from an outage by chance too.
func (f *Faults) Up() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down, f.away = false, 0
}

// Hang makes every call hang from now on, until Release or until its context is
// over. An append whose context ends is lost or, as the seed has it, becomes a late
// one. Reads in their midst, and Close, do not hang.
func (f *Faults) Hang() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang == nil {
		f.hang = make(chan struct{})
	}
}

// Release lets the calls that hang go on.
func (f *Faults) Release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang != nil {
		close(f.hang)
		f.hang = nil
	}
}

// Deliver lets every late append reach the store now, the oldest first.
func (f *Faults) Deliver() {
	f.mu.Lock()
	due := f.late
	f.late = nil
	f.mu.Unlock()
	f.deliver(due)
}

// Counts says what has happened so far.
func (f *Faults) Counts() FaultCounts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts
}

// fate is what shall happen to a call. Every call draws the same number of
// times, so that a changed rate does not change what happens by another.
type fate struct {
	refuse, late, lose, fail bool
	delay                    time.Duration
	after                    int  // records or chunks until it fails
	calls                    int  // how many come before the late append
	arrives                  bool // an append that hung and was given up
}

// begin starts a call: it lets what is due arrive, waits while calls hang, and
// fails when the store is away. An error of the context comes back as it is.
func (f *Faults) begin(ctx context.Context) (fate, error) {
	f.mu.Lock()
	f.counts.Calls++
	chance := func(rate float64) bool { return f.random.Float64() < rate }
	x := fate{refuse: chance(f.rates.Refuse), late: chance(f.rates.Late), lose: chance(f.rates.Lose), fail: chance(f.rates.Fail)}
	goesAway, slow := chance(f.rates.Away), chance(f.rates.Delay)
	x.after, x.calls, x.arrives = f.random.IntN(4), f.random.IntN(8), chance(0.5)
	outage, delay := f.random.IntN(8), time.Duration(f.random.Int64N(int64(f.max)))+1
	if slow {
		x.delay = delay
		f.counts.Delayed++
	}
	away := f.down || f.away > 0
	switch {
	case f.away > 0:
		f.away--
	case goesAway && !f.down:
		away, f.away = true, outage
	}
	if away {
		f.counts.Away++
	}
	hang := f.hang
	if hang != nil {
		f.counts.Hung++
	}
	var due []lateAppend
	if !away && hang == nil {
		f.late = slices.DeleteFunc(f.late, func(l lateAppend) bool { return l.calls == 0 && push(&due, l) })
		for i := range f.late {
			f.late[i].calls--
		}
	}
	f.mu.Unlock()
	f.deliver(due)
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return x, ctx.Err()
		}
	}
	if away {
		return x, errAway
	}
	if x.delay > 0 {
		f.sleep(ctx, x.delay)
	}
	return x, nil
}

func push(to *[]lateAppend, l lateAppend) bool {
	*to = append(*to, l)
	return true
}

// put puts an append off. The data is the caller's.
func (f *Faults) put(l *faultLog, after switchboard.Position, data []byte, calls int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.pending++
	f.counts.Late++
	f.late = append(f.late, lateAppend{l, after, slices.Clone(data), calls})
}

// deliver makes late appends. A log that was closed meanwhile had to stay open
// for them.
func (f *Faults) deliver(due []lateAppend) {
	for _, d := range due {
		_, err := d.log.inner.Append(context.Background(), d.after, d.data)
		f.mu.Lock()
		if err == nil {
			f.counts.Delivered++
		} else {
			f.counts.TooLate++
		}
		d.log.pending--
		last := d.log.closed && d.log.pending == 0
		f.mu.Unlock()
		if last {
			_ = d.log.inner.Close() // its caller has long gone
		}
	}
}

// count adds to one of the counts.
func (f *Faults) count(n *int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*n++
}

// isDown reports whether Down was called.
func (f *Faults) isDown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

// damage decides what happens to something that is read. The data is
// copied before it is changed.
func (f *Faults) damage(at switchboard.Position, data []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	corrupt, flip := f.random.Float64() < f.rates.Corrupt, f.random.Float64() < f.rates.Flip
	place, bit := f.random.Uint64(), f.random.IntN(8)
	switch {
	case corrupt:
		f.counts.Corrupted++
		return nil, &switchboard.CorruptError{Position: at, Err: ErrInjected}
	case flip && len(data) > 0:
		f.counts.Flipped++
		data = slices.Clone(data)
		data[place%uint64(len(data))] ^= 1 << bit
	}
	return data, nil
}

// Open implements switchboard.Store.
func (f *Faults) Open(ctx context.Context, board string) (switchboard.Log, error) {
	x, err := f.begin(ctx)
	if err != nil {
		return nil, err
	}
	if x.fail {
		f.count(&f.counts.Failed)
		return nil, errFailed
	}
	l, err := f.store.Open(ctx, board)
	if err != nil {
		return nil, err
	}
	return &faultLog{inner: l, faults: f}, nil
}
