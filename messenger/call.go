package messenger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/switchboard-go/switchboard/conversation"
)

// call is a call of the Graph API.
type call struct {
	name   string              // for errors
	page   conversation.Source // whose token is used; empty for the app's own
	token  Secret
	method string
	path   string // below the version
	query  url.Values
	body   []byte
	media  string // content type of the body; empty is JSON
	safe   bool   // doing it twice does no harm
	extra  bool   // it needs more than the permission to answer customers
	hide   Secret // beside the token: must not show in an error
	pace   lanePace
}

// ownPage is the path of the page that the token is of. It is used instead of the page's id
// because a source of Instagram is the id of an account, which has none of the page's edges.
const ownPage = "me"

// tokenOf returns a page's token, or why there is none.
func (c *Client) tokenOf(name string, page conversation.Source) (Secret, *CallError) {
	if !pageID(page) { // it becomes a part of the URL
		return "", c.refusal(name, page, conversation.FailAccess, "the source is not a page's id")
	}
	token, ok := c.c.Token(page)
	if !ok || token == "" {
		return "", c.refusal(name, page, conversation.FailAccess, "there is no token for the page")
	}
	return token, nil
}

func pageID(page conversation.Source) bool {
	return safeName(string(page), 64) && !strings.Contains(string(page), ".")
}

// refusal is a final error in our own words.
func (c *Client) refusal(name string, page conversation.Source, why conversation.FailCause, detail string) *CallError {
	return &CallError{Call: name, Page: page, Why: why, Detail: detail}
}

// proof returns the appsecret_proof of a token, or "" when it is left out.
func (c *Client) proof(token Secret) string {
	if c.c.NoProof {
		return ""
	}
	return appsecretProof(token, c.c.AppSecret)
}

// do makes a call and returns the body of the answer, which is JSON without an error.
func (c *Client) do(ctx context.Context, k call) ([]byte, *CallError) {
	fail := func(e CallError) *CallError {
		e.Call, e.Page = k.name, k.page
		if e.Ambiguous && k.safe {
			e.Ambiguous, e.Temporary = false, true
		}
		return &e
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fail(CallError{Why: conversation.FailTransport, Temporary: true, Err: c.scrubError(err, k.token, k.hide)})
	}
	if wait, err := c.pace.wait(ctx, k.page, k.pace); err != nil {
		return nil, fail(CallError{
			Why: conversation.FailRateLimited, Temporary: true, After: wait, Detail: "held back to stay within Meta's limits",
		})
	}
	a, e := c.post(ctx, k)
	if e != nil {
		return nil, fail(*e)
	}
	usage := parseUsage(a.header)
	e = a.check(c.scrubber(k.token, k.hide))
	if e == nil {
		c.pace.learn(k.page, usage, "")
		c.works(ctx, k.page, k.name == "send")
		return a.body, nil
	}
	e = fail(*e)
	if g := (*GraphError)(nil); errors.As(e.Err, &g) {
		scope := Scope("")
		if g.Retry() == RetryBackOff {
			scope = g.Scope()
		}
		if wait := c.pace.learn(k.page, usage, scope); scope != "" && e.Temporary {
			e.After = wait
		}
		if k.page != "" {
			c.judge(ctx, k, g)
		}
	}
	return nil, e
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error // the body did not arrive whole
}

