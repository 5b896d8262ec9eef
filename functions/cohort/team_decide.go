package cohort

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var decisionOptions = []web.Option{
	{Value: accepted, Label: "Accepter", Hint: "Le territoire entre dans la cohorte et prend une place."},
	{Value: waitingForSeat, Label: "Mettre en attente", Hint: "Dans l’ordre que vous voulez, si une place se libère."},
	{Value: declined, Label: "Ne pas retenir", Hint: "Le territoire peut candidater à nouveau."},
}

type teamApplicationView struct {
	teamApplication
	To        teamCohort
	Decisions []web.Option
	Reached   []string // names of those of the four who get a mail
	Suspended []string // and of those who would, if they were written to
	Words     []wordView
	Open      bool // whoever has not confirmed can still be named otherwise
	Full      bool // a decision was refused, as no seat is left
	Done      string
	Trail     string // address of what was done to it
	item      applicationItem
	cohort    cohortItem
}

func (s *service) teamApplicationPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderTeamApplication(w, r, http.StatusOK, web.Form{Values: url.Values{web.KeyField: {s.newID("form")}}}, false)
}

// viewTeamApplication reads an application with all that its page shows.
func (s *service) viewTeamApplication(r *http.Request) (view teamApplicationView, err error) {
	to, err := s.cohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return view, err
	}
	item, err := s.applicationTo(r, to.Slug, r.PathValue("id"))
	if err != nil {
		return view, err
	}
	listed, err := s.listed(r.Context(), item)
	if err != nil {
		return view, err
	}
	people, err := s.confirmedFour(r.Context(), item)
	if err != nil {
		return view, err
	}
	view.teamApplication, view.Decisions, view.Open = viewApplication(listed), decisionOptions, item.undecided()
	suspended, err := s.suspendedFour(r.Context(), item, view.Four)
	if err != nil {
		return view, err
	}
	for _, m := range people {
		if suspended[personIn(m.PK)] {
			view.Suspended = append(view.Suspended, m.fullName())
		} else {
			view.Reached = append(view.Reached, m.fullName())
		}
	}
	if view.Words, err = s.viewWords(r.Context(), item.ID); err != nil {
		return view, err
	}
	view.To = teamCohort{cohortView: viewCohort(to.shown(s.now(), nil, nil)), Accepted: to.Accepted}
	view.Done, view.Trail = r.URL.Query().Get("fait"), web.TrailPath(view.ID)
	view.item, view.cohort = item, to
	return view, nil
}

// suspendedFour are those of the four to whom nothing is sent. It notes that in
// the view of each, with where their mails are.
func (s *service) suspendedFour(ctx context.Context, item applicationItem, four []teamMember) (map[string]bool, error) {
	var people []string
	for _, in := range item.Members {
		people = append(people, in.Person)
	}
	slices.Sort(people)
	suspended, err := mail.Suspended(ctx, s.mails, slices.Compact(people))
	if err != nil {
		return nil, err
	}
	for i, role := range alliance.Quartet {
		if in, named := item.Members[role]; named {
			four[i].Mails, four[i].Suspended = web.TeamRoot+"/courriels?person="+url.QueryEscape(in.Person), suspended[in.Person]
		}
	}
	return suspended, nil
}

func (s *service) renderTeamApplication(w http.ResponseWriter, r *http.Request, status int, form web.Form, full bool) error {
	view, err := s.viewTeamApplication(r)
	if err != nil {
		return err
	}
	view.Full = full
	return s.pages.Render(w, r, status, "team_application", web.Page{Title: view.Territory.Name, Form: form, Data: view})
}

// refuse shows the page of an application again, with why something that was
// asked of it was not done.
func (s *service) refuse(w http.ResponseWriter, r *http.Request, values url.Values, err error) error {
	shown, ok := web.FormFaults(err)
	if !ok {
		return err
	}
	values.Set(web.KeyField, s.newID("form"))
	return s.renderTeamApplication(w, r, web.Status(fault.As(err)), web.Form{Values: values, Faults: shown}, fault.Is(err, "cohort-full"))
}

// applicationPath is where the page of the application of a request is.
func applicationPath(r *http.Request) string {
	return teamCohorts + "/" + url.PathEscape(r.PathValue("slug")) + "/candidatures/" + url.PathEscape(r.PathValue("id"))
}

// previewView is what a decision would send, or why it cannot be taken.
type previewView struct {
	teamApplicationView
	Decision, Note string
	Hindrance      string // empty when it can
}

// decisionPosted shows what a decision would send and to whom, and decides
// when that is confirmed.
func (s *service) decisionPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	in := decisionInput{Decision: values.Get("decision"), Note: typed(values, "note")}
	var faults fault.Fields
	if in.Decision == "" {
		faults.Add("decision", "Choisissez une décision.")
	}
	in.check(&faults)
	if err := faults.Err(); err != nil {
		return s.refuse(w, r, values, err)
	}
	view, err := s.viewTeamApplication(r)
	if err != nil {
		return err
	}
	switch values.Get("etape") {
	case "revenir":
		return s.renderTeamApplication(w, r, http.StatusOK, web.Form{Values: values}, false)
	case "envoyer":
		_, err := s.decideFrom(r.Context(), view.ID, in, values.Get("was.status"))
		if fault.Is(err, "decided-meanwhile") {
			return s.reread(w, r, values, in, err)
		}
		if err != nil {
			return s.refuse(w, r, values, err)
		}
		return done(w, r, applicationPath(r), "decidee")
	}
	return s.renderPreview(w, r, http.StatusOK, web.Form{Values: values}, view, in)
}

