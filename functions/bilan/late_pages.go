package bilan

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// correctionsShown are so many corrections beside other things, since the page
// of a year has little room in its 60 KB, and correctionsAtOnce on a page of
// their own.
const (
	correctionsShown  = 2
	correctionsAtOnce = 50
)

// correctionsView is a part of the corrections of a year.
type correctionsView struct {
	Year        int
	Shown       []report.Correction
	Total       int
	Back, Ahead int // the pages beside this one, 0 for none
}

// More tells whether there are others.
func (v correctionsView) More() bool { return len(v.Shown) < v.Total }

// latest are the last of some corrections of a year.
func latest(year int, list []report.Correction) correctionsView {
	return correctionsView{Year: year, Total: len(list), Shown: list[max(0, len(list)-correctionsShown):]}
}

var errNoPage = fault.New(fault.NotFound, "unknown-page", "Cette page de corrections n’existe pas.")

// correctionsPage shows all corrections of a year, the oldest first.
func (s *service) correctionsPage(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	page, form, status := 1, web.Form{}, http.StatusOK
	if text := r.URL.Query().Get("page"); text != "" {
		if page, err = strconv.Atoi(text); err != nil {
			page, status = 1, http.StatusUnprocessableEntity
			form.Faults.Add("", "Le numéro de la page doit être un nombre\u00a0: voici la première.")
		}
	}
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	all := bilan.Corrections
	last := max(1, (len(all)+correctionsAtOnce-1)/correctionsAtOnce)
	if page < 1 || page > last {
		return errNoPage
	}
	view := correctionsView{Year: year, Total: len(all), Back: page - 1, Shown: all[(page-1)*correctionsAtOnce : min(page*correctionsAtOnce, len(all))]}
	if page < last {
		view.Ahead = page + 1
	}
	return s.pages.Render(w, r, status, "corrections", web.Page{
		Title: fmt.Sprintf("Corrections du bilan %d", year), Description: "Ce qui a été appris depuis la publication, daté, avec sa raison.", Form: form, Data: view,
	})
}
