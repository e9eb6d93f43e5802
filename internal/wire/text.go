package wire

import (
	"math/bits"
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// plainByte marks the bytes that stand for themselves in a JSON string.
var plainByte = func() (plain [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// ones times a byte is that byte eight times.
const ones = 0x0101010101010101

// special sets the top bit of the first of eight bytes that does not stand for
// itself, the lowest byte being the first. Bits above that mean nothing; none is
// set when all eight are plain.
func special(x uint64) uint64 {
	// As long as nothing borrows from its neighbour, the top bits are: not ASCII;
	// below a space; a quote; a backslash.
	return (x | (x - ' '*ones) | ((x ^ '"'*ones) - ones) | ((x ^ '\\'*ones) - ones)) & (0x80 * ones)
}

// load8 and load4 return the bytes of s from i on; the compiler makes a single
// load of either.
func load8[S string | []byte](s S, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load4[S string | []byte](s S, i int) uint64 {
	s = s[i : i+4]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

// plainPrefix returns how many bytes at the beginning of s stand for themselves.
func plainPrefix[S string | []byte](s S) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if found := special(load8(s, i)); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	// The rest is looked at together with some of what was looked at already.
	switch n := len(s); {
	case i == n:
		return n
	case n >= 8:
		if special(load8(s, n-8)) == 0 {
			return n
		}
	case n >= 4:
		if special(load4(s, 0)|load4(s, n-4)<<32) == 0 {
			return n
		}
	}
	for i < len(s) && plainByte[s[i]] {
		i++
	}
	return i
}

// appendString appends s as a JSON string, as encoding/json does with HTML
// escaping off: bytes that are not UTF-8 become U+FFFD.
func appendString[S string | []byte](dst []byte, s S) []byte {
	return append(appendInner(append(dst, '"'), s), '"')
}

// appendInner is appendString without the quotes.
func appendInner[S string | []byte](dst []byte, s S) []byte {
	if i := plainPrefix(s); i < len(s) {
		return appendEscaped(dst, s, i)
	}
	return append(dst, s...)
}

// appendEscaped appends s, of which the first i bytes are plain.
func appendEscaped[S string | []byte](dst []byte, s S, i int) []byte {
	done := 0 // s[:done] was appended
	for i < len(s) {
		c := s[i]
		if plainByte[c] {
			i += plainPrefix(s[i:])
			continue
		}
		if 0xc2 <= c && c < 0xe0 && i+1 < len(s) && s[i+1]&0xc0 == 0x80 {
			i += 2 // most letters that are not ASCII
			continue
		}
		if c >= utf8.RuneSelf {
			// A conversion of four bytes stays on the stack.
			r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			switch {
			case r == utf8.RuneError && size == 1:
				dst = append(append(dst, s[done:i]...), `\ufffd`...)
				done = i + 1
			case r == '\u2028' || r == '\u2029':
				// JSON allows these, JavaScript did not always.
				dst = append(append(dst, s[done:i]...), `\u202`...)
				dst = append(dst, hex[r&0xf])
				done = i + size
			}
			i += size
			continue
		}
		dst = append(dst, s[done:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		i++
		done = i
	}
	return append(dst, s[done:]...)
}
