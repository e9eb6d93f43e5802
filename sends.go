package switchboard

import (
	"context"
	"errors"
	"sync"
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

	// The committer's own.
	due     []conversation.ID          // lanes to look at
	waiting []floor.Sendable           // no room for them yet
	marks   map[conversation.ID]uint64 // the event with which the message in flight was found

	mu       sync.Mutex
	inFlight int
	quiet    chan struct{} // closed when nothing is in flight; nil while nobody waits
}

func (s *senders) init(b *Board) {
	s.board = b
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.group.SetLimit(b.config.Sends)
	s.marks = make(map[conversation.ID]uint64)
}

func (s *senders) stop() {
	s.cancel()
	_ = s.group.Wait()
}

// look finds in what was committed the lanes that may have something to send.
func (s *senders) look(events []Event) {
	for i := range events {
		switch b := events[i].Body.(type) {
		case conversation.MessageAdded:
			if b.Lane == s.board.config.Node {
				s.due = append(s.due, b.Conversation)
			}
		case conversation.SendSettled:
			delete(s.marks, b.Conversation)
			s.due = append(s.due, b.Conversation)
		case conversation.SendDeferred:
			delete(s.marks, b.Conversation)
		case conversation.SendDue:
			s.due = append(s.due, b.Conversation)
		case conversation.LaneTaken:
			delete(s.marks, b.Conversation)
			if b.Node == s.board.config.Node {
				s.due = append(s.due, b.Conversation)
			}
		}
	}
}

// start sends what is due. Only the committer calls it, after a commit.
func (s *senders) start() {
	for _, id := range s.due {
		if _, busy := s.marks[id]; busy {
			continue
		}
		if m, ok := s.board.floor.ToSend(id, s.board.config.Node); ok {
			s.marks[id] = s.board.floor.Seq()
			s.waiting = append(s.waiting, m)
			s.mu.Lock()
			s.inFlight++
			s.mu.Unlock()
		}
	}
	s.due = s.due[:0]
	for len(s.waiting) > 0 {
		m := s.waiting[0]
		if !s.group.TryGo(func() error { s.send(m); return nil }) {
			return // a send that ends rouses the committer
		}
		s.waiting[0] = floor.Sendable{}
		s.waiting = s.waiting[1:]
	}
}

// resume takes over what was in flight when the board was last open. Only a
// transport that can settle tells what became of it.
func (s *senders) resume() {
	b := s.board
	for _, l := range b.floor.Lanes() {
		if l.Node != b.config.Node && !b.exclusive() {
			continue
		}
		r := newRequest()
		r.cmd = floor.Command{By: platform, Body: floor.TakeLane{Conversation: l.Conversation, Node: b.config.Node}}
		b.serve([]*request{r})
		<-r.done
		r.free()
	}
}

var platform = Actor{Role: agent.Platform, ID: "sender"}

// send makes one attempt and reports what became of it.
func (s *senders) send(m floor.Sendable) {
	defer s.finished()
	out := s.outbound(m)
	t := s.board.config.Transports[out.Channel]
	if t == nil {
		s.report(conversation.Settled{
			Conversation: out.Conversation, No: out.No, Status: conversation.StatusFailed, Why: conversation.FailNoTransport,
		})
		return
	}
	if m.Doubtful {
		s.settle(t, out)
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.board.config.SendTimeout)
	receipt, err := t.Send(ctx, out)
	cancel()
	if s.ctx.Err() != nil && err != nil {
		return // the Board closes; whoever opens it again settles the message
	}
	if err == nil {
		s.arrived(out, receipt)
		return
	}
	s.failed(t, out, err)
}

