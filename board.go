package switchboard

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
)

// Errors of a Board. Branch with errors.Is.
var (
	// ErrClosed means that the Board is closed.
	ErrClosed = errors.New("switchboard: the board is closed")
	// ErrOutcomeUnknown means that the caller's context ended, or the store did
	// not answer, before it was certain whether the command was carried out. With an
	// idempotency key it can be asked again.
	ErrOutcomeUnknown = errors.New("switchboard: it is not known whether the command was carried out")
	// ErrActor means that a command does not say who acts, or names a role that
	// there is not, or with an ID of more than 512 bytes or not of UTF-8.
	ErrActor = floor.ErrActor
	// ErrKey means that an idempotency key is longer than 128 bytes or not valid
	// UTF-8.
	ErrKey = floor.ErrKey
	// ErrCommand means that a command is of no known type, or the engine's own.
	ErrCommand = floor.ErrCommand
)

// Command is a request with who makes it.
type Command struct {
	// By is who acts. The zero Actor is refused with ErrActor: every change is
	// somebody's.
	By Actor
	// Why is the actor's own words for the record, at most 256 bytes; longer ones
	// are refused with ErrCommand.
	Why string
	// Key, if not empty, makes the command idempotent: the same key of the same
	// actor within 24 hours gives the first success again, without doing it
	// twice. At most 128 bytes; a longer one is refused with ErrKey. A key must not
	// be used again for another command: that would be answered with the success
	// of the first.
	Key string
	// Do is what to do: a command of the packages agent, conversation or
	// routing, as a value; an *conversation.Inbound is taken as the Inbound. Anything
	// else is refused with ErrCommand.
	Do any
}

// Result is what a command gave beside its events.
type Result struct {
	// Conversation and Message say where a message that was received or written is.
	Conversation conversation.ID
	Message      int // its number, from 1; 0 when the command made none
	// Duplicate says that the command had been carried out before and nothing
	// was done.
	Duplicate bool
	// Kept says that an edit, an unsend, a reaction or a receipt came before its message,
	// and is kept for conversation.Horizon: it is done when the message comes.
	Kept bool
	// Accepted has the outcome for each offer of a conversation.AcceptAll.
	Accepted []Accepted
	// Erasure is the number of the erasure that a routing.Erase has begun; see
	// [Board.Erasure].
	Erasure uint64
}

// Accepted is the outcome for one offer of a conversation.AcceptAll.
type Accepted struct {
	Conversation conversation.ID // which was offered
	Err          error           // nil, or why the agent does not have it
}

// Board is one tenant's contact centre. It is safe for concurrent use.
//
// A Board runs two goroutines at most and one timer, however many agents and
// conversations it has, one more goroutine on a store that was given to it, one for
// each message in flight, and one while it makes a snapshot. An empty one takes
// some tens of kilobytes.
type Board struct {
	config    Config
	log       Log
	exclusive func() bool

	turn     turn        // who has it may touch the state
	mine     [1]*request // of the caller who has the turn
	requests chan *request
	pool     sync.Pool // of requests
	wake     chan struct{}
	inner    chan func()   // what runs on the committer between two batches
	stopping chan struct{} // closed by Close
	draining atomic.Bool   // set by Shutdown
	done     chan struct{} // closed when the committer has stopped
	once     sync.Once
	reads    context.Context // of the committer's reads: over a while after Close was called
	endReads context.CancelFunc
	failure  atomic.Pointer[error] // why the Board no longer serves

	// Of whoever has the turn.
	floor      *floor.Floor
	position   Position
	id         string // of this opening, in the names of its commits
	commits    uint64
	name       []byte // of the last of them
	writer     *writer
	reader     *reader
	steps      []int // ends of the steps in floor.Events()
	raw        time.Time
	at         time.Time // the board's time when the clock said raw
	timer      *clock.Timer
	armed      time.Time // when the timer fires, by the clock
	retry      *time.Timer
	appends    appender
	rivals     rivals
	disowned   bool // the clock was wrong when it was last looked at
	proved     bool // the last thing that was decided is in the log
	own        bool // the last record is this Board's
	doubt      bool // an append past the position may be in the log, or get there
	due        bool // a deadline was due at the last decision
	recovering bool // Open reads the log
	// late says that a deadline could not be served in its time, for want of a
	// Board that was open or of a store: since when, or zero for always.
	late      bool
	lateSince time.Time

	tail      tail
	sends     senders
	archives  archivers
	snapshots snapshots
	erasures  erasers
	watch     watch
	skew      skew
	room      int           // for a record, in bytes, but for one step
	largest   int           // record that the store takes; 0 for any
	jitter    time.Duration // after a deadline, when the last record is another's
}

