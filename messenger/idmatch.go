package messenger

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/switchboard-go/switchboard/conversation"
)

// CustomersOf asks Meta who a person, named as the app knows them, is on pages. Meta tells only
// of pages that belong to the same business as the app, and nothing of Instagram; of somebody
// whom it does not know, or of whom it may not tell, it returns nobody. It needs
// ClientConfig.AppID and AppSecret: without them it is refused with FailAccess.
func (c *Client) CustomersOf(ctx context.Context, userID string) ([]PageCustomer, error) {
	const name = "customers of a person"
	switch {
	case c.c.AppID == "" || c.c.AppSecret == "":
		return nil, c.refusal(name, "", conversation.FailAccess, "there is no AppID or no AppSecret")
	case !pageID(conversation.Source(userID)):
		return nil, c.refusal(name, "", conversation.FailContent, "not the id of a person")
	}
	var all []PageCustomer
	token := Secret(c.c.AppID + "|" + c.c.AppSecret.Reveal())
	query := url.Values{"limit": {"100"}}
	if p := c.proof(token); p != "" {
		query.Set("appsecret_proof", p)
	}
	for range maxPages {
		body, e := c.do(ctx, call{name: name, token: token, method: http.MethodGet, path: userID + "/ids_for_pages", query: query, safe: true})
		if e != nil {
			if g := (*GraphError)(nil); errors.As(e.Err, &g) && (g.Code == 100 || g.Code == 803) {
				return nil, nil // there is no such person, for us
			}
			return nil, e
		}
		some, after := parseMatches(body)
		all = append(all, some...)
		if after == "" || len(some) == 0 {
			break
		}
		query.Set("after", after)
	}
	return all, nil
}

// maxPages is how many answers of a list are read.
const maxPages = 20

func parseMatches(body []byte) (all []PageCustomer, after string) {
	r := reader{b: body}
	if !r.object() {
		return nil, ""
	}
	more := false
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch {
		case string(key) == "data" && r.array():
			for r.more() {
				if !r.object() {
					continue
				}
				var x PageCustomer
				for key, ok := r.field(); ok; key, ok = r.field() {
					switch string(key) {
					case "id":
						x.Customer = conversation.Customer(r.text())
					case "page":
						x.Page = conversation.Source(one(&r, "id"))
					default:
						r.skip()
					}
				}
				if x.Customer != "" && x.Page != "" {
					all = append(all, x)
				}
			}
		case string(key) == "paging" && r.object():
			for key, ok := r.field(); ok; key, ok = r.field() {
				switch string(key) {
				case "cursors":
					after = one(&r, "after")
				case "next":
					more = r.text() != ""
				default:
					r.skip()
				}
			}
		default:
			if string(key) != "data" && string(key) != "paging" {
				r.skip()
			}
		}
	}
	if !more {
		after = ""
	}
	return all, after
}
