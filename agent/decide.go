package agent

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Decide says what follows from cmd: it appends events to out, which the caller
// then applies in order. A command that would change nothing succeeds and
// appends nothing. A refused one returns out as it was and a *Refusal; each
// command says what it is refused with. A command for another agent, none at
// all, or one of a type not from this package is refused with ErrCommand.
//
// now is the instant of the command and by is who gave it; beyond a forced
// SignOut and Miss, who may command whom is for the caller to judge. load is
// what the agent holds at that moment. A nil p means the default policy.
//
// Decide changes nothing but the spare capacity of out.
func Decide(a *Agent, now time.Time, by Actor, cmd Command, load Load, p *Policy, out []Event) ([]Event, error) {
	name := commandName(cmd)
	if a == nil {
		return out, &Refusal{Command: name, Err: fmt.Errorf("%w: there is no agent", ErrCommand)}
	}
	var policy Policy
	if p != nil {
		policy = *p
	}
	decided, err := a.decide(now, by, cmd, load, policy, out)
	if err != nil {
		return out, &Refusal{Command: name, Agent: a.ID, State: a.State, Err: err}
	}
	return decided, nil
}

func (a *Agent) decide(now time.Time, by Actor, cmd Command, load Load, p Policy, out []Event) ([]Event, error) {
	// AgentID is only called on the types of this package: a foreign one that
	// embeds a nil Command would panic.
	var about ID
	switch c := cmd.(type) {
	case SignIn, SignOut, MakeAvailable, MakeIdle, Connect, Disconnect, SetAttributes, Miss, Tick, Settle:
		about = c.AgentID()
	default:
		return nil, ErrCommand
	}
	if about != a.ID {
		return nil, fmt.Errorf("%w: it is about agent %q", ErrCommand, about)
	}
	switch c := cmd.(type) {
	case SignIn:
		return a.signIn(now, p, out), nil
	case SignOut:
		return a.signOut(by, c.Force, load, out)
	case MakeAvailable:
		return a.makeAvailable(out)
	case MakeIdle:
		return a.makeIdle(c.Reason, load, out)
	case Connect:
		return a.connect(c.Session, out)
	case Disconnect:
		return a.disconnect(now, c.Session, p, out), nil
	case SetAttributes:
		return a.setAttributes(c.Set, out)
	case Miss:
		return a.miss(now, by, p, out)
	case Tick:
		return a.tick(now, out), nil
	case Settle:
		return a.settle(load, out), nil
	}
	return nil, ErrCommand
}

// changed is the StateChanged of this agent. The count of misses goes on: only
// an accepted offer and signing out end it.
func (a *Agent) changed(s State, reason string, cause Cause) StateChanged {
	e := StateChanged{Agent: a.ID, State: s, Reason: reason, Cause: cause}
	if s != SignedOut {
		e.Misses = a.Misses
	}
	return e
}

func (a *Agent) signIn(now time.Time, p Policy, out []Event) []Event {
	if a.State != SignedOut {
		return out
	}
	out = append(out, a.changed(Idle, p.signInReason(), ByRequest))
	if !a.Connected() {
		// Nobody would notice if the session that should follow never came.
		out = append(out, GraceRestarted{Agent: a.ID, Grace: p.graceEnd(now)})
	}
	return out
}

func (a *Agent) signOut(by Actor, force bool, load Load, out []Event) ([]Event, error) {
	if force && by.Role != Supervisor && by.Role != Administrator && by.Role != Engine {
		return nil, fmt.Errorf("%w: only a supervisor may force it", ErrNotAllowed)
	}
	cause := ByRequest
	switch {
	case a.State == SignedOut:
		return out, nil
	case !force && load.Offers > 0:
		return nil, ErrOffered
	case !force && load.Live > 0:
		return nil, ErrEngaged
	case by.Role == Engine:
		cause = Disconnected
	case force:
		cause = Forced
	}
	return append(out, a.changed(SignedOut, "", cause)), nil
}

func (a *Agent) makeAvailable(out []Event) ([]Event, error) {
	switch {
	case a.State == SignedOut:
		return nil, ErrState
	case a.State == Available && a.Pending:
		return append(out, IdleCancelled{Agent: a.ID}), nil
	case a.State == Available:
		return out, nil
	}
	return append(out, a.changed(Available, "", ByRequest)), nil
}

