package messengertest

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// maxCall is how large the body of a call may be.
const maxCall = 32 << 20

// call is one call of the API, its parameters read from wherever they are.
type call struct {
	method  string
	version string
	path    []string // after the version
	params  map[string]json.RawMessage
	file    []byte // of a multipart upload
	mime    string
	token   string
	page    *Page // of the token
	me      bool  // the token's own page was asked for as "me"
}

// answer is what a call is answered with.
type answer struct {
	status int
	body   any
	header http.Header
	then   func(http.ResponseWriter, *http.Request, []byte) // instead of writing the body; nil writes it
	wait   *hook                                            // tried before the answer is written
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func success() answer { return ok(object{"success": true}) }

// refusal is an error object of the API.
type refusal struct {
	code, subcode int
	message       string
	class         string // OAuthException when empty
	transient     bool
	status        int // 400 when zero
}

// refuse makes the answer with an error object.
func (g *Graph) refuse(r refusal) answer {
	g.serial++
	e := object{
		"message":    fmt.Sprintf("(#%d) %s", r.code, r.message),
		"type":       "OAuthException",
		"code":       r.code,
		"fbtrace_id": fmt.Sprintf("A%015x", hash(g.c.Seed, g.serial, "trace")>>4),
	}
	if r.class != "" {
		e["type"] = r.class
	}
	if r.subcode != 0 {
		e["error_subcode"] = r.subcode
	}
	if r.transient {
		e["is_transient"] = true
	}
	return answer{status: orInt(r.status, http.StatusBadRequest), body: object{"error": e}}
}

func badParameter(why string) refusal { return refusal{code: 100, message: why} }

// absent is Meta's answer about what is not there, or not for this token.
func absent(what string) refusal {
	return refusal{
		code: 100, subcode: 33, class: "GraphMethodException",
		message: "Unsupported request. Object with ID '" + what + "' does not exist, cannot be loaded due to missing permissions, or does not support this operation.",
	}
}

var versionForm = regexp.MustCompile(`^v\d{1,3}\.\d$`)

// serve is the handler of the double.
func (g *Graph) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	g.calls++
	g.mu.Unlock()
	defer g.serving(-1)
	if strings.HasPrefix(r.URL.Path, mediaPath) {
		g.serveMedium(w, r)
		return
	}
	c, why := readCall(w, r)
	if why != "" {
		g.mu.Lock()
		a := g.refuse(badParameter(why))
		g.mu.Unlock()
		g.reply(w, r, nil, a)
		return
	}
	// Files are fetched before anything is decided, because that takes time.
	fetched := g.fetchFor(r, c)
	g.mu.Lock()
	a := g.handle(c, fetched)
	g.mu.Unlock()
	if a.wait != nil {
		select {
		case <-a.wait.tried:
		case <-g.ctx.Done():
		}
	}
	g.reply(w, r, c, a)
}

// serving counts the calls that are being served.
func (g *Graph) serving(more int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls += more
	g.finished()
}

// reply writes an answer.
func (g *Graph) reply(w http.ResponseWriter, r *http.Request, c *call, a answer) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if c != nil && c.version != "" {
		w.Header().Set("Facebook-Api-Version", c.version)
	}
	body := encode(a.body)
	if a.then != nil {
		a.then(w, r, body)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}

// readCall reads the parameters of a call from the query, a form, a JSON body
// and the Authorization header; the later of these win.
func readCall(w http.ResponseWriter, r *http.Request) (*call, string) {
	c := &call{method: r.Method, params: make(map[string]json.RawMessage)}
	for part := range strings.SplitSeq(strings.Trim(r.URL.Path, "/"), "/") {
		c.path = append(c.path, part)
	}
	if versionForm.MatchString(c.path[0]) {
		c.version, c.path = c.path[0], c.path[1:]
	}
	for k, v := range r.URL.Query() {
		c.params[k] = formValue(v[0])
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxCall)
	media, args, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch media {
	case "application/json":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, "the body did not arrive"
		}
		if len(body) > 0 && json.Unmarshal(body, &c.params) != nil {
			return nil, "the body is not a JSON object"
		}
	case "multipart/form-data":
		parts := multipart.NewReader(r.Body, args["boundary"])
		for {
			p, err := parts.NextPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, "the form cannot be read"
			}
			data, err := io.ReadAll(p)
			if err != nil {
				return nil, "the form cannot be read"
			}
			if p.FormName() == "filedata" {
				c.file, c.mime = data, p.Header.Get("Content-Type")
			} else {
				c.params[p.FormName()] = formValue(string(data))
			}
		}
	default:
		if r.ParseForm() != nil {
			return nil, "the form cannot be read"
		}
		for k, v := range r.PostForm {
			c.params[k] = formValue(v[0])
		}
	}
	c.token = c.text("access_token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token = bearer
	}
	return c, ""
}

// formValue reads the value of a form: an object or array as JSON, else a text.
func formValue(s string) json.RawMessage {
	if t := strings.TrimSpace(s); t != "" && (t[0] == '{' || t[0] == '[') && json.Valid([]byte(t)) {
		return json.RawMessage(t)
	}
	return encode(s)
}

// text returns a parameter that is a text, or a number as it is written.
func (c *call) text(name string) string {
	var t loose
	_ = json.Unmarshal(c.params[name], &t)
	return string(t)
}

// read reads a parameter into v and reports whether it is there and fits.
func (c *call) read(name string, v any) bool {
	raw, ok := c.params[name]
	return ok && string(raw) != "null" && json.Unmarshal(raw, v) == nil
}

// loose is a text that may come as a number.
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = loose(s)
		return nil
	}
	if len(b) > 0 && (b[0] == '-' || '0' <= b[0] && b[0] <= '9') {
		*l = loose(b)
	}
	return nil
}

