package switchboard

import (
	_ "github.com/benbjohnson/clock"
	_ "golang.org/x/sync/errgroup"
)
