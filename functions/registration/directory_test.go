package registration

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// list puts organisations straight into the directory, as describe makes them.
func (w *world) list(organisations ...organisationInput) (ids []string) {
	w.t.Helper()
	var writes dynamo.Writes
	for _, o := range organisations {
		ally := w.service.newAlly(signing{Kind: alliance.Organisation, Organisation: &o, Consents: consents{Directory: true}}, "hash")
		writes.Add(w.service.allies.Put(ally))
		ids = append(ids, ally.AllyID)
	}
	if writes.Err != nil {
		w.t.Fatal(writes.Err)
	}
	for batch := range slices.Chunk(writes.Items, 100) {
		if err := dynamo.Transact(context.Background(), w.Client, batch...); err != nil {
			w.t.Fatal(err)
		}
	}
	return ids
}

func names(page directoryPage) (found []string) {
	for _, entry := range page.Items {
		found = append(found, entry.Name)
	}
	return found
}

func TestDirectoryIsSortedAsPeopleSort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := []string{"Abeille", "abeille (L’) verte", "Abeilles", "École buissonnière", "Écoles", "L’été", "St Jean", "Saint-Jean 2", "Zèbre"}
	var all []organisationInput
	for _, name := range want {
		all = append(all, organisationInput{Name: name, Category: "other"})
	}
	slices.Reverse(all)
	w.list(all...)
	if got := names(w.listed("")); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// The longest name of the widest letters makes a key that DynamoDB takes.
func TestLongestNameIsListed(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("\U00020000", maxOrgName) // four bytes each
	if place := sortName(name, "ally_01ARZ3NDEKTSV4RRFFQ69G5FAV"); len(place) > maxSortKey {
		t.Errorf("%d bytes", len(place))
	}
	w := newWorld(t)
	w.join(anOrganisation(name, "a@exemple.fr"))
	if page := w.listed("?q=" + url.QueryEscape(name[:40])); len(page.Items) != 1 || page.Items[0].Name != name {
		t.Errorf("%v", page)
	}
}

func TestDirectoryIsNarrowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.list(
		organisationInput{Name: "Ville de Figeac", Category: "local_authority", Territory: "46102"},
		organisationInput{Name: "Figeac Énergie", Category: "company", Territory: "46102"},
		organisationInput{Name: "Région Occitanie", Category: "local_authority", Territory: "REG-76"},
		organisationInput{Name: "Ville de Rennes", Category: "local_authority", Territory: "35238"},
		organisationInput{Name: "Sans lieu", Category: "association"},
	)
	for query, want := range map[string]string{
		"":                                    "Figeac Énergie, Région Occitanie, Sans lieu, Ville de Figeac, Ville de Rennes",
		"?category=local_authority":           "Région Occitanie, Ville de Figeac, Ville de Rennes",
		"?region=76":                          "Figeac Énergie, Région Occitanie, Ville de Figeac",
		"?region=reg-76&q=FIGEAC":             "Figeac Énergie, Ville de Figeac",
		"?q=energie+figeac":                   "Figeac Énergie",
		"?q=ville&category=local_authority":   "Ville de Figeac, Ville de Rennes",
		"?category=company&region=53":         "",
		"?q=ville&region=53&category=network": "",
		"?q=ally":                             "", // ids are no names
		"?q=01":                               "",
		"?q=%20%21":                           "Figeac Énergie, Région Occitanie, Sans lieu, Ville de Figeac, Ville de Rennes",
		"?limit=2":                            "Figeac Énergie, Région Occitanie",
	} {
		if got := strings.Join(names(w.listed(query)), ", "); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestBadSearchIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for query, at := range map[string]string{
		"?category=club&region=99&limit=0&q=" + strings.Repeat("x", 201): "query.category query.limit query.q query.region",
		"?limit=101": "query.limit",
		"?limit=dix": "query.limit",
		"?cursor=x":  "query.cursor",
		"?cursor=" + encode(`{"directory_name":"sans fin"}`):                                 "query.cursor",
		"?cursor=" + encode(`{"directory_name":"a\u001fally_1","pk":"COUNT"}`):               "query.cursor",
		"?cursor=" + encode(`{"directory_name":"`+strings.Repeat("x", 1200)+`\u001fally_"}`): "query.cursor",
		"?cursor=" + encode(`{"directory_name":5}`):                                          "query.cursor",
		"?cursor=" + encode(`[]`):                                                            "query.cursor",
	} {
		got := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodGet, "/v1/allies"+query, nil))
		if strings.Join(got.locations(), " ") != at {
			t.Errorf("%s: %v", query, got.locations())
		}
	}
	// A place that someone makes up is a place in the list, nothing else.
	w.list(organisationInput{Name: "B", Category: "other"})
	if got := w.listed("?cursor=" + encode(`{"directory_name":"a\u001fally_1"}`)); len(got.Items) != 1 {
		t.Errorf("%v", got)
	}
}

