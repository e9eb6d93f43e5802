package messenger

import "strings"

// DialControl says whether a Fetcher may dial a host.
func DialControl(host string) error {
	f, err := NewFetcher(FetcherConfig{})
	if err != nil {
		return err
	}
	network := "tcp4"
	if strings.HasPrefix(host, "[") {
		network = "tcp6"
	}
	return f.control(network, host+":443", nil)
}

// Sources returns how many addresses a Webhook remembers.
func Sources(w *Webhook) int { return len(w.from.of.of) }
