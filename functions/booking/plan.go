package booking

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var (
	errNoSession = fault.New(fault.NotFound, "unknown-session", "Cette rencontre n’existe pas.")
	errClosed    = fault.New(fault.Conflict, "session-closed", "Les réservations de cette rencontre sont closes.")
	errChanged   = fault.New(fault.Conflict, "changed-meanwhile", "Cette rencontre vient de changer : relisez-la, puis recommencez.")
)

// seatsAtOnce is how many seats one transaction makes or removes: 100 items
// at most, with the session, its META and an audit entry
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
const seatsAtOnce = 95

func (s *service) postSession(w http.ResponseWriter, r *http.Request) error {
	var in sessionInput
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	in.check(&faults)
	if in.StartsAt.Before(s.now()) && !in.StartsAt.IsZero() {
		faults.Add("starts_at", "Cette date est passée : planifiez une rencontre à venir.")
	}
	if err := s.checkSeries(r.Context(), in.Series, &faults); err != nil {
		return err
	}
	if err := faults.Err(); err != nil {
		return err
	}
	created, err := s.plan(r.Context(), in, r.Header.Get("Idempotency-Key"), body)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/sessions/"+created.ID)
	return web.JSON(w, http.StatusCreated, created)
}

// checkNew tidies a session that is to be made, and returns Invalid with every fault.
func (s *service) checkNew(ctx context.Context, in *sessionInput, faults *fault.Fields) error {
	in.check(faults)
	if in.StartsAt.Before(s.now()) && !in.StartsAt.IsZero() {
		faults.Add("starts_at", "Cette date est passée : planifiez une rencontre à venir.")
	}
	if err := s.checkSeries(ctx, in.Series, faults); err != nil {
		return err
	}
	return faults.Err()
}

