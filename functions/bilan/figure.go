package bilan

import (
	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// figure declares one figure of the bilan. Adding one is adding a declaration
// to figures: the next run of compile-bilan counts it over all facts there are.
type figure struct {
	ID      string
	Chapter int    // 1 to 4; 0 for what the page shows elsewhere: the effects
	Section string // of the chapter
	Label   string // French
	// Definition says in French exactly what is counted. Changing what is
	// counted, or a word of this, is declaring another Version.
	Definition string
	Unit       string // French, as it stands after a number of several
	// Approximate figures are shown in words: "une cinquantaine".
	Approximate bool
	Version     int
	// Since is the first year that this version counts; 0: from the beginning.
	Since int
	// Mentions are the elements that a fact names. A figure is the number of
	// distinct elements that its facts name, or the sum of their amounts.
	Mentions func(fact) []mention
	Sum      bool
	// Spans marks a figure whose elements are there for a time, over years:
	// allies, groups, territories in cohorts. Else an element is of one year.
	Spans bool
}

// mention is what a fact says of one element of a figure.
type mention struct {
	Element string
	Year    int // of a figure that does not span
	word
}

// word is the part of a mention that is kept with the element.
type word struct {
	Amount int `dynamodbav:"amount,omitempty" json:"amount,omitempty"`
	// From and To are days, To included and empty when no end is known. Out
	// says that the element has left on From. An element is there as one of
	// its Groups has it: what one cohort says undoes nothing of another.
	Group string `dynamodbav:"group,omitempty" json:"group,omitempty"`
	From  string `dynamodbav:"from,omitempty" json:"from,omitempty"`
	To    string `dynamodbav:"to,omitempty" json:"to,omitempty"`
	Out   bool   `dynamodbav:"out,omitempty" json:"out,omitempty"`
	// Said is when it was said, RFC 3339 in UTC; empty when the fact does not tell.
	Said string `dynamodbav:"said,omitempty" json:"said,omitempty"`
}

// key names the figure in its version: what counters and elements are kept under.
func (f figure) key() string { return yearly.FigureKey(f.ID, f.Version) }

// register is a list of declared figures.
type register []figure

// of lists the figures of a year, each in the version that counts it.
func (r register) of(year int) (list []figure) {
	place := map[string]int{}
	for _, f := range r {
		at, known := place[f.ID]
		switch {
		case f.Since > year:
		case !known:
			place[f.ID] = len(list)
			list = append(list, f)
		case f.Since > list[at].Since:
			list[at] = f
		}
	}
	return list
}

// find is a figure of a year by its id.
func (r register) find(year int, id string) (figure, bool) {
	for _, f := range r.of(year) {
		if f.ID == id {
			return f, true
		}
	}
	return figure{}, false
}

// keyed is a figure by its key.
func (r register) keyed(key string) (figure, bool) {
	for _, f := range r {
		if f.key() == key {
			return f, true
		}
	}
	return figure{}, false
}

// chapters are the titles of the four.
var chapters = [...]string{
	"Faire vivre l’alliance",
	"L’art de conduire le changement",
	"L’ingénierie par et pour les territoires",
	"Le rayonnement",
}

// Effects are the names of the five effects, in the order of pages.
var effects = [...]string{"alliance", "time_saved", "belonging", "trust", "amplification"}

const (
	effectPrefix   = report.EffectPrefix
	effectsSection = "effects"
)

// shown is a figure with its value, as it travels.
func (f figure) shown(value int) report.Figure {
	return report.Figure{
		ID: f.ID, Section: f.Section, Label: f.Label, Value: value, Rounded: f.rounded(value),
		Unit: f.Unit, Definition: f.Definition, Version: f.Version,
	}
}

// rounded is how an approximate figure is written; empty for others.
func (f figure) rounded(value int) string {
	if !f.Approximate {
		return ""
	}
	return french.Rounded(value)
}
