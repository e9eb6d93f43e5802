package messenger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// echoed is what an echo to PSID1 begins with.
const echoed = `"sender":{"id":"PAGE1"},"recipient":{"id":"PSID1"},"timestamp":1767225600001`

// mark is 1767225600000 in milliseconds.
var mark = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

type event = messenger.Event

// eventTable has one of every kind of event that Meta sends, and what it means.
var eventTable = []struct {
	name, item string
	want       messenger.Event // with Channel, Page, Customer and At filled in unless bare
	bare       bool
	do         []any // the commands' bodies
}{
	{name: "message", item: `{` + s + `,"message":{"mid":"m_A1","text":"Hello","quick_reply":{"payload":"SIZE_M"},"reply_to":{"mid":"m_A0","is_self_reply":true}}}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Text: "Hello", QuickReply: "SIZE_M", ReplyTo: "m_A0", SelfReply: true}},
		do:   []any{conversation.Inbound{ExternalID: "m_A1", Text: "Hello", Payload: "SIZE_M", ReplyTo: "m_A0", ChannelAt: stamp}}},
	{name: "reel and sticker", item: `{` + s + `,"message":{"mid":"m_A1","attachments":[{"type":"reel","payload":{"url":"/r","title":"T","reel_video_id":123}},
		{"type":"sticker","payload":{"url":"u","sticker_id":369239263222822}}]}}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Attachments: []messenger.File{
			{Type: "reel", URL: "/r", Title: "T", MediaID: "123"}, {Type: "sticker", URL: "u", StickerID: "369239263222822"}}}},
		do: []any{conversation.Inbound{ExternalID: "m_A1", ChannelAt: stamp, Extras: map[string]string{"sticker": "369239263222822"}, Attachments: []conversation.Attachment{
			{Kind: conversation.Share, Reference: "/r", Name: "T"}, {Kind: conversation.Sticker, Reference: "u"}}}}},
	{name: "product", item: `{` + s + `,"message":{"mid":"m_A1","attachments":[{"type":"template","payload":{"product":{"elements":[
		{"id":"1","retailer_id":"r","image_url":"https://i","title":"T","subtitle":"S"}]}}}]}}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Attachments: []messenger.File{
			{Type: "template", Products: []messenger.Product{{ID: "1", RetailerID: "r", Name: "T", Subtitle: "S", ImageURL: "https://i"}}}}}},
		do: []any{conversation.Inbound{ExternalID: "m_A1", ChannelAt: stamp, Extras: map[string]string{"product": "1"},
			Attachments: []conversation.Attachment{{Kind: conversation.Share, Reference: "https://i"}}}}},
	{name: "booking", item: `{` + s + `,"message":{"mid":"m_A1","attachments":[{"type":"appointment_booking","payload":{"booking_id":"b","status":"requested",
		"start_time":1739612400,"end_time":1739616000,"timezone":"Europe/Berlin"}}]}}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Attachments: []messenger.File{{Type: "appointment_booking",
			Booking: &messenger.Booking{ID: "b", Status: "requested", Zone: "Europe/Berlin", Start: time.Unix(1739612400, 0).UTC(), End: time.Unix(1739616000, 0).UTC()}}}}},
		do: []any{conversation.Inbound{ExternalID: "m_A1", ChannelAt: stamp, Extras: map[string]string{"booking": "b", "booking-status": "requested"},
			Attachments: []conversation.Attachment{{Kind: "appointment_booking", Reference: "m_A1"}}}}},
	{name: "from ad", item: `{` + s + `,"message":{"mid":"m_A1","text":"x","referral":{"ref":"r","ad_id":"9","source":"ADS","type":"OPEN_THREAD",
		"ads_context_data":{"ad_title":"Shoes","photo_url":"p"}}}}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Text: "x",
			Referral: &messenger.Referral{Ref: "r", AdID: "9", Source: "ADS", Type: "OPEN_THREAD", AdTitle: "Shoes"}}},
		do: []any{conversation.Inbound{ExternalID: "m_A1", Text: "x", ChannelAt: stamp, Extras: map[string]string{
			"referral-ref": "r", "referral-source": "ADS", "referral-type": "OPEN_THREAD", "referral-ad": "9"}}}},
	{name: "from shop, by a plugin", item: `{` + s + `,"message":{"mid":"m_A1","text":"x","referral":{"product":{"id":"123"}},"commands":[{"name":"flights"}]},
		"prior_message":{"source":"checkbox_plugin","identifier":"REF"},"hop_context":[{"app_id":1}]}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Text: "x", Commands: []string{"flights"},
			Referral: &messenger.Referral{ProductID: "123"}, PriorSource: "checkbox_plugin", PriorID: "REF"}},
		do: []any{conversation.Inbound{ExternalID: "m_A1", Text: "x", ChannelAt: stamp, Extras: map[string]string{
			"referral-product": "123", "prior-source": "checkbox_plugin", "commands": "flights"}}}},
	{name: "story reply", item: `{` + s + `,"message":{"mid":"m_A1","text":"x","reply_to":{"story":{"id":"7","url":"https://s"}}}}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Text: "x", StoryID: "7", StoryURL: "https://s"}},
		do:   []any{conversation.Inbound{ExternalID: "m_A1", Text: "x", ChannelAt: stamp, Extras: map[string]string{"story": "7"}}}},
	{name: "unsupported", item: `{` + s + `,"message":{"mid":"m_A1","is_unsupported":true}}`,
		want: event{Kind: messenger.KindMessage, Message: &messenger.Message{ID: "m_A1", Unsupported: true}},
		do: []any{conversation.Inbound{ExternalID: "m_A1", ChannelAt: stamp,
			Attachments: []conversation.Attachment{{Kind: messenger.Unsupported, Reference: "m_A1"}}}}},
	{name: "unsend", item: `{` + s + `,"message":{"mid":"m_A1","is_deleted":true}}`,
		want: event{Kind: messenger.KindUnsend, Message: &messenger.Message{ID: "m_A1"}},
		do:   unsends("m_A1")},
	{name: "echo of ours", item: `{` + echoed + `,"message":{"is_echo":true,"app_id":1517776481860111,"metadata":"c42.7","mid":"m_E1","text":"Reply"}}`,
		want: event{Kind: messenger.KindEcho, Own: true, Message: &messenger.Message{ID: "m_E1", Text: "Reply", AppID: "1517776481860111", Metadata: "c42.7"}},
		do:   []any{conversation.Outside{ExternalID: "m_E1", ChannelAt: stamp, Key: "c42.7", App: "1517776481860111", Text: "Reply"}}},
	{name: "echo of a part of ours", item: `{` + echoed + `,"message":{"is_echo":true,"app_id":1517776481860111,"metadata":"c42.7/1","mid":"m_E1","text":"Reply"}}`,
		want: event{Kind: messenger.KindEcho, Own: true, Message: &messenger.Message{ID: "m_E1", Text: "Reply", AppID: "1517776481860111", Metadata: "c42.7/1"}}},
	{name: "echo of the inbox", item: `{` + echoed + `,"message":{"is_echo":true,"app_id":263902037430900,"mid":"m_E1","attachments":[{"type":"fallback","payload":null}]}}`,
		want: event{Kind: messenger.KindEcho, Own: true, Message: &messenger.Message{ID: "m_E1", AppID: messenger.InboxApp, Attachments: []messenger.File{{Type: "fallback"}}}},
		do: []any{conversation.Outside{ExternalID: "m_E1", ChannelAt: stamp, App: messenger.InboxApp,
			Attachments: []conversation.Attachment{{Kind: conversation.Share, Reference: "m_E1"}}}}},
	{name: "echo of a stranger's metadata, without its mark", item: `{` + echoed + `,"message":{"mid":"m_E1","text":"x","metadata":"conv-42"}}`,
		want: event{Kind: messenger.KindEcho, Own: true, Message: &messenger.Message{ID: "m_E1", Text: "x", Metadata: "conv-42"}},
		do:   []any{conversation.Outside{ExternalID: "m_E1", ChannelAt: stamp, Text: "x"}}},
	{name: "delivery", item: `{"sender":{"id":"PSID1"},"recipient":{"id":"PAGE1"},"delivery":{"mids":["m_E1","m_E2"],"watermark":1767225600000}}`, bare: true,
		want: event{Kind: messenger.KindDelivery, Channel: "messenger", Page: "PAGE1", Customer: "PSID1",
			Receipt: &messenger.Receipt{Watermark: mark, IDs: []string{"m_E1", "m_E2"}}},
		do: []any{conversation.Receipt{Status: conversation.StatusDelivered, Watermark: mark, ExternalIDs: []string{"m_E1", "m_E2"}}}},
	{name: "read", item: `{` + s + `,"read":{"watermark":1767225600000}}`,
		want: event{Kind: messenger.KindRead, Receipt: &messenger.Receipt{Watermark: mark}},
		do:   []any{conversation.Receipt{Status: conversation.StatusRead, Watermark: mark}}},
	{name: "read on Instagram", item: `{` + s + `,"read":{"mid":"m_E1"}}`,
		want: event{Kind: messenger.KindRead, Receipt: &messenger.Receipt{IDs: []string{"m_E1"}}},
		do:   []any{conversation.Receipt{Status: conversation.StatusRead, ExternalIDs: []string{"m_E1"}}}},
	{name: "reaction", item: `{` + s + `,"reaction":{"mid":"m_E1","action":"react","reaction":"love","emoji":"\u2764\ufe0f"}}`,
		want: event{Kind: messenger.KindReaction, Reaction: &messenger.Reaction{ID: "m_E1", Name: "love", Emoji: "\u2764\ufe0f"}},
		do:   []any{conversation.React{ExternalID: "m_E1", Emoji: "\u2764\ufe0f", ChannelAt: stamp}}},
	{name: "reaction without its emoji", item: `{` + s + `,"reaction":{"mid":"m_E1","action":"react","reaction":"like"}}`,
		want: event{Kind: messenger.KindReaction, Reaction: &messenger.Reaction{ID: "m_E1", Name: "like", Emoji: "\U0001F44D"}},
		do:   []any{conversation.React{ExternalID: "m_E1", Emoji: "\U0001F44D", ChannelAt: stamp}}},
	{name: "unreact", item: `{` + s + `,"reaction":{"mid":"m_E1","action":"unreact"}}`,
		want: event{Kind: messenger.KindReaction, Reaction: &messenger.Reaction{ID: "m_E1"}},
		do:   []any{conversation.React{ExternalID: "m_E1", ChannelAt: stamp}}},
	{name: "edit", item: `{` + s + `,"message_edit":{"mid":"m_A1","text":"Hello!","num_edit":2}}`,
		want: event{Kind: messenger.KindEdit, Edit: &messenger.Edit{ID: "m_A1", Text: "Hello!", Count: 2}},
		do:   []any{conversation.Edit{ExternalID: "m_A1", Text: "Hello!", Edits: 2, ChannelAt: stamp}}},
	{name: "edit, number as text", item: `{` + s + `,"message_edit":{"mid":"m_A1","text":"Hello!","num_edit":"2"}}`,
		want: event{Kind: messenger.KindEdit, Edit: &messenger.Edit{ID: "m_A1", Text: "Hello!", Count: 2}},
		do:   []any{conversation.Edit{ExternalID: "m_A1", Text: "Hello!", Edits: 2, ChannelAt: stamp}}},
	{name: "postback", item: `{` + s + `,"postback":{"mid":"m_P1","title":"Start","payload":"GET_STARTED","referral":{"ref":"r1","source":"SHORTLINK","type":"OPEN_THREAD"}}}`,
		want: event{Kind: messenger.KindPostback, Postback: &messenger.Postback{ID: "m_P1", Title: "Start", Payload: "GET_STARTED",
			Referral: &messenger.Referral{Ref: "r1", Source: "SHORTLINK", Type: "OPEN_THREAD"}}},
		do: []any{conversation.Inbound{ExternalID: "m_P1", Text: "Start", Payload: "GET_STARTED", ChannelAt: stamp, Extras: map[string]string{
			"referral-ref": "r1", "referral-source": "SHORTLINK", "referral-type": "OPEN_THREAD"}}}},
	{name: "referral", item: `{` + s + `,"referral":{"ref":null,"source":"SHORTLINK","type":"OPEN_THREAD","referer_uri":"https://r"}}`,
		want: event{Kind: messenger.KindReferral, Referral: &messenger.Referral{Source: "SHORTLINK", Type: "OPEN_THREAD", RefererURI: "https://r"}}},
	{name: "lead, in seconds", item: `{"sender":{"id":"PSID1"},"recipient":{"id":"PAGE1"},"timestamp":1767225600,"referral":{"source":"ADS","type":"LEAD_COMPLETE"},
		"lead":{"data":[{"question":"Size?","answer":"M"}]}}`, bare: true,
		want: event{Kind: messenger.KindReferral, Channel: "messenger", Page: "PAGE1", Customer: "PSID1", At: mark,
			Referral: &messenger.Referral{Source: "ADS", Type: "LEAD_COMPLETE", Lead: []messenger.Answer{{Question: "Size?", Answer: "M"}}}}},
	{name: "plugin opt-in", item: `{"sender":{"user_ref":"u1"},"recipient":{"id":"PAGE1"},"timestamp":1767225600001,"optin":{"ref":"p1","user_ref":"u1"}}`, bare: true,
		want: event{Kind: messenger.KindOptin, Channel: "messenger", Page: "PAGE1", UserRef: "u1", At: stamp, Optin: &messenger.Optin{Ref: "p1"}}},
	{name: "marketing opt-in", item: `{` + s + `,"optin":{"type":"notification_messages","payload":"p","title":"News","notification_messages_token":"T1",
		"notification_messages_frequency":"DAILY","notification_messages_timezone":"UTC","token_expiry_timestamp":1893456000000,
		"user_token_status":"NOT_REFRESHED","notification_messages_status":"STOP NOTIFICATIONS"}}`,
		want: event{Kind: messenger.KindOptin, Optin: &messenger.Optin{Type: "notification_messages", Payload: "p", Title: "News", Token: "T1", Frequency: "DAILY",
			Zone: "UTC", TokenExpires: time.UnixMilli(1893456000000).UTC(), TokenStatus: "NOT_REFRESHED", Status: "STOP NOTIFICATIONS"}}},
	{name: "linked", item: `{` + s + `,"account_linking":{"status":"linked","authorization_code":"C1"}}`,
		want: event{Kind: messenger.KindLinking, Linking: &messenger.Linking{Status: "linked", Code: "C1"}}},
	{name: "unlinked", item: `{` + s + `,"account_linking":{"status":"unlinked"}}`,
		want: event{Kind: messenger.KindLinking, Linking: &messenger.Linking{Status: "unlinked"}}},
	{name: "pass", item: `{` + s + `,"pass_thread_control":{"previous_owner_app_id":"111","new_owner_app_id":222,"metadata":"billing"}}`,
		want: event{Kind: messenger.KindRouting, Routing: &messenger.Routing{Action: messenger.RoutingPassed, Previous: "111", New: "222", Metadata: "billing"}}},
	{name: "take of an idle thread", item: `{` + s + `,"take_thread_control":{"previous_owner_app_id":null,"new_owner_app_id":"222"}}`,
		want: event{Kind: messenger.KindRouting, Routing: &messenger.Routing{Action: messenger.RoutingTaken, New: "222"}}},
	{name: "request", item: `{` + s + `,"request_thread_control":{"requested_owner_app_id":222,"metadata":"m"}}`,
		want: event{Kind: messenger.KindRouting, Routing: &messenger.Routing{Action: messenger.RoutingRequested, Requested: "222", Metadata: "m"}}},
	{name: "roles", item: `{"recipient":{"id":"PAGE1"},"timestamp":1767225600001,"app_roles":{"222":["primary_receiver"]}}`, bare: true,
		want: event{Kind: messenger.KindRouting, Channel: "messenger", Page: "PAGE1", At: stamp, Routing: &messenger.Routing{Action: messenger.RoutingRoles}}},
	{name: "policy", item: `{"recipient":{"id":"PAGE1"},"timestamp":1767225600001,"policy_enforcement":{"action":"block","reason":"spam"}}`, bare: true,
		want: event{Kind: messenger.KindPolicy, Channel: "messenger", Page: "PAGE1", At: stamp, Policy: &messenger.Policy{Action: "block", Reason: "spam"}}},
	{name: "policy with a hyphen", item: `{"recipient":{"id":"PAGE1"},"timestamp":1767225600001,"policy-enforcement":{"action":"unblock"}}`, bare: true,
		want: event{Kind: messenger.KindPolicy, Channel: "messenger", Page: "PAGE1", At: stamp, Policy: &messenger.Policy{Action: "unblock"}}},
	{name: "thumb", item: `{` + s + `,"response_feedback":{"mid":"m_E1","feedback":"Good response"}}`,
		want: event{Kind: messenger.KindRating, Rating: &messenger.Rating{ID: "m_E1", Feedback: "Good response"}}},
	{name: "survey", item: `{` + s + `,"messaging_feedback":{"feedback_screens":[{"screen_id":0,"questions":{"q1":{"type":"csat","payload":"4",
		"follow_up":{"type":"free_form","payload":"fine"}}}}]}}`,
		want: event{Kind: messenger.KindSurvey, Survey: &messenger.Survey{Answers: []messenger.SurveyAnswer{{Question: "q1", Type: "csat", Value: "4", FollowUp: "fine"}}}}},
	{name: "cart", item: `{` + s + `,"order":{"products":[{"id":1,"retailer_id":"r","name":"n","unit_price":11,"currency":"EUR","quantity":2}],"note":"now"}}`,
		want: event{Kind: messenger.KindOrder, Order: &messenger.Order{Note: "now",
			Products: []messenger.Product{{ID: "1", RetailerID: "r", Name: "n", Price: "11", Currency: "EUR", Quantity: 2}}}}},
	{name: "unknown", item: `{` + s + `,"game_play":{"game_id":"1"}}`, want: event{Kind: messenger.KindOther}},
	{name: "null", item: `{` + s + `,"read":null}`, want: event{Kind: messenger.KindOther}},
	{name: "empty", item: `{}`, bare: true, want: event{Kind: messenger.KindOther, Channel: "messenger", Page: "PAGE1"}},
	{name: "no object", item: `7`, bare: true, want: event{Kind: messenger.KindOther, Channel: "messenger", Page: "PAGE1"}},
	{name: "nobody", item: `{"recipient":{"id":"PAGE1"},"message":{"mid":"m","text":"nobody"}}`, bare: true, want: malformed},
	{name: "not yet a person", item: `{"sender":{"user_ref":"u"},"message":{"mid":"m","text":"x"}}`, bare: true, want: malformed},
	{name: "no id", item: `{` + s + `,"message":{"text":"no id"}}`, bare: true, want: malformed},
	{name: "odd id", item: `{` + s + `,"message":{"mid":{},"text":"odd id"}}`, bare: true, want: malformed},
	{name: "echo to nobody", item: `{"sender":{"id":"PAGE1"},"message":{"mid":"m","is_echo":true}}`, bare: true, want: malformed},
	{name: "edit of nothing", item: `{` + s + `,"message_edit":{"text":"x"}}`, bare: true, want: malformed},
	{name: "reaction to nothing", item: `{` + s + `,"reaction":{"action":"react"}}`, bare: true, want: malformed},
	{name: "read of nothing", item: `{` + s + `,"read":{}}`, bare: true, want: malformed},
}

var malformed = event{Kind: messenger.KindMalformed, Channel: "messenger", Page: "PAGE1"}

// unsends is what takes back a message with all the parts that it may have come in.
func unsends(id string) []any {
	u := conversation.Unsend{ExternalID: id}
	for _, suffix := range []string{"/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10"} {
		u.Parts = append(u.Parts, id+suffix)
	}
	return []any{u}
}

// TestParseEvents proves of every kind of event that it is read as it means, by whom and
// what it is for a Board, that the JSON is kept, and that it stands nowhere in the way of
// the messages around it.
func TestParseEvents(t *testing.T) {
	for _, tc := range eventTable {
		t.Run(tc.name, func(t *testing.T) {
			before, after := said("A", "m_1", "before"), said("A", "m_2", "after")
			events, err := messenger.Parse(page(before, tc.item, after))
			if err != nil {
				t.Fatal(err)
			}
			if len(events) != 3 || events[0].Message.Text != "before" || events[2].Message.Text != "after" {
				t.Fatalf("the messages around it are lost: %+v", events)
			}
			got := events[1]
			if string(got.Raw) != tc.item {
				t.Errorf("kept %s", got.Raw)
			}
			got.Raw = nil
			want := tc.want
			if !tc.bare {
				want.Channel, want.Page, want.Customer, want.At = "messenger", "PAGE1", "PSID1", stamp
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var bodies []any
			for _, c := range got.Commands() {
				if c.By.Role != agent.Customer && c.By.Role != agent.Platform || c.By.Role == agent.Customer && c.By.ID != "PSID1" {
					t.Errorf("by %v", c.By)
				}
				bodies = append(bodies, c.Do)
			}
			if diff := cmp.Diff(tc.do, strip(t, bodies)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// strip takes out of commands what is the same in all, and proves that it is there.
func strip(t *testing.T, bodies []any) []any {
	t.Helper()
	check := func(ch conversation.Channel, src conversation.Source, who conversation.Customer) {
		if ch != "messenger" || src != "PAGE1" || who != "PSID1" {
			t.Errorf("for %s %s %s", ch, src, who)
		}
	}
	var out []any
	for _, b := range bodies {
		switch c := b.(type) {
		case conversation.Inbound:
			check(c.Channel, c.Source, c.Customer)
			c.Channel, c.Source, c.Customer = "", "", ""
			out = append(out, c)
		case conversation.Outside:
			check(c.Channel, c.Source, c.Customer)
			c.Channel, c.Source, c.Customer = "", "", ""
			out = append(out, c)
		case conversation.Edit:
			check(c.Channel, c.Source, c.Customer)
			c.Channel, c.Source, c.Customer = "", "", ""
			out = append(out, c)
		case conversation.Unsend:
			check(c.Channel, c.Source, c.Customer)
			c.Channel, c.Source, c.Customer = "", "", ""
			out = append(out, c)
		case conversation.React:
			check(c.Channel, c.Source, c.Customer)
			c.Channel, c.Source, c.Customer = "", "", ""
			out = append(out, c)
		case conversation.Receipt:
			check(c.Channel, c.Source, c.Customer)
			c.Channel, c.Source, c.Customer = "", "", ""
			out = append(out, c)
		default:
			t.Errorf("a %T", b)
		}
	}
	return out
}

// TestE80ManyFilesAreCounted proves that one message cannot fill the memory with files,
// and that what is left out is told.
func TestE80ManyFilesAreCounted(t *testing.T) {
	files := strings.TrimSuffix(strings.Repeat(`{"type":"image","payload":{"url":"u"}},`, messenger.MaxFiles+7), ",")
	got := inbounds(t, page(`{`+s+`,"message":{"mid":"m_A1","attachments":[`+files+`]}}`))
	n := 0
	for _, in := range got {
		n += len(in.Attachments)
	}
	if n != messenger.MaxFiles || got[0].Extras["attachments-left-out"] != "7" {
		t.Errorf("%d files, extras %v", n, got[0].Extras)
	}
	// Taken back, all parts go.
	back := commands(t, page(`{`+s+`,"message":{"mid":"m_A1","is_deleted":true}}`))
	var ids []string
	for i, in := range got {
		ids = append(ids, in.ExternalID)
		if i > 0 && in.PartOf != "m_A1" || i == 0 && in.PartOf != "" {
			t.Errorf("part %d is one of %q", i+1, in.PartOf)
		}
	}
	u := back[0].Do.(conversation.Unsend)
	if diff := cmp.Diff(ids, append([]string{u.ExternalID}, u.Parts...)); diff != "" || len(back) != 1 {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
	// One whose parts could have no id is taken back all the same.
	long := strings.Repeat("x", conversation.MaxExternalID-2)
	back = commands(t, page(`{`+s+`,"message":{"mid":"`+long+`","is_deleted":true}}`))
	if u := back[0].Do.(conversation.Unsend); u.ExternalID != long || u.Parts != nil {
		t.Errorf("%+v", u)
	}
}

var _ messenger.Receiver = (*switchboard.Board)(nil)

// TestE80LargeEchoesComeInParts proves that what a human sent from the inbox is not lost to
// the limits of a message either, and that the echo of one of ours is never cut in two.
func TestE80LargeEchoesComeInParts(t *testing.T) {
	files := strings.TrimSuffix(strings.Repeat(`{"type":"image","payload":{"url":"u"}},`, 12), ",")
	for metadata, want := range map[string][]string{"": {"m_E1", "m_E1/2"}, "c1.2": {"m_E1"}} {
		var ids []string
		n := 0
		for _, c := range commands(t, page(`{`+echoed+`,"message":{"is_echo":true,"mid":"m_E1","metadata":"`+metadata+`","attachments":[`+files+`]}}`)) {
			o := c.Do.(conversation.Outside)
			ids = append(ids, o.ExternalID)
			n += len(o.Attachments)
		}
		if diff := cmp.Diff(want, ids); diff != "" || metadata == "" && n != 12 {
			t.Errorf("%q: %d files (-want +got):\n%s", metadata, n, diff)
		}
	}
}
