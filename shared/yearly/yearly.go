// Package yearly says where the counters of a year stand in the table Bilans,
// which the function bilan moves and the team's home reads, and which figures
// of the year the home shows. What a figure counts is declared in the function
// bilan alone; its tests compare each headline with the declaration.
package yearly

import (
	"context"
	"fmt"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// Partition holds the counters of all years, an item for each year.
const Partition = "YEARS"

// Key is where the counters of the figures of a year stand.
func Key(year int) dynamo.Key {
	return dynamo.Key{PK: Partition, SK: strconv.Itoa(year)}
}

// FigureKey names a figure in its version: what its counters are kept under.
func FigureKey(id string, version int) string {
	if version == 1 {
		return id
	}
	return id + "@" + strconv.Itoa(version)
}

// Counters are attributes of their own, so that one can be moved without the
// others: "n permanences.held" counts elements, "s …" sums their amounts.

// Elements is the attribute that counts the elements of a figure.
func Elements(key string) string { return "n " + key }

// Amount is the attribute that sums the amounts of a figure's elements.
func Amount(key string) string { return "s " + key }

// Headline is a figure of a year that the team sees each day. It is never one
// that spans years, whose counters stand elsewhere.
type Headline struct {
	ID      string
	Version int
	Label   string // French, as in the bilan
	Sum     bool   // it shows the sum of amounts, not the number of elements
}

// Headlines are the figures that the home shows, in its order.
var Headlines = []Headline{
	{ID: "permanences.held", Version: 1, Label: "Permanences tenues"},
	{ID: "permanences.participants", Version: 1, Label: "Allié·es venu·es en permanence"},
	{ID: "communities.participants", Version: 1, Label: "Allié·es des communautés apprenantes"},
	{ID: "workshops.participants", Version: 1, Label: "Allié·es des chantiers"},
	{ID: "initiation.territories", Version: 1, Label: "Territoires initiés aux fondamentaux"},
	{ID: "training.sensitive-diagnosis.pairs", Version: 1, Label: "Binômes formés au diagnostic sensible", Sum: true},
	{ID: "resources.new", Version: 1, Label: "Nouvelles ressources"},
	{ID: "interventions.all", Version: 1, Label: "Interventions publiques"},
}

// Key names the figure in its version.
func (h Headline) Key() string { return FigureKey(h.ID, h.Version) }

// Attribute is the one counter that the headline shows.
func (h Headline) Attribute() string {
	if h.Sum {
		return Amount(h.Key())
	}
	return Elements(h.Key())
}

// Values are those of the headlines in a year, by id: 0 of what was never
// counted. They cost one read unit for 4 KB of counters; a year has about half.
func Values(ctx context.Context, bilans dynamo.Table, year int) (map[string]int, error) {
	counters := map[string]any{}
	if _, err := bilans.Get(ctx, Key(year), &counters); err != nil {
		return nil, fmt.Errorf("counters of %d: %w", year, err)
	}
	values := map[string]int{}
	for _, h := range Headlines {
		n, _ := counters[h.Attribute()].(float64) // as numbers are read into any
		values[h.ID] = int(n)
	}
	return values, nil
}
