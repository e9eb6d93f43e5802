package wire

import (
	"encoding/json"
	"testing"
	"time"
)

func sampleOffered() any {
	return offered{
		Conversation: "acme:c-0001834412", Agent: "ann.novakova", Queue: "billing",
		Priority: 3, Attempt: 1834412, Expires: time.Date(2026, 3, 4, 5, 6, 7, 891000000, time.UTC), Reason: 1,
		Contact: contact{ID: "7310283746152", Channel: "messenger", Seen: 17},
	}
}

func BenchmarkEncode(b *testing.B) {
	r := newRegistry(b)
	body := sampleOffered()
	b.Run("wire", func(b *testing.B) {
		enc := r.NewEncoder()
		buf := make([]byte, 0, 1024)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := enc.AppendBody(buf, body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("wire-registry", func(b *testing.B) {
		buf := make([]byte, 0, 1024)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.AppendBody(buf, body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	r := newRegistry(b)
	data, err := r.AppendBody(nil, sampleOffered())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("wire", func(b *testing.B) {
		dec := r.NewDecoder()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dec.DecodeBody("test.offered", data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("wire-registry", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.DecodeBody("test.offered", data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var body offered
			if err := json.Unmarshal(data, &body); err != nil {
				b.Fatal(err)
			}
		}
	})
}
