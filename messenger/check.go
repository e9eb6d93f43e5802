package messenger

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// DefaultFields are the fields of webhooks that a Board can use, for [Client.Subscribe].
// A field comes only if the app is subscribed to it in its settings too.
var DefaultFields = []string{
	"messages", "message_echoes", "message_deliveries", "message_reads", "message_reactions", "message_edits",
	"messaging_postbacks", "messaging_referrals", "messaging_handovers", "messaging_policy_enforcement", "standby",
}

// PageStatus is what Meta says about a page.
type PageStatus struct {
	ID, Name    string // as Meta has them
	Unpublished bool   // an unpublished page may only reach its administrators
	// Subscribed says that the app gets webhooks of the page, of the Fields. Without
	// ClientConfig.AppID it is true if any app does.
	Subscribed bool
	Fields     []string // the subscribed ones
	// Token is set when ClientConfig.AppID and AppSecret are.
	Token *TokenStatus
}

// Missing returns those of the fields that the app does not get.
func (s *PageStatus) Missing(fields []string) []string {
	var out []string
	for _, f := range fields {
		if !s.Subscribed || !slices.Contains(s.Fields, f) {
			out = append(out, f)
		}
	}
	return out
}

// TokenStatus is what Meta says about a page's token.
type TokenStatus struct {
	Valid             bool      // it can be used now
	Expires           time.Time // zero: never
	DataAccessExpires time.Time // after it the person has to agree again; zero: never
	Scopes            []string  // the permissions
}

// CheckPage asks Meta about a page: whether it is there, what the app gets of it, and
// whether its token is good. What it finds out is reported as for any other call. Meta
// wants the token in question in the URL of that last request, as nowhere else.
func (c *Client) CheckPage(ctx context.Context, page conversation.Source) (PageStatus, error) {
	s := PageStatus{}
	token, e := c.tokenOf("check page", page)
	if e != nil {
		return s, e
	}
	get := call{name: "check page", page: page, token: token, method: http.MethodGet, safe: true}
	k := get
	k.path, k.query = ownPage, url.Values{"fields": {"id,name,is_published"}}
	body, e := c.do(ctx, k)
	if g := (*GraphError)(nil); e != nil && errors.As(e.Err, &g) && g.Code == 100 && g.Subcode != 33 {
		k.query = url.Values{"fields": {"id,name"}} // pages of a new kind lack the last
		body, e = c.do(ctx, k)
	}
	if e != nil {
		return s, e
	}
	s.page(body)
	if s.Unpublished && s.ID == string(page) { // an account of Instagram works without its page
		c.Disconnected(ctx, page, CauseUnpublished)
	} else {
		c.published(ctx, page)
	}

	k = get
	k.path = ownPage + "/subscribed_apps"
	if body, e = c.do(ctx, k); e != nil {
		return s, e
	}
	s.apps(body, c.c.AppID)

	if c.c.AppID == "" || c.c.AppSecret == "" {
		return s, nil
	}
	body, e = c.do(ctx, call{
		name: "check page", token: Secret(c.c.AppID + "|" + c.c.AppSecret.Reveal()), method: http.MethodGet, path: "debug_token",
		query: url.Values{"input_token": {token.Reveal()}}, safe: true, hide: token,
	})
	if e != nil {
		e.Page = page
		return s, e
	}
	dead := false
	if s.Token, dead = parseToken(body); dead {
		c.Disconnected(ctx, page, CauseToken)
	}
	return s, nil
}

func (s *PageStatus) page(body []byte) {
	r := reader{b: body}
	if !r.object() {
		return
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "id":
			s.ID = r.text()
		case "name":
			s.Name = r.text()
		case "is_published":
			s.Unpublished = string(r.skip()) == "false"
		default:
			r.skip()
		}
	}
}

// apps reads the list of subscribed apps.
func (s *PageStatus) apps(body []byte, own string) {
	r := reader{b: body}
	if !r.object() {
		return
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		if string(key) != "data" || !r.array() {
			if string(key) != "data" {
				r.skip()
			}
			continue
		}
		for r.more() {
			id, fields := "", []string(nil)
			if !r.object() {
				continue
			}
			for key, ok := r.field(); ok; key, ok = r.field() {
				switch string(key) {
				case "id":
					id = r.text()
				case "subscribed_fields":
					fields = each(&r, func() string {
						if r.peek() == '{' {
							return one(&r, "name")
						}
						return r.text()
					})
				default:
					r.skip()
				}
			}
			if own == "" || id == own {
				s.Subscribed = true
				s.Fields = fields
			}
		}
	}
}

// parseToken also reports whether the answer says that the token is not valid: one that says
// nothing is no reason to give a page up.
func parseToken(body []byte) (t *TokenStatus, dead bool) {
	t = &TokenStatus{}
	r := reader{b: body}
	if !r.object() {
		return t, false
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		if string(key) != "data" {
			r.skip()
			continue
		}
		if !r.object() {
			continue
		}
		for key, ok := r.field(); ok; key, ok = r.field() {
			switch string(key) {
			case "is_valid":
				raw := string(r.skip())
				t.Valid, dead = raw == "true", raw == "false"
			case "expires_at":
				t.Expires = r.time()
			case "data_access_expires_at":
				t.DataAccessExpires = r.time()
			case "scopes":
				t.Scopes = each(&r, r.text)
			default:
				r.skip()
			}
		}
	}
	return t, dead
}

// Subscribe has Meta send the app the webhooks of a page, of the fields or, without any,
// of DefaultFields. It needs pages_manage_metadata. Doing it again changes nothing.
func (c *Client) Subscribe(ctx context.Context, page conversation.Source, fields ...string) error {
	if len(fields) == 0 {
		fields = DefaultFields
	}
	return c.subscription(ctx, page, call{
		name: "subscribe", method: http.MethodPost, query: url.Values{"subscribed_fields": {strings.Join(fields, ",")}},
	})
}

// Unsubscribe stops the webhooks of a page. Do it before the page's token is dropped.
func (c *Client) Unsubscribe(ctx context.Context, page conversation.Source) error {
	return c.subscription(ctx, page, call{name: "unsubscribe", method: http.MethodDelete})
}

func (c *Client) subscription(ctx context.Context, page conversation.Source, k call) error {
	token, e := c.tokenOf(k.name, page)
	if e != nil {
		return e
	}
	k.page, k.token, k.path, k.safe = page, token, ownPage+"/subscribed_apps", true
	if k.method == http.MethodPost {
		k.body = encode(struct {
			Proof string `json:"appsecret_proof,omitempty"`
		}{c.proof(token)})
	}
	body, e := c.do(ctx, k)
	if e == nil {
		e = c.succeeded(k.name, page, body)
	}
	if e != nil {
		return e
	}
	return nil
}
