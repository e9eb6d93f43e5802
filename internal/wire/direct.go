package wire

import (
	"cmp"
	"slices"
	"time"
)

// What is here is for code that [Generate] has written: the parts of an object,
// without a look at any type.

// AppendText appends s as [Encoder] writes a string, without the quotes.
func AppendText(dst []byte, s string) []byte { return appendInner(dst, s) }

// Plain reports whether b from start on stands for itself in a JSON string, and
// b has so much at all.
func Plain(b []byte, start int) bool {
	return start <= len(b) && plainPrefix(b[start:]) == len(b)-start
}

// AppendTime is [Encoder.AppendInstant] without keeping t for the next call.
func (e *Encoder) AppendTime(dst []byte, t time.Time) ([]byte, bool) {
	if t == e.at && len(e.atText) > 0 {
		return append(dst, e.atText...), true
	}
	return appendTime(dst, t, &e.day)
}

// AppendStrings appends m as e writes a map of strings.
func AppendStrings[K, V ~string](e *Encoder, dst []byte, m map[K]V) []byte {
	if m == nil {
		return append(dst, "null"...)
	}
	pairs := e.pairs[:0]
	for k, v := range m { // order-free: sorted when they are written
		pairs = append(pairs, pair{string(k), string(v)})
	}
	return e.sorted(dst, pairs)
}

// sorted appends the pairs as an object, sorted by their keys, and keeps the
// room of them for the next call.
func (e *Encoder) sorted(dst []byte, pairs []pair) []byte {
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	dst = append(dst, '{')
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, p.key), ':')
		dst = appendString(dst, p.value)
	}
	clear(pairs)
	e.pairs = pairs
	return append(dst, '}')
}
