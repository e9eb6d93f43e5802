package messenger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

type object = map[string]any

// record answers every call and keeps the last.
type record struct {
	answer       string
	method, path string
	query        string
	body         object
}

func (r *record) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.method, r.path, r.query, r.body = q.Method, strings.TrimPrefix(q.URL.Path, "/v26.0/"), q.URL.RawQuery, nil
	_ = json.NewDecoder(q.Body).Decode(&r.body)
	delete(r.body, "appsecret_proof")
	_, _ = io.WriteString(w, r.answer)
}

// TestCalls proves of each call what is asked of Meta.
func TestCalls(t *testing.T) {
	who := object{"id": "PSID1"}
	const p, u = conversation.Source("PAGE1"), conversation.Customer("PSID1")
	for _, tc := range []struct {
		name, answer, call string
		want               object
		do                 func(c *messenger.Client) error
	}{
		{"typing", `{"recipient_id":"PSID1"}`, "POST me/messages", object{"recipient": who, "sender_action": "typing_on"},
			func(c *messenger.Client) error { return c.Typing(t.Context(), p, u, true) }},
		{"no typing", `{"recipient_id":"PSID1"}`, "POST me/messages", object{"recipient": who, "sender_action": "typing_off"},
			func(c *messenger.Client) error { return c.Typing(t.Context(), p, u, false) }},
		{"seen", `{"recipient_id":"PSID1"}`, "POST me/messages", object{"recipient": who, "sender_action": "mark_seen"},
			func(c *messenger.Client) error { return c.MarkSeen(t.Context(), p, u) }},
		{"react", `{}`, "POST me/messages", object{"recipient": who, "sender_action": "react", "payload": object{"message_id": "m_A1", "reaction": "x"}},
			func(c *messenger.Client) error { return c.React(t.Context(), p, u, "m_A1", "x") }},
		{"unreact", `{}`, "POST me/messages", object{"recipient": who, "sender_action": "unreact", "payload": object{"message_id": "m_A1"}},
			func(c *messenger.Client) error { return c.React(t.Context(), p, u, "m_A1", "") }},
		{"pass", `{"success":true}`, "POST me/pass_thread_control", object{"recipient": who, "target_app_id": messenger.InboxApp, "metadata": "m"},
			func(c *messenger.Client) error { return c.PassThread(t.Context(), p, u, messenger.InboxApp, "m") }},
		{"take", `{"success":"true"}`, "POST me/take_thread_control", object{"recipient": who, "metadata": "m"},
			func(c *messenger.Client) error { return c.TakeThread(t.Context(), p, u, "m") }},
		{"request", `{"success":true}`, "POST me/request_thread_control", object{"recipient": who, "metadata": "m"},
			func(c *messenger.Client) error { return c.RequestThread(t.Context(), p, u, "m") }},
		{"release", `{"success":true}`, "POST me/release_thread_control", object{"recipient": who},
			func(c *messenger.Client) error { return c.ReleaseThread(t.Context(), p, u, "") }},
		{"extend", `{"success":true}`, "POST me/extend_thread_control", object{"recipient": who, "duration": 3600.0},
			func(c *messenger.Client) error { return c.ExtendThread(t.Context(), p, u, time.Hour) }},
		{"upload", `{"attachment_id":1857}`, "POST me/message_attachments",
			object{"message": object{"attachment": object{"type": "image", "payload": object{"url": "https://x", "is_reusable": true}}}},
			func(c *messenger.Client) error {
				id, err := c.Upload(t.Context(), p, conversation.Image, "https://x")
				if err == nil && id != "1857" {
					t.Errorf("id %q", id)
				}
				return err
			}},
	} {
		r := &record{answer: tc.answer}
		c := newClient(t, r.ServeHTTP, nil)
		if err := tc.do(c); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got := r.method + " " + r.path; got != tc.call || r.query != "" {
			t.Errorf("%s: %s?%s", tc.name, got, r.query)
		}
		if diff := cmp.Diff(tc.want, r.body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		r.answer = graphError(100, 0)
		if err := tc.do(c); !isCallError(err, conversation.FailContent) {
			t.Errorf("%s, refused: %v", tc.name, err)
		}
	}
}

// TestCallsRefused proves that what cannot be asked is not.
func TestCallsRefused(t *testing.T) {
	c := newClient(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("called %s", r.URL.Path) }, nil)
	const p, u = conversation.Source("PAGE1"), conversation.Customer("PSID1")
	errs := map[string]error{
		"typing to nobody":     c.Typing(t.Context(), p, "", true),
		"typing of a stranger": c.Typing(t.Context(), "PAGE2", u, true),
		"pass to nobody":       c.PassThread(t.Context(), p, u, "", ""),
		"pass of nobody":       c.PassThread(t.Context(), p, "", "1", ""),
		"long metadata":        c.TakeThread(t.Context(), p, u, strings.Repeat("x", 1001)),
		"extend too long":      c.ExtendThread(t.Context(), p, u, 8*24*time.Hour),
		"extend for nothing":   c.ExtendThread(t.Context(), p, u, 0),
	}
	_, errs["upload of a sticker"] = c.Upload(t.Context(), p, conversation.Sticker, "https://x")
	_, errs["upload of http"] = c.Upload(t.Context(), p, conversation.Image, "http://x")
	_, errs["owner of nobody"] = c.ThreadOwner(t.Context(), p, "")
	_, errs["profile of a path"] = c.Profile(t.Context(), p, "../me")
	_, errs["large image"] = c.UploadFile(t.Context(), p, messenger.LocalFile{Kind: conversation.Image, Data: io.LimitReader(zeros{}, messenger.MaxImage+1)})
	_, errs["broken file"] = c.UploadFile(t.Context(), p, messenger.LocalFile{Kind: conversation.Image, Data: broken{}})
	for name, err := range errs {
		var e *messenger.CallError
		if !errors.As(err, &e) || e.Temporary || e.Ambiguous || e.Detail == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUploadFile proves what Meta gets of a file of ours, whatever its name.
func TestUploadFile(t *testing.T) {
	fields := map[string]string{}
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			t.Error(err)
		}
		form := multipart.NewReader(r.Body, params["boundary"])
		for {
			part, err := form.NextPart()
			if err != nil {
				break
			}
			data, _ := io.ReadAll(part)
			fields[part.FormName()] = part.FileName() + "|" + part.Header.Get("Content-Type") + "|" + string(data)
		}
		_, _ = io.WriteString(w, `{"attachment_id":"9"}`)
	}, func(c *messenger.ClientConfig) { c.NoProof = true })
	id, err := c.UploadFile(t.Context(), "PAGE1", messenger.LocalFile{Kind: conversation.File, Name: "a\"\r\nX: y.pdf", Type: "application/pdf", Data: bytes.NewReader([]byte("%PDF"))})
	if err != nil || id != "9" {
		t.Fatal(id, err)
	}
	want := map[string]string{
		"message":  `||{"attachment":{"type":"file","payload":{"is_reusable":true}}}`,
		"filedata": `a___X: y.pdf|application/pdf|%PDF`,
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSendMessage proves what goes out of each kind of message, and what does not.
func TestSendMessage(t *testing.T) {
	type m = messenger.OutMessage
	to := messenger.Recipient{ID: "PSID1"}
	text := func(n int) string { return strings.Repeat("x", n) }
	base := func(message object) object {
		return object{"recipient": object{"id": "PSID1"}, "messaging_type": "RESPONSE", "message": message}
	}
	button := messenger.Button{Kind: messenger.ButtonPostback, Title: "Go", Payload: "GO"}
	for _, tc := range []struct {
		name string
		m    messenger.OutMessage
		want object // nil when it is refused
	}{
		{"quick replies", m{To: to, Text: "Size?", QuickReplies: []messenger.QuickReply{{Title: "M", Payload: "SIZE_M"}, {Kind: "user_email"}}},
			base(object{"text": "Size?", "quick_replies": []any{object{"content_type": "text", "title": "M", "payload": "SIZE_M"}, object{"content_type": "user_email"}}})},
		{"buttons", m{To: to, Template: &messenger.Template{Text: "Well?", Buttons: []messenger.Button{button, {Kind: messenger.ButtonURL, Title: "Shop", URL: "https://x"}}}},
			base(object{"attachment": object{"type": "template", "payload": object{"template_type": "button", "text": "Well?",
				"buttons": []any{object{"type": "postback", "title": "Go", "payload": "GO"}, object{"type": "web_url", "title": "Shop", "url": "https://x"}}}}})},
		{"cards", m{To: to, Template: &messenger.Template{Elements: []messenger.Element{{Title: "T", Subtitle: "S", ImageURL: "https://i", URL: "https://u", Buttons: []messenger.Button{button}}}}},
			base(object{"attachment": object{"type": "template", "payload": object{"template_type": "generic", "elements": []any{object{"title": "T", "subtitle": "S", "image_url": "https://i",
				"default_action": object{"type": "web_url", "url": "https://u"}, "buttons": []any{object{"type": "postback", "title": "Go", "payload": "GO"}}}}}}})},
		{"reusable", m{To: to, Media: &messenger.Media{Kind: conversation.Video, URL: "https://v", Reusable: true}},
			base(object{"attachment": object{"type": "video", "payload": object{"url": "https://v", "is_reusable": true}}})},
		{"sticker", m{To: to, StickerID: "369239263222822"}, base(object{"sticker_id": "369239263222822"})},
		{"everything beside", m{To: messenger.Recipient{Token: "T"}, Type: messenger.MessageTag, Tag: messenger.HumanAgent, Text: "x", Metadata: "k", ReplyTo: "m_A", Persona: "7",
			Silent: true, HandOver: &messenger.HandOver{App: "9"}},
			object{"recipient": object{"notification_messages_token": "T"}, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT", "message": object{"text": "x", "metadata": "k"},
				"reply_to": object{"mid": "m_A"}, "persona_id": "7", "notification_type": "NO_PUSH", "thread_control": object{"control_type": "pass", "app_id": "9"}}},
		{"release", m{To: messenger.Recipient{CommentID: "c"}, Text: "x", HandOver: &messenger.HandOver{}},
			object{"recipient": object{"comment_id": "c"}, "messaging_type": "RESPONSE", "message": object{"text": "x"}, "thread_control": object{"control_type": "release"}}},
		{"images on Instagram", m{Channel: messenger.InstagramChannel, To: to, Images: []string{"https://1", "https://2"}},
			base(object{"attachments": []any{object{"type": "image", "payload": object{"url": "https://1"}}, object{"type": "image", "payload": object{"url": "https://2"}}}})},

		{"images on Messenger", m{To: to, Images: []string{"https://1"}}, nil},
		{"eleven images", m{Channel: messenger.InstagramChannel, To: to, Images: strings.Fields(strings.Repeat("https://1 ", 11))}, nil},
		{"nobody", m{Text: "x"}, nil},
		{"two recipients", m{To: messenger.Recipient{ID: "1", UserRef: "2"}, Text: "x"}, nil},
		{"nothing", m{To: to}, nil},
		{"text and file", m{To: to, Text: "x", Media: &messenger.Media{Kind: conversation.File, ID: "1"}}, nil},
		{"file without either", m{To: to, Media: &messenger.Media{Kind: conversation.File}}, nil},
		{"file with both", m{To: to, Media: &messenger.Media{Kind: conversation.File, ID: "1", URL: "https://x"}}, nil},
		{"14 quick replies", m{To: to, Text: "x", QuickReplies: make([]messenger.QuickReply, 14)}, nil},
		{"long title", m{To: to, Text: "x", QuickReplies: []messenger.QuickReply{{Title: text(21)}}}, nil},
		{"no title", m{To: to, Text: "x", QuickReplies: []messenger.QuickReply{{Payload: "x"}}}, nil},
		{"long payload", m{To: to, Text: "x", QuickReplies: []messenger.QuickReply{{Title: "x", Payload: text(1001)}}}, nil},
		{"template of both", m{To: to, Template: &messenger.Template{Text: "x", Buttons: []messenger.Button{button}, Elements: []messenger.Element{{Title: "x"}}}}, nil},
		{"template of nothing", m{To: to, Template: &messenger.Template{}}, nil},
		{"text without buttons", m{To: to, Template: &messenger.Template{Text: "x"}}, nil},
		{"641 characters", m{To: to, Template: &messenger.Template{Text: text(641), Buttons: []messenger.Button{button}}}, nil},
		{"four buttons", m{To: to, Template: &messenger.Template{Text: "x", Buttons: []messenger.Button{button, button, button, button}}}, nil},
		{"button that leads nowhere", m{To: to, Template: &messenger.Template{Text: "x", Buttons: []messenger.Button{{Kind: messenger.ButtonURL, Title: "x"}}}}, nil},
		{"button to http", m{To: to, Template: &messenger.Template{Text: "x", Buttons: []messenger.Button{{Kind: messenger.ButtonURL, Title: "x", URL: "http://x"}}}}, nil},
		{"button of no kind", m{To: to, Template: &messenger.Template{Text: "x", Buttons: []messenger.Button{{Title: "x"}}}}, nil},
		{"eleven cards", m{To: to, Template: &messenger.Template{Elements: make([]messenger.Element, 11)}}, nil},
		{"card without a title", m{To: to, Template: &messenger.Template{Elements: make([]messenger.Element, 1)}}, nil},
		{"card with a bad button", m{To: to, Template: &messenger.Template{Elements: []messenger.Element{{Title: "x", Buttons: []messenger.Button{{}}}}}}, nil},
	} {
		r := &record{answer: `{"message_id":"m_X","recipient_id":"PSID1","attachment_id":5}`}
		tc.m.Page = "PAGE1"
		sent, err := newClient(t, r.ServeHTTP, nil).SendMessage(t.Context(), tc.m)
		if tc.want == nil {
			var failed *switchboard.SendError
			if !errors.As(err, &failed) || failed.Why != conversation.FailContent || failed.Detail == "" || r.method != "" {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		if diff := cmp.Diff(messenger.Sent{MessageID: "m_X", RecipientID: "PSID1", AttachmentID: "5"}, sent); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tc.name, err, diff)
		}
		if diff := cmp.Diff(tc.want, r.body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestInstagramSend proves that Instagram goes through the page of the token.
func TestInstagramSend(t *testing.T) {
	r := &record{answer: `{"message_id":"m_X"}`}
	c := newClient(t, r.ServeHTTP, func(c *messenger.ClientConfig) {
		c.Token = func(conversation.Source) (messenger.Secret, bool) { return pageToken, true }
	})
	m := hello()
	m.Channel, m.Source = messenger.InstagramChannel, "IG1"
	if _, err := c.Send(t.Context(), m); err != nil || r.path != "me/messages" {
		t.Errorf("%s, %v", r.path, err)
	}
}

func TestThreadOwner(t *testing.T) {
	for answer, want := range map[string]messenger.ThreadOwner{
		`{"data":[{"thread_owner":{"app_id":1,"expiration":1767225600}}]}`: {App: "1", Expires: mark},
		`{"data":[{"thread_owner":null}]}`:                                 {},
		`{"data":[]}`:                                                      {},
		`{}`:                                                               {},
	} {
		r := &record{answer: answer}
		got, err := newClient(t, r.ServeHTTP, func(c *messenger.ClientConfig) { c.NoProof = true }).ThreadOwner(t.Context(), "PAGE1", "PSID1")
		if diff := cmp.Diff(want, got); diff != "" || err != nil || r.query != "recipient=PSID1" {
			t.Errorf("%s: %s %v (-want +got):\n%s", answer, r.query, err, diff)
		}
	}
}

// TestProfile proves that profiles are remembered, also that there is none, that several
// who ask cause one call, and what is done without a name.
func TestProfile(t *testing.T) {
	var calls atomic.Int32
	answer := atomic.Pointer[string]{}
	set := func(s string) { answer.Store(&s) }
	release := make(chan struct{})
	clock := &hands{at: stamp}
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		<-release
		_, _ = io.WriteString(w, *answer.Load())
	}, func(c *messenger.ClientConfig) { c.Clock = clock })
	set(`{"id":"PSID1","name":"Eva Nováková","first_name":"Eva","last_name":"Nováková","profile_pic":"https://p"}`)
	want := messenger.Profile{Name: "Eva Nováková", FirstName: "Eva", LastName: "Nováková", PictureURL: "https://p"}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			got, err := c.Profile(t.Context(), "PAGE1", "PSID1")
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	close(release)
	wait.Wait()
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
	ask := func(after time.Duration, who conversation.Customer) error {
		clock.turn(after)
		_, err := c.Profile(t.Context(), "PAGE1", who)
		return err
	}
	set(`{}`)
	if err := ask(24*time.Hour-1, "PSID1"); err != nil || calls.Load() != 1 {
		t.Errorf("within a day: %v, %d calls", err, calls.Load())
	}
	if err := ask(1, "PSID1"); !errors.Is(err, messenger.ErrNoProfile) || calls.Load() != 2 {
		t.Errorf("after a day: %v, %d calls", err, calls.Load())
	}
	if err := ask(time.Hour-1, "PSID1"); !errors.Is(err, messenger.ErrNoProfile) || calls.Load() != 2 {
		t.Errorf("that there is none is forgotten: %v, %d calls", err, calls.Load())
	}
	c.ForgetProfile("PAGE1", "PSID1")
	for _, none := range []string{graphError(2018218, 0), graphError(100, 33), graphError(10, 0), graphError(2018247, 0)} {
		set(none)
		c.ForgetProfile("PAGE1", "P3")
		if err := ask(0, "P3"); !errors.Is(err, messenger.ErrNoProfile) {
			t.Errorf("%s: %v", none, err)
		}
	}
	set(graphError(2, 0))
	n := calls.Load()
	for range 2 {
		if err := ask(0, "P4"); err == nil || errors.Is(err, messenger.ErrNoProfile) {
			t.Errorf("a passing error: %v", err)
		}
	}
	if calls.Load() != n+2 {
		t.Error("a passing error is remembered")
	}
	for _, tc := range []struct {
		p              messenger.Profile
		name, initials string
	}{
		{want, "Eva Nováková", "EN"},
		{messenger.Profile{FirstName: "žofie"}, "žofie", "Ž"},
		{messenger.Profile{Name: "Jan  van der Berg"}, "Jan  van der Berg", "JB"},
		{messenger.Profile{}, "Customer ...1234", ""},
	} {
		if tc.p.DisplayName("9991234") != tc.name || tc.p.Initials() != tc.initials {
			t.Errorf("%+v: %q %q", tc.p, tc.p.DisplayName("9991234"), tc.p.Initials())
		}
	}
}

// TestGETsHaveNoTokenInTheURL proves where secrets go.
func TestGETsHaveNoTokenInTheURL(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.String(), pageToken.Reveal()) || r.Header.Get("Authorization") != "Bearer "+pageToken.Reveal() ||
			r.URL.Query().Get("appsecret_proof") == "" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		_, _ = io.WriteString(w, `{"name":"x"}`)
	}, nil)
	if _, err := c.Profile(t.Context(), "PAGE1", "PSID1"); err != nil {
		t.Error(err)
	}
	c = newClient(t, nil, func(c *messenger.ClientConfig) {
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("cannot reach " + r.URL.String())
		})}
	})
	_, err := c.Profile(t.Context(), "PAGE1", "PSID1")
	if err == nil || strings.Contains(err.Error(), "2041874c") {
		t.Errorf("the proof shows: %v", err)
	}
}
