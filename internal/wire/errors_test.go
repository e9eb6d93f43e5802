package wire

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type ownJSON struct{}

func (ownJSON) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

type halfText struct{}

func (halfText) MarshalText() ([]byte, error) { return nil, nil }

type textKey string

func (k textKey) MarshalText() ([]byte, error)  { return []byte(k), nil }
func (k *textKey) UnmarshalText(b []byte) error { *k = textKey(b); return nil }

type secret struct{ a, b int }

type embedsPointer struct{ *Base }

type embedsTime struct {
	time.Time
	N int
}

type Extent struct{ Length int }

func (Extent) MarshalText() ([]byte, error)  { return nil, nil }
func (*Extent) UnmarshalText(b []byte) error { return nil }

type Interval struct{ Length int }

func (Interval) MarshalText() ([]byte, error)  { return nil, nil }
func (*Interval) UnmarshalText(b []byte) error { return nil }

// embedsTwoTexts is no text type itself: the methods of the two collide.
type embedsTwoTexts struct {
	Extent
	Interval
}

type twins struct {
	Base
	Other
}

type Other struct{ Name string }

func TestNewRegistryRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		zero any
		path string
		typ  reflect.Type
	}{
		{"nil", nil, "", nil},
		{"not a struct", 1, "", reflect.TypeFor[int]()},
		{"pointer", &inner{}, "", reflect.TypeFor[*inner]()},
		{"time", time.Time{}, "", reflect.TypeFor[time.Time]()},
		{"text type as body", span{}, "", reflect.TypeFor[span]()},
		{"array", struct{ A [2]int }{}, ".A", reflect.TypeFor[[2]int]()},
		{"interface", struct{ A any }{}, ".A", reflect.TypeFor[any]()},
		{"error", struct{ A []error }{}, ".A[]", reflect.TypeFor[error]()},
		{"func", struct{ A func() }{}, ".A", reflect.TypeFor[func()]()},
		{"chan", struct{ A chan int }{}, ".A", reflect.TypeFor[chan int]()},
		{"float32", struct{ A float32 }{}, ".A", reflect.TypeFor[float32]()},
		{"complex", struct{ A complex128 }{}, ".A", reflect.TypeFor[complex128]()},
		{"uintptr", struct{ A uintptr }{}, ".A", reflect.TypeFor[uintptr]()},
		{"map of slices", struct{ A map[string][]int }{}, ".A", reflect.TypeFor[map[string][]int]()},
		{"map by int", struct{ A map[int]string }{}, ".A", reflect.TypeFor[map[int]string]()},
		{"map by text", struct{ A map[textKey]string }{}, ".A", reflect.TypeFor[map[textKey]string]()},
		{"pointer to pointer", struct{ A **int }{}, ".A", reflect.TypeFor[**int]()},
		{"pointer to slice", struct{ A *[]int }{}, ".A", reflect.TypeFor[*[]int]()},
		{"pointer to map", struct{ A *map[string]string }{}, ".A", reflect.TypeFor[*map[string]string]()},
		{"own JSON", struct{ A ownJSON }{}, ".A", reflect.TypeFor[ownJSON]()},
		{"half a text type", struct{ A []*halfText }{}, ".A[]", reflect.TypeFor[halfText]()},
		{"deep", struct {
			A []struct{ B *struct{ C any } }
		}{}, ".A[].B.C", reflect.TypeFor[any]()},
		{"only unexported fields", struct{ A secret }{}, ".A", reflect.TypeFor[secret]()},
		{"embedded pointer", embedsPointer{}, "embedsPointer.Base", reflect.TypeFor[*Base]()},
		{"embedded time", embedsTime{}, "embedsTime", reflect.TypeFor[embedsTime]()},
		{"embedded text types", embedsTwoTexts{}, "embedsTwoTexts.Extent", reflect.TypeFor[Extent]()},
		{"same name twice", twins{}, "twins.Other.Name", reflect.TypeFor[twins]()},
		{"option string", struct {
			A int `json:",string"`
		}{}, ".A", reflect.TypeFor[int]()},
		{"name", struct {
			A int `json:"a b"`
		}{}, ".A", reflect.TypeFor[int]()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := NewRegistry([]Kind{{"k", tc.zero}})
			var te *TypeError
			if !errors.As(err, &te) || r != nil {
				t.Fatalf("error %v, want a *TypeError", err)
			}
			if te.Type != tc.typ || te.Field != tc.path || te.Reason == "" {
				t.Errorf("refused %v at %q (%s), want %v at %q", te.Type, te.Field, te.Reason, tc.typ, tc.path)
			}
		})
	}
}

