package booking

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// correction is what the page of attendance knows besides who came: it shows
// what was noted before, and asks only for what is to be corrected.
type correction struct {
	of   string // the fact that the page showed, empty when there was none yet
	key  string // of the form: sent twice, it is carried out once
	said string // digest of what it says: changed and sent again, it corrects
	kept []int  // those who came without a booking and stay, by their place in the list
}

func (c *correction) form() (key, said string) {
	if c == nil {
		return "", ""
	}
	return c.key, c.said
}

// nobody tells that a page says of no one at all that they came.
func (in attendanceInput) nobody() bool {
	return len(in.Attended)+len(in.WalkIns)+len(in.page.kept) == 0
}

// staying are those of an earlier fact who are counted still.
type staying struct {
	others []other // came without a booking, and are not corrected
	gone   []other // their booking is no more
	booked int     // how many had booked, those who are gone among them

	came, walkIns int // how many were noted, with a booking and without
}

// correct returns those who stay noted. again tells that this very form was
// carried out before, saying the same. It returns "changed-meanwhile" when the
// page showed something older; but the form that noted everything so far may
// be changed and sent again, as the button "Back" of a browser lets one do: it
// says everything anew.
func (s *service) correct(ctx context.Context, item sessionItem, records []bookingItem, c *correction) (stay staying, again bool, err error) {
	if c == nil && item.HeldFact == "" {
		return stay, false, nil
	}
	var noted othersItem
	if _, err := s.table.Get(ctx, othersKey(item.ID), &noted); err != nil {
		return stay, false, err
	}
	persons := make([]string, len(records))
	for i, record := range records {
		persons[i] = personIn(record.PK)
	}
	stay.booked, stay.came, stay.walkIns = noted.Booked, len(noted.Came), len(noted.People)
	if stay.gone, err = s.gone(ctx, noted.Came, persons); err != nil || c == nil {
		return stay, false, err
	}
	mine := c.key != "" && noted.Form == c.key
	if mine && noted.Said == c.said {
		return stay, true, nil
	}
	if mine && c.of == "" {
		return stay, false, nil
	}
	if c.of != item.HeldFact {
		return stay, false, errChanged
	}
	for i, one := range noted.People {
		if slices.Contains(c.kept, i) {
			stay.others = append(stay.others, one)
		}
	}
	return stay, false, nil
}

// The names of the fields of the page of attendance.
const (
	cameField   = "came"
	keptField   = "kept"
	ofField     = "of"
	shownField  = "shown" // the bookings that were noted when the page was shown
	linesField  = "lines"
	othersField = "others"   // how many more came, of whom nothing is known
	moreField   = "more"     // the button that asks for more lines
	nobodyField = "personne" // the button that confirms that nobody came
)

// The lines for people without a booking: how many one press adds, and how
// many a form may have.
const (
	linesMore = 3
	maxLines  = 60
)

type attendanceView struct {
	sessionView
	Booked, Others []presence // who has a seat; who waited or had cancelled, and came perhaps
	Kept           []keptView
	Gone           int // whose booking is no more, and who are counted still
	Lines          []lineView
	Roles          []web.Option
	MoreLines      bool
	Corrects       bool
	Nobody         bool     // is said to have come: ask whether it is so
	Shown          []string // the bookings that are noted, as the form keeps them
}

// lineView are the fields of someone without a booking.
type lineView struct {
	Name  string // of the group
	Place placefield.Input
}

// presence is someone who may have come.
type presence struct {
	listedBooking
	Came   bool
	Theirs bool // was noted otherwise than the form had shown, meanwhile
	Mine   bool // was ticked or unticked in a form that was out of date
}

// keptView is someone noted before who had not booked.
type keptView struct {
	Index, Number   int
	Territory, Role string
	Stays           bool
	Known           bool // by their address, as a pseudonym
}

// attendancePage shows who has booked, with a large box each, and what was
// noted before.
func (s *service) attendancePage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.noteable(item); err != nil {
		return s.notNow(w, r, item, err)
	}
	list, noted, err := s.noted(r.Context(), item.ID)
	if err != nil {
		return err
	}
	values := shownAttendance(item, list, noted)
	values.Set(linesField, "1")
	values.Set(web.KeyField, s.newID("form"))
	return s.renderAttendance(w, r, http.StatusOK, item, web.Form{Values: values}, attendanceAsk{})
}

