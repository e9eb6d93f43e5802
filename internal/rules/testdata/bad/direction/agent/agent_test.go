package agent_test

import (
	_ "github.com/switchboard-go/switchboard"
	_ "github.com/switchboard-go/switchboard/examples/desk"
	_ "github.com/switchboard-go/switchboard/switchboardtest"
)
