package messengertest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/messenger/messengertest"
)

// start makes a double on a fake clock with one page and one person who has written.
func start(t *testing.T, c messengertest.Config) (*messengertest.Graph, *clock.Mock, *messengertest.Person) {
	t.Helper()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC))
	c.Clock = mock
	g := messengertest.New(t, c)
	ana := g.Page("PAGE1").Person("PSID1")
	ana.Write("hello")
	return g, mock, ana
}

// call makes a call with the token of PAGE1 in the header. Body is JSON.
func call(t *testing.T, g *messengertest.Graph, method, path, body string) (int, map[string]any, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+g.Page("PAGE1").Token().Reveal())
	return do(t, r)
}

func do(t *testing.T, r *http.Request) (int, map[string]any, http.Header) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("HTTP %d %q: %v", resp.StatusCode, data, err)
	}
	return resp.StatusCode, m, resp.Header
}

// codes returns "code/subcode" of an answer, or "ok".
func codes(m map[string]any) string {
	e, failed := m["error"].(map[string]any)
	if !failed {
		return "ok"
	}
	s := fmt.Sprint(int(e["code"].(float64)))
	if sub, there := e["error_subcode"]; there {
		s += fmt.Sprint("/", int(sub.(float64)))
	}
	if e["fbtrace_id"] == "" || e["message"] == "" || e["type"] == "" {
		s += " incomplete"
	}
	return s
}

const hi = `{"recipient":{"id":"PSID1"},"messaging_type":"RESPONSE","message":{"text":"hi"}}`

func send(t *testing.T, g *messengertest.Graph, body string) string {
	t.Helper()
	_, m, _ := call(t, g, "POST", "/v26.0/PAGE1/messages", body)
	return codes(m)
}

func TestSend(t *testing.T) {
	g, mock, ana := start(t, messengertest.Config{})
	status, m, h := call(t, g, "POST", "/v26.0/me/messages",
		`{"recipient":{"id":"PSID1"},"messaging_type":"RESPONSE","message":{"text":"Dobrý den","metadata":"k1","quick_replies":[{"content_type":"text","title":"Yes","payload":"Y"}]}}`)
	if status != 200 || m["recipient_id"] != "PSID1" || len(fmt.Sprint(m["message_id"])) < 90 {
		t.Errorf("HTTP %d %v, want 200, the recipient, and a long message id", status, m)
	}
	if got := h.Get("Facebook-Api-Version"); got != "v26.0" {
		t.Errorf("version header %q", got)
	}
	want := []messengertest.Message{{
		Page: "PAGE1", Person: "PSID1", ID: fmt.Sprint(m["message_id"]), App: g.AppID(), Text: "Dobrý den", Metadata: "k1",
		Type: "RESPONSE", QuickReplies: []messengertest.QuickReply{{Title: "Yes", Payload: "Y"}},
		At: mock.Now().UTC().Add(time.Millisecond), // the person's own message has this millisecond
	}}
	if diff := cmp.Diff(want, ana.Received()); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, g.Delivered()); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}

