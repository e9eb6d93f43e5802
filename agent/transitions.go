package agent

import "slices"

// Transition is one way in which an agent's state, or its pending Idle, can
// change.
type Transition struct {
	// From is the state before.
	From State
	// FromPending says that Idle was pending; From is then Available.
	FromPending bool
	// Command is the name of the command, as in Refusal.Command.
	Command string
	// Cause is the cause in the event. It is empty where only the pending Idle
	// changes.
	Cause Cause
	// To is the state after.
	To State
	// ToPending says that Idle is pending; To is then Available.
	ToPending bool
	// When says in words what else has to hold; empty if nothing.
	When string
}

// The conditions, in the words of the table.
const (
	whenFree        = "no offer, no live conversation"
	whenForced      = "forced by a supervisor or an administrator"
	whenEngine      = "by the engine"
	whenGrace       = "the grace time is over"
	whenOtherReason = "another reason"
	whenEngaged     = "engaged"
	whenNotEngaged  = "not engaged"
	whenLastSeat    = "the last seat is closed"
	whenAnswerable  = "connected"
	whenGone        = "no session"
	whenOften       = "the policy's number of misses in a row"
	whenReturn      = "the policy's time to return is over"
)

// transitions is the whole machine, by the state it starts from.
var transitions = [...]Transition{
	{From: SignedOut, Command: "SignIn", Cause: ByRequest, To: Idle},

	{From: Idle, Command: "MakeAvailable", Cause: ByRequest, To: Available},
	{From: Idle, Command: "MakeIdle", Cause: ByRequest, To: Idle, When: whenOtherReason},
	{From: Idle, Command: "SignOut", Cause: ByRequest, To: SignedOut, When: whenFree},
	{From: Idle, Command: "SignOut", Cause: Forced, To: SignedOut, When: whenForced},
	{From: Idle, Command: "SignOut", Cause: Disconnected, To: SignedOut, When: whenEngine},
	{From: Idle, Command: "Tick", Cause: Disconnected, To: SignedOut, When: whenGrace},

	{From: Available, Command: "MakeIdle", Cause: ByRequest, To: Idle, When: whenNotEngaged},
	{From: Available, Command: "MakeIdle", To: Available, ToPending: true, When: whenEngaged},
	{From: Available, Command: "Miss", Cause: Missed, To: RONA, When: whenAnswerable},
	{From: Available, Command: "Miss", Cause: Disconnected, To: RONA, When: whenGone},
	{From: Available, Command: "Miss", Cause: MissedOften, To: Idle, When: whenOften},
	{From: Available, Command: "SignOut", Cause: ByRequest, To: SignedOut, When: whenFree},
	{From: Available, Command: "SignOut", Cause: Forced, To: SignedOut, When: whenForced},
	{From: Available, Command: "SignOut", Cause: Disconnected, To: SignedOut, When: whenEngine},
	{From: Available, Command: "Tick", Cause: Disconnected, To: SignedOut, When: whenGrace},

	{From: Available, FromPending: true, Command: "MakeAvailable", To: Available},
	{From: Available, FromPending: true, Command: "MakeIdle", To: Available, ToPending: true, When: whenEngaged + ", " + whenOtherReason},
	{From: Available, FromPending: true, Command: "MakeIdle", Cause: ByRequest, To: Idle, When: whenNotEngaged},
	{From: Available, FromPending: true, Command: "Settle", Cause: SeatsClosed, To: Idle, When: whenLastSeat},
	{From: Available, FromPending: true, Command: "Miss", Cause: Missed, To: RONA, When: whenAnswerable},
	{From: Available, FromPending: true, Command: "Miss", Cause: Disconnected, To: RONA, When: whenGone},
	{From: Available, FromPending: true, Command: "Miss", Cause: MissedOften, To: Idle, When: whenOften},
	{From: Available, FromPending: true, Command: "SignOut", Cause: ByRequest, To: SignedOut, When: whenFree},
	{From: Available, FromPending: true, Command: "SignOut", Cause: Forced, To: SignedOut, When: whenForced},
	{From: Available, FromPending: true, Command: "SignOut", Cause: Disconnected, To: SignedOut, When: whenEngine},
	{From: Available, FromPending: true, Command: "Tick", Cause: Disconnected, To: SignedOut, When: whenGrace},

	{From: RONA, Command: "MakeAvailable", Cause: ByRequest, To: Available},
	{From: RONA, Command: "MakeIdle", Cause: ByRequest, To: Idle},
	{From: RONA, Command: "Tick", Cause: Returned, To: Available, When: whenReturn},
	{From: RONA, Command: "SignOut", Cause: ByRequest, To: SignedOut, When: whenFree},
	{From: RONA, Command: "SignOut", Cause: Forced, To: SignedOut, When: whenForced},
	{From: RONA, Command: "SignOut", Cause: Disconnected, To: SignedOut, When: whenEngine},
	{From: RONA, Command: "Tick", Cause: Disconnected, To: SignedOut, When: whenGrace},
}

// Transitions returns the state machine as a table: everything that changes a
// State, a Reason or a pending Idle, grouped by the state it starts from. What
// is not in it does not happen. The slice is the caller's own.
func Transitions() []Transition { return slices.Clone(transitions[:]) }
