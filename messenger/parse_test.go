package messenger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// stamp is 1767225600001 in milliseconds.
var stamp = time.Date(2026, 1, 1, 0, 0, 0, 1e6, time.UTC)

// s is what most items begin with.
const s = `"sender":{"id":"PSID1"},"recipient":{"id":"PAGE1"},"timestamp":1767225600001`

// page returns a body with one entry of PAGE1 with the items in messaging.
func page(items ...string) []byte {
	return []byte(`{"object":"page","entry":[{"id":"PAGE1","time":1767225600123,"messaging":[` + strings.Join(items, ",") + `]}]}`)
}

// inbound is a message or postback of PSID1 to PAGE1.
func inbound(in conversation.Inbound) conversation.Inbound {
	in.Channel, in.Source, in.Customer, in.ChannelAt = "messenger", "PAGE1", "PSID1", stamp
	return in
}

// inbounds returns what a body brings to Boards from customers.
func inbounds(t testing.TB, body []byte) []conversation.Inbound {
	t.Helper()
	var out []conversation.Inbound
	for _, c := range commands(t, body) {
		out = append(out, c.Do.(conversation.Inbound))
	}
	return out
}

// commands returns all that a body brings to Boards.
func commands(t testing.TB, body []byte) []switchboard.Command {
	t.Helper()
	events, err := messenger.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	var out []switchboard.Command
	for i := range events {
		out = append(out, events[i].Commands()...)
	}
	return out
}

