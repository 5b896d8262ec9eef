package registration

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

func TestMeShowsEverySignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := func(in *signing) {
		in.Person.Role, in.Consents.Newsletter = "directrice", true
		if in.Organisation == nil {
			in.Organisation = &organisationInput{Name: "Ma ville", Territory: "46102"}
			return
		}
		in.Organisation.SIRET, in.Organisation.RNA, in.Organisation.Website = siret(1), "W123456789", "https://une.example.fr"
	}
	first := w.join(anOrganisation("Une", "a@exemple.fr", full))
	w.Clock.Advance(time.Hour)
	second := w.join(aPerson("a@exemple.fr", full))
	mine := read[me](w, w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, w.session("A@exemple.fr")...))
	want := mySignature{
		AllyID: first.AllyID, Kind: "organisation",
		Organisation: &organisationInput{"Une", "association", siret(1), "W123456789", "31555", "https://une.example.fr"},
		Person:       personInput{"Camille", "Durand", "a@exemple.fr", "directrice"},
		Charter:      mySigned{"2024-1", time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)},
		Consents:     consents{true, true}, JoinedOn: "2026-03-10",
	}
	if !reflect.DeepEqual(mine.mySignature, want) {
		t.Errorf("%+v", mine.mySignature)
	}
	if len(mine.Others) != 1 || mine.Others[0].AllyID != second.AllyID || *mine.Others[0].Organisation != (organisationInput{Name: "Ma ville", Territory: "46102"}) {
		t.Errorf("%+v", mine.Others)
	}
}

func TestNothingIsHeldBeforeConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sign(aPerson("a@exemple.fr"))
	mine := w.session("a@exemple.fr")
	for _, method := range []string{http.MethodGet, http.MethodPatch} {
		if got := read[problem](w, w.call(http.StatusNotFound, method, "/v1/me", `{}`, mine...)); got.Code != "nothing-held" {
			t.Errorf("%s: %v", method, got)
		}
	}
}

// The export holds each item of each personal table that is the person's,
// whichever function wrote it, and none of anyone else.
func TestExportHoldsAllAndOnlyMine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, email := range []string{"a@exemple.fr", "b@exemple.fr"} {
		w.join(anOrganisation("De "+email, email))
		w.sign(aPerson(email)) // and one that waits
		w.plant(function.Mails, email)
		w.plant(function.Agenda, email)
		w.plant(function.Applications, email)
		w.plant(function.Members, email)
	}
	mine := w.session("a@exemple.fr")
	all := read[export](w, w.call(http.StatusOK, http.MethodGet, "/v1/me/export", nil, mine...))
	if all.ExportedAt != w.Clock.Now() || len(all.Signatures) != 1 {
		t.Errorf("%+v", all)
	}
	partition := "PERSON#" + w.personOf("a@exemple.fr")
	for _, d := range function.Definitions {
		exported, gathered := all.Tables[string(d.Table)]
		if gathered != d.Personal {
			t.Errorf("%s: gathered %v, personal %v", d.Table, gathered, d.Personal)
		}
		var want, got []string
		for _, item := range w.Dump(d.Table) {
			if item["pk"] == partition {
				want = append(want, item["sk"].(string))
			}
		}
		for _, item := range exported {
			got = append(got, item["sk"].(string))
			if item["pk"] != partition {
				t.Errorf("%s: %v is someone else's", d.Table, item["pk"])
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) || d.Personal && len(want) == 0 {
			t.Errorf("%s: %v instead of %v", d.Table, got, want)
		}
	}
	if text := w.call(http.StatusOK, http.MethodGet, "/v1/me/export", nil, mine...).Body.String(); strings.Contains(text, "b@exemple.fr") || !strings.Contains(text, "a@exemple.fr") {
		t.Error("not mine, or not me")
	}
}

// plant puts an item of a person into a table that another function writes.
func (w *world) plant(table function.Table, email string) {
	w.t.Helper()
	intent := mail.NewIntent("mail_1", "any", w.personOf(email), email, "Camille Durand", map[string]string{}, w.Clock.Now())
	put, err := (dynamo.Table{Client: w.Client, Name: w.TableName(table)}).Put(intent)
	if err == nil {
		err = dynamo.Transact(w.t.Context(), w.Client, put)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// A table that comes to hold personal data must be gathered and be readable.
func TestEveryPersonalTableIsDeclared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, d := range function.Definitions {
		_, gathered := w.service.personal[d.Table]
		declared := slices.ContainsFunc(Function.Tables, func(u function.Use) bool {
			return u.Table == d.Table && (u.Right == function.ReadAppend || u.Right == function.ReadWrite)
		})
		if d.Personal && !(gathered && declared) || gathered && !d.Personal {
			t.Errorf("%s: personal %v, gathered %v, may be read %v", d.Table, d.Personal, gathered, declared)
		}
	}
}

func TestExportOfWhoIsUnknownIsEmptyButForTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := read[export](w, w.call(http.StatusOK, http.MethodGet, "/v1/me/export", nil, w.session("a@exemple.fr")...))
	if len(all.Signatures) != 0 || len(all.Tables["Allies"]) != 1 || all.Tables["Mails"] == nil {
		t.Errorf("%+v", all)
	}
}
