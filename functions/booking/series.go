package booking

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/agenda"
	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// series is a workshop group or a learning community.
type series struct {
	Kind       Kind   `json:"kind" enum:"workshop,community"`
	Slug       string `json:"slug"`
	Name       string `json:"name" maxLength:"200"`
	ActiveFrom string `json:"active_from" format:"date"`
	ActiveTo   string `json:"active_to,omitempty" format:"date"`
}

// agendaSeries is the partition of the index "agenda" that holds series.
const agendaSeries = agenda.SeriesListed

func (in *series) check(faults *fault.Fields) {
	if in.Kind != Workshop && in.Kind != Community {
		faults.Add("kind", "Choisissez workshop ou community.")
	}
	if in.Slug == "" {
		faults.Add("slug", "Saisissez un identifiant, comme recits-de-territoire.")
	}
	alliance.CheckNewSlug(faults, "slug", in.Slug)
	in.Name = strings.TrimSpace(in.Name)
	alliance.CheckText(faults, "name", in.Name, maxTitle, "Saisissez un nom.")
	from, fromErr := time.Parse(time.DateOnly, in.ActiveFrom)
	if fromErr != nil {
		faults.Add("active_from", "Indiquez un jour, comme 2026-02-03.")
	}
	if in.ActiveTo == "" {
		return
	}
	to, err := time.Parse(time.DateOnly, in.ActiveTo)
	switch {
	case err != nil:
		faults.Add("active_to", "Indiquez un jour, comme 2026-12-31.")
	case fromErr == nil && to.Before(from):
		faults.Add("active_to", "La fin doit venir après le début.")
	}
}

// openedFact is the data of the fact series.opened.v1: a series, and when it is
// active.
type openedFact struct {
	Slug       string `json:"slug"`
	Kind       Kind   `json:"kind"`
	ActiveFrom string `json:"active_from"`         // day
	ActiveTo   string `json:"active_to,omitempty"` // last day, when it is known
	Corrects   string `json:"corrects,omitempty"`
}

// opened is the fact that a series is active, dated by the morning of its
// first day; corrects is the fact that it replaces.
func (s *service) opened(of series, corrects string) ledger.Fact {
	morning, _ := time.ParseInLocation(time.DateOnly, of.ActiveFrom, french.Paris()) // the day was checked
	return ledger.New(s.newID("fact"), "booking", "series.opened.v1", of.Slug, morning,
		openedFact{of.Slug, of.Kind, of.ActiveFrom, of.ActiveTo, corrects})
}

// take makes a stored series be what the team wrote.
func (i *seriesItem) take(in series) {
	i.Key, i.Slug, i.Kind, i.Name, i.ActiveFrom, i.ActiveTo = seriesKey(in.Slug), in.Slug, in.Kind, in.Name, in.ActiveFrom, in.ActiveTo
	i.Agenda, i.AgendaAt = agendaSeries, in.ActiveFrom+"#"+in.Slug
}

// view is a series as everyone sees it.
func (i seriesItem) view() series { return series{i.Kind, i.Slug, i.Name, i.ActiveFrom, i.ActiveTo} }

var (
	errNoSeries     = fault.New(fault.NotFound, "unknown-series", "Aucune série n’a cet identifiant.")
	errSeriesExists = fault.New(fault.Conflict, "series-exists", "Une autre série porte déjà cet identifiant.")
	errSeriesMoved  = fault.New(fault.Conflict, "changed-meanwhile", "Cette série vient de changer : relisez-la, puis recommencez.")
)

func (s *service) postSeries(w http.ResponseWriter, r *http.Request) error {
	var in series
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	in.check(&faults)
	if err := faults.Err(); err != nil {
		return err
	}
	if err := s.openSeries(r.Context(), in, r.Header.Get("Idempotency-Key"), body); err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, in)
}

