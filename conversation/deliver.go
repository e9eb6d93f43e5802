package conversation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of the pause before a deferred send is tried again.
const (
	minBackOff = time.Second
	maxBackOff = time.Minute
)

// The bounds of a receipt's walk back through the transcript: it looks at most
// at so many messages, and gives up on the watermark after so many in a row that
// the watermark covers and that were there already. An earlier receipt has then
// been over everything before them.
const (
	receiptReach = 1000
	receiptRun   = 32
)

// SendKey returns the mark that a transport gives a message so that its echo
// can be told from a stranger's message: the conversation and the number, such
// as "c42.7". It is "" when id is zero or no is less than 1.
func SendKey(id ID, no int) string {
	if id == 0 || no < 1 {
		return ""
	}
	b, _ := id.AppendText(make([]byte, 0, 24)) // it never fails
	return string(strconv.AppendInt(append(b, '.'), int64(no), 10))
}

// ParseSendKey reads what SendKey wrote and reports false for anything else.
func ParseSendKey(s string) (ID, int, bool) {
	conv, number, found := strings.Cut(s, ".")
	if !found || number == "" || number[0] < '1' || number[0] > '9' {
		return 0, 0, false
	}
	id, err := ParseID(conv)
	if err != nil || id == 0 {
		return 0, 0, false
	}
	no, err := strconv.Atoi(number)
	if err != nil {
		return 0, 0, false
	}
	return id, no, true
}

// rank orders the statuses by how much is known of a message. A message only
// ever moves to a higher one; failed is above unknown because it is certain.
var rank = [...]uint8{
	StatusNone: 0, StatusQueued: 1, StatusUnknown: 2, StatusFailed: 3,
	StatusSent: 4, StatusDelivered: 5, StatusRead: 6,
}

// moves reports whether a message may go from one status to another. Only an
// echo proves that a failed message has arrived after all.
func moves(from, to Status, echo bool) bool {
	if int(from) >= len(rank) || int(to) >= len(rank) || from == StatusFailed && !echo {
		return false
	}
	return rank[to] > rank[from]
}

// settle appends the event if it tells anything new: a status further on, or
// the id of a message that has been sent without one being known.
func settle(c *Conversation, m *Message, e SendSettled, echo bool, out []Event) []Event {
	e.Conversation, e.No = c.ID, m.No
	now := m.Delivery.Status
	switch {
	case moves(now, e.Status, echo):
		now = e.Status
		out = append(out, e)
	case e.Status == StatusSent && rank[now] >= rank[StatusSent] && e.ExternalID != "" && m.ExternalID == "":
		e.Status = now // the stream never shows a status going back
		out = append(out, e)
	}
	// A receipt may have come before the stamp was known that it covers.
	if reached := c.Reached.status(e.ChannelAt); rank[now] >= rank[StatusSent] && rank[reached] > rank[now] {
		out = append(out, ReceiptAdvanced{Conversation: c.ID, Nos: []int{m.No}, Status: reached})
	}
	return out
}

// decideSettled records the result of a send, whatever has become of the
// conversation since (E40).
func decideSettled(c *Conversation, _ time.Time, cmd Settled, _ *Rules, out []Event) ([]Event, error) {
	m := c.Message(cmd.No)
	e := SendSettled{Status: cmd.Status, ExternalID: cmd.ExternalID, ChannelAt: stamp(cmd.ChannelAt)}
	switch {
	case m == nil || m.Delivery == nil:
		return out, fmt.Errorf("%w: message %d does not go to the customer", ErrCommand, cmd.No)
	case cmd.Status == StatusSent:
	case cmd.Status == StatusFailed || cmd.Status == StatusUnknown:
		e.Why, e.Detail = FailCause(clip(string(cmd.Why), MaxName)), clip(cmd.Detail, MaxDetail)
		if e.Why == "" && e.Status == StatusFailed {
			e.Why = FailTransport
		}
	default:
		return out, fmt.Errorf("%w: %s is no result of a send", ErrCommand, nameForError(cmd.Status))
	}
	if cmd.Status != StatusSent && cmd.Taken != 0 && !c.sends(cmd.No, cmd.Taken) {
		return out, nil
	}
	if len(e.ExternalID) > MaxExternalID || !utf8.ValidString(e.ExternalID) {
		e.ExternalID = "" // no reason to lose the result, but nothing to keep either
	}
	return settle(c, m, e, false, out), nil
}

// sends reports whether whoever got the lane by that event still has to send the
// message.
func (c *Conversation) sends(no int, taken uint64) bool {
	return c.Lane != nil && c.Lane.No == no && c.Lane.Taken == taken
}

func nameForError(s Status) string {
	if s == StatusNone {
		return "no status"
	}
	return s.String()
}

