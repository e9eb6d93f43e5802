package switchboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

	// What goes between the committer and the goroutines that send.
	mu      sync.Mutex
	jobs    []floor.Sendable // the first first
	begun   int              // those of them that somebody has
	results []result         // that are on their way to the committer
	seeking bool             // a goroutine is on its way to the jobs
	idle    int              // goroutines that wait for one
	wake    chan struct{}    // a word for one that waits
	stopped bool
	behind  atomic.Int32 // jobs that nobody has begun, and results

	// Of whoever has the turn.
	due     []conversation.ID            // lanes to look at
	busy    map[conversation.ID]struct{} // lanes of which a message is on its way, or waits for room
	waiting []conversation.ID            // those that wait for room, the first first
	known   []result                     // that are to be put into the log
	running int                          // messages on their way
	resumed bool                         // what was on its way before Open is taken over
	foreign map[conversation.ID]struct{} // lanes of other nodes that may have something to send
	lookAt  time.Time                    // when to look at those next, by the board's time
	quiet   chan struct{}                // closed when none is busy; nil while nobody waits
}

// result is what became of the message in a lane.
type result struct {
	lane conversation.ID
	what any // the command that says so
}

// behindLimit is how many jobs and results may wait for a goroutine to run before
// callers who never wait let the others go first.
const behindLimit = 32

// letGo lets the goroutines that send run, if they are behind. With few processors
// a caller who serves itself would leave them none.
func (s *senders) letGo() {
	if int(s.behind.Load()) >= min(behindLimit, s.board.config.Sends) {
		runtime.Gosched()
	}
}

// idleSenders is how many goroutines stay when there is nothing to be sent.
const idleSenders = 4

func (s *senders) init(b *Board) {
	s.board = b
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.busy = make(map[conversation.ID]struct{})
	s.wake = make(chan struct{}, idleSenders)
	s.foreign = make(map[conversation.ID]struct{})
}

