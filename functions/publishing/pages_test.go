package publishing

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// says asks for a page as a browser does and looks for texts in it.
func (w *world) says(status int, path string, texts ...string) (body string, header http.Header) {
	w.t.Helper()
	answer := w.Do(w.running, "GET", path, nil, "Accept", "text/html")
	body = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(answer.Body.String())
	if answer.Code != status {
		w.t.Fatalf("%s: %d %s", path, answer.Code, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			w.t.Errorf("%s does not say %q:\n%s", path, text, body)
		}
	}
	return body, answer.Header()
}

func TestPagesForReaders(t *testing.T) {
	w := newWorld(t)
	w.says(200, "/ressources", "0 ressource", "Les premières ressources arrivent bientôt")
	made := w.publishedArticle("Les « récits » & <b>l’été</b>")
	w.publishedArticle("Une suite")
	page, _ := w.says(200, "/ressources?q=l%27ete", "1 ressource", "Article", "(1)", `href="/ressources?kind=article&amp;q=l%27ete"`, `value="l&#39;ete"`, "Sorte")
	if strings.Contains(page, "<b>l’été") || strings.Contains(page, "Une suite") {
		t.Error(page)
	}
	w.says(200, "/ressources?q=appri", "2 ressources", "<mark>appris</mark>")
	w.says(200, "/ressources?kind=article&fundamental=2", "2 ressources", "Enlever le filtre", "Coopérer et tenir le cap")
	w.says(200, "/ressources?series=recits", "Série : Récits de territoire", "Occitanie 2026 <span")
	w.says(200, "/ressources?kind=podcast", "Rien ne correspond")
	for address, texts := range map[string][]string{
		"/ressources?kind=rien&fundamental=9":             {"Erreur", "2 points sont à corriger", "Cette sorte de ressource n’existe pas.", "Voir toutes les ressources"},
		"/ressources?q=" + strings.Repeat("a", 201):       {`id="q-fault"`, `href="#q"`, "Cherchez moins de mots à la fois."},
		"/ressources?q=appris&kind=article&cursor=hasard": {"repartez du début de la liste", `value="appris"`},
	} {
		w.says(422, address, append(texts, `role="search"`)...)
	}

	path := "/ressources/" + made.Slug
	page, headers := w.says(200, path, "Ce que nous avons appris.", "Ada Martin", "Permanence de mars", ">Récits de territoire</a>", ">Occitanie 2026</a>", "À lire ensuite", "Une suite", "@article{"+made.Slug,
		"CC BY-SA 4.0", `<link rel="canonical" href="http://127.0.0.1:8080`+path+`">`, `property="og:image" content="http://127.0.0.1:8080`+path+`/carte.png"`,
		`type="application/atom+xml"`, "Ada Martin. « Les « récits »")
	if !strings.Contains(headers.Get("Content-Security-Policy"), "media-src 'self' http://127.0.0.1:") || strings.Contains(page, "<b>") {
		t.Error(headers)
	}
	linked := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`).FindStringSubmatch(page)
	var data map[string]any
	if len(linked) != 2 || json.Unmarshal([]byte(linked[1]), &data) != nil || data["@type"] != "Article" || data["headline"] != strings.ReplaceAll(made.Title, "\u00a0", " ") {
		t.Errorf("%v", linked)
	}
	w.says(200, path+"/citation.bib", `title = {{Les « récits » \& <b>l’été</b>}}`, "author = {{Ada Martin}}")
	answer := w.Do(w.running, "GET", path+"/carte.png", nil)
	picture, err := png.DecodeConfig(bytes.NewReader(answer.Body.Bytes()))
	if err != nil || picture.Width != 1200 || picture.Height != 630 || answer.Body.Len() > 60_000 {
		t.Errorf("%v %+v, %d bytes", err, picture, answer.Body.Len())
	}
	w.call(304, "GET", path+"/carte.png", nil, nil, "If-None-Match", answer.Header().Get("ETag"))
	answer = w.Do(w.running, "GET", "/podcast.png", nil)
	if square, err := png.DecodeConfig(answer.Body); err != nil || square.Width != 1400 || square.Height != 1400 {
		t.Errorf("%v %+v", err, square)
	}
	w.says(200, "/sitemap.xml", "<loc>http://127.0.0.1:8080"+path+"</loc>")

	w.team(200, "POST", "/v1/resources/"+made.Slug+"/withdraw", nil, nil)
	w.says(410, path, "Cette ressource a été retirée", "Voir les autres ressources")
	w.call(410, "GET", path+"/carte.png", nil, nil)
	w.says(404, "/ressources/rien")
	if page, _ := w.says(200, "/sitemap.xml"); strings.Contains(page, path) {
		t.Error("the sitemap leads to what is withdrawn")
	}
}

// TestFeedsAreFollowed: what changed is told once, what did not is 304.
func TestFeedsAreFollowed(t *testing.T) {
	w := newWorld(t)
	empty := w.call(200, "GET", "/ressources/feed.atom", nil, nil)
	w.call(200, "GET", "/podcast.rss", nil, nil)
	sent, _ := w.announceFile("audio/wav", wav(3))
	w.team(200, "POST", "/v1/media/"+sent.ID+"/complete", nil, nil)
	episode := article("Un épisode")
	episode["kind"], episode["episode"], episode["audio"] = "podcast", 12, map[string]any{"media": sent.ID, "seconds": 3}
	var made resource
	w.team(201, "POST", "/v1/resources", episode, &made)
	w.team(200, "POST", "/v1/resources/"+made.Slug+"/publish", nil, &made)
	w.call(200, "GET", "/ressources/feed.atom", nil, nil, "If-None-Match", empty.Get("ETag"))

	for _, path := range []string{"/ressources/feed.atom", "/podcast.rss"} {
		_, headers := w.says(200, path, "Un épisode", "http://127.0.0.1:8080/media/"+sent.ID+"/episode-12-final.wav", `length="24044"`, `type="audio/wav"`, made.ID)
		w.call(304, "GET", path, nil, nil, "If-None-Match", headers.Get("ETag"))
		w.call(304, "GET", path, nil, nil, "If-Modified-Since", headers.Get("Last-Modified"))
		w.call(200, "GET", path, nil, nil, "If-Modified-Since", "Mon, 09 Mar 2026 10:00:00 GMT")
	}
	w.says(200, "/podcast.rss", "<itunes:episode>12</itunes:episode>", "<podcast:transcript", `isPermaLink="false"`)
	w.team(200, "PATCH", "/v1/resources/"+made.Slug, map[string]any{"title": "Autrement dit"}, nil)
	w.says(200, "/podcast.rss", "Autrement dit", made.ID)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	_, before := w.says(200, "/podcast.rss")
	w.team(200, "POST", "/v1/resources/"+made.Slug+"/withdraw", nil, nil)
	w.call(200, "GET", "/podcast.rss", nil, nil, "If-Modified-Since", before.Get("Last-Modified"))
	if page, _ := w.says(200, "/podcast.rss"); strings.Contains(page, "<item>") {
		t.Error(page)
	}
}

type harvested struct {
	Headers []struct {
		Status     string `xml:"status,attr"`
		Identifier string `xml:"identifier"`
	} `xml:"ListRecords>record>header"`
	Token  string `xml:"ListRecords>resumptionToken"`
	Errors []struct {
		Code string `xml:"code,attr"`
	} `xml:"error"`
}

// TestALibraryIsHarvested in three pages; what is withdrawn is deleted there.
func TestALibraryIsHarvested(t *testing.T) {
	w := newWorld(t)
	for range 23 {
		w.publishedArticle("Un récit")
	}
	w.team(201, "POST", "/v1/resources", article("Un brouillon"), nil)
	ask := func(query string) (found harvested) {
		t.Helper()
		body, _ := w.says(200, "/oai?"+query)
		if err := xml.Unmarshal([]byte(body), &found); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return found
	}
	harvest := func() (live, deleted, pages int) {
		t.Helper()
		query := "verb=ListRecords&metadataPrefix=oai_dc"
		for {
			found := ask(query)
			pages++
			for _, h := range found.Headers {
				if h.Status == "deleted" {
					deleted++
				} else {
					live++
				}
			}
			if found.Token == "" {
				return live, deleted, pages
			}
			query = "verb=ListRecords&resumptionToken=" + url.QueryEscape(found.Token)
		}
	}
	if live, deleted, pages := harvest(); live != 23 || deleted != 0 || pages != 3 {
		t.Errorf("%d records, %d deleted, %d pages", live, deleted, pages)
	}
	w.Clock.Set(w.Clock.Now().Add(24 * time.Hour))
	w.team(200, "POST", "/v1/resources/un-recit-7/withdraw", nil, nil)
	if live, deleted, _ := harvest(); live != 22 || deleted != 1 {
		t.Errorf("%d records, %d deleted", live, deleted)
	}
	if found := ask("verb=ListRecords&metadataPrefix=oai_dc&from=2026-03-11"); len(found.Headers) != 1 || found.Headers[0].Identifier != "oai:fabriquedestransitions.net:un-recit-7" {
		t.Errorf("%+v", found)
	}
	w.says(200, "/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:fabriquedestransitions.net:un-recit-8", "<dc:title>Un récit</dc:title>", "Ada Martin")
	for query, code := range map[string]string{
		"verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:fabriquedestransitions.net:un-brouillon": "idDoesNotExist",
		"verb=ListRecords&metadataPrefix=oai_dc&set=kind:podcast":                                     "noRecordsMatch",
		"verb=ListRecords&resumptionToken=x":                                                          "badResumptionToken",
		"verb=Rien":                                                                                   "badVerb",
	} {
		if found := ask(query); len(found.Errors) != 1 || found.Errors[0].Code != code {
			t.Errorf("%s: %+v", query, found)
		}
	}
	if answer := w.Do(w.running, "POST", "/oai", url.Values{"verb": {"Identify"}}); answer.Code != 200 || !strings.Contains(answer.Body.String(), "<deletedRecord>persistent") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// TestTheTeamWritesOnItsPages, with a bearer token in place of a session.
func TestTheTeamWritesOnItsPages(t *testing.T) {
	w := newWorld(t)
	do := func(status int, method, path string, form any, texts ...string) string {
		t.Helper()
		answer := w.Do(w.running, method, path, form, append([]string{"Accept", "text/html"}, w.Bearer("team")...)...)
		body := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(answer.Body.String())
		if answer.Code != status {
			t.Fatalf("%s %s: %d %s", method, path, answer.Code, body)
		}
		for _, text := range texts {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not say %q:\n%s", path, text, body)
			}
		}
		return answer.Header().Get("Location")
	}
	do(200, "GET", "/equipe/ressources", nil, "La bibliothèque est vide")
	do(200, "GET", "/equipe/ressources/nouvelle", nil, "Garder comme brouillon")
	form := url.Values{"kind": {"article"}, "title": {""}, "body": {"# Bonjour\n\n<script>1</script>"}, "fundamentals": {"1", "3"}, "authors": {"Ada\nBo\n"},
		"language": {"fr"}, "licence": {"CC0 1.0"}, "faire": {"garder"}, web.KeyField: {"form_1"}}
	do(422, "POST", "/equipe/ressources/nouvelle", form, "Erreur", "Saisissez un titre.", "# Bonjour", `value="3" checked`)
	for _, title := range []string{"???", "森の声"} { // which give no address
		form.Set("title", title)
		do(422, "POST", "/equipe/ressources/nouvelle", form, "Un point est à corriger", `id="title-fault"`, "des lettres latines ou des chiffres")
	}
	form.Set("title", "Bonjour à vous")
	form.Set("faire", "apercu")
	do(200, "POST", "/equipe/ressources/nouvelle", form, "Aperçu, pas encore enregistré", "<h2>Bonjour</h2>")
	form.Set("faire", "garder")
	at := do(303, "POST", "/equipe/ressources/nouvelle", form)
	if again := do(303, "POST", "/equipe/ressources/nouvelle", form); again != at || at != "/equipe/ressources/bonjour-a-vous?fait=creee" {
		t.Errorf("sent twice: %s and %s", at, again)
	}
	do(200, "GET", at, nil, `role="status"><h2>Le brouillon est enregistré`)
	at = strings.TrimSuffix(at, "?fait=creee")
	do(200, "GET", at, nil, "Brouillon", "Version 1", "Écrite", "Ancien compte", "/equipe/journal?subject=bonjour-a-vous", "Publier")
	do(200, "GET", at+"/modifier", nil, `name="revision" value="1"`, "Ada\nBo", "Enregistrer")
	form.Set("revision", "1")
	form.Set("summary", "Un mot.")
	do(200, "GET", do(303, "POST", at+"/modifier", form), nil, `role="status"><h2>Le changement est enregistré`)
	form.Set("summary", "Un autre mot.")
	do(412, "POST", at+"/modifier", form, "Cette ressource a changé le", "Vaut maintenant « Un mot. »", "Un autre mot.", `name="revision" value="2"`)
	do(200, "GET", do(303, "POST", at+"/publier", url.Values{}), nil, `role="status"><h2>La ressource est publiée`)
	do(412, "POST", at+"/modifier", form, "<li>L’état a changé. Vaut maintenant « Publiée ».</li>")
	do(200, "GET", "/equipe/ressources", nil, "Bonjour à vous", "Publiée")
	w.says(200, "/ressources/bonjour-a-vous", "Un mot.", "Ada, Bo")
	do(422, "POST", at+"/retirer", url.Values{}, `id="sure-fault"`, `href="#sure"`, "Retirer cette ressource")
	w.says(200, "/ressources/bonjour-a-vous", "Un mot.")
	do(200, "GET", do(303, "POST", at+"/retirer", url.Values{"sure": {"true"}}), nil, "Retirée", `role="status"><h2>La ressource est retirée`)
	do(422, "POST", at+"/retirer", url.Values{}, `id="sure"`, "déjà retirée")

	do(200, "GET", "/equipe/fichiers", nil, "Aucun fichier pour l’instant")
	do(200, "GET", "/equipe/fichiers/nouveau", nil, "Enregistrement MP3")
	do(422, "POST", "/equipe/fichiers", url.Values{"name": {""}}, "Saisissez un nom de fichier", "Choisissez un PDF", "2 points sont à corriger")
	do(200, "POST", "/equipe/fichiers", url.Values{"name": {"Épisode 1"}, "type": {"audio/wav"}}, `enctype="multipart/form-data"`, `name="policy"`, `name="success_action_redirect"`)
	sent, _ := w.announceFile("audio/wav", []byte("lies"))
	do(200, "GET", "/equipe/fichiers/"+sent.ID, nil, "Vérifier le fichier")
	do(422, "POST", "/equipe/fichiers/"+sent.ID, url.Values{}, "n’est pas du type annoncé", "Fichier refusé")
	sent, _ = w.announceFile("audio/wav", wav(1))
	do(303, "POST", "/equipe/fichiers/"+sent.ID, url.Values{})
	do(200, "GET", "/equipe/fichiers/"+sent.ID, nil, "Le fichier est prêt", "Enregistrement WAV, 8 ko", "/equipe/journal?subject="+sent.ID)
}