// Open opens a board: it reads the newest snapshot that can be read and the rest
// of the log, brings the state up to the present, and goes on from there. The
// context bounds the call alone.
//
// It refuses an invalid Config with a *ConfigError, and a log that it cannot
// read with a *CorruptError or a *FormatError. A snapshot that cannot be read is
// logged, and the one before is used, or the log alone; the error matches
// [ErrTrimmed] too when the log no longer has what is needed instead.
func Open(ctx context.Context, c Config) (*Board, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	own := c.Store == nil
	c = c.withDefaults()
	log, err := c.Store.Open(ctx, c.Name)
	if err != nil {
		return nil, fmt.Errorf("switchboard: open the log of %q: %w", c.Name, err)
	}
	b := &Board{
		config:    c,
		log:       log,
		exclusive: func() bool { return false },
		requests:  make(chan *request, 1024),
		wake:      make(chan struct{}, 1),
		inner:     make(chan func()),
		stopping:  make(chan struct{}),
		done:      make(chan struct{}),
		id:        rand.Text(),
		writer:    newWriter(),
		reader:    newReader(),
		late:      true,
		jitter:    jitterOf(c.Node),
		room:      headRoom + recordBytes,
	}
	b.reads, b.endReads = context.WithCancel(context.Background())
	b.floor = floor.New(b.floorConfig())
	if x, ok := log.(Exclusive); ok {
		b.exclusive = x.Exclusive
	}
	if x, ok := log.(Limited); ok && x.MaxRecord() > 0 {
		b.largest = x.MaxRecord()
		b.room = min(b.room, b.largest)
	}
	b.turn.init()
	b.skew.init(b)
	b.sends.init(b)
	b.archives.init(b)
	b.erasures.init(b)
	b.snapshots.init(b, own)
	b.appends.start(log)
	if err := b.recover(ctx); err != nil {
		b.sends.stop()
		b.archives.stop()
		b.erasures.stop()
		b.snapshots.stop()
		b.appends.stop()
		return nil, errors.Join(err, log.Close())
	}
	b.archives.recover()
	b.snapshots.afterErasures()
	if !own {
		b.watch.start(b)
	}
	go b.run()
	return b, nil
}

func (b *Board) floorConfig() floor.Config {
	return floor.Config{
		Load: time.LoadLocation, Node: b.config.Node, Archive: b.config.Archive != nil, Hash: hashCustomer,
		Lease: b.config.lease(func() bool { return !b.exclusive() }),
	}
}

// recover reads the newest snapshot and the rest of the log. What they say
// happened before: there is nothing to be published, and nothing to be sent but
// what the committer takes over.
func (b *Board) recover(ctx context.Context) error {
	b.recovering = true
	var lost, err error
	for again := true; again; {
		was := b.position
		if lost, err = b.snapshots.load(ctx); err != nil {
			break
		}
		from := b.floor.Seq()
		// Somebody may have trimmed the log since, having made later snapshots.
		again = b.position > was
		if err = b.readOn(ctx); !errors.Is(err, ErrTrimmed) {
			again = false
			b.snapshots.opened(from)
		}
	}
	b.recovering = false
	b.tail.start(b.floor.Seq())
	b.readAt()
	if errors.Is(err, ErrTrimmed) {
		err = errors.Join(err, lost) // why the log was needed from its beginning
	}
	return err
}

// readOn applies what is in the log past the present position.
func (b *Board) readOn(ctx context.Context) error {
	for rec, err := range b.log.Read(ctx, b.position) {
		if err != nil {
			return fmt.Errorf("switchboard: read the log of %q: %w", b.config.Name, err)
		}
		_, events, err := b.reader.record(rec)
		if err != nil {
			return err
		}
		if err := b.applyRecord(rec.Position, events); err != nil {
			return err
		}
	}
	return nil
}

// applyRecord applies the events of a record that is in the log.
func (b *Board) applyRecord(p Position, events []floor.Event) error {
	for i := range events {
		if want := b.floor.Seq() + 1; events[i].Seq != want {
			return &CorruptError{Position: p, Err: fmt.Errorf("event %d where %d should be", events[i].Seq, want)}
		}
		b.floor.Apply(&events[i])
	}
	b.floor.Commit()
	if !b.recovering {
		b.publish(events)
	}
	b.reached(p, false)
	if !b.recovering {
		b.snapshots.passed(events, false)
	}
	return nil
}

