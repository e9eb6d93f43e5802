package conversation

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/agent"
)

// MaxName is the most bytes in the name of a channel, a source or a customer
// of an inbound message, and in the kind, the name or the MIME type of an
// attachment.
const MaxName = 512

// UTF16Len returns the length of s in UTF-16 code units, which is what a
// browser's maxlength counts: one for most characters, two for those beyond
// the basic plane, such as most emoji. A byte that is not valid UTF-8 counts
// one. It does not allocate.
func UTF16Len(s string) int {
	n := 0
	for n < len(s) && s[n] < utf8.RuneSelf {
		n++
	}
	for _, r := range s[n:] {
		n += utf16.RuneLen(r)
	}
	return n
}

// Check reports whether the draft may be sent where a text has at most limit
// UTF-16 code units; a limit of zero or less means DefaultMaxText. The whole
// draft is refused or none of it (E80): with a *TextError that has the length
// and the limit when the text is not valid UTF-8, too long, or only white space
// without an attachment; with an error that wraps ErrAttachment and says what is wrong
// when there are more than MaxAttachments or one lacks its kind or reference or
// exceeds a limit. A line break counts as it is written, so CRLF is two.
func (d *Draft) Check(limit int) error {
	if limit <= 0 {
		limit = DefaultMaxText
	}
	units, problem := UTF16Len(d.Text), ""
	switch {
	case !utf8.ValidString(d.Text):
		problem = "not valid UTF-8"
	case len(d.Attachments) == 0 && blank(d.Text):
		problem = "empty"
	case units > limit:
		problem = "too long"
	default:
		return checkAttachments(d.Attachments)
	}
	return &TextError{Units: units, Limit: limit, Problem: problem}
}

// blank reports whether every rune of s is white space.
func blank(s string) bool { return strings.TrimSpace(s) == "" }

func checkAttachments(list []Attachment) error {
	if len(list) > MaxAttachments {
		return fmt.Errorf("%w: %d of at most %d", ErrAttachment, len(list), MaxAttachments)
	}
	for i := range list {
		if problem := list[i].problem(); problem != "" {
			return fmt.Errorf("%w: number %d: %s", ErrAttachment, i+1, problem)
		}
	}
	return nil
}

// problem says what is wrong with the attachment, or "".
func (a *Attachment) problem() string {
	for _, f := range [...]struct {
		name, value string
		max         int
		needed      bool
	}{
		{"kind", string(a.Kind), MaxName, true},
		{"reference", a.Reference, MaxReference, true},
		{"name", a.Name, MaxName, false},
		{"type", a.Type, MaxName, false},
	} {
		switch {
		case f.needed && f.value == "":
			return "the " + f.name + " is empty"
		case len(f.value) > f.max:
			return fmt.Sprintf("the %s has %d of at most %d bytes", f.name, len(f.value), f.max)
		case !utf8.ValidString(f.value):
			return "the " + f.name + " is not valid UTF-8"
		}
	}
	if a.Size < 0 {
		return "the size is negative"
	}
	return ""
}

// decideWrite decides what an agent, a bot or a supervisor wants to add.
func decideWrite(c *Conversation, now time.Time, by agent.Actor, cmd Write, r *Rules, out []Event) ([]Event, error) {
	who, err := writer(c, by, &cmd)
	if err != nil {
		return out, err
	}
	d := &cmd.Draft
	if err := d.Check(r.MaxText); err != nil {
		return out, err
	}
	if d.ReplyTo != 0 && c.Message(d.ReplyTo) == nil {
		return out, ErrReply
	}

	m := Message{
		No:          c.LastNo() + 1,
		Author:      who,
		At:          now,
		Text:        d.Text,
		Attachments: slices.Clone(d.Attachments), // the caller keeps its own
		ReplyTo:     d.ReplyTo,
		AgentsOnly:  d.AgentsOnly,
	}
	if d.AgentsOnly {
		note := m
		return append(out, MessageAdded{Conversation: c.ID, Message: &note}), nil
	}
	e := MessageAdded{Conversation: c.ID, Message: m.with(Delivery{Status: StatusQueued, At: now})}
	if c.Lane == nil {
		e.Lane = r.Node
	}
	e.Inactive = inactiveAt(c, now, r.InactiveAfter)
	return append(out, e), nil
}

// inactiveAt returns when the customer counts as inactive if an agent answers
// at now; zero when the answer starts no such limit. A bot's never does: while
// a conversation is live no bot writes in it. A limit that runs is not moved; one
// that ended with a transfer or a requeue starts again.
func inactiveAt(c *Conversation, now time.Time, after time.Duration) time.Time {
	if !c.State.Live() || c.Limit.Pending() {
		return time.Time{}
	}
	return silentUntil(c, now, after)
}

// silentUntil returns when the customer counts as inactive if their silence
// counts from now on; zero for never.
func silentUntil(c *Conversation, now time.Time, after time.Duration) time.Time {
	if after <= 0 || c.LastCustomer.IsZero() {
		return time.Time{}
	}
	// Silence counts from the customer's message. An answer that comes later
	// than the limit still leaves the customer the whole time to react.
	if at := c.LastCustomer.Add(after); at.After(now) {
		return at
	}
	return now.Add(after)
}

// writer returns whose message a Write is, or why the actor may not add one.
func writer(c *Conversation, by agent.Actor, cmd *Write) (Author, error) {
	if err := c.closedError(); err != nil {
		return Author{}, err
	}
	if cmd.Agent == "" {
		switch {
		case by.Role == agent.Self:
			return Author{}, fmt.Errorf("%w: it names no agent", ErrCommand)
		case by.Role == agent.Bot && !hasActiveSeat(c): // one driver at a time (E89)
			return Author{FromBot, by.ID}, nil
		case oversees(by) && cmd.Draft.AgentsOnly:
			return Author{FromAgent, by.ID}, nil
		}
		return Author{}, ErrNotAllowed
	}
	if by.Role != agent.Engine && !oversees(by) && !by.Is(cmd.Agent) {
		return Author{}, ErrNotAllowed
	}
	switch {
	case c.ActiveSeat(cmd.Agent) == nil && c.sender() == cmd.Agent && c.Seat(c.Transfer.Seat).State == SeatWrapping:
		return Author{}, ErrTransferPending
	case c.ActiveSeat(cmd.Agent) == nil:
		return Author{}, ErrNotSeated
	case !c.State.Live():
		return Author{}, ErrState
	}
	return Author{FromAgent, string(cmd.Agent)}, nil
}

func hasActiveSeat(c *Conversation) bool {
	return slices.ContainsFunc(c.Seats, func(s Seat) bool { return s.State == SeatActive })
}
