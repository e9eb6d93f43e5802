package messenger_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/routing"
)

const appSecret, verifyToken = messenger.Secret("app-secret"), messenger.Secret("verify-me")

// inbox is a Receiver that keeps what customers say. refuse, if set, says what not to.
type inbox struct {
	refuse func(conversation.Inbound) error

	mu  sync.Mutex
	got []string
}

func (b *inbox) Do(_ context.Context, c switchboard.Command) (switchboard.Result, error) {
	in, ok := c.Do.(conversation.Inbound)
	if !ok {
		return switchboard.Result{}, nil
	}
	if b.refuse != nil {
		if err := b.refuse(in); err != nil {
			return switchboard.Result{}, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, fmt.Sprintf("%s %s: %s", in.Customer, in.ExternalID, in.Text))
	return switchboard.Result{Conversation: 1}, nil
}

// taken returns what the inbox has: customer by customer, of each in order.
func (b *inbox) taken() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortStableFunc(b.got, func(x, y string) int { return strings.Compare(x[:1], y[:1]) })
	return b.got
}

// newWebhook returns a webhook of the pages given.
func newWebhook(t testing.TB, pages map[conversation.Source]messenger.Receiver, change func(*messenger.WebhookConfig)) *messenger.Webhook {
	t.Helper()
	c := messenger.WebhookConfig{
		VerifyToken: verifyToken,
		AppSecrets:  []messenger.Secret{appSecret},
		Boards:      func(page conversation.Source) messenger.Receiver { return pages[page] },
	}
	if change != nil {
		change(&c)
	}
	w, err := messenger.NewWebhook(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// signed returns a request as Meta makes it.
func signed(body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhook", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(messenger.SignatureHeader, messenger.Sign(body, appSecret))
	return r
}

// serve returns the answer to a request.
func serve(h http.Handler, r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result()
}

// said returns a message item.
func said(customer, mid, text string) string {
	return fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":"PAGE1"},"timestamp":1767225600001,"message":{"mid":%q,"text":%q}}`, customer, mid, text)
}

func TestNewWebhookFailsClosed(t *testing.T) {
	_, err := messenger.NewWebhook(messenger.WebhookConfig{AppSecrets: []messenger.Secret{"a", ""}, MaxBody: -1, Timeout: -1})
	var bad *messenger.ConfigError
	if !errors.As(err, &bad) || !errors.Is(err, messenger.ErrConfig) {
		t.Fatalf("%T %v", err, err)
	}
	var got []string
	for _, p := range bad.Problems {
		got = append(got, p.Path)
	}
	if diff := cmp.Diff([]string{"VerifyToken", "AppSecrets[1]", "Boards", "MaxBody", "Timeout"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = messenger.NewWebhook(messenger.WebhookConfig{VerifyToken: "v", Boards: func(conversation.Source) messenger.Receiver { return nil }})
	if err == nil || !strings.Contains(err.Error(), "AppSecrets: at least one is needed") {
		t.Errorf("without a secret: %v", err)
	}
}

func TestHandshake(t *testing.T) {
	w := newWebhook(t, nil, nil)
	for _, tc := range []struct {
		name, query string
		want        string // the challenge, or "" for 403
	}{
		{"right", "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-me", "1158201444"},
		{"wrong token", "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-mf", ""},
		{"token too long", "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-me1", ""},
		{"part of the token", "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify", ""},
		{"no token", "hub.mode=subscribe&hub.challenge=1158201444", ""},
		{"wrong mode", "hub.mode=unsubscribe&hub.challenge=1158201444&hub.verify_token=verify-me", ""},
		{"no mode", "hub.challenge=1158201444&hub.verify_token=verify-me", ""},
		{"no challenge", "hub.mode=subscribe&hub.verify_token=verify-me", ""},
		{"markup as challenge", "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=verify-me", ""},
		{"lines as challenge", "hub.mode=subscribe&hub.challenge=1%0d%0aX:y&hub.verify_token=verify-me", ""},
		{"long challenge", "hub.mode=subscribe&hub.challenge=" + strings.Repeat("1", 129) + "&hub.verify_token=verify-me", ""},
		{"nothing", "", ""},
		{"broken escapes", "hub.mode=subscribe&hub.challenge=%zz&hub.verify_token=verify-me", ""},
	} {
		resp := serve(w, httptest.NewRequest(http.MethodGet, "/webhook?"+tc.query, nil))
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		status := http.StatusForbidden
		if tc.want != "" {
			status = http.StatusOK
			if got := resp.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
				t.Errorf("%s: content type %q", tc.name, got)
			}
		}
		if resp.StatusCode != status || string(body) != tc.want || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %q %v", tc.name, resp.StatusCode, body, resp.Header)
		}
	}
}

// TestWebhookDelivers proves that every item of a batch reaches the Board of
// its page in order, whatever lies between them.
func TestWebhookDelivers(t *testing.T) {
	one, two := &inbox{}, &inbox{}
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": one, "PAGE2": two}, nil)
	body := []byte(`{"object":"page","entry":[
		{"id":"PAGE1","messaging":[` + said("A", "m1", "first") + `,{"from":"2030"},` + said("A", "m2", "second") + `,{"message":{"mid":"m"}},7],
			"standby":[` + said("A", "m9", "for another app") + `]},
		{"id":"PAGE2","messaging":[` + said("B", "m3", "third") + `]},
		{"id":"PAGE3","messaging":[` + said("C", "m4", "not ours") + `]},
		{"id":"PAGE1","messaging":[{"sender":{"id":"A"},"postback":{"mid":"m5","title":"Start","payload":"P"}},
			{"sender":{"id":"A"},"read":{"watermark":1}}]}]}`)
	resp := serve(w, signed(body))
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || len(text) != 0 {
		t.Errorf("%d %q", resp.StatusCode, text)
	}
	if diff := cmp.Diff([]string{"A m1: first", "A m2: second", "A m5: Start"}, one.taken()); diff != "" {
		t.Errorf("PAGE1 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"B m3: third"}, two.taken()); diff != "" {
		t.Errorf("PAGE2 (-want +got):\n%s", diff)
	}
	want := messenger.Stats{Received: 10, Delivered: 5, UnknownPages: 1, Unparsable: 1, Ignored: 3}
	if diff := cmp.Diff(want, w.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// TestWebhookAnswersRefusals proves that what will never be taken is answered
// with 200 and costs no other message, and that anything else is asked for again.
func TestWebhookAnswersRefusals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		err    error
		status int
		want   messenger.Stats
	}{
		{"stale", fmt.Errorf("board: %w", conversation.ErrStale), 200, messenger.Stats{RefusedStale: 1}},
		{"bad", fmt.Errorf("board: %w", conversation.ErrInbound), 200, messenger.Stats{RefusedOther: 1}},
		{"refusal", &conversation.Refusal{Command: "Inbound", Err: conversation.ErrState}, 200, messenger.Stats{RefusedOther: 1}},
		{"stale refusal", &conversation.Refusal{Command: "Inbound", Err: conversation.ErrStale}, 200, messenger.Stats{RefusedStale: 1}},
		{"unknown source", &routing.UnknownError{What: "source", ID: "PAGE1"}, 200, messenger.Stats{RefusedOther: 1}},
		{"removed source", routing.ErrRemoved, 200, messenger.Stats{RefusedOther: 1}},
		{"closed", errors.New("switchboard: closed"), 503, messenger.Stats{Unavailable: 1}},
		{"timeout", context.DeadlineExceeded, 503, messenger.Stats{Unavailable: 1}},
		{"store", fmt.Errorf("store: %w", io.ErrUnexpectedEOF), 503, messenger.Stats{Unavailable: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			box := &inbox{refuse: func(in conversation.Inbound) error {
				if in.ExternalID == "bad" {
					return tc.err
				}
				return nil
			}}
			var log bytes.Buffer
			w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": box}, func(c *messenger.WebhookConfig) {
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			resp := serve(w, signed(page(said("A", "m1", "1"), said("B", "bad", "secret words"), said("C", "m2", "2"))))
			if resp.StatusCode != tc.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tc.status)
			}
			if diff := cmp.Diff([]string{"A m1: 1", "C m2: 2"}, box.taken()); diff != "" {
				t.Errorf("taken (-want +got):\n%s", diff)
			}
			tc.want.Received, tc.want.Delivered = 3, 2
			if diff := cmp.Diff(tc.want, w.Stats()); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
			if strings.Contains(log.String(), "secret words") || !strings.Contains(log.String(), "page=PAGE1") {
				t.Errorf("logged: %s", log.String())
			}
		})
	}
}

// TestE77OrderSurvivesABoardThatIsAway proves that after a message that could
// not be taken the same customer's later ones wait for it.
func TestE77OrderSurvivesABoardThatIsAway(t *testing.T) {
	away := true
	box := &inbox{refuse: func(in conversation.Inbound) error {
		if away && in.ExternalID == "m1" {
			return errors.New("not now")
		}
		return nil
	}}
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": box}, nil)
	body := page(said("A", "m1", "first"), said("A", "m2", "second"), said("B", "m3", "other"))
	if got := serve(w, signed(body)).StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("status %d", got)
	}
	if diff := cmp.Diff([]string{"B m3: other"}, box.taken()); diff != "" {
		t.Errorf("taken while it is away (-want +got):\n%s", diff)
	}
	away = false
	if got := serve(w, signed(body)).StatusCode; got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	// A Board knows m3 already; this inbox does not.
	if diff := cmp.Diff([]string{"A m1: first", "A m2: second", "B m3: other", "B m3: other"}, box.taken()); diff != "" {
		t.Errorf("taken in all (-want +got):\n%s", diff)
	}
}

