package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// lived is a platform on which each kind of thing exists once.
type lived struct {
	ally, double                 string // the same organisation, twice
	session, past, held          string // to come, without attendance, with
	booking, visit               string // pages of who has a seat in the first, and came to the last
	application, draft           string // complete, and waiting for two of its four
	media, closed                string // a file announced, a year
	confirm, unsubscribe         string // links of mails
	offer                        string // link of the mail to who is to be the contact of the second of the two
	candidacy, completion, asked string // links of mails to the four of each application, and of who began the draft
	suspended                    string // address of who is not written to
	returned, sent               string // mails: who got them, and their ids
	waiting                      string // page of a signature that waits
}

// anAlly has signed for an organisation.
const anAlly = "ada@exemple.example"

// live is stage, and opens the pages of the team and one's own data in the
// browser.
func (v *visitor) live() lived {
	v.t.Helper()
	l := v.stage()
	v.enterAs(administrator)
	v.open("/mes-donnees")
	v.fill("email", anAlly)
	v.press("Recevoir un lien")
	v.open(v.mail(anAlly, "données", "/mes-donnees"))
	v.press("Ouvrir mes données")
	return l
}

// stage signs, plans, books, applies, publishes and records by the API. It
// leaves the clock after two of three sessions.
func (v *visitor) stage() (l lived) {
	v.t.Helper()
	v.signs(anAlly, "organisation", "Communauté du Vallon")
	l.confirm = v.mailed(anAlly, "/rejoindre/confirmer")
	l.ally = v.confirms(l.confirm)
	l.unsubscribe = v.mailed(anAlly, "/desinscription")
	l.suspended = "double@exemple.example"
	v.signs(l.suspended, "organisation", "Communauté de communes du Vallon")
	l.double = v.confirms(v.mailed(l.suspended, "/rejoindre/confirmer"))
	v.signs("attend@exemple.example", "organisation", "Syndicat du Bief")
	l.waiting = v.waits()
	l.offer = v.proposes(l.double, "suite@exemple.example")

	soon := time.Now().Add(time.Hour)
	came := v.stageAgenda(&l, soon)
	v.stageCohort(&l)
	v.stageLibrary(&l)
	last, before := fmt.Sprint(time.Now().Year()-1), fmt.Sprint(time.Now().Year()-2)
	for _, year := range []string{last, before} {
		v.fact("intervention.v1", map[string]any{"title": "Conférence de rentrée", "on": year + "-05-02", "form": "talk", "representative": true})
	}
	v.settle()
	l.closed = before
	v.asTeam(http.MethodPost, "/v1/bilans/"+before+"/close", nil, nil)
	l.returned, l.sent = v.bounces(l.suspended)
	v.asTeam(http.MethodPost, "/_dev/dead-letters", map[string]string{"schedule": "compile-bilan", "reason": "figures differed"}, nil)
	v.setClock(soon.Add(3 * time.Hour))
	v.asTeam(http.MethodPut, "/v1/sessions/"+l.held+"/attendance", map[string][]string{"attended": {came}}, nil)
	v.settle()
	return l
}

// stageAgenda plans three sessions and books a seat in each; it returns the
// booking of who is to come to the one that will be held.
func (v *visitor) stageAgenda(l *lived, soon time.Time) (came string) {
	v.t.Helper()
	v.asTeam(http.MethodPost, "/v1/series", map[string]any{"slug": "recits", "kind": "workshop", "name": "Récits de territoire", "active_from": "2026-01-05"}, nil)
	l.session = v.plans("Une rencontre à venir", soon.AddDate(0, 0, 20))
	l.past = v.plans("Une rencontre passée", soon)
	l.held = v.plans("Une rencontre tenue", soon)
	pages := map[string]string{}
	for _, id := range []string{l.session, l.past, l.held} {
		var booked struct {
			ID        string `json:"booking_id"`
			ManageURL string `json:"manage_url"`
		}
		v.asTeam(http.MethodPost, "/v1/sessions/"+id+"/bookings", map[string]string{"given_name": "Ada", "family_name": "Martin", "email": anAlly}, &booked)
		pages[id], came = strings.TrimPrefix(booked.ManageURL, v.origin), booked.ID
	}
	l.booking, l.visit = pages[l.session], pages[l.held]
	return came
}

