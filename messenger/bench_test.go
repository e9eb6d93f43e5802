package messenger_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
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

// compare measures ours and a peer in turns, and reports the median of how many times as
// long ours takes. Turns are short and who goes first alternates, so that what else the
// machine does, and each other's garbage, meets both alike or only single turns.
func compare(b *testing.B, ours, peer func()) {
	const turn = 32
	measure := func(f func()) time.Duration {
		start := time.Now()
		for range turn {
			f()
		}
		return time.Since(start)
	}
	var ratios, mine, other []float64
	for b.Loop() {
		var x, y time.Duration
		if len(ratios)%2 == 0 {
			x, y = measure(ours), measure(peer)
		} else {
			y, x = measure(peer), measure(ours)
		}
		ratios = append(ratios, float64(x)/float64(y))
		mine, other = append(mine, float64(x)/turn), append(other, float64(y)/turn)
	}
	median := func(of []float64) float64 {
		slices.Sort(of)
		return of[len(of)/2]
	}
	b.ReportMetric(median(mine), "ours-ns")
	b.ReportMetric(median(other), "peer-ns")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(0, "ns/op") // of a turn of both: it says nothing
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
