package cohort

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// planned opens a cohort that differs from occitanie's in something.
func (d desk) planned(slug string, change func(*cohortInput)) {
	d.t.Helper()
	in := occitanie(8)
	in.Slug, in.Name = slug, "Cohorte "+slug
	change(&in)
	if _, err := d.plan(d.member(), in, "", nil); err != nil {
		d.t.Fatal(err)
	}
}

// slugsIn are the cohorts that the list names, in order.
func slugsIn(page string) (slugs []string) {
	for _, rest := range strings.Split(page, `<h2><a href="/equipe/cohortes/`)[1:] {
		slug, _, _ := strings.Cut(rest, `"`)
		slugs = append(slugs, slug)
	}
	return slugs
}

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

func TestCohortsAreSearched(t *testing.T) {
	d := newDesk(t)
	d.planned("une", func(in *cohortInput) { in.Programme = "Récits" })
	d.planned("deux", func(in *cohortInput) { in.Scale, in.Region = National, "" })
	d.planned("trois", func(in *cohortInput) {
		in.Region = "84"
		in.OpensOn, in.StartsOn = "2026-04-01", "2026-05-01"
		in.ClosesOn = "2026-04-20"
	})
	for query, want := range map[string][]string{
		"": {"trois", "une", "deux"}, "q=RECITS": {"une"}, "q=cohorte+deux": {"deux"}, "programme=R%C3%A9cits": {"une"}, "scale=national": {"deux"},
		"region=84": {"trois"}, "etat=announced": {"trois"}, "region=84&scale=national": nil,
	} {
		_, page := d.says(200, teamCohorts+"?"+query, nil)
		if got := slugsIn(page); !slices.Equal(got, want) {
			t.Errorf("%s: %v", query, got)
		}
		var inFile []string
		for _, row := range d.rows(teamCohorts + ".csv?" + query) {
			inFile = append(inFile, row[0])
		}
		if !slices.Equal(inFile, want) {
			t.Errorf("the file of %s: %v", query, inFile)
		}
	}
	d.says(200, teamCohorts+"?region=84", nil, `<option value="84" selected>`, "/equipe/cohortes.xlsx?region=84", "<details class=\"filters\" open>")
	d.says(200, teamCohorts+"?q=rien", nil, "Aucune cohorte ne correspond")
	row := d.rows(teamCohorts + ".csv?region=84")[0]
	if want := []string{"trois", "Cohorte trois", "Cohortes régionales", "Annoncée", "Régionale", "84", "Auvergne-Rhône-Alpes"}; !slices.Equal(row[:7], want) {
		t.Errorf("%q", row)
	}
	if _, _, file := d.Page(d.running, d.browser, teamCohorts+".xlsx", nil); !strings.HasPrefix(file, "PK") {
		t.Error("it is no workbook")
	}
	trail := fmt.Sprint(d.Dump(function.Audit))
	if !strings.Contains(trail, `"filter":{"region":"84"},"rows":1`) || !strings.Contains(trail, `"searched":"oui"`) || strings.Contains(trail, "RECITS") {
		t.Errorf("%s", trail)
	}
}

// TestAWrongSearchIsShownAgain with the form and its faults, whatever was asked for.
func TestAWrongSearchIsShownAgain(t *testing.T) {
	d := newDesk(t)
	d.newCohort(8)
	one := teamCohorts + "/occitanie"
	for _, path := range []string{
		teamCohorts + "?programme=x", teamCohorts + "?scale=x", teamCohorts + "?region=x", teamCohorts + "?etat=x",
		teamCohorts + ".csv?scale=x", teamCohorts + ".xlsx?etat=x", one + "?etat=x", one + "/candidatures.csv?etat=x",
	} {
		_, query, _ := strings.Cut(path, "?")
		field, _, _ := strings.Cut(query, "=")
		d.says(422, path, nil, `id="`+field+`-fault"`, "de la liste.", `class="search"`)
	}
	for _, path := range []string{teamCohorts, one} {
		d.says(422, path+"?cursor=x", nil, "repartez du début de la liste", `class="search"`, "Revenir au début")
	}
	d.says(422, "/cohortes?cursor=x", nil, "repartez du début de la liste", "Revenir au début")
	if trail := fmt.Sprint(d.Dump(function.Audit)); strings.Contains(trail, "action:export") {
		t.Error("what was refused is noted as an export")
	}
}

func TestCohortsComePageByPage(t *testing.T) {
	d := newDesk(t)
	for n := range defaultLimit + 3 {
		d.planned(fmt.Sprintf("c-%02d", n), func(in *cohortInput) {
			if n == 0 {
				in.Scale, in.Region = National, ""
			}
		})
	}
	var seen []string
	path := teamCohorts + "?scale=regional"
	for range 3 {
		_, page := d.says(200, path, nil)
		seen = append(seen, slugsIn(page)...)
		_, after, more := strings.Cut(page, `rel="next"`)
		if !more {
			break
		}
		before, _, _ := strings.Cut(page, `" rel="next"`)
		path = strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
		if values, err := url.Parse(path); err != nil || values.Query().Get("scale") != "regional" {
			t.Errorf("the next page forgets the search: %s %s", path, after[:20])
		}
	}
	if len(seen) != defaultLimit+2 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != len(seen) {
		t.Errorf("%d: %v", len(seen), seen)
	}
}

// TestTheFileOfApplicationsIsFrench and holds what the page lists, by the name
// of a territory too.
func TestTheFileOfApplicationsIsFrench(t *testing.T) {
	d := newDesk(t)
	d.completed(1, 2)
	one := teamCohorts + "/occitanie"
	_, page := d.says(200, one+"?q=fig", nil, "Figeac", "/equipe/cohortes/occitanie/candidatures.csv?q=fig", "/equipe/journal?subject=occitanie")
	if strings.Contains(page, "Toulouse") {
		t.Error("the search keeps everything")
	}
	rows := d.rows(one + "/candidatures.csv?q=fig")
	if len(rows) != 1 || !slices.Equal(rows[0][1:6], []string{"46102", "Figeac", "Commune", "Lot", "Occitanie"}) || rows[0][7] != "Complète, à décider" || rows[0][8] != "2026-03-10" {
		t.Errorf("%q", rows)
	}
	if got := d.rows("/v1/cohorts/occitanie/applications.csv"); len(got) != 2 || got[0][3] != complete || !strings.HasSuffix(got[0][4], "Z") {
		t.Errorf("the API's own file: %q", got)
	}
}
