package routing

import (
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// TeamID names a team of agents.
type TeamID string

// The limits and defaults of a setup.
const (
	MostUrgent      = 1  // the first priority
	LeastUrgent     = 10 // the last priority, and the default
	MinOfferFor     = time.Second
	MaxOfferFor     = 6000 * time.Second
	DefaultCapacity = 5    // slots per medium of an agent without an entry for it
	MaxCapacity     = 100  // slots per medium
	MaxLevel        = 10   // of a skill
	MaxID           = 128  // bytes of any id
	MaxName         = 256  // bytes of any name
	MaxNotice       = 1000 // UTF-16 code units of a notice or template
)

// Setup is everything an administrator decides: a plain value that can be
// written down, compared and applied as a whole. The zero value is an empty
// board.
type Setup struct {
	Queues   []Queue  `json:"queues,omitempty"`  // in any order, each ID once, as in the next three
	Teams    []Team   `json:"teams,omitempty"`   // those that queues and agents name
	Agents   []Agent  `json:"agents,omitempty"`  // those who may sign in
	Sources  []Source `json:"sources,omitempty"` // the pages that are connected
	Settings Settings `json:"settings,omitzero"` // for the whole board
}

// Queue is a line of waiting conversations, who serves it, and its rules.
type Queue struct {
	ID   conversation.QueueID `json:"id"`             // 1 to MaxID bytes
	Name string               `json:"name,omitempty"` // as agents see it; empty means the ID

	// Teams serve it: every agent whose entry names one of them.
	Teams []TeamID `json:"teams,omitempty"`
	// Agents serve it too, each named for itself.
	Agents []agent.ID `json:"agents,omitempty"`
	// Channels it takes; empty means all.
	Channels []conversation.Channel `json:"channels,omitempty"`
	// Strategy is the order in which its agents are chosen.
	Strategy Strategy `json:"strategy,omitempty"`
	// Priority of its conversations that have none of their own: 1 most urgent
	// to 10. Zero means 10.
	Priority int `json:"priority,omitempty"`
	// Needs of its conversations that have none of their own.
	Needs []conversation.Need `json:"needs,omitempty"`

	// OfferFor is how long an offer stands before the agent is RONA: 1 second
	// to 6000. Zero means 60 seconds.
	OfferFor time.Duration `json:"offerFor,omitempty"`
	// Cooldown is how long an agent who did not take a conversation is not
	// asked again. Zero means 30 seconds.
	Cooldown time.Duration `json:"cooldown,omitempty"`
	// ServiceLevel is the waiting time within which conversations should be
	// accepted; it changes no decision. Zero means none.
	ServiceLevel time.Duration `json:"serviceLevel,omitempty"`

	// MaxWait, if positive, is when a waiting conversation overflows.
	MaxWait time.Duration `json:"maxWait,omitempty"`
	// MaxSize, if positive, is how many may wait; one more overflows on entry.
	MaxSize int `json:"maxSize,omitempty"`
	// Overflow are the queues it overflows to: the first that the conversation
	// has not been in and that is not full. With none left it stays.
	Overflow []conversation.QueueID `json:"overflow,omitempty"`

	// Hours are its opening hours; the zero value is always open. A closed
	// queue takes conversations and offers none.
	Hours Hours `json:"hours,omitzero"`
	// AtClosing says what happens to those that wait when it closes.
	AtClosing Closing `json:"atClosing,omitempty"`
	// Notice, if not empty, is sent to the customer once when the conversation
	// waits in the closed queue.
	Notice string `json:"notice,omitempty"`

	// WrapUp is the wrap-up policy of seats accepted under this queue.
	WrapUp wrapup.Policy `json:"wrapUp"`
	// JoinedOwesNone says that a joined agent who leaves a conference owes no
	// wrap-up reason.
	JoinedOwesNone bool `json:"joinedOwesNone,omitempty"`
	// NoTransfers keeps the queue off the list of transfer targets.
	NoTransfers bool `json:"noTransfers,omitempty"`
	// TransferFallback says what becomes of a transfer to an agent who does not
	// accept; FallbackQueue names the queue for conversation.FallbackQueue. A
	// pending transfer keeps those under which it was requested.
	TransferFallback conversation.Fallback `json:"transferFallback,omitempty"`
	FallbackQueue    conversation.QueueID  `json:"fallbackQueue,omitempty"` // at its old age; mandatory with that fallback
	// InactiveAfter, if positive, ends a conversation that is Active, or a
	// Conference, whose customer has not written for that long although an agent
	// answered.
	InactiveAfter time.Duration `json:"inactiveAfter,omitempty"`
	// Templates are texts that tell the customer a fact: agent-accepted,
	// agent-joined, agent-left, transferred and ended. "{agent}" and "{queue}"
	// stand for names. A fact without a template is not sent.
	Templates map[conversation.EntryKind]string `json:"templates,omitempty"`
}

// Closing says what happens to waiting conversations when their queue closes.
type Closing string

// The policies at closing time. The zero value keeps them.
const (
	KeepWaiting   Closing = ""         // they wait for the next opening
	CloseNotify   Closing = "notify"   // they wait, and get the queue's notice
	CloseOverflow Closing = "overflow" // as at the maximum wait
	CloseEnd      Closing = "end"      // they end
)

// Strategy is an order of agents.
type Strategy string

// The strategies. The zero value is LongestAvailable. Ties go by place: the
// agent who has been at it longest.
const (
	LongestAvailable Strategy = ""             // who has waited longest for work
	LeastLoaded      Strategy = "least-loaded" // who has most free slots
	RoundRobin       Strategy = "round-robin"  // whose last offer is longest ago
	MostSkilled      Strategy = "most-skilled" // whose levels of the needed skills are highest
)

// String returns the strategy's name: "longest-available" for the zero value.
func (s Strategy) String() string {
	if s == LongestAvailable {
		return "longest-available"
	}
	return string(s)
}

// Team is a group of agents: those whose entry names it.
type Team struct {
	ID   TeamID `json:"id"`             // 1 to MaxID bytes
	Name string `json:"name,omitempty"` // as others see it; empty means the ID
}

// Agent is what the administrator says of an agent.
type Agent struct {
	ID     agent.ID                   `json:"id"`               // 1 to MaxID bytes
	Name   string                     `json:"name,omitempty"`   // as others see it; empty means the ID
	Teams  []TeamID                   `json:"teams,omitempty"`  // those it belongs to
	Skills map[conversation.Skill]int `json:"skills,omitempty"` // level 1 to 10
	// Capacity is the number of slots per medium. A medium without an entry has
	// DefaultCapacity; 0 means none of that medium.
	Capacity map[conversation.Medium]int `json:"capacity,omitempty"`
}

// Slots returns the agent's slots for the medium.
func (a *Agent) Slots(m conversation.Medium) int {
	if n, ok := a.Capacity[m]; ok {
		return n
	}
	return DefaultCapacity
}

// Source is what customers write to: a page.
type Source struct {
	ID      conversation.Source  `json:"id"`             // 1 to MaxID bytes, as the channel names it
	Channel conversation.Channel `json:"channel"`        // must be one that the queue takes
	Name    string               `json:"name,omitempty"` // as agents see it; empty means the ID
	// Queue takes its conversations.
	Queue conversation.QueueID `json:"queue"`
	// Priority and Needs of its conversations; zero follows the queue.
	Priority int                 `json:"priority,omitempty"`
	Needs    []conversation.Need `json:"needs,omitempty"` // empty follows the queue
}

// Gone says what happens to the live conversations of an agent whose grace time
// is over.
type Gone string

// The policies for an agent who is gone. The zero value requeues.
const (
	RequeueSeats Gone = ""     // they go back to their queues at their age
	HoldSeats    Gone = "hold" // they stay until the agent is back or someone ends them
)

// Settings are the rules of the whole board. The zero value is the default.
type Settings struct {
	// Ageing, if positive, improves a waiting conversation's priority by one
	// for each such time it has waited; see Ageing. Zero switches it off.
	Ageing Ageing `json:"ageing,omitempty"`
	// Agents holds the rules of availability.
	Agents agent.Policy `json:"agents,omitzero"`
	// WhenGone says what happens to the live conversations of an agent whose
	// grace time is over.
	WhenGone Gone `json:"whenGone,omitempty"`
	// MaxHops is how many transfers a conversation may have. Zero means 10.
	MaxHops int `json:"maxHops,omitempty"`
	// MaxText is the longest text per channel in UTF-16 code units; a channel
	// without an entry has 1000.
	MaxText map[conversation.Channel]int `json:"maxText,omitempty"`
	// InterruptedFor, if positive, ends interrupted conversations after that time.
	InterruptedFor time.Duration `json:"interruptedFor,omitempty"`
	// PreferFor, if positive, prefers the agent of the customer's last
	// conversation when they write again within that time after its end.
	PreferFor time.Duration `json:"preferFor,omitempty"`
	// PreferWait is how long a conversation waits for its preferred agent in its
	// first queue, counted from arrival. Zero means 60 seconds.
	PreferWait time.Duration `json:"preferWait,omitempty"`
	// RetryFor is how long a send is tried. Zero means 5 minutes.
	RetryFor time.Duration `json:"retryFor,omitempty"`
	// Linger is how long a finished conversation stays in memory. Zero means an
	// hour.
	Linger time.Duration `json:"linger,omitempty"`
}

// DefaultPreferWait is the wait for a preferred agent when Settings.PreferWait
// is zero.
const DefaultPreferWait = 60 * time.Second
