package publishing

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// teamRoutes are the pages on which the team writes.
var teamRoutes = []function.Route[service]{
	page(http.MethodGet, "/equipe/ressources", function.Team, "All resources, with drafts", (*service).deskPage),
	page(http.MethodGet, "/equipe/ressources/nouvelle", function.Team, "The form of a new resource", (*service).newPage),
	page(http.MethodPost, "/equipe/ressources/nouvelle", function.Team, "Look at a new resource, or keep it as a draft", (*service).newPosted),
	page(http.MethodGet, "/equipe/ressources/{slug}", function.Team, "A resource as readers will see it, and its versions", (*service).draftPage),
	page(http.MethodGet, "/equipe/ressources/{slug}/modifier", function.Team, "The form of a resource", (*service).editPage),
	page(http.MethodPost, "/equipe/ressources/{slug}/modifier", function.Team, "Look at a change, or keep it", (*service).editPosted),
	page(http.MethodPost, "/equipe/ressources/{slug}/publier", function.Team, "Publish a resource", (*service).publishPosted),
	page(http.MethodPost, "/equipe/ressources/{slug}/retirer", function.Team, "Withdraw a resource", (*service).withdrawPosted),
	page(http.MethodGet, "/equipe/fichiers", function.Team, "The form to announce a file", (*service).filesPage),
	page(http.MethodPost, "/equipe/fichiers", function.Team, "Announce a file, and show the form that sends it", (*service).filesPosted),
	page(http.MethodGet, "/equipe/fichiers/{id}", function.Team, "A file that was sent", (*service).filePage),
	page(http.MethodPost, "/equipe/fichiers/{id}", function.Team, "Check a file that was sent", (*service).filePosted),
}

const teamPath = web.TeamRoot + "/ressources"

var stateLabels = map[string]string{draft: "Brouillon", published: "Publiée", withdrawn: "Retirée"}

type deskRow struct {
	deskEntry
	KindLabel, StateLabel string
}

type deskView struct {
	Rows []deskRow
	More string
}

