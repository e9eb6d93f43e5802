package switchboard

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A part of any contents is the same after JSON, so an archive can keep it as
// that.
func TestPartAsJSON(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var want, got Part
		fill(r, reflect.ValueOf(&want).Elem(), 0)
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d (-want +got):\n%s\n%s", seed, d, text)
		}
	}
}
