package booking

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestAForgottenSessionIsRecorded once it is over, so that who came counts; its
// form offers that only when the day that was typed has passed.
func TestAForgottenSessionIsRecorded(t *testing.T) {
	d := newDesk(t)
	const box = `name="past" type="checkbox"`
	if _, page := d.says(200, teamAgenda+"/nouvelle", nil); strings.Contains(page, box) {
		t.Error("offered to everyone")
	}
	form := planForm()
	form.Set("day", "2026-02-10")
	d.says(422, teamAgenda+"/nouvelle", form, "cochez la case qui le dit", box)
	form.Set(pastField, "true")
	form.Set("day", "2022-12-31")
	d.says(422, teamAgenda+"/nouvelle", form, `id="day-fault"`, "L’agenda commence en 2023", box+` value="true" checked`)
	form.Set("day", "2026-04-14")
	d.says(422, teamAgenda+"/nouvelle", form, `id="past-fault"`, "décochez cette case", box)
	form.Set("day", "bientôt")
	if _, page := d.says(422, teamAgenda+"/nouvelle", form, "Indiquez le jour", box); strings.Contains(page, "past-fault") {
		t.Error("no day is taken for one to come")
	}
	form.Set("day", "2026-03-10") // which goes on now
	form.Set("starts_at", "09:30")
	form.Set("ends_at", "12:00")
	d.says(422, teamAgenda+"/nouvelle", form, `id="past-fault"`, "attendez sa fin")
	form.Del(pastField)
	if _, page := d.says(422, teamAgenda+"/nouvelle", form, `id="starts_at-fault"`, "attendez sa fin"); strings.Contains(page, "cochez la case") || strings.Contains(page, box) {
		t.Error("it asks to tick what would be refused")
	}
	form.Set(pastField, "true")
	if n := len(d.look("").free); n > 0 {
		t.Errorf("%d seats of what was refused", n)
	}

	form.Set("day", "2026-02-10")
	made, _ := d.says(303, teamAgenda+"/nouvelle", form)
	if twice, _ := d.says(303, teamAgenda+"/nouvelle", form); twice != made {
		t.Errorf("sent twice: %s and %s", made, twice)
	}
	path, _, _ := strings.Cut(made, "?")
	id := strings.TrimPrefix(path, teamAgenda+"/")
	_, page := d.says(200, made, nil, "La rencontre est enregistrée", `href="`+path+`/pointer"`)
	if strings.Contains(page, path+"/modifier") || strings.Contains(page, path+"/inscrire") {
		t.Error("it can be booked or changed")
	}
	d.says(200, teamAgenda, nil, `href="`+path+`/pointer"`)
	if _, err := d.tryBook(id, 1, ""); !fault.Is(err, errClosed.Code) {
		t.Errorf("booked: %v", err)
	}
	if r := d.look(id); len(r.free) > 0 || r.session.State != closed || r.session.Capacity != 12 {
		t.Errorf("%+v", r)
	}
	if got := d.Audited(id); !slices.Equal(got, []string{"session.planned"}) {
		t.Errorf("%v", got)
	}

	d.call(http.StatusOK, "PUT", "/v1/sessions/"+id+"/attendance", `{"attended":[],"walk_ins":[{"territory":"46102"},{"territory":"46102"}]}`, nil, d.Bearer("team")...)
	item := d.stored(id)
	told := fact[map[string]any](d.world, item.HeldFact)
	if item.State != held || told["starts_at"] == nil || !strings.HasPrefix(item.StartsAt.Format(time.RFC3339), "2026-02-10T08:30") {
		t.Errorf("%s %v", item.State, told)
	}
	d.checkFacts()

	_, page = d.says(200, path+"?fait=pointee", nil, "Les présences sont notées")
	if strings.Contains(page, "donner son avis") {
		t.Error("it says that people were written to")
	}

	d.call(http.StatusUnprocessableEntity, "POST", "/v1/sessions", // which is not for programs, which know what is to come
		`{"kind":"initiation","title":"T","mode":"online","capacity":2,"starts_at":"2026-02-10T08:30:00Z","ends_at":"2026-02-10T09:30:00Z","past":true}`, nil, d.Bearer("team")...)
	d.says(422, teamAgenda+"/nouvelle", url.Values{pastField: {"true"}, web.KeyField: {"form_9"}}, "Indiquez le jour")
}
