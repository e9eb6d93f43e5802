// Package switchboard imports an adapter.
package switchboard

import (
	_ "github.com/switchboard-go/switchboard/internal/floor"
	_ "github.com/switchboard-go/switchboard/messenger"
)
