package bilan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// value is the oracle: a figure of a year by the rules of the domain, written
// with no part of the function. It goes through all facts for each question.
func (h *history) value(id string, year int) int {
	replaced := map[string]bool{}
	for _, f := range h.facts {
		if id, _ := f.Data.(map[string]any)["corrects"].(string); id != "" {
			replaced[id] = true
		}
	}
	found, sum := map[string]bool{}, 0
	for _, f := range h.facts {
		d := f.Data.(map[string]any)
		if replaced[f.ID] {
			continue
		}
		local := f.Time.In(paris("2023-01-01 00:00").Location())
		kind, of := strings.Split(f.Type, ".v")[0], func(name string) string { text, _ := d[name].(string); return text }
		inYear := local.Year() == year
		until := fmt.Sprint(year) + "-12-31"
		from := fmt.Sprint(year) + "-01-01"
		overlap := func(start, end string) bool { return of(start) <= until && (of(end) == "" || of(end) >= from) }
		part := strings.Split(id, ".")
		session := kind == "session.held" && inYear
		community := session && of("kind") == "community" && of("series") == part[1]
		workshop := session && of("kind") == "workshop" && of("series") == part[1]
		switch {
		case id == "permanences.held" && session && of("kind") == "permanence",
			(strings.HasSuffix(id, ".sessions")) && community:
			found[of("session_id")] = true
		case id == "permanences.participants" && session && of("kind") == "permanence",
			id == "communities.participants" && session && of("kind") == "community",
			id == "workshops.participants" && session && of("kind") == "workshop",
			id == "workshop.systemic-representations.participants" && workshop:
			list, _ := d["allies"].([]string)
			for _, p := range list {
				found[p] = true
			}
		case id == "assembly.participants" && session && of("kind") == "assembly", id == "community.storytelling.participants" && community:
			for _, p := range d["participants"].([]string) {
				found[p] = true
			}
		case id == "community.management.officers" && community && d["participants_by_role"] != nil:
			for _, p := range d["participants_by_role"].(map[string][]string)["officer"] {
				found[p] = true
			}
		case id == "assembly.days" && kind == "session.held" && of("kind") == "assembly",
			id == "initiation.days" && kind == "session.held" && of("kind") == "initiation":
			for minute := 0; minute < d["minutes"].(int); minute += 30 {
				day := local.Add(time.Duration(minute) * time.Minute)
				if day.Year() == year {
					name := day.Format(time.DateOnly)
					if part[0] == "initiation" {
						name += of("session_id")
					}
					found[name] = true
				}
			}
		case id == "initiation.territories" && session && of("kind") == "initiation", strings.HasSuffix(id, "narrative-territories.territories") && community:
			for code := range d["territories"].(map[string]int) {
				found[code] = true
			}
		case kind == "series.opened" && (id == "communities.active" && of("kind") == "community" || id == "workshops.active" && of("kind") == "workshop" ||
			part[0] == "workshop" && part[2] == "active" && of("kind") == "workshop" && of("slug") == part[1]) && overlap("active_from", "active_to"):
			found[of("slug")] = true
		case id == "resources.new" && kind == "resource.published" && inYear:
			found[of("resource_id")] = true
		case id == "support.local-media" && kind == "support.one_off" && of("beneficiary") == "local_media" && inYear,
			id == "interventions.all" && kind == "intervention" && inYear,
			id == "interventions.representative" && kind == "intervention" && d["representative"] == true && inYear,
			id == "media.appearances" && kind == "media.appearance" && inYear,
			id == "theses.active" && kind == "thesis" && overlap("started_on", "ended_on"):
			found[f.ID] = true
		case id == "training.sensitive-diagnosis.pairs" && kind == "training" && of("subject") == "sensitive-diagnosis" && inYear:
			sum += d["pairs"].(int)
		case part[0] == "programme" && kind == "support.experimental" && of("programme") == part[1] && overlap("started_on", "ended_on"):
			found[of("territory")] = true
		case (part[0] == "programme" || part[0] == "cohort") && kind == "territory.enrolled" && of("enrolled_on") <= until && h.joined(d, part, replaced, year):
			found[of("territory")] = true
		case part[0] == "allies" && kind == "ally.signed" && of("kind")+"s" == part[1] && local.Year() <= year && !h.left(of("ally_id"), replaced, year):
			found[of("ally_id")] = true
		}
	}
	return len(found) + sum
}

var namesOfProgrammes = map[string]string{"massif-central": "Massif central", "villes-resilientes": "Villes résilientes", "puy-de-dome": "Puy-de-Dôme"}

