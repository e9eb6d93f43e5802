package switchboardtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseScript(t *testing.T) {
	text := strings.Join([]string{
		"# about",
		"agent ann",
		"",
		"story One and another",
		`customer eva writes "a \"b\"" stamped=5s key="k 1"`,
		"  09:00:00 something   ",
		"story Two",
		"advance 1m30s",
	}, "\n")
	s, err := parseScript("x.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []lineKind
	for _, l := range s.lines {
		kinds = append(kinds, l.kind)
	}
	want := []lineKind{commentLine, commandLine, blankLine, titleLine, commandLine, outputLine, titleLine, commandLine}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("kinds (-want +got)\n%s", diff)
	}
	scenes := []scene{{title: "One and another", no: 4, from: 4, to: 6}, {title: "Two", no: 7, from: 7, to: 8}}
	if diff := cmp.Diff(scenes, s.scenes, cmp.AllowUnexported(scene{})); diff != "" {
		t.Errorf("scenes (-want +got)\n%s", diff)
	}
	if s.prelude() != 3 {
		t.Errorf("the common beginning has %d lines, want 3", s.prelude())
	}
	cmd := s.lines[4].cmd
	if got, want := cmd.verb.pattern, "customer <customer> writes <text>"; got != want {
		t.Errorf("verb %q, want %q", got, want)
	}
	if diff := cmp.Diff(map[string]string{"customer": "eva", "text": `a "b"`}, cmd.args.places); diff != "" {
		t.Errorf("places (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"stamped": "5s", "key": "k 1"}, cmd.args.options); diff != "" {
		t.Errorf("options (-want +got)\n%s", diff)
	}
	if got, want := s.lines[5].text, indent+"09:00:00 something"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
}

func TestParseScriptSaysWhatIsWrongAndWhere(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"ann dances with eva", "no command is like: ann dances with eva"},
		{`ann writes to eva hello`, `"<agent> writes to <conversation> <text>": hello should be in quotes`},
		{"advance soon", "soon is not a duration such as 1m30s"},
		{"advance -1s", "-1s is not a duration"},
		{"at noon", "noon is not a time such as 09:30:00"},
		{"supervisor sue sets priority of eva to high", "high is not a whole number"},
		{`ann writes to eva "hello`, "a quote does not end"},
		{`ann writes to eva "a"b`, "a space is missing before b"},
		{`ann writes to eva a"b`, `a quote within a"b`},
		{"queue sales colour=red", "takes no option colour; it takes name"},
		{"queue sales offer=1s offer=2s", "the option offer is given twice"},
		{"queue sales offer=1s now", "options such as offer= come last"},
		{"key=1", "options without a command"},
		{"queue sales =1", "an option has no name"},
		{"story", "a story needs a title"},
		{"    09:00:00 bob is there", "nothing can happen here: there is no command above"},
		{"\tann signs in", "there is no command above; a command is not indented"},
		{"advance 1s\xff", "not valid UTF-8"},
	} {
		_, err := parseScript("x.txt", "# one\n"+c.line+"\n")
		var e *scriptError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.txt:2: ") {
			t.Errorf("%q: %v, want x.txt:2: ... %s", c.line, err, c.want)
		}
	}
}

// Every verb can be written, and none hides another.
func TestEveryVerbMatchesItself(t *testing.T) {
	sample := map[string]string{
		"text": `"hello"`, "duration": "1m", "number": "3", "time": "09:30:00", "session": `"desk"`,
	}
	for i := range verbs {
		var words []string
		for _, p := range strings.Fields(verbs[i].pattern) {
			if p[0] == '<' || p[0] == '[' {
				name := p[1 : len(p)-1]
				if p = sample[name]; p == "" {
					p = "some-" + name
				}
			}
			words = append(words, p)
		}
		split, err := splitWords(strings.Join(words, " "))
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseCommand(split)
		if err != nil {
			t.Errorf("%s: %v", verbs[i].pattern, err)
		} else if got.verb != &verbs[i] {
			t.Errorf("%s is taken for %s", verbs[i].pattern, got.verb.pattern)
		}
	}
}

