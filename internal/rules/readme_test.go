package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program is a block of Go in a Markdown file that is a file of its own.
type program struct {
	line int // of its first line of Go
	text string
}

// programs returns the blocks fenced as go whose first word is package.
func programs(markdown string) []program {
	var found []program
	var block strings.Builder
	start, n := 0, 0 // start is 0 outside a block of Go
	for line := range strings.Lines(markdown) {
		n++
		switch fence := strings.TrimSpace(line); {
		case start == 0 && fence == "```go":
			start = n + 1
			block.Reset()
		case start > 0 && fence == "```":
			if strings.HasPrefix(strings.TrimSpace(block.String()), "package ") {
				found = append(found, program{start, block.String()})
			}
			start = 0
		case start > 0:
			block.WriteString(line)
		}
	}
	return found
}

// buildPrograms builds each program as a user of the module in root would. An
// error of the compiler names the line of the Markdown file.
func buildPrograms(t *testing.T, name, markdown, root, module string) error {
	t.Helper()
	found := programs(markdown)
	if len(found) == 0 {
		return fmt.Errorf("%s: has no ```go block that starts with a package clause; show a whole program", name)
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	dir := t.TempDir()
	mod := fmt.Sprintf("module readme\n\ngo %s\n\nrequire %s v0.0.0\n\nreplace %[2]s => %s\n", oldestGo, module, quoted(root))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	files := map[string]string{"go.mod": mod, "go.sum": string(sum)}
	for i, p := range found {
		file := "main.go"
		if strings.Contains(p.text, "\t\"testing\"\n") {
			file = "main_test.go"
		}
		files[fmt.Sprintf("p%d/%s", i, file)] = fmt.Sprintf("//line ../%s:%d\n%s", name, p.line, p.text)
	}
	for file, text := range files {
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	env := []string{"GOWORK=off", "GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -mod=mod")}
	for i := range found {
		// Vet sees tests too and reports what does not compile; build links.
		if _, err := goCommand(dir, env, "vet", fmt.Sprintf("./p%d", i)); err != nil {
			return fmt.Errorf("a program does not compile; correct it: %w", err)
		}
	}
	if _, err := goCommand(dir, env, "build", "-o", os.DevNull, "./..."); err != nil {
		return fmt.Errorf("a program does not compile; correct it: %w", err)
	}
	return nil
}

// quoted writes a path as go.mod wants it when it holds a space.
func quoted(path string) string { return "\"" + filepath.ToSlash(path) + "\"" }

func TestReadmeProgramsCompile(t *testing.T) {
	module, err := modulePath()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(repoRoot, "README.md"))
	if err != nil {
		t.Fatalf("the repository needs a README.md with a whole program: %v", err)
	}
	if err := buildPrograms(t, "README.md", string(text), repoRoot, module); err != nil {
		t.Error(err)
	}
}
