// Package agent does what the engine's shell should do.
package agent

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	. "strings"
	"sync/atomic"
	clk "time"

	"github.com/benbjohnson/clock"
)

var _ = []any{context.Background, rand.Read, slog.Info, http.Get, os.Exit, atomic.AddInt64, ToUpper, clock.New}

func effects(t clk.Time) {
	now := clk.Now
	<-clk.After(clk.Second)
	_ = t.After(now())
	_ = t.In(clk.Local)
	_ = t.Local()
	fmt.Println(fmt.Sprint(t))
	println(t.Unix())
}
