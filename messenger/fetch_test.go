package messenger_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/messenger"
)

// TestFetcherGoesNowhereElse is a table of URLs that are not fetched. None is dialled: by
// the time a name has resolved, its address is checked again.
func TestFetcherGoesNowhereElse(t *testing.T) {
	f, err := messenger.NewFetcher(messenger.FetcherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []string{
		"", "/reel/1", "http://scontent.fbcdn.net/x", "ftp://scontent.fbcdn.net/x", "file:///etc/passwd", "https://", "https://evil.example/x",
		"https://fbcdn.net.evil.example/x", "https://evilfbcdn.net/x", "https://user:pw@scontent.fbcdn.net/x", "https://scontent.fbcdn.net:8443/x",
		"https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest/meta-data", "https://scontent.fbcdn.net@evil.example/", "https://%zz",
		"javascript:alert(1)", "data:text/plain,x", "https://localhost/x",
	} {
		_, err := f.Fetch(t.Context(), u)
		var e *messenger.FetchError
		if !errors.As(err, &e) || !errors.Is(err, messenger.ErrFetch) || e.Err != nil || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// TestFetcherChecksAddressesWhenDialling proves that a name that is allowed does not lead to
// an address that is not.
func TestFetcherChecksAddressesWhenDialling(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "192.0.2.1", "198.18.0.1",
		"255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
		"[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "[2001:db8::1]", "[fec0::1]",
	} {
		if err := messenger.DialControl(host); err == nil {
			t.Errorf("%s may be dialled", host)
		}
	}
	for _, host := range []string{"157.240.1.1", "[2a03:2880:f12f:83:face:b00c:0:25de]", "[::ffff:157.240.1.1]"} {
		if err := messenger.DialControl(host); err != nil {
			t.Errorf("%s may not be dialled", host)
		}
	}
}

// TestFetcher proves what comes of servers that behave and of those that do not.
func TestFetcher(t *testing.T) {
	png := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		for _, h := range []string{"Authorization", "Cookie", "Referer"} {
			if r.Header.Get(h) != "" {
				t.Errorf("sent %s", h)
			}
		}
		w.Header().Set("Content-Type", "text/html") // a lie
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		_, _ = w.Write(png)
	})
	for n := range 6 {
		mux.HandleFunc(fmt.Sprintf("/hop%d", n), func(w http.ResponseWriter, r *http.Request) {
			to := "/ok"
			if n > 1 {
				to = fmt.Sprintf("/hop%d", n-1)
			}
			http.Redirect(w, r, to, http.StatusFound)
		})
	}
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
	})
	mux.HandleFunc("/nowhere", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://scontent.fbcdn.net/nowhere%zz?oh=secret")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1001)) })
	mux.HandleFunc("/longer", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			_, _ = w.Write(make([]byte, 1000))
			_ = http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	f, err := messenger.NewFetcher(messenger.FetcherConfig{Loopback: true, MaxBytes: 1000, Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/ok?secret=1": "", "/hop1": "", "/hop3": "", "/hop4": "too many redirects", "/away": "redirected: not https", "/nowhere": "redirected: not a URL",
		"/long": "too large", "/longer": "too large", "/slow": "no answer", "/none": "HTTP 404",
	} {
		got, err := f.Fetch(t.Context(), server.URL+path)
		switch {
		case want == "" && (err != nil || !bytes.Equal(got.Data, png) || got.Type != "image/png"):
			t.Errorf("%s: %d bytes of %s, %v", path, len(got.Data), got.Type, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	strict, err := messenger.NewFetcher(messenger.FetcherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strict.Fetch(t.Context(), server.URL+"/ok"); err == nil {
		t.Error("fetched from this machine without being told to")
	}
	if _, err := messenger.NewFetcher(messenger.FetcherConfig{Hosts: []string{"net", ".x.y", "a b.c", ""}, MaxBytes: -1, Timeout: -1}); !errors.Is(err, messenger.ErrConfig) {
		t.Error(err)
	}
}
