package booking

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Who has booked, and has lost the mail, asks the team for the link by which
// one joins or gives up. It goes to the address that booked, and to no other.

var (
	errLinkOver = fault.New(fault.Conflict, "session-over", "Cette rencontre est terminée\u00a0: son lien ne sert plus.")
	errGivenUp  = fault.New(fault.Conflict, "booking-cancelled", "Cette inscription est annulée\u00a0: il n’y a plus de lien à renvoyer.")
)

// withLink tells why the link of a booking is not sent again; nil when it can be.
func (s *service) withLink(item sessionItem, record bookingItem) error {
	switch {
	case item.State == cancelled:
		return errOff
	case !item.current(s.now()):
		return errLinkOver
	case record.State == cancelled:
		return errGivenUp
	}
	return nil
}

type resendView struct {
	sessionView
	Booking bookingItem
	Mails   string
}

// resendPage says to whom the link of a booking would go.
func (s *service) resendPage(w http.ResponseWriter, r *http.Request) error {
	item, record, err := s.bookingInSession(r)
	if err != nil {
		return err
	}
	if err := s.withLink(item, record); err != nil {
		return s.notNow(w, r, item, err)
	}
	form := web.Form{Values: url.Values{web.KeyField: {s.newID("form")}}}
	return s.pages.Render(w, r, http.StatusOK, "team_resend", web.Page{Title: "Renvoyer le lien de cette inscription ?", Private: true, Form: form,
		Data: resendView{viewSession(item.shown(0, 0, s.now())), record, web.TeamRoot + "/courriels?" + url.Values{"q": {record.Email}}.Encode()}})
}

// resendPosted sends the link again; the same form, sent twice, sends one mail.
func (s *service) resendPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	item, record, err := s.bookingInSession(r)
	if err != nil {
		return err
	}
	if err := s.withLink(item, record); err != nil {
		return s.notNow(w, r, item, err)
	}
	if err := s.resend(r.Context(), item, record, values.Get(web.KeyField)); err != nil {
		return err
	}
	return toList(w, r, sentParam, record.ID)
}

// resend sends the link of a booking again, once for each key.
func (s *service) resend(ctx context.Context, item sessionItem, record bookingItem, key string) error {
	entry, err := s.audit.Entry(ctx, "booking.link_sent", record.ID, nil, nil)
	if err != nil {
		return err
	}
	return s.mail(ctx, templateOf(record), item, record, "again "+cmp.Or(key, s.newID("form")), entry)
}