func (s *service) deskPage(w http.ResponseWriter, r *http.Request) error {
	page, err := s.desk(r.Context(), deskQuery{defaultLimit, r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	var view deskView
	for _, entry := range page.Items {
		view.Rows = append(view.Rows, deskRow{entry, kindLabels[entry.Kind], stateLabels[entry.Status]})
	}
	if page.NextCursor != "" {
		view.More = teamPath + "?cursor=" + url.QueryEscape(page.NextCursor)
	}
	return s.pages.Render(w, r, http.StatusOK, "desk", web.Page{Title: "Ressources", Private: true, Data: view})
}

type writeView struct {
	Action                   string
	Kinds, Licences          []web.Option
	Fundamentals, Dimensions []web.Option
	Chosen                   map[string]bool // "fundamentals.1"
	Preview                  *bookView
	Slug                     string
}

// options makes the choices of numbers that have labels.
func options(labels []string) (list []web.Option) {
	for i, label := range labels {
		list = append(list, web.Option{Value: strconv.Itoa(i + 1), Label: label})
	}
	return list
}

func newWriteView(action, slug string, values url.Values) writeView {
	view := writeView{Action: action, Slug: slug, Fundamentals: options(fundamentalLabels), Dimensions: options(dimensionLabels), Chosen: map[string]bool{}}
	for _, kind := range kinds {
		view.Kinds = append(view.Kinds, web.Option{Value: string(kind), Label: kindLabels[kind]})
	}
	licences := []string{defaultLicence, "CC BY 4.0", "CC BY-NC-SA 4.0", "CC0 1.0", "Licence Ouverte 2.0", "Tous droits réservés"}
	if given := values.Get("licence"); given != "" && !slices.Contains(licences, given) {
		licences = append(licences, given)
	}
	for _, licence := range licences {
		view.Licences = append(view.Licences, web.Option{Value: licence, Label: licence})
	}
	for _, name := range []string{"fundamentals", "narrative_dimensions"} {
		for _, value := range values[name] {
			view.Chosen[name+"."+value] = true
		}
	}
	return view
}

// formOf is a resource as its form shows it: lists of names one on each line.
func formOf(in resourceInput) url.Values {
	values := url.Values{}
	for name, text := range map[string]string{
		"kind": string(in.Kind), "title": in.Title, "summary": in.Summary, "body": in.Body, "authors": strings.Join(in.Authors, "\n"),
		"published_on": in.PublishedOn, "language": in.Language, "series": in.Series, "cohort": in.Cohort,
		"sessions": strings.Join(in.Sessions, "\n"), "url": in.URL, "licence": in.Licence,
	} {
		values.Set(name, text)
	}
	for name, numbers := range map[string][]int{"fundamentals": in.Fundamentals, "narrative_dimensions": in.Dimensions} {
		for _, n := range numbers {
			values.Add(name, strconv.Itoa(n))
		}
	}
	if in.Episode > 0 {
		values.Set("episode", strconv.Itoa(in.Episode))
	}
	if in.Audio != nil {
		values.Set("audio.media", in.Audio.Media)
		values.Set("audio.seconds", strconv.Itoa(in.Audio.Seconds))
	}
	return values
}

// inputOf reads the form of a resource; before is what it was, of which the
// form does not show all: a recording that stands elsewhere.
func inputOf(values url.Values, before resourceInput) resourceInput {
	number := func(text string) int {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil && text != "" {
			return -1 // the check finds it
		}
		return n
	}
	numbers := func(name string) (list []int) {
		for _, text := range values[name] {
			list = append(list, number(text))
		}
		return list
	}
	in := resourceInput{
		Slug: before.Slug, Kind: Kind(values.Get("kind")), Title: values.Get("title"), Summary: strings.Join(strings.Fields(values.Get("summary")), " "),
		Body: strings.ReplaceAll(values.Get("body"), "\r\n", "\n"), Authors: lines(values.Get("authors")), PublishedOn: values.Get("published_on"),
		Language: values.Get("language"), Fundamentals: numbers("fundamentals"), Dimensions: numbers("narrative_dimensions"),
		Series: strings.TrimSpace(values.Get("series")), Cohort: strings.TrimSpace(values.Get("cohort")), Sessions: lines(values.Get("sessions")),
		URL: strings.TrimSpace(values.Get("url")), Episode: number(values.Get("episode")), Licence: values.Get("licence"), Audio: before.Audio,
	}
	seconds := number(values.Get("audio.seconds"))
	switch id := strings.TrimSpace(values.Get("audio.media")); {
	case id != "":
		in.Audio = &audioInput{Media: id, Seconds: seconds}
	case before.Audio != nil && before.Audio.Media == "" && seconds > 0:
		elsewhere := *before.Audio
		elsewhere.Seconds = seconds
		in.Audio = &elsewhere
	default:
		in.Audio = nil
	}
	return in
}

// lines are the lines of a text in which something is written.
func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func (s *service) newPage(w http.ResponseWriter, r *http.Request) error {
	values := formOf(resourceInput{Language: "fr", Licence: defaultLicence})
	values.Set(web.KeyField, s.newID("form"))
	return s.renderWrite(w, r, http.StatusOK, "Nouvelle ressource", newWriteView(teamPath+"/nouvelle", "", values), web.Form{Values: values})
}

func (s *service) renderWrite(w http.ResponseWriter, r *http.Request, status int, title string, view writeView, form web.Form) error {
	return s.pages.Render(w, r, status, "write", web.Page{Title: title, Private: true, Form: form, Data: view})
}

func (s *service) newPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	in, view := inputOf(values, resourceInput{}), newWriteView(teamPath+"/nouvelle", "", values)
	var faults fault.Fields
	if values.Get("faire") == "apercu" {
		if err := s.preview(r.Context(), in, &faults, &view); err != nil {
			return err
		}
		return s.renderWrite(w, r, statusOf(faults), "Nouvelle ressource", view, web.Form{Values: values, Faults: faults})
	}
	made, err := s.draft(r.Context(), in, &faults, values.Get(web.KeyField), []byte(values.Encode()))
	if f := fault.As(err); f != nil && (f.Kind == fault.Invalid || f.Kind == fault.Conflict) {
		if len(faults) == 0 {
			faults.Add("", f.Detail)
			values.Set(web.KeyField, s.newID("form"))
		}
		return s.renderWrite(w, r, http.StatusUnprocessableEntity, "Nouvelle ressource", view, web.Form{Values: values, Faults: faults})
	}
	return seeOther(w, r, donePath(made.Slug, "creee"), err)
}

func statusOf(faults fault.Fields) int {
	if len(faults) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

func seeOther(w http.ResponseWriter, r *http.Request, path string, err error) error {
	if err != nil {
		return err
	}
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // a path of ours
	return nil
}

// donePath leads to the page of a resource, and says there what was done.
func donePath(slug, done string) string {
	return teamPath + "/" + path.Base(slug) + "?fait=" + done
}

// preview shows what readers would see of a resource that is not kept yet.
func (s *service) preview(ctx context.Context, in resourceInput, faults *fault.Fields, view *writeView) error {
	in.check(faults)
	recording, err := s.checkLinks(ctx, in, faults)
	if err != nil || len(*faults) > 0 {
		return err
	}
	item := resourceItem{Slug: or(in.Slug, "apercu")}
	item.take(in, recording)
	shown, err := item.shown()
	view.Preview = &bookView{resourceView: viewResource(shown)}
	return err
}

func (s *service) editPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	values := formOf(item.input())
	values.Set("revision", strconv.Itoa(item.Revision))
	view := newWriteView(teamPath+"/"+item.Slug+"/modifier", item.Slug, values)
	return s.renderWrite(w, r, http.StatusOK, "Modifier : "+item.Title, view, web.Form{Values: values})
}

func (s *service) editPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	in, view := inputOf(values, item.input()), newWriteView(teamPath+"/"+item.Slug+"/modifier", item.Slug, values)
	var faults fault.Fields
	title := "Modifier : " + item.Title
	if values.Get("faire") == "apercu" {
		if err := s.preview(r.Context(), in, &faults, &view); err != nil {
			return err
		}
		return s.renderWrite(w, r, statusOf(faults), title, view, web.Form{Values: values, Faults: faults})
	}
	revision, _ := strconv.Atoi(values.Get("revision")) // 0, which none has, is stale
	_, err = s.change(r.Context(), item.Slug, changeTo(in), etag(revision), &faults)
	if f := fault.As(err); f != nil && (f.Kind == fault.Invalid || f.Kind == fault.Stale) {
		found := fault.Fields(f.Fields)
		status := http.StatusUnprocessableEntity
		if f.Kind == fault.Stale {
			// What the other wrote stands beside what was typed; sent again, this replaces it.
			found = append(fault.Fields{{Message: f.Detail}}, found...)
			values.Set("revision", strconv.Itoa(item.Revision))
			status = http.StatusPreconditionFailed
		}
		return s.renderWrite(w, r, status, title, view, web.Form{Values: values, Faults: found})
	}
	return seeOther(w, r, donePath(item.Slug, "modifiee"), err)
}

