// Package wire writes structs as JSON and reads them back, fast and always the
// same way.
//
// A [Registry] names the structs once, when the program starts:
//
//	registry, err := wire.NewRegistry([]wire.Kind{
//		{Name: "conversation.offered", Zero: Offered{}},
//		{Name: "conversation.accepted", Zero: Accepted{}},
//	}, Header{})
//
// The one goroutine that writes then keeps an [Encoder], the one that reads a
// [Decoder]; both keep scratch space so that they allocate little or nothing:
//
//	enc := registry.NewEncoder()
//	kind, _ := registry.Kind(body)
//	buf, err = enc.AppendBody(buf[:0], body)
//
//	dec := registry.NewDecoder()
//	body, err := dec.DecodeBody(kind, buf)
//	switch body := body.(type) {
//	case Offered:
//
// The methods of the same names on Registry do the same, safe for concurrent
// use, with a few allocations more.
//
// # What is written
//
// The format is what encoding/json writes for the same struct and tags with
// HTML escaping off, and either reads what the other wrote. Fields come in the
// order of the struct, maps sorted by key, so equal values give equal bytes.
// There are two differences: a [time.Time] is always written in UTC with the
// digits of a second it needs, and a zero one is left out under omitempty as
// well as under omitzero.
//
// # What is read
//
// A name must match exactly, with regard to case. Fields that the struct does
// not have are skipped, so that an older program can read what a newer one
// wrote. Where a name comes twice the last one holds, whole: nothing is merged.
// null gives the zero value. Times come back in UTC.
//
// # Types
//
// Fields may be strings, bools, all sizes of int and uint, float64,
// [time.Time], [time.Duration] (as nanoseconds), structs, pointers, slices,
// []byte (as base64), maps with keys and values of string kinds, and any type
// that is both an [encoding.TextMarshaler] and, by its pointer, an
// [encoding.TextUnmarshaler]. A text type that is also an
// [encoding.TextAppender] is written without an allocation. Embedded structs
// are flattened. Tags are those of encoding/json except the option "string".
//
// Everything else is refused by [NewRegistry] with a [*TypeError], so a
// program that starts has no type that cannot be written. Types with methods
// MarshalJSON or UnmarshalJSON are among those refused, except time.Time.
package wire
