package messenger_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// reported notes what a client reports of pages.
type reported struct{ got []string }

func (r *reported) config(c *messenger.ClientConfig) {
	c.OnDisconnect = func(_ context.Context, d messenger.PageDisconnected) {
		r.got = append(r.got, string(d.Page)+" lost: "+string(d.Cause))
	}
	c.OnSuspend = func(_ context.Context, s messenger.PageSuspended) {
		word := " suspended: "
		if s.Lifted {
			word = " works again: "
		}
		r.got = append(r.got, string(s.Page)+word+string(s.Cause))
	}
}

// TestE33PageIsReportedOnce proves of every error that takes a page away that it is
// reported once with its cause, that a glitch is not, and that a page that works again can
// be reported again.
func TestE33PageIsReportedOnce(t *testing.T) {
	for _, tc := range []struct {
		name          string
		code, subcode int
		confirm       string // answer to whether it is so
		want          []string
	}{
		{"expired", 190, 463, graphError(190, 463), []string{"PAGE1 lost: token-expired", "PAGE1 lost: token-expired"}},
		{"app removed", 190, 458, graphError(190, 458), []string{"PAGE1 lost: app-removed", "PAGE1 lost: app-removed"}},
		{"role lost", 190, 492, graphError(190, 492), []string{"PAGE1 lost: role-lost", "PAGE1 lost: role-lost"}},
		{"page gone", 100, 33, graphError(100, 33), []string{"PAGE1 lost: page-gone", "PAGE1 lost: page-gone"}},
		{"permission", 10, 0, `{"id":"PAGE1"}`, []string{"PAGE1 lost: permission-removed", "PAGE1 lost: permission-removed"}},
		{"glitch", 190, 463, `{"id":"PAGE1"}`, nil},
		{"not known", 190, 463, "<html>", nil},
		{"restricted", 10, 1893063, "", []string{"PAGE1 suspended: restricted", "PAGE1 works again: restricted", "PAGE1 suspended: restricted"}},
		{"policy", 368, 0, "", []string{"PAGE1 suspended: policy-blocked", "PAGE1 works again: policy-blocked", "PAGE1 suspended: policy-blocked"}},
		{"checkpoint", 190, 459, "", []string{"PAGE1 suspended: checkpoint", "PAGE1 works again: checkpoint", "PAGE1 suspended: checkpoint"}},
		{"window", 10, 2018278, "", nil},
		{"content", 100, 0, "", nil},
	} {
		works := false
		g := &graph{answer: func(call string) (int, string) {
			switch {
			case works:
				return 200, ""
			case call == "GET me":
				status := 400
				if strings.Contains(tc.confirm, `"id"`) {
					status = 200
				}
				return status, tc.confirm
			}
			return 400, graphError(tc.code, tc.subcode)
		}}
		r := &reported{}
		c := clientOf(t, g, r.config)
		send := func() { _, _ = c.Send(t.Context(), hello()) }
		send()
		send()
		works = true
		send()
		works = false
		send()
		if diff := cmp.Diff(tc.want, r.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestProfileErrorsLoseNoPage proves that a permission that only profiles need takes no
// page away, and a dead token does.
func TestProfileErrorsLoseNoPage(t *testing.T) {
	for code, want := range map[int]int{10: 0, 200: 0, 190: 1} {
		r := &reported{}
		c := clientOf(t, &graph{answer: func(string) (int, string) { return 400, graphError(code, 0) }}, r.config)
		_, _ = c.Profile(t.Context(), "PAGE1", "PSID1")
		if len(r.got) != want {
			t.Errorf("%d: %q", code, r.got)
		}
	}
}

// TestUnknownSubcodesLoseNoPage proves that what Meta refuses for a reason that has no row in
// its table yet costs that message alone, as it does when it is the feature of a tag that is
// missing, and not the right to answer.
func TestUnknownSubcodesLoseNoPage(t *testing.T) {
	for _, tc := range []struct {
		name          string
		code, subcode int
		ago           time.Duration // since the customer wrote
		want          int           // pages lost
	}{
		{"the permission", 10, 0, time.Hour, 1},
		{"the permission, by 200", 200, 0, time.Hour, 1},
		{"a new subcode of 10", 10, 2099001, time.Hour, 0},
		{"a new subcode of 200", 200, 2099001, time.Hour, 0},
		{"a new subcode of 230", 230, 2099001, time.Hour, 0},
		{"no Human Agent feature", 10, 0, 25 * time.Hour, 0},
		{"restricted, with the tag", 10, 1893063, 25 * time.Hour, 1},
		{"dead token, with the tag", 190, 463, 25 * time.Hour, 1},
	} {
		r := &reported{}
		c := clientOf(t, &graph{answer: func(string) (int, string) { return 400, graphError(tc.code, tc.subcode) }}, func(c *messenger.ClientConfig) {
			c.HumanAgent = true
			r.config(c)
		})
		m := hello()
		m.LastCustomer = stamp.Add(-tc.ago)
		if _, err := c.Send(t.Context(), m); err == nil || len(r.got) != tc.want {
			t.Errorf("%s: %v, told %q", tc.name, err, r.got)
		}
	}
}

// TestE33InterruptRemovesTheSource proves that a lost page leaves its Board, so that the
// conversation can only be ended, and that policy events suspend and lift.
func TestE33InterruptRemovesTheSource(t *testing.T) {
	board := openBoard(t)
	id, err := board.Receive(t.Context(), conversation.Inbound{Channel: "messenger", Source: "PAGE1", Customer: "PSID1", ExternalID: "m1", Text: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) {
		c.OnDisconnect = func(ctx context.Context, d messenger.PageDisconnected) {
			if err := messenger.Interrupt(ctx, board, d); err != nil {
				t.Error(err)
			}
		}
	})
	c.Disconnected(t.Context(), "PAGE1", messenger.CauseAppRemoved)
	v, err := board.Conversation(t.Context(), id)
	if err != nil || v.State.Open() {
		t.Errorf("%v, %v", v.State, err)
	}
	if err := messenger.Interrupt(t.Context(), board, messenger.PageDisconnected{Page: "NONE"}); err == nil {
		t.Error("an unknown page was removed")
	}

	r := &reported{}
	c = clientOf(t, &graph{}, r.config)
	for _, action := range []string{"warning", "block", "block", "unblock", "unblock"} {
		c.Policy(t.Context(), &messenger.Event{Page: "PAGE1", Policy: &messenger.Policy{Action: action}})
	}
	c.Policy(t.Context(), &messenger.Event{Page: "PAGE1"})
	want := []string{"PAGE1 suspended: policy-blocked", "PAGE1 works again: policy-blocked"}
	if diff := cmp.Diff(want, r.got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// pageAPI answers as Meta does about a page.
func pageAPI(t *testing.T, apps *string, token string, subscribe func(fields string) (int, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, appSecret.Reveal()) {
			t.Errorf("the app secret is in the URL")
		}
		switch p := strings.TrimPrefix(r.URL.Path, "/v26.0/"); {
		case p == "me" && strings.Contains(r.URL.Query().Get("fields"), "is_published"):
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (is_published)"}}`)
		case p == "me":
			_, _ = io.WriteString(w, `{"id":"PAGE1","name":"Blue"}`)
		case p == "me/subscribed_apps" && r.Method == http.MethodGet:
			_, _ = io.WriteString(w, *apps)
		case p == "me/subscribed_apps":
			status, body := subscribe(r.Method + r.URL.Query().Get("subscribed_fields"))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		case p == "debug_token":
			if r.Header.Get("Authorization") != "Bearer 55|"+appSecret.Reveal() || r.URL.Query().Get("input_token") != pageToken.Reveal() {
				t.Errorf("%v %v", r.Header, r.URL)
			}
			_, _ = io.WriteString(w, token)
		default:
			t.Errorf("%s %s", r.Method, r.URL)
		}
	}
}

func TestCheckPage(t *testing.T) {
	apps := `{"data":[{"id":"54","name":"other","subscribed_fields":["feed"]},{"id":55,"subscribed_fields":["messages",{"name":"standby"}]}]}`
	c := newClient(t, pageAPI(t, &apps, `{"data":{"is_valid":true,"expires_at":0,"data_access_expires_at":1767225600,"scopes":["pages_messaging"]}}`, nil),
		func(c *messenger.ClientConfig) { c.AppID = "55" })
	got, err := c.CheckPage(t.Context(), "PAGE1")
	if err != nil {
		t.Fatal(err)
	}
	want := messenger.PageStatus{ID: "PAGE1", Name: "Blue", Subscribed: true, Fields: []string{"messages", "standby"},
		Token: &messenger.TokenStatus{Valid: true, DataAccessExpires: mark, Scopes: []string{"pages_messaging"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"message_echoes"}, got.Missing([]string{"messages", "message_echoes", "standby"})); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	apps = `{"data":[]}`
	if got, err = c.CheckPage(t.Context(), "PAGE1"); err != nil || got.Subscribed || len(got.Missing([]string{"messages"})) != 1 {
		t.Errorf("unsubscribed: %+v, %v", got, err)
	}
}

// TestCheckPageReportsADeadToken proves that what Meta says about the token counts, and that
// it is not taken for dead because an answer says nothing.
func TestCheckPageReportsADeadToken(t *testing.T) {
	for answer, want := range map[string][]string{
		`{"data":{"is_valid":false}}`: {"PAGE1 lost: token-invalid"},
		`{"data":{"is_valid":true}}`:  nil,
		`{"data":{"is_valid":null}}`:  nil,
		`{"data":{}}`:                 nil,
		`{}`:                          nil,
		`[]`:                          nil,
	} {
		apps, r := `{"data":[]}`, &reported{}
		c := newClient(t, pageAPI(t, &apps, answer, nil), func(c *messenger.ClientConfig) {
			c.AppID = "55"
			r.config(c)
		})
		got, err := c.CheckPage(t.Context(), "PAGE1")
		if err != nil || got.Token == nil || got.Token.Valid != strings.Contains(answer, "true") {
			t.Errorf("%s: %+v, %v", answer, got.Token, err)
		}
		if diff := cmp.Diff(want, r.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", answer, diff)
		}
	}
}

// TestCheckPageShowsNoToken proves that the token that is asked about is taken out of what
// Meta says of it, and so is the one that names who is written to.
func TestCheckPageShowsNoToken(t *testing.T) {
	const optin = messenger.Secret("notification-token")
	apps := `{"data":[]}`
	words := `{"error":{"message":"Malformed access token ` + pageToken.Reveal() + ` of ` + optin.Reveal() + `","code":190}}`
	page := pageAPI(t, &apps, words, nil)
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			answers(400, words)(w, r)
			return
		}
		page(w, r)
	}, func(c *messenger.ClientConfig) { c.AppID = "55" })
	if _, err := c.CheckPage(t.Context(), "PAGE1"); err == nil || strings.Contains(err.Error(), pageToken.Reveal()) || !strings.Contains(err.Error(), "[redacted]") {
		t.Error(err)
	}
	_, err := c.SendMessage(t.Context(), messenger.OutMessage{Page: "PAGE1", To: messenger.Recipient{Token: optin}, Text: "News"})
	if err == nil || strings.Contains(err.Error(), optin.Reveal()) || strings.Contains(err.Error(), pageToken.Reveal()) {
		t.Error(err)
	}
}

func TestSubscribe(t *testing.T) {
	apps := ""
	var asked []string
	answer, status := `{"success":"true"}`, 200
	c := newClient(t, pageAPI(t, &apps, "", func(fields string) (int, string) {
		asked = append(asked, fields)
		return status, answer
	}), nil)
	if err := c.Subscribe(t.Context(), "PAGE1", "messages", "standby"); err != nil {
		t.Error(err)
	}
	if err := c.Subscribe(t.Context(), "PAGE1"); err != nil {
		t.Error(err)
	}
	if err := c.Unsubscribe(t.Context(), "PAGE1"); err != nil {
		t.Error(err)
	}
	want := []string{"POSTmessages,standby", "POST" + strings.Join(messenger.DefaultFields, ","), "DELETE"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	answer = `{"success":false}`
	if err := c.Subscribe(t.Context(), "PAGE1"); !isCallError(err, conversation.FailTransport) {
		t.Error(err)
	}
	answer, status = graphError(200, 0), 403
	if err := c.Subscribe(t.Context(), "PAGE1"); err == nil || !strings.Contains(err.Error(), "subscribe of page PAGE1: access-lost") {
		t.Error(err)
	}
	if err := c.Subscribe(t.Context(), "PAGE9"); !isCallError(err, conversation.FailAccess) {
		t.Error(err)
	}
}

// TestWatchdog proves that silence is looked into once in its time, that a page that was
// unsubscribed is subscribed again, and that one that cannot be is reported.
func TestWatchdog(t *testing.T) {
	apps, status := `{"data":[{"id":"55","subscribed_fields":["messages"]}]}`, 200
	subscribed := 0
	r := &reported{}
	client := newClient(t, pageAPI(t, &apps, `{"data":{"is_valid":true}}`, func(string) (int, string) {
		subscribed++
		if status != 200 {
			return status, graphError(200, 1)
		}
		return 200, `{"success":true}`
	}), func(c *messenger.ClientConfig) {
		c.AppID = "55"
		r.config(c)
	})
	clock := &hands{at: stamp}
	heard := stamp
	var got []messenger.SilentPage
	dog, err := messenger.NewWatchdog(messenger.WatchdogConfig{
		Client: client, LastHeard: func(conversation.Source) time.Time { return heard }, Fields: []string{"messages"},
		Pages: func() []conversation.Source { return []conversation.Source{"PAGE1"} }, Clock: clock, Silence: time.Hour,
		OnSilence: func(_ context.Context, s messenger.SilentPage) { got = append(got, s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(after time.Duration) []messenger.SilentPage {
		clock.turn(after)
		got = nil
		dog.Check(t.Context())
		return got
	}
	if got := check(59 * time.Minute); len(got) != 0 {
		t.Errorf("asked too early: %+v", got)
	}
	if got := check(time.Minute); len(got) != 1 || got[0].Err != nil || got[0].Resubscribed || !got[0].Since.Equal(stamp) || subscribed != 0 {
		t.Errorf("a quiet page: %+v", got)
	}
	if got := check(59 * time.Minute); len(got) != 0 {
		t.Errorf("asked again too early: %+v", got)
	}
	apps = `{"data":[]}`
	if got := check(time.Minute); len(got) != 1 || !got[0].Resubscribed || subscribed != 1 {
		t.Errorf("an unsubscribed page: %+v", got)
	}
	heard = clock.Now()
	if got := check(30 * time.Minute); len(got) != 0 {
		t.Errorf("a page that was heard of: %+v", got)
	}
	status = 403
	if got := check(2 * time.Hour); len(got) != 1 || got[0].Err == nil {
		t.Errorf("a page that cannot be subscribed: %+v", got)
	}
	if len(r.got) != 1 || !strings.HasPrefix(r.got[0], "PAGE1 lost: ") {
		t.Errorf("%q", r.got)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	cancel(over)
	if err := dog.Watch(ctx); !errors.Is(err, over) {
		t.Errorf("Watch: %v", err)
	}
	if _, err := messenger.NewWatchdog(messenger.WatchdogConfig{Silence: -1, Every: -1}); !errors.Is(err, messenger.ErrConfig) || len(err.(*messenger.ConfigError).Problems) != 5 {
		t.Errorf("%v", err)
	}
}
