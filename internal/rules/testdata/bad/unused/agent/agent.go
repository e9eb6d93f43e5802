// Package agent imports what the root should.
package agent

import _ "golang.org/x/sync/errgroup"
