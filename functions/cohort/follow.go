package cohort

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
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
		writes.Add(s.cohorts.Put(territoryItem{Key: territoryKey(said.Cohort, said.Territory, byPartner),
			Territory: said.Territory, EnrolledOn: said.EnrolledOn, Out: said.Out, Version: said.Version}, newer))
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
// one that it announced before. A cohort that the team made, or another partner
// announced, stays as it is.
func (s *service) followAnnounced(ctx context.Context, said partnership.Said) error {
	var old cohortItem
	found, err := s.cohorts.Get(ctx, cohortKey(said.Cohort), &old)
	if err != nil || found && (old.Version == "" || old.Partner != said.Partner || old.Version >= said.Version) {
		return err
	}
	item := cohortItem{Key: cohortKey(said.Cohort), Slug: said.Cohort, CreatedAt: s.now().UTC()}
	unchanged := dynamo.Absent
	if found {
		item = old
		unchanged = old.same().And(expression.Name("accepted").Equal(expression.Value(old.Accepted)))
	}
	wanted := old.announcedAnew(said)
	wanted.Seats = max(wanted.Seats, old.Accepted)
	item.take(wanted)
	item.Version, item.Announced, item.Revision = said.Version, said.Announced, old.Revision+1
	var writes dynamo.Writes
	writes.Add(s.cohorts.Put(item, unchanged))
	return writes.Commit(ctx, s.cohorts.Client) // when it has changed meanwhile, the stream brings it again
}

// announcedAnew is a cohort after another announcement: only what the partner
// says otherwise than the last time is taken, so that what the team has changed
// since stays. If that would contradict itself, the announcement is taken whole.
func (i cohortItem) announcedAnew(said partnership.Said) cohortInput {
	whole := announcedInput(said, said.Announced)
	if i.Announced == nil {
		return whole
	}
	merged := i.input()
	changeFrom(announcedInput(said, i.Announced), whole).apply(&merged)
	var faults fault.Fields
	if merged.check(&faults); len(faults) > 0 {
		return whole
	}
	return merged
}

func announcedInput(said partnership.Said, a *partnership.Announced) cohortInput {
	return cohortInput{said.Cohort, a.Name, a.Programme, Scale(a.Scale), a.Region, said.Partner, a.Seats, a.OpensOn, a.ClosesOn, a.StartsOn, a.EndsOn}
}
