package notify

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const (
	mailsPath      = web.TeamRoot + "/courriels"
	suspendedPath  = mailsPath + "/suspensions"
	suspendedTitle = "Envois suspendus"
)

// teamRoutes are the team's pages of mails.
var teamRoutes = []function.Route[service]{
	teamPage(http.MethodGet, mailsPath, "What was sent to whom, and why", (*service).mailsPage),
	teamPage(http.MethodGet, mailsPath+".csv", "The same list as CSV", mailsFile(spreadsheet.CSV)),
	teamPage(http.MethodGet, mailsPath+".xlsx", "The same list as XLSX", mailsFile(spreadsheet.XLSX)),
	teamPage(http.MethodGet, mailsPath+"/{person}/{id}", "One mail: why it was sent, what became of it, and how to send it again", (*service).mailPage),
	teamPage(http.MethodPost, mailsPath+"/{person}/{id}/renvoyer", "Send a mail again", (*service).resendPosted),
	teamPage(http.MethodGet, suspendedPath, "Who is not written to any more", (*service).suppressionsPage),
	teamPage(http.MethodGet, suspendedPath+".csv", "The same list as CSV", suppressionsFile(spreadsheet.CSV)),
	teamPage(http.MethodGet, suspendedPath+".xlsx", "The same list as XLSX", suppressionsFile(spreadsheet.XLSX)),
	teamPage(http.MethodPost, suspendedPath+"/{person}/lever", "Write to a person again", (*service).liftPosted),
}

func teamPage(method, path, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: function.Team, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

// viewList is that of a list at a path, narrowed by fields among some values.
// The file of a list of more than a page may be of all that 90 days sent: it is
// awaited.
func viewList(path string, fields []string, values url.Values, next string) web.List {
	view := web.NewList(path, fields, values, next)
	if view.Later || next != "" {
		return view.Awaited()
	}
	return view
}

// mailsView is what the list of mails shows.
type mailsView struct {
	web.List
	Mails               []mailLine
	States, Causes      []web.Option
	Person              string // whose mails, empty for everyone's
	Whom                whom   // that person
	Suspended, OptedOut bool
	LiftPath            string
}

// mailLine is a mail as people read it.
type mailLine struct {
	mailEntry
	Cause              cause
	Subject            subject
	Whom               whom
	Label, Class, Path string
	Asked, Ended       time.Time
	Again              string // where to post to send it again, empty when it is gone
}

// mailsFields are those of the search.
var mailsFields = []string{"q", "person", "state", "template", "from", "until"}

// causeOptions are the purposes of mails, by their names.
func causeOptions() (options []web.Option) {
	for template, of := range causes {
		options = append(options, web.Option{Value: template, Label: of.Label})
	}
	slices.SortFunc(options, func(a, b web.Option) int { return strings.Compare(a.Label, b.Label) })
	return options
}

// readMailsSearch reads the search of the page, where a person may be named by
// their address.
func (s *service) readMailsSearch(r *http.Request, faults *fault.Fields) (query mailsSearch, err error) {
	values := r.URL.Query()
	query = readMailsQuery(values, faults)
	if address := values.Get("q"); address != "" {
		query.Person, err = s.person(r.Context(), address, faults)
	}
	return query, err
}

func (s *service) mailsPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	var faults fault.Fields
	query, err := s.readMailsSearch(r, &faults)
	if err != nil {
		return err
	}
	found, status, err := mailsAnswer{}, http.StatusOK, faults.Err()
	if err == nil {
		found, err = s.mails(r.Context(), query)
	}
	if named, wrong := web.SearchFaults(err, mailsFields); wrong {
		faults, status = named, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view := mailsView{List: viewList(mailsPath, mailsFields, values, found.NextCursor), States: stateLabels, Causes: causeOptions(),
		Person: query.Person, LiftPath: liftPath(query.Person)}
	if view.Suspended, view.OptedOut, err = s.standing(r, view.Person); err != nil {
		return err
	}
	if view.Person != "" {
		names, err := s.knownAs(r.Context(), []string{view.Person})
		if err != nil {
			return err
		}
		view.Whom = names[view.Person]
	}
	if view.Mails, err = s.viewLines(r.Context(), found.Items, view.Person == ""); err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "mails", web.Page{
		Title: "Courriels", Private: true, Form: web.Form{Values: values, Faults: faults}, Data: view,
	})
}

