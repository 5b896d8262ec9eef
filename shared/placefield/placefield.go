// Package placefield asks for a territory in the form of a page: by its name or by
// its official code. When a name is that of several, or of none, a second field
// offers those that may be meant.
package placefield

import (
	"net/url"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// ChoiceField is the field that says which territory a name in another means.
func ChoiceField(name string) string { return name + "_choice" }

// Input is a territory as pages ask for it: {{template "place" …}}.
type Input struct {
	Form     web.Form
	Name     string
	Hint     string
	Required bool
	Now      string       // the name of the territory whose code the field shows
	Among    []web.Option // that may be meant; none as long as it is clear
}

// Ask is the field of a form, of this name, that takes a territory.
func Ask(form web.Form, name, hint string) Input {
	in := Input{Form: form, Name: name, Hint: hint}
	text := strings.TrimSpace(form.Values.Get(name))
	if text == "" { // a page that shows an empty form reads no geography
		return in
	}
	if found, err := territory.Lookup(text); err == nil {
		in.Now = described(found.Current())
	}
	if form.Fault(name) != "" || form.Values.Get(ChoiceField(name)) != "" { // what was chosen stays, whatever else is wrong
		_, among := territory.Typed(text)
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

// What pages say of a text that is no territory.
const (
	several = "Ce n’est pas le nom ni le code d’un seul territoire\u00a0: choisissez lequel juste en dessous, ou précisez."
	none    = "Aucun territoire n’a ce nom ni ce code\u00a0: vérifiez-le."
)

// Read reads the territory of a form: the one that was chosen, else what was
// typed, by its reference. It notes what cannot be told, and returns nothing then.
func Read(values url.Values, name string, faults *fault.Fields) string {
	ref, wrong := read(values, name)
	if wrong != "" {
		faults.Add(name, wrong)
	}
	return ref
}

// read is the reference, or what is wrong. A choice counts as long as what was
// typed cannot be told: who types a clear name afterwards means that one.
func read(values url.Values, name string) (ref, wrong string) {
	text := strings.TrimSpace(values.Get(name))
	if text == "" {
		return "", ""
	}
	ref, among := territory.Typed(text)
	chosen := values.Get(ChoiceField(name))
	switch {
	case ref != "":
		return ref, ""
	case chosen != "":
		return chosen, ""
	case len(among) > 0:
		return "", several
	}
	return "", none
}

// Meant is the reference of the territory that a form means, and what was typed
// when that cannot be told: the check of the caller refuses it, and Advise has
// people read why.
func Meant(values url.Values, name string) string {
	ref, wrong := read(values, name)
	if wrong != "" {
		return values.Get(name)
	}
	return ref
}

// Advise says of a text that is no territory what pages say, in the place of
// what programs are told.
func Advise(values url.Values, name string, faults fault.Fields) {
	_, wrong := read(values, name)
	for i, f := range faults {
		if f.Location == name && wrong != "" {
			faults[i].Message = wrong
		}
	}
}
