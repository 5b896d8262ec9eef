package notify

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with the one that was approved.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what was approved; -update writes it anew:\n%s", path, got)
	}
}

// examples are the data that other functions give, in each of their forms.
var examples = []struct {
	name, template string
	data           map[string]string
}{
	{"confirm-registration-organisation", "confirm-registration", map[string]string{
		"link": "/rejoindre/confirmer?token=abc.def", "kind": "organisation", "charter_version": "2024-1",
		"expires": "17 mars 2026", "organisation": "Association <Terres & Liens>"}},
	{"confirm-registration-person", "confirm-registration", map[string]string{
		"link": "/rejoindre/confirmer?token=abc.def", "kind": "person", "charter_version": "2024-1", "expires": "17 mars 2026"}},
	{"welcome-organisation", "welcome", map[string]string{
		"kind": "organisation", "me": "/mes-donnees", "organisation": "Association <Terres & Liens>"}},
	{"welcome-person", "welcome", map[string]string{"kind": "person", "me": "/mes-donnees"}},
	{"already-ally", "already-ally", map[string]string{"since": "1er février 2025"}},
	{"organisation-has-contact", "organisation-has-contact", map[string]string{
		"since": "1er février 2025", "organisation": "Association <Terres & Liens>", "contact": "Sacha Le Goff"}},
	{"organisation-has-contact-gone", "organisation-has-contact", map[string]string{
		"since": "1er février 2025", "organisation": "Association <Terres & Liens>", "contact": ""}},
	{"my-data-link", "my-data-link", map[string]string{"link": "/mes-donnees?token=abc.def", "minutes": "60"}},
	{"farewell", "farewell", map[string]string{}},
	{"signatures-merged-organisation", "signatures-merged", map[string]string{"kind": "organisation", "since": "1er février 2025",
		"organisation": "Association <Terres & Liens>", "contact": "Sacha Le Goff", "join": "/rejoindre"}},
	{"signatures-merged-person", "signatures-merged", map[string]string{"kind": "person", "since": "1er février 2025", "join": "/rejoindre"}},
	{"contact-proposed", "contact-proposed", map[string]string{
		"organisation": "Association <Terres & Liens>", "link": "/rejoindre/contact?token=abc.def", "expires": "17 mars 2026"}},
	{"contact-replaced", "contact-replaced", map[string]string{"organisation": "Association <Terres & Liens>", "contact": "Sacha Le Goff"}},
	{"retention-notice", "retention-notice", map[string]string{"since": "1er février 2025", "until": "1er février 2028", "me": "/mes-donnees", "of": "signature"}},
	{"retention-notice-application", "retention-notice", map[string]string{"since": "1er février 2025", "until": "1er février 2028", "me": "/mes-donnees", "of": "application"}},
	{"retention-notice-account", "retention-notice", map[string]string{"since": "1er février 2025", "until": "1er février 2028", "me": "/mes-donnees", "of": "account"}},
	{"booking-confirmed", "booking-confirmed", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "12, rue des Lilas, Figeac", "join": "https://visio.example/salle?x=1&y=2", "manage": "/reservations/bok_1?token=abc.def"}},
	{"booking-promoted", "booking-promoted", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "12, rue des Lilas, Figeac", "join": "https://visio.example/salle?x=1&y=2", "manage": "/reservations/bok_1?token=abc.def"}},
	{"session-moved", "session-moved", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "12, rue des Lilas, Figeac", "join": "https://visio.example/salle?x=1&y=2", "manage": "/reservations/bok_1?token=abc.def"}},
	{"booking-reminder", "booking-reminder", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "12, rue des Lilas, Figeac", "join": "https://visio.example/salle?x=1&y=2", "manage": "/reservations/bok_1?token=abc.def"}},
	{"booking-confirmed-nowhere", "booking-confirmed", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "", "join": "", "manage": "/reservations/bok_1?token=abc.def"}},
	{"booking-waiting", "booking-waiting", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "12, rue des Lilas, Figeac", "manage": "/reservations/bok_1?token=abc.def", "position": "3"}},
	{"booking-confirmed-by-hand", "booking-confirmed", map[string]string{"title": "Découvrir", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "", "join": "", "manage": "/reservations/bok_1?token=abc.def", "by_hand": "true"}},
	{"booking-cancelled", "booking-cancelled", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "12, rue des Lilas, Figeac", "agenda": "/agenda"}},
	{"session-cancelled", "session-cancelled", map[string]string{"title": "Découvrir <les> fondamentaux", "when": "mardi 3 février 2026, 12 h 30 – 13 h 30 (heure de Paris)", "place": "12, rue des Lilas, Figeac", "agenda": "/agenda"}},
	{"session-thanks", "session-thanks", map[string]string{"title": "Découvrir <les> fondamentaux", "manage": "/reservations/bok_1?token=abc.def"}},
	{"application-confirm", "application-confirm", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "role": "Élu·e", "organisation": "Mairie <de> Figeac", "link": "/candidatures/app_1?token=abc.def"}},
	{"application-confirmed", "application-confirmed", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "manage": "/candidatures/app_1?token=abc.def"}},
	{"application-complete", "application-complete", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "manage": "/candidatures/app_1?token=abc.def"}},
	{"application-accepted", "application-accepted", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "note": "Nous vous attendons <mardi>.", "manage": "/candidatures/app_1?token=abc.def"}},
	{"application-declined", "application-declined", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "note": "", "manage": "/candidatures/app_1?token=abc.def"}},
	{"application-waiting", "application-waiting", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "note": "", "manage": "/candidatures/app_1?token=abc.def"}},
	{"team-notice", "team-notice", map[string]string{"text": "L’année 2025 est close : relisez ses chiffres, puis publiez le bilan.", "page": "/equipe/bilans"}},
	{"application-withdrawn", "application-withdrawn", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "page": "/cohortes/occitanie"}},
	{"application-message", "application-message", map[string]string{"cohort": "Occitanie <2026>", "territory": "Figeac", "message": "Pouvez-vous nous appeler ?\nNous avons une <question>.", "manage": "/candidatures/app_1?token=abc.def"}},
}