func (s *senders) stop() {
	s.cancel()
	s.mu.Lock()
	s.stopped = true
	close(s.wake)
	s.mu.Unlock()
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
// in the log.
func (s *senders) over(id conversation.ID) {
	delete(s.busy, id)
	s.running--
	s.due = append(s.due, id)
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
	b := s.board
	for len(s.waiting) > 0 && s.running < b.config.Sends {
		id := s.waiting[0]
		s.waiting = s.waiting[1:]
		if m, ok := b.floor.ToSend(id, b.config.Node); ok {
			s.begin(&m)
		} else {
			delete(s.busy, id)
		}
	}
	for _, id := range s.due {
		if _, busy := s.busy[id]; busy {
			continue
		}
		m, ok := b.floor.ToSend(id, b.config.Node)
		if !ok {
			continue
		}
		s.busy[id] = struct{}{}
		if s.running < b.config.Sends {
			s.begin(&m)
		} else {
			s.waiting = append(s.waiting, id)
		}
	}
	s.due = s.due[:0]
	if len(s.busy) == 0 && s.quiet != nil && b.archives.idle() && b.erasures.idle() {
		close(s.quiet)
		s.quiet = nil
	}
}

// begin sends the message, or notes its result if that is known already.
func (s *senders) begin(m *floor.Sendable) {
	s.running++
	if what := s.foregone(m); what != nil {
		s.known = append(s.known, result{m.Conversation, what})
		s.board.rouse()
		return
	}
	// By the clock from here on, which the goroutine can read.
	m.Lease = s.board.raw.Add(m.Lease.Sub(s.board.at))
	s.mu.Lock()
	if len(s.jobs) == cap(s.jobs) && s.begun > 0 {
		n := copy(s.jobs, s.jobs[s.begun:])
		clear(s.jobs[n:])
		s.jobs, s.begun = s.jobs[:n], 0
	}
	s.jobs = append(s.jobs, *m)
	s.behind.Add(1)
	s.seek()
	s.mu.Unlock()
}

// seek sees to it that somebody comes for the first job. One at a time is on the way:
// where messages are sent faster than goroutines begin, one or two send them all, and
// where each takes its time there is one for each. The caller has locked.
func (s *senders) seek() {
	if s.seeking || s.begun == len(s.jobs) || s.stopped {
		return
	}
	s.seeking = true
	if s.idle > 0 {
		s.idle--
		s.wake <- struct{}{}
		return
	}
	s.group.Go(func() error {
		s.run()
		return nil
	})
}

var platform = Actor{Role: agent.Platform, ID: "sender"}

// run sends messages as long as there are any, and waits for more if few others do.
func (s *senders) run() {
	for sought := true; ; sought = false {
		m, ok := s.next(sought)
		if !ok {
			return
		}
		what := s.send(m)
		if what == nil {
			return
		}
		s.report(m.Conversation, what)
	}
}

// next returns the first job. Sought says that the goroutine is the one on its way.
// It returns false when it is not needed any more.
func (s *senders) next(sought bool) (m floor.Sendable, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.begun == len(s.jobs) {
		if sought {
			s.seeking = false
		}
		if s.stopped || s.idle == idleSenders {
			return m, false
		}
		s.idle++
		s.mu.Unlock()
		<-s.wake
		s.mu.Lock()
		sought = true
	}
	if s.stopped {
		return m, false
	}
	if sought {
		s.seeking = false
	}
	m, s.jobs[s.begun] = s.jobs[s.begun], floor.Sendable{}
	s.behind.Add(-1)
	if s.begun++; s.begun == len(s.jobs) {
		s.jobs, s.begun = s.jobs[:0], 0
	}
	s.seek()
	return m, true
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

// foregone returns what becomes of the message if no transport has to be asked for
// that, and nil otherwise.
func (s *senders) foregone(m *floor.Sendable) any {
	t := s.board.config.Transports[m.Channel]
	_, settles := t.(Settler)
	switch {
	case t == nil:
		s.board.config.Logger.Warn("a message was not sent", "conversation", m.Conversation, "no", m.Message.No,
			"why", conversation.FailNoTransport, "channel", m.Channel)
		return settled(*m, conversation.StatusFailed, conversation.FailNoTransport, "")
	case m.Doubtful && !settles:
		return settled(*m, conversation.StatusUnknown, conversation.FailTransport, "")
	case m.Gone && !m.Doubtful: // it waited for its turn while the source was removed (E40)
		return settled(*m, conversation.StatusFailed, conversation.FailInterrupted, "")
	}
	return nil
}

// report takes a result to the committer.
func (s *senders) report(lane conversation.ID, what any) {
	s.mu.Lock()
	s.results = append(s.results, result{lane, what})
	s.behind.Add(1)
	first := len(s.results) == 1
	s.mu.Unlock()
	if first {
		s.board.rouse()
	}
}

// join adds the results that there are to a batch of the committer, at its beginning:
// they share its record. What the store does not take stays for the next batch: it is
// not lost until the Board closes.
func (s *senders) join(batch []*request) []*request {
	s.mu.Lock()
	s.known = append(s.known, s.results...)
	s.behind.Add(-int32(len(s.results)))
	clear(s.results)
	s.results = s.results[:0]
	s.mu.Unlock()
	// Goroutines come in any order.
	slices.SortFunc(s.known, func(a, b result) int { return cmp.Compare(a.lane, b.lane) })
	if len(s.known) > batchLimit {
		s.board.rouse()
	}
	for _, x := range s.known[:min(len(s.known), batchLimit)] {
		r := s.board.newRequest()
		r.cmd, r.lane = floor.Command{By: platform, Body: x.what}, x.lane
		batch = append(batch, r)
	}
	return batch
}

// joined drops those of the batch that are in the log, or that nobody wants any more.
// Meanwhile others may have become known.
func (s *senders) joined(batch []*request) {
	left := 0
	for i, r := range batch {
		<-r.done
		if !inLog(r.err) {
			s.known[left] = s.known[i]
			left++
		}
		r.free()
	}
	s.known = slices.Delete(s.known, left, len(batch))
}

// apart is a wait that is another one for another lane: those that failed
// together do not all come back together.
func apart(wait time.Duration, lane conversation.ID) time.Duration {
	return wait + time.Duration(lane%1024)*time.Microsecond
}

// inLog says whether a result is in the log, or nobody wants it any more.
func inLog(err error) bool { return err == nil || unwanted(err) }

func unwanted(err error) bool {
	refusal := (*conversation.Refusal)(nil)
	return errors.As(err, &refusal) || errors.Is(err, routing.ErrUnknown) || errors.Is(err, floor.ErrLaneLost)
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

// record puts what became of an archiving or an erasure into the log. It is tried
// until the Board closes: a store that is away must not lose it.
func (s *senders) record(what any) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		_, err := s.board.do(s.ctx, Command{By: platform, Do: what})
		if inLog(err) || errors.Is(err, ErrClosed) {
			return
		}
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
			return
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
