package conversation

import (
	"fmt"
	"strconv"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/wrapup"
)

// ID names a conversation: the number of the event that opened it. Its text
// form is "c" and that number. The zero value names none.
type ID uint64

// String returns the text form, such as "c42", or "" for the zero value.
func (id ID) String() string {
	if id == 0 {
		return ""
	}
	return "c" + strconv.FormatUint(uint64(id), 10)
}

// AppendText appends the text form; it never fails.
func (id ID) AppendText(b []byte) ([]byte, error) {
	if id == 0 {
		return b, nil
	}
	return strconv.AppendUint(append(b, 'c'), uint64(id), 10), nil
}

// MarshalText returns the text form; it never fails.
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// UnmarshalText reads the text form and refuses anything else with an
// *agent.NameError.
func (id *ID) UnmarshalText(text []byte) error {
	got, err := ParseID(string(text))
	if err == nil {
		*id = got
	}
	return err
}

// ParseID reads the text form of an ID. "" is the zero ID; anything else that
// String does not write is refused with an *agent.NameError.
func ParseID(s string) (ID, error) {
	if s == "" {
		return 0, nil
	}
	if len(s) > 1 && s[0] == 'c' && s[1] != '0' && s[1] != '+' {
		if n, err := strconv.ParseUint(s[1:], 10, 64); err == nil {
			return ID(n), nil
		}
	}
	return 0, &agent.NameError{Type: "conversation.ID", Name: fmt.Sprintf("%.40s", s)}
}

// Names of things that conversations refer to. The host or the channel chooses
// them; the engine never interprets them.
type (
	// Channel is a kind of messaging, such as "messenger".
	Channel string
	// Source is what the customer wrote to: the page.
	Source string
	// Customer is the person being served, as the channel names them to the
	// source: for Messenger the page-scoped id.
	Customer string
	// QueueID names a queue.
	QueueID string
	// Medium is a kind of work with a capacity of its own.
	Medium string
)

// Social is the medium of every social messaging channel: Messenger and
// Instagram draw on the same slots.
const Social Medium = "social"

// State is where a conversation stands. Wrap-up is not a state of the
// conversation: it belongs to each seat.
type State uint8

// The states of a conversation. Ended and Interrupted ones are not open.
const (
	Queued              State = iota + 1 // waits for an agent
	Offered                              // one agent is asked to accept it
	Active                               // one agent serves it
	ConferenceRequested                  // and has invited another
	Conference                           // two agents serve it
	Interrupted                          // its source is gone; it can only be ended
	Ended                                // over
)

var stateNames = [...]string{"", "queued", "offered", "active", "conference-requested", "conference", "interrupted", "ended"}

// String returns the state's stable name, such as "conference-requested".
func (s State) String() string { return nameOf(stateNames[:], uint8(s)) }

// AppendText appends the state's stable name; it never fails.
func (s State) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// MarshalText returns the state's stable name; it never fails.
func (s State) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (s *State) UnmarshalText(text []byte) error {
	return readName(stateNames[:], "conversation.State", text, (*uint8)(s))
}

// Open reports whether the conversation may still be worked on: neither
// interrupted nor ended. There is one open conversation per source and
// customer.
func (s State) Open() bool { return s >= Queued && s <= Conference }

// Live reports whether agents serve the conversation: Active,
// ConferenceRequested or Conference.
func (s State) Live() bool { return s >= Active && s <= Conference }

// SeatState is where one agent stands in one conversation.
type SeatState uint8

// The states of a seat.
const (
	SeatActive   SeatState = iota + 1 // serves, or still looks at, the conversation
	SeatWrapping                      // owes a wrap-up reason
	SeatClosed                        // done
)

var seatNames = [...]string{"", "active", "wrapping-up", "closed"}

// String returns the state's stable name, such as "wrapping-up".
func (s SeatState) String() string { return nameOf(seatNames[:], uint8(s)) }

// AppendText appends the state's stable name; it never fails.
func (s SeatState) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// MarshalText returns the state's stable name; it never fails.
func (s SeatState) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (s *SeatState) UnmarshalText(text []byte) error {
	return readName(seatNames[:], "conversation.SeatState", text, (*uint8)(s))
}

