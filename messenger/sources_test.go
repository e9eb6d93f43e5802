package messenger_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// from returns a request of an address, signed by the secret.
func from(addr string, secret messenger.Secret, forwarded ...string) *http.Request {
	body := page(said("PSID1", "m1", "hi"))
	r := signed(body)
	r.RemoteAddr = addr
	r.Header.Set(messenger.SignatureHeader, messenger.Sign(body, secret))
	for _, f := range forwarded {
		r.Header.Add("X-Forwarded-For", f)
	}
	return r
}

// TestFailuresAreLimitedBySource proves that an address that fails too often is refused
// unread, that others are not, and that it may try again later.
func TestFailuresAreLimitedBySource(t *testing.T) {
	now := clock.NewMock()
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, func(c *messenger.WebhookConfig) {
		c.Failures.PerMinute, c.Clock = 3, now
	})
	steps := []struct {
		name   string
		r      *http.Request
		status int
	}{
		{"of another secret", from("192.0.2.1:1", "x"), 401},
		{"from another port", from("192.0.2.1:2", "x"), 401},
		{"the third", from("192.0.2.1:1", "x"), 401},
		{"one too many", from("192.0.2.1:3", "x"), 429},
		{"a right one from there", from("192.0.2.1:3", appSecret), 429},
		{"Meta's, from elsewhere", from("192.0.2.2:1", appSecret), 200},
		{"as IPv6", from("[::ffff:192.0.2.1]:9", "x"), 429},
		{"a header that says otherwise", from("192.0.2.1:1", "x", "198.51.100.7"), 429},
		{"of an address in IPv6", from("[2001:db8::1]:1", "x"), 401},
		{"of its network", from("[2001:db8::2]:1", "x"), 401},
		{"again", from("[2001:db8::3]:1", "x"), 401},
		{"one too many of the network", from("[2001:db8::4]:1", "x"), 429},
		{"of another network", from("[2001:db8:0:1::1]:1", "x"), 401},
		{"of an address that is none", from("@", "x"), 401},
	}
	for _, s := range steps {
		if got := serve(w, s.r).StatusCode; got != s.status {
			t.Errorf("%s: status %d, want %d", s.name, got, s.status)
		}
	}
	now.Add(19 * time.Second)
	if got := serve(w, from("192.0.2.1:1", "x")).StatusCode; got != 429 {
		t.Errorf("after less than a third of a minute: %d", got)
	}
	now.Add(time.Second)
	for _, want := range []int{401, 429} {
		if got := serve(w, from("192.0.2.1:1", "x")).StatusCode; got != want {
			t.Errorf("after a third of a minute: %d, want %d", got, want)
		}
	}
	want := messenger.Stats{BadSignatures: 9, RefusedSources: 7, Received: 1, Delivered: 1}
	if diff := cmp.Diff(want, w.Stats()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFailuresOfEveryKindCount proves that whatever Meta would not send counts.
func TestFailuresOfEveryKindCount(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"no signature": func(r *http.Request) { r.Header.Del(messenger.SignatureHeader) },
		"no JSON":      func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"too large":    func(r *http.Request) { r.ContentLength = 1 << 40 },
		"broken off":   func(r *http.Request) { r.Body = readCloser(""); r.Body = brokenBody{} },
		"method":       func(r *http.Request) { r.Method = http.MethodPut },
		"handshake": func(r *http.Request) {
			r.Method = http.MethodGet
			r.URL.RawQuery = "hub.mode=subscribe&hub.verify_token=x"
		},
	} {
		w := newWebhook(t, nil, func(c *messenger.WebhookConfig) { c.Failures.PerMinute = 1 })
		for i, refused := range []bool{false, true} {
			r := from("192.0.2.1:1", appSecret)
			change(r)
			if got := serve(w, r).StatusCode; (got == http.StatusTooManyRequests) != refused || got == http.StatusOK {
				t.Errorf("%s, time %d: status %d", name, i+1, got)
			}
		}
	}
}

type brokenBody struct{ broken }

func (brokenBody) Close() error { return nil }

// TestFailuresBoundWhatIsUnderWay proves that an address that sends slowly cannot have more
// bodies read at the same time than it may fail, that those that were right do not count,
// and that others do not wait for it.
func TestFailuresBoundWhatIsUnderWay(t *testing.T) {
	now := clock.NewMock()
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, func(c *messenger.WebhookConfig) {
		c.Failures.PerMinute, c.Clock = 2, now
	})
	var outer []int
	inner := 0
	var slow func(depth int) *http.Request
	slow = func(depth int) *http.Request { // reads of it wait for as many others
		r := from("192.0.2.1:1", "x")
		r.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
			if depth > 1 {
				outer = append(outer, serve(w, slow(depth-1)).StatusCode)
			} else {
				inner = serve(w, from("192.0.2.2:1", appSecret)).StatusCode
			}
			return 0, io.EOF
		}))
		return r
	}
	if got := serve(w, slow(2)).StatusCode; got != 401 || inner != 200 {
		t.Errorf("two at the same time: %d, Meta's from elsewhere %d", got, inner)
	}
	now.Add(time.Minute)
	outer = nil
	serve(w, slow(4))
	if diff := cmp.Diff([]int{429, 401}, outer); diff != "" {
		t.Errorf("more at the same time (-want +got):\n%s", diff)
	}
	handshake := httptest.NewRequest(http.MethodGet, "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token="+verifyToken.Reveal(), nil)
	handshake.RemoteAddr = "192.0.2.4:1"
	for range 5 {
		if got := serve(w, handshake).StatusCode; got != 200 {
			t.Errorf("the handshake: %d", got)
		}
	}
	for range 5 {
		if got := serve(w, from("192.0.2.3:1", appSecret)).StatusCode; got != 200 {
			t.Errorf("Meta's: %d", got)
		}
	}
}

