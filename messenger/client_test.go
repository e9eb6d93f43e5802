package messenger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

const pageToken = messenger.Secret("EAAB-page-token")

// now is what clients of these tests read from their clock.
type now struct{}

func (now) Now() time.Time { return stamp }

// newClient returns a client that calls h on a loopback address.
func newClient(t testing.TB, h http.HandlerFunc, change func(*messenger.ClientConfig)) *messenger.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c := messenger.ClientConfig{
		Token:     func(page conversation.Source) (messenger.Secret, bool) { return pageToken, page == "PAGE1" },
		AppSecret: appSecret,
		BaseURL:   server.URL,
		Clock:     now{},
	}
	if change != nil {
		change(&c)
	}
	client, err := messenger.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// hello is a message that can be sent.
func hello() switchboard.Outbound {
	return switchboard.Outbound{
		Key: "k1", Board: "acme", Conversation: 1, No: 2, Channel: "messenger", Source: "PAGE1", Customer: "PSID1",
		Author: conversation.Author{Kind: conversation.FromAgent, ID: "ann"}, Text: "Hello", LastCustomer: stamp.Add(-time.Hour), Attempt: 1,
	}
}

// answers returns a handler that always gives the same answer.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const taken = `{"recipient_id":"PSID1","message_id":"m_X1"}`

func TestClientSends(t *testing.T) {
	type object = map[string]any
	// By openssl: printf EAAB-page-token | openssl dgst -sha256 -hmac app-secret
	const proof = "2041874cf677f28474003d490c1294b18ddd048bffddbb9ccb7a200a19faf6f4"
	for _, tc := range []struct {
		name   string
		change func(*switchboard.Outbound)
		want   object
	}{
		{"text", func(m *switchboard.Outbound) { m.Text = "Hello <ä>" },
			object{"messaging_type": "RESPONSE", "message": object{"text": "Hello <ä>", "metadata": "k1"}}},
		{"reply", func(m *switchboard.Outbound) { m.ReplyTo = "m_A0" },
			object{"messaging_type": "RESPONSE", "message": object{"text": "Hello", "metadata": "k1"}, "reply_to": object{"mid": "m_A0"}}},
		{"image", func(m *switchboard.Outbound) {
			m.Text, m.Attachments = "", []conversation.Attachment{{Kind: conversation.Image, Reference: "https://x.example/a.png?b=c&d"}}
		}, object{"messaging_type": "RESPONSE", "message": object{"metadata": "k1",
			"attachment": object{"type": "image", "payload": object{"url": "https://x.example/a.png?b=c&d"}}}}},
		{"human agent", func(m *switchboard.Outbound) { m.LastCustomer = stamp.Add(-24 * time.Hour) },
			object{"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT", "message": object{"text": "Hello", "metadata": "k1"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got object
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "POST" || r.URL.String() != "/v26.0/me/messages" || r.Header.Get("Authorization") != "Bearer EAAB-page-token" ||
					r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
				}
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				_, _ = io.WriteString(w, taken)
			}, func(c *messenger.ClientConfig) { c.HumanAgent = true })
			m := hello()
			tc.change(&m)
			receipt, err := client.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(switchboard.Receipt{ExternalID: "m_X1"}, receipt); diff != "" {
				t.Errorf("receipt (-want +got):\n%s", diff)
			}
			tc.want["recipient"] = object{"id": "PSID1"}
			tc.want["appsecret_proof"] = proof
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClientLeavesOutTheProofWhenToldTo(t *testing.T) {
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); bytes.Contains(body, []byte("appsecret_proof")) {
			t.Errorf("sent %s", body)
		}
		_, _ = io.WriteString(w, taken)
	}, func(c *messenger.ClientConfig) { c.AppSecret, c.NoProof = "", true })
	if _, err := client.Send(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
}

