package switchboard

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/routing"
)

// senders hand messages to the transports. What is to be sent is in the state;
// here is only what is on its way.
type senders struct {
	board  *Board
	ctx    context.Context
	cancel context.CancelFunc
	group  errgroup.Group
	jobs   chan floor.Sendable // to the senders that wait for one

	// Of whoever has the turn.
	due     []conversation.ID            // lanes to look at
	busy    map[conversation.ID]struct{} // lanes of which a message is on its way, or waits for room
	waiting []conversation.ID            // those that wait for room, the first first
	sure    []sureResult                 // what is known without a transport, and not in the log yet
	running int                          // those on their way
	resumed bool                         // what was on its way before Open is taken over
	foreign map[conversation.ID]struct{} // lanes of other nodes that may have something to send
	lookAt  time.Time                    // when to look at those next, by the board's time
	idle    int                          // senders that wait, or are about to, and are promised nothing yet
	quiet   chan struct{}                // closed when none is busy; nil while nobody waits
}

// idleSenders is how many goroutines stay when there is nothing to be sent.
const idleSenders = 4

func (s *senders) init(b *Board) {
	s.board = b
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.busy = make(map[conversation.ID]struct{})
	s.jobs = make(chan floor.Sendable, idleSenders)
	s.foreign = make(map[conversation.ID]struct{})
}

func (s *senders) stop() {
	s.cancel()
	close(s.jobs) // nobody starts anything: the committer has ended with the turn
	_ = s.group.Wait()
}

// look finds in what was committed the lanes that may have something to send.
func (s *senders) look(events []floor.Event) {
	for i := range events {
		switch b := events[i].Body.(type) {
		case conversation.MessageAdded:
			if b.Lane == s.board.config.Node {
				s.due = append(s.due, b.Conversation)
			} else if b.Lane != "" {
				s.follow(b.Conversation)
			}
		case conversation.SendSettled:
			s.due = append(s.due, b.Conversation)
		case conversation.SendDue:
			s.due = append(s.due, b.Conversation)
		case conversation.LaneTaken:
			if b.Node == s.board.config.Node {
				s.due = append(s.due, b.Conversation)
			} else {
				s.follow(b.Conversation)
			}
		}
	}
}

// over says that the lane's message is no longer on its way, and its result is
// in the log. It reports whether the sender is to wait for another one.
func (s *senders) over(id conversation.ID) bool {
	delete(s.busy, id)
	s.running--
	s.due = append(s.due, id)
	if s.idle == idleSenders {
		return false
	}
	s.idle++
	return true
}

// start sends what is due, after a commit.
//
// A lane is busy until the result of its message is in the log, whatever became of
// the message meanwhile: the echo of a message may settle it while Send has not
// returned, and the next one must not overtake it.
func (s *senders) start() {
	if len(s.due) == 0 && len(s.waiting) == 0 && s.quiet == nil {
		return
	}
	node := s.board.config.Node
	for _, id := range s.due {
		if _, busy := s.busy[id]; busy {
			continue
		}
		if _, ok := s.board.floor.ToSend(id, node); ok {
			s.busy[id] = struct{}{}
			s.waiting = append(s.waiting, id)
		}
	}
	s.due = s.due[:0]
	for len(s.waiting) > 0 && s.running < s.board.config.Sends {
		id := s.waiting[0]
		s.waiting = s.waiting[1:]
		m, ok := s.board.floor.ToSend(id, node)
		if !ok {
			delete(s.busy, id)
			continue
		}
		if result := s.known(m); result != nil {
			s.sure = append(s.sure, sureResult{id, result})
			s.running++
			continue
		}
		// By the clock from here on, which the goroutine can read.
		m.Lease = s.board.raw.Add(m.Lease.Sub(s.board.at))
		s.running++
		if s.idle > 0 {
			s.idle--
			s.jobs <- m
			continue
		}
		s.group.Go(func() error {
			s.run(m)
			return nil
		})
	}
	if len(s.sure) > 0 && s.board.mine[0] != nil {
		s.board.rouse() // the committer reports them, and a caller has the turn
	}
	if len(s.busy) == 0 && s.quiet != nil && s.board.archives.idle() && s.board.erasures.idle() {
		close(s.quiet)
		s.quiet = nil
	}
}

var platform = Actor{Role: agent.Platform, ID: "sender"}

// run sends the message, and then others as long as it is to stay.
func (s *senders) run(m floor.Sendable) {
	for ok := true; ok; m, ok = <-s.jobs {
		result := s.send(m)
		if result == nil || !s.report(m.Conversation, result) {
			return
		}
	}
}

