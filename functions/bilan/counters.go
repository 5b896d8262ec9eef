package bilan

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// counters are those of some years, as the table has them.
type counters struct {
	years map[int]countersOfYear // of figures of a year
	steps map[int]countersOfYear // of figures that span, from all years until the last one asked for
}

// countersOfYear are the counters that stand in one item.
type countersOfYear struct {
	of     map[string]tally // by the key of the figure
	status report.Status
	at     time.Time
}

// tally is that of a figure in a year.
func (c counters) tally(f figure, year int) (t tally) {
	if !f.Spans {
		return c.years[year].of[f.key()]
	}
	for y, steps := range c.steps {
		if y <= year {
			t = t.plus(steps.of[f.key()])
		}
	}
	return t
}

// known tells whether anything was counted in a year or, of what spans, before it.
func (c counters) known(year int) bool {
	if _, there := c.years[year]; there {
		return true
	}
	for y := range c.steps {
		if y <= year {
			return true
		}
	}
	return false
}

// between reads the counters that a year from first to last is made of. It
// costs a read unit for 8 KB of each of the two partitions, twice that when it
// must be consistent; a year takes about 2 KB in one and half that in the other.
func (s *service) between(ctx context.Context, first, last int, consistent bool) (counters, error) {
	years, err := s.yearsBetween(ctx, first, last, consistent)
	if err != nil {
		return counters{}, err
	}
	steps, err := s.stepsUntil(ctx, last, consistent)
	return counters{years, steps}, err
}

// stepsUntil reads the counters of what spans, of all years until one.
func (s *service) stepsUntil(ctx context.Context, last int, consistent bool) (map[int]countersOfYear, error) {
	return s.items(ctx, expression.Key("pk").Equal(expression.Value(stepsPartition)).
		And(expression.Key("sk").LessThanEqual(expression.Value(yearText(last)))), consistent)
}

// yearsBetween reads the counters of the figures of some years.
func (s *service) yearsBetween(ctx context.Context, first, last int, consistent bool) (map[int]countersOfYear, error) {
	return s.items(ctx, expression.Key("pk").Equal(expression.Value(yearly.Partition)).
		And(expression.Key("sk").Between(expression.Value(yearText(first)), expression.Value(yearText(last)))), consistent)
}

// yearText is a year as keys sort it.
func yearText(year int) string { return fmt.Sprintf("%04d", year) }

func (s *service) items(ctx context.Context, condition expression.KeyConditionBuilder, consistent bool) (map[int]countersOfYear, error) {
	expr, err := expression.NewBuilder().WithKeyCondition(condition).Build()
	if err != nil {
		return nil, fmt.Errorf("counters: %w", err)
	}
	found := map[int]countersOfYear{}
	pages := dynamodb.NewQueryPaginator(s.table.Client, &dynamodb.QueryInput{
		TableName: &s.table.Name, KeyConditionExpression: expr.KeyCondition(), ConsistentRead: &consistent,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("counters: %w", err)
		}
		for _, attributes := range page.Items {
			year, counted, err := readCounters(attributes)
			if err != nil {
				return nil, err
			}
			found[year] = counted
		}
	}
	return found, nil
}

// readCounters reads an item of counters: those that stand at 0 are left out.
func readCounters(attributes map[string]types.AttributeValue) (year int, c countersOfYear, err error) {
	var named struct {
		SK     string        `dynamodbav:"sk"`
		Status report.Status `dynamodbav:"status"`
		At     time.Time     `dynamodbav:"at"`
	}
	if err := attributevalue.UnmarshalMap(attributes, &named); err != nil {
		return 0, c, err
	}
	if year, err = strconv.Atoi(named.SK); err != nil {
		return 0, c, fmt.Errorf("counters: %w", err)
	}
	c = countersOfYear{map[string]tally{}, named.Status, named.At}
	for name, value := range attributes {
		number, isNumber := value.(*types.AttributeValueMemberN)
		key, elements := strings.CutPrefix(name, yearly.Elements(""))
		if !elements {
			key, _ = strings.CutPrefix(name, yearly.Amount(""))
		}
		if !isNumber || key == name {
			continue
		}
		n, err := strconv.Atoi(number.Value)
		if err != nil {
			return 0, c, fmt.Errorf("counters: %w", err)
		}
		t := c.of[key]
		if elements {
			t.Elements = n
		} else {
			t.Amount = n
		}
		if c.of[key] = t; t == (tally{}) {
			delete(c.of, key)
		}
	}
	return year, c, nil
}

var errNoYear = fault.New(fault.NotFound, "unknown-year", "Aucun bilan n’existe pour cette année.")

// firstYear is the first that a bilan may have: the ledger holds no fact before.
const firstYear = 2000

// thisYear is the year that runs, in Paris.
func (s *service) thisYear() int { return s.now().In(french.Paris()).Year() }

// parseYear reads a year that may have a bilan, or returns "unknown-year".
func (s *service) parseYear(text string) (int, error) {
	year, err := strconv.Atoi(text)
	if err != nil || len(text) != 4 || year < firstYear || year > s.thisYear() {
		return 0, errNoYear
	}
	return year, nil
}
