package bilan

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
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
	case code:
		return "place"
	}
	return "text"
}

// Place asks for its territory.
func (f fieldView) Place() placefield.Input {
	in := placefield.Ask(f.Form, f.Name, "Nom, ou code officiel\u00a0: commune (INSEE), intercommunalité (SIREN), département ou région (REG-76).")
	in.Required = f.Required
	return in
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
	if f.Kind == slug {
		return "En minuscules, chiffres et tirets, comme sensitive-diagnosis ou respir."
	}
	return ""
}

// inputFrom is what a posted form says.
func inputFrom(values url.Values) factInput {
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
			in.Data[field.Name] = placefield.Meant(values, formFields+field.Name)
		default:
			in.Data[field.Name] = text
		}
	}
	return in
}

// advise says of a text that is no territory what pages say.
func (in factInput) advise(values url.Values, faults fault.Fields) {
	f, _ := formOf(in.Type)
	for _, field := range f.Fields {
		if field.Kind == code {
			placefield.Advise(values, formFields+field.Name, faults)
		}
	}
}
