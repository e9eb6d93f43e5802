package wire

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
	"time"
)

// A codec is all that the encoder and the decoder need to know about a type,
// found once when the registry is made.
type codec struct {
	op     op
	typ    reflect.Type
	fields []field // opStruct
	elem   *codec  // opPointer, opSlice

	appends bool // opText: has AppendText
	plain   bool // opMap: exactly map[string]string
	scalar  bool // opMap: the values are numbers or booleans
}

// Raw is a JSON value kept as it was written, spaces included. It is for what is
// read in two steps, such as the body of an event whose kind stands beside it.
// An empty Raw is written as null; anything else is written as it is, unchecked.
type Raw []byte

// op selects the code that handles a type.
type op uint8

const (
	opString op = iota
	opBool
	opInt
	opUint
	opFloat
	opTime
	opText
	opBytes
	opStruct
	opPointer
	opSlice
	opMap
	opRaw
)

// field is one field of a struct, or of a struct embedded in it.
type field struct {
	name  string
	key   string // the name as written, with a comma: `,"name":`
	index int
	path  []int // through embedded structs; nil when index says it all
	omit  omit
	codec *codec
}

// omit says when a field is left out.
type omit uint8

const (
	omitEmpty   omit = 1 << iota // false, 0, "", nil, no elements, zero time
	omitZero                     // the zero value of the type
	omitZeroAsk                  // what the method IsZero says
)

// of returns the field's value in the struct v.
func (f *field) of(v reflect.Value) reflect.Value {
	if f.path == nil {
		return v.Field(f.index)
	}
	for _, i := range f.path {
		v = v.Field(i)
	}
	return v
}

// zeroer is the method that omitzero asks, as in encoding/json.
type zeroer interface{ IsZero() bool }

