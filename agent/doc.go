// Package agent says whether an agent of a contact centre may be offered work:
// it is the state machine of one agent's availability.
//
// An [Agent] is a plain value. A [Command] is decided against it and gives
// events or a refusal; the events are applied to it, in order, each with the
// number it has in the log:
//
//	ann := agent.Agent{ID: "ann"}
//	cmd := agent.MakeAvailable{Agent: "ann"}
//	events, err := agent.Decide(&ann, now, by, cmd, load, policy, nil)
//	if err != nil {
//		return err // ann is unchanged; errors.Is(err, agent.ErrState)
//	}
//	for _, e := range events {
//		seq++
//		ann.Apply(now, seq, by, e)
//	}
//	if ann.Ready() { ... } // capacity, queues and skills come on top
//
// The state is nothing but the events applied: whoever keeps them can rebuild
// every agent.
//
// # What it models
//
// There are four states. Only an Available agent is offered work. RONA
// (redirection on no answer) says that an offer was not answered in time;
// nothing but [Miss], which is the engine's own command, leads there.
//
//	            SignIn               MakeAvailable
//	SignedOut ----------> Idle --------------------------> Available
//	    ^                  ^ ^ <-------------------------- |   |  ^
//	    |                  | |   MakeIdle, at once or      |   |  | MakeAvailable,
//	    |                  | |   when the last seat        |   |  | or Tick after
//	    |                  | |   is closed (Settle)        |   |  | Policy.ReturnAfter
//	    |                  | |                        Miss |   |  |
//	    |                  | +--- Miss, too often ---------+   v  |
//	    |                  +--------- MakeIdle -------------- RONA
//	    |
//	    +--- SignOut, or Tick when the grace time is over: from every state
//
// [Transitions] gives the same as a table. Engaged and wrapping up are not
// states: they follow from the seats the agent holds, and the caller counts
// those into [Load]. An agent who asks for Idle while engaged stays Available
// with Agent.Pending set, is offered nothing more, and becomes Idle when its
// last seat is closed.
//
// Connections are a second matter. Presence is the union of the agent's
// sessions; when the last one is gone a grace time starts, and an agent who is
// back within it has lost nothing. One who is not is signed out. An agent who
// never connected is not watched at all.
//
// The package decides only what concerns the agent alone. Offers, queues and
// conversations are the caller's: it withdraws the pending offers before
// [MakeIdle] and with a [Miss], closes the seats after a sign-out, and sends
// [Settle] when a seat was closed. It also tells the agent what happened to it
// elsewhere, by [Agent.Offered], [Agent.Took] and [Agent.SeatClosed].
//
// # Time
//
// The package reads no clock: every instant is an argument. [Agent.Next] says
// when something will happen by itself; send a [Tick] then. A deadline has
// passed at its own instant. Every deadline is computed when it is decided and
// stands in the event, so that applying needs no policy.
//
// # Errors
//
// A refused command gives a *[Refusal] that wraps [ErrState], [ErrOffered],
// [ErrEngaged], [ErrNotAllowed], [ErrReason], [ErrSession], [ErrAttributes] or
// [ErrCommand]; match with errors.Is. A command that would change nothing is a
// success without events. No input panics.
//
// # Concurrency
//
// Everything here is a plain value and nothing is shared behind the scenes.
// [Decide] and all other functions only read their arguments; [Agent.Apply],
// [Agent.Took], [Agent.Offered] and [Agent.SeatClosed] change the agent in
// place and must not run beside anything else that uses the same Agent. A copy
// made by assignment is a snapshot that later changes never reach.
package agent