// clip returns s as valid UTF-8 of at most limit bytes.
func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// decideDeferred plans the next try of the message in flight, or fails it when
// that would come too late or nothing may be sent any more. A report about any
// other message is out of date and changes nothing.
func decideDeferred(c *Conversation, now time.Time, cmd Deferred, r *Rules, out []Event) ([]Event, error) {
	if c.Lane == nil || c.Lane.No != cmd.No || c.Lane.Retry.Pending() || cmd.Taken != 0 && cmd.Taken != c.Lane.Taken {
		return out, nil
	}
	why, detail := FailCause(clip(string(cmd.Why), MaxName)), clip(cmd.Detail, MaxDetail)
	retryFor := time.Duration(DefaultRetryFor)
	if r.RetryFor > 0 {
		retryFor = r.RetryFor
	}
	retry := now.Add(min(max(cmd.After, minBackOff), maxBackOff))
	switch over := noMoreSends(c); {
	case over != "":
		why = over
	case !retry.After(c.Lane.First.Add(retryFor)):
		return append(out, SendDeferred{
			Conversation: c.ID, No: cmd.No, Attempt: c.Lane.Attempt + 1, Retry: retry, Sent: max(c.Lane.Sent, cmd.Sent), Detail: detail,
		}), nil
	case why == "":
		why = FailTransport
	}
	return append(out, SendSettled{Conversation: c.ID, No: cmd.No, Status: StatusFailed, Why: why, Detail: detail}), nil
}

// noMoreSends returns why nothing is handed to the transport any more, or "".
func noMoreSends(c *Conversation) FailCause {
	switch {
	case c.State == Interrupted || c.EndedBy() == EndedInterrupted || c.EndedBy() == EndedSource:
		return FailInterrupted
	case c.EndedBy() == EndedErased:
		return FailRetired
	}
	return ""
}

// failQueued appends the failure of every queued message that has not been
// handed to the transport. The result of the one in flight is still to come
// (E40); one that waits for its next try is not in flight.
func failQueued(c *Conversation, why FailCause, out []Event) []Event {
	if c.Lane == nil {
		return out
	}
	for no := c.Lane.No; no <= c.LastNo(); no++ {
		if no == c.Lane.No && !c.Lane.Retry.Pending() {
			continue
		}
		if c.Message(no).queued() {
			out = append(out, SendSettled{Conversation: c.ID, No: no, Status: StatusFailed, Why: why})
		}
	}
	return out
}

// queued reports whether the message waits to be sent or is in flight.
func (m *Message) queued() bool {
	return m != nil && m.Delivery != nil && m.Delivery.Status == StatusQueued
}

// decideReceipt advances what the receipt is about. A name proves that the
// message has arrived. A watermark says only that what the channel had by then
// has arrived, so it does not tell of a message whose sending is unknown.
func decideReceipt(c *Conversation, now time.Time, cmd Receipt, _ *Rules, out []Event) ([]Event, error) {
	if cmd.Status != StatusDelivered && cmd.Status != StatusRead {
		return out, fmt.Errorf("%w: %s is no receipt", ErrCommand, nameForError(cmd.Status))
	}
	named := names(cmd.ExternalIDs)
	byMark, run := !cmd.Watermark.IsZero(), 0
	var nos []int
	for i := len(c.Messages) - 1; i >= max(0, len(c.Messages)-receiptReach) && (byMark || named.left > 0); i-- {
		m := c.Messages[i]
		if m.Delivery == nil {
			continue
		}
		isNamed := named.take(m.ExternalID)
		isMarked := byMark && !sentAt(m).After(cmd.Watermark)
		switch status := m.Delivery.Status; {
		case status == StatusFailed || status == StatusQueued:
			// A receipt says nothing about these.
		case status == StatusUnknown && !isNamed:
		case rank[status] >= rank[cmd.Status]:
			if isMarked {
				run++
				byMark = run < receiptRun
			}
		case isNamed || isMarked:
			nos = append(nos, m.No)
			run = 0
		}
	}
	slices.Reverse(nos)
	e := ReceiptAdvanced{Conversation: c.ID, Nos: nos, Status: cmd.Status, Watermark: c.rises(cmd, now)}
	if nos == nil && (e.Watermark.IsZero() || !c.State.Open() && c.Lane == nil) {
		return out, nil // nothing is to come that it could be about
	}
	return append(out, e), nil
}

// ahead is how far a watermark may be ahead of the engine's clock. It cannot be about
// what is yet to be written.
const ahead = time.Minute

// rises returns the watermark if it says more than those before, else zero.
func (c *Conversation) rises(cmd Receipt, now time.Time) time.Time {
	w := stamp(cmd.Watermark)
	if latest := now.Add(ahead); w.After(latest) {
		w = latest
	}
	if w.IsZero() {
		return w
	}
	if old := c.Reached; old != nil && (!w.After(old.Read) || cmd.Status == StatusDelivered && !w.After(old.Delivered)) {
		return time.Time{}
	}
	return w
}

// sentAt is the instant that a watermark is compared with.
func sentAt(m *Message) time.Time {
	if m.ChannelAt.IsZero() {
		return m.At
	}
	return m.ChannelAt
}

// nameSet holds the ids that a receipt names.
type nameSet struct {
	ids  map[string]struct{}
	left int // not taken yet
}

func names(ids []string) nameSet {
	if len(ids) == 0 {
		return nameSet{} // most receipts have only a watermark
	}
	s := nameSet{ids: make(map[string]struct{}, len(ids))}
	for _, id := range ids {
		if id != "" {
			s.ids[id] = struct{}{}
		}
	}
	s.left = len(s.ids)
	return s
}

// take removes the id and reports whether it was there.
func (s *nameSet) take(id string) bool {
	if _, ok := s.ids[id]; !ok {
		return false
	}
	delete(s.ids, id)
	s.left--
	return true
}
