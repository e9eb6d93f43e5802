package wire

import (
	"cmp"
	"encoding"
	"encoding/base64"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// maxDepth is how many objects and arrays may be nested, the outermost one
// included, in what is written and in what is read.
const maxDepth = 32

var errDepth = errors.New("nested deeper than 32 levels")

// Encoder writes the structs of a [Registry]. It keeps scratch space between
// calls and is not safe for concurrent use; make one for each goroutine that
// writes.
type Encoder struct {
	r *Registry

	scratch scratch
	pairs   []pair // of the map being written
	text    []byte // of the text being escaped

	at     time.Time // the last instant of AppendInstant
	atText []byte    // and how it is written; empty when it cannot be
	day    dayText   // of any instant
}

type pair struct{ key, value string }

// NewEncoder returns an encoder for the types of r.
func (r *Registry) NewEncoder() *Encoder { return &Encoder{r: r} }

// AppendBody appends the JSON object of v to dst. v is a struct (not a pointer)
// of a type that is bound to a kind; any other gives a [*TypeError]. A value
// that has no JSON gives a [*ValueError]. With an error dst comes back as it was.
//
// It allocates nothing but room in dst, unless v has text types without
// AppendText or maps other than map[string]string.
func (e *Encoder) AppendBody(dst []byte, v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	root := e.r.roots[t]
	if root == nil || root.kind == "" {
		return dst, &TypeError{Type: t, Reason: "not bound to a kind"}
	}
	return e.root(dst, root, reflect.ValueOf(v))
}

// AppendTagged appends v as two members of an object that the caller writes, its
// kind and its body:
//
//	"kind":"conversation.accepted","body":{...}
//
// It refuses what [Encoder.AppendBody] refuses.
func (e *Encoder) AppendTagged(dst []byte, v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	root := e.r.roots[t]
	if root == nil || root.kind == "" {
		return dst, &TypeError{Type: t, Reason: "not bound to a kind"}
	}
	out := append(dst, `"kind":`...)
	out = appendString(out, root.kind)
	out = append(out, `,"body":`...)
	out, err := e.root(out, root, reflect.ValueOf(v))
	if err != nil {
		return dst, err
	}
	return out, nil
}

// AppendString appends s as [Encoder] writes a string.
func AppendString[T string | []byte](dst []byte, s T) []byte { return appendString(dst, s) }

// AppendInstant appends t as the encoder writes an instant. It reports false, and
// returns dst as it was, when the year has more than four digits.
//
// Until the next call the same instant costs little in what is encoded: nearly all
// that happens together has the same one.
func (e *Encoder) AppendInstant(dst []byte, t time.Time) ([]byte, bool) {
	if t != e.at || len(e.atText) == 0 {
		text, ok := appendTime(e.atText[:0], t, &e.day)
		e.at, e.atText = t, text
		if !ok {
			return dst, false
		}
	}
	return append(dst, e.atText...), true
}

// Append appends the JSON object of v to dst, where v is any registered struct
// or a pointer to one; the pointer saves the allocation of putting a struct in
// an interface. Errors are as for [Encoder.AppendBody].
func (e *Encoder) Append(dst []byte, v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	if root := e.r.roots[t]; root != nil {
		return e.root(dst, root, reflect.ValueOf(v))
	}
	if t != nil && t.Kind() == reflect.Pointer {
		if root := e.r.roots[t.Elem()]; root != nil {
			rv := reflect.ValueOf(v)
			if rv.IsNil() {
				return dst, &ValueError{Type: t, Offset: -1, Err: errors.New("nil pointer")}
			}
			return e.root(dst, root, rv.Elem())
		}
	}
	return dst, &TypeError{Type: t, Reason: "not registered"}
}

func (e *Encoder) root(dst []byte, root *root, v reflect.Value) ([]byte, error) {
	p := e.scratch.of(e.r, root)
	p.v.Set(v)
	var out []byte
	var err error
	if p.cells != nil {
		out, err = e.fields(dst, root.codec, p.cells, 1)
	} else {
		out, err = e.object(dst, root.codec, p.v, 1)
	}
	p.v.SetZero() // keep nothing of v alive
	if err != nil {
		return dst, err
	}
	return out, nil
}

// fields appends the struct whose fields lie in cells. depth counts the nesting
// with this object.
func (e *Encoder) fields(dst []byte, c *codec, cells []cell, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, &ValueError{Type: c.typ, Offset: -1, Err: errDepth}
	}
	dst = append(dst, '{')
	comma := 1 // bytes of the key to skip: the comma before the first one
	for i := range cells {
		f, at := &c.fields[i], &cells[i]
		if f.omit != 0 && at.omitted(f) {
			continue
		}
		dst = append(dst, f.key[comma:]...)
		comma = 0
		var err error
		switch f.codec.op {
		case opString:
			dst = appendString(dst, *at.str)
		case opInt:
			dst = strconv.AppendInt(dst, at.v.Int(), 10)
		case opTime:
			dst, err = e.time(dst, at.self)
		case opText:
			dst, err = e.textual(dst, f.codec, at.self)
		case opStruct:
			dst, err = e.fields(dst, f.codec, at.cells, depth+1)
		default:
			dst, err = e.value(dst, f.codec, at.v, depth)
		}
		if err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// object is fields for a struct that does not lie in scratch.
func (e *Encoder) object(dst []byte, c *codec, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, &ValueError{Type: c.typ, Offset: -1, Err: errDepth}
	}
	dst = append(dst, '{')
	comma := 1
	for i := range c.fields {
		f := &c.fields[i]
		fv := f.of(v)
		if f.omit != 0 && omitted(f, fv) {
			continue
		}
		dst = append(dst, f.key[comma:]...)
		comma = 0
		var err error
		if dst, err = e.value(dst, f.codec, fv, depth); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// omitted is the function omitted for the most frequent types, without its
// detours.
func (c *cell) omitted(f *field) bool {
	switch {
	case f.codec.op == opTime:
		return c.self.(*time.Time).IsZero()
	case f.codec.op == opString && f.omit == omitEmpty:
		return *c.str == ""
	}
	return omitted(f, c.v)
}

// omitted reports whether the field f is left out for the value v.
func omitted(f *field, v reflect.Value) bool {
	if f.codec.op == opTime {
		return v.Addr().Interface().(*time.Time).IsZero()
	}
	if f.omit&omitEmpty != 0 {
		switch v.Kind() {
		case reflect.String, reflect.Slice, reflect.Map:
			if v.Len() == 0 {
				return true
			}
		case reflect.Struct: // never empty
		default:
			if v.IsZero() {
				return true
			}
		}
	}
	switch {
	case f.omit&omitZeroAsk != 0:
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return true
			}
			return v.Interface().(zeroer).IsZero()
		}
		return v.Addr().Interface().(zeroer).IsZero()
	case f.omit&omitZero != 0:
		return v.IsZero()
	}
	return false
}

// value appends any value. depth counts the objects and arrays around it.
func (e *Encoder) value(dst []byte, c *codec, v reflect.Value, depth int) ([]byte, error) {
	switch c.op {
	case opString:
		return appendString(dst, v.String()), nil
	case opBool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case opInt:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case opUint:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case opFloat:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return dst, &ValueError{Type: c.typ, Offset: -1, Err: errors.New("not a finite number")}
		}
		return appendFloat(dst, f), nil
	case opTime:
		return e.time(dst, v.Addr().Interface())
	case opText:
		return e.textual(dst, c, v.Addr().Interface())
	case opBytes:
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
		return append(dst, '"'), nil
	case opStruct:
		return e.object(dst, c, v, depth+1)
	case opPointer:
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return e.value(dst, c.elem, v.Elem(), depth)
	case opSlice:
		return e.array(dst, c, v, depth+1)
	case opRaw:
		if v.Len() == 0 {
			return append(dst, "null"...), nil
		}
		return append(dst, v.Bytes()...), nil
	case opMap:
		if c.scalar {
			return e.scalars(dst, c, v, depth+1)
		}
		return e.mapping(dst, c, v, depth+1)
	}
	return dst, &TypeError{Type: c.typ, Reason: "not supported"}
}

