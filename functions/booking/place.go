package booking

import (
	"net/url"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Pages take a territory by its name or by its official code. When a name is
// that of several, or of none, a second field offers those that may be meant.

// whichField is the field that says which territory a name in another means.
func whichField(name string) string { return name + "_choice" }

// placeInput is a territory as pages ask for it: {{template "place" …}}.
type placeInput struct {
	Form  web.Form
	Name  string
	Hint  string
	Among []web.Option // that may be meant; none as long as it is clear
}

// askPlace is the field of a form that takes a territory.
func askPlace(form web.Form, name, hint string) placeInput {
	in := placeInput{Form: form, Name: name, Hint: hint}
	if form.Fault(name) != "" {
		_, among := territory.Typed(strings.TrimSpace(form.Values.Get(name)))
		for _, one := range among {
			in.Among = append(in.Among, web.Option{Value: one.Ref(), Label: described(one)})
		}
	}
	return in
}

var levelLabels = map[territory.Level]string{
	territory.Commune: "commune", territory.EPCI: "intercommunalité", territory.Departement: "département", territory.Region: "région",
}

// described tells a territory from its namesakes: "Paris, département".
func described(t territory.Territory) string {
	text := t.Name + ", " + levelLabels[t.Level]
	if t.Level == territory.Departement || t.Level == territory.Region {
		return text
	}
	return text + " (" + t.DepartementName() + ")"
}

// typedPlace reads the territory of a form: the one that was chosen, else what
// was typed. It notes what cannot be told; the check refuses nothing then.
func typedPlace(values url.Values, name string, faults *fault.Fields) string {
	if chosen := values.Get(whichField(name)); chosen != "" {
		return chosen
	}
	text := strings.TrimSpace(values.Get(name))
	if text == "" {
		return ""
	}
	ref, among := territory.Typed(text)
	switch {
	case ref != "":
		return ref
	case len(among) > 0:
		faults.Add(name, "Ce n’est pas le nom ni le code d’un seul territoire : choisissez lequel juste en dessous, ou précisez.")
	default:
		faults.Add(name, "Aucun territoire n’a ce nom ni ce code : vérifiez-le, ou laissez vide.")
	}
	return ""
}
