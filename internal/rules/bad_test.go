package rules

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestRulesFindWhatIsPlanted runs each rule on a tree in which it is broken on
// purpose. A want is the place of a finding and the part of its message that
// tells it from others.
func TestRulesFindWhatIsPlanted(t *testing.T) {
	// sure makes a rule that cannot fail to run look like one that can.
	sure := func(rule func(*tree) []finding) func(*tree) ([]finding, error) {
		return func(t *tree) ([]finding, error) { return rule(t), nil }
	}
	tests := []struct {
		name string // of the tree in testdata/bad
		rule func(*tree) ([]finding, error)
		want []string
	}{
		{"direction", sure(importDirection), []string{
			"agent/agent.go:4: package agent must not import routing",
			"agent/agent_test.go:5: nothing imports examples/desk",
			"board.go:6: package the root must not import messenger",
			"examples/desk/main.go:6: package examples/desk must not import internal/wire",
			"examples/desk/main.go:8: package examples/desk must not import switchboardtest",
			"messenger/messenger.go:7: package messenger must not import internal/floor",
			"routing/routing.go:9: package routing must not import switchboardtest",
			"stray/stray.go:2: package stray has no place",
			"switchboardtest/kit.go:6: package switchboardtest must not import examples/desk",
		}},
		{"pure", purity, []string{
			"agent/effects.go:5: a pure package must not import context",
			"agent/effects.go:6: a pure package must not import crypto/rand",
			"agent/effects.go:8: a pure package must not import log/slog",
			"agent/effects.go:9: a pure package must not import net/http",
			"agent/effects.go:10: a pure package must not import os",
			"agent/effects.go:11: a pure package must not import strings with a dot",
			"agent/effects.go:12: a pure package must not import sync/atomic",
			"agent/effects.go:15: a pure package must not import github.com/benbjohnson/clock",
			"agent/effects.go:21: a pure package must not use time.Now",
			"agent/effects.go:22: a pure package must not receive",
			"agent/effects.go:22: a pure package must not use time.After",
			"agent/effects.go:24: a pure package must not use time.Local",
			"agent/effects.go:25: a pure package must not use the zone of the machine",
			"agent/effects.go:26: a pure package must not use fmt.Println",
			"agent/effects.go:27: a pure package must not print",
			"internal/order/concurrent.go:4: a pure package must not use a channel",
			"internal/order/concurrent.go:5: a pure package must not start a goroutine",
			"internal/order/concurrent.go:6: a pure package must not send",
			"internal/order/concurrent.go:7: a pure package must not receive",
			"internal/order/concurrent.go:8: a pure package must not select",
			"routing/maps.go:14: the order of a map",
			"routing/maps.go:17: the order of a map",
			"routing/maps.go:28: the order of a map",
			"routing/maps.go:31: cannot tell whether this ranges over a map",
			"routing/maps.go:31: does not type-check",
			"routing/maps.go:34: the order of maps.Keys",
			"routing/reflected.go:7: the order of a reflected map",
		}},
		{"testing", sure(testingStaysInTests), []string{
			"board.go:5: testing is imported outside tests",
			"board.go:6: testing/fstest is imported outside tests",
			"board.go:8: github.com/google/go-cmp/cmp is imported outside tests",
		}},
		{"unused", sure(requirementsAreUsed), []string{
			"go.mod: github.com/benbjohnson/clock is required but",
			"go.mod: github.com/google/go-cmp is required but",
			"go.mod: golang.org/x/sync is required but",
		}},
		{"docs", sure(documented), []string{
			"board.go:1: package switchboard has no package comment",
			"board.go:3: Bare is exported without",
			"board.go:4: Silent is exported without",
			"board.go:8: A is exported without",
			"board.go:8: B is exported without",
			"board.go:10: Inner is exported without",
			"board.go:11: Deep is exported without",
			"board.go:15: Method is exported without",
			"board.go:25: Do is exported without",
			"board.go:37: Lone is exported without",
			"board.go:42: ErrSilent is exported without",
			"board.go:47: Grouped is exported without",
			"board.go:52: New is exported without",
			"examples/desk/main.go:1: package main has no package comment",
		}},
		{"words", func(t *tree) ([]finding, error) { return words(t.fsys, "bin") }, []string{
			"notes.md:2: holds ../" + "shared",
			"notes.md:2: holds /" + "work/",
			"sub/code.txt:1: holds test" + "ify",
		}},
		{"edges", func(t *tree) ([]finding, error) { return provenEdgeCases(t, 11) }, []string{
			"docs/edge-cases.md: E10 has no row",
			"docs/edge-cases.md: E11 has no row",
			"docs/edge-cases.md: E8 has no row",
			"docs/edge-cases.md: E9 has no row",
			"docs/edge-cases.md:7: E3: gives no reason",
			"docs/edge-cases.md:8: E4: no test is called TestE4",
			"docs/edge-cases.md:9: E5: testdata/gone.txt is neither a test nor a file",
			"docs/edge-cases.md:10: E6: \"\" is no proof",
			"docs/edge-cases.md:11: E7 does not say what happens",
			"docs/edge-cases.md:11: E7: \"TestE1\" is no proof",
			"docs/edge-cases.md:12: a row has 2 cells",
			"docs/edge-cases.md:13: \"E9b\" is no edge case",
			"docs/edge-cases.md:14: E1 has two rows",
			"docs/edge-cases.md:15: E12 is beyond E11",
			"docs/edge-cases.md:15: E12: no test is called TestHelper",
			"docs/edge-cases.md:15: E12: testdata is neither a test nor a file",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := tt.rule(planted(t, tt.name))
			if err != nil {
				t.Fatal(err)
			}
			diffFindings(t, tt.want, found)
		})
	}
}