// TestE79E80ClientRefusesBeforeSending proves that what Meta would refuse is
// refused here, and that at the very end of a window it is closed.
func TestE79E80ClientRefusesBeforeSending(t *testing.T) {
	image := conversation.Attachment{Kind: conversation.Image, Reference: "https://x.example/a.png"}
	ago := func(d time.Duration) func(*switchboard.Outbound) {
		return func(m *switchboard.Outbound) { m.LastCustomer = stamp.Add(-d) }
	}
	for _, tc := range []struct {
		name   string
		human  bool
		change func(*switchboard.Outbound)
		want   conversation.FailCause // "" when it is sent
	}{
		{"just written", false, ago(0), ""},
		{"clocks differ", false, ago(-time.Minute), ""},
		{"at the end of 24 h", false, ago(24*time.Hour - 1), ""},
		{"24 h", false, ago(24 * time.Hour), conversation.FailWindow},
		{"24 h, human", true, ago(24 * time.Hour), ""},
		{"24 h, bot", true, func(m *switchboard.Outbound) {
			m.LastCustomer, m.Author.Kind = stamp.Add(-24*time.Hour), conversation.FromBot
		}, conversation.FailWindow},
		{"at the end of 7 d, human", true, ago(7*24*time.Hour - 1), ""},
		{"7 d, human", true, ago(7 * 24 * time.Hour), conversation.FailWindow},
		{"never written", true, func(m *switchboard.Outbound) { m.LastCustomer = time.Time{} }, conversation.FailWindow},
		{"empty", false, func(m *switchboard.Outbound) { m.Text = "" }, conversation.FailContent},
		{"longest", false, func(m *switchboard.Outbound) { m.Text = strings.Repeat("🙂", 1000) }, ""},
		{"too long", false, func(m *switchboard.Outbound) { m.Text = strings.Repeat("🙂", 1000) + "x" }, conversation.FailContent},
		{"not UTF-8", false, func(m *switchboard.Outbound) { m.Text = "a\xff" }, conversation.FailContent},
		{"key too long", false, func(m *switchboard.Outbound) { m.Key = strings.Repeat("k", 1001) }, conversation.FailContent},
		{"image", false, func(m *switchboard.Outbound) { m.Text, m.Attachments = "", []conversation.Attachment{image} }, ""},
		{"text and a bad image", false, func(m *switchboard.Outbound) {
			m.Attachments = []conversation.Attachment{image, {Kind: conversation.Image, Reference: "x"}}
		}, conversation.FailContent},
		{"image too large", false, func(m *switchboard.Outbound) {
			m.Text, m.Attachments = "", []conversation.Attachment{{Kind: conversation.Image, Reference: image.Reference, Size: messenger.MaxImage + 1}}
		}, conversation.FailContent},
		{"video too large", false, func(m *switchboard.Outbound) {
			m.Text, m.Attachments = "", []conversation.Attachment{{Kind: conversation.Video, Reference: image.Reference, Size: messenger.MaxFile + 1}}
		}, conversation.FailContent},
		{"longest on Instagram", false, func(m *switchboard.Outbound) {
			m.Channel, m.Text = messenger.InstagramChannel, strings.Repeat("ä", 500)
		}, ""},
		{"too long for Instagram", false, func(m *switchboard.Outbound) {
			m.Channel, m.Text = messenger.InstagramChannel, strings.Repeat("ä", 500)+"x"
		}, conversation.FailContent},
		{"sticker", false, func(m *switchboard.Outbound) {
			m.Text, m.Attachments = "", []conversation.Attachment{{Kind: conversation.Sticker, Reference: image.Reference}}
		}, conversation.FailContent},
		{"no URL", false, func(m *switchboard.Outbound) {
			m.Text, m.Attachments = "", []conversation.Attachment{{Kind: conversation.Image, Reference: "upload-17"}}
		}, conversation.FailContent},
		{"http URL", false, func(m *switchboard.Outbound) {
			m.Text, m.Attachments = "", []conversation.Attachment{{Kind: conversation.Image, Reference: "http://x.example/a.png"}}
		}, conversation.FailContent},
		{"no token", false, func(m *switchboard.Outbound) { m.Source = "PAGE2" }, conversation.FailAccess},
		{"no page", false, func(m *switchboard.Outbound) { m.Source = "" }, conversation.FailAccess},
		{"page that leads elsewhere", false, func(m *switchboard.Outbound) { m.Source = "../me" }, conversation.FailAccess},
		{"page with a query", false, func(m *switchboard.Outbound) { m.Source = "PAGE1?x=" }, conversation.FailAccess},
		{"no customer", false, func(m *switchboard.Outbound) { m.Customer = "" }, conversation.FailBlocked},
		{"other channel", false, func(m *switchboard.Outbound) { m.Channel = "sms" }, conversation.FailNoTransport},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var calls atomic.Int32
			client := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				_, _ = io.WriteString(w, taken)
			}, func(c *messenger.ClientConfig) { c.HumanAgent = tc.human })
			m := hello()
			tc.change(&m)
			_, err := client.Send(t.Context(), m)
			if tc.want == "" {
				if err != nil || calls.Load() != 1 {
					t.Errorf("%v after %d calls", err, calls.Load())
				}
				return
			}
			var failed *switchboard.SendError
			if !errors.As(err, &failed) || failed.Why != tc.want || failed.Temporary || failed.Ambiguous || failed.Detail == "" || calls.Load() != 0 {
				t.Errorf("%+v after %d calls, want %s", err, calls.Load(), tc.want)
			}
		})
	}
}

