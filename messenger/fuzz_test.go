package messenger_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// FuzzWebhook proves that no body panics; that white space and escapes make no
// difference; that a Board takes what Parse returns, unless an id is too long
// or the text blank; and that a message written out plainly is read as the same message.
func FuzzWebhook(f *testing.F) {
	f.Add(page(`{` + s + `,"message":{"mid":"m_A1","text":"Hello <b>","quick_reply":{"payload":"SIZE_M"},"reply_to":{"mid":"m_A0"}}}`))
	f.Add(page(`{`+s+`,"message":{"mid":"m_A1","attachments":[{"type":"sticker","payload":{"url":"u","sticker_id":3}},{"type":"x"}]}}`, `7`))
	f.Add(page(`{`+s+`,"postback":{"title":"Start","payload":"\u00e4"}}`, `{`+s+`,"read":{"watermark":1}}`))
	f.Add(page(`{` + s + `,"message":{"mid":1e2,"attachments":[{"type":"location","payload":{"coordinates":{"lat":1.5,"long":"2"}}}]}}`))
	f.Add([]byte(`{"object":"page","entry":[{"id":1,"standby":[{"sender":{"id":2},"timestamp":"5","message":{"mid":"m","is_echo":true}}],"changes":[1]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := messenger.Parse(body)
		if err != nil {
			if items != nil {
				t.Fatalf("items beside the error %v", err)
			}
			return
		}
		if utf8.Valid(body) { // otherwise the escapes of a bad byte are not JSON's business
			var indented, escaped bytes.Buffer
			if err := json.Indent(&indented, body, " ", "\t"); err != nil {
				t.Fatalf("read %q, which is not JSON: %v", body, err)
			}
			json.HTMLEscape(&escaped, indented.Bytes())
			again, err := messenger.Parse(escaped.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(items, again); diff != "" {
				t.Fatalf("with other white space and escapes (-before +after):\n%s", diff)
			}
		}
		for _, item := range items {
			if item.Kind != messenger.KindMessage && item.Kind != messenger.KindPostback {
				if diff := cmp.Diff(conversation.Inbound{}, item.Inbound); diff != "" {
					t.Fatalf("%s has a message: %s", item.Kind, diff)
				}
				continue
			}
			in := item.Inbound
			idsFit := len(in.ExternalID) <= conversation.MaxExternalID && len(in.Source) <= conversation.MaxName && len(in.Customer) <= conversation.MaxName
			blank := len(in.Attachments) == 0 && in.Payload == "" // and perhaps a text of white space
			if err := in.Validate(in.ChannelAt); err != nil && idsFit && !blank {
				t.Fatalf("a Board refuses %+v: %v", in, err)
			}
			again, err := messenger.Parse(written(t, item))
			if err != nil {
				t.Fatal(err)
			}
			item.Inbound.Extras = nil // not all of them are written
			for i := range again {
				again[i].Inbound.Extras = nil
			}
			if diff := cmp.Diff([]messenger.Item{item}, again); diff != "" {
				t.Fatalf("written out plainly (-before +after):\n%s", diff)
			}
		}
	})
}

// written returns a body that says just this message, as plainly as can be.
func written(t *testing.T, item messenger.Item) []byte {
	type object = map[string]any
	in := item.Inbound
	ms := in.ChannelAt.UnixMilli()
	switch {
	case in.ChannelAt.IsZero():
		ms = 0
	case ms < 100_000_000_000:
		ms /= 1000 // a time so early can only be told in seconds
	}
	event := object{"sender": object{"id": in.Customer}, "recipient": object{"id": in.Source}, "timestamp": ms}
	if item.Kind == messenger.KindPostback {
		event["postback"] = object{"mid": in.ExternalID, "title": in.Text, "payload": in.Payload}
	} else {
		files := []object{}
		for _, a := range in.Attachments {
			files = append(files, object{"type": a.Kind, "payload": object{"url": a.Reference, "title": a.Name}})
		}
		event["message"] = object{"mid": in.ExternalID, "text": in.Text, "attachments": files,
			"quick_reply": object{"payload": in.Payload}, "reply_to": object{"mid": in.ReplyTo}}
	}
	where := "messaging"
	if item.Standby {
		where = "standby"
	}
	body, err := json.Marshal(object{"object": "page", "entry": []object{{"id": in.Source, where: []object{event}}}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}
