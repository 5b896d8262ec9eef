package cohort

import (
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// Scale is how far a cohort reaches.
type Scale string

// The scales.
const (
	National     Scale = "national"
	Regional     Scale = "regional"
	Departmental Scale = "departmental"
)

// The bounds of a cohort.
const (
	maxSeats = 500 // as many territories as one snapshot of a partner may name
	maxName  = 200
)

// cohortInput is a cohort as the team writes it.
type cohortInput struct {
	Slug      string `json:"slug"`
	Name      string `json:"name" maxLength:"200"`
	Programme string `json:"programme" maxLength:"200" doc:"What the cohort is part of"`
	Scale     Scale  `json:"scale" enum:"national,regional,departmental"`
	Region    string `json:"region,omitempty" doc:"INSEE code; needed unless the scale is national: only its territories may apply"`
	Partner   string `json:"partner,omitempty" doc:"Name of the partner whose webhooks it takes"`
	Seats     int    `json:"seats" doc:"1 to 500"`
	OpensOn   string `json:"opens_on" format:"date" doc:"First day of applications"`
	ClosesOn  string `json:"closes_on" format:"date" doc:"Last day of applications"`
	StartsOn  string `json:"starts_on" format:"date"`
	EndsOn    string `json:"ends_on" format:"date"`
}

// check tidies a cohort and notes every fault.
func (in *cohortInput) check(faults *fault.Fields) {
	in.Name, in.Programme = strings.TrimSpace(in.Name), strings.TrimSpace(in.Programme)
	if in.Slug == "" {
		faults.Add("slug", "Saisissez un identifiant, comme occitanie-2026.")
	}
	alliance.CheckNewSlug(faults, "slug", in.Slug)
	alliance.CheckText(faults, "name", in.Name, maxName, "Saisissez un nom.")
	alliance.CheckText(faults, "programme", in.Programme, maxName, "Saisissez le programme dont la cohorte fait partie.")
	if in.Seats < 1 || in.Seats > maxSeats {
		faults.Add("seats", "Saisissez un nombre de places de 1 à 500.")
	}
	in.checkReach(faults)
	opens, ok1 := checkDay(faults, "opens_on", in.OpensOn)
	closes, ok2 := checkDay(faults, "closes_on", in.ClosesOn)
	starts, ok3 := checkDay(faults, "starts_on", in.StartsOn)
	ends, ok4 := checkDay(faults, "ends_on", in.EndsOn)
	if ok1 && ok2 && closes.Before(opens) {
		faults.Add("closes_on", "Les candidatures ferment après avoir ouvert.")
	}
	if ok3 && ok4 && ends.Before(starts) {
		faults.Add("ends_on", "La fin doit venir après le début.")
	}
	if ok1 && ok4 && ends.Before(opens) {
		faults.Add("ends_on", "La cohorte finit après l’ouverture des candidatures.")
	}
}

func (in *cohortInput) checkReach(faults *fault.Fields) {
	switch in.Scale {
	case National, Regional, Departmental:
	default:
		faults.Add("scale", "Choisissez national, regional ou departmental.")
	}
	if in.Region != "" {
		region, err := territory.LookupLevel(in.Region, territory.Region)
		if err != nil {
			faults.Add("region", "Saisissez le code d’une région, comme 76 pour l’Occitanie.")
		}
		in.Region = region.Code
	} else if in.Scale == Regional || in.Scale == Departmental {
		faults.Add("region", "Indiquez la région dont les territoires peuvent candidater.")
	}
	if _, known := alliance.PartnerNamed(in.Partner); in.Partner != "" && !known {
		faults.Add("partner", "Aucun partenaire n’a ce nom.")
	}
}

func checkDay(faults *fault.Fields, location, text string) (day time.Time, ok bool) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		faults.Add(location, "Indiquez un jour, comme 2026-02-03.")
	}
	return day, err == nil
}

// cohort is a cohort as everyone sees it.
type cohort struct {
	Slug        string      `json:"slug"`
	Name        string      `json:"name"`
	Programme   string      `json:"programme"`
	Scale       Scale       `json:"scale" enum:"national,regional,departmental"`
	Region      string      `json:"region,omitempty"`
	Partner     string      `json:"partner,omitempty"`
	Seats       int         `json:"seats"`
	OpensOn     string      `json:"opens_on" format:"date"`
	ClosesOn    string      `json:"closes_on" format:"date"`
	StartsOn    string      `json:"starts_on" format:"date"`
	EndsOn      string      `json:"ends_on" format:"date"`
	Status      string      `json:"status" enum:"announced,open,closed,running,ended"`
	Territories []enrolled  `json:"territories"`
	Milestones  []milestone `json:"milestones"`
}

// enrolled is a territory that is in a cohort.
type enrolled struct {
	Code       string `json:"code"`
	Name       string `json:"name"`
	EnrolledOn string `json:"enrolled_on" format:"date"`
}

type milestone struct {
	Territory string `json:"territory"`
	Milestone string `json:"milestone"`
	ReachedOn string `json:"reached_on" format:"date"`
}

// The statuses of a cohort, by the calendar of Paris.
const (
	announced = "announced"
	openCall  = "open" // takes applications, running or not
	closedNow = "closed"
	running   = "running"
	ended     = "ended"
)

func (i cohortItem) status(now time.Time) string {
	today := now.In(french.Paris()).Format(time.DateOnly)
	switch {
	case today > i.EndsOn:
		return ended
	case today >= i.OpensOn && today <= i.ClosesOn:
		return openCall
	case today < i.OpensOn && today < i.StartsOn:
		return announced
	case today < i.StartsOn:
		return closedNow
	}
	return running
}

func (i cohortItem) input() cohortInput {
	return cohortInput{i.Slug, i.Name, i.Programme, i.Scale, i.Region, i.Partner, i.Seats, i.OpensOn, i.ClosesOn, i.StartsOn, i.EndsOn}
}

// take makes a cohort be what was written, but for its slug.
func (i *cohortItem) take(in cohortInput) {
	i.Name, i.Programme, i.Scale, i.Region, i.Partner, i.Seats = in.Name, in.Programme, in.Scale, in.Region, in.Partner, in.Seats
	i.OpensOn, i.ClosesOn, i.StartsOn, i.EndsOn = in.OpensOn, in.ClosesOn, in.StartsOn, in.EndsOn
	i.List, i.ListAt = partnership.AllCohorts, in.StartsOn+"#"+i.Slug
}

// shown is a cohort with its territories and milestones.
func (i cohortItem) shown(now time.Time, territories []enrolled, milestones []milestone) cohort {
	return cohort{
		i.Slug, i.Name, i.Programme, i.Scale, i.Region, i.Partner, i.Seats, i.OpensOn, i.ClosesOn, i.StartsOn, i.EndsOn,
		i.status(now), append([]enrolled{}, territories...), append([]milestone{}, milestones...),
	}
}
