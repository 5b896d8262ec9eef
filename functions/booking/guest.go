package booking

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// bookingView is a booking as the person who holds it sees it.
type bookingView struct {
	BookingID string  `json:"booking_id"`
	Status    string  `json:"status" enum:"confirmed,waiting,cancelled"`
	Position  int     `json:"position,omitempty" doc:"Place on the waiting list, from 1"`
	Session   session `json:"session"`
	GivenName string  `json:"given_name"`
	JoinURL   string  `json:"join_url,omitempty" doc:"Where to join, for a confirmed booking"`
	Attended  bool    `json:"attended,omitempty"`
	Feedback  bool    `json:"feedback_given,omitempty"`
}

type releasedAnswer struct {
	Status string `json:"status" enum:"cancelled"`
}

func (s *service) getBooking(w http.ResponseWriter, r *http.Request) error {
	subject, err := s.holder(r.Context(), r.PathValue("id"), web.BearerToken(r))
	if err != nil {
		return err
	}
	view, err := s.viewBooking(r.Context(), subject)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, view)
}

func (s *service) deleteBooking(w http.ResponseWriter, r *http.Request) error {
	subject, err := s.holder(r.Context(), r.PathValue("id"), web.BearerToken(r))
	if err != nil {
		return err
	}
	if err := s.giveUp(r.Context(), subject); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, releasedAnswer{cancelled})
}

// holder is whom a token names, if it is for this booking.
func (s *service) holder(ctx context.Context, booking, token string) (subject ticketSubject, err error) {
	text, err := s.links.Open(ctx, bookingPurpose, token)
	if err != nil {
		return subject, err
	}
	if err := json.Unmarshal([]byte(text), &subject); err != nil {
		return subject, err
	}
	if subject.Booking != booking {
		return subject, fault.New(fault.Forbidden, "other-booking", "Ce lien est celui d’une autre réservation.")
	}
	return subject, nil
}

// viewBooking shows a booking. One that the person has replaced since, by
// booking again, is shown as cancelled.
func (s *service) viewBooking(ctx context.Context, subject ticketSubject) (bookingView, error) {
	var record bookingItem
	found, err := s.table.Get(ctx, bookingKey(subject.Person, subject.Session), &record)
	if err != nil {
		return bookingView{}, err
	}
	if !found {
		return bookingView{}, errNoBooking
	}
	shown, err := s.shownSession(ctx, subject.Session)
	if err != nil {
		return bookingView{}, err
	}
	view := bookingView{BookingID: subject.Booking, Status: record.State, Session: shown, GivenName: record.GivenName}
	if record.ID != subject.Booking || shown.Status == cancelled {
		view.Status = cancelled
	}
	switch view.Status {
	case waiting:
		view.Position, err = s.position(ctx, record.Session, record.Ticket)
	case confirmed:
		item, sessionErr := s.session(ctx, record.Session)
		view.JoinURL, view.Attended, view.Feedback, err = item.JoinURL, record.Attended, record.FeedbackAt != "", sessionErr
	}
	return view, err
}

// giveUp cancels a booking that its holder no longer wants. Once the session
// has begun there is nothing to give back: "session-closed".
func (s *service) giveUp(ctx context.Context, subject ticketSubject) error {
	item, err := s.session(ctx, subject.Session)
	if err != nil {
		return err
	}
	if item.State != cancelled && !item.bookable(s.now()) {
		return errClosed
	}
	err = s.release(ctx, subject.Person, subject.Session, subject.Booking)
	return err
}

// personIn is the person in whose partition an item stands.
func personIn(partition string) string { return strings.TrimPrefix(partition, personal.Partition("")) }
