package territory

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

var hostile = []string{
	"", " ", "\x00", "\xff\xfe\xfd", "'-'-'", strings.Repeat("a", 10_000), strings.Repeat("st ", 85),
	strings.Repeat("é", 10_000), strings.Repeat("0", 10_000), strings.Repeat("a ", 128), "REG-", "DEP-", "REG-\xff",
	strings.Repeat("\u0301", 100), "2", "2A", "a\u0000b", "𝕻𝖆𝖗𝖎𝖘", "パリ", "%s%d", "../../etc", strings.Repeat("saint ", 42),
}

func refs(places []Territory) []string {
	var list []string
	for _, place := range places {
		list = append(list, place.Ref())
	}
	return list
}

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		query string
		level Level
		first []string // the first results, in order
	}{
		{"Toulouse", "", []string{"31555", "243100518", "39533"}},
		{"ST ETIENNE", "", []string{"42218", "244200770"}},
		{"Ste-Colombe-sur-Seine", "", []string{"21545"}},
		{"l’ile d'yeu", "", []string{"85113"}},
		{"aix les bains", "", []string{"73008"}},
		{"bains aix", "", []string{"73008"}},
		{"paris", "", []string{"75", "75056"}},
		{"arras", "", []string{"62041", "200033579"}},
		{"76", "", []string{"76", "REG-76", "76351"}},
		{"76", Region, []string{"REG-76"}},
		{"reg-76", "", []string{"REG-76"}},
		{"2a", "", []string{"2A", "2A004"}},
		{"3155", Commune, []string{"31555", "31557"}},
		{"09028", "", []string{"09296"}},
		{"09028", EPCI, nil},
		{"sinsat", "", []string{"09296"}},
		{"Pierrefitte sur Seine", Commune, []string{"93066"}},
		{"Marseille 3e arrondissement", "", []string{"13055"}},
		{"occitanie", Region, []string{"REG-76"}},
		{"occitanie", Departement, nil},
		{"Communauté d'agglomération du Pays basque", "", []string{"200067106"}},
		{"communauté de communes du Grésivaudan", "", []string{"200018166"}},
		{"grand cahors", "", []string{"200023737"}},
		{"metropole lyon", "", []string{"200046977"}},
		{"Pontchateau Saint Gildas", EPCI, []string{"200000438"}},
		{"coeur de sologne", EPCI, []string{"200000800"}},
		{"cœur de sologne", EPCI, []string{"200000800"}},
		{"Carcasonne", "", []string{"11069"}},
		{"marsielle", "", []string{"13055"}},
		{"metropole de toulose", "", []string{"243100518"}},
		{"toulouse", "canton", nil},
		{"qwertyuiop", "", nil},
	} {
		got := refs(Search(c.query, c.level, 5))
		if len(c.first) == 0 && len(got) > 0 || len(got) < len(c.first) || !slices.Equal(got[:len(c.first)], c.first) {
			t.Errorf("Search(%q, %q) = %v, want first %v", c.query, c.level, got, c.first)
		}
	}
}

func TestEveryCommuneIsFoundByItsName(t *testing.T) {
	every := 1
	if testing.Short() {
		every = 20
	}
	homonyms := make(map[string]int)
	for _, place := range france().communes {
		homonyms[Fold(place.Name)]++
	}
	for from := range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for i := from; i < len(france().communes); i += 4 * every {
				place := france().communes[i]
				equals := homonyms[Fold(place.Name)]
				if !slices.Contains(Search(place.Name, Commune, equals), place) {
					t.Errorf("%s %s is not among its %d equals", place.Code, place.Name, equals)
				}
			}
		})
	}
}

func TestEveryOtherTerritoryIsFoundByItsName(t *testing.T) {
	for _, level := range []Level{EPCI, Departement, Region} {
		for place := range All(level) {
			if !slices.Contains(Search(place.Name, level, 3), place) {
				t.Errorf("%s %s is not found", place.Ref(), place.Name)
			}
		}
	}
}

