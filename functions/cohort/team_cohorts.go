package cohort

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const teamCohorts = web.TeamRoot + "/cohortes"

// oneApplication is the path of an application, below that of its cohort.
const oneApplication = teamCohorts + "/{slug}/candidatures/{id}"

// teamRoutes are the pages by which the team runs cohorts, each served by the
// same actions as the API.
var teamRoutes = []function.Route[service]{
	page(http.MethodGet, teamCohorts, function.Team, "Cohorts, with the seats that are taken", (*service).teamCohortsPage),
	sheet(teamCohorts+".csv", "The same cohorts for a spreadsheet", "text/csv", (*service).cohortsCSV),
	sheet(teamCohorts+".xlsx", "The same cohorts as a workbook", workbookType, (*service).cohortsXLSX),
	page(http.MethodGet, teamCohorts+"/nouvelle", function.Team, "The form to open a cohort", (*service).planPage),
	page(http.MethodPost, teamCohorts+"/nouvelle", function.Team, "Open a cohort", (*service).planPosted),
	page(http.MethodGet, teamCohorts+"/{slug}", function.Team, "A cohort and the applications to it", (*service).teamCohortPage),
	page(http.MethodGet, teamCohorts+"/{slug}/modifier", function.Team, "The form to change a cohort", (*service).changePage),
	page(http.MethodPost, teamCohorts+"/{slug}/modifier", function.Team, "Change a cohort", (*service).changePosted),
	page(http.MethodGet, teamCohorts+"/{slug}/comparer", function.Team, "Applications side by side", (*service).comparePage),
	sheet(teamCohorts+"/{slug}/candidatures.csv", "Applications for a spreadsheet", "text/csv", (*service).applicationsCSV),
	sheet(teamCohorts+"/{slug}/candidatures.xlsx", "Applications as a workbook", workbookType, (*service).applicationsXLSX),
	page(http.MethodGet, oneApplication, function.Team, "An application with its four", (*service).teamApplicationPage),
	page(http.MethodPost, oneApplication+"/decision", function.Team, "See what a decision would send, then decide", (*service).decisionPosted),
	page(http.MethodPost, oneApplication+"/message", function.Team, "Write to the four", (*service).messagePosted),
	page(http.MethodPost, oneApplication+"/relancer", function.Team, "Ask again those who have not confirmed", (*service).teamRemindPosted),
	page(http.MethodGet, oneApplication+"/retirer", function.Team, "What a withdrawal would do", (*service).teamWithdrawPage),
	page(http.MethodPost, oneApplication+"/retirer", function.Team, "Withdraw an application for its territory", (*service).teamWithdrawPosted),
}

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// sheet is a route that answers a file.
func sheet(path, summary, mediaType string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	route := page(http.MethodGet, path, function.Team, summary, handle)
	route.Doc.Type = mediaType
	return route
}

// teamCohort is a cohort with what only the team is told.
type teamCohort struct {
	cohortView
	Accepted int // applications that hold a seat
	ToDecide int // applications that wait for a decision; only in the list
}

// Left is how many seats no application holds.
func (c teamCohort) Left() int { return max(0, c.Seats-c.Accepted) }

var scaleOptions = []web.Option{
	{Value: string(National), Label: "Nationale"}, {Value: string(Regional), Label: "Régionale"}, {Value: string(Departmental), Label: "Départementale"},
}

type cohortFormView struct {
	Slug                      string // of the cohort that is changed, empty for a new one
	Accepted                  int
	Scales, Regions, Partners []web.Option
}

func (s *service) renderCohortForm(w http.ResponseWriter, r *http.Request, status int, form web.Form, of cohortItem) error {
	view := cohortFormView{Slug: of.Slug, Accepted: of.Accepted, Scales: scaleOptions, Regions: regionOptions(), Partners: partnerOptions()}
	title := "Ouvrir une cohorte"
	if of.Slug != "" {
		title = "Modifier « " + of.Name + " »"
	}
	return s.pages.Render(w, r, status, "team_cohort_form", web.Page{Title: title, Form: form, Data: view})
}

func partnerOptions() (options []web.Option) {
	for _, partner := range alliance.Partners {
		options = append(options, web.Option{Value: partner.Name, Label: partner.Label})
	}
	return options
}

func (s *service) planPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderCohortForm(w, r, http.StatusOK, web.Form{Values: url.Values{web.KeyField: {s.newID("form")}, "seats": {"8"}}}, cohortItem{})
}

// cohortFromForm reads a cohort as the team typed it, and notes what the rules
// of the API would name in words of programs.
func cohortFromForm(values url.Values, faults *fault.Fields) cohortInput {
	in := cohortInput{
		Slug: strings.TrimSpace(values.Get("slug")), Name: values.Get("name"), Programme: values.Get("programme"), Scale: Scale(values.Get("scale")),
		Region: values.Get("region"), Partner: values.Get("partner"),
		OpensOn: values.Get("opens_on"), ClosesOn: values.Get("closes_on"), StartsOn: values.Get("starts_on"), EndsOn: values.Get("ends_on"),
	}
	in.Seats, _ = strconv.Atoi(strings.TrimSpace(values.Get("seats"))) // what is no number is refused as 0
	if in.Scale == "" {
		faults.Add("scale", "Choisissez une échelle.")
	}
	for _, name := range []string{"opens_on", "closes_on", "starts_on", "ends_on"} {
		if _, err := time.Parse(time.DateOnly, values.Get(name)); err != nil {
			faults.Add(name, "Indiquez le jour, comme 2026-02-03.")
		}
	}
	return in
}

