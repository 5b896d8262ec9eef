package booking

import (
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// feedPast and feedAhead bound the agenda's feed, in days: calendars keep what
// is past, and an agenda of a year is what people plan with.
const (
	feedPast  = 90
	feedAhead = 400
)

const calendarType = "text/calendar; charset=utf-8"

func (s *service) getEvent(w http.ResponseWriter, r *http.Request) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Content-Disposition", `attachment; filename="`+item.ID+`.ics"`)
	return web.Raw(w, http.StatusOK, calendarType, []byte(s.feed(item.Title, []sessionItem{item})))
}

func (s *service) getFeed(w http.ResponseWriter, r *http.Request) error {
	query := listing{agendaQuery: agendaQuery{Limit: maxLimit}, from: s.now().AddDate(0, 0, -feedPast), to: s.now().AddDate(0, 0, feedAhead)}
	var items []sessionItem
	for {
		page, next, err := s.agenda(r.Context(), query)
		if err != nil {
			return err
		}
		items = append(items, page...)
		if query.Cursor = next; next == "" {
			break
		}
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	return web.Raw(w, http.StatusOK, calendarType, []byte(s.feed("Agenda de La Fabrique des transitions", items)))
}