var (
	timeType      = reflect.TypeFor[time.Time]()
	rawType       = reflect.TypeFor[Raw]()
	stringMapType = reflect.TypeFor[map[string]string]()
	zeroerType    = reflect.TypeFor[zeroer]()

	jsonMarshaler   = reflect.TypeFor[interface{ MarshalJSON() ([]byte, error) }]()
	jsonUnmarshaler = reflect.TypeFor[interface{ UnmarshalJSON([]byte) error }]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textAppender    = reflect.TypeFor[encoding.TextAppender]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// builder makes the codecs of one registry.
type builder struct {
	codecs map[reflect.Type]*codec // nil entries were refused
	errs   []error
}

func (b *builder) refuse(t reflect.Type, path, reason string) {
	b.errs = append(b.errs, &TypeError{Type: t, Field: path, Reason: reason})
}

// codec returns the codec of t, or nil after it reported why there is none.
// A type that contains itself gets a codec that contains itself.
func (b *builder) codec(t reflect.Type, path string) *codec {
	if c, ok := b.codecs[t]; ok {
		return c
	}
	c := &codec{typ: t}
	b.codecs[t] = c
	if !b.fill(c, path) {
		b.codecs[t] = nil
		return nil
	}
	return c
}

// implements reports whether t or a pointer to it has the methods of i.
func implements(t, i reflect.Type) bool {
	return t.Implements(i) || reflect.PointerTo(t).Implements(i)
}

func (b *builder) fill(c *codec, path string) bool {
	t := c.typ
	if t == timeType {
		c.op = opTime
		return true
	}
	if t == rawType {
		c.op = opRaw
		return true
	}
	if t.Kind() == reflect.Interface {
		b.refuse(t, path, "interfaces cannot be read back")
		return false
	}
	// A pointer has the methods of what it points to, and is seen to there.
	if t.Kind() != reflect.Pointer {
		if implements(t, jsonMarshaler) || implements(t, jsonUnmarshaler) {
			b.refuse(t, path, "types with their own MarshalJSON or UnmarshalJSON are not supported")
			return false
		}
		if implements(t, textMarshaler) || implements(t, textUnmarshaler) {
			if !t.Implements(textMarshaler) || !reflect.PointerTo(t).Implements(textUnmarshaler) {
				b.refuse(t, path, "needs both MarshalText on the value and UnmarshalText on the pointer")
				return false
			}
			c.op = opText
			c.appends = t.Implements(textAppender)
			return true
		}
	}
	switch t.Kind() {
	case reflect.String:
		c.op = opString
	case reflect.Bool:
		c.op = opBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.op = opInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.op = opUint
	case reflect.Float64:
		c.op = opFloat
	case reflect.Struct:
		c.op = opStruct
		return b.fillStruct(c, path)
	case reflect.Pointer:
		c.op = opPointer
		if t.Elem().Kind() == reflect.Pointer {
			// null could be the outer or the inner one.
			b.refuse(t, path, "pointers to pointers are not supported")
			return false
		}
		c.elem = b.codec(t.Elem(), path)
		if c.elem == nil {
			return false
		}
		if k := t.Elem().Kind(); (k == reflect.Slice || k == reflect.Map) && c.elem.op != opText {
			b.refuse(t, path, "pointers to slices and maps are not supported")
			return false
		}
	case reflect.Slice:
		c.op = opSlice
		c.elem = b.codec(t.Elem(), path+"[]")
		if c.elem == nil {
			return false
		}
		if t.Elem().Kind() == reflect.Uint8 && c.elem.op == opUint {
			c.op = opBytes
		}
	case reflect.Map:
		c.op = opMap
		c.plain = t == stringMapType
		switch t.Elem().Kind() {
		case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float64:
			c.scalar = true
			c.elem = b.codec(t.Elem(), path+"[]")
			if c.elem == nil {
				return false
			}
		}
		for i, s := range []reflect.Type{t.Key(), t.Elem()} {
			if s.Kind() != reflect.String && (i == 0 || !c.scalar) || implements(s, textMarshaler) || implements(s, textUnmarshaler) ||
				implements(s, jsonMarshaler) || implements(s, jsonUnmarshaler) {
				b.refuse(t, path, "maps need keys of a string kind and values of a string kind, numbers or booleans, without methods for text or JSON")
				return false
			}
		}
	default:
		b.refuse(t, path, "kind "+t.Kind().String()+" is not supported")
		return false
	}
	return true
}

// candidate is a field found while flattening embedded structs.
type candidate struct {
	field
	depth int
	path  string
}

func (b *builder) fillStruct(c *codec, path string) bool {
	var found []candidate
	ok := b.collect(&found, c.typ, nil, path)
	if opaque(c.typ) {
		b.refuse(c.typ, path, "has no exported fields, all would be lost")
		ok = false
	}
	for i, f := range found {
		hidden := false
		for j, o := range found {
			if i == j || f.name != o.name {
				continue
			}
			if f.depth == o.depth && i > j {
				b.refuse(c.typ, f.path, "two fields have the name "+f.name)
				ok = false
			}
			// As in Go, the field nearer to the surface hides the other.
			hidden = hidden || o.depth < f.depth
		}
		if !hidden {
			c.fields = append(c.fields, f.field)
		}
	}
	return ok
}

// opaque reports whether t has fields and not one that could be written.
func opaque(t reflect.Type) bool {
	fields := 0
	for i := range t.NumField() {
		f := t.Field(i)
		if f.IsExported() || f.Anonymous {
			return false
		}
		if f.Name != "_" {
			fields++
		}
	}
	return fields > 0
}

// collect appends the fields of t, which is reached by index, to found.
func (b *builder) collect(found *[]candidate, t reflect.Type, index []int, path string) bool {
	ok := true
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" || !sf.IsExported() && !sf.Anonymous {
			continue
		}
		here := path + "." + sf.Name
		at := append(slices.Clone(index), i)
		name, options, _ := strings.Cut(tag, ",")
		if sf.Anonymous {
			if sf.Type.Kind() == reflect.Pointer {
				b.refuse(sf.Type, here, "embedded pointers are not supported")
				ok = false
				continue
			}
			if sf.Type.Kind() == reflect.Struct && (tag != "" && name == "" || name != "" && !sf.IsExported()) {
				b.refuse(sf.Type, here, "embedded structs take no options, and no name unless exported")
				ok = false
				continue
			}
			if sf.Type.Kind() == reflect.Struct && name == "" {
				// Were its methods for text or JSON promoted, t would
				// have been met as a type with such methods. They are
				// not if two embedded types have them.
				if sf.Type == timeType || implements(sf.Type, textMarshaler) || implements(sf.Type, jsonMarshaler) {
					b.refuse(sf.Type, here, "embedded types with methods for text or JSON need a name")
					ok = false
					continue
				}
				ok = b.collect(found, sf.Type, at, here) && ok
				continue
			}
			if !sf.IsExported() {
				continue
			}
		}
		if name == "" {
			name = sf.Name
		}
		if !validName(name) {
			b.refuse(sf.Type, here, "a name may have only ASCII letters, digits and _ - .")
			ok = false
			continue
		}
		c := b.codec(sf.Type, here)
		if c == nil {
			ok = false
			continue
		}
		f := field{name: name, key: `,"` + name + `":`, index: i, codec: c}
		if len(at) > 1 {
			f.path = at
		}
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "":
			case "omitempty":
				f.omit |= omitEmpty
			case "omitzero":
				f.omit |= omitZero
				if c.op != opTime && implements(sf.Type, zeroerType) {
					f.omit |= omitZeroAsk
				}
			default:
				b.refuse(sf.Type, here, "the tag option "+option+" is not supported")
				ok = false
			}
		}
		*found = append(*found, candidate{f, len(at), here})
	}
	return ok
}

func validName(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return name != ""
}
