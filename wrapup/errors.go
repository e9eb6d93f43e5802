package wrapup

import (
	"errors"
	"strconv"
)

// Sentinels to be matched with errors.Is. The errors returned say more.
var (
	// ErrReason means that a submitted reason is empty or not in the policy.
	ErrReason = errors.New("wrapup: no such reason")
	// ErrExtension means that the deadline cannot be moved (any more).
	ErrExtension = errors.New("wrapup: cannot be extended")
	// ErrNotCancellable means that the countdown cannot be stopped.
	ErrNotCancellable = errors.New("wrapup: countdown cannot be cancelled")
)

// ReasonError refuses a reason. It matches [ErrReason].
type ReasonError struct {
	// Reason is what was submitted; empty if nothing was.
	Reason ReasonID
}

// Error says which reason was refused.
func (e *ReasonError) Error() string {
	if e.Reason == "" {
		return "wrapup: a reason is needed"
	}
	return "wrapup: no such reason: " + strconv.Quote(string(e.Reason))
}

// Is reports whether target is [ErrReason].
func (e *ReasonError) Is(target error) bool { return target == ErrReason }
