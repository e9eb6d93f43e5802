package messenger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/conversation"
)

// Profile is what Meta tells of a customer. Every field may be empty.
type Profile struct {
	Name, FirstName, LastName string // as the customer writes them
	// PictureURL expires within days: fetch it by a [Fetcher] or not at all.
	PictureURL string
	Locale     string // such as "cs_CZ"; needs pages_user_locale
}

// DisplayName returns the customer's name, or without one "Customer ...1234" with the last
// characters of their id.
func (p Profile) DisplayName(who conversation.Customer) string {
	if p.Name != "" {
		return p.Name
	}
	if name := strings.TrimSpace(p.FirstName + " " + p.LastName); name != "" {
		return name
	}
	id := []rune(string(who))
	return "Customer ..." + string(id[max(0, len(id)-4):])
}

// Initials returns the first letters of the first and the last word of the name, in upper
// case, or "" without a name.
func (p Profile) Initials() string {
	words := strings.Fields(p.Name)
	if len(words) == 0 {
		words = strings.Fields(p.FirstName + " " + p.LastName)
	}
	if len(words) == 0 {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	out := string(first)
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		out += string(last)
	}
	return strings.ToUpper(out)
}

// noProfileFor is how long it is remembered that there is no profile.
const noProfileFor = time.Hour

// Profile returns a customer's profile, from memory if it was asked for within
// ClientConfig.ProfileFor. Those who ask for the same at the same time cause one call.
// When Meta does not tell, which is for an hour remembered too, the error matches
// ErrNoProfile: never let a conversation wait for a profile, or need one.
func (c *Client) Profile(ctx context.Context, page conversation.Source, who conversation.Customer) (Profile, error) {
	if !pageID(conversation.Source(who)) {
		return Profile{}, c.refusal("profile", page, conversation.FailBlocked, "not the id of a customer")
	}
	return c.profiles.load(ctx, threadKey{page, who}, func(ctx context.Context) (Profile, time.Duration, error) {
		p, err := c.fetchProfile(ctx, page, who)
		switch {
		case err == nil:
			return p, c.c.ProfileFor, nil
		case errors.Is(err, ErrNoProfile):
			return p, noProfileFor, err
		}
		return p, 0, err
	})
}

// ForgetProfile drops what is remembered of a customer.
func (c *Client) ForgetProfile(page conversation.Source, who conversation.Customer) {
	c.profiles.drop(threadKey{page, who})
}

func (c *Client) fetchProfile(ctx context.Context, page conversation.Source, who conversation.Customer) (Profile, error) {
	token, e := c.tokenOf("profile", page)
	if e != nil {
		return Profile{}, e
	}
	k := call{
		name: "profile", page: page, token: token, method: http.MethodGet, path: string(who),
		query: url.Values{"fields": {"name,first_name,last_name,profile_pic"}}, safe: true,
	}
	body, e := c.do(ctx, k)
	if g := (*GraphError)(nil); e != nil && errors.As(e.Err, &g) && g.Code == 100 && g.Subcode == 0 {
		k.query = url.Values{"fields": {"name,profile_pic"}} // people on Instagram have one name
		body, e = c.do(ctx, k)
	}
	if e != nil {
		if g := (*GraphError)(nil); errors.As(e.Err, &g) && withoutProfile(g) {
			return Profile{}, fmt.Errorf("%w: %w", ErrNoProfile, e)
		}
		return Profile{}, e
	}
	p := parseProfile(body)
	if p == (Profile{}) {
		return p, fmt.Errorf("%w: Meta tells nothing", ErrNoProfile) // as it does without Advanced Access
	}
	return p, nil
}

// withoutProfile reports whether the error is about the profile alone.
func withoutProfile(g *GraphError) bool {
	switch {
	case g.Code == 2018218, g.Subcode == 2018218, g.Code == 2018247, g.Subcode == 2018247:
		return true
	case g.Code == 100 && (g.Subcode == 33 || g.Subcode == 2018001), g.Code == 10, g.Code == 200:
		return true
	}
	return false
}

func parseProfile(body []byte) Profile {
	var p Profile
	r := reader{b: body}
	if !r.object() {
		return p
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "name":
			p.Name = r.text()
		case "first_name":
			p.FirstName = r.text()
		case "last_name":
			p.LastName = r.text()
		case "profile_pic":
			p.PictureURL = r.text()
		case "locale":
			p.Locale = r.text()
		default:
			r.skip()
		}
	}
	return p
}
