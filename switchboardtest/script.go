package switchboardtest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// script is a file of stories: what comes before the first story is the common
// beginning of all of them.
type script struct {
	name   string
	lines  []line
	scenes []scene
}

// scene is one story: lines[from:to] after the common beginning.
type scene struct {
	title    string
	no       int
	from, to int
}

// line is one line of a script, as it is written.
type line struct {
	no   int
	kind lineKind
	text string
	cmd  command // of a commandLine
}

type lineKind uint8

const (
	blankLine lineKind = iota
	commentLine
	titleLine
	commandLine
	outputLine
)

// scriptError says what is wrong with a script, and where.
type scriptError struct {
	file string
	line int
	msg  string
}

func (e *scriptError) Error() string { return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.msg) }

// indent is what output lines begin with.
const indent = "    "

// parseScript reads a script. It refuses with a *scriptError what is no command,
// and an indented line that is below none: nothing could have made it happen, and
// an update would lose it.
func parseScript(name, text string) (*script, error) {
	s := &script{name: name}
	no, above := 0, blankLine
	for raw := range strings.Lines(text) {
		no++
		fail := func(format string, args ...any) error {
			return &scriptError{name, no, fmt.Sprintf(format, args...)}
		}
		raw = strings.TrimRight(raw, " \t\r\n")
		if !utf8.ValidString(raw) {
			return nil, fail("not valid UTF-8")
		}
		l := line{no: no, text: raw}
		switch {
		case raw == "":
			l.kind = blankLine
		case strings.HasPrefix(raw, "#"):
			l.kind = commentLine
		case raw[0] == ' ' || raw[0] == '\t':
			l.kind = outputLine
			l.text = indent + strings.TrimLeft(raw, " \t")
			if above != commandLine && above != outputLine {
				msg := "nothing can happen here: there is no command above"
				if isCommand(raw) {
					msg += "; a command is not indented"
				}
				return nil, fail("%s", msg)
			}
		case raw == "story" || strings.HasPrefix(raw, "story "):
			l.kind = titleLine
			title := strings.TrimSpace(strings.TrimPrefix(raw, "story"))
			if title == "" {
				return nil, fail("a story needs a title")
			}
			s.endScene()
			s.scenes = append(s.scenes, scene{title: title, no: no, from: len(s.lines) + 1})
		default:
			l.kind = commandLine
			words, err := splitWords(raw)
			if err != nil {
				return nil, fail("%v", err)
			}
			if l.cmd, err = parseCommand(words); err != nil {
				return nil, fail("%v", err)
			}
		}
		s.lines = append(s.lines, l)
		above = l.kind
	}
	s.endScene()
	return s, nil
}

// isCommand reports whether the text is that of a command.
func isCommand(text string) bool {
	words, err := splitWords(text)
	if err != nil {
		return false
	}
	_, err = parseCommand(words)
	return err == nil
}

func (s *script) endScene() {
	if n := len(s.scenes); n > 0 {
		s.scenes[n-1].to = len(s.lines)
	}
}

// prelude is the end of the common beginning.
func (s *script) prelude() int {
	if len(s.scenes) == 0 {
		return 0
	}
	return s.scenes[0].from - 1
}

// written is the lines as they stand in a file.
func written(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
	return b.String()
}

// word is one word of a command: a bare one, a quoted one, or an option
// key=value, whose value may be quoted.
type word struct {
	key    string
	text   string
	quoted bool
}

func (w word) String() string {
	s := w.text
	if w.quoted {
		s = strconv.Quote(s)
	}
	if w.key != "" {
		s = w.key + "=" + s
	}
	return s
}

// splitWords parts a command into words. Quotes are as in Go.
func splitWords(s string) ([]word, error) {
	var words []word
	for s = strings.TrimLeft(s, " \t"); s != ""; s = strings.TrimLeft(s, " \t") {
		var w word
		if eq := strings.IndexAny(s, "= \t\""); eq > 0 && s[eq] == '=' {
			w.key, s = s[:eq], s[eq+1:]
		}
		if strings.HasPrefix(s, `"`) {
			quoted, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, fmt.Errorf("a quote does not end: %s", s)
			}
			if w.text, err = strconv.Unquote(quoted); err != nil {
				return nil, fmt.Errorf("%s: %v", quoted, err)
			}
			w.quoted = true
			s = s[len(quoted):]
			if s != "" && s[0] != ' ' && s[0] != '\t' {
				return nil, fmt.Errorf("a space is missing before %s", s)
			}
		} else {
			end := strings.IndexAny(s, " \t")
			if end < 0 {
				end = len(s)
			}
			w.text, s = s[:end], s[end:]
			if strings.Contains(w.text, `"`) {
				return nil, fmt.Errorf("a quote within %s", w.text)
			}
			if w.key == "" && strings.Contains(w.text, "=") {
				return nil, fmt.Errorf("an option has no name: %s", w.text)
			}
		}
		words = append(words, w)
	}
	return words, nil
}
