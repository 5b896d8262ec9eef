package registration

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/applicant"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
)

// applied runs the schedule, twice: it may.
func (w *world) applied() {
	w.t.Helper()
	for range 2 {
		if err := w.running.Schedules["apply-retention"](w.t.Context(), w.Clock.Now()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// inYears moves the clock to so long after an instant.
func (w *world) inYears(from time.Time, years, months, days int) {
	w.Clock.Set(from.AddDate(years, months, days))
}

func templates(asked []mailed) (names []string) {
	for _, m := range asked {
		names = append(names, m.Template+" "+m.To)
	}
	slices.Sort(names)
	return names
}

func TestWhoIsSilentForYearsIsToldThenErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr"))
	w.join(aPerson("a@exemple.fr"))
	began := w.Clock.Now()
	w.inYears(began, 3, -1, -1)
	if asked := w.mails(w.applied); len(asked) != 0 {
		t.Fatalf("told too early: %v", asked)
	}
	w.inYears(began, 3, -1, 0)
	told := w.mails(w.applied)
	if got := templates(told); !slices.Equal(got, []string{"retention-notice a@exemple.fr"}) {
		t.Fatalf("a month before: %v", got)
	}
	if told[0].Data["until"] != "10 mars 2029" || told[0].Data["since"] != "10 mars 2026" {
		t.Errorf("%v", told[0].Data)
	}
	w.inYears(began, 3, 0, -1)
	w.applied()
	w.Drain(w.running)
	if w.count() != (count{1, 1}) {
		t.Fatalf("erased before the month was over: %v", w.count())
	}
	w.inYears(began, 3, 0, 0)
	if got := templates(w.mails(w.applied)); !slices.Contains(got, "farewell a@exemple.fr") {
		t.Errorf("farewell: %v", got)
	}
	w.Drain(w.running)
	if w.count() != (count{}) || len(w.facts("ally.left.v1")) != 2 {
		t.Errorf("left: %v, %d facts", w.count(), len(w.facts("ally.left.v1")))
	}
}

// TestAnySignOfLifeStartsTheYearsAgain: what the person does here or, for
// those who are due, in another table.
func TestAnySignOfLifeStartsTheYearsAgain(t *testing.T) {
	t.Parallel()
	for name, live := range map[string]func(w *world){
		"opens their data":     func(w *world) { w.session("a@exemple.fr") },
		"changes them":         func(w *world) { w.patch(http.StatusOK, w.session("a@exemple.fr"), `{"person":{"role":"élue"}}`) },
		"signs for more":       func(w *world) { w.join(anOrganisation("Une", "a@exemple.fr")) },
		"signs the same again": func(w *world) { w.join(aPerson("a@exemple.fr")) },
		"signs for an organisation that has a contact": func(w *world) {
			w.join(anOrganisation("Une", "b@exemple.fr"))
			w.join(anOrganisation("Une", "a@exemple.fr"))
		},
		"books": func(w *world) {
			item := struct {
				dynamo.Key
				CreatedAt time.Time `dynamodbav:"created_at"`
			}{dynamo.Key{PK: personal.Partition(w.personOf("a@exemple.fr")), SK: "BOOKING#ses_1"}, w.Clock.Now()}
			var writes dynamo.Writes
			writes.Add(w.service.personal[function.Agenda].Put(item))
			if err := writes.Commit(t.Context(), w.Client); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.join(aPerson("a@exemple.fr"))
			began := w.Clock.Now()
			w.inYears(began, 3, -1, 0)
			w.applied() // they are told
			w.inYears(began, 3, 0, -3)
			live(w)
			w.inYears(began, 3, 2, 0)
			w.applied()
			w.Drain(w.running)
			if w.count().Persons != 1 {
				t.Fatal("erased in spite of it")
			}
			w.inYears(began, 6, -1, -2)
			if got := templates(w.mails(w.applied)); !slices.Contains(got, "retention-notice a@exemple.fr") {
				t.Errorf("the years do not run again: %v", got)
			}
			w.inYears(began, 6, 0, -1)
			w.applied()
			w.Drain(w.running)
			if w.count() != (count{}) {
				t.Errorf("never erased: %v", w.count())
			}
		})
	}
}

func TestTheYearsAreASetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "RETENTION_YEARS", "1")
	began := w.Clock.Now()
	w.join(aPerson("a@exemple.fr"))
	person := w.named("lou@exemple.fr")
	w.inYears(began, 1, -1, 0)
	if asked := w.mails(w.applied); len(asked) != 2 {
		t.Errorf("%v", asked)
	}
	w.Settings["RETENTION_YEARS"] = "2" // longer than they were told
	patient, err := open(w.Runtime())
	if err != nil {
		t.Fatal(err)
	}
	w.inYears(began, 2, -1, 1)
	if err := patient.applyRetention(t.Context(), w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if w.asked(person) || w.asked(w.personOf("a@exemple.fr")) {
		t.Error("erased before the years were over")
	}
	for _, bad := range []string{"0", "x"} {
		w.Settings["RETENTION_YEARS"] = bad
		if _, err := open(w.Runtime()); err == nil || !strings.Contains(err.Error(), "RETENTION_YEARS") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestComingBackAtTheLastMoment: whoever is heard of between the read and the
// erasure stays.
func TestComingBackAtTheLastMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("a@exemple.fr"))
	began := w.Clock.Now()
	w.inYears(began, 3, -1, 0)
	w.applied()
	w.inYears(began, 3, 0, 0)
	people, err := w.service.people(t.Context())
	if err != nil || len(people) != 1 {
		t.Fatalf("%v %v", people, err)
	}
	w.session("a@exemple.fr")
	for _, p := range people {
		if err := w.service.retain(t.Context(), *p); err != nil {
			t.Error(err)
		}
	}
	w.Drain(w.running)
	if w.count() != (count{Persons: 1}) {
		t.Error("erased although they came back")
	}
}

