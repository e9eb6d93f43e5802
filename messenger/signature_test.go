package messenger_test

import (
	"strings"
	"testing"

	"github.com/switchboard-go/switchboard/messenger"
)

// The second test case of RFC 4231, whose key and data are text.
func TestSignKnownAnswer(t *testing.T) {
	got := messenger.Sign([]byte("what do ya want for nothing?"), "Jefe")
	want := "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// badSignatures are headers that must not pass for body, which secret signs.
func badSignatures(body []byte, secret messenger.Secret) map[string]string {
	good := messenger.Sign(body, secret)
	digits := strings.TrimPrefix(good, "sha256=")
	flipped := []byte(good)
	flipped[len(flipped)-1] ^= 1
	return map[string]string{
		"empty":             "",
		"prefix only":       "sha256=",
		"shorter than it":   "sha",
		"no prefix":         digits,
		"sha1":              "sha1=" + digits[:40],
		"sha1 with 64":      "sha1=" + digits,
		"upper prefix":      "SHA256=" + digits,
		"one digit short":   good[:len(good)-1],
		"one digit long":    good + "0",
		"one bit off":       string(flipped),
		"not hex":           "sha256=" + strings.Repeat("g", 64),
		"white space":       "sha256= " + digits[:63],
		"twice":             good + "," + good,
		"NULs":              "sha256=" + strings.Repeat("\x00", 64),
		"huge":              "sha256=" + strings.Repeat("a", 100_000),
		"other secret":      messenger.Sign(body, secret+"x"),
		"empty secret":      messenger.Sign(body, ""),
		"of other body":     messenger.Sign(append(body[:len(body):len(body)], ' '), secret),
		"of the empty body": messenger.Sign(nil, secret),
	}
}

func TestVerify(t *testing.T) {
	body := []byte(`{"text":"\u00e4\u00f6 \/ <"}`)
	for name, header := range badSignatures(body, "new") {
		if messenger.Verify(body, header, []messenger.Secret{"new", "old"}) {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, tc := range []struct {
		name    string
		signed  messenger.Secret
		secrets []messenger.Secret
		want    bool
	}{
		{"only secret", "a", []messenger.Secret{"a"}, true},
		{"first of two", "a", []messenger.Secret{"a", "b"}, true},
		{"last of three", "c", []messenger.Secret{"a", "b", "c"}, true},
		{"none configured", "a", nil, false},
		{"an empty one configured", "", []messenger.Secret{""}, false},
		{"an empty one among others", "", []messenger.Secret{"a", ""}, false},
	} {
		if got := messenger.Verify(body, messenger.Sign(body, tc.signed), tc.secrets); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}

// Meta signs what it sends, with non-ASCII characters escaped. Decoded and encoded
// again the same JSON is other bytes, and must not pass.
func TestVerifyIsOverRawBytes(t *testing.T) {
	escaped, plain := []byte(`{"text":"\u00e4"}`), []byte(`{"text":"ä"}`)
	secrets := []messenger.Secret{"s"}
	for _, body := range [][]byte{escaped, plain} {
		if !messenger.Verify(body, messenger.Sign(body, "s"), secrets) {
			t.Errorf("%s: refused", body)
		}
	}
	if messenger.Verify(plain, messenger.Sign(escaped, "s"), secrets) {
		t.Error("the signature of the escaped form passes for the other")
	}
}