// Seat is the part of one agent in one conversation. An agent who gets the same
// conversation back while still wrapping it up has a second seat.
type Seat struct {
	// No is 1 for the conversation's first seat, and so on.
	No    int       `json:"no"`
	Agent agent.ID  `json:"agent"` // whose seat it is
	State SeatState `json:"state"` // each step is in SeatTransitions
	// Joined says that the agent came by invitation to a conference.
	Joined bool `json:"joined,omitempty"`
	// Queue is the queue under which the seat was accepted: its wrap-up policy
	// holds for the seat.
	Queue    QueueID   `json:"queue"`
	Accepted time.Time `json:"accepted"` // when the agent took the offer

	// WrapUp is the seat's wrap-up, once it has started; Policy tells under
	// which version of the queue's policy: the number of the event that set it.
	WrapUp wrapup.WrapUp `json:"wrapUp,omitzero"`
	Policy uint64        `json:"policy,omitempty"` // 0 before the wrap-up
	// Due is when the default reason is applied, with the event that said so.
	Due agent.Deadline `json:"due,omitzero"`
	// FreesSlot says that the wrap-up does not hold the agent's slot.
	FreesSlot bool `json:"freesSlot,omitempty"`

	// Reason is the wrap-up reason of a closed seat; the zero value when none
	// was owed.
	Reason wrapup.Reason `json:"reason,omitzero"`
	// Closed is when the seat was closed.
	Closed time.Time `json:"closed,omitzero"`
}

// HoldsSlot reports whether the seat holds one of its agent's slots.
func (s *Seat) HoldsSlot() bool {
	return s.State == SeatActive || s.State == SeatWrapping && !s.FreesSlot
}

// OfferKind says what an agent is asked to accept.
type OfferKind uint8

// The kinds of offer. All three hold a slot of the agent and use the offer time
// of the conversation's queue.
const (
	FromQueue  OfferKind = iota + 1 // the queue chose the agent
	ByTransfer                      // another agent hands the conversation over
	Invitation                      // the owner asks for a conference
)

var offerNames = [...]string{"", "queue", "transfer", "invitation"}

// String returns the kind's stable name.
func (k OfferKind) String() string { return nameOf(offerNames[:], uint8(k)) }

// AppendText appends the kind's stable name; it never fails.
func (k OfferKind) AppendText(b []byte) ([]byte, error) { return append(b, k.String()...), nil }

// MarshalText returns the kind's stable name; it never fails.
func (k OfferKind) MarshalText() ([]byte, error) { return k.AppendText(nil) }

// UnmarshalText reads a name that MarshalText wrote and refuses any other with
// an *agent.NameError.
func (k *OfferKind) UnmarshalText(text []byte) error {
	return readName(offerNames[:], "conversation.OfferKind", text, (*uint8)(k))
}

// Offer is a pending request to one agent.
type Offer struct {
	Agent agent.ID  `json:"agent"` // who is asked
	Kind  OfferKind `json:"kind"`  // what they are asked to take
	Made  time.Time `json:"made"`  // when; the offer time counts from it, but for an outage
	// Deadline is when the offer lapses: an Accept at or after it is refused.
	Deadline agent.Deadline `json:"deadline"`
}

// Transfer is a hand-over that nobody has accepted yet.
type Transfer struct {
	// Seat is the sender's seat number.
	Seat int `json:"seat"`
	// ToQueue or ToAgent is the target.
	ToQueue QueueID  `json:"toQueue,omitempty"`
	ToAgent agent.ID `json:"toAgent,omitempty"` // who is asked; empty in a transfer to a queue
	// Queue and WaitingSince are what the conversation had before.
	Queue        QueueID   `json:"queue"`
	WaitingSince time.Time `json:"waitingSince"` // its routing age, to which it returns
	// Fallback is what becomes of it if ToAgent does not accept: the policy of
	// its queue when it was requested. FallbackQueue is the queue for that.
	Fallback      Fallback `json:"fallback,omitempty"`
	FallbackQueue QueueID  `json:"fallbackQueue,omitempty"` // empty with any other fallback
}

// Exclusion keeps a conversation from an agent for a while: the one who did not
// accept it, declined it, or sent it to their own queue. It ends at Until or
// when another agent is tried, whichever is first.
type Exclusion struct {
	Agent agent.ID       `json:"agent"` // who is not asked
	Until agent.Deadline `json:"until"` // at the instant itself it is over
}

// Preference keeps a waiting conversation for one agent until a deadline, and
// only in its first queue: the agent may not serve another.
type Preference struct {
	Agent agent.ID       `json:"agent"` // who alone is asked
	Until agent.Deadline `json:"until"` // at the instant itself it is over
}

// Need asks for a skill at a least level; Steps relax it with waiting.
type Need struct {
	Skill Skill `json:"skill"` // at most once among the needs of a conversation
	// Level is the least proficiency, 1 to 10.
	Level int `json:"level"`
	// Steps lower the level as the conversation waits, in order of After.
	Steps []Relax `json:"steps,omitempty"`
}

// Skill names an ability of agents.
type Skill string

// Relax lowers a need once the conversation has waited for After since
// WaitingSince. Level 0 drops the need.
type Relax struct {
	After time.Duration `json:"after"` // must be positive, and more than the step's before
	Level int           `json:"level"` // must be lower than the step's before
}

