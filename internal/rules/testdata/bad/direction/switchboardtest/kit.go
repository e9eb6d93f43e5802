// Package switchboardtest imports an example.
package switchboardtest

import (
	_ "github.com/switchboard-go/switchboard"
	_ "github.com/switchboard-go/switchboard/examples/desk"
)
