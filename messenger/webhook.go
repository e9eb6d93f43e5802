package messenger

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Receiver takes the messages of customers. A *switchboard.Board is one.
type Receiver interface {
	// Receive returns without an error when it has the message durably; the
	// same message again is a success that changes nothing. It may be called from many
	// goroutines at once.
	//
	// A *conversation.Refusal, and an error that matches conversation.ErrInbound,
	// conversation.ErrStale, routing.ErrUnknown or routing.ErrRemoved, says
	// that the message will never be taken. After any other error it comes again.
	Receive(ctx context.Context, in conversation.Inbound) (conversation.ID, error)
}

// WebhookConfig is the configuration of a [Webhook].
type WebhookConfig struct {
	// VerifyToken is the text that you also give Meta with the callback's URL.
	// Mandatory.
	VerifyToken Secret
	// AppSecrets are the secrets that requests may be signed with: that of the
	// app, and while it is being changed the old one too. At least one is needed, none
	// may be empty.
	AppSecrets []Secret
	// Boards returns who takes the messages of a page, or nil for a page that
	// is not ours. It is called for every message, from many goroutines at
	// once. Mandatory.
	Boards func(page conversation.Source) Receiver
	// MaxBody is the largest body, in bytes. Zero means 1 MiB.
	MaxBody int64
	// Timeout is how long a request may take from its first line to the
	// answer, on real time. Meta waits 5 seconds. Zero means 4 seconds.
	Timeout time.Duration
	// Logger gets a line when a Board does not take a message. Nil logs nothing.
	Logger *slog.Logger
}

// The defaults of WebhookConfig.
const (
	DefaultMaxBody = 1 << 20
	DefaultTimeout = 4 * time.Second
)

// Stats counts what a [Webhook] has seen since it was made.
type Stats struct {
	// BadSignatures counts requests without a right signature, or with none.
	BadSignatures uint64
	// Unacceptable counts requests that are not JSON by POST, too large, or broken off.
	Unacceptable uint64
	// Unparsable counts signed bodies and single items that cannot be read.
	Unparsable uint64
	// Received counts items in signed bodies.
	Received uint64
	// Delivered counts items that a Board has taken, whether or not it had them already.
	Delivered uint64
	// UnknownPages counts messages of pages that are not ours.
	UnknownPages uint64
	// Ignored counts items that are no messages, or of threads that another app controls.
	Ignored uint64
	// RefusedStale counts messages that were too old.
	RefusedStale uint64
	// RefusedOther counts messages that the Board refused for any other reason.
	RefusedOther uint64
	// Unavailable counts messages that a Board could not take at the time. Meta
	// sends them again.
	Unavailable uint64
}

// Webhook is the http.Handler of Meta's callback URL. Safe for concurrent use.
type Webhook struct {
	c     WebhookConfig
	token [sha256.Size]byte

	mu    sync.Mutex
	stats Stats
}

// NewWebhook returns a handler. It refuses a configuration that is not valid
// with a [*ConfigError] that lists all problems: without a secret there is no
// webhook.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	var problems []wrapup.FieldError
	problem := func(path, text string) { problems = append(problems, wrapup.FieldError{Path: path, Problem: text}) }
	if c.VerifyToken == "" {
		problem("VerifyToken", "is missing")
	}
	if len(c.AppSecrets) == 0 {
		problem("AppSecrets", "at least one is needed")
	}
	for i, s := range c.AppSecrets {
		if s == "" {
			problem(fmt.Sprintf("AppSecrets[%d]", i), "is empty")
		}
	}
	if c.Boards == nil {
		problem("Boards", "is missing")
	}
	if c.MaxBody < 0 {
		problem("MaxBody", "is negative")
	}
	if c.Timeout < 0 {
		problem("Timeout", "is negative")
	}
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	c.AppSecrets = slices.Clone(c.AppSecrets)
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Webhook{c: c, token: sha256.Sum256([]byte(c.VerifyToken.Reveal()))}, nil
}

// Stats returns the counts.
func (w *Webhook) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// count changes the counts.
func (w *Webhook) count(change func(*Stats)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.stats)
}

