package switchboard

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// The abilities in this file and [Exclusive] are optional: a [Log] has one by
// having its methods, and a log without any is complete. A log that wraps
// another has the methods of all and returns an error that matches
// errors.ErrUnsupported where the other has not the ability; that counts as not
// having it. All of them are safe for concurrent use, as the rest of a Log is.

// Snapshotter is an optional ability of a [Log]: it keeps the state as it was at
// a position, so that the records up to there need not be read again. What a
// snapshot says is opaque to the store.
type Snapshotter interface {
	Log
	// SaveSnapshot stores the chunks, one after the other, as the snapshot at the
	// position, which is that of a record the caller has read or appended. Chunks
	// may be of any size, none included, and there may be none; each is the
	// caller's again as soon as the next is asked for.
	//
	// The snapshot is visible only when it is whole, to every connection by the
	// time SaveSnapshot returns nil, and takes the place of one at the same
	// position. Then those with the two highest positions are kept, and the others
	// removed, even if that concerns the one just saved.
	//
	// When the chunks yield an error, SaveSnapshot stops, keeps nothing and returns
	// an error that matches it. The same holds for a context that is over before
	// the last chunk. After any other error the snapshot is there and whole, or
	// is not there. Appends and reads go on meanwhile.
	SaveSnapshot(ctx context.Context, at Position, chunks iter.Seq2[[]byte, error]) error
	// LoadSnapshot finds the newest snapshot for a skip of 0, the one before for
	// 1, and returns its position and its bytes in chunks, which need not be those
	// that were saved. Where there are not so many the error matches
	// [ErrNoSnapshot].
	//
	// The chunks are ranged over once at most, in the same context; each is valid
	// until the next is asked for. They are all of one snapshot: if it is removed
	// while it is read, the rest comes all the same or an error ends it. An
	// error is the last thing that is yielded; for a snapshot that the store finds
	// damaged it is a *CorruptError with the snapshot's position.
	LoadSnapshot(ctx context.Context, skip int) (Position, iter.Seq2[[]byte, error], error)
	// DropSnapshots removes every snapshot at a position less than before, with
	// what is left of saves that were broken off. When it has returned nil, no
	// byte of them can be read through the store. It does not concern a save that
	// has not returned yet, through whichever connection.
	DropSnapshots(ctx context.Context, before Position) error
}

// Trimmer is an optional ability of a [Log]: it forgets old records.
type Trimmer interface {
	Log
	// Trim removes the records at positions less than before, but never the newest
	// record. There may be none to be removed: that is a success. A position past
	// the end is an error that matches [ErrPosition], and then nothing is removed.
	//
	// When Trim has returned nil, no byte of the removed records can be read through
	// the store, through any connection; only a Read that had begun may still
	// yield them. After an error some of them may be removed, the older ones first.
	//
	// From then on a Read yields an error that matches [ErrTrimmed] if a record past
	// its position was removed. Where a store does not know whether one was, it says
	// so for every position before the oldest record that is kept. Nothing else
	// changes: positions go on growing, and an Append after a removed record is
	// refused with [ErrConflict].
	Trim(ctx context.Context, before Position) error
}

// Watcher is an optional ability of a [Log]: it says when there is something to
// read.
type Watcher interface {
	Log
	// Wait returns nil as soon as there is a record past after that was appended
	// through another opening of the log, in whichever process: at once if there is
	// one already. A record that was appended through this opening may be a reason to
	// return nil, or not: its appender knows of it, and it costs least not to be.
	// Without a record past after it does not return nil. It returns the context's error when the context is over,
	// an error that matches [ErrPosition] for a position past the end, and an error
	// when the log is closed meanwhile.
	Wait(ctx context.Context, after Position) error
}

// Clocked is an optional ability of a [Log]: the store has a clock of its own,
// which is the same for all that have the log open.
type Clocked interface {
	Log
	// Now returns the store's time. Of two calls, the one that begins after the
	// other has returned does not get an earlier time, through whichever
	// connections, unless the store's clock was set back.
	Now(ctx context.Context) (time.Time, error)
}

// Limited is an optional ability of a [Log]: it says how large a record may be.
type Limited interface {
	Log
	// MaxRecord returns the largest number of bytes that Append takes, at least
	// 768 KiB, or 0 for no limit. It is the same for as long as the log is open. An
	// Append of more is refused with a [*SizeError].
	MaxRecord() int
}

// ErrNoSnapshot means that the log has no such snapshot.
var ErrNoSnapshot = errors.New("switchboard: there is no such snapshot")

// SizeError means that a record is larger than the store takes: nothing was
// stored. It matches ErrRefused.
type SizeError struct {
	Size int // of the record, in bytes
	Max  int // what the store takes, in bytes
}

// Error implements error.
func (e *SizeError) Error() string {
	return fmt.Sprintf("switchboard: a record of %d bytes, where the store takes %d", e.Size, e.Max)
}

// Is reports a match with ErrRefused.
func (e *SizeError) Is(target error) bool { return target == ErrRefused }
