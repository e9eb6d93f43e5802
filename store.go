package switchboard

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Position is a place in a board's log. Positions grow with each append and
// need not be contiguous; zero is before the first record.
type Position uint64

// Record is one append as the store kept it. The data is opaque to the store.
type Record struct {
	Position Position // never 0; past that of every earlier record
	Data     []byte   // not to be changed, nor kept past the next record
}

// Store keeps the logs of boards. NewMemoryStore is the default.
type Store interface {
	// Open returns the log of the board, empty if there is none yet. Any number
	// of processes may have it open. The context bounds the call alone.
	Open(ctx context.Context, board string) (Log, error)
}

// Log is the totally ordered record of one board. A Log is safe for concurrent
// use.
//
// The contract is small, so that a log can be kept on anything with a unique
// key. It is all that the safety of a Board rests on.
type Log interface {
	// Append stores data as the next record if the newest one is at after, and
	// returns its position. If another record was there first, nothing is
	// stored and the error matches [ErrConflict]. An error that matches [ErrRefused]
	// says that nothing was stored and nothing will be; after any other error the record
	// may have been stored, or may still be. Append keeps no reference to data.
	Append(ctx context.Context, after Position, data []byte) (Position, error)
	// Read yields the records past after, in order, up to the present end: at
	// least every one whose Append had returned before Read was called, through
	// any connection. A position past the end is an error that matches ErrPosition; one
	// before the oldest record that was kept is an error that matches
	// ErrTrimmed. The caller does not change the data and does not keep it past
	// the next record.
	Read(ctx context.Context, after Position) iter.Seq2[Record, error]
	// Close releases what Open took. The log stays.
	Close() error
}

// Exclusive is an optional ability of a [Log]: nobody else appends to it while it
// is open, so the Board need not look for others before it answers.
type Exclusive interface {
	Log
	// Exclusive reports whether this is the only opening of the log, and has been
	// since it was made: another that has been closed again may have appended.
	Exclusive() bool
}

// Instant is an optional ability of a [Log]: Append waits for nothing, neither a
// disk nor a network, and with any error but ErrConflict it has not stored the
// record and will not. The Board then need not guard itself against it: whoever
// finds the Board idle carries out the command in their own goroutine. A log that
// says so and hangs takes the Board with it.
type Instant interface {
	Log
	// Instant reports whether it is so; it is asked once, when the Board opens.
	Instant() bool
}

// Errors of stores. A store wraps them; branch with errors.Is.
var (
	// ErrConflict means that another record was appended first.
	ErrConflict = errors.New("switchboard: another record was appended first")
	// ErrRefused means that the store refused the append: nothing was stored.
	ErrRefused = errors.New("switchboard: the store refused the append")
	// ErrPosition means that a position is past the end of the log.
	ErrPosition = errors.New("switchboard: the position is past the end of the log")
	// ErrTrimmed means that the records wanted are no longer kept.
	ErrTrimmed = errors.New("switchboard: the records are no longer kept")
)

// CorruptError means that a record or a snapshot cannot be read. The Board that
// meets such a record stops serving: it never skips. It can do without a snapshot
// as long as the log has everything.
type CorruptError struct {
	Position Position // of what cannot be read
	Snapshot bool     // whether that is the snapshot, and not the record, at the position
	Err      error    // what is wrong with it
}

// Error implements error.
func (e *CorruptError) Error() string {
	what := "record"
	if e.Snapshot {
		what = "snapshot"
	}
	return fmt.Sprintf("switchboard: the %s at %d cannot be read: %v", what, e.Position, e.Err)
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// FormatError means that a record or a snapshot needs a newer version of this
// package: its format, or a kind of line in it, is not known. The Board that meets
// such a record stops serving; it can do without a snapshot as long as the log has
// everything.
type FormatError struct {
	// Format is that of the record or snapshot; Kind is the line's, when that is
	// unknown.
	Format int
	Kind   string // empty when it is the format that is unknown
}

// Error implements error.
func (e *FormatError) Error() string {
	if e.Kind != "" {
		return fmt.Sprintf("switchboard: the kind %q is not known to this version; a newer one wrote it", e.Kind)
	}
	return fmt.Sprintf("switchboard: the format %d is not known to this version, which reads format %d", e.Format, format)
}

// StaleError comes with an answer from the last committed state, because the
// store did not answer in time. The value beside it is good, but old.
type StaleError struct {
	// AsOf is the instant of the last committed event.
	AsOf time.Time
	Err  error // why the store did not answer
}

// Error implements error.
func (e *StaleError) Error() string {
	return fmt.Sprintf("switchboard: as of %s: %v", e.AsOf.Format(time.RFC3339Nano), e.Err)
}

// Unwrap returns the cause.
func (e *StaleError) Unwrap() error { return e.Err }
