package bilan

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/agenda"
	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// kept is what facts speak of, as the function that keeps it calls it. Facts
// hold ids and codes alone, so a name is that of today, and gone with what it
// names. Of an ally that is a person, the item has none.
type kept struct {
	dynamo.Key
	Kind      string `dynamodbav:"kind"`
	Name      string `dynamodbav:"name"`
	Title     string `dynamodbav:"title"`
	Territory string `dynamodbav:"territory"`
}

// namesFound are those of what some facts speak of, by where it is kept.
type namesFound map[dynamo.Key]kept

// keptIn is the table that keeps what a fact speaks of, and where it stands
// there; the table is empty when no function keeps it.
func (e evidence) keptIn() (function.Table, dynamo.Key) {
	switch kindOf(e.Type) {
	case "session.held", "session.feedback":
		return function.Agenda, agenda.SessionKey(e.Text)
	case "series.opened":
		return function.Agenda, agenda.SeriesKey(e.Text)
	case "ally.signed", "ally.left":
		return function.Allies, dynamo.Key{PK: "ALLY#" + e.Text, SK: "ALLY"}
	case "resource.published":
		return function.Library, dynamo.Key{PK: "RESOURCE#" + e.Text, SK: "RESOURCE"}
	case "territory.enrolled", "territory.withdrawn":
		if cohort, _, told := strings.Cut(e.Text, "/"); told {
			return function.Cohorts, partnership.CohortItemKey(cohort)
		}
	}
	return "", dynamo.Key{}
}

// namesOf reads the names of what the facts behind some records speak of. It
// costs a read unit for 4 KB of each thing.
func (s *service) namesOf(ctx context.Context, records []record) (namesFound, error) {
	wanted := map[function.Table][]dynamo.Key{}
	found := namesFound{}
	for _, r := range records {
		for _, f := range r.Facts {
			table, key := f.keptIn()
			if _, asked := found[key]; table != "" && !asked {
				wanted[table], found[key] = append(wanted[table], key), kept{}
			}
		}
	}
	for table, keys := range wanted {
		some, err := read(ctx, s.keepers[table], keys, func(k kept) dynamo.Key { return k.Key })
		if err != nil {
			return nil, err
		}
		for key, n := range some {
			found[key] = n
		}
	}
	return found, nil
}

// of is what a fact speaks of, by its name; without one, what the fact says of
// itself unless it is only an id.
func (n namesFound) of(e evidence) string {
	_, key := e.keptIn()
	return cmp.Or(n[key].Name, n[key].Title, readable(e))
}

// readable is what a fact says of itself, for people, empty when it is an id.
func readable(e evidence) string {
	if id := strings.SplitN(e.Text, "_", 2); len(id) == 2 && len(id[1]) == 26 {
		return ""
	}
	if f, recorded := formOf(kindOf(e.Type)); recorded {
		return f.readable(e.Text)
	}
	return e.Text
}

// lastOf is how many characters of an id tell records of a page apart.
const lastOf = 6

// reference is the end of an id: it names nobody.
func reference(id string) string { return "réf.\u00a0" + id[max(len(id)-lastOf, 0):] }

// ally is what a page calls an ally: an organisation by its name, a person, or
// what is gone, by a reference alone.
func (n namesFound) ally(r record) string {
	_, key := r.keptIn()
	switch ally := n[key]; {
	case ally.Name != "" && ally.Territory != "":
		return ally.Name + ", " + placeName(ally.Territory)
	case ally.Name != "":
		return ally.Name
	case ally.Kind == string(alliance.Person):
		return "Une personne, " + reference(r.Element)
	}
	return "Signature effacée depuis, " + reference(r.Element)
}

// element is what a page calls what a record counts.
func (n namesFound) element(r record) string {
	switch day, err := time.ParseInLocation(time.DateOnly, r.Element, french.Paris()); {
	case err == nil:
		return french.Day(day)
	case strings.HasPrefix(r.Element, "ally_"):
		return n.ally(r)
	case strings.HasPrefix(r.Element, "ses_"), strings.HasPrefix(r.Element, "fact_"), strings.HasPrefix(r.Element, "res_"):
		return n.dated(r)
	}
	switch kindOf(r.Type) {
	case "series.opened":
		return n.of(r.evidence)
	case "session.held": // of who came, unless it is of where they came from
		if name := placeName(r.Element); name != r.Element {
			return name
		}
		return "Une personne, " + reference(r.Element)
	}
	return placeName(r.Element)
}

// dated is what happened on a day: what it is called, or its kind, the day and
// what the fact says.
func (n namesFound) dated(r record) string {
	at, _ := instantOf(r.Time) // it was checked before it was stored
	day := french.Date(at)
	if _, one, several := strings.Cut(r.Element, "#"); several { // a day of a session of several
		if of, err := time.ParseInLocation(time.DateOnly, one, french.Paris()); err == nil {
			day = french.Date(of)
		}
	}
	_, key := r.keptIn()
	if name := cmp.Or(n[key].Name, n[key].Title); name != "" {
		return name + ", " + day
	}
	name := kindName(r.Type) + " du " + day
	if text := readable(r.evidence); text != "" {
		name += french.NoBreak + ": " + text
	}
	return name
}
