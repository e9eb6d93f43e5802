package switchboard

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/internal/wire"
)

// memoised is the instant of the events below: that of their lines.
var memoised = time.Date(2026, time.March, 2, 9, 0, 0, 120, time.UTC)

// oddStrings have in them all that a string is looked at for.
var oddStrings = []string{
	"plain", "a longer plain string, of more than eight bytes", "\"", "\\", "ends with a quote\"", "\x00\x1f\b\f\n\r\t\x7f",
	"Dobrý den", "\xff", "cut off \xc3", "\xc0\xaf", "\u2028 and \u2029", "😀", "\xed\xa0\x80", "<&>", "eight by\xe9", "\ufffd",
}

var oddInstants = []time.Time{
	memoised, memoised.In(time.FixedZone("CET", 3600)), memoised.Add(time.Second), time.Unix(0, 0), {},
	time.Time{}.In(time.FixedZone("CET", 3600)), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
	time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Date(2024, 2, 29, 0, 0, 0, 1000000, time.UTC),
}

// fillAll fills every field, with maps if asked. next counts what was filled, so
// that all odd values come.
func fillAll(v reflect.Value, next *int, maps bool, instants []time.Time) {
	*next++
	if at, ok := v.Addr().Interface().(*time.Time); ok {
		*at = instants[*next%len(instants)]
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt([]int64{1, -1, 100, -128}[*next%4])
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint([]uint64{1, 2, 10, 255}[*next%4])
	case reflect.String:
		v.SetString(oddStrings[*next%len(oddStrings)])
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(v.Elem(), next, maps, instants)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillAll(v.Index(0), next, maps, instants)
		fillAll(v.Index(1), next, maps, instants)
	case reflect.Map:
		if !maps {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillAll(key, next, maps, instants)
			fillAll(elem, next, maps, instants)
			v.SetMapIndex(key, elem)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillAll(v.Field(i), next, maps, instants)
			}
		}
	}
}

// sameAsEncoder compares the generated code with the encoder, and reports whether
// the former wrote the body.
func sameAsEncoder(t *testing.T, enc *wire.Encoder, body any) bool {
	t.Helper()
	got, ok := appendBody(enc, []byte("kept"), body)
	want, err := enc.AppendTagged([]byte("kept,"), body)
	if err != nil && ok {
		t.Errorf("%+v: written, but for the encoder %v", body, err)
	}
	if err == nil && ok {
		if diff := cmp.Diff(string(want)+"}\n", string(got)); diff != "" {
			t.Errorf("%T (-want +got):\n%s", body, diff)
		}
	}
	return ok
}

func directEncoder() *wire.Encoder {
	enc := registry.NewEncoder()
	enc.AppendInstant(nil, memoised)
	return enc
}

// TestGeneratedCodeWritesAsTheEncoderDoes holds the generated code for each kind
// of event against the encoder.
func TestGeneratedCodeWritesAsTheEncoderDoes(t *testing.T) {
	enc := directEncoder()
	for _, k := range kinds {
		if !sameAsEncoder(t, enc, k.Zero) {
			t.Errorf("there is no code for the zero value of %s", k.Name)
		}
		v := reflect.New(reflect.TypeOf(k.Zero)).Elem()
		for next := range 200 {
			fillAll(v, &next, true, oddInstants)
			sameAsEncoder(t, enc, v.Interface())
		}
		// One field set, and all but one.
		for i := range v.NumField() {
			next, one, others := i, reflect.New(v.Type()).Elem(), reflect.New(v.Type()).Elem()
			fillAll(one.Field(i), &next, false, oddInstants)
			fillAll(others, &next, false, oddInstants)
			others.Field(i).SetZero()
			sameAsEncoder(t, enc, one.Interface())
			sameAsEncoder(t, enc, others.Interface())
		}
	}
}

// TestGeneratedCodeWritesRandomEvents does the same with random ones, in which
// fields are left out.
func TestGeneratedCodeWritesRandomEvents(t *testing.T) {
	r, enc := rand.New(rand.NewPCG(5, 6)), directEncoder()
	for _, k := range kinds {
		written := 0
		for range 300 {
			if sameAsEncoder(t, enc, randomEvent(r, k.Zero, 1).Body) {
				written++
			}
		}
		if written == 0 {
			t.Errorf("there is no code for %s", k.Name)
		}
	}
}

// TestGeneratedCodeRefusesAsTheEncoderDoes checks that what has no JSON gives the
// encoder's error, and leaves nothing.
func TestGeneratedCodeRefusesAsTheEncoderDoes(t *testing.T) {
	refused := 0
	for _, k := range kinds {
		v := reflect.New(reflect.TypeOf(k.Zero)).Elem()
		next := 0
		fillAll(v, &next, true, []time.Time{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)})
		_, want := registry.AppendBody(nil, v.Interface())
		got, err := newWriter().event([]byte("kept"), &floor.Event{Seq: 1, At: memoised, Body: v.Interface()})
		if want == nil {
			if err != nil {
				t.Errorf("%s: %v", k.Name, err)
			}
			continue
		}
		refused++
		if err == nil || err.Error() != want.Error() || string(got) != "kept" {
			t.Errorf("%s: got %q and %v, want %v", k.Name, got, err, want)
		}
	}
	if refused < 10 {
		t.Errorf("only %d kinds have an instant", refused)
	}
}

// TestWritingAllocatesNothing holds as long as there is room, but for shapes that
// are rare.
func TestWritingAllocatesNothing(t *testing.T) {
	w, buf := newWriter(), make([]byte, 0, 1<<16)
	for _, k := range kinds {
		v := reflect.New(reflect.TypeOf(k.Zero)).Elem()
		next := 0
		fillAll(v, &next, false, oddInstants[:3])
		e := floor.Event{Seq: 1 << 40, At: memoised, By: Actor{Role: 1, ID: "ann"}, Why: "why", Key: "key", Body: v.Interface()}
		if _, ok := appendBody(w.enc, buf, e.Body); !ok {
			continue
		}
		if got := testing.AllocsPerRun(10, func() { _, _ = w.event(buf, &e) }); got > 0 {
			t.Errorf("%s: %v allocations", k.Name, got)
		}
	}
}