func TestNewRegistryReportsAllProblems(t *testing.T) {
	_, err := NewRegistry([]Kind{
		{"a", inner{}}, {"a", offered{}}, {"", offered{}}, {"b", inner{}}, {"c", struct{ X any }{}},
	}, inner{}, 5)
	var ke *KindError
	if !errors.As(err, &ke) || ke.Kind != "a" {
		t.Fatalf("error %v, want a *KindError for a", err)
	}
	want := []string{
		`wire: kind "a": given twice`,
		`wire: kind "": a kind needs a name`,
		`wire: wire.inner: registered twice`,
		`wire: .X (interface {}): interfaces cannot be read back`,
		`wire: wire.inner: registered twice`,
		`wire: int: only structs can be registered`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeMalformed(t *testing.T) {
	r := newRegistry(t)
	for data, offset := range map[string]int{
		"":                                 0,
		"  ":                               2,
		"{":                                1,
		"{]":                               1,
		"{,}":                              1,
		`{"Int":1,}`:                       9,
		`{"Int":1 "Bool":true}`:            9,
		`{"Int" 1}`:                        7,
		`{"Int":}`:                         7,
		`{"Int":01}`:                       8,
		`{"Int":-}`:                        8,
		`{"Int":1.}`:                       9,
		`{"Float":1e}`:                     11,
		`{"Float":1e+}`:                    12,
		`{"Float":.5}`:                     9,
		`{"Int":+1}`:                       7,
		`{"Bool":tru}`:                     11,
		`{"Bool":nul`:                      11,
		`{"String":"a`:                     12,
		`{"String":"a\`:                    13,
		`{"String":"\x"}`:                  12,
		`{"String":"\u12g4"}`:              15,
		`{"String":"\u12`:                  15,
		"{\"String\":\"\n\"}":              11,
		"{\"String\":\"\u00e9\t\"}":        13,
		`{"x":[1,]}`:                       8,
		`{"x":[1 2]}`:                      8,
		`{"x":{"y"}}`:                      9,
		`{"x":{1:2}}`:                      6,
		`{"x":nope}`:                       6,
		`{"x":"`:                           6,
		`{} {}`:                            3,
		"{}\x00":                           2,
		"\x00":                             0,
		`{"Int":"` + "\x01":                8,
		strings.Repeat("[", 100):           32,
		`{"x":` + strings.Repeat("[", 100): 5 + 31,
	} {
		_, err := r.DecodeBody("test.scalars", []byte(data))
		var se *SyntaxError
		if !errors.As(err, &se) || se.Offset != offset || se.Reason == "" {
			t.Errorf("%q: error %v, want a *SyntaxError at %d", data, err, offset)
		}
	}
}

func TestDecodeMismatch(t *testing.T) {
	r := newRegistry(t)
	for _, tc := range []struct {
		kind, data string
		offset     int
		typ        reflect.Type
	}{
		{"scalars", ` null`, 1, reflect.TypeFor[scalars]()},
		{"scalars", `[{}]`, 0, reflect.TypeFor[scalars]()},
		{"scalars", `{"String":1}`, 10, reflect.TypeFor[string]()},
		{"scalars", `{"Named":{}}`, 9, reflect.TypeFor[id]()},
		{"scalars", `{"Bool":0}`, 8, reflect.TypeFor[bool]()},
		{"scalars", `{"Int":"1"}`, 7, reflect.TypeFor[int]()},
		{"scalars", `{"Int": 1.0}`, 8, reflect.TypeFor[int]()},
		{"scalars", `{"Int":1e2}`, 7, reflect.TypeFor[int]()},
		{"scalars", `{"Int8":128}`, 8, reflect.TypeFor[int8]()},
		{"scalars", `{"Int8":-129}`, 8, reflect.TypeFor[int8]()},
		{"scalars", `{"Int64":9223372036854775808}`, 9, reflect.TypeFor[int64]()},
		{"scalars", `{"Int64":-9223372036854775809}`, 9, reflect.TypeFor[int64]()},
		{"scalars", `{"Uint8":256}`, 9, reflect.TypeFor[uint8]()},
		{"scalars", `{"Uint":-1}`, 8, reflect.TypeFor[uint]()},
		{"scalars", `{"Uint64":18446744073709551616}`, 10, reflect.TypeFor[uint64]()},
		{"scalars", `{"Uint64":99999999999999999999999}`, 10, reflect.TypeFor[uint64]()},
		{"scalars", `{"Float":1e999}`, 9, reflect.TypeFor[float64]()},
		{"scalars", `{"At":"yesterday"}`, 6, reflect.TypeFor[time.Time]()},
		{"scalars", `{"At":7}`, 6, reflect.TypeFor[time.Time]()},
		{"scalars", `{"Colour":"mauve"}`, 10, reflect.TypeFor[colour]()},
		{"scalars", `{"Colour":1}`, 10, reflect.TypeFor[colour]()},
		{"containers", `{"Blob":"*"}`, 8, reflect.TypeFor[[]byte]()},
		{"containers", `{"Blob":[1]}`, 8, reflect.TypeFor[[]byte]()},
		{"containers", `{"Strings":{}}`, 11, reflect.TypeFor[[]string]()},
		{"containers", `{"Strings":["a",1]}`, 16, reflect.TypeFor[string]()},
		{"containers", `{"Map":[]}`, 7, reflect.TypeFor[map[string]string]()},
		{"containers", `{"Map":{"a":1}}`, 12, reflect.TypeFor[map[string]string]()},
		{"containers", `{"Tagged":3}`, 10, reflect.TypeFor[tagged]()},
	} {
		got, err := r.DecodeBody("test."+tc.kind, []byte(tc.data))
		var ve *ValueError
		if !errors.As(err, &ve) || ve.Offset != tc.offset || ve.Type != tc.typ || got != nil {
			t.Errorf("%s: %v, error %v, want a *ValueError for %v at %d", tc.data, got, err, tc.typ, tc.offset)
		}
	}
	_, err := r.DecodeBody("test.scalars", []byte(`{"Colour":"mauve"}`))
	if !errors.Is(err, errColour) {
		t.Errorf("error %v does not wrap the one of UnmarshalText", err)
	}
}

func TestDecodeErrorLeavesTargetAndDecoderClean(t *testing.T) {
	r := newRegistry(t)
	dec := r.NewDecoder()
	got := inner{Name: "before", N: 7}
	if err := dec.Decode([]byte(`{"name":"after","n":"x"}`), &got); err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(inner{Name: "before", N: 7}, got); diff != "" {
		t.Errorf("after an error (-want +got):\n%s", diff)
	}
	if err := dec.Decode([]byte(`{"ok":true}`), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(inner{Ok: true}, got); diff != "" {
		t.Errorf("the next read (-want +got):\n%s", diff)
	}
}

func TestDecodeDuplicateNameLastWinsWhole(t *testing.T) {
	r := newRegistry(t)
	got, err := r.DecodeBody("test.containers", []byte(
		`{"Tagged":{"int":1,"ints":[1,2,3]},"Strings":["a","b"],"Map":{"a":"1"},"IDMap":{"a":"1"},"Inners":[{"name":"a","n":1}],
		"Tagged":{"string":"s","ints":[4],"ints":[5]},"Strings":[null],"Map":{"b":"2"},"IDMap":{},"Inners":[{"ok":true}]}`))
	want := containers{
		Tagged: tagged{String: "s", Ints: []int{5}}, Strings: []string{""},
		Map: map[string]string{"b": "2"}, IDMap: map[id]string{}, Inners: []inner{{Ok: true}},
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(want), got, exportAll); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodedValuesShareNoMemory(t *testing.T) {
	r := newRegistry(t)
	dec := r.NewDecoder()
	data := []byte(`{"Strings":["abc"],"Blob":"AAAA","Map":{"k":"v"},"PString":"p"}`)
	first, err := dec.DecodeBody("test.containers", data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.DecodeBody("test.containers", data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if _, err := dec.DecodeBody("test.containers", []byte(`{"Strings":["x"],"Blob":"////","Map":{"k":"w"},"PString":"q"}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, first, exportAll); diff != "" {
		t.Errorf("changed after it was returned (-want +got):\n%s", diff)
	}
}

func TestScratchKeepsNothingAlive(t *testing.T) {
	r := newRegistry(t)
	enc, dec := r.NewEncoder(), r.NewDecoder()
	data, err := enc.AppendBody(nil, sampleOffered())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dec.DecodeBody("test.offered", data); err != nil {
		t.Fatal(err)
	}
	if _, err := dec.DecodeBody("test.offered", data[:len(data)-1]); err == nil {
		t.Fatal("no error for data cut short")
	}
	for name, s := range map[string]scratch{"encoder": enc.scratch, "decoder": dec.scratch} {
		for _, p := range s.places {
			if p.v.IsValid() && !p.v.IsZero() {
				t.Errorf("the %s still holds %+v", name, p.v)
			}
		}
	}
}

func TestUnknownKindAndType(t *testing.T) {
	r := newRegistry(t)
	var ke *UnknownKindError
	if _, err := r.DecodeBody("test.new", []byte("{}")); !errors.As(err, &ke) || ke.Kind != "test.new" {
		t.Errorf("error %v, want an *UnknownKindError", err)
	}
	for _, v := range []any{nil, 1, secret{1, 2}, &offered{}, inner{}} {
		var te *TypeError
		if out, err := r.AppendBody([]byte("x"), v); !errors.As(err, &te) || string(out) != "x" {
			t.Errorf("AppendBody(%T): %q, error %v, want a *TypeError", v, out, err)
		}
		if kind, ok := r.Kind(v); ok || kind != "" {
			t.Errorf("Kind(%T) is %q", v, kind)
		}
	}
	for _, v := range []any{nil, 1, secret{}, &secret{}} {
		var te *TypeError
		if out, err := r.Append([]byte("x"), v); !errors.As(err, &te) || string(out) != "x" {
			t.Errorf("Append(%T): %q, error %v, want a *TypeError", v, out, err)
		}
	}
	for _, p := range []any{nil, 1, inner{}, &secret{}, (*inner)(nil)} {
		var te *TypeError
		if err := r.Decode([]byte("{}"), p); !errors.As(err, &te) {
			t.Errorf("Decode(%T): error %v, want a *TypeError", p, err)
		}
	}
	var ve *ValueError
	if _, err := r.Append(nil, (*inner)(nil)); !errors.As(err, &ve) {
		t.Errorf("Append of a nil pointer: error %v, want a *ValueError", err)
	}
}

func TestEncodeRefusesWhatHasNoJSON(t *testing.T) {
	r := newRegistry(t)
	enc := r.NewEncoder()
	loop := tree{}
	loop.Next = &loop
	for _, tc := range []struct {
		v   any
		typ reflect.Type
	}{
		{scalars{Float: math.NaN()}, reflect.TypeFor[float64]()},
		{scalars{Float: math.Inf(-1)}, reflect.TypeFor[float64]()},
		{scalars{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, reflect.TypeFor[time.Time]()},
		{scalars{At: time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC)}, reflect.TypeFor[time.Time]()},
		{scalars{Colour: 200}, reflect.TypeFor[colour]()},
		{containers{Colours: []colour{0, 200}}, reflect.TypeFor[colour]()},
		{loop, reflect.TypeFor[tree]()},
	} {
		out, err := enc.AppendBody([]byte("kept"), tc.v)
		var ve *ValueError
		if !errors.As(err, &ve) || ve.Type != tc.typ || ve.Offset != -1 || string(out) != "kept" {
			t.Errorf("%T: %q, error %v, want a *ValueError for %v", tc.v, out, err, tc.typ)
		}
	}
	if out, err := enc.AppendBody(nil, marker{}); err != nil || string(out) != "{}" {
		t.Errorf("the next write: %q, %v", out, err)
	}
}

func TestDepthIsBoundedBothWays(t *testing.T) {
	r := newRegistry(t)
	chain := func(n int) tree {
		v := tree{Value: "leaf"}
		for range n - 1 {
			inner := v
			v = tree{Next: &inner}
		}
		return v
	}
	data, err := r.AppendBody(nil, chain(maxDepth))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.DecodeBody("test.tree", data)
	if diff := cmp.Diff(any(chain(maxDepth)), got); diff != "" || err != nil {
		t.Errorf("at the limit: %v (-want +got):\n%s", err, diff)
	}
	if _, err := r.AppendBody(nil, chain(maxDepth+1)); !errors.Is(err, errDepth) {
		t.Errorf("written past the limit: error %v", err)
	}
	deeper := append(append([]byte(`{"Next":`), data...), '}')
	var se *SyntaxError
	if _, err := r.DecodeBody("test.tree", deeper); !errors.As(err, &se) {
		t.Errorf("read past the limit: error %v, want a *SyntaxError", err)
	}
}

func TestUnexportedAndSkippedFieldsAreNotWritten(t *testing.T) {
	r := newRegistry(t)
	full, err := r.AppendBody(nil, scalars{hidden: 1, Skipped: 2})
	if err != nil {
		t.Fatal(err)
	}
	if want := standard(t, scalars{}); string(full) != string(want) {
		t.Errorf("wrote %s, want %s", full, want)
	}
	got, err := r.DecodeBody("test.scalars", []byte(`{"hidden":1,"Skipped":2}`))
	if diff := cmp.Diff(any(scalars{}), got, exportAll); diff != "" || err != nil {
		t.Errorf("read, error %v (-want +got):\n%s", err, diff)
	}
}

func TestZeroTimeIsLeftOutUnderOmitempty(t *testing.T) {
	type body struct {
		At time.Time `json:"at,omitempty"`
	}
	r, err := NewRegistry(nil, body{})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := r.Append(nil, body{}); err != nil || string(out) != "{}" {
		t.Errorf("zero: %s, %v", out, err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	if out, err := r.Append(nil, body{At: at}); err != nil || string(out) != `{"at":"2026-01-02T02:04:05Z"}` {
		t.Errorf("in a zone: %s, %v", out, err)
	}
}

func TestEncoderAllocatesNothing(t *testing.T) {
	r := newRegistry(t)
	enc := r.NewEncoder()
	var bodies []any
	bodies = append(bodies, sampleOffered(), tagged{
		String: "s\n\u00e9", Map: map[string]string{"b": "1", "a": "2"}, At: time.Unix(5, 5),
		Blob: []byte("blob"), Inner: &inner{Name: "n"}, Ints: []int{1, 2, 3}, Colour: 2,
	})
	buf := make([]byte, 0, 4096)
	for _, body := range bodies {
		var err error
		if n := testing.AllocsPerRun(100, func() {
			if _, e := enc.AppendBody(buf, body); e != nil {
				err = e
			}
		}); n != 0 || err != nil {
			t.Errorf("%T: %v allocations, want 0; error %v", body, n, err)
		}
	}
	header := inner{Name: "header", N: 3}
	if n := testing.AllocsPerRun(100, func() { _, _ = enc.Append(buf, &header) }); n != 0 {
		t.Errorf("by pointer: %v allocations, want 0", n)
	}
}
