package cohort

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

func TestDecisionsMoveSeatsFactsAndMails(t *testing.T) {
	w := newWorld(t)
	ids := w.completed(1, 2)
	team := w.Bearer("team")
	decide := func(status int, id, decision string) (answer applicationView) {
		t.Helper()
		out := any(&answer)
		if status != http.StatusOK {
			out = nil
		}
		w.call(status, "POST", "/v1/applications/"+id+"/decision", map[string]string{"decision": decision, "note": "À bientôt."}, out, team...)
		return answer
	}
	w.call(http.StatusUnauthorized, "POST", "/v1/applications/"+ids[0]+"/decision", `{"decision":"accepted"}`, nil)
	if got := w.locations("POST", "/v1/applications/"+ids[0]+"/decision", `{"decision":"x"}`, team...); !slices.Equal(got, []string{"body.decision"}) {
		t.Errorf("%v", got)
	}
	decide(http.StatusOK, ids[0], accepted)
	if got := decide(http.StatusOK, ids[0], accepted); got.Status != accepted {
		t.Errorf("%+v", got)
	}
	decide(http.StatusConflict, ids[1], accepted)
	decide(http.StatusOK, ids[1], waitingForSeat)
	if got := w.mails("elected0@territoire.example"); len(got) != 3 || !slices.ContainsFunc(got, func(m mail.Intent) bool {
		return m.Template == "application-accepted" && m.Data["note"] == "À bientôt."
	}) {
		t.Errorf("%+v", got)
	}
}

// TestNobodyEntersWithoutTheFour: whether one has not confirmed or was never
// named. To wait or to be declined needs no four.
func TestNobodyEntersWithoutTheFour(t *testing.T) {
	w := newWorld(t)
	w.newCohort(3)
	unconfirmed := w.applyFor(0).ID
	three := four(1)
	delete(three, "state")
	var missing applicationView
	w.call(http.StatusCreated, "POST", "/v1/cohorts/occitanie/applications", map[string]any{"territory": communes[1], "motivation": "Nous voulons apprendre.", "quartet": three}, &missing)
	for _, role := range []string{"elected", "officer", "socioeconomic"} { // all who were named
		w.call(http.StatusOK, "POST", "/v1/applications/"+missing.ID+"/confirm", tokenBody{w.tokenOf(role + "1@territoire.example")}, nil)
	}
	for _, id := range []string{unconfirmed, missing.ID} {
		if _, err := w.decide(w.member(), id, decisionInput{Decision: accepted}); !errors.Is(err, errIncomplete) {
			t.Errorf("%v", err)
		}
		for _, decision := range []string{waitingForSeat, declined} {
			if _, err := w.decide(w.member(), id, decisionInput{Decision: decision}); err != nil {
				t.Errorf("%s: %v", decision, err)
			}
		}
	}
	if facts := w.Dump(function.Ledger); len(facts) > 0 {
		t.Errorf("%v", facts)
	}
}

func TestASeatIsGivenBack(t *testing.T) {
	w := newWorld(t)
	ids := w.completed(1, 2)
	accept := func(n int) error {
		_, err := w.decide(w.member(), ids[n], decisionInput{Decision: accepted})
		return err
	}
	if err := accept(0); err != nil {
		t.Fatal(err)
	}
	if err := accept(1); !fault.Is(err, "cohort-full") {
		t.Errorf("%v", err)
	}
	w.call(http.StatusOK, "PATCH", "/v1/cohorts/occitanie", `{"seats":2}`, nil, w.Bearer("team")...)
	if err := accept(1); err != nil {
		t.Fatal(err)
	}
	w.call(http.StatusConflict, "PATCH", "/v1/cohorts/occitanie", `{"seats":1}`, nil, w.Bearer("team")...)
	if _, err := w.decide(w.member(), ids[1], decisionInput{Decision: waitingForSeat}); err != nil {
		t.Fatal(err)
	}
	w.call(http.StatusOK, "PATCH", "/v1/cohorts/occitanie", `{"seats":1}`, nil, w.Bearer("team")...)
	old, err := w.application(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if old, err = w.withdraw(t.Context(), old); err != nil || old.Decision != withdrawn {
			t.Fatalf("%v %+v", err, old)
		}
	}
	if err := accept(1); err != nil {
		t.Errorf("%v", err)
	}
	if err := accept(0); !fault.Is(err, "application-withdrawn") {
		t.Errorf("%v", err)
	}
	shown, err := w.shownCohort(t.Context(), "occitanie")
	if err != nil || len(shown.Territories) != 1 || shown.Territories[0].Code != communes[1] {
		t.Errorf("%v %+v", err, shown)
	}
	types := w.validates()
	for _, fact := range facts[ledger.Enrolled](w, ledger.EnrolledType) {
		if fact.Data.EndsOn != shown.EndsOn {
			t.Errorf("%+v", fact)
		}
	}
	if want := map[string]int{"territory.enrolled.v2": 3, "territory.withdrawn.v1": 2}; !maps.Equal(types, want) {
		t.Errorf("%v", types)
	}
}

