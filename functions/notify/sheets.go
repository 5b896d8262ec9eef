package notify

import (
	"context"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// mailsFile answers the list of mails as a file; what cannot be read of the
// search, and what takes long, is said on a page.
func mailsFile(format spreadsheet.Format) func(*service, http.ResponseWriter, *http.Request) error {
	return func(s *service, w http.ResponseWriter, r *http.Request) error {
		var faults fault.Fields
		query, err := s.readMailsSearch(r, &faults)
		switch {
		case err != nil:
			return err
		case len(faults) > 0:
			return s.mailsPage(w, r)
		case web.IsAwaited(r.URL.Query()):
			return web.Await(w, r, mailsPath, mailsFields, string(format))
		}
		return s.mailsSheet(r.Context(), query).Export(w, r, format, s.audit)
	}
}

// suppressionsFile is mailsFile of who is not written to.
func suppressionsFile(format spreadsheet.Format) func(*service, http.ResponseWriter, *http.Request) error {
	return func(s *service, w http.ResponseWriter, r *http.Request) error {
		var faults fault.Fields
		query, err := s.readSuppressionsSearch(r, &faults)
		switch {
		case err != nil:
			return err
		case len(faults) > 0:
			return s.suppressionsPage(w, r)
		case web.IsAwaited(r.URL.Query()):
			return web.Await(w, r, suspendedPath, suppressionsFields, string(format))
		}
		return s.suppressionsSheet(r.Context(), query).Export(w, r, format, s.audit)
	}
}

// mailsSheet is all that the search keeps. Its filter says in the trail that a
// person was searched for, not whom.
func (s *service) mailsSheet(ctx context.Context, query mailsSearch) spreadsheet.Sheet {
	query.Limit, query.Cursor = exported, ""
	return spreadsheet.Sheet{
		Name: "courriels", Header: []string{"Numéro", "Demandé", "Pourquoi", "Ce qui l’a causé", "État", "Terminé", "Essais", "Raison de l’échec", "Personne (empreinte)"},
		Filter: map[string]string{"state": web.LabelOf(stateLabels, query.State), "cause": causes[query.Template].Label, "from": query.From, "until": query.Until, "searched": spreadsheet.Searched(query.Person)},
		Rows: spreadsheet.Pages(func(cursor string) ([]mailEntry, string, error) {
			query.Cursor = cursor
			page, err := s.mails(ctx, query)
			return page.Items, page.NextCursor, err
		}, func(e mailEntry) []any {
			of := causeOf(e.Template)
			return []any{e.ID, at(e.AskedAt), of.Label, of.Why, web.LabelOf(stateLabels, e.State), at(e.EndedAt), e.Attempts, e.Reason, e.Person}
		}),
	}
}

// suppressionsSheet is all that the search keeps.
func (s *service) suppressionsSheet(ctx context.Context, query suppressionsSearch) spreadsheet.Sheet {
	query.Limit, query.Cursor = exported, ""
	return spreadsheet.Sheet{
		Name: "envois-suspendus", Header: []string{"Depuis", "Pourquoi", "Personne (empreinte)"},
		Filter: map[string]string{"cause": web.LabelOf(reasonLabels, query.Reason), "from": query.From, "until": query.Until, "searched": spreadsheet.Searched(query.Person)},
		Rows: spreadsheet.Pages(func(cursor string) ([]suppressionEntry, string, error) {
			query.Cursor = cursor
			page, err := s.suppressions(ctx, query)
			return page.Items, page.NextCursor, err
		}, func(e suppressionEntry) []any {
			return []any{at(e.SuppressedAt), web.LabelOf(reasonLabels, e.Reason), e.Person}
		}),
	}
}

// at is an instant that we have written, zero for none.
func at(text string) time.Time {
	t, _ := time.Parse(instant, text)
	return t
}
