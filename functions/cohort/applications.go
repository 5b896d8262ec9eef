package cohort

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// applicationsQuery is what the team's list takes.
type applicationsQuery struct {
	Status string `query:"status" doc:"draft, awaiting_quartet, complete, accepted, declined, waiting or withdrawn; a page may then have fewer items than the limit and yet a next one"`
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

// applicationSearch is what the team's page adds: words that the name of the
// territory holds.
type applicationSearch struct {
	applicationsQuery
	words []string
}

func (q applicationSearch) narrowed() bool { return q.Status != "" || len(q.words) > 0 }

func (q applicationSearch) keeps(item applicationItem) bool {
	return (q.Status == "" || item.status() == q.Status) && (len(q.words) == 0 || territory.HasWords(territoryName(item.Territory), q.words))
}

// listedMember is one of the four as the team sees them.
type listedMember struct {
	member
	Confirmed bool `json:"confirmed"`
}

// listedApplication is an application as the team sees it.
type listedApplication struct {
	applicationView
	Motivation string                          `json:"motivation"`
	Quartet    map[alliance.Role]*listedMember `json:"quartet"`
	AppliedAt  time.Time                       `json:"applied_at"`
	DecidedOn  string                          `json:"decided_on,omitempty" format:"date"`
}

type applicationPage struct {
	Items      []listedApplication `json:"items"`
	NextCursor string              `json:"next_cursor,omitempty"`
}

var statuses = []string{draft, awaitingFour, complete, accepted, declined, waitingForSeat, withdrawn}

func readApplicationsQuery(values url.Values, faults *fault.Fields) applicationsQuery {
	page := readPageQuery(values, faults)
	query := applicationsQuery{values.Get("status"), page.Limit, page.Cursor}
	if query.Status != "" && !slices.Contains(statuses, query.Status) {
		faults.Add("query.status", "Choisissez parmi "+strings.Join(statuses, ", ")+".")
	}
	return query
}

func (s *service) getApplications(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := readApplicationsQuery(r.URL.Query(), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	page, err := s.applications(r.Context(), r.PathValue("slug"), applicationSearch{applicationsQuery: query})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// A rare status is looked for so far in one call: the page then has fewer than
// were asked for, perhaps none, and a cursor from which to go on.
const (
	queriesEach = 6
	readEach    = 100 // applications, when only some of them are wanted
)

// applications returns a page of the applications to a cohort, in order of
// arrival, with the four of each.
func (s *service) applications(ctx context.Context, slug string, query applicationSearch) (applicationPage, error) {
	if _, err := s.cohort(ctx, slug); err != nil {
		return applicationPage{}, err
	}
	listed := dynamo.Stretch{Hash: "cohort", Partition: slug, Sort: "applied_at"}
	start, err := listed.StartKey(query.Cursor)
	if err != nil {
		return applicationPage{}, err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(listed.Key()).Build()
	if err != nil {
		return applicationPage{}, fmt.Errorf("applications: %w", err)
	}
	page, atOnce := applicationPage{Items: []listedApplication{}}, query.Limit+1
	if query.narrowed() {
		atOnce = readEach
	}
	for range queriesEach {
		answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
			TableName: &s.table.Name, IndexName: aws.String("cohort"), KeyConditionExpression: expr.KeyCondition(),
			ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
			Limit: aws.Int32(int32(atOnce)), ExclusiveStartKey: start,
		})
		if err != nil {
			return applicationPage{}, fmt.Errorf("applications: %w", err)
		}
		for _, attributes := range answer.Items {
			var item applicationItem
			if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
				return applicationPage{}, err
			}
			if !query.keeps(item) {
				start = item.place()
				continue
			}
			if len(page.Items) == query.Limit {
				page.NextCursor, err = dynamo.Cursor(start)
				return page, err
			}
			one, err := s.listed(ctx, item)
			if err != nil {
				return applicationPage{}, err
			}
			page.Items = append(page.Items, one)
			start = item.place()
		}
		if start = answer.LastEvaluatedKey; start == nil {
			return page, nil
		}
	}
	page.NextCursor, err = dynamo.Cursor(start)
	return page, err
}

// place is where an application stands in the index "cohort".
func (i applicationItem) place() map[string]types.AttributeValue {
	key := i.Attributes()
	key["cohort"] = &types.AttributeValueMemberS{Value: i.Cohort}
	key["applied_at"] = &types.AttributeValueMemberS{Value: i.AppliedAt}
	return key
}

// listed reads the four of an application, in one call.
func (s *service) listed(ctx context.Context, item applicationItem) (listedApplication, error) {
	out := listedApplication{applicationView: item.view(), Motivation: item.Motivation, AppliedAt: item.CreatedAt,
		DecidedOn: item.DecidedOn, Quartet: map[alliance.Role]*listedMember{}}
	var keys []dynamo.Key
	for role, in := range item.Members {
		keys = append(keys, memberKey(in.Person, item.ID, role))
	}
	return out, s.table.ItemsLately(ctx, keys, func(attributes map[string]types.AttributeValue) error {
		var m memberItem
		err := attributevalue.UnmarshalMap(attributes, &m)
		out.Quartet[m.Role] = &listedMember{member{m.GivenName, m.FamilyName, m.Email, m.Organisation}, m.ConfirmedAt != ""}
		return err
	})
}

// getApplicationsCSV answers all that the filter keeps, for a spreadsheet.
func (s *service) getApplicationsCSV(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := readApplicationsQuery(r.URL.Query(), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	query.Limit = maxLimit
	sheet := s.applicationsSheet(r.Context(), r.PathValue("slug"), applicationSearch{applicationsQuery: query}, listedApplication.row)
	sheet.Header, sheet.Filter, sheet.UTC = applicationsHeader(), map[string]string{"status": query.Status}, true
	return sheet.Export(w, r, spreadsheet.CSV, s.audit)
}

func applicationsHeader() []string {
	header := []string{"application_id", "territory", "name", "status", "applied_at", "decided_on", "motivation"}
	for _, role := range alliance.Quartet {
		for _, column := range []string{"given_name", "family_name", "email", "organisation", "confirmed"} {
			header = append(header, string(role)+"_"+column)
		}
	}
	return header
}

// applicationsSheet is all that the search keeps; its header is still to be given.
func (s *service) applicationsSheet(ctx context.Context, slug string, query applicationSearch, row func(listedApplication) []any) spreadsheet.Sheet {
	return spreadsheet.Sheet{
		Name: "candidatures-" + slug,
		Rows: spreadsheet.Pages(func(cursor string) ([]listedApplication, string, error) {
			query.Cursor = cursor
			page, err := s.applications(ctx, slug, query)
			return page.Items, page.NextCursor, err
		}, row),
	}
}

func (a listedApplication) row() []any {
	return append([]any{a.ID, a.Territory.Code, a.Territory.Name, a.Status, a.AppliedAt, spreadsheet.Day(a.DecidedOn), a.Motivation}, a.quartetRow()...)
}

func (a listedApplication) quartetRow() (row []any) {
	for _, role := range alliance.Quartet {
		m := a.Quartet[role]
		if m == nil {
			row = append(row, "", "", "", "", "")
			continue
		}
		row = append(row, m.GivenName, m.FamilyName, m.Email, m.Organisation, m.Confirmed)
	}
	return row
}
