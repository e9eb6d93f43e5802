package messenger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// sink is a Receiver that does nothing.
type sink struct{}

func (sink) Receive(context.Context, conversation.Inbound) (conversation.ID, error) { return 1, nil }

// BenchmarkWebhook takes one text message from the request to the Receiver.
func BenchmarkWebhook(b *testing.B) {
	w := newWebhook(b, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, nil)
	body := page(said("PSID1", "m_A1", "Good morning, where is my parcel?"))
	signature := messenger.Sign(body, appSecret)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/webhook", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(messenger.SignatureHeader, signature)
		rec := httptest.NewRecorder()
		if w.ServeHTTP(rec, r); rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}

// BenchmarkParse compares Parse with encoding/json into a map.
func BenchmarkParse(b *testing.B) {
	body := page(said("PSID1", "m_A1", "Good morning, where is my parcel?"))
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := messenger.Parse(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var into map[string]any
			if err := json.Unmarshal(body, &into); err != nil {
				b.Fatal(err)
			}
		}
	})
}
