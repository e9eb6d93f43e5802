package messenger_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// printer is a Receiver that shows what it gets. A Board is the real one.
type printer struct{}

func (printer) Do(_ context.Context, c switchboard.Command) (switchboard.Result, error) {
	if in, ok := c.Do.(conversation.Inbound); ok {
		fmt.Printf("%s to %s: %s\n", in.Customer, in.Source, in.Text)
	}
	return switchboard.Result{}, nil
}

func ExampleWebhook() {
	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: "a text you made up",
		AppSecrets:  []messenger.Secret{"app secret"},
		Boards: func(page conversation.Source) messenger.Receiver {
			if page != "PAGE1" {
				return nil
			}
			return printer{}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// What Meta does when a customer writes:
	body := `{"object":"page","entry":[{"id":"PAGE1","messaging":[
		{"sender":{"id":"PSID1"},"recipient":{"id":"PAGE1"},"timestamp":1767225600001,"message":{"mid":"m_A1","text":"Good morning"}}]}]}`
	r := httptest.NewRequest("POST", "/webhook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(messenger.SignatureHeader, messenger.Sign([]byte(body), "app secret"))
	w := httptest.NewRecorder()
	webhook.ServeHTTP(w, r)
	fmt.Println(w.Code, webhook.Stats().Delivered)
	// Output:
	// PSID1 to PAGE1: Good morning
	// 200 1
}

func ExampleClient_Send() {
	// In place of the Graph API, a server that says that the window is closed.
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"(#10) Outside of allowed window.","type":"OAuthException","code":10,"error_subcode":2018278,"fbtrace_id":"Ab"}}`)
	}))
	defer graph.Close()

	client, err := messenger.NewClient(messenger.ClientConfig{
		Token:     func(conversation.Source) (messenger.Secret, bool) { return "page token", true },
		AppSecret: "app secret",
		BaseURL:   graph.URL,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Send(context.Background(), switchboard.Outbound{ // a Board does this
		Source: "PAGE1", Customer: "PSID1", Text: "Good morning", LastCustomer: time.Now().Add(-time.Hour),
	})
	var failed *switchboard.SendError
	if errors.As(err, &failed) {
		fmt.Println(failed.Why, failed.Temporary, failed.Ambiguous)
	}
	fmt.Println(err)
	// Output:
	// window-closed false false
	// switchboard: not sent: window-closed: (#10) Outside of allowed window.: messenger: Graph error 10/2018278 (HTTP 400, OAuthException, trace Ab)
}

func ExampleParse() {
	events, err := messenger.Parse([]byte(`{"object":"page","entry":[{"id":"PAGE1","messaging":[
		{"sender":{"id":"PSID1"},"timestamp":1767225600001,"postback":{"mid":"m_P1","title":"Start","payload":"GO"}},
		{"sender":{"id":"PSID1"},"read":{"watermark":1767225600000}}]}]}`))
	for _, e := range events {
		switch e.Kind {
		case messenger.KindPostback:
			fmt.Println(e.Page, e.Customer, "pressed", e.Postback.Payload)
		case messenger.KindRead:
			fmt.Println(e.Page, e.Customer, "has read all until", e.Receipt.Watermark.Format(time.RFC3339))
		}
	}
	fmt.Println(err)
	// Output:
	// PAGE1 PSID1 pressed GO
	// PAGE1 PSID1 has read all until 2026-01-01T00:00:00Z
	// <nil>
}

func ExampleVerify() {
	body := []byte(`{"object":"page"}`)
	secrets := []messenger.Secret{"new secret", "old secret"} // while it is being changed
	fmt.Println(messenger.Verify(body, messenger.Sign(body, "old secret"), secrets))
	fmt.Println(messenger.Verify(body, messenger.Sign(body, "guess"), secrets))
	// Output:
	// true
	// false
}

func ExampleSecret() {
	token := messenger.Secret("EAAB...")
	fmt.Printf("%v %q %x\n", token, token, token)
	fmt.Println(token.Reveal())
	// Output:
	// [redacted] [redacted] [redacted]
	// EAAB...
}
