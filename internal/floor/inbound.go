package floor

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// sourceOf returns the source, if it is there and connected.
func (f *Floor) sourceOf(ch conversation.Channel, id conversation.Source) (*sourceRec, error) {
	s := f.sources[id]
	switch {
	case s == nil || s.entry.Channel != ch:
		return nil, unknown("source", string(id))
	case s.removed:
		return nil, fmt.Errorf("%w: %q", routing.ErrRemoved, id)
	}
	return s, nil
}

// receive takes a customer's message (E5, E6, E39, E53, E65, E76, E77, E81).
func (f *Floor) receive(cmd conversation.Command, in *conversation.Inbound) (Result, error) {
	res, err := f.takeIn(cmd, in)
	if err != nil && !refused(err) {
		err = &conversation.Refusal{Command: in.Name(), Err: err}
	}
	return res, err
}

func (f *Floor) takeIn(cmd conversation.Command, in *conversation.Inbound) (Result, error) {
	if err := in.Validate(f.now); err != nil {
		return Result{}, err
	}
	src, err := f.sourceOf(in.Channel, in.Source)
	if err != nil {
		return Result{}, err
	}
	if r, known := f.seen.find(f.inboundDigest(in.Channel, in.Source, in.ExternalID), f.now); known {
		return Result{Conversation: r.conversation, Message: r.message, Duplicate: true}, nil
	}
	key := customerKey{in.Source, in.Customer}
	last := f.customers.get(key)
	if last != nil && last.v.State.Open() {
		res, err := f.decide(last, cmd)
		if err == nil && res.Message == 0 { // in the transcript for longer than ids are remembered
			i := slices.IndexFunc(last.v.Messages, func(m *conversation.Message) bool { return m.ExternalID == in.ExternalID })
			res.Message, res.Duplicate = last.v.Messages[i].No, true
		}
		return res, err
	}
	c, err := f.openConversation(src, in, last)
	if err != nil {
		return Result{}, err
	}
	res, err := f.decide(c, cmd)
	if err == nil {
		f.greet(c)
	}
	if last != nil {
		f.tellReturn(last, c.v.ID)
	}
	return res, err
}

// openConversation opens a conversation for a customer who has none open.
func (f *Floor) openConversation(src *sourceRec, in *conversation.Inbound, last *convRec) (*convRec, error) {
	e := &in.Entry
	id := src.entry.Queue
	if e.Queue != "" {
		id = e.Queue
	}
	q := f.queue(id)
	switch {
	case q == nil:
		return nil, unknown("queue", string(id))
	case e.Queue != "" && !takes(&q.v.entry, in.Channel):
		return nil, &routing.TargetError{What: "queue", ID: string(id), Why: "channel"}
	case e.Priority < 0 || e.Priority > routing.LeastUrgent:
		return nil, conversation.ErrPriority
	}
	if problems := routing.CheckNeeds(e.Needs); len(problems) > 0 {
		return nil, fmt.Errorf("%w: %w", conversation.ErrInbound, &routing.SetupError{Problems: problems})
	}
	attributes, err := agent.Attributes(nil).Merge(e.Attributes)
	if err != nil {
		return nil, err
	}
	o := conversation.Opened{
		Conversation: conversation.ID(f.seq + 1),
		// The setup's own names: those of the caller would be kept with each.
		Channel: src.entry.Channel, Source: src.entry.ID, Customer: in.Customer,
		Medium:     conversation.Social,
		Priority:   firstOf(e.Priority, src.entry.Priority, q.v.entry.Priority, routing.LeastUrgent),
		Attributes: attributes,
	}
	switch {
	case len(e.Needs) > 0:
		o.Needs = cloneNeeds(e.Needs)
	case len(src.entry.Needs) > 0:
		o.Needs = src.entry.Needs
	default:
		o.Needs = q.v.entry.Needs
	}
	if last != nil {
		o.Previous = last.v.ID
	}
	if f.full(q) {
		probe := conversation.Conversation{Queue: q.v.entry.ID, Channel: in.Channel}
		if to := f.overflowFrom(&probe, q); to != nil {
			q = to
		}
	}
	o.Wait = f.waitIn(q, o.Needs, time.Time{})
	if a := f.preferred(e.Preferred, last); a != nil && f.router.Serves(&a.candidate, q.v.entry.ID) && routing.Meets(a.entry.Skills, o.Needs) {
		wait := f.settings.PreferWait
		if wait <= 0 {
			wait = routing.DefaultPreferWait
		}
		o.Preferred, o.PreferUntil = a.v.ID, f.now.Add(wait)
	}
	f.emit(o)
	return f.convs.get(o.Conversation), nil
}

// cloneNeeds copies needs that a caller may change afterwards.
func cloneNeeds(needs []conversation.Need) []conversation.Need {
	out := slices.Clone(needs)
	for i := range out {
		out[i].Steps = slices.Clone(out[i].Steps)
	}
	return out
}

