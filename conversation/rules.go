package conversation

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Rules are what a decision needs to know from outside the conversation. The
// zero value has no limits but the defaults named below.
type Rules struct {
	// OfferFor is how long an offer stands. Zero means 60 seconds.
	OfferFor time.Duration
	// Cooldown is how long an agent who did not take the conversation is not
	// asked again. Zero means 30 seconds.
	Cooldown time.Duration
	// MaxText is the longest text of an agent, in UTF-16 code units. Zero means 1000.
	MaxText int
	// MaxHops is how many transfers there may be. Zero means 10.
	MaxHops int
	// InactiveAfter, if positive, ends an Active conversation or a Conference
	// whose customer does not write for that long after an agent's answer. While
	// a transfer is pending it is that of the queue which the conversation had
	// before.
	InactiveAfter time.Duration
	// InterruptedFor, if positive, ends an interrupted conversation after that time.
	InterruptedFor time.Duration
	// RetryFor is how long a send is tried. Zero means 5 minutes.
	RetryFor time.Duration
	// Linger is how long a finished conversation stays in memory. Zero means an hour.
	Linger time.Duration
	// JoinedOwesNone says that a joined agent who leaves owes no wrap-up reason.
	JoinedOwesNone bool
	// TransferFallback says what becomes of a transfer that is not accepted. It
	// holds for transfers requested from now on.
	TransferFallback Fallback
	// FallbackWait is the place in the fallback queue, for FallbackQueue: that of
	// the pending transfer, if there is one. An empty queue means that there is
	// none any more; then it is ToOldQueue.
	FallbackWait Wait
	// Node is the process that sends, for messages to the customer, and that
	// stores in the archive.
	Node string
	// Archive says that what leaves memory is stored in an archive before.
	Archive bool
	// InMemory is how many messages of a transcript are in memory: beyond it a
	// quarter of them, the oldest, leave. Zero means 1000.
	InMemory int

	// Wait is a place in the queue in question: of TransferToQueue its target,
	// of DropSeat where the conversation is requeued, of the end of an offer by
	// transfer where it returns to, of a Tick at the maximum wait where it
	// overflows to. An empty queue means its own, and for the overflow none.
	Wait Wait
	// WrapUp returns the wrap-up policy of a queue and its version: the present
	// one for version 0. Nil means wrapup.Policy{} and no deadline.
	WrapUp func(q QueueID, version uint64) (wrapup.Policy, uint64)
	// Connected reports whether an agent can be reached. Nil means yes.
	Connected func(agent.ID) bool
	// HasSlot reports whether the agent has a free slot. It is asked only for a
	// seat that holds none and would hold one again. Nil means yes.
	HasSlot func(agent.ID) bool
}

// The defaults of Rules.
const (
	DefaultOfferFor = 60 * time.Second
	DefaultCooldown = 30 * time.Second
	DefaultMaxText  = 1000
	DefaultMaxHops  = 10
	DefaultRetryFor = 5 * time.Minute
	DefaultLinger   = time.Hour
	DefaultInMemory = 1000
	// Horizon is how long inbound ids are remembered, and how old an inbound
	// message may be.
	Horizon = 48 * time.Hour
)

// Fallback says what becomes of a transfer to an agent who does not accept.
type Fallback uint8

// The fallbacks of a transfer. The zero value returns it to its queue.
const (
	ToOldQueue    Fallback = iota // at its old age, the target not first again
	ToSender                      // if connected, not wrapped up and with a slot, else ToOldQueue
	FallbackQueue                 // another queue, at its old age
	EndIt                         // ended as dropped
)

var fallbackNames = [...]string{"queue", "sender", "fallback-queue", "end"}

// String returns the fallback's stable name.
func (f Fallback) String() string { return nameOf(fallbackNames[:], uint8(f)) }

// AppendText appends the fallback's stable name; it never fails.
func (f Fallback) AppendText(b []byte) ([]byte, error) { return append(b, f.String()...), nil }

// MarshalText returns the fallback's stable name; it never fails.
func (f Fallback) MarshalText() ([]byte, error) { return f.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (f *Fallback) UnmarshalText(text []byte) error {
	return readName(fallbackNames[:], "conversation.Fallback", text, (*uint8)(f))
}
