package bilan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// figureView is a figure, and for the team what it counts.
type figureView struct {
	report.Figure
	Year       int           `json:"year"`
	Status     report.Status `json:"status" enum:"open,closed,published"`
	Mean       float64       `json:"mean,omitempty" doc:"Of an effect: its value, a sum of notes from 1 to 5, by the number of notes"`
	FactsCount int           `json:"facts_count" doc:"How many records make the figure: its value, but for a sum"`
	Facts      []record      `json:"facts,omitzero" doc:"For the team: one record for each thing that is counted"`
	NextCursor string        `json:"next_cursor,omitempty"`
}

// record is one thing that a figure counts, with the facts that say so. A
// person who came to three sessions is one record with three facts, and goes by
// the first.
type record struct {
	evidence
	Element string     `json:"element" doc:"What is counted: an id, a pseudonym, a day or the code of a territory"`
	Amount  int        `json:"amount,omitempty" doc:"What it adds to a sum"`
	Facts   []evidence `json:"facts"`
}

// evidence is a fact behind a record.
type evidence struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Time string `json:"time" format:"date-time"`
	Text string `json:"text" doc:"Its title, or what it is about"`
}

// recordOf tells of an element.
func recordOf(name string, e element) record {
	r := record{Element: name, Amount: e.counted().Amount}
	for id, w := range e {
		r.Facts = append(r.Facts, evidence{id, w.Type, w.At, w.Text})
	}
	slices.SortFunc(r.Facts, func(a, b evidence) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.ID, b.ID)) })
	r.evidence = r.Facts[0] // an element that no fact names is not kept
	return r
}

// recordsQuery is what the records of a figure take.
type recordsQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 50 by default"`
	Cursor string `query:"cursor"`
}

const (
	defaultLimit = 50
	maxLimit     = 100
)

func readRecordsQuery(values url.Values, faults *fault.Fields) recordsQuery {
	return recordsQuery{readLimit(faults, values.Get("limit"), defaultLimit), values.Get("cursor")}
}

// readLimit reads how long a page of a list may be.
func readLimit(faults *fault.Fields, text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
	}
	return limit
}

var errNoFigure = fault.New(fault.NotFound, "unknown-figure", "Ce chiffre n’existe pas dans le bilan de cette année.")

func (s *service) getFigure(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	var faults fault.Fields
	query := readRecordsQuery(r.URL.Query(), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	view, err := s.figure(r.Context(), year, r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, signedIn := auth.MemberOf(r.Context()); signedIn {
		view.Facts, view.NextCursor, err = s.records(r.Context(), year, view.ID, view.Status, query)
		if err != nil {
			return err
		}
	}
	return web.JSON(w, http.StatusOK, view)
}

// figure is a figure of a year, with the number of its records: one of the
// chapters as its report has it, an effect or that of the map as it is declared.
func (s *service) figure(ctx context.Context, year int, id string) (view figureView, err error) {
	bilan, err := s.report(ctx, year)
	if err != nil {
		return view, err
	}
	f, known := s.figures.find(year, id)
	shown, _, found := bilan.Figure(id)
	if !found && !known {
		return view, errNoFigure
	}
	var counted tally
	switch {
	case bilan.Status == report.Published:
		var total frozenTotal
		_, err = s.table.Get(ctx, frozenKey(year, id, totalSK), &total)
		counted = tally{total.Total, total.Amount}
	case found && !f.Sum:
		counted.Elements = shown.Value
	default:
		var c counters
		c, err = s.between(ctx, year, year, false)
		counted = c.tally(f, year)
	}
	if !found {
		shown = f.shown(f.value(counted))
	}
	view = figureView{Figure: shown, Year: year, Status: bilan.Status, FactsCount: counted.Elements}
	if f.Section == effectsSection {
		view.Mean = mean(counted).Mean
	}
	return view, err
}

// records is a page of what a figure counts: for a published year, of what it
// counted then.
func (s *service) records(ctx context.Context, year int, id string, status report.Status, query recordsQuery) ([]record, string, error) {
	if status == report.Published {
		return s.frozenRecords(ctx, year, id, query)
	}
	f, known := s.figures.find(year, id)
	if !known {
		return nil, "", errNoFigure
	}
	start, err := f.elements(year).StartKey(query.Cursor)
	if err != nil {
		return nil, "", err
	}
	records, last := []record{}, dynamo.Key{}
	more := false
	err = s.elements(ctx, f, year, start, func(key dynamo.Key, e element) bool {
		if len(records) == query.Limit {
			more = true
			return false
		}
		records, last = append(records, recordOf(key.SK, e)), key
		return true
	})
	if err != nil || !more {
		return records, "", err
	}
	cursor, err := dynamo.Cursor(last.Attributes())
	return records, cursor, err
}

// elements are those of a figure in a year, or in all years when it spans.
func (f figure) elements(year int) dynamo.Stretch {
	return dynamo.Stretch{Hash: "pk", Partition: f.partition(year), Sort: "sk"}
}

// elements calls each for the elements that a figure counts in a year, in
// their order, from one that is left out, until each returns false. Of a
// figure that spans, it reads those of other years too.
func (s *service) elements(ctx context.Context, f figure, year int, start map[string]types.AttributeValue, each func(dynamo.Key, element) bool) error {
	expr, err := expression.NewBuilder().WithKeyCondition(f.elements(year).Key()).Build()
	if err != nil {
		return fmt.Errorf("elements: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.table.Client, &dynamodb.QueryInput{
		TableName: &s.table.Name, KeyConditionExpression: expr.KeyCondition(), ConsistentRead: aws.Bool(true), ExclusiveStartKey: start,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), Limit: aws.Int32(10 * maxLimit),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("elements: %w", err)
		}
		for _, attributes := range page.Items {
			var item elementItem
			if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
				return err
			}
			if f.Spans && !item.Facts.presence(year) {
				continue
			}
			if !each(item.Key, item.Facts) {
				return nil
			}
		}
	}
	return nil
}

