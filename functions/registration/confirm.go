package registration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// tokenBody carries the token of a mail's link.
type tokenBody struct {
	Token string `json:"token"`
}

// confirmation is the answer to a confirmed signature: the same for someone
// whose organisation was in the alliance already, who learns the rest by mail.
type confirmation struct {
	AllyID string `json:"ally_id"`
	Kind   string `json:"kind" enum:"organisation,person"`
	Status string `json:"status" enum:"confirmed"`
}

func (s *service) postConfirmation(w http.ResponseWriter, r *http.Request) error {
	token, err := decodeToken(r)
	if err != nil {
		return err
	}
	answer, err := s.confirm(r.Context(), token)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

func decodeToken(r *http.Request) (string, error) {
	var in tokenBody
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return "", err
	}
	if in.Token == "" {
		faults.Add("token", "Indiquez le jeton du lien reçu par courriel.")
	}
	return in.Token, faults.Err()
}

// rounds bounds how often a confirmation starts over because someone else
// confirmed, or left, at the same moment.
const rounds = 5

// confirm makes an ally of a signature that waits. Whoever confirms second,
// for the same organisation or the same person, gets the ally that is there.
// It returns the faults of auth.Links.Open, and a Gone fault when the
// signature is no more.
func (s *service) confirm(ctx context.Context, token string) (confirmation, error) {
	subject, err := s.links.Open(ctx, confirmPurpose, token)
	if err != nil {
		return confirmation{}, err
	}
	person, registration, _ := strings.Cut(subject, "/")
	for range rounds {
		var pending pendingItem
		found, err := s.allies.Get(ctx, pendingKey(person, registration), &pending)
		if err != nil {
			return confirmation{}, err
		}
		if !found {
			return confirmation{}, fault.New(fault.Gone, "expired-token",
				"Cette signature n’attend plus : elle a expiré ou a été effacée. Vous pouvez signer à nouveau.")
		}
		if pending.Status == statusConfirmed {
			return confirmation{pending.AllyID, pending.Kind, statusConfirmed}, nil
		}
		answer, err := s.settle(ctx, person, pending)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return answer, err
		}
	}
	return confirmation{}, fault.New(fault.Unavailable, "busy", "Beaucoup de confirmations arrivent en même temps : réessayez dans un instant.")
}

// settle makes one attempt. It returns *dynamo.Refused when what was read has
// changed meanwhile and the caller should read again.
func (s *service) settle(ctx context.Context, person string, pending pendingItem) (confirmation, error) {
	var in signing
	if err := json.Unmarshal([]byte(pending.Signing), &in); err != nil {
		return confirmation{}, fmt.Errorf("pending signature: %w", err)
	}
	ally := s.newAlly(in, person)
	writes, err := s.welcomeWrites(in, ally, pending)
	if err != nil {
		return confirmation{}, err
	}
	err = dynamo.Transact(ctx, s.allies.Client, writes...)
	var refused *dynamo.Refused
	if errors.As(err, &refused) && !refused.Failed(0) {
		for place := range ally.Claims {
			var claim claimItem
			if taken, readErr := refused.Old(1+place, &claim); readErr != nil {
				return confirmation{}, readErr
			} else if taken {
				return s.join(ctx, person, pending, in, claim.AllyID)
			}
		}
	}
	return confirmation{ally.AllyID, ally.Kind, statusConfirmed}, err
}

// newAlly is the ally that a signature makes.
func (s *service) newAlly(in signing, person string) allyItem {
	now := s.now()
	id := s.newID("ally")
	ally := allyItem{
		Key: allyKey(id), AllyID: id, Kind: string(in.Kind), Person: person,
		Claims:         claimsOf(in.Kind, in.Organisation, personal.Partition(person)),
		CharterVersion: in.Charter.Version, SignedAt: now.UTC(), JoinedOn: now.In(french.Paris()).Format(time.DateOnly),
	}
	if in.Kind == alliance.Organisation {
		ally.describe(*in.Organisation, in.Consents.Directory)
	}
	return ally
}

// describe sets what the directory shows of an organisation.
func (a *allyItem) describe(o organisationInput, listed bool) {
	a.Name, a.Category, a.SIRET, a.RNA = o.Name, string(o.Category), o.SIRET, o.RNA
	a.Territory, a.Region, a.Website = o.Territory, regionOf(o.Territory), o.Website
	a.Directory, a.DirectoryName = "", ""
	if listed {
		a.Directory, a.DirectoryName = directoryPartition, sortName(o.Name, a.AllyID)
	}
}

// regionOf is the code of the region of a territory, empty without one.
func regionOf(reference string) string {
	found, err := territory.Lookup(reference)
	if err != nil {
		return ""
	}
	return found.Current().Region
}

// signedFact is the data of the fact ally.signed.v1.
type signedFact struct {
	AllyID         string `json:"ally_id"`
	Kind           string `json:"kind"`
	Category       string `json:"category,omitempty"`
	Territory      string `json:"territory,omitempty"`
	Region         string `json:"region,omitempty"`
	CharterVersion string `json:"charter_version"`
}

