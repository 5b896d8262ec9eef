package bilan

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// fieldView is a field of the form as its page shows it.
type fieldView struct {
	field
	Form    web.Form
	Name    string
	Options []web.Option
	latest  []listedFact // of the type, from which it suggests
}

// Suggestions are what is often said there.
func (f fieldView) Suggestions() []string {
	if !f.Recurs {
		return nil
	}
	var list []string
	for _, known := range f.Known {
		list = append(list, known.Value)
	}
	for _, told := range f.latest {
		if text, _ := told.Data[f.field.Name].(string); text != "" {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Widget is the partial that shows the field.
func (f fieldView) Widget() string {
	switch f.Kind {
	case flag:
		return "checkbox"
	case choice:
		return "select"
	}
	return "text"
}

// Type is the type of its input.
func (f fieldView) Type() string {
	switch f.Kind {
	case past, day:
		return "date"
	case address:
		return "url"
	}
	return "text"
}

// Optional tells whether it may be left empty.
func (f fieldView) Optional() bool { return !f.Required && f.Kind != flag }

// Short tells whether it is narrow.
func (f fieldView) Short() bool { return f.Kind != line && f.Kind != address }

// Hint says how to fill it in.
func (f fieldView) Hint() string {
	switch f.Kind {
	case slug:
		return "En minuscules, chiffres et tirets, comme sensitive-diagnosis ou respir."
	case code:
		return "Nom, ou code officiel\u00a0: commune (INSEE), intercommunalité (SIREN), département ou région (REG-76)."
	}
	return ""
}

// inputFrom is what a posted form says; it notes which names of territories
// may be several.
func inputFrom(values url.Values, faults *fault.Fields) factInput {
	in := factInput{Type: values.Get("type"), Corrects: strings.TrimSpace(values.Get("corrects")), Data: map[string]any{}}
	f, _ := formOf(in.Type)
	for _, field := range f.Fields {
		text := strings.TrimSpace(values.Get(formFields + field.Name))
		switch {
		case text == "":
		case field.Kind == flag:
			in.Data[field.Name] = text == "true"
		case field.Kind == count:
			if n, err := strconv.Atoi(text); err == nil {
				in.Data[field.Name] = float64(n) // as JSON has it
				continue
			}
			in.Data[field.Name] = text
		case field.Kind == code:
			in.Data[field.Name] = placeFrom(text, formFields+field.Name, faults)
		default:
			in.Data[field.Name] = text
		}
	}
	return in
}

// mostPlaces is how many territories a fault suggests.
const mostPlaces = 5

// placeFrom is the code of the territory that someone means who types its name
// or its code. Where the name is of several or of none, it notes which may be
// meant; a wrong code is left for the check to refuse.
func placeFrom(text, at string, faults *fault.Fields) string {
	if _, err := territory.Lookup(text); err == nil || strings.ContainsAny(text, "0123456789") {
		return text
	}
	found, known := territory.Named(text), "Plusieurs territoires portent ce nom"
	switch len(found) {
	case 1:
		return found[0].Ref()
	case 0:
		found, known = territory.Suggest(text, mostPlaces), "Aucun territoire ne porte exactement ce nom"
	}
	if len(found) == 0 {
		faults.Add(at, known+". Saisissez son nom complet, ou son code officiel.")
		return text
	}
	var names []string
	for _, place := range found[:min(len(found), mostPlaces)] {
		name := place.Name + " (" + place.Ref()
		if place.Level != territory.Departement && place.DepartementName() != "" {
			name += ", " + place.DepartementName()
		}
		names = append(names, name+")")
	}
	faults.Add(at, known+". Saisissez le code du bon, par exemple\u00a0: "+strings.Join(names, "\u00a0; ")+".")
	return text
}
