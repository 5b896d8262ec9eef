package booking

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// checkFacts holds every fact of the ledger against its published schema.
func (w *world) checkFacts() {
	w.t.Helper()
	compiler := jsonschema.NewCompiler()
	for _, item := range w.Dump(function.Ledger) {
		event, err := jsonschema.UnmarshalJSON(strings.NewReader(item["event"].(string)))
		if err != nil {
			w.t.Fatal(err)
		}
		kind := event.(map[string]any)["type"].(string)
		schema, err := compiler.Compile("../../events/" + kind + ".schema.json")
		if err != nil {
			w.t.Fatal(err)
		}
		if err := schema.Validate(event); err != nil {
			w.t.Errorf("%s: %v", kind, err)
		}
	}
}

// fact reads the data of a fact of the ledger.
func fact[T any](w *world, id string) (data T) {
	w.t.Helper()
	for _, item := range w.Dump(function.Ledger) {
		var event struct {
			ID   string
			Data T
		}
		if err := json.Unmarshal([]byte(item["event"].(string)), &event); err != nil {
			w.t.Fatal(err)
		}
		if event.ID == id {
			return event.Data
		}
	}
	w.t.Fatalf("no fact %s", id)
	return data
}

// TestTwoWhoCorrectAttendanceAtOnce: one is told to begin again, and each fact is
// corrected once, or the bilan would count who came twice.
func TestTwoWhoCorrectAttendanceAtOnce(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(3)
	b := w.bookMany(s.ID, 3)
	w.Clock.Set(s.EndsAt)
	team, path := w.Bearer("team"), "/v1/sessions/"+s.ID+"/attendance"
	came := func(answer bookingAnswer) map[string]any {
		return map[string]any{"attended": []string{answer.BookingID}}
	}
	w.call(http.StatusOK, "PUT", path, came(b[0]), nil, team...)
	w.beforeCommit(func() { w.call(http.StatusOK, "PUT", path, came(b[1]), nil, team...) })
	w.call(http.StatusConflict, "PUT", path, came(b[2]), nil, team...)
	corrected := map[string]bool{}
	for _, item := range w.Dump(function.Ledger) {
		of := fact[heldFact](w, strings.SplitN(item["sk"].(string), "#", 2)[1]).Corrects
		if corrected[of] {
			t.Errorf("%q is corrected twice", of)
		}
		corrected[of] = true
	}
	if len(corrected) != 2 {
		t.Errorf("%v", corrected)
	}
}

// signs makes someone an ally, as registration would.
func (w *world) signs(address string) {
	w.t.Helper()
	var writes dynamo.Writes
	writes.Add(w.allies.Put(struct{ dynamo.Key }{membership.SignatureKey(w.person(address), "ally_1")}))
	if err := writes.Commit(w.t.Context(), w.allies.Client); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) person(address string) string {
	w.t.Helper()
	person, err := personal.Hash(w.t.Context(), w.identity, address)
	if err != nil {
		w.t.Fatal(err)
	}
	return person
}

// pseudonym is how facts name who has this address.
func (w *world) pseudonym(address string) string {
	w.t.Helper()
	pseudonym, err := auth.Hash(w.t.Context(), w.identity, "participant", w.person(address))
	if err != nil {
		w.t.Fatal(err)
	}
	return pseudonym
}

// TestTheFactTellsWhoWasAnAlly among those who came, booked or not; who only
// booked, or has not signed, is none. A correction says it anew.
func TestTheFactTellsWhoWasAnAlly(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(4)
	b := w.bookMany(s.ID, 3)
	w.signs(guestAddress(1))
	w.signs(guestAddress(3)) // who does not come
	w.signs("passante@territoire.example")
	w.Clock.Set(s.EndsAt)
	take := func(walkIns ...walkIn) heldFact {
		t.Helper()
		var answer attendanceAnswer
		w.call(http.StatusOK, "PUT", "/v1/sessions/"+s.ID+"/attendance", attendanceInput{Attended: []string{b[0].BookingID, b[1].BookingID}, WalkIns: walkIns}, &answer, w.Bearer("team")...)
		return fact[heldFact](w, answer.FactID)
	}
	ada, bob, passer := w.pseudonym(guestAddress(1)), w.pseudonym(guestAddress(2)), w.pseudonym("passante@territoire.example")
	first := take(walkIn{Email: "Passante@territoire.example", QuartetRole: "elected"}, walkIn{QuartetRole: "elected"}, walkIn{Email: "inconnu@territoire.example", QuartetRole: "state"})
	if want := sorted([]string{ada, passer}); !slices.Equal(first.Allies, want) {
		t.Errorf("allies %v, not %v", first.Allies, want)
	}
	if len(first.Participants) != 4 || !slices.Contains(first.Participants, bob) || first.Attended != 5 {
		t.Errorf("%+v", first)
	}
	if roles := first.ParticipantsByRole; len(roles) != 2 || !slices.Equal(roles["elected"], []string{passer}) || len(roles["state"]) != 1 || first.QuartetRoles["elected"] != 2 {
		t.Errorf("%+v", first)
	}
	w.signs(guestAddress(2))
	second := take()
	if want := sorted([]string{ada, bob}); !slices.Equal(second.Allies, want) || second.Corrects == "" || second.ParticipantsByRole == nil {
		t.Errorf("%+v", second)
	}
	w.checkFacts()
}
