package conversation

import (
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
)

// applyMessage applies an event about messages and reports whether it was one.
// Events that do not fit the conversation, as only a damaged log has them,
// change nothing.
func applyMessage(c *Conversation, at time.Time, seq uint64, e Event) bool {
	switch e := e.(type) {
	case MessageAdded:
		applyAdded(c, at, seq, &e)
	case MessageEdited:
		replace(c, e.No, func(m *Message) { m.Text, m.Edits = e.Text, e.Edits })
	case MessageUnsent:
		replace(c, e.No, func(m *Message) { *m = *m.Emptied() })
	case Reacted:
		replace(c, e.No, func(m *Message) {
			m.Reactions = react(m.Reactions, Reaction{By: e.By, Emoji: e.Emoji, ChannelAt: e.ChannelAt})
		})
	case ReceiptAdvanced:
		applyReceipt(c, at, &e)
	case SendSettled:
		applySettled(c, at, &e)
	case SendDeferred:
		changeLane(c, e.No, func(l *Lane) {
			l.Attempt, l.Sent, l.Retry, l.Doubtful = e.Attempt, e.Sent, agent.Deadline{At: e.Retry, Set: seq}, false
		})
	case SendDue:
		changeLane(c, e.No, func(l *Lane) { l.Retry, l.Ready = agent.Deadline{}, at })
	case LaneTaken:
		if c.Lane != nil {
			changeLane(c, c.Lane.No, func(l *Lane) {
				// A lane without a node has sent nothing yet.
				l.Doubtful = l.Node != "" && !l.Retry.Pending()
				l.Node, l.Taken, l.Ready = e.Node, seq, at
			})
		}
	default:
		return false
	}
	return true
}

func applyAdded(c *Conversation, at time.Time, seq uint64, e *MessageAdded) {
	m := e.Message
	if m == nil { // in a damaged log alone
		return
	}
	// Older copies of the conversation have shorter slices, so they do not see
	// what is appended behind their end. Most that wait have one message and no more;
	// where a second comes, others will.
	if len(c.Messages) == 1 && cap(c.Messages) == 1 {
		c.Messages = append(make([]*Message, 0, 8), c.Messages...)
	}
	c.Messages = append(c.Messages, m)
	switch {
	case m.Author.Kind == FromCustomer:
		c.LastCustomer, c.Answered = at, false
		if c.State.Live() {
			c.Limit = agent.Deadline{}
		}
	case m.Author.Kind == FromAgent && !m.AgentsOnly:
		c.Answered = true
		if !e.Inactive.IsZero() {
			c.Limit = agent.Deadline{At: e.Inactive, Set: seq}
		}
	}
	// Without a named node there is a lane all the same: whoever takes it sends.
	if m.queued() && c.Lane == nil {
		c.Lane = &Lane{Node: e.Lane, Taken: seq, No: m.No, First: at, Ready: at}
	}
}

// replace puts a changed copy of one message into a copy of the transcript's
// slice, because older copies of the conversation share both.
func replace(c *Conversation, no int, change func(*Message)) {
	old := c.Message(no)
	if old == nil {
		return
	}
	m := *old
	change(&m)
	c.put(&m)
}

// put puts a changed message into a copy of the transcript's slice.
func (c *Conversation) put(m *Message) {
	c.Messages = copyMessages(c.Messages)
	c.Messages[c.index(m.No)] = m
}

// copyMessages keeps the spare capacity, so that a transcript in which messages
// are settled as they come grows no slower.
func copyMessages(old []*Message) []*Message {
	return append(make([]*Message, 0, cap(old)), old...)
}

// react returns the reactions with the author's changed to the given one.
func react(old []Reaction, to Reaction) []Reaction {
	i := slices.IndexFunc(old, func(x Reaction) bool { return x.By == to.By })
	gone := to.Emoji == "" && to.ChannelAt.IsZero()
	switch {
	case i < 0 && gone:
		return old
	case i < 0:
		return append(old, to) // as with the transcript, behind the end of older copies
	case !gone:
		list := slices.Clone(old)
		list[i] = to
		return list
	case len(old) == 1:
		return nil
	}
	return slices.Delete(slices.Clone(old), i, i+1)
}

func applyReceipt(c *Conversation, at time.Time, e *ReceiptAdvanced) {
	if w := e.Watermark; !w.IsZero() {
		var reached Watermarks
		if c.Reached != nil {
			reached = *c.Reached // which older copies share
		}
		if e.Status == StatusRead {
			reached.Read = w
		} else {
			reached.Delivered = w
		}
		c.Reached = &reached
	}
	var list []*Message
	for _, no := range e.Nos {
		old := c.Message(no)
		if old == nil || old.Delivery == nil || !moves(old.Delivery.Status, e.Status, true) {
			continue
		}
		if list == nil {
			list = copyMessages(c.Messages)
		}
		list[c.index(no)] = old.with(Delivery{Status: e.Status, At: at})
	}
	if list != nil {
		c.Messages = list
	}
}

func applySettled(c *Conversation, at time.Time, e *SendSettled) {
	old := c.Message(e.No)
	if old == nil || old.Delivery == nil {
		return
	}
	d := *old.Delivery
	if moves(d.Status, e.Status, true) {
		d = Delivery{Status: e.Status, Why: e.Why, Detail: e.Detail, At: at}
	}
	m := old.with(d)
	if e.ExternalID != "" {
		m.ExternalID = e.ExternalID
	}
	if !e.ChannelAt.IsZero() {
		m.ChannelAt = e.ChannelAt
	}
	c.put(m)
	if c.Lane != nil && c.Lane.No == e.No && !c.Message(e.No).queued() {
		c.Lane = nextInLane(c, at)
	}
}

// nextInLane returns the lane after its head is settled: the next message in
// line, or nil when none waits.
func nextInLane(c *Conversation, at time.Time) *Lane {
	for no := c.Lane.No + 1; no <= c.LastNo(); no++ {
		if c.Message(no).queued() {
			return &Lane{Node: c.Lane.Node, Taken: c.Lane.Taken, No: no, First: at, Ready: at}
		}
	}
	return nil
}

// changeLane replaces the lane by a changed copy if its head is that message.
func changeLane(c *Conversation, no int, change func(*Lane)) {
	if c.Lane == nil || c.Lane.No != no {
		return
	}
	l := *c.Lane
	change(&l)
	c.Lane = &l
}
