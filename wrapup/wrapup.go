package wrapup

import (
	"fmt"
	"time"
)

// WrapUp is the running wrap-up of one seat. It begins with [Start]; its
// methods return the next state and leave the receiver as it is. It does not
// hold its policy: a caller whose policies can change keeps the one with which
// it started and passes that.
type WrapUp struct {
	// Started is when the wrap-up began.
	Started time.Time `json:"started,omitzero"`
	// Deadline is when the default reason is applied. Zero means never: the
	// policy has no limit, or the countdown was cancelled.
	Deadline time.Time `json:"deadline,omitzero"`
	// Extensions is how many times the deadline has been moved.
	Extensions int `json:"extensions,omitempty"`
	// Cancelled says that the agent stopped the countdown.
	Cancelled bool `json:"cancelled,omitempty"`
}

// Start returns the wrap-up that begins at now under policy p.
func Start(p Policy, now time.Time) WrapUp {
	w := WrapUp{Started: now}
	if p.Limit > 0 {
		w.Deadline = now.Add(p.Limit)
	}
	return w
}

// Extend moves the deadline by the policy's extension, counted from the old
// deadline. It refuses with an error that matches [ErrExtension], and returns w
// unchanged, if there is no countdown, if now is the deadline or later, or if
// the policy allows no further extension.
func (w WrapUp) Extend(p Policy, now time.Time) (WrapUp, error) {
	switch {
	case w.Cancelled:
		return w, fmt.Errorf("%w: its countdown was cancelled", ErrExtension)
	case w.Deadline.IsZero():
		return w, fmt.Errorf("%w: it has no limit", ErrExtension)
	case w.Due(now):
		return w, fmt.Errorf("%w: its time is up", ErrExtension)
	case p.Extension <= 0 || p.MaxExtensions <= 0:
		return w, fmt.Errorf("%w: the policy allows no extension", ErrExtension)
	case w.Extensions >= p.MaxExtensions:
		return w, fmt.Errorf("%w: all extensions (%d) are used up", ErrExtension, p.MaxExtensions)
	}
	w.Deadline = w.Deadline.Add(p.Extension)
	w.Extensions++
	return w, nil
}

// Cancel stops the countdown, so that the agent may take any time. Cancelling
// again is a success that changes nothing. It refuses with an error that
// matches [ErrNotCancellable], and returns w unchanged, if the policy does not
// allow it, if there is no countdown, or if now is the deadline or later.
func (w WrapUp) Cancel(p Policy, now time.Time) (WrapUp, error) {
	switch {
	case w.Cancelled:
		return w, nil
	case !p.Cancellable:
		return w, fmt.Errorf("%w: the policy does not allow it", ErrNotCancellable)
	case w.Deadline.IsZero():
		return w, fmt.Errorf("%w: it has no limit", ErrNotCancellable)
	case w.Due(now):
		return w, fmt.Errorf("%w: its time is up", ErrNotCancellable)
	}
	w.Deadline = time.Time{}
	w.Cancelled = true
	return w, nil
}

// Due reports whether the default reason is to be applied: there is a deadline
// and now has reached it. At the very instant of the deadline it is due.
func (w WrapUp) Due(now time.Time) bool {
	return !w.Deadline.IsZero() && !now.Before(w.Deadline)
}

// Remaining returns the time left until the deadline, zero once it is due. The
// second result is false if there is no deadline.
func (w WrapUp) Remaining(now time.Time) (time.Duration, bool) {
	if w.Deadline.IsZero() {
		return 0, false
	}
	return max(0, w.Deadline.Sub(now)), true
}

// Elapsed returns the time since the wrap-up began, never less than zero.
func (w WrapUp) Elapsed(now time.Time) time.Duration {
	return max(0, now.Sub(w.Started))
}