func TestSendRefusals(t *testing.T) {
	message := func(m string) string {
		return `{"recipient":{"id":"PSID1"},"messaging_type":"RESPONSE","message":` + m + `}`
	}
	long := strings.Repeat("x", 2001)
	emoji := strings.Repeat("\U0001F600", 1001) // 2002 UTF-16 units
	reply := `{"content_type":"text","title":"Yes","payload":"Y"}`
	for _, tt := range []struct{ name, body, want string }{
		{"plain", hi, "ok"},
		{"without a type it is a response", `{"recipient":{"id":"PSID1"},"message":{"text":"hi"}}`, "ok"},
		{"2000 units", message(`{"text":"` + long[1:] + `"}`), "ok"},
		{"2001 units", message(`{"text":"` + long + `"}`), "100"},
		{"2002 units in 1001 characters", message(`{"text":"` + emoji + `"}`), "100"},
		{"metadata of 1001", message(`{"text":"x","metadata":"` + long[:1001] + `"}`), "100"},
		{"no recipient", `{"message":{"text":"x"}}`, "100"},
		{"no message", `{"recipient":{"id":"PSID1"}}`, "100"},
		{"an empty message", message(`{}`), "100"},
		{"a message and an action", `{"recipient":{"id":"PSID1"},"sender_action":"typing_on","message":{"text":"x"}}`, "100/2018014"},
		{"13 quick replies", message(`{"text":"x","quick_replies":[` + strings.Repeat(reply+",", 12) + reply + `]}`), "ok"},
		{"14 quick replies", message(`{"text":"x","quick_replies":[` + strings.Repeat(reply+",", 13) + reply + `]}`), "100"},
		{"a title of 21", message(`{"text":"x","quick_replies":[{"content_type":"text","title":"` + long[:21] + `","payload":"Y"}]}`), "100"},
		{"an unknown type", `{"recipient":{"id":"PSID1"},"messaging_type":"PROMOTION","message":{"text":"x"}}`, "100"},
		{"a retired tag", `{"recipient":{"id":"PSID1"},"messaging_type":"MESSAGE_TAG","tag":"ACCOUNT_UPDATE","message":{"text":"x"}}`, "100"},
		{"a tag on a response", `{"recipient":{"id":"PSID1"},"messaging_type":"RESPONSE","tag":"HUMAN_AGENT","message":{"text":"x"}}`, "100"},
		{"HUMAN_AGENT without the feature", `{"recipient":{"id":"PSID1"},"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"x"}}`, "10"},
		{"an unknown person", `{"recipient":{"id":"PSID2"},"message":{"text":"x"}}`, "100/2018001"},
		{"another page's person", `{"recipient":{"id":"PSID9"},"message":{"text":"x"}}`, "100/2018001"},
		{"an unknown persona", `{"recipient":{"id":"PSID1"},"persona_id":"1","message":{"text":"x"}}`, "100"},
		{"a reply to what is not there", `{"recipient":{"id":"PSID1"},"reply_to":{"mid":"m_1"},"message":{"text":"x"}}`, "100"},
		{"an action", `{"recipient":{"id":"PSID1"},"sender_action":"typing_on"}`, "ok"},
		{"an unknown action", `{"recipient":{"id":"PSID1"},"sender_action":"wave"}`, "100"},
		{"not JSON", `{`, "100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, _, _ := start(t, messengertest.Config{})
			g.Page("PAGE2").Person("PSID9").Write("x")
			if got := send(t, g, tt.body); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			want := 0
			if tt.want == "ok" && !strings.Contains(tt.body, "sender_action") {
				want = 1
			}
			if n := len(g.Delivered()); n != want {
				t.Errorf("%d messages delivered, want %d", n, want)
			}
		})
	}
}

