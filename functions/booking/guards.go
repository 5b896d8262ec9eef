package booking

import (
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// guards are what keeps a session from being oversold and its list fair. Tests
// take each away in turn, and must then see what it prevents.
type guards struct {
	// seatFree holds for a seat that nobody has.
	seatFree expression.ConditionBuilder
	// personFree holds for a record that a request with this key may book.
	personFree func(key string) expression.ConditionBuilder
	// ticketHeld holds for a ticket that somebody still waits with.
	ticketHeld expression.ConditionBuilder
	// waitingWith holds for the record that waits with this ticket.
	waitingWith func(ticket int) expression.ConditionBuilder
	// freshMode reads the mode consistently.
	freshMode bool
	// matchAfterCancel runs the matcher once a seat is free again.
	matchAfterCancel bool
}

func newGuards() guards {
	return guards{
		seatFree: dynamo.Exists,
		personFree: func(key string) expression.ConditionBuilder {
			return dynamo.Absent.Or(
				expression.Name("state").Equal(expression.Value(cancelled)).
					And(expression.Not(expression.Contains(expression.Name("request_keys"), key))))
		},
		ticketHeld: dynamo.Exists,
		waitingWith: func(ticket int) expression.ConditionBuilder {
			return expression.Name("state").Equal(expression.Value(waiting)).
				And(expression.Name("ticket").Equal(expression.Value(ticket)))
		},
		freshMode: true, matchAfterCancel: true,
	}
}
