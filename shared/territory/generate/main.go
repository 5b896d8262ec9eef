// Command generate compacts the JSON files of @etalab/decoupage-administratif
// into the one file that package territory embeds.
//
// The output is gzipped text, one tab-separated record a line, in this order:
//
//	V  vintage
//	R  code  population  name                       a région
//	D  code  région  population  name               a département
//	E  code  département  population  name          an EPCI
//	C  code  EPCI  population  name                 a commune
//	F  code  successor  name                        a former commune
//
// Records of a kind are sorted by code, so the same source always gives the
// same bytes. The région of an overseas collectivity and the EPCI of a commune
// that belongs to none are empty, as is a former commune's name when the source
// knows only its code.
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	log.SetFlags(0)
	source := flag.String("source", "", "the data directory of @etalab/decoupage-administratif")
	vintage := flag.String("vintage", "2026", "the year of the official geography in the source")
	output := flag.String("output", "data/france.txt.gz", "the file to write")
	flag.Parse()
	if err := run(*source, *vintage, *output); err != nil {
		log.Fatal("generate: ", err)
	}
}

func run(source, vintage, output string) error {
	france, err := read(source)
	if err != nil {
		return err
	}
	text, err := france.encode(vintage)
	if err != nil {
		return err
	}
	packed, err := compress(text)
	if err != nil {
		return err
	}
	return os.WriteFile(output, packed, 0o644)
}

// country is the source as its JSON files hold it.
type country struct {
	regions, departements []division
	epcis                 []epci
	communes              []commune
}

type division struct {
	Code   string `json:"code"`
	Name   string `json:"nom"`
	Region string `json:"region"`
	Zone   string `json:"zone"`
}

type epci struct {
	Code    string `json:"code"`
	Name    string `json:"nom"`
	Members []struct {
		Code string `json:"code"`
	} `json:"membres"`
}

type commune struct {
	Code        string   `json:"code"`
	Name        string   `json:"nom"`
	Type        string   `json:"type"`
	Departement string   `json:"departement"`
	Population  int      `json:"population"`
	FormerCodes []string `json:"anciensCodes"`
	Successor   string   `json:"chefLieu"` // of a delegated or associated commune
	City        string   `json:"commune"`  // of a municipal arrondissement
}

// overseasCollectivity is the zone of the collectivities that belong to no
// région; the source lists each of them as its own région.
const overseasCollectivity = "com"

func read(source string) (*country, error) {
	var c country
	for name, into := range map[string]any{
		"regions.json":      &c.regions,
		"departements.json": &c.departements,
		"epci.json":         &c.epcis,
		"communes.json":     &c.communes,
	} {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, into); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return &c, nil
}

func (c *country) encode(vintage string) ([]byte, error) {
	current := make(map[string]commune)
	for _, one := range c.communes {
		if one.Type == "commune-actuelle" {
			current[one.Code] = one
		}
	}
	groups, err := c.groups(current)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "V\t%s\n", vintage)
	c.writeDivisions(&text, current)
	for _, g := range groups {
		fmt.Fprintf(&text, "E\t%s\t%s\t%d\t%s\n", g.code, g.departement, g.population, g.name)
	}
	memberOf := membership(c.epcis)
	for _, code := range slices.Sorted(maps.Keys(current)) {
		one := current[code]
		fmt.Fprintf(&text, "C\t%s\t%s\t%d\t%s\n", code, memberOf[code], one.Population, one.Name)
	}
	if err := c.writeFormer(&text, current); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

func (c *country) writeDivisions(text *bytes.Buffer, current map[string]commune) {
	population := make(map[string]int) // by département
	for _, one := range current {
		population[one.Departement] += one.Population
	}
	byCode(c.departements)
	byCode(c.regions)
	for _, r := range c.regions {
		if r.Zone == overseasCollectivity {
			continue
		}
		sum := 0
		for _, d := range c.departements {
			if d.Region == r.Code {
				sum += population[d.Code]
			}
		}
		fmt.Fprintf(text, "R\t%s\t%d\t%s\n", r.Code, sum, r.Name)
	}
	for _, d := range c.departements {
		if d.Zone == overseasCollectivity {
			d.Region = ""
		}
		fmt.Fprintf(text, "D\t%s\t%s\t%d\t%s\n", d.Code, d.Region, population[d.Code], d.Name)
	}
}

// group is an EPCI with what its members tell about it.
type group struct {
	code, name, departement string
	population              int
}

// groups places every EPCI in the département where most of its inhabitants
// live, and gives it the sum of its members' populations.
func (c *country) groups(current map[string]commune) ([]group, error) {
	var groups []group
	for _, e := range c.epcis {
		g := group{code: e.Code, name: e.Name}
		inhabitants := make(map[string]int)
		for _, m := range e.Members {
			member, ok := current[m.Code]
			if !ok {
				return nil, fmt.Errorf("EPCI %s: member %s is not a current commune", e.Code, m.Code)
			}
			inhabitants[member.Departement] += member.Population
			g.population += member.Population
		}
		for _, departement := range slices.Sorted(maps.Keys(inhabitants)) {
			if g.departement == "" || inhabitants[departement] > inhabitants[g.departement] {
				g.departement = departement
			}
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.code, b.code) })
	return groups, nil
}

func membership(epcis []epci) map[string]string {
	memberOf := make(map[string]string)
	for _, e := range epcis {
		for _, m := range e.Members {
			memberOf[m.Code] = e.Code
		}
	}
	return memberOf
}

// writeFormer writes the communes that exist no more, each with the commune that
// took it over. What the source says of a delegated or associated commune, or of
// a municipal arrondissement, wins over a bare former code.
func (c *country) writeFormer(text *bytes.Buffer, current map[string]commune) error {
	type former struct{ successor, name string }
	all := make(map[string]former)
	for _, one := range current {
		for _, code := range one.FormerCodes {
			all[code] = former{successor: one.Code}
		}
	}
	for _, one := range c.communes {
		if one.Type != "commune-actuelle" {
			all[one.Code] = former{successor: one.Successor + one.City, name: one.Name}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(all)) {
		f := all[code]
		if _, ok := current[f.successor]; !ok {
			return fmt.Errorf("former commune %s: successor %q is not a current commune", code, f.successor)
		}
		if kept, ok := current[code]; ok && kept.Name == f.name {
			continue // a commune that kept its code and its name is not a former one
		}
		fmt.Fprintf(text, "F\t%s\t%s\t%s\n", code, f.successor, f.name)
	}
	return nil
}

func byCode(divisions []division) {
	slices.SortFunc(divisions, func(a, b division) int { return cmp.Compare(a.Code, b.Code) })
}

// compress gzips text without a date or a name, which would change at every run.
func compress(text []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
