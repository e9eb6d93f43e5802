package rules

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// repoRoot is the repository seen from this package, where go test runs.
const repoRoot = "../.."

// finding is one broken rule at one place. The message ends with what to do.
type finding struct {
	file string // slash-separated, relative to the root of the tree
	line int    // 0 when the finding concerns the file as a whole
	msg  string
}

func (f finding) String() string {
	if f.line == 0 {
		return f.file + ": " + f.msg
	}
	return fmt.Sprintf("%s:%d: %s", f.file, f.line, f.msg)
}

// report fails t once for each finding, in the order of files and lines.
func report(t *testing.T, found []finding) {
	t.Helper()
	for _, f := range sorted(found) {
		t.Error(f)
	}
}

func sorted(found []finding) []finding {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.msg, b.msg))
	})
	return found
}

// source is one parsed Go file.
type source struct {
	name string // slash-separated, relative to the root of the tree
	test bool   // the name ends in _test.go
	ast  *ast.File
}

// pkg is one directory that holds Go files.
type pkg struct {
	dir    string // "" for the root
	files  []source
	nested bool // belongs to a nested module
}

// code returns the files that are not tests.
func (p *pkg) code() []source {
	var out []source
	for _, f := range p.files {
		if !f.test {
			out = append(out, f)
		}
	}
	return out
}

// name returns the package name of the files that are not tests, or "".
func (p *pkg) name() string {
	for _, f := range p.code() {
		return f.ast.Name.Name
	}
	return ""
}

// public reports whether users can import p.
func (p *pkg) public() bool {
	return len(p.code()) > 0 && p.name() != "main" && !under(p.dir, "internal") && !under(p.dir, "examples") &&
		!strings.Contains(p.dir, "/internal")
}

// tree is a repository, or a planted part of one.
type tree struct {
	fsys   fs.FS
	module string
	fset   *token.FileSet
	pkgs   []*pkg    // by directory
	broken []finding // files that do not parse
}

func (t *tree) pkg(dir string) *pkg {
	for _, p := range t.pkgs {
		if p.dir == dir {
			return p
		}
	}
	return nil
}

// rel returns the directory in t of an import path of our own module.
func (t *tree) rel(importPath string) (dir string, ours bool) {
	if importPath == t.module {
		return "", true
	}
	return strings.CutPrefix(importPath, t.module+"/")
}

// at makes a finding at a position.
func (t *tree) at(pos token.Pos, format string, args ...any) finding {
	p := t.fset.Position(pos)
	return finding{p.Filename, p.Line, fmt.Sprintf(format, args...)}
}

// load parses every Go file below fsys that the go command would see, those of
// nested modules included.
func load(fsys fs.FS, module string) (*tree, error) {
	t := &tree{fsys: fsys, module: module, fset: token.NewFileSet()}
	byDir := map[string]*pkg{}
	var modules []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name != "." && (base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		dir := path.Dir(name)
		if dir == "." {
			dir = ""
		}
		if base == "go.mod" && dir != "" {
			modules = append(modules, dir)
		}
		if path.Ext(name) != ".go" || base[0] == '.' || base[0] == '_' {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.broken = append(t.broken, finding{file: name, msg: "does not parse, correct it: " + err.Error()})
			return nil
		}
		p := byDir[dir]
		if p == nil {
			p = &pkg{dir: dir}
			byDir[dir] = p
			t.pkgs = append(t.pkgs, p)
		}
		p.files = append(p.files, source{name, strings.HasSuffix(base, "_test.go"), file})
		return nil
	})
	for _, p := range t.pkgs {
		p.nested = slices.ContainsFunc(modules, func(m string) bool { return under(p.dir, m) })
	}
	slices.SortFunc(t.pkgs, func(a, b *pkg) int { return cmp.Compare(a.dir, b.dir) })
	return t, err
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+(\S+)`)

// modulePath reads our module path from go.mod, its only place here.
var modulePath = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join(repoRoot, "go.mod"))
	if err != nil {
		return "", err
	}
	m := moduleLine.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("go.mod has no module line")
	}
	return string(m[1]), nil
})

var loadRepo = sync.OnceValues(func() (*tree, error) {
	module, err := modulePath()
	if err != nil {
		return nil, err
	}
	return load(os.DirFS(repoRoot), module)
})

// repo is the repository itself, parsed once for all tests.
func repo(t *testing.T) *tree {
	t.Helper()
	r, err := loadRepo()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// planted is the tree testdata/bad/name.
func planted(t *testing.T, name string) *tree {
	t.Helper()
	module, err := modulePath()
	if err != nil {
		t.Fatal(err)
	}
	r, err := load(os.DirFS(filepath.Join("testdata", "bad", name)), module)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// under reports whether dir is top or below it.
func under(dir, top string) bool {
	return dir == top || strings.HasPrefix(dir, top+"/")
}

// imported returns the path that an import names.
func imported(s *ast.ImportSpec) string {
	p, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return s.Path.Value
	}
	return p
}

func TestEveryGoFileParses(t *testing.T) {
	r := repo(t)
	report(t, r.broken)
	if len(r.pkgs) < 2 {
		t.Errorf("found only %d packages below %s: the rules would hold nothing", len(r.pkgs), repoRoot)
	}
}
