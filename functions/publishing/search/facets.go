package search

import (
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/search"
)

// Facets count the documents found, by what they are about; Kind and Cohort by
// slug. They count within the filters of the query.
type Facets struct {
	Kind                   map[string]int
	Fundamental, Dimension map[int]int
	Cohort                 map[string]int
}

// What a value of the column about is, by its first letter.
const (
	ofKind        = "k"
	ofFundamental = "f"
	ofDimension   = "d"
	ofCohort      = "c"
)

// about is what a document is filtered and counted by.
func about(doc Document) []string {
	var values []string
	add := func(of, value string) {
		if value != "" {
			values = append(values, of+value)
		}
	}
	add(ofKind, doc.Kind)
	add(ofCohort, doc.Cohort)
	for _, number := range doc.Fundamentals {
		add(ofFundamental, strconv.Itoa(number))
	}
	for _, number := range doc.Dimensions {
		add(ofDimension, strconv.Itoa(number))
	}
	return values
}

// one is the list of a number, of none if it is 0.
func one(number int) []int {
	if number == 0 {
		return nil
	}
	return []int{number}
}

func facets(counted *search.FacetResult) Facets {
	f := Facets{Kind: map[string]int{}, Fundamental: map[int]int{}, Dimension: map[int]int{}, Cohort: map[string]int{}}
	if counted == nil || counted.Terms == nil {
		return f
	}
	for _, term := range counted.Terms.Terms() {
		number, _ := strconv.Atoi(term.Term[1:])
		switch value := term.Term[1:]; {
		case strings.HasPrefix(term.Term, ofKind):
			f.Kind[value] = term.Count
		case strings.HasPrefix(term.Term, ofCohort):
			f.Cohort[value] = term.Count
		case strings.HasPrefix(term.Term, ofFundamental):
			f.Fundamental[number] = term.Count
		case strings.HasPrefix(term.Term, ofDimension):
			f.Dimension[number] = term.Count
		}
	}
	return f
}
