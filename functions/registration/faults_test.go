package registration

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// writing is an action that writes, prepared for the people of one round.
// Each round has its own, so that one world serves all.
type writing struct {
	name string
	// prepare makes what the action needs and returns the action, which
	// answers a status, and a count of its effects: 1 when it was done once,
	// -1 when something is there in part or twice.
	prepare func(w *world, round int) (act func() int, effects func() int)
}

var writings = []writing{
	{"sign", func(w *world, round int) (func() int, func() int) {
		in := anOrganisation("Une", fmt.Sprintf("a%d@exemple.fr", round))
		act := func() int {
			return w.Do(w.running, http.MethodPost, "/v1/registrations", in, "Idempotency-Key", fmt.Sprint(round)).Code
		}
		return act, func() int {
			return w.complete(map[string]int{"REG#": 1, "MAIL#": 1}, in.Person.Email)
		}
	}},
	{"confirm", func(w *world, round int) (func() int, func() int) {
		email := fmt.Sprintf("a%d@exemple.fr", round)
		token := w.sign(anOrganisation("Une", email, withSIRET(siret(round))))
		before := w.tally()
		return w.confirming(token), func() int {
			return w.steps(before, tally{organisations: 1, signed: 1, mails: 1})
		}
	}},
	{"confirm, joining", func(w *world, round int) (func() int, func() int) {
		w.join(anOrganisation("Une", fmt.Sprintf("a%d@exemple.fr", round), withSIRET(siret(round))))
		token := w.sign(anOrganisation("Une", fmt.Sprintf("b%d@exemple.fr", round), withSIRET(siret(round))))
		before := w.tally()
		return w.confirming(token), func() int { return w.steps(before, tally{mails: 1, mentions: 1}) }
	}},
	{"ask for a link", func(w *world, round int) (func() int, func() int) {
		email := fmt.Sprintf("a%d@exemple.fr", round)
		act := func() int { return w.Do(w.running, http.MethodPost, "/v1/me/links", emailBody{email}).Code }
		return act, func() int { return w.complete(map[string]int{"MAIL#": 1}, email) }
	}},
	{"change", func(w *world, round int) (func() int, func() int) {
		email := fmt.Sprintf("a%d@exemple.fr", round)
		w.join(anOrganisation("Une", email, withSIRET(siret(2*round))))
		mine := w.session(email)
		body := fmt.Sprintf(`{"organisation":{"siret":%q},"person":{"role":"élue"}}`, siret(2*round+1))
		act := func() int { return w.Do(w.running, http.MethodPatch, "/v1/me", body, mine...).Code }
		return act, func() int {
			claims, old := w.naming(siret(2*round+1)), w.naming(siret(2*round))
			got := read[me](w, w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, mine...))
			switch {
			case claims == 2 && old == 0 && got.Organisation.SIRET == siret(2*round+1) && got.Person.Role == "élue":
				return 1 // the claim, and the ally that names it
			case claims == 0 && old == 2 && got.Organisation.SIRET == siret(2*round) && got.Person.Role == "":
				return 0
			}
			return -1
		}
	}},
	{"leave", func(w *world, round int) (func() int, func() int) {
		email := fmt.Sprintf("a%d@exemple.fr", round)
		w.join(anOrganisation("Une", email, withSIRET(siret(round))))
		mine := w.session(email)
		before := w.tally()
		act := func() int { return w.Do(w.running, http.MethodDelete, "/v1/me", nil, mine...).Code }
		return act, func() int { return w.steps(before, tally{mails: 1, requests: 1}) }
	}},
	{"erase", func(w *world, round int) (func() int, func() int) {
		email := fmt.Sprintf("a%d@exemple.fr", round)
		before := w.tally()
		w.join(anOrganisation("Une", email, withSIRET(siret(round))))
		w.join(aPerson(email))
		w.sign(anOrganisation("En attente", email))
		person, requested := w.personOf(email), w.Clock.Now()
		act := func() int {
			if err := w.service.erase(context.Background(), person, requested); err != nil {
				return http.StatusServiceUnavailable // the stream delivers it again
			}
			return http.StatusOK
		}
		return act, func() int {
			if w.naming(email)+w.naming(siret(round)) > 0 {
				return 0
			}
			return w.steps(before, tally{signed: 2, left: 2})
		}
	}},
}

func (w *world) confirming(token string) func() int {
	return func() int {
		return w.Do(w.running, http.MethodPost, "/v1/registrations/confirm", tokenBody{token}).Code
	}
}

// naming counts the items of the table Allies that hold a text.
func (w *world) naming(text string) (n int) {
	w.t.Helper()
	for _, item := range w.Dump(function.Allies) {
		if strings.Contains(fmt.Sprint(item), text) {
			n++
		}
	}
	return n
}

// tally is what actions leave behind.
type tally struct{ organisations, persons, signed, left, mails, mentions, requests int }

