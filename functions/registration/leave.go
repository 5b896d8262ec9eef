package registration

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

type leaving struct {
	Status string `json:"status" enum:"erasing"`
}

func (s *service) deleteMe(w http.ResponseWriter, r *http.Request) error {
	person, err := s.caller(r)
	if err != nil {
		return err
	}
	if err := s.leave(r.Context(), person); err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, leaving{"erasing"})
}

// leave asks the owner of every personal table, through its stream, to erase a
// person, and asks for a last mail: all in one transaction, so that nobody is
// half forgotten. Who asks again is erased again, but gets no second mail: its
// id is made from that of the ally, and afterwards there is nobody to write to.
// What else must hold or happen goes with it.
func (s *service) leave(ctx context.Context, person string, also ...types.TransactWriteItem) error {
	found, err := s.signatories(ctx, person)
	if err != nil {
		return err
	}
	now := s.now() // one instant, or the farewell would outlive the request
	requests := dynamo.Writes{Items: slices.Clip(also)}
	for _, table := range s.personal {
		requests.Add(table.Put(personal.NewErasure(person, now)))
	}
	if len(found) > 0 {
		id := "mail_" + strings.TrimPrefix(found[0].AllyID, "ally_")
		withFarewell := requests
		withFarewell.Add(s.allies.Put(mail.NewIntent(id, "farewell", person, found[0].Email, found[0].fullName(),
			map[string]string{}, now), dynamo.Absent))
		err = withFarewell.Commit(ctx, s.allies.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return requests.Commit(ctx, s.allies.Client)
}

// leftFact is the data of the fact ally.left.v1.
type leftFact struct {
	AllyID   string `json:"ally_id"`
	Kind     string `json:"kind"`
	Category string `json:"category,omitempty"`
	Region   string `json:"region,omitempty"`
}

// erase removes a person from the table Allies: their signatures, with the
// count and a fact, and whatever else was made until they asked. The request
// itself stays for some weeks; it holds no personal data.
//
// Signatures that wait and handovers go first: without them no confirmation
// that is under way can add what the next steps would miss.
func (s *service) erase(ctx context.Context, person string, requested time.Time) error {
	for _, waits := range []string{pendingPrefix, handoverPrefix} {
		if err := s.eraseItems(ctx, person, waits, requested); err != nil {
			return err
		}
	}
	if err := s.eraseSignatures(ctx, person, requested); err != nil {
		return err
	}
	return s.eraseItems(ctx, person, "", requested)
}

// eraseSignatures ends what a person signed, and starts over as long as
// something of it changes meanwhile.
func (s *service) eraseSignatures(ctx context.Context, person string, requested time.Time) error {
	var refused *dynamo.Refused
	for range rounds {
		found, err := s.signatures(ctx, person)
		if err != nil {
			return err
		}
		for _, one := range found {
			if one.signatory.CreatedAt.After(requested) {
				continue // they came back since
			}
			if err = s.eraseSignature(ctx, one); err != nil {
				break
			}
		}
		if !errors.As(err, &refused) {
			return err
		}
	}
	return refused
}

// eraseItems removes a person's items whose sort keys begin with prefix, but
// for what was made after the request.
func (s *service) eraseItems(ctx context.Context, person, prefix string, requested time.Time) error {
	return personal.Held(ctx, s.allies, person, prefix, func(attributes map[string]types.AttributeValue) error {
		var item mentionItem // which has what is needed of all the others
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return err
		}
		if item.CreatedAt.After(requested) {
			return nil
		}
		if ally, ok := strings.CutPrefix(item.SK, handoverPrefix); ok {
			return s.eraseHandover(ctx, person, ally)
		}
		var writes dynamo.Writes
		writes.Add(s.allies.Delete(item.Key))
		if strings.HasPrefix(item.SK, mentionPrefix) {
			writes.Add(s.allies.Delete(dynamo.Key{PK: personal.Partition(item.Recipient), SK: mail.IntentPrefix + item.MailID}))
		}
		return writes.Commit(ctx, s.allies.Client)
	})
}

// eraseSignature ends one signature. It returns *dynamo.Refused when it has
// changed meanwhile, or was ended by another delivery of the same request.
func (s *service) eraseSignature(ctx context.Context, g signature) error {
	var writes dynamo.Writes
	writes.Add(s.allies.Delete(g.ally.Key, g.ally.unchanged()))
	writes.Add(s.allies.Delete(g.signatory.Key))
	for _, claim := range g.ally.Claims {
		writes.Add(s.allies.Delete(claimKey(claim)))
	}
	writes.Add(s.countUpdate(g.ally.Kind, -1))
	writes.Add(s.append("ally.left.v1", g.ally.AllyID, leftFact{g.ally.AllyID, g.ally.Kind, g.ally.Category, g.ally.Region}))
	return writes.Commit(ctx, s.allies.Client)
}
