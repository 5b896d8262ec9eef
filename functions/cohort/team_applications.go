package cohort

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var statusOptions = []web.Option{
	{Value: complete, Label: "Complètes, à décider"}, {Value: awaitingFour, Label: "Des confirmations manquent"}, {Value: draft, Label: "Des rôles manquent"},
	{Value: accepted, Label: "Acceptées"}, {Value: waitingForSeat, Label: "En attente d’une place"}, {Value: declined, Label: "Non retenues"}, {Value: withdrawn, Label: "Retirées"},
}

// statusLabels are the statuses of one application.
var statusLabels = map[string]string{
	complete: "Complète, à décider", awaitingFour: "Des confirmations manquent", draft: "Des rôles manquent",
	accepted: "Acceptée", waitingForSeat: "En attente d’une place", declined: "Non retenue", withdrawn: "Retirée",
}

var levelLabels = map[territory.Level]string{
	territory.Commune: "Commune", territory.EPCI: "Intercommunalité", territory.Departement: "Département", territory.Region: "Région",
}

// teamApplication is an application as the team's pages show it.
type teamApplication struct {
	listedApplication
	StatusLabel, LevelLabel       string
	DepartementName, RegionName   string
	Population, Named, Confirmed  int
	Four                          []teamMember
	Decided, CanDecide, CanRemind bool
}

// teamMember is one of the four roles, and who holds it if anyone does.
type teamMember struct {
	Label  string
	Holder *listedMember
	// Mails is where what was sent to them is, and Suspended tells that nothing
	// is any more; on the page of the application alone.
	Mails     string
	Suspended bool
}

func viewApplication(a listedApplication) teamApplication {
	view := teamApplication{listedApplication: a, StatusLabel: statusLabels[a.Status]}
	if found, err := territory.Lookup(a.Territory.Code); err == nil {
		current := found.Current()
		view.LevelLabel, view.Population = levelLabels[current.Level], current.Population
		view.DepartementName, view.RegionName = current.DepartementName(), current.RegionName()
	}
	for _, role := range alliance.Quartet {
		m := a.Quartet[role]
		if m != nil {
			view.Named++
			if m.Confirmed {
				view.Confirmed++
			}
		}
		view.Four = append(view.Four, teamMember{Label: role.Label(), Holder: m})
	}
	view.Decided = slices.Contains([]string{accepted, declined, waitingForSeat}, a.Status)
	view.CanDecide = a.Status != withdrawn
	view.CanRemind = len(a.Unconfirmed) > 0 && slices.Contains([]string{draft, awaitingFour, waitingForSeat}, a.Status)
	return view
}

// applicationFields are those of the search of applications.
var applicationFields = []string{"q", "etat"}

type teamCohortView struct {
	teamCohort
	web.List
	Applications []teamApplication
	Statuses     []web.Option
	Done         string
	Trail        string // address of what was done to the cohort
}

// readApplicationSearch reads the search of the team's list of applications.
func readApplicationSearch(values url.Values) (search applicationSearch, err error) {
	search.applicationsQuery = applicationsQuery{Status: values.Get("etat"), Limit: defaultLimit, Cursor: values.Get("cursor")}
	search.words = territory.Words(values.Get("q"))
	if search.Status != "" && !slices.Contains(statuses, search.Status) {
		err = faultOf("etat", "Choisissez un état de la liste.")
	}
	return search, err
}

