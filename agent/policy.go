package agent

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/wrapup"
)

// DefaultGrace is the grace time when Policy.Grace is zero.
const DefaultGrace = 30 * time.Second

// The Idle reasons when the policy names none.
const (
	DefaultMissedReason = "missed"
	DefaultSignInReason = "signed in"
)

// Policy holds the rules of availability. The zero value is the default.
// Durations are integers of nanoseconds in JSON.
type Policy struct {
	// ReturnAfter, if positive, ends a RONA by itself after that time. Zero
	// means that the agent leaves RONA by hand.
	ReturnAfter time.Duration `json:"returnAfter,omitempty"`
	// MissesToIdle, if positive, makes the agent Idle instead of RONA at that
	// many misses in a row (E15), and at each further one until an offer is
	// accepted or the agent signs out.
	MissesToIdle int `json:"missesToIdle,omitempty"`
	// MissedReason is the Idle reason used then, at most MaxReason bytes. Empty
	// means DefaultMissedReason.
	MissedReason string `json:"missedReason,omitempty"`
	// SignInReason is the Idle reason after sign-in, at most MaxReason bytes.
	// Empty means DefaultSignInReason.
	SignInReason string `json:"signInReason,omitempty"`
	// Grace is how long an agent whose last session is gone keeps its place.
	// Zero means DefaultGrace; a negative value means no grace at all.
	Grace time.Duration `json:"grace,omitempty"`
}

// Validate returns all problems of the policy in the order of its fields, none
// if it may be used: a negative ReturnAfter or MissesToIdle, a reason that is
// too long or not UTF-8. The path of the policy itself (such as
// "availability") is put before each field's name; it may be empty.
//
// Decide does not validate: it takes a negative number for zero and a reason as
// it is.
func (p Policy) Validate(path string) []wrapup.FieldError {
	var problems []wrapup.FieldError
	report := func(field, format string, args ...any) {
		if path != "" {
			field = path + "." + field
		}
		problems = append(problems, wrapup.FieldError{Path: field, Problem: fmt.Sprintf(format, args...)})
	}
	reason := func(field, text string) {
		switch {
		case len(text) > MaxReason:
			report(field, "is %d bytes long, at most %d are allowed", len(text), MaxReason)
		case !utf8.ValidString(text):
			report(field, "is not valid UTF-8")
		}
	}
	switch {
	case p.ReturnAfter < 0:
		report("returnAfter", "%v is negative", p.ReturnAfter)
	case p.ReturnAfter > longest:
		report("returnAfter", "%v is longer than %v", p.ReturnAfter, longest)
	}
	if p.Grace > longest {
		report("grace", "%v is longer than %v", p.Grace, longest)
	}
	if p.MissesToIdle < 0 {
		report("missesToIdle", "%d is negative", p.MissesToIdle)
	}
	reason("missedReason", p.MissedReason)
	reason("signInReason", p.SignInReason)
	return problems
}

// longest is the greatest duration of a policy: instants stay far from what the
// log can hold.
const longest = 366 * 24 * time.Hour

func (p Policy) missedReason() string {
	if p.MissedReason == "" {
		return DefaultMissedReason
	}
	return p.MissedReason
}

func (p Policy) signInReason() string {
	if p.SignInReason == "" {
		return DefaultSignInReason
	}
	return p.SignInReason
}

// graceEnd is when a grace time that starts now is over.
func (p Policy) graceEnd(now time.Time) time.Time {
	switch {
	case p.Grace == 0:
		return now.Add(DefaultGrace)
	case p.Grace < 0:
		return now
	}
	return now.Add(p.Grace)
}
