package wire

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var exportAll = cmp.Exporter(func(reflect.Type) bool { return true })

func TestAgreesWithEncodingJSON(t *testing.T) {
	r := newRegistry(t)
	enc, dec := r.NewEncoder(), r.NewDecoder()
	for _, sample := range samples {
		typ := reflect.TypeOf(sample)
		t.Run(typ.Name(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 11))
			for range 1500 {
				p := reflect.New(typ)
				fill(rng, p.Elem(), 0)
				v := p.Elem().Interface()
				kind, ok := r.Kind(v)
				if !ok || kind != "test."+typ.Name() {
					t.Fatalf("Kind is %q, %v", kind, ok)
				}

				want := standard(t, v)
				got, err := enc.AppendBody(nil, v)
				if err != nil {
					t.Fatalf("%+v: %v", v, err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Fatalf("written (-encoding/json +wire):\n%s", diff)
				}

				theirs := reflect.New(typ)
				if err := json.Unmarshal(got, theirs.Interface()); err != nil {
					t.Fatalf("encoding/json cannot read %s: %v", got, err)
				}
				ours, err := dec.DecodeBody(kind, got)
				if err != nil {
					t.Fatalf("cannot read %s: %v", got, err)
				}
				if diff := cmp.Diff(theirs.Elem().Interface(), ours, exportAll); diff != "" {
					t.Fatalf("read from %s (-encoding/json +wire):\n%s", got, diff)
				}
				if diff := cmp.Diff(v, ours, exportAll); diff != "" {
					t.Fatalf("round trip by %s (-want +got):\n%s", got, diff)
				}

				again := reflect.New(typ)
				if err := dec.Decode(got, again.Interface()); err != nil {
					t.Fatal(err)
				}
				byPointer, err := enc.Append([]byte("x"), again.Interface())
				if err != nil || string(byPointer) != "x"+string(got) {
					t.Fatalf("by pointer: %s, %v; want x%s", byPointer, err, got)
				}
			}
		})
	}
}

func TestReadsWhatEncodingJSONReads(t *testing.T) {
	r := newRegistry(t)
	for _, data := range []string{
		` { } `,
		"\t{\"String\" : \"a\" ,\r\n \"Int\" :\n1 } ",
		`{"unknown":[1,-2.5e+3,{"a":[true,false,null,"\u0041"]},{}],"Int":3,"other":{}}`,
		`{"Int":-0,"Float":-0.0,"Uint":0}`,
		`{"Float":1E+2,"Int8":-128,"Int64":-9223372036854775808,"Uint64":18446744073709551615}`,
		`{"String":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE42"}`,
		`{"String":"\ud83d","Named":"\ude42x"}`,
		`{"String":"\ud83d\ud83d\ude42","Named":"\ud83d\u0041","Bool":true}`,
		`{"String":"\ud83dx","Named":"\ud83d\n"}`,
		`{"\u0053tring":"escaped name"}`,
		"{\"String\":\"\xff\xc3(\xe2\x82\",\"Named\":\"\xed\xa0\x80\"}",
		`{"String":null,"Int":null,"At":null,"Colour":null,"Span":null}`,
		`{"Int":1,"Int":2,"String":"a","String":"b"}`,
		`{"Colour":"\u0072ed","Number":"nzz","Span":"3-4"}`,
		`{"At":"2024-02-29T23:59:59.000000001Z"}`,
		`{"At":"0000-01-01T00:00:00Z"}`,
		`{"At":"9999-12-31T23:59:59.999999999Z"}`,
	} {
		want := scalars{}
		if err := json.Unmarshal([]byte(data), &want); err != nil {
			t.Fatalf("%s: encoding/json: %v", data, err)
		}
		got, err := r.DecodeBody("test.scalars", []byte(data))
		if err != nil {
			t.Errorf("%s: %v", data, err)
		} else if diff := cmp.Diff(any(want), got, exportAll); diff != "" {
			t.Errorf("%s (-encoding/json +wire):\n%s", data, diff)
		}
	}
	for _, data := range []string{
		`{"Strings":[],"Ptrs":[null,{}],"Nested":[null,[],["a"]],"Map":{},"Maps":[null,{}]}`,
		`{"Map":{"a":"1","b":null,"a":"2"},"IDMap":{"\u0061":"x"}}`,
		`{"Blob":"","Named":"AAEC\r\n","Flags":"AQ=="}`,
		`{"PInt":5,"PString":"s","PColour":"red","PTime":"2024-01-01T00:00:00Z"}`,
		`{"PInt":null,"Map":null,"Blob":null,"Tagged":null,"Inners":[null,{"n":3}]}`,
	} {
		want := containers{}
		if err := json.Unmarshal([]byte(data), &want); err != nil {
			t.Fatalf("%s: encoding/json: %v", data, err)
		}
		got, err := r.DecodeBody("test.containers", []byte(data))
		if err != nil {
			t.Errorf("%s: %v", data, err)
		} else if diff := cmp.Diff(any(want), got, exportAll); diff != "" {
			t.Errorf("%s (-encoding/json +wire):\n%s", data, diff)
		}
	}
}

