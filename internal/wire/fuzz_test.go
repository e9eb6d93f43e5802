package wire

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode proves that no data panics, that what can be read can be written
// and read again unchanged, and that only JSON can be read.
func FuzzDecode(f *testing.F) {
	r := newRegistry(f)
	rng := rand.New(rand.NewPCG(5, 5))
	for i, sample := range samples {
		for range 4 {
			v := reflect.New(reflect.TypeOf(sample)).Elem()
			fill(rng, v, 0)
			data, err := r.AppendBody(nil, v.Interface())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(i), data)
		}
	}
	f.Add(byte(0), []byte(`{"String":"\ud83d\ude42\u00","Int":1,"Int":-0,"At":"2024-01-01T00:00:00+01:00"}`))
	f.Add(byte(2), []byte(`{"Strings":[],"Strings":null,"x":[[[{"y":1e5}]]]} x`))
	enc, dec := r.NewEncoder(), r.NewDecoder()
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		kind := "test." + reflect.TypeOf(samples[int(which)%len(samples)]).Name()
		v, err := dec.DecodeBody(kind, data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("read %q, which is not JSON", data)
		}
		first, err := enc.AppendBody(nil, v)
		if err != nil {
			t.Fatalf("cannot write what was read from %q: %v", data, err)
		}
		if !json.Valid(first) {
			t.Fatalf("wrote %q, which is not JSON", first)
		}
		again, err := dec.DecodeBody(kind, first)
		if err != nil {
			t.Fatalf("cannot read %q: %v", first, err)
		}
		second, err := enc.AppendBody(nil, again)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("not stable (%v): %s", err, cmp.Diff(string(first), string(second)))
		}
	})
}
