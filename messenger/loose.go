package messenger

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Meta's types are loose: an id may be a string or a number, a time a number
// of seconds or of milliseconds, or a string of either. The types of this file
// read what makes sense and take anything else as absent, because one odd field
// must not cost the message it is in.

// text is a string or a number, kept as it is written.
type text string

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) == 0:
	case b[0] == '"':
		var s string
		if json.Unmarshal(b, &s) == nil {
			*t = text(s)
		}
	case b[0] == '-' || '0' <= b[0] && b[0] <= '9':
		*t = text(b)
	}
	return nil
}

// number is an integer, which may be written as a string or with an exponent.
type number int64

// UnmarshalJSON implements json.Unmarshaler; it never fails.
func (n *number) UnmarshalJSON(b []byte) error {
	var t text
	_ = t.UnmarshalJSON(b)
	*n = 0
	if i, err := strconv.ParseInt(string(t), 10, 64); err == nil {
		*n = number(i)
	} else if f, err := strconv.ParseFloat(string(t), 64); err == nil && -1e15 < f && f < 1e15 {
		*n = number(f)
	}
	return nil
}

const (
	// Below this a stamp counts seconds: as milliseconds it would lie in 1973.
	secondsBelow = 100_000_000_000
	// The end of the year 9999, in milliseconds: what JSON can express.
	lastMilli = 253_402_300_799_999
)

// time returns the instant of a stamp in seconds or milliseconds, or the zero
// time if there is none.
func (n number) time() time.Time {
	switch {
	case n <= 0 || n > lastMilli:
		return time.Time{}
	case n < secondsBelow:
		return time.Unix(int64(n), 0).UTC()
	}
	return time.UnixMilli(int64(n)).UTC()
}

// list is an array whose elements are read one by one, so that one that cannot
// be read costs no other.
type list []json.RawMessage

// decode reads what it can of a value that is known to be JSON: a field of
// another type than expected stays zero.
func decode(raw json.RawMessage, into any) { _ = json.Unmarshal(raw, into) }

// cut returns the longest beginning of s that has at most limit bytes and does not
// end within a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// pieces cuts s into strings of at most limit bytes, without loss.
func pieces(s string, limit int) []string {
	var out []string
	for s != "" {
		p := cut(s, limit)
		out, s = append(out, p), s[len(p):]
	}
	return out
}

// safeName reports whether s is made of letters, digits, hyphens, underscores and dots, and has
// 1 to limit of them.
func safeName(s string, limit int) bool {
	ok := s != "" && len(s) <= limit
	for i := 0; ok && i < len(s); i++ {
		c := s[i]
		ok = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.", c) >= 0
	}
	return ok
}
