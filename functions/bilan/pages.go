package bilan

import (
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/chart"
	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/outline"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pageRoutes are the French pages, by the same reads as the API.
var pageRoutes = []function.Route[service]{
	{Method: http.MethodGet, Path: "/bilans", Access: function.Public, Handle: (*service).yearsPage,
		Doc: function.Doc{Summary: "The years", Page: true}},
	{Method: http.MethodGet, Path: "/bilans/{year}", Access: function.Public, Handle: (*service).yearPage,
		Doc: function.Doc{Summary: "The bilan of a year, with charts, made to be printed too", Page: true}},
	{Method: http.MethodGet, Path: "/bilans/{year}/territoires", Access: function.Public, Handle: (*service).mapPage,
		Doc: function.Doc{Summary: "The map of the territories that were accompanied", Page: true}},
	{Method: http.MethodGet, Path: "/bilans/{year}/corrections", Access: function.Public, Handle: (*service).correctionsPage,
		Doc: function.Doc{Summary: "What was learnt of a year since it was published", Page: true}},
	{Method: http.MethodGet, Path: "/bilans/{year}/figures/{id}", Access: function.PublicOrTeam, Handle: (*service).figurePage,
		Doc: function.Doc{Summary: "What a figure counts; for the team also the records", Page: true}},
}

func (s *service) yearsPage(w http.ResponseWriter, r *http.Request) error {
	years, err := s.years(r.Context())
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "years", web.Page{
		Title: "Bilans", Description: "Ce que l’alliance a fait, année par année\u00a0: chaque chiffre s’ouvre sur ce qu’il compte.", Canonical: "/bilans", Data: years.Items,
	})
}

// yearView is a year with what its page shows beside the numbers.
type yearView struct {
	report.Report
	Late  correctionsView // the latest
	Parts []chapterView
	Five  effectsView
	Map   outline.Map
}

type chapterView struct {
	report.Chapter
	Year   int
	Charts []chart.Bars
}

type effectsView struct {
	Chart   chart.Bars
	Effects []report.NamedEffect
}

func viewYear(r report.Report) yearView {
	charts := chart.Year(r)
	view := yearView{Report: r, Late: latest(r.Year, r.Corrections), Five: effectsView{charts[len(charts)-1], r.NamedEffects()}}
	if len(r.Territories) > 0 {
		view.Map = drawMap(r.Territories)
	}
	for _, chapter := range r.Chapters {
		part := chapterView{Chapter: chapter, Year: r.Year}
		for _, bars := range charts {
			if bars.Chapter == chapter.Number {
				part.Charts = append(part.Charts, bars)
			}
		}
		view.Parts = append(view.Parts, part)
	}
	return view
}

func (s *service) yearPage(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "year", web.Page{
		Title: fmt.Sprintf("Bilan %d", year), Description: fmt.Sprintf("Les chiffres de l’alliance en %d, leurs définitions et ce qu’ils comptent.", year), Data: viewYear(bilan),
	})
}

// detailView is a figure with what it counts.
type detailView struct {
	figureView
	Chapter report.Chapter
	Records []recordRow
	Team    bool
	More    string
	Later   bool // not the first page of the records
	// Corrections are the latest of this figure.
	Corrections correctionsView
}

// IsEffect tells whether the figure is one of the five effects.
func (v detailView) IsEffect() bool { return v.Section == effectsSection }

// Effect is the mean of an effect, as its year shows it.
func (v detailView) Effect() report.Effect { return report.Effect{Mean: v.Mean, Answers: v.FactsCount} }

// recordRow is a record as the page shows it.
type recordRow struct {
	Name   string
	Amount int
	Facts  []factRow
}

// factRow is a fact behind a record. Page is that of the team on what the fact
// speaks of, empty when it does not tell.
type factRow struct {
	ID, Kind, Text, Page string
	Day                  time.Time
}

// page is the page of the team on what a fact speaks of. Facts of the platform
// are named by the id of that: of territories, by their cohort first.
func (e evidence) page(at time.Time) string {
	kind, about := kindOf(e.Type), url.PathEscape(e.Text)
	if _, recorded := formOf(kind); recorded {
		return factsPath + "?" + url.Values{"type": {kind}, "year": {strconv.Itoa(at.Year())}, "q": {e.ID}}.Encode()
	}
	switch kind {
	case "session.held", "session.feedback":
		return web.TeamRoot + "/agenda/" + about
	case "ally.signed", "ally.left":
		return web.TeamRoot + "/allies/" + about
	case "series.opened":
		return web.TeamRoot + "/series/" + about
	case "resource.published":
		return web.TeamRoot + "/ressources/" + about
	case "territory.enrolled", "territory.withdrawn":
		if cohort, _, named := strings.Cut(e.Text, "/"); named {
			return web.TeamRoot + "/cohortes/" + url.PathEscape(cohort)
		}
	}
	return ""
}

func (s *service) figurePage(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	shown, err := s.figure(r.Context(), year, r.PathValue("id"))
	if err != nil {
		return err
	}
	view := detailView{figureView: shown, Later: r.URL.Query().Get("cursor") != ""}
	_, view.Chapter, _ = bilan.Figure(shown.ID)
	view.Corrections = latest(year, slices.DeleteFunc(bilan.Corrections, func(c report.Correction) bool { return c.Figure != shown.ID }))
	var faults fault.Fields
	query := readRecordsQuery(r.URL.Query(), &faults)
	err = faults.Err()
	if _, view.Team = auth.MemberOf(r.Context()); view.Team && err == nil {
		err = s.addRecords(r, &view, query)
	}
	form, status := web.Form{}, http.StatusOK
	if named, wrong := web.SearchFaults(err, nil); wrong {
		form.Faults, status = named, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "figure", web.Page{
		Title: shown.Label, Description: shown.Definition, Private: view.Team, Form: form, Data: view,
	})
}

// addRecords adds a page of what the figure counts.
func (s *service) addRecords(r *http.Request, view *detailView, query recordsQuery) error {
	records, next, err := s.records(r.Context(), view.Year, view.ID, view.Status, query)
	if err != nil {
		return err
	}
	names, err := s.namesOf(r.Context(), records)
	if err != nil {
		return err
	}
	for _, record := range records {
		view.Records = append(view.Records, viewRecord(record, names))
	}
	if next != "" {
		view.More = "?" + url.Values{"cursor": {next}, "limit": {strconv.Itoa(query.Limit)}}.Encode()
	}
	return nil
}

// placeName names a territory for a person; what is no code stays as it is.
func placeName(code string) string {
	if place, err := territory.Lookup(code); err == nil {
		return place.Name + " (" + code + ")"
	}
	return code
}

// viewRecord is a record as the page shows it. names are those of what its
// facts speak of.
func viewRecord(r record, names namesFound) recordRow {
	row := recordRow{Name: names.element(r), Amount: r.Amount}
	for _, f := range r.Facts {
		at, err := time.Parse(time.RFC3339, f.Time)
		if err != nil {
			continue // it was checked before it was stored
		}
		at = at.In(french.Paris())
		text := names.of(f)
		if strings.HasPrefix(row.Name, text) || strings.HasSuffix(row.Name, text) { // the record says it already
			text = ""
		}
		row.Facts = append(row.Facts, factRow{f.ID, kindName(f.Type), text, f.page(at), at})
	}
	return row
}
