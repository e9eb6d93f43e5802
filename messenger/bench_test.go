package messenger_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// sink is a Receiver that does nothing.
type sink struct{}

func (sink) Do(context.Context, switchboard.Command) (switchboard.Result, error) {
	return switchboard.Result{}, nil
}

// replay is a body that can be read again.
type replay struct{ bytes.Reader }

func (*replay) Close() error { return nil }

// answerer is a ResponseWriter that keeps the status alone.
type answerer struct {
	header http.Header
	code   int
}

func (a *answerer) Header() http.Header         { return a.header }
func (a *answerer) Write(p []byte) (int, error) { return len(p), nil }
func (a *answerer) WriteHeader(code int)        { a.code = code }

// BenchmarkWebhook takes one text message from the request to the Receiver: verify,
// parse, ingest.
func BenchmarkWebhook(b *testing.B) {
	w := newWebhook(b, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, nil)
	body := page(said("PSID1", "m_A1", "Good morning, where is my parcel?"))
	r := httptest.NewRequest(http.MethodPost, "/webhook", nil)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(messenger.SignatureHeader, messenger.Sign(body, appSecret))
	r.ContentLength = int64(len(body))
	in, out := &replay{}, &answerer{header: http.Header{}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(body)
		r.Body = in
		if w.ServeHTTP(out, r); out.code != http.StatusOK {
			b.Fatal(out.code)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkBoard is BenchmarkWebhook with a Board in memory, and another message each time.
func BenchmarkBoard(b *testing.B) {
	board := openBoard(b)
	w := newWebhook(b, map[conversation.Source]messenger.Receiver{"PAGE1": board}, nil)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		body := page(said("PSID1", "m_"+time.Duration(n).String(), "Good morning, where is my parcel?"))
		out := &answerer{header: http.Header{}}
		if w.ServeHTTP(out, signed(body)); out.code != http.StatusOK {
			b.Fatal(out.code)
		}
	}
}

// compare measures ours and a peer in turns, and reports how many times as long ours
// takes. Who goes first alternates, so that neither always pays for the other's garbage.
func compare(b *testing.B, ours, peer func()) {
	var spent [2]time.Duration
	const batch = 8
	measure := func(who int, f func()) {
		start := time.Now()
		for range batch {
			f()
		}
		spent[who] += time.Since(start)
	}
	n := 0
	for b.Loop() {
		if n++; n%2 == 0 {
			measure(0, ours)
			measure(1, peer)
		} else {
			measure(1, peer)
			measure(0, ours)
		}
	}
	b.ReportMetric(float64(spent[0].Nanoseconds())/float64(n*batch), "ours-ns")
	b.ReportMetric(float64(spent[1].Nanoseconds())/float64(n*batch), "peer-ns")
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "ratio")
}

var bodies = map[string][]byte{
	"text":    page(said("PSID1", "m_A1", "Good morning, where is my parcel?")),
	"escaped": page(`{` + s + `,"message":{"mid":"m_A1","text":"\u0160\u0165astn\u00fd den \ud83d\ude42 \/ \u00e4\u00f6\u00fc"}}`),
	"files": page(`{` + s + `,"message":{"mid":"m_A1","text":"see","attachments":[{"type":"image","payload":{"url":"https:\/\/cdn.example\/x.jpg"}},
		{"type":"fallback","payload":{"url":"https://x.example","title":"X"}}]}}`),
	"read": page(`{` + s + `,"read":{"watermark":1767225600000}}`),
}

// BenchmarkParse compares Parse with encoding/json into a map of the same body.
func BenchmarkParse(b *testing.B) {
	for name, body := range bodies {
		b.Run(name, func(b *testing.B) {
			compare(b, func() {
				if _, err := messenger.Parse(body); err != nil {
					b.Fatal(err)
				}
			}, func() {
				var into map[string]any
				if err := json.Unmarshal(body, &into); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkVerify compares Verify with nothing but HMAC-SHA256 over the same body.
func BenchmarkVerify(b *testing.B) {
	body := bodies["text"]
	header := messenger.Sign(body, appSecret)
	secrets := []messenger.Secret{appSecret}
	key := []byte(appSecret.Reveal())
	compare(b, func() {
		if !messenger.Verify(body, header, secrets) {
			b.Fatal("refused")
		}
	}, func() {
		h := hmac.New(sha256.New, key)
		h.Write(body)
		if len(h.Sum(nil)) != sha256.Size {
			b.Fatal("odd")
		}
	})
}
