package team

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// TestEntriesLeadToTheirRecords, by their names where these are known; what has
// no page is not linked.
func TestEntriesLeadToTheirRecords(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	var writes dynamo.Writes
	writes.Add(w.Runtime().Table(function.Applications).Put(map[string]string{"pk": "APPLICATION#app_1", "sk": "APPLICATION", "cohort": "occitanie"}))
	if err := writes.Commit(t.Context(), w.Client); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action, subject string
		after           any
		want            string
	}{
		{"session.planned", "ses_1", map[string]string{"title": "Récits <b>"}, `<a href="/equipe/agenda/ses_1">Récits &lt;b&gt;</a>`},
		{"session.cancelled", "ses_2", nil, `<a href="/equipe/agenda/ses_2"><code>ses_2</code></a>`},
		{"booking.made", "bkg_1", map[string]string{"session": "ses_3"}, `<a href="/equipe/agenda/ses_3"><code>bkg_1</code></a>`},
		{"booking.link_sent", "bkg_2", map[string]string{"session": "ses_4"}, `<a href="/equipe/agenda/ses_4"><code>bkg_2</code></a>`},
		{"series.created", "recits", nil, `<a href="/equipe/series/recits"><code>recits</code></a>`},
		{"ally.merged", "ally_1", nil, `<a href="/equipe/allies/ally_1"><code>ally_1</code></a>`},
		{"ally.erased", "ally_2", nil, `<br><code>ally_2</code><br>`},
		{"cohort.changed", "occitanie", map[string]string{"name": "Occitanie"}, `<a href="/equipe/cohortes/occitanie">Occitanie</a>`},
		{"application.accepted", "app_1", nil, `<a href="/equipe/cohortes/occitanie/candidatures/app_1"><code>app_1</code></a>`},
		{"application.declined", "app_gone", nil, `<br><code>app_gone</code><br>`},
		{"resource.created", "un-titre", nil, `<a href="/equipe/ressources/un-titre"><code>un-titre</code></a>`},
		{"media.ready", "med_1", nil, `<a href="/equipe/fichiers/med_1"><code>med_1</code></a>`},
		{"mail.sent_again", "mail_1", nil, `<br><code>mail_1</code><br>`},
		{"suppression.lifted", "hash", nil, `<a href="/equipe/courriels?person=hash"><code>hash</code></a>`},
		{"partner.key.added", "occitanie", nil, `<a href="/equipe/partenaires/occitanie">Région Occitanie, agence de l’énergie et du climat</a>`},
		{"webhook.set-aside", "rcp_1", map[string]any{"partner": "occitanie", "message": "a/1"}, `<a href="/equipe/partenaires/occitanie/message?id=a%2F1">Région Occitanie, agence de l’énergie et du climat</a>`},
		{"webhook.set-aside", "rcp_2", map[string]any{"records": 2}, `<br><code>rcp_2</code><br>`},
		{"bilan.closed", "2025", nil, `<a href="/equipe/bilans/2025"><code>2025</code></a>`},
		{"fact.recorded", "fact_1", map[string]any{"data": map[string]string{"title": "Une thèse"}}, `<a href="/equipe/faits?q=fact_1">Une thèse</a>`},
		{"fact.recorded", "fact_2", map[string]any{"data": map[string]string{"started_on": "2023-05-04"}}, `href="/equipe/faits?q=fact_2&amp;year=2023"`},
		{"fact.recorded", "fact_3", map[string]any{"type": "fact.voided", "corrects": "fact_2"}, `href="/equipe/faits?q=fact_3&amp;type=fact.voided&amp;year=2026"`},
		{"member.let_in", "member-camille", nil, `<br>Camille Dupré<br>`},
		{"export", "candidatures-occitanie", nil, `<a href="/equipe/cohortes/occitanie">Candidatures : occitanie</a>`},
		{"export", "ses_1", nil, `<a href="/equipe/agenda/ses_1">Inscriptions à une rencontre</a>`},
		{"export", "../x", nil, `<br><code>../x</code><br>`},
		{"resource.changed", "../x", nil, `<a href="/equipe/ressources/..%2Fx"><code>../x</code></a>`},
	} {
		w.Clock.Advance(time.Second)
		w.note("member-camille", c.action, c.subject, nil, c.after)
		if page := w.page(http.StatusOK, "/equipe/journal?limit=1"); !strings.Contains(page, c.want) {
			t.Errorf("%s of %s does not lead to %s: %s", c.action, c.subject, c.want, page)
		}
	}
	w.signIn(camille("admin"), "/equipe")
	w.note("member-camille", "member.let_in", "member-camille", nil, nil)
	if page := w.page(http.StatusOK, "/equipe/journal?action=member.let_in"); !strings.Contains(page, `<a href="/equipe/administration#membres">Camille Dupré</a>`) {
		t.Errorf("%s", page)
	}
}

// TestTheJournalIsTakenAway in French, and a search that cannot be read is
// answered by the form that holds it.
func TestTheJournalIsTakenAway(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	w.note("member-camille", "session.changed", "ses_1", map[string]any{"title": "Avant", "capacity": 20}, map[string]any{"title": "Après", "capacity": 30})
	w.note("member-gone", "ally.merged", "ally_1", nil, nil)
	rows, err := csv.NewReader(strings.NewReader(w.page(http.StatusOK, "/equipe/journal.csv?subject=ses_1"))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v %v", rows, err)
	}
	if got, want := strings.Join(rows[0], "|"), "\ufeffQuand|Qui|Compte|Quoi|Numéro|Avant|Après"; got != want {
		t.Errorf("%q", got)
	}
	if got, want := strings.Join(rows[1][1:], "|"), "Camille Dupré|member-camille|Rencontre modifiée|ses_1|Places : 20\nTitre : Avant|Places : 30\nTitre : Après"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	for query, fault := range map[string]string{
		"month=novembre": `id="from-fault"`, "from=hier": `id="from-fault"`, "until=2026-02-30": `id="until-fault"`, "from=2026-03-02&until=2026-03-01": `id="until-fault"`,
		"action=unheard.of": `id="action-fault"`, "limit=1000": "Demandez de 1 à 100 éléments.",
	} {
		for _, form := range []string{"", ".csv", ".xlsx"} {
			page := w.page(http.StatusUnprocessableEntity, "/equipe/journal"+form+"?"+query)
			if !strings.Contains(page, fault) || !strings.Contains(page, `<details class="filters" open>`) || strings.Contains(page, `value="0001`) {
				t.Errorf("%s%s: %s", form, query, page)
			}
		}
	}
}
