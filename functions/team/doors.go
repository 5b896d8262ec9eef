package team

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
)

var (
	errNoMember = fault.New(fault.NotFound, "unknown-member", "Ce compte n’existe pas, ou n’existe plus.")
	errSelf     = fault.New(fault.Conflict, "own-access", "Vous ne pouvez pas fermer votre propre accès\u00a0: demandez à une autre administratrice ou un autre administrateur.")
)

// closed is an account to which the door is closed.
type closed struct {
	Account string // keyed hash
	At      time.Time
}

// closedAccounts are those to which the door is closed, since when, the latest first.
func (s *service) closedAccounts(ctx context.Context) (found []closed, err error) {
	err = s.members.Index(ctx, "members", expression.Key("list").Equal(expression.Value(signin.ClosedList)), true, func(item map[string]types.AttributeValue) error {
		var one signin.Closed
		if err := attributevalue.UnmarshalMap(item, &one); err != nil {
			return err
		}
		day, _, _ := strings.Cut(one.ListAt, "#")
		at, err := time.Parse(time.RFC3339, day)
		found = append(found, closed{one.Account(), at})
		return err
	})
	return found, err
}

// keepOut closes the door to a member, by their address and by their account:
// another account of this address, or another address of this account, finds it
// closed too.
func (s *service) keepOut(w http.ResponseWriter, r *http.Request) error {
	record, err := s.member(r)
	if err != nil {
		return err
	}
	if me, _ := auth.MemberOf(r.Context()); record.Subject == me.Subject {
		return errSelf
	}
	account, err := s.sessions.AccountHash(r.Context(), record.Subject)
	if err != nil {
		return err
	}
	now := s.now().UTC()
	var writes dynamo.Writes
	writes.Add(s.members.Update(record.Key, expression.Set(expression.Name("kept_out"), expression.Value(true)).
		Set(expression.Name("ended_at"), expression.Value(now)), dynamo.Exists))
	writes.Add(s.members.Put(signin.NewClosed(account, now)))
	return s.changeMember(w, r, writes, "member.kept_out", record.Subject)
}

// letIn opens the door again.
func (s *service) letIn(w http.ResponseWriter, r *http.Request) error {
	record, err := s.member(r)
	if err != nil {
		return err
	}
	account, err := s.sessions.AccountHash(r.Context(), record.Subject)
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	writes.Add(s.members.Update(record.Key, expression.Remove(expression.Name("kept_out")), dynamo.Exists))
	writes.Add(s.members.Delete(signin.ClosedKey(account)))
	return s.changeMember(w, r, writes, "member.let_in", record.Subject)
}

// letErasedIn opens the door again to someone who was erased since: the trail
// knows them by the hash of their account, as nothing else is left.
func (s *service) letErasedIn(w http.ResponseWriter, r *http.Request) error {
	account := r.PathValue("account")
	if !signin.ClosedKey(account).CanExist() {
		return errNoMember
	}
	var writes dynamo.Writes
	writes.Add(s.members.Delete(signin.ClosedKey(account), dynamo.Exists))
	return s.changeMember(w, r, writes, "member.let_in", account)
}

func (s *service) signMemberOut(w http.ResponseWriter, r *http.Request) error {
	record, err := s.member(r)
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	writes.Add(s.members.Update(record.Key, expression.Set(expression.Name("ended_at"), expression.Value(s.now().UTC())), dynamo.Exists))
	return s.changeMember(w, r, writes, "member.signed_out", record.Subject)
}

// member reads the record that the address names.
func (s *service) member(r *http.Request) (record signin.Record, err error) {
	found, err := s.members.Get(r.Context(), signin.KeyOf(r.PathValue("person")), &record)
	if err == nil && !found {
		err = errNoMember
	}
	return record, err
}

// changeMember carries out what changes for a member, and notes it in the
// trail by their account.
func (s *service) changeMember(w http.ResponseWriter, r *http.Request, writes dynamo.Writes, action, account string) error {
	writes.Add(s.audit.Entry(r.Context(), action, account, nil, nil))
	err := writes.Commit(r.Context(), s.members.Client)
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
