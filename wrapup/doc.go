// Package wrapup says how an agent finishes with a conversation: which reasons
// there are to choose from, and how long choosing may take.
//
// A [Policy] is the configuration, usually one per queue. A [WrapUp] is the
// running wrap-up of one seat, that is, of one agent in one conversation:
//
//	policy := wrapup.Policy{
//		Reasons: []wrapup.Reason{{ID: "solved", Label: "Solved"}, {ID: "spam", Label: "Spam"}},
//		Default: "solved",
//		Limit:   2 * time.Minute,
//	}
//	if problems := policy.Validate("wrapUp"); len(problems) > 0 {
//		// each problem names its field
//	}
//	w := wrapup.Start(policy, now)       // the conversation has ended for this agent
//	reason, err := policy.Check("spam")  // the agent submits a reason
//	if w.Due(later) {                    // or the time is up:
//		reason, err = policy.Check(policy.Default)
//	}
//
// Exactly one reason ends a wrap-up. If the policy has a limit, whoever holds
// the WrapUp applies the default reason when it is due, whether or not the
// agent is connected.
//
// # Time
//
// The package reads no clock: every instant is an argument. A wrap-up is due at
// the very instant of its deadline, so an extension asked for then is late.
//
// # Errors
//
// A refusal matches [ErrReason], [ErrExtension] or [ErrNotCancellable] with
// errors.Is. Problems of configuration are values of [FieldError], all reported
// at once. No input panics.
//
// # Concurrency
//
// All types are plain values and no function changes its arguments, so
// everything may be used from any number of goroutines at once.
package wrapup
