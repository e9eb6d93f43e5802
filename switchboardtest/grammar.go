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

// unknownCommand lists the verbs that have most words in common.
func unknownCommand(words []word) error {
	best, score := []string(nil), 0
	for i := range verbs {
		n := 0
		for _, p := range strings.Fields(verbs[i].pattern) {
			if slices.ContainsFunc(words, func(w word) bool { return !w.quoted && w.text == p }) {
				n++
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
