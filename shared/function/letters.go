package function

import (
	"context"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Letter is one thing that a function failed at for good: changes of a table, a
// run of a schedule, or a notice. It says what that was, and nothing of what
// was in it.
type Letter struct {
	ID       string // what RunAgain and Forget take
	Function string
	Table    Table // whose changes they were
	Changes  int   // how many at most
	Schedule string
	Due      time.Time // the instant that the run was for
	Notice   string    // its type, as the sender names it
	Reason   string    // what the function said, as far as the host knows
	At       time.Time // when it was given up
	// Until is when the changes leave the stream and cannot be run again; zero
	// for what may wait.
	Until time.Time
}

// DeadLetters are what functions failed at for good, all functions together,
// and that nobody has dealt with.
type DeadLetters interface {
	// Count says how many there are; it may lag behind by a minute.
	Count(context.Context) (int, error)
	// List returns them, the oldest first: a hundred of each function at most.
	List(context.Context) ([]Letter, error)
	// RunAgain hands a letter to its function once more, and takes it away when
	// the function has it: what fails again is another letter. It returns
	// ErrNoLetter, and any other error when nothing was changed.
	RunAgain(ctx context.Context, id string) error
	// Forget takes a letter away. It returns ErrNoLetter.
	Forget(ctx context.Context, id string) error
}

// StreamKeeps is how long a table's stream keeps a change
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html).
const StreamKeeps = 24 * time.Hour

// ErrNoLetter is that of a letter that somebody has dealt with.
var ErrNoLetter = fault.New(fault.Gone, "no-letter", "Ce message n’attend plus : quelqu’un l’a déjà relancé ou oublié.")
