package partner

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
)

// open counts what waits for the team, as its home does.
func (w *world) open() int {
	w.t.Helper()
	n, err := openwork.Marked(w.t.Context(), w.Runtime().Table(function.Partners), openwork.Refused)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// refusedEverywhere is a snapshot of which every record is refused, in several
// parts, as its cohort is not there.
func (w *world) refusedEverywhere() string {
	var records []any
	for _, code := range places(chunkSize + 2) {
		records = append(records, map[string]any{"territory": code, "enrolled_on": "2026-03-01"})
	}
	return messageOf("cohort.snapshot", w.Clock.Now().Add(-time.Hour), map[string]any{"cohort": "lot-2026", "territories": records})
}

// TestTwoWhoJudgeAgainAtOnce: one of them does, and the other is told.
func TestTwoWhoJudgeAgainAtOnce(t *testing.T) {
	w := newWorld(t)
	w.receiptOf(w.post("m1", w.refusedEverywhere()))
	w.putCohort("lot-2026", "occitanie", "76")
	w.Drain()
	bare, team := w.bare(), auth.WithMember(context.Background(), auth.Member{Subject: "member-1", Roles: []auth.Role{auth.RoleTeam}})
	other := -1
	w.Faults(func(c functiontest.Call) functiontest.Fault {
		if c.Operation == "TransactWriteItems" && other < 0 {
			other = 0
			var err error
			if other, err = bare.judgeAgain(team, alliance.Partners[0], "m1"); err != nil {
				t.Error(err)
			}
		}
		return functiontest.None
	})
	mine, err := bare.judgeAgain(team, alliance.Partners[0], "m1")
	w.Faults(nil)
	if !fault.Is(err, errJudged.Code) || mine > 0 || other != chunkSize+2 {
		t.Errorf("%d and %d were settled: %v", mine, other, err)
	}
	if n := len(w.Audited("")); n != 2 { // for each part
		t.Errorf("%d entries of the trail", n)
	}
	if n := len(w.Dump(function.Ledger)); n != chunkSize+2 {
		t.Errorf("%d facts", n)
	}
}

func TestWhatWasRefusedIsSetAside(t *testing.T) {
	d := newDesk(t, auth.RoleTeam)
	first := d.receiptOf(d.post("m1", d.refusedEverywhere()))
	if n := d.open(); n != 2 {
		t.Fatalf("%d parts wait", n)
	}
	d.receiptOf(d.post("later", enrolledIn(d.Clock.Now(), "46102", "2026-03-01"))) // the last message is in order
	_, list := d.says(200, teamPartners, nil, `href="/equipe/partenaires/occitanie?status=waiting">1 message refusé à traiter<`)
	if strings.Count(list, "à traiter") != 1 {
		t.Error("another partner has refusals, who sent nothing")
	}
	page := teamPartners + "/occitanie/message"
	form := url.Values{"id": {"m1"}, "reason": {" vu avec le <partenaire> "}}
	d.says(200, page+"?id=m1", nil, "Mettre ce message de côté", `id="reason"`)
	d.says(422, page+"/ecarter", url.Values{"id": {"m1"}, "reason": {" "}}, `id="reason-fault"`, "Dites pourquoi")
	d.says(404, page+"/ecarter", url.Values{"id": {"other"}, "reason": {"vu"}})
	forged := url.Values{"id": {"m1"}, "reason": {"vu"}, "csrf": {"x"}}
	if answer := d.Do(d.running, http.MethodPost, page+"/ecarter", forged, d.browser.Headers...); answer.Code != http.StatusForbidden || d.open() != 2 {
		t.Errorf("a forged form: %d", answer.Code)
	}
	said := []string{"10 mars 2026", "par Camille Dupré", "« vu avec le &lt;partenaire&gt; »", "34 enregistrements refusés", "Juger à nouveau"}
	for range 2 {
		leads, _ := d.says(303, page+"/ecarter", form)
		_, shown := d.says(200, leads, nil, append(said, "Ce message est mis de côté")...)
		if strings.Contains(shown, "Mettre ce message de côté") {
			t.Error("it is offered again")
		}
		form.Set("reason", "une autre raison")
	}
	if n := d.open(); n != 0 {
		t.Errorf("%d parts wait still", n)
	}
	d.says(200, teamPartners+"/occitanie?status=waiting", nil, "Aucun message ne correspond")
	if _, list = d.says(200, teamPartners, nil); strings.Contains(list, "à traiter") {
		t.Error("what was set aside waits still")
	}
	d.says(200, teamPartners+"/occitanie", nil, "Refusé : 34", "Mis de côté")
	if got := d.Audited(first.ReceiptID); !slices.Equal(got, []string{"webhook.set-aside"}) {
		t.Errorf("%v", got)
	}
	receipts := d.Do(d.running, http.MethodGet, "/v1/webhooks/occitanie/receipts", nil, d.headers("r", "")...)
	if body := receipts.Body.String(); receipts.Code != 200 || strings.Contains(body, "partenaire>") || strings.Contains(body, "member-") || strings.Contains(body, "side") {
		t.Errorf("the partner reads what the team noted: %d %.300s", receipts.Code, body)
	}

	// It may still be judged again, and then nothing is left to set aside.
	d.putCohort("lot-2026", "occitanie", "")
	leads, _ := d.says(303, page, url.Values{"id": {"m1"}})
	d.says(200, leads, nil, "34 enregistrements sont passés", "Mis de côté", "Plus rien n’est refusé")
	d.receiptOf(d.post("m2", messageOf("territory.enrolled", d.Clock.Now(), map[string]any{"cohort": "lot-2026", "territory": "46102", "enrolled_on": "2026-03-01"})))
	d.says(409, page+"/ecarter", url.Values{"id": {"m2"}, "reason": {"vu"}}, errNothingRefused.Detail)
}

// TestSettingAsideAtOnce by ten presses of the button is one entry; and what is
// judged again at that very moment is either.
func TestSettingAsideAtOnce(t *testing.T) {
	w := newWorld(t)
	w.receiptOf(w.post("m1", w.refusedEverywhere()))
	bare, team := w.bare(), auth.WithMember(t.Context(), auth.Member{Subject: "member-1", Roles: []auth.Role{auth.RoleTeam}})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := bare.setAside(team, alliance.Partners[0], "m1", "vu"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := w.Audited(""); !slices.Equal(got, []string{"webhook.set-aside"}) || w.open() != 0 {
		t.Errorf("%v, %d wait", got, w.open())
	}
	if err := bare.setAside(t.Context(), alliance.Partners[0], "m1", "vu"); err != nil {
		t.Error(err) // nothing is left to be done, by whomever
	}
	w.receiptOf(w.post("m2", w.refusedEverywhere()))
	if err := bare.setAside(t.Context(), alliance.Partners[0], "m2", "vu"); err == nil || w.open() != 2 {
		t.Errorf("nobody set it aside: %v, %d wait", err, w.open())
	}
}
