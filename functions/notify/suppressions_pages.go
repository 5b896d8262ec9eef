package notify

import (
	"context"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// suppressionsView is what the list of who is not written to shows.
type suppressionsView struct {
	web.List
	Items   []suppressionLine
	Reasons []web.Option
	Lifted  bool
}

type suppressionLine struct {
	suppressionEntry
	Why     string
	Since   time.Time
	Whom    whom
	Subject subject // of the latest mail to them
}

// suppressionsFields are those of the search.
var suppressionsFields = []string{"q", "person", "reason", "from", "until"}

// readSuppressionsSearch reads the search of the page, where a person may be
// named by their address.
func (s *service) readSuppressionsSearch(r *http.Request, faults *fault.Fields) (query suppressionsSearch, err error) {
	values := r.URL.Query()
	query = readSuppressionsQuery(values, faults)
	if address := values.Get("q"); address != "" {
		query.Person, err = s.person(r.Context(), address, faults)
	}
	return query, err
}

func (s *service) suppressionsPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	var faults fault.Fields
	query, err := s.readSuppressionsSearch(r, &faults)
	if err != nil {
		return err
	}
	found, status, err := suppressionsAnswer{}, http.StatusOK, faults.Err()
	if err == nil {
		found, err = s.suppressions(r.Context(), query)
	}
	if named, wrong := web.SearchFaults(err, suppressionsFields); wrong {
		faults, status = named, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view := suppressionsView{List: viewList(suspendedPath, suppressionsFields, values, found.NextCursor), Reasons: reasonLabels, Lifted: values.Has("leve")}
	if view.Items, err = s.viewSuppressions(r.Context(), found.Items); err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "suppressions", web.Page{
		Title: suspendedTitle, Private: true, Form: web.Form{Values: values, Faults: faults}, Data: view,
	})
}

// viewSuppressions say who is not written to, as far as that is known, and what
// they were last written about.
func (s *service) viewSuppressions(ctx context.Context, entries []suppressionEntry) (lines []suppressionLine, err error) {
	var people []string
	for _, one := range entries {
		people = append(people, one.Person)
	}
	names, err := s.knownAs(ctx, people)
	if err != nil {
		return nil, err
	}
	subjects, err := s.lastSubjects(ctx, people)
	if err != nil {
		return nil, err
	}
	for _, one := range entries {
		lines = append(lines, suppressionLine{one, web.LabelOf(reasonLabels, one.Reason), at(one.SuppressedAt), names[one.Person], subjects[one.Person]})
	}
	return lines, nil
}

// liftPosted writes to a person again, and leads back to where that was asked.
func (s *service) liftPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	if _, err := s.lift(r.Context(), r.PathValue("person")); err != nil {
		return err
	}
	back := suspendedPath + "?leve"
	if asked := values.Get("retour"); asked != "" {
		back = web.TeamPath(asked)
	}
	http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // a path of the team's pages
	return nil
}