func (w *world) tally() (found tally) {
	w.t.Helper()
	for _, item := range w.Dump(function.Allies) {
		switch sk := item["sk"].(string); {
		case sk == "COUNT":
			found.organisations, found.persons = whole(item["organisations"]), whole(item["persons"])
		case strings.HasPrefix(sk, "MAIL#"):
			found.mails++
		case strings.HasPrefix(sk, mentionPrefix):
			found.mentions++
		case sk == "ERASURE":
			found.requests++
		}
	}
	for _, item := range w.Dump(function.Ledger) {
		switch kind, _, _ := strings.Cut(item["pk"].(string), "#"); kind {
		case "ally.signed.v1":
			found.signed++
		case "ally.left.v1":
			found.left++
		}
	}
	return found
}

func whole(number any) int {
	n, _ := number.(float64)
	return int(n)
}

// steps is 1 when the tally went from before by one, 0 when it went by none.
func (w *world) steps(before, one tally) int {
	w.t.Helper()
	now := w.tally()
	gone := tally{
		now.organisations - before.organisations, now.persons - before.persons, now.signed - before.signed,
		now.left - before.left, now.mails - before.mails, now.mentions - before.mentions, now.requests - before.requests,
	}
	switch gone {
	case one:
		return 1
	case tally{}:
		return 0
	}
	w.t.Logf("in part or twice: %+v", gone)
	return -1
}

// complete is 1 when a person's partition holds exactly so many items of each
// kind, 0 when it is empty.
func (w *world) complete(want map[string]int, email string) int {
	w.t.Helper()
	got := map[string]int{}
	partition := "PERSON#" + w.personOf(email)
	for _, item := range w.Dump(function.Allies) {
		if item["pk"] == partition {
			for prefix := range want {
				if sk := item["sk"].(string); len(sk) > len(prefix) && sk[:len(prefix)] == prefix {
					got[prefix]++
				}
			}
		}
	}
	if len(got) == 0 {
		return 0
	}
	for prefix, n := range want {
		if got[prefix] != n {
			w.t.Logf("in part or twice: %v", got)
			return -1
		}
	}
	return 1
}

// Each fault at each call of each action: the caller gets one truthful answer,
// and asking again has one effect.
func TestEachFaultAtEachCall(t *testing.T) {
	t.Parallel()
	for _, action := range writings {
		t.Run(action.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			round := 0
			for _, fault := range functiontest.AllFaults {
				for number := 1; ; number++ {
					round++
					act, effects := action.prepare(w, round)
					since := w.Faults(functiontest.At(number, fault))
					status := act()
					calls, injected := since()
					w.Faults(nil)
					done := effects()
					switch {
					case status/100 == 2 && done != 1, status == 503 && done != 0 && done != 1, status/100 != 2 && status != 503:
						t.Errorf("%s at call %d: answered %d, %d effects", fault, number, status, done)
					}
					if action.name != "ask for a link" || status/100 != 2 { // another demand is another link
						if again := act(); again/100 != 2 || effects() != 1 {
							t.Errorf("%s at call %d: again %d, %d effects", fault, number, again, effects())
						}
					}
					if injected == 0 && number > calls {
						break
					}
				}
			}
		})
	}
}

// While DynamoDB takes no write at all, nobody is told otherwise, nothing is
// there in part, and afterwards it works.
func TestOutage(t *testing.T) {
	t.Parallel()
	for _, action := range writings {
		t.Run(action.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for round, fault := range []functiontest.Fault{functiontest.Throttled, functiontest.Reset, functiontest.LostAnswer} {
				act, effects := action.prepare(w, round)
				w.Faults(functiontest.Always(fault, "TransactWriteItems"))
				if status := act(); status != http.StatusServiceUnavailable {
					t.Errorf("%s: answered %d", fault, status)
				}
				w.Faults(nil)
				if done := effects(); done != 0 && (fault != functiontest.LostAnswer || done != 1 && action.name != "erase") {
					t.Errorf("%s: %d effects", fault, done)
				}
				if action.name == "ask for a link" && fault == functiontest.LostAnswer {
					continue // another demand is another link
				}
				if again := act(); again/100 != 2 || effects() != 1 {
					t.Errorf("%s: afterwards %d, %d effects", fault, again, effects())
				}
			}
		})
	}
}

func TestBusyTablesAnswerWhenToComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Faults(functiontest.Always(functiontest.Throttled, "TransactWriteItems"))
	answer := w.call(http.StatusServiceUnavailable, http.MethodPost, "/v1/registrations", aPerson("a@exemple.fr"))
	if read[problem](w, answer).Code != "busy" || answer.Header().Get("Retry-After") != "2" {
		t.Errorf("%v %s", answer.Header(), answer.Body)
	}
	w.Faults(nil)
	w.empty()
}

// A conflict that never ends is given up within the time of a request.
func TestEndlessConflictIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.sign(aPerson("a@exemple.fr"))
	start := time.Now()
	w.Faults(functiontest.Always(functiontest.Conflict))
	w.call(http.StatusServiceUnavailable, http.MethodPost, "/v1/registrations/confirm", tokenBody{token})
	w.Faults(nil)
	if took := time.Since(start); took > time.Minute || w.count() != (count{}) {
		t.Errorf("%v %v", took, w.count())
	}
	w.confirm(token)
}
