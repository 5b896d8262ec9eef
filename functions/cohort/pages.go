package cohort

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/outline"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// pageRoutes are the French pages, each served by the same actions as the API.
var pageRoutes = []function.Route[service]{
	page(http.MethodGet, "/cohortes", function.Public, "Cohorts", (*service).cohortsPage),
	page(http.MethodGet, "/cohortes/{slug}", function.Public, "A cohort, its territories on a map, its milestones", (*service).cohortPage),
	page(http.MethodGet, "/cohortes/{slug}/candidater", function.Public, "The form to apply", (*service).applyPage),
	page(http.MethodPost, "/cohortes/{slug}/candidater", function.Public, "Apply", (*service).applyPosted),
	page(http.MethodGet, "/candidatures/{id}", function.Link, "An application, for who holds its link", (*service).applicationPage),
	page(http.MethodPost, "/candidatures/{id}", function.Link, "Complete an application", (*service).completePosted),
	page(http.MethodPost, "/candidatures/{id}/confirmer", function.Link, "Take part, as one of the four", (*service).confirmPosted),
	page(http.MethodPost, "/candidatures/{id}/relancer", function.Link, "Ask again those who have not confirmed", (*service).remindPosted),
	page(http.MethodPost, "/candidatures/{id}/retirer", function.Link, "Withdraw an application", (*service).withdrawPosted),
}

func page(method, path string, access function.Access, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: access, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

var scaleLabels = map[Scale]string{National: "Nationale", Regional: "Régionale", Departmental: "Départementale"}

// cohortView is a cohort with the words that its page shows.
type cohortView struct {
	cohort
	ScaleLabel, RegionName, PartnerLabel string
	Opens, Closes, Starts, Ends          time.Time
	Stages                               []stage // milestones, with names and days
	Map                                  outline.Map
}

type stage struct {
	Territory, Milestone string
	Day                  time.Time
}

func viewCohort(c cohort) cohortView {
	view := cohortView{cohort: c, ScaleLabel: scaleLabels[c.Scale], Opens: day(c.OpensOn), Closes: day(c.ClosesOn), Starts: day(c.StartsOn), Ends: day(c.EndsOn)}
	if c.Region != "" {
		view.RegionName = territoryName("REG-" + c.Region)
	}
	if partner, known := alliance.PartnerNamed(c.Partner); known {
		view.PartnerLabel = partner.Label
	}
	for _, m := range c.Milestones {
		view.Stages = append(view.Stages, stage{territoryName(m.Territory), m.Milestone, day(m.ReachedOn)})
	}
	return view
}

// day reads a stored day; what cannot be read was checked before it was stored.
func day(text string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, text, french.Paris())
	if err != nil {
		return time.Time{}
	}
	return at
}

func places(territories []enrolled) (all []outline.Place) {
	for _, t := range territories {
		all = append(all, outline.Place{Code: t.Code, Name: t.Name})
	}
	return all
}

type cohortsView struct {
	web.List
	Cohorts []cohortView
}

func (s *service) cohortsPage(w http.ResponseWriter, r *http.Request) error {
	status, form := http.StatusOK, web.Form{}
	listed, err := s.list(r.Context(), pageQuery{defaultLimit, r.URL.Query().Get("cursor")})
	if faults, wrong := web.SearchFaults(err, nil); wrong {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view := cohortsView{List: web.NewList("/cohortes", nil, r.URL.Query(), listed.NextCursor)}
	for _, c := range listed.Items {
		view.Cohorts = append(view.Cohorts, viewCohort(c))
	}
	return s.pages.Render(w, r, status, "cohorts", web.Page{
		Title: "Cohortes", Description: "Des territoires accompagnés ensemble, avec leurs quatre rôles.", Canonical: "/cohortes", Form: form, Data: view,
	})
}

func (s *service) cohortPage(w http.ResponseWriter, r *http.Request) error {
	shown, err := s.shownCohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	view := viewCohort(shown)
	if len(shown.Territories) > 0 {
		view.Map = outline.Draw(places(shown.Territories))
	}
	return s.pages.Render(w, r, http.StatusOK, "cohort", web.Page{
		Title: shown.Name, Description: shown.Programme, Data: view,
	})
}

type roleView struct {
	Name  alliance.Role
	Label string
	Hint  string
	Form  web.Form
}

func roleViews(form web.Form) (views []roleView) {
	hints := map[alliance.Role]string{
		alliance.Elected:       "Maire, adjoint·e, président·e ou vice-président·e…",
		alliance.Officer:       "Direction, chargé·e de mission…",
		alliance.State:         "Sous-préfecture, direction départementale, agence…",
		alliance.Socioeconomic: "Association, entreprise, chambre consulaire…",
	}
	for _, role := range alliance.Quartet {
		views = append(views, roleView{role, role.Label(), hints[role], form})
	}
	return views
}

type applyView struct {
	Cohort cohortView
	Roles  []roleView
	Place  placefield.Input
}

func (s *service) applyPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderApply(w, r, http.StatusOK, web.Form{Values: url.Values{web.KeyField: {s.newID("form")}}})
}

func (s *service) renderApply(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	item, err := s.cohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	view := viewCohort(item.shown(s.now(), nil, nil))
	asked := placefield.Ask(form, "territory", "Nom ou code officiel de la commune, de l’intercommunalité, du département ou de la région.")
	asked.Required = true
	return s.pages.Render(w, r, status, "apply", web.Page{Title: "Candidater : " + item.Name, Form: form, Data: applyView{view, roleViews(form), asked}})
}

