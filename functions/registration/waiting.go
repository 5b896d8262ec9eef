package registration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const waitingRoot = web.TeamRoot + "/signatures"

// waitingPath is the team's page of a signature that waits for its confirmation.
func waitingPath(person, registration string) string {
	return waitingRoot + "/" + url.PathEscape(person) + "/" + url.PathEscape(registration)
}

var errNotWaiting = fault.New(fault.NotFound, "unknown-registration", "Cette signature n’attend plus\u00a0: elle a expiré, ou a été effacée.")

// waiting is a signature that waits and what was typed, or what it became. It
// returns the NotFound fault "unknown-registration".
func (s *service) waiting(r *http.Request) (item pendingItem, in signing, err error) {
	found, err := s.allies.Get(r.Context(), pendingKey(r.PathValue("person"), r.PathValue("registration")), &item)
	switch {
	case err != nil:
		return item, in, err
	case !found || item.Status == statusPending && item.ExpiresAt <= s.now().Unix():
		return item, in, errNotWaiting
	case item.Status != statusPending:
		return item, in, nil
	}
	if err := json.Unmarshal([]byte(item.Signing), &in); err != nil {
		return item, in, fmt.Errorf("pending signature: %w", err)
	}
	return item, in, nil
}

// waitingView is what the page of such a signature shows.
type waitingView struct {
	allyLine
	Path, Mails string
	Until       time.Time
	Done        bool // the link has just been sent again
}

// waitingPage shows it; once it is confirmed, the page is that of the ally.
func (s *service) waitingPage(w http.ResponseWriter, r *http.Request) error {
	item, in, err := s.waiting(r)
	if err != nil {
		return err
	}
	if item.Status != statusPending {
		http.Redirect(w, r, alliesPath+"/"+url.PathEscape(item.AllyID), http.StatusSeeOther)
		return nil
	}
	view := waitingView{
		allyLine: viewLine(item.line(in)), Path: waitingPath(r.PathValue("person"), item.Registration), Until: time.Unix(item.ExpiresAt, 0),
		Mails: web.TeamRoot + "/courriels?" + url.Values{"q": {in.Person.Email}}.Encode(),
		Done:  r.URL.Query().Has("lien"),
	}
	form := web.Form{Values: url.Values{web.KeyField: {s.newID("form")}}}
	return s.pages.Render(w, r, http.StatusOK, "team_waiting", web.Page{Title: view.Name, Private: true, Form: form, Data: view})
}

// confirmationPosted sends the link of a signature that waits again.
func (s *service) confirmationPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	item, in, err := s.waiting(r)
	if err == nil && item.Status == statusPending {
		err = s.askAgain(r.Context(), r.PathValue("person"), item, in, values.Get(web.KeyField))
	}
	var refused *dynamo.Refused
	if err != nil && !errors.As(err, &refused) { // refused: confirmed at this moment, and the page leads to the ally
		return err
	}
	http.Redirect(w, r, waitingPath(r.PathValue("person"), item.Registration)+"?lien", http.StatusSeeOther) //nolint:gosec // a path of ours
	return nil
}

// askAgain asks for the mail of a signature that waits once more, with the
// same end: the team makes nobody wait longer than they were told. The same
// form, sent twice, sends one mail. It returns *dynamo.Refused when the signature
// waits no more.
func (s *service) askAgain(ctx context.Context, person string, item pendingItem, in signing, key string) error {
	ask, err := s.askConfirmation(ctx, person, item.Registration, in, time.Unix(item.ExpiresAt, 0))
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	writes.Add(ask, nil)
	writes.Add(s.allies.Check(item.Key, expression.Name("status").Equal(expression.Value(statusPending))))
	writes.Add(s.audit.Entry(ctx, "registration.link_sent", item.Registration, nil, nil))
	return s.commitOnce(ctx, "POST confirmation of "+item.Registration, key, writes)
}

// askConfirmation is the transaction item that asks for the mail by which an
// address confirms a signature, until an instant.
func (s *service) askConfirmation(ctx context.Context, person, registration string, in signing, until time.Time) (types.TransactWriteItem, error) {
	token, err := s.links.Sign(ctx, confirmPurpose, person+"/"+registration, until)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	data := map[string]string{
		"link": "/rejoindre/confirmer?token=" + token, "kind": string(in.Kind),
		"charter_version": in.Charter.Version, "expires": french.Date(until), mail.About: waitingPath(person, registration),
	}
	if in.Kind == alliance.Organisation {
		data["organisation"] = in.Organisation.Name
	}
	return s.mailTo(person, in.Person.Email, in.Person.GivenName+" "+in.Person.FamilyName, "confirm-registration", data)
}

// commitOnce commits what a form asks for, unless the same form did: nothing
// is done twice by who presses twice. A refusal for another reason is
// *dynamo.Refused.
func (s *service) commitOnce(ctx context.Context, scope, key string, writes dynamo.Writes) error {
	keep, keyed, err := s.allies.Once(scope, key, nil, s.now()).Answer("")
	if err != nil {
		return err
	}
	if keyed {
		writes.Add(keep, nil)
	}
	err = writes.Commit(ctx, s.allies.Client)
	var refused *dynamo.Refused
	if keyed && errors.As(err, &refused) && refused.Failed(len(writes.Items)-1) {
		return nil
	}
	return err
}
