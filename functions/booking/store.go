package booking

import (
	"fmt"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/agenda"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// The table Agenda:
//
//	SESSION#ses_…  SESSION        a session, and its capacity
//	SESSION#ses_…  META           whether people queue, and the next ticket
//	SESSION#ses_…  SEAT#00001     a free seat
//	SESSION#ses_…  WAIT#000000001 someone who waits, in order of ticket
//	SESSION#ses_…  OTHERS         who came, without name nor address
//	PERSON#hash    BOOKING#ses_…  the one record of a person in a session
//	PERSON#hash    MAIL#…         a mail to send (package mail)
//	SERIES#slug    SERIES         a workshop or a learning community
//	ONCE#…         ONCE           an Idempotency-Key that was used
//
// Index "agenda": sessions and series by date. Index "session": bookings of a
// session, in the order in which they were made.

// sessionItem is a session as stored. Its seats are items of their own.
type sessionItem struct {
	dynamo.Key
	ID           string    `dynamodbav:"session_id"`
	Kind         Kind      `dynamodbav:"kind"`
	Title        string    `dynamodbav:"title"`
	Description  string    `dynamodbav:"description,omitempty"`
	StartsAt     time.Time `dynamodbav:"starts_at"`
	EndsAt       time.Time `dynamodbav:"ends_at"`
	Mode         Mode      `dynamodbav:"mode"`
	Place        string    `dynamodbav:"place,omitempty"`
	JoinURL      string    `dynamodbav:"join_url,omitempty"` // told to those who have booked
	Capacity     int       `dynamodbav:"seats"`              // "capacity" is a reserved word of expressions
	NextSeat     int       `dynamodbav:"next_seat"`          // number of the next seat to be made; never used twice
	Fundamentals []int     `dynamodbav:"fundamentals,omitempty"`
	Dimensions   []int     `dynamodbav:"narrative_dimensions,omitempty"`
	Series       string    `dynamodbav:"series,omitempty"`
	Cohort       string    `dynamodbav:"cohort,omitempty"`
	State        string    `dynamodbav:"state"`
	// Sequence rises with each change that people who have booked must know
	// of; it is the SEQUENCE of their invitation.
	Sequence int `dynamodbav:"seq"`
	// Version counts the changes: each holds only for the session it was made from.
	Version   int       `dynamodbav:"version,omitempty"`
	CreatedAt time.Time `dynamodbav:"created_at"`
	// Missed tells that it was found, once over, not to have taken place: it is
	// cancelled, and nobody is told.
	Missed bool `dynamodbav:"missed,omitempty"`
	// HeldFact is the last fact about who came, which a correction replaces.
	HeldFact string `dynamodbav:"held_fact,omitempty"`
	// HeldSaid is a keyed digest of the attendance that the fact tells: the same
	// again is no correction.
	HeldSaid string `dynamodbav:"held_said,omitempty"`
	// Agenda and AgendaAt place it in the index "agenda".
	Agenda   string `dynamodbav:"agenda"`
	AgendaAt string `dynamodbav:"agenda_at"`
}

// The stored states of a session; open, full and closed follow from the time
// and from the seats.
const (
	planned   = "planned"
	cancelled = "cancelled" // of a session, and of a booking
	closed    = "closed"    // begun; who came is not noted yet
	held      = "held"
)

// agendaSessions is the partition of the index "agenda" that holds sessions:
// a few hundred a year.
const agendaSessions = agenda.SessionsListed

// instant writes times so that they sort as text.
const instant = "2006-01-02T15:04:05Z"

func agendaAt(starts time.Time, id string) string { return starts.UTC().Format(instant) + "#" + id }

func sessionPartition(session string) string { return sessionKey(session).PK }

func sessionKey(session string) dynamo.Key { return agenda.SessionKey(session) }

// metaItem says how people are seated: by taking a free seat, or by waiting
// for the matcher. The mode never goes back to open.
type metaItem struct {
	dynamo.Key
	Mode       string `dynamodbav:"booking_mode"`
	NextTicket int    `dynamodbav:"next_ticket"`
}

const (
	modeOpen  = "open"
	modeQueue = "queue"
)

func metaKey(session string) dynamo.Key {
	return dynamo.Key{PK: sessionPartition(session), SK: "META"}
}

// seatItem is a free seat.
type seatItem struct{ dynamo.Key }

const (
	seatPrefix = "SEAT#"
	waitPrefix = "WAIT#"
)

func seatKey(session string, number int) dynamo.Key {
	return dynamo.Key{PK: sessionPartition(session), SK: fmt.Sprintf("%s%05d", seatPrefix, number)}
}

// waitItem is someone who waits.
type waitItem struct {
	dynamo.Key
	Person  string `dynamodbav:"person"`
	Booking string `dynamodbav:"booking_id"`
}

func waitKey(session string, ticket int) dynamo.Key {
	return dynamo.Key{PK: sessionPartition(session), SK: fmt.Sprintf("%s%09d", waitPrefix, ticket)}
}

// othersItem is what the last fact about a session counts, without name nor
// address: who came without a booking, so that a correction need not ask for
// them again, and who came with one, so that they are counted when the booking
// is no more.
type othersItem struct {
	dynamo.Key
	Form   string  `dynamodbav:"form,omitempty"` // key of the form that noted them, to know it again
	Said   string  `dynamodbav:"said,omitempty"` // digest of what that form said
	People []other `dynamodbav:"people"`         // without a booking
	Came   []other `dynamodbav:"came,omitempty"` // with a booking
	Booked int     `dynamodbav:"booked,omitempty"`
}

// other is someone who came, as the fact about the session counts them.
type other struct {
	Pseudonym string `dynamodbav:"pseudonym,omitempty"` // the one of the fact; empty when they left no address
	Territory string `dynamodbav:"territory,omitempty"`
	Role      string `dynamodbav:"quartet_role,omitempty"`
	Ally      bool   `dynamodbav:"ally,omitempty"`
}

func othersKey(session string) dynamo.Key {
	return dynamo.Key{PK: sessionPartition(session), SK: "OTHERS"}
}

// bookingItem is the one record of a person in a session. It is never deleted
// before the person is, so that a request that comes late cannot book again
// what was cancelled.
type bookingItem struct {
	dynamo.Key
	Session string `dynamodbav:"session_id"`
	ID      string `dynamodbav:"booking_id"`
	State   string `dynamodbav:"state"`
	Seat    string `dynamodbav:"seat,omitempty"` // sort key of its seat
	Ticket  int    `dynamodbav:"ticket,omitempty"`
	// Keys are all the idempotency keys that made or found a booking here.
	Keys         []string `dynamodbav:"request_keys,stringset,omitempty"`
	GivenName    string   `dynamodbav:"given_name"`
	FamilyName   string   `dynamodbav:"family_name"`
	Email        string   `dynamodbav:"email"`
	Organisation string   `dynamodbav:"organisation,omitempty"`
	Territory    string   `dynamodbav:"territory,omitempty"`
	QuartetRole  string   `dynamodbav:"quartet_role,omitempty"`
	Needs        string   `dynamodbav:"needs,omitempty"`
	// ByHand tells that the team booked, for someone who had asked them to.
	ByHand    bool      `dynamodbav:"by_hand,omitempty"`
	CreatedAt time.Time `dynamodbav:"created_at"`
	BookedAt  string    `dynamodbav:"booked_at"` // with the booking's id: order in the index "session"
	// Promoted tells that the seat came through the waiting list.
	Promoted bool `dynamodbav:"promoted,omitempty"`
	// Told is the sequence of the session that the person knows of.
	Told int `dynamodbav:"told"`
	// Changes counts what happened to the booking: each change is one mail.
	Changes    int    `dynamodbav:"changes"`
	Reminded   bool   `dynamodbav:"reminded,omitempty"`
	Attended   bool   `dynamodbav:"attended,omitempty"`
	FeedbackAt string `dynamodbav:"feedback_at,omitempty"`
	ExpiresAt  int64  `dynamodbav:"expires_at"`
}

// The states of a booking, besides cancelled.
const (
	confirmed = "confirmed"
	waiting   = "waiting"
)

const bookingPrefix = "BOOKING#"

func bookingKey(person, session string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: bookingPrefix + session}
}

// seriesItem is a workshop or a learning community.
type seriesItem struct {
	dynamo.Key
	Slug       string `dynamodbav:"slug"`
	Kind       Kind   `dynamodbav:"kind"`
	Name       string `dynamodbav:"name"`
	ActiveFrom string `dynamodbav:"active_from"`
	ActiveTo   string `dynamodbav:"active_to,omitempty"`
	// Fact is the last fact about when it is active, which a change replaces.
	Fact string `dynamodbav:"fact,omitempty"`
	// Version counts the changes: each holds only for the series it was made from.
	Version  int    `dynamodbav:"version"`
	Agenda   string `dynamodbav:"agenda"`
	AgendaAt string `dynamodbav:"agenda_at"`
}

func seriesKey(slug string) dynamo.Key { return agenda.SeriesKey(slug) }
