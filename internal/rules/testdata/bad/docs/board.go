package switchboard

type Bare struct {
	Silent int
	Noted  int // Noted has a comment behind it.
	// Told has one above it.
	Told   int
	A, B   int
	hidden int
	Inner  struct {
		Deep int
	}
}

func (b *Bare) Method() {}

func (b Bare) quiet() {}

type generic[T any] struct{}

func (g generic[T]) Exported() {}

// Explained has a comment; its methods do not.
type Explained interface {
	Do()
	// Done has one.
	Done()
	sealed()
}

// A group explains its constants.
const (
	One = iota
	Two
)

const Lone = 1

var (
	// Told has a comment.
	Told                 = 1
	ErrSilent, errHidden error
)

// Types in a group need a comment each.
type (
	Grouped int
	// Fine has one.
	Fine int
)

func New() *Bare { return nil }
