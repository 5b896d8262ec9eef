package booking

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// listedBooking is a booking as the team sees it.
type listedBooking struct {
	BookingID    string    `json:"booking_id"`
	Status       string    `json:"status" enum:"confirmed,waiting,cancelled"`
	Position     int       `json:"position,omitempty"`
	GivenName    string    `json:"given_name"`
	FamilyName   string    `json:"family_name"`
	Email        string    `json:"email"`
	Organisation string    `json:"organisation,omitempty"`
	Territory    string    `json:"territory,omitempty"`
	QuartetRole  string    `json:"quartet_role,omitempty"`
	Needs        string    `json:"needs,omitempty"`
	BookedAt     time.Time `json:"booked_at"`
	Attended     bool      `json:"attended"`

	place  string // in the list, which sorts by it
	person string // keyed hash
}

// bookingsQuery is what the list of the bookings of a session takes.
type bookingsQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 100 by default: a room is mostly asked for whole"`
	Cursor string `query:"cursor"`
}

type bookingList struct {
	Items      []listedBooking `json:"items"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

// place is where a booking stands in the list of its session.
func (i bookingItem) place() string {
	rank, ticket := map[string]int{confirmed: 0, waiting: 1, cancelled: 2}[i.State], 0
	if i.State == waiting {
		ticket = i.Ticket
	}
	return fmt.Sprintf("%d#%09d#%s", rank, ticket, i.BookedAt)
}

// listed returns the bookings of a session: who comes, then who waits, in
// order, then who has cancelled.
func (s *service) listed(ctx context.Context, id string) ([]listedBooking, error) {
	if _, err := s.session(ctx, id); err != nil {
		return nil, err
	}
	records, err := s.bookings(ctx, id)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b bookingItem) int { return strings.Compare(a.place(), b.place()) })
	list, position := []listedBooking{}, 0
	for _, r := range records {
		one := listedBooking{
			BookingID: r.ID, Status: r.State, GivenName: r.GivenName, FamilyName: r.FamilyName, Email: r.Email,
			Organisation: r.Organisation, Territory: r.Territory, QuartetRole: r.QuartetRole, Needs: r.Needs,
			BookedAt: r.CreatedAt, Attended: r.Attended, place: r.place(), person: personIn(r.PK),
		}
		if r.State == waiting {
			position++
			one.Position = position
		}
		list = append(list, one)
	}
	return list, nil
}

// placeField is what a cursor of this list carries: the place of the last that
// was shown. Someone whose booking changes meanwhile may be met twice, or not
// at all, as in any list that moves.
const placeField = "place"

func (s *service) getBookings(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	query := bookingsQuery{maxLimit, r.URL.Query().Get("cursor")}
	if text := r.URL.Query().Get("limit"); text != "" {
		query.Limit = readLimit(&faults, text)
	}
	if err := faults.Err(); err != nil {
		return err
	}
	list, err := s.listed(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if list, err = after(list, query.Cursor); err != nil {
		return err
	}
	page := bookingList{Items: list}
	if len(list) > query.Limit {
		page.Items = list[:query.Limit]
		page.NextCursor, err = placeCursor(list[query.Limit-1].place)
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// after are the bookings that come after a cursor.
func after(list []listedBooking, cursor string) ([]listedBooking, error) {
	start, err := dynamo.StartKey(cursor, placeField)
	if last, ok := start[placeField].(*types.AttributeValueMemberS); ok {
		list = slices.DeleteFunc(list, func(b listedBooking) bool { return b.place <= last.Value })
	}
	return list, err
}

// getBookingsCSV answers the list for a spreadsheet.
func (s *service) getBookingsCSV(w http.ResponseWriter, r *http.Request) error {
	list, err := s.listed(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return spreadsheet.Sheet{
		Name: r.PathValue("id"), UTC: true,
		Header: []string{"booking_id", "status", "given_name", "family_name", "email", "organisation", "territory", "quartet_role", "needs", "booked_at", "attended"},
		Rows: spreadsheet.List(list, func(b listedBooking) []any {
			return []any{b.BookingID, b.Status, b.GivenName, b.FamilyName, b.Email, b.Organisation, b.Territory, b.QuartetRole, b.Needs, b.BookedAt, b.Attended}
		}),
	}.Export(w, r, spreadsheet.CSV, s.audit)
}
