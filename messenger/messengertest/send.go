package messengertest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
	"unicode/utf16"

	"github.com/switchboard-go/switchboard/messenger"
)

// outgoing is the message of a send.
type outgoing struct {
	Text         string     `json:"text"`
	Attachment   *outFile   `json:"attachment"`
	Attachments  []*outFile `json:"attachments"`
	StickerID    loose      `json:"sticker_id"`
	Metadata     string     `json:"metadata"`
	QuickReplies []struct {
		ContentType string `json:"content_type"`
		Title       string `json:"title"`
		Payload     string `json:"payload"`
	} `json:"quick_replies"`
}

// outFile is an attachment of a send.
type outFile struct {
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

type outPayload struct {
	URL          string `json:"url"`
	AttachmentID loose  `json:"attachment_id"`
	Reusable     any    `json:"is_reusable"` // true, or "true"
}

func (f *outFile) payload() outPayload {
	var p outPayload
	_ = json.Unmarshal(f.Payload, &p)
	return p
}

func (f *outFile) reusable() bool {
	r := f.payload().Reusable
	return r == true || r == "true"
}

func (m *outgoing) files() []*outFile {
	if m.Attachment != nil {
		return append([]*outFile{m.Attachment}, m.Attachments...)
	}
	return m.Attachments
}

// The limits of a message.
const (
	maxQuickReplies = 13
	maxTitle        = 20 // UTF-16 units of a quick reply's title
	maxPayload      = 1000
)

// retired are the tags that Meta took away in April 2026.
var retired = []string{"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"}

// sendMessage carries out POST messages.
func (g *Graph) sendMessage(c *call, fetched map[string]file) answer {
	p := c.page
	var to recipient
	if !c.read("recipient", &to) || to.ID == "" {
		return g.refuse(badParameter("param recipient must be non-empty"))
	}
	action := c.text("sender_action")
	var m outgoing
	hasMessage := c.read("message", &m)
	switch {
	case hasMessage && action != "":
		return g.refuse(refusal{code: 100, subcode: 2018014, message: "Message and sender_action cannot be sent together"})
	case action != "":
		return g.act(c, string(to.ID), action)
	case !hasMessage:
		return g.refuse(badParameter("param message must be non-empty"))
	}
	kind, tag := c.text("messaging_type"), c.text("tag")
	x, why := g.check(c, &m, string(to.ID), kind, tag)
	if why != nil {
		return g.refuse(*why)
	}
	files, reusable, why := g.outFiles(c, &m, fetched)
	if why != nil {
		return g.refuse(*why)
	}
	if why := g.admitSend(p, slices.ContainsFunc(files, func(a Attachment) bool { return a.Type == "audio" || a.Type == "video" })); why != nil {
		return g.refuse(*why)
	}
	return g.faulty(x.th, func() (answer, *hook) {
		s := &stored{th: x.th, Message: Message{
			Page: p.id, Person: x.id, App: g.c.AppID, Text: m.Text, Metadata: m.Metadata, Type: kind, Tag: tag,
			Persona: c.text("persona_id"), Attachments: files,
		}}
		var reply struct{ Mid string }
		if c.read("reply_to", &reply) {
			s.ReplyTo = reply.Mid
		}
		if m.StickerID != "" {
			s.Attachments = append(s.Attachments, Attachment{Type: "sticker", ID: string(m.StickerID)})
		}
		for _, q := range m.QuickReplies {
			s.QuickReplies = append(s.QuickReplies, QuickReply{q.Title, q.Payload})
		}
		echo := g.accept(s)
		body := object{"recipient_id": x.id, "message_id": s.ID}
		if reusable != "" {
			body["attachment_id"] = reusable
		}
		g.handOver(c, x.th)
		return ok(body), echo
	})
}

// check refuses what Meta would refuse, in the order in which it matters.
func (g *Graph) check(c *call, m *outgoing, to, kind, tag string) (*Person, *refusal) {
	bad := func(format string, args ...any) (*Person, *refusal) {
		r := badParameter(fmt.Sprintf(format, args...))
		return nil, &r
	}
	switch c.page.state {
	case PageRestricted:
		return nil, &refusal{code: 10, subcode: 1893063, message: "This Page is temporarily restricted from sending messages."}
	case PageBlocked:
		return nil, &refusal{code: 368, message: "The action attempted has been deemed abusive or is otherwise disallowed"}
	}
	files := m.files()
	switch {
	case m.Text == "" && len(files) == 0 && m.StickerID == "" && c.file == nil:
		return bad("Must have text or attachment")
	case m.Text != "" && len(files) > 0:
		return bad("Message cannot contain both text and attachment")
	case len(utf16.Encode([]rune(m.Text))) > messenger.MaxText:
		return bad("Length of param message[text] must be less than or equal to %d", messenger.MaxText)
	case len(m.Metadata) > messenger.MaxMetadata:
		return bad("Length of param message[metadata] must be less than or equal to %d", messenger.MaxMetadata)
	case len(m.QuickReplies) > maxQuickReplies:
		return bad("At most %d quick replies are allowed", maxQuickReplies)
	}
	for _, q := range m.QuickReplies {
		plain := q.ContentType == "text"
		if plain && (q.Title == "" || len(utf16.Encode([]rune(q.Title))) > maxTitle || q.Payload == "" || len(q.Payload) > maxPayload) ||
			!plain && q.ContentType != "user_phone_number" && q.ContentType != "user_email" {
			return bad("Invalid quick reply")
		}
	}
	if id := c.text("persona_id"); id != "" {
		if x := g.personas[id]; x == nil || x.page != c.page || x.deleted {
			return bad("Invalid persona id")
		}
	}
	switch {
	case slices.Contains(retired, tag):
		return bad("Invalid parameter")
	case kind == "" || kind == "RESPONSE" || kind == "UPDATE":
		if tag != "" {
			return bad("Invalid parameter: a tag needs messaging_type MESSAGE_TAG")
		}
	case kind != "MESSAGE_TAG":
		return bad("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")
	case tag != "HUMAN_AGENT":
		return bad("Invalid parameter: tag")
	case !g.c.HumanAgent:
		return nil, &refusal{code: 10, message: "To use 'Human Agent', your use of this endpoint must be reviewed and approved by Facebook."}
	}
	x, why := g.reach(c, to)
	if why != nil {
		return nil, why
	}
	var reply struct{ Mid string }
	if c.read("reply_to", &reply) {
		switch answered := g.mids[reply.Mid]; {
		case answered == nil || answered.th != x.th:
			return bad("Invalid reply_to")
		case answered.unsent:
			return nil, &refusal{code: 9000001, message: "The message was deleted"}
		}
	}
	window := messenger.Window
	if kind == "MESSAGE_TAG" {
		window = messenger.HumanAgentWindow
	}
	if x.th.opened.IsZero() || g.now().Sub(x.th.opened) >= window {
		return nil, &refusal{code: 10, subcode: 2018278, message: "This message is sent outside of allowed window."}
	}
	return x, nil
}

// reach finds a person whom the app may write to now.
func (g *Graph) reach(c *call, to string) (*Person, *refusal) {
	x, why := g.person(c.page, to)
	switch {
	case why != nil:
		return nil, why
	case x.state == PersonBlocked:
		return nil, &refusal{code: 551, message: "This person isn't available right now."}
	case x.state == PersonUnavailable:
		return nil, &refusal{code: 200, subcode: 1545041, message: "This person isn't receiving messages from you right now."}
	case !g.ours(x.th):
		return nil, &refusal{code: 2018300, message: "Another app is controlling this thread now."}
	}
	return x, nil
}

// accept takes a message for its person and tells the apps of it; the result is
// the echo if the answer has to wait for it.
func (g *Graph) accept(s *stored) *hook {
	th := s.th
	g.deliverTo(s)
	th.keep(g.now())
	first := g.echoes == EchoFirst || g.echoes == EchoEither && g.chance(th, "echo") < 0.5
	var echo *hook
	if g.echoes != EchoNever {
		echo = g.emit(th, "message_echoes", s.echo())
	}
	th.pending = append(th.pending, s.ID)
	g.emit(th, "message_deliveries", th.receipt())
	if first {
		return echo
	}
	return nil
}

// act carries out a sender action.
func (g *Graph) act(c *call, to, action string) answer {
	x, why := g.reach(c, to)
	if why != nil {
		return g.refuse(*why)
	}
	switch action {
	case "typing_on", "typing_off", "mark_seen":
	case "react", "unreact":
		var p struct {
			MessageID string `json:"message_id"`
			Reaction  string `json:"reaction"`
		}
		m := &stored{}
		if c.read("payload", &p) {
			m = g.mids[p.MessageID]
		}
		if m == nil || m.th != x.th || action == "react" && p.Reaction == "" {
			return g.refuse(badParameter("Invalid payload of the reaction"))
		}
	default:
		return g.refuse(badParameter("Param sender_action is invalid"))
	}
	x.th.actions = append(x.th.actions, action)
	return ok(object{"recipient_id": x.id})
}

// faulty does what take does, with the fault that chance or the script has for it.
func (g *Graph) faulty(th *thread, take func() (answer, *hook)) answer {
	f, odd := g.callFault(th)
	switch f {
	case FaultResetBefore:
		return answer{then: reset}
	case FaultErrorOK:
		a := g.refuse(refusal{code: 2, message: "Service temporarily unavailable", transient: true})
		a.status = http.StatusOK
		return a
	case FaultTransient:
		return g.refuse(refusal{code: 2, message: "Service temporarily unavailable", transient: true, status: http.StatusInternalServerError})
	case FaultBadGateway:
		if odd {
			return answer{then: badGateway}
		}
	}
	a, echo := take()
	a.wait = echo
	switch f {
	case FaultSilent:
		a.then = g.silence
	case FaultResetAfter:
		a.then = reset
	case FaultBadGateway:
		a.then = badGateway
	case FaultUncertain:
		a = g.refuse(refusal{code: 1, subcode: 1357046, message: "Received invalid JSON reply; the messages may have been sent"})
		a.wait = echo
	case FaultSlow:
		a.then = g.slow
	case FaultTruncated:
		a.then = half
		if odd {
			a.then = breakOff
		}
	}
	return a
}

// silence never answers: the caller has to give up.
func (g *Graph) silence(_ http.ResponseWriter, r *http.Request, _ []byte) {
	g.serving(-1) // nobody need wait for it
	defer g.serving(1)
	select {
	case <-r.Context().Done():
	case <-g.ctx.Done():
	}
	panic(http.ErrAbortHandler)
}

// reset closes the connection so that the other side sees a reset.
func reset(w http.ResponseWriter, _ *http.Request, _ []byte) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// badGateway answers as a proxy in front of the API does.
func badGateway(w http.ResponseWriter, _ *http.Request, _ []byte) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = w.Write([]byte("<html><body><h1>502 Bad Gateway</h1></body></html>\n"))
}

// slow holds half of the answer back for some time.
func (g *Graph) slow(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	n := len(body) / 2
	_, _ = w.Write(body[:n])
	_ = http.NewResponseController(w).Flush()
	timer := time.NewTimer(g.c.SlowFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-g.ctx.Done():
	}
	_, _ = w.Write(body[n:])
}

// half is a whole response whose JSON is not.
func half(w http.ResponseWriter, _ *http.Request, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = w.Write(body[:len(body)/2])
}

// breakOff is a response that ends before it said it would.
func breakOff(w http.ResponseWriter, _ *http.Request, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// buttonTitle returns the title of the button with that payload in the payload
// of a template, or "".
func buttonTitle(template, payload string) string {
	type button struct{ Title, Payload string }
	var t struct {
		Buttons  []button
		Elements []struct{ Buttons []button }
	}
	_ = json.Unmarshal([]byte(template), &t)
	for _, e := range t.Elements {
		t.Buttons = append(t.Buttons, e.Buttons...)
	}
	for _, b := range t.Buttons {
		if b.Payload == payload && payload != "" {
			return b.Title
		}
	}
	return ""
}
