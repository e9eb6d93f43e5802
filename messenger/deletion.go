package messenger

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// PageCustomer is a customer as a page, or an account of Instagram, knows them.
type PageCustomer struct {
	Page     conversation.Source   // which page
	Customer conversation.Customer // their id on that page alone
}

// Eraser erases a page's customers. A *switchboard.Board is one.
type Eraser interface {
	Receiver
	// Erasure returns the record of an erasure.
	Erasure(ctx context.Context, no uint64) (switchboard.ErasureInfo, error)
}

// DeletionConfig is the configuration of [NewDeletions].
type DeletionConfig struct {
	// AppSecrets are the secrets of the app. At least one is needed, none may be empty. The
	// codes are sealed with the first: keep a secret that is replaced in the list for as long
	// as people may look their deletion up.
	AppSecrets []Secret
	// Customers returns who the person is on the pages that are ours. Meta names them as
	// the app knows them, which is not how a page knows its customers, and most customers
	// have no such id at all: see [Client.CustomersOf] for the mapping that Meta offers, and
	// add what you know of yourself, such as who connected a page. Nobody is an answer:
	// the person is then told so. After an error Meta is answered with 503. Mandatory.
	Customers func(ctx context.Context, r SignedRequest) ([]PageCustomer, error)
	// Boards returns the Board of a page, or nil for one that is not ours. Mandatory.
	Boards func(page conversation.Source) Eraser
	// StatusURL is the https URL at which the status page is served: see
	// [Deletions.StatusPage]. The code is added to its query. Mandatory.
	StatusURL string
	// Erased, if set, is called with each customer whose erasure has begun: drop there what
	// you keep of them. What the Client and the Traffic remember is dropped already.
	Erased func(ctx context.Context, who PageCustomer) error
	// Client, if set, forgets the customers' profiles.
	Client *Client
	// Traffic, if set, forgets the customers too.
	Traffic *Traffic
	// Failures bounds what an address costs that sends what Meta did not sign.
	Failures FailureLimit
	// Clock tells when a request came. Nil is the system's clock.
	Clock interface{ Now() time.Time }
	// Logger gets a line when a request is refused or fails. Nil logs nothing.
	Logger *slog.Logger
}

// Deletions answers the app's data deletion callback by the Boards' customer erasure.
// Everything that it has to remember is in the code that the person gets, so that any
// process can tell how a deletion stands. Safe for concurrent use.
type Deletions struct {
	c     DeletionConfig
	url   *url.URL
	seals []cipher.AEAD // by secret
}

// NewDeletions refuses a configuration that is not valid with a [*ConfigError].
func NewDeletions(c DeletionConfig) (*Deletions, error) {
	var problems []wrapup.FieldError
	problem := func(path, text string) { problems = append(problems, wrapup.FieldError{Path: path, Problem: text}) }
	checkSecrets(c.AppSecrets, problem)
	if c.Customers == nil {
		problem("Customers", "is missing")
	}
	if c.Boards == nil {
		problem("Boards", "is missing")
	}
	status, err := url.Parse(c.StatusURL)
	if err != nil || !httpsURL(c.StatusURL) {
		problem("StatusURL", "is not an https URL")
	}
	c.Failures.check(problem)
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	c.AppSecrets = slices.Clone(c.AppSecrets)
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	c.Logger = orDiscard(c.Logger)
	d := &Deletions{c: c, url: status}
	for _, s := range c.AppSecrets {
		key := sha256.Sum256([]byte("switchboard deletion code\x00" + s.Reveal()))
		block, err := aes.NewCipher(key[:])
		if err != nil {
			return nil, err
		}
		seal, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		d.seals = append(d.seals, seal)
	}
	return d, nil
}

// Callback returns the handler of the app's data deletion callback. It answers 200 with the
// URL of the status and the code in JSON once every erasure is certain to happen; and without
// a body 400 or 401 for what is not Meta's, 429 to an address that has failed too often, and
// 503 when a Board or Customers fails: Meta, or the person, asks again, which erases nobody
// twice.
func (d *Deletions) Callback() http.Handler {
	return &callback{
		secrets: d.c.AppSecrets, log: d.c.Logger, name: "deletion", from: newSources(d.c.Failures, d.c.Clock),
		do: func(ctx context.Context, r SignedRequest) ([]byte, error) {
			code, err := d.Erase(ctx, r)
			if err != nil {
				return nil, err
			}
			at := *d.url
			q := at.Query()
			q.Set("code", code)
			at.RawQuery = q.Encode()
			return json.Marshal(map[string]string{"url": at.String(), "confirmation_code": code})
		},
	}
}

// Erase begins the erasure of the customers that the person is, on each Board concerned, and
// returns the code by which [Deletions.Status] tells how it stands. Erasing somebody twice, or
// nobody, is a success. The error of Customers, Erased or a Board ends it; then it has to
// be asked for again.
func (d *Deletions) Erase(ctx context.Context, r SignedRequest) (code string, err error) {
	who, err := d.c.Customers(ctx, r)
	if err != nil {
		return "", err
	}
	t := ticket{asked: d.c.Clock.Now()}
	for _, x := range who {
		board := d.c.Boards(x.Page)
		if board == nil {
			continue
		}
		res, err := board.Do(ctx, switchboard.Command{
			By: switchboard.Actor{Role: agent.Platform, ID: string(Channel)},
			Do: routing.Erase{Source: x.Page, Customer: x.Customer},
		})
		if err != nil {
			return "", fmt.Errorf("erase a customer of page %s: %w", x.Page, err)
		}
		d.c.Client.forget(x)
		d.c.Traffic.Forget(x.Page, x.Customer)
		if d.c.Erased != nil {
			if err := d.c.Erased(ctx, x); err != nil {
				return "", err
			}
		}
		t.erasures = append(t.erasures, erasure{x.Page, res.Erasure})
	}
	return d.seal(t)
}

