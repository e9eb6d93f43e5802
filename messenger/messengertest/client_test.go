package messengertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/messenger/messengertest"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

func newClient(t *testing.T, g *messengertest.Graph, mock *clock.Mock, change func(*messenger.ClientConfig)) *messenger.Client {
	t.Helper()
	c := messenger.ClientConfig{BaseURL: g.URL(), AppSecret: g.AppSecret(), AppID: g.AppID(), Token: g.Token, Clock: mock}
	if change != nil {
		change(&c)
	}
	client, err := messenger.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTheClientAgainstTheDouble(t *testing.T) {
	ctx := t.Context()
	g, mock, ana := start(t, messengertest.Config{RequireProof: true, HumanAgent: true})
	p := g.Page("PAGE1")
	c := newClient(t, g, mock, nil)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	mid := ana.Write("hello")

	files := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte("\x89PNG"))
	}))
	t.Cleanup(files.Close)
	upload, err := c.Upload(ctx, "PAGE1", conversation.Image, files.URL+"/a.png")
	must("upload by URL", err)
	local, err := c.UploadFile(ctx, "PAGE1", messenger.LocalFile{Kind: conversation.Image, Name: "a.png", Type: "image/png", Data: strings.NewReader("\x89PNG")})
	must("upload of a file", err)
	persona, err := c.CreatePersona(ctx, "PAGE1", "Ann", files.URL+"/ann.png")
	must("create persona", err)

	to := messenger.Recipient{ID: "PSID1"}
	var sent messenger.Sent
	for _, m := range []messenger.OutMessage{
		{Text: "text", Metadata: "k1", ReplyTo: mid, Persona: persona, QuickReplies: []messenger.QuickReply{{Title: "Yes", Payload: "Y"}}},
		{Media: &messenger.Media{Kind: conversation.Image, ID: upload}},
		{Media: &messenger.Media{Kind: conversation.Image, ID: local}},
		{Media: &messenger.Media{Kind: conversation.Image, URL: files.URL + "/b.png", Reusable: true}},
		{StickerID: "369239263222822"},
		{Template: &messenger.Template{Text: "pick", Buttons: []messenger.Button{{Kind: messenger.ButtonPostback, Title: "Pick me", Payload: "PICK"}}}},
	} {
		m.Page, m.To = "PAGE1", to
		sent, err = c.SendMessage(ctx, m)
		must("send", err)
		if sent.MessageID == "" || sent.RecipientID != "PSID1" || m.Media != nil && m.Media.Reusable != (sent.AttachmentID != "") {
			t.Errorf("sent %+v for %+v", sent, m)
		}
	}
	got := ana.Received()
	want := []string{"text/k1/" + persona + "/" + mid, "image " + upload, "image " + local, "image", "sticker 369239263222822", "template"}
	for i, m := range got {
		line := ""
		if m.Text != "" {
			line = m.Text + "/" + m.Metadata + "/" + m.Persona + "/" + m.ReplyTo
		}
		for _, a := range m.Attachments {
			line += a.Type
			if a.URL == "" && a.ID != "" {
				line += " " + a.ID
			}
		}
		if i >= len(want) || line != want[i] {
			t.Errorf("message %d is %q, want %q", i, line, want[i:])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}

	must("typing", c.Typing(ctx, "PAGE1", "PSID1", true))
	must("seen", c.MarkSeen(ctx, "PAGE1", "PSID1"))
	must("react", c.React(ctx, "PAGE1", "PSID1", mid, "\u2764"))
	must("react", c.React(ctx, "PAGE1", "PSID1", mid, ""))
	if diff := cmp.Diff([]string{"typing_on", "mark_seen", "react", "unreact"}, ana.Actions()); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}

	ana.SetProfile("first_name", "Ana")
	ana.SetProfile("last_name", "Reyes")
	profile, err := c.Profile(ctx, "PAGE1", "PSID1")
	must("profile", err)
	if profile.FirstName != "Ana" || profile.LastName != "Reyes" {
		t.Errorf("profile %+v", profile)
	}
	for i := range 60 {
		_, err := c.CreatePersona(ctx, "PAGE1", fmt.Sprint("Agent ", i), files.URL+"/p.png")
		must("create persona", err)
	}
	personas, err := c.Personas(ctx, "PAGE1")
	must("personas", err)
	if len(personas) != 61 || personas[0].Name != "Ann" {
		t.Errorf("%d personas, the first %+v", len(personas), personas[:1])
	}
	must("delete persona", c.DeletePersona(ctx, "PAGE1", persona))
	if _, err := c.Persona(ctx, "PAGE1", persona); err == nil {
		t.Error("the persona is still there")
	}

	must("unsubscribe", c.Unsubscribe(ctx, "PAGE1"))
	status, err := c.CheckPage(ctx, "PAGE1")
	must("check", err)
	if status.Subscribed || status.Token == nil || !status.Token.Valid {
		t.Errorf("status %+v", status)
	}
	must("subscribe", c.Subscribe(ctx, "PAGE1"))
	if status, err = c.CheckPage(ctx, "PAGE1"); err != nil || len(status.Missing(messenger.DefaultFields)) != 0 || status.Name != "Page PAGE1" {
		t.Errorf("status %+v, %v", status, err)
	}

	p.SetDefaultApp(g.AppID())
	ana.Write("hello")
	must("extend", c.ExtendThread(ctx, "PAGE1", "PSID1", 48*time.Hour))
	owner, err := c.ThreadOwner(ctx, "PAGE1", "PSID1")
	must("owner", err)
	if owner.App != g.AppID() || !owner.Expires.Equal(mock.Now().Add(48*time.Hour)) {
		t.Errorf("owner %+v", owner)
	}
	must("pass", c.PassThread(ctx, "PAGE1", "PSID1", messenger.InboxApp, "over to you"))
	_, err = c.SendMessage(ctx, messenger.OutMessage{Page: "PAGE1", To: to, Text: "x"})
	var failed *switchboard.SendError
	if !errors.As(err, &failed) || failed.Why != messenger.FailOtherApp {
		t.Errorf("sending to another app's thread: %v", err)
	}
	must("request", c.RequestThread(ctx, "PAGE1", "PSID1", ""))
	must("take", c.TakeThread(ctx, "PAGE1", "PSID1", ""))
	must("release", c.ReleaseThread(ctx, "PAGE1", "PSID1", ""))
}

