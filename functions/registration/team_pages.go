package registration

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const alliesPath = web.TeamRoot + "/allies"

// teamRoutes are the team's pages of allies.
var teamRoutes = []function.Route[service]{
	teamPage(http.MethodGet, alliesPath, function.Team, "Who signed: search, and take away", (*service).alliesPage),
	sheetRoute(spreadsheet.CSV), sheetRoute(spreadsheet.XLSX),
	teamPage(http.MethodGet, alliesPath+"/{id}", function.Team, "One signature and what can be done with it", (*service).allyPage),
	teamPage(http.MethodGet, waitingRoot+"/{person}/{registration}", function.Team, "A signature that waits for its confirmation", (*service).waitingPage),
	teamPage(http.MethodPost, waitingRoot+"/{person}/{registration}", function.Team, "Send the link that confirms it again", (*service).confirmationPosted),
	teamPage(http.MethodPost, alliesPath+"/{id}/echange", function.Team, "Note that a person was heard of today", (*service).exchangePosted),
	teamPage(http.MethodPost, alliesPath+"/{id}/corriger", function.Team, "Correct a signature", (*service).correctPosted),
	teamPage(http.MethodPost, alliesPath+"/{id}/lien", function.Team, "Send a person the link to their data", (*service).resendPosted),
	teamPage(http.MethodGet, alliesPath+"/{id}/fusion", function.Team, "What merging a duplicate would do", (*service).mergePage),
	teamPage(http.MethodPost, alliesPath+"/{id}/fusion", function.Team, "Merge a duplicate", (*service).mergePosted),
	teamPage(http.MethodGet, alliesPath+"/{id}/effacer", function.Admin, "What erasing a person means", (*service).erasePage),
	teamPage(http.MethodPost, alliesPath+"/{id}/effacer", function.Admin, "Erase a person who asked for it", (*service).erasePosted),
}

func teamPage(method, path string, access function.Access, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	route := page(method, path, summary, handle)
	route.Access = access
	return route
}

func sheetRoute(format spreadsheet.Format) function.Route[service] {
	return teamPage(http.MethodGet, alliesPath+"."+string(format), function.Team, "The same list as "+string(format),
		func(s *service, w http.ResponseWriter, r *http.Request) error {
			values := r.URL.Query()
			query, err := readAlliesQuery(values)
			if err == nil && web.IsAwaited(values) {
				return web.Await(w, r, alliesPath, alliesFields, string(format))
			}
			if err == nil {
				err = s.alliesSheet(r.Context(), query).Export(w, r, format, s.audit)
			}
			if _, wrong := web.SearchFaults(err, alliesFields); wrong {
				return s.alliesPage(w, r) // which says what
			}
			return err
		})
}

// slowly is from how many allies on a file of them may take more than two
// seconds (BenchmarkAlliesSheet): its links lead to a page first.
const slowly = 10_000

// alliesView is what the list's page shows.
type alliesView struct {
	Lines                              []allyLine
	Kinds, States, Categories, Regions []web.Option
	web.List
	Counted count
	Erased  bool // someone, just before
}

// allyLine is a line of the list as people read it.
type allyLine struct {
	listedAlly
	KindLabel, CategoryLabel, Place, State, Since string
	Link                                          string
}

// alliesFields are those of the search.
var alliesFields = []string{"q", "kind", "status", "category", "region"}

func stateOptions() (options []web.Option) {
	for _, state := range allyStates {
		options = append(options, web.Option{Value: state.Value, Label: state.Label})
	}
	return options
}

func (s *service) alliesPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	query, err := readAlliesQuery(values)
	form, status := web.Form{Values: values}, http.StatusOK
	found := alliesPage{}
	if err == nil {
		found, err = s.listAllies(r.Context(), query)
	}
	if faults, ok := web.SearchFaults(err, alliesFields); ok {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view := alliesView{
		Kinds:  []web.Option{{Value: "organisation", Label: kindLabels["organisation"]}, {Value: "person", Label: kindLabels["person"]}},
		States: stateOptions(), Categories: categoryLabels, Regions: regionOptions(),
		Erased: values.Has("efface"), List: web.NewList(alliesPath, alliesFields, values, found.NextCursor),
	}
	allies, err := s.count(r.Context())
	if err != nil {
		return err
	}
	if allies.Organisations+allies.Persons >= slowly {
		view.List = view.Awaited()
	}
	view.Counted = allies
	for _, item := range found.Items {
		view.Lines = append(view.Lines, viewLine(item))
	}
	return s.pages.Render(w, r, status, "team_allies", web.Page{Title: "Allié·es", Private: true, Form: form, Data: view})
}

