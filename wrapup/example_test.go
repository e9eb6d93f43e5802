package wrapup_test

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/wrapup"
)

// A wrap-up with a time limit: the agent extends it once, and then the default
// reason is applied, because nothing was submitted in time.
func Example() {
	policy := wrapup.Policy{
		Reasons:       []wrapup.Reason{{ID: "solved", Label: "Solved"}, {ID: "spam", Label: "Spam"}},
		Default:       "solved",
		Limit:         time.Minute,
		Extension:     30 * time.Second,
		MaxExtensions: 1,
	}
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

	w := wrapup.Start(policy, start)
	w, err := w.Extend(policy, start.Add(50*time.Second))
	fmt.Println(w.Deadline.Format(time.TimeOnly), err)

	_, err = w.Extend(policy, start.Add(80*time.Second))
	fmt.Println(err)

	if w.Due(start.Add(90 * time.Second)) {
		reason, err := policy.Check(policy.Default)
		fmt.Println(reason.Label, err)
	}
	// Output:
	// 09:01:30 <nil>
	// wrapup: cannot be extended: all extensions (1) are used up
	// Solved <nil>
}

// All problems are reported at once, each with its place.
func ExamplePolicy_Validate() {
	policy := wrapup.Policy{
		Reasons: []wrapup.Reason{{ID: "solved"}},
		Limit:   -time.Second,
	}
	for _, problem := range policy.Validate("queues[0].wrapUp") {
		fmt.Println(problem)
	}
	// Output:
	// queues[0].wrapUp.reasons[0].label: must not be empty
	// queues[0].wrapUp.default: a default reason is needed
	// queues[0].wrapUp.limit: -1s is negative
}

func ExamplePolicy_Search() {
	policy := wrapup.Policy{Reasons: []wrapup.Reason{
		{ID: "refund", Label: "Vrácení peněz"},
		{ID: "complaint", Label: "Reklamace"},
	}}
	for _, r := range policy.Search("penez") {
		fmt.Println(r.ID, r.Label)
	}
	// Output:
	// refund Vrácení peněz
}

func ExamplePolicy_Check() {
	policy := wrapup.Policy{Reasons: []wrapup.Reason{{ID: "solved", Label: "Solved"}}, Default: "solved"}
	_, err := policy.Check("lunch")
	fmt.Println(err)
	// Output:
	// wrapup: no such reason: "lunch"
}

func ExampleWrapUp_Cancel() {
	policy := wrapup.Policy{
		Reasons:     []wrapup.Reason{{ID: "solved", Label: "Solved"}},
		Default:     "solved",
		Limit:       time.Minute,
		Cancellable: true,
	}
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	w, err := wrapup.Start(policy, start).Cancel(policy, start.Add(time.Second))
	_, counting := w.Remaining(start.Add(time.Hour))
	fmt.Println(counting, w.Elapsed(start.Add(time.Hour)), err)
	// Output:
	// false 1h0m0s <nil>
}
