package messenger

import (
	"strings"
	"unicode/utf8"
)

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
