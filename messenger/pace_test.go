package messenger_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// hands is a clock that a test turns. Whoever waits by it turns it too, at once.
type hands struct {
	mu     sync.Mutex
	at     time.Time
	waited time.Duration
}

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) turn(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func (h *hands) After(d time.Duration) <-chan time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.waited = h.at.Add(d), h.waited+d
	c := make(chan time.Time, 1)
	c <- h.at
	return c
}

// TestPaceStaysBelowMetasLimits proves that in no second there are more calls than Meta
// allows, and that no more time is taken than that needs.
func TestPaceStaysBelowMetasLimits(t *testing.T) {
	for _, tc := range []struct {
		name     string
		calls    int
		limit    int
		longest  time.Duration
		shortest time.Duration
		message  func(m *switchboard.Outbound)
	}{
		{"text", 1000, 300, 4 * time.Second, 3 * time.Second, func(*switchboard.Outbound) {}},
		{"video", 40, 10, 5 * time.Second, 4 * time.Second, func(m *switchboard.Outbound) {
			m.Text, m.Attachments = "", []conversation.Attachment{{Kind: conversation.Video, Reference: "https://x.example/v"}}
		}},
	} {
		clock := &hands{at: stamp}
		c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) {
			c.Clock = clock
			c.HTTP = &http.Client{Transport: instant(`{"message_id":"m"}`, nil)}
		})
		var at []time.Time
		for range tc.calls {
			m := hello()
			tc.message(&m)
			m.LastCustomer = clock.Now()
			if _, err := c.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			at = append(at, clock.Now())
		}
		for i := range at {
			n := 0
			for j := i; j < len(at) && at[j].Sub(at[i]) < time.Second; j++ {
				n++
			}
			if n > tc.limit {
				t.Fatalf("%s: %d calls within a second", tc.name, n)
			}
		}
		if clock.waited > tc.longest || clock.waited < tc.shortest {
			t.Errorf("%s: waited %v", tc.name, clock.waited)
		}
	}
}

// instant answers each call at once, with headers of its own.
func instant(body string, header http.Header) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		rec := &http.Response{StatusCode: 200, Header: header, Request: r, Body: http.NoBody}
		rec.Body = readCloser(body)
		return rec, nil
	})
}

// TestPaceObeysUsage proves that from 80 % on we go slower, that at 100 % we stop for as
// long as Meta says, page by page, and that the app's own limit stops all pages.
func TestPaceObeysUsage(t *testing.T) {
	header := func(key, value string) http.Header { return http.Header{http.CanonicalHeaderKey(key): {value}} }
	business := func(value string) http.Header {
		return header("X-Business-Use-Case-Usage", `{"77":[{"type":"ads_management","call_count":100},{"type":"messenger",`+value+`}]}`)
	}
	for _, tc := range []struct {
		name   string
		header http.Header
		after  time.Duration // how long to stop; 0 is not at all
		others bool          // whether other pages stop too
	}{
		{"none", nil, 0, false},
		{"79 %", business(`"call_count":79,"estimated_time_to_regain_access":0`), 0, false},
		{"100 %", business(`"call_count":100,"total_cputime":20,"total_time":20,"estimated_time_to_regain_access":7`), 7 * time.Minute, false},
		{"100 % of time", business(`"call_count":1,"total_time":100`), time.Minute, false},
		{"of the app", header("X-App-Usage", `{"call_count":28,"total_time":25,"total_cputime":101}`), time.Minute, true},
		{"not JSON", header("X-Business-Use-Case-Usage", `{"77":7`), 0, false},
		{"odd numbers", business(`"call_count":-1e300,"total_time":1e300,"estimated_time_to_regain_access":1e300`), 24 * time.Hour, false},
	} {
		clock := &hands{at: stamp}
		c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) {
			c.Clock = clock
			c.Token = func(conversation.Source) (messenger.Secret, bool) { return pageToken, true }
			c.HTTP = &http.Client{Transport: instant(`{"message_id":"m"}`, tc.header)}
		})
		send := func(page conversation.Source) *switchboard.SendError {
			m := hello()
			m.Source, m.LastCustomer = page, clock.Now()
			_, err := c.Send(t.Context(), m)
			var failed *switchboard.SendError
			errors.As(err, &failed)
			return failed
		}
		if err := send("PAGE1"); err != nil {
			t.Fatal(err)
		}
		err := send("PAGE1")
		switch {
		case tc.after == 0 && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.after > 0 && (err == nil || !err.Temporary || err.Why != conversation.FailRateLimited || err.After != tc.after):
			t.Errorf("%s: %+v, want a stop of %v", tc.name, err, tc.after)
		}
		if err := send("PAGE2"); (err != nil) != tc.others {
			t.Errorf("%s: another page: %v", tc.name, err)
		}
		clock.turn(tc.after)
		if err := send("PAGE1"); err != nil {
			t.Errorf("%s: after the stop: %v", tc.name, err)
		}
	}
}

