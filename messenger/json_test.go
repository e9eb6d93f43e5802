package messenger

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestJSONAgreesWithTheStandardLibrary is a table of texts that are just JSON, or just not.
func TestJSONAgreesWithTheStandardLibrary(t *testing.T) {
	for _, s := range []string{
		`0`, `-0`, `1.5e+10`, `1E-2`, `-`, `01`, `1.`, `.5`, `1e`, `1e+`, `+1`, `- 1`, `NaN`, `0x1`, `1 2`,
		`true`, `false`, `null`, `tru`, `truee`, `nul`, `True`, `"`, `"a`, `"a"`, `"\"`, `"\\"`, `"\u12"`, `"\u123g"`, `"\u12aF"`, `"\x"`, "\"\t\"", "\"\x7f\"", "\"\xff\"",
		`"\ud83d\ude42"`, `"\ud83d"`, `"\/"`, `"\b\f\n\r\t"`, `[]`, `[ ]`, `[1,]`, `[,1]`, `[1 2]`, `[1,2`, `[`, `]`, `{}`, `{ }`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`,
		`{"a":1 "b":2}`, `{a:1}`, `{"a":1}}`, `{"a":[{"b":null}]}`, ` { "a" : [ 1 , 2 ] } `, ``, ` `, "\u00a0{}", "\ufeff{}", `{"a":1`, `{"a"`, `{`, `{"a":tru}`, `[nul]`, `{"\u0061":1}`,
	} {
		if got, want := validJSON([]byte(s)), json.Valid([]byte(s)); got != want {
			t.Errorf("%q: valid %v, want %v", s, got, want)
		}
	}
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if !validJSON(deep(maxDepth)) || validJSON(deep(maxDepth+2)) {
		t.Error("the depth is not bounded as it should be")
	}
}

// TestJSONStrings proves that strings are read as the standard library reads them.
func TestJSONStrings(t *testing.T) {
	for _, s := range []string{
		`"plain"`, `""`, `"\u0160\u0165\/\"\\\b\f\n\r\t"`, `"\ud83d\ude42"`, `"\ud83d"`, `"\ude42x"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\ude42"`, `"ä🙂"`, "\"a\xffb\"", "\"\xe2\x82\"", `"\u0000"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(s), &want); err != nil {
			t.Fatal(err)
		}
		r := reader{b: []byte(s)}
		if got := r.text(); got != want || r.i != len(s) {
			t.Errorf("%s: %q at %d, want %q", s, got, r.i, want)
		}
		object := `{` + s + `:1,"z":2}`
		r = reader{b: []byte(object)}
		r.object()
		key, _ := r.field()
		if string(key) != want || r.number() != 1 {
			t.Errorf("%s: key %q", object, key)
		}
	}
}

// TestRecentForgetsTheOldest proves that it stays within its bound and keeps what is new,
// also when entries are dropped and put again.
func TestRecentForgetsTheOldest(t *testing.T) {
	r := recent[int, int]{max: 3}
	has := func(want ...int) {
		t.Helper()
		for k := range 10 {
			_, got := r.find(k)
			wanted := false
			for _, w := range want {
				wanted = wanted || w == k
			}
			if got != wanted {
				t.Errorf("has %d: %v", k, got)
			}
		}
		if len(r.order) > 3 {
			t.Errorf("%d places", len(r.order))
		}
	}
	for k := range 3 {
		r.put(k, k)
	}
	has(0, 1, 2)
	r.put(0, 7)
	r.put(3, 3)
	has(1, 2, 3)
	r.drop(2)
	has(1, 3)
	r.put(4, 4)
	r.put(5, 5)
	has(3, 4, 5)
	for k := range 100 { // dropped and put again, none may be forgotten early
		r.put(9, k)
		r.drop(9)
	}
	r.put(9, 1)
	r.put(8, 1) // takes a place that 9 had before
	if _, ok := r.find(9); !ok || len(r.of) > 3 {
		t.Errorf("%v", r.of)
	}
}
