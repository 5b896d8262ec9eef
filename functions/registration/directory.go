package registration

import (
	"context"
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

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// directoryPartition is the hash of the index "directory": the whole alliance
// is a few hundred kilobytes, sorted by folded name.
const directoryPartition = "organisations"

// nameEnd stands between the folded name and the id in what the index is
// sorted by. It sorts before the space, so that "Terre" comes before "Terre et Eau".
const nameEnd = "\x1f"

// maxSortKey is the longest sort key of an index, in bytes: the longest name
// that may be signed with fits, whatever its letters
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const maxSortKey = 1024

// sortName is the place of an organisation in the directory.
func sortName(name, allyID string) string {
	return territory.Fold(name) + nameEnd + allyID
}

// directoryQuery is what a list of allies may be narrowed by.
type directoryQuery struct {
	Category string `query:"category" doc:"One of the categories of organisations"`
	Region   string `query:"region" doc:"Official code of a region, as 76 or REG-76"`
	Q        string `query:"q" doc:"Part of a name; accents and case do not matter"`
	Limit    int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor   string `query:"cursor" doc:"next_cursor of the page before"`
}

type directoryEntry struct {
	ID        string `json:"id" dynamodbav:"ally_id"`
	Name      string `json:"name" dynamodbav:"name"`
	Category  string `json:"category" dynamodbav:"category"`
	Territory string `json:"territory,omitempty" dynamodbav:"territory" doc:"Official code; REG- before that of a region"`
	JoinedOn  string `json:"joined_on" format:"date" dynamodbav:"joined_on"`
}

type directoryPage struct {
	Items      []directoryEntry `json:"items"`
	NextCursor string           `json:"next_cursor,omitempty"`
}

func (s *service) getAllies(w http.ResponseWriter, r *http.Request) error {
	query, err := readDirectoryQuery(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.directory(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

const (
	defaultLimit = 20
	maxLimit     = 100
	maxQuery     = 200 // bytes of a search
)

func readDirectoryQuery(values url.Values) (directoryQuery, error) {
	var faults fault.Fields
	query := directoryQuery{
		Category: values.Get("category"), Q: line(values.Get("q")), Cursor: values.Get("cursor"),
		Region: strings.TrimPrefix(strings.ToUpper(line(values.Get("region"))), "REG-"),
		Limit:  readLimit(values, defaultLimit, &faults),
	}
	if query.Category != "" && !slices.Contains(alliance.Categories, alliance.Category(query.Category)) {
		faults.Add("query.category", "Cette catégorie n’existe pas.")
	}
	if query.Region != "" {
		if _, err := territory.LookupLevel(query.Region, territory.Region); err != nil {
			faults.Add("query.region", "Aucune région n’a ce code.")
		}
	}
	if len(query.Q) > maxQuery {
		faults.Add("query.q", "Raccourcissez votre recherche.")
	}
	return query, faults.Err()
}

// readLimit reads how many items a page may have.
func readLimit(values url.Values, otherwise int, faults *fault.Fields) int {
	text := values.Get("limit")
	if text == "" {
		return otherwise
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
	}
	return limit
}

// directory returns a page of the organisations that agreed to be listed.
func (s *service) directory(ctx context.Context, query directoryQuery) (directoryPage, error) {
	page := directoryPage{Items: []directoryEntry{}}
	start, err := startAfter(query.Cursor)
	if err != nil {
		return page, err
	}
	input, err := s.directoryInput(query)
	if err != nil {
		return page, err
	}
	words := territory.Words(query.Q)
	for {
		input.ExclusiveStartKey = start
		answer, err := s.allies.Client.Query(ctx, input)
		if err != nil {
			return page, fmt.Errorf("directory: %w", err)
		}
		for _, item := range answer.Items {
			var entry directoryEntry
			if err := attributevalue.UnmarshalMap(item, &entry); err != nil {
				return page, err
			}
			if !territory.HasWords(entry.Name, words) {
				continue
			}
			if len(page.Items) == query.Limit { // the last one shown is where the next page starts
				page.NextCursor, err = cursorAfter(page.Items[query.Limit-1])
				return page, err
			}
			page.Items = append(page.Items, entry)
		}
		if start = answer.LastEvaluatedKey; start == nil {
			return page, nil
		}
	}
}

// cursorAfter and startAfter carry the place in the directory, which says the
// rest of the key: a cursor that someone changed can ask for nothing else.
func cursorAfter(entry directoryEntry) (string, error) {
	return dynamo.Cursor(map[string]types.AttributeValue{
		"directory_name": &types.AttributeValueMemberS{Value: sortName(entry.Name, entry.ID)},
	})
}

func startAfter(cursor string) (map[string]types.AttributeValue, error) {
	start, err := dynamo.StartKey(cursor, "directory_name")
	if err != nil || start == nil {
		return nil, err
	}
	place := start["directory_name"].(*types.AttributeValueMemberS).Value
	_, id, found := strings.Cut(place, nameEnd)
	if !found || len(place) > maxSortKey {
		return nil, dynamo.BadCursor()
	}
	key := allyKey(id).Attributes()
	key["directory"] = &types.AttributeValueMemberS{Value: directoryPartition}
	key["directory_name"] = start["directory_name"]
	return key, nil
}

// scanned is how many entries one query looks at when the list is narrowed;
// otherwise it looks at no more than the page has.
const scanned = 500

func (s *service) directoryInput(query directoryQuery) (*dynamodb.QueryInput, error) {
	builder := expression.NewBuilder().
		WithKeyCondition(expression.Key("directory").Equal(expression.Value(directoryPartition)))
	input := &dynamodb.QueryInput{
		TableName: &s.allies.Name, IndexName: aws.String("directory"), Limit: aws.Int32(int32(query.Limit) + 1),
	}
	if query.Category+query.Region+query.Q != "" {
		input.Limit = aws.Int32(scanned)
	}
	if filter, narrowed := query.filter(); narrowed {
		builder = builder.WithFilter(filter)
	}
	expr, err := builder.Build()
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	input.KeyConditionExpression, input.FilterExpression = expr.KeyCondition(), expr.Filter()
	input.ExpressionAttributeNames, input.ExpressionAttributeValues = expr.Names(), expr.Values()
	return input, nil
}

// filter is what DynamoDB checks; names are compared here, without the ids
// that stand beside them in the index.
func (q directoryQuery) filter() (filter expression.ConditionBuilder, narrowed bool) {
	category := expression.Name("category").Equal(expression.Value(q.Category))
	region := expression.Name("region").Equal(expression.Value(q.Region))
	switch {
	case q.Category != "" && q.Region != "":
		return category.And(region), true
	case q.Category != "":
		return category, true
	case q.Region != "":
		return region, true
	}
	return filter, false
}

// count is how many allies there are now.
type count struct {
	Organisations int `json:"organisations"`
	Persons       int `json:"persons"`
}

func (s *service) getCount(w http.ResponseWriter, r *http.Request) error {
	n, err := s.count(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, n)
}

func (s *service) count(ctx context.Context) (count, error) {
	var item countItem
	_, err := s.allies.Get(ctx, countKey, &item)
	return count{item.Organisations, item.Persons}, err
}
