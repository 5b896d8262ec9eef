package registration

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
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

// leave asks every function, by the stream, to erase a person, and asks for a
// last mail. Asking again has no further effect: without a signature there is
// nobody to write to, and no second mail.
func (s *service) leave(ctx context.Context, person string) error {
	found, err := s.signatures(ctx, person)
	if err != nil {
		return err
	}
	var writes writeList
	writes.add(s.allies.Put(personal.NewErasure(person, s.now())))
	if len(found) > 0 {
		signatory := found[0].signatory
		writes.add(s.mailTo(person, signatory.Email, signatory.fullName(), "farewell", map[string]string{}))
	}
	if writes.err != nil {
		return writes.err
	}
	return dynamo.Transact(ctx, s.allies.Client, writes.items...)
}

// leftFact is the data of the fact ally.left.v1.
type leftFact struct {
	AllyID   string `json:"ally_id"`
	Kind     string `json:"kind"`
	Category string `json:"category,omitempty"`
	Region   string `json:"region,omitempty"`
}

// erase removes a person from the table Allies: their signatures, with the
// count and a fact, then whatever else was made until they asked. The request
// itself stays for some weeks; it holds no personal data.
func (s *service) erase(ctx context.Context, person string, requested time.Time) error {
	found, err := s.signatures(ctx, person)
	if err != nil {
		return err
	}
	for _, one := range found {
		if one.signatory.CreatedAt.After(requested) {
			continue // they came back since
		}
		if err := s.eraseSignature(ctx, one); err != nil {
			return err
		}
	}
	return s.query(ctx, s.allies, person, "", func(attributes map[string]types.AttributeValue) error {
		var item struct {
			dynamo.Key
			CreatedAt time.Time `dynamodbav:"created_at"`
		}
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return err
		}
		if item.SK == personal.ErasureSK || strings.HasPrefix(item.SK, signatoryPrefix) || item.CreatedAt.After(requested) {
			return nil
		}
		remove, err := s.allies.Delete(item.Key)
		if err != nil {
			return err
		}
		return dynamo.Transact(ctx, s.allies.Client, remove)
	})
}

// eraseSignature ends one signature.
func (s *service) eraseSignature(ctx context.Context, g signature) error {
	var writes writeList
	// Present still: a second delivery of the same request must not count twice.
	writes.add(s.allies.Delete(g.ally.Key, dynamo.Exists))
	writes.add(s.allies.Delete(g.signatory.Key))
	for _, claim := range g.ally.Claims {
		writes.add(s.allies.Delete(claimKey(claim), ownClaim(g.ally.AllyID)))
	}
	writes.add(s.countUpdate(g.ally.Kind, -1))
	writes.add(s.append("ally.left.v1", g.ally.AllyID, leftFact{g.ally.AllyID, g.ally.Kind, g.ally.Category, g.ally.Region}))
	if writes.err != nil {
		return writes.err
	}
	err := dynamo.Transact(ctx, s.allies.Client, writes.items...)
	var refused *dynamo.Refused
	if errors.As(err, &refused) && refused.Failed(0) {
		return nil // erased by another delivery
	}
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}

// ownClaim holds when a claim is this ally's or is gone.
func ownClaim(ally string) expression.ConditionBuilder {
	return expression.Name("ally_id").Equal(expression.Value(ally)).
		Or(expression.AttributeNotExists(expression.Name("pk")))
}