// stageCohort opens a cohort to which two territories apply, one of which has
// two of its four, and lets the partner post others.
func (v *visitor) stageCohort(l *lived) {
	v.t.Helper()
	v.asTeam(http.MethodPost, "/v1/cohorts", aCohort(), nil)
	l.application = v.applied("46102", "ada")
	l.candidacy = v.mailed("ada.state@territoire.example", "/candidatures/"+l.application)
	quartet := map[string]any{}
	for _, role := range []string{"elected", "officer"} {
		quartet[role] = map[string]string{"given_name": "Lou", "family_name": role, "email": "lou." + role + "@territoire.example", "organisation": "Mairie"}
	}
	var made struct {
		ID        string `json:"application_id"`
		ManageURL string `json:"manage_url"`
	}
	v.asTeam(http.MethodPost, "/v1/cohorts/occitanie/applications", map[string]any{"territory": "31555", "motivation": "Nous voulons apprendre.", "quartet": quartet}, &made)
	l.draft, l.completion = made.ID, strings.TrimPrefix(made.ManageURL, v.origin)
	l.asked = v.mailed("lou.elected@territoire.example", "/candidatures/"+l.draft)
	snapshot, err := os.ReadFile(filepath.Join("..", "events", "samples", "webhook-occitanie-snapshot.json"))
	if err != nil {
		v.t.Fatal(err)
	}
	v.post(v.key("occitanie"), "msg_1", snapshot)
}

// stageLibrary publishes a resource, keeps another as a draft, and announces a file.
func (v *visitor) stageLibrary(l *lived) {
	v.t.Helper()
	for _, title := range []string{"Une forêt, des voix", "Un brouillon"} {
		v.asTeam(http.MethodPost, "/v1/resources", map[string]any{"kind": "article", "title": title, "summary": "Un article.", "body": "## Ici\n\nTexte.", "fundamentals": []int{2}}, nil)
	}
	v.asTeam(http.MethodPost, "/v1/resources/une-foret-des-voix/publish", nil, nil)
	var announced struct {
		ID string `json:"media_id"`
	}
	v.asTeam(http.MethodPost, "/v1/media", map[string]string{"name": "affiche", "type": "image/png"}, &announced)
	l.media = announced.ID
}

// bounces makes the provider say that no mail reaches an address. It returns
// the mail that came back and another, by who got them and their ids.
func (v *visitor) bounces(address string) (bounced, other string) {
	v.t.Helper()
	v.settle()
	var mails []struct{ Headers map[string]string }
	v.fetch(http.MethodGet, "/_dev/mail?to="+url.QueryEscape(address), &mails)
	id := mails[len(mails)-1].Headers["X-Fabrique-Mail"]
	var noted struct{ Items []struct{ ID, Person string } }
	v.asTeam(http.MethodGet, "/v1/mails", nil, &noted)
	for _, mail := range noted.Items {
		if mail.ID != id {
			other = mail.Person + "/" + mail.ID
			continue
		}
		notice, err := os.ReadFile(filepath.Join("..", "events", "samples", "ses-bounce.json"))
		if err != nil {
			v.t.Fatal(err)
		}
		text := strings.NewReplacer("mail_01JZ8K5V3N9Q4R7T2W6X1Y0ABC", id, "ZmljdGlvbmFsIHBlcnNvbiAwMXg", mail.Person).Replace(string(notice))
		v.asTeam(http.MethodPost, "/_dev/invoke/notify", json.RawMessage(text), nil)
		bounced = mail.Person + "/" + mail.ID
	}
	if bounced == "" {
		v.t.Fatalf("the mail %q is in no list: %+v", id, noted)
	}
	return bounced, other
}

