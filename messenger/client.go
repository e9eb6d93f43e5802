package messenger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// ClientConfig is the configuration of a [Client].
type ClientConfig struct {
	// Token returns the access token of a page, and false for a page without
	// one. It is called for every message, from many goroutines at once.
	// Mandatory.
	Token func(page conversation.Source) (Secret, bool)
	// AppSecret is the secret of the app that the tokens were issued to. Every
	// call proves that we know it (appsecret_proof), so that a token alone is
	// worth nothing to a thief. Mandatory unless NoProof is set.
	AppSecret Secret
	// NoProof leaves the proof out.
	NoProof bool
	// HumanAgent lets agents, not bots, answer for 7 days instead of 24 hours.
	// Set it only when Meta has granted the app the Human Agent feature.
	HumanAgent bool
	// Clock tells when a reply window is over. Give it the Board's clock, since it is the
	// Board that stamps when a customer wrote. Nil is the system's clock.
	Clock interface{ Now() time.Time }
	// BaseURL is where the Graph API is: https, or http on a loopback address.
	// Empty means DefaultBaseURL.
	BaseURL string
	// Version is the version of the Graph API. Empty means DefaultVersion.
	Version string
	// HTTP makes the calls. Redirects are never followed and no cookies kept,
	// whatever it says. Nil means one with a timeout of 20 seconds.
	HTTP *http.Client
	// Logger gets a line when a page's access is lost. Nil logs nothing.
	Logger *slog.Logger
}

// The defaults of ClientConfig.
const (
	DefaultBaseURL = "https://graph.facebook.com"
	DefaultVersion = "v26.0"
)

const (
	httpTimeout = 20 * time.Second
	maxResponse = 1 << 20 // bytes of a response that are read
)

// Client sends messages by the Send API. It is a switchboard.Transport. Safe
// for concurrent use.
type Client struct {
	c    ClientConfig
	http http.Client
	base string // with the version
}

var _ switchboard.Transport = (*Client)(nil)

