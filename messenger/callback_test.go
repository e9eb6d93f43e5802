package messenger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// TestParseSignedRequest is a table of what is taken and what is not.
func TestParseSignedRequest(t *testing.T) {
	const payload = `{"algorithm":"HMAC-SHA256","issued_at":1767225600,"user_id":"218471"}`
	good := signedRequest(payload, appSecret)
	want := messenger.SignedRequest{UserID: "218471", IssuedAt: mark}
	secrets := []messenger.Secret{"old", appSecret}
	for name, text := range map[string]string{
		"as sent":              good,
		"of the old secret":    signedRequest(payload, "old"),
		"id as a number":       signedRequest(`{"algorithm":"HMAC-SHA256","issued_at":1767225600,"user_id":218471}`, appSecret),
		"lower case, and more": signedRequest(`{"algorithm":"hmac-sha256","issued_at":"1767225600","user_id":"218471","x":[]}`, appSecret),
	} {
		got, err := messenger.ParseSignedRequest(text, secrets)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	first, second, _ := strings.Cut(good, ".")
	for name, text := range map[string]string{
		"empty":             "",
		"dot":               ".",
		"no dot":            first + second,
		"three parts":       good + ".x",
		"no signature":      "." + second,
		"no payload":        first + ".",
		"padded":            first + "=." + second,
		"standard alphabet": "+/" + first[2:] + "." + second,
		"short signature":   first[:20] + "." + second,
		"other secret":      signedRequest(payload, "other"),
		"empty secret":      signedRequest(payload, ""),
		"signed decoded":    strings.Split(signedRequest("x", appSecret), ".")[0] + "." + second,
		"other algorithm":   signedRequest(strings.Replace(payload, "SHA256", "SHA1", 1), appSecret),
		"no algorithm":      signedRequest(`{"user_id":"1"}`, appSecret),
		"no user":           signedRequest(`{"algorithm":"HMAC-SHA256"}`, appSecret),
		"not JSON":          signedRequest("hello", appSecret),
		"not an object":     signedRequest(`["HMAC-SHA256"]`, appSecret),
		"deep":              signedRequest(strings.Repeat("[", 5000), appSecret),
		"huge":              signedRequest(`{"algorithm":"HMAC-SHA256","user_id":"1","x":"`+strings.Repeat("x", 20_000)+`"}`, appSecret),
	} {
		got, err := messenger.ParseSignedRequest(text, secrets)
		if !errors.Is(err, messenger.ErrSignedRequest) || got != (messenger.SignedRequest{}) || strings.Contains(err.Error(), "218471") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, none := range [][]messenger.Secret{nil, {""}} {
		if _, err := messenger.ParseSignedRequest(signedRequest(payload, ""), none); err == nil {
			t.Errorf("taken with the secrets %v", len(none))
		}
	}
}

// TestDeletionCallback is a table of the requests that are answered and of those that are
// not, by each form: nothing is told to whoever is not Meta.
func TestDeletionCallback(t *testing.T) {
	good := signedRequest(`{"algorithm":"HMAC-SHA256","user_id":"218471"}`, appSecret)
	var fail error
	d := newDeletions(t, func(c *messenger.DeletionConfig) {
		c.Customers = func(_ context.Context, r messenger.SignedRequest) ([]messenger.PageCustomer, error) {
			if r.UserID != "218471" {
				t.Errorf("of %s", r.UserID)
			}
			return nil, fail
		}
	})
	h := d.Callback()
	form := func(text string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{"signed_request": {text}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	_ = parts.WriteField("x", "y")
	_ = parts.WriteField("signed_request", good)
	_ = parts.Close()
	inParts := httptest.NewRequest(http.MethodPost, "/", &body)
	inParts.Header.Set("Content-Type", parts.FormDataContentType())
	huge := form(good + strings.Repeat("x", 1<<20))
	text := form(good)
	text.Header.Set("Content-Type", "text/plain")
	broken := form(good)
	broken.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	escapes := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("signed_request=%zz"))
	escapes.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, tc := range []struct {
		name string
		r    *http.Request
		want int
	}{
		{"form", form(good), 200}, {"parts", inParts, 200},
		{"unsigned", form("AAAA.e30"), 401}, {"empty", form(""), 401}, {"huge", huge, 413}, {"text", text, 415}, {"broken parts", broken, 401},
		{"broken escapes", escapes, 400}, {"GET", httptest.NewRequest(http.MethodGet, "/?signed_request="+good, nil), 405},
	} {
		resp := serve(h, tc.r)
		got, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != tc.want || (len(got) > 0) != (tc.want == 200) {
			t.Errorf("%s: %d %q", tc.name, resp.StatusCode, got)
		}
		if tc.want != 200 {
			continue
		}
		var answer struct {
			URL  string `json:"url"`
			Code string `json:"confirmation_code"`
		}
		if err := json.Unmarshal(got, &answer); err != nil || answer.URL != "https://host.example/deletion?code="+answer.Code || answer.Code == "" {
			t.Errorf("%s: %s", tc.name, got)
		}
		if resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: it is %s", tc.name, resp.Header.Get("Content-Type"))
		}
	}
	fail = errors.New("secret detail")
	if resp := serve(h, form(good)); resp.StatusCode != 503 {
		t.Errorf("after an error: %d", resp.StatusCode)
	}
	// Whoever fails too often is not looked at, as with the webhook.
	h = newDeletions(t, func(c *messenger.DeletionConfig) { c.Failures.PerMinute = 1 }).Callback()
	for _, want := range []int{401, 429} {
		if got := serve(h, form("AAAA.e30")).StatusCode; got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
}

// patience is a ResponseWriter that keeps until when the body is waited for.
type patience struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (p *patience) SetReadDeadline(at time.Time) error {
	p.until = at
	return nil
}

// TestCallbacksDoNotWaitForASlowSender proves that in whatever form the request comes its
// body is not waited for longer than Meta waits.
func TestCallbacksDoNotWaitForASlowSender(t *testing.T) {
	h := newDeletions(t, nil).Callback()
	for _, media := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		w := &patience{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodPost, "/", readerFunc(func([]byte) (int, error) {
			if left := time.Until(w.until); left <= 0 || left > messenger.DefaultTimeout {
				t.Errorf("%s: waits for %v", media, left)
			}
			return 0, io.ErrUnexpectedEOF
		}))
		r.Header.Set("Content-Type", media)
		if h.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", media, w.Code)
		}
	}
}

// newDeletions returns one that knows nobody.
func newDeletions(t *testing.T, change func(*messenger.DeletionConfig)) *messenger.Deletions {
	t.Helper()
	c := messenger.DeletionConfig{
		AppSecrets: []messenger.Secret{appSecret}, StatusURL: "https://host.example/deletion",
		Customers: func(context.Context, messenger.SignedRequest) ([]messenger.PageCustomer, error) { return nil, nil },
		Boards:    func(conversation.Source) messenger.Eraser { return nil },
	}
	if change != nil {
		change(&c)
	}
	d, err := messenger.NewDeletions(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeauthorizeCallback(t *testing.T) {
	removed := ""
	h, err := messenger.NewDeauthorize(messenger.DeauthorizeConfig{
		AppSecrets: []messenger.Secret{appSecret},
		Removed:    func(_ context.Context, r messenger.SignedRequest) error { removed = r.UserID; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("signed_request="+signedRequest(`{"algorithm":"HMAC-SHA256","user_id":"7"}`, appSecret)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if resp := serve(h, r); resp.StatusCode != 200 || removed != "7" {
		t.Errorf("%d, removed %q", resp.StatusCode, removed)
	}
	_, err1 := messenger.NewDeauthorize(messenger.DeauthorizeConfig{AppSecrets: []messenger.Secret{""}})
	_, err2 := messenger.NewDeletions(messenger.DeletionConfig{})
	_, err3 := messenger.NewDeletions(messenger.DeletionConfig{
		AppSecrets: []messenger.Secret{"x"}, StatusURL: "javascript:alert(1)",
		Customers: func(context.Context, messenger.SignedRequest) ([]messenger.PageCustomer, error) { return nil, nil },
		Boards:    func(conversation.Source) messenger.Eraser { return nil },
	})
	for i, err := range []error{err1, err2, err3} {
		var bad *messenger.ConfigError
		if want := []int{2, 4, 1}[i]; !errors.As(err, &bad) || len(bad.Problems) != want {
			t.Errorf("%d: %v", i, err)
		}
	}
}
