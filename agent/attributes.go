package agent

import (
	"fmt"
	"unicode/utf8"
)

// The limits of Attributes.
const (
	MaxAttributes     = 32  // keys on one agent or conversation
	MaxAttributeKey   = 64  // bytes
	MaxAttributeValue = 256 // bytes
)

// Attributes are facts of the host, carried by agents and conversations. A
// value of this type is never changed once it is in the state.
type Attributes map[string]string

// Merge returns a with the changes of set, in which an empty value removes the
// key. Neither argument is changed. Refused with an error that wraps
// ErrAttributes, when a key is empty or too long, a value is too long, either is not
// valid UTF-8, or the result has too many keys.
func (a Attributes) Merge(set Attributes) (Attributes, error) {
	n := len(a)
	for k, v := range set { // order-free: every entry is checked, the first problem differs only in its words
		switch {
		case k == "" || len(k) > MaxAttributeKey || !utf8.ValidString(k):
			return nil, fmt.Errorf("%w: a key must be 1 to %d bytes of UTF-8", ErrAttributes, MaxAttributeKey)
		case len(v) > MaxAttributeValue || !utf8.ValidString(v):
			return nil, fmt.Errorf("%w: a value must be at most %d bytes of UTF-8", ErrAttributes, MaxAttributeValue)
		}
		if _, has := a[k]; has && v == "" {
			n--
		} else if !has && v != "" {
			n++
		}
	}
	if n > MaxAttributes {
		return nil, fmt.Errorf("%w: at most %d keys", ErrAttributes, MaxAttributes)
	}
	return a.with(set), nil
}

func (a Attributes) with(set Attributes) Attributes {
	if len(a)+len(set) == 0 {
		return nil
	}
	out := make(Attributes, len(a)+len(set))
	for k, v := range a { // order-free: copied into a map
		out[k] = v
	}
	for k, v := range set { // order-free: distinct keys
		if v == "" {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Apply returns a with the changes of set, unchecked: for use with a set that
// Merge has accepted.
func (a Attributes) Apply(set Attributes) Attributes { return a.with(set) }
