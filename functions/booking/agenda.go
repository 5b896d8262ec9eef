package booking

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// agendaQuery is what a list of sessions may be narrowed by.
type agendaQuery struct {
	Kind   Kind   `query:"kind"`
	Series string `query:"series" doc:"Slug of a series"`
	Cohort string `query:"cohort" doc:"Slug of a cohort"`
	From   string `query:"from" doc:"First day, in Paris; today when neither from nor to is given"`
	To     string `query:"to" doc:"Last day, in Paris"`
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

// listing is a query with its days as instants; to is the first beyond it.
type listing struct {
	agendaQuery
	from, to time.Time
	states   []string // stored states that are kept; none: all
	latest   bool     // the latest first
}

type sessionPage struct {
	Items      []session `json:"items"`
	NextCursor string    `json:"next_cursor,omitempty"`
}

const (
	defaultLimit = 20
	maxLimit     = 100
)

func (s *service) readAgendaQuery(values url.Values) (listing, error) {
	var faults fault.Fields
	query := listing{agendaQuery: agendaQuery{
		Kind: Kind(values.Get("kind")), Series: values.Get("series"), Cohort: values.Get("cohort"), From: values.Get("from"), To: values.Get("to"),
		Cursor: values.Get("cursor"),
	}}
	if query.Kind != "" && !slices.Contains(kinds, query.Kind) {
		faults.Add("query.kind", "Cette sorte de rencontre n’existe pas.")
	}
	alliance.CheckSlug(&faults, "query.series", query.Series)
	alliance.CheckSlug(&faults, "query.cohort", query.Cohort)
	query.from = readDay(&faults, "query.from", query.From)
	if query.to = readDay(&faults, "query.to", query.To); !query.to.IsZero() {
		query.to = query.to.AddDate(0, 0, 1)
	}
	if query.From == "" && query.To == "" {
		now := s.now().In(french.Paris())
		query.from = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, french.Paris())
	}
	query.Limit = readLimit(&faults, values.Get("limit"))
	return query, faults.Err()
}

// readLimit reads how long a page of a list may be.
func readLimit(faults *fault.Fields, text string) int {
	if text == "" {
		return defaultLimit
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
	}
	return limit
}

// readDay reads a day, or an instant, as an instant in Paris.
func readDay(faults *fault.Fields, location, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, french.Paris()); err == nil {
		return day
	}
	if moment, err := time.Parse(time.RFC3339, text); err == nil {
		return moment
	}
	faults.Add(location, "Indiquez un jour, comme 2026-02-03.")
	return time.Time{}
}

func (s *service) getSessions(w http.ResponseWriter, r *http.Request) error {
	query, err := s.readAgendaQuery(r.URL.Query())
	if err != nil {
		return err
	}
	items, next, err := s.agenda(r.Context(), query)
	if err != nil {
		return err
	}
	page := sessionPage{Items: []session{}, NextCursor: next}
	for _, item := range items {
		shown, err := s.counted(r.Context(), item, false)
		if err != nil {
			return err
		}
		page.Items = append(page.Items, shown)
	}
	return web.JSON(w, http.StatusOK, page)
}

// agenda returns a page of sessions in order of time.
func (s *service) agenda(ctx context.Context, query listing) (items []sessionItem, next string, err error) {
	start, err := dynamo.StartKey(query.Cursor, "pk", "sk", "agenda", "agenda_at")
	if err != nil {
		return nil, "", err
	}
	input, err := s.agendaInput(query)
	if err != nil {
		return nil, "", err
	}
	for {
		input.ExclusiveStartKey = start
		answer, err := s.table.Client.Query(ctx, input)
		if err != nil {
			return nil, "", fmt.Errorf("agenda: %w", err)
		}
		for _, attributes := range answer.Items {
			if len(items) == query.Limit {
				next, err = dynamo.Cursor(items[len(items)-1].place())
				return items, next, err
			}
			var item sessionItem
			if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
				return nil, "", err
			}
			items = append(items, item)
		}
		if start = answer.LastEvaluatedKey; start == nil {
			return items, "", nil
		}
	}
}

