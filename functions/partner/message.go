package partner

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// The types of messages, each with a schema in events/.
const (
	cohortPublished    = "cohort.published"
	territoryEnrolled  = "territory.enrolled"
	territoryWithdrawn = "territory.withdrawn"
	milestoneReached   = "milestone.reached"
	cohortSnapshot     = "cohort.snapshot"
)

var messageTypes = []string{cohortPublished, territoryEnrolled, territoryWithdrawn, milestoneReached, cohortSnapshot}

// envelope is what every message is.
type envelope struct {
	Type      string          `json:"type" enum:"cohort.published,territory.enrolled,territory.withdrawn,milestone.reached,cohort.snapshot"`
	Timestamp string          `json:"timestamp" format:"date-time" doc:"When it happened: the latest wins, whatever arrives first"`
	Data      json.RawMessage `json:"data"`
}

// record is the data of a message about one territory.
type record struct {
	Cohort      string                    `json:"cohort"`
	Territory   string                    `json:"territory"`
	EnrolledOn  string                    `json:"enrolled_on"`
	WithdrawnOn string                    `json:"withdrawn_on"`
	Milestone   string                    `json:"milestone"`
	ReachedOn   string                    `json:"reached_on"`
	Quartet     map[string]map[string]any `json:"quartet"`
}

// data is the data of any message.
type data struct {
	record
	Territories []record `json:"territories"`
	announced
}

// announced is the data of cohort.published, besides the slug.
type announced struct {
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	Programme string `json:"programme"`
	Scale     string `json:"scale"`
	Region    string `json:"region"`
	Seats     int    `json:"seats"`
	OpensOn   string `json:"opens_on"`
	ClosesOn  string `json:"closes_on"`
	StartsOn  string `json:"starts_on"`
	EndsOn    string `json:"ends_on"`
}

// message is a message that can be read.
type message struct {
	kind      string
	at        time.Time
	cohort    string
	records   []record // none for cohort.published
	announced *partnership.Announced
}

// The bounds of a message.
const (
	maxTerritories = 500
	maxText        = 200
	maxCode        = 100
	maxSeats       = 500
)

// read reads the body of a signed message. It returns a Malformed or a
// WrongType fault, or Invalid with every fault of the body.
func (s *service) read(r *http.Request, body []byte) (message, error) {
	var faults fault.Fields
	var in struct {
		envelope
		Data data `json:"data"`
	}
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return message{}, err
	}
	m := message{kind: in.Type, cohort: in.Data.Cohort}
	if !slices.Contains(messageTypes, in.Type) && !faults.Has("type") {
		faults.Add("type", "Type inconnu\u00a0: choisissez parmi "+strings.Join(messageTypes, ", ")+".")
	}
	m.at = s.checkTimestamp(&faults, in.Timestamp)
	var present struct{ Data map[string]json.RawMessage }
	if json.Unmarshal(body, &present) == nil && present.Data == nil {
		faults.Add("data", "Il manque ce qui s’est passé.")
		return m, faults.Err()
	}
	switch in.Type {
	case cohortPublished:
		if m.cohort == "" {
			m.cohort = in.Data.Slug
		}
		m.announced = in.Data.announced.check(&faults, s.days())
	case cohortSnapshot:
		m.records = in.Data.Territories
		checkSnapshot(&faults, m, s.days())
	case territoryEnrolled, territoryWithdrawn, milestoneReached:
		m.records = []record{in.Data.record}
		m.records[0].check(&faults, "data", in.Type, s.days())
	default:
		return m, faults.Err()
	}
	if m.cohort == "" {
		faults.Add("data.cohort", "Indiquez la cohorte, comme occitanie.")
	}
	alliance.CheckNewSlug(&faults, "data.cohort", m.cohort)
	return m, faults.Err()
}

func (s *service) checkTimestamp(faults *fault.Fields, text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil || at.Before(morning(firstDay)):
		faults.Add("timestamp", "Indiquez quand cela s’est passé, comme 2026-02-03T11:30:00Z.")
	case at.After(s.now().Add(tolerance)): // it would make whatever happens until then stale
		faults.Add("timestamp", "Cet instant est à venir : indiquez quand cela s’est passé.")
	}
	return at
}

func checkSnapshot(faults *fault.Fields, m message, days days) {
	if len(m.records) == 0 && !faults.Has("data.territories") {
		faults.Add("data.territories", "Indiquez au moins un territoire.")
	}
	if len(m.records) > maxTerritories {
		faults.Add("data.territories", "Envoyez 500 territoires au plus par message.")
		return
	}
	for i := range m.records {
		location := "data.territories." + strconv.Itoa(i)
		if given := m.records[i].Cohort; given != "" && given != m.cohort {
			faults.Add(location+".cohort", "Un instantané est celui d’une seule cohorte.")
		}
		m.records[i].check(faults, location, territoryEnrolled, days)
	}
}

