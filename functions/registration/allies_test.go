package registration

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// desk is the back office as a member of the team sees it.
type desk struct {
	*world
	browser functiontest.Browser
}

func newDesk(t *testing.T, role auth.Role) *desk {
	t.Helper()
	w := newWorld(t)
	w.Issuer()
	w.running = w.Open(Function)
	return &desk{w, w.Browser(role)}
}

// page is a page that is answered with this status.
func (d *desk) page(status int, path string) string {
	d.t.Helper()
	got, _, page := d.Page(d.running, d.browser, path, nil)
	if got != status {
		d.t.Fatalf("GET %s: %d instead of %d: %.600s", path, got, status, page)
	}
	return page
}

// post posts a form and returns where it leads.
func (d *desk) post(status int, path string, form url.Values) (leads, page string) {
	d.t.Helper()
	got, leads, page := d.Page(d.running, d.browser, path, form)
	if got != status {
		d.t.Fatalf("POST %s: %d instead of %d: %.600s", path, got, status, page)
	}
	return leads, page
}

// lines are the ids of what the list keeps, in order, read page by page.
func (d *desk) lines(query string) (ids []string) {
	d.t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		d.t.Fatal(err)
	}
	for {
		read, err := readAlliesQuery(values)
		if err != nil {
			d.t.Fatal(err)
		}
		page, err := d.service.listAllies(d.t.Context(), read)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		if page.NextCursor == "" {
			return ids
		}
		values.Set("cursor", page.NextCursor)
	}
}

