package switchboardtest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// Stories are files that a supervisor can read aloud: what somebody does, and
// below it, indented, what happens. See the package documentation for how they
// are written.
type Stories struct {
	// Glob says which files, as filepath.Glob reads it.
	Glob string
	// Config is what every story begins with.
	Config Config
	// Bubble plays each story in a testing/synctest bubble on clock.New()
	// instead of on a clock.Mock. What happens must be the same. A story in which
	// the clock jumps back is not played: a bubble's does not.
	Bubble bool
}

// RunStories plays all stories of the files on fake time; see Stories.Run.
func RunStories(t *testing.T, glob string) {
	t.Helper()
	Stories{Glob: glob}.Run(t)
}

// Run plays every story of every file as a test of its own, and fails those
// where something else happens than the file says. With the flag -update, which
// your test declares,
//
//	var _ = flag.Bool("update", false, "rewrite what stories say that happens")
//
// the files are rewritten instead; read what changed before you believe it.
func (s Stories) Run(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(s.Glob)
	if err != nil {
		t.Fatalf("switchboardtest: %v", err)
	}
	if len(files) == 0 {
		t.Fatalf("switchboardtest: no file is like %s", s.Glob)
	}
	update := false
	if f := flag.Lookup("update"); f != nil {
		update = f.Value.String() == "true" && !s.Bubble
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) { s.file(t, file, update) })
	}
}

// file plays one file.
func (s Stories) file(t *testing.T, name string, update bool) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := parseScript(name, string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(sc.scenes) == 0 {
		sc.scenes = []scene{{title: "story", from: 0, to: len(sc.lines)}}
	}
	var played []line
	for i, one := range sc.scenes {
		common := sc.prelude()
		lines := append(sc.lines[:common:common], sc.lines[one.from:one.to]...)
		if s.Bubble && jumps(lines) {
			continue
		}
		var got []line
		var n int // the common beginning, which may have grown
		t.Run(one.title, func(t *testing.T) {
			if s.Bubble {
				synctest.Test(t, func(t *testing.T) { s.scene(t, name, lines, common, false) })
				return
			}
			got, n = s.scene(t, name, lines, common, update)
		})
		if update && got == nil {
			t.Fatalf("%s is left as it is", name)
		}
		if update {
			if i == 0 {
				played = append(played, got[:n]...)
			}
			if one.no > 0 {
				played = append(played, sc.lines[one.from-1])
			}
			played = append(played, got[n:]...)
		}
	}
	if update {
		if out := written(played); out != string(text) {
			if err := os.WriteFile(name, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// jumps reports whether the clock does what a bubble's cannot.
func jumps(lines []line) bool {
	for _, l := range lines {
		if l.kind == commandLine && strings.HasPrefix(l.cmd.verb.pattern, "clock ") {
			return true
		}
	}
	return false
}

// scene plays one story and returns its lines with what really happened, and how
// many of them are the common beginning. It returns nil when the story cannot be
// played.
func (s Stories) scene(t T, name string, lines []line, common int, update bool) (got []line, n int) {
	config := s.Config
	config.Real = s.Bubble
	p := newPlayer(New(t, config))
	for i := 0; i < len(lines); {
		if i == common {
			n = len(got)
		}
		l := lines[i]
		i++
		if l.kind != commandLine {
			if l.kind != outputLine {
				got = append(got, l)
			} else if !update {
				t.Errorf("%s:%d: nothing can happen here: there is no command above", name, l.no)
			}
			continue
		}
		got = append(got, l)
		said, err := p.play(l.cmd)
		if err != nil {
			t.Errorf("%s:%d: %v", name, l.no, err)
			return nil, 0
		}
		var want []string
		for ; i < len(lines) && lines[i].kind == outputLine; i++ {
			want = append(want, strings.TrimPrefix(lines[i].text, indent))
		}
		for _, text := range said {
			got = append(got, line{kind: outputLine, text: indent + text})
		}
		if !update && strings.Join(want, "\n") != strings.Join(said, "\n") {
			t.Errorf("%s:%d: %s\nwant\n%s\ngot\n%s", name, l.no, l.text, block(want), block(said))
		}
	}
	return got, n
}

func block(lines []string) string {
	if len(lines) == 0 {
		return indent + "nothing"
	}
	return indent + strings.Join(lines, "\n"+indent)
}
