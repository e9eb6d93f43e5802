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

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Receiver takes what happens on a page. A *switchboard.Board is one.
type Receiver interface {
	// Do returns without an error when the command is carried out durably; the same
	// message again is a success that changes nothing. It may be called from many
	// goroutines at once.
	//
	// A *conversation.Refusal, and an error that matches conversation.ErrInbound,
	// conversation.ErrStale, conversation.ErrCommand, switchboard.ErrCommand,
	// routing.ErrUnknown or routing.ErrRemoved, says that it never will be. After any
	// other error Meta is asked to send the event again.
	Do(ctx context.Context, c switchboard.Command) (switchboard.Result, error)
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
	// Boards returns who takes what happens on a page, or nil for a page that
	// is not ours. It is called once or more for each body, from many goroutines at
	// once. Mandatory.
	Boards func(page conversation.Source) Receiver
	// OnEvent, if set, is called with each event of a page that is ours, and with those
	// of the app itself, before the Board has it: for what is for no Board, such as
	// opt-ins, policy and routing. It is called again when Meta sends the event again.
	// An error is treated as one of a Receiver. It must not keep e.Raw.
	OnEvent func(ctx context.Context, e *Event) error
	// Standby delivers what customers write in threads that another app controls too.
	// Receipts, echoes, edits, reactions and unsends of such threads are always delivered.
	Standby bool
	// Traffic, if set, is told what the Client wants to know.
	Traffic *Traffic
	// AllowSHA1 accepts the old signature, X-Hub-Signature, of a request that has no
	// X-Hub-Signature-256. One that has it is judged by that alone.
	AllowSHA1 bool
	// MaxBody is the largest body, in bytes. Zero means DefaultMaxBody.
	MaxBody int64
	// Timeout is how long a request may take from its first line to the
	// answer, on real time. Meta waits 5 seconds. Zero means DefaultTimeout.
	Timeout time.Duration
	// Failures bounds what an address costs that sends what Meta did not sign. Behind a
	// proxy name it there.
	Failures FailureLimit
	// Clock tells when a page was last heard of, and when an address has failed. Nil is the
	// system's clock.
	Clock interface{ Now() time.Time }
	// Logger gets a line when a Board does not take an event. Nil logs nothing.
	Logger *slog.Logger
}

// The defaults of WebhookConfig.
const (
	DefaultMaxBody = 1 << 20
	DefaultTimeout = 4 * time.Second
)

// Webhook is the http.Handler of Meta's callback URL. Safe for concurrent use.
type Webhook struct {
	c     WebhookConfig
	token [sha256.Size]byte
	stats counters
	from  *sources

	mu   sync.Mutex
	last map[conversation.Source]time.Time // when a page was last heard of
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
	checkSecrets(c.AppSecrets, problem)
	if c.Boards == nil {
		problem("Boards", "is missing")
	}
	if c.MaxBody < 0 {
		problem("MaxBody", "is negative")
	}
	if c.Timeout < 0 {
		problem("Timeout", "is negative")
	}
	c.Failures.check(problem)
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
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Webhook{
		c: c, token: sha256.Sum256([]byte(c.VerifyToken.Reveal())),
		from: newSources(c.Failures, c.Clock), last: make(map[conversation.Source]time.Time),
	}, nil
}

func checkSecrets(secrets []Secret, problem func(path, text string)) {
	if len(secrets) == 0 {
		problem("AppSecrets", "at least one is needed")
	}
	for i, s := range secrets {
		if s == "" {
			problem(fmt.Sprintf("AppSecrets[%d]", i), "is empty")
		}
	}
}

// heard notes that Meta still sends for a page.
func (w *Webhook) heard(page conversation.Source) {
	now := w.c.Clock.Now()
	w.mu.Lock()
	w.last[page] = now
	w.mu.Unlock()
}

// LastHeard returns when a signed event of the page last came, or the zero time when
// none has come since the Webhook was made. A page that has been silent for long may have
// been unsubscribed, of which Meta tells nobody: see [Watchdog].
func (w *Webhook) LastHeard(page conversation.Source) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last[page]
}

