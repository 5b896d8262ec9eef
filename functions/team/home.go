package team

import (
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

func (s *service) homePage(w http.ResponseWriter, r *http.Request) error {
	return s.pages.Render(w, r, http.StatusOK, "home", web.Page{Title: "Aujourd’hui"})
}