// NewClient returns a client. It refuses a configuration that is not valid with
// a [*ConfigError] that lists all problems. It makes no call.
func NewClient(c ClientConfig) (*Client, error) {
	var problems []wrapup.FieldError
	problem := func(path, text string) { problems = append(problems, wrapup.FieldError{Path: path, Problem: text}) }
	if c.Token == nil {
		problem("Token", "is missing")
	}
	if c.AppSecret == "" && !c.NoProof {
		problem("AppSecret", "is missing, and NoProof is not set")
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if why := checkBase(c.BaseURL); why != "" {
		problem("BaseURL", why)
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	if !safeName(c.Version, 16) || c.Version[0] != 'v' || strings.Contains(c.Version, "..") {
		problem("Version", `is not like "`+DefaultVersion+`"`)
	}
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	cl := &Client{c: c, base: strings.TrimRight(c.BaseURL, "/") + "/" + c.Version + "/"}
	if c.HTTP != nil {
		cl.http = *c.HTTP
	} else {
		cl.http.Timeout = httpTimeout
	}
	// A redirect would take the token to wherever it points.
	cl.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cl.http.Jar = nil
	return cl, nil
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// checkBase says what is wrong with a base URL, if anything.
func checkBase(base string) string {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return "is not a URL" // err would show it, with a password if it has one
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Host == "":
		return "must be a scheme, a host and at most a path"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && loopback(u.Hostname()):
		return ""
	}
	return "must be https, or http on a loopback address"
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Send sends a message: text of at most [MaxText] units, or one attachment by its https
// URL. The message's Key goes along as metadata.
//
// Every error is a *switchboard.SendError. Before anything is sent, it is final, with
//
//   - FailWindow when the customer last wrote too long ago (E79);
//   - FailContent when Meta's limits do not allow the content (E80);
//   - FailAccess when there is no token for the page;
//   - FailBlocked without a customer, FailNoTransport for another channel.
//
// An answer of the Graph API gives what its code means, with the [*GraphError]
// inside. Without an answer the error is temporary if the request cannot have left, and
// ambiguous otherwise. No error shows a secret.
func (c *Client) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	token, body, refusal := c.prepare(&m)
	if refusal != nil {
		return switchboard.Receipt{}, refusal
	}
	a, err := c.post(ctx, m.Source, token, body)
	if err != nil {
		return switchboard.Receipt{}, err
	}
	receipt, failure := a.receipt(c.scrubber(token))
	if failure == nil {
		return receipt, nil
	}
	if failure.Why == conversation.FailAccess {
		c.c.Logger.ErrorContext(ctx, "messenger: access lost", "page", m.Source, "error", failure.Err)
	}
	return switchboard.Receipt{}, failure
}

// prepare checks everything that can be checked here, and returns what goes out.
func (c *Client) prepare(m *switchboard.Outbound) (Secret, []byte, *switchboard.SendError) {
	switch {
	case m.Channel != "" && m.Channel != Channel:
		return "", nil, refuse(conversation.FailNoTransport, "the message is for another channel")
	case m.Customer == "":
		return "", nil, refuse(conversation.FailBlocked, "the message has no customer")
	case !safeName(string(m.Source), 64) || strings.Contains(string(m.Source), "."):
		// It becomes a part of the URL.
		return "", nil, refuse(conversation.FailAccess, "the source is not a page's id")
	}
	how, refusal := c.window(m, c.c.Clock.Now())
	if refusal != nil {
		return "", nil, refusal
	}
	token, ok := c.c.Token(m.Source)
	if !ok || token == "" {
		return "", nil, refuse(conversation.FailAccess, "there is no token for the page")
	}
	proof := ""
	if !c.c.NoProof {
		proof = appsecretProof(token, c.c.AppSecret)
	}
	body, refusal := newRequest(m, how, proof)
	return token, body, refusal
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
	err    error // the body did not arrive whole
}

// post makes the call. Its error is a *switchboard.SendError: there was no answer.
func (c *Client) post(ctx context.Context, page conversation.Source, token Secret, body []byte) (answer, error) {
	if err := context.Cause(ctx); err != nil {
		return answer{}, &switchboard.SendError{Why: conversation.FailTransport, Temporary: true, Err: c.scrubError(err, token)}
	}
	// A request has not left as long as the transport has no connection for it. What
	// is not certain counts as having left: another attempt could be a second message.
	var asked, connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+string(page)+"/messages", bytes.NewReader(body))
	if err != nil {
		return answer{}, &switchboard.SendError{Why: conversation.FailTransport, Err: c.scrubError(err, token)}
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		stayed := asked.Load() && !connected.Load() || dialFailed(err)
		return answer{}, &switchboard.SendError{
			Why: conversation.FailTransport, Temporary: stayed, Ambiguous: !stayed, Err: c.scrubError(err, token),
		}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err == nil && len(data) > maxResponse {
		err = errors.New("messenger: the answer is larger than 1 MiB")
	}
	return answer{status: resp.StatusCode, body: data, err: err}, nil
}

// dialFailed reports whether no connection came about, for transports that tell
// no more than their error.
func dialFailed(err error) bool {
	op, dns := (*net.OpError)(nil), (*net.DNSError)(nil)
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

// scrubber returns a function that takes our secrets out of a text. Meta's answer to a
// bad token, for one, can show it.
func (c *Client) scrubber(token Secret) func(string) string {
	pairs := []string{token.Reveal(), redacted}
	if s := c.c.AppSecret; s != "" {
		pairs = append(pairs, s.Reveal(), redacted, appsecretProof(token, s), redacted)
	}
	return strings.NewReplacer(pairs...).Replace
}

// scrubError returns err without the URL that net/http puts in front of it, and
// without secrets. What is inside stays there for errors.Is, unless it shows a secret.
func (c *Client) scrubError(err error, token Secret) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	if text := err.Error(); c.scrubber(token)(text) != text {
		return errors.New("messenger: " + c.scrubber(token)(text))
	}
	return fmt.Errorf("messenger: %w", err)
}
