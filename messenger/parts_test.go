package messenger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// graph is a Graph API that notes each call and answers as it is told.
type graph struct {
	answer func(call string) (status int, body string) // status 0: no answer at all

	mu    sync.Mutex
	calls []string
	n     int
}

func (g *graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var m struct {
		Message struct {
			Text, Metadata string
			Attachment     struct {
				Payload struct{ URL, Attachment_id string }
			}
		}
		Persona string               `json:"persona_id"`
		ReplyTo struct{ Mid string } `json:"reply_to"`
		Name    string
	}
	_ = json.Unmarshal(body, &m)
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v26.0/")
	for _, s := range []string{m.Message.Text, m.Message.Attachment.Payload.URL, m.Message.Attachment.Payload.Attachment_id, m.Message.Metadata, m.ReplyTo.Mid, m.Persona, m.Name} {
		if s != "" {
			call += " " + s
		}
	}
	g.mu.Lock()
	g.calls = append(g.calls, call)
	g.n++
	status, answer := 200, fmt.Sprintf(`{"recipient_id":"PSID1","message_id":"m_X%d"}`, g.n)
	g.mu.Unlock()
	if g.answer != nil {
		if s, a := g.answer(call); a != "" || s == 0 {
			status, answer = s, a
		}
	}
	if status == 0 {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
		return
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

// took returns the calls since the last time.
func (g *graph) took() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := g.calls
	g.calls = nil
	return out
}

func graphError(code, subcode int) string {
	return fmt.Sprintf(`{"error":{"message":"no","code":%d,"error_subcode":%d}}`, code, subcode)
}

// clientOf returns a client of a graph.
func clientOf(t testing.TB, g *graph, change func(*messenger.ClientConfig)) *messenger.Client {
	t.Helper()
	return newClient(t, g.ServeHTTP, change)
}

// album is a message of three parts.
func album() switchboard.Outbound {
	m := hello()
	m.Key, m.ReplyTo = "c1.2", "m_A0"
	m.Attachments = []conversation.Attachment{
		{Kind: conversation.Image, Reference: "https://x.example/1.png"},
		{Kind: conversation.File, Reference: messenger.AttachmentReference("1857")},
	}
	return m
}

// TestE80SeveralPartsGoInOrder proves that a text and attachments go out one after the
// other, the text as the answer, and that the last alone carries the key.
func TestE80SeveralPartsGoInOrder(t *testing.T) {
	g := &graph{}
	receipt, err := clientOf(t, g, nil).Send(t.Context(), album())
	if err != nil || receipt.ExternalID != "m_X3" {
		t.Errorf("%+v, %v", receipt, err)
	}
	want := []string{
		"POST me/messages Hello c1.2/1 m_A0",
		"POST me/messages https://x.example/1.png c1.2/2",
		"POST me/messages 1857 c1.2",
	}
	if diff := cmp.Diff(want, g.took()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// echoOf returns the event of an echo.
func echoOf(t *testing.T, metadata, mid string) *messenger.Event {
	t.Helper()
	events, err := messenger.Parse(page(`{` + echoed + fmt.Sprintf(`,"message":{"is_echo":true,"mid":%q,"metadata":%q,"text":"x"}}`, mid, metadata)))
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	return &events[0]
}

// TestSettleByEcho proves of every part that may or may not have arrived that the echo
// tells, that what has arrived is not sent again, and that without the echo nothing is.
func TestSettleByEcho(t *testing.T) {
	second := "POST me/messages https://x.example/1.png c1.2/2"
	third := "POST me/messages 1857 c1.2"
	lose := func(part string) *graph {
		lost := false
		return &graph{answer: func(call string) (int, string) {
			if strings.HasSuffix(call, part) && !lost {
				lost = true
				return 0, ""
			}
			return 200, ""
		}}
	}
	settle := func(c *messenger.Client, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt) {
		t.Helper()
		s, r, err := c.Settle(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return s, r
	}
	t.Run("a part before the last", func(t *testing.T) {
		traffic := &messenger.Traffic{}
		g := lose("c1.2/2")
		c := clientOf(t, g, func(c *messenger.ClientConfig) { c.Traffic = traffic })
		m := album()
		_, err := c.Send(t.Context(), m)
		var failed *switchboard.SendError
		if !errors.As(err, &failed) || !failed.Ambiguous || failed.Sent != 1 || !strings.HasPrefix(failed.Detail, "parts of the message were sent, the first 1") {
			t.Fatalf("%v", err)
		}
		g.took()
		m.Sent = failed.Sent
		if s, _ := settle(c, m); s != switchboard.Unsure {
			t.Errorf("without an echo: %v", s)
		}
		traffic.See(echoOf(t, "c1.2/1", "m_X1")) // of the part before
		if s, _ := settle(c, m); s != switchboard.Unsure {
			t.Errorf("with the echo of the part before: %v", s)
		}
		traffic.See(echoOf(t, "c1.2/2", "m_X2"))
		s, r := settle(c, m)
		if s != switchboard.NotSent || r.Sent != 2 {
			t.Errorf("with the echo: %v %+v", s, r)
		}
		m.Doubtful = true // nobody knows whether it stopped there
		if s, _ := settle(c, m); s != switchboard.Unsure {
			t.Errorf("after a crash: %v", s)
		}
		m.Attempt, m.Sent, m.Doubtful = 2, r.Sent, false
		if r, err := c.Send(t.Context(), m); err != nil || r.ExternalID != "m_X3" {
			t.Errorf("%+v, %v", r, err)
		}
		if diff := cmp.Diff([]string{third}, g.took()); diff != "" {
			t.Errorf("the rest (-want +got):\n%s", diff)
		}
	})
	t.Run("the last part", func(t *testing.T) {
		traffic := &messenger.Traffic{}
		c := clientOf(t, lose("c1.2"), func(c *messenger.ClientConfig) { c.Traffic = traffic })
		m := album()
		_, err := c.Send(t.Context(), m)
		var failed *switchboard.SendError
		if !errors.As(err, &failed) || failed.Sent != 2 {
			t.Fatal(err)
		}
		m.Sent = failed.Sent
		traffic.See(echoOf(t, "c1.2/2", "m_X2"))
		if s, _ := settle(c, m); s != switchboard.Unsure {
			t.Errorf("with the echo of the part before: %v", s)
		}
		traffic.See(echoOf(t, "c1.2", "m_X3"))
		if s, r := settle(c, m); s != switchboard.Arrived || r.ExternalID != "m_X3" || !r.At.Equal(stamp) {
			t.Errorf("with the echo: %v %+v", s, r)
		}
	})
	t.Run("another customer's echo", func(t *testing.T) {
		traffic := &messenger.Traffic{}
		c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) { c.Traffic = traffic })
		m := hello()
		m.Key, m.Customer = "c1.2", "PSID2"
		traffic.See(echoOf(t, "c1.2", "m_X3"))
		if s, _ := settle(c, m); s != switchboard.Unsure {
			t.Errorf("%v", s)
		}
	})
	t.Run("temporary failure goes on where it stopped", func(t *testing.T) {
		n := 0
		g := &graph{answer: func(call string) (int, string) {
			if strings.HasSuffix(call, "c1.2/2") {
				if n++; n == 1 {
					return 400, graphError(2, 0)
				}
			}
			return 200, ""
		}}
		c := clientOf(t, g, nil)
		m := album()
		_, err := c.Send(t.Context(), m)
		var failed *switchboard.SendError
		if !errors.As(err, &failed) || !failed.Temporary {
			t.Fatal(err)
		}
		g.took()
		m.Attempt, m.Sent = 2, failed.Sent
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{second, third}, g.took()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("another process goes on", func(t *testing.T) {
		g := &graph{}
		m := album()
		m.Attempt, m.Sent = 2, 1
		if r, err := clientOf(t, g, nil).Send(t.Context(), m); err != nil || r.ExternalID == "" {
			t.Errorf("%+v, %v", r, err)
		}
		if diff := cmp.Diff([]string{second, third}, g.took()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("too late for the rest", func(t *testing.T) {
		m := album()
		m.Attempt, m.Sent, m.LastCustomer = 2, 1, stamp.Add(-messenger.HumanAgentWindow)
		_, err := clientOf(t, &graph{}, nil).Send(t.Context(), m)
		var failed *switchboard.SendError
		if !errors.As(err, &failed) || failed.Why != conversation.FailWindow || !strings.HasPrefix(failed.Detail, "parts of the message were sent") {
			t.Errorf("%v", err)
		}
	})
}

// TestBoardSettlesByEcho proves end to end that a message whose answer was lost is sent
// once and ends as sent, by its echo through the webhook.
func TestBoardSettlesByEcho(t *testing.T) {
	traffic := &messenger.Traffic{}
	arrived := make(chan string, 1)
	g := &graph{answer: func(call string) (int, string) {
		arrived <- call
		return 0, ""
	}}
	client := clientOf(t, g, func(c *messenger.ClientConfig) { c.Traffic, c.Clock = traffic, nil })
	board := openBoardWith(t, switchboard.Config{Transports: map[conversation.Channel]switchboard.Transport{messenger.Channel: client}})
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": board}, func(c *messenger.WebhookConfig) { c.Traffic = traffic })
	id, err := board.Receive(t.Context(), conversation.Inbound{Channel: "messenger", Source: "PAGE1", Customer: "PSID1", ExternalID: "m1", Text: "hi"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := board.Bot("b").Send(t.Context(), id, "Hello"); err != nil {
		t.Fatal(err)
	}
	key := strings.Fields(<-arrived)[3]
	echo := fmt.Sprintf(`{"sender":{"id":"PAGE1"},"recipient":{"id":"PSID1"},"timestamp":%d,"message":{"is_echo":true,"app_id":1,"mid":"m_E1","metadata":%q,"text":"Hello"}}`,
		time.Now().UnixMilli(), key)
	if got := serve(w, signed(page(echo))).StatusCode; got != 200 {
		t.Fatalf("status %d", got)
	}
	if err := board.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := transcript(t, board, id)
	want := map[string]line{
		"m1":   {Author: conversation.FromCustomer, Text: "hi"},
		"m_E1": {Author: conversation.FromBot, Text: "Hello", Status: conversation.StatusSent},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if calls := g.took(); len(calls) != 1 {
		t.Errorf("sent %d times", len(calls))
	}
}

// TestTrafficOpensTheWindow proves that a reaction and a click on a link open the reply
// window as a message does, and an echo and taking a reaction back do not.
func TestTrafficOpensTheWindow(t *testing.T) {
	for part, want := range map[string]bool{
		`"reaction":{"mid":"m","action":"react","reaction":"like"}`: true,
		`"reaction":{"mid":"m","action":"unreact"}`:                 false,
		`"referral":{"source":"SHORTLINK","type":"OPEN_THREAD"}`:    true,
		`"read":{"watermark":1767225600000}`:                        false,
	} {
		traffic := &messenger.Traffic{}
		events, err := messenger.Parse(page(`{` + s + `,` + part + `}`))
		if err != nil {
			t.Fatal(err)
		}
		traffic.See(&events[0])
		c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) { c.Traffic = traffic })
		m := hello()
		m.LastCustomer = stamp.Add(-30 * time.Hour)
		if _, err := c.Send(t.Context(), m); (err == nil) != want {
			t.Errorf("%s: %v", part, err)
		}
	}
}

// TestPersonas proves that an agent appears under their name: the persona is looked for,
// made once, remembered, and done without where Meta has none.
func TestPersonas(t *testing.T) {
	picture := func(c *messenger.ClientConfig) {
		c.PersonaPicture = func(conversation.Source, conversation.Author, string) string { return "https://x.example/a.png" }
	}
	m := hello()
	m.AuthorName = "Ann"
	type step = []string
	for _, tc := range []struct {
		name        string
		list, make  string
		status      int
		refuse      bool
		first, next step
	}{
		{"there already", `{"data":[{"id":"776","name":"Bob"},{"id":777,"name":"Ann"}]}`, "", 200, false,
			step{"GET me/personas", "POST me/messages Hello k1 777"}, step{"POST me/messages Hello k1 777"}},
		{"made", `{"data":[]}`, `{"id":"778"}`, 200, false,
			step{"GET me/personas", "POST me/personas Ann", "POST me/messages Hello k1 778"}, step{"POST me/messages Hello k1 778"}},
		{"not to be had", graphError(100, 0), "", 400, false,
			step{"GET me/personas", "POST me/messages Hello k1"}, step{"POST me/messages Hello k1"}},
		{"refused with the message", `{"data":[{"id":"777","name":"Ann"}]}`, "", 200, true,
			step{"GET me/personas", "POST me/messages Hello k1 777", "POST me/messages Hello k1"}, step{"POST me/messages Hello k1"}},
	} {
		g := &graph{answer: func(call string) (int, string) {
			switch {
			case call == "GET me/personas":
				return tc.status, tc.list
			case strings.HasPrefix(call, "POST me/personas"):
				return 200, tc.make
			case tc.refuse && strings.HasSuffix(call, "777"):
				return 400, graphError(100, 0)
			}
			return 200, ""
		}}
		c := clientOf(t, g, picture)
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.first, g.took()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.next, g.took()); diff != "" {
			t.Errorf("%s, again (-want +got):\n%s", tc.name, diff)
		}
	}
	bot := m
	bot.Author = conversation.Author{Kind: conversation.FromBot}
	g := &graph{}
	if _, err := clientOf(t, g, picture).Send(t.Context(), bot); err != nil || len(g.took()) != 1 {
		t.Errorf("a bot: %v", err)
	}
}

// TestPersonasAfterAFailure proves that what passes does not keep an agent's name away for an
// hour, and that a message that is refused for something else does not either.
func TestPersonasAfterAFailure(t *testing.T) {
	clock := &hands{at: stamp}
	busy, refuse := true, false
	g := &graph{answer: func(call string) (int, string) {
		switch {
		case busy && call == "GET me/personas":
			return 500, graphError(2, 0)
		case call == "GET me/personas":
			return 200, `{"data":[{"id":"777","name":"Ann"}]}`
		case refuse:
			return 400, graphError(100, 0)
		}
		return 200, ""
	}}
	c := clientOf(t, g, func(c *messenger.ClientConfig) {
		c.Clock = clock
		c.PersonaPicture = func(conversation.Source, conversation.Author, string) string { return "https://x.example/a.png" }
	})
	send := func(ctx context.Context) []string {
		m := hello()
		m.AuthorName, m.LastCustomer = "Ann", clock.Now()
		_, _ = c.Send(ctx, m)
		return g.took()
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, step := range []struct {
		name string
		ctx  context.Context
		then func()
		want []string
	}{
		{"given up", over, func() {}, nil},
		{"Meta is busy", t.Context(), func() { busy = false }, []string{"GET me/personas", "POST me/messages Hello k1"}},
		{"soon after", t.Context(), func() { clock.turn(time.Minute) }, []string{"POST me/messages Hello k1"}},
		{"a minute later", t.Context(), func() { refuse = true }, []string{"GET me/personas", "POST me/messages Hello k1 777"}},
		{"refused anyhow", t.Context(), func() { refuse = false }, []string{"POST me/messages Hello k1 777", "POST me/messages Hello k1"}},
		{"the next", t.Context(), func() {}, []string{"POST me/messages Hello k1 777"}},
	} {
		if diff := cmp.Diff(step.want, send(step.ctx)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		step.then()
	}
}

// TestPersonaCalls proves paging and the single calls.
func TestPersonaCalls(t *testing.T) {
	var queries []string
	server := func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.Method+" "+r.URL.Path+" after="+r.URL.Query().Get("after"))
		switch {
		case r.Method == http.MethodDelete:
			_, _ = io.WriteString(w, `{"success":true}`)
		case strings.HasSuffix(r.URL.Path, "/2"):
			_, _ = io.WriteString(w, `{"id":"2","name":"B","profile_picture_url":"https://p"}`)
		case r.URL.Query().Get("after") == "":
			_, _ = io.WriteString(w, `{"data":[{"id":"1","name":"A"}],"paging":{"cursors":{"before":"x","after":"y"},"next":"https://graph/next"}}`)
		default:
			_, _ = io.WriteString(w, `{"data":[{"id":"2","name":"B"}],"paging":{"cursors":{"after":"z"}}}`)
		}
	}
	c := newClient(t, server, nil)
	all, err := c.Personas(t.Context(), "PAGE1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]messenger.Persona{{ID: "1", Name: "A"}, {ID: "2", Name: "B"}}, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p, err := c.Persona(t.Context(), "PAGE1", "2")
	if diff := cmp.Diff(messenger.Persona{ID: "2", Name: "B", PictureURL: "https://p"}, p); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := c.DeletePersona(t.Context(), "PAGE1", "2"); err != nil {
		t.Error(err)
	}
	want := []string{"GET /v26.0/me/personas after=", "GET /v26.0/me/personas after=y", "GET /v26.0/2 after=", "DELETE /v26.0/2 after="}
	if diff := cmp.Diff(want, queries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []struct{ name, picture string }{{"", "https://p"}, {strings.Repeat("x", 51), "https://p"}, {"A", "http://p"}} {
		if _, err := c.CreatePersona(t.Context(), "PAGE1", bad.name, bad.picture); !isCallError(err, conversation.FailContent) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := c.DeletePersona(t.Context(), "PAGE1", "../me"); !isCallError(err, conversation.FailContent) {
		t.Error(err)
	}
}

func isCallError(err error, why conversation.FailCause) bool {
	var e *messenger.CallError
	return errors.As(err, &e) && e.Why == why && e.Detail != ""
}