// forget drops what is remembered of a customer. A nil Client remembers nothing.
func (c *Client) forget(x PageCustomer) {
	if c != nil {
		c.ForgetProfile(x.Page, x.Customer)
	}
}

// DeletionStatus says how a deletion stands.
type DeletionStatus struct {
	Requested time.Time // to the second
	// Customers is how many customers of pages the person was found to be; with none there
	// was nothing to delete.
	Customers int
	Done      bool // nothing is left
}

// ErrDeletionCode means that a code is none of ours.
var ErrDeletionCode = errors.New("messenger: no deletion has this code")

// Status tells how the deletion with the code stands. A code that is none of ours is refused
// with ErrDeletionCode; another error is a Board's.
func (d *Deletions) Status(ctx context.Context, code string) (DeletionStatus, error) {
	t, ok := d.open(code)
	if !ok {
		return DeletionStatus{}, ErrDeletionCode
	}
	s := DeletionStatus{Requested: t.asked, Customers: len(t.erasures), Done: true}
	for _, x := range t.erasures {
		board := d.c.Boards(x.page)
		if board == nil {
			continue // the page is gone, and its board
		}
		info, err := board.Erasure(ctx, x.no)
		switch {
		case errors.Is(err, routing.ErrUnknown): // done so long ago that there is no record
		case err != nil:
			return DeletionStatus{}, err
		case info.Done.IsZero():
			s.Done = false
		}
	}
	return s, nil
}

// StatusPage returns a handler for StatusURL: a plain page in English that tells a human how
// their deletion stands. To show it in another way use Status.
func (d *Deletions) StatusPage() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			rw.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		s, err := d.Status(r.Context(), r.URL.Query().Get("code"))
		switch {
		case errors.Is(err, ErrDeletionCode):
			rw.WriteHeader(http.StatusNotFound)
			return
		case err != nil:
			d.c.Logger.ErrorContext(r.Context(), "messenger: the status of a deletion", "error", err)
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		_ = statusPage.Execute(rw, s)
	})
}

var statusPage = template.Must(template.New("status").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Deletion of your data</title></head><body>
<h1>Deletion of your data</h1>
<p>Requested {{.Requested.UTC.Format "2 January 2006, 15:04 UTC"}}.</p>
{{if eq .Customers 0}}<p>There was nothing to delete. Facebook named you to us by an id that belongs to this app. It could not be
matched with anybody who wrote to one of our pages: a page knows you by another id. If you wrote to a page, ask the page itself to delete
your messages.</p>
{{else if .Done}}<p>Done. Your messages and all that was kept with them are deleted.</p>
{{else}}<p>Under way. What you wrote cannot be seen any more; its last traces are being removed.</p>
{{end}}</body></html>
`))

// ticket is what a code says.
type ticket struct {
	asked    time.Time
	erasures []erasure
}

type erasure struct {
	page conversation.Source
	no   uint64
}

// maxCode is the longest code, in characters: of some thirty pages.
const maxCode = 2000

var codeText = base32.StdEncoding.WithPadding(base32.NoPadding)

// seal makes the code: letters and digits, which say nothing to anybody else.
func (d *Deletions) seal(t ticket) (string, error) {
	b := binary.AppendVarint(nil, t.asked.Unix())
	for _, x := range t.erasures {
		b = binary.AppendUvarint(b, x.no)
		b = binary.AppendUvarint(b, uint64(len(x.page)))
		b = append(b, x.page...)
	}
	nonce := make([]byte, d.seals[0].NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	code := codeText.EncodeToString(d.seals[0].Seal(nonce, nonce, b, nil))
	if len(code) > maxCode {
		return "", errors.New("a person on too many pages for one code")
	}
	return code, nil
}

// open reads a code.
func (d *Deletions) open(code string) (ticket, bool) {
	if len(code) > maxCode {
		return ticket{}, false
	}
	data, err := codeText.DecodeString(code)
	if err != nil {
		return ticket{}, false
	}
	for _, seal := range d.seals {
		n := seal.NonceSize()
		if len(data) < n {
			return ticket{}, false
		}
		if b, err := seal.Open(nil, data[:n], data[n:], nil); err == nil {
			return readTicket(b)
		}
	}
	return ticket{}, false
}

func readTicket(b []byte) (t ticket, ok bool) {
	asked, n := binary.Varint(b)
	if n <= 0 {
		return t, false
	}
	t.asked = time.Unix(asked, 0).UTC()
	for b = b[n:]; len(b) > 0; {
		no, n := binary.Uvarint(b)
		if n <= 0 {
			return t, false
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) {
			return t, false
		}
		b = b[n+m:]
		t.erasures = append(t.erasures, erasure{conversation.Source(b[:size]), no})
		b = b[size:]
	}
	return t, true
}
