package booking

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// world is one test's tables, with the function opened on them twice: as a
// host runs it, and bare, so that a test can call its actions and take its
// guards away.
type world struct {
	*functiontest.Env
	*service
	running *function.Running
	t       testing.TB
}

// newWorld makes a world with an empty agenda. Its clock stands on Tuesday 10
// March 2026 at 10:00 in Paris.
func newWorld(t testing.TB) *world {
	t.Helper()
	env := functiontest.New(t)
	env.Issuer()
	running := env.Open(Function)
	bare, err := open(env.Runtime())
	if err != nil {
		t.Fatal(err)
	}
	return &world{Env: env, service: bare, running: running, t: t}
}

// team is the context of a request of the team.
func (w *world) team() context.Context {
	return auth.WithMember(w.t.Context(), auth.Member{Subject: "member-1", Roles: []auth.Role{auth.RoleTeam}})
}

// inTwoDays is a session as the team writes it, two days from now.
func (w *world) inTwoDays(seats int) sessionInput {
	starts := w.Clock.Now().Add(48 * time.Hour)
	return sessionInput{
		Kind: Initiation, Title: "Découvrir les fondamentaux", Mode: Online, JoinURL: "https://visio.example/salle",
		StartsAt: moment{starts}, EndsAt: moment{starts.Add(2 * time.Hour)}, Capacity: seats, Fundamentals: []int{1},
	}
}

// newSession makes a session with so many seats, two days from now.
func (w *world) newSession(seats int) sessionItem {
	w.t.Helper()
	made, err := w.plan(w.team(), w.inTwoDays(seats), "", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.stored(made.ID)
}

// stored is a session as it stands in the table.
func (w *world) stored(id string) sessionItem {
	w.t.Helper()
	item, err := w.session(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return item
}

// guest is what the person of this number types to book.
func guest(n int) bookingInput {
	return bookingInput{GivenName: fmt.Sprintf("Camille%d", n), FamilyName: "Martin", Email: guestAddress(n)}
}

func guestAddress(n int) string { return fmt.Sprintf("camille.%d@territoire.example", n) }

// tryBook books for the person of this number; the key may be empty.
func (w *world) tryBook(session string, n int, key string) (bookingAnswer, error) {
	return w.bookSession(w.t.Context(), session, guest(n), key, fmt.Appendf(nil, "%d", n))
}

// bookAs books for the person of this number, who must get an answer.
func (w *world) bookAs(session string, n int) bookingAnswer {
	w.t.Helper()
	answer, err := w.tryBook(session, n, "")
	if err != nil {
		w.t.Fatalf("person %d: %v", n, err)
	}
	return answer
}

// bookMany books for people number 1 to n, in that order.
func (w *world) bookMany(session string, n int) (answers []bookingAnswer) {
	w.t.Helper()
	for i := range n {
		answers = append(answers, w.bookAs(session, i+1))
	}
	return answers
}

// subject is whom the token of an answer names.
func (w *world) subject(answer bookingAnswer) ticketSubject {
	w.t.Helper()
	_, token, _ := strings.Cut(answer.ManageURL, "?token=")
	subject, err := w.holder(w.t.Context(), answer.BookingID, token)
	if err != nil {
		w.t.Fatal(err)
	}
	return subject
}

// token is the token of the page on which a booking is seen and cancelled.
func (w *world) token(answer bookingAnswer) string {
	_, token, _ := strings.Cut(answer.ManageURL, "?token=")
	return token
}

// cancel gives a booking up, as its holder would.
func (w *world) cancel(answer bookingAnswer) {
	w.t.Helper()
	if err := w.giveUp(w.t.Context(), w.subject(answer)); err != nil {
		w.t.Fatal(err)
	}
}

// status is what the holder of a booking reads of it now: "waiting 2".
func (w *world) status(answer bookingAnswer) string {
	w.t.Helper()
	view, err := w.viewBooking(w.t.Context(), w.subject(answer))
	if err != nil {
		w.t.Fatal(err)
	}
	return said(view.Status, view.Position)
}

// said is a state in short: "confirmed", "waiting 2".
func said(status string, position int) string {
	if position > 0 {
		return fmt.Sprintf("%s %d", status, position)
	}
	return status
}

// room is all that a session holds at rest.
type room struct {
	session sessionItem
	mode    string
	free    []string
	waits   []waitItem
	records []bookingItem
}

// in is the records in a state, in the order of their tickets.
func (r room) in(state string) (found []bookingItem) {
	for _, record := range r.records {
		if record.State == state {
			found = append(found, record)
		}
	}
	slices.SortStableFunc(found, func(a, b bookingItem) int { return a.Ticket - b.Ticket })
	return found
}

// look reads all that a session holds.
func (w *world) look(session string) (r room) {
	w.t.Helper()
	for _, item := range w.Dump(function.Agenda) {
		pk, sk := item["pk"].(string), item["sk"].(string)
		switch {
		case pk == sessionPartition(session) && strings.HasPrefix(sk, seatPrefix):
			r.free = append(r.free, sk)
		case pk == sessionPartition(session) && strings.HasPrefix(sk, waitPrefix):
			r.waits = append(r.waits, as[waitItem](w.t, item))
		case pk == sessionPartition(session) && sk == "META":
			r.mode = as[metaItem](w.t, item).Mode
		case pk == sessionPartition(session):
			r.session = as[sessionItem](w.t, item)
		case sk == bookingPrefix+session:
			r.records = append(r.records, as[bookingItem](w.t, item))
		}
	}
	slices.SortFunc(r.waits, func(a, b waitItem) int { return strings.Compare(a.SK, b.SK) })
	return r
}

// as reads an item of a dump as what it is.
func as[T any](t testing.TB, item map[string]any) (out T) {
	t.Helper()
	attributes, err := attributevalue.MarshalMap(item)
	if err != nil {
		t.Fatal(err)
	}
	if err := attributevalue.UnmarshalMap(attributes, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