func firstOf(values ...int) int {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}

// preferred returns the agent whom a new conversation waits for: the one the
// host named, or the one of the customer's last conversation, if it is recent.
// Nobody waits for an agent who is signed out.
func (f *Floor) preferred(named agent.ID, last *convRec) *agentRec {
	if named == "" && last != nil && f.settings.PreferFor > 0 && last.v.State == conversation.Ended &&
		f.now.Before(last.v.End.At.Add(f.settings.PreferFor)) {
		if n := len(last.v.Seats); n > 0 {
			named = last.v.Seats[n-1].Agent
			for i := range last.v.Seats {
				if !last.v.Seats[i].Joined {
					named = last.v.Seats[i].Agent
				}
			}
		}
	}
	if a := f.agent(named); a != nil && !a.deleted && a.v.State != agent.SignedOut {
		return a
	}
	return nil
}

// tellReturn tells agents who still wrap up that the customer is back (E53).
func (f *Floor) tellReturn(last *convRec, next conversation.ID) {
	if last.v.Finished { // all seats are closed, and need not be looked at
		return
	}
	for i := range last.v.Seats {
		if s := &last.v.Seats[i]; s.State == conversation.SeatWrapping {
			f.emit(conversation.CustomerReturned{Conversation: last.v.ID, Next: next, Agent: s.Agent})
		}
	}
}

// greet sends the notice of a closed queue, once for each conversation and queue.
func (f *Floor) greet(c *convRec) {
	q := f.queueOf(c.v.Queue)
	if q == nil || q.v.open || q.v.deleted || q.v.entry.Notice == "" || c.v.State != conversation.Queued {
		return
	}
	for _, m := range c.v.Messages {
		if m.Entry != nil && m.Entry.Kind == conversation.EntryClosed && m.Entry.Queue == c.v.Queue {
			return
		}
	}
	by := f.pending
	f.engine()
	f.emit(f.notice(c, conversation.Entry{Kind: conversation.EntryClosed, Queue: c.v.Queue}, q.v.entry.Notice))
	f.as(by)
}

// notice is a fact of the engine that goes to the customer as a text.
func (f *Floor) notice(c *convRec, e conversation.Entry, text string) conversation.MessageAdded {
	m := conversation.MessageAdded{
		Conversation: c.v.ID,
		Message: &conversation.Message{
			No: c.v.LastNo() + 1, Author: conversation.Author{Kind: conversation.FromSystem}, At: f.now,
			Text: text, Entry: &e, Delivery: &conversation.Delivery{Status: conversation.StatusQueued, At: f.now},
		},
	}
	if c.v.Lane == nil {
		m.Lane = f.config.Node
	}
	return m
}

// word gives a fact the words of its queue's template, if there is one.
func (f *Floor) word(c *convRec, m conversation.MessageAdded) conversation.MessageAdded {
	text := f.words(c, *m.Message.Entry)
	if text == "" {
		return m
	}
	out := f.notice(c, *m.Message.Entry, text)
	out.Message.No = m.Message.No
	return out
}

// words returns the queue's template for the fact, filled in; "" when there is
// none, or nothing can be sent any more.
func (f *Floor) words(c *convRec, e conversation.Entry) string {
	q := f.queueOf(c.v.Queue)
	s := f.sources[c.v.Source]
	if q == nil || s == nil || s.removed || c.v.State == conversation.Interrupted {
		return ""
	}
	text := q.v.entry.Templates[e.Kind]
	if text == "" {
		return ""
	}
	name := string(e.Agent)
	if a := f.agent(e.Agent); a != nil && a.entry.Name != "" {
		name = a.entry.Name
	}
	queue := string(e.Queue)
	if to := f.queueOf(e.Queue); to != nil && to.v.entry.Name != "" {
		queue = to.v.entry.Name
	}
	text = strings.NewReplacer("{agent}", name, "{queue}", queue).Replace(text)
	limit := f.settings.MaxText[c.v.Channel]
	if limit <= 0 {
		limit = conversation.DefaultMaxText
	}
	return cut(text, limit)
}

// cut returns as much of the text as has at most so many UTF-16 code units, in
// whole runes.
func cut(text string, limit int) string {
	n := 0
	for i, r := range text {
		if n += max(1, utf16.RuneLen(r)); n > limit {
			return text[:i]
		}
	}
	return text
}