// TestPaceSlowsDown proves that near the limit calls are spread out.
func TestPaceSlowsDown(t *testing.T) {
	waited := func(percent string) time.Duration {
		clock := &hands{at: stamp}
		c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) {
			c.Clock = clock
			c.HTTP = &http.Client{Transport: instant(`{"message_id":"m"}`, http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"type":"messenger","call_count":` + percent + `}]}`}})}
		})
		for range 100 {
			m := hello()
			m.LastCustomer = clock.Now()
			if _, err := c.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		return clock.waited
	}
	free, near, tight := waited("50"), waited("85"), waited("95")
	if near <= free || tight < 3*free || tight == 0 {
		t.Errorf("100 calls wait %v at 50 %%, %v at 85 %%, %v at 95 %%", free, near, tight)
	}
}

// during is a clock on which something happens while somebody waits by it.
type during struct {
	*hands
	do func()
}

func (d *during) After(wait time.Duration) <-chan time.Time {
	if do := d.do; do != nil {
		d.do = nil
		do()
	}
	return d.hands.After(wait)
}

// TestPaceStopsWhoWaits proves that a call that waits for its turn is not made when Meta has
// said meanwhile that there are too many.
func TestPaceStopsWhoWaits(t *testing.T) {
	clock := &during{hands: &hands{at: stamp}}
	var calls int
	full := http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":7}]}`}}
	c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) {
		c.Clock = clock
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			calls++
			header := http.Header(nil)
			if r.Method == http.MethodGet { // it takes no turn, and is told to stop
				header = full
			}
			return instant(`{"message_id":"m","name":"Ann"}`, header).RoundTrip(r)
		})}
	})
	clock.do = func() {
		if _, err := c.Profile(t.Context(), "PAGE1", "PSID1"); err != nil {
			t.Error(err)
		}
	}
	for range 1000 {
		m := hello()
		m.LastCustomer = clock.Now()
		before := calls
		_, err := c.Send(t.Context(), m)
		if err == nil {
			continue
		}
		var failed *switchboard.SendError
		if !errors.As(err, &failed) || failed.Why != conversation.FailRateLimited || !failed.Temporary || failed.After < 6*time.Minute || calls != before+1 {
			t.Errorf("%+v after %d calls, want it held back", err, calls-before)
		}
		return
	}
	t.Error("no call had to wait")
}

// TestPaceStopsAfterTooManyCalls proves that Meta's refusal stops the page, or for an
// error of the app all pages, longer each time, and that an answer ends that.
func TestPaceStopsAfterTooManyCalls(t *testing.T) {
	clock := &hands{at: stamp}
	refuse := true
	g := &graph{answer: func(string) (int, string) {
		if refuse {
			return 400, graphError(613, 0)
		}
		return 200, ""
	}}
	c := clientOf(t, g, func(c *messenger.ClientConfig) { c.Clock = clock })
	try := func() time.Duration {
		m := hello()
		m.LastCustomer = clock.Now()
		_, err := c.Send(t.Context(), m)
		var failed *switchboard.SendError
		if !errors.As(err, &failed) {
			return 0
		}
		if !failed.Temporary || failed.Why != conversation.FailRateLimited {
			t.Errorf("%v", err)
		}
		return failed.After
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		want *= time.Minute
		if got := try(); got != want {
			t.Errorf("stops for %v, want %v", got, want)
		}
		if got := try(); got != want || len(g.took()) != 1 {
			t.Errorf("while it stops: %v", got)
		}
		clock.turn(want)
	}
	refuse = false
	if got := try(); got != 0 {
		t.Errorf("after the stop: %v", got)
	}
	refuse = true
	if got := try(); got != time.Minute {
		t.Errorf("after an answer it stops for %v", got)
	}
}
