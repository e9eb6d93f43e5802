package messenger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// meaning is what an error of the Graph API is held to mean.
type meaning struct {
	Fails failure
	Scope messenger.Scope
	Retry messenger.Retry
	Cause messenger.Cause
}

// TestErrorCodes holds what each error of the Graph API means, row by row of Meta's table.
func TestErrorCodes(t *testing.T) {
	const (
		window  = conversation.FailWindow
		away    = conversation.FailBlocked
		access  = conversation.FailAccess
		content = conversation.FailContent
		limited = conversation.FailRateLimited
		other   = conversation.FailTransport

		msg, thread, channel, app             = messenger.ScopeMessage, messenger.ScopeThread, messenger.ScopeChannel, messenger.ScopeApp
		never, few, backOff, change, awaiting = messenger.RetryNever, messenger.RetryFew, messenger.RetryBackOff, messenger.RetryOnChange, messenger.RetryAmbiguous
	)
	for _, tc := range []struct {
		codes string // code or code/subcode
		why   conversation.FailCause
		scope messenger.Scope
		retry messenger.Retry
		cause messenger.Cause
	}{
		{"1 2 1200", other, msg, few, ""},
		{"1/99", access, msg, never, ""},
		{"1/1357046", other, msg, awaiting, ""},
		{"2/2018344", access, channel, never, ""},
		{"4 4/2018022 341", limited, app, backOff, ""},
		{"17 32 613 613/2534040 80006", limited, channel, backOff, ""},
		{"613/2018338", limited, channel, change, ""},
		{"613/1893016", limited, thread, never, ""},
		{"10/2018278 10/2534022 10/2018065 200/2018278", window, thread, change, ""},
		{"10/2018108 200/2018108 10/1893015 10/2018336", away, thread, never, ""},
		{"10/1893063", access, channel, change, messenger.CauseRestricted},
		{"10/1404170", access, channel, never, ""},
		{"10", access, channel, never, messenger.CausePermission},
		{"100/2018001 100/2534014 200/1545041 551 551/1545041", away, thread, never, ""},
		{"100/33", access, channel, never, messenger.CausePageGone},
		{"100/2018008 100/2018294", content, msg, few, ""},
		{"100/2018047 100/2018074 100/2018109 100/2018014 100/2018164 100", content, msg, never, ""},
		{"100/2534015", content, thread, never, ""},
		{"100/2534037", messenger.FailOtherApp, thread, never, ""},
		{"190/458", access, channel, never, messenger.CauseAppRemoved},
		{"190/459 190/464", access, channel, change, messenger.CauseCheckpoint},
		{"190/460", access, channel, never, messenger.CausePassword},
		{"190/463", access, channel, never, messenger.CauseExpired},
		{"190/467 190 190/1 102", access, channel, never, messenger.CauseToken},
		{"190/492", access, channel, never, messenger.CauseRoleLost},
		{"200 200/2018028 200/2534041 210 299", access, channel, never, messenger.CausePermission},
		{"200/2018027", access, app, never, messenger.CausePermission},
		{"368", access, channel, change, messenger.CausePolicy},
		{"2022", access, channel, change, ""},
		{"2018218", away, msg, never, ""},
		{"2018247", access, msg, never, ""},
		{"2018300 10/2018300", messenger.FailOtherApp, thread, change, ""},
		{"2018321 10/2018321", other, thread, few, ""},
		{"2018171 2018234", messenger.FailOtherApp, thread, never, ""},
		{"9000001", content, msg, never, ""},
		{"987654321 0 -5", other, msg, never, ""}, // no row of the table
	} {
		for _, name := range strings.Fields(tc.codes) {
			code, subcode, _ := strings.Cut(name, "/")
			if subcode == "" {
				subcode = "null"
			}
			want := meaning{
				failure{tc.why, tc.retry == few || tc.retry == backOff, tc.retry == awaiting},
				tc.scope, tc.retry, tc.cause,
			}
			for _, status := range []int{400, 200} {
				body := fmt.Sprintf(`{"error":{"message":"(#%s) no","type":"OAuthException","code":%s,"error_subcode":%s,"fbtrace_id":"T"}}`, code, code, subcode)
				fail, err := sendFailure(t, newClient(t, answers(status, body), nil), t.Context())
				var g *messenger.GraphError
				if !errors.As(err, &g) {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(want, meaning{fail, g.Scope(), g.Retry(), g.Cause()}); diff != "" {
					t.Errorf("%s with HTTP %d: %v (-want +got):\n%s", name, status, err, diff)
				}
				if want := "(#" + code + ") no"; err.Detail != want {
					t.Errorf("%s: detail %q, want %q", name, err.Detail, want)
				}
				if got, want := errors.Is(err, messenger.ErrOtherApp), tc.why == messenger.FailOtherApp; got != want {
					t.Errorf("%s: matches ErrOtherApp: %v", name, got)
				}
			}
		}
	}
}

// TestUnknownErrorCodes proves that for a code without a line Meta's own word
// comes first, then the HTTP status, and that odd error objects are errors.
func TestUnknownErrorCodes(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   failure
	}{
		{400, `{"error":{"code":987,"is_transient":true}}`, failure{conversation.FailTransport, true, false}},
		{500, `{"error":{"code":987,"is_transient":true}}`, failure{conversation.FailTransport, true, false}},
		{400, `{"error":{"code":190,"is_transient":true}}`, failure{conversation.FailAccess, false, false}},
		{429, `{"error":{"code":987}}`, failure{conversation.FailRateLimited, true, false}},
		{500, `{"error":{"code":987}}`, failure{conversation.FailTransport, false, true}},
		{500, `{"error":{"code":190}}`, failure{conversation.FailAccess, false, false}},
		{400, `{"error":{"code":"190","error_subcode":"463"}}`, failure{conversation.FailAccess, false, false}},
		{400, `{"error":"no"}`, failure{conversation.FailTransport, false, false}},
		{200, `{"error":{"code":190},"message_id":"m_1"}`, failure{conversation.FailAccess, false, false}},
		{400, `{"message_id":"m_1"}`, failure{conversation.FailTransport, false, true}},
		{400, `{}`, failure{conversation.FailTransport, true, false}},
	} {
		got, err := sendFailure(t, newClient(t, answers(tc.status, tc.body), nil), t.Context())
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%d %s: %v (-want +got):\n%s", tc.status, tc.body, err, diff)
		}
	}
}