// Our own stories use every command with every option, so all of them are known
// to work.
func TestStoriesUseEveryCommand(t *testing.T) {
	files, err := filepath.Glob("../testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	used := map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseScript(name, string(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s.lines {
			if l.kind == commandLine {
				used[l.cmd.verb.pattern] = true
				for option := range l.cmd.args.options {
					used[l.cmd.verb.pattern+" "+option] = true
					used[option] = true
				}
			}
		}
	}
	shared := map[string]bool{"by": true, "at": true} // used somewhere is enough
	for _, v := range verbs {
		if !used[v.pattern] {
			t.Errorf("no story uses: %s", v.pattern)
		}
		for _, option := range v.options {
			if !used[v.pattern+" "+option] && !(shared[option] && used[option]) {
				t.Errorf("no story uses the option %s of: %s", option, v.pattern)
			}
		}
	}
}

// noting is a T that notes what fails.
type noting struct {
	T
	failed []string
}

func (n *noting) Errorf(format string, args ...any) {
	n.failed = append(n.failed, fmt.Sprintf(format, args...))
}

// A story that is told wrongly fails at its line, and is told rightly by an
// update.
func TestSceneFailsWhereItIsWrong(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"something else", "ann signs in\n    09:00:00 ann is dancing", "x.txt:2: ann signs in\nwant\n    09:00:00 ann is dancing\ngot\n    09:00:00 ann is idle \"signed in\""},
		{"nothing told", "ann signs in", "x.txt:2: ann signs in\nwant\n    nothing\ngot\n    09:00:00 ann is idle \"signed in\""},
		{"nothing happens", "agent bob\n    09:00:00 bob is there", "x.txt:2: agent bob\nwant\n    09:00:00 bob is there\ngot\n    nothing"},
		{"nobody called so", "ann accepts eva", "x.txt:2: the customer eva has no conversation yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseScript("x.txt", "agent ann\n"+c.text+"\n")
			if err != nil {
				t.Fatal(err)
			}
			n := &noting{T: t}
			Stories{}.scene(n, "x.txt", s.lines, 0, false)
			if diff := cmp.Diff([]string{c.want}, n.failed); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			// Told rightly, it passes.
			n = &noting{T: t}
			right, _ := Stories{}.scene(n, "x.txt", s.lines, 0, true)
			if right == nil {
				return // it cannot be played
			}
			if s, err = parseScript("x.txt", written(right)); err != nil {
				t.Fatal(err)
			}
			Stories{}.scene(n, "x.txt", s.lines, 0, false)
			if len(n.failed) > 0 {
				t.Errorf("after the update: %q", n.failed)
			}
		})
	}
}

func FuzzScript(f *testing.F) {
	files, err := filepath.Glob("../testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no stories: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i, one := range strings.SplitAfter(string(text), "\nstory ") {
			if i < 4 && len(one) < 800 { // small ones fuzz best
				f.Add(one)
			}
		}
	}
	f.Add("queue \"a b\" wrapup=\"x:Vy\\u0159e\u0161eno\"\n\tdeep\n\n# c")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseScript("x", text)
		if err != nil {
			return
		}
		once := written(s.lines)
		again, err := parseScript("x", once)
		if err != nil {
			t.Fatalf("printed it is no script: %v\n%s", err, once)
		}
		if twice := written(again.lines); twice != once {
			t.Fatalf("printing is not stable\n%q\n%q", once, twice)
		}
		if len(again.scenes) != len(s.scenes) {
			t.Fatalf("%d stories became %d", len(s.scenes), len(again.scenes))
		}
		for i, l := range s.lines {
			if l.kind != commandLine {
				continue
			}
			// The words, printed, are the same words.
			words, err := splitWords(l.text)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, w := range words {
				texts = append(texts, w.String())
			}
			same, err := splitWords(strings.Join(texts, " "))
			if err != nil {
				t.Fatalf("%s: %v", l.text, err)
			}
			if diff := cmp.Diff(words, same, cmp.AllowUnexported(word{})); diff != "" {
				t.Fatalf("%s (-want +got)\n%s", l.text, diff)
			}
			if again.lines[i].cmd.verb != l.cmd.verb {
				t.Fatalf("%s is another command when printed", l.text)
			}
		}
	})
}
