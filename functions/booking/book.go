package booking

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// bookingPurpose is what the token of a booking is good for: to see it, to
// cancel it and, afterwards, to say what the session gave.
const bookingPurpose auth.Purpose = "booking"

// tokenAfter is how long after a session its bookings' tokens are good:
// feedback comes late.
const tokenAfter = 60 * 24 * time.Hour

// keptAfter is how long after a session what was typed to book it is kept.
const keptAfter = personal.BookingFor

// bookingInput is what someone sends to book.
type bookingInput struct {
	GivenName    string `json:"given_name" maxLength:"100"`
	FamilyName   string `json:"family_name" maxLength:"100"`
	Email        string `json:"email" format:"email"`
	Organisation string `json:"organisation,omitempty" maxLength:"200"`
	Territory    string `json:"territory,omitempty" doc:"Official code; REG-76 for a region"`
	QuartetRole  string `json:"quartet_role,omitempty" enum:"elected,officer,state,socioeconomic"`
	Needs        string `json:"needs,omitempty" maxLength:"500" doc:"What would help to take part: access, diet…"`

	byHand bool // the team types it, for someone who asked them to
}

// bookingAnswer is what someone who books learns.
type bookingAnswer struct {
	BookingID string `json:"booking_id"`
	Status    string `json:"status" enum:"confirmed,waiting,cancelled"`
	Position  int    `json:"position,omitempty" doc:"Place on the waiting list, from 1"`
	ManageURL string `json:"manage_url" format:"uri" doc:"Page to see and cancel the booking; its token is good for the API too"`
}

const (
	maxName         = 100
	maxOrganisation = 200
	maxNeeds        = 500
)

// check tidies what was sent and notes every fault.
func (in *bookingInput) check(faults *fault.Fields) {
	for _, text := range []*string{&in.GivenName, &in.FamilyName, &in.Organisation, &in.Territory, &in.Needs} {
		*text = strings.TrimSpace(*text)
	}
	given, family := "Saisissez votre prénom.", "Saisissez votre nom."
	if in.byHand {
		given, family = "Saisissez son prénom.", "Saisissez son nom."
	}
	alliance.CheckText(faults, "given_name", in.GivenName, maxName, given)
	alliance.CheckText(faults, "family_name", in.FamilyName, maxName, family)
	if address, ok := alliance.ParseEmail(in.Email); ok {
		in.Email = address
	} else {
		faults.Add("email", "Saisissez une adresse e-mail comme nom@exemple.fr")
	}
	if utf8.RuneCountInString(in.Organisation) > maxOrganisation || alliance.Unprintable(in.Organisation) {
		faults.Add("organisation", "Saisissez un nom de 200 caractères au plus.")
	}
	if in.QuartetRole != "" && !alliance.Role(in.QuartetRole).Valid() {
		faults.Add("quartet_role", "Choisissez elected, officer, state ou socioeconomic.")
	}
	if utf8.RuneCountInString(in.Needs) > maxNeeds {
		faults.Add("needs", "Raccourcissez ce texte : 500 caractères au plus.")
	}
	if in.Territory != "" {
		found, err := territory.Lookup(in.Territory)
		if err != nil {
			faults.Add("territory", territory.Advice(err))
			return
		}
		current := found.Current()
		in.Territory = current.Ref()
	}
}

func (s *service) postBooking(w http.ResponseWriter, r *http.Request) error {
	var in bookingInput
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	in.check(&faults)
	if err := faults.Err(); err != nil {
		return err
	}
	answer, err := s.bookSession(r.Context(), r.PathValue("id"), in, r.Header.Get("Idempotency-Key"), body)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, answer)
}

// bookSession books for what someone sent. It returns NotFound for an unknown
// session and the Conflict faults "session-closed" and "already-booked".
func (s *service) bookSession(ctx context.Context, id string, in bookingInput, key string, asked []byte) (bookingAnswer, error) {
	session, err := s.session(ctx, id)
	if err != nil {
		return bookingAnswer{}, err
	}
	if key, err = s.claimKey(ctx, id, key, asked); err != nil {
		return bookingAnswer{}, err
	}
	record, err := s.newRecord(ctx, session, in)
	if err != nil {
		return bookingAnswer{}, err
	}
	if !session.bookable(s.now()) {
		return s.bookedBefore(ctx, session, record, key)
	}
	if record, err = s.book(ctx, session, claim{record, key}); err != nil {
		return bookingAnswer{}, err
	}
	return s.answer(ctx, session, record)
}

// bookedBefore answers a request that is repeated after the session has closed.
func (s *service) bookedBefore(ctx context.Context, session sessionItem, record bookingItem, key string) (bookingAnswer, error) {
	var old bookingItem
	found, err := s.table.Get(ctx, record.Key, &old)
	if err != nil {
		return bookingAnswer{}, err
	}
	if !found || !slices.Contains(old.Keys, key) {
		return bookingAnswer{}, errClosed
	}
	return s.answer(ctx, session, old)
}

func (s *service) newRecord(ctx context.Context, session sessionItem, in bookingInput) (bookingItem, error) {
	person, err := personal.Hash(ctx, s.identity, alliance.NormaliseEmail(in.Email))
	if err != nil {
		return bookingItem{}, err
	}
	now := s.now().UTC()
	id := s.newID("bok")
	return bookingItem{
		Key: bookingKey(person, session.ID), Session: session.ID, ID: id,
		GivenName: in.GivenName, FamilyName: in.FamilyName, Email: in.Email, Organisation: in.Organisation,
		Territory: in.Territory, QuartetRole: in.QuartetRole, Needs: in.Needs,
		ByHand: in.byHand, CreatedAt: now, BookedAt: now.Format(instant) + "#" + id, Told: session.Sequence,
		ExpiresAt: session.EndsAt.Add(keptAfter).Unix(),
	}, nil
}

// answer tells of a booking as it is now.
func (s *service) answer(ctx context.Context, session sessionItem, record bookingItem) (bookingAnswer, error) {
	manage, err := s.manageURL(ctx, session, record)
	if err != nil {
		return bookingAnswer{}, err
	}
	answer := bookingAnswer{BookingID: record.ID, Status: record.State, ManageURL: s.origin + manage}
	if record.State == waiting {
		answer.Position, err = s.position(ctx, session.ID, record.Ticket)
	}
	return answer, err
}

// manageURL is the path of the page of a booking, with its token.
func (s *service) manageURL(ctx context.Context, session sessionItem, record bookingItem) (string, error) {
	subject, err := json.Marshal(ticketSubject{personIn(record.PK), record.Session, record.ID})
	if err != nil {
		return "", err
	}
	token, err := s.links.Sign(ctx, bookingPurpose, string(subject), session.EndsAt.Add(tokenAfter))
	return "/reservations/" + record.ID + "?token=" + token, err
}

// ticketSubject is what the token of a booking names.
type ticketSubject struct {
	Person  string `json:"p"`
	Session string `json:"s"`
	Booking string `json:"b"`
}