// reached notes that the log is known up to the position, and whose its last
// record is.
func (b *Board) reached(p Position, own bool) {
	b.position, b.doubt, b.own = p, false, own
	b.watch.known.Store(uint64(p))
}

// nameSeed is of this process alone, so that no customer can choose where in a
// table their name is.
var nameSeed = maphash.MakeSeed()

func hashCustomer(source, customer string) uint64 {
	return maphash.String(nameSeed, source)*3 + maphash.String(nameSeed, customer)
}

// Name returns the board's name.
func (b *Board) Name() string { return b.config.Name }

// Node returns the name of this process among those that share the store.
func (b *Board) Node() string { return b.config.Node }

// Close stops the Board at once: commands that wait are refused with ErrClosed,
// messages in flight are given up and settled when the board is opened again. It
// returns when every goroutine has ended, transports included; only a store that
// ignores its context is left behind after a second. Closing twice is fine.
// Close must not be called from a Transport or a filter.
func (b *Board) Close() error {
	var err error
	b.once.Do(func() {
		close(b.stopping)
		late := time.AfterFunc(closeGrace, b.endReads)
		<-b.done
		late.Stop()
		b.endReads()
		b.watch.stop()
		b.skew.stop()
		b.sends.stop()
		b.archives.stop()
		b.erasures.stop()
		b.snapshots.stop()
		b.appends.stop()
		b.tail.stop()
		err = b.log.Close()
	})
	<-b.done
	return err
}

// Shutdown refuses new commands with ErrClosed, waits until no message is in
// flight or the context is over, and closes the Board. It returns the context's
// error when it did not wait long enough.
func (b *Board) Shutdown(ctx context.Context) error {
	b.draining.Store(true)
	err := b.Quiet(ctx)
	if errors.Is(err, ErrClosed) {
		err = nil
	}
	return errors.Join(err, b.Close())
}

// Do carries out a command and returns when it is in the log for good.
//
// A refusal is one of the typed errors of the packages agent, conversation and
// routing and leaves no trace. When the context ends before the command was
// looked at, nothing is done and the error is the context's; when it ends after that, the
// error also matches ErrOutcomeUnknown.
func (b *Board) Do(ctx context.Context, c Command) (Result, error) {
	if b.draining.Load() {
		return Result{}, b.closedError()
	}
	if err := c.check(); err != nil {
		return Result{}, err
	}
	if e, ok := c.Do.(routing.Erase); ok {
		return b.erase(ctx, c, e)
	}
	res, err := b.do(ctx, c)
	if u, ok := c.Do.(conversation.Unsend); ok && b.config.Archive != nil && errors.Is(err, conversation.ErrUnknownMessage) {
		return b.unsendArchived(ctx, c, u)
	}
	return res, err
}

// check refuses what the log could not give back as it was.
func (c *Command) check() error {
	switch {
	case c.By.Role == agent.Engine:
		return ErrActor
	case c.By.Role > agent.Platform:
		return fmt.Errorf("%w: there is no role %d", ErrActor, uint8(c.By.Role))
	case len(c.By.ID) > conversation.MaxName || !utf8.ValidString(c.By.ID):
		return fmt.Errorf("%w: an ID is at most %d bytes of UTF-8", ErrActor, conversation.MaxName)
	case len(c.Why) > 256 || !utf8.ValidString(c.Why):
		return fmt.Errorf("%w: Why is at most 256 bytes of UTF-8", ErrCommand)
	case len(c.Key) > 128 || !utf8.ValidString(c.Key):
		return fmt.Errorf("%w: at most 128 bytes of UTF-8", ErrKey)
	}
	return nil
}

func (b *Board) do(ctx context.Context, c Command) (Result, error) {
	r := b.newRequest()
	r.cmd = floor.Command{By: c.By, Why: c.Why, Key: c.Key, Body: c.Do}
	return b.result(ctx, r)
}

// result has the command of the request carried out, and frees it.
func (b *Board) result(ctx context.Context, r *request) (Result, error) {
	if err := b.ask(ctx, r); err != nil {
		return Result{}, err
	}
	if err := r.err; err != nil {
		r.free()
		return Result{}, err
	}
	res := Result{
		Conversation: r.res.Conversation, Message: r.res.Message, Duplicate: r.res.Duplicate, Kept: r.res.Kept, Erasure: r.res.Erasure,
	}
	for _, a := range r.res.Accepted {
		res.Accepted = append(res.Accepted, Accepted(a))
	}
	r.free()
	return res, nil
}

