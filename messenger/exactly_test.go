package messenger_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// item is one item of PSID1, at so many milliseconds after now.
func item(at int, now time.Time, part string) string {
	return fmt.Sprintf(`{"sender":{"id":"PSID1"},"recipient":{"id":"PAGE1"},"timestamp":%d,%s}`, now.UnixMilli()+int64(at), part)
}

// line is what a transcript says of a message, whenever it was taken.
type line struct {
	Author    conversation.AuthorKind
	Text      string
	Unsent    bool
	Edits     int
	Reactions []conversation.Reaction
	Status    conversation.Status
}

// transcript returns what a Board has of a conversation, by the channel's id.
func transcript(t *testing.T, board *switchboard.Board, id conversation.ID) map[string]line {
	t.Helper()
	c, err := board.Conversation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]line)
	for _, m := range c.Messages {
		if m.ExternalID == "" {
			continue
		}
		if _, twice := out[m.ExternalID]; twice {
			t.Errorf("%s is there twice", m.ExternalID)
		}
		l := line{Author: m.Author.Kind, Text: m.Text, Unsent: m.Unsent, Edits: m.Edits, Reactions: m.Reactions}
		if m.Delivery != nil {
			l.Status = m.Delivery.Status
		}
		out[m.ExternalID] = l
	}
	return out
}

// TestE76AnyOrderAndAnyNumberOfTimes proves that whatever Meta does to the order of what
// happens in a conversation, and however often it repeats it, the transcript is the same.
func TestE76AnyOrderAndAnyNumberOfTimes(t *testing.T) {
	now := time.Now()
	first := item(0, now, `"message":{"mid":"m1","text":"one"}`)
	rest := []string{
		item(10, now, `"message_edit":{"mid":"m1","text":"one!","num_edit":1}`),
		item(20, now, `"message_edit":{"mid":"m1","text":"one!!","num_edit":2}`),
		item(30, now, `"reaction":{"mid":"m2","action":"react","reaction":"love"}`),
		item(40, now, `"reaction":{"mid":"m2","action":"unreact"}`),
		item(50, now, `"reaction":{"mid":"m2","action":"react","reaction":"like"}`),
		item(60, now, `"message":{"mid":"m2","text":"two"}`),
		item(70, now, `"message":{"mid":"m3","text":"regretted"}`),
		item(80, now, `"message":{"mid":"m3","is_deleted":true}`),
		item(90, now, `"postback":{"title":"Go","payload":"GO"}`),
		fmt.Sprintf(`{"sender":{"id":"PAGE1"},"recipient":{"id":"PSID1"},"timestamp":%d,"message":{"is_echo":true,"app_id":5,"mid":"e1","text":"from the inbox"}}`, now.UnixMilli()+100),
		fmt.Sprintf(`{"sender":{"id":"PAGE1"},"recipient":{"id":"PSID1"},"timestamp":%d,"message":{"is_echo":true,"app_id":5,"mid":"e2","text":"again"}}`, now.UnixMilli()+200),
		item(210, now, fmt.Sprintf(`"delivery":{"mids":["e2"],"watermark":%d}`, now.UnixMilli()+200)),
		item(220, now, fmt.Sprintf(`"read":{"watermark":%d}`, now.UnixMilli()+150)),
	}
	var want map[string]line
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		order := slices.Clone(rest)
		if seed > 0 { // the first run is in order
			order = append(order, order...)
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		board := openBoard(t)
		send := func(items ...string) {
			t.Helper()
			w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": board}, nil) // in another process each time
			if got := serve(w, signed(page(items...))).StatusCode; got != http.StatusOK {
				t.Fatalf("status %d", got)
			}
			if s := w.Stats(); s.Delivered+s.Ignored != uint64(len(items)) {
				t.Errorf("seed %d: %+v", seed, s)
			}
		}
		send(first) // a conversation is there
		for len(order) > 0 {
			n := min(len(order), 1+rng.IntN(3))
			send(order[:n]...)
			order = order[n:]
		}
		ids, err := board.Receive(t.Context(), conversation.Inbound{Channel: messenger.Channel, Source: "PAGE1", Customer: "PSID1", ExternalID: "m1", Text: "one"})
		if err != nil {
			t.Fatal(err)
		}
		got := transcript(t, board, ids)
		if want == nil {
			want = got
			if len(want) != 6 || !want["m3"].Unsent || want["m3"].Text != "" || want["m1"].Text != "one!!" ||
				want["e1"].Status != conversation.StatusRead || want["e2"].Status != conversation.StatusDelivered ||
				len(want["m2"].Reactions) != 1 || want["m2"].Reactions[0].Emoji != "\U0001F44D" {
				t.Fatalf("in order it is already wrong: %+v", want)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-in order +shuffled and repeated):\n%s", seed, diff)
		}
		_ = board.Close()
	}
}

