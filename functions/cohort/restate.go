package cohort

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// Facts of enrolment say of which programme a cohort is part and when it ends,
// for the bilan counts by them. When the cohort changes, they are stated anew.

// atOnce is how many stays one transaction states: three items each at most, of
// the hundred that it may hold.
const atOnce = 33

// restated hears that a cohort has changed, and states its enrolments anew when
// they no longer say what it is.
func (s *service) restated(ctx context.Context, record events.DynamoDBEventRecord) error {
	slug, redefined := partnership.Redefined(record)
	if record.EventName != string(events.DynamoDBOperationTypeModify) || !redefined {
		return nil
	}
	return s.restateCohort(ctx, slug)
}

// restateCohort appends a fact for each accepted application whose enrolment
// says of the cohort what it no longer is; of a territory that has left, it
// says both anew, or its stay would count for what the cohort was. Begun again
// after a failure, it states the rest. Another change of the cohort meanwhile is
// stated after this one: streams deliver the changes of an item in order.
func (s *service) restateCohort(ctx context.Context, slug string) error {
	for range rounds {
		err := s.restateOnce(ctx, slug)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return errChanged
}

func (s *service) restateOnce(ctx context.Context, slug string) error {
	to, err := s.cohort(ctx, slug)
	if err != nil {
		return err
	}
	var stale []territoryItem
	err = s.cohorts.Partition(ctx, cohortPartition(slug), territoryPrefix, func(attributes map[string]types.AttributeValue) error {
		var item territoryItem
		err := attributevalue.UnmarshalMap(attributes, &item)
		if item.Fact != "" && (item.Programme != to.Programme || item.EndsOn != to.EndsOn) {
			stale = append(stale, item)
		}
		return err
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(stale, atOnce) {
		var writes dynamo.Writes
		for _, item := range some {
			joined, err := time.Parse(time.RFC3339, item.SaidAt)
			if err != nil {
				return fmt.Errorf("enrolment of %s: %w", item.Territory, err)
			}
			if err := s.restateLeft(&writes, to, &item); err != nil {
				return err
			}
			s.state(&writes, to, item, joined, expression.Name("fact").Equal(expression.Value(item.Fact)))
		}
		if err := writes.Commit(ctx, s.cohorts.Client); err != nil {
			return err
		}
	}
	return nil
}

// stated holds for a cohort of which enrolments say what it is, as it was read.
func (i cohortItem) stated() expression.ConditionBuilder {
	return expression.Name("programme").Equal(expression.Value(i.Programme)).And(expression.Name("ends_on").Equal(expression.Value(i.EndsOn)))
}

// state adds the fact that a territory joined a cohort, which corrects the one
// before it, and notes what it says. joined is when it did, however late it is
// stated anew.
func (s *service) state(writes *dynamo.Writes, to cohortItem, item territoryItem, joined time.Time, conditions ...expression.ConditionBuilder) {
	data := ledger.Enrolled{Cohort: to.Slug, Programme: to.Programme, Territory: item.Territory, EnrolledOn: item.EnrolledOn, EndsOn: to.EndsOn,
		Source: byApplication, SaidAt: item.SaidAt, Corrects: item.Fact}
	item.Fact, item.Programme, item.EndsOn = s.newID("fact"), to.Programme, to.EndsOn
	writes.Add(s.cohorts.Put(item, conditions...))
	writes.Add(ledger.Append(s.ledger, ledger.New(item.Fact, "cohort", ledger.EnrolledType, to.Slug+"/"+item.Territory, joined, data), s.now()))
}

// restateLeft adds the fact that a territory has left, if it has.
func (s *service) restateLeft(writes *dynamo.Writes, to cohortItem, item *territoryItem) error {
	if item.LeftFact == "" {
		return nil
	}
	left, err := time.Parse(time.RFC3339, item.LeftAt)
	if err != nil {
		return fmt.Errorf("leaving of %s: %w", item.Territory, err)
	}
	corrects := item.LeftFact
	item.LeftFact = s.newID("fact")
	s.stateLeft(writes, to, *item, corrects, left)
	return nil
}

// stateLeft adds the fact that a territory has left a cohort, in place of the
// one that it corrects, if any.
func (s *service) stateLeft(writes *dynamo.Writes, to cohortItem, item territoryItem, corrects string, left time.Time) {
	writes.Add(ledger.Append(s.ledger, ledger.New(item.LeftFact, "cohort", "territory.withdrawn.v1", to.Slug+"/"+item.Territory, left,
		ledger.Withdrawn{Cohort: to.Slug, Programme: to.Programme, Territory: item.Territory, WithdrawnOn: item.LeftOn, Source: byApplication,
			SaidAt: item.LeftAt, Corrects: corrects}), s.now()))
}
