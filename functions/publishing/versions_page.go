package publishing

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// versionView is a resource as it was, and what is another by now.
type versionView struct {
	bookView
	Line          versionLine
	StateLabel    string
	Current       bool // it is still so
	Changed       []changedField
	Before, After int // the versions beside it; 0 for none
}

// changedField is a field of the form, and what became of it.
type changedField struct{ Label, Now string }

var errNoVersion = fault.New(fault.NotFound, "unknown-version", "Cette ressource n’a pas cette version.")

// versionOf reads what a resource was, by the number of its version as an
// address has it.
func (s *service) versionOf(ctx context.Context, slug, number string) (item versionItem, err error) {
	revision, err := strconv.Atoi(number)
	if err != nil {
		return item, errNoVersion
	}
	found, err := s.table.Get(ctx, versionKey(slug, revision), &item)
	if err == nil && !found {
		err = errNoVersion
	}
	return item, err
}

// versionPage shows the text of one version, so that it can be read, and taken
// back by way of the form.
func (s *service) versionPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	was, err := s.versionOf(r.Context(), item.Slug, r.PathValue("revision"))
	if err != nil {
		return err
	}
	shown, err := resourceItem{ID: item.ID, Slug: item.Slug, content: was.content, State: was.State, Revision: was.Revision, UpdatedAt: was.At}.shown()
	if err != nil {
		return err
	}
	names, err := s.sessions.Names(r.Context())
	if err != nil {
		return err
	}
	view := versionView{
		bookView: bookView{resourceView: viewResource(shown)}, StateLabel: stateLabels[was.State], Before: was.Revision - 1,
		Line: versionLine{version{Revision: was.Revision, At: was.At}, actionLabels[was.Action], or(names[was.Who], formerMember)},
	}
	if view.Current = was.Revision == item.Revision; !view.Current {
		view.After = was.Revision + 1
	}
	if view.Changed, err = s.changedSince(r.Context(), was, item); err != nil {
		return err
	}
	web.AllowStorage(w.Header(), s.bucket.Origin())
	return s.pages.Render(w, r, http.StatusOK, "version", web.Page{
		Title: "Version " + strconv.Itoa(was.Revision) + "\u00a0: " + was.Title, Private: true, Data: view,
	})
}

// changedSince are the fields that are not what they were, in the words of the
// form.
func (s *service) changedSince(ctx context.Context, was versionItem, now resourceItem) (changed []changedField, err error) {
	names, err := s.linkNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, field := range differences(was, now) {
		switch field.Location {
		case "series":
			field.Message = nowIs(field.Location, web.LabelOf(names.series, now.Series))
		case "cohort":
			field.Message = nowIs(field.Location, web.LabelOf(names.cohorts, now.Cohort))
		case "published_on":
			if day, err := time.ParseInLocation(time.DateOnly, now.PublishedOn, french.Paris()); err == nil {
				field.Message = nowIs(field.Location, french.Date(day))
			}
		}
		changed = append(changed, changedField{or(fieldLabels[field.Location], field.Location), field.Message})
	}
	return changed, nil
}

// takenBack is what the form shows of a resource that becomes what it was. A
// recording that stands elsewhere has no field, and stays what it is.
func takenBack(was versionItem, now resourceItem) resourceInput {
	in := resourceItem{Slug: now.Slug, content: was.content}.input()
	if in.Audio != nil && in.Audio.Media == "" {
		in.Audio = now.input().Audio
	}
	return in
}