// The records behind a published figure are kept so many to an item.
const recordsPerItem = 50

// frozenItem is some of the records behind a published figure, as JSON.
type frozenItem struct {
	dynamo.Key
	Records string `dynamodbav:"records"`
}

// frozenTotal is how many records are behind a published figure.
type frozenTotal struct {
	dynamo.Key
	Total  int `dynamodbav:"total"`
	Amount int `dynamodbav:"amount,omitempty"` // the sum of their amounts
}

const totalSK = "TOTAL"

func frozenKey(year int, id, sk string) dynamo.Key {
	return dynamo.Key{PK: fmt.Sprintf("FROZEN#%d#%s", year, id), SK: sk}
}

func frozenPage(year int, id string, page int) dynamo.Key {
	return frozenKey(year, id, fmt.Sprintf("%05d", page))
}

// frozenRecords is a page of the records behind a published figure. The cursor
// says how many came before.
func (s *service) frozenRecords(ctx context.Context, year int, id string, query recordsQuery) ([]record, string, error) {
	start, err := dynamo.StartKey(query.Cursor, "after")
	if err != nil {
		return nil, "", err
	}
	after := 0
	if text, given := start["after"].(*types.AttributeValueMemberS); given {
		if after, err = strconv.Atoi(text.Value); err != nil || after < 0 {
			var faults fault.Fields
			faults.Add("query.cursor", "Ce repère de page n’est pas valable\u00a0: repartez du début de la liste.")
			return nil, "", faults.Err()
		}
	}
	var total frozenTotal
	if _, err := s.table.Get(ctx, frozenKey(year, id, totalSK), &total); err != nil {
		return nil, "", err
	}
	records := []record{}
	end := min(after+query.Limit, total.Total)
	for page := after / recordsPerItem; page*recordsPerItem < end; page++ {
		var item frozenItem
		if _, err := s.table.Get(ctx, frozenPage(year, id, page), &item); err != nil {
			return nil, "", err
		}
		var list []record
		if err := json.Unmarshal([]byte(item.Records), &list); err != nil {
			return nil, "", fmt.Errorf("frozen: %w", err)
		}
		from, to := max(after-page*recordsPerItem, 0), min(end-page*recordsPerItem, len(list))
		if from < to {
			records = append(records, list[from:to]...)
		}
	}
	if end >= total.Total {
		return records, "", nil
	}
	cursor, err := dynamo.Cursor(map[string]types.AttributeValue{"after": &types.AttributeValueMemberS{Value: strconv.Itoa(end)}})
	return records, cursor, err
}
