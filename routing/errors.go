package routing

import (
	"errors"
	"fmt"
	"strings"

	"github.com/switchboard-go/switchboard/wrapup"
)

// Sentinels. Branch with errors.Is.
var (
	// ErrSetup means that a setup is not valid; see *SetupError.
	ErrSetup = errors.New("routing: the setup is not valid")
	// ErrInUse means that something is in use and needs a place to drain to, or
	// is named elsewhere.
	ErrInUse = errors.New("routing: in use")
	// ErrUnknown means that there is no such queue, team, agent, source or
	// conversation; see *UnknownError.
	ErrUnknown = errors.New("routing: unknown")
	// ErrRemoved means that the source was removed.
	ErrRemoved = errors.New("routing: the source was removed")
	// ErrTarget means that a transfer or invitation cannot go there; see
	// *TargetError.
	ErrTarget = errors.New("routing: the target is not available")
)

// SetupError has all problems of a setup, each with its field path. It matches
// ErrSetup.
type SetupError struct {
	Problems []wrapup.FieldError // in the order of the fields, at most MaxProblems; never empty
}

// Error implements error.
func (e *SetupError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	lines = append(lines, ErrSetup.Error())
	for _, p := range e.Problems {
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n\t")
}

// Is reports a match with ErrSetup.
func (e *SetupError) Is(target error) bool { return target == ErrSetup }

// UnknownError names what does not exist. It matches ErrUnknown.
type UnknownError struct {
	// What is "queue", "team", "agent", "source", "conversation" or "command".
	What, ID string
}

// Error implements error.
func (e *UnknownError) Error() string { return fmt.Sprintf("routing: unknown %s %q", e.What, e.ID) }

// Is reports a match with ErrUnknown.
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

// TargetError says why a transfer or an invitation cannot go to a target (E21,
// E30). It matches ErrTarget.
type TargetError struct {
	// What is "queue" or "agent".
	What, ID string
	// Why is a stable word: "idle", "rona", "signed-out", "disconnected",
	// "full", "skills", "not-serving", "channel", "closed", "unstaffed",
	// "no-transfers".
	Why string
}

// Error implements error.
func (e *TargetError) Error() string {
	return fmt.Sprintf("routing: %s %q is not available: %s", e.What, e.ID, e.Why)
}

// Is reports a match with ErrTarget.
func (e *TargetError) Is(target error) bool { return target == ErrTarget }
