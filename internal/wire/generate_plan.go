package wire

import (
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// can reports whether there is code for c. A field that may be left out needs
// none: when it is there, the encoder itself is asked.
func (g *generator) can(c *codec) bool {
	if able, found := g.able[c]; found {
		return able
	}
	g.able[c] = false // a type that contains itself has no code
	g.able[c] = g.find(c)
	return g.able[c]
}

func (g *generator) find(c *codec) bool {
	switch c.op {
	case opString, opBool, opInt, opUint, opTime:
		return true
	case opText:
		return c.appends
	case opPointer, opSlice:
		return g.can(c.elem)
	case opMap:
		return !c.scalar
	case opStruct:
		if !exported(c.typ.Name()) || strings.Contains(c.typ.Name(), "[") {
			return false // other packages cannot name it, or it has type arguments
		}
		for i := range c.fields {
			f := &c.fields[i]
			present := g.present(c.typ, f)
			if !reachable(c.typ, f) || strings.Contains(present, never) || present == "" && !g.can(f.codec) {
				return false
			}
		}
		return true
	}
	return false
}

func exported(name string) bool {
	r, _ := utf8.DecodeRuneInString(name)
	return unicode.IsUpper(r)
}

// reachable reports whether other packages can name the field f of t.
func reachable(t reflect.Type, f *field) bool {
	for name := range strings.SplitSeq(selector(t, f)[1:], ".") {
		if !exported(name) {
			return false
		}
	}
	return true
}

// fails reports whether the code for c may give up.
func (g *generator) fails(c *codec) bool {
	switch c.op {
	case opTime, opText:
		return true
	case opPointer, opSlice:
		return g.fails(c.elem)
	case opStruct:
		for i := range c.fields {
			if f := &c.fields[i]; !g.can(f.codec) || g.fails(f.codec) {
				return true
			}
		}
	}
	return false
}

// height returns how many objects and arrays are nested in what has code, with
// those around it.
func (g *generator) height(c *codec, around int) int {
	switch c.op {
	case opPointer:
		return g.height(c.elem, around)
	case opSlice:
		return g.height(c.elem, around+1)
	case opMap:
		return around + 1
	case opStruct:
		around++
		most := around
		for i := range c.fields {
			if f := &c.fields[i]; g.can(f.codec) {
				most = max(most, g.height(f.codec, around))
			}
		}
		return most
	}
	return around
}

// never is in the condition of a field of which the generator cannot say when it
// is left out.
const never = "?"

// present returns the condition under which the field f of the struct v is
// written, "" if it always is. It says the same as the function omitted.
func (g *generator) present(t reflect.Type, f *field) string {
	x := "v" + selector(t, f)
	if f.omit != 0 && f.codec.op == opTime {
		return "!" + x + ".IsZero()"
	}
	var all []string
	typ := f.codec.typ
	if f.omit&omitEmpty != 0 {
		switch typ.Kind() {
		case reflect.Slice, reflect.Map:
			all = append(all, "len("+x+") != 0")
		case reflect.Struct: // never empty
		default:
			all = append(all, g.nonzero(typ, x))
		}
	}
	switch {
	case f.omit&omitZeroAsk != 0 && typ.Kind() == reflect.Pointer:
		all = append(all, x+" != nil && !"+x+".IsZero()")
	case f.omit&omitZeroAsk != 0:
		all = append(all, "!"+x+".IsZero()")
	case f.omit&omitZero != 0:
		all = append(all, g.nonzero(typ, x))
	}
	return strings.Join(all, " && ")
}

// nonzero returns the condition under which x is not the zero value of its type.
func (g *generator) nonzero(t reflect.Type, x string) string {
	switch t.Kind() {
	case reflect.String:
		return x + ` != ""`
	case reflect.Bool:
		return x
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return x + " != 0"
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return x + " != nil"
	case reflect.Struct:
		if t == timeType {
			return x + " != (time.Time{})" // in a struct that is left out as a whole
		}
		var any []string
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				return never
			}
			any = append(any, g.nonzero(f.Type, x+"."+f.Name))
		}
		if len(any) == 0 {
			return never
		}
		return "(" + strings.Join(any, " || ") + ")"
	}
	return never
}
