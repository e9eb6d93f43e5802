package messenger

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// WatchdogConfig is the configuration of a [Watchdog].
type WatchdogConfig struct {
	// Client asks Meta. Mandatory.
	Client *Client
	// LastHeard tells when a page was last heard of: Webhook.LastHeard. Mandatory.
	LastHeard func(page conversation.Source) time.Time
	// Pages returns the pages to watch. It is called in each round. Mandatory.
	Pages func() []conversation.Source
	// Silence is how long a page may be silent before Meta is asked, and asked again. Zero
	// means an hour.
	Silence time.Duration
	// Every is the time between rounds. Zero means 10 minutes.
	Every time.Duration
	// Fields are those that each page is to be subscribed to; nil means DefaultFields.
	Fields []string
	// OnSilence, if set, is called with what was found out about a silent page.
	OnSilence func(ctx context.Context, s SilentPage)
	// Clock is the time. Nil is the system's clock; a clock.Clock will do.
	Clock interface {
		Now() time.Time
		After(d time.Duration) <-chan time.Time
	}
	// Logger gets a line when a page was subscribed again, or could not be. Nil logs
	// nothing.
	Logger *slog.Logger
}

// SilentPage is what was found out about a silent page.
type SilentPage struct {
	Page         conversation.Source // which page
	Since        time.Time           // when it was last heard of, or the watch began
	Status       PageStatus          // what Meta says, if it said so
	Resubscribed bool                // it had been unsubscribed, and is subscribed again
	Err          error               // why it is not known, or could not be subscribed
}

// Watchdog looks after pages that nothing comes from: after an hour of failures Meta
// unsubscribes a page and tells nobody but the developer. It asks Meta about each silent
// page, subscribes it again if need be, and reports it as disconnected, with
// CauseUnsubscribed, when Meta refuses that. Safe for concurrent use.
type Watchdog struct {
	c     WatchdogConfig
	began time.Time

	mu    sync.Mutex
	asked map[conversation.Source]time.Time
}

type realClock struct{ systemClock }

func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// NewWatchdog returns a watchdog that does nothing until Watch or Check is called. It
// refuses a configuration that is not valid with a [*ConfigError].
func NewWatchdog(c WatchdogConfig) (*Watchdog, error) {
	var problems []wrapup.FieldError
	problem := func(path, text string) { problems = append(problems, wrapup.FieldError{Path: path, Problem: text}) }
	if c.Client == nil {
		problem("Client", "is missing")
	}
	if c.LastHeard == nil {
		problem("LastHeard", "is missing")
	}
	if c.Pages == nil {
		problem("Pages", "is missing")
	}
	if c.Silence < 0 {
		problem("Silence", "is negative")
	}
	if c.Every < 0 {
		problem("Every", "is negative")
	}
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	if c.Silence == 0 {
		c.Silence = time.Hour
	}
	if c.Every == 0 {
		c.Every = 10 * time.Minute
	}
	if c.Fields == nil {
		c.Fields = DefaultFields
	}
	if c.Clock == nil {
		c.Clock = realClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Watchdog{c: c, began: c.Clock.Now(), asked: make(map[conversation.Source]time.Time)}, nil
}

// Watch makes rounds until the context is over, and returns its error. It is up to the
// caller to run it in a goroutine.
func (w *Watchdog) Watch(ctx context.Context) error {
	for {
		w.Check(ctx)
		select {
		case <-w.c.Clock.After(w.c.Every):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Check makes one round: it asks about each page that has been silent for too long and
// was not asked about for as long.
func (w *Watchdog) Check(ctx context.Context) {
	for _, page := range w.c.Pages() {
		now := w.c.Clock.Now()
		since := w.c.LastHeard(page)
		if since.Before(w.began) {
			since = w.began
		}
		w.mu.Lock()
		due := now.Sub(since) >= w.c.Silence && now.Sub(w.asked[page]) >= w.c.Silence
		if due {
			w.asked[page] = now
		}
		w.mu.Unlock()
		if due && ctx.Err() == nil {
			s := w.ask(ctx, page)
			s.Since = since
			if w.c.OnSilence != nil {
				w.c.OnSilence(ctx, s)
			}
		}
	}
}

func (w *Watchdog) ask(ctx context.Context, page conversation.Source) SilentPage {
	s := SilentPage{Page: page}
	if s.Status, s.Err = w.c.Client.CheckPage(ctx, page); s.Err != nil || len(s.Status.Missing(w.c.Fields)) == 0 {
		return s
	}
	s.Err = w.c.Client.Subscribe(ctx, page, w.c.Fields...)
	if s.Err == nil {
		s.Resubscribed = true
		w.c.Logger.WarnContext(ctx, "messenger: page was subscribed again", "page", page)
		return s
	}
	w.c.Logger.ErrorContext(ctx, "messenger: page cannot be subscribed", "page", page, "error", s.Err)
	if e := (*CallError)(nil); errors.As(s.Err, &e) && !e.Temporary && !s.Status.Subscribed {
		w.c.Client.Disconnected(ctx, page, CauseUnsubscribed)
	}
	return s
}
