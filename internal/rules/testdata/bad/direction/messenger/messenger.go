// Package messenger imports past the root.
package messenger

import (
	_ "github.com/switchboard-go/switchboard"
	_ "github.com/switchboard-go/switchboard/conversation"
	_ "github.com/switchboard-go/switchboard/internal/floor"
)