func TestE79Windows(t *testing.T) {
	tagged := `{"recipient":{"id":"PSID1"},"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"x"}}`
	day := 24 * time.Hour
	for _, tt := range []struct {
		name   string
		after  time.Duration
		reopen func(*messengertest.Person)
		body   string
		want   string
	}{
		{"a response in time", day - time.Millisecond, nil, hi, "ok"},
		{"a response at 24 hours", day, nil, hi, "10/2018278"},
		{"an agent at 24 hours", day, nil, tagged, "ok"},
		{"an agent in time", 7*day - time.Millisecond, nil, tagged, "ok"},
		{"an agent at 7 days", 7 * day, nil, tagged, "10/2018278"},
		{"a new message", day, func(x *messengertest.Person) { x.Write("again") }, hi, "ok"},
		{"a postback", day, func(x *messengertest.Person) { x.Tap("GO") }, hi, "ok"},
		{"a reaction", day, func(x *messengertest.Person) { x.React("m_1", "\u2764") }, hi, "ok"},
		{"a reaction taken back", day, func(x *messengertest.Person) { x.React("m_1", "") }, hi, "10/2018278"},
		{"a link", day, func(x *messengertest.Person) { x.Follow("ref") }, hi, "ok"},
		{"only reading", day, func(x *messengertest.Person) { x.Read() }, hi, "10/2018278"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, mock, ana := start(t, messengertest.Config{HumanAgent: true})
			mock.Add(tt.after)
			if tt.reopen != nil {
				tt.reopen(ana)
			}
			if got := send(t, g, tt.body); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	g, _, _ := start(t, messengertest.Config{})
	bob := g.Page("PAGE1").Person("PSID2") // never wrote
	bob.Follow("ref")
	if got := send(t, g, strings.ReplaceAll(hi, "PSID1", "PSID2")); got != "10/2018278" {
		t.Errorf("to one who never wrote: %s", got)
	}
}

func TestStates(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(*messengertest.Page, *messengertest.Person)
		want string
	}{
		{"expired", func(p *messengertest.Page, _ *messengertest.Person) { p.SetToken(messengertest.TokenExpired) }, "190/463"},
		{"password", func(p *messengertest.Page, _ *messengertest.Person) { p.SetToken(messengertest.TokenPasswordChanged) }, "190/460"},
		{"role", func(p *messengertest.Page, _ *messengertest.Person) { p.SetToken(messengertest.TokenRoleLost) }, "190/492"},
		{"app removed", func(p *messengertest.Page, _ *messengertest.Person) { p.SetToken(messengertest.TokenAppRemoved) }, "190/458"},
		{"revoked", func(p *messengertest.Page, _ *messengertest.Person) { p.SetToken(messengertest.TokenInvalid) }, "190/467"},
		{"unpublished", func(p *messengertest.Page, _ *messengertest.Person) { p.SetState(messengertest.PageUnpublished) }, "ok"},
		{"restricted", func(p *messengertest.Page, _ *messengertest.Person) { p.SetState(messengertest.PageRestricted) }, "10/1893063"},
		{"policy", func(p *messengertest.Page, _ *messengertest.Person) { p.SetState(messengertest.PageBlocked) }, "368"},
		{"gone", func(p *messengertest.Page, _ *messengertest.Person) { p.SetState(messengertest.PageGone) }, "100/33"},
		{"permission", func(p *messengertest.Page, _ *messengertest.Person) { p.Deny(messengertest.PermissionMessaging) }, "10"},
		{"blocked", func(_ *messengertest.Page, x *messengertest.Person) { x.SetState(messengertest.PersonBlocked) }, "551"},
		{"unavailable", func(_ *messengertest.Page, x *messengertest.Person) { x.SetState(messengertest.PersonUnavailable) }, "200/1545041"},
		{"phone", func(_ *messengertest.Page, x *messengertest.Person) { x.SetState(messengertest.PersonPhone) }, "ok"},
		{"unknown", func(_ *messengertest.Page, x *messengertest.Person) { x.SetState(messengertest.PersonGone) }, "100/2018001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, _, ana := start(t, messengertest.Config{})
			p := g.Page("PAGE1")
			tt.set(p, ana)
			if got := send(t, g, hi); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			p.SetState(messengertest.PagePublished)
			p.Permit(messengertest.PermissionMessaging)
			ana.SetState(messengertest.PersonReachable)
			old := p.Token()
			if p.NewToken() == old {
				t.Error("the new token is the old one")
			}
			if got := send(t, g, hi); got != "ok" {
				t.Errorf("after it was mended: %s", got)
			}
		})
	}
}