// openSeries makes a series, with the fact that it is active. The slug makes
// it happen once: the same words again find the same series.
func (s *service) openSeries(ctx context.Context, in series, key string, asked []byte) error {
	once := s.table.Once("POST /v1/series", key, asked, s.now())
	if _, answered, err := once.Answered(ctx); err != nil || answered {
		return err
	}
	fact := s.opened(in, "")
	item := seriesItem{Fact: fact.ID}
	item.take(in)
	var writes dynamo.Writes
	writes.Add(s.table.Put(item, dynamo.Absent))
	writes.Add(ledger.Append(s.ledger, fact, s.now()))
	writes.Add(s.audit.Entry(ctx, "series.created", in.Slug, nil, in))
	keep, keyed, err := once.Answer(in.Slug)
	if keyed || err != nil {
		writes.Add(keep, err)
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if !errors.As(err, &refused) {
		return err
	}
	if keyed {
		if _, found, err := once.First(refused, len(writes.Items)-1); found || err != nil {
			return err
		}
	}
	var stands seriesItem
	if _, err := refused.Old(0, &stands); err != nil {
		return err
	}
	if stands.view() != in {
		return errSeriesExists
	}
	return nil
}

// seriesChange is what the team changes of a series: what is nil stays.
type seriesChange struct {
	Name       *string `json:"name,omitempty"`
	ActiveFrom *string `json:"active_from,omitempty" format:"date"`
	ActiveTo   *string `json:"active_to,omitempty" format:"date" doc:"Last day; empty when it goes on"`
}

func (s *service) patchSeries(w http.ResponseWriter, r *http.Request) error {
	var in seriesChange
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	changed, err := s.changeSeries(r.Context(), r.PathValue("slug"), in, &faults)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, changed)
}

// changeSeries applies a change. Another period is another fact, which
// corrects the one before; a name is none.
func (s *service) changeSeries(ctx context.Context, slug string, in seriesChange, faults *fault.Fields) (series, error) {
	var item seriesItem
	found, err := s.table.Get(ctx, seriesKey(slug), &item)
	if err != nil {
		return series{}, err
	}
	if !found {
		return series{}, errNoSeries
	}
	old := item.view()
	wanted := old
	set(&wanted.Name, in.Name)
	set(&wanted.ActiveFrom, in.ActiveFrom)
	set(&wanted.ActiveTo, in.ActiveTo)
	wanted.check(faults)
	if err := faults.Err(); err != nil || wanted == old {
		return wanted, err
	}
	same := expression.Name("version").Equal(expression.Value(item.Version))
	var writes dynamo.Writes
	if wanted.ActiveFrom != old.ActiveFrom || wanted.ActiveTo != old.ActiveTo {
		fact := s.opened(wanted, item.Fact)
		writes.Add(ledger.Append(s.ledger, fact, s.now()))
		item.Fact = fact.ID
	}
	item.take(wanted)
	item.Version++
	writes.Add(s.table.Put(item, same))
	writes.Add(s.audit.Entry(ctx, "series.changed", slug, old, wanted))
	return wanted, refusedAs(writes.Commit(ctx, s.table.Client), errSeriesMoved)
}

// seriesQuery is what the list of series takes.
type seriesQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

type seriesPage struct {
	Items      []series `json:"items"`
	NextCursor string   `json:"next_cursor,omitempty"`
}

func (s *service) getSeries(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := seriesQuery{readLimit(&faults, r.URL.Query().Get("limit")), r.URL.Query().Get("cursor")}
	if err := faults.Err(); err != nil {
		return err
	}
	page, err := s.allSeries(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// everySeries reads all series, by the day on which they begin: some ten a year.
func (s *service) everySeries(ctx context.Context) (all []series, err error) {
	for query := (seriesQuery{Limit: maxLimit}); ; {
		page, err := s.allSeries(ctx, query)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if query.Cursor = page.NextCursor; query.Cursor == "" {
			return all, nil
		}
	}
}

// allSeries returns a page of series, by the day on which they begin. It costs
// half a read unit for each 4 KB.
func (s *service) allSeries(ctx context.Context, query seriesQuery) (seriesPage, error) {
	page := seriesPage{Items: []series{}}
	listed := dynamo.Stretch{Hash: "agenda", Partition: agendaSeries, Sort: "agenda_at"}
	start, err := listed.StartKey(query.Cursor)
	if err != nil {
		return page, err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(listed.Key()).Build()
	if err != nil {
		return page, fmt.Errorf("series: %w", err)
	}
	answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table.Name, IndexName: aws.String("agenda"), Limit: aws.Int32(int32(query.Limit)), ExclusiveStartKey: start,
		KeyConditionExpression: expr.KeyCondition(), ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return page, fmt.Errorf("series: %w", err)
	}
	for _, attributes := range answer.Items {
		var item seriesItem
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return page, err
		}
		page.Items = append(page.Items, item.view())
	}
	page.NextCursor, err = dynamo.Cursor(answer.LastEvaluatedKey)
	return page, err
}

// checkSeries notes a series that does not exist.
func (s *service) checkSeries(ctx context.Context, slug string, faults *fault.Fields) error {
	if slug == "" || faults.Has("series") {
		return nil
	}
	var item seriesItem
	found, err := s.table.Get(ctx, seriesKey(slug), &item)
	if err == nil && !found {
		faults.Add("series", "Aucune série n’a cet identifiant.")
	}
	return err
}
