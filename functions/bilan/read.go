package bilan

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// yearsQuery is what the list of years takes.
type yearsQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

// yearsAtOnce is how many years a page lists.
const yearsAtOnce = 20

// yearField is what a cursor of the years carries: the last that was shown.
const yearField = "year"

func (s *service) getYears(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := yearsQuery{readLimit(&faults, r.URL.Query().Get("limit"), yearsAtOnce), r.URL.Query().Get("cursor")}
	if err := faults.Err(); err != nil {
		return err
	}
	start, err := dynamo.StartKey(query.Cursor, yearField)
	if err != nil {
		return err
	}
	years, err := s.years(r.Context())
	if err != nil {
		return err
	}
	if last, ok := start[yearField].(*types.AttributeValueMemberS); ok {
		years.Items = slices.DeleteFunc(years.Items, func(y report.Year) bool { return yearText(y.Year) >= last.Value })
	}
	if len(years.Items) > query.Limit {
		years.Items = years.Items[:query.Limit]
		years.NextCursor, err = dynamo.Cursor(map[string]types.AttributeValue{
			yearField: &types.AttributeValueMemberS{Value: yearText(years.Items[query.Limit-1].Year)},
		})
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, years)
}

// years lists the years that have a bilan: all from the first of which anything
// is known until the one that runs.
func (s *service) years(ctx context.Context) (report.Years, error) {
	list := report.Years{Items: []report.Year{}}
	c, err := s.between(ctx, firstYear, s.thisYear(), false)
	if err != nil {
		return list, err
	}
	for year := s.thisYear(); year == s.thisYear() || c.known(year) && year >= firstYear; year-- {
		status, at := s.standing(c.years[year])
		list.Items = append(list.Items, report.Year{Year: year, Status: status, AsOf: at})
	}
	return list, nil
}

// standing is the status of a year, and the instant as of which it is told.
func (s *service) standing(c countersOfYear) (report.Status, time.Time) {
	switch c.status {
	case "":
		return report.Open, s.now().UTC().Truncate(time.Second)
	case report.Published:
		return c.status, c.at
	}
	return c.status, s.now().UTC().Truncate(time.Second)
}

func (s *service) getYear(w http.ResponseWriter, r *http.Request) error {
	if year, format, asked := strings.Cut(r.PathValue("year"), "."); asked {
		return s.export(w, r, year, format)
	}
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, bilan)
}

// report is the bilan of a year. It returns the fault "unknown-year" when there
// is none. It costs at most two read units (units_test.go): the counters of the
// year, then what is published; or those of what spans, and what is published of
// the year before.
func (s *service) report(ctx context.Context, year int) (report.Report, error) {
	own, err := s.yearsBetween(ctx, year-1, year, false)
	if err != nil {
		return report.Report{}, err
	}
	if own[year].status == report.Published {
		return s.published(ctx, year)
	}
	steps, err := s.stepsUntil(ctx, year, false)
	if err != nil {
		return report.Report{}, err
	}
	c := counters{own, steps}
	if year != s.thisYear() && !c.known(year) {
		return report.Report{}, errNoYear
	}
	return s.running(ctx, year, c, false)
}

// running is the bilan of a year by its counters.
func (s *service) running(ctx context.Context, year int, c counters, consistent bool) (report.Report, error) {
	previous, err := s.previous(ctx, year-1, c, consistent)
	if err != nil {
		return report.Report{}, err
	}
	status, at := s.standing(c.years[year])
	out := report.Report{Year: year, Status: status, AsOf: at, Chapters: []report.Chapter{},
		Effects: map[string]report.Effect{}, Corrections: []report.Correction{}}
	for i, title := range chapters {
		out.Chapters = append(out.Chapters, report.Chapter{Number: i + 1, Title: title, Figures: []report.Figure{}})
	}
	for _, f := range s.figures.of(year) {
		if f.Chapter == 0 {
			continue
		}
		shown := f.shown(f.value(c.tally(f, year)))
		if value, known := previous[f.ID]; known {
			shown.Previous = &value
		}
		chapter := &out.Chapters[f.Chapter-1]
		chapter.Figures = append(chapter.Figures, shown)
	}
	for _, name := range effects {
		out.Effects[name] = report.Effect{}
		if f, known := s.figures.find(year, effectPrefix+name); known {
			out.Effects[name] = mean(c.tally(f, year))
		}
	}
	return out, nil
}

// mean is that of the notes of an effect, to two decimals.
func mean(t tally) report.Effect {
	if t.Elements == 0 {
		return report.Effect{}
	}
	return report.Effect{Mean: math.Round(100*float64(t.Amount)/float64(t.Elements)) / 100, Answers: t.Elements}
}

// previous are the values of the year before, as published when they are.
func (s *service) previous(ctx context.Context, year int, c counters, consistent bool) (map[string]int, error) {
	values := map[string]int{}
	switch {
	case c.years[year].status == report.Published:
		key := reportKey(year)
		frozen, _, err := s.frozen(ctx, year, expression.Key("pk").Equal(expression.Value(key.PK)).And(expression.Key("sk").Equal(expression.Value(key.SK))), consistent)
		if err != nil {
			return nil, err
		}
		for _, chapter := range frozen.Chapters {
			for _, f := range chapter.Figures {
				values[f.ID] = f.Value
			}
		}
	case c.known(year):
		for _, f := range s.figures.of(year) {
			values[f.ID] = f.value(c.tally(f, year))
		}
	}
	return values, nil
}

// published is a year as it was published, with the corrections since: some
// 4 KB of the one, and as much for each hundred facts of the other.
func (s *service) published(ctx context.Context, year int) (report.Report, error) {
	out, late, err := s.frozen(ctx, year, expression.Key("pk").Equal(expression.Value(bilanPartition(year))), false)
	if err != nil {
		return out, err
	}
	out.Corrections = s.corrections(out, late)
	return out, nil
}

// frozen reads what is published of a year, and what came late to it, as far as
// the condition names them.
func (s *service) frozen(ctx context.Context, year int, condition expression.KeyConditionBuilder, consistent bool) (out report.Report, late []lateFact, err error) {
	expr, err := expression.NewBuilder().WithKeyCondition(condition).Build()
	if err != nil {
		return out, nil, fmt.Errorf("published: %w", err)
	}
	answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{ // two items, of far less than the megabyte of a page
		TableName: &s.table.Name, KeyConditionExpression: expr.KeyCondition(), ConsistentRead: &consistent,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return out, nil, fmt.Errorf("published: %w", err)
	}
	for _, attributes := range answer.Items {
		var item struct {
			Report []byte `dynamodbav:"report"`
			correctionsItem
		}
		err := attributevalue.UnmarshalMap(attributes, &item)
		if err == nil && item.Report != nil {
			err = inflate(item.Report, &out)
		}
		if err == nil && item.Late != nil {
			late, err = item.read()
		}
		if err != nil {
			return out, nil, err
		}
	}
	if out.Year == 0 {
		err = fmt.Errorf("the bilan of %d is said to be published and is not there", year)
	}
	return out, late, err
}

// deflate makes JSON small: that of a report fits in one read unit.
func deflate(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if _, err := writer.Write(text); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return out.Bytes(), nil
}

func inflate(text []byte, out any) error {
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return json.Unmarshal(plain, out)
}