// reread shows what a decision would send again, of the application as it is
// by now, with what it became meanwhile.
func (s *service) reread(w http.ResponseWriter, r *http.Request, values url.Values, in decisionInput, became error) error {
	view, err := s.viewTeamApplication(r)
	if err != nil {
		return err
	}
	shown, _ := web.FormFaults(became)
	return s.renderPreview(w, r, http.StatusConflict, web.Form{Values: values, Faults: shown}, view, in)
}

func (s *service) renderPreview(w http.ResponseWriter, r *http.Request, status int, form web.Form, of teamApplicationView, in decisionInput) error {
	view := previewView{teamApplicationView: of, Decision: in.Decision, Note: in.Note}
	hindrance, err := s.hindrance(r.Context(), of.item, of.cohort, in.Decision)
	if err != nil {
		return err
	}
	if hindrance != nil {
		view.Hindrance, view.Full = hindrance.Detail, hindrance == errFull
	}
	return s.pages.Render(w, r, status, "team_decision", web.Page{Title: "Relire avant d’envoyer", Form: form, Data: view})
}

// typed is a text of several lines as it is stored: browsers end lines otherwise.
func typed(values url.Values, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(values.Get(name), "\r\n", "\n"))
}

const maxMessage = 4000

var errNobodyReached = fault.New(fault.Conflict, "nobody-confirmed", "Personne n’a encore confirmé : il n’y a pas d’adresse sûre à laquelle écrire.")

// messagePosted writes to those of the four who have confirmed.
func (s *service) messagePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	text := typed(values, "message")
	var faults fault.Fields
	if text == "" {
		faults.Add("message", "Écrivez votre message.")
	} else if utf8.RuneCountInString(text) > maxMessage {
		faults.Add("message", "Raccourcissez ce message : 4 000 caractères au plus.")
	}
	item, err := s.applicationTo(r, r.PathValue("slug"), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err = faults.Err(); err == nil {
		err = s.write(r.Context(), item, text, values.Get(web.KeyField))
	}
	if err != nil {
		return s.refuse(w, r, values, err)
	}
	return done(w, r, applicationPath(r), "ecrit")
}

// write sends a message of the team to each of the four who has confirmed. The
// same key again sends nothing. What was written is kept with the application,
// not in the trail. It returns the Conflict faults "nobody-confirmed" and
// "changed-meanwhile".
func (s *service) write(ctx context.Context, item applicationItem, text, key string) error {
	once := s.table.Once("message to "+item.ID, key, []byte(text), s.now())
	if _, sent, err := once.Answered(ctx); err != nil || sent {
		return err
	}
	to, err := s.cohort(ctx, item.Cohort)
	if err != nil {
		return err
	}
	people, err := s.confirmedFour(ctx, item)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return errNobodyReached
	}
	var writes dynamo.Writes
	for _, m := range people {
		data := map[string]string{"cohort": to.Name, "territory": territoryName(item.Territory), "message": text, mail.About: teamPath(item)}
		if err := s.writeTo(ctx, &writes, "application-message", m, data); err != nil {
			return err
		}
	}
	// Of an application as it was read, or a word could be left of one whose last
	// person is erased at this moment.
	writes.Add(s.table.Check(item.Key, sameRevision(item)))
	s.keepWord(ctx, &writes, item.ID, "", text, people)
	writes.Add(s.audit.Entry(ctx, "application.written", item.ID, nil, map[string]int{"people": len(people)}))
	keep, keyed, err := once.Answer(item.ID)
	if keyed || err != nil {
		writes.Add(keep, err)
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if keyed && errors.As(err, &refused) {
		if _, sent, firstErr := once.First(refused, len(writes.Items)-1); sent || firstErr != nil {
			return firstErr
		}
	}
	return refusedAs(err, errChanged)
}

// teamRemindPosted asks again those of the four who have not confirmed.
func (s *service) teamRemindPosted(w http.ResponseWriter, r *http.Request) error {
	item, err := s.applicationTo(r, r.PathValue("slug"), r.PathValue("id"))
	if err != nil {
		return err
	}
	entry, err := s.audit.Entry(r.Context(), "application.reminded", item.ID, nil, nil)
	if err != nil {
		return err
	}
	if err := s.remind(r.Context(), item, entry); err != nil {
		return s.refuse(w, r, url.Values{}, err)
	}
	return done(w, r, applicationPath(r), "relancee")
}

func (s *service) teamWithdrawPage(w http.ResponseWriter, r *http.Request) error {
	view, err := s.viewTeamApplication(r)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "team_withdraw", web.Page{Title: "Retirer cette candidature ?", Data: view})
}

// teamWithdrawPosted withdraws an application as its territory asked the team to.
func (s *service) teamWithdrawPosted(w http.ResponseWriter, r *http.Request) error {
	item, err := s.applicationTo(r, r.PathValue("slug"), r.PathValue("id"))
	if err != nil {
		return err
	}
	entry, err := s.audit.Entry(r.Context(), "application.withdrawn", item.ID, map[string]string{"status": item.status()}, map[string]string{"status": withdrawn})
	if err != nil {
		return err
	}
	if _, err := s.withdraw(r.Context(), item, entry); err != nil {
		return s.refuse(w, r, url.Values{}, err)
	}
	return done(w, r, applicationPath(r), "retiree")
}
