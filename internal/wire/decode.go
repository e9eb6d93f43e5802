package wire

import (
	"encoding"
	"encoding/base64"
	"errors"
	"math"
	"reflect"
	"strconv"
	"time"
)

// Decoder reads the structs of a [Registry]. It keeps scratch space between
// calls and is not safe for concurrent use; make one for each goroutine that
// reads.
type Decoder struct {
	r       *Registry
	s       scanner
	scratch scratch // zero between calls
}

// NewDecoder returns a decoder for the types of r.
func (r *Registry) NewDecoder() *Decoder { return &Decoder{r: r} }

// DecodeBody reads a JSON object and returns it as a struct (not a pointer) of
// the type that kind is bound to. It keeps no reference to data.
//
// A kind that is not bound gives an [*UnknownKindError], data that is not JSON
// or is nested deeper than 32 levels a [*SyntaxError], and JSON that does not go
// with the type a [*ValueError].
func (d *Decoder) DecodeBody(kind string, data []byte) (any, error) {
	root := d.r.byKind[kind]
	if root == nil {
		return nil, &UnknownKindError{Kind: kind}
	}
	v, err := d.root(root, data)
	var body any
	if err == nil {
		body = v.Interface() // a copy
	}
	v.SetZero()
	return body, err
}

// Decode reads a JSON object into the registered struct that ptr points to. It
// replaces the whole struct, and leaves it as it was when it returns an error:
// those of [Decoder.DecodeBody], or a [*TypeError] when ptr is not a pointer to
// a registered struct or is nil. It keeps no reference to data.
func (d *Decoder) Decode(data []byte, ptr any) error {
	t := reflect.TypeOf(ptr)
	if t == nil || t.Kind() != reflect.Pointer {
		return &TypeError{Type: t, Reason: "not a pointer to a registered struct"}
	}
	root := d.r.roots[t.Elem()]
	if root == nil {
		return &TypeError{Type: t, Reason: "not a pointer to a registered struct"}
	}
	target := reflect.ValueOf(ptr)
	if target.IsNil() {
		return &TypeError{Type: t, Reason: "nil pointer"}
	}
	v, err := d.root(root, data)
	if err == nil {
		target.Elem().Set(v)
	}
	v.SetZero()
	return err
}

// root decodes data into scratch. The caller clears that.
func (d *Decoder) root(root *root, data []byte) (reflect.Value, error) {
	p := d.scratch.of(d.r, root)
	s := &d.s
	s.data, s.pos, s.err = data, 0, nil
	ok := false
	if s.peek() == '{' {
		ok = d.object(root.codec, p.v, p.cells, 0)
	} else {
		ok = d.mismatch(root.codec, 0, "object wanted")
	}
	if ok && (s.peek() != 0 || s.pos < len(data)) {
		s.fail("nothing more wanted")
	}
	s.data = nil
	return p.v, s.err
}

// refuse notes that the value at offset does not go with the type. Always
// false.
func (d *Decoder) refuse(c *codec, offset int, err error) bool {
	if d.s.err == nil {
		d.s.err = &ValueError{Type: c.typ, Offset: offset, Err: err}
	}
	return false
}

// mismatch is refuse for a value that was not taken yet: if it is no JSON at
// all, that is the problem.
func (d *Decoder) mismatch(c *codec, depth int, reason string) bool {
	d.s.peek()
	offset := d.s.pos
	return d.s.skip(depth) && d.refuse(c, offset, errors.New(reason))
}

