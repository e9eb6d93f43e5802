package messengertest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/messenger/messengertest"
)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestFaultsOfCalls(t *testing.T) {
	for _, tt := range []struct {
		fault messengertest.Fault
		want  []string // what the caller may see
		taken []bool   // whether the message may have been taken
	}{
		{"", []string{"200 whole"}, []bool{true}},
		{messengertest.FaultSilent, []string{"no answer"}, []bool{true}},
		{messengertest.FaultResetBefore, []string{"no answer"}, []bool{false}},
		{messengertest.FaultResetAfter, []string{"no answer"}, []bool{true}},
		{messengertest.FaultBadGateway, []string{"502 HTML"}, []bool{true, false}},
		{messengertest.FaultErrorOK, []string{"200 error 2"}, []bool{false}},
		{messengertest.FaultTransient, []string{"500 error 2"}, []bool{false}},
		{messengertest.FaultUncertain, []string{"400 error 1/1357046"}, []bool{true}},
		{messengertest.FaultSlow, []string{"200 whole"}, []bool{true}},
		{messengertest.FaultTruncated, []string{"200 cut", "broken off"}, []bool{true}},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			g, _, _ := start(t, messengertest.Config{SlowFor: time.Millisecond})
			seen, taken := map[string]bool{}, map[bool]bool{}
			n, patience := 8, 20*time.Second
			if tt.fault == messengertest.FaultSilent {
				n, patience = 1, time.Second
			}
			for i := range n {
				x := g.Page("PAGE1").Person(fmt.Sprint("P", i)) // each thread has its own chance
				x.Write("hello")
				g.Script(tt.fault)
				what := outcomeOf(t, g, x.ID(), patience)
				if !slices.Contains(tt.want, what) {
					t.Errorf("the caller saw %q, want one of %q", what, tt.want)
				}
				seen[what] = true
				taken[len(x.Received()) == 1] = true
			}
			if len(seen) != len(tt.want) || len(taken) != len(tt.taken) || !taken[tt.taken[0]] {
				t.Errorf("seen %v of %q, taken %v of %v", seen, tt.want, taken, tt.taken)
			}
			if got := g.Faulted()[tt.fault]; tt.fault != "" && got != n {
				t.Errorf("counted %d times, want %d", got, n)
			}
		})
	}
}

// outcomeOf sends a message and says what the caller sees.
func outcomeOf(t *testing.T, g *messengertest.Graph, to string, patience time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	form := url.Values{"access_token": {g.Page("PAGE1").Token().Reveal()}, "recipient": {`{"id":"` + to + `"}`}, "message": {`{"text":"hi"}`}}
	r, err := http.NewRequestWithContext(ctx, "POST", g.URL()+"/v26.0/PAGE1/messages", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "no answer"
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	text := string(body)
	code := fmt.Sprint(resp.StatusCode, " ")
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "broken off"
	case err != nil:
		return err.Error()
	case strings.Contains(text, "<html>"):
		return code + "HTML"
	case !strings.HasSuffix(text, "}"):
		return code + "cut"
	case strings.Contains(text, `"error_subcode":1357046`):
		return code + "error 1/1357046"
	case strings.Contains(text, `"code":2`) && strings.Contains(text, `"is_transient":true`):
		return code + "error 2"
	case strings.Contains(text, `"message_id"`):
		return code + "whole"
	}
	return text
}

func TestTheSeedDecides(t *testing.T) {
	run := func(seed uint64) string {
		g, _, _ := start(t, messengertest.Config{Seed: seed, Faults: messengertest.Faults{
			messengertest.FaultTransient: 0.3, messengertest.FaultErrorOK: 0.3,
		}})
		var got []string
		for range 40 {
			got = append(got, send(t, g, hi))
		}
		return fmt.Sprint(got, g.Faulted())
	}
	one := run(1)
	if again := run(1); one != again {
		t.Errorf("the same seed:\n%s\n%s", one, again)
	}
	if run(2) == one {
		t.Error("another seed gave the same")
	}
	if !strings.Contains(one, "ok") || !strings.Contains(one, "2") {
		t.Errorf("no mixture: %s", one)
	}
}

