package messenger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/switchboard-go/switchboard/wrapup"
)

// FetcherConfig is the configuration of a [Fetcher]. The zero value is ready.
type FetcherConfig struct {
	// Hosts are the host names to fetch from, those below them included. Empty means
	// DefaultHosts.
	Hosts []string
	// MaxBytes is the largest file, in bytes. Zero means MaxFile.
	MaxBytes int64
	// Timeout is how long a fetch may take, on real time. Zero means 30 seconds.
	Timeout time.Duration
	// Loopback lets http and addresses of this machine pass, whatever Hosts says. It is for
	// tests alone.
	Loopback bool
}

// DefaultHosts are where Meta keeps what people send.
var DefaultHosts = []string{"fbcdn.net", "fbsbx.com"}

// maxRedirects is how many redirects a fetch follows. Each is checked like the URL.
const maxRedirects = 3

// Fetcher fetches what customers sent. A URL that comes from outside may lead anywhere,
// so it goes to the configured hosts alone, by https, never to an address that is private,
// of this machine or otherwise not public, whatever the name resolves to, with no cookie
// and no token. Safe for concurrent use.
type Fetcher struct {
	c    FetcherConfig
	http *http.Client
}

// Fetched is a file.
type Fetched struct {
	Data []byte // the whole file
	// Type is the MIME type by its first bytes: what the server claims is not to be
	// trusted.
	Type string
}

// FetchError says why a file was not fetched. It shows the host of the URL alone, since
// the rest is a secret: who has it has the file. It matches ErrFetch.
type FetchError struct {
	Host    string // may be empty
	Problem string // such as "not an allowed host"
	Status  int    // of the answer, or 0
	Err     error  // the cause, or nil
}

// Error implements error.
func (e *FetchError) Error() string {
	s := ErrFetch.Error()
	if e.Host != "" {
		s += " from " + e.Host
	}
	s += ": " + e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Is reports a match with ErrFetch.
func (e *FetchError) Is(target error) bool { return target == ErrFetch }

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// NewFetcher returns a fetcher. It refuses a configuration that is not valid with a
// [*ConfigError].
func NewFetcher(c FetcherConfig) (*Fetcher, error) {
	var problems []wrapup.FieldError
	for i, h := range c.Hosts {
		if !safeName(h, 253) || strings.HasPrefix(h, ".") || !strings.Contains(h, ".") {
			problems = append(problems, wrapup.FieldError{Path: fmt.Sprintf("Hosts[%d]", i), Problem: "is not a host name"})
		}
	}
	if c.MaxBytes < 0 {
		problems = append(problems, wrapup.FieldError{Path: "MaxBytes", Problem: "is negative"})
	}
	if c.Timeout < 0 {
		problems = append(problems, wrapup.FieldError{Path: "Timeout", Problem: "is negative"})
	}
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	if len(c.Hosts) == 0 {
		c.Hosts = DefaultHosts
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = MaxFile
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	f := &Fetcher{c: c}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: f.control}
	f.http = &http.Client{
		Transport: readable{&http.Transport{
			Proxy:       nil, // a proxy would do the dialling, and not check
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true, TLSHandshakeTimeout: 10 * time.Second,
			ResponseHeaderTimeout: c.Timeout, MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 16, IdleConnTimeout: time.Minute,
		}},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			if problem := f.problem(r.URL); problem != "" {
				return errors.New("redirected: " + problem)
			}
			r.Header.Del("Referer") // the URL it came from is a secret
			return nil
		},
	}
	return f, nil
}

// readable refuses answers that lead to what is not a URL: package http would, with an
// error that shows it.
type readable struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t readable) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if _, err := r.URL.Parse(resp.Header.Get("Location")); err != nil {
		_ = resp.Body.Close()
		return nil, errors.New("redirected: not a URL")
	}
	return resp, nil
}

// control refuses addresses when they are dialled, when no name can resolve to another.
func (f *Fetcher) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errNotPublic
	}
	a := ap.Addr().Unmap()
	if f.c.Loopback && a.IsLoopback() {
		return nil
	}
	if !public(a) {
		return errNotPublic
	}
	return nil
}

var errNotPublic = errors.New("the address is not public")

// notPublic are ranges that are not public beyond those that netip knows.
var notPublic = func() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

// public reports whether an address is of the public internet. Those of metadata services,
// such as 169.254.169.254, are link-local or private.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// problem says why a URL is not to be fetched, or "".
func (f *Fetcher) problem(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if f.c.Loopback && (u.Scheme == "http" || u.Scheme == "https") && loopback(host) && u.User == nil {
		return ""
	}
	switch {
	case u.Scheme != "https":
		return "not https"
	case u.User != nil:
		return "with a user name"
	case u.Port() != "" && u.Port() != "443":
		return "another port than 443"
	}
	for _, h := range f.c.Hosts {
		if h = strings.ToLower(h); host == h || strings.HasSuffix(host, "."+h) {
			return ""
		}
	}
	return "not an allowed host"
}

// Fetch returns the file of a URL, whole in memory. Every error is a [*FetchError].
func (f *Fetcher) Fetch(ctx context.Context, rawURL string) (Fetched, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return Fetched{}, &FetchError{Problem: "not a URL"} // err would show it
	}
	if problem := f.problem(u); problem != "" {
		return Fetched{}, &FetchError{Host: cut(u.Hostname(), 253), Problem: problem}
	}
	ctx, cancel := context.WithTimeout(ctx, f.c.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Fetched{}, &FetchError{Host: u.Hostname(), Problem: "not a URL"}
	}
	resp, err := f.http.Do(r)
	if err != nil {
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return Fetched{}, &FetchError{Host: u.Hostname(), Problem: "no answer", Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Fetched{}, &FetchError{Host: u.Hostname(), Problem: fmt.Sprintf("HTTP %d", resp.StatusCode), Status: resp.StatusCode}
	}
	if resp.ContentLength > f.c.MaxBytes {
		return Fetched{}, &FetchError{Host: u.Hostname(), Problem: "too large", Status: resp.StatusCode}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, f.c.MaxBytes+1))
	switch {
	case err != nil:
		return Fetched{}, &FetchError{Host: u.Hostname(), Problem: "broken off", Status: resp.StatusCode, Err: err}
	case int64(len(data)) > f.c.MaxBytes:
		return Fetched{}, &FetchError{Host: u.Hostname(), Problem: "too large", Status: resp.StatusCode}
	}
	return Fetched{Data: data, Type: http.DetectContentType(data)}, nil
}
