package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard/messenger"
)

// customer writes as Meta would let us know: by a signed request to the webhook.
type customer struct {
	id  string
	url string
	n   int
}

// verify is what Meta does when the callback is configured.
func (c *customer) verify(ctx context.Context) error {
	q := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"1158201444"}, "hub.verify_token": {verifyToken.Reveal()}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	body, err := do(req)
	if err == nil && body != "1158201444" {
		err = fmt.Errorf("the challenge came back as %q", body)
	}
	return err
}

// write sends one message of the customer.
func (c *customer) write(ctx context.Context, text string) error {
	c.n++
	now := time.Now().UnixMilli()
	body, err := json.Marshal(map[string]any{
		"object": "page",
		"entry": []any{map[string]any{
			"id": string(page), "time": now,
			"messaging": []any{map[string]any{
				"sender": map[string]any{"id": c.id}, "recipient": map[string]any{"id": string(page)}, "timestamp": now,
				"message": map[string]any{"mid": fmt.Sprintf("m_%s_%d", c.id, c.n), "text": text},
			}},
		}},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Hub-Signature-256", messenger.Sign(body, appSecret))
	_, err = do(req)
	return err
}

func do(req *http.Request) (string, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", req.Method, req.URL.Path, resp.Status)
	}
	return string(body), err
}

// graphAPI takes what the Send API takes, and prints it.
type graphAPI struct {
	out io.Writer

	mu   sync.Mutex
	sent int
}

func (g *graphAPI) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent
}

func (g *graphAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Recipient struct{ ID string }
		Message   struct{ Text string }
	}
	if !strings.HasSuffix(r.URL.Path, "/messages") || json.NewDecoder(r.Body).Decode(&body) != nil {
		http.Error(w, `{"error":{"message":"(#100) Invalid parameter","type":"OAuthException","code":100}}`, http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	g.sent++
	n := g.sent
	g.mu.Unlock()
	fmt.Fprintf(g.out, "        → Graph API: POST %s to %s: %s\n", r.URL.Path, body.Recipient.ID, body.Message.Text)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"recipient_id": body.Recipient.ID, "message_id": fmt.Sprintf("m_out_%d", n)})
}
