package alliance

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

func TestParseEmail(t *testing.T) {
	for text, ok := range map[string]bool{
		"marie@exemple.fr": true, "  marie@exemple.fr ": true, "Élodie@exemple.fr": true, "m@mairie-de-x.fr": true,
		"marie+asso@exemple.fr": true, "marie@écologie.fr": true,
		"": false, "marie": false, "marie@": false, "@exemple.fr": false, "marie@localhost": false,
		"marie@exemple.fr\r\nBcc: x@y.fr": false, "Marie <marie@exemple.fr>": false, "a b@exemple.fr": false,
		"marie@exemple..fr": false, "marie@[127.0.0.1]": false, "a@b.fr,c@d.fr": false,
		strings.Repeat("a", 250) + "@exemple.fr": false,
	} {
		if got, gotOK := ParseEmail(text); gotOK != ok || ok && got != strings.TrimSpace(text) {
			t.Errorf("ParseEmail(%q) = %q, %v; want ok %v", text, got, gotOK, ok)
		}
	}
}

func TestNormaliseEmail(t *testing.T) {
	for text, want := range map[string]string{
		"Marie@Exemple.FR":          "marie@exemple.fr",
		"marie+asso@exemple.fr":     "marie@exemple.fr",
		"m.arie@exemple.fr":         "m.arie@exemple.fr",
		"M.A.Rie+x@googlemail.com":  "marie@gmail.com",
		"marie@gmail.com":           "marie@gmail.com",
		"e\u0301lodie@exemple.fr":   "élodie@exemple.fr",
		"ÉLODIE@exemple.fr":         "élodie@exemple.fr",
		"marie@écologie.fr":         "marie@xn--cologie-9xa.fr",
		"marie@xn--cologie-9xa.fr ": "marie@xn--cologie-9xa.fr",
		"+tout@exemple.fr":          "+tout@exemple.fr",
	} {
		if got := NormaliseEmail(text); got != want {
			t.Errorf("NormaliseEmail(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestNormaliseEmailIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		address := rapid.StringMatching(`[A-Za-zé.+]{1,12}@(gmail\.com|Exemple\.fr)`).Draw(t, "address")
		once := NormaliseEmail(address)
		if twice := NormaliseEmail(once); twice != once && !strings.HasPrefix(once, "+") && !strings.HasPrefix(once, "@") {
			t.Fatalf("%q becomes %q, then %q", address, once, twice)
		}
		if upper := NormaliseEmail(strings.ToUpper(address)); upper != once {
			t.Fatalf("%q and its capitals become %q and %q", address, once, upper)
		}
	})
}

func TestParseSIRET(t *testing.T) {
	for text, want := range map[string]string{
		"732 829 320 00074": "73282932000074", // INSEE's own example
		"732829320":         "732829320",
		"356 000 000 00048": "35600000000048", // La Poste's seat, which obeys Luhn
		"35600000049837":    "35600000049837", // a post office, which does not
		"35600000049838":    "",
		"73282932000075":    "", "732829321": "", "7328293200007": "", "7328293200007A": "", "": "",
		"00000000000000": "", "000000000": "", "٧٣٢٨٢٩٣٢٠": "",
	} {
		got, ok := ParseSIRET(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("ParseSIRET(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestParseSIRETSeesOneWrongDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := []byte("73282932000074")
		place := rapid.IntRange(0, 13).Draw(t, "place")
		other := rapid.ByteRange('0', '9').Filter(func(b byte) bool { return b != number[place] }).Draw(t, "digit")
		number[place] = other
		if _, ok := ParseSIRET(string(number)); ok {
			t.Fatalf("%s passes", number)
		}
	})
}

func TestParseRNA(t *testing.T) {
	for text, ok := range map[string]bool{
		"W751234567": true, "w 751234567": true, "W2A1000123": true, "W9R1001234": true,
		"751234567": false, "W75123456": false, "W7512345678": false, "": false, "WA51234567": false,
	} {
		if _, got := ParseRNA(text); got != ok {
			t.Errorf("ParseRNA(%q) = %v, want %v", text, got, ok)
		}
	}
}

func TestTextsThatDoNotShow(t *testing.T) {
	for text, want := range map[string]bool{
		"Ada": false, "L’Haÿ-les-Roses": false, "नर्\u200dता": false, "": false, "a\r\nBcc: b": true, "a\x00": true,
		"\u202eada": true, "a\u200bb": true, "a\u2028b": true, "a\ufffdb": true,
	} {
		if Unprintable(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	for text, faulty := range map[string]bool{"Ada": false, "7": false, "": true, "…": true, "abcdef": true, "a\nb": true} {
		var faults fault.Fields
		CheckText(&faults, "name", text, 5, "Saisissez un nom.")
		if (len(faults) == 1) != faulty {
			t.Errorf("%q: %v", text, faults)
		}
	}
}

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"Récits de territoire":                    "recits-de-territoire",
		"L’art d’évaluer : l'œuvre commune":       "l-art-d-evaluer-l-oeuvre-commune",
		"Les allié·es, « épisode 12 »":            "les-alliees-episode-12",
		"  ÎLE-DE-FRANCE / 2026  ":                "ile-de-france-2026",
		"日本":                                      "",
		strings.Repeat("a", 200):                  strings.Repeat("a", 80),
		strings.Repeat("mot ", 40):                strings.TrimSuffix(strings.Repeat("mot-", 20), "-"),
		"e\u0301te\u0301":                         "ete",
		strings.Repeat("anticonstitutionnel ", 5): strings.TrimSuffix(strings.Repeat("anticonstitutionnel-", 4), "-"),
	} {
		got := Slug(title)
		if got != want {
			t.Errorf("%q: %q, not %q", title, got, want)
		}
		var faults fault.Fields
		CheckSlug(&faults, "slug", got)
		if len(faults) > 0 {
			t.Errorf("%q is refused: %v", got, faults)
		}
	}
}

// TestNothingIsCalledLikeAPage, but may be referred to: what was called so
// before is not lost.
func TestNothingIsCalledLikeAPage(t *testing.T) {
	for slug, faults := range map[string]int{"nouvelle": 1, "nouvelle-2": 0, "une-nouvelle": 0, "Nouvelle": 1, "": 0} {
		var found fault.Fields
		if CheckNewSlug(&found, "slug", slug); len(found) != faults {
			t.Errorf("%q: %v", slug, found)
		}
	}
	var found fault.Fields
	if CheckSlug(&found, "query.cohort", "nouvelle"); len(found) > 0 {
		t.Errorf("%v", found)
	}
}
