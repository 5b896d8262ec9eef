package cohort

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
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
	DecidedAt                     string
}

// teamMember is one of the four roles, and who holds it if anyone does.
type teamMember struct {
	Label  string
	Holder *listedMember
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
		view.Four = append(view.Four, teamMember{role.Label(), m})
	}
	view.Decided = slices.Contains([]string{accepted, declined, waitingForSeat}, a.Status)
	view.CanDecide = a.Status != withdrawn
	view.CanRemind = len(a.Unconfirmed) > 0 && slices.Contains([]string{draft, awaitingFour, waitingForSeat}, a.Status)
	return view
}

type teamCohortView struct {
	teamCohort
	Applications []teamApplication
	Statuses     []web.Option
	Query        string // the filter, for the exports
	Narrowed     bool
	Done         string
	More         string
}

// listingFrom reads the filter of the team's list of applications.
func listingFrom(values url.Values) (query applicationsQuery, faults fault.Fields) {
	query = applicationsQuery{Status: values.Get("etat"), Limit: defaultLimit, Cursor: values.Get("cursor")}
	if query.Status != "" && !slices.Contains(statuses, query.Status) {
		faults.Add("etat", "Choisissez un état de la liste.")
		query.Status = ""
	}
	return query, faults
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
	query, faults := listingFrom(values)
	if len(faults) > 0 {
		status = http.StatusUnprocessableEntity
	}
	found, err := s.applications(r.Context(), item.Slug, query)
	if err != nil {
		return err
	}
	view := teamCohortView{teamCohort: teamCohort{cohortView: viewCohort(shown), Accepted: item.Accepted}, Statuses: statusOptions, Narrowed: query.Status != "", Done: values.Get("fait")}
	for _, one := range found.Items {
		view.Applications = append(view.Applications, viewApplication(one))
	}
	if query.Status != "" {
		view.Query = "?" + url.Values{"etat": {query.Status}}.Encode()
	}
	if found.NextCursor != "" {
		values.Set("cursor", found.NextCursor)
		values.Del("fait")
		view.More = teamCohorts + "/" + item.Slug + "?" + values.Encode()
	}
	return s.pages.Render(w, r, status, "team_cohort", web.Page{Title: item.Name, Form: web.Form{Values: values, Faults: faults}, Data: view})
}

func (s *service) applicationsCSV(w http.ResponseWriter, r *http.Request) error {
	return s.exportApplications(w, r, spreadsheet.CSV)
}

func (s *service) applicationsXLSX(w http.ResponseWriter, r *http.Request) error {
	return s.exportApplications(w, r, spreadsheet.XLSX)
}

// exportApplications answers all that the filter of the page keeps.
func (s *service) exportApplications(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	query, faults := listingFrom(r.URL.Query())
	if err := faults.Err(); err != nil {
		return err
	}
	query.Limit = maxLimit
	sheet := s.applicationsSheet(r.Context(), r.PathValue("slug"), query)
	sheet.Header = []string{"Candidature", "Code", "Territoire", "État", "Candidature le", "Décision le", "Motivation"}
	for _, role := range alliance.Quartet {
		for _, column := range []string{"prénom", "nom", "adresse", "organisation", "confirmation"} {
			sheet.Header = append(sheet.Header, role.Label()+", "+column)
		}
	}
	return sheet.Export(w, r, format, s.audit)
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
