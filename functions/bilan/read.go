package bilan

import (
	"bytes"
	"cmp"
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
// is none. It costs at most two read units (units_test.go): the counters, then
// what is published, of the year or of the one before.
func (s *service) report(ctx context.Context, year int) (report.Report, error) {
	c, err := s.between(ctx, year-1, year, false)
	switch {
	case err != nil:
		return report.Report{}, err
	case c.years[year].status == report.Published:
		return s.published(ctx, year, false)
	case year != s.thisYear() && !c.known(year):
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
		frozen, err := s.published(ctx, year, consistent)
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

// published is a year as it was published, with the corrections since.
func (s *service) published(ctx context.Context, year int, consistent bool) (out report.Report, err error) {
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("pk").Equal(expression.Value(bilanPartition(year)))).Build()
	if err != nil {
		return out, fmt.Errorf("published: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.table.Client, &dynamodb.QueryInput{
		TableName: &s.table.Name, KeyConditionExpression: expr.KeyCondition(), ConsistentRead: &consistent,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	var corrections []correctionItem
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return out, fmt.Errorf("published: %w", err)
		}
		for _, attributes := range page.Items {
			if err := readPublished(attributes, &out, &corrections); err != nil {
				return out, err
			}
		}
	}
	if out.Year == 0 {
		return out, fmt.Errorf("the bilan of %d is said to be published and is not there", year)
	}
	out.Corrections = s.corrections(out, corrections)
	return out, nil
}

func readPublished(attributes map[string]types.AttributeValue, out *report.Report, corrections *[]correctionItem) error {
	var key dynamo.Key
	if err := attributevalue.UnmarshalMap(attributes, &key); err != nil {
		return err
	}
	if key.SK != reportSK {
		var c correctionItem
		err := attributevalue.UnmarshalMap(attributes, &c)
		*corrections = append(*corrections, c)
		return err
	}
	var item reportItem
	if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
		return err
	}
	return inflate(item.Report, out)
}

// corrections tells what facts that came after publication would change, one
// after the other. What a correcting fact took back is left out.
func (s *service) corrections(frozen report.Report, items []correctionItem) []report.Correction {
	slices.SortFunc(items, func(a, b correctionItem) int {
		return cmp.Or(cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(a.Fact, b.Fact), cmp.Compare(a.FigureKey, b.FigureKey))
	})
	published := map[string]int{}
	for _, chapter := range frozen.Chapters {
		for _, f := range chapter.Figures {
			published[f.ID] = f.Value
		}
	}
	for name, effect := range frozen.Effects {
		published[effectPrefix+name] = effect.Answers
	}
	published[accompaniedID] = len(frozen.Territories)
	list, now := []report.Correction{}, map[string]int{}
	for _, item := range items {
		f, known := s.figures.keyed(item.FigureKey)
		by := tally{item.Elements, item.Amount}
		change := f.value(by)
		if f.Section == effectsSection { // the number of answers
			change = by.Elements
		}
		if !known || change == 0 {
			continue
		}
		now[f.ID] += change
		list = append(list, report.Correction{
			Figure: f.ID, Label: f.Label, Published: published[f.ID], Now: published[f.ID] + now[f.ID],
			On: dayOfText(item.Recorded), Reason: reason(item), FactID: item.Fact,
		})
	}
	return list
}

func dayOfText(instant string) string {
	t, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return instant
	}
	return dayOf(t)
}

// deflate makes the JSON of a report small enough for one read unit.
func deflate(r report.Report) ([]byte, error) {
	text, err := json.Marshal(r)
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

func inflate(text []byte, out *report.Report) error {
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
