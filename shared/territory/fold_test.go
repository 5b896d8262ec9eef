package territory

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for s, want := range map[string]string{
		"":                         "",
		"--":                       "",
		"Saint-Rémy-lès-Chevreuse": "saint remy les chevreuse",
		"L'Haÿ-les-Roses":          "l hay les roses",
		"ŒUVRE d’Été":              "oeuvre d ete",
		"  St   Ste\tSté ":         "saint sainte sainte",
		"Stenay, Strasbourg (Est)": "stenay strasbourg est",
		"e\u0301te\u0301":          "ete",
		"\u0301e":                  "e",
		"Ægir & Straße":            "aegir strasse",
		"Pāpeʻete":                 "pape ete",
		"CC des 4B Sud Charente":   "cc des 4b sud charente",
		"ΑΘΗΝΑ":                    "αθηνα",
		"a\xffb":                   "a b",
	} {
		if got := Fold(s); got != want {
			t.Errorf("Fold(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestFoldingAnyLetterTwiceIsFoldingItOnce(t *testing.T) {
	for r := range unicode.MaxRune + 1 {
		if once := Fold(string(r)); Fold(once) != once {
			t.Errorf("Fold(%q) = %q, then %q", r, once, Fold(once))
		}
	}
}

func TestFoldTwiceIsFoldOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`(St|Ste|Sté|sàint|É|œ|[ '\-]|[a-z]){0,20}`),
		).Draw(t, "s")
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Fatalf("Fold(%q) = %q, then %q", s, once, twice)
		}
		if strings.TrimSpace(once) != once || strings.Contains(once, "  ") || !utf8.ValidString(once) {
			t.Fatalf("Fold(%q) = %q", s, once)
		}
	})
}

func TestASearchFindsWordsWhateverTheirAccents(t *testing.T) {
	for _, c := range []struct {
		text, search string
		want         bool
	}{
		{"Récits de territoire", "RECITS", true}, {"Récits de territoire", "terri réc", true}, {"Récits de territoire", "récits mer", false},
		{"Saint-Étienne", "st etienne", true}, {"", "a", false}, {"Tourcoing", "tour", true}, {"quoi que ce soit", "  ", true},
	} {
		if got := HasWords(c.text, Words(c.search)); got != c.want {
			t.Errorf("%q in %q: %v", c.search, c.text, got)
		}
	}
}
