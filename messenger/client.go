package messenger

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// ClientConfig is the configuration of a [Client].
type ClientConfig struct {
	// Token returns the access token of a page, and false for a page without
	// one. It is called for every message, from many goroutines at once.
	// Mandatory.
	Token func(page conversation.Source) (Secret, bool)
	// AppSecret is the secret of the app that the tokens were issued to. Every
	// call proves that we know it (appsecret_proof), so that a token alone is
	// worth nothing to a thief. Mandatory unless NoProof is set.
	AppSecret Secret
	// NoProof leaves the proof out.
	NoProof bool
	// HumanAgent lets agents, not bots, answer for 7 days instead of 24 hours.
	// Set it only when Meta has granted the app the Human Agent feature.
	HumanAgent bool
	// AppID is the app's id, by which CheckPage knows it among those that a page is
	// subscribed to, and with which it inspects tokens. Empty leaves both out.
	AppID string
	// Traffic, if set, is what the Webhook has lately seen: with it an ambiguous send is
	// settled by its echo, and a reaction opens the reply window.
	Traffic *Traffic
	// OnDisconnect, if set, is called once when the access to a page is lost for good,
	// until the page works again. It is called from whatever goroutine found out; see
	// Interrupt for what to do in it.
	OnDisconnect func(ctx context.Context, d PageDisconnected)
	// OnSuspend, if set, is called once when Meta keeps a page from sending for some
	// time, until the page works again.
	OnSuspend func(ctx context.Context, s PageSuspended)
	// PersonaPicture, if set, lets agents appear under their names: it returns the https
	// URL of the picture of a persona for an agent, or "" for none. It is called once an hour
	// at most for each page and name.
	PersonaPicture func(page conversation.Source, who conversation.Author, name string) string
	// MaxWait is how long a call waits for its turn under Meta's limits of calls per
	// second before it is refused as temporary. Zero means DefaultMaxWait.
	MaxWait time.Duration
	// ProfileFor is how long a customer's profile is kept. Zero means DefaultProfileFor.
	ProfileFor time.Duration
	// Clock tells when a reply window is over. Give it the Board's clock, since it is the
	// Board that stamps when a customer wrote. If it has a method After as that clock
	// has, turns are waited for by it too. Nil is the system's clock.
	Clock interface{ Now() time.Time }
	// BaseURL is where the Graph API is: https, or http on a loopback address.
	// Empty means DefaultBaseURL.
	BaseURL string
	// Version is the version of the Graph API. Empty means DefaultVersion.
	Version string
	// HTTP makes the calls. Redirects are never followed and no cookies kept,
	// whatever it says. Nil means one with a timeout of 20 seconds.
	HTTP *http.Client
	// Logger gets a line when a page's access is lost. Nil logs nothing.
	Logger *slog.Logger
}

// The defaults of ClientConfig.
const (
	DefaultBaseURL = "https://graph.facebook.com"
	DefaultVersion = "v26.0"
	// DefaultMaxWait and DefaultProfileFor are durations.
	DefaultMaxWait    = 2 * time.Second
	DefaultProfileFor = 24 * time.Hour
)

const (
	httpTimeout = 20 * time.Second
	maxResponse = 1 << 20 // bytes of a response that are read
)

// Client calls the Graph API for any number of pages. It is a switchboard.Transport and
// a switchboard.Settler, for Channel and for InstagramChannel, and of use without a Board
// too: see [Client.SendMessage]. Safe for concurrent use.
//
// Except for those of Send and SendMessage, every error of a method is a [*CallError].
type Client struct {
	c        ClientConfig
	http     http.Client
	base     string // with the version
	pace     *pace
	states   states
	profiles *cache[threadKey, Profile]
	personas *cache[personaKey, string]
}

var (
	_ switchboard.Transport = (*Client)(nil)
	_ switchboard.Settler   = (*Client)(nil)
)

// NewClient returns a client. It refuses a configuration that is not valid with
// a [*ConfigError] that lists all problems. It makes no call.
func NewClient(c ClientConfig) (*Client, error) {
	var problems []wrapup.FieldError
	problem := func(path, text string) { problems = append(problems, wrapup.FieldError{Path: path, Problem: text}) }
	if c.Token == nil {
		problem("Token", "is missing")
	}
	if c.AppSecret == "" && !c.NoProof {
		problem("AppSecret", "is missing, and NoProof is not set")
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if why := checkBase(c.BaseURL); why != "" {
		problem("BaseURL", why)
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	if !safeName(c.Version, 16) || c.Version[0] != 'v' || strings.Contains(c.Version, "..") {
		problem("Version", `is not like "`+DefaultVersion+`"`)
	}
	if c.AppID != "" && !safeName(c.AppID, 64) {
		problem("AppID", "is not an id")
	}
	if c.MaxWait < 0 {
		problem("MaxWait", "is negative")
	}
	if c.ProfileFor < 0 {
		problem("ProfileFor", "is negative")
	}
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	if c.MaxWait == 0 {
		c.MaxWait = DefaultMaxWait
	}
	if c.ProfileFor == 0 {
		c.ProfileFor = DefaultProfileFor
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	cl := &Client{c: c, base: strings.TrimRight(c.BaseURL, "/") + "/" + c.Version + "/"}
	cl.pace = newPace(c.Clock, c.MaxWait)
	cl.profiles = newCache[threadKey, Profile](c.Clock)
	cl.personas = newCache[personaKey, string](c.Clock)
	if c.HTTP != nil {
		cl.http = *c.HTTP
	} else {
		cl.http.Timeout = httpTimeout
	}
	// A redirect would take the token to wherever it points.
	cl.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cl.http.Jar = nil
	return cl, nil
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// checkBase says what is wrong with a base URL, if anything.
func checkBase(base string) string {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return "is not a URL" // err would show it, with a password if it has one
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Host == "":
		return "must be a scheme, a host and at most a path"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && loopback(u.Hostname()):
		return ""
	}
	return "must be https, or http on a loopback address"
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