// object decodes into the struct v. cells are its fields when it lies in scratch,
// else nil. depth counts the objects and arrays around it. The opening brace was
// seen.
func (d *Decoder) object(c *codec, v reflect.Value, cells []cell, depth int) bool {
	s := &d.s
	if !s.deeper(depth) {
		return false
	}
	s.pos++
	next := 0 // the field that comes now if they come in our own order
	for first := true; ; first = false {
		i := s.expected(c, next, first)
		if i < 0 {
			if !s.more('}', first) {
				return s.err == nil
			}
			name, ok := s.str()
			if !ok {
				return false
			}
			i = c.find(name, next)
			if !s.want(':') {
				return false
			}
			if i < 0 {
				if !s.skip(depth + 1) {
					return false
				}
				continue
			}
		}
		next = i + 1
		f := &c.fields[i]
		ok := false
		if cells == nil {
			ok = d.value(f.codec, f.of(v), nil, depth+1)
		} else if at := &cells[i]; at.str != nil && s.pos < len(s.data) && s.data[s.pos] == '"' {
			// The most frequent case.
			var text []byte
			if text, ok = s.str(); ok {
				*at.str = string(text)
			}
		} else {
			ok = d.value(f.codec, at.v, at, depth+1)
		}
		if !ok {
			return false
		}
	}
}

// expected takes the name of field i together with its comma and colon, if they
// come exactly as the encoder writes them, and returns i; else -1.
func (s *scanner) expected(c *codec, i int, first bool) int {
	if i >= len(c.fields) {
		return -1
	}
	key := c.fields[i].key
	if first {
		key = key[1:]
	}
	if end := s.pos + len(key); end > len(s.data) || string(s.data[s.pos:end]) != key {
		return -1
	}
	s.pos += len(key)
	return i
}

// find returns the index of the field with the given name, or -1. It looks from
// start on, then at the ones before.
func (c *codec) find(name []byte, start int) int {
	for i := start; i < len(c.fields); i++ {
		if c.fields[i].name == string(name) {
			return i
		}
	}
	for i := range min(start, len(c.fields)) {
		if c.fields[i].name == string(name) {
			return i
		}
	}
	return -1
}

// value decodes any value into v, replacing what a field of the same name put
// there before. at is where v lies in scratch, else nil. depth counts the objects
// and arrays around it.
func (d *Decoder) value(c *codec, v reflect.Value, at *cell, depth int) bool {
	s := &d.s
	next := s.peek()
	if next == 'n' {
		v.SetZero()
		return s.word("null")
	}
	start := s.pos
	switch c.op {
	case opRaw:
		if !s.skip(depth) {
			return false
		}
		v.SetBytes(append([]byte(nil), s.data[start:s.pos]...))
		return true
	case opString:
		if next != '"' {
			return d.mismatch(c, depth, "string wanted")
		}
		text, ok := s.str()
		if ok {
			v.SetString(string(text))
		}
		return ok
	case opBool:
		switch next {
		case 't':
			v.SetBool(true)
			return s.word("true")
		case 'f':
			v.SetBool(false)
			return s.word("false")
		}
		return d.mismatch(c, depth, "true or false wanted")
	case opInt, opUint, opFloat:
		if next != '-' && next-'0' > 9 {
			return d.mismatch(c, depth, "number wanted")
		}
		text, integer, ok := s.number()
		return ok && d.number(c, v, start, text, integer)
	case opTime:
		if next != '"' {
			return d.mismatch(c, depth, "time wanted")
		}
		text, ok := s.str()
		if !ok {
			return false
		}
		t, err := parseTime(text)
		if err != nil {
			return d.refuse(c, start, err)
		}
		*pointer(v, at).(*time.Time) = t
		return true
	case opText:
		if next != '"' {
			return d.mismatch(c, depth, "string wanted")
		}
		text, ok := s.str()
		if !ok {
			return false
		}
		v.SetZero()
		if err := pointer(v, at).(encoding.TextUnmarshaler).UnmarshalText(text); err != nil {
			return d.refuse(c, start, err)
		}
		return true
	case opBytes:
		if next != '"' {
			return d.mismatch(c, depth, "base64 wanted")
		}
		text, ok := s.str()
		if !ok {
			return false
		}
		b := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Decode(b, text)
		if err != nil {
			return d.refuse(c, start, err)
		}
		v.SetBytes(b[:n])
		return true
	case opStruct:
		if next != '{' {
			return d.mismatch(c, depth, "object wanted")
		}
		v.SetZero()
		var cells []cell
		if at != nil {
			cells = at.cells
		}
		return d.object(c, v, cells, depth)
	case opPointer:
		p := reflect.New(c.elem.typ)
		v.Set(p)
		return d.value(c.elem, p.Elem(), nil, depth)
	case opSlice:
		if next != '[' {
			return d.mismatch(c, depth, "array wanted")
		}
		return d.array(c, v, depth)
	case opMap:
		if next != '{' {
			return d.mismatch(c, depth, "object wanted")
		}
		return d.mapping(c, v, depth)
	}
	return d.mismatch(c, depth, "type not supported")
}

