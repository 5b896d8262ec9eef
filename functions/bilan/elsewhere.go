package bilan

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// form is a type of fact that the team records: what happened outside of the
// platform. Each has a schema in events/, which says the same; a test compares
// them, since a Lambda carries no library of JSON Schema.
type form struct {
	Type   string // with its version
	Label  string // French
	Fields []field
}

// fieldKind is what a field holds.
type fieldKind int

const (
	line   fieldKind = iota + 1 // a text of one line
	past                        // a day that has come
	day                         // any day
	flag                        // yes or no
	choice                      // one of some words
	slug
	count // a whole number, 0 or more
	address
	code // of a territory
)

// field is one field of a form.
type field struct {
	Name     string
	Label    string // French
	Kind     fieldKind
	Required bool
	Choices  []option
	// Recurs says that the same values come back: the form suggests those of
	// the latest facts, and the Known ones, which figures look for.
	Recurs bool
	Known  []option
}

// option is a choice, with its French label.
type option struct{ Value, Label string }

const (
	maxLine    = 200
	maxAddress = 500
	maxCount   = 10_000
)

// forms are the types, in the order of the page that records them.
var forms = []form{
	{"intervention.v1", "Intervention publique", []field{
		{Name: "title", Label: "Titre", Kind: line, Required: true},
		{Name: "on", Label: "Date", Kind: past, Required: true},
		{Name: "form", Label: "Forme", Kind: choice, Required: true, Choices: []option{
			{"talk", "Conférence"}, {"training", "Formation"}, {"panel", "Table ronde"}, {"article", "Article"}, {"other", "Autre"}}},
		{Name: "representative", Label: "Représentative de l’alliance", Kind: flag},
		{Name: "territory", Label: "Territoire", Kind: code},
	}},
	{"media.appearance.v1", "Apparition dans un média", []field{
		{Name: "title", Label: "Titre", Kind: line, Required: true},
		{Name: "outlet", Label: "Média", Kind: line, Required: true, Recurs: true},
		{Name: "on", Label: "Date de parution", Kind: past, Required: true},
		{Name: "url", Label: "Adresse web", Kind: address},
	}},
	{"support.one_off.v1", "Appui ponctuel", []field{
		{Name: "form", Label: "Forme", Kind: choice, Required: true, Choices: []option{
			{"inspiring_talk", "Conférence inspirante"}, {"sensitive_analysis", "Analyse sensible"}, {"strategic_advice", "Conseil stratégique"}, {"facilitation", "Animation"}}},
		{Name: "beneficiary", Label: "Bénéficiaire", Kind: choice, Required: true, Choices: []option{
			{"territory", "Territoire"}, {"local_media", "Média local"}, {"organisation", "Organisation"}, {"other", "Autre"}}},
		{Name: "territory", Label: "Territoire", Kind: code},
		{Name: "on", Label: "Date", Kind: past, Required: true},
	}},
	{"support.experimental.v1", "Accompagnement expérimental", []field{
		{Name: "programme", Label: "Identifiant du programme", Kind: slug, Required: true, Recurs: true,
			Known: []option{{"massif-central", "Massif central"}, {"pilot-territories-2", "Territoires pilotes, saison 2"}, {"puy-de-dome", "Fabrique du Puy-de-Dôme"},
				{"respir", "RESPIR"}, {"villes-resilientes", "Villes résilientes"}}},
		{Name: "territory", Label: "Territoire", Kind: code, Required: true},
		{Name: "started_on", Label: "Début", Kind: past, Required: true},
		{Name: "ended_on", Label: "Fin, si elle est connue", Kind: day},
	}},
	{"thesis.v1", "Thèse", []field{
		{Name: "title", Label: "Titre", Kind: line, Required: true},
		{Name: "institution", Label: "Établissement", Kind: line, Required: true, Recurs: true},
		{Name: "started_on", Label: "Début", Kind: past, Required: true},
		{Name: "ended_on", Label: "Fin, si elle est connue", Kind: day},
	}},
	{"training.v1", "Formation", []field{
		{Name: "subject", Label: "Identifiant du sujet", Kind: slug, Required: true, Recurs: true, Known: []option{{"sensitive-diagnosis", "Diagnostic sensible"}}},
		{Name: "on", Label: "Date", Kind: past, Required: true},
		{Name: "pairs", Label: "Binômes d’un·e élu·e et d’un·e agent·e", Kind: count},
		{Name: "participants", Label: "Participant·es", Kind: count},
		{Name: "territory", Label: "Territoire", Kind: code},
	}},
}

// voided is the form by which a fact that was recorded by mistake is made void.
var voided = form{voidedKind + ".v1", "Annulation", []field{
	{Name: "reason", Label: "Raison de l’annulation", Kind: line, Required: true},
}}

// formOf is the form of a type, named with its version or without.
func formOf(kind string) (form, bool) {
	for _, f := range append(slices.Clone(forms), voided) {
		if f.Type == kind || kindOf(f.Type) == kind {
			return f, true
		}
	}
	return form{}, false
}

