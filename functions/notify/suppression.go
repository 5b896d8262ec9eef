package notify

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Why a person is written to no more.
const (
	becauseRefused    = "refused"   // the provider says that the address does not exist
	becauseBounced    = "bounce"    // the mail came back for good
	becauseComplained = "complaint" // the person reported the mail as unwanted
)

// suppression stops all mail to a person, receipts included, until the team
// lifts it. It makes no difference why: who complains of a receipt wants none,
// and providers count both against the sender (SES refuses to deliver to
// either by itself: https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html).
//
// Once lifted, it stays until no notice can come any more of a mail sent before.
type suppression struct {
	dynamo.Key
	Reason       string `dynamodbav:"reason"`
	SuppressedAt string `dynamodbav:"suppressed_at"`
	// Listed puts it in the index of what the team sees; absent once lifted.
	Listed string `dynamodbav:"suppressed,omitempty"`
	// CreatedAt is when the mail that came back was asked for: what a request
	// to be erased compares, so that old mail says nothing of who came back.
	CreatedAt string `dynamodbav:"created_at"`
	LiftedAt  string `dynamodbav:"lifted_at,omitempty"`
	ExpiresAt int64  `dynamodbav:"expires_at,omitempty"`
}

// listed is the one partition of the index "suppressed".
const listed = "SUPPRESSED"

// suppress stops all mail to a person because of a mail that was asked for at
// an instant (a stamp). It changes nothing when they are suppressed already,
// when that was lifted after the mail, or when they asked to be erased since.
func (s *service) suppress(ctx context.Context, person, asked, reason string) error {
	put, err := s.table.Put(suppression{
		Key: mail.SuppressionKey(person), Reason: reason, SuppressedAt: stamp(s.now()), Listed: listed, CreatedAt: asked,
	}, dynamo.Absent.Or(expression.Name("lifted_at").LessThan(expression.Value(asked))))
	if err != nil {
		return err
	}
	present, err := s.table.Check(erasedKey(person), notErasedSince(asked))
	if err != nil {
		return err
	}
	return unlessRefused(dynamo.Transact(ctx, s.table.Client, put, present))
}

// unlessRefused drops the error of a transaction whose conditions did not
// hold, where that means that nothing is left to do.
func unlessRefused(err error) error {
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// stopFor is the state in which a mail to a person must end unsent, empty
// when it may go. It costs a read unit, and one more for news.
func (s *service) stopFor(ctx context.Context, person, template string) (state string, err error) {
	var stop suppression
	found, err := s.table.Get(ctx, mail.SuppressionKey(person), &stop)
	switch {
	case err != nil:
		return "", err
	case found && stop.Listed != "":
		return suppressed, nil
	case receipts[template]:
		return "", nil
	}
	if found, err = s.table.Get(ctx, unsubscribedKey(person), &optOut{}); err != nil || !found {
		return "", err
	}
	return unsubscribed, nil
}

type liftAnswer struct {
	Person   string `json:"person"`
	LiftedAt string `json:"lifted_at" format:"date-time"`
}

func (s *service) postLift(w http.ResponseWriter, r *http.Request) error {
	answer, err := s.lift(r.Context(), r.PathValue("person"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// lift lets mail go to a person again; lifting what is lifted gives the same
// answer. The address must leave SES's own list too ("aws sesv2
// delete-suppressed-destination"), which nobody but the person can name here.
func (s *service) lift(ctx context.Context, person string) (liftAnswer, error) {
	if !mail.SuppressionKey(person).CanExist() {
		return liftAnswer{}, errNotSuppressed
	}
	now := s.now()
	update := expression.Set(expression.Name("lifted_at"), expression.Value(stamp(now))).
		Set(expression.Name("expires_at"), expression.Value(now.Add(recordFor).Unix())).
		Remove(expression.Name("suppressed"))
	var writes dynamo.Writes
	writes.Add(s.table.Update(mail.SuppressionKey(person), update, expression.AttributeExists(expression.Name("suppressed"))))
	writes.Add(s.audit.Entry(ctx, "suppression.lifted", person, nil, nil))
	err := writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return s.notLifted(ctx, person, refused)
	}
	return liftAnswer{person, stamp(now)}, err
}

// notLifted answers when there was nothing to lift.
func (s *service) notLifted(ctx context.Context, person string, refused *dynamo.Refused) (liftAnswer, error) {
	var earlier suppression
	if found, err := refused.Old(0, &earlier); err != nil || found {
		return liftAnswer{person, earlier.LiftedAt}, err
	}
	if found, err := s.table.Get(ctx, unsubscribedKey(person), &optOut{}); err != nil {
		return liftAnswer{}, err
	} else if found {
		return liftAnswer{}, fault.New(fault.Conflict, "unsubscribed-by-choice",
			"Cette personne a choisi de ne plus recevoir de nouvelles : elle seule peut changer d’avis.")
	}
	return liftAnswer{}, errNotSuppressed
}

var errNotSuppressed = fault.New(fault.NotFound, "suppression-not-found", "Aucun envoi n’est suspendu pour cette personne.")
