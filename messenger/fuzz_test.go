package messenger_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// FuzzWebhook proves that no body panics; that what is read is JSON and what is JSON is
// read; that white space and escapes make no difference; that a Board takes what comes of
// it, unless an id is too long or the text blank; and that whatever a Board says the
// webhook answers.
func FuzzWebhook(f *testing.F) {
	for _, tc := range eventTable {
		f.Add(page(tc.item))
	}
	f.Add(page(`{` + s + `,"message":{"mid":"m_A1","text":"Hello <b>","quick_reply":{"payload":"SIZE_M"},"reply_to":{"mid":"m_A0"}}}`))
	f.Add(page(`{`+s+`,"message":{"mid":"m_A1","attachments":[{"type":"sticker","payload":{"url":"u","sticker_id":3}},{"type":"x"}]}}`, `7`))
	f.Add([]byte(`{"entry":[{"standby":[{"sender":{"id":2},"timestamp":"5","message":{"mid":"m","is_echo":true}}],"changes":[1],"id":1}],"object":"instagram"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := messenger.Parse(body)
		if err != nil {
			if events != nil {
				t.Fatalf("events beside the error %v", err)
			}
			var into map[string]any
			if json.Unmarshal(body, &into) == nil && into != nil && depth(body) < 100 {
				t.Fatalf("%q is an object of JSON, and was refused: %v", body, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("read %q, which is not JSON", body)
		}
		if utf8.Valid(body) { // otherwise the escapes of a bad byte are not JSON's business
			var indented, escaped bytes.Buffer
			if err := json.Indent(&indented, body, " ", "\t"); err != nil {
				t.Fatal(err)
			}
			json.HTMLEscape(&escaped, indented.Bytes())
			again, err := messenger.Parse(escaped.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(withoutRaw(events), withoutRaw(again)); diff != "" {
				t.Fatalf("with other white space and escapes (-before +after):\n%s", diff)
			}
		}
		for i := range events {
			if !json.Valid(events[i].Raw) {
				t.Fatalf("kept %q, which is not JSON", events[i].Raw)
			}
			for _, c := range events[i].Commands() {
				in, ok := c.Do.(conversation.Inbound)
				if !ok {
					continue
				}
				idsFit := len(in.ExternalID) <= conversation.MaxExternalID && len(in.Source) <= conversation.MaxName && len(in.Customer) <= conversation.MaxName
				blank := len(in.Attachments) == 0 && in.Payload == "" // and perhaps a text of white space
				if err := in.Validate(in.ChannelAt); err != nil && idsFit && !blank {
					t.Fatalf("a Board refuses %+v: %v", in, err)
				}
			}
		}
		w := newWebhook(t, nil, func(c *messenger.WebhookConfig) {
			c.Boards = func(conversation.Source) messenger.Receiver { return sink{} }
			c.Traffic = &messenger.Traffic{}
		})
		if code := serve(w, signed(body)).StatusCode; code != 200 {
			t.Fatalf("answered %d", code)
		}
		if got := w.Stats(); got.Received != uint64(len(events)) || got.Panics != 0 {
			t.Fatalf("%d events, but %+v", len(events), got)
		}
	})
}

// depth is at least how deep a JSON text is nested.
func depth(body []byte) int { return bytes.Count(body, []byte("{")) + bytes.Count(body, []byte("[")) }

func withoutRaw(events []messenger.Event) []messenger.Event {
	out := slices.Clone(events)
	for i := range out {
		out[i].Raw = nil
	}
	return out
}

// FuzzSignedRequest proves that no text panics, that what was not signed is refused, and
// that what was signed is read as it says.
func FuzzSignedRequest(f *testing.F) {
	f.Add("AAAA.eyJ9", "218471", int64(1767225600))
	f.Add(signedRequest(`{"algorithm":"HMAC-SHA256","user_id":"1"}`, "s"), "x", int64(-1))
	f.Add("..", "", int64(0))
	f.Fuzz(func(t *testing.T, text, user string, at int64) {
		secrets := []messenger.Secret{"a", appSecret}
		if _, err := messenger.ParseSignedRequest(text, secrets); err == nil {
			t.Fatalf("took %q, which nobody signed", text)
		} else if !errors.Is(err, messenger.ErrSignedRequest) {
			t.Fatal(err)
		}
		body, err := json.Marshal(map[string]any{"algorithm": "HMAC-SHA256", "issued_at": at, "user_id": user})
		if err != nil {
			t.Fatal(err)
		}
		whole := signedRequest(string(body), appSecret)
		got, err := messenger.ParseSignedRequest(whole, secrets)
		switch {
		case user == "" || len(user) > 128 || !utf8.ValidString(user): // refused, or perhaps
		case err != nil:
			t.Fatalf("%s: %v", body, err)
		case got.UserID != user:
			t.Fatalf("%s: user %q", body, got.UserID)
		}
		if len(whole) > 0 && len(text) > 0 { // one letter changed
			i := len(text) % len(whole)
			changed := []byte(whole)
			changed[i] ^= 1
			if _, err := messenger.ParseSignedRequest(string(changed), secrets); err == nil {
				t.Fatalf("took %q, which was changed", changed)
			}
		}
	})
}

// signedRequest signs as Meta does.
func signedRequest(payload string, secret messenger.Secret) string {
	second := base64.RawURLEncoding.EncodeToString([]byte(payload))
	h := hmac.New(sha256.New, []byte(secret.Reveal()))
	h.Write([]byte(second))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)) + "." + second
}
