package registration

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

func TestTerritoriesAreFoundHoweverTheyAreTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, want := range map[string]territoryAnswer{
		"q=saint-etienne+du+rouvray&level=commune": {Code: "76575", Name: "Saint-Étienne-du-Rouvray", Level: "commune", Departement: "76", Region: "28", Vintage: "2026"},
		"q=ST%20ETIENNE%20DU%20ROUVRAY":            {Code: "76575", Name: "Saint-Étienne-du-Rouvray", Level: "commune", Departement: "76", Region: "28", Vintage: "2026"},
		"q=31555":                                  {Code: "31555", Name: "Toulouse", Level: "commune", Departement: "31", Region: "76", Vintage: "2026"},
		"q=occitanie":                              {Code: "76", Name: "Occitanie", Level: "region", Region: "76", Vintage: "2026"},
		"q=lot&level=departement":                  {Code: "46", Name: "Lot", Level: "departement", Departement: "46", Region: "76", Vintage: "2026"},
		"q=toulouse&level=epci":                    {Code: "243100518", Name: "Toulouse Métropole", Level: "epci", Departement: "31", Region: "76", Vintage: "2026"},
	} {
		answer := w.call(http.StatusOK, http.MethodGet, "/v1/territories?"+query, nil)
		page := read[territoryPage](w, answer)
		if len(page.Items) == 0 || page.Items[0] != want {
			t.Errorf("%s: %+v", query, page.Items)
		}
		if answer.Header().Get("Cache-Control") != "public, max-age=86400" {
			t.Errorf("%s: %v", query, answer.Header())
		}
	}
}

func TestTerritoriesAreLimitedAndOfOneLevel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := read[territoryPage](w, w.call(http.StatusOK, http.MethodGet, "/v1/territories?q=saint&limit=7", nil))
	if len(page.Items) != 7 {
		t.Errorf("%d", len(page.Items))
	}
	for _, level := range []territory.Level{territory.Commune, territory.EPCI, territory.Departement, territory.Region} {
		page := read[territoryPage](w, w.call(http.StatusOK, http.MethodGet, "/v1/territories?q=la&level="+string(level), nil))
		if len(page.Items) == 0 || slices.ContainsFunc(page.Items, func(t territoryAnswer) bool { return t.Level != level }) {
			t.Errorf("%s: %v", level, page.Items)
		}
	}
	if body := w.call(http.StatusOK, http.MethodGet, "/v1/territories?q=zzzzqqqq", nil).Body.String(); body != `{"items":[]}` {
		t.Errorf("nothing found: %s", body)
	}
}

func TestTerritoriesComeInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	whole := read[territoryPage](w, w.call(http.StatusOK, http.MethodGet, "/v1/territories?q=toulouse&limit=100", nil))
	var all []territoryAnswer
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		page := read[territoryPage](w, w.call(http.StatusOK, http.MethodGet, "/v1/territories?q=toulouse&limit=3&cursor="+cursor, nil))
		if len(page.Items) == 0 || len(page.Items) > 3 || pages > 99 {
			t.Fatalf("%d on a page of three", len(page.Items))
		}
		all, cursor = append(all, page.Items...), page.NextCursor
	}
	if len(all) < 4 || whole.NextCursor != "" || !slices.Equal(all, whole.Items) {
		t.Errorf("%v, not %v", all, whole.Items)
	}
	beyond := read[territoryPage](w, w.call(http.StatusOK, http.MethodGet, "/v1/territories?q=toulouse&cursor=eyJzaG93biI6Ijk5OTk5In0", nil))
	if len(beyond.Items) > 0 || beyond.NextCursor != "" {
		t.Errorf("beyond the end: %+v", beyond)
	}
}

func TestBadTerritorySearchIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, at := range map[string]string{
		"": "query.q", "?q=%20": "query.q", "?q=" + strings.Repeat("x", 201): "query.q",
		"?level=canton&limit=0": "query.level query.limit query.q",
		"?q=lot&cursor=abc":     "query.cursor", "?q=lot&cursor=eyJwbGFjZSI6IngifQ": "query.cursor", // of another list
		"?q=lot&cursor=eyJzaG93biI6Ii0xIn0": "query.cursor", // {"shown":"-1"}
	} {
		answer := w.call(http.StatusUnprocessableEntity, http.MethodGet, "/v1/territories"+query, nil)
		if got := read[problem](w, answer).locations(); strings.Join(got, " ") != at || answer.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", query, got)
		}
	}
	w.call(http.StatusUnprocessableEntity, http.MethodGet, "/v1/territories/31555?level=canton", nil)
}

func TestTerritoryByCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]territoryAnswer{
		"31555":           {Code: "31555", Name: "Toulouse", Level: "commune", Departement: "31", Region: "76", Vintage: "2026"},
		"REG-76":          {Code: "76", Name: "Occitanie", Level: "region", Region: "76", Vintage: "2026"},
		"DEP-76":          {Code: "76", Name: "Seine-Maritime", Level: "departement", Departement: "76", Region: "28", Vintage: "2026"},
		"76":              {Code: "76", Name: "Seine-Maritime", Level: "departement", Departement: "76", Region: "28", Vintage: "2026"},
		"76?level=region": {Code: "76", Name: "Occitanie", Level: "region", Region: "76", Vintage: "2026"},
		"2a004":           {Code: "2A004", Name: "Ajaccio", Level: "commune", Departement: "2A", Region: "94", Vintage: "2026"},
		"09028":           {Code: "09028", Name: "Aulos", Level: "commune", Departement: "09", Region: "76", Vintage: "2026", Successor: "09296"},
	} {
		answer := w.call(http.StatusOK, http.MethodGet, "/v1/territories/"+path, nil)
		if got := read[territoryAnswer](w, answer); got != want || answer.Header().Get("Cache-Control") != "public, max-age=86400" {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestUnknownCodeSuggests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, near := range map[string]string{"Toulouze": "31555", "31999": "", "31555?level=region": "", "%20": ""} {
		answer := w.call(http.StatusNotFound, http.MethodGet, "/v1/territories/"+path, nil)
		got := read[struct {
			Code        string
			Suggestions []struct{ Code, Name string }
		}](w, answer)
		if got.Code != "unknown-territory" || answer.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", path, answer.Body)
		}
		if near != "" && !slices.ContainsFunc(got.Suggestions, func(s struct{ Code, Name string }) bool { return s.Code == near }) {
			t.Errorf("%s: %v", path, got.Suggestions)
		}
	}
}

// BenchmarkSearch goes through the whole function; the aim is under 5 ms.
func BenchmarkSearch(b *testing.B) {
	w := newWorld(b)
	for _, query := range []string{"saint", "a", "villeneuve-sur-lot", "toulouze", "communaute+de+communes+du", "zzzzqqqq"} {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				w.call(http.StatusOK, http.MethodGet, "/v1/territories?q="+query, nil)
			}
		})
	}
}

func BenchmarkTerritories(b *testing.B) {
	w := newWorld(b)
	for _, query := range []string{"saint", "villeneuve+sur+lot", "toulouze", "31"} {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				w.call(http.StatusOK, http.MethodGet, "/v1/territories?q="+query, nil)
			}
		})
	}
}
