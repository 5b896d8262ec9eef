// Package territory is the official geography of France: its communes, EPCIs
// (groups of communes that raise their own taxes), départements and régions,
// embedded in the binary and found by code or by name.
//
// Sources: the Code officiel géographique and the legal populations of INSEE,
// and the list of EPCIs of the DGCL (BANATIC), vintage 2026, as the package
// @etalab/decoupage-administratif 6.0.0 brings them together, under the Licence
// Ouverte of Etalab. The file data/README.md says more.
//
// Nothing is read before the first use. What is read never changes, so every
// function may be called from several goroutines. Looking up a code reads the
// geography; the first search also prepares the names.
package territory

//go:generate go run ./generate -vintage 2026 -output data/france.txt.gz -source $DECOUPAGE_ADMINISTRATIF

import (
	"slices"
	"strings"
)

// Vintage is the year of the official geography: as it stood on 1 January.
const Vintage = "2026"

// Level is the kind of a territory.
type Level string

// The four levels of territories.
const (
	Commune     Level = "commune"
	EPCI        Level = "epci"
	Departement Level = "departement"
	Region      Level = "region"
)

// Valid reports whether l is one of the four levels.
func (l Level) Valid() bool {
	switch l {
	case Commune, EPCI, Departement, Region:
		return true
	}
	return false
}

// Territory is one commune, EPCI, département or région.
type Territory struct {
	// Code is the official code: INSEE's for a commune, a département or a
	// région, the SIREN number of an EPCI. Départements and régions share codes;
	// Ref does not.
	Code string
	// Name is the official name. It is empty for some communes that merged long
	// ago, of which the source knows only the code.
	Name  string
	Level Level
	// Departement is the code of the département: its own for a département, the
	// one where most of its inhabitants live for an EPCI, empty for a région. The
	// eight overseas collectivities (975, 977, 978, 984, 986 to 989) stand among
	// the départements, as they do in official codes.
	Departement string
	// Region is the code of the région of that département, its own for a région;
	// empty for an overseas collectivity, which belongs to none.
	Region string
	// EPCI is the code of a commune's EPCI; empty for a commune that belongs to
	// none, and for the other levels. A former commune has the département, the
	// région and the EPCI of its successor.
	EPCI string
	// Population is the legal population, or the sum of those of the communes; 0
	// for a former commune.
	Population int
}

// regionPrefix and departementPrefix tell apart the codes that régions and
// départements share.
const (
	regionPrefix      = "REG-"
	departementPrefix = "DEP-"
)

// Ref is the reference to store: the code, written REG-76 for a région, since
// départements have the same codes. Lookup finds the same territory again.
func (t Territory) Ref() string {
	if t.Level == Region {
		return regionPrefix + t.Code
	}
	return t.Code
}

// DepartementName is the name of the département, empty for a région.
func (t Territory) DepartementName() string {
	return nameOf(t.Departement, Departement)
}

// RegionName is the name of the région, empty for an overseas collectivity.
func (t Territory) RegionName() string {
	return nameOf(t.Region, Region)
}

func nameOf(code string, level Level) string {
	if t, ok := france().current(code, level); ok {
		return t.Name
	}
	return ""
}

// InRegion reports whether a part of t lies in a région, given by its code or
// its reference. An EPCI may lie in two; to count every territory once, compare
// its Region.
func (t Territory) InRegion(region string) bool {
	region = strings.TrimPrefix(normalise(region), regionPrefix)
	if region == "" || t.Region == region {
		return region != ""
	}
	return t.Level == EPCI && slices.ContainsFunc(Members(t.Code), func(member Territory) bool {
		return member.Region == region
	})
}
