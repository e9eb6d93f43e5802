// Command desk imports what users cannot.
package main

import (
	_ "github.com/switchboard-go/switchboard"
	_ "github.com/switchboard-go/switchboard/internal/wire"
	_ "github.com/switchboard-go/switchboard/messenger/messengertest"
	_ "github.com/switchboard-go/switchboard/switchboardtest"
)

func main() {}
