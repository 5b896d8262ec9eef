package bilan

import (
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// about makes a fact that speaks of something, without appending it.
func (w *world) about(subject, kind, day string, data map[string]any) ledger.Fact {
	f := w.told(kind, paris(day+" 12:30"), data)
	f.Subject = subject
	return f
}

// keep puts an item where its function keeps it.
func (w *world) keep(table function.Table, pk, sk string, item map[string]any) {
	w.t.Helper()
	item["pk"], item["sk"] = pk, sk
	var writes dynamo.Writes
	writes.Add(w.Runtime().Table(table).Put(item))
	if err := writes.Commit(w.t.Context(), w.Client); err != nil {
		w.t.Fatal(err)
	}
}

// TestRecordsAreCalledByNames: whoever of the team opens a figure reads what it
// counts: organisations, sessions, groups and resources by the names they have,
// people by no name at all.
func TestRecordsAreCalledByNames(t *testing.T) {
	w := newWorld(t)
	const (
		organisation, gone, person = "ally_01EV0000000000000000000ORG", "ally_01EV00000000000000000G0NE1", "ally_01EV0000000000000000PERS0N"
		session, assembly          = "ses_01EV000000000000000000PERM0", "ses_01EV000000000000000000ASSE0"
		pseudonym                  = "-iZxNBjDRuB1Zv67IeRqFrCgLF0"
	)
	w.keep(function.Allies, "ALLY#"+organisation, "ALLY", map[string]any{"kind": "organisation", "name": "Terre & Cité", "territory": "46102"})
	w.keep(function.Allies, "ALLY#"+person, "ALLY", map[string]any{"kind": "person"})
	w.keep(function.Agenda, "SESSION#"+session, "SESSION", map[string]any{"title": "Permanence de février"})
	w.keep(function.Agenda, "SESSION#"+assembly, "SESSION", map[string]any{"title": "Assemblée de Loos"})
	w.keep(function.Agenda, "SERIES#recits", "SERIES", map[string]any{"name": "Récits de territoire"})
	w.keep(function.Cohorts, "COHORT#occitanie", "COHORT", map[string]any{"name": "Cohorte Occitanie"})
	w.keep(function.Library, "RESOURCE#une-foret", "RESOURCE", map[string]any{"title": "Une forêt"})
	came := []string{pseudonym}
	initiation := held(session, "initiation", "", paris("2025-02-05 12:30"), 60, came, came)
	initiation["territories"] = map[string]int{"46102": 1}
	facts := []ledger.Fact{
		w.about(organisation, "ally.signed.v1", "2025-02-05", map[string]any{"ally_id": organisation, "kind": "organisation"}),
		w.about(gone, "ally.signed.v1", "2025-02-05", map[string]any{"ally_id": gone, "kind": "organisation"}),
		w.about(person, "ally.signed.v1", "2025-02-05", map[string]any{"ally_id": person, "kind": "person"}),
		w.about(session, "session.held.v2", "2025-02-05", held(session, "permanence", "", paris("2025-02-05 12:30"), 60, came, came)),
		w.about(session, "session.held.v2", "2025-02-05", initiation),
		w.about(assembly, "session.held.v2", "2025-03-04", held(assembly, "assembly", "", paris("2025-03-04 09:00"), 36*60, came, came)),
		w.about(session, "session.feedback.v1", "2025-02-06", map[string]any{"effects": map[string]int{"trust": 4}}),
		w.about("recits", "series.opened.v1", "2025-02-05", map[string]any{"slug": "recits", "kind": "workshop", "active_from": "2025-02-05"}),
		w.about("une-foret", "resource.published.v1", "2025-02-05", map[string]any{"resource_id": "res_01EV00000000000000000F0RET"}),
		w.about("occitanie/46102", "territory.enrolled.v1", "2025-02-05", map[string]any{"cohort": "occitanie", "territory": "46102", "enrolled_on": "2025-02-05", "source": "application"}),
		w.about("local-media", "support.one_off.v1", "2025-02-05", map[string]any{"beneficiary": "local_media"}),
		w.about("sensitive-diagnosis", "training.v1", "2025-02-05", map[string]any{"subject": "sensitive-diagnosis", "pairs": 8}),
	}
	w.append(facts...)
	w.projectAll(facts...)
	for figure, want := range map[string][]string{
		"allies.organisations":               {`row">Terre &amp; Cité, Figeac (46102)<`, `row">Signature effacée depuis, réf. 0G0NE1<`},
		"allies.persons":                     {`row">Une personne, réf. PERS0N<`},
		"permanences.held":                   {`row">Permanence de février, 5 février 2025<`},
		"permanences.participants":           {`row">Une personne, réf. rCgLF0<`, ": Présences d’une rencontre, Permanence de février"},
		"initiation.territories":             {`row">Figeac (46102)<`},
		"initiation.days":                    {`row">Permanence de février, 5 février 2025<`},
		"assembly.days":                      {`row">mardi 4 mars 2025<`, `row">mercredi 5 mars 2025<`, "Assemblée de Loos"},
		"effect.trust":                       {`row">Permanence de février, 6 février 2025<`},
		"workshops.active":                   {`row">Récits de territoire<`},
		"resources.new":                      {`row">Une forêt, 5 février 2025<`},
		"cohort.occitanie.territories":       {`row">Figeac (46102)<`, ": Entrée d’un territoire, Cohorte Occitanie"},
		"support.local-media":                {`row">Appui ponctuel du 5 février 2025 : Média local<`},
		"training.sensitive-diagnosis.pairs": {`row">Formation du 5 février 2025 : Diagnostic sensible<`},
	} {
		body := w.shows("/bilans/2025/figures/"+figure, want, w.Bearer("team")...)
		_, table, _ := strings.Cut(body, "<tbody>")
		for _, raw := range []string{pseudonym, `row">ally_`, `row">ses_`, `row">fact_`, `row">res_`} {
			if strings.Contains(table, raw) {
				t.Errorf("%s shows %s", figure, raw)
			}
		}
	}
	if body := w.Do(w.running, "GET", "/bilans/2025/figures/allies.organisations", nil, "Accept", "text/html").Body.String(); strings.Contains(body, "Cité") {
		t.Error("anyone reads the records")
	}
}
