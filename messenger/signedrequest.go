package messenger

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// SignedRequest is what Meta says in a signed_request, by which it asks to delete a
// person's data or tells that a person removed the app.
type SignedRequest struct {
	// UserID names the person to the app. It is not the id of a customer of a page: it is
	// somebody who logged in to the app with Facebook, usually who connected a page.
	UserID string
	// IssuedAt is Meta's stamp; zero when it gave none.
	IssuedAt time.Time
}

// maxSignedRequest is the longest signed_request, in bytes. Meta's have a few hundred.
const maxSignedRequest = 16 << 10

// ParseSignedRequest checks and reads a signed_request. One that is too long, malformed, not
// signed by one of the secrets, or signed by another algorithm than HMAC-SHA256, is
// refused with an error that matches ErrSignedRequest and shows nothing of it. It has no
// expiry of its own: whether IssuedAt is too long ago is for the caller to judge.
func ParseSignedRequest(text string, secrets []Secret) (SignedRequest, error) {
	bad := func(why string) (SignedRequest, error) {
		return SignedRequest{}, fmt.Errorf("%w: %s", ErrSignedRequest, why)
	}
	if len(text) > maxSignedRequest {
		return bad("too long")
	}
	signature, payload, found := strings.Cut(text, ".")
	if !found || strings.Contains(payload, ".") {
		return bad("not two parts")
	}
	got, err := unpadded.DecodeString(signature)
	if err != nil || len(got) != 32 {
		return bad("no signature")
	}
	matched := false
	for _, s := range secrets {
		same := hmac.Equal(got, mac([]byte(payload), s.Reveal()))
		matched = matched || same && s != ""
	}
	if !matched {
		return bad("not signed by the app's secret")
	}
	body, err := unpadded.DecodeString(payload)
	if err != nil || !validJSON(body) {
		return bad("not JSON")
	}
	r := reader{b: body}
	var s SignedRequest
	algorithm := ""
	if !r.object() {
		return bad("not a JSON object")
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "algorithm":
			algorithm = r.text()
		case "issued_at":
			s.IssuedAt = r.time()
		case "user_id":
			s.UserID = r.text()
		default:
			r.skip()
		}
	}
	switch {
	case !strings.EqualFold(algorithm, "HMAC-SHA256"):
		return bad("another algorithm than HMAC-SHA256")
	case s.UserID == "" || len(s.UserID) > 128:
		return bad("no user")
	}
	return s, nil
}

var unpadded = base64.RawURLEncoding.Strict()
