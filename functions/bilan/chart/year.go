package chart

import (
	"slices"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// drawn are the charts of a year: figures that can be compared, for they count
// the same kind of thing, with names short enough for a phone. A figure that
// the year does not have is left out, and so is a chart of fewer than two or of
// nothing but zeros.
var drawn = []struct {
	chapter         int
	id, title, unit string
	rows            [][2]string // id of the figure, name
}{
	{1, "allies", "Qui fait partie de l’alliance", "Allié·es", [][2]string{
		{"allies.organisations", "Organisations"}, {"allies.persons", "Personnes"},
	}},
	{1, "participants", "Qui vient, selon le format", "Format", [][2]string{
		{"permanences.participants", "Permanences"}, {"communities.participants", "Communautés apprenantes"},
		{"workshops.participants", "Chantiers"}, {"assembly.participants", "Assemblée des allié·es"},
	}},
	{2, "formes", "Territoires formés ou accompagnés, selon le cadre", "Cadre", [][2]string{
		{"initiation.territories", "Sessions d’initiation"}, {"community.narrative-territories.territories", "Communauté des territoires en récit"},
		{"programme.villes-resilientes.territories", "Villes résilientes"}, {"programme.respir.territories", "RESPIR"},
	}},
	{3, "accompagnes", "Territoires accompagnés, selon le parcours", "Parcours", [][2]string{
		{"cohort.avenir-montagnes.territories", "Cohorte Avenir Montagnes"}, {"cohort.occitanie.territories", "Cohorte Occitanie"},
		{"programme.pilot-territories-2.territories", "Territoires pilotes, saison 2"}, {"programme.puy-de-dome.territories", "Fabrique du Puy-de-Dôme"},
		{"programme.massif-central.collectives", "Massif central (collectifs)"},
	}},
	{4, "rayonnement", "Prises de parole et présence dans les médias", "Forme", [][2]string{
		{"interventions.all", "Interventions"}, {"interventions.representative", "dont représentatives"}, {"media.appearances", "Médias"},
	}},
}

// Year draws the charts of a year, the effects last.
func Year(r report.Report) (all []Bars) {
	for _, d := range drawn {
		b := Bars{ID: d.id, Chapter: d.chapter, Title: d.title, Unit: d.unit, Now: strconv.Itoa(r.Year), Before: strconv.Itoa(r.Year - 1)}
		for _, named := range d.rows {
			f, _, found := r.Figure(named[0])
			if !found {
				continue
			}
			row := Row{Label: named[1], Value: float64(f.Value), Shown: f.Shown()}
			if f.Previous != nil {
				before := float64(*f.Previous)
				row.Before, row.BeforeShown = &before, french.Number(*f.Previous)
			}
			b.Rows = append(b.Rows, row)
		}
		if len(b.Rows) >= 2 && b.shows() {
			all = append(all, b)
		}
	}
	return append(all, effects(r))
}

func (b Bars) shows() bool {
	return slices.ContainsFunc(b.Rows, func(r Row) bool { return r.Value > 0 || r.Before != nil && *r.Before > 0 })
}

// effects are the five means, out of 5.
func effects(r report.Report) Bars {
	b := Bars{ID: "effets", Title: "Ce que l’alliance apporte, de 1 à 5", Unit: "Effet", Most: 5, Now: strconv.Itoa(r.Year)}
	for _, e := range r.NamedEffects() {
		b.Rows = append(b.Rows, Row{Label: e.Name, Value: e.Mean, Shown: e.Shown()})
	}
	return b
}