// check notes what keeps a record from being read; whether its territory
// exists is a matter of its result.
func (r *record) check(faults *fault.Fields, location, kind string, days days) {
	r.Territory = strings.TrimSpace(r.Territory)
	switch {
	case r.Territory == "":
		faults.Add(location+".territory", "Indiquez le code officiel du territoire.")
	case utf8.RuneCountInString(r.Territory) > maxCode:
		faults.Add(location+".territory", "Un code de territoire est plus court que cela.")
	}
	switch kind {
	case territoryEnrolled:
		checkDay(faults, location+".enrolled_on", r.EnrolledOn, days.planned)
	case territoryWithdrawn:
		if r.WithdrawnOn != "" {
			checkDay(faults, location+".withdrawn_on", r.WithdrawnOn, days.planned)
		}
	case milestoneReached:
		r.Milestone = strings.TrimSpace(r.Milestone)
		alliance.CheckText(faults, location+".milestone", r.Milestone, maxText, "Nommez l’étape.")
		alliance.CheckNobody(faults, location+".milestone", r.Milestone)
		checkDay(faults, location+".reached_on", r.ReachedOn, days.past)
	}
	for role := range r.Quartet {
		if !alliance.Role(role).Valid() {
			faults.Add(location+".quartet", "Les quatre rôles sont elected, officer, state et socioeconomic.")
		}
	}
}

// firstDay is the first that the ledger knows of (function bilan).
const firstDay = "2000-01-01"

// days are the last that a message may speak of: of what has happened, of what
// is planned (the ledger is counted until the end of next year), and of when a
// cohort ends.
type days struct{ past, planned, end string }

func (s *service) days() days {
	now := s.now().In(french.Paris())
	return days{
		past:    now.Format(time.DateOnly),
		planned: strconv.Itoa(now.Year()+1) + "-12-31",
		end:     strconv.Itoa(now.Year()+20) + "-12-31",
	}
}

func checkDay(faults *fault.Fields, location, text, last string) {
	_, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil:
		faults.Add(location, "Indiquez un jour, comme 2026-02-03.")
	case text < firstDay || text > last:
		faults.Add(location, "Indiquez un jour du "+french.Date(morning(firstDay))+" au "+french.Date(morning(last))+".")
	}
}

// roles are which of the four a partner knows. Who they are is not kept: a
// partner's message is no consent of theirs.
func (r record) roles() (known []string) {
	for _, role := range alliance.Quartet {
		if len(r.Quartet[string(role)]) > 0 {
			known = append(known, string(role))
		}
	}
	return known
}

func (a announced) check(faults *fault.Fields, days days) *partnership.Announced {
	a.Name, a.Programme = strings.TrimSpace(a.Name), strings.TrimSpace(a.Programme)
	alliance.CheckText(faults, "data.name", a.Name, maxText, "Nommez la cohorte.")
	alliance.CheckText(faults, "data.programme", a.Programme, maxText, "Nommez le programme.")
	alliance.CheckNobody(faults, "data.name", a.Name)
	alliance.CheckNobody(faults, "data.programme", a.Programme)
	if !slices.Contains([]string{"national", "regional", "departmental"}, a.Scale) {
		faults.Add("data.scale", "Choisissez national, regional ou departmental.")
	}
	if a.Region != "" {
		region, err := territory.LookupLevel(a.Region, territory.Region)
		if err != nil {
			faults.Add("data.region", "Saisissez le code d’une région, comme 76 pour l’Occitanie.")
		}
		a.Region = region.Code
	}
	if a.Seats < 1 || a.Seats > maxSeats {
		faults.Add("data.seats", "Indiquez un nombre de places de 1 à 500.")
	}
	for location, day := range map[string]string{"data.opens_on": a.OpensOn, "data.closes_on": a.ClosesOn, "data.starts_on": a.StartsOn, "data.ends_on": a.EndsOn} {
		checkDay(faults, location, day, days.end)
	}
	if a.ClosesOn < a.OpensOn {
		faults.Add("data.closes_on", "Les candidatures ferment après avoir ouvert.")
	}
	if a.EndsOn < a.StartsOn || a.EndsOn < a.OpensOn {
		faults.Add("data.ends_on", "La fin doit venir après le début, et après l’ouverture des candidatures.")
	}
	return &partnership.Announced{Name: a.Name, Programme: a.Programme, Scale: a.Scale, Region: a.Region, Seats: a.Seats,
		OpensOn: a.OpensOn, ClosesOn: a.ClosesOn, StartsOn: a.StartsOn, EndsOn: a.EndsOn}
}
