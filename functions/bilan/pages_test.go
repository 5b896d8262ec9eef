package bilan

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/thedatashed/xlsxreader"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// shows asks for a page and checks what it says, all spaces being one.
func (w *world) shows(path string, texts []string, headers ...string) string {
	w.t.Helper()
	answer := w.Do(w.running, "GET", path, nil, append([]string{"Accept", "text/html"}, headers...)...)
	body := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(answer.Body.String())
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, answer.Code, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			w.t.Errorf("%s does not say %q:\n%s", path, text, body)
		}
	}
	if strings.Contains(body, " style=") || strings.Contains(body, "<script") {
		w.t.Errorf("%s has what the policy of pages forbids", path)
	}
	return body
}

// published is a world with a published 2025, one correction, and an open 2026.
func published(t testing.TB) *world {
	w := newWorld(t)
	w.full()
	team := w.Bearer("team")
	w.call(http.StatusOK, "POST", "/v1/bilans/2025/close", nil, nil, team...)
	w.call(http.StatusOK, "POST", "/v1/bilans/2025/publish", nil, nil, team...)
	late := []ledger.Fact{w.told("intervention.v1", paris("2025-12-03 10:00"), map[string]any{"title": "L’œuvre <commune>"}),
		w.told("territory.enrolled.v1", paris("2025-12-04 10:00"), map[string]any{"cohort": "bretagne", "territory": "46102", "enrolled_on": "2025-12-04", "source": "application"})}
	w.append(late...)
	w.projectAll(late...)
	return w
}

