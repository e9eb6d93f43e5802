package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The types that the tests write and read.

type id string

// colour is an enum with all three text methods.
type colour uint8

var colours = []string{"none", "red", "blue & \"white\"", "zelená"}

var errColour = errors.New("no such colour")

func (c colour) AppendText(b []byte) ([]byte, error) {
	if int(c) >= len(colours) {
		return b, errColour
	}
	return append(b, colours[c]...), nil
}

func (c colour) MarshalText() ([]byte, error) { return c.AppendText(nil) }

func (c *colour) UnmarshalText(b []byte) error {
	for i, name := range colours {
		if name == string(b) {
			*c = colour(i)
			return nil
		}
	}
	return errColour
}

// number is an id written as text, without AppendText.
type number uint64

func (n number) MarshalText() ([]byte, error) {
	return []byte("n" + strconv.FormatUint(uint64(n), 36)), nil
}

func (n *number) UnmarshalText(b []byte) error {
	rest, ok := strings.CutPrefix(string(b), "n")
	v, err := strconv.ParseUint(rest, 36, 64)
	if !ok || err != nil {
		return errors.New("no number")
	}
	*n = number(v)
	return nil
}

// even is zero, for omitzero, whenever it is even.
type even int

func (e even) IsZero() bool { return e%2 == 0 }

// span is a text type of struct kind.
type span struct{ from, to uint8 }

func (s span) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d-%d", s.from, s.to), nil }

func (s *span) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%d-%d", &s.from, &s.to)
	return err
}

type scalars struct {
	String  string
	Named   id
	Bool    bool
	Int     int
	Int8    int8
	Int16   int16
	Int32   int32
	Int64   int64
	Uint    uint
	Uint8   uint8
	Uint16  uint16
	Uint32  uint32
	Uint64  uint64
	Float   float64
	For     time.Duration
	At      time.Time
	Colour  colour
	Number  number
	Span    span
	hidden  int
	Skipped int `json:"-"`
}

type tagged struct {
	String string            `json:"string,omitempty"`
	Bool   bool              `json:"bool,omitempty"`
	Int    int               `json:"int,omitempty"`
	Uint   uint32            `json:"u-n_t.1,omitzero"`
	Float  float64           `json:",omitempty"`
	For    time.Duration     `json:"for,omitzero"`
	At     time.Time         `json:"at,omitzero"`
	AtP    *time.Time        `json:"at_p,omitzero"`
	Colour colour            `json:"colour,omitempty"`
	Span   span              `json:"span,omitzero"`
	Empty  inner             `json:"empty,omitempty"`
	Zero   inner             `json:"zero,omitzero"`
	Even   even              `json:"even,omitzero"`
	EvenP  *even             `json:"even_p,omitempty,omitzero"`
	Ints   []int             `json:"ints,omitempty"`
	Blob   []byte            `json:"blob,omitzero"`
	Map    map[string]string `json:"map,omitempty"`
	Inner  *inner            `json:"inner,omitempty"`
}

type inner struct {
	Name string `json:"name"`
	N    int    `json:"n,omitempty"`
	Ok   bool   `json:"ok,omitempty"`
}

type blob []byte

type flag uint8

type containers struct {
	Strings []string
	IDs     []id
	Ints    []int64
	Blob    []byte
	Named   blob
	Flags   []flag
	Colours []colour
	Times   []time.Time
	Inners  []inner
	Ptrs    []*inner
	Nested  [][]string
	Map     map[string]string
	IDMap   map[id]string
	Maps    []map[string]id
	PInt    *int
	PString *id
	PTime   *time.Time
	PColour *colour
	Tagged  tagged
}

type Base struct {
	ID   id `json:"id"`
	Name string
}

type under struct {
	At time.Time `json:"at"`
	Base
	Depth int
}

type Label string

type embedding struct {
	First int
	under
	Label
	Name string // hides Base.Name
	Aged `json:"aged"`
	Last bool
}

type Aged struct{ Years int }

