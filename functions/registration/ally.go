package registration

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
)

var errUnknownAlly = fault.New(fault.NotFound, "unknown-ally", "Cette signature n’existe pas, ou n’existe plus : elle a pu être effacée ou fusionnée.")

var (
	errCorrecting   = fault.New(fault.Unavailable, "busy", "Cette signature change en même temps ailleurs : réessayez dans un instant.")
	errOtherContact = fault.New(fault.Conflict, "other-contact", "Le contact de cette organisation a été remplacé depuis l’ouverture de cette page : relisez-la, rien n’a été fait.")
)

// signatureOf is the signature of an ally, or the NotFound fault
// "unknown-ally".
func (s *service) signatureOf(ctx context.Context, ally string) (signature, error) {
	for range rounds {
		var g signature
		found, err := s.allies.Get(ctx, allyKey(ally), &g.ally)
		if err == nil && !found {
			err = errUnknownAlly
		}
		if err != nil {
			return g, err
		}
		found, err = s.allies.Get(ctx, membership.SignatureKey(g.ally.Person, ally), &g.signatory)
		if found || err != nil {
			return g, err
		}
	} // it has just left, or was handed over between the two
	return signature{}, errUnknownAlly
}

// signatureShown is signatureOf, for what a page does that showed a contact
// (keyed hash, empty when it showed none): it must not befall another person.
// It returns the Conflict fault "other-contact" as well.
func (s *service) signatureShown(ctx context.Context, ally, contact string) (signature, error) {
	g, err := s.signatureOf(ctx, ally)
	if err == nil && contact != "" && contact != g.ally.Person {
		err = errOtherContact
	}
	return g, err
}

// correct applies a change that a member of the team makes to a signature as
// they read it, by the rules of those that a person makes themself. It returns
// the faults of change, and *dynamo.Refused when the signature has changed
// since.
func (s *service) correct(ctx context.Context, old signature, in change, faults *fault.Fields) error {
	changed := in.apply(old, faults)
	if err := faults.Err(); err != nil {
		return err
	}
	if changed.signatory.Newsletter && !old.signatory.Newsletter {
		faults.Add("consents.newsletter", "Seule la personne peut demander les nouvelles\u00a0: envoyez-lui le lien vers ses données.")
		return faults.Err()
	}
	changed.place()
	before, after := compare(traces(old), traces(changed))
	if len(after) == 0 {
		return nil
	}
	entry, err := s.audit.Entry(ctx, "ally.corrected", old.ally.AllyID, before, after)
	if err != nil {
		return err
	}
	return s.storeChange(ctx, old, changed, entry)
}

// trace is a field of a signature in the audit trail: what it was is only kept
// of fields that never tell who someone is.
type trace struct {
	name    string
	value   any
	private bool
}

func traces(g signature) []trace {
	return []trace{
		{"person.given_name", g.signatory.GivenName, true}, {"person.family_name", g.signatory.FamilyName, true},
		{"person.email", g.signatory.Email, true}, {"person.role", g.signatory.Role, true},
		{"organisation.name", g.signatory.Shown.Name + g.signatory.Organisation, true}, {"organisation.website", g.ally.Website, true},
		{"organisation.siret", g.ally.SIRET, true}, {"organisation.rna", g.ally.RNA, true},
		{"organisation.category", g.ally.Category, false}, {"organisation.territory", g.signatory.Shown.Territory, false},
		{"consents.newsletter", g.signatory.Newsletter, false}, {"consents.directory", g.signatory.Directory, false},
	}
}

// compare returns what differs, before and after.
func compare(old, changed []trace) (before, after map[string]any) {
	before, after = map[string]any{}, map[string]any{}
	for i, was := range old {
		is := changed[i]
		if was.value == is.value {
			continue
		}
		if was.private {
			was.value, is.value = audit.Masked, audit.Masked
		}
		before[was.name], after[is.name] = was.value, is.value
	}
	return before, after
}

// resend sends a person the link to their data again; the same form, sent
// twice, sends one mail.
func (s *service) resend(ctx context.Context, ally, key string) error {
	g, err := s.signatureOf(ctx, ally)
	if err != nil {
		return err
	}
	entry, err := s.audit.Entry(ctx, "ally.link_sent", ally, nil, nil)
	if err != nil {
		return err
	}
	also := []types.TransactWriteItem{entry}
	if keep, keyed, err := s.allies.Once("POST link of "+ally, key, nil, s.now()).Answer(""); err != nil {
		return err
	} else if keyed {
		also = append(also, keep)
	}
	var faults fault.Fields
	err = s.sendLink(ctx, g.signatory.Email, &faults, also...)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil // all else is new: this form has sent it
	}
	return err
}

// exchanged notes that the team has heard of a person today, on all that they
// signed: whatever was announced is off.
func (s *service) exchanged(ctx context.Context, ally string) error {
	g, err := s.signatureOf(ctx, ally)
	if err != nil {
		return err
	}
	entry, err := s.audit.Entry(ctx, "ally.heard_of", ally, nil, nil)
	if err != nil {
		return err
	}
	return s.hear(ctx, g.ally.Person, entry)
}

// eraseOnRequest erases a person who asked the team to. It returns the faults
// of signatureShown.
func (s *service) eraseOnRequest(ctx context.Context, ally, contact string) error {
	g, err := s.signatureShown(ctx, ally, contact)
	if err != nil {
		return err
	}
	entry, err := s.audit.Entry(ctx, "ally.erased", ally, nil, nil)
	if err != nil {
		return err
	}
	return s.leave(ctx, g.ally.Person, entry)
}
