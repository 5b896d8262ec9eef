package publishing

import (
	"context"
	"encoding/base64"
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

	"github.com/fabrique-des-transitions/fabrique/functions/publishing/search"
	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// resourcesQuery is what a list of resources may be narrowed by.
type resourcesQuery struct {
	Kind        Kind   `query:"kind"`
	Fundamental int    `query:"fundamental" doc:"1 to 4"`
	Dimension   int    `query:"dimension" doc:"1 to 5"`
	Series      string `query:"series" doc:"Slug of a series"`
	Cohort      string `query:"cohort" doc:"Slug of a cohort"`
	Text        string `query:"q" doc:"As people type it: accents, plurals and simple typing errors are forgiven; the best come first"`
	Limit       int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor      string `query:"cursor"`
}

const (
	defaultLimit = 20
	maxLimit     = 100
	maxQuery     = 200
)

type resourcePage struct {
	Items      []resource `json:"items"`
	NextCursor string     `json:"next_cursor,omitempty"`
}

func readQuery(values url.Values) (resourcesQuery, error) {
	var faults fault.Fields
	query := resourcesQuery{
		Kind: Kind(values.Get("kind")), Series: values.Get("series"), Cohort: values.Get("cohort"),
		Text: values.Get("q"), Limit: defaultLimit, Cursor: values.Get("cursor"),
	}
	if query.Kind != "" && !slices.Contains(kinds, query.Kind) {
		faults.Add("query.kind", "Cette sorte de ressource n’existe pas.")
	}
	number := func(name string, to *int, most int, message string) {
		if text := values.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > most {
				faults.Add("query."+name, message)
			}
			*to = n
		}
	}
	number("fundamental", &query.Fundamental, fundamentals, "Les fondamentaux vont de 1 à 4.")
	number("dimension", &query.Dimension, dimensions, "Les dimensions vont de 1 à 5.")
	number("limit", &query.Limit, maxLimit, "Demandez de 1 à 100 éléments.")
	alliance.CheckSlug(&faults, "query.series", query.Series)
	alliance.CheckSlug(&faults, "query.cohort", query.Cohort)
	if runes(query.Text) > maxQuery {
		faults.Add("query.q", "Cherchez moins de mots à la fois.")
	}
	return query, faults.Err()
}

// narrowed tells whether a list is not simply all that is published.
func (q resourcesQuery) narrowed() bool {
	return q.Kind != "" || q.Fundamental != 0 || q.Dimension != 0 || q.Series != "" || q.Cohort != "" || q.Text != ""
}

