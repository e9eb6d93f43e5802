package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// scanner walks over JSON text and never leaves its bounds. Its methods report
// false, after noting the first problem in err, when the text is not JSON.
type scanner struct {
	data []byte
	pos  int
	text []byte // scratch for strings that need unescaping
	err  error
}

// fail notes that the byte at pos cannot be. Always false.
func (s *scanner) fail(reason string) bool {
	if s.err == nil {
		if s.pos >= len(s.data) {
			s.pos, reason = len(s.data), "unexpected end"
		}
		s.err = &SyntaxError{Offset: s.pos, Reason: reason}
	}
	return false
}

// peek skips white space and returns the next byte, or 0 at the end; a zero
// byte begins no JSON value either.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and c, if c is next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// want is take, where nothing else than c can be.
func (s *scanner) want(c byte) bool {
	return s.take(c) || s.fail("'"+string(rune(c))+"' wanted")
}

// more is for loops over the elements of an object or array up to its closing
// byte: it takes the comma before every element but the first.
func (s *scanner) more(closing byte, first bool) bool {
	if s.take(closing) {
		return false
	}
	return first || s.take(',') || s.fail("',' or '"+string(rune(closing))+"' wanted")
}

// word takes a literal such as null, of which the first byte was seen.
func (s *scanner) word(w string) bool {
	for i := range len(w) {
		if s.pos >= len(s.data) || s.data[s.pos] != w[i] {
			return s.fail("'" + w + "' wanted")
		}
		s.pos++
	}
	return true
}

// number takes a number and returns it with whether it is written as an
// integer, without fraction and exponent.
func (s *scanner) number() (text []byte, integer, ok bool) {
	start := s.pos
	integer = true
	if s.pos < len(s.data) && s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return nil, false, false
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		integer = false
		s.pos++
		if !s.digits() {
			return nil, false, false
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		integer = false
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return nil, false, false
		}
	}
	return s.data[start:s.pos], integer, true
}

// digits takes at least one digit.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start || s.fail("digit wanted")
}

// str takes a string and returns what it spells. The result is valid until the
// next call, and shares memory with the data.
func (s *scanner) str() ([]byte, bool) {
	if s.pos < len(s.data) && s.data[s.pos] == '"' {
		s.pos++ // want, but cheaper
	} else if !s.want('"') {
		return nil, false
	}
	start := s.pos
	ascii := true
	for i := start; i < len(s.data); i++ {
		c := s.data[i]
		if plainByte[c] {
			continue
		}
		if c >= utf8.RuneSelf {
			ascii = false
			continue
		}
		if c == '"' && (ascii || utf8.Valid(s.data[start:i])) {
			s.pos = i + 1
			return s.data[start:i:i], true
		}
		break
	}
	return s.unescape()
}

// unescape is str for a string with escapes, with bytes that are not UTF-8, or
// without an end. The opening quote was taken.
func (s *scanner) unescape() ([]byte, bool) {
	text := s.text[:0]
	defer func() { s.text = text }()
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		switch {
		case c == '"':
			s.pos++
			return text, true
		case c < 0x20:
			return nil, s.fail("control character in string")
		case c < utf8.RuneSelf && c != '\\':
			text = append(text, c)
			s.pos++
		case c != '\\':
			// Not UTF-8 gives U+FFFD of size 1.
			r, size := utf8.DecodeRune(s.data[s.pos:])
			text = utf8.AppendRune(text, r)
			s.pos += size
		default:
			s.pos++
			if s.pos >= len(s.data) {
				return nil, s.fail("")
			}
			switch c := s.data[s.pos]; c {
			case '"', '\\', '/':
				text = append(text, c)
			case 'b':
				text = append(text, '\b')
			case 'f':
				text = append(text, '\f')
			case 'n':
				text = append(text, '\n')
			case 'r':
				text = append(text, '\r')
			case 't':
				text = append(text, '\t')
			case 'u':
				r, ok := s.hex4(s.pos + 1)
				if !ok {
					return nil, false
				}
				s.pos += 4
				if utf16.IsSurrogate(r) {
					r = s.lowSurrogate(r)
				}
				text = utf8.AppendRune(text, r)
			default:
				return nil, s.fail("unknown escape")
			}
			s.pos++
		}
	}
	return nil, s.fail("")
}

// lowSurrogate completes a surrogate pair; s.pos is at the last byte of the
// escape of high. Without a partner it returns U+FFFD and takes nothing.
func (s *scanner) lowSurrogate(high rune) rune {
	const escape = 6 // \uXXXX
	if at := s.pos + 1; at+escape <= len(s.data) && s.data[at] == '\\' && s.data[at+1] == 'u' {
		low, ok := unhex4(s.data[at+2:])
		if r := utf16.DecodeRune(high, low); ok && r != utf8.RuneError {
			s.pos += escape
			return r
		}
	}
	return utf8.RuneError
}

// hex4 reads four hexadecimal digits at i without taking them.
func (s *scanner) hex4(i int) (rune, bool) {
	if r, ok := unhex4(s.data[i:]); ok {
		return r, true
	}
	for s.pos = i; s.pos < len(s.data) && isHex(s.data[s.pos]); s.pos++ {
	}
	return 0, s.fail("four hexadecimal digits wanted")
}

func isHex(c byte) bool {
	return c-'0' <= 9 || c|0x20-'a' <= 5
}

func unhex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	r := rune(0)
	for _, c := range b[:4] {
		switch {
		case !isHex(c):
			return 0, false
		case c <= '9':
			r = r<<4 | rune(c-'0')
		default:
			r = r<<4 | rune(c|0x20-'a'+10)
		}
	}
	return r, true
}

// skip takes any value, checking that it is JSON. depth counts the objects and
// arrays around it.
func (s *scanner) skip(depth int) bool {
	c := s.peek()
	switch {
	case c == '"':
		_, ok := s.str()
		return ok
	case c == 'n':
		return s.word("null")
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == '-' || c-'0' <= 9:
		_, _, ok := s.number()
		return ok
	case c == '{' || c == '[':
		if !s.deeper(depth) {
			return false
		}
		s.pos++
		for first := true; s.more(c+2, first); first = false {
			if c == '{' {
				if _, ok := s.str(); !ok || !s.want(':') {
					return false
				}
			}
			if !s.skip(depth + 1) {
				return false
			}
		}
		return s.err == nil
	}
	return s.fail("value wanted")
}

// deeper reports whether an object or array may begin inside depth others.
func (s *scanner) deeper(depth int) bool {
	return depth < maxDepth || s.fail(errDepth.Error())
}
