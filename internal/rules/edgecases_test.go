package rules

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// edgeCases is the number of the last edge case in docs/edge-cases.md.
const edgeCases = 90

const edgeCaseFile = "docs/edge-cases.md"

var (
	edgeCaseRow = regexp.MustCompile(`^\|\s*E\d`)
	edgeCaseID  = regexp.MustCompile(`^E([1-9]\d*)$`)
	backticked  = regexp.MustCompile("^`([^`]+)`$")
	testName    = regexp.MustCompile(`^(Test|Fuzz|Example)\w*$`)
)

// provenEdgeCases checks the table of edge cases. A row is
//
//	| E17 | what happens, in our words | proof |
//
// where the proof is a list, parted by commas, of tests and files in backticks,
// or "out of scope:" and the reason.
func provenEdgeCases(t *tree, last int) ([]finding, error) {
	text, err := fs.ReadFile(t.fsys, edgeCaseFile)
	if err != nil {
		return nil, fmt.Errorf("every edge case needs a row there: %w", err)
	}
	tests := testNames(t)
	var found []finding
	seen := map[int]bool{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if !edgeCaseRow.MatchString(line) {
			continue
		}
		bad := func(format string, args ...any) {
			found = append(found, finding{edgeCaseFile, n, fmt.Sprintf(format, args...)})
		}
		cells := splitRow(line)
		if len(cells) != 3 {
			bad("a row has %d cells; write | E1 | what happens | proof |, and \\| for a bar within a cell", len(cells))
			continue
		}
		id := edgeCaseID.FindStringSubmatch(cells[0])
		if id == nil {
			bad("%q is no edge case; write E and its number", cells[0])
			continue
		}
		number, err := strconv.Atoi(id[1])
		switch {
		case err != nil || number > last:
			bad("%s is beyond E%d; correct it, or raise edgeCases in internal/rules/edgecases_test.go", cells[0], last)
		case seen[number]:
			bad("%s has two rows; make them one", cells[0])
		}
		seen[number] = true
		if cells[1] == "" {
			bad("%s does not say what happens; fill the second cell", cells[0])
		}
		for _, problem := range checkProof(t.fsys, tests, cells[2]) {
			bad("%s: %s", cells[0], problem)
		}
	}
	for i := 1; i <= last; i++ {
		if !seen[i] {
			found = append(found, finding{file: edgeCaseFile, msg: fmt.Sprintf("E%d has no row; add | E%d | what happens | proof |", i, i)})
		}
	}
	return found, nil
}

// checkProof says what is wrong with the last cell of a row.
func checkProof(fsys fs.FS, tests map[string]bool, proof string) []string {
	if reason, ok := strings.CutPrefix(proof, "out of scope:"); ok {
		if strings.TrimSpace(reason) == "" {
			return []string{"gives no reason for being out of scope; give one"}
		}
		return nil
	}
	var problems []string
	for item := range strings.SplitSeq(proof, ",") {
		item = strings.TrimSpace(item)
		m := backticked.FindStringSubmatch(item)
		if m == nil {
			problems = append(problems, fmt.Sprintf("%q is no proof; name tests and files in backticks, parted by commas, or write out of scope: and why", item))
			continue
		}
		if testName.MatchString(m[1]) {
			if !tests[m[1]] {
				problems = append(problems, fmt.Sprintf("no test is called %s; write it, or name one that exists", m[1]))
			}
			continue
		}
		if clean := path.Clean(m[1]); clean != m[1] || !isFile(fsys, clean) {
			problems = append(problems, fmt.Sprintf("%s is neither a test nor a file; give the name of a top-level test or a path from the repository's root", m[1]))
		}
	}
	return problems
}

func isFile(fsys fs.FS, name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// splitRow returns the cells of a table row, trimmed.
func splitRow(line string) []string {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, bar)
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	cells := strings.Split(line, "|")
	for i, c := range cells {
		cells[i] = strings.TrimSpace(strings.ReplaceAll(c, bar, "|"))
	}
	return cells
}

// testNames returns the names of all tests, fuzz tests and examples of t.
func testNames(t *tree) map[string]bool {
	names := map[string]bool{}
	for _, p := range t.pkgs {
		for _, f := range p.files {
			for _, d := range f.ast.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && f.test && fn.Recv == nil && testName.MatchString(fn.Name.Name) {
					names[fn.Name.Name] = true
				}
			}
		}
	}
	return names
}

func TestEveryEdgeCaseIsProven(t *testing.T) {
	found, err := provenEdgeCases(repo(t), edgeCases)
	if err != nil {
		t.Fatal(err)
	}
	report(t, found)
}
