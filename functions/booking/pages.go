package booking

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// pageRoutes are the French pages, each served by the same actions as the API.
var pageRoutes = []function.Route[service]{
	page(http.MethodGet, "/agenda", function.Public, "Sessions of a month, or to come", (*service).agendaPage),
	page(http.MethodGet, "/agenda/{id}", function.Public, "A session, and the form to book", (*service).sessionPage),
	page(http.MethodPost, "/agenda/{id}", function.Public, "Book a seat, or wait for one", (*service).bookPosted),
	page(http.MethodGet, "/reservations/{id}", function.Link, "A booking, for who holds it", (*service).bookingPage),
	page(http.MethodPost, "/reservations/{id}/annuler", function.Link, "Give a booking up", (*service).cancelPosted),
	page(http.MethodPost, "/reservations/{id}/avis", function.Link, "Say what a session gave", (*service).feedbackPosted),
}

func page(method, path string, access function.Access, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: access, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

var kindLabels = []web.Option{
	{Value: string(Permanence), Label: "Permanence"},
	{Value: string(Initiation), Label: "Session d’initiation"},
	{Value: string(Workshop), Label: "Chantier"},
	{Value: string(Community), Label: "Communauté apprenante"},
	{Value: string(Assembly), Label: "Assemblée des allié·es"},
	{Value: string(GeneralAssembly), Label: "Assemblée générale"},
}

var modeLabels = map[Mode]string{Online: "En ligne", Onsite: "Sur place", Hybrid: "Sur place et en ligne"}

func kindLabel(kind Kind) string {
	return web.LabelOf(kindLabels, string(kind))
}

// sessionView is a session with the words that its page shows.
type sessionView struct {
	session
	KindLabel, ModeLabel string
}

func viewSession(s session) sessionView { return sessionView{s, kindLabel(s.Kind), modeLabels[s.Mode]} }

type agendaView struct {
	Days           []dayView
	Kinds          []web.Option
	Month          string // of the month shown, empty for all to come
	Previous, Next string // addresses of the months beside
	More           string // address of the next page
	Narrowed       bool
	WeekDays       []string
	Weeks          [][]monthDay // of the month, when all of it is on this page
}

type dayView struct {
	Day      time.Time
	Sessions []sessionView
}

// agendaPage shows the sessions to come, or those of one month.
func (s *service) agendaPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	view := agendaView{Kinds: kindLabels, Narrowed: values.Get("kind")+values.Get("series")+values.Get("cohort")+values.Get("mois") != ""}
	month, asked := view.turnTo(values, s.now())
	query, err := s.readAgendaQuery(values)
	if asked && values.Get("limit") == "" {
		query.Limit = maxLimit // a month is shown whole
	}
	if err == nil && !asked && values.Get("mois") != "" {
		err = faultOf("mois", "Ce mois n’existe pas : choisissez-en un avec les liens ci-dessous.")
	}
	form := web.Form{Values: values}
	status := http.StatusOK
	var items []sessionItem
	var next string
	if err == nil {
		items, next, err = s.agenda(r.Context(), query)
	}
	if faults, wrong := web.SearchFaults(err, []string{"kind"}); wrong {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	for _, item := range items {
		shown, err := s.counted(r.Context(), item, false)
		if err != nil {
			return err
		}
		view.add(viewSession(shown))
	}
	if asked && query.Cursor == "" && next == "" && len(items) > 0 {
		view.WeekDays, view.Weeks = weekDays, weeksOf(month, view.Days, s.now())
	}
	if next != "" {
		values.Set("cursor", next)
		view.More = "/agenda?" + values.Encode()
	}
	return s.pages.Render(w, r, status, "agenda", web.Page{
		Title: "Agenda", Description: "Permanences, initiations, chantiers, communautés apprenantes et assemblées de l’alliance.",
		Canonical: "/agenda", Form: form, Data: view,
	})
}

// turnTo narrows what is asked for to the month that the address names, if it
// names one, and links the months beside.
func (v *agendaView) turnTo(values url.Values, now time.Time) (month time.Time, asked bool) {
	month, err := time.ParseInLocation("2006-01", values.Get("mois"), french.Paris())
	if err != nil {
		v.Next = monthPath(values, now.In(french.Paris()))
		return month, false
	}
	values.Set("from", month.Format(time.DateOnly))
	values.Set("to", month.AddDate(0, 1, -1).Format(time.DateOnly))
	v.Month = french.Month(month)
	v.Previous, v.Next = monthPath(values, month.AddDate(0, -1, 0)), monthPath(values, month.AddDate(0, 1, 0))
	return month, true
}

func (v *agendaView) add(shown sessionView) {
	day := shown.StartsAt.In(french.Paris())
	if last := len(v.Days) - 1; last >= 0 && french.Date(v.Days[last].Day) == french.Date(day) {
		v.Days[last].Sessions = append(v.Days[last].Sessions, shown)
		return
	}
	v.Days = append(v.Days, dayView{day, []sessionView{shown}})
}

func monthPath(values url.Values, month time.Time) string {
	query := url.Values{"mois": {month.Format("2006-01")}}
	for _, name := range []string{"kind", "series", "cohort"} {
		if value := values.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	return "/agenda?" + query.Encode()
}

type bookView struct {
	sessionView
	Roles     []web.Option
	Territory placefield.Input // of who books: Place is the session's
	Linked    template.JS      // schema.org description
	Missed    bool             // it did not take place, as was found once it was over
}

var roleLabels = []web.Option{
	{Value: "elected", Label: "Élu·e"},
	{Value: "officer", Label: "Agent·e d’une collectivité"},
	{Value: "state", Label: "Service de l’État"},
	{Value: "socioeconomic", Label: "Acteur ou actrice socio-économique"},
}

func (s *service) sessionPage(w http.ResponseWriter, r *http.Request) error {
	values := url.Values{web.KeyField: {s.newID("form")}}
	return s.renderSession(w, r, http.StatusOK, web.Form{Values: values})
}

func (s *service) renderSession(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	shown, err := s.counted(r.Context(), item, true)
	if err != nil {
		return err
	}
	linked, err := s.linkedData(shown)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "session", web.Page{
		Title: shown.Title, Description: french.Period(shown.StartsAt, shown.EndsAt), Form: form,
		Data: bookView{viewSession(shown), roleLabels, placefield.Ask(form, "territory", "Son nom, ou son code officiel."), linked, item.Missed},
	})
}

// linkedData describes a session to search engines (https://schema.org/Event).
func (s *service) linkedData(shown session) (template.JS, error) {
	const vocabulary = "https://schema.org/"
	modes := map[Mode]string{Online: "OnlineEventAttendanceMode", Onsite: "OfflineEventAttendanceMode", Hybrid: "MixedEventAttendanceMode"}
	state := "EventScheduled"
	if shown.Status == cancelled {
		state = "EventCancelled"
	}
	address := s.origin + "/agenda/" + shown.ID
	var location any = map[string]string{"@type": "VirtualLocation", "url": address}
	if shown.Place != "" {
		location = map[string]string{"@type": "Place", "name": shown.Place, "address": shown.Place}
	}
	text, err := json.Marshal(map[string]any{
		"@context": "https://schema.org", "@type": "Event", "name": shown.Title, "description": shown.Description,
		"startDate": shown.StartsAt.In(french.Paris()).Format(time.RFC3339), "endDate": shown.EndsAt.In(french.Paris()).Format(time.RFC3339),
		"eventAttendanceMode": vocabulary + modes[shown.Mode], "eventStatus": vocabulary + state, "location": location, "url": address,
		"maximumAttendeeCapacity": shown.Capacity, "remainingAttendeeCapacity": shown.SeatsLeft, "isAccessibleForFree": true, "inLanguage": "fr",
		"organizer": map[string]string{"@type": "Organization", "name": "La Fabrique des transitions", "url": s.origin},
	})
	return template.JS(text), err //nolint:gosec // made by json.Marshal, which escapes < > and &
}

func (s *service) bookPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	in := bookingFromForm(values, &faults)
	if values.Get(web.TrapField) != "" {
		faults.Add("", "Un champ caché a été rempli, sans doute automatiquement : nous l’avons vidé. Relisez vos réponses, puis renvoyez-les.")
	}
	in.check(&faults)
	if len(faults) == 0 {
		asked, err := json.Marshal(in)
		if err != nil {
			return err
		}
		answer, err := s.bookSession(r.Context(), r.PathValue("id"), in, values.Get(web.KeyField), asked)
		if shown, ok := web.FormFaults(err); ok {
			faults = shown
			values.Set(web.KeyField, s.newID("form"))
		} else if err != nil {
			return err
		} else {
			http.Redirect(w, r, answer.ManageURL[len(s.origin):], http.StatusSeeOther)
			return nil
		}
	}
	return s.renderSession(w, r, http.StatusUnprocessableEntity, web.Form{Values: values, Faults: faults})
}

