package bilan

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// history is what happened in a test: every fact, in no order.
type history struct {
	facts []ledger.Fact
	kinds []string // of which facts are drawn: few, so that they meet
}

var allKinds = []string{"ally.signed.v1", "ally.left.v1", "session.held.v2", "session.held.v1", "session.feedback.v1", "series.opened.v1",
	"territory.enrolled.v1", "territory.enrolled.v2", "territory.withdrawn.v1", "resource.published.v1", "intervention.v1",
	"media.appearance.v1", "support.one_off.v1", "support.experimental.v1", "thesis.v1", "training.v1", "fact.voided.v1"}

// moments are instants at which facts happen; some are by the turn of a year,
// where Paris and UTC do not agree.
var moments = []string{
	"2022-06-07 12:30", "2022-12-31 23:30", "2023-01-01 00:00", "2023-01-01 00:30", "2023-03-26 12:00", "2023-07-06 09:00",
	"2023-12-31 23:59", "2024-01-01 00:00", "2024-05-07 12:30", "2025-02-04 12:30", "2025-12-31 23:45",
}

var pseudonymsOfTest = []string{"ana", "bo", "cleo", "dan", "eve"}
var codesOfTest = []string{"35238", "31555", "63113", "REG-76"}

// draw makes a fact of any type. It may correct one that came before, of its own kind.
func (h *history) draw(t *rapid.T, w *world) {
	at := paris(rapid.SampledFrom(moments).Draw(t, "at"))
	day := dayOf(at)
	later := dayOf(at.AddDate(0, rapid.IntRange(0, 30).Draw(t, "months"), 0))
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	some := func(name string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(pseudonymsOfTest), 0, 4, rapid.ID).Draw(t, name)
	}
	optional := func(data map[string]any, name, value string) {
		if rapid.Bool().Draw(t, name) {
			data[name] = value
		}
	}
	data, kind := map[string]any{}, pick("type", h.kinds...)
	switch kindOf(kind) {
	case "ally.signed", "ally.left":
		data["kind"] = pick("kind", "organisation", "person")
		data["ally_id"] = asText(data["kind"]) + pick("ally", "1", "2", "3")
	case "session.held":
		series := pick("series", "", "management", "narrative-territories", "storytelling", "systemic-representations", "learning-journeys")
		people := some("people")
		data = held("ses_"+pick("session", "1", "2", "3"), pick("kind", "permanence", "initiation", "workshop", "community", "assembly", "general_assembly"),
			series, at, rapid.SampledFrom([]int{60, 480, 1440, 1920}).Draw(t, "minutes"), people, people[:len(people)/2])
		data["territories"] = map[string]int{pick("from", codesOfTest...): 2, pick("from too", codesOfTest...): 1}
		data["participants_by_role"] = map[string][]string{"officer": some("officers"), "elected": some("elected")}
		if kind == "session.held.v1" {
			delete(data, "allies")
			delete(data, "participants_by_role")
		}
	case "session.feedback":
		data["effects"] = map[string]int{pick("effect", effects[:]...): rapid.IntRange(1, 5).Draw(t, "note"), "trust": rapid.IntRange(1, 5).Draw(t, "trust")}
	case "series.opened":
		data["slug"], data["kind"] = pick("slug", "management", "storytelling", "systemic-representations", "learning-journeys"), pick("kind", "workshop", "community")
		data["active_from"] = day
		optional(data, "active_to", later)
	case "territory.enrolled", "territory.withdrawn":
		data["cohort"], data["territory"] = pick("cohort", "occitanie", "avenir-montagnes", "respir", "other"), pick("territory", codesOfTest...)
		data["programme"], data["source"] = pick("programme", "", "Massif central", "Villes résilientes", "Puy-de-Dôme"), pick("source", "application", "partner")
		data["enrolled_on"] = day
		if kind == "territory.enrolled.v2" {
			optional(data, "ends_on", later)
		}
		if kindOf(kind) == "territory.withdrawn" {
			delete(data, "enrolled_on")
			data["withdrawn_on"] = day
			h.leaveTogether(t, data)
		}
		if kind == "territory.enrolled.v2" {
			h.comeBack(t, data)
		}
		if kind != "territory.enrolled.v1" {
			// In any relation to the day: long before, long after, or within it.
			said := at.AddDate(0, 0, rapid.IntRange(-400, 400).Draw(t, "said in days")).Add(time.Duration(rapid.IntRange(-90, 90).Draw(t, "and minutes")) * time.Minute)
			optional(data, "said_at", pick("said", said.UTC().Format(time.RFC3339Nano), at.UTC().Format(time.RFC3339), at.Add(time.Millisecond).UTC().Format(time.RFC3339Nano)))
		}
	case "resource.published":
		data["resource_id"] = "res_" + pick("resource", "1", "2", "3")
	case "support.experimental":
		data["programme"], data["territory"], data["started_on"] = pick("programme", "respir", "pilot-territories-2"), pick("territory", codesOfTest...), day
		optional(data, "ended_on", later)
	case "thesis":
		data["title"], data["started_on"] = "Une thèse", day
		optional(data, "ended_on", later)
	case "training":
		data["subject"], data["pairs"], data["participants"] = pick("subject", "sensitive-diagnosis", "other"), rapid.IntRange(0, 9).Draw(t, "pairs"), 12
	case "fact.voided":
		if len(h.facts) == 0 {
			return
		}
		void := rapid.SampledFrom(h.facts).Draw(t, "void")
		h.facts = append(h.facts, w.told(kind, at, map[string]any{"corrects": void.ID, "corrected_type": void.Type, "reason": "Par erreur"}))
		return
	default:
		data["title"], data["representative"], data["beneficiary"] = "Un titre", rapid.Bool().Draw(t, "representative"), pick("beneficiary", "local_media", "other")
	}
	if before := h.of(kindOf(kind)); len(before) > 0 && rapid.IntRange(0, 2).Draw(t, "corrects") == 0 {
		data["corrects"] = rapid.SampledFrom(before).Draw(t, "corrected")
	}
	h.facts = append(h.facts, w.told(kind, at, data))
}