// validates wants every fact to be as its schema says, and counts them by type.
func (w *world) validates() map[string]int {
	w.t.Helper()
	types := map[string]int{}
	compiler := jsonschema.NewCompiler()
	for _, item := range w.Dump(function.Ledger) {
		event, err := jsonschema.UnmarshalJSON(strings.NewReader(item["event"].(string)))
		if err != nil {
			w.t.Fatal(err)
		}
		kind := event.(map[string]any)["type"].(string)
		types[kind]++
		schema, err := compiler.Compile("../../events/" + kind + ".schema.json")
		if err != nil {
			w.t.Fatal(err)
		}
		if err := schema.Validate(event); err != nil {
			w.t.Errorf("%s: %v", kind, err)
		}
	}
	return types
}

// acceptAll tries to accept all applications at once, and returns how many were.
func (w *world) acceptAll(ids []string) (n int) {
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, id := range ids {
		group.Go(func() {
			_, err := w.decide(w.member(), id, decisionInput{Decision: accepted})
			if err == nil {
				mu.Lock()
				n++
				mu.Unlock()
			} else if !fault.Is(err, "cohort-full") {
				w.t.Error(err)
			}
		})
	}
	group.Wait()
	return n
}

func TestNeverMoreThanSeats(t *testing.T) {
	w := newWorld(t)
	if n := w.acceptAll(w.completed(3, 10)); n != 3 {
		t.Errorf("%d accepted of 3", n)
	}
	facts := w.Dump(function.Ledger)
	if item, err := w.cohort(t.Context(), "occitanie"); err != nil || item.Accepted != 3 || len(facts) != 3 {
		t.Errorf("%v %+v, %d facts", err, item, len(facts))
	}
}

func TestNeverMoreThanSeatsNeedsItsGuard(t *testing.T) {
	w := newWorld(t)
	w.seatLeft = expression.AttributeNotExists(expression.Name("nowhere"))
	if n := w.acceptAll(w.completed(3, 10)); n <= 3 {
		t.Error("nothing was seen")
	}
}

func TestFaultsLeaveOneDecision(t *testing.T) {
	for _, kind := range functiontest.AllFaults {
		t.Run(kind.String(), func(t *testing.T) {
			for number := 1; ; number++ {
				w := newWorld(t)
				id := w.completed(1, 1)[0]
				since := w.Faults(functiontest.At(number, kind))
				decide := func() error {
					_, err := w.decide(w.member(), id, decisionInput{Decision: accepted})
					return err
				}
				if decide() != nil {
					if err := decide(); err != nil {
						t.Fatalf("call %d: %v", number, err)
					}
				}
				calls, _ := since()
				w.Faults(nil)
				if item, err := w.cohort(t.Context(), "occitanie"); err != nil || item.Accepted != 1 || len(w.Dump(function.Ledger)) != 1 {
					t.Errorf("call %d: %v %d accepted", number, err, item.Accepted)
				}
				if calls < number {
					return
				}
			}
		})
	}
}