func TestMismatchedBodiesReachNobody(t *testing.T) {
	g, mock, ana := start(t, messengertest.Config{Bodies: messengertest.Mismatched})
	var got sync.Map
	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: g.VerifyToken(), AppSecrets: []messenger.Secret{g.AppSecret()}, Clock: mock,
		Boards: func(conversation.Source) messenger.Receiver { got.Store("asked", true); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	g.Serve(webhook)
	ana.Write("Dobrý den")
	g.Flush()
	if _, asked := got.Load("asked"); asked || webhook.Stats().BadSignatures != 3 || g.Waiting() != 1 {
		t.Errorf("stats %+v, %d waiting; want three bad signatures and nothing taken", webhook.Stats(), g.Waiting())
	}
}

func TestMediaOfCustomersAreFetched(t *testing.T) {
	g, mock, _ := start(t, messengertest.Config{MediaFor: time.Hour})
	png := []byte("\x89PNG\r\n\x1a\n0000")
	url := g.MediaURL("image/png", png)
	f, err := messenger.NewFetcher(messenger.FetcherConfig{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Fetch(t.Context(), url)
	if err != nil || got.Type != "image/png" || string(got.Data) != string(png) {
		t.Errorf("%+v, %v", got, err)
	}
	mock.Add(time.Hour)
	var failed *messenger.FetchError
	if _, err := f.Fetch(t.Context(), url); !errors.As(err, &failed) {
		t.Errorf("an expired URL: %v", err)
	}
}

// newDesk returns a Board of PAGE1 behind the webhook, with ann at work.
func newDesk(t *testing.T, g *messengertest.Graph, mock *clock.Mock, client *messenger.Client, change func(*messenger.WebhookConfig)) (*switchboard.Board, routing.Setup) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	board, err := switchboard.Open(t.Context(), switchboard.Config{
		Name: "acme", Node: "n1", Clock: mock,
		Transports: map[conversation.Channel]switchboard.Transport{messenger.Channel: client},
	})
	must(err)
	t.Cleanup(func() { _ = board.Close() })
	config := messenger.WebhookConfig{
		VerifyToken: g.VerifyToken(), AppSecrets: []messenger.Secret{g.AppSecret()},
		Boards: func(conversation.Source) messenger.Receiver { return board },
	}
	if change != nil {
		change(&config)
	}
	webhook, err := messenger.NewWebhook(config)
	must(err)
	setup := routing.Setup{
		Teams: []routing.Team{{ID: "t"}},
		Queues: []routing.Queue{{ID: "q", Teams: []routing.TeamID{"t"}, WrapUp: wrapup.Policy{
			Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done", Limit: time.Minute,
		}}},
		Agents:  []routing.Agent{{ID: "ann", Teams: []routing.TeamID{"t"}}},
		Sources: []routing.Source{{ID: "PAGE1", Channel: messenger.Channel, Queue: "q"}},
	}
	must(board.Administrator("root").Configure(t.Context(), setup))
	must(board.Agent("ann").SignIn(t.Context()))
	must(board.Agent("ann").Available(t.Context()))
	g.Serve(webhook)
	return board, setup
}

// TestE2EAnotherAppHasTheThread proves what a Board has of a thread that a human takes in the
// page's inbox: their answer, but not what the customer writes to them; what an agent sends
// fails with its reason, until the thread is passed back.
func TestE2EAnotherAppHasTheThread(t *testing.T) {
	ctx := t.Context()
	g, mock, _ := start(t, messengertest.Config{})
	p := g.Page("PAGE1")
	p.SetDefaultApp(g.AppID())
	ana := p.Person("PSID1")
	var mu sync.Mutex
	var routed []messenger.Routing
	board, _ := newDesk(t, g, mock, newClient(t, g, mock, nil), func(c *messenger.WebhookConfig) {
		c.OnEvent = func(_ context.Context, e *messenger.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind == messenger.KindRouting {
				routed = append(routed, *e.Routing)
			}
			return nil
		}
	})
	ann := board.Agent("ann")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ana.Write("Good morning")
	g.Flush()
	id, err := board.CustomerConversation(ctx, "PAGE1", "PSID1")
	must(err)
	must(ann.Accept(ctx, id))
	send := func(text string) conversation.Delivery {
		t.Helper()
		no, err := ann.Send(ctx, id, text)
		must(err)
		must(board.Quiet(ctx))
		c, err := board.Conversation(ctx, id)
		must(err)
		return *c.Message(no).Delivery
	}
	if d := send("Good morning, Ana"); d.Why != "" {
		t.Errorf("while it is ours: %+v", d)
	}
	ana.AnsweredBy(messengertest.InboxApp, "I take over")
	ana.Write("to the inbox")
	g.Flush()
	if d := send("may I?"); d.Status != conversation.StatusFailed || d.Why != messenger.FailOtherApp {
		t.Errorf("while the inbox has it: %+v", d)
	}
	ana.PassedTo(g.AppID())
	g.Flush()
	if d := send("here I am again"); d.Why != "" {
		t.Errorf("when it is ours again: %+v", d)
	}
	g.Flush()

	c, err := board.Conversation(ctx, id)
	must(err)
	var got []string
	for _, m := range c.Messages {
		if m.Text != "" {
			got = append(got, fmt.Sprint(m.Author.Kind, ": ", m.Text))
		}
	}
	kind := func(k conversation.AuthorKind, text string) string { return fmt.Sprint(k, ": ", text) }
	want := []string{
		kind(conversation.FromCustomer, "Good morning"), kind(conversation.FromAgent, "Good morning, Ana"),
		kind(conversation.FromOutside, "I take over"), kind(conversation.FromAgent, "may I?"), kind(conversation.FromAgent, "here I am again"),
	}
	if diff := cmp.Diff(want, got); diff != "" || c.State != conversation.Active {
		t.Errorf("%v, transcript (-want +got):\n%s", c.State, diff)
	}
	var received []string
	for _, m := range ana.Received() {
		received = append(received, m.Text)
	}
	if diff := cmp.Diff([]string{"Good morning, Ana", "I take over", "here I am again"}, received); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	mu.Lock()
	defer mu.Unlock()
	moves := []messenger.Routing{
		{Action: messenger.RoutingTaken, Previous: g.AppID(), New: messenger.InboxApp},
		{Action: messenger.RoutingPassed, Previous: messenger.InboxApp, New: g.AppID()},
	}
	if diff := cmp.Diff(moves, routed); diff != "" {
		t.Errorf("told of control (-want +got):\n%s", diff)
	}
}

// TestE2EUnpublished proves that a page that is not published is reported once as suspended,
// whatever arrives meanwhile, and once as working again.
func TestE2EUnpublished(t *testing.T) {
	ctx := t.Context()
	g, mock, _ := start(t, messengertest.Config{})
	p := g.Page("PAGE1")
	var got []string
	client := newClient(t, g, mock, func(c *messenger.ClientConfig) {
		c.OnSuspend = func(_ context.Context, s messenger.PageSuspended) {
			got = append(got, fmt.Sprint(s.Page, " ", s.Cause, " lifted ", s.Lifted))
		}
		c.OnDisconnect = func(_ context.Context, d messenger.PageDisconnected) { t.Errorf("lost: %+v", d) }
	})
	round := func() {
		t.Helper()
		if _, err := client.CheckPage(ctx, "PAGE1"); err != nil {
			t.Error(err)
		}
		if _, err := client.SendMessage(ctx, messenger.OutMessage{Page: "PAGE1", To: messenger.Recipient{ID: "PSID1"}, Text: "hi"}); err != nil {
			t.Error(err)
		}
	}
	round()
	p.SetState(messengertest.PageUnpublished)
	round()
	round()
	p.SetState(messengertest.PagePublished)
	round()
	p.SetState(messengertest.PageUnpublished)
	round()
	client.Connected(ctx, "PAGE1")
	want := []string{
		"PAGE1 unpublished lifted false", "PAGE1 unpublished lifted true", "PAGE1 unpublished lifted false", "PAGE1 unpublished lifted true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHumanAgentWithoutTheFeature proves that an app that uses the tag before Meta has granted
// it loses that message alone, and not the page.
func TestHumanAgentWithoutTheFeature(t *testing.T) {
	g, mock, ana := start(t, messengertest.Config{})
	client := newClient(t, g, mock, func(c *messenger.ClientConfig) {
		c.HumanAgent = true
		c.OnDisconnect = func(_ context.Context, d messenger.PageDisconnected) { t.Errorf("lost: %+v", d) }
	})
	wrote := mock.Now()
	mock.Add(25 * time.Hour)
	_, err := client.Send(t.Context(), switchboard.Outbound{
		Key: "c1.2", Channel: messenger.Channel, Source: "PAGE1", Customer: "PSID1", Text: "late",
		Author: conversation.Author{Kind: conversation.FromAgent, ID: "ann"}, LastCustomer: wrote,
	})
	var failed *switchboard.SendError
	if !errors.As(err, &failed) || failed.Why != conversation.FailAccess || failed.Temporary || len(ana.Received()) != 0 {
		t.Errorf("%v, received %v", err, ana.Received())
	}
}

// TestE2EPageLost is the story of an administrator who changes the password: the
// next answer finds out, the Board interrupts, and a new token mends it.
func TestE2EPageLost(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lose  func(*messengertest.Page)
		cause messenger.Cause
	}{
		{"password", func(p *messengertest.Page) { p.SetToken(messengertest.TokenPasswordChanged) }, messenger.CausePassword},
		{"expired", func(p *messengertest.Page) { p.SetToken(messengertest.TokenExpired) }, messenger.CauseExpired},
		{"role", func(p *messengertest.Page) { p.SetToken(messengertest.TokenRoleLost) }, messenger.CauseRoleLost},
		{"app", func(p *messengertest.Page) { p.SetToken(messengertest.TokenAppRemoved) }, messenger.CauseAppRemoved},
		{"revoked", func(p *messengertest.Page) { p.SetToken(messengertest.TokenInvalid) }, messenger.CauseToken},
		{"gone", func(p *messengertest.Page) { p.SetState(messengertest.PageGone) }, messenger.CausePageGone},
		{"permission", func(p *messengertest.Page) { p.Deny(messengertest.PermissionMessaging) }, messenger.CausePermission},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			g, mock, _ := start(t, messengertest.Config{})
			p := g.Page("PAGE1")
			ana := p.Person("PSID1")
			lost := make(chan messenger.PageDisconnected, 10)
			client := newClient(t, g, mock, func(c *messenger.ClientConfig) {
				c.OnDisconnect = func(_ context.Context, d messenger.PageDisconnected) { lost <- d }
			})
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			board, setup := newDesk(t, g, mock, client, nil)
			ann := board.Agent("ann")
			ana.Write("Good morning")
			g.Flush()
			id, err := board.CustomerConversation(ctx, "PAGE1", "PSID1")
			must(err)
			must(ann.Accept(ctx, id))

			tt.lose(p)
			no, err := ann.Send(ctx, id, "Good morning, Ana")
			must(err)
			must(board.Quiet(ctx))
			c, err := board.Conversation(ctx, id)
			must(err)
			if d := c.Message(no).Delivery; d.Status != conversation.StatusFailed || d.Why != conversation.FailAccess {
				t.Errorf("the answer: %+v", d)
			}
			var d messenger.PageDisconnected
			select {
			case d = <-lost:
			case <-time.After(10 * time.Second):
				t.Fatal("nobody was told that the page is lost")
			}
			if d.Page != "PAGE1" || d.Cause != tt.cause {
				t.Errorf("told %+v, want cause %q", d, tt.cause)
			}
			must(messenger.Interrupt(ctx, board, d))
			if c, err = board.Conversation(ctx, id); err != nil || c.State != conversation.Interrupted {
				t.Errorf("the conversation is %v, %v; want it interrupted", c.State, err)
			}
			if len(g.Delivered()) != 0 {
				t.Errorf("delivered %v", g.Delivered())
			}

			p.SetState(messengertest.PagePublished)
			p.Permit(messengertest.PermissionMessaging)
			p.NewToken()
			_, err = board.Administrator("root").Do(ctx, routing.PutSource{Source: setup.Sources[0]})
			must(err)
			client.Connected(ctx, "PAGE1")
			ana.Write("Are you there?")
			g.Flush()
			again, err := board.CustomerConversation(ctx, "PAGE1", "PSID1")
			must(err)
			if again == id {
				t.Fatal("the message went to the interrupted conversation")
			}
			must(ann.Accept(ctx, again))
			_, err = ann.Send(ctx, again, "We are back")
			must(err)
			must(board.Quiet(ctx))
			if got := ana.Received(); len(got) != 1 || got[0].Text != "We are back" {
				t.Errorf("received %v", got)
			}
		})
	}
}

// TestE2EUnsubscribed is the story of an endpoint that was down for over an hour.
func TestE2EUnsubscribed(t *testing.T) {
	g, mock, _ := start(t, messengertest.Config{})
	p := g.Page("PAGE1")
	client := newClient(t, g, mock, nil)
	var mu sync.Mutex
	var came []string
	down := true
	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: g.VerifyToken(), AppSecrets: []messenger.Secret{g.AppSecret()}, Clock: mock,
		Boards: func(conversation.Source) messenger.Receiver {
			return receiver(func(c switchboard.Command) error {
				mu.Lock()
				defer mu.Unlock()
				if in, ok := c.Do.(conversation.Inbound); ok && !down {
					came = append(came, in.Text)
				} else if down {
					return errors.New("the store is away")
				}
				return nil
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	g.Serve(webhook)
	p.Person("PSID1").Write("into the void")
	for range 80 {
		g.Flush()
		mock.Add(time.Minute)
	}
	if p.Subscribed() != nil {
		t.Fatal("still subscribed")
	}
	mu.Lock()
	down = false
	mu.Unlock()
	dog, err := messenger.NewWatchdog(messenger.WatchdogConfig{
		Client: client, LastHeard: webhook.LastHeard, Clock: mock, Silence: time.Minute,
		Pages: func() []conversation.Source { return []conversation.Source{"PAGE1"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		mock.Add(10 * time.Minute)
		dog.Check(t.Context())
	}
	if len(p.Subscribed()) == 0 {
		t.Fatal("the watchdog did not subscribe the page again")
	}
	p.Person("PSID1").Write("hello again")
	g.Flush()
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"hello again"}, came); diff != "" {
		t.Errorf("came (-want +got):\n%s", diff)
	}
}

// receiver is a Receiver made of a function.
type receiver func(switchboard.Command) error

func (r receiver) Do(_ context.Context, c switchboard.Command) (switchboard.Result, error) {
	return switchboard.Result{}, r(c)
}
