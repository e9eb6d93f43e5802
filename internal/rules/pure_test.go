package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// purePackages compute only: the same input gives the same output, on every
// node and in every replay.
var purePackages = []string{
	"agent", "conversation", "routing", "wrapup",
	"internal/floor", "internal/fold", "internal/order", "internal/wire",
}

// impureImports are the standard packages, with all below them, that bring in
// something other than the input.
var impureImports = map[string]string{
	"context":          "waiting and cancelling belong to the root package",
	"crypto/rand":      "randomness belongs to the root package",
	"hash/maphash":     "its hashes differ from run to run",
	"io/fs":            "input and output belong to the root package",
	"io/ioutil":        "input and output belong to the root package",
	"log":              "logging belongs to the root package",
	"math/rand":        "randomness belongs to the root package",
	"net":              "input and output belong to the root package",
	"os":               "input and output belong to the root package",
	"runtime":          "the result must not depend on the machine",
	"sync":             "locking belongs to the root package",
	"syscall":          "input and output belong to the root package",
	"unsafe":           "the result must not depend on the machine",
	"database/sql":     "input and output belong to the root package",
	"testing/synctest": "it belongs to tests",
}

// impureNames are single functions and variables of otherwise pure packages.
var impureNames = map[string]map[string]string{
	"time": names("take the instant as an argument, in UTC",
		"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep", "LoadLocation", "Local"),
	"fmt": names("return the text instead of printing it",
		"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"),
}

func names(why string, list ...string) map[string]string {
	m := map[string]string{}
	for _, n := range list {
		m[n] = why
	}
	return m
}

// orderFree is the comment that a map may be ranged over after all, on the line
// or the one above.
var orderFree = regexp.MustCompile(`^//\s*order-free:\s*\S`)

func purity(t *tree) ([]finding, error) {
	c, err := newChecker(t)
	if err != nil {
		return nil, err
	}
	var found []finding
	for _, dir := range purePackages {
		p := t.pkg(dir)
		if p == nil {
			continue
		}
		c.check(p)
		for _, f := range p.code() {
			found = append(found, pureFile(t, c.info, f)...)
		}
	}
	return append(found, c.errs...), nil
}

func pureFile(t *tree, info *types.Info, f source) []finding {
	var found []finding
	bad := func(pos token.Pos, format string, args ...any) {
		found = append(found, t.at(pos, format, args...))
	}
	excused := map[int]bool{} // lines that an order-free comment covers
	for _, g := range f.ast.Comments {
		for _, c := range g.List {
			if orderFree.MatchString(c.Text) {
				line := t.fset.Position(c.Pos()).Line
				excused[line], excused[line+1] = true, true
			}
		}
	}
	free := func(pos token.Pos) bool { return excused[t.fset.Position(pos).Line] }

	packages := map[string]string{} // the name in this file of each import
	for _, s := range f.ast.Imports {
		path := imported(s)
		if why := impureImport(t, path); why != "" {
			bad(s.Pos(), "a pure package must not import %s: %s", path, why)
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if s.Name != nil {
			name = s.Name.Name
		}
		if name == "." {
			bad(s.Pos(), "a pure package must not import %s with a dot: name it, so that this test can see what is used", path)
		}
		packages[name] = path
	}
	// refers returns the import path and name of a selector such as time.Now.
	refers := func(e ast.Expr) (path, name string) {
		sel, ok := e.(*ast.SelectorExpr)
		if !ok {
			return "", ""
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return "", ""
		}
		if obj := info.Uses[x]; obj != nil {
			if _, isPackage := obj.(*types.PkgName); !isPackage {
				return "", ""
			}
		}
		return packages[x.Name], sel.Sel.Name
	}
	sortedAtOnce := map[ast.Expr]bool{} // arguments of slices.Sorted

	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			bad(n.Pos(), "a pure package must not start a goroutine; return a value and let the root package act on it")
		case *ast.ChanType:
			bad(n.Pos(), "a pure package must not use a channel; return values instead")
		case *ast.SendStmt:
			bad(n.Pos(), "a pure package must not send on a channel; return values instead")
		case *ast.SelectStmt:
			bad(n.Pos(), "a pure package must not select; return values instead")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				bad(n.Pos(), "a pure package must not receive from a channel; take values instead")
			}
		case *ast.CallExpr:
			if path, name := refers(n.Fun); path == "slices" && name == "Sorted" && len(n.Args) == 1 {
				if inner, ok := n.Args[0].(*ast.CallExpr); ok {
					sortedAtOnce[inner.Fun] = true
				}
			}
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
				if _, builtin := info.Uses[id].(*types.Builtin); builtin {
					bad(n.Pos(), "a pure package must not print; return the text instead")
				}
			}
		case *ast.SelectorExpr:
			path, name := refers(n)
			if why := impureNames[path][name]; why != "" {
				bad(n.Pos(), "a pure package must not use %s.%s: %s", path, name, why)
			}
			if fn, ok := info.Uses[n.Sel].(*types.Func); ok {
				switch fn.FullName() {
				case "(time.Time).Local":
					bad(n.Sel.Pos(), "a pure package must not use the zone of the machine: take a *time.Location or use UTC")
				case "(reflect.Value).MapKeys", "(reflect.Value).MapRange", "(reflect.Value).Seq", "(reflect.Value).Seq2":
					if !free(n.Sel.Pos()) {
						bad(n.Sel.Pos(), "the order of a reflected map differs from run to run: sort the keys and say so: // order-free: why")
					}
				}
			}
			if path == "maps" && slices.Contains([]string{"All", "Keys", "Values"}, name) && !sortedAtOnce[n] && !free(n.Pos()) {
				bad(n.Pos(), "the order of maps.%s differs from run to run: wrap it in slices.Sorted, or say why it does not matter: // order-free: why", name)
			}
		case *ast.RangeStmt:
			typ := info.TypeOf(n.X)
			switch {
			case free(n.Pos()):
			case typ == nil || typ == types.Typ[types.Invalid]:
				bad(n.Pos(), "cannot tell whether this ranges over a map; make the package type-check")
			case isMap(typ):
				bad(n.Pos(), "the order of a map differs from run to run: range over sorted keys, or say why it does not matter: // order-free: why")
			}
		}
		return true
	})
	return found
}

func impureImport(t *tree, path string) string {
	if _, ours := t.rel(path); ours {
		return "" // the rule of import directions decides
	}
	if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
		return "only the standard library is allowed here; do it in the root package"
	}
	for top, why := range impureImports {
		if under(path, top) {
			return why
		}
	}
	return ""
}

// isMap reports whether a value of type typ is or can be a map.
func isMap(typ types.Type) bool {
	if p, ok := types.Unalias(typ).(*types.TypeParam); ok {
		return constraintHasMap(p.Constraint())
	}
	_, ok := typ.Underlying().(*types.Map)
	return ok
}

func constraintHasMap(typ types.Type) bool {
	switch u := typ.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Interface:
		for e := range u.EmbeddedTypes() {
			if constraintHasMap(e) {
				return true
			}
		}
	case *types.Union:
		for term := range u.Terms() {
			if constraintHasMap(term.Type()) {
				return true
			}
		}
	}
	return false
}

func TestPurePackagesArePure(t *testing.T) {
	found, err := purity(repo(t))
	if err != nil {
		t.Fatal(err)
	}
	report(t, found)
}