func bookingFromForm(values url.Values, faults *fault.Fields) bookingInput {
	return bookingInput{
		GivenName: values.Get("given_name"), FamilyName: values.Get("family_name"), Email: values.Get("email"),
		Organisation: values.Get("organisation"), Territory: placefield.Read(values, "territory", faults), QuartetRole: values.Get("quartet_role"), Needs: values.Get("needs"),
	}
}

type guestView struct {
	bookingView
	Session   sessionView
	Token     string
	Effects   []effectView
	Notes     []web.Option
	CanCancel bool
}

type effectView struct{ Name, Label string }

var effectLabels = []effectView{
	{"effects.alliance", "Je me sens faire partie d’une alliance"},
	{"effects.time_saved", "J’ai gagné du temps"},
	{"effects.belonging", "Je me sens à ma place"},
	{"effects.trust", "J’ai confiance dans la suite"},
	{"effects.amplification", "Ce que je fais en sort plus fort"},
}

var noteLabels = []web.Option{
	{Value: "1", Label: "1, pas du tout"}, {Value: "2", Label: "2"}, {Value: "3", Label: "3"}, {Value: "4", Label: "4"}, {Value: "5", Label: "5, tout à fait"},
}

func (s *service) bookingPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderBooking(w, r, http.StatusOK, r.URL.Query().Get("token"), web.Form{Values: url.Values{}})
}

