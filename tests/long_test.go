package tests

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// tooLong is the id of nothing: no key of a table is that long.
var tooLong = strings.Repeat("x", 3000)

// TestNoIDIsTooLong names in each path and query what cannot exist: the answer
// is that it isn't there, never a fault of ours, which would ring.
func TestNoIDIsTooLong(t *testing.T) {
	o := newOffice(t)
	there, asked := o.furnished(t), 0
	for _, f := range functions.All {
		for _, route := range f.Routes {
			who := o.whoMay(route)
			for _, path := range longPaths(route, there) {
				asked++
				if answer := o.askFor(o.running[f.Name], route, path, who); answer.Code >= http.StatusInternalServerError {
					t.Errorf("%s %s: %d %.300s", route.Method, strings.ReplaceAll(path, tooLong, "LONG"), answer.Code, answer.Body)
				}
			}
		}
	}
	t.Logf("%d requests", asked)
}

// whoMay is someone whom a route lets in, if anyone without a link is.
func (o *office) whoMay(route function.RouteInfo) caller {
	switch team := route.Access == function.Team || route.Access == function.Admin; {
	case team && route.Doc.Page:
		browser := o.Browser(auth.RoleAdmin)
		return caller{browser.Headers, browser.Token}
	case team || route.Access == function.PublicOrTeam:
		return caller{headers: o.Bearer("admin")}
	case route.Access == function.Mine:
		return caller{headers: []string{"Authorization", "Bearer " + o.ally, "Cookie", "__Host-mes-donnees=" + o.ally}}
	}
	return caller{}
}

