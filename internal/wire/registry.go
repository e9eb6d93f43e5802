package wire

import (
	"errors"
	"reflect"
)

// Kind binds a name to a struct type.
type Kind struct {
	// Name is stored beside each body and must never change meaning, for
	// example "conversation.offered". It must not be empty.
	Name string
	// Zero is a value of the struct type; only its type matters.
	Zero any
}

// Registry knows how to write and read the structs it was made for. It never
// changes once made and is safe for concurrent use.
type Registry struct {
	roots  map[reflect.Type]*root
	byKind map[string]*root
	list   []*root
}

// root is a registered struct.
type root struct {
	kind  string // empty for a plain struct
	index int    // in Registry.list, and in the scratch of coders
	codec *codec
}

// NewRegistry makes a registry of the given kinds, and of plain structs that
// have no kind, such as the header of a record; of the latter only the types
// matter. It refuses, with all problems joined in one error: a name that is
// empty or given twice with a [*KindError]; anything but a struct, a type given
// twice, and a struct that has any field that cannot be written and read with a
// [*TypeError].
func NewRegistry(kinds []Kind, plain ...any) (*Registry, error) {
	r := &Registry{
		roots:  make(map[reflect.Type]*root, len(kinds)+len(plain)),
		byKind: make(map[string]*root, len(kinds)),
	}
	b := builder{codecs: map[reflect.Type]*codec{}}
	for _, k := range kinds {
		if k.Name == "" {
			b.errs = append(b.errs, &KindError{Kind: k.Name, Reason: "a kind needs a name"})
		} else if r.byKind[k.Name] != nil {
			b.errs = append(b.errs, &KindError{Kind: k.Name, Reason: "given twice"})
		} else if root := r.add(&b, k.Zero); root != nil {
			root.kind = k.Name
			r.byKind[k.Name] = root
		}
	}
	for _, zero := range plain {
		r.add(&b, zero)
	}
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	return r, nil
}

func (r *Registry) add(b *builder, zero any) *root {
	t := reflect.TypeOf(zero)
	switch {
	case t == nil || t.Kind() != reflect.Struct:
		b.refuse(t, "", "only structs can be registered")
		return nil
	case r.roots[t] != nil:
		b.refuse(t, "", "registered twice")
		return nil
	}
	c := b.codec(t, t.Name())
	if c == nil {
		return nil // the builder has the reason
	}
	if c.op != opStruct {
		b.refuse(t, "", "only structs written as JSON objects can be registered")
		return nil
	}
	root := &root{index: len(r.list), codec: c}
	r.roots[t] = root
	r.list = append(r.list, root)
	return root
}

// Kind returns the name that v's type is bound to, and false when it is bound
// to none.
func (r *Registry) Kind(v any) (string, bool) {
	root := r.roots[reflect.TypeOf(v)]
	if root == nil || root.kind == "" {
		return "", false
	}
	return root.kind, true
}

// AppendBody is [Encoder.AppendBody] with a new encoder for each call.
func (r *Registry) AppendBody(dst []byte, v any) ([]byte, error) {
	e := Encoder{r: r, scratch: scratch{once: true}}
	return e.AppendBody(dst, v)
}

// Append is [Encoder.Append] with a new encoder for each call.
func (r *Registry) Append(dst []byte, v any) ([]byte, error) {
	e := Encoder{r: r, scratch: scratch{once: true}}
	return e.Append(dst, v)
}

// DecodeBody is [Decoder.DecodeBody] with a new decoder for each call.
func (r *Registry) DecodeBody(kind string, data []byte) (any, error) {
	d := Decoder{r: r, scratch: scratch{once: true}}
	return d.DecodeBody(kind, data)
}

// Decode is [Decoder.Decode] with a new decoder for each call.
func (r *Registry) Decode(data []byte, ptr any) error {
	d := Decoder{r: r, scratch: scratch{once: true}}
	return d.Decode(data, ptr)
}