func (s *service) renderBooking(w http.ResponseWriter, r *http.Request, status int, token string, form web.Form) error {
	subject, err := s.holder(r.Context(), r.PathValue("id"), token)
	if err != nil {
		return err
	}
	view, err := s.viewBooking(r.Context(), subject)
	if err != nil {
		return err
	}
	titles := map[string]string{confirmed: "Votre place est réservée", waiting: "Vous êtes sur la liste d’attente", cancelled: "Cette réservation est annulée"}
	open := slices.Contains([]string{"open", "full"}, view.Session.Status)
	return s.pages.Render(w, r, status, "booking", web.Page{Title: titles[view.Status], Private: true, Form: form,
		Data: guestView{view, viewSession(view.Session), token, effectLabels, noteLabels, open && view.Status != cancelled}})
}

func (s *service) cancelPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	subject, err := s.holder(r.Context(), r.PathValue("id"), values.Get("token"))
	if err != nil {
		return err
	}
	if err := s.giveUp(r.Context(), subject); err != nil {
		return err
	}
	http.Redirect(w, r, "/reservations/"+subject.Booking+"?token="+url.QueryEscape(values.Get("token")), http.StatusSeeOther)
	return nil
}

func (s *service) feedbackPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	subject, err := s.holder(r.Context(), r.PathValue("id"), values.Get("token"))
	if err != nil {
		return err
	}
	var faults fault.Fields
	err = s.feedBack(r.Context(), subject, feedbackFromForm(values), &faults)
	if len(faults) > 0 {
		return s.renderBooking(w, r, http.StatusUnprocessableEntity, values.Get("token"), web.Form{Values: values, Faults: faults})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/reservations/"+subject.Booking+"?token="+url.QueryEscape(values.Get("token")), http.StatusSeeOther)
	return nil
}

func feedbackFromForm(values url.Values) (in feedbackInput) {
	for name, field := range map[string]**int{
		"alliance": &in.Effects.Alliance, "time_saved": &in.Effects.TimeSaved, "belonging": &in.Effects.Belonging,
		"trust": &in.Effects.Trust, "amplification": &in.Effects.Amplification,
	} {
		if text := values.Get("effects." + name); text != "" {
			note := 0 // what is no note is refused by the check
			if len(text) == 1 {
				note = int(text[0] - '0')
			}
			*field = &note
		}
	}
	in.Comment = values.Get("comment")
	return in
}