// disguise writes a name as somebody else would.
func disguise(t *rapid.T, name string) string {
	replace := func(label string, pairs ...string) {
		if rapid.Bool().Draw(t, label) {
			name = strings.NewReplacer(pairs...).Replace(name)
		}
	}
	replace("short saints", "Saint-", "St-", "Sainte-", "Ste ")
	replace("no hyphens", "-", " ")
	replace("apostrophes", "'", "’")
	replace("ligatures", "œ", "oe", "Œ", "OE")
	replace("accents", "é", "e", "è", "e", "ê", "E", "É", "e", "â", "a", "ç", "c", "ô", "O", "î", "i", "ÿ", "y")
	replace("spaces", " ", "  ")
	switch rapid.IntRange(0, 3).Draw(t, "case") {
	case 0:
		name = strings.ToUpper(name)
	case 1:
		name = strings.ToLower(name)
	case 2:
		name = norm.NFD.String(name)
	}
	return name
}

func TestWritingANameOtherwiseChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.SampledFrom(levels).Draw(t, "level")
		place := rapid.SampledFrom(france().at(level)).Draw(t, "place")
		typed := disguise(t, place.Name)
		if Fold(typed) != Fold(place.Name) {
			t.Fatalf("Fold(%q) = %q, want %q", typed, Fold(typed), Fold(place.Name))
		}
		if got, want := Search(typed, "", 10), Search(place.Name, "", 10); !slices.Equal(got, want) {
			t.Fatalf("Search(%q) = %v, want %v", typed, refs(got), refs(want))
		}
	})
}

func TestSearchKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(france().communes).Draw(t, "place")
		query := place.Name
		if rapid.Bool().Draw(t, "part") {
			query = query[:rapid.IntRange(0, len(query)).Draw(t, "length")]
		}
		limit := rapid.IntRange(-1, 30).Draw(t, "limit")
		level := rapid.SampledFrom([]Level{"", Commune, EPCI, Departement, Region}).Draw(t, "level")
		found := Search(query, level, limit)
		if len(found) > max(limit, 0) {
			t.Fatalf("%d results, limit %d", len(found), limit)
		}
		seen := make(map[string]bool)
		for _, one := range found {
			if seen[one.Ref()] || level != "" && one.Level != level {
				t.Fatalf("%s twice, or not at %q", one.Ref(), level)
			}
			seen[one.Ref()] = true
		}
	})
}

func TestHostileQueriesAreQuick(t *testing.T) {
	Suggest("warm up zzzzz", 1)
	check := func(query string) {
		began := time.Now()
		Search(query, "", 20)
		Suggest(query, 5)
		Fold(query)
		if spent := time.Since(began); spent > 30*time.Second {
			panic("slow: " + query)
		}
	}
	for _, query := range hostile {
		check(query)
		if found := Search(query, "", 20); len(query) > longestQuery && len(found) > 0 {
			t.Errorf("%.20q… finds %v", query, found)
		}
	}
	rapid.Check(t, func(t *rapid.T) { check(rapid.String().Draw(t, "query")) })
}

func TestResultsAreCopies(t *testing.T) {
	Search("Toulouse", "", 1)[0].Name = "changed"
	Members("243100518")[0].Name = "changed"
	m, _ := Lookup("09028")
	m.Successor.Name = "changed"
	if again, _ := Lookup("09028"); again.Successor.Name != "Aulos-Sinsat" || Search("Toulouse", "", 1)[0].Name != "Toulouse" ||
		Members("243100518")[0].Name == "changed" {
		t.Error("a caller changed the geography")
	}
}

func TestAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := Lookup("31555"); err != nil || len(Search("toulose", "", 3)) == 0 || len(Suggest("mairie de toulose", 3)) == 0 {
				t.Error("not found")
			}
		})
	}
	all.Wait()
}
