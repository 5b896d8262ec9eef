package team

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

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const adminPath = web.TeamRoot + "/administration"

// member is someone who has signed in once.
type member struct {
	signin.Record
	Person string // keyed hash
}

// everyone are the members, by name.
func (s *service) everyone(ctx context.Context) (found []member, err error) {
	records, err := signin.Everyone(ctx, s.members)
	for _, record := range records {
		found = append(found, member{record, strings.TrimPrefix(record.PK, personal.Partition(""))})
	}
	return found, err
}

// erasure is a request to be erased, and in how many tables it was carried out.
type erasure struct {
	Person      string
	RequestedAt time.Time
	Done, Of    int
}

// shownErasures is how many requests the page shows, the latest.
const shownErasures = 50

// erasures are the latest requests of the last thirty days, which are kept so
// long. Where each was carried out costs a read unit for each table.
func (s *service) erasures(ctx context.Context) (found []erasure, err error) {
	table := s.personal[function.Allies]
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("erasures").Equal(expression.Value(personal.AllErasures))).Build()
	if err != nil {
		return nil, fmt.Errorf("erasures: %w", err)
	}
	latest, err := table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &table.Name, IndexName: aws.String("erasures"), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(shownErasures),
		KeyConditionExpression: expr.KeyCondition(), ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return nil, fmt.Errorf("erasures: %w", err)
	}
	var requests []personal.Erasure
	if err := attributevalue.UnmarshalListOfMaps(latest.Items, &requests); err != nil {
		return nil, err
	}
	done := map[dynamo.Key]int{}
	keys := make([]dynamo.Key, len(requests))
	for i, request := range requests {
		keys[i] = request.Key
	}
	for _, table := range s.personal {
		if err := table.Items(ctx, keys, func(item map[string]types.AttributeValue) error {
			var there personal.Erasure
			err := attributevalue.UnmarshalMap(item, &there)
			if there.ErasedAt != "" {
				done[there.Key]++
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	for _, request := range requests {
		found = append(found, erasure{strings.TrimPrefix(request.PK, personal.Partition("")), request.RequestedAt, done[request.Key], len(s.personal)})
	}
	return found, nil
}

// adminView is what the page of administrators shows.
type adminView struct {
	Members    []memberView
	Gone       []closed // kept out, and erased since
	Erasures   []erasure
	Exports    []entryView
	AllExports string // address of them all
	Done       bool
}

type memberView struct {
	member
	RoleNames string
	Self      bool
	Out       bool // kept out, by their address or by their account
}

func (s *service) adminPage(w http.ResponseWriter, r *http.Request) error {
	members, err := s.everyone(r.Context())
	if err != nil {
		return err
	}
	view := adminView{Done: r.URL.Query().Has("fait")}
	if err := s.viewMembers(r.Context(), members, &view); err != nil {
		return err
	}
	if err := s.viewExports(r.Context(), names{members}, &view); err != nil {
		return err
	}
	if view.Erasures, err = s.erasures(r.Context()); err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "admin", web.Page{Title: "Administration", Private: true, Data: view})
}

// viewMembers adds who is in the team, and whose account stays closed although
// nothing else is left of them.
func (s *service) viewMembers(ctx context.Context, members []member, view *adminView) (err error) {
	if view.Gone, err = s.closedAccounts(ctx); err != nil {
		return err
	}
	out := map[string]bool{}
	for _, one := range view.Gone {
		out[one.Account] = true
	}
	known := map[string]bool{}
	me, _ := auth.MemberOf(ctx)
	for _, m := range members {
		account, err := s.sessions.AccountHash(ctx, m.Subject)
		if err != nil {
			return err
		}
		known[account] = true
		view.Members = append(view.Members, memberView{m, roleNames(m.Roles), m.Subject == me.Subject, m.KeptOut || out[account]})
	}
	view.Gone = slices.DeleteFunc(view.Gone, func(one closed) bool { return known[one.Account] })
	return nil
}

func roleNames(roles []auth.Role) string {
	var names []string
	for _, role := range roles {
		names = append(names, map[auth.Role]string{auth.RoleTeam: "équipe", auth.RoleAdmin: "administration"}[role])
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// shownExports is how many exports the page shows, the latest of a year.
const shownExports = 10

// viewExports adds the latest exports, and where all of a year are.
func (s *service) viewExports(ctx context.Context, names names, view *adminView) error {
	since := s.now().AddDate(-1, 0, 0)
	view.AllExports = journalPath + "?" + url.Values{"action": {"export"}, "from": {since.In(french.Paris()).Format(time.DateOnly)}}.Encode()
	found, _, err := s.audit.Read(ctx, audit.Filter{From: since, Action: "export", Limit: shownExports})
	if err != nil {
		return err
	}
	view.Exports, err = s.viewEntries(ctx, names, found)
	return err
}