// Relaxing is how far the needs of a conversation are relaxed.
type Relaxing struct {
	Steps int            `json:"steps,omitempty"` // taken so far
	Next  agent.Deadline `json:"next,omitzero"`   // when the next one is due; zero when none is left
}

// Conclusion is how a conversation ended.
type Conclusion struct {
	Cause EndCause  `json:"cause"` // by whom, or why
	At    time.Time `json:"at"`    // when; its wrap-ups may go on
}

// Watermarks are instants of the channel's clock: all that went to the customer up
// to then has arrived, or was read. They only rise.
type Watermarks struct {
	Delivered time.Time `json:"delivered,omitzero"` // zero when no receipt told, or only of reading
	Read      time.Time `json:"read,omitzero"`      // zero when no receipt told
}

// status is what the watermarks say of a message with that stamp.
func (w *Watermarks) status(stamp time.Time) Status {
	switch {
	case w == nil || stamp.IsZero():
		return StatusNone
	case !stamp.After(w.Read):
		return StatusRead
	case !stamp.After(w.Delivered):
		return StatusDelivered
	}
	return StatusNone
}

// Lane is the row of a conversation's unsent messages. One is in flight at a
// time, so order is kept.
type Lane struct {
	// Node names the process that sends; empty while none does.
	Node string `json:"node"`
	// Taken is the number of the event by which Node got the lane. Reports of a
	// send carry it, so that those of a former holder can be told.
	Taken uint64 `json:"taken,omitempty"`
	// No is the message in flight or next to be sent.
	No int `json:"no"`
	// Attempt counts the tries of that message that failed in passing.
	Attempt int `json:"attempt,omitempty"`
	// Sent is how many parts of the message those have sent, where the transport
	// sends it in several: the next one goes on after them.
	Sent int `json:"sent,omitempty"`
	// First is when the message was first tried: retries end some time after.
	First time.Time `json:"first,omitzero"`
	// Ready is since when Node has had the message to send: since it came to the
	// head of the lane, was due again, or the lane changed hands.
	Ready time.Time `json:"ready,omitzero"`
	// Doubtful says that the message may have been sent by a process that did
	// not live to report it.
	Doubtful bool `json:"doubtful,omitempty"`
	// Retry is when the next try is due.
	Retry agent.Deadline `json:"retry,omitzero"`
}

// Conversation is one customer's business with one source, from the message
// that opened it to the last wrap-up: a plain value, the fold of its events.
//
// Apply changes a Conversation in place but never the memory that a copy made
// before shares with it, so a plain assignment is a snapshot.
type Conversation struct {
	ID       ID       `json:"id"`       // the number of the Opened event; 0 before it
	Channel  Channel  `json:"channel"`  // of its source
	Source   Source   `json:"source"`   // the page that the customer wrote to
	Customer Customer `json:"customer"` // as the channel names them to the source
	// Previous is the customer's conversation before this one, if it is known.
	Previous ID `json:"previous,omitempty"`

	State State `json:"state"` // each step is in Transitions
	// Answered says that an agent has written to the customer since the
	// customer last wrote: then the customer's silence may count.
	Answered bool `json:"answered,omitempty"`
	// Finished says that it is over, every seat closed and every send settled.
	Finished bool `json:"finished,omitempty"`
	// Medium tells on which of an agent's slots it draws.
	Medium Medium `json:"medium"`
	// Queue is the queue in which it waits or last waited.
	Queue QueueID `json:"queue"`
	// Priority is 1 (most urgent) to 10.
	Priority int `json:"priority"`
	// ArrivedAt is when it was opened; it never changes.
	ArrivedAt time.Time `json:"arrivedAt"`
	// WaitingSince is its routing age: it restarts on a transfer to a queue and
	// is kept on every return and overflow.
	WaitingSince time.Time `json:"waitingSince"`
	// MaxWait is when it overflows from its queue.
	MaxWait agent.Deadline `json:"maxWait,omitzero"`
	// Visited are the queues it has overflowed from.
	Visited []QueueID `json:"visited,omitempty"`
	Needs   []Need    `json:"needs,omitempty"` // the skills it asks for
	// Relaxing is how far those with steps are relaxed; nil when none has any.
	Relaxing *Relaxing `json:"relaxing,omitempty"`

	Offer     *Offer     `json:"offer,omitempty"`     // the pending one; nil for none
	Transfer  *Transfer  `json:"transfer,omitempty"`  // the pending one; nil for none
	Exclusion *Exclusion `json:"exclusion,omitempty"` // who is not asked for a while; nil for nobody
	// Lapsed is who did not answer the last offer in time, until another one is
	// made: an Accept that comes late is told so. Nil for nobody.
	Lapsed     *agent.ID   `json:"lapsed,omitempty"`
	Preference *Preference `json:"preference,omitempty"` // who alone is asked for a while; nil for nobody
	// Hops counts the transfers so far.
	Hops int `json:"hops,omitempty"`

	// Owner is the number of the owner's seat, 0 while there is none.
	Owner int    `json:"owner,omitempty"`
	Seats []Seat `json:"seats,omitempty"` // every seat it ever had: number n is Seats[n-1]

	// Messages is the transcript in the order of the engine, or as much of its
	// end as is in memory: see Message for the one with a number, and Earlier for
	// how many have left.
	Messages []*Message `json:"messages,omitempty"`
	// Archive is how far it has left memory; nil while all of it is there and
	// stays.
	Archive *Archiving `json:"archive,omitempty"`
	// LastCustomer is when the customer last wrote.
	LastCustomer time.Time `json:"lastCustomer,omitzero"`
	Lane         *Lane     `json:"lane,omitempty"` // what is being sent; nil when nothing is queued
	// Reached says how far the customer has received and read; nil while no
	// watermark has told.
	Reached *Watermarks `json:"reached,omitempty"`

	// Limit ends what runs: the customer's inactivity while live, the time
	// an interrupted conversation may stay, the linger time once finished.
	Limit agent.Deadline `json:"limit,omitzero"`

	// End is how it ended; nil while it is not over.
	End *Conclusion `json:"end,omitempty"`

	Attributes agent.Attributes `json:"attributes,omitempty"` // facts of the host; see SetAttributes
}

