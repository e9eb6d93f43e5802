package switchboardtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verb is one form of command: a pattern of words, what options it takes, and
// what it does. In a pattern "<agent>" stands for a word, "<text>" for a quoted
// text, "<duration>" for one such as 1m30s, "<number>" for a whole number,
// "<time>" for 09:30:00; "[text]" may be left out at the end.
type verb struct {
	pattern string
	options []string // beside key and why
	run     func(*player, args) error
}

// command is a line that matches a verb.
type command struct {
	verb *verb
	args args
}

// args are what a command gave for the places of its pattern and its options.
type args struct {
	places  map[string]string
	options map[string]string
}

func (a args) get(place string) string { return a.places[place] }

func (a args) duration(place string) time.Duration {
	d, _ := time.ParseDuration(a.places[place]) // the parser has seen to it
	return d
}

func (a args) number(place string) int {
	n, _ := strconv.Atoi(a.places[place]) // the parser has seen to it
	return n
}

// option returns the value of an option, or "".
func (a args) option(name string) string { return a.options[name] }

// parseCommand finds the verb for the words.
func parseCommand(words []word) (command, error) {
	var plain []word
	options := map[string]string{}
	var order []string
	for _, w := range words {
		if w.key == "" {
			if len(options) > 0 {
				return command{}, fmt.Errorf("options such as %s= come last, before nothing like %v", order[0], w)
			}
			plain = append(plain, w)
			continue
		}
		if _, twice := options[w.key]; twice {
			return command{}, fmt.Errorf("the option %s is given twice", w.key)
		}
		options[w.key] = w.text
		order = append(order, w.key)
	}
	if len(plain) == 0 {
		return command{}, errors.New("options without a command")
	}
	var near error
	for i := range verbs {
		v := &verbs[i]
		places, ok, err := v.match(plain)
		if err != nil {
			near = errors.Join(near, err)
		}
		if !ok {
			continue
		}
		for _, name := range order {
			if name != "key" && name != "why" && !slices.Contains(v.options, name) && !slices.Contains(v.options, "*") {
				return command{}, fmt.Errorf("%q takes no option %s; it takes %s", v.pattern, name,
					strings.Join(append(slices.Clone(v.options), "key", "why"), ", "))
			}
		}
		return command{v, args{places, options}}, nil
	}
	if near != nil {
		return command{}, near
	}
	return command{}, unknownCommand(plain)
}

// match reports whether the words fit the pattern. An error says that only the
// form of one word is wrong.
func (v *verb) match(words []word) (map[string]string, bool, error) {
	places := map[string]string{}
	parts := strings.Fields(v.pattern)
	var wrong error
	for i, p := range parts {
		optional := p[0] == '['
		if i >= len(words) {
			if optional {
				return places, wrong == nil, wrong
			}
			return nil, false, nil
		}
		w := words[i]
		if p[0] != '<' && !optional {
			if w.quoted || w.text != p {
				return nil, false, nil
			}
			continue
		}
		name := p[1 : len(p)-1]
		if err := fits(name, w); err != nil {
			wrong = fmt.Errorf("%q: %w", v.pattern, err)
		}
		places[name] = w.text
	}
	if len(words) > len(parts) {
		return nil, false, nil
	}
	return places, wrong == nil, wrong
}

// fits refuses a word that is not of the form of its place.
func fits(place string, w word) error {
	switch place {
	case "text":
		if !w.quoted {
			return fmt.Errorf("%s should be in quotes", w.text)
		}
	case "duration":
		if d, err := time.ParseDuration(w.text); err != nil || d < 0 {
			return fmt.Errorf("%s is not a duration such as 1m30s", w.text)
		}
	case "number":
		if _, err := strconv.Atoi(w.text); err != nil {
			return fmt.Errorf("%s is not a whole number", w.text)
		}
	case "time":
		if _, err := time.Parse(time.TimeOnly, w.text); err != nil {
			return fmt.Errorf("%s is not a time such as 09:30:00", w.text)
		}
	}
	return nil
}

// unknownCommand lists the verbs that have most words in common with the line,
// where a word that is nearly the same counts half.
func unknownCommand(words []word) error {
	best, score := []string(nil), 0
	for i := range verbs {
		n := 0
		for _, p := range strings.Fields(verbs[i].pattern) {
			if p[0] != '<' && p[0] != '[' {
				n += likeness(p, words)
			}
		}
		switch {
		case n > score:
			best, score = []string{verbs[i].pattern}, n
		case n == score && n > 0:
			best = append(best, verbs[i].pattern)
		}
	}
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.String()
	}
	msg := fmt.Sprintf("no command is like: %.200s", strings.Join(texts, " "))
	if len(best) > 0 {
		msg += "; there is: " + strings.Join(best[:min(len(best), 8)], "; ")
	}
	return errors.New(msg)
}

// likeness is 2 if the word of a pattern is one of the line's, 1 if one of them is
// nearly it, and else 0.
func likeness(pattern string, words []word) int {
	most := 0
	for _, w := range words {
		switch {
		case w.quoted:
		case w.text == pattern:
			return 2
		case near(pattern, w.text):
			most = 1
		}
	}
	return most
}

// near reports whether one word may be meant by the other: with one letter
// wrong, missing, too many or swapped with the next for about each four that it
// has. Words of three letters and fewer are near to none, for most are.
func near(a, b string) bool {
	long := max(len(a), len(b))
	if long < 4 || len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return false
	}
	return distance(a, b) <= min(2, long/4)
}

// distance is the number of bytes to replace, insert, delete, or swap with the next
// one that makes a of b.
func distance(a, b string) int {
	var before, last []int // the rows for one and two bytes of a less
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := last[j-1]
			if a[i-1] != b[j-1] {
				same++
			}
			row[j] = min(same, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
