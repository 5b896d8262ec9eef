package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Why a person is written to no more.
const (
	becauseRefused    = "refused"   // the provider says that the address does not exist
	becauseBounced    = "bounce"    // the mail came back for good
	becauseComplained = "complaint" // the person reported the mail as unwanted
)

// suppression stops all mail to a person, receipts included, until the team
// lifts it. It makes no difference why: who complains of a receipt wants none,
// and providers count both against the sender (SES refuses to deliver to
// either by itself: https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html).
//
// Once lifted, it stays until no notice can come any more of a mail sent before.
type suppression struct {
	dynamo.Key
	Reason       string `dynamodbav:"reason"`
	SuppressedAt string `dynamodbav:"suppressed_at"`
	// Listed puts it in the index of what the team sees; absent once lifted.
	Listed string `dynamodbav:"suppressed,omitempty"`
	// CreatedAt is when the mail that came back was asked for: what a request
	// to be erased compares, so that old mail says nothing of who came back.
	CreatedAt string `dynamodbav:"created_at"`
	LiftedAt  string `dynamodbav:"lifted_at,omitempty"`
	ExpiresAt int64  `dynamodbav:"expires_at,omitempty"`
}

// listed is the one partition of the index "suppressed".
const listed = "SUPPRESSED"

func suppressionKey(person string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: "SUPPRESSED"}
}

// suppress stops all mail to a person because of a mail that was asked for at
// an instant (a stamp). It changes nothing when they are suppressed already,
// when that was lifted after the mail, or when they asked to be erased since.
func (s *service) suppress(ctx context.Context, person, asked, reason string) error {
	put, err := s.table.Put(suppression{
		Key: suppressionKey(person), Reason: reason, SuppressedAt: stamp(s.now()), Listed: listed, CreatedAt: asked,
	}, dynamo.Absent.Or(expression.Name("lifted_at").LessThan(expression.Value(asked))))
	if err != nil {
		return err
	}
	present, err := s.table.Check(erasedKey(person), notErasedSince(asked))
	if err != nil {
		return err
	}
	return unlessRefused(dynamo.Transact(ctx, s.table.Client, put, present))
}

// unlessRefused drops the error of a transaction whose conditions did not
// hold, where that means that nothing is left to do.
func unlessRefused(err error) error {
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// stopFor is the state in which a mail to a person must end unsent, empty
// when it may go. It costs a read unit, and one more for news.
func (s *service) stopFor(ctx context.Context, person, template string) (state string, err error) {
	var stop suppression
	found, err := s.table.Get(ctx, suppressionKey(person), &stop)
	switch {
	case err != nil:
		return "", err
	case found && stop.Listed != "":
		return suppressed, nil
	case receipts[template]:
		return "", nil
	}
	if found, err = s.table.Get(ctx, unsubscribedKey(person), &optOut{}); err != nil || !found {
		return "", err
	}
	return unsubscribed, nil
}

type suppressionsQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

// suppressionEntry names a person by the keyed hash of their address alone.
type suppressionEntry struct {
	Person       string `json:"person" doc:"Keyed hash that stands for the person in every table"`
	Reason       string `json:"reason" enum:"refused,bounce,complaint"`
	SuppressedAt string `json:"suppressed_at" format:"date-time"`
}

type suppressionsAnswer struct {
	Items      []suppressionEntry `json:"items"`
	NextCursor string             `json:"next_cursor,omitempty"`
}

func readSuppressionsQuery(values url.Values) (query suppressionsQuery, err error) {
	const otherwise, most = 20, 100
	var faults fault.Fields
	query = suppressionsQuery{Limit: otherwise, Cursor: values.Get("cursor")}
	if text := values.Get("limit"); text != "" {
		if query.Limit, err = strconv.Atoi(text); err != nil || query.Limit < 1 || query.Limit > most {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
	}
	return query, faults.Err()
}

func (s *service) listSuppressions(w http.ResponseWriter, r *http.Request) error {
	query, err := readSuppressionsQuery(r.URL.Query())
	if err != nil {
		return err
	}
	answer, err := s.suppressions(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// suppressions returns a page of who is not written to, the latest first.
func (s *service) suppressions(ctx context.Context, query suppressionsQuery) (suppressionsAnswer, error) {
	answer := suppressionsAnswer{Items: []suppressionEntry{}}
	page, err := s.latest(ctx, "suppressed", "suppressed", "suppressed_at", listed, query.Limit, query.Cursor)
	if err != nil {
		return answer, err
	}
	var found []suppression
	if err := attributevalue.UnmarshalListOfMaps(page.Items, &found); err != nil {
		return answer, fmt.Errorf("suppressions: %w", err)
	}
	for _, one := range found {
		answer.Items = append(answer.Items, suppressionEntry{personOf(one.Key), one.Reason, one.SuppressedAt})
	}
	answer.NextCursor, err = dynamo.Cursor(page.LastEvaluatedKey)
	return answer, err
}

// latest reads a page of an index over one partition, the latest first.
func (s *service) latest(ctx context.Context, index, hash, sort, partition string, limit int, cursor string) (*dynamodb.QueryOutput, error) {
	start, err := dynamo.StartKey(cursor, "pk", "sk", hash, sort)
	if err != nil {
		return nil, err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key(hash).Equal(expression.Value(partition))).Build()
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", index, err)
	}
	page, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table.Name, IndexName: &index, ScanIndexForward: aws.Bool(false),
		Limit: aws.Int32(int32(limit)), ExclusiveStartKey: start, KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", index, err)
	}
	return page, nil
}

type liftAnswer struct {
	Person   string `json:"person"`
	LiftedAt string `json:"lifted_at" format:"date-time"`
}

func (s *service) postLift(w http.ResponseWriter, r *http.Request) error {
	answer, err := s.lift(r.Context(), r.PathValue("person"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// lift lets mail go to a person again; lifting what is lifted gives the same
// answer. The address must leave SES's own list too ("aws sesv2
// delete-suppressed-destination"), which nobody but the person can name here.
func (s *service) lift(ctx context.Context, person string) (liftAnswer, error) {
	now := s.now()
	update := expression.Set(expression.Name("lifted_at"), expression.Value(stamp(now))).
		Set(expression.Name("expires_at"), expression.Value(now.Add(recordFor).Unix())).
		Remove(expression.Name("suppressed"))
	var writes dynamo.Writes
	writes.Add(s.table.Update(suppressionKey(person), update, expression.AttributeExists(expression.Name("suppressed"))))
	writes.Add(s.audit.Entry(ctx, "suppression.lifted", person, nil, nil))
	err := writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return s.notLifted(ctx, person, refused)
	}
	return liftAnswer{person, stamp(now)}, err
}

// notLifted answers when there was nothing to lift.
func (s *service) notLifted(ctx context.Context, person string, refused *dynamo.Refused) (liftAnswer, error) {
	var earlier suppression
	if found, err := refused.Old(0, &earlier); err != nil || found {
		return liftAnswer{person, earlier.LiftedAt}, err
	}
	if found, err := s.table.Get(ctx, unsubscribedKey(person), &optOut{}); err != nil {
		return liftAnswer{}, err
	} else if found {
		return liftAnswer{}, fault.New(fault.Conflict, "unsubscribed-by-choice",
			"Cette personne a choisi de ne plus recevoir de nouvelles : elle seule peut changer d’avis.")
	}
	return liftAnswer{}, fault.New(fault.NotFound, "suppression-not-found", "Aucun envoi n’est suspendu pour cette personne.")
}