// diffFindings compares findings with the beginnings of what they should say.
func diffFindings(t *testing.T, want []string, found []finding) {
	t.Helper()
	var got []string
	for i, f := range sorted(found) {
		s := f.String()
		if i < len(want) && strings.HasPrefix(s, want[i]) {
			s = want[i]
		}
		got = append(got, s)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestPlantedSyntaxErrorIsFound(t *testing.T) {
	r, err := load(fstest.MapFS{"agent/agent.go": {Data: []byte("package agent\n\nfunc {\n")}}, "example.com/m")
	if err != nil {
		t.Fatal(err)
	}
	diffFindings(t, []string{"agent/agent.go: does not parse, correct it: agent/agent.go:3:6"}, r.broken)
}

func TestNestedModulesAreKnown(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	r, err := load(fstest.MapFS{
		"go.mod":                       file("module example.com/m\n"),
		"storage/sqlite/go.mod":        file("module example.com/m/storage/sqlite\n"),
		"storage/sqlite/sub/sub.go":    file("package sub\n"),
		"storage/storagetest/suite.go": file("package storagetest\n"),
	}, "example.com/m")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, p := range r.pkgs {
		got[p.dir] = p.nested
	}
	want := map[string]bool{"storage/sqlite/sub": true, "storage/storagetest": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nested (-want +got):\n%s", diff)
	}
}

func TestEdgeCaseFileMustExist(t *testing.T) {
	if _, err := provenEdgeCases(planted(t, "docs"), 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error of a tree without %s = %v, want it to say that the file does not exist", edgeCaseFile, err)
	}
}

func TestExportedAPIListsEverything(t *testing.T) {
	lines, found, err := exportedAPI(planted(t, "api"))
	if err != nil {
		t.Fatal(err)
	}
	diffFindings(t, []string{"board.go:9: does not type-check"}, found)
	text, err := os.ReadFile(filepath.Join("testdata", "bad", "api", "want.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestModuleRulesFindWhatIsPlanted(t *testing.T) {
	const three = "require (\n" +
		"\tgithub.com/benbjohnson/clock v1.3.5\n\tgithub.com/google/go-cmp v0.7.0\n\tgolang.org/x/sync v0.22.0\n)\n"
	const head = "module example.com/m\n\ngo 1.25.0\n\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"as it should be", head + three, nil},
		{"a fourth", head + three + "\nrequire example.com/extra v1.0.0\n", []string{
			"go.mod:11: example.com/extra is required;",
		}},
		{"an indirect one", head + three + "\nrequire example.com/extra v1.0.0 // indirect\n", []string{
			"go.mod:11: example.com/extra is required;",
		}},
		{"one of the three indirect", head + strings.Replace(three, "v0.22.0", "v0.22.0 // indirect", 1), []string{
			"go.mod:8: golang.org/x/sync is required indirectly",
		}},
		{"one is missing", head + strings.Replace(three, "\tgolang.org/x/sync v0.22.0\n", "", 1), []string{
			"go.mod: golang.org/x/sync is not required",
		}},
		{"a go line too late", strings.Replace(head, "1.25.0", "1.26.0", 1) + three, []string{
			"go.mod:3: the go line is \"1.26.0\"",
		}},
		{"a requirement that needs a later go", head + strings.Replace(three, "v0.22.0", "v0.99.0", 1), []string{
			"go.mod:8: golang.org/x/sync v0.99.0 needs go 1.26.0",
		}},
		{"replace and toolchain", head + three + "\ntoolchain go1.26.8\n\nreplace golang.org/x/sync => ./sync\n", []string{
			"go.mod: replace, exclude and tool lines",
			"go.mod:11: a toolchain line",
		}},
	}
	goLine := func(_, version string) (string, error) {
		if version == "v0.99.0" {
			return "1.26.0", nil
		}
		return "1.25.0", nil
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := moduleRules("go.mod", tt.text, goLine)
			if err != nil {
				t.Fatal(err)
			}
			diffFindings(t, tt.want, found)
		})
	}
}

func TestReadmeRuleFindsWhatIsPlanted(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{
		"go.mod":   "module example.com/m\n\ngo 1.25.0\n",
		"go.sum":   "",
		"board.go": "// Package m is for this test.\npackage m\n\n// Open exists.\nfunc Open() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	block := func(code string) string { return "# Title\n\n```go\n" + code + "```\n" }
	program := func(imports, body string) string {
		return block("package main\n\nimport (\n" + imports + "\t\"example.com/m\"\n)\n\n" + body + "\n")
	}
	tests := []struct {
		name, markdown string
		want           string // part of the error, "" for none
	}{
		{"a program", program("", "func main() { m.Open() }"), ""},
		{"two programs", program("", "func main() { m.Open() }") + program("", "func main() { m.Open() }"), ""},
		{"a test", program("\t\"testing\"\n", "func TestM(t *testing.T) { m.Open() }"), ""},
		{"a name that is gone", program("", "func main() { m.Close() }"), "README.md:10: undefined: m.Close"},
		{"a test that does not compile", program("\t\"testing\"\n", "func TestM(t *testing.T) { m.Close() }"), "README.md:11: undefined: m.Close"},
		{"only a fragment", block("m.Open()\n"), "has no ```go block"},
		{"no Go at all", "# Title\n\n```sh\npackage x\n```\n", "has no ```go block"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := buildPrograms(t, "README.md", tt.markdown, root, "example.com/m")
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("error = %v, want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error = %v, want one that says %q", err, tt.want)
			}
		})
	}
}
