package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

//go:embed 2023/names.json
var names []byte

// vocabulary is what invented people and organisations are made of. Places
// are invented too; only the codes of territories are real.
type vocabulary struct {
	GivenNames      []string `json:"given_names"`
	FamilyNames     []string `json:"family_names"`
	Roles           []string `json:"roles"`
	PlaceBeginnings []string `json:"place_beginnings"`
	PlaceEndings    []string `json:"place_endings"`
	Territories     []string `json:"territories"`
	Organisations   []struct {
		Category string   `json:"category"`
		Share    int      `json:"share"`
		Forms    []string `json:"forms"` // %s is a place, after « de » or not
	} `json:"organisations"`
}

type person struct {
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	Email      string `json:"email"`
	Role       string `json:"role,omitempty"`
}

type organisation struct {
	Name      string `json:"name"`
	Category  string `json:"category"`
	Territory string `json:"territory"`
}

type consents struct {
	Newsletter bool `json:"newsletter"`
	Directory  bool `json:"directory"`
}

// ally is someone who signs on a day.
type ally struct {
	On           string        `json:"on"`
	Kind         string        `json:"kind"`
	Organisation *organisation `json:"organisation,omitempty"`
	Person       person        `json:"person"`
	Consents     consents      `json:"consents"`
}

// How many have signed by the end of 2023 (docs/architecture.md, "The laptop").
const (
	organisations2023 = 1410
	persons2023       = 1020
)

// The days between which they sign: one in each fortnight.
var (
	firstSigning = time.Date(2021, 1, 11, 0, 0, 0, 0, time.UTC)
	lastSigning  = time.Date(2023, 12, 18, 0, 0, 0, 0, time.UTC)
)

// crowd makes people who do not exist, always the same ones.
type crowd struct {
	vocabulary
	random *rand.Rand
	given  map[string]bool // names of organisations
	count  int             // people made
}

func newCrowd() (*crowd, error) {
	c := &crowd{random: rand.New(rand.NewPCG(2023, 34)), given: map[string]bool{}} //nolint:gosec // must be the same each time
	return c, json.Unmarshal(names, &c.vocabulary)
}

// signatories are the allies of the end of 2023, in the order of their days.
func (c *crowd) signatories() []ally {
	kinds := slices.Concat(slices.Repeat([]string{"organisation"}, organisations2023), slices.Repeat([]string{"person"}, persons2023))
	c.random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	fortnights := int(lastSigning.Sub(firstSigning)/(14*24*time.Hour)) + 1
	all := make([]ally, len(kinds))
	for i, kind := range kinds {
		fortnight := i * fortnights / len(kinds)
		day := firstSigning.AddDate(0, 0, 14*fortnight+fortnight%4) // Monday to Thursday
		all[i] = ally{On: day.Format(time.DateOnly), Kind: kind, Consents: consents{Newsletter: c.oneIn(2), Directory: kind == "organisation" && !c.oneIn(5)}}
		domain := "courriel.example"
		if kind == "organisation" {
			all[i].Organisation = c.organisation()
			domain = strings.ReplaceAll(territory.Fold(all[i].Organisation.Name), " ", "-") + ".example"
		}
		all[i].Person = c.person(domain)
		if kind == "organisation" {
			all[i].Person.Role = pick(c, c.Roles)
		}
	}
	return all
}

func (c *crowd) oneIn(n int) bool { return c.random.IntN(n) == 0 }

func pick[T any](c *crowd, list []T) T { return list[c.random.IntN(len(list))] }

// person makes somebody with an address of their own.
func (c *crowd) person(domain string) person {
	c.count++
	p := person{GivenName: pick(c, c.GivenNames), FamilyName: pick(c, c.FamilyNames)}
	local := strings.ReplaceAll(territory.Fold(p.GivenName)+"."+territory.Fold(p.FamilyName), " ", "-")
	p.Email = fmt.Sprintf("%s.%d@%s", local, c.count, domain)
	return p
}

// organisation makes one with a name of its own.
func (c *crowd) organisation() *organisation {
	share := c.random.IntN(100)
	kind := c.Organisations[0]
	for _, kind = range c.Organisations {
		if share -= kind.Share; share < 0 {
			break
		}
	}
	for {
		name := named(pick(c, kind.Forms), pick(c, c.PlaceBeginnings)+pick(c, c.PlaceEndings))
		if !c.given[name] {
			c.given[name] = true
			return &organisation{Name: name, Category: kind.Category, Territory: pick(c, c.Territories)}
		}
	}
}

// named puts a place into a form, with the elision before a vowel.
func named(form, place string) string {
	if strings.ContainsRune("AEÉIOUY", []rune(place)[0]) {
		form = strings.ReplaceAll(form, "de %s", "d’%s")
	}
	return fmt.Sprintf(form, place)
}