// TestE76WhatComesBeforeItsMessage proves that what is told of a message before the message
// is kept, counted, and done when the message comes, to another process too.
func TestE76WhatComesBeforeItsMessage(t *testing.T) {
	now := time.Now()
	board := openBoard(t)
	for _, tc := range []struct {
		item string
		kept uint64
	}{
		{item(10, now, `"message":{"mid":"m1","is_deleted":true}`), 1},
		{item(20, now, `"message_edit":{"mid":"m2","text":"two!","num_edit":1}`), 1},
		{item(0, now, `"message":{"mid":"m1","text":"one"}`), 0},
		{item(0, now, `"message":{"mid":"m2","text":"two"}`), 0},
		{item(10, now, `"message":{"mid":"m1","is_deleted":true}`), 0},
		{item(30, now, `"message":{"mid":"m2","is_deleted":true}`), 0},
	} {
		w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": board}, nil)
		if got := serve(w, signed(page(tc.item))).StatusCode; got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
		want := messenger.Stats{Received: 1, Delivered: 1, Kept: tc.kept}
		if diff := cmp.Diff(want, w.Stats()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.item, diff)
		}
	}
	id, err := board.CustomerConversation(t.Context(), "PAGE1", "PSID1")
	if err != nil {
		t.Fatal(err)
	}
	if got := transcript(t, board, id); !got["m1"].Unsent || got["m2"].Text != "" || !got["m2"].Unsent {
		t.Errorf("the transcript is %+v", got)
	}
}

// TestWebhookStandby proves that in a thread of another app customers' messages open
// nothing unless asked for, and that what concerns the transcript comes anyway.
func TestWebhookStandby(t *testing.T) {
	body := []byte(`{"object":"page","entry":[{"id":"PAGE1","standby":[` + said("A", "m1", "hi") + `,{"sender":{"id":"A"},"read":{"watermark":1}}]}]}`)
	for _, standby := range []bool{false, true} {
		box := &inbox{}
		w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": box}, func(c *messenger.WebhookConfig) { c.Standby = standby })
		serve(w, signed(body))
		want := messenger.Stats{Received: 2, Delivered: 1, Ignored: 1}
		if standby {
			want = messenger.Stats{Received: 2, Delivered: 2}
		}
		if diff := cmp.Diff(want, w.Stats()); diff != "" || len(box.taken()) != int(want.Delivered-1) {
			t.Errorf("standby %v: %q, stats (-want +got):\n%s", standby, box.taken(), diff)
		}
	}
}

// TestWebhookOnEvent proves that the host hears of every event of its pages and of the
// app, that its error asks for the event again, and that its panic costs one event.
func TestWebhookOnEvent(t *testing.T) {
	var mu sync.Mutex
	var heard []messenger.Kind
	fail := true
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, func(c *messenger.WebhookConfig) {
		c.OnEvent = func(_ context.Context, e *messenger.Event) error {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, e.Kind)
			switch {
			case e.Kind == messenger.KindPolicy && fail:
				return fmt.Errorf("not now")
			case e.Kind == messenger.KindOrder:
				panic("a bug of the host")
			}
			return nil
		}
	})
	policy := page(`{"recipient":{"id":"PAGE1"},"timestamp":1,"policy_enforcement":{"action":"block"}}`)
	if got := serve(w, signed(policy)).StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("status %d after its error", got)
	}
	fail = false
	for _, body := range [][]byte{policy, page(`{`+s+`,"order":{}}`, said("PSID1", "m1", "x")),
		[]byte(`{"object":"permissions","entry":[{"id":"0","changes":[{"field":"connected","verb":"revoked"}]}]}`),
		[]byte(`{"object":"page","entry":[{"id":"OTHER","messaging":[` + said("X", "m9", "x") + `]}]}`),
	} {
		if got := serve(w, signed(body)).StatusCode; got != http.StatusOK {
			t.Errorf("status %d", got)
		}
	}
	want := []messenger.Kind{messenger.KindPolicy, messenger.KindPolicy, messenger.KindOrder, messenger.KindMessage, messenger.KindChange}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if got := w.Stats(); got.Panics != 1 || got.Delivered != 1 || got.UnknownPages != 1 || got.Unavailable != 1 {
		t.Errorf("%+v", got)
	}
}

