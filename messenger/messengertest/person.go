package messengertest

import (
	"fmt"
	"strconv"
	"time"
)

// PersonState says whether messages reach a person.
type PersonState uint8

// The states of a person.
const (
	PersonReachable   PersonState = iota
	PersonBlocked                 // has blocked the page: sends are refused with code 551
	PersonUnavailable             // has deactivated the account: code 200, subcode 1545041
	PersonPhone                   // has an account by phone number: reachable, but without a profile, code 2018218
	PersonGone                    // does not exist: code 100, subcode 2018001, as for one never heard of
)

// Person is somebody who writes to one page: its id is for that page only.
// Safe for concurrent use.
type Person struct {
	page *Page
	id   string

	// Below this line everything is guarded by page.g.mu.
	state   PersonState
	profile map[string]any
	wrote   bool
	th      *thread
}

// thread is what happened between one page and one person.
type thread struct {
	page   *Page
	person *Person

	opened   time.Time // the last action that opened the window
	stamp    int64     // the last message's time, in milliseconds
	sent     int64     // the same of the page's messages
	messages []*stored // received by the person
	pending  []string  // messages that no delivery receipt has named
	actions  []string

	owner string // app; empty when idle
	until time.Time
	asked []string // apps that asked for control

	draws map[string]uint64

	// Webhooks.
	queue []*hook
	busy  bool // one is on its way
	lined bool // it is in Graph.ready
	held  *hook
	timer *time.Timer
}

func newThread(p *Page, who *Person) *thread {
	return &thread{page: p, person: who, draws: make(map[string]uint64)}
}

// Person returns the person with the id, and makes them at the first call: one
// who exists and has not written yet.
func (p *Page) Person(id string) *Person {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	x := p.persons[id]
	if x == nil {
		x = &Person{page: p, id: id, profile: map[string]any{"first_name": "Person", "last_name": id}}
		x.th = newThread(p, x)
		p.persons[id] = x
	}
	return x
}

// ID returns the person's page-scoped id.
func (x *Person) ID() string { return x.id }

// SetState changes whether messages reach the person.
func (x *Person) SetState(s PersonState) {
	x.page.g.mu.Lock()
	defer x.page.g.mu.Unlock()
	x.state = s
}

// SetProfile sets fields of the profile by Meta's names, such as "first_name";
// an empty value removes one.
func (x *Person) SetProfile(field, value string) {
	x.page.g.mu.Lock()
	defer x.page.g.mu.Unlock()
	if value == "" {
		delete(x.profile, field)
		return
	}
	x.profile[field] = value
}

// Write sends the page a text and returns the message's id.
func (x *Person) Write(text string) string {
	return x.message(func() object { return object{"text": text} })
}

// Answer writes a text as a reply to a message, by its id.
func (x *Person) Answer(mid, text string) string {
	return x.message(func() object { return object{"text": text, "reply_to": object{"mid": mid}} })
}

// Attach sends a file and returns the message's id. Kind is Meta's type, such as
// "image"; mime is the type that the file is served with. The webhook names a
// URL of the double, which serves the file until Config.MediaFor is over and answers
// 403 afterwards.
func (x *Person) Attach(kind, mime string, data []byte) string {
	return x.message(func() object {
		url := x.page.g.newMedium(mime, data)
		return object{"attachments": []object{{"type": kind, "payload": object{"url": url}}}}
	})
}

// message takes a message from the person and tells the app. content runs under g.mu.
func (x *Person) message(content func() object) string {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	m := content()
	mid := g.newMid()
	m["mid"] = mid
	at := x.acts()
	text, _ := m["text"].(string)
	g.mids[mid] = &stored{th: x.th, inbound: true, Message: Message{ID: mid, Text: text}}
	g.emit(x.th, "messages", x.event(at, "message", m))
	return mid
}

// acts records that the person did what opens the reply window, and returns the
// time of it.
func (x *Person) acts() int64 {
	g, th := x.page.g, x.th
	now := g.now()
	x.wrote = true
	th.opened = now
	if x.page.defaultApp != "" && g.owner(th) == "" {
		th.owner = x.page.defaultApp
	}
	th.keep(now)
	return th.tick(now)
}