// onMessage decides what the channel reports of one message of a customer, in
// their open conversation or those before it. What comes before its message is kept,
// unless the message may be elsewhere, where the caller has to look first.
func (f *Floor) onMessage(cmd conversation.Command, change routing.ChangeKept, elsewhere bool) (Result, error) {
	ch, id := aboutMessage(&change)
	src, who := change.Customer()
	last, err := f.conversationWith(ch, src, who)
	if err != nil {
		return Result{}, err
	}
	for c := last; c != nil; c = f.convs.get(c.v.Previous) {
		if has(&c.v, id) {
			return f.decide(c, cmd)
		}
	}
	if _, err := conversation.Decide(&conversation.Conversation{}, f.now, f.pending.by, cmd, nil, nil); err != nil {
		return Result{}, err
	}
	if _, known := f.seen.find(f.inboundDigest(ch, src, id), f.now); known || elsewhere {
		// It has come, and is no longer in memory.
		if change.React != nil {
			return Result{}, nil
		}
		return Result{}, conversation.ErrUnknownMessage // a success would say that it is recorded
	}
	return f.keepEarly(change), nil
}

// conversationWith returns the customer's open conversation, or else the last one in
// memory, or nil, if the actor may speak for the customer.
func (f *Floor) conversationWith(ch conversation.Channel, src conversation.Source, who conversation.Customer) (*convRec, error) {
	if !f.speaksFor(who) {
		return nil, conversation.ErrNotAllowed
	}
	if s := f.sources[src]; s == nil || s.entry.Channel != ch {
		return nil, unknown("source", string(src))
	}
	return f.customers.get(customerKey{src, who}), nil
}

// receipt takes a receipt for all conversations of the customer in memory. What it
// says of messages by name whose names are not known yet is kept.
func (f *Floor) receipt(cmd *conversation.Receipt) (Result, error) {
	last, err := f.conversationWith(cmd.Channel, cmd.Source, cmd.Customer)
	if err != nil {
		return Result{}, err
	}
	if _, err := conversation.Decide(&conversation.Conversation{}, f.now, f.pending.by, *cmd, nil, nil); err != nil {
		return Result{}, err
	}
	var res Result
	early := cmd.ExternalIDs
	sending := false // something may yet get a name
	for c := last; c != nil; c = f.convs.get(c.v.Previous) {
		n := f.seq
		one, err := f.decide(c, *cmd)
		if err != nil {
			return Result{}, err
		}
		if f.seq != n && res.Conversation == 0 {
			res = one
		}
		sending = sending || c.v.State.Open() || c.v.Lane != nil
		early = slices.DeleteFunc(slices.Clone(early), func(id string) bool { return has(&c.v, id) })
	}
	if !sending || len(early) == 0 {
		return res, nil
	}
	var kept []routing.ChangeKept
	for _, id := range early {
		if id != "" && len(id) <= conversation.MaxExternalID && utf8.ValidString(id) {
			one := *cmd
			one.ExternalIDs, one.Watermark = []string{id}, time.Time{}
			kept = append(kept, routing.ChangeKept{Receipt: &one})
		}
	}
	f.keepEarly(kept...)
	res.Kept = len(kept) > 0
	return res, nil
}

// hangup ends the customer's conversation.
func (f *Floor) hangup(cmd *conversation.Hangup) (Result, error) {
	c, err := f.conversationWith(cmd.Channel, cmd.Source, cmd.Customer)
	if err != nil || c == nil {
		return Result{}, err
	}
	return f.decide(c, *cmd)
}

// has reports whether the message with the channel's id is in the transcript.
func has(c *conversation.Conversation, id string) bool {
	return slices.ContainsFunc(c.Messages, func(m *conversation.Message) bool { return m.ExternalID == id })
}

// outside takes a message that was written past the Board, or the echo of one
// of ours.
func (f *Floor) outside(whole conversation.Command, cmd *conversation.Outside) (Result, error) {
	if id, _, ok := conversation.ParseSendKey(cmd.Key); ok {
		if c := f.convs.get(id); c != nil && c.v.Source == cmd.Source && c.v.Customer == cmd.Customer {
			return f.decide(c, whole)
		}
	}
	if _, err := f.sourceOf(cmd.Channel, cmd.Source); err != nil {
		return Result{}, err
	}
	if r, known := f.seen.find(f.inboundDigest(cmd.Channel, cmd.Source, cmd.ExternalID), f.now); known {
		return Result{Conversation: r.conversation, Message: r.message, Duplicate: true}, nil
	}
	c := f.customers.get(customerKey{cmd.Source, cmd.Customer})
	switch {
	case c == nil: // nothing opens a conversation but the customer
		return Result{}, nil
	case has(&c.v, cmd.ExternalID): // the echo of one of ours
		return f.decide(c, whole)
	case !c.v.State.Open(), before(cmd.ChannelAt, &c.v):
		return Result{}, nil
	}
	return f.decide(c, whole)
}

// before reports whether a message was written before the one that opened the
// conversation, by the channel's clock. Then it is not of this one, however late
// the channel tells of it.
func before(at time.Time, c *conversation.Conversation) bool {
	first := c.Message(1)
	return first != nil && !at.IsZero() && at.Before(first.ChannelAt)
}
