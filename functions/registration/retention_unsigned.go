package registration

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/applicant"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
)

// The rule holds for those too who have not signed: whom an application names,
// and who had an account in the team. Who only booked is not concerned:
// bookings go by themselves, a year after the session.

// contactItem is what is known of the silence of someone who has not signed,
// from the day on which they were told.
type contactItem struct {
	dynamo.Key
	Notice        string    `dynamodbav:"notice"` // id of the announcement
	LastContactAt time.Time `dynamodbav:"last_contact_at"`
	AnnouncedAt   time.Time `dynamodbav:"announced_at"`
	CreatedAt     time.Time `dynamodbav:"created_at"`
}

func contactKey(person string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: "CONTACT"}
}

// unchanged holds for a contact that nobody has touched since it was read.
func (c contactItem) unchanged() expression.ConditionBuilder {
	if c.Notice == "" {
		return dynamo.Absent
	}
	return expression.Name("notice").Equal(expression.Value(c.Notice)).And(expression.Name("last_contact_at").Equal(expression.Value(c.LastContactAt)))
}

// hearUnsigned notes that someone who was told was here.
func (s *service) hearUnsigned(ctx context.Context, person string) error {
	var writes dynamo.Writes
	writes.Add(s.allies.Update(contactKey(person), expression.Set(expression.Name("last_contact_at"), expression.Value(s.now().UTC())), dynamo.Exists))
	err := writes.Commit(ctx, s.allies.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil // nothing was announced to them
	}
	return err
}

// retainUnsigned applies the rule to those whom applications name, and to
// members of the team, but for who has signed.
func (s *service) retainUnsigned(ctx context.Context, signed map[string]*silent) (failed error) {
	persons, err := s.knownBefore(ctx, s.now().AddDate(-s.retention, 1, 0))
	if err != nil {
		return err
	}
	for person := range persons {
		if signed[person] != nil {
			continue
		}
		if err := s.retainOne(ctx, person); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// knownBefore are the people whom an application has named before an instant,
// and the members of the team who have not signed in since.
func (s *service) knownBefore(ctx context.Context, before time.Time) (map[string]bool, error) {
	found := map[string]bool{}
	note := func(key dynamo.Key) { found[strings.TrimPrefix(key.PK, personal.Partition(""))] = true }
	named := expression.Key("list").Equal(expression.Value(applicant.Everyone)).
		And(expression.Key("created_at").LessThan(expression.Value(before.UTC().Add(time.Second).Format(time.RFC3339))))
	err := s.personal[function.Applications].Index(ctx, applicant.Index, named, false, func(attributes map[string]types.AttributeValue) error {
		var key dynamo.Key
		err := attributevalue.UnmarshalMap(attributes, &key)
		note(key)
		return err
	})
	if err != nil {
		return nil, err
	}
	members, err := signin.Everyone(ctx, s.personal[function.Members])
	for _, member := range members {
		if !member.LastAt.After(before) {
			note(member.Key)
		}
	}
	return found, err
}

// retainOne applies the rule to someone who has not signed.
func (s *service) retainOne(ctx context.Context, person string) error {
	var contact contactItem
	if _, err := s.allies.Get(ctx, contactKey(person), &contact); err != nil {
		return err
	}
	last, err := s.lastElsewhere(ctx, person)
	if err != nil {
		return err
	}
	if contact.LastContactAt.After(last) {
		last = contact.LastContactAt
	}
	now := s.now()
	due := last.AddDate(s.retention, 0, 0)
	switch {
	case now.Before(last.AddDate(s.retention, -1, 0)):
		return nil
	case contact.AnnouncedAt.Before(last): // never, or they were here since
		err = s.announceUnsigned(ctx, person, contact, last)
	case !now.Before(contact.AnnouncedAt.AddDate(0, 1, 0)) && !now.Before(due):
		err = s.forgetUnsigned(ctx, person, contact)
	}
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil // they were here meanwhile, or another run was faster
	}
	return err
}

// known is how to write to someone who has not signed, and what we know them
// of: of is a word of the template "retention-notice".
type known struct{ name, email, of string }

// known is someone as the latest application that names them does, or else as
// they signed in to the pages of the team; without an address when neither is
// there any more.
func (s *service) known(ctx context.Context, person string) (known, error) {
	var latest applicant.Named
	err := s.personal[function.Applications].Partition(ctx, personal.Partition(person), applicant.Prefix, func(attributes map[string]types.AttributeValue) error {
		var one applicant.Named
		err := attributevalue.UnmarshalMap(attributes, &one)
		if one.CreatedAt.After(latest.CreatedAt) {
			latest = one
		}
		return err
	})
	if err != nil || latest.Email != "" {
		return known{latest.GivenName + " " + latest.FamilyName, latest.Email, "application"}, err
	}
	var member signin.Record
	_, err = s.personal[function.Members].Get(ctx, signin.KeyOf(person), &member)
	return known{member.Name, member.Email, "account"}, err
}

func (s *service) announceUnsigned(ctx context.Context, person string, contact contactItem, last time.Time) error {
	to, err := s.known(ctx, person)
	if err != nil || to.email == "" { // erased at this moment
		return err
	}
	now := s.now()
	until := now.AddDate(0, 1, 0)
	if due := last.AddDate(s.retention, 0, 0); due.After(until) {
		until = due
	}
	told := contactItem{Key: contactKey(person), Notice: s.newID("mail"), LastContactAt: contact.LastContactAt, AnnouncedAt: now.UTC(), CreatedAt: now.UTC()}
	var writes dynamo.Writes
	writes.Add(s.allies.Put(told, contact.unchanged()))
	writes.Add(s.mailTo(person, to.email, to.name, "retention-notice", map[string]string{
		"since": french.Date(last), "until": french.Date(until), "me": "/mes-donnees", "of": to.of,
	}))
	return writes.Commit(ctx, s.allies.Client)
}

// forgetUnsigned erases someone who was told and stayed silent. The farewell
// has an id of its announcement, so that it goes out once.
func (s *service) forgetUnsigned(ctx context.Context, person string, contact contactItem) error {
	to, err := s.known(ctx, person)
	if err != nil || to.email == "" {
		return err
	}
	var also dynamo.Writes
	also.Add(s.allies.Check(contactKey(person), contact.unchanged()))
	also.Add(s.allies.Put(mail.NewIntent(contact.Notice, "farewell", person, to.email, to.name, map[string]string{}, s.now()), dynamo.Absent))
	if also.Err != nil {
		return also.Err
	}
	return s.leave(ctx, person, also.Items...)
}