// Receive takes a customer's message from a channel. It returns the
// conversation; one already taken is a success that changes nothing.
func (b *Board) Receive(ctx context.Context, in conversation.Inbound) (conversation.ID, error) {
	if b.draining.Load() {
		return 0, b.closedError()
	}
	// A customer's id that is no actor's is refused with all else that may be wrong
	// with the message.
	r := b.newRequest()
	r.in = in // where it is used again: it is large, and most commands are of this kind
	r.cmd = floor.Command{By: Actor{Role: roleCustomer, ID: string(in.Customer)}, Body: &r.in}
	res, err := b.result(ctx, r)
	return res.Conversation, err
}

// request is a command or a query on its way to the committer.
type request struct {
	pool  *sync.Pool
	cmd   floor.Command
	in    conversation.Inbound     // what cmd points to, if it is one
	query func(*floor.Floor) error // instead of cmd
	lane  conversation.ID          // of the message whose result cmd is; 0 for any other command
	state atomic.Int32
	done  chan struct{}

	res   floor.Result
	err   error
	panic any  // what the query panicked with
	steps int  // how many there were when it was decided, of those to be appended
	final bool // decided, and in the log
}

// take makes the request the committer's own, and reports false when its caller
// has left.
func (r *request) take() bool { return r.state.CompareAndSwap(requestWaits, requestTaken) }

// look runs the query. A panic, such as in a filter, is its caller's, in whichever
// goroutine that is: it has changed nothing.
func (r *request) look(f *floor.Floor) error {
	defer func() { r.panic = recover() }()
	return r.query(f)
}

const (
	requestWaits int32 = iota
	requestTaken
	requestAbandoned
)

// newRequest returns a request of the Board's own pool: one with a channel from
// another testing/synctest bubble must not be used.
func (b *Board) newRequest() *request {
	if r, ok := b.pool.Get().(*request); ok {
		return r
	}
	return &request{pool: &b.pool, done: make(chan struct{}, 1)}
}

func (r *request) free() {
	if r.in.Channel != "" || r.in.Text != "" {
		r.in = conversation.Inbound{}
	}
	r.cmd, r.query, r.lane = floor.Command{}, nil, 0
	r.res, r.err, r.panic, r.steps, r.final = floor.Result{}, nil, nil, 0, false
	r.state.Store(requestWaits)
	r.pool.Put(r)
}

// reply tells the caller that the request was served, unless it has seen to
// that itself.
func (b *Board) reply(r *request) {
	if r != b.mine[0] {
		r.done <- struct{}{}
	}
}

// ask has the request served. With an error it was not answered and is no longer
// the caller's; otherwise its own error counts, and the caller frees it.
func (b *Board) ask(ctx context.Context, r *request) error {
	if ctx.Err() != nil {
		r.free()
		return ended(ctx)
	}
	select {
	case <-b.stopping:
		return b.closedError()
	default:
	}
	if b.serveMyself(r) {
		return nil
	}
	select {
	case b.requests <- r: // nearly always, and cheaper than to look at three channels
	default:
		select {
		case b.requests <- r:
		case <-b.done:
			return b.closedError()
		case <-ctx.Done():
			return ended(ctx)
		}
	}
	select {
	case <-r.done:
	case <-b.done:
		// It may have been answered by the last batch.
		select {
		case <-r.done:
		default:
			return b.closedError()
		}
	case <-ctx.Done():
		if r.state.CompareAndSwap(requestWaits, requestAbandoned) {
			return ended(ctx)
		}
		if r.query != nil {
			<-r.done // it runs: it must not write to a caller who has left
			break
		}
		select {
		case <-r.done:
		default:
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, ended(ctx))
		}
	}
	return nil
}

// ended is why a context is over: its own error, and the cause if somebody gave
// another.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// closedError says why the Board no longer serves.
func (b *Board) closedError() error {
	if p := b.failure.Load(); p != nil {
		return fmt.Errorf("%w: %w", ErrClosed, *p)
	}
	return ErrClosed
}

// now is the board's time: the clock's, but never before the last event, and
// never standing still while the clock is behind it.
func (b *Board) now() time.Time {
	raw := b.config.Clock.Now()
	at := raw.UTC().Round(0)
	if at.Before(b.at) {
		at = b.at.Add(max(0, raw.Sub(b.raw)))
	}
	b.at, b.raw = at, raw
	return at
}

// readAt notes that the log was just read: the board's time is not before its
// last event, nor before 1970, where a fake clock may begin but no log can.
func (b *Board) readAt() {
	b.now()
	for _, least := range [...]time.Time{time.Unix(0, 0).UTC(), b.floor.Now()} {
		if b.at.Before(least) {
			b.at = least
		}
	}
}
