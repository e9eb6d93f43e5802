package fold

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestString(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"already folded", "anna 7", "anna 7"},
		{"upper case", "ANNA", "anna"},
		{"Czech", "Růžička, Příliš žluťoučký kůň", "ruzicka, prilis zlutoucky kun"},
		{"Slovak", "Ľubomír Šťastný Kôň", "lubomir stastny kon"},
		{"Polish", "ZAŻÓŁĆ GĘŚLĄ JAŹŃ", "zazolc gesla jazn"},
		{"German", "Groß GROẞ Müller", "gross gross muller"},
		{"Danish", "Søren Ærø Ångström", "soren aero angstrom"},
		{"Croatian", "Đorđević", "dordevic"},
		{"French", "Œuvre façade L'Haÿ", "oeuvre facade l'hay"},
		{"Icelandic", "Þórður Guðmundsson", "thordur gudmundsson"},
		{"Turkish", "İstanbul ISPARTA ılık ğş", "istanbul isparta ilik gs"},
		{"Romanian", "Țară Șerban ţş", "tara serban ts"},
		{"Hungarian", "Erdős Tűz", "erdos tuz"},
		{"Maltese", "Ħal Għaxaq", "hal ghaxaq"},
		{"Vietnamese", "Nguyễn Thị Hương Đặng", "nguyen thi huong dang"},
		{"Hausa", "Ɓauchi ɗan Ƙasa Ƴan", "bauchi dan kasa yan"},
		{"digraphs", "ĲSSEL Ǆ ǅ ǆ ǈ ǌ", "ijssel dz dz dz lj nj"},
		{"Greek, final sigma", "Ὀδυσσεύς ΠΑΠΑΔΌΠΟΥΛΟΣ ΐ", "οδυσσευσ παπαδοπουλοσ ι"},
		{"Cyrillic", "Ёлкин Йошкар Їжак Ўзбек", "елкин иошкар іжак узбек"},
		{"Arabic", "أَحْمَد آمال", "احمد امال"},
		{"Hebrew points", "שָׁלוֹם", "שלום"},
		{"kana", "ガぱヴ", "カはウ"},
		{"Hindi vowel signs stay", "हिन्दी", "हिन्दी"},
		{"white space", "\t a\u00a0\u3000b \r\n c ", "a b c"},
		{"two spaces", "a  b", "a b"},
		{"leading space", " a", "a"},
		{"trailing space", "a ", "a"},
		{"only white space", " \t\n", ""},
		{"control characters that are no space stay", "a\x00b", "a\x00b"},
		{"invisible characters", "\ufeffan\u00adna\u200b\u202e", "anna"},
		{"mark alone", "\u0301", ""},
		{"mark between spaces", "a \u0301 b", "a b"},
		{"long s, Kelvin and Angstrom signs", "ſ\u212a\u212b", "ska"},
		{"invalid UTF-8", "a\xff", "a\ufffd"},
		{"emoji", "Ann 🙂", "ann 🙂"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, String(tt.in)); diff != "" {
				t.Errorf("String(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestDecomposedFoldsLikeComposed(t *testing.T) {
	tests := []struct{ composed, decomposed string }{
		{"Růžička", "Ru\u030az\u030cic\u030cka"},
		{"ễ", "e\u0302\u0303"},
		{"Ǿ", "Ø\u0301"},
		{"ǽ", "æ\u0301"},
		{"Ǯ", "Ʒ\u030c"},
		{"ΐ", "ι\u0308\u0301"},
		{"ᾷ", "α\u0342\u0345"},
		{"Й", "И\u0306"},
		{"ї", "і\u0308"},
		{"أ", "ا\u0654"},
		{"プ", "フ\u309a"},
		{"한가", "\u1112\u1161\u11ab\u1100\u1161"},
		{"힣", "\u1112\u1175\u11c2"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(String(tt.composed), String(tt.decomposed)); diff != "" {
			t.Errorf("%s composed and decomposed differ (-composed +decomposed):\n%s", tt.composed, diff)
		}
	}
}

// kept are the lower-case letters up to U+024F that fold to themselves, since
// no other letter is commonly typed for them: letters of their own in African
// and Turkic alphabets, phonetic and historic letters, tone letters and clicks.
const kept = "ƅƍƛƣƨƪƹƺƻƽƾƿǀǁǂǃǝȝɂɔəɛɣɩɯʀʃʊʌʒ"

func TestEveryLetterUpTo024FIsFoldedOrKeptOnPurpose(t *testing.T) {
	for r := rune(0xC0); r <= 0x24F; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		got := String(string(r))
		ascii := got != "" && strings.IndexFunc(got, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
		listed := strings.Contains(kept, got) && utf8.RuneCountInString(got) == 1
		if !ascii && !listed {
			t.Errorf("%c (%U) folds to %q, which is neither plain ASCII nor a letter kept on purpose", r, r, got)
		}
	}
	for _, r := range kept {
		if got := String(string(r)); got != string(r) {
			t.Errorf("%c (%U) is listed as kept but folds to %q", r, r, got)
		}
	}
}

func TestEveryRuneFoldsOnceAndIgnoresCase(t *testing.T) {
	for r := rune(0); r < 0x20000; r++ { // beyond are ideographs only
		s := string(r)
		once := String(s)
		if twice := String(once); twice != once {
			t.Errorf("%U folds to %q, then to %q", r, once, twice)
		}
		if unicode.IsUpper(r) {
			if lower := String(string(unicode.ToLower(r))); lower != once {
				t.Errorf("%U folds to %q, its lower case to %q", r, once, lower)
			}
		}
	}
}

func TestTableHoldsEachLetterOnceInLowerCase(t *testing.T) {
	seen := map[rune]bool{}
	check := func(letters string) {
		for _, r := range letters {
			if seen[r] {
				t.Errorf("%c (%U) is in the tables twice", r, r)
			}
			seen[r] = true
			if l := unicode.ToLower(unicode.ToUpper(r)); l != r {
				t.Errorf("%c (%U) can never be looked up: its case folds to %c", r, r, l)
			}
		}
	}
	for _, row := range byBase {
		check(row.letters)
	}
	for _, row := range oneToOne {
		check(row.from)
		if f, g := utf8.RuneCountInString(row.from), utf8.RuneCountInString(row.to); f != g {
			t.Errorf("row %s: %d letters fold to %d", row.from, f, g)
		}
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		text, query string
		want        bool
	}{
		{"Růžička", "ruzicka", true},
		{"Růžička", "RŮŽ", true},
		{"Růžička", "zick", true},
		{"Jiří Růžička", "ruz jiri", true},
		{"Jiří Růžička", "  ruz\tjiri ", true},
		{"Jiří Růžička", "ruz jana", false},
		{"Jiří Růžička", "jiriruz", false},
		{"Jiří Růžička", "", true},
		{"Jiří Růžička", " \u0301 ", true},
		{"", "", true},
		{"", "a", false},
		{"Straße", "strasse", true},
		{"Strasse", "straße", true},
	}
	for _, tt := range tests {
		if got := Match(String(tt.text), tt.query); got != tt.want {
			t.Errorf("Match(%q, %q) = %t, want %t", tt.text, tt.query, got, tt.want)
		}
	}
}

func TestFoldedASCIIIsNotCopied(t *testing.T) {
	s := strings.Repeat("billing support ", 8) + "end"
	if n := testing.AllocsPerRun(100, func() { Match(s, "support") }); n != 0 {
		t.Errorf("matching folded ASCII allocates %v times, want 0", n)
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "Růžička", " a  b ", "\xff\u0301", "ǅ한ガ", "İı"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := String(s)
		if twice := String(once); twice != once {
			t.Errorf("String(%q) = %q, folded again %q", s, once, twice)
		}
		if !utf8.ValidString(once) {
			t.Errorf("String(%q) = %q is not valid UTF-8", s, once)
		}
		if strings.TrimSpace(once) != once || strings.Contains(once, "  ") {
			t.Errorf("String(%q) = %q has loose white space", s, once)
		}
		if !Match(once, s) {
			t.Errorf("%q does not match itself", s)
		}
	})
}
