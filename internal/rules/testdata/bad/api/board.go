// Package switchboard is the root.
package switchboard

import "github.com/switchboard-go/switchboard/agent"

// Board uses a type of another package.
type Board struct{ Agents []agent.Agent }

var wrong int = "text"
