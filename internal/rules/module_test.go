package rules

import (
	"encoding/json"
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oldestGo is the older of the two Go releases that are supported, the latest
// two (1.25 and 1.26); go.mod asks for it and for no later one. When a new
// release comes out, raise it here and in every go.mod.
const oldestGo = "1.25.0"

// requirements are all that users get with the root module.
var requirements = []string{"github.com/benbjohnson/clock", "github.com/google/go-cmp", "golang.org/x/sync"}

// modFile is what go mod edit -json prints of a go.mod.
type modFile struct {
	Go        string
	Toolchain string
	Require   []struct {
		Path, Version string
		Indirect      bool
	}
	Replace, Exclude, Tool []json.RawMessage
}

// moduleRules judges the text of a go.mod. goLine returns the go line of a
// required module.
func moduleRules(name, text string, goLine func(path, version string) (string, error)) ([]finding, error) {
	dir, err := os.MkdirTemp("", "rules")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "go.mod")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	out, err := goCommand(dir, []string{"GOWORK=off"}, "mod", "edit", "-json", file)
	if err != nil {
		return nil, err
	}
	var mod modFile
	if err := json.Unmarshal([]byte(out), &mod); err != nil {
		return nil, err
	}

	var found []finding
	bad := func(near, format string, args ...any) {
		found = append(found, finding{name, lineOf(text, near), fmt.Sprintf(format, args...)})
	}
	if mod.Go != oldestGo {
		bad("go "+mod.Go, "the go line is %q; make it %s, the older of the two supported releases", mod.Go, oldestGo)
	}
	if mod.Toolchain != "" {
		bad("toolchain", "a toolchain line makes users download one; remove it")
	}
	if len(mod.Replace)+len(mod.Exclude)+len(mod.Tool) > 0 {
		bad("", "replace, exclude and tool lines do not reach users, so they get something else than we test; remove them")
	}
	missing := map[string]bool{}
	for _, r := range requirements {
		missing[r] = true
	}
	for _, r := range mod.Require {
		switch {
		case !missing[r.Path]:
			bad(r.Path, "%s is required; the root module requires %s only: do without it, or use it in a nested module",
				r.Path, strings.Join(requirements, ", "))
			continue
		case r.Indirect:
			bad(r.Path, "%s is required indirectly; import it or run go mod tidy", r.Path)
		}
		delete(missing, r.Path)
		needs, err := goLine(r.Path, r.Version)
		if err != nil {
			return nil, err
		}
		if version.Compare("go"+needs, "go"+mod.Go) > 0 {
			bad(r.Path, "%s %s needs go %s, later than our go %s; require an older version of it", r.Path, r.Version, needs, mod.Go)
		}
	}
	for _, r := range requirements {
		if missing[r] {
			bad("", "%s is not required; add it, or take it out of internal/rules/module_test.go", r)
		}
	}
	return found, nil
}

// lineOf returns the number of the first line of text that holds part.
func lineOf(text, part string) int {
	if part == "" {
		return 0
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.Contains(line, part) {
			return n
		}
	}
	return 0
}

// downloadedGoLine reads the go line of a module from the module cache.
func downloadedGoLine(path, version string) (string, error) {
	out, err := goCommand(repoRoot, []string{"GOWORK=off"}, "list", "-m", "-json", path+"@"+version)
	if err != nil {
		return "", err
	}
	var mod struct{ GoVersion string }
	if err := json.Unmarshal([]byte(out), &mod); err != nil {
		return "", err
	}
	if mod.GoVersion == "" {
		return "1.16", nil // what the go command takes for a module without a go line
	}
	return mod.GoVersion, nil
}

func TestRootModuleRequiresThreeModules(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repoRoot, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := moduleRules("go.mod", string(text), downloadedGoLine)
	if err != nil {
		t.Fatal(err)
	}
	report(t, found)
}
