package wire

import "reflect"

// scratch holds one settable value for each registered struct, made when first
// needed, and belongs to one encoder or decoder. Structs are written from it and
// read into it, for two reasons: only the fields of a settable value can be
// reached without allocating, and because it stays in one place, the fields have
// to be looked up only once.
type scratch struct {
	places []place // by the index of the root
	once   bool    // for one call only, in which looking up does not pay
}

// place is the scratch value of one registered struct.
type place struct {
	v     reflect.Value
	cells []cell // one for each field of the codec; nil if not looked up
}

// cell is where a field lies in scratch.
type cell struct {
	v     reflect.Value
	self  any     // pointer to the field
	str   *string // the same for opString
	cells []cell  // opStruct: its fields
}

// of returns the place for the struct of root.
func (s *scratch) of(r *Registry, root *root) *place {
	if s.once {
		return &place{v: reflect.New(root.codec.typ).Elem()}
	}
	if s.places == nil {
		s.places = make([]place, len(r.list))
	}
	p := &s.places[root.index]
	if p.cells == nil {
		p.v = reflect.New(root.codec.typ).Elem()
		p.cells = bind(root.codec, p.v)
	}
	return p
}

var stringPointer = reflect.TypeFor[*string]()

// bind looks up the fields of the struct v, and those of the structs in it.
func bind(c *codec, v reflect.Value) []cell {
	cells := make([]cell, len(c.fields))
	for i := range c.fields {
		f := &c.fields[i]
		fv := f.of(v)
		cells[i] = cell{v: fv, self: fv.Addr().Interface()}
		switch f.codec.op {
		case opString:
			cells[i].str = fv.Addr().Convert(stringPointer).Interface().(*string)
		case opStruct:
			cells[i].cells = bind(f.codec, fv)
		}
	}
	return cells
}

// pointer returns a pointer to the value v. at is where it lies in scratch, nil
// when it lies elsewhere.
func pointer(v reflect.Value, at *cell) any {
	if at != nil {
		return at.self
	}
	return v.Addr().Interface()
}
