package rules

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// domain are the pure packages that users may use alone.
var domain = []string{"agent", "conversation", "routing", "wrapup"}

// allowedImports says which of our packages a package may import, tests aside.
// Arrows point inward only. "" is the root package. A package that is not here
// has no place yet: add it, or it fails.
var allowedImports = map[string][]string{
	"internal/fold":                {},
	"internal/order":               {},
	"internal/wire":                {},
	"internal/rules":               {},
	"wrapup":                       {"internal/fold"},
	"agent":                        {"wrapup"},
	"conversation":                 {"agent", "wrapup"},
	"routing":                      {"conversation", "agent", "wrapup", "internal/fold", "internal/order"},
	"internal/walktest":            {"", "agent", "conversation", "routing", "wrapup", "internal/floor"},
	"internal/walktest/lineartest": {"agent", "conversation"},
	"internal/floor":               {"agent", "conversation", "routing", "wrapup", "internal/order", "internal/wire"},
}

// mayImport reports whether the code of package from may import package to.
// known is false for a package that has no place in the order yet.
func mayImport(from, to string) (ok, known bool) {
	if to == "examples" || strings.HasPrefix(to, "examples/") || to == "internal/rules" {
		return false, true
	}
	if isTestKit(to) {
		return isTestKit(from) || under(from, "examples") && to != "switchboardtest", true
	}
	if allowed, found := allowedImports[from]; found {
		return slices.Contains(allowed, to), true
	}
	domainOrRoot := to == "" || slices.Contains(domain, to)
	switch {
	case from == "":
		return slices.Contains(domain, to) || strings.HasPrefix(to, "internal/"), true
	case under(from, "messenger"):
		return domainOrRoot || under(to, "messenger"), true
	case under(from, "storage"):
		return domainOrRoot || under(to, "storage"), true
	case from == "switchboardtest":
		return domainOrRoot, true
	case under(from, "examples"):
		return !under(to, "internal") && !strings.Contains(to, "/internal"), true
	}
	return false, false
}

// isTestKit reports whether dir is a package for tests: switchboardtest,
// messenger/messengertest and their like.
func isTestKit(dir string) bool { return strings.HasSuffix(dir, "test") }

func importDirection(t *tree) []finding {
	var found []finding
	for _, p := range t.pkgs {
		if code := p.code(); len(code) > 0 {
			if _, known := mayImport(p.dir, "agent"); !known {
				found = append(found, t.at(code[0].ast.Package,
					"package %s has no place in the order of imports; give it one in internal/rules/imports_test.go", p.dir))
				continue
			}
		}
		for _, f := range p.files {
			for _, s := range f.ast.Imports {
				to, ours := t.rel(imported(s))
				if !ours {
					continue
				}
				if f.test {
					if under(to, "examples") || to == "internal/rules" {
						found = append(found, t.at(s.Pos(), "nothing imports %s; move what is needed into a package of its own", to))
					}
					continue
				}
				if ok, _ := mayImport(p.dir, to); !ok {
					found = append(found, t.at(s.Pos(),
						"package %s must not import %s; imports point inward only, see internal/rules/imports_test.go",
						dirName(p.dir), dirName(to)))
				}
			}
		}
	}
	return found
}

func dirName(dir string) string {
	if dir == "" {
		return "the root"
	}
	return dir
}

// testingStaysInTests finds test machinery in what users compile.
func testingStaysInTests(t *tree) []finding {
	var found []finding
	for _, p := range t.pkgs {
		if isTestKit(p.dir) || p.dir == "internal/rules" {
			continue
		}
		for _, f := range p.code() {
			for _, s := range f.ast.Imports {
				if i := imported(s); under(i, "testing") || under(i, "github.com/google/go-cmp") {
					found = append(found, t.at(s.Pos(),
						"%s is imported outside tests; move the code into a _test.go file or a package whose name ends in test", i))
				}
			}
		}
	}
	return found
}

// requirementsAreUsed finds a requirement of go.mod that is there for show.
func requirementsAreUsed(t *tree) []finding {
	uses := func(module string, counts func(p *pkg, f source) bool) bool {
		for _, p := range t.pkgs {
			for _, f := range p.files {
				if !p.nested && counts(p, f) && slices.ContainsFunc(f.ast.Imports, func(s *ast.ImportSpec) bool {
					return under(imported(s), module)
				}) {
					return true
				}
			}
		}
		return false
	}
	rootCode := func(p *pkg, f source) bool { return p.dir == "" && !f.test }
	var found []finding
	for _, m := range []string{"github.com/benbjohnson/clock", "golang.org/x/sync"} {
		if !uses(m, rootCode) {
			found = append(found, finding{file: "go.mod", msg: m + " is required but the root package does not import it outside tests; use it there"})
		}
	}
	if !uses("github.com/google/go-cmp", func(_ *pkg, f source) bool { return f.test }) {
		found = append(found, finding{file: "go.mod", msg: "github.com/google/go-cmp is required but no test imports it; compare with cmp.Diff"})
	}
	return found
}

func TestImportsPointInward(t *testing.T)      { report(t, importDirection(repo(t))) }
func TestTestingStaysInTests(t *testing.T)     { report(t, testingStaysInTests(repo(t))) }
func TestRequirementsAreImported(t *testing.T) { report(t, requirementsAreUsed(repo(t))) }