// shownAttendance is what the form of attendance shows of what is noted, and
// keeps hidden to tell later what was ticked and unticked.
func shownAttendance(item sessionItem, list []listedBooking, noted othersItem) url.Values {
	values := url.Values{ofField: {item.HeldFact}}
	for _, b := range list {
		if b.Attended {
			values.Add(cameField, b.BookingID)
			values.Add(shownField, b.BookingID)
		}
	}
	for i := range noted.People {
		values.Add(keptField, strconv.Itoa(i))
	}
	return values
}

// attendanceAsk is why the form of attendance is shown again.
type attendanceAsk struct {
	nobody bool     // is said to have come: ask whether it is so
	again  bool     // it was noted meanwhile: say what differs from
	before []string // what the form had shown
}

// noted reads the bookings of a session, and what was noted of who came.
func (s *service) noted(ctx context.Context, id string) ([]listedBooking, othersItem, error) {
	var item othersItem
	list, err := s.listed(ctx, id)
	if err != nil {
		return nil, item, err
	}
	_, err = s.table.Get(ctx, othersKey(id), &item)
	return list, item, err
}

func (s *service) renderAttendance(w http.ResponseWriter, r *http.Request, status int, item sessionItem, form web.Form, ask attendanceAsk) error {
	list, noted, err := s.noted(r.Context(), item.ID)
	if err != nil {
		return err
	}
	view := attendanceView{sessionView: viewSession(item.shown(0, 0, s.now())), Roles: roleLabels, Corrects: item.HeldFact != "", Nobody: ask.nobody,
		Shown: form.Values[shownField]}
	persons := make([]string, len(list))
	for i, b := range list {
		persons[i] = b.person
	}
	gone, err := s.gone(r.Context(), noted.Came, persons)
	if err != nil {
		return err
	}
	view.Gone = len(gone)
	sortByName(list)
	for _, b := range list {
		one := presence{listedBooking: b, Came: slices.Contains(form.Values[cameField], b.BookingID)}
		if ask.again {
			one.Theirs = b.Attended != slices.Contains(ask.before, b.BookingID)
			one.Mine = b.Attended != one.Came
		}
		if b.Status == confirmed {
			view.Booked = append(view.Booked, one)
		} else {
			view.Others = append(view.Others, one)
		}
	}
	for i, one := range noted.People {
		view.Kept = append(view.Kept, viewKept(i, one, slices.Contains(form.Values[keptField], strconv.Itoa(i))))
	}
	lines := lineCount(form.Values)
	for i := range lines {
		name := "walk_ins." + strconv.Itoa(i)
		view.Lines = append(view.Lines, lineView{name, placefield.Ask(form, name+".territory", "Son nom, ou son code officiel.")})
	}
	view.MoreLines = lines < maxLines
	return s.pages.Render(w, r, status, "team_attendance", web.Page{Title: "Noter les présences", Form: form, Data: view})
}

func viewKept(index int, one other, stays bool) keptView {
	view := keptView{Index: index, Number: index + 1, Stays: stays, Known: one.Pseudonym != "", Role: web.LabelOf(roleLabels, one.Role)}
	view.Territory = placeName(one.Territory)
	return view
}

// lineCount is how many lines a form has.
func lineCount(values url.Values) int {
	n, _ := strconv.Atoi(values.Get(linesField))
	return min(max(n, 1), maxLines)
}