// ServeHTTP answers a GET, by which Meta verifies the URL, with the challenge
// or 403, and a POST with
//
//   - 200 when every Board concerned has its part, or will never want it;
//   - 503 when a Board cannot take its part now: Meta sends all of it again;
//   - 401 when the signature is wrong, before anything is read from the body;
//   - 413, 415 and 400 for a body that is too large, is not JSON by its
//     headers or does not arrive whole.
//
// No answer has a body, except the challenge and that to other methods.
func (w *Webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodGet:
		w.handshake(rw, r)
	case http.MethodPost:
		w.notification(rw, r)
	default:
		w.count(func(s *Stats) { s.Unacceptable++ })
		rw.Header().Set("Allow", "GET, POST")
		rw.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// maxChallenge is the longest challenge, in bytes. Meta's have ten digits.
const maxChallenge = 128

// handshake proves to Meta that the URL is ours. The challenge is the caller's
// text, so what may be in it is bounded.
func (w *Webhook) handshake(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	token := sha256.Sum256([]byte(q.Get("hub.verify_token"))) // the same length for all
	ours := subtle.ConstantTimeCompare(token[:], w.token[:]) == 1
	challenge := q.Get("hub.challenge")
	if !ours || q.Get("hub.mode") != "subscribe" || !safeName(challenge, maxChallenge) {
		rw.WriteHeader(http.StatusForbidden)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(rw, challenge)
}

// notification takes a POST.
func (w *Webhook) notification(rw http.ResponseWriter, r *http.Request) {
	deadline := time.Now().Add(w.c.Timeout)
	ctx, cancel := context.WithDeadline(r.Context(), deadline)
	defer cancel()

	body, status := w.read(rw, r, deadline)
	if status == http.StatusOK && !Verify(body, r.Header.Get(SignatureHeader), w.c.AppSecrets) {
		status = http.StatusUnauthorized
	}
	switch status {
	case http.StatusOK:
		status = w.take(ctx, body)
	case http.StatusUnauthorized:
		w.count(func(s *Stats) { s.BadSignatures++ })
	default:
		w.count(func(s *Stats) { s.Unacceptable++ })
	}
	rw.WriteHeader(status)
}

// read returns the body, or the status of the refusal. What can be refused by the
// headers costs no reading.
func (w *Webhook) read(rw http.ResponseWriter, r *http.Request, deadline time.Time) ([]byte, int) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return nil, http.StatusUnsupportedMediaType
	}
	signatures := r.Header.Values(SignatureHeader)
	if len(signatures) != 1 {
		return nil, http.StatusUnauthorized
	}
	if _, ok := parseSignature(signatures[0]); !ok {
		return nil, http.StatusUnauthorized
	}
	if r.ContentLength > w.c.MaxBody {
		return nil, http.StatusRequestEntityTooLarge
	}
	// A sender who trickles the body must not hold us longer than Meta would
	// wait. Not every ResponseWriter can do this; the server's own limit is left then.
	conn := http.NewResponseController(rw)
	_ = conn.SetReadDeadline(deadline)
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, w.c.MaxBody))
	switch tooLarge := (*http.MaxBytesError)(nil); {
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusBadRequest
	}
	// After an error the deadline stays: the server reads what is left of the body.
	_ = conn.SetReadDeadline(time.Time{})
	return body, http.StatusOK
}

// take gives the items of a signed body to their Boards and returns the status.
// Whatever can never succeed is counted and answered with 200: repeating it would
// only make Meta stop sending for the page.
func (w *Webhook) take(ctx context.Context, body []byte) int {
	items, err := Parse(body)
	if err != nil {
		w.count(func(s *Stats) { s.Unparsable++ })
		return http.StatusOK
	}
	lanes := w.lanes(items)
	var wait sync.WaitGroup
	for _, l := range lanes[min(1, len(lanes)):] {
		wait.Go(func() { l.deliver(ctx, w) })
	}
	if len(lanes) > 0 {
		lanes[0].deliver(ctx, w)
	}
	wait.Wait()
	for _, l := range lanes {
		if l.unavailable {
			return http.StatusServiceUnavailable
		}
	}
	return http.StatusOK
}

// lane has the messages of one page, in order. Lanes run side by side, so that
// a Board that hangs does not keep other pages from theirs.
type lane struct {
	page        conversation.Source
	to          Receiver
	messages    []conversation.Inbound
	unavailable bool
}

// lanes sorts the messages by page and counts everything else.
func (w *Webhook) lanes(items []Item) []*lane {
	var n Stats
	var lanes []*lane
	byPage := make(map[conversation.Source]*lane)
	for i := range items {
		item := &items[i]
		n.Received++
		switch {
		case item.Kind == KindMalformed:
			n.Unparsable++
			continue
		case !item.deliverable():
			n.Ignored++
			continue
		}
		l := byPage[item.Page]
		if l == nil {
			l = &lane{page: item.Page, to: w.c.Boards(item.Page)}
			byPage[item.Page] = l
			if l.to != nil {
				lanes = append(lanes, l)
			}
		}
		if l.to == nil {
			n.UnknownPages++
			continue
		}
		l.messages = append(l.messages, item.Inbound)
	}
	w.count(func(s *Stats) {
		s.Received += n.Received
		s.Unparsable += n.Unparsable
		s.Ignored += n.Ignored
		s.UnknownPages += n.UnknownPages
	})
	return lanes
}

// deliver gives the messages to the Board. After one that it cannot take now the
// customer's later ones wait too, so that they keep their order when all come
// again; those of other customers do not.
func (l *lane) deliver(ctx context.Context, w *Webhook) {
	var waiting map[conversation.Customer]bool
	for i := range l.messages {
		in := &l.messages[i]
		if waiting[in.Customer] {
			w.count(func(s *Stats) { s.Unavailable++ })
			continue
		}
		_, err := l.to.Receive(ctx, *in)
		switch {
		case err == nil:
			w.count(func(s *Stats) { s.Delivered++ })
		case errors.Is(err, conversation.ErrStale):
			w.count(func(s *Stats) { s.RefusedStale++ })
			w.c.Logger.WarnContext(ctx, "messenger: message refused", "page", l.page, "error", err)
		case final(err):
			w.count(func(s *Stats) { s.RefusedOther++ })
			w.c.Logger.WarnContext(ctx, "messenger: message refused", "page", l.page, "error", err)
		default:
			w.count(func(s *Stats) { s.Unavailable++ })
			w.c.Logger.ErrorContext(ctx, "messenger: message not taken", "page", l.page, "error", err)
			l.unavailable = true
			if waiting == nil {
				waiting = make(map[conversation.Customer]bool)
			}
			waiting[in.Customer] = true
		}
	}
}

// final reports whether a message will never be taken.
func final(err error) bool {
	refusal := (*conversation.Refusal)(nil)
	return errors.As(err, &refusal) || errors.Is(err, conversation.ErrInbound) ||
		errors.Is(err, routing.ErrUnknown) || errors.Is(err, routing.ErrRemoved)
}
