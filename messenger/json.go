package messenger

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// A webhook's body is checked once by [validJSON] and then read by a reader, which may
// therefore take for granted that the text is JSON. Reading never fails: a value of
// another type than expected counts as absent, because one odd field must not cost the
// message it is in.

// maxDepth is how deep arrays and objects may be nested. Meta's are less than 20.
const maxDepth = 128

// validJSON reports whether b is one JSON value, not nested deeper than maxDepth. Like
// encoding/json it lets bytes that are not UTF-8 pass in strings.
func validJSON(b []byte) bool {
	end := validValue(b, skipSpace(b, 0), 0)
	return end >= 0 && skipSpace(b, end) == len(b)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// validValue returns the index past the value that begins at i, or -1.
func validValue(b []byte, i, depth int) int {
	if i >= len(b) || depth > maxDepth {
		return -1
	}
	switch c := b[i]; {
	case c == '"':
		return validString(b, i)
	case c == '{':
		return validObject(b, i, depth)
	case c == '[':
		return validArray(b, i, depth)
	case c == '-' || '0' <= c && c <= '9':
		return validNumber(b, i)
	case c == 't':
		return validWord(b, i, "true")
	case c == 'f':
		return validWord(b, i, "false")
	case c == 'n':
		return validWord(b, i, "null")
	}
	return -1
}

func validObject(b []byte, i, depth int) int {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return -1
		}
		if i = validString(b, i); i < 0 {
			return -1
		}
		if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
			return -1
		}
		if i = validValue(b, skipSpace(b, i+1), depth+1); i < 0 {
			return -1
		}
		i = skipSpace(b, i)
		switch {
		case i >= len(b):
			return -1
		case b[i] == '}':
			return i + 1
		case b[i] != ',':
			return -1
		}
		i = skipSpace(b, i+1)
	}
}

func validArray(b []byte, i, depth int) int {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = validValue(b, i, depth+1); i < 0 {
			return -1
		}
		i = skipSpace(b, i)
		switch {
		case i >= len(b):
			return -1
		case b[i] == ']':
			return i + 1
		case b[i] != ',':
			return -1
		}
		i = skipSpace(b, i+1)
	}
}

func validString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			if i++; i >= len(b) {
				return -1
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if hex4(b, i+1) < 0 {
					return -1
				}
				i += 4
			default:
				return -1
			}
		}
	}
	return -1
}

// hex4 returns the number of four hex digits at i, or -1.
func hex4(b []byte, i int) rune {
	if i+4 > len(b) {
		return -1
	}
	var n rune
	for _, c := range b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			n = n<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			n = n<<4 | rune(c-'A'+10)
		default:
			return -1
		}
	}
	return n
}

func validNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return -1
	case b[i] == '0':
		i++
	default:
		if i = digits(b, i); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i] == '.' {
		if i = digits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return digits(b, i)
	}
	return i
}

// digits returns the index past one or more digits, or -1.
func digits(b []byte, i int) int {
	from := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

func validWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// reader reads valid JSON from front to back. Each method takes one whole value.
type reader struct {
	b []byte
	i int
}

// peek returns the first byte of the next value, without taking it.
func (r *reader) peek() byte {
	r.i = skipSpace(r.b, r.i)
	if r.i >= len(r.b) {
		return 0
	}
	return r.b[r.i]
}

// object enters an object, so that field can be called until it says that there is no
// more. Anything else is skipped.
func (r *reader) object() bool { return r.enter('{') }

// array enters an array, so that more can be called until it says that there is no more.
func (r *reader) array() bool { return r.enter('[') }

func (r *reader) enter(open byte) bool {
	if r.peek() != open {
		r.skip()
		return false
	}
	r.i++
	return true
}

// field takes the next key of an object; its value comes next. At the end it returns
// false.
func (r *reader) field() ([]byte, bool) {
	c := r.peek()
	if c == ',' {
		r.i++
		c = r.peek()
	}
	if c != '"' {
		r.i = min(r.i+1, len(r.b)) // the end of the object
		return nil, false
	}
	key, plain := r.rawString()
	if !plain {
		key = []byte(unquote(key))
	}
	r.peek()
	r.i++ // the colon
	return key, true
}

// more reports whether another element of the array follows.
func (r *reader) more() bool {
	c := r.peek()
	if c == ',' {
		r.i++
		c = r.peek()
	}
	if c == ']' || c == 0 {
		r.i = min(r.i+1, len(r.b))
		return false
	}
	return true
}

// rawString takes a string and returns what is between the quotes, and whether that
// is the text as it stands.
func (r *reader) rawString() (raw []byte, plain bool) {
	from := r.i + 1
	plain = true
	for i := from; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.i = i + 1
			raw = r.b[from:i]
			return raw, plain
		case c == '\\':
			plain = false
			i++
		case c >= utf8.RuneSelf:
			plain = false // it may not be UTF-8
		}
	}
	r.i = len(r.b)
	return nil, true
}

