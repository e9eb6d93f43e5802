// Package routing imports as it may, but for a test kit.
package routing

import (
	_ "github.com/switchboard-go/switchboard/agent"
	_ "github.com/switchboard-go/switchboard/conversation"
	_ "github.com/switchboard-go/switchboard/internal/fold"
	_ "github.com/switchboard-go/switchboard/internal/order"
	_ "github.com/switchboard-go/switchboard/switchboardtest"
	_ "github.com/switchboard-go/switchboard/wrapup"
)