// tick returns the time of a new message: no two of a thread share a millisecond.
func (th *thread) tick(now time.Time) int64 {
	th.stamp = max(now.UnixMilli(), th.stamp+1)
	return th.stamp
}

// event makes an event from the person to the page.
func (x *Person) event(at int64, key string, what any) object {
	return object{"sender": object{"id": x.id}, "recipient": object{"id": x.page.id}, "timestamp": at, key: what}
}

// Tap presses what carries the payload: a quick reply, if the last message from
// the page has such a one, which is a message; else a button, which is a
// postback. Its title is that of what was pressed, if the page has sent it,
// else the payload. It returns the id.
func (x *Person) Tap(payload string) string {
	g := x.page.g
	g.mu.Lock()
	title, quick := x.th.titleOf(payload)
	g.mu.Unlock()
	if quick {
		return x.message(func() object { return object{"text": title, "quick_reply": object{"payload": payload}} })
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	mid := g.newMid()
	at := x.acts()
	g.mids[mid] = &stored{th: x.th, inbound: true, Message: Message{ID: mid, Text: title}}
	g.emit(x.th, "messaging_postbacks", x.event(at, "postback", object{"mid": mid, "title": title, "payload": payload}))
	return mid
}

// Follow opens the thread by an m.me link with a ref. It opens the window again when
// the person has written before.
func (x *Person) Follow(ref string) {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	at := x.th.tick(g.now())
	if x.wrote {
		x.acts()
	}
	g.emit(x.th, "messaging_referrals", x.event(at, "referral", object{"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}))
}

// reactions are Meta's names of emoji.
var reactions = map[string]string{
	"\U0001F642": "smile", "\U0001F620": "angry", "\U0001F622": "sad", "\U0001F62E": "wow",
	"\u2764": "love", "\u2764\ufe0f": "love", "\U0001F44D": "like", "\U0001F44E": "dislike",
}

// React reacts to a message of either side; an empty emoji takes the reaction
// back. Reacting opens the reply window.
func (x *Person) React(mid, emoji string) {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	r := object{"mid": mid, "action": "unreact"}
	at := g.now().UnixMilli()
	if emoji != "" {
		name := reactions[emoji]
		if name == "" {
			name = "other"
		}
		r = object{"mid": mid, "action": "react", "reaction": name, "emoji": emoji}
		at = x.acts()
	}
	g.emit(x.th, "message_reactions", x.event(at, "reaction", r))
}

// Edit changes the text of a message that the person wrote. It does nothing for
// any other.
func (x *Person) Edit(mid, text string) {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.mids[mid]
	if m == nil || !m.inbound || m.th != x.th || m.unsent {
		return
	}
	m.edits++
	m.Text = text
	g.emit(x.th, "message_edits", x.event(g.now().UnixMilli(), "message_edit", object{"mid": mid, "text": text, "num_edit": m.edits}))
}

// Unsend takes back a message that the person wrote. It does nothing for any other.
func (x *Person) Unsend(mid string) {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.mids[mid]
	if m == nil || !m.inbound || m.th != x.th || m.unsent {
		return
	}
	m.unsent = true
	g.emit(x.th, "messages", x.event(g.now().UnixMilli(), "message", object{"mid": mid, "is_deleted": true}))
}

// Read reads everything that the page has sent.
func (x *Person) Read() {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now().UnixMilli()
	g.emit(x.th, "message_reads", x.event(now, "read", object{"watermark": max(now, x.th.sent)}))
}

// AnsweredBy is an answer that did not come from your app, and returns its id. App is InboxApp
// for a human in the page's inbox, another app's id, or empty for an echo as it was in
// old versions, when human answers had no app. Where the page has a default app, answering from
// the inbox takes control of the thread.
func (x *Person) AnsweredBy(app, text string) string {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	if app == InboxApp && x.page.defaultApp != "" && g.owner(x.th) != app {
		g.takeControl(x.th, app, "")
	}
	m := &stored{th: x.th, Message: Message{Page: x.page.id, Person: x.id, App: app, Text: text}}
	g.deliverTo(m)
	g.emit(x.th, "message_echoes", m.echo())
	return m.ID
}

// Received returns what the person has received, in order.
func (x *Person) Received() []Message {
	x.page.g.mu.Lock()
	defer x.page.g.mu.Unlock()
	out := make([]Message, len(x.th.messages))
	for i, m := range x.th.messages {
		out[i] = m.Message
	}
	return out
}

// Actions returns the sender actions that the person has seen, such as
// "typing_on" and "mark_seen".
func (x *Person) Actions() []string {
	x.page.g.mu.Lock()
	defer x.page.g.mu.Unlock()
	return append([]string(nil), x.th.actions...)
}

// Message is a message that the person at the end of a thread has received.
type Message struct {
	Page, Person string       // whose thread
	ID           string       // the mid
	App          string       // who sent it: an app's id, InboxApp, or empty
	Text         string       // empty beside attachments
	Metadata     string       // as the sender gave it
	Type, Tag    string       // messaging_type and tag
	Persona      string       // the id of the persona it shows, or ""
	ReplyTo      string       // the mid that it answers, or ""
	Attachments  []Attachment // mostly one at most
	QuickReplies []QuickReply // the choices below it
	// At is Meta's own time of it: a millisecond that no other message of the
	// thread has.
	At time.Time
}

// Attachment is a file or template of a message that was sent.
type Attachment struct {
	Type string // as in the send: "image", "template"
	ID   string // of the upload, if it can be used again
	URL  string // that the send named, or ""
	Size int    // bytes that Meta fetched or was given
	Raw  string // the payload as JSON
}

// QuickReply is a choice below a message.
type QuickReply struct {
	Title, Payload string // what it shows, and what choosing it sends
}

// stored is a message of either side.
type stored struct {
	Message
	th      *thread
	inbound bool
	edits   int
	unsent  bool
}

// deliverTo gives a message of the page's side to the person. g.mu is held.
func (g *Graph) deliverTo(m *stored) {
	th := m.th
	now := g.now()
	m.ID = g.newMid()
	m.At = time.UnixMilli(th.tick(now)).UTC()
	th.sent = th.stamp
	g.mids[m.ID] = m
	th.messages = append(th.messages, m)
	g.delivered = append(g.delivered, m)
}

// echo makes the event that tells the page's apps of a message.
func (m *stored) echo() object {
	body := object{"is_echo": true, "mid": m.ID}
	if m.App != "" {
		if n, err := strconv.ParseInt(m.App, 10, 64); err == nil {
			body["app_id"] = n // Meta writes a number, whatever its table says
		} else {
			body["app_id"] = m.App
		}
	}
	if m.Text != "" {
		body["text"] = m.Text
	}
	if m.Metadata != "" {
		body["metadata"] = m.Metadata
	}
	var files []object
	for _, a := range m.Attachments {
		f := object{"type": a.Type}
		switch {
		case a.Type == "template":
			f["payload"] = rawJSON(a.Raw)
		case a.URL != "":
			f["payload"] = object{"url": a.URL}
		default:
			f["payload"] = object{"attachment_id": a.ID}
		}
		files = append(files, f)
	}
	if files != nil {
		body["attachments"] = files
	}
	return object{
		"sender": object{"id": m.Page}, "recipient": object{"id": m.Person},
		"timestamp": m.At.UnixMilli(), "message": body,
	}
}

// receipt makes the delivery receipt of everything that has none yet.
func (th *thread) receipt() object {
	mids := th.pending
	th.pending = nil
	return object{
		"sender": object{"id": th.person.id}, "recipient": object{"id": th.page.id},
		"delivery": object{"mids": mids, "watermark": th.sent},
	}
}

// titleOf returns the title of the newest choice with that payload, and whether
// it is a quick reply of the last message.
func (th *thread) titleOf(payload string) (title string, quick bool) {
	for i := len(th.messages) - 1; i >= 0; i-- {
		m := th.messages[i]
		for _, q := range m.QuickReplies {
			if q.Payload == payload && i == len(th.messages)-1 {
				return q.Title, true
			}
		}
		for _, a := range m.Attachments {
			if t := buttonTitle(a.Raw, payload); t != "" {
				return t, false
			}
		}
	}
	return payload, false
}

// String names the thread in failures of tests.
func (m Message) String() string {
	return fmt.Sprintf("%s/%s %q (app %s, metadata %q)", m.Page, m.Person, m.Text, m.App, m.Metadata)
}
