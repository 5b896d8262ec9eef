package publishing

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// TestTheFormOffersWhatExists by name: nobody types an identifier.
func TestTheFormOffersWhatExists(t *testing.T) {
	d := newDesk(t)
	d.meets("ses_off", "Annulée", d.Clock.Now().Add(-2*time.Hour), "cancelled")
	d.meets("ses_next", "À venir", d.Clock.Now().Add(48*time.Hour), "planned")
	d.meets("ses_old", "Une vieille rencontre", time.Date(2025, 1, 31, 22, 30, 0, 0, time.UTC), "held") // 23:30 in Paris
	d.meets("ses_feb", "Au matin de février", time.Date(2025, 1, 31, 23, 30, 0, 0, time.UTC), "held")   // 00:30 on 1 February
	sent, _ := d.announceFile("audio/wav", wav(1))
	d.team(200, "POST", "/v1/media/"+sent.ID+"/complete", nil, &sent)
	other, _ := d.announceFile("audio/wav", wav(1)) // never checked
	page := d.shows(200, "/equipe/ressources/nouvelle", `<option value="recits">Récits de territoire</option>`, `<option value="occitanie">Occitanie 2026</option>`,
		`value="ses_1"`, "Permanence de mars, mardi 10 mars 2026, 9 h", "Une vieille rencontre", `<option value="`+sent.ID+`">episode-12-final.wav, 8 ko, 10 mars 2026</option>`,
		`<option value="fr" selected>Français</option>`, "partage dans les mêmes conditions")
	for _, absent := range []string{"ses_off", "ses_next", other.ID} {
		if strings.Contains(page, absent) {
			t.Errorf("%s is offered", absent)
		}
	}
	for month, texts := range map[string][3]string{"2025-01": {"ses_old", "ses_feb", "ses_1"}, "2025-02": {"ses_feb", "ses_old", "ses_1"}} {
		_, page := d.Shows(d.running, d.browser, 422, "/equipe/ressources/nouvelle", url.Values{"faire": {"apercu"}, "mois": {month}, "summary": {"Déjà saisi"}}, "Déjà saisi")
		if !strings.Contains(page, texts[0]) || strings.Contains(page, texts[1]) || strings.Contains(page, texts[2]) {
			t.Errorf("%s: the sessions of another month", month)
		}
	}
	d.Shows(d.running, d.browser, 422, "/equipe/ressources/nouvelle", url.Values{"faire": {"apercu"}, "mois": {"hier"}, "title": {"Un titre"}, "kind": {"article"}}, `id="mois-fault"`)
}

// TestWhatAResourceHasStays in its form, though it is not offered any more.
func TestWhatAResourceHasStays(t *testing.T) {
	d := newDesk(t)
	d.meets("ses_gone", "Annulée depuis", d.Clock.Now().Add(-2*time.Hour), "cancelled")
	in := article("Un récit")
	in["sessions"], in["licence"], in["language"] = []string{"ses_gone", "ses_1"}, "MIT", "sv"
	in["audio"] = map[string]any{"url": "https://ex.fr/a.mp3", "bytes": 10, "seconds": 3750, "mime": "audio/mpeg"}
	d.team(201, "POST", "/v1/resources", in, nil)
	page := d.shows(200, "/equipe/ressources/un-recit/modifier", "Annulée depuis", `<option value="MIT" selected>`, `<option value="sv" selected>`, `value="ses_gone" checked`,
		`value="ses_1" checked`, `value="1:02:30"`, `>https://ex.fr/a.mp3</option>`)
	if !strings.Contains(page, `<option value="recits" selected>Récits de territoire`) {
		t.Error("its series is not chosen")
	}
	form := url.Values{
		"revision": {"1"}, "kind": {"article"}, "title": {"Un récit"}, "summary": {"Ce que nous avons appris."}, "body": {"# Un titre\n\nUn *texte*."}, "authors": {"Ada Martin"},
		"fundamentals": {"1", "2"}, "narrative_dimensions": {"4"}, "series": {"recits"}, "cohort": {"occitanie"}, "sessions": {"ses_1", "ses_gone"},
		"licence": {"MIT"}, "language": {"sv"}, "audio.seconds": {"1:02:30"}, "faire": {"garder"},
	}
	d.Shows(d.running, d.browser, 303, "/equipe/ressources/un-recit/modifier", form)
	var kept resource
	if d.team(200, "GET", "/v1/resources/un-recit", nil, &kept); kept.Revision != 1 {
		t.Errorf("a form that says the same made a version: %+v", kept)
	}
	form["sessions"], form["series"] = []string{"ses_9"}, []string{"rien"}
	d.Shows(d.running, d.browser, 422, "/equipe/ressources/un-recit/modifier", form, `id="sessions-fault"`, `id="series-fault"`, `value="ses_9" checked`, `<option value="rien" selected>`)
}

