package wire

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type level string

type twoSteps struct {
	Kind   string          `json:"kind"`
	Levels map[level]int   `json:"levels,omitempty"`
	Flags  map[string]bool `json:"flags,omitempty"`
	Body   Raw             `json:"body"`
}

func TestRawAndScalarMaps(t *testing.T) {
	r, err := NewRegistry(nil, twoSteps{})
	if err != nil {
		t.Fatal(err)
	}
	in := twoSteps{
		Kind: "k", Levels: map[level]int{"cs": 3, "en": -1, "": 0}, Flags: map[string]bool{"b": true, "a": false},
		Body: Raw(`{"x": [1,2 ,{}]}`),
	}
	got, err := r.Append(nil, in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"k","levels":{"":0,"cs":3,"en":-1},"flags":{"a":false,"b":true},"body":{"x": [1,2 ,{}]}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	var back twoSteps
	if err := r.Decode(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, back); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	if !json.Valid(got) {
		t.Error("not JSON")
	}
	for _, bad := range []string{`{"body":{]}`, `{"levels":{"a":"b"}}`, `{"levels":{"a":1.5}}`, `{"flags":{"a":1}}`, `{"body":`} {
		if err := r.Decode([]byte(bad), &back); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