// Seat returns the seat with that number, or nil.
func (c *Conversation) Seat(no int) *Seat {
	if no < 1 || no > len(c.Seats) {
		return nil
	}
	return &c.Seats[no-1]
}

// ActiveSeat returns the active seat of the agent, or nil.
func (c *Conversation) ActiveSeat(a agent.ID) *Seat {
	for i := range c.Seats {
		if s := &c.Seats[i]; s.Agent == a && s.State == SeatActive {
			return s
		}
	}
	return nil
}

// OwnerID returns the owner, or "" while there is none.
func (c *Conversation) OwnerID() agent.ID {
	if s := c.Seat(c.Owner); s != nil {
		return s.Agent
	}
	return ""
}

// HasSeat reports whether the agent has or had a seat.
func (c *Conversation) HasSeat(a agent.ID) bool {
	for i := range c.Seats {
		if c.Seats[i].Agent == a {
			return true
		}
	}
	return false
}

// Relaxed returns the needs at their present levels, as the function Relaxed
// does.
func (c *Conversation) Relaxed() []Need {
	if c.Relaxing == nil {
		return Relaxed(c.Needs, 0)
	}
	return Relaxed(c.Needs, c.Relaxing.Steps)
}

// EndedBy returns how it ended, or "" while it is not over.
func (c *Conversation) EndedBy() EndCause {
	if c.End == nil {
		return ""
	}
	return c.End.Cause
}

// Message returns the message with that number, or nil when there is none or it
// has left memory.
func (c *Conversation) Message(no int) *Message {
	if i := c.index(no); i >= 0 {
		return c.Messages[i]
	}
	return nil
}

// index returns where in Messages the message with that number is, or -1.
func (c *Conversation) index(no int) int {
	if i := no - 1 - c.Earlier(); i >= 0 && i < len(c.Messages) {
		return i
	}
	return -1
}

// Earlier returns how many messages have left memory: those numbered 1 to it.
func (c *Conversation) Earlier() int {
	if c.Archive == nil {
		return 0
	}
	return c.Archive.Earlier
}

// LastNo returns the number of the newest message, 0 when there is none yet.
func (c *Conversation) LastNo() int { return c.Earlier() + len(c.Messages) }

// EndCause says how a conversation ended. Causes are stable names.
type EndCause string

// The causes of an end.
const (
	EndedByAgent      EndCause = "agent"
	EndedByCustomer   EndCause = "customer"
	EndedBySupervisor EndCause = "supervisor"
	EndedInactive     EndCause = "inactivity"      // the customer stopped writing
	EndedSource       EndCause = "source-removed"  // while it waited or was offered
	EndedInterrupted  EndCause = "interrupted"     // an interrupted one was ended or its limit passed
	EndedDropped      EndCause = "transfer-failed" // by policy, when a transfer was not accepted
	EndedClosed       EndCause = "queue-closed"    // by policy, when the queue closed
	EndedErased       EndCause = "erased"          // the customer's data was erased
)

func nameOf(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return "unknown"
}

func readName(names []string, typ string, text []byte, into *uint8) error {
	for i, name := range names {
		if name == string(text) {
			*into = uint8(i)
			return nil
		}
	}
	return &agent.NameError{Type: typ, Name: fmt.Sprintf("%.40s", text)}
}
