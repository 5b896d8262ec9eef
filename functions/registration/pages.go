package registration

import (
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// pageRoutes are the French pages, each served by the same actions as the API.
var pageRoutes = []function.Route[service]{
	page(http.MethodGet, "/", "Home", (*service).homePage),
	page(http.MethodGet, "/charte", "The charter", (*service).charterPage),
	page(http.MethodGet, "/rejoindre", "Form to sign the charter", (*service).joinPage),
	page(http.MethodPost, "/rejoindre", "Sign the charter", (*service).joinPosted),
	page(http.MethodGet, "/rejoindre/merci", "What comes after signing", (*service).thanksPage),
	page(http.MethodGet, "/rejoindre/confirmer", "Button to confirm a signature", (*service).confirmPage),
	page(http.MethodPost, "/rejoindre/confirmer", "Confirm a signature", (*service).confirmPosted),
	page(http.MethodGet, "/allies", "Directory of allies", (*service).directoryPage),
	page(http.MethodGet, "/donnees-personnelles", "What is kept on people, why and how long", (*service).privacyPage),
	page(http.MethodGet, "/mes-donnees", "My data, or a form to ask for a link to them", (*service).mePage),
	page(http.MethodPost, "/mes-donnees", "Ask for a link to my data", (*service).linkPosted),
	page(http.MethodPost, "/mes-donnees/ouvrir", "Open my data with the link of the mail", (*service).openPosted),
	myPage(http.MethodPost, "/mes-donnees/modifier", "Change my data", (*service).changePosted),
	myPage(http.MethodGet, "/mes-donnees/export", "Take my data away, as JSON", (*service).exportPage),
	myPage(http.MethodGet, "/mes-donnees/quitter", "What leaving means", (*service).leavePage),
	myPage(http.MethodPost, "/mes-donnees/quitter", "Leave the alliance", (*service).leavePosted),
	myPage(http.MethodPost, "/mes-donnees/fermer", "End the visit", (*service).closePosted),
}

func page(method, path, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: function.Public, Handle: handle,
		Doc: function.Doc{Summary: summary, Page: true}}
}

func myPage(method, path, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	route := page(method, path, summary, handle)
	route.Access = function.Mine
	return route
}

func (s *service) homePage(w http.ResponseWriter, r *http.Request) error {
	n, err := s.count(r.Context())
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "home", web.Page{
		Title:       "L’alliance qui fait avancer les territoires",
		Description: "Une alliance d’organisations et de personnes qui aident les territoires à réussir leur transition écologique et sociale.",
		Data:        n,
	})
}

// charterView is the charter with its date as people read it.
type charterView struct {
	charter
	PublicationDate string
}

func (s *service) charterPage(w http.ResponseWriter, r *http.Request) error {
	return s.pages.Render(w, r, http.StatusOK, "charter", web.Page{
		Title: currentCharter().Title, Description: "Ce à quoi s’engagent les membres de l’alliance.",
		Data: charterView{currentCharter(), dateOf(currentCharter().PublishedOn)},
	})
}

var categoryLabels = []web.Option{
	{Value: "local_authority", Label: "Collectivité territoriale ou groupement"},
	{Value: "association", Label: "Association ou fondation"},
	{Value: "company", Label: "Entreprise, coopérative ou indépendant·e"},
	{Value: "state", Label: "Service ou établissement de l’État"},
	{Value: "education_research", Label: "Enseignement ou recherche"},
	{Value: "network", Label: "Réseau ou tête de réseau"},
	{Value: "other", Label: "Autre"},
}

func categoryLabel(category string) string {
	for _, option := range categoryLabels {
		if option.Value == category {
			return option.Label
		}
	}
	return category
}

// directoryView is what the directory's page shows.
type directoryView struct {
	Entries    []entryView
	Categories []web.Option
	Regions    []web.Option
	Count      count
	Narrowed   bool
	Later      bool   // not the first page
	First      string // address of the first page
	Next       string // address of the next page, empty at the end
}

type entryView struct {
	directoryEntry
	CategoryLabel string
	Place         string
	JoinDate      string
}

func (s *service) directoryPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	query, err := readDirectoryQuery(values)
	view := directoryView{Categories: categoryLabels, Regions: regionOptions(), Narrowed: values.Get("q")+values.Get("category")+values.Get("region") != ""}
	form := web.Form{Values: values}
	status := http.StatusOK
	found := directoryPage{}
	if err == nil {
		found, err = s.directory(r.Context(), query)
	}
	if faults, ok := web.SearchFaults(err, searchFields); ok {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	if view.Count, err = s.count(r.Context()); err != nil {
		return err
	}
	for _, entry := range found.Items {
		view.Entries = append(view.Entries, entryView{entry, categoryLabel(entry.Category), placeName(entry.Territory), dateOf(entry.JoinedOn)})
	}
	view.Later = values.Get("cursor") != ""
	view.First = web.SearchPath("/allies", searchFields, values, "")
	if found.NextCursor != "" {
		view.Next = web.SearchPath("/allies", searchFields, values, found.NextCursor)
	}
	return s.pages.Render(w, r, status, "directory", web.Page{
		Title: "Les allié·es", Description: "Les organisations qui ont signé la charte de l’alliance.",
		Canonical: "/allies", Form: form, Data: view,
	})
}

// searchFields are those of the directory's form.
var searchFields = []string{"q", "category", "region"}

// dateOf writes a stored date as people read it.
func dateOf(date string) string {
	day, err := time.ParseInLocation(time.DateOnly, date, french.Paris())
	if err != nil {
		return date
	}
	return french.Date(day)
}

// placeName is a territory as people read it: "Toulouse (Haute-Garonne)".
func placeName(reference string) string {
	found, err := territory.Lookup(reference)
	if err != nil {
		return ""
	}
	current := found.Current()
	if name := current.DepartementName(); name != "" && current.Level != territory.Departement {
		return current.Name + " (" + name + ")"
	}
	return current.Name
}

// regionName is a region as people read it, empty without one.
func regionName(code string) string {
	found, err := territory.LookupLevel(code, territory.Region)
	if err != nil {
		return ""
	}
	return found.Name
}

func regionOptions() (options []web.Option) {
	for region := range territory.All(territory.Region) {
		options = append(options, web.Option{Value: region.Code, Label: region.Name})
	}
	return options
}

// territoryField is the field of pages that takes the territory of an organisation.
const territoryField = "organisation.territory"

// askTerritory asks for it where someone corrects a signature.
func askTerritory(form web.Form) placefield.Input {
	return placefield.Ask(form, territoryField, "Nom ou code officiel.")
}
