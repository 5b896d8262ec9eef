package tests

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// silence is a second of it, as a WAV file of 8,000 samples of 8 bits.
func silence() []byte {
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), 36+8_000)
	out = append(out, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data"...)
	return append(binary.LittleEndian.AppendUint32(out, 8_000), bytes.Repeat([]byte{0x80}, 8_000)...)
}

// get is what a program reads at a path.
func (v *visitor) get(path string) (status int, body string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.origin+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestTheTeamPublishesAndReadersFind: a podcast episode with its recording,
// sent to the bucket from a page without any script, then found by a misspelt
// plural, followed, harvested, withdrawn.
func TestTheTeamPublishesAndReadersFind(t *testing.T) {
	v := visit(t)
	v.open("/equipe/ressources")
	v.press("Me connecter")
	v.press("Camille Dupré")
	v.reads("La bibliothèque est vide")
	v.look("desk-empty")

	recording := filepath.Join(t.TempDir(), "episode.wav")
	if err := os.WriteFile(recording, silence(), 0o600); err != nil {
		t.Fatal(err)
	}
	v.press("Envoyer un fichier")
	v.press("Continuer")
	v.reads("Saisissez un nom de fichier")
	v.look("file-faults")
	v.fill("name", "épisode 1")
	v.choose("type", "audio/wav")
	v.press("Continuer")
	v.look("file-send")
	v.do(chromedp.SetUploadFiles(chromedp.ID("file"), []string{recording}))
	v.press("Envoyer le fichier")
	v.press("Vérifier le fichier")
	v.reads("Le fichier est prêt", "8 ko")
	v.look("file-ready")
	media := v.lastPart()

	v.open("/equipe/ressources/nouvelle")
	v.look("write")
	v.press("Garder comme brouillon")
	v.reads("Saisissez un titre")
	v.look("write-faults")
	v.choose("kind", "podcast")
	v.fill("title", "Les rivières partagées")
	v.fill("summary", "Au bord du Célé, on s’est mis d’accord sur l’eau.")
	v.fill("body", "## Transcription\n\nBonjour, *bienvenue*.\n\n| Qui | Quoi |\n| --- | --- |\n| Paul | l’eau |")
	v.fill("authors", "Jeanne Delmas\nPaul Vidal")
	v.tick("fundamentals-2")
	v.choose("audio-media", media)
	v.fill("audio-seconds", "0:01")
	v.press("Voir l’aperçu")
	v.reads("Aperçu, pas encore enregistré", "bienvenue")
	v.look("write-preview")
	v.press("Garder comme brouillon")
	v.reads("Brouillon", "Version 1")
	if status, _ := v.get("/ressources/les-rivieres-partagees"); status != http.StatusNotFound {
		t.Errorf("readers get %d for a draft", status)
	}
	v.press("Publier")
	v.reads("Publiée", "Camille Dupré", "Les rivières partagées")
	v.look("draft")
	v.asTeam(http.MethodPost, "/v1/resources", map[string]any{"kind": "article", "title": "Une forêt, des voix", "summary": "Un article.", "body": "Texte.", "fundamentals": []int{2}}, nil)
	v.asTeam(http.MethodPost, "/v1/resources/une-foret-des-voix/publish", nil, nil)

	v.open("/ressources")
	v.reads("2 ressources", "Podcast (1)", "Article (1)")
	v.look("library")
	v.open("/ressources?q=rivierres+partages")
	v.reads("1 ressource", "Les rivières partagées")
	v.press("Les rivières partagées")
	v.reads("Jeanne Delmas, Paul Vidal", "Coopérer et tenir le cap", "Citer cette ressource", "Une forêt, des voix", "CC BY-SA 4.0")
	v.look("resource")
	state := ask(v, chromedp.Evaluate[int](`new Promise(done => { const a = document.querySelector("audio"); a.onloadedmetadata = () => done(a.readyState); a.onerror = () => done(-1); a.preload = "metadata"; a.load(); })`, chromedp.EvalAwaitPromise))
	if state < 1 {
		t.Errorf("the recording does not load: %d", state)
	}

	for path, text := range map[string]string{
		"/podcast.rss":          `length="8044"`,
		"/ressources/feed.atom": "Une forêt, des voix",
		"/oai?verb=ListRecords&metadataPrefix=oai_dc": "Les rivières partagées",
		"/sitemap.xml": "/ressources/les-rivieres-partagees",
		"/robots.txt":  "Sitemap: " + v.origin + "/sitemap.xml",
	} {
		if status, body := v.get(path); status != http.StatusOK || !strings.Contains(body, text) {
			t.Errorf("%s: %d, without %q:\n%s", path, status, text, body)
		}
	}
	v.open("/equipe/ressources")
	v.reads("Publiée")
	v.look("desk")
	for name, path := range map[string]string{"desk": "/equipe/ressources?kind=rien&year=hier", "files": "/equipe/fichiers?type=rien", "library": "/ressources?q=eau&kind=rien"} {
		v.open(path)
		v.reads("à corriger", "Chercher")
		v.look(name + "-filter-faults")
	}
	v.open("/equipe/fichiers?status=ready")
	v.reads("Vérifié", "Les rivières partagées")
	v.look("files")
	v.open("/equipe/ressources?q=RIVIERE&kind=podcast")
	v.reads("Les rivières partagées", "Exporter en CSV")
	v.press("Les rivières partagées")
	v.press("Retirer")
	v.reads("Cochez la case pour confirmer")
	v.look("withdraw-faults")
	v.tick("sure")
	v.press("Retirer")
	v.reads("Retirée")
	v.open("/ressources/les-rivieres-partagees")
	v.reads("L’équipe l’a retirée")
	v.look("gone")
	if _, body := v.get("/oai?verb=ListIdentifiers&metadataPrefix=oai_dc"); strings.Count(body, `status="deleted"`) != 1 {
		t.Error(fmt.Sprint("harvesters do not learn of it: ", body))
	}
}
