package team

import (
	"context"
	"errors"
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

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
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

// erasures are the latest requests of the last thirty days, which are kept so long.
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
	for _, request := range requests {
		one := erasure{Person: strings.TrimPrefix(request.PK, personal.Partition("")), RequestedAt: request.RequestedAt, Of: len(s.personal)}
		for _, table := range s.personal {
			var there personal.Erasure
			if _, err := table.Get(ctx, request.Key, &there); err != nil {
				return nil, err
			}
			if there.ErasedAt != "" {
				one.Done++
			}
		}
		found = append(found, one)
	}
	return found, nil
}

// adminView is what the page of administrators shows.
type adminView struct {
	Members    []memberView
	Erasures   []erasure
	Exports    []entryView
	AllExports string // address of them all
	Done       bool
}

type memberView struct {
	member
	RoleNames string
	Self      bool
}

func (s *service) adminPage(w http.ResponseWriter, r *http.Request) error {
	members, err := s.everyone(r.Context())
	if err != nil {
		return err
	}
	me, _ := auth.MemberOf(r.Context())
	view := adminView{Done: r.URL.Query().Has("fait")}
	for _, m := range members {
		roles := []string{}
		for _, role := range m.Roles {
			roles = append(roles, map[auth.Role]string{auth.RoleTeam: "équipe", auth.RoleAdmin: "administration"}[role])
		}
		slices.Sort(roles)
		view.Members = append(view.Members, memberView{m, strings.Join(roles, ", "), m.Subject == me.Subject})
	}
	if err := s.viewExports(r.Context(), names{members}, &view); err != nil {
		return err
	}
	if view.Erasures, err = s.erasures(r.Context()); err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "admin", web.Page{Title: "Administration", Private: true, Data: view})
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

var (
	errNoMember = fault.New(fault.NotFound, "unknown-member", "Ce compte n’existe pas, ou n’existe plus.")
	errSelf     = fault.New(fault.Conflict, "own-access", "Vous ne pouvez pas fermer votre propre accès : demandez à une autre administratrice ou un autre administrateur.")
)

func (s *service) keepOut(w http.ResponseWriter, r *http.Request) error {
	return s.changeMember(w, r, "member.kept_out", func(now time.Time) expression.UpdateBuilder {
		return expression.Set(expression.Name("kept_out"), expression.Value(true)).Set(expression.Name("ended_at"), expression.Value(now))
	})
}

func (s *service) letIn(w http.ResponseWriter, r *http.Request) error {
	return s.changeMember(w, r, "member.let_in", func(time.Time) expression.UpdateBuilder {
		return expression.Remove(expression.Name("kept_out"))
	})
}

func (s *service) signMemberOut(w http.ResponseWriter, r *http.Request) error {
	return s.changeMember(w, r, "member.signed_out", func(now time.Time) expression.UpdateBuilder {
		return expression.Set(expression.Name("ended_at"), expression.Value(now))
	})
}

// changeMember changes the record of a member, and notes it in the trail by
// their account.
func (s *service) changeMember(w http.ResponseWriter, r *http.Request, action string, update func(now time.Time) expression.UpdateBuilder) error {
	key := signin.KeyOf(r.PathValue("person"))
	var record signin.Record
	found, err := s.members.Get(r.Context(), key, &record)
	if err != nil {
		return err
	}
	if !found {
		return errNoMember
	}
	if me, _ := auth.MemberOf(r.Context()); record.Subject == me.Subject && action == "member.kept_out" {
		return errSelf
	}
	var writes dynamo.Writes
	writes.Add(s.members.Update(key, update(s.now().UTC()), dynamo.Exists))
	writes.Add(s.audit.Entry(r.Context(), action, record.Subject, nil, nil))
	err = writes.Commit(r.Context(), s.members.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return errNoMember
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, adminPath+"?fait", http.StatusSeeOther)
	return nil
}
