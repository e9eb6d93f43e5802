package messengertest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/messenger/messengertest"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// TestE2EDeletion tells the whole way of a request to delete somebody's data: from Meta's
// callback over the mapping of ids to the erasure on each Board concerned and the page that
// tells how it stands; and that somebody who cannot be mapped is told so.
func TestE2EDeletion(t *testing.T) {
	mock := clock.NewMock()
	g := messengertest.New(t, messengertest.Config{Clock: mock, RequireProof: true})
	traffic := &messenger.Traffic{}
	client, err := messenger.NewClient(messenger.ClientConfig{
		Token: g.Token, AppSecret: g.AppSecret(), AppID: g.AppID(), BaseURL: g.URL(), Clock: mock, Traffic: traffic,
	})
	if err != nil {
		t.Fatal(err)
	}
	archive := switchboard.NewMemoryArchive()
	boards := make(map[conversation.Source]*switchboard.Board)
	for page, name := range map[conversation.Source]string{"PAGE1": "acme", "PAGE2": "umbrella"} {
		b, err := switchboard.Open(t.Context(), switchboard.Config{
			Name: name, Clock: mock, Archive: archive, Transports: map[conversation.Channel]switchboard.Transport{messenger.Channel: client},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		err = b.Administrator("root").Configure(t.Context(), routing.Setup{
			Queues:  []routing.Queue{{ID: "q", WrapUp: wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done"}}},
			Sources: []routing.Source{{ID: page, Channel: messenger.Channel, Queue: "q"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		boards[page] = b
	}
	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: g.VerifyToken(), AppSecrets: []messenger.Secret{g.AppSecret()}, Clock: mock, Traffic: traffic,
		Boards: func(p conversation.Source) messenger.Receiver { return boards[p] },
	})
	if err != nil {
		t.Fatal(err)
	}
	g.Serve(webhook)
	deletions, err := messenger.NewDeletions(messenger.DeletionConfig{
		AppSecrets: []messenger.Secret{g.AppSecret()}, Clock: mock, Client: client, Traffic: traffic, StatusURL: "https://desk.example/deletion",
		Customers: func(ctx context.Context, r messenger.SignedRequest) ([]messenger.PageCustomer, error) {
			return client.CustomersOf(ctx, r.UserID)
		},
		Boards: func(p conversation.Source) messenger.Eraser {
			if b := boards[p]; b != nil {
				return b
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	callback := httptest.NewServer(deletions.Callback())
	defer callback.Close()
	status := httptest.NewServer(deletions.StatusPage())
	defer status.Close()

	ana1, ana2, other := g.Page("PAGE1").Person("A1"), g.Page("PAGE2").Person("A2"), g.Page("PAGE1").Person("B1")
	ana1.LogIn("700")
	ana2.LogIn("700")
	g.Page("PAGE3").Person("A3").LogIn("700") // of a page that is not ours
	for _, x := range []*messengertest.Person{ana1, ana2, other} {
		x.Write("my secret")
	}
	g.Flush()
	there := func(page conversation.Source, who conversation.Customer) bool {
		t.Helper()
		id, err := boards[page].CustomerConversation(t.Context(), page, who)
		if err != nil {
			t.Fatal(err)
		}
		return id != 0
	}
	if !there("PAGE1", "A1") || !there("PAGE2", "A2") || !there("PAGE1", "B1") {
		t.Fatal("nobody is there to be erased")
	}
	if _, err := client.Profile(t.Context(), "PAGE1", "A1"); err != nil {
		t.Fatal(err)
	}

	look := func(code string) string {
		t.Helper()
		resp, err := http.Get(status.URL + "/?code=" + code)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("status %d", resp.StatusCode)
		}
		return string(text)
	}
	answer, err := g.RequestDeletion(callback.URL, "700")
	if err != nil || answer.Status != http.StatusOK || answer.URL != "https://desk.example/deletion?code="+answer.Code {
		t.Fatalf("%+v, %v", answer, err)
	}
	if there("PAGE1", "A1") || there("PAGE2", "A2") || !there("PAGE1", "B1") {
		t.Errorf("erased: %v %v, the other %v", !there("PAGE1", "A1"), !there("PAGE2", "A2"), there("PAGE1", "B1"))
	}
	for _, b := range boards {
		if err := b.Quiet(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if text := look(answer.Code); !strings.Contains(text, "Done.") {
		t.Errorf("the page says %s", text)
	}

	// Once more is a success; what she writes later is a new conversation.
	again, err := g.RequestDeletion(callback.URL, "700")
	if err != nil || again.Status != http.StatusOK {
		t.Errorf("again: %+v, %v", again, err)
	}
	ana1.Write("hello again")
	g.Flush()
	id, err := boards["PAGE1"].CustomerConversation(t.Context(), "PAGE1", "A1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := boards["PAGE1"].Conversation(t.Context(), id)
	if err != nil || len(c.Messages) != 1 || c.Messages[0].Text != "hello again" {
		t.Errorf("%+v, %v", c, err)
	}

	// Somebody whom nobody knows is told so, with a code of their own.
	nobody, err := g.RequestDeletion(callback.URL, "701")
	if err != nil || nobody.Status != http.StatusOK || nobody.Code == answer.Code {
		t.Fatalf("%+v, %v", nobody, err)
	}
	if text := look(nobody.Code); !strings.Contains(text, "nothing to delete") {
		t.Errorf("the page says %s", text)
	}
	// A request that is not signed by the app's secret changes nothing.
	forger := messengertest.New(t, messengertest.Config{Clock: mock, AppSecret: "another"})
	if got, err := forger.RequestDeletion(callback.URL, "700"); err != nil || got.Status != http.StatusUnauthorized || !there("PAGE1", "A1") {
		t.Errorf("%+v, %v", got, err)
	}
	// A Board that cannot erase now makes Meta ask again.
	if err := boards["PAGE1"].Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := g.RequestDeletion(callback.URL, "700"); err != nil || got.Status != http.StatusServiceUnavailable {
		t.Errorf("with a closed Board: %+v, %v", got, err)
	}
}

// TestE2EDeauthorize proves that when the person who connected pages removes the app, these
// are reported and interrupted once, and others go on.
func TestE2EDeauthorize(t *testing.T) {
	g := messengertest.New(t, messengertest.Config{})
	g.Page("PAGE1").Person("A1")
	var mu sync.Mutex
	var lost []string
	client, err := messenger.NewClient(messenger.ClientConfig{
		Token: g.Token, AppSecret: g.AppSecret(), BaseURL: g.URL(),
		OnDisconnect: func(_ context.Context, d messenger.PageDisconnected) {
			mu.Lock()
			defer mu.Unlock()
			lost = append(lost, string(d.Page)+" "+string(d.Cause))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	connected := map[string][]conversation.Source{"9": {"PAGE1", "PAGE2"}}
	handler, err := messenger.NewDeauthorize(messenger.DeauthorizeConfig{
		AppSecrets: []messenger.Secret{g.AppSecret()},
		Removed: func(ctx context.Context, r messenger.SignedRequest) error {
			for _, page := range connected[r.UserID] {
				client.Disconnected(ctx, page, messenger.CauseAppRemoved)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, user := range []string{"9", "9", "10"} {
		if status, err := g.Deauthorize(server.URL, user); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d, %v", user, status, err)
		}
	}
	if diff := cmp.Diff([]string{"PAGE1 app-removed", "PAGE2 app-removed"}, lost); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
