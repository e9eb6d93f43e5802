package messengertest_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/messenger/messengertest"
)

// endpoint keeps what it is sent and answers as status says.
type endpoint struct {
	verify string
	status func(n int) int // of the nth webhook, from 1; nil is 200 always

	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	seen   int
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if q := r.URL.Query(); r.Method == http.MethodGet {
		if q.Get("hub.mode") == "subscribe" && q.Get("hub.verify_token") == e.verify {
			_, _ = io.WriteString(w, q.Get("hub.challenge"))
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	e.seen++
	n := e.seen
	e.bodies = append(e.bodies, string(body))
	e.heads = append(e.heads, r.Header.Clone())
	e.mu.Unlock()
	if e.status != nil {
		w.WriteHeader(e.status(n))
	}
}

// events returns what came, each as "page container kind detail".
func (e *endpoint) events(t *testing.T) []string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, b := range e.bodies {
		out = append(out, describe(t, b)...)
	}
	return out
}

func describe(t *testing.T, body string) []string {
	t.Helper()
	var env struct {
		Object string
		Entry  []struct {
			ID                 string
			Messaging, Standby []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(body), &env); err != nil || env.Object != "page" {
		t.Fatalf("%s: %v", body, err)
	}
	var out []string
	for _, entry := range env.Entry {
		for where, events := range map[string][]map[string]any{"messaging": entry.Messaging, "standby": entry.Standby} {
			for _, e := range events {
				delete(e, "timestamp")
				delete(e, "sender")
				delete(e, "recipient")
				for _, v := range e {
					for _, k := range []string{"mid", "mids", "watermark"} {
						delete(v.(map[string]any), k)
					}
				}
				text, _ := json.Marshal(e)
				out = append(out, entry.ID+" "+where+" "+string(text))
			}
		}
	}
	return out
}

// listen connects an endpoint before the person has written.
func listen(t *testing.T, c messengertest.Config, status func(int) int) (*messengertest.Graph, func(time.Duration), *endpoint) {
	t.Helper()
	g, mock, _ := start(t, c) // its message is before the endpoint, so it is not sent
	e := &endpoint{verify: g.VerifyToken().Reveal(), status: status}
	g.Serve(e)
	return g, func(d time.Duration) { mock.Add(d); g.Flush() }, e
}

func TestConnectRefuses(t *testing.T) {
	g, _, _ := start(t, messengertest.Config{})
	wrong := &endpoint{verify: "another"}
	url := g.Serve(&endpoint{verify: g.VerifyToken().Reveal()})
	for name, callback := range map[string]string{
		"another host":  "http://192.0.2.1/hook",
		"a name":        "http://example.com/hook",
		"not a URL":     "http://[::1",
		"another thing": "ftp://127.0.0.1/",
		"nobody":        "http://127.0.0.1:1/hook",
	} {
		if err := g.Connect(callback); !errors.Is(err, messengertest.ErrCallback) {
			t.Errorf("%s: %v, want ErrCallback", name, err)
		}
	}
	if err := g.Connect(serve(t, wrong)); !errors.Is(err, messengertest.ErrCallback) {
		t.Errorf("an endpoint with another token: %v", err)
	}
	if err := g.Connect(url); err != nil {
		t.Errorf("a good one again: %v", err)
	}
}

func TestEverythingPeopleDo(t *testing.T) {
	g, _, e := listen(t, messengertest.Config{}, nil)
	p := g.Page("PAGE1")
	ana := p.Person("PSID1")
	mid := ana.Write("hello")
	ana.Answer(mid, "and more")
	ana.Tap("GO")
	send(t, g, `{"recipient":{"id":"PSID1"},"message":{"text":"size?","quick_replies":[{"content_type":"text","title":"Medium","payload":"M"}]}}`)
	ana.Tap("M")
	ana.React(mid, "\u2764")
	ana.React(mid, "")
	ana.Edit(mid, "hello!")
	ana.Edit(mid, "hello!!")
	ana.Unsend(mid)
	ana.Unsend(mid)       // already
	ana.Edit("m_x", "no") // not hers
	ana.Follow("spring")
	ana.Read()
	ana.AnsweredBy(messengertest.InboxApp, "from the inbox")
	ana.AnsweredBy("", "by hand")
	p.SetState(messengertest.PageBlocked)
	g.Flush()
	p.SetState(messengertest.PagePublished)
	g.Flush()
	got := e.events(t)
	for i, line := range got {
		got[i] = strings.ReplaceAll(line, mid, "MID")
	}
	want := []string{
		`PAGE1 messaging {"message":{"text":"hello"}}`,
		`PAGE1 messaging {"message":{"reply_to":{"mid":"MID"},"text":"and more"}}`,
		`PAGE1 messaging {"postback":{"payload":"GO","title":"GO"}}`,
		`PAGE1 messaging {"message":{"app_id":1517776481860111,"is_echo":true,"text":"size?"}}`,
		`PAGE1 messaging {"delivery":{}}`,
		`PAGE1 messaging {"message":{"quick_reply":{"payload":"M"},"text":"Medium"}}`,
		`PAGE1 messaging {"reaction":{"action":"react","emoji":"` + "\u2764" + `","reaction":"love"}}`,
		`PAGE1 messaging {"reaction":{"action":"unreact"}}`,
		`PAGE1 messaging {"message_edit":{"num_edit":1,"text":"hello!"}}`,
		`PAGE1 messaging {"message_edit":{"num_edit":2,"text":"hello!!"}}`,
		`PAGE1 messaging {"message":{"is_deleted":true}}`,
		`PAGE1 messaging {"referral":{"ref":"spring","source":"SHORTLINK","type":"OPEN_THREAD"}}`,
		`PAGE1 messaging {"read":{}}`,
		`PAGE1 messaging {"message":{"app_id":263902037430900,"is_echo":true,"text":"from the inbox"}}`,
		`PAGE1 messaging {"message":{"is_echo":true,"text":"by hand"}}`,
		`PAGE1 messaging {"policy_enforcement":{"action":"block","reason":"The page does not follow the policy."}}`,
		`PAGE1 messaging {"policy_enforcement":{"action":"unblock"}}`,
	}
	// The page's own events and the thread's have no order between them.
	slices.SortStableFunc(got, func(a, b string) int {
		return map[bool]int{true: 1}[strings.Contains(a, "policy")] - map[bool]int{true: 1}[strings.Contains(b, "policy")]
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestBodiesAndSignatures(t *testing.T) {
	const text = "äöå \U0001F600 a/b <%@> \u2028"
	for _, tt := range []struct {
		mode   messengertest.Bodies
		holds  string
		verify bool
	}{
		{messengertest.Escaped, `"text":"\u00e4\u00f6\u00e5 \ud83d\ude00 a\/b <%@> \u2028"`, true},
		{messengertest.Plain, `"text":"äöå ` + "\U0001F600" + ` a/b <%@> \u2028"`, true},
		{messengertest.Mismatched, `"text":"äöå ` + "\U0001F600" + ` a/b <%@> \u2028"`, false},
	} {
		g, _, e := listen(t, messengertest.Config{Bodies: tt.mode}, nil)
		g.Page("PAGE1").Person("PSID1").Write(text)
		g.Flush()
		body, head := e.bodies[0], e.heads[0]
		if !strings.Contains(body, tt.holds) {
			t.Errorf("mode %d: %s does not hold %s", tt.mode, body, tt.holds)
		}
		secrets := []messenger.Secret{g.AppSecret()}
		if got := messenger.Verify([]byte(body), head.Get(messenger.SignatureHeader), secrets); got != tt.verify {
			t.Errorf("mode %d: verifies: %v", tt.mode, got)
		}
		mac := hmac.New(sha1.New, []byte(g.AppSecret().Reveal()))
		_, _ = io.WriteString(mac, body)
		if old := "sha1=" + hex.EncodeToString(mac.Sum(nil)); (old == head.Get("X-Hub-Signature")) != tt.verify {
			t.Errorf("mode %d: old signature %s, want %s", tt.mode, head.Get("X-Hub-Signature"), old)
		}
		if got := head.Get("Content-Type"); got != "application/json" {
			t.Errorf("content type %q", got)
		}
		items, err := messenger.Parse([]byte(body))
		if err != nil || len(items) != 1 {
			t.Errorf("mode %d: %v, %v", tt.mode, items, err)
		}
	}
}

func TestEscapeIsReversible(t *testing.T) {
	in := "\u007f\u0080\uffff\U00010000\U0010ffff/\\"
	plain, _ := json.Marshal(in)
	var out string
	if err := json.Unmarshal(messengertest.Escape(plain), &out); err != nil || out != in {
		t.Errorf("%q, %v, want %q", out, err, in)
	}
}

func TestEchoes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mode   messengertest.Echoes
		echoes int
		first  bool
	}{
		{"after", messengertest.EchoAfter, 1, false},
		{"first", messengertest.EchoFirst, 1, true},
		{"never", messengertest.EchoNever, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, _, e := listen(t, messengertest.Config{}, nil)
			g.SetEchoes(tt.mode)
			if got := send(t, g, hi); got != "ok" {
				t.Fatal(got)
			}
			if tt.first && len(e.events(t)) == 0 {
				t.Error("the answer came before the echo")
			}
			g.Flush()
			got := strings.Count(strings.Join(e.events(t), "\n"), "is_echo")
			if got != tt.echoes {
				t.Errorf("%d echoes, want %d", got, tt.echoes)
			}
		})
	}
}

func TestWatermarks(t *testing.T) {
	g, _, e := listen(t, messengertest.Config{}, nil)
	ana := g.Page("PAGE1").Person("PSID1")
	for range 3 { // all at one instant of the clock
		send(t, g, hi)
	}
	ana.Read()
	g.Flush()
	last := ana.Received()[2].At.UnixMilli()
	joined := strings.Join(e.bodies, "\n")
	if want := fmt.Sprintf(`"read":{"watermark":%d}`, last); !strings.Contains(joined, want) {
		t.Errorf("%s\ndoes not hold %s", joined, want)
	}
	for _, m := range ana.Received() {
		if want := fmt.Sprintf(`"delivery":{"mids":["%s"],"watermark":%d}`, m.ID, m.At.UnixMilli()); !strings.Contains(joined, want) {
			t.Errorf("%s\ndoes not hold %s", joined, want)
		}
	}
}

func TestRetriesUntilAnswered(t *testing.T) {
	// Five failures: three at once, and two that the clock brings.
	g, pass, e := listen(t, messengertest.Config{}, func(n int) int {
		if n <= 5 {
			return 503
		}
		return 200
	})
	g.Page("PAGE1").Person("PSID1").Write("hello")
	g.Flush()
	if len(e.bodies) != 3 || g.Waiting() != 1 {
		t.Fatalf("sent %d times, %d waiting; want 3 and 1", len(e.bodies), g.Waiting())
	}
	pass(14 * time.Second)
	if len(e.bodies) != 3 {
		t.Fatalf("sent %d times before it was due", len(e.bodies))
	}
	pass(time.Second)
	if len(e.bodies) != 6 || g.Waiting() != 0 {
		t.Fatalf("sent %d times, %d waiting; want 6 and 0", len(e.bodies), g.Waiting())
	}
	if g.Page("PAGE1").Subscribed() == nil {
		t.Error("unsubscribed although it was answered in time")
	}
}

func TestOnlyTwoHundredCounts(t *testing.T) {
	for _, status := range []int{201, 204, 302, 404, 500} {
		g, _, e := listen(t, messengertest.Config{}, func(int) int { return status })
		g.Page("PAGE1").Person("PSID1").Write("hello")
		g.Flush()
		if len(e.bodies) != 3 {
			t.Errorf("after %d: sent %d times, want 3", status, len(e.bodies))
		}
	}
}

func TestTimeoutCountsAsFailure(t *testing.T) {
	hang := make(chan struct{})
	g, _, e := listen(t, messengertest.Config{HookTimeout: 500 * time.Millisecond}, func(n int) int {
		if n == 1 {
			<-hang
		}
		return 200
	})
	t.Cleanup(func() { close(hang) })
	g.Page("PAGE1").Person("PSID1").Write("hello")
	g.Flush()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen != 2 || e.bodies[0] != e.bodies[1] {
		t.Errorf("sent %d times, want the same twice", e.seen)
	}
}

func TestUnsubscribedAfterAnHourOfFailures(t *testing.T) {
	up := false
	var mu sync.Mutex
	g, pass, e := listen(t, messengertest.Config{}, func(int) int {
		mu.Lock()
		defer mu.Unlock()
		if up {
			return 200
		}
		return 500
	})
	p, ana := g.Page("PAGE1"), g.Page("PAGE1").Person("PSID1")
	ana.Write("one")
	g.Flush()
	for range 59 {
		pass(time.Minute)
	}
	if len(p.Subscribed()) == 0 {
		t.Fatal("unsubscribed within the hour")
	}
	for range 12 {
		pass(time.Minute)
	}
	if len(p.Subscribed()) != 0 || g.Waiting() != 0 {
		t.Fatalf("still subscribed to %v, %d waiting", p.Subscribed(), g.Waiting())
	}
	mu.Lock()
	up = true
	mu.Unlock()
	before := len(e.events(t))
	ana.Write("two")
	g.Flush()
	if n := len(e.events(t)) - before; n != 0 {
		t.Errorf("%d webhooks without a subscription", n)
	}
	_, m, _ := call(t, g, "GET", "/v26.0/PAGE1/subscribed_apps", "")
	if diff := cmp.Diff([]any{}, m["data"]); diff != "" {
		t.Errorf("subscribed_apps (-want +got):\n%s", diff)
	}
	if _, m, _ := call(t, g, "POST", "/v26.0/PAGE1/subscribed_apps?subscribed_fields=messages,nonsense", ""); codes(m) != "100" {
		t.Errorf("an unknown field: %v", m)
	}
	if _, m, _ := call(t, g, "POST", "/v26.0/PAGE1/subscribed_apps?subscribed_fields=messages,message_echoes", ""); m["success"] != true {
		t.Errorf("subscribing: %v", m)
	}
	ana.Write("three")
	ana.Read() // not subscribed to
	g.Flush()
	if diff := cmp.Diff([]string{`PAGE1 messaging {"message":{"text":"three"}}`}, e.events(t)[before:]); diff != "" {
		t.Errorf("after subscribing again (-want +got):\n%s", diff)
	}
	if _, m, _ := call(t, g, "DELETE", "/v26.0/PAGE1/subscribed_apps", ""); m["success"] != true || len(p.Subscribed()) != 0 {
		t.Errorf("unsubscribing: %v, %v", m, p.Subscribed())
	}
	p.Deny(messengertest.PermissionMetadata)
	if _, m, _ := call(t, g, "POST", "/v26.0/PAGE1/subscribed_apps?subscribed_fields=messages", ""); codes(m) != "10" {
		t.Errorf("without the permission: %v", m)
	}
}

func TestBatchesOfSeveralPages(t *testing.T) {
	g, _, e := listen(t, messengertest.Config{Batch: 8, Parallel: 1}, nil)
	for i := range 60 {
		g.Page(fmt.Sprint("PAGE", i/2%3)).Person(fmt.Sprint("P", i)).Write("hello")
	}
	g.Flush()
	shared, mixed := false, false
	for _, b := range e.bodies {
		shared = shared || strings.Contains(b, `},{"message"`)
		mixed = mixed || strings.Contains(b, "PAGE1") && strings.Contains(b, "PAGE2")
	}
	if got := len(e.events(t)); got != 60 || !shared || !mixed {
		t.Errorf("%d events in %d webhooks; entries shared: %v, pages mixed: %v", got, len(e.bodies), shared, mixed)
	}
}

func TestDuplicatesAndReordering(t *testing.T) {
	g, _, e := listen(t, messengertest.Config{Parallel: 1, Faults: messengertest.Faults{messengertest.FaultDuplicate: 1}}, nil)
	ana := g.Page("PAGE1").Person("PSID1")
	ana.Write("one")
	g.Flush()
	if len(e.bodies) != 2 || describe(t, e.bodies[0])[0] != describe(t, e.bodies[1])[0] {
		t.Errorf("%q, want one message twice", e.bodies)
	}
	g.SetFaults(messengertest.Faults{messengertest.FaultReorder: 1})
	ana.Write("two")
	ana.Write("three")
	ana.Write("four")
	g.Flush()
	want := []string{"three", "two", "four"}
	var got []string
	for _, line := range e.events(t)[2:] {
		got = append(got, strings.TrimSuffix(strings.TrimPrefix(line, `PAGE1 messaging {"message":{"text":"`), `"}}`))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if got := g.Faulted(); got[messengertest.FaultDuplicate] != 1 || got[messengertest.FaultReorder] != 2 {
		t.Errorf("faulted %v", got)
	}
}

func TestOrderOfOneThread(t *testing.T) {
	g, _, e := listen(t, messengertest.Config{Parallel: 8, Batch: 4}, nil)
	var wait sync.WaitGroup
	for i := range 8 {
		x := g.Page("PAGE1").Person(fmt.Sprint("P", i))
		wait.Go(func() {
			for n := range 25 {
				x.Write(fmt.Sprintf("%d:%02d", i, n))
			}
		})
	}
	wait.Wait()
	g.Flush()
	joined := strings.Join(e.events(t), "\n")
	for i := range 8 {
		last := -1
		for n := range 25 {
			at := strings.Index(joined, fmt.Sprintf(`"%d:%02d"`, i, n))
			if at <= last {
				t.Fatalf("person %d: message %d is at %d, the one before at %d", i, n, at, last)
			}
			last = at
		}
	}
}

func TestEverythingEndsWithTheTest(t *testing.T) {
	var g *messengertest.Graph
	var e *endpoint
	t.Run("a test", func(t *testing.T) {
		var listenOn func(time.Duration)
		g, listenOn, e = listen(t, messengertest.Config{}, func(int) int { return 500 })
		g.Page("PAGE1").Person("PSID1").Write("hello")
		listenOn(0)
	})
	if resp, err := http.Get(g.URL() + "/me"); err == nil {
		resp.Body.Close()
		t.Error("the double still answers")
	}
	g.Page("PAGE1").Person("PSID1").Write("after the end")
	g.Flush()
	if len(e.bodies) != 3 {
		t.Errorf("%d webhooks, want the 3 attempts of the first", len(e.bodies))
	}
}
