package wire

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPlainPrefix has every byte at every place of strings of every length up to
// three loads.
func TestPlainPrefix(t *testing.T) {
	for n := range 25 {
		if got := plainPrefix(strings.Repeat("~", n)); got != n {
			t.Errorf("%d of %d plain bytes", got, n)
		}
		for i := range n {
			for c := range 256 {
				for _, around := range []string{" ", "#", "[", "\x7f", "\"", "\xff"} {
					s := []byte(strings.Repeat(around, n))
					s[i] = byte(c)
					want := 0
					for want < n && plainByte[s[want]] {
						want++
					}
					if got := plainPrefix(s); got != want {
						t.Fatalf("%q: %d, want %d", s, got, want)
					}
					if got := plainPrefix(string(s)); got != want {
						t.Fatalf("%q as a string: %d, want %d", s, got, want)
					}
				}
			}
		}
	}
}

// Tree contains itself; Hidden, Number and Deep have what no code is written for,
// Levels only now and then.
type (
	Tree   struct{ Nodes []Tree }
	Hidden struct{ Of offered }
	Number struct{ N float64 }
	Levels struct {
		Of  map[level]int `json:"of,omitempty"`
		Raw Raw           `json:"raw,omitempty"`
	}
	Plain1 struct{ Texts [][]string }
)

// TestGenerateLeavesOutWhatIsRare checks for which kinds there is code; what it
// writes is tested where it is used.
func TestGenerateLeavesOutWhatIsRare(t *testing.T) {
	r, err := NewRegistry([]Kind{{"tree", Tree{}}, {"hidden", Hidden{}}, {"number", Number{}}, {"levels", Levels{}}, {"plain", Plain1{}}})
	if err != nil {
		t.Fatal(err)
	}
	source := Generate(r, "p", "appendBody", "", "")
	if _, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0); err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	var cases []string
	for line := range strings.Lines(source) {
		if name, ok := strings.CutPrefix(line, "case "); ok {
			cases = append(cases, strings.TrimSpace(name))
		}
	}
	if diff := cmp.Diff([]string{"wire.Levels:", "wire.Plain1:"}, cases); diff != "" {
		t.Errorf("kinds with code (-want +got):\n%s\n%s", diff, source)
	}
}
