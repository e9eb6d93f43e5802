package conversation_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
)

var update = flag.Bool("update", false, "rewrite docs/conversation-states.md from the tables of transitions")

func TestStateDiagram(t *testing.T) {
	file := filepath.Join("..", "docs", "conversation-states.md")
	want := stateDiagrams()
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
		t.Errorf("%s is not what the tables say; run go test ./conversation -run TestStateDiagram -update\n-want +got:\n%s", file, diff)
	}
}

func TestTransitionsAreACopy(t *testing.T) {
	conversation.Transitions()[0].Event = "broken"
	conversation.SeatTransitions()[0].Event = "broken"
	if a, b := conversation.Transitions()[0].Event, conversation.SeatTransitions()[0].Event; a != "Opened" || b != "Accepted" {
		t.Errorf("the tables say %q and %q now", a, b)
	}
}

// stateDiagrams writes the tables as a document.
func stateDiagrams() string {
	var b strings.Builder
	b.WriteString(`# The states of a conversation and of its seats

This file is generated from the tables in ` + "`conversation/transitions.go`" + `; to change it,
change the tables and run ` + "`go test ./conversation -run TestStateDiagram -update`" + `. A test
walks the state machine at random and proves that it never leaves the tables and
reaches every row of them. The arrows bear the names of events; an event without
an arrow leaves the state as it is.

## The conversation

Ended and Interrupted conversations are not open. After a transfer to an agent
the conversation is Queued and Offered in one step.

`)
	diagram(&b, func(arrow func(from, to, event string)) {
		for _, t := range conversation.Transitions() {
			arrow(t.From.String(), t.To.String(), t.Event)
		}
		arrow(conversation.Ended.String(), "", "Forgotten")
	})
	b.WriteString(`
## A seat

Each agent who takes part has a seat. Wrap-up belongs to it, whatever becomes of
the conversation meanwhile.

`)
	diagram(&b, func(arrow func(from, to, event string)) {
		for _, t := range conversation.SeatTransitions() {
			arrow(t.From.String(), t.To.String(), t.Event)
		}
	})
	return b.String()
}

func diagram(b *strings.Builder, draw func(arrow func(from, to, event string))) {
	node := func(s string) string { // no hyphen in a bare name; none is the beginning or the end
		if s == "" {
			return "[*]"
		}
		return strings.ReplaceAll(s, "-", "_")
	}
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	draw(func(from, to, event string) {
		b.WriteString("    " + node(from) + " --> " + node(to) + " : " + event + "\n")
	})
	b.WriteString("```\n")
}