func (s *senders) arrived(out Outbound, r Receipt) {
	s.report(conversation.Settled{
		Conversation: out.Conversation, No: out.No, Status: conversation.StatusSent,
		ExternalID: bounded(r.ExternalID, conversation.MaxExternalID), ChannelAt: utc(r.At),
	})
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

func (s *senders) failed(t Transport, out Outbound, err error) {
	log := s.board.config.Logger
	var e *SendError
	if !errors.As(err, &e) {
		e = &SendError{Why: conversation.FailTransport, Ambiguous: true, Detail: "", Err: err}
	}
	why := e.Why
	if why == "" {
		why = conversation.FailTransport
	}
	log.Warn("a message was not sent", "conversation", out.Conversation, "no", out.No, "why", why,
		"temporary", e.Temporary, "ambiguous", e.Ambiguous, "attempt", out.Attempt)
	detail := bounded(e.Detail, conversation.MaxDetail)
	switch {
	case e.Ambiguous:
		s.settle(t, out)
	case e.Temporary:
		after := e.After
		if after <= 0 {
			after = backOff(out.Attempt)
		}
		s.report(conversation.Deferred{Conversation: out.Conversation, No: out.No, After: after, Why: why, Detail: detail})
	default:
		s.report(conversation.Settled{
			Conversation: out.Conversation, No: out.No, Status: conversation.StatusFailed, Why: why, Detail: detail,
		})
	}
}

// backOff is how long to wait before the next attempt.
func backOff(attempt int) time.Duration {
	return min(time.Minute, time.Second<<min(max(attempt-1, 0), 6))
}

// settle finds out what became of a message that may have arrived.
func (s *senders) settle(t Transport, out Outbound) {
	settler, ok := t.(Settler)
	until := s.board.config.Clock.Now().Add(s.board.config.UnknownAfter)
	for n := 1; ok; n++ {
		ctx, cancel := context.WithTimeout(s.ctx, s.board.config.SendTimeout)
		what, receipt, err := settler.Settle(ctx, out)
		cancel()
		if s.ctx.Err() != nil {
			return
		}
		if err == nil {
			switch what {
			case Arrived:
				s.arrived(out, receipt)
				return
			case NotSent:
				s.report(conversation.Deferred{
					Conversation: out.Conversation, No: out.No, After: backOff(out.Attempt), Why: conversation.FailTransport,
				})
				return
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
			return
		}
	}
	s.report(conversation.Settled{
		Conversation: out.Conversation, No: out.No, Status: conversation.StatusUnknown, Why: conversation.FailTransport,
	})
}

// report puts a result into the log. It is tried until the Board closes: a
// store that is away must not lose it.
func (s *senders) report(cmd conversation.Command) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		_, err := s.board.do(s.ctx, Command{By: platform, Do: cmd})
		refusal := (*conversation.Refusal)(nil)
		if err == nil || errors.As(err, &refusal) || errors.Is(err, routing.ErrUnknown) || errors.Is(err, ErrClosed) || s.ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *senders) finished() {
	s.mu.Lock()
	s.inFlight--
	if s.inFlight == 0 && s.quiet != nil {
		close(s.quiet)
		s.quiet = nil
	}
	s.mu.Unlock()
	s.board.rouse()
}

// Quiet waits until no message is in flight: every Send and Settle that has
// begun has returned and its result is in the log. It is for tests and for
// shutting down; a message that waits to be tried again is not in flight.
func (b *Board) Quiet(ctx context.Context) error {
	for {
		// What was committed before this call has been looked at afterwards.
		if err := b.view(ctx, func(*floor.Floor) error { return nil }); err != nil {
			return err
		}
		b.sends.mu.Lock()
		if b.sends.inFlight == 0 {
			b.sends.mu.Unlock()
			return nil
		}
		if b.sends.quiet == nil {
			b.sends.quiet = make(chan struct{})
		}
		quiet := b.sends.quiet
		b.sends.mu.Unlock()
		select {
		case <-quiet:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-b.done:
			return b.closedError()
		}
	}
}

func (s *senders) outbound(m floor.Sendable) Outbound {
	c, msg := m.Conversation, m.Message
	out := Outbound{
		Key: conversation.SendKey(c.ID, msg.No), Board: s.board.config.Name, Conversation: c.ID, No: msg.No,
		Channel: c.Channel, Source: c.Source, Customer: c.Customer,
		Author: msg.Author, AuthorName: m.AuthorName, Text: msg.Text, Attachments: msg.Attachments,
		LastCustomer: c.LastCustomer, Attempt: c.Lane.Attempt + 1,
	}
	if to := c.Message(msg.ReplyTo); to != nil {
		out.ReplyTo = to.ExternalID
	}
	return out
}

// bounded cuts a text to n bytes, at a whole character.
func bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
