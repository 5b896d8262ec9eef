package cohort

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// pageQuery is what every list takes.
type pageQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

const (
	defaultLimit = 20
	maxLimit     = 100
)

func readPageQuery(values url.Values, faults *fault.Fields) pageQuery {
	query := pageQuery{defaultLimit, values.Get("cursor")}
	if text := values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
		query.Limit = limit
	}
	return query
}

type cohortPage struct {
	Items      []cohort `json:"items"`
	NextCursor string   `json:"next_cursor,omitempty"`
}

func (s *service) getCohorts(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := readPageQuery(r.URL.Query(), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	page, err := s.list(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// list returns a page of cohorts with their territories, the latest start
// first. Each costs the reading of its own partition.
func (s *service) list(ctx context.Context, query pageQuery) (cohortPage, error) {
	items, next, err := s.cohortItems(ctx, query)
	if err != nil {
		return cohortPage{}, err
	}
	page := cohortPage{Items: []cohort{}, NextCursor: next}
	for _, item := range items {
		shown, err := s.gather(ctx, item)
		if err != nil {
			return cohortPage{}, err
		}
		page.Items = append(page.Items, shown)
	}
	return page, nil
}

// cohortItems returns a page of cohorts alone, the latest start first.
func (s *service) cohortItems(ctx context.Context, query pageQuery) (items []cohortItem, next string, err error) {
	listed := dynamo.Stretch{Hash: "list", Partition: partnership.AllCohorts, Sort: "list_at"}
	start, err := listed.StartKey(query.Cursor)
	if err != nil {
		return nil, "", err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(listed.Key()).Build()
	if err != nil {
		return nil, "", fmt.Errorf("cohorts: %w", err)
	}
	answer, err := s.cohorts.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.cohorts.Name, IndexName: aws.String("cohorts"), KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
		Limit: aws.Int32(int32(query.Limit)), ScanIndexForward: aws.Bool(false), ExclusiveStartKey: start,
	})
	if err != nil {
		return nil, "", fmt.Errorf("cohorts: %w", err)
	}
	if err := attributevalue.UnmarshalListOfMaps(answer.Items, &items); err != nil {
		return nil, "", err
	}
	next, err = dynamo.Cursor(answer.LastEvaluatedKey)
	return items, next, err
}

func (s *service) getCohort(w http.ResponseWriter, r *http.Request) error {
	shown, err := s.shownCohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, shown)
}

// cohort reads a cohort, or returns the fault "unknown-cohort".
func (s *service) cohort(ctx context.Context, slug string) (item cohortItem, err error) {
	found, err := s.cohorts.Get(ctx, cohortKey(slug), &item)
	if err == nil && !found {
		err = errNoCohort
	}
	return item, err
}

func (s *service) shownCohort(ctx context.Context, slug string) (cohort, error) {
	item, err := s.cohort(ctx, slug)
	if err != nil {
		return cohort{}, err
	}
	return s.gather(ctx, item)
}

// gather reads the territories and milestones of a cohort: a territory that
// both applied and was posted by the partner counts once, from the first day.
func (s *service) gather(ctx context.Context, item cohortItem) (cohort, error) {
	days := map[string]string{}
	var milestones []milestone
	err := s.cohorts.Partition(ctx, cohortPartition(item.Slug), "", func(attributes map[string]types.AttributeValue) error {
		var found struct {
			territoryItem
			Milestone string `dynamodbav:"milestone"`
			ReachedOn string `dynamodbav:"reached_on"`
		}
		if err := attributevalue.UnmarshalMap(attributes, &found); err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(found.SK, territoryPrefix) && !found.Out:
			if day, known := days[found.Territory]; !known || found.EnrolledOn < day {
				days[found.Territory] = found.EnrolledOn
			}
		case strings.HasPrefix(found.SK, milestonePrefix):
			milestones = append(milestones, milestone{found.Territory, found.Milestone, found.ReachedOn})
		}
		return nil
	})
	if err != nil {
		return cohort{}, err
	}
	var territories []enrolled
	for code, day := range days {
		territories = append(territories, enrolled{code, territoryName(code), day})
	}
	slices.SortFunc(territories, func(a, b enrolled) int {
		return strings.Compare(territory.Fold(a.Name)+a.Code, territory.Fold(b.Name)+b.Code)
	})
	slices.SortStableFunc(milestones, func(a, b milestone) int { return strings.Compare(a.ReachedOn, b.ReachedOn) })
	return item.shown(s.now(), territories, milestones), nil
}

// territoryName is the official name of a territory of which the code is stored.
func territoryName(ref string) string {
	found, err := territory.Lookup(ref)
	if err != nil {
		return ref
	}
	current := found.Current()
	return current.Name
}