// leaveTogether makes most withdrawals those of a territory that came: drawn by
// themselves, the two rarely meet in the same cohort.
func (h *history) leaveTogether(t *rapid.T, data map[string]any) {
	var came []map[string]any
	for _, f := range h.facts {
		if kindOf(f.Type) == "territory.enrolled" {
			came = append(came, f.Data.(map[string]any))
		}
	}
	if len(came) == 0 || rapid.IntRange(0, 3).Draw(t, "alone") == 0 {
		return
	}
	one := rapid.SampledFrom(came).Draw(t, "who came")
	for _, name := range []string{"cohort", "territory", "programme", "source"} {
		data[name] = one[name]
	}
	if rapid.Bool().Draw(t, "soon") { // a stay without an end is counted in its first year only
		data["withdrawn_on"] = one["enrolled_on"]
	}
}

// comeBack makes some enrolments those of a territory that has left, in the
// same cohort; some with the first day of another.
func (h *history) comeBack(t *rapid.T, data map[string]any) {
	var left []map[string]any
	for _, f := range h.facts {
		if kindOf(f.Type) == "territory.withdrawn" {
			left = append(left, f.Data.(map[string]any))
		}
	}
	if len(left) == 0 || rapid.Bool().Draw(t, "another") {
		return
	}
	one := rapid.SampledFrom(left).Draw(t, "who left")
	for _, name := range []string{"cohort", "territory", "programme", "source"} {
		data[name] = one[name]
	}
	for _, f := range h.facts {
		before := f.Data.(map[string]any)
		if kindOf(f.Type) == "territory.enrolled" && before["territory"] == one["territory"] && before["cohort"] == one["cohort"] {
			data["enrolled_on"] = before["enrolled_on"]
		}
	}
}

