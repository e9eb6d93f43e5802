package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/wrapup"
)

// Deletion is the answer to a request to delete a person's data.
type Deletion struct {
	// StatusURL is an https page that tells a human how the deletion stands. It is
	// needed also when there is nothing to delete, or the person is not known: it then
	// says so.
	StatusURL string
	// Code is what the human quotes, by which you find the request again: letters and
	// digits, at most 128.
	Code string
}

// DeletionConfig is the configuration of [NewDeletion].
type DeletionConfig struct {
	// AppSecrets are the secrets of the app. At least one is needed, none may be empty.
	AppSecrets []Secret
	// Delete begins the deletion, durably, and says where to see how it stands. Meta may
	// ask more than once: the same request gives the same answer. After an error Meta is
	// answered with 503.
	//
	// The person is named as the app knows them, which is not how a page knows its
	// customers: one who only wrote to a page never has such an id. Map it to who
	// connected pages; if it is nobody you know, say so on the page behind StatusURL. To
	// erase a customer of a page is another matter, which starts from their id there.
	// Mandatory.
	Delete func(ctx context.Context, r SignedRequest) (Deletion, error)
	// Logger gets a line when a request is refused or fails. Nil logs nothing.
	Logger *slog.Logger
}

// NewDeletion returns the handler of the app's data deletion callback. It answers 200 with
// the URL and the code in JSON, and without a body 400 or 401 for what is not Meta's, and
// 503 for an error of Delete. It refuses a configuration that is not valid with a
// [*ConfigError].
func NewDeletion(c DeletionConfig) (http.Handler, error) {
	if c.Delete == nil {
		return nil, callbackProblems(c.AppSecrets, "Delete")
	}
	if err := callbackProblems(c.AppSecrets, ""); err != nil {
		return nil, err
	}
	return &callback{
		secrets: slices.Clone(c.AppSecrets), log: orDiscard(c.Logger), name: "deletion",
		do: func(ctx context.Context, r SignedRequest) ([]byte, error) {
			d, err := c.Delete(ctx, r)
			if err != nil {
				return nil, err
			}
			if !httpsURL(d.StatusURL) || !safeName(d.Code, 128) {
				return nil, errors.New("the deletion has no https status URL, or no code")
			}
			return json.Marshal(map[string]string{"url": d.StatusURL, "confirmation_code": d.Code})
		},
	}, nil
}

// DeauthorizeConfig is the configuration of [NewDeauthorize].
type DeauthorizeConfig struct {
	// AppSecrets are the secrets of the app. At least one is needed, none may be empty.
	AppSecrets []Secret
	// Removed is told that a person removed the app: report the pages that the person
	// connected to [Client.Disconnected] with CauseAppRemoved. After an error Meta is
	// answered with 503. Mandatory.
	Removed func(ctx context.Context, r SignedRequest) error
	// Logger gets a line when a request is refused or fails. Nil logs nothing.
	Logger *slog.Logger
}

// NewDeauthorize returns the handler of the app's deauthorise callback. It answers 200, and
// 400, 401 and 503 as that of NewDeletion does.
func NewDeauthorize(c DeauthorizeConfig) (http.Handler, error) {
	if c.Removed == nil {
		return nil, callbackProblems(c.AppSecrets, "Removed")
	}
	if err := callbackProblems(c.AppSecrets, ""); err != nil {
		return nil, err
	}
	return &callback{
		secrets: slices.Clone(c.AppSecrets), log: orDiscard(c.Logger), name: "deauthorise",
		do: func(ctx context.Context, r SignedRequest) ([]byte, error) { return nil, c.Removed(ctx, r) },
	}, nil
}

// callbackProblems returns a *ConfigError, or nil.
func callbackProblems(secrets []Secret, missing string) error {
	var problems []wrapup.FieldError
	problem := func(path, text string) { problems = append(problems, wrapup.FieldError{Path: path, Problem: text}) }
	checkSecrets(secrets, problem)
	if missing != "" {
		problem(missing, "is missing")
	}
	if len(problems) == 0 {
		return nil
	}
	return &ConfigError{Problems: problems}
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
	do      func(context.Context, SignedRequest) ([]byte, error)
}

// ServeHTTP implements http.Handler.
func (c *callback) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	body, status := c.serve(rw, r)
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
	text := ""
	switch media {
	case "application/x-www-form-urlencoded":
		data, status := readBody(rw, r, 4*maxSignedRequest, deadline)
		if status != http.StatusOK {
			return nil, status
		}
		form, err := url.ParseQuery(string(data))
		if err != nil {
			return nil, http.StatusBadRequest
		}
		text = form.Get("signed_request")
	case "multipart/form-data":
		r.Body = http.MaxBytesReader(rw, r.Body, 4*maxSignedRequest)
		text = multipartField(r, params["boundary"])
	default:
		return nil, http.StatusUnsupportedMediaType
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
func multipartField(r *http.Request, boundary string) string {
	if boundary == "" {
		return ""
	}
	form, err := r.MultipartReader()
	if err != nil {
		return ""
	}
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
