package registration

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// A handover gives an organisation another contact: the team proposes it to
// someone, who accepts by the link of a mail. Until then nothing changes.

// handoverPurpose is what the link of that mail is good for.
const handoverPurpose auth.Purpose = "become-contact"

const (
	// handoverFor is how long whom it is proposed to may take.
	handoverFor = personal.UnconfirmedFor
	// justSent is for how long the same proposal, made again, is one form sent
	// twice: a second link would end the first.
	justSent = time.Minute
)

const handoverPrefix = "HANDOVER#"

// handoverItem is what is proposed to someone, in their partition. It goes as
// soon as they have accepted.
type handoverItem struct {
	dynamo.Key
	ID         string    `dynamodbav:"handover_id"` // of the one link that is good
	GivenName  string    `dynamodbav:"given_name"`
	FamilyName string    `dynamodbav:"family_name"`
	Email      string    `dynamodbav:"email"`
	Role       string    `dynamodbav:"role,omitempty"`
	CreatedAt  time.Time `dynamodbav:"created_at"`
	ExpiresAt  int64     `dynamodbav:"expires_at"`
}

// proposedItem leads from an organisation to its one handover: ids only.
type proposedItem struct {
	dynamo.Key
	ID        string `dynamodbav:"handover_id"`
	Person    string `dynamodbav:"person"` // keyed hash of whom it is proposed to
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

func handoverKey(person, ally string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: handoverPrefix + ally}
}

func proposedKey(ally string) dynamo.Key { return dynamo.Key{PK: "ALLY#" + ally, SK: "HANDOVER"} }

// stands holds while no other proposal came after the one of this id.
func stands(handover string) expression.ConditionBuilder {
	return expression.Name("handover_id").Equal(expression.Value(handover))
}

var (
	errNoContact      = fault.New(fault.Conflict, "no-contact", "Une personne signe pour elle-même : il n’y a pas de contact à remplacer.")
	errAlreadyContact = fault.New(fault.Conflict, "already-contact", "Cette adresse est déjà celle du contact de cette organisation.")
	errNothingOffered = fault.New(fault.Conflict, "nothing-offered", "Aucun remplacement n’attend : il a été accepté, retiré, ou son lien a expiré.")
)

// personInput is whom it is proposed to, as the form had it.
func (h handoverItem) personInput() personInput {
	return personInput{GivenName: h.GivenName, FamilyName: h.FamilyName, Email: h.Email, Role: h.Role}
}

// Until is when the link is good no more.
func (h handoverItem) Until() time.Time { return time.Unix(h.ExpiresAt, 0) }

// organisation is the signature of an organisation, or the faults
// "unknown-ally" and "no-contact".
func (s *service) organisation(ctx context.Context, ally string) (signature, error) {
	g, err := s.signatureOf(ctx, ally)
	if err == nil && g.ally.Kind != string(alliance.Organisation) {
		err = errNoContact
	}
	return g, err
}

// handoverOf is the handover of an organisation that waits: its id is empty
// when there is none. proposed is there even when it has lapsed.
func (s *service) handoverOf(ctx context.Context, ally string) (proposed proposedItem, waits handoverItem, err error) {
	found, err := s.allies.Get(ctx, proposedKey(ally), &proposed)
	if err != nil || !found || proposed.ExpiresAt <= s.now().Unix() {
		return proposed, waits, err
	}
	_, err = s.allies.Get(ctx, handoverKey(proposed.Person, ally), &waits)
	return proposed, waits, err
}

