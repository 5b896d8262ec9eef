package tests

import (
	"html"
	"net/http"
	"regexp"
	"testing"
)

// recordLinks are those of the journal's entries to what was changed.
var recordLinks = regexp.MustCompile(`<th scope="row">([^<]*)<br><a href="([^"]+)"`)

// TestEveryEntryLeadsToItsRecord follows the links of the journal to the pages
// of other functions, once each kind of thing was changed.
func TestEveryEntryLeadsToItsRecord(t *testing.T) {
	v := serve(t)
	v.stage()
	c := v.client()
	c.enters(asAdministrator, "/equipe")
	c.send("/equipe/allies.csv", nil)
	followed := map[string]bool{}
	for path := "/equipe/journal?limit=100"; path != ""; {
		page := c.send(path, nil).body
		for _, link := range recordLinks.FindAllStringSubmatch(page, -1) {
			what, to := link[1], html.UnescapeString(link[2])
			if followed[what] {
				continue
			}
			followed[what] = true
			if answer := c.send(to, nil); answer.status != http.StatusOK {
				t.Errorf("%s: %s: %d", what, to, answer.status)
			}
		}
		path = ""
		if next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(page); next != nil {
			path = html.UnescapeString(next[1])
		}
	}
	t.Logf("%d kinds of entries lead somewhere: %v", len(followed), followed)
	for _, what := range []string{"Export d’une liste", "Rencontre créée", "Série créée", "Cohorte créée", "Ressource créée", "Ressource publiée", "Fichier annoncé", "Fait enregistré", "Bilan clôturé", "Présences notées"} {
		if !followed[what] {
			t.Errorf("no entry of %s leads to its record", what)
		}
	}
}