func (e *Encoder) array(dst []byte, c *codec, v reflect.Value, depth int) ([]byte, error) {
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	if depth > maxDepth {
		return dst, &ValueError{Type: c.typ, Offset: -1, Err: errDepth}
	}
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = e.value(dst, c.elem, v.Index(i), depth); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (e *Encoder) mapping(dst []byte, c *codec, v reflect.Value, depth int) ([]byte, error) {
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	if depth > maxDepth {
		return dst, &ValueError{Type: c.typ, Offset: -1, Err: errDepth}
	}
	pairs := e.pairs[:0]
	if c.plain {
		for k, s := range *v.Addr().Interface().(*map[string]string) { // order-free: sorted below
			pairs = append(pairs, pair{k, s})
		}
	} else {
		for it := v.MapRange(); it.Next(); { // order-free: sorted below
			pairs = append(pairs, pair{it.Key().String(), it.Value().String()})
		}
	}
	return e.sorted(dst, pairs), nil
}

// scalars writes a map whose values are numbers or booleans.
func (e *Encoder) scalars(dst []byte, c *codec, v reflect.Value, depth int) ([]byte, error) {
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	if depth > maxDepth {
		return dst, &ValueError{Type: c.typ, Offset: -1, Err: errDepth}
	}
	keys := v.MapKeys() // order-free: sorted below
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, k.String()), ':')
		var err error
		if dst, err = e.value(dst, c.elem, v.MapIndex(k), depth); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// time appends the [time.Time] that self points to.
func (e *Encoder) time(dst []byte, self any) ([]byte, error) {
	dst, ok := e.AppendTime(dst, *self.(*time.Time))
	if !ok {
		return dst, &ValueError{Type: timeType, Offset: -1, Err: errYear}
	}
	return dst, nil
}

// textual appends what the type's own method gives, as a string. self is a
// pointer to the value: it has the methods of the value too.
func (e *Encoder) textual(dst []byte, c *codec, self any) ([]byte, error) {
	if !c.appends {
		text, err := self.(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return dst, &ValueError{Type: c.typ, Offset: -1, Err: err}
		}
		return appendString(dst, text), nil
	}
	start := len(dst) + 1
	dst = append(dst, '"')
	out, err := self.(encoding.TextAppender).AppendText(dst)
	if err != nil {
		return dst, &ValueError{Type: c.typ, Offset: -1, Err: err}
	}
	if len(out) < start {
		return dst, &ValueError{Type: c.typ, Offset: -1, Err: errors.New("AppendText removed bytes")}
	}
	if !Plain(out, start) {
		e.text = append(e.text[:0], out[start:]...)
		out = appendEscaped(out[:start], e.text, 0)
	}
	return append(out, '"'), nil
}

// appendFloat writes as JavaScript does, and encoding/json: plainly unless the
// exponent is large.
func appendFloat(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs == 0 || 1e-6 <= abs && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// e-09 is written e-9; a positive exponent has two digits at least.
	if n := len(dst); dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
