package rules

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
)

// forbiddenWords must not stand in any text file. They are put together from
// parts here so that this file passes too.
var forbiddenWords = map[string]string{
	"../" + "shared": "it points outside the repository; say what it says in our own documents",
	"/" + "work/":    "it is a path of one machine; make it relative to the repository",
	"test" + "ify":   "tests compare with cmp.Diff; use that, or another word",
}

func words(fsys fs.FS, skip ...string) ([]finding, error) {
	var found []finding
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(skip, name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil // a worktree's .git is a file
		}
		if !d.Type().IsRegular() || ignored(name) {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			return nil // not text
		}
		for word, why := range forbiddenWords {
			if !bytes.Contains(text, []byte(word)) {
				continue
			}
			n := 0
			for line := range strings.Lines(string(text)) {
				n++
				if strings.Contains(line, word) {
					found = append(found, finding{name, n, "holds " + word + ": " + why})
				}
			}
		}
		return nil
	})
	return found, err
}

// ignored reports whether .gitignore keeps the file out.
func ignored(name string) bool {
	switch path.Ext(name) {
	case ".test", ".prof", ".out":
		return true
	}
	return false
}

func TestForbiddenWords(t *testing.T) {
	found, err := words(repo(t).fsys, ".git", "bin", "internal/rules/testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	report(t, found)
}