func TestParseContent(t *testing.T) {
	type in = conversation.Inbound
	file := func(kind conversation.AttachmentKind, reference, name string) []conversation.Attachment {
		return []conversation.Attachment{{Kind: kind, Reference: reference, Name: name}}
	}
	for _, tc := range []struct {
		name, item string
		want       conversation.Inbound
	}{
		{"text", `{"mid":"m_A1","text":"Hello"}`, in{ExternalID: "m_A1", Text: "Hello"}},
		{"escapes", `{"mid":"m_A1","text":"\u00e4 \ud83d\ude42 \/"}`, in{ExternalID: "m_A1", Text: "ä 🙂 /"}},
		{"quick reply and reply", `{"mid":"m_A1","text":"M","quick_reply":{"payload":"SIZE_M"},"reply_to":{"mid":"m_A0","is_self_reply":false}}`,
			in{ExternalID: "m_A1", Text: "M", Payload: "SIZE_M", ReplyTo: "m_A0"}},
		{"image", `{"mid":"m_A1","attachments":[{"type":"image","payload":{"url":"https://cdn.example/x.jpg"}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Image, "https://cdn.example/x.jpg", "")}},
		{"four files, order kept", `{"mid":"m_A1","text":"t","attachments":[{"type":"audio","payload":{"url":"u1"}},{"type":"video","payload":{"url":"u2"}},
			{"type":"file","payload":{"url":"u3"}},{"type":"holo","payload":{"url":"u4"}}]}`,
			in{ExternalID: "m_A1", Text: "t", Attachments: []conversation.Attachment{{Kind: "audio", Reference: "u1"},
				{Kind: "video", Reference: "u2"}, {Kind: "file", Reference: "u3"}, {Kind: "holo", Reference: "u4"}}}},
		{"location", `{"mid":"m_A1","attachments":[{"type":"location","title":"Home","payload":{"coordinates":{"lat":1.5,"long":-2.25}}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Location, "geo:1.5,-2.25", "Home")}},
		{"location off the globe", `{"mid":"m_A1","attachments":[{"type":"location","payload":{"coordinates":{"lat":91,"long":1e400}}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Location, "m_A1", "")}},
		{"sticker", `{"mid":"m_A1","attachments":[{"type":"sticker","payload":{"url":"u","sticker_id":369239263222822}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Sticker, "u", ""), Extras: map[string]string{"sticker": "369239263222822"}}},
		{"sticker as image, and again as sticker", `{"mid":"m_A1","attachments":[{"type":"image","payload":{"url":"u","sticker_id":3}},
			{"type":"sticker","payload":{"url":"u","sticker_id":"3"}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Sticker, "u", ""), Extras: map[string]string{"sticker": "3"}}},
		{"link", `{"mid":"m_A1","text":"see","attachments":[{"type":"fallback","payload":{"url":"https://x.example","title":"X"}}]}`,
			in{ExternalID: "m_A1", Text: "see", Attachments: file(conversation.Share, "https://x.example", "X")}},
		{"link without payload", `{"mid":"m_A1","text":"see","attachments":[{"type":"fallback","payload":null},{"type":"fallback"}]}`,
			in{ExternalID: "m_A1", Text: "see", Attachments: append(file(conversation.Share, "m_A1", ""), file(conversation.Share, "m_A1", "")...)}},
		{"old link", `{"mid":"m_A1","attachments":[{"type":"fallback","title":"X","url":"https://x.example","payload":"facebook"}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Share, "https://x.example", "X")}},
		{"reel with a relative path", `{"mid":"m_A1","attachments":[{"type":"ig_reel","payload":{"url":"/reel/1","title":"R","reel_video_id":123}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Share, "/reel/1", "R")}},
		{"post", `{"mid":"m_A1","attachments":[{"type":"post","payload":{"url":"u","title":"P","id":456}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Share, "u", "P")}},
		{"product", `{"mid":"m_A1","attachments":[{"type":"template","payload":{"product":{"elements":[{"id":"1","image_url":"https://x.example/p"}]}}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.Share, "https://x.example/p", ""), Extras: map[string]string{"product": "1"}}},
		{"booking", `{"mid":"m_A1","attachments":[{"type":"appointment_booking","payload":{"booking_id":"b","status":"requested","start_time":1739612400}}]}`,
			in{ExternalID: "m_A1", Attachments: file("appointment_booking", "m_A1", ""), Extras: map[string]string{"booking": "b", "booking-status": "requested"}}},
		{"from an ad", `{"mid":"m_A1","text":"hi","referral":{"ref":"r1","ad_id":77,"source":"ADS","type":"OPEN_THREAD","ads_context_data":{}}}`,
			in{ExternalID: "m_A1", Text: "hi", Extras: map[string]string{
				"referral-ref": "r1", "referral-source": "ADS", "referral-type": "OPEN_THREAD", "referral-ad": "77"}}},
		{"unknown and historic keys", `{"mid":"m_A1","text":"hi","seq":3,"nlp":{"entities":{}},"commands":[{"name":"flights"}],"from_2030":[[1]]}`,
			in{ExternalID: "m_A1", Text: "hi", Extras: map[string]string{"commands": "flights"}}},
		{"unsupported", `{"mid":"m_A1","is_unsupported":true}`,
			in{ExternalID: "m_A1", Attachments: file(messenger.Unsupported, "m_A1", "")}},
		{"odd types cost only themselves", `{"mid":"m_A1","text":"hi","quick_reply":"x","reply_to":7,"attachments":{"a":1},"referral":[],"is_echo":"no"}`,
			in{ExternalID: "m_A1", Text: "hi"}},
		{"odd attachments", `{"mid":"m_A1","attachments":[null,7,{"type":["x"]},{"type":"a b","payload":{"url":"u"}}]}`,
			in{ExternalID: "m_A1", Attachments: []conversation.Attachment{{Kind: "unsupported", Reference: "m_A1"}, {Kind: "unsupported", Reference: "m_A1"},
				{Kind: "unsupported", Reference: "m_A1"}, {Kind: "unsupported", Reference: "u"}}}},
		{"reference too long", `{"mid":"m_A1","attachments":[{"type":"file","payload":{"url":"` + strings.Repeat("u", 2049) + `"}}]}`,
			in{ExternalID: "m_A1", Attachments: file(conversation.File, "m_A1", "")}},
		{"payload too long", `{"mid":"m_A1","text":"x","quick_reply":{"payload":"` + strings.Repeat("p", 1001) + `"}}`,
			in{ExternalID: "m_A1", Text: "x", Extras: map[string]string{"payload-bytes": "1001"}}},
		{"extra too long is cut at a character", `{"mid":"m_A1","text":"x","referral":{"ref":"` + strings.Repeat("ä", 600) + `x"}}`,
			in{ExternalID: "m_A1", Text: "x", Extras: map[string]string{"referral-ref": strings.Repeat("ä", 512)}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := inbounds(t, page(`{`+s+`,"message":`+tc.item+`}`))
			if diff := cmp.Diff([]conversation.Inbound{inbound(tc.want)}, got); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			if err := got[0].Validate(stamp); err != nil {
				t.Errorf("a Board refuses it: %v", err)
			}
		})
	}
}

func TestParsePostback(t *testing.T) {
	type in = conversation.Inbound
	for _, tc := range []struct {
		name, postback string
		want           conversation.Inbound
	}{
		{"with mid", `{"mid":"m_P1","title":"Start","payload":"GET_STARTED","referral":{"ref":"r1","source":"SHORTLINK","type":"OPEN_THREAD"}}`,
			in{ExternalID: "m_P1", Text: "Start", Payload: "GET_STARTED", Extras: map[string]string{
				"referral-ref": "r1", "referral-source": "SHORTLINK", "referral-type": "OPEN_THREAD"}}},
		{"without title", `{"mid":"m_P1","payload":"GO"}`, in{ExternalID: "m_P1", Text: "GO", Payload: "GO"}},
		{"without payload", `{"mid":"m_P1","title":"Go"}`, in{ExternalID: "m_P1", Text: "Go"}},
		{"without mid", `{"title":"Start","payload":"GET_STARTED"}`,
			in{ExternalID: "postback:1767225600001:cc0c74cea15305d0c745af3a62815068", Text: "Start", Payload: "GET_STARTED"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := inbounds(t, page(`{`+s+`,"postback":`+tc.postback+`}`))
			if diff := cmp.Diff([]conversation.Inbound{inbound(tc.want)}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestE76PostbackWithoutIDHasAStableOne proves that a postback without an id is
// the same when it comes again, and another one when anything about it differs.
func TestE76PostbackWithoutIDHasAStableOne(t *testing.T) {
	id := func(sender, at, title, payload string) string {
		got := inbounds(t, page(fmt.Sprintf(`{"sender":{"id":%q},"timestamp":%s,"postback":{"title":%q,"payload":%q}}`,
			sender, at, title, payload)))
		if len(got) != 1 {
			t.Fatal(got)
		}
		return got[0].ExternalID
	}
	first := id("P1", "1767225600001", "ab", "c")
	if again := id("P1", `"1767225600001"`, "ab", "c"); again != first {
		t.Errorf("the same postback has the ids %s and %s", first, again)
	}
	seen := map[string]bool{first: true}
	for _, other := range []string{
		id("P2", "1767225600001", "ab", "c"), id("P1", "1767225600002", "ab", "c"),
		id("P1", "1767225600001", "a", "bc"), id("P1", "1767225600001", "ab", "d"), id("P1", "1767225600001", "c", "ab"),
	} {
		if seen[other] {
			t.Errorf("two postbacks have the id %s", other)
		}
		seen[other] = true
	}
}

// TestE76LooseTypes proves that ids and times mean the same in every form seen.
func TestE76LooseTypes(t *testing.T) {
	want := []conversation.Inbound{{
		Channel: "messenger", Source: "12", Customer: "34", ExternalID: "56", ChannelAt: time.Unix(1767225600, 0).UTC(), Text: "7"}}
	for _, at := range []string{`1767225600`, `"1767225600"`, `1767225600000`, `"1767225600000"`, `1.7672256e12`, `1.7672256e9`, `1767225600000.0`} {
		for _, form := range []string{`"%s"`, `%s`} {
			id := func(n string) string { return fmt.Sprintf(form, n) }
			body := `{"object":"page","entry":[{"id":` + id("12") + `,"messaging":[{"sender":{"id":` + id("34") + `},"recipient":{"id":` +
				id("12") + `},"timestamp":` + at + `,"message":{"mid":` + id("56") + `,"text":` + id("7") + `}}]}]}`
			got := inbounds(t, []byte(body))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", body, diff)
			}
		}
	}
	for _, at := range []string{`null`, `"soon"`, `-5`, `0`, `1e300`, `99999999999999999`, `{}`, `[1]`, `true`} {
		got, err := messenger.Parse(page(`{"sender":{"id":"P"},"timestamp":` + at + `,"message":{"mid":"m","text":"x"}}`))
		if err != nil || len(got) != 1 || got[0].Kind != messenger.KindMessage || !got[0].At.IsZero() {
			t.Errorf("timestamp %s: %+v, %v; want a message without a time", at, got, err)
		}
	}
}

func TestParseEnvelope(t *testing.T) {
	item := func(page, customer, mid string) string {
		return fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":1767225600001,"message":{"mid":%q,"text":"x"}}`, customer, page, mid)
	}
	entries := `[
		{"id":"PAGE1","messaging":[` + item("PAGE1", "A", "m1") + `,"odd",` + item("PAGE1", "B", "m2") + `],"standby":[` + item("PAGE1", "C", "m3") + `]},
		"odd", {"messaging":[` + item("PAGE2", "D", "m4") + `]}, {"changes":[{"field":"messages","value":{}}],"id":"PAGE3"}, {"id":"PAGE3","messaging":7}]`
	type got struct {
		Channel  conversation.Channel
		Page     conversation.Source
		Kind     messenger.Kind
		Customer conversation.Customer
		Standby  bool
	}
	for object, channel := range map[string]conversation.Channel{"page": messenger.Channel, "instagram": messenger.InstagramChannel} {
		want := []got{
			{channel, "PAGE1", messenger.KindMessage, "A", false}, {channel, "PAGE1", messenger.KindOther, "", false},
			{channel, "PAGE1", messenger.KindMessage, "B", false}, {channel, "PAGE1", messenger.KindMessage, "C", true},
			{channel, "PAGE2", messenger.KindMessage, "D", false}, {channel, "PAGE3", messenger.KindChange, "", false},
		}
		for _, body := range []string{
			`{"object":"` + object + `","entry":` + entries + `}`,
			`{"x":[1],"entry":` + entries + `,"object":"` + object + `"}`, // in any order
		} {
			events, err := messenger.Parse([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			var have []got
			for _, e := range events {
				have = append(have, got{e.Channel, e.Page, e.Kind, e.Customer, e.Standby})
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}

func TestParseOtherBodies(t *testing.T) {
	other := []messenger.Kind{messenger.KindOther}
	for _, tc := range []struct {
		body    string
		want    []messenger.Kind
		problem string
	}{
		{`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{}]}]}`, other, ""},
		{`{"object":"permissions","entry":[{"id":"0","uid":"0","time":1567181353,"changes":[{"field":"connected","verb":"granted"}]}]}`,
			[]messenger.Kind{messenger.KindChange}, ""},
		{`{}`, other, ""},
		{`{"object":7}`, other, ""},
		{`{"object":"page"}`, nil, ""},
		{`{"object":"page","entry":{"id":"x"}}`, nil, ""},
		{`{"object":"page","entry":null}`, nil, ""},
		{``, nil, "not JSON"},
		{`   `, nil, "not JSON"},
		{`{"object":"page"`, nil, "not JSON"},
		{`{"object":"page"} {}`, nil, "not JSON"},
		{"\x1f\x8b\x08\x00gzip", nil, "not JSON"},
		{"\xef\xbb\xbf{}", nil, "not JSON"},
		{`object=page&entry=1`, nil, "not JSON"},
		{`[{"object":"page"}]`, nil, "not a JSON object"},
		{`"page"`, nil, "not a JSON object"},
		{`null`, nil, "not a JSON object"},
		{" \n1", nil, "not a JSON object"},
		{strings.Repeat("[", 200_000), nil, "not JSON"},
		{strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), nil, "not JSON"},
	} {
		events, err := messenger.Parse([]byte(tc.body))
		var got []messenger.Kind
		for _, e := range events {
			got = append(got, e.Kind)
		}
		var bad *messenger.BodyError
		if tc.problem != "" && (!errors.As(err, &bad) || bad.Problem != tc.problem || !errors.Is(err, messenger.ErrBody)) || tc.problem == "" && err != nil {
			t.Errorf("%.60q: %v, want %q", tc.body, err, tc.problem)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%.60q (-want +got):\n%s", tc.body, diff)
		}
	}
}

// TestE80LargeMessagesComeInParts proves that nothing a customer sent is lost
// to the limits of a message, and that each part passes them.
func TestE80LargeMessagesComeInParts(t *testing.T) {
	text := strings.Repeat("x", conversation.MaxInboundText-1) + strings.Repeat("ä", conversation.MaxInboundText/2) + "end"
	var files []string
	for i := range 31 {
		files = append(files, fmt.Sprintf(`{"type":"image","payload":{"url":"u%d"}}`, i))
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	got := inbounds(t, page(`{`+s+`,"message":{"mid":"m_A1","text":`+string(quoted)+
		`,"quick_reply":{"payload":"P"},"reply_to":{"mid":"m_A0"},"attachments":[`+strings.Join(files, ",")+`]}}`))
	var ids, urls, rest []string
	var whole string
	for _, in := range got {
		if err := in.Validate(stamp); err != nil {
			t.Errorf("%s: a Board refuses it: %v", in.ExternalID, err)
		}
		ids = append(ids, in.ExternalID)
		whole += in.Text
		for _, a := range in.Attachments {
			urls = append(urls, a.Reference)
		}
		rest = append(rest, in.Payload+in.ReplyTo)
	}
	if diff := cmp.Diff([]string{"m_A1", "m_A1/2", "m_A1/3", "m_A1/4"}, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Pm_A0", "", "", ""}, rest); diff != "" {
		t.Errorf("payloads and replies (-want +got):\n%s", diff)
	}
	if whole != text {
		t.Errorf("the text has changed: %d of %d bytes", len(whole), len(text))
	}
	for i := range 31 {
		if i >= len(urls) || urls[i] != fmt.Sprintf("u%d", i) {
			t.Fatalf("attachments lost or out of order: %q", urls)
		}
	}
}