// welcomeWrites is the transaction that makes an ally: first the pending
// signature, then the claims in order, then the rest.
func (s *service) welcomeWrites(in signing, ally allyItem, pending pendingItem) ([]types.TransactWriteItem, error) {
	now := s.now()
	var writes dynamo.Writes
	writes.Add(s.confirmedWrite(pending, ally.AllyID))
	for _, claim := range ally.Claims {
		writes.Add(s.allies.Put(claimItem{claimKey(claim), ally.AllyID, now.UTC()}, dynamo.Absent))
	}
	writes.Add(s.allies.Put(ally, dynamo.Absent))
	signatory := signatoryItem{
		Key: membership.SignatureKey(ally.Person, ally.AllyID), AllyID: ally.AllyID,
		GivenName: in.Person.GivenName, FamilyName: in.Person.FamilyName, Email: in.Person.Email, Role: in.Person.Role,
		Newsletter: in.Consents.Newsletter, Directory: in.Consents.Directory, CreatedAt: now.UTC(), LastContactAt: now.UTC(),
	}
	data := map[string]string{"kind": ally.Kind, "me": "/mes-donnees", mail.About: alliesPath + "/" + ally.AllyID}
	if in.Kind == alliance.Organisation {
		data["organisation"] = ally.Name
	} else if in.Organisation != nil {
		signatory.Organisation, signatory.Territory = in.Organisation.Name, in.Organisation.Territory
	}
	signed := signature{ally, signatory}
	signed.place()
	writes.Add(s.allies.Put(signed.signatory, dynamo.Absent))
	writes.Add(s.countUpdate(ally.Kind, 1))
	writes.Add(s.append("ally.signed.v1", ally.AllyID, signedFact{
		ally.AllyID, ally.Kind, ally.Category, ally.Territory, ally.Region, ally.CharterVersion,
	}))
	writes.Add(s.mailTo(ally.Person, signatory.Email, signatory.fullName(), "welcome", data))
	return writes.Items, writes.Err
}

// confirmedWrite ends a pending signature and forgets what was typed.
func (s *service) confirmedWrite(pending pendingItem, allyID string) (types.TransactWriteItem, error) {
	update := expression.Set(expression.Name("status"), expression.Value(statusConfirmed)).
		Set(expression.Name("ally_id"), expression.Value(allyID)).
		Remove(expression.Name("signing")).Remove(expression.Name("list")).Remove(expression.Name("list_at"))
	return s.allies.Update(pending.Key, update, expression.Name("status").Equal(expression.Value(statusPending)))
}

// join confirms the signature of someone whose organisation, or who, is in
// the alliance already; what to do next comes by mail alone. It is a contact
// all the same, noted first: the link is answered once.
func (s *service) join(ctx context.Context, person string, pending pendingItem, in signing, allyID string) (confirmation, error) {
	if err := s.hear(ctx, person); err != nil {
		return confirmation{}, err
	}
	var ally allyItem
	found, err := s.allies.Get(ctx, allyKey(allyID), &ally)
	if err != nil {
		return confirmation{}, err
	}
	if !found {
		return confirmation{}, &dynamo.Refused{} // it has just left: its claim is free
	}
	signed := membership.SignatureKey(ally.Person, ally.AllyID)
	intent := mail.NewIntent(s.newID("mail"), "already-ally", person, in.Person.Email,
		in.Person.GivenName+" "+in.Person.FamilyName, map[string]string{"since": french.Date(ally.SignedAt), mail.About: alliesPath + "/" + ally.AllyID}, s.now())
	var writes dynamo.Writes
	writes.Add(s.confirmedWrite(pending, ally.AllyID))
	writes.Add(s.allies.Check(signed, dynamo.Exists)) // else it leaves at this moment, and its claim is free
	if ally.Person != person {
		var contact signatoryItem
		if found, err := s.allies.Get(ctx, signed, &contact); err != nil {
			return confirmation{}, err
		} else if !found {
			return confirmation{}, &dynamo.Refused{}
		}
		intent.Template = "organisation-has-contact"
		intent.Data["organisation"], intent.Data["contact"] = ally.Name, contact.fullName()
		writes.Add(s.allies.Put(mentionItem{
			Key: mentionKey(ally.Person, intent.ID), Recipient: person, MailID: intent.ID,
			CreatedAt: contact.CreatedAt, ExpiresAt: intent.ExpiresAt,
		}))
	}
	writes.Add(s.allies.Put(intent, dynamo.Absent))
	return confirmation{ally.AllyID, ally.Kind, statusConfirmed}, writes.Commit(ctx, s.allies.Client)
}

// append is the transaction item of a fact that happens now.
func (s *service) append(kind, subject string, data any) (types.TransactWriteItem, error) {
	now := s.now()
	return ledger.Append(s.ledger, ledger.New(s.newID("fact"), "registration", kind, subject, now, data), now)
}
