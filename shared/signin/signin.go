// Package signin keeps members of the team signed in in their browsers, and
// whoever an administrator keeps out outside. A session is a signed cookie that
// slides while it is used, and is void as soon as the member has signed out
// everywhere or was kept out: the table Members says so, and is read with each
// page and each call.
package signin

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Cookie carries a session. Its prefix keeps other hosts and plain HTTP from
// setting it
// (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes).
const Cookie = "__Host-equipe"

// How long a session lasts: two hours unused, and a long working day in all.
// While it is used the cookie is renewed, at most every five minutes.
const (
	idle    = 2 * time.Hour
	longest = 12 * time.Hour
	renewal = 5 * time.Minute
)

// IDPrefix begins the ids of sessions.
const IDPrefix = "sign"

const purpose auth.Purpose = "team-session"

// Sessions begins, reads and ends sessions.
type Sessions struct {
	Links    auth.Links
	Identity auth.Key     // hashes the member's address into the key of their record
	Members  dynamo.Table // Members
	Now      func() time.Time
}

// Session is that of a member in one browser.
type Session struct {
	ID     string      `json:"id"`
	Member auth.Member `json:"member"`
	Began  time.Time   `json:"began"`
	Seen   time.Time   `json:"seen"` // when the cookie was last renewed
}

// Begin sets the cookie of a new session, whose id the caller makes anew: an
// id from before the sign-in is worth nothing after it.
func (s Sessions) Begin(ctx context.Context, w http.ResponseWriter, id string, m auth.Member) error {
	now := s.Now().UTC()
	return s.set(ctx, w, Session{ID: id, Member: m, Began: now, Seen: now})
}

// Read returns the session of the browser. It returns an Unauthenticated
// fault "signed-out" when there is none, or when it is over. It costs two read
// units, as Standing does.
func (s Sessions) Read(r *http.Request) (Session, error) {
	signedOut := fault.New(fault.Unauthenticated, "signed-out",
		"Votre session de l’équipe est terminée. Connectez-vous dans un autre onglet, puis revenez ici et recommencez : ce que vous avez saisi y est encore.")
	cookie, err := r.Cookie(Cookie)
	if err != nil {
		return Session{}, signedOut
	}
	text, err := s.Links.Open(r.Context(), purpose, cookie.Value)
	if fault.As(err) != nil {
		return Session{}, signedOut
	}
	if err != nil {
		return Session{}, err
	}
	var session Session
	if err := json.Unmarshal([]byte(text), &session); err != nil {
		return Session{}, fmt.Errorf("session: %w", err) // we have signed it
	}
	standing, err := s.Standing(r.Context(), session.Member)
	if err != nil {
		return Session{}, err
	}
	if record := standing.Record; !standing.Known || standing.KeptOut || !session.Began.After(record.EndedAt) || slices.Contains(record.SignedOut, session.ID) {
		return Session{}, signedOut
	}
	return session, nil
}

// LongOver are those of these ids whose sessions are over by now, whatever
// was done to them.
func (s Sessions) LongOver(ids []string) (over []string) {
	first := dynamo.ID(IDPrefix, s.Now().Add(-longest), bytes.NewReader(make([]byte, 10))) // ids sort by time
	for _, id := range ids {
		if id < first {
			over = append(over, id)
		}
	}
	return over
}

// Keep renews the cookie of a session that is used.
func (s Sessions) Keep(ctx context.Context, w http.ResponseWriter, session Session) error {
	now := s.Now().UTC()
	if now.Sub(session.Seen) < renewal {
		return nil
	}
	session.Seen = now
	return s.set(ctx, w, session)
}

// End takes the cookie away.
func (s Sessions) End(w http.ResponseWriter) { setCookie(w, "", -1) }

// formWeek is how long the token of forms stays the same.
const formWeek = 7 * 24 * time.Hour

// FormToken is what every form of the member carries in the field "csrf": a
// page of another site cannot know it. It is the member's, of this week,
// rather than the session's: a form that was filled while the session ended
// can be sent after signing in again, with all that was typed.
func (s Sessions) FormToken(ctx context.Context, session Session) (string, error) {
	return s.formToken(ctx, session, s.Now())
}

func (s Sessions) formToken(ctx context.Context, session Session, at time.Time) (string, error) {
	return auth.Hash(ctx, s.Links.Key, "csrf", session.Member.Subject+"#"+strconv.FormatInt(at.Unix()/int64(formWeek/time.Second), 10))
}

// FormHolds tells whether a form that carries this token is one of the
// member's, of this week or of the one before.
func (s Sessions) FormHolds(ctx context.Context, session Session, given string) (bool, error) {
	holds := 0
	for _, at := range []time.Time{s.Now(), s.Now().Add(-formWeek)} {
		token, err := s.formToken(ctx, session, at)
		if err != nil {
			return false, err
		}
		holds |= subtle.ConstantTimeCompare([]byte(given), []byte(token))
	}
	return holds == 1, nil
}

func (s Sessions) set(ctx context.Context, w http.ResponseWriter, session Session) error {
	text, err := json.Marshal(session)
	if err != nil {
		return err
	}
	until := session.Seen.Add(idle)
	if last := session.Began.Add(longest); until.After(last) {
		until = last
	}
	value, err := s.Links.Sign(ctx, purpose, string(text), until)
	if err != nil {
		return err
	}
	setCookie(w, value, int(until.Sub(session.Seen)/time.Second))
	return nil
}

func setCookie(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: Cookie, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
