// Package agent imports outward.
package agent

import _ "github.com/switchboard-go/switchboard/routing"
