package switchboard

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// Transport carries messages to customers over one channel.
//
// The Board calls Send from many goroutines, but for one conversation never
// again before the last call has returned, so order is kept. Send returns when
// the channel has taken the message or is known to have refused it. An error
// that is not a *[SendError] counts as one that may have arrived. The context ends when
// Config.SendTimeout is over, on real time, or the Board closes. From then on Send must
// not hand anything over: another node may be sending the message.
type Transport interface {
	// Send hands over one message. Its error should be a *[SendError]. It does
	// not change m.Attachments, which are part of the board's state.
	Send(ctx context.Context, m Outbound) (Receipt, error)
}

// Settler is an optional ability of a [Transport]: it can find out whether a
// message whose Send failed ambiguously has arrived. Without it such a message
// ends as unknown. With it NotSent is sent again, and Unsure is asked again
// until Config.UnknownAfter is over.
type Settler interface {
	// Settle finds out about one message, by m.Key. The Receipt counts with
	// Arrived, and its Sent with NotSent; an error counts as Unsure.
	Settle(ctx context.Context, m Outbound) (Settlement, Receipt, error)
}

// Settlement is what a [Settler] knows of a message.
type Settlement uint8

// The answers of a [Settler].
const (
	Unsure  Settlement = iota // it may have arrived
	Arrived                   // it has; the Receipt says as what
	NotSent                   // it has not and will not
)

// Outbound is a message on its way to the customer.
type Outbound struct {
	// Key is the message's own mark, the same at each attempt, unique on the board: a
	// channel that carries a mark lets Settle find it.
	Key string
	// Board is the board's name.
	Board        string
	Conversation conversation.ID       // which it is in
	No           int                   // the message's number in its conversation
	Channel      conversation.Channel  // of the source
	Source       conversation.Source   // the page it goes out from
	Customer     conversation.Customer // to whom it goes
	// Author is who wrote it, AuthorName their name as configured.
	Author      conversation.Author
	AuthorName  string                    // empty for a bot, the system, or an agent without one
	Text        string                    // may be empty beside attachments
	Attachments []conversation.Attachment // at most conversation.MaxAttachments
	// ReplyTo is the channel's id of the message that this one answers, or "".
	ReplyTo string
	// LastCustomer is when the customer last wrote: reply windows count from it.
	LastCustomer time.Time
	// Attempt counts from 1.
	Attempt int
	// Sent is how many parts of the message earlier attempts have sent, as
	// SendError.Sent and Receipt.Sent said: Send goes on after them. It is 0 for a
	// transport that sends every message in one.
	Sent int
	// Doubtful is for Settle: it is not known how far the last Send came, because its
	// process did not live to say so. Sent is what those before it had sent.
	Doubtful bool
}

// Receipt says that a channel has taken a message.
type Receipt struct {
	// ExternalID is the channel's id of the message, At its own stamp; either may be zero.
	ExternalID string
	At         time.Time // zero when the channel gave none
	// Sent is, with NotSent, how many parts of the message have been sent, for a
	// transport that sends it in several.
	Sent int
}

// SendError says why a message was not sent, and what that means. The zero
// value with a Why is a final refusal: the message has not arrived and will not.
type SendError struct {
	Why conversation.FailCause // empty counts as conversation.FailTransport
	// Temporary says that it has not arrived and may be tried again, after
	// After if that is positive.
	Temporary bool
	After     time.Duration // at least 1 second and at most 1 minute is waited
	// Ambiguous says that it may have arrived.
	Ambiguous bool
	// Sent is how many parts of the message have certainly been sent, those of earlier
	// attempts included, for a transport that sends it in several. It is kept, across
	// crashes too, for the next attempt and for Settle.
	Sent int
	// Detail is the channel's own words, without secrets.
	Detail string
	// Err is the cause, if there is one.
	Err error
}

// Error implements error.
func (e *SendError) Error() string {
	s := "switchboard: not sent: " + string(e.Why)
	if e.Ambiguous {
		s = "switchboard: may have been sent: " + string(e.Why)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s = fmt.Sprintf("%s: %v", s, e.Err)
	}
	return s
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }
