package messenger

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// The apps of Meta's own inboxes, to which a thread can be passed.
const (
	InboxApp          = "263902037430900"
	InstagramInboxApp = "1217981644879628"
)

// MaxExtend is how long control of a thread can be kept without anything happening.
const MaxExtend = 7 * 24 * time.Hour

// PassThread gives control of the thread to another app, such as InboxApp.
func (c *Client) PassThread(ctx context.Context, page conversation.Source, who conversation.Customer, app, metadata string) error {
	if !safeName(app, 64) {
		return c.refusal("pass thread", page, conversation.FailContent, "not the id of an app")
	}
	return c.thread(ctx, "pass thread", page, "pass_thread_control", threadRequest{Recipient: wireRecipient{ID: who}, App: app, Metadata: metadata})
}

// ReleaseThread gives control of the thread up: the thread is idle, and only the default
// app of the page may write. Nobody is told of it.
func (c *Client) ReleaseThread(ctx context.Context, page conversation.Source, who conversation.Customer, metadata string) error {
	return c.thread(ctx, "release thread", page, "release_thread_control", threadRequest{Recipient: wireRecipient{ID: who}, Metadata: metadata})
}

// TakeThread takes control of the thread. Only the default app of the page may take it
// from another; an idle thread may be taken by any, unless the page has no default app.
func (c *Client) TakeThread(ctx context.Context, page conversation.Source, who conversation.Customer, metadata string) error {
	return c.thread(ctx, "take thread", page, "take_thread_control", threadRequest{Recipient: wireRecipient{ID: who}, Metadata: metadata})
}

// RequestThread asks the owner of the thread for control, who gets an event of
// RoutingRequested and may ignore it.
func (c *Client) RequestThread(ctx context.Context, page conversation.Source, who conversation.Customer, metadata string) error {
	return c.thread(ctx, "request thread", page, "request_thread_control", threadRequest{Recipient: wireRecipient{ID: who}, Metadata: metadata})
}

// ExtendThread keeps control of the thread for a time from now, at most MaxExtend, in
// whole seconds.
func (c *Client) ExtendThread(ctx context.Context, page conversation.Source, who conversation.Customer, keep time.Duration) error {
	if keep < time.Second || keep > MaxExtend {
		return c.refusal("extend thread", page, conversation.FailContent, "the time is not between a second and 7 days")
	}
	return c.thread(ctx, "extend thread", page, "extend_thread_control", threadRequest{Recipient: wireRecipient{ID: who}, Seconds: int64(keep / time.Second)})
}

type threadRequest struct {
	Recipient wireRecipient `json:"recipient"`
	App       string        `json:"target_app_id,omitempty"`
	Metadata  string        `json:"metadata,omitempty"`
	Seconds   int64         `json:"duration,omitempty"`
	Proof     string        `json:"appsecret_proof,omitempty"`
}

func (c *Client) thread(ctx context.Context, name string, page conversation.Source, edge string, r threadRequest) error {
	if r.Recipient.ID == "" {
		return c.refusal(name, page, conversation.FailBlocked, "there is no customer")
	}
	if len(r.Metadata) > MaxMetadata {
		return c.refusal(name, page, conversation.FailContent, "the metadata has more than 1000 bytes")
	}
	token, e := c.tokenOf(name, page)
	if e != nil {
		return e
	}
	r.Proof = c.proof(token)
	body, e := c.do(ctx, call{
		name: name, page: page, token: token, method: http.MethodPost, path: ownPage + "/" + edge, body: encode(r), safe: true,
	})
	if e == nil {
		e = c.succeeded(name, page, body)
	}
	if e != nil {
		return e
	}
	return nil
}

// succeeded reads an answer of "success", which is true or "true".
func (c *Client) succeeded(name string, page conversation.Source, body []byte) *CallError {
	r := reader{b: body}
	yes := false
	if r.object() {
		for key, ok := r.field(); ok; key, ok = r.field() {
			if string(key) != "success" {
				r.skip()
				continue
			}
			raw := string(r.skip())
			yes = raw == "true" || raw == `"true"`
		}
	}
	if !yes {
		return &CallError{Call: name, Page: page, Why: conversation.FailTransport, Temporary: true, Detail: "the answer does not say that it was done"}
	}
	return nil
}

// ThreadOwner is the app that controls a thread.
type ThreadOwner struct {
	App     string    // empty when the thread is idle, or we may not know
	Expires time.Time // when it will be idle if nothing happens
}

// ThreadOwner returns who controls the thread. Meta tells the owner and the default app
// alone.
func (c *Client) ThreadOwner(ctx context.Context, page conversation.Source, who conversation.Customer) (ThreadOwner, error) {
	var owner ThreadOwner
	if who == "" {
		return owner, c.refusal("thread owner", page, conversation.FailBlocked, "there is no customer")
	}
	token, e := c.tokenOf("thread owner", page)
	if e != nil {
		return owner, e
	}
	body, e := c.do(ctx, call{
		name: "thread owner", page: page, token: token, method: http.MethodGet, path: ownPage + "/thread_owner",
		query: url.Values{"recipient": {string(who)}}, safe: true,
	})
	if e != nil {
		return owner, e
	}
	r := reader{b: body}
	if !r.object() {
		return owner, nil
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		if string(key) != "data" {
			r.skip()
			continue
		}
		each(&r, func() struct{} {
			if r.object() {
				for key, ok := r.field(); ok; key, ok = r.field() {
					if string(key) != "thread_owner" || !r.object() {
						if string(key) != "thread_owner" {
							r.skip()
						}
						continue
					}
					for key, ok := r.field(); ok; key, ok = r.field() {
						switch string(key) {
						case "app_id":
							owner.App = r.text()
						case "expiration":
							owner.Expires = r.time()
						default:
							r.skip()
						}
					}
				}
			}
			return struct{}{}
		})
	}
	return owner, nil
}
