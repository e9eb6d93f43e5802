package switchboard

import (
	"context"

	"github.com/switchboard-go/switchboard/internal/floor"
)

// Look shows the committed state, caught up, to tests of the whole Board.
func Look(ctx context.Context, b *Board, look func(*floor.Floor)) error {
	return b.view(ctx, func(f *floor.Floor) error {
		look(f)
		return nil
	})
}
