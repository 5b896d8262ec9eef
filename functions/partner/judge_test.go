package partner

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// TestACohortOfTheTeamTakesItsPartner: one that the team runs alone is nobody's,
// but of whom may announce it.
func TestACohortOfTheTeamTakesItsPartner(t *testing.T) {
	w := newWorld(t)
	w.putCohort("occitanie", "", "76")
	w.putCohort("lot", "", "76")
	for slug, want := range map[string]string{"occitanie": "applied", "lot": "rejected other-partner"} {
		body := messageOf("territory.enrolled", w.Clock.Now(), map[string]any{"cohort": slug, "territory": "46102", "enrolled_on": "2026-03-01"})
		if got := w.send(body).statuses(); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %v, not %s", slug, got, want)
		}
	}
}

// TestOfTwoWhoAnnounceACohortOneHasIt, however close they are.
func TestOfTwoWhoAnnounceACohortOneHasIt(t *testing.T) {
	w := newWorld(t)
	announce := messageOf("cohort.published", w.Clock.Now(), map[string]any{"cohort": "neuve", "name": "Nouvelle", "programme": "P", "scale": "national", "seats": 8,
		"opens_on": "2026-01-01", "closes_on": "2026-02-01", "starts_on": "2026-03-01", "ends_on": "2026-12-31"})
	var taken, refused atomic.Int64
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			partner := []string{"occitanie", "massif-central"}[n%2]
			answer := w.Do(w.running, "POST", "/v1/webhooks/"+partner, announce, w.headers(fmt.Sprint("msg_", n), announce)...)
			switch {
			case strings.Contains(answer.Body.String(), `"other-partner"`):
				refused.Add(1)
			case answer.Code == http.StatusOK:
				taken.Add(1)
			}
		})
	}
	group.Wait()
	if taken.Load() != 4 || refused.Load() != 4 {
		t.Errorf("%d taken, %d refused", taken.Load(), refused.Load())
	}
}

// TestARecordThatCountsNowhereSaysSo: a cohort that has ended takes no harm,
// but the partner should look at its date again.
func TestARecordThatCountsNowhereSaysSo(t *testing.T) {
	w := newWorld(t)
	w.putCohort("lot", "occitanie", "76") // until 30 June 2027
	for day, want := range map[string]string{"2027-06-30": "", "2027-07-01": "Cette cohorte s’est terminée le 30 juin 2027"} {
		got := w.send(messageOf("territory.enrolled", w.Clock.Now(), map[string]any{"cohort": "lot", "territory": "46102", "enrolled_on": day}))
		if got.Results[0].Status != applied || !strings.HasPrefix(got.Results[0].Detail, want) || want == "" && got.Results[0].Detail != "" {
			t.Errorf("%s: %+v", day, got.Results)
		}
		w.Clock.Advance(time.Minute)
	}
}

// TestATerritoryIsNamedOnceInASnapshot, by its code of today or of before.
func TestATerritoryIsNamedOnceInASnapshot(t *testing.T) {
	w := newWorld(t)
	var records []any
	for _, code := range []string{"09296", "46102", "09028", "46102", "99999", "99999"} { // 09028, Aulos, became 09296
		records = append(records, map[string]any{"territory": code, "enrolled_on": "2026-03-01"})
	}
	got := w.send(messageOf("cohort.snapshot", w.Clock.Now(), map[string]any{"cohort": "occitanie", "territories": records})).statuses()
	want := []string{"applied", "applied", "rejected duplicate-territory", "rejected duplicate-territory", "rejected unknown-territory", "rejected unknown-territory"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// TestAWithdrawalIsOfItsDay, or of the day of the message in Paris when it says none.
func TestAWithdrawalIsOfItsDay(t *testing.T) {
	for said, want := range map[string]string{"2026-02-14": "2026-02-14", "": "2026-03-10"} {
		w := newWorld(t)
		at := time.Date(2026, time.March, 9, 23, 30, 0, 0, time.UTC) // half past midnight in Paris
		data := map[string]any{"cohort": "occitanie", "territory": "46102"}
		if said != "" {
			data["withdrawn_on"] = said
		}
		w.send(enrolledIn(at.Add(-time.Hour), "46102", "2026-01-01"))
		w.send(messageOf("territory.withdrawn", at, data))
		if facts := fmt.Sprint(w.Dump(function.Ledger)); !strings.Contains(facts, `"withdrawn_on":"`+want+`"`) {
			t.Errorf("%q: %s", said, facts)
		}
	}
}
