package messenger

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is an app secret, an access token or a verify token. However it is
// printed, logged or marshalled, it shows as "[redacted]"; only [Secret.Reveal]
// gives the text. Reading it from JSON works as for any string. Two things defeat that: as
// the key of a map encoding/json writes it as it is, and in an unexported field of a struct
// that is printed package fmt cannot see its methods. Give such a struct a Format of its own.
type Secret string

// Reveal returns the text of the secret. Do not put it into an error, a log
// line or a URL.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb, those that print strings as hex
// included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]"; it never fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]" in quotes; it never fails.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns "[redacted]" for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// What has secrets inside is printed as what it is, for every verb: package fmt would show
// unexported fields as they are.

// Format writes "messenger.Client" for every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "messenger.Client") }

// Format writes "messenger.Webhook" for every verb.
func (w *Webhook) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "messenger.Webhook") }

// Format writes "messenger.Deletions" for every verb.
func (d *Deletions) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "messenger.Deletions") }

// Format implements fmt.Formatter.
func (c *callback) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "messenger callback") }