// attendancePosted notes who came, or only adds lines to the form. That nobody
// came is asked once more: the button may have been pressed too early, and the
// session would be over.
func (s *service) attendancePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.noteable(item); err != nil {
		return s.notNow(w, r, item, err)
	}
	if values.Has(moreField) {
		values.Set(linesField, strconv.Itoa(min(lineCount(values)+linesMore, maxLines)))
		return s.renderAttendance(w, r, http.StatusOK, item, web.Form{Values: values}, attendanceAsk{})
	}
	in, places, faults := attendanceFromForm(values)
	if len(faults) == 0 && in.nobody() && !values.Has(nobodyField) {
		return s.renderAttendance(w, r, http.StatusOK, item, web.Form{Values: values}, attendanceAsk{nobody: true})
	}
	_, err = s.hold(r.Context(), item.ID, in, &faults)
	ask := attendanceAsk{before: values[shownField]}
	if ask.again = fault.Is(err, errChanged.Code); ask.again {
		if item, err = s.renew(r, values); err == nil {
			err = errNotedMeanwhile
		}
	}
	if shown, ok := web.FormFaults(err); ok {
		for i := range shown {
			shown[i].Location = places.field(shown[i].Location)
		}
		return s.renderAttendance(w, r, web.Status(fault.As(err)), item, web.Form{Values: values, Faults: shown}, ask)
	}
	if err != nil {
		return err
	}
	return done(w, r, teamAgenda+"/"+item.ID, "pointee")
}

var errNotedMeanwhile = fault.New(fault.Conflict, errChanged.Code, "Cette rencontre vient de changer : ses présences ont été notées entre-temps. Voici ce qui est noté maintenant, avec ce que vous aviez coché ou décoché : ce qui diffère le dit. Relisez tout, décochez les personnes sans inscription qui n’ont pas à être notées ou le seraient deux fois, puis enregistrez.")

// renew makes a form that is out of date one of what is noted now, with what
// was ticked and unticked since it was shown, so that it can be saved once it
// has been read again. Its lines stay, and so do all who were noted without a
// booking: nothing tells which of them are those that it showed.
func (s *service) renew(r *http.Request, values url.Values) (sessionItem, error) {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return item, err
	}
	list, noted, err := s.noted(r.Context(), item.ID)
	if err != nil {
		return item, err
	}
	before, ticked := values[shownField], values[cameField]
	now := shownAttendance(item, list, noted)
	values[cameField] = nil
	for _, b := range list {
		came := b.Attended
		if mine := slices.Contains(ticked, b.BookingID); mine != slices.Contains(before, b.BookingID) {
			came = mine
		}
		if came {
			values.Add(cameField, b.BookingID)
		}
	}
	values[ofField], values[shownField], values[keptField] = now[ofField], now[shownField], now[keptField]
	values.Set(web.KeyField, s.newID("form"))
	return item, nil
}

// places are the lines of a form that were filled: the action sees those alone.
type places []int

// field is the name on the page of a field of the action.
func (p places) field(location string) string {
	rest, ok := strings.CutPrefix(location, "walk_ins.")
	if !ok {
		return location
	}
	number, field, _ := strings.Cut(rest, ".")
	if n, err := strconv.Atoi(number); err == nil && n < len(p) {
		return fmt.Sprintf("walk_ins.%d.%s", p[n], field)
	}
	return location
}

// attendanceFromForm reads who came. Lines that nothing was typed in are left
// out; faults name the others as the action does.
func attendanceFromForm(values url.Values) (in attendanceInput, filled places, faults fault.Fields) {
	in.Attended = values[cameField]
	in.page = &correction{of: values.Get(ofField), key: values.Get(web.KeyField), kept: numbers(values[keptField])}
	for i := range lineCount(values) {
		typed := func(name string) string { return strings.TrimSpace(values.Get(fmt.Sprintf("walk_ins.%d.%s", i, name))) }
		one := walkIn{typed("given_name"), typed("email"), typed("territory"), typed("quartet_role")}
		if one == (walkIn{}) && typed(placefield.ChoiceField("territory")) == "" {
			continue
		}
		var wrong fault.Fields
		one.Territory = placefield.Read(values, fmt.Sprintf("walk_ins.%d.territory", i), &wrong)
		for _, f := range wrong {
			faults.Add(fmt.Sprintf("walk_ins.%d.territory", len(filled)), f.Message)
		}
		in.WalkIns, filled = append(in.WalkIns, one), append(filled, i)
	}
	if text := strings.TrimSpace(values.Get(othersField)); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxWalkIns {
			faults.Add(othersField, "Saisissez un nombre de 0 à "+french.Number(maxWalkIns)+".")
			return in, filled, faults
		}
		in.WalkIns = append(in.WalkIns, make([]walkIn, n)...)
	}
	return in, filled, faults
}
