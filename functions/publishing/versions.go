package publishing

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// versionsQuery asks for a page of what a resource was.
type versionsQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

func readVersionsQuery(values url.Values) (versionsQuery, error) {
	var faults fault.Fields
	query := versionsQuery{readLimit(values, &faults), values.Get("cursor")}
	return query, faults.Err()
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
	query, err := readVersionsQuery(r.URL.Query())
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
func (s *service) versions(ctx context.Context, slug string, query versionsQuery) (page versionPage, err error) {
	start, err := versionsStart(slug, query.Cursor)
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
	if answer.LastEvaluatedKey != nil {
		page.NextCursor, err = dynamo.Cursor(map[string]types.AttributeValue{"sk": answer.LastEvaluatedKey["sk"]})
	}
	return page, err
}

// versionsStart reads a cursor, which says the version alone: the resource is
// that of the address.
func versionsStart(slug, cursor string) (map[string]types.AttributeValue, error) {
	start, err := dynamo.StartKey(cursor, "sk")
	if start == nil || err != nil {
		return nil, err
	}
	if at, ok := start["sk"].(*types.AttributeValueMemberS); !ok || !strings.HasPrefix(at.Value, versionPrefix) {
		return nil, dynamo.BadCursor()
	}
	start["pk"] = &types.AttributeValueMemberS{Value: resourcePartition(slug)}
	return start, nil
}
