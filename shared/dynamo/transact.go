package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/oklog/ulid/v2"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Refused says that the conditions of a transaction did not hold: nothing was
// written. Failed tells which items refused, by their place in the call.
type Refused struct {
	reasons []types.CancellationReason
}

// Error names the places that refused.
func (e *Refused) Error() string { return fmt.Sprintf("transaction refused at %v", e.places()) }

// Failed tells whether the condition of the item at this place did not hold.
func (e *Refused) Failed(place int) bool {
	return place < len(e.reasons) && aws.ToString(e.reasons[place].Code) == "ConditionalCheckFailed"
}

// Old reads the item that stood at this place when its condition failed.
// found is false when no item stood there.
func (e *Refused) Old(place int, out any) (found bool, err error) {
	if place >= len(e.reasons) || len(e.reasons[place].Item) == 0 {
		return false, nil
	}
	return true, attributevalue.UnmarshalMap(e.reasons[place].Item, out)
}

func (e *Refused) places() (places []int) {
	for i := range e.reasons {
		if e.Failed(i) {
			places = append(places, i)
		}
	}
	return places
}

// attempts and firstPause bound how long a conflict or a throttled call is
// retried: about two seconds, within the time-out of every function.
const (
	attempts   = 8
	firstPause = 15 * time.Millisecond
)

// Transact writes all items or none. It returns *Refused when a condition did
// not hold, and an Unavailable fault when DynamoDB stays busy.
//
// All attempts carry one request token, so that an attempt whose answer was
// lost after the commit is not written twice
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
func Transact(ctx context.Context, client *dynamodb.Client, items ...types.TransactWriteItem) error {
	input := &dynamodb.TransactWriteItemsInput{
		TransactItems: items, ClientRequestToken: aws.String(ulid.Make().String()),
	}
	for attempt := 0; ; attempt++ {
		_, err := client.TransactWriteItems(ctx, input)
		var cancelled *types.TransactionCanceledException
		switch {
		case err == nil:
			return nil
		case errors.As(err, &cancelled) && refused(cancelled):
			return &Refused{cancelled.CancellationReasons}
		case mistaken(err), cancelled != nil && !passing(cancelled):
			return fmt.Errorf("transaction: %w", err)
		case attempt+1 == attempts || ctx.Err() != nil:
			return unavailable(err)
		case cancelled == nil && !busy(err):
			return unavailable(err) // the SDK has retried what can be
		}
		if err := pause(ctx, attempt); err != nil {
			return unavailable(err)
		}
	}
}

// refused tells whether a condition did not hold.
func refused(cancelled *types.TransactionCanceledException) bool {
	return hasReason(cancelled, "ConditionalCheckFailed")
}

// passing tells whether another transaction, or a limit, stood in the way.
// What else cancels one is a mistake: a value of the wrong type, an item that
// is too large.
func passing(cancelled *types.TransactionCanceledException) bool {
	return hasReason(cancelled, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded") &&
		!hasReason(cancelled, "ValidationError", "ItemCollectionSizeLimitExceeded")
}

func hasReason(cancelled *types.TransactionCanceledException, codes ...string) bool {
	return slices.ContainsFunc(cancelled.CancellationReasons, func(reason types.CancellationReason) bool {
		return slices.Contains(codes, aws.ToString(reason.Code))
	})
}

// mistaken tells whether the call itself is wrong, or not allowed: no retry
// mends that, and nobody should be told to try again.
func mistaken(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "ValidationException", "AccessDeniedException", "ResourceNotFoundException", "IdempotentParameterMismatchException":
		return true
	}
	return false
}

func busy(err error) bool {
	var running *types.TransactionInProgressException
	var conflict *types.TransactionConflictException
	return errors.As(err, &running) || errors.As(err, &conflict)
}

// pause waits with full jitter, twice as long each time
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(firstPause << attempt))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unavailable keeps the cause for the log and shows people a truthful sentence.
func unavailable(err error) error {
	return fmt.Errorf("%w: %w", &fault.Error{
		Kind: fault.Unavailable, Code: "busy", RetryAfter: 2 * time.Second,
		Detail: "Le service est momentanément surchargé. Rien n’est perdu : renvoyez votre demande dans un instant.",
	}, err)
}

// Writes gathers the items of a transaction, and the first error in making
// them: writes.Add(table.Put(item)).
type Writes struct {
	Items []types.TransactWriteItem
	Err   error
}

// Add adds an item, or notes why it could not be made.
func (w *Writes) Add(item types.TransactWriteItem, err error) {
	if w.Err == nil {
		w.Err = err
	}
	w.Items = append(w.Items, item)
}

// Commit writes all items or none, as Transact does.
func (w *Writes) Commit(ctx context.Context, client *dynamodb.Client) error {
	if w.Err != nil {
		return w.Err
	}
	return Transact(ctx, client, w.Items...)
}
