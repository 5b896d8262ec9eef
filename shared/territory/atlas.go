package territory

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/france.txt.gz
var packed []byte

// atlas is the whole geography. Every list is sorted by code.
type atlas struct {
	vintage      string
	regions      []Territory
	departements []Territory
	epcis        []Territory
	communes     []Territory
	former       []former
}

// former is a commune that exists no more under this name. When its successor
// took its code over, the code means the successor.
type former struct {
	code, name string
	successor  *Territory
}

// france unpacks the embedded geography on first use. A file that does not read
// is a fault of the build, so it panics.
var france = sync.OnceValue(func() *atlas {
	a, err := unpack(packed)
	if err != nil {
		panic("territory: the embedded geography does not read: " + err.Error())
	}
	return a
})

func unpack(packed []byte) (*atlas, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	text.Grow(3 * len(packed)) // about what it unpacks to
	if _, err := io.Copy(&text, r); err != nil {
		return nil, err
	}
	a := &atlas{
		communes: make([]Territory, 0, strings.Count(text.String(), "\nC\t")),
	}
	for line := range strings.Lines(text.String()) {
		if err := a.add(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	return a, nil
}

// add reads one line, as the command generate describes them. The territories
// that a line refers to come before it.
func (a *atlas) add(line string) error {
	kind, rest, _ := strings.Cut(line, "\t")
	if kind == "V" {
		a.vintage = rest
		return nil
	}
	code, rest, _ := strings.Cut(rest, "\t")
	if kind == "F" {
		return a.addFormer(code, rest)
	}
	within := ""
	if kind != "R" {
		within, rest, _ = strings.Cut(rest, "\t")
	}
	count, name, _ := strings.Cut(rest, "\t")
	population, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	t := Territory{Code: code, Name: name, Population: population}
	switch kind {
	case "R":
		t.Level, t.Region = Region, code
		a.regions = append(a.regions, t)
	case "D":
		t.Level, t.Departement, t.Region = Departement, code, within
		a.departements = append(a.departements, t)
	case "E":
		t.Level, t.Departement, t.Region = EPCI, within, a.regionOf(within)
		a.epcis = append(a.epcis, t)
	case "C":
		t.Level, t.Departement, t.EPCI = Commune, departementOf(code), within
		t.Region = a.regionOf(t.Departement)
		a.communes = append(a.communes, t)
	default:
		return fmt.Errorf("unknown kind of line")
	}
	return nil
}

func (a *atlas) addFormer(code, rest string) error {
	successor, name, _ := strings.Cut(rest, "\t")
	t, ok := a.current(successor, Commune)
	if !ok {
		return fmt.Errorf("unknown successor %s", successor)
	}
	a.former = append(a.former, former{code: code, name: name, successor: t})
	return nil
}

// departementOf is the start of a commune's code: two characters, three overseas.
func departementOf(commune string) string {
	if strings.HasPrefix(commune, "97") || strings.HasPrefix(commune, "98") {
		return commune[:3]
	}
	return commune[:2]
}

func (a *atlas) regionOf(departement string) string {
	if d, ok := a.current(departement, Departement); ok {
		return d.Region
	}
	return ""
}

// at lists the territories of a level, by code.
func (a *atlas) at(level Level) []Territory {
	switch level {
	case Commune:
		return a.communes
	case EPCI:
		return a.epcis
	case Departement:
		return a.departements
	case Region:
		return a.regions
	}
	return nil
}

// position is where a code stands in a sorted list, or would stand.
func position(list []Territory, code string) int {
	return sort.Search(len(list), func(i int) bool { return list[i].Code >= code })
}

// current finds a territory of today by its code.
func (a *atlas) current(code string, level Level) (*Territory, bool) {
	list := a.at(level)
	i := position(list, code)
	if i == len(list) || list[i].Code != code {
		return nil, false
	}
	return &list[i], true
}

// formerly finds a commune that exists no more by its code.
func (a *atlas) formerly(code string) (former, bool) {
	i := sort.Search(len(a.former), func(i int) bool { return a.former[i].code >= code })
	if i == len(a.former) || a.former[i].code != code {
		return former{}, false
	}
	return a.former[i], true
}

// find resolves a code at one level, or at the first that knows it when level is
// empty: a code of two characters means the département.
func (a *atlas) find(code string, level Level) (Match, bool) {
	if level == "" {
		for _, level := range []Level{Departement, Commune, EPCI} {
			if m, ok := a.find(code, level); ok {
				return m, true
			}
		}
		return Match{}, false
	}
	if t, ok := a.current(code, level); ok {
		return Match{Territory: *t}, true
	}
	if level != Commune {
		return Match{}, false
	}
	f, ok := a.formerly(code)
	if !ok {
		return Match{}, false
	}
	old := Territory{
		Code: f.code, Name: f.name, Level: Commune,
		Departement: f.successor.Departement, Region: f.successor.Region, EPCI: f.successor.EPCI,
	}
	successor := *f.successor
	return Match{Territory: old, Successor: &successor}, true
}
