package switchboardtest

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

var _ = flag.Bool("update", false, "rewrite what the stories say that happens")

const playThis = "SWITCHBOARDTEST_PLAY"

// TestPlayed plays, for the tests below, what they wrote, in a process of its own:
// it is there to fail.
func TestPlayed(t *testing.T) {
	glob := os.Getenv(playThis)
	if glob == "" {
		t.Skip("no other test asks for it")
	}
	RunStories(t, glob)
}

// playFile runs a test of its own on a file with the text, and returns what it
// said, whether it passed, and what the file says then.
func playFile(t *testing.T, text string, flags ...string) (said string, passed bool, after string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.run=^TestPlayed$"}, flags...)...)
	cmd.Env = append(os.Environ(), playThis+"="+name)
	out, err := cmd.CombinedOutput()
	now, err2 := os.ReadFile(name)
	if err2 != nil {
		t.Fatal(err2)
	}
	return string(out), err == nil, string(now)
}

// What cannot be played fails at its line, and no update loses anything of it.
func TestUpdateLeavesWhatItCannotPlay(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "x.txt: no story: begin one with a line `story <title>`"},
		{"no story", "agent ann\nann signs in\n", "x.txt: no story: begin one with a line `story <title>`"},
		{
			"commands indented", "agent ann\n\nstory A\n    ann signs in\n    ann becomes available\n",
			"x.txt:4: nothing can happen here: there is no command above; a command is not indented",
		},
		{
			"one command indented after the title", "agent ann\nstory A\n    ann signs in\n",
			"x.txt:3: nothing can happen here: there is no command above; a command is not indented",
		},
		{"below a comment", "agent ann\nstory A\n# bob\n    09:00:00 bob is there\n", "x.txt:4: nothing can happen here: there is no command above"},
		{"below a blank line", "agent ann\nstory A\nann signs in\n\n    09:00:00 ann is idle\n", "x.txt:5: nothing can happen here: there is no command above"},
		{"nobody called so", "agent ann\nstory A\nann accepts eva\n", "x.txt:3: the customer eva has no conversation yet"},
	} {
		for _, flags := range [][]string{nil, {"-update"}} {
			t.Run(strings.Join(append([]string{c.name}, flags...), " "), func(t *testing.T) {
				said, passed, after := playFile(t, c.text, flags...)
				if passed || !strings.Contains(said, c.want) || strings.Contains(said, "panic") {
					t.Errorf("passed %v, want a failure that says %q\n%s", passed, c.want, said)
				}
				if diff := cmp.Diff(c.text, after); diff != "" {
					t.Errorf("the file is changed (-want +got)\n%s", diff)
				}
			})
		}
	}
}

func TestUpdateRefusesToLoseACommand(t *testing.T) {
	text := "agent ann\nstory A\nann signs in\n    09:00:00 ann is dancing\n    ann becomes available\n"
	said, passed, after := playFile(t, text, "-update")
	want := "x.txt:5: an update would lose this command; a command is not indented: ann becomes available"
	if passed || !strings.Contains(said, want) {
		t.Errorf("passed %v, want a failure that says %q\n%s", passed, want, said)
	}
	if diff := cmp.Diff(text, after); diff != "" {
		t.Errorf("the file is changed (-want +got)\n%s", diff)
	}
}

// A first run fails with a hint; an update writes what happened and nothing else,
// also where a story has no line of its own; then it passes.
func TestUpdateWritesWhatHappens(t *testing.T) {
	text := "# one\nagent ann\nann signs in\n    wrong\nstory A\n\nann becomes available\n# so\nstory B\n"
	hint := "run with -update to write what happened"
	said, passed, after := playFile(t, text)
	if passed || !strings.Contains(said, hint) || after != text {
		t.Errorf("passed %v, want a failure that says %q\n%s", passed, hint, said)
	}
	want := "# one\nagent ann\nann signs in\n    09:00:00 ann is idle \"signed in\"\nstory A\n\nann becomes available\n" +
		"    09:00:00 ann is available\n# so\nstory B\n"
	for _, first := range []string{text, strings.Replace(text, "story A", "story B\nstory A", 1)} {
		want := want
		if first != text {
			want = strings.Replace(want, "story A", "story B\nstory A", 1)
		}
		said, passed, after = playFile(t, first, "-update")
		if diff := cmp.Diff(want, after); !passed || diff != "" {
			t.Errorf("passed %v (-want +got)\n%s\n%s", passed, diff, said)
		}
	}
	if said, passed, _ = playFile(t, want); !passed || strings.Contains(said, hint) {
		t.Errorf("after the update\n%s", said)
	}
}

