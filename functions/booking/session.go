package booking

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Kind is the kind of a session.
type Kind string

// The kinds, in the order in which pages offer them.
const (
	Permanence      Kind = "permanence"
	Initiation      Kind = "initiation"
	Workshop        Kind = "workshop"
	Community       Kind = "community"
	Assembly        Kind = "assembly"
	GeneralAssembly Kind = "general_assembly"
)

var kinds = []Kind{Permanence, Initiation, Workshop, Community, Assembly, GeneralAssembly}

// Mode is how people take part.
type Mode string

// The modes.
const (
	Online Mode = "online"
	Onsite Mode = "onsite"
	Hybrid Mode = "hybrid"
)

// The bounds of a session.
const (
	maxCapacity    = 2000 // the largest assembly, with room to grow
	maxTitle       = 200
	maxDescription = 5000
	maxPlace       = 300
	maxURL         = 500
	longest        = 10 * 24 * time.Hour
	fundamentals   = 4 // domain: the four fundamentals
	dimensions     = 5 // and the five narrative dimensions
)

// sessionInput is a session as the team writes it.
type sessionInput struct {
	Kind         Kind   `json:"kind" enum:"permanence,initiation,workshop,community,assembly,general_assembly"`
	Title        string `json:"title" maxLength:"200"`
	Description  string `json:"description,omitempty" maxLength:"5000"`
	StartsAt     moment `json:"starts_at" format:"date-time"`
	EndsAt       moment `json:"ends_at" format:"date-time"`
	Timezone     string `json:"timezone,omitempty" doc:"Europe/Paris, the only one"`
	Mode         Mode   `json:"mode" enum:"online,onsite,hybrid"`
	Place        string `json:"place,omitempty" maxLength:"300" doc:"Address; needed unless the session is online"`
	JoinURL      string `json:"join_url,omitempty" doc:"Told to those who have booked only"`
	Capacity     int    `json:"capacity" doc:"1 to 2000"`
	Fundamentals []int  `json:"fundamentals,omitempty" doc:"1 to 4"`
	Dimensions   []int  `json:"narrative_dimensions,omitempty" doc:"1 to 5"`
	Series       string `json:"series,omitempty" doc:"Slug of a series"`
	Cohort       string `json:"cohort,omitempty" doc:"Slug of a cohort"`

	past bool // it was never announced, and is over: who came is still to be noted
}

// moment is an instant as someone wrote it; zero when it is none, so that the
// rules find it with all other faults.
type moment struct{ time.Time }

// UnmarshalJSON reads RFC 3339, and takes anything else for no instant.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var text string
	m.Time = time.Time{}
	if json.Unmarshal(raw, &text) == nil {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			m.Time = at.UTC().Truncate(time.Second)
		}
	}
	return nil
}

// check tidies a session and notes every fault.
func (in *sessionInput) check(faults *fault.Fields) {
	if !slices.Contains(kinds, in.Kind) {
		faults.Add("kind", "Choisissez une sorte de rencontre : permanence, initiation, workshop, community, assembly ou general_assembly.")
	}
	in.Title, in.Description, in.Place = strings.TrimSpace(in.Title), strings.TrimSpace(in.Description), strings.TrimSpace(in.Place)
	alliance.CheckText(faults, "title", in.Title, maxTitle, "Saisissez un titre.")
	if utf8.RuneCountInString(in.Description) > maxDescription {
		faults.Add("description", "Raccourcissez la description : 5 000 caractères au plus.")
	}
	in.checkTimes(faults)
	in.checkPlace(faults)
	if in.Capacity < 1 || in.Capacity > maxCapacity {
		faults.Add("capacity", "Saisissez un nombre de places de 1 à 2 000.")
	}
	checkNumbers(faults, "fundamentals", in.Fundamentals, fundamentals)
	checkNumbers(faults, "narrative_dimensions", in.Dimensions, dimensions)
	alliance.CheckSlug(faults, "series", in.Series)
	alliance.CheckSlug(faults, "cohort", in.Cohort)
}

