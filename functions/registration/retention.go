package registration

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// RetentionYears is how long we keep someone of whom we hear nothing. Three
// years is what the CNIL recommends for people in contact with an association
// (https://www.cnil.fr/fr/les-durees-de-conservation-des-donnees).
var RetentionYears = function.Setting{
	Name: "RETENTION_YEARS", Default: "3",
	Purpose: "years without contact after which a person's data is erased; they are told a month before",
}

// heardOf notes a contact: whatever was announced is off.
func (p *signatoryItem) heardOf(now time.Time) {
	p.LastContactAt, p.AnnouncedAt = now.UTC(), time.Time{}
}

// hear notes that a person was here, on all that they signed, with what else is
// to be written of it. It returns an Unavailable fault when that changes all the
// time.
func (s *service) hear(ctx context.Context, person string, also ...types.TransactWriteItem) error {
	for range rounds {
		found, err := s.signatories(ctx, person)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return s.hearUnsigned(ctx, person)
		}
		writes := dynamo.Writes{Items: slices.Clip(also)}
		for _, one := range found {
			writes.Add(s.contact(one, s.now(), dynamo.Exists))
		}
		err = writes.Commit(ctx, s.allies.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		} // one of them has just left, or was merged: the others still hear
	}
	return errChanging
}

// contact is the transaction item that notes when a person was here: whatever
// was announced is off.
func (s *service) contact(p signatoryItem, at time.Time, holds expression.ConditionBuilder) (types.TransactWriteItem, error) {
	return s.allies.Update(p.Key, expression.Set(expression.Name("last_contact_at"), expression.Value(at.UTC())).
		Set(expression.Name("announced_at"), expression.Value(time.Time{})), holds)
}

// silent is a person as the rule sees them: their signatures, of which the
// latest contact counts.
type silent struct {
	person      string
	signatories []signatoryItem
	last        time.Time
	announced   time.Time // the earliest; zero when one was not
}

