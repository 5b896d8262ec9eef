package team

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// oauthClient is what the issuer knows the platform as.
type oauthClient struct {
	id     string
	secret auth.Key
	origin string
	scopes []string
}

func (c oauthClient) config(ctx context.Context, at oauth2.Endpoint) (*oauth2.Config, error) {
	secret, err := c.secret(ctx)
	if err != nil {
		return nil, err
	}
	return &oauth2.Config{
		ClientID: c.id, ClientSecret: string(secret), Endpoint: at,
		RedirectURL: c.origin + web.SignInPath + "/retour",
		Scopes:      c.scopes,
	}, nil
}

// departure is a sign-in under way. It stays in the browser that began it, in
// a signed cookie, so that nobody can be signed in by a link of someone else.
type departure struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // PKCE (https://www.rfc-editor.org/rfc/rfc7636)
	Back     string `json:"back"`
}

const (
	departureCookie               = "__Host-equipe-depart"
	departurePurpose auth.Purpose = "team-departure"
	// departureFor is how long someone may take at the issuer.
	departureFor = 10 * time.Minute
)

type signInView struct {
	Depart          string
	Out, Everywhere bool   // signed out: of this browser, of all
	Failed          string // why the sign-in that brought the browser here came to nothing
}

func (s *service) signInPage(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	return s.pages.Render(w, r, http.StatusOK, "signin", web.Page{Title: "Connexion de l’équipe", Private: true, Data: signInView{
		Depart: departPath(query.Get("retour")), Out: query.Has("deconnexion"), Everywhere: query.Get("deconnexion") == everywhere,
	}})
}

// departPath begins a sign-in that leads back to a page of the team.
func departPath(back string) string {
	return web.SignInPath + "/depart?retour=" + url.QueryEscape(web.TeamPath(back))
}

// startAgain is the page of a sign-in that came to nothing: it says why, and
// begins another one, which leads to where the first would have.
func (s *service) startAgain(w http.ResponseWriter, r *http.Request, why *fault.Error, back string) error {
	w.Header().Set("WWW-Authenticate", "Bearer") // which a 401 must have
	return s.pages.Render(w, r, web.Status(why), "signin", web.Page{Title: "La connexion n’a pas abouti", Private: true, Data: signInView{
		Depart: departPath(back), Failed: why.Detail,
	}})
}

// depart sends the browser to the issuer: authorisation code with PKCE
// (https://www.rfc-editor.org/rfc/rfc9700#section-2.1).
func (s *service) depart(w http.ResponseWriter, r *http.Request) error {
	config, err := s.oauth(r.Context())
	if err != nil {
		return err
	}
	from := departure{s.newID("state"), s.newID("nonce"), oauth2.GenerateVerifier(), web.TeamPath(r.URL.Query().Get("retour"))}
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	value, err := s.links.Sign(r.Context(), departurePurpose, string(text), s.now().Add(departureFor))
	if err != nil {
		return err
	}
	setDeparture(w, value, int(departureFor/time.Second))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, config.AuthCodeURL(from.State, oauth2.S256ChallengeOption(from.Verifier), oauth2.SetAuthURLParam("nonce", from.Nonce)), http.StatusSeeOther)
	return nil
}

func (s *service) oauth(ctx context.Context) (*oauth2.Config, error) {
	endpoint, err := s.issuer.Endpoint(ctx)
	if err != nil {
		return nil, err
	}
	return s.client.config(ctx, endpoint)
}

var (
	errNotBegun = fault.New(fault.Unauthenticated, "sign-in-not-begun",
		"Cette connexion n’a pas commencé dans ce navigateur, ou il y a plus de dix minutes, ou a déjà servi.")
	errNotGranted = fault.New(fault.Unauthenticated, "sign-in-not-granted",
		"Le service de connexion n’a pas confirmé votre compte, ou vous y avez renoncé.")
	errNoRole = fault.New(fault.Forbidden, "forbidden",
		"Votre compte est reconnu mais n’a pas de rôle dans l’équipe. Demandez-le à une administratrice ou un administrateur.")
	errNoAddress = fault.New(fault.Forbidden, "no-address",
		"Le service de connexion ne donne pas votre adresse e-mail : demandez qu’il la transmette.")
)

// comeBack takes what the issuer says of whoever went there. A sign-in that
// did not begin here, or was given up there, is answered by a page to begin
// another.
func (s *service) comeBack(w http.ResponseWriter, r *http.Request) error {
	from, err := s.departed(r)
	if err == nil {
		setDeparture(w, "", -1)
		err = s.arrive(w, r, from)
	}
	if f := fault.As(err); f != nil && f.Kind == fault.Unauthenticated {
		return s.startAgain(w, r, f, from.Back)
	}
	return err
}

func (s *service) arrive(w http.ResponseWriter, r *http.Request, from departure) error {
	query := r.URL.Query()
	switch {
	case query.Get("state") != from.State:
		return errNotBegun
	case query.Get("code") == "": // https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
		return errNotGranted
	}
	member, err := s.exchange(r.Context(), query.Get("code"), from)
	if err != nil {
		return err
	}
	if len(member.Roles) == 0 {
		return errNoRole
	}
	if member.Email == "" {
		return errNoAddress
	}
	if err := s.welcome(r.Context(), member); err != nil {
		return err
	}
	if err := s.sessions.Begin(r.Context(), w, s.newID(signin.IDPrefix), member); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, web.TeamPath(from.Back), http.StatusSeeOther)
	return nil
}

func (s *service) departed(r *http.Request) (from departure, err error) {
	cookie, err := r.Cookie(departureCookie)
	if err != nil {
		return from, errNotBegun
	}
	text, err := s.links.Open(r.Context(), departurePurpose, cookie.Value)
	if fault.As(err) != nil {
		return from, errNotBegun
	}
	if err != nil {
		return from, err
	}
	return from, json.Unmarshal([]byte(text), &from)
}

// exchangeDeadline bounds the call of the issuer.
const exchangeDeadline = 5 * time.Second

// exchange turns the code into the member that the issuer vouches for.
func (s *service) exchange(ctx context.Context, code string, from departure) (auth.Member, error) {
	config, err := s.oauth(ctx)
	if err != nil {
		return auth.Member{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeDeadline)
	defer cancel()
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(from.Verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return auth.Member{}, errNotBegun
	}
	if err != nil {
		return auth.Member{}, fault.New(fault.Unavailable, "issuer-unavailable", "La connexion de l’équipe ne répond pas. Réessayez dans un instant.")
	}
	raw, _ := token.Extra("id_token").(string)
	return s.issuer.VerifyOnce(ctx, raw, from.Nonce)
}

func setDeparture(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: departureCookie, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, // sent when the issuer leads back
	})
}

func (s *service) signOut(w http.ResponseWriter, r *http.Request) error {
	return s.endHere(w, r, "")
}

// everywhere is what the page of the sign-in reads when no device is signed in
// any more.
const everywhere = "partout"

func (s *service) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	member, _ := auth.MemberOf(r.Context())
	if err := s.endSessions(r.Context(), member); err != nil {
		return err
	}
	return s.endHere(w, r, everywhere)
}

// endHere ends the session of this browser: its cookie is taken away, and void
// wherever there is a copy of it. The page that follows says where else.
func (s *service) endHere(w http.ResponseWriter, r *http.Request, where string) error {
	session, err := s.sessions.Read(r)
	if err == nil {
		err = s.endSession(r.Context(), session)
	}
	if err != nil && !fault.Is(err, "signed-out") { // it is over, or a program's that has none
		return err
	}
	s.sessions.End(w)
	http.Redirect(w, r, web.SignInPath+"?deconnexion="+where, http.StatusSeeOther)
	return nil
}
