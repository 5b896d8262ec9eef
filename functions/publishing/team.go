package publishing

import (
	"context"
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// teamRoutes are the pages on which the team writes.
var teamRoutes = []function.Route[service]{
	page(http.MethodGet, teamPath+"/nouvelle", function.Team, "The form of a new resource", (*service).newPage),
	page(http.MethodPost, teamPath+"/nouvelle", function.Team, "Look at a new resource, or keep it as a draft", (*service).newPosted),
	page(http.MethodGet, teamPath+"/{slug}", function.Team, "A resource as readers will see it, and its versions", (*service).draftPage),
	page(http.MethodGet, teamPath+"/{slug}/versions/{revision}", function.Team, "A resource as it was, and what changed since", (*service).versionPage),
	page(http.MethodGet, teamPath+"/{slug}/modifier", function.Team, "The form of a resource", (*service).editPage),
	page(http.MethodPost, teamPath+"/{slug}/modifier", function.Team, "Look at a change, or keep it", (*service).editPosted),
	page(http.MethodPost, teamPath+"/{slug}/publier", function.Team, "Publish a resource", (*service).publishPosted),
	page(http.MethodPost, teamPath+"/{slug}/retirer", function.Team, "Withdraw a resource", (*service).withdrawPosted),
}

const teamPath = web.TeamRoot + "/ressources"

// draftView is a resource as the team sees it.
type draftView struct {
	bookView
	StateLabel string
	Versions   []versionLine
	Later      bool   // these are not the latest versions
	Next       string // address of the page with those before
	Journal    string // address of what the trail says of it
	Done       string // what was just done, as the address has it
}

// versionLine is a version as people read it.
type versionLine struct {
	version
	ActionLabel, Name string
}

// sureField is the box by which a person says that they mean to withdraw.
const sureField = "sure"

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
	values := r.URL.Query()
	view := draftView{
		bookView: bookView{resourceView: viewResource(shown)}, StateLabel: stateLabels[item.State],
		Later: values.Get("cursor") != "", Journal: journalPath(item.Slug), Done: values.Get("fait"),
	}
	view.Versions, view.Next, err = s.versionLines(r.Context(), item.Slug, values.Get("cursor"))
	if named, wrong := web.SearchFaults(err, nil); wrong {
		faults, status = append(faults, named...), http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	web.AllowStorage(w.Header(), s.bucket.Origin())
	return s.pages.Render(w, r, status, "draft", web.Page{Title: item.Title, Private: true, Form: web.Form{Faults: faults}, Data: view})
}

// versionLines are a page of what a resource was, with the names of who made
// it so, and the address of the next page.
func (s *service) versionLines(ctx context.Context, slug, cursor string) (lines []versionLine, next string, err error) {
	page, err := s.versions(ctx, slug, versionsQuery{defaultLimit, cursor})
	if err != nil {
		return nil, "", err
	}
	names, err := s.sessions.Names(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, v := range page.Items {
		lines = append(lines, versionLine{v, actionLabels[v.Action], or(names[v.By], formerMember)})
	}
	if page.NextCursor != "" {
		next = web.SearchPath(teamPath+"/"+slug, nil, nil, page.NextCursor) + "#versions"
	}
	return lines, next, nil
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