func TestHowLongARecordingLasts(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "90": 90, "1:30": 90, "42:30": 2550, "1:02:30": 3750, " 0:05 ": 5, "1:75": -1, "1:2:3:4": -1, "hier": -1, "-1": -1, "1:": -1, "99999999999": -1,
	} {
		if got := duration(text); got != want {
			t.Errorf("%q: %d, not %d", text, got, want)
		}
	}
	for _, seconds := range []int{1, 59, 60, 3599, 3600, 3750, 86_400} {
		if got := duration(clock(seconds)); got != seconds {
			t.Errorf("%d becomes %s, then %d", seconds, clock(seconds), got)
		}
	}
}

// TestVersionsAreNamed by who made them, the latest first, page by page.
func TestVersionsAreNamed(t *testing.T) {
	d := newDesk(t)
	d.publishedArticle("Un récit") // by a program whose account has no name
	d.Shows(d.running, d.browser, 422, "/equipe/ressources/un-recit/retirer", url.Values{})
	d.Shows(d.running, d.browser, 303, "/equipe/ressources/un-recit/retirer", url.Values{"sure": {"true"}})
	page := d.shows(200, "/equipe/ressources/un-recit", "Version 3", "Retirée", "Camille Dupré", "Ancien compte", "mardi 10 mars 2026", `href="/equipe/journal?subject=un-recit"`)
	if strings.Contains(page, "member-") {
		t.Error("an account is shown")
	}
	for n := range 20 {
		d.team(200, "PATCH", "/v1/resources/un-recit", map[string]any{"title": fmt.Sprint("Récit ", n)}, nil)
	}
	next := nextLink.FindStringSubmatch(d.shows(200, "/equipe/ressources/un-recit"))
	if next == nil {
		t.Fatal("the versions before are out of reach")
	}
	d.shows(200, strings.TrimSuffix(next[1], "#versions"), "Version 1<", "Écrite", "Revenir aux dernières versions")
}

// TestAnOlderVersionIsReadAndTakenBack: nothing changes until its form is sent.
func TestAnOlderVersionIsReadAndTakenBack(t *testing.T) {
	d := newDesk(t)
	d.team(201, "POST", "/v1/resources", article("Un récit"), nil)
	d.team(200, "PATCH", "/v1/resources/un-recit", map[string]any{"title": "Autre récit", "body": "Perdu.", "series": "", "fundamentals": []int{3}, "published_on": "2026-02-03"}, nil)
	at := "/equipe/ressources/un-recit"
	d.shows(200, at, `<a href="/equipe/ressources/un-recit/versions/1">Version 1</a>`, `<a href="/equipe/ressources/un-recit/versions/2">Version 2</a>`)
	d.shows(200, at+"/versions/1", "Version 1 : Un récit", "<p>Un <em>texte</em>.</p>", `href="/equipe/ressources/un-recit/modifier?version=1"`,
		"<dt>Titre</dt><dd>Vaut maintenant « Autre récit ».</dd>", "<dt>Texte</dt><dd>Vaut maintenant « Perdu. ».</dd>", "<dt>Chantier ou communauté</dt><dd>N’est plus renseigné.</dd>",
		"<dt>Fondamentaux</dt><dd>A changé.</dd>", "<dt>Jour de publication</dt><dd>Vaut maintenant « 3 février 2026 ».</dd>", "Ancien compte", "/versions/2")
	if page := d.shows(200, at+"/versions/2", "la version actuelle", "/versions/1"); strings.Contains(page, "Reprendre") || strings.Contains(page, "/versions/3") {
		t.Error("the current version is offered again")
	}
	for _, none := range []string{"/versions/3", "/versions/0", "/versions/-1", "/versions/un", "/modifier?version=9", "/modifier?version=un"} {
		d.shows(404, at+none)
	}
	page := d.shows(200, at+"/modifier?version=1", "Vous reprenez la version 1", `value="Un récit"`, `name="revision" value="2"`, `<option value="recits" selected>`)
	if strings.Contains(page, "Perdu.") {
		t.Error("the form holds what the resource is")
	}
	var now resource
	if d.team(200, "GET", "/v1/resources/un-recit", nil, &now); now.Revision != 2 {
		t.Errorf("to look at a form changed it: %+v", now)
	}
	d.Shows(d.running, d.browser, 303, at+"/modifier", url.Values{
		"revision": {"2"}, "kind": {"article"}, "title": {"Un récit"}, "summary": {"Ce que nous avons appris."}, "body": {"# Un titre\n\nUn *texte*."}, "authors": {"Ada Martin"},
		"fundamentals": {"1", "2"}, "narrative_dimensions": {"4"}, "series": {"recits"}, "cohort": {"occitanie"}, "sessions": {"ses_1"}, "licence": {defaultLicence}, "language": {"fr"}, "faire": {"garder"},
	})
	d.shows(200, at+"/versions/1", "la version actuelle dit la même chose")
}

