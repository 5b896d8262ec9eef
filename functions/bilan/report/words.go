package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// The French words in which pages and exports say the same things.

// sections are the parts of chapters, by their name in declarations.
var sections = map[string]string{
	"alliance":     "L’alliance",
	"fundamentals": "Les fondamentaux",
	"narrative":    "La mise en récit",
	"formats":      "Les formats d’apprentissage",
	"cohorts":      "Les cohortes",
	"cooperation":  "La coopération territoriale",
	"outreach":     "Interventions et médias",
}

// SectionTitle is the title of a part of a chapter.
func SectionTitle(section string) string {
	if title, known := sections[section]; known {
		return title
	}
	return section
}

// Section is a part of a chapter with its figures, in their order.
type Section struct {
	Title   string
	Figures []Figure
}

// Sections parts the figures of a chapter. Those of a section that comes back
// stand with the first.
func (c Chapter) Sections() (parts []Section) {
	at := map[string]int{}
	for _, f := range c.Figures {
		place, known := at[f.Section]
		if !known {
			place, at[f.Section] = len(parts), len(parts)
			parts = append(parts, Section{Title: SectionTitle(f.Section)})
		}
		parts[place].Figures = append(parts[place].Figures, f)
	}
	return parts
}

// Figure finds a figure of the year by its id.
func (r Report) Figure(id string) (figure Figure, chapter Chapter, found bool) {
	for _, c := range r.Chapters {
		for _, f := range c.Figures {
			if f.ID == id {
				return f, c, true
			}
		}
	}
	return Figure{}, Chapter{}, false
}

// Count is how many figures the year has, effects not among them.
func (r Report) Count() (n int) {
	for _, c := range r.Chapters {
		n += len(c.Figures)
	}
	return n
}

// Shown is the figure as the association writes it: in words when it is
// approximate ("une cinquantaine"), else exact.
func (f Figure) Shown() string {
	if f.Rounded != "" {
		return f.Rounded
	}
	return french.Number(f.Value)
}

// Exact is the exact value, as people read it.
func (f Figure) Exact() string { return french.Number(f.Value) }

// Change says how the figure moved since the year before that of the report:
// "+ 3 par rapport à 2022". It is empty when that year is not known.
func (f Figure) Change(year int) string {
	if f.Previous == nil {
		return ""
	}
	before := strconv.Itoa(year - 1)
	switch by := f.Value - *f.Previous; {
	case by > 0:
		return "+" + french.NoBreak + french.Number(by) + " par rapport à " + before
	case by < 0:
		return "−" + french.NoBreak + french.Number(-by) + " par rapport à " + before
	}
	return "comme en " + before
}

// State says where the year stands: "Publié le 12 mars 2024".
func (r Report) State() string {
	switch r.Status {
	case Published:
		return "Publié le " + french.Date(r.AsOf)
	case Closed:
		return "Clos, en attente de publication\u202f; chiffres au " + french.Date(r.AsOf)
	default:
		return "En cours\u202f; chiffres au " + french.Date(r.AsOf)
	}
}

// EffectPrefix begins the ids of the five effects as figures: "effect.trust".
const EffectPrefix = "effect."

// NamedEffect is an effect with its name in the report, in French, and the
// words that people answered.
type NamedEffect struct {
	Effect
	ID, Name, Statement string
}

// Figure is the id of the effect as a figure, which opens onto its records.
func (e NamedEffect) Figure() string { return EffectPrefix + e.ID }

// effectWords are the five, in the order of pages; the statements are those
// that people note after a meeting.
var effectWords = []NamedEffect{
	{ID: "alliance", Name: "Alliance", Statement: "Je me sens faire partie d’une alliance"},
	{ID: "time_saved", Name: "Gain de temps", Statement: "J’ai gagné du temps"},
	{ID: "belonging", Name: "Appartenance", Statement: "Je me sens à ma place"},
	{ID: "trust", Name: "Confiance", Statement: "J’ai confiance dans la suite"},
	{ID: "amplification", Name: "Amplification", Statement: "Ce que je fais en sort plus fort"},
}

// EffectDefinition says how the five effects are measured.
const EffectDefinition = "Moyenne des réponses de 1 (pas du tout) à 5 (tout à fait) que les participantes et les participants donnent après une rencontre de l’année."

// NamedEffects lists the five, in the order of pages.
func (r Report) NamedEffects() []NamedEffect {
	list := make([]NamedEffect, len(effectWords))
	for i, words := range effectWords {
		words.Effect = r.Effects[words.ID]
		list[i] = words
	}
	return list
}

// Shown is the mean with a comma: "4,25"; a dash without answers.
func (e Effect) Shown() string {
	if e.Answers == 0 {
		return "–"
	}
	return strings.ReplaceAll(strconv.FormatFloat(e.Mean, 'f', -1, 64), ".", ",")
}

// Change says what a correction changes: "11 publié, 12 avec cette correction".
func (c Correction) Change() string {
	return fmt.Sprintf("%s publié, %s avec cette correction", french.Number(c.Published), french.Number(c.Now))
}

// Day is the day of Paris on which a correction was recorded.
func (c Correction) Day() time.Time {
	day, err := time.ParseInLocation(time.DateOnly, c.On, french.Paris())
	if err != nil {
		return time.Time{} // no report has another form
	}
	return day
}
