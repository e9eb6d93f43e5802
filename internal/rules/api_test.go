package rules

import (
	"flag"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/api.txt from the code")

// exportedAPI lists what users of the root module can name, one line each.
func exportedAPI(t *tree) (lines []string, found []finding, err error) {
	c, err := newChecker(t)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range t.pkgs {
		if p.nested || !p.public() {
			continue
		}
		tp := c.check(p)
		l := lister{pkg: tp, name: dirName(p.dir)}
		if p.dir == "" {
			l.name = p.name()
		}
		for _, name := range tp.Scope().Names() {
			if obj := tp.Scope().Lookup(name); obj.Exported() {
				l.object(obj)
			}
		}
		slices.Sort(l.lines)
		lines = append(lines, l.lines...)
	}
	return lines, c.errs, nil
}

// lister writes the lines of one package.
type lister struct {
	pkg   *types.Package
	name  string
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, l.name+": "+fmt.Sprintf(format, args...))
}

// text writes a type as its own package would, others by their package name.
func (l *lister) text(typ types.Type) string {
	return types.TypeString(typ, l.qualify)
}

func (l *lister) qualify(p *types.Package) string {
	if p == l.pkg {
		return ""
	}
	return p.Name()
}

// signature writes a function type without the word func.
func (l *lister) signature(typ types.Type) string {
	return strings.TrimPrefix(l.text(typ), "func")
}

func (l *lister) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		l.add("const %s %s = %s", obj.Name(), l.text(obj.Type()), obj.Val().ExactString())
	case *types.Var:
		l.add("var %s %s", obj.Name(), l.text(obj.Type()))
	case *types.Func:
		l.add("func %s%s", obj.Name(), l.signature(obj.Type()))
	case *types.TypeName:
		l.typeName(obj)
	}
}

func (l *lister) typeName(obj *types.TypeName) {
	named, ok := obj.Type().(*types.Named)
	if obj.IsAlias() || !ok {
		l.add("type %s = %s", obj.Name(), l.text(types.Unalias(obj.Type())))
		return
	}
	name := l.text(named) // with its type parameters
	for m := range named.Methods() {
		if m.Exported() {
			sig := m.Signature()
			l.add("method (%s) %s%s", l.text(sig.Recv().Type()), m.Name(), l.signature(sig))
		}
	}
	switch u := named.Underlying().(type) {
	case *types.Struct:
		l.add("type %s struct", name)
		for f := range u.Fields() {
			switch {
			case !f.Exported():
			case f.Embedded():
				l.add("field %s.%s (embedded)", obj.Name(), l.text(f.Type()))
			default:
				l.add("field %s.%s %s", obj.Name(), f.Name(), l.text(f.Type()))
			}
		}
	case *types.Interface:
		sealed := ""
		for m := range u.Methods() {
			if !m.Exported() {
				sealed = " (sealed)" // others cannot implement it
			}
		}
		l.add("type %s interface%s", name, sealed)
		for m := range u.ExplicitMethods() {
			if m.Exported() {
				l.add("method %s.%s%s", obj.Name(), m.Name(), l.signature(m.Type()))
			}
		}
		for e := range u.EmbeddedTypes() {
			l.add("field %s.%s (embedded)", obj.Name(), l.text(e))
		}
	default:
		l.add("type %s %s", name, l.text(u))
	}
}

func TestExportedAPI(t *testing.T) {
	lines, found, err := exportedAPI(repo(t))
	if err != nil {
		t.Fatal(err)
	}
	if report(t, found); t.Failed() {
		return // the list would not be complete
	}
	golden := filepath.Join("testdata", "api.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./internal/rules -update", err)
	}
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("internal/rules/%s: the exported API changed; if it was meant to, run go test ./internal/rules -update "+
			"and note the change in CHANGELOG.md (-want +got):\n%s", golden, diff)
	}
}