// TestARecordingThatStandsElsewhereStays: the form that takes a version back
// has no field for it.
func TestARecordingThatStandsElsewhereStays(t *testing.T) {
	d := newDesk(t)
	in := article("Un récit")
	in["audio"] = map[string]any{"url": "https://ex.fr/a.mp3", "bytes": 10, "seconds": 60, "mime": "audio/mpeg"}
	d.team(201, "POST", "/v1/resources", in, nil)
	d.team(200, "PATCH", "/v1/resources/un-recit", map[string]any{"audio": map[string]any{"url": "https://ex.fr/b.mp3", "bytes": 10, "seconds": 90, "mime": "audio/mpeg"}}, nil)
	d.shows(200, "/equipe/ressources/un-recit/modifier?version=1", `>https://ex.fr/b.mp3</option>`, `value="1:30"`)
	d.shows(200, "/equipe/ressources/un-recit/versions/1", "<dt>Enregistrement</dt><dd>A changé.</dd>", "https://ex.fr/a.mp3")
}

// TestTheTrailSaysWhatChanged: each field before and after, of a text that it
// is another; of authors nothing before they are public.
func TestTheTrailSaysWhatChanged(t *testing.T) {
	w := newWorld(t)
	last := func() (before, after map[string]string) {
		t.Helper()
		var found map[string]any
		for _, entry := range w.Dump(function.Audit) {
			if found == nil || fmt.Sprint(entry["sk"]) > fmt.Sprint(found["sk"]) {
				found = entry
			}
		}
		if text, ok := found["before"].(string); ok {
			if err := json.Unmarshal([]byte(text), &before); err != nil {
				t.Fatal(err)
			}
		}
		if err := json.Unmarshal([]byte(found["after"].(string)), &after); err != nil {
			t.Fatal(err)
		}
		w.Clock.Set(w.Clock.Now().Add(time.Minute))
		return before, after
	}
	var made resource
	w.team(201, "POST", "/v1/resources", article("Un titre"), &made)
	if before, after := last(); before != nil || after["title"] != "Un titre" || after["authors"] != audit.Masked || after["state"] != "draft" || after["fundamentals"] != "1, 2" || after["body.characters"] == "" {
		t.Errorf("created: %v %v", before, after)
	}
	path := "/v1/resources/un-titre"
	w.team(200, "PATCH", path, map[string]any{"authors": []string{"Bo Li"}}, nil)
	if before, after := last(); before["authors"] != audit.Masked || after["authors"] != audit.Masked || len(after) != 2 {
		t.Errorf("authors of a draft: %v %v", before, after)
	}
	w.team(200, "POST", path+"/publish", nil, nil)
	if before, after := last(); fmt.Sprint(before) != "map[published_on: revision:2 state:draft]" || fmt.Sprint(after) != "map[published_on:2026-03-10 revision:3 state:published]" {
		t.Errorf("published: %v %v", before, after)
	}
	w.team(200, "PATCH", path, map[string]any{"title": "Autre titre", "authors": []string{"Bo", "Cy"}, "url": "https://ex.fr/", "body": "# Un titre\n\nUn *texto*."}, nil)
	before, after := last()
	if before["title"] != "Un titre" || after["title"] != "Autre titre" || before["authors"] != "Bo Li" || after["authors"] != "Bo, Cy" || after["url"] != "https://ex.fr/" ||
		before["body.hash"] == after["body.hash"] || after["body.characters"] != "" || after["state"] != "" || len(after) != 5 {
		t.Errorf("changed: %v %v", before, after)
	}
	for _, entry := range w.Dump(function.Audit) {
		if text := fmt.Sprint(entry["before"], entry["after"]); strings.Contains(text, "texte*") || strings.Contains(text, "Ada") {
			t.Errorf("the trail keeps a text, or who signs a draft: %s", text)
		}
	}
}