// TestPagesOfAYear says each figure with its change, charts with their tables,
// the map, corrections and the hash.
func TestPagesOfAYear(t *testing.T) {
	w := published(t)
	w.shows("/bilans", []string{`<a href="/bilans/2026">Bilan 2026</a>`, `<span class="tag">En cours</span>`, "Publié le 10 mars 2026"})
	body := w.shows("/bilans/2025", []string{
		"34 chiffres en 4 chapitres", "Publié le 10 mars 2026", "2 corrections depuis", `href="/v1/bilans/2025.pdf"`,
		`<h2 id="chapitre-3">3. L’ingénierie par et pour les territoires</h2>`, "<h3>La mise en récit</h3>",
		`<a href="/bilans/2025/figures/allies.organisations"><strong>7</strong> Organisations alliées</a> <small>&#43; 1 par rapport à 2024</small>`,
		`<strong>1</strong> Thèses en cours</a> <small>comme en 2024</small>`,
		`<svg viewBox="0 0 340 `, `role="img" aria-label="Qui vient, selon le format"`,
		`<caption class="unseen">Qui vient, selon le format, en tableau</caption>`, "Barre pleine : 2025 ; barre hachurée : 2024",
		"« J’ai gagné du temps »", `<th scope="row">Ille-et-Vilaine (35)</th><td>Rennes</td>`, `class="in"`,
		`<a href="/bilans/2025/figures/interventions.all">`, "L’œuvre &lt;commune&gt;", `<th scope="row"><a href="/bilans/2025/figures/territories.accompanied">Territoires accompagnés</a></th><td class="number">1</td><td class="number">2</td>`,
	})
	bilan := w.bilan(2025)
	if !strings.Contains(body, "<code>"+bilan.Hash+"</code>") || len(bilan.Territories) != 1 || bilan.Territories[0] != (report.Territory{Code: "35238", Name: "Rennes"}) {
		t.Errorf("%s %+v", bilan.Hash, bilan.Territories)
	}
	for _, chapter := range bilan.Chapters {
		for _, f := range chapter.Figures {
			if want := "<strong" + words(f) + ">" + plain(f.Shown()) + "</strong> " + plain(f.Label); !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	}
	for _, f := range bilan.Chapters[0].Figures {
		if !strings.Contains(body, "<p>"+plain(f.Definition)+"</p></li>") {
			t.Errorf("no definition of %s for who prints", f.ID)
		}
	}
	if most := 36_000; len(body) > most { // with the 20 KB of the stylesheet, far from the 60 of a page
		t.Errorf("the page weighs %d bytes", len(body))
	}
	w.shows("/bilans/2026", []string{"En cours", "Chiffres au 10 mars 2026", `href="/bilans/2026/territoires"`})
	w.shows("/bilans/2026/territoires", []string{"Territoires accompagnés en 2026", "1 territoire dans", "Rennes"})
	w.shows("/bilans/2025/territoires", []string{"Rennes", `<a href="/bilans/2025">Revenir au bilan 2025</a>`})
	for _, path := range []string{"/bilans/1999", "/bilans/2025/figures/nothing", "/bilans/1999/territoires", "/v1/bilans/2025.doc", "/v1/bilans/1999.pdf"} {
		if answer := w.Do(w.running, "GET", path, nil, "Accept", "text/html"); answer.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
}

func words(f report.Figure) string {
	if f.Rounded != "" {
		return ` class="words"`
	}
	return ""
}

func plain(text string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(text)
}

// TestAFigureOpens for anyone onto its definition and its count, for the team
// onto as many records.
func TestAFigureOpens(t *testing.T) {
	w := published(t)
	const path = "/bilans/2025/figures/cohort.occitanie.territories"
	open := w.shows(path, []string{"Territoires de la cohorte Occitanie", "Territoires distincts de cette cohorte régionale.", `<a href="/bilans/2025">Bilan 2025</a>, chapitre 3`,
		"<dt>Éléments comptés</dt><dd>1</dd>", "version 1 de la définition", "Cette liste est réservée à l’équipe"})
	if strings.Contains(open, "Rennes") || strings.Contains(open, "fact_") {
		t.Error("anyone sees the records")
	}
	w.shows(path, []string{"Rennes (35238)", "Entrée d’un territoire", "5 février 2025"}, w.Bearer("team")...)
	if body := w.shows("/bilans/2025/figures/permanences.held", []string{`<th scope="row">Présences d’une rencontre du 5 février 2025`}, w.Bearer("team")...); strings.Contains(body, "session.held") {
		t.Error("it speaks of types of facts")
	}
	w.shows("/bilans/2025/figures/interventions.all", []string{"1 publié, 2 avec cette correction"})
	w.shows("/bilans/2026/figures/permanences.participants", []string{fmt.Sprintf("<dd>%d</dd>", len(pseudonymsOfTest))})
	first := w.shows("/bilans/2026/figures/permanences.participants?limit=1", nil, w.Bearer("team")...)
	if more := strings.Contains(first, "Page suivante"); more != (len(pseudonymsOfTest) > 1) || strings.Count(first, `<tr><th scope="row">`) != 1 {
		t.Errorf("more: %v\n%s", more, first)
	}
}

// TestEffectsAndTheMapOpen like figures, in a published year and an open one.
func TestEffectsAndTheMapOpen(t *testing.T) {
	w := published(t)
	more := w.told("session.feedback.v1", paris("2025-12-03 10:00"), map[string]any{"effects": map[string]int{"trust": 5}})
	w.append(more)
	w.projectAll(more)
	for year, base := range map[int]string{2025: "/bilans/2025", 2026: "/bilans/2026"} {
		for id, want := range map[string]figureView{
			"effect.trust":            {Mean: 2, FactsCount: 1},
			"effect.alliance":         {Mean: 5, FactsCount: 1},
			"territories.accompanied": {FactsCount: 1},
		} {
			var open, team figureView
			w.call(http.StatusOK, "GET", "/v1"+base+"/figures/"+id, nil, &open)
			w.call(http.StatusOK, "GET", "/v1"+base+"/figures/"+id, nil, &team, w.Bearer("team")...)
			if open.ID != id || open.Mean != want.Mean || open.FactsCount != want.FactsCount || open.Facts != nil || len(team.Facts) != want.FactsCount || open.Definition == "" {
				t.Errorf("%d %s: %+v, for the team %+v", year, id, open, team)
			}
			if sum := int(want.Mean); sum > 0 && (open.Value != sum || w.bilan(year).Effects[strings.TrimPrefix(id, "effect.")].Mean != open.Mean) {
				t.Errorf("%d %s: %+v", year, id, open)
			}
		}
	}
	w.shows("/bilans/2025", []string{`<a href="/bilans/2025/figures/effect.trust">Confiance</a>`, `href="/bilans/2025/figures/territories.accompanied"`})
	w.shows("/bilans/2025/figures/effect.trust", []string{"<strong>2</strong>sur 5 en moyenne <small>2 points pour 1 réponse</small>", `Bilan 2025</a></dd>`, "1 publié, 2 avec cette correction"})
	w.shows("/bilans/2025/figures/territories.accompanied", []string{"Rennes (35238)", "<strong>1</strong>"}, w.Bearer("team")...)
	w.shows("/bilans/2026/territoires", []string{`href="/bilans/2026/figures/territories.accompanied"`})
	if rows := string(w.file("/v1/bilans/2025.csv", csvType)); !strings.Contains(rows, ",effect.trust,") {
		t.Error("exports give another id")
	}
}

// TestExportsSayWhatTheAPISays compares every number of each form of a year
// with its JSON, as independent programs read them.
func TestExportsSayWhatTheAPISays(t *testing.T) {
	w := published(t)
	for _, year := range []int{2025, 2026} {
		bilan, same := w.bilan(year), report.Report{}
		base := fmt.Sprintf("/v1/bilans/%d", year)
		w.call(http.StatusOK, "GET", base+".json", nil, &same)
		if fmt.Sprintf("%+v", values(same)) != fmt.Sprintf("%+v", values(bilan)) || len(values(bilan)) != 34 || same.Hash != bilan.Hash {
			t.Errorf("%d: .json is another year", year)
		}
		rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(w.file(base+".csv", "text/csv; charset=utf-8"), []byte("\ufeff")))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		inCSV := map[string]int{}
		for _, row := range rows {
			if value, err := strconv.Atoi(row[4]); err == nil && row[0] != "" {
				inCSV[row[2]] = value
			}
		}
		book, err := xlsxreader.NewReader(w.file(base+".xlsx", xlsxType))
		if err != nil {
			t.Fatal(err)
		}
		inBook := map[string]int{}
		for row := range book.ReadRows("Chiffres") {
			if value, err := strconv.Atoi(row.Cells[4].Value); err == nil {
				inBook[row.Cells[2].Value] = value
			}
		}
		if want := fmt.Sprintf("%+v", values(bilan)); fmt.Sprintf("%+v", inCSV) != want || fmt.Sprintf("%+v", inBook) != want {
			t.Errorf("%d\ncsv  %v\nxlsx %v\njson %v", year, inCSV, inBook, want)
		}
		text := w.paper(base + ".pdf")
		for _, chapter := range bilan.Chapters {
			for _, f := range chapter.Figures {
				said := f.Exact() + " "
				if f.Rounded != "" {
					said = f.Rounded + " " + f.Exact() + " exactement "
				}
				if !strings.Contains(text, plain(said+f.Label)) {
					t.Errorf("%d: the PDF does not say %q", year, said+f.Label)
				}
			}
		}
		if !strings.Contains(text, fmt.Sprintf("/bilans/%d", year)) || !strings.Contains(text, plain(french.Number(34))+" chiffres") {
			t.Error("the PDF does not say where to check it")
		}
	}
}

// file is an export, which must be of this type.
func (w *world) file(path, mediaType string) []byte {
	w.t.Helper()
	answer := w.Do(w.running, "GET", path, nil)
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != mediaType || !strings.Contains(answer.Header().Get("Content-Disposition"), `filename="bilan-20`) {
		w.t.Fatalf("%s: %d %v", path, answer.Code, answer.Header())
	}
	return answer.Body.Bytes()
}

// paper is the text of a PDF as pdftotext reads it, all white space being one space.
func (w *world) paper(path string) string {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "bilan.pdf")
	if err := os.WriteFile(file, w.file(path, pdfType), 0o600); err != nil {
		w.t.Fatal(err)
	}
	text, err := exec.CommandContext(w.t.Context(), "pdftotext", "-raw", file, "-").Output()
	if err != nil {
		w.t.Fatalf("pdftotext (Debian: poppler-utils): %v", err)
	}
	return strings.Join(strings.Fields(plain(string(text))), " ")
}
