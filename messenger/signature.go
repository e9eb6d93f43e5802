package messenger

import (
	"crypto/hmac"
	"crypto/sha1" // of old webhooks, by option alone
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
	return sum, ok && decodeHex(sum[:], digits)
}

// decodeHex fills sum with exactly as many hex digits, without an allocation.
func decodeHex(sum []byte, digits string) bool {
	if len(digits) != 2*len(sum) {
		return false
	}
	bad := byte(0)
	for i := range sum {
		high, low := nibbles[digits[2*i]], nibbles[digits[2*i+1]]
		bad |= high | low
		sum[i] = high<<4 | low&15
	}
	return bad&notHex == 0
}

const notHex = 0x80

// nibbles has the value of each hex digit, and notHex for any other byte.
var nibbles = func() (table [256]byte) {
	for i := range table {
		table[i] = notHex
	}
	for i, c := range []byte("0123456789abcdef") {
		table[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		table[c] = byte(i + 10)
	}
	return table
}()

// mac returns the HMAC-SHA256 of data.
func mac(data []byte, key string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(data)
	return h.Sum(nil)
}

// sha1Header and sha1Prefix are those of the old signature.
const (
	sha1Header = "X-Hub-Signature"
	sha1Prefix = "sha1="
)

func parseSHA1(header string) (sum [sha1.Size]byte, ok bool) {
	digits, ok := strings.CutPrefix(header, sha1Prefix)
	return sum, ok && decodeHex(sum[:], digits)
}

// verifySHA1 is Verify for the old signature.
func verifySHA1(body []byte, header string, secrets []Secret) bool {
	got, ok := parseSHA1(header)
	if !ok {
		return false
	}
	matched := false
	for _, s := range secrets {
		h := hmac.New(sha1.New, []byte(s.Reveal()))
		h.Write(body)
		same := hmac.Equal(got[:], h.Sum(nil))
		matched = matched || same && s != ""
	}
	return matched
}