// applyRetention tells whoever was silent for all but a month of the time
// that their data will go, and erases those who were told a month ago and
// stayed silent. It reads the whole list, once a day, and may run again: what
// is done is not due any more.
func (s *service) applyRetention(ctx context.Context, _ time.Time) error {
	people, err := s.people(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range people {
		if err := s.retain(ctx, *p); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return errors.Join(failed, s.retainUnsigned(ctx, people))
}

// retain applies the rule to a person.
func (s *service) retain(ctx context.Context, p silent) error {
	now := s.now()
	if now.Before(p.last.AddDate(s.retention, -1, 0)) {
		return nil
	}
	last, err := s.lastElsewhere(ctx, p.person)
	if err != nil {
		return err
	}
	var refused *dynamo.Refused
	switch {
	case last.After(p.last):
		err = s.note(ctx, p, last) // they have booked, or apply with a territory
	case p.announced.IsZero():
		err = s.announce(ctx, p)
	case !now.Before(p.announced.AddDate(0, 1, 0)) && !now.Before(p.last.AddDate(s.retention, 0, 0)):
		err = s.forget(ctx, p)
	}
	if errors.As(err, &refused) {
		return nil // they were here meanwhile, or another run was faster
	}
	return err
}

// people are all who signed, read from the index of the team's list.
func (s *service) people(ctx context.Context) (map[string]*silent, error) {
	found := map[string]*silent{}
	err := s.allies.Index(ctx, "allies", expression.Key("list").Equal(expression.Value(everyone)), false, func(attributes map[string]types.AttributeValue) error {
		var item signatoryItem
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return err
		}
		if !strings.HasPrefix(item.SK, membership.SignaturePrefix) {
			return nil // a signature that waits lapses by itself
		}
		person := strings.TrimPrefix(item.PK, personal.Partition(""))
		if found[person] == nil {
			found[person] = &silent{person: person, announced: item.AnnouncedAt}
		}
		found[person].add(item)
		return nil
	})
	return found, err
}

func (p *silent) add(item signatoryItem) {
	p.signatories = append(p.signatories, item)
	if item.LastContactAt.After(p.last) {
		p.last = item.LastContactAt
	}
	if item.AnnouncedAt.Before(p.announced) {
		p.announced = item.AnnouncedAt
	}
}

// lastElsewhere is the latest that the other tables know of a person: a
// booking, an application, a sign-in as a member of the team. What we wrote to
// them is no contact. Only those who are due are looked up, so no function has
// to tell another of each booking.
func (s *service) lastElsewhere(ctx context.Context, person string) (last time.Time, err error) {
	for name, table := range s.personal {
		if name == function.Allies || name == function.Mails {
			continue
		}
		err := table.Partition(ctx, personal.Partition(person), "", func(attributes map[string]types.AttributeValue) error {
			var item struct {
				SK        string    `dynamodbav:"sk"`
				CreatedAt time.Time `dynamodbav:"created_at"`
				LastAt    time.Time `dynamodbav:"last_at"`
				Confirmed string    `dynamodbav:"confirmed_at"` // RFC 3339: they take part in an application
			}
			if err := attributevalue.UnmarshalMap(attributes, &item); err != nil || strings.HasPrefix(item.SK, mail.IntentPrefix) {
				return err
			}
			confirmed, _ := time.Parse(time.RFC3339, item.Confirmed) // empty until they have
			for _, at := range []time.Time{item.CreatedAt, item.LastAt, confirmed} {
				if at.After(last) {
					last = at
				}
			}
			return nil
		})
		if err != nil {
			return last, err
		}
	}
	return last, nil
}

// note writes down what the other tables know, unless they were here since.
func (s *service) note(ctx context.Context, p silent, last time.Time) error {
	var writes dynamo.Writes
	for _, one := range p.signatories {
		writes.Add(s.contact(one, last, one.stillSilent()))
	}
	return writes.Commit(ctx, s.allies.Client)
}

// announce tells a person when their data will go, and how to stay.
func (s *service) announce(ctx context.Context, p silent) error {
	now := s.now()
	until := now.AddDate(0, 1, 0)
	if last := p.last.AddDate(s.retention, 0, 0); last.After(until) {
		until = last
	}
	var writes dynamo.Writes
	for _, one := range p.signatories {
		writes.Add(s.allies.Update(one.Key, expression.Set(expression.Name("announced_at"), expression.Value(now.UTC())), one.stillSilent()))
	}
	first := p.signatories[0]
	writes.Add(s.mailTo(p.person, first.Email, first.fullName(), "retention-notice", map[string]string{
		"since": french.Date(p.last), "until": french.Date(until), "me": "/mes-donnees", "of": "signature", mail.About: alliesPath + "/" + first.AllyID,
	}))
	return writes.Commit(ctx, s.allies.Client)
}

// forget erases a person who was told and stayed silent, unless they come
// back at this very moment.
func (s *service) forget(ctx context.Context, p silent) error {
	var still dynamo.Writes
	for _, one := range p.signatories {
		still.Add(s.allies.Check(one.Key, one.stillSilent()))
	}
	if still.Err != nil {
		return still.Err
	}
	return s.leave(ctx, p.person, still.Items...)
}

// keptUntil is the day on which the data of someone go of whom nothing is
// heard: they are told a month before.
func (s *service) keptUntil(p signatoryItem) time.Time {
	until := p.LastContactAt.AddDate(s.retention, 0, 0)
	if told := p.AnnouncedAt.AddDate(0, 1, 0); !p.AnnouncedAt.IsZero() && told.After(until) {
		return told
	}
	return until
}

// stillSilent holds while nothing was heard since the signatory was read, and
// nobody else applied the rule: who writes it as a whole takes nothing back.
func (p signatoryItem) stillSilent() expression.ConditionBuilder {
	return expression.Name("last_contact_at").Equal(expression.Value(p.LastContactAt)).
		And(expression.Name("announced_at").Equal(expression.Value(p.AnnouncedAt)))
}