// writer is a service that can compose, and nothing else.
func writer() *service {
	return &service{
		origin: "https://fabrique.example",
		links:  auth.Links{Key: func(context.Context) ([]byte, error) { return []byte(strings.Repeat("k", 32)), nil }, Now: time.Now},
	}
}

func exampleItem(template string, data map[string]string) mailItem {
	return mailItem{
		Key: dynamo.Key{PK: "PERSON#" + camille, SK: "MAIL#mail_1"}, ID: "mail_1", Template: template,
		To: camilleEmail, Name: camilleName, Data: data, CreatedAt: "2026-03-10T09:00:00.000000000Z",
	}
}

func TestEveryTemplateRenders(t *testing.T) {
	rendered := map[string]bool{}
	for _, example := range examples {
		t.Run(example.name, func(t *testing.T) {
			m, err := writer().compose(t.Context(), exampleItem(example.template, example.data), camille)
			if err != nil {
				t.Fatal(err)
			}
			rendered[example.template] = true
			golden(t, "mails/"+example.name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, "mails/"+example.name+".html", m.HTML)
			for _, part := range []string{m.Subject, m.Text, m.HTML} {
				if strings.Contains(part, "<no value>") || strings.Contains(part, "{{") {
					t.Errorf("a value is missing in %q", part)
				}
				if strings.Contains(part, "<script") || strings.Contains(part, "<img") || strings.Contains(part, "http://") {
					t.Errorf("something is loaded from elsewhere: %q", part)
				}
			}
			if strings.Contains(m.HTML, "<Terres") {
				t.Error("what people typed is not escaped in HTML")
			}
			if !strings.Contains(m.HTML, `<html lang="fr"`) {
				t.Error("the language is not said")
			}
			if news := slices.Contains([]string{"welcome", "booking-reminder", "session-thanks"}, example.template); (m.Unsubscribe != "") != news ||
				strings.Contains(m.Text, "/desinscription?token=") != news || strings.Contains(m.HTML, "/desinscription?token=") != news {
				t.Errorf("news: %t, but unsubscribe is %q", news, m.Unsubscribe)
			}
			if leaves := example.template == farewell; (m.Person == "") != leaves {
				t.Errorf("the person is %q", m.Person)
			}
		})
	}
	files, err := fs.Glob(templateFiles, "templates/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		if name != "layout" && !rendered[name] {
			t.Errorf("template %s has no example", name)
		}
	}
	for name := range receipts {
		if !rendered[name] {
			t.Errorf("receipt %s has no template", name)
		}
	}
}

