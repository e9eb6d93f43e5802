package messenger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// TestInstagramThroughABoard proves that an account of Instagram goes the same way as a
// page, with its own shapes: echoes among the messages, receipts by name, stories.
func TestInstagramThroughABoard(t *testing.T) {
	traffic := &messenger.Traffic{}
	sent := make(chan string, 1)
	g := &graph{answer: func(call string) (int, string) { sent <- call; return 200, "" }}
	client := clientOf(t, g, func(c *messenger.ClientConfig) {
		c.Traffic, c.Clock = traffic, nil
		c.Token = func(conversation.Source) (messenger.Secret, bool) { return pageToken, true }
	})
	board := openBoardWith(t, switchboard.Config{Transports: map[conversation.Channel]switchboard.Transport{messenger.InstagramChannel: client}})
	w := newWebhook(t, nil, func(c *messenger.WebhookConfig) {
		c.Traffic = traffic
		c.Boards = func(conversation.Source) messenger.Receiver { return board }
	})
	now := time.Now().UnixMilli()
	post := func(items ...string) {
		t.Helper()
		body := `{"object":"instagram","entry":[{"id":"IG1","time":1,"messaging":[` + strings.Join(items, ",") + `]}]}`
		if got := serve(w, signed([]byte(body))).StatusCode; got != 200 {
			t.Fatalf("status %d", got)
		}
	}
	from := func(part string) string {
		return fmt.Sprintf(`{"sender":{"id":"IGSID"},"recipient":{"id":"IG1"},"timestamp":%d,%s}`, now, part)
	}
	post(from(`"message":{"mid":"i1","text":"nice","reply_to":{"story":{"id":"7","url":"https://s"}}}`),
		from(`"message":{"mid":"i2","attachments":[{"type":"story_mention","payload":{"url":"https://cdn"}}]}`),
		from(`"message":{"mid":"i3","text":"oops"}`), from(`"message":{"mid":"i3","is_deleted":true}`))
	id, err := board.CustomerConversation(t.Context(), "IG1", "IGSID")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := board.Bot("b").Send(t.Context(), id, "Thanks"); err != nil {
		t.Fatal(err)
	}
	if got := <-sent; !strings.HasPrefix(got, "POST me/messages Thanks ") {
		t.Errorf("sent by %s", got)
	}
	if err := board.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	post(fmt.Sprintf(`{"sender":{"id":"IG1"},"recipient":{"id":"IGSID"},"timestamp":%d,"message":{"mid":"i9","is_echo":true,"text":"from the app"}}`, now),
		from(`"read":{"mid":"m_X1"}`))
	want := map[string]line{
		"i1":   {Author: conversation.FromCustomer, Text: "nice"},
		"i2":   {Author: conversation.FromCustomer},
		"i3":   {Author: conversation.FromCustomer, Unsent: true},
		"i9":   {Author: conversation.FromOutside, Text: "from the app", Status: conversation.StatusSent},
		"m_X1": {Author: conversation.FromBot, Text: "Thanks", Status: conversation.StatusRead},
	}
	if diff := cmp.Diff(want, transcript(t, board, id)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := w.Stats(); s.RefusedOther+s.Unavailable+s.Unparsable+s.Panics+s.UnknownPages > 0 {
		t.Errorf("%+v", s)
	}
}
