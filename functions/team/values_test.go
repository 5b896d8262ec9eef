package team

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTheJournalSpeaksFrench: what functions store as codes is read in words.
func TestTheJournalSpeaksFrench(t *testing.T) {
	for _, c := range []struct{ field, value, want string }{
		{"status", "open", "ouvert"}, {"filter.etat", "waiting", "en attente"}, {"filter.etat", "running", "en cours"}, {"filter.etat", "announced", "annoncées"}, {"type", "thesis.v1", "thèse ou mémoire"}, {"type", "media.appearance", "apparition dans un média"},
		{"data.form", "panel", "table ronde"}, {"data.beneficiary", "local_media", "média local"}, {"data.corrected_type", "support.one_off.v1", "appui ponctuel"},
		{"data.territory", "46102", "Figeac (46102)"}, {"organisation.territory", "REG-76", "Occitanie (REG-76)"}, {"territory", "00000", "00000"},
		{"region", "76", "Occitanie (76)"}, {"filter.region", "46", "46"},
		{"partner", "occitanie", "Région Occitanie, agence de l’énergie et du climat"}, {"partner", "gone", "gone"},
		{"language", "fr", "français"}, {"timezone", "Europe/Paris", "heure de Paris"}, {"organisation.category", "local_authority", "collectivité territoriale ou groupement"},
		{"bookings", `["bok_01M0","bok_01M1"]`, "2"}, {"bookings", "[]", "aucun"}, {"fundamentals", "[1,3]", "1, 3"}, {"authors", `["Ada","Lou"]`, "Ada, Lou"},
		{"title", "[Atelier] open", "[Atelier] open"}, {"title", "open", "open"}, {"title", "thesis.v1", "thesis.v1"}, {"name", "76", "76"},
	} {
		if got := valueLabel(c.field, c.value); got != c.want {
			t.Errorf("%s of %q: %q, not %q", c.field, c.value, got, c.want)
		}
	}
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	w.note("member-camille", "fact.recorded", "fact_1", nil, map[string]any{"type": "intervention", "data": map[string]any{"form": "panel", "territory": "46102", "corrects": "fact_0"}})
	page := w.page(http.StatusOK, "/equipe/journal?subject=fact_1")
	for _, want := range []string{"Forme : <ins>table ronde", "Territoire : <ins>Figeac (46102)", "Fait corrigé : <ins>fact_0", "Type : <ins>intervention publique"} {
		if !strings.Contains(strings.ReplaceAll(page, "\u00a0", " "), want) {
			t.Errorf("the journal does not say %q: %s", want, page)
		}
	}
}

// TestEveryValueHasAName reads the values in the functions that know them.
func TestEveryValueHasAName(t *testing.T) {
	for _, c := range []struct {
		file, from, until string
		value             string
		names             []string // of fields that hold them
		least             int
	}{
		{"../bilan/elsewhere.go", "var forms = ", "// voided is", `\{"([a-z_]+)", "`, []string{"form", "beneficiary"}, 12},
		{"../bilan/elsewhere.go", "var forms = ", "// formOf", `\{"([a-z._]+)\.v[0-9]`, []string{"type"}, 6},
		{"../publishing/labels.go", "var languages = ", "\n}", `Value: "([a-z]+)"`, []string{"language"}, 15},
		{"../publishing/labels.go", "typeLabels = ", "families ", `"([a-z0-9/]+)": `, []string{"type"}, 10},
		{"../registration/pages.go", `"local_authority"`, "\n}", `"([a-z_]+)", Label`, []string{"category"}, 7},
	} {
		source, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(source), c.from)
		part, _, _ := strings.Cut(c.from+after, c.until)
		found := regexp.MustCompile(c.value).FindAllStringSubmatch(part, -1)
		for _, match := range found {
			named := strings.HasPrefix(match[1], "massif") || match[1] == "respir" || match[1] == "sensitive-diagnosis"
			for _, name := range c.names {
				named = named || words[name][match[1]] != ""
			}
			if !named {
				t.Errorf("the journal has no name for %s of %s", match[1], c.file)
			}
		}
		if len(found) < c.least {
			t.Errorf("%s: only %d values are found", c.file, len(found))
		}
	}
}

// TestASubjectIsFoundAsPeopleTypeIt: slugs and ids whatever their capitals.
func TestASubjectIsFoundAsPeopleTypeIt(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	for _, subject := range []string{"occitanie-2", "ses_01KKBFJYM0Z6V0ECPGWG1N40GC", "-iZxNBjDRuB1Zv67IeRqFrCgLF0"} {
		w.note("member-camille", "cohort.changed", subject, nil, nil)
		w.Clock.Advance(time.Second)
	}
	for typed, found := range map[string]bool{
		"occitanie-2": true, "OCCITANIE-2": true, "Occitanie-2%20": true, "occitanie": false,
		"ses_01kkbfjym0z6v0ecpgwg1n40gc": true, "-iZxNBjDRuB1Zv67IeRqFrCgLF0": true, "-izxnbjdrub1zv67ierqfrcglf0": false,
	} {
		if got := strings.Contains(w.page(http.StatusOK, "/equipe/journal?subject="+typed), `<th scope="row">`); got != found {
			t.Errorf("%q: found is %t", typed, got)
		}
	}
}
