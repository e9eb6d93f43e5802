package messenger

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is an app secret, an access token or a verify token. However it is
// printed, logged or marshalled, it shows as "[redacted]"; only [Secret.Reveal]
// gives the text. Reading it from JSON works as for any string. Do not make it the
// key of a map: encoding/json writes such keys as they are.
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