// TestAMissingValueIsAnError takes each value away in turn. The organisation
// of a signature that waits is not told: a stranger may have typed it.
func TestAMissingValueIsAnError(t *testing.T) {
	for _, example := range examples {
		for key := range example.data {
			if example.template == "confirm-registration" && key == "organisation" || key == "by_hand" {
				continue
			}
			less := map[string]string{}
			for k, v := range example.data {
				if k != key {
					less[k] = v
				}
			}
			if _, err := writer().compose(t.Context(), exampleItem(example.template, less), camille); err == nil {
				t.Errorf("%s renders without %s", example.name, key)
			}
		}
	}
	if _, err := writer().compose(t.Context(), exampleItem("unheard-of", nil), camille); err == nil {
		t.Error("a template that does not exist renders")
	}
}

// TestTheFootSaysHowWeHaveTheAddress: nobody has typed that of the team on our
// site, and who only came to a session has not joined the alliance.
func TestTheFootSaysHowWeHaveTheAddress(t *testing.T) {
	reasons := map[string]string{
		"contact-replaced": "cette adresse était celle du contact",
		"contact-proposed": "notre équipe vous propose d’être le contact d’une organisation",
		"team-notice":      "cette adresse est celle de l’équipe dans les réglages", "booking-confirmed-by-hand": "vous avez demandé à notre équipe de vous inscrire",
		"booking-reminder": "vous avez une réservation", "session-thanks": "vous êtes venu·e",
		"retention-notice-account": "vous vous êtes connecté·e aux pages de notre équipe",
		"welcome-person":           "vous avez rejoint l’alliance", "welcome-organisation": "vous avez rejoint l’alliance",
	}
	for _, example := range examples {
		want := reasons[example.name]
		if want == "" {
			want = "cette adresse a été saisie sur notre site"
		}
		m, err := writer().compose(t.Context(), exampleItem(example.template, example.data), camille)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{m.Text, m.HTML} {
			_, reason, _ := strings.Cut(part, "Vous recevez cet e-mail parce que ")
			if !strings.Contains(reason, want) || strings.Contains(part, "Ne plus recevoir de nouvelles") != (m.Unsubscribe != "") {
				t.Errorf("%s: %.120q", example.name, reason)
			}
		}
	}
}

func TestLinksLeadToUs(t *testing.T) {
	for _, elsewhere := range []string{"https://evil.example", "//evil.example/x", "javascript:alert(1)", "", "mes-donnees"} {
		item := exampleItem("my-data-link", map[string]string{"link": elsewhere, "minutes": "60"})
		if m, err := writer().compose(t.Context(), item, camille); err == nil {
			t.Errorf("link %q: %s", elsewhere, m.Text)
		}
	}
}

func TestGreetingCarriesNoLink(t *testing.T) {
	for name, want := range map[string]string{
		"Camille Martin": "Camille Martin", "Jean-Pierre L’Hôte": "Jean-Pierre L’Hôte", "J.-P. Martin": "J.-P. Martin",
		"":                     "",
		"Gagnez sur evil.test": "", "http://evil": "", "WWW.EVIL.TEST": "", "a@b": "", `\\evil\x`: "",
	} {
		if got := greeted(name); got != want {
			t.Errorf("%q is greeted as %q", name, got)
		}
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	item := exampleItem("farewell", nil)
	for _, name := range []string{"Camille\r\nBcc: x@exemple.fr", "Camille\nSubject: y", "Camille\u2028z", "Camille\x00"} {
		item.Name = name
		m, err := writer().compose(t.Context(), item, camille)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); err == nil || strings.Contains(err.Error(), "Camille") {
			t.Errorf("name %q: %v, want an error without what was typed", name, err)
		}
	}
}

func TestTheSameMailIsTheSameMessage(t *testing.T) {
	item := exampleItem("welcome", map[string]string{"kind": "person", "me": "/mes-donnees"})
	var made [2]mail.Message
	for i := range made {
		var err error
		if made[i], err = writer().compose(t.Context(), item, camille); err != nil {
			t.Fatal(err)
		}
	}
	if made[0].Text != made[1].Text || made[0].HTML != made[1].HTML || !made[0].Date.Equal(made[1].Date) || made[0].Unsubscribe != made[1].Unsubscribe {
		t.Error("two attempts differ")
	}
}

// breaking is an ordinary space where French wants one that does not break.
var breaking = regexp.MustCompile(` [:;?!»]|« `)

func TestFrenchSpaces(t *testing.T) {
	for _, files := range []fs.FS{templateFiles, pageFiles} {
		err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := fs.ReadFile(files, path)
			if err != nil {
				return err
			}
			_, prose, styled := strings.Cut(string(text), "</style>")
			if !styled {
				prose = string(text)
			}
			for _, found := range breaking.FindAllString(prose, -1) {
				t.Errorf("%s: %q", path, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
