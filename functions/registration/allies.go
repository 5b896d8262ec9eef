package registration

import (
	"context"
	"encoding/json"
	"fmt"
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
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// alliesQuery is what the team's list may be narrowed by.
type alliesQuery struct {
	directoryQuery
	Kind   string
	Status string
	// Beside keeps what could be merged with the signature of this id.
	Beside string
}

// mergeable tells whether a line could be merged with the signature that the
// search is for: any other that does not wait for its confirmation.
func (q alliesQuery) mergeable(line listedAlly) bool {
	return q.Beside == "" || line.ID != q.Beside && line.Status != statusPending
}

// The states of whoever is in the list, besides those of a pendingItem.
const (
	statusAnnounced = "announced" // was told that their data will go
	statusAllied    = "allied"    // has signed, announced or not: who is counted
)

var (
	kindLabels = map[string]string{string(alliance.Organisation): "Organisation", string(alliance.Person): "Personne"}
	// allyStates are in the order in which the page offers them.
	allyStates = []struct{ Value, Label string }{
		{statusAllied, "Dans l’alliance"}, {statusConfirmed, "Signature confirmée"}, {statusAnnounced, "Effacement annoncé"}, {statusPending, "Attend la confirmation"},
	}
)

// readAlliesQuery reads the search of the page. What is searched for may be an
// address: then it is the person themself.
func readAlliesQuery(values url.Values) (alliesQuery, error) {
	narrowed, err := readDirectoryQuery(values)
	query := alliesQuery{directoryQuery: narrowed, Kind: values.Get("kind"), Status: values.Get("status")}
	var faults fault.Fields
	if f := fault.As(err); f != nil {
		faults = f.Fields
	} else if err != nil {
		return query, err
	}
	if query.Kind != "" && kindLabels[query.Kind] == "" {
		faults.Add("query.kind", "Choisissez « Organisation » ou « Personne ».")
	}
	if query.Status != "" && stateLabel(query.Status) == "" {
		faults.Add("query.status", "Choisissez un état dans la liste.")
	}
	return query, faults.Err()
}

func stateLabel(status string) string {
	for _, state := range allyStates {
		if state.Value == status {
			return state.Label
		}
	}
	return ""
}

// listedAlly is a line of the team's list.
type listedAlly struct {
	shown
	ID            string
	Status        string
	GivenName     string
	FamilyName    string
	Email         string
	Role          string
	Organisation  string // that a person ally names
	Newsletter    bool
	Directory     bool
	SignedAt      time.Time
	LastContactAt time.Time
	key           dynamo.Key
	listAt        string
}

type alliesPage struct {
	Items      []listedAlly
	NextCursor string
}

// readListed reads a line out of what the index, or a person's partition, has;
// ok is false for what is no line of the list.
func (s *service) readListed(item map[string]types.AttributeValue) (line listedAlly, ok bool, err error) {
	var p signatoryItem
	if err := attributevalue.UnmarshalMap(item, &p); err != nil {
		return line, false, err
	}
	if strings.HasPrefix(p.SK, pendingPrefix) {
		return s.readPending(item)
	}
	if !strings.HasPrefix(p.SK, membership.SignaturePrefix) {
		return line, false, nil
	}
	line = listedAlly{
		shown: p.Shown, ID: p.AllyID, Status: statusConfirmed, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Email: p.Email, Role: p.Role, Organisation: p.Organisation, Newsletter: p.Newsletter, Directory: p.Directory,
		SignedAt: p.CreatedAt, LastContactAt: p.LastContactAt, key: p.Key, listAt: p.ListAt,
	}
	if !p.AnnouncedAt.IsZero() {
		line.Status = statusAnnounced
	}
	return line, true, nil
}

func (s *service) readPending(item map[string]types.AttributeValue) (line listedAlly, ok bool, err error) {
	var p pendingItem
	if err := attributevalue.UnmarshalMap(item, &p); err != nil {
		return line, false, err
	}
	if p.Status != statusPending || p.ExpiresAt <= s.now().Unix() {
		return line, false, nil // expired, and not removed yet
	}
	var in signing
	if err := json.Unmarshal([]byte(p.Signing), &in); err != nil {
		return line, false, fmt.Errorf("pending signature: %w", err)
	}
	return p.line(in), true, nil
}

// line is a signature that waits, and what was typed, as the team's list has it.
func (p pendingItem) line(in signing) listedAlly {
	line := listedAlly{
		shown: shown{Kind: p.Kind, Name: in.listName()}, ID: p.Registration, Status: statusPending,
		GivenName: in.Person.GivenName, FamilyName: in.Person.FamilyName, Email: in.Person.Email, Role: in.Person.Role,
		Newsletter: in.Consents.Newsletter, Directory: in.Consents.Directory, SignedAt: p.CreatedAt, key: p.Key, listAt: p.ListAt,
	}
	if o := in.Organisation; o != nil {
		line.Category, line.Territory, line.Region = string(o.Category), o.Territory, regionOf(o.Territory)
		if in.Kind == alliance.Person {
			line.Organisation = o.Name
		}
	}
	return line
}

// keeps tells whether the search keeps a line. An address was looked up
// before: it is no part of what is compared here.
func (q alliesQuery) keeps(line listedAlly, words []string) bool {
	return q.mergeable(line) && (q.Kind == "" || line.Kind == q.Kind) && q.inState(line.Status) &&
		(q.Category == "" || line.Category == q.Category) && (q.Region == "" || line.Region == q.Region) &&
		territory.HasWords(strings.Join([]string{line.Name, line.GivenName, line.FamilyName, line.Organisation}, " "), words)
}

func (q alliesQuery) inState(status string) bool {
	return q.Status == "" || q.Status == status || q.Status == statusAllied && status != statusPending
}

// listAllies returns a page of who signed, by name. It reads the index from
// the cursor on until the page is full: the whole of it, some hundred read
// units, when a search finds little.
func (s *service) listAllies(ctx context.Context, query alliesQuery) (alliesPage, error) {
	if strings.Contains(query.Q, "@") {
		return s.alliesOf(ctx, query)
	}
	page := alliesPage{Items: []listedAlly{}}
	listed := dynamo.Stretch{Hash: "list", Partition: everyone, Sort: "list_at"}
	start, err := listed.StartKey(query.Cursor)
	if err != nil {
		return page, err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(listed.Key()).Build()
	if err != nil {
		return page, fmt.Errorf("allies: %w", err)
	}
	input := &dynamodb.QueryInput{
		TableName: &s.allies.Name, IndexName: aws.String("allies"), KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), ExclusiveStartKey: start,
	}
	words := territory.Words(query.Q)
	if query.Kind+query.Status+query.Category+query.Region+query.Beside == "" && len(words) == 0 {
		input.Limit = aws.Int32(int32(query.Limit) + 1)
	}
	for {
		answer, err := s.allies.Client.Query(ctx, input)
		if err != nil {
			return page, fmt.Errorf("allies: %w", err)
		}
		for _, item := range answer.Items {
			line, ok, err := s.readListed(item)
			if err != nil {
				return page, err
			}
			if !ok || !query.keeps(line, words) {
				continue
			}
			if len(page.Items) == query.Limit {
				page.NextCursor, err = page.Items[query.Limit-1].cursor()
				return page, err
			}
			page.Items = append(page.Items, line)
		}
		if input.ExclusiveStartKey = answer.LastEvaluatedKey; input.ExclusiveStartKey == nil {
			return page, nil
		}
	}
}

// cursor is where the list goes on after this line.
func (l listedAlly) cursor() (string, error) {
	at := l.key.Attributes()
	at["list"] = &types.AttributeValueMemberS{Value: everyone}
	at["list_at"] = &types.AttributeValueMemberS{Value: l.listAt}
	return dynamo.Cursor(at)
}

// alliesOf are the signatures of the one person whose address was searched for.
func (s *service) alliesOf(ctx context.Context, query alliesQuery) (alliesPage, error) {
	page := alliesPage{Items: []listedAlly{}}
	address, ok := alliance.ParseEmail(query.Q)
	if !ok {
		var faults fault.Fields
		faults.Add("query.q", "Saisissez une adresse e-mail comme nom@exemple.fr, ou un nom.")
		return page, faults.Err()
	}
	person, err := s.person(ctx, alliance.NormaliseEmail(address))
	if err != nil {
		return page, err
	}
	err = s.allies.Partition(ctx, personal.Partition(person), "", func(item map[string]types.AttributeValue) error {
		line, ok, err := s.readListed(item)
		if ok && query.keeps(line, nil) {
			page.Items = append(page.Items, line)
		}
		return err
	})
	slices.SortFunc(page.Items, func(a, b listedAlly) int { return strings.Compare(a.listAt, b.listAt) })
	return page, err
}

// alliesSheet is all that the search keeps.
func (s *service) alliesSheet(ctx context.Context, query alliesQuery) spreadsheet.Sheet {
	query.Limit = exported
	return spreadsheet.Sheet{
		Name: "allies",
		Header: []string{"Signature", "Signataire", "État", "Nom", "Type d’organisation", "Code du territoire", "Territoire", "Code de la région", "Région",
			"Depuis", "Prénom", "Nom de famille", "Adresse e-mail", "Fonction", "Organisation", "Reçoit les nouvelles", "Dans la liste publique", "Dernier contact"},
		Filter: map[string]string{"kind": query.Kind, "status": query.Status, "category": query.Category, "region": query.Region, "searched": spreadsheet.Searched(query.Q)},
		Rows: spreadsheet.Pages(func(cursor string) ([]listedAlly, string, error) {
			query.Cursor = cursor
			page, err := s.listAllies(ctx, query)
			return page.Items, page.NextCursor, err
		}, func(l listedAlly) []any {
			return []any{l.ID, kindLabels[l.Kind], stateLabel(l.Status), l.Name, categoryLabel(l.Category),
				l.Territory, placeName(l.Territory), l.Region, regionName(l.Region), spreadsheet.Day(l.JoinedOn),
				l.GivenName, l.FamilyName, l.Email, l.Role, l.Organisation, l.Newsletter, l.Directory, l.LastContactAt}
		}),
	}
}

// exported is how many lines an export reads at once.
const exported = 2000