func (in *sessionInput) checkTimes(faults *fault.Fields) {
	switch {
	case in.StartsAt.IsZero():
		faults.Add("starts_at", "Indiquez le début, comme 2026-02-03T11:30:00Z.")
	case in.EndsAt.IsZero():
		faults.Add("ends_at", "Indiquez la fin, comme 2026-02-03T12:30:00Z.")
	case !in.EndsAt.After(in.StartsAt.Time):
		faults.Add("ends_at", "La fin doit venir après le début.")
	case in.EndsAt.Sub(in.StartsAt.Time) > longest:
		faults.Add("ends_at", "Une rencontre dure dix jours au plus.")
	}
	if in.Timezone != "" && in.Timezone != timezone {
		faults.Add("timezone", "Les rencontres sont à l’heure de Paris : Europe/Paris.")
	}
}

func (in *sessionInput) checkPlace(faults *fault.Fields) {
	switch in.Mode {
	case Online, Onsite, Hybrid:
	default:
		faults.Add("mode", "Choisissez online, onsite ou hybrid.")
	}
	if in.Place == "" && (in.Mode == Onsite || in.Mode == Hybrid) {
		faults.Add("place", "Indiquez le lieu d’une rencontre sur place.")
	} else if utf8.RuneCountInString(in.Place) > maxPlace || alliance.Unprintable(in.Place) {
		faults.Add("place", "Saisissez une adresse de 300 caractères au plus.")
	}
	if in.JoinURL == "" {
		return
	}
	address, err := url.Parse(in.JoinURL)
	if err != nil || address.Scheme != "https" || address.Host == "" || len(in.JoinURL) > maxURL {
		faults.Add("join_url", "Saisissez une adresse comme https://visio.exemple.fr/salle")
	}
}

func checkNumbers(faults *fault.Fields, location string, numbers []int, most int) {
	for _, n := range numbers {
		if n < 1 || n > most {
			faults.Add(location, "Choisissez parmi les nombres de 1 à "+string(rune('0'+most))+".")
			return
		}
	}
}

// session is a session as everyone sees it.
type session struct {
	ID           string    `json:"id"`
	Kind         Kind      `json:"kind" enum:"permanence,initiation,workshop,community,assembly,general_assembly"`
	Title        string    `json:"title"`
	Description  string    `json:"description"`
	StartsAt     time.Time `json:"starts_at"`
	EndsAt       time.Time `json:"ends_at"`
	Timezone     string    `json:"timezone" enum:"Europe/Paris"`
	Mode         Mode      `json:"mode" enum:"online,onsite,hybrid"`
	Place        string    `json:"place,omitempty"`
	Capacity     int       `json:"capacity"`
	SeatsLeft    int       `json:"seats_left" doc:"Seats that nobody has and nobody waits for"`
	Waiting      int       `json:"waiting"`
	Fundamentals []int     `json:"fundamentals"`
	Dimensions   []int     `json:"narrative_dimensions"`
	Series       string    `json:"series,omitempty"`
	Cohort       string    `json:"cohort,omitempty"`
	Status       string    `json:"status" enum:"open,full,closed,cancelled,held"`
}

const timezone = "Europe/Paris"

// bookable tells whether a session takes bookings at an instant.
func (i sessionItem) bookable(now time.Time) bool {
	return i.State == planned && now.Before(i.StartsAt)
}

// shown is a session with what its seats say at an instant.
func (i sessionItem) shown(free, waits int, now time.Time) session {
	out := session{
		ID: i.ID, Kind: i.Kind, Title: i.Title, Description: i.Description, StartsAt: i.StartsAt, EndsAt: i.EndsAt,
		Timezone: timezone, Mode: i.Mode, Place: i.Place, Capacity: i.Capacity, SeatsLeft: max(0, free-waits), Waiting: waits,
		Fundamentals: append([]int{}, i.Fundamentals...), Dimensions: append([]int{}, i.Dimensions...),
		Series: i.Series, Cohort: i.Cohort, Status: i.State,
	}
	switch {
	case i.State != planned:
	case !now.Before(i.StartsAt):
		out.Status = "closed"
	case out.SeatsLeft == 0:
		out.Status = "full"
	default:
		out.Status = "open"
	}
	return out
}
