package demo

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"time"
)

//go:embed agenda.json
var agenda []byte

// planned is a session to come, so many days from today, at an hour of Paris.
type planned struct {
	InDays  int            `json:"in_days"`
	Hour    int            `json:"hour"`
	Hours   int            `json:"hours"`
	Booked  int            `json:"booked"` // by so many of the people who signed
	Session map[string]any `json:"session"`
}

// planAgenda plans the sessions to come as the team does, opens the
// permanences as the schedule does, and lets people book.
func (c caller) planAgenda(now time.Time) error {
	var entries []ally
	var plan struct {
		Sessions []planned `json:"sessions"`
	}
	if err := json.Unmarshal(allies, &entries); err != nil {
		return err
	}
	if err := json.Unmarshal(agenda, &plan); err != nil {
		return err
	}
	team, err := c.asTeam()
	if err != nil {
		return err
	}
	if err := c.call(http.MethodPost, "/_dev/schedules/open-permanences", nil, nil); err != nil {
		return err
	}
	return each(plan.Sessions, func(p planned) error {
		id, err := team.plan(p, now)
		if err != nil {
			return err
		}
		for _, e := range entries[:p.Booked] { // in turn: the last ones wait when it is full
			if err := c.call(http.MethodPost, "/v1/sessions/"+id+"/bookings", e.Person, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// plan plans a session and returns its id.
func (c caller) plan(p planned, now time.Time) (id string, err error) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return "", err
	}
	day := now.In(paris).AddDate(0, 0, p.InDays)
	starts := time.Date(day.Year(), day.Month(), day.Day(), p.Hour, 0, 0, 0, paris)
	p.Session["starts_at"] = starts.UTC()
	p.Session["ends_at"] = starts.Add(time.Duration(p.Hours) * time.Hour).UTC()
	var made struct{ ID string }
	err = c.call(http.MethodPost, "/v1/sessions", p.Session, &made)
	return made.ID, err
}
