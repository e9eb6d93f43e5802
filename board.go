package switchboard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
)

// Errors of a Board. Branch with errors.Is.
var (
	// ErrClosed means that the Board is closed.
	ErrClosed = errors.New("switchboard: the board is closed")
	// ErrOutcomeUnknown means that the caller's context ended, or the store did
	// not answer, before it was certain whether the command was carried out. With an
	// idempotency key it can be asked again.
	ErrOutcomeUnknown = errors.New("switchboard: it is not known whether the command was carried out")
	// ErrActor means that a command does not say who acts.
	ErrActor = floor.ErrActor
	// ErrKey means that an idempotency key is longer than 128 bytes.
	ErrKey = floor.ErrKey
	// ErrCommand means that a command is of no known type, or the engine's own.
	ErrCommand = floor.ErrCommand
)

// Command is a request with who makes it.
type Command struct {
	// By is who acts. The zero Actor is refused with ErrActor: every change is
	// somebody's.
	By Actor
	// Why is the actor's own words for the record, at most 256 bytes.
	Why string
	// Key, if not empty, makes the command idempotent: the same key of the same
	// actor within 24 hours gives the first success again, without doing it
	// twice. At most 128 bytes; a longer one is refused with ErrKey.
	Key string
	// Do is what to do: a command of the packages agent, conversation or
	// routing, as a value. Anything else is refused with ErrCommand.
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
	// Accepted has the outcome for each offer of a conversation.AcceptAll.
	Accepted []Accepted
}

// Accepted is the outcome for one offer of a conversation.AcceptAll.
type Accepted struct {
	Conversation conversation.ID // which was offered
	Err          error // nil, or why the agent does not have it
}

// Board is one tenant's contact centre. It is safe for concurrent use.
//
// A Board runs three goroutines and one timer, however many agents and
// conversations it has, and one more for each message in flight.
type Board struct {
	config    Config
	log       Log
	exclusive func() bool

	requests chan *request
	wake     chan struct{}
	stopping chan struct{} // closed by Close
	draining atomic.Bool   // set by Shutdown
	done     chan struct{} // closed when the committer has stopped
	once     sync.Once
	failure  atomic.Pointer[error] // why the Board no longer serves

	// The committer's own.
	floor     *floor.Floor
	position  Position
	commits   uint64
	writer    *writer
	reader    *reader
	steps     []int // ends of the steps in floor.Events()
	raw       time.Time
	timer     *clock.Timer
	armed     time.Time
	appends   appender
	committed []Event
	failing   bool // the last append failed

	tail  tail
	sends senders
}

// Open opens a board: it reads the log, brings the state up to the present, and
// goes on from there. The context bounds the call alone.
//
// It refuses an invalid Config with a *ConfigError, and a log that it cannot
// read with a *CorruptError or a *FormatError.
func Open(ctx context.Context, c Config) (*Board, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
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
		stopping:  make(chan struct{}),
		done:      make(chan struct{}),
		floor:     floor.New(floor.Config{Load: time.LoadLocation, Node: c.Node}),
		writer:    newWriter(),
		reader:    newReader(),
	}
	if x, ok := log.(Exclusive); ok {
		b.exclusive = x.Exclusive
	}
	b.sends.init(b)
	b.appends.start(log)
	if err := b.recover(ctx); err != nil {
		b.appends.stop()
		return nil, errors.Join(err, log.Close())
	}
	go b.run()
	return b, nil
}

// recover reads the log and takes over what was being sent.
func (b *Board) recover(ctx context.Context) error {
	if err := b.readOn(ctx); err != nil {
		return err
	}
	b.tail.start(b.position, b.floor.Seq())
	now := b.now()
	if at, ok := b.floor.Next(); ok && b.floor.Seq() > 0 && now.Sub(at) > b.config.Lateness {
		b.config.Logger.Warn("nobody served the board", "from", b.floor.Now(), "to", now)
		b.floor.Outage(now)
		b.step()
	}
	return nil
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
	b.publish(p, events)
	b.position = p
	return nil
}

// Name returns the board's name.
func (b *Board) Name() string { return b.config.Name }

// Node returns the name of this process among those that share the store.
func (b *Board) Node() string { return b.config.Node }

// Close stops the Board at once: commands that wait are refused with ErrClosed,
// messages in flight are given up and settled when the board is opened again.
// It returns when every goroutine has ended. Closing twice is fine.
func (b *Board) Close() error {
	var err error
	b.once.Do(func() {
		close(b.stopping)
		<-b.done
		b.sends.stop()
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
	return b.do(ctx, c)
}

func (b *Board) do(ctx context.Context, c Command) (Result, error) {
	if len(c.Why) > 256 {
		return Result{}, fmt.Errorf("%w: Why is longer than 256 bytes", ErrCommand)
	}
	r := newRequest()
	r.cmd = floor.Command{By: c.By, Why: c.Why, Key: c.Key, Body: c.Do}
	if err := b.ask(ctx, r); err != nil {
		return Result{}, err
	}
	res := Result{Conversation: r.res.Conversation, Message: r.res.Message, Duplicate: r.res.Duplicate}
	for _, a := range r.res.Accepted {
		res.Accepted = append(res.Accepted, Accepted(a))
	}
	r.free()
	return res, nil
}

// Receive takes a customer's message from a channel. It returns the
// conversation; one already taken is a success that changes nothing.
func (b *Board) Receive(ctx context.Context, in conversation.Inbound) (conversation.ID, error) {
	res, err := b.Do(ctx, Command{By: Actor{Role: roleCustomer, ID: string(in.Customer)}, Do: in})
	return res.Conversation, err
}

// request is a command or a query on its way to the committer.
type request struct {
	ctx   context.Context
	cmd   floor.Command
	query func(*floor.Floor) error // instead of cmd
	state atomic.Int32
	done  chan struct{}

	res   floor.Result
	err   error
	final bool // decided, and in the log
}

const (
	requestWaits int32 = iota
	requestTaken
	requestAbandoned
)

var requests = sync.Pool{New: func() any { return &request{done: make(chan struct{}, 1)} }}

func newRequest() *request { return requests.Get().(*request) }

func (r *request) free() {
	r.ctx, r.cmd, r.query, r.res, r.err, r.final = nil, floor.Command{}, nil, floor.Result{}, nil, false
	r.state.Store(requestWaits)
	requests.Put(r)
}

func (r *request) answer() { r.done <- struct{}{} }

// ask hands the request over and waits for its answer.
func (b *Board) ask(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		r.free()
		return context.Cause(ctx)
	}
	r.ctx = ctx
	select {
	case <-b.stopping:
		return b.closedError()
	default:
	}
	select {
	case b.requests <- r:
	case <-b.done:
		return b.closedError()
	case <-ctx.Done():
		return context.Cause(ctx)
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
			return context.Cause(ctx)
		}
		select {
		case <-r.done:
		default:
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, context.Cause(ctx))
		}
	}
	if r.err != nil {
		err := r.err
		r.free()
		return err
	}
	return nil
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
	now := raw.UTC().Round(0)
	if last := b.floor.Now(); now.Before(last) {
		if b.raw.IsZero() || raw.Before(b.raw) {
			b.raw = raw
		}
		now = last.Add(max(0, raw.Sub(b.raw)))
	}
	b.raw = raw
	return now
}