// failures is a testing.TB that counts errors.
type failures struct {
	testing.TB
	n int
}

func (f *failures) Errorf(string, ...any) { f.n++ }
func (f *failures) Helper()               {}

func TestScriptRefusesWhatIsNoFaultOfACall(t *testing.T) {
	f := &failures{TB: t}
	g := messengertest.New(f, messengertest.Config{})
	g.Script(messengertest.FaultDuplicate)
	g.Script("nonsense")
	if f.n != 2 {
		t.Errorf("%d failures, want 2", f.n)
	}
}

func TestAttachmentsByURL(t *testing.T) {
	hang := make(chan struct{})
	files := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a.png":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("12345"))
		case "/big.png":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(make([]byte, 8<<20+1))
		case "/big.mp4":
			w.Header().Set("Content-Type", "video/mp4")
			_, _ = w.Write(make([]byte, 8<<20+1))
		case "/slow.png", "/slow.mp4":
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		case "/away":
			http.Redirect(w, r, "/a.png", http.StatusFound)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(func() { close(hang) })
	for _, tt := range []struct{ name, kind, url, want string }{
		{"an image", "image", files + "/a.png", "ok"},
		{"an image as a file", "file", files + "/a.png", "ok"},
		{"an image as a video", "video", files + "/a.png", "100/2018047"},
		{"an image of more than 8 MiB", "image", files + "/big.png", "100/2018109"},
		{"a video of that size", "video", files + "/big.mp4", "ok"},
		{"an image that does not come", "image", files + "/slow.png", "100/2018008"},
		{"a video that does not come", "video", files + "/slow.mp4", "100/2018294"},
		{"not there", "image", files + "/b.png", "100/2018008"},
		{"a redirect", "image", files + "/away", "100/2018008"},
		{"outside", "image", "http://192.0.2.1/a.png", "100/2018008"},
		{"not a URL", "image", "x", "100/2018008"},
		{"no kind of Meta's", "sticker", files + "/a.png", "100"},
		{"neither URL nor id", "image", "", "100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := messengertest.Config{}
			if strings.Contains(tt.url, "/slow") {
				c.FetchTimeout = 50 * time.Millisecond
			}
			g, _, ana := start(t, c)
			got := send(t, g, `{"recipient":{"id":"PSID1"},"message":{"attachment":{"type":"`+tt.kind+`","payload":{"url":"`+tt.url+`"}}}}`)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if n := len(ana.Received()); (n == 1) != (tt.want == "ok") {
				t.Errorf("received %d messages", n)
			}
			if tt.name == "an image" {
				want := []messengertest.Attachment{{Type: "image", URL: tt.url, Size: 5, Raw: `{"url":"` + tt.url + `"}`}}
				if diff := cmp.Diff(want, ana.Received()[0].Attachments); diff != "" {
					t.Errorf("attachments (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestMediaOfCustomersExpire(t *testing.T) {
	g, pass, e := listen(t, messengertest.Config{MediaFor: time.Hour}, nil)
	g.Page("PAGE1").Person("PSID1").Attach("image", "image/png", []byte("12345"))
	g.Flush()
	line := e.events(t)[0]
	_, link, _ := strings.Cut(line, `"url":"`)
	link, _, _ = strings.Cut(link, `"`)
	link = strings.ReplaceAll(link, `\u0026`, "&")
	get := func(link string) string {
		t.Helper()
		resp, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(body)))
	}
	path, _, _ := strings.Cut(link, "?")
	got := []string{get(link), get(path), get(path + "0")}
	pass(time.Hour)
	got = append(got, get(link))
	want := []string{"200 12345", "403 URL signature mismatch", "404 Not found", "403 URL signature expired"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", link, diff)
	}
}

func TestThreadControl(t *testing.T) {
	g, pass, e := listen(t, messengertest.Config{}, nil)
	p := g.Page("PAGE1")
	ana := p.Person("PSID1")
	post := func(edge, more string) string {
		t.Helper()
		_, m, _ := call(t, g, "POST", "/v26.0/PAGE1/"+edge, `{"recipient":{"id":"PSID1"}`+more+`}`)
		return codes(m)
	}
	owner := func() string {
		t.Helper()
		_, m, _ := call(t, g, "GET", "/v26.0/PAGE1/thread_owner?recipient=PSID1", "")
		return fmt.Sprint(m["data"])
	}
	step := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	step("taking control without a default app", post("take_thread_control", ""), "100")
	ana.AnsweredBy(messengertest.InboxApp, "double answer") // both may
	step("sending then", send(t, g, hi), "ok")

	p.SetDefaultApp(g.AppID())
	step("an idle thread", owner(), "[]")
	ana.Write("hello")
	step("the default app has it", ana.Owner(), g.AppID())
	step("extending by 8 days", post("extend_thread_control", `,"duration":691200`), "100")
	step("extending by 2 days", post("extend_thread_control", `,"duration":"172800"`), "ok")
	pass(25 * time.Hour)
	step("a day later", ana.Owner(), g.AppID())
	ana.Write("hello again")
	step("passing it to a stranger", post("pass_thread_control", `,"target_app_id":"5"`), "100/2018164")
	step("passing it to the inbox", post("pass_thread_control", `,"target_app_id":"263902037430900"`), "ok")
	step("sending then", send(t, g, hi), "2018300")
	step("typing then", post("messages", `,"sender_action":"typing_on"`), "2018300")
	step("passing what another has", post("pass_thread_control", `,"target_app_id":"263902037430900"`), "2018300")
	ana.Write("to the inbox")
	ana.Tap("GO")
	g.Flush()
	step("asking for it", post("request_thread_control", ""), "ok")
	step("asked", fmt.Sprint(ana.Asked()), "true")
	ana.PassedTo(g.AppID())
	step("sending again", send(t, g, hi), "ok")
	ana.AnsweredBy(messengertest.InboxApp, "I take over")
	step("sending after that", send(t, g, hi), "2018300")
	step("taking it as the default app", post("take_thread_control", ""), "ok")
	step("sending after that", send(t, g, hi), "ok")
	ana.TakenBy("777")
	step("another app has it", ana.Owner(), "777")
	ana.Released()
	step("sending as the default app of an idle thread", send(t, g, hi), "ok")
	step("releasing", post("release_thread_control", ""), "ok")
	step("passing it on with a message", send(t, g, strings.Replace(hi, `"message"`, `"thread_control":{"control_type":"pass","app_id":"777"},"message"`, 1)), "ok")
	step("another app has it", ana.Owner(), "777")
	pass(24 * time.Hour)
	step("a day of silence", ana.Owner(), "")
	p.SetDefaultApp("777")
	step("sending to an idle thread of another default app", send(t, g, hi), "2018300")
	step("a person never heard of", post("take_thread_control", `,"recipient":{"id":"x"}`), "100/2018001")
	g.Flush()

	var got []string
	for _, line := range e.events(t) {
		if strings.Contains(line, "standby") || strings.Contains(line, "thread_control") {
			got = append(got, strings.TrimPrefix(line, "PAGE1 "))
		}
	}
	want := []string{
		`standby {"message":{"text":"to the inbox"}}`,
		`standby {"postback":{"title":"GO"}}`,
		`messaging {"pass_thread_control":{"new_owner_app_id":"1517776481860111","previous_owner_app_id":"263902037430900"}}`,
		`messaging {"take_thread_control":{"new_owner_app_id":"263902037430900","previous_owner_app_id":"1517776481860111"}}`,
		`standby {"message":{"app_id":263902037430900,"is_echo":true,"text":"I take over"}}`,
		`messaging {"take_thread_control":{"new_owner_app_id":"777","previous_owner_app_id":"1517776481860111"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}
