package booking

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var seriesKinds = []web.Option{{Value: string(Workshop), Label: "Chantier"}, {Value: string(Community), Label: "Communauté apprenante"}}

type seriesFormView struct {
	Slug  string // of the series that is changed, empty for a new one
	Kind  string // of the one that is changed
	Kinds []web.Option
	Trail string // address of what was done to it
}

func (s *service) renderSeries(w http.ResponseWriter, r *http.Request, status int, form web.Form, of series) error {
	title := "Créer un chantier ou une communauté"
	if of.Slug != "" {
		title = "Modifier « " + of.Name + " »"
	}
	return s.pages.Render(w, r, status, "team_series_form", web.Page{Title: title, Form: form, Data: seriesFormView{
		Slug: of.Slug, Kind: kindLabel(of.Kind), Kinds: seriesKinds, Trail: web.TrailPath(of.Slug),
	}})
}

func (s *service) newSeriesPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderSeries(w, r, http.StatusOK, web.Form{Values: url.Values{web.KeyField: {s.newID("form")}}}, series{})
}

func (s *service) newSeriesPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	in := series{Kind: Kind(values.Get("kind")), Slug: values.Get("slug"), Name: values.Get("name"), ActiveFrom: values.Get("active_from"), ActiveTo: values.Get("active_to")}
	var faults fault.Fields
	if in.Kind == "" {
		faults.Add("kind", "Choisissez entre chantier et communauté apprenante.")
	}
	checkSeriesDays(values, &faults)
	in.check(&faults)
	if err = faults.Err(); err == nil {
		asked, jsonErr := json.Marshal(in)
		if jsonErr != nil {
			return jsonErr
		}
		err = s.openSeries(r.Context(), in, values.Get(web.KeyField), asked)
	}
	if fault.Is(err, "series-exists") {
		err = faultOf("slug", fault.As(err).Detail)
	}
	if shown, ok := web.FormFaults(err); ok {
		values.Set(web.KeyField, s.newID("form"))
		return s.renderSeries(w, r, web.Status(fault.As(err)), web.Form{Values: values, Faults: shown}, series{})
	}
	if err != nil {
		return err
	}
	return done(w, r, teamSeries, "creee")
}

// checkSeriesDays says in words of people what the API says in its own.
func checkSeriesDays(values url.Values, faults *fault.Fields) {
	if _, err := time.Parse(time.DateOnly, values.Get("active_from")); err != nil {
		faults.Add("active_from", "Indiquez le premier jour.")
	}
	if text := values.Get("active_to"); text != "" {
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			faults.Add("active_to", "Indiquez le dernier jour, ou laissez vide.")
		}
	}
}

// storedSeries reads a series, or returns "unknown-series".
func (s *service) storedSeries(ctx context.Context, slug string) (series, error) {
	var item seriesItem
	found, err := s.table.Get(ctx, seriesKey(slug), &item)
	if err == nil && !found {
		err = errNoSeries
	}
	return item.view(), err
}

func (s *service) changeSeriesPage(w http.ResponseWriter, r *http.Request) error {
	of, err := s.storedSeries(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.renderSeries(w, r, http.StatusOK, web.Form{Values: seriesShown(of)}, of)
}

// seriesFormFields are the fields of a series that can be changed.
var seriesFormFields = []string{"name", "active_from", "active_to"}

// seriesShown is what the form of a series shows, and keeps hidden to tell
// later what was typed.
func seriesShown(of series) url.Values {
	return web.Remember(url.Values{"name": {of.Name}, "active_from": {of.ActiveFrom}, "active_to": {of.ActiveTo}}, seriesFormFields)
}

// readSeries is a value of the form of a series as people read it.
func readSeries(_, value string) string {
	if day, err := time.Parse(time.DateOnly, value); err == nil {
		return french.Date(day)
	}
	return value
}

func (s *service) changeSeriesPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	of, err := s.storedSeries(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	rebased := web.Rebase(values, seriesShown(of), seriesFormFields)
	if faults := rebased.Faults(readSeries); len(faults) > 0 {
		return s.renderSeries(w, r, http.StatusConflict, web.Form{Values: values, Faults: faults, Meanwhile: rebased.Meanwhile}, of)
	}
	var faults fault.Fields
	checkSeriesDays(values, &faults)
	name, from, to := values.Get("name"), values.Get("active_from"), values.Get("active_to")
	in := seriesChange{given(&name, rebased.Typed["name"]), given(&from, rebased.Typed["active_from"]), given(&to, rebased.Typed["active_to"])}
	_, err = s.changeSeries(r.Context(), of.Slug, in, &faults)
	if shown, ok := web.FormFaults(err); ok {
		return s.renderSeries(w, r, web.Status(fault.As(err)), web.Form{Values: values, Faults: shown}, of)
	}
	if err != nil {
		return err
	}
	return done(w, r, teamSeries, "modifiee")
}
