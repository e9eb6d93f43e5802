package messenger_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/routing"
)

// eraser is a Board that erases when it is told to.
type eraser struct {
	began []routing.Erase
	by    []string
	done  map[uint64]bool
	fails error
}

func (e *eraser) Do(_ context.Context, c switchboard.Command) (switchboard.Result, error) {
	if e.fails != nil {
		return switchboard.Result{}, e.fails
	}
	e.began = append(e.began, c.Do.(routing.Erase))
	e.by = append(e.by, c.By.String()+c.Why+c.Key)
	return switchboard.Result{Erasure: uint64(100 + len(e.began))}, nil
}

func (e *eraser) Erasure(_ context.Context, no uint64) (switchboard.ErasureInfo, error) {
	switch {
	case e.fails != nil:
		return switchboard.ErasureInfo{}, e.fails
	case no > 200:
		return switchboard.ErasureInfo{}, &routing.UnknownError{What: "erasure", ID: fmt.Sprint(no)}
	case e.done[no]:
		return switchboard.ErasureInfo{No: no, Done: stamp}, nil
	}
	return switchboard.ErasureInfo{No: no}, nil
}

// TestDeletions proves that each Board concerned is asked to erase, that the code tells how
// that stands, in another process and with another secret too, and that nobody is an answer.
func TestDeletions(t *testing.T) {
	one, two := &eraser{done: map[uint64]bool{}}, &eraser{done: map[uint64]bool{}}
	now := clock.NewMock()
	now.Set(stamp)
	boards := map[conversation.Source]messenger.Eraser{"PAGE1": one, "PAGE2": two, "IG1": two}
	var erased []messenger.PageCustomer
	var refuse error
	config := func(secrets ...messenger.Secret) func(c *messenger.DeletionConfig) {
		return func(c *messenger.DeletionConfig) {
			c.AppSecrets, c.Clock = secrets, now
			c.Boards = func(page conversation.Source) messenger.Eraser {
				if b := boards[page]; b != nil {
					return b
				}
				return nil
			}
			c.Customers = func(_ context.Context, r messenger.SignedRequest) ([]messenger.PageCustomer, error) {
				if r.UserID != "7" {
					return nil, nil
				}
				return []messenger.PageCustomer{{"PAGE1", "A"}, {"OTHER", "X"}, {"PAGE2", "B"}, {"IG1", "C"}}, nil
			}
			c.Erased = func(_ context.Context, x messenger.PageCustomer) error {
				erased = append(erased, x)
				return refuse
			}
		}
	}
	d := newDeletions(t, config("old"))
	code, err := d.Erase(t.Context(), messenger.SignedRequest{UserID: "7"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || strings.Contains(code, "PAGE") {
		t.Errorf("the code is %s", code)
	}
	if diff := cmp.Diff([]routing.Erase{{Source: "PAGE1", Customer: "A"}}, one.began); diff != "" || one.by[0] != "platform:messenger" {
		t.Errorf("the first Board, by %s (-want +got):\n%s", one.by, diff)
	}
	if diff := cmp.Diff([]routing.Erase{{Source: "PAGE2", Customer: "B"}, {Source: "IG1", Customer: "C"}}, two.began); diff != "" {
		t.Errorf("the second Board (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]messenger.PageCustomer{{"PAGE1", "A"}, {"PAGE2", "B"}, {"IG1", "C"}}, erased); diff != "" {
		t.Errorf("erased (-want +got):\n%s", diff)
	}

	other := newDeletions(t, config("new", "old")) // another process, after the secret was changed
	status := func(code string) (messenger.DeletionStatus, error) {
		t.Helper()
		return other.Status(t.Context(), code)
	}
	wants := func(what string, want messenger.DeletionStatus) {
		t.Helper()
		got, err := status(code)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
		}
	}
	began := messenger.DeletionStatus{Requested: stamp.Truncate(time.Second), Customers: 3}
	wants("begun", began)
	one.done[101] = true
	wants("one of three done", began)
	two.done[101], two.done[102] = true, true
	began.Done = true
	wants("done", began)
	delete(boards, "PAGE2")
	wants("with a page gone", began)
	if _, err := newDeletions(t, config("new")).Status(t.Context(), code); !errors.Is(err, messenger.ErrDeletionCode) {
		t.Errorf("without the old secret: %v", err)
	}
	for _, bad := range []string{"", "A", code[:len(code)-1], "B" + code[1:], code + "A", strings.ToLower(code), strings.Repeat("A", 3000)} {
		if s, err := status(bad); !errors.Is(err, messenger.ErrDeletionCode) || s != (messenger.DeletionStatus{}) {
			t.Errorf("%.20s: %+v, %v", bad, s, err)
		}
	}
	one.fails = errors.New("away")
	if _, err := status(code); !errors.Is(err, one.fails) {
		t.Errorf("with a Board that is away: %v", err)
	}
	if _, err := d.Erase(t.Context(), messenger.SignedRequest{UserID: "7"}); !errors.Is(err, one.fails) {
		t.Errorf("with a Board that is away: %v", err)
	}
	one.fails, refuse = nil, errors.New("a file is open")
	if _, err := d.Erase(t.Context(), messenger.SignedRequest{UserID: "7"}); !errors.Is(err, refuse) {
		t.Errorf("with something of the host's left: %v", err)
	}
	code, err = d.Erase(t.Context(), messenger.SignedRequest{UserID: "8"})
	if err != nil {
		t.Fatal(err)
	}
	wants("nobody", messenger.DeletionStatus{Requested: stamp.Truncate(time.Second), Done: true})
}

// TestDeletionStatusPage proves what a human sees.
func TestDeletionStatusPage(t *testing.T) {
	b := &eraser{done: map[uint64]bool{}}
	d := newDeletions(t, func(c *messenger.DeletionConfig) {
		c.Boards = func(conversation.Source) messenger.Eraser { return b }
		c.Customers = func(_ context.Context, r messenger.SignedRequest) ([]messenger.PageCustomer, error) {
			if r.UserID == "7" {
				return []messenger.PageCustomer{{"PAGE1", "A"}}, nil
			}
			return nil, nil
		}
	})
	code := func(user string) string {
		t.Helper()
		c, err := d.Erase(t.Context(), messenger.SignedRequest{UserID: user})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	theirs, nobodys := code("7"), code("8")
	page := d.StatusPage()
	look := func(code string, status int, says string) {
		t.Helper()
		resp := serve(page, httptest.NewRequest(http.MethodGet, "/deletion?code="+code, nil))
		text, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != status || !strings.Contains(string(text), says) || status != 200 && len(text) > 0 {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
	look(theirs, 200, "Under way")
	b.done[101] = true
	look(theirs, 200, "Done.")
	look(nobodys, 200, "could not be\nmatched")
	look("XYZ", 404, "")
	look("%3Cscript%3E", 404, "")
	b.fails = errors.New("away")
	look(theirs, 503, "")
	if got := serve(page, httptest.NewRequest(http.MethodPost, "/deletion", nil)).StatusCode; got != 405 {
		t.Errorf("POST: %d", got)
	}
}

// TestCustomersOf proves what is asked of Meta, that lists are read to their end, and that
// somebody unknown is nobody and no error.
func TestCustomersOf(t *testing.T) {
	var asked []string
	status := 200
	answers := []string{
		`{"data":[{"id":"P1","page":{"id":"PAGE1","name":"x"}},{"id":7,"page":{"id":8}},{"id":"P9"},3],"paging":{"cursors":{"after":"y"},"next":"https://x"}}`,
		`{"data":[{"id":"P2","page":{"id":"PAGE2"}}],"paging":{"cursors":{"after":"z"}}}`,
	}
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer 55|"+appSecret.Reveal() || r.URL.Query().Get("appsecret_proof") == "" {
			t.Errorf("%s, %s", got, r.URL)
		}
		asked = append(asked, r.URL.Path+" "+r.URL.Query().Get("after"))
		w.WriteHeader(status)
		if status != 200 {
			_, _ = io.WriteString(w, answers[0])
			return
		}
		_, _ = io.WriteString(w, answers[min(len(asked), 2)-1])
	}, func(c *messenger.ClientConfig) { c.AppID = "55" })
	got, err := c.CustomersOf(t.Context(), "218471")
	if diff := cmp.Diff([]messenger.PageCustomer{{"PAGE1", "P1"}, {"8", "7"}, {"PAGE2", "P2"}}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"/v26.0/218471/ids_for_pages ", "/v26.0/218471/ids_for_pages y"}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	for code, want := range map[int]conversation.FailCause{100: "", 803: "", 190: conversation.FailAccess} {
		status, answers[0] = 400, graphError(code, 0)
		got, err := c.CustomersOf(t.Context(), "218471")
		if want == "" && (err != nil || got != nil) || want != "" && !isCallError(err, want) {
			t.Errorf("%d: %v, %v", code, got, err)
		}
	}
	if _, err := c.CustomersOf(t.Context(), "../me"); !isCallError(err, conversation.FailContent) {
		t.Error(err)
	}
	if _, err := newClient(t, nil, nil).CustomersOf(t.Context(), "1"); !isCallError(err, conversation.FailAccess) {
		t.Error(err)
	}
}

// TestTrafficForgets proves that nothing of an erased customer settles or opens anything.
func TestTrafficForgets(t *testing.T) {
	traffic := &messenger.Traffic{}
	c := clientOf(t, &graph{}, func(c *messenger.ClientConfig) { c.Traffic = traffic })
	m := hello()
	m.Key = "c1.2"
	traffic.See(echoOf(t, "c1.2", "m_X3"))
	if s, _, _ := c.Settle(t.Context(), m); s != switchboard.Arrived {
		t.Fatal(s)
	}
	traffic.Forget("PAGE1", "PSID2")
	if s, _, _ := c.Settle(t.Context(), m); s != switchboard.Arrived {
		t.Error(s)
	}
	traffic.Forget("PAGE1", "PSID1")
	if s, _, _ := c.Settle(t.Context(), m); s != switchboard.Unsure {
		t.Error(s)
	}
	(*messenger.Traffic)(nil).Forget("PAGE1", "PSID1")
}
