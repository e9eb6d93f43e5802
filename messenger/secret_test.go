package messenger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/switchboard-go/switchboard/messenger"
)

func TestSecretNeverShows(t *testing.T) {
	const plain = "hunter2-EAAB"
	s := messenger.Secret(plain)
	config := struct {
		Token  messenger.Secret
		Tokens map[string]messenger.Secret
	}{s, map[string]messenger.Secret{"page": s}}

	var shown []string
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "% x", "%d", "%10.3s", "%T"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, config), fmt.Sprintf(verb, &config))
	}
	shown = append(shown, fmt.Sprint(s), fmt.Errorf("failed: %w %v", errors.New("x"), s).Error())
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	shown = append(shown, string(data))
	for _, handler := range []func(*bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var out bytes.Buffer
		slog.New(handler(&out)).Info("config", "secret", s, "config", config)
		shown = append(shown, out.String())
	}
	for _, text := range shown {
		for _, form := range []string{plain, fmt.Sprintf("%x", plain), fmt.Sprintf("%X", plain), fmt.Sprintf("% x", plain), plain[:3]} {
			if strings.Contains(text, form) {
				t.Errorf("shows the secret: %s", text)
			}
		}
	}
	if s.Reveal() != plain {
		t.Errorf("Reveal: %q", s.Reveal())
	}
}

// TestWhatHoldsSecretsShowsNone proves that none of the types that keep a secret shows it,
// in whatever way it is printed or logged.
func TestWhatHoldsSecretsShowsNone(t *testing.T) {
	deauthorize, err := messenger.NewDeauthorize(messenger.DeauthorizeConfig{
		AppSecrets: []messenger.Secret{appSecret},
		Removed:    func(context.Context, messenger.SignedRequest) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	deletions := newDeletions(t, nil)
	for name, x := range map[string]any{
		"client": newClient(t, answers(200, taken), nil), "webhook": newWebhook(t, nil, nil),
		"deletions": deletions, "deletion callback": deletions.Callback(), "deauthorize": deauthorize,
	} {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("started", "x", x)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("started", "x", x)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", x)
		}
		for _, secret := range []messenger.Secret{appSecret, verifyToken} {
			if text := out.String(); strings.Contains(text, secret.Reveal()) || strings.Contains(text, fmt.Sprintf("%x", secret.Reveal())) {
				t.Errorf("%s shows a secret: %s", name, text)
			}
		}
	}
}

func TestSecretIsReadFromJSON(t *testing.T) {
	var config struct{ AppSecret messenger.Secret }
	if err := json.Unmarshal([]byte(`{"AppSecret":"abc"}`), &config); err != nil || config.AppSecret.Reveal() != "abc" {
		t.Errorf("%q, %v", config.AppSecret.Reveal(), err)
	}
}
