package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// wasPrefix begins the hidden fields that keep what the fields of a form showed
// at first. {{template "was" .Form}} writes them.
const wasPrefix = "was."

// Remember adds to what the form of a change shows what its fields show now,
// hidden: Rebase can then tell what was typed.
func Remember(values url.Values, fields []string) url.Values {
	for _, name := range fields {
		values.Set(wasPrefix+name, whole(values, name))
	}
	return values
}

// whole is all that a field holds, as one text. Browsers send the ends of lines
// otherwise than they are stored.
func whole(values url.Values, name string) string {
	text := strings.Join(slices.Sorted(slices.Values(values[name])), ",")
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// Was lists the hidden fields that keep what a form showed at first.
func (f Form) Was() (fields []Option) {
	for name := range f.Values {
		if strings.HasPrefix(name, wasPrefix) {
			fields = append(fields, Option{Label: name, Value: f.Values.Get(name)})
		}
	}
	slices.SortFunc(fields, func(a, b Option) int { return strings.Compare(a.Label, b.Label) })
	return fields
}

// Rebased is what became of a form of a change that was put onto what is stored
// by now.
type Rebased struct {
	// Typed are the fields that were typed since the form was shown: all those
	// of a form that does not say what it showed.
	Typed map[string]bool
	// Meanwhile is what others have put into fields that were typed, too.
	Meanwhile url.Values

	fields []string
}

// Rebase puts what was typed into the form of a change onto what it would show
// now: who opened it before others changed something else undoes nothing. What
// both have changed, to something else, is a conflict for whoever sends last
// (Faults); values say from then on that they have seen it, so that the form
// that is shown again wins when it is sent again.
func Rebase(values, now url.Values, fields []string) Rebased {
	r := Rebased{Typed: map[string]bool{}, Meanwhile: url.Values{}, fields: fields}
	for _, name := range fields {
		mine, theirs := whole(values, name), whole(now, name)
		was, said := whole(values, wasPrefix+name), values.Has(wasPrefix+name)
		if said && was == mine {
			values[name] = now[name]
		} else {
			r.Typed[name] = true
		}
		if r.Typed[name] && said && was != theirs && mine != theirs {
			r.Meanwhile[name] = append([]string{}, now[name]...)
		}
		values.Set(wasPrefix+name, theirs)
	}
	return r
}

// longestShown is how much of a value a fault tells, in characters: the field
// of a longer text shows all of it besides.
const longestShown = 120

// Faults say beside each field that two have changed what the other put there,
// as read has it for people. They are none when there is no conflict, else a
// form is answered with status 409.
func (r Rebased) Faults(read func(name, value string) string) (faults fault.Fields) {
	for _, name := range r.fields {
		if !r.Meanwhile.Has(name) {
			continue
		}
		var texts []string
		for _, value := range r.Meanwhile[name] {
			if text := read(name, value); text != "" {
				texts = append(texts, text)
			}
		}
		text := []rune(strings.Join(strings.Fields(strings.Join(texts, ", ")), " "))
		switch {
		case len(text) == 0:
			faults.Add(name, "Entre-temps, cette réponse a été effacée. Enregistrez à nouveau pour remettre la vôtre.")
			continue
		case len(text) > longestShown:
			text = append(text[:longestShown], '…')
		}
		faults.Add(name, "Entre-temps, cette réponse est devenue « "+string(text)+" ». Enregistrez à nouveau pour mettre la vôtre à la place.")
	}
	return faults
}
