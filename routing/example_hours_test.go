package routing_test

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/routing"
)

// A queue in Prague that is open on working days, and closed on New Year's Day.
func ExampleHours() {
	hours := routing.Hours{
		Zone:     "Europe/Prague",
		Holidays: []routing.Holiday{{Date: "2027-01-01"}},
	}
	for day := time.Monday; day <= time.Friday; day++ {
		hours.Week = append(hours.Week, routing.Opening{Day: day, From: routing.Clock(8, 30), To: routing.Clock(17, 0)})
	}
	schedule, err := hours.Compile(time.LoadLocation)
	if err != nil {
		fmt.Println(err)
		return
	}

	thursday := time.Date(2026, time.December, 31, 15, 59, 0, 0, time.UTC) // 16:59 in Prague
	fmt.Println("open:", schedule.Open(thursday))
	closing, _ := schedule.Next(thursday)
	fmt.Println("closes:", closing)
	opening, _ := schedule.Next(closing)
	fmt.Println("opens:", opening)
	// Output:
	// open: true
	// closes: 2026-12-31 16:00:00 +0000 UTC
	// opens: 2027-01-04 07:30:00 +0000 UTC
}

// All problems are reported at once, each with its place.
func ExampleHours_Validate() {
	hours := routing.Hours{
		Zone: "UTC",
		Week: []routing.Opening{
			{Day: time.Monday, From: routing.Clock(8, 0), To: routing.Clock(12, 0)},
			{Day: time.Monday, From: routing.Clock(11, 0), To: routing.Clock(17, 0)},
		},
		Holidays: []routing.Holiday{{Date: "2026-02-30"}},
	}
	for _, problem := range hours.Validate("queues[0].hours", time.LoadLocation) {
		fmt.Println(problem)
	}
	// Output:
	// queues[0].hours.week[1]: 11:00-17:00 overlaps 08:00-12:00
	// queues[0].hours.holidays[0].date: "2026-02-30" is not a date such as "2006-01-02"
}