func (s *service) planPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	in := cohortFromForm(values, &faults)
	in.check(&faults)
	if err = faults.Err(); err == nil {
		asked, jsonErr := json.Marshal(in)
		if jsonErr != nil {
			return jsonErr
		}
		_, err = s.plan(r.Context(), in, values.Get(web.KeyField), asked)
	}
	if fault.Is(err, "cohort-exists") {
		err = faultOf("slug", fault.As(err).Detail)
	}
	if shown, ok := web.FormFaults(err); ok {
		values.Set(web.KeyField, s.newID("form"))
		return s.renderCohortForm(w, r, web.Status(fault.As(err)), web.Form{Values: values, Faults: shown}, cohortItem{})
	}
	if err != nil {
		return err
	}
	return done(w, r, teamCohorts+"/"+in.Slug, "creee")
}

func (s *service) changePage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.cohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.renderCohortForm(w, r, http.StatusOK, web.Form{Values: web.Remember(formOf(item.input()), formFields)}, item)
}

// formFields are the fields of a cohort that can be changed.
var formFields = []string{"name", "programme", "scale", "region", "partner", "seats", "opens_on", "closes_on", "starts_on", "ends_on"}

// formOf is a cohort as the form shows it.
func formOf(in cohortInput) url.Values {
	return url.Values{
		"name": {in.Name}, "programme": {in.Programme}, "scale": {string(in.Scale)}, "region": {in.Region}, "partner": {in.Partner}, "seats": {strconv.Itoa(in.Seats)},
		"opens_on": {in.OpensOn}, "closes_on": {in.ClosesOn}, "starts_on": {in.StartsOn}, "ends_on": {in.EndsOn},
	}
}

// readField is a value of the form of a cohort as people read it.
func readField(name, value string) string {
	if day, err := time.Parse(time.DateOnly, value); err == nil && strings.HasSuffix(name, "_on") {
		return french.Date(day)
	}
	return web.LabelOf(map[string][]web.Option{"scale": scaleOptions, "region": regionOptions(), "partner": partnerOptions()}[name], value)
}

// changeTyped is the change of the fields that were typed.
func changeTyped(typed map[string]bool, in cohortInput) cohortChange {
	return cohortChange{
		Name: given(&in.Name, typed["name"]), Programme: given(&in.Programme, typed["programme"]), Scale: given(&in.Scale, typed["scale"]),
		Region: given(&in.Region, typed["region"]), Partner: given(&in.Partner, typed["partner"]), Seats: given(&in.Seats, typed["seats"]),
		OpensOn: given(&in.OpensOn, typed["opens_on"]), ClosesOn: given(&in.ClosesOn, typed["closes_on"]),
		StartsOn: given(&in.StartsOn, typed["starts_on"]), EndsOn: given(&in.EndsOn, typed["ends_on"]),
	}
}

// given is a value that was typed; nil for one that was not.
func given[T any](value *T, typed bool) *T {
	if !typed {
		return nil
	}
	return value
}

func (s *service) changePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	for range rounds {
		item, err := s.cohort(r.Context(), r.PathValue("slug"))
		if err != nil {
			return err
		}
		form, err := s.changeByForm(r.Context(), item, values)
		var refused *dynamo.Refused
		if errors.As(err, &refused) {
			continue // it has changed since it was read: what was typed meets what it is now
		}
		if len(form.Faults) > 0 {
			return s.renderCohortForm(w, r, web.Status(fault.As(err)), form, item)
		}
		if err != nil {
			return err
		}
		return done(w, r, teamCohorts+"/"+item.Slug, "modifiee")
	}
	return errChanged
}

// changeByForm changes a cohort as it was read by what was typed since the form
// was shown. The form that it returns has the faults of that, among them what a
// colleague has changed meanwhile. It returns *dynamo.Refused when the cohort
// has changed since it was read.
func (s *service) changeByForm(ctx context.Context, item cohortItem, values url.Values) (web.Form, error) {
	rebased := web.Rebase(values, formOf(item.input()), formFields)
	form := web.Form{Values: values, Faults: rebased.Faults(readField), Meanwhile: rebased.Meanwhile}
	conflicts := len(form.Faults) > 0
	in := cohortFromForm(values, &form.Faults)
	if conflicts {
		in.Slug = item.Slug
		in.check(&form.Faults)
		return form, errChanged
	}
	err := s.changeOnce(ctx, item, changeTyped(rebased.Typed, in), &form.Faults)
	if fault.Is(err, errTaken.Code) {
		form.Faults.Add("seats", errTaken.Detail)
		err = form.Faults.Err()
	}
	return form, err
}

// done leads to a page that says what was done.
func done(w http.ResponseWriter, r *http.Request, path, what string) error {
	http.Redirect(w, r, path+"?fait="+what, http.StatusSeeOther) //nolint:gosec // a path of ours
	return nil
}

// faultOf is the fault of one field.
func faultOf(location, message string) error {
	var faults fault.Fields
	faults.Add(location, message)
	return faults.Err()
}