func viewLine(item listedAlly) allyLine {
	line := allyLine{
		listedAlly: item, KindLabel: kindLabels[item.Kind], CategoryLabel: categoryLabel(item.Category),
		Place: placeName(item.Territory), State: stateLabel(item.Status), Since: dateOf(item.JoinedOn),
	}
	line.Link = alliesPath + "/" + item.ID
	if item.Status == statusPending {
		line.Link = waitingPath(strings.TrimPrefix(item.key.PK, personal.Partition("")), item.ID)
	}
	return line
}

// allyView is what the page of a signature shows.
type allyView struct {
	mySignature
	Title, KindLabel, CategoryLabel, Place, State string
	Contact                                       signatoryItem
	Kept                                          time.Time // until when their data are, if nothing is heard of them
	Others                                        []mySignature
	Categories                                    []web.Option
	Mails, Trail                                  string // addresses of what was sent to them, and of what was done
	Done                                          string // what was just done
	Territory                                     placefield.Input
	Shown                                         string       // keyed hash of the contact
	Handover                                      handoverItem // that waits; its ID is empty otherwise
}

// allyPage shows a signature; that of a duplicate leads to the one it became
// part of.
func (s *service) allyPage(w http.ResponseWriter, r *http.Request) error {
	err := s.renderAlly(w, r, http.StatusOK, nil)
	if !fault.Is(err, errUnknownAlly.Code) {
		return err
	}
	kept, readErr := s.mergedInto(r.Context(), r.PathValue("id"))
	if readErr != nil {
		return readErr
	}
	if kept == "" {
		return err
	}
	http.Redirect(w, r, alliesPath+"/"+url.PathEscape(kept), http.StatusSeeOther)
	return nil
}

// renderAlly shows a signature; form holds what was typed and is refused, nil
// to show what is stored.
func (s *service) renderAlly(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	g, err := s.signatureOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := s.signatures(r.Context(), g.ally.Person)
	if err != nil {
		return err
	}
	view := allyView{
		mySignature: g.mine(), Title: g.signatory.Shown.Name, KindLabel: kindLabels[g.ally.Kind], Place: placeName(g.signatory.Shown.Territory),
		State: stateLabel(statusConfirmed), Contact: g.signatory, Kept: s.keptUntil(g.signatory), Categories: categoryLabels,
		CategoryLabel: categoryLabel(g.ally.Category),
		Mails:         web.TeamRoot + "/courriels?" + url.Values{"q": {g.signatory.Email}}.Encode(),
		Trail:         web.TrailPath(g.ally.AllyID),
		Done:          r.URL.Query().Get("fait"),
		Shown:         g.ally.Person,
	}
	if _, view.Handover, err = s.handoverOf(r.Context(), g.ally.AllyID); err != nil {
		return err
	}
	if !g.signatory.AnnouncedAt.IsZero() {
		view.State = stateLabel(statusAnnounced)
	}
	for _, other := range all {
		if other.ally.AllyID != g.ally.AllyID {
			view.Others = append(view.Others, other.mine())
		}
	}
	if form == nil {
		form = &web.Form{Values: web.Remember(view.values(), correctable)}
	}
	form.Values.Set(web.KeyField, s.newID("form")) // of the form that sends the link
	view.Territory = askTerritory(*form)
	return s.pages.Render(w, r, status, "team_ally", web.Page{Title: view.Title, Private: true, Form: *form, Data: view})
}

// correctable are the fields of the form that corrects a signature.
var correctable = []string{
	"person.given_name", "person.family_name", "person.role",
	"organisation.name", "organisation.category", "organisation.siret", "organisation.rna", "organisation.territory", "organisation.website",
	"consents.newsletter", "consents.directory",
}

// contactField is the hidden field by which a page says whom it showed.
const contactField = "contact"

