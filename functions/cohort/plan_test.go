package cohort

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
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
		values := web.Remember(formOf(occitanie(3)), formFields)
		values.Set("name", name)
		values.Set("seats", seats)
		return values
	}
	d.says(http.StatusSeeOther, path, form("Un autre nom", "3"))
	d.says(http.StatusSeeOther, path, form("Occitanie 2026", "5"))
	if got, err := d.cohort(t.Context(), "occitanie"); err != nil || got.Name != "Un autre nom" || got.Seats != 5 {
		t.Errorf("%v %+v", err, got)
	}
	wrong := form("Occitanie 2026", "3")
	wrong.Set("programme", "")
	d.says(http.StatusUnprocessableEntity, path, wrong, `name="was.seats" value="5"`, `name="was.programme" value="`)
	// The same field is a conflict: what was typed stands beside what a colleague has set.
	_, page := d.says(http.StatusConflict, path, form("Mon nom", "3"), "est devenue « Un autre nom »", `value="Mon nom"`, `name="was.name" value="Un autre nom"`, `name="seats" type="text" value="5"`)
	if strings.Contains(page, `id="slug-fault"`) {
		t.Error("it asks for what is not on the form")
	}
	region := form("Occitanie 2026", "3")
	region.Set("region", "84")
	d.says(http.StatusSeeOther, path, region)
	region.Set("region", "53")
	region.Set("ends_on", "")
	d.says(http.StatusConflict, path, region, "est devenue « Auvergne-Rhône-Alpes »", `id="ends_on-fault"`)
	knowing := form("Mon nom", "3")
	knowing.Set("was.name", "Un autre nom")
	d.says(http.StatusSeeOther, path, knowing)
	if got, err := d.cohort(t.Context(), "occitanie"); err != nil || got.Name != "Mon nom" || got.Seats != 5 || got.Region != "84" {
		t.Errorf("%v %+v", err, got)
	}
}

// TestFormsSentAtOnceLoseNothing: of two who change the same field at the same
// moment, one is told.
func TestFormsSentAtOnceLoseNothing(t *testing.T) {
	d := newDesk(t)
	d.newCohort(3)
	stored, err := d.cohort(t.Context(), "occitanie")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	codes := make([]int, 4)
	for i := range codes {
		values := web.Remember(formOf(stored.input()), formFields)
		values.Set("name", "Nom "+string(rune('A'+i)))
		group.Go(func() { codes[i], _, _ = d.Page(d.running, d.browser, teamCohorts+"/occitanie/modifier", values) })
	}
	group.Wait()
	slices.Sort(codes)
	if want := []int{303, 409, 409, 409}; !slices.Equal(codes, want) {
		t.Errorf("%v, not %v", codes, want)
	}
}