func (a *Agent) makeIdle(reason string, load Load, out []Event) ([]Event, error) {
	switch {
	case a.State == SignedOut:
		return nil, ErrState
	case len(reason) > MaxReason || !utf8.ValidString(reason):
		return nil, fmt.Errorf("%w: at most %d bytes of UTF-8", ErrReason, MaxReason)
	case a.State == Idle && a.Reason == reason:
		return out, nil
	case a.State == Available && load.Engaged():
		if a.Pending && a.PendingReason == reason {
			return out, nil
		}
		return append(out, IdlePending{Agent: a.ID, Reason: reason}), nil
	}
	return append(out, a.changed(Idle, reason, ByRequest)), nil
}

func (a *Agent) miss(now time.Time, by Actor, p Policy, out []Event) ([]Event, error) {
	if by.Role != Engine {
		return nil, fmt.Errorf("%w: only the engine knows of a missed offer", ErrNotAllowed)
	}
	if a.State != Available {
		return out, nil
	}
	e := a.changed(RONA, "", Missed)
	e.Misses++
	switch {
	case p.MissesToIdle > 0 && e.Misses >= p.MissesToIdle:
		e.State, e.Reason, e.Cause = Idle, p.missedReason(), MissedOften
		return append(out, e), nil
	case !a.Connected():
		e.Cause = Disconnected // it could not have answered (E9)
	}
	if p.ReturnAfter > 0 {
		e.Return = now.Add(p.ReturnAfter)
	}
	return append(out, e), nil
}

func (a *Agent) settle(load Load, out []Event) []Event {
	if !a.Pending || load.Engaged() || load.Offers > 0 {
		return out
	}
	return append(out, a.changed(Idle, a.PendingReason, SeatsClosed))
}

func (a *Agent) tick(now time.Time, out []Event) []Event {
	grace, back := a.graceDeadline(), a.returnDeadline()
	// Signing out ends the RONA too, so a return that would come later does not
	// come at all.
	if back.Passed(now) && !grace.Before(back) {
		out = append(out, a.changed(Available, "", Returned))
	}
	if grace.Passed(now) {
		out = append(out, a.changed(SignedOut, "", Disconnected))
	}
	return out
}

func (a *Agent) connect(session string, out []Event) ([]Event, error) {
	switch {
	case session == "" || len(session) > MaxSession || !utf8.ValidString(session):
		return nil, fmt.Errorf("%w: it must be 1 to %d bytes of UTF-8", ErrSession, MaxSession)
	case slices.Contains(a.Sessions, session):
		return out, nil
	case len(a.Sessions) >= MaxSessions:
		return nil, fmt.Errorf("%w: at most %d sessions at a time", ErrSession, MaxSessions)
	}
	return append(out, Connected{Agent: a.ID, Session: session}), nil
}

func (a *Agent) disconnect(now time.Time, session string, p Policy, out []Event) []Event {
	if !slices.Contains(a.Sessions, session) {
		return out
	}
	e := Dropped{Agent: a.ID, Session: session}
	if len(a.Sessions) == 1 && a.State != SignedOut {
		e.Grace = p.graceEnd(now)
	}
	return append(out, e)
}

func (a *Agent) setAttributes(set Attributes, out []Event) ([]Event, error) {
	if _, err := a.Attributes.Merge(set); err != nil {
		return nil, err
	}
	// The event holds a map of its own: the caller may go on using set.
	changes := make(Attributes, len(set))
	for k, v := range set { // order-free: copied into a map
		if a.Attributes[k] != v {
			changes[k] = v
		}
	}
	if len(changes) == 0 {
		return out, nil
	}
	return append(out, AttributesSet{Agent: a.ID, Set: changes}), nil
}

// commandName is the name of the command in a Refusal.
func commandName(cmd Command) string {
	switch cmd.(type) {
	case SignIn:
		return "SignIn"
	case SignOut:
		return "SignOut"
	case MakeAvailable:
		return "MakeAvailable"
	case MakeIdle:
		return "MakeIdle"
	case Connect:
		return "Connect"
	case Disconnect:
		return "Disconnect"
	case SetAttributes:
		return "SetAttributes"
	case Miss:
		return "Miss"
	case Tick:
		return "Tick"
	case Settle:
		return "Settle"
	}
	return fmt.Sprintf("%T", cmd)
}
