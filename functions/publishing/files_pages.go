package publishing

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const filesPath = web.TeamRoot + "/fichiers"

// fileRoutes are the pages of the files that resources lead to.
var fileRoutes = []function.Route[service]{
	page(http.MethodGet, filesPath, function.Team, "The files: search, filter, take away", (*service).filesPage),
	filesSheetRoute(spreadsheet.CSV), filesSheetRoute(spreadsheet.XLSX),
	page(http.MethodGet, filesPath+"/nouveau", function.Team, "The form to announce a file", (*service).announcePage),
	page(http.MethodPost, filesPath, function.Team, "Announce a file, and show the form that sends it", (*service).announcePosted),
	page(http.MethodGet, filesPath+"/{id}", function.Team, "A file that was sent", (*service).filePage),
	page(http.MethodPost, filesPath+"/{id}", function.Team, "Check a file that was sent", (*service).filePosted),
}

func filesSheetRoute(format spreadsheet.Format) function.Route[service] {
	return page(http.MethodGet, filesPath+"."+string(format), function.Team, "The same files as "+string(format),
		func(s *service, w http.ResponseWriter, r *http.Request) error { return s.filesSheet(w, r, format) })
}

// fileLine is a file as people read it.
type fileLine struct {
	mediaItem
	TypeLabel, StateLabel, Size, By string
	Uses                            []deskEntry
}

type filesView struct {
	Lines            []fileLine
	Families, States []web.Option
	web.List
}

// fileLines says of files what their records do not: who sent them, and which
// resources lead to them.
func (s *service) fileLines(ctx context.Context) (func(mediaItem) fileLine, error) {
	names, err := s.sessions.Names(ctx)
	if err != nil {
		return nil, err
	}
	uses, err := s.uses(ctx)
	if err != nil {
		return nil, err
	}
	return func(file mediaItem) fileLine {
		line := fileLine{mediaItem: file, TypeLabel: typeLabels[file.Type], StateLabel: fileStateLabels[file.State], By: or(names[file.Who], formerMember), Uses: uses[file.ID]}
		if file.Bytes > 0 {
			line.Size = size(file.Bytes)
		}
		return line
	}, nil
}

func (s *service) filesPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	query, err := readFilesQuery(values)
	var found filesPage
	if err == nil {
		found, err = s.files(r.Context(), query)
	}
	faults, wrong := web.SearchFaults(err, filesFields)
	if err != nil && !wrong {
		return err
	}
	line, err := s.fileLines(r.Context())
	if err != nil {
		return err
	}
	view := filesView{
		Families: optionsOf(families, familyLabels), States: optionsOf(fileStates, fileStateLabels),
		List: web.NewList(filesPath, filesFields, values, found.NextCursor),
	}
	for _, file := range found.Items {
		view.Lines = append(view.Lines, line(file))
	}
	return s.pages.Render(w, r, statusOf(faults), "files", web.Page{Title: "Fichiers", Private: true, Form: web.Form{Values: values, Faults: faults}, Data: view})
}

// filesSheet answers all the files that the list's filters keep; wrong ones are
// shown as the list does.
func (s *service) filesSheet(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	query, err := readFilesQuery(r.URL.Query())
	if _, wrong := web.SearchFaults(err, filesFields); wrong {
		return s.filesPage(w, r)
	}
	if err != nil {
		return err
	}
	line, err := s.fileLines(r.Context())
	if err != nil {
		return err
	}
	query.Limit = exported
	return spreadsheet.Sheet{
		Name: "fichiers", Header: []string{"Fichier", "Nom", "Type", "Taille en octets", "État", "Annoncé le", "Par", "Adresse", "Ressources qui y mènent"},
		Filter: map[string]string{"searched": spreadsheet.Searched(query.Text), "type": query.Family, "status": query.State},
		Rows: spreadsheet.Pages(func(cursor string) ([]mediaItem, string, error) {
			query.Cursor = cursor
			page, err := s.files(r.Context(), query)
			return page.Items, page.NextCursor, err
		}, func(file mediaItem) []any {
			l := line(file)
			var titles []string
			for _, use := range l.Uses {
				titles = append(titles, use.Title)
			}
			return []any{l.ID, l.Name, l.TypeLabel, int(l.Bytes), l.StateLabel, l.CreatedAt, l.By, l.address(s.origin), strings.Join(titles, " ; ")}
		}),
	}.Export(w, r, format, s.audit)
}

