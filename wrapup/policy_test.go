package wrapup_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/wrapup"
)

// policy returns a valid policy with every field set.
func policy() wrapup.Policy {
	return wrapup.Policy{
		Reasons: []wrapup.Reason{
			{ID: "solved", Label: "Solved"},
			{ID: "refund", Label: "Vrácení peněz"},
			{ID: "spam", Label: "Spam"},
		},
		Default:       "solved",
		Limit:         2 * time.Minute,
		Extension:     30 * time.Second,
		MaxExtensions: 2,
		Cancellable:   true,
		FreesSlot:     true,
	}
}

func TestValidate(t *testing.T) {
	type problems = []wrapup.FieldError
	tests := []struct {
		name   string
		path   string
		change func(*wrapup.Policy)
		want   problems
	}{
		{"valid", "wrapUp", func(p *wrapup.Policy) {}, nil},
		{"E55 no default", "wrapUp", func(p *wrapup.Policy) { p.Default = "" },
			problems{{"wrapUp.default", "a default reason is needed"}}},
		{"E55 E61 default not in catalogue", "queues[2].wrapUp", func(p *wrapup.Policy) { p.Default = "Solved" },
			problems{{"queues[2].wrapUp.default", `"Solved" is not one of the reasons`}}},
		{"zero value, all problems at once, no path", "", func(p *wrapup.Policy) { *p = wrapup.Policy{} },
			problems{{"reasons", "at least one reason is needed"}, {"default", "a default reason is needed"}}},
		{"longest id and label", "", func(p *wrapup.Policy) {
			p.Reasons[1] = wrapup.Reason{ID: wrapup.ReasonID(strings.Repeat("x", 36)), Label: strings.Repeat("ř", 128)}
		}, nil},
		{"reasons", "p", func(p *wrapup.Policy) {
			p.Reasons = []wrapup.Reason{
				{ID: "solved", Label: "a"},
				{ID: "", Label: ""},
				{ID: "", Label: " \t"},
				{ID: wrapup.ReasonID(strings.Repeat("ř", 18) + "x"), Label: strings.Repeat("ř", 129)},
				{ID: "\xff", Label: "\xff"},
				{ID: "solved", Label: "again"},
			}
		}, problems{
			{"p.reasons[1].id", "must not be empty"},
			{"p.reasons[1].label", "must not be empty"},
			{"p.reasons[2].id", "must not be empty"},
			{"p.reasons[2].label", "must not be empty"},
			{"p.reasons[3].id", "is 37 bytes long, at most 36 are allowed"},
			{"p.reasons[3].label", "is 129 characters long, at most 128 are allowed"},
			{"p.reasons[4].id", "is not valid UTF-8"},
			{"p.reasons[4].label", "is not valid UTF-8"},
			{"p.reasons[5].id", `"solved" is already the id of p.reasons[0]`},
		}},
		{"negative", "", func(p *wrapup.Policy) { p.Limit, p.Extension, p.MaxExtensions = -1, -time.Second, -3 },
			problems{{"limit", "-1ns is negative"}, {"extension", "-1s is negative"}, {"maxExtensions", "-3 is negative"}}},
		{"too great", "", func(p *wrapup.Policy) {
			p.Limit, p.Extension, p.MaxExtensions = wrapup.MaxLimit+1, wrapup.MaxLimit+1, wrapup.MaxExtensionCount+1
		}, problems{
			{"limit", "168h0m0.000000001s is more than 168h0m0s"},
			{"extension", "168h0m0.000000001s is more than 168h0m0s"},
			{"maxExtensions", "101 is more than 100"},
		}},
		{"greatest", "", func(p *wrapup.Policy) {
			p.Limit, p.Extension, p.MaxExtensions = wrapup.MaxLimit, wrapup.MaxLimit, wrapup.MaxExtensionCount
		}, nil},
		{"extension without count", "", func(p *wrapup.Policy) { p.MaxExtensions = 0 },
			problems{{"maxExtensions", "is needed with extension"}}},
		{"count without extension", "", func(p *wrapup.Policy) { p.Extension = 0 },
			problems{{"extension", "is needed with maxExtensions"}}},
		{"no limit", "", func(p *wrapup.Policy) { p.Limit = 0 }, nil},
		{"least policy", "", func(p *wrapup.Policy) {
			*p = wrapup.Policy{Reasons: []wrapup.Reason{{ID: "x", Label: "x"}}, Default: "x"}
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := policy()
			tt.change(&p)
			if diff := cmp.Diff(tt.want, p.Validate(tt.path)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFieldError(t *testing.T) {
	err := error(wrapup.FieldError{Path: "a[1].b", Problem: "is negative"})
	if got, want := err.Error(), "a[1].b: is negative"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if got, want := (wrapup.FieldError{Problem: "is negative"}).Error(), "is negative"; got != want {
		t.Errorf("Error() without path = %q, want %q", got, want)
	}
	var found wrapup.FieldError
	if !errors.As(errors.Join(errors.New("x"), err), &found) || found.Path != "a[1].b" {
		t.Errorf("errors.As found %v in joined errors", found)
	}
}

func TestE58CheckRefusesReasonsOutsideTheCatalogue(t *testing.T) {
	for _, id := range []wrapup.ReasonID{"", "Spam", "spam ", "billing"} {
		got, err := policy().Check(id)
		if !errors.Is(err, wrapup.ErrReason) {
			t.Errorf("Check(%q): error %v does not match ErrReason", id, err)
		}
		var refused *wrapup.ReasonError
		if !errors.As(err, &refused) || refused.Reason != id {
			t.Errorf("Check(%q): error %#v does not name the reason", id, err)
		}
		if got != (wrapup.Reason{}) {
			t.Errorf("Check(%q) = %v with its error", id, got)
		}
	}
	got, err := policy().Check("refund")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wrapup.Reason{ID: "refund", Label: "Vrácení peněz"}, got); diff != "" {
		t.Errorf("Check(refund) (-want +got):\n%s", diff)
	}
	// Nothing in an unvalidated policy makes an empty reason acceptable.
	if _, err := (wrapup.Policy{Reasons: []wrapup.Reason{{}}}).Check(""); !errors.Is(err, wrapup.ErrReason) {
		t.Errorf("empty reason in a catalogue with an empty id: error %v, want ErrReason", err)
	}
}

func TestFind(t *testing.T) {
	if r, ok := policy().Find("spam"); !ok || r.Label != "Spam" {
		t.Errorf("Find(spam) = %v, %t", r, ok)
	}
	if r, ok := policy().Find("ham"); ok || r != (wrapup.Reason{}) {
		t.Errorf("Find(ham) = %v, %t", r, ok)
	}
}

func TestSearch(t *testing.T) {
	tests := []struct {
		query string
		want  []wrapup.ReasonID
	}{
		{"", []wrapup.ReasonID{"solved", "refund", "spam"}},
		{"  ", []wrapup.ReasonID{"solved", "refund", "spam"}},
		{"S", []wrapup.ReasonID{"solved", "spam"}},
		{"vraceni", []wrapup.ReasonID{"refund"}},
		{"PENĚZ vrac", []wrapup.ReasonID{"refund"}},
		{"refund", []wrapup.ReasonID{"refund"}},
		{"spam solved", nil},
		{"x", nil},
	}
	for _, tt := range tests {
		var got []wrapup.ReasonID
		for _, r := range policy().Search(tt.query) {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Search(%q) (-want +got):\n%s", tt.query, diff)
		}
	}
	p := policy()
	p.Search("")[0].Label = "changed"
	if diff := cmp.Diff(policy(), p); diff != "" {
		t.Errorf("a change to the result changed the policy (-want +got):\n%s", diff)
	}
}

// TestEqualComparesEveryField fails when a field is added to Policy and not to
// Equal.
func TestEqualComparesEveryField(t *testing.T) {
	if !policy().Equal(policy()) {
		t.Fatal("equal policies differ")
	}
	if !(wrapup.Policy{Reasons: []wrapup.Reason{}}).Equal(wrapup.Policy{}) {
		t.Error("an empty list of reasons differs from none")
	}
	for i := range reflect.TypeFor[wrapup.Policy]().NumField() {
		p := policy()
		f := reflect.ValueOf(&p).Elem().Field(i)
		if f.IsZero() {
			t.Fatalf("policy() leaves %s at zero", reflect.TypeFor[wrapup.Policy]().Field(i).Name)
		}
		f.SetZero()
		if p.Equal(policy()) || policy().Equal(p) {
			t.Errorf("Equal ignores %s", reflect.TypeFor[wrapup.Policy]().Field(i).Name)
		}
	}
	p := policy()
	p.Reasons[0], p.Reasons[1] = p.Reasons[1], p.Reasons[0]
	if p.Equal(policy()) {
		t.Error("Equal ignores the order of reasons")
	}
}

func TestPolicyJSON(t *testing.T) {
	data, err := json.Marshal(policy())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"reasons":[{"id":"solved","label":"Solved"},{"id":"refund","label":"Vrácení peněz"},{"id":"spam","label":"Spam"}],` +
		`"default":"solved","limit":120000000000,"extension":30000000000,"maxExtensions":2,"cancellable":true,"freesSlot":true}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	var back wrapup.Policy
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(policy(), back); diff != "" {
		t.Errorf("decoded again (-want +got):\n%s", diff)
	}
	if data, err := json.Marshal(wrapup.Policy{}); err != nil || string(data) != "{}" {
		t.Errorf("zero policy encodes as %s, %v", data, err)
	}
}
