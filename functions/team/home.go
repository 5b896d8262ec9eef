package team

import (
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// homeView is what the team's home shows.
type homeView struct {
	Tasks       []task // those with something to do
	Done        []task // the others
	Allies      allies
	Year        int
	DeadLetters string
}

func (s *service) homePage(w http.ResponseWriter, r *http.Request) error {
	tasks, err := s.work(r.Context())
	if err != nil {
		return err
	}
	view := homeView{Year: s.now().In(french.Paris()).Year(), DeadLetters: s.deadLetters}
	for _, one := range tasks {
		if one.Count > 0 {
			view.Tasks = append(view.Tasks, one)
		} else {
			view.Done = append(view.Done, one)
		}
	}
	if _, err := s.allies.Get(r.Context(), dynamo.Key{PK: "COUNT", SK: "COUNT"}, &view.Allies); err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "home", web.Page{Title: "Aujourd’hui", Private: true, Data: view})
}