func TestTokensAndProof(t *testing.T) {
	g, _, _ := start(t, messengertest.Config{RequireProof: true, AppSecret: "s3cret"})
	token := g.Page("PAGE1").Token().Reveal()
	other := g.Page("PAGE2").Token().Reveal()
	h := hmac.New(sha256.New, []byte("s3cret"))
	h.Write([]byte(token))
	proof := hex.EncodeToString(h.Sum(nil))
	form := url.Values{"recipient": {`{"id":"PSID1"}`}, "message": {`{"text":"hi"}`}}
	with := func(more ...string) string {
		v := url.Values{}
		for k, x := range form {
			v[k] = x
		}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v.Encode()
	}
	const urlencoded = "application/x-www-form-urlencoded"
	for _, tt := range []struct{ name, query, bearer, kind, body, want string }{
		{"query", with("access_token", token, "appsecret_proof", proof), "", "", "", "ok"},
		{"form", "", "", urlencoded, with("access_token", token, "appsecret_proof", proof), "ok"},
		{"JSON", "", "", "application/json", `{"recipient":{"id":"PSID1"},"message":{"text":"hi"},"access_token":"` + token + `","appsecret_proof":"` + proof + `"}`, "ok"},
		{"header", "appsecret_proof=" + proof, token, urlencoded, with(), "ok"},
		{"a recipient's id as a number", "", token, "application/json", `{"recipient":{"id":77},"message":{"text":"hi"},"appsecret_proof":"` + proof + `"}`, "ok"},
		{"no token", with("appsecret_proof", proof), "", "", "", "104"},
		{"a token that is not one", with("access_token", "x"), "", "", "", "190"},
		{"no proof", with("access_token", token), "", "", "", "100"},
		{"a wrong proof", with("access_token", token, "appsecret_proof", strings.Repeat("0", 64)), "", "", "", "100"},
		{"another page's token", with("access_token", other, "appsecret_proof", g.Proof(other)), "", "", "", "100/33"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g.Page("PAGE1").Person("77").Write("hello")
			r, err := http.NewRequestWithContext(t.Context(), "POST", g.URL()+"/v26.0/PAGE1/messages?"+tt.query, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			if tt.bearer != "" {
				r.Header.Set("Authorization", "Bearer "+tt.bearer)
			}
			if _, m, _ := do(t, r); codes(m) != tt.want {
				t.Errorf("got %v, want %s", m, tt.want)
			}
		})
	}
}