// TestClientSettings is a table of what NewClient takes and refuses.
func TestClientSettings(t *testing.T) {
	token := func(conversation.Source) (messenger.Secret, bool) { return "", false }
	for _, tc := range []struct {
		base, version string
		want          string // the path of the problem, "" for none
	}{
		{"", "", ""},
		{"https://graph.example/sub", "v25.0", ""},
		{"http://127.0.0.1:8080", "", ""},
		{"http://[::1]:8080/", "", ""},
		{"http://localhost", "", ""},
		{"http://graph.facebook.com", "", "BaseURL"},
		{"http://127.0.0.1.example", "", "BaseURL"},
		{"http://10.0.0.1", "", "BaseURL"},
		{"ftp://graph.example", "", "BaseURL"},
		{"graph.example", "", "BaseURL"},
		{"https://user:hunter2@graph.example", "", "BaseURL"},
		{"https://graph.example?x=y", "", "BaseURL"},
		{"https://", "", "BaseURL"},
		{"https://user:hunter2@%zz", "", "BaseURL"},
		{"", "26.0", "Version"},
		{"", "v26.0/../me", "Version"},
		{"", "v..", "Version"},
	} {
		_, err := messenger.NewClient(messenger.ClientConfig{Token: token, AppSecret: "s", BaseURL: tc.base, Version: tc.version})
		var bad *messenger.ConfigError
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%q %q: %v", tc.base, tc.version, err)
		case tc.want != "" && (!errors.As(err, &bad) || len(bad.Problems) != 1 || bad.Problems[0].Path != tc.want || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%q %q: %v, want a problem of %s", tc.base, tc.version, err, tc.want)
		}
	}
	_, err := messenger.NewClient(messenger.ClientConfig{})
	if !errors.Is(err, messenger.ErrConfig) || !strings.Contains(err.Error(), "Token: ") || !strings.Contains(err.Error(), "AppSecret: ") {
		t.Errorf("the zero ClientConfig: %v", err)
	}
}

// failure is what matters of a SendError.
type failure struct {
	Why                  conversation.FailCause
	Temporary, Ambiguous bool
}

func sendFailure(t *testing.T, client *messenger.Client, ctx context.Context) (failure, *switchboard.SendError) {
	t.Helper()
	_, err := client.Send(ctx, hello())
	var failed *switchboard.SendError
	if !errors.As(err, &failed) {
		t.Fatalf("%T %v", err, err)
	}
	for _, secret := range []messenger.Secret{pageToken, appSecret} {
		if strings.Contains(err.Error(), secret.Reveal()) || strings.Contains(failed.Detail, secret.Reveal()) {
			t.Errorf("shows a secret: %v", err)
		}
	}
	return failure{failed.Why, failed.Temporary, failed.Ambiguous}, failed
}

