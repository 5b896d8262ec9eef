package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Form is what was typed in a page's form, and the faults found in it. Fields
// are named as in the API: "person.email".
type Form struct {
	Values url.Values
	Faults fault.Fields
	// Meanwhile is what others have put into fields that were typed (Rebase).
	Meanwhile url.Values
}

// The hidden fields that the layout's partials write: the values come from
// Form.Values under the same names.
const (
	// KeyField makes a form that is posted twice have one effect: {{template "key" .Form}}.
	KeyField = "idempotency_key"
	// TrapField is off screen: only programs fill it. It and OpenedField, the
	// instant at which the form was opened, come from {{template "trap" .Form}}.
	TrapField   = "site_web"
	OpenedField = "ouvert_a"
)

// Fault is the message beside the field at location, or empty.
func (f Form) Fault(location string) string {
	for _, field := range f.Faults {
		if field.Location == location {
			return field.Message
		}
	}
	return ""
}

// keyReused is the code of the fault of package dynamo that a key came with
// other words before.
const keyReused = "idempotency-key-reused"

// detail is what a person reads of a fault: of a key, which only programs know
// of, that a form was sent, went back to and sent again with other answers.
func detail(f *fault.Error) string {
	if f.Code == keyReused {
		return "Ce formulaire a déjà été envoyé une fois, avec d’autres réponses\u00a0: ce premier envoi a été traité. Pour envoyer aussi celles-ci, envoyez-le à nouveau."
	}
	return f.Detail
}

// FormFaults are the faults of an error that whoever filled a form can mend,
// or must at least know of: of its fields, or that the state does not allow it.
// Who shows the form again gives it another key, so that it can be sent.
// ok is false for every other error.
func FormFaults(err error) (faults fault.Fields, ok bool) {
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return nil, false
	}
	if len(f.Fields) == 0 {
		return fault.Fields{{Message: detail(f)}}, true
	}
	return f.Fields, true
}

// Option is a choice of a select, of a radio group or of a group of check boxes.
type Option struct {
	Value, Label string
	Hint         string // radio groups only
}

// Offers tells whether a value is one of some choices.
func Offers(options []Option, value string) bool {
	return slices.ContainsFunc(options, func(o Option) bool { return o.Value == value })
}

// LabelOf is what a choice is called, and the value itself when it is none of
// them.
func LabelOf(options []Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// WithValue adds to some choices the one that is taken already, when they do
// not offer it: saving a form must not take away what it could not show.
func WithValue(options []Option, value string) []Option {
	if value == "" || Offers(options, value) {
		return options
	}
	return append(slices.Clip(options), Option{Value: value, Label: value})
}

// Field is one field of a form as the partials show it. Templates make one
// with the function field:
//
//	{{template "text" field .Form "person.email" "Adresse e-mail" "type" "email" "autocomplete" "email"}}
//
// The first argument is the form, the second the name, the third the label;
// pairs of an attribute and its value follow.
type Field struct {
	Name, Label, ID, Value, Fault string

	Hint         string
	Type         string // "text" when not given
	Autocomplete string // https://www.w3.org/TR/WCAG22/#input-purposes
	InputMode    string
	MaxLength    int  // in UTF-16 units, as browsers count
	Rows         int  // of a textarea, 5 when not given
	Optional     bool // marked "(facultatif)"
	Short        bool // a narrow field, for codes and dates
	Options      []Option
	Suggestions  []string // of a text: what is often typed there
	Empty        string   // what a select says while nothing is chosen, "Choisissez" when not given
	Meanwhile    string   // of a textarea: the text that someone else has stored since

	values []string // of a group of check boxes
}

// Has tells whether a choice of a group of check boxes is taken.
func (f Field) Has(value string) bool { return slices.Contains(f.values, value) }

// attributes are the names that templates may give to field.
var attributes = map[string]func(*Field, any) bool{
	"hint":         func(f *Field, v any) bool { return assign(&f.Hint, v) },
	"type":         func(f *Field, v any) bool { return assign(&f.Type, v) },
	"autocomplete": func(f *Field, v any) bool { return assign(&f.Autocomplete, v) },
	"inputmode":    func(f *Field, v any) bool { return assign(&f.InputMode, v) },
	"maxlength":    func(f *Field, v any) bool { return assign(&f.MaxLength, v) },
	"rows":         func(f *Field, v any) bool { return assign(&f.Rows, v) },
	"optional":     func(f *Field, v any) bool { return assign(&f.Optional, v) },
	"short":        func(f *Field, v any) bool { return assign(&f.Short, v) },
	"suggestions":  func(f *Field, v any) bool { return assign(&f.Suggestions, v) },
	"empty":        func(f *Field, v any) bool { return assign(&f.Empty, v) },
	"options":      func(f *Field, v any) bool { return assign(&f.Options, v) },
}

func assign[T any](to *T, value any) (ok bool) {
	*to, ok = value.(T)
	return ok
}

// newField is the template function field. It fails on an attribute that
// does not exist or whose value is of another type, so that a mistake in a
// page shows the first time that the page is rendered.
func newField(form Form, name, label string, pairs ...any) (Field, error) {
	field := Field{
		Name: name, Label: label, ID: fieldID(name), Value: form.Values.Get(name), Fault: form.Fault(name),
		Type: "text", Rows: 5, Empty: "Choisissez", Meanwhile: form.Meanwhile.Get(name), values: form.Values[name],
	}
	if len(pairs)%2 != 0 {
		return field, fmt.Errorf("field %s: an attribute has no value", name)
	}
	for pair := range slices.Chunk(pairs, 2) {
		attribute, _ := pair[0].(string)
		set, ok := attributes[attribute]
		if !ok || !set(&field, pair[1]) {
			return field, fmt.Errorf("field %s: %v is no attribute, or %T not its type", name, pair[0], pair[1])
		}
	}
	return field, nil
}

// fieldID is the HTML id of the field with this name; the first choice of a
// radio group has it too, so that a link of the summary leads to something
// that takes the focus.
func fieldID(name string) string { return strings.ReplaceAll(name, ".", "-") }

// DescribedBy lists the ids of the hint and of the fault.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Fault != "" {
		ids = append(ids, f.ID+"-fault")
	}
	return strings.Join(ids, " ")
}

// OptionID is the HTML id of the choice at index of a radio group.
func (f Field) OptionID(index int) string {
	if index == 0 {
		return f.ID
	}
	return f.ID + "-" + strconv.Itoa(index+1)
}
