package demo

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

func readAllies(t *testing.T) (list []ally) {
	t.Helper()
	if err := json.Unmarshal(allies, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func signatories(t *testing.T) []ally {
	t.Helper()
	c, err := newCrowd()
	if err != nil {
		t.Fatal(err)
	}
	return c.signatories()
}

func mustExist(t *testing.T, code string) {
	t.Helper()
	if match, err := territory.Lookup(code); err != nil || match.Current().Ref() != code {
		t.Errorf("territory %s: %v %v", code, match.Current().Ref(), err)
	}
}

func TestAlliesAreVariedAndInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		list                   []ally
		organisations, persons int
	}{
		"2023":  {signatories(t), 1410, 1020},
		"since": {readAllies(t), 40, 25},
	} {
		kinds, categories, seen := map[string]int{}, map[string]int{}, map[string]bool{}
		for _, a := range c.list {
			kinds[a.Kind]++
			claims := []string{a.Person.Email}
			if a.Organisation != nil {
				categories[a.Organisation.Category]++
				mustExist(t, a.Organisation.Territory)
				claims = append(claims, territory.Fold(a.Organisation.Name))
			}
			for _, claim := range claims {
				if seen[claim] {
					t.Errorf("%s: %s signs twice", name, claim)
				}
				seen[claim] = true
			}
			if !strings.HasSuffix(a.Person.Email, ".example") { // RFC 2606: nobody's
				t.Errorf("%s: %s may be somebody's", name, a.Person.Email)
			}
		}
		if kinds["organisation"] != c.organisations || kinds["person"] != c.persons || len(categories) != len(alliance.Categories) {
			t.Errorf("%s: kinds %v categories %v", name, kinds, categories)
		}
		if !slices.IsSortedFunc(c.list, func(a, b ally) int { return strings.Compare(a.On, b.On) }) {
			t.Errorf("%s: not in the order of their days", name)
		}
	}
}

func TestPeopleAreTheSameEveryTime(t *testing.T) {
	if !reflect.DeepEqual(signatories(t), signatories(t)) {
		t.Error("two crowds differ")
	}
}

func TestNamesAreInFrench(t *testing.T) {
	for _, c := range [][3]string{
		{"Les Amis de %s", "Orgeval", "Les Amis d’Orgeval"}, {"Les Amis de %s", "Brumeflore", "Les Amis de Brumeflore"},
		{"%s en transition", "Érablemont", "Érablemont en transition"},
	} {
		if got := named(c[0], c[1]); got != c[2] {
			t.Errorf("%q, want %q", got, c[2])
		}
	}
}

func TestPlanOfTheYearIsReadable(t *testing.T) {
	past, err := past("2020-01") // parses every file, and every day in them
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range past {
		if a.at.Year() < 2021 || a.at.Year() > 2025 {
			t.Errorf("something is done on %v", a.at)
		}
	}
	var agenda agendaOfYear
	if err := json.Unmarshal(agenda2023, &agenda); err != nil {
		t.Fatal(err)
	}
	for _, circle := range agenda.Circles {
		for _, code := range circle.Territories {
			mustExist(t, code)
		}
	}
}