// voids tells whether it makes void another fact, of any form but its own.
func (f form) voids() bool { return f.Type == voided.Type }

// happened is the instant by which the fact is dated: the beginning of its day
// in Paris; of what makes void, the moment at which it does.
func (f form) happened(data map[string]any, now time.Time) (time.Time, error) {
	if f.voids() {
		return now.UTC().Truncate(time.Second), nil
	}
	on, _ := data["on"].(string)
	started, _ := data["started_on"].(string)
	return time.ParseInLocation(time.DateOnly, cmp.Or(on, started), french.Paris())
}

// subject is what the fact is about, for CloudEvents.
func (f form) subject(data map[string]any) string {
	for _, name := range []string{"title", "programme", "subject", "beneficiary"} {
		if text, _ := data[name].(string); alliance.Slug(text) != "" {
			return alliance.Slug(text)
		}
	}
	return kindOf(f.Type)
}

// readable is the subject of a fact as people read it: a title stays as it is.
func (f form) readable(subject string) string {
	for _, field := range f.Fields {
		switch {
		case field.Name == "title":
			return subject
		case field.Kind == slug:
			return field.named(subject)
		case field.Name == "beneficiary":
			for _, o := range field.Choices {
				if alliance.Slug(o.Value) == subject {
					return o.Label
				}
			}
		}
	}
	return subject
}

// named is a slug as people read it: by its name when figures look for it,
// else in words.
func (f field) named(slug string) string {
	for _, o := range f.Known {
		if o.Value == slug {
			return o.Label
		}
	}
	words := strings.ReplaceAll(slug, "-", " ")
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}

// check notes every fault of the data, and gives it the form that is stored:
// texts trimmed, territories under their code of today. today is in Paris.
func (f form) check(data map[string]any, today string, faults *fault.Fields) {
	known := map[string]bool{"corrects": true}
	for _, field := range f.Fields {
		known[field.Name] = true
		value, given := data[field.Name]
		if text, isText := value.(string); isText {
			value = strings.TrimSpace(text)
			data[field.Name] = value
		}
		if !given || value == nil || value == "" {
			delete(data, field.Name)
			if field.Required {
				faults.Add("data."+field.Name, "Remplissez le champ «\u00a0"+field.Label+"\u00a0».")
			}
			continue
		}
		data[field.Name] = field.check(value, today, faults)
	}
	for name := range data {
		if !known[name] {
			faults.Add("data."+name, "Ce champ n’existe pas pour ce type de fait.")
		}
	}
	started, _ := data["started_on"].(string)
	ended, _ := data["ended_on"].(string)
	if ended != "" && ended < started && !faults.Has("data.ended_on") {
		faults.Add("data.ended_on", "La fin doit venir après le début.")
	}
}

// check notes the fault of a value, and returns it as it is stored.
func (f field) check(value any, today string, faults *fault.Fields) any {
	at := "data." + f.Name
	switch f.Kind {
	case flag:
		if _, ok := value.(bool); !ok {
			faults.Add(at, "Répondez par vrai ou faux.")
		}
		return value
	case count:
		n, ok := value.(float64)
		if !ok || n != math.Trunc(n) || n < 0 || n > maxCount {
			faults.Add(at, "Saisissez un nombre entier, de 0 à 10 000.")
			return value
		}
		return int(n)
	}
	text, ok := value.(string)
	if !ok {
		faults.Add(at, "Valeur d’un autre type qu’attendu (texte).")
		return value
	}
	switch f.Kind {
	case line:
		alliance.CheckText(faults, at, text, maxLine, "Saisissez un texte.")
		alliance.CheckNobody(faults, at, text)
	case past, day:
		checkDay(faults, at, text, today, f.Kind == past)
	case choice:
		if !slices.ContainsFunc(f.Choices, func(o option) bool { return o.Value == text }) {
			faults.Add(at, "Choisissez l’une des valeurs proposées.")
		}
	case slug:
		alliance.CheckSlug(faults, at, text)
	case address:
		parsed, err := url.Parse(text)
		if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil || strings.ContainsAny(text, " \t\r\n") || utf8.RuneCountInString(text) > maxAddress {
			faults.Add(at, "Saisissez une adresse web entière, qui commence par https://.")
		}
		alliance.CheckNobody(faults, at, text)
	case code:
		match, err := territory.Lookup(text)
		if err != nil {
			faults.Add(at, territory.Advice(err))
			return text
		}
		current := match.Current()
		return current.Ref()
	}
	return text
}

// checkDay: facts are dated by when they happened, and the ledger begins in 2000.
func checkDay(faults *fault.Fields, at, text, today string, mustBePast bool) {
	_, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil || text[:2] != "20":
		faults.Add(at, "Indiquez un jour depuis 2000, comme 2026-02-03.")
	case mustBePast && text > today:
		faults.Add(at, "Ce jour n’est pas encore venu\u00a0: un fait s’enregistre une fois qu’il a eu lieu.")
	}
}
