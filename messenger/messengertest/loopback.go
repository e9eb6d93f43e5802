package messengertest

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// loopbackHost reports whether a URL's host is this machine by its name or address.
func loopbackHost(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// loopbackTransport calls loopback addresses and no other, whatever a name resolves to.
func loopbackTransport() *http.Transport {
	d := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !at.Addr().Unmap().IsLoopback() {
			return errors.New("messengertest: not a loopback address")
		}
		return nil
	}}
	return &http.Transport{
		DialContext: d.DialContext, MaxIdleConnsPerHost: 16, DisableCompression: true,
		TLSClientConfig: testTLS(), // a test's own server signs for itself
	}
}

// noRedirect returns a redirect as the answer.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// testTLS trusts every certificate: only loopback addresses are called, and the servers
// of tests sign for themselves.
func testTLS() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }
