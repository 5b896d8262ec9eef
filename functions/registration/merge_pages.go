package registration

import (
	"context"
	"net/http"
	"net/url"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// mergeView is what the preview of a merger shows.
type mergeView struct {
	ID      string
	Kept    allyLine
	Search  []allyLine // signatures to choose from, before one is chosen
	Preview *preview
	web.List
}

// preview is a merger as people read it.
type preview struct {
	Duplicate, Merged allyLine
	Seen              string
	Told              bool // the person of the duplicate gets a mail
	SameContact       bool
}

func (s *service) mergePage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	kept, err := s.signatureOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	view := mergeView{ID: kept.ally.AllyID, Kept: viewLine(kept.line())}
	if values.Get("avec") != "" {
		m, err := s.merger(r.Context(), view.ID, values.Get("avec"))
		if err != nil {
			return err
		}
		view.Preview = &preview{
			Duplicate: viewLine(m.duplicate.line()), Merged: viewLine(m.merged.line()), Seen: m.seen(),
			Told: m.tellsDuplicate(), SameContact: !m.tellsDuplicate(),
		}
		return s.renderMerge(w, r, http.StatusOK, web.Form{Values: values}, view)
	}
	form, status := web.Form{Values: values}, http.StatusOK
	found, err := s.duplicates(r.Context(), kept, values)
	if faults, ok := web.SearchFaults(err, mergeFields); ok {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	for _, item := range found.Items {
		view.Search = append(view.Search, viewLine(item))
	}
	view.List = web.NewList(mergePath(view.ID), mergeFields, values, found.NextCursor)
	return s.renderMerge(w, r, status, form, view)
}

// mergeFields are those of the search for a duplicate.
var mergeFields = []string{"q"}

func mergePath(ally string) string { return alliesPath + "/" + url.PathEscape(ally) + "/fusion" }

// duplicates is a page of the signatures that the search finds and that could
// be merged with this one; empty before anything is searched for.
func (s *service) duplicates(ctx context.Context, kept signature, values url.Values) (alliesPage, error) {
	if values.Get("q") == "" {
		return alliesPage{}, nil
	}
	query, err := readAlliesQuery(url.Values{"q": values["q"], "cursor": values["cursor"], "kind": {kept.ally.Kind}})
	if err != nil {
		return alliesPage{}, err
	}
	query.Beside = kept.ally.AllyID
	return s.listAllies(ctx, query)
}

func (s *service) renderMerge(w http.ResponseWriter, r *http.Request, status int, form web.Form, view mergeView) error {
	return s.pages.Render(w, r, status, "team_merge", web.Page{Title: "Fusionner un doublon", Private: true, Form: form, Data: view})
}

func (s *service) mergePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	kept, duplicate := r.PathValue("id"), values.Get("avec")
	err = s.merge(r.Context(), kept, duplicate, values.Get("vu"))
	if fault.Is(err, errUnknownAlly.Code) || fault.Is(err, errMoved.Code) { // by the same form, sent twice?
		into, readErr := s.mergedInto(r.Context(), duplicate)
		if readErr != nil {
			return readErr
		}
		if into == kept {
			err = nil
		}
	}
	return done(w, r, err, "fusionnee")
}