func (s *service) getResources(w http.ResponseWriter, r *http.Request) error {
	query, err := readQuery(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.list(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// list returns a page of what is published: all of it from the shelf, the
// newest first; what is narrowed or sought by the search index, whose page is
// then read from the table.
func (s *service) list(ctx context.Context, query resourcesQuery) (resourcePage, error) {
	if query.narrowed() {
		page, _, err := s.find(ctx, query)
		return page, err
	}
	page := resourcePage{Items: []resource{}}
	items, next, err := s.shelf(ctx, shelfQuery{limit: query.Limit, cursor: query.Cursor})
	if err != nil {
		return page, err
	}
	for _, item := range items {
		shown, err := item.shown()
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, shown)
	}
	page.NextCursor = next
	return page, nil
}

// find asks the search index, and reads what it found.
func (s *service) find(ctx context.Context, query resourcesQuery) (resourcePage, search.Result, error) {
	page := resourcePage{Items: []resource{}}
	offset, err := readOffset(query.Cursor)
	if err != nil {
		return page, search.Result{}, err
	}
	index, err := s.fresh(ctx)
	if err != nil {
		return page, search.Result{}, err
	}
	found, err := index.Search(ctx, search.Query{
		Text: query.Text, Kind: string(query.Kind), Fundamental: query.Fundamental, Dimension: query.Dimension,
		Series: query.Series, Cohort: query.Cohort, Limit: query.Limit, Offset: offset,
	})
	if err != nil {
		return page, found, err
	}
	slugs := make([]string, len(found.Hits))
	for i, hit := range found.Hits {
		slugs[i] = hit.Slug
	}
	items, err := s.batch(ctx, slugs)
	if err != nil {
		return page, found, err
	}
	for _, hit := range found.Hits {
		item, there := items[hit.Slug]
		if !there || item.State != published {
			continue // withdrawn at this moment
		}
		shown, err := item.shown()
		if err != nil {
			return page, found, err
		}
		if query.Text != "" {
			shown.Snippet = hit.Snippet
		}
		page.Items = append(page.Items, shown)
	}
	if next := offset + len(found.Hits); next < found.Total && len(found.Hits) > 0 {
		page.NextCursor = base64.RawURLEncoding.EncodeToString([]byte(offsetMark + strconv.Itoa(next)))
	}
	return page, found, nil
}

// offsetMark begins the cursor of a search, which says where its page begins.
const offsetMark = "offset:"

func readOffset(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil && len(text) > len(offsetMark) && string(text[:len(offsetMark)]) == offsetMark {
		if offset, err := strconv.Atoi(string(text[len(offsetMark):])); err == nil && offset > 0 && offset <= 10_000 {
			return offset, nil
		}
	}
	var faults fault.Fields
	faults.Add("query.cursor", "Ce repère de page n’est pas valable : repartez du début de la liste.")
	return 0, faults.Err()
}

// shelfQuery asks for a page of what is published.
type shelfQuery struct {
	limit  int
	cursor string
}

// shelf reads one page of what is published, the newest first. A page may be
// shorter than asked for: a query of DynamoDB reads 1 MB, 128 units, at most.
func (s *service) shelf(ctx context.Context, query shelfQuery) (items []resourceItem, next string, err error) {
	shelf := dynamo.Stretch{Hash: "shelf", Partition: publicShelf, Sort: "shelf_at"}
	start, err := shelf.StartKey(query.cursor)
	if err != nil {
		return nil, "", err
	}
	last, err := s.queryIndex(ctx, "shelf", shelf.Key(), false, query.limit, start, &items)
	if err != nil {
		return nil, "", err
	}
	next, err = dynamo.Cursor(last)
	return items, next, err
}

// queryIndex reads one page of an index of the library.
func (s *service) queryIndex(ctx context.Context, index string, key expression.KeyConditionBuilder, forward bool, limit int,
	start map[string]types.AttributeValue, out any,
) (last map[string]types.AttributeValue, err error) {
	return queryIndex(ctx, s.table, index, key, forward, limit, start, out)
}

func queryIndex(ctx context.Context, table dynamo.Table, index string, key expression.KeyConditionBuilder, forward bool, limit int,
	start map[string]types.AttributeValue, out any,
) (last map[string]types.AttributeValue, err error) {
	expr, err := expression.NewBuilder().WithKeyCondition(key).Build()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	answer, err := table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &table.Name, IndexName: &index, KeyConditionExpression: expr.KeyCondition(), ExclusiveStartKey: start,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
		ScanIndexForward: &forward, Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	return answer.LastEvaluatedKey, attributevalue.UnmarshalListOfMaps(answer.Items, out)
}

func (s *service) getResource(w http.ResponseWriter, r *http.Request) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	member, err := s.reader(r)
	if err != nil {
		return err
	}
	if member {
		return s.answer(w, item, nil)
	}
	shown, err := visible(item)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(item.Revision))
	w.Header().Set("Cache-Control", "public, max-age=60")
	w.Header().Add("Vary", "Authorization")
	if given := r.Header.Get("If-None-Match"); given != "" && matches(given, item.Revision) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return web.JSON(w, http.StatusOK, shown)
}

// reader tells whether a member of the team asks: a token, when there is one,
// must be good.
func (s *service) reader(r *http.Request) (member bool, err error) {
	token := web.BearerToken(r)
	if token == "" {
		return false, nil
	}
	signedIn, err := s.team.Verify(r.Context(), token)
	if err != nil {
		return false, err
	}
	return true, signedIn.Must(auth.RoleTeam)
}

// visible is a resource that everyone may read, or the fault
// "unknown-resource" or "resource-withdrawn".
func visible(item resourceItem) (resource, error) {
	switch {
	case item.State == published:
		return item.shown()
	case item.known():
		return resource{}, errWithdrawn
	}
	return resource{}, errNone
}
