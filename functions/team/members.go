package team

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
)

// welcome notes that a member signs in, with what the issuer says of them
// today. It returns signin.ErrKeptOut for whom an administrator keeps out, or
// keeps out in this very instant.
func (s *service) welcome(ctx context.Context, m auth.Member) error {
	standing, err := s.sessions.Standing(ctx, m)
	if err != nil {
		return err
	}
	if standing.KeptOut {
		return signin.ErrKeptOut
	}
	key, err := s.sessions.RecordKey(ctx, m)
	if err != nil {
		return err
	}
	account, err := s.sessions.AccountHash(ctx, m.Subject)
	if err != nil {
		return err
	}
	now := s.now().UTC()
	update := expression.
		Set(expression.Name("subject"), expression.Value(m.Subject)).
		Set(expression.Name("name"), expression.Value(m.Name)).
		Set(expression.Name("email"), expression.Value(m.Email)).
		Set(expression.Name("roles"), expression.Value(m.Roles)).
		Set(expression.Name("last_at"), expression.Value(now)).
		Set(expression.Name("list"), expression.Value(signin.List)).
		Set(expression.Name("list_at"), expression.Value(m.Name+"#"+m.Subject))
	if !standing.Known {
		update = update.Set(expression.Name("first_at"), expression.Value(now)).
			Set(expression.Name("ended_at"), expression.Value(time.Time{}))
	}
	if over := s.sessions.LongOver(standing.Record.SignedOut); len(over) > 0 {
		update = update.Delete(expression.Name("signed_out"), texts(over...))
	}
	var writes dynamo.Writes
	writes.Add(s.members.Update(key, update, expression.AttributeNotExists(expression.Name("kept_out"))))
	writes.Add(s.members.Check(signin.ClosedKey(account), dynamo.Absent))
	err = writes.Commit(ctx, s.members.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return signin.ErrKeptOut
	}
	return err
}

// endSessions voids all sessions of a member that have begun.
func (s *service) endSessions(ctx context.Context, m auth.Member) error {
	return s.end(ctx, m, expression.Set(expression.Name("ended_at"), expression.Value(s.now().UTC())))
}

// endSession voids one.
func (s *service) endSession(ctx context.Context, session signin.Session) error {
	return s.end(ctx, session.Member, expression.Add(expression.Name("signed_out"), texts(session.ID)))
}

// texts is a set of them, as DynamoDB holds it.
func texts(all ...string) expression.ValueBuilder {
	return expression.Value(&types.AttributeValueMemberSS{Value: all})
}

func (s *service) end(ctx context.Context, m auth.Member, update expression.UpdateBuilder) error {
	key, err := s.sessions.RecordKey(ctx, m)
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	writes.Add(s.members.Update(key, update, dynamo.Exists))
	err = writes.Commit(ctx, s.members.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil // who has never signed in here has no sessions
	}
	return err
}

// erase removes the record of a person, and with it their sessions. What closes
// their account to them stays: nobody opens a door by asking to be forgotten.
func (s *service) erase(ctx context.Context, person string, requested time.Time) error {
	key := signin.KeyOf(person)
	var record signin.Record
	found, err := s.members.Get(ctx, key, &record)
	if err != nil || !found || record.FirstAt.After(requested) {
		return err
	}
	var writes dynamo.Writes
	writes.Add(s.members.Delete(key))
	return writes.Commit(ctx, s.members.Client)
}
