package cohort

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// errLapsed is what an application gets that nobody confirmed in time, once
// another one of the same territory has come: it can only be closed.
var errLapsed = fault.New(fault.Conflict, "application-lapsed",
	"Personne n’a confirmé cette candidature à temps et le territoire en a déposé une autre : celle-ci ne peut plus changer, seulement être retirée.")

func (i applicationItem) claim() dynamo.Key { return claimKey(i.Cohort, i.Territory) }

// mine holds for a claim that is the application's own, or nobody's.
func (i applicationItem) mine() expression.ConditionBuilder {
	return dynamo.Absent.Or(expression.Name("application_id").Equal(expression.Value(i.ID)))
}

// release adds that an application no longer keeps its territory: one item,
// which holds while the claim is as it was read. A claim that is another's by
// now stays.
func (s *service) release(ctx context.Context, writes *dynamo.Writes, item applicationItem) error {
	var claim claimItem
	found, err := s.table.Get(ctx, item.claim(), &claim)
	if err != nil {
		return err
	}
	if found && claim.Application != item.ID {
		writes.Add(s.table.Check(item.claim(), dynamo.Absent.Or(expression.Name("application_id").NotEqual(expression.Value(item.ID)))))
	} else {
		writes.Add(s.table.Delete(item.claim(), item.mine()))
	}
	return nil
}
