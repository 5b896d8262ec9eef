package team

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// entryView is an entry as people read it.
type entryView struct {
	audit.Entry
	Name, What string
	Record     string // what the subject is called, when that is no id
	Path       string // of the page of what was changed, empty where there is none
	History    string // address of all that was noted of the same subject
	Changes    []changed
}

// changed is a field of what was changed, before and after; neither is known of
// one that is masked.
type changed struct {
	Label, Before, After string
	Masked               bool
}

// differences are the fields of an entry that differ, by name.
func (n names) differences(e audit.Entry) (found []changed) {
	old, now := flat(e.Before), flat(e.After)
	var fields []string
	for name := range old {
		fields = append(fields, name)
	}
	for name := range now {
		if _, known := old[name]; !known {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	for _, name := range fields {
		switch masked := old[name] == audit.Masked && now[name] == audit.Masked; {
		case masked:
			found = append(found, changed{Label: fieldLabel(name), Masked: true})
		case old[name] != now[name] || e.Before == "" || e.After == "":
			found = append(found, changed{Label: fieldLabel(name), Before: n.value(name, old[name]), After: n.value(name, now[name])})
		}
	}
	return found
}

// value is what a field holds, as people read it.
func (n names) value(field, value string) string {
	if field == "filter.who" && value != "" {
		return n.of(value)
	}
	return valueLabel(field, value)
}

// sides are what was changed in two cells, a field on each line.
func sides(changes []changed) (before, after string) {
	var old, now []string
	for _, c := range changes {
		if c.Masked {
			c.Before, c.After = audit.Masked, audit.Masked
		}
		if c.Before != "" {
			old = append(old, c.Label+french.NoBreak+": "+c.Before)
		}
		if c.After != "" {
			now = append(now, c.Label+french.NoBreak+": "+c.After)
		}
	}
	return strings.Join(old, "\n"), strings.Join(now, "\n")
}

// flat is a JSON value as its fields, dots between names.
func flat(text string) map[string]string {
	fields := map[string]string{}
	if text == "" {
		return fields
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return map[string]string{"": text}
	}
	flatten(fields, "", value)
	return fields
}

func flatten(fields map[string]string, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(fields, strings.TrimPrefix(name+"."+key, "."), inner)
		}
	case nil:
	case bool:
		fields[name] = "non"
		if v {
			fields[name] = "oui"
		}
	case string:
		if v != "" { // an empty text says nothing
			fields[name] = v
		}
	default:
		text, _ := json.Marshal(v) // it was JSON
		fields[name] = string(text)
	}
}
