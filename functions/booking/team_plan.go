package booking

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// The choices of the form of a session, in the words of domain.md.
var (
	modeOptions = []web.Option{
		{Value: string(Online), Label: "En ligne"}, {Value: string(Onsite), Label: "Sur place"}, {Value: string(Hybrid), Label: "Sur place et en ligne"},
	}
	fundamentalOptions = []web.Option{
		{Value: "1", Label: "1. S’engager ici et maintenant"}, {Value: "2", Label: "2. Coopérer et tenir le cap"},
		{Value: "3", Label: "3. Agir de façon systémique et élargir"}, {Value: "4", Label: "4. Évaluer la valeur créée"},
	}
	dimensionOptions = []web.Option{
		{Value: "1", Label: "1. La trajectoire"}, {Value: "2", Label: "2. La communication sincère"}, {Value: "3", Label: "3. Les récits alternatifs"},
		{Value: "4", Label: "4. Raconter la coopération"}, {Value: "5", Label: "5. Évaluer la valeur"},
	}
)

// pastField is the box of a session that is over and was never announced: the
// form offers it once a day that has passed is typed.
const pastField = "past"

// sessionFromForm reads a session as the team typed it, at the wall clock of
// Paris. It notes what the rules of the API would name in words of programs.
func sessionFromForm(values url.Values, faults *fault.Fields) sessionInput {
	in := sessionInput{
		Kind: Kind(values.Get("kind")), Title: values.Get("title"), Mode: Mode(values.Get("mode")),
		Description: strings.ReplaceAll(values.Get("description"), "\r\n", "\n"), // as it is stored
		Place:       values.Get("place"), JoinURL: strings.TrimSpace(values.Get("join_url")),
		Series: values.Get("series"), Cohort: strings.TrimSpace(values.Get("cohort")),
	}
	if in.Kind == "" {
		faults.Add("kind", "Choisissez une sorte de rencontre.")
	}
	if in.Mode == "" {
		faults.Add("mode", "Choisissez comment on y prend part.")
	}
	day := readFormDay(faults, "day", values.Get("day"))
	last := day
	if values.Get("last_day") != "" {
		last = readFormDay(faults, "last_day", values.Get("last_day"))
	}
	in.StartsAt = readClock(faults, "starts_at", day, values.Get("starts_at"))
	in.EndsAt = readClock(faults, "ends_at", last, values.Get("ends_at"))
	in.Capacity, _ = strconv.Atoi(strings.TrimSpace(values.Get("capacity"))) // what is no number is refused as 0
	in.past = values.Get(pastField) == "true"
	in.Fundamentals, in.Dimensions = numbers(values["fundamentals"]), numbers(values["narrative_dimensions"])
	return in
}

// someDay stands for a day that was not given: it breaks no other rule, so
// that the hours are checked all the same.
var someDay = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

func readFormDay(faults *fault.Fields, name, text string) time.Time {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		faults.Add(name, "Indiquez le jour, comme 2026-02-03.")
		return someDay
	}
	return day
}

// readClock reads an hour of a day in Paris.
func readClock(faults *fault.Fields, name string, day time.Time, text string) moment {
	at, err := time.ParseInLocation("2006-01-02 15:04", day.Format(time.DateOnly)+" "+text, french.Paris())
	if err != nil {
		faults.Add(name, "Indiquez l’heure, comme 12:30.")
		return moment{}
	}
	return moment{at.UTC()}
}

// numbers reads the boxes that were ticked; what is no number is refused as 0.
func numbers(texts []string) (all []int) {
	for _, text := range texts {
		n, _ := strconv.Atoi(text)
		all = append(all, n)
	}
	return all
}

// formOf is a session as its form shows it.
func formOf(in sessionInput) url.Values {
	starts, ends := in.StartsAt.In(french.Paris()), in.EndsAt.In(french.Paris())
	values := url.Values{
		"kind": {string(in.Kind)}, "title": {in.Title}, "description": {in.Description}, "mode": {string(in.Mode)}, "place": {in.Place},
		"join_url": {in.JoinURL}, "series": {in.Series}, "cohort": {in.Cohort}, "capacity": {strconv.Itoa(in.Capacity)},
		"day": {starts.Format(time.DateOnly)}, "starts_at": {starts.Format("15:04")}, "ends_at": {ends.Format("15:04")},
	}
	if last := ends.Format(time.DateOnly); last != values.Get("day") {
		values.Set("last_day", last)
	}
	for _, n := range in.Fundamentals {
		values.Add("fundamentals", strconv.Itoa(n))
	}
	for _, n := range in.Dimensions {
		values.Add("narrative_dimensions", strconv.Itoa(n))
	}
	return values
}

