package cohort

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// follow brings what partners say into the cohorts that pages show: cohorts
// announced, territories in and out, milestones. It may see a change twice, or
// after a later one: the version decides.
func (s *service) follow(ctx context.Context, record events.DynamoDBEventRecord) error {
	said, ok, err := partnership.In(record)
	if err != nil || !ok {
		return err
	}
	newer := dynamo.Absent.Or(expression.Name("version").LessThan(expression.Value(said.Version)))
	var writes dynamo.Writes
	switch {
	case said.Announced != nil:
		return s.followAnnounced(ctx, said)
	case said.Milestone != "":
		writes.Add(s.cohorts.Put(milestoneItem{milestoneKey(said.Cohort, said.Territory, said.Milestone), said.Territory, said.Milestone, said.ReachedOn, said.Version}, newer))
	default:
		writes.Add(s.cohorts.Put(territoryItem{territoryKey(said.Cohort, said.Territory, byPartner), said.Territory, said.EnrolledOn, said.Out, said.Version}, newer))
	}
	return refusedAsDone(writes.Commit(ctx, s.cohorts.Client))
}

// refusedAsDone takes a refusal for what it is here: something later is there.
func refusedAsDone(err error) error {
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// followAnnounced makes the cohort that a partner announces, or changes the
// one that it announced before. A cohort that the team made keeps what the
// team wrote.
func (s *service) followAnnounced(ctx context.Context, said partnership.Said) error {
	var old cohortItem
	found, err := s.cohorts.Get(ctx, cohortKey(said.Cohort), &old)
	if err != nil || found && (old.Version == "" || old.Version >= said.Version) {
		return err
	}
	a := said.Announced
	item := cohortItem{Key: cohortKey(said.Cohort), Slug: said.Cohort, CreatedAt: s.now().UTC()}
	unchanged := dynamo.Absent
	if found {
		item = old
		unchanged = expression.Name("version").Equal(expression.Value(old.Version)).
			And(expression.Name("accepted").Equal(expression.Value(old.Accepted)))
	}
	item.Version = said.Version
	item.take(cohortInput{said.Cohort, a.Name, a.Programme, Scale(a.Scale), a.Region, said.Partner, max(a.Seats, item.Accepted),
		a.OpensOn, a.ClosesOn, a.StartsOn, a.EndsOn})
	var writes dynamo.Writes
	writes.Add(s.cohorts.Put(item, unchanged))
	return writes.Commit(ctx, s.cohorts.Client) // when it has changed meanwhile, the stream brings it again
}
