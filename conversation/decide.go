package conversation

import (
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Decide appends to out the events that the command makes of c at now, asked
// for by an actor. It changes nothing: apply the events with
// [Conversation.Apply], in order.
//
// A refusal returns out as it was and a *Refusal, which wraps a sentinel of
// this package, of wrapup, or of agent. A success without an event, such as
// ending twice, returns out as it was and nil. Rules of nil are the defaults.
//
// Agents act for themselves, supervisors and administrators for any agent, and
// the engine for anybody; another actor is refused with ErrNotAllowed. A
// command about another conversation than c, or one that lacks a name, is
// refused with ErrCommand, and so is a pointer to one, but for an *Inbound: it is
// taken as the Inbound, which is large.
func Decide(c *Conversation, now time.Time, by agent.Actor, cmd Command, r *Rules, out []Event) ([]Event, error) {
	if r == nil {
		r = &defaultRules
	}
	from := len(out)
	got, err := decide(c, now, by, cmd, r, out)
	if err != nil {
		return out, refusal(c, cmd, err)
	}
	return leave(c, r, completed(c, now, r, got, from), from), nil
}

// errUnknown refuses nil, and pointers to commands but for an *Inbound.
var errUnknown = fmt.Errorf("%w: unknown; pass a command of this package by value", ErrCommand)

// defaultRules is only ever read.
var defaultRules Rules

func decide(c *Conversation, now time.Time, by agent.Actor, cmd Command, r *Rules, out []Event) ([]Event, error) {
	if err := admit(c, by, cmd); err != nil {
		return nil, err
	}
	switch cmd := cmd.(type) {
	case Inbound:
		return decideInbound(c, now, &cmd, r, out)
	case *Inbound: // which is large and frequent
		if cmd == nil {
			break
		}
		return decideInbound(c, now, cmd, r, out)
	case Outside:
		return decideOutside(c, now, cmd, r, out)
	case Edit:
		return decideEdit(c, now, cmd, r, out)
	case Unsend:
		return decideUnsend(c, now, cmd, r, out)
	case React:
		return decideReact(c, now, cmd, r, out)
	case Receipt:
		return decideReceipt(c, now, cmd, r, out)
	case Write:
		return decideWrite(c, now, by, cmd, r, out)
	case Settled:
		return decideSettled(c, now, cmd, r, out)
	case Deferred:
		return decideDeferred(c, now, cmd, r, out)
	case Stored:
		return decideStored(c, cmd, out)

	case MakeOffer:
		return decideMakeOffer(c, now, cmd, r, out)
	case Accept:
		return decideAccept(c, now, cmd, out)
	case Decline:
		return decideDecline(c, now, cmd, r, out)
	case EndOffer:
		return decideEndOffer(c, now, cmd, r, out)
	case Requeue:
		return decideRequeue(c, cmd, out)

	case TransferToQueue:
		return decideTransferToQueue(c, now, cmd, r, out)
	case TransferToAgent:
		return decideTransferToAgent(c, now, cmd, r, out)
	case CancelTransfer:
		return decideCancelTransfer(c, now, by, cmd, r, out)

	case Invite:
		return decideInvite(c, now, cmd, r, out)
	case CancelInvite:
		return decideCancelInvite(c, cmd, out)
	case Leave:
		return decideLeave(c, now, cmd, r, out)
	case Remove:
		return decideRemove(c, now, cmd, r, out)
	case DropSeat:
		return decideDropSeat(c, now, cmd, r, out)

	case End:
		return decideEnd(c, now, by, cmd, r, out)
	case Hangup:
		return decideHangup(c, now, cmd, r, out)
	case Finish:
		return decideFinish(c, now, cmd, r, out)
	case Interrupt:
		return decideInterrupt(c, now, r, out)

	case SubmitWrapUp:
		return decideSubmitWrapUp(c, now, by, cmd, r, out)
	case ExtendWrapUp:
		return decideExtendWrapUp(c, now, cmd, r, out)
	case CancelCountdown:
		return decideCancelCountdown(c, now, cmd, r, out)
	case CloseWrapUp:
		return decideCloseWrapUp(c, cmd, r, out)

	case SetAttributes:
		return decideSetAttributes(c, cmd, out)
	case SetPriority:
		return decideSetPriority(c, cmd, out)
	case Tick:
		return decideTick(c, now, r, out)
	}
	return nil, errUnknown
}

// subject returns the conversation that a command is about and, when an agent
// asks for it, the agent. Commands that find their conversation by customer
// name none.
func subject(cmd Command) (id ID, who agent.ID, personal, named bool) {
	switch cmd := cmd.(type) {
	case Accept:
		return cmd.Conversation, cmd.Agent, true, true
	case Decline:
		return cmd.Conversation, cmd.Agent, true, true
	case Write:
		return cmd.Conversation, cmd.Agent, false, true // who may write is its own rule
	case TransferToQueue:
		return cmd.Conversation, cmd.Agent, true, true
	case TransferToAgent:
		return cmd.Conversation, cmd.Agent, true, true
	case CancelTransfer:
		return cmd.Conversation, cmd.Agent, true, true
	case Invite:
		return cmd.Conversation, cmd.Agent, true, true
	case CancelInvite:
		return cmd.Conversation, cmd.Agent, true, true
	case Leave:
		return cmd.Conversation, cmd.Agent, true, true
	case Remove:
		return cmd.Conversation, cmd.Agent, true, true
	case End:
		return cmd.Conversation, cmd.Agent, true, true
	case SubmitWrapUp:
		return cmd.Conversation, cmd.Agent, true, true
	case ExtendWrapUp:
		return cmd.Conversation, cmd.Agent, true, true
	case CancelCountdown:
		return cmd.Conversation, cmd.Agent, true, true
	case SetAttributes:
		return cmd.Conversation, "", false, true
	case SetPriority:
		return cmd.Conversation, "", false, true
	case MakeOffer:
		return cmd.Conversation, "", false, true
	case EndOffer:
		return cmd.Conversation, "", false, true
	case Requeue:
		return cmd.Conversation, "", false, true
	case DropSeat:
		return cmd.Conversation, cmd.Agent, false, true
	case CloseWrapUp:
		return cmd.Conversation, "", false, true
	case Interrupt:
		return cmd.Conversation, "", false, true
	case Finish:
		return cmd.Conversation, "", false, true
	case Settled:
		return cmd.Conversation, "", false, true
	case Deferred:
		return cmd.Conversation, "", false, true
	case Stored:
		return cmd.Conversation, "", false, true
	case Tick:
		return cmd.Conversation, "", false, true
	}
	return 0, "", false, false
}

// admit checks what does not depend on the state: that the command is about c,
// that it names who asks, and that the actor may ask.
func admit(c *Conversation, by agent.Actor, cmd Command) error {
	id, who, personal, named := subject(cmd)
	if named && id != c.ID {
		return fmt.Errorf("%w: it is about %s", ErrCommand, id)
	}
	if !personal {
		return nil
	}
	switch by.Role {
	case agent.Engine:
	case agent.Supervisor, agent.Administrator:
		switch cmd.(type) {
		case End, CancelTransfer: // in their own right
			return nil
		}
	case agent.Self:
		if who != "" && by.ID != string(who) {
			return ErrNotAllowed
		}
	default:
		return ErrNotAllowed
	}
	if who == "" {
		return fmt.Errorf("%w: it names no agent", ErrCommand)
	}
	return nil
}

// refusal wraps the reason. Whoever asked and does not own the conversation is
// told who does.
func refusal(c *Conversation, cmd Command, err error) *Refusal {
	var already *Refusal
	if errors.As(err, &already) {
		return already
	}
	r := &Refusal{Conversation: c.ID, State: c.State, Err: err}
	_, r.Agent, _, _ = subject(cmd)
	if err == errUnknown {
		r.Command = fmt.Sprintf("%T", cmd) // nil, or a pointer that may be nil: it cannot be asked
	} else {
		r.Command = cmd.Name()
	}
	if r.Agent != "" && c.OwnerID() != r.Agent {
		r.Holder = c.OwnerID()
	}
	return r
}

// closedError refuses what only an open conversation takes.
func (c *Conversation) closedError() error {
	switch {
	case c.State.Open():
		return nil
	case c.State == Interrupted:
		return ErrInterrupted
	case c.State == Ended:
		return ErrEnded
	}
	return ErrState
}

// ownerError refuses what only the owner of a live conversation may do.
func (c *Conversation) ownerError(who agent.ID) error {
	if err := c.closedError(); err != nil {
		return err
	}
	switch {
	case c.State.Live() && c.OwnerID() == who:
		return nil
	case c.State.Live():
		return ErrNotOwner
	case c.sender() == who:
		return ErrTransferPending
	}
	return ErrState
}

// sender returns who waits for a transfer to be accepted, or "".
func (c *Conversation) sender() agent.ID {
	if c.Transfer != nil {
		if s := c.Seat(c.Transfer.Seat); s != nil {
			return s.Agent
		}
	}
	return ""
}

// partner returns the active seat that is not s, or nil.
func (c *Conversation) partner(s *Seat) *Seat {
	for i := range c.Seats {
		if o := &c.Seats[i]; o.No != s.No && o.State == SeatActive {
			return o
		}
	}
	return nil
}

// entry is the message that puts a fact into the transcript. A decision makes
// at most one.
func (c *Conversation) entry(now time.Time, fact Entry) MessageAdded {
	return MessageAdded{Conversation: c.ID, Message: &Message{
		No: c.LastNo() + 1, Author: Author{Kind: FromSystem}, At: now, Entry: &fact, AgentsOnly: true,
	}}
}

// withdraw ends a pending offer, if there is one, through no fault of the agent.
func (c *Conversation) withdraw(out []Event) []Event {
	if c.Offer == nil {
		return out
	}
	return append(out, OfferEnded{Conversation: c.ID, Agent: c.Offer.Agent, Kind: c.Offer.Kind, Outcome: Withdrawn})
}

// completed adds Completed when the events from the given index on leave
// nothing to be done: the conversation is over, every seat closed and every send
// settled.
func completed(c *Conversation, now time.Time, r *Rules, out []Event, from int) []Event {
	if len(out) == from || c.Finished {
		return out
	}
	ended, closed := c.State == Ended, 0
	for _, e := range out[from:] {
		switch e := e.(type) {
		case Ending:
			ended = true
		case SeatEnded:
			closed++
		case MessageAdded:
			if e.Message.queued() {
				return out
			}
		case Completed:
			return out
		}
	}
	if !ended {
		return out
	}
	for i := range c.Seats {
		if c.Seats[i].State != SeatClosed {
			closed--
		}
	}
	if closed < 0 || c.unsettled(out[from:]) {
		return out
	}
	linger := r.Linger
	if linger <= 0 {
		linger = DefaultLinger
	}
	return append(out, Completed{Conversation: c.ID, Until: now.Add(linger)})
}

// unsettled reports whether a message waits in the lane that the events do not
// settle.
func (c *Conversation) unsettled(events []Event) bool {
	if c.Lane == nil {
		return false
	}
next:
	for no := max(c.Lane.No, 1); no <= c.LastNo(); no++ {
		if !c.Message(no).queued() {
			continue
		}
		for _, e := range events {
			if s, ok := e.(SendSettled); ok && s.No == no {
				continue next
			}
		}
		return true
	}
	return false
}

func (r *Rules) offerTime() time.Duration {
	if r.OfferFor <= 0 {
		return DefaultOfferFor
	}
	return r.OfferFor
}

func (r *Rules) cooldownTime() time.Duration {
	if r.Cooldown <= 0 {
		return DefaultCooldown
	}
	return r.Cooldown
}

func (r *Rules) hopLimit() int {
	if r.MaxHops <= 0 {
		return DefaultMaxHops
	}
	return r.MaxHops
}

func (r *Rules) reachable(a agent.ID) bool { return r.Connected == nil || r.Connected(a) }

func (r *Rules) wrapUpPolicy(q QueueID, version uint64) (wrapup.Policy, uint64) {
	if r.WrapUp == nil {
		return wrapup.Policy{}, version
	}
	return r.WrapUp(q, version)
}
