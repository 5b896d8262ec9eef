package booking

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// bookingsAtOnce is how many bookings one page lists.
const bookingsAtOnce = 50

// bookingFields are those of the search of bookings.
var bookingFields = []string{"q", "etat"}

var bookingStates = []web.Option{
	{Value: confirmed, Label: "Inscrites"}, {Value: waiting, Label: "En attente"}, {Value: cancelled, Label: "Désistées"},
}

// The states by which bookings are narrowed once attendance is noted.
const (
	present = "presentes"
	absent  = "absentes"
)

var attendanceStates = append(slices.Clone(bookingStates), web.Option{Value: present, Label: "Présentes"}, web.Option{Value: absent, Label: "Inscrites, absentes"})

// is tells whether a booking is in one of the states of the search.
func (b listedBooking) is(state string) bool {
	switch state {
	case present:
		return b.Attended
	case absent:
		return b.Status == confirmed && !b.Attended
	}
	return state == "" || b.Status == state
}

// bookingLabels are the states of one person.
var bookingLabels = map[string]string{confirmed: "Inscrite", waiting: "En attente", cancelled: "Désistée"}

type bookingsView struct {
	sessionView
	web.List
	Bookings []bookedView
	States   []web.Option
	All      int
	Open     bool           // bookings can still be made and given up
	Links    bool           // some of their links can be sent again
	Done     string         // what was just done by hand
	Of       *listedBooking // for whom; nil while the index does not have it yet
}

// bookedView is a booking with the name of its territory.
type bookedView struct {
	listedBooking
	TerritoryName string
	Link          bool // can be sent again
}

// The parameters of the address of the list that say what was just done, each
// with the booking that it was done to.
const (
	madeParam  = "inscrite"
	givenParam = "desistee"
	sentParam  = "lien"
)

// bookingsPage lists who comes, who waits and who has cancelled.
func (s *service) bookingsPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	list, err := s.listed(r.Context(), item.ID)
	if err != nil {
		return err
	}
	values, status, next := r.URL.Query(), http.StatusOK, ""
	path := teamAgenda + "/" + item.ID + "/inscriptions"
	view := bookingsView{
		sessionView: viewSession(item.shown(0, 0, s.now())), States: bookingStates, Open: item.bookable(s.now()),
	}
	if item.State == held {
		view.States = attendanceStates
	}
	for _, done := range []string{madeParam, givenParam, sentParam} {
		if values.Has(done) {
			view.Done, view.Of = done, inList(list, values.Get(done))
			if done == givenParam && view.Of != nil && view.Of.Status != cancelled {
				view.Of = nil
			}
		}
	}
	form := web.Form{Values: values}
	list, err = searched(list, values)
	view.All = len(list)
	if err == nil {
		list, next, err = bookingsFrom(list, values.Get("cursor"))
	}
	if faults, wrong := web.SearchFaults(err, bookingFields); wrong {
		form.Faults, status, list = faults, http.StatusUnprocessableEntity, nil
	} else if err != nil {
		return err
	}
	for _, one := range list {
		_, over := item.linkMail(one.Status, one.Attended, s.now())
		view.Bookings = append(view.Bookings, bookedView{one, placeName(one.Territory), over == nil})
		view.Links = view.Links || over == nil
	}
	view.List = web.NewList(path, bookingFields, values, next)
	return s.pages.Render(w, r, status, "team_bookings", web.Page{Title: "Inscriptions", Form: form, Data: view})
}

// bookingsFrom is the page of a list at a cursor, and the cursor after it.
func bookingsFrom(list []listedBooking, cursor string) (page []listedBooking, next string, err error) {
	if list, err = after(list, cursor); err != nil || len(list) <= bookingsAtOnce {
		return list, "", err
	}
	list = list[:bookingsAtOnce]
	next, err = placeCursor(list[bookingsAtOnce-1].place)
	return list, next, err
}

// inList is the booking with this id, nil when there is none.
func inList(list []listedBooking, id string) *listedBooking {
	for _, one := range list {
		if one.BookingID == id {
			return &one
		}
	}
	return nil
}

// searched are the bookings that the search of an address keeps, or its faults.
func searched(list []listedBooking, values url.Values) ([]listedBooking, error) {
	state, words := values.Get("etat"), territory.Words(values.Get("q"))
	if state != "" && !web.Offers(attendanceStates, state) {
		return nil, faultOf("etat", "Choisissez un état de la liste.")
	}
	return slices.DeleteFunc(list, func(b listedBooking) bool {
		return !b.is(state) || !territory.HasWords(b.GivenName+" "+b.FamilyName+" "+b.Organisation+" "+b.Email, words)
	}), nil
}

func (s *service) bookingsCSV(w http.ResponseWriter, r *http.Request) error {
	return s.exportBookings(w, r, spreadsheet.CSV)
}

func (s *service) bookingsXLSX(w http.ResponseWriter, r *http.Request) error {
	return s.exportBookings(w, r, spreadsheet.XLSX)
}

var bookingsHeader = []string{
	"Réservation", "État", "Rang d’attente", "Prénom", "Nom", "Adresse e-mail", "Organisation", "Code du territoire", "Territoire", "Rôle", "Besoins", "Inscription", "Présence",
}

// exportBookings answers what the page of bookings lists, all of it, in French,
// and who came without a booking, of whom no name is kept; a wrong search is
// shown again as the page does.
func (s *service) exportBookings(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	list, err := s.listed(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if list, err = searched(list, r.URL.Query()); err != nil {
		return s.bookingsPage(w, r)
	}
	var noted othersItem
	if state := r.URL.Query().Get("etat"); r.URL.Query().Get("q") == "" && (state == "" || state == present) {
		if _, err := s.table.Get(r.Context(), othersKey(r.PathValue("id")), &noted); err != nil {
			return err
		}
	}
	rows := make([][]any, 0, len(list)+len(noted.People))
	for _, b := range list {
		rows = append(rows, bookingRow(b))
	}
	for _, one := range noted.People {
		rows = append(rows, walkInRow(one))
	}
	return spreadsheet.Sheet{
		Name: r.PathValue("id"), Header: bookingsHeader, Filter: spreadsheet.FilterOf(r.URL.Query(), bookingFields),
		Rows: spreadsheet.List(rows, func(row []any) []any { return row }),
	}.Export(w, r, format, s.audit)
}

func bookingRow(b listedBooking) []any {
	var rank any
	if b.Position > 0 {
		rank = b.Position
	}
	return []any{b.BookingID, bookingLabels[b.Status], rank, b.GivenName, b.FamilyName, b.Email, b.Organisation, b.Territory, placeName(b.Territory),
		web.LabelOf(roleLabels, b.QuartetRole), b.Needs, b.BookedAt, b.Attended}
}

// walkInRow is someone who came without a booking, as a row.
func walkInRow(one other) []any {
	return []any{nil, "Sans inscription", nil, nil, nil, nil, nil, one.Territory, placeName(one.Territory), web.LabelOf(roleLabels, one.Role), nil, nil, true}
}

// placeName is a territory as people read it, empty without one.
func placeName(ref string) string {
	found, err := territory.Lookup(ref)
	if err != nil {
		return ""
	}
	current := found.Current()
	return current.Name
}
