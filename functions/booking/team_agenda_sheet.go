package booking

import (
	"net/http"
	"net/url"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// agendaFields are the filters of the team's agenda.
var agendaFields = []string{"etat", "mois", "kind", "series"}

func agendaSheetRoute(format spreadsheet.Format) function.Route[service] {
	return page(http.MethodGet, teamAgenda+"."+string(format), function.Team, "The same sessions as "+string(format),
		func(s *service, w http.ResponseWriter, r *http.Request) error { return s.agendaSheet(w, r, format) })
}

// sheetPath is where a file of what the filters keep is taken.
func sheetPath(format spreadsheet.Format, values url.Values) string {
	path, kept := teamAgenda+"."+string(format), url.Values{}
	for _, name := range agendaFields {
		if value := values.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	if len(kept) == 0 {
		return path
	}
	return path + "?" + kept.Encode()
}

var agendaHeader = []string{
	"Rencontre", "État", "Sorte", "Titre", "Début", "Fin", "Participation", "Lieu", "Places", "Places prises", "En attente",
	"Chantier ou communauté", "Cohorte",
}

// agendaSheet answers all that the team's agenda lists with the same filters.
func (s *service) agendaSheet(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	values := r.URL.Query()
	query, faults := s.teamListing(values)
	if err := faults.Err(); err != nil {
		return err
	}
	names, err := s.seriesOptions(r.Context())
	if err != nil {
		return err
	}
	query.Limit = maxLimit
	filter := map[string]string{}
	for _, name := range agendaFields {
		filter[name] = values.Get(name)
	}
	return spreadsheet.Sheet{
		Name: "agenda", Header: agendaHeader, Filter: filter,
		Rows: spreadsheet.Pages(func(cursor string) ([]teamSession, string, error) {
			query.Cursor = cursor
			return s.teamSessions(r.Context(), query)
		}, func(one teamSession) []any { return agendaRow(one, names) }),
	}.Export(w, r, format, s.audit)
}

// agendaRow is a session as a row; seats are counted while it is planned only.
func agendaRow(one teamSession, series []web.Option) []any {
	var taken, waits any
	if one.Planned {
		taken, waits = one.Taken, one.Waiting
	}
	return []any{
		one.ID, one.state(), one.KindLabel, one.Title, one.StartsAt, one.EndsAt, one.ModeLabel, one.Place, one.Capacity, taken, waits,
		labelOf(series, one.Series), one.Cohort,
	}
}

// state is what the tag of the list says, without its numbers.
func (one teamSession) state() string {
	switch {
	case one.Status == cancelled:
		return "Annulée"
	case one.Status == held:
		return "Présences notées"
	case one.Waits:
		return "Présences à noter"
	case one.SeatsLeft == 0:
		return "Complète"
	}
	return "Ouverte"
}
