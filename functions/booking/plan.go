package booking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
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
	if err := s.checkNew(r.Context(), &in, &faults); err != nil {
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
	in.checkWhen(s.now(), faults)
	if err := s.checkSeries(ctx, in.Series, faults); err != nil {
		return err
	}
	return faults.Err()
}

// checkWhen notes a day that has passed or, of a session that is said to be
// over, one that is to come.
func (in *sessionInput) checkWhen(now time.Time, faults *fault.Fields) {
	switch {
	case in.StartsAt.IsZero() || faults.Has("day") || faults.Has("last_day"):
	case !in.past && in.StartsAt.Before(now):
		faults.Add("starts_at", "Cette date est passée\u00a0: planifiez une rencontre à venir.")
	case !in.past:
	case in.StartsAt.In(french.Paris()).Year() < firstYear:
		faults.Add("day", fmt.Sprintf("L’agenda commence en %d\u00a0: indiquez un jour de cette année-là ou d’après.", firstYear))
	case in.StartsAt.After(now):
		faults.Add(pastField, "Cette rencontre est à venir\u00a0: décochez cette case.")
	case in.EndsAt.After(now):
		faults.Add(pastField, stillOn)
	}
}

// stillOn is said of a session that goes on.
const stillOn = "Cette rencontre n’est pas terminée\u00a0: attendez sa fin pour l’enregistrer ici et noter qui est venu."

// plan makes a session. Its seats are made first and the session last, with
// the answer to the request's key: a crash between leaves seats of a session
// that nobody can find, and the request may be sent again. One that is over
// is closed, and has no seats.
func (s *service) plan(ctx context.Context, in sessionInput, key string, asked []byte) (session, error) {
	now := s.now()
	once := s.table.Once("POST /v1/sessions", key, asked, now)
	if text, found, err := once.Answered(ctx); err != nil || found {
		return readSession(text, err)
	}
	item, free := newSessionItem(s.newID("ses"), in, now), in.Capacity
	if in.past {
		item.State, free = closed, 0
	}
	first := min(free, seatsAtOnce)
	for made := first; made < free; made += seatsAtOnce {
		var seats dynamo.Writes
		for number := made + 1; number <= min(made+seatsAtOnce, free); number++ {
			seats.Add(s.table.Put(seatItem{seatKey(item.ID, number)}, dynamo.Absent))
		}
		if err := seats.Commit(ctx, s.table.Client); err != nil {
			return session{}, err
		}
	}
	answer := item.shown(free, 0, now)
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

// refusedAs turns a refused transaction into a fault.
func refusedAs(err error, f *fault.Error) error {
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return f
	}
	return err
}
