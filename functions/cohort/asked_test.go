package cohort

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// TestNobodyIsAskedWithoutEnd: whoever holds the link of an application cannot
// make us write to others over and over.
func TestNobodyIsAskedWithoutEnd(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	made := w.applyFor(0)
	path, bearer := "/v1/applications/"+made.ID, bearerOf(w, made)
	name := func(who string) int {
		return w.Do(w.running, "PATCH", path, map[string]any{"quartet": map[string]any{"state": someone(who)}}, bearer...).Code
	}
	// In turn, within the hour: each once.
	for range 30 {
		name("Lou")
		name("Max")
	}
	if lou, other := len(w.mails("lou@territoire.example")), len(w.mails("max@territoire.example")); lou != 1 || other != 1 {
		t.Errorf("%d %d", lou, other)
	}
	before, err := w.application(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.refused(http.StatusConflict, "asked-already", "PATCH", path, map[string]any{"motivation": "Autre.", "quartet": map[string]any{"state": someone("Lou")}}, bearer...)
	item, err := w.application(t.Context(), made.ID)
	if err != nil || item.Revision != before.Revision || item.Motivation != before.Motivation {
		t.Errorf("what was refused has changed something: %v %+v", err, item)
	}
	// Each hour: three times in a day.
	for range 10 {
		w.Clock.Advance(time.Hour + time.Second)
		name("Lou")
		name("Max")
	}
	if lou, other := len(w.mails("lou@territoire.example")), len(w.mails("max@territoire.example")); lou != 3 || other != 3 {
		t.Errorf("%d %d", lou, other)
	}
	// Others: twelve in a day, of whatever they are.
	for n := range 10 {
		name(fmt.Sprint("Zoe", n))
		w.Clock.Advance(time.Minute)
	}
	if n := w.mailsAsked(); n != asksADay {
		t.Errorf("%d mails", n)
	}
	w.refused(http.StatusConflict, "asked-enough", "PATCH", path, map[string]any{"quartet": map[string]any{"state": someone("Ida")}}, bearer...)
	w.Clock.Advance(2 * time.Hour)
	w.refused(http.StatusConflict, "asked-enough", "POST", path+"/reminders", nil, bearer...)
	w.Clock.Advance(24 * time.Hour)
	if got := name("Lou"); got != http.StatusOK {
		t.Errorf("the day after: %d", got)
	}
	item, err = w.application(t.Context(), made.ID)
	if err != nil || len(item.Asked) != 1 {
		t.Errorf("%v %+v", err, item.Asked)
	}
}

// TestRemindersPassOverWhoWasJustAsked, and count as mails.
func TestRemindersPassOverWhoWasJustAsked(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	made := w.applyFor(0)
	path, bearer := "/v1/applications/"+made.ID, bearerOf(w, made)
	w.Clock.Advance(2 * time.Hour)
	w.call(http.StatusOK, "PATCH", path, map[string]any{"quartet": map[string]any{"state": someone("Lou")}}, nil, bearer...)
	w.call(http.StatusOK, "POST", path+"/reminders", nil, nil, bearer...)
	if lou, elected := len(w.mails("lou@territoire.example")), len(w.mails("elected0@territoire.example")); lou != 1 || elected != 2 {
		t.Errorf("%d %d", lou, elected)
	}
	for range 3 {
		w.Clock.Advance(2 * time.Hour)
		w.Do(w.running, "POST", path+"/reminders", nil, bearer...)
	}
	if n := w.mailsAsked(); n != asksADay {
		t.Errorf("%d mails", n)
	}
}

// TestWhoWasAskedIsNotKnownFromIt: what counts the mails is too short to tell
// anyone, whoever has left meanwhile.
func TestWhoWasAskedIsNotKnownFromIt(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	made := w.applyFor(0)
	item, err := w.application(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	person := item.Members["state"].Person
	w.Clock.Advance(2 * time.Hour)
	w.call(http.StatusOK, "PATCH", "/v1/applications/"+made.ID, map[string]any{"quartet": map[string]any{"state": someone("Lou")}}, nil, bearerOf(w, made)...)
	for _, stored := range w.Dump(function.Applications) {
		if stored["pk"] == applicationKey(made.ID).PK && strings.Contains(fmt.Sprint(stored), person) {
			t.Errorf("%v", stored)
		}
	}
}