// number decodes the number text, which began at start.
func (d *Decoder) number(c *codec, v reflect.Value, start int, text []byte, integer bool) bool {
	if c.op == opFloat {
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return d.refuse(c, start, errors.New("number too large"))
		}
		v.SetFloat(f)
		return true
	}
	if !integer {
		return d.refuse(c, start, errors.New("whole number wanted"))
	}
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	n := uint64(0)
	for _, digit := range text {
		digit -= '0'
		if n > (math.MaxUint64-uint64(digit))/10 {
			return d.refuse(c, start, errors.New("number too large"))
		}
		n = n*10 + uint64(digit)
	}
	if c.op == opUint {
		if negative {
			return d.refuse(c, start, errors.New("number below zero"))
		}
		if v.OverflowUint(n) {
			return d.refuse(c, start, errors.New("number too large"))
		}
		v.SetUint(n)
		return true
	}
	signed := int64(n)
	if negative {
		signed = -signed
		if n > 1<<63 {
			return d.refuse(c, start, errors.New("number too large"))
		}
	} else if n > math.MaxInt64 {
		return d.refuse(c, start, errors.New("number too large"))
	}
	if v.OverflowInt(signed) {
		return d.refuse(c, start, errors.New("number too large"))
	}
	v.SetInt(signed)
	return true
}

// array decodes into the slice v. The opening bracket was seen.
func (d *Decoder) array(c *codec, v reflect.Value, depth int) bool {
	s := &d.s
	if !s.deeper(depth) {
		return false
	}
	s.pos++
	v.SetZero() // one read earlier under the same name is dropped whole
	n := 0
	for first := true; s.more(']', first); first = false {
		if n == v.Cap() {
			v.Grow(max(n, 2)) // what it adds is zero
		}
		v.SetLen(n + 1)
		if !d.value(c.elem, v.Index(n), nil, depth+1) {
			return false
		}
		n++
	}
	if n == 0 {
		v.Set(reflect.MakeSlice(c.typ, 0, 0)) // empty, not nil
	}
	return s.err == nil
}

// mapping decodes into the map v. The opening brace was seen.
func (d *Decoder) mapping(c *codec, v reflect.Value, depth int) bool {
	s := &d.s
	if !s.deeper(depth) {
		return false
	}
	s.pos++
	var plain map[string]string
	var key, elem reflect.Value
	if c.plain {
		plain = map[string]string{}
		*v.Addr().Interface().(*map[string]string) = plain
	} else {
		v.Set(reflect.MakeMap(c.typ))
		key = reflect.New(c.typ.Key()).Elem()
		elem = reflect.New(c.typ.Elem()).Elem()
	}
	for first := true; s.more('}', first); first = false {
		text, ok := s.str()
		if !ok {
			return false
		}
		name := string(text)
		if !s.want(':') {
			return false
		}
		if c.scalar {
			elem.SetZero()
			if !d.value(c.elem, elem, nil, depth+1) {
				return false
			}
			key.SetString(name)
			v.SetMapIndex(key, elem)
			continue
		}
		value := ""
		switch s.peek() {
		case 'n':
			if !s.word("null") {
				return false
			}
		case '"':
			text, ok := s.str()
			if !ok {
				return false
			}
			value = string(text)
		default:
			return d.mismatch(c, depth+1, "string wanted")
		}
		if c.plain {
			plain[name] = value
			continue
		}
		key.SetString(name)
		elem.SetString(value)
		v.SetMapIndex(key, elem)
	}
	return s.err == nil
}
