package publishing

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// deskWorld is a library and a member of the team who looks at it.
type deskWorld struct {
	*world
	browser functiontest.Browser
}

func newDesk(t *testing.T) deskWorld {
	w := newWorld(t)
	return deskWorld{w, w.Browser(auth.RoleTeam)}
}

// shows opens a page of the team.
func (d deskWorld) shows(status int, path string, texts ...string) string {
	d.t.Helper()
	_, page := d.Shows(d.running, d.browser, status, path, nil, texts...)
	return page
}

// sheet are the rows of a CSV, without its heading.
func (d deskWorld) sheet(path string) (header []string, rows [][]string) {
	d.t.Helper()
	answer := d.Do(d.running, "GET", path, nil, d.browser.Headers...)
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(answer.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || answer.Code != 200 || len(all) == 0 {
		d.t.Fatalf("%s: %d %v %s", path, answer.Code, err, answer.Body)
	}
	return all[0], all[1:]
}

var resourceLink = regexp.MustCompile(`<th scope="row"><a href="/equipe/(?:ressources|fichiers)/([^"]+)"`)
var nextLink = regexp.MustCompile(`<a href="([^"]+)" rel="next">`)

// pagesOf are the lines of a list of the team, page by page.
func (d deskWorld) pagesOf(path string) (pages [][]string) {
	d.t.Helper()
	for path != "" {
		page, lines := d.shows(200, path), []string{}
		for _, match := range resourceLink.FindAllStringSubmatch(page, -1) {
			lines = append(lines, match[1])
		}
		pages = append(pages, lines)
		if strings.Contains(page, "Revenir au début") != strings.Contains(path, "cursor=") {
			d.t.Errorf("%s: the way back to the beginning", path)
		}
		path = ""
		if next := nextLink.FindStringSubmatch(page); next != nil {
			path = strings.ReplaceAll(next[1], "&amp;", "&")
		}
	}
	return pages
}

// TestTheTeamsListIsNarrowed alike on the page, in the API and in the file.
func TestTheTeamsListIsNarrowed(t *testing.T) {
	d := newDesk(t)
	write := func(title string, changes map[string]any) {
		in := article(title)
		maps.Copy(in, changes)
		d.team(201, "POST", "/v1/resources", in, nil)
		d.Clock.Set(d.Clock.Now().Add(time.Minute))
	}
	write("L’été des récits", map[string]any{"published_on": "2025-07-01"})
	write("Forêts", map[string]any{"kind": "podcast", "authors": []string{"Zoé Œuvrard"}, "series": "", "cohort": "", "published_on": "2026-01-02"})
	write("Rivières", map[string]any{"kind": "podcast", "cohort": ""})
	d.team(200, "POST", "/v1/resources/forets/publish", nil, nil)
	for query, want := range map[string]string{
		"":                             "forets rivieres l-ete-des-recits",
		"q=ETE+recit":                  "l-ete-des-recits",
		"q=oeuvrard":                   "forets",
		"q=zoe+for":                    "forets",
		"q=charbon":                    "",
		"kind=podcast":                 "forets rivieres",
		"status=draft":                 "rivieres l-ete-des-recits",
		"status=published":             "forets",
		"series=recits":                "rivieres l-ete-des-recits",
		"cohort=occitanie":             "l-ete-des-recits",
		"year=2026":                    "forets",
		"year=2025&kind=podcast":       "",
		"kind=podcast&series=recits":   "rivieres",
		"kind=podcast&status=draft":    "rivieres",
		"status=draft&cohort=ailleurs": "",
	} {
		var page deskPage
		d.team(200, "GET", "/v1/library?"+query, nil, &page)
		var inAPI, inFile []string
		for _, entry := range page.Items {
			inAPI = append(inAPI, entry.Slug)
		}
		_, rows := d.sheet("/equipe/ressources.csv?" + query)
		for _, row := range rows {
			inFile = append(inFile, row[0])
		}
		onPage := strings.Join(d.pagesOf("/equipe/ressources?" + query)[0], " ")
		if onPage != want || strings.Join(inAPI, " ") != want || strings.Join(inFile, " ") != want {
			t.Errorf("%s: %q on the page, %q in the API, %q in the file, instead of %q", query, onPage, inAPI, inFile, want)
		}
	}
	d.shows(200, "/equipe/ressources?kind=podcast&q=fo", `<option value="podcast" selected>Podcast`, `value="fo"`, `<option value="recits">Récits de territoire`,
		`<option value="occitanie">Occitanie 2026`, `href="/equipe/ressources.csv?kind=podcast&amp;q=fo"`, `href="/equipe/ressources.xlsx?kind=podcast&amp;q=fo"`,
		`<details class="filters" open>`, `data-label="État"`, "2 janvier 2026", "Publiée", "Zoé Œuvrard")
	d.shows(200, "/equipe/ressources?q=charbon", "Aucune ressource ne correspond")
}

// TestTheListsOfTheTeamGoOn by cursors, narrowed or not.
func TestTheListsOfTheTeamGoOn(t *testing.T) {
	d := newDesk(t)
	for n := range 45 {
		at := d.Clock.Now().Add(time.Duration(n) * time.Second)
		kind := []Kind{Article, Podcast}[n%2]
		item := resourceItem{Slug: fmt.Sprintf("recit-%02d", n), State: draft, Revision: 1, CreatedAt: at, UpdatedAt: at}
		item.take(resourceInput{Kind: kind, Title: "Récit", Language: "fr"}, nil)
		item.Key = resourceKey(item.Slug)
		item.place()
		d.put(d.table, item)
		file := mediaItem{ID: fmt.Sprintf("med_%02d", n), Name: "fichier.pdf", Type: []string{"application/pdf", "image/png"}[n%2], State: ready, CreatedAt: at}
		file.Key, file.Files, file.FilesAt = mediaKey(file.ID), allFiles, at.UTC().Format(instant)+"#"+file.ID
		d.put(d.table, file)
	}
	for path, want := range map[string][3]int{
		"/equipe/ressources": {20, 20, 5}, "/equipe/ressources?kind=article": {20, 3}, "/equipe/ressources?kind=podcast&q=recit": {20, 2},
		"/equipe/fichiers": {20, 20, 5}, "/equipe/fichiers?type=document": {20, 3}, "/equipe/fichiers?type=image&q=fichier": {20, 2},
	} {
		seen := map[string]bool{}
		pages := d.pagesOf(path)
		var sizes [3]int
		for i, page := range pages {
			sizes[min(i, 2)] = len(page)
			for _, line := range page {
				seen[line] = true
			}
		}
		if sizes != want || len(seen) != want[0]+want[1]+want[2] {
			t.Errorf("%s: pages of %v, %d in all, instead of %v", path, sizes, len(seen), want)
		}
		list, query, _ := strings.Cut(path, "?")
		_, rows := d.sheet(list + ".csv?" + query)
		if len(rows) != len(seen) {
			t.Errorf("%s: %d rows in the file", path, len(rows))
		}
	}
}

// TestABadFilterIsToldBesideItsField, in a page with the form of the list.
func TestABadFilterIsToldBesideItsField(t *testing.T) {
	d := newDesk(t)
	d.publishedArticle("Un récit")
	long := strings.Repeat("a", 201)
	for path, texts := range map[string][]string{
		"/equipe/ressources?kind=rien&year=hier":            {`href="#kind"`, `id="kind-fault"`, `href="#year"`, "2 points sont à corriger", `value="hier"`},
		"/equipe/ressources?status=x":                       {`id="status-fault"`, "Choisissez un état de la liste."},
		"/equipe/ressources?series=É&cohort=É":              {`id="series-fault"`, `id="cohort-fault"`},
		"/equipe/ressources?q=" + long:                      {`id="q-fault"`, "Cherchez moins de mots"},
		"/equipe/ressources?cursor=hasard":                  {"repartez du début de la liste"},
		"/equipe/ressources?cursor=eyJkZXNrX2F0IjoieCJ9":    {"repartez du début de la liste"}, // {"desk_at":"x"}
		"/equipe/fichiers?type=x&status=y":                  {`id="type-fault"`, `id="status-fault"`, "2 points sont à corriger"},
		"/equipe/fichiers?cursor=hasard&q=a":                {"repartez du début de la liste", `value="a"`},
		"/equipe/ressources/un-recit?cursor=hasard":         {"repartez du début de la liste", "Ce que voient"},
		"/equipe/ressources/un-recit?cursor=eyJzayI6IngifQ": {"repartez du début de la liste"}, // {"sk":"x"}
	} {
		if page := d.shows(422, path, append(texts, "Erreur")...); !strings.Contains(page, `role="search"`) && !strings.Contains(path, "un-recit") {
			t.Errorf("%s shows no form", path)
		}
	}
	for _, path := range []string{"/equipe/ressources.csv?kind=rien", "/equipe/fichiers.xlsx?type=x", "/v1/library?kind=rien"} {
		if answer := d.Do(d.running, "GET", path, nil, d.Bearer("team")...); answer.Code != 422 {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
}

// TestTheListIsAFileForPeople: French all through, and who took it is noted.
func TestTheListIsAFileForPeople(t *testing.T) {
	d := newDesk(t)
	in := article("=Une somme")
	in["language"], in["kind"] = "en-GB", "special_issue"
	d.team(201, "POST", "/v1/resources", in, nil)
	d.team(200, "POST", "/v1/resources/une-somme/publish", nil, nil)
	header, rows := d.sheet("/equipe/ressources.csv?q=somme&kind=special_issue")
	want := []string{"une-somme", "'=Une somme", "Numéro spécial", "Publiée", "Ada Martin", "Récits de territoire", "Occitanie 2026", "Anglais (GB)", "CC BY-SA 4.0",
		"2026-03-10", "2026-03-10T09:00:00Z", "2", "http://127.0.0.1:8080/ressources/une-somme"}
	if len(rows) != 1 || !slices.Equal(rows[0][:10], want[:10]) || rows[0][11] != "2" || rows[0][12] != want[12] || header[3] != "État" || len(header) != len(want) {
		t.Errorf("%q %q", header, rows)
	}
	if answer := d.Do(d.running, "GET", "/equipe/ressources.xlsx", nil, d.browser.Headers...); answer.Code != 200 || !strings.HasPrefix(answer.Body.String(), "PK") {
		t.Errorf("XLSX: %d", answer.Code)
	}
	var taken []string
	for _, entry := range d.Dump(function.Audit) {
		if entry["action"] == "export" {
			taken = append(taken, fmt.Sprint(entry["who"], " ", entry["subject"], " ", entry["after"]))
		}
	}
	if len(taken) != 2 || !slices.ContainsFunc(taken, func(said string) bool {
		return strings.HasPrefix(said, "member-team ressources") && strings.Contains(said, `"searched":"oui"`) && strings.Contains(said, `"rows":1`) && !strings.Contains(said, "somme")
	}) {
		t.Errorf("%q", taken)
	}
}

// TestFilesAreListed with what they are, who sent them and what leads to them.
func TestFilesAreListed(t *testing.T) {
	d := newDesk(t)
	_, page := d.Shows(d.running, d.browser, 200, "/equipe/fichiers", url.Values{"name": {"Été à Figeac"}, "type": {"audio/wav"}}, "Choisir le fichier")
	id := regexp.MustCompile(`med_\w+`).FindString(page)
	d.shows(200, "/equipe/fichiers", "ete-a-figeac.wav", "Attendu", "Camille Dupré", `href="/equipe/fichiers/`+id+`"`)
	sent, _ := d.announceFile("audio/wav", wav(1))
	d.team(200, "POST", "/v1/media/"+sent.ID+"/complete", nil, &sent)
	shown := article("Qui le montre")
	shown["body"] = "![Une image](" + sent.URL + ")"
	d.team(201, "POST", "/v1/resources", shown, nil)
	heard := article("Qui l’écoute")
	heard["kind"], heard["audio"] = "podcast", map[string]any{"media": sent.ID, "seconds": 1}
	d.team(201, "POST", "/v1/resources", heard, nil)
	for query, want := range map[string]string{
		"": sent.ID + " " + id, "q=figeac+ete": id, "status=awaited": id, "status=ready": sent.ID, "type=audio": sent.ID + " " + id, "type=image": "", "status=refused": "",
	} {
		if got := strings.Join(d.pagesOf("/equipe/fichiers?" + query)[0], " "); got != want {
			t.Errorf("%s: %s, not %s", query, got, want)
		}
	}
	d.shows(200, "/equipe/fichiers?status=ready", "Vérifié", "8 ko", `href="/equipe/ressources/qui-le-montre"`, `href="/equipe/ressources/qui-l-ecoute"`)
	d.shows(200, "/equipe/fichiers/"+sent.ID, "Qui le montre", "Qui l’écoute", "Ancien compte")
	_, rows := d.sheet("/equipe/fichiers.csv?status=ready")
	if len(rows) != 1 || rows[0][1] != "episode-12-final.wav" || rows[0][2] != "Enregistrement WAV" || rows[0][3] != "8044" || rows[0][4] != "Vérifié" ||
		rows[0][7] != "http://127.0.0.1:8080"+sent.URL || rows[0][8] != "Qui le montre ; Qui l’écoute" {
		t.Errorf("%q", rows)
	}
	d.Clock.Set(d.Clock.Now().Add(25 * time.Hour))
	d.browser = d.Browser(auth.RoleTeam)
	if got := d.pagesOf("/equipe/fichiers"); fmt.Sprint(got) != "[["+sent.ID+"]]" {
		t.Errorf("what never came is listed: %v", got)
	}
}
