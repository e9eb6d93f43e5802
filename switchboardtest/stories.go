package switchboardtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	// Config is what every story begins with. Leave its Store nil, since stories
	// on one store would be one story; Bubble decides about Real.
	Config Config
	// Bubble plays each story in a testing/synctest bubble on clock.New()
	// instead of on a clock.Mock. What happens must be the same. A story in which
	// the clock jumps back is not played: a bubble's does not.
	Bubble bool
}

// RunStories plays all stories of the files on fake time. For go test to know the
// flag -update, your test declares it; see Stories.Run.
func RunStories(t *testing.T, glob string) {
	t.Helper()
	Stories{Glob: glob}.Run(t)
}

// Run plays every story of every file as a test of its own, and fails those
// where something else happens than the file says.
//
// With the flag -update the files are rewritten instead: what happens, and
// nothing else. Read what changed before you believe it. This package declares no
// flag, since it would be in the way of one of yours: your test does, once,
//
//	var _ = flag.Bool("update", false, "rewrite what the stories say that happens")
//
// and is run with
//
//	go test ./shop -run TestStories -update
//
// Without the declaration go test says "flag provided but not defined: -update",
// as it does of every other package that is tested in the same run. A test that
// has such a flag for files of its own shares it.
//
// A file that has no story, a line that is no command, and an indented line with
// no command above it fail the test at their line and leave the file as it is; so
// does an update that would lose a command because it is indented, and one of
// which not every story was played.
func (s Stories) Run(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(s.Glob)
	if err != nil {
		t.Fatalf("switchboardtest: %v", err)
	}
	if len(files) == 0 {
		t.Fatalf("switchboardtest: no file is like %s", s.Glob)
	}
	f := flag.Lookup("update")
	update := f != nil && f.Value.String() == "true" && !s.Bubble
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) {
			if s.file(t, file, update) && f != nil && !s.Bubble {
				t.Log("run with -update to write what happened; read what changed before you believe it")
			}
		})
	}
}

// readScript reads a file of stories. It refuses one without a story, which would
// pass by saying nothing.
func readScript(name string) (*script, string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, "", fmt.Errorf("switchboardtest: %w", err)
	}
	sc, err := parseScript(name, string(text))
	if err != nil {
		return nil, "", err
	}
	if len(sc.scenes) == 0 {
		return nil, "", fmt.Errorf("%s: no story: begin one with a line `story <title>`", name)
	}
	return sc, string(text), nil
}

// file plays one file and reports whether an update would make it pass.
func (s Stories) file(t *testing.T, name string, update bool) (outdated bool) {
	sc, text, err := readScript(name)
	if err != nil {
		t.Fatal(err)
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
		passed := t.Run(one.title, func(t *testing.T) {
			if s.Bubble {
				synctest.Test(t, func(t *testing.T) { s.scene(t, name, lines, common, false) })
				return
			}
			got, n = s.scene(t, name, lines, common, update)
		})
		if update && got == nil {
			t.Fatalf("%s is left as it is: not every story was played to its end", name)
		}
		outdated = outdated || !passed && got != nil
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
		if out := written(played); out != text {
			if err := os.WriteFile(name, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return outdated
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
	got = []line{} // not nil: a story without a line can be played
	for i := 0; i < len(lines); {
		if i == common {
			n = len(got)
		}
		l := lines[i]
		i++
		got = append(got, l)
		if l.kind != commandLine {
			continue
		}
		said, err := p.play(l.cmd)
		if err != nil {
			t.Errorf("%s:%d: %v", name, l.no, err)
			return nil, 0
		}
		var want []string
		for ; i < len(lines) && lines[i].kind == outputLine; i++ {
			text := strings.TrimPrefix(lines[i].text, indent)
			if update && isCommand(text) && !slices.Contains(said, text) {
				t.Errorf("%s:%d: an update would lose this command; a command is not indented: %s", name, lines[i].no, text)
				return nil, 0
			}
			want = append(want, text)
		}
		for _, text := range said {
			got = append(got, line{kind: outputLine, text: indent + text})
		}
		if !update && strings.Join(want, "\n") != strings.Join(said, "\n") {
			t.Errorf("%s:%d: %s\nwant\n%s\ngot\n%s", name, l.no, l.text, block(want), block(said))
		}
	}
	if common == len(lines) { // the story has no line of its own
		n = len(got)
	}
	return got, n
}

func block(lines []string) string {
	if len(lines) == 0 {
		return indent + "nothing"
	}
	return indent + strings.Join(lines, "\n"+indent)
}