// named puts someone whom an application names, as the function cohort does.
func (w *world) named(email string) (person string) {
	w.t.Helper()
	person = w.personOf(email)
	var writes dynamo.Writes
	writes.Add(w.service.personal[function.Applications].Put(struct {
		dynamo.Key
		applicant.Named
		List string `dynamodbav:"list"`
	}{dynamo.Key{PK: personal.Partition(person), SK: applicant.Prefix + "app_1#elected"},
		applicant.Named{GivenName: "Lou", FamilyName: "Roux", Email: email, CreatedAt: w.Clock.Now()}, applicant.Everyone}))
	if err := writes.Commit(w.t.Context(), w.Client); err != nil {
		w.t.Fatal(err)
	}
	return person
}

// asked tells whether the erasure of a person was asked of the table Applications.
func (w *world) asked(person string) bool {
	w.t.Helper()
	found, err := w.service.personal[function.Applications].Get(w.t.Context(), personal.ErasureKey(person), &personal.Erasure{})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// TestWhoOnlyAppliedIsToldThenErased: nobody whom an application names is kept
// for ever because they have not signed.
func TestWhoOnlyAppliedIsToldThenErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := w.Clock.Now()
	person := w.named("lou@exemple.fr")
	w.inYears(began, 3, -1, -1)
	if asked := w.mails(w.applied); len(asked) != 0 {
		t.Fatalf("told too early: %v", asked)
	}
	w.inYears(began, 3, -1, 0)
	told := w.mails(w.applied)
	if got := templates(told); !slices.Equal(got, []string{"retention-notice lou@exemple.fr"}) || told[0].Data["until"] != "10 mars 2029" || told[0].Data["of"] != "application" {
		t.Fatalf("a month before: %v", told)
	}
	w.inYears(began, 3, 0, -1)
	w.applied()
	if w.asked(person) {
		t.Fatal("erased before the month was over")
	}
	w.inYears(began, 3, 0, 0)
	if got := templates(w.mails(w.applied)); !slices.Contains(got, "farewell lou@exemple.fr") || !w.asked(person) {
		t.Errorf("%v", got)
	}
	w.Drain(w.running)
	for _, left := range w.Holding("lou@exemple.fr") {
		if !strings.Contains(left, "MEMBER#") && !strings.Contains(left, "MAIL#") { // those of the functions cohort and notify
			t.Errorf("left: %s", left)
		}
	}
}

// TestWhoIsKnownAndComesBackStays, who was named by an application or is a
// member of the team: the link to their data is enough, or a signature that
// makes no ally, or a sign-in, and the years run again.
func TestWhoIsKnownAndComesBackStays(t *testing.T) {
	t.Parallel()
	const email = "lou@exemple.fr"
	applied := func(w *world) string { return w.named(email) }
	signed := func(w *world) string { return w.signedIn(email) }
	opens := func(w *world) { w.session(email) }
	for name, c := range map[string]struct {
		known func(w *world) (person string)
		lives func(w *world)
	}{
		"who applied opens their data": {applied, opens},
		"who applied signs for an organisation that has a contact": {applied, func(w *world) {
			w.join(anOrganisation("Une", "b@exemple.fr"))
			w.join(anOrganisation("Une", email))
		}},
		"a member signs in":         {signed, func(w *world) { w.signedIn(email) }},
		"a member opens their data": {signed, opens},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			began := w.Clock.Now()
			person := c.known(w)
			w.inYears(began, 3, -1, 0)
			w.applied()
			w.inYears(began, 3, 0, -3)
			c.lives(w)
			w.inYears(began, 3, 2, 0)
			w.applied()
			if w.asked(person) {
				t.Fatal("erased in spite of it")
			}
			w.inYears(began, 6, -1, -2)
			if got := templates(w.mails(w.applied)); !slices.Contains(got, "retention-notice "+email) {
				t.Errorf("the years do not run again: %v", got)
			}
			w.inYears(began, 6, 0, -1)
			w.applied()
			if !w.asked(person) {
				t.Error("never erased")
			}
		})
	}
}

