package bilan

import (
	"cmp"
	"context"
	"errors"
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
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// factsQuery is what the list of facts may be narrowed by.
type factsQuery struct {
	Type   string `query:"type" doc:"As in POST /v1/facts; all of them but fact.voided by default"`
	Year   int    `query:"year" doc:"In Paris; the current one by default"`
	State  string `query:"state" doc:"counted, replaced or cancelled"`
	Q      string `query:"q" doc:"Words of what a fact says, names of territories included, or its id"`
	Limit  int    `query:"limit" doc:"At most 100, 50 by default"`
	Cursor string `query:"cursor"`
}

// The states of a fact in the list.
const (
	stateCounted   = "counted"
	stateReplaced  = "replaced"
	stateCancelled = "cancelled"
)

// factStates are in the order in which the page offers them.
var factStates = []web.Option{
	{Value: stateCounted, Label: "Compte"}, {Value: stateReplaced, Label: "Corrigé depuis"}, {Value: stateCancelled, Label: "Annulé"},
}

// listedFact is a recorded fact in the list.
type listedFact struct {
	factView
	State       string `json:"state" enum:"counted,replaced,cancelled"`
	CorrectedBy string `json:"corrected_by,omitempty" doc:"The fact that came in its place, or that made it void"`
	at          string // sort key in the ledger
}

// factPage is a page of facts, the latest first.
type factPage struct {
	Items      []listedFact `json:"items"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

func (s *service) readFactsQuery(values url.Values, faults *fault.Fields) factsQuery {
	page := readRecordsQuery(values, faults)
	query := factsQuery{Type: values.Get("type"), Year: s.thisYear(), State: values.Get("state"), Q: strings.TrimSpace(values.Get("q")), Limit: page.Limit, Cursor: page.Cursor}
	if query.Type != "" {
		if _, known := formOf(query.Type); !known {
			faults.Add("query.type", "Choisissez un type parmi intervention, media.appearance, support.one_off, support.experimental, thesis, training et fact.voided.")
		}
	}
	if text := values.Get("year"); text != "" {
		year, err := strconv.Atoi(text)
		if err != nil || year < firstYear || year > s.thisYear() {
			faults.Add("query.year", fmt.Sprintf("Demandez une année de %d à %d.", firstYear, s.thisYear()))
		}
		query.Year = year
	}
	if query.State != "" && !web.Offers(factStates, query.State) {
		faults.Add("query.state", "Choisissez un état dans la liste.")
	}
	return query
}

// forms are those of the type.
func (q factsQuery) forms() []form {
	if q.Type == "" {
		return forms
	}
	f, _ := formOf(q.Type)
	return []form{f}
}

func (s *service) getFacts(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := s.readFactsQuery(r.URL.Query(), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	page, err := s.facts(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// cursorField is what a cursor of the list carries: where the last fact that
// was shown stands among those of all types, which are kept by time.
const cursorField = "sk"

// facts is a page of what the team recorded for a year, the latest first. It
// reads until the page is full: the whole year when a search finds little.
func (s *service) facts(ctx context.Context, query factsQuery) (page factPage, err error) {
	page.Items = []listedFact{}
	start, err := dynamo.StartKey(query.Cursor, cursorField)
	if err != nil {
		return page, err
	}
	before := ""
	if given, ok := start[cursorField].(*types.AttributeValueMemberS); ok {
		before = given.Value
	}
	for {
		var found []listedFact
		if found, before, err = s.factsBefore(ctx, query, before); err != nil {
			return page, err
		}
		for _, told := range found {
			if query.State != "" && told.State != query.State {
				continue
			}
			if len(page.Items) == query.Limit {
				page.NextCursor, err = dynamo.Cursor(map[string]types.AttributeValue{
					cursorField: &types.AttributeValueMemberS{Value: page.Items[query.Limit-1].at},
				})
				return page, err
			}
			page.Items = append(page.Items, told)
		}
		if before == "" {
			return page, nil
		}
	}
}

// factsBefore reads some facts of the year that stand before a place, and the
// place from which to go on, empty at the end. What the words leave out is left
// out; states are read of the rest only.
func (s *service) factsBefore(ctx context.Context, query factsQuery, before string) (found []listedFact, next string, err error) {
	for _, f := range query.forms() {
		some, more, err := s.factsOf(ctx, f, query, before)
		if err != nil {
			return nil, "", err
		}
		found = append(found, some...)
		if more { // of this type there are others, before the last that was read
			next = max(next, some[len(some)-1].at)
		}
	}
	words := territory.Words(query.Q)
	found = slices.DeleteFunc(found, func(told listedFact) bool { return told.at < next || !told.says(words) })
	slices.SortFunc(found, func(a, b listedFact) int { return cmp.Compare(b.at, a.at) })
	keys := make([]dynamo.Key, len(found))
	for i, told := range found {
		keys[i] = postedKey(told.ID)
	}
	by, err := read(ctx, s.table, keys, func(p postedItem) dynamo.Key { return p.Key })
	for i := range found {
		posted := by[keys[i]]
		found[i].CorrectedBy, found[i].State = posted.CorrectedBy, posted.state()
	}
	return found, next, err
}

func (p postedItem) state() string {
	switch {
	case p.Void:
		return stateCancelled
	case p.CorrectedBy != "":
		return stateReplaced
	}
	return stateCounted
}

// factsOf reads facts of one form that stand before a place, the latest first,
// one more than a page has; more tells whether others follow.
func (s *service) factsOf(ctx context.Context, f form, query factsQuery, before string) (found []listedFact, more bool, err error) {
	key := expression.Key("pk").Equal(expression.Value(fmt.Sprintf("%s#%d", f.Type, query.Year)))
	if before != "" {
		key = key.And(expression.Key("sk").LessThan(expression.Value(before)))
	}
	expr, err := expression.NewBuilder().WithKeyCondition(key).Build()
	if err != nil {
		return nil, false, fmt.Errorf("facts: %w", err)
	}
	answer, err := s.ledger.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.ledger.Name, KeyConditionExpression: expr.KeyCondition(), ScanIndexForward: aws.Bool(false), ConsistentRead: aws.Bool(true),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), Limit: aws.Int32(int32(query.Limit) + 1),
	})
	if err != nil {
		return nil, false, fmt.Errorf("facts: %w", err)
	}
	var items []struct {
		dynamo.Key
		Event string `dynamodbav:"event"`
	}
	if err := attributevalue.UnmarshalListOfMaps(answer.Items, &items); err != nil {
		return nil, false, fmt.Errorf("facts: %w", err)
	}
	for _, item := range items {
		told, err := readAnswer(item.Event, nil)
		if err != nil {
			return nil, false, errors.Join(fmt.Errorf("fact %s", item.SK), err)
		}
		found = append(found, listedFact{factView: told, at: item.SK})
	}
	return found, answer.LastEvaluatedKey != nil && len(found) > 0, nil
}

// says tells whether each of some folded words is in what a fact says, as
// people read it.
func (l listedFact) says(words []string) bool {
	f, _ := formOf(l.Type)
	parts := []string{l.ID, f.Label}
	for _, field := range f.Fields {
		parts = append(parts, field.text(l.Data[field.Name]))
		if text, _ := l.Data[field.Name].(string); field.Kind == slug {
			parts = append(parts, text) // as it is typed too
		}
	}
	return territory.HasWords(strings.Join(parts, " "), words)
}

// text is what a field says, for people.
func (f field) text(value any) string {
	text, isText := value.(string)
	switch {
	case value == nil:
		return ""
	case !isText:
		return fmt.Sprint(value)
	case f.Kind == choice:
		return f.label(text)
	case f.Kind == code:
		return placeName(text)
	case f.Kind == slug:
		return f.named(text)
	}
	return text
}
