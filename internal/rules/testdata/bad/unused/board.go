// Package switchboard imports no module, though one with a similar name.
package switchboard

import _ "golang.org/x/syncutil"