func (h *history) of(kind string) (ids []string) {
	for _, f := range h.facts {
		if kindOf(f.Type) == kind {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// TestEveryWayOfCountingAgrees: whatever happens, however often and in what
// order facts come, the four ways give one number.
func TestEveryWayOfCountingAgrees(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		h := &history{kinds: rapid.SampledFrom([][]string{
			allKinds, {"ally.signed.v1", "ally.left.v1"}, {"session.held.v2", "session.held.v1"}, {"series.opened.v1", "thesis.v1"}, {"intervention.v1", "training.v1", "fact.voided.v1"},
			{"territory.enrolled.v1", "territory.enrolled.v2", "territory.withdrawn.v1", "support.experimental.v1"},
		}).Draw(rt, "kinds")}
		for range rapid.IntRange(1, 14).Draw(rt, "facts") {
			h.draw(rt, w)
		}
		w.append(h.facts...)
		order := rapid.Permutation(slices.Concat(h.facts, h.facts[:len(h.facts)/2])).Draw(rt, "order")
		w.projectAll(order...)
		w.compareAll(rt, h, rapid.IntRange(2022, 2025).Draw(rt, "year"))
	})
}

// TestWhoLeavesACohortIsNoLongerCounted, from the year in which they leave.
func TestWhoLeavesACohortIsNoLongerCounted(t *testing.T) {
	w := newWorld(t)
	stay := map[string]any{"cohort": "occitanie", "programme": "", "territory": "31555", "source": "partner", "enrolled_on": "2022-05-02", "ends_on": "2025-06-30"}
	leave := map[string]any{"cohort": "occitanie", "programme": "", "territory": "31555", "source": "partner", "withdrawn_on": "2024-03-01"}
	h := &history{facts: []ledger.Fact{
		w.told("territory.withdrawn.v1", paris("2024-03-01 00:00"), leave),
		w.told("territory.enrolled.v2", paris("2022-05-02 00:00"), stay),
	}}
	w.append(h.facts...)
	w.projectAll(h.facts...)
	w.compareAll(t, h, 2021, 2022, 2023, 2024, 2025)
	for year, want := range map[int]int{2021: 0, 2022: 1, 2023: 1, 2024: 0, 2025: 0} {
		if got := h.value("cohort.occitanie.territories", year); got != want {
			t.Errorf("the oracle counts %d in %d, want %d", got, year, want)
		}
	}
}

// TestKilledBetweenAnyTwoWrites: a projection that dies at any call, and is
// begun again from the start of the stream, ends in the same figures.
func TestKilledBetweenAnyTwoWrites(t *testing.T) {
	for _, kind := range []functiontest.Fault{functiontest.LostAnswer, functiontest.Throttled} {
		for number := 1; ; number++ {
			w := newWorld(t)
			people := []string{"ana", "bo", "cleo"}
			first := w.told("session.held.v2", paris("2023-05-04 09:00"), held("ses_1", "community", "storytelling", paris("2023-05-04 09:00"), 60, people, people[:2]))
			second := w.told("session.held.v2", paris("2023-05-04 09:00"), held("ses_1", "community", "storytelling", paris("2023-05-04 09:00"), 60, people[1:], people[1:2]))
			second.Data.(map[string]any)["corrects"] = first.ID
			signed := w.told("ally.signed.v1", paris("2022-05-04 09:00"), map[string]any{"kind": "person", "ally_id": "ally_1"})
			h := &history{facts: []ledger.Fact{first, second, signed}}
			w.append(h.facts...)
			// The fault lasts, so that the SDK and the transaction do not mend it: the function is dead from this call on.
			since := w.Faults(func(c functiontest.Call) functiontest.Fault {
				switch {
				case c.Number == number && kind == functiontest.LostAnswer:
					return functiontest.LostAnswer
				case c.Number >= number:
					return functiontest.Throttled
				}
				return functiontest.None
			})
			err := w.TryDrain()
			_, injected := since()
			w.Faults(nil)
			if injected == 0 {
				break
			}
			if err == nil {
				t.Errorf("%s at call %d goes unnoticed", kind, number)
			}
			w.Replay()
			w.compareAll(t, h, 2023)
		}
	}
}

// TestAtOnce: many facts of the same elements, projected at once, count each once.
func TestAtOnce(t *testing.T) {
	w := newWorld(t)
	h := &history{}
	for i := range 12 {
		at := paris("2023-05-04 09:00").AddDate(0, 0, i)
		h.facts = append(h.facts, w.told("session.held.v2", at, held(fmt.Sprint("ses_", i), "permanence", "", at, 60, pseudonymsOfTest, pseudonymsOfTest)))
	}
	w.append(h.facts...)
	failed := make(chan error, 2*len(h.facts))
	for _, f := range slices.Concat(h.facts, h.facts) {
		read, key := w.read(f)
		go func() {
			err := w.project(t.Context(), read, key)
			for err != nil && t.Context().Err() == nil { // as the stream does
				err = w.project(t.Context(), read, key)
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	w.compareAll(t, h, 2023)
	list, _, err := w.records(t.Context(), 2023, "permanences.participants", "open", recordsQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if len(r.Facts) != len(h.facts) {
			t.Errorf("%s came %d times, not %d", r.Element, len(r.Facts), len(h.facts))
		}
	}
}

// TestReplacedWhileItIsProjected: a fact whose correction overtakes it, between
// any two of its calls, is not counted.
func TestReplacedWhileItIsProjected(t *testing.T) {
	at := paris("2023-05-04 09:00")
	for number := 1; ; number++ {
		w := newWorld(t)
		first := w.told("session.held.v2", at, held("ses_1", "permanence", "", at, 60, pseudonymsOfTest, pseudonymsOfTest))
		second := w.told("session.held.v2", at, held("ses_1", "permanence", "", at, 60, pseudonymsOfTest[:2], pseudonymsOfTest[:1]))
		second.Data.(map[string]any)["corrects"] = first.ID
		h := &history{facts: []ledger.Fact{first, second}}
		w.append(h.facts...)
		held := false
		w.Faults(func(c functiontest.Call) functiontest.Fault {
			if c.Number == number && !held {
				held = true
				w.projectAll(second)
			}
			return functiontest.None
		})
		w.projectAll(first)
		w.Faults(nil)
		if !held {
			return
		}
		w.compareAll(t, h, 2023)
	}
}

// A session of the largest size names more elements than a transaction takes.
func TestASessionOfManyPeople(t *testing.T) {
	w := newWorld(t)
	var people []string
	for i := range 430 {
		people = append(people, fmt.Sprintf("person-%03d", i))
	}
	at := paris("2023-07-06 09:00")
	first := w.told("session.held.v2", at, held("ses_1", "assembly", "", at, 1920, people, people))
	second := w.told("session.held.v2", at, held("ses_1", "assembly", "", at, 1920, people[30:], people))
	second.Data.(map[string]any)["corrects"] = first.ID
	h := &history{facts: []ledger.Fact{first, second}}
	w.append(h.facts...)
	w.Drain()
	w.compareAll(t, h, 2023)
	var view figureView
	w.call(http.StatusOK, "GET", "/v1/bilans/2023/figures/assembly.participants", nil, &view)
	if view.FactsCount != 400 || view.Facts != nil {
		t.Errorf("%+v", view)
	}
}
