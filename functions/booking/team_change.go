package booking

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// planFields are the fields of the form of a session.
var planFields = []string{
	"kind", "title", "description", "day", "starts_at", "ends_at", "last_day", "mode", "place", "join_url", "capacity",
	"series", "cohort", "fundamentals", "narrative_dimensions",
}

// shownNow is what the form of a session shows, and keeps hidden to tell later
// what was typed.
func shownNow(item sessionItem) url.Values { return web.Remember(formOf(item.input()), planFields) }

// readPlan is a value of the form of a session as people read it.
func readPlan(offered groups) func(name, value string) string {
	choices := map[string][]web.Option{
		"kind": kindLabels, "mode": modeOptions, "series": offered.Series, "cohort": offered.Cohorts,
		"fundamentals": fundamentalOptions, "narrative_dimensions": dimensionOptions,
	}
	return func(name, value string) string {
		if day, err := time.Parse(time.DateOnly, value); err == nil && (name == "day" || name == "last_day") {
			return french.Date(day)
		}
		return web.LabelOf(choices[name], value)
	}
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

// planConflicts are the fields of a session that a colleague has changed since
// the form was shown, and the status of the form that says so; that of a form
// with other faults when there are none.
func (s *service) planConflicts(ctx context.Context, rebased web.Rebased) (faults fault.Fields, status int, err error) {
	if len(rebased.Meanwhile) == 0 {
		return nil, http.StatusUnprocessableEntity, nil
	}
	offered, err := s.groups(ctx)
	return rebased.Faults(readPlan(offered)), http.StatusConflict, err
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
	rebased := web.Rebase(values, shownNow(old), planFields)
	faults, status, err := s.planConflicts(r.Context(), rebased)
	if err != nil {
		return err
	}
	in := sessionFromForm(values, &faults)
	if rebased.Typed["cohort"] {
		if err := s.checkCohort(r.Context(), in.Cohort, &faults); err != nil {
			return err
		}
	}
	checked := in
	checked.check(&faults)
	if len(faults) > 0 {
		return s.renderPlan(w, r, status, web.Form{Values: values, Faults: faults, Meanwhile: rebased.Meanwhile}, view)
	}
	changed := old
	changed.take(checked)
	if view.Warn = view.Reached > 0 && !changed.sameForGuests(old); view.Warn && values.Get("prevenir") == "" {
		return s.renderPlan(w, r, http.StatusOK, web.Form{Values: values}, view)
	}
	_, err = s.change(r.Context(), old.ID, changeTyped(rebased.Typed, in), &faults)
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
	switch {
	case view.Warn:
		what = "prevenues"
	case view.Waiting > 0 && checked.Capacity > old.Capacity:
		what = "agrandie"
	}
	return done(w, r, teamAgenda+"/"+old.ID, what)
}
