package notify

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const unsubscribePurpose auth.Purpose = "unsubscribe"

// unsubscribeFor is how long the link of a mail works: people find old mails,
// and all that it opens is a page with a button.
const unsubscribeFor = 5 * 365 * 24 * time.Hour

// optOut stops news to a person; receipts still go (see receipts).
type optOut struct {
	dynamo.Key
	UnsubscribedAt string `dynamodbav:"unsubscribed_at"`
	// CreatedAt is when the mail whose link was followed was asked for: what
	// a request to be erased compares.
	CreatedAt string `dynamodbav:"created_at"`
}

func unsubscribedKey(person string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: "UNSUBSCRIBED"}
}

// unsubscribeToken signs a person and the mail (by the stamp of when it was
// asked for) whose link it is: one from before an erasure stores nothing.
func (s *service) unsubscribeToken(ctx context.Context, person, created string, asked time.Time) (string, error) {
	return s.links.Sign(ctx, unsubscribePurpose, person+"/"+created, asked.Add(unsubscribeFor))
}

type tokenQuery struct {
	Token string `query:"token" doc:"From the mail"`
}

// opened is the token of a request, and whose it is.
func (s *service) opened(r *http.Request) (token, person, asked string, err error) {
	token = r.URL.Query().Get("token")
	subject, err := s.links.Open(r.Context(), unsubscribePurpose, token)
	if err != nil {
		return "", "", "", err
	}
	person, asked, _ = strings.Cut(subject, "/")
	return token, person, asked, nil
}

// askUnsubscribe shows a button and changes nothing: programs that look for
// harm in mails open every link.
func (s *service) askUnsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, _, _, err := s.opened(r)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "unsubscribe",
		web.Page{Title: "Ne plus recevoir de nouvelles", Private: true, Data: token})
}

// unsubscribe answers the page's button and mail programs alike: theirs is a
// POST to the same address without cookies or an origin, whose answer must be
// no redirect (https://www.rfc-editor.org/rfc/rfc8058#section-3.1). The token
// in the address says all, so the body is not read: it may be a form of
// either media type.
func (s *service) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, person, asked, err := s.opened(r)
	if err != nil {
		return err
	}
	put, err := s.table.Put(optOut{unsubscribedKey(person), stamp(s.now()), asked})
	if err != nil {
		return err
	}
	present, err := s.table.Check(erasedKey(person), notErasedSince(asked))
	if err != nil {
		return err
	}
	// Refused: they were erased since, and are written to no more anyway.
	if err := unlessRefused(dynamo.Transact(r.Context(), s.table.Client, put, present)); err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "unsubscribed",
		web.Page{Title: "Vous ne recevrez plus de nouvelles", Private: true, Data: token})
}

func (s *service) resubscribe(w http.ResponseWriter, r *http.Request) error {
	token, person, _, err := s.opened(r)
	if err != nil {
		return err
	}
	if err := s.remove(r.Context(), unsubscribedKey(person)); err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "resubscribed",
		web.Page{Title: "Vous recevrez de nouveau nos nouvelles", Private: true, Data: token})
}
