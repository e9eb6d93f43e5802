package rules

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// checker type-checks the packages of one tree from source, without tests, and
// reads what they import from elsewhere out of the build cache.
type checker struct {
	tree   *tree
	others types.Importer
	done   map[string]*types.Package
	info   *types.Info
	errs   []finding
}

func newChecker(t *tree) (*checker, error) {
	exports, err := exportData(t)
	if err != nil {
		return nil, err
	}
	c := &checker{tree: t, done: map[string]*types.Package{}, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Uses:  map[*ast.Ident]types.Object{},
	}}
	c.others = importer.ForCompiler(t.fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(file)
	})
	return c, nil
}

// exportData asks the go command where the compiled form of every foreign
// import of t is; it compiles what is missing.
func exportData(t *tree) (map[string]string, error) {
	var want []string
	for _, p := range t.pkgs {
		if p.nested {
			continue
		}
		for _, f := range p.code() {
			for _, s := range f.ast.Imports {
				if i := imported(s); i != "unsafe" && i != "C" {
					if _, ours := t.rel(i); !ours {
						want = append(want, i)
					}
				}
			}
		}
	}
	if len(want) == 0 {
		return nil, nil
	}
	slices.Sort(want)
	args := []string{"list", "-export", "-f", "{{.ImportPath}}\t{{.Export}}"}
	out, err := goCommand(repoRoot, nil, append(args, slices.Compact(want)...)...)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for line := range strings.Lines(out) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	return exports, nil
}

// Import makes c the importer of its own packages.
func (c *checker) Import(path string) (*types.Package, error) {
	dir, ours := c.tree.rel(path)
	if !ours {
		return c.others.Import(path)
	}
	p := c.tree.pkg(dir)
	if p == nil || len(p.code()) == 0 {
		return nil, fmt.Errorf("no package %s in this tree", path)
	}
	return c.check(p), nil
}

// check type-checks p once. What does not type-check is a finding, and the
// result is as complete as it can be.
func (c *checker) check(p *pkg) *types.Package {
	if done, ok := c.done[p.dir]; ok {
		return done
	}
	path := strings.TrimSuffix(c.tree.module+"/"+p.dir, "/")
	c.done[p.dir] = types.NewPackage(path, p.name()) // an import cycle ends here
	var files []*ast.File
	for _, f := range p.code() {
		files = append(files, f.ast)
	}
	config := types.Config{Importer: c, Error: func(err error) {
		if e, ok := err.(types.Error); ok {
			c.errs = append(c.errs, c.tree.at(e.Pos, "does not type-check, correct it: %s", e.Msg))
		}
	}}
	done, _ := config.Check(path, c.tree.fset, files, c.info) // every error went to config.Error
	c.done[p.dir] = done
	return done
}

// goCommand runs the go command in dir and returns what it printed.
func goCommand(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}
