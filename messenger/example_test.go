package messenger_test

import (
	"context"
	"errors"
	"fmt"
	"log"
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

func ExampleEvent_Commands() {
	events, err := messenger.Parse([]byte(`{"object":"page","entry":[{"id":"PAGE1","messaging":[
		{"sender":{"id":"PSID1"},"timestamp":1767225600001,"message_edit":{"mid":"m_A1","text":"Hello!","num_edit":1}},
		{"sender":{"id":"PSID1"},"timestamp":1767225600002,"referral":{"source":"SHORTLINK","ref":"spring"}}]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range events {
		fmt.Println(events[i].Kind, len(events[i].Commands()))
		for _, c := range events[i].Commands() {
			edit := c.Do.(conversation.Edit)
			fmt.Printf("%v: %q, edit %d\n", c.By, edit.Text, edit.Edits)
		}
	}
	// Output:
	// edit 1
	// customer:PSID1: "Hello!", edit 1
	// referral 0
}

func ExampleClient_SendMessage() {
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"recipient_id":"PSID1","message_id":"m_X1"}`)
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
	sent, err := client.SendMessage(context.Background(), messenger.OutMessage{
		Page: "PAGE1", To: messenger.Recipient{ID: "PSID1"}, Text: "Which size?",
		QuickReplies: []messenger.QuickReply{{Title: "M", Payload: "SIZE_M"}, {Title: "L", Payload: "SIZE_L"}},
	})
	fmt.Println(sent.MessageID, err)
	_, err = client.SendMessage(context.Background(), messenger.OutMessage{
		Page: "PAGE1", To: messenger.Recipient{ID: "PSID1"}, Text: strings.Repeat("too long", 1000),
	})
	fmt.Println(err)
	// Output:
	// m_X1 <nil>
	// switchboard: not sent: content: the text has more than 2000 UTF-16 units
}

func ExampleGraphError() {
	e := &messenger.GraphError{Code: 190, Subcode: 463}
	fmt.Println(e.Scope(), e.Retry(), e.Cause())
	e = &messenger.GraphError{Code: 2018300}
	fmt.Println(e.Scope(), e.Retry(), errors.Is(e, messenger.ErrOtherApp))
	// Output:
	// channel never token-expired
	// thread on-change true
}

func ExampleClient_Profile() {
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"id":"PSID1","name":"Eva Nov\u00e1kov\u00e1"}`)
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
	p, err := client.Profile(context.Background(), "PAGE1", "PSID1")
	fmt.Println(p.DisplayName("PSID1"), p.Initials(), err)
	fmt.Println(messenger.Profile{}.DisplayName("7001234"))
	// Output:
	// Eva Nováková EN <nil>
	// Customer ...1234
}

func ExampleFetcher() {
	fetcher, err := messenger.NewFetcher(messenger.FetcherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = fetcher.Fetch(context.Background(), "https://169.254.169.254/latest/meta-data")
	fmt.Println(err)
	// Output:
	// messenger: the file was not fetched from 169.254.169.254: not an allowed host
}

func ExampleInterrupt() {
	// In ClientConfig.OnDisconnect, which a dead token calls once.
	board := printer{}
	lost := messenger.PageDisconnected{Page: "PAGE1", Cause: messenger.CauseExpired}
	fmt.Println(lost.Page, lost.Cause, messenger.Interrupt(context.Background(), board, lost))
	// Output:
	// PAGE1 token-expired <nil>
}

func ExampleParseSignedRequest() {
	_, err := messenger.ParseSignedRequest("AAAA.e30", []messenger.Secret{"app secret"})
	fmt.Println(err)
	// Output:
	// messenger: not a signed request: no signature
}

func ExampleNewDeletions() {
	ctx := context.Background()
	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme"})
	if err != nil {
		log.Fatal(err)
	}
	defer board.Close()
	deletions, err := messenger.NewDeletions(messenger.DeletionConfig{
		AppSecrets: []messenger.Secret{"app secret"},
		StatusURL:  "https://desk.example/deletion",
		Customers: func(_ context.Context, r messenger.SignedRequest) ([]messenger.PageCustomer, error) {
			if r.UserID == "218471" { // mostly Client.CustomersOf knows
				return []messenger.PageCustomer{{Page: "1001", Customer: "4711"}}, nil
			}
			return nil, nil
		},
		Boards: func(conversation.Source) messenger.Eraser { return board },
	})
	if err != nil {
		log.Fatal(err)
	}
	code, err := deletions.Erase(ctx, messenger.SignedRequest{UserID: "218471"}) // Callback does it for Meta
	if err != nil {
		log.Fatal(err)
	}
	if err := board.Quiet(ctx); err != nil {
		log.Fatal(err)
	}
	status, err := deletions.Status(ctx, code)
	fmt.Println(status.Customers, status.Done, err)
	// Output: 1 true <nil>
}