// unquote returns the text of what is between quotes. What is not a character becomes
// U+FFFD.
func unquote(raw []byte) string {
	var s strings.Builder
	s.Grow(len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '\\' && raw[i+1] == 'u':
			u := hex4(raw, i+2)
			i += 6
			if utf16.IsSurrogate(u) {
				low := rune(-1)
				if i+1 < len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low = hex4(raw, i+2)
				}
				if u = utf16.DecodeRune(u, low); u != utf8.RuneError {
					i += 6
				}
			}
			s.WriteRune(u)
		case c == '\\':
			s.WriteByte(escapes[raw[i+1]])
			i += 2
		case c < utf8.RuneSelf:
			s.WriteByte(c)
			i++
		default:
			u, n := utf8.DecodeRune(raw[i:])
			s.WriteRune(u)
			i += n
		}
	}
	return s.String()
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// skip takes any value and returns it as it stands.
func (r *reader) skip() []byte {
	c := r.peek()
	from := r.i
	switch c {
	case '"':
		r.rawString()
	case '{', '[':
		for depth := 0; r.i < len(r.b); {
			switch r.b[r.i] {
			case '"':
				r.rawString()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			r.i++
			if depth == 0 {
				break
			}
		}
	default:
		r.literal()
	}
	return r.b[from:r.i]
}

// literal takes a number or a word.
func (r *reader) literal() []byte {
	from := r.i
	for r.i < len(r.b) && strings.IndexByte(",]} \n\t\r", r.b[r.i]) < 0 {
		r.i++
	}
	return r.b[from:r.i]
}

// text takes a string, or a number as it is written: ids come as either. Anything else
// is "".
func (r *reader) text() string {
	switch c := r.peek(); {
	case c == '"':
		raw, plain := r.rawString()
		if plain {
			return string(raw)
		}
		return unquote(raw)
	case c == '-' || '0' <= c && c <= '9':
		return string(r.literal())
	}
	r.skip()
	return ""
}

// number takes an integer, which may be written as a string or with an exponent.
// Anything else is 0.
func (r *reader) number() int64 {
	var raw []byte
	switch c := r.peek(); {
	case c == '"':
		raw, _ = r.rawString()
	case c == '-' || '0' <= c && c <= '9':
		raw = r.literal()
	default:
		r.skip()
		return 0
	}
	if n, ok := smallInt(raw); ok {
		return n
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(string(raw), 64); err == nil && -1e15 < f && f < 1e15 {
		return int64(f)
	}
	return 0
}

// smallInt reads up to 18 digits, which is what nearly all numbers are.
func smallInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// flag takes a truth value. Anything but true is false.
func (r *reader) flag() bool { return string(r.skip()) == "true" }

// time takes a stamp in seconds or milliseconds. Without one it is the zero time.
func (r *reader) time() time.Time { return stampTime(r.number()) }

const (
	// Below this a stamp counts seconds: as milliseconds it would lie in 1973.
	secondsBelow = 100_000_000_000
	// The end of the year 9999, in milliseconds: what JSON can express.
	lastMilli = 253_402_300_799_999
)

func stampTime(n int64) time.Time {
	switch {
	case n <= 0 || n > lastMilli:
		return time.Time{}
	case n < secondsBelow:
		return time.Unix(n, 0).UTC()
	}
	return time.UnixMilli(n).UTC()
}