func (s *service) teamCohortPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.cohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	shown, err := s.gather(r.Context(), item)
	if err != nil {
		return err
	}
	values, status := r.URL.Query(), http.StatusOK
	form := web.Form{Values: values}
	search, err := readApplicationSearch(values)
	var found applicationPage
	if err == nil {
		found, err = s.applications(r.Context(), item.Slug, search)
	}
	if faults, wrong := web.SearchFaults(err, applicationFields); wrong {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	path := teamCohorts + "/" + item.Slug
	view := teamCohortView{
		teamCohort: teamCohort{cohortView: viewCohort(shown), Accepted: item.Accepted}, Statuses: statusOptions,
		Done: values.Get("fait"), Trail: web.TrailPath(item.Slug),
		List: web.NewList(path, applicationFields, values, found.NextCursor).FilesAt(path+"/candidatures", applicationFields, values),
	}
	for _, one := range found.Items {
		view.Applications = append(view.Applications, viewApplication(one))
	}
	return s.pages.Render(w, r, status, "team_cohort", web.Page{Title: item.Name, Form: form, Data: view})
}

func (s *service) applicationsCSV(w http.ResponseWriter, r *http.Request) error {
	return s.exportApplications(w, r, spreadsheet.CSV)
}

func (s *service) applicationsXLSX(w http.ResponseWriter, r *http.Request) error {
	return s.exportApplications(w, r, spreadsheet.XLSX)
}

// exportApplications answers all that the search of the page keeps, in French;
// a wrong search is shown again as the page does.
func (s *service) exportApplications(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	search, err := readApplicationSearch(r.URL.Query())
	if err != nil {
		return s.teamCohortPage(w, r)
	}
	search.Limit = maxLimit
	sheet := s.applicationsSheet(r.Context(), r.PathValue("slug"), search, func(a listedApplication) []any { return viewApplication(a).row() })
	sheet.Filter = spreadsheet.FilterOf(r.URL.Query(), applicationFields)
	sheet.Header = []string{"Candidature", "Code du territoire", "Territoire", "Échelon", "Département", "Région", "Habitants", "État", "Candidature le", "Décision le", "Motivation"}
	for _, role := range alliance.Quartet {
		for _, column := range quartetColumns {
			sheet.Header = append(sheet.Header, role.Label()+", "+column)
		}
	}
	return sheet.Export(w, r, format, s.audit)
}

// quartetColumns are what a file says of each of the four.
var quartetColumns = []string{"prénom", "nom", "adresse", "organisation", "a confirmé"}

// row is an application in the words of its page.
func (a teamApplication) row() []any {
	var population any // nobody's is unknown, not none
	if a.Population > 0 {
		population = a.Population
	}
	row := []any{a.ID, a.Territory.Code, a.Territory.Name, a.LevelLabel, a.DepartementName, a.RegionName, population, a.StatusLabel,
		spreadsheet.Day(a.AppliedAt.In(french.Paris()).Format(time.DateOnly)), spreadsheet.Day(a.DecidedOn), a.Motivation}
	return append(row, a.quartetRow()...)
}

// comparedAtOnce is how many applications stand side by side.
const comparedAtOnce = 4

type compareView struct {
	Slug, Name   string
	Most         int
	Applications []teamApplication
}

// comparePage shows some applications to one cohort side by side.
func (s *service) comparePage(w http.ResponseWriter, r *http.Request) error {
	to, err := s.cohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	ids := r.URL.Query()["c"]
	slices.Sort(ids)
	ids = slices.Compact(ids)
	view := compareView{Slug: to.Slug, Name: to.Name, Most: comparedAtOnce}
	if len(ids) <= comparedAtOnce {
		for _, id := range ids {
			one, err := s.applicationTo(r, to.Slug, id)
			if err != nil {
				return err
			}
			listed, err := s.listed(r.Context(), one)
			if err != nil {
				return err
			}
			view.Applications = append(view.Applications, viewApplication(listed))
		}
	}
	return s.pages.Render(w, r, http.StatusOK, "team_compare", web.Page{Title: "Comparer des candidatures", Data: view})
}

// applicationTo reads an application to a cohort: that of another one is
// unknown here.
func (s *service) applicationTo(r *http.Request, slug, id string) (applicationItem, error) {
	item, err := s.application(r.Context(), id)
	if err == nil && item.Cohort != slug {
		err = errNoApplication
	}
	return item, err
}
