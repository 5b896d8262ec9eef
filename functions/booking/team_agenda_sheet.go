package booking

import (
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// agendaFields are the filters of the team's agenda.
var agendaFields = []string{"q", "etat", "mois", "kind", "series", "cohort"}

func agendaSheetRoute(format spreadsheet.Format) function.Route[service] {
	return page(http.MethodGet, teamAgenda+"."+string(format), function.Team, "The same sessions as "+string(format),
		func(s *service, w http.ResponseWriter, r *http.Request) error { return s.agendaSheet(w, r, format) })
}

var agendaHeader = []string{
	"Rencontre", "État", "Sorte", "Titre", "Début", "Fin", "Participation", "Lieu", "Places", "Places prises", "En attente",
	"Chantier ou communauté", "Cohorte",
}

// agendaSheet answers all that the team's agenda lists with the same filters;
// wrong ones are shown again as the agenda does.
func (s *service) agendaSheet(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	values := r.URL.Query()
	offered, err := s.groups(r.Context())
	if err != nil {
		return err
	}
	query, faults := s.teamListing(values, offered)
	if len(faults) > 0 {
		return s.teamAgendaPage(w, r)
	}
	query.Limit = maxLimit
	return spreadsheet.Sheet{
		Name: "agenda", Header: agendaHeader, Filter: spreadsheet.FilterOf(values, agendaFields),
		Rows: spreadsheet.Pages(func(cursor string) ([]teamSession, string, error) {
			query.Cursor = cursor
			return s.teamSessions(r.Context(), query)
		}, func(one teamSession) []any { return agendaRow(one, offered) }),
	}.Export(w, r, format, s.audit)
}

// agendaRow is a session as a row; seats are counted while it is planned only.
func agendaRow(one teamSession, offered groups) []any {
	var taken, waits any
	if one.Planned {
		taken, waits = one.Taken, one.Waiting
	}
	return []any{
		one.ID, one.state(), one.KindLabel, one.Title, one.StartsAt, one.EndsAt, one.ModeLabel, one.Place, one.Capacity, taken, waits,
		web.LabelOf(offered.Series, one.Series), web.LabelOf(offered.Cohorts, one.Cohort),
	}
}

// state is what the tag of the list says, without its numbers.
func (one teamSession) state() string {
	switch {
	case one.Missed:
		return "N’a pas eu lieu"
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
