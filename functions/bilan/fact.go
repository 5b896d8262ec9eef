package bilan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// fact is a fact of the ledger as figures read it.
type fact struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"` // with its version
	Subject string    `json:"subject"`
	Time    time.Time `json:"time"`
	Data    said      `json:"data"`
	// recorded is when it was appended; it decides no figure.
	recorded time.Time
}

// said is what facts of all types say, as far as figures count it. Each type
// has a schema in events/; a name means the same in all of them, but for those
// that have a type of their own below.
type said struct {
	Corrects string `json:"corrects"`
	// CorrectedType is the type of the fact that a fact.voided corrects.
	CorrectedType string `json:"corrected_type"`
	Kind          string `json:"kind"` // of an ally, a session, a series or a resource

	AllyID string `json:"ally_id"`
	Reason string `json:"reason"` // why an ally left: "merged", when it was another one all along; why a fact is void

	SessionID    string              `json:"session_id"`
	Series       string              `json:"series"`
	StartsAt     time.Time           `json:"starts_at"`
	Minutes      int                 `json:"minutes"`
	Territories  map[string]int      `json:"territories"`
	Participants pseudonyms          `json:"participants"`
	Allies       pseudonyms          `json:"allies"`
	ByRole       map[string][]string `json:"participants_by_role"`
	Effects      map[string]int      `json:"effects"`

	Slug       string `json:"slug"`
	ActiveFrom string `json:"active_from"`
	ActiveTo   string `json:"active_to"`

	Cohort      string `json:"cohort"`
	Programme   string `json:"programme"`
	Territory   string `json:"territory"`
	EnrolledOn  string `json:"enrolled_on"`
	EndsOn      string `json:"ends_on"`
	WithdrawnOn string `json:"withdrawn_on"`
	Source      string `json:"source"`
	SaidAt      string `json:"said_at"`

	ResourceID string `json:"resource_id"`

	Title          string `json:"title"`
	Representative bool   `json:"representative"`
	Beneficiary    string `json:"beneficiary"`
	StartedOn      string `json:"started_on"`
	EndedOn        string `json:"ended_on"`
	About          string `json:"subject"` // of a training
	Pairs          int    `json:"pairs"`
}

// pseudonyms are the participants of a session. A training says how many there
// were under the same name: that is no list, and names nobody.
type pseudonyms []string

// UnmarshalJSON reads a list and takes anything else for an empty one.
func (p *pseudonyms) UnmarshalJSON(text []byte) error {
	if !bytes.HasPrefix(text, []byte("[")) {
		return nil
	}
	return json.Unmarshal(text, (*[]string)(p))
}

// readFact reads the JSON of a fact.
func readFact(event, recordedAt string) (f fact, err error) {
	if err := json.Unmarshal([]byte(event), &f); err != nil {
		return f, fmt.Errorf("fact: %w", err)
	}
	f.recorded, err = time.Parse(time.RFC3339, recordedAt)
	if err != nil {
		return f, fmt.Errorf("fact %s: %w", f.ID, err)
	}
	return f, nil
}

// kind is the type of a fact without its version: "session.held".
func (f fact) kind() string { return kindOf(f.Type) }

// voidedKind is of facts that put nothing in the place of what they correct.
const voidedKind = "fact.voided"

// corrects names the fact which this one replaces: of its own kind, whatever
// the version, or of any when it only makes it void. id is empty for none.
func (f fact) corrects() (kind, id string) {
	if f.kind() == voidedKind {
		return kindOf(f.Data.CorrectedType), f.Data.Corrects
	}
	return f.kind(), f.Data.Corrects
}

func kindOf(kind string) string {
	if at := strings.LastIndex(kind, ".v"); at > 0 {
		return kind[:at]
	}
	return kind
}

// year is that of the fact, by the calendar of Paris.
func (f fact) year() int { return f.Time.In(french.Paris()).Year() }

// day is that of the fact, by the calendar of Paris.
func (f fact) day() string { return dayOf(f.Time) }

func dayOf(t time.Time) string { return t.In(french.Paris()).Format(time.DateOnly) }

// yearOf is the year of a day, 0 for none.
func yearOf(day string) int {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	return t.Year()
}

// text names a fact for a person: its title, or what it is about.
func (f fact) text() string {
	if f.kind() == voidedKind {
		return fmt.Sprintf("%s (%s)", kinds[kindOf(f.Data.CorrectedType)], f.Data.Reason)
	}
	if f.Data.Title != "" {
		return f.Data.Title
	}
	return f.Subject
}

// instantOf reads an instant as keys have it.
func instantOf(text string) (at time.Time, ok bool) {
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}