// place is where a session stands in the index "agenda".
func (i sessionItem) place() map[string]types.AttributeValue {
	key := i.Attributes()
	key["agenda"] = &types.AttributeValueMemberS{Value: i.Agenda}
	key["agenda_at"] = &types.AttributeValueMemberS{Value: i.AgendaAt}
	return key
}

// farAway is after every day that can be written.
const farAway = "~"

// filter keeps the kind, the series, the cohort and the states that are asked for.
func (q listing) filter() (filter expression.ConditionBuilder, narrowed bool) {
	if len(q.states) > 0 {
		var wanted []expression.OperandBuilder
		for _, state := range q.states {
			wanted = append(wanted, expression.Value(state))
		}
		filter, narrowed = expression.Name("state").In(wanted[0], wanted[1:]...), true
	}
	for name, wanted := range map[string]string{"kind": string(q.Kind), "series": q.Series, "cohort": q.Cohort} {
		if wanted == "" {
			continue
		}
		same := expression.Name(name).Equal(expression.Value(wanted))
		if narrowed {
			same = filter.And(same)
		}
		filter, narrowed = same, true
	}
	return filter, narrowed
}

func (s *service) agendaInput(query listing) (*dynamodb.QueryInput, error) {
	from, to := "0", farAway
	if !query.from.IsZero() {
		from = agendaAt(query.from, "")
	}
	if !query.to.IsZero() {
		to = agendaAt(query.to, "")
	}
	builder := expression.NewBuilder().WithKeyCondition(expression.Key("agenda").Equal(expression.Value(agendaSessions)).
		And(expression.Key("agenda_at").Between(expression.Value(from), expression.Value(to))))
	if filter, narrowed := query.filter(); narrowed {
		builder = builder.WithFilter(filter)
	}
	expr, err := builder.Build()
	if err != nil {
		return nil, fmt.Errorf("agenda: %w", err)
	}
	return &dynamodb.QueryInput{
		TableName: &s.table.Name, IndexName: aws.String("agenda"), Limit: aws.Int32(int32(query.Limit) + 1),
		ScanIndexForward:       aws.Bool(!query.latest),
		KeyConditionExpression: expr.KeyCondition(), FilterExpression: expr.Filter(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	}, nil
}

func (s *service) getSession(w http.ResponseWriter, r *http.Request) error {
	shown, err := s.shownSession(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, shown)
}

// session reads a session, or returns the fault "unknown-session".
func (s *service) session(ctx context.Context, id string) (item sessionItem, err error) {
	found, err := s.table.Get(ctx, sessionKey(id), &item)
	if err == nil && !found {
		err = errNoSession
	}
	return item, err
}

func (s *service) shownSession(ctx context.Context, id string) (session, error) {
	item, err := s.session(ctx, id)
	if err != nil {
		return session{}, err
	}
	return s.counted(ctx, item, true)
}

// counted is a session with its seats and its waiting list counted; fresh
// counts what was written this very instant too.
func (s *service) counted(ctx context.Context, item sessionItem, fresh bool) (session, error) {
	if item.State != planned {
		return item.shown(0, 0, s.now()), nil
	}
	free, err := s.count(ctx, item.ID, seatPrefix, seatPrefix+"~", fresh)
	if err != nil {
		return session{}, err
	}
	waits, err := s.count(ctx, item.ID, waitPrefix, waitPrefix+"~", fresh)
	return item.shown(free, waits, s.now()), err
}

// planned returns the sessions that begin between two instants and are
// neither cancelled nor over.
func (s *service) planned(ctx context.Context, from, to time.Time) (found []sessionItem, err error) {
	query := listing{agendaQuery: agendaQuery{Limit: maxLimit}, from: from, to: to}
	for {
		items, next, err := s.agenda(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if item.State == planned {
				found = append(found, item)
			}
		}
		if query.Cursor = next; next == "" {
			return found, nil
		}
	}
}
