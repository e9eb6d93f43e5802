package messengertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/messenger/messengertest"
)

// exampleT stands in for the *testing.T that a test has and an example has not.
type exampleT struct {
	testing.TB
	ends []func()
}

func (t *exampleT) Helper()                   {}
func (t *exampleT) Cleanup(f func())          { t.ends = append(t.ends, f) }
func (t *exampleT) Errorf(f string, a ...any) { fmt.Printf(f+"\n", a...) }
func (t *exampleT) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func (t *exampleT) end() {
	for i := len(t.ends) - 1; i >= 0; i-- {
		t.ends[i]()
	}
}

// replier is a Receiver that answers every message. A Board is the real one.
type replier struct{ client *messenger.Client }

func (r replier) Do(ctx context.Context, c switchboard.Command) (switchboard.Result, error) {
	in, ok := c.Do.(conversation.Inbound)
	if !ok {
		return switchboard.Result{}, nil // an echo or a receipt
	}
	_, err := r.client.Send(ctx, switchboard.Outbound{
		Key: "k1", Source: in.Source, Customer: in.Customer, Text: "You said: " + in.Text, LastCustomer: in.ChannelAt,
	})
	return switchboard.Result{}, err
}

func Example() {
	t := &exampleT{} // in a test: the test's own t
	defer t.end()

	mock := clock.NewMock()
	mock.Set(time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC))
	graph := messengertest.New(t, messengertest.Config{Clock: mock, RequireProof: true})
	ana := graph.Page("PAGE1").Person("PSID1")

	client, err := messenger.NewClient(messenger.ClientConfig{
		BaseURL: graph.URL(), AppSecret: graph.AppSecret(), Token: graph.Token, Clock: mock,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: graph.VerifyToken(), AppSecrets: []messenger.Secret{graph.AppSecret()},
		Boards: func(conversation.Source) messenger.Receiver { return replier{client} },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	graph.Serve(webhook)

	ana.Write("Good morning")
	graph.Flush()
	for _, m := range ana.Received() {
		fmt.Println(m.Text)
	}
	// Output:
	// You said: Good morning
}

func ExampleGraph_Script() {
	t := &exampleT{}
	defer t.end()
	graph := messengertest.New(t, messengertest.Config{})
	ana := graph.Page("PAGE1").Person("PSID1")
	ana.Write("Good morning")
	client, err := messenger.NewClient(messenger.ClientConfig{
		BaseURL: graph.URL(), AppSecret: graph.AppSecret(), Token: graph.Token,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The message is taken, and the connection breaks before the answer.
	graph.Script(messengertest.FaultResetAfter)
	_, err = client.Send(context.Background(), switchboard.Outbound{
		Key: "k1", Source: "PAGE1", Customer: "PSID1", Text: "Hello Ana", LastCustomer: time.Now(),
	})
	var failed *switchboard.SendError
	fmt.Println(errors.As(err, &failed) && failed.Ambiguous, len(ana.Received()))
	// Output:
	// true 1
}

func ExamplePage_SetToken() {
	t := &exampleT{}
	defer t.end()
	graph := messengertest.New(t, messengertest.Config{})
	page := graph.Page("PAGE1")
	page.Person("PSID1").Write("Good morning")
	client, err := messenger.NewClient(messenger.ClientConfig{
		BaseURL: graph.URL(), AppSecret: graph.AppSecret(), Token: graph.Token,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	page.SetToken(messengertest.TokenPasswordChanged)
	_, err = client.Send(context.Background(), switchboard.Outbound{
		Source: "PAGE1", Customer: "PSID1", Text: "Hello Ana", LastCustomer: time.Now(),
	})
	var answer *messenger.GraphError
	if errors.As(err, &answer) {
		fmt.Println(answer.Code, answer.Subcode)
	}
	// Output:
	// 190 460
}

func ExampleGraph_Flush() {
	t := &exampleT{}
	defer t.end()
	mock := clock.NewMock()
	graph := messengertest.New(t, messengertest.Config{Clock: mock})
	page := graph.Page("PAGE1")
	graph.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, r.URL.Query().Get("hub.challenge")) // a real one checks the token
			return
		}
		w.WriteHeader(http.StatusInternalServerError) // the endpoint is broken
	}))

	page.Person("PSID1").Write("Is anybody there?")
	graph.Flush()
	fmt.Println(graph.Waiting(), len(page.Subscribed()) > 0)
	for range 80 {
		mock.Add(time.Minute)
		graph.Flush()
	}
	fmt.Println(graph.Waiting(), len(page.Subscribed()) > 0) // Meta has given the page up
	// Output:
	// 1 true
	// 0 false
}
