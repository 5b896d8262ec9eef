package cohort

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// TestChangesAtOnceAreAllKept: whoever changes one thing leaves the others as
// they are by then, not as they were read.
func TestChangesAtOnceAreAllKept(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	for round := range 5 {
		name, programme, seats := "Nom "+string(rune('A'+round)), "Programme "+string(rune('A'+round)), 10+round
		var group sync.WaitGroup
		for _, change := range []cohortChange{{Name: &name}, {Programme: &programme}, {Seats: &seats}} {
			group.Go(func() {
				if err := w.change(w.member(), "occitanie", change, &fault.Fields{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got, err := w.cohort(t.Context(), "occitanie"); err != nil || got.Name != name || got.Programme != programme || got.Seats != seats {
			t.Fatalf("round %d: %v %+v", round, err, got)
		}
	}
}

// TestAChangeThatChangesNothingIsNone: no entry in the trail, and no revision,
// which would have all enrolments read again.
func TestAChangeThatChangesNothingIsNone(t *testing.T) {
	w := newWorld(t)
	w.newCohort(3)
	before, err := w.cohort(t.Context(), "occitanie")
	if err != nil {
		t.Fatal(err)
	}
	_, write := w.Units(func() {
		for _, change := range []cohortChange{{}, {Name: &before.Name, Seats: &before.Seats}} {
			if err := w.change(w.member(), "occitanie", change, &fault.Fields{}); err != nil {
				t.Error(err)
			}
		}
	})
	if after, err := w.cohort(t.Context(), "occitanie"); err != nil || write != 0 || after.Revision != before.Revision {
		t.Errorf("%v: %v write units, revision %d after %d", err, write, after.Revision, before.Revision)
	}
}

// TestAFormChangesOnlyWhatWasTyped: two who opened the same form do not undo
// each other.
func TestAFormChangesOnlyWhatWasTyped(t *testing.T) {
	d := newDesk(t)
	d.newCohort(3)
	const path = teamCohorts + "/occitanie/modifier"
	d.says(http.StatusOK, path, nil, `name="was.name" value="Occitanie 2026"`)
	form := func(name, seats string) url.Values {
		values := url.Values{}
		for field, value := range formOf(occitanie(3)) {
			values.Set(field, value)
			values.Set("was."+field, value)
		}
		values.Set("name", name)
		values.Set("seats", seats)
		return values
	}
	d.says(http.StatusSeeOther, path, form("Un autre nom", "3"))
	d.says(http.StatusSeeOther, path, form("Occitanie 2026", "5"))
	if got, err := d.cohort(t.Context(), "occitanie"); err != nil || got.Name != "Un autre nom" || got.Seats != 5 {
		t.Errorf("%v %+v", err, got)
	}
	d.says(http.StatusUnprocessableEntity, path, form("Occitanie 2026", "x"), `name="was.seats" value="3"`)
}
