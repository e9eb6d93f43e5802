package switchboard

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Config is what a Board runs on. Queues, agents, sources and reasons are not
// in it: they are state, see [routing.Setup]. Only Name must be given.
type Config struct {
	// Name names the board in the store: one tenant is one board. At most 128
	// bytes.
	Name string
	// Store keeps the log. Nil means a memory store of its own.
	Store Store
	// Transports send to customers, by channel. A message for a channel without
	// one fails with conversation.FailNoTransport.
	Transports map[conversation.Channel]Transport
	// Archive takes the conversations that leave memory. Nil means that there is
	// none: then only the log has them. Every process of a board should have the
	// same one: what is due to be archived waits, in memory, for one that has.
	Archive Archive
	// Clock is the time. Nil means the real one. Both a clock.Mock and
	// clock.New() inside testing/synctest work.
	Clock clock.Clock
	// Node names this process among those that share the store, at most 128 bytes.
	// No other that runs may have the name; after a restart it should be the same
	// again: under it the messages that were in flight are taken over at once, by
	// other nodes only when it has not been heard of for a while. Empty means a random
	// name.
	Node string
	// Logger takes what an operator should know; never a customer's words. Nil
	// means none.
	Logger *slog.Logger

	// Lateness is how long a deadline may be overdue, when the log is opened or
	// the store is back, before that proves an outage. Zero means 10 seconds.
	Lateness time.Duration
	// AppendTimeout is how long, in real time, an append may take before
	// callers are told that the outcome is unknown. Zero means 5 seconds.
	AppendTimeout time.Duration
	// SendTimeout is how long, in real time, one Send or Settle may take. Zero
	// means 20 seconds.
	SendTimeout time.Duration
	// ArchiveTimeout is how long, in real time, one call of the Archive may take.
	// Zero means 20 seconds.
	ArchiveTimeout time.Duration
	// UnknownAfter is how long a message whose Send failed ambiguously waits to
	// be settled before it counts as unknown, on the Clock. Zero means 30
	// seconds.
	UnknownAfter time.Duration
	// MaxSkew is how far the clocks of two nodes that share a board may be apart. So
	// much later than a node's lease is over another takes over what it had to send. Where
	// the store has a clock (see [Clocked]), a node that is further from it commits
	// nothing: commands are refused with a *[SkewError]. Zero means 2 seconds.
	MaxSkew time.Duration
	// Sends is how many messages are sent at the same time. Zero means 64.
	Sends int

	// SnapshotEvery is after how many events a snapshot is made, where the log is a
	// [Snapshotter]: the board is then opened from it and the rest of the log. Zero
	// means 100,000. A negative number means never, and then nothing is trimmed
	// either.
	SnapshotEvery int
	// KeepLog is how long, on the Clock, records are kept at least that no kept
	// snapshot needs, where the log is a [Trimmer]; whether there are such is looked
	// at when a snapshot is made. Who reads events that are no longer kept gets an
	// error that matches ErrTrimmed. Zero means for ever, but an hour on a
	// *MemoryStore. A negative duration means for ever.
	KeepLog time.Duration
}

// ErrConfig means that a Config is not valid; see *ConfigError.
var ErrConfig = errors.New("switchboard: the configuration is not valid")

// ConfigError has all problems of a Config, each with its field. It matches
// ErrConfig.
type ConfigError struct {
	Problems []wrapup.FieldError // never empty; paths are field names, such as "Name"
}

// Error implements error.
func (e *ConfigError) Error() string {
	s := ErrConfig.Error()
	for _, p := range e.Problems {
		s += "\n\t" + p.Error()
	}
	return s
}

// Is reports a match with ErrConfig.
func (e *ConfigError) Is(target error) bool { return target == ErrConfig }

func (c Config) validate() error {
	var ps []wrapup.FieldError
	bad := func(path, format string, args ...any) {
		ps = append(ps, wrapup.FieldError{Path: path, Problem: fmt.Sprintf(format, args...)})
	}
	if c.Name == "" || len(c.Name) > 128 || !utf8.ValidString(c.Name) {
		bad("Name", "must be 1 to 128 bytes of UTF-8")
	}
	if c.Store != nil && null(c.Store) {
		bad("Store", "is a nil %T", c.Store)
	}
	if c.Archive != nil && null(c.Archive) {
		bad("Archive", "is a nil %T", c.Archive)
	}
	if c.Clock != nil && null(c.Clock) {
		bad("Clock", "is a nil %T", c.Clock)
	}
	if len(c.Node) > 128 || !utf8.ValidString(c.Node) {
		bad("Node", "must be at most 128 bytes of UTF-8")
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"Lateness", c.Lateness}, {"AppendTimeout", c.AppendTimeout},
		{"SendTimeout", c.SendTimeout}, {"ArchiveTimeout", c.ArchiveTimeout}, {"UnknownAfter", c.UnknownAfter},
		{"MaxSkew", c.MaxSkew},
	} {
		if d.d < 0 {
			bad(d.name, "must not be negative: %v", d.d)
		}
	}
	if c.Sends < 0 {
		bad("Sends", "must not be negative: %d", c.Sends)
	}
	for _, ch := range slices.Sorted(maps.Keys(c.Transports)) {
		if ch == "" {
			bad("Transports", "a channel must not be empty")
		}
		if t := c.Transports[ch]; t == nil || null(t) {
			bad(fmt.Sprintf("Transports[%.60q]", ch), "must not be nil")
		}
	}
	if len(ps) > 0 {
		return &ConfigError{Problems: ps}
	}
	return nil
}

// null reports whether v is a nil pointer in an interface.
func null(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

func (c Config) withDefaults() Config {
	if c.Store == nil {
		c.Store = NewMemoryStore()
	}
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Node == "" {
		c.Node = rand.Text()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Logger = c.Logger.With("board", c.Name, "node", c.Node)
	for _, d := range []struct {
		d *time.Duration
		v time.Duration
	}{
		{&c.Lateness, 10 * time.Second}, {&c.AppendTimeout, 5 * time.Second},
		{&c.SendTimeout, 20 * time.Second}, {&c.ArchiveTimeout, 20 * time.Second}, {&c.UnknownAfter, 30 * time.Second},
		{&c.MaxSkew, 2 * time.Second},
	} {
		if *d.d == 0 {
			*d.d = d.v
		}
	}
	if c.Sends == 0 {
		c.Sends = 64
	}
	if c.SnapshotEvery == 0 {
		c.SnapshotEvery = 100_000
	}
	if c.KeepLog == 0 {
		c.KeepLog = -1
		if _, memory := c.Store.(*MemoryStore); memory {
			c.KeepLog = time.Hour
		}
	}
	c.Transports = maps.Clone(c.Transports)
	return c
}