// quartetFrom reads the four from a form; a role of which nothing is typed is
// not named yet.
func quartetFrom(values url.Values) (q quartet) {
	for role, to := range map[alliance.Role]**member{
		alliance.Elected: &q.Elected, alliance.Officer: &q.Officer, alliance.State: &q.State, alliance.Socioeconomic: &q.Socioeconomic,
	} {
		field := func(name string) string { return strings.TrimSpace(values.Get("quartet." + string(role) + "." + name)) }
		m := member{field("given_name"), field("family_name"), field("email"), field("organisation")}
		if m != (member{}) {
			*to = &m
		}
	}
	return q
}

func (s *service) applyPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	in := applicationInput{Territory: placefield.Meant(values, "territory"), Motivation: values.Get("motivation"), Quartet: quartetFrom(values)}
	var faults fault.Fields
	if values.Get(web.TrapField) != "" {
		faults.Add("", "Un champ caché a été rempli, sans doute automatiquement : nous l’avons vidé. Relisez vos réponses, puis renvoyez-les.")
	}
	answer, err := s.apply(r.Context(), r.PathValue("slug"), in, &faults, values.Get(web.KeyField), []byte(values.Encode()))
	if shown, ok := web.FormFaults(err); ok {
		values.Set(web.KeyField, s.newID("form"))
		placefield.Advise(values, "territory", shown)
		return s.renderApply(w, r, http.StatusUnprocessableEntity, web.Form{Values: values, Faults: shown})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, answer.ManageURL[len(s.origin):], http.StatusSeeOther)
	return nil
}

type applicationPageView struct {
	applicationView
	CohortName string
	Roles      []memberView
	Token      string
	Mine       string // the role of who looks, when they may still confirm
	Open       bool   // not decided for good: it can be completed
}

type memberView struct {
	roleView
	Named, Confirmed bool
}

var statusTitles = map[string]string{
	draft:          "Candidature à compléter",
	awaitingFour:   "Candidature : des confirmations manquent",
	complete:       "Candidature complète",
	accepted:       "Candidature acceptée",
	declined:       "Candidature non retenue",
	waitingForSeat: "Candidature en attente d’une place",
	withdrawn:      "Candidature retirée",
}

func (s *service) applicationPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderApplication(w, r, http.StatusOK, r.URL.Query().Get("token"), web.Form{Values: url.Values{}})
}

func (s *service) renderApplication(w http.ResponseWriter, r *http.Request, status int, token string, form web.Form) error {
	item, subject, err := s.opened(r.Context(), r.PathValue("id"), token)
	if err != nil {
		return err
	}
	to, err := s.cohort(r.Context(), item.Cohort)
	if err != nil {
		return err
	}
	view := applicationPageView{applicationView: item.view(), CohortName: to.Name, Token: token, Open: item.undecided()}
	for _, role := range roleViews(form) {
		m, named := item.Members[role.Name]
		view.Roles = append(view.Roles, memberView{role, named, m.ConfirmedAt != ""})
	}
	if subject.Role != "" && item.live() && slices.Contains(view.Unconfirmed, subject.Role) {
		view.Mine = subject.Role.Label()
	}
	return s.pages.Render(w, r, status, "application", web.Page{Title: statusTitles[view.Status], Private: true, Form: form, Data: view})
}

func (s *service) completePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	token := values.Get("token")
	item, _, err := s.opened(r.Context(), r.PathValue("id"), token)
	if err != nil {
		return err
	}
	var faults fault.Fields
	_, err = s.completeWith(r.Context(), item, applicationChange{Quartet: quartetFrom(values)}, &faults)
	return s.backOrAgain(w, r, values, err)
}

func (s *service) confirmPosted(w http.ResponseWriter, r *http.Request) error {
	return s.withToken(w, r, func(id, token string) error {
		_, err := s.confirm(r.Context(), id, token)
		return err
	})
}

func (s *service) remindPosted(w http.ResponseWriter, r *http.Request) error {
	return s.withToken(w, r, func(id, token string) error {
		item, _, err := s.opened(r.Context(), id, token)
		if err != nil {
			return err
		}
		return s.remind(r.Context(), item)
	})
}

func (s *service) withdrawPosted(w http.ResponseWriter, r *http.Request) error {
	return s.withToken(w, r, func(id, token string) error {
		item, _, err := s.opened(r.Context(), id, token)
		if err != nil {
			return err
		}
		_, err = s.withdraw(r.Context(), item)
		return err
	})
}

// withToken does something with the token of a form, and shows the page again.
func (s *service) withToken(w http.ResponseWriter, r *http.Request, do func(id, token string) error) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	return s.backOrAgain(w, r, values, do(r.PathValue("id"), values.Get("token")))
}

// backOrAgain leads back to the page of an application after something was
// done, or shows it again with why it was not.
func (s *service) backOrAgain(w http.ResponseWriter, r *http.Request, values url.Values, err error) error {
	token := values.Get("token")
	if shown, ok := web.FormFaults(err); ok {
		return s.renderApplication(w, r, web.Status(fault.As(err)), token, web.Form{Values: values, Faults: shown})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, pagePath(url.PathEscape(r.PathValue("id")), url.QueryEscape(token)), http.StatusSeeOther) //nolint:gosec // a path of ours
	return nil
}