func TestTheTeamFindsWhoSigned(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	zebre := d.join(anOrganisation("Zèbre vert", "z@exemple.fr", named("Nour", "Benali"))).AllyID
	abeille := d.join(anOrganisation("Abeille et compagnie", "a@exemple.fr", func(in *signing) {
		in.Organisation.Category, in.Organisation.Territory = "company", "59350"
	})).AllyID
	person := d.join(aPerson("p@exemple.fr", named("Éric", "Martin"), func(in *signing) {
		in.Organisation = &organisationInput{Name: "Mairie de Loos"}
	})).AllyID
	d.sign(aPerson("w@exemple.fr", named("Wafa", "Oudin")))
	pending := d.lines("status=pending_confirmation")
	if len(pending) != 1 || !strings.HasPrefix(pending[0], "reg_") {
		t.Fatalf("pending: %v", pending)
	}
	for query, want := range map[string][]string{
		"":                         {abeille, person, pending[0], zebre},
		"limit=1":                  {abeille, person, pending[0], zebre},
		"q=zebre":                  {zebre},
		"q=benali":                 {zebre},
		"q=mairie+loos":            {person},
		"q=P%2Bnews@exemple.fr":    {person}, // an alias is the same person
		"q=p@EXEMPLE.fr":           {person},
		"q=w@exemple.fr":           {pending[0]},
		"q=inconnue@exemple.fr":    nil,
		"kind=person":              {person, pending[0]},
		"kind=organisation":        {abeille, zebre},
		"status=confirmed":         {abeille, person, zebre},
		"status=allied":            {abeille, person, zebre},
		"category=company":         {abeille},
		"region=76":                {zebre},
		"region=32&category=state": nil,
	} {
		if got := d.lines(query); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	page := d.page(http.StatusOK, "/equipe/allies?region=76&q=zebre")
	for _, want := range []string{"Zèbre vert", "Nour Benali", "z@exemple.fr", `/equipe/allies.csv?q=zebre&amp;region=76`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if page := d.page(http.StatusUnprocessableEntity, "/equipe/allies?status=x&q=@"); !strings.Contains(page, "Choisissez un état dans la liste.") {
		t.Error("a bad search is not said")
	}
	d.Clock.Advance(confirmFor)
	if got := d.lines("status=pending_confirmation"); got != nil {
		t.Errorf("a signature that lapsed still waits: %v", got)
	}
}

// TestAnExportHoldsExactlyWhatIsFiltered, in both formats, and the trail says
// who took it without what was searched for.
func TestAnExportHoldsExactlyWhatIsFiltered(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	for n := range 5 {
		d.join(anOrganisation(fmt.Sprint("=Organisation ", n), fmt.Sprintf("o%d@exemple.fr", n)))
	}
	d.join(aPerson("p@exemple.fr"))
	answer := d.Do(d.running, http.MethodGet, "/equipe/allies.csv?kind=organisation&q=organisation", nil, d.browser.Headers...)
	rows, err := csv.NewReader(strings.NewReader(answer.Body.String())).ReadAll()
	if err != nil || len(rows) != 6 || rows[1][3] != "'=Organisation 0" || rows[1][12] != "o0@exemple.fr" {
		t.Errorf("%v %q", err, rows)
	}
	if answer := d.Do(d.running, http.MethodGet, "/equipe/allies.xlsx", nil, d.browser.Headers...); answer.Code != http.StatusOK ||
		!strings.HasPrefix(answer.Body.String(), "PK") || !strings.Contains(answer.Header().Get("Content-Disposition"), "allies.xlsx") {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
	trail := fmt.Sprint(d.Dump(function.Audit))
	for _, want := range []string{"action:export", "who:" + d.browser.Member.Subject, `"rows":5`, `"rows":6`, `"searched":"oui"`, `"kind":"organisation"`} {
		if !strings.Contains(trail, want) {
			t.Errorf("the trail does not say %s: %s", want, trail)
		}
	}
}

// put stores an item.
func (w *world) put(item any) {
	w.t.Helper()
	var writes dynamo.Writes
	writes.Add(w.service.allies.Put(item))
	if err := writes.Commit(w.t.Context(), w.Client); err != nil {
		w.t.Fatal(err)
	}
}

// TestTheFileOfAlliesIsFrench: names of kinds, states and places besides codes.
func TestTheFileOfAlliesIsFrench(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	d.join(anOrganisation("Une", "a@exemple.fr"))
	answer := d.Do(d.running, http.MethodGet, "/equipe/allies.csv", nil, d.browser.Headers...)
	rows, err := csv.NewReader(strings.NewReader(answer.Body.String())).ReadAll()
	want := []string{"Organisation", "Signature confirmée", "Une", "Association ou fondation", "31555", "Toulouse (Haute-Garonne)", "76", "Occitanie"}
	if err != nil || len(rows) != 2 || !slices.Equal(rows[1][1:9], want) || rows[0][1] != "Signataire" {
		t.Errorf("%v %q", err, rows)
	}
}

// TestAWrongSearchIsShownAgain with the form and its faults, whatever was asked for.
func TestAWrongSearchIsShownAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	for _, path := range []string{"/equipe/allies", "/equipe/allies.csv", "/equipe/allies.xlsx", "/allies"} {
		for query, want := range map[string]string{
			"category=x": `id="category-fault"`, "region=999": `id="region-fault"`, "cursor=x": "repartez du début de la liste",
		} {
			if query == "cursor=x" && strings.Contains(path, ".") {
				continue // a file is all of the list
			}
			if page := d.page(http.StatusUnprocessableEntity, path+"?"+query); !strings.Contains(page, want) || !strings.Contains(page, `class="search"`) {
				t.Errorf("%s?%s: %s", path, query, page)
			}
		}
	}
	d.page(http.StatusUnprocessableEntity, "/equipe/allies.csv?q=a@b")
	if trail := fmt.Sprint(d.Dump(function.Audit)); strings.Contains(trail, "action:export") {
		t.Error("what was refused is noted as an export")
	}
}

// TestALargeExportIsAwaitedOnAPage that asks for the file by itself; a small one
// comes at once.
func TestALargeExportIsAwaitedOnAPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	d.join(anOrganisation("Une", "a@exemple.fr"))
	if page := d.page(http.StatusOK, "/equipe/allies?q=une"); !strings.Contains(page, `href="/equipe/allies.xlsx?q=une"`) {
		t.Error("a short list does not lead to its file")
	}
	d.put(countItem{Key: countKey, Organisations: slowly / 2, Persons: slowly / 2})
	page := d.page(http.StatusOK, "/equipe/allies?q=une")
	if !strings.Contains(page, `href="/equipe/allies.xlsx?patienter=oui&amp;q=une"`) {
		t.Error("a long list does not lead to the page to wait on")
	}
	answer := d.Do(d.running, http.MethodGet, "/equipe/allies.xlsx?patienter=oui&q=une", nil, d.browser.Headers...)
	if file := strings.TrimPrefix(answer.Header().Get("Refresh"), "0; url="); file != "/equipe/allies.xlsx?q=une" || !strings.Contains(answer.Body.String(), "<progress") {
		t.Errorf("%q: %s", file, answer.Body)
	}
	if trail := fmt.Sprint(d.Dump(function.Audit)); strings.Contains(trail, "action:export") {
		t.Error("an export is noted before the data left")
	}
}

// BenchmarkAlliesSheet takes the whole list away as XLSX, from the engine on.
func BenchmarkAlliesSheet(b *testing.B) {
	for _, n := range []int{2_500, 10_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b)
			for at := range n {
				id := fmt.Sprintf("ally_%026d", at)
				name := fmt.Sprint("Association des jardins partagés ", at)
				w.put(signatoryItem{
					Key: dynamo.Key{PK: fmt.Sprint("PERSON#", at), SK: "ALLY#" + id}, AllyID: id, GivenName: "Camille", FamilyName: "Durand",
					Email: fmt.Sprintf("camille.durand.%d@exemple.fr", at), Role: "Présidente", CreatedAt: w.Clock.Now(), LastContactAt: w.Clock.Now(),
					Shown: shown{"organisation", name, "association", "31555", "76", "2023-05-04"}, List: everyone, ListAt: sortName(name, id),
				})
			}
			for b.Loop() {
				answer := httptest.NewRecorder()
				if err := w.service.alliesSheet(b.Context(), alliesQuery{}).Write(answer, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil), spreadsheet.XLSX); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(answer.Body.Len()), "bytes")
			}
		})
	}
}

