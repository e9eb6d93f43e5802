package conversation

import "slices"

// Transition is a step from one state of a conversation to another, by an event
// of that type name. From 0 is the conversation that is not there yet.
type Transition struct {
	From  State  // the state before
	Event string // the type name of the event, such as "Accepted"
	To    State  // the state after
}

// Transitions returns a copy of the table of every way in which the state of a
// conversation changes. Any other event that [Decide] makes leaves the state as
// it is.
func Transitions() []Transition { return slices.Clone(transitions) }

// transitions is for reading: nothing is decided by it, and a test holds it to
// what Decide and Apply do.
var transitions = []Transition{
	{0, "Opened", Queued},

	{Queued, "OfferMade", Offered},
	{Queued, "TransferCancelled", Active}, // taken back, or not accepted
	{Queued, "Ending", Ended},

	{Offered, "Accepted", Active},
	{Offered, "OfferEnded", Queued},

	{Active, "OfferMade", ConferenceRequested},
	{Active, "TransferRequested", Queued},
	{Active, "Moved", Queued}, // its agent is gone
	{Active, "Interruption", Interrupted},
	{Active, "Ending", Ended},

	{ConferenceRequested, "Accepted", Conference},
	{ConferenceRequested, "OfferEnded", Active},

	{Conference, "WrapUpStarted", Active}, // one of two left
	{Conference, "SeatEnded", Active},     // the same, without a reason owed
	{Conference, "Interruption", Interrupted},
	{Conference, "Ending", Ended},

	{Interrupted, "Ending", Ended},
}

// SeatTransition is a step from one state of a seat to another, by an event of
// that type name. From 0 is the seat that is not there yet.
type SeatTransition struct {
	From  SeatState // the state before
	Event string    // the type name of the event
	To    SeatState // the state after
}

// SeatTransitions returns a copy of the table of every way in which the state of
// a seat changes, as [Transitions] does for conversations.
func SeatTransitions() []SeatTransition { return slices.Clone(seatTransitions) }

var seatTransitions = []SeatTransition{
	{0, "Accepted", SeatActive},
	{SeatActive, "WrapUpStarted", SeatWrapping},
	{SeatActive, "SeatEnded", SeatClosed}, // its agent is gone, or owes no reason
	{SeatWrapping, "SeatEnded", SeatClosed},
	{SeatWrapping, "TransferCancelled", SeatActive}, // the sender has it again
}
