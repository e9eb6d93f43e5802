// Package agent has one of everything.
package agent

import (
	"iter"
	"time"
)

// State is a named type.
type State int

// The states.
const (
	Idle State = iota + 1
	Available
	hidden
)

// Max is untyped.
const Max = 10

// Err is a variable.
var Err error

// Agent has fields.
type Agent struct {
	Base
	Since time.Time
	state State
}

// Base is embedded.
type Base struct{ ID string }

// Step is a method with named results.
func (a Agent) Step(now time.Time, more ...string) (next Agent, err error) { return }

// Close is a method of a pointer.
func (a *Agent) Close() {}

// Command is sealed.
type Command interface {
	Name() string
	command()
}

// Named has an embedded interface.
type Named interface {
	Command
	error
}

// List is generic.
type List[T comparable] struct{ Items []T }

// All returns a sequence.
func (l List[T]) All() iter.Seq[T] { return nil }

// Alias is another name.
type Alias = []Agent

// Map is a function.
func Map[K comparable, V any](m map[K]V, f func(K) V) map[K]V { return m }