func TestStringsAreEscapedAsByEncodingJSON(t *testing.T) {
	check := func(s string) {
		t.Helper()
		if want, got := string(standard(t, s)), string(appendString(nil, s)); got != want {
			t.Fatalf("%q: %s, want %s", s, got, want)
		}
		if want, got := string(standard(t, s)), string(appendString(nil, []byte(s))); got != want {
			t.Fatalf("%q as bytes: %s, want %s", s, got, want)
		}
	}
	for c := range 256 {
		check(string([]byte{byte(c)}))
		check(string([]byte{'a', byte(c), 'b', byte(c)}))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		b := make([]byte, rng.IntN(12))
		for i := range b {
			b[i] = byte(rng.Uint32())
			if rng.IntN(3) == 0 {
				b[i] = 0xe2 - byte(rng.IntN(2))*0x62 // near U+2028
			}
		}
		check(string(b))
		check(randomString(rng))
	}
}

func TestFloatsAreWrittenAsByEncodingJSON(t *testing.T) {
	for _, f := range []float64{0, 1, -1, 0.1, 1e20, 1e21, -1e21, 1e-6, 9.99e-7, 1e-7, 1e-10, 1e100, 1e-100,
		5e-324, 1.7976931348623157e308, 123456789.125} {
		if want, got := string(standard(t, f)), string(appendFloat(nil, f)); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
}

func TestTimesAgreeWithPackageTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var last dayText // of another day nearly always
	check := func(at time.Time) {
		t.Helper()
		want := `"` + at.UTC().Format(time.RFC3339Nano) + `"`
		got, ok := appendTime(nil, at, &last)
		if !ok || string(got) != want {
			t.Fatalf("%v: wrote %s, %v; want %s", at, got, ok, want)
		}
		back, fast := parseUTC(got[1 : len(got)-1])
		if !fast || back != at.UTC().Round(0) {
			t.Fatalf("%s: read %v, %v", got, back, fast)
		}
	}
	// Every day of an era of the calendar, and of its ends.
	for day := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2402; day = day.AddDate(0, 0, 1) {
		check(day)
	}
	for i := range int64(800) {
		check(time.Unix(firstSecond+i*daySeconds, 0))
		check(time.Unix(endSecond-1-i*daySeconds, 999999999))
	}
	for range 20000 {
		check(time.Unix(firstSecond+rng.Int64N(endSecond-firstSecond), rng.Int64N(1e9)))
	}
	check(time.Time{})
	check(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	last = dayText{}
	check(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	check(time.Date(2024, 5, 6, 7, 8, 9, 120, time.FixedZone("", 5*3600)))
	for _, at := range []time.Time{time.Unix(firstSecond-1, 0), time.Unix(endSecond, 0)} {
		if got, ok := appendTime(nil, at, &last); ok {
			t.Errorf("%v: wrote %s", at, got)
		}
	}
}

func TestTimesAreReadAsStrictlyAsByEncodingJSON(t *testing.T) {
	for _, s := range []string{
		"2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z",
		"2024-04-31T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z",
		"2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00.1234567891Z",
		"2024-01-01T00:00:00.5x5Z", "2024-01-01t00:00:00Z", "2024-01-01T00:00:00z", "2024-01-01T0:00:00Z",
		"2024-01-01T00:00:00+02:00", "2024-01-01T00:00:00-24:00", "2024-01-01T00:00:00", "2024-01-01", "",
		"2O24-01-01T00:00:00Z", "2024-01-01 00:00:00Z", "+024-01-01T00:00:00Z",
	} {
		var want time.Time
		wantErr := json.Unmarshal([]byte(`"`+s+`"`), &want)
		got, err := parseTime([]byte(s))
		if (err != nil) != (wantErr != nil) {
			t.Errorf("%q: error %v, want %v", s, err, wantErr)
		} else if err == nil && got != want.UTC() {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
	for _, s := range []string{"0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"} {
		if got, err := parseTime([]byte(s)); err == nil {
			t.Errorf("%q: %v, which could not be written again", s, got)
		}
	}
}
