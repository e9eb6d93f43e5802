package conversation

import (
	"errors"
	"fmt"

	"github.com/switchboard-go/switchboard/agent"
)

// Sentinels that a *Refusal wraps. Branch with errors.Is.
var (
	// ErrState means that the conversation's state does not allow the command.
	ErrState = errors.New("conversation: not in this state")
	// ErrEnded means that the conversation is over. It is also an ErrState.
	ErrEnded = fmt.Errorf("%w: it has ended", ErrState)
	// ErrInterrupted means that the source is gone: only End is left. It is
	// also an ErrState.
	ErrInterrupted = fmt.Errorf("%w: its source is gone, only End is left", ErrState)
	// ErrTransferPending means that the sender must wait until somebody accepts
	// the transfer, or cancel it. It is also an ErrState.
	ErrTransferPending = fmt.Errorf("%w: a transfer is pending, cancel it first", ErrState)
	// ErrInvitePending means that an invitation is pending: cancel it first. It
	// is also an ErrState.
	ErrInvitePending = fmt.Errorf("%w: an invitation is pending, cancel it first", ErrState)
	// ErrOfferExpired means that the offer's deadline has passed.
	ErrOfferExpired = errors.New("conversation: the offer has expired")
	// ErrNotOffered means that the conversation is not offered to the agent.
	ErrNotOffered = errors.New("conversation: not offered to this agent")
	// ErrNotSeated means that the agent, or the one to be removed, has no active
	// seat.
	ErrNotSeated = errors.New("conversation: the agent has no active seat")
	// ErrNotOwner means that only the owner may.
	ErrNotOwner = errors.New("conversation: only the owner may")
	// ErrNotAllowed means that the actor's role may not, or that an agent acts
	// for another.
	ErrNotAllowed = errors.New("conversation: not allowed to this actor")
	// ErrSelf means that the target is the agent itself (E29).
	ErrSelf = errors.New("conversation: the target is the agent itself")
	// ErrPresent means that the target is in the conversation already (E50).
	ErrPresent = errors.New("conversation: the target takes part already")
	// ErrConferenceFull means that three is the limit (E50, E52).
	ErrConferenceFull = errors.New("conversation: the conference is full")
	// ErrLastAgent means that no agent would stay (E48): transfer or end it.
	ErrLastAgent = errors.New("conversation: no other agent would stay; transfer or end it")
	// ErrLeaveInstead means that a joined agent cannot end a conference: Leave.
	ErrLeaveInstead = errors.New("conversation: a joined agent cannot end the conference; use Leave")
	// ErrHops means that the conversation was transferred too often (E32).
	ErrHops = errors.New("conversation: transferred too often")
	// ErrSeatClosed means that the seat is wrapped up already (E56), or that the
	// sender of a transfer cannot have the conversation back.
	ErrSeatClosed = errors.New("conversation: wrapped up already")
	// ErrNoSlot means that the sender of a transfer cannot have the conversation
	// back: the wrap-up freed the slot, and the agent has none free now.
	ErrNoSlot = errors.New("conversation: the agent has no free slot")
	// ErrNoWrapUp means that the agent owes no wrap-up reason.
	ErrNoWrapUp = errors.New("conversation: the agent owes no wrap-up reason")
	// ErrText means that a text is refused; see *TextError.
	ErrText = errors.New("conversation: bad text")
	// ErrAttachment means that an attachment is refused (E80).
	ErrAttachment = errors.New("conversation: bad attachment")
	// ErrInbound means that what a channel reports lacks something, exceeds a
	// limit or is not valid UTF-8.
	ErrInbound = errors.New("conversation: bad inbound message")
	// ErrStale means that the channel's stamp of a message is more than Horizon
	// back.
	ErrStale = errors.New("conversation: older than 48 hours")
	// ErrPriority means that a priority is not 1 to 10.
	ErrPriority = errors.New("conversation: a priority is 1 to 10")
	// ErrReply means that the message answered is not in the transcript.
	ErrReply = errors.New("conversation: the message answered is not in the transcript")
	// ErrUnknownMessage means that the message which was edited or taken back has
	// come and is not in memory any more.
	ErrUnknownMessage = errors.New("conversation: the message is no longer in memory")
	// ErrCommand means that the command is unknown, incomplete, or about another
	// conversation.
	ErrCommand = errors.New("conversation: bad command")
)

// Refusal says which command was refused, in which state, to whom, and why. The
// conversation is unchanged.
type Refusal struct {
	Command      string   // the command's name, such as "Accept"
	Conversation ID       // 0 when it is about none yet
	Agent        agent.ID // for whom it was asked; empty when the command names no agent
	State        State    // the state it was refused in
	// Holder is who has the conversation instead: its owner, who is also the
	// winner of an offer (E3). Empty when that is Agent, or nobody.
	Holder agent.ID
	Err    error // one of the sentinels, or an error that wraps one
}

// Error implements error.
func (r *Refusal) Error() string {
	s := r.Command
	if r.Conversation != 0 {
		s = fmt.Sprintf("%s of %s (%s)", r.Command, r.Conversation, r.State)
	}
	if r.Agent != "" {
		s += fmt.Sprintf(" by agent %q", r.Agent)
	}
	if r.Holder != "" {
		s += fmt.Sprintf(", held by %q", r.Holder)
	}
	return s + ": " + r.Err.Error()
}

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Err }

// TextError says why a text is refused. It matches ErrText.
type TextError struct {
	// Units is the length in UTF-16 code units, Limit the most there may be.
	Units, Limit int
	// Problem is "empty", "too long" or "not valid UTF-8".
	Problem string
}

// Error implements error.
func (e *TextError) Error() string {
	if e.Problem == "too long" {
		return fmt.Sprintf("conversation: the text is too long: %d of at most %d UTF-16 units", e.Units, e.Limit)
	}
	return "conversation: the text is " + e.Problem
}

// Is reports a match with ErrText.
func (e *TextError) Is(target error) bool { return target == ErrText }