// changeTo changes everything to what a form says.
func changeTo(in resourceInput) resourceChange {
	recording := in.Audio
	if recording == nil {
		recording = &audioInput{}
	}
	return resourceChange{
		Kind: &in.Kind, Title: &in.Title, Summary: &in.Summary, Body: &in.Body, Authors: &in.Authors, PublishedOn: &in.PublishedOn,
		Language: &in.Language, Fundamentals: &in.Fundamentals, Dimensions: &in.Dimensions, Series: &in.Series, Cohort: &in.Cohort,
		Sessions: &in.Sessions, URL: &in.URL, Audio: recording, Episode: &in.Episode, Licence: &in.Licence,
	}
}

type draftView struct {
	bookView
	Body       template.HTML
	StateLabel string
	Versions   []version
	Labels     map[string]string
	Done       string // what was just done, as the address has it
}

// sureField is the box by which a person says that they mean to withdraw.
const sureField = "sure"

var actionLabels = map[string]string{"created": "Écrite", "changed": "Modifiée", published: "Publiée", withdrawn: "Retirée"}

func (s *service) draftPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderDraft(w, r, http.StatusOK, nil)
}

func (s *service) renderDraft(w http.ResponseWriter, r *http.Request, status int, faults fault.Fields) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	shown, err := item.shown()
	if err != nil {
		return err
	}
	versions, err := s.versions(r.Context(), item.Slug, deskQuery{Limit: defaultLimit})
	if err != nil {
		return err
	}
	web.AllowStorage(w.Header(), s.bucket.Origin())
	view := draftView{bookView: bookView{resourceView: viewResource(shown)}, StateLabel: stateLabels[item.State], Versions: versions.Items, Labels: actionLabels, Done: r.URL.Query().Get("fait")}
	return s.pages.Render(w, r, status, "draft", web.Page{Title: item.Title, Private: true, Form: web.Form{Faults: faults}, Data: view})
}

func (s *service) publishPosted(w http.ResponseWriter, r *http.Request) error {
	_, err := s.publish(r.Context(), r.PathValue("slug"), "")
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		var faults fault.Fields
		for _, field := range f.Fields {
			faults.Add("", field.Message)
		}
		return s.renderDraft(w, r, http.StatusUnprocessableEntity, faults)
	}
	return seeOther(w, r, donePath(r.PathValue("slug"), "publiee"), err)
}

func (s *service) withdrawPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	if values.Get(sureField) != "true" {
		return s.renderDraft(w, r, http.StatusUnprocessableEntity, fault.Fields{{Location: sureField, Message: "Cochez la case pour confirmer. Rien n’a changé."}})
	}
	_, err = s.withdraw(r.Context(), r.PathValue("slug"), "")
	return seeOther(w, r, donePath(r.PathValue("slug"), "retiree"), err)
}
