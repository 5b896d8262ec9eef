package partner

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// followCohort states the enrolments of a cohort anew once it belongs to
// another programme, or ends on another day: figures count by both. It looks
// at the cohort as it is now, so that changes may come late, twice or in any
// order.
func (s *service) followCohort(ctx context.Context, record events.DynamoDBEventRecord) error {
	slug, redefined := partnership.Redefined(record)
	if !redefined {
		return nil
	}
	into := destination{slug: slug}
	found, err := s.cohorts.Get(ctx, partnership.CohortItemKey(slug), &into.Cohort)
	if err != nil || !found {
		return err
	}
	for _, into.partner = range alliance.Partners {
		if err := s.stateAnew(ctx, into); err != nil {
			return err
		}
	}
	return nil
}

// stateAnew corrects what a partner's facts say of a cohort, territory by territory.
func (s *service) stateAnew(ctx context.Context, into destination) error {
	state := partnership.TerritoryKey(into.partner.Name, into.slug, "")
	return s.table.Partition(ctx, state.PK, state.SK, func(attributes map[string]types.AttributeValue) error {
		var item saidItem
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return err
		}
		return s.stateItemAnew(ctx, into, item)
	})
}

// stateItemAnew is stateAnew for one territory, in one transaction. A message
// that changes it meanwhile makes it read again; another change of the cohort
// comes after this one, as streams keep the order of an item.
func (s *service) stateItemAnew(ctx context.Context, into destination, item saidItem) error {
	for round := range rounds {
		read := item.Revision
		facts := s.state(&item, into, true)
		if len(facts) == 0 {
			return nil
		}
		item.Revision++
		var writes dynamo.Writes
		writes.Add(s.table.Put(item, expression.Name("revision").Equal(expression.Value(read))))
		for _, fact := range facts {
			writes.Add(ledger.Append(s.ledger, fact, s.now()))
		}
		err := writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
		if err := rest(ctx, round); err != nil {
			return err
		}
		key := item.Key
		item = saidItem{}
		if _, err := s.table.Get(ctx, key, &item); err != nil {
			return err
		}
	}
	return errBusy
}