// signs sends the form of someone who signs.
func (v *visitor) signs(address, kind, organisation string) {
	v.t.Helper()
	var charter struct{ Version string }
	v.fetch(http.MethodGet, "/v1/charter", &charter)
	body := map[string]any{
		"kind": kind, "person": map[string]string{"given_name": "Ada", "family_name": "Martin", "email": address},
		"charter": map[string]any{"version": charter.Version, "accepted": true}, "consents": map[string]bool{"newsletter": true, "directory": true},
	}
	if kind == "organisation" {
		body["organisation"] = map[string]string{"name": organisation, "category": "local_authority", "territory": "46102"}
	}
	v.asTeam(http.MethodPost, "/v1/registrations", body, nil)
}

// proposes lets the team propose to someone to be the contact of an
// organisation, and returns the link that they get.
func (v *visitor) proposes(ally, address string) (link string) {
	v.t.Helper()
	team := v.client()
	team.enters(asMember, "/equipe")
	for _, f := range team.forms("/equipe/allies/" + ally + "/contact") {
		if strings.HasSuffix(f.action, "/contact") {
			f.values.Set("person.given_name", "Lou")
			f.values.Set("person.family_name", "Roux")
			f.values.Set("person.email", address)
			if sent := team.send(f.action, f.values); sent.status != http.StatusSeeOther {
				v.t.Fatalf("%s: %d %s", f.action, sent.status, sent.body)
			}
		}
	}
	return v.mailed(address, "/rejoindre/contact")
}

// waits is the page of the one signature that waits for its confirmation.
func (v *visitor) waits() (path string) {
	v.t.Helper()
	team := v.client()
	team.enters(asMember, "/equipe")
	page := team.send("/equipe/allies?status=pending_confirmation", nil).body
	if path = regexp.MustCompile(`/equipe/signatures/[^"]+`).FindString(page); path == "" {
		v.t.Fatalf("nobody waits: %s", page)
	}
	return path
}

// confirms follows the link of the mail that asks to confirm a signature, and
// returns the ally.
func (v *visitor) confirms(link string) (ally string) {
	v.t.Helper()
	address, err := url.Parse(link)
	if err != nil {
		v.t.Fatal(err)
	}
	var confirmed struct {
		ID string `json:"ally_id"`
	}
	v.asTeam(http.MethodPost, "/v1/registrations/confirm", map[string]string{"token": address.Query().Get("token")}, &confirmed)
	return confirmed.ID
}

// plans makes a session of two hours.
func (v *visitor) plans(title string, starts time.Time) (id string) {
	v.t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	v.asTeam(http.MethodPost, "/v1/sessions", map[string]any{
		"kind": "initiation", "title": title, "starts_at": starts.UTC().Format(time.RFC3339), "ends_at": starts.Add(2 * time.Hour).UTC().Format(time.RFC3339),
		"mode": "hybrid", "place": "Mairie de Figeac", "join_url": "https://visio.example/salle", "capacity": 12,
		"description": "Une matinée pour découvrir les quatre fondamentaux.",
	}, &made)
	return made.ID
}

// mailed is a link to a page in the mails to an address, or in what their
// headers give mail programs to unsubscribe by.
func (v *visitor) mailed(to, page string) string {
	v.t.Helper()
	v.settle()
	var mails []struct {
		Links   []string
		Headers map[string]string
	}
	v.fetch(http.MethodGet, "/_dev/mail?to="+url.QueryEscape(to), &mails)
	for _, mail := range mails {
		for _, link := range append(mail.Links, strings.Trim(mail.Headers["List-Unsubscribe"], "<>")) {
			if path, ours := strings.CutPrefix(link, v.origin); ours && strings.HasPrefix(path, page+"?") {
				return path
			}
		}
	}
	v.t.Fatalf("no mail to %s links to %s: %+v", to, page, mails)
	return ""
}
