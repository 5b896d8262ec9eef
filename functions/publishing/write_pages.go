package publishing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// writeView is what the form of a resource shows and offers.
type writeView struct {
	offered
	Action                     string
	Kinds, Licences, Languages []web.Option
	Fundamentals, Dimensions   []web.Option
	Elsewhere                  string // where a recording stands that is no file of ours
	Picked                     int    // sessions that are chosen
	Preview                    *bookView
	TakenBack                  int // the version that the form holds; 0 for what the resource is
	Slug                       string
}

// options makes the choices of numbers that have labels.
func options(labels []string) (list []web.Option) {
	for i, label := range labels {
		list = append(list, web.Option{Value: strconv.Itoa(i + 1), Label: label})
	}
	return list
}

func newWriteView(action, slug string, values url.Values, before resourceInput) writeView {
	view := writeView{
		Action: action, Slug: slug, Kinds: optionsOf(kinds, kindLabels), Fundamentals: options(fundamentalLabels), Dimensions: options(dimensionLabels),
		Licences: web.WithValue(licences, values.Get("licence")), Languages: languages, Picked: len(values["sessions"]),
	}
	if tag := values.Get("language"); web.LabelOf(languages, tag) == tag && tag != "" {
		view.Languages = append(slices.Clone(languages), web.Option{Value: tag, Label: languageName(tag)})
	}
	if before.Audio != nil && before.Audio.Media == "" {
		view.Elsewhere = before.Audio.URL
	}
	return view
}

// formOf is a resource as its form shows it: lists of names one on each line.
func formOf(in resourceInput) url.Values {
	values := url.Values{}
	for name, text := range map[string]string{
		"kind": string(in.Kind), "title": in.Title, "summary": in.Summary, "body": in.Body, "authors": strings.Join(in.Authors, "\n"),
		"published_on": in.PublishedOn, "language": in.Language, "series": in.Series, "cohort": in.Cohort, "url": in.URL, "licence": in.Licence,
	} {
		values.Set(name, text)
	}
	values["sessions"] = in.Sessions
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
		values.Set("audio.seconds", clock(in.Audio.Seconds))
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
		Series: strings.TrimSpace(values.Get("series")), Cohort: strings.TrimSpace(values.Get("cohort")), Sessions: inOrder(before.Sessions, lines(strings.Join(values["sessions"], "\n"))),
		URL: strings.TrimSpace(values.Get("url")), Episode: number(values.Get("episode")), Licence: values.Get("licence"), Audio: before.Audio,
	}
	seconds := duration(values.Get("audio.seconds"))
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

// inOrder are the sessions that are chosen, as they stood when they are the same.
func inOrder(before, chosen []string) []string {
	known := func(id string) bool { return slices.Contains(before, id) }
	if len(chosen) == len(before) && !slices.ContainsFunc(chosen, func(id string) bool { return !known(id) }) {
		return before
	}
	return chosen
}

// clock is how long a recording lasts, as players show it: "42:30", "1:02:30".
func clock(seconds int) string {
	if seconds < 3600 {
		return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

// duration reads it back, in seconds; one number alone is seconds. It is -1
// for anything else, which the check finds.
func duration(text string) (seconds int) {
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	parts := strings.Split(text, ":")
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n > maxSeconds || i > 0 && n > 59 || i > 2 {
			return -1
		}
		seconds = seconds*60 + n
	}
	return seconds
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
	return s.renderWrite(w, r, http.StatusOK, "Nouvelle ressource", newWriteView(teamPath+"/nouvelle", "", values, resourceInput{}), web.Form{Values: values})
}

// renderWrite shows the form of a resource, with what it offers.
func (s *service) renderWrite(w http.ResponseWriter, r *http.Request, status int, title string, view writeView, form web.Form) error {
	faults := form.Faults
	var err error
	if view.offered, err = s.offer(r.Context(), form.Values, &faults); err != nil {
		return err
	}
	if len(faults) > len(form.Faults) {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	}
	return s.pages.Render(w, r, status, "write", web.Page{Title: title, Private: true, Form: form, Data: view})
}

func (s *service) newPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	in, view := inputOf(values, resourceInput{}), newWriteView(teamPath+"/nouvelle", "", values, resourceInput{})
	var faults fault.Fields
	if values.Get(doField) == look {
		if err := s.preview(r.Context(), in, &faults, &view); err != nil {
			return err
		}
		return s.renderWrite(w, r, statusOf(faults), "Nouvelle ressource", view, web.Form{Values: values, Faults: faults})
	}
	made, err := s.draft(r.Context(), in, &faults, values.Get(web.KeyField), []byte(values.Encode()))
	if shown, ok := web.FormFaults(err); ok {
		values.Set(web.KeyField, s.newID("form"))
		return s.renderWrite(w, r, http.StatusUnprocessableEntity, "Nouvelle ressource", view, web.Form{Values: values, Faults: shown})
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

// editPage shows the form of a resource, with what it is, or with what one of
// its versions was.
func (s *service) editPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	in, taken := item.input(), 0
	if number := r.URL.Query().Get("version"); number != "" {
		was, err := s.versionOf(r.Context(), item.Slug, number)
		if err != nil {
			return err
		}
		in, taken = takenBack(was, item), was.Revision
	}
	values := formOf(in)
	values.Set("revision", strconv.Itoa(item.Revision))
	view := newWriteView(teamPath+"/"+item.Slug+"/modifier", item.Slug, values, item.input())
	view.TakenBack = taken
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
	in, view := inputOf(values, item.input()), newWriteView(teamPath+"/"+item.Slug+"/modifier", item.Slug, values, item.input())
	var faults fault.Fields
	title := "Modifier : " + item.Title
	if values.Get(doField) == look {
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
			found = append(fault.Fields{{Message: f.Detail}}, onForm(found)...)
			values.Set("revision", strconv.Itoa(item.Revision))
			status = http.StatusPreconditionFailed
		}
		return s.renderWrite(w, r, status, title, view, web.Form{Values: values, Faults: found})
	}
	return seeOther(w, r, donePath(item.Slug, "modifiee"), err)
}

// onForm are faults at the fields of the form: what it has no field for stands
// in the summary alone.
func onForm(found fault.Fields) fault.Fields {
	moved := slices.Clone(found)
	for i := range moved {
		switch moved[i].Location {
		case "audio":
			moved[i].Location = "audio.media"
		case "status":
			moved[i] = fault.Field{Message: "L’état a changé. " + moved[i].Message}
		}
	}
	return moved
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
