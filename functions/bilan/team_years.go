package bilan

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// teamYearsView is where each year stands, and what the schedules tell.
type teamYearsView struct {
	Years   []report.Year
	Notices []noticeView
}

func (s *service) teamYearsPage(w http.ResponseWriter, r *http.Request) error {
	years, err := s.years(r.Context())
	if err != nil {
		return err
	}
	list, err := s.notices(r.Context())
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "team_years", web.Page{Title: "Bilans", Private: true, Data: teamYearsView{years.Items, list.Items}})
}

// teamYearView is a year to check.
type teamYearView struct {
	report.Report
	Over bool            // it can be closed
	Late correctionsView // the latest
	Done string          // the step that was just taken
}

// The steps of a year's life as the address of its page has them afterwards.
const (
	stepClosed    = "clos"
	stepPublished = "publie"
)

// sureField is the box by which a person says that they mean a step that does
// not go back.
const sureField = "sure"

func (s *service) teamYearPage(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	return s.renderTeamYear(w, r, http.StatusOK, bilan, web.Form{})
}

func (s *service) renderTeamYear(w http.ResponseWriter, r *http.Request, status int, bilan report.Report, form web.Form) error {
	view := teamYearView{bilan, bilan.Year < s.thisYear(), latest(bilan.Year, bilan.Corrections), r.URL.Query().Get("fait")}
	return s.pages.Render(w, r, status, "team_year", web.Page{Title: fmt.Sprintf("Vérifier le bilan %d", bilan.Year), Private: true, Form: form, Data: view})
}

func (s *service) closePosted(w http.ResponseWriter, r *http.Request) error {
	return s.stepPosted(w, r, report.Open, stepClosed, s.closeByTeam)
}

func (s *service) publishPosted(w http.ResponseWriter, r *http.Request) error {
	return s.stepPosted(w, r, report.Closed, stepPublished, s.publish)
}

// stepPosted takes a year a step further from a status, once the box is
// ticked, and leads back to its page.
func (s *service) stepPosted(w http.ResponseWriter, r *http.Request, from report.Status, done string, step func(ctx context.Context, year int) error) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	if values.Get(sureField) != "true" {
		return s.notSure(w, r, year, from)
	}
	if err := step(r.Context(), year); err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("/equipe/bilans/%d?fait=%s", year, done), http.StatusSeeOther) //nolint:gosec // a number and a word of ours
	return nil
}

// notSure shows the year as it is: with the fault at the box, where there is one.
func (s *service) notSure(w http.ResponseWriter, r *http.Request, year int, from report.Status) error {
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	var faults fault.Fields
	at := ""
	if bilan.Status == from && year < s.thisYear() {
		at = sureField
	}
	faults.Add(at, "Cochez la case pour confirmer. Rien n’a changé.")
	return s.renderTeamYear(w, r, http.StatusUnprocessableEntity, bilan, web.Form{Faults: faults})
}
