package functiontest

import (
	"context"
	"slices"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// Letters are the dead letters of a test's world. They are not for use by
// several at once.
type Letters struct {
	Waiting []function.Letter
	// Again are the ids of those that were run again, in order.
	Again []string
	// Err is what each call returns, when it is set.
	Err error
	// Asked is told of each call's context.
	Asked func(context.Context)
}

// Count says how many wait.
func (l *Letters) Count(ctx context.Context) (int, error) {
	list, err := l.List(ctx)
	return len(list), err
}

// List returns those that wait.
func (l *Letters) List(ctx context.Context) ([]function.Letter, error) {
	if l.Asked != nil {
		l.Asked(ctx)
	}
	if l.Err != nil {
		return nil, l.Err
	}
	return slices.Clone(l.Waiting), nil
}

// RunAgain takes a letter away, and notes that it was run again.
func (l *Letters) RunAgain(ctx context.Context, id string) error {
	if err := l.Forget(ctx, id); err != nil {
		return err
	}
	l.Again = append(l.Again, id)
	return nil
}

// Forget takes a letter away.
func (l *Letters) Forget(_ context.Context, id string) error {
	if l.Err != nil {
		return l.Err
	}
	at := slices.IndexFunc(l.Waiting, func(one function.Letter) bool { return one.ID == id })
	if at < 0 {
		return function.ErrNoLetter
	}
	l.Waiting = slices.Delete(l.Waiting, at, at+1)
	return nil
}