// propose asks someone to be the contact of an organisation: what was proposed
// before, to them or to another, is over. action names it in the trail. It
// returns the faults of organisation and "already-contact".
func (s *service) propose(ctx context.Context, ally string, to personInput, action string) error {
	person, err := s.person(ctx, alliance.NormaliseEmail(to.Email))
	if err != nil {
		return err
	}
	for range rounds {
		g, err := s.organisation(ctx, ally)
		if err != nil {
			return err
		}
		if g.ally.Person == person {
			return errAlreadyContact
		}
		before, waits, err := s.handoverOf(ctx, ally)
		if err != nil {
			return err
		}
		if before.Person == person && waits.ID != "" && waits.personInput() == to && s.now().Sub(waits.CreatedAt) < justSent {
			return nil
		}
		writes, err := s.proposalWrites(ctx, g, before, person, to, action)
		if err != nil {
			return err
		}
		err = writes.Commit(ctx, s.allies.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return errCorrecting
}

func (s *service) proposalWrites(ctx context.Context, g signature, before proposedItem, person string, to personInput, action string) (writes dynamo.Writes, err error) {
	now := s.now()
	until := now.Add(handoverFor)
	id, ally := s.newID("hnd"), g.ally.AllyID
	token, err := s.links.Sign(ctx, handoverPurpose, strings.Join([]string{person, ally, id}, "/"), until)
	if err != nil {
		return writes, err
	}
	writes.Add(s.allies.Put(handoverItem{
		Key: handoverKey(person, ally), ID: id, GivenName: to.GivenName, FamilyName: to.FamilyName, Email: to.Email, Role: to.Role,
		CreatedAt: now.UTC(), ExpiresAt: until.Unix(),
	}))
	asRead := dynamo.Absent
	if before.ID != "" {
		asRead = stands(before.ID)
		if before.Person != person {
			writes.Add(s.allies.Delete(handoverKey(before.Person, ally)))
		}
	}
	writes.Add(s.allies.Put(proposedItem{proposedKey(ally), id, person, until.Unix()}, asRead))
	writes.Add(s.allies.Check(g.ally.Key, expression.Name("person").Equal(expression.Value(g.ally.Person)))) // here, and with this contact
	proposed := g
	proposed.signatory.GivenName, proposed.signatory.FamilyName = to.GivenName, to.FamilyName
	proposed.signatory.Email, proposed.signatory.Role = to.Email, to.Role
	was, is := compare(traces(g), traces(proposed))
	writes.Add(s.audit.Entry(ctx, action, ally, was, is))
	writes.Add(s.mailTo(person, to.Email, strings.TrimSpace(to.GivenName+" "+to.FamilyName), "contact-proposed", map[string]string{
		"organisation": g.ally.Name, "link": "/rejoindre/contact?token=" + token, "expires": french.Date(until), mail.About: alliesPath + "/" + ally,
	}))
	return writes, writes.Err
}

// proposeAgain sends the link anew to whom a handover is proposed: the one
// before is good no more. It returns the Conflict fault "nothing-offered", and
// those of propose.
func (s *service) proposeAgain(ctx context.Context, ally string) error {
	_, waits, err := s.handoverOf(ctx, ally)
	if err != nil {
		return err
	}
	if waits.ID == "" {
		return errNothingOffered
	}
	return s.propose(ctx, ally, waits.personInput(), "ally.contact_proposed_again")
}

// withdraw takes a handover that waits back: the link that was sent is good
// no more, and what was typed of the person goes. It returns the Conflict
// fault "nothing-offered".
func (s *service) withdraw(ctx context.Context, ally string) error {
	proposed, _, err := s.handoverOf(ctx, ally)
	if err != nil {
		return err
	}
	if proposed.ID == "" {
		return errNothingOffered
	}
	var writes dynamo.Writes
	writes.Add(s.allies.Delete(proposed.Key, stands(proposed.ID)))
	writes.Add(s.allies.Delete(handoverKey(proposed.Person, ally)))
	writes.Add(s.audit.Entry(ctx, "ally.contact_withdrawn", ally, nil, nil))
	err = writes.Commit(ctx, s.allies.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) { // accepted, or proposed anew, at this moment
		return errNothingOffered
	}
	return err
}

// eraseHandover removes what is proposed to a person who is being erased, and
// what leads to it.
func (s *service) eraseHandover(ctx context.Context, person, ally string) error {
	var item, both dynamo.Writes
	item.Add(s.allies.Delete(handoverKey(person, ally)))
	both.Items = slices.Clone(item.Items)
	both.Add(s.allies.Delete(proposedKey(ally), expression.Name("person").Equal(expression.Value(person))))
	err := both.Commit(ctx, s.allies.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) { // what leads to it has lapsed, or leads to someone else
		return item.Commit(ctx, s.allies.Client)
	}
	return err
}