// stuck is a Receiver that hangs until it is told to stop.
type stuck struct{}

func (stuck) Do(ctx context.Context, _ switchboard.Command) (switchboard.Result, error) {
	<-ctx.Done()
	return switchboard.Result{}, ctx.Err()
}

// TestWebhookBoundsAStuckBoard proves that a Board that hangs gives 503 in time
// and does not keep other pages from their messages.
func TestWebhookBoundsAStuckBoard(t *testing.T) {
	box := &inbox{}
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": stuck{}, "PAGE2": box}, func(c *messenger.WebhookConfig) {
		c.Timeout = 50 * time.Millisecond
	})
	body := `{"object":"page","entry":[{"id":"PAGE1","messaging":[` + said("A", "m1", "1") + `]},{"id":"PAGE2","messaging":[` + said("B", "m2", "2") + `]}]}`
	if got := serve(w, signed([]byte(body))).StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("status %d", got)
	}
	if diff := cmp.Diff([]string{"B m2: 2"}, box.taken()); diff != "" {
		t.Errorf("PAGE2 (-want +got):\n%s", diff)
	}
}

// TestWebhookRefusesForeigners is a table of requests that Meta does not make.
// None may reach a Board, and no answer may say anything.
func TestWebhookRefusesForeigners(t *testing.T) {
	body := page(said("A", "m1", "hello"))
	type test struct {
		name   string
		change func(*http.Request)
		status int
		want   messenger.Stats
	}
	header := func(key string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(key)] = values }
	}
	replace := func(body []byte) func(*http.Request) {
		return func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set(messenger.SignatureHeader, messenger.Sign(body, appSecret))
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(body)
	_ = z.Close()
	good := messenger.Sign(body, appSecret)
	unsigned, unacceptable, unparsable := messenger.Stats{BadSignatures: 1}, messenger.Stats{Unacceptable: 1}, messenger.Stats{Unparsable: 1}
	tests := []test{
		{"no signature", func(r *http.Request) { r.Header.Del(messenger.SignatureHeader) }, 401, unsigned},
		{"sha1 header only", func(r *http.Request) {
			r.Header.Del(messenger.SignatureHeader)
			r.Header.Set("X-Hub-Signature", "sha1="+strings.Repeat("0", 40))
		}, 401, unsigned},
		{"two signatures, one right", header(messenger.SignatureHeader, good, good[:70]+"x"), 401, unsigned},
		{"the same signature twice", header(messenger.SignatureHeader, good, good), 401, unsigned},
		{"changed body", func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), "hello", "hellO", 1)))
		}, 401, unsigned},
		{"unsigned and unparsable", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{")) }, 401, unsigned},
		{"unsigned and huge, length unknown", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 1<<40)), -1
		}, 413, unacceptable},
		{"huge by its length", func(r *http.Request) { r.ContentLength = 1 << 40 }, 413, unacceptable},
		{"one byte too large", replace(make([]byte, messenger.DefaultMaxBody+1)), 413, unacceptable},
		{"just as large as allowed", replace(make([]byte, messenger.DefaultMaxBody)), 200, unparsable},
		{"broken off", func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:9]), broken{}))
		}, 400, unacceptable},
		{"no content type", func(r *http.Request) { r.Header.Del("Content-Type") }, 415, unacceptable},
		{"form", header("Content-Type", "application/x-www-form-urlencoded"), 415, unacceptable},
		{"text", header("Content-Type", "text/plain"), 415, unacceptable},
		{"almost JSON", header("Content-Type", "application/jsonp"), 415, unacceptable},
		{"broken content type", header("Content-Type", "application/json; ="), 415, unacceptable},
		{"says it is gzip", header("Content-Encoding", "gzip"), 415, unacceptable},
		{"gzip and does not say so", replace(packed.Bytes()), 200, unparsable},
		{"signed, cut off", replace(body[:len(body)-3]), 200, unparsable},
		{"signed, empty", replace(nil), 200, unparsable},
		{"signed, deep arrays", replace(bytes.Repeat([]byte("["), 1<<20)), 200, unparsable},
		{"signed, deep in an unknown key", replace([]byte(`{"object":"page","x":` + strings.Repeat(`{"a":`, 100_000) + `1` + strings.Repeat(`}`, 100_000) + `}`)), 200, unparsable},
		{"signed, other object", replace([]byte(`{"object":"user","entry":[]}`)), 200, messenger.Stats{Received: 1, Ignored: 1}},
		{"signed, wide", replace([]byte(`{"object":"page","entry":[{"id":"PAGE1","messaging":[0` + strings.Repeat(",0", 200_000) + `]}]}`)), 200,
			messenger.Stats{Received: 200_001, Ignored: 200_001}},
	}
	for _, method := range []string{"HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post"} {
		tests = append(tests, test{method, func(r *http.Request) { r.Method = method }, 405, unacceptable})
	}
	for name, bad := range badSignatures(body, appSecret) {
		tests = append(tests, test{"signature: " + name, header(messenger.SignatureHeader, bad), 401, unsigned})
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			box := &inbox{}
			w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": box}, nil)
			r := signed(body)
			tc.change(r)
			resp := serve(w, r)
			text, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tc.status || len(text) > 0 {
				t.Errorf("%d %q, want %d and nothing", resp.StatusCode, text, tc.status)
			}
			if headers := fmt.Sprint(resp.Header); strings.Contains(headers, good[7:]) {
				t.Errorf("the answer signs for the caller: %s", headers)
			}
			if got := box.taken(); len(got) > 0 {
				t.Errorf("reached the Board: %q", got)
			}
			if diff := cmp.Diff(tc.want, w.Stats()); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
		})
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// broken fails as a connection does.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestWebhookDoesNotReadUnsignedBodies proves that a request without a
// signature costs no reading.
func TestWebhookDoesNotReadUnsignedBodies(t *testing.T) {
	r := signed(nil)
	r.Header.Del(messenger.SignatureHeader)
	read := false
	r.Body = io.NopCloser(readerFunc(func([]byte) (int, error) { read = true; return 0, io.EOF }))
	if got := serve(newWebhook(t, nil, nil), r).StatusCode; got != http.StatusUnauthorized || read {
		t.Errorf("status %d, read %v", got, read)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestWebhookRotatesSecrets(t *testing.T) {
	w := newWebhook(t, nil, func(c *messenger.WebhookConfig) { c.AppSecrets = []messenger.Secret{"next", appSecret} })
	body := page()
	for secret, want := range map[messenger.Secret]int{"next": 200, appSecret: 200, "last": 401} {
		r := signed(body)
		r.Header.Set(messenger.SignatureHeader, messenger.Sign(body, secret))
		if got := serve(w, r).StatusCode; got != want {
			t.Errorf("%s: status %d, want %d", secret.Reveal(), got, want)
		}
	}
}

// TestWebhookDoesNotWaitForASlowSender proves over a real connection that a
// body that never ends is given up.
func TestWebhookDoesNotWaitForASlowSender(t *testing.T) {
	w := newWebhook(t, nil, func(c *messenger.WebhookConfig) { c.Timeout = 50 * time.Millisecond })
	server := httptest.NewServer(w)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: 100\r\n\r\n{",
		messenger.SignatureHeader, messenger.Sign(nil, "x"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn) // returns once the server has given up
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("%q, %v", answer, err)
	}
}
