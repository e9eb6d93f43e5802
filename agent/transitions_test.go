package agent_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

var update = flag.Bool("update", false, "rewrite docs/agent-states.md from the table of transitions")

func TestStateDiagram(t *testing.T) {
	file := filepath.Join("..", "docs", "agent-states.md")
	want := stateDiagram(agent.Transitions())
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the table says; run go test ./agent -run TestStateDiagram -update\n-want +got:\n%s", file, diff)
	}
}

func TestTransitionsAreACopy(t *testing.T) {
	agent.Transitions()[0].Command = "broken"
	if got := agent.Transitions()[0].Command; got != "SignIn" {
		t.Errorf("the table says %q now", got)
	}
}

// node is a state as the diagram shows it.
func node(s agent.State, pending bool) (id, label string) {
	id = strings.ReplaceAll(s.String(), "-", "_")
	switch {
	case pending:
		return "idle_pending", "Available, Idle pending"
	case s == agent.SignedOut:
		return id, "SignedOut"
	case s == agent.Idle:
		return id, "Idle"
	case s == agent.Available:
		return id, "Available"
	case s == agent.RONA:
		return id, "RONA"
	}
	return id, id
}

// stateDiagram returns the table as a Markdown document with a Mermaid diagram.
func stateDiagram(table []agent.Transition) string {
	var b strings.Builder
	b.WriteString(`# The states of an agent

This file is generated from the table in ` + "`agent/transitions.go`" + `; to change it, change the
table and run ` + "`go test ./agent -run TestStateDiagram -update`" + `. A test walks the state
machine at random and proves that it never leaves the table and reaches every
row of it.

Only an Available agent who is not about to be Idle, and is connected, is
offered work. ` + "`Miss`, `Settle` and `Tick`" + ` are the engine's own commands.

` + "```mermaid\nstateDiagram-v2\n")
	type arrow struct{ from, to string }
	var nodes, arrows []string
	labels := map[arrow][]string{}
	var order []arrow
	for _, tr := range table {
		from, fromLabel := node(tr.From, tr.FromPending)
		to, toLabel := node(tr.To, tr.ToPending)
		for _, n := range []string{"    " + from + " : " + fromLabel, "    " + to + " : " + toLabel} {
			if !slices.Contains(nodes, n) {
				nodes = append(nodes, n)
			}
		}
		at := arrow{from, to}
		if labels[at] == nil {
			order = append(order, at)
		}
		if !slices.Contains(labels[at], tr.Command) {
			labels[at] = append(labels[at], tr.Command)
		}
	}
	for _, at := range order {
		arrows = append(arrows, fmt.Sprintf("    %s --> %s : %s", at.from, at.to, strings.Join(labels[at], ", ")))
	}
	b.WriteString(strings.Join(nodes, "\n") + "\n    [*] --> signed_out\n" + strings.Join(arrows, "\n") + "\n```\n\n")
	b.WriteString("| From | Command | To | Cause | When |\n| --- | --- | --- | --- | --- |\n")
	for _, tr := range table {
		_, from := node(tr.From, tr.FromPending)
		_, to := node(tr.To, tr.ToPending)
		cause := ""
		if tr.Cause != "" {
			cause = "`" + string(tr.Cause) + "`"
		}
		b.WriteString("|")
		for _, cell := range []string{from, "`" + tr.Command + "`", to, cause, tr.When} {
			if cell != "" {
				b.WriteString(" " + cell)
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// typeName is the Go name of the type of v.
func typeName(v any) string { return fmt.Sprintf("%T", v) }