// handle carries out a call. g.mu is held.
func (g *Graph) handle(c *call, fetched map[string]file) answer {
	if len(c.path) == 1 && c.path[0] == "debug_token" {
		return g.debugToken(c)
	}
	if len(c.path) == 2 && c.path[1] == "ids_for_pages" {
		return g.matches(c)
	}
	if why := g.authenticate(c); why != nil {
		return g.refuse(*why)
	}
	p := c.page
	if why := g.admit(c); why != nil {
		a := g.refuse(*why)
		a.header = g.usageHeaders(p)
		return a
	}
	a := g.dispatch(c, fetched)
	a.header = g.usageHeaders(p)
	return a
}

// authenticate finds the page of the token.
func (g *Graph) authenticate(c *call) *refusal {
	if c.token == "" {
		return &refusal{code: 104, message: "An access token is required to request this resource.", status: http.StatusUnauthorized}
	}
	t := g.tokens[c.token]
	if t == nil {
		// Meta's text may show the token; a client must not pass it on.
		return &refusal{code: 190, message: "Invalid OAuth access token \"" + c.token + "\" - Cannot parse access token", status: http.StatusUnauthorized}
	}
	subcode, why := t.state.error()
	if why != "" {
		return &refusal{code: 190, subcode: subcode, message: "Error validating access token: " + why, status: http.StatusUnauthorized}
	}
	proof := c.text("appsecret_proof")
	switch {
	case proof == "" && g.c.RequireProof:
		return &refusal{code: 100, class: "GraphMethodException", message: "API calls from the server require an appsecret_proof argument"}
	case proof != "" && !hmac.Equal([]byte(proof), []byte(g.proof(c.token))):
		return &refusal{code: 100, class: "GraphMethodException", message: "Invalid appsecret_proof provided in the API argument"}
	}
	c.page = t.page
	if t.page.state == PageGone {
		r := absent(t.page.id)
		return &r
	}
	if len(c.path) > 0 && (c.path[0] == "me" || c.path[0] == t.page.id) {
		c.me = true
	}
	return nil
}

func (g *Graph) proof(token string) string { return hmacHex(g.c.AppSecret.Reveal(), token) }

// error returns the subcode and Meta's words for a token that is not valid.
func (s TokenState) error() (subcode int, why string) {
	switch s {
	case TokenExpired:
		return 463, "Session has expired."
	case TokenPasswordChanged:
		return 460, "The session has been invalidated because the user changed their password."
	case TokenRoleLost:
		return 492, "The user must be an administrator, editor, or moderator of the page."
	case TokenAppRemoved:
		return 458, "The user has not authorized the application."
	case TokenInvalid:
		return 467, "The session was invalidated explicitly."
	}
	return 0, ""
}

// dispatch finds what a call is about.
func (g *Graph) dispatch(c *call, fetched map[string]file) answer {
	var edge string
	if len(c.path) > 1 {
		edge = c.path[1]
	}
	switch {
	case len(c.path) == 0 || len(c.path) > 2 || c.path[0] == "":
		return g.refuse(refusal{code: 2500, message: "Unknown path components"})
	case c.me && edge == "" && c.method == http.MethodGet:
		return g.pageFields(c)
	case edge == "" && c.method == http.MethodGet:
		return g.node(c)
	case edge == "" && c.method == http.MethodDelete:
		return g.deletePersona(c)
	case !c.me:
		return g.refuse(absent(c.path[0]))
	}
	type route struct{ method, edge string }
	handlers := map[route]struct {
		permission string
		do         func(*call) answer
	}{
		{http.MethodPost, "messages"}:               {PermissionMessaging, func(c *call) answer { return g.sendMessage(c, fetched) }},
		{http.MethodPost, "message_attachments"}:    {PermissionMessaging, func(c *call) answer { return g.uploadAttachment(c, fetched) }},
		{http.MethodPost, "personas"}:               {PermissionMessaging, g.createPersona},
		{http.MethodGet, "personas"}:                {PermissionMessaging, g.listPersonas},
		{http.MethodPost, "subscribed_apps"}:        {PermissionMetadata, g.subscribePage},
		{http.MethodGet, "subscribed_apps"}:         {"", g.subscriptions},
		{http.MethodDelete, "subscribed_apps"}:      {PermissionMetadata, g.unsubscribePage},
		{http.MethodGet, "thread_owner"}:            {PermissionMessaging, g.threadOwner},
		{http.MethodPost, "pass_thread_control"}:    {PermissionMessaging, g.control},
		{http.MethodPost, "take_thread_control"}:    {PermissionMessaging, g.control},
		{http.MethodPost, "release_thread_control"}: {PermissionMessaging, g.control},
		{http.MethodPost, "request_thread_control"}: {PermissionMessaging, g.control},
		{http.MethodPost, "extend_thread_control"}:  {PermissionMessaging, g.control},
	}
	h, known := handlers[route{c.method, edge}]
	if !known {
		return g.refuse(refusal{code: 2500, message: "Unknown path components: /" + edge})
	}
	if h.permission != "" && c.page.denied[h.permission] {
		return g.refuse(refusal{code: 10, message: "This endpoint requires the '" + h.permission + "' permission."})
	}
	return h.do(c)
}

// person finds the person that a recipient names.
func (g *Graph) person(p *Page, id string) (*Person, *refusal) {
	x := p.persons[id]
	if x == nil || x.state == PersonGone {
		return nil, &refusal{code: 100, subcode: 2018001, message: "No matching user found"}
	}
	return x, nil
}

type recipient struct {
	ID loose `json:"id"`
}

// minutes rounds a time up.
func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }
