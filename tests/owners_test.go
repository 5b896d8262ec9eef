package tests

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
)

// thing is what a link opens.
type thing struct {
	id     string
	tokens []string // that open it, each for some routes
}

// tokenOf is that of a link.
func tokenOf(t *testing.T, link string) string {
	t.Helper()
	at, err := url.Parse(link)
	if err != nil || at.Query().Get("token") == "" {
		t.Fatalf("%q has no token: %v", link, err)
	}
	return at.Query().Get("token")
}

// idOf is the last part of the path of a link.
func idOf(link string) string {
	path, _, _ := strings.Cut(link, "?")
	return path[strings.LastIndex(path, "/")+1:]
}

// TestALinkOpensOneThing asks for real things with the tokens of all others:
// another booking, another application, other purposes, sessions. All are
// refused; only then is each asked for with its own, which is not.
func TestALinkOpensOneThing(t *testing.T) {
	v := serve(t)
	l := v.stage()
	signedIn := v.client()
	signedIn.opensData(anAlly)
	signedIn.enters(asAdministrator, "/equipe")
	confirmOther := v.mailed("lou.officer@territoire.example", "/candidatures/"+l.draft)
	things := map[string][]thing{
		"booking": {{idOf(l.visit), []string{tokenOf(t, l.visit)}}, {idOf(l.booking), []string{tokenOf(t, l.booking)}}},
		"cohort": {
			{l.draft, []string{tokenOf(t, l.completion), tokenOf(t, l.asked), tokenOf(t, confirmOther)}},
			{l.application, []string{tokenOf(t, l.candidacy)}},
		},
		"notify": {{"", []string{tokenOf(t, l.unsubscribe)}}},
	}
	strangers := []string{"", "x", tokenOf(t, l.confirm), tokenOf(t, v.asksData(v.client(), anAlly)), signedIn.cookies[visitCookie], signedIn.cookies[signin.Cookie], v.token()}
	for _, all := range things {
		for _, one := range all {
			strangers = append(strangers, one.tokens...)
		}
	}
	opens := func(r function.RouteInfo, id, token string) int {
		path := strings.ReplaceAll(r.Path, "{id}", id)
		if !strings.HasPrefix(path, "/v1/") {
			posted := url.Values{"token": {token}}
			if r.Method == http.MethodGet {
				posted = nil
			}
			return v.client().send(path+"?token="+url.QueryEscape(token), posted).status
		}
		headers := []string{"Authorization", "Bearer " + token}
		return v.call(r.Method, path, map[string]string{"token": token}, nil, headers...)
	}
	routes, refused := 0, 0
	for _, own := range []bool{false, true} {
		for _, f := range functions.All {
			for _, r := range f.Routes {
				if r.Access != function.Link && r.Access != function.Provider {
					continue
				}
				if len(things[f.Name]) == 0 {
					t.Fatalf("%s: no thing of %s is on the stage", r.Pattern(), f.Name)
				}
				routes++
				one := things[f.Name][0]
				let := false
				for _, token := range strangers {
					if slices.Contains(one.tokens, token) != own {
						continue
					}
					status := opens(r, one.id, token)
					switch out := status == http.StatusUnauthorized || status == http.StatusForbidden; {
					case out:
						refused++
					case own:
						let = true
					default:
						t.Errorf("%s with the token %.12q of something else: %d", r.Pattern(), token, status)
					}
				}
				if own && !let {
					t.Errorf("%s: none of its own tokens opens it", r.Pattern())
				}
			}
		}
	}
	t.Logf("%d routes, %d refusals", routes/2, refused)
	if routes/2 < 15 {
		t.Error("these are too few")
	}
}

// TestNobodySeesNorChangesTheDataOfAnother asks, as an ally, for what is another's.
func TestNobodySeesNorChangesTheDataOfAnother(t *testing.T) {
	v := serve(t)
	l := v.stage() // Ada's
	const other = "mallory@exemple.example"
	v.signs(other, "organisation", "Association des curieux")
	v.confirms(v.mailed(other, "/rejoindre/confirmer"))
	ada, mallory := v.client(), v.client()
	ada.opensData(anAlly)
	mallory.opensData(other)
	var before map[string]any
	bearer := func(c *client) []string { return []string{"Authorization", "Bearer " + c.cookies[visitCookie]} }
	if status := v.call(http.MethodGet, "/v1/me", nil, &before, bearer(ada)...); status != http.StatusOK {
		t.Fatalf("%d", status)
	}
	asked := 0
	for _, f := range functions.All {
		for _, r := range f.Routes {
			if r.Access != function.Mine || r.Method == http.MethodDelete || strings.HasSuffix(r.Path, "/quitter") {
				continue
			}
			asked++
			var body string
			var posted url.Values
			if r.Method != http.MethodGet {
				posted = url.Values{"ally_id": {l.ally}, "organisation.name": {"Pris"}, "person.given_name": {"Prise"}}
			}
			if strings.HasPrefix(r.Path, "/v1/") {
				var answer map[string]any
				v.call(r.Method, r.Path+"?ally_id="+l.ally, map[string]any{"ally_id": l.ally, "person": map[string]string{"given_name": "Prise"}, "organisation": map[string]string{"name": "Pris"}}, &answer, bearer(mallory)...)
				body = text(answer)
			} else {
				body = mallory.send(r.Path+"?signature="+l.ally+"&ally_id="+l.ally, posted).body
			}
			if strings.Contains(body, anAlly) || strings.Contains(body, "Communauté du Vallon") {
				t.Errorf("%s shows the data of another", r.Pattern())
			}
			mallory.opensData(other) // one of them ends the visit
		}
	}
	if page := mallory.send("/mes-donnees?signature="+l.ally, nil).body; strings.Contains(page, anAlly) || !strings.Contains(page, other) {
		t.Error("the page shows the data of another, or none")
	}
	var after map[string]any
	v.call(http.MethodGet, "/v1/me", nil, &after, bearer(ada)...)
	if text(before) != text(after) {
		t.Errorf("another has changed %s into %s", text(before), text(after))
	}
	if asked < 4 {
		t.Errorf("only %d routes were asked", asked)
	}
}

// text is a value as JSON.
func text(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(written)
}
