package messenger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// SignatureHeader is the HTTP header that carries the signature of a webhook.
const SignatureHeader = "X-Hub-Signature-256"

const signaturePrefix = "sha256="

// Sign returns the value of [SignatureHeader] for a body: "sha256=" and 64 hex
// digits. Meta signs the bytes that are sent, so sign them as they will go out. Never
// return the result to whoever sent the body: it would sign for them.
func Sign(body []byte, secret Secret) string {
	return signaturePrefix + hex.EncodeToString(mac(body, secret.Reveal()))
}

// Verify reports whether header is the signature of body by one of the secrets.
// The body must be the bytes as received: JSON that was decoded and encoded
// again does not verify. An empty secret verifies nothing, so without a secret
// the answer is false. How long it takes does not tell which secret matched.
// Safe for concurrent use.
func Verify(body []byte, header string, secrets []Secret) bool {
	got, ok := parseSignature(header)
	if !ok {
		return false
	}
	matched := false
	for _, s := range secrets {
		same := hmac.Equal(got[:], mac(body, s.Reveal()))
		matched = matched || same && s != ""
	}
	return matched
}

// parseSignature reads the value of the header, strictly.
func parseSignature(header string) (sum [sha256.Size]byte, ok bool) {
	digits, ok := strings.CutPrefix(header, signaturePrefix)
	if !ok || len(digits) != hex.EncodedLen(len(sum)) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(digits))
	return sum, err == nil
}

// mac returns the HMAC-SHA256 of data.
func mac(data []byte, key string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(data)
	return h.Sum(nil)
}
