package territory

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func count(level Level) int {
	n := 0
	for range All(level) {
		n++
	}
	return n
}

func TestWholeOfFrance(t *testing.T) {
	if france().vintage != Vintage {
		t.Errorf("the data is of %s, the package says %s", france().vintage, Vintage)
	}
	for level, want := range map[Level]int{Commune: 34969, EPCI: 1255, Departement: 101 + 8, Region: 18, "canton": 0} {
		if got := count(level); got != want {
			t.Errorf("%s: %d territories, want %d", level, got, want)
		}
		if level.Valid() != (want > 0) {
			t.Errorf("%s: Valid() = %v", level, level.Valid())
		}
	}
	if len(packed) >= 2<<20 {
		t.Errorf("the embedded file has %d bytes, want less than 2 MB", len(packed))
	}
}

func TestTablesAreConsistent(t *testing.T) {
	inhabitants := make(map[string]int)
	for commune := range All(Commune) {
		departement, ok := france().current(commune.Departement, Departement)
		if !ok || departement.Region != commune.Region {
			t.Fatalf("%+v: no such département in that région", commune)
		}
		if _, ok := france().current(commune.EPCI, EPCI); !ok && commune.EPCI != "" {
			t.Fatalf("%+v: no such EPCI", commune)
		}
		for _, code := range []string{commune.Departement, "REG-" + commune.Region, commune.EPCI} {
			inhabitants[code] += commune.Population
		}
	}
	for _, level := range levels {
		previous := ""
		for place := range All(level) {
			if place.Code <= previous || place.Name == "" || place.Level != level {
				t.Errorf("%+v follows %s", place, previous)
			}
			previous = place.Code
			if level != Commune && place.Population != inhabitants[place.Ref()] {
				t.Errorf("%s %s has %d inhabitants, its communes %d", place.Ref(), place.Name, place.Population, inhabitants[place.Ref()])
			}
			if name := Fold(place.Name); len(name) >= longestName || len(strings.Fields(name)) > mostWords+3 {
				t.Errorf("%s: the name is longer than foreseen", place.Name)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct{ code, ref, name, departement, region string }{
		{"31555", "31555", "Toulouse", "31", "76"},
		{" 75056 ", "75056", "Paris", "75", "11"},
		{"69123", "69123", "Lyon", "69", "84"},
		{"13055", "13055", "Marseille", "13", "93"},
		{"2a004", "2A004", "Ajaccio", "2A", "94"},
		{"2B033", "2B033", "Bastia", "2B", "94"},
		{"97411", "97411", "Saint-Denis", "974", "04"},
		{"97608", "97608", "Dzaoudzi", "976", "06"},
		{"98818", "98818", "Nouméa", "988", ""},
		{"243100518", "243100518", "Toulouse Métropole", "31", "76"},
		{"200067106", "200067106", "CA du Pays Basque", "64", "75"},
		{"76", "76", "Seine-Maritime", "76", "28"},
		{"DEP-76", "76", "Seine-Maritime", "76", "28"},
		{"REG-76", "REG-76", "Occitanie", "", "76"},
		{"reg-04", "REG-04", "La Réunion", "", "04"},
		{"2b", "2B", "Haute-Corse", "2B", "94"},
		{"974", "974", "La Réunion", "974", "04"},
		{"988", "988", "Nouvelle-Calédonie", "988", ""},
	} {
		m, err := Lookup(c.code)
		if err != nil {
			t.Errorf("Lookup(%q): %v", c.code, err)
			continue
		}
		if m.Ref() != c.ref || m.Name != c.name || m.Departement != c.departement || m.Region != c.region || m.Successor != nil {
			t.Errorf("Lookup(%q) = %+v, want %+v", c.code, m, c)
		}
	}
}

func TestLookupLevel(t *testing.T) {
	for _, c := range []struct {
		code  string
		level Level
		name  string // empty: unknown
	}{
		{"76", Region, "Occitanie"},
		{"76", Departement, "Seine-Maritime"},
		{"REG-76", Region, "Occitanie"},
		{"REG-76", Departement, ""},
		{"76", Commune, ""},
		{"09028", Commune, "Aulos"},
		{"09028", EPCI, ""},
		{"31555", "canton", ""},
	} {
		m, err := LookupLevel(c.code, c.level)
		if (err == nil) != (c.name != "") || m.Name != c.name {
			t.Errorf("LookupLevel(%q, %q) = %+v, %v; want %q", c.code, c.level, m, err, c.name)
		}
	}
}

func TestMergedCommunes(t *testing.T) {
	for _, c := range []struct{ code, name, successor, successorName string }{
		{"09028", "Aulos", "09296", "Aulos-Sinsat"},
		{"93059", "Pierrefitte-sur-Seine", "93066", "Saint-Denis"},
		{"75101", "Paris 1er Arrondissement", "75056", "Paris"},
		{"69381", "Lyon 1er Arrondissement", "69123", "Lyon"},
		{"13216", "Marseille 16e Arrondissement", "13055", "Marseille"},
		{"69232", "", "69123", "Lyon"}, // Saint-Rambert-l'Île-Barbe, merged in 1963: only the code is known
	} {
		m, err := Lookup(c.code)
		if err != nil || m.Successor == nil {
			t.Errorf("Lookup(%q) = %+v, %v", c.code, m, err)
			continue
		}
		if m.Code != c.code || m.Name != c.name || m.Successor.Code != c.successor || m.Current().Name != c.successorName {
			t.Errorf("Lookup(%q) = %+v, successor %+v", c.code, m, *m.Successor)
		}
	}
	kept, err := Lookup("09296") // Sinsat's code, which Aulos-Sinsat took over
	if err != nil || kept.Successor != nil || kept.Name != "Aulos-Sinsat" {
		t.Errorf("Lookup(09296) = %+v, %v", kept, err)
	}
}

func TestEveryMergedCommuneHasACurrentSuccessor(t *testing.T) {
	for _, f := range france().former {
		m, err := Lookup(f.code)
		if err != nil {
			t.Fatalf("%s: %v", f.code, err)
		}
		now, err := Lookup(m.Current().Ref())
		if err != nil || now.Successor != nil || now.Code != f.successor.Code {
			t.Errorf("%s resolves to %+v, %v", f.code, now, err)
		}
	}
}

func TestEveryRefRoundTrips(t *testing.T) {
	for _, level := range levels {
		for place := range All(level) {
			for _, ref := range []string{place.Ref(), strings.ToLower(place.Ref()), "\t" + place.Ref() + " "} {
				if m, err := Lookup(ref); err != nil || m.Territory != place {
					t.Fatalf("Lookup(%q) = %+v, %v; want %+v", ref, m, err, place)
				}
			}
			if m, err := LookupLevel(place.Code, level); err != nil || m.Territory != place {
				t.Fatalf("LookupLevel(%q, %s) = %+v, %v; want %+v", place.Code, level, m, err, place)
			}
		}
	}
}

func TestMembers(t *testing.T) {
	total := 0
	for group := range All(EPCI) {
		members := Members(group.Code)
		if len(members) == 0 || !slices.ContainsFunc(members, func(m Territory) bool { return m.Departement == group.Departement }) {
			t.Errorf("%s %s: %d members", group.Code, group.Name, len(members))
		}
		total += len(members)
	}
	if total != 34871 {
		t.Errorf("%d communes belong to an EPCI, want 34871", total)
	}
	if n := len(Members(" 243100518 ")); n != 37 {
		t.Errorf("Toulouse Métropole has %d members, want 37", n)
	}
	for _, none := range []string{"", "31555", "999999999"} {
		if members := Members(none); members != nil {
			t.Errorf("Members(%q) = %v", none, members)
		}
	}
}

// No code is so far off that nothing can be suggested.
func TestEveryCodeHasSuggestions(t *testing.T) {
	for _, code := range []string{"99999", "00000", "31999", "2A999", "999999999", "100000000"} {
		_, err := Lookup(code)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || len(unknown.Suggestions) == 0 {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestNamesAndRegions(t *testing.T) {
	toulouse, _ := Lookup("31555")
	if toulouse.DepartementName() != "Haute-Garonne" || toulouse.RegionName() != "Occitanie" {
		t.Errorf("Toulouse is in %q, %q", toulouse.DepartementName(), toulouse.RegionName())
	}
	noumea, _ := Lookup("98818")
	if noumea.DepartementName() != "Nouvelle-Calédonie" || noumea.RegionName() != "" {
		t.Errorf("Nouméa is in %q, %q", noumea.DepartementName(), noumea.RegionName())
	}
	for _, c := range []struct {
		code, region string
		want         bool
	}{
		{"31555", "76", true}, {"31555", " reg-76", true}, {"31555", "75", false}, {"31555", "", false},
		{"REG-76", "76", true}, {"98818", "", false},
		{"200030435", "75", true}, {"200030435", "76", true}, {"200030435", "84", false}, // Aire-sur-l'Adour, in two régions
	} {
		if m, _ := Lookup(c.code); m.InRegion(c.region) != c.want {
			t.Errorf("%s InRegion(%q) = %v", m.Name, c.region, !c.want)
		}
	}
}

func TestUnknownCodes(t *testing.T) {
	for code, want := range map[string]string{
		"9028":         "09296", // a spreadsheet ate the zero
		"31655":        "31555",
		"13550":        "31550",
		"1":            "01",
		"200066364":    "200066363",
		"200 066 363":  "200066363",
		"REG-77":       "REG-76",
		"2A400":        "2A300",
		"31999":        "31499",
		"Toulouse":     "31555",
		"Carcasonne":   "11069",
		"st etiene":    "42218",
		"REG-Bretagne": "REG-53",
	} {
		_, err := Lookup(code)
		if want == "" {
			continue
		}
		var unknown *UnknownError
		if !errors.As(err, &unknown) || unknown.Code != code || len(unknown.Suggestions) > 5 {
			t.Errorf("Lookup(%q): %v", code, err)
			continue
		}
		if !slices.ContainsFunc(unknown.Suggestions, func(s Territory) bool { return s.Ref() == want }) {
			t.Errorf("%v; want %s among them", err, want)
		}
	}
	_, err := Lookup("REG-77")
	if !strings.Contains(err.Error(), "REG-76 Occitanie") {
		t.Errorf("the error does not name the nearest: %v", err)
	}
}

func TestASlipInACodeGetsSuggestions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(france().communes).Draw(t, "commune")
		at := rapid.IntRange(2, len(place.Code)-1).Draw(t, "at")
		digit := rapid.StringMatching("[0-9]").Draw(t, "digit")
		typed := place.Code[:at] + digit + place.Code[at+1:]
		_, err := Lookup(typed)
		var unknown *UnknownError
		if errors.As(err, &unknown) && len(unknown.Suggestions) == 0 {
			t.Fatalf("%v: no suggestions for a slip in %s", err, place.Code)
		}
	})
}

func TestAnyCodeIsSafe(t *testing.T) {
	check := func(code string) {
		m, err := Lookup(code)
		if err == nil && m.Current().Code == "" {
			panic("found nothing, and no error: " + code)
		}
		if err != nil && len(err.Error()) > 1000 {
			panic("a long error: " + err.Error())
		}
	}
	for _, code := range hostile {
		check(code)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(rapid.String().Draw(t, "code"))
		check(rapid.StringMatching(`[0-9AB]{0,11}`).Draw(t, "digits"))
	})
}
