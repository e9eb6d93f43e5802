package messenger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
)

// TestErrorCodes holds what each error of the Graph API means for a message.
func TestErrorCodes(t *testing.T) {
	const (
		window  = conversation.FailWindow
		blocked = conversation.FailBlocked
		access  = conversation.FailAccess
		content = conversation.FailContent
		limited = conversation.FailRateLimited
		other   = conversation.FailTransport
	)
	final := func(why conversation.FailCause) failure { return failure{Why: why} }
	again := func(why conversation.FailCause) failure { return failure{Why: why, Temporary: true} }
	for _, tc := range []struct {
		want  failure
		codes string // code or code/subcode
	}{
		{again(other), "1 2 1200 2018321 10/2018321"},
		{failure{other, false, true}, "1/1357046"},
		{again(limited), "4 4/2018022 17 32 341 613 613/2534040 80006"},
		{final(limited), "613/2018338 613/1893016"},
		{final(window), "10/2018278 10/2534022 10/2018065 200/2018278"},
		{final(blocked), "10/2018108 200/2018108 551 551/1545041 200/1545041 100/2018001 100/2534014 10/1893015 10/2018336 2018218"},
		{final(access), "1/99 2/2018344 10 10/1893063 10/1404170 100/33 102 190 190/458 190/459 190/460 190/463 190/464 190/467 190/492 " +
			"200 200/2018028 200/2018027 200/2534041 368 2022 2018247"},
		{again(content), "100/2018008 100/2018294"},
		{final(content), "100 100/2018047 100/2018074 100/2018109 100/2018014 100/2018164 100/2534015 9000001"},
		{final(other), "2018300 10/2018300 100/2534037 2018171 2018234 987654321 0 -5"},
	} {
		for _, name := range strings.Fields(tc.codes) {
			code, subcode, _ := strings.Cut(name, "/")
			if subcode == "" {
				subcode = "null"
			}
			for _, status := range []int{400, 200} {
				body := fmt.Sprintf(`{"error":{"message":"(#%s) no","type":"OAuthException","code":%s,"error_subcode":%s,"fbtrace_id":"T"}}`, code, code, subcode)
				got, err := sendFailure(t, newClient(t, answers(status, body), nil), t.Context())
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s with HTTP %d: %v (-want +got):\n%s", name, status, err, diff)
				}
				if want := "(#" + code + ") no"; err.Detail != want {
					t.Errorf("%s: detail %q, want %q", name, err.Detail, want)
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