// plan makes a session. Its seats are made first and the session last, with
// the answer to the request's key: a crash between leaves seats of a session
// that nobody can find, and the request may be sent again.
func (s *service) plan(ctx context.Context, in sessionInput, key string, asked []byte) (session, error) {
	now := s.now()
	once := s.table.Once("POST /v1/sessions", key, asked, now)
	if text, found, err := once.Answered(ctx); err != nil || found {
		return readSession(text, err)
	}
	item := newSessionItem(s.newID("ses"), in, now)
	first := min(in.Capacity, seatsAtOnce)
	for made := first; made < in.Capacity; made += seatsAtOnce {
		var seats dynamo.Writes
		for number := made + 1; number <= min(made+seatsAtOnce, in.Capacity); number++ {
			seats.Add(s.table.Put(seatItem{seatKey(item.ID, number)}, dynamo.Absent))
		}
		if err := seats.Commit(ctx, s.table.Client); err != nil {
			return session{}, err
		}
	}
	answer := item.shown(in.Capacity, 0, now)
	text, err := json.Marshal(answer)
	if err != nil {
		return session{}, err
	}
	var writes dynamo.Writes
	writes.Add(s.table.Put(item, dynamo.Absent))
	writes.Add(s.table.Put(metaItem{metaKey(item.ID), modeOpen, 0}, dynamo.Absent))
	writes.Add(s.audit.Entry(ctx, "session.planned", item.ID, nil, answer))
	for number := 1; number <= first; number++ {
		writes.Add(s.table.Put(seatItem{seatKey(item.ID, number)}, dynamo.Absent))
	}
	keep, keyed, err := once.Answer(string(text))
	if keyed || err != nil {
		writes.Add(keep, err)
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if keyed && errors.As(err, &refused) {
		if text, found, firstErr := once.First(refused, len(writes.Items)-1); found || firstErr != nil {
			return readSession(text, firstErr)
		}
	}
	return answer, err
}

func readSession(text string, err error) (out session, _ error) {
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal([]byte(text), &out)
}

func newSessionItem(id string, in sessionInput, now time.Time) sessionItem {
	item := sessionItem{Key: sessionKey(id), ID: id, State: planned, Agenda: agendaSessions, CreatedAt: now.UTC(),
		Capacity: in.Capacity, NextSeat: in.Capacity + 1}
	item.take(in)
	return item
}

// take makes a session be what the team wrote, but for its capacity, which
// changes with its seats.
func (i *sessionItem) take(in sessionInput) {
	i.Kind, i.Title, i.Description, i.Mode, i.Place, i.JoinURL = in.Kind, in.Title, in.Description, in.Mode, in.Place, in.JoinURL
	i.StartsAt, i.EndsAt, i.AgendaAt = in.StartsAt.Time, in.EndsAt.Time, agendaAt(in.StartsAt.Time, i.ID)
	i.Fundamentals, i.Dimensions, i.Series, i.Cohort = in.Fundamentals, in.Dimensions, in.Series, in.Cohort
}

// input is a session as the team wrote it.
func (i sessionItem) input() sessionInput {
	return sessionInput{
		Kind: i.Kind, Title: i.Title, Description: i.Description, StartsAt: moment{i.StartsAt}, EndsAt: moment{i.EndsAt}, Mode: i.Mode,
		Place: i.Place, JoinURL: i.JoinURL, Capacity: i.Capacity, Fundamentals: i.Fundamentals, Dimensions: i.Dimensions,
		Series: i.Series, Cohort: i.Cohort,
	}
}

// sessionChange is what the team changes of a session: what is nil stays.
type sessionChange struct {
	Kind         *Kind   `json:"kind,omitempty"`
	Title        *string `json:"title,omitempty"`
	Description  *string `json:"description,omitempty"`
	StartsAt     *moment `json:"starts_at,omitempty" format:"date-time"`
	EndsAt       *moment `json:"ends_at,omitempty" format:"date-time"`
	Mode         *Mode   `json:"mode,omitempty"`
	Place        *string `json:"place,omitempty"`
	JoinURL      *string `json:"join_url,omitempty"`
	Capacity     *int    `json:"capacity,omitempty" doc:"Never under what is booked"`
	Fundamentals *[]int  `json:"fundamentals,omitempty"`
	Dimensions   *[]int  `json:"narrative_dimensions,omitempty"`
	Series       *string `json:"series,omitempty"`
	Cohort       *string `json:"cohort,omitempty"`
}

func (c sessionChange) apply(in *sessionInput) {
	set(&in.Kind, c.Kind)
	set(&in.Title, c.Title)
	set(&in.Description, c.Description)
	set(&in.StartsAt, c.StartsAt)
	set(&in.EndsAt, c.EndsAt)
	set(&in.Mode, c.Mode)
	set(&in.Place, c.Place)
	set(&in.JoinURL, c.JoinURL)
	set(&in.Capacity, c.Capacity)
	set(&in.Fundamentals, c.Fundamentals)
	set(&in.Dimensions, c.Dimensions)
	set(&in.Series, c.Series)
	set(&in.Cohort, c.Cohort)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s *service) patchSession(w http.ResponseWriter, r *http.Request) error {
	var in sessionChange
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	changed, err := s.change(r.Context(), r.PathValue("id"), in, &faults)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, changed)
}

// change applies a change. A larger capacity seats those who wait; a smaller
// one never goes under what is booked. Moving a session raises its sequence,
// and the stream then tells everyone who has booked.
func (s *service) change(ctx context.Context, id string, in sessionChange, faults *fault.Fields) (session, error) {
	old, err := s.session(ctx, id)
	if err != nil {
		return session{}, err
	}
	wanted := old.input()
	in.apply(&wanted)
	wanted.check(faults)
	if in.Series != nil {
		if err := s.checkSeries(ctx, wanted.Series, faults); err != nil {
			return session{}, err
		}
	}
	if err := faults.Err(); err != nil {
		return session{}, err
	}
	if old.State != planned {
		return session{}, old.past()
	}
	if wanted.Capacity < old.Capacity { // first, as it may be refused
		if err := s.shrink(ctx, id, wanted.Capacity); err != nil {
			return session{}, err
		}
	}
	if err := s.rewrite(ctx, old, wanted); err != nil {
		return session{}, err
	}
	if wanted.Capacity > old.Capacity {
		if err := s.grow(ctx, id, wanted.Capacity); err != nil {
			return session{}, err
		}
	}
	return s.shownSession(ctx, id)
}

