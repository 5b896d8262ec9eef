package booking

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// rows reads a file, without its header.
func (d desk) rows(path string) [][]string {
	d.t.Helper()
	file := d.Do(d.running, "GET", path, nil, append(d.Bearer("team"), d.browser.Headers...)...).Body.String()
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file, "\ufeff"))).ReadAll()
	if err != nil || len(all) == 0 {
		d.t.Fatalf("%v %q", err, file)
	}
	return all[1:]
}

// cohortNamed puts a cohort, as the function cohort would.
func (d desk) cohortNamed(slug, name string) {
	d.t.Helper()
	var writes dynamo.Writes
	writes.Add(d.cohorts.Put(struct {
		dynamo.Key
		Slug   string `dynamodbav:"slug"`
		Name   string `dynamodbav:"name"`
		List   string `dynamodbav:"list"`
		ListAt string `dynamodbav:"list_at"`
	}{partnership.CohortItemKey(slug), slug, name, partnership.AllCohorts, "2026-01-01#" + slug}))
	if err := writes.Commit(d.t.Context(), d.cohorts.Client); err != nil {
		d.t.Fatal(err)
	}
}

// TestSessionsAreOfWhatThereIs: series and cohorts are chosen by their names,
// and a choice that is no more offered is not lost.
func TestSessionsAreOfWhatThereIs(t *testing.T) {
	d := newDesk(t)
	d.cohortNamed("occitanie", "Occitanie <2026>")
	d.says(200, teamAgenda+"/nouvelle", nil, `<option value="occitanie">Occitanie &lt;2026&gt;</option>`)
	form := planForm()
	form.Set("cohort", "occitanie")
	made, _ := d.says(303, teamAgenda+"/nouvelle", form)
	path, _, _ := strings.Cut(made, "?")
	d.says(200, path, nil, `<a href="/equipe/cohortes/occitanie">Occitanie &lt;2026&gt;</a>`, "/equipe/journal?subject="+strings.TrimPrefix(path, teamAgenda+"/"))
	d.says(200, teamAgenda+"?cohort=occitanie", nil, "Découvrir &lt;ensemble&gt;", `href="/equipe/agenda.csv?cohort=occitanie"`)
	if rows := d.rows(teamAgenda + ".csv?cohort=occitanie"); len(rows) != 1 || rows[0][12] != "Occitanie <2026>" || rows[0][2] != "Session d’initiation" {
		t.Errorf("%q", rows)
	}
	old := d.inTwoDays(3)
	old.Cohort = "ancienne"
	kept, err := d.plan(d.team(), old, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.says(200, teamAgenda+"/"+kept.ID+"/modifier", nil, `<option value="ancienne" selected>ancienne</option>`)
}

// TestAWrongSearchIsShownAgain with the form and its faults, whatever was asked for.
func TestAWrongSearchIsShownAgain(t *testing.T) {
	d := newDesk(t)
	list := teamAgenda + "/" + d.newSession(2).ID + "/inscriptions"
	for _, path := range []string{
		teamAgenda + "?kind=x", teamAgenda + "?series=x", teamAgenda + "?cohort=x", teamAgenda + "?mois=x", teamAgenda + ".csv?etat=x", teamAgenda + ".xlsx?kind=x",
		teamSeries + "?kind=x", teamSeries + "?etat=x", teamSeries + ".csv?kind=x", list + "?etat=x", list + ".csv?etat=x", list + ".xlsx?etat=x", "/agenda?kind=x",
	} {
		_, query, _ := strings.Cut(path, "?")
		field, _, _ := strings.Cut(query, "=")
		d.says(422, path, nil, `id="`+field+`-fault"`, `class="search"`)
	}
	for _, path := range []string{teamAgenda, teamSeries, list} {
		d.says(422, path+"?cursor=x", nil, "repartez du début de la liste", `class="search"`, "Revenir au début")
	}
	d.says(422, "/agenda?cursor=x", nil, "repartez du début de la liste", "Tout ce qui vient")
	d.says(422, "/agenda?mois=mars", nil, "Ce mois n’existe pas")
	if trail := fmt.Sprint(d.Dump(function.Audit)); strings.Contains(trail, "action:export") {
		t.Error("what was refused is noted as an export")
	}
}

// TestTheFileOfBookingsIsFrench and holds what the page lists.
func TestTheFileOfBookingsIsFrench(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(1)
	for n, territory := range []string{"Figeac", "REG-76"} {
		form := url.Values{"given_name": {"Ada"}, "family_name": {[]string{"Une", "Deux"}[n]}, "email": {guestAddress(n)}, "territory": {territory},
			"quartet_role": {"elected"}, askedField: {"true"}, web.KeyField: {"form_" + territory}}
		d.says(303, teamAgenda+"/"+s.ID+"/inscrire", form)
	}
	path := teamAgenda + "/" + s.ID + "/inscriptions"
	rows := d.rows(path + ".csv")
	if len(rows) != 2 || !slices.Equal(rows[0][7:10], []string{"46102", "Figeac", "Élu·e"}) || rows[0][1] != "Inscrite" || rows[1][1] != "En attente" || rows[1][2] != "1" || rows[1][8] != "Occitanie" || !strings.HasSuffix(rows[0][11], ":00") {
		t.Errorf("%q", rows)
	}
	if rows := d.rows(path + ".csv?q=deux"); len(rows) != 1 || rows[0][4] != "Deux" {
		t.Errorf("%q", rows)
	}
	_, page := d.says(200, path+"?q=deux", nil, "Occitanie", "inscriptions.csv?q=deux")
	if strings.Contains(page, "Figeac") {
		t.Error("the search keeps everything")
	}
	d.says(422, teamAgenda+"/"+s.ID+"/inscrire", url.Values{"territory": {"Saint-Denis"}}, `id="territory-fault"`, `<option value="93066">Saint-Denis, commune (Seine-Saint-Denis)</option>`)
	if rows := d.rows("/v1/sessions/" + s.ID + "/bookings.csv"); rows[0][1] != confirmed || len(rows[0]) != 11 || !strings.HasSuffix(rows[0][9], "Z") {
		t.Errorf("the API's own file: %q", rows)
	}
	if trail := fmt.Sprint(d.Dump(function.Audit)); !strings.Contains(trail, `"searched":"oui"`) || strings.Contains(trail, "deux") {
		t.Errorf("%s", trail)
	}
}

// TestBookingsComePageByPage, each once.
func TestBookingsComePageByPage(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(bookingsAtOnce + 2)
	d.bookMany(s.ID, bookingsAtOnce+2)
	path := teamAgenda + "/" + s.ID + "/inscriptions"
	_, page := d.says(200, path+"?etat=confirmed", nil, "Page suivante")
	before, _, _ := strings.Cut(page, `" rel="next"`)
	next := strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
	_, second := d.says(200, next, nil, "Revenir au début", `<option value="confirmed" selected>`)
	if first, rest := strings.Count(page, "<tr>"), strings.Count(second, "<tr>"); first != bookingsAtOnce+1 || rest != 3 {
		t.Errorf("%d and %d lines", first, rest)
	}
}

func TestSeriesAreSearched(t *testing.T) {
	d := newDesk(t)
	for _, in := range []series{{Workshop, "b", "Récits", "2026-02-01", ""}, {Community, "a", "Récits d’été", "2026-06-01", ""}, {Workshop, "c", "Autre", "2025-01-01", "2025-12-31"}} {
		if err := d.openSeries(d.team(), in, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"": "abc", "q=RECITS": "ab", "kind=workshop": "bc", "etat=a-venir": "a", "etat=en-cours": "b", "etat=termines": "c", "kind=community&etat=termines": "",
	} {
		_, page := d.says(200, teamSeries+"?"+query, nil)
		listed, inFile := "", ""
		for _, rest := range strings.Split(page, `<h2><a href="/equipe/series/`)[1:] {
			listed += rest[:1]
		}
		for _, row := range d.rows(teamSeries + ".csv?" + query) {
			inFile += row[0]
		}
		if listed != want || inFile != want {
			t.Errorf("%s: %q on the page, %q in the file, not %q", query, listed, inFile, want)
		}
	}
	if row := d.rows(teamSeries + ".csv?etat=termines")[0]; !slices.Equal(row, []string{"c", "Chantier", "Autre", "Terminés", "2025-01-01", "2025-12-31"}) {
		t.Errorf("%q", row)
	}
	d.says(200, teamSeries+"/b", nil, "/equipe/journal?subject=b")
}
