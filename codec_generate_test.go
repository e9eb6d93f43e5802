package switchboard

import (
	"flag"
	goformat "go/format"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/internal/wire"
)

var writeCode = flag.Bool("write-code", false, "write codec_events.go anew: make generate")

// TestGeneratedCodeIsUpToDate compares codec_events.go with what the events need,
// or writes it.
func TestGeneratedCodeIsUpToDate(t *testing.T) {
	const file = "codec_events.go"
	want, err := goformat.Source([]byte(wire.Generate(registry, "switchboard", "appendBody", ",", "}\n")))
	if err != nil {
		t.Fatal(err)
	}
	if *writeCode {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("an event has changed; run make generate (-want +got):\n%s", diff)
	}
}
