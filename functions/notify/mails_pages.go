package notify

import (
	"net/http"
	"net/url"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const mailsPath = web.TeamRoot + "/courriels"

func teamPage(method, path, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: function.Team, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

// causes say why a mail was sent, by its template.
var causes = map[string]string{
	"confirm-registration": "Confirmer une signature de la charte", "welcome": "Bienvenue dans l’alliance",
	"already-ally": "Signature déjà enregistrée", "organisation-has-contact": "Organisation déjà alliée",
	"my-data-link": "Lien vers ses données", "farewell": "Départ de l’alliance",
	"signatures-merged": "Deux signatures fusionnées", "retention-notice": "Effacement annoncé, sans nouvelles",
	"booking-confirmed": "Place réservée", "booking-waiting": "En liste d’attente", "booking-promoted": "Place libérée",
	"booking-cancelled": "Réservation annulée", "booking-reminder": "Rappel d’une rencontre",
	"session-moved": "Rencontre déplacée", "session-cancelled": "Rencontre annulée", "session-thanks": "Demande de retour",
	"application-confirm": "Confirmer son rôle dans une candidature", "application-confirmed": "Rôle confirmé",
	"application-complete": "Candidature complète", "application-accepted": "Candidature retenue",
	"team-notice":          "Nouvelle du bilan pour l’équipe",
	"application-declined": "Candidature non retenue", "application-waiting": "Candidature en attente", "application-withdrawn": "Candidature retirée",
}

func cause(template string) string {
	if label := causes[template]; label != "" {
		return label
	}
	return template
}

var reasonLabels = map[string]string{
	becauseRefused: "L’adresse n’existe pas", becauseBounced: "Un message est revenu", becauseComplained: "Signalé comme indésirable",
}

// mailsView is what the list of mails shows.
type mailsView struct {
	Mails                 []mailLine
	States                []web.Option
	Person                string // whose mails, empty for everyone's
	Suspended, OptedOut   bool   // that person
	Again, Narrowed       bool
	Later                 bool
	First, Next, LiftPath string
}

type mailLine struct {
	mailEntry
	Cause, Label, Class string
	Asked               time.Time
	Again               string // where to post to send it again, empty when it is gone
}

// mailsFields are those of the search.
var mailsFields = []string{"q", "person", "state"}

func (s *service) mailsPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	var faults fault.Fields
	query := readMailsQuery(values, &faults)
	if address := values.Get("q"); address != "" {
		var err error
		if query.Person, err = s.person(r.Context(), address, &faults); err != nil {
			return err
		}
	}
	view := mailsView{States: stateLabels, Person: query.Person, Again: values.Has("renvoye"), Later: query.Cursor != "",
		First: mailsAddress(values, ""), LiftPath: mailsPath + "/suspensions/" + url.PathEscape(query.Person) + "/lever"}
	view.Narrowed = view.First != mailsPath
	status, found := http.StatusOK, mailsAnswer{}
	var err error
	if len(faults) == 0 {
		found, err = s.mails(r.Context(), query)
	}
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		faults, err = f.Fields, nil
	}
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		status = http.StatusUnprocessableEntity
	}
	if err := s.standing(r, &view); err != nil {
		return err
	}
	if found.NextCursor != "" {
		view.Next = mailsAddress(values, found.NextCursor)
	}
	for _, entry := range found.Items {
		view.Mails = append(view.Mails, viewLine(entry))
	}
	return s.pages.Render(w, r, status, "mails", web.Page{
		Title: "Courriels", Private: true, Form: web.Form{Values: values, Faults: inPage(faults)}, Data: view,
	})
}

// inPage names faults of the query as the fields of the page.
func inPage(faults fault.Fields) (named fault.Fields) {
	for _, field := range faults {
		switch field.Location {
		case "q":
			named.Add("q", field.Message)
		case "query.state":
			named.Add("state", field.Message)
		default:
			named.Add("", field.Message)
		}
	}
	return named
}

// standing tells whether the person in view is written to.
func (s *service) standing(r *http.Request, view *mailsView) error {
	if view.Person == "" {
		return nil
	}
	var stop suppression
	found, err := s.table.Get(r.Context(), suppressionKey(view.Person), &stop)
	if err != nil {
		return err
	}
	view.Suspended = found && stop.Listed != ""
	view.OptedOut, err = s.table.Get(r.Context(), unsubscribedKey(view.Person), &optOut{})
	return err
}

func viewLine(entry mailEntry) mailLine {
	shown := mailLine{mailEntry: entry, Cause: cause(entry.Template), Class: "waiting"}
	for _, state := range stateLabels {
		if state.Value == entry.State {
			shown.Label = state.Label
		}
	}
	switch entry.State {
	case sent:
		shown.Class = "success"
	case failed, suppressed:
		shown.Class = "fault"
	}
	if entry.State == failed || entry.State == queued {
		shown.Again = mailsPath + "/" + url.PathEscape(entry.Person) + "/" + url.PathEscape(entry.ID) + "/renvoyer"
	}
	shown.Asked, _ = time.Parse(instant, entry.AskedAt) // we have written it
	return shown
}

func mailsAddress(values url.Values, cursor string) string {
	query := url.Values{}
	for _, name := range mailsFields {
		if value := values.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if len(query) == 0 {
		return mailsPath
	}
	return mailsPath + "?" + query.Encode()
}

func (s *service) resendPosted(w http.ResponseWriter, r *http.Request) error {
	if err := s.sendAgain(r.Context(), r.PathValue("person"), r.PathValue("id")); err != nil {
		return err
	}
	http.Redirect(w, r, mailsPath+"?renvoye&person="+url.QueryEscape(r.PathValue("person")), http.StatusSeeOther)
	return nil
}

// suppressionsView is what the list of who is not written to shows.
type suppressionsView struct {
	Items         []suppressionLine
	Lifted, Later bool
	Next          string
}

type suppressionLine struct {
	suppressionEntry
	Why   string
	Since time.Time
}

func (s *service) suppressionsPage(w http.ResponseWriter, r *http.Request) error {
	query, err := readSuppressionsQuery(r.URL.Query())
	if err != nil {
		return err
	}
	found, err := s.suppressions(r.Context(), query)
	if err != nil {
		return err
	}
	view := suppressionsView{Lifted: r.URL.Query().Has("leve"), Later: query.Cursor != ""}
	if found.NextCursor != "" {
		view.Next = mailsPath + "/suspensions?" + url.Values{"cursor": {found.NextCursor}}.Encode()
	}
	for _, one := range found.Items {
		since, _ := time.Parse(instant, one.SuppressedAt) // we have written it
		view.Items = append(view.Items, suppressionLine{one, reasonLabels[one.Reason], since})
	}
	return s.pages.Render(w, r, http.StatusOK, "suppressions", web.Page{Title: "Envois suspendus", Private: true, Data: view})
}

func (s *service) liftPosted(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.lift(r.Context(), r.PathValue("person")); err != nil {
		return err
	}
	http.Redirect(w, r, mailsPath+"/suspensions?leve", http.StatusSeeOther)
	return nil
}
