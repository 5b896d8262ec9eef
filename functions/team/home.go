package team

import (
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// homeView is what the team's home shows.
type homeView struct {
	Tasks   []task // those with something to do
	Done    []task // the others
	Unknown []task // those that could not be counted
	Allies  allies
	Year    int
	Figures []headline
}

// headline is a figure of the year, which its page opens onto its records.
type headline struct {
	yearly.Headline
	Value int
}

func (s *service) homePage(w http.ResponseWriter, r *http.Request) error {
	tasks, err := s.work(r.Context())
	if err != nil {
		return err
	}
	view := homeView{Year: s.now().In(french.Paris()).Year()}
	for _, one := range append(tasks, s.givenUp(r.Context())) {
		switch {
		case one.Unknown:
			view.Unknown = append(view.Unknown, one)
		case one.Count > 0:
			view.Tasks = append(view.Tasks, one)
		default:
			view.Done = append(view.Done, one)
		}
	}
	if _, err := s.allies.Get(r.Context(), dynamo.Key{PK: "COUNT", SK: "COUNT"}, &view.Allies); err != nil {
		return err
	}
	values, err := yearly.Values(r.Context(), s.bilans, view.Year)
	if err != nil {
		return err
	}
	for _, h := range yearly.Headlines {
		view.Figures = append(view.Figures, headline{h, values[h.ID]})
	}
	return s.pages.Render(w, r, http.StatusOK, "home", web.Page{Title: "Aujourd’hui", Private: true, Data: view})
}
