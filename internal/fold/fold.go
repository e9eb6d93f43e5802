// Package fold prepares text for searching, so that an agent who types
// "ruzicka" finds "Růžička".
//
// Fold the text once with [String], then ask [Match] for every query:
//
//	name := fold.String("Růžička, Jiří")
//	fold.Match(name, "jiri ruz") // true
//
// Both functions are pure and safe for concurrent use.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// table maps a lower-case letter to its folded form. It is only ever read
// after the package is initialised.
var table = build()

func build() map[rune]string {
	m := make(map[rune]string, 1024)
	for _, row := range byBase {
		for _, r := range row.letters {
			m[r] = row.base
		}
	}
	for _, row := range oneToOne {
		to := []rune(row.to)
		for i, r := range []rune(row.from) {
			m[r] = string(to[i])
		}
	}
	return m
}

// String returns s without what a searcher leaves out: case, diacritics (also
// strokes and hooks: ł becomes l), combining marks and invisible formatting
// characters. A letter that stands for two becomes two (ß becomes ss). White
// space at the ends is cut, and every other run of it becomes one space.
//
// The same text folds equally whether its letters came composed or decomposed,
// in Latin, Greek, Cyrillic, Arabic, Japanese kana and Korean; the vowel signs
// of the Indic scripts are letters in all but name and are kept.
// Invalid UTF-8 becomes U+FFFD. Folding twice changes nothing more.
//
// Text that is already folded ASCII is returned as it is, without allocation.
func String(s string) string {
	if plain(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	space := false // a space is due before the next visible character
	for _, r := range s {
		if r >= utf8.RuneSelf && dropped(r) {
			continue
		}
		if unicode.IsSpace(r) {
			space = len(b) > 0
			continue
		}
		if space {
			b = append(b, ' ')
			space = false
		}
		b = appendFolded(b, r)
	}
	return string(b)
}

// plain reports whether s is ASCII that folding would leave alone.
func plain(s string) bool {
	previous := byte(' ') // so that a leading space is refused like a doubled one
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf, 'A' <= c && c <= 'Z', '\t' <= c && c <= '\r':
			return false
		case c == ' ' && previous == ' ':
			return false
		}
		previous = c
	}
	return s == "" || previous != ' '
}

// dropped reports whether r vanishes: a mark that only modifies the letter
// before it, or a formatting character that nobody sees and that comes along
// when a name is pasted from another program.
func dropped(r rune) bool {
	switch {
	case r == 0xAD, // soft hyphen
		0x200B <= r && r <= 0x200F, // zero-width space and joiners, direction marks
		0x202A <= r && r <= 0x202E, // direction embeddings
		0x2060 <= r && r <= 0x2069, // word joiner, direction isolates
		r == 0xFEFF:                // byte order mark
		return true
	}
	// A mark of another script can be a vowel, and a word is nothing without
	// it; so marks go by script.
	return unicode.In(r, unicode.Mn, unicode.Me) &&
		unicode.In(r, unicode.Inherited, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic)
}

// Hangul syllables are composed by arithmetic: (lead*21 + vowel)*28 + trail.
const (
	hangulFirst, hangulLast = 0xAC00, 0xD7A3
	hangulLead              = 0x1100
	hangulVowel             = 0x1161
	hangulTrail             = 0x11A7 // one before the first: trail 0 is none
)

func appendFolded(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(b, byte(r))
	}
	if hangulFirst <= r && r <= hangulLast {
		r -= hangulFirst
		b = utf8.AppendRune(b, hangulLead+r/(21*28))
		b = utf8.AppendRune(b, hangulVowel+r/28%21)
		if trail := r % 28; trail > 0 {
			b = utf8.AppendRune(b, hangulTrail+trail)
		}
		return b
	}
	// By way of upper case, so that letters which differ only in lower case
	// (σ and ς, s and ſ, i and ı) become one.
	r = unicode.ToLower(unicode.ToUpper(r))
	if to, ok := table[r]; ok {
		return append(b, to...)
	}
	return utf8.AppendRune(b, r)
}

// Match reports whether every word of query occurs in folded, a text that
// [String] has returned. A word may occur anywhere, also inside another word,
// and the order of words does not matter: who remembers half a name must find
// it. The query itself need not be folded. A query without any word matches
// every text.
func Match(folded, query string) bool {
	for word := range strings.SplitSeq(String(query), " ") {
		if !strings.Contains(folded, word) {
			return false
		}
	}
	return true
}