// TestClientFaults is a table of everything that can happen instead of an
// answer. Only what cannot have arrived may be tried again.
func TestClientFaults(t *testing.T) {
	hijack := func(write string, reset bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, write)
			if tcp, ok := conn.(*net.TCPConn); ok && reset {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		}
	}
	unsure := failure{conversation.FailTransport, false, true}
	again := failure{conversation.FailTransport, true, false}
	for _, tc := range []struct {
		name string
		h    http.HandlerFunc
		want failure
	}{
		{"HTML 502", answers(502, "<html>Bad Gateway"), unsure},
		{"empty 500", answers(500, ""), unsure},
		{"empty 200", answers(200, ""), unsure},
		{"HTML 200", answers(200, "<html>"), unsure},
		{"200 without an id", answers(200, `{"recipient_id":"PSID1"}`), unsure},
		{"truncated JSON", answers(200, taken[:20]), unsure},
		{"truncated body", hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"+taken, false), unsure},
		{"larger than is read", answers(200, `{"message_id":"m","x":"`+strings.Repeat("x", 1<<20)+`"}`), unsure},
		{"closed without an answer", hijack("", false), unsure},
		{"reset", hijack("", true), unsure},
		{"no HTTP", hijack("hello\r\n\r\n", false), unsure},
		{"HTML 403 of a proxy", answers(403, "<html>"), again},
		{"429 without an error", answers(429, ""), failure{conversation.FailRateLimited, true, false}},
		{"408", answers(408, ""), unsure},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Error("the redirect was followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, failure{conversation.FailTransport, false, false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := sendFailure(t, newClient(t, tc.h, nil), t.Context())
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestClientTimeouts proves that a context that ends after the request has left
// leaves open whether it arrived, and before it does not.
func TestClientTimeouts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}, nil)
	got, err := sendFailure(t, client, ctx)
	if diff := cmp.Diff(failure{conversation.FailTransport, false, true}, got); diff != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("after it has left: %v (-want +got):\n%s", err, diff)
	}
	got, err = sendFailure(t, client, ctx)
	if diff := cmp.Diff(failure{conversation.FailTransport, true, false}, got); diff != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("before: %v (-want +got):\n%s", err, diff)
	}
}

// TestClientCannotConnect proves that without a connection nothing can have
// arrived, whether or not the transport tells how far it came.
func TestClientCannotConnect(t *testing.T) {
	refused := errors.New("no route: " + pageToken.Reveal())
	for name, transport := range map[string]http.RoundTripper{
		"dial": &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, refused }},
		"own": roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("x")}
		}),
		"dns": roundTripper(func(*http.Request) (*http.Response, error) { return nil, &net.DNSError{Err: "x"} }),
	} {
		client := newClient(t, nil, func(c *messenger.ClientConfig) { c.HTTP = &http.Client{Transport: transport} })
		got, err := sendFailure(t, client, t.Context())
		if diff := cmp.Diff(failure{conversation.FailTransport, true, false}, got); diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	silent := roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })
	client := newClient(t, nil, func(c *messenger.ClientConfig) { c.HTTP = &http.Client{Transport: silent} })
	got, err := sendFailure(t, client, t.Context())
	if diff := cmp.Diff(failure{conversation.FailTransport, false, true}, got); diff != "" {
		t.Errorf("a transport that does not say: %v (-want +got):\n%s", err, diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestClientShowsNoSecret proves that a secret that Meta puts into its error
// does not get further, and that losing access is logged.
func TestClientShowsNoSecret(t *testing.T) {
	var log bytes.Buffer
	client := newClient(t, answers(400, `{"error":{"message":"Malformed access token EAAB-page-token app-secret","type":"OAuthException","code":190,"fbtrace_id":"Ab"}}`),
		func(c *messenger.ClientConfig) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	got, err := sendFailure(t, client, t.Context())
	if diff := cmp.Diff(failure{conversation.FailAccess, false, false}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := &messenger.GraphError{Code: 190, Type: "OAuthException", Message: "Malformed access token [redacted] [redacted]", TraceID: "Ab", Status: 400}
	var graph *messenger.GraphError
	if !errors.As(err, &graph) {
		t.Fatalf("%T", err.Err)
	}
	if diff := cmp.Diff(want, graph); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if text := log.String(); !strings.Contains(text, "access lost") || !strings.Contains(text, "trace Ab") ||
		strings.Contains(text, "EAAB") || strings.Contains(text, "PSID1") || strings.Contains(text, "Hello") {
		t.Errorf("logged: %s", text)
	}
}