type tree struct {
	Value    string
	Children []tree `json:",omitempty"`
	Next     *tree  `json:",omitempty"`
}

type marker struct{}

// offered is the body that the benchmarks use.
type offered struct {
	Conversation string    `json:"conversation"`
	Agent        string    `json:"agent"`
	Queue        string    `json:"queue"`
	Priority     int       `json:"priority"`
	Attempt      int64     `json:"attempt"`
	Expires      time.Time `json:"expires"`
	Reason       colour    `json:"reason"`
	Contact      contact   `json:"contact"`
}

type contact struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Seen    int    `json:"seen"`
}

var samples = []any{
	scalars{}, tagged{}, containers{}, embedding{}, tree{}, marker{}, offered{},
}

func newRegistry(tb testing.TB) *Registry {
	tb.Helper()
	var kinds []Kind
	for _, s := range samples {
		kinds = append(kinds, Kind{Name: "test." + reflect.TypeOf(s).Name(), Zero: s})
	}
	r, err := NewRegistry(kinds, inner{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// fill gives v a random value that survives a round trip.
func fill(rng *rand.Rand, v reflect.Value, depth int) {
	if rng.IntN(5) == 0 {
		return // zero
	}
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Unix(firstSecond+rng.Int64N(endSecond-firstSecond), 0).UTC()
		if rng.IntN(2) == 0 {
			*p = p.Add(time.Duration(rng.IntN(1e9)))
		}
		if rng.IntN(2) == 0 {
			*p = p.Truncate(time.Millisecond)
		}
		return
	case *colour:
		*p = colour(rng.IntN(len(colours)))
		return
	case *span:
		*p = span{uint8(rng.Uint32()), uint8(rng.Uint32())}
		return
	case *even:
		*p = even(rng.IntN(3)) * 3 // 6 would be lost
		if p.IsZero() {
			*p = 0
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(randomString(rng))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(rng.Uint64()) >> rng.IntN(64))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(rng.Uint64() >> rng.IntN(64))
	case reflect.Float64:
		for f := math.NaN(); ; f = math.Float64frombits(rng.Uint64()) {
			if !math.IsNaN(f) && !math.IsInf(f, 0) {
				v.SetFloat(f)
				break
			}
		}
		if rng.IntN(2) == 0 {
			v.SetFloat(float64(rng.IntN(2000)-1000) / 8)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Tag.Get("json") != "-" && (f.IsExported() || f.Anonymous) {
				if f.Type == reflect.TypeFor[under]() {
					u := v.Field(i)
					for j := range u.NumField() {
						fill(rng, u.Field(j), depth+1)
					}
					u.Field(1).Field(1).SetString("") // hidden
					continue
				}
				fill(rng, v.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		if depth < 8 {
			v.Set(reflect.New(v.Type().Elem()))
			if e, ok := v.Interface().(*even); ok {
				*e = 1
				return
			}
			if at, ok := v.Interface().(*time.Time); ok {
				*at = time.Unix(1, 0).UTC() // a zero one is left out
			}
			fill(rng, v.Elem(), depth+1)
		}
	case reflect.Slice:
		n := rng.IntN(4)
		if depth > 8 || n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(rng, v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + rng.IntN(4) {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			k.SetString(randomString(rng))
			e.SetString(randomString(rng))
			v.SetMapIndex(k, e)
		}
	}
}

func randomString(rng *rand.Rand) string {
	alphabet := []rune("abcdefgABC 0123456789<>&/\\\"'\n\r\t\b\f\x00\x1f\x7fčřž\u2028\u2029\ufffd日本🙂")
	if rng.IntN(2) == 0 {
		alphabet = alphabet[:10]
	}
	var b strings.Builder
	for range rng.IntN(20) {
		b.WriteRune(alphabet[rng.IntN(len(alphabet))])
	}
	return b.String()
}

// standard encodes v with encoding/json.
func standard(tb testing.TB, v any) []byte {
	tb.Helper()
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		tb.Fatal(err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
