package booking

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// By hand: the team books, or gives a booking up, for someone who asked them
// to, on the phone or at a meeting. Seats, mails and limits are those of
// everyone; what comes in addition is an entry in the trail.

// askedField is the box by which the team vouches that the person asked.
const askedField = "asked"

// noteMember adds to a transaction the entry of the trail for what a member of
// the team does to the booking of someone else. It adds nothing when people
// book or give up for themselves.
func (s *service) noteMember(ctx context.Context, writes *dynamo.Writes, action, before string, record bookingItem) {
	if _, acts := auth.MemberOf(ctx); !acts {
		return
	}
	type noted struct {
		Session string `json:"session"`
		Status  string `json:"status"`
	}
	var old any
	if before != "" {
		old = noted{record.Session, before}
	}
	writes.Add(s.audit.Entry(ctx, action, record.ID, old, noted{record.Session, record.State}))
}

// bookableByHand tells the team why bookings can neither be made nor given up;
// nil when they can.
func (s *service) bookableByHand(item sessionItem) error {
	switch {
	case item.State == cancelled:
		return errOff
	case !item.bookable(s.now()):
		return fault.New(errClosed.Kind, errClosed.Code, "Cette rencontre a commencé : les inscriptions sont closes. Qui vient sans inscription se note avec les présences.")
	}
	return nil
}

// handPage is the form to book for someone.
func (s *service) handPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderHand(w, r, http.StatusOK, web.Form{Values: url.Values{web.KeyField: {s.newID("form")}}})
}

func (s *service) renderHand(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.bookableByHand(item); err != nil {
		return s.notNow(w, r, item, err)
	}
	shown, err := s.counted(r.Context(), item, true)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "team_book", web.Page{Title: "Inscrire une personne", Form: form,
		Data: bookView{sessionView: viewSession(shown), Roles: roleLabels, Territory: placefield.Ask(form, "territory", "Son nom, ou son code officiel.")}})
}

func (s *service) handPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	answer, err := s.bookByHand(r, values)
	if shown, ok := web.FormFaults(err); ok {
		values.Set(web.KeyField, s.newID("form")) // the key may be used up by what was refused
		if fault.Is(err, errAlreadyBooked.Code) {
			shown[0].Location = "email"
		}
		return s.renderHand(w, r, http.StatusUnprocessableEntity, web.Form{Values: values, Faults: shown})
	}
	if err != nil {
		return err
	}
	return toList(w, r, madeParam, answer.BookingID)
}

// bookByHand books as the person themselves would have.
func (s *service) bookByHand(r *http.Request, values url.Values) (bookingAnswer, error) {
	var faults fault.Fields
	in := bookingFromForm(values, &faults)
	in.byHand = true
	in.check(&faults)
	if values.Get(askedField) != "true" {
		faults.Add(askedField, "Inscrivez seulement une personne qui l’a demandé, puis cochez cette case.")
	}
	if err := faults.Err(); err != nil {
		return bookingAnswer{}, err
	}
	asked, err := json.Marshal(in)
	if err != nil {
		return bookingAnswer{}, err
	}
	return s.bookSession(r.Context(), r.PathValue("id"), in, values.Get(web.KeyField), asked)
}

// toList leads to the list of bookings, which says what became of one.
func toList(w http.ResponseWriter, r *http.Request, what, booking string) error {
	query := url.Values{what: {booking}}
	http.Redirect(w, r, teamAgenda+"/"+r.PathValue("id")+"/inscriptions?"+query.Encode(), http.StatusSeeOther) //nolint:gosec // a path of ours
	return nil
}

type handOffView struct {
	sessionView
	Booking bookingItem
}

// handOffPage says whose booking would be given up before it is.
func (s *service) handOffPage(w http.ResponseWriter, r *http.Request) error {
	item, record, err := s.bookingInSession(r)
	if err != nil {
		return err
	}
	if err := s.bookableByHand(item); err != nil {
		return s.notNow(w, r, item, err)
	}
	if record.State == cancelled {
		return toList(w, r, givenParam, record.ID)
	}
	return s.pages.Render(w, r, http.StatusOK, "team_give_up", web.Page{Title: "Annuler cette inscription ?",
		Data: handOffView{viewSession(item.shown(0, 0, s.now())), record}})
}

func (s *service) handOffPosted(w http.ResponseWriter, r *http.Request) error {
	item, record, err := s.bookingInSession(r)
	if err != nil {
		return err
	}
	if err := s.giveUp(r.Context(), ticketSubject{Person: personIn(record.PK), Session: item.ID, Booking: record.ID}); err != nil {
		return s.notNow(w, r, item, err)
	}
	return toList(w, r, givenParam, record.ID)
}

// bookingInSession finds the booking that an address names, among those of its
// session: the team holds no token that would say whose it is.
func (s *service) bookingInSession(r *http.Request) (item sessionItem, record bookingItem, err error) {
	if item, err = s.session(r.Context(), r.PathValue("id")); err != nil {
		return item, record, err
	}
	records, err := s.bookings(r.Context(), item.ID)
	if err != nil {
		return item, record, err
	}
	for _, record := range records {
		if record.ID == r.PathValue("booking") {
			return item, record, nil
		}
	}
	return item, record, errNoBooking
}
