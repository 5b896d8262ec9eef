package publishing

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// deskQuery is what the lists of the team take.
type deskQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

func readDeskQuery(values url.Values) (deskQuery, error) {
	var faults fault.Fields
	query := deskQuery{defaultLimit, values.Get("cursor")}
	if text := values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
		query.Limit = limit
	}
	return query, faults.Err()
}

// deskEntry is a resource in the team's list.
type deskEntry struct {
	Slug        string `json:"slug" dynamodbav:"slug"`
	Kind        Kind   `json:"kind" dynamodbav:"kind" enum:"article,special_issue,podcast,case,video,tool,thesis"`
	Title       string `json:"title" dynamodbav:"title"`
	Status      string `json:"status" dynamodbav:"state" enum:"draft,published,withdrawn"`
	Revision    int    `json:"revision" dynamodbav:"revision"`
	PublishedOn string `json:"published_on,omitempty" dynamodbav:"published_on" format:"date"`
}

type deskPage struct {
	Items      []deskEntry `json:"items"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

func (s *service) getLibrary(w http.ResponseWriter, r *http.Request) error {
	query, err := readDeskQuery(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.desk(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// desk reads one page of all resources, the latest change first.
func (s *service) desk(ctx context.Context, query deskQuery) (page deskPage, err error) {
	start, err := dynamo.StartKey(query.Cursor, "pk", "sk", "desk", "desk_at")
	if err != nil {
		return page, err
	}
	page.Items = []deskEntry{}
	last, err := s.queryIndex(ctx, "desk", expression.Key("desk").Equal(expression.Value(teamDesk)), false, query.Limit, start, &page.Items)
	if err != nil {
		return page, err
	}
	page.NextCursor, err = dynamo.Cursor(last)
	return page, err
}

// version is a resource as it was.
type version struct {
	Revision int       `json:"revision"`
	Status   string    `json:"status" enum:"draft,published,withdrawn"`
	Action   string    `json:"action" enum:"created,changed,published,withdrawn"`
	By       string    `json:"by" doc:"The issuer's subject of who made it so"`
	At       time.Time `json:"at"`
	Title    string    `json:"title"`
	Summary  string    `json:"summary,omitempty"`
	Body     string    `json:"body,omitempty"`
	Authors  []string  `json:"authors"`
}

type versionPage struct {
	Items      []version `json:"items"`
	NextCursor string    `json:"next_cursor,omitempty"`
}

func (s *service) getVersions(w http.ResponseWriter, r *http.Request) error {
	query, err := readDeskQuery(r.URL.Query())
	if err != nil {
		return err
	}
	if _, err := s.resource(r.Context(), r.PathValue("slug")); err != nil {
		return err
	}
	page, err := s.versions(r.Context(), r.PathValue("slug"), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// versions reads one page of what a resource was, the latest first.
func (s *service) versions(ctx context.Context, slug string, query deskQuery) (page versionPage, err error) {
	start, err := dynamo.StartKey(query.Cursor, "pk", "sk")
	if err != nil {
		return page, err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("pk").Equal(expression.Value(resourcePartition(slug))).
		And(expression.Key("sk").BeginsWith(versionPrefix))).Build()
	if err != nil {
		return page, err
	}
	answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table.Name, KeyConditionExpression: expr.KeyCondition(), ExclusiveStartKey: start,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
		ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(query.Limit)),
	})
	if err != nil {
		return page, err
	}
	var items []versionItem
	if err := attributevalue.UnmarshalListOfMaps(answer.Items, &items); err != nil {
		return page, err
	}
	page.Items = []version{}
	for _, i := range items {
		page.Items = append(page.Items, version{i.Revision, i.State, i.Action, i.Who, i.At, i.Title, i.Summary, i.Body, append([]string{}, i.Authors...)})
	}
	page.NextCursor, err = dynamo.Cursor(answer.LastEvaluatedKey)
	return page, err
}