// furnished puts something there for paths to name, by what comes before it.
func (o *office) furnished(t *testing.T) map[string]string {
	t.Helper()
	made := func(function, path string, body any) (found struct{ ID string }) {
		answer := o.Do(o.running[function], http.MethodPost, path, body, o.Bearer("admin")...)
		if answer.Code != http.StatusCreated {
			t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	starts := o.Clock.Now().AddDate(0, 0, 20)
	session := made("booking", "/v1/sessions", map[string]any{"kind": "initiation", "title": "Une rencontre", "mode": "onsite", "place": "Mairie de Figeac", "capacity": 12,
		"starts_at": starts.UTC().Format(time.RFC3339), "ends_at": starts.Add(time.Hour).UTC().Format(time.RFC3339)})
	made("booking", "/v1/series", map[string]any{"slug": "recits", "kind": "workshop", "name": "Récits de territoire", "active_from": "2026-01-05"})
	made("cohort", "/v1/cohorts", aCohort())
	made("publishing", "/v1/resources", map[string]any{"kind": "article", "title": "Un article", "body": "Texte."})
	return map[string]string{
		"/sessions/": session.ID, "/agenda/": session.ID, "/series/": "recits", "/cohorts/": "occitanie", "/cohortes/": "occitanie",
		"/resources/": "un-article", "/ressources/": "un-article", "/partners/": "occitanie", "/partenaires/": "occitanie", "/bilans/": "2023",
	}
}

var wildcard = regexp.MustCompile(`\{[a-z]+\}`)

// filled is the path of a route with the name at one place too long, and the
// others of something that is there, where we know it.
func filled(route function.RouteInfo, there map[string]string, long int) string {
	path, from := "", 0
	for n, place := range wildcard.FindAllStringIndex(route.Path, -1) {
		path += route.Path[from:place[0]]
		from = place[1]
		name := there[path[strings.LastIndex(strings.TrimSuffix(path, "/"), "/"):]]
		if name == "" {
			name = "x"
		}
		if n == long {
			name = tooLong
		}
		path += name
	}
	return path + route.Path[from:]
}

// longPaths are those of a route where one name, or a word of the query, is
// too long.
func longPaths(route function.RouteInfo, there map[string]string) (paths []string) {
	for n := range strings.Count(route.Path, "{") {
		paths = append(paths, filled(route, there, n))
	}
	if route.Method != http.MethodGet || route.Path == function.Default {
		return paths
	}
	for _, name := range queries(route) {
		paths = append(paths, filled(route, there, -1)+"?"+url.Values{name: {tooLong}}.Encode())
	}
	return paths
}

// pageQueries are what pages take in their addresses that no declaration says.
var pageQueries = []string{"avec", "c", "cohort", "copie", "corrige", "cursor", "from", "id", "kind", "le", "list", "mois", "person", "q", "series", "status", "subject", "token", "type", "until", "year"}

// queries are the names that a route may take in its query.
func queries(route function.RouteInfo) []string {
	if route.Doc.Page {
		return pageQueries
	}
	var names []string
	if route.Doc.Query != nil {
		of := reflect.TypeOf(route.Doc.Query)
		for i := range of.NumField() {
			names = append(names, of.Field(i).Tag.Get("query"))
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// theEnds are the first and the last days that can be written, as addresses
// name days, months and years.
var theEnds = func() (all []url.Values) {
	for _, day := range []string{"0000-01-01", "0001-01-01", "9999-12-31"} {
		all = append(all, url.Values{"from": {day}}, url.Values{"until": {day}, "to": {day}}, url.Values{"day": {day}, "le": {day}},
			url.Values{"month": {day[:7]}, "mois": {day[:7]}}, url.Values{"year": {day[:4]}})
	}
	return all
}()

// TestNoDayIsTooFar asks each list for what was before all days, and for what
// comes after them: that is nothing, or no day of that list.
func TestNoDayIsTooFar(t *testing.T) {
	o := newOffice(t)
	there, asked := o.furnished(t), 0
	for _, f := range functions.All {
		for _, route := range f.Routes {
			if route.Method != http.MethodGet || route.Path == function.Default || !route.Doc.Page && route.Doc.Query == nil && route.Path != "/oai" {
				continue
			}
			who := o.whoMay(route)
			for _, query := range theEnds {
				path := filled(route, there, -1) + "?" + query.Encode()
				if route.Path == "/oai" {
					path += "&verb=ListRecords&metadataPrefix=oai_dc"
				}
				asked++
				if answer := o.askFor(o.running[f.Name], route, path, who); answer.Code >= http.StatusInternalServerError {
					t.Errorf("%s: %d %.300s", path, answer.Code, answer.Body)
				}
			}
		}
	}
	t.Logf("%d requests", asked)
}

// TestNoFieldNamesWhatCannotExist: a form or a body that names it is told so.
func TestNoFieldNamesWhatCannotExist(t *testing.T) {
	o := newOffice(t)
	admin := o.Browser(auth.RoleAdmin)
	form := func(pairs ...string) url.Values {
		values := url.Values{web.FormTokenField: {admin.Token}}
		for pair := range slices.Chunk(pairs, 2) {
			values.Set(pair[0], pair[1])
		}
		return values
	}
	resource := func(field string, value any) map[string]any {
		return map[string]any{"kind": "article", "title": "Un article", "body": "Texte.", field: value}
	}
	for _, c := range []struct {
		function, path string
		body           any
		field          string
	}{
		{"publishing", "/v1/resources", resource("sessions", []string{tooLong}), "body.sessions"},
		{"publishing", "/v1/resources", resource("audio", map[string]any{"media": tooLong, "seconds": 9}), "body.audio.media"},
		{"publishing", "/equipe/ressources/nouvelle", form("kind", "article", "title", "Un article", "sessions", tooLong, "faire", "garder"), "#sessions"},
		{"publishing", "/equipe/ressources/nouvelle", form("kind", "article", "title", "Un article", "sessions", tooLong, "faire", "apercu"), "#sessions"},
		{"publishing", "/equipe/ressources/nouvelle", form("kind", "podcast", "title", "Un épisode", "audio.media", tooLong, "audio.seconds", "9:00", "faire", "garder"), "#audio-media"},
		{"bilan", "/v1/facts", map[string]any{"type": "intervention.v1", "corrects": tooLong, "data": map[string]any{"title": "Conférence", "on": "2026-02-02", "form": "talk"}}, "body.corrects"},
		{"bilan", "/v1/facts", map[string]any{"type": "fact.voided.v1", "corrects": tooLong, "data": map[string]any{"reason": "Erreur"}}, "body.corrects"},
		{"bilan", "/equipe/faits", form("type", "intervention", "corrects", tooLong, "title", "Conférence", "on", "2026-02-02", "form", "talk"), "corrects"},
	} {
		headers := o.Bearer("admin")
		if _, page := c.body.(url.Values); page {
			headers = append(admin.Headers, "Accept", "text/html")
		}
		answer := o.Do(o.running[c.function], http.MethodPost, c.path, c.body, headers...)
		if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(answer.Body.String(), c.field) {
			t.Errorf("%s with a too long %s: %d %.2000s", c.path, c.field, answer.Code, strings.ReplaceAll(answer.Body.String(), tooLong, "LONG"))
		}
	}
}