// post makes the call. Its error says that there was no answer.
func (c *Client) post(ctx context.Context, k call) (answer, *CallError) {
	// A request has not left as long as the transport has no connection for it. What
	// is not certain counts as having left: another attempt could be a second message.
	var asked, connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	target := c.base + k.path
	query := k.query
	if k.body == nil {
		if p := c.proof(k.token); p != "" && k.page != "" {
			// Worthless without the token, which is in a header.
			if query == nil {
				query = url.Values{}
			}
			query.Set("appsecret_proof", p)
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, k.method, target, bytes.NewReader(k.body))
	if err != nil {
		return answer{}, &CallError{Why: conversation.FailTransport, Err: c.scrubError(err, k.token, k.hide)}
	}
	r.Header.Set("Authorization", "Bearer "+k.token.Reveal())
	switch {
	case k.media != "":
		r.Header.Set("Content-Type", k.media)
	case k.body != nil:
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		stayed := asked.Load() && !connected.Load() || dialFailed(err)
		return answer{}, &CallError{
			Why: conversation.FailTransport, Temporary: stayed, Ambiguous: !stayed, Err: c.scrubError(err, k.token, k.hide),
		}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err == nil && len(data) > maxResponse {
		err = errors.New("the answer is larger than 1 MiB")
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: data, err: err}, nil
}

// dialFailed reports whether no connection came about, for transports that tell
// no more than their error.
func dialFailed(err error) bool {
	op, dns := (*net.OpError)(nil), (*net.DNSError)(nil)
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

// check returns what is wrong with an answer, if anything. An error object counts
// whatever the status is; an answer that is not JSON leaves open what was done, unless
// its status says that nothing was.
func (a *answer) check(scrub func(string) string) *CallError {
	whole := a.err == nil && validJSON(a.body)
	if whole {
		if o, ok := parseError(a.body); ok {
			return o.failure(a.status, scrub)
		}
		if a.status/100 == 2 {
			return nil
		}
	}
	e := &CallError{Why: conversation.FailTransport, Err: a.err}
	if e.Err != nil {
		e.Err = errors.New(scrub(e.Err.Error()))
	}
	e.Detail = "no answer of the Graph API, HTTP " + strconv.Itoa(a.status)
	named := whole && parseSent(a.body).MessageID != "" // so it was done after all
	switch {
	case named:
		e.Ambiguous = true
	case a.status == http.StatusTooManyRequests:
		e.Why, e.Temporary = conversation.FailRateLimited, true
	case a.status/100 == 4 && a.status != http.StatusRequestTimeout:
		e.Temporary = true // refused on the way
	case a.status/100 == 3: // led elsewhere, and not followed
	default:
		e.Ambiguous = true
	}
	return e
}

// failure returns what an error object means.
func (g GraphError) failure(status int, scrub func(string) string) *CallError {
	g.Status = status
	g.Type = cut(scrub(g.Type), 64)
	g.Message = cut(scrub(g.Message), conversation.MaxDetail)
	g.UserTitle = cut(scrub(g.UserTitle), conversation.MaxDetail)
	g.UserMessage = cut(scrub(g.UserMessage), conversation.MaxDetail)
	g.TraceID = cut(scrub(g.TraceID), 64)
	v := g.verdict()
	return &CallError{
		Why: v.why, Temporary: v.retry == RetryFew || v.retry == RetryBackOff, Ambiguous: v.retry == RetryAmbiguous,
		Detail: g.Message, Err: &g,
	}
}

// parseError reads the error object of an answer, if it has one.
func parseError(body []byte) (g GraphError, found bool) {
	r := reader{b: body}
	if !r.object() {
		return g, false
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		if string(key) != "error" {
			r.skip()
			continue
		}
		found = r.peek() != 'n' // null is none
		if r.peek() == '"' {
			g.Message = r.text()
			continue
		}
		if !r.object() {
			continue
		}
		for key, ok := r.field(); ok; key, ok = r.field() {
			switch string(key) {
			case "code":
				g.Code = int(r.number())
			case "error_subcode":
				g.Subcode = int(r.number())
			case "type":
				g.Type = r.text()
			case "message":
				g.Message = r.text()
			case "error_user_title":
				g.UserTitle = r.text()
			case "error_user_msg":
				g.UserMessage = r.text()
			case "fbtrace_id":
				g.TraceID = r.text()
			case "is_transient":
				g.Transient = r.flag()
			default:
				r.skip()
			}
		}
	}
	return g, found
}

// parseSent reads the answer to a message.
func parseSent(body []byte) Sent {
	var s Sent
	r := reader{b: body}
	if !r.object() {
		return s
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "message_id":
			s.MessageID = r.text()
		case "recipient_id":
			s.RecipientID = conversation.Customer(r.text())
		case "attachment_id":
			s.AttachmentID = r.text()
		default:
			r.skip()
		}
	}
	return s
}

// scrubber returns a function that takes these secrets and the app's out of a text. Meta's
// answer to a bad token, for one, can show it.
func (c *Client) scrubber(secrets ...Secret) func(string) string {
	var pairs []string
	for _, s := range append(secrets, c.c.AppSecret) {
		if s == "" {
			continue
		}
		pairs = append(pairs, s.Reveal(), redacted)
		if c.c.AppSecret != "" {
			pairs = append(pairs, appsecretProof(s, c.c.AppSecret), redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// scrubError returns err without the URL that net/http puts in front of it, and
// without secrets. What is inside stays there for errors.Is, unless it shows a secret.
func (c *Client) scrubError(err error, secrets ...Secret) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	scrub := c.scrubber(secrets...)
	if text := err.Error(); scrub(text) != text {
		return errors.New(scrub(text))
	}
	return fmt.Errorf("messenger: %w", err)
}