func TestMultipartUpload(t *testing.T) {
	g, mock, ana := start(t, messengertest.Config{})
	upload := func(path, message, mime string) map[string]any {
		t.Helper()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		_ = w.WriteField("recipient", `{"id":"PSID1"}`)
		_ = w.WriteField("message", message)
		part, _ := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="filedata"; filename="x"`}, "Content-Type": {mime}})
		_, _ = part.Write([]byte("12345"))
		_ = w.Close()
		r, _ := http.NewRequestWithContext(t.Context(), "POST", g.URL()+path, &b)
		r.Header.Set("Content-Type", w.FormDataContentType())
		r.Header.Set("Authorization", "Bearer "+g.Page("PAGE1").Token().Reveal())
		_, m, _ := do(t, r)
		return m
	}
	image := `{"attachment":{"type":"image","payload":{"is_reusable":true}}}`
	if m := upload("/v26.0/PAGE1/messages", image, "text/plain"); codes(m) != "100/2018047" {
		t.Errorf("a text as an image: %v", m)
	}
	m := upload("/v26.0/PAGE1/messages", image, "image/png")
	if codes(m) != "ok" || m["attachment_id"] == nil || m["message_id"] == nil {
		t.Fatalf("sending a file: %v", m)
	}
	m = upload("/v26.0/me/message_attachments", image, "image/png")
	id := fmt.Sprint(m["attachment_id"])
	again := `{"recipient":{"id":"PSID1"},"message":{"attachment":{"type":"image","payload":{"attachment_id":"` + id + `"}}}}`
	if got := send(t, g, again); got != "ok" {
		t.Errorf("sending an upload: %s", got)
	}
	if got := send(t, g, strings.Replace(again, "image", "video", 1)); got != "100/2018074" {
		t.Errorf("an image as a video: %s", got)
	}
	mock.Add(90 * 24 * time.Hour)
	ana.Write("still there?")
	if got := send(t, g, again); got != "100/2018074" {
		t.Errorf("an upload of 90 days ago: %s", got)
	}
	if n := len(ana.Received()); n != 2 {
		t.Errorf("received %d messages, want 2", n)
	}
}

func TestLimitsPerSecond(t *testing.T) {
	g, mock, _ := start(t, messengertest.Config{Limits: messengertest.Limits{Text: 3, Media: 1}})
	clip := `{"recipient":{"id":"PSID1"},"message":{"attachment":{"type":"audio","payload":{"attachment_id":"` + uploadAudio(t, g) + `"}}}}`
	var got []string
	for range 4 {
		got = append(got, send(t, g, hi))
	}
	got = append(got, send(t, g, clip), send(t, g, clip))
	mock.Add(time.Second)
	got = append(got, send(t, g, hi), send(t, g, clip))
	want := []string{"ok", "ok", "ok", "613", "ok", "613", "ok", "ok"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func uploadAudio(t *testing.T, g *messengertest.Graph) string {
	t.Helper()
	url := g.MediaURL("audio/mpeg", []byte("la"))
	_, m, _ := call(t, g, "POST", "/v26.0/PAGE1/message_attachments", `{"message":{"attachment":{"type":"audio","payload":{"url":"`+url+`"}}}}`)
	if codes(m) != "ok" {
		t.Fatal(m)
	}
	return fmt.Sprint(m["attachment_id"])
}

func TestLimitsPerDay(t *testing.T) {
	g, mock, ana := start(t, messengertest.Config{Limits: messengertest.Limits{Daily: 4}})
	type seen struct {
		code            string
		percent, regain int
	}
	var got []seen
	one := func() {
		t.Helper()
		_, m, h := call(t, g, "POST", "/v26.0/PAGE1/messages", hi)
		var u map[string][]struct {
			Type   string `json:"type"`
			Count  int    `json:"call_count"`
			Regain int    `json:"estimated_time_to_regain_access"`
		}
		if err := json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &u); err != nil || len(u["PAGE1"]) != 1 || u["PAGE1"][0].Type != "messenger" {
			t.Fatalf("header %q: %v", h.Get("X-Business-Use-Case-Usage"), err)
		}
		got = append(got, seen{codes(m), u["PAGE1"][0].Count, u["PAGE1"][0].Regain})
	}
	for range 5 {
		one()
	}
	mock.Add(23 * time.Hour)
	one()
	mock.Add(2 * time.Hour)
	ana.Write("still there?")
	one()
	want := []seen{{"ok", 25, 0}, {"ok", 50, 0}, {"ok", 75, 0}, {"ok", 100, 1441}, {"80006", 100, 1441}, {"80006", 100, 61}, {"ok", 25, 0}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(seen{})); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestThrottle(t *testing.T) {
	g, mock, _ := start(t, messengertest.Config{})
	g.Throttle(time.Hour)
	_, m, h := call(t, g, "POST", "/v26.0/PAGE1/messages", hi)
	if codes(m) != "4" || !strings.Contains(h.Get("X-App-Usage"), `"call_count":100`) {
		t.Errorf("%v with header %q, want code 4 at 100 percent", m, h.Get("X-App-Usage"))
	}
	mock.Add(time.Hour)
	if got := send(t, g, hi); got != "ok" {
		t.Errorf("afterwards: %s", got)
	}
}

func TestNodes(t *testing.T) {
	g, _, ana := start(t, messengertest.Config{})
	p := g.Page("PAGE1")
	get := func(path string) map[string]any {
		t.Helper()
		_, m, _ := call(t, g, "GET", path, "")
		return m
	}
	want := map[string]any{"id": "PAGE1", "name": "Page PAGE1", "is_published": true,
		"messaging_feature_status": map[string]any{"hop_v2": false, "msgr_multi_app": false, "ig_multi_app": false}}
	if diff := cmp.Diff(want, get("/v26.0/PAGE1?fields=id,name,is_published,messaging_feature_status")); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	p.SetState(messengertest.PageUnpublished)
	if got := get("/me?fields=is_published")["is_published"]; got != false {
		t.Errorf("is_published of an unpublished page: %v", got)
	}

	ana.SetProfile("first_name", "Ana")
	ana.SetProfile("last_name", "Reyes")
	if diff := cmp.Diff(map[string]any{"id": "PSID1", "name": "Ana Reyes", "first_name": "Ana"}, get("/v26.0/PSID1?fields=first_name,name,locale")); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
	g.Page("PAGE1").Person("PSID2")
	if got := codes(get("/v26.0/PSID2")); got != "100/33" {
		t.Errorf("the profile of one who never wrote: %s", got)
	}
	ana.SetState(messengertest.PersonPhone)
	if got := codes(get("/v26.0/PSID1")); got != "2018218" {
		t.Errorf("the profile of an account by phone: %s", got)
	}

	var ids []string
	for _, name := range []string{"Ann", "Bob", "Cid"} {
		_, m, _ := call(t, g, "POST", "/v26.0/PAGE1/personas", `{"name":"`+name+`","profile_picture_url":"https://example.com/a.png"}`)
		ids = append(ids, fmt.Sprint(m["id"]))
	}
	first := get("/v26.0/PAGE1/personas?limit=2")
	cursors := first["paging"].(map[string]any)["cursors"].(map[string]any)
	second := get("/v26.0/PAGE1/personas?limit=2&after=" + fmt.Sprint(cursors["after"]))
	if len(first["data"].([]any)) != 2 || len(second["data"].([]any)) != 1 || second["paging"].(map[string]any)["next"] != nil {
		t.Errorf("personas by pages: %v, %v", first, second)
	}
	if m := get("/v26.0/" + ids[1]); m["name"] != "Bob" {
		t.Errorf("persona: %v", m)
	}
	as := `{"recipient":{"id":"PSID1"},"persona_id":"` + ids[1] + `","message":{"text":"x"}}`
	if got := send(t, g, as); got != "ok" || ana.Received()[0].Persona != ids[1] {
		t.Errorf("sending as a persona: %s, %v", got, ana.Received())
	}
	_, m, _ := call(t, g, "DELETE", "/v26.0/"+ids[1], "")
	if m["success"] != true || codes(get("/v26.0/"+ids[1])) != "100/33" || send(t, g, as) != "100" {
		t.Errorf("after the persona was deleted: %v", m)
	}
	if _, m, _ := call(t, g, "POST", "/v26.0/PAGE1/personas", `{"name":"Dan"}`); codes(m) != "100" {
		t.Errorf("a persona without a picture: %v", m)
	}

	debug := func(token string) map[string]any {
		t.Helper()
		r, _ := http.NewRequestWithContext(t.Context(), "GET", g.URL()+"/debug_token?input_token="+url.QueryEscape(token)+"&access_token="+url.QueryEscape(g.AppToken().Reveal()), nil)
		_, m, _ := do(t, r)
		return m["data"].(map[string]any)
	}
	token := p.Token().Reveal()
	p.Deny(messengertest.PermissionMessaging)
	if d := debug(token); d["is_valid"] != true || d["profile_id"] != "PAGE1" || strings.Contains(fmt.Sprint(d["scopes"]), "pages_messaging") {
		t.Errorf("a valid token without a permission: %v", d)
	}
	p.SetToken(messengertest.TokenExpired)
	if d := debug(token); d["is_valid"] != false || d["error"].(map[string]any)["subcode"] != 463.0 {
		t.Errorf("an expired token: %v", d)
	}
	if d := debug("x"); d["is_valid"] != false {
		t.Errorf("no token at all: %v", d)
	}
}

func TestPathsNobodyKnows(t *testing.T) {
	g, _, _ := start(t, messengertest.Config{})
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/", "2500"},
		{"GET", "/v26.0", "2500"},
		{"GET", "/v26.0/PAGE1/a/b", "2500"},
		{"POST", "/v26.0/PAGE1/nothing", "2500"},
		{"POST", "/v26.0/PAGE2/messages", "100/33"},
		{"GET", "/v26.0/12345", "100/33"},
		{"DELETE", "/v26.0/12345", "100/33"},
		{"GET", "/debug_token", "190"},
	} {
		if _, m, _ := call(t, g, tt.method, tt.path, ""); codes(m) != tt.want {
			t.Errorf("%s %s: %v, want %s", tt.method, tt.path, m, tt.want)
		}
	}
}