func TestUnknownCommandNamesTheNearest(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"ann acepts eva", "no command is like: ann acepts eva; there is: <agent> accepts all; <agent> accepts <conversation>"},
		{"ann accept eva", "no command is like: ann accept eva; there is: <agent> accepts all; <agent> accepts <conversation>"},
		{"ann is redy", "no command is like: ann is redy; there is: <agent> is ready"},
		{"show agnet ann", "no command is like: show agnet ann; there is: show agent <agent>"},
		{"advanced 3s", "no command is like: advanced 3s; there is: advance <duration>"},
		{`custommer eva writes "x"`, `no command is like: custommer eva writes "x"; there is: customer <customer> writes <text>`},
		{"ann takes eva", "no command is like: ann takes eva"},
		{`"accepts"`, `no command is like: "accepts"`},
	} {
		words, err := splitWords(c.line)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseCommand(words); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n\t%v, want\n\t%s", c.line, err, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"accepts", "accepts", 0}, {"acepts", "accepts", 1},
		{"agnet", "agent", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abc", "cba", 2},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// tables reads the rows of a page's tables: what the first cell of each says, with
// what the second says, by the heading above.
func tables(page string) map[string][][2]string {
	out := map[string][][2]string{}
	heading := ""
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' {
			heading = title
		}
		if cells := strings.Split(line, "|"); len(cells) > 3 && strings.HasPrefix(cells[1], " `") {
			out[heading] = append(out[heading], [2]string{strings.Trim(cells[1], " `"), strings.TrimSpace(cells[2])})
		}
	}
	return out
}

// The page has every command and every option, and no other.
func TestThePageHasTheWholeGrammar(t *testing.T) {
	text, err := os.ReadFile("../docs/stories.md")
	if err != nil {
		t.Fatal(err)
	}
	all := tables(string(text))
	link := regexp.MustCompile(`^\[(.*)\]\(#options-(.*)\)$`)
	quoted := regexp.MustCompile("`([^`]+)`")
	type form struct {
		Pattern string
		Options []string
	}
	var got, want []form
	for _, heading := range []string{
		"Setup", "Customers and their channel", "Sending", "Time and failures", "Questions", "Supervisors and programs", "Agents",
	} {
		for _, row := range all[heading] {
			f := form{Pattern: row[0]}
			if m := link.FindStringSubmatch(row[1]); m != nil {
				if m[2] != strings.ReplaceAll(m[1], " ", "-") {
					t.Errorf("%s: the link %s is to another place", f.Pattern, row[1])
				}
				for _, option := range all["Options "+m[1]] {
					f.Options = append(f.Options, option[0])
				}
			} else {
				for _, m := range quoted.FindAllStringSubmatch(row[1], -1) {
					f.Options = append(f.Options, m[1])
				}
			}
			got = append(got, f)
		}
	}
	for _, v := range verbs {
		want = append(want, form{v.pattern, v.options})
	}
	for _, forms := range [][]form{got, want} {
		slices.SortFunc(forms, func(a, b form) int { return strings.Compare(a.Pattern, b.Pattern) })
		for i := range forms {
			forms[i].Options = slices.Sorted(slices.Values(forms[i].Options))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/stories.md (-the grammar +the page)\n%s", diff)
	}
}

// The stories of the documentation are told rightly.
func TestTheStoriesOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../docs/stories.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\n```\n")
	onPage, _, _ := strings.Cut(rest, "```")
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var inDoc strings.Builder
	for line := range strings.Lines(string(doc)) {
		line = strings.TrimPrefix(line, "//")
		switch code, ok := strings.CutPrefix(line, "\t"); {
		case inDoc.Len() == 0 && !strings.HasPrefix(code, "# Two agents"):
		case ok:
			inDoc.WriteString(code)
		case line == "\n":
			inDoc.WriteString("\n")
		default:
			goto read
		}
	}
read:
	for name, text := range map[string]string{"stories.md": onPage, "doc.go": inDoc.String()} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(text, "\nstory Nobody answers\n") {
				t.Fatalf("the story is not found:\n%s", text)
			}
			file := filepath.Join(t.TempDir(), "doc.txt")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			Stories{Glob: file, Bubble: true}.Run(t) // a bubble's is never updated
		})
	}
}

func TestDescribe(t *testing.T) {
	kit := New(t, Config{})
	at := kit.Now()
	for _, c := range []struct {
		body any
		want string
	}{
		{conversation.OfferMade{Conversation: 8, Agent: "ann", Deadline: at.Add(30e9)}, "c8 is offered to ann until 09:00:30"},
		{conversation.OfferMade{Conversation: 8, Agent: "ann", Deadline: at.AddDate(0, 0, 1)}, "c8 is offered to ann until 2026-01-06 09:00:00"},
		{conversation.MessageAdded{Conversation: 8, Message: &conversation.Message{No: 1, Author: conversation.Author{Kind: conversation.FromCustomer}, Text: "Hi"}}, `c8 1 customer: "Hi"`},
		{conversation.Opened{Conversation: 9, Customer: "eva", Previous: 8, Priority: 10, Wait: conversation.Wait{Queue: "sales"}}, "c9 arrives in queue sales, priority 10, after c8"},
		{routing.QueueSet{Queue: routing.Queue{ID: "sales"}, Open: true}, "routing.queue-set"},
		{(*conversation.Opened)(nil), ""},
		{"a text", ""},
		{nil, ""},
	} {
		if got := Describe(switchboard.Event{At: at, Body: c.body}); got != c.want {
			t.Errorf("%#v: %q, want %q", c.body, got, c.want)
		}
	}
}
