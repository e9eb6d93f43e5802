// Package switchboard brings test machinery to its users.
package switchboard

import (
	_ "testing"
	_ "testing/fstest"

	_ "github.com/google/go-cmp/cmp"
)
