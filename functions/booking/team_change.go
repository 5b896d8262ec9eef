package booking

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// planFields are the fields of the form of a session.
var planFields = []string{
	"kind", "title", "description", "day", "starts_at", "ends_at", "last_day", "mode", "place", "join_url", "capacity",
	"series", "cohort", "fundamentals", "narrative_dimensions",
}

// wasField is the hidden field that keeps what a field showed at first.
func wasField(name string) string { return "was." + name }

// whole is all that a field holds, as one text.
func whole(values url.Values, name string) string {
	text := strings.Join(slices.Sorted(slices.Values(values[name])), ",")
	return strings.ReplaceAll(text, "\r\n", "\n") // as it is stored
}

// shownNow is what the form of a session shows, and keeps hidden to tell later
// what was typed.
func shownNow(item sessionItem) url.Values { return withWas(formOf(item.input()), planFields) }

// withWas adds to the fields of a form what they show at first.
func withWas(values url.Values, fields []string) url.Values {
	for _, name := range fields {
		values.Set(wasField(name), whole(values, name))
	}
	return values
}

// wasShown are the hidden fields that keep what a form showed at first.
func wasShown(values url.Values, fields []string) (was []web.Option) {
	for _, name := range fields {
		if values.Has(wasField(name)) {
			was = append(was, web.Option{Value: values.Get(wasField(name)), Label: wasField(name)})
		}
	}
	return was
}

// rebase puts what was typed into a form onto what it would show now: who
// opened the form before others changed the same thing undoes nothing. It returns
// the fields that were typed, all those of a form that does not say what it
// showed.
func rebase(values, now url.Values, fields []string) (typed map[string]bool) {
	typed = map[string]bool{}
	for _, name := range fields {
		was := wasField(name)
		if typed[name] = !values.Has(was) || strings.ReplaceAll(values.Get(was), "\r\n", "\n") != whole(values, name); !typed[name] {
			values[name] = now[name]
		}
		values.Set(was, now.Get(was))
	}
	return typed
}

// changeTyped is the change of the fields that were typed.
func changeTyped(typed map[string]bool, in sessionInput) sessionChange {
	return sessionChange{
		Kind: given(&in.Kind, typed["kind"]), Title: given(&in.Title, typed["title"]), Description: given(&in.Description, typed["description"]),
		StartsAt: given(&in.StartsAt, typed["day"] || typed["starts_at"]),
		EndsAt:   given(&in.EndsAt, typed["day"] || typed["last_day"] || typed["ends_at"]),
		Mode:     given(&in.Mode, typed["mode"]), Place: given(&in.Place, typed["place"]), JoinURL: given(&in.JoinURL, typed["join_url"]),
		Capacity: given(&in.Capacity, typed["capacity"]), Series: given(&in.Series, typed["series"]), Cohort: given(&in.Cohort, typed["cohort"]),
		Fundamentals: given(&in.Fundamentals, typed["fundamentals"]), Dimensions: given(&in.Dimensions, typed["narrative_dimensions"]),
	}
}

// given is a value that was typed; nil for one that was not.
func given[T any](value *T, typed bool) *T {
	if !typed {
		return nil
	}
	return value
}

// changing reads a session that is to be changed, and whom a change reaches.
func (s *service) changing(r *http.Request) (item sessionItem, view planView, err error) {
	if item, err = s.session(r.Context(), r.PathValue("id")); err != nil {
		return item, view, err
	}
	if !item.bookable(s.now()) {
		return item, view, item.past()
	}
	view.ID = item.ID
	if view.Reached, err = s.reached(r.Context(), item); err != nil {
		return item, view, err
	}
	shown, err := s.counted(r.Context(), item, true)
	view.Waiting = shown.Waiting
	return item, view, err
}

func (s *service) changePage(w http.ResponseWriter, r *http.Request) error {
	item, view, err := s.changing(r)
	if err != nil {
		return err
	}
	return s.renderPlan(w, r, http.StatusOK, web.Form{Values: shownNow(item)}, view)
}

// changePosted changes a session. What who has booked must hear of is asked
// twice, the second time with how many people get a mail.
func (s *service) changePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	old, view, err := s.changing(r)
	if err != nil {
		return err
	}
	typed := rebase(values, shownNow(old), planFields)
	var faults fault.Fields
	in := sessionFromForm(values, &faults)
	checked := in
	checked.check(&faults)
	if err := faults.Err(); err != nil {
		return s.renderPlan(w, r, http.StatusUnprocessableEntity, web.Form{Values: values, Faults: faults}, view)
	}
	changed := old
	changed.take(checked)
	if view.Warn = view.Reached > 0 && !changed.sameForGuests(old); view.Warn && values.Get("prevenir") == "" {
		return s.renderPlan(w, r, http.StatusOK, web.Form{Values: values}, view)
	}
	_, err = s.change(r.Context(), old.ID, changeTyped(typed, in), &faults)
	if fault.Is(err, "capacity-below-bookings") {
		err = faultOf("capacity", fault.As(err).Detail)
	}
	if shown, ok := web.FormFaults(err); ok {
		view.Warn = false
		return s.renderPlan(w, r, web.Status(fault.As(err)), web.Form{Values: values, Faults: shown}, view)
	}
	if err != nil {
		return err
	}
	what := "modifiee"
	if view.Warn {
		what = "prevenues"
	}
	return done(w, r, teamAgenda+"/"+old.ID, what)
}
