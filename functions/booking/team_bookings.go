package booking

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// bookingsAtOnce is how many bookings one page lists.
const bookingsAtOnce = 50

var bookingStates = []web.Option{
	{Value: confirmed, Label: "Inscrites"}, {Value: waiting, Label: "En attente"}, {Value: cancelled, Label: "Désistées"},
}

type bookingsView struct {
	sessionView
	Bookings []listedBooking
	States   []web.Option
	All      int
	Query    string // the filter, for the exports
	More     string
	Open     bool           // bookings can still be made and given up
	Done     string         // what was just done by hand
	Of       *listedBooking // for whom; nil while the index does not have it yet
}

// The parameters of the address of the list that say what was just done, each
// with the booking that it was done to.
const (
	madeParam  = "inscrite"
	givenParam = "desistee"
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
	values := r.URL.Query()
	view := bookingsView{sessionView: viewSession(item.shown(0, 0, s.now())), States: bookingStates, Open: item.bookable(s.now())}
	for _, done := range []string{madeParam, givenParam} {
		if values.Has(done) {
			view.Done, view.Of = done, inList(list, values.Get(done))
			if done == givenParam && view.Of != nil && view.Of.Status != cancelled {
				view.Of = nil
			}
			values.Del(done) // not to be said again on the next page
		}
	}
	list = inState(list, values.Get("etat"))
	view.All = len(list)
	if etat := values.Get("etat"); etat != "" {
		view.Query = "?" + url.Values{"etat": {etat}}.Encode()
	}
	from, _ := strconv.Atoi(values.Get("depuis")) // what is no number is the beginning
	from = min(max(from, 0), len(list))
	view.Bookings = list[from:min(from+bookingsAtOnce, len(list))]
	if next := from + bookingsAtOnce; next < len(list) {
		values.Set("depuis", strconv.Itoa(next))
		view.More = teamAgenda + "/" + item.ID + "/inscriptions?" + values.Encode()
	}
	return s.pages.Render(w, r, http.StatusOK, "team_bookings", web.Page{Title: "Inscriptions", Form: web.Form{Values: values}, Data: view})
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

// inState keeps the bookings in a state; all when it is none.
func inState(list []listedBooking, state string) []listedBooking {
	if !slices.ContainsFunc(bookingStates, func(o web.Option) bool { return o.Value == state }) {
		return list
	}
	return slices.DeleteFunc(list, func(b listedBooking) bool { return b.Status != state })
}

var bookingsHeader = []string{"Réservation", "État", "Prénom", "Nom", "Adresse e-mail", "Organisation", "Territoire", "Rôle", "Besoins", "Inscription", "Présence"}

func (s *service) bookingsCSV(w http.ResponseWriter, r *http.Request) error {
	return s.exportBookings(w, r, spreadsheet.CSV)
}

func (s *service) bookingsXLSX(w http.ResponseWriter, r *http.Request) error {
	return s.exportBookings(w, r, spreadsheet.XLSX)
}

// exportBookings answers what the page of bookings lists, all of it.
func (s *service) exportBookings(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	list, err := s.listed(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("etat")
	list = inState(list, state)
	for i := range list {
		list[i].Status = labelOf(bookingStates, list[i].Status)
		list[i].QuartetRole = labelOf(roleLabels, list[i].QuartetRole)
	}
	sheet := bookingsSheet(r.PathValue("id"), list)
	sheet.Header, sheet.Filter = bookingsHeader, map[string]string{"etat": state}
	return sheet.Export(w, r, format, s.audit)
}

// labelOf is what a choice is called; the value itself when it is none of them.
func labelOf(options []web.Option, value string) string {
	for _, option := range options {
		if option.Value == value {
			return option.Label
		}
	}
	return value
}
