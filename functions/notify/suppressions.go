package notify

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// suppressionsQuery is what the list of who is not written to may be narrowed by.
type suppressionsQuery struct {
	Reason string `query:"reason" doc:"refused, bounce or complaint"`
	Person string `query:"person" doc:"Keyed hash of the person, as the list gives it"`
	From   string `query:"from" doc:"The first day, in Paris" format:"date"`
	Until  string `query:"until" doc:"The last day, in Paris" format:"date"`
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

// suppressionsSearch is such a query, with the days that its texts say.
type suppressionsSearch struct {
	suppressionsQuery
	days web.Period
}

// reasonLabels say why a person is written to no more, in the order of the page.
var reasonLabels = []web.Option{
	{Value: becauseRefused, Label: "L’adresse n’existe pas"}, {Value: becauseBounced, Label: "Un message est revenu"}, {Value: becauseComplained, Label: "Signalé comme indésirable"},
}

// suppressionEntry names a person by the keyed hash of their address alone.
type suppressionEntry struct {
	Person       string `json:"person" doc:"Keyed hash that stands for the person in every table"`
	Reason       string `json:"reason" enum:"refused,bounce,complaint"`
	SuppressedAt string `json:"suppressed_at" format:"date-time"`
}

type suppressionsAnswer struct {
	Items      []suppressionEntry `json:"items"`
	NextCursor string             `json:"next_cursor,omitempty"`
}

// place is where the suppression stands in its index.
func (e suppressionEntry) place() (dynamo.Key, string) {
	return mail.SuppressionKey(e.Person), e.SuppressedAt
}

func readSuppressionsQuery(values url.Values, faults *fault.Fields) suppressionsSearch {
	query := suppressionsSearch{days: web.ReadPeriod(values, faults), suppressionsQuery: suppressionsQuery{
		Reason: values.Get("reason"), Person: values.Get("person"), From: values.Get("from"), Until: values.Get("until"),
		Limit: readLimit(values, faults), Cursor: values.Get("cursor"),
	}}
	if query.Reason != "" && !web.Offers(reasonLabels, query.Reason) {
		faults.Add("query.reason", "Choisissez une raison dans la liste.")
	}
	return query
}

func (s *service) listSuppressions(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := readSuppressionsQuery(r.URL.Query(), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	answer, err := s.suppressions(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// suppressions returns a page of who is not written to, the latest first.
func (s *service) suppressions(ctx context.Context, query suppressionsSearch) (answer suppressionsAnswer, err error) {
	if query.Person == "" {
		answer.Items, answer.NextCursor, err = list(ctx, s, suppressedIndex, query.days, query.Limit, query.Cursor,
			func(attributes map[string]types.AttributeValue) (suppressionEntry, bool, error) {
				var item suppression
				err := attributevalue.UnmarshalMap(attributes, &item)
				return item.entry(), query.keeps(item.entry()) && within(query.days, item.SuppressedAt), err
			})
		return answer, err
	}
	answer.Items = []suppressionEntry{}
	var item suppression
	found, err := s.table.Get(ctx, mail.SuppressionKey(query.Person), &item)
	if err != nil {
		return answer, err
	}
	if found && item.Listed != "" && query.keeps(item.entry()) && within(query.days, item.SuppressedAt) {
		answer.Items = append(answer.Items, item.entry())
	}
	answer.Items, answer.NextCursor, err = pageOf(suppressedIndex, answer.Items, query.Limit, query.Cursor)
	return answer, err
}

func (q suppressionsQuery) keeps(entry suppressionEntry) bool {
	return q.Reason == "" || entry.Reason == q.Reason
}

func (p suppression) entry() suppressionEntry {
	return suppressionEntry{personOf(p.Key), p.Reason, p.SuppressedAt}
}