// Whatever the names, the pages together show each organisation once, in order.
func TestPagesShowEachOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := rapid.OneOf(rapid.StringMatching(`[aA-éÉ &]{1,4}`), rapid.StringN(1, 200, 800),
		rapid.Map(rapid.IntRange(1, 200), func(n int) string { return strings.Repeat("한", n) }))
	var all []organisationInput
	for n := range 230 {
		all = append(all, organisationInput{Name: name.Example(n), Category: alliance.Categories[n%2]})
	}
	ids := w.list(all...)
	for _, query := range []string{"?limit=100", "?limit=7&category=association", "?limit=40&q=a"} {
		seen := map[string]int{}
		var places []string
		for cursor := ""; ; {
			page := w.listed(query + "&cursor=" + url.QueryEscape(cursor))
			for _, entry := range page.Items {
				seen[entry.ID]++
				places = append(places, territory.Fold(entry.Name))
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		if !slices.Equal(slices.Sorted(slices.Values(places)), places) {
			t.Errorf("%s: not in order", query)
		}
		for n, id := range ids {
			want := 1
			if strings.Contains(query, "association") && all[n].Category != "association" || strings.Contains(query, "q=a") && !strings.Contains(territory.Fold(all[n].Name), "a") {
				want = 0
			}
			if seen[id] != want {
				t.Errorf("%s: %q stands there %d times, not %d", query, all[n].Name, seen[id], want)
			}
		}
	}
}

func TestDirectoryNeverTellsOfAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr", named("Zélie", "Quincampoix"), withSIRET(siret(1))))
	w.join(aPerson("b@exemple.fr", named("Zélie", "Quincampoix")))
	body := w.call(http.StatusOK, http.MethodGet, "/v1/allies", nil).Body.String()
	page := w.call(http.StatusOK, http.MethodGet, "/allies", nil, "Accept", "text/html").Body.String()
	for _, text := range []string{"exemple.fr", "Quincampoix", "Zélie", siret(1), w.personOf("a@exemple.fr")} {
		if strings.Contains(body, text) || strings.Contains(page, text) {
			t.Errorf("%s is public", text)
		}
	}
	if !strings.Contains(body, `"name":"Une"`) || !strings.Contains(page, "Une</h3>") {
		t.Error("the organisation is not there")
	}
}

func BenchmarkDirectory(b *testing.B) {
	w := newWorld(b)
	var all []organisationInput
	for n := range 1000 {
		all = append(all, organisationInput{Name: fmt.Sprintf("Organisation numéro %d", n), Category: alliance.Categories[n%7], Territory: "31555"})
	}
	w.list(all...)
	for _, query := range []string{"", "?limit=100", "?q=numero+999", "?category=network&region=76"} {
		b.Run(cmp.Or(query, "first page"), func(b *testing.B) {
			for b.Loop() {
				w.listed(query)
			}
			read, _ := w.Units(func() { w.listed(query) })
			b.ReportMetric(read, "read-units")
		})
	}
}
