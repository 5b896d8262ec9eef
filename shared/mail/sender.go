package mail

import (
	"context"
	"errors"
	"fmt"
)

// Sender hands messages to a mail provider. Package smtp speaks to any SMTP
// server, package ses to Amazon SES.
type Sender interface {
	// Send returns once the provider has taken the message, with the
	// provider's own id for it, which may be empty. Otherwise it returns a
	// *Failure that says what to do next.
	Send(ctx context.Context, m Message) (receipt string, err error)
}

// Verdict is what a failure means for what comes next.
type Verdict int

// The verdicts.
const (
	// Down: the provider takes nothing from anyone now. Try again later, and
	// leave it alone until then.
	Down Verdict = iota + 1
	// Later: this message was not taken now, but may be later.
	Later
	// Refused: this message never will be taken; others to the person may.
	Refused
	// NoSuchAddress: nothing will ever reach this address.
	NoSuchAddress
)

// String is the verdict as logs show it.
func (v Verdict) String() string {
	return [...]string{"", "down", "later", "refused", "no-such-address"}[v]
}

// Failure is why a message was not taken.
type Failure struct {
	Verdict Verdict
	// Reason is for logs: codes and stages ("RCPT 550 5.1.1"), never an
	// address, which the texts of servers often hold.
	Reason string
}

// Error is the verdict and the reason.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Verdict, f.Reason) }

// FailureOf reads a failure out of an error of Send. An error of another kind
// counts as Later: nothing is given up because of what is not understood.
func FailureOf(err error) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	return &Failure{Later, "unknown"}
}