// joined tells whether an enrolment counts: it is of the cohort or the
// programme, not over before the year, and the last word by its end.
func (h *history) joined(d map[string]any, part []string, replaced map[string]bool, year int) bool {
	if d["cohort"] != part[1] && (part[0] == "cohort" || d["programme"] == "" || d["programme"] != namesOfProgrammes[part[1]]) {
		return false
	}
	if ends, known := d["ends_on"].(string); known && ends < fmt.Sprint(year)+"-01-01" || !known && !strings.HasPrefix(d["enrolled_on"].(string), fmt.Sprint(year)) {
		return false
	}
	var last []string
	out := false
	for _, f := range h.facts {
		o := f.Data.(map[string]any)
		on, _ := o["enrolled_on"].(string)
		if left, is := o["withdrawn_on"].(string); is {
			on = left
		}
		related := o["cohort"] == part[1] || part[0] == "programme" && o["programme"] != "" && o["programme"] == namesOfProgrammes[part[1]]
		if replaced[f.ID] || on == "" || on > fmt.Sprint(year)+"-12-31" || o["cohort"] != d["cohort"] || o["source"] != d["source"] || o["territory"] != d["territory"] || !related {
			continue
		}
		// Who says when is heard by that; who does not, at the first hour of the day.
		said, err := time.Parse(time.RFC3339Nano, fmt.Sprint(o["said_at"]))
		if err != nil {
			said = paris(on + " 00:00")
		}
		order := []string{said.UTC().Format("2006-01-02 15:04:05.000000000"), f.Time.UTC().Format(time.RFC3339), f.ID}
		if slices.Compare(order, last) > 0 {
			last, out = order, o["withdrawn_on"] != nil
		}
	}
	return !out
}

// left tells whether an ally left before the year, after having signed.
func (h *history) left(ally string, replaced map[string]bool, year int) bool {
	last, out := "", false
	for _, f := range h.facts {
		d := f.Data.(map[string]any)
		if replaced[f.ID] || d["ally_id"] != ally {
			continue
		}
		local := f.Time.In(paris("2023-01-01 00:00").Location())
		day := local.Format(time.DateOnly)
		if f.Type == "ally.left.v1" {
			day = fmt.Sprint(local.Year()+1) + "-01-01"
		}
		if day > fmt.Sprint(year)+"-12-31" {
			continue
		}
		if order := day + f.Time.UTC().Format(time.RFC3339) + f.ID; order > last {
			last, out = order, f.Type == "ally.left.v1"
		}
	}
	return out
}

// compareAll holds the running figures, a recount, what opening each figure
// lists, and the oracle against one another.
func (w *world) compareAll(t interface {
	Fatalf(string, ...any)
	Helper()
}, h *history, years ...int) {
	t.Helper()
	filled := map[string]bool{} // the partitions that hold anything: the others are not asked for, by the hundred
	for _, item := range append(w.Dump(function.Bilans), w.Dump(function.Ledger)...) {
		filled[item["pk"].(string)] = true
	}
	counted, err := w.figures.count(w.t.Context(), func(ctx context.Context, each func(recorded) error) error {
		for pk := range w.partitions() {
			if filled[pk] {
				if err := w.partition(ctx, pk, each); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, year := range years {
		running, err := w.between(w.t.Context(), firstYear, lastStep, true)
		if err != nil {
			t.Fatalf("%v", err)
		}
		recounted := counters{years: map[int]countersOfYear{}, steps: map[int]countersOfYear{}}
		for at, n := range counted {
			into := recounted.years
			if at.spans {
				into = recounted.steps
			}
			if into[at.year].of == nil {
				into[at.year] = countersOfYear{of: map[string]tally{}}
			}
			into[at.year].of[at.key] = n
		}
		for _, f := range w.figures.of(year) {
			if f.Chapter == 0 {
				continue
			}
			want := h.value(f.ID, year)
			got, again := f.value(running.tally(f, year)), f.value(recounted.tally(f, year))
			listed, amount := 0, 0
			if filled[f.partition(year)] {
				listed, amount = w.listed(f, year)
			}
			if f.Sum {
				listed = amount
			}
			if got != want || again != want || listed != want {
				text, _ := json.Marshal(h.facts)
				t.Fatalf("%s in %d: running %d, recounted %d, listed %d, instead of %d\n%s", f.ID, year, got, again, listed, want, text)
			}
		}
	}
}

// listed counts the records that opening a figure gives, three at a time.
func (w *world) listed(f figure, year int) (n, amount int) {
	w.t.Helper()
	query := recordsQuery{Limit: 3}
	for {
		list, next, err := w.records(w.t.Context(), year, f.ID, "open", query)
		if err != nil {
			w.t.Fatal(err)
		}
		n += len(list)
		for _, r := range list {
			amount += r.Amount
		}
		if next == "" {
			return n, amount
		}
		query.Cursor = next
	}
}
