package registration

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func (w *world) leave(email string) {
	w.t.Helper()
	answer := w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, w.session(email)...)
	if answer.Body.String() != `{"status":"erasing"}` {
		w.t.Errorf("%s", answer.Body)
	}
}

// Everything that a person may have left behind is gone from every table, in
// whatever form the address was typed, and what others have stays.
func TestLeavingErasesAPersonEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := named("Zélie", "Quincampoix")
	w.join(anOrganisation("Une", "Zelie.Q+fabrique@Gmail.com", who, withSIRET(siret(1)), func(in *signing) { in.Organisation.RNA = "W123456789" }))
	w.join(aPerson("zelieq@gmail.com", who))
	w.sign(anOrganisation("En attente", "z.elieq@googlemail.com", who))
	w.join(anOrganisation("Une", "autre@exemple.fr", withSIRET(siret(1)))) // who is told to join Zélie
	w.join(anOrganisation("Autre", "autre@exemple.fr"))
	w.link("zelieq@gmail.com")
	w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", aPerson("zelie.q@gmail.com", who), "Idempotency-Key", "k")
	if w.count() != (count{2, 1}) || len(w.Holding("Quincampoix")) < 6 {
		t.Fatalf("%v %v", w.count(), w.Holding("Quincampoix"))
	}
	facts := w.Dump(function.Ledger)
	w.service.now = func() time.Time { // a clock moves between two readings
		w.Clock.Advance(time.Microsecond)
		return w.Clock.Now()
	}
	if err := w.service.leave(t.Context(), w.personOf("zelieq@gmail.com")); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	for _, text := range []string{"zelie", "zélie", "quincampoix", "gmail.com", "googlemail", siret(1), "W123456789", "CLAIM#NAME#une"} {
		if found := w.Holding(text); len(found) > 0 {
			t.Errorf("%s: %v", text, found)
		}
	}
	left := w.Holding(w.personOf("zelieq@gmail.com"))
	if len(left) != len(w.service.personal) || slices.ContainsFunc(left, func(item string) bool { return !strings.HasSuffix(item, "ERASURE") }) {
		t.Errorf("of the person: %v", left)
	}
	if w.count() != (count{Organisations: 1}) || len(w.listed("").Items) != 1 {
		t.Errorf("%v", w.count())
	}
	if left := w.facts("ally.left.v1"); len(left) != 2 || len(w.Dump(function.Ledger)) != len(facts)+2 {
		t.Errorf("facts: %v", left)
	}
	if len(w.Holding("autre@exemple.fr")) < 2 {
		t.Error("someone else was erased")
	}
}

func TestFarewellGoesOutOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "A@exemple.fr"))
	w.join(aPerson("a@exemple.fr"))
	mine := w.session("a@exemple.fr")
	farewell := w.only("farewell", func() {
		for range 3 { // a button pressed again
			w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, mine...)
		}
	})
	if farewell.To != "A@exemple.fr" || farewell.Name != "Camille Durand" {
		t.Errorf("%+v", farewell)
	}
	w.Drain()
	if asked := w.mails(func() { w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, mine...) }); len(asked) != 0 {
		t.Errorf("after all is erased: %v", asked)
	}
	w.call(http.StatusNotFound, http.MethodGet, "/v1/me", nil, mine...)
	w.Drain()
	if w.count() != (count{}) || len(w.facts("ally.left.v1")) != 2 {
		t.Errorf("%v", w.count())
	}
	w.Clock.Advance(time.Second)
	w.join(aPerson("a@exemple.fr")) // and another time
	w.only("farewell", func() { w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, mine...) })
}

func TestWhoLeavesMaySignAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
	w.join(aPerson("a@exemple.fr"))
	w.leave("a@exemple.fr")
	w.Drain()
	w.Clock.Advance(time.Second)
	second := w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
	w.join(aPerson("a@exemple.fr"))
	if second.AllyID == first.AllyID || w.count() != (count{1, 1}) {
		t.Errorf("%v %v", second, w.count())
	}
}

// The same requests delivered again, even long after, change nothing: neither
// what was erased nor who came back.
func TestReplayedRequestHasNoSecondEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr"))
	w.join(aPerson("b@exemple.fr"))
	w.leave("a@exemple.fr")
	w.Drain()
	w.Replay()
	w.Clock.Advance(time.Second)
	w.join(anOrganisation("Une", "a@exemple.fr"))
	before := snapshot(w)
	w.Replay()
	if after := snapshot(w); !reflect.DeepEqual(before, after) {
		t.Errorf("%v\n%v", before, after)
	}
	if w.count() != (count{1, 1}) || len(w.facts("ally.left.v1")) != 1 {
		t.Errorf("%v", w.count())
	}
}

func snapshot(w *world) map[function.Table][]map[string]any {
	all := map[function.Table][]map[string]any{}
	for _, d := range function.Definitions {
		all[d.Table] = w.Dump(d.Table)
	}
	return all
}

// The stream is late: who signed again in the meantime is not erased.
func TestSignatureMadeAfterTheRequestSurvives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("a@exemple.fr", named("Ancienne", "Signature")))
	w.leave("a@exemple.fr")
	w.Clock.Advance(time.Second)
	w.join(anOrganisation("Une", "a@exemple.fr"))
	waiting := w.sign(anOrganisation("Deux", "a@exemple.fr"))
	w.Drain()
	if w.count() != (count{Organisations: 1}) || len(w.Holding("Ancienne")) > 0 {
		t.Errorf("%v %v", w.count(), w.Holding("Ancienne"))
	}
	w.Clock.Advance(time.Second)
	w.confirm(waiting)
	mine := read[me](w, w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, w.session("a@exemple.fr")...))
	if mine.Organisation.Name != "Une" || len(mine.Others) != 1 {
		t.Errorf("%+v", mine)
	}
}

func TestWhoNeverSignedMayLeaveToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sign(aPerson("a@exemple.fr"))
	mine := w.session("a@exemple.fr")
	if asked := w.mails(func() { w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, mine...) }); len(asked) != 0 {
		t.Errorf("%v", asked)
	}
	w.Drain()
	if found := w.Holding("a@exemple.fr"); len(found) > 0 || w.count() != (count{}) {
		t.Errorf("%v", found)
	}
}
