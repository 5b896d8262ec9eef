package registration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// confirmPurpose is what the link of the confirmation mail is good for.
const confirmPurpose auth.Purpose = "confirm-registration"

// confirmFor is how long an address may take to confirm.
const confirmFor = personal.UnconfirmedFor

// signingAnswer is the same whether the address is known or not.
type signingAnswer struct {
	RegistrationID string `json:"registration_id"`
	Status         string `json:"status" enum:"pending_confirmation"`
}

func (s *service) postRegistration(w http.ResponseWriter, r *http.Request) error {
	var in signing
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	in.check(&faults)
	if err := faults.Err(); err != nil {
		return err
	}
	answer, err := s.sign(r.Context(), in, r.Header.Get("Idempotency-Key"), body)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, answer)
}

// sign stores a signature that waits, and the mail that asks to confirm it.
// asked is what was sent, to recognise a repeated request by its key.
func (s *service) sign(ctx context.Context, in signing, idempotencyKey string, asked []byte) (signingAnswer, error) {
	now := s.now()
	once := s.allies.Once("POST /v1/registrations", idempotencyKey, asked, now)
	if earlier, found, err := once.Answered(ctx); err != nil || found {
		return readSigningAnswer(earlier, err)
	}
	answer := signingAnswer{s.newID("reg"), statusPending}
	writes, err := s.signWrites(ctx, in, answer, now)
	if err != nil {
		return signingAnswer{}, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return signingAnswer{}, err
	}
	keep, keyed, err := once.Answer(string(text))
	if err != nil {
		return signingAnswer{}, err
	}
	if keyed {
		writes = append(writes, keep)
	}
	err = dynamo.Transact(ctx, s.allies.Client, writes...)
	var refused *dynamo.Refused
	if keyed && errors.As(err, &refused) { // the same request, at once
		earlier, found, firstErr := once.First(refused, len(writes)-1)
		if firstErr != nil || found {
			return readSigningAnswer(earlier, firstErr)
		}
	}
	if err != nil {
		return signingAnswer{}, fmt.Errorf("sign: %w", err)
	}
	return answer, nil
}

func readSigningAnswer(text string, err error) (answer signingAnswer, _ error) {
	if err != nil {
		return answer, err
	}
	err = json.Unmarshal([]byte(text), &answer)
	return answer, err
}

func (s *service) signWrites(ctx context.Context, in signing, answer signingAnswer, now time.Time) ([]types.TransactWriteItem, error) {
	person, err := s.person(ctx, in.normalisedEmail())
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	until := now.Add(confirmFor)
	pending, err := s.allies.Put(pendingItem{
		Key: pendingKey(person, answer.RegistrationID), Registration: answer.RegistrationID, Status: statusPending,
		Signing: string(text), Kind: string(in.Kind), CreatedAt: now.UTC(), ExpiresAt: until.Unix(),
		List: everyone, ListAt: sortName(in.listName(), answer.RegistrationID),
	}, dynamo.Absent)
	if err != nil {
		return nil, err
	}
	ask, err := s.askConfirmation(ctx, person, answer.RegistrationID, in, until)
	return []types.TransactWriteItem{pending, ask}, err
}

// mailTo is the transaction item that asks notify for a mail.
func (s *service) mailTo(person, to, name, template string, data map[string]string) (types.TransactWriteItem, error) {
	return s.allies.Put(mail.NewIntent(s.newID("mail"), template, person, to, name, data, s.now()), dynamo.Absent)
}

// fromForm reads a signing out of the fields of the page.
func fromForm(values url.Values) signing {
	in := signing{
		Kind: alliance.Kind(values.Get("kind")),
		Person: personInput{
			GivenName: values.Get("person.given_name"), FamilyName: values.Get("person.family_name"),
			Email: values.Get("person.email"), Role: values.Get("person.role"),
		},
		Charter:  acceptance{values.Get("charter.version"), values.Get("charter.accepted") != ""},
		Consents: consents{values.Get("consents.newsletter") != "", values.Get("consents.directory") != ""},
	}
	organisation := organisationInput{
		Name: values.Get("organisation.name"), Category: alliance.Category(values.Get("organisation.category")),
		SIRET: values.Get("organisation.siret"), RNA: values.Get("organisation.rna"),
		Territory: placefield.Meant(values, territoryField), Website: values.Get("organisation.website"),
	}
	if in.Kind == alliance.Organisation || organisation != (organisationInput{}) {
		in.Organisation = &organisation
	}
	return in
}

// checkFilledByHand notes what tells that no person filled this form: a field
// that people do not see was filled, or the form came back quicker than anyone
// types. The simplest robots stop there; a person whom a browser's automatic
// filling makes look like one reads why, and sends it again.
func (s *service) checkFilledByHand(values url.Values, faults *fault.Fields) {
	if values.Get(web.TrapField) != "" {
		faults.Add("", "Un champ caché a été rempli, sans doute automatiquement : nous l’avons vidé. Relisez vos réponses, puis renvoyez-les.")
	}
	opened, err := strconv.ParseInt(values.Get(web.OpenedField), 10, 64)
	if err == nil && s.now().Sub(time.UnixMilli(opened)) < s.minFilled {
		faults.Add("", "Le formulaire nous est revenu très vite : prenez le temps de relire vos réponses, puis renvoyez-les.")
	}
}
