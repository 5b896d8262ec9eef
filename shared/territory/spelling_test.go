package territory

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSuggest(t *testing.T) {
	for text, want := range map[string]string{
		"Toulouse":            "31555",
		"Tolouse":             "31555",
		"Lile":                "59350",
		"mairie de carcasone": "11069",
		"Ocitanie":            "REG-76",
		"Grand Cahor agglo":   "200023737",
		"ville de bordeau":    "33063",
	} {
		if got := refs(Suggest(text, 5)); !slices.Contains(got, want) {
			t.Errorf("Suggest(%q) = %v, want %s among them", text, got, want)
		}
	}
	if got := Suggest("Toulouse", 0); got != nil {
		t.Errorf("Suggest with limit 0 = %v", got)
	}
}

func TestATypoGetsSuggestions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(france().communes).Draw(t, "place")
		name := Fold(place.Name)
		if len(name) < 4 {
			t.Skip("too short to be mended")
		}
		at := rapid.IntRange(1, len(name)-1).Draw(t, "at")
		typed := name[:at] + name[at+1:]
		switch rapid.IntRange(0, 2).Draw(t, "typo") {
		case 0:
			typed = name[:at] + "x" + name[at:]
		case 1:
			typed = name[:at-1] + name[at:at+1] + name[at-1:at] + name[at+1:]
		}
		if found := Suggest(typed, 5); len(found) == 0 || len(found) > 5 {
			t.Fatalf("Suggest(%q) = %v, for %s", typed, found, place.Name)
		}
		if len(Search(typed, "", 5)) == 0 {
			t.Fatalf("Search(%q) finds nothing, for %s", typed, place.Name)
		}
	})
}

// plainDistance is distance without its short cuts.
func plainDistance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j], d[i][j-1], d[i-1][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.StringMatching(`[abc ]{0,12}`)
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		limit := rapid.IntRange(0, 4).Draw(t, "limit")
		want := plainDistance(a, b)
		got := distance(a, b, limit)
		if want <= limit && got != want || want > limit && got <= limit {
			t.Fatalf("distance(%q, %q, %d) = %d, want %d", a, b, limit, got, want)
		}
		if apart := lettersOf(a).differences(lettersOf(b)); apart > 2*want {
			t.Fatalf("%q and %q: %d letters apart, %d mistakes", a, b, apart, want)
		}
	})
}
