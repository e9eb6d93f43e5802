package messengertest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
)

// The apps that own threads beside yours.
const (
	// DefaultAppID is the id of your app unless the Config has another.
	DefaultAppID = "1517776481860111"
	// InboxApp is the page's own inbox, where humans answer.
	InboxApp = messenger.InboxApp
)

// Config is the configuration of a [Graph]. The zero value is an app as Meta
// would have it after review, except for the Human Agent feature.
type Config struct {
	// Clock is the time of windows, limits, retries and expiry. Nil is the real one.
	Clock clock.Clock
	// AppID is your app's id, all digits. Empty means DefaultAppID.
	AppID string
	// AppSecret signs webhooks and proves calls. Empty means a secret that
	// Graph.AppSecret returns.
	AppSecret messenger.Secret
	// VerifyToken is what the handshake sends. Empty means a text that
	// Graph.VerifyToken returns.
	VerifyToken messenger.Secret
	// RequireProof refuses calls without appsecret_proof, as "Require App Secret" does
	// in the app's settings. A wrong proof is always refused.
	RequireProof bool
	// HumanAgent says that Meta has granted the app the Human Agent feature.
	HumanAgent bool
	// NoProfiles says that the app may not read profiles: they are empty.
	NoProfiles bool

	// Limits are Meta's limits; zero fields are Meta's own.
	Limits Limits
	// Bodies is how the bodies of webhooks are written and signed.
	Bodies Bodies
	// Echoes says when the echo of a message comes.
	Echoes Echoes
	// Batch is the largest number of events in one webhook, of one page or
	// several. Zero means 1, which is what Meta mostly does.
	Batch int
	// Parallel is how many webhooks are on their way at once, never two about
	// the same thread. Zero means 4.
	Parallel int
	// HookTimeout is how long, in real time, a webhook waits for its 200. Zero
	// means Meta's 5 seconds.
	HookTimeout time.Duration
	// FetchTimeout is how long, in real time, the file of an attachment may
	// take. Zero means Meta's 10 seconds, and 75 for a video.
	FetchTimeout time.Duration
	// MediaFor is how long the URLs of customers' media last. Zero means 24 hours.
	MediaFor time.Duration

	// Faults go wrong by chance. Nil means none.
	Faults Faults
	// Seed makes the chances the same each time: the same seed gives the same
	// faults to the nth message of a thread, and the same ids if nothing runs
	// concurrently.
	Seed uint64
	// SlowFor is how long, in real time, FaultSlow holds an answer back. Zero
	// means 20 milliseconds.
	SlowFor time.Duration
}

// Bodies is how the bodies of webhooks are written and signed.
type Bodies uint8

// The ways to write a body.
const (
	// Escaped is Meta's: beyond ASCII as \u00e4, a slash as \/, signed as sent.
	Escaped Bodies = iota
	// Plain is UTF-8, signed as sent.
	Plain
	// Mismatched is sent plain with the signature of the escaped form. Nobody
	// should take it.
	Mismatched
)

// Echoes says when the echo of a message that an app sent comes.
type Echoes uint8

// The times of an echo.
const (
	// EchoAfter is when the message is taken; the answer does not wait for it.
	EchoAfter Echoes = iota
	// EchoFirst is before the answer to the call: your endpoint has answered the echo, or
	// failed to, before the call returns.
	EchoFirst
	// EchoEither is one of the two above, by the seed.
	EchoEither
	// EchoNever withholds echoes.
	EchoNever
)

// Graph is the double. Safe for concurrent use.
type Graph struct {
	t      testing.TB
	c      Config
	server *httptest.Server
	hooks  *http.Client // to your endpoint
	fetch  *http.Client // to the files of attachments
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu       sync.Mutex
	changed  *sync.Cond // something finished
	progress uint64     // counts what finished
	closed   bool
	serial   uint64 // of ids

	pages     map[string]*Page
	tokens    map[string]*token
	mids      map[string]*stored
	uploads   map[string]*upload
	media     map[string]*medium
	personas  map[string]*persona
	users     map[string][]*Person // who logged in to the app, by the id that it knows them by
	delivered []*stored
	throttled time.Time // calls are refused until then
	calls     int       // being served, without those left in silence
	faults    Faults
	script    []Fault
	faulted   map[Fault]int
	echoes    Echoes

	callback string
	ready    []*thread // have something to deliver, and nothing on its way
	due      []*post   // to be tried again now
	parked   map[*post]struct{}
	held     map[*thread]struct{}
	active   int // webhooks on their way
}