// TestWebhookHoldsFewEvents proves that a body with half a million items is worked off in
// pieces, each in bounded memory, and answered.
func TestWebhookHoldsFewEvents(t *testing.T) {
	var mu sync.Mutex
	inFlight, most := 0, 0
	w := newWebhook(t, nil, func(c *messenger.WebhookConfig) {
		c.Boards = func(conversation.Source) messenger.Receiver {
			return do(func(context.Context, switchboard.Command) (switchboard.Result, error) {
				mu.Lock()
				inFlight++
				most = max(most, inFlight)
				mu.Unlock()
				defer func() { mu.Lock(); inFlight--; mu.Unlock() }()
				return switchboard.Result{}, nil
			})
		}
		c.Timeout = 30 * time.Second
	})
	var items []string
	for i := range 8000 {
		items = append(items, fmt.Sprintf(`{"sender":{"id":"P%d"},"message":{"mid":"m%d","text":"x"}}`, i, i))
	}
	if got := serve(w, signed(page(items...))).StatusCode; got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	if got := w.Stats(); got.Delivered != 8000 || most > 64 {
		t.Errorf("%+v, %d at the same time", got, most)
	}
}

type do func(context.Context, switchboard.Command) (switchboard.Result, error)

func (f do) Do(ctx context.Context, c switchboard.Command) (switchboard.Result, error) {
	return f(ctx, c)
}

// TestWebhookSHA1 proves that the old signature counts by option alone, and never beside
// the new one.
func TestWebhookSHA1(t *testing.T) {
	body := page(said("A", "m1", "hi"))
	old := sha1Sign(body, appSecret)
	for _, tc := range []struct {
		name      string
		allow     bool
		sha1, new string
		want      int
	}{
		{"not allowed", false, old, "", 401},
		{"allowed", true, old, "", 200},
		{"wrong", true, strings.Replace(old, old[5:7], "zz", 1), "", 401},
		{"of another secret", true, sha1Sign(body, "x"), "", 401},
		{"beside a wrong new one", true, old, "sha256=" + strings.Repeat("0", 64), 401},
		{"beside a right new one", true, "sha1=" + strings.Repeat("0", 40), messenger.Sign(body, appSecret), 200},
		{"none", true, "", "", 401},
	} {
		w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, func(c *messenger.WebhookConfig) { c.AllowSHA1 = tc.allow })
		r := signed(body)
		r.Header.Del(messenger.SignatureHeader)
		if tc.new != "" {
			r.Header.Set(messenger.SignatureHeader, tc.new)
		}
		if tc.sha1 != "" {
			r.Header.Set("X-Hub-Signature", tc.sha1)
		}
		if got := serve(w, r).StatusCode; got != tc.want {
			t.Errorf("%s: status %d, want %d", tc.name, got, tc.want)
		}
	}
}

// TestWebhookRemembersWhenPagesWereHeardOf proves that a page that is ours counts as heard
// of with any signed event, and another does not.
func TestWebhookRemembersWhenPagesWereHeardOf(t *testing.T) {
	w := newWebhook(t, map[conversation.Source]messenger.Receiver{"PAGE1": sink{}}, func(c *messenger.WebhookConfig) { c.Clock = now{} })
	serve(w, signed(page(`{`+s+`,"read":{"watermark":1}}`)))
	serve(w, signed([]byte(`{"object":"page","entry":[{"id":"OTHER","messaging":[`+said("X", "m9", "x")+`]}]}`)))
	if got := w.LastHeard("PAGE1"); !got.Equal(stamp) {
		t.Errorf("PAGE1: %v", got)
	}
	if got := w.LastHeard("OTHER"); !got.IsZero() {
		t.Errorf("OTHER: %v", got)
	}
}

// sha1Sign signs as Meta used to.
func sha1Sign(body []byte, secret messenger.Secret) string {
	h := hmac.New(sha1.New, []byte(secret.Reveal()))
	h.Write(body)
	return "sha1=" + hex.EncodeToString(h.Sum(nil))
}

// TestE76ReplayToAnotherProcess proves that a reaction that comes again does not undo a
// newer one, also where the newer one was not seen.
func TestE76ReplayToAnotherProcess(t *testing.T) {
	now := time.Now()
	board := openBoard(t)
	pages := map[conversation.Source]messenger.Receiver{"PAGE1": board}
	items := []string{
		item(0, now, `"message":{"mid":"m1","text":"one"}`),
		item(10, now, `"reaction":{"mid":"m1","action":"react","reaction":"love"}`),
		item(20, now, `"reaction":{"mid":"m1","action":"unreact"}`),
		item(30, now, `"message_edit":{"mid":"m1","text":"1","num_edit":1}`),
		item(40, now, `"message_edit":{"mid":"m1","text":"2","num_edit":2}`),
	}
	serve(newWebhook(t, pages, nil), signed(page(items...)))
	id, err := board.CustomerConversation(t.Context(), "PAGE1", "PSID1")
	if err != nil {
		t.Fatal(err)
	}
	want := transcript(t, board, id)
	for _, i := range items {
		if got := serve(newWebhook(t, pages, nil), signed(page(i))).StatusCode; got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
		if diff := cmp.Diff(want, transcript(t, board, id)); diff != "" {
			t.Errorf("after %s again (-before +after):\n%s", i, diff)
		}
	}
}
