package switchboard

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// Actor is who does something: a role and, where there is one, a name.
type Actor = agent.Actor

// Event is one fact of a board's history.
type Event struct {
	// Seq numbers the events of a board from 1, without gaps.
	Seq uint64
	// At is the instant at which it happened, in UTC; it never decreases.
	At time.Time
	// By is who asked for it. The zero Actor is the engine: a deadline passed,
	// or a rule said so.
	By Actor
	// Why is the words that came with the command.
	Why string
	// Key is the command's idempotency key, on the command's first event.
	Key string
	// Body is the fact: one of the event types of the packages agent,
	// conversation and routing, as a value. New types may be added; switch with a
	// default.
	Body any

	// before is the position of the record before the event's.
	before Position
}

// Cursor returns the place in the stream just past this event.
func (e Event) Cursor() Cursor { return makeCursor(e.before, e.Seq) }

// Cursor is a place in a board's stream of events, as opaque text that can be
// stored and given to [Board.Events] later, also in another process. The zero
// Cursor is the beginning.
type Cursor string

// CursorError means that a text is not a cursor.
type CursorError struct {
	Cursor Cursor // as it was given
}

// Error implements error.
func (e *CursorError) Error() string {
	return fmt.Sprintf("switchboard: %.60q is not a cursor", string(e.Cursor))
}

func makeCursor(p Position, seq uint64) Cursor {
	b := binary.AppendUvarint(make([]byte, 0, 20), uint64(p))
	b = binary.AppendUvarint(b, seq)
	return Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// parse returns the position after which to read and the last event not wanted.
func (c Cursor) parse() (Position, uint64, error) {
	if c == "" {
		return 0, 0, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(b) > 20 {
		return 0, 0, &CursorError{c}
	}
	p, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, &CursorError{c}
	}
	seq, m := binary.Uvarint(b[n:])
	if m <= 0 || n+m != len(b) {
		return 0, 0, &CursorError{c}
	}
	return Position(p), seq, nil
}