// signedIn notes that a member of the team signs in, as the function team does.
func (w *world) signedIn(email string) (person string) {
	w.t.Helper()
	person = w.personOf(email)
	var writes dynamo.Writes
	writes.Add(w.service.personal[function.Members].Put(signin.Record{
		Key: signin.KeyOf(person), Subject: "member-1", Name: "Sacha Le Goff", Email: email,
		LastAt: w.Clock.Now(), List: signin.List, ListAt: "Sacha Le Goff#member-1",
	}))
	if err := writes.Commit(w.t.Context(), w.Client); err != nil {
		w.t.Fatal(err)
	}
	return person
}

// TestWhoLeftTheTeamIsToldThenErased: no account is kept for ever.
func TestWhoLeftTheTeamIsToldThenErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := w.Clock.Now()
	person := w.signedIn("sacha@exemple.fr")
	w.inYears(began, 3, -1, -1)
	if asked := w.mails(w.applied); len(asked) != 0 {
		t.Fatalf("told too early: %v", asked)
	}
	w.inYears(began, 3, -1, 0)
	told := w.mails(w.applied)
	if got := templates(told); !slices.Equal(got, []string{"retention-notice sacha@exemple.fr"}) ||
		told[0].Name != "Sacha Le Goff" || told[0].Data["until"] != "10 mars 2029" || told[0].Data["of"] != "account" {
		t.Fatalf("a month before: %v", told)
	}
	w.inYears(began, 3, 0, -1)
	w.applied()
	if w.asked(person) {
		t.Fatal("erased before the month was over")
	}
	w.inYears(began, 3, 0, 0)
	if got := templates(w.mails(w.applied)); !slices.Equal(got, []string{"farewell sacha@exemple.fr"}) || !w.asked(person) {
		t.Errorf("%v", got)
	}
}

// TestWhoIsToldLateHasAMonth all the same, when the schedule did not run for
// weeks.
func TestWhoIsToldLateHasAMonth(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]func(w *world) (person string){
		"an ally": func(w *world) string {
			w.join(aPerson("lou@exemple.fr"))
			return w.personOf("lou@exemple.fr")
		},
		"an applicant": func(w *world) string { return w.named("lou@exemple.fr") },
		"a member":     func(w *world) string { return w.signedIn("lou@exemple.fr") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			began := w.Clock.Now()
			person := known(w)
			w.inYears(began, 3, 0, 10)
			told := w.mails(w.applied)
			if got := templates(told); !slices.Equal(got, []string{"retention-notice lou@exemple.fr"}) || told[0].Data["until"] != "20 avril 2029" {
				t.Fatalf("%v", told)
			}
			w.inYears(began, 3, 1, 9)
			if got := w.mails(w.applied); len(got) > 0 || w.asked(person) {
				t.Fatalf("erased before the month was over: %v", got)
			}
			w.inYears(began, 3, 1, 10)
			if got := templates(w.mails(w.applied)); !slices.Equal(got, []string{"farewell lou@exemple.fr"}) || !w.asked(person) {
				t.Errorf("%v", got)
			}
		})
	}
}

// TestAMemberWhomAnApplicationNamesIsToldOnce, and so is one who signed.
func TestAMemberWhomAnApplicationNamesIsToldOnce(t *testing.T) {
	t.Parallel()
	for of, known := range map[string]func(w *world){
		"application": func(w *world) { w.named("sacha@exemple.fr") },
		"signature":   func(w *world) { w.join(aPerson("sacha@exemple.fr")) },
	} {
		t.Run(of, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.signedIn("sacha@exemple.fr")
			known(w)
			w.inYears(w.Clock.Now(), 3, -1, 0)
			if told := w.mails(w.applied); len(told) != 1 || told[0].Data["of"] != of {
				t.Errorf("%v", told)
			}
		})
	}
}

// TestWhoSignedAndAppliedIsToldOnce, as an ally.
func TestWhoSignedAndAppliedIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("lou@exemple.fr"))
	w.named("lou@exemple.fr")
	w.inYears(w.Clock.Now(), 3, -1, 0)
	if told := w.mails(w.applied); len(told) != 1 || told[0].Data["of"] != "signature" {
		t.Errorf("%v", told)
	}
}