type planView struct {
	ID                                                      string      // of the session that is changed, empty for a new one
	From                                                    sessionView // that was copied
	Long                                                    bool        // it took several days
	Kinds, Modes, Series, Cohorts, Fundamentals, Dimensions []web.Option
	Reached                                                 int  // people who would be told of a change
	Warn                                                    bool // they would be: say so before
	Waiting                                                 int
	Past                                                    bool // its day has passed: offer to note it all the same
}

func (s *service) planPage(w http.ResponseWriter, r *http.Request) error {
	values, view := url.Values{"capacity": {"20"}}, planView{}
	if id := r.URL.Query().Get("copie"); id != "" {
		item, err := s.session(r.Context(), id)
		if err != nil {
			return err
		}
		values, view.From = formOf(item.input()), viewSession(item.shown(0, 0, s.now()))
		view.Long = values.Get("last_day") != ""
		values.Del("day") // the one thing that must be another
		values.Del("last_day")
	}
	values.Set(web.KeyField, s.newID("form"))
	return s.renderPlan(w, r, http.StatusOK, web.Form{Values: values}, view)
}

// renderPlan shows the form of a session, new or not.
func (s *service) renderPlan(w http.ResponseWriter, r *http.Request, status int, form web.Form, view planView) error {
	view.Kinds, view.Modes, view.Fundamentals, view.Dimensions = kindLabels, modeOptions, fundamentalOptions, dimensionOptions
	offered, err := s.groups(r.Context())
	if err != nil {
		return err
	}
	view.Series, view.Cohorts = web.WithValue(offered.Series, form.Values.Get("series")), web.WithValue(offered.Cohorts, form.Values.Get("cohort"))
	title := "Créer une rencontre"
	if view.ID != "" {
		title = "Modifier la rencontre"
	}
	return s.pages.Render(w, r, status, "team_plan", web.Page{Title: title, Form: form, Data: view})
}

func (s *service) planPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	in := sessionFromForm(values, &faults)
	if err := s.checkCohort(r.Context(), in.Cohort, &faults); err != nil {
		return err
	}
	var made session
	if err = s.checkNew(r.Context(), &in, &faults); err == nil {
		asked, jsonErr := json.Marshal(in)
		if jsonErr != nil {
			return jsonErr
		}
		made, err = s.plan(r.Context(), in, values.Get(web.KeyField), asked)
	}
	if shown, ok := web.FormFaults(err); ok {
		values.Set(web.KeyField, s.newID("form"))
		if !in.past {
			adviseWhen(in, s.now(), shown)
		}
		offered := in.past || !in.StartsAt.IsZero() && in.StartsAt.Before(s.now()) && !in.EndsAt.After(s.now())
		return s.renderPlan(w, r, web.Status(fault.As(err)), web.Form{Values: values, Faults: shown}, planView{Past: offered})
	}
	if err != nil {
		return err
	}
	if in.past {
		return done(w, r, teamAgenda+"/"+made.ID, "enregistree")
	}
	return done(w, r, teamAgenda+"/"+made.ID, "creee")
}

// adviseWhen says of a day that has passed what programs are not told: the form
// takes it all the same, once a box is ticked and the session is over.
func adviseWhen(in sessionInput, now time.Time, faults fault.Fields) {
	for i, f := range faults {
		switch {
		case f.Location != "starts_at" || in.StartsAt.IsZero():
		case in.EndsAt.After(now):
			faults[i].Message = stillOn
		default:
			faults[i].Message = "Cette date est passée\u00a0: choisissez un jour à venir ou, si la rencontre a déjà eu lieu, cochez la case qui le dit, un peu plus bas."
		}
	}
}

// faultOf is the fault of one field.
func faultOf(location, message string) error {
	var faults fault.Fields
	faults.Add(location, message)
	return faults.Err()
}
