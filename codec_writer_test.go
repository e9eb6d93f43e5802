package switchboard

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
)

// TestWriterWritesAsTheEncoderDoes holds the lines that the writer writes by hand
// against the encoder's own.
func TestWriterWritesAsTheEncoderDoes(t *testing.T) {
	at := time.Date(2026, time.March, 2, 9, 0, 0, 120, time.UTC)
	body := conversation.Accepted{Conversation: 7, Agent: "ann", Kind: conversation.FromQueue, Seat: 1, Queue: "sales"}
	for _, e := range []floor.Event{
		{Seq: 1, At: at, Body: body},
		{Seq: 2, At: at, By: agent.Actor{Role: agent.Self, ID: "a\"nn\n"}, Body: body},
		{Seq: 3, At: at.Add(time.Second), By: agent.Actor{Role: agent.Platform}, Why: "R\u016f\u017ei\u010dka", Key: "k<1>", Body: body},
		{Seq: 1<<64 - 1, At: at.Add(time.Second), By: agent.Actor{ID: "nobody"}, Why: "\xff", Body: agent.Connected{Agent: "ann", Session: "s"}},
	} {
		w, enc := newWriter(), registry.NewEncoder()
		got, err := w.event(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := enc.AppendBody(nil, e.Body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _ := registry.Kind(e.Body)
		want, err := enc.Append(nil, line{Seq: e.Seq, At: e.At, By: e.By, Why: e.Why, Key: e.Key, Kind: kind, Body: raw})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want)+"\n", string(got)); diff != "" {
			t.Errorf("event %d (-want +got):\n%s", e.Seq, diff)
		}
	}
	h := header{Format: 1, Commit: "n\"1-42", Events: 3}
	want, err := registry.Append(nil, h)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want)+"\n", string(newWriter().header(nil, []byte(h.Commit), h.Events))); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

// TestWriterRefusesWhatItCannotWrite checks that a refused event leaves nothing.
func TestWriterRefusesWhatItCannotWrite(t *testing.T) {
	at := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	for name, e := range map[string]floor.Event{
		"the instant": {Seq: 1, At: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), Body: agent.Connected{Agent: "ann"}},
		"the body":    {Seq: 1, At: at, Body: "text"},
	} {
		if got, err := newWriter().event([]byte("kept"), &e); err == nil || string(got) != "kept" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
