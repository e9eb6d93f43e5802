package messengertest

import (
	"fmt"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/messenger"
)

// TokenState is what has become of a page's token.
type TokenState uint8

// The states of a token. With any but the first, calls are refused with code 190.
const (
	TokenValid           TokenState = iota
	TokenExpired                    // subcode 463
	TokenPasswordChanged            // subcode 460
	TokenRoleLost                   // subcode 492: its person has no role on the page any more
	TokenAppRemoved                 // subcode 458
	TokenInvalid                    // subcode 467: revoked
)

// PageState is what has become of a page.
type PageState uint8

// The states of a page.
const (
	PagePublished   PageState = iota
	PageUnpublished           // is_published is false; all else works
	PageRestricted            // sends are refused with code 10, subcode 1893063
	PageBlocked               // for a violation of policy: sends are refused with code 368
	PageGone                  // every call is refused with code 100, subcode 33
)

// Page is a page of the double. Safe for concurrent use.
type Page struct {
	g  *Graph
	id string

	// Below this line everything is guarded by g.mu.
	name       string
	token      string
	state      PageState
	denied     map[string]bool // permissions
	fields     []string        // subscribed
	defaultApp string
	apps       []string // connected, beside ours and the inbox
	persons    map[string]*Person
	own        *thread // of events about the page itself
	failing    time.Time
	usage      usage
}

// token is an access token.
type token struct {
	page  *Page
	state TokenState
}

// Permissions that calls need.
const (
	PermissionMessaging = "pages_messaging"       // to send, upload and control threads
	PermissionMetadata  = "pages_manage_metadata" // to subscribe
)

// allFields are what a page is subscribed to at first.
var allFields = []string{
	"messages", "message_echoes", "message_deliveries", "message_reads", "message_reactions", "message_edits",
	"messaging_postbacks", "messaging_referrals", "messaging_optins", "messaging_handovers",
	"messaging_policy_enforcement", "standby",
}

// Page returns the page with the id, all digits at Meta though any text will do, and
// makes it at the first call: published, with a valid token, all permissions, and
// subscribed to every field.
func (g *Graph) Page(id string) *Page {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.pages[id]
	if p == nil {
		p = &Page{g: g, id: id, name: "Page " + id, persons: make(map[string]*Person), denied: make(map[string]bool), fields: slices.Clone(allFields)}
		p.own = newThread(p, &Person{page: p})
		g.pages[id] = p
		p.issue()
	}
	return p
}

// issue gives the page a new token. g.mu is held.
func (p *Page) issue() {
	if old := p.g.tokens[p.token]; old != nil && old.state == TokenValid {
		old.state = TokenInvalid
	}
	p.token = fmt.Sprintf("EAAG%s.%s", p.id, p.g.newID())
	p.g.tokens[p.token] = &token{page: p}
}

// ID returns the page's id.
func (p *Page) ID() string { return p.id }

// Token returns the page's newest token, whatever has become of it.
func (p *Page) Token() messenger.Secret {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	return messenger.Secret(p.token)
}

// SetToken changes what has become of the page's newest token.
func (p *Page) SetToken(s TokenState) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.g.tokens[p.token].state = s
}

// NewToken issues a new token, as when the page is connected again, and
// returns it. The one before is not valid any more.
func (p *Page) NewToken() messenger.Secret {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.issue()
	return messenger.Secret(p.token)
}

// SetState changes the page's state. Blocking and unblocking a page is told by
// messaging_policy_enforcement.
func (p *Page) SetState(s PageState) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	was := p.state
	p.state = s
	if (was == PageBlocked) == (s == PageBlocked) {
		return
	}
	policy := object{"action": "unblock"}
	if s == PageBlocked {
		policy = object{"action": "block", "reason": "The page does not follow the policy."}
	}
	p.g.emit(p.own, "messaging_policy_enforcement", object{
		"recipient": object{"id": p.id}, "timestamp": p.g.now().UnixMilli(), "policy_enforcement": policy,
	})
}

// SetName names the page; without it the name is made of the id.
func (p *Page) SetName(name string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.name = name
}

// Deny takes a permission away, as the person who gave it can: calls that need
// it are refused with code 10 without a subcode.
func (p *Page) Deny(permission string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.denied[permission] = true
}

// Permit gives a permission back.
func (p *Page) Permit(permission string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	delete(p.denied, permission)
}

// Subscribe subscribes the page to exactly these fields, as a POST to
// subscribed_apps does.
func (p *Page) Subscribe(fields ...string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.subscribe(fields)
}

func (p *Page) subscribe(fields []string) {
	p.fields = slices.Clone(fields)
	p.failing = time.Time{}
}

// Unsubscribe ends the subscription, as a DELETE does: nothing more is sent for the page.
func (p *Page) Unsubscribe() {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.unsubscribe()
}

// unsubscribe drops what waits to be sent for the page. g.mu is held.
func (p *Page) unsubscribe() {
	p.fields = nil
	p.failing = time.Time{}
	for _, th := range p.threads() {
		for _, h := range th.queue {
			h.done()
		}
		th.queue = nil
		if th.held != nil {
			th.held.done()
			p.g.unhold(th)
		}
	}
	for x := range p.g.parked {
		x.drop(p)
		if len(x.hooks) == 0 {
			x.timer.Stop()
			delete(p.g.parked, x)
		}
	}
	for _, x := range p.g.due {
		x.drop(p)
	}
	p.g.due = slices.DeleteFunc(p.g.due, func(x *post) bool { return len(x.hooks) == 0 })
	p.g.finished()
}

// threads returns all threads of the page, that of the page itself too.
func (p *Page) threads() []*thread {
	all := []*thread{p.own}
	for _, x := range p.persons {
		all = append(all, x.th)
	}
	return all
}

// Subscribed returns the fields that the page is subscribed to; none when it is
// not subscribed.
func (p *Page) Subscribed() []string {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	return slices.Clone(p.fields)
}

// SetDefaultApp sets the app that threads go to: from then on only their owner,
// or the default app of an idle one, may send, and others get standby.
// Empty, as it is at first, lets every app answer, and no control can be taken.
func (p *Page) SetDefaultApp(app string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.defaultApp = app
	p.connect(app)
}

// Connect makes another app known to the page, so that threads can be passed to it.
func (p *Page) Connect(app string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.connect(app)
}

func (p *Page) connect(app string) {
	if app != "" && !p.knows(app) {
		p.apps = append(p.apps, app)
	}
}

// knows reports whether the app is connected to the page.
func (p *Page) knows(app string) bool {
	return app == p.g.c.AppID || app == InboxApp || slices.Contains(p.apps, app)
}
