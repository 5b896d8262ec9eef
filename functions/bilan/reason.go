package bilan

import (
	"cmp"
	"fmt"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// kinds are the French names of the kinds of facts, by which a correction says
// where it comes from.
var kinds = map[string]string{
	"ally.signed":          "Signature de la charte",
	"ally.left":            "Départ de l’alliance",
	"session.held":         "Présences d’une rencontre",
	"session.feedback":     "Retour après une rencontre",
	"series.opened":        "Période d’un chantier ou d’une communauté",
	"territory.enrolled":   "Entrée d’un territoire",
	"territory.withdrawn":  "Sortie d’un territoire",
	"resource.published":   "Publication d’une ressource",
	"intervention":         "Intervention publique",
	"media.appearance":     "Apparition dans un média",
	"support.one_off":      "Appui ponctuel",
	"support.experimental": "Accompagnement expérimental",
	"thesis":               "Thèse",
	"training":             "Formation",
}

// reason says in French which fact a correction comes from.
func reason(c lateFact) string {
	if kindOf(c.Type) == voidedKind {
		return fmt.Sprintf("Enregistrement annulé%s: %s", french.NoBreak, c.Text)
	}
	what := kindName(c.Type)
	how := "enregistrement tardif"
	if c.Corrects {
		how = "fait corrigé après publication"
	}
	text := readable(evidence{Type: c.Type, Text: c.Text})
	if text == "" {
		return fmt.Sprintf("%s (%s)", what, how)
	}
	return fmt.Sprintf("%s (%s)%s: %s", what, how, french.NoBreak, text)
}

// kindName is the French name of a type of facts.
func kindName(kind string) string { return cmp.Or(kinds[kindOf(kind)], kind) }