// ofSomeoneElse is what the team reads instead of what a person reads of themself.
var ofSomeoneElse = map[string]string{noGivenName: "Saisissez le prénom de la personne.", noFamilyName: "Saisissez le nom de la personne."}

func saidOfSomeoneElse(faults fault.Fields) {
	for i, f := range faults {
		if said, ok := ofSomeoneElse[f.Message]; ok {
			faults[i].Message = said
		}
	}
}

func (s *service) correctPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	for range rounds {
		old, err := s.signatureShown(r.Context(), r.PathValue("id"), values.Get(contactField))
		if err != nil {
			return err
		}
		form, status, err := s.correctByForm(r.Context(), old, values)
		var refused *dynamo.Refused
		if errors.As(err, &refused) {
			continue // it has changed since it was read: what was typed meets what it is now
		}
		if len(form.Faults) > 0 {
			return s.renderAlly(w, r, status, &form)
		}
		return done(w, r, err, "corrigee")
	}
	return errCorrecting
}

// correctByForm corrects a signature as it was read by what was typed since the
// page was shown. The form that it returns has the faults of that, among them
// what was changed meanwhile, by a colleague or by the person themself, and the
// status with which it is shown. It returns *dynamo.Refused when the signature
// has changed since it was read.
func (s *service) correctByForm(ctx context.Context, old signature, values url.Values) (form web.Form, status int, err error) {
	mine := old.mine()
	rebased := web.Rebase(values, mine.values(), correctable)
	form = web.Form{Values: values, Faults: rebased.Faults(readCorrectable), Meanwhile: rebased.Meanwhile}
	if len(form.Faults) > 0 {
		return form, http.StatusConflict, nil
	}
	err = s.correct(ctx, old, changeFromForm(values), &form.Faults)
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		form.Faults.Add("organisation.name", f.Detail)
	}
	saidOfSomeoneElse(form.Faults)
	placefield.Advise(values, territoryField, form.Faults)
	return form, http.StatusUnprocessableEntity, err
}

// readCorrectable is a value of the form that corrects a signature as people
// read it.
func readCorrectable(name, value string) string {
	switch name {
	case "organisation.category":
		return categoryLabel(value)
	case "organisation.territory":
		if place := placeName(value); place != "" {
			return place
		}
	}
	return value
}

func (s *service) resendPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	return done(w, r, s.resend(r.Context(), r.PathValue("id"), values.Get(web.KeyField)), "lien")
}

// exchangePosted notes a contact that left no trace here: a call, a meeting.
func (s *service) exchangePosted(w http.ResponseWriter, r *http.Request) error {
	return done(w, r, s.exchanged(r.Context(), r.PathValue("id")), "echange")
}

// done leads back to the page of the signature, which says what was done.
func done(w http.ResponseWriter, r *http.Request, err error, what string) error {
	if err != nil {
		return err
	}
	http.Redirect(w, r, alliesPath+"/"+url.PathEscape(r.PathValue("id"))+"?fait="+what, http.StatusSeeOther)
	return nil
}

// line is the signature as the team's list has it.
func (g signature) line() listedAlly {
	return listedAlly{
		shown: g.signatory.Shown, ID: g.ally.AllyID, Status: statusConfirmed, GivenName: g.signatory.GivenName, FamilyName: g.signatory.FamilyName,
		Email: g.signatory.Email, Role: g.signatory.Role, Organisation: g.signatory.Organisation,
		Newsletter: g.signatory.Newsletter, Directory: g.signatory.Directory,
	}
}

// eraseView is what the page shows before a person is erased.
type eraseView struct {
	allyLine
	Shown string // keyed hash of the person
}

func (s *service) erasePage(w http.ResponseWriter, r *http.Request) error {
	g, err := s.signatureOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "team_erase", web.Page{
		Title: "Effacer " + g.signatory.fullName(), Private: true, Data: eraseView{viewLine(g.line()), g.ally.Person},
	})
}

func (s *service) erasePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	if err := s.eraseOnRequest(r.Context(), r.PathValue("id"), values.Get(contactField)); err != nil {
		return err
	}
	http.Redirect(w, r, alliesPath+"?efface", http.StatusSeeOther)
	return nil
}
