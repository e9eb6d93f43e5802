package messengertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// LogIn has the person log in to your app with Facebook: the app knows them by that id from
// then on, which is not the one of any page. The same id for persons of several pages says
// that they are the same human, whom messenger.Client.CustomersOf finds.
func (x *Person) LogIn(userID string) {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.users[userID], x) {
		g.users[userID] = append(g.users[userID], x)
	}
}

// DeletionAnswer is what your data deletion callback has answered.
type DeletionAnswer struct {
	Status int    // of HTTP
	URL    string // where a human sees how the deletion stands
	Code   string // the confirmation code
}

// RequestDeletion asks your app, at the callback's URL on a loopback address, to delete the
// data of a person, by a signed_request as Meta's. An answer that Meta would not take, such as
// one without a code, is an error.
func (g *Graph) RequestDeletion(callback, userID string) (DeletionAnswer, error) {
	status, body, err := g.signedRequest(callback, userID)
	if err != nil || status != http.StatusOK {
		return DeletionAnswer{Status: status}, err
	}
	var answer struct {
		URL  string `json:"url"`
		Code string `json:"confirmation_code"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Code == "" {
		return DeletionAnswer{Status: status}, fmt.Errorf("messengertest: the answer has no code: %q", body)
	}
	if u, err := url.Parse(answer.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		return DeletionAnswer{Status: status}, fmt.Errorf("messengertest: the answer has no https URL: %q", answer.URL)
	}
	return DeletionAnswer{Status: status, URL: answer.URL, Code: answer.Code}, nil
}

// Deauthorize tells your app, at the deauthorise callback's URL on a loopback address, that a
// person has removed it, and returns the status of the answer. What becomes of the tokens that
// the person gave is for [Page.SetToken] to say.
func (g *Graph) Deauthorize(callback, userID string) (int, error) {
	status, _, err := g.signedRequest(callback, userID)
	return status, err
}

// signedRequest posts a signed_request as a form.
func (g *Graph) signedRequest(callback, userID string) (int, []byte, error) {
	payload := encode(object{"algorithm": "HMAC-SHA256", "issued_at": g.now().Unix(), "user_id": userID})
	second := base64.RawURLEncoding.EncodeToString(payload)
	h := hmac.New(sha256.New, []byte(g.c.AppSecret.Reveal()))
	h.Write([]byte(second))
	form := url.Values{"signed_request": {base64.RawURLEncoding.EncodeToString(h.Sum(nil)) + "." + second}}
	r, err := http.NewRequestWithContext(g.ctx, http.MethodPost, callback, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := g.hooks.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	return resp.StatusCode, body, err
}

// matches answers GET {user}/ids_for_pages, which the app's own token may call.
func (g *Graph) matches(c *call) answer {
	if c.method != http.MethodGet || c.token != g.AppToken().Reveal() {
		return g.refuse(refusal{code: 190, message: "Invalid OAuth access token.", status: http.StatusUnauthorized})
	}
	proof, want := c.text("appsecret_proof"), g.proof(c.token)
	if proof == "" && g.c.RequireProof || proof != "" && !hmac.Equal([]byte(proof), []byte(want)) {
		return g.refuse(refusal{code: 100, class: "GraphMethodException", message: "Invalid appsecret_proof provided in the API argument"})
	}
	persons, known := g.users[c.path[0]]
	if !known {
		return g.refuse(absent(c.path[0]))
	}
	data := []object{}
	for _, x := range persons {
		if x.state != PersonGone {
			data = append(data, object{"id": x.id, "page": object{"id": x.page.id, "name": x.page.name}})
		}
	}
	return ok(object{"data": data})
}

func hmacHex(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}
