package booking

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Who has booked, and has lost the mail, asks the team for the link by which
// one joins, gives up or says what it gave. It goes to the address that booked,
// and to no other.

var (
	errGivenUp  = fault.New(fault.Conflict, "booking-cancelled", "Cette inscription est annulée\u00a0: il n’y a plus de lien à renvoyer.")
	errNoSeat   = fault.New(fault.Conflict, "session-closed", "Cette rencontre a commencé\u00a0: la liste d’attente n’a plus d’effet, ni son lien.")
	errLinkOver = fault.New(fault.Conflict, "session-over", "Cette rencontre est terminée\u00a0: son lien ne sert plus qu’aux personnes notées présentes, pour donner leur avis, pendant soixante jours.")
	errMoved    = fault.New(fault.Conflict, "changed-meanwhile", "Cette inscription vient de changer\u00a0: relisez-la, puis recommencez.")
)

// linkMail is the mail that brings the link of a booking in a state, attended
// or not; without one, why there is nothing to bring any more.
func (i sessionItem) linkMail(state string, attended bool, now time.Time) (template string, err error) {
	switch {
	case i.State == cancelled:
		return "", errOff
	case state == cancelled:
		return "", errGivenUp
	case state == waiting && !i.bookable(now):
		return "", errNoSeat
	case state == waiting:
		return "booking-waiting", nil
	case now.Before(i.EndsAt):
		return "booking-confirmed", nil
	case attended && now.Before(i.EndsAt.Add(tokenAfter)):
		return "session-thanks", nil
	}
	return "", errLinkOver
}

// booked is a booking as it is now, with its session: the list from which it
// was chosen may be a second behind.
func (s *service) booked(r *http.Request) (item sessionItem, record bookingItem, err error) {
	item, listed, err := s.bookingInSession(r)
	if err != nil {
		return item, record, err
	}
	found, err := s.table.Get(r.Context(), listed.Key, &record)
	if err == nil && !found {
		err = errNoBooking
	}
	return item, record, err
}

type resendView struct {
	sessionView
	Booking         bookingItem
	Template, Mails string
}

// resendPage says to whom the link of a booking would go.
func (s *service) resendPage(w http.ResponseWriter, r *http.Request) error {
	item, record, err := s.booked(r)
	if err != nil {
		return err
	}
	template, err := item.linkMail(record.State, record.Attended, s.now())
	if err != nil {
		return s.notNow(w, r, item, err)
	}
	form := web.Form{Values: url.Values{web.KeyField: {s.newID("form")}}}
	return s.pages.Render(w, r, http.StatusOK, "team_resend", web.Page{Title: "Renvoyer le lien de cette inscription ?", Private: true, Form: form,
		Data: resendView{viewSession(item.shown(0, 0, s.now())), record, template, web.TeamRoot + "/courriels?" + url.Values{"q": {record.Email}}.Encode()}})
}

// resendPosted sends the link again; the same form, sent twice, sends one mail.
func (s *service) resendPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	item, record, err := s.booked(r)
	if err != nil {
		return err
	}
	if err := s.resend(r.Context(), item, record, values.Get(web.KeyField)); err != nil {
		return s.notNow(w, r, item, err)
	}
	return toList(w, r, sentParam, record.ID)
}

// resend sends the link of a booking again, once for each key. It returns the
// Conflict faults of linkMail, and "changed-meanwhile" when the booking is not
// as it was read.
func (s *service) resend(ctx context.Context, item sessionItem, record bookingItem, key string) error {
	template, err := item.linkMail(record.State, record.Attended, s.now())
	if err != nil {
		return err
	}
	intent, err := s.intent(ctx, template, item, record, "again "+cmp.Or(key, s.newID("form")))
	if err != nil {
		return err
	}
	asRead := expression.Name("booking_id").Equal(expression.Value(record.ID)).And(expression.Name("changes").Equal(expression.Value(record.Changes)))
	var writes dynamo.Writes
	writes.Add(s.table.Put(intent, dynamo.Absent))
	writes.Add(s.table.Check(record.Key, asRead))
	s.noteMember(ctx, &writes, "booking.link_sent", "", record)
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.Failed(0):
		return nil // this form has sent it
	}
	return errMoved
}