// TestFailuresBehindProxies is a table of who a request counts for.
func TestFailuresBehindProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tc := range []struct {
		name          string
		first, second *http.Request
		same          bool
	}{
		{"two customers of a proxy", from("10.0.0.1:1", "x", "192.0.2.1"), from("10.0.0.1:1", "x", "192.0.2.2"), false},
		{"one by two proxies", from("10.0.0.1:1", "x", "192.0.2.1"), from("10.0.0.2:1", "x", "192.0.2.1"), true},
		{"what one writes himself does not count", from("10.0.0.1:1", "x", "1.1.1.1, 192.0.2.1"), from("10.0.0.1:1", "x", "2.2.2.2,192.0.2.1"), true},
		{"through two", from("10.0.0.1:1", "x", "192.0.2.1, 10.0.0.9"), from("10.0.0.1:1", "x", "192.0.2.1"), true},
		{"in two headers", from("10.0.0.1:1", "x", "192.0.2.1", "10.0.0.9"), from("10.0.0.1:1", "x", "192.0.2.1"), true},
		{"with a port", from("10.0.0.1:1", "x", "192.0.2.1:77"), from("10.0.0.1:1", "x", "192.0.2.1"), true},
		{"in brackets", from("[fd00::1]:1", "x", "[2001:db8::1]"), from("[fd00::1]:1", "x", "[2001:db8::2]:80"), true},
		{"nonsense counts for the proxy", from("10.0.0.1:1", "x", "unknown"), from("10.0.0.1:1", "x", "_hidden"), true},
		{"nonsense before a proxy", from("10.0.0.1:1", "x", "unknown, 10.0.0.9"), from("10.0.0.9:1", "x"), true},
		{"no header", from("10.0.0.1:1", "x"), from("10.0.0.1:1", "x"), true},
		{"a stranger's header", from("192.0.2.1:1", "x", "1.1.1.1"), from("192.0.2.1:1", "x", "2.2.2.2"), true},
	} {
		w := newWebhook(t, nil, func(c *messenger.WebhookConfig) {
			c.Failures = messenger.FailureLimit{PerMinute: 1, TrustedProxies: trusted}
		})
		if got := serve(w, tc.first).StatusCode; got != 401 {
			t.Errorf("%s: the first got %d", tc.name, got)
		}
		if got := serve(w, tc.second).StatusCode; (got == 429) != tc.same {
			t.Errorf("%s: the second got %d", tc.name, got)
		}
	}
}

// TestFailuresDoNotShutMetaOut proves that an address that Meta's requests come from too,
// such as a proxy that nobody has named, is not refused for what others do.
func TestFailuresDoNotShutMetaOut(t *testing.T) {
	now := clock.NewMock()
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, func(c *messenger.WebhookConfig) {
		c.Failures.PerMinute, c.Clock = 2, now
	})
	flood := func() (last int) {
		for range 5 {
			last = serve(w, from("10.0.0.1:1", "x")).StatusCode
		}
		return last
	}
	serve(w, from("10.0.0.1:1", appSecret))
	for range 3 {
		if got := flood(); got != 401 {
			t.Errorf("the flood got %d", got)
		}
		if got := serve(w, from("10.0.0.1:1", appSecret)).StatusCode; got != 200 {
			t.Errorf("Meta got %d", got)
		}
		now.Add(59 * time.Minute)
	}
	now.Add(2 * time.Minute) // more than an hour of silence
	if got := flood(); got != 429 {
		t.Errorf("long after, the flood got %d", got)
	}
}

// TestFailuresHoldBoundedMemory proves that more addresses than are kept cost no more, and
// that a negative limit is none.
func TestFailuresHoldBoundedMemory(t *testing.T) {
	w := newWebhook(t, nil, nil)
	r := signed(nil)
	r.Header.Set(messenger.SignatureHeader, "sha256=")
	for i := range 20_000 {
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		serve(w, r)
	}
	if got := messenger.Sources(w); got != 4096 {
		t.Errorf("%d addresses are remembered", got)
	}
	w = newWebhook(t, nil, func(c *messenger.WebhookConfig) { c.Failures.PerMinute = -1 })
	for range 1000 {
		r.Body = readCloser("")
		if got := serve(w, r).StatusCode; got != 401 {
			t.Fatalf("without a limit: %d", got)
		}
	}
	_, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: "x", AppSecrets: []messenger.Secret{"x"}, Boards: func(conversation.Source) messenger.Receiver { return nil },
		Failures: messenger.FailureLimit{TrustedProxies: make([]netip.Prefix, 1)},
	})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("TrustedProxies")) {
		t.Errorf("a proxy that is none: %v", err)
	}
}