// autocompletes are what the fields of a page tell browsers to fill in.
func autocompletes(page string) (hints []string) {
	for _, rest := range strings.Split(page, `autocomplete="`)[1:] {
		hint, _, _ := strings.Cut(rest, `"`)
		hints = append(hints, hint)
	}
	return hints
}

func TestTheTeamCorrectsASignature(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	id := d.join(anOrganisation("Une", "a@exemple.fr")).AllyID
	other := d.join(anOrganisation("Autre", "b@exemple.fr", withSIRET(siret(1)))).AllyID
	path := "/equipe/allies/" + id
	good := url.Values{
		"person.given_name": {"Dominique"}, "person.family_name": {"Roux"}, "organisation.name": {"Une, rebaptisée"},
		"organisation.category": {"company"}, "organisation.territory": {"59350"}, "consents.directory": {"true"},
	}
	leads, _ := d.post(http.StatusSeeOther, path+"/corriger", good)
	if page := d.page(http.StatusOK, leads); !strings.Contains(page, "Dominique Roux") || !strings.Contains(page, "La correction est enregistrée") {
		t.Errorf("%s", page)
	}
	if got := d.lines("q=rebaptisee&region=32&category=company"); !slices.Equal(got, []string{id}) {
		t.Errorf("the list has not followed: %v", got)
	}
	trail := fmt.Sprint(d.Dump(function.Audit))
	for _, private := range []string{"Dominique", "Roux", "rebaptis", "Camille"} {
		if strings.Contains(trail, private) {
			t.Errorf("the trail holds %q: %s", private, trail)
		}
	}
	for _, want := range []string{"ally.corrected", `"organisation.category":"association"`, `"organisation.category":"company"`, "person.family_name", audit.Masked} {
		if !strings.Contains(trail, want) {
			t.Errorf("the trail does not say %s: %s", want, trail)
		}
	}
	d.post(http.StatusSeeOther, path+"/corriger", good) // nothing changes: nothing to note
	if got := len(d.Dump(function.Audit)); got != 1 {
		t.Errorf("%d entries", got)
	}
	for _, hint := range autocompletes(d.page(http.StatusOK, path)) {
		if hint != "off" {
			t.Errorf("a browser offers the team's own %s for those of an ally", hint)
		}
	}
	good.Set("person.family_name", "")
	good.Set("organisation.siret", "12")
	if _, page := d.post(http.StatusUnprocessableEntity, path+"/corriger", good); !strings.Contains(page, "2 points sont à corriger") ||
		!strings.Contains(page, "Saisissez le nom de la personne.") || strings.Contains(page, "votre nom") {
		t.Errorf("%s", page)
	}
	good.Set("person.family_name", "Roux")
	good.Set("organisation.siret", siret(1))
	if _, page := d.post(http.StatusUnprocessableEntity, path+"/corriger", good); !strings.Contains(page, "Une autre organisation de l’alliance") {
		t.Errorf("taken from %s: %s", other, page)
	}
	d.page(http.StatusNotFound, "/equipe/allies/ally_0")
}

func TestTheTeamSendsALinkAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	id := d.join(aPerson("a@exemple.fr")).AllyID
	sent := d.only("my-data-link", func() { d.post(http.StatusSeeOther, "/equipe/allies/"+id+"/lien", url.Values{}) })
	if sent.To != "a@exemple.fr" || sent.token() == "" {
		t.Errorf("%+v", sent)
	}
	form := url.Values{web.KeyField: {"form_1"}}
	d.only("my-data-link", func() {
		for range 3 { // pressed three times
			d.post(http.StatusSeeOther, "/equipe/allies/"+id+"/lien", form)
		}
	})
}

// TestOnlyAdministratorsErase: and then all of it goes.
func TestOnlyAdministratorsErase(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	id := d.join(aPerson("a@exemple.fr")).AllyID
	d.page(http.StatusForbidden, "/equipe/allies/"+id+"/effacer")
	d.post(http.StatusForbidden, "/equipe/allies/"+id+"/effacer", url.Values{})
	d.browser = d.Browser(auth.RoleAdmin)
	if page := d.page(http.StatusOK, "/equipe/allies/"+id+"/effacer"); !strings.Contains(page, "a@exemple.fr") {
		t.Error("the page does not say who")
	}
	d.Clock.Advance(1)
	leads, _ := d.post(http.StatusSeeOther, "/equipe/allies/"+id+"/effacer", url.Values{})
	const said = "L’effacement est demandé"
	if page := d.page(http.StatusOK, leads); !strings.Contains(page, said) || strings.Contains(d.page(http.StatusOK, "/equipe/allies"), said) {
		t.Errorf("that it is asked for is not said, or always: %s", page)
	}
	d.Drain(d.running)
	for _, left := range d.Holding("a@exemple.fr") {
		if !strings.Contains(left, "MAIL#") { // the farewell, until notify has sent it
			t.Errorf("left: %s", left)
		}
	}
	if d.count() != (count{}) || !strings.Contains(fmt.Sprint(d.Dump(function.Audit)), "ally.erased") {
		t.Errorf("%v %v", d.count(), d.Dump(function.Audit))
	}
}