// ServeHTTP answers a GET, by which Meta verifies the URL, with the challenge
// or 403, and a POST with
//
//   - 200 when every Board concerned has its part, or will never want it;
//   - 503 when a Board cannot take its part now: Meta sends all of it again;
//   - 401 when the signature is wrong, before anything is read from the body;
//   - 413, 415 and 400 for a body that is too large, is not JSON by its
//     headers or does not arrive whole;
//   - 429, before anything else, to an address that has failed too often: see FailureLimit.
//
// No answer has a body, except the challenge and that to other methods.
func (w *Webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	from, ok := w.from.enter(r)
	if !ok {
		w.stats.refusedSources.Add(1)
		rw.WriteHeader(http.StatusTooManyRequests)
		return
	}
	switch r.Method {
	case http.MethodGet:
		w.handshake(rw, r, from)
	case http.MethodPost:
		w.notification(rw, r, from)
	default:
		w.stats.unacceptable.Add(1)
		from.failed()
		rw.Header().Set("Allow", "GET, POST")
		rw.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// maxChallenge is the longest challenge, in bytes. Meta's have ten digits.
const maxChallenge = 128

// handshake proves to Meta that the URL is ours. The challenge is the caller's
// text, so what may be in it is bounded.
func (w *Webhook) handshake(rw http.ResponseWriter, r *http.Request, from visit) {
	q := r.URL.Query()
	token := sha256.Sum256([]byte(q.Get("hub.verify_token"))) // the same length for all
	ours := subtle.ConstantTimeCompare(token[:], w.token[:]) == 1
	challenge := q.Get("hub.challenge")
	if !ours || q.Get("hub.mode") != "subscribe" || !safeName(challenge, maxChallenge) {
		from.failed()
		rw.WriteHeader(http.StatusForbidden)
		return
	}
	from.left()
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(rw, challenge)
}

// notification takes a POST.
func (w *Webhook) notification(rw http.ResponseWriter, r *http.Request, from visit) {
	deadline := time.Now().Add(w.c.Timeout)
	ctx, cancel := context.WithDeadline(r.Context(), deadline)
	defer cancel()

	body, status := w.read(rw, r, deadline)
	if status == http.StatusOK && !w.verify(body, r.Header) {
		status = http.StatusUnauthorized
	}
	switch status {
	case http.StatusOK:
		from.passed()
		status = w.take(ctx, body)
	case http.StatusUnauthorized:
		w.stats.badSignatures.Add(1)
		from.failed()
	default:
		w.stats.unacceptable.Add(1)
		from.failed()
	}
	rw.WriteHeader(status)
}

// signed reports whether the headers have a signature that is worth reading the body
// for.
func (w *Webhook) signed(h http.Header) bool {
	if w.usesSHA1(h) {
		_, ok := parseSHA1(h.Get(sha1Header))
		return ok
	}
	signatures := h.Values(SignatureHeader)
	if len(signatures) != 1 {
		return false
	}
	_, ok := parseSignature(signatures[0])
	return ok
}

func (w *Webhook) usesSHA1(h http.Header) bool {
	return w.c.AllowSHA1 && len(h.Values(SignatureHeader)) == 0 && len(h.Values(sha1Header)) == 1
}

func (w *Webhook) verify(body []byte, h http.Header) bool {
	if w.usesSHA1(h) {
		return verifySHA1(body, h.Get(sha1Header), w.c.AppSecrets)
	}
	return Verify(body, h.Get(SignatureHeader), w.c.AppSecrets)
}

// read returns the body, or the status of the refusal. What can be refused by the
// headers costs no reading.
func (w *Webhook) read(rw http.ResponseWriter, r *http.Request, deadline time.Time) ([]byte, int) {
	if !isJSON(r.Header.Get("Content-Type")) || r.Header.Get("Content-Encoding") != "" {
		return nil, http.StatusUnsupportedMediaType
	}
	if !w.signed(r.Header) {
		return nil, http.StatusUnauthorized
	}
	return readBody(rw, r, w.c.MaxBody, deadline)
}

func isJSON(contentType string) bool {
	if contentType == "application/json" { // what Meta sends
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json"
}

// readBody returns the body, or the status of the refusal.
func readBody(rw http.ResponseWriter, r *http.Request, limit int64, deadline time.Time) ([]byte, int) {
	if r.ContentLength > limit {
		return nil, http.StatusRequestEntityTooLarge
	}
	// A sender who trickles the body must not hold us longer than Meta would
	// wait. Not every ResponseWriter can do this; the server's own limit is left then.
	conn := http.NewResponseController(rw)
	_ = conn.SetReadDeadline(deadline)
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, limit))
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
