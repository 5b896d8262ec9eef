package registration

import (
	"context"
	"errors"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
)

// offer is what the link of a handover leads to.
type offer struct {
	ally     allyItem
	person   string // to whom it is proposed
	item     handoverItem
	accepted bool // they are the contact already: the link was followed before
}

// What is said to whoever follows a link that leads nowhere any more.
var (
	errOfferLapsed = fault.New(fault.Gone, "expired-token", "Ce lien a expiré. Répondez au courriel qui vous l’a apporté : l’équipe vous en enverra un autre.")
	errOfferOver   = fault.New(fault.Gone, "offer-over", "Ce lien ne vaut plus : il a été retiré, ou un autre l’a remplacé. Ouvrez le plus récent de nos courriels, ou répondez-y.")
	errOfferLeft   = fault.New(fault.Gone, "offer-left", "Cette organisation a quitté l’alliance depuis que ce lien vous a été envoyé : elle n’a plus besoin de contact. Elle peut signer la charte à nouveau.")
	errOfferMerged = fault.New(fault.Gone, "offer-merged", "La signature de cette organisation a été réunie avec une autre, qui a son contact. Répondez au courriel qui vous a apporté ce lien : l’équipe vous proposera de le devenir.")
)

// offered reads what a link leads to. It returns the faults of auth.Links.Open
// and those above.
func (s *service) offered(ctx context.Context, token string) (o offer, err error) {
	subject, err := s.links.Open(ctx, handoverPurpose, token)
	if fault.Is(err, errOfferLapsed.Code) {
		return o, errOfferLapsed
	}
	if err != nil {
		return o, err
	}
	person, rest, _ := strings.Cut(subject, "/")
	ally, id, _ := strings.Cut(rest, "/")
	o.person = person
	waits, err := s.allies.Get(ctx, handoverKey(person, ally), &o.item)
	if err != nil {
		return o, err
	}
	found, err := s.allies.Get(ctx, allyKey(ally), &o.ally) // after the item, which goes as the ally names them
	switch {
	case err != nil:
		return o, err
	case !found:
		return o, s.whereItWent(ctx, ally)
	case o.ally.Person == person:
		o.accepted = true
		return o, nil
	case !waits || o.item.ID != id:
		return o, errOfferOver
	}
	return o, nil
}

// whereItWent is the fault that says what became of an organisation.
func (s *service) whereItWent(ctx context.Context, ally string) error {
	into, err := s.mergedInto(ctx, ally)
	if err != nil {
		return err
	}
	if into != "" {
		return errOfferMerged
	}
	return errOfferLeft
}

// accept makes the holder of a link the contact of the organisation, with the
// consents that are theirs. Who accepts again changes nothing. It returns the
// faults of offered.
func (s *service) accept(ctx context.Context, token string, chosen consents) (allyItem, error) {
	for range rounds {
		o, err := s.offered(ctx, token)
		if err != nil || o.accepted {
			return o.ally, err
		}
		err = s.handOver(ctx, o, chosen)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return o.ally, err
		}
	}
	return allyItem{}, errChanging
}

// handOver makes one attempt. It returns *dynamo.Refused when what was read
// has changed meanwhile and the caller should read again.
func (s *service) handOver(ctx context.Context, o offer, chosen consents) error {
	if err := s.hear(ctx, o.person); err != nil { // on what else they signed
		return err
	}
	var former signatoryItem
	found, err := s.allies.Get(ctx, membership.SignatureKey(o.ally.Person, o.ally.AllyID), &former)
	if err != nil {
		return err
	}
	if !found {
		return &dynamo.Refused{} // it leaves, or is handed over, at this moment
	}
	writes := s.handoverWrites(o, former, s.taken(o, chosen))
	return writes.Commit(ctx, s.allies.Client)
}

// taken is the signature with its new contact: the organisation stays what it
// was, but for the public list, which is theirs to agree to.
func (s *service) taken(o offer, chosen consents) signature {
	now := s.now().UTC()
	g := signature{o.ally, signatoryItem{
		Key: membership.SignatureKey(o.person, o.ally.AllyID), AllyID: o.ally.AllyID,
		GivenName: o.item.GivenName, FamilyName: o.item.FamilyName, Email: o.item.Email, Role: o.item.Role,
		Newsletter: chosen.Newsletter, Directory: chosen.Directory, CreatedAt: now, LastContactAt: now,
	}}
	g.ally.Person = o.person
	g.ally.Version++
	g.ally.describe(*g.mine().Organisation, chosen.Directory)
	g.place()
	return g
}

// handoverWrites moves the signature to its new contact. No fact: the
// organisation neither joins nor leaves.
func (s *service) handoverWrites(o offer, former signatoryItem, g signature) (writes dynamo.Writes) {
	writes.Add(s.allies.Delete(o.item.Key, stands(o.item.ID)))
	writes.Add(s.allies.Delete(proposedKey(g.ally.AllyID), stands(o.item.ID)))
	writes.Add(s.allies.Put(g.ally, o.ally.unchanged()))
	writes.Add(s.allies.Delete(former.Key, dynamo.Exists))
	writes.Add(s.allies.Put(g.signatory, dynamo.Absent))
	intent := mail.NewIntent(s.newID("mail"), "contact-replaced", o.ally.Person, former.Email, former.fullName(), map[string]string{
		"organisation": g.ally.Name, "contact": g.signatory.fullName(), mail.About: alliesPath + "/" + g.ally.AllyID,
	}, s.now())
	writes.Add(s.allies.Put(intent, dynamo.Absent))
	writes.Add(s.allies.Put(mentionItem{ // it names the new contact, so it leaves with them
		Key: mentionKey(o.person, intent.ID), Recipient: o.ally.Person, MailID: intent.ID,
		CreatedAt: g.signatory.CreatedAt, ExpiresAt: intent.ExpiresAt,
	}))
	return writes
}
