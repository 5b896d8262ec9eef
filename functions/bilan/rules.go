package bilan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// The words that declarations of figures are made of. A filter says which
// facts count, a naming which elements such a fact names.
type (
	filter func(fact) bool
	naming func(fact) []mention
)

// each names the elements of the facts that pass the filter.
func each(which filter, names naming) func(fact) []mention {
	return func(f fact) []mention {
		if !which(f) {
			return nil
		}
		return names(f)
	}
}

// facts are those of a kind, "intervention", and of all filters.
func facts(kind string, filters ...filter) filter {
	return func(f fact) bool {
		if f.kind() != kind {
			return false
		}
		return !slices.ContainsFunc(filters, func(passes filter) bool { return !passes(f) })
	}
}

// sessions are those of a kind that were held; of one series, unless it is empty.
func sessions(kind, series string) filter {
	return facts("session.held", func(f fact) bool {
		return f.Data.Kind == kind && (series == "" || f.Data.Series == series)
	})
}

// groups are series of a kind; one of them, unless it is empty.
func groups(kind, slug string) filter {
	return facts("series.opened", func(f fact) bool {
		return f.Data.Kind == kind && (slug == "" || f.Data.Slug == slug)
	})
}

// once names one element a fact: the fact itself.
func once(f fact) []mention { return []mention{{Element: f.ID, Year: f.year()}} }

// bySession names the session, which may be told of by several facts.
func bySession(f fact) []mention { return []mention{{Element: f.Data.SessionID, Year: f.year()}} }

func byResource(f fact) []mention { return []mention{{Element: f.Data.ResourceID, Year: f.year()}} }

// byAlly names the allies who came.
func byAlly(f fact) []mention { return inYear(f, f.Data.Allies) }

// byParticipant names whoever came.
func byParticipant(f fact) []mention { return inYear(f, f.Data.Participants) }

// byRole names who came in this role of the quartet.
func byRole(role alliance.Role) naming {
	return func(f fact) []mention { return inYear(f, f.Data.ByRole[string(role)]) }
}

// byTerritory names the territories that people came from.
func byTerritory(f fact) []mention {
	var codes []string
	for code := range f.Data.Territories {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return inYear(f, codes)
}

func inYear(f fact, elements []string) []mention {
	list := make([]mention, 0, len(elements))
	for _, element := range elements {
		list = append(list, mention{Element: element, Year: f.year()})
	}
	return list
}

// byDay names the days of Paris on which a session took place: one that ends at
// midnight sharp does not touch the day that begins then.
func byDay(f fact) []mention {
	var list []mention
	end := f.Data.StartsAt.Add(time.Duration(f.Data.Minutes) * time.Minute).Add(-time.Second).In(french.Paris())
	local := f.Data.StartsAt.In(french.Paris())
	for day := local; ; day = day.AddDate(0, 0, 1) {
		text := day.Format(time.DateOnly)
		if day != local && text > end.Format(time.DateOnly) {
			return list
		}
		list = append(list, mention{Element: text, Year: day.Year()})
	}
}

// bySessionDay names each day of each session: two sessions of one day are two.
func bySessionDay(f fact) []mention {
	list := byDay(f)
	for i := range list {
		list[i].Element = f.Data.SessionID + "#" + list[i].Element
	}
	return list
}

// pairs sums what a training says.
func pairs(f fact) []mention {
	if f.Data.Pairs == 0 {
		return nil
	}
	return []mention{{Element: f.ID, Year: f.year(), word: word{Amount: f.Data.Pairs}}}
}

// note sums the notes on one effect.
func note(effect string) naming {
	return func(f fact) []mention {
		value, given := f.Data.Effects[effect]
		if !given {
			return nil
		}
		return []mention{{Element: f.ID, Year: f.year(), word: word{Amount: value}}}
	}
}

// allies are there from the day they sign. Who leaves is counted until the end
// of that year, so that erasing a person moves no figure of the year that runs
// (a rule of the domain), and no more from the next one. Who is merged into
// another was never one more, and counts no longer from that day.
func allies(kind string) func(fact) []mention {
	return func(f fact) []mention {
		if f.Data.Kind != kind {
			return nil
		}
		switch f.kind() {
		case "ally.signed":
			return []mention{{Element: f.Data.AllyID, word: word{From: f.day()}}}
		case "ally.left":
			if f.Data.Reason == "merged" {
				return []mention{{Element: f.Data.AllyID, word: word{From: f.day(), Out: true}}}
			}
			return []mention{{Element: f.Data.AllyID, word: word{From: fmt.Sprintf("%04d-01-01", f.year()+1), Out: true}}}
		}
		return nil
	}
}

// active is the period of a series.
func active(f fact) []mention {
	return []mention{{Element: f.Data.Slug, word: word{From: f.Data.ActiveFrom, To: f.Data.ActiveTo}}}
}

// underWay is the period of a thesis.
func underWay(f fact) []mention {
	return []mention{{Element: f.ID, word: word{From: f.Data.StartedOn, To: f.Data.EndedOn}}}
}

// accompanied names territories in the cohort or the programme of this slug,
// and those of experimental supports in it.
func accompanied(slug string) func(fact) []mention {
	return func(f fact) []mention {
		if alliance.Slug(f.Data.Programme) != slug && f.Data.Cohort != slug {
			return nil
		}
		return anyAccompaniment(f)
	}
}

// anyAccompaniment names the territories of all cohorts and experimental supports.
func anyAccompaniment(f fact) []mention {
	if f.kind() == "support.experimental" {
		return []mention{{Element: f.Data.Territory, word: word{Group: f.ID, From: f.Data.StartedOn, To: f.Data.EndedOn}}}
	}
	return enrolment(f)
}

// enrolled names territories in the cohort of this slug.
func enrolled(slug string) func(fact) []mention {
	return func(f fact) []mention {
		if f.Data.Cohort != slug {
			return nil
		}
		return enrolment(f)
	}
}

// enrolment is what a fact says of a territory in a cohort. An application and
// a partner each speak for themselves, as on the cohort's page. When no end is
// known, the territory is there in the year in which it joined.
func enrolment(f fact) []mention {
	w := word{Group: f.Data.Cohort + "#" + f.Data.Source, Said: f.Data.SaidAt}
	switch f.kind() {
	case "territory.enrolled":
		w.From, w.To = f.Data.EnrolledOn, f.Data.EndsOn
		if w.To == "" && len(w.From) > 4 {
			w.To = w.From[:4] + "-12-31"
		}
	case "territory.withdrawn":
		w.From, w.Out = f.Data.WithdrawnOn, true
	default:
		return nil
	}
	return []mention{{Element: f.Data.Territory, word: w}}
}

// about are trainings in this subject.
func about(subject string) filter {
	return func(f fact) bool { return f.Data.About == subject }
}

func representative(f fact) bool { return f.Data.Representative }

func toLocalMedia(f fact) bool { return strings.EqualFold(f.Data.Beneficiary, "local_media") }
