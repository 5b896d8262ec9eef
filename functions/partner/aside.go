package partner

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// aside says why the team leaves the rejected records of a message as they
// are. They stay rejected, and may still be judged again.
type aside struct {
	Reason string    `dynamodbav:"reason"`
	Who    string    `dynamodbav:"who"` // the issuer's subject
	At     time.Time `dynamodbav:"at"`
}

// maxReason is the longest reason, in characters.
const maxReason = 200

var errNothingRefused = fault.New(fault.Conflict, "nothing-refused", "Plus rien n’est refusé dans ce message.")

// setAside takes a message with rejected records, or refused whole, off what waits for the team,
// in one transaction with the entry in the trail. One that is set aside stays
// so, with the reason of the first. It returns "unknown-delivery" and the
// Conflict fault "nothing-refused".
func (s *service) setAside(ctx context.Context, partner alliance.Partner, webhook, reason string) error {
	for round := range rounds {
		chunks, err := s.delivered(ctx, partner, webhook)
		if err != nil {
			return err
		}
		err = s.setChunksAside(ctx, partner, chunks, reason)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
		if err := rest(ctx, round); err != nil { // judged again, or set aside, at this moment
			return err
		}
	}
	return errJudged
}

func (s *service) setChunksAside(ctx context.Context, partner alliance.Partner, chunks []chunkItem, reason string) error {
	member, _ := auth.MemberOf(ctx) // without one, the audit entry of the same transaction refuses
	now := s.now().UTC().Truncate(time.Second)
	var writes dynamo.Writes
	records, found, done := 0, false, false
	for _, chunk := range chunks {
		waiting, err := chunk.waiting()
		if err != nil {
			return err
		}
		done = done || chunk.Aside != nil
		if len(waiting) == 0 && chunk.Unread == nil || chunk.Aside != nil {
			continue
		}
		found = true
		records += len(waiting)
		update := expression.Set(expression.Name("aside"), expression.Value(aside{reason, member.Subject, now})).
			Remove(expression.Name("open")).Remove(expression.Name("open_at"))
		same := chunk.sameAgain().And(expression.AttributeNotExists(expression.Name("aside"))).
			And(expression.Name("receipt_id").Equal(expression.Value(chunk.Receipt))) // a good message takes the place of one refused whole
		writes.Add(s.table.Update(chunk.Key, update, same, dynamo.Exists))
	}
	switch {
	case !found && done:
		return nil
	case !found:
		return errNothingRefused
	}
	writes.Add(s.audit.Entry(ctx, "webhook.set-aside", chunks[0].Receipt, nil, map[string]any{"partner": partner.Name, "message": chunks[0].Webhook, "reason": reason, "records": records}))
	return writes.Commit(ctx, s.table.Client)
}

// sameAgain holds as long as no record of a part was judged again since it was read.
func (i chunkItem) sameAgain() expression.ConditionBuilder {
	if i.Again == "" {
		return expression.AttributeNotExists(expression.Name("again"))
	}
	return expression.Name("again").Equal(expression.Value(i.Again))
}

// asideView is why a message was set aside, as people read it.
type asideView struct {
	aside
	Name string // of who did it, empty when they have left the team
}

func (s *service) viewAside(ctx context.Context, a *aside) (*asideView, error) {
	if a == nil {
		return nil, nil
	}
	names, err := s.sessions.Names(ctx)
	return &asideView{*a, names[a.Who]}, err
}

// asidePosted sets a message aside, for a reason.
func (s *service) asidePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	partner, err := partnerOf(r)
	if err != nil {
		return err
	}
	webhook, reason := values.Get("id"), strings.TrimSpace(values.Get("reason"))
	var faults fault.Fields
	alliance.CheckText(&faults, "reason", reason, maxReason, "Dites pourquoi en quelques mots.")
	if err = faults.Err(); err == nil {
		err = s.setAside(r.Context(), partner, webhook, reason)
	}
	if shown, ok := web.FormFaults(err); ok {
		return s.renderMessage(w, r, web.Status(fault.As(err)), webhook, web.Form{Values: values, Faults: shown})
	}
	if err != nil {
		return err
	}
	query := url.Values{"id": {webhook}, "fait": {"ecarte"}}
	http.Redirect(w, r, teamPartners+"/"+partner.Name+"/message?"+query.Encode(), http.StatusSeeOther)
	return nil
}