// viewLines are mails as people read them: what each is about and, of several
// people, to whom.
func (s *service) viewLines(ctx context.Context, entries []mailEntry, ofSeveral bool) (lines []mailLine, err error) {
	names := map[string]whom{}
	if ofSeveral { // the mails of one person were read whole
		var people []string
		for _, entry := range entries {
			people = append(people, entry.Person)
		}
		if names, err = s.knownAs(ctx, people); err != nil {
			return nil, err
		}
		if err := s.addSubjects(ctx, entries); err != nil {
			return nil, err
		}
	}
	for _, entry := range entries {
		line := viewLine(entry)
		line.Whom = names[entry.Person]
		lines = append(lines, line)
	}
	return lines, nil
}

// standing tells whether a person is written to.
func (s *service) standing(r *http.Request, person string) (suspended, optedOut bool, err error) {
	if person == "" {
		return false, false, nil
	}
	var stop suppression
	found, err := s.table.Get(r.Context(), mail.SuppressionKey(person), &stop)
	if err != nil {
		return false, false, err
	}
	optedOut, err = s.table.Get(r.Context(), unsubscribedKey(person), &optOut{})
	return found && stop.Listed != "", optedOut, err
}

func liftPath(person string) string { return suspendedPath + "/" + url.PathEscape(person) + "/lever" }

func mailPath(person, id string) string {
	return mailsPath + "/" + url.PathEscape(person) + "/" + url.PathEscape(id)
}

func viewLine(entry mailEntry) mailLine {
	shown := mailLine{mailEntry: entry, Cause: causeOf(entry.Template), Subject: entry.subject(), Class: "waiting", Label: web.LabelOf(stateLabels, entry.State), Path: mailPath(entry.Person, entry.ID)}
	switch entry.State {
	case sent:
		shown.Class = "success"
	case failed, suppressed, returned, reported:
		shown.Class = "fault"
	}
	if entry.State == failed || entry.State == queued {
		shown.Again = shown.Path + "/renvoyer"
	}
	shown.Asked, shown.Ended = at(entry.AskedAt), at(entry.EndedAt)
	return shown
}

// mailView is what the page of a mail shows.
type mailView struct {
	mailLine
	To, Name            string  // while they are held
	Mend                subject // where a wrong address is mended
	Suspended, OptedOut bool
	LiftPath, Back      string
	Sent, Lifted        bool // just now
}

var errNoMail = fault.New(fault.NotFound, "unknown-mail", "Ce courriel n’existe pas, ou n’est plus gardé\u00a0: la trace d’un envoi l’est 90 jours.")

func (s *service) mailPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderMail(w, r, http.StatusOK, web.Form{})
}

// renderMail shows a mail; form has the fault of what could not be done with it.
func (s *service) renderMail(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	person, id := r.PathValue("person"), r.PathValue("id")
	var item mailItem
	found, err := s.table.Get(r.Context(), mailKey(person, id), &item)
	if err != nil {
		return err
	}
	if !found {
		return errNoMail
	}
	view := mailView{mailLine: viewLine(item.entry()), To: item.To, Name: item.Name, LiftPath: liftPath(person),
		Sent: r.URL.Query().Has("renvoye"), Lifted: r.URL.Query().Has("leve")}
	view.Back = view.Path + "?leve"
	names, err := s.knownAs(r.Context(), []string{person})
	if err != nil {
		return err
	}
	view.Whom = names[person]
	if view.Mend = view.Whom.subject; view.Mend.Path == "" {
		view.Mend = view.Subject
	}
	if view.Suspended, view.OptedOut, err = s.standing(r, person); err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "mail", web.Page{Title: view.Cause.Label, Private: true, Form: form, Data: view})
}

func (s *service) resendPosted(w http.ResponseWriter, r *http.Request) error {
	person, id := r.PathValue("person"), r.PathValue("id")
	err := s.sendAgain(r.Context(), person, id)
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		var faults fault.Fields
		faults.Add("", f.Detail)
		return s.renderMail(w, r, web.Status(f), web.Form{Faults: faults})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, mailPath(person, id)+"?renvoye", http.StatusSeeOther) //nolint:gosec // a path of ours, its parts escaped
	return nil
}