// send makes one attempt and returns what to report of it; nil when the Board
// closes: whoever opens it again settles the message.
func (s *senders) send(m floor.Sendable) any {
	out := s.outbound(m)
	t := s.board.config.Transports[out.Channel]
	if m.Doubtful {
		return s.settle(t, m, out)
	}
	from, lost, ok := s.hold(&m)
	if !ok {
		return lost
	}
	ctx := withDeadline(s.ctx, from.Add(s.board.config.SendTimeout))
	receipt, err := t.Send(ctx, out)
	ctx.cancel()
	if s.ctx.Err() != nil && err != nil {
		return nil
	}
	if err == nil {
		return arrived(out, receipt)
	}
	return s.failed(t, m, out, err)
}

// sureResult is a result for which no transport is needed.
type sureResult struct {
	lane   conversation.ID
	result any
}

// known returns what becomes of the message if no transport has to be asked for
// that, and nil otherwise.
func (s *senders) known(m floor.Sendable) any {
	t := s.board.config.Transports[m.Channel]
	_, settles := t.(Settler)
	switch {
	case t == nil:
		s.board.config.Logger.Warn("a message was not sent", "conversation", m.Conversation, "no", m.Message.No,
			"why", conversation.FailNoTransport, "channel", m.Channel)
		return settled(m, conversation.StatusFailed, conversation.FailNoTransport, "")
	case m.Doubtful && !settles:
		return settled(m, conversation.StatusUnknown, conversation.FailTransport, "")
	case m.Gone && !m.Doubtful: // it waited for its turn while the source was removed (E40)
		return settled(m, conversation.StatusFailed, conversation.FailInterrupted, "")
	}
	return nil
}

// reportSure puts the results into the log that are known without a transport.
// The committer does so itself: goroutines would come in any order. What the store
// does not take is tried again with the next call.
func (s *senders) reportSure() {
	b := s.board
	for len(s.sure) > 0 {
		some := s.sure[:min(len(s.sure), batchLimit)]
		batch := make([]*request, 0, len(some))
		for _, x := range some {
			r := b.newRequest()
			r.cmd = floor.Command{By: platform, Body: x.result}
			batch = append(batch, r)
		}
		var left []sureResult
		rest := s.sure[len(some):]
		s.sure = nil
		b.serve(slices.Clone(batch))
		for i, r := range batch {
			<-r.done
			if inLog(r.err) {
				s.running--
				delete(s.busy, some[i].lane)
				s.due = append(s.due, some[i].lane)
			} else {
				left = append(left, some[i])
			}
			r.free()
		}
		s.sure = slices.Concat(left, rest, s.sure)
		if len(left) > 0 {
			return
		}
		s.start()
	}
}

// apart is a wait that is another one for another lane: those that failed
// together do not all come back together.
func apart(wait time.Duration, lane conversation.ID) time.Duration {
	return wait + time.Duration(lane%1024)*time.Microsecond
}

// inLog says whether a result is in the log, or nobody wants it any more.
func inLog(err error) bool {
	refusal := (*conversation.Refusal)(nil)
	return err == nil || errors.As(err, &refusal) || errors.Is(err, routing.ErrUnknown)
}