// New starts a double and stops it at the end of the test. It panics when it
// cannot listen on a loopback address, as httptest does.
func New(t testing.TB, c Config) *Graph {
	t.Helper()
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.AppID == "" {
		c.AppID = DefaultAppID
	}
	if c.AppSecret == "" {
		c.AppSecret = "0123456789abcdef0123456789abcdef"
	}
	if c.VerifyToken == "" {
		c.VerifyToken = "a verify token"
	}
	c.Limits = c.Limits.withDefaults()
	c.Batch, c.Parallel = max(c.Batch, 1), orInt(c.Parallel, 4)
	c.HookTimeout = orTime(c.HookTimeout, 5*time.Second)
	c.MediaFor = orTime(c.MediaFor, 24*time.Hour)
	c.SlowFor = orTime(c.SlowFor, 20*time.Millisecond)
	g := &Graph{
		t: t, c: c,
		pages: make(map[string]*Page), tokens: make(map[string]*token), mids: make(map[string]*stored),
		uploads: make(map[string]*upload), media: make(map[string]*medium), personas: make(map[string]*persona), users: make(map[string][]*Person),
		faulted: make(map[Fault]int), parked: make(map[*post]struct{}), held: make(map[*thread]struct{}),
		faults: c.Faults.clone(), echoes: c.Echoes,
	}
	g.changed = sync.NewCond(&g.mu)
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.hooks = &http.Client{Transport: loopbackTransport(), Timeout: c.HookTimeout, CheckRedirect: noRedirect}
	g.fetch = &http.Client{Transport: loopbackTransport(), CheckRedirect: noRedirect}
	g.server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.close)
	return g
}

func orInt(n, other int) int {
	if n <= 0 {
		return other
	}
	return n
}

func orTime(d, other time.Duration) time.Duration {
	if d <= 0 {
		return other
	}
	return d
}

func (g *Graph) close() {
	g.mu.Lock()
	g.closed = true
	for p := range g.parked {
		p.timer.Stop()
	}
	for th := range g.held {
		th.timer.Stop()
		th.held.done()
	}
	for _, p := range g.pages {
		for _, person := range p.persons {
			for _, h := range person.th.queue {
				h.done()
			}
		}
	}
	g.changed.Broadcast()
	g.mu.Unlock()
	g.cancel()
	g.group.Wait()
	g.server.CloseClientConnections()
	g.server.Close()
	g.hooks.CloseIdleConnections()
	g.fetch.CloseIdleConnections()
}

// URL is the base URL of the API, without a version: http on a loopback address.
func (g *Graph) URL() string { return g.server.URL }

// AppID returns the id of your app.
func (g *Graph) AppID() string { return g.c.AppID }

// AppSecret returns the secret of your app.
func (g *Graph) AppSecret() messenger.Secret { return g.c.AppSecret }

// AppToken returns the app's own access token, for debug_token.
func (g *Graph) AppToken() messenger.Secret {
	return messenger.Secret(g.c.AppID + "|" + g.c.AppSecret.Reveal())
}

// VerifyToken returns the text that the handshake sends.
func (g *Graph) VerifyToken() messenger.Secret { return g.c.VerifyToken }

// Token returns the token of a page, whatever has become of it, and false for a
// page that is not there. It fits messenger.ClientConfig.
func (g *Graph) Token(page conversation.Source) (messenger.Secret, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.pages[string(page)]
	if p == nil {
		return "", false
	}
	return messenger.Secret(p.token), true
}

// SetEchoes changes when echoes come from now on.
func (g *Graph) SetEchoes(e Echoes) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.echoes = e
}

// Delivered returns every message that was taken for a person, in the order in which it was:
// those of your app, of other apps and of humans in the inbox. The order within
// one thread is what the person sees.
func (g *Graph) Delivered() []Message {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]Message, len(g.delivered))
	for i, m := range g.delivered {
		out[i] = m.Message
	}
	return out
}

// flushPatience is how long Flush waits, in real time, for anything to finish.
const flushPatience = 30 * time.Second

// Flush waits until no webhook is on its way and no call is being served, apart
// from those that FaultSilent leaves unanswered. A webhook that waits for the
// clock to be tried again is not on its way: see [Graph.Waiting]. It fails the test when nothing finishes for 30 seconds.
//
// Do not call it from within a webhook.
func (g *Graph) Flush() {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.closed {
		g.release()
		if g.active == 0 && g.calls == 0 && len(g.ready) == 0 && len(g.due) == 0 && len(g.held) == 0 {
			return
		}
		stuck, mark := false, g.progress
		watchdog := time.AfterFunc(flushPatience, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			stuck = g.progress == mark
			g.changed.Broadcast()
		})
		g.changed.Wait()
		watchdog.Stop()
		if stuck {
			g.t.Errorf("messengertest: nothing finished for %v: %d webhooks and %d calls are on their way", flushPatience, g.active, g.calls)
			return
		}
	}
}

// Waiting returns how many webhooks wait for the clock to be tried again.
func (g *Graph) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.parked)
}

// finished says that something ended. g.mu is held.
func (g *Graph) finished() {
	g.progress++
	g.changed.Broadcast()
}

// now is the double's time, in milliseconds as Meta's is.
func (g *Graph) now() time.Time { return g.c.Clock.Now().UTC().Truncate(time.Millisecond) }

// newID returns a new id of digits.
func (g *Graph) newID() string {
	g.serial++
	return fmt.Sprintf("%d%012d", 7+g.c.Seed%3, g.serial)
}
