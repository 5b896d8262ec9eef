package publishing

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const filesPath = web.TeamRoot + "/fichiers"

var typeLabels = map[string]string{
	"application/pdf": "Document PDF", "audio/mpeg": "Enregistrement MP3", "audio/mp4": "Enregistrement M4A", "audio/ogg": "Enregistrement Ogg",
	"audio/wav": "Enregistrement WAV", "image/jpeg": "Image JPEG", "image/png": "Image PNG", "image/webp": "Image WebP",
}

// fileView is the page of a file, at each of its steps.
type fileView struct {
	Types  []web.Option
	Sent   media // announced: its form is shown; then what came of it
	Label  string
	Family string
	Size   int
}

func typeOptions() (list []web.Option) {
	for name := range mediaTypes {
		list = append(list, web.Option{Value: name, Label: typeLabels[name]})
	}
	slices.SortFunc(list, func(a, b web.Option) int { return strings.Compare(a.Label, b.Label) })
	return list
}

func (s *service) filesPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderFile(w, r, http.StatusOK, "Envoyer un fichier", fileView{Types: typeOptions()}, web.Form{Values: url.Values{}})
}

func (s *service) renderFile(w http.ResponseWriter, r *http.Request, status int, title string, view fileView, form web.Form) error {
	view.Label, view.Family, view.Size = typeLabels[view.Sent.Type], mediaTypes[view.Sent.Type].family, int(view.Sent.Bytes)
	web.AllowStorage(w.Header(), s.bucket.Origin())
	return s.pages.Render(w, r, status, "file", web.Page{Title: title, Private: true, Form: form, Data: view})
}

func (s *service) filesPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	sent, err := s.announce(r.Context(), mediaInput{values.Get("name"), values.Get("type")}, s.origin+filesPath+"/", &faults)
	if len(faults) > 0 {
		return s.renderFile(w, r, http.StatusUnprocessableEntity, "Envoyer un fichier", fileView{Types: typeOptions()}, web.Form{Values: values, Faults: faults})
	}
	if err != nil {
		return err
	}
	return s.renderFile(w, r, http.StatusOK, "Choisir le fichier", fileView{Sent: sent}, web.Form{Values: values})
}

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
	return s.renderFile(w, r, http.StatusOK, "Fichier "+item.Name, fileView{Sent: item.view()}, web.Form{})
}

func (s *service) filePosted(w http.ResponseWriter, r *http.Request) error {
	item, err := s.complete(r.Context(), r.PathValue("id"))
	if f := fault.As(err); f != nil && item.ID != "" {
		var faults fault.Fields
		faults.Add("", f.Detail)
		return s.renderFile(w, r, web.Status(f), "Fichier "+item.Name, fileView{Sent: item.view()}, web.Form{Faults: faults})
	}
	return seeOther(w, r, filesPath+"/"+item.ID, err)
}
