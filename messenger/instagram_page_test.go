package messenger_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// accountAPI answers as Meta does to the token of a page that an account of Instagram
// belongs to: the account has none of the page's edges.
func accountAPI(t *testing.T, calls *[]string, apps *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/v26.0/")
		*calls = append(*calls, r.Method+" "+path)
		answer, status := `{"success":true}`, http.StatusOK
		switch {
		case r.Header.Get("Authorization") != "Bearer "+pageToken.Reveal() && path != "debug_token":
			t.Errorf("%s with another token", path)
		case path == "me":
			answer = `{"id":"PAGE1","name":"Blue","is_published":false}`
		case path == "me/subscribed_apps" && r.Method == http.MethodGet:
			answer = *apps
		case path == "me/subscribed_apps":
			*apps = `{"data":[{"id":"55","subscribed_fields":["` + strings.ReplaceAll(r.URL.Query().Get("subscribed_fields"), ",", `","`) + `"]}]}`
		case path == "debug_token":
			answer = `{"data":{"is_valid":true,"scopes":["instagram_manage_messages"]}}`
		case path == "me/thread_owner":
			answer = `{"data":[]}`
		case path == "IGSID":
			answer = `{"name":"Ida","id":"IGSID"}`
			if strings.Contains(r.URL.Query().Get("fields"), "first_name") {
				answer, status = `{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (first_name)"}}`, http.StatusBadRequest
			}
		case strings.HasPrefix(path, "me/"):
		default:
			answer, status = graphError(100, 33), http.StatusBadRequest
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}
}

// TestInstagramPage proves that every call about an account of Instagram asks about the
// page it belongs to, whose token it is.
func TestInstagramPage(t *testing.T) {
	var calls []string
	apps := `{"data":[{"id":"55","subscribed_fields":["messages"]}]}`
	r := &reported{}
	c := newClient(t, accountAPI(t, &calls, &apps), func(c *messenger.ClientConfig) {
		c.AppID = "55"
		c.Token = func(page conversation.Source) (messenger.Secret, bool) { return pageToken, page == "IG1" }
		r.config(c)
	})
	status, err := c.CheckPage(t.Context(), "IG1")
	want := messenger.PageStatus{
		ID: "PAGE1", Name: "Blue", Unpublished: true, Subscribed: true, Fields: []string{"messages"},
		Token: &messenger.TokenStatus{Valid: true, Scopes: []string{"instagram_manage_messages"}},
	}
	if diff := cmp.Diff(want, status); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	p, err := c.Profile(t.Context(), "IG1", "IGSID")
	if p.Name != "Ida" || err != nil {
		t.Errorf("profile %+v, %v", p, err)
	}
	for name, err := range map[string]error{
		"subscribe":   c.Subscribe(t.Context(), "IG1"),
		"unsubscribe": c.Unsubscribe(t.Context(), "IG1"),
		"typing":      c.Typing(t.Context(), "IG1", "IGSID", true),
		"pass":        c.PassThread(t.Context(), "IG1", "IGSID", messenger.InstagramInboxApp, ""),
		"take":        c.TakeThread(t.Context(), "IG1", "IGSID", ""),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.ThreadOwner(t.Context(), "IG1", "IGSID"); err != nil {
		t.Error(err)
	}
	for _, call := range calls {
		if strings.Contains(call, "IG1") {
			t.Errorf("%s: an account has no such edge", call)
		}
	}
	if len(r.got) > 0 {
		t.Errorf("reported %q", r.got)
	}
}

// TestInstagramPageLost proves that the access to an account is lost and found as that to a
// page is.
func TestInstagramPageLost(t *testing.T) {
	broken := true
	r := &reported{}
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		if broken {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, graphError(190, 463))
			return
		}
		_, _ = io.WriteString(w, taken)
	}, func(c *messenger.ClientConfig) {
		c.Token = func(conversation.Source) (messenger.Secret, bool) { return pageToken, true }
		r.config(c)
	})
	m := hello()
	m.Channel, m.Source = messenger.InstagramChannel, "IG1"
	for range 2 {
		if _, err := c.Send(t.Context(), m); err == nil {
			t.Error("sent with a dead token")
		}
	}
	broken = false
	if _, err := c.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	broken = true
	_, _ = c.CheckPage(t.Context(), "IG1")
	if diff := cmp.Diff([]string{"IG1 lost: token-expired", "IG1 lost: token-expired"}, r.got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestInstagramWatchdog proves that a silent account is looked after: its page is subscribed
// again.
func TestInstagramWatchdog(t *testing.T) {
	var calls []string
	apps, now := `{"data":[]}`, clock.NewMock()
	c := newClient(t, accountAPI(t, &calls, &apps), func(c *messenger.ClientConfig) {
		c.Token = func(conversation.Source) (messenger.Secret, bool) { return pageToken, true }
	})
	var found []messenger.SilentPage
	dog, err := messenger.NewWatchdog(messenger.WatchdogConfig{
		Client: c, Clock: now, LastHeard: func(conversation.Source) time.Time { return time.Time{} },
		Pages:     func() []conversation.Source { return []conversation.Source{"IG1"} },
		OnSilence: func(_ context.Context, s messenger.SilentPage) { found = append(found, s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now.Add(time.Hour)
		dog.Check(t.Context())
	}
	var again []bool
	for _, s := range found {
		again = append(again, s.Resubscribed)
		if s.Err != nil || s.Page != "IG1" {
			t.Errorf("%+v", s)
		}
	}
	if diff := cmp.Diff([]bool{true, false, false}, again); diff != "" {
		t.Errorf("subscribed again (-want +got):\n%s", diff)
	}
}