// address is where a file is served, once it was checked.
func (l fileLine) address(origin string) string {
	if l.State != ready {
		return ""
	}
	return origin + mediaURL(l.mediaItem)
}

// exported is how many lines an export reads at once.
const exported = 2000

// fileView is the page of a file, at each of its steps.
type fileView struct {
	Types   []web.Option
	Sent    media // announced: its form is shown; then what came of it
	Most    string
	Line    fileLine
	Family  string
	Journal string
}

func (s *service) announcePage(w http.ResponseWriter, r *http.Request) error {
	return s.renderFile(w, r, http.StatusOK, "Envoyer un fichier", fileView{Types: typeOptions()}, web.Form{Values: url.Values{}})
}

func (s *service) renderFile(w http.ResponseWriter, r *http.Request, status int, title string, view fileView, form web.Form) error {
	web.AllowStorage(w.Header(), s.bucket.Origin())
	return s.pages.Render(w, r, status, "file", web.Page{Title: title, Private: true, Form: form, Data: view})
}

func (s *service) announcePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	sent, err := s.announce(r.Context(), mediaInput{values.Get("name"), values.Get("type")}, s.afterSending(), &faults)
	if len(faults) > 0 {
		return s.renderFile(w, r, http.StatusUnprocessableEntity, "Envoyer un fichier", fileView{Types: typeOptions()}, web.Form{Values: values, Faults: faults})
	}
	if err != nil {
		return err
	}
	view := fileView{Sent: sent, Most: most(sent.Type), Line: fileLine{TypeLabel: typeLabels[sent.Type]}}
	return s.renderFile(w, r, http.StatusOK, "Choisir le fichier", view, web.Form{Values: values})
}

// afterSending begins the address to which the bucket sends browsers.
func (s *service) afterSending() string { return s.origin + filesPath + "/" }

// filePage is where a browser comes from the bucket: the file is checked by
// pressing a button, as a page that is only opened changes nothing.
func (s *service) filePage(w http.ResponseWriter, r *http.Request) error {
	var item mediaItem
	found, err := s.table.Get(r.Context(), mediaKey(r.PathValue("id")), &item)
	if err != nil {
		return err
	}
	if !found {
		return errNoMedia
	}
	return s.renderSent(w, r, http.StatusOK, item, nil)
}

// renderSent shows a file that was announced. While it is awaited, it may be
// sent again: the bucket refuses one that is too large in a page of its own,
// which leads nowhere.
func (s *service) renderSent(w http.ResponseWriter, r *http.Request, status int, item mediaItem, faults fault.Fields) error {
	line, err := s.fileLines(r.Context())
	if err != nil {
		return err
	}
	view := fileView{Sent: item.view(), Most: most(item.Type), Line: line(item), Family: mediaTypes[item.Type].family, Journal: journalPath(item.ID)}
	if item.State == awaited && !item.gone(s.now()) {
		form, err := s.sending(r.Context(), item, s.afterSending())
		if err != nil {
			return err
		}
		view.Sent.Form = &form
	}
	return s.renderFile(w, r, status, "Fichier "+item.Name, view, web.Form{Faults: faults})
}

// journalPath leads to what the trail says of a resource or of a file.
func journalPath(subject string) string {
	return web.TeamRoot + "/journal?" + url.Values{"subject": {subject}}.Encode()
}

func (s *service) filePosted(w http.ResponseWriter, r *http.Request) error {
	item, err := s.complete(r.Context(), r.PathValue("id"))
	if f := fault.As(err); f != nil && item.ID != "" {
		return s.renderSent(w, r, web.Status(f), item, fault.Fields{{Message: f.Detail}})
	}
	return seeOther(w, r, filesPath+"/"+item.ID, err)
}