// rewrite stores all that changed but the capacity.
func (s *service) rewrite(ctx context.Context, old sessionItem, wanted sessionInput) error {
	changed := old
	changed.take(wanted)
	if !changed.sameForGuests(old) {
		changed.Sequence++
	}
	update := expression.
		Set(expression.Name("kind"), expression.Value(changed.Kind)).
		Set(expression.Name("title"), expression.Value(changed.Title)).
		Set(expression.Name("description"), expression.Value(changed.Description)).
		Set(expression.Name("starts_at"), expression.Value(changed.StartsAt)).
		Set(expression.Name("ends_at"), expression.Value(changed.EndsAt)).
		Set(expression.Name("agenda_at"), expression.Value(changed.AgendaAt)).
		Set(expression.Name("mode"), expression.Value(changed.Mode)).
		Set(expression.Name("place"), expression.Value(changed.Place)).
		Set(expression.Name("join_url"), expression.Value(changed.JoinURL)).
		Set(expression.Name("fundamentals"), expression.Value(changed.Fundamentals)).
		Set(expression.Name("narrative_dimensions"), expression.Value(changed.Dimensions)).
		Set(expression.Name("series"), expression.Value(changed.Series)).
		Set(expression.Name("cohort"), expression.Value(changed.Cohort)).
		Set(expression.Name("seq"), expression.Value(changed.Sequence))
	same := expression.Name("seq").Equal(expression.Value(old.Sequence)).And(expression.Name("state").Equal(expression.Value(planned)))
	var writes dynamo.Writes
	writes.Add(s.table.Update(old.Key, update, same))
	writes.Add(s.audit.Entry(ctx, "session.changed", old.ID, old.input(), wanted))
	return refusedAs(writes.Commit(ctx, s.table.Client), errChanged)
}

// refusedAs turns a refused transaction into a fault.
func refusedAs(err error, f *fault.Error) error {
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return f
	}
	return err
}

// sameForGuests tells whether those who have booked need not hear of a change.
func (i sessionItem) sameForGuests(old sessionItem) bool {
	return i.StartsAt.Equal(old.StartsAt) && i.EndsAt.Equal(old.EndsAt) && i.Mode == old.Mode &&
		i.Place == old.Place && i.JoinURL == old.JoinURL && i.Title == old.Title
}

func (s *service) cancelSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.cancel(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	shown, err := s.shownSession(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, shown)
}

// past is the fault "session-closed" in the words of whoever wants to change or
// cancel a session that is planned no more.
func (i sessionItem) past() *fault.Error {
	detail := "Cette rencontre a commencé : on ne peut plus la modifier ni l’annuler."
	switch i.State {
	case held:
		detail = "Cette rencontre a eu lieu : on ne peut plus la modifier ni l’annuler."
	case cancelled:
		detail = "Cette rencontre est annulée : on ne peut plus la modifier, seulement la copier à une autre date."
	}
	return fault.New(errClosed.Kind, errClosed.Code, detail)
}

// cancel cancels a session, once. It returns the Conflict fault
// "session-closed" when it has begun or was held.
func (s *service) cancel(ctx context.Context, id string) error {
	old, err := s.session(ctx, id)
	switch {
	case err != nil:
		return err
	case old.State == cancelled:
		return nil
	case old.State == planned:
		return s.callOff(ctx, old)
	}
	return old.past()
}

// callOff cancels a session, then takes its free seats away, so that nobody
// who was booking at this moment gets one. The stream tells those who have booked.
func (s *service) callOff(ctx context.Context, old sessionItem) error {
	update := expression.Set(expression.Name("state"), expression.Value(cancelled)).
		Add(expression.Name("seq"), expression.Value(1))
	var writes dynamo.Writes
	writes.Add(s.table.Update(old.Key, update, expression.Name("state").Equal(expression.Value(planned))))
	writes.Add(s.audit.Entry(ctx, "session.cancelled", old.ID, old.input(), nil))
	var refused *dynamo.Refused
	if err := writes.Commit(ctx, s.table.Client); err != nil && !errors.As(err, &refused) {
		return err
	}
	return s.removeFree(ctx, old.ID)
}

// removeFree takes all free seats of a session away.
func (s *service) removeFree(ctx context.Context, id string) error {
	for {
		var seats []dynamo.Key
		if err := s.some(ctx, id, seatPrefix, seatPrefix+"~", seatsAtOnce, &seats); err != nil || len(seats) == 0 {
			return err
		}
		for chunk := range slices.Chunk(seats, seatsAtOnce) {
			var writes dynamo.Writes
			for _, seat := range chunk {
				writes.Add(s.table.Delete(seat))
			}
			if err := writes.Commit(ctx, s.table.Client); err != nil {
				return err
			}
		}
	}
}
