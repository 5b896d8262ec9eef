package booking

import (
	"net/http"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// sheetView is what the attendance sheet shows: who holds a seat, by name,
// then who waits, in case a place stays free.
type sheetView struct {
	Session   sessionView
	Confirmed []listedBooking
	Waiting   []listedBooking
	Blank     []int // empty lines, for people who come without a booking
}

// blankLines is how many people without a booking a sheet leaves room for.
const blankLines = 8

// sheetPage shows the attendance sheet of a session, to be printed.
func (s *service) sheetPage(w http.ResponseWriter, r *http.Request) error {
	shown, err := s.shownSession(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	list, err := s.listed(r.Context(), shown.ID)
	if err != nil {
		return err
	}
	view := sheetView{Session: viewSession(shown), Blank: make([]int, blankLines)}
	for _, booking := range list {
		switch booking.Status {
		case confirmed:
			view.Confirmed = append(view.Confirmed, booking)
		case waiting:
			view.Waiting = append(view.Waiting, booking)
		}
	}
	sortByName(view.Confirmed)
	return s.pages.Render(w, r, http.StatusOK, "sheet", web.Page{Title: "Feuille de présence", Private: true, Data: view})
}

// sortByName puts bookings in the order in which a list of people is read.
func sortByName(list []listedBooking) {
	slices.SortStableFunc(list, func(a, b listedBooking) int {
		return strings.Compare(territory.Fold(a.FamilyName+" "+a.GivenName), territory.Fold(b.FamilyName+" "+b.GivenName))
	})
}
