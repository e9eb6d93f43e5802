package wire

import (
	"fmt"
	"reflect"
)

// TypeError says that a type cannot be used: in [NewRegistry] because the
// format has no place for it, elsewhere because it was never registered.
type TypeError struct {
	// Type is the offending type; nil for an untyped nil.
	Type reflect.Type
	// Field is the Go path from the registered struct to the field of that
	// type, such as "Offered.Agent.Skills"; empty when it is no field.
	Field string
	// Reason says what is wrong.
	Reason string
}

func (e *TypeError) Error() string {
	name := "nil"
	if e.Type != nil {
		name = e.Type.String()
	}
	if e.Field != "" {
		return fmt.Sprintf("wire: %s (%s): %s", e.Field, name, e.Reason)
	}
	return fmt.Sprintf("wire: %s: %s", name, e.Reason)
}

// KindError says that [NewRegistry] was given a kind name that is empty or used
// before.
type KindError struct {
	// Kind is the name as given.
	Kind string
	// Reason says what is wrong.
	Reason string
}

func (e *KindError) Error() string {
	return fmt.Sprintf("wire: kind %q: %s", e.Kind, e.Reason)
}

// UnknownKindError says that a body is of a kind that the [Registry] does not
// have: most likely a newer program wrote it.
type UnknownKindError struct {
	// Kind is the name as given.
	Kind string
}

func (e *UnknownKindError) Error() string {
	return fmt.Sprintf("wire: unknown kind %q", e.Kind)
}

// SyntaxError says that the data is not JSON, or is nested too deep.
type SyntaxError struct {
	// Offset is the index of the first byte that cannot be; it equals the
	// length of the data when that ends too early.
	Offset int
	// Reason says what is wrong there.
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("wire: byte %d: %s", e.Offset, e.Reason)
}

// ValueError says that a value and its type do not go together: on decoding,
// that the data is JSON but not for this type (a string for a number, a number
// that is too large, a text that the type refuses); on encoding, that a value
// has no JSON (a NaN, a year past 9999, an enum without a name).
type ValueError struct {
	// Type is the Go type of the value.
	Type reflect.Type
	// Offset is the index of the first byte of the value in the data; -1 on
	// encoding.
	Offset int
	// Err says what is wrong; it may be the error of a text type's method.
	Err error
}

func (e *ValueError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("wire: cannot write this %s: %v", e.Type, e.Err)
	}
	return fmt.Sprintf("wire: byte %d: no %s: %v", e.Offset, e.Type, e.Err)
}

// Unwrap returns Err.
func (e *ValueError) Unwrap() error { return e.Err }
