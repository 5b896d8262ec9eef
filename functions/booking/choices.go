package booking

import (
	"context"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// What forms and filters offer: the series and the cohorts that there are.

// seriesOptions are all series, by the day on which they begin.
func (s *service) seriesOptions(ctx context.Context) (options []web.Option, err error) {
	all, err := s.everySeries(ctx)
	for _, one := range all {
		options = append(options, web.Option{Value: one.Slug, Label: one.Name})
	}
	return options, err
}

// cohortOptions are all cohorts, the latest start first.
func (s *service) cohortOptions(ctx context.Context) (options []web.Option, err error) {
	all, err := partnership.CohortNames(ctx, s.cohorts)
	for _, one := range all {
		options = append(options, web.Option{Value: one.Slug, Label: one.Name})
	}
	return options, err
}

// checkCohort notes a cohort that does not exist.
func (s *service) checkCohort(ctx context.Context, slug string, faults *fault.Fields) error {
	if slug == "" || faults.Has("cohort") {
		return nil
	}
	var item dynamo.Key
	found, err := s.cohorts.Get(ctx, partnership.CohortItemKey(slug), &item)
	if err == nil && !found {
		faults.Add("cohort", "Choisissez une cohorte de la liste.")
	}
	return err
}

// groups are the series and the cohorts that sessions can belong to.
type groups struct{ Series, Cohorts []web.Option }

func (s *service) groups(ctx context.Context) (g groups, err error) {
	if g.Series, err = s.seriesOptions(ctx); err != nil {
		return g, err
	}
	g.Cohorts, err = s.cohortOptions(ctx)
	return g, err
}

// namesOf are what numbered choices are called.
func namesOf(options []web.Option, numbers []int) (names []string) {
	for _, n := range numbers {
		names = append(names, web.LabelOf(options, strconv.Itoa(n)))
	}
	return names
}