// arrived says that the message was sent.
func arrived(out Outbound, r Receipt) any {
	return conversation.Settled{
		Conversation: out.Conversation, No: out.No, Status: conversation.StatusSent,
		ExternalID: r.ExternalID, ChannelAt: utc(r.At),
	}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

// settled says what became of the message, but for success.
func settled(m floor.Sendable, status conversation.Status, why conversation.FailCause, detail string) any {
	return conversation.Settled{
		Conversation: m.Conversation, No: m.Message.No, Status: status, Why: why, Detail: detail, Taken: m.Taken,
	}
}

// deferred says that the message is to be tried again.
func deferred(m floor.Sendable, after time.Duration, why conversation.FailCause, detail string) any {
	return conversation.Deferred{
		Conversation: m.Conversation, No: m.Message.No, After: after, Why: why, Detail: detail, Sent: m.Sent, Taken: m.Taken,
	}
}

func (s *senders) failed(t Transport, m floor.Sendable, out Outbound, err error) any {
	log := s.board.config.Logger
	var e *SendError
	if !errors.As(err, &e) || e == nil {
		e = &SendError{Why: conversation.FailTransport, Ambiguous: true, Detail: "", Err: err}
	}
	m.Sent = max(m.Sent, e.Sent)
	out.Sent = m.Sent
	why := e.Why
	if why == "" {
		why = conversation.FailTransport
	}
	what := "a message was not sent"
	if e.Ambiguous {
		what = "a message may not have been sent"
	}
	log.Warn(what, "conversation", out.Conversation, "no", out.No, "why", why,
		"temporary", e.Temporary, "attempt", out.Attempt, "detail", discreet(e.Detail, &out), "err", discreet(errorText(e.Err), &out))
	switch {
	case e.Ambiguous:
		return s.settle(t, m, out)
	case e.Temporary:
		after := e.After
		if after <= 0 {
			after = backOff(out.Attempt)
		}
		return deferred(m, after, why, e.Detail)
	default:
		return settled(m, conversation.StatusFailed, why, e.Detail)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprint(err) // which survives a nil pointer
}

// discreet takes what is the customer's out of a text that a transport made: the
// log of the process is not erased with the customer.
func discreet(s string, m *Outbound) string {
	theirs := []string{string(m.Customer), url.QueryEscape(string(m.Customer)), m.Text, m.ReplyTo}
	for _, a := range m.Attachments {
		theirs = append(theirs, a.Reference, a.Name)
	}
	return without(s, theirs...)
}

// without takes texts out of another.
func without(s string, theirs ...string) string {
	for _, t := range theirs {
		if t != "" {
			s = strings.ReplaceAll(s, t, "[...]")
		}
	}
	return s
}

// backOff is how long to wait before the next attempt.
func backOff(attempt int) time.Duration {
	return min(time.Minute, time.Second<<min(max(attempt-1, 0), 6))
}

// settle finds out what became of a message that may have arrived.
func (s *senders) settle(t Transport, m floor.Sendable, out Outbound) any {
	settler, ok := t.(Settler)
	until := s.board.config.Clock.Now().Add(s.board.config.UnknownAfter)
	for n := 1; ok; n++ {
		from, lost, held := s.hold(&m)
		if !held {
			return lost
		}
		ctx, cancel := context.WithDeadline(s.ctx, from.Add(s.board.config.SendTimeout))
		what, receipt, err := settler.Settle(ctx, out)
		cancel()
		if s.ctx.Err() != nil {
			return nil
		}
		if err == nil {
			switch what {
			case Arrived:
				return arrived(out, receipt)
			case NotSent:
				m.Sent = max(m.Sent, receipt.Sent)
				return deferred(m, backOff(out.Attempt), conversation.FailTransport, "")
			}
		}
		left := until.Sub(s.board.config.Clock.Now())
		if left <= 0 {
			break
		}
		timer := s.board.config.Clock.Timer(min(left, backOff(n)))
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Stop()
			return nil
		}
	}
	return settled(m, conversation.StatusUnknown, conversation.FailTransport, "")
}

// report puts a result into the log, with which the lane's message is over, if
// it is one's. It is tried until the Board closes: a store that is away must not
// lose it. It tells whether the sender is to stay for another message.
func (s *senders) report(lane conversation.ID, result any) bool {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		r := s.board.newRequest()
		r.cmd = floor.Command{By: platform, Body: result}
		r.lane = lane
		stay, err := false, s.board.ask(s.ctx, r)
		if err == nil {
			stay, err = r.stay, r.err
			r.free()
		}
		if inLog(err) || errors.Is(err, floor.ErrLaneLost) || errors.Is(err, ErrClosed) {
			return stay
		}
		select {
		case <-time.After(apart(wait, lane)):
		case <-s.ctx.Done():
			return false
		}
	}
}

// Quiet waits until no message is in flight and nothing is on its way to the
// archive or being erased: every Send, Settle and call of the archive that has
// begun has returned and its result is in the log. It is for tests and for
// shutting down; what waits to be tried again is not in flight. It returns the context's error or ErrClosed when that comes first, and a
// *StaleError when the store does not answer.
func (b *Board) Quiet(ctx context.Context) error {
	for {
		// What was committed before this call has been looked at before the query.
		var quiet chan struct{}
		err := b.view(ctx, func(*floor.Floor) error {
			if (len(b.sends.busy) > 0 || !b.archives.idle() || !b.erasures.idle()) && b.sends.quiet == nil {
				b.sends.quiet = make(chan struct{})
			}
			quiet = b.sends.quiet
			return nil
		})
		if err != nil || quiet == nil {
			return err
		}
		select {
		case <-quiet:
		case <-ctx.Done():
			return ended(ctx)
		case <-b.done:
			return b.closedError()
		}
	}
}

func (s *senders) outbound(m floor.Sendable) Outbound {
	msg := m.Message
	return Outbound{
		Key: conversation.SendKey(m.Conversation, msg.No), Board: s.board.config.Name, Conversation: m.Conversation, No: msg.No,
		Channel: m.Channel, Source: m.Source, Customer: m.Customer,
		Author: msg.Author, AuthorName: m.AuthorName, Text: msg.Text, Attachments: msg.Attachments, ReplyTo: m.ReplyTo,
		LastCustomer: m.LastCustomer, Attempt: m.Attempt, Sent: m.Sent, Doubtful: m.Doubtful,
	}
}
