package messenger

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/wrapup"
)

// DeauthorizeConfig is the configuration of [NewDeauthorize].
type DeauthorizeConfig struct {
	// AppSecrets are the secrets of the app. At least one is needed, none may be empty.
	AppSecrets []Secret
	// Removed is told that a person removed the app: report the pages that the person
	// connected to [Client.Disconnected] with CauseAppRemoved. After an error Meta is
	// answered with 503. Mandatory.
	Removed func(ctx context.Context, r SignedRequest) error
	// Failures bounds what an address costs that sends what Meta did not sign.
	Failures FailureLimit
	// Logger gets a line when a request is refused or fails. Nil logs nothing.
	Logger *slog.Logger
}

// NewDeauthorize returns the handler of the app's deauthorise callback. It answers 200, and
// 400, 401, 429 and 503 as [Deletions.Callback] does.
func NewDeauthorize(c DeauthorizeConfig) (http.Handler, error) {
	var problems []wrapup.FieldError
	problem := func(path, text string) { problems = append(problems, wrapup.FieldError{Path: path, Problem: text}) }
	checkSecrets(c.AppSecrets, problem)
	if c.Removed == nil {
		problem("Removed", "is missing")
	}
	c.Failures.check(problem)
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	return &callback{
		secrets: slices.Clone(c.AppSecrets), log: orDiscard(c.Logger), name: "deauthorise", from: newSources(c.Failures, systemClock{}),
		do: func(ctx context.Context, r SignedRequest) ([]byte, error) { return nil, c.Removed(ctx, r) },
	}, nil
}

func orDiscard(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}

// callback handles a signed_request in a form.
type callback struct {
	secrets []Secret
	log     *slog.Logger
	name    string
	from    *sources
	do      func(context.Context, SignedRequest) ([]byte, error)
}

// ServeHTTP implements http.Handler.
func (c *callback) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	from, ok := c.from.enter(r)
	if !ok {
		rw.WriteHeader(http.StatusTooManyRequests)
		return
	}
	body, status := c.serve(rw, r)
	switch status {
	case http.StatusOK, http.StatusServiceUnavailable:
		from.passed()
	default:
		from.failed()
	}
	if status == http.StatusMethodNotAllowed {
		rw.Header().Set("Allow", http.MethodPost)
	}
	if body != nil {
		rw.Header().Set("Content-Type", "application/json")
	}
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}

func (c *callback) serve(rw http.ResponseWriter, r *http.Request) ([]byte, int) {
	if r.Method != http.MethodPost {
		return nil, http.StatusMethodNotAllowed
	}
	deadline := time.Now().Add(DefaultTimeout)
	ctx, cancel := context.WithDeadline(r.Context(), deadline)
	defer cancel()
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.Header.Get("Content-Encoding") != "" {
		return nil, http.StatusUnsupportedMediaType
	}
	const plain, parts = "application/x-www-form-urlencoded", "multipart/form-data"
	if media != plain && media != parts {
		return nil, http.StatusUnsupportedMediaType
	}
	data, status := readBody(rw, r, 4*maxSignedRequest, deadline)
	if status != http.StatusOK {
		return nil, status
	}
	text := ""
	if media == parts {
		text = multipartField(data, params["boundary"])
	} else {
		form, err := url.ParseQuery(string(data))
		if err != nil {
			return nil, http.StatusBadRequest
		}
		text = form.Get("signed_request")
	}
	request, err := ParseSignedRequest(text, c.secrets)
	if err != nil {
		c.log.WarnContext(ctx, "messenger: callback refused", "callback", c.name, "error", err)
		return nil, http.StatusUnauthorized
	}
	answer, err := c.do(ctx, request)
	if err != nil {
		c.log.ErrorContext(ctx, "messenger: callback failed", "callback", c.name, "error", err)
		return nil, http.StatusServiceUnavailable
	}
	return answer, http.StatusOK
}

// multipartField returns the field signed_request of a form in parts, or "".
func multipartField(body []byte, boundary string) string {
	if boundary == "" {
		return ""
	}
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	for range 16 {
		part, err := form.NextPart()
		if err != nil {
			return ""
		}
		if part.FormName() == "signed_request" && part.FileName() == "" {
			data, err := io.ReadAll(io.LimitReader(part, maxSignedRequest+1))
			if err != nil {
				return ""
			}
			return string(data)
		}
	}
	return ""
}
